/* A shell that answers what the agent asks for as it may: late, in any order, with errors. */
#include "hostile_host.h"

#include <string.h>

#include "base/check.h"

static bool chance(struct hostile_host *host, uint64_t percent)
{
    return hostile_chance(&host->hostile, percent);
}

static uint32_t below(struct hostile_host *host, uint32_t bound)
{
    return (uint32_t)hostile_below(&host->hostile, bound);
}

struct host_task *host_task_add(struct hostile_host *host, enum agent_effect_kind kind)
{
    mn_assert(host->task_count < HOST_TASK_COUNT_MAX);
    struct host_task *task = &host->tasks[host->task_count++];
    *task = (struct host_task){.kind = kind};
    return task;
}

struct host_file *host_file_find(struct hostile_host *host, const struct mn_name *vat,
                                 mn_epoch epoch)
{
    for (size_t i = 0; i < host->file_count; i++) {
        if (host->files[i].epoch == epoch && mn_name_equal(&host->files[i].vat, vat)) {
            return &host->files[i];
        }
    }
    return NULL;
}

void host_file_drop(struct hostile_host *host, struct host_file *file)
{
    if (file != NULL) {
        *file = host->files[--host->file_count];
    }
}

void host_file_put(struct hostile_host *host, struct host_file file)
{
    struct host_file *same = host_file_find(host, &file.vat, file.epoch);
    if (same != NULL) {
        *same = file;
    } else if (host->file_count < HOST_FILE_COUNT_MAX) {
        host->files[host->file_count++] = file;
    }
}

bool host_file_facts(const struct host_file *file, struct agent_file_facts *facts)
{
    static const uint64_t handled[1] = {5};
    /* One for each vat and epoch, so that they stay as they are when they are read again. */
    static struct mn_name name;
    static struct mn_heard heard;
    static struct mn_known known;
    uint64_t mix =
        ((uint64_t)file->epoch * 2654435761u) ^ (file->size << 7) ^ file->digest.bytes[20];
    mn_run run = mn_epoch_run(file->epoch);
    name = hostile_name('x', (host_vat_index(&file->vat) + 1) % HOST_VAT_COUNT);
    heard = (struct mn_heard){.epoch = EPOCH(mix % 4, (mn_epoch)(1 + mix % 3))};
    known = (struct mn_known){.incarnation = 2 + (uint32_t)(mix % 3)};
    *facts = (struct agent_file_facts){.size = file->size, .digest = file->digest};
    facts->record = (struct mn_checkpoint_record){
        .vat = file->vat,
        .run = mix % 6 == 0 ? run + 1 : run,
        .incarnation = run > 0 ? 1 + (uint32_t)(mix % run) : 1,
        .epoch = file->epoch,
        .since = file->since,
        .onto = file->onto,
        .names = &name,
        .name_count = 1,
        .heard = &heard,
        .heard_count = 1,
        .heard_before = (uint32_t)(mix % 2),
        .known = &known,
        .known_count = mix % 4 == 0 ? 1 : 0,
        .round = mix % 11,
        .settled = mix % 9,
        .handled = handled,
        .handled_count = mix % 8 == 0 ? 1 : 0,
        .floor = mix % 5 == 0 && file->epoch > 3 ? file->epoch - 1 - (mn_epoch)(mix % 3) : 0,
        .written_at = mix % 3 == 0 ? (mn_time)(mix % 100000) * MN_MS : 0};
    struct mn_buffer bytes = {0};
    struct mn_arena arena;
    struct mn_checkpoint_record again;
    mn_arena_init(&arena, 0);
    bool fine = mn_checkpoint_record_encode(&facts->record, &bytes) == MN_OK &&
                mn_checkpoint_record_decode(bytes.bytes, bytes.size, &arena, &again) == MN_OK;
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&bytes);
    return fine;
}

void host_exited(struct hostile_host *host, struct host_process *process)
{
    struct agent_event event = {.kind = AGENT_ON_EXITED};
    process->alive = false;
    process->watched = false;
    event.process.vat = process->vat;
    event.process.pid = process->pid;
    event.process.reason = "exit 1";
    hostile_note(&host->hostile, "the end of %s's process %u", process->vat.text, process->pid);
    host_step(host, &event);
}

/* What of three is not fine is half of the time the file's fault. */
static mn_result any_trouble(struct hostile_host *host, uint64_t fine)
{
    return chance(host, fine) ? MN_OK : chance(host, 50) ? MN_CORRUPT : MN_IO;
}

static void answer_file(struct hostile_host *host, const struct host_task *task)
{
    struct agent_event event = {0};
    struct agent_file_facts facts;
    struct host_file *file = host_file_find(host, &task->vat, task->epoch);
    mn_result result = file == NULL ? MN_NOT_FOUND : MN_OK;
    if (task->kind == AGENT_DO_SYNC) {
        result = file == NULL ? MN_NOT_FOUND : any_trouble(host, 93);
        event.kind = AGENT_ON_SYNCED;
        event.synced.vat = task->vat;
        event.synced.epoch = task->epoch;
        event.synced.took_ms = below(host, 3000);
        event.synced.result = result;
    } else if (task->kind == AGENT_DO_LOOK) {
        bool same = file != NULL && file->size == task->size &&
                    memcmp(&file->digest, &task->digest, sizeof task->digest) == 0;
        result = file != NULL && !same ? MN_CORRUPT : result;
        event.kind = AGENT_ON_LOOKED;
        event.looked.vat = task->vat;
        event.looked.epoch = task->epoch;
        event.looked.result = result;
    } else {
        result = file != NULL && chance(host, 5) ? MN_CORRUPT : result;
        event.kind = AGENT_ON_READ_OVER;
        event.read_over.vat = task->vat;
        event.read_over.epoch = task->epoch;
        event.read_over.again = task->again;
        event.read_over.result = result;
        if (result == MN_OK && chance(host, 98) && host_file_facts(file, &facts)) {
            event.read_over.facts = &facts;
        }
    }
    if (result == MN_CORRUPT) {
        host_file_drop(host, file);
    }
    host_step(host, &event);
}

/* A whole file of which nobody knows what it holds before it is here. */
static bool file_arrives(struct hostile_host *host, const struct host_task *task,
                         struct agent_file_facts *facts)
{
    struct host_file file = {.vat = task->vat,
                             .epoch = task->epoch,
                             .size = task->size != 0 ? task->size : 1000,
                             .digest =
                                 task->size != 0 ? task->digest : host_digest(host, task->epoch)};
    mn_epoch epoch = host_any_epoch(host, host_vat_index(&task->vat));
    file.onto = chance(host, 50) ? 0 : chance(host, 50) ? task->epoch - 1 : epoch;
    file.onto = file.onto < task->epoch ? file.onto : 0;
    file.since = chance(host, 80) ? file.onto : epoch;
    file.since = file.since < task->epoch ? file.since : 0;
    if (!host_file_facts(&file, facts)) {
        host_file_drop(host, host_file_find(host, &file.vat, file.epoch));
        return false;
    }
    host_file_put(host, file);
    return true;
}

static void answer_piece(struct hostile_host *host, const struct host_task *task)
{
    struct agent_event event = {.kind = AGENT_ON_PIECE_WRITTEN};
    struct agent_file_facts facts;
    event.piece.vat = task->vat;
    event.piece.epoch = task->epoch;
    event.piece.offset = task->offset;
    event.piece.byte_count = task->count;
    event.piece.result = any_trouble(host, 94);
    if (event.piece.result == MN_OK && task->offset + task->count >= task->size) {
        bool here = file_arrives(host, task, &facts);
        event.piece.result = here ? MN_OK : MN_CORRUPT;
        event.piece.facts = here ? &facts : NULL;
    }
    host_step(host, &event);
}

static void answer_read(struct hostile_host *host, const struct host_task *task)
{
    struct agent_event event = {.kind = AGENT_ON_FILE_READ};
    event.read.host = task->host;
    event.read.vat = task->vat;
    event.read.epoch = task->epoch;
    event.read.result = host_file_find(host, &task->vat, task->epoch) == NULL ? MN_NOT_FOUND
                        : chance(host, 90)                                    ? MN_OK
                        : chance(host, 50)                                    ? MN_AGAIN
                                                                              : MN_IO;
    host_step(host, &event);
}

static void answer_listed(struct hostile_host *host, const struct host_task *task)
{
    struct agent_event event = {.kind = AGENT_ON_FOUND_LISTED};
    mn_epoch epochs[6];
    mn_epoch last = EPOCH(1, 1);
    event.listed.vat = task->vat;
    event.listed.result = chance(host, 85) ? MN_OK : MN_IO;
    event.listed.text = event.listed.result == MN_OK ? "" : "cannot";
    event.listed.count = event.listed.result == MN_OK ? below(host, 6) : 0;
    for (uint32_t i = 0; i < event.listed.count; i++) {
        last += chance(host, 30) ? EPOCH(1, 0) : 1 + below(host, 2);
        epochs[i] = last;
    }
    event.listed.epochs = epochs;
    host_step(host, &event);
}

static void answer_taken(struct hostile_host *host, const struct host_task *task)
{
    struct agent_event event = {.kind = AGENT_ON_FOUND_TAKEN};
    struct agent_file_facts facts;
    event.taken.vat = task->vat;
    event.taken.epoch = task->epoch;
    if (chance(host, 80) && file_arrives(host, task, &facts)) {
        event.taken.facts = &facts;
    } else {
        event.taken.why = (enum mn_passed_why)below(host, MN_PASSED_DEAD + 1);
    }
    host_step(host, &event);
}

static struct host_process *process_of(struct hostile_host *host, uint32_t pid)
{
    for (size_t i = 0; i < host->process_count; i++) {
        if (host->processes[i].pid == pid) {
            return &host->processes[i];
        }
    }
    return NULL;
}

static void answer_process(struct hostile_host *host, const struct host_task *task)
{
    struct host_process *process = process_of(host, task->pid);
    struct agent_event event = {0};
    event.process.vat = task->vat;
    event.process.pid = task->pid;
    bool alive = process != NULL && process->alive;
    if (task->kind == AGENT_DO_KILL) {
        if (alive && process->watched) {
            host_exited(host, process);
        }
        return;
    }
    if (task->kind == AGENT_DO_ADOPT) {
        event.kind = alive ? AGENT_ON_ADOPTED : AGENT_ON_EXITED;
        event.process.reason = "gone";
    } else {
        alive = process != NULL && chance(host, 90);
        event.kind = alive ? AGENT_ON_STARTED : AGENT_ON_START_FAILED;
        event.process.pid = alive ? task->pid : 0;
        event.process.pid_started = 5000 + task->pid;
        event.process.reason = "no such file";
    }
    if (alive) {
        process->alive = true;
        process->watched = true;
    }
    host_step(host, &event);
}

static void answer_other(struct hostile_host *host, const struct host_task *task)
{
    struct agent_event event = {.kind = AGENT_ON_SET_ASIDE};
    enum mn_probe_answer answers[MN_PROBE_ENDPOINT_COUNT_MAX];
    if (task->kind == AGENT_DO_SET_ASIDE) {
        event.aside.vat = task->vat;
        event.aside.run = task->run;
        event.aside.result = chance(host, 85) ? MN_OK : MN_IO;
    } else {
        for (uint32_t i = 0; i < task->count; i++) {
            answers[i] = (enum mn_probe_answer)below(host, 3);
        }
        event.kind = AGENT_ON_PROBE_ANSWERED;
        event.probe.probe = task->offset;
        event.probe.host = task->name;
        event.probe.answers = answers;
        event.probe.answer_count = task->count;
    }
    host_step(host, &event);
}

void host_answer(struct hostile_host *host, size_t index)
{
    struct host_task task = host->tasks[index];
    host->task_count -= 1;
    memmove(&host->tasks[index], &host->tasks[index + 1], (host->task_count - index) * sizeof task);
    hostile_note(&host->hostile, "the answer to effect %d of %s %llx", (int)task.kind,
                 task.vat.text, (unsigned long long)task.epoch);
    switch (task.kind) {
    case AGENT_DO_SYNC:
    case AGENT_DO_LOOK:
    case AGENT_DO_READ_OVER:
        answer_file(host, &task);
        break;
    case AGENT_DO_WRITE_PIECE:
        answer_piece(host, &task);
        break;
    case AGENT_DO_SEND_FILE:
        answer_read(host, &task);
        break;
    case AGENT_DO_LIST_FOUND:
        answer_listed(host, &task);
        break;
    case AGENT_DO_TAKE_FOUND:
        answer_taken(host, &task);
        break;
    case AGENT_DO_START_PROCESS:
    case AGENT_DO_ADOPT:
    case AGENT_DO_KILL:
        answer_process(host, &task);
        break;
    default:
        answer_other(host, &task);
        break;
    }
}
