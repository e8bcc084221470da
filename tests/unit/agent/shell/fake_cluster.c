/* The cluster of fake_cluster.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "agent/shell/fake_cluster.h"
#include "net/net_private.h"

enum { BOUND_S = 30, END_S = 2 };

static void note_status(struct fake_status *out, const struct mn_vat_status *status,
                        const char *reason)
{
    (void)snprintf(out->vat, sizeof out->vat, "%s", status->vat.text);
    out->run = status->run;
    out->state = status->state;
    (void)snprintf(out->endpoint, sizeof out->endpoint, "%s", status->endpoint.text);
    if (reason[0] != '\0') {
        (void)snprintf(out->reason, sizeof out->reason, "%s", reason);
    }
}

static void on_report(struct fake_cluster *cluster, const struct mn_report *report)
{
    for (uint32_t i = 0; i < report->row_count; i++) {
        if (report->rows[i].durable && report->rows[i].here) {
            assert_true(cluster->row_count < FAKE_ROW_COUNT_MAX);
            cluster->rows[cluster->row_count] = report->rows[i].epoch;
            cluster->row_count += 1;
        }
    }
    struct mn_down taken = {.kind = MN_DOWN_TAKEN, .taken = {.sequence = report->sequence}};
    fake_say_down(cluster, &taken);
}

static void on_word(struct fake_cluster *cluster, const void *bytes, size_t size)
{
    struct mn_arena arena = {0};
    struct mn_up up;
    assert_int_equal(mn_up_decode(bytes, size, &arena, &up), MN_OK);
    switch (up.kind) {
    case MN_UP_HELLO:
        cluster->hellos += 1;
        assert_string_equal(up.hello.host.text, "h1");
        cluster->hello_vat_count = up.hello.vat_count;
        if (up.hello.vat_count > 0) {
            note_status(&cluster->hello, &up.hello.vats[up.hello.vat_count - 1], "");
        }
        if (cluster->welcomes) {
            struct mn_down welcome = {.kind = MN_DOWN_WELCOME};
            welcome.welcome.joins = cluster->joins;
            fake_say_down(cluster, &welcome);
        }
        break;
    case MN_UP_HEARTBEAT:
        cluster->heartbeats += 1;
        break;
    case MN_UP_REPORT:
        on_report(cluster, &up.report);
        break;
    case MN_UP_VAT_STATE:
        note_status(&cluster->status, &up.vat_state.status, up.vat_state.reason);
        break;
    case MN_UP_INTERVALS:
    case MN_UP_PROBED:
    case MN_UP_HANDLED:
    case MN_UP_LOOKUP:
    case MN_UP_PROMISED:
    case MN_UP_KEPT:
    case MN_UP_RECALLED:
    case MN_UP_OVERTAKEN:
    case MN_UP_DIFFERS:
    case MN_UP_ADOPTED:
        break;
    case MN_UP_LEASES:
        cluster->lease_asker = up.leases.asker;
        cluster->lease_number = up.leases.number;
        break;
    }
    mn_arena_deinit(&arena);
}

static void on_up(void *context, struct mn_socket *socket, const struct mn_message *message)
{
    struct fake_cluster *cluster = context;
    struct mn_joined frame = mn_joined_of(message->frame, message->frame_size);
    const void *bytes = NULL;
    size_t size = 0;
    int count = 0;
    (void)socket;
    assert_string_equal(message->key, cluster->h1_keys.public_key);
    cluster->agent_peer = message->peer;
    for (; mn_joined_next(&frame, &bytes, &size); count++) {
        on_word(cluster, bytes, size);
    }
    cluster->joined += count > 1 ? 1 : 0;
}

/* h2 holds whatever fits into one piece as soon as it comes. */
static void on_copies(void *context, struct mn_socket *socket, const struct mn_message *frame)
{
    struct fake_cluster *cluster = context;
    (void)socket;
    struct mn_arena arena = {0};
    struct mn_copies copies;
    assert_string_equal(frame->key, cluster->h1_keys.public_key);
    assert_int_equal(mn_copies_decode(frame->frame, frame->frame_size, &arena, &copies), MN_OK);
    cluster->copies[copies.kind] += 1;
    if (copies.kind == MN_COPIES_HAVE) {
        cluster->refused = copies.have.refused;
    }
    if (copies.kind == MN_COPIES_PIECE && cluster->holds) {
        struct mn_copies have = {.kind = MN_COPIES_HAVE, .vat = copies.vat};
        have.have.epoch = copies.piece.epoch;
        have.have.digest = copies.piece.digest;
        fake_say_copies(cluster, &have);
    }
    mn_arena_deinit(&arena);
}

static bool allow_h1(void *context, const char *domain, const char *key)
{
    const struct fake_cluster *cluster = context;
    (void)domain;
    return strcmp(key, cluster->h1_keys.public_key) == 0;
}

/* A port that nobody uses now. */
static unsigned free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    (void)close(fd);
    return ntohs(address.sin_port);
}

static void write_topology(const struct fake_cluster *cluster, const char *coordinator,
                           const char *h2)
{
    char text[8192];
    int size =
        snprintf(text, sizeof text,
                 "topology: 1\n"
                 "coordinator: {agents: \"%s\", operators: \"tcp://127.0.0.1:1\", key: \"%s\"}\n"
                 "domains: {r1: {}, r2: {}}\n"
                 "hosts:\n"
                 "  h1: {in: r1, agent: \"%s\", address: 127.0.0.1, key: \"%s\"}\n"
                 "  h2: {in: r2, agent: \"%s\", address: 127.0.0.1, key: \"%s\"}\n"
                 "vats:\n"
                 "  x1: {host: h1, command: [\"%s/bin/bank\", --peers, \"x2\", --accounts, \"20\","
                 " --rate, \"100\", --stop-file, \"%s\", --statements, \"%s\"]}\n"
                 "  x2: {host: h1, command: [\"/nonexistent/bank\"]}\n"
                 "timing: {heartbeat_ms: 50, stale_ms: 150, suspect_ms: 200, lost_ms: 500,"
                 " settle_ms: 5000, collect_ms: 1000, copy_ms: 20000, connect_ms: 400}\n"
                 "checkpoints: {interval_ms: 50, full_every: 4, keep: 8, stores: 2}\n",
                 coordinator, cluster->coordinator_keys.public_key, cluster->h1_endpoint,
                 cluster->h1_keys.public_key, h2, cluster->h2_keys.public_key, MNEME_BUILD,
                 cluster->stop_file, cluster->statements);
    assert_in_range(size, 1, sizeof text - 1);
    shell_write(cluster->topology, text, (size_t)size);
}

void fake_cluster_open(struct fake_cluster *cluster)
{
    memset(cluster, 0, sizeof *cluster);
    cluster->generation = 1;
    cluster->welcomes = true;
    cluster->holds = true;
    shell_directory_make(cluster->directory);
    shell_path(cluster->topology, cluster->directory, "topology.yaml");
    shell_path(cluster->data, cluster->directory, "data");
    shell_path(cluster->log, cluster->directory, "log");
    shell_path(cluster->stop_file, cluster->directory, "stop");
    shell_path(cluster->statements, cluster->directory, "statements");
    shell_path(cluster->h1_key, cluster->directory, "h1.key");
    shell_path(cluster->h2_key, cluster->directory, "h2.key");
    assert_int_equal(mn_keys_make(&cluster->coordinator_keys, NULL), MN_OK);
    assert_int_equal(mn_keys_make(&cluster->h1_keys, NULL), MN_OK);
    assert_int_equal(mn_keys_make(&cluster->h2_keys, NULL), MN_OK);
    assert_int_equal(mn_keys_write(&cluster->h1_keys, cluster->h1_key, NULL), MN_OK);
    assert_int_equal(mn_keys_write(&cluster->h2_keys, cluster->h2_key, NULL), MN_OK);
    char coordinator[MN_ENDPOINT_SIZE_MAX];
    char h2[MN_ENDPOINT_SIZE_MAX];
    (void)snprintf(cluster->h1_endpoint, sizeof cluster->h1_endpoint, "tcp://127.0.0.1:%u",
                   free_port());
    assert_int_equal(
        mn_net_new(&cluster->coordinator, &cluster->coordinator_keys, allow_h1, cluster, NULL),
        MN_OK);
    assert_int_equal(mn_router_bind(cluster->coordinator, "tcp://127.0.0.1:*", "agents", on_up,
                                    cluster, coordinator, sizeof coordinator,
                                    &cluster->coordinator_router, NULL),
                     MN_OK);
    assert_int_equal(mn_net_new(&cluster->h2, &cluster->h2_keys, allow_h1, cluster, NULL), MN_OK);
    assert_int_equal(mn_router_bind(cluster->h2, "tcp://127.0.0.1:*", "agents", on_copies, cluster,
                                    h2, sizeof h2, &cluster->h2_router, NULL),
                     MN_OK);
    assert_int_equal(mn_dealer_connect(cluster->h2, cluster->h1_endpoint,
                                       cluster->h1_keys.public_key, false, 100, on_copies, cluster,
                                       &cluster->h2_dealer, NULL),
                     MN_OK);
    write_topology(cluster, coordinator, h2);
    /* The vats outlive their agent, and become our children then. */
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
}

/* End and reap what is left of the agent's vats. */
static void end_children(void)
{
    char path[64];
    char text[1024];
    (void)snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    (void)shell_read(path, text, sizeof text);
    char *rest = NULL;
    for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        pid_t pid = (pid_t)strtol(word, NULL, 10);
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
    }
}

void fake_cluster_close(struct fake_cluster *cluster)
{
    if (cluster->agent != 0) {
        (void)kill(cluster->agent, SIGKILL);
        (void)waitpid(cluster->agent, NULL, 0);
    }
    end_children();
    mn_net_destroy(&cluster->coordinator);
    mn_net_destroy(&cluster->h2);
    shell_directory_delete(cluster->directory);
}

static _Noreturn void be_agent(const struct fake_cluster *cluster, bool terminated)
{
    int log = open(cluster->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    if (log < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 ||
        (terminated && (sigprocmask(SIG_BLOCK, &set, NULL) != 0 || raise(SIGTERM) != 0))) {
        _exit(99);
    }
    (void)execl(MNEME_BUILD "/bin/mneme-agent", "mneme-agent", "--topology", cluster->topology,
                "--host", "h1", "--key", cluster->h1_key, "--data", cluster->data, (char *)NULL);
    _exit(98);
}

void fake_agent_run_it(struct fake_cluster *cluster, bool terminated)
{
    cluster->hellos = 0;
    cluster->agent = fork();
    assert_true(cluster->agent >= 0);
    if (cluster->agent == 0) {
        be_agent(cluster, terminated);
    }
}

/* The exit status of the agent, which ends before @end. */
static int wait_until(struct fake_cluster *cluster, mn_time end)
{
    int status = 0;
    pid_t ended = 0;
    while (ended == 0) {
        assert_true(mn_now() < end);
        assert_int_equal(mn_net_run(cluster->coordinator, mn_now() + 2 * MN_MS), MN_OK);
        ended = waitpid(cluster->agent, &status, WNOHANG);
    }
    assert_int_equal(ended, cluster->agent);
    cluster->agent = 0;
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

int fake_agent_wait(struct fake_cluster *cluster)
{
    return wait_until(cluster, mn_now() + BOUND_S * MN_SECOND);
}

int fake_agent_end_it(struct fake_cluster *cluster)
{
    assert_int_equal(kill(cluster->agent, SIGTERM), 0);
    return wait_until(cluster, mn_now() + END_S * MN_SECOND);
}

void fake_cluster_run(struct fake_cluster *cluster, bool (*done)(struct fake_cluster *cluster))
{
    mn_time end = mn_now() + BOUND_S * MN_SECOND;
    while (!done(cluster)) {
        bool ended = cluster->agent != 0 && waitpid(cluster->agent, NULL, WNOHANG) != 0;
        if (ended || mn_now() >= end) {
            cluster->agent = ended ? 0 : cluster->agent;
            print_error("%s", fake_log(cluster));
            fail_msg("what was waited for did not come");
        }
        assert_int_equal(mn_net_run(cluster->coordinator, mn_now() + 2 * MN_MS), MN_OK);
        assert_int_equal(mn_net_run(cluster->h2, mn_now() + 2 * MN_MS), MN_OK);
    }
}

void fake_say_down(struct fake_cluster *cluster, struct mn_down *down)
{
    struct mn_buffer buffer = {0};
    down->generation = cluster->generation;
    assert_int_equal(mn_down_encode(down, &buffer), MN_OK);
    mn_result result = mn_send(cluster->coordinator_router, &cluster->agent_peer, buffer.bytes,
                               buffer.size, NULL, 0);
    assert_true(result == MN_OK || result == MN_NOT_FOUND);
    mn_buffer_deinit(&buffer);
}

void fake_say_copies(struct fake_cluster *cluster, const struct mn_copies *copies)
{
    struct mn_buffer buffer = {0};
    struct mn_copies said = *copies;
    said.generation = cluster->generation;
    assert_int_equal(mn_copies_encode(&said, &buffer), MN_OK);
    assert_int_equal(mn_send(cluster->h2_dealer, NULL, buffer.bytes, buffer.size, NULL, 0), MN_OK);
    mn_buffer_deinit(&buffer);
}

void fake_say_raw(struct fake_cluster *cluster, bool coordinator, const void *bytes, size_t size)
{
    void *zmq = coordinator ? cluster->coordinator_router->zmq : cluster->h2_dealer->zmq;
    if (coordinator) {
        const struct mn_peer *peer = &cluster->agent_peer;
        assert_int_equal(zmq_send(zmq, peer->bytes, peer->size, ZMQ_SNDMORE), peer->size);
    }
    assert_int_equal(zmq_send(zmq, bytes, size, 0), (int)size);
}

void fake_start(struct fake_cluster *cluster, const char *vat)
{
    struct mn_down start = {.kind = MN_DOWN_START};
    start.start.vat = mn_name_of(vat);
    start.start.run = 1;
    start.start.incarnation = 1;
    start.start.outcome = MN_RUNNING;
    memset(&cluster->status, 0, sizeof cluster->status);
    fake_say_down(cluster, &start);
}

const char *fake_log(const struct fake_cluster *cluster)
{
    static char text[FAKE_TEXT_SIZE];
    text[0] = '\0';
    if (shell_exists(cluster->log)) {
        (void)shell_read(cluster->log, text, sizeof text);
    }
    return text;
}

int fake_log_count(const struct fake_cluster *cluster, const char *text)
{
    int count = 0;
    for (const char *at = strstr(fake_log(cluster), text); at != NULL; at = strstr(at + 1, text)) {
        count += 1;
    }
    return count;
}
