/* The cluster of the round benchmark: the coordinator as a process of its own, with CURVE, and the
 * agents' processes. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "docs/topology.h"
#include "round_bench.h"

enum { LINE_SIZE = 1024, PORT_FIRST = 12000, PORT_COUNT = 18000 };

int64_t round_now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_REALTIME, &time);
    return (int64_t)time.tv_sec * MN_SECOND + time.tv_nsec;
}

void round_sleep_ms(int64_t ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * MN_MS};
    (void)nanosleep(&time, NULL);
}

void round_die(const char *what)
{
    (void)fprintf(stderr, "round: %s failed: %s\n", what, strerror(errno));
    _exit(1);
}

/* Below those that the system hands out: a socket that connects to one of these while nobody
 * listens there may be given that very port, and then speaks to itself. */
int round_free_port(void)
{
    static int port = 0;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bool found = false;
    port = port == 0 ? PORT_FIRST + (int)getpid() % PORT_COUNT : port;
    for (int i = 0; !found && i < PORT_COUNT; i++) {
        port = port + 1 < PORT_FIRST + PORT_COUNT ? port + 1 : PORT_FIRST;
        address.sin_port = htons((in_port_t)port);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        found = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
        if (fd >= 0) {
            (void)close(fd);
        }
    }
    if (!found) {
        round_die("finding a port");
    }
    return port;
}

static void cluster_write_hosts(const struct round_cluster *cluster, FILE *file)
{
    const struct round_size *size = &cluster->size;
    mn_assert(size->rack > 0);
    (void)fprintf(file, "domains:\n");
    for (uint32_t i = 0; i * size->rack < size->hosts; i++) {
        (void)fprintf(file, "  r%u: {}\n", i);
    }
    for (uint32_t i = 0; i < size->keepers; i++) {
        (void)fprintf(file, "  rk%u: {}\n", i);
    }
    (void)fprintf(file, "hosts:\n");
    for (uint32_t i = 0; i < size->hosts; i++) {
        (void)fprintf(file,
                      "  h%u: {in: r%u, agent: \"tcp://127.0.0.1:9\", address: 127.0.0.1, key: "
                      "\"%s\"}\n",
                      i, i / size->rack, cluster->keys[i].public_key);
    }
    for (uint32_t i = 0; i < size->keepers; i++) {
        (void)fprintf(file,
                      "  k%u: {in: rk%u, agent: \"tcp://127.0.0.1:%d\", address: 127.0.0.1, key: "
                      "\"%s\"}\n",
                      i, i, round_free_port(), cluster->keeper_keys[i].public_key);
    }
    (void)fprintf(file, "keepers: [");
    for (uint32_t i = 0; i < size->keepers; i++) {
        (void)fprintf(file, "%sk%u", i > 0 ? ", " : "", i);
    }
    (void)fprintf(file, "]\nvats:\n");
    for (uint32_t i = 0; i < size->vats; i++) {
        (void)fprintf(file,
                      "  v%u: {host: h%u, command: [vat], sends: early, on_peer_rollback: "
                      "be_told}\n",
                      i, i % size->hosts);
    }
}

static void cluster_write(struct round_cluster *cluster)
{
    char path[ROUND_PATH_SIZE + 32];
    const struct round_size *size = &cluster->size;
    struct mn_keys operator_keys;
    (void)snprintf(path, sizeof path, "%s/coordinator.key", cluster->directory);
    cluster->keys = calloc(size->hosts, sizeof *cluster->keys);
    if (cluster->keys == NULL || mn_keys_make(&cluster->coordinator_keys, NULL) != MN_OK ||
        mn_keys_write(&cluster->coordinator_keys, path, NULL) != MN_OK ||
        mn_keys_make(&operator_keys, NULL) != MN_OK) {
        round_die("making keys");
    }
    (void)snprintf(path, sizeof path, "%s/operator.key", cluster->directory);
    if (mn_keys_write(&operator_keys, path, NULL) != MN_OK) {
        round_die("making keys");
    }
    for (uint32_t i = 0; i < size->hosts; i++) {
        if (mn_keys_make(&cluster->keys[i], NULL) != MN_OK) {
            round_die("making keys");
        }
    }
    for (uint32_t i = 0; i < size->keepers; i++) {
        (void)snprintf(path, sizeof path, "%s/k%u.key", cluster->directory, i);
        if (mn_keys_make(&cluster->keeper_keys[i], NULL) != MN_OK ||
            mn_keys_write(&cluster->keeper_keys[i], path, NULL) != MN_OK) {
            round_die("making keys");
        }
    }
    (void)snprintf(path, sizeof path, "%s/topology.yaml", cluster->directory);
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        round_die("writing the topology");
    }
    (void)snprintf(cluster->endpoint, sizeof cluster->endpoint, "tcp://127.0.0.1:%d",
                   round_free_port());
    (void)fprintf(file,
                  "topology: 1\ncoordinator: {agents: \"%s\", operators: \"tcp://127.0.0.1:%d\", "
                  "key: \"%s\"}\noperators: {bench: {key: \"%s\", role: watch}}\n"
                  "timing: {heartbeat_ms: %u, stale_ms: %u, suspect_ms: %u, lost_ms: %u}\n"
                  "checkpoints: {keep: %u, stores: %u}\npolicy: {approve: never}\n",
                  cluster->endpoint, round_free_port(), cluster->coordinator_keys.public_key,
                  operator_keys.public_key, size->heartbeat_ms, size->suspect_ms / 2,
                  size->suspect_ms, size->lost_ms, size->checkpoints, size->stores);
    cluster_write_hosts(cluster, file);
    if (fclose(file) != 0) {
        round_die("writing the topology");
    }
    struct topology *topology = NULL;
    struct mn_error error = {{0}};
    if (topology_load(path, &topology, &error) != MN_OK) {
        round_die(error.text);
    }
    cluster->size.numbering = topology->numbering;
    topology_destroy(&topology);
}

void round_cluster_start(struct round_cluster *cluster)
{
    char topology[ROUND_PATH_SIZE + 32];
    char key[ROUND_PATH_SIZE + 32];
    char data[ROUND_PATH_SIZE + 32];
    char log[ROUND_PATH_SIZE + 32];
    (void)snprintf(topology, sizeof topology, "%s/topology.yaml", cluster->directory);
    (void)snprintf(key, sizeof key, "%s/coordinator.key", cluster->directory);
    (void)snprintf(data, sizeof data, "%s/coordinator", cluster->directory);
    (void)snprintf(log, sizeof log, "%s/coordinator.log", cluster->directory);
    cluster->coordinator = fork();
    if (cluster->coordinator == 0) {
        int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
        cpu_set_t cores;
        CPU_ZERO(&cores);
        CPU_SET((size_t)(cluster->core < 0 ? 0 : cluster->core), &cores);
        if (fd < 0 || dup2(fd, 2) < 0 ||
            (cluster->core >= 0 && sched_setaffinity(0, sizeof cores, &cores) != 0)) {
            _exit(99);
        }
        (void)execl(MNEME_BUILD "/bin/mneme-coordinator", "mneme-coordinator", "--topology",
                    topology, "--key", key, "--data", data, (char *)NULL);
        _exit(98);
    }
    if (cluster->coordinator < 0) {
        round_die("starting the coordinator");
    }
}

void round_cluster_kill(struct round_cluster *cluster)
{
    if (cluster->coordinator > 0) {
        (void)kill(cluster->coordinator, SIGKILL);
        (void)waitpid(cluster->coordinator, NULL, 0);
    }
    cluster->coordinator = 0;
}

/* The keepers are agents as they are, each with its records on the disk: on the one that the
 * coordinator has too, which they would not share elsewhere. */
static void cluster_keepers(struct round_cluster *cluster)
{
    char topology[ROUND_PATH_SIZE + 32];
    char key[ROUND_PATH_SIZE + 32];
    char data[ROUND_PATH_SIZE + 32];
    char log[ROUND_PATH_SIZE + 32];
    char host[16];
    (void)snprintf(topology, sizeof topology, "%s/topology.yaml", cluster->directory);
    for (uint32_t i = 0; i < cluster->size.keepers; i++) {
        (void)snprintf(host, sizeof host, "k%u", i);
        (void)snprintf(key, sizeof key, "%s/%s.key", cluster->directory, host);
        (void)snprintf(data, sizeof data, "%s/%s", cluster->directory, host);
        (void)snprintf(log, sizeof log, "%s/%s.log", cluster->directory, host);
        cluster->keepers[i] = fork();
        if (cluster->keepers[i] == 0) {
            int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
            if (fd < 0 || dup2(fd, 2) < 0) {
                _exit(99);
            }
            (void)execl(MNEME_BUILD "/bin/mneme-agent", "mneme-agent", "--topology", topology,
                        "--host", host, "--key", key, "--data", data, (char *)NULL);
            _exit(98);
        }
        if (cluster->keepers[i] < 0) {
            round_die("starting a keeper");
        }
    }
}

/* Their descriptors bound how many agents a process has. */
static void cluster_agents(struct round_cluster *cluster)
{
    uint32_t hosts = cluster->size.hosts;
    for (uint32_t first = 0; first < hosts; first += ROUND_PROCESS_HOST_COUNT) {
        uint32_t end =
            hosts - first > ROUND_PROCESS_HOST_COUNT ? first + ROUND_PROCESS_HOST_COUNT : hosts;
        pid_t child = fork();
        if (child == 0) {
            round_agents(cluster, first, end);
        }
        if (child < 0) {
            round_die("starting agents");
        }
        cluster->agents[cluster->agent_count++] = child;
    }
}

void round_cluster_open(struct round_cluster *cluster, const struct round_size *size, int core,
                        bool agents)
{
    memset(cluster, 0, sizeof *cluster);
    cluster->size = *size;
    cluster->core = core;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        round_die("reading the limit of descriptors");
    }
    limit.rlim_cur = limit.rlim_max;
    (void)snprintf(cluster->directory, sizeof cluster->directory, "%s/bench-round-XXXXXX",
                   MNEME_BUILD);
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || mkdtemp(cluster->directory) == NULL) {
        round_die("making a directory");
    }
    cluster->shared = mmap(NULL, sizeof *cluster->shared, PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (cluster->shared == MAP_FAILED) {
        round_die("shared memory");
    }
    cluster_write(cluster);
    cluster_keepers(cluster);
    round_cluster_start(cluster);
    if (agents) {
        cluster_agents(cluster);
    }
}

static int cluster_delete(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

void round_cluster_close(struct round_cluster *cluster)
{
    atomic_store(&cluster->shared->ended, true);
    for (uint32_t i = 0; i < cluster->agent_count; i++) {
        (void)waitpid(cluster->agents[i], NULL, 0);
    }
    round_cluster_kill(cluster);
    for (uint32_t i = 0; i < cluster->size.keepers; i++) {
        (void)kill(cluster->keepers[i], SIGKILL);
        (void)waitpid(cluster->keepers[i], NULL, 0);
    }
    free(cluster->keys);
    (void)munmap(cluster->shared, sizeof *cluster->shared);
    if (getenv("ROUND_KEEP") == NULL &&
        nftw(cluster->directory, cluster_delete, 16, FTW_DEPTH | FTW_PHYS) != 0) {
        round_die("deleting what the benchmark left");
    }
}

int64_t round_cluster_cpu(const struct round_cluster *cluster)
{
    clockid_t clock;
    struct timespec time = {0, 0};
    if (clock_getcpuclockid(cluster->coordinator, &clock) != 0 ||
        clock_gettime(clock, &time) != 0) {
        round_die("reading the coordinator's processor time");
    }
    return (int64_t)time.tv_sec * MN_SECOND + time.tv_nsec;
}

int64_t round_cluster_bytes(const struct round_cluster *cluster)
{
    char path[64];
    char line[LINE_SIZE];
    (void)snprintf(path, sizeof path, "/proc/%d/statm", (int)cluster->coordinator);
    FILE *file = fopen(path, "re");
    if (file == NULL || fgets(line, sizeof line, file) == NULL || strchr(line, ' ') == NULL) {
        round_die("reading the coordinator's memory");
    }
    (void)fclose(file);
    int64_t pages = strtoll(strchr(line, ' '), NULL, 10);
    return pages * sysconf(_SC_PAGESIZE);
}

/* 2026-01-31T12:00:00.000Z */
static int64_t line_time(const char *line)
{
    struct tm parts = {0};
    const char *rest = strptime(line, "%Y-%m-%dT%H:%M:%S", &parts);
    if (rest == NULL || *rest != '.') {
        return 0;
    }
    return (int64_t)timegm(&parts) * MN_SECOND + strtol(rest + 1, NULL, 10) * MN_MS;
}

static FILE *log_open(const struct round_cluster *cluster)
{
    char path[ROUND_PATH_SIZE + 32];
    (void)snprintf(path, sizeof path, "%s/coordinator.log", cluster->directory);
    return fopen(path, "re");
}

void round_cluster_log_from_here(struct round_cluster *cluster)
{
    FILE *file = log_open(cluster);
    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (cluster->log_from = ftell(file)) < 0) {
        round_die("reading the coordinator's log");
    }
    (void)fclose(file);
}

int64_t round_cluster_logged(const struct round_cluster *cluster, int64_t since, const char *word,
                             const char *other, bool last)
{
    char line[LINE_SIZE];
    int64_t found = 0;
    FILE *file = log_open(cluster);
    if (file != NULL && fseek(file, cluster->log_from, SEEK_SET) != 0) {
        round_die("reading the coordinator's log");
    }
    while (file != NULL && (last || found == 0) && fgets(line, sizeof line, file) != NULL) {
        if (strstr(line, word) != NULL && strstr(line, other) != NULL && line_time(line) >= since) {
            found = line_time(line);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return found;
}
