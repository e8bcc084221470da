/* The shell around an agent's core: what it remembers when it starts, what it is told, its steps.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/sim_private.h"

enum { SIM_FEW_VATS = 16 };

/* It looks at every vat of the host: where these are many, it is asked after as many steps. */
static void invariant_of_agent(const struct sim *sim, struct sim_agent *agent)
{
    uint32_t vats = sim->vat_count / sim->host_count;
    agent->steps_unchecked += 1;
    if (sim->observer != NULL && (vats <= SIM_FEW_VATS || agent->steps_unchecked >= vats)) {
        agent->steps_unchecked = 0;
        agent_invariant(agent->core);
    }
}

static void step_one(struct sim *sim, struct sim_process *process, const struct agent_event *event)
{
    struct sim_agent *agent = process->agent;
    if (process->dying) {
        return;
    }
    sim->result.events += 1;
    sim_note(sim, "agent", agent->host, (uint64_t)event->kind, process->instance);
    agent_step(agent->core, sim_clock(sim, process), event, &sim->agent_effects);
    mn_assert(sim->agent_effects.result == MN_OK);
    invariant_of_agent(sim, agent);
    for (size_t i = 0; i < sim->agent_effects.count && sim_effect_allowed(sim, process); i++) {
        sim_agent_carry_out(sim, process, &sim->agent_effects.items[i]);
    }
    agent_effects_reset(&sim->agent_effects);
}

void sim_agent_step(struct sim *sim, struct sim_process *process, const struct agent_event *event)
{
    struct sim_agent *agent = process->agent;
    step_one(sim, process, event);
    for (size_t i = 0; i < agent->follow_count; i++) {
        struct sim_follow follow = agent->follows[i];
        struct agent_event next = {.kind = follow.kind};
        next.process.vat = follow.vat;
        next.process.pid = follow.pid;
        next.process.pid_started = follow.pid_started;
        next.process.reason = follow.reason;
        step_one(sim, process, &next);
    }
    agent->follow_count = 0;
    if (!process->dying) {
        sim_timer(sim, process, agent_deadline(agent->core));
    }
}

/* ---- starting -------------------------------------------------------------------------------- */

/* Some agents do not say which topology they have read, as one that is older. */
static uint64_t agent_numbering(const struct sim *sim, uint32_t host)
{
    struct mn_random random = {(uint64_t)sim->config.seed ^ host};
    bool named = mn_random_below(&random, 100) < (uint64_t)sim->config.named_percent;
    return named ? 0 : sim->topology->numbering;
}

static void agent_make(struct sim *sim, const struct sim_process *process)
{
    struct sim_agent *agent = process->agent;
    const struct sim_config *config = &sim->config;
    struct agent_config made = {.directory = sim->directory,
                                .numbering = agent_numbering(sim, agent->host),
                                .own = agent->host,
                                .store = "store",
                                .key_file = "key",
                                .heartbeat_ms = (uint32_t)config->heartbeat_ms,
                                .copy_ms = (uint32_t)config->copy_ms,
                                .connect_ms = (uint32_t)config->connect_ms,
                                .send_ms = (uint32_t)config->send_ms,
                                .latency_ms = (uint32_t)config->latency_ms,
                                .interval_ms = (uint32_t)config->interval_ms,
                                .full_every = (uint32_t)config->full_every,
                                .keep_count = (uint32_t)config->keep,
                                .stores = (uint32_t)config->stores,
                                .part_heard = (uint32_t)config->part_heard,
                                .scrub_ms = (uint32_t)config->scrub_ms,
                                .disk = process->instance};
    sim_endpoint(sim, agent->host, SIM_PORT_AGENT, &made.agent);
    sim_endpoint(sim, agent->host, 0, &made.address);
    mn_result result = agent_new(&agent->core, &made);
    mn_assert(result == MN_OK);
}

static void agent_load_records(struct sim *sim, struct sim_process *process)
{
    const struct sim_disk *disk = &sim->machines[process->machine].disk;
    for (size_t i = 0; i < disk->record_count; i++) {
        struct mn_agent_record record;
        mn_result result = mn_agent_record_decode(disk->records[i].bytes, disk->records[i].size,
                                                  &sim->arena, &record);
        mn_assert(result == MN_OK);
        struct agent_event event = {.kind = AGENT_ON_RECORD, .record = &record};
        sim_agent_step(sim, process, &event);
        mn_arena_clear(&sim->arena);
    }
}

/* A file that is not what its digest says is set aside; one that cannot be read is said to be so.
 */
static void agent_load_store(struct sim *sim, struct sim_process *process, struct sim_store *store)
{
    while (store->part_count > 0) {
        sim_part_remove(store, store->parts[0].epoch);
    }
    size_t i = 0;
    while (i < store->file_count) {
        struct sim_file *file = &store->files[i];
        struct agent_file_facts facts;
        if (file->unread) {
            struct agent_event event = {.kind = AGENT_ON_FILE_UNREAD};
            event.unread.vat = sim->vat_names[store->vat];
            event.unread.epoch = file->epoch;
            sim_agent_step(sim, process, &event);
            i += 1;
            continue;
        }
        mn_result result =
            sim_checkpoint_facts(file->bytes->bytes, file->bytes->size, &sim->arena, &facts);
        if (result != MN_OK) {
            sim_file_remove(sim, process->machine, store, file->epoch, OBSERVER_COPY_LOST);
            continue;
        }
        file->synced = true;
        sim_file_tell(sim, process->machine, store, file);
        struct agent_event event = {.kind = AGENT_ON_FILE, .file = &facts};
        sim_agent_step(sim, process, &event);
        mn_arena_clear(&sim->arena);
        i += 1;
    }
}

static void agent_find_processes(struct sim *sim, struct sim_process *process)
{
    for (uint32_t i = 0; i < sim->vat_count; i++) {
        for (struct sim_process *found = sim->vat_processes[i]; found != NULL;
             found = found->older) {
            const struct sim_vat *vat = found->vat;
            if (found->machine != process->machine || vat->state == SIM_VAT_WAITING ||
                found->dying) {
                continue;
            }
            struct agent_event event = {.kind = AGENT_ON_LIVES};
            event.process.vat = sim->vat_names[i];
            event.process.start = &vat->start;
            event.process.pid = vat->pid;
            event.process.pid_started = vat->pid_started;
            sim_agent_step(sim, process, &event);
        }
    }
}

void sim_agent_start(struct sim *sim, uint32_t host)
{
    struct sim_machine *machine = &sim->machines[host];
    mn_assert(machine->process == SIM_NOBODY);
    struct sim_process *process = sim_process_new(sim, SIM_AGENT, host);
    struct sim_agent *agent = sim_take(1, sizeof *agent);
    process->agent = agent;
    agent->host = host;
    sim_jobs_init(&agent->records);
    sim_jobs_init(&agent->others);
    sim_jobs_init(&agent->at_hand);
    machine->process = process->slot;
    sim_disturb(sim, host);
    if (sim->observer != NULL) {
        observer_agent_begins(sim->observer, host);
    }
    agent_make(sim, process);
    agent_load_records(sim, process);
    for (size_t i = 0; i < machine->disk.store_count; i++) {
        agent_load_store(sim, process, &machine->disk.stores[i]);
    }
    agent_find_processes(sim, process);
    sim_port_take(sim, process, SIM_PORT_AGENT);
    agent->control = sim_link_open(sim, SIM_LINK_CONTROL, process, sim->host_count, SIM_PORT_AGENT,
                                   sim->config.heartbeat_ms * 2 * MN_MS, 1000);
    struct agent_event event = {.kind = AGENT_ON_BEGIN};
    sim_agent_step(sim, process, &event);
}

void sim_agent_free(struct sim *sim, struct sim_process *process)
{
    struct sim_agent *agent = process->agent;
    sim->machines[process->machine].process = SIM_NOBODY;
    sim_disturb(sim, agent->host);
    for (size_t i = 0; i < agent->watch_count; i++) {
        struct sim_watch watch = agent->watches[i];
        struct sim_process *vat = sim_process_at(sim, watch.slot, watch.instance);
        if (vat != NULL && !watch.released) {
            sim_kill(sim, vat); /* it waits at a pipe whose other end is gone */
        }
    }
    sim_jobs_abandon(sim, process);
    agent_destroy(&agent->core);
    free(agent->partners);
    free(agent->watches);
    free(agent->follows);
    free(agent);
}

/* ---- what comes in --------------------------------------------------------------------------- */

static void message_down(struct sim *sim, struct sim_process *process,
                         const struct sim_message *message)
{
    struct mn_down down;
    mn_result result = mn_down_decode(message->bytes, message->size, &sim->arena, &down);
    if (result != MN_OK) {
        sim_fail(sim, "codec", "a word of the coordinator is not decoded: %s",
                 mn_result_name(result));
        return;
    }
    if (sim->observer != NULL) {
        observer_hears(sim->observer, process->machine, &down);
    }
    struct agent_event event = {.kind = AGENT_ON_DOWN, .down = &down};
    sim_agent_step(sim, process, &event);
}

static void message_copies(struct sim *sim, struct sim_process *process,
                           const struct sim_message *message)
{
    struct mn_copies copies;
    mn_result result = mn_copies_decode(message->bytes, message->size, &sim->arena, &copies);
    if (result != MN_OK) {
        sim_fail(sim, "codec", "a word about copies is not decoded: %s", mn_result_name(result));
        return;
    }
    struct agent_event event = {.kind = AGENT_ON_COPIES};
    event.copies.host = message->from_machine;
    event.copies.message = &copies;
    sim_agent_step(sim, process, &event);
}

static void message_vat(struct sim *sim, struct sim_process *process,
                        const struct sim_message *message)
{
    struct mn_from_vat said;
    mn_result result = mn_from_vat_decode(message->bytes, message->size, &sim->arena, &said);
    if (result != MN_OK) {
        sim_fail(sim, "codec", "a word of a vat is not decoded: %s", mn_result_name(result));
        return;
    }
    struct agent_event event = {.kind = AGENT_ON_VAT};
    memcpy(event.vat.connection.bytes, &message->link, sizeof message->link);
    memcpy(event.vat.connection.bytes + sizeof message->link, &message->connection,
           sizeof message->connection);
    event.vat.message = &said;
    sim_agent_step(sim, process, &event);
}

void sim_agent_message(struct sim *sim, struct sim_process *process,
                       const struct sim_message *message)
{
    switch (message->kind) {
    case SIM_LINK_CONTROL:
        message_down(sim, process, message);
        break;
    case SIM_LINK_COPIES:
        message_copies(sim, process, message);
        break;
    case SIM_LINK_LOCAL:
        message_vat(sim, process, message);
        break;
    case SIM_LINK_SESSION:
        break; /* vats connect to a port that an agent has taken by now */
    }
    mn_arena_clear(&sim->arena);
}

void sim_agent_timer(struct sim *sim, struct sim_process *process)
{
    mn_time deadline = agent_deadline(process->agent->core);
    if (sim_clock(sim, process) >= deadline) {
        struct agent_event event = {.kind = AGENT_ON_TICK};
        sim_agent_step(sim, process, &event);
    } else {
        sim_timer(sim, process, deadline);
    }
}

void sim_agent_exited(struct sim *sim, struct sim_process *process, const struct sim_watch *watch)
{
    struct agent_event event = {.kind = AGENT_ON_EXITED};
    event.process.vat = sim->vat_names[watch->vat];
    event.process.pid = watch->pid;
    event.process.reason = "ended";
    sim_agent_step(sim, process, &event);
}

static enum mn_probe_answer probe_answer(const struct sim *sim, uint32_t from, const char *endpoint)
{
    uint32_t machine = 0;
    uint32_t port = 0;
    if (!sim_endpoint_parse(sim, endpoint, &machine, &port) || !sim->machines[machine].up ||
        !sim_path(sim, from, machine) || !sim_path(sim, machine, from)) {
        return MN_PROBE_SILENT;
    }
    return sim_port_find(sim, machine, port) != SIM_NOBODY ? MN_PROBE_OPEN : MN_PROBE_CLOSED;
}

void sim_agent_probed(struct sim *sim, struct sim_process *process, struct sim_probe *probe)
{
    enum mn_probe_answer answers[MN_PROBE_ENDPOINT_COUNT_MAX];
    bool silent = false;
    for (uint32_t i = 0; i < probe->count; i++) {
        answers[i] = probe_answer(sim, process->machine, probe->endpoints[i].text);
        silent = silent || answers[i] == MN_PROBE_SILENT;
    }
    if (silent && !probe->last) {
        struct sim_probe *again = sim_take(1, sizeof *again);
        *again = *probe;
        again->last = true;
        sim_at(sim, sim->now + 2 * sim->config.heartbeat_ms * MN_MS, SIM_ON_PROBED, process, 0,
               again);
        return;
    }
    struct agent_event event = {.kind = AGENT_ON_PROBE_ANSWERED};
    event.probe.probe = probe->probe;
    event.probe.host = probe->host;
    event.probe.answers = answers;
    event.probe.answer_count = probe->count;
    sim_agent_step(sim, process, &event);
}
