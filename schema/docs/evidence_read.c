/* Reading an evidence document: the names of all four maps first, so that the document may use them
 * in any order, then the rows, then what is lost of them; and at last whether all that goes
 * together. */
#include "docs/evidence_reader.h"

#include <stdlib.h>

void *evidence_take(struct evidence_reader *reader, const struct mn_yaml_node *node, size_t count,
                    size_t size)
{
    void *rows = mn_arena_take_array(&reader->evidence->arena, count, size);
    if (rows == NULL) {
        (void)mn_yaml_fail_with(&reader->yaml, MN_NO_MEMORY, node, "out of memory");
    }
    return rows;
}

bool evidence_read_names(struct evidence_reader *reader, const struct mn_yaml_node *node,
                         const struct mn_names *names, struct evidence_names *read)
{
    if (node == NULL) {
        return true;
    }
    if (!mn_yaml_is_list(&reader->yaml, node, "a list of names")) {
        return false;
    }
    uint32_t *index = evidence_take(reader, node, node->count, sizeof *index);
    if (index == NULL) {
        return false;
    }
    size_t count = 0;
    for (const struct mn_yaml_node *name = node->first; name != NULL; name = name->next) {
        if (!mn_names_find(names, &reader->yaml, name, &index[count])) {
            return false;
        }
        count++;
    }
    *read = (struct evidence_names){.count = count, .index = index};
    return true;
}

static bool evidence_read_unknown(struct evidence_reader *reader, const struct mn_yaml_node *node)
{
    static const struct mn_yaml_key keys[] = {{"vats", false}, {"stores", false}};
    const struct mn_yaml_node *values[2];
    struct evidence_unknown *unknown = &reader->evidence->unknown;
    return node == NULL ||
           (mn_yaml_map(&reader->yaml, node, "unknown", keys, 2, values) &&
            evidence_read_names(reader, values[0], &reader->vats, &unknown->vats) &&
            evidence_read_names(reader, values[1], &reader->stores, &unknown->stores));
}

static bool evidence_read_policy(struct evidence_reader *reader, const struct mn_yaml_node *node)
{
    static const struct mn_yaml_key keys[] = {{"total_loss", false}, {"tell", false}};
    static const char *const words[] = {"tell", "roll_back", NULL};
    const struct mn_yaml_node *values[2];
    if (node == NULL) {
        return true;
    }
    int word = 0;
    struct evidence_policy *policy = &reader->evidence->policy;
    if (!mn_yaml_map(&reader->yaml, node, "policy", keys, 2, values) ||
        (values[0] != NULL &&
         !mn_yaml_word(&reader->yaml, values[0], "total_loss", words, &word))) {
        return false;
    }
    policy->total_loss = word == 0 ? EVIDENCE_TOTAL_LOSS_TELL : EVIDENCE_TOTAL_LOSS_ROLL_BACK;
    return evidence_read_names(reader, values[1], &reader->vats, &policy->tell);
}

enum {
    DOCUMENT_EVIDENCE,
    DOCUMENT_DOMAINS,
    DOCUMENT_HOSTS,
    DOCUMENT_STORES,
    DOCUMENT_VATS,
    DOCUMENT_CHECKPOINTS,
    DOCUMENT_OPEN,
    DOCUMENT_LOST,
    DOCUMENT_UNKNOWN,
    DOCUMENT_POLICY,
    DOCUMENT_COUNT
};

static const struct mn_yaml_key DOCUMENT_KEYS[DOCUMENT_COUNT] = {
    {"evidence", true}, {"domains", false},     {"hosts", false}, {"stores", false},
    {"vats", false},    {"checkpoints", false}, {"open", false},  {"lost", false},
    {"unknown", false}, {"policy", false}};

static bool evidence_read_all(struct evidence_reader *reader)
{
    const struct mn_yaml_node *at[DOCUMENT_COUNT];
    struct mn_yaml *yaml = &reader->yaml;
    int64_t version = 0;
    size_t bound = EVIDENCE_ROW_COUNT_MAX;
    return mn_yaml_map(yaml, yaml->root, "evidence", DOCUMENT_KEYS, DOCUMENT_COUNT, at) &&
           mn_yaml_integer(yaml, at[DOCUMENT_EVIDENCE], "evidence", 1, 1, &version) &&
           mn_names_init(&reader->domains, yaml, at[DOCUMENT_DOMAINS], "a domain", "domains",
                         bound) &&
           mn_names_init(&reader->hosts, yaml, at[DOCUMENT_HOSTS], "a host", "hosts", bound) &&
           mn_names_init(&reader->stores, yaml, at[DOCUMENT_STORES], "a store", "stores", bound) &&
           mn_names_init(&reader->vats, yaml, at[DOCUMENT_VATS], "a vat", "vats", bound) &&
           evidence_read_domains(reader, at[DOCUMENT_DOMAINS]) &&
           evidence_read_hosts(reader, at[DOCUMENT_HOSTS]) &&
           evidence_read_stores(reader, at[DOCUMENT_STORES]) &&
           evidence_read_vats(reader, at[DOCUMENT_VATS]) &&
           evidence_read_checkpoints(reader, at[DOCUMENT_CHECKPOINTS]) &&
           evidence_read_open(reader, at[DOCUMENT_OPEN]) &&
           evidence_read_lost(reader, at[DOCUMENT_LOST]) &&
           evidence_read_unknown(reader, at[DOCUMENT_UNKNOWN]) &&
           evidence_read_policy(reader, at[DOCUMENT_POLICY]);
}

static void evidence_tell_where(void *context, const struct evidence_spot *spot, const char *what)
{
    struct mn_yaml *yaml = context;
    (void)mn_yaml_fail(yaml, evidence_find_spot(yaml->root, spot), "%s", what);
}

static bool evidence_check_all(struct evidence_reader *reader)
{
    struct mn_yaml *yaml = &reader->yaml;
    struct evidence_listener listener = {.tell = evidence_tell_where, .context = yaml};
    mn_result result = evidence_check(reader->evidence, &listener);
    if (result == MN_NO_MEMORY) {
        return mn_yaml_fail_with(yaml, result, yaml->root, "out of memory");
    }
    yaml->result = result;
    return result == MN_OK;
}

mn_result evidence_read(const char *bytes, size_t size, const char *origin,
                        struct evidence **evidence, struct mn_error *error)
{
    struct evidence_reader reader = {0};
    mn_result result = mn_yaml_init(&reader.yaml, bytes, size, EVIDENCE_SIZE_MAX, origin, error);
    if (result != MN_OK) {
        return result;
    }
    if (evidence_new(&reader.evidence) != MN_OK) {
        (void)mn_yaml_fail_with(&reader.yaml, MN_NO_MEMORY, reader.yaml.root, "out of memory");
    } else {
        (void)(evidence_read_all(&reader) && evidence_check_all(&reader));
    }
    result = reader.yaml.result;
    mn_names_deinit(&reader.domains);
    mn_names_deinit(&reader.hosts);
    mn_names_deinit(&reader.stores);
    mn_names_deinit(&reader.vats);
    mn_yaml_deinit(&reader.yaml);
    if (result != MN_OK) {
        evidence_destroy(&reader.evidence);
        return result;
    }
    *evidence = reader.evidence;
    return MN_OK;
}
