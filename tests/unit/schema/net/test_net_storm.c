/* Storms: many who come at once, and queues that are full. What is refused is said, and what was
 * taken comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/net_private.h"

enum {
    CROWD_COUNT = 150,
    MESSAGE_SIZE = 1024,
    SENT_COUNT_MAX = 4 * NET_QUEUE_COUNT_MAX /* two queues, and what sockets hold */
};

/* ---- queues ---------------------------------------------------------------------------------- */

/* One who sends numbers, and one who does not read them yet. */
struct queue {
    char directory[32];
    struct mn_net *sender;
    struct mn_net *reader;
    struct mn_socket *router;
    struct mn_socket *dealer;
    struct mn_peer peer; /* the dealer, as the router knows it */
    uint32_t next;       /* number that is to come */
};

static void take_number(void *context, struct mn_socket *socket, const struct mn_message *message)
{
    struct queue *queue = context;
    uint32_t number = 0;
    (void)socket;
    assert_int_equal(message->frame_size, MESSAGE_SIZE);
    memcpy(&number, message->frame, sizeof number);
    assert_int_equal(number, queue->next);
    queue->next += 1;
}

static void take_peer(void *context, struct mn_socket *socket, const struct mn_message *message)
{
    struct queue *queue = context;
    (void)socket;
    queue->peer = message->peer;
}

static void queue_open(struct queue *queue, mn_receive *at_router)
{
    char endpoint[64];
    memset(queue, 0, sizeof *queue);
    (void)snprintf(queue->directory, sizeof queue->directory, "/tmp/mneme-storm-XXXXXX");
    assert_non_null(mkdtemp(queue->directory));
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s/socket", queue->directory);
    assert_int_equal(mn_net_new(&queue->sender, NULL, NULL, NULL, NULL), MN_OK);
    assert_int_equal(mn_net_new(&queue->reader, NULL, NULL, NULL, NULL), MN_OK);
    struct mn_net *listens = at_router == take_peer ? queue->sender : queue->reader;
    struct mn_net *connects = at_router == take_peer ? queue->reader : queue->sender;
    assert_int_equal(
        mn_router_bind(listens, endpoint, "storm", at_router, queue, NULL, 0, &queue->router, NULL),
        MN_OK);
    assert_int_equal(mn_dealer_connect(connects, endpoint, "", true, 100, take_number, queue,
                                       &queue->dealer, NULL),
                     MN_OK);
}

static void queue_close(struct queue *queue)
{
    mn_net_destroy(&queue->sender);
    mn_net_destroy(&queue->reader);
    char path[64];
    (void)snprintf(path, sizeof path, "%s/socket", queue->directory);
    (void)unlink(path);
    assert_int_equal(rmdir(queue->directory), 0);
}

static mn_result send_number(struct mn_socket *socket, const struct mn_peer *peer, uint32_t number)
{
    char bytes[MESSAGE_SIZE] = {0};
    memcpy(bytes, &number, sizeof number);
    return mn_send(socket, peer, bytes, sizeof bytes, NULL, 0);
}

/* Send until it is refused; then have the other one read, and see all that was not refused. */
static void fill_and_read(struct queue *queue, struct mn_socket *socket, const struct mn_peer *peer)
{
    uint32_t count = 0;
    mn_result result = MN_OK;
    while (result == MN_OK && count < SENT_COUNT_MAX) {
        result = send_number(socket, peer, count);
        count += result == MN_OK ? 1 : 0;
    }
    assert_int_equal(result, MN_AGAIN);
    assert_true(count >= NET_QUEUE_COUNT_MAX / 2);
    mn_time end = mn_now() + 30 * MN_SECOND;
    while (queue->next < count && mn_now() < end) {
        assert_int_equal(mn_net_run(queue->reader, mn_now() + MN_MS), MN_OK);
    }
    assert_int_equal(queue->next, count);
    while (send_number(socket, peer, count) == MN_AGAIN && mn_now() < end) {
        assert_int_equal(mn_net_run(queue->reader, mn_now() + MN_MS), MN_OK);
    }
    while (queue->next < count + 1 && mn_now() < end) {
        assert_int_equal(mn_net_run(queue->reader, mn_now() + MN_MS), MN_OK);
    }
    assert_int_equal(queue->next, count + 1); /* and there is room again */
}

static void a_router_says_that_a_queue_is_full_and_loses_nothing(void **state)
{
    (void)state;
    struct queue queue;
    queue_open(&queue, take_peer);
    mn_time end = mn_now() + 10 * MN_SECOND;
    while (queue.peer.size == 0 && mn_now() < end) {
        mn_result result = mn_send(queue.dealer, NULL, "here", 4, NULL, 0);
        assert_true(result == MN_OK || result == MN_AGAIN);
        assert_int_equal(mn_net_run(queue.sender, mn_now() + MN_MS), MN_OK);
    }
    fill_and_read(&queue, queue.router, &queue.peer);
    queue_close(&queue);
}

static void a_dealer_says_that_a_queue_is_full_and_loses_nothing(void **state)
{
    (void)state;
    struct queue queue;
    queue_open(&queue, take_number);
    mn_time end = mn_now() + 10 * MN_SECOND;
    mn_result result = MN_AGAIN; /* it is not connected yet */
    while (result == MN_AGAIN && mn_now() < end) {
        assert_int_equal(mn_net_run(queue.reader, mn_now() + MN_MS), MN_OK);
        uint32_t first = UINT32_MAX;
        queue.next = first;
        result = send_number(queue.dealer, NULL, first);
    }
    while (queue.next != 0 && mn_now() < end) { /* what was sent has come */
        assert_int_equal(mn_net_run(queue.reader, mn_now() + MN_MS), MN_OK);
    }
    assert_int_equal(queue.next, 0);
    fill_and_read(&queue, queue.dealer, NULL);
    queue_close(&queue);
}

/* ---- many at once ---------------------------------------------------------------------------- */

struct crowd {
    struct mn_keys server_keys;
    struct mn_keys client_keys;
    struct mn_net *server;
    struct mn_net *clients;
    struct mn_socket *router;
    struct mn_socket *dealers[CROWD_COUNT];
    bool heard[CROWD_COUNT];
    int count; /* of those that were heard */
};

static bool allow_all(void *context, const char *domain, const char *key)
{
    (void)context;
    (void)domain;
    (void)key;
    return true;
}

static void hear(void *context, struct mn_socket *socket, const struct mn_message *message)
{
    struct crowd *crowd = context;
    uint32_t who = 0;
    (void)socket;
    assert_int_equal(message->frame_size, sizeof who);
    memcpy(&who, message->frame, sizeof who);
    assert_true(who < CROWD_COUNT);
    crowd->count += crowd->heard[who] ? 0 : 1;
    crowd->heard[who] = true;
}

static void hear_nothing(void *context, struct mn_socket *socket, const struct mn_message *message)
{
    (void)context;
    (void)socket;
    (void)message;
    fail();
}

static void crowd_listen(struct crowd *crowd, const char *endpoint,
                         char bound[MN_ENDPOINT_SIZE_MAX])
{
    memset(crowd->heard, 0, sizeof crowd->heard);
    crowd->count = 0;
    assert_int_equal(mn_net_new(&crowd->server, &crowd->server_keys, allow_all, NULL, NULL), MN_OK);
    assert_int_equal(mn_router_bind(crowd->server, endpoint, "storm", hear, crowd, bound,
                                    MN_ENDPOINT_SIZE_MAX, &crowd->router, NULL),
                     MN_OK);
}

/* Each says who it is as soon as it can, until all have been heard. */
static void crowd_hear_all(struct crowd *crowd)
{
    mn_time end = mn_now() + 60 * MN_SECOND;
    while (crowd->count < CROWD_COUNT && mn_now() < end) {
        for (uint32_t i = 0; i < CROWD_COUNT; i++) {
            if (!crowd->heard[i]) {
                mn_result result = mn_send(crowd->dealers[i], NULL, &i, sizeof i, NULL, 0);
                assert_true(result == MN_OK || result == MN_AGAIN);
            }
        }
        assert_int_equal(mn_net_run(crowd->clients, mn_now()), MN_OK);
        assert_int_equal(mn_net_run(crowd->server, mn_now() + 20 * MN_MS), MN_OK);
    }
    assert_int_equal(crowd->count, CROWD_COUNT);
}

static void all_who_come_back_at_once_are_heard(void **state)
{
    (void)state;
    struct crowd *crowd = calloc(1, sizeof *crowd);
    char endpoint[MN_ENDPOINT_SIZE_MAX];
    char bound[MN_ENDPOINT_SIZE_MAX];
    assert_non_null(crowd);
    assert_int_equal(mn_keys_make(&crowd->server_keys, NULL), MN_OK);
    assert_int_equal(mn_keys_make(&crowd->client_keys, NULL), MN_OK);
    crowd_listen(crowd, "tcp://127.0.0.1:*", endpoint);
    assert_int_equal(mn_net_new(&crowd->clients, &crowd->client_keys, NULL, NULL, NULL), MN_OK);
    for (int i = 0; i < CROWD_COUNT; i++) {
        assert_int_equal(mn_dealer_connect(crowd->clients, endpoint, crowd->server_keys.public_key,
                                           true, 200, hear_nothing, NULL, &crowd->dealers[i], NULL),
                         MN_OK);
    }
    crowd_hear_all(crowd);
    for (int i = 0; i < 2; i++) {
        mn_net_destroy(&crowd->server);
        crowd_listen(crowd, endpoint, bound);
        crowd_hear_all(crowd);
    }
    mn_net_destroy(&crowd->clients);
    mn_net_destroy(&crowd->server);
    free(crowd);
}

static void those_who_lost_a_listener_come_back_at_times_of_their_own(void **state)
{
    (void)state;
    struct mn_net *net = NULL;
    int first = 0;
    bool differ = false;
    assert_int_equal(mn_net_new(&net, NULL, NULL, NULL, NULL), MN_OK);
    for (int i = 0; i < 32; i++) {
        struct mn_socket *socket = NULL;
        int longest = 0;
        size_t size = sizeof longest;
        assert_int_equal(mn_dealer_connect(net, "ipc:///nonexistent/nobody", "", true, 1000,
                                           hear_nothing, NULL, &socket, NULL),
                         MN_OK);
        assert_int_equal(zmq_getsockopt(socket->zmq, ZMQ_RECONNECT_IVL_MAX, &longest, &size), 0);
        assert_in_range(longest, 500, 1000);
        first = i == 0 ? longest : first;
        differ = differ || longest != first;
    }
    assert_true(differ);
    mn_net_destroy(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_router_says_that_a_queue_is_full_and_loses_nothing),
        cmocka_unit_test(a_dealer_says_that_a_queue_is_full_and_loses_nothing),
        cmocka_unit_test(all_who_come_back_at_once_are_heard),
        cmocka_unit_test(those_who_lost_a_listener_come_back_at_times_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
