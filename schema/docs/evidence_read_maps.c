/* Reading what evidence calls by name: domains, hosts, stores and vats. */
#include "docs/evidence_reader.h"

static const struct mn_yaml_key PLACE_KEYS[] = {{"in", false}};

static const char *evidence_copy_name(struct evidence_reader *reader,
                                      const struct mn_yaml_node *node)
{
    const char *name = mn_arena_copy(&reader->evidence->arena, node->text, (size_t)node->size + 1);
    if (name == NULL) {
        (void)mn_yaml_fail_with(&reader->yaml, MN_NO_MEMORY, node, "out of memory");
    }
    return name;
}

bool evidence_read_domains(struct evidence_reader *reader, const struct mn_yaml_node *node)
{
    if (node == NULL) {
        return true;
    }
    size_t count = reader->domains.count;
    struct evidence_domain *rows = evidence_take(reader, node, count, sizeof *rows);
    if (rows == NULL) {
        return false;
    }
    struct evidence_domain *row = rows;
    for (const struct mn_yaml_node *key = node->first; key != NULL; key = key->next->next, row++) {
        const struct mn_yaml_node *in = NULL;
        row->in = EVIDENCE_NONE;
        row->name = evidence_copy_name(reader, key);
        if (row->name == NULL ||
            !mn_yaml_map(&reader->yaml, key->next, "a domain", PLACE_KEYS, 1, &in) ||
            (in != NULL && !mn_names_find(&reader->domains, &reader->yaml, in, &row->in))) {
            return false;
        }
    }
    reader->evidence->domains = rows;
    reader->evidence->domain_count = count;
    return true;
}

bool evidence_read_hosts(struct evidence_reader *reader, const struct mn_yaml_node *node)
{
    if (node == NULL) {
        return true;
    }
    size_t count = reader->hosts.count;
    struct evidence_host *rows = evidence_take(reader, node, count, sizeof *rows);
    if (rows == NULL) {
        return false;
    }
    struct evidence_host *row = rows;
    for (const struct mn_yaml_node *key = node->first; key != NULL; key = key->next->next, row++) {
        const struct mn_yaml_node *in = NULL;
        row->in = EVIDENCE_NONE;
        row->name = evidence_copy_name(reader, key);
        if (row->name == NULL ||
            !mn_yaml_map(&reader->yaml, key->next, "a host", PLACE_KEYS, 1, &in) ||
            (in != NULL && !mn_names_find(&reader->domains, &reader->yaml, in, &row->in))) {
            return false;
        }
    }
    reader->evidence->hosts = rows;
    reader->evidence->host_count = count;
    return true;
}

static bool evidence_read_place(struct evidence_reader *reader, const struct mn_yaml_node *node,
                                struct evidence_store *row)
{
    if (!mn_yaml_is_name(&reader->yaml, node, "a host or domain")) {
        return false;
    }
    if (mn_names_have(&reader->hosts, node, &row->in)) {
        row->place = EVIDENCE_IN_HOST;
        return true;
    }
    if (mn_names_have(&reader->domains, node, &row->in)) {
        row->place = EVIDENCE_IN_DOMAIN;
        return true;
    }
    return mn_yaml_fail(&reader->yaml, node,
                        "%s as the place of a store; expected a name that hosts or domains defines",
                        mn_yaml_show(node).text);
}

bool evidence_read_stores(struct evidence_reader *reader, const struct mn_yaml_node *node)
{
    if (node == NULL) {
        return true;
    }
    size_t count = reader->stores.count;
    struct evidence_store *rows = evidence_take(reader, node, count, sizeof *rows);
    if (rows == NULL) {
        return false;
    }
    struct evidence_store *row = rows;
    for (const struct mn_yaml_node *key = node->first; key != NULL; key = key->next->next, row++) {
        const struct mn_yaml_node *in = NULL;
        row->in = EVIDENCE_NONE;
        row->name = evidence_copy_name(reader, key);
        if (row->name == NULL ||
            !mn_yaml_map(&reader->yaml, key->next, "a store", PLACE_KEYS, 1, &in) ||
            (in != NULL && !evidence_read_place(reader, in, row))) {
            return false;
        }
    }
    reader->evidence->stores = rows;
    reader->evidence->store_count = count;
    return true;
}

static bool evidence_read_fork(struct evidence_reader *reader, const struct mn_yaml_node *node,
                               struct evidence_lineage *row)
{
    static const struct mn_yaml_key keys[] = {
        {"after", true}, {"next", true}, {"seen", false}, {"told", false}};
    const struct mn_yaml_node *values[4];
    struct mn_yaml *yaml = &reader->yaml;
    row->seen = true;
    return mn_yaml_map(yaml, node, "a lineage entry", keys, 4, values) &&
           mn_yaml_integer(yaml, values[0], "after", 0, MN_EPOCH_MAX, &row->after) &&
           mn_yaml_integer(yaml, values[1], "next", 1, MN_EPOCH_MAX, &row->next) &&
           (values[2] == NULL || mn_yaml_boolean(yaml, values[2], "seen", &row->seen)) &&
           (values[3] == NULL || mn_yaml_boolean(yaml, values[3], "told", &row->told));
}

static bool evidence_read_lineage(struct evidence_reader *reader, const struct mn_yaml_node *node,
                                  struct evidence_vat *vat)
{
    if (!mn_yaml_is_list(&reader->yaml, node, "lineage")) {
        return false;
    }
    struct evidence_lineage *rows = evidence_take(reader, node, node->count, sizeof *rows);
    if (rows == NULL) {
        return false;
    }
    for (const struct mn_yaml_node *fork = node->first; fork != NULL; fork = fork->next) {
        if (!evidence_read_fork(reader, fork, &rows[vat->lineage_count++])) {
            return false;
        }
    }
    vat->lineage = rows;
    return true;
}

static bool evidence_read_vat(struct evidence_reader *reader, const struct mn_yaml_node *key,
                              struct evidence_vat *row)
{
    static const struct mn_yaml_key keys[] = {{"host", false},
                                              {"floor", false},
                                              {"limit", false},
                                              {"lineage", false},
                                              {"on_peer_rollback", false},
                                              {"sends", false}};
    static const char *const reactions[] = {"roll_back", "be_told", NULL};
    static const char *const sends[] = {"held", "early", NULL};
    const struct mn_yaml_node *values[6];
    struct mn_yaml *yaml = &reader->yaml;
    row->host = EVIDENCE_NONE;
    row->limit = 1;
    row->name = evidence_copy_name(reader, key);
    int be_told = 0;
    int early = 0;
    if (row->name == NULL || !mn_yaml_map(yaml, key->next, "a vat", keys, 6, values) ||
        (values[0] != NULL && !mn_names_find(&reader->hosts, yaml, values[0], &row->host)) ||
        (values[1] != NULL &&
         !mn_yaml_integer(yaml, values[1], "floor", 0, MN_EPOCH_MAX, &row->floor)) ||
        (values[2] != NULL &&
         !mn_yaml_integer(yaml, values[2], "limit", 0, MN_EPOCH_MAX, &row->limit)) ||
        (values[3] != NULL && !evidence_read_lineage(reader, values[3], row)) ||
        (values[4] != NULL &&
         !mn_yaml_word(yaml, values[4], "on_peer_rollback", reactions, &be_told)) ||
        (values[5] != NULL && !mn_yaml_word(yaml, values[5], "sends", sends, &early))) {
        return false;
    }
    row->has_floor = values[1] != NULL;
    row->on_peer_rollback = be_told != 0 ? EVIDENCE_BE_TOLD : EVIDENCE_ROLL_BACK;
    row->sends = early != 0 ? EVIDENCE_EARLY : EVIDENCE_HELD;
    return true;
}

bool evidence_read_vats(struct evidence_reader *reader, const struct mn_yaml_node *node)
{
    if (node == NULL) {
        return true;
    }
    size_t count = reader->vats.count;
    struct evidence_vat *rows = evidence_take(reader, node, count, sizeof *rows);
    if (rows == NULL) {
        return false;
    }
    struct evidence_vat *row = rows;
    for (const struct mn_yaml_node *key = node->first; key != NULL; key = key->next->next, row++) {
        if (!evidence_read_vat(reader, key, row)) {
            return false;
        }
    }
    reader->evidence->vats = rows;
    reader->evidence->vat_count = count;
    return true;
}
