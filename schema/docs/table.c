/* Open addressing with linear probing over SipHash-2-4 (Aumasson and Bernstein, 2012). */
#include "docs/table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/check.h"

mn_result mn_table_init(struct mn_table *table, size_t count)
{
    size_t row_count = 8;
    while (row_count / 2 <= count) {
        if (row_count > SIZE_MAX / 2 / sizeof(struct mn_table_row)) {
            return MN_NO_MEMORY;
        }
        row_count *= 2;
    }
    struct mn_table_row *rows = calloc(row_count, sizeof *rows);
    if (rows == NULL) {
        return MN_NO_MEMORY;
    }
    *table = (struct mn_table){.rows = rows, .row_count = row_count};
    mn_assert(sodium_init() >= 0);
    randombytes_buf(table->secret, sizeof table->secret);
    return MN_OK;
}

void mn_table_deinit(struct mn_table *table)
{
    free(table->rows);
    *table = (struct mn_table){0};
}

static uint64_t table_hash(const struct mn_table *table, const void *key, size_t size)
{
    unsigned char bytes[crypto_shorthash_BYTES];
    (void)crypto_shorthash(bytes, key, size, table->secret);
    uint64_t hash = 0;
    _Static_assert(sizeof hash == sizeof bytes, "the hash is 64 bits");
    memcpy(&hash, bytes, sizeof hash);
    return hash;
}

static bool table_row_is(const struct mn_table_row *row, uint64_t hash, const void *key,
                         size_t size)
{
    return row->hash == hash && row->size == size && memcmp(row->key, key, size) == 0;
}

/* The row of @key, or the free row where it would go. */
static struct mn_table_row *table_row(const struct mn_table *table, uint64_t hash, const void *key,
                                      size_t size)
{
    size_t mask = table->row_count - 1;
    size_t at = (size_t)hash & mask;
    while (table->rows[at].key != NULL && !table_row_is(&table->rows[at], hash, key, size)) {
        at = (at + 1) & mask;
    }
    return &table->rows[at];
}

const uint32_t *mn_table_find(const struct mn_table *table, const void *key, size_t size)
{
    if (table->count == 0) {
        return NULL;
    }
    const struct mn_table_row *row = table_row(table, table_hash(table, key, size), key, size);
    return row->key != NULL ? &row->value : NULL;
}

/* How many names ahead the rows of a table are asked for, and the keys that they lead to. */
enum { AHEAD_ROWS = 16, AHEAD_KEYS = 8 };

struct table_wanted {
    size_t size;
    uint64_t hash;
};

void mn_table_find_names(const struct mn_table *table, const struct mn_name *names, size_t count,
                         uint32_t none, uint32_t *values)
{
    struct table_wanted wanted[AHEAD_ROWS];
    if (table->count == 0) {
        for (size_t i = 0; i < count; i++) {
            values[i] = none;
        }
        return;
    }
    for (size_t i = 0; i < count + AHEAD_ROWS; i++) {
        if (i >= AHEAD_ROWS) {
            size_t at = i - AHEAD_ROWS;
            const struct table_wanted *found = &wanted[at % AHEAD_ROWS];
            const struct mn_table_row *row =
                table_row(table, found->hash, names[at].text, found->size);
            values[at] = row->key != NULL ? row->value : none;
        }
        if (i >= AHEAD_KEYS && i - AHEAD_KEYS < count) {
            uint64_t hash = wanted[(i - AHEAD_KEYS) % AHEAD_ROWS].hash;
            __builtin_prefetch(table->rows[hash & (table->row_count - 1)].key);
        }
        if (i < count) {
            struct table_wanted *next = &wanted[i % AHEAD_ROWS];
            next->size = strlen(names[i].text);
            next->hash = table_hash(table, names[i].text, next->size);
            __builtin_prefetch(&table->rows[next->hash & (table->row_count - 1)]);
        }
    }
}

const uint32_t *mn_table_add(struct mn_table *table, const void *key, size_t size, uint32_t value)
{
    mn_assert(size <= UINT32_MAX);
    mn_assert(table->count < table->row_count / 2);
    uint64_t hash = table_hash(table, key, size);
    struct mn_table_row *row = table_row(table, hash, key, size);
    if (row->key != NULL) {
        return &row->value;
    }
    *row = (struct mn_table_row){.key = key, .size = (uint32_t)size, .value = value, .hash = hash};
    table->count++;
    return NULL;
}
