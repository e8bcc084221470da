/* What the writer and the reader of checkpoint files share: the numbers of the layout. */
#ifndef MN_STORE_CHECKPOINT_PRIVATE_H
#define MN_STORE_CHECKPOINT_PRIVATE_H

#include <sodium.h>

#include "store/checkpoint_file.h"

enum {
    CHECKPOINT_VERSION = 1,
    CHECKPOINT_HEAD_SIZE = 16,
    CHECKPOINT_ENTRY_HEAD_SIZE = 48,
    CHECKPOINT_VALUE = 1,
    CHECKPOINT_TOMBSTONE = 2,
    CHECKPOINT_BUFFER_SIZE = 64 * 1024
};

_Static_assert(crypto_generichash_BYTES == MN_DIGEST_SIZE, "the digest is BLAKE2b-256");

static const char checkpoint_magic[8] = {'M', 'N', 'E', 'M', 'E', 'C', 'K', 'P'};

#endif
