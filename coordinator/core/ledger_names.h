/* Interning of names: each name once, numbered from 0 in the order in which it came. */
#ifndef COORDINATOR_CORE_LEDGER_NAMES_H
#define COORDINATOR_CORE_LEDGER_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/result.h"

/* Zero-initialised is empty. */
struct ledger_names {
    const char **names; /* by number */
    size_t count;
    size_t capacity;
    uint32_t *table; /* open addressing: number + 1, 0 is free; half of it at most is taken */
    size_t table_size;
    struct mn_arena bytes;
    uint32_t
        *order; /* the numbers by name, of as many as there were when that was last asked for */
    size_t order_count;
};

void ledger_names_deinit(struct ledger_names *names);

/* Copy @name in; its number is the count before the call.
 * Errors:    MN_EXISTS, MN_FULL, MN_NO_MEMORY; nothing has changed then */
mn_result ledger_names_add(struct ledger_names *names, const char *name) MN_CHECKED;

/* The numbers in the order of their names, which is kept until a name is added; that call's cost is
 * that of sorting.
 * @order: out; borrowed until a name is added. */
mn_result ledger_names_order(struct ledger_names *names, const uint32_t **order) MN_CHECKED;

size_t ledger_names_size(const struct ledger_names *names);

#endif
