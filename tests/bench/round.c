/* Rounds of a whole cluster, measured with real sockets: how soon after a rack is killed the last
 * vat is told, how soon a coordinator that was killed leads again and has its ledger back, and how
 * many reports a second it takes in. The coordinator is the real process, with CURVE and its
 * journal on the disk, and so are three keepers, agents on hosts without vats, on the same disk;
 * the other agents are scripted (round_agents.c says in what).
 *
 *     round [--json] [--large] [--hosts N --vats N [--checkpoints N] [--stores N]
 *           [--rebuild] [--no-keepers]] [--ingest]
 *
 * Without sizes: 10 and 100 hosts, and ingest. --large: 1,000 hosts with 100,000 vats, 10,000 with
 * a million, and the rebuild of 10 million checkpoints of a million vats from 100 agents. --rebuild
 * kills the coordinator alone.
 *
 * - kill_to_told_ms: from when the rack's hosts fall silent to the last notice.
 * - coordinator_own_ms: of it, what is after the last suspicion, until which silence was waited
 *   for, and not the two heartbeats in which a round waits for further ones. What agents and
 * witnesses do on the same machine is in it, so it is too much rather than too little. Only the
 * agents' answers to the freeze are put together and encoded before the kill, and go out when the
 * freeze has come; and a notice has come when its frame has, decrypted, though that is taken apart
 * when no more frames come: each of their machines would do either at the same time, and not on the
 * coordinator's cores.
 * - coordinator_cpu_ms: processor time of all the coordinator's threads from the first freeze to
 *   done.
 * - take_over_ms: from the killing of the coordinator, started again at once, to the welcome of the
 *   last hello.
 * - rebuild_ms: the same to when the last row of the last agent has been taken. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "round_bench.h"

enum { STEP_MS = 2, WAIT_MS_MAX = 600000, HEARD_COUNT = 3 };

struct round_result {
    int64_t setup_ms;
    int64_t take_over_ms;
    int64_t rebuild_ms;
    int64_t rebuild_cpu_ms;
    uint64_t stale; /* hosts that seemed silent meanwhile: 0, or 1 for some */
    int64_t bytes;
    int64_t kill_to_suspect_ms;
    int64_t probed_ms; /* from the last suspicion to the last loss */
    int64_t gathered_ms;
    int64_t answered_ms; /* from the freeze's first arrival to when its last answer was sent */
    int64_t settled_ms;  /* from there until that is a decision, to be recorded */
    int64_t recorded_ms; /* until it is durable */
    int64_t decided_ms;  /* all of these, from the freeze */
    int64_t told_ms;     /* from the decision to the last notice */
    int64_t kill_to_told_ms;
    int64_t own_ms;
    int64_t cpu_ms;
};

static double wait_bound_ms = WAIT_MS_MAX;

/* Until the counter has come to @count. */
static void await(const atomic_uint *counter, uint32_t count, const char *what)
{
    int64_t end = round_now() + (int64_t)wait_bound_ms * MN_MS;
    while (atomic_load(counter) < count) {
        if (round_now() > end) {
            (void)fprintf(stderr, "round: %u of %u\n", atomic_load(counter), count);
            round_die(what);
        }
        round_sleep_ms(STEP_MS);
    }
}

static void measure_setup(struct round_cluster *cluster, struct round_result *result)
{
    int64_t began = round_now();
    await(&cluster->shared->hellos[1], cluster->size.hosts, "waiting for hellos");
    await(&cluster->shared->up, cluster->size.vats, "waiting for vats");
    await(&cluster->shared->complete[1], cluster->size.hosts, "waiting for rows");
    result->setup_ms = (round_now() - began) / MN_MS;
}

static void measure_rebuild(struct round_cluster *cluster, struct round_result *result)
{
    round_sleep_ms((int64_t)cluster->size.heartbeat_ms * 2);
    int64_t began = round_now();
    round_cluster_kill(cluster);
    round_cluster_start(cluster);
    await(&cluster->shared->hellos[2], cluster->size.hosts, "waiting for hellos");
    result->take_over_ms = (round_now() - began) / MN_MS;
    await(&cluster->shared->complete[2], cluster->size.hosts, "waiting for rows");
    result->rebuild_ms = (round_now() - began) / MN_MS;
    result->rebuild_cpu_ms = round_cluster_cpu(cluster) / MN_MS;
    result->bytes = round_cluster_bytes(cluster);
    result->stale = round_cluster_logged(cluster, began, "host_state", "stale", false) != 0 ? 1 : 0;
}

static void measure_kill(struct round_cluster *cluster, struct round_result *result)
{
    atomic_store(&cluster->shared->prepare, true);
    await(&cluster->shared->prepared, cluster->size.hosts - cluster->size.rack,
          "waiting for the agents to prepare");
    /* A new coordinator listens first, and the rows' last heartbeat says that they are complete. */
    round_sleep_ms(cluster->size.lost_ms + (int64_t)cluster->size.heartbeat_ms * 3);
    round_cluster_log_from_here(cluster);
    int64_t killed = round_now();
    atomic_store(&cluster->shared->killed, true);
    int64_t end = killed + (int64_t)wait_bound_ms * MN_MS;
    int64_t from = killed / MN_MS * MN_MS; /* the log's times are whole milliseconds */
    int64_t done = 0;
    while (atomic_load(&cluster->shared->first_freeze) == 0 && round_now() < end) {
        round_sleep_ms(STEP_MS);
    }
    int64_t cpu = round_cluster_cpu(cluster);
    while (done == 0) {
        if (round_now() > end) {
            round_die("waiting for the round");
        }
        round_sleep_ms(200);
        done = round_cluster_logged(cluster, from, "round_done", "round", false);
    }
    result->cpu_ms = (round_cluster_cpu(cluster) - cpu) / MN_MS;
    int64_t suspect = round_cluster_logged(cluster, from, "host_state", "suspect", true);
    int64_t lost = round_cluster_logged(cluster, from, "host_lost", "", true);
    int64_t collect = round_cluster_logged(cluster, from, "round_state", "collect", false);
    int64_t deciding = round_cluster_logged(cluster, from, "round_state", "deciding", false);
    int64_t decided = round_cluster_logged(cluster, from, "decided", "round", false);
    int64_t answered = atomic_load(&cluster->shared->last_interval);
    int64_t told = atomic_load(&cluster->shared->last_notice);
    result->kill_to_suspect_ms = (suspect - killed) / MN_MS;
    result->probed_ms = (lost - suspect) / MN_MS;
    result->gathered_ms = (collect - lost) / MN_MS;
    result->answered_ms = (answered - atomic_load(&cluster->shared->first_freeze)) / MN_MS;
    result->settled_ms = (deciding - answered) / MN_MS;
    result->recorded_ms = (decided - deciding) / MN_MS;
    result->decided_ms = (decided - collect) / MN_MS;
    result->told_ms = (told - decided) / MN_MS;
    result->kill_to_told_ms = (told - killed) / MN_MS;
    result->own_ms = (told - suspect) / MN_MS - 2 * (int64_t)cluster->size.heartbeat_ms;
}

static void print_result(const struct round_cluster *cluster, const struct round_result *result,
                         bool kill)
{
    const struct round_size *size = &cluster->size;
    printf("{\"benchmark\": \"round\", \"hosts\": %u, \"vats\": %u, \"checkpoints\": %" PRIu64
           ", \"stores\": %u, \"heard\": %u, \"keepers\": %u, \"setup_ms\": %" PRId64
           ", \"take_over_ms\": %" PRId64 ", \"rebuild_ms\": %" PRId64
           ", \"rebuild_cpu_ms\": %" PRId64 ", \"hosts_stale\": %" PRIu64
           ", \"coordinator_bytes\": %" PRId64,
           size->hosts, size->vats, (uint64_t)size->vats * size->checkpoints, size->stores,
           size->heard, size->keepers, result->setup_ms, result->take_over_ms, result->rebuild_ms,
           result->rebuild_cpu_ms, result->stale, result->bytes);
    if (kill) {
        printf(", \"hosts_lost\": %u, \"vats_started\": %u, \"vats_told\": %u, "
               "\"kill_to_told_ms\": %" PRId64 ", \"coordinator_own_ms\": %" PRId64
               ", \"coordinator_cpu_ms\": %" PRId64 ", \"kill_to_suspect_ms\": %" PRId64
               ", \"probed_ms\": %" PRId64 ", \"gathered_ms\": %" PRId64
               ", \"answered_ms\": %" PRId64 ", \"settled_ms\": %" PRId64
               ", \"recorded_ms\": %" PRId64 ", \"decided_ms\": %" PRId64 ", \"told_ms\": %" PRId64,
               size->rack, atomic_load(&cluster->shared->started),
               atomic_load(&cluster->shared->told), result->kill_to_told_ms, result->own_ms,
               result->cpu_ms, result->kill_to_suspect_ms, result->probed_ms, result->gathered_ms,
               result->answered_ms, result->settled_ms, result->recorded_ms, result->decided_ms,
               result->told_ms);
    }
    printf("}\n");
    (void)fflush(stdout);
}

static void run_cluster(uint32_t hosts, uint32_t vats, uint32_t checkpoints, uint32_t stores,
                        uint32_t keepers, bool kill)
{
    bool large = hosts > 100 || vats > 10000;
    struct round_size size = {.hosts = hosts,
                              .vats = vats,
                              .checkpoints = checkpoints,
                              .stores = stores,
                              .heard = HEARD_COUNT,
                              .keepers = keepers,
                              .rack = hosts >= 200 ? 40 : (hosts + 4) / 5,
                              .heartbeat_ms = large ? 1000 : 200,
                              .suspect_ms = large ? 4000 : 1000,
                              .lost_ms = large ? 10000 : 2000};
    struct round_cluster cluster;
    struct round_result result = {0};
    round_cluster_open(&cluster, &size, -1, true);
    measure_setup(&cluster, &result);
    measure_rebuild(&cluster, &result);
    if (kill) {
        measure_kill(&cluster, &result);
    }
    print_result(&cluster, &result, kill);
    round_cluster_close(&cluster);
}

static void run_ingest(void)
{
    struct round_ingest result;
    round_ingest(&result);
    printf("{\"benchmark\": \"ingest\", \"reports\": %" PRIu64
           ", \"bytes_report\": %.1f, \"ingest_reports_per_s\": %.0f, "
           "\"raw_reports_per_s\": %.0f, \"of_raw\": %.2f}\n",
           result.reports, result.bytes_report, result.reports_s, result.raw_reports_s,
           result.reports_s / result.raw_reports_s);
    (void)fflush(stdout);
}

struct round_options {
    bool large;
    bool ingest;
    bool rebuild;
    uint32_t hosts;
    uint32_t vats;
    uint32_t checkpoints;
    uint32_t stores;
    uint32_t keepers;
};

/* False: the arguments make no sense. */
static bool read_options(int argc, char **argv, struct round_options *options)
{
    *options = (struct round_options){.checkpoints = 4, .stores = 2, .keepers = 3};
    for (int i = 1; i < argc; i++) {
        uint32_t number = i + 1 < argc ? (uint32_t)strtoul(argv[i + 1], NULL, 10) : 0;
        if (strcmp(argv[i], "--json") == 0) {
            continue;
        }
        if (strcmp(argv[i], "--large") == 0) {
            options->large = true;
            continue;
        }
        if (strcmp(argv[i], "--ingest") == 0) {
            options->ingest = true;
            continue;
        }
        if (strcmp(argv[i], "--no-keepers") == 0) {
            options->keepers = 0;
            continue;
        }
        if (strcmp(argv[i], "--rebuild") == 0) {
            options->rebuild = true;
            continue;
        }
        uint32_t *place = strcmp(argv[i], "--hosts") == 0         ? &options->hosts
                          : strcmp(argv[i], "--vats") == 0        ? &options->vats
                          : strcmp(argv[i], "--checkpoints") == 0 ? &options->checkpoints
                          : strcmp(argv[i], "--stores") == 0      ? &options->stores
                                                                  : NULL;
        if (place == NULL || number == 0) {
            return false;
        }
        *place = number;
        i++;
    }
    bool sized = options->hosts > 0 || options->vats > 0;
    return options->stores <= 2 && (!sized || (options->hosts >= 5 && options->vats > 0 &&
                                               options->vats % options->hosts == 0));
}

int main(int argc, char **argv)
{
    struct round_options options;
    if (!read_options(argc, argv, &options)) {
        (void)fprintf(stderr, "usage: round [--json] [--large] [--hosts N --vats N [--checkpoints "
                              "N] [--stores 1|2] [--rebuild] [--no-keepers]] [--ingest]\n"
                              "at least 5 hosts, and a multiple of them of vats\n");
        return 2;
    }
    if (options.hosts > 0) {
        run_cluster(options.hosts, options.vats, options.checkpoints, options.stores,
                    options.keepers, !options.rebuild);
    } else if (options.large) {
        run_cluster(1000, 100000, options.checkpoints, options.stores, options.keepers, true);
        run_cluster(10000, 1000000, options.checkpoints, options.stores, options.keepers, true);
        run_cluster(100, 1000000, 10, 1, options.keepers, false);
    } else if (!options.ingest) {
        run_cluster(10, 100, options.checkpoints, options.stores, options.keepers, true);
        run_cluster(100, 1000, options.checkpoints, options.stores, options.keepers, true);
    }
    if (options.ingest || (options.hosts == 0 && !options.large)) {
        run_ingest();
    }
    return 0;
}
