/* Names that a document defines in one place and uses in others; shared by its readers. */
#ifndef MN_DOCS_NAMES_H
#define MN_DOCS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "docs/table.h"
#include "docs/yaml.h"

/* The names that one map of a document defines, numbered in its order. */
struct mn_names {
    const char *what;      /* what each is, "a vat" */
    const char *where;     /* the map, "vats" */
    struct mn_table table; /* name -> index; keys are borrowed from the yaml tree */
    size_t count;
};

/* Number the keys of the map @node (NULL: none). Fails when @node is no map, a key is no name, or
 * there are more than @count_max. @names is to be deinit'ed by the caller, after failure too. */
bool mn_names_init(struct mn_names *names, struct mn_yaml *yaml, const struct mn_yaml_node *node,
                   const char *what, const char *where, size_t count_max);
void mn_names_deinit(struct mn_names *names);

/* The index of the name that @node is. Fails when it is no name, or not one of @names. */
bool mn_names_find(const struct mn_names *names, struct mn_yaml *yaml,
                   const struct mn_yaml_node *node, uint32_t *index);

/* The same without failing: false when there is no such name. */
bool mn_names_have(const struct mn_names *names, const struct mn_yaml_node *node, uint32_t *index);

/* Fails, at the node places[i], when following @parents from some i comes back to i. UINT32_MAX is
 * no parent. Linear in @count. */
bool mn_names_check_forest(struct mn_yaml *yaml, const uint32_t *parents,
                           const struct mn_yaml_node *const *places, size_t count);

#endif
