/* The evidence of a round as a file beside the journal: rounds/N.evidence.json, or in its binary
 * form rounds/N.evidence.bin. */
#ifndef COORDINATOR_SHELL_EVIDENCE_FILE_H
#define COORDINATOR_SHELL_EVIDENCE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/result.h"
#include "wire/common.h"

enum { EVIDENCE_FILE_PATH_SIZE = 64 };

/* The file's path below the data directory. */
void evidence_file_path_into(char path[EVIDENCE_FILE_PATH_SIZE], uint64_t round, bool binary);

/* A document on its way to its file. It is written beside it, and takes its place when it is
 * whole. */
struct evidence_file {
    int fd;        /* -1: none is open */
    bool in_parts; /* not all of it was put at once */
    bool doubtful; /* a sync of it has failed: what of it reached the disk nobody will ever say; or
                      it has no name any more */
    bool named;    /* it has taken its place, but that may not be durable yet */
};

/* What another process has left of a document that did not become whole is gone. */
void evidence_file_init(struct evidence_file *file);
void evidence_file_deinit(struct evidence_file *file);

/* The document that was begun is of no use any more: what is there of it goes. */
void evidence_file_drop(struct evidence_file *file);

/* Write the document's bytes from @offset on; from 0 on it is a new document. The same bytes may be
 * written again. They begin their way to the disk, and are not waited for.
 *
 * Errors:    MN_NO_SPACE, MN_DENIED, MN_NOT_FOUND, MN_IO; @error names the file and the remedy */
mn_result evidence_file_put(struct evidence_file *file, uint64_t offset, const void *bytes,
                            size_t size, struct mn_error *error) MN_CHECKED;

/* What was put is the document of @round, with that @digest: it is under its name now, below the
 * working directory, whole and durably: neither a crash nor a power cut takes it. One that is there
 * is replaced, in whichever form. Of what was put in parts, and may not all have reached the disk,
 * a copy is made of what can still be read, in a file of its own.
 *
 * Errors:    as evidence_file_put, which has to be done again then, with the last part, before this
 *            is tried again. MN_UNKNOWN when that copy is not the document: then it is lost */
mn_result evidence_file_end(struct evidence_file *file, uint64_t round, bool binary,
                            const struct mn_digest *digest, struct mn_error *error) MN_CHECKED;

/* Of which rounds evidence was removed: from the first to the last, so many. */
struct evidence_trimmed {
    uint64_t first;
    uint64_t last;
    uint64_t count;
    uint64_t bytes;
};

/* evidence_trim.c. Remove the oldest evidence but for that of the newest @keep rounds, and of
 * rounds from @below on; a bounded number at a time.
 *
 * @trimmed   out, also on failure: what was removed before it.
 *
 * Errors:    MN_DENIED, MN_NOT_FOUND, MN_IO, MN_NO_MEMORY */
mn_result evidence_file_trim(uint32_t keep, uint64_t below,
                             struct evidence_trimmed *trimmed) MN_CHECKED;

#endif
