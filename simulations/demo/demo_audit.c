/* The audit: every vat's newest state, read from the checkpoint files of whatever host has them,
 * and what the banks' books say about each other. No process is asked. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bank/bank_book.h"
#include "demo/demo.h"
#include "store/checkpoint_file.h"

enum { AUDIT_FILE_COUNT_MAX = 4096 };

/* A checkpoint file of one vat, on some host. */
struct audit_file {
    mn_epoch epoch;
    int host;
};

/* What the audit reads out of a vat's state. */
struct audit_state {
    bool complete;
    mn_run run;
    uint32_t incarnation;
    mn_epoch epoch;
    int64_t balances[DEMO_ACCOUNT_COUNT];
    bool has_book;
    struct bank_book book;
};

static void audit_directory(const struct demo *demo, int host, const char *vat, char *path,
                            size_t size)
{
    (void)snprintf(path, size, "%s/store/%s", demo->hosts[host].directory, vat);
}

static int audit_newest_first(const void *a, const void *b)
{
    const struct audit_file *left = a;
    const struct audit_file *right = b;
    return (left->epoch < right->epoch) - (left->epoch > right->epoch);
}

/* The files of a vat on all hosts, the newest first. */
static size_t audit_list(const struct demo *demo, const char *vat, struct audit_file *files)
{
    size_t count = 0;
    for (int host = 0; host < DEMO_HOST_COUNT; host++) {
        char path[DEMO_PATH_MAX + 32];
        audit_directory(demo, host, vat, path, sizeof path);
        DIR *directory = opendir(path);
        struct dirent *entry = NULL;
        while (directory != NULL && (entry = readdir(directory)) != NULL) {
            mn_epoch epoch = 0;
            if (count < AUDIT_FILE_COUNT_MAX && mn_checkpoint_name_parse(entry->d_name, &epoch)) {
                files[count++] = (struct audit_file){.epoch = epoch, .host = host};
            }
        }
        if (directory != NULL) {
            (void)closedir(directory);
        }
    }
    qsort(files, count, sizeof *files, audit_newest_first);
    return count;
}

/* Take one entry of a checkpoint into the state; false when it is not what a bank writes. */
static bool audit_take(struct audit_state *state, const struct mn_checkpoint_entry *entry)
{
    static const char prefix[] = "account/";
    if (entry->space != MN_ENTRY_BLOB) {
        return true;
    }
    if (strcmp(entry->name->text, BANK_BOOK_NAME) == 0) {
        state->has_book = bank_book_decode(&state->book, entry->bytes, entry->size);
        return state->has_book;
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
static bool audit_read_chain(const struct demo *demo, const char *vat,
                             const struct audit_file *files, size_t count, mn_epoch epoch,
                             struct audit_state *state)
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
    audit_directory(demo, files[at].host, vat, directory, sizeof directory);
    bool fine = mn_checkpoint_path_into(path, directory, epoch) == MN_OK &&
                mn_checkpoint_open(&reader, path, &arena, &record, NULL) == MN_OK;
    if (fine && record.onto != 0) {
        fine = audit_read_chain(demo, vat, files, count, record.onto, state);
    }
    mn_result result = MN_OK;
    while (fine && (result = mn_checkpoint_next(reader, &entry, NULL)) == MN_OK) {
        fine = audit_take(state, &entry);
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
static void audit_read_vat(const struct demo *demo, const char *vat, struct audit_file *files,
                           struct audit_state *state)
{
    size_t count = audit_list(demo, vat, files);
    for (size_t i = 0; i < count && !state->complete; i++) {
        memset(state, 0, sizeof *state);
        state->complete =
            audit_read_chain(demo, vat, files, count, files[i].epoch, state) && state->has_book;
    }
}

static const struct bank_peer *audit_entry(const struct audit_state *state, const char *name)
{
    for (size_t i = 0; i < state->book.peer_count; i++) {
        if (strcmp(state->book.peers[i].name, name) == 0) {
            return &state->book.peers[i];
        }
    }
    return NULL;
}

/* Compare what one bank says it sent with what the other says it received. */
static void audit_compare(const struct bank_flow *sent, const struct bank_flow *received,
                          struct demo_audit *audit)
{
    if (received->count > sent->count) {
        audit->orphans += (int64_t)(received->count - sent->count);
    } else if (received->count < sent->count) {
        audit->lost += (int64_t)(sent->count - received->count);
    } else if (received->hash != sent->hash || received->sum != sent->sum) {
        audit->orphans += 1; /* as many, but not the same */
    }
}

static void audit_count_vat(const struct demo *demo, int index, const struct audit_state *states,
                            struct demo_audit *audit)
{
    static const struct bank_flow nothing = {0};
    const struct audit_state *state = &states[index];
    for (int i = 0; i < DEMO_ACCOUNT_COUNT; i++) {
        audit->money += state->balances[i];
    }
    for (int other = 0; other < DEMO_VAT_COUNT; other++) {
        const struct bank_peer *sent = audit_entry(state, demo->vats[other].name);
        const struct bank_peer *received = audit_entry(&states[other], demo->vats[index].name);
        audit_compare(sent != NULL ? &sent->sent : &nothing,
                      received != NULL ? &received->received : &nothing, audit);
    }
    for (size_t i = 0; i < state->book.peer_count; i++) {
        audit->transfers += (int64_t)state->book.peers[i].received.count;
        audit->repeated += (int64_t)state->book.peers[i].repeated;
        audit->lost += (int64_t)state->book.peers[i].lost;
    }
}

/* Whether the disaster reached this vat: its host burned, or it is the one that was killed. */
static bool audit_was_hit(const struct demo *demo, int index)
{
    return demo->hosts[demo->vats[index].host].lost || (demo->which == DEMO_CRASH && index == 0);
}

static void audit_judge_vat(const struct demo *demo, int index, const struct audit_state *state,
                            struct demo_audit *audit)
{
    int64_t stall_ms = state->book.stall_ns_max / MN_MS;
    int64_t pause_us = state->book.pause_ns_median / 1000;
    audit->runs[index] = state->run;
    audit->epochs[index] = state->epoch;
    audit->moved += state->run > 1 ? 1 : 0;
    audit->incarnations_changed += state->incarnation != 1 ? 1 : 0;
    if (!audit_was_hit(demo, index)) {
        audit->touched += state->run != 1 ? 1 : 0;
        audit->stall_ms = stall_ms > audit->stall_ms ? stall_ms : audit->stall_ms;
    }
    audit->pause_us = pause_us > audit->pause_us ? pause_us : audit->pause_us;
}

mn_result demo_read_state(struct demo *demo, struct demo_audit *audit)
{
    struct audit_state *states = calloc(DEMO_VAT_COUNT, sizeof *states);
    struct audit_file *files = calloc(AUDIT_FILE_COUNT_MAX, sizeof *files);
    mn_result result = states != NULL && files != NULL ? MN_OK : MN_NO_MEMORY;
    if (result == MN_OK) {
        *audit = (struct demo_audit){.complete = true};
        for (int i = 0; i < DEMO_VAT_COUNT; i++) {
            audit_read_vat(demo, demo->vats[i].name, files, &states[i]);
            audit->complete = audit->complete && states[i].complete;
        }
        for (int i = 0; i < DEMO_VAT_COUNT; i++) {
            audit_count_vat(demo, i, states, audit);
            audit_judge_vat(demo, i, &states[i], audit);
        }
    }
    free(files);
    free(states);
    return result;
}
