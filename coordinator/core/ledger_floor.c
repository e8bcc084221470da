/* What leaves the ledger: what is below the floors, and what exists nowhere any more. */
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
    for (uint32_t i = ledger_position(ledger, vat, floor); i < place->slot_count; i++) {
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

/* The next live listed checkpoint above @row, or the open interval if that is live and above; or
 * LEDGER_NONE. */
static uint32_t next_live(const struct ledger *ledger, const struct interval *row)
{
    const struct vat_place *place = &ledger->places[row->vat];
    for (uint32_t i = ledger_position(ledger, row->vat, row->epoch + 1); i < place->slot_count;
         i++) {
        if (interval_live_row(&ledger->intervals[place->slots[i].interval])) {
            return place->slots[i].interval;
        }
    }
    uint32_t open = ledger->vats[row->vat].open;
    bool above = open != LEDGER_NONE && (ledger->intervals[open].flags & INTERVAL_DEAD) == 0 &&
                 ledger->intervals[open].epoch > row->epoch;
    return above ? open : LEDGER_NONE;
}

/* @next holds what @row heard from now on. Whoever else began after @row begins after @next, which
 * is no less than it has heard. */
static void lower_since(struct ledger *ledger, const struct interval *row, uint32_t next)
{
    const struct vat_place *place = &ledger->places[row->vat];
    struct interval *into = &ledger->intervals[next];
    if (into->since == row->epoch || into->since == LEDGER_NO_SINCE) {
        into->since = row->since;
    } else if (into->since > row->epoch) {
        /* Between the two a report is missing. It stays missing if @row was the first. */
        ledger->places[row->vat].flags |= VAT_HAS_FLOOR;
        judge_up_to_floor(ledger, row->vat);
    }
    for (uint32_t i = ledger_position(ledger, row->vat, into->epoch + 1); i < place->slot_count;
         i++) {
        struct interval *later = &ledger->intervals[place->slots[i].interval];
        later->since = later->since == row->epoch ? into->epoch : later->since;
    }
    uint32_t open = ledger->vats[row->vat].open;
    if (open != LEDGER_NONE && open != next && ledger->intervals[open].since == row->epoch) {
        ledger->intervals[open].since = into->epoch;
    }
}

/* Let @next have heard what @interval heard. */
static mn_result fold_heard(struct ledger *ledger, uint32_t interval, uint32_t next)
{
    const struct interval *row = &ledger->intervals[interval];
    size_t count = row->heard_count;
    mn_result result = mn_grow(&ledger->scratch, &ledger->scratch_capacity, count,
                               sizeof *ledger->scratch, EVIDENCE_ROW_COUNT_MAX);
    if (result != MN_OK) {
        return result;
    }
    for (size_t i = 0; i < count; i++) {
        ledger->scratch[i] = ledger->words.words[row->heard + i];
    }
    result = ledger_words_reserve(&ledger->words, ledger_heard_words(ledger, next, count));
    if (result == MN_OK) {
        ledger_hear(ledger, next, count);
    }
    return result;
}

mn_result ledger_drop_checkpoint(struct ledger *ledger, uint32_t vat, mn_epoch epoch,
                                 struct ledger_freed *freed)
{
    if (vat >= ledger->vat_count) {
        return MN_BAD_INPUT;
    }
    uint32_t interval = ledger_find_listed(ledger, vat, epoch);
    if (interval == LEDGER_NONE) {
        return MN_NOT_FOUND;
    }
    struct interval *row = &ledger->intervals[interval];
    struct ledger_freed before = count_free(ledger);
    ledger_renew(ledger, vat);
    bool live = (row->flags & INTERVAL_DEAD) == 0;
    uint32_t next = next_live(ledger, row);
    if (live && next == LEDGER_NONE) {
        ledger_free_forms(ledger, interval);
        row->flags &= ~(uint32_t)INTERVAL_LOST;
        add_freed(ledger, &before, freed);
        return MN_OK;
    }
    if (live) {
        mn_result result =
            ledger_settled(ledger, interval) ? MN_OK : fold_heard(ledger, interval, next);
        if (result != MN_OK) {
            return result;
        }
        lower_since(ledger, row, next);
    }
    (void)ledger_unlist(ledger, interval);
    ledger_cover(ledger, vat, 0);
    add_freed(ledger, &before, freed);
    return MN_OK;
}
