/* The checkpoint files of a host, one at a time. */
#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/checkpoint_file.h"
#include "store_files.h"

enum { STORE_CHECK_SIZE = 8 * 1024 * 1024 /* of a file that is verified at a time */ };

mn_result agent_store_failure(const char *what, const char *path, struct mn_error *error)
{
    int code = errno;
    mn_result result = mn_result_from_errno(code);
    const char *remedy = "";
    if (result == MN_NO_SPACE || code == EFBIG) {
        remedy = "; make room on its disk";
        result = MN_NO_SPACE;
    } else if (result == MN_DENIED) {
        remedy = "; it must be writable by this user";
    }
    mn_error_set(error, "cannot %s %s: %s%s", what, path, strerror(code), remedy);
    return result;
}

mn_result agent_store_directory_path(const struct agent_store *store, const struct mn_name *vat,
                                     char out[AGENT_STORE_PATH_SIZE], struct mn_error *error)
{
    char name[AGENT_STORE_NAME_SIZE];
    agent_store_name(vat, name);
    int size = snprintf(out, AGENT_STORE_PATH_SIZE, "%s/%s", store->root, name);
    if (size < 0 || size >= AGENT_STORE_PATH_SIZE) {
        mn_error_set(error, "the path of %s in %s is too long", vat->text, store->root);
        return MN_TOO_LARGE;
    }
    return MN_OK;
}

mn_result agent_store_file_path(const struct agent_store *store, const struct mn_name *vat,
                                mn_epoch epoch, const char *ending, char out[AGENT_STORE_PATH_SIZE],
                                struct mn_error *error)
{
    mn_result result = agent_store_directory_path(store, vat, out, error);
    if (result != MN_OK) {
        return result;
    }
    char name[MN_CHECKPOINT_NAME_SIZE];
    mn_checkpoint_name_into(name, epoch);
    size_t used = strlen(out);
    int size = snprintf(out + used, AGENT_STORE_PATH_SIZE - used, "/%.16s%s", name, ending);
    if (size < 0 || (size_t)size >= AGENT_STORE_PATH_SIZE - used) {
        mn_error_set(error, "the path of %s in %s is too long", vat->text, store->root);
        return MN_TOO_LARGE;
    }
    return MN_OK;
}

mn_result agent_store_write_at(int fd, const unsigned char *bytes, size_t size, uint64_t offset,
                               const char *path, struct mn_error *error)
{
    size_t done = 0;
    while (done < size) {
        ssize_t written = pwrite(fd, bytes + done, size - done, (off_t)(offset + done));
        if (written < 0) {
            return agent_store_failure("write", path, error);
        }
        done += (size_t)written;
    }
    return MN_OK;
}

mn_result agent_store_sync_directory(const char *path, struct mn_error *error)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return agent_store_failure("open the directory", path, error);
    }
    mn_result result = MN_OK;
    if (fsync(fd) != 0) {
        result = agent_store_failure("sync the directory", path, error);
    }
    (void)close(fd);
    return result;
}

mn_result agent_store_sync_file(const char *path, struct mn_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return agent_store_failure("open", path, error);
    }
    mn_result result = MN_OK;
    if (fsync(fd) != 0) {
        result = agent_store_failure("sync", path, error);
    }
    (void)close(fd);
    return result;
}

mn_result agent_store_make_directory(const char *path, const char *parent, struct mn_error *error)
{
    if (mkdir(path, 0700) != 0) {
        return errno == EEXIST ? MN_OK : agent_store_failure("make the directory", path, error);
    }
    mn_result result = agent_store_sync_directory(parent, error);
    if (result != MN_OK) {
        (void)rmdir(path); /* or the next time it would count as made, and never be synced */
    }
    return result;
}

/* Make the name of @path durable: sync the directory that it stands in. */
static mn_result store_sync_name(const char *path, struct mn_error *error)
{
    char parent[AGENT_STORE_PATH_SIZE];
    const char *slash = strrchr(path, '/');
    (void)snprintf(parent, sizeof parent, "%.*s", slash != NULL ? (int)(slash - path) + 1 : 1,
                   slash != NULL ? path : ".");
    return agent_store_sync_directory(parent, error);
}

mn_result agent_store_open(struct agent_store *store, const char *root, struct mn_error *error)
{
    if (strlen(root) + AGENT_STORE_NAME_SIZE + 64 > MN_PATH_SIZE_MAX) {
        mn_error_set(error, "the path of the store is too long: %s", root);
        return MN_TOO_LARGE;
    }
    (void)snprintf(store->root, sizeof store->root, "%s", root);
    if (mkdir(root, 0700) != 0 && errno != EEXIST) {
        return agent_store_failure("make the directory", root, error);
    }
    char probe[AGENT_STORE_PATH_SIZE];
    (void)snprintf(probe, sizeof probe, "%s/.probe", root);
    int fd = open(probe, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return agent_store_failure("write into the directory", root, error);
    }
    (void)close(fd);
    (void)unlink(probe);
    return store_sync_name(root, error);
}

mn_result agent_store_prepare(const struct agent_store *store, const struct mn_name *vat,
                              struct mn_error *error)
{
    char path[AGENT_STORE_PATH_SIZE];
    mn_result result = agent_store_directory_path(store, vat, path, error);
    if (result == MN_OK) {
        result = agent_store_make_directory(path, store->root, error);
    }
    if (result != MN_OK) {
        return result;
    }
    DIR *directory = opendir(path);
    if (directory == NULL) {
        return agent_store_failure("open the directory", path, error);
    }
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        size_t size = strlen(entry->d_name);
        if (size > 5 && strcmp(entry->d_name + size - 5, ".part") == 0) {
            (void)unlinkat(dirfd(directory), entry->d_name, 0);
        }
    }
    (void)closedir(directory);
    return MN_OK;
}

static mn_result store_write_bytes(const char *path, const struct mn_copies *piece,
                                   struct mn_error *error)
{
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (piece->piece.offset == 0 ? O_TRUNC : 0);
    int fd = open(path, flags, 0600);
    if (fd < 0) {
        return agent_store_failure("write", path, error);
    }
    mn_result result = agent_store_write_at(fd, piece->piece.bytes, piece->piece.byte_count,
                                            piece->piece.offset, path, error);
    if (close(fd) != 0 && result == MN_OK) {
        result = agent_store_failure("write", path, error);
    }
    return result;
}

mn_result agent_store_check(const char *path, struct mn_checkpoint_reader **reading,
                            struct mn_arena *arena, struct agent_file_facts *facts, bool *end,
                            struct mn_error *error)
{
    mn_result result = MN_OK;
    if (*reading == NULL) {
        result = mn_checkpoint_open(reading, path, arena, &facts->record, error);
    }
    if (result != MN_OK) {
        return result;
    }
    result = mn_checkpoint_check(*reading, STORE_CHECK_SIZE, error);
    *end = result == MN_NOT_FOUND;
    if (*end) {
        struct mn_checkpoint_identity identity = mn_checkpoint_reader_identity(*reading);
        facts->size = identity.size;
        facts->digest = identity.digest;
        result = MN_OK;
    }
    return result;
}

/* The file is whole: does it hold what was announced? */
static mn_result store_compare(const char *path, const struct mn_copies *piece,
                               const struct agent_file_facts *facts, struct mn_error *error)
{
    if (facts->size != piece->piece.size ||
        memcmp(&facts->digest, &piece->piece.digest, sizeof facts->digest) != 0 ||
        facts->record.epoch != piece->piece.epoch ||
        !mn_name_equal(&facts->record.vat, &piece->vat)) {
        mn_error_set(error, "%s is not the checkpoint that was announced", path);
        return MN_CORRUPT;
    }
    return MN_OK;
}

mn_result agent_store_keep(const struct agent_store *store, const char *arriving,
                           const struct mn_name *vat, mn_epoch epoch, struct mn_error *error)
{
    char path[AGENT_STORE_PATH_SIZE] = "";
    char directory[AGENT_STORE_PATH_SIZE] = "";
    mn_result result = agent_store_sync_file(arriving, error);
    if (result == MN_OK) {
        result = agent_store_file_path(store, vat, epoch, ".ckpt", path, error);
    }
    if (result == MN_OK) {
        result = agent_store_directory_path(store, vat, directory, error);
    }
    if (result == MN_OK && rename(arriving, path) != 0) {
        result = agent_store_failure("name", path, error);
    } else if (result == MN_OK) {
        result = agent_store_sync_directory(directory, error);
        if (result != MN_OK) {
            (void)unlink(path);
        }
    }
    return result;
}

static mn_result store_write_piece(const struct agent_store *store, const struct mn_copies *piece,
                                   const char *path, struct mn_error *error)
{
    char directory[AGENT_STORE_PATH_SIZE];
    mn_result result = agent_store_directory_path(store, &piece->vat, directory, error);
    if (result == MN_OK) {
        result = agent_store_make_directory(directory, store->root, error);
    }
    return result == MN_OK ? store_write_bytes(path, piece, error) : result;
}

mn_result agent_store_write(const struct agent_store *store, const struct mn_copies *piece,
                            struct mn_checkpoint_reader **reading, struct mn_arena *arena,
                            struct agent_file_facts *facts, bool *whole, struct mn_error *error)
{
    char path[AGENT_STORE_PATH_SIZE];
    bool last = piece->piece.offset + piece->piece.byte_count == piece->piece.size;
    bool end = false;
    *whole = false;
    mn_result result =
        agent_store_file_path(store, &piece->vat, piece->piece.epoch, ".arriving", path, error);
    if (result != MN_OK) {
        return result;
    }
    if (*reading == NULL) {
        result = store_write_piece(store, piece, path, error);
    }
    if (result == MN_OK && last) {
        result = agent_store_check(path, reading, arena, facts, &end, error);
    }
    if (result == MN_OK && !end) {
        return MN_OK;
    }
    mn_checkpoint_close(reading);
    if (result == MN_OK) {
        result = store_compare(path, piece, facts, error);
    }
    if (result == MN_OK) {
        result = agent_store_keep(store, path, &piece->vat, piece->piece.epoch, error);
    }
    if (result != MN_OK) {
        (void)unlink(path);
        *facts = (struct agent_file_facts){0};
    }
    *whole = result == MN_OK;
    return result;
}

mn_result agent_store_read(const struct agent_store *store, const struct mn_name *vat,
                           mn_epoch epoch, uint64_t offset, void *bytes, size_t size, size_t *count,
                           struct mn_error *error)
{
    char path[AGENT_STORE_PATH_SIZE];
    mn_result result = agent_store_file_path(store, vat, epoch, ".ckpt", path, error);
    if (result != MN_OK) {
        return result;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return agent_store_failure("open", path, error);
    }
    size_t done = 0;
    while (done < size && result == MN_OK) {
        ssize_t got = pread(fd, (unsigned char *)bytes + done, size - done, (off_t)(offset + done));
        if (got < 0) {
            result = agent_store_failure("read", path, error);
        } else if (got == 0) {
            break;
        } else {
            done += (size_t)got;
        }
    }
    (void)close(fd);
    if (result == MN_OK && done == 0) {
        mn_error_set(error, "%s is shorter than it was", path);
        result = MN_CORRUPT;
    }
    if (result == MN_OK) {
        *count = done;
    }
    return result;
}

mn_result agent_store_delete(const struct agent_store *store, const struct mn_name *vat,
                             mn_epoch epoch, struct mn_error *error)
{
    static const char *const endings[] = {".ckpt", ".arriving"};
    for (size_t i = 0; i < 2; i++) {
        char path[AGENT_STORE_PATH_SIZE];
        mn_result result = agent_store_file_path(store, vat, epoch, endings[i], path, error);
        if (result == MN_OK && unlink(path) != 0 && errno != ENOENT) {
            result = agent_store_failure("delete", path, error);
        }
        if (result != MN_OK) {
            return result;
        }
    }
    return MN_OK;
}
