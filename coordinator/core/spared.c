/* Rule 10: whom the cut would cost more than being told does. */
#include "base/grow.h"
#include "cut.h"

static bool below_limit(const struct cut *cut, const struct cut_row *row)
{
    mn_epoch limit = cut->ledger->vats[row->vat].limit;
    return cut_epoch(cut, row->keep) < limit && cut_epoch(cut, row->latest) >= limit;
}

/* Whether a vat that keeps all it can has an orphan in @heard, unless that is another one's that is
 * to be spared. */
static bool orphan_from_outside(const struct cut *cut, const struct interval *heard)
{
    if ((heard->flags & INTERVAL_DEAD) != 0) {
        return (heard->flags & INTERVAL_DEAD_TOLD) == 0;
    }
    const struct cut_row *peer = cut_find(cut, heard->vat);
    return peer != NULL && !peer->to_spare && !peer->told_instead &&
           heard->epoch > cut_epoch(cut, peer->keep);
}

static bool interval_hit(struct cut *cut, uint32_t interval)
{
    const struct ledger *ledger = cut->ledger;
    const struct interval *row = &ledger->intervals[interval];
    bool has_floor = (ledger->places[row->vat].flags & VAT_HAS_FLOOR) != 0;
    if ((row->flags & INTERVAL_DEAD) != 0 ||
        (has_floor && row->epoch <= ledger->vats[row->vat].floor)) {
        return false;
    }
    cut->touched += row->heard_count;
    for (uint32_t i = 0; i < row->heard_count; i++) {
        if (orphan_from_outside(cut, &ledger->intervals[ledger->words.words[row->heard + i]])) {
            return true;
        }
    }
    return false;
}

/* Whether the latest candidate of the row's vat is hit by somebody who is not to be spared. */
static bool hit_from_outside(struct cut *cut, const struct cut_row *row)
{
    const struct ledger *ledger = cut->ledger;
    const struct vat_place *place = &ledger->places[row->vat];
    mn_epoch latest = cut_epoch(cut, row->latest);
    for (uint32_t i = 0; i < place->slot_count && slot_epoch(&place->slots[i]) <= latest; i++) {
        if (interval_hit(cut, place->slots[i].interval)) {
            return true;
        }
    }
    uint32_t open = ledger->vats[row->vat].open;
    return row->latest == CUT_OPEN && open != LEDGER_NONE && interval_hit(cut, open);
}

static mn_result spare_vat(struct cut *cut, uint32_t vat)
{
    mn_result result = mn_grow(&cut->spared, &cut->spared_capacity, cut->spared_count + 1,
                               sizeof *cut->spared, EVIDENCE_ROW_COUNT_MAX);
    if (result == MN_OK) {
        cut->spared[cut->spared_count++] = vat;
        cut->ledger->places[vat].flags |= VAT_SPARED;
        ledger_flag_links(cut->ledger, vat);
    }
    return result;
}

/* Of those that are to be spared, spare all, or only those hit from outside. */
static mn_result spare_some(struct cut *cut, bool only_hit, size_t *count)
{
    mn_result result = MN_OK;
    *count = 0;
    for (size_t i = 0; result == MN_OK && i < cut->row_count; i++) {
        const struct cut_row *row = &cut->rows[i];
        if (row->to_spare && (!only_hit || hit_from_outside(cut, row))) {
            result = spare_vat(cut, row->vat);
            *count += 1;
        }
    }
    return result;
}

mn_result cut_spare(struct cut *cut, bool *more)
{
    bool any = false;
    bool any_up = false;
    for (size_t i = 0; i < cut->row_count; i++) {
        struct cut_row *row = &cut->rows[i];
        row->to_spare = below_limit(cut, row);
        any = any || row->to_spare;
        any_up = any_up || (row->to_spare && !row->lost);
    }
    *more = any;
    if (!any) {
        return MN_OK;
    }
    for (size_t i = 0; any_up && i < cut->row_count; i++) {
        cut->rows[i].to_spare = cut->rows[i].to_spare && !cut->rows[i].lost;
    }
    size_t count = 0;
    mn_result result = spare_some(cut, true, &count);
    if (result == MN_OK && count == 0) {
        result = spare_some(cut, false, &count);
    }
    return result;
}
