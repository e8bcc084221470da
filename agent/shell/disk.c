/* The disk worker. */
#include "disk.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "net/net.h"
#include "net/worker.h"

enum { DISK_COMPLAIN_SECONDS = 60, DISK_BATCH_COUNT = 1024 };

struct job_queue {
    struct agent_job *first;
    struct agent_job *last;
    size_t count;
};

struct agent_disk {
    struct agent_ledger *ledger;
    const struct agent_store *store;
    agent_disk_complain *complain;
    struct mn_worker worker;

    struct job_queue records; /* what follows is under the worker's lock */
    struct job_queue others;
    struct job_queue done;

    /* The worker's alone. */
    size_t syncing_count; /* of the others, those that have begun to sync a file in parts */
    mn_time complained_at;
    bool failing;
    mn_time retry_at;
};

struct agent_job *agent_job_new(enum agent_job_kind kind, size_t size)
{
    struct agent_job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        return NULL;
    }
    job->bytes = malloc(size > 0 ? size : 1);
    if (job->bytes == NULL) {
        free(job);
        return NULL;
    }
    job->kind = kind;
    job->size = size;
    return job;
}

void agent_job_destroy(struct agent_job *job)
{
    if (job != NULL) {
        mn_checkpoint_close(&job->reading);
        agent_store_syncing_deinit(&job->syncing);
        mn_arena_deinit(&job->arena);
        free(job->bytes);
        free(job->epochs);
        free(job);
    }
}

static void queue_add(struct job_queue *queue, struct agent_job *job)
{
    job->next = NULL;
    if (queue->last == NULL) {
        queue->first = job;
    } else {
        queue->last->next = job;
    }
    queue->last = job;
    queue->count += 1;
}

static struct agent_job *queue_take(struct job_queue *queue)
{
    struct agent_job *job = queue->first;
    if (job != NULL) {
        queue->first = job->next;
        queue->last = queue->first == NULL ? NULL : queue->last;
        queue->count -= 1;
        job->next = NULL;
    }
    return job;
}

static void queue_destroy(struct job_queue *queue)
{
    for (struct agent_job *job = queue_take(queue); job != NULL; job = queue_take(queue)) {
        agent_job_destroy(job);
    }
}

/* Make all records of a list durable in one transaction. */
static mn_result disk_write_records(struct agent_disk *disk, const struct agent_job *first,
                                    struct mn_error *error)
{
    mn_result result = agent_ledger_begin(disk->ledger, error);
    for (const struct agent_job *job = first; job != NULL && result == MN_OK; job = job->next) {
        result = job->forget
                     ? agent_ledger_forget(disk->ledger, job->key, error)
                     : agent_ledger_put(disk->ledger, job->key, job->bytes, job->size, error);
    }
    return result == MN_OK ? agent_ledger_commit(disk->ledger, error) : result;
}

static void disk_complain(struct agent_disk *disk, const struct mn_error *error)
{
    mn_time now = mn_now();
    if (!disk->failing || now - disk->complained_at >= DISK_COMPLAIN_SECONDS * MN_SECOND) {
        disk->complained_at = now;
        disk->complain(error->text);
    }
    disk->failing = true;
    disk->retry_at = now + AGENT_DISK_RETRY_MS * MN_MS;
}

/* Write what waits in the queue of records, which is left as it is when that fails. Called with the
 * mutex held, which is let go meanwhile: only this thread takes from the queue. */
static void disk_do_records(struct agent_disk *disk)
{
    struct job_queue batch = {NULL, NULL, 0};
    while (disk->records.first != NULL && batch.count < DISK_BATCH_COUNT) {
        queue_add(&batch, queue_take(&disk->records));
    }
    mn_worker_unlock(&disk->worker);
    struct mn_error error = {{0}};
    mn_result result = disk_write_records(disk, batch.first, &error);
    if (result != MN_OK) {
        disk_complain(disk, &error);
    } else {
        disk->failing = false;
    }
    mn_worker_lock(&disk->worker);
    if (result != MN_OK) { /* back to the front */
        batch.last->next = disk->records.first;
        disk->records.last = disk->records.last == NULL ? batch.last : disk->records.last;
        disk->records.first = batch.first;
        disk->records.count += batch.count;
        return;
    }
    for (struct agent_job *job = queue_take(&batch); job != NULL; job = queue_take(&batch)) {
        queue_add(&disk->done, job);
    }
    mn_worker_announce(&disk->worker);
}

static mn_result disk_set_aside(const struct agent_disk *disk, struct agent_job *job)
{
    const mn_epoch *epochs = (const mn_epoch *)(const void *)job->bytes;
    uint32_t count = (uint32_t)(job->size / sizeof *epochs);
    return agent_store_set_aside(disk->store, &job->vat, job->run, epochs, job->moved_count,
                                 epochs + job->moved_count, count - job->moved_count, &job->error);
}

/* Nothing more fits into the answer. */
#define DISK_RECALL_FULL MN_AGAIN

struct disk_recall {
    struct agent_job *job;
    struct mn_kept *records;
};

static mn_result disk_recall_one(void *context, const char *key, const void *bytes, size_t size)
{
    const struct disk_recall *recall = context;
    struct mn_agent_record record;
    (void)key;
    mn_result result = mn_agent_record_decode(bytes, size, &recall->job->arena, &record);
    if (result == MN_OK && (record.kind != MN_AGENT_KEPT ||
                            !agent_recall_add(&recall->job->up, recall->records, &record.kept))) {
        result = DISK_RECALL_FULL;
    }
    return result;
}

/* What is durable of the journal from a record on, as much as one answer may hold. */
static mn_result disk_recall(const struct agent_disk *disk, struct agent_job *job)
{
    struct disk_recall recall = {.job = job};
    struct mn_agent_record from = {.kind = MN_AGENT_KEPT};
    recall.records =
        mn_arena_take_array(&job->arena, AGENT_RECALL_COUNT_MAX, sizeof *recall.records);
    if (recall.records == NULL) {
        return MN_NO_MEMORY;
    }
    from.kept.sequence = job->up.recalled.sequence;
    from.kept.offset = job->up.recalled.offset;
    agent_record_key(&from, job->key);
    mn_result result =
        agent_ledger_read_from(disk->ledger, job->key, disk_recall_one, &recall, &job->error);
    return result == DISK_RECALL_FULL ? MN_OK : result;
}

static void disk_do(const struct agent_disk *disk, struct agent_job *job)
{
    mn_time began = mn_now();
    switch (job->kind) {
    case AGENT_JOB_RECORD:
        mn_assert(job->kind != AGENT_JOB_RECORD);
        break;
    case AGENT_JOB_SYNC:
        job->result = agent_store_sync(disk->store, &job->vat, job->epoch, job->again,
                                       &job->syncing, &job->whole, &job->error);
        break;
    case AGENT_JOB_LOOK:
        job->result =
            agent_store_look(disk->store, &job->vat, job->epoch, &job->known, &job->error);
        break;
    case AGENT_JOB_READ_OVER:
        job->result = agent_store_read_over(disk->store, &job->vat, job->epoch, &job->reading,
                                            &job->arena, &job->facts, &job->error);
        break;
    case AGENT_JOB_SET_ASIDE:
        job->result = disk_set_aside(disk, job);
        break;
    case AGENT_JOB_WRITE:
        job->result = agent_store_write(disk->store, &job->piece, &job->reading, &job->arena,
                                        &job->facts, &job->whole, &job->error);
        break;
    case AGENT_JOB_READ:
        job->result = agent_store_read(disk->store, &job->vat, job->epoch, job->piece.piece.offset,
                                       job->bytes, job->size, &job->size, &job->error);
        break;
    case AGENT_JOB_RECALL:
        job->result = disk_recall(disk, job);
        break;
    case AGENT_JOB_DELETE:
        job->result = agent_store_delete(disk->store, &job->vat, job->epoch, &job->error);
        break;
    case AGENT_JOB_LIST_FOUND:
        job->result = agent_store_list_found((const char *)job->bytes, &job->vat, &job->epochs,
                                             &job->epoch_count, &job->error);
        break;
    case AGENT_JOB_TAKE_FOUND:
        job->result = agent_store_take_found(disk->store, (const char *)job->bytes, &job->vat,
                                             job->epoch, &job->offset, &job->reading, &job->arena,
                                             &job->facts, &job->whole, &job->why, &job->error);
        break;
    }
    job->took_us += (uint64_t)(mn_now() - began) / 1000;
}

/* Whether a part of the job is left, for which it takes its turn again. */
static bool disk_goes_on(const struct agent_job *job)
{
    bool parts = job->kind == AGENT_JOB_TAKE_FOUND || job->kind == AGENT_JOB_SYNC;
    return (parts && job->result == MN_OK && !job->whole) || job->reading != NULL;
}

/* Whether the job has to wait for one that has been begun and syncs a file of the same vat in
 * parts: until that is done, no other may touch these files. Called with the mutex held. */
static bool disk_waits(const struct agent_disk *disk, const struct agent_job *job)
{
    if (disk->syncing_count == 0 || job->begun) {
        return false;
    }
    const struct agent_job *other = disk->others.first;
    while (other != NULL && (!other->begun || !mn_name_equal(&other->vat, &job->vat))) {
        other = other->next;
    }
    return other != NULL;
}

/* The job was done, or a part of it. Called with the mutex held. */
static void disk_count(struct agent_disk *disk, struct agent_job *job, bool goes_on)
{
    bool begun = goes_on && job->kind == AGENT_JOB_SYNC;
    disk->syncing_count += (begun ? 1U : 0U) - (job->begun ? 1U : 0U);
    job->begun = begun;
}

static bool disk_records_due(const struct agent_disk *disk)
{
    return disk->records.first != NULL && (!disk->failing || mn_now() >= disk->retry_at);
}

static void *disk_main(void *context)
{
    struct agent_disk *disk = context;
    mn_worker_lock(&disk->worker);
    while (!disk->worker.stop) {
        if (disk_records_due(disk)) {
            disk_do_records(disk);
            continue;
        }
        struct agent_job *job = queue_take(&disk->others);
        if (job != NULL && disk_waits(disk, job)) {
            queue_add(&disk->others, job);
        } else if (job != NULL) {
            mn_worker_unlock(&disk->worker);
            disk_do(disk, job);
            mn_worker_lock(&disk->worker);
            bool goes_on = disk_goes_on(job);
            disk_count(disk, job, goes_on);
            if (goes_on) {
                queue_add(&disk->others, job);
                continue;
            }
            queue_add(&disk->done, job);
            mn_worker_announce(&disk->worker);
        } else if (disk->records.first != NULL) {
            mn_time left = disk->retry_at - mn_now();
            (void)mn_worker_wait(&disk->worker, left > 0 ? left / MN_MS + 1 : 0);
        } else {
            (void)mn_worker_wait(&disk->worker, -1);
        }
    }
    mn_worker_unlock(&disk->worker);
    return NULL;
}

mn_result agent_disk_start(struct agent_disk **out, struct agent_ledger *ledger,
                           const struct agent_store *store, agent_disk_complain *complain,
                           struct mn_error *error)
{
    struct agent_disk *disk = calloc(1, sizeof *disk);
    if (disk == NULL) {
        return MN_NO_MEMORY;
    }
    disk->ledger = ledger;
    disk->store = store;
    disk->complain = complain;
    mn_result result = mn_worker_start(&disk->worker, disk_main, disk, "uses the disk", error);
    if (result != MN_OK) {
        free(disk);
        return result;
    }
    *out = disk;
    return MN_OK;
}

int agent_disk_fd(const struct agent_disk *disk)
{
    return disk->worker.fd;
}

bool agent_disk_give(struct agent_disk *disk, struct agent_job *job)
{
    mn_worker_lock(&disk->worker);
    bool bounded = job->kind == AGENT_JOB_READ || job->kind == AGENT_JOB_WRITE ||
                   job->kind == AGENT_JOB_RECALL;
    bool room = !bounded || disk->others.count < AGENT_DISK_JOB_COUNT_MAX;
    if (room) {
        queue_add(job->kind == AGENT_JOB_RECORD ? &disk->records : &disk->others, job);
        mn_worker_wake(&disk->worker);
    }
    mn_worker_unlock(&disk->worker);
    return room;
}

struct agent_job *agent_disk_done(struct agent_disk *disk)
{
    mn_worker_hear(&disk->worker);
    mn_worker_lock(&disk->worker);
    struct agent_job *first = disk->done.first;
    disk->done = (struct job_queue){NULL, NULL, 0};
    mn_worker_unlock(&disk->worker);
    return first;
}

bool agent_disk_stop(struct agent_disk **out, int bound_ms)
{
    struct agent_disk *disk = *out;
    if (disk == NULL) {
        return true;
    }
    if (!mn_worker_stop(&disk->worker, bound_ms)) {
        return false;
    }
    queue_destroy(&disk->records);
    queue_destroy(&disk->others);
    queue_destroy(&disk->done);
    free(disk);
    *out = NULL;
    return true;
}
