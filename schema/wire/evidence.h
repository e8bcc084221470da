/* Evidence in its binary form: MN_EVIDENCE_MAGIC; one or more pieces, each a message of
 * evidence.proto behind its size (MN_EVIDENCE_SIZE_SIZE bytes, the lowest first); and the
 * BLAKE2b-256 digest of all that. So a document can be made and put on a disk while it still grows,
 * and nothing that was cut short or damaged on its way is taken for another truth.
 *
 * The one place where schema/wire uses schema/docs: the plain struct and the rules of evidence are
 * there, and both forms must keep the same ones. schema/docs knows nothing of this. */
#ifndef MN_WIRE_EVIDENCE_H
#define MN_WIRE_EVIDENCE_H

#include "docs/evidence.h"
#include "wire/common.h"

/* What the binary form begins with. The first byte begins no UTF-8 text, and the line end is
 * damaged by whatever damages those of text files. */
#define MN_EVIDENCE_MAGIC "\x89MNEV3\r\n"

enum {
    MN_EVIDENCE_MAGIC_SIZE = 8,
    MN_EVIDENCE_SIZE_SIZE = 8,

    /* The most pieces of a document. */
    MN_EVIDENCE_PIECE_COUNT_MAX = 16384
};

/* The largest document, in bytes: more than EVIDENCE_ROW_COUNT_MAX rows of each kind need, even if
 * a last piece says every vat anew. */
#define MN_EVIDENCE_DOCUMENT_SIZE_MAX (UINT64_C(16) << 30)

/* The digest of a document that is being made: take in its bytes as they come, from the magic on.
 */
struct mn_evidence_seal {
    _Alignas(64) unsigned char state[384];
};

void mn_evidence_seal_begin(struct mn_evidence_seal *seal);
void mn_evidence_seal_add(struct mn_evidence_seal *seal, const void *bytes, size_t size);

/* What stands behind the last piece, MN_DIGEST_SIZE bytes into @end; and the digest of the whole
 * document with that. */
void mn_evidence_seal_end(struct mn_evidence_seal *seal, unsigned char *end,
                          struct mn_digest *whole);

/* Append the magic, with which a document begins; and the digest, with which one ends that @buffer
 * holds from its first byte on.
 * Errors:    MN_NO_MEMORY */
mn_result mn_evidence_begin(struct mn_buffer *buffer) MN_CHECKED;
mn_result mn_evidence_end(struct mn_buffer *buffer) MN_CHECKED;

/* Read a document in its binary form and check all that EVIDENCE.md calls bad, as evidence_read
 * does. Time and memory are linear in @size. Only the shortest encoding of each piece is taken. The
 * rows that count stand in the order of the pieces.
 *
 * @evidence  out: the document, to be destroyed by the caller; written on success only.
 * @error     names the column and its row, counted from 0 among those that count: "open_epoch, row
 *            3: what is wrong".
 *
 * Errors:    MN_BAD_INPUT  no evidence in binary form, or a rule is broken
 *            MN_CORRUPT    the digest is not that of the message
 *            MN_TOO_LARGE, MN_NO_MEMORY */
mn_result mn_evidence_decode(const void *bytes, size_t size, struct evidence **evidence,
                             struct mn_error *error) MN_CHECKED;

/* Read a document in any form: binary when it begins with the magic, otherwise YAML or JSON.
 *
 * @origin    the file's name, with which @error begins.
 *
 * Errors and the rest are those of mn_evidence_decode and of evidence_read. */
mn_result mn_evidence_read(const char *bytes, size_t size, const char *origin,
                           struct evidence **evidence, struct mn_error *error) MN_CHECKED;

#endif
