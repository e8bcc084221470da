/* The relay: it hands out a port for each connection that is asked for, takes the connection there,
 * and carries bytes between it and where it was meant to go. While it is cut it carries nothing:
 * what is under way waits, as what is sent again would, and new connections lead into a hole that
 * never answers, as behind a switch that has failed. When it heals the hole is closed, so that
 * whoever waits there tries again. */
#include "demo/demo_relay.h"

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    RELAY_PAIR_COUNT_MAX = 512,
    RELAY_BUFFER_SIZE = 32768,
    RELAY_HOLE_COUNT = 3,
    RELAY_PORT_REFUSES = 1 /* nobody listens there */
};

/* What was read from one end and is not written to the other yet. */
struct relay_flow {
    size_t at;
    size_t size;
    unsigned char bytes[RELAY_BUFFER_SIZE];
};

struct relay_pair {
    bool used;
    int listener; /* until the connection has come; -1 afterwards */
    int ends[2];  /* who asked, -1 until then; and where it leads */
    struct relay_flow flows[2];
};

struct relay_state {
    int asks;
    int control;
    bool cut;
    int hole[RELAY_HOLE_COUNT]; /* a listener that takes nobody, and those who fill it */
    in_port_t hole_port;
    struct relay_pair pairs[RELAY_PAIR_COUNT_MAX];
};

static int relay_socket(int flags)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
}

/* A listener on a port of its own, which goes to @port. */
static int relay_listen(in_port_t *port)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    int fd = relay_socket(0);
    if (fd >= 0 && (bind(fd, (struct sockaddr *)&here, sizeof here) != 0 || listen(fd, 0) != 0 ||
                    getsockname(fd, (struct sockaddr *)&here, &size) != 0)) {
        (void)close(fd);
        fd = -1;
    }
    *port = fd >= 0 ? here.sin_port : htons(RELAY_PORT_REFUSES);
    return fd;
}

static void relay_dig_hole(struct relay_state *relay)
{
    relay->hole[0] = relay_listen(&relay->hole_port);
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = relay->hole_port,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 1; i < RELAY_HOLE_COUNT; i++) {
        relay->hole[i] = relay_socket(SOCK_NONBLOCK);
        (void)connect(relay->hole[i], (const struct sockaddr *)&to, sizeof to);
    }
}

static void relay_ordered(struct relay_state *relay)
{
    char order = 0;
    if (read(relay->control, &order, 1) != 1) {
        _exit(0); /* the demo has ended */
    }
    bool cut = order == 'c';
    if (cut && !relay->cut) {
        relay_dig_hole(relay);
    }
    for (int i = 0; i < RELAY_HOLE_COUNT && !cut && relay->cut; i++) {
        (void)close(relay->hole[i]);
    }
    relay->cut = cut;
    (void)write(relay->control, &order, 1);
}

static void relay_close(struct relay_pair *pair)
{
    const int fds[] = {pair->listener, pair->ends[0], pair->ends[1]};
    for (size_t i = 0; i < 3; i++) {
        if (fds[i] >= 0) {
            (void)close(fds[i]);
        }
    }
    pair->used = false;
}

/* The port that leads to @to: a fresh one, one that refuses when @to does, or the hole. */
static in_port_t relay_port(struct relay_state *relay, const struct sockaddr_in *to)
{
    in_port_t port = htons(RELAY_PORT_REFUSES);
    size_t place = 0;
    while (place < RELAY_PAIR_COUNT_MAX && relay->pairs[place].used) {
        place += 1;
    }
    if (relay->cut) {
        return relay->hole_port;
    }
    if (place == RELAY_PAIR_COUNT_MAX) {
        return port;
    }
    struct relay_pair *pair = &relay->pairs[place];
    *pair = (struct relay_pair){.used = true, .listener = -1, .ends = {-1, relay_socket(0)}};
    /* Who takes nobody at the moment must not keep the others waiting. */
    const struct timeval bound = {.tv_usec = 100000};
    (void)setsockopt(pair->ends[1], SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof bound);
    if (connect(pair->ends[1], (const struct sockaddr *)to, sizeof *to) != 0) {
        relay_close(pair);
        return port;
    }
    pair->listener = relay_listen(&port);
    return port;
}

static void relay_asked(struct relay_state *relay)
{
    struct sockaddr_in to;
    int fd = accept4(relay->asks, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0 && read(fd, &to, sizeof to) == (ssize_t)sizeof to) {
        in_port_t port = relay_port(relay, &to);
        (void)write(fd, &port, sizeof port);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

static void relay_take(struct relay_pair *pair)
{
    pair->ends[0] = accept4(pair->listener, NULL, NULL, SOCK_CLOEXEC);
    (void)close(pair->listener);
    pair->listener = -1;
    if (pair->ends[0] < 0) {
        relay_close(pair);
    }
}

/* Read what end @from has, or write what is left for the other. False when either is closed. */
static bool relay_carry(struct relay_pair *pair, int from, short from_events, short to_events)
{
    struct relay_flow *flow = &pair->flows[from];
    if (flow->size == 0 && (from_events & (POLLIN | POLLHUP | POLLERR)) != 0) {
        ssize_t got = recv(pair->ends[from], flow->bytes, sizeof flow->bytes, MSG_DONTWAIT);
        if (got <= 0) {
            return false;
        }
        flow->at = 0;
        flow->size = (size_t)got;
    } else if (flow->size > 0 && (to_events & (POLLOUT | POLLHUP | POLLERR)) != 0) {
        ssize_t sent = send(pair->ends[1 - from], flow->bytes + flow->at, flow->size,
                            MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        flow->at += (size_t)sent;
        flow->size -= (size_t)sent;
    }
    return true;
}

/* What to wait for: nothing of any pair while the relay is cut. */
static void relay_wish(const struct relay_state *relay, size_t index, struct pollfd polls[2])
{
    const struct relay_pair *pair = &relay->pairs[index];
    polls[0] = polls[1] = (struct pollfd){.fd = -1};
    if (!pair->used || relay->cut) {
        return;
    }
    if (pair->listener >= 0) {
        polls[0] = (struct pollfd){.fd = pair->listener, .events = POLLIN};
        return;
    }
    for (int end = 0; end < 2; end++) {
        polls[end].fd = pair->ends[end];
        polls[end].events |= pair->flows[end].size == 0 ? POLLIN : 0;
        polls[end].events |= pair->flows[1 - end].size > 0 ? POLLOUT : 0;
    }
}

static void relay_work(struct relay_pair *pair, const struct pollfd polls[2])
{
    if (polls[0].revents == 0 && polls[1].revents == 0) {
        return;
    }
    if (pair->listener >= 0) {
        relay_take(pair);
    } else if (!relay_carry(pair, 0, polls[0].revents, polls[1].revents) ||
               !relay_carry(pair, 1, polls[1].revents, polls[0].revents)) {
        relay_close(pair);
    }
}

static _Noreturn void relay_run(struct relay_state *relay)
{
    static struct pollfd polls[2 + 2 * RELAY_PAIR_COUNT_MAX];
    (void)signal(SIGPIPE, SIG_IGN); /* who asked may be dead by now */
    for (;;) {
        polls[0] = (struct pollfd){.fd = relay->asks, .events = POLLIN};
        polls[1] = (struct pollfd){.fd = relay->control, .events = POLLIN};
        for (size_t i = 0; i < RELAY_PAIR_COUNT_MAX; i++) {
            relay_wish(relay, i, &polls[2 + 2 * i]);
        }
        if (poll(polls, 2 + 2 * RELAY_PAIR_COUNT_MAX, -1) < 0) {
            continue;
        }
        if (polls[1].revents != 0) {
            relay_ordered(relay); /* what else has come is looked at anew: it may not pass now */
            continue;
        }
        for (size_t i = 0; i < RELAY_PAIR_COUNT_MAX; i++) {
            relay_work(&relay->pairs[i], &polls[2 + 2 * i]);
        }
        if (polls[0].revents != 0) {
            relay_asked(relay);
        }
    }
}

/* Where connections are asked for: a name that is no file's, so that nothing is left of it. */
static int relay_name(struct demo_relay *relay)
{
    struct sockaddr_un here = {.sun_family = AF_UNIX};
    (void)snprintf(relay->name, sizeof relay->name, "mneme-demo-%ld", (long)getpid());
    size_t size = strlen(relay->name);
    memcpy(here.sun_path + 1, relay->name, size);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t here_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + size);
    if (fd >= 0 &&
        (bind(fd, (struct sockaddr *)&here, here_size) != 0 || listen(fd, SOMAXCONN) != 0)) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

bool demo_relay_start(struct demo_relay *relay)
{
    int ends[2] = {-1, -1};
    struct relay_state *state = calloc(1, sizeof *state);
    int asks = relay_name(relay);
    pid_t child = -1;
    if (state != NULL && asks >= 0 &&
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0) {
        child = fork();
    }
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)setpgid(0, 0); /* Ctrl-C is for the demo, which ends it in order */
        (void)close(ends[0]);
        state->asks = asks;
        state->control = ends[1];
        relay_run(state);
    }
    free(state);
    if (asks >= 0) {
        (void)close(asks);
    }
    if (ends[1] >= 0) {
        (void)close(ends[1]);
    }
    relay->control = ends[0];
    return child > 0;
}

bool demo_relay_cut(const struct demo_relay *relay, bool cut)
{
    char order = cut ? 'c' : 'h';
    return send(relay->control, &order, 1, MSG_NOSIGNAL) == 1 &&
           read(relay->control, &order, 1) == 1;
}
