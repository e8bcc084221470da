/* The log's bytes. */
#include "bank_log.h"

#include <string.h>

static void log_put(unsigned char *at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        at[i] = (unsigned char)(value >> (8 * i));
    }
}

static uint64_t log_get(const unsigned char *at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = size; i > 0; i--) {
        value = value << 8 | at[i - 1];
    }
    return value;
}

void bank_log_add(struct bank_log *log, const struct bank_event *event)
{
    if (log->count == BANK_LOG_COUNT_MAX) {
        log->left_out += 1;
        return;
    }
    log->events[log->count] = *event;
    log->count += 1;
}

static void log_put_event(unsigned char *at, const struct bank_event *event)
{
    size_t size = strlen(event->peer);
    at[0] = (unsigned char)size;
    memset(at + 1, 0, BANK_LOG_NAME_SIZE_MAX);
    memcpy(at + 1, event->peer, size);
    const uint64_t numbers[BANK_LOG_NUMBER_COUNT] = {
        event->kind,
        event->outcome,
        event->round,
        (uint64_t)event->kept,
        event->incarnation,
        (uint64_t)event->you_heard_first,
        (uint64_t)event->you_heard_last,
        (uint64_t)event->forgot_you_first,
        (uint64_t)event->forgot_you_last,
        event->gap_first,
        event->gap_last,
        event->gap_sent,
    };
    for (size_t i = 0; i < BANK_LOG_NUMBER_COUNT; i++) {
        log_put(at + 1 + BANK_LOG_NAME_SIZE_MAX + 8 * i, numbers[i], 8);
    }
}

size_t bank_log_encode(const struct bank_log *log, unsigned char bytes[BANK_LOG_SIZE_MAX])
{
    log_put(bytes, BANK_LOG_VERSION, 4);
    log_put(bytes + 4, log->count, 4);
    log_put(bytes + 8, log->left_out, 8);
    for (size_t i = 0; i < log->count; i++) {
        log_put_event(bytes + BANK_LOG_HEAD_SIZE + i * BANK_LOG_EVENT_SIZE, &log->events[i]);
    }
    return BANK_LOG_HEAD_SIZE + log->count * BANK_LOG_EVENT_SIZE;
}

static bool log_get_event(struct bank_event *event, const unsigned char *at)
{
    size_t size = at[0];
    uint64_t numbers[BANK_LOG_NUMBER_COUNT];
    for (size_t i = 0; i < BANK_LOG_NUMBER_COUNT; i++) {
        numbers[i] = log_get(at + 1 + BANK_LOG_NAME_SIZE_MAX + 8 * i, 8);
    }
    if (size > BANK_LOG_NAME_SIZE_MAX || numbers[0] < BANK_RESTORED || numbers[0] > BANK_GAP) {
        return false;
    }
    *event = (struct bank_event){.kind = (enum bank_event_kind)numbers[0],
                                 .outcome = numbers[1],
                                 .round = numbers[2],
                                 .kept = (int64_t)numbers[3],
                                 .incarnation = numbers[4],
                                 .you_heard_first = (int64_t)numbers[5],
                                 .you_heard_last = (int64_t)numbers[6],
                                 .forgot_you_first = (int64_t)numbers[7],
                                 .forgot_you_last = (int64_t)numbers[8],
                                 .gap_first = numbers[9],
                                 .gap_last = numbers[10],
                                 .gap_sent = numbers[11]};
    memcpy(event->peer, at + 1, size);
    return true;
}

bool bank_log_decode(struct bank_log *log, const unsigned char *bytes, size_t size)
{
    if (size < BANK_LOG_HEAD_SIZE || log_get(bytes, 4) != BANK_LOG_VERSION) {
        return false;
    }
    size_t count = (size_t)log_get(bytes + 4, 4);
    if (count > BANK_LOG_COUNT_MAX || size != BANK_LOG_HEAD_SIZE + count * BANK_LOG_EVENT_SIZE) {
        return false;
    }
    struct bank_event event;
    for (size_t i = 0; i < count; i++) {
        if (!log_get_event(&event, bytes + BANK_LOG_HEAD_SIZE + i * BANK_LOG_EVENT_SIZE)) {
            return false;
        }
    }
    log->left_out = log_get(bytes + 8, 8);
    log->count = count;
    for (size_t i = 0; i < count; i++) {
        (void)log_get_event(&log->events[i], bytes + BANK_LOG_HEAD_SIZE + i * BANK_LOG_EVENT_SIZE);
    }
    return true;
}
