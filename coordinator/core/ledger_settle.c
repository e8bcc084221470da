/* What a vat was told of its peers, which is settled from then on.
 *
 * It leaves the ledger, and is passed over when it is reported again: an agent may still hold a
 * report that was written before its vat was told. So each vat keeps the ranges that it was told
 * of, by peer and beginning, until its floor is in a later run than the one that was told. A
 * document does not carry them.
 *
 * Of a decision that is lost nobody says whom it told; but whoever has applied it was weighed in
 * it, and what died there is settled for them as if they had been told. */
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "ledger_private.h"

/* The place of the first of the vat's ranges that is not before (@peer, @after). */
static size_t place_of_range(const struct vat_settled *settled, uint32_t peer, mn_epoch after)
{
    size_t low = 0;
    size_t high = settled->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct settled_range *range = &settled->ranges[middle];
        if (range->peer < peer || (range->peer == peer && range->after < after)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* What no epoch of @vat's run is above. How far the run has come is not known here: it goes on
 * until it is told, and a ledger that is being built anew has heard nothing of it yet. */
static mn_epoch run_end(const struct ledger *ledger, uint32_t vat)
{
    const struct vat *row = &ledger->vats[vat];
    const struct vat_place *place = &ledger->places[vat];
    mn_epoch newest = row->open != LEDGER_NONE ? ledger->intervals[row->open].epoch : 0;
    if (place->slot_count > 0 && slot_epoch(&place->slots[place->slot_count - 1]) > newest) {
        newest = slot_epoch(&place->slots[place->slot_count - 1]);
    }
    if (row->lineage_count > 0 && row->lineage[row->lineage_count - 1].next > newest) {
        newest = row->lineage[row->lineage_count - 1].next;
    }
    mn_run run = newest > 0 ? mn_epoch_run(newest) : 1;
    return mn_epoch_first(run + 1) - 1;
}

static mn_result note_settled(struct ledger *ledger, uint32_t vat, struct settled_range range)
{
    struct vat_settled *settled = ledger->vats[vat].settled;
    const struct vat *peer = &ledger->vats[range.peer];
    if (settled == NULL) {
        settled = calloc(1, sizeof *settled);
        if (settled == NULL) {
            return MN_NO_MEMORY;
        }
        ledger->vats[vat].settled = settled;
        ledger->lineage_bytes += sizeof *settled;
    }
    size_t before = settled->capacity;
    mn_result result = mn_grow(&settled->ranges, &settled->capacity, settled->count + 1,
                               sizeof *settled->ranges, EVIDENCE_ROW_COUNT_MAX);
    if (result != MN_OK) {
        return result;
    }
    ledger->lineage_bytes += (settled->capacity - before) * sizeof *settled->ranges;
    /* Told before or after the ledger heard of the fork. */
    uint32_t forks = peer->lineage_count;
    range.forks = forks > 0 && peer->lineage[forks - 1].after == range.after ? forks - 1 : forks;
    range.heard_in = run_end(ledger, vat);
    struct settled_range *place =
        &settled->ranges[place_of_range(settled, range.peer, range.after)];
    if (place < settled->ranges + settled->count && place->peer == range.peer &&
        place->after == range.after && place->forks == range.forks) {
        place->through = place->through > range.through ? place->through : range.through;
        place->heard_in = place->heard_in > range.heard_in ? place->heard_in : range.heard_in;
    } else {
        memmove(place + 1, place,
                (size_t)(settled->ranges + settled->count - place) * sizeof *place);
        *place = range;
        settled->count++;
    }
    ledger->places[vat].flags |= VAT_HAS_SETTLED;
    return MN_OK;
}

bool ledger_is_settled(const struct ledger *ledger, uint32_t vat,
                       const struct evidence_heard *heard)
{
    const struct vat_settled *settled = ledger->vats[vat].settled;
    size_t end = place_of_range(settled, heard->vat, heard->epoch);
    for (; end > 0 && settled->ranges[end - 1].peer == heard->vat; end--) {
        const struct settled_range *range = &settled->ranges[end - 1];
        /* What the peer did after it went on is another life, even without a bound. */
        bool went_on = ledger->vats[heard->vat].lineage_count > range->forks;
        if (heard->epoch <= range->through &&
            (!went_on || ledger_death(ledger, heard->vat, heard->epoch) != NULL)) {
            return true;
        }
    }
    return false;
}

void ledger_forget_settled(struct ledger *ledger, uint32_t vat)
{
    struct vat_settled *settled = ledger->vats[vat].settled;
    if (settled == NULL) {
        return;
    }
    size_t kept = 0;
    for (size_t i = 0; i < settled->count; i++) {
        if (settled->ranges[i].heard_in >= ledger->vats[vat].floor) {
            settled->ranges[kept++] = settled->ranges[i];
        }
    }
    settled->count = kept;
    if (kept == 0) {
        ledger->lineage_bytes -= sizeof *settled + settled->capacity * sizeof *settled->ranges;
        free(settled->ranges);
        free(settled);
        ledger->vats[vat].settled = NULL;
        ledger->places[vat].flags &= ~(uint32_t)VAT_HAS_SETTLED;
    }
}

static bool in_settled_range(const struct interval *heard, const void *context)
{
    const struct settled_range *range = context;
    return heard->vat == range->peer && heard->epoch > range->after &&
           heard->epoch <= range->through;
}

/* The entries that would be looked at from the peer's side: who heard its epochs in @range. */
static size_t hearers_in_range(const struct ledger *ledger, const struct settled_range *range,
                               size_t enough)
{
    const struct vat_place *place = &ledger->places[range->peer];
    size_t count = 0;
    for (uint32_t i = ledger_position(ledger, range->peer, range->after + 1);
         i < place->slot_count && slot_epoch(&place->slots[i]) <= range->through && count < enough;
         i++) {
        count += hearer_count(&ledger->hearers[place->slots[i].interval]) + 1;
    }
    return count;
}

static size_t entries_of(const struct ledger *ledger, uint32_t vat)
{
    const struct vat_place *place = &ledger->places[vat];
    uint32_t open = ledger->vats[vat].open;
    size_t count = open != LEDGER_NONE ? ledger->intervals[open].heard_count : 0;
    for (uint32_t i = 0; i < place->slot_count; i++) {
        count += ledger->intervals[place->slots[i].interval].heard_count;
    }
    return count;
}

static void settle_own(struct ledger *ledger, uint32_t vat, const struct settled_range *range)
{
    const struct vat_place *place = &ledger->places[vat];
    for (uint32_t i = 0; i < place->slot_count; i++) {
        (void)ledger_unhear(ledger, place->slots[i].interval, in_settled_range, range);
    }
    if (ledger->vats[vat].open != LEDGER_NONE) {
        (void)ledger_unhear(ledger, ledger->vats[vat].open, in_settled_range, range);
    }
}

static void settle_peers(struct ledger *ledger, uint32_t vat, const struct settled_range *range)
{
    const struct vat_place *place = &ledger->places[range->peer];
    uint32_t first = ledger_position(ledger, range->peer, range->after + 1);
    /* From the newest down: an interval that nobody heard any more leaves the slots. */
    for (uint32_t i = ledger_position(ledger, range->peer, range->through); i + 1 > first; i--) {
        if (i >= place->slot_count || slot_epoch(&place->slots[i]) > range->through) {
            continue;
        }
        uint32_t interval = place->slots[i].interval;
        for (uint32_t j = hearer_count(&ledger->hearers[interval]); j > 0; j--) {
            uint32_t hearer = *ledger_hearer(ledger, &ledger->hearers[interval], j - 1);
            if (ledger->intervals[hearer].vat == vat) {
                (void)ledger_unhear(ledger, hearer, in_settled_range, range);
                /* One that was looked at has taken its place, or the interval is no more. */
                uint32_t left = hearer_count(&ledger->hearers[interval]) + 1;
                j = j < left ? j : left;
            }
        }
    }
}

mn_result ledger_settle(struct ledger *ledger, uint32_t vat, uint32_t peer, mn_epoch after,
                        mn_epoch through)
{
    if (vat >= ledger->vat_count || peer >= ledger->vat_count || after < 0 ||
        after >= MN_EPOCH_MAX) {
        return MN_BAD_INPUT;
    }
    struct settled_range range = {
        .peer = peer, .after = after, .through = through < MN_EPOCH_MAX ? through : MN_EPOCH_MAX};
    if (vat == peer || range.through <= after) {
        return MN_OK;
    }
    mn_result result = note_settled(ledger, vat, range);
    if (result != MN_OK) {
        return result;
    }
    ledger_renew(ledger, vat);
    size_t own = entries_of(ledger, vat);
    if (hearers_in_range(ledger, &range, own) < own) {
        settle_peers(ledger, vat, &range);
    } else {
        settle_own(ledger, vat, &range);
    }
    return MN_OK;
}

/* One that heard @interval and has applied @round; LEDGER_NONE: there is none. */
static uint32_t hearer_applied(const struct ledger *ledger, uint32_t interval, uint64_t round,
                               ledger_applied *applied, const void *context)
{
    struct hearers *hearers = &ledger->hearers[interval];
    for (uint32_t i = 0; i < hearer_count(hearers); i++) {
        uint32_t vat = ledger->intervals[*ledger_hearer(ledger, hearers, i)].vat;
        if (applied(context, vat, round)) {
            return vat;
        }
    }
    return LEDGER_NONE;
}

static mn_result settle_learnt_of(struct ledger *ledger, uint32_t peer, ledger_applied *applied,
                                  const void *context)
{
    const struct vat_place *place = &ledger->places[peer];
    mn_result result = MN_OK;
    uint32_t i = place->slot_count;
    while (result == MN_OK && i > 0) {
        uint32_t interval = place->slots[i - 1].interval;
        const struct evidence_lineage *death =
            ledger_death(ledger, peer, ledger->intervals[interval].epoch);
        bool learnt = death != NULL && death->learnt && death->round > 0;
        uint32_t vat =
            learnt ? hearer_applied(ledger, interval, death->round, applied, context) : LEDGER_NONE;
        if (vat == LEDGER_NONE) {
            i -= 1;
            continue;
        }
        /* An interval that nobody heard any more leaves the slots. */
        result = ledger_settle(ledger, vat, peer, death->after, death->next - 1);
        i = i < place->slot_count ? i : place->slot_count;
    }
    return result;
}

mn_result ledger_settle_learnt(struct ledger *ledger, ledger_applied *applied, const void *context)
{
    mn_result result = MN_OK;
    for (uint32_t i = 0; result == MN_OK && i < ledger->vat_count; i++) {
        if ((ledger->places[i].flags & VAT_HAS_LINEAGE) != 0) {
            result = settle_learnt_of(ledger, i, applied, context);
        }
    }
    return result;
}
