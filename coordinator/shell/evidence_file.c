/* Writing evidence files: a temporary file beside it, synced, renamed, and the directory synced, so
 * that what stands under the name is always a whole document. */
#include "shell/evidence_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { EVIDENCE_COPY_SIZE = 65536 /* at a time */ };

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
        *file = (struct evidence_file){
            .fd = open(evidence_part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
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

/* All that can be read of @from. False with errno when that, or writing it, fails. */
static bool evidence_copy(int from, int to, struct mn_digest *digest)
{
    crypto_generichash_state state;
    char bytes[EVIDENCE_COPY_SIZE];
    uint64_t offset = 0;
    (void)crypto_generichash_init(&state, NULL, 0, sizeof digest->bytes);
    while (true) {
        ssize_t got = pread(from, bytes, sizeof bytes, (off_t)offset);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return false;
        }
        if (got == 0) {
            (void)crypto_generichash_final(&state, digest->bytes, sizeof digest->bytes);
            return true;
        }
        (void)crypto_generichash_update(&state, (const unsigned char *)bytes, (size_t)got);
        if (!evidence_write_all(to, bytes, (size_t)got, offset)) {
            return false;
        }
        offset += (uint64_t)got;
    }
}

/* In place of a file that is doubtful, another one with what can be read of it. */
static mn_result evidence_renew(struct evidence_file *file, const struct mn_digest *digest,
                                struct mn_error *error)
{
    struct mn_digest found;
    (void)unlink(evidence_part); /* it stays readable as long as it is open */
    int fd = open(evidence_part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return evidence_failure("create", evidence_part, error);
    }
    if (!evidence_copy(file->fd, fd, &found)) {
        mn_result result = evidence_failure("copy", evidence_part, error);
        (void)close(fd);
        return result;
    }
    if (sodium_memcmp(found.bytes, digest->bytes, sizeof found.bytes) != 0) {
        (void)close(fd);
        mn_error_set(error,
                     "the evidence file %s has lost what was written to it; see the system's log "
                     "for what is wrong with this disk",
                     evidence_part);
        return MN_UNKNOWN;
    }
    (void)close(file->fd);
    file->fd = fd;
    file->doubtful = false;
    file->named = false;
    return MN_OK;
}

/* A sync that fails is never tried again: the system takes what it could not write for written
 * then, and says so once. */
static mn_result evidence_sync(struct evidence_file *file, const struct mn_digest *digest,
                               struct mn_error *error)
{
    if (file->doubtful && file->in_parts) {
        mn_result result = evidence_renew(file, digest, error);
        if (result != MN_OK) {
            return result;
        }
    }
    if (fsync(file->fd) != 0) {
        file->doubtful = true;
        return evidence_failure("write", evidence_part, error);
    }
    return MN_OK;
}

mn_result evidence_file_end(struct evidence_file *file, uint64_t round, bool binary,
                            const struct mn_digest *digest, struct mn_error *error)
{
    char path[EVIDENCE_FILE_PATH_SIZE];
    char other[EVIDENCE_FILE_PATH_SIZE];
    evidence_file_path_into(path, round, binary);
    evidence_file_path_into(other, round, !binary);
    mn_result result = evidence_sync(file, digest, error);
    if (result != MN_OK) {
        return result;
    }
    if (!file->named) {
        file->named = rename(evidence_part, path) == 0;
        /* Somebody has removed it, to make room, say: what is open can still be copied. */
        file->doubtful = file->doubtful || (!file->named && errno == ENOENT);
    }
    bool only = file->named && (unlink(other) == 0 || errno == ENOENT);
    if (!only || !evidence_sync_directory()) {
        return evidence_failure("name", path, error);
    }
    (void)close(file->fd); /* all of it is durable already */
    file->fd = -1;
    return MN_OK;
}
