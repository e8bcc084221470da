/* What the topology's reader and its look-ups share: how the table of keys tells whose a key is. */
#ifndef MN_DOCS_TOPOLOGY_PRIVATE_H
#define MN_DOCS_TOPOLOGY_PRIVATE_H

#include "docs/names.h"
#include "docs/topology.h"
#include "docs/yaml.h"

/* A value of the table of keys is a host's index, or one of these bits. */
#define TOPOLOGY_KEY_OPERATOR UINT32_C(0x80000000) /* with an operator's index */
#define TOPOLOGY_KEY_COORDINATOR UINT32_C(0x40000000)

_Static_assert(MN_HOST_COUNT_MAX < TOPOLOGY_KEY_COORDINATOR, "a host's index is no other's bit");
_Static_assert(TOPOLOGY_OPERATOR_COUNT_MAX < TOPOLOGY_KEY_COORDINATOR, "nor is an operator's");

/* Read who the keepers are, or choose them when @node is NULL. False: it failed, and @yaml says
 * how. */
bool topology_read_keepers(struct topology *topology, struct mn_yaml *yaml,
                           const struct mn_names *hosts, const struct mn_yaml_node *node);

/* Read the policy, which has its defaults when @node is NULL. The same. */
bool topology_read_policy(struct topology *topology, struct mn_yaml *yaml,
                          const struct mn_names *vats, const struct mn_yaml_node *node);

#endif
