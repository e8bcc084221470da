/* The demo's cluster: its keys, its topology, its processes, and how a host burns. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "demo/demo.h"
#include "net/net.h"

/* Ports that nobody uses now, all different because all are held until the last is known. */
static bool cluster_ports(int *ports, int count)
{
    int fds[DEMO_HOST_COUNT + 2];
    int opened = 0;
    bool fine = true;
    for (; opened < count; opened++) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof address;
        fds[opened] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fds[opened] < 0 ||
            bind(fds[opened], (struct sockaddr *)&address, sizeof address) != 0 ||
            getsockname(fds[opened], (struct sockaddr *)&address, &size) != 0) {
            fine = false;
            opened += fds[opened] >= 0 ? 1 : 0;
            break;
        }
        ports[opened] = ntohs(address.sin_port);
    }
    for (int i = 0; i < opened; i++) {
        (void)close(fds[i]);
    }
    return fine;
}

/* A key made as an operator makes it: with `mneme keygen`. */
static mn_result cluster_make_key(struct demo *demo, const char *file, char *public_key)
{
    char program[DEMO_PATH_MAX + 16];
    (void)snprintf(program, sizeof program, "%s/mneme", demo->programs);
    char *argv[] = {program, "keygen", (char *)file, NULL};
    char *output = NULL;
    int status = demo_run(argv, &output);
    free(output);
    struct mn_keys keys;
    if (status != 0) {
        mn_error_set(&demo->error, "mneme keygen %s ended with status %d", file, status);
        return MN_IO;
    }
    mn_result result = mn_keys_read(&keys, file, &demo->error);
    if (result == MN_OK) {
        memcpy(public_key, keys.public_key, MN_KEY_TEXT_SIZE);
    }
    return result;
}

static void cluster_write_hosts(const struct demo *demo, FILE *file)
{
    (void)fprintf(file, "domains: {r1: {}, r2: {}, r3: {}}\nhosts:\n");
    for (int i = 0; i < DEMO_HOST_COUNT; i++) {
        const struct demo_host *host = &demo->hosts[i];
        (void)fprintf(file, "  %s: {in: %s, agent: \"tcp://%s:%d\", address: %s, key: \"%s\"}\n",
                      host->name, host->rack, host->address, host->port, host->address,
                      host->public_key);
    }
}

static void cluster_write_vats(const struct demo *demo, FILE *file)
{
    (void)fprintf(file, "vats:\n");
    for (int i = 0; i < DEMO_VAT_COUNT; i++) {
        const struct demo_vat *vat = &demo->vats[i];
        (void)fprintf(file, "  %s: {host: %s, command: [\"%s/bank\", --peers, \"", vat->name,
                      demo->hosts[vat->host].name, demo->programs);
        const char *comma = "";
        for (int k = 0; k < DEMO_VAT_COUNT; k++) {
            if (k != i && demo->vats[k].name[0] == vat->name[0]) {
                (void)fprintf(file, "%s%s", comma, demo->vats[k].name);
                comma = ",";
            }
        }
        (void)fprintf(file,
                      "\", --accounts, \"%d\", --rate, \"200\", --stop-file, \"%s\", "
                      "--statements, \"%s\"]}\n",
                      DEMO_ACCOUNT_COUNT, demo->stop_file, demo->statements);
    }
}

static mn_result cluster_write_topology(struct demo *demo)
{
    FILE *file = fopen(demo->topology, "we");
    if (file == NULL) {
        mn_error_set(&demo->error, "cannot write %s: %s", demo->topology, strerror(errno));
        return mn_result_from_errno(errno);
    }
    (void)fprintf(file,
                  "# The demo's cluster: 3 racks of 2 hosts, two banks of 6 vats each.\n"
                  "topology: 1\n"
                  "coordinator: {agents: \"tcp://%s:%d\", operators: "
                  "\"tcp://127.0.0.1:%d\", key: \"%s\"}\n"
                  "operators: {demo: {key: \"%s\", role: approve}}\n%s",
                  demo_net_address(&demo->net, false), demo->agents_port, demo->operators_port,
                  demo->coordinator_public, demo->operator_public,
                  demo->which == DEMO_TOTAL ? "policy: {approve: {share: 1, unsure: false}}\n"
                                            : "policy: {approve: never}\n");
    cluster_write_hosts(demo, file);
    cluster_write_vats(demo, file);
    (void)fprintf(file, "timing: {heartbeat_ms: 50, stale_ms: 150, suspect_ms: 200, lost_ms: 500, "
                        "settle_ms: 5000, collect_ms: 1000, copy_ms: 250, connect_ms: 400}\n"
                        "checkpoints: {interval_ms: 200, full_every: 8, keep: 8, stores: 2}\n");
    bool failed = ferror(file) != 0;
    if (fclose(file) != 0 || failed) {
        mn_error_set(&demo->error, "cannot write %s: %s", demo->topology, strerror(errno));
        return MN_IO;
    }
    return MN_OK;
}

static void cluster_name_all(struct demo *demo)
{
    char base[DEMO_PATH_MAX]; /* apart from what is written, so that nothing overlaps */
    (void)snprintf(base, sizeof base, "%.400s", demo->directory);
    for (int i = 0; i < DEMO_HOST_COUNT; i++) {
        struct demo_host *host = &demo->hosts[i];
        int rack = i / (DEMO_HOST_COUNT / DEMO_RACK_COUNT);
        (void)snprintf(host->name, sizeof host->name, "h%d", i + 1);
        (void)snprintf(host->rack, sizeof host->rack, "r%d", rack + 1);
        bool far = demo->net.open && rack == DEMO_LOST_RACK;
        host->address = demo_net_address(&demo->net, far);
        host->far = far;
        (void)snprintf(host->directory, sizeof host->directory, "%.400s/hosts/h%d", base, i + 1);
        (void)snprintf(host->key_file, sizeof host->key_file, "%.400s/keys/h%d.key", base, i + 1);
    }
    for (int i = 0; i < DEMO_VAT_COUNT; i++) {
        struct demo_vat *vat = &demo->vats[i];
        char bank = i < DEMO_HOST_COUNT ? 'x' : 'y';
        vat->bank = i < DEMO_HOST_COUNT ? DEMO_BANK_X : DEMO_BANK_Y;
        vat->host = i % DEMO_HOST_COUNT;
        (void)snprintf(vat->name, sizeof vat->name, "%c%d", bank, vat->host + 1);
    }
    (void)snprintf(demo->topology, sizeof demo->topology, "%.400s/topology.yaml", base);
    (void)snprintf(demo->stop_file, sizeof demo->stop_file, "%.400s/stop", base);
    (void)snprintf(demo->statements, sizeof demo->statements, "%.400s/statements", base);
    (void)snprintf(demo->operator_key, sizeof demo->operator_key, "%.400s/keys/operator.key", base);
    (void)snprintf(demo->coordinator_key, sizeof demo->coordinator_key,
                   "%.400s/keys/coordinator.key", base);
}

static mn_result cluster_make_directory(struct demo *demo, const char *below)
{
    char path[DEMO_PATH_MAX + 64];
    (void)snprintf(path, sizeof path, "%s%s", demo->directory, below);
    if (mkdir(path, 0755) != 0 && errno != EEXIST) {
        mn_error_set(&demo->error, "cannot make the directory %s: %s", path, strerror(errno));
        return mn_result_from_errno(errno);
    }
    return MN_OK;
}

mn_result demo_lay_out(struct demo *demo)
{
    if (demo->which == DEMO_PARTITION) {
        mn_result opened = demo_net_open(&demo->net, demo->proxy, &demo->error);
        if (opened != MN_OK) {
            return opened;
        }
    }
    cluster_name_all(demo);
    if (!demo_delete(demo->directory)) {
        mn_error_set(&demo->error, "cannot delete what an earlier run left in %s: %s",
                     demo->directory, strerror(errno));
        return mn_result_from_errno(errno);
    }
    const char *below[] = {"", "/keys", "/hosts", "/logs"};
    for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
        mn_result result = cluster_make_directory(demo, below[i]);
        if (result != MN_OK) {
            return result;
        }
    }
    int ports[DEMO_HOST_COUNT + 2];
    if (!cluster_ports(ports, DEMO_HOST_COUNT + 2)) {
        mn_error_set(&demo->error, "no free ports on 127.0.0.1: %s", strerror(errno));
        return MN_IO;
    }
    demo->agents_port = ports[DEMO_HOST_COUNT];
    demo->operators_port = ports[DEMO_HOST_COUNT + 1];
    mn_result result = cluster_make_key(demo, demo->coordinator_key, demo->coordinator_public);
    if (result == MN_OK) {
        result = cluster_make_key(demo, demo->operator_key, demo->operator_public);
    }
    for (int i = 0; i < DEMO_HOST_COUNT && result == MN_OK; i++) {
        demo->hosts[i].port = ports[i];
        result = cluster_make_key(demo, demo->hosts[i].key_file, demo->hosts[i].public_key);
    }
    return result == MN_OK ? cluster_write_topology(demo) : result;
}

static mn_result cluster_spawn(struct demo *demo, const char *name, char *const argv[],
                               char *variable, bool far, pid_t *pid)
{
    char log[DEMO_PATH_MAX + 64];
    (void)snprintf(log, sizeof log, "%s/logs/%s.log", demo->directory, name);
    pid_t child = demo_spawn(demo, argv, variable, log, far);
    if (child <= 0) {
        mn_error_set(&demo->error, "cannot start %s (log %s): %s", argv[0], log, strerror(errno));
        return MN_IO;
    }
    *pid = child;
    return MN_OK;
}

mn_result demo_start_coordinator(struct demo *demo, bool crash_at_decided)
{
    char program[DEMO_PATH_MAX + 32];
    char data[DEMO_PATH_MAX + 32];
    (void)snprintf(program, sizeof program, "%s/mneme-coordinator", demo->programs);
    (void)snprintf(data, sizeof data, "%s/coordinator", demo->directory);
    char *argv[] = {program, "--topology", demo->topology, "--key", demo->coordinator_key, "--data",
                    data,    NULL};
    char crash[] = "MNEME_REHEARSE=crash-at=decided";
    return cluster_spawn(demo, "coordinator", argv, crash_at_decided ? crash : NULL, false,
                         &demo->coordinator);
}

mn_result demo_start_agent(struct demo *demo, int index)
{
    struct demo_host *host = &demo->hosts[index];
    char program[DEMO_PATH_MAX + 32];
    char log_name[32];
    (void)snprintf(program, sizeof program, "%s/mneme-agent", demo->programs);
    (void)snprintf(log_name, sizeof log_name, "agent-%s", host->name);
    char *argv[] = {program, "--topology",   demo->topology, "--host",        host->name,
                    "--key", host->key_file, "--data",       host->directory, NULL};
    return cluster_spawn(demo, log_name, argv, NULL, host->far, &host->agent);
}
