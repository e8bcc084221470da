/* Messages between agents: copies of checkpoint files.
 *
 * A file is offered; who lacks it wants it, from an offset; pieces follow; who has it durably says
 * so. A small file may be sent as one piece without an offer. */
#ifndef MN_WIRE_COPIES_H
#define MN_WIRE_COPIES_H

#include "wire/common.h"

enum mn_copies_kind {
    MN_COPIES_OFFER = 3,
    MN_COPIES_WANT = 4,
    MN_COPIES_PIECE = 5,
    MN_COPIES_HAVE = 6,
    MN_COPIES_DROP = 7
};

struct mn_copies {
    uint64_t generation; /* the newest generation the speaker knows */
    enum mn_copies_kind kind;
    struct mn_name vat;
    mn_run run; /* OFFER, PIECE: the life that has it copied; 0: none, it was asked for */
    union {
        struct {
            mn_epoch epoch;
            uint64_t size;
            struct mn_digest digest;
        } offer;
        struct {
            mn_epoch epoch;
            uint64_t offset;
        } want;
        struct {
            mn_epoch epoch;
            uint64_t size; /* of the whole file */
            struct mn_digest digest;
            uint64_t offset;
            const unsigned char *bytes;
            uint32_t byte_count; /* at most MN_PIECE_SIZE_MAX */
        } piece;
        struct {
            mn_epoch epoch;
            struct mn_digest digest;
            mn_result refused; /* MN_OK: held durably; else why it is not */
        } have;
        struct {
            mn_run run;           /* of the vat that drops */
            const mn_epoch *keep; /* growing; all other epochs of the vat up to the last may go */
            uint32_t keep_count;
        } drop;
    };
};

mn_result mn_copies_encode(const struct mn_copies *message, struct mn_buffer *buffer) MN_CHECKED;
mn_result mn_copies_decode(const void *bytes, size_t size, struct mn_arena *arena,
                           struct mn_copies *out) MN_CHECKED;

#endif
