/* A table from keys of bytes to numbers: names to indices, (vat, epoch) to rows.
 *
 * Linear whatever the keys are: the hash is SipHash under a key that nobody outside knows, so no
 * document can be made to collide. Nothing may depend on the order inside, and none is offered. */
#ifndef MN_DOCS_TABLE_H
#define MN_DOCS_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/ids.h"
#include "base/result.h"

struct mn_table_row {
    const void *key; /* NULL is a free row */
    uint32_t size;
    uint32_t value;
    uint64_t hash;
};

struct mn_table {
    struct mn_table_row *rows; /* heap; row_count is a power of two, at most half of them taken */
    size_t row_count;
    size_t count;
    unsigned char secret[16];
};

/* A table with room for @count keys, which are borrowed and not copied.
 * Errors:    MN_NO_MEMORY */
mn_result mn_table_init(struct mn_table *table, size_t count) MN_CHECKED;

/* Zero-initialised is fine too. */
void mn_table_deinit(struct mn_table *table);

/* The value of @key, or NULL; valid until the table is deinit'ed. */
const uint32_t *mn_table_find(const struct mn_table *table, const void *key, size_t size);

/* The values of @count names, in their order; @none for what is not there. Each step of finding one
 * waits for memory: here those of several names wait together. */
void mn_table_find_names(const struct mn_table *table, const struct mn_name *names, size_t count,
                         uint32_t none, uint32_t *values);

/* Add @key unless it is there. Asserts that there is room.
 * Returns NULL when it was added, else the value it has. */
const uint32_t *mn_table_add(struct mn_table *table, const void *key, size_t size, uint32_t value);

#endif
