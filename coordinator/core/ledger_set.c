/* A set of indices: a list, and for each index its place in the list. The last one takes the place
 * of one that leaves. */
#include "ledger_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/grow.h"

void ledger_set_deinit(struct ledger_set *set)
{
    free(set->items);
    free(set->places);
    *set = (struct ledger_set){0};
}

mn_result ledger_set_reserve(struct ledger_set *set, size_t count)
{
    mn_result result =
        mn_grow(&set->items, &set->capacity, count, sizeof *set->items, UINT32_MAX - 1);
    if (result == MN_OK) {
        result =
            mn_grow(&set->places, &set->place_capacity, count, sizeof *set->places, UINT32_MAX - 1);
    }
    if (result == MN_OK && count > set->place_count) {
        memset(set->places + set->place_count, 0, (count - set->place_count) * sizeof *set->places);
        set->place_count = count;
    }
    return result;
}

void ledger_set_add(struct ledger_set *set, uint32_t index)
{
    mn_assert(index < set->place_count);
    if (set->places[index] == 0) {
        mn_assert(set->count < set->capacity);
        set->items[set->count++] = index;
        set->places[index] = (uint32_t)set->count;
    }
}

void ledger_set_remove(struct ledger_set *set, uint32_t index)
{
    if (ledger_set_has(set, index)) {
        uint32_t last = set->items[--set->count];
        set->items[set->places[index] - 1] = last;
        set->places[last] = set->places[index];
        set->places[index] = 0;
    }
}

size_t ledger_set_size(const struct ledger_set *set)
{
    return set->capacity * sizeof *set->items + set->place_capacity * sizeof *set->places;
}
