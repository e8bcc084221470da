/* What a bank was told, as its own state has it: the BLOB "events". A bank writes down each event
 * of memory in the turn that handles it, so that an audit can see that it was told once, and of
 * what.
 *
 * Layout, all numbers little-endian: u32 version (1), u32 count, u64 left_out, then for each event
 * u8 size of the peer's name, the name in 128 bytes padded with zeros, and 12 64-bit numbers in the
 * order of struct bank_event. */
#ifndef BANK_BANK_LOG_H
#define BANK_BANK_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BANK_LOG_NAME "events"

enum {
    BANK_LOG_NAME_SIZE_MAX = 128,
    BANK_LOG_VERSION = 1,
    BANK_LOG_COUNT_MAX = 128, /* later ones are counted only */
    BANK_LOG_HEAD_SIZE = 16,
    BANK_LOG_NUMBER_COUNT = 12,
    BANK_LOG_EVENT_SIZE = 1 + BANK_LOG_NAME_SIZE_MAX + BANK_LOG_NUMBER_COUNT * 8,
    BANK_LOG_SIZE_MAX = BANK_LOG_HEAD_SIZE + BANK_LOG_COUNT_MAX * BANK_LOG_EVENT_SIZE
};

/* The numbers of these are written down, so they never change. */
enum bank_event_kind {
    BANK_RESTORED = 1,
    BANK_PEER_ROLLED_BACK = 2,
    BANK_PEER_RESET = 3,
    BANK_GAP = 4
};

/* What does not apply is "" or 0. */
struct bank_event {
    char peer[BANK_LOG_NAME_SIZE_MAX + 1];
    enum bank_event_kind kind;
    uint64_t outcome; /* RESTORED: as in mneme.h */
    uint64_t round;
    int64_t kept;
    uint64_t incarnation; /* the peer's */
    int64_t you_heard_first;
    int64_t you_heard_last;
    int64_t forgot_you_first;
    int64_t forgot_you_last;
    uint64_t gap_first;
    uint64_t gap_last;
    uint64_t gap_sent; /* 1: this bank sent what is missing */
};

struct bank_log {
    uint64_t left_out; /* events that had no room */
    size_t count;
    struct bank_event events[BANK_LOG_COUNT_MAX];
};

/* Add a copy of @event, or count it when there is no room. */
void bank_log_add(struct bank_log *log, const struct bank_event *event);

/* The log as bytes; returns their size. */
size_t bank_log_encode(const struct bank_log *log, unsigned char bytes[BANK_LOG_SIZE_MAX]);

/* False, and @log untouched, when the bytes are no log of this version. */
bool bank_log_decode(struct bank_log *log, const unsigned char *bytes, size_t size);

#endif
