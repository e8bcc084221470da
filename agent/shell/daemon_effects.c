/* Effects out: each becomes a message, a job for the disk worker, a process or a line of the log.
 * Nothing here decides anything. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon_private.h"

struct daemon_followup *agent_daemon_follow(struct daemon *daemon, enum agent_event_kind kind,
                                            const struct mn_name *vat)
{
    struct daemon_followup *followup = calloc(1, sizeof *followup);
    if (followup == NULL) {
        agent_daemon_fail(daemon, MN_NO_MEMORY, "out of memory");
        return NULL;
    }
    followup->kind = kind;
    followup->vat = *vat;
    if (daemon->followup_last == NULL) {
        daemon->followup_first = followup;
    } else {
        daemon->followup_last->next = followup;
    }
    daemon->followup_last = followup;
    return followup;
}

static void effects_send_copies(struct daemon *daemon, uint32_t host,
                                const struct mn_copies *message)
{
    const struct topology_host *to = &daemon->topology->hosts[host];
    struct agent_outlet *outlet = &daemon->hosts[host];
    if (outlet->socket == NULL) {
        struct mn_error error = {{0}};
        mn_time age_max = daemon->topology->timing.copy_ms * MN_MS;
        mn_result opened = agent_outlet_open(outlet, daemon->net, to->agent, to->key, age_max,
                                             agent_daemon_from_outlet, daemon, &error);
        if (opened != MN_OK) {
            char quoted[MN_ERROR_TEXT_SIZE_MAX];
            mn_log(MN_LOG_ERROR, "host_not_connected", "host=%s text=%s", to->name,
                   mn_log_quote(quoted, sizeof quoted, error.text));
            return;
        }
    }
    daemon->buffer.size = 0;
    mn_result result = mn_copies_encode(message, &daemon->buffer);
    if (result == MN_OK) {
        result = agent_outlet_send(outlet, daemon->buffer.bytes, daemon->buffer.size, mn_now());
    }
    if (result != MN_OK) {
        agent_daemon_unsent(daemon, to->name, result);
    }
}

static void effect_send_vat(struct daemon *daemon, const struct agent_effect *effect)
{
    struct mn_peer peer;
    struct mn_to_vat message = *effect->vat.message;
    memcpy(&peer, &effect->vat.connection, sizeof peer);
    if (message.kind == MN_TO_VAT_LEASE) {
        message.lease.until = mn_time_to_boot(message.lease.until);
    }
    daemon->buffer.size = 0;
    mn_result result = mn_to_vat_encode(&message, &daemon->buffer);
    if (result == MN_OK) {
        result = mn_send(daemon->vats, &peer, daemon->buffer.bytes, daemon->buffer.size, NULL, 0);
    }
    if (result != MN_OK && result != MN_NOT_FOUND) { /* one that is gone is heard of otherwise */
        agent_daemon_unsent(daemon, "vat", result);
    }
    if (result == MN_AGAIN) {
        static const struct mn_name nobody = {{0}};
        struct daemon_followup *followup = agent_daemon_follow(daemon, AGENT_ON_UNSENT, &nobody);
        if (followup != NULL) {
            followup->connection = effect->vat.connection;
        }
    }
}

static struct agent_job *effects_job(struct daemon *daemon, enum agent_job_kind kind, size_t size)
{
    struct agent_job *job = agent_job_new(kind, size);
    if (job == NULL) {
        agent_daemon_fail(daemon, MN_NO_MEMORY, "out of memory");
    }
    return job;
}

/* Jobs that are never refused. */
static void effects_give(struct daemon *daemon, struct agent_job *job)
{
    if (!agent_disk_give(daemon->disk, job)) {
        agent_job_destroy(job);
        agent_daemon_fail(daemon, MN_FULL, "the disk worker refused a job");
    }
}

static void effect_record(struct daemon *daemon, const struct agent_effect *effect)
{
    daemon->buffer.size = 0;
    mn_result result = effect->record.forget
                           ? MN_OK
                           : mn_agent_record_encode(effect->record.record, &daemon->buffer);
    if (result != MN_OK) {
        agent_daemon_fail(daemon, result, "a record cannot be written down");
        return;
    }
    struct agent_job *job = effects_job(daemon, AGENT_JOB_RECORD, daemon->buffer.size);
    if (job == NULL) {
        return;
    }
    if (daemon->buffer.size > 0) {
        memcpy(job->bytes, daemon->buffer.bytes, daemon->buffer.size);
    }
    job->sequence = effect->record.sequence;
    job->forget = effect->record.forget;
    agent_record_key(effect->record.record, job->key);
    effects_give(daemon, job);
}

static void effect_file(struct daemon *daemon, enum agent_job_kind kind,
                        const struct agent_effect *effect)
{
    struct agent_job *job = effects_job(daemon, kind, 0);
    if (job != NULL) {
        job->vat = effect->file.vat;
        job->epoch = effect->file.epoch;
        job->again = effect->file.again;
        job->known = (struct mn_checkpoint_identity){.size = effect->file.size,
                                                     .digest = effect->file.digest};
        effects_give(daemon, job);
    }
}

static void effect_set_aside(struct daemon *daemon, const struct agent_effect *effect)
{
    size_t moved_size = effect->aside.moved_count * sizeof *effect->aside.moved;
    size_t linked_size = effect->aside.linked_count * sizeof *effect->aside.linked;
    struct agent_job *job = effects_job(daemon, AGENT_JOB_SET_ASIDE, moved_size + linked_size);
    if (job == NULL) {
        return;
    }
    memcpy(job->bytes, effect->aside.moved, moved_size);
    if (linked_size > 0) {
        memcpy(job->bytes + moved_size, effect->aside.linked, linked_size);
    }
    job->vat = effect->aside.vat;
    job->run = effect->aside.run;
    job->moved_count = effect->aside.moved_count;
    effects_give(daemon, job);
}

static void effect_found(struct daemon *daemon, enum agent_job_kind kind,
                         const struct agent_effect *effect)
{
    size_t size = strlen(effect->found.store) + 1;
    struct agent_job *job = effects_job(daemon, kind, size);
    if (job != NULL) {
        memcpy(job->bytes, effect->found.store, size);
        job->vat = effect->found.vat;
        job->epoch = effect->found.epoch;
        effects_give(daemon, job);
    }
}

static void effect_write_piece(struct daemon *daemon, const struct agent_effect *effect)
{
    const struct mn_copies *piece = effect->piece.piece;
    struct agent_job *job = effects_job(daemon, AGENT_JOB_WRITE, piece->piece.byte_count);
    if (job == NULL) {
        return;
    }
    memcpy(job->bytes, piece->piece.bytes, piece->piece.byte_count);
    job->vat = piece->vat;
    job->epoch = piece->piece.epoch;
    job->piece = *piece;
    job->piece.piece.bytes = job->bytes;
    if (agent_disk_give(daemon->disk, job)) {
        return;
    }
    agent_job_destroy(job);
    job = effects_job(daemon, AGENT_JOB_DELETE, 0); /* what came before it is of no use now */
    struct daemon_followup *followup =
        job != NULL ? agent_daemon_follow(daemon, AGENT_ON_PIECE_WRITTEN, &piece->vat) : NULL;
    if (followup == NULL) {
        agent_job_destroy(job);
        return;
    }
    job->vat = piece->vat;
    job->epoch = piece->piece.epoch;
    effects_give(daemon, job);
    followup->epoch = piece->piece.epoch;
    followup->offset = piece->piece.offset;
    followup->result = MN_FULL;
}

static void effect_send_file(struct daemon *daemon, const struct agent_effect *effect)
{
    struct agent_job *job = effects_job(daemon, AGENT_JOB_READ, MN_PIECE_SIZE_MAX);
    if (job == NULL) {
        return;
    }
    job->vat = effect->piece.piece->vat;
    job->epoch = effect->piece.piece->piece.epoch;
    job->host = effect->piece.host;
    job->piece = *effect->piece.piece;
    if (!agent_disk_give(daemon->disk, job)) {
        agent_job_destroy(job); /* asked for again when it does not come */
    }
}

static void effect_recall(struct daemon *daemon, const struct agent_effect *effect)
{
    struct agent_job *job = effects_job(daemon, AGENT_JOB_RECALL, 0);
    if (job == NULL) {
        return;
    }
    job->up = *effect->up;
    if (!agent_disk_give(daemon->disk, job)) {
        agent_job_destroy(job); /* asked for again when it does not come */
    }
}

static void effect_start(struct daemon *daemon, const struct agent_effect *effect)
{
    const struct mn_name *vat = &effect->process.vat;
    struct mn_error error = {{0}};
    uint32_t index = topology_find_vat(daemon->topology, vat->text);
    uint32_t pid = 0;
    uint64_t pid_started = 0;
    mn_result result = MN_NOT_FOUND;
    if (index == TOPOLOGY_NONE) {
        mn_error_set(&error, "%s is not in the topology of this agent", vat->text);
    } else {
        result = agent_store_prepare(&daemon->store, vat, &error);
    }
    if (result == MN_OK) {
        result =
            agent_process_start(daemon->processes, effect->process.start,
                                daemon->topology->vats[index].command, &pid, &pid_started, &error);
    }
    struct daemon_followup *followup = agent_daemon_follow(
        daemon, result == MN_OK ? AGENT_ON_STARTED : AGENT_ON_START_FAILED, vat);
    if (followup != NULL) {
        followup->pid = pid;
        followup->pid_started = pid_started;
        (void)snprintf(followup->reason, sizeof followup->reason, "%s",
                       error.text[0] != '\0' ? error.text : mn_result_text(result));
    }
}

static void effect_adopt(struct daemon *daemon, const struct agent_effect *effect)
{
    struct mn_error error = {{0}};
    mn_result result =
        agent_process_adopt(daemon->processes, &effect->process.vat, effect->process.pid,
                            effect->process.pid_started, &error);
    if (result != MN_OK && result != MN_NOT_FOUND) {
        agent_daemon_fail(daemon, result, error.text); /* it may live: the next agent looks again */
        return;
    }
    struct daemon_followup *followup = agent_daemon_follow(
        daemon, result == MN_OK ? AGENT_ON_ADOPTED : AGENT_ON_EXITED, &effect->process.vat);
    if (followup != NULL) {
        followup->pid = effect->process.pid;
        followup->pid_started = effect->process.pid_started;
        (void)snprintf(followup->reason, sizeof followup->reason, "%s", error.text);
    }
}

static void effect_probe(struct daemon *daemon, const struct agent_effect *effect)
{
    mn_result result = agent_probe_start(daemon->probes, effect->probe.probe, &effect->probe.host,
                                         effect->probe.endpoints, effect->probe.endpoint_count,
                                         mn_now() + effect->probe.bound_ms * MN_MS);
    if (result != MN_OK) {
        agent_daemon_fail(daemon, result, "a probe cannot be started");
    }
}

void agent_daemon_carry_out(struct daemon *daemon, const struct agent_effect *effect)
{
    switch (effect->kind) {
    case AGENT_DO_SEND_UP:
        agent_daemon_say_up(daemon, effect->up);
        return;
    case AGENT_DO_SEND_COPIES:
        effects_send_copies(daemon, effect->copies.host, effect->copies.message);
        return;
    case AGENT_DO_SEND_VAT:
        effect_send_vat(daemon, effect);
        return;
    case AGENT_DO_RECALL:
        effect_recall(daemon, effect);
        return;
    case AGENT_DO_RECORD:
        effect_record(daemon, effect);
        return;
    case AGENT_DO_SYNC:
        effect_file(daemon, AGENT_JOB_SYNC, effect);
        return;
    case AGENT_DO_LOOK:
        effect_file(daemon, AGENT_JOB_LOOK, effect);
        return;
    case AGENT_DO_READ_OVER:
        effect_file(daemon, AGENT_JOB_READ_OVER, effect);
        return;
    case AGENT_DO_DELETE:
        effect_file(daemon, AGENT_JOB_DELETE, effect);
        return;
    case AGENT_DO_SET_ASIDE:
        effect_set_aside(daemon, effect);
        return;
    case AGENT_DO_LIST_FOUND:
        effect_found(daemon, AGENT_JOB_LIST_FOUND, effect);
        return;
    case AGENT_DO_TAKE_FOUND:
        effect_found(daemon, AGENT_JOB_TAKE_FOUND, effect);
        return;
    case AGENT_DO_WRITE_PIECE:
        effect_write_piece(daemon, effect);
        return;
    case AGENT_DO_SEND_FILE:
        effect_send_file(daemon, effect);
        return;
    case AGENT_DO_START_PROCESS:
        effect_start(daemon, effect);
        return;
    case AGENT_DO_RELEASE:
        agent_process_release(daemon->processes, &effect->process.vat);
        return;
    case AGENT_DO_ADOPT:
        effect_adopt(daemon, effect);
        return;
    case AGENT_DO_KILL:
        agent_process_kill(daemon->processes, &effect->process.vat, effect->process.pid);
        return;
    case AGENT_DO_PROBE:
        effect_probe(daemon, effect);
        return;
    case AGENT_DO_NOTE:
        agent_log_note(effect->note);
        return;
    }
}

static void job_log(const struct agent_job *job, const char *what)
{
    if (job->result != MN_OK) {
        char quoted[MN_ERROR_TEXT_SIZE_MAX + 64];
        mn_log(MN_LOG_ERROR, what, "vat=%s epoch=%lld code=%s text=%s", job->vat.text,
               (long long)job->epoch, mn_result_name(job->result),
               mn_log_quote(quoted, sizeof quoted, job->error.text));
    }
}

static void job_done_read(struct daemon *daemon, struct agent_job *job)
{
    if (job->result == MN_OK) {
        job->piece.piece.bytes = job->bytes;
        job->piece.piece.byte_count = (uint32_t)job->size;
        effects_send_copies(daemon, job->host, &job->piece);
    }
    struct agent_event event = {.kind = AGENT_ON_FILE_READ};
    event.read.host = job->host;
    event.read.vat = job->vat;
    event.read.epoch = job->epoch;
    event.read.result = job->result;
    agent_daemon_step(daemon, &event);
}

static void job_done_write(struct daemon *daemon, const struct agent_job *job)
{
    struct agent_event event = {.kind = AGENT_ON_PIECE_WRITTEN};
    event.piece.vat = job->vat;
    event.piece.epoch = job->epoch;
    event.piece.result = job->result;
    event.piece.offset = job->piece.piece.offset;
    event.piece.byte_count = job->piece.piece.byte_count;
    event.piece.facts = job->result == MN_OK && job->whole ? &job->facts : NULL;
    agent_daemon_step(daemon, &event);
}

static void job_done_found(struct daemon *daemon, const struct agent_job *job)
{
    struct agent_event event = {.kind = AGENT_ON_FOUND_LISTED};
    if (job->kind == AGENT_JOB_LIST_FOUND) {
        event.listed.vat = job->vat;
        event.listed.result = job->result;
        event.listed.text = job->error.text;
        event.listed.epochs = job->epochs;
        event.listed.count = job->epoch_count;
    } else {
        event.kind = AGENT_ON_FOUND_TAKEN;
        event.taken.vat = job->vat;
        event.taken.epoch = job->epoch;
        event.taken.facts = job->result == MN_OK ? &job->facts : NULL;
        event.taken.why = job->why;
    }
    agent_daemon_step(daemon, &event);
}

static uint32_t job_took_ms(const struct agent_job *job)
{
    uint64_t took = job->took_us / 1000;
    return took < UINT32_MAX ? (uint32_t)took : UINT32_MAX;
}

static void job_done(struct daemon *daemon, struct agent_job *job)
{
    struct agent_event event = {.kind = AGENT_ON_SYNCED};
    switch (job->kind) {
    case AGENT_JOB_RECORD:
        event.kind = AGENT_ON_RECORDED;
        event.recorded.sequence = job->sequence;
        agent_daemon_step(daemon, &event);
        return;
    case AGENT_JOB_SYNC:
        job_log(job, "sync_failed");
        event.synced.vat = job->vat;
        event.synced.epoch = job->epoch;
        event.synced.result = job->result;
        event.synced.took_ms = job_took_ms(job);
        agent_daemon_step(daemon, &event);
        return;
    case AGENT_JOB_LOOK:
        job_log(job, "checkpoint_not_found");
        event.kind = AGENT_ON_LOOKED;
        event.looked.vat = job->vat;
        event.looked.epoch = job->epoch;
        event.looked.result = job->result;
        agent_daemon_step(daemon, &event);
        return;
    case AGENT_JOB_READ_OVER:
        job_log(job, "checkpoint_not_whole");
        event.kind = AGENT_ON_READ_OVER;
        event.read_over.vat = job->vat;
        event.read_over.epoch = job->epoch;
        event.read_over.result = job->result;
        event.read_over.again = job->again;
        if (job->result == MN_OK && job->facts.record.epoch == job->epoch) {
            event.read_over.facts = &job->facts;
        }
        agent_daemon_step(daemon, &event);
        return;
    case AGENT_JOB_RECALL:
        job_log(job, "journal_not_read");
        if (job->up.recalled.record_count > 0) { /* those before it could be read */
            agent_daemon_say_up(daemon, &job->up);
        }
        return;
    case AGENT_JOB_SET_ASIDE:
        job_log(job, "set_aside_failed");
        event.kind = AGENT_ON_SET_ASIDE;
        event.aside.vat = job->vat;
        event.aside.run = job->run;
        event.aside.result = job->result;
        agent_daemon_step(daemon, &event);
        return;
    case AGENT_JOB_WRITE:
        job_log(job, "copy_write_failed");
        job_done_write(daemon, job);
        return;
    case AGENT_JOB_READ:
        job_log(job, "copy_read_failed");
        job_done_read(daemon, job);
        return;
    case AGENT_JOB_DELETE:
        job_log(job, "delete_failed");
        return;
    case AGENT_JOB_LIST_FOUND:
    case AGENT_JOB_TAKE_FOUND:
        job_log(job, "found_disk_not_read");
        job_done_found(daemon, job);
        return;
    }
}

void agent_daemon_jobs_done(struct daemon *daemon)
{
    struct agent_job *job = agent_disk_done(daemon->disk);
    while (job != NULL) {
        struct agent_job *next = job->next;
        if (!daemon->stop) {
            job_done(daemon, job);
        }
        agent_job_destroy(job);
        job = next;
    }
}
