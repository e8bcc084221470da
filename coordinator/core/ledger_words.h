/* Memory of the ledger's lists: blocks of 32-bit words out of one growing table, named by where
 * they begin. A freed block is used again for a block of its size. */
#ifndef COORDINATOR_CORE_LEDGER_WORDS_H
#define COORDINATOR_CORE_LEDGER_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

enum {
    LEDGER_WORDS_EXACT = 64,  /* up to this many words, a block has exactly its size */
    LEDGER_WORDS_LARGE = 128, /* lists of free blocks: one a size up to that, then two a doubling */
};

/* Zero-initialised is empty. Word 0 belongs to nobody, so that 0 is no block. */
struct ledger_words {
    uint32_t *words;
    size_t count; /* words that were ever given out */
    size_t capacity;
    size_t free_count;                 /* words in free blocks */
    uint32_t free[LEDGER_WORDS_LARGE]; /* the first free block of each size; its first word is the
                                          next one, 0 ends the list */
};

void ledger_words_deinit(struct ledger_words *words);

/* How many words a block for @count of them has; 0 for none. */
size_t ledger_words_block(size_t count);

/* Make room, so that blocks of together @count words can be taken whatever is free. */
mn_result ledger_words_reserve(struct ledger_words *words, size_t count) MN_CHECKED;

/* A block for @count words, which was reserved; 0 for none. */
uint32_t ledger_words_take(struct ledger_words *words, size_t count);

/* Give the block for @count words at @at back. */
void ledger_words_give(struct ledger_words *words, uint32_t at, size_t count);

/* Make the block for @count words at @at one for @less, where it stands: what is over is given
 * back. @less is at most @count. */
void ledger_words_shrink(struct ledger_words *words, uint32_t at, size_t count, size_t less);

#endif
