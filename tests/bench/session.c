/* Sessions between vats, measured: throughput of early and of held senders beside ZeroMQ alone, the
 * latency of a held message beside one fdatasync of the same disk, how soon a peer that was killed
 * takes messages again, and what an idle session costs. Real processes on loopback: a coordinator,
 * three agents, each checkpoint copied to one other store; connections with CURVE.
 *
 *     session [--json]
 *
 * The raw figures are of the same payloads in the same run, with CURVE as the vats' connections
 * have it, and without for comparison; raw and session rounds take turns, and the best of each
 * counts. Both have two busy threads at each end; on a machine with fewer processors than that the
 * share of raw is one of processor time, agents and coordinator included.
 *
 * The settings are a user's, with what they cost within the time that is measured: checkpoints
 * every 5 s, sooner after 4 MiB, with latency_ms: 0 as soon as something waits for one, each synced
 * at two stores; 2 are kept. What is above the peer's floor is in each checkpoint of its sender, so
 * at full speed a short interval, or many kept checkpoints, would measure the disk. Vats look
 * for orders every 50 ms, and not while they carry one out, so that the benchmark's own files weigh
 * on nobody. */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "session_bench.h"

enum {
    SMALL_SIZE = 100,
    LARGE_SIZE = 16384,
    ROUND_COUNT = 5,
    SMALL_COUNT = 500000,
    LARGE_COUNT = 10000,
    HELD_SMALL_COUNT = 200000,
    HELD_LARGE_COUNT = 4000,
    PING_COUNT = 200,
    SYNC_COUNT = 200,
    SYNC_SIZE = 4096,
    RESUME_COUNT = 5,
    SESSION_COUNT = 1000
};

int64_t bench_now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

_Noreturn void bench_die(const char *what)
{
    (void)fprintf(stderr, "session: %s failed\n", what);
    exit(1);
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

int64_t bench_percentile(int64_t *values, size_t count, int percent)
{
    if (count == 0) {
        return 0;
    }
    qsort(values, count, sizeof *values, compare);
    size_t place = count * (size_t)percent / 100;
    return values[place < count ? place : count - 1];
}

bool bench_put(const char *directory, const char *name, const void *bytes, size_t size)
{
    char path[BENCH_PATH_SIZE + 64];
    char part[BENCH_PATH_SIZE + 80];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    (void)snprintf(part, sizeof part, "%s.%d", path, (int)getpid());
    FILE *file = fopen(part, "we");
    if (file == NULL) {
        return false;
    }
    bool fine = fwrite(bytes, size, 1, file) == 1;
    fine = fclose(file) == 0 && fine;
    return fine && rename(part, path) == 0;
}

bool bench_get(const char *directory, const char *name, void *bytes, size_t size)
{
    char path[BENCH_PATH_SIZE + 64];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    bool fine = fread(bytes, size, 1, file) == 1;
    (void)fclose(file);
    return fine;
}

/* How long each of @count times one fdatasync takes of a little that was written to a file of
 * @directory. */
static void sync_times(const char *directory, int64_t *times, size_t count)
{
    char path[BENCH_PATH_SIZE + 64];
    static unsigned char bytes[SYNC_SIZE];
    (void)snprintf(path, sizeof path, "%s/sync", directory);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        bench_die("opening a file");
    }
    for (size_t i = 0; i < count; i++) {
        int64_t began = bench_now();
        if (write(fd, bytes, sizeof bytes) != (ssize_t)sizeof bytes || fdatasync(fd) != 0) {
            bench_die("syncing a file");
        }
        times[i] = bench_now() - began;
    }
    (void)close(fd);
}

/* Held messages, and the syncs that they are measured by: half of these before and half after, for
 * what a disk does for others changes from one second to the next. */
static struct bench_result measure_ping(struct bench_cluster *cluster, int64_t *sync_ns)
{
    int64_t times[SYNC_COUNT];
    sync_times(cluster->directory, times, SYNC_COUNT / 2);
    struct bench_result ping =
        bench_cluster_run(cluster, "held", BENCH_PING, PING_COUNT, SMALL_SIZE);
    sync_times(cluster->directory, times + SYNC_COUNT / 2, SYNC_COUNT / 2);
    *sync_ns = bench_percentile(times, SYNC_COUNT, 50);
    return ping;
}

static double per_second(uint64_t count, int64_t took_ns)
{
    return (double)count * 1e9 / (double)(took_ns > 0 ? took_ns : 1);
}

struct bench_rate {
    double session; /* messages a second */
    double raw;
    double raw_plain;
};

static void print_rate(const char *name, const struct bench_rate *rate, size_t size)
{
    printf(", \"%s\": {\"messages_s\": %.0f, \"bytes_s\": %.0f, \"raw_messages_s\": %.0f, "
           "\"raw_plain_messages_s\": %.0f, \"of_raw\": %.2f}",
           name, rate->session, rate->session * (double)size, rate->raw, rate->raw_plain,
           rate->session / rate->raw);
}

static void note_best(double *best, uint64_t count, int64_t took_ns)
{
    double rate = per_second(count, took_ns);
    *best = rate > *best ? rate : *best;
}

/* The best of several rounds of each, taken in turn, so that what else the machine does weighs on
 * neither more than on the other. */
static struct bench_rate measure_rate(struct bench_cluster *cluster, const char *sender,
                                      uint64_t count, size_t size)
{
    struct bench_rate best = {0};
    for (int i = 0; i < ROUND_COUNT; i++) {
        struct bench_result result = bench_cluster_run(cluster, sender, BENCH_BURST, count, size);
        note_best(&best.session, count, result.took_ns);
        note_best(&best.raw, count, bench_raw(count, size, true));
        note_best(&best.raw_plain, count, bench_raw(count, size, false));
    }
    return best;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--vat") == 0) {
        return bench_vat(argv[2]);
    }
    char program[BENCH_PATH_SIZE];
    ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);
    if (size <= 0 || (argc == 2 && strcmp(argv[1], "--json") != 0) || argc > 2) {
        (void)fprintf(stderr, "usage: session [--json]\n");
        return 2;
    }
    program[size] = '\0';
    size_t idle_size = bench_memory(SESSION_COUNT);
    struct bench_cluster cluster;
    bench_cluster_open(&cluster, program);
    (void)bench_cluster_run(&cluster, "early", BENCH_BURST, 1000, SMALL_SIZE);
    (void)bench_cluster_run(&cluster, "held", BENCH_BURST, 1000, SMALL_SIZE);
    int64_t sync_ns = 0;
    struct bench_result ping = measure_ping(&cluster, &sync_ns);
    struct bench_rate early_small = measure_rate(&cluster, "early", SMALL_COUNT, SMALL_SIZE);
    struct bench_rate early_large = measure_rate(&cluster, "early", LARGE_COUNT, LARGE_SIZE);
    struct bench_rate held_small = measure_rate(&cluster, "held", HELD_SMALL_COUNT, SMALL_SIZE);
    struct bench_rate held_large = measure_rate(&cluster, "held", HELD_LARGE_COUNT, LARGE_SIZE);
    int64_t resumes[RESUME_COUNT];
    for (int i = 0; i < RESUME_COUNT; i++) {
        resumes[i] = bench_cluster_resume(&cluster);
    }
    bench_cluster_close(&cluster);
    printf("{\"benchmark\": \"session\"");
    print_rate("early_100", &early_small, SMALL_SIZE);
    print_rate("early_16384", &early_large, LARGE_SIZE);
    print_rate("held_100", &held_small, SMALL_SIZE);
    print_rate("held_16384", &held_large, LARGE_SIZE);
    printf(", \"held_p50_us\": %" PRId64 ", \"held_p99_us\": %" PRId64
           ", \"fdatasync_p50_us\": %" PRId64,
           ping.p50_ns / 1000, ping.p99_ns / 1000, sync_ns / 1000);
    int64_t resume_ns = bench_percentile(resumes, RESUME_COUNT, 50);
    printf(", \"resume_ms\": %.1f, \"resume_ms_max\": %.1f", (double)resume_ns / 1e6,
           (double)bench_percentile(resumes, RESUME_COUNT, 100) / 1e6);
    printf(", \"idle_session_bytes\": %zu, \"idle_sessions\": %d}\n", idle_size, SESSION_COUNT);
    return 0;
}
