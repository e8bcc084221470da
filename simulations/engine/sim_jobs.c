/* What an agent asks of its disk, done by one worker: records first, all that wait in one
 * transaction; everything else in its order. A full disk is tried again until it takes the records.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/sim_private.h"

enum {
    SIM_JOB_RETRY_MS = 500,
    SIM_UNSYNCED_SHARE = 10 /* what is not synced takes so much less */
};

/* What jobs of some kinds have besides, which is much, is set by who asks for one of these. */
struct sim_job *sim_job_new(enum sim_job_kind kind, const void *bytes, size_t size)
{
    struct sim_job *job = sim_take_unset(sizeof *job);
    memset(job, 0, offsetof(struct sim_job, key));
    job->kind = kind;
    job->size = size;
    if (size > 0) {
        job->bytes = bytes != NULL ? sim_copy(bytes, size) : sim_take_unset(size);
    }
    return job;
}

void sim_job_free(struct sim *sim, struct sim_job *job)
{
    sim_copy_arrives(sim, job->copy_of);
    free(job->bytes);
    free(job);
}

void sim_jobs_init(struct sim_jobs *jobs)
{
    jobs->first = NULL;
    jobs->last = &jobs->first;
}

void sim_jobs_add(struct sim_jobs *jobs, struct sim_job *job)
{
    job->next = NULL;
    *jobs->last = job;
    jobs->last = &job->next;
}

static struct sim_job *jobs_take(struct sim_jobs *jobs)
{
    struct sim_job *job = jobs->first;
    if (job != NULL) {
        jobs->first = job->next;
        jobs->last = jobs->first == NULL ? &jobs->first : jobs->last;
        job->next = NULL;
    }
    return job;
}

void sim_jobs_deinit(struct sim *sim, struct sim_jobs *jobs)
{
    struct sim_job *job = jobs_take(jobs);
    while (job != NULL) {
        sim_job_free(sim, job);
        job = jobs_take(jobs);
    }
}

void sim_jobs_go_on(struct sim *sim, struct sim_process *process)
{
    struct sim_agent *agent = process->agent;
    if (agent->at_hand.first != NULL) {
        return;
    }
    struct sim_job *job = jobs_take(&agent->records);
    while (job != NULL) {
        sim_jobs_add(&agent->at_hand, job);
        job = jobs_take(&agent->records);
    }
    if (agent->at_hand.first == NULL && agent->others.first != NULL) {
        sim_jobs_add(&agent->at_hand, jobs_take(&agent->others));
    }
    if (agent->at_hand.first != NULL) {
        agent->at_hand.first->began = sim->now;
        mn_time takes = sim_disk_time(sim, process->machine);
        enum sim_job_kind kind = agent->at_hand.first->kind;
        if (kind == SIM_JOB_LOOK || kind == SIM_JOB_RECALL || kind == SIM_JOB_READ ||
            kind == SIM_JOB_DELETE || kind == SIM_JOB_LIST_FOUND) {
            takes /= SIM_UNSYNCED_SHARE;
        }
        sim_at(sim, sim->now + takes, SIM_ON_DISK, process, 0, NULL);
    }
}

/* ---- doing ----------------------------------------------------------------------------------- */

static void job_record(struct sim *sim, uint32_t machine, const struct sim_job *job)
{
    struct sim_disk *disk = &sim->machines[machine].disk;
    if (job->forget) {
        sim_record_forget(disk, job->key);
    } else {
        sim_record_put(disk, job->key, job->bytes, job->size);
    }
}

static bool file_damaged(struct sim *sim, const struct sim_file *file)
{
    struct agent_file_facts facts;
    mn_result result =
        sim_checkpoint_facts(file->bytes->bytes, file->bytes->size, &sim->arena, &facts);
    mn_arena_clear(&sim->arena);
    return result != MN_OK;
}

/* Who syncs again reads back what was written, and sets aside what is damaged, as store.c does. */
static mn_result job_sync(struct sim *sim, uint32_t machine, const struct sim_job *job)
{
    const struct sim_machine *where = &sim->machines[machine];
    struct sim_store *store = sim_store(sim, machine, sim_vat_number(sim, &job->vat));
    struct sim_file *file = sim_file_find(store, job->epoch);
    if (file == NULL) {
        return MN_NOT_FOUND;
    }
    if (where->full > 0 && job->again) {
        return MN_NO_SPACE;
    }
    if (mn_random_below(&sim->disk_random, 100) < where->errors_percent) {
        return MN_IO;
    }
    if (job->again && file->unread) {
        return MN_IO;
    }
    if (job->again && file_damaged(sim, file)) {
        sim_file_remove(sim, machine, store, job->epoch, OBSERVER_COPY_LOST);
        return MN_CORRUPT;
    }
    file->synced = true;
    sim_file_tell(sim, machine, store, file);
    return MN_OK;
}

/* The bytes of a part that is whole: those of the vat's own file where they are the same, for most
 * checkpoints are on several disks. */
static struct sim_bytes *part_bytes(struct sim *sim, uint32_t vat, const struct sim_part *part)
{
    const struct sim_process *owner = sim->vat_processes[vat];
    const struct sim_file *file =
        owner != NULL ? sim_file_find(sim_store(sim, owner->machine, vat), part->epoch) : NULL;
    if (file == NULL || file->bytes->size != part->size ||
        memcmp(file->bytes->bytes, part->bytes, part->size) != 0) {
        return sim_bytes_new(part->bytes, part->size);
    }
    file->bytes->references += 1;
    return file->bytes;
}

static mn_result job_write(struct sim *sim, uint32_t machine, const struct sim_job *job,
                           bool *whole, struct agent_file_facts *facts)
{
    const struct mn_copies *piece = &job->piece;
    struct sim_store *store = sim_store(sim, machine, sim_vat_number(sim, &job->vat));
    mn_epoch epoch = job->epoch;
    mn_result result = MN_OK;
    struct sim_part *part = sim_part(store, epoch);
    if (piece->piece.offset == 0) {
        free(part->bytes);
        part->size = (size_t)piece->piece.size;
        part->bytes = sim_take_unset(part->size);
        part->received = 0;
    }
    if (sim->machines[machine].full > 0) {
        result = MN_NO_SPACE;
    } else if (part->received != piece->piece.offset || part->size != piece->piece.size ||
               job->size > part->size - part->received) {
        result = MN_CORRUPT;
    } else if (mn_random_below(&sim->disk_random, 100) < sim->machines[machine].errors_percent) {
        result = MN_IO;
    }
    if (result != MN_OK) {
        sim_part_remove(store, epoch);
        return result;
    }
    memcpy(part->bytes + part->received, job->bytes, job->size);
    part->received += job->size;
    if (part->received < part->size) {
        return MN_OK;
    }
    result = sim_checkpoint_facts(part->bytes, part->size, &sim->arena, facts);
    if (result == MN_OK &&
        memcmp(&facts->digest, &piece->piece.digest, sizeof facts->digest) != 0) {
        result = MN_CORRUPT;
    }
    if (result == MN_OK) {
        struct sim_file *file = sim_file_add(store, epoch, part_bytes(sim, store->vat, part));
        file->onto = facts->record.onto;
        file->synced = true;
        sim_file_tell(sim, machine, store, file);
        *whole = true;
    }
    sim_part_remove(store, epoch);
    return result;
}

/* What was asked for is the file's own bytes, until it is said. */
static mn_result job_read(struct sim *sim, uint32_t machine, struct sim_job *job)
{
    struct sim_store *store = sim_store(sim, machine, sim_vat_number(sim, &job->vat));
    const struct sim_file *file = sim_file_find(store, job->epoch);
    uint64_t offset = job->piece.piece.offset;
    if (file == NULL) {
        return MN_NOT_FOUND;
    }
    if (offset > file->bytes->size) {
        return MN_CORRUPT;
    }
    if (file->unread) {
        return MN_IO;
    }
    size_t size = file->bytes->size - (size_t)offset;
    job->piece.piece.bytes = file->bytes->bytes + offset;
    job->piece.piece.byte_count =
        size < MN_PIECE_SIZE_MAX ? (uint32_t)size : (uint32_t)MN_PIECE_SIZE_MAX;
    return MN_OK;
}

static void job_delete(struct sim *sim, uint32_t machine, const struct sim_job *job)
{
    struct sim_store *store = sim_store(sim, machine, sim_vat_number(sim, &job->vat));
    sim_part_remove(store, job->epoch);
    const struct sim_process *owner = sim_vat_process(sim, store->vat);
    if (owner != NULL && owner->machine != machine && sim_file_find(store, job->epoch) != NULL) {
        sim_count(sim, SIM_SOMETIMES_DROPPED);
    }
    sim_file_remove(sim, machine, store, job->epoch, OBSERVER_COPY_DELETED);
}

/* ---- done ------------------------------------------------------------------------------------ */

static void done_sync(struct sim *sim, struct sim_process *process, const struct sim_job *job)
{
    struct agent_event event = {.kind = AGENT_ON_SYNCED};
    event.synced.vat = job->vat;
    event.synced.epoch = job->epoch;
    event.synced.result = job_sync(sim, process->machine, job);
    event.synced.took_ms = (uint32_t)((sim->now - job->began) / MN_MS);
    sim_agent_step(sim, process, &event);
}

/* By size and the digest at the end, as store_scan.c does. */
static bool look_same(const struct sim_file *file, const struct sim_job *job)
{
    struct mn_checkpoint_identity known;
    size_t size = file->bytes->size;
    memcpy(&known, job->bytes, sizeof known);
    return size == known.size && size >= sizeof known.digest &&
           memcmp(file->bytes->bytes + size - sizeof known.digest, &known.digest,
                  sizeof known.digest) == 0;
}

static void done_look(struct sim *sim, struct sim_process *process, const struct sim_job *job)
{
    struct sim_store *store = sim_store(sim, process->machine, sim_vat_number(sim, &job->vat));
    const struct sim_file *file = sim_file_find(store, job->epoch);
    struct agent_event event = {.kind = AGENT_ON_LOOKED};
    event.looked.vat = job->vat;
    event.looked.epoch = job->epoch;
    event.looked.result = file != NULL ? MN_OK : MN_NOT_FOUND;
    if (file != NULL && file->unread) {
        event.looked.result = MN_IO;
    } else if (file != NULL && !look_same(file, job)) {
        sim_file_remove(sim, process->machine, store, job->epoch, OBSERVER_COPY_LOST);
        event.looked.result = MN_CORRUPT;
    }
    sim_agent_step(sim, process, &event);
}

/* It is as it was; what it holds is in the arena. */
static void over_whole(struct sim *sim, const struct sim_process *process,
                       const struct sim_job *job, struct sim_file *file,
                       struct agent_file_facts *facts)
{
    mn_result result =
        sim_checkpoint_facts(file->bytes->bytes, file->bytes->size, &sim->arena, facts);
    mn_assert(result == MN_OK);
    if (file->synced) {
        struct sim_store *store = sim_store(sim, process->machine, sim_vat_number(sim, &job->vat));
        sim_file_tell(sim, process->machine, store, file);
    }
    if (job->again) {
        sim_count(sim, SIM_SOMETIMES_READ_AGAIN);
    }
}

static void done_read_over(struct sim *sim, struct sim_process *process, const struct sim_job *job)
{
    struct sim_store *store = sim_store(sim, process->machine, sim_vat_number(sim, &job->vat));
    struct sim_file *file = sim_file_find(store, job->epoch);
    struct agent_file_facts facts;
    struct agent_event event = {.kind = AGENT_ON_READ_OVER};
    event.read_over.vat = job->vat;
    event.read_over.epoch = job->epoch;
    event.read_over.result = file != NULL ? MN_OK : MN_NOT_FOUND;
    event.read_over.again = job->again;
    if (file != NULL && file->unread) {
        sim_count(sim, SIM_SOMETIMES_UNREAD);
        event.read_over.result = MN_IO;
    } else if (file != NULL && file_damaged(sim, file)) {
        sim_file_remove(sim, process->machine, store, job->epoch, OBSERVER_COPY_LOST);
        event.read_over.result = MN_CORRUPT;
    } else if (file != NULL) {
        over_whole(sim, process, job, file, &facts);
        event.read_over.facts = &facts;
    }
    if (event.read_over.result == MN_CORRUPT || event.read_over.result == MN_NOT_FOUND) {
        sim_count(sim, SIM_SOMETIMES_WENT_BAD);
    }
    sim_agent_step(sim, process, &event);
    mn_arena_clear(&sim->arena);
}

/* Files change places. What is set aside must be readable by itself: whatever a file applies onto
 * goes with it, unless a fault took that or makes it unreadable. */
static void job_set_aside(struct sim *sim, uint32_t machine, const struct sim_job *job)
{
    struct sim_store *store = sim_store(sim, machine, sim_vat_number(sim, &job->vat));
    const mn_epoch *epochs = (const mn_epoch *)(const void *)job->bytes;
    size_t count = job->size / sizeof *epochs;
    for (size_t i = 0; i < count; i++) {
        const struct sim_file *file = sim_file_find(store, epochs[i]);
        mn_epoch onto = file != NULL ? file->onto : 0;
        const struct sim_file *base = onto != 0 ? sim_file_find(store, onto) : NULL;
        bool there = base == NULL || base->unread;
        for (size_t k = 0; k < count && !there; k++) {
            there = epochs[k] == onto;
        }
        if (!there) {
            sim_fail(sim, "aside", "a file of %s is set aside without what it applies onto",
                     job->vat.text);
        }
    }
    for (size_t i = 0; i < count; i++) {
        sim_file_aside(sim, machine, store, epochs[i], i < job->moved_count);
    }
    sim_count(sim, SIM_SOMETIMES_SET_ASIDE);
}

static void done_set_aside(struct sim *sim, struct sim_process *process, const struct sim_job *job)
{
    struct agent_event event = {.kind = AGENT_ON_SET_ASIDE};
    event.aside.vat = job->vat;
    event.aside.run = job->run;
    event.aside.result = MN_OK;
    if (sim->machines[process->machine].full > 0) {
        event.aside.result = MN_NO_SPACE;
    } else if (mn_random_below(&sim->disk_random, 100) <
               sim->machines[process->machine].errors_percent) {
        event.aside.result = MN_IO;
    } else {
        job_set_aside(sim, process->machine, job);
    }
    sim_agent_step(sim, process, &event);
}

static void done_write(struct sim *sim, struct sim_process *process, const struct sim_job *job)
{
    bool whole = false;
    struct agent_file_facts facts;
    memset(&facts, 0, sizeof facts);
    struct agent_event event = {.kind = AGENT_ON_PIECE_WRITTEN};
    event.piece.vat = job->vat;
    event.piece.epoch = job->epoch;
    event.piece.result = job_write(sim, process->machine, job, &whole, &facts);
    event.piece.offset = job->piece.piece.offset;
    event.piece.byte_count = (uint32_t)job->size;
    event.piece.facts = whole ? &facts : NULL;
    sim_agent_step(sim, process, &event);
}

static void done_read(struct sim *sim, struct sim_process *process, struct sim_job *job)
{
    struct agent_event event = {.kind = AGENT_ON_FILE_READ};
    event.read.host = job->host;
    event.read.vat = job->vat;
    event.read.epoch = job->epoch;
    event.read.result = job_read(sim, process->machine, job);
    if (event.read.result == MN_OK) {
        sim_agent_send_copies(sim, process, job->host, &job->piece);
    }
    sim_agent_step(sim, process, &event);
}

static void done_recall(struct sim *sim, struct sim_process *process, struct sim_job *job)
{
    const struct sim_disk *disk = &sim->machines[process->machine].disk;
    struct mn_kept *records = sim_take(AGENT_RECALL_COUNT_MAX, sizeof *records);
    struct mn_agent_record record = {.kind = MN_AGENT_KEPT};
    char key[AGENT_RECORD_KEY_SIZE];
    bool fits = true;
    record.kept.sequence = job->up.recalled.sequence;
    record.kept.offset = job->up.recalled.offset;
    agent_record_key(&record, key);
    for (size_t i = 0; fits; i++) {
        const struct sim_record *from = sim_record_from(disk, key, i);
        fits = from != NULL &&
               mn_agent_record_decode(from->bytes, from->size, &sim->arena, &record) == MN_OK &&
               record.kind == MN_AGENT_KEPT && agent_recall_add(&job->up, records, &record.kept);
    }
    if (job->up.recalled.record_count > 0) {
        sim_agent_send_up(sim, process->agent, &job->up);
    }
    free(records);
    mn_arena_clear(&sim->arena);
}

static void job_done(struct sim *sim, struct sim_process *process, struct sim_job *job)
{
    switch (job->kind) {
    case SIM_JOB_RECORD: {
        struct agent_event event = {.kind = AGENT_ON_RECORDED};
        event.recorded.sequence = job->sequence;
        sim_agent_step(sim, process, &event);
        return;
    }
    case SIM_JOB_SYNC:
        done_sync(sim, process, job);
        return;
    case SIM_JOB_LOOK:
        done_look(sim, process, job);
        return;
    case SIM_JOB_READ_OVER:
        done_read_over(sim, process, job);
        return;
    case SIM_JOB_SET_ASIDE:
        done_set_aside(sim, process, job);
        return;
    case SIM_JOB_WRITE:
        done_write(sim, process, job);
        return;
    case SIM_JOB_READ:
        done_read(sim, process, job);
        return;
    case SIM_JOB_RECALL:
        done_recall(sim, process, job);
        return;
    case SIM_JOB_DELETE:
        job_delete(sim, process->machine, job);
        return;
    case SIM_JOB_LIST_FOUND:
        sim_found_listed(sim, process, job);
        return;
    case SIM_JOB_TAKE_FOUND:
        sim_found_taken(sim, process, job);
        return;
    }
}

void sim_jobs_done(struct sim *sim, struct sim_process *process)
{
    struct sim_agent *agent = process->agent;
    const struct sim_job *first = agent->at_hand.first;
    if (first != NULL && first->kind == SIM_JOB_RECORD) {
        if (sim->machines[process->machine].full > 0) {
            sim_at(sim, sim->now + SIM_JOB_RETRY_MS * MN_MS, SIM_ON_DISK, process, 0, NULL);
            return;
        }
        for (const struct sim_job *job = first; job != NULL; job = job->next) {
            job_record(sim, process->machine, job);
        }
    }
    struct sim_jobs done = agent->at_hand;
    sim_jobs_init(&agent->at_hand);
    while (done.first != NULL) {
        struct sim_job *job = done.first;
        done.first = job->next;
        if (!process->dying) {
            job_done(sim, process, job);
        }
        sim_job_free(sim, job);
    }
    sim_jobs_go_on(sim, process);
}

void sim_jobs_abandon(struct sim *sim, struct sim_process *process)
{
    struct sim_agent *agent = process->agent;
    bool full = sim->machines[process->machine].full > 0;
    bool done = mn_random_below(&sim->disk_random, 2) == 0 && !full;
    for (const struct sim_job *job = agent->at_hand.first; done && job != NULL; job = job->next) {
        if (job->kind == SIM_JOB_RECORD) {
            job_record(sim, process->machine, job);
        } else if (job->kind == SIM_JOB_DELETE) {
            job_delete(sim, process->machine, job);
        } else if (job->kind == SIM_JOB_SET_ASIDE) {
            job_set_aside(sim, process->machine, job);
        } else if (job->kind == SIM_JOB_SYNC) {
            (void)job_sync(sim, process->machine, job);
        } else if (job->kind == SIM_JOB_TAKE_FOUND) {
            struct agent_file_facts facts;
            enum mn_passed_why why = MN_PASSED_UNREADABLE;
            (void)sim_found_take(sim, process->machine, job, &facts, &why);
        }
    }
    sim_jobs_deinit(sim, &agent->at_hand);
    sim_jobs_deinit(sim, &agent->records);
    sim_jobs_deinit(sim, &agent->others);
}
