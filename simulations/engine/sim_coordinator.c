/* The shell around the coordinator's core, and its journal. A record is appended when the disk has
 * it; a decision's evidence is written as the document that anyone can check later, before it. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "engine/sim_private.h"

enum { SIM_APPEND_RETRY_MS = 100 };

void sim_entry_free(struct sim_entry *entry)
{
    mn_buffer_deinit(&entry->bytes);
    mn_text_deinit(&entry->evidence);
}

/* ---- effects --------------------------------------------------------------------------------- */

static void say_down(struct sim *sim, const struct sim_coordinator *coordinator, uint32_t host,
                     const struct mn_down *message)
{
    if (coordinator->connections[host] == 0) {
        return;
    }
    sim->buffer.size = 0;
    mn_result result = mn_down_encode(message, &sim->buffer);
    if (result != MN_OK) {
        sim_fail(sim, "codec", "a word of the coordinator is not encoded: %s",
                 mn_result_name(result));
        return;
    }
    if (sim->observer != NULL) {
        observer_down(sim->observer, host, message);
    }
    if (message->kind == MN_DOWN_FREEZE) {
        sim_fault_aim(sim, SIM_AIM_FREEZE);
    }
    if (!sim_send(sim, coordinator->peers[host], coordinator->connections[host], &sim->buffer, NULL,
                  0)) {
        coordinator->connections[host] = 0;
    }
}

static void append_next(struct sim *sim, struct sim_process *process)
{
    struct sim_coordinator *coordinator = process->coordinator;
    if (coordinator->first != NULL && !coordinator->appending) {
        coordinator->appending = true;
        sim_at(sim, sim->now + sim_disk_time(sim, process->machine), SIM_ON_DISK, process, 0, NULL);
    }
}

static void ask_append(struct sim *sim, struct sim_process *process,
                       const struct coordinator_effect *effect)
{
    struct sim_coordinator *coordinator = process->coordinator;
    struct mn_journal_record record = *effect->record.record;
    struct sim_append *append = sim_take(1, sizeof *append);
    append->sequence = effect->record.sequence;
    append->entry.generation = effect->record.generation;
    append->entry.kind = record.kind;
    if (effect->record.evidence != NULL) {
        struct mn_text *text = &append->entry.evidence;
        mn_result written = evidence_write_json(effect->record.evidence, text);
        mn_assert(written == MN_OK);
        mn_text_add(text, "\n");
        struct mn_digest *digest = &record.decision.evidence_digest;
        (void)crypto_generichash(digest->bytes, sizeof digest->bytes,
                                 (const unsigned char *)text->bytes, text->size, NULL, 0);
    }
    mn_result result = mn_journal_record_encode(&record, &append->entry.bytes);
    mn_assert(result == MN_OK);
    *coordinator->last = append;
    coordinator->last = &append->next;
    append_next(sim, process);
}

static void carry_out(struct sim *sim, struct sim_process *process,
                      const struct coordinator_effect *effect)
{
    switch (effect->kind) {
    case COORDINATOR_DO_SEND:
        say_down(sim, process->coordinator, effect->send.host, effect->send.message);
        return;
    case COORDINATOR_DO_RECORD:
        ask_append(sim, process, effect);
        return;
    case COORDINATOR_DO_NOTE:
        sim_note_coordinator(sim, effect->note);
        return;
    }
}

static void step(struct sim *sim, struct sim_process *process,
                 const struct coordinator_event *event)
{
    struct sim_coordinator *coordinator = process->coordinator;
    if (process->dying) {
        return;
    }
    sim->result.events += 1;
    sim_note(sim, "coordinator", 0, (uint64_t)event->kind, process->instance);
    coordinator_step(coordinator->core, sim_clock(sim, process), event, &sim->coordinator_effects);
    if (sim->coordinator_effects.result != MN_OK) {
        sim_fail(sim, "coordinator", "its step fails: %s",
                 mn_result_name(sim->coordinator_effects.result));
        return;
    }
    if (sim->observer != NULL) {
        coordinator_invariant(coordinator->core);
    }
    for (size_t i = 0; i < sim->coordinator_effects.count && sim_effect_allowed(sim, process);
         i++) {
        carry_out(sim, process, &sim->coordinator_effects.items[i]);
    }
    coordinator_effects_reset(&sim->coordinator_effects);
    if (!process->dying) {
        sim_timer(sim, process, coordinator_deadline(coordinator->core));
    }
}

/* ---- the journal ----------------------------------------------------------------------------- */

static void append_observed(struct sim *sim, uint64_t sequence, const struct sim_entry *entry)
{
    struct mn_journal_record record;
    struct mn_arena arena = {0};
    mn_result result = mn_journal_record_decode(
        (enum mn_journal_kind)entry->kind, entry->bytes.bytes, entry->bytes.size, &arena, &record);
    if (result != MN_OK) {
        sim_fail(sim, "codec", "a record of the journal is not decoded: %s",
                 mn_result_name(result));
    } else {
        if (record.kind == MN_JOURNAL_DECISION) {
            sim->rounds_decided += 1;
            sim_note_decision(sim, &record.decision);
            sim_fault_aim(sim, SIM_AIM_DECIDED);
            sim_show(sim,
                     (struct sim_seen){.kind = SIM_SEEN_DECIDED, .decision = &record.decision});
            if (sim->trace != NULL && entry->evidence.size > 0) {
                (void)fprintf(sim->trace, "evidence %s", entry->evidence.bytes);
            }
        } else if (record.kind == MN_JOURNAL_DONE) {
            sim->rounds_decided -= 1;
            sim_fault_aim(sim, SIM_AIM_DONE);
        }
        if (sim->observer != NULL) {
            observer_journal(sim->observer, sequence, entry->generation, &record,
                             entry->evidence.bytes, entry->evidence.size);
        }
    }
    mn_arena_deinit(&arena);
}

/* Compare and append. False: another has appended meanwhile. */
static bool journal_add(struct sim *sim, struct sim_append *append)
{
    uint64_t newest = sim->journal_count > 0 ? sim->journal[sim->journal_count - 1].generation : 0;
    if (append->sequence != sim->journal_count + 1 || append->entry.generation < newest) {
        return false;
    }
    sim_grow(&sim->journal, &sim->journal_capacity, sim->journal_count + 1, sizeof *sim->journal);
    sim->journal[sim->journal_count++] = append->entry;
    append->entry = (struct sim_entry){0};
    append_observed(sim, sim->journal_count, &sim->journal[sim->journal_count - 1]);
    return true;
}

static struct sim_append *append_take(struct sim_coordinator *coordinator)
{
    struct sim_append *append = coordinator->first;
    coordinator->first = append->next;
    if (coordinator->first == NULL) {
        coordinator->last = &coordinator->first;
    }
    return append;
}

void sim_coordinator_appended(struct sim *sim, struct sim_process *process)
{
    struct sim_coordinator *coordinator = process->coordinator;
    if (sim->machines[process->machine].full > 0) {
        sim_at(sim, sim->now + SIM_APPEND_RETRY_MS * MN_MS, SIM_ON_DISK, process, 0, NULL);
        return;
    }
    coordinator->appending = false;
    struct sim_append *append = append_take(coordinator);
    uint64_t sequence = append->sequence;
    bool added = journal_add(sim, append);
    sim_entry_free(&append->entry);
    free(append);
    if (!added) {
        process->dying = true;
        return;
    }
    struct coordinator_event event = {.kind = COORDINATOR_ON_RECORDED};
    event.recorded.sequence = sequence;
    step(sim, process, &event);
    append_next(sim, process);
}

/* ---- starting and ending --------------------------------------------------------------------- */

static void load_journal(struct sim *sim, struct sim_process *process)
{
    for (size_t i = 0; i < sim->journal_count; i++) {
        const struct sim_entry *entry = &sim->journal[i];
        struct mn_journal_record record;
        struct mn_arena arena = {0};
        mn_result result =
            mn_journal_record_decode((enum mn_journal_kind)entry->kind, entry->bytes.bytes,
                                     entry->bytes.size, &arena, &record);
        mn_assert(result == MN_OK);
        struct coordinator_event event = {.kind = COORDINATOR_ON_RECORD};
        event.record.sequence = i + 1;
        event.record.generation = entry->generation;
        event.record.record = &record;
        step(sim, process, &event);
        mn_arena_deinit(&arena);
    }
}

void sim_coordinator_start(struct sim *sim)
{
    struct sim_machine *machine = &sim->machines[sim->host_count];
    mn_assert(machine->process == SIM_NOBODY);
    struct sim_process *process = sim_process_new(sim, SIM_COORDINATOR, sim->host_count);
    struct sim_coordinator *coordinator = sim_take(1, sizeof *coordinator);
    process->coordinator = coordinator;
    machine->process = process->slot;
    coordinator->last = &coordinator->first;
    coordinator->peers = sim_take(sim->host_count, sizeof *coordinator->peers);
    coordinator->connections = sim_take(sim->host_count, sizeof *coordinator->connections);
    mn_result result = coordinator_new(&coordinator->core, sim->topology);
    mn_assert(result == MN_OK);
    if (sim->rounds_decided > 0) {
        sim_count(sim, SIM_SOMETIMES_RESUMED);
    }
    load_journal(sim, process);
    sim_port_take(sim, process, SIM_PORT_AGENT);
    struct coordinator_event event = {.kind = COORDINATOR_ON_BEGIN};
    step(sim, process, &event);
    for (uint32_t i = 0; i < sim->host_count; i++) {
        sim_disturb(sim, i);
    }
}

void sim_coordinator_free(struct sim *sim, struct sim_process *process)
{
    struct sim_coordinator *coordinator = process->coordinator;
    if (sim->machines[process->machine].process == process->slot) {
        sim->machines[process->machine].process = SIM_NOBODY;
    }
    /* What was being appended may be on the disk or not. */
    if (coordinator->appending && sim->machines[process->machine].full == 0 &&
        mn_random_below(&sim->disk_random, 2) == 0) {
        (void)journal_add(sim, coordinator->first);
    }
    while (coordinator->first != NULL) {
        struct sim_append *append = append_take(coordinator);
        sim_entry_free(&append->entry);
        free(append);
    }
    coordinator_destroy(&coordinator->core);
    free(coordinator->peers);
    free(coordinator->connections);
    free(coordinator);
}

/* ---- what comes in --------------------------------------------------------------------------- */

void sim_coordinator_message(struct sim *sim, struct sim_process *process,
                             const struct sim_message *message)
{
    struct sim_coordinator *coordinator = process->coordinator;
    uint32_t host = message->from_machine;
    if (message->kind != SIM_LINK_CONTROL || host >= sim->host_count) {
        return;
    }
    coordinator->peers[host] = message->link;
    coordinator->connections[host] = message->connection;
    struct mn_up up;
    mn_result result = mn_up_decode(message->bytes, message->size, &sim->arena, &up);
    if (result != MN_OK) {
        sim_fail(sim, "codec", "a word of an agent is not decoded: %s", mn_result_name(result));
    } else {
        struct coordinator_event event = {.kind = COORDINATOR_ON_UP};
        event.up.host = host;
        event.up.message = &up;
        step(sim, process, &event);
    }
    mn_arena_clear(&sim->arena);
}

void sim_coordinator_timer(struct sim *sim, struct sim_process *process)
{
    mn_time deadline = coordinator_deadline(process->coordinator->core);
    if (sim_clock(sim, process) >= deadline) {
        struct coordinator_event event = {.kind = COORDINATOR_ON_TICK};
        step(sim, process, &event);
    } else {
        sim_timer(sim, process, deadline);
    }
}
