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

enum {
    MN_LOG_LINE_SIZE_MAX = 2048,
    MN_LOG_QUOTED_SIZE_MAX = 1200,
    /* What is written together: so much reaches a pipe at once (PIPE_BUF), so that the lines of
     * other threads and processes do not get between. */
    MN_LOG_LINES_SIZE = 4096
};

enum mn_log_level { MN_LOG_INFO, MN_LOG_WARNING, MN_LOG_ERROR };

/* Write one line: what happened, then `key=value` pairs as @format says. May be called from any
 * thread. A longer line is cut. */
void mn_log(enum mn_log_level level, const char *what, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Lines that come one right after the other and are written together. Zero-initialise; not to be
 * shared between threads. */
struct mn_log_lines {
    char bytes[MN_LOG_LINES_SIZE];
    size_t size;
};

/* As mn_log, but the line may wait in @lines for those that follow. Whoever gathers flushes before
 * doing anything else: what a line says has happened must not outlive the line. */
void mn_log_gather(struct mn_log_lines *lines, enum mn_log_level level, const char *what,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Write the lines that wait; none is left. */
void mn_log_flush(struct mn_log_lines *lines);

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
