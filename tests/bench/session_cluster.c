/* The cluster of the session benchmark: the real coordinator and agents on loopback, with CURVE,
 * and each checkpoint copied to one other store, as a small installation would run them. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "session_bench.h"

enum { WAIT_MS_MAX = 120000, KEY_COUNT = BENCH_HOST_COUNT + 2, PORT_COUNT = BENCH_HOST_COUNT + 2 };

static void cluster_ports(int *ports)
{
    int fds[PORT_COUNT];
    for (int i = 0; i < PORT_COUNT; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof address;
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fds[i] < 0 || bind(fds[i], (struct sockaddr *)&address, sizeof address) != 0 ||
            getsockname(fds[i], (struct sockaddr *)&address, &size) != 0) {
            bench_die("no free port");
        }
        ports[i] = ntohs(address.sin_port);
    }
    for (int i = 0; i < PORT_COUNT; i++) {
        (void)close(fds[i]);
    }
}

static void cluster_write(const struct bench_cluster *cluster, const char *program,
                          const struct mn_keys *keys, const int *ports)
{
    char path[BENCH_PATH_SIZE + 32];
    (void)snprintf(path, sizeof path, "%s/topology.yaml", cluster->directory);
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        bench_die("cannot write the topology");
    }
    (void)fprintf(file,
                  "topology: 1\ncoordinator: {agents: \"tcp://127.0.0.1:%d\", operators: "
                  "\"tcp://127.0.0.1:%d\", key: \"%s\"}\n"
                  "operators: {bench: {key: \"%s\", role: operate}}\n"
                  "domains: {r1: {}, r2: {}, r3: {}}\nhosts:\n",
                  ports[BENCH_HOST_COUNT], ports[BENCH_HOST_COUNT + 1],
                  keys[BENCH_HOST_COUNT].public_key, keys[BENCH_HOST_COUNT + 1].public_key);
    for (int i = 0; i < BENCH_HOST_COUNT; i++) {
        (void)fprintf(file,
                      "  h%d: {in: r%d, agent: \"tcp://127.0.0.1:%d\", address: 127.0.0.1, "
                      "key: \"%s\"}\n",
                      i + 1, i + 1, ports[i], keys[i].public_key);
    }
    static const char *const vats[] = {"early", "held", "receiver"};
    (void)fprintf(file, "vats:\n");
    for (int i = 0; i < 3; i++) {
        (void)fprintf(file, "  %s: {host: h%d, command: [\"%s\", --vat, \"%s\"], sends: %s}\n",
                      vats[i], i == 2 ? 2 : 1, program, cluster->directory,
                      i == 0 ? "early" : "held");
    }
    /* One vat of three is a large part of all, and nobody is there to approve of its revival. */
    (void)fprintf(file,
                  "timing: {heartbeat_ms: 100, stale_ms: 1000, suspect_ms: 2000, lost_ms: "
                  "5000}\ncheckpoints: {interval_ms: 5000, latency_ms: 0, keep: 2, stores: 2}\n"
                  "policy: {approve: never}\n");
    if (fclose(file) != 0) {
        bench_die("cannot write the topology");
    }
}

static pid_t cluster_spawn(const struct bench_cluster *cluster, const char *log, char *const *argv)
{
    char path[BENCH_PATH_SIZE + 64];
    (void)snprintf(path, sizeof path, "%s/%s.log", cluster->directory, log);
    pid_t child = fork();
    if (child == 0) {
        int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
        if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0) {
            _exit(99);
        }
        execv(argv[0], argv);
        _exit(98);
    }
    if (child < 0) {
        bench_die("cannot start a process");
    }
    return child;
}

static void cluster_start(struct bench_cluster *cluster)
{
    char topology[BENCH_PATH_SIZE + 32];
    char key[BENCH_PATH_SIZE + 32];
    char data[BENCH_PATH_SIZE + 32];
    (void)snprintf(topology, sizeof topology, "%s/topology.yaml", cluster->directory);
    (void)snprintf(key, sizeof key, "%s/%d.key", cluster->directory, BENCH_HOST_COUNT);
    (void)snprintf(data, sizeof data, "%s/coordinator", cluster->directory);
    char *coordinator[] = {MNEME_BUILD "/bin/mneme-coordinator",
                           "--topology",
                           topology,
                           "--key",
                           key,
                           "--data",
                           data,
                           NULL};
    cluster->coordinator = cluster_spawn(cluster, "coordinator", coordinator);
    for (int i = 0; i < BENCH_HOST_COUNT; i++) {
        char host[16];
        (void)snprintf(host, sizeof host, "h%d", i + 1);
        (void)snprintf(key, sizeof key, "%s/%d.key", cluster->directory, i);
        (void)snprintf(data, sizeof data, "%s/h%d", cluster->directory, i + 1);
        char *agent[] = {MNEME_BUILD "/bin/mneme-agent",
                         "--topology",
                         topology,
                         "--host",
                         host,
                         "--key",
                         key,
                         "--data",
                         data,
                         NULL};
        cluster->agents[i] = cluster_spawn(cluster, host, agent);
    }
}

void bench_cluster_open(struct bench_cluster *cluster, const char *program)
{
    memset(cluster, 0, sizeof *cluster);
    (void)snprintf(cluster->directory, sizeof cluster->directory, "%s/bench-session-XXXXXX",
                   MNEME_BUILD);
    if (mkdtemp(cluster->directory) == NULL) {
        bench_die("cannot make a directory");
    }
    struct mn_keys keys[KEY_COUNT];
    int ports[PORT_COUNT];
    for (int i = 0; i < KEY_COUNT; i++) {
        char path[BENCH_PATH_SIZE + 32];
        (void)snprintf(path, sizeof path, "%s/%d.key", cluster->directory, i);
        if (mn_keys_make(&keys[i], NULL) != MN_OK || mn_keys_write(&keys[i], path, NULL) != MN_OK) {
            bench_die("cannot make keys");
        }
    }
    cluster_ports(ports);
    cluster_write(cluster, program, keys, ports);
    cluster_start(cluster);
}

static void cluster_stop(pid_t pid)
{
    if (pid > 0) {
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
    }
}

static int cluster_delete(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

void bench_cluster_close(struct bench_cluster *cluster)
{
    for (int i = 0; i < BENCH_HOST_COUNT; i++) {
        cluster_stop(cluster->agents[i]);
    }
    cluster_stop(cluster->coordinator);
    static const char *const vats[] = {"early", "held", "receiver"};
    for (int i = 0; i < 3; i++) {
        char file[32];
        int64_t pid = 0;
        (void)snprintf(file, sizeof file, "%s%s", i == 2 ? "" : "pid-", vats[i]);
        if (bench_get(cluster->directory, file, &pid, sizeof pid)) {
            (void)kill((pid_t)pid, SIGKILL);
        }
    }
    (void)usleep(100000);
    if (nftw(cluster->directory, cluster_delete, 16, FTW_DEPTH | FTW_PHYS) != 0) {
        bench_die("cannot delete what the benchmark left");
    }
}

static void cluster_order(struct bench_cluster *cluster, const char *sender, enum bench_kind kind,
                          uint64_t count, size_t size)
{
    char file[64];
    struct bench_order order = {
        .stage = ++cluster->stage, .kind = kind, .count = count, .size = size};
    (void)snprintf(file, sizeof file, "go-%s", sender);
    if (!bench_put(cluster->directory, file, &order, sizeof order)) {
        bench_die("cannot write an order");
    }
}

static void cluster_wait(const struct bench_cluster *cluster, const char *file, void *bytes,
                         size_t size)
{
    int64_t end = bench_now() + WAIT_MS_MAX * MN_MS;
    while (!bench_get(cluster->directory, file, bytes, size)) {
        if (bench_now() >= end) {
            (void)fprintf(stderr, "session: see the logs in %s\n", cluster->directory);
            bench_die("a vat did not do within 120 s what it was told to");
        }
        (void)usleep(2000);
    }
}

struct bench_result bench_cluster_run(struct bench_cluster *cluster, const char *sender,
                                      enum bench_kind kind, uint64_t count, size_t size)
{
    char file[64];
    struct bench_result result;
    cluster_order(cluster, sender, kind, count, size);
    (void)snprintf(file, sizeof file, "result-%llu", (unsigned long long)cluster->stage);
    cluster_wait(cluster, file, &result, sizeof result);
    return result;
}

int64_t bench_cluster_resume(struct bench_cluster *cluster)
{
    int64_t pid = 0;
    int64_t resumed[2] = {0, 0};
    cluster_order(cluster, "early", BENCH_DRIP, UINT64_MAX, 100);
    (void)usleep(500000);
    cluster_wait(cluster, "receiver", &pid, sizeof pid);
    (void)kill((pid_t)pid, SIGKILL);
    int64_t end = bench_now() + WAIT_MS_MAX * MN_MS;
    do {
        (void)usleep(2000);
        cluster_wait(cluster, "resumed", resumed, sizeof resumed);
    } while (resumed[0] == pid && bench_now() < end);
    return resumed[1];
}
