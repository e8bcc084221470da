/* Opening and closing the daemon: configuration, files, sockets, and what is remembered. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shell/daemon_private.h"

static mn_result open_topology(struct daemon *daemon, const struct coordinator_options *options,
                               struct mn_error *error)
{
    mn_result result = topology_load(options->topology, &daemon->topology, error);
    if (result == MN_OK) {
        result = mn_keys_read(&daemon->keys, options->key, error);
    }
    if (result != MN_OK) {
        return result;
    }
    const struct topology_coordinator *own = &daemon->topology->coordinator;
    if (strcmp(daemon->keys.public_key, own->key) != 0) {
        mn_error_set(error,
                     "--key %s is not the coordinator's key: its public key is %s, %s says %s",
                     options->key, daemon->keys.public_key, options->topology, own->key);
        return MN_DENIED;
    }
    const char *both[] = {own->agents, own->operators};
    for (size_t i = 0; i < 2; i++) {
        if (strncmp(both[i], "tcp://", 6) != 0) {
            mn_error_set(error,
                         "%s: the coordinator cannot listen at %s; expected tcp://HOST:PORT, since "
                         "agents and operators are known by the keys of their connections",
                         options->topology, both[i]);
            return MN_BAD_INPUT;
        }
    }
    return MN_OK;
}

/* Make a directory that is not there, so that it outlives a power cut too. */
static bool open_make(const char *path, const char *parent)
{
    if (mkdir(path, 0700) != 0) {
        return errno == EEXIST;
    }
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    int code = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    errno = code;
    return synced;
}

static mn_result open_directory(const char *path, struct mn_error *error)
{
    char *copy = strdup(path);
    bool made = copy != NULL && open_make(path, dirname(copy)) && chdir(path) == 0;
    int code = errno;
    free(copy);
    if (!made) {
        mn_error_set(error, "cannot use the data directory %s: %s", path, strerror(code));
        return mn_result_from_errno(code);
    }
    if (!open_make("rounds", ".") || access(".", W_OK) != 0 || access("rounds", W_OK) != 0) {
        mn_error_set(error, "cannot write into the data directory %s: %s", path, strerror(errno));
        return mn_result_from_errno(errno);
    }
    return MN_OK;
}

static mn_result open_core(struct daemon *daemon, const struct coordinator_options *options,
                           struct mn_error *error)
{
    size_t count = daemon->topology->host_count;
    daemon->hosts = calloc(count, sizeof *daemon->hosts);
    daemon->waiting = calloc(count, sizeof *daemon->waiting);
    daemon->known = calloc(count, sizeof *daemon->known);
    daemon->piece = malloc(MN_PIECE_SIZE_MAX);
    mn_result result = daemon->hosts == NULL || daemon->waiting == NULL || daemon->known == NULL ||
                               daemon->piece == NULL
                           ? MN_NO_MEMORY
                           : coordinator_new(&daemon->coordinator, daemon->topology);
    if (result == MN_OK) {
        uint64_t candidate = 0;
        randombytes_buf(&candidate, sizeof candidate);
        result = keeping_new(&daemon->keeping, daemon->topology, candidate);
    }
    if (result == MN_BAD_INPUT) {
        mn_error_set(
            error,
            "%s: timing: stale_ms, suspect_ms and lost_ms do not grow; expected each above "
            "the one before it",
            options->topology);
    } else if (result != MN_OK) {
        mn_error_set(error, "cannot make the coordinator: %s", mn_result_text(result));
    }
    return result;
}

static void open_signal(void *context, int fd)
{
    struct daemon *daemon = context;
    struct signalfd_siginfo info;
    if (read(fd, &info, sizeof info) == sizeof info) {
        mn_log(MN_LOG_INFO, "ending", "signal=%u text=\"agents and vats live on\"", info.ssi_signo);
        daemon->stop = true;
    }
}

static void open_recorded(void *context, int fd)
{
    (void)fd;
    coordinator_daemon_recorded(context);
}

/* Listening comes before the first record is written: a second coordinator that was started by
 * mistake fails here and has not taken over the first one's journal. */
static mn_result open_sockets(struct daemon *daemon, struct mn_error *error)
{
    enum { OTHER_FILES = 200 };
    mn_files_raise(OTHER_FILES + (uint64_t)daemon->topology->host_count);
    const struct topology_coordinator *own = &daemon->topology->coordinator;
    mn_result result =
        mn_net_new(&daemon->net, &daemon->keys, coordinator_daemon_allow, daemon, error);
    if (result == MN_OK) {
        mn_net_on_dropped(daemon->net, coordinator_daemon_dropped, daemon);
        result = mn_router_bind(daemon->net, own->agents, "agents", coordinator_daemon_from_agent,
                                daemon, NULL, 0, &daemon->agents, error);
    }
    if (result == MN_OK) {
        result = mn_router_bind(daemon->net, own->operators, "operators",
                                coordinator_daemon_from_operator, daemon, NULL, 0,
                                &daemon->operators, error);
    }
    if (result == MN_OK) {
        result = mn_watch(daemon->net, daemon->signals, open_signal, daemon);
    }
    return result;
}

/* What there is in the journal; the records themselves are handed on when it may lead. */
static mn_result open_record(void *context, const struct journal_entry *entry)
{
    struct daemon *daemon = context;
    coordinator_daemon_keep_record(daemon, KEEPING_ON_LOG, entry);
    open_signal(daemon, daemon->signals); /* a long journal takes long to read, an end must not */
    return daemon->result != MN_OK ? daemon->result : daemon->stop ? MN_AGAIN : MN_OK;
}

static mn_result open_journal(struct daemon *daemon, struct mn_error *error)
{
    mn_result result = journal_read(&daemon->journal, 1, open_record, daemon, error);
    if (result == MN_OK) {
        result = journal_open_sqlite(&daemon->reader, "journal.db", error);
    }
    if (result == MN_OK) {
        result = recorder_start(&daemon->recorder, &daemon->journal, error);
    }
    if (result == MN_OK) {
        result = mn_watch(daemon->net, recorder_fd(daemon->recorder), open_recorded, daemon);
    }
    return result;
}

mn_result coordinator_daemon_open(struct daemon *daemon, const struct coordinator_options *options,
                                  struct mn_error *error)
{
    daemon->evidence_keep = options->evidence_keep;
    daemon->crash_at_decided = options->crash_at_decided;
    daemon->stop_at_plan = options->stop_at_plan;
    for (size_t i = 0; i < PLAN_DESK_COUNT_MAX; i++) {
        daemon->plans[i].fd = -1;
    }
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
        result = open_core(daemon, options, error);
    }
    if (result == MN_OK) {
        result = open_sockets(daemon, error);
    }
    if (result == MN_OK) {
        result = journal_open_sqlite(&daemon->journal, "journal.db", error);
    }
    if (result == MN_OK) {
        result = open_journal(daemon, error);
    }
    if (result == MN_OK) {
        struct keeping_event event = {.kind = KEEPING_ON_BEGIN};
        coordinator_daemon_keep(daemon, &event);
        result = daemon->result;
    }
    if (result != MN_OK) {
        mn_error_set(error, "cannot start in %s: %s", options->data,
                     daemon->error.text[0] != '\0' ? daemon->error.text : mn_result_text(result));
    }
    return result;
}

void coordinator_daemon_close(struct daemon *daemon)
{
    coordinator_daemon_end_plans(daemon);
    mn_net_destroy(&daemon->net);
    journal_close(&daemon->reader);
    journal_close(&daemon->journal);
    coordinator_destroy(&daemon->coordinator);
    coordinator_effects_deinit(&daemon->effects);
    keeping_destroy(&daemon->keeping);
    keeping_effects_deinit(&daemon->keeping_effects);
    evidence_draft_deinit(&daemon->draft);
    free(daemon->piece);
    mn_buffer_deinit(&daemon->buffer);
    mn_buffer_deinit(&daemon->said_bytes);
    for (size_t i = 0; daemon->hosts != NULL && i < daemon->topology->host_count; i++) {
        mn_joining_deinit(&daemon->hosts[i].said);
    }
    free(daemon->hosts);
    free(daemon->waiting);
    free(daemon->known);
    topology_destroy(&daemon->topology);
    if (daemon->signals >= 0) {
        (void)close(daemon->signals);
    }
    memset(&daemon->keys, 0, sizeof daemon->keys);
}
