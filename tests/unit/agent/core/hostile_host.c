/* The agent among hostile speakers: its effects are read back, its ledger is kept as bytes. */
#include "hostile_host.h"

#include <string.h>

#include "base/check.h"

static void host_sent(const struct hostile_host *host, const struct agent_effect *effect)
{
    struct mn_buffer bytes = {0};
    struct mn_arena arena;
    mn_arena_init(&arena, 0);
    mn_result written = MN_OK;
    mn_result read = MN_OK;
    if (effect->kind == AGENT_DO_SEND_UP) {
        struct mn_up up;
        written = mn_up_encode(effect->up, &bytes);
        read = mn_up_decode(bytes.bytes, bytes.size, &arena, &up);
    } else if (effect->kind == AGENT_DO_SEND_COPIES) {
        struct mn_copies copies;
        written = mn_copies_encode(effect->copies.message, &bytes);
        read = mn_copies_decode(bytes.bytes, bytes.size, &arena, &copies);
    } else {
        struct mn_to_vat vat;
        written = mn_to_vat_encode(effect->vat.message, &bytes);
        read = mn_to_vat_decode(bytes.bytes, bytes.size, &arena, &vat);
    }
    hostile_fine(&host->hostile, written, "a word to send", (int)effect->kind);
    hostile_fine(&host->hostile, read, "a word to read", (int)effect->kind);
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&bytes);
}

static void host_record(struct hostile_host *host, const struct agent_effect *effect)
{
    mn_assert(host->waiting_count < HOST_RECORD_COUNT_MAX);
    struct host_record *record = &host->waiting[host->waiting_count++];
    *record =
        (struct host_record){.forget = effect->record.forget, .sequence = effect->record.sequence};
    agent_record_key(effect->record.record, record->key);
    if (record->forget) {
        return;
    }
    struct mn_agent_record again;
    struct mn_arena arena;
    mn_arena_init(&arena, 0);
    hostile_fine(&host->hostile, mn_agent_record_encode(effect->record.record, &record->bytes),
                 "a record to write", (int)effect->record.record->kind);
    hostile_fine(&host->hostile,
                 mn_agent_record_decode(record->bytes.bytes, record->bytes.size, &arena, &again),
                 "a record to read", (int)effect->record.record->kind);
    mn_arena_deinit(&arena);
}

static void host_process_begin(struct hostile_host *host, const struct agent_effect *effect)
{
    mn_assert(host->process_count < HOST_PROCESS_COUNT_MAX);
    struct host_task *task = host_task_add(host, effect->kind);
    task->vat = effect->process.vat;
    task->pid = ++host->pid;
    task->process = (uint32_t)host->process_count;
    struct host_process *process = &host->processes[host->process_count++];
    *process =
        (struct host_process){.vat = task->vat, .pid = task->pid, .run = effect->process.run};
    struct mn_down down = {.kind = MN_DOWN_START, .generation = 1};
    down.start = *effect->process.start;
    down.start.chain = NULL;
    down.start.chain_count = 0;
    hostile_fine(&host->hostile, mn_down_encode(&down, &process->start), "a start to write", 0);
}

static void host_file_task(struct hostile_host *host, const struct agent_effect *effect)
{
    if (effect->kind == AGENT_DO_DELETE) {
        host_file_drop(host, host_file_find(host, &effect->file.vat, effect->file.epoch));
        return;
    }
    struct host_task *task = host_task_add(host, effect->kind);
    task->vat = effect->file.vat;
    task->epoch = effect->file.epoch;
    task->again = effect->file.again;
    task->size = effect->file.size;
    task->digest = effect->file.digest;
}

static void host_piece_task(struct hostile_host *host, const struct agent_effect *effect)
{
    const struct mn_copies *copies = effect->piece.piece;
    struct host_task *task = host_task_add(host, effect->kind);
    task->host = effect->piece.host;
    task->vat = copies->vat;
    task->epoch = copies->piece.epoch;
    task->size = copies->piece.size;
    task->digest = copies->piece.digest;
    task->offset = copies->piece.offset;
    task->count = copies->piece.byte_count;
}

static void host_aside_task(struct hostile_host *host, const struct agent_effect *effect)
{
    struct host_task *task = host_task_add(host, effect->kind);
    task->vat = effect->aside.vat;
    task->run = effect->aside.run;
    for (uint32_t i = 0; i < effect->aside.moved_count; i++) {
        host_file_drop(host, host_file_find(host, &effect->aside.vat, effect->aside.moved[i]));
    }
}

static void host_other_task(struct hostile_host *host, const struct agent_effect *effect)
{
    struct host_task *task = host_task_add(host, effect->kind);
    if (effect->kind == AGENT_DO_PROBE) {
        task->name = effect->probe.host;
        task->offset = effect->probe.probe;
        task->count = effect->probe.endpoint_count;
    } else if (effect->kind == AGENT_DO_LIST_FOUND || effect->kind == AGENT_DO_TAKE_FOUND) {
        task->vat = effect->found.vat;
        task->epoch = effect->found.epoch;
    } else {
        task->vat = effect->process.vat;
        task->pid = effect->process.pid;
    }
}

static void host_carry_out(struct hostile_host *host, const struct agent_effect *effect)
{
    host->done[effect->kind] += 1;
    switch (effect->kind) {
    case AGENT_DO_SEND_UP:
    case AGENT_DO_SEND_COPIES:
    case AGENT_DO_SEND_VAT:
        host_sent(host, effect);
        break;
    case AGENT_DO_RECORD:
        host_record(host, effect);
        break;
    case AGENT_DO_SYNC:
    case AGENT_DO_LOOK:
    case AGENT_DO_READ_OVER:
    case AGENT_DO_DELETE:
        host_file_task(host, effect);
        break;
    case AGENT_DO_SET_ASIDE:
        host_aside_task(host, effect);
        break;
    case AGENT_DO_WRITE_PIECE:
    case AGENT_DO_SEND_FILE:
        host_piece_task(host, effect);
        break;
    case AGENT_DO_START_PROCESS:
        host_process_begin(host, effect);
        break;
    case AGENT_DO_LIST_FOUND:
    case AGENT_DO_TAKE_FOUND:
    case AGENT_DO_ADOPT:
    case AGENT_DO_KILL:
    case AGENT_DO_PROBE:
        host_other_task(host, effect);
        break;
    case AGENT_DO_RECALL:
    case AGENT_DO_RELEASE:
    case AGENT_DO_NOTE:
        break;
    }
}

void host_step(struct hostile_host *host, const struct agent_event *event)
{
    agent_step(host->agent, host->now, event, &host->effects);
    hostile_fine(&host->hostile, host->effects.result, "a step", (int)event->kind);
    agent_invariant(host->agent);
    for (size_t i = 0; i < host->effects.count; i++) {
        host_carry_out(host, &host->effects.items[i]);
    }
    agent_effects_reset(&host->effects);
}

/* The oldest record that waits is durable, in the place of what stood under its key. */
static void host_make_durable(struct hostile_host *host, const struct host_record *record)
{
    size_t at = 0;
    while (at < host->ledger_count && strcmp(host->ledger[at].key, record->key) != 0) {
        at += 1;
    }
    if (at < host->ledger_count) {
        mn_buffer_deinit(&host->ledger[at].bytes);
        host->ledger[at] = host->ledger[--host->ledger_count];
    }
    if (!record->forget) {
        mn_assert(host->ledger_count < HOST_RECORD_COUNT_MAX);
        host->ledger[host->ledger_count++] = *record;
    }
}

static void host_make_first_durable(struct hostile_host *host, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        host_make_durable(host, &host->waiting[i]);
    }
    host->waiting_count -= count;
    memmove(host->waiting, host->waiting + count, host->waiting_count * sizeof *host->waiting);
}

void host_recorded(struct hostile_host *host)
{
    if (host->waiting_count == 0) {
        return;
    }
    size_t count = 1 + (size_t)hostile_below(&host->hostile, host->waiting_count);
    struct agent_event event = {.kind = AGENT_ON_RECORDED};
    event.recorded.sequence = host->waiting[count - 1].sequence;
    host_make_first_durable(host, count);
    hostile_note(&host->hostile, "records being durable");
    host_step(host, &event);
}

static void host_agent_new(struct hostile_host *host)
{
    struct agent_host hosts[HOST_COUNT] = {0};
    struct mn_name vats[HOST_VAT_COUNT];
    for (uint32_t i = 0; i < HOST_COUNT; i++) {
        hosts[i].name = hostile_name('h', i);
        hosts[i].domain = i;
        memset(hosts[i].key, (int)('a' + i), MN_KEY_TEXT_LENGTH);
    }
    for (uint32_t i = 0; i < HOST_VAT_COUNT; i++) {
        vats[i] = hostile_name('x', i);
    }
    mn_assert(agent_directory_new(&host->directory, hosts, HOST_COUNT, vats, HOST_VAT_COUNT,
                                  NULL) == MN_OK);
    host->config.directory = host->directory;
    host->config.disk += 1;
    mn_assert(agent_new(&host->agent, &host->config) == MN_OK);
}

static void host_remember_ledger(struct hostile_host *host)
{
    for (size_t i = 0; i < host->ledger_count; i++) {
        struct mn_agent_record record;
        struct mn_arena arena;
        mn_arena_init(&arena, 0);
        hostile_fine(&host->hostile,
                     mn_agent_record_decode(host->ledger[i].bytes.bytes, host->ledger[i].bytes.size,
                                            &arena, &record),
                     "a record to read again", 0);
        struct agent_event event = {.kind = AGENT_ON_RECORD, .record = &record};
        host_step(host, &event);
        mn_arena_deinit(&arena);
    }
}

/* Most files are there; some are gone, or cannot be read. */
static void host_remember_files(struct hostile_host *host)
{
    for (size_t i = host->file_count; i > 0; i--) {
        struct host_file *file = &host->files[i - 1];
        struct agent_file_facts facts;
        struct agent_event event = {.kind = AGENT_ON_FILE, .file = &facts};
        if (hostile_chance(&host->hostile, 3) || !host_file_facts(file, &facts)) {
            host_file_drop(host, file);
            continue;
        }
        if (hostile_chance(&host->hostile, 3)) {
            event = (struct agent_event){.kind = AGENT_ON_FILE_UNREAD};
            event.unread.vat = file->vat;
            event.unread.epoch = file->epoch;
            host_file_drop(host, file);
        }
        host_step(host, &event);
    }
}

static void host_remember_processes(struct hostile_host *host)
{
    for (size_t i = 0; i < host->process_count; i++) {
        const struct host_process *process = &host->processes[i];
        if (!process->alive || process->watched) {
            continue;
        }
        struct mn_down down;
        struct mn_arena arena;
        mn_arena_init(&arena, 0);
        hostile_fine(&host->hostile,
                     mn_down_decode(process->start.bytes, process->start.size, &arena, &down),
                     "a start to read", 0);
        struct agent_event event = {.kind = AGENT_ON_LIVES};
        event.process.vat = process->vat;
        event.process.start = hostile_chance(&host->hostile, 80) ? &down.start : NULL;
        event.process.pid = process->pid;
        event.process.pid_started = 5000 + process->pid;
        host_step(host, &event);
        mn_arena_deinit(&arena);
    }
}

/* Whoever comes after it remembers what is durable, and what runs. */
static void host_agent_begin(struct hostile_host *host)
{
    host_agent_new(host);
    hostile_note(&host->hostile, "another agent");
    host_remember_ledger(host);
    host_remember_files(host);
    host_remember_processes(host);
    struct agent_event begin = {.kind = AGENT_ON_BEGIN};
    host_step(host, &begin);
}

void host_restart(struct hostile_host *host)
{
    agent_destroy(&host->agent);
    agent_directory_destroy(&host->directory);
    if (hostile_chance(&host->hostile, 50)) {
        host_make_first_durable(host,
                                (size_t)hostile_below(&host->hostile, host->waiting_count + 1));
    }
    while (host->waiting_count > 0) {
        mn_buffer_deinit(&host->waiting[--host->waiting_count].bytes);
    }
    for (size_t i = 0; i < host->task_count; i++) {
        if (host->tasks[i].kind == AGENT_DO_START_PROCESS && hostile_chance(&host->hostile, 50)) {
            host->processes[host->tasks[i].process].alive = true;
        }
    }
    host->task_count = 0;
    for (size_t i = 0; i < host->process_count; i++) {
        host->processes[i].watched = false;
        if (hostile_chance(&host->hostile, 20)) {
            host->processes[i].alive = false;
        }
    }
    host_agent_begin(host);
}

void host_begin(struct hostile_host *host, uint64_t seed)
{
    uint64_t done[AGENT_DO_NOTE + 1];
    memcpy(done, host->done, sizeof done);
    memset(host, 0, sizeof *host);
    memcpy(host->done, done, sizeof done);
    hostile_init(&host->hostile, seed);
    host->generation = 1;
    host->now = MN_SECOND;
    host->config = (struct agent_config){
        .numbering = HOST_NUMBERING,
        .tell_keys = true,
        .agent = {"tcp://10.0.0.1:7101"},
        .address = {"tcp://10.0.0.1:*"},
        .store = "store",
        .key_file = "/k",
        .heartbeat_ms = 1000,
        .copy_ms = 2000,
        .connect_ms = 2000,
        .interval_ms = 200,
        .full_every = 8,
        .keep_count = 1 + (uint32_t)hostile_below(&host->hostile, 3),
        .stores = 1 + (uint32_t)hostile_below(&host->hostile, 3),
        .part_heard = (uint32_t)hostile_below(&host->hostile, 3),
        .scrub_ms = hostile_chance(&host->hostile, 50) ? 60000 : 0,
    };
    host_agent_begin(host);
}

void host_end(struct hostile_host *host)
{
    agent_destroy(&host->agent);
    agent_directory_destroy(&host->directory);
    agent_effects_deinit(&host->effects);
    for (size_t i = 0; i < host->process_count; i++) {
        mn_buffer_deinit(&host->processes[i].start);
    }
    for (size_t i = 0; i < host->ledger_count; i++) {
        mn_buffer_deinit(&host->ledger[i].bytes);
    }
    for (size_t i = 0; i < host->waiting_count; i++) {
        mn_buffer_deinit(&host->waiting[i].bytes);
    }
}
