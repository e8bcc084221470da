/* The tree of a simulated cluster: which rack each host stands in, which zone each rack, and which
 * host each vat starts on. Racks are numbered zone by zone, hosts rack by rack, so that a domain is
 * a range of hosts. */
#ifndef SIM_TREE_H
#define SIM_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/sim_config.h"

struct sim_tree_vat {
    uint32_t host;
    bool be_told;
    bool early;
    int64_t limit;
};

struct sim_tree {
    uint32_t zone_count;
    uint32_t rack_count;
    uint32_t host_count;
    uint32_t vat_count;
    uint32_t *rack_zones; /* growing */
    uint32_t *host_racks; /* growing */
    struct sim_tree_vat *vats;
};

/* A tree with room for so many of each, all zero. Aborts when memory runs out, here and below. */
struct sim_tree *sim_tree_new(uint32_t zone_count, uint32_t rack_count, uint32_t host_count,
                              uint32_t vat_count);

/* The even tree of the counts in @config: vats on the hosts in turn, who is told and who sends
 * early by chance. */
struct sim_tree *sim_tree_even(const struct sim_config *config);
struct sim_tree *sim_tree_copy(const struct sim_tree *tree);
void sim_tree_destroy(struct sim_tree **tree);

/* The first host of a rack or a zone, and how many stand in it. */
uint32_t sim_tree_rack(const struct sim_tree *tree, uint32_t rack, uint32_t *count);
uint32_t sim_tree_zone(const struct sim_tree *tree, uint32_t zone, uint32_t *count);

#endif
