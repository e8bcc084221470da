/* The daemon's log: one line per event on standard error, plain and greppable,
 *
 *     2026-11-23T10:00:00.123Z INFO vat_up vat=x1 run=1 text="tcp://127.0.0.1:40001"
 */
#ifndef AGENT_SHELL_LOG_H
#define AGENT_SHELL_LOG_H

#include "base/ids.h"
#include "core/agent.h"

enum { AGENT_LOG_LINE_SIZE_MAX = 2048 };

/* Write one line: what happened, then `key=value` pairs as @format says. May be called from any
 * thread. A longer line is cut. */
void agent_log(enum agent_level level, const char *what, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* @text in double quotes, with what would end or break the line escaped; cut to fit. */
const char *agent_log_quote(char *out, size_t size, const char *text);

/* The line of a note of the core. */
void agent_log_note(const struct agent_note_facts *note);

/* At most one line a second from one source: whether a line may be written now. When it may,
 * *@suppressed is how many were not since the last one. */
struct agent_log_limit {
    mn_time next;
    uint64_t suppressed;
};
bool agent_log_allowed(struct agent_log_limit *limit, mn_time now, uint64_t *suppressed);

#endif
