/* Trees, even or given. */
#include "engine/sim_tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/random.h"

static void *tree_take(size_t count, size_t size)
{
    void *taken = calloc(count + 1, size);
    mn_assert(taken != NULL);
    return taken;
}

struct sim_tree *sim_tree_new(uint32_t zone_count, uint32_t rack_count, uint32_t host_count,
                              uint32_t vat_count)
{
    struct sim_tree *tree = tree_take(1, sizeof *tree);
    tree->zone_count = zone_count;
    tree->rack_count = rack_count;
    tree->host_count = host_count;
    tree->vat_count = vat_count;
    tree->rack_zones = tree_take(rack_count, sizeof *tree->rack_zones);
    tree->host_racks = tree_take(host_count, sizeof *tree->host_racks);
    tree->vats = tree_take(vat_count, sizeof *tree->vats);
    return tree;
}

struct sim_tree *sim_tree_even(const struct sim_config *config)
{
    struct mn_random told = {.state = (uint64_t)config->seed ^ 0x7661747300000000U};
    struct mn_random early = {.state = (uint64_t)config->seed ^ 0x6561726c79000000U};
    uint32_t rack_count = (uint32_t)(config->zones * config->racks);
    struct sim_tree *tree = sim_tree_new((uint32_t)config->zones, rack_count,
                                         sim_config_hosts(config), (uint32_t)config->vats);
    mn_assert(tree->host_count > 0);
    for (uint32_t rack = 0; rack < rack_count; rack++) {
        tree->rack_zones[rack] = rack / (uint32_t)config->racks;
    }
    for (uint32_t host = 0; host < tree->host_count; host++) {
        tree->host_racks[host] = host / (uint32_t)config->hosts;
    }
    for (uint32_t vat = 0; vat < tree->vat_count; vat++) {
        tree->vats[vat] = (struct sim_tree_vat){
            .host = vat % tree->host_count,
            .be_told = mn_random_below(&told, 100) < (uint64_t)config->told_percent,
            .early = mn_random_below(&early, 100) < (uint64_t)config->early_percent,
            .limit = config->limit};
    }
    return tree;
}

struct sim_tree *sim_tree_copy(const struct sim_tree *tree)
{
    struct sim_tree *copy =
        sim_tree_new(tree->zone_count, tree->rack_count, tree->host_count, tree->vat_count);
    memcpy(copy->rack_zones, tree->rack_zones, tree->rack_count * sizeof *copy->rack_zones);
    memcpy(copy->host_racks, tree->host_racks, tree->host_count * sizeof *copy->host_racks);
    memcpy(copy->vats, tree->vats, tree->vat_count * sizeof *copy->vats);
    return copy;
}

void sim_tree_destroy(struct sim_tree **tree)
{
    if (*tree != NULL) {
        free((*tree)->rack_zones);
        free((*tree)->host_racks);
        free((*tree)->vats);
        free(*tree);
        *tree = NULL;
    }
}

/* Where @value begins among @count growing values, and where it ends. */
static uint32_t range_of(const uint32_t *values, uint32_t from, uint32_t to, uint32_t value,
                         uint32_t *end)
{
    while (from < to && values[from] < value) {
        from += 1;
    }
    *end = from;
    while (*end < to && values[*end] == value) {
        *end += 1;
    }
    return from;
}

uint32_t sim_tree_rack(const struct sim_tree *tree, uint32_t rack, uint32_t *count)
{
    uint32_t end = 0;
    uint32_t first = range_of(tree->host_racks, 0, tree->host_count, rack, &end);
    *count = end - first;
    return first;
}

uint32_t sim_tree_zone(const struct sim_tree *tree, uint32_t zone, uint32_t *count)
{
    uint32_t end = 0;
    uint32_t rack = range_of(tree->rack_zones, 0, tree->rack_count, zone, &end);
    uint32_t first = tree->host_count;
    *count = 0;
    for (; rack < end; rack++) {
        uint32_t hosts = 0;
        uint32_t start = sim_tree_rack(tree, rack, &hosts);
        first = hosts > 0 && start < first ? start : first;
        *count += hosts;
    }
    return *count > 0 ? first : 0;
}
