/* Rules 9 and 10: the cut, by going down from everyone's latest candidate.
 *
 * It begins with the vats that cannot run on: all their intervals above their latest candidate are
 * gone and stand in the queue. Whoever heard one of these is taken back below the oldest interval
 * in which it did, and what it loses stands in the queue for the next round; until nothing is left.
 * A demotion is forced by those before it, so what is left is the latest cut.
 *
 * A bit for each interval says that it is gone (or binds nobody, which comes to the same), and most
 * entries end at that bit. Each interval is in the queue once, so each heard entry is looked at
 * once: the time is that of the entries on what is gone, plus the slots of vats that are taken
 * back. Nothing else of the ledger is looked at, and cut_deinit clears the bits along the queue.
 *
 * Rounds are taken whole, so that the steps do not depend on the order of the reports: in a round
 * each vat goes down at most once, by what was gone before the round.
 *
 * When rule 10 spares somebody the cut is taken again from the start. */
#include "cut.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/grow.h"

/* In the queue: the interval's bit was set before and stays; who heard it is not taken back. */
#define QUEUE_BIT_STAYS UINT32_C(0x80000000)
#define QUEUE_MUTE UINT32_C(0x40000000)
#define QUEUE_INTERVAL UINT32_C(0x3fffffff)

enum { QUEUE_AHEAD = 40, STRIKE_BATCH = 16 };

_Static_assert(LEDGER_INTERVAL_COUNT_MAX - 1 <= QUEUE_INTERVAL, "flags fit above an interval");

static void set_gone(struct ledger *ledger, uint32_t interval)
{
    ledger->settled[interval >> 6] |= UINT64_C(1) << (interval & 63);
}

static mn_result reserve_queue(struct cut *cut, size_t count)
{
    return mn_grow(&cut->queue, &cut->queue_capacity, cut->queue_count + count, sizeof *cut->queue,
                   UINT32_MAX);
}

/* The interval in one of the row's slots is gone. There is room in the queue. */
static void drop_interval(struct cut *cut, uint32_t interval, uint32_t mute)
{
    struct ledger *ledger = cut->ledger;
    if (!ledger_settled(ledger, interval)) {
        set_gone(ledger, interval);
        cut->queue[cut->queue_count++] = interval | mute;
    } else if ((ledger->intervals[interval].flags & INTERVAL_DEAD) == 0) {
        cut->queue[cut->queue_count++] = interval | mute | QUEUE_BIT_STAYS;
    }
}

/* The row's slots from @low on are gone. */
static mn_result drop_slots(struct cut *cut, struct cut_row *row, uint32_t low)
{
    const struct slot *slots = cut->ledger->places[row->vat].slots;
    mn_result result = reserve_queue(cut, row->low - low);
    uint32_t mute = row->told_instead ? QUEUE_MUTE : 0;
    while (result == MN_OK && row->low > low) {
        row->low--;
        drop_interval(cut, slots[row->low].interval, mute);
    }
    return result;
}

/* The same from the slot of @interval on, which is below the row's low. */
static mn_result drop_from(struct cut *cut, struct cut_row *row, uint32_t interval)
{
    const struct slot *slots = cut->ledger->places[row->vat].slots;
    mn_result result = reserve_queue(cut, row->low);
    uint32_t mute = row->told_instead ? QUEUE_MUTE : 0;
    uint32_t dropped = LEDGER_NONE;
    while (result == MN_OK && dropped != interval) {
        mn_assert(row->low > 0);
        row->low--;
        dropped = slots[row->low].interval;
        drop_interval(cut, dropped, mute);
    }
    return result;
}

/* The running state of the row's vat is gone. */
static mn_result drop_open(struct cut *cut, const struct cut_row *row)
{
    if ((cut->ledger->places[row->vat].flags & VAT_HAS_OPEN) == 0) {
        return MN_OK;
    }
    uint32_t open = cut->ledger->vats[row->vat].open;
    mn_result result = reserve_queue(cut, 1);
    if (result == MN_OK && !ledger_settled(cut->ledger, open)) {
        set_gone(cut->ledger, open);
        cut->queue[cut->queue_count++] = open | QUEUE_MUTE;
    }
    return result;
}

static mn_result add_cut_row(struct cut *cut, uint32_t vat, struct cut_row **row)
{
    struct vat_place *place = &cut->ledger->places[vat];
    mn_result result = mn_grow(&cut->rows, &cut->row_capacity, cut->row_count + 1,
                               sizeof *cut->rows, EVIDENCE_ROW_COUNT_MAX);
    if (result != MN_OK) {
        return result;
    }
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
    return row != NULL ? MN_OK : add_cut_row(cut, vat, &row);
}

static mn_result visit_lost(struct cut *cut, uint32_t vat)
{
    struct cut_row *row = cut_find(cut, vat);
    mn_result result = row != NULL ? MN_OK : add_cut_row(cut, vat, &row);
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
static void fetch_candidates(const struct cut *cut, size_t i, size_t end)
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

/* Find the rows that begin, and their latest candidates. */
static mn_result find_start(struct cut *cut)
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

static bool unbound(const struct cut *cut, uint32_t vat)
{
    return (cut->ledger->places[vat].flags & (VAT_BE_TOLD | VAT_SPARED)) != 0;
}

/* @interval, which is still kept, heard what is not: its vat goes down at the end of the round. */
static mn_result strike(struct cut *cut, uint32_t interval)
{
    const struct ledger *ledger = cut->ledger;
    uint32_t vat = ledger->owners[interval];
    if (unbound(cut, vat)) {
        return MN_OK;
    }
    struct cut_row *row = cut_find(cut, vat);
    mn_result result = row != NULL ? MN_OK : add_cut_row(cut, vat, &row);
    bool open = false;
    if (result == MN_OK && row->keep == CUT_OPEN &&
        (ledger->places[vat].flags & VAT_HAS_OPEN) != 0) {
        open = (ledger->intervals[interval].flags & INTERVAL_OPEN) != 0;
        result = drop_open(cut, row);
    }
    if (result == MN_OK && row->hit == LEDGER_NONE) {
        result = mn_grow(&cut->hits, &cut->hit_capacity, cut->hit_count + 1, sizeof *cut->hits,
                         EVIDENCE_ROW_COUNT_MAX);
        if (result == MN_OK) {
            cut->hits[cut->hit_count++] = (uint32_t)(row - cut->rows);
        }
    }
    if (result == MN_OK) {
        row->hit = interval;
    }
    return result == MN_OK && !open ? drop_from(cut, row, interval) : result;
}

/* Orphans that stand whatever is lost: on what died at forks that were not told. */
static mn_result strike_standing(struct cut *cut)
{
    const struct ledger *ledger = cut->ledger;
    mn_result result = MN_OK;
    for (size_t i = 0; result == MN_OK && i < ledger->standing.count; i++) {
        uint32_t vat = ledger->standing.items[i];
        const struct vat_place *place = &ledger->places[vat];
        uint32_t oldest = ledger->vats[vat].open;
        for (uint32_t j = place->slot_count; j > 0; j--) {
            uint32_t interval = place->slots[j - 1].interval;
            oldest = ledger->intervals[interval].orphans > 0 ? interval : oldest;
        }
        if (oldest != LEDGER_NONE && ledger->intervals[oldest].orphans > 0 &&
            !ledger_settled(ledger, oldest)) {
            result = strike(cut, oldest);
        }
    }
    return result;
}

/* Strike the intervals of a batch, whose memory is asked for in the order in which it will be
 * needed, so that the waits overlap. */
static mn_result strike_batch(struct cut *cut, const uint32_t *batch, size_t count)
{
    const struct ledger *ledger = cut->ledger;
    mn_result result = MN_OK;
    for (size_t i = 0; i < count; i++) {
        __builtin_prefetch(&ledger->places[ledger->owners[batch[i]]]);
    }
    for (size_t i = 0; i < count; i++) {
        const struct vat_place *place = &ledger->places[ledger->owners[batch[i]]];
        if (place->row != 0) {
            __builtin_prefetch(&cut->rows[place->row - 1], 1);
        } else if (place->slot_count > 0) {
            __builtin_prefetch(&place->slots[place->slot_count - 1]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        const struct vat_place *place = &ledger->places[ledger->owners[batch[i]]];
        if (place->row != 0 && cut->rows[place->row - 1].low > 0) {
            __builtin_prefetch(&place->slots[cut->rows[place->row - 1].low - 1]);
        }
    }
    for (size_t i = 0; result == MN_OK && i < count; i++) {
        if (!ledger_settled(ledger, batch[i])) {
            result = strike(cut, batch[i]);
        }
    }
    return result;
}

/* Those who are to be struck, until there are enough for a batch. */
struct waiting {
    size_t count;
    uint32_t intervals[STRIKE_BATCH];
};

/* Look at some hearers: those who are still there wait to be struck. */
static mn_result look_at(struct cut *cut, struct waiting *waiting, const uint32_t *hearers,
                         uint32_t count)
{
    const struct ledger *ledger = cut->ledger;
    mn_result result = MN_OK;
    cut->touched += count;
    for (uint32_t i = 0; result == MN_OK && i < count; i++) {
        if (ledger_settled(ledger, hearers[i])) {
            continue;
        }
        __builtin_prefetch(&ledger->owners[hearers[i]]);
        waiting->intervals[waiting->count++] = hearers[i];
        if (waiting->count == STRIKE_BATCH) {
            result = strike_batch(cut, waiting->intervals, waiting->count);
            waiting->count = 0;
        }
    }
    return result;
}

/* Look at everybody who heard what stands in the queue from @first to @end. */
static mn_result strike_hearers(struct cut *cut, size_t first, size_t end)
{
    const struct ledger *ledger = cut->ledger;
    struct waiting waiting = {0};
    mn_result result = MN_OK;
    for (size_t i = first; result == MN_OK && i < end; i++) {
        if (i + QUEUE_AHEAD < end) {
            __builtin_prefetch(&ledger->hearers[cut->queue[i + QUEUE_AHEAD] & QUEUE_INTERVAL]);
        }
        if ((cut->queue[i] & QUEUE_MUTE) != 0) {
            continue;
        }
        const struct hearers *hearers = &ledger->hearers[cut->queue[i] & QUEUE_INTERVAL];
        uint32_t count = hearer_count(hearers);
        uint32_t near = count < HEARERS_FIRST ? count : HEARERS_FIRST;
        result = look_at(cut, &waiting, hearers->first, near);
        if (result == MN_OK && count > near) {
            result = look_at(cut, &waiting, ledger->words.words + hearers->at, count - near);
        }
    }
    return result == MN_OK ? strike_batch(cut, waiting.intervals, waiting.count) : result;
}

/* Take back whom the round has hit, below the oldest interval that was hit. */
static mn_result take_back(struct cut *cut)
{
    mn_result result = MN_OK;
    if (cut->by_rounds) {
        result = mn_grow(&cut->steps, &cut->step_capacity, cut->step_count + cut->hit_count,
                         sizeof *cut->steps, UINT32_MAX - 1);
    }
    for (size_t i = 0; result == MN_OK && i < cut->hit_count; i++) {
        struct cut_row *row = &cut->rows[cut->hits[i]];
        uint32_t low = 0;
        result = cut_candidate_below(cut, row->vat, row->low, &row->keep, &low);
        if (result == MN_OK) {
            result = drop_slots(cut, row, low);
        }
        if (cut->by_rounds) {
            cut->steps[cut->step_count++] = (struct cut_step){
                .row = cut->hits[i], .to = row->keep, .hit = row->hit, .round = cut->round};
        }
        row->step = (uint32_t)cut->step_count;
        row->hit = LEDGER_NONE;
    }
    cut->demoted += cut->hit_count;
    cut->hit_count = 0;
    cut->round++;
    return result;
}

/* Go through the queue until nobody is hit any more. Without rounds, whom it hits is taken back
 * only when all of it was gone through: what is below the hit is all that matters till then. */
static mn_result go_down(struct cut *cut, size_t first, size_t end)
{
    mn_result result = MN_OK;
    while (result == MN_OK && (first < end || cut->hit_count > 0)) {
        result = strike_hearers(cut, first, end);
        first = end;
        end = cut->queue_count;
        if (result == MN_OK && (cut->by_rounds || first == end)) {
            result = take_back(cut);
            end = cut->queue_count;
        }
    }
    return result;
}

/* One whole cut, with those spared that are known to be. */
static mn_result take_cut(struct cut *cut)
{
    mn_result result = MN_OK;
    for (size_t i = 0; result == MN_OK && i < cut->start_count; i++) {
        struct cut_row *row = &cut->rows[i];
        row->low = cut->ledger->places[row->vat].slot_count;
        row->keep = row->latest;
        row->step = 0;
        result = drop_open(cut, row);
        if (result == MN_OK) {
            result = drop_slots(cut, row, row->start);
        }
    }
    size_t end = cut->queue_count;
    if (result == MN_OK) {
        result = strike_standing(cut);
    }
    return result == MN_OK ? go_down(cut, 0, end) : result;
}

/* Take the cut back: nobody is gone any more. */
static void clear_cut(struct cut *cut)
{
    struct ledger *ledger = cut->ledger;
    for (size_t i = 0; i < cut->queue_count; i++) {
        uint32_t interval = cut->queue[i] & QUEUE_INTERVAL;
        if ((cut->queue[i] & QUEUE_BIT_STAYS) == 0) {
            ledger->settled[interval >> 6] &= ~(UINT64_C(1) << (interval & 63));
        }
    }
    for (size_t i = cut->start_count; i < cut->row_count; i++) {
        cut_fetch_place(cut, i + 16);
        ledger->places[cut->rows[i].vat].row = 0;
    }
    cut->row_count = cut->start_count;
    cut->queue_count = 0;
    cut->hit_count = 0;
    cut->step_count = 0;
    cut->round = 0;
}

mn_result cut_init(struct cut *cut, struct ledger *ledger, bool with_unknown, bool by_rounds)
{
    *cut = (struct cut){.ledger = ledger, .with_unknown = with_unknown, .by_rounds = by_rounds};
    mn_result result = find_start(cut);
    bool more = false;
    do {
        clear_cut(cut);
        if (result == MN_OK) {
            result = take_cut(cut);
        }
        if (result == MN_OK) {
            result = cut_spare(cut, &more);
        }
    } while (result == MN_OK && more);
    return result;
}

void cut_deinit(struct cut *cut)
{
    if (cut->ledger != NULL) {
        clear_cut(cut);
        cut->start_count = 0;
        for (size_t i = 0; i < cut->row_count; i++) {
            cut->ledger->places[cut->rows[i].vat].row = 0;
        }
        for (size_t i = 0; i < cut->spared_count; i++) {
            cut->ledger->places[cut->spared[i]].flags &= ~(uint32_t)VAT_SPARED;
        }
        cut_unmark_lost(cut);
        cut_forget_judged(cut);
    }
    free(cut->rows);
    free(cut->queue);
    free(cut->hits);
    free(cut->steps);
    free(cut->spared);
    free(cut->judged);
    free(cut->chain);
    *cut = (struct cut){0};
}
