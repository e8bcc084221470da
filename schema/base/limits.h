/* Limits that every process agrees on. What is past one gets a clear error and nothing is lost. */
#ifndef MN_BASE_LIMITS_H
#define MN_BASE_LIMITS_H

#include <stdint.h>

/* A name has 1 to this many bytes of A-Z a-z 0-9 . _ : / - */
enum { MN_NAME_SIZE_MAX = 128 };

/* The largest message between two processes, all frames together. Larger things go in pieces. */
enum { MN_MESSAGE_SIZE_MAX = 4 * 1024 * 1024 };

/* The most rows of one batch, and the most heard entries, names or suspects in one message. */
enum { MN_BATCH_ROW_COUNT_MAX = 65536 };

/* Bytes of a checkpoint that travel in one piece. */
enum { MN_PIECE_SIZE_MAX = 256 * 1024 };

/* The largest single BLOB, and the largest payload of a message between vats. */
enum { MN_BLOB_SIZE_MAX = 64 * 1024 * 1024 };

/* An endpoint such as tcp://[2001:db8::1]:7100, with its final NUL. */
enum { MN_ENDPOINT_SIZE_MAX = 160 };

/* A CURVE key as Z85 text, without and with its final NUL. */
enum { MN_KEY_TEXT_LENGTH = 40, MN_KEY_TEXT_SIZE = 41 };

/* A BLAKE2b-256 digest. */
enum { MN_DIGEST_SIZE = 32 };

/* Lineage entries that travel with a vat: the newest ones. */
enum { MN_LINEAGE_COUNT_MAX = 16 };

/* The largest epoch. Epochs are run * 2^32 + count, so runs stay below 2^30. */
#define MN_EPOCH_MAX (INT64_C(1) << 62)

_Static_assert(MN_PIECE_SIZE_MAX < MN_MESSAGE_SIZE_MAX, "a piece fits into a message");

#endif
