/* Rule 14: the trace, and what a peer's loss did to each vat.
 *
 * The steps of the cut are gone through again, round by round. Each names the first orphan, by the
 * peer's name and epoch, that its interval had heard when the round began: so it does not depend on
 * the order of the reports. The last step of a vat is its cause: what was not kept then is not kept
 * in the end. The time is that of what the intervals of the steps heard, plus sorting. */
#include "decision_private.h"

#include <stdlib.h>
#include <string.h>

/* What the interval of a step heard. */
struct step_orphan {
    uint32_t peer;
    mn_epoch epoch;
};

/* Whether @heard binds and is not kept while the rows of the cut keep @keeps. */
static bool orphan_at(const struct cut *cut, const mn_epoch *keeps, const struct interval *heard)
{
    if ((heard->flags & INTERVAL_DEAD) != 0) {
        return (heard->flags & INTERVAL_DEAD_TOLD) == 0;
    }
    const struct cut_row *peer = cut_find(cut, heard->vat);
    return peer != NULL && !peer->told_instead && heard->epoch > keeps[peer - cut->rows];
}

static bool orphan_before(const struct ledger *ledger, const struct interval *heard,
                          const struct step_orphan *other)
{
    int order = heard->vat == other->peer ? 0
                                          : strcmp(ledger_vat_name(ledger, heard->vat),
                                                   ledger_vat_name(ledger, other->peer));
    return order < 0 || (order == 0 && heard->epoch < other->epoch);
}

static struct step_orphan first_orphan(const struct cut *cut, const mn_epoch *keeps,
                                       uint32_t interval)
{
    const struct ledger *ledger = cut->ledger;
    const struct interval *row = &ledger->intervals[interval];
    struct step_orphan first = {.peer = LEDGER_NONE};
    for (uint32_t i = 0; i < row->heard_count; i++) {
        const struct interval *heard = &ledger->intervals[ledger->words.words[row->heard + i]];
        if (orphan_at(cut, keeps, heard) &&
            (first.peer == LEDGER_NONE || orphan_before(ledger, heard, &first))) {
            first = (struct step_orphan){heard->vat, heard->epoch};
        }
    }
    return first;
}

/* Find the orphan of every step. */
static mn_result replay_steps(const struct cut *cut, struct step_orphan *orphans)
{
    mn_epoch *keeps = malloc((cut->row_count + 1) * sizeof *keeps);
    if (keeps == NULL) {
        return MN_NO_MEMORY;
    }
    for (size_t i = 0; i < cut->row_count; i++) {
        keeps[i] = cut_epoch(cut, cut->rows[i].latest);
    }
    size_t end = 0;
    for (size_t first = 0; first < cut->step_count; first = end) {
        for (end = first; end < cut->step_count && cut->steps[end].round == cut->steps[first].round;
             end++) {
            orphans[end] = first_orphan(cut, keeps, cut->steps[end].hit);
        }
        for (size_t i = first; i < end; i++) {
            keeps[cut->steps[i].row] = cut_epoch(cut, cut->steps[i].to);
        }
    }
    free(keeps);
    return MN_OK;
}

/* The number of the interval, DECISION_OPEN for an open one. */
static mn_epoch interval_number(const struct ledger *ledger, uint32_t interval)
{
    const struct interval *row = &ledger->intervals[interval];
    return (row->flags & INTERVAL_OPEN) != 0 ? DECISION_OPEN : row->epoch;
}

/* Write the trace: round by round, in each by the vats' names. */
static mn_result write_steps(struct decision_maker *maker, const struct step_orphan *orphans)
{
    const struct cut *cut = &maker->cut;
    struct decision *decision = maker->decision;
    struct decision_step *steps =
        mn_arena_take_array(&decision->arena, cut->step_count, sizeof *steps);
    struct decision_named *order = malloc((cut->step_count + 1) * sizeof *order);
    if (steps == NULL || order == NULL) {
        free(order);
        return MN_NO_MEMORY;
    }
    for (size_t i = 0; i < cut->step_count; i++) {
        uint32_t vat = cut->rows[cut->steps[i].row].vat;
        order[i] = (struct decision_named){ledger_vat_name(maker->ledger, vat), (uint32_t)i};
    }
    size_t end = 0;
    for (size_t first = 0; first < cut->step_count; first = end) {
        end = first;
        while (end < cut->step_count && cut->steps[end].round == cut->steps[first].round) {
            end++;
        }
        decision_sort_names(order + first, end - first);
    }
    for (size_t i = 0; i < cut->step_count; i++) {
        const struct cut_step *step = &cut->steps[order[i].index];
        const struct step_orphan *orphan = &orphans[order[i].index];
        steps[i] = (struct decision_step){.vat = cut->rows[step->row].vat,
                                          .to = cut_epoch(cut, step->to),
                                          .epoch = interval_number(maker->ledger, step->hit),
                                          .peer = orphan->peer,
                                          .heard = orphan->epoch};
    }
    decision->steps = steps;
    decision->step_count = cut->step_count;
    free(order);
    return MN_OK;
}

static mn_result write_cause(struct decision_maker *maker, const struct step_orphan *orphans,
                             struct decision_vat *vat)
{
    const struct cut *cut = &maker->cut;
    const struct cut_row *row = cut_find(cut, vat->vat);
    if (row == NULL) {
        return MN_OK;
    }
    if (row->step == 0) {
        vat->cause = DECISION_CAUSE_LOST;
        return decision_find_losses(maker, row, vat);
    }
    const struct step_orphan *orphan = &orphans[row->step - 1];
    vat->cause = DECISION_CAUSE_ORPHAN;
    vat->orphan.epoch = interval_number(maker->ledger, cut->steps[row->step - 1].hit);
    vat->orphan.peer = orphan->peer;
    vat->orphan.heard = orphan->epoch;
    vat->orphan.kept = cut_keep(cut, orphan->peer);
    return MN_OK;
}

mn_result decision_find_causes(struct decision_maker *maker)
{
    struct decision *decision = maker->decision;
    struct step_orphan *orphans = calloc(maker->cut.step_count + 1, sizeof *orphans);
    mn_result result = orphans != NULL ? replay_steps(&maker->cut, orphans) : MN_NO_MEMORY;
    if (result == MN_OK) {
        result = write_steps(maker, orphans);
    }
    /* The rows are the maker's own until it hands the decision over. */
    struct decision_vat *vats = maker->vats;
    for (size_t i = 0; result == MN_OK && i < decision->vat_count; i++) {
        result = write_cause(maker, orphans, &vats[i]);
    }
    free(orphans);
    return result;
}
