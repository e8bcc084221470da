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
static const char evidence_part[] = "rounds/evidence.part";

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

static bool evidence_write_all(int fd, const char *bytes, size_t size, uint64_t offset)
{
    while (size > 0) {
        ssize_t written = pwrite(fd, bytes, size, (off_t)offset);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return false;
        }
        bytes += written;
        size -= (size_t)written;
        offset += (uint64_t)written;
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

void evidence_file_init(struct evidence_file *file)
{
    *file = (struct evidence_file){.fd = -1};
    evidence_file_drop(file);
}

void evidence_file_deinit(struct evidence_file *file)
{
    if (file->fd >= 0) {
        (void)close(file->fd);
    }
    file->fd = -1;
}

void evidence_file_drop(struct evidence_file *file)
{
    evidence_file_deinit(file);
    (void)unlink(evidence_part); /* mostly there is none; one that stays does no harm */
}

mn_result evidence_file_put(struct evidence_file *file, uint64_t offset, const void *bytes,
                            size_t size, struct mn_error *error)
{
    if (offset == 0) {
        evidence_file_deinit(file);
        file->in_parts = false;
        file->named = false;
        file->fd = open(evidence_part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (file->fd < 0) {
            return evidence_failure("create", evidence_part, error);
        }
    }
    file->in_parts = file->in_parts || offset > 0;
    if (!evidence_write_all(file->fd, bytes, size, offset)) {
        return evidence_failure("write", evidence_part, error);
    }
    /* A hint: whether it was taken is seen when the whole is waited for. */
    (void)sync_file_range(file->fd, (off_t)offset, (off_t)size, SYNC_FILE_RANGE_WRITE);
    return MN_OK;
}

mn_result evidence_file_end(struct evidence_file *file, uint64_t round, bool binary,
                            struct mn_error *error)
{
    char path[EVIDENCE_FILE_PATH_SIZE];
    char other[EVIDENCE_FILE_PATH_SIZE];
    evidence_file_path_into(path, round, binary);
    evidence_file_path_into(other, round, !binary);
    if (fsync(file->fd) != 0) {
        /* The system takes what it could not write for written then, and does not say how much. */
        mn_result result = evidence_failure("write", path, error);
        return file->in_parts ? MN_UNKNOWN : result;
    }
    file->named = file->named || rename(evidence_part, path) == 0;
    bool only = file->named && (unlink(other) == 0 || errno == ENOENT);
    if (!only || !evidence_sync_directory()) {
        return evidence_failure("name", path, error);
    }
    (void)close(file->fd); /* all of it is durable already */
    file->fd = -1;
    return MN_OK;
}
