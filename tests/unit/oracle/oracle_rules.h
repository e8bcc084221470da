/* The oracle's inside: what rules 1 to 10 say of one document under one reading of its unknown. */
#ifndef TESTS_ORACLE_RULES_H
#define TESTS_ORACLE_RULES_H

#include "oracle/oracle.h"

#define ORACLE_OPEN INT64_MAX      /* as a candidate: the running state */
#define ORACLE_UNBOUNDED INT64_MAX /* as spoken */

enum { ORACLE_VAT_COUNT_MAX = 16, ORACLE_CANDIDATE_COUNT_MAX = 64 };

struct oracle_vat {
    bool lost;
    bool lost_when_known; /* whatever unknown says */
    bool spared;
    size_t candidate_count;
    mn_epoch candidates[ORACLE_CANDIDATE_COUNT_MAX]; /* growing; the first is 0 */
    mn_epoch spoken;
    bool told_instead;
    mn_epoch choice;
};

struct oracle {
    const struct evidence *e;
    bool with_unknown; /* what unknown names is lost */
    bool enumerated;
    struct oracle_vat vats[ORACLE_VAT_COUNT_MAX];
};

/* Rules 1 to 10: fill in everything, to the final cut. */
void oracle_decide(struct oracle *o, const struct evidence *evidence, bool with_unknown);

/* Rule 1. */
bool oracle_live(const struct oracle *o, uint32_t vat, mn_epoch epoch);

/* The open interval of a vat, NULL when it has none or it is dead. */
const struct evidence_open *oracle_open(const struct oracle *o, uint32_t vat);

/* Rule 3. */
bool oracle_restorable(const struct oracle *o, const struct evidence_checkpoint *row);

/* Whether the dependency of @vat's interval @interval on @heard binds. */
bool oracle_binds(const struct oracle *o, uint32_t vat, mn_epoch interval,
                  const struct evidence_heard *heard);

/* Whether what was heard is not kept when the peer chooses @choice (or is dead). */
bool oracle_orphan(const struct oracle *o, const struct evidence_heard *heard, mn_epoch choice);

/* The latest candidate of @vat below @epoch. */
mn_epoch oracle_before(const struct oracle *o, uint32_t vat, mn_epoch epoch);

/* Everything that took the vat's running state or copies of what it cannot be restored from, as
 * rule 14 writes it. The caller's reference. */
json_t *oracle_losses(const struct oracle *o, uint32_t vat);

/* Whether @lost names losses out of that, each once, which alone would leave the vat no later
 * candidate than it has. */
bool oracle_losses_hold(const struct oracle *o, uint32_t vat, const json_t *lost);

#endif
