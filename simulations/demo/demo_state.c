/* What checkpoint files say, whatever host has them. No process is asked. What was set aside is a
 * place of its own. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "demo/demo.h"
#include "store/checkpoint_file.h"

enum { STATE_FILE_COUNT_MAX = 4096 };

/* A checkpoint file of one vat, in the store of some host or in what that has set aside. */
struct state_file {
    mn_epoch epoch;
    int host;
    bool aside;
};

static void state_directory(const struct demo *demo, const char *vat,
                            const struct state_file *where, char *path, size_t size)
{
    (void)snprintf(path, size, where->aside ? "%s/store/.aside/%s.1" : "%s/store/%s",
                   demo->hosts[where->host].directory, vat);
}

static int state_newest_first(const void *a, const void *b)
{
    const struct state_file *left = a;
    const struct state_file *right = b;
    return (left->epoch < right->epoch) - (left->epoch > right->epoch);
}

/* Add the files of a vat in one place. */
static void state_list_place(const struct demo *demo, const char *vat, struct state_file where,
                             struct state_file *files, size_t *count)
{
    char path[DEMO_PATH_MAX + 48];
    state_directory(demo, vat, &where, path, sizeof path);
    DIR *directory = opendir(path);
    struct dirent *entry = NULL;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        if (*count < STATE_FILE_COUNT_MAX &&
            mn_checkpoint_name_parse(entry->d_name, &where.epoch)) {
            files[*count] = where;
            *count += 1;
        }
    }
    if (directory != NULL) {
        (void)closedir(directory);
    }
}

/* The files of a vat in the stores of all hosts, the newest first. */
static size_t state_list(const struct demo *demo, const char *vat, struct state_file *files)
{
    size_t count = 0;
    for (int host = 0; host < DEMO_HOST_COUNT; host++) {
        state_list_place(demo, vat, (struct state_file){.host = host}, files, &count);
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
    char directory[DEMO_PATH_MAX + 48];
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
    state_directory(demo, vat, &files[at], directory, sizeof directory);
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
static void state_read(const struct demo *demo, const char *vat, const struct state_file *files,
                       size_t count, struct demo_state *state)
{
    for (size_t i = 0; i < count && !state->complete; i++) {
        memset(state, 0, sizeof *state);
        state->complete = state_read_chain(demo, vat, files, count, files[i].epoch, state) &&
                          state->has_book && state->has_log;
    }
    for (int i = 0; i < DEMO_ACCOUNT_COUNT; i++) {
        state->money += state->balances[i];
    }
}

void demo_read_vat(const struct demo *demo, const char *vat, struct demo_state *state)
{
    struct state_file *files = calloc(STATE_FILE_COUNT_MAX, sizeof *files);
    size_t count = files != NULL ? state_list(demo, vat, files) : 0;
    state_read(demo, vat, files, count, state);
    free(files);
}

void demo_read_aside(const struct demo *demo, int vat, struct demo_state *state)
{
    struct state_file *files = calloc(STATE_FILE_COUNT_MAX, sizeof *files);
    struct state_file where = {.host = demo->vats[vat].host, .aside = true};
    size_t count = 0;
    if (files != NULL) {
        state_list_place(demo, demo->vats[vat].name, where, files, &count);
        qsort(files, count, sizeof *files, state_newest_first);
    }
    state_read(demo, demo->vats[vat].name, files, count, state);
    free(files);
}

bool demo_all_set_aside(struct demo *demo)
{
    bool all = true;
    for (int i = 0; i < DEMO_VAT_COUNT && all; i++) {
        struct state_file where = {.host = demo->vats[i].host, .aside = true};
        char path[DEMO_PATH_MAX + 48];
        state_directory(demo, demo->vats[i].name, &where, path, sizeof path);
        all = !demo_on_lost_rack(where.host) || access(path, F_OK) == 0;
    }
    return all;
}

/* ---- who believed whom ----------------------------------------------------------------------- */

static int state_believes(const struct demo *demo, const struct mn_checkpoint_record *record)
{
    int count = 0;
    for (uint32_t i = 0; i < record->heard_count; i++) {
        const struct mn_heard *heard = &record->heard[i];
        for (int k = 0; k < DEMO_VAT_COUNT && heard->peer < record->name_count; k++) {
            const struct demo_vat *vat = &demo->vats[k];
            count += vat->kept > 0 && mn_epoch_run(heard->epoch) == 1 && heard->epoch > vat->kept &&
                             strcmp(record->names[heard->peer].text, vat->name) == 0
                         ? 1
                         : 0;
        }
    }
    return count;
}

int demo_believed(const struct demo *demo)
{
    struct state_file *files = calloc(STATE_FILE_COUNT_MAX, sizeof *files);
    int count = 0;
    for (int i = 0; i < DEMO_VAT_COUNT && files != NULL; i++) {
        size_t file_count = state_list(demo, demo->vats[i].name, files);
        for (size_t k = 0; k < file_count; k++) {
            char directory[DEMO_PATH_MAX + 48];
            char path[MN_PATH_SIZE_MAX];
            struct mn_arena arena = {0};
            struct mn_checkpoint_record record;
            struct mn_checkpoint_reader *reader = NULL;
            state_directory(demo, demo->vats[i].name, &files[k], directory, sizeof directory);
            if (mn_checkpoint_path_into(path, directory, files[k].epoch) == MN_OK &&
                mn_checkpoint_open(&reader, path, &arena, &record, NULL) == MN_OK) {
                count += state_believes(demo, &record);
            }
            mn_checkpoint_close(&reader);
            mn_arena_deinit(&arena);
        }
    }
    free(files);
    return count;
}
