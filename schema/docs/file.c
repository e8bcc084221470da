/* Reading a document file whole, from a disk, a pipe or standard input. */
#include "docs/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static mn_result file_read_stream(FILE *stream, const char *path, size_t size_max,
                                  struct mn_text *text, struct mn_error *error)
{
    char piece[16384];
    size_t size = 0;
    for (;;) {
        size_t got = fread(piece, 1, sizeof piece, stream);
        if (got == 0) {
            break;
        }
        size += got;
        if (size > size_max) {
            mn_error_set(error, "%s: larger than the %zu bytes that are read", path, size_max);
            return MN_TOO_LARGE;
        }
        mn_text_add_bytes(text, piece, got);
        if (mn_text_result(text) != MN_OK) {
            mn_error_set(error, "%s: %s", path, mn_result_text(mn_text_result(text)));
            return mn_text_result(text);
        }
    }
    if (ferror(stream) != 0) {
        mn_error_set(error, "%s: cannot be read: %s", path, strerror(errno));
        return MN_IO;
    }
    return MN_OK;
}

mn_result mn_file_read(const char *path, size_t size_max, struct mn_text *text,
                       struct mn_error *error)
{
    if (strcmp(path, "-") == 0) {
        return file_read_stream(stdin, "standard input", size_max, text, error);
    }
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        int reason = errno;
        mn_error_set(error, "%s: cannot be opened: %s", path, strerror(reason));
        return mn_result_from_errno(reason);
    }
    mn_result result = file_read_stream(stream, path, size_max, text, error);
    (void)fclose(stream);
    return result;
}
