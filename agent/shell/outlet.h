/* A connection to another process that keeps a little while what cannot be sent yet: a connection
 * takes a moment to be made, and what is said in that moment should not be lost. What is too old or
 * too much is dropped; the cores say again what matters. */
#ifndef AGENT_SHELL_OUTLET_H
#define AGENT_SHELL_OUTLET_H

#include "net/net.h"

enum {
    AGENT_OUTLET_BYTES_MAX = 16 * 1024 * 1024, /* waiting on one connection */
    AGENT_OUTLET_COUNT_MAX = 4096,
    AGENT_OUTLET_RETRY_MS = 5
};

struct agent_outlet_item;

/* Zero-initialised is closed. */
struct agent_outlet {
    struct mn_net *net;
    struct mn_socket *socket;
    struct agent_outlet_item *first;
    struct agent_outlet_item *last;
    size_t bytes;
    size_t count;
    uint64_t dropped; /* never sent: refused, too old, or failed */
    mn_time age_max;
};

/* Connect. @age_max: how long a message may wait. Errors as mn_dealer_connect. */
mn_result agent_outlet_open(struct agent_outlet *outlet, struct mn_net *net, const char *endpoint,
                            const char *key, mn_time age_max, mn_receive *receive, void *context,
                            struct mn_error *error) MN_CHECKED;
void agent_outlet_close(struct agent_outlet *outlet);

/* Send, now or as soon as it is possible, in order.
 * Errors: MN_TOO_LARGE  it could never be sent
 *         MN_FULL       too much waits already
 *         MN_NOT_FOUND  the outlet is closed
 *         MN_NO_MEMORY, MN_IO; the message is dropped then */
mn_result agent_outlet_send(struct agent_outlet *outlet, const void *bytes, size_t size,
                            mn_time now) MN_CHECKED;

/* Try again to send what waits. Returns when to be called again; MN_TIME_NEVER if nothing waits. */
mn_time agent_outlet_flush(struct agent_outlet *outlet, mn_time now);

#endif
