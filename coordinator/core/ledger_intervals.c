/* Intervals: found, made, forgotten, and judged live or dead. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/grow.h"
#include "ledger_private.h"

enum { SLOTS_FIRST = 6 }; /* the room that a vat's slots begin with; it doubles */

const struct evidence_lineage *ledger_death(const struct ledger *ledger, uint32_t vat,
                                            mn_epoch epoch)
{
    if ((ledger->places[vat].flags & VAT_HAS_LINEAGE) == 0) {
        return NULL;
    }
    const struct vat *row = &ledger->vats[vat];
    size_t low = 0;
    size_t high = row->lineage_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (row->lineage[middle].next > epoch) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    for (; low < row->lineage_count; low++) {
        if (row->lineage[low].after < epoch) {
            return &row->lineage[low];
        }
    }
    return NULL;
}

uint32_t ledger_position(const struct ledger *ledger, uint32_t vat, mn_epoch epoch)
{
    const struct vat_place *place = &ledger->places[vat];
    uint32_t high = place->slot_count;
    for (uint32_t i = 0; i < PLACE_NEWEST && i < place->slot_count; i++, high--) {
        if (slot_epoch(&place->newest[i]) < epoch) {
            return high;
        }
    }
    /* Most of what is asked for is new: steps that double, from the newest down, then halving. */
    uint32_t step = 1;
    while (high > 0 && slot_epoch(&place->slots[high - 1]) >= epoch) {
        if (high <= step || slot_epoch(&place->slots[high - step]) < epoch) {
            break;
        }
        high -= step;
        step *= 2;
    }
    uint32_t low = high > step ? high - step : 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (slot_epoch(&place->slots[middle]) < epoch) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

uint32_t ledger_find(const struct ledger *ledger, uint32_t vat, mn_epoch epoch)
{
    const struct vat_place *place = &ledger->places[vat];
    uint32_t interval = ledger_find_newest(place, epoch);
    if (interval != LEDGER_NONE) {
        return interval;
    }
    uint32_t position = ledger_position(ledger, vat, epoch);
    bool found = position < place->slot_count && slot_epoch(&place->slots[position]) == epoch;
    return found ? place->slots[position].interval : LEDGER_NONE;
}

uint32_t ledger_find_listed(const struct ledger *ledger, uint32_t vat, mn_epoch epoch)
{
    uint32_t interval = ledger_find(ledger, vat, epoch);
    bool listed =
        interval != LEDGER_NONE && (ledger->intervals[interval].flags & INTERVAL_LISTED) != 0;
    return listed ? interval : LEDGER_NONE;
}

/* Grow one of the tables that are in step, its new part zeroed when @zero. */
static mn_result grow_step(void *items, size_t *capacity, size_t count, size_t size, bool zero)
{
    size_t before = *capacity;
    if (count <= before) {
        return MN_OK;
    }
    mn_result result = mn_grow(items, capacity, count, size, count);
    if (result == MN_OK && zero) {
        unsigned char *bytes = NULL;
        memcpy(&bytes, items, sizeof bytes);
        memset(bytes + before * size, 0, (*capacity - before) * size);
    }
    return result;
}

/* Make room for @room intervals in all tables that go by them. */
static mn_result grow_intervals(struct ledger *ledger, size_t room)
{
    const struct {
        uint64_t **bits;
        size_t *capacity;
    } sets[] = {{&ledger->settled, &ledger->settled_capacity},
                {&ledger->live_rows, &ledger->live_row_capacity},
                {&ledger->judged, &ledger->judged_capacity},
                {&ledger->restorable, &ledger->restorable_capacity},
                {&ledger->seen, &ledger->seen_capacity}};
    mn_result result = grow_step(&ledger->intervals, &ledger->interval_capacity, room,
                                 sizeof *ledger->intervals, false);
    if (result == MN_OK) {
        result = ledger_lines_reserve(&ledger->hearers_lines, &ledger->hearers, room);
    }
    if (result == MN_OK) {
        result =
            grow_step(&ledger->links, &ledger->link_capacity, room, sizeof *ledger->links, false);
    }
    for (size_t i = 0; result == MN_OK && i < sizeof sets / sizeof *sets; i++) {
        result = grow_step(sets[i].bits, sets[i].capacity, room / 64 + 1, sizeof(uint64_t), true);
    }
    return result;
}

mn_result ledger_reserve_intervals(struct ledger *ledger, size_t count)
{
    size_t spare = ledger->free_interval_count;
    size_t wanted = ledger->interval_count + (count > spare ? count - spare : 0);
    if (wanted <= ledger->interval_room) {
        return MN_OK;
    }
    if (count > LEDGER_INTERVAL_COUNT_MAX || wanted > LEDGER_INTERVAL_COUNT_MAX) {
        return MN_FULL;
    }
    /* An eighth more at a time: doubling would leave up to half of the largest tables unused. */
    size_t room = wanted + ledger->interval_count / 8;
    mn_result result = grow_intervals(ledger, room);
    if (result == MN_OK) {
        ledger->interval_room = room;
    }
    return result;
}

void ledger_expect_intervals(struct ledger *ledger, size_t first, size_t count)
{
    if (ledger_reserve_intervals(ledger, first + count) != MN_OK) {
        return; /* whoever makes them says so */
    }
    size_t spare = ledger->free_interval_count;
    size_t from = ledger->interval_count + (first > spare ? first - spare : 0);
    size_t end = ledger->interval_count + (first + count > spare ? first + count - spare : 0);
    if (from < end) {
        memset(&ledger->intervals[from], 0, (end - from) * sizeof *ledger->intervals);
        memset(&ledger->hearers[from], 0, (end - from) * sizeof *ledger->hearers);
        memset(&ledger->links[from], 0, (end - from) * sizeof *ledger->links);
    }
}

static void set_bit(uint64_t *bits, uint32_t interval, bool set)
{
    uint64_t bit = UINT64_C(1) << (interval & 63);
    if (set) {
        bits[interval >> 6] |= bit;
    } else {
        bits[interval >> 6] &= ~bit;
    }
}

void ledger_note_row(struct ledger *ledger, uint32_t interval)
{
    set_bit(ledger->live_rows, interval, interval_live_row(&ledger->intervals[interval]));
}

/* Whether what was heard in @epoch of @vat is settled, or dead by @death. */
static bool binds_nobody(const struct ledger *ledger, uint32_t vat, mn_epoch epoch,
                         const struct evidence_lineage *death)
{
    return death != NULL ||
           ((ledger->places[vat].flags & VAT_HAS_FLOOR) != 0 && epoch <= ledger->vats[vat].floor);
}

static uint32_t link_flags(const struct vat_place *place)
{
    return ((place->flags & (VAT_BE_TOLD | VAT_SPARED)) != 0 ? LINK_UNBOUND : 0) |
           ((place->flags & VAT_TELL) != 0 ? LINK_MUTE : 0);
}

void ledger_flag_links(struct ledger *ledger, uint32_t vat)
{
    const struct vat_place *place = &ledger->places[vat];
    uint32_t flags = link_flags(place);
    for (uint32_t i = 0; i < place->slot_count; i++) {
        struct link *link = &ledger->links[place->slots[i].interval];
        link->newer = (link->newer & LINK_INTERVAL) | flags;
    }
    if (ledger->vats[vat].open != LEDGER_NONE) {
        ledger->links[ledger->vats[vat].open].newer = LINK_INTERVAL | flags;
    }
}

/* Of the slot, from the place if it stands there. */
static uint32_t slot_interval(const struct vat_place *place, uint32_t slot)
{
    uint32_t from_end = place->slot_count - 1 - slot;
    return from_end < PLACE_NEWEST ? place->newest[from_end].interval : place->slots[slot].interval;
}

static bool slot_dead(const struct ledger *ledger, const struct vat_place *place, uint32_t slot)
{
    return (place->flags & VAT_HAS_LINEAGE) != 0 &&
           (ledger->intervals[slot_interval(place, slot)].flags & INTERVAL_DEAD) != 0;
}

/* Link the slots below @end to what is above them, down to the first that is live. */
static void relink(struct ledger *ledger, const struct vat_place *place, uint32_t end)
{
    uint32_t flags = link_flags(place);
    uint32_t newer = LINK_INTERVAL;
    if (end < place->slot_count) {
        uint32_t above = slot_interval(place, end);
        newer = slot_dead(ledger, place, end) ? ledger->links[above].newer & LINK_INTERVAL : above;
    }
    for (bool live = false; end > 0 && !live; end--) {
        struct link *link = &ledger->links[slot_interval(place, end - 1)];
        link->newer = newer | flags;
        live = !slot_dead(ledger, place, end - 1);
    }
}

/* Ask for the lines of an interval that is to be made soon. */
static inline __attribute__((always_inline)) void fetch_to_make(const struct ledger *ledger,
                                                                size_t interval)
{
    __builtin_prefetch(&ledger->intervals[interval], 1);
    __builtin_prefetch(&ledger->intervals[interval].flags, 1);
    __builtin_prefetch(&ledger->hearers[interval], 1);
    __builtin_prefetch(&ledger->links[interval], 1);
}

/* The number of one that is free, or was never used. */
static uint32_t take_interval(struct ledger *ledger)
{
    uint32_t made = ledger->free_interval;
    if (made == 0) {
        mn_assert(ledger->interval_count < ledger->interval_room);
        return (uint32_t)ledger->interval_count++;
    }
    made--;
    ledger->free_interval = ledger->intervals[made].forms;
    ledger->free_interval_count--;
    if (ledger->free_interval != 0) {
        fetch_to_make(ledger, ledger->free_interval - 1);
    }
    return made;
}

static uint32_t make_interval(struct ledger *ledger, uint32_t vat, mn_epoch epoch)
{
    uint32_t made = take_interval(ledger);
    const struct evidence_lineage *death = ledger_death(ledger, vat, epoch);
    uint32_t flags = death == NULL ? 0 : INTERVAL_DEAD | (death->told ? INTERVAL_DEAD_TOLD : 0);
    ledger->intervals[made] =
        (struct interval){.epoch = epoch, .since = LEDGER_NO_SINCE, .vat = vat, .flags = flags};
    ledger->hearers[made] = (struct hearers){.count = flags == INTERVAL_DEAD ? HEARERS_ORPHAN : 0};
    ledger->links[made] =
        (struct link){.vat = vat, .newer = LINK_INTERVAL | link_flags(&ledger->places[vat])};
    set_bit(ledger->settled, made, binds_nobody(ledger, vat, epoch, death));
    return made;
}

static void free_interval(struct ledger *ledger, uint32_t interval)
{
    ledger->intervals[interval].flags = INTERVAL_FREE;
    ledger->intervals[interval].forms = ledger->free_interval;
    ledger->hearers[interval] = (struct hearers){0};
    ledger->free_interval = interval + 1;
    ledger->free_interval_count++;
}

static mn_result widen_slots(struct ledger *ledger, struct vat_place *place)
{
    if (place->slot_count < place->slot_capacity) {
        return MN_OK;
    }
    uint32_t capacity = place->slot_capacity == 0 ? SLOTS_FIRST : place->slot_capacity * 2;
    struct slot *slots = realloc(place->slots, capacity * sizeof *slots);
    if (slots == NULL) {
        return MN_NO_MEMORY;
    }
    ledger->slot_bytes += (capacity - place->slot_capacity) * sizeof *slots;
    place->slots = slots;
    place->slot_capacity = capacity;
    return MN_OK;
}

static void copy_newest(struct vat_place *place)
{
    for (uint32_t i = 0; i < PLACE_NEWEST; i++) {
        place->newest[i] = i < place->slot_count ? place->slots[place->slot_count - 1 - i]
                                                 : (struct slot){.interval = LEDGER_NONE};
    }
}

mn_result ledger_obtain(struct ledger *ledger, uint32_t vat, mn_epoch epoch, uint32_t *interval)
{
    struct vat_place *place = &ledger->places[vat];
    *interval = ledger_find_newest(place, epoch);
    if (*interval != LEDGER_NONE) {
        return MN_OK;
    }
    uint32_t position = ledger_position(ledger, vat, epoch);
    if (position < place->slot_count && slot_epoch(&place->slots[position]) == epoch) {
        *interval = place->slots[position].interval;
        return MN_OK;
    }
    mn_result result = widen_slots(ledger, place);
    if (result != MN_OK) {
        return result;
    }
    *interval = make_interval(ledger, vat, epoch);
    struct slot *slot = &place->slots[position];
    memmove(slot + 1, slot, (place->slot_count - position) * sizeof *slot);
    *slot = (struct slot){.epoch_low = (uint32_t)epoch,
                          .epoch_high = (uint32_t)((uint64_t)epoch >> 32),
                          .interval = *interval};
    place->slot_count++;
    if (position + 1 == place->slot_count) {
        memmove(place->newest + 1, place->newest, (PLACE_NEWEST - 1) * sizeof *place->newest);
        place->newest[0] = *slot;
    } else {
        copy_newest(place);
        relink(ledger, place, position + 1);
    }
    relink(ledger, place, position);
    return MN_OK;
}

uint32_t ledger_obtain_open(struct ledger *ledger, uint32_t vat, mn_epoch epoch)
{
    uint32_t interval = make_interval(ledger, vat, epoch);
    ledger->intervals[interval].flags |= INTERVAL_OPEN;
    return interval;
}

/* Take the interval out of its vat's slots, and give back room that has become too large. */
static void remove_slot(struct ledger *ledger, const struct interval *row)
{
    struct vat_place *place = &ledger->places[row->vat];
    uint32_t position = ledger_position(ledger, row->vat, row->epoch);
    struct slot *slot = &place->slots[position];
    place->slot_count--;
    memmove(slot, slot + 1, (place->slot_count - position) * sizeof *slot);
    copy_newest(place);
    relink(ledger, place, position);
    if (place->slot_capacity > 8 && place->slot_count < place->slot_capacity / 4) {
        uint32_t capacity = place->slot_capacity / 2;
        struct slot *slots = realloc(place->slots, capacity * sizeof *slots);
        if (slots != NULL) {
            ledger->slot_bytes -= (place->slot_capacity - capacity) * sizeof *slots;
            place->slots = slots;
            place->slot_capacity = capacity;
        }
    }
}

void ledger_release(struct ledger *ledger, uint32_t interval)
{
    const struct interval *row = &ledger->intervals[interval];
    if ((row->flags & (INTERVAL_LISTED | INTERVAL_OPEN | INTERVAL_FREE)) != 0 ||
        hearer_count(&ledger->hearers[interval]) > 0) {
        return;
    }
    remove_slot(ledger, row);
    free_interval(ledger, interval);
}

void ledger_release_open(struct ledger *ledger, uint32_t interval)
{
    free_interval(ledger, interval);
}

void ledger_judge(struct ledger *ledger, uint32_t interval)
{
    struct interval *row = &ledger->intervals[interval];
    const struct evidence_lineage *death = ledger_death(ledger, row->vat, row->epoch);
    bool settled = binds_nobody(ledger, row->vat, row->epoch, death);
    bool orphan = death != NULL && !death->told;
    ledger_discount(ledger, interval);
    row->flags &= ~(uint32_t)(INTERVAL_DEAD | INTERVAL_DEAD_TOLD);
    row->flags |= death == NULL ? 0 : INTERVAL_DEAD | (death->told ? INTERVAL_DEAD_TOLD : 0);
    if ((row->flags & INTERVAL_OPEN) == 0) {
        relink(ledger, &ledger->places[row->vat], ledger_position(ledger, row->vat, row->epoch));
    }
    set_bit(ledger->settled, interval, settled);
    ledger_note_row(ledger, interval);
    ledger_count_orphans(ledger, interval);
    ledger_set_orphan(ledger, interval, orphan);
}
