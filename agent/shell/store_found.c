/* Checkpoints on a disk that was found: listed by their names, and copied one at a time. That disk
 * may be anything that somebody mounted, so nothing of it is believed before the copy has been
 * verified, only plain files are opened, and it is never written to. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/grow.h"
#include "store/checkpoint_file.h"
#include "store_files.h"

enum {
    FOUND_BYTES_SIZE = 65536,
    FOUND_PART_SIZE = 8 * 1024 * 1024 /* of a file that is copied at a time */
};

/* ---- listing --------------------------------------------------------------------------------- */

struct found_list {
    mn_epoch *epochs;
    size_t count;
    size_t capacity;
};

static int found_order(const void *a, const void *b)
{
    const mn_epoch *left = a;
    const mn_epoch *right = b;
    return (*left > *right) - (*left < *right);
}

/* Add what is named as a checkpoint in that directory. */
static mn_result found_list_directory(const char *path, struct found_list *list,
                                      struct mn_error *error)
{
    DIR *directory = opendir(path);
    if (directory == NULL) {
        return agent_store_failure("open the directory", path, error);
    }
    mn_result result = MN_OK;
    errno = 0;
    for (struct dirent *entry = readdir(directory); entry != NULL && result == MN_OK;
         entry = readdir(directory)) {
        mn_epoch epoch = 0;
        if (mn_checkpoint_name_parse(entry->d_name, &epoch)) {
            result = mn_grow(&list->epochs, &list->capacity, list->count + 1, sizeof(mn_epoch),
                             AGENT_FILE_COUNT_MAX);
            if (result == MN_OK) {
                list->epochs[list->count] = epoch;
                list->count += 1;
            }
        }
        errno = 0;
    }
    if (result == MN_OK && errno != 0) {
        result = agent_store_failure("read the directory", path, error);
    } else if (result == MN_FULL) {
        mn_error_set(error, "there are more than %d checkpoints in %s", AGENT_FILE_COUNT_MAX, path);
    }
    (void)closedir(directory);
    return result;
}

static mn_result found_directory(const char *from, const struct mn_name *vat,
                                 char out[AGENT_STORE_PATH_SIZE], struct mn_error *error)
{
    char name[AGENT_STORE_NAME_SIZE];
    agent_store_name(vat, name);
    int size = snprintf(out, AGENT_STORE_PATH_SIZE, "%s/%s", from, name);
    if (size < 0 || size >= AGENT_STORE_PATH_SIZE) {
        mn_error_set(error, "the path of %s in %s is too long", vat->text, from);
        return MN_TOO_LARGE;
    }
    return MN_OK;
}

mn_result agent_store_list_found(const char *from, const struct mn_name *vat, mn_epoch **epochs,
                                 uint32_t *count, struct mn_error *error)
{
    char path[AGENT_STORE_PATH_SIZE];
    struct found_list list = {NULL, 0, 0};
    mn_result result = found_list_directory(from, &list, error);
    if (result == MN_OK && list.count == 0) { /* it is no directory of checkpoints: a store then */
        result = found_directory(from, vat, path, error);
        if (result == MN_OK) {
            result = found_list_directory(path, &list, error);
        }
        if (result == MN_NOT_FOUND) {
            mn_error_set(error, "there is no checkpoint file in %s, and no directory of %s", from,
                         vat->text);
        }
    }
    if (result != MN_OK) {
        free(list.epochs);
        return result;
    }
    if (list.count > 0) {
        qsort(list.epochs, list.count, sizeof *list.epochs, found_order);
    }
    *epochs = list.epochs;
    *count = (uint32_t)list.count;
    return MN_OK;
}

/* ---- copying --------------------------------------------------------------------------------- */

/* Open the file, in @from itself or in the vat's directory of it. Not what a name merely leads to,
 * nor anything that one might wait for. */
static mn_result found_open(const char *from, const struct mn_name *vat, mn_epoch epoch, int *fd,
                            char path[AGENT_STORE_PATH_SIZE], struct mn_error *error)
{
    char name[MN_CHECKPOINT_NAME_SIZE];
    char directory[AGENT_STORE_PATH_SIZE];
    mn_result result = found_directory(from, vat, directory, error);
    if (result != MN_OK) {
        return result;
    }
    mn_checkpoint_name_into(name, epoch);
    const char *const places[] = {from, directory};
    for (size_t i = 0; i < 2; i++) {
        int size = snprintf(path, AGENT_STORE_PATH_SIZE, "%s/%s", places[i], name);
        if (size < 0 || size >= AGENT_STORE_PATH_SIZE) {
            mn_error_set(error, "the path of %s in %s is too long", name, places[i]);
            return MN_TOO_LARGE;
        }
        *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (*fd >= 0 || errno != ENOENT) {
            break;
        }
    }
    if (*fd < 0) {
        return agent_store_failure("open", path, error);
    }
    struct stat status;
    if (fstat(*fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        mn_error_set(error, "%s is no plain file", path);
        (void)close(*fd);
        return MN_DENIED;
    }
    return MN_OK;
}

/* The next part of the file. *@end: it was the last. */
static mn_result found_copy(int from, int to, const char *from_path, const char *to_path,
                            uint64_t *offset, bool *end, enum mn_passed_why *why,
                            struct mn_error *error)
{
    unsigned char bytes[FOUND_BYTES_SIZE];
    uint64_t until = *offset + FOUND_PART_SIZE;
    while (*offset < until) {
        ssize_t size = pread(from, bytes, sizeof bytes, (off_t)*offset);
        if (size < 0) {
            *why = MN_PASSED_UNREADABLE;
            return agent_store_failure("read", from_path, error);
        }
        if (size == 0) {
            *end = true;
            return MN_OK;
        }
        mn_result result = agent_store_write_at(to, bytes, (size_t)size, *offset, to_path, error);
        if (result != MN_OK) {
            *why = result == MN_NO_SPACE ? MN_PASSED_FULL : MN_PASSED_UNWRITTEN;
            return result;
        }
        *offset += (uint64_t)size;
    }
    return MN_OK;
}

/* All of it is there: is it that checkpoint? */
static mn_result found_verify(const char *path, const struct mn_name *vat, mn_epoch epoch,
                              struct mn_checkpoint_reader **reading, struct mn_arena *arena,
                              struct agent_file_facts *facts, bool *end, enum mn_passed_why *why,
                              struct mn_error *error)
{
    mn_result result = agent_store_check(path, reading, arena, facts, end, error);
    if (result == MN_OK && !*end) {
        return MN_OK;
    }
    mn_checkpoint_close(reading);
    if (result != MN_OK) {
        bool own = mn_result_again(result);
        *why = own ? MN_PASSED_UNWRITTEN : MN_PASSED_DAMAGED;
        return result;
    }
    if (facts->record.epoch != epoch || !mn_name_equal(&facts->record.vat, vat)) {
        mn_error_set(error, "it holds checkpoint %lld of %s", (long long)facts->record.epoch,
                     facts->record.vat.text);
        *why = MN_PASSED_FOREIGN;
        return MN_DENIED;
    }
    return MN_OK;
}

/* Open the file at @path, in which the copy is gathered. */
static mn_result found_make(const struct agent_store *store, const struct mn_name *vat, bool first,
                            const char *path, int *fd, struct mn_error *error)
{
    char directory[AGENT_STORE_PATH_SIZE];
    mn_result result = agent_store_directory_path(store, vat, directory, error);
    if (result == MN_OK) {
        result = agent_store_make_directory(directory, store->root, error);
    }
    if (result == MN_OK) {
        *fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (first ? O_TRUNC : 0), 0600);
        result = *fd >= 0 ? MN_OK : agent_store_failure("write", path, error);
    }
    return result;
}

/* Copy the next part. *@end: it was the last. */
static mn_result found_take_part(const struct agent_store *store, const char *from,
                                 const struct mn_name *vat, mn_epoch epoch, const char *path,
                                 uint64_t *offset, bool *end, enum mn_passed_why *why,
                                 struct mn_error *error)
{
    char from_path[AGENT_STORE_PATH_SIZE];
    int in = -1;
    int out = -1;
    *why = MN_PASSED_UNREADABLE;
    mn_result result = found_open(from, vat, epoch, &in, from_path, error);
    if (result != MN_OK) {
        return result;
    }
    result = found_make(store, vat, *offset == 0, path, &out, error);
    *why = result == MN_NO_SPACE ? MN_PASSED_FULL : MN_PASSED_UNWRITTEN;
    if (result == MN_OK) {
        result = found_copy(in, out, from_path, path, offset, end, why, error);
        (void)close(out);
    }
    (void)close(in);
    return result;
}

mn_result agent_store_take_found(const struct agent_store *store, const char *from,
                                 const struct mn_name *vat, mn_epoch epoch, uint64_t *offset,
                                 struct mn_checkpoint_reader **reading, struct mn_arena *arena,
                                 struct agent_file_facts *facts, bool *whole,
                                 enum mn_passed_why *why, struct mn_error *error)
{
    char path[AGENT_STORE_PATH_SIZE];
    bool copied = *reading != NULL;
    bool end = false;
    *whole = false;
    *why = MN_PASSED_UNWRITTEN;
    mn_result result = agent_store_file_path(store, vat, epoch, ".arriving", path, error);
    if (result != MN_OK) {
        return result;
    }
    if (!copied) {
        result = found_take_part(store, from, vat, epoch, path, offset, &copied, why, error);
    }
    if (result == MN_OK && copied) {
        result = found_verify(path, vat, epoch, reading, arena, facts, &end, why, error);
    }
    if (result == MN_OK && end) {
        result = agent_store_keep(store, path, vat, epoch, error);
        *why = result == MN_NO_SPACE ? MN_PASSED_FULL : MN_PASSED_UNWRITTEN;
    }
    if (result != MN_OK) {
        (void)unlink(path);
    }
    *whole = result == MN_OK && end;
    return result;
}
