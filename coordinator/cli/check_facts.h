/* What the checker finds out for itself: rules 1 to 10 of EVIDENCE.md. */
#ifndef COORDINATOR_CLI_CHECK_FACTS_H
#define COORDINATOR_CLI_CHECK_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/result.h"
#include "docs/evidence.h"
#include "docs/table.h"

#define CHECK_OPEN INT64_MAX      /* the running state as a candidate, and its interval's epoch */
#define CHECK_UNBOUNDED INT64_MAX /* spoken without bound */

/* A live interval of a vat: a listed checkpoint, or the running one, which every vat has. */
struct check_interval {
    mn_epoch epoch;  /* CHECK_OPEN for the running one */
    mn_epoch number; /* the same as it is numbered, of the running one too */
    uint32_t vat;
    bool restorable;
    bool covered;
    bool candidate;
    size_t heard_count;
    const struct evidence_heard *heard;
    const struct evidence_checkpoint *row; /* NULL for the running one */
};

/* Somebody heard what a peer said in its epoch. */
struct check_hearing {
    mn_epoch epoch;
    uint32_t interval; /* of the hearer */
};

struct check_vat {
    bool lost;
    bool lost_when_known; /* whatever unknown says */
    bool told_instead;    /* rule 8 */
    bool spared;
    mn_epoch floor;
    mn_epoch spoken;
    mn_epoch latest; /* its latest candidate */
    mn_epoch keep;   /* the cut */
    size_t first;    /* its intervals, by epoch, up to those of the next vat */
    size_t hearing;  /* the binding hearings of its live epochs, by epoch, up to the next vat's */
};

/* Of a named loss, what it takes with it. */
struct check_losses {
    bool *domains;
    bool *hosts;
    bool *stores;
    struct mn_table checkpoints; /* struct check_key, without a store */
    struct mn_table copies;      /* struct check_key */
};

struct check_key {
    uint32_t vat;
    uint32_t store;
    mn_epoch epoch;
};

_Static_assert(sizeof(struct check_key) == 16, "the key has no padding");

struct check_facts {
    const struct evidence *evidence;
    bool with_unknown; /* what unknown names is lost */
    size_t interval_count;
    struct check_interval *intervals;
    struct check_vat
        *vats; /* one more than there are, whose first and hearing end the last one's */
    struct check_hearing *hearings;
    struct check_losses losses;
    struct mn_arena arena;
};

/* Find out everything up to the final cut. To be given back with check_facts_deinit, after failure
 * too. */
mn_result check_facts_init(struct check_facts *facts, const struct evidence *evidence,
                           bool with_unknown) MN_CHECKED;
void check_facts_deinit(struct check_facts *facts);

/* Rules 9 and 10: spared and keep of every vat. Called by check_facts_init. */
mn_result check_facts_cut(struct check_facts *facts) MN_CHECKED;

/* The first lineage entry that @epoch is dead by, NULL when it is live. */
const struct evidence_lineage *check_death(const struct check_facts *facts, uint32_t vat,
                                           mn_epoch epoch);

/* Whether the dependency of @interval on @heard binds (rules 6 and 8). */
bool check_binds(const struct check_facts *facts, const struct check_interval *interval,
                 const struct evidence_heard *heard);

/* Whether a vat at @keep does not keep what @heard names, or that is dead. */
bool check_orphan(const struct check_facts *facts, const struct evidence_heard *heard,
                  mn_epoch keep);

/* The latest candidate before interval number @index of its vat. */
mn_epoch check_before(const struct check_facts *facts, size_t index);

/* The number of @vat's live interval @epoch, SIZE_MAX when there is none. */
size_t check_find_interval(const struct check_facts *facts, uint32_t vat, mn_epoch epoch);

/* Whether rule 9 lets the vat keep its latest candidate whatever its peers forget. */
bool check_unbound(const struct check_facts *facts, uint32_t vat);

/* Rule 3 for one form, of which @lost_copies are lost: helper of facts and causes. */
bool check_form_intact(const struct evidence_form *form, size_t lost_copies);

#endif
