/* A set of indices that is listed, joined and left in constant time. */
#ifndef COORDINATOR_CORE_LEDGER_SET_H
#define COORDINATOR_CORE_LEDGER_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

/* Zero-initialised is empty. The order of the items is that of the calls. */
struct ledger_set {
    uint32_t *items;
    size_t count;
    size_t capacity;
    uint32_t *places; /* by index: 1 + where it stands among the items, 0 when it is not in */
    size_t place_count;
    size_t place_capacity;
};

void ledger_set_deinit(struct ledger_set *set);

static inline bool ledger_set_has(const struct ledger_set *set, uint32_t index)
{
    return index < set->place_count && set->places[index] != 0;
}

/* Make room, so that adding indices below @count cannot fail. */
mn_result ledger_set_reserve(struct ledger_set *set, size_t count) MN_CHECKED;

/* Again is fine. Asserts that there is room. */
void ledger_set_add(struct ledger_set *set, uint32_t index);
void ledger_set_remove(struct ledger_set *set, uint32_t index);

size_t ledger_set_size(const struct ledger_set *set);

#endif
