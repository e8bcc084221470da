/* What the parts of the checker share: the answer being checked, and how its faults are told. */
#ifndef COORDINATOR_CLI_CHECK_PRIVATE_H
#define COORDINATOR_CLI_CHECK_PRIVATE_H

#include <jansson.h>

#include "cli/check.h"
#include "cli/check_facts.h"

struct check {
    struct check_facts facts; /* what the evidence gives */
    struct check_facts known; /* the same, reading unknown as empty */
    struct mn_table vat_names;
    json_t *answer;
    mn_result result; /* MN_OK until something is wrong */
    struct mn_error *error;
};

/* Note what is wrong; the first call counts. Returns false. */
bool check_fail(struct check *check, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* As check_fail, when there is no memory left to check with. */
bool check_fail_memory(struct check *check);

/* Whether @json is an object of exactly these keys, which end with NULL; fails when not. */
bool check_keys(struct check *check, const json_t *json, const char *what, const char *const *keys);

/* Whether @json is @expected, or null where that is INT64_MAX; fails when not. */
bool check_epoch(struct check *check, const json_t *json, const char *what, mn_epoch expected);

/* The vat that @json names; EVIDENCE_NONE after failing. */
uint32_t check_vat_named(struct check *check, const json_t *json, const char *what);

/* Whether a vat forgets something in this decision, and its incarnation after it. */
bool check_forgot(const struct check_facts *facts, uint32_t vat);
json_int_t check_incarnation(const struct check_facts *facts, uint32_t vat);

/* Rule 12: whether the told lists of all vats are right. @kept_orphans: out, how many vats have a
 * you_heard. */
bool check_told(struct check *check, const json_t *vats, json_int_t *kept_orphans);

/* Rule 14: whether the cause of every vat that is not running holds, and whether the trace does. */
bool check_because(struct check *check, const json_t *vats);
bool check_trace(struct check *check, const json_t *trace);

/* A part of check_because: whether the listed losses are true, bear on the vat, and suffice. */
struct check_causes;
bool check_causes_new(struct check *check, struct check_causes **causes);
void check_causes_destroy(struct check_causes **causes);
bool check_lost(struct check *check, struct check_causes *causes, uint32_t vat, const json_t *lost);

#endif
