/* What the files of schema/net share among themselves. */
#ifndef MN_NET_PRIVATE_H
#define MN_NET_PRIVATE_H

#include <zmq.h>

#include "net/net.h"

enum {
    NET_WATCH_COUNT_MAX = 4096,
    NET_SOCKET_COUNT_MAX = 65536,
    NET_DISPATCH_COUNT_MAX = 256, /* messages handed out per socket and run */
    NET_DOMAIN_SIZE_MAX = 32,
    NET_CURVE_SIZE_MAX = 64,    /* what CURVE adds to a frame */
    NET_COPIED_SIZE_MAX = 1024, /* a frame up to this is sooner copied than held */
    NET_LINGER_MS = 100,
    NET_BACKLOG = 4096, /* connections that wait to be accepted: a whole cluster may come at once */
    /* A handshake takes longer when thousands wait for theirs. Whoever asks gives up first, and
     * asks again after a time that libzmq draws at random. */
    NET_HANDSHAKE_MS = 10000,
    NET_HANDSHAKE_SERVED_MS = 30000,
    NET_CONNECT_MS = 2000, /* for a connection to be answered, before it is tried anew */
    NET_PING_MS = 1000,
    NET_PING_TIMEOUT_MS = 4000,
    NET_QUEUE_COUNT_MAX = 16384 /* messages waiting per connection and direction */
};

struct mn_socket {
    struct mn_net *net;
    void *zmq; /* NULL once closed */
    bool router;
    bool paused; /* nothing is handed out */
    mn_receive *receive;
    void *context;
    mn_connected *connected; /* of one that reports on another */
    struct mn_socket *next;  /* all sockets of the net */
};

struct net_watch {
    int fd; /* -1 once unwatched */
    mn_ready *ready;
    void *context;
};

struct mn_net {
    void *zmq;
    void *zap; /* NULL when nobody may connect */
    bool has_keys;
    struct mn_keys keys;
    mn_allow *allow;
    void *allow_context;
    struct mn_socket *sockets;
    size_t socket_count;
    uint64_t monitor_count; /* names the sockets that report on others */
    struct net_watch *watches;
    size_t watch_count;
    size_t watch_capacity;
    zmq_pollitem_t *items; /* laid out anew for each wait */
    size_t item_capacity;
    uint64_t dropped;
    mn_dropped *on_dropped; /* may be NULL */
    void *on_dropped_context;
};

/* How long one connection waits at most before it tries again: between half of that and all of it,
 * drawn anew, so that all who lost the same listener do not come back to it at the same moments for
 * ever. libzmq itself adds 20 ms of chance at most, however long the wait has grown. */
int net_reconnect_ms(int reconnect_ms_max);

/* Open the ZAP handler's socket, before any other socket of the context. */
mn_result net_zap_open(struct mn_net *net, struct mn_error *error) MN_CHECKED;

/* Answer every request that waits at the ZAP handler. */
void net_zap_answer(struct mn_net *net);

/* Hand out at most NET_DISPATCH_COUNT_MAX messages of @socket. */
void net_dispatch(struct mn_net *net, struct mn_socket *socket);

#endif
