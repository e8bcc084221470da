/* The loop: wait for sockets, file descriptors and a time; hand out what came. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "net_private.h"

mn_result mn_net_new(struct mn_net **out, const struct mn_keys *keys, mn_allow *allow,
                     void *allow_context, struct mn_error *error)
{
    struct mn_net *net = calloc(1, sizeof *net);
    if (net == NULL) {
        return MN_NO_MEMORY;
    }
    net->zmq = zmq_ctx_new();
    if (net->zmq == NULL) {
        mn_error_set(error, "cannot start ZeroMQ: %s", zmq_strerror(zmq_errno()));
        free(net);
        return MN_IO;
    }
    (void)zmq_ctx_set(net->zmq, ZMQ_MAX_SOCKETS, NET_SOCKET_COUNT_MAX);
    if (keys != NULL) {
        net->keys = *keys;
        net->has_keys = true;
    }
    net->allow = allow;
    net->allow_context = allow_context;
    if (allow != NULL) {
        mn_result result = net_zap_open(net, error);
        if (result != MN_OK) {
            mn_net_destroy(&net);
            return result;
        }
    }
    *out = net;
    return MN_OK;
}

/* Free the sockets that were closed since the last time. */
static void net_sweep(struct mn_net *net)
{
    struct mn_socket **link = &net->sockets;
    while (*link != NULL) {
        struct mn_socket *socket = *link;
        if (socket->zmq == NULL) {
            *link = socket->next;
            net->socket_count -= 1;
            free(socket);
        } else {
            link = &socket->next;
        }
    }
}

void mn_net_destroy(struct mn_net **out)
{
    struct mn_net *net = *out;
    if (net == NULL) {
        return;
    }
    for (struct mn_socket *socket = net->sockets; socket != NULL; socket = socket->next) {
        if (socket->zmq != NULL) {
            (void)zmq_close(socket->zmq);
            socket->zmq = NULL;
        }
    }
    net_sweep(net);
    if (net->zap != NULL) {
        (void)zmq_close(net->zap);
    }
    while (zmq_ctx_term(net->zmq) != 0 && zmq_errno() == EINTR) {
    }
    free(net->watches);
    free(net->items);
    memset(net, 0, sizeof *net); /* it held a secret key */
    free(net);
    *out = NULL;
}

mn_result mn_watch(struct mn_net *net, int fd, mn_ready *ready, void *context)
{
    struct net_watch watch = {.fd = fd, .ready = ready, .context = context};
    for (size_t i = 0; i < net->watch_count; i++) {
        if (net->watches[i].fd == -1) {
            net->watches[i] = watch;
            return MN_OK;
        }
    }
    mn_result result = mn_grow(&net->watches, &net->watch_capacity, net->watch_count + 1,
                               sizeof watch, NET_WATCH_COUNT_MAX);
    if (result != MN_OK) {
        return result;
    }
    net->watches[net->watch_count] = watch;
    net->watch_count += 1;
    return MN_OK;
}

void mn_unwatch(struct mn_net *net, int fd)
{
    for (size_t i = 0; i < net->watch_count; i++) {
        if (net->watches[i].fd == fd) {
            net->watches[i].fd = -1;
        }
    }
}

/* Lay out what to wait for: the ZAP handler, the sockets, the watches; in this order. */
static mn_result net_lay_out(struct mn_net *net, size_t *count)
{
    size_t room = 1 + net->socket_count + net->watch_count;
    mn_result result = mn_grow(&net->items, &net->item_capacity, room, sizeof *net->items,
                               1 + NET_SOCKET_COUNT_MAX + NET_WATCH_COUNT_MAX);
    if (result != MN_OK) {
        return result;
    }
    size_t used = 0;
    if (net->zap != NULL) {
        net->items[used++] = (zmq_pollitem_t){.socket = net->zap, .events = ZMQ_POLLIN};
    }
    for (struct mn_socket *socket = net->sockets; socket != NULL; socket = socket->next) {
        if (!socket->paused) {
            net->items[used++] = (zmq_pollitem_t){.socket = socket->zmq, .events = ZMQ_POLLIN};
        }
    }
    for (size_t i = 0; i < net->watch_count; i++) {
        if (net->watches[i].fd >= 0) {
            net->items[used++] = (zmq_pollitem_t){.fd = net->watches[i].fd, .events = ZMQ_POLLIN};
        }
    }
    *count = used;
    return MN_OK;
}

static long wait_ms(mn_time until)
{
    if (until == MN_TIME_NEVER) {
        return -1;
    }
    mn_time left = until - mn_now();
    if (left <= 0) {
        return 0;
    }
    /* Rounded up, so that what is due is due when the wait ends; a minute at most at a time. */
    mn_time ms = (left + MN_MS - 1) / MN_MS;
    return ms < 60000 ? (long)ms : 60000;
}

static void net_hand_out(struct mn_net *net, size_t count)
{
    size_t at = 0;
    if (net->zap != NULL) {
        if ((net->items[at].revents & ZMQ_POLLIN) != 0) {
            net_zap_answer(net);
        }
        at += 1;
    }
    /* Callbacks open sockets (new ones come first in the list) and close them (they stay listed
     * until the sweep), so what was laid out is found again by its handle, not by its place. */
    struct mn_socket *socket = net->sockets;
    for (; at < count && net->items[at].socket != NULL; at++) {
        while (socket != NULL && socket->zmq != net->items[at].socket) {
            socket = socket->next;
        }
        if (socket == NULL) {
            socket = net->sockets; /* closed meanwhile */
            continue;
        }
        if ((net->items[at].revents & ZMQ_POLLIN) != 0) {
            net_dispatch(net, socket);
        }
    }
    for (; at < count; at++) {
        if ((net->items[at].revents & (ZMQ_POLLIN | ZMQ_POLLERR)) == 0) {
            continue;
        }
        for (size_t i = 0; i < net->watch_count; i++) {
            if (net->watches[i].fd == net->items[at].fd) {
                struct net_watch watch = net->watches[i];
                watch.ready(watch.context, watch.fd);
                break;
            }
        }
    }
}

mn_result mn_net_run(struct mn_net *net, mn_time until)
{
    net_sweep(net);
    size_t count = 0;
    mn_result result = net_lay_out(net, &count);
    if (result != MN_OK) {
        return result;
    }
    int ready = zmq_poll(net->items, (int)count, wait_ms(until));
    if (ready < 0) {
        return zmq_errno() == EINTR ? MN_OK : MN_IO;
    }
    if (ready > 0) {
        net_hand_out(net, count);
    }
    net_sweep(net);
    return MN_OK;
}

uint64_t mn_net_dropped(const struct mn_net *net)
{
    return net->dropped;
}

void mn_net_on_dropped(struct mn_net *net, mn_dropped *dropped, void *context)
{
    net->on_dropped = dropped;
    net->on_dropped_context = context;
}
