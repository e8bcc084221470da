/* What several message families share: plain structs, which cores may use, and the rules of every
 * codec.
 *
 * Encoding: mn_X_encode writes one message into @buffer, growing it; nothing else is touched.
 * Decoding: mn_X_decode reads one frame. Everything the message points to is taken from @arena or
 * borrowed from it, never from @bytes; @out is written on success only. All validation of input
 * happens there: sizes, counts, names, ranges, versions, columns of equal length. What a sender's
 * key may say is for the receiver to judge.
 * Errors:   MN_BAD_INPUT    not this message family, or a field that breaks its rule
 *           MN_BAD_VERSION  a version other than MN_PROTOCOL_VERSION or the one before it
 *           MN_TOO_LARGE    longer than MN_MESSAGE_SIZE_MAX, or more rows than the limits say
 *           MN_NO_MEMORY */
#ifndef MN_WIRE_COMMON_H
#define MN_WIRE_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ids.h"
#include "base/result.h"

/* The protocol version that is spoken, and the oldest that is understood. */
enum { MN_PROTOCOL_VERSION = 1, MN_PROTOCOL_VERSION_MIN = 1 };

/* A growing buffer of bytes. Zero-initialise; mn_buffer_deinit gives it back. */
struct mn_buffer {
    unsigned char *bytes;
    size_t size;
    size_t capacity;
};

void mn_buffer_deinit(struct mn_buffer *buffer);

/* Room for @size more bytes at the end. MN_NO_MEMORY, and MN_TOO_LARGE above 1 GiB in all, leave
 * the buffer as it was. */
mn_result mn_buffer_reserve(struct mn_buffer *buffer, size_t size) MN_CHECKED;

/* Append @size bytes. Errors as above. */
mn_result mn_buffer_append(struct mn_buffer *buffer, const void *bytes, size_t size) MN_CHECKED;

struct mn_endpoint {
    char text[MN_ENDPOINT_SIZE_MAX]; /* "" is none */
};

struct mn_digest {
    unsigned char bytes[MN_DIGEST_SIZE];
};

/* One entry for each time a vat went on from an older checkpoint (EVIDENCE.md, `lineage`). */
struct mn_fork {
    mn_epoch after;
    mn_epoch next;
    bool seen;
    bool told;
    uint64_t round; /* that decided it; 0: not known */
};

struct mn_lineage {
    uint32_t count;
    struct mn_fork forks[MN_LINEAGE_COUNT_MAX]; /* the newest ones, oldest first */
};

/* Where an incarnation of a sender went on: its first message in it has this number. */
struct mn_base {
    uint32_t incarnation;
    uint64_t number;
};

/* The bases of one direction of a session, but for those that a later incarnation went back beyond:
 * incarnations and numbers both grow. A receiver that has agreed with incarnation i shares the
 * numbers below that of the first base above i, and all of them where there is none. */
struct mn_bases {
    uint32_t count;
    struct mn_base items[MN_BASE_COUNT_MAX];
};

/* Numbers first..last that nobody keeps any more: the receiver, in @incarnation of its own, went on
 * after them. */
struct mn_gap {
    uint32_t incarnation;
    uint64_t first;
    uint64_t last;
};

struct mn_gaps {
    uint32_t count;
    struct mn_gap items[MN_GAP_COUNT_MAX]; /* the newest ones, oldest first */
};

/* One heard entry of a batch: @peer is an index into the batch's names. */
struct mn_heard {
    uint32_t peer;
    mn_epoch epoch;
};

/* An incarnation above the first that somebody knows of a vat: @vat is an index into the batch's
 * names. */
struct mn_known {
    uint32_t vat;
    uint32_t incarnation;
    struct mn_fork fork; /* that it began with; next 0: not known */
};

/* Epochs first..last; 0, 0 is none. */
struct mn_epoch_range {
    mn_epoch first;
    mn_epoch last;
};

/* What a vat is told of a peer that forgot (EVIDENCE.md, rule 12). */
struct mn_notice {
    struct mn_name peer;
    uint32_t incarnation;
    mn_epoch kept;
    struct mn_epoch_range you_heard;
    struct mn_epoch_range forgot_you;
    bool reset;
};

/* What a decision makes of a vat. */
enum mn_outcome { MN_RUNNING = 0, MN_REVIVED = 1, MN_ROLLED_BACK = 2, MN_RESET = 3 };

/* "running", "revived", "rolled_back" or "reset". */
const char *mn_outcome_name(enum mn_outcome outcome);

#endif
