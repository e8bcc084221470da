/* What the files that write and read the binary form of evidence share. Private to them. */
#ifndef MN_WIRE_EVIDENCE_PRIVATE_H
#define MN_WIRE_EVIDENCE_PRIVATE_H

#include "codec.h"
#include "evidence.pb-c.h"
#include "wire/evidence.h"

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
