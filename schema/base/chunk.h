/* Bytes that several hold at once, on whatever threads: given back when the last lets go of them.
 * What somebody reads in them is not changed any more; what nobody reads yet may be written. */
#ifndef MN_BASE_CHUNK_H
#define MN_BASE_CHUNK_H

#include <stdatomic.h>
#include <stddef.h>

struct mn_chunk {
    atomic_uint holders; /* for chunk.c alone */
    size_t size;
    unsigned char bytes[];
};

/* @size bytes of whatever was there before, held once. NULL when memory ran out. */
struct mn_chunk *mn_chunk_new(size_t size);

/* Hold it once more. */
void mn_chunk_hold(struct mn_chunk *chunk);

/* Let go of it once; nulls *chunk, which may be NULL. */
void mn_chunk_drop(struct mn_chunk **chunk);

#endif
