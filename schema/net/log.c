/* The daemons' log: a line is put together on the stack and written at once, alone or with others,
 * so that those of two threads do not mix. */
#include "net/log.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

_Static_assert(MN_LOG_LINES_SIZE <= PIPE_BUF, "lines that are written together stay together");
_Static_assert(MN_LOG_LINE_SIZE_MAX <= MN_LOG_LINES_SIZE, "each line has room");

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

/* One line with its end; returns its size. */
static size_t log_line_into(char line[MN_LOG_LINE_SIZE_MAX], enum mn_log_level level,
                            const char *what, const char *format, va_list list)
{
    struct timespec now = {0};
    struct tm parts = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &parts);
    size_t room = MN_LOG_LINE_SIZE_MAX - 1; /* the line's end */
    size_t size = strftime(line, room, "%Y-%m-%dT%H:%M:%S", &parts);
    size += log_used(snprintf(line + size, room - size, ".%03ldZ %s %s", now.tv_nsec / 1000000,
                              log_level_name(level), what),
                     room - size);
    if (format[0] != '\0' && size + 1 < room) {
        line[size] = ' ';
        size += 1;
        size += log_used(vsnprintf(line + size, room - size, format, list), room - size);
    }
    line[size] = '\n';
    return size + 1;
}

/* What cannot be written is lost: there is nowhere to say so. */
static void log_write(const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(STDERR_FILENO, bytes, size);
        if (written > 0) {
            bytes += written;
            size -= (size_t)written;
        } else if (written == 0 || errno != EINTR) {
            return;
        }
    }
}

void mn_log(enum mn_log_level level, const char *what, const char *format, ...)
{
    char line[MN_LOG_LINE_SIZE_MAX];
    va_list list;
    va_start(list, format);
    size_t size = log_line_into(line, level, what, format, list);
    va_end(list);
    log_write(line, size);
}

void mn_log_gather(struct mn_log_lines *lines, enum mn_log_level level, const char *what,
                   const char *format, ...)
{
    char line[MN_LOG_LINE_SIZE_MAX];
    va_list list;
    va_start(list, format);
    size_t size = log_line_into(line, level, what, format, list);
    va_end(list);
    if (lines->size + size > sizeof lines->bytes) {
        mn_log_flush(lines);
    }
    memcpy(lines->bytes + lines->size, line, size);
    lines->size += size;
}

void mn_log_flush(struct mn_log_lines *lines)
{
    log_write(lines->bytes, lines->size);
    lines->size = 0;
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
