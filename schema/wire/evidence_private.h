/* What the files that write and read the binary form of evidence share. Private to them. */
#ifndef MN_WIRE_EVIDENCE_PRIVATE_H
#define MN_WIRE_EVIDENCE_PRIVATE_H

#include "codec.h"
#include "evidence.pb-c.h"
#include "wire/evidence.h"

/* From one epoch to another, as evidence.proto has it: what lies close together is short. What
 * overflows is no loss: it is taken modulo 2^64, as it is put together. */
static inline uint64_t evidence_fold(mn_epoch from, mn_epoch to)
{
    uint64_t step = (uint64_t)to - (uint64_t)from;
    return step << 1 ^ (0 - (step >> 63));
}

/* What that is from the first to the second, or back. */
static inline uint64_t evidence_unfold(uint64_t folded)
{
    return folded >> 1 ^ (0 - (folded & 1));
}

struct evidence_decoder {
    struct codec codec;
    const Mneme__Evidence *in;
    struct evidence *evidence;
    struct mn_error *error; /* says which column is not as long as it must be */
};

/* A piece of a document: its own rows, and which vats it says anew. */
struct evidence_piece {
    struct evidence rows; /* without memory of its own */
    struct evidence_names renewed;
};

/* Put the columns of decoder->in together into rows. Fails when they do not fit together. */
void evidence_rows_in(struct evidence_decoder *decoder, struct evidence_piece *piece);

/* Put the pieces together into decoder->evidence. Fails when they do not fit together. */
void evidence_join(struct evidence_decoder *decoder, const struct evidence_piece *pieces,
                   size_t count);

#endif
