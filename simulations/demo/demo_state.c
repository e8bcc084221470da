/* A vat's newest state, read from the checkpoint files of whatever host has them. No process is
 * asked, and what was set aside is not looked at. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo/demo.h"
#include "store/checkpoint_file.h"

enum { STATE_FILE_COUNT_MAX = 4096 };

/* A checkpoint file of one vat, on some host. */
struct state_file {
    mn_epoch epoch;
    int host;
};

static void state_directory(const struct demo *demo, int host, const char *vat, char *path,
                            size_t size)
{
    (void)snprintf(path, size, "%s/store/%s", demo->hosts[host].directory, vat);
}

static int state_newest_first(const void *a, const void *b)
{
    const struct state_file *left = a;
    const struct state_file *right = b;
    return (left->epoch < right->epoch) - (left->epoch > right->epoch);
}

/* The files of a vat on all hosts, the newest first. */
static size_t state_list(const struct demo *demo, const char *vat, struct state_file *files)
{
    size_t count = 0;
    for (int host = 0; host < DEMO_HOST_COUNT; host++) {
        char path[DEMO_PATH_MAX + 32];
        state_directory(demo, host, vat, path, sizeof path);
        DIR *directory = opendir(path);
        struct dirent *entry = NULL;
        while (directory != NULL && (entry = readdir(directory)) != NULL) {
            mn_epoch epoch = 0;
            if (count < STATE_FILE_COUNT_MAX && mn_checkpoint_name_parse(entry->d_name, &epoch)) {
                files[count++] = (struct state_file){.epoch = epoch, .host = host};
            }
        }
        if (directory != NULL) {
            (void)closedir(directory);
        }
    }
    qsort(files, count, sizeof *files, state_newest_first);
    return count;
}

/* Take one entry of a checkpoint into the state; false when it is not what a bank writes. */
static bool state_take(struct demo_state *state, const struct mn_checkpoint_entry *entry)
{
    static const char prefix[] = "account/";
    if (entry->space != MN_ENTRY_BLOB) {
        return true;
    }
    if (strcmp(entry->name->text, BANK_BOOK_NAME) == 0) {
        state->has_book = bank_book_decode(&state->book, entry->bytes, entry->size);
        return state->has_book;
    }
    if (strcmp(entry->name->text, BANK_LOG_NAME) == 0) {
        state->has_log = bank_log_decode(&state->log, entry->bytes, entry->size);
        return state->has_log;
    }
    if (strncmp(entry->name->text, prefix, sizeof prefix - 1) == 0) {
        unsigned long account = strtoul(entry->name->text + sizeof prefix - 1, NULL, 10);
        struct bank_account found;
        if (account >= DEMO_ACCOUNT_COUNT ||
            !bank_account_decode(&found, entry->bytes, entry->size)) {
            return false;
        }
        state->balances[account] = found.balance;
        return true;
    }
    return false;
}

/* Read the checkpoint at @epoch with all below it, the full first, into @state. */
static bool state_read_chain(const struct demo *demo, const char *vat,
                             const struct state_file *files, size_t count, mn_epoch epoch,
                             struct demo_state *state)
{
    char directory[DEMO_PATH_MAX + 32];
    char path[MN_PATH_SIZE_MAX];
    struct mn_arena arena = {0};
    struct mn_checkpoint_record record;
    struct mn_checkpoint_reader *reader = NULL;
    struct mn_checkpoint_entry entry;
    size_t at = 0;
    while (at < count && files[at].epoch != epoch) {
        at++;
    }
    if (at == count) {
        return false;
    }
    state_directory(demo, files[at].host, vat, directory, sizeof directory);
    bool fine = mn_checkpoint_path_into(path, directory, epoch) == MN_OK &&
                mn_checkpoint_open(&reader, path, &arena, &record, NULL) == MN_OK;
    if (fine && record.onto != 0) {
        fine = state_read_chain(demo, vat, files, count, record.onto, state);
    }
    mn_result result = MN_OK;
    while (fine && (result = mn_checkpoint_next(reader, &entry, NULL)) == MN_OK) {
        fine = state_take(state, &entry);
    }
    fine = fine && result == MN_NOT_FOUND;
    if (fine) {
        state->run = record.run;
        state->incarnation = record.incarnation;
        state->epoch = record.epoch;
    }
    mn_checkpoint_close(&reader);
    mn_arena_deinit(&arena);
    return fine;
}

/* Files may go while the vats still run, so an older state will do when the newest cannot be read.
 */
void demo_read_vat(const struct demo *demo, const char *vat, struct demo_state *state)
{
    struct state_file *files = calloc(STATE_FILE_COUNT_MAX, sizeof *files);
    size_t count = files != NULL ? state_list(demo, vat, files) : 0;
    for (size_t i = 0; i < count && !state->complete; i++) {
        memset(state, 0, sizeof *state);
        state->complete = state_read_chain(demo, vat, files, count, files[i].epoch, state) &&
                          state->has_book && state->has_log;
    }
    for (int i = 0; i < DEMO_ACCOUNT_COUNT; i++) {
        state->money += state->balances[i];
    }
    free(files);
}
