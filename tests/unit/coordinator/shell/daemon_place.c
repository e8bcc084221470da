/* The place of daemon_place.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "coordinator/shell/daemon_place.h"

/* What the child of a failed set-up ends with. */
enum { PLACE_NOT_PERMITTED = 77 };

/* How much of a log is shown when something was waited for in vain. */
enum { PLACE_SHOWN_SIZE = 3000 };

static void wait_a_little(void)
{
    (void)poll(NULL, 0, 5);
}

/* Ports that nobody uses now; held together, so that they differ. */
static void find_ports(int *ports, int count)
{
    int fds[PLACE_HOST_COUNT + 2];
    for (int i = 0; i < count; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof address;
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(fds[i] >= 0);
        assert_int_equal(bind(fds[i], (struct sockaddr *)&address, sizeof address), 0);
        assert_int_equal(getsockname(fds[i], (struct sockaddr *)&address, &size), 0);
        ports[i] = ntohs(address.sin_port);
    }
    for (int i = 0; i < count; i++) {
        (void)close(fds[i]);
    }
}

static void write_topology(const struct daemon_place *place, const int *ports)
{
    FILE *file = fopen(place->topology, "we");
    assert_non_null(file);
    (void)fprintf(file,
                  "topology: 1\n"
                  "coordinator: {agents: \"tcp://127.0.0.1:%d\", operators: "
                  "\"tcp://127.0.0.1:%d\", key: \"%s\"}\n"
                  "operators: {alice: {key: \"%s\", role: watch}}\n"
                  "domains: {r1: {}, r2: {}, r3: {}}\n"
                  "hosts:\n",
                  place->agents_port, place->operators_port, place->coordinator.public_key,
                  place->operator.public_key);
    for (int i = 0; i < PLACE_HOST_COUNT; i++) {
        (void)fprintf(file,
                      "  h%d: {in: r%d, agent: \"tcp://127.0.0.1:%d\", address: 127.0.0.1, "
                      "key: \"%s\"}\n",
                      i + 1, i + 1, ports[i], place->hosts[i].public_key);
    }
    (void)fprintf(file, "vats: {x1: {host: h1, command: [bank]}}\n"
                        "timing: {heartbeat_ms: 50, stale_ms: 150, suspect_ms: 200, lost_ms: 500, "
                        "settle_ms: 5000, collect_ms: 1000, copy_ms: 250, connect_ms: 400}\n"
                        "checkpoints: {interval_ms: 200, full_every: 8, keep: 8, stores: 2}\n"
                        "keepers: []\n"
                        "policy: {approve: never}\n");
    assert_int_equal(fclose(file), 0);
}

static void make_key(struct mn_keys *keys, const char *path)
{
    assert_int_equal(mn_keys_make(keys, NULL), MN_OK);
    if (path != NULL) {
        assert_int_equal(mn_keys_write(keys, path, NULL), MN_OK);
    }
}

void daemon_place_make(struct daemon_place *place)
{
    int ports[PLACE_HOST_COUNT + 2];
    memset(place, 0, sizeof *place);
    (void)snprintf(place->directory, sizeof place->directory, "/tmp/mneme-daemon-XXXXXX");
    assert_non_null(mkdtemp(place->directory));
    const char *in = place->directory;
    (void)snprintf(place->topology, sizeof place->topology, "%s/topology.yaml", in);
    (void)snprintf(place->data, sizeof place->data, "%s/data", in);
    (void)snprintf(place->log, sizeof place->log, "%s/log", in);
    (void)snprintf(place->coordinator_key, sizeof place->coordinator_key, "%s/c.key", in);
    (void)snprintf(place->operator_key, sizeof place->operator_key, "%s/o.key", in);
    (void)snprintf(place->stranger_key, sizeof place->stranger_key, "%s/s.key", in);
    make_key(&place->coordinator, place->coordinator_key);
    make_key(&place->operator, place->operator_key);
    make_key(&place->stranger, place->stranger_key);
    for (int i = 0; i < PLACE_HOST_COUNT; i++) {
        make_key(&place->hosts[i], NULL);
    }
    find_ports(ports, PLACE_HOST_COUNT + 2);
    place->agents_port = ports[PLACE_HOST_COUNT];
    place->operators_port = ports[PLACE_HOST_COUNT + 1];
    write_topology(place, ports);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *level)
{
    (void)status;
    (void)type;
    (void)level;
    return remove(path);
}

void daemon_place_remove(struct daemon_place *place)
{
    if (place->pid > 0) {
        (void)kill(place->pid, SIGKILL);
        (void)waitpid(place->pid, NULL, 0);
    }
    assert_int_equal(nftw(place->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* In the child: a data directory of its own size, which ends with the process. */
static bool mount_tmpfs(const struct daemon_place *place, size_t bytes)
{
    char options[64];
    (void)snprintf(options, sizeof options, "size=%zu,mode=0700", bytes);
    (void)mkdir(place->data, 0700);
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("mneme", place->data, "tmpfs", 0, options) == 0;
}

static void become_daemon(const struct daemon_place *place, const char *rehearse,
                          size_t tmpfs_bytes)
{
    char program[] = MNEME_BUILD "/bin/mneme-coordinator";
    char *argv[] = {program,
                    "--topology",
                    (char *)place->topology,
                    "--key",
                    (char *)place->coordinator_key,
                    "--data",
                    (char *)place->data,
                    "--evidence-keep",
                    "1",
                    NULL};
    int log = open(place->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0 || dup2(log, STDERR_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
        prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
        _exit(1);
    }
    if (tmpfs_bytes > 0 && !mount_tmpfs(place, tmpfs_bytes)) {
        _exit(PLACE_NOT_PERMITTED);
    }
    (void)unsetenv("MNEME_REHEARSE");
    if (rehearse != NULL) {
        (void)setenv("MNEME_REHEARSE", rehearse, 1);
    }
    (void)execv(program, argv);
    _exit(127);
}

bool daemon_place_start(struct daemon_place *place, const char *rehearse, size_t tmpfs_bytes)
{
    place->pid = fork();
    assert_true(place->pid >= 0);
    if (place->pid == 0) {
        become_daemon(place, rehearse, tmpfs_bytes);
    }
    int status = 0;
    for (int i = 0; tmpfs_bytes > 0 && i < PLACE_WAIT_MS / 5; i++) {
        if (waitpid(place->pid, &status, WNOHANG) == place->pid) {
            assert_int_equal(WEXITSTATUS(status), PLACE_NOT_PERMITTED);
            place->pid = 0;
            return false;
        }
        if (daemon_place_logged(place, " ready ")) {
            return true;
        }
        wait_a_little();
    }
    return true;
}

/* What the daemon has printed, of all its lives. */
static const char *read_log(const struct daemon_place *place)
{
    static char log[1024 * 1024];
    FILE *file = fopen(place->log, "re");
    size_t size = 0;
    if (file != NULL) {
        size = fread(log, 1, sizeof log - 1, file);
        (void)fclose(file);
    }
    log[size] = '\0';
    return log;
}

/* How often the log has this text. */
static int times_logged(const struct daemon_place *place, const char *text)
{
    int count = 0;
    for (const char *at = strstr(read_log(place), text); at != NULL; at = strstr(at + 1, text)) {
        count++;
    }
    return count;
}

void daemon_place_give_up(const struct daemon_place *place, const char *what)
{
    const char *log = read_log(place);
    size_t size = strlen(log);
    (void)fprintf(stderr, "waited in vain for: %s; the log's end:\n%s", what,
                  log + (size > PLACE_SHOWN_SIZE ? size - PLACE_SHOWN_SIZE : 0));
    fail();
}

bool daemon_place_logged(const struct daemon_place *place, const char *text)
{
    return times_logged(place, text) > 0;
}

static void until_logged(const struct daemon_place *place, const char *text, int least)
{
    for (int i = 0; times_logged(place, text) < least; i++) {
        if (i == PLACE_WAIT_MS / 5) {
            daemon_place_give_up(place, text);
        }
        wait_a_little();
    }
}

void daemon_place_until_logged(const struct daemon_place *place, const char *text)
{
    until_logged(place, text, 1);
}

void daemon_place_ready(struct daemon_place *place)
{
    int before = times_logged(place, " ready ");
    assert_true(daemon_place_start(place, NULL, 0));
    until_logged(place, " ready ", before + 1);
}

int daemon_place_wait(struct daemon_place *place)
{
    int status = 0;
    for (int i = 0; waitpid(place->pid, &status, WNOHANG) == 0; i++) {
        assert_true(i < PLACE_WAIT_MS / 5);
        wait_a_little();
    }
    place->pid = 0;
    return status;
}

void daemon_place_stop(struct daemon_place *place)
{
    mn_time begin = mn_now();
    assert_int_equal(kill(place->pid, SIGTERM), 0);
    int status = daemon_place_wait(place);
    assert_true(mn_now() - begin < 2 * MN_SECOND);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int daemon_place_mneme(const struct daemon_place *place, const char *const *words, char *output,
                       size_t size)
{
    char program[] = MNEME_BUILD "/bin/mneme";
    const char *argv[14] = {program};
    int count = 1;
    for (; words[count - 1] != NULL; count++) {
        assert_true(count < 8);
        argv[count] = words[count - 1];
    }
    argv[count] = "--topology";
    argv[count + 1] = place->topology;
    argv[count + 2] = "--key";
    argv[count + 3] = place->operator_key;
    int ends[2];
    int status = 0;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)dup2(ends[1], STDERR_FILENO);
        (void)execv(program, (char *const *)argv);
        _exit(127);
    }
    assert_true(child > 0);
    (void)close(ends[1]);
    size_t used = 0;
    ssize_t got = 1;
    while (got > 0 && used + 1 < size) {
        got = read(ends[0], output + used, size - used - 1);
        used += got > 0 ? (size_t)got : 0;
    }
    output[used] = '\0';
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void answer(struct fake_host *host, const struct mn_down *down)
{
    struct mn_up message = {.generation = host->generation, .kind = MN_UP_INTERVALS};
    if (down->kind == MN_DOWN_WELCOME && down->generation > host->hello_in) {
        host->hello_in = down->generation;
        fake_host_hello(host, host->answers_as);
    } else if (down->kind == MN_DOWN_FREEZE) {
        message.intervals.round = down->freeze.round;
        message.intervals.attempt = down->freeze.attempt;
        fake_host_send(host, &message);
    } else if (down->kind == MN_DOWN_START) {
        bool again = down->start.run <= host->said_run; /* and what was started may have ended */
        fake_host_say(host, again ? host->said : MN_VAT_UP,
                      again ? host->said_run : down->start.run);
    }
}

static enum mn_down_kind fake_host_take(struct fake_host *host, const void *bytes, size_t size)
{
    struct mn_arena arena = {0};
    struct mn_down down;
    assert_int_equal(mn_down_decode(bytes, size, &arena, &down), MN_OK);
    assert_true(down.generation >= host->generation);
    host->generation = down.generation;
    if (down.kind == MN_DOWN_FREEZE) {
        host->round = down.freeze.round;
        host->attempt = down.freeze.attempt;
    } else if (down.kind == MN_DOWN_DECISION) {
        host->round = down.decision.round;
    } else if (down.kind == MN_DOWN_START) {
        host->run = down.start.run;
    }
    host->counts[down.kind] += 1; /* last: what waits for it finds the rest set */
    if (host->answers_as != NULL) {
        answer(host, &down);
    }
    mn_arena_deinit(&arena);
    return down.kind;
}

static void fake_host_receive(void *context, struct mn_socket *socket,
                              const struct mn_message *message)
{
    struct fake_host *host = context;
    struct mn_joined frame = mn_joined_of(message->frame, message->frame_size);
    const void *bytes = NULL;
    size_t size = 0;
    bool decided = false;
    (void)socket;
    for (int count = 0; mn_joined_next(&frame, &bytes, &size); count++) {
        assert_true(count == 0 || host->joins);
        enum mn_down_kind kind = fake_host_take(host, bytes, size);
        host->together = host->together || (decided && kind == MN_DOWN_START);
        decided = decided || kind == MN_DOWN_DECISION;
    }
}

void fake_host_open(struct fake_host *host, const struct daemon_place *place,
                    const struct mn_keys *keys, int port)
{
    char endpoint[MN_ENDPOINT_SIZE_MAX];
    (void)snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", port);
    memset(host, 0, sizeof *host);
    assert_int_equal(mn_net_new(&host->net, keys, NULL, NULL, NULL), MN_OK);
    assert_int_equal(mn_dealer_connect(host->net, endpoint, place->coordinator.public_key, false,
                                       100, fake_host_receive, host, &host->socket, NULL),
                     MN_OK);
}

void fake_host_close(struct fake_host *host)
{
    mn_net_destroy(&host->net);
}

void fake_host_send_bytes(struct fake_host *host, const void *bytes, size_t size,
                          const void *second, size_t second_size)
{
    assert_int_equal(mn_send(host->socket, NULL, bytes, size, second, second_size), MN_OK);
}

void fake_host_send(struct fake_host *host, const struct mn_up *message)
{
    struct mn_buffer buffer = {0};
    assert_int_equal(mn_up_encode(message, &buffer), MN_OK);
    fake_host_send_bytes(host, buffer.bytes, buffer.size, NULL, 0);
    mn_buffer_deinit(&buffer);
}

static struct mn_vat_status status_of(const struct fake_host *host)
{
    struct mn_vat_status status = {
        .vat = mn_name_of("x1"), .run = host->said_run, .state = host->said};
    if (status.state == MN_VAT_UP) {
        (void)snprintf(status.endpoint.text, sizeof status.endpoint.text, "tcp://127.0.0.1:9");
    }
    return status;
}

void fake_host_hello(struct fake_host *host, const char *name)
{
    struct mn_vat_status status = status_of(host);
    struct mn_up message = {.generation = host->generation, .kind = MN_UP_HELLO};
    message.hello.host = mn_name_of(name);
    message.hello.vats = &status;
    message.hello.vat_count = host->said_run > 0 ? 1 : 0;
    (void)snprintf(message.hello.agent.text, sizeof message.hello.agent.text, "tcp://127.0.0.1:9");
    message.hello.joins = host->joins;
    fake_host_send(host, &message);
}

void fake_host_be_welcome(struct fake_host *host, const char *name)
{
    const int *count = &host->counts[MN_DOWN_WELCOME];
    int before = *count;
    mn_time end = mn_now() + PLACE_WAIT_MS * MN_MS;
    do {
        fake_host_hello(host, name);
    } while (!fake_host_run(host, count, before + 1, 100) && mn_now() < end);
    assert_true(*count > before);
}

void fake_host_say(struct fake_host *host, enum mn_vat_state state, mn_run run)
{
    struct mn_up message = {.generation = host->generation, .kind = MN_UP_VAT_STATE};
    host->said = state;
    host->said_run = run;
    message.vat_state.status = status_of(host);
    fake_host_send(host, &message);
}

void fake_host_answer(struct fake_host *host, const char *name)
{
    host->answers_as = name;
    fake_host_hello(host, name);
}

static void beat(struct fake_host *host)
{
    struct mn_up message = {.generation = host->generation, .kind = MN_UP_HEARTBEAT};
    mn_time now = mn_now();
    if (host->answers_as != NULL && now >= host->beat_at) {
        host->beat_at = now + 50 * MN_MS;
        host->beats += 1;
        message.heartbeat.number = host->beats;
        fake_host_send(host, &message);
    }
}

bool fake_hosts_run(struct fake_host *hosts, int host_count, const int *count, int least,
                    int64_t ms)
{
    mn_time end = mn_now() + ms * MN_MS;
    while (*count < least && mn_now() < end) {
        for (int i = 0; i < host_count; i++) {
            beat(&hosts[i]);
            assert_int_equal(mn_net_run(hosts[i].net, mn_now() + 5 * MN_MS), MN_OK);
        }
    }
    return *count >= least;
}

bool fake_host_run(struct fake_host *host, const int *count, int least, int64_t ms)
{
    return fake_hosts_run(host, 1, count, least, ms);
}

void fake_host_until(struct fake_host *host, enum mn_down_kind kind, int least)
{
    if (!fake_host_run(host, &host->counts[kind], least, PLACE_WAIT_MS)) {
        fail_msg("message of kind %d came %d times, expected %d", (int)kind, host->counts[kind],
                 least);
    }
}
