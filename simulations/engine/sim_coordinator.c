/* The shell around the coordinator's core. A decision's evidence is written as the document that
 * anyone can check later. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "engine/sim_private.h"
#include "wire/evidence.h"

enum { SIM_INVARIANT_VATS = 256 /* may be looked at for each step */ };

/* ---- effects --------------------------------------------------------------------------------- */

/* Tell the observer, and whether it has spoken in this generation since before the journal was
 * lost. */
static void observe_down(struct sim *sim, struct sim_coordinator *coordinator, uint32_t host,
                         const struct mn_down *message)
{
    if (coordinator->generation != message->generation) {
        coordinator->generation = message->generation;
        coordinator->forgot = sim->forgot;
    }
    observer_down(sim->observer, host, message, coordinator->forgot < sim->forgot);
}

static void say_down(struct sim *sim, struct sim_coordinator *coordinator, uint32_t host,
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
    bool keeping = message->kind == MN_DOWN_PROMISE || message->kind == MN_DOWN_KEEP ||
                   message->kind == MN_DOWN_RECALL;
    if (sim->observer != NULL && !keeping) {
        observe_down(sim, coordinator, host, message);
    }
    if (message->kind == MN_DOWN_FREEZE) {
        sim_fault_aim(sim, SIM_AIM_FREEZE);
        sim_count(sim, message->freeze.suspects.numbering != 0 ? SIM_SOMETIMES_FREEZE_NUMBERED
                                                               : SIM_SOMETIMES_FREEZE_NAMED);
    }
    if (message->kind == MN_DOWN_MORE) {
        sim_count(sim, SIM_SOMETIMES_PARTS);
    }
    if (!sim_send(sim, coordinator->peers[host], coordinator->connections[host], &sim->buffer, NULL,
                  0)) {
        coordinator->connections[host] = 0;
    }
}

static void keep_piece(struct sim_coordinator *coordinator, bool first,
                       const struct mn_buffer *piece)
{
    mn_result result = MN_OK;
    if (first || piece == NULL) {
        coordinator->evidence.size = 0;
    }
    if (piece == NULL) {
        return;
    }
    if (first) {
        result = mn_evidence_begin(&coordinator->evidence);
    }
    mn_assert(result == MN_OK);
    result = mn_buffer_append(&coordinator->evidence, piece->bytes, piece->size);
    mn_assert(result == MN_OK);
}

static void write_evidence(struct sim_coordinator *coordinator, struct mn_text *text,
                           struct mn_digest *digest)
{
    struct mn_buffer *document = &coordinator->evidence;
    struct evidence *evidence = NULL;
    mn_result result = mn_evidence_end(document);
    mn_assert(result == MN_OK);
    result = mn_evidence_decode(document->bytes, document->size, &evidence, NULL);
    mn_assert(result == MN_OK);
    result = evidence_write_json(evidence, text);
    mn_assert(result == MN_OK);
    evidence_destroy(&evidence);
    mn_text_add(text, "\n");
    (void)crypto_generichash(digest->bytes, sizeof digest->bytes,
                             (const unsigned char *)text->bytes, text->size, NULL, 0);
    document->size = 0;
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
    append->entry.written_at = sim->now;
    if (effect->record.evidence) {
        write_evidence(coordinator, &append->entry.evidence, &record.decision.evidence_digest);
    }
    mn_result result = mn_journal_record_encode(&record, &append->entry.bytes);
    mn_assert(result == MN_OK);
    sim_recorder_give(sim, process, append);
}

/* Only what leaves the process counts as an effect that it can die before. */
static void carry_out(struct sim *sim, struct sim_process *process,
                      const struct coordinator_effect *effect)
{
    bool leaves = effect->kind != COORDINATOR_DO_EVIDENCE;
    if (process->dying || (leaves && !sim_effect_allowed(sim, process))) {
        return;
    }
    switch (effect->kind) {
    case COORDINATOR_DO_SEND:
        say_down(sim, process->coordinator, effect->send.host, effect->send.message);
        return;
    case COORDINATOR_DO_EVIDENCE:
        keep_piece(process->coordinator, effect->evidence.first, effect->evidence.piece);
        return;
    case COORDINATOR_DO_RECORD:
        ask_append(sim, process, effect);
        return;
    case COORDINATOR_DO_ANSWER:
        sim_found_answered(sim, effect); /* the operator looks again anyway */
        return;
    case COORDINATOR_DO_NOTE:
        sim_note_coordinator(sim, effect->note);
        return;
    }
}

static void set_timer(struct sim *sim, struct sim_process *process)
{
    mn_time core = coordinator_deadline(process->coordinator->core);
    mn_time keeping = keeping_deadline(process->coordinator->keeping);
    sim_timer(sim, process, core < keeping ? core : keeping);
}

/* The invariant looks at every vat: of a large cluster it is asked after so many steps that it
 * costs each no more than that of a small one, where it is asked after all. */
static void invariant_of_coordinator(const struct sim *sim, struct sim_coordinator *coordinator)
{
    coordinator->steps_unchecked += 1;
    if (sim->observer != NULL &&
        coordinator->steps_unchecked * SIM_INVARIANT_VATS >= sim->vat_count) {
        coordinator->steps_unchecked = 0;
        coordinator_invariant(coordinator->core);
    }
}

void sim_coordinator_step(struct sim *sim, struct sim_process *process,
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
    invariant_of_coordinator(sim, coordinator);
    for (size_t i = 0; i < sim->coordinator_effects.count; i++) {
        carry_out(sim, process, &sim->coordinator_effects.items[i]);
    }
    coordinator_effects_reset(&sim->coordinator_effects);
    if (!process->dying) {
        set_timer(sim, process);
    }
}

/* ---- the keepers ----------------------------------------------------------------------------- */

/* Records as many as fit, from the journal, or from what is on its way there, into the message. */
static void say_keep(struct sim *sim, struct sim_coordinator *coordinator,
                     const struct keeping_effect *effect)
{
    struct mn_down down = *effect->send.message;
    struct mn_kept *records = sim_take(KEEPING_RECORD_COUNT_MAX, sizeof *records);
    uint64_t offset = effect->send.offset;
    for (uint64_t at = down.keep.after; at < effect->send.upto; at++) {
        const struct sim_entry *entry = sim_recorder_entry(sim, coordinator, at + 1);
        if (entry == NULL) {
            break; /* another process has set it aside meanwhile */
        }
        size_t left = entry->bytes.size > offset ? entry->bytes.size - (size_t)offset : 0;
        struct mn_kept record = {
            .sequence = at + 1,
            .generation = entry->generation,
            .kind = entry->kind,
            .written_at = entry->written_at,
            .size = entry->bytes.size,
            .offset = offset,
            .bytes = entry->bytes.bytes + offset,
            .byte_count = (uint32_t)(left < MN_PIECE_SIZE_MAX ? left : MN_PIECE_SIZE_MAX)};
        offset = 0;
        if (!keeping_keep_add(&down, records, &record)) {
            break;
        }
    }
    say_down(sim, coordinator, effect->send.host, &down);
    free(records);
}

static void ask_kept(struct sim *sim, struct sim_process *process,
                     const struct keeping_effect *effect)
{
    struct sim_append *append = sim_take(1, sizeof *append);
    append->set_aside = effect->kind == KEEPING_DO_SET_ASIDE;
    if (append->set_aside) {
        append->sequence = effect->sequence;
    } else {
        const struct mn_kept *record = &effect->append;
        append->sequence = record->sequence;
        append->entry.generation = record->generation;
        append->entry.kind = record->kind;
        append->entry.written_at = record->written_at;
        mn_result result =
            mn_buffer_append(&append->entry.bytes, record->bytes, record->byte_count);
        mn_assert(result == MN_OK);
    }
    sim_recorder_give(sim, process, append);
}

static void core_new(const struct sim *sim, struct sim_coordinator *coordinator)
{
    mn_result result = coordinator_new(&coordinator->core, sim->topology);
    mn_assert(result == MN_OK);
    if (sim->config.piece_vats > 0) {
        coordinator_set_pieces(coordinator->core, (uint32_t)sim->config.piece_vats);
    }
}

static void lead(struct sim *sim, struct sim_process *process, const struct keeping_effect *effect)
{
    struct sim_coordinator *coordinator = process->coordinator;
    const struct sim_journal *journal = &sim->journals[coordinator->journal];
    if (journal->count < effect->lead.upto) {
        process->dying = true; /* another process has set some of it aside meanwhile */
        return;
    }
    coordinator_destroy(&coordinator->core);
    core_new(sim, coordinator);
    for (size_t i = 0; i < effect->lead.upto; i++) {
        const struct sim_entry *entry = &journal->entries[i];
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
        sim_coordinator_step(sim, process, &event);
        mn_arena_deinit(&arena);
    }
    struct coordinator_event event = {.kind = COORDINATOR_ON_BEGIN};
    event.begin.generation = effect->lead.generation;
    event.begin.kept = effect->lead.kept;
    event.begin.accepted = effect->lead.accepted;
    sim_coordinator_step(sim, process, &event);
}

static void keep_carry_out(struct sim *sim, struct sim_process *process,
                           const struct keeping_effect *effect)
{
    struct coordinator_event event = {.kind = COORDINATOR_ON_RECORDED};
    bool leaves = effect->kind <= KEEPING_DO_SET_ASIDE;
    if (process->dying || (leaves && !sim_effect_allowed(sim, process))) {
        return;
    }
    switch (effect->kind) {
    case KEEPING_DO_SEND:
        say_down(sim, process->coordinator, effect->send.host, effect->send.message);
        return;
    case KEEPING_DO_KEEP:
        say_keep(sim, process->coordinator, effect);
        return;
    case KEEPING_DO_APPEND:
    case KEEPING_DO_SET_ASIDE:
        ask_kept(sim, process, effect);
        return;
    case KEEPING_DO_LEAD:
        lead(sim, process, effect);
        return;
    case KEEPING_DO_ACCEPTED:
        event.kind = COORDINATOR_ON_ACCEPTED;
        event.accepted = effect->lead.accepted;
        sim_coordinator_step(sim, process, &event);
        return;
    case KEEPING_DO_CHANGE:
        event.kind = COORDINATOR_ON_KEEPERS;
        event.keepers = effect->change;
        sim_coordinator_step(sim, process, &event);
        return;
    case KEEPING_DO_IN_FORCE:
        sim_in_force(sim, process, effect->sequence);
        event.recorded.sequence = effect->sequence;
        sim_coordinator_step(sim, process, &event);
        return;
    case KEEPING_DO_OVERTAKEN:
        event.kind = COORDINATOR_ON_OVERTAKEN;
        sim_coordinator_step(sim, process, &event);
        return;
    case KEEPING_DO_NOTE:
        sim_note_keeping(sim, &effect->note);
        return;
    }
}

void sim_coordinator_keep_record(struct sim *sim, struct sim_process *process,
                                 struct keeping_event *event, const struct sim_entry *entry)
{
    struct mn_journal_record record;
    struct mn_arena arena = {0};
    event->record.generation = entry->generation;
    event->record.kind = entry->kind;
    bool says = entry->kind == MN_JOURNAL_KEEPERS || entry->kind == MN_JOURNAL_GENERATION;
    if (event->kind != KEEPING_ON_SET_ASIDE && says) {
        mn_result result =
            mn_journal_record_decode((enum mn_journal_kind)entry->kind, entry->bytes.bytes,
                                     entry->bytes.size, &arena, &record);
        mn_assert(result == MN_OK);
        event->record.says = &record;
    }
    sim_coordinator_keep(sim, process, event);
    mn_arena_deinit(&arena);
}

void sim_coordinator_keep(struct sim *sim, struct sim_process *process,
                          const struct keeping_event *event)
{
    struct sim_coordinator *coordinator = process->coordinator;
    if (process->dying) {
        return;
    }
    keeping_step(coordinator->keeping, sim_clock(sim, process), event, &sim->keeping_effects);
    mn_assert(sim->keeping_effects.result == MN_OK);
    if (sim->observer != NULL) {
        keeping_invariant(coordinator->keeping);
    }
    for (size_t i = 0; i < sim->keeping_effects.count; i++) {
        keep_carry_out(sim, process, &sim->keeping_effects.items[i]);
    }
    keeping_effects_reset(&sim->keeping_effects);
    if (!process->dying) {
        set_timer(sim, process);
        sim_operator_later(sim, process);
    }
}

/* ---- starting and ending --------------------------------------------------------------------- */

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
    core_new(sim, coordinator);
    if (sim->rounds_decided > 0) {
        sim_count(sim, SIM_SOMETIMES_RESUMED);
    }
    coordinator->journal = sim->journal_used;
    sim_left_at_start(sim);
    mn_result result = keeping_new(&coordinator->keeping, sim->topology, process->instance);
    mn_assert(result == MN_OK);
    const struct sim_journal *journal = &sim->journals[coordinator->journal];
    for (size_t i = 0; i < journal->count; i++) {
        struct keeping_event event = {.kind = KEEPING_ON_LOG};
        event.record.sequence = i + 1;
        sim_coordinator_keep_record(sim, process, &event, &journal->entries[i]);
    }
    sim_port_take(sim, process, SIM_PORT_AGENT);
    struct keeping_event event = {.kind = KEEPING_ON_BEGIN};
    sim_coordinator_keep(sim, process, &event);
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
    sim_recorder_free(sim, process);
    coordinator_destroy(&coordinator->core);
    keeping_destroy(&coordinator->keeping);
    mn_buffer_deinit(&coordinator->evidence);
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
        struct keeping_event heard = {.kind = KEEPING_ON_UP};
        heard.up.host = host;
        heard.up.message = &up;
        sim_coordinator_keep(sim, process, &heard);
        if (keeping_leads(coordinator->keeping)) {
            struct coordinator_event event = {.kind = COORDINATOR_ON_UP};
            event.up.host = host;
            event.up.message = &up;
            sim_coordinator_step(sim, process, &event);
        }
    }
    mn_arena_clear(&sim->arena);
}

/* A full disk takes nothing of the evidence. The daemon has a bound for what waits then, which is
 * more than a simulated cluster makes; here nothing more is made. */
static bool is_behind(struct sim *sim, const struct sim_process *process)
{
    bool behind = sim->machines[process->machine].full > 0;
    sim->result.sometimes[SIM_SOMETIMES_EVIDENCE_WAITED] +=
        behind && ledger_evidence_more(coordinator_ledger(process->coordinator->core)) ? 1 : 0;
    return behind;
}

void sim_coordinator_timer(struct sim *sim, struct sim_process *process)
{
    struct sim_coordinator *coordinator = process->coordinator;
    if (sim_clock(sim, process) >= keeping_deadline(coordinator->keeping)) {
        struct keeping_event event = {.kind = KEEPING_ON_TICK};
        sim_coordinator_keep(sim, process, &event);
    }
    sim_operator_replaces(sim, process);
    if (!process->dying && sim_clock(sim, process) >= coordinator_deadline(coordinator->core)) {
        struct coordinator_event event = {.kind = COORDINATOR_ON_TICK};
        event.tick.behind = is_behind(sim, process);
        sim_coordinator_step(sim, process, &event);
    }
    set_timer(sim, process);
}
