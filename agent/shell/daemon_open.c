/* Opening and closing the daemon: configuration, files, sockets, and what is remembered. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon_private.h"

static mn_result open_topology(struct daemon *daemon, const struct agent_options *options,
                               struct mn_error *error)
{
    mn_result result = topology_load(options->topology, &daemon->topology, error);
    if (result != MN_OK) {
        return result;
    }
    daemon->own = topology_find_host(daemon->topology, options->host);
    if (daemon->own == TOPOLOGY_NONE) {
        mn_error_set(error, "--host %s: no such host in %s", options->host, options->topology);
        return MN_BAD_INPUT;
    }
    result = mn_keys_read(&daemon->keys, options->key, error);
    if (result != MN_OK) {
        return result;
    }
    if (strcmp(daemon->keys.public_key, daemon->topology->hosts[daemon->own].key) != 0) {
        mn_error_set(error, "--key %s is not the key of %s: its public key is %s, %s says %s",
                     options->key, options->host, daemon->keys.public_key, options->topology,
                     daemon->topology->hosts[daemon->own].key);
        return MN_DENIED;
    }
    char *absolute = realpath(options->key, NULL); /* before the working directory changes */
    if (absolute == NULL || strlen(absolute) >= sizeof daemon->key_file) {
        mn_error_set(error, "the path of --key %s is too long", options->key);
        free(absolute);
        return MN_TOO_LARGE;
    }
    (void)snprintf(daemon->key_file, sizeof daemon->key_file, "%s", absolute);
    free(absolute);
    return MN_OK;
}

static mn_result open_directory(const char *path, struct mn_error *error)
{
    if ((mkdir(path, 0700) != 0 && errno != EEXIST) || chdir(path) != 0) {
        mn_error_set(error, "cannot use the data directory %s: %s", path, strerror(errno));
        return mn_result_from_errno(errno);
    }
    if (mkdir("log", 0700) != 0 && errno != EEXIST) {
        mn_error_set(error, "cannot write into the data directory %s: %s", path, strerror(errno));
        return mn_result_from_errno(errno);
    }
    return MN_OK;
}

/* A host's number in the core is its index in the topology; so is a vat's. */
static mn_result make_directory(struct daemon *daemon)
{
    const struct topology *topology = daemon->topology;
    struct agent_host *hosts = calloc(topology->host_count, sizeof *hosts);
    struct mn_name *vats = calloc(topology->vat_count + 1, sizeof *vats);
    bool *early = calloc(topology->vat_count + 1, sizeof *early);
    mn_result result = MN_NO_MEMORY;
    if (hosts != NULL && vats != NULL && early != NULL) {
        for (size_t i = 0; i < topology->host_count; i++) {
            hosts[i].name = mn_name_of(topology->hosts[i].name);
            hosts[i].domain = topology->hosts[i].domain;
            memcpy(hosts[i].key, topology->hosts[i].key, MN_KEY_TEXT_LENGTH);
        }
        for (size_t i = 0; i < topology->vat_count; i++) {
            vats[i] = mn_name_of(topology->vats[i].name);
            early[i] = topology->vats[i].early;
        }
        result = agent_directory_new(&daemon->directory, hosts, (uint32_t)topology->host_count,
                                     vats, (uint32_t)topology->vat_count, early);
    }
    free(hosts);
    free(vats);
    free(early);
    return result;
}

static mn_result open_agent(struct daemon *daemon, struct mn_error *error)
{
    const struct topology *topology = daemon->topology;
    const struct topology_host *own = &topology->hosts[daemon->own];
    mn_result result = make_directory(daemon);
    if (result == MN_OK) {
        struct agent_config config = {
            .directory = daemon->directory,
            .numbering = topology->numbering,
            .own = daemon->own,
            .tell_keys = true,
            .store = daemon->store.root,
            .key_file = daemon->key_file,
            .heartbeat_ms = (uint32_t)topology->timing.heartbeat_ms,
            .copy_ms = (uint32_t)topology->timing.copy_ms,
            .connect_ms = (uint32_t)topology->timing.connect_ms,
            .send_ms = (uint32_t)topology->timing.send_ms,
            .latency_ms = (uint32_t)topology->checkpoints.latency_ms,
            .interval_ms = (uint32_t)topology->checkpoints.interval_ms,
            .full_every = (uint32_t)topology->checkpoints.full_every,
            .keep_count = (uint32_t)topology->checkpoints.keep,
            .stores = (uint32_t)topology->checkpoints.stores,
            .scrub_ms = (uint32_t)topology->checkpoints.scrub_ms,
        };
        while (config.disk == 0) {
            randombytes_buf(&config.disk, sizeof config.disk);
        }
        (void)snprintf(config.agent.text, sizeof config.agent.text, "%s", own->agent);
        (void)snprintf(config.address.text, sizeof config.address.text, "tcp://%s:*", own->address);
        result = agent_new(&daemon->agent, &config);
    }
    if (result != MN_OK) {
        mn_error_set(error, "cannot make the agent: %s", mn_result_text(result));
    }
    return result;
}

static mn_result load_record(void *context, const char *key, const void *bytes, size_t size)
{
    struct daemon *daemon = context;
    (void)key;
    struct mn_arena arena;
    mn_arena_init(&arena, 0);
    struct mn_agent_record record;
    mn_result result = mn_agent_record_decode(bytes, size, &arena, &record);
    /* What an operator has taken away is not there any more. */
    bool gone = result == MN_OK && record.kind == MN_AGENT_ASIDE && record.aside.count > 0 &&
                !agent_store_aside(&daemon->store, &record.aside.vat, record.aside.run);
    if (result == MN_OK && !gone) {
        struct agent_event event = {.kind = AGENT_ON_RECORD, .record = &record};
        agent_daemon_step(daemon, &event);
        result = daemon->result;
    }
    mn_arena_deinit(&arena);
    return result;
}

static void open_signal(void *context, int fd)
{
    struct daemon *daemon = context;
    struct signalfd_siginfo info;
    if (read(fd, &info, sizeof info) == sizeof info) {
        mn_log(MN_LOG_INFO, "ending", "signal=%u text=\"the vats live on\"", info.ssi_signo);
        daemon->stop = true;
    }
}

static mn_result load_step(struct daemon *daemon, const struct agent_event *event)
{
    agent_daemon_step(daemon, event);
    open_signal(daemon, daemon->signals); /* a large store takes long to scan, an end must not */
    return daemon->stop && daemon->result == MN_OK ? MN_AGAIN : daemon->result;
}

static mn_result load_file(void *context, const struct agent_file_facts *facts)
{
    struct daemon *daemon = context;
    struct agent_event event = {.kind = AGENT_ON_FILE, .file = facts};
    return load_step(daemon, &event);
}

static mn_result load_unread_file(void *context, const struct mn_name *vat, mn_epoch epoch)
{
    struct agent_event event = {.kind = AGENT_ON_FILE_UNREAD};
    event.unread.vat = *vat;
    event.unread.epoch = epoch;
    return load_step(context, &event);
}

static void load_bad_file(void *context, const char *text)
{
    (void)context;
    char quoted[MN_LOG_LINE_SIZE_MAX - 256];
    mn_log(MN_LOG_ERROR, "checkpoint_file_refused", "text=%s",
           mn_log_quote(quoted, sizeof quoted, text));
}

static void open_complain(const char *text)
{
    char quoted[MN_ERROR_TEXT_SIZE_MAX + 64];
    mn_log(MN_LOG_ERROR, "records_not_written", "text=%s",
           mn_log_quote(quoted, sizeof quoted, text));
}

static mn_result open_files(struct daemon *daemon, struct mn_error *error)
{
    mn_result result = agent_ledger_open(&daemon->ledger, "agent.db", error);
    if (result == MN_OK) {
        result = agent_store_open(&daemon->store, "store", error);
    }
    if (result == MN_OK) {
        result = open_agent(daemon, error);
    }
    if (result == MN_OK) {
        result = agent_ledger_read(daemon->ledger, load_record, daemon, error);
    }
    if (result == MN_OK) {
        result = agent_store_scan(&daemon->store, load_file, load_unread_file, load_bad_file,
                                  daemon, error);
    }
    if (result == MN_OK) {
        result =
            agent_disk_start(&daemon->disk, daemon->ledger, &daemon->store, open_complain, error);
    }
    if (result != MN_OK) {
        mn_error_set(error, "cannot open the data directory: %s", mn_result_text(result));
    }
    return result;
}

static void open_disk_ready(void *context, int fd)
{
    (void)fd;
    agent_daemon_jobs_done(context);
}

static void open_exited(void *context, const struct mn_name *vat, uint32_t pid, const char *reason)
{
    struct agent_event event = {.kind = AGENT_ON_EXITED};
    event.process.vat = *vat;
    event.process.pid = pid;
    event.process.reason = reason;
    agent_daemon_step(context, &event);
}

static void open_found(void *context, const struct mn_name *vat, const struct mn_start *start,
                       uint32_t pid, uint64_t pid_started)
{
    struct agent_event event = {.kind = AGENT_ON_LIVES};
    event.process.vat = *vat;
    event.process.start = start;
    event.process.pid = pid;
    event.process.pid_started = pid_started;
    agent_daemon_step(context, &event);
}

static void open_probed(void *context, uint64_t probe, const struct mn_name *host,
                        const enum mn_probe_answer *answers, uint32_t count)
{
    struct agent_event event = {.kind = AGENT_ON_PROBE_ANSWERED};
    event.probe.probe = probe;
    event.probe.host = *host;
    event.probe.answers = answers;
    event.probe.answer_count = count;
    agent_daemon_step(context, &event);
}

static mn_result open_sockets(struct daemon *daemon, struct mn_error *error)
{
    const struct topology *topology = daemon->topology;
    mn_time age_max = topology->timing.heartbeat_ms * 2 * MN_MS;
    mn_result result =
        mn_router_bind(daemon->net, topology->hosts[daemon->own].agent, "agents",
                       agent_daemon_from_host, daemon, NULL, 0, &daemon->agents, error);
    if (result == MN_OK) {
        result = mn_router_bind(daemon->net, AGENT_VATS_ENDPOINT, "vats", agent_daemon_from_vat,
                                daemon, NULL, 0, &daemon->vats, error);
    }
    if (result == MN_OK) {
        result = agent_outlet_open(&daemon->coordinator, daemon->net, topology->coordinator.agents,
                                   topology->coordinator.key, age_max,
                                   agent_daemon_from_coordinator, daemon, error);
    }
    daemon->hosts = calloc(topology->host_count, sizeof *daemon->hosts);
    daemon->refused_hosts = calloc(topology->host_count, sizeof *daemon->refused_hosts);
    if (result == MN_OK && (daemon->hosts == NULL || daemon->refused_hosts == NULL)) {
        result = MN_NO_MEMORY;
    }
    return result;
}

static mn_result open_watches(struct daemon *daemon, struct mn_error *error)
{
    mn_result result = mn_watch(daemon->net, daemon->signals, open_signal, daemon);
    if (result == MN_OK) {
        result = mn_watch(daemon->net, agent_disk_fd(daemon->disk), open_disk_ready, daemon);
    }
    if (result == MN_OK) {
        result = agent_processes_new(&daemon->processes, daemon->net, "log", open_exited, daemon);
    }
    if (result == MN_OK) {
        result = agent_probes_new(&daemon->probes, daemon->net, open_probed, daemon);
    }
    if (result != MN_OK) {
        mn_error_set(error, "cannot watch signals and processes: %s", mn_result_text(result));
    }
    return result;
}

/* A watched process and a connection for each vat, and two to and from each host. */
static uint64_t open_files_wanted(const struct topology *topology, uint32_t own)
{
    enum { OTHERS = 200 };
    uint64_t wanted = OTHERS + 2 * (uint64_t)topology->host_count;
    for (size_t i = 0; i < topology->vat_count; i++) {
        wanted += topology->vats[i].host == own ? 2 : 0;
    }
    return wanted;
}

mn_result agent_daemon_open(struct daemon *daemon, const struct agent_options *options,
                            struct mn_error *error)
{
    daemon->signals = mn_signals_open();
    if (daemon->signals < 0) {
        mn_error_set(error, "cannot watch for signals: %s", strerror(errno));
        return MN_IO;
    }
    mn_result result = open_topology(daemon, options, error);
    if (result == MN_OK) {
        result = open_directory(options->data, error);
    }
    if (result == MN_OK) {
        result = open_files(daemon, error);
    }
    if (result == MN_OK) {
        result = mn_net_new(&daemon->net, &daemon->keys, agent_daemon_allow, daemon, error);
    }
    if (result == MN_OK) {
        mn_net_on_dropped(daemon->net, agent_daemon_dropped, daemon);
    }
    if (result == MN_OK) {
        result = open_sockets(daemon, error);
    }
    if (result == MN_OK) {
        result = open_watches(daemon, error);
    }
    if (result == MN_OK) {
        mn_files_raise(open_files_wanted(daemon->topology, daemon->own));
        result = agent_process_find_all(open_found, daemon, error);
    }
    if (result == MN_OK) {
        struct agent_event event = {.kind = AGENT_ON_BEGIN};
        agent_daemon_step(daemon, &event);
    }
    return result;
}

void agent_daemon_close(struct daemon *daemon)
{
    agent_probes_destroy(&daemon->probes);
    agent_processes_destroy(&daemon->processes);
    agent_outlet_close(&daemon->coordinator);
    for (size_t i = 0; daemon->hosts != NULL && i < daemon->topology->host_count; i++) {
        agent_outlet_close(&daemon->hosts[i]);
    }
    mn_net_destroy(&daemon->net);
    agent_ledger_close(&daemon->ledger);
    agent_destroy(&daemon->agent);
    agent_directory_destroy(&daemon->directory);
    agent_effects_deinit(&daemon->effects);
    mn_buffer_deinit(&daemon->buffer);
    mn_joining_deinit(&daemon->said);
    free(daemon->hosts);
    free(daemon->refused_hosts);
    topology_destroy(&daemon->topology);
    if (daemon->signals >= 0) {
        (void)close(daemon->signals);
    }
    memset(&daemon->keys, 0, sizeof daemon->keys);
}
