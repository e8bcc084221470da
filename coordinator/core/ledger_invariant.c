/* What must always hold of the ledger, asserted. */
#include "base/check.h"
#include "ledger_private.h"

/* The interval against whoever heard it. */
static void check_hearers(const struct ledger *ledger, uint32_t interval)
{
    struct hearers *hearers = &ledger->hearers[interval];
    const struct interval *row = &ledger->intervals[interval];
    bool orphan = (row->flags & (INTERVAL_DEAD | INTERVAL_DEAD_TOLD)) == INTERVAL_DEAD;
    mn_assert(((hearers->count & HEARERS_ORPHAN) != 0) == orphan);
    for (uint32_t i = 0; i < hearer_count(hearers); i++) {
        uint32_t hearer = *ledger_hearer(ledger, hearers, i);
        mn_assert(hearer < ledger->interval_count);
        mn_assert((ledger->intervals[hearer].flags & (INTERVAL_LISTED | INTERVAL_OPEN)) != 0);
    }
}

/* The interval against what it heard. */
static void check_heard(const struct ledger *ledger, uint32_t interval)
{
    const struct interval *row = &ledger->intervals[interval];
    uint32_t orphans = 0;
    for (uint32_t i = 0; i < row->heard_count; i++) {
        uint32_t heard = ledger->words.words[row->heard + i];
        mn_assert(heard < ledger->interval_count);
        mn_assert(ledger->intervals[heard].vat != row->vat);
        orphans += (ledger->hearers[heard].count & HEARERS_ORPHAN) != 0 ? 1 : 0;
    }
    mn_assert(row->orphans == (ledger_settled(ledger, interval) ? 0 : orphans));
}

static void check_interval_state(const struct ledger *ledger, uint32_t interval)
{
    const struct interval *row = &ledger->intervals[interval];
    const struct evidence_lineage *death = ledger_death(ledger, row->vat, row->epoch);
    bool quiet = (ledger->places[row->vat].flags & VAT_HAS_FLOOR) != 0 &&
                 row->epoch <= ledger->vats[row->vat].floor;
    mn_assert(((row->flags & INTERVAL_DEAD) != 0) == (death != NULL));
    mn_assert(ledger_settled(ledger, interval) == (death != NULL || quiet));
    mn_assert(ledger_is_live_row(ledger, interval) == interval_live_row(row));
    mn_assert((ledger->seen[interval >> 6] >> (interval & 63) & 1) == 0);
}

/* The links of a vat's slots, from the newest down. */
static void check_links(const struct ledger *ledger, uint32_t vat)
{
    const struct vat_place *place = &ledger->places[vat];
    uint32_t newer = LINK_INTERVAL | ((place->flags & VAT_BE_TOLD) != 0 ? LINK_UNBOUND : 0) |
                     (ledger_set_has(&ledger->tell, vat) ? LINK_MUTE : 0);
    uint32_t open = ledger->vats[vat].open;
    mn_assert(open == LEDGER_NONE || ledger->links[open].newer == newer);
    for (uint32_t i = place->slot_count; i > 0; i--) {
        uint32_t interval = place->slots[i - 1].interval;
        mn_assert(ledger->links[interval].vat == vat);
        mn_assert(ledger->links[interval].newer == newer);
        bool dead = (ledger->intervals[interval].flags & INTERVAL_DEAD) != 0;
        newer = dead ? newer : (newer & ~LINK_INTERVAL) | interval;
    }
}

static void check_vat(const struct ledger *ledger, uint32_t vat, size_t *used)
{
    const struct vat_place *place = &ledger->places[vat];
    uint32_t orphans = 0;
    mn_assert(place->row == 0);
    mn_assert(place->mark == 0);
    mn_assert((place->flags & (VAT_SPARED | VAT_LOST | VAT_LISTED)) == 0);
    for (uint32_t i = 0; i < place->slot_count; i++) {
        uint32_t interval = place->slots[i].interval;
        const struct interval *row = &ledger->intervals[interval];
        mn_assert(row->vat == vat);
        mn_assert(row->epoch == slot_epoch(&place->slots[i]));
        mn_assert(i == 0 || slot_epoch(&place->slots[i - 1]) < row->epoch);
        mn_assert((row->flags & (INTERVAL_OPEN | INTERVAL_FREE)) == 0);
        uint32_t from_end = place->slot_count - 1 - i;
        mn_assert(from_end >= PLACE_NEWEST || place->newest[from_end].interval == interval);
        mn_assert((row->flags & INTERVAL_LISTED) != 0 ||
                  hearer_count(&ledger->hearers[interval]) > 0);
        orphans += row->orphans;
    }
    uint32_t open = ledger->vats[vat].open;
    if (open != LEDGER_NONE) {
        mn_assert((ledger->intervals[open].flags & INTERVAL_OPEN) != 0);
        orphans += ledger->intervals[open].orphans;
        *used += 1;
    }
    *used += place->slot_count;
    check_links(ledger, vat);
    mn_assert(orphans == ledger->vats[vat].orphan_count);
    mn_assert(ledger_set_has(&ledger->standing, vat) == (orphans > 0));
}

void ledger_invariant(const struct ledger *ledger)
{
    size_t used = 0;
    size_t free_count = 0;
    size_t heard_count = 0;
    size_t hearer_sum = 0;
    size_t listed = 0;
    for (uint32_t v = 0; v < ledger->vat_count; v++) {
        check_vat(ledger, v, &used);
    }
    for (uint32_t i = 0; i < ledger->interval_count; i++) {
        const struct interval *row = &ledger->intervals[i];
        if ((row->flags & INTERVAL_FREE) != 0) {
            free_count++;
            continue;
        }
        check_interval_state(ledger, i);
        check_hearers(ledger, i);
        check_heard(ledger, i);
        heard_count += row->heard_count;
        hearer_sum += hearer_count(&ledger->hearers[i]);
        listed += (row->flags & INTERVAL_LISTED) != 0 ? 1 : 0;
    }
    mn_assert(used + free_count == ledger->interval_count);
    mn_assert(free_count == ledger->free_interval_count);
    mn_assert(heard_count == ledger->heard_count);
    mn_assert(hearer_sum == heard_count);
    mn_assert(listed == ledger->checkpoint_count);
    mn_assert(ledger->words.free_count < ledger->words.count || ledger->words.count == 0);
}
