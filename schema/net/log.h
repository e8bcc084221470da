/* A daemon's log: one line per event on standard error, plain and greppable,
 *
 *     2026-11-23T10:00:00.123Z INFO vat_up vat=x1 run=1 text="tcp://127.0.0.1:40001"
 */
#ifndef MN_NET_LOG_H
#define MN_NET_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ids.h"

enum { MN_LOG_LINE_SIZE_MAX = 2048, MN_LOG_QUOTED_SIZE_MAX = 1200 };

enum mn_log_level { MN_LOG_INFO, MN_LOG_WARNING, MN_LOG_ERROR };

/* Write one line: what happened, then `key=value` pairs as @format says. May be called from any
 * thread. A longer line is cut. */
void mn_log(enum mn_log_level level, const char *what, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* @text in double quotes, with what would end or break the line escaped; cut to fit. @size is at
 * least 8. Returns @out. */
const char *mn_log_quote(char *out, size_t size, const char *text);

/* The pairs of a line that is put together bit by bit. Zero-initialise. */
struct mn_log_pairs {
    char text[MN_LOG_LINE_SIZE_MAX];
    size_t size;
};

/* Append one pair, after a space where it is not the first; cut to fit. */
void mn_log_add(struct mn_log_pairs *pairs, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* At most one line a second from one source: whether a line may be written now. When it may,
 * *@suppressed is how many were not since the last one. Zero-initialise. */
struct mn_log_limit {
    mn_time next;
    uint64_t suppressed;
};
bool mn_log_allowed(struct mn_log_limit *limit, mn_time now, uint64_t *suppressed);

#endif
