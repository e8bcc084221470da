/* The policy: what a total loss does, which vats are told and never rolled back, and which plans
 * wait for an operator's approval. */
#include <string.h>

#include "docs/names.h"
#include "docs/topology.h"
#include "docs/topology_private.h"
#include "docs/yaml.h"

/* A plain decimal number from 0 to 1 with at most six digits behind the point, in millionths. */
static bool share_of(const struct mn_yaml_node *node, int64_t *share)
{
    const char *at = node->text;
    if (node->kind != MN_YAML_SCALAR || node->plain == 0 || (at[0] != '0' && at[0] != '1')) {
        return false;
    }
    int64_t value = (at[0] - '0') * TOPOLOGY_SHARE_WHOLE;
    at += 1;
    if (at[0] == '.') {
        at += 1;
        int64_t unit = TOPOLOGY_SHARE_WHOLE / 10;
        for (; at[0] >= '0' && at[0] <= '9' && unit > 0; at++, unit /= 10) {
            value += (at[0] - '0') * unit;
        }
        if (at[-1] == '.') {
            return false;
        }
    }
    *share = value;
    return at == node->text + node->size && value <= TOPOLOGY_SHARE_WHOLE;
}

/* What is not given is asked about: what goes far is better decided by somebody. */
static const struct topology_approval approve_standard = {
    .share_asked = true, .share = TOPOLOGY_SHARE_WHOLE * 3 / 10, .reset = true, .unsure = true};

static bool read_approve(struct topology_approval *row, struct mn_yaml *yaml,
                         const struct mn_yaml_node *node)
{
    static const struct mn_yaml_key keys[] = {
        {"share", false}, {"reset", false}, {"unsure", false}};
    const struct mn_yaml_node *values[3];
    if (node->kind == MN_YAML_SCALAR) {
        *row = (struct topology_approval){.share_asked = false};
        return strcmp(node->text, "never") == 0 ||
               mn_yaml_fail(yaml, node,
                            "%s as approve; expected never, or a map of share, reset and unsure",
                            mn_yaml_show(node).text);
    }
    if (!mn_yaml_map(yaml, node, "approve", keys, 3, values)) {
        return false;
    }
    if (values[0] != NULL && !share_of(values[0], &row->share)) {
        return mn_yaml_fail(yaml, values[0],
                            "%s as a share; expected a number from 0 to 1 with at most 6 digits "
                            "behind the point",
                            mn_yaml_show(values[0]).text);
    }
    return (values[1] == NULL || mn_yaml_boolean(yaml, values[1], "reset", &row->reset)) &&
           (values[2] == NULL || mn_yaml_boolean(yaml, values[2], "unsure", &row->unsure));
}

static bool read_tell(struct topology *topology, struct mn_yaml *yaml, const struct mn_names *vats,
                      const struct mn_yaml_node *node)
{
    if (!mn_yaml_is_list(yaml, node, "tell")) {
        return false;
    }
    uint32_t *tell = mn_arena_take_array(&topology->arena, node->count, sizeof *tell);
    if (tell == NULL) {
        return mn_yaml_fail_with(yaml, MN_NO_MEMORY, node, "out of memory");
    }
    for (const struct mn_yaml_node *name = node->first; name != NULL; name = name->next) {
        if (!mn_names_find(vats, yaml, name, &tell[topology->policy.tell_count])) {
            return false;
        }
        topology->policy.tell_count++;
    }
    topology->policy.tell = tell;
    return true;
}

bool topology_read_policy(struct topology *topology, struct mn_yaml *yaml,
                          const struct mn_names *vats, const struct mn_yaml_node *node)
{
    static const struct mn_yaml_key keys[] = {
        {"total_loss", false}, {"tell", false}, {"approve", false}};
    static const char *const words[] = {"tell", "roll_back", NULL};
    const struct mn_yaml_node *values[3];
    struct topology_policy *row = &topology->policy;
    row->approve = approve_standard;
    if (node == NULL) {
        return true;
    }
    int word = 0;
    if (!mn_yaml_map(yaml, node, "policy", keys, 3, values) ||
        (values[0] != NULL && !mn_yaml_word(yaml, values[0], "total_loss", words, &word))) {
        return false;
    }
    row->roll_back = word != 0;
    return (values[1] == NULL || read_tell(topology, yaml, vats, values[1])) &&
           (values[2] == NULL || read_approve(&row->approve, yaml, values[2]));
}
