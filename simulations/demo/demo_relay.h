/* A relay that can be cut: what joins the demo's two sides where no network can be made. */
#ifndef DEMO_DEMO_RELAY_H
#define DEMO_DEMO_RELAY_H

#include <stdbool.h>

enum { DEMO_RELAY_NAME_SIZE = 64 };

struct demo_relay {
    int control; /* 'c' cuts, 'h' heals; -1: there is no relay */
    char name[DEMO_RELAY_NAME_SIZE];
};

/* Start the relay, a process of its own that ends with this one. */
bool demo_relay_start(struct demo_relay *relay);
bool demo_relay_cut(const struct demo_relay *relay, bool cut);

#endif
