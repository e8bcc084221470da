/* Finding where in a YAML document a value stands that is wrong beside others. Only a failing
 * document is walked, and once, so that nothing is kept for it while reading. */
#include "docs/evidence_reader.h"

#include <string.h>

#include "base/check.h"

/* How to come from the root to a value: keys of maps, and @ for the spot's row of a list or map,
 * % for the key of that row, + for its item, * for its part. */
static const char *const SPOT_PATHS[EVIDENCE_COLUMN_COUNT] = {
    [EVIDENCE_COLUMN_DOMAIN_NAME] = "domains/%",
    [EVIDENCE_COLUMN_DOMAIN_IN] = "domains/@/in",
    [EVIDENCE_COLUMN_HOST_NAME] = "hosts/%",
    [EVIDENCE_COLUMN_HOST_IN] = "hosts/@/in",
    [EVIDENCE_COLUMN_STORE_NAME] = "stores/%",
    [EVIDENCE_COLUMN_STORE_IN] = "stores/@/in",
    [EVIDENCE_COLUMN_VAT_NAME] = "vats/%",
    [EVIDENCE_COLUMN_VAT_HOST] = "vats/@/host",
    [EVIDENCE_COLUMN_VAT_FLOOR] = "vats/@/floor",
    [EVIDENCE_COLUMN_VAT_LIMIT] = "vats/@/limit",
    [EVIDENCE_COLUMN_LINEAGE_AFTER] = "vats/@/lineage/+/after",
    [EVIDENCE_COLUMN_LINEAGE_NEXT] = "vats/@/lineage/+/next",
    [EVIDENCE_COLUMN_CHECKPOINT_VAT] = "checkpoints/@/vat",
    [EVIDENCE_COLUMN_CHECKPOINT_EPOCH] = "checkpoints/@/epoch",
    [EVIDENCE_COLUMN_CHECKPOINT_SINCE] = "checkpoints/@/since",
    [EVIDENCE_COLUMN_CHECKPOINT_HEARD_VAT] = "checkpoints/@/heard/+/vat",
    [EVIDENCE_COLUMN_CHECKPOINT_HEARD_EPOCH] = "checkpoints/@/heard/+/epoch",
    [EVIDENCE_COLUMN_FORM_ONTO] = "checkpoints/@/forms/+/onto",
    [EVIDENCE_COLUMN_FORM_NEED] = "checkpoints/@/forms/+/copies/need",
    [EVIDENCE_COLUMN_COPY_STORE] = "checkpoints/@/forms/+/copies/at/*",
    [EVIDENCE_COLUMN_OPEN_VAT] = "open/@/vat",
    [EVIDENCE_COLUMN_OPEN_EPOCH] = "open/@/epoch",
    [EVIDENCE_COLUMN_OPEN_SINCE] = "open/@/since",
    [EVIDENCE_COLUMN_OPEN_HEARD_VAT] = "open/@/heard/+/vat",
    [EVIDENCE_COLUMN_OPEN_HEARD_EPOCH] = "open/@/heard/+/epoch",
    [EVIDENCE_COLUMN_LOST_DOMAIN] = "lost/domains/@",
    [EVIDENCE_COLUMN_LOST_HOST] = "lost/hosts/@",
    [EVIDENCE_COLUMN_LOST_STORE] = "lost/stores/@",
    [EVIDENCE_COLUMN_LOST_VAT] = "lost/vats/@",
    [EVIDENCE_COLUMN_LOST_CHECKPOINT_VAT] = "lost/checkpoints/@/vat",
    [EVIDENCE_COLUMN_LOST_CHECKPOINT_EPOCH] = "lost/checkpoints/@/epoch",
    [EVIDENCE_COLUMN_LOST_COPY_VAT] = "lost/copies/@/vat",
    [EVIDENCE_COLUMN_LOST_COPY_EPOCH] = "lost/copies/@/epoch",
    [EVIDENCE_COLUMN_LOST_COPY_STORE] = "lost/copies/@/store",
    [EVIDENCE_COLUMN_UNKNOWN_VAT] = "unknown/vats/@",
    [EVIDENCE_COLUMN_UNKNOWN_STORE] = "unknown/stores/@",
    [EVIDENCE_COLUMN_TELL] = "policy/tell/@"};

/* The key of the next pair of a map, or NULL. */
static const struct mn_yaml_node *node_pair_after(const struct mn_yaml_node *key)
{
    mn_assert(key->next != NULL); /* every key has its value */
    return key->next->next;
}

/* The value of a map's key, or NULL. */
static const struct mn_yaml_node *node_value(const struct mn_yaml_node *map, const char *key,
                                             size_t size)
{
    if (map->kind != MN_YAML_MAP) {
        return NULL;
    }
    for (const struct mn_yaml_node *at = map->first; at != NULL; at = node_pair_after(at)) {
        if (at->size == size && memcmp(at->text, key, size) == 0) {
            return at->next;
        }
    }
    return NULL;
}

/* The index-th item of a list, or the key of the index-th pair of a map; NULL when it has fewer. */
static const struct mn_yaml_node *node_child(const struct mn_yaml_node *node, size_t index)
{
    const struct mn_yaml_node *at = node->kind == MN_YAML_SCALAR ? NULL : node->first;
    for (size_t i = 0; at != NULL && i < index; i++) {
        at = node->kind == MN_YAML_MAP ? node_pair_after(at) : at->next;
    }
    return at;
}

static const struct mn_yaml_node *node_step(const struct mn_yaml_node *node, const char *step,
                                            size_t size, const struct evidence_spot *spot)
{
    const struct mn_yaml_node *child = NULL;
    switch (step[0]) {
    case '%':
        return node_child(node, spot->row);
    case '@':
        child = node_child(node, spot->row);
        return child != NULL && node->kind == MN_YAML_MAP ? child->next : child;
    case '+':
        return node_child(node, spot->item);
    case '*':
        return node_child(node, spot->part);
    default:
        return node_value(node, step, size);
    }
}

const struct mn_yaml_node *evidence_find_spot(const struct mn_yaml_node *root,
                                              const struct evidence_spot *spot)
{
    const struct mn_yaml_node *node = root;
    const char *step = SPOT_PATHS[spot->column];
    while (*step != '\0') {
        size_t size = strcspn(step, "/");
        const struct mn_yaml_node *next = node_step(node, step, size, spot);
        if (next == NULL && strncmp(step, "need", size) == 0) {
            next = node_value(node, "at", 2);
        }
        if (next == NULL && strncmp(step, "forms", size) == 0) {
            /* A checkpoint that exists in one form has it written into its row. */
            next = node;
            step += strlen("/+");
        }
        if (next == NULL) {
            break;
        }
        node = next;
        step += size;
        step += *step == '/' ? 1 : 0;
    }
    return node;
}
