/* Files that hold documents. */
#ifndef MN_DOCS_FILE_H
#define MN_DOCS_FILE_H

#include "base/error.h"
#include "base/result.h"
#include "docs/text.h"

/* Append the whole of the file at @path to @text, "-" being standard input.
 * Errors:    MN_NOT_FOUND, MN_DENIED, MN_IO, MN_NO_MEMORY, and MN_TOO_LARGE when it has more than
 *            @size_max bytes; each is told in @error with the path */
mn_result mn_file_read(const char *path, size_t size_max, struct mn_text *text,
                       struct mn_error *error) MN_CHECKED;

#endif
