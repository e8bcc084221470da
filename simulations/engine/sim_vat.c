/* The shell around a vat's core: a process that is released, asks its agent for its life, reads its
 * checkpoints, and runs. */
#include <stdlib.h>
#include <string.h>

#include "engine/sim_private.h"

enum { SIM_ASK_MS = 500, SIM_ASK_AGAIN_MS = 2, SIM_ASK_MS_MAX = 30000, SIM_ATTACH_MS = 2000 };

struct observer_actor sim_vat_actor(const struct sim_process *process)
{
    const struct sim_vat *vat = process->vat;
    return (struct observer_actor){.vat = vat->vat,
                                   .run = vat->run,
                                   .process = process->instance,
                                   .epoch = vat->core != NULL ? vat_epoch(vat->core) : 0};
}

void sim_vat_exit(struct sim *sim, struct sim_process *process, const char *reason)
{
    sim_note(sim, reason, process->vat->vat, process->vat->run, process->instance);
    process->dying = true;
}

/* ---- starting -------------------------------------------------------------------------------- */

struct sim_process *sim_vat_new(struct sim *sim, uint32_t host, uint32_t vat)
{
    struct sim_process *process = sim_process_new(sim, SIM_VAT, host);
    struct sim_vat *made = sim_take(1, sizeof *made);
    process->vat = made;
    made->vat = vat;
    made->pid = ++sim->machines[host].pid_newest;
    made->pid_started = process->instance;
    made->state = SIM_VAT_WAITING;
    made->local = SIM_NOBODY;
    process->older = sim->vat_processes[vat];
    sim->vat_processes[vat] = process;
    return process;
}

void sim_vat_release(struct sim *sim, struct sim_process *process)
{
    process->vat->state = SIM_VAT_ASKING;
    sim_at(sim, sim->now + sim->config.start_us * 1000, SIM_ON_STEP, process, 0, NULL);
}

static void open_local(struct sim *sim, struct sim_process *process)
{
    struct sim_vat *vat = process->vat;
    if (vat->local != SIM_NOBODY) {
        sim_link_close(sim, vat->local);
    }
    vat->local =
        sim_link_open(sim, SIM_LINK_LOCAL, process, process->machine, SIM_PORT_AGENT, 0, 200);
}

static void ask_life(struct sim *sim, struct sim_process *process)
{
    struct sim_vat *vat = process->vat;
    if (vat->local == SIM_NOBODY) {
        open_local(sim, process);
        vat->asking_until = sim->now + SIM_ASK_MS_MAX * MN_MS;
    }
    if (sim->now >= vat->asking_until) {
        sim_vat_exit(sim, process, "the agent did not say which life this is");
        return;
    }
    struct mn_from_vat attach = {.kind = MN_FROM_VAT_ATTACH};
    attach.attach.vat = sim->vat_names[vat->vat];
    attach.attach.pid = vat->pid;
    sim->buffer.size = 0;
    mn_result result = mn_from_vat_encode(&attach, &sim->buffer);
    mn_assert(result == MN_OK);
    bool said = sim_send(sim, vat->local, 0, &sim->buffer, NULL, 0);
    sim_at(sim, sim->now + (said ? SIM_ASK_MS : SIM_ASK_AGAIN_MS) * MN_MS, SIM_ON_STEP, process, 0,
           NULL);
}

static void life_free(struct sim_vat *vat)
{
    if (vat->life != NULL) {
        mn_arena_deinit(&vat->life->arena);
        free(vat->life);
        vat->life = NULL;
    }
}

static mn_result read_chain(struct sim *sim, struct sim_process *process)
{
    struct sim_vat *vat = process->vat;
    struct sim_store *store = sim_store(sim, process->machine, vat->vat);
    const struct mn_life *life = &vat->life->life;
    mn_result result = vat_new(&vat->core, life);
    for (uint32_t i = 0; result == MN_OK && i < life->chain_count; i++) {
        const struct sim_file *file = sim_file_find(store, life->chain[i]);
        bool read = file != NULL && !file->unread;
        result = !read ? MN_CORRUPT : sim_checkpoint_restore(vat->core, file->bytes);
    }
    return result == MN_OK ? vat_restore_end(vat->core) : result;
}

static void begin_run(struct sim *sim, struct sim_process *process)
{
    struct sim_vat *vat = process->vat;
    if (sim->now < sim->vat_fails[vat->vat]) {
        sim_vat_exit(sim, process, "it cannot begin");
        return;
    }
    mn_result result = read_chain(sim, process);
    if (result != MN_OK) {
        vat_destroy(&vat->core);
        sim_vat_exit(sim, process, "its checkpoints are damaged or missing");
        return;
    }
    vat->state = SIM_VAT_RUNNING;
    if (sim->observer != NULL) {
        struct observer_actor actor = sim_vat_actor(process);
        observer_vat_begins(sim->observer, &actor, &vat->life->life, sim_bank_digest(process));
    }
    sim_show_vat(sim, process,
                 (struct sim_seen){.kind = SIM_SEEN_VAT_BEGINS, .life = &vat->life->life});
    life_free(vat);
    open_local(sim, process);
    sim_port_take(sim, process, 0);
    struct vat_event start = {.kind = VAT_EVENT_START};
    start.start.pid = vat->pid;
    sim_endpoint(sim, process->machine, process->port, &start.start.endpoint);
    sim_vat_step(sim, process, &start);
    sim_at(sim, sim->now, SIM_ON_TURN, process, 0, NULL);
}

void sim_vat_go_on(struct sim *sim, struct sim_process *process)
{
    switch (process->vat->state) {
    case SIM_VAT_ASKING:
        ask_life(sim, process);
        return;
    case SIM_VAT_READING:
        begin_run(sim, process);
        return;
    case SIM_VAT_WAITING:
    case SIM_VAT_RUNNING:
        return;
    }
}

void sim_vat_connected(struct sim *sim, struct sim_process *process)
{
    struct sim_vat *vat = process->vat;
    if (vat->state == SIM_VAT_RUNNING) {
        vat_connected(vat->core, sim_clock(sim, process));
        sim_timer(sim, process, vat_deadline(vat->core));
    }
    if (vat->attach == NULL || sim->now > vat->attach_until) {
        return;
    }
    sim->buffer.size = 0;
    mn_result result = mn_from_vat_encode(vat->attach, &sim->buffer);
    mn_assert(result == MN_OK);
    free(vat->attach);
    vat->attach = NULL;
    (void)sim_send(sim, vat->local, 0, &sim->buffer, NULL, 0);
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void save(struct sim *sim, struct sim_process *process,
                 const struct vat_checkpoint *checkpoint)
{
    struct sim_vat *vat = process->vat;
    struct sim_machine *machine = &sim->machines[process->machine];
    struct vat_event event = {.kind = VAT_EVENT_WRITTEN};
    if (machine->full > 0) {
        sim_count(sim, SIM_SOMETIMES_WRITE_FAILED);
        event.kind = VAT_EVENT_WRITE_FAILED;
        event.failed.code = MN_NO_SPACE;
        event.failed.text = "the disk is full";
    } else {
        struct mn_checkpoint_identity identity;
        struct sim_bytes *bytes = sim_checkpoint_write(sim, checkpoint, &identity);
        struct sim_store *store = sim_store(sim, process->machine, vat->vat);
        struct sim_file *file = sim_file_add(store, checkpoint->record.epoch, bytes);
        file->onto = checkpoint->record.onto;
        event.written = identity;
        if (sim->observer != NULL) {
            struct observer_actor actor = sim_vat_actor(process);
            observer_checkpoint(sim->observer, &actor, file->onto, sim_bank_digest(process));
        }
        sim_show_vat(sim, process, (struct sim_seen){.kind = SIM_SEEN_CHECKPOINT});
    }
    if (sim_effect_allowed(sim, process)) {
        sim_vat_step(sim, process, &event);
    }
}

void sim_vat_step(struct sim *sim, struct sim_process *process, const struct vat_event *event)
{
    struct sim_vat *vat = process->vat;
    if (process->dying) {
        return;
    }
    sim->result.events += 1;
    sim_note(sim, "vat", vat->vat, (uint64_t)event->kind, (uint64_t)vat_epoch(vat->core));
    vat_effects_clear(&sim->vat_effects);
    mn_result result = vat_step(vat->core, sim_clock(sim, process), event, &sim->vat_effects);
    mn_assert(result == MN_OK);
    sim_count_session(sim, process, event);
    const struct vat_checkpoint *checkpoint = NULL;
    for (size_t i = 0; i < sim->vat_effects.count && sim_effect_allowed(sim, process); i++) {
        sim_vat_carry_out(sim, process, &sim->vat_effects.items[i]);
        if (sim->vat_effects.items[i].kind == VAT_EFFECT_CHECKPOINT) {
            checkpoint = sim->vat_effects.items[i].checkpoint;
        }
    }
    if (checkpoint != NULL && !process->dying) {
        save(sim, process, checkpoint);
        return;
    }
    if (!process->dying) {
        if (sim->observer != NULL) {
            vat_invariant(vat->core);
        }
        sim_lease_see(sim, process);
        sim_timer(sim, process, vat_deadline(vat->core));
    }
}

void sim_vat_timer(struct sim *sim, struct sim_process *process)
{
    const struct sim_vat *vat = process->vat;
    if (vat->state != SIM_VAT_RUNNING) {
        return;
    }
    mn_time deadline = vat_deadline(vat->core);
    if (sim_clock(sim, process) >= deadline) {
        struct vat_event tick = {.kind = VAT_EVENT_TICK};
        sim_vat_step(sim, process, &tick);
    } else {
        sim_timer(sim, process, deadline);
    }
}

/* ---- what comes in --------------------------------------------------------------------------- */

static void message_agent(struct sim *sim, struct sim_process *process,
                          const struct sim_message *message)
{
    struct sim_vat *vat = process->vat;
    struct mn_to_vat said;
    mn_result result = mn_to_vat_decode(message->bytes, message->size, &sim->arena, &said);
    if (result != MN_OK) {
        sim_fail(sim, "codec", "a word to a vat is not decoded: %s", mn_result_name(result));
        return;
    }
    if (vat->state == SIM_VAT_ASKING && said.kind == MN_TO_VAT_LIFE) {
        vat->life = sim_take(1, sizeof *vat->life);
        vat->life->life = said.life;
        vat->life->arena = sim->arena;
        vat->run = said.life.run;
        sim->arena = (struct mn_arena){0};
        vat->state = SIM_VAT_READING;
        mn_time takes = sim_disk_time(sim, process->machine) * (said.life.chain_count + 1);
        sim_at(sim, sim->now + takes, SIM_ON_STEP, process, 0, NULL);
    } else if (vat->state == SIM_VAT_RUNNING) {
        if (said.kind == MN_TO_VAT_WHO) {
            sim_count(sim, SIM_SOMETIMES_WHO);
        }
        if (said.kind == MN_TO_VAT_DURABLE && sim->observer != NULL) {
            struct observer_actor actor = sim_vat_actor(process);
            observer_durable(sim->observer, &actor, said.durable.epoch, said.durable.floor);
        }
        if (said.kind == MN_TO_VAT_FREEZE && sim->observer != NULL) {
            struct observer_actor actor = sim_vat_actor(process);
            observer_frozen(sim->observer, &actor, said.freeze.suspects, said.freeze.suspect_count);
        }
        struct vat_event event = {.kind = VAT_EVENT_AGENT, .agent = &said};
        sim_vat_step(sim, process, &event);
    }
}

static void message_session(struct sim *sim, struct sim_process *process,
                            const struct sim_message *message)
{
    const struct sim_vat *vat = process->vat;
    struct mn_session said;
    const unsigned char *second = message->second_size > 0 ? message->bytes + message->size : NULL;
    if (vat->state != SIM_VAT_RUNNING) {
        return;
    }
    mn_result result = mn_session_decode(message->bytes, message->size, second,
                                         message->second_size, &sim->arena, &said);
    if (result != MN_OK) {
        sim_fail(sim, "codec", "a word between vats is not decoded: %s", mn_result_name(result));
        return;
    }
    struct vat_event event = {.kind = VAT_EVENT_INBOUND};
    if (message->back) {
        event.kind = VAT_EVENT_ANSWER;
        event.answer.peer = sim->vat_names[sim->links[message->link].peer];
        event.answer.message = &said;
    } else {
        event.inbound.connection.size = sizeof message->link + sizeof message->connection;
        memcpy(event.inbound.connection.bytes, &message->link, sizeof message->link);
        memcpy(event.inbound.connection.bytes + sizeof message->link, &message->connection,
               sizeof message->connection);
        event.inbound.key = sim->topology->hosts[message->from_machine].key;
        event.inbound.message = &said;
    }
    sim_vat_step(sim, process, &event);
}

void sim_vat_message(struct sim *sim, struct sim_process *process,
                     const struct sim_message *message)
{
    if (message->kind == SIM_LINK_LOCAL) {
        message_agent(sim, process, message);
    } else if (message->kind == SIM_LINK_SESSION) {
        message_session(sim, process, message);
    }
    mn_arena_clear(&sim->arena);
}

/* ---- ending ---------------------------------------------------------------------------------- */

/* The agent that watches the process learns of its end a moment later. */
static void tell_watcher(struct sim *sim, const struct sim_process *process)
{
    uint32_t slot = sim->machines[process->machine].process;
    if (slot == SIM_NOBODY) {
        return;
    }
    struct sim_process *agent = sim->processes[slot];
    for (size_t i = 0; i < agent->agent->watch_count; i++) {
        struct sim_watch *watch = &agent->agent->watches[i];
        if (watch->slot == process->slot && watch->instance == process->instance) {
            struct sim_watch *gone = sim_take(1, sizeof *gone);
            *gone = *watch;
            *watch = agent->agent->watches[--agent->agent->watch_count];
            sim_at(sim, sim->now + MN_MS, SIM_ON_EXIT, agent, 0, gone);
            return;
        }
    }
}

static void forget(struct sim *sim, const struct sim_process *process)
{
    struct sim_process **link = &sim->vat_processes[process->vat->vat];
    while (*link != process) {
        link = &(*link)->older;
    }
    *link = process->older;
}

void sim_vat_free(struct sim *sim, struct sim_process *process)
{
    struct sim_vat *vat = process->vat;
    forget(sim, process);
    if (sim->observer != NULL && vat->state == SIM_VAT_RUNNING) {
        struct observer_actor actor = sim_vat_actor(process);
        observer_vat_ends(sim->observer, &actor);
    }
    if (vat->state == SIM_VAT_RUNNING) {
        sim_show_vat(sim, process, (struct sim_seen){.kind = SIM_SEEN_VAT_ENDS});
    }
    tell_watcher(sim, process);
    vat_destroy(&vat->core);
    life_free(vat);
    free(vat->attach);
    free(vat->sessions);
    free(vat);
}
