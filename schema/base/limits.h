/* Limits that every process agrees on. What is past one gets a clear error and nothing is lost. */
#ifndef MN_BASE_LIMITS_H
#define MN_BASE_LIMITS_H

#include <stdint.h>

enum {
    /* A name has 1 to this many bytes of A-Z a-z 0-9 . _ : / - */
    MN_NAME_SIZE_MAX = 128,

    /* The largest message between two processes, all frames together. Larger things go in pieces.
     */
    MN_MESSAGE_SIZE_MAX = 4 * 1024 * 1024,

    /* The most rows, names, suspects or notices in one message. */
    MN_BATCH_ROW_COUNT_MAX = 65536,

    /* The most vats or notices in one record of the journal, whose size is bounded besides. */
    MN_RECORD_ROW_COUNT_MAX = 4 * 1024 * 1024,

    /* What a freeze or a decision may be before it is compressed into a message, and how many
     * suspects or notices it may have; the latter also in an agent's record of it. */
    MN_LONG_SIZE_MAX = 32 * 1024 * 1024,
    MN_LONG_ROW_COUNT_MAX = 1024 * 1024,

    /* The most heard entries in one message. */
    MN_BATCH_HEARD_COUNT_MAX = 262144,

    /* What one vat may have heard since its last full: so many entries, of so many peers. The row
     * of a checkpoint, and an open interval, fits into one message by itself, also with all its
     * names.
     */
    MN_HEARD_COUNT_MAX = 65536,
    MN_HEARD_PEER_COUNT_MAX = 16384,

    /* Bytes of a checkpoint, or of messages between vats, that travel in one piece. */
    MN_PIECE_SIZE_MAX = 256 * 1024,

    /* The largest record of the journal, and of an agent: a decision, and told vats added to it.
     * One of the journal is compressed where that is shorter, and at most so large before. */
    MN_RECORD_SIZE_MAX = 256 * 1024 * 1024,
    MN_RECORD_WHOLE_SIZE_MAX = 512 * 1024 * 1024,

    /* The most records of the journal in one message. */
    MN_KEPT_COUNT_MAX = 4096,

    /* The most keepers. */
    MN_KEEPER_COUNT_MAX = 7,
    MN_KEEPER_PEER_COUNT_MAX = MN_KEEPER_COUNT_MAX + 1, /* and one that is to replace another */

    /* The most lives of disks that are noted: of each of those one and seven rumours. */
    MN_NOTED_LIFE_COUNT_MAX = 8,
    MN_NOTED_COUNT_MAX = MN_KEEPER_PEER_COUNT_MAX * MN_NOTED_LIFE_COUNT_MAX,

    /* Why an operator did something, with its final NUL. */
    MN_REASON_SIZE_MAX = 512,

    /* The largest single BLOB. */
    MN_BLOB_SIZE_MAX = 64 * 1024 * 1024,

    /* The largest payload of one message between vats; it travels in pieces. */
    MN_PAYLOAD_SIZE_MAX = 64 * 1024 * 1024,

    /* The largest entry of a checkpoint: a BLOB, or what one peer was sent in one interval. */
    MN_ENTRY_SIZE_MAX = 96 * 1024 * 1024,

    /* An endpoint such as tcp://[2001:db8::1]:7100, with its final NUL. */
    MN_ENDPOINT_SIZE_MAX = 160,

    /* A path, with its final NUL. */
    MN_PATH_SIZE_MAX = 1024,

    /* A CURVE key as Z85 text, without and with its final NUL. */
    MN_KEY_TEXT_LENGTH = 40,
    MN_KEY_TEXT_SIZE = 41,

    /* A BLAKE2b-256 digest. */
    MN_DIGEST_SIZE = 32,

    /* Lineage entries that travel with a vat: the newest ones. */
    MN_LINEAGE_COUNT_MAX = 16,

    /* Incarnations of a sender whose first numbers it remembers for one peer. */
    MN_BASE_COUNT_MAX = 16,

    /* Rounds whose notices a vat remembers one by one to have handled. */
    MN_TOLD_ROUND_COUNT_MAX = 64,

    /* Gaps in what a receiver has taken of one peer that it remembers, the newest ones. */
    MN_GAP_COUNT_MAX = 16,

    /* The most checkpoints that one restore is made from. */
    MN_CHAIN_COUNT_MAX = 4096,

    /* The most hosts of a topology. */
    MN_HOST_COUNT_MAX = 65536
};

/* The largest epoch. Epochs are run * 2^32 + count, so runs stay below 2^30. */
#define MN_EPOCH_MAX (INT64_C(1) << 62)
#define MN_RUN_MAX ((UINT32_C(1) << 30) - 1)

/* No generation and no round is above these, whoever says so. */
#define MN_GENERATION_MAX (UINT64_C(1) << 62)
#define MN_ROUND_MAX (UINT64_C(1) << 62)

_Static_assert((MN_NAME_SIZE_MAX + 3 + 3 + 5 + 9 + 9 + 1 + 10) * MN_HEARD_PEER_COUNT_MAX +
                       (3 + 9) * MN_HEARD_COUNT_MAX + 4096 <=
                   MN_MESSAGE_SIZE_MAX,
               "what one vat has heard, and knows of whom, fits into a message");
_Static_assert(MN_PIECE_SIZE_MAX + 4096 <= MN_MESSAGE_SIZE_MAX, "a piece fits into a message");
_Static_assert(MN_BLOB_SIZE_MAX <= MN_ENTRY_SIZE_MAX, "a BLOB fits into an entry");

#endif
