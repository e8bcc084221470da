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
 * back. While the queue is gone through, an interval takes with it those above it along the links
 * alone, which is one line each; whose they are, and where its slots end, is found out once a vat
 * at the end of the round. Nothing else of the ledger is looked at, and cut_deinit clears the bits
 * along the queue.
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

/* How far ahead in the queue lines are asked for, and the blocks that they lead to. */
enum { AHEAD_LINES = 40, AHEAD_BLOCKS = 16, STRIKE_BATCH = 16 };

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

/* @interval, which is still kept, heard what is not: it is gone with everything of its vat above
 * it, and the vat goes down at the end of the round. */
static mn_result strike(struct cut *cut, uint32_t interval)
{
    struct ledger *ledger = cut->ledger;
    if ((ledger->links[interval].newer & LINK_UNBOUND) != 0) {
        return MN_OK;
    }
    mn_result result = mn_grow(&cut->struck, &cut->struck_capacity, cut->struck_count + 1,
                               sizeof *cut->struck, LEDGER_INTERVAL_COUNT_MAX);
    if (result != MN_OK) {
        return result;
    }
    cut->struck[cut->struck_count++] = interval;
    do {
        uint32_t newer = ledger->links[interval].newer;
        if (cut->queue_count == cut->queue_capacity) {
            result = reserve_queue(cut, 1);
            if (result != MN_OK) {
                return result;
            }
        }
        set_gone(ledger, interval);
        cut->queue[cut->queue_count++] = interval | (newer & QUEUE_MUTE);
        interval = newer & LINK_INTERVAL;
    } while (interval != LINK_INTERVAL && !ledger_settled(ledger, interval));
    return MN_OK;
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

static mn_result strike_batch(struct cut *cut, const uint32_t *batch, size_t count)
{
    mn_result result = MN_OK;
    for (size_t i = 0; result == MN_OK && i < count; i++) {
        if (!ledger_settled(cut->ledger, batch[i])) {
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
        __builtin_prefetch(&ledger->links[hearers[i]]);
        waiting->intervals[waiting->count++] = hearers[i];
        if (waiting->count == STRIKE_BATCH) {
            result = strike_batch(cut, waiting->intervals, waiting->count);
            waiting->count = 0;
        }
    }
    return result;
}

/* Ask for who heard what stands in the queue after number @i. */
static inline __attribute__((always_inline)) void fetch_queued(const struct cut *cut, size_t i,
                                                               size_t end)
{
    const struct ledger *ledger = cut->ledger;
    if (i + AHEAD_LINES < end) {
        __builtin_prefetch(&ledger->hearers[cut->queue[i + AHEAD_LINES] & QUEUE_INTERVAL]);
    }
    if (i + AHEAD_BLOCKS < end) {
        const struct hearers *hearers =
            &ledger->hearers[cut->queue[i + AHEAD_BLOCKS] & QUEUE_INTERVAL];
        if (hearers->at != 0) {
            __builtin_prefetch(ledger->words.words + hearers->at);
        }
    }
}

/* Look at everybody who heard what stands in the queue from @first to @end. */
static mn_result strike_hearers(struct cut *cut, size_t first, size_t end)
{
    const struct ledger *ledger = cut->ledger;
    struct waiting waiting = {0};
    mn_result result = MN_OK;
    for (size_t i = first; result == MN_OK && i < end; i++) {
        fetch_queued(cut, i, end);
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

/* Ask for what taking back the hits after number @i will need. */
static inline __attribute__((always_inline)) void fetch_slots(const struct cut *cut, size_t i)
{
    const struct ledger *ledger = cut->ledger;
    if (i + 24 < cut->hit_count) {
        __builtin_prefetch(&ledger->places[cut->rows[cut->hits[i + 24]].vat]);
    }
    if (i + 16 < cut->hit_count) {
        const struct cut_row *row = &cut->rows[cut->hits[i + 16]];
        const struct slot *slots = ledger->places[row->vat].slots;
        __builtin_prefetch(slots);
        __builtin_prefetch(slots + row->low);
    }
    if (i + 8 < cut->hit_count) {
        const struct cut_row *row = &cut->rows[cut->hits[i + 8]];
        const struct slot *slots = ledger->places[row->vat].slots;
        if (row->low > 0) {
            __builtin_prefetch(&ledger->intervals[slots[0].interval]);
        }
    }
}

/* Give the row the hit that is the older one of @interval and what it has. What is struck later is
 * older, but for open intervals, which are struck as they come. */
static mn_result note_hit(struct cut *cut, uint32_t interval)
{
    const struct ledger *ledger = cut->ledger;
    uint32_t vat = ledger->links[interval].vat;
    struct cut_row *row = cut_find(cut, vat);
    mn_result result = row != NULL ? MN_OK : cut_add_row(cut, vat, &row);
    bool open = result == MN_OK && (ledger->places[vat].flags & VAT_HAS_OPEN) != 0 &&
                ledger->vats[vat].open == interval;
    if (result != MN_OK || (open && (row->keep != CUT_OPEN || row->hit != LEDGER_NONE))) {
        return result;
    }
    if (row->hit == LEDGER_NONE) {
        result = mn_grow(&cut->hits, &cut->hit_capacity, cut->hit_count + 1, sizeof *cut->hits,
                         EVIDENCE_ROW_COUNT_MAX);
        if (result != MN_OK) {
            return result;
        }
        cut->hits[cut->hit_count++] = (uint32_t)(row - cut->rows);
    }
    row->hit = interval;
    return MN_OK;
}

/* Find out whom the round has hit, and where. */
static mn_result note_hits(struct cut *cut)
{
    const struct ledger *ledger = cut->ledger;
    mn_result result = MN_OK;
    for (size_t i = 0; result == MN_OK && i < cut->struck_count; i++) {
        if (i + 32 < cut->struck_count) {
            __builtin_prefetch(&ledger->links[cut->struck[i + 32]]);
        }
        if (i + 16 < cut->struck_count) {
            __builtin_prefetch(&ledger->places[ledger->links[cut->struck[i + 16]].vat], 1);
        }
        if (i + 8 < cut->struck_count) {
            __builtin_prefetch(cut_find(cut, ledger->links[cut->struck[i + 8]].vat), 1);
        }
        result = note_hit(cut, cut->struck[i]);
    }
    cut->struck_count = 0;
    return result;
}

/* Lower the row to its hit: what is above it, with the running state, is gone already. */
static mn_result lower_to_hit(struct cut *cut, struct cut_row *row)
{
    const struct vat_place *place = &cut->ledger->places[row->vat];
    mn_result result = row->keep == CUT_OPEN ? drop_open(cut, row) : MN_OK;
    bool open = (place->flags & VAT_HAS_OPEN) != 0 && cut->ledger->vats[row->vat].open == row->hit;
    uint32_t passed = LEDGER_NONE;
    while (!open && passed != row->hit) {
        mn_assert(row->low > 0);
        row->low--;
        passed = place->slots[row->low].interval;
    }
    return result;
}

/* Take back whom the round has hit, below the oldest interval that was hit. */
static mn_result take_back(struct cut *cut)
{
    mn_result result = note_hits(cut);
    if (result == MN_OK && cut->by_rounds) {
        result = mn_grow(&cut->steps, &cut->step_capacity, cut->step_count + cut->hit_count,
                         sizeof *cut->steps, UINT32_MAX - 1);
    }
    for (size_t i = 0; result == MN_OK && i < cut->hit_count; i++) {
        fetch_slots(cut, i);
        struct cut_row *row = &cut->rows[cut->hits[i]];
        uint32_t low = 0;
        result = lower_to_hit(cut, row);
        if (result == MN_OK) {
            result = cut_candidate_below(cut, row->vat, row->low, &row->keep, &low);
        }
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
    while (result == MN_OK && (first < end || cut->struck_count > 0)) {
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
    cut->struck_count = 0;
    cut->hit_count = 0;
    cut->step_count = 0;
    cut->round = 0;
}

mn_result cut_init(struct cut *cut, struct ledger *ledger, bool with_unknown, bool by_rounds)
{
    *cut = (struct cut){.ledger = ledger, .with_unknown = with_unknown, .by_rounds = by_rounds};
    mn_result result = cut_find_start(cut);
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
            ledger_flag_links(cut->ledger, cut->spared[i]);
        }
        cut_unmark_lost(cut);
        cut_forget_judged(cut);
    }
    free(cut->rows);
    free(cut->queue);
    free(cut->struck);
    free(cut->hits);
    free(cut->steps);
    free(cut->spared);
    free(cut->judged);
    free(cut->chain);
    *cut = (struct cut){0};
}
