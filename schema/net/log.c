/* The daemons' log: lines are put together on the stack and written at once, so that those of two
 * threads do not mix. */
#include "net/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static const char *log_level_name(enum mn_log_level level)
{
    switch (level) {
    case MN_LOG_INFO:
        return "INFO";
    case MN_LOG_WARNING:
        return "WARNING";
    case MN_LOG_ERROR:
        return "ERROR";
    }
    return "INFO";
}

/* How much of @size a snprintf that returned @printed has used. */
static size_t log_used(int printed, size_t size)
{
    if (printed < 0) {
        return 0;
    }
    return (size_t)printed < size ? (size_t)printed : size - 1;
}

void mn_log(enum mn_log_level level, const char *what, const char *format, ...)
{
    char line[MN_LOG_LINE_SIZE_MAX];
    struct timespec now = {0};
    struct tm parts = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &parts);
    size_t room = sizeof line - 1; /* the line's end */
    size_t size = strftime(line, room, "%Y-%m-%dT%H:%M:%S", &parts);
    size += log_used(snprintf(line + size, room - size, ".%03ldZ %s %s", now.tv_nsec / 1000000,
                              log_level_name(level), what),
                     room - size);
    if (format[0] != '\0' && size + 1 < room) {
        line[size] = ' ';
        size += 1;
        va_list list;
        va_start(list, format);
        size += log_used(vsnprintf(line + size, room - size, format, list), room - size);
        va_end(list);
    }
    line[size] = '\n';
    ssize_t written = write(STDERR_FILENO, line, size + 1);
    (void)written; /* there is nowhere to say that the log cannot be written */
}

const char *mn_log_quote(char *out, size_t size, const char *text)
{
    size_t at = 0;
    out[at] = '"';
    at += 1;
    for (; *text != '\0' && at + 4 < size; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\') {
            out[at] = '\\';
            at += 1;
        }
        out[at] = ' ';
        if (byte >= ' ' && byte != 0x7f) {
            out[at] = *text;
        }
        at += 1;
    }
    out[at] = '"';
    out[at + 1] = '\0';
    return out;
}

void mn_log_add(struct mn_log_pairs *pairs, const char *format, ...)
{
    if (pairs->size > 0 && pairs->size + 1 < sizeof pairs->text) {
        pairs->text[pairs->size] = ' ';
        pairs->size += 1;
    }
    va_list list;
    va_start(list, format);
    size_t room = sizeof pairs->text - pairs->size;
    pairs->size += log_used(vsnprintf(pairs->text + pairs->size, room, format, list), room);
    va_end(list);
}

bool mn_log_allowed(struct mn_log_limit *limit, mn_time now, uint64_t *suppressed)
{
    if (now < limit->next) {
        limit->suppressed += 1;
        return false;
    }
    *suppressed = limit->suppressed;
    limit->suppressed = 0;
    limit->next = now + MN_SECOND;
    return true;
}
