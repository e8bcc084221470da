/* A decision while it is being made from a cut. For the decision's own files only. */
#ifndef COORDINATOR_CORE_DECISION_PRIVATE_H
#define COORDINATOR_CORE_DECISION_PRIVATE_H

#include "cut.h"

/* Rule 12 for one pair of vats. */
struct told_pair {
    uint32_t vat; /* is told */
    uint32_t peer;
    struct mn_epoch_range you_heard;
    struct mn_epoch_range forgot_you;
};

/* What reading the unknown as empty makes of a vat (rule 13). */
struct known_vat {
    uint32_t vat;
    enum mn_outcome outcome;
    mn_epoch keep;
};

struct decision_maker {
    struct ledger *ledger;
    struct cut cut;
    struct decision *decision;
    struct decision_vat *vats; /* the decision's own, while they can be written */

    mn_epoch *spoken;        /* of each row of the cut */
    struct known_vat *known; /* by vat; NULL when nothing is unknown */
    size_t known_count;
    struct told_pair *pairs; /* by the peer's name */
    size_t pair_count, pair_capacity;
};

/* Something and the name that it is sorted by. */
struct decision_named {
    const char *name;
    uint32_t index;
};
void decision_sort_names(struct decision_named *named, size_t count);

/* Of a row of the cut: whether anything of it is forgotten, and its outcome (rule 11). */
bool decision_forgot(const struct decision_maker *maker, const struct cut_row *row);
enum mn_outcome decision_outcome(const struct decision_maker *maker, const struct cut_row *row);

/* The rows of the decision and its summary, from the cut and the pairs (decision_rows.c). */
mn_result decision_fill_vats(struct decision_maker *maker) MN_CHECKED;

/* Sort what is known by vat, for decision_fill_vats. */
void decision_sort_known(struct decision_maker *maker);

/* Rule 12: fill in the pairs. */
mn_result decision_find_told(struct decision_maker *maker) MN_CHECKED;

/* Rule 14: the cause of each row of the decision that is not running, and the steps. */
mn_result decision_find_causes(struct decision_maker *maker) MN_CHECKED;

/* The losses that took the running state and the later candidates of @row's vat, into the arena. */
mn_result decision_find_losses(struct decision_maker *maker, const struct cut_row *row,
                               struct decision_vat *vat) MN_CHECKED;

#endif
