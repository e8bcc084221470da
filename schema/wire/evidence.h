/* Evidence in its binary form: MN_EVIDENCE_MAGIC, the BLAKE2b-256 digest of the rest, and the rest,
 * which is the message of evidence.proto. So nothing that was cut short or damaged on its way is
 * taken for another truth.
 *
 * The one place where schema/wire uses schema/docs: the plain struct and the rules of evidence are
 * there, and both forms must keep the same ones. schema/docs knows nothing of this. */
#ifndef MN_WIRE_EVIDENCE_H
#define MN_WIRE_EVIDENCE_H

#include "docs/evidence.h"
#include "wire/common.h"

/* What the binary form begins with. The first byte begins no UTF-8 text, and the line end is
 * damaged by whatever damages those of text files. */
#define MN_EVIDENCE_MAGIC "\x89MNEV1\r\n"

enum {
    MN_EVIDENCE_MAGIC_SIZE = 8,
    MN_EVIDENCE_HEAD_SIZE = MN_EVIDENCE_MAGIC_SIZE + MN_DIGEST_SIZE
};

/* Append a document to @buffer.
 * Errors:    MN_NO_MEMORY, MN_TOO_LARGE (above EVIDENCE_SIZE_MAX); the buffer is as it was */
mn_result mn_evidence_encode(const struct evidence *evidence, struct mn_buffer *buffer) MN_CHECKED;

/* Fill in the head of a document that mn_evidence_write_end made: the magic, and the digest of what
 * stands behind the head. @size: of the whole document. */
void mn_evidence_seal(unsigned char *document, size_t size);

/* Read a document in its binary form and check all that evidence.md calls bad, as evidence_read
 * does. Time and memory are linear in @size. Only the shortest encoding is taken, so what was read
 * is encoded to the same size, and to the same bytes when it came from mn_evidence_encode.
 *
 * @evidence  out: the document, to be destroyed by the caller; written on success only.
 * @error     names the column and its row, counted from 0: "open_epoch, row 3: what is wrong".
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
