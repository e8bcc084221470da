/* The same payloads over ZeroMQ alone, from one process to another: what sessions are measured by.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "session_bench.h"

enum { QUEUE_COUNT_MAX = 16384 };

static void raw_check(int result, const char *what)
{
    if (result < 0) {
        bench_die(what);
    }
}

static void raw_option(void *socket, int option, const void *value, size_t size)
{
    raw_check(zmq_setsockopt(socket, option, value, size), "a raw socket's option");
}

static void raw_text(void *socket, int option, const char *text)
{
    raw_option(socket, option, text, strlen(text));
}

static void raw_queues(void *socket)
{
    int most = QUEUE_COUNT_MAX;
    raw_option(socket, ZMQ_SNDHWM, &most, sizeof most);
    raw_option(socket, ZMQ_RCVHWM, &most, sizeof most);
}

static _Noreturn void raw_sender(const char *endpoint, const struct mn_keys *keys, uint64_t count,
                                 size_t size)
{
    void *context = zmq_ctx_new();
    void *socket = zmq_socket(context, ZMQ_DEALER);
    unsigned char *payload = calloc(1, size);
    if (payload == NULL) {
        bench_die("memory for a raw payload");
    }
    raw_queues(socket);
    if (keys != NULL) {
        raw_text(socket, ZMQ_CURVE_SERVERKEY, keys->public_key);
        raw_text(socket, ZMQ_CURVE_PUBLICKEY, keys->public_key);
        raw_text(socket, ZMQ_CURVE_SECRETKEY, keys->secret_key);
    }
    raw_check(zmq_connect(socket, endpoint), "connecting a raw socket");
    for (uint64_t i = 0; i <= count; i++) {
        raw_check(zmq_send(socket, payload, size, 0), "sending on a raw socket");
    }
    free(payload);
    (void)zmq_close(socket);
    (void)zmq_ctx_term(context);
    _exit(0);
}

/* One message: the sender's identity, then the payload. */
static void raw_take(void *socket, zmq_msg_t *part)
{
    raw_check(zmq_msg_recv(part, socket, 0), "receiving on a raw socket");
    raw_check(zmq_msg_recv(part, socket, 0), "receiving on a raw socket");
}

int64_t bench_raw(uint64_t count, size_t size, bool curve)
{
    struct mn_keys keys;
    if (mn_keys_make(&keys, NULL) != MN_OK) {
        bench_die("making keys");
    }
    void *context = zmq_ctx_new();
    void *socket = zmq_socket(context, ZMQ_ROUTER);
    char endpoint[64];
    size_t endpoint_size = sizeof endpoint;
    raw_queues(socket);
    if (curve) {
        int server = 1;
        raw_option(socket, ZMQ_CURVE_SERVER, &server, sizeof server);
        raw_text(socket, ZMQ_CURVE_SECRETKEY, keys.secret_key);
    }
    raw_check(zmq_bind(socket, "tcp://127.0.0.1:*"), "binding a raw socket");
    raw_check(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &endpoint_size), "an endpoint");
    pid_t child = fork();
    if (child == 0) {
        raw_sender(endpoint, curve ? &keys : NULL, count, size);
    }
    zmq_msg_t part;
    (void)zmq_msg_init(&part);
    raw_take(socket, &part); /* From here on the connection is there. */
    int64_t began = bench_now();
    for (uint64_t i = 0; i < count; i++) {
        raw_take(socket, &part);
    }
    int64_t took = bench_now() - began;
    (void)zmq_msg_close(&part);
    (void)waitpid(child, NULL, 0);
    (void)zmq_close(socket);
    (void)zmq_ctx_term(context);
    return took;
}
