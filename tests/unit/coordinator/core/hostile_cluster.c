/* The coordinator among hostile agents: its effects are read back, its journal is kept as bytes. */
#include "hostile_cluster.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

/* What a record says has to be there for every coordinator to come. */
static void cluster_record(struct hostile_cluster *cluster, const struct coordinator_effect *effect)
{
    mn_assert(cluster->record_count < CLUSTER_RECORD_COUNT_MAX);
    mn_assert(effect->record.sequence == cluster->record_count + 1);
    struct cluster_record *record = &cluster->journal[cluster->record_count++];
    record->kind = effect->record.record->kind;
    record->generation = effect->record.generation;
    struct mn_journal_record again;
    struct mn_arena arena;
    mn_arena_init(&arena, 0);
    hostile_fine(&cluster->hostile, mn_journal_record_encode(effect->record.record, &record->bytes),
                 "a record to write", record->kind);
    hostile_fine(&cluster->hostile,
                 mn_journal_record_decode(record->kind, record->bytes.bytes, record->bytes.size,
                                          &arena, &again),
                 "a record to read", record->kind);
    mn_arena_deinit(&arena);
    cluster->seen[record->kind] += 1;
}

static void cluster_started(struct hostile_cluster *cluster, uint32_t host,
                            const struct mn_start *start)
{
    for (uint32_t i = 0; i < CLUSTER_VAT_COUNT; i++) {
        struct mn_name name = hostile_name('x', i);
        if (mn_name_equal(&name, &start->vat)) {
            cluster->runs[i] = start->run;
            cluster->hosts[i] = host;
        }
    }
}

static void cluster_send(struct hostile_cluster *cluster, const struct coordinator_effect *effect)
{
    const struct mn_down *down = effect->send.message;
    struct mn_buffer bytes = {0};
    struct mn_down again;
    struct mn_arena arena;
    mn_arena_init(&arena, 0);
    hostile_fine(&cluster->hostile, mn_down_encode(down, &bytes), "a word to send", down->kind);
    hostile_fine(&cluster->hostile, mn_down_decode(bytes.bytes, bytes.size, &arena, &again),
                 "a word to read", down->kind);
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&bytes);
    if (down->kind == MN_DOWN_FREEZE) {
        cluster->round = down->freeze.round;
        cluster->attempt = down->freeze.attempt;
    } else if (down->kind == MN_DOWN_DECISION) {
        cluster->decided = down->decision.round;
    } else if (down->kind == MN_DOWN_START) {
        cluster_started(cluster, effect->send.host, &down->start);
    }
}

void cluster_step(struct hostile_cluster *cluster, const struct coordinator_event *event)
{
    struct coordinator_effects *effects = &cluster->effects;
    coordinator_step(cluster->coordinator, cluster->now, event, effects);
    hostile_fine(&cluster->hostile, effects->result, effects->error.text, (int)event->kind);
    for (size_t i = 0; i < effects->count; i++) {
        if (effects->items[i].kind == COORDINATOR_DO_RECORD) {
            cluster_record(cluster, &effects->items[i]);
        } else if (effects->items[i].kind == COORDINATOR_DO_SEND) {
            cluster_send(cluster, &effects->items[i]);
        }
    }
    coordinator_effects_reset(effects);
    coordinator_invariant(cluster->coordinator);
}

void cluster_recorded(struct hostile_cluster *cluster)
{
    if (cluster->durable < cluster->record_count) {
        uint64_t left = cluster->record_count - cluster->durable;
        cluster->durable += 1 + hostile_below(&cluster->hostile, left);
        struct coordinator_event event = {.kind = COORDINATOR_ON_RECORDED};
        event.recorded.sequence = cluster->durable;
        hostile_note(&cluster->hostile, "record %llu being durable",
                     (unsigned long long)cluster->durable);
        cluster_step(cluster, &event);
    }
}

void cluster_up(struct hostile_cluster *cluster, uint32_t host, struct mn_up *up)
{
    struct hostile *hostile = &cluster->hostile;
    struct mn_buffer bytes = {0};
    struct mn_arena arena;
    struct mn_up said = {0};
    up->generation = hostile_chance(hostile, 97) ? cluster->generation
                                                 : hostile_below(hostile, cluster->generation + 1);
    up->disk = cluster->disks[host];
    up->before = cluster->before[host];
    mn_arena_init(&arena, 0);
    if (mn_up_encode(up, &bytes) == MN_OK &&
        mn_up_decode(bytes.bytes, bytes.size, &arena, &said) == MN_OK) {
        struct coordinator_event event = {.kind = COORDINATOR_ON_UP};
        event.up.host = host;
        event.up.message = &said;
        hostile_note(hostile, "word %d of h%u", (int)up->kind, host + 1);
        cluster_step(cluster, &event);
    }
    mn_buffer_deinit(&bytes);
    mn_arena_deinit(&arena);
}

static void cluster_replay(struct hostile_cluster *cluster)
{
    for (uint64_t i = 0; i < cluster->record_count; i++) {
        const struct cluster_record *written = &cluster->journal[i];
        struct mn_journal_record record;
        struct mn_arena arena;
        mn_arena_init(&arena, 0);
        hostile_fine(&cluster->hostile,
                     mn_journal_record_decode(written->kind, written->bytes.bytes,
                                              written->bytes.size, &arena, &record),
                     "a record to read again", written->kind);
        struct coordinator_event event = {.kind = COORDINATOR_ON_RECORD};
        event.record.sequence = i + 1;
        event.record.generation = written->generation;
        event.record.record = &record;
        hostile_note(&cluster->hostile, "record %llu read again", (unsigned long long)i + 1);
        cluster_step(cluster, &event);
        mn_arena_deinit(&arena);
    }
}

/* The last records were on their way, or the journal is an older copy. */
static void cluster_cut(struct hostile_cluster *cluster)
{
    struct hostile *hostile = &cluster->hostile;
    uint64_t keep = cluster->record_count;
    if (hostile_chance(hostile, 30)) {
        keep = cluster->durable + hostile_below(hostile, keep - cluster->durable + 1);
    }
    if (hostile_chance(hostile, 4)) {
        keep = hostile_below(hostile, keep + 1);
    }
    while (cluster->record_count > keep) {
        mn_buffer_deinit(&cluster->journal[--cluster->record_count].bytes);
    }
    cluster->durable = keep;
}

void cluster_restart(struct hostile_cluster *cluster)
{
    coordinator_destroy(&cluster->coordinator);
    cluster_cut(cluster);
    mn_assert(coordinator_new(&cluster->coordinator, cluster->topology) == MN_OK);
    cluster_replay(cluster);
    cluster->generation += 1;
    struct coordinator_event begin = {.kind = COORDINATOR_ON_BEGIN};
    begin.begin.generation = cluster->generation;
    hostile_note(&cluster->hostile, "the begin of generation %llu",
                 (unsigned long long)cluster->generation);
    cluster_step(cluster, &begin);
    cluster_recorded(cluster);
    for (uint32_t host = 0; host < CLUSTER_HOST_COUNT; host++) {
        cluster_says_hello(cluster, host);
        cluster_says_checkpoints(cluster, host, host);
        cluster_says_checkpoints(cluster, (host + 2) % CLUSTER_HOST_COUNT, host);
        cluster_says_heartbeat(cluster, host, true);
    }
}

void cluster_begin(struct hostile_cluster *cluster, const struct topology *topology, uint64_t seed)
{
    uint64_t seen[MN_JOURNAL_ANSWER + 1];
    memcpy(seen, cluster->seen, sizeof seen);
    memset(cluster, 0, sizeof *cluster);
    memcpy(cluster->seen, seen, sizeof seen);
    hostile_init(&cluster->hostile, seed);
    cluster->topology = topology;
    /* A clock that was never set, or that says 2026. */
    cluster->now = hostile_chance(&cluster->hostile, 50) ? MN_SECOND : 1767230600 * MN_SECOND;
    for (uint32_t i = 0; i < CLUSTER_HOST_COUNT; i++) {
        cluster->hosts[i] = i;
        cluster->runs[i] = 1;
        cluster->disks[i] = hostile_chance(&cluster->hostile, 50) ? i + 1 : 0;
    }
    mn_assert(coordinator_new(&cluster->coordinator, topology) == MN_OK);
    cluster_restart(cluster);
}

void cluster_end(struct hostile_cluster *cluster)
{
    coordinator_destroy(&cluster->coordinator);
    coordinator_effects_deinit(&cluster->effects);
    for (uint64_t i = 0; i < cluster->record_count; i++) {
        mn_buffer_deinit(&cluster->journal[i].bytes);
    }
}
