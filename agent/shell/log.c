/* The daemon's log: lines are put together on the stack and written at once, so that those of two
 * threads do not mix. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *log_level_name(enum agent_level level)
{
    switch (level) {
    case AGENT_INFO:
        return "INFO";
    case AGENT_WARNING:
        return "WARNING";
    case AGENT_ERROR:
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

void agent_log(enum agent_level level, const char *what, const char *format, ...)
{
    char line[AGENT_LOG_LINE_SIZE_MAX];
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

const char *agent_log_quote(char *out, size_t size, const char *text)
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
        char shown = *text;
        if (byte < ' ' || byte == 0x7f) {
            shown = ' ';
        }
        out[at] = shown;
        at += 1;
    }
    out[at] = '"';
    out[at + 1] = '\0';
    return out;
}

struct log_line {
    char text[AGENT_LOG_LINE_SIZE_MAX];
    size_t size;
};

static void line_add(struct log_line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void line_add(struct log_line *line, const char *format, ...)
{
    if (line->size > 0 && line->size + 1 < sizeof line->text) {
        line->text[line->size] = ' ';
        line->size += 1;
    }
    va_list list;
    va_start(list, format);
    size_t room = sizeof line->text - line->size;
    line->size += log_used(vsnprintf(line->text + line->size, room, format, list), room);
    va_end(list);
}

void agent_log_note(const struct agent_note_facts *note)
{
    struct log_line line = {.size = 0};
    if (note->vat.text[0] != '\0') {
        line_add(&line, "vat=%s", note->vat.text);
    }
    if (note->host.text[0] != '\0') {
        line_add(&line, "host=%s", note->host.text);
    }
    if (note->run != 0) {
        line_add(&line, "run=%u", note->run);
    }
    if (note->epoch != 0) {
        line_add(&line, "epoch=%lld", (long long)note->epoch);
    }
    if (note->round != 0) {
        line_add(&line, "round=%llu", (unsigned long long)note->round);
    }
    if (note->number != 0) {
        line_add(&line, "number=%llu", (unsigned long long)note->number);
    }
    if (note->code != MN_OK) {
        line_add(&line, "code=%s", mn_result_name(note->code));
    }
    if (note->text != NULL && note->text[0] != '\0') {
        char quoted[1024];
        line_add(&line, "text=%s", agent_log_quote(quoted, sizeof quoted, note->text));
    }
    agent_log(agent_note_level(note->note), agent_note_what(note->note), "%s", line.text);
}

bool agent_log_allowed(struct agent_log_limit *limit, mn_time now, uint64_t *suppressed)
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
