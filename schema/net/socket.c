/* Sockets: how they are opened, what a message in and out looks like. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/check.h"
#include "net_private.h"

static bool endpoint_is_ipc(const char *endpoint)
{
    return strncmp(endpoint, "ipc://", 6) == 0;
}

static bool option_int(void *zmq, int option, int value)
{
    return zmq_setsockopt(zmq, option, &value, sizeof value) == 0;
}

static bool option_text(void *zmq, int option, const char *text)
{
    return zmq_setsockopt(zmq, option, text, strlen(text)) == 0;
}

/* What every socket of ours has: bounds, no waiting at the end, IPv6 where the endpoint names it.
 */
static bool options_common(void *zmq, const char *endpoint)
{
    int64_t size_max = MN_FRAME_SIZE_MAX + NET_CURVE_SIZE_MAX;
    bool ipv6 = strchr(endpoint, '[') != NULL;
    return option_int(zmq, ZMQ_LINGER, NET_LINGER_MS) &&
           option_int(zmq, ZMQ_SNDHWM, NET_QUEUE_COUNT_MAX) &&
           option_int(zmq, ZMQ_RCVHWM, NET_QUEUE_COUNT_MAX) &&
           zmq_setsockopt(zmq, ZMQ_MAXMSGSIZE, &size_max, sizeof size_max) == 0 &&
           (!ipv6 || option_int(zmq, ZMQ_IPV6, 1));
}

static bool options_server(const struct mn_net *net, void *zmq, const char *endpoint,
                           const char *domain)
{
    if (!option_int(zmq, ZMQ_ROUTER_MANDATORY, 1) || !option_int(zmq, ZMQ_BACKLOG, NET_BACKLOG) ||
        !option_int(zmq, ZMQ_HANDSHAKE_IVL, NET_HANDSHAKE_SERVED_MS) ||
        !options_common(zmq, endpoint)) {
        return false;
    }
    return endpoint_is_ipc(endpoint) ||
           (option_int(zmq, ZMQ_CURVE_SERVER, 1) &&
            option_text(zmq, ZMQ_CURVE_SECRETKEY, net->keys.secret_key) &&
            option_text(zmq, ZMQ_ZAP_DOMAIN, domain));
}

/* A link that was cut comes back with TCP's patience, which doubles each time: it is given up, and
 * made anew, when nothing has answered for a while. Only where the other side always reads: one
 * that does not would not answer either, and has to be waited for. */
static bool options_alive(void *zmq)
{
    return option_int(zmq, ZMQ_HEARTBEAT_IVL, NET_PING_MS) &&
           option_int(zmq, ZMQ_HEARTBEAT_TIMEOUT, NET_PING_TIMEOUT_MS);
}

int net_reconnect_ms(int reconnect_ms_max)
{
    uint32_t draw = 0;
    if (getrandom(&draw, sizeof draw, GRND_NONBLOCK) != (ssize_t)sizeof draw) {
        draw = 0; /* nothing rests on it */
    }
    int spread = reconnect_ms_max / 2 + 1;
    return reconnect_ms_max - (int)(draw % (uint32_t)spread);
}

static bool options_client(const struct mn_net *net, void *zmq, const char *endpoint,
                           const char *server_key, bool immediate, int reconnect_ms_max)
{
    if (!option_int(zmq, ZMQ_IMMEDIATE, immediate ? 1 : 0) || (immediate && !options_alive(zmq)) ||
        !option_int(zmq, ZMQ_CONNECT_TIMEOUT, NET_CONNECT_MS) ||
        !option_int(zmq, ZMQ_HANDSHAKE_IVL, NET_HANDSHAKE_MS) ||
        !option_int(zmq, ZMQ_RECONNECT_IVL, 20) ||
        !option_int(zmq, ZMQ_RECONNECT_IVL_MAX, net_reconnect_ms(reconnect_ms_max)) ||
        !options_common(zmq, endpoint)) {
        return false;
    }
    return endpoint_is_ipc(endpoint) ||
           (option_text(zmq, ZMQ_CURVE_SERVERKEY, server_key) &&
            option_text(zmq, ZMQ_CURVE_PUBLICKEY, net->keys.public_key) &&
            option_text(zmq, ZMQ_CURVE_SECRETKEY, net->keys.secret_key));
}

static mn_result socket_failure(const char *what, const char *endpoint, struct mn_error *error)
{
    int code = zmq_errno();
    const char *remedy = "";
    if (code == EADDRINUSE) {
        remedy = "; another process listens there: end it or configure another port";
    } else if (code == EADDRNOTAVAIL || code == ENODEV) {
        remedy = "; this host has no such address";
    } else if (code == EINVAL) {
        remedy = "; expected tcp://ADDRESS:PORT or ipc://PATH";
    } else if (code == EACCES) {
        remedy = "; ports below 1024 need root, ipc needs a writable directory";
    }
    mn_error_set(error, "cannot %s %s: %s%s", what, endpoint, zmq_strerror(code), remedy);
    return code == EINVAL ? MN_BAD_INPUT : mn_result_from_errno(code);
}

static mn_result socket_new(struct mn_net *net, int type, mn_receive *receive, void *context,
                            struct mn_socket **out, struct mn_error *error)
{
    if (net->socket_count >= NET_SOCKET_COUNT_MAX) {
        mn_error_set(error, "more than %d connections", NET_SOCKET_COUNT_MAX);
        return MN_FULL;
    }
    struct mn_socket *socket = calloc(1, sizeof *socket);
    if (socket == NULL) {
        return MN_NO_MEMORY;
    }
    socket->zmq = zmq_socket(net->zmq, type);
    if (socket->zmq == NULL) {
        mn_error_set(error, "cannot open a socket: %s", zmq_strerror(zmq_errno()));
        free(socket);
        return MN_IO;
    }
    socket->net = net;
    socket->router = type == ZMQ_ROUTER;
    socket->receive = receive;
    socket->context = context;
    socket->next = net->sockets;
    net->sockets = socket;
    net->socket_count += 1;
    *out = socket;
    return MN_OK;
}

mn_result mn_router_bind(struct mn_net *net, const char *endpoint, const char *domain,
                         mn_receive *receive, void *context, char *bound, size_t bound_size,
                         struct mn_socket **socket, struct mn_error *error)
{
    mn_assert(net->has_keys || endpoint_is_ipc(endpoint));
    struct mn_socket *opened = NULL;
    mn_result result = socket_new(net, ZMQ_ROUTER, receive, context, &opened, error);
    if (result != MN_OK) {
        return result;
    }
    if (!options_server(net, opened->zmq, endpoint, domain) ||
        zmq_bind(opened->zmq, endpoint) != 0 ||
        (bound != NULL &&
         zmq_getsockopt(opened->zmq, ZMQ_LAST_ENDPOINT, bound, &bound_size) != 0)) {
        result = socket_failure("listen at", endpoint, error);
        mn_socket_close(net, &opened);
        return result;
    }
    *socket = opened;
    return MN_OK;
}

mn_result mn_dealer_connect(struct mn_net *net, const char *endpoint, const char *server_key,
                            bool immediate, int reconnect_ms_max, mn_receive *receive,
                            void *context, struct mn_socket **socket, struct mn_error *error)
{
    mn_assert(net->has_keys || endpoint_is_ipc(endpoint));
    struct mn_socket *opened = NULL;
    mn_result result = socket_new(net, ZMQ_DEALER, receive, context, &opened, error);
    if (result != MN_OK) {
        return result;
    }
    if (!options_client(net, opened->zmq, endpoint, server_key, immediate, reconnect_ms_max) ||
        zmq_connect(opened->zmq, endpoint) != 0) {
        result = socket_failure("connect to", endpoint, error);
        mn_socket_close(net, &opened);
        return result;
    }
    *socket = opened;
    return MN_OK;
}

static void on_monitor(void *context, struct mn_socket *socket, const struct mn_message *message)
{
    (void)message; /* of one kind only */
    socket->connected(context);
}

mn_result mn_on_connected(struct mn_socket *socket, mn_connected *connected, void *context,
                          struct mn_error *error)
{
    struct mn_net *net = socket->net;
    struct mn_socket *monitor = NULL;
    char endpoint[64];
    mn_assert(!socket->router);
    net->monitor_count += 1;
    (void)snprintf(endpoint, sizeof endpoint, "inproc://connected-%" PRIu64, net->monitor_count);
    mn_result result = socket_new(net, ZMQ_PAIR, on_monitor, context, &monitor, error);
    if (result != MN_OK) {
        return result;
    }
    monitor->connected = connected;
    if (zmq_socket_monitor(socket->zmq, endpoint, ZMQ_EVENT_HANDSHAKE_SUCCEEDED) != 0 ||
        zmq_connect(monitor->zmq, endpoint) != 0) {
        result = socket_failure("watch", endpoint, error);
        mn_socket_close(net, &monitor);
    }
    return result;
}

void mn_socket_close(struct mn_net *net, struct mn_socket **socket)
{
    if (*socket == NULL) {
        return;
    }
    mn_assert((*socket)->net == net);
    (void)zmq_close((*socket)->zmq);
    (*socket)->zmq = NULL; /* freed by the loop, which may be handing out its messages now */
    *socket = NULL;
}

void mn_socket_pause(struct mn_socket *socket, bool paused)
{
    socket->paused = paused;
}

static mn_result send_failure(void)
{
    switch (zmq_errno()) {
    case EAGAIN:
        return MN_AGAIN;
    case EHOSTUNREACH:
        return MN_NOT_FOUND;
    case ENOMEM:
        return MN_NO_MEMORY;
    default:
        return MN_IO;
    }
}

/* Only the first part of a message can be refused; the parts after it go where the first went. */
mn_result mn_send(struct mn_socket *socket, const struct mn_peer *peer, const void *frame,
                  size_t frame_size, const void *second, size_t second_size)
{
    mn_assert(socket->router == (peer != NULL));
    if (frame_size > MN_MESSAGE_SIZE_MAX || second_size > MN_MESSAGE_SIZE_MAX - frame_size) {
        return MN_TOO_LARGE;
    }
    if (peer != NULL &&
        zmq_send(socket->zmq, peer->bytes, peer->size, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) {
        return send_failure();
    }
    int more = second != NULL ? ZMQ_SNDMORE : 0;
    if (zmq_send(socket->zmq, frame, frame_size, more | ZMQ_DONTWAIT) < 0) {
        return send_failure();
    }
    if (second != NULL && zmq_send(socket->zmq, second, second_size, ZMQ_DONTWAIT) < 0) {
        return send_failure();
    }
    return MN_OK;
}

/* Called by ZeroMQ on its own thread. */
static void send_done(void *bytes, void *chunk)
{
    (void)bytes;
    struct mn_chunk *held = chunk;
    mn_chunk_drop(&held);
}

mn_result mn_send_chunk(struct mn_socket *socket, const void *frame, size_t frame_size,
                        struct mn_chunk *chunk, size_t begin, size_t size)
{
    mn_assert(!socket->router);
    mn_assert(begin <= chunk->size);
    mn_assert(size <= chunk->size - begin);
    if (size <= NET_COPIED_SIZE_MAX) {
        return mn_send(socket, NULL, frame, frame_size, chunk->bytes + begin, size);
    }
    if (frame_size > MN_MESSAGE_SIZE_MAX || size > MN_MESSAGE_SIZE_MAX - frame_size) {
        return MN_TOO_LARGE;
    }
    zmq_msg_t part;
    if (zmq_msg_init_data(&part, chunk->bytes + begin, size, send_done, chunk) != 0) {
        return MN_NO_MEMORY;
    }
    mn_chunk_hold(chunk);
    if (zmq_send(socket->zmq, frame, frame_size, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0 ||
        zmq_msg_send(&part, socket->zmq, ZMQ_DONTWAIT) < 0) {
        mn_result result = send_failure();
        (void)zmq_msg_close(&part);
        return result;
    }
    return MN_OK;
}

enum { SOCKET_PART_COUNT_MAX = 3 };

/* Take one whole message: its first parts into @parts, the rest thrown away. Returns how many parts
 * it had, 0 when none waits. */
static int socket_take(struct mn_socket *socket, zmq_msg_t parts[SOCKET_PART_COUNT_MAX])
{
    int count = 0;
    for (;;) {
        zmq_msg_t spare;
        zmq_msg_t *part = count < SOCKET_PART_COUNT_MAX ? &parts[count] : &spare;
        (void)zmq_msg_init(part); /* cannot fail */
        if (zmq_msg_recv(part, socket->zmq, ZMQ_DONTWAIT) < 0) {
            (void)zmq_msg_close(part);
            return count;
        }
        bool more = zmq_msg_more(part) != 0;
        if (count >= SOCKET_PART_COUNT_MAX) {
            (void)zmq_msg_close(part);
        }
        count += 1;
        if (!more) {
            return count;
        }
    }
}

_Static_assert(MN_TAKEN_SIZE == 2 * sizeof(zmq_msg_t), "two frames fit");

void mn_message_take(const struct mn_message *message, struct mn_taken *taken)
{
    zmq_msg_t *from = message->parts;
    zmq_msg_t *to = (zmq_msg_t *)(void *)taken->parts;
    /* Neither can fail: both ends are messages. What is left behind is empty, and closed as any. */
    (void)zmq_msg_init(&to[0]);
    (void)zmq_msg_init(&to[1]);
    (void)zmq_msg_move(&to[0], &from[0]);
    taken->frame = zmq_msg_data(&to[0]);
    taken->frame_size = message->frame_size;
    taken->second = NULL;
    taken->second_size = message->second_size;
    if (message->second != NULL) {
        (void)zmq_msg_move(&to[1], &from[1]);
        taken->second = zmq_msg_data(&to[1]);
    }
}

void mn_taken_deinit(struct mn_taken *taken)
{
    zmq_msg_t *parts = (zmq_msg_t *)(void *)taken->parts;
    (void)zmq_msg_close(&parts[0]);
    (void)zmq_msg_close(&parts[1]);
}

static void socket_drop(struct mn_net *net, struct mn_socket *socket,
                        const struct mn_message *message)
{
    net->dropped += 1;
    if (net->on_dropped != NULL) {
        struct mn_message sender = {.peer = message->peer, .key = message->key};
        net->on_dropped(net->on_dropped_context, socket, &sender);
    }
}

static void socket_hand_out(struct mn_net *net, struct mn_socket *socket, zmq_msg_t *parts,
                            int count)
{
    int first = socket->router ? 1 : 0;
    const char *key = zmq_msg_gets(&parts[count > first ? first : 0], "User-Id");
    struct mn_message message = {.key = key != NULL ? key : ""};
    size_t peer_size = socket->router ? zmq_msg_size(&parts[0]) : 0;
    if (peer_size > 0 && peer_size <= sizeof message.peer.bytes) {
        message.peer.size = (uint8_t)peer_size;
        memcpy(message.peer.bytes, zmq_msg_data(&parts[0]), peer_size);
    }
    if (count <= first || count > first + 2 || peer_size > sizeof message.peer.bytes) {
        socket_drop(net, socket, &message);
        return;
    }
    message.parts = &parts[first];
    message.frame = zmq_msg_data(&parts[first]);
    message.frame_size = zmq_msg_size(&parts[first]);
    if (count == first + 2) {
        message.second = zmq_msg_data(&parts[first + 1]);
        message.second_size = zmq_msg_size(&parts[first + 1]);
    }
    if (message.frame_size > MN_MESSAGE_SIZE_MAX ||
        message.second_size > MN_MESSAGE_SIZE_MAX - message.frame_size) {
        socket_drop(net, socket, &message);
        return;
    }
    socket->receive(socket->context, socket, &message);
}

void net_dispatch(struct mn_net *net, struct mn_socket *socket)
{
    for (int i = 0; i < NET_DISPATCH_COUNT_MAX && socket->zmq != NULL && !socket->paused; i++) {
        zmq_msg_t parts[SOCKET_PART_COUNT_MAX];
        int count = socket_take(socket, parts);
        if (count == 0) {
            return;
        }
        socket_hand_out(net, socket, parts, count);
        for (int k = 0; k < count && k < SOCKET_PART_COUNT_MAX; k++) {
            (void)zmq_msg_close(&parts[k]);
        }
    }
}
