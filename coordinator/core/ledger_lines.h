/* Growing tables whose rows are cache lines: 64 bytes, and where the lines are. */
#ifndef COORDINATOR_CORE_LEDGER_LINES_H
#define COORDINATOR_CORE_LEDGER_LINES_H

#include <stddef.h>

#include "base/result.h"

enum { LEDGER_LINE_SIZE = 64 };

/* Zero-initialised is empty. */
struct ledger_lines {
    unsigned char *bytes; /* heap */
    size_t capacity;      /* rows */
};

void ledger_lines_deinit(struct ledger_lines *lines);

/* Make room for @count rows. @rows: address of the pointer to the first row (of any object type),
 * which moves with them.
 * Errors:    MN_NO_MEMORY; the table is as it was */
mn_result ledger_lines_reserve(struct ledger_lines *lines, void *rows, size_t count) MN_CHECKED;

size_t ledger_lines_size(const struct ledger_lines *lines);

#endif
