/* The networks of the demo's cluster, for the case in which a rack is cut off. */
#ifndef DEMO_DEMO_NET_H
#define DEMO_DEMO_NET_H

#include <stdbool.h>

#include "base/error.h"
#include "base/result.h"
#include "demo/demo_relay.h"

/* Two networks, near, in which the demo itself is, and far. Where the machine allows it each is a
 * network namespace, with a router between them: nothing of them is seen outside, so that demos
 * side by side do not meet, and all of it is gone with the last process. Elsewhere they are two
 * loopback addresses, and a relay carries what passes between them. */
struct demo_net {
    bool open;
    bool relayed;
    struct demo_relay relay;
    int near; /* namespaces */
    int router;
    int far;
};

/* Make the networks, and move into the near one. @proxy: with the relay, whatever the machine
 * allows. */
mn_result demo_net_open(struct demo_net *net, bool proxy, struct mn_error *error) MN_CHECKED;

/* What a side's hosts are called. */
const char *demo_net_address(const struct demo_net *net, bool far);

/* Put this process on a side, before it becomes a program. @preload: the file that leads a process
 * through the relay. */
bool demo_net_enter(const struct demo_net *net, bool far, const char *preload);

/* Let nothing pass between the two networks, or let it pass again. What is sent meanwhile does not
 * arrive, and nobody says so, as behind a switch that has failed. */
bool demo_net_cut(const struct demo_net *net, bool cut);

#endif
