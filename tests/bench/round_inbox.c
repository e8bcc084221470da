/* The sockets of the scripted agents, and what has come to them and is read later. */
#include <string.h>

#include "base/grow.h"
#include "round_bench.h"
#include "wire/joined.h"

/* Frames that come one after the other are read once none has for so long, or the first has waited
 * for that. */
enum { INBOX_QUIET_MS = 1, INBOX_LATE_MS = 20, INBOX_IDLE_MS = 5 };

void *round_agent_socket(const struct round_cluster *cluster, uint32_t host, void *context, int *fd)
{
    static const int zero = 0;
    /* As an agent has them, so that thousands who come at once do not come again at once. */
    static const int reconnect_ms = 20;
    static const int reconnect_ms_max = 1000;
    static const int connect_ms = 2000;
    static const int handshake_ms = 10000;
    const struct mn_keys *keys = &cluster->keys[host];
    const char *server = cluster->coordinator_keys.public_key;
    size_t size = sizeof *fd;
    void *socket = zmq_socket(context, ZMQ_DEALER);
    if (socket == NULL || zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero) != 0 ||
        zmq_setsockopt(socket, ZMQ_SNDHWM, &zero, sizeof zero) != 0 ||
        zmq_setsockopt(socket, ZMQ_RCVHWM, &zero, sizeof zero) != 0 ||
        zmq_setsockopt(socket, ZMQ_RECONNECT_IVL, &reconnect_ms, sizeof reconnect_ms) != 0 ||
        zmq_setsockopt(socket, ZMQ_RECONNECT_IVL_MAX, &reconnect_ms_max, sizeof reconnect_ms_max) !=
            0 ||
        zmq_setsockopt(socket, ZMQ_CONNECT_TIMEOUT, &connect_ms, sizeof connect_ms) != 0 ||
        zmq_setsockopt(socket, ZMQ_HANDSHAKE_IVL, &handshake_ms, sizeof handshake_ms) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server, strlen(server)) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys->public_key, 40) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->secret_key, 40) != 0 ||
        zmq_connect(socket, cluster->endpoint) != 0 ||
        zmq_getsockopt(socket, ZMQ_FD, fd, &size) != 0) {
        round_die("opening an agent's socket");
    }
    return socket;
}

bool round_inbox_defer(struct round_inbox *inbox, struct scripted *host, zmq_msg_t *part)
{
    struct mn_joined frame = mn_joined_of(zmq_msg_data(part), zmq_msg_size(part));
    const void *bytes = NULL;
    size_t size = 0;
    (void)mn_joined_next(&frame, &bytes, &size);
    if (inbox->first == inbox->count && frame.left == 0) {
        return false;
    }
    if (mn_grow(&inbox->frames, &inbox->capacity, inbox->count + 1, sizeof *inbox->frames,
                SIZE_MAX) != MN_OK) {
        round_die("memory for a frame");
    }
    struct round_frame *deferred = &inbox->frames[inbox->count++];
    *deferred = (struct round_frame){.host = host, .came_at = round_now()};
    (void)zmq_msg_init(&deferred->bytes);
    (void)zmq_msg_move(&deferred->bytes, part);
    return true;
}

int round_inbox_wait_ms(const struct round_inbox *inbox)
{
    if (inbox->first == inbox->count) {
        return INBOX_IDLE_MS;
    }
    int64_t now = round_now();
    bool quiet = now >= inbox->frames[inbox->count - 1].came_at + INBOX_QUIET_MS * MN_MS;
    bool late = now >= inbox->frames[inbox->first].came_at + INBOX_LATE_MS * MN_MS;
    return quiet || late ? 0 : INBOX_QUIET_MS;
}

bool round_inbox_take(struct round_inbox *inbox, struct round_frame *out)
{
    if (round_inbox_wait_ms(inbox) != 0) {
        return false;
    }
    struct round_frame *frame = &inbox->frames[inbox->first++];
    *out = (struct round_frame){.host = frame->host, .came_at = frame->came_at};
    (void)zmq_msg_init(&out->bytes);
    (void)zmq_msg_move(&out->bytes, &frame->bytes);
    if (inbox->first == inbox->count) {
        inbox->first = inbox->count = 0;
    }
    return true;
}
