/* How many reports a second the coordinator takes in: reports of 10 heard entries, 1,024 in a
 * message and each of another vat, as they come while everything works, from a few agents at once;
 * all threads of the coordinator are held to one core. Beside it a plain ZeroMQ ROUTER with CURVE,
 * held to one core too, which answers each message of the same bytes as shortly. Both from the
 * first report's sending to the last one's answer. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "round_bench.h"
#include "wire/control.h"

enum {
    INGEST_HOST_COUNT = 4,
    INGEST_VAT_COUNT = 4000,
    INGEST_EPOCH_COUNT = 200, /* of each vat */
    INGEST_HEARD_COUNT = 10,
    INGEST_WINDOW = 8,
    INGEST_CORE = 0
};

struct ingest_message {
    unsigned char *bytes;
    size_t size;
};

struct ingest {
    struct ingest_message *messages; /* host by host */
    uint32_t each;                   /* of one host */
    uint64_t reports;
    uint64_t bytes;
};

static void ingest_encode(struct ingest *ingest, struct round_rows *rows, uint32_t host)
{
    for (uint32_t i = 0; i < ingest->each; i++) {
        struct mn_buffer buffer = {0};
        ingest->reports += round_rows_make(rows, host, (uint64_t)i * ROUND_ROW_COUNT);
        struct mn_up up = {.generation = 1, .disk = host + 1, .kind = MN_UP_REPORT};
        up.report = *rows->report;
        up.report.sequence = i + 1;
        if (mn_up_encode(&up, &buffer) != MN_OK) {
            round_die("encoding a report");
        }
        ingest->messages[host * ingest->each + i] =
            (struct ingest_message){.bytes = buffer.bytes, .size = buffer.size};
        ingest->bytes += buffer.size;
    }
}

static void *ingest_socket(void *context, const char *endpoint, const char *server,
                           const struct mn_keys *keys)
{
    void *socket = zmq_socket(context, ZMQ_DEALER);
    int zero = 0;
    if (socket == NULL || zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server, 40) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys->public_key, 40) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->secret_key, 40) != 0 ||
        zmq_connect(socket, endpoint) != 0) {
        round_die("opening a socket");
    }
    return socket;
}

static void ingest_say(void *socket, const struct mn_up *up)
{
    struct mn_buffer buffer = {0};
    if (mn_up_encode(up, &buffer) != MN_OK || zmq_send(socket, buffer.bytes, buffer.size, 0) < 0) {
        round_die("sending a message");
    }
    mn_buffer_deinit(&buffer);
}

/* Wait for a message of the coordinator of this kind. */
static void ingest_await(void *socket, enum mn_down_kind kind)
{
    bool come = false;
    zmq_msg_t part;
    (void)zmq_msg_init(&part);
    while (!come) {
        struct mn_arena arena;
        struct mn_down down;
        mn_arena_init(&arena, 0);
        if (zmq_msg_recv(&part, socket, 0) < 0 ||
            mn_down_decode(zmq_msg_data(&part), zmq_msg_size(&part), &arena, &down) != MN_OK) {
            round_die("receiving a message");
        }
        come = down.kind == kind;
        mn_arena_deinit(&arena);
    }
    (void)zmq_msg_close(&part);
}

/* Hello, until welcome in this generation. */
static void ingest_hello(void *socket, uint32_t host, uint64_t numbering)
{
    struct mn_up up = {.disk = host + 1, .kind = MN_UP_HELLO}; /* it knows no generation yet */
    up.hello.host = round_host_name(host);
    up.hello.everything = true;
    up.hello.numbering = numbering;
    ingest_say(socket, &up);
    ingest_await(socket, MN_DOWN_WELCOME);
}

/* Whether this is an answer to a report, by its size: what else comes here are the starts of vats,
 * and welcomes. A raw router answers with one byte. */
static bool ingest_answers(const zmq_msg_t *part, bool raw)
{
    struct mn_arena arena;
    struct mn_down down;
    mn_arena_init(&arena, 0);
    bool taken = raw || (mn_down_decode(zmq_msg_data((zmq_msg_t *)part), zmq_msg_size(part), &arena,
                                        &down) == MN_OK &&
                         down.kind == MN_DOWN_TAKEN);
    mn_arena_deinit(&arena);
    return taken;
}

/* Send everything, so many messages of each host under way at a time; nanoseconds. */
static int64_t ingest_run(const struct ingest *ingest, void **sockets, bool raw)
{
    uint32_t sent[INGEST_HOST_COUNT] = {0};
    uint32_t taken[INGEST_HOST_COUNT] = {0};
    uint32_t left = ingest->each * INGEST_HOST_COUNT;
    zmq_pollitem_t items[INGEST_HOST_COUNT];
    zmq_msg_t part;
    (void)zmq_msg_init(&part);
    int64_t began = round_now();
    while (left > 0) {
        for (uint32_t host = 0; host < INGEST_HOST_COUNT; host++) {
            items[host] = (zmq_pollitem_t){.socket = sockets[host], .events = ZMQ_POLLIN};
            while (sent[host] < ingest->each && sent[host] - taken[host] < INGEST_WINDOW) {
                const struct ingest_message *message =
                    &ingest->messages[host * ingest->each + sent[host]++];
                if (zmq_send(sockets[host], message->bytes, message->size, 0) < 0) {
                    round_die("sending a report");
                }
            }
        }
        if (zmq_poll(items, INGEST_HOST_COUNT, -1) < 0) {
            round_die("waiting for answers");
        }
        for (uint32_t host = 0; host < INGEST_HOST_COUNT; host++) {
            while (zmq_msg_recv(&part, sockets[host], ZMQ_DONTWAIT) >= 0) {
                bool answers = ingest_answers(&part, raw);
                taken[host] += answers ? 1 : 0;
                left -= answers ? 1 : 0;
            }
        }
    }
    int64_t took = round_now() - began;
    (void)zmq_msg_close(&part);
    return took;
}

static _Noreturn void raw_router(void *socket)
{
    zmq_msg_t peer;
    zmq_msg_t part;
    (void)zmq_msg_init(&peer);
    (void)zmq_msg_init(&part);
    for (;;) {
        if (zmq_msg_recv(&peer, socket, 0) < 0 || zmq_msg_recv(&part, socket, 0) < 0 ||
            zmq_msg_send(&peer, socket, ZMQ_SNDMORE) < 0 || zmq_send(socket, "", 1, 0) < 0) {
            round_die("a raw router");
        }
    }
}

static pid_t raw_open(const struct mn_keys *keys, int port)
{
    pid_t child = fork();
    if (child != 0) {
        return child;
    }
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(INGEST_CORE, &cores);
    char endpoint[64];
    (void)snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", port);
    int server = 1;
    if (sched_setaffinity(0, sizeof cores, &cores) != 0) {
        round_die("holding a process to a core");
    }
    void *context = zmq_ctx_new();
    void *socket = zmq_socket(context, ZMQ_ROUTER);
    if (socket == NULL || zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &server, sizeof server) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->secret_key, 40) != 0 ||
        zmq_bind(socket, endpoint) != 0) {
        round_die("a raw router");
    }
    raw_router(socket);
}

static int64_t ingest_raw(const struct ingest *ingest, const struct round_cluster *cluster)
{
    void *sockets[INGEST_HOST_COUNT];
    int port = round_free_port();
    char endpoint[64];
    (void)snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", port);
    pid_t child = raw_open(&cluster->coordinator_keys, port);
    void *context = zmq_ctx_new();
    for (uint32_t host = 0; host < INGEST_HOST_COUNT; host++) {
        char byte = 0;
        sockets[host] = ingest_socket(context, endpoint, cluster->coordinator_keys.public_key,
                                      &cluster->keys[host]);
        if (zmq_send(sockets[host], "", 1, 0) < 0 || zmq_recv(sockets[host], &byte, 1, 0) < 0) {
            round_die("a raw socket");
        }
    }
    int64_t took = ingest_run(ingest, sockets, true);
    for (uint32_t host = 0; host < INGEST_HOST_COUNT; host++) {
        (void)zmq_close(sockets[host]);
    }
    (void)zmq_ctx_term(context);
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    return took;
}

static int64_t ingest_coordinator(const struct ingest *ingest, const struct round_cluster *cluster)
{
    void *sockets[INGEST_HOST_COUNT];
    void *context = zmq_ctx_new();
    for (uint32_t host = 0; host < INGEST_HOST_COUNT; host++) {
        sockets[host] = ingest_socket(context, cluster->endpoint,
                                      cluster->coordinator_keys.public_key, &cluster->keys[host]);
        ingest_hello(sockets[host], host, cluster->size.numbering);
    }
    round_sleep_ms(500); /* The first starts are written down, and said. */
    int64_t took = ingest_run(ingest, sockets, false);
    for (uint32_t host = 0; host < INGEST_HOST_COUNT; host++) {
        (void)zmq_close(sockets[host]);
    }
    (void)zmq_ctx_term(context);
    return took;
}

void round_ingest(struct round_ingest *out)
{
    struct round_size size = {.hosts = INGEST_HOST_COUNT,
                              .vats = INGEST_VAT_COUNT,
                              .checkpoints = INGEST_EPOCH_COUNT,
                              .stores = 1,
                              .heard = INGEST_HEARD_COUNT,
                              .rack = 1,
                              .heartbeat_ms = 60000,
                              .suspect_ms = 600000,
                              .lost_ms = 3600000,
                              .by_epoch = true};
    struct round_cluster cluster;
    struct round_rows rows;
    struct ingest ingest = {0};
    round_cluster_open(&cluster, &size, INGEST_CORE, false);
    round_rows_init(&rows, &cluster.size);
    ingest.each = (uint32_t)((round_rows_count(&size) + ROUND_ROW_COUNT - 1) / ROUND_ROW_COUNT);
    ingest.messages = calloc((size_t)ingest.each * INGEST_HOST_COUNT, sizeof *ingest.messages);
    if (ingest.messages == NULL) {
        round_die("memory for reports");
    }
    for (uint32_t host = 0; host < INGEST_HOST_COUNT; host++) {
        ingest_encode(&ingest, &rows, host);
    }
    round_rows_deinit(&rows);
    int64_t took = ingest_coordinator(&ingest, &cluster);
    int64_t raw = ingest_raw(&ingest, &cluster);
    *out = (struct round_ingest){.reports_s = (double)ingest.reports * 1e9 / (double)took,
                                 .raw_reports_s = (double)ingest.reports * 1e9 / (double)raw,
                                 .bytes_report = (double)ingest.bytes / (double)ingest.reports,
                                 .reports = ingest.reports};
    for (uint32_t i = 0; i < ingest.each * INGEST_HOST_COUNT; i++) {
        free(ingest.messages[i].bytes);
    }
    free(ingest.messages);
    round_cluster_close(&cluster);
}
