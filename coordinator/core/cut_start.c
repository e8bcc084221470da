/* What a cut begins with: the vats that cannot run on, up to where each has spoken (rule 7), and
 * their latest candidates (rules 5 and 8). */
#include "base/check.h"
#include "base/grow.h"
#include "cut.h"

mn_result cut_add_row(struct cut *cut, uint32_t vat, struct cut_row **row)
{
    struct vat_place *place = &cut->ledger->places[vat];
    mn_result result = mn_grow(&cut->rows, &cut->row_capacity, cut->row_count + 1,
                               sizeof *cut->rows, EVIDENCE_ROW_COUNT_MAX);
    if (result != MN_OK) {
        return result;
    }
    mn_assert(cut->rows != NULL); /* there is room in it */
    *row = &cut->rows[cut->row_count++];
    **row = (struct cut_row){.vat = vat,
                             .low = place->slot_count,
                             .start = place->slot_count,
                             .latest = CUT_OPEN,
                             .keep = CUT_OPEN,
                             .hit = LEDGER_NONE,
                             .told_instead = ledger_set_has(&cut->ledger->tell, vat)};
    place->row = (uint32_t)cut->row_count;
    return MN_OK;
}

static mn_result visit_stopped(struct cut *cut, uint32_t vat)
{
    struct cut_row *row = cut_find(cut, vat);
    return row != NULL ? MN_OK : cut_add_row(cut, vat, &row);
}

static mn_result visit_lost(struct cut *cut, uint32_t vat)
{
    struct cut_row *row = cut_find(cut, vat);
    mn_result result = row != NULL ? MN_OK : cut_add_row(cut, vat, &row);
    if (result == MN_OK) {
        row->lost = true;
    }
    return result;
}

/* Whether somebody whose history it is part of heard the interval. */
static bool heard_live(const struct ledger *ledger, uint32_t interval)
{
    struct hearers *hearers = &ledger->hearers[interval];
    for (uint32_t i = 0; i < hearer_count(hearers); i++) {
        uint32_t hearer = *ledger_hearer(ledger, hearers, i);
        if ((ledger->intervals[hearer].flags & INTERVAL_DEAD) == 0) {
            return true;
        }
    }
    return false;
}

mn_epoch cut_spoken(const struct cut *cut, uint32_t vat)
{
    const struct ledger *ledger = cut->ledger;
    const struct vat_place *place = &ledger->places[vat];
    bool early = (place->flags & VAT_EARLY) != 0;
    uint32_t open = ledger->vats[vat].open;
    if ((cut->with_unknown && ledger_set_has(&ledger->unknown_vats, vat)) ||
        (early && open == LEDGER_NONE)) {
        return DECISION_UNBOUNDED;
    }
    mn_epoch spoken = early ? ledger->intervals[open].epoch : 0;
    uint32_t durable = INTERVAL_LISTED | INTERVAL_DURABLE;
    for (uint32_t i = place->slot_count; i > 0; i--) {
        uint32_t interval = place->slots[i - 1].interval;
        const struct interval *row = &ledger->intervals[interval];
        if (row->epoch <= spoken) {
            break;
        }
        if ((row->flags & INTERVAL_DEAD) == 0 &&
            ((!early && (row->flags & durable) == durable) || heard_live(ledger, interval))) {
            return row->epoch;
        }
    }
    return spoken;
}

/* Ask for what finding the candidates of the rows after number @i will need. */
static inline __attribute__((always_inline)) void fetch_candidates(const struct cut *cut, size_t i,
                                                                   size_t end)
{
    const struct ledger *ledger = cut->ledger;
    if (i + 12 < end) {
        cut_fetch_place(cut, i + 12);
    }
    if (i + 8 < end) {
        const struct vat_place *place = &ledger->places[cut->rows[i + 8].vat];
        if (place->slot_count > 0) {
            __builtin_prefetch(&place->slots[place->slot_count - 1]);
            __builtin_prefetch(&ledger->intervals[place->newest[0].interval]);
        }
        if (place->slot_count > 1) {
            __builtin_prefetch(&ledger->intervals[place->newest[1].interval]);
        }
    }
    if (i + 4 < end) {
        const struct vat_place *place = &ledger->places[cut->rows[i + 4].vat];
        for (uint32_t j = 0; j < 2 && j < place->slot_count; j++) {
            uint32_t form = ledger->intervals[place->newest[j].interval].forms;
            __builtin_prefetch(&ledger->words.words[form]);
        }
    }
}

mn_result cut_find_start(struct cut *cut)
{
    struct ledger *ledger = cut->ledger;
    mn_result result = cut_mark_lost(cut, visit_lost);
    for (size_t i = 0; cut->with_unknown && result == MN_OK && i < ledger->unknown_vats.count;
         i++) {
        result = visit_lost(cut, ledger->unknown_vats.items[i]);
    }
    for (size_t i = 0; result == MN_OK && i < ledger->stopped.count; i++) {
        result = visit_stopped(cut, ledger->stopped.items[i]);
    }
    cut->start_count = cut->row_count;
    for (size_t i = 0; result == MN_OK && i < cut->start_count; i++) {
        struct cut_row *row = &cut->rows[i];
        fetch_candidates(cut, i, cut->start_count);
        result = cut_candidate_below(cut, row->vat, row->low, &row->latest, &row->start);
        if (result == MN_OK && row->lost && row->latest == CUT_BIRTH &&
            ledger->total_loss == EVIDENCE_TOTAL_LOSS_TELL && cut_spoken(cut, row->vat) > 0) {
            row->told_instead = true;
        }
    }
    return result;
}
