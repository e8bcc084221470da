/* Reading what a document says is lost. */
#include "docs/evidence_reader.h"

static bool evidence_read_lost_checkpoint(struct evidence_reader *reader,
                                          const struct mn_yaml_node *node,
                                          struct evidence_lost_checkpoint *row)
{
    static const struct mn_yaml_key keys[] = {{"vat", true}, {"epoch", true}};
    const struct mn_yaml_node *values[2];
    struct mn_yaml *yaml = &reader->yaml;
    return mn_yaml_map(yaml, node, "a lost checkpoint", keys, 2, values) &&
           mn_names_find(&reader->vats, yaml, values[0], &row->vat) &&
           mn_yaml_integer(yaml, values[1], "epoch", 1, MN_EPOCH_MAX, &row->epoch);
}

static bool evidence_read_lost_copy(struct evidence_reader *reader, const struct mn_yaml_node *node,
                                    struct evidence_lost_copy *row)
{
    static const struct mn_yaml_key keys[] = {{"vat", true}, {"epoch", true}, {"store", true}};
    const struct mn_yaml_node *values[3];
    struct mn_yaml *yaml = &reader->yaml;
    return mn_yaml_map(yaml, node, "a lost copy", keys, 3, values) &&
           mn_names_find(&reader->vats, yaml, values[0], &row->vat) &&
           mn_yaml_integer(yaml, values[1], "epoch", 1, MN_EPOCH_MAX, &row->epoch) &&
           mn_names_find(&reader->stores, yaml, values[2], &row->store);
}

static bool evidence_read_lost_checkpoints(struct evidence_reader *reader,
                                           const struct mn_yaml_node *node)
{
    if (node == NULL) {
        return true;
    }
    if (!mn_yaml_is_list(&reader->yaml, node, "lost checkpoints")) {
        return false;
    }
    struct evidence_lost *lost = &reader->evidence->lost;
    struct evidence_lost_checkpoint *rows = evidence_take(reader, node, node->count, sizeof *rows);
    if (rows == NULL) {
        return false;
    }
    for (const struct mn_yaml_node *item = node->first; item != NULL; item = item->next) {
        if (!evidence_read_lost_checkpoint(reader, item, &rows[lost->checkpoint_count])) {
            return false;
        }
        lost->checkpoint_count++;
    }
    lost->checkpoints = rows;
    return true;
}

static bool evidence_read_lost_copies(struct evidence_reader *reader,
                                      const struct mn_yaml_node *node)
{
    if (node == NULL) {
        return true;
    }
    if (!mn_yaml_is_list(&reader->yaml, node, "lost copies")) {
        return false;
    }
    struct evidence_lost *lost = &reader->evidence->lost;
    struct evidence_lost_copy *rows = evidence_take(reader, node, node->count, sizeof *rows);
    if (rows == NULL) {
        return false;
    }
    for (const struct mn_yaml_node *item = node->first; item != NULL; item = item->next) {
        if (!evidence_read_lost_copy(reader, item, &rows[lost->copy_count])) {
            return false;
        }
        lost->copy_count++;
    }
    lost->copies = rows;
    return true;
}

bool evidence_read_lost(struct evidence_reader *reader, const struct mn_yaml_node *node)
{
    static const struct mn_yaml_key keys[] = {{"domains", false},     {"hosts", false},
                                              {"stores", false},      {"vats", false},
                                              {"checkpoints", false}, {"copies", false}};
    const struct mn_yaml_node *values[6];
    struct evidence_lost *lost = &reader->evidence->lost;
    return node == NULL ||
           (mn_yaml_map(&reader->yaml, node, "lost", keys, 6, values) &&
            evidence_read_names(reader, values[0], &reader->domains, &lost->domains) &&
            evidence_read_names(reader, values[1], &reader->hosts, &lost->hosts) &&
            evidence_read_names(reader, values[2], &reader->stores, &lost->stores) &&
            evidence_read_names(reader, values[3], &reader->vats, &lost->vats) &&
            evidence_read_lost_checkpoints(reader, values[4]) &&
            evidence_read_lost_copies(reader, values[5]));
}
