/* The evidence of a round as a file beside the journal: rounds/N.evidence.json, or in its binary
 * form rounds/N.evidence.bin. */
#ifndef COORDINATOR_SHELL_EVIDENCE_FILE_H
#define COORDINATOR_SHELL_EVIDENCE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/result.h"

enum { EVIDENCE_FILE_PATH_SIZE = 64 };

/* The file's path below the data directory. */
void evidence_file_path_into(char path[EVIDENCE_FILE_PATH_SIZE], uint64_t round, bool binary);

/* Write the document of @round below the working directory, whole or not at all, and durably: when
 * this succeeds, neither a crash nor a power cut takes it. One that is there is replaced.
 *
 * Errors:    MN_NO_SPACE, MN_DENIED, MN_NOT_FOUND, MN_IO; @error names the file and the remedy */
mn_result evidence_file_write(uint64_t round, bool binary, const void *bytes, size_t size,
                              struct mn_error *error) MN_CHECKED;

#endif
