/* A document that is held whole, in its binary form. What makes decisions writes that form row by
 * row out of its own tables (wire/evidence_writer.h); tests have documents. */
#ifndef ORACLE_ENCODE_H
#define ORACLE_ENCODE_H

#include "docs/evidence.h"
#include "wire/common.h"

/* Write the document to @buffer, which is empty; on failure it may hold a part of it.
 * Errors:    MN_NO_MEMORY, MN_TOO_LARGE (above EVIDENCE_SIZE_MAX) */
mn_result oracle_encode(const struct evidence *evidence, struct mn_buffer *buffer) MN_CHECKED;

#endif
