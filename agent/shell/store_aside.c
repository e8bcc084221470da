/* Former lives: their files in a place of their own, which no scan reads and nothing deletes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/checkpoint_file.h"
#include "store_files.h"

/* ROOT/.aside, or what is set aside there of a life. */
static mn_result aside_path(const struct agent_store *store, const char *name,
                            char out[AGENT_STORE_PATH_SIZE], struct mn_error *error)
{
    int size = snprintf(out, AGENT_STORE_PATH_SIZE, "%s/.aside%s%s", store->root,
                        name[0] != '\0' ? "/" : "", name);
    if (size < 0 || size >= AGENT_STORE_PATH_SIZE) {
        mn_error_set(error, "the path of %s in %s is too long", name, store->root);
        return MN_TOO_LARGE;
    }
    return MN_OK;
}

static mn_result aside_file(const struct agent_store *store, const struct mn_name *vat,
                            const char *aside, mn_epoch epoch, bool move, struct mn_error *error)
{
    char from[AGENT_STORE_PATH_SIZE];
    char to[AGENT_STORE_PATH_SIZE + MN_CHECKPOINT_NAME_SIZE];
    char name[MN_CHECKPOINT_NAME_SIZE];
    mn_checkpoint_name_into(name, epoch);
    (void)snprintf(to, sizeof to, "%s/%s", aside, name);
    mn_result result = agent_store_file_path(store, vat, epoch, ".ckpt", from, error);
    if (result != MN_OK) {
        return result;
    }
    if (move ? rename(from, to) == 0 : link(from, to) == 0) {
        return MN_OK;
    }
    if (errno == ENOENT || (!move && errno == EEXIST)) {
        return MN_OK; /* lost, or done before */
    }
    return agent_store_failure(move ? "set aside" : "link", from, error);
}

/* Make the directory and its parent, whose names are durable then. */
static mn_result aside_make(const struct agent_store *store, const char *path,
                            struct mn_error *error)
{
    char parent[AGENT_STORE_PATH_SIZE];
    mn_result result = aside_path(store, "", parent, error);
    if (result == MN_OK) {
        result = agent_store_make_directory(parent, store->root, error);
    }
    return result == MN_OK ? agent_store_make_directory(path, parent, error) : result;
}

mn_result agent_store_set_aside(const struct agent_store *store, const struct mn_name *vat,
                                mn_run run, const mn_epoch *moved, uint32_t moved_count,
                                const mn_epoch *linked, uint32_t linked_count,
                                struct mn_error *error)
{
    char name[AGENT_ASIDE_NAME_SIZE];
    char path[AGENT_STORE_PATH_SIZE];
    char directory[AGENT_STORE_PATH_SIZE];
    agent_aside_name(vat, run, name);
    mn_result result = aside_path(store, name, path, error);
    if (result == MN_OK) {
        result = agent_store_directory_path(store, vat, directory, error);
    }
    if (result == MN_OK) {
        result = aside_make(store, path, error);
    }
    /* What the others apply onto goes first, so that nothing is ever there without it. */
    for (uint32_t i = linked_count; i > 0 && result == MN_OK; i--) {
        result = aside_file(store, vat, path, linked[i - 1], false, error);
    }
    for (uint32_t i = moved_count; i > 0 && result == MN_OK; i--) {
        result = aside_file(store, vat, path, moved[i - 1], true, error);
    }
    if (result == MN_OK) {
        result = agent_store_sync_directory(path, error);
    }
    return result == MN_OK ? agent_store_sync_directory(directory, error) : result;
}

bool agent_store_aside(const struct agent_store *store, const struct mn_name *vat, mn_run run)
{
    char name[AGENT_ASIDE_NAME_SIZE];
    char path[AGENT_STORE_PATH_SIZE];
    agent_aside_name(vat, run, name);
    return aside_path(store, name, path, NULL) == MN_OK && access(path, F_OK) == 0;
}
