/* Making what vats wrote durable. A large file is synced, and written anew, a part at a time, so
 * that others' records need not wait for all of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/checkpoint_file.h"
#include "store_files.h"

enum {
    SYNC_COPY_SIZE = 65536,
    SYNC_PART_SIZE = 8 * 1024 * 1024 /* of a file that is synced, or copied, at a time */
};

/* What an fsync of the whole would do to a part of it. What this finds wrong the fsync in the end
 * finds too; what it does not, no less. */
static mn_result sync_part(int fd, uint64_t offset, const char *path, struct mn_error *error)
{
    const unsigned flags =
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    if (sync_file_range(fd, (off_t)offset, SYNC_PART_SIZE, flags) != 0 && errno != ENOSYS &&
        errno != EINVAL && errno != ESPIPE) {
        return agent_store_failure("sync", path, error);
    }
    return MN_OK;
}

/* Sync the next part of the file at @path. *@end: it was the last, and all is durable. */
static mn_result sync_next(const char *path, uint64_t *offset, bool *end, struct mn_error *error)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return agent_store_failure("open", path, error);
    }
    mn_result result = MN_OK;
    if (fstat(fd, &status) != 0) {
        result = agent_store_failure("examine", path, error);
    } else if ((uint64_t)status.st_size - *offset > SYNC_PART_SIZE) {
        result = sync_part(fd, *offset, path, error);
        *offset += SYNC_PART_SIZE;
    } else {
        *end = true;
        result = fsync(fd) == 0 ? MN_OK : agent_store_failure("sync", path, error);
    }
    (void)close(fd);
    return result;
}

/* Copy the next part of what is open as @from. *@end: it was the last. */
static mn_result anew_copy(int from, int to, const char *path, uint64_t *offset, bool *end,
                           struct mn_error *error)
{
    unsigned char bytes[SYNC_COPY_SIZE];
    uint64_t first = *offset;
    mn_result result = MN_OK;
    while (result == MN_OK && !*end && *offset < first + SYNC_PART_SIZE) {
        ssize_t size = pread(from, bytes, sizeof bytes, (off_t)*offset);
        if (size < 0) {
            return agent_store_failure("read", path, error);
        }
        *end = size == 0;
        result = agent_store_write_at(to, bytes, (size_t)size, *offset, path, error);
        *offset += result == MN_OK ? (uint64_t)size : 0;
    }
    return result == MN_OK ? sync_part(to, first, path, error) : result;
}

/* The next part of @path as @fresh, which is synced with the last. */
static mn_result anew_next(const char *path, const char *fresh, uint64_t *offset, bool *end,
                           struct mn_error *error)
{
    int from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (from < 0) {
        return agent_store_failure("open", path, error);
    }
    if (*offset == 0) {
        (void)unlink(fresh); /* what an earlier agent left, or whatever else it is */
    }
    int to = open(fresh, O_WRONLY | O_CLOEXEC | (*offset == 0 ? O_CREAT | O_EXCL : 0), 0600);
    mn_result result = MN_OK;
    if (to < 0) {
        result = agent_store_failure("write", fresh, error);
        (void)close(from);
        return result;
    }
    result = anew_copy(from, to, path, offset, end, error);
    if (result == MN_OK && *end && fsync(to) != 0) {
        result = agent_store_failure("sync", fresh, error);
    }
    (void)close(to);
    (void)close(from);
    return result;
}

/* Let the fresh copy of a file take its place, if it is a checkpoint still: @result says so. If
 * not, the pages that could not be written are gone: the file is set aside, or another sync would
 * find nothing wrong. One that was removed meanwhile does not come back. */
static mn_result anew_replace(const char *fresh, const char *path, mn_result result,
                              struct mn_error *error)
{
    if (result == MN_CORRUPT) {
        char aside[AGENT_STORE_PATH_SIZE + 16];
        (void)snprintf(aside, sizeof aside, "%s.corrupt", path);
        bool renamed = rename(path, aside) == 0;
        mn_error_set(error, "%s was damaged when it could not be synced%s", path,
                     renamed ? "; it is set aside with the ending .corrupt" : "");
    } else if (result != MN_OK) {
        mn_error_set(error, "cannot read back %s: %s", fresh, mn_result_text(result));
    } else if (access(path, F_OK) != 0 || rename(fresh, path) != 0) {
        result = agent_store_failure("replace", path, error);
    }
    return result;
}

/* Write the file anew under another name, sync that, verify it, and let it take the old one's
 * place: the next part of all that. */
static mn_result sync_anew(const char *path, struct agent_store_syncing *syncing, bool *end,
                           struct mn_error *error)
{
    char fresh[AGENT_STORE_PATH_SIZE + 8];
    struct agent_file_facts facts = {.size = 0};
    (void)snprintf(fresh, sizeof fresh, "%s.anew", path);
    mn_result result = MN_OK;
    if (!syncing->copied) {
        result = anew_next(path, fresh, &syncing->offset, &syncing->copied, error);
    } else {
        bool checked = false;
        mn_result found =
            agent_store_check(fresh, &syncing->reading, &syncing->arena, &facts, &checked, NULL);
        if (found != MN_OK || checked) {
            *end = true;
            result = anew_replace(fresh, path, found, error);
        }
    }
    if (result != MN_OK) {
        (void)unlink(fresh);
    }
    return result;
}

void agent_store_syncing_deinit(struct agent_store_syncing *syncing)
{
    mn_checkpoint_close(&syncing->reading);
    mn_arena_deinit(&syncing->arena);
}

mn_result agent_store_sync(const struct agent_store *store, const struct mn_name *vat,
                           mn_epoch epoch, bool again, struct agent_store_syncing *syncing,
                           bool *whole, struct mn_error *error)
{
    char path[AGENT_STORE_PATH_SIZE];
    char directory[AGENT_STORE_PATH_SIZE];
    bool end = false;
    mn_result result = agent_store_file_path(store, vat, epoch, ".ckpt", path, error);
    if (result == MN_OK) {
        result = again ? sync_anew(path, syncing, &end, error)
                       : sync_next(path, &syncing->offset, &end, error);
    }
    if (result == MN_OK && end) {
        result = agent_store_directory_path(store, vat, directory, error);
        result = result == MN_OK ? agent_store_sync_directory(directory, error) : result;
    }
    *whole = result != MN_OK || end;
    return result;
}
