/* Who the keepers are: read, or chosen. They stand in different domains, so that what takes one of
 * them takes no other with it. */
#include <stdlib.h>

#include "docs/names.h"
#include "docs/topology.h"
#include "docs/topology_private.h"
#include "docs/yaml.h"

enum { KEEPERS_CHOSEN = 3 };

/* The domain of @host that is @depth levels below its root; TOPOLOGY_NONE when there is none. */
static uint32_t domain_at(const struct topology *topology, uint32_t host, size_t depth)
{
    size_t height = 0;
    uint32_t at = topology->hosts[host].domain;
    for (uint32_t up = at; up != TOPOLOGY_NONE; up = topology->domains[up].in) {
        height += 1;
    }
    for (; height > depth + 1; height--) {
        at = topology->domains[at].in;
    }
    return height == depth + 1 ? at : TOPOLOGY_NONE;
}

/* The first host of each of the first domains at @depth. @deeper: out, whether any host has a
 * domain there. */
static size_t choose_at(const struct topology *topology, size_t depth, bool *used, uint32_t *hosts,
                        bool *deeper)
{
    size_t count = 0;
    for (size_t i = 0; i < topology->domain_count; i++) {
        used[i] = false;
    }
    *deeper = false;
    for (uint32_t i = 0; i < topology->host_count && count < KEEPERS_CHOSEN; i++) {
        uint32_t domain = domain_at(topology, i, depth);
        *deeper = *deeper || domain != TOPOLOGY_NONE;
        bool alone = topology->hosts[i].domain == TOPOLOGY_NONE;
        if (alone || (domain != TOPOLOGY_NONE && !used[domain])) {
            hosts[count++] = i;
        }
        if (domain != TOPOLOGY_NONE) {
            used[domain] = true;
        }
    }
    return count;
}

static bool choose_keepers(struct topology *topology)
{
    bool *used = calloc(topology->domain_count + 1, sizeof *used);
    if (used == NULL) {
        return false;
    }
    bool deeper = true;
    for (size_t depth = 0; topology->keepers.count == 0 && (deeper || depth == 0); depth++) {
        if (choose_at(topology, depth, used, topology->keepers.hosts, &deeper) == KEEPERS_CHOSEN) {
            topology->keepers.count = KEEPERS_CHOSEN;
        }
    }
    free(used);
    return true;
}

bool topology_read_keepers(struct topology *topology, struct mn_yaml *yaml,
                           const struct mn_names *hosts, const struct mn_yaml_node *node)
{
    struct topology_keepers *row = &topology->keepers;
    if (node == NULL) {
        return choose_keepers(topology) ||
               mn_yaml_fail_with(yaml, MN_NO_MEMORY, yaml->root, "out of memory");
    }
    if (!mn_yaml_is_list(yaml, node, "keepers")) {
        return false;
    }
    if (node->count > MN_KEEPER_COUNT_MAX || (node->count % 2 == 0 && node->count > 0)) {
        return mn_yaml_fail(yaml, node, "%u keepers; expected 0, 1, 3, 5 or 7",
                            (unsigned)node->count);
    }
    for (const struct mn_yaml_node *name = node->first; name != NULL; name = name->next) {
        uint32_t host = 0;
        if (!mn_names_find(hosts, yaml, name, &host)) {
            return false;
        }
        for (size_t i = 0; i < row->count; i++) {
            if (topology_domains_share(topology, host, row->hosts[i])) {
                return mn_yaml_fail(yaml, name,
                                    "the keeper %s stands in the domain of the keeper %s; "
                                    "expected each in a domain of its own",
                                    mn_yaml_show(name).text, topology->hosts[row->hosts[i]].name);
            }
        }
        row->hosts[row->count++] = host;
    }
    return true;
}
