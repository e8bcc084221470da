/* Blocks of words. Small blocks have their exact size; larger ones are rounded up to 2^k or
 * 3 * 2^(k-1) words, so that there are few sizes. Taking and giving are constant time. */
#include "ledger_words.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/grow.h"

void ledger_words_deinit(struct ledger_words *words)
{
    free(words->words);
    *words = (struct ledger_words){0};
}

/* The list of free blocks of @block words, which is a size of ledger_words_block. */
static size_t free_list_of(size_t block)
{
    if (block <= LEDGER_WORDS_EXACT) {
        return block;
    }
    size_t list = LEDGER_WORDS_EXACT + 1;
    for (size_t size = LEDGER_WORDS_EXACT; size * 2 <= block; size *= 2) {
        list += 2;
    }
    bool power = (block & (block - 1)) == 0;
    return power ? list : list + 1;
}

size_t ledger_words_block(size_t count)
{
    size_t block = LEDGER_WORDS_EXACT;
    if (count <= block) {
        return count;
    }
    while (block < count) {
        if (block + block / 2 >= count) {
            return block + block / 2;
        }
        block *= 2;
    }
    return block;
}

mn_result ledger_words_reserve(struct ledger_words *words, size_t count)
{
    size_t used = words->count == 0 ? 1 : words->count;
    if (words->capacity - words->count >= count && words->capacity > used) {
        return MN_OK;
    }
    if (count > UINT32_MAX - used) {
        return MN_FULL;
    }
    /* An eighth more at a time: doubling would leave up to half of the largest table unused. */
    size_t room = used + count;
    if (room < UINT32_MAX - used / 8) {
        room += used / 8;
    }
    mn_result result =
        mn_grow(&words->words, &words->capacity, room + 1, sizeof *words->words, room + 1);
    if (result == MN_OK) {
        words->count = used;
    }
    return result;
}

uint32_t ledger_words_take(struct ledger_words *words, size_t count)
{
    size_t block = ledger_words_block(count);
    if (block == 0) {
        return 0;
    }
    uint32_t *list = &words->free[free_list_of(block)];
    if (*list != 0) {
        uint32_t at = *list;
        *list = words->words[at];
        words->free_count -= block;
        __builtin_prefetch(&words->words[*list], 1); /* the next one to be taken */
        return at;
    }
    mn_assert(words->capacity - words->count >= block);
    uint32_t at = (uint32_t)words->count;
    words->count += block;
    return at;
}

void ledger_words_give(struct ledger_words *words, uint32_t at, size_t count)
{
    size_t block = ledger_words_block(count);
    if (block == 0) {
        return;
    }
    uint32_t *list = &words->free[free_list_of(block)];
    words->words[at] = *list;
    *list = at;
    words->free_count += block;
}

/* The largest size of a block within @count words. */
static size_t largest_block(size_t count)
{
    if (count <= LEDGER_WORDS_EXACT) {
        return count;
    }
    size_t block = LEDGER_WORDS_EXACT;
    while (block * 2 <= count) {
        block *= 2;
    }
    return block + block / 2 <= count ? block + block / 2 : block;
}

void ledger_words_shrink(struct ledger_words *words, uint32_t at, size_t count, size_t less)
{
    size_t kept = ledger_words_block(less);
    size_t over = ledger_words_block(count) - kept;
    size_t from = at + kept;
    while (over > 0) {
        size_t block = largest_block(over);
        ledger_words_give(words, (uint32_t)from, block);
        from += block;
        over -= block;
    }
}
