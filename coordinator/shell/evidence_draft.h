/* The document of the next decision while its pieces come (core/coordinator.h). A small one is kept
 * here, and becomes text, which people read; of one that has grown beyond that, the bytes go on to
 * its file as they come, and only their digest is kept. */
#ifndef COORDINATOR_SHELL_EVIDENCE_DRAFT_H
#define COORDINATOR_SHELL_EVIDENCE_DRAFT_H

#include <stdbool.h>

#include "docs/text.h"
#include "wire/common.h"
#include "wire/evidence.h"

/* Evidence whose binary form is no larger is written as text, of some hundred vats, say. Beyond,
 * nobody would read it, and text takes six times the room on the disk, and time to make while the
 * round waits: 2 ms at this bound, 15 ms at eight times as much. */
enum { EVIDENCE_TEXT_SIZE_MAX = 64 * 1024 };

/* Zero-initialise; nothing is begun then. */
struct evidence_draft {
    struct mn_evidence_seal seal;
    struct mn_buffer bytes; /* of the document, those that are not handed out yet */
    uint64_t handed;        /* how many were: `bytes` come behind them in the file */
};

void evidence_draft_deinit(struct evidence_draft *draft);

/* Take in a piece. @first: the document begins with it. The caller's buffer is empty afterwards, or
 * as it was on failure, after which nothing is begun.
 * Errors:    MN_NO_MEMORY, MN_TOO_LARGE (above MN_EVIDENCE_DOCUMENT_SIZE_MAX) */
mn_result evidence_draft_add(struct evidence_draft *draft, bool first,
                             struct mn_buffer *piece) MN_CHECKED;

/* Hand out what is to be written to the document's file, from byte @offset on; the caller's then.
 * False: it is still small, and nothing is. */
bool evidence_draft_hand(struct evidence_draft *draft, struct mn_buffer *bytes, uint64_t *offset);

/* The last piece was the last. The whole document as @text, or the rest of it as @bytes, which go
 * to its file from @offset on; both are empty before. @digest: of what is in the file then. The
 * draft is as before the first piece. */
mn_result evidence_draft_end(struct evidence_draft *draft, struct mn_text *text,
                             struct mn_buffer *bytes, uint64_t *offset,
                             struct mn_digest *digest) MN_CHECKED;

#endif
