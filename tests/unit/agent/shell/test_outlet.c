/* A connection that keeps a little while what cannot be sent yet: in order, bounded, not too old.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shell/outlet.h"

enum { BOUND_S = 30 };

struct outlet_case {
    struct mn_keys server_keys;
    struct mn_keys client_keys;
    struct mn_net *server;
    struct mn_net *client;
    struct mn_socket *router;
    char endpoint[MN_ENDPOINT_SIZE_MAX];
    struct agent_outlet outlet;
    int count;
    char received[512]; /* "one;two;" */
};

static void on_message(void *context, struct mn_socket *socket, const struct mn_message *message)
{
    struct outlet_case *test = context;
    (void)socket;
    size_t used = strlen(test->received);
    int shown = message->frame_size < 16 ? (int)message->frame_size : 16;
    (void)snprintf(test->received + used, sizeof test->received - used, "%.*s;", shown,
                   (const char *)message->frame);
    test->count += 1;
}

static bool allow_all(void *context, const char *domain, const char *key)
{
    (void)context;
    (void)domain;
    (void)key;
    return true;
}

static void listen_at(struct outlet_case *test, const char *endpoint)
{
    assert_int_equal(mn_net_new(&test->server, &test->server_keys, allow_all, NULL, NULL), MN_OK);
    struct mn_error error = {{0}};
    assert_int_equal(mn_router_bind(test->server, endpoint, "test", on_message, test,
                                    test->endpoint, sizeof test->endpoint, &test->router, &error),
                     MN_OK);
}

static int setup(void **state)
{
    struct outlet_case *test = calloc(1, sizeof *test);
    assert_non_null(test);
    assert_int_equal(mn_keys_make(&test->server_keys, NULL), MN_OK);
    assert_int_equal(mn_keys_make(&test->client_keys, NULL), MN_OK);
    listen_at(test, "tcp://127.0.0.1:*");
    assert_int_equal(mn_net_new(&test->client, &test->client_keys, NULL, NULL, NULL), MN_OK);
    assert_int_equal(agent_outlet_open(&test->outlet, test->client, test->endpoint,
                                       test->server_keys.public_key, 5 * MN_SECOND, on_message,
                                       test, NULL),
                     MN_OK);
    *state = test;
    return 0;
}

static int teardown(void **state)
{
    struct outlet_case *test = *state;
    agent_outlet_close(&test->outlet);
    assert_null(test->outlet.socket);
    mn_net_destroy(&test->client);
    mn_net_destroy(&test->server);
    free(test);
    return 0;
}

static void send_text(struct outlet_case *test, const char *text, mn_time now)
{
    assert_int_equal(agent_outlet_send(&test->outlet, text, strlen(text), now), MN_OK);
}

/* Turn both loops, flushing at the time @now, until @count messages have come. */
static void run_until(struct outlet_case *test, int count, mn_time now)
{
    mn_time end = mn_now() + BOUND_S * MN_SECOND;
    while (test->count < count) {
        assert_true(mn_now() < end);
        (void)agent_outlet_flush(&test->outlet, now);
        assert_int_equal(mn_net_run(test->client, mn_now() + 2 * MN_MS), MN_OK);
        assert_int_equal(mn_net_run(test->server, mn_now() + 2 * MN_MS), MN_OK);
    }
}

static void keeps_what_cannot_be_sent_yet_and_sends_it_in_order(void **state)
{
    struct outlet_case *test = *state;
    assert_int_equal(agent_outlet_flush(&test->outlet, 1 * MN_SECOND), MN_TIME_NEVER);
    send_text(test, "one", 1 * MN_SECOND); /* the server has not answered: nobody runs it */
    send_text(test, "two", 1 * MN_SECOND);
    send_text(test, "three", 1 * MN_SECOND);
    assert_int_equal(test->outlet.count, 3);
    assert_int_equal(test->outlet.bytes, 11);
    assert_int_equal(agent_outlet_flush(&test->outlet, 1 * MN_SECOND),
                     1 * MN_SECOND + AGENT_OUTLET_RETRY_MS * MN_MS);
    run_until(test, 3, 1 * MN_SECOND);
    assert_string_equal(test->received, "one;two;three;");
    assert_int_equal(agent_outlet_flush(&test->outlet, 1 * MN_SECOND), MN_TIME_NEVER);
    assert_int_equal(test->outlet.count, 0);
    assert_int_equal(test->outlet.bytes, 0);
    assert_int_equal(test->outlet.dropped, 0);
}

static void drops_what_has_waited_too_long(void **state)
{
    struct outlet_case *test = *state;
    send_text(test, "old", 1 * MN_SECOND);
    send_text(test, "young", 6 * MN_SECOND);
    (void)agent_outlet_flush(&test->outlet, 6 * MN_SECOND);
    assert_int_equal(test->outlet.count, 2);
    (void)agent_outlet_flush(&test->outlet, 6 * MN_SECOND + 1);
    assert_int_equal(test->outlet.count, 1);
    assert_int_equal(test->outlet.dropped, 1);
    run_until(test, 1, 7 * MN_SECOND);
    assert_string_equal(test->received, "young;");
}

static void keeps_no_more_messages_than_its_bound(void **state)
{
    struct outlet_case *test = *state;
    for (int i = 0; i < AGENT_OUTLET_COUNT_MAX; i++) {
        send_text(test, "x", 1 * MN_SECOND);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(agent_outlet_send(&test->outlet, "x", 1, 1 * MN_SECOND), MN_FULL);
    }
    assert_int_equal(test->outlet.count, AGENT_OUTLET_COUNT_MAX);
    assert_int_equal(test->outlet.dropped, 3);
}

static void keeps_no_more_bytes_than_its_bound(void **state)
{
    struct outlet_case *test = *state;
    size_t size = MN_MESSAGE_SIZE_MAX;
    char *large = calloc(1, size);
    assert_non_null(large);
    for (size_t i = 0; i < AGENT_OUTLET_BYTES_MAX / size; i++) {
        assert_int_equal(agent_outlet_send(&test->outlet, large, size, 1 * MN_SECOND), MN_OK);
    }
    assert_int_equal(test->outlet.bytes, AGENT_OUTLET_BYTES_MAX);
    assert_int_equal(test->outlet.dropped, 0);
    assert_int_equal(agent_outlet_send(&test->outlet, "x", 1, 1 * MN_SECOND), MN_FULL);
    assert_int_equal(test->outlet.dropped, 1);
    free(large);
}

static void drops_what_can_never_be_sent_and_goes_on(void **state)
{
    struct outlet_case *test = *state;
    size_t size = MN_MESSAGE_SIZE_MAX + 1;
    char *large = calloc(1, size);
    assert_non_null(large);
    assert_int_equal(agent_outlet_send(&test->outlet, large, size, 1 * MN_SECOND), MN_TOO_LARGE);
    send_text(test, "behind it", 1 * MN_SECOND);
    assert_int_equal(agent_outlet_send(&test->outlet, large, size, 1 * MN_SECOND), MN_TOO_LARGE);
    send_text(test, "last", 1 * MN_SECOND);
    free(large);
    run_until(test, 2, 1 * MN_SECOND);
    assert_string_equal(test->received, "behind it;last;");
    assert_int_equal(test->outlet.dropped, 2);
}

static void connects_again_when_the_other_side_is_started_anew(void **state)
{
    struct outlet_case *test = *state;
    send_text(test, "before", 1 * MN_SECOND);
    run_until(test, 1, 1 * MN_SECOND);
    char endpoint[MN_ENDPOINT_SIZE_MAX];
    memcpy(endpoint, test->endpoint, sizeof endpoint);
    mn_net_destroy(&test->server);
    /* Until it notices, what is sent goes nowhere; then it is kept. */
    mn_time end = mn_now() + BOUND_S * MN_SECOND;
    while (test->outlet.count == 0) {
        assert_true(mn_now() < end);
        send_text(test, "lost or kept", 2 * MN_SECOND);
        assert_int_equal(mn_net_run(test->client, mn_now() + 2 * MN_MS), MN_OK);
    }
    (void)agent_outlet_flush(&test->outlet, 60 * MN_SECOND);
    assert_int_equal(test->outlet.count, 0);
    send_text(test, "after", 60 * MN_SECOND);
    listen_at(test, endpoint);
    run_until(test, 2, 60 * MN_SECOND);
    assert_string_equal(test->received, "before;after;");
}

static void drops_what_is_sent_when_it_is_closed(void **state)
{
    (void)state;
    struct agent_outlet closed = {0};
    assert_int_equal(agent_outlet_send(&closed, "x", 1, 1 * MN_SECOND), MN_NOT_FOUND);
    assert_int_equal(closed.dropped, 1);
    assert_int_equal(agent_outlet_flush(&closed, 1 * MN_SECOND), MN_TIME_NEVER);
    agent_outlet_close(&closed);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(keeps_what_cannot_be_sent_yet_and_sends_it_in_order),
        CASE(drops_what_has_waited_too_long),
        CASE(keeps_no_more_messages_than_its_bound),
        CASE(keeps_no_more_bytes_than_its_bound),
        CASE(drops_what_can_never_be_sent_and_goes_on),
        CASE(connects_again_when_the_other_side_is_started_anew),
        cmocka_unit_test(drops_what_is_sent_when_it_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
