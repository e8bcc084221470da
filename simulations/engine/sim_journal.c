/* Journals, and what has come into force of them, whoever led. The observer is told of a record
 * when a coordinator's core is, because nothing rests on it before; that it is at enough keepers is
 * seen on their disks, not asked of anybody. */
#include <stdlib.h>
#include <string.h>

#include "engine/sim_private.h"

void sim_entry_free(struct sim_entry *entry)
{
    mn_buffer_deinit(&entry->bytes);
    mn_text_deinit(&entry->evidence);
}

void sim_journal_cut(struct sim_journal *journal, size_t count)
{
    while (journal->count > count) {
        sim_entry_free(&journal->entries[--journal->count]);
    }
}

void sim_journal_free(struct sim_journal *journal)
{
    sim_journal_cut(journal, 0);
    free(journal->entries);
    *journal = (struct sim_journal){0};
}

void sim_journal_add(struct sim_journal *journal, struct sim_entry *entry)
{
    sim_grow(&journal->entries, &journal->capacity, journal->count + 1, sizeof *journal->entries);
    journal->entries[journal->count++] = *entry;
    *entry = (struct sim_entry){0};
}

static struct sim_entry entry_copy(const struct sim_entry *from)
{
    struct sim_entry to = {
        .generation = from->generation, .kind = from->kind, .written_at = from->written_at};
    mn_result result = mn_buffer_append(&to.bytes, from->bytes.bytes, from->bytes.size);
    mn_assert(result == MN_OK);
    if (from->evidence.size > 0) {
        mn_text_add(&to.evidence, from->evidence.bytes);
    }
    return to;
}

void sim_journal_copy(struct sim_journal *to, const struct sim_journal *from, size_t count)
{
    sim_journal_cut(to, 0);
    for (size_t i = 0; i < count && i < from->count; i++) {
        struct sim_entry entry = entry_copy(&from->entries[i]);
        sim_journal_add(to, &entry);
    }
}

static bool entry_equal(const struct sim_entry *a, const struct sim_entry *b)
{
    return a->generation == b->generation && a->kind == b->kind && a->bytes.size == b->bytes.size &&
           (a->bytes.size == 0 || memcmp(a->bytes.bytes, b->bytes.bytes, a->bytes.size) == 0);
}

/* ---- what is in force ------------------------------------------------------------------------ */

void sim_journal_keep_evidence(struct sim *sim, const struct sim_entry *entry)
{
    struct sim_entry copy = entry_copy(entry);
    sim_journal_add(&sim->written, &copy);
}

static const struct mn_text *evidence_of(const struct sim *sim, const struct sim_entry *entry)
{
    for (size_t i = 0; i < sim->written.count; i++) {
        if (entry_equal(&sim->written.entries[i], entry)) {
            return &sim->written.entries[i].evidence;
        }
    }
    return NULL;
}

static void decided(struct sim *sim, const struct mn_journal_record *record,
                    const struct mn_text *evidence)
{
    sim->rounds_decided += 1;
    sim_note_decision(sim, &record->decision);
    sim_fault_aim(sim, SIM_AIM_DECIDED);
    sim_show(sim, (struct sim_seen){.kind = SIM_SEEN_DECIDED, .decision = &record->decision});
    if (sim->trace != NULL && evidence != NULL && evidence->size > 0) {
        (void)fprintf(sim->trace, "evidence %s", evidence->bytes);
    }
}

static void show(struct sim *sim, uint64_t sequence, const struct sim_entry *entry)
{
    struct mn_journal_record record;
    struct mn_arena arena = {0};
    const struct mn_text *evidence = evidence_of(sim, entry);
    mn_result result = mn_journal_record_decode(
        (enum mn_journal_kind)entry->kind, entry->bytes.bytes, entry->bytes.size, &arena, &record);
    mn_assert(result == MN_OK);
    if (record.kind == MN_JOURNAL_DECISION) {
        decided(sim, &record, evidence);
    } else if (record.kind == MN_JOURNAL_ANSWER) {
        sim_note_answer(sim, &record.answer);
    } else if (record.kind == MN_JOURNAL_DONE) {
        sim->rounds_decided -= 1;
        sim_fault_aim(sim, SIM_AIM_DONE);
    }
    if (sim->observer != NULL) {
        observer_journal(sim->observer, sequence, entry->generation, &record, entry->written_at,
                         evidence != NULL ? evidence->bytes : NULL,
                         evidence != NULL ? evidence->size : 0);
    }
    mn_arena_deinit(&arena);
}

bool sim_kept(struct sim *sim, uint32_t host, uint64_t sequence, uint64_t generation)
{
    const struct sim_machine *machine = &sim->machines[host];
    struct mn_agent_record record = {.kind = MN_AGENT_KEPT};
    char key[AGENT_RECORD_KEY_SIZE];
    record.kept.sequence = sequence;
    agent_record_key(&record, key);
    const struct sim_record *found = sim_record_from(&machine->disk, key, 0);
    bool has = found != NULL && strcmp(found->key, key) == 0 &&
               mn_agent_record_decode(found->bytes, found->size, &sim->arena, &record) == MN_OK &&
               record.kept.generation == generation;
    mn_arena_clear(&sim->arena);
    return has;
}

/* Whether that keeper's disk has the record, or had it before the disk was lost. */
static bool kept(struct sim *sim, uint32_t host, uint64_t sequence, uint64_t generation)
{
    return sim->machines[host].lost > 0 || sim_kept(sim, host, sequence, generation);
}

/* By the records of the own journal, of each set that counts. */
static void check_majority(struct sim *sim, const struct sim_journal *journal, uint64_t sequence)
{
    uint64_t generation = journal->entries[sequence - 1].generation;
    struct sim_keepers keepers;
    sim_keepers_of(sim, journal, &keepers);
    for (size_t set = 0; set < 2 && !sim->accepted; set++) {
        size_t count = keepers.counts[set];
        size_t have = 0;
        for (size_t i = 0; i < count; i++) {
            have += kept(sim, keepers.hosts[set][i], sequence, generation) ? 1 : 0;
        }
        if (count > 0 && have <= count / 2) {
            sim_fail(sim, "G8",
                     "record %llu of generation %llu is in force with %zu of %zu keepers",
                     (unsigned long long)sequence, (unsigned long long)generation, have, count);
        }
    }
}

void sim_in_force(struct sim *sim, struct sim_process *process, uint64_t sequence)
{
    struct sim_coordinator *coordinator = process->coordinator;
    const struct sim_journal *journal = &sim->journals[coordinator->journal];
    mn_assert(sequence <= journal->count);
    if (sim->observer != NULL) {
        check_majority(sim, journal, sequence);
    }
    size_t common = coordinator->checked ? sequence : sim_journal_common(journal, &sim->in_force);
    if (common < sequence && common < sim->in_force.count) {
        if (common < sim->left) {
            sim_fail(sim, "G5",
                     "record %zu was in force in generation %llu, and is another one "
                     "of generation %llu now",
                     common + 1, (unsigned long long)sim->in_force.entries[common].generation,
                     (unsigned long long)journal->entries[common].generation);
            return;
        }
        sim_journal_forget(sim, common);
    }
    sim->given_up = false;
    coordinator->checked = true;
    while (sim->in_force.count < sequence) {
        struct sim_entry entry = entry_copy(&journal->entries[sim->in_force.count]);
        sim_journal_add(&sim->in_force, &entry);
        show(sim, sim->in_force.count, &sim->in_force.entries[sim->in_force.count - 1]);
    }
}
