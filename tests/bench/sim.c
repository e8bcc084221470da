/* How fast the simulator is, and how much memory it takes.
 *
 * `build/bench/sim --json [--seconds N]` prints events a second without and with the observer,
 * simulated seconds a second of a hundred hosts with a thousand vats, memory for each vat of these,
 * and what an event costs in clusters of several sizes.
 *
 * `build/bench/sim --day` prints what a whole day of those hundred hosts takes, with a disaster,
 * without the observer and with it.
 *
 * `build/bench/sim --large [--checked] [HOSTS]` prints what the loss of a zone of 100 hosts takes
 * in a cluster of 10,000, or of HOSTS, with a hundred vats each: without the observer and with it,
 * or with it only. Every vat sends to one other, is checkpointed, and those of the zone are
 * restored elsewhere. It takes up to 16 GiB and some quarter of an hour of a core.
 *
 * One document on one line, always. An event is one call of one core's step. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/sim.h"

enum { BENCH_VATS = 1000, BENCH_DAY_S = 86400, BENCH_HOSTS = 10000, BENCH_VATS_OF_HOST = 100 };

struct measure {
    double cpu_s;
    double simulated_s;
    double events;
    double bytes;
};

static double seconds_of(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Rates are for a core that does nothing else, whatever else this machine does. */
static double seconds_now(void)
{
    return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

/* The most that this process had in memory at any time. */
static double bytes_peak(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss * 1024;
}

static void fail_unless_fine(const struct sim_result *result)
{
    if (result->failure[0] != '\0') {
        (void)fprintf(stderr, "sim: %s\n", result->failure);
        exit(1);
    }
}

/* ---- rates ----------------------------------------------------------------------------------- */

/* Run on for @seconds of this core, from @from, in steps of @step. */
static struct measure run_for(struct sim *sim, mn_time from, mn_time step, double seconds)
{
    struct sim_result before;
    struct sim_result after;
    mn_time until = from;
    (void)sim_run_until(sim, from);
    sim_result(sim, &before);
    double began = seconds_now();
    do {
        until += step;
    } while (sim_run_until(sim, until) && seconds_now() - began < seconds);
    double took = seconds_now() - began;
    sim_result(sim, &after);
    fail_unless_fine(&after);
    return (struct measure){.cpu_s = took,
                            .simulated_s = (double)(until - from) / 1e9,
                            .events = (double)(after.events - before.events)};
}

static double events_per_second(int64_t check, double seconds)
{
    struct sim_config config;
    struct sim_faults none = {0};
    sim_config_init(&config);
    config.racks = 2;
    config.hosts = 2;
    config.vats = 24;
    config.check = check;
    struct sim *sim = sim_new(&config, &none);
    struct measure measure = run_for(sim, 0, MN_SECOND, seconds);
    sim_destroy(&sim);
    return measure.events / measure.cpu_s;
}

/* A heartbeat a second, a checkpoint every five minutes; @hosts of which 25 are a zone. */
static void config_large(struct sim_config *config, int64_t hosts, int64_t vats)
{
    sim_config_init(config);
    config->zones = hosts / 25;
    config->racks = 5;
    config->hosts = 5;
    config->vats = vats;
    config->heartbeat_ms = 1000;
    config->stale_ms = 3000;
    config->suspect_ms = 4000;
    config->lost_ms = 10000;
    config->settle_ms = 30000;
    config->collect_ms = 5000;
    config->copy_ms = 2000;
    config->connect_ms = 2000;
    config->interval_ms = 300000;
    config->turn_ms = 60000;
    config->check = 0;
}

/* @before: the peak so far, of which this run's memory is what comes on top. */
static struct measure measure_size(int64_t hosts, int64_t vats, double seconds, double before)
{
    struct sim_config config;
    struct sim_faults none = {0};
    config_large(&config, hosts, vats);
    struct sim *sim = sim_new(&config, &none);
    struct measure measure = run_for(sim, 400 * MN_SECOND, 10 * MN_SECOND, seconds);
    measure.bytes = bytes_peak() - before;
    sim_destroy(&sim);
    return measure;
}

/* Nanoseconds for an event in clusters that are four times as large each time. */
static void print_growth(double seconds)
{
    const int64_t hosts[] = {25, 100, 400};
    printf(", \"growth\": [");
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        struct measure measure = measure_size(hosts[i], hosts[i] * 10, seconds, 0);
        printf("%s{\"hosts\": %lld, \"vats\": %lld, \"ns_per_event\": %.0f}", i > 0 ? ", " : "",
               (long long)hosts[i], (long long)hosts[i] * 10, measure.cpu_s / measure.events * 1e9);
    }
    printf("]");
}

static int bench_rates(double seconds)
{
    /* First, because it counts how far the peak of memory rises. */
    struct measure large = measure_size(100, BENCH_VATS, seconds, bytes_peak());
    double plain = events_per_second(0, seconds);
    double checked = events_per_second(1, seconds);
    printf("{\"benchmark\": \"sim\", \"events_per_s\": %.0f, \"checked_events_per_s\": %.0f, "
           "\"simulated_s_per_s\": %.1f, \"bytes_per_vat\": %.0f",
           plain, checked, large.simulated_s / large.cpu_s, large.bytes / BENCH_VATS);
    print_growth(seconds);
    printf("}\n");
    return 0;
}

/* ---- whole runs ------------------------------------------------------------------------------ */

static void bench_whole(const struct sim_config *config, struct sim_fault fault)
{
    struct sim_faults faults = {0};
    struct sim_result result;
    sim_faults_add(&faults, fault);
    double began = seconds_of(CLOCK_MONOTONIC);
    double began_cpu = seconds_now();
    struct sim *sim = sim_new(config, &faults);
    sim_run(sim, &result);
    double took = seconds_of(CLOCK_MONOTONIC) - began;
    double took_cpu = seconds_now() - began_cpu;
    fail_unless_fine(&result);
    printf("{\"simulated_s\": %.0f, \"wall_s\": %.1f, \"cpu_s\": %.1f, \"events\": %.0f, "
           "\"events_per_s\": %.0f, \"settled_after_s\": %.1f, \"rounds\": %llu, "
           "\"moved\": %llu, \"bytes\": %.0f, \"bytes_per_vat\": %.0f}",
           (double)result.ended_at / 1e9, took, took_cpu, (double)result.events,
           (double)result.events / took_cpu, (double)result.settled_after / 1e9,
           (unsigned long long)result.sometimes[SIM_SOMETIMES_ROUND],
           (unsigned long long)result.sometimes[SIM_SOMETIMES_MOVED], bytes_peak(),
           bytes_peak() / (double)config->vats);
    sim_destroy(&sim);
    sim_faults_deinit(&faults);
}

/* The run without the observer and with it, or with it only, each in a process of its own, so that
 * each has its own peak of memory. */
static int bench_runs(const char *what, struct sim_config *config, struct sim_fault fault,
                      bool checked_only)
{
    printf("{\"benchmark\": \"sim %s\", \"hosts\": %u, \"vats\": %lld", what,
           sim_config_hosts(config), (long long)config->vats);
    for (int64_t check = checked_only ? 1 : 0; check <= 1; check++) {
        int status = 0;
        printf(", \"%s\": ", check != 0 ? "checked" : "unchecked");
        (void)fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            config->check = check;
            bench_whole(config, fault);
            (void)fflush(stdout);
            _exit(0);
        }
        if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0) {
            (void)fprintf(stderr, "sim: the run has not come to its end\n");
            return 1;
        }
    }
    printf("}\n");
    return 0;
}

static int bench_day(void)
{
    struct sim_config config;
    config_large(&config, 100, BENCH_VATS);
    config.faults_ms = (int64_t)BENCH_DAY_S * 1000;
    config.bound_ms = 3600000;
    return bench_runs(
        "day", &config,
        (struct sim_fault){
            .at_ms = config.faults_ms / 2, .kind = SIM_FAULT_LOSE_RACK, .for_ms = 600000, .a = 3},
        false);
}

static int bench_large(int64_t hosts, bool checked_only)
{
    struct sim_config config;
    if (hosts < 300 || hosts % 100 != 0) {
        (void)fprintf(stderr, "sim: zones have 100 hosts, and the third is lost\n");
        return 2;
    }
    config_large(&config, hosts, hosts * BENCH_VATS_OF_HOST);
    config.zones = hosts / 100;
    config.hosts = 20;
    config.peers = 1;
    config.burst = 1;
    config.blob_size = 0;
    config.turn_ms = 30000;
    config.interval_ms = 30000;
    config.disk_us = 20;
    config.disk_jitter_us = 20;
    config.faults_ms = 60000;
    config.bound_ms = 600000;
    return bench_runs("large", &config,
                      (struct sim_fault){.at_ms = 50000, .kind = SIM_FAULT_LOSE_ZONE, .a = 2},
                      checked_only);
}

int main(int argc, char **argv)
{
    double seconds = 3;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc) {
            seconds = strtod(argv[++i], NULL);
        } else if (strcmp(argv[i], "--day") == 0) {
            return bench_day();
        } else if (strcmp(argv[i], "--large") == 0) {
            bool checked_only = i + 1 < argc && strcmp(argv[i + 1], "--checked") == 0;
            i += checked_only ? 1 : 0;
            return bench_large(i + 1 < argc ? strtoll(argv[i + 1], NULL, 10) : BENCH_HOSTS,
                               checked_only);
        } else if (strcmp(argv[i], "--json") != 0) {
            (void)fprintf(stderr, "usage: sim [--json] [--seconds N] | --day | "
                                  "--large [--checked] [HOSTS]\n");
            return 2;
        }
    }
    return bench_rates(seconds);
}
