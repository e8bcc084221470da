/* Interning of names by a hash table of numbers. The hash only finds; no order depends on it. */
#include "ledger_names.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "docs/evidence.h"

void ledger_names_deinit(struct ledger_names *names)
{
    free(names->names);
    free(names->table);
    free(names->order);
    mn_arena_deinit(&names->bytes);
    *names = (struct ledger_names){0};
}

/* FNV-1a, its bits mixed once more because the table uses the low ones. */
static size_t hash_name(const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *name != '\0'; name++) {
        hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    }
    hash ^= hash >> 32;
    hash *= UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(hash ^ (hash >> 29));
}

/* Where @name stands in the table, or the free place where it would. */
static size_t place_of_name(const struct ledger_names *names, const char *name)
{
    size_t place = hash_name(name) & (names->table_size - 1);
    while (names->table[place] != 0 && strcmp(names->names[names->table[place] - 1], name) != 0) {
        place = (place + 1) & (names->table_size - 1);
    }
    return place;
}

static mn_result widen_name_table(struct ledger_names *names)
{
    size_t size = names->table_size == 0 ? 16 : names->table_size * 2;
    uint32_t *table = calloc(size, sizeof *table);
    if (table == NULL) {
        return MN_NO_MEMORY;
    }
    free(names->table);
    names->table = table;
    names->table_size = size;
    for (size_t i = 0; i < names->count; i++) {
        table[place_of_name(names, names->names[i])] = (uint32_t)i + 1;
    }
    return MN_OK;
}

mn_result ledger_names_add(struct ledger_names *names, const char *name)
{
    mn_result result = mn_grow(&names->names, &names->capacity, names->count + 1,
                               sizeof *names->names, EVIDENCE_ROW_COUNT_MAX);
    if (result == MN_OK && (names->count + 1) * 2 > names->table_size) {
        result = widen_name_table(names);
    }
    if (result != MN_OK) {
        return result;
    }
    size_t place = place_of_name(names, name);
    if (names->table[place] != 0) {
        return MN_EXISTS;
    }
    const char *copy = mn_arena_copy(&names->bytes, name, strlen(name) + 1);
    if (copy == NULL) {
        return MN_NO_MEMORY;
    }
    names->names[names->count++] = copy;
    names->table[place] = (uint32_t)names->count;
    return MN_OK;
}

/* A name and its number, to sort by; most names differ in their first bytes. */
struct ordered_name {
    uint64_t begin; /* of the name, its first byte the highest */
    const char *name;
    uint32_t number;
};

static uint64_t name_begin(const char *name)
{
    uint64_t begin = 0;
    for (size_t i = 0; i < sizeof begin; i++) {
        begin = begin << 8 | (unsigned char)*name;
        name += *name != '\0' ? 1 : 0;
    }
    return begin;
}

static int compare_ordered_names(const void *a, const void *b)
{
    const struct ordered_name *left = a;
    const struct ordered_name *right = b;
    if (left->begin != right->begin) {
        return left->begin < right->begin ? -1 : 1;
    }
    return strcmp(left->name, right->name);
}

mn_result ledger_names_order(struct ledger_names *names, const uint32_t **order)
{
    if (names->order != NULL && names->order_count == names->count) {
        *order = names->order;
        return MN_OK;
    }
    struct ordered_name *sorted = malloc((names->count + 1) * sizeof *sorted);
    uint32_t *numbers = realloc(names->order, (names->count + 1) * sizeof *numbers);
    names->order = numbers != NULL ? numbers : names->order;
    if (sorted == NULL || numbers == NULL) {
        free(sorted);
        return MN_NO_MEMORY;
    }
    for (uint32_t i = 0; i < names->count; i++) {
        sorted[i] = (struct ordered_name){name_begin(names->names[i]), names->names[i], i};
    }
    if (names->count > 1) {
        qsort(sorted, names->count, sizeof *sorted, compare_ordered_names);
    }
    for (size_t i = 0; i < names->count; i++) {
        numbers[i] = sorted[i].number;
    }
    names->order_count = names->count;
    free(sorted);
    *order = numbers;
    return MN_OK;
}

size_t ledger_names_size(const struct ledger_names *names)
{
    return names->capacity * sizeof *names->names + names->table_size * sizeof *names->table +
           names->order_count * sizeof *names->order + names->bytes.size;
}
