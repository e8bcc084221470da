/* What the agent is told by those who must not say it: counted, logged with the sender, dropped;
 * the connection lives on. Who has a wrong key gets no connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "agent/shell/fake_cluster.h"
#include "wire/local.h"

#define EPOCH(n) (INT64_C(0x100000000) + (n))

/* Its first hello knew no generation; it says another when it has recorded the coordinator's. */
static bool is_welcomed(struct fake_cluster *cluster)
{
    return cluster->hellos > 1;
}

static int setup(void **state)
{
    struct fake_cluster *cluster = calloc(1, sizeof *cluster);
    assert_non_null(cluster);
    fake_cluster_open(cluster);
    fake_agent_run_it(cluster, false);
    fake_cluster_run(cluster, is_welcomed);
    *state = cluster;
    return 0;
}

static int teardown(void **state)
{
    fake_cluster_close(*state);
    free(*state);
    return 0;
}

static int heartbeats_wanted;

static bool beats_on(struct fake_cluster *cluster)
{
    return cluster->heartbeats >= heartbeats_wanted;
}

static bool wants_a_piece(struct fake_cluster *cluster)
{
    return cluster->copies[MN_COPIES_WANT] > 0;
}

static const char *line_wanted;

static bool line_came(struct fake_cluster *cluster)
{
    return fake_log_count(cluster, line_wanted) > 0;
}

/* The agent has noticed, and goes on as before. */
static void assert_refused(struct fake_cluster *cluster, const char *line)
{
    line_wanted = line;
    fake_cluster_run(cluster, line_came);
    assert_int_equal(fake_log_count(cluster, "WARNING message_refused"), 1);
    heartbeats_wanted = cluster->heartbeats + 3;
    int hellos = cluster->hellos;
    struct mn_peer peer = cluster->agent_peer;
    fake_cluster_run(cluster, beats_on);
    assert_memory_equal(&peer, &cluster->agent_peer, sizeof peer); /* the same connection */
    assert_int_equal(cluster->hellos, hellos);
    struct mn_copies offer = {.kind = MN_COPIES_OFFER, .vat = mn_name_of("x2")};
    offer.offer.epoch = EPOCH(1);
    offer.offer.size = 5000;
    fake_say_copies(cluster, &offer);
    fake_cluster_run(cluster, wants_a_piece);
}

static void say_of_another_version(struct fake_cluster *cluster, bool coordinator)
{
    struct mn_buffer buffer = {0};
    struct mn_down welcome = {.kind = MN_DOWN_WELCOME, .generation = 1};
    struct mn_copies want = {.kind = MN_COPIES_WANT, .vat = mn_name_of("x1"), .generation = 1};
    want.want.epoch = EPOCH(1);
    assert_int_equal(
        coordinator ? mn_down_encode(&welcome, &buffer) : mn_copies_encode(&want, &buffer), MN_OK);
    assert_int_equal(buffer.bytes[0], 8); /* field 1, a number: the version */
    assert_int_equal(buffer.bytes[1], MN_PROTOCOL_VERSION);
    buffer.bytes[1] = 99;
    fake_say_raw(cluster, coordinator, buffer.bytes, buffer.size);
    mn_buffer_deinit(&buffer);
}

static void say_too_much(struct fake_cluster *cluster, bool coordinator)
{
    size_t size = MN_MESSAGE_SIZE_MAX + 1;
    char *large = calloc(1, size);
    assert_non_null(large);
    fake_say_raw(cluster, coordinator, large, size);
    free(large);
}

static void drops_garbage_of_the_coordinator(void **state)
{
    fake_say_raw(*state, true, "\xff\xff\xff garbage", 11);
    assert_refused(*state, "message_refused sender=coordinator code=MN_BAD_INPUT suppressed=0"
                           " refused=1 text=");
}

static void drops_an_empty_message_of_the_coordinator(void **state)
{
    fake_say_raw(*state, true, "", 0);
    assert_refused(*state, "message_refused sender=coordinator code=MN_BAD");
}

static void drops_another_version_of_the_coordinator(void **state)
{
    say_of_another_version(*state, true);
    assert_refused(*state, "message_refused sender=coordinator code=MN_BAD_VERSION");
}

static void drops_what_is_too_large_of_the_coordinator(void **state)
{
    say_too_much(*state, true);
    assert_refused(*state, "message_refused sender=coordinator code=MN_TOO_LARGE");
}

static void drops_garbage_of_a_host(void **state)
{
    fake_say_raw(*state, false, "\xff\xff\xff garbage", 11);
    assert_refused(*state, "message_refused sender=h2 code=MN_BAD_INPUT suppressed=0 refused=1");
}

static void drops_another_version_of_a_host(void **state)
{
    say_of_another_version(*state, false);
    assert_refused(*state, "message_refused sender=h2 code=MN_BAD_VERSION");
}

static void drops_what_is_too_large_of_a_host(void **state)
{
    say_too_much(*state, false);
    assert_refused(*state, "message_refused sender=h2 code=MN_TOO_LARGE");
}

static void drops_orders_of_a_host(void **state)
{
    struct fake_cluster *cluster = *state;
    struct mn_buffer buffer = {0};
    struct mn_down start = {.kind = MN_DOWN_START, .generation = 1};
    start.start.vat = mn_name_of("x1");
    start.start.run = 1;
    start.start.incarnation = 1;
    assert_int_equal(mn_down_encode(&start, &buffer), MN_OK);
    fake_say_raw(cluster, false, buffer.bytes, buffer.size);
    mn_buffer_deinit(&buffer);
    assert_refused(cluster, "message_refused sender=h2 code=MN_BAD");
    assert_int_equal(fake_log_count(cluster, "vat_start"), 0);
}

static void drops_what_a_host_says_of_a_vat_that_is_in_no_topology(void **state)
{
    struct mn_copies offer = {.kind = MN_COPIES_OFFER, .vat = mn_name_of("x9")};
    offer.offer.epoch = EPOCH(1);
    offer.offer.size = 5000;
    fake_say_copies(*state, &offer);
    assert_refused(*state, "message_refused sender=h2 code=MN_DENIED");
}

static void drops_garbage_of_a_vat(void **state)
{
    struct fake_cluster *cluster = *state;
    char endpoint[SHELL_PATH_SIZE + 16];
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s/vats.ipc", cluster->data);
    void *context = zmq_ctx_new();
    void *vat = zmq_socket(context, ZMQ_DEALER);
    int linger = 0;
    assert_int_equal(zmq_setsockopt(vat, ZMQ_LINGER, &linger, sizeof linger), 0);
    assert_int_equal(zmq_connect(vat, endpoint), 0);
    assert_int_equal(zmq_send(vat, "garbage", 7, 0), 7);
    assert_refused(cluster, "message_refused sender=vat code=MN_BAD");
    assert_int_equal(zmq_close(vat), 0);
    assert_int_equal(zmq_ctx_term(context), 0);
}

/* It asks who it is and reads no answer, until there is no room for one more. */
static void says_that_a_vat_reads_nothing(void **state)
{
    struct fake_cluster *cluster = *state;
    struct mn_from_vat beat = {.kind = MN_FROM_VAT_BEAT, .run = 1};
    struct mn_buffer buffer = {0};
    char endpoint[SHELL_PATH_SIZE + 16];
    static const char line[] = "message_not_sent to=vat code=MN_AGAIN";
    int linger = 0;
    int patience = 10000;
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s/vats.ipc", cluster->data);
    void *context = zmq_ctx_new();
    void *vat = zmq_socket(context, ZMQ_DEALER);
    assert_int_equal(zmq_setsockopt(vat, ZMQ_LINGER, &linger, sizeof linger), 0);
    assert_int_equal(zmq_setsockopt(vat, ZMQ_SNDTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(zmq_connect(vat, endpoint), 0);
    assert_int_equal(mn_from_vat_encode(&beat, &buffer), MN_OK);
    for (int i = 0; i < 40 && fake_log_count(cluster, line) == 0; i++) {
        for (int k = 0; k < 5000; k++) {
            assert_int_equal(zmq_send(vat, buffer.bytes, buffer.size, 0), buffer.size);
        }
    }
    line_wanted = line;
    fake_cluster_run(cluster, line_came);
    heartbeats_wanted = cluster->heartbeats + 3;
    fake_cluster_run(cluster, beats_on); /* nobody else waits for it */
    mn_buffer_deinit(&buffer);
    assert_int_equal(zmq_close(vat), 0);
    assert_int_equal(zmq_ctx_term(context), 0);
}

static bool all_refused(struct fake_cluster *cluster)
{
    /* One line a second is written for a sender, so it is made to write another. */
    fake_say_raw(cluster, true, "x", 1);
    const char *last = NULL;
    const char *log = fake_log(cluster);
    for (const char *at = strstr(log, "suppressed="); at != NULL;
         at = strstr(at + 1, "suppressed=")) {
        last = at;
    }
    return last != NULL && strtol(last + 11, NULL, 10) >= 100;
}

static void counts_what_it_does_not_log(void **state)
{
    struct fake_cluster *cluster = *state;
    for (int i = 0; i < 101; i++) {
        fake_say_raw(cluster, true, "x", 1);
    }
    fake_cluster_run(cluster, all_refused);
    assert_true(fake_log_count(cluster, "message_refused") < 10);
}

static void refuses_an_older_generation_of_the_coordinator(void **state)
{
    struct fake_cluster *cluster = *state;
    cluster->generation = 5;
    struct mn_down welcome = {.kind = MN_DOWN_WELCOME};
    fake_say_down(cluster, &welcome);
    line_wanted = " generation number=5";
    fake_cluster_run(cluster, line_came);
    cluster->generation = 4;
    fake_start(cluster, "x1");
    line_wanted = "stale_generation_refused number=4";
    fake_cluster_run(cluster, line_came);
    assert_int_equal(fake_log_count(cluster, "vat_start"), 0);
}

static void on_nothing(void *context, struct mn_socket *socket, const struct mn_message *message)
{
    (void)socket;
    (void)message;
    *(int *)context += 1;
}

/* A stranger knows the agent's public key, but its own is in no topology. */
static void gives_a_wrong_key_no_connection(void **state)
{
    struct fake_cluster *cluster = *state;
    struct mn_keys keys;
    struct mn_net *net = NULL;
    struct mn_socket *stranger = NULL;
    int received = 0;
    assert_int_equal(mn_keys_make(&keys, NULL), MN_OK);
    assert_int_equal(mn_net_new(&net, &keys, NULL, NULL, NULL), MN_OK);
    assert_int_equal(mn_dealer_connect(net, cluster->h1_endpoint, cluster->h1_keys.public_key, true,
                                       20, on_nothing, &received, &stranger, NULL),
                     MN_OK);
    for (int i = 0; i < 20; i++) {
        heartbeats_wanted = cluster->heartbeats + 1;
        fake_cluster_run(cluster, beats_on);
        assert_int_equal(mn_net_run(net, mn_now()), MN_OK);
        assert_int_equal(mn_send(stranger, NULL, "x", 1, NULL, 0), MN_AGAIN);
    }
    assert_int_equal(received, 0);
    assert_int_equal(fake_log_count(cluster, "message_refused"), 0);
    mn_net_destroy(&net);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(drops_garbage_of_the_coordinator),
        CASE(drops_an_empty_message_of_the_coordinator),
        CASE(drops_another_version_of_the_coordinator),
        CASE(drops_what_is_too_large_of_the_coordinator),
        CASE(drops_garbage_of_a_host),
        CASE(drops_another_version_of_a_host),
        CASE(drops_what_is_too_large_of_a_host),
        CASE(drops_orders_of_a_host),
        CASE(drops_what_a_host_says_of_a_vat_that_is_in_no_topology),
        CASE(drops_garbage_of_a_vat),
        CASE(says_that_a_vat_reads_nothing),
        CASE(counts_what_it_does_not_log),
        CASE(refuses_an_older_generation_of_the_coordinator),
        CASE(gives_a_wrong_key_no_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
