/* Reports in batches. Taking one in is little work and many waits: for the place of each vat that
 * was heard, then for the line of the interval that is found there, then for the block of those of
 * its hearers that the line has no room for. So each of these is asked for some rows before it is
 * needed. What is found on the way only says what to ask for; rows are checked and entered one
 * after the other.
 *
 * Functions that only ask for memory have to be inlined at once, here and wherever there are such:
 * gcc takes them to be without effect and leaves calls to them out. */
#include "ledger_private.h"

/* How many rows ahead each is asked for, and of how many entries a row the blocks are. */
enum { AHEAD_PLACES = 9, AHEAD_LINES = 5, AHEAD_BLOCKS = 2, BLOCK_ENTRIES = 32 };

/* The intervals that were found for the rows whose lines were asked for. */
struct found {
    uint32_t counts[AHEAD_LINES];
    uint32_t intervals[AHEAD_LINES][BLOCK_ENTRIES];
};

static inline __attribute__((always_inline)) void
fetch_places(const struct ledger *ledger, const struct evidence_checkpoint *row)
{
    for (size_t i = 0; i < row->heard_count; i++) {
        if (row->heard[i].vat < ledger->vat_count) {
            __builtin_prefetch(&ledger->places[row->heard[i].vat]);
        }
    }
    if (row->vat < ledger->vat_count) {
        __builtin_prefetch(&ledger->places[row->vat], 1);
    }
}

/* What entering the row itself will look at: the end of its vat's slots and its newest intervals,
 * each of which may lie in two lines. */
static inline __attribute__((always_inline)) void fetch_own(const struct ledger *ledger,
                                                            const struct evidence_checkpoint *row)
{
    if (row->vat >= ledger->vat_count || ledger->places[row->vat].slot_count == 0) {
        return;
    }
    const struct vat_place *place = &ledger->places[row->vat];
    __builtin_prefetch(&place->slots[place->slot_count], 1);
    __builtin_prefetch(&place->slots[place->slot_count - 1], 1);
    for (uint32_t i = 0; i < 2 && i < place->slot_count; i++) {
        const struct interval *interval = &ledger->intervals[place->newest[i].interval];
        __builtin_prefetch(interval, 1);
        __builtin_prefetch(&interval->flags, 1);
    }
}

/* Returns how many intervals were noted in @intervals, which has room for BLOCK_ENTRIES. */
static uint32_t fetch_lines(const struct ledger *ledger, const struct evidence_checkpoint *row,
                            uint32_t *intervals)
{
    uint32_t count = 0;
    for (size_t i = 0; i < row->heard_count; i++) {
        if (row->heard[i].vat >= ledger->vat_count) {
            continue;
        }
        const struct vat_place *place = &ledger->places[row->heard[i].vat];
        uint32_t interval = ledger_find_newest(place, row->heard[i].epoch);
        if (interval != LEDGER_NONE) {
            __builtin_prefetch(&ledger->hearers[interval], 1);
            intervals[count] = interval;
            count += count < BLOCK_ENTRIES - 1 ? 1 : 0;
        } else if (place->slot_count > 0) {
            __builtin_prefetch(&place->slots[place->slot_count], 1);
            __builtin_prefetch(&ledger->links[place->newest[0].interval], 1);
        }
    }
    fetch_own(ledger, row);
    return count;
}

static inline __attribute__((always_inline)) void
fetch_blocks(const struct ledger *ledger, const uint32_t *intervals, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct hearers *hearers = &ledger->hearers[intervals[i]];
        if (hearers->at != 0) {
            __builtin_prefetch(ledger_hearer(ledger, hearers, hearer_count(hearers)), 1);
        }
    }
}

/* Ask for what row number @at will need. */
static inline __attribute__((always_inline)) void fetch_row(const struct ledger *ledger,
                                                            const struct evidence_checkpoint *rows,
                                                            size_t count, size_t at,
                                                            struct found *found)
{
    if (at + AHEAD_PLACES < count) {
        fetch_places(ledger, &rows[at + AHEAD_PLACES]);
    }
    size_t lines = at + AHEAD_LINES;
    if (lines < count) {
        found->counts[lines % AHEAD_LINES] =
            fetch_lines(ledger, &rows[lines], found->intervals[lines % AHEAD_LINES]);
    }
    size_t blocks = (at + AHEAD_BLOCKS) % AHEAD_LINES;
    fetch_blocks(ledger, found->intervals[blocks], found->counts[blocks]);
}

void ledger_fetch_places(const struct ledger *ledger, const uint32_t *vats, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (vats[i] < ledger->vat_count) {
            __builtin_prefetch(&ledger->places[vats[i]], 1);
        }
    }
}

/* Where the first of its hearers has made an interval of a peer's epoch, the others need only that
 * one's hearers. */
void ledger_fetch_open(const struct ledger *ledger, const struct evidence_open *open)
{
    for (size_t i = 0; i < open->heard_count; i++) {
        uint32_t vat = open->heard[i].vat;
        if (vat >= ledger->vat_count) {
            continue;
        }
        const struct vat_place *place = &ledger->places[vat];
        uint32_t interval = ledger_find_newest(place, open->heard[i].epoch);
        if (interval != LEDGER_NONE) {
            __builtin_prefetch(&ledger->hearers[interval], 1);
        } else if (place->slot_count > 0) {
            __builtin_prefetch(&ledger->vats[vat]);
            __builtin_prefetch(&place->slots[place->slot_count], 1);
            __builtin_prefetch(&ledger->links[place->newest[0].interval], 1);
        }
    }
    if (open->vat < ledger->vat_count) {
        const struct vat_place *place = &ledger->places[open->vat];
        __builtin_prefetch(&ledger->vats[open->vat], 1);
        for (uint32_t i = 0; i < 2 && i < place->slot_count; i++) {
            __builtin_prefetch(&place->slots[place->slot_count - 1 - i]);
            __builtin_prefetch(&ledger->intervals[place->newest[i].interval].flags);
        }
    }
}

void ledger_fetch(const struct ledger *ledger, const uint32_t *vats, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (vats[i] < ledger->vat_count) {
            __builtin_prefetch(&ledger->places[vats[i]], 1);
            __builtin_prefetch(&ledger->vats[vats[i]], 1);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (vats[i] < ledger->vat_count && ledger->places[vats[i]].slot_count > 0) {
            const struct vat_place *place = &ledger->places[vats[i]];
            __builtin_prefetch(&place->slots[place->slot_count], 1);
            __builtin_prefetch(&place->slots[place->slot_count - 1], 1);
            /* One that peers heard of, and the newest that was reported below it. */
            __builtin_prefetch(&ledger->intervals[place->newest[0].interval], 1);
            if (place->slot_count > 1) {
                __builtin_prefetch(&ledger->intervals[place->newest[1].interval].flags);
            }
            __builtin_prefetch(&ledger->links[place->newest[0].interval], 1);
            __builtin_prefetch(&ledger->hearers[place->newest[0].interval], 1);
        }
    }
}

mn_result ledger_checkpoints(struct ledger *ledger, const struct evidence_checkpoint *rows,
                             size_t count, size_t *taken)
{
    mn_result result = MN_OK;
    struct found found = {0};
    for (*taken = 0; result == MN_OK && *taken < count;) {
        fetch_row(ledger, rows, count, *taken, &found);
        result = ledger_take_checkpoint(ledger, &rows[*taken], false);
        *taken += result == MN_OK ? 1 : 0;
    }
    return result;
}
