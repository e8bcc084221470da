/* Who there is in the topology, by number and by name: made once and borrowed by every agent of a
 * process, because it grows with the cluster, and what an agent has of its own should not. What the
 * agent knows of single hosts and of vats that are in no topology stands beside it, and is as much
 * as it has had to do with.
 *
 * Finding by name is O(1) expected, by number O(1); a host that this agent has had to do with is
 * found in O(log of how many those are). */
#include "agent_directory.h"

#include <stdlib.h>
#include <string.h>

#include "agent_private.h"
#include "base/grow.h"

/* Note @index if its domain is not one of the distinct ones that are known. */
static void distinct_add(struct agent_directory *directory, uint32_t index)
{
    uint32_t domain = directory->hosts[index].domain;
    for (uint32_t i = 0; i < directory->distinct_count; i++) {
        uint32_t other = directory->hosts[directory->distinct[i]].domain;
        if (domain != AGENT_DOMAIN_NONE && other == domain) {
            return;
        }
    }
    if (directory->distinct_count < AGENT_DISTINCT_COUNT) {
        directory->distinct[directory->distinct_count] = index;
        directory->distinct_count += 1;
    }
}

static mn_result directory_hosts(struct agent_directory *directory, const struct agent_host *hosts)
{
    for (uint32_t i = 0; i < directory->host_count; i++) {
        uint32_t number = 0;
        mn_result result = agent_names_number(&directory->host_names, &hosts[i].name, &number);
        if (result != MN_OK || number != i) {
            return result != MN_OK ? result : MN_BAD_INPUT; /* two hosts of one name */
        }
        directory->hosts[i] = hosts[i];
        memcpy(directory->keys[i], hosts[i].key, MN_KEY_TEXT_SIZE);
        distinct_add(directory, i);
    }
    return MN_OK;
}

static mn_result directory_vats(struct agent_directory *directory, const struct mn_name *vats,
                                const bool *early)
{
    for (uint32_t i = 0; i < directory->vat_count; i++) {
        uint32_t number = 0;
        mn_result result = agent_names_number(&directory->vat_names, &vats[i], &number);
        if (result != MN_OK || number != i) {
            return result != MN_OK ? result : MN_BAD_INPUT;
        }
        directory->early[i] = early != NULL && early[i];
    }
    return MN_OK;
}

mn_result agent_directory_new(struct agent_directory **out, const struct agent_host *hosts,
                              uint32_t host_count, const struct mn_name *vats, uint32_t vat_count,
                              const bool *early)
{
    if (host_count > MN_HOST_COUNT_MAX || vat_count > AGENT_NAME_COUNT_MAX) {
        return MN_FULL;
    }
    struct agent_directory *directory = calloc(1, sizeof *directory);
    if (directory == NULL) {
        return MN_NO_MEMORY;
    }
    directory->host_count = host_count;
    directory->vat_count = vat_count;
    directory->hosts = calloc((size_t)host_count + 1, sizeof *directory->hosts);
    directory->keys = calloc((size_t)host_count + 1, sizeof *directory->keys);
    directory->early = calloc((size_t)vat_count + 1, sizeof *directory->early);
    mn_result result = MN_NO_MEMORY;
    if (directory->hosts != NULL && directory->keys != NULL && directory->early != NULL) {
        result = directory_hosts(directory, hosts);
    }
    if (result == MN_OK) {
        result = directory_vats(directory, vats, early);
    }
    if (result != MN_OK) {
        agent_directory_destroy(&directory);
        return result;
    }
    *out = directory;
    return MN_OK;
}

void agent_directory_destroy(struct agent_directory **out)
{
    struct agent_directory *directory = *out;
    if (directory == NULL) {
        return;
    }
    agent_names_deinit(&directory->host_names);
    agent_names_deinit(&directory->vat_names);
    free(directory->hosts);
    free(directory->keys);
    free(directory->early);
    free(directory);
    *out = NULL;
}

uint32_t agent_directory_spread(const struct agent_directory *directory, uint32_t own)
{
    uint32_t domain = directory->hosts[own].domain;
    uint32_t count = 0;
    for (uint32_t i = 0; i < directory->distinct_count; i++) {
        uint32_t host = directory->distinct[i];
        bool ours =
            host == own || (domain != AGENT_DOMAIN_NONE && directory->hosts[host].domain == domain);
        count += ours ? 0 : 1;
    }
    return count < AGENT_PARTNER_COUNT_MAX ? count : AGENT_PARTNER_COUNT_MAX;
}

/* ---- vats ------------------------------------------------------------------------------------ */

uint32_t agent_vat_find(const struct agent *agent, const struct mn_name *name)
{
    uint32_t number = agent_names_find(&agent->directory->vat_names, name);
    if (number != AGENT_NONE) {
        return number;
    }
    number = agent_names_find(&agent->names, name);
    return number != AGENT_NONE ? agent->directory->vat_count + number : AGENT_NONE;
}

mn_result agent_vat_number(struct agent *agent, const struct mn_name *name, uint32_t *number)
{
    uint32_t known = agent_names_find(&agent->directory->vat_names, name);
    if (known != AGENT_NONE) {
        *number = known;
        return MN_OK;
    }
    mn_result result = agent_names_number(&agent->names, name, &known);
    if (result == MN_OK) {
        *number = agent->directory->vat_count + known;
    }
    return result;
}

const struct mn_name *agent_vat_name(const struct agent *agent, uint32_t number)
{
    uint32_t count = agent->directory->vat_count;
    return number < count ? &agent->directory->vat_names.names[number]
                          : &agent->names.names[number - count];
}

size_t agent_vat_name_count(const struct agent *agent)
{
    return agent->directory->vat_count + agent->names.count;
}

bool agent_vats_fit(const struct agent *agent, const struct mn_name *names, uint32_t count)
{
    size_t unknown = 0;
    for (uint32_t i = 0; i < count; i++) {
        unknown += agent_vat_find(agent, &names[i]) == AGENT_NONE ? 1 : 0;
    }
    return unknown == 0 || agent->names.count + unknown <= AGENT_UNPLACED_COUNT_MAX;
}

/* ---- hosts ----------------------------------------------------------------------------------- */

const struct mn_name *agent_host_name(const struct agent *agent, uint32_t host)
{
    return &agent->directory->hosts[host].name;
}

uint32_t agent_host_find(const struct agent *agent, const struct mn_name *name)
{
    return agent_names_find(&agent->directory->host_names, name);
}

static size_t peers_place(const struct agent *agent, uint32_t host)
{
    size_t low = 0;
    size_t high = agent->peer_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (agent->peers[middle].host < host) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct agent_peer_host *agent_peer(const struct agent *agent, uint32_t host)
{
    size_t place = peers_place(agent, host);
    bool found = place < agent->peer_count && agent->peers[place].host == host;
    return found ? &agent->peers[place] : NULL;
}

struct agent_peer_host *agent_need_peer(struct agent *agent, uint32_t host)
{
    size_t place = peers_place(agent, host);
    if (place < agent->peer_count && agent->peers[place].host == host) {
        return &agent->peers[place];
    }
    mn_result result = mn_grow(&agent->peers, &agent->peer_capacity, agent->peer_count + 1,
                               sizeof *agent->peers, MN_HOST_COUNT_MAX);
    if (result != MN_OK) {
        agent_fail(agent, result);
        return NULL;
    }
    memmove(agent->peers + place + 1, agent->peers + place,
            (agent->peer_count - place) * sizeof *agent->peers);
    agent->peer_count += 1;
    agent->peers[place] = (struct agent_peer_host){.host = host};
    return &agent->peers[place];
}
