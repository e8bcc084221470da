/* What an agent's core asks for, carried out: messages, jobs for the disk, processes. */
#include <stdlib.h>
#include <string.h>

#include "engine/sim_private.h"

static struct sim_follow *follow_add(struct sim_agent *agent, enum agent_event_kind kind,
                                     const struct mn_name *vat)
{
    sim_grow(&agent->follows, &agent->follow_capacity, agent->follow_count + 1,
             sizeof *agent->follows);
    struct sim_follow *follow = &agent->follows[agent->follow_count++];
    *follow = (struct sim_follow){.kind = kind, .vat = *vat, .reason = "ended"};
    return follow;
}

/* ---- messages -------------------------------------------------------------------------------- */

void sim_agent_send_up(struct sim *sim, const struct sim_agent *agent, const struct mn_up *up)
{
    sim->buffer.size = 0;
    mn_result result = mn_up_encode(up, &sim->buffer);
    if (result != MN_OK) {
        sim_fail(sim, "codec", "a word of an agent is not encoded: %s", mn_result_name(result));
        return;
    }
    (void)sim_send(sim, agent->control, 0, &sim->buffer, NULL, 0);
}

static uint32_t partner_link(struct sim *sim, struct sim_process *process, uint32_t host)
{
    struct sim_agent *agent = process->agent;
    size_t low = 0;
    size_t high = agent->partner_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (agent->partners[middle].peer < host) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == agent->partner_count || agent->partners[low].peer != host) {
        uint32_t link = sim_link_open(sim, SIM_LINK_COPIES, process, host, SIM_PORT_AGENT,
                                      sim->config.copy_ms * MN_MS, 1000);
        sim_grow(&agent->partners, &agent->partner_capacity, agent->partner_count + 1,
                 sizeof *agent->partners);
        memmove(&agent->partners[low + 1], &agent->partners[low],
                (agent->partner_count - low) * sizeof *agent->partners);
        agent->partner_count += 1;
        agent->partners[low] = (struct sim_session){.peer = host, .link = link};
    }
    return agent->partners[low].link;
}

void sim_agent_send_copies(struct sim *sim, struct sim_process *process, uint32_t host,
                           const struct mn_copies *message)
{
    uint32_t link = partner_link(sim, process, host);
    sim->buffer.size = 0;
    mn_result result = mn_copies_encode(message, &sim->buffer);
    if (result != MN_OK) {
        sim_fail(sim, "codec", "a word about copies is not encoded: %s", mn_result_name(result));
        return;
    }
    struct sim_message *sent = sim_send(sim, link, 0, &sim->buffer, NULL, 0);
    if (sent != NULL && message->kind == MN_COPIES_PIECE) {
        sim_copy_leaves(sim, sim_vat_number(sim, &message->vat) + 1, &sent->copy_of);
    }
}

static void send_vat(struct sim *sim, const struct agent_effect *effect)
{
    uint32_t link = 0;
    uint64_t connection = 0;
    memcpy(&link, effect->vat.connection.bytes, sizeof link);
    memcpy(&connection, effect->vat.connection.bytes + sizeof link, sizeof connection);
    sim->buffer.size = 0;
    mn_result result = mn_to_vat_encode(effect->vat.message, &sim->buffer);
    if (result != MN_OK) {
        sim_fail(sim, "codec", "a word to a vat is not encoded: %s", mn_result_name(result));
        return;
    }
    mn_assert(connection != 0);
    (void)sim_send(sim, link, connection, &sim->buffer, NULL, 0);
}

/* ---- the disk -------------------------------------------------------------------------------- */

static void ask_record(struct sim *sim, struct sim_process *process,
                       const struct agent_effect *effect)
{
    sim->buffer.size = 0;
    mn_result result =
        effect->record.forget ? MN_OK : mn_agent_record_encode(effect->record.record, &sim->buffer);
    if (result != MN_OK) {
        sim_fail(sim, "codec", "an agent's record is not encoded: %s", mn_result_name(result));
        return;
    }
    struct sim_job *job = sim_job_new(SIM_JOB_RECORD, sim->buffer.bytes, sim->buffer.size);
    job->sequence = effect->record.sequence;
    job->forget = effect->record.forget;
    agent_record_key(effect->record.record, job->key);
    sim_jobs_add(&process->agent->records, job);
}

static void ask_file(struct sim_process *process, enum sim_job_kind kind,
                     const struct agent_effect *effect)
{
    struct mn_checkpoint_identity known = {.size = effect->file.size,
                                           .digest = effect->file.digest};
    bool look = kind == SIM_JOB_LOOK;
    struct sim_job *job = sim_job_new(kind, look ? &known : NULL, look ? sizeof known : 0);
    job->vat = effect->file.vat;
    job->epoch = effect->file.epoch;
    job->again = effect->file.again;
    sim_jobs_add(&process->agent->others, job);
}

/* Of the effects that ask after a file. */
static enum sim_job_kind file_job(enum agent_effect_kind kind)
{
    return kind == AGENT_DO_SYNC   ? SIM_JOB_SYNC
           : kind == AGENT_DO_LOOK ? SIM_JOB_LOOK
                                   : SIM_JOB_READ_OVER;
}

static void ask_found(struct sim_process *process, enum sim_job_kind kind,
                      const struct agent_effect *effect)
{
    struct sim_job *job = sim_job_new(kind, effect->found.store, strlen(effect->found.store) + 1);
    job->vat = effect->found.vat;
    job->epoch = effect->found.epoch;
    sim_jobs_add(&process->agent->others, job);
}

/* To whoever looks for a copy it is as if it were deleted. */
static void ask_set_aside(struct sim *sim, struct sim_process *process,
                          const struct agent_effect *effect)
{
    size_t moved_size = effect->aside.moved_count * sizeof *effect->aside.moved;
    size_t linked_size = effect->aside.linked_count * sizeof *effect->aside.linked;
    struct sim_job *job = sim_job_new(SIM_JOB_SET_ASIDE, NULL, moved_size + linked_size);
    memcpy(job->bytes, effect->aside.moved, moved_size);
    if (linked_size > 0) {
        memcpy(job->bytes + moved_size, effect->aside.linked, linked_size);
    }
    job->vat = effect->aside.vat;
    job->run = effect->aside.run;
    job->moved_count = effect->aside.moved_count;
    for (uint32_t i = 0; i < job->moved_count && sim->observer != NULL; i++) {
        observer_deletes(sim->observer, process->machine, sim_vat_number(sim, &job->vat),
                         effect->aside.moved[i]);
    }
    sim_jobs_add(&process->agent->others, job);
}

static void ask_piece(struct sim *sim, struct sim_process *process, enum sim_job_kind kind,
                      const struct agent_effect *effect)
{
    const struct mn_copies *piece = effect->piece.piece;
    bool write = kind == SIM_JOB_WRITE;
    struct sim_job *job =
        sim_job_new(kind, write ? piece->piece.bytes : NULL, write ? piece->piece.byte_count : 0);
    job->vat = piece->vat;
    job->epoch = piece->piece.epoch;
    job->host = effect->piece.host;
    job->piece = *piece;
    if (write) {
        sim_copy_leaves(sim, sim_vat_number(sim, &job->vat) + 1, &job->copy_of);
    }
    sim_jobs_add(&process->agent->others, job);
}

/* ---- processes ------------------------------------------------------------------------------- */

static void watch_add(struct sim_agent *agent, const struct sim_process *vat, bool released)
{
    sim_grow(&agent->watches, &agent->watch_capacity, agent->watch_count + 1,
             sizeof *agent->watches);
    agent->watches[agent->watch_count++] = (struct sim_watch){.vat = vat->vat->vat,
                                                              .pid = vat->vat->pid,
                                                              .slot = vat->slot,
                                                              .instance = vat->instance,
                                                              .released = released};
}

static void start_process(struct sim *sim, struct sim_process *process,
                          const struct agent_effect *effect)
{
    struct sim_agent *agent = process->agent;
    const struct mn_name *name = &effect->process.vat;
    if (sim->machines[process->machine].full > 0) {
        struct sim_follow *failed = follow_add(agent, AGENT_ON_START_FAILED, name);
        failed->reason = "the disk is full";
        return;
    }
    struct sim_process *vat = sim_vat_new(sim, agent->host, sim_vat_number(sim, name));
    vat->vat->start = *effect->process.start;
    vat->vat->start.chain = NULL;
    vat->vat->start.chain_count = 0;
    watch_add(agent, vat, false);
    struct sim_follow *follow = follow_add(agent, AGENT_ON_STARTED, name);
    follow->pid = vat->vat->pid;
    follow->pid_started = vat->vat->pid_started;
}

static void release_process(struct sim *sim, const struct sim_agent *agent,
                            const struct agent_effect *effect)
{
    uint32_t number = sim_vat_number(sim, &effect->process.vat);
    for (size_t i = 0; i < agent->watch_count; i++) {
        struct sim_watch *watch = &agent->watches[i];
        struct sim_process *vat = sim_process_at(sim, watch->slot, watch->instance);
        if (watch->vat == number && !watch->released && vat != NULL) {
            watch->released = true;
            sim_vat_release(sim, vat);
        }
    }
}

static void adopt_process(struct sim *sim, struct sim_process *process,
                          const struct agent_effect *effect)
{
    struct sim_agent *agent = process->agent;
    uint32_t number = sim_vat_number(sim, &effect->process.vat);
    struct sim_follow *follow = follow_add(agent, AGENT_ON_EXITED, &effect->process.vat);
    follow->pid = effect->process.pid;
    follow->pid_started = effect->process.pid_started;
    for (struct sim_process *vat = sim->vat_processes[number]; vat != NULL; vat = vat->older) {
        if (vat->machine == process->machine && vat->vat->pid == effect->process.pid &&
            vat->vat->pid_started == effect->process.pid_started) {
            follow->kind = AGENT_ON_ADOPTED;
            watch_add(agent, vat, true);
        }
    }
}

static void kill_process(struct sim *sim, const struct sim_agent *agent,
                         const struct agent_effect *effect)
{
    uint32_t number = sim_vat_number(sim, &effect->process.vat);
    for (size_t i = 0; i < agent->watch_count; i++) {
        struct sim_watch watch = agent->watches[i];
        struct sim_process *vat = sim_process_at(sim, watch.slot, watch.instance);
        if (watch.vat == number && watch.pid == effect->process.pid && vat != NULL) {
            if (sim->observer != NULL) {
                observer_kills(sim->observer, agent->host, number, vat->vat->run);
            }
            sim_kill(sim, vat);
            return;
        }
    }
}

static void ask_recall(struct sim_process *process, const struct agent_effect *effect)
{
    struct sim_job *job = sim_job_new(SIM_JOB_RECALL, NULL, 0);
    job->up = *effect->up;
    sim_jobs_add(&process->agent->others, job);
}

static void start_probe(struct sim *sim, struct sim_process *process,
                        const struct agent_effect *effect)
{
    struct sim_probe *probe = sim_take(1, sizeof *probe);
    probe->probe = effect->probe.probe;
    probe->host = effect->probe.host;
    probe->count = effect->probe.endpoint_count;
    if (probe->count > 0) {
        memcpy(probe->endpoints, effect->probe.endpoints, probe->count * sizeof *probe->endpoints);
    }
    sim_at(sim, sim->now + 2 * sim->config.latency_us * 1000, SIM_ON_PROBED, process, 0, probe);
}

void sim_agent_carry_out(struct sim *sim, struct sim_process *process,
                         const struct agent_effect *effect)
{
    struct sim_agent *agent = process->agent;
    switch (effect->kind) {
    case AGENT_DO_SEND_UP:
        if (sim->observer != NULL && effect->up->kind == MN_UP_ADOPTED &&
            effect->up->adopted.over) {
            observer_read(sim->observer, agent->host,
                          sim_vat_number(sim, &effect->up->adopted.vat));
        }
        sim_agent_send_up(sim, agent, effect->up);
        return;
    case AGENT_DO_SEND_COPIES:
        sim_agent_send_copies(sim, process, effect->copies.host, effect->copies.message);
        return;
    case AGENT_DO_SEND_VAT:
        send_vat(sim, effect);
        return;
    case AGENT_DO_RECALL:
        ask_recall(process, effect);
        break;
    case AGENT_DO_RECORD:
        ask_record(sim, process, effect);
        break;
    case AGENT_DO_SYNC:
    case AGENT_DO_LOOK:
    case AGENT_DO_READ_OVER:
        ask_file(process, file_job(effect->kind), effect);
        break;
    case AGENT_DO_SET_ASIDE:
        ask_set_aside(sim, process, effect);
        break;
    case AGENT_DO_DELETE:
        if (sim->observer != NULL) {
            observer_deletes(sim->observer, process->machine,
                             sim_vat_number(sim, &effect->file.vat), effect->file.epoch);
        }
        ask_file(process, SIM_JOB_DELETE, effect);
        break;
    case AGENT_DO_LIST_FOUND:
        ask_found(process, SIM_JOB_LIST_FOUND, effect);
        break;
    case AGENT_DO_TAKE_FOUND:
        ask_found(process, SIM_JOB_TAKE_FOUND, effect);
        break;
    case AGENT_DO_WRITE_PIECE:
        ask_piece(sim, process, SIM_JOB_WRITE, effect);
        break;
    case AGENT_DO_SEND_FILE:
        ask_piece(sim, process, SIM_JOB_READ, effect);
        break;
    case AGENT_DO_START_PROCESS:
        start_process(sim, process, effect);
        return;
    case AGENT_DO_RELEASE:
        release_process(sim, agent, effect);
        return;
    case AGENT_DO_ADOPT:
        adopt_process(sim, process, effect);
        return;
    case AGENT_DO_KILL:
        kill_process(sim, agent, effect);
        return;
    case AGENT_DO_PROBE:
        start_probe(sim, process, effect);
        return;
    case AGENT_DO_NOTE:
        sim_note_agent(sim, agent->host, effect->note);
        return;
    }
    sim_jobs_go_on(sim, process);
}
