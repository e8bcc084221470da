/* What is left when a journal is lost, and with it those that keep it: up to where anybody still
 * has what was in force, and what the disks and processes that are left know of runs, incarnations,
 * rounds and generations. Nobody is asked, the disks are read: what a coordinator finds out of it
 * is its own affair. */
#include <stdlib.h>
#include <string.h>

#include "engine/sim_private.h"

/* ---- up to where the journal is left --------------------------------------------------------- */

static bool entry_same(const struct sim_entry *a, const struct sim_entry *b)
{
    return a->generation == b->generation && a->kind == b->kind && a->written_at == b->written_at &&
           a->bytes.size == b->bytes.size &&
           (a->bytes.size == 0 || memcmp(a->bytes.bytes, b->bytes.bytes, a->bytes.size) == 0);
}

size_t sim_journal_common(const struct sim_journal *a, const struct sim_journal *b)
{
    size_t common = 0;
    while (common < a->count && common < b->count &&
           entry_same(&a->entries[common], &b->entries[common])) {
        common += 1;
    }
    return common;
}

/* How many of the first records that were in force that host's disk has. */
static size_t kept_by(struct sim *sim, uint32_t host)
{
    size_t count = 0;
    while (count < sim->in_force.count &&
           sim_kept(sim, host, count + 1, sim->in_force.entries[count].generation)) {
        count += 1;
    }
    return count;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

size_t sim_left_anywhere(struct sim *sim)
{
    size_t left = larger(sim_journal_common(&sim->journals[0], &sim->in_force),
                         sim_journal_common(&sim->journals[1], &sim->in_force));
    for (uint32_t i = 0; i < sim->host_count; i++) {
        left = larger(left, kept_by(sim, i));
    }
    return left;
}

void sim_machine_lost(struct sim *sim, uint32_t number)
{
    sim->machines[number].lost += 1;
    sim->machines[number].knew = 0;
    if (sim->observer != NULL && number < sim->host_count) {
        observer_agent_lost(sim->observer, number);
    }
}

static uint64_t generation_on(struct sim *sim, const struct sim_disk *disk)
{
    struct mn_agent_record record = {.kind = MN_AGENT_GENERATION};
    char key[AGENT_RECORD_KEY_SIZE];
    agent_record_key(&record, key);
    const struct sim_record *found = sim_record_from(disk, key, 0);
    bool has = found != NULL && strcmp(found->key, key) == 0 &&
               mn_agent_record_decode(found->bytes, found->size, &sim->arena, &record) == MN_OK;
    mn_arena_clear(&sim->arena);
    return has ? record.generation : 0;
}

void sim_left_at_start(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->host_count; i++) {
        sim->machines[i].knew = generation_on(sim, &sim->machines[i].disk);
    }
    size_t left = sim_left_anywhere(sim);
    sim->left = sim->given_up && sim->left < left ? sim->left : left;
}

void sim_left_with(struct sim *sim, const struct sim_coordinator *coordinator)
{
    struct keeping_facts facts;
    keeping_facts(coordinator->keeping, &facts);
    size_t left = sim_journal_common(&sim->journals[coordinator->journal], &sim->in_force);
    for (uint32_t i = 0; i < facts.keeper_count; i++) {
        struct keeping_keeper keeper;
        keeping_keeper(coordinator->keeping, i, &keeper);
        if (keeper.answers && keeper.host != TOPOLOGY_NONE) {
            left = larger(left, kept_by(sim, keeper.host));
        }
    }
    sim->left = left;
    sim->given_up = true;
}

/* ---- what else is known ---------------------------------------------------------------------- */

static void known_run(struct observer_known *known, mn_run run, uint32_t incarnation)
{
    known->run = run > known->run ? run : known->run;
    known->incarnation = incarnation > known->incarnation ? incarnation : known->incarnation;
}

static void of_record(struct sim *sim, const struct sim_record *from, struct observer_left *left)
{
    struct mn_agent_record record;
    static const struct {
        const char *key;
        enum mn_agent_kind kind;
    } kinds[] = {{"vat ", MN_AGENT_VAT}, {"round ", MN_AGENT_ROUND}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        record.kind = kinds[i].kind;
        if (strncmp(from->key, kinds[i].key, strlen(kinds[i].key)) != 0 ||
            mn_agent_record_decode(from->bytes, from->size, &sim->arena, &record) != MN_OK) {
            continue;
        }
        if (record.kind == MN_AGENT_VAT) {
            const struct mn_start *start = &record.vat.start;
            known_run(&left->vats[sim_vat_number(sim, &start->vat)], start->run,
                      start->incarnation);
            left->round = start->round > left->round ? start->round : left->round;
        } else {
            left->round = record.round.round > left->round ? record.round.round : left->round;
        }
    }
}

static void of_peers(const struct sim *sim, const struct mn_checkpoint_record *record,
                     struct observer_left *left)
{
    for (uint32_t i = 0; i < record->known_count; i++) {
        uint32_t peer = sim_vat_number(sim, &record->names[record->known[i].vat]);
        known_run(&left->vats[peer], 0, record->known[i].incarnation);
    }
    for (uint32_t i = 0; i < record->heard_count; i++) {
        uint32_t peer = sim_vat_number(sim, &record->names[record->heard[i].peer]);
        known_run(&left->vats[peer], mn_epoch_run(record->heard[i].epoch), 0);
    }
}

static void of_store(struct sim *sim, const struct sim_store *store, struct observer_left *left)
{
    for (size_t i = 0; i < store->file_count; i++) {
        struct agent_file_facts facts;
        const struct sim_bytes *bytes = store->files[i].bytes;
        if (sim_checkpoint_facts(bytes->bytes, bytes->size, &sim->arena, &facts) == MN_OK) {
            known_run(&left->vats[store->vat], facts.record.run, facts.record.incarnation);
            left->round = facts.record.round > left->round ? facts.record.round : left->round;
            of_peers(sim, &facts.record, left);
        }
    }
}

static void of_disks(struct sim *sim, struct observer_left *left)
{
    for (uint32_t i = 0; i < sim->host_count; i++) {
        const struct sim_disk *disk = &sim->machines[i].disk;
        left->generations[i] = sim->machines[i].knew;
        for (size_t k = 0; k < disk->record_count; k++) {
            of_record(sim, &disk->records[k], left);
            mn_arena_clear(&sim->arena);
        }
        for (size_t k = 0; k < disk->store_count; k++) {
            of_store(sim, &disk->stores[k], left);
            mn_arena_clear(&sim->arena);
        }
    }
}

static void of_processes(const struct sim *sim, struct observer_left *left)
{
    for (size_t i = 0; i < sim->process_count; i++) {
        const struct sim_process *process = sim->processes[i];
        if (process != NULL && process->role == SIM_VAT &&
            process->vat->state != SIM_VAT_WAITING) { /* it is found with what it was started as */
            const struct mn_start *start = &process->vat->start;
            known_run(&left->vats[process->vat->vat], start->run, start->incarnation);
            left->round = start->round > left->round ? start->round : left->round;
        }
    }
}

void sim_journal_forget(struct sim *sim, size_t count)
{
    struct observer_left left = {.sequence = count};
    left.generation = count > 0 ? sim->in_force.entries[count - 1].generation : 0;
    sim_count(sim, SIM_SOMETIMES_JOURNAL_GONE);
    sim_journal_cut(&sim->in_force, count);
    sim->rounds_decided = 0;
    sim->forgot += 1;
    if (sim->observer != NULL) {
        left.vats = sim_take(sim->vat_count, sizeof *left.vats);
        left.generations = sim_take(sim->host_count, sizeof *left.generations);
        of_disks(sim, &left);
        of_processes(sim, &left);
        observer_forgets(sim->observer, &left);
        free(left.vats);
        free(left.generations);
    }
}

void sim_left_less(struct sim *sim)
{
    if (sim->forgot == 0 || sim->observer == NULL || !observer_asks_left(sim->observer)) {
        return;
    }
    struct observer_left left = {.sequence = 0};
    left.vats = sim_take(sim->vat_count, sizeof *left.vats);
    left.generations = sim_take(sim->host_count, sizeof *left.generations);
    of_disks(sim, &left);
    of_processes(sim, &left);
    observer_left_less(sim->observer, &left);
    free(left.vats);
    free(left.generations);
}
