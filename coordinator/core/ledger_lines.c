/* Tables of cache lines. What the heap gives is aligned for objects, so one line more is taken and
 * the rows begin at the first line in it. */
#include "ledger_lines.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void ledger_lines_deinit(struct ledger_lines *lines)
{
    free(lines->bytes);
    *lines = (struct ledger_lines){0};
}

static size_t to_first_line(const unsigned char *bytes)
{
    return (LEDGER_LINE_SIZE - (uintptr_t)bytes % LEDGER_LINE_SIZE) % LEDGER_LINE_SIZE;
}

mn_result ledger_lines_reserve(struct ledger_lines *lines, void *rows, size_t count)
{
    if (count <= lines->capacity) {
        return MN_OK;
    }
    if (count >= SIZE_MAX / LEDGER_LINE_SIZE) {
        return MN_NO_MEMORY;
    }
    size_t before = to_first_line(lines->bytes);
    unsigned char *bytes = realloc(lines->bytes, (count + 1) * LEDGER_LINE_SIZE);
    if (bytes == NULL) {
        return MN_NO_MEMORY;
    }
    size_t after = to_first_line(bytes);
    if (lines->capacity > 0 && before != after) {
        memmove(bytes + after, bytes + before, lines->capacity * LEDGER_LINE_SIZE);
    }
    lines->bytes = bytes;
    lines->capacity = count;
    unsigned char *first = bytes + after;
    memcpy(rows, &first, sizeof first);
    return MN_OK;
}

size_t ledger_lines_size(const struct ledger_lines *lines)
{
    return lines->capacity > 0 ? (lines->capacity + 1) * LEDGER_LINE_SIZE : 0;
}
