/* Rule 4: which checkpoints, and which running states, have no gap of reports below them. */
#include "ledger_private.h"

/* The newest live listed interval of @vat below slot @position, or LEDGER_NONE. */
static uint32_t live_row_below(const struct ledger *ledger, uint32_t vat, uint32_t position)
{
    const struct slot *slots = ledger->places[vat].slots;
    while (position > 0) {
        position--;
        if (interval_live_row(&ledger->intervals[slots[position].interval])) {
            return slots[position].interval;
        }
    }
    return LEDGER_NONE;
}

/* Whether an interval of @vat with this @since is covered; @before is the live listed one below it.
 */
static bool since_covered(const struct ledger *ledger, uint32_t vat, mn_epoch since,
                          uint32_t before)
{
    bool at_hand = before != LEDGER_NONE && ledger->intervals[before].epoch == since;
    if (since != LEDGER_NO_SINCE && !at_hand) {
        if (since <= ledger->vats[vat].floor) {
            return true;
        }
        before = ledger_find_listed(ledger, vat, since);
        return before != LEDGER_NONE && interval_live_row(&ledger->intervals[before]) &&
               (ledger->intervals[before].flags & INTERVAL_COVERED) != 0;
    }
    return before == LEDGER_NONE || (ledger->intervals[before].flags & INTERVAL_COVERED) != 0;
}

static bool running_state_stopped(const struct ledger *ledger, uint32_t vat, uint32_t newest)
{
    if ((ledger->places[vat].flags & VAT_HAS_OPEN) == 0) {
        return !since_covered(ledger, vat, LEDGER_NO_SINCE, newest);
    }
    uint32_t open = ledger->vats[vat].open;
    return (ledger->intervals[open].flags & INTERVAL_DEAD) != 0 ||
           !since_covered(ledger, vat, ledger->intervals[open].since, newest);
}

bool ledger_running_covered(const struct ledger *ledger, uint32_t vat)
{
    uint32_t newest = live_row_below(ledger, vat, ledger->places[vat].slot_count);
    return !running_state_stopped(ledger, vat, newest);
}

bool ledger_floor_whole(const struct ledger *ledger, uint32_t vat, mn_epoch floor)
{
    uint32_t at = ledger->vats[vat].open;
    if (at == LEDGER_NONE || (ledger->intervals[at].flags & INTERVAL_DEAD) != 0) {
        at = live_row_below(ledger, vat, ledger->places[vat].slot_count);
    }
    if (at == LEDGER_NONE || ledger->intervals[at].epoch < floor) {
        return false;
    }
    while (ledger->intervals[at].since > floor) {
        at = ledger_find_listed(ledger, vat, ledger->intervals[at].since);
        if (at == LEDGER_NONE || !interval_live_row(&ledger->intervals[at])) {
            return false;
        }
    }
    return ledger->intervals[at].since != LEDGER_NO_SINCE;
}

void ledger_cover(struct ledger *ledger, uint32_t vat, uint32_t position)
{
    struct vat_place *place = &ledger->places[vat];
    bool has_floor = (place->flags & VAT_HAS_FLOOR) != 0;
    uint32_t before = live_row_below(ledger, vat, position);
    if (before == LEDGER_NONE && !has_floor) {
        ledger->vats[vat].floor = 0;
    }
    for (; position < place->slot_count; position++) {
        uint32_t at = place->slots[position].interval;
        struct interval *row = &ledger->intervals[at];
        row->flags &= ~(uint32_t)INTERVAL_COVERED;
        if (!interval_live_row(row)) {
            continue;
        }
        if (before == LEDGER_NONE && !has_floor) {
            ledger->vats[vat].floor = row->since != LEDGER_NO_SINCE ? row->since : row->epoch - 1;
        }
        if (since_covered(ledger, vat, row->since, before)) {
            row->flags |= INTERVAL_COVERED;
        }
        before = at;
    }
    bool stopped = running_state_stopped(ledger, vat, before);
    if (stopped && (place->flags & VAT_STOPPED) == 0) {
        place->flags |= VAT_STOPPED;
        ledger_set_add(&ledger->stopped, vat);
    } else if (!stopped && (place->flags & VAT_STOPPED) != 0) {
        place->flags &= ~(uint32_t)VAT_STOPPED;
        ledger_set_remove(&ledger->stopped, vat);
    }
}
