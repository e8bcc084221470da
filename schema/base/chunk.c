/* Counts those who hold a chunk; the last to let go gives it back. */
#include "base/chunk.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/check.h"

struct mn_chunk *mn_chunk_new(size_t size)
{
    struct mn_chunk *chunk = size <= SIZE_MAX - sizeof *chunk ? malloc(sizeof *chunk + size) : NULL;
    if (chunk != NULL) {
        atomic_init(&chunk->holders, 1);
        chunk->size = size;
    }
    return chunk;
}

void mn_chunk_hold(struct mn_chunk *chunk)
{
    /* Who holds it already keeps it there, so nothing need be ordered by this. */
    unsigned before = atomic_fetch_add_explicit(&chunk->holders, 1, memory_order_relaxed);
    mn_assert(before > 0);
    mn_assert(before < UINT_MAX);
}

void mn_chunk_drop(struct mn_chunk **out)
{
    struct mn_chunk *chunk = *out;
    *out = NULL;
    /* Whatever any holder did with it comes before it is given back. */
    if (chunk != NULL && atomic_fetch_sub_explicit(&chunk->holders, 1, memory_order_acq_rel) == 1) {
        free(chunk);
    }
}
