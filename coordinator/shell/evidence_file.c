/* Writing evidence files: a temporary file beside it, synced, renamed, and the directory synced, so
 * that what stands under the name is always a whole document. */
#include "shell/evidence_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char evidence_directory[] = "rounds";

void evidence_file_path_into(char path[EVIDENCE_FILE_PATH_SIZE], uint64_t round, bool binary)
{
    (void)snprintf(path, EVIDENCE_FILE_PATH_SIZE, "%s/%" PRIu64 ".evidence.%s", evidence_directory,
                   round, binary ? "bin" : "json");
}

static mn_result evidence_failure(const char *what, const char *path, struct mn_error *error)
{
    int code = errno;
    /* A limit on the size of files is mended like a full disk. */
    mn_result result = code == EFBIG ? MN_NO_SPACE : mn_result_from_errno(code);
    const char *remedy = "see the system's log for what is wrong with this disk";
    if (result == MN_NO_SPACE) {
        remedy = "free space on its disk";
    } else if (result == MN_DENIED || result == MN_NOT_FOUND) {
        remedy = "its directory must exist and be writable";
    }
    mn_error_set(error, "cannot %s the evidence file %s: %s; %s", what, path, strerror(code),
                 remedy);
    return result;
}

static bool evidence_write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return false;
        }
        bytes += written;
        size -= (size_t)written;
    }
    return true;
}

static bool evidence_sync_directory(void)
{
    int fd = open(evidence_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool synced = fsync(fd) == 0;
    int code = errno;
    (void)close(fd);
    errno = code;
    return synced;
}

mn_result evidence_file_write(uint64_t round, bool binary, const void *bytes, size_t size,
                              struct mn_error *error)
{
    char path[EVIDENCE_FILE_PATH_SIZE];
    char part[EVIDENCE_FILE_PATH_SIZE + 8];
    evidence_file_path_into(path, round, binary);
    (void)snprintf(part, sizeof part, "%s.part", path);
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return evidence_failure("create", path, error);
    }
    mn_result result = MN_OK;
    if (!evidence_write_all(fd, bytes, size) || fsync(fd) != 0) {
        result = evidence_failure("write", path, error);
    }
    if (close(fd) != 0 && result == MN_OK) {
        result = evidence_failure("write", path, error);
    }
    if (result == MN_OK && (rename(part, path) != 0 || !evidence_sync_directory())) {
        result = evidence_failure("name", path, error);
    }
    if (result != MN_OK) {
        (void)unlink(part);
    }
    return result;
}
