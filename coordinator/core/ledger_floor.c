/* What leaves the ledger: what is below the floors. */
#include "base/grow.h"
#include "ledger_private.h"

/* What is free now, and what there was to free, so that a difference tells what was freed. */
static struct ledger_freed count_free(const struct ledger *ledger)
{
    return (struct ledger_freed){.checkpoint_count = ledger->checkpoint_count,
                                 .heard_count = ledger->heard_count,
                                 .byte_count =
                                     ledger->words.free_count * sizeof(uint32_t) +
                                     ledger->free_interval_count *
                                         (sizeof(struct interval) + sizeof(struct hearers))};
}

static void add_freed(const struct ledger *ledger, const struct ledger_freed *before,
                      struct ledger_freed *freed)
{
    struct ledger_freed now = count_free(ledger);
    if (freed != NULL) {
        freed->checkpoint_count += before->checkpoint_count - now.checkpoint_count;
        freed->heard_count += before->heard_count - now.heard_count;
        freed->byte_count +=
            now.byte_count > before->byte_count ? now.byte_count - before->byte_count : 0;
    }
}

static bool needed_for_chain(const struct ledger *ledger, uint32_t interval)
{
    return (ledger->seen[interval >> 6] >> (interval & 63) & 1) != 0;
}

/* Note the checkpoints that the forms of a kept one apply onto. */
static void need_bases(struct ledger *ledger, uint32_t interval)
{
    const struct interval *row = &ledger->intervals[interval];
    for (uint32_t at = row->forms; at != 0; at = ledger_form(ledger, at)[FORM_NEXT]) {
        const uint32_t *form = ledger_form(ledger, at);
        uint32_t base = form_is_diff(form) ? ledger_find_listed(ledger, row->vat, form_onto(form))
                                           : LEDGER_NONE;
        if (base != LEDGER_NONE) {
            ledger->seen[base >> 6] |= UINT64_C(1) << (base & 63);
        }
    }
}

/* Whether the row of a live checkpoint below the floor stays: a chain stands on it, or there are
 * copies of it. Whoever was to delete these may not have heard of it, and when everything above is
 * lost they are what is left. The row goes when they are reported gone. */
static bool stays_below(struct ledger *ledger, uint32_t interval, bool needed)
{
    ledger_purge_forms(ledger, interval);
    return needed || ledger->intervals[interval].forms != 0;
}

/* From the newest slot down, so that whoever stands on a checkpoint was met before it. */
static void drop_below(struct ledger *ledger, uint32_t vat, mn_epoch floor)
{
    const struct vat_place *place = &ledger->places[vat];
    for (uint32_t i = place->slot_count; i > 0; i--) {
        uint32_t interval = place->slots[i - 1].interval;
        const struct interval *row = &ledger->intervals[interval];
        bool needed = needed_for_chain(ledger, interval);
        ledger->seen[interval >> 6] &= ~(UINT64_C(1) << (interval & 63));
        if ((row->flags & INTERVAL_LISTED) == 0) {
            continue;
        }
        bool stays = (row->flags & INTERVAL_DEAD) == 0 &&
                     (row->epoch >= floor || stays_below(ledger, interval, needed));
        if (stays) {
            need_bases(ledger, interval);
        }
        if (row->epoch < floor && !stays) {
            (void)ledger_unlist(ledger, interval);
        } else if (row->epoch <= floor) {
            (void)ledger_unhear(ledger, interval, NULL, NULL);
        }
    }
    uint32_t open = ledger->vats[vat].open;
    if (open != LEDGER_NONE && ledger->intervals[open].epoch <= floor) {
        (void)ledger_unhear(ledger, open, NULL, NULL);
    }
}

/* The vat's floor is a given one, or higher, from now on: what is not above it binds nobody. */
static void judge_up_to_floor(struct ledger *ledger, uint32_t vat)
{
    const struct vat_place *place = &ledger->places[vat];
    mn_epoch floor = ledger->vats[vat].floor;
    for (uint32_t i = 0; i < place->slot_count && slot_epoch(&place->slots[i]) <= floor; i++) {
        ledger_judge(ledger, place->slots[i].interval);
    }
    if (ledger->vats[vat].open != LEDGER_NONE) {
        ledger_judge(ledger, ledger->vats[vat].open);
    }
}

bool ledger_floor_joins(const struct ledger *ledger, uint32_t vat, mn_epoch floor)
{
    const struct vat_place *place = &ledger->places[vat];
    for (uint32_t i = 0; i < place->slot_count; i++) {
        const struct interval *row = &ledger->intervals[place->slots[i].interval];
        if (interval_live_row(row) && row->since <= floor) {
            return true;
        }
    }
    uint32_t open = ledger->vats[vat].open;
    return open != LEDGER_NONE && ledger->intervals[open].since <= floor;
}

mn_result ledger_set_floor(struct ledger *ledger, uint32_t vat, mn_epoch floor,
                           struct ledger_freed *freed)
{
    if (vat >= ledger->vat_count || floor < 0 || floor > MN_EPOCH_MAX) {
        return MN_BAD_INPUT;
    }
    struct vat_place *place = &ledger->places[vat];
    bool known = (place->flags & VAT_HAS_FLOOR) != 0;
    if (known && floor <= ledger->vats[vat].floor) {
        return MN_OK;
    }
    struct ledger_freed before = count_free(ledger);
    ledger_renew(ledger, vat);
    drop_below(ledger, vat, floor);
    place->flags |= VAT_HAS_FLOOR;
    ledger->vats[vat].floor = floor;
    judge_up_to_floor(ledger, vat);
    ledger_cover(ledger, vat, 0);
    ledger_forget_settled(ledger, vat);
    add_freed(ledger, &before, freed);
    return MN_OK;
}
