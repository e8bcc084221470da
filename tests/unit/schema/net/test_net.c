/* Connections: who gets one, what comes through, what is refused with which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "net/net.h"

/* One side of a conversation: what it was handed, and what it answers. */
struct side {
    int count;
    char last[64];
    char key[MN_KEY_TEXT_SIZE];
    size_t second_size;
    struct mn_peer peer;
    bool echo;
    bool close;
    struct mn_net *net;
    struct mn_socket **own;
};

static void side_receive(void *context, struct mn_socket *socket, const struct mn_message *message)
{
    struct side *side = context;
    side->count += 1;
    size_t size = message->frame_size < 63 ? message->frame_size : 63;
    memcpy(side->last, message->frame, size);
    side->last[size] = '\0';
    (void)snprintf(side->key, sizeof side->key, "%s", message->key);
    side->second_size = message->second_size;
    side->peer = message->peer;
    if (side->echo) {
        assert_int_equal(mn_send(socket, &message->peer, message->frame, message->frame_size,
                                 message->second, message->second_size),
                         MN_OK);
    }
    if (side->close) {
        mn_socket_close(side->net, side->own);
    }
}

static bool allow_one(void *context, const char *domain, const char *key)
{
    assert_string_equal(domain, "test");
    return strcmp(context, key) == 0;
}

struct pair {
    struct mn_keys server_keys;
    struct mn_keys client_keys;
    struct mn_net *server;
    struct mn_net *client;
    struct mn_socket *router;
    struct mn_socket *dealer;
    struct side at_server;
    struct side at_client;
    char endpoint[MN_ENDPOINT_SIZE_MAX];
    char allowed[MN_KEY_TEXT_SIZE];
};

static void pair_open(struct pair *pair, bool client_allowed)
{
    memset(pair, 0, sizeof *pair);
    pair->at_server.echo = true;
    assert_int_equal(mn_keys_make(&pair->server_keys, NULL), MN_OK);
    assert_int_equal(mn_keys_make(&pair->client_keys, NULL), MN_OK);
    if (client_allowed) {
        memcpy(pair->allowed, pair->client_keys.public_key, MN_KEY_TEXT_SIZE);
    }
    assert_int_equal(mn_net_new(&pair->server, &pair->server_keys, allow_one, pair->allowed, NULL),
                     MN_OK);
    assert_int_equal(mn_net_new(&pair->client, &pair->client_keys, NULL, NULL, NULL), MN_OK);
    assert_int_equal(mn_router_bind(pair->server, "tcp://127.0.0.1:*", "test", side_receive,
                                    &pair->at_server, pair->endpoint, sizeof pair->endpoint,
                                    &pair->router, NULL),
                     MN_OK);
    assert_int_equal(mn_dealer_connect(pair->client, pair->endpoint, pair->server_keys.public_key,
                                       false, 100, side_receive, &pair->at_client, &pair->dealer,
                                       NULL),
                     MN_OK);
}

static void pair_close(struct pair *pair)
{
    mn_net_destroy(&pair->client);
    mn_net_destroy(&pair->server);
}

/* Let both loops turn until *@count reaches @least, or for at most @ms. */
static bool pair_run(struct pair *pair, const int *count, int least, int64_t ms)
{
    mn_time end = mn_now() + ms * MN_MS;
    while (*count < least && mn_now() < end) {
        assert_int_equal(mn_net_run(pair->server, mn_now() + 2 * MN_MS), MN_OK);
        assert_int_equal(mn_net_run(pair->client, mn_now() + 2 * MN_MS), MN_OK);
    }
    return *count >= least;
}

static void knows_a_connection_by_its_key_and_echoes_both_frames(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, true);
    assert_int_equal(mn_send(pair.dealer, NULL, "hello", 5, "second", 6), MN_OK);
    assert_true(pair_run(&pair, &pair.at_client.count, 1, 10000));
    assert_string_equal(pair.at_server.last, "hello");
    assert_string_equal(pair.at_server.key, pair.client_keys.public_key);
    assert_int_equal(pair.at_client.second_size, 6);
    pair_close(&pair);
}

/* A small part is copied, a large one lent: its owner may let go of it at once. */
static void sends_part_of_a_chunk_that_its_owner_lets_go_of(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, true);
    struct mn_chunk *chunk = mn_chunk_new(100000);
    assert_non_null(chunk);
    memset(chunk->bytes, 'x', 100000);
    assert_int_equal(mn_send_chunk(pair.dealer, "small", 5, chunk, 99, 1), MN_OK);
    assert_true(pair_run(&pair, &pair.at_client.count, 1, 10000));
    assert_string_equal(pair.at_client.last, "small");
    assert_int_equal(pair.at_client.second_size, 1);
    assert_int_equal(mn_send_chunk(pair.dealer, "large", 5, chunk, 100, 99900), MN_OK);
    mn_chunk_drop(&chunk);
    assert_true(pair_run(&pair, &pair.at_client.count, 2, 10000));
    assert_string_equal(pair.at_client.last, "large");
    assert_int_equal(pair.at_client.second_size, 99900);
    pair_close(&pair);
}

/* What is refused is let go of as well. */
static void holds_no_chunk_that_it_cannot_send(void **state)
{
    (void)state;
    struct mn_net *net = NULL;
    struct mn_socket *dealer = NULL;
    struct side side = {.count = 0};
    assert_int_equal(mn_net_new(&net, NULL, NULL, NULL, NULL), MN_OK);
    assert_int_equal(mn_dealer_connect(net, "ipc:///nonexistent/nobody", "", true, 100,
                                       side_receive, &side, &dealer, NULL),
                     MN_OK);
    struct mn_chunk *chunk = mn_chunk_new(5000);
    assert_non_null(chunk);
    memset(chunk->bytes, 'x', 5000);
    assert_int_equal(mn_send_chunk(dealer, "none", 4, chunk, 0, 5000), MN_AGAIN);
    mn_chunk_drop(&chunk); /* a leak, if it were held */
    mn_net_destroy(&net);
}

static void take(void *context, struct mn_socket *socket, const struct mn_message *message)
{
    (void)socket;
    struct mn_taken **next = context;
    mn_message_take(message, (*next)++);
}

/* Small frames lie within what ZeroMQ calls a message, large ones elsewhere. */
static void frames_that_were_taken_outlive_their_callback_and_the_net(void **state)
{
    (void)state;
    static unsigned char large[100000];
    static struct mn_taken taken[2];
    struct mn_taken *next = taken;
    struct mn_socket *router = NULL;
    struct pair pair;
    char endpoint[MN_ENDPOINT_SIZE_MAX];
    pair_open(&pair, true);
    assert_int_equal(mn_router_bind(pair.server, "tcp://127.0.0.1:*", "test", take, &next, endpoint,
                                    sizeof endpoint, &router, NULL),
                     MN_OK);
    mn_socket_close(pair.client, &pair.dealer);
    assert_int_equal(mn_dealer_connect(pair.client, endpoint, pair.server_keys.public_key, false,
                                       100, side_receive, &pair.at_client, &pair.dealer, NULL),
                     MN_OK);
    memset(large, 7, sizeof large);
    assert_int_equal(mn_send(pair.dealer, NULL, "small", 5, NULL, 0), MN_OK);
    assert_int_equal(mn_send(pair.dealer, NULL, "head", 4, large, sizeof large), MN_OK);
    mn_time end = mn_now() + 10000 * MN_MS;
    while (next < taken + 2 && mn_now() < end) {
        assert_int_equal(mn_net_run(pair.server, mn_now() + 2 * MN_MS), MN_OK);
        assert_int_equal(mn_net_run(pair.client, mn_now() + 2 * MN_MS), MN_OK);
    }
    pair_close(&pair);
    assert_ptr_equal(next, taken + 2);
    assert_int_equal(taken[0].frame_size, 5);
    assert_memory_equal(taken[0].frame, "small", 5);
    assert_null(taken[0].second);
    assert_memory_equal(taken[1].frame, "head", 4);
    assert_int_equal(taken[1].second_size, sizeof large);
    assert_memory_equal(taken[1].second, large, sizeof large);
    mn_taken_deinit(&taken[0]);
    mn_taken_deinit(&taken[1]);
}

static void gives_a_wrong_key_no_connection(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, false);
    assert_int_equal(mn_send(pair.dealer, NULL, "hello", 5, NULL, 0), MN_OK);
    assert_false(pair_run(&pair, &pair.at_server.count, 1, 300));
    assert_int_equal(pair.at_server.count, 0);
    pair_close(&pair);
}

/* A client that keeps none of our rules. */
struct raw_client {
    void *context;
    void *socket;
};

static void raw_open(struct raw_client *raw, const struct pair *pair)
{
    raw->context = zmq_ctx_new();
    raw->socket = zmq_socket(raw->context, ZMQ_DEALER);
    int linger = 0;
    assert_int_equal(zmq_setsockopt(raw->socket, ZMQ_LINGER, &linger, sizeof linger), 0);
    assert_int_equal(
        zmq_setsockopt(raw->socket, ZMQ_CURVE_SERVERKEY, pair->server_keys.public_key, 40), 0);
    assert_int_equal(
        zmq_setsockopt(raw->socket, ZMQ_CURVE_PUBLICKEY, pair->client_keys.public_key, 40), 0);
    assert_int_equal(
        zmq_setsockopt(raw->socket, ZMQ_CURVE_SECRETKEY, pair->client_keys.secret_key, 40), 0);
    assert_int_equal(zmq_connect(raw->socket, pair->endpoint), 0);
}

static void raw_close(struct raw_client *raw)
{
    assert_int_equal(zmq_close(raw->socket), 0);
    assert_int_equal(zmq_ctx_term(raw->context), 0);
}

/* Who sent what was dropped. */
static void side_dropped(void *context, struct mn_socket *socket, const struct mn_message *message)
{
    struct side *side = context;
    (void)socket;
    assert_null(message->frame);
    (void)snprintf(side->key, sizeof side->key, "%s", message->key);
}

static void drops_and_counts_a_third_frame_and_lives_on(void **state)
{
    (void)state;
    struct pair pair;
    struct side dropped = {0};
    struct raw_client raw;
    pair_open(&pair, true);
    mn_net_on_dropped(pair.server, side_dropped, &dropped);
    raw_open(&raw, &pair);
    assert_int_equal(zmq_send(raw.socket, "a", 1, ZMQ_SNDMORE), 1);
    assert_int_equal(zmq_send(raw.socket, "b", 1, ZMQ_SNDMORE), 1);
    assert_int_equal(zmq_send(raw.socket, "c", 1, 0), 1);
    assert_int_equal(zmq_send(raw.socket, "good", 4, 0), 4);
    assert_true(pair_run(&pair, &pair.at_server.count, 1, 10000));
    assert_string_equal(pair.at_server.last, "good");
    assert_int_equal(mn_net_dropped(pair.server), 1);
    assert_string_equal(dropped.key, pair.client_keys.public_key);
    raw_close(&raw);
    pair_close(&pair);
}

static void drops_and_counts_what_is_too_large_and_lives_on(void **state)
{
    (void)state;
    struct pair pair;
    struct side dropped = {0};
    struct raw_client raw;
    size_t size = MN_FRAME_SIZE_MAX;
    char *large = calloc(1, size);
    assert_non_null(large);
    pair_open(&pair, true);
    mn_net_on_dropped(pair.server, side_dropped, &dropped);
    raw_open(&raw, &pair);
    assert_int_equal(zmq_send(raw.socket, large, MN_MESSAGE_SIZE_MAX + 1, 0),
                     MN_MESSAGE_SIZE_MAX + 1);
    assert_int_equal(zmq_send(raw.socket, large, size, 0), (int)size);
    assert_int_equal(zmq_send(raw.socket, large, MN_MESSAGE_SIZE_MAX, ZMQ_SNDMORE),
                     MN_MESSAGE_SIZE_MAX);
    assert_int_equal(zmq_send(raw.socket, "x", 1, 0), 1);
    assert_int_equal(zmq_send(raw.socket, "good", 4, 0), 4);
    free(large);
    assert_true(pair_run(&pair, &pair.at_server.count, 1, 20000));
    assert_string_equal(pair.at_server.last, "good");
    assert_int_equal(mn_net_dropped(pair.server), 3);
    assert_string_equal(dropped.key, pair.client_keys.public_key);
    raw_close(&raw);
    pair_close(&pair);
}

static void refuses_to_send_what_is_too_large(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, true);
    char *large = calloc(1, MN_MESSAGE_SIZE_MAX + 1);
    assert_non_null(large);
    assert_int_equal(mn_send(pair.dealer, NULL, large, MN_MESSAGE_SIZE_MAX + 1, NULL, 0),
                     MN_TOO_LARGE);
    assert_int_equal(mn_send(pair.dealer, NULL, "x", 1, large, MN_MESSAGE_SIZE_MAX), MN_TOO_LARGE);
    free(large);
    pair_close(&pair);
}

static void says_that_a_peer_is_gone(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, true);
    struct mn_peer nobody = {.size = 5, .bytes = {0, 1, 2, 3, 4}};
    assert_int_equal(mn_send(pair.router, &nobody, "x", 1, NULL, 0), MN_NOT_FOUND);
    pair_close(&pair);
}

static void lets_a_callback_close_its_own_socket(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, true);
    pair.at_client.close = true;
    pair.at_client.net = pair.client;
    pair.at_client.own = &pair.dealer;
    assert_int_equal(mn_send(pair.dealer, NULL, "one", 3, NULL, 0), MN_OK);
    assert_int_equal(mn_send(pair.dealer, NULL, "two", 3, NULL, 0), MN_OK);
    assert_true(pair_run(&pair, &pair.at_client.count, 1, 10000));
    assert_null(pair.dealer);
    assert_int_equal(mn_net_run(pair.client, mn_now()), MN_OK);
    assert_int_equal(pair.at_client.count, 1);
    pair_close(&pair);
}

static void a_paused_socket_keeps_what_comes_until_it_is_resumed(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, true);
    assert_int_equal(mn_send(pair.dealer, NULL, "first", 5, NULL, 0), MN_OK);
    assert_true(pair_run(&pair, &pair.at_client.count, 1, 10000));
    mn_socket_pause(pair.router, true);
    assert_int_equal(mn_send(pair.dealer, NULL, "second", 6, NULL, 0), MN_OK);
    assert_false(pair_run(&pair, &pair.at_server.count, 2, 100));
    mn_socket_pause(pair.router, false);
    assert_true(pair_run(&pair, &pair.at_client.count, 2, 10000));
    assert_string_equal(pair.at_server.last, "second");
    pair_close(&pair);
}

static void names_the_port_that_is_in_use(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, true);
    struct mn_error error = {{0}};
    struct mn_socket *socket = NULL;
    assert_int_equal(mn_router_bind(pair.server, pair.endpoint, "test", side_receive, NULL, NULL, 0,
                                    &socket, &error),
                     MN_IN_USE);
    assert_non_null(strstr(error.text, pair.endpoint));
    assert_non_null(strstr(error.text, "another process listens there"));
    assert_null(socket);
    pair_close(&pair);
}

static void watch_read(void *context, int fd)
{
    char byte;
    assert_int_equal(read(fd, &byte, 1), 1);
    *(int *)context += 1;
}

static void calls_a_watch_while_its_descriptor_is_readable(void **state)
{
    (void)state;
    struct mn_net *net = NULL;
    assert_int_equal(mn_net_new(&net, NULL, NULL, NULL, NULL), MN_OK);
    int ends[2];
    int count = 0;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(mn_watch(net, ends[0], watch_read, &count), MN_OK);
    assert_int_equal(write(ends[1], "ab", 2), 2);
    assert_int_equal(mn_net_run(net, mn_now() + MN_SECOND), MN_OK);
    assert_int_equal(mn_net_run(net, mn_now() + MN_SECOND), MN_OK);
    assert_int_equal(count, 2);
    mn_unwatch(net, ends[0]);
    assert_int_equal(write(ends[1], "c", 1), 1);
    assert_int_equal(mn_net_run(net, mn_now()), MN_OK);
    assert_int_equal(count, 2);
    (void)close(ends[0]);
    (void)close(ends[1]);
    mn_net_destroy(&net);
}

static void reads_back_the_keys_it_wrote_and_never_overwrites(void **state)
{
    (void)state;
    char directory[] = "/tmp/mneme-keys-XXXXXX";
    assert_non_null(mkdtemp(directory));
    char path[64];
    (void)snprintf(path, sizeof path, "%s/key", directory);
    struct mn_keys keys;
    struct mn_keys read_back;
    struct mn_error error = {{0}};
    assert_int_equal(mn_keys_make(&keys, NULL), MN_OK);
    assert_int_equal(mn_keys_write(&keys, path, NULL), MN_OK);
    assert_int_equal(mn_keys_read(&read_back, path, NULL), MN_OK);
    assert_string_equal(read_back.public_key, keys.public_key);
    assert_string_equal(read_back.secret_key, keys.secret_key);
    assert_int_equal(mn_keys_write(&keys, path, &error), MN_EXISTS);
    assert_non_null(strstr(error.text, path));
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(mn_keys_read(&read_back, path, NULL), MN_DENIED);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(truncate(path, 20), 0);
    assert_int_equal(mn_keys_read(&read_back, path, NULL), MN_BAD_INPUT);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mn_keys_read(&read_back, path, NULL), MN_NOT_FOUND);
    assert_int_equal(rmdir(directory), 0);
}

static void count_one(void *context)
{
    int *count = context;
    *count += 1;
}

static void says_when_a_connection_is_made_and_made_again(void **state)
{
    (void)state;
    struct pair pair;
    int connected = 0;
    char bound[MN_ENDPOINT_SIZE_MAX];
    pair_open(&pair, true);
    assert_int_equal(mn_on_connected(pair.dealer, count_one, &connected, NULL), MN_OK);
    assert_true(pair_run(&pair, &connected, 1, 10000));
    mn_net_destroy(&pair.server);
    assert_int_equal(mn_net_new(&pair.server, &pair.server_keys, allow_one, pair.allowed, NULL),
                     MN_OK);
    assert_int_equal(mn_router_bind(pair.server, pair.endpoint, "test", side_receive,
                                    &pair.at_server, bound, sizeof bound, &pair.router, NULL),
                     MN_OK);
    assert_true(pair_run(&pair, &connected, 2, 10000));
    pair_close(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_a_connection_by_its_key_and_echoes_both_frames),
        cmocka_unit_test(sends_part_of_a_chunk_that_its_owner_lets_go_of),
        cmocka_unit_test(holds_no_chunk_that_it_cannot_send),
        cmocka_unit_test(frames_that_were_taken_outlive_their_callback_and_the_net),
        cmocka_unit_test(says_when_a_connection_is_made_and_made_again),
        cmocka_unit_test(gives_a_wrong_key_no_connection),
        cmocka_unit_test(drops_and_counts_a_third_frame_and_lives_on),
        cmocka_unit_test(drops_and_counts_what_is_too_large_and_lives_on),
        cmocka_unit_test(refuses_to_send_what_is_too_large),
        cmocka_unit_test(says_that_a_peer_is_gone),
        cmocka_unit_test(lets_a_callback_close_its_own_socket),
        cmocka_unit_test(a_paused_socket_keeps_what_comes_until_it_is_resumed),
        cmocka_unit_test(names_the_port_that_is_in_use),
        cmocka_unit_test(calls_a_watch_while_its_descriptor_is_readable),
        cmocka_unit_test(reads_back_the_keys_it_wrote_and_never_overwrites),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
