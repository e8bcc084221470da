/* Witness probes: open, closed, silent, and never an answer before the loop turns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shell/probe.h"

enum { ANSWERED_MAX = AGENT_PROBE_COUNT_MAX + 8 };

struct probe_case {
    struct mn_net *net;
    struct agent_probes *probes;
    int count;
    uint64_t numbers[ANSWERED_MAX];
    uint32_t answer_count;
    enum mn_probe_answer answers[MN_PROBE_ENDPOINT_COUNT_MAX];
    char host[MN_NAME_SIZE_MAX + 1];
};

static void on_answered(void *context, uint64_t probe, const struct mn_name *host,
                        const enum mn_probe_answer *answers, uint32_t count)
{
    struct probe_case *test = context;
    assert_true(test->count < ANSWERED_MAX);
    test->numbers[test->count] = probe;
    test->count += 1;
    test->answer_count = count;
    memcpy(test->answers, answers, count * sizeof *answers);
    (void)snprintf(test->host, sizeof test->host, "%s", host->text);
}

static int setup(void **state)
{
    struct probe_case *test = calloc(1, sizeof *test);
    assert_non_null(test);
    assert_int_equal(mn_net_new(&test->net, NULL, NULL, NULL, NULL), MN_OK);
    assert_int_equal(agent_probes_new(&test->probes, test->net, on_answered, test), MN_OK);
    *state = test;
    return 0;
}

static int teardown(void **state)
{
    struct probe_case *test = *state;
    agent_probes_destroy(&test->probes);
    assert_null(test->probes);
    mn_net_destroy(&test->net);
    free(test);
    return 0;
}

/* A socket bound to a port of its own on loopback, which nobody else gets while it is open;
 * @endpoint is how to reach it. */
static int bind_somewhere(int family, struct mn_endpoint *endpoint)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *address = family == AF_INET ? (void *)&four : (void *)&six;
    socklen_t size = family == AF_INET ? sizeof four : sizeof six;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, address, size), 0);
    assert_int_equal(getsockname(fd, address, &size), 0);
    if (family == AF_INET) {
        (void)snprintf(endpoint->text, sizeof endpoint->text, "tcp://127.0.0.1:%u",
                       ntohs(four.sin_port));
    } else {
        (void)snprintf(endpoint->text, sizeof endpoint->text, "tcp://[::1]:%u",
                       ntohs(six.sin6_port));
    }
    return fd;
}

static int listen_somewhere(int family, int backlog, struct mn_endpoint *endpoint)
{
    int fd = bind_somewhere(family, endpoint);
    assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

/* Turn the loop as the daemon does, until @count probes are answered. */
static void run_until_answered(struct probe_case *test, int count)
{
    while (test->count < count) {
        mn_time deadline = agent_probes_deadline(test->probes);
        assert_true(deadline != MN_TIME_NEVER);
        assert_int_equal(mn_net_run(test->net, deadline), MN_OK);
        if (mn_now() >= agent_probes_deadline(test->probes)) {
            agent_probes_tick(test->probes, mn_now());
        }
    }
    assert_int_equal(test->count, count);
}

static void probe(struct probe_case *test, uint64_t number, const struct mn_endpoint *endpoints,
                  uint32_t count, mn_time bound)
{
    struct mn_name host = mn_name_of("h2");
    int answered = test->count;
    assert_int_equal(
        agent_probe_start(test->probes, number, &host, endpoints, count, mn_now() + bound), MN_OK);
    assert_int_equal(test->count, answered); /* never from the call itself */
}

static void tells_open_from_closed(void **state)
{
    struct probe_case *test = *state;
    struct mn_endpoint endpoints[3];
    int fds[3] = {listen_somewhere(AF_INET, 8, &endpoints[0]),
                  bind_somewhere(AF_INET, &endpoints[1]),
                  listen_somewhere(AF_INET, 8, &endpoints[2])};
    assert_int_equal(agent_probes_deadline(test->probes), MN_TIME_NEVER);
    probe(test, 41, endpoints, 3, 60 * MN_SECOND);
    run_until_answered(test, 1);
    assert_int_equal(test->numbers[0], 41);
    assert_string_equal(test->host, "h2");
    assert_int_equal(test->answer_count, 3);
    assert_int_equal(test->answers[0], MN_PROBE_OPEN);
    assert_int_equal(test->answers[1], MN_PROBE_CLOSED);
    assert_int_equal(test->answers[2], MN_PROBE_OPEN);
    assert_int_equal(agent_probes_deadline(test->probes), MN_TIME_NEVER);
    for (int i = 0; i < 3; i++) {
        (void)close(fds[i]);
    }
}

static void knows_the_sixth_version_of_addresses(void **state)
{
    struct probe_case *test = *state;
    struct mn_endpoint endpoints[2];
    int open = listen_somewhere(AF_INET6, 8, &endpoints[0]);
    int closed = bind_somewhere(AF_INET6, &endpoints[1]);
    probe(test, 1, endpoints, 2, 60 * MN_SECOND);
    run_until_answered(test, 1);
    assert_int_equal(test->answers[0], MN_PROBE_OPEN);
    assert_int_equal(test->answers[1], MN_PROBE_CLOSED);
    (void)close(open);
    (void)close(closed);
}

/* Connections beyond the backlog that nobody accepts get no answer at all. */
static void calls_silent_what_does_not_answer_in_time(void **state)
{
    struct probe_case *test = *state;
    struct mn_endpoint endpoints[2];
    int full = listen_somewhere(AF_INET, 0, &endpoints[0]);
    int open = listen_somewhere(AF_INET, 8, &endpoints[1]);
    probe(test, 1, &endpoints[0], 1, 60 * MN_SECOND);
    run_until_answered(test, 1); /* fills the backlog */
    assert_int_equal(test->answers[0], MN_PROBE_OPEN);
    probe(test, 2, endpoints, 2, 50 * MN_MS);
    run_until_answered(test, 2);
    assert_int_equal(test->answers[0], MN_PROBE_SILENT);
    assert_int_equal(test->answers[1], MN_PROBE_OPEN);
    (void)close(full);
    (void)close(open);
}

static void calls_silent_what_it_would_have_to_look_up(void **state)
{
    struct probe_case *test = *state;
    static const struct mn_endpoint endpoints[] = {{"tcp://localhost:80"},
                                                   {"ipc://vats.ipc"},
                                                   {"tcp://127.0.0.1"},
                                                   {"tcp://:80"},
                                                   {"tcp://127.0.0.1:*"},
                                                   {"tcp://127.0.0.1:http"},
                                                   {"tcp://[::1:80"},
                                                   {""},
                                                   {"tcp://"},
                                                   {"tcp://999.999.999.999:80"},
                                                   {"tcp://127.0.0.1:65537"}};
    probe(test, 9, endpoints, 11, 60 * MN_SECOND);
    run_until_answered(test, 1);
    assert_int_equal(test->answer_count, 11);
    for (int i = 0; i < 11; i++) {
        assert_int_equal(test->answers[i], MN_PROBE_SILENT);
    }
}

static void calls_silent_what_would_lead_back_to_this_host(void **state)
{
    struct probe_case *test = *state;
    struct mn_endpoint endpoints[4];
    int open = listen_somewhere(AF_INET, 8, &endpoints[0]);
    const char *port = strrchr(endpoints[0].text, ':');
    (void)snprintf(endpoints[1].text, sizeof endpoints[1].text, "tcp://*%s", port);
    (void)snprintf(endpoints[2].text, sizeof endpoints[2].text, "tcp://0.0.0.0%s", port);
    (void)snprintf(endpoints[3].text, sizeof endpoints[3].text, "tcp://[::]%s", port);
    probe(test, 3, endpoints, 4, 60 * MN_SECOND);
    run_until_answered(test, 1);
    assert_int_equal(test->answers[0], MN_PROBE_OPEN);
    assert_int_equal(test->answers[1], MN_PROBE_SILENT);
    assert_int_equal(test->answers[2], MN_PROBE_SILENT);
    assert_int_equal(test->answers[3], MN_PROBE_SILENT);
    (void)close(open);
}

static void answers_a_probe_of_nothing(void **state)
{
    struct probe_case *test = *state;
    probe(test, 5, NULL, 0, 60 * MN_SECOND);
    run_until_answered(test, 1);
    assert_int_equal(test->numbers[0], 5);
    assert_int_equal(test->answer_count, 0);
}

static void answers_silent_when_too_many_are_under_way(void **state)
{
    struct probe_case *test = *state;
    struct mn_endpoint endpoint;
    int open = listen_somewhere(AF_INET, 8, &endpoint);
    static const struct mn_endpoint nowhere = {"tcp://localhost:80"};
    for (int i = 0; i < AGENT_PROBE_COUNT_MAX; i++) {
        probe(test, 1000 + (uint64_t)i, &nowhere, 1, 60 * MN_SECOND);
    }
    probe(test, 7, &endpoint, 1, 60 * MN_SECOND);
    run_until_answered(test, AGENT_PROBE_COUNT_MAX + 1);
    bool found = false;
    for (int i = 0; i < test->count; i++) {
        found = found || test->numbers[i] == 7;
    }
    assert_true(found);
    test->count = 0;
    probe(test, 8, &endpoint, 1, 60 * MN_SECOND);
    run_until_answered(test, 1);
    assert_int_equal(test->answers[0], MN_PROBE_OPEN);
    (void)close(open);
}

/* What the process that is apart found: its exit status. */
enum { APART_CLOSED = 0, APART_WRONG = 1, APART_NOT_PERMITTED = 2 };

static bool use_one_port_only(void)
{
    struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool well = any >= 0 && ioctl(any, SIOCSIFFLAGS, &loopback) == 0;
    if (any >= 0) {
        (void)close(any);
    }
    int fd = open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY | O_CLOEXEC);
    well = well && fd >= 0 && write(fd, "40000 40000", 11) == 11;
    if (fd >= 0) {
        (void)close(fd);
    }
    return well;
}

static int probe_apart(void)
{
    if ((unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) ||
        !use_one_port_only()) {
        return APART_NOT_PERMITTED;
    }
    void *state = NULL;
    (void)setup(&state);
    struct probe_case *test = state;
    static const struct mn_endpoint endpoint = {"tcp://127.0.0.1:40000"};
    probe(test, 1, &endpoint, 1, 60 * MN_SECOND);
    run_until_answered(test, 1);
    enum mn_probe_answer answer = test->answers[0];
    (void)teardown(&state);
    return answer == MN_PROBE_CLOSED ? APART_CLOSED : APART_WRONG;
}

/* A connection to a port of the range that its own end is chosen from may meet itself. */
static void does_not_take_itself_for_a_listener(void **state)
{
    (void)state;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(probe_apart());
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == APART_NOT_PERMITTED) {
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), APART_CLOSED);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(tells_open_from_closed),
        CASE(knows_the_sixth_version_of_addresses),
        CASE(calls_silent_what_does_not_answer_in_time),
        CASE(calls_silent_what_it_would_have_to_look_up),
        CASE(calls_silent_what_would_lead_back_to_this_host),
        CASE(answers_a_probe_of_nothing),
        CASE(answers_silent_when_too_many_are_under_way),
        cmocka_unit_test(does_not_take_itself_for_a_listener),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
