/* Names that a document defines in one place and uses in others. */
#include "docs/names.h"

#include "docs/forest.h"

bool mn_names_init(struct mn_names *names, struct mn_yaml *yaml, const struct mn_yaml_node *node,
                   const char *what, const char *where, size_t count_max)
{
    *names = (struct mn_names){.what = what, .where = where};
    if (node == NULL) {
        return yaml->result == MN_OK;
    }
    if (!mn_yaml_is_map(yaml, node, where)) {
        return false;
    }
    if (node->count > count_max) {
        return mn_yaml_fail_with(yaml, MN_TOO_LARGE, node, "too many names; divide the cluster");
    }
    if (mn_table_init(&names->table, node->count) != MN_OK) {
        return mn_yaml_fail_with(yaml, MN_NO_MEMORY, node, "out of memory");
    }
    for (const struct mn_yaml_node *key = node->first; key != NULL; key = key->next->next) {
        if (!mn_yaml_is_name(yaml, key, what)) {
            return false;
        }
        (void)mn_table_add(&names->table, key->text, key->size, (uint32_t)names->count);
        names->count++;
    }
    return true;
}

void mn_names_deinit(struct mn_names *names)
{
    mn_table_deinit(&names->table);
}

bool mn_names_have(const struct mn_names *names, const struct mn_yaml_node *node, uint32_t *index)
{
    const uint32_t *found = mn_table_find(&names->table, node->text, node->size);
    if (found == NULL) {
        return false;
    }
    *index = *found;
    return true;
}

bool mn_names_find(const struct mn_names *names, struct mn_yaml *yaml,
                   const struct mn_yaml_node *node, uint32_t *index)
{
    return mn_yaml_is_name(yaml, node, names->what) &&
           (mn_names_have(names, node, index) ||
            mn_yaml_fail(yaml, node, "%s as %s; expected a name that %s defines",
                         mn_yaml_show(node).text, names->what, names->where));
}

bool mn_names_check_forest(struct mn_yaml *yaml, const uint32_t *parents,
                           const struct mn_yaml_node *const *places, size_t count)
{
    bool cycle = false;
    size_t at = 0;
    if (mn_forest_check(parents, count, &cycle, &at) != MN_OK) {
        return mn_yaml_fail_with(yaml, MN_NO_MEMORY, yaml->root, "out of memory");
    }
    return !cycle || mn_yaml_fail(yaml, places[at],
                                  "%s leads back to itself; expected domains without a cycle",
                                  mn_yaml_show(places[at]).text);
}
