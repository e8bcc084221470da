/* Rule 12: who is told of whom.
 *
 * For each vat that forgot, in the order of their names, its hearers and those it heard are gone
 * through once, so the time is that of their entries; what is found of one pair is one notice. */
#include <stdlib.h>

#include "base/grow.h"
#include "decision_private.h"

enum { HEARD_FETCHED = 32 }; /* of what an interval heard, as many are asked for ahead */

static void widen_range(struct mn_epoch_range *range, mn_epoch epoch)
{
    range->first = range->first == 0 || epoch < range->first ? epoch : range->first;
    range->last = epoch > range->last ? epoch : range->last;
}

/* The pair of @vat and @peer; the mark of a vat is 1 + its pair with this peer. */
static mn_result find_pair(struct decision_maker *maker, uint32_t vat, uint32_t peer,
                           struct told_pair **pair)
{
    struct vat_place *place = &maker->ledger->places[vat];
    if (place->mark == 0) {
        mn_result result = mn_grow(&maker->pairs, &maker->pair_capacity, maker->pair_count + 1,
                                   sizeof *maker->pairs, UINT32_MAX - 1);
        if (result != MN_OK) {
            return result;
        }
        maker->pairs[maker->pair_count++] = (struct told_pair){.vat = vat, .peer = peer};
        place->mark = (uint32_t)maker->pair_count;
    }
    *pair = &maker->pairs[place->mark - 1];
    return MN_OK;
}

/* Ask for the intervals, then for the places of their vats, so that the waits overlap. */
static inline __attribute__((always_inline)) void
fetch_peers(const struct ledger *ledger, const uint32_t *intervals, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        __builtin_prefetch(&ledger->intervals[intervals[i]]);
        __builtin_prefetch(&ledger->intervals[intervals[i]].flags);
    }
    for (uint32_t i = 0; i < count; i++) {
        __builtin_prefetch(&ledger->places[ledger->intervals[intervals[i]].vat], 1);
    }
}

/* Ask for what the slots after number @i lead to. */
static inline __attribute__((always_inline)) void
fetch_slots_after(const struct ledger *ledger, const struct vat_place *place, uint32_t i)
{
    if (i + 2 < place->slot_count) {
        uint32_t interval = place->slots[i + 2].interval;
        __builtin_prefetch(&ledger->hearers[interval]);
        __builtin_prefetch(&ledger->intervals[interval]);
        __builtin_prefetch(&ledger->intervals[interval].flags);
    }
    if (i + 1 < place->slot_count) {
        const struct interval *row = &ledger->intervals[place->slots[i + 1].interval];
        __builtin_prefetch(&ledger->words.words[row->heard]);
    }
}

/* Those who heard @interval of @row's vat. */
static mn_result tell_hearers(struct decision_maker *maker, const struct cut_row *row,
                              uint32_t interval)
{
    const struct ledger *ledger = maker->ledger;
    struct hearers *hearers = &ledger->hearers[interval];
    mn_epoch epoch = ledger->intervals[interval].epoch;
    bool forgotten =
        epoch > cut_epoch(&maker->cut, row->keep) && epoch <= maker->spoken[row - maker->cut.rows];
    uint32_t count = hearer_count(hearers);
    fetch_peers(ledger, hearers->first, count < HEARERS_FIRST ? count : HEARERS_FIRST);
    for (uint32_t i = 0; i < count; i++) {
        const struct interval *hearer = &ledger->intervals[*ledger_hearer(ledger, hearers, i)];
        if ((hearer->flags & INTERVAL_DEAD) != 0) {
            continue;
        }
        struct told_pair *pair = NULL;
        mn_result result = find_pair(maker, hearer->vat, row->vat, &pair);
        if (result != MN_OK) {
            return result;
        }
        mn_epoch keep = cut_keep(&maker->cut, hearer->vat);
        bool open = (hearer->flags & INTERVAL_OPEN) != 0;
        if (forgotten && (open ? keep == DECISION_OPEN : hearer->epoch <= keep)) {
            widen_range(&pair->you_heard, epoch);
        }
    }
    return MN_OK;
}

/* Those whom @interval of @row's vat heard. */
static mn_result tell_heard(struct decision_maker *maker, const struct cut_row *row,
                            uint32_t interval)
{
    const struct ledger *ledger = maker->ledger;
    const struct interval *own = &ledger->intervals[interval];
    bool gone = (own->flags & INTERVAL_OPEN) != 0 || own->epoch > cut_epoch(&maker->cut, row->keep);
    fetch_peers(ledger, &ledger->words.words[own->heard],
                own->heard_count < HEARD_FETCHED ? own->heard_count : HEARD_FETCHED);
    for (uint32_t i = 0; i < own->heard_count; i++) {
        const struct interval *heard = &ledger->intervals[ledger->words.words[own->heard + i]];
        if ((heard->flags & INTERVAL_DEAD) != 0) {
            continue;
        }
        struct told_pair *pair = NULL;
        mn_result result = find_pair(maker, heard->vat, row->vat, &pair);
        if (result != MN_OK) {
            return result;
        }
        if (gone && heard->epoch <= cut_keep(&maker->cut, heard->vat)) {
            widen_range(&pair->forgot_you, heard->epoch);
        }
    }
    return MN_OK;
}

/* Everyone who is told of @row's vat. */
static mn_result tell_of(struct decision_maker *maker, const struct cut_row *row)
{
    const struct ledger *ledger = maker->ledger;
    const struct vat_place *place = &ledger->places[row->vat];
    size_t first = maker->pair_count;
    mn_result result = MN_OK;
    for (uint32_t i = 0; result == MN_OK && i < place->slot_count; i++) {
        fetch_slots_after(ledger, place, i);
        uint32_t interval = place->slots[i].interval;
        uint32_t flags = ledger->intervals[interval].flags;
        if ((flags & INTERVAL_DEAD) == 0) {
            result = tell_hearers(maker, row, interval);
        }
        if (result == MN_OK && interval_live_row(&ledger->intervals[interval])) {
            result = tell_heard(maker, row, interval);
        }
    }
    uint32_t open = ledger->vats[row->vat].open;
    if (result == MN_OK && open != LEDGER_NONE &&
        (ledger->intervals[open].flags & INTERVAL_DEAD) == 0) {
        result = tell_heard(maker, row, open);
    }
    for (size_t i = first; i < maker->pair_count; i++) {
        ledger->places[maker->pairs[i].vat].mark = 0;
    }
    return result;
}

mn_result decision_find_told(struct decision_maker *maker)
{
    const struct cut *cut = &maker->cut;
    struct decision_named *forgetful = malloc((cut->row_count + 1) * sizeof *forgetful);
    mn_result result = forgetful != NULL ? MN_OK : MN_NO_MEMORY;
    size_t count = 0;
    for (size_t i = 0; result == MN_OK && i < cut->row_count; i++) {
        if (decision_forgot(maker, &cut->rows[i])) {
            forgetful[count++] = (struct decision_named){
                ledger_vat_name(maker->ledger, cut->rows[i].vat), (uint32_t)i};
        }
    }
    if (result == MN_OK) {
        decision_sort_names(forgetful, count);
    }
    for (size_t i = 0; result == MN_OK && i < count; i++) {
        result = tell_of(maker, &cut->rows[forgetful[i].index]);
    }
    free(forgetful);
    return result;
}
