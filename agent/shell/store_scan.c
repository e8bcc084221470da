/* The scan of the store at start: every file is read whole, for a copy that cannot be read back is
 * none; and reading a file over later. Directories of vats are known again by the record of their
 * files, never by their name. */
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

enum { SCAN_NAME_COUNT_MAX = 1 << 24 };

struct scan_names {
    char **items;
    size_t count;
    size_t capacity;
};

static void scan_names_deinit(struct scan_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        free(names->items[i]);
    }
    free((void *)names->items);
}

static int scan_name_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a directory but for those that begin with a dot, sorted. */
static mn_result scan_list(const char *path, struct scan_names *names, struct mn_error *error)
{
    DIR *directory = opendir(path);
    if (directory == NULL) {
        return agent_store_failure("open the directory", path, error);
    }
    mn_result result = MN_OK;
    errno = 0;
    for (struct dirent *entry = readdir(directory); entry != NULL && result == MN_OK;
         entry = readdir(directory)) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        result = mn_grow(&names->items, &names->capacity, names->count + 1, sizeof(char *),
                         SCAN_NAME_COUNT_MAX);
        char *copy = result == MN_OK ? strdup(entry->d_name) : NULL;
        if (result == MN_OK && copy == NULL) {
            result = MN_NO_MEMORY;
        }
        if (result == MN_OK) {
            names->items[names->count] = copy;
            names->count += 1;
        }
        errno = 0;
    }
    if (result == MN_OK && errno != 0) {
        result = agent_store_failure("read the directory", path, error);
    }
    (void)closedir(directory);
    if (result == MN_OK && names->count > 0) {
        qsort((void *)names->items, names->count, sizeof(char *), scan_name_compare);
    }
    return result;
}

struct scan {
    const struct agent_store *store;
    agent_store_each *each;
    agent_store_unread *unread;
    agent_store_bad *bad;
    void *context;
};

/* What is no checkpoint stays, under another name. What to say of that. */
static const char *scan_set_aside(const char *path)
{
    char aside[AGENT_STORE_PATH_SIZE + 16];
    (void)snprintf(aside, sizeof aside, "%s.corrupt", path);
    return rename(path, aside) == 0 ? "it is set aside with the ending .corrupt"
                                    : "it stays as it is";
}

static void scan_bad(const struct scan *scan, const char *path, const char *why)
{
    char text[MN_ERROR_TEXT_SIZE_MAX + 64];
    (void)snprintf(text, sizeof text, "%s; %s", why, scan_set_aside(path));
    scan->bad(scan->context, text);
}

/* Is it that checkpoint, of the vat whose directory is named so? */
static mn_result scan_compare(const char *path, const char *directory_name, mn_epoch epoch,
                              const struct mn_checkpoint_record *record, struct mn_error *why)
{
    char expected[AGENT_STORE_NAME_SIZE];
    agent_store_name(&record->vat, expected);
    if (record->epoch != epoch || strcmp(expected, directory_name) != 0) {
        mn_error_set(why, "%s holds checkpoint %lld of %s", path, (long long)record->epoch,
                     record->vat.text);
        return MN_CORRUPT;
    }
    return MN_OK;
}

/* Read the file at @path whole. */
static mn_result scan_verify(const char *path, const char *directory_name, mn_epoch epoch,
                             struct mn_arena *arena, struct agent_file_facts *facts,
                             struct mn_error *why)
{
    struct mn_checkpoint_identity identity = {0};
    mn_result result = mn_checkpoint_verify(path, arena, &facts->record, &identity, why);
    facts->size = identity.size;
    facts->digest = identity.digest;
    return result == MN_OK ? scan_compare(path, directory_name, epoch, &facts->record, why)
                           : result;
}

static mn_result scan_file(const struct scan *scan, const char *directory,
                           const char *directory_name, mn_epoch epoch)
{
    char path[AGENT_STORE_PATH_SIZE];
    char file[MN_CHECKPOINT_NAME_SIZE];
    mn_checkpoint_name_into(file, epoch);
    int size = snprintf(path, sizeof path, "%s/%s", directory, file);
    if (size < 0 || (size_t)size >= sizeof path) {
        return MN_TOO_LARGE;
    }
    struct mn_arena arena;
    mn_arena_init(&arena, 0);
    struct mn_error why = {{0}};
    struct agent_file_facts facts = {0};
    mn_result result = scan_verify(path, directory_name, epoch, &arena, &facts, &why);
    if (result == MN_OK) {
        result = agent_store_sync_file(path, &why);
    }
    if (result == MN_OK) {
        result = scan->each(scan->context, &facts);
    } else if (result == MN_CORRUPT || result == MN_TOO_LARGE) {
        scan_bad(scan, path, why.text);
        result = MN_OK;
    } else if (result != MN_NO_MEMORY) {
        struct mn_name vat;
        bool again = result != MN_BAD_VERSION && agent_store_vat(directory_name, &vat);
        scan->bad(scan->context, why.text);
        result = again ? scan->unread(scan->context, &vat, epoch) : MN_OK;
    }
    mn_arena_deinit(&arena);
    return result;
}

/* What the system has in memory may be whole when the disk is not. */
static void scan_forget_pages(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0) {
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        (void)close(fd);
    }
}

/* What stands at the end of the file at @path, which is to be @known. */
static mn_result look_at(const char *path, const struct mn_checkpoint_identity *known,
                         struct mn_error *error)
{
    struct mn_digest end = {{0}};
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return agent_store_failure("find", path, error);
    }
    mn_result result = MN_OK;
    ssize_t got = 0;
    if (fstat(fd, &status) != 0) {
        result = agent_store_failure("examine", path, error);
    } else if ((uint64_t)status.st_size == known->size && known->size >= sizeof end) {
        got = pread(fd, end.bytes, sizeof end, status.st_size - (off_t)sizeof end);
        result = got < 0 ? agent_store_failure("read", path, error) : MN_OK;
    }
    (void)close(fd);
    bool same = got == (ssize_t)sizeof end && memcmp(&end, &known->digest, sizeof end) == 0;
    return result == MN_OK && !same ? MN_CORRUPT : result;
}

mn_result agent_store_look(const struct agent_store *store, const struct mn_name *vat,
                           mn_epoch epoch, const struct mn_checkpoint_identity *known,
                           struct mn_error *error)
{
    char path[AGENT_STORE_PATH_SIZE];
    mn_result result = agent_store_file_path(store, vat, epoch, ".ckpt", path, error);
    if (result == MN_OK) {
        result = look_at(path, known, error);
    }
    if (result == MN_CORRUPT) {
        mn_error_set(error, "%.400s is not the checkpoint that was there; %s", path,
                     scan_set_aside(path));
    }
    return result;
}

mn_result agent_store_read_over(const struct agent_store *store, const struct mn_name *vat,
                                mn_epoch epoch, struct mn_checkpoint_reader **reading,
                                struct mn_arena *arena, struct agent_file_facts *facts,
                                struct mn_error *error)
{
    char path[AGENT_STORE_PATH_SIZE];
    char directory_name[AGENT_STORE_NAME_SIZE];
    mn_result result = agent_store_file_path(store, vat, epoch, ".ckpt", path, error);
    if (result != MN_OK) {
        return result;
    }
    struct mn_error why = {{0}};
    bool end = false;
    if (*reading == NULL) {
        scan_forget_pages(path);
    }
    result = agent_store_check(path, reading, arena, facts, &end, &why);
    if (result == MN_OK && !end) {
        return MN_OK;
    }
    if (result == MN_OK) {
        agent_store_name(vat, directory_name);
        result = scan_compare(path, directory_name, epoch, &facts->record, &why);
    }
    bool replaced = *reading != NULL && !mn_checkpoint_reader_current(*reading);
    mn_checkpoint_close(reading);
    if (result == MN_OK || replaced) {
        return MN_OK;
    }
    if (result == MN_CORRUPT || result == MN_TOO_LARGE) {
        mn_error_set(error, "%.400s; %s", why.text, scan_set_aside(path));
        return MN_CORRUPT;
    }
    mn_error_set(error, "%s", why.text);
    return result;
}

static mn_result scan_directory(const struct scan *scan, const char *name, struct mn_error *error)
{
    char path[AGENT_STORE_PATH_SIZE];
    int size = snprintf(path, sizeof path, "%s/%s", scan->store->root, name);
    if (size < 0 || (size_t)size >= sizeof path) {
        mn_error_set(error, "the path of %s in %s is too long", name, scan->store->root);
        return MN_TOO_LARGE;
    }
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISDIR(status.st_mode)) {
        return MN_OK; /* somebody else's file */
    }
    struct scan_names files = {0};
    mn_result result = scan_list(path, &files, error);
    for (size_t i = 0; i < files.count && result == MN_OK; i++) {
        mn_epoch epoch = 0;
        const char *ending = strrchr(files.items[i], '.');
        if (mn_checkpoint_name_parse(files.items[i], &epoch)) {
            result = scan_file(scan, path, name, epoch);
        } else if (ending != NULL &&
                   (strcmp(ending, ".arriving") == 0 || strcmp(ending, ".anew") == 0)) {
            char left[AGENT_STORE_PATH_SIZE + 300];
            (void)snprintf(left, sizeof left, "%s/%s", path, files.items[i]);
            (void)unlink(left);
        }
    }
    scan_names_deinit(&files);
    return result == MN_OK ? agent_store_sync_directory(path, error) : result;
}

mn_result agent_store_scan(const struct agent_store *store, agent_store_each *each,
                           agent_store_unread *unread, agent_store_bad *bad, void *context,
                           struct mn_error *error)
{
    struct scan scan = {
        .store = store, .each = each, .unread = unread, .bad = bad, .context = context};
    struct scan_names directories = {0};
    mn_result result = scan_list(store->root, &directories, error);
    for (size_t i = 0; i < directories.count && result == MN_OK; i++) {
        result = scan_directory(&scan, directories.items[i], error);
    }
    scan_names_deinit(&directories);
    return result == MN_OK ? agent_store_sync_directory(store->root, error) : result;
}
