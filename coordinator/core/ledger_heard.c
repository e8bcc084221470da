/* Heard entries, kept from both sides: what an interval heard, and who heard it. */
#include <string.h>

#include "base/check.h"
#include "base/grow.h"
#include "ledger_private.h"

enum { HEARD_FEW = 24 }; /* up to this many, comparing each with each is quickest */

/* How many words a block for @count hearers, without the first ones, has: one that grows with every
 * fourth, then by half. */
static uint32_t hearers_room(uint32_t count)
{
    if (count <= 16) {
        return (count + 3) & ~UINT32_C(3);
    }
    uint32_t room = 16;
    while (room < count) {
        if (room + room / 2 >= count) {
            return room + room / 2;
        }
        room *= 2;
    }
    return room;
}

/* Whether one hearer more, after @count, needs another block. */
static bool hearers_full(uint32_t count)
{
    if (count < HEARERS_FIRST) {
        return false;
    }
    count -= HEARERS_FIRST;
    return count <= 16 ? (count & 3) == 0 : hearers_room(count) == count;
}

static bool take_seen(struct ledger *ledger, uint32_t interval)
{
    uint64_t bit = UINT64_C(1) << (interval & 63);
    uint64_t *word = &ledger->seen[interval >> 6];
    bool was = (*word & bit) != 0;
    *word |= bit;
    return was;
}

static void clear_seen(struct ledger *ledger, const uint32_t *intervals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ledger->seen[intervals[i] >> 6] &= ~(UINT64_C(1) << (intervals[i] & 63));
    }
}

/* Leave each interval in scratch once, and none of the @known ones. Returns how many are left. */
static size_t each_once(struct ledger *ledger, size_t count, const uint32_t *known,
                        size_t known_count)
{
    uint32_t *list = ledger->scratch;
    size_t kept = 0;
    if (count + known_count <= HEARD_FEW) {
        for (size_t i = 0; i < count; i++) {
            bool twice = false;
            for (size_t j = 0; j < kept; j++) {
                twice = twice || list[j] == list[i];
            }
            for (size_t j = 0; j < known_count; j++) {
                twice = twice || known[j] == list[i];
            }
            list[kept] = list[i];
            kept += twice ? 0 : 1;
        }
        return kept;
    }
    for (size_t i = 0; i < known_count; i++) {
        (void)take_seen(ledger, known[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (!take_seen(ledger, list[i])) {
            list[kept++] = list[i];
        }
    }
    clear_seen(ledger, list, kept);
    clear_seen(ledger, known, known_count);
    return kept;
}

/* Whether the vat and epoch exist that @heard names. */
static bool heard_valid(const struct ledger *ledger, const struct evidence_heard *heard)
{
    return heard->vat < ledger->vat_count && heard->epoch >= 1 && heard->epoch <= MN_EPOCH_MAX;
}

bool ledger_heard_valid(const struct ledger *ledger, const struct evidence_heard *heard,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!heard_valid(ledger, &heard[i])) {
            return false;
        }
    }
    return true;
}

/* The interval that @heard names, most often one of the newest, into @interval. */
static mn_result resolve_one(struct ledger *ledger, const struct evidence_heard *heard,
                             uint32_t *interval)
{
    *interval = ledger_find_newest(&ledger->places[heard->vat], heard->epoch);
    return *interval != LEDGER_NONE ? MN_OK
                                    : ledger_obtain(ledger, heard->vat, heard->epoch, interval);
}

mn_result ledger_resolve(struct ledger *ledger, uint32_t vat, const struct evidence_heard *heard,
                         size_t heard_count, size_t *count)
{
    if (heard_count > EVIDENCE_ROW_COUNT_MAX - ledger->heard_count) {
        return MN_FULL;
    }
    mn_result result = mn_grow(&ledger->scratch, &ledger->scratch_capacity, heard_count,
                               sizeof *ledger->scratch, EVIDENCE_ROW_COUNT_MAX);
    if (result == MN_OK) {
        result = ledger_reserve_intervals(ledger, heard_count + 2);
    }
    bool told = (ledger->places[vat].flags & VAT_HAS_SETTLED) != 0;
    uint32_t *list = ledger->scratch;
    size_t found = 0;
    for (size_t i = 0; result == MN_OK && i < heard_count; i++) {
        if (!heard_valid(ledger, &heard[i])) {
            result = MN_BAD_INPUT;
        } else if (heard[i].vat != vat && !(told && ledger_is_settled(ledger, vat, &heard[i]))) {
            result = resolve_one(ledger, &heard[i], &list[found]);
            found += result == MN_OK ? 1 : 0;
        }
    }
    if (result != MN_OK) {
        ledger_unresolve(ledger, found);
        return result;
    }
    *count = found;
    return MN_OK;
}

void ledger_unresolve(struct ledger *ledger, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ledger_release(ledger, ledger->scratch[i]);
    }
}

size_t ledger_heard_words(const struct ledger *ledger, uint32_t interval, size_t count)
{
    size_t known = interval != LEDGER_NONE ? ledger->intervals[interval].heard_count : 0;
    size_t words = ledger_words_block(known + count);
    for (size_t i = 0; i < count; i++) {
        const struct hearers *hearers = &ledger->hearers[ledger->scratch[i]];
        uint32_t before = hearer_count(hearers);
        if (hearers_full(before)) {
            words += hearers_room(before + 1 - HEARERS_FIRST);
        }
    }
    return words;
}

/* More or fewer of the interval's binding entries are orphans. */
static void change_orphans(struct ledger *ledger, uint32_t interval, uint32_t change)
{
    struct interval *row = &ledger->intervals[interval];
    struct vat *vat = &ledger->vats[row->vat];
    row->orphans += change;
    vat->orphan_count += change;
    if (vat->orphan_count > 0) {
        ledger_set_add(&ledger->standing, row->vat);
    } else {
        ledger_set_remove(&ledger->standing, row->vat);
    }
}

/* Make room for one hearer more than @count, which is at least HEARERS_FIRST. */
static void widen_hearers(struct ledger *ledger, struct hearers *hearers, uint32_t count)
{
    uint32_t more = count - HEARERS_FIRST;
    uint32_t at = ledger_words_take(&ledger->words, hearers_room(more + 1));
    memcpy(ledger->words.words + at, ledger->words.words + hearers->at, more * sizeof(uint32_t));
    ledger_words_give(&ledger->words, hearers->at, hearers_room(more));
    hearers->at = at;
}

/* @hearer heard the interval. Returns false when it was the last to be added, so that this is
 * known: among the entries of one report that is how those that come twice are told. The last one
 * stands in the line always, so that the block is only written to. */
static bool add_hearer(struct ledger *ledger, uint32_t interval, uint32_t hearer)
{
    struct hearers *hearers = &ledger->hearers[interval];
    uint32_t count = hearer_count(hearers);
    uint32_t last = count < HEARERS_FIRST ? count : HEARERS_FIRST;
    if (last > 0 && hearers->first[last - 1] == hearer) {
        return false;
    }
    if (hearers_full(count)) {
        widen_hearers(ledger, hearers, count);
    }
    if (count < HEARERS_FIRST) {
        hearers->first[count] = hearer;
    } else {
        *ledger_hearer(ledger, hearers, count) = hearers->first[HEARERS_FIRST - 1];
        hearers->first[HEARERS_FIRST - 1] = hearer;
    }
    hearers->count++;
    if ((hearers->count & HEARERS_ORPHAN) != 0 && !ledger_settled(ledger, hearer)) {
        change_orphans(ledger, hearer, 1);
    }
    return true;
}

static void remove_hearer(struct ledger *ledger, uint32_t heard, uint32_t hearer)
{
    struct hearers *hearers = &ledger->hearers[heard];
    uint32_t count = hearer_count(hearers);
    uint32_t place = 0;
    while (*ledger_hearer(ledger, hearers, place) != hearer) {
        place++;
        mn_assert(place < count);
    }
    *ledger_hearer(ledger, hearers, place) = *ledger_hearer(ledger, hearers, count - 1);
    if (count > HEARERS_FIRST) {
        uint32_t more = count - HEARERS_FIRST;
        ledger_words_shrink(&ledger->words, hearers->at, hearers_room(more),
                            hearers_room(more - 1));
        hearers->at = more > 1 ? hearers->at : 0;
    }
    hearers->count--;
    if ((hearers->count & HEARERS_ORPHAN) != 0 && !ledger_settled(ledger, hearer)) {
        change_orphans(ledger, hearer, UINT32_MAX);
    }
    ledger_release(ledger, heard);
}

void ledger_hear(struct ledger *ledger, uint32_t interval, size_t count)
{
    struct interval *row = &ledger->intervals[interval];
    uint32_t *list = ledger->scratch;
    if (row->heard_count > 0) {
        count = each_once(ledger, count, ledger->words.words + row->heard, row->heard_count);
    }
    size_t more = 0;
    for (size_t i = 0; i < count; i++) {
        list[more] = list[i];
        more += add_hearer(ledger, list[i], interval) ? 1 : 0;
    }
    if (more == 0) {
        return;
    }
    size_t before = row->heard_count;
    uint32_t *words = ledger->words.words;
    if (before == 0 || ledger_words_block(before + more) != ledger_words_block(before)) {
        uint32_t at = ledger_words_take(&ledger->words, before + more);
        memcpy(words + at, words + row->heard, before * sizeof *words);
        ledger_words_give(&ledger->words, row->heard, before);
        row->heard = at;
    }
    memcpy(words + row->heard + before, list, more * sizeof *words);
    row->heard_count += (uint32_t)more;
    ledger->heard_count += more;
}

size_t ledger_unhear(struct ledger *ledger, uint32_t interval, ledger_heard_which *which,
                     const void *context)
{
    struct interval *row = &ledger->intervals[interval];
    uint32_t before = row->heard_count;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < before; i++) {
        uint32_t heard = ledger->words.words[row->heard + i];
        if (which != NULL && !which(&ledger->intervals[heard], context)) {
            ledger->words.words[row->heard + kept++] = heard;
        } else {
            remove_hearer(ledger, heard, interval);
        }
    }
    ledger_words_shrink(&ledger->words, row->heard, before, kept);
    row->heard_count = kept;
    row->heard = kept > 0 ? row->heard : 0;
    ledger->heard_count -= before - kept;
    return before - kept;
}

static bool not_in_scratch(const struct interval *heard, const void *context)
{
    const struct ledger *ledger = context;
    size_t interval = (size_t)(heard - ledger->intervals);
    return (ledger->seen[interval >> 6] >> (interval & 63) & 1) == 0;
}

void ledger_hear_instead(struct ledger *ledger, uint32_t interval, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)take_seen(ledger, ledger->scratch[i]);
    }
    (void)ledger_unhear(ledger, interval, not_in_scratch, ledger);
    clear_seen(ledger, ledger->scratch, count);
    ledger_hear(ledger, interval, count);
}

void ledger_discount(struct ledger *ledger, uint32_t interval)
{
    if (ledger->intervals[interval].orphans > 0) {
        change_orphans(ledger, interval, 0U - ledger->intervals[interval].orphans);
    }
}

void ledger_count_orphans(struct ledger *ledger, uint32_t interval)
{
    const struct interval *row = &ledger->intervals[interval];
    if (ledger_settled(ledger, interval)) {
        return;
    }
    for (uint32_t i = 0; i < row->heard_count; i++) {
        uint32_t heard = ledger->words.words[row->heard + i];
        if ((ledger->hearers[heard].count & HEARERS_ORPHAN) != 0) {
            change_orphans(ledger, interval, 1);
        }
    }
}

void ledger_set_orphan(struct ledger *ledger, uint32_t interval, bool orphan)
{
    struct hearers *hearers = &ledger->hearers[interval];
    if (((hearers->count & HEARERS_ORPHAN) != 0) == orphan) {
        return;
    }
    hearers->count ^= HEARERS_ORPHAN;
    for (uint32_t i = 0; i < hearer_count(hearers); i++) {
        uint32_t hearer = *ledger_hearer(ledger, hearers, i);
        if (!ledger_settled(ledger, hearer)) {
            change_orphans(ledger, hearer, orphan ? 1 : UINT32_MAX);
        }
    }
}
