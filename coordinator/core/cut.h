/* The cut while it is being taken: rules 2 to 10 of EVIDENCE.md. For the decision's own files. */
#ifndef COORDINATOR_CORE_CUT_H
#define COORDINATOR_CORE_CUT_H

#include "decision.h"
#include "ledger_private.h"

/* A candidate is an interval, or one of these. */
#define CUT_OPEN UINT32_MAX
#define CUT_BIRTH (UINT32_MAX - 1)

/* A vat that does not simply run on. */
struct cut_row {
    uint32_t vat;
    uint32_t low;    /* its slots from here on are gone in the cut */
    uint32_t start;  /* the same when nobody has been taken back yet */
    uint32_t latest; /* candidate */
    uint32_t keep;   /* candidate */
    uint32_t hit;    /* the oldest interval that an orphan was heard in, in this round */
    uint32_t step;   /* 1 + the last step that took it back, 0 for none */
    bool lost;
    bool told_instead; /* rule 8 */
    bool to_spare;     /* while rule 10 is looked into: the cut takes it below its limit */
};

/* A demotion: the row's vat was taken back to @to because of what its interval @hit heard. */
struct cut_step {
    uint32_t row;
    uint32_t to;
    uint32_t hit;
    uint32_t round;
};

struct cut {
    struct ledger *ledger;
    bool with_unknown; /* what unknown names is lost */
    bool by_rounds;    /* take every round for itself and note the steps */

    struct cut_row *rows; /* first those that cannot run whatever their peers do */
    size_t row_count, row_capacity;
    size_t start_count; /* of the first ones */

    uint32_t *queue; /* intervals that are gone, in the order in which they went, with flags */
    size_t queue_count, queue_capacity;
    uint32_t *struck; /* intervals that were hit in this round, in the order in which they were */
    size_t struck_count, struck_capacity;
    uint32_t *hits; /* rows that are taken back at the end of this round */
    size_t hit_count, hit_capacity;
    struct cut_step *steps;
    size_t step_count, step_capacity;
    uint32_t round;

    uint32_t *spared; /* vats */
    size_t spared_count, spared_capacity;

    uint32_t *judged; /* intervals whose restorability is noted in the ledger */
    size_t judged_count, judged_capacity;
    uint32_t *chain; /* and those that are being judged */
    size_t chain_count, chain_capacity;

    uint64_t touched;
    uint64_t demoted;
};

/* Take the cut of what @ledger holds. To be given back with cut_deinit, after failure too, before
 * another is taken.
 *
 * @by_rounds  the steps are wanted; without, the same cut is found faster. */
mn_result cut_init(struct cut *cut, struct ledger *ledger, bool with_unknown,
                   bool by_rounds) MN_CHECKED;
void cut_deinit(struct cut *cut);

/* The epoch of a candidate: 0 for birth, DECISION_OPEN. */
static inline mn_epoch cut_epoch(const struct cut *cut, uint32_t candidate)
{
    return candidate == CUT_OPEN    ? DECISION_OPEN
           : candidate == CUT_BIRTH ? 0
                                    : cut->ledger->intervals[candidate].epoch;
}

/* The row of @vat, NULL when it runs on. */
static inline struct cut_row *cut_find(const struct cut *cut, uint32_t vat)
{
    uint32_t row = cut->ledger->places[vat].row;
    return row == 0 ? NULL : &cut->rows[row - 1];
}

/* The epoch that @vat keeps. */
static inline mn_epoch cut_keep(const struct cut *cut, uint32_t vat)
{
    const struct cut_row *row = cut_find(cut, vat);
    return row == NULL ? DECISION_OPEN : cut_epoch(cut, row->keep);
}

/* Ask for the place of row number @i, if there is such a row, before it is needed. */
static inline __attribute__((always_inline)) void cut_fetch_place(const struct cut *cut, size_t i)
{
    if (i < cut->row_count) {
        __builtin_prefetch(&cut->ledger->places[cut->rows[i].vat], 1);
    }
}

/* ---- the start (cut_start.c) ----------------------------------------------------------------- */

/* A row for @vat, which has none and runs on so far. @row: out. */
mn_result cut_add_row(struct cut *cut, uint32_t vat, struct cut_row **row) MN_CHECKED;

/* Add the rows of those who cannot run on, and find their latest candidates. */
mn_result cut_find_start(struct cut *cut) MN_CHECKED;

/* Rule 7. */
mn_epoch cut_spoken(const struct cut *cut, uint32_t vat);

/* ---- what is lost (lost.c) ------------------------------------------------------------------- */

/* Flag the domains, hosts, sites and vats that are lost, and call @visit for every vat that is;
 * vats may be met twice. cut_unmark_lost takes the flags away again. */
typedef mn_result cut_visit(struct cut *cut, uint32_t vat);
mn_result cut_mark_lost(struct cut *cut, cut_visit *visit) MN_CHECKED;
void cut_unmark_lost(struct cut *cut);

/* ---- restorability (restorable.c) ------------------------------------------------------------ */

/* Rule 3, for a listed live checkpoint. @answer: out. */
mn_result cut_restorable(struct cut *cut, uint32_t interval, bool *answer) MN_CHECKED;

/* Forget what was found out; cut_deinit does. */
void cut_forget_judged(struct cut *cut);

/* The latest candidate of @vat in the slots below @position, and its position + 1 (0 for birth). */
mn_result cut_candidate_below(struct cut *cut, uint32_t vat, uint32_t position, uint32_t *candidate,
                              uint32_t *low) MN_CHECKED;

/* ---- sparing (spared.c) ---------------------------------------------------------------------- */

/* One turn of rule 10: flag and list more vats as spared. @more: out, whether there were any. */
mn_result cut_spare(struct cut *cut, bool *more) MN_CHECKED;

#endif
