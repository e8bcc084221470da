/* How fast the simulator is: core events a second without and with the observer, simulated seconds
 * a second of a hundred hosts with a thousand vats, and memory for each vat of these.
 *
 *     build/bench/sim --json [--seconds N]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/sim.h"

enum { BENCH_VATS = 1000 };

static double seconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Bytes that this process has in memory. */
static double bytes_now(void)
{
    long pages = 0;
    long resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%ld %ld", &pages, &resident) != 2) {
        resident = 0;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static double events_per_second(int64_t check, double seconds)
{
    struct sim_config config;
    struct sim_faults none = {0};
    struct sim_result result;
    sim_config_init(&config);
    config.racks = 2;
    config.hosts = 2;
    config.vats = 24;
    config.check = check;
    struct sim *sim = sim_new(&config, &none);
    mn_time until = MN_SECOND;
    double began = seconds_now();
    while (seconds_now() - began < seconds && sim_run_until(sim, until)) {
        until += MN_SECOND;
    }
    double took = seconds_now() - began;
    sim_result(sim, &result);
    sim_destroy(&sim);
    if (result.failure[0] != '\0') {
        (void)fprintf(stderr, "sim: %s\n", result.failure);
        exit(1);
    }
    return (double)result.events / took;
}

/* A hundred hosts, a thousand vats, a heartbeat a second, a checkpoint every five minutes. */
static void large(double seconds, double *simulated_per_second, double *bytes_per_vat)
{
    struct sim_config config;
    struct sim_faults none = {0};
    sim_config_init(&config);
    config.zones = 4;
    config.racks = 5;
    config.hosts = 5;
    config.vats = BENCH_VATS;
    config.heartbeat_ms = 1000;
    config.stale_ms = 3000;
    config.suspect_ms = 4000;
    config.lost_ms = 10000;
    config.interval_ms = 300000;
    config.turn_ms = 60000;
    config.check = 0;
    double before = bytes_now();
    struct sim *sim = sim_new(&config, &none);
    mn_time until = 10 * MN_SECOND;
    bool fine = sim_run_until(sim, until);
    double began = seconds_now();
    mn_time from = until;
    while (fine && seconds_now() - began < seconds) {
        until += 10 * MN_SECOND;
        fine = sim_run_until(sim, until);
    }
    *simulated_per_second = (double)(until - from) / 1e9 / (seconds_now() - began);
    *bytes_per_vat = (bytes_now() - before) / BENCH_VATS;
    sim_destroy(&sim);
}

int main(int argc, char **argv)
{
    double seconds = 3;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc) {
            seconds = strtod(argv[++i], NULL);
        } else if (strcmp(argv[i], "--json") != 0) {
            (void)fprintf(stderr, "usage: sim [--json] [--seconds N]\n");
            return 2;
        }
    }
    double simulated = 0;
    double bytes = 0;
    double plain = events_per_second(0, seconds);
    double checked = events_per_second(1, seconds);
    large(seconds, &simulated, &bytes);
    printf("{\"benchmark\": \"sim\", \"events_per_s\": %.0f, \"checked_events_per_s\": %.0f, "
           "\"simulated_s_per_s\": %.1f, \"bytes_per_vat\": %.0f}\n",
           plain, checked, simulated, bytes);
    return 0;
}
