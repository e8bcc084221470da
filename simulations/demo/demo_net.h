/* The networks of the demo's cluster, for the case in which a rack is cut off. */
#ifndef DEMO_DEMO_NET_H
#define DEMO_DEMO_NET_H

#include <stdbool.h>

#include "base/error.h"
#include "base/result.h"

/* Two networks with a router between them, each a network namespace of this process: near, in which
 * it is itself from then on, and far. Nothing of them is seen outside, so that demos side by side do
 * not meet, and all of it is gone with the last process. */
struct demo_net {
    bool open;
    int near; /* namespaces */
    int router;
    int far;
};

/* What the two ends are called. */
#define DEMO_NET_NEAR "10.77.1.2"
#define DEMO_NET_FAR "10.77.2.2"

/* Make the networks and move into the near one. MN_DENIED: this machine does not allow it. */
mn_result demo_net_open(struct demo_net *net, struct mn_error *error) MN_CHECKED;

/* Let nothing pass between the two networks, or let it pass again. What is sent meanwhile is dropped
 * by the router without a word, as behind a switch that has failed. */
bool demo_net_cut(const struct demo_net *net, bool cut);

#endif
