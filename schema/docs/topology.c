/* The topology's life and its look-ups. */
#include "docs/topology.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "docs/file.h"
#include "docs/topology_private.h"

void topology_destroy(struct topology **topology)
{
    if (*topology != NULL) {
        mn_table_deinit(&(*topology)->host_names);
        mn_table_deinit(&(*topology)->vat_names);
        mn_table_deinit(&(*topology)->keys);
        mn_arena_deinit(&(*topology)->arena);
        free(*topology);
        *topology = NULL;
    }
}

mn_result topology_load(const char *path, struct topology **topology, struct mn_error *error)
{
    struct mn_text text = {0};
    mn_result result = mn_file_read(path, TOPOLOGY_SIZE_MAX, &text, error);
    if (result == MN_OK) {
        result = topology_read(text.bytes, text.size, path, topology, error);
    }
    mn_text_deinit(&text);
    return result;
}

static uint32_t topology_find(const struct mn_table *table, const char *key)
{
    const uint32_t *found = mn_table_find(table, key, strlen(key));
    return found != NULL ? *found : TOPOLOGY_NONE;
}

uint32_t topology_find_host(const struct topology *topology, const char *name)
{
    return topology_find(&topology->host_names, name);
}

uint32_t topology_find_vat(const struct topology *topology, const char *name)
{
    return topology_find(&topology->vat_names, name);
}

void topology_find_vats(const struct topology *topology, const struct mn_name *names, size_t count,
                        uint32_t *vats)
{
    mn_table_find_names(&topology->vat_names, names, count, TOPOLOGY_NONE, vats);
}

uint32_t topology_find_host_key(const struct topology *topology, const char *key)
{
    uint32_t found = topology_find(&topology->keys, key);
    return found < TOPOLOGY_KEY_COORDINATOR ? found : TOPOLOGY_NONE;
}

uint32_t topology_find_operator_key(const struct topology *topology, const char *key)
{
    uint32_t found = topology_find(&topology->keys, key);
    bool is_operator = found != TOPOLOGY_NONE && (found & TOPOLOGY_KEY_OPERATOR) != 0;
    return is_operator ? found & ~TOPOLOGY_KEY_OPERATOR : TOPOLOGY_NONE;
}

bool topology_domains_share(const struct topology *topology, uint32_t host_a, uint32_t host_b)
{
    mn_assert(host_a < topology->host_count);
    mn_assert(host_b < topology->host_count);
    uint32_t domain = topology->hosts[host_a].domain;
    return host_a == host_b ||
           (domain != TOPOLOGY_NONE && domain == topology->hosts[host_b].domain);
}
