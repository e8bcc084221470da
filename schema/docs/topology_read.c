/* Reading a topology: names first, so that they may be used before they are defined, then the rows
 * that use them, then the relations between settings. The first thing that is wrong is told. */
#include "docs/topology.h"

#include <endian.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "docs/endpoint.h"
#include "docs/names.h"
#include "docs/topology_private.h"
#include "docs/yaml.h"

struct topology_reader {
    struct mn_yaml yaml;
    struct topology *topology;
    struct mn_names domains;
    struct mn_names hosts;
    struct mn_names vats;
};

static void *topology_take(struct topology_reader *reader, const struct mn_yaml_node *node,
                           size_t count, size_t size)
{
    void *rows = mn_arena_take_array(&reader->topology->arena, count, size);
    if (rows == NULL) {
        (void)mn_yaml_fail_with(&reader->yaml, MN_NO_MEMORY, node, "out of memory");
    }
    return rows;
}

/* A copy of a scalar's text that outlives the tree. */
static bool topology_text(struct topology_reader *reader, const struct mn_yaml_node *node,
                          const char *what, const char **text)
{
    mn_assert(node != NULL);
    if (!mn_yaml_is_text(&reader->yaml, node, what)) {
        return false;
    }
    *text = mn_arena_copy(&reader->topology->arena, node->text, (size_t)node->size + 1);
    return *text != NULL || mn_yaml_fail_with(&reader->yaml, MN_NO_MEMORY, node, "out of memory");
}

static bool topology_endpoint(struct topology_reader *reader, const struct mn_yaml_node *node,
                              const char *what, const char **text)
{
    return topology_text(reader, node, what, text) &&
           (mn_endpoint_valid(*text) ||
            mn_yaml_fail(&reader->yaml, node, "%s as %s; expected tcp://HOST:PORT or ipc://PATH",
                         mn_yaml_show(node).text, what));
}

/* A key, whose owner is noted: nobody else may have it, since the key is the identity. */
static bool topology_key(struct topology_reader *reader, const struct mn_yaml_node *node,
                         const char *what, uint32_t owner, const char **text)
{
    if (!topology_text(reader, node, what, text)) {
        return false;
    }
    if (!mn_key_valid(*text)) {
        return mn_yaml_fail(&reader->yaml, node,
                            "%s as %s; expected a public key as 40 characters of Z85",
                            mn_yaml_show(node).text, what);
    }
    return mn_table_add(&reader->topology->keys, *text, node->size, owner) == NULL ||
           mn_yaml_fail(&reader->yaml, node,
                        "%s is the key of another; expected each to have its own",
                        mn_yaml_show(node).text);
}

static bool topology_read_coordinator(struct topology_reader *reader,
                                      const struct mn_yaml_node *node)
{
    static const struct mn_yaml_key keys[] = {{"agents", true}, {"operators", true}, {"key", true}};
    const struct mn_yaml_node *values[3];
    struct topology_coordinator *row = &reader->topology->coordinator;
    return mn_yaml_map(&reader->yaml, node, "the coordinator", keys, 3, values) &&
           topology_endpoint(reader, values[0], "the endpoint for agents", &row->agents) &&
           topology_endpoint(reader, values[1], "the endpoint for operators", &row->operators) &&
           (strcmp(row->agents, row->operators) != 0 ||
            mn_yaml_fail(&reader->yaml, values[1],
                         "%s for operators and for agents; expected two endpoints",
                         mn_yaml_show(values[1]).text)) &&
           topology_key(reader, values[2], "the coordinator's key", TOPOLOGY_KEY_COORDINATOR,
                        &row->key);
}

static bool topology_read_operator(struct topology_reader *reader, const struct mn_yaml_node *key,
                                   uint32_t index, struct topology_operator *row)
{
    static const struct mn_yaml_key keys[] = {{"key", true}, {"role", true}};
    static const char *const roles[] = {"watch", "operate", "approve", NULL};
    const struct mn_yaml_node *values[2];
    int role = 0;
    bool good = mn_yaml_is_name(&reader->yaml, key, "an operator") &&
                topology_text(reader, key, "an operator", &row->name) &&
                mn_yaml_map(&reader->yaml, key->next, "an operator", keys, 2, values) &&
                topology_key(reader, values[0], "an operator's key", TOPOLOGY_KEY_OPERATOR | index,
                             &row->key) &&
                mn_yaml_word(&reader->yaml, values[1], "an operator's role", roles, &role);
    row->role = (enum topology_role)role;
    return good;
}

static bool topology_read_operators(struct topology_reader *reader, const struct mn_yaml_node *node)
{
    if (node == NULL) {
        return true;
    }
    if (!mn_yaml_is_map(&reader->yaml, node, "operators")) {
        return false;
    }
    if (node->count > TOPOLOGY_OPERATOR_COUNT_MAX) {
        return mn_yaml_fail_with(&reader->yaml, MN_TOO_LARGE, node, "more than 4096 operators");
    }
    struct topology_operator *rows = topology_take(reader, node, node->count, sizeof *rows);
    if (rows == NULL) {
        return false;
    }
    reader->topology->operators = rows;
    reader->topology->operator_count = node->count;
    uint32_t index = 0;
    for (const struct mn_yaml_node *key = node->first; key != NULL; key = mn_yaml_next_key(key)) {
        if (!topology_read_operator(reader, key, index, &rows[index])) {
            return false;
        }
        index++;
    }
    return true;
}

static bool topology_read_domains(struct topology_reader *reader, const struct mn_yaml_node *node)
{
    static const struct mn_yaml_key keys[] = {{"in", false}};
    size_t count = reader->domains.count;
    struct topology_domain *rows = topology_take(reader, reader->yaml.root, count, sizeof *rows);
    uint32_t *parents = calloc(count + 1, sizeof *parents);
    const struct mn_yaml_node **places = calloc(count + 1, sizeof *places);
    bool good = rows != NULL && parents != NULL && places != NULL;
    if (!good) {
        (void)mn_yaml_fail_with(&reader->yaml, MN_NO_MEMORY, reader->yaml.root, "out of memory");
    }
    const struct mn_yaml_node *key = node != NULL ? node->first : NULL;
    for (size_t i = 0; good && i < count; i++, key = mn_yaml_next_key(key)) {
        parents[i] = TOPOLOGY_NONE;
        good = topology_text(reader, key, "a domain", &rows[i].name) &&
               mn_yaml_map(&reader->yaml, key->next, "a domain", keys, 1, &places[i]) &&
               (places[i] == NULL ||
                mn_names_find(&reader->domains, &reader->yaml, places[i], &parents[i]));
        rows[i].in = parents[i];
    }
    good = good && mn_names_check_forest(&reader->yaml, parents, places, count);
    if (good) {
        reader->topology->domains = rows;
        reader->topology->domain_count = count;
    }
    free(places);
    free(parents);
    return good;
}

static bool topology_read_host(struct topology_reader *reader, const struct mn_yaml_node *key,
                               uint32_t index, struct topology_host *row)
{
    static const struct mn_yaml_key keys[] = {
        {"in", false}, {"agent", true}, {"address", true}, {"key", true}};
    const struct mn_yaml_node *values[4];
    struct mn_yaml *yaml = &reader->yaml;
    uint32_t domain = 0;
    row->domain = TOPOLOGY_NONE;
    if (mn_names_have(&reader->domains, key, &domain)) {
        return mn_yaml_fail(yaml, key, "%s is a domain's name; expected another for a host",
                            mn_yaml_show(key).text);
    }
    if (!topology_text(reader, key, "a host", &row->name) ||
        !mn_yaml_map(yaml, key->next, "a host", keys, 4, values)) {
        return false;
    }
    if (values[0] != NULL && !mn_names_find(&reader->domains, yaml, values[0], &row->domain)) {
        return false;
    }
    return topology_endpoint(reader, values[1], "an agent's endpoint", &row->agent) &&
           topology_text(reader, values[2], "an address", &row->address) &&
           (mn_address_valid(row->address) ||
            mn_yaml_fail(yaml, values[2],
                         "%s as an address; expected a host name, an IPv4 address or [IPv6]",
                         mn_yaml_show(values[2]).text)) &&
           topology_key(reader, values[3], "a host's key", index, &row->key);
}

static bool topology_read_hosts(struct topology_reader *reader, const struct mn_yaml_node *node)
{
    size_t count = reader->hosts.count;
    if (count == 0) {
        return mn_yaml_fail(&reader->yaml, node, "no hosts; expected at least one");
    }
    struct topology_host *rows = topology_take(reader, node, count, sizeof *rows);
    if (rows == NULL) {
        return false;
    }
    const struct mn_yaml_node *key = node->first;
    for (uint32_t i = 0; i < count; i++, key = mn_yaml_next_key(key)) {
        if (!topology_read_host(reader, key, i, &rows[i])) {
            return false;
        }
        (void)mn_table_add(&reader->topology->host_names, rows[i].name, key->size, i);
    }
    reader->topology->hosts = rows;
    reader->topology->host_count = count;
    return true;
}

static bool topology_read_command(struct topology_reader *reader, const struct mn_yaml_node *node,
                                  struct topology_vat *row)
{
    if (!mn_yaml_is_list(&reader->yaml, node, "a command")) {
        return false;
    }
    if (node->count < 1 || node->count > TOPOLOGY_COMMAND_COUNT_MAX) {
        return mn_yaml_fail(&reader->yaml, node, "a command of %" PRIu32 " words; expected 1 to %d",
                            node->count, TOPOLOGY_COMMAND_COUNT_MAX);
    }
    const char **words = topology_take(reader, node, (size_t)node->count + 1, sizeof *words);
    if (words == NULL) {
        return false;
    }
    for (const struct mn_yaml_node *word = node->first; word != NULL; word = word->next) {
        if (!topology_text(reader, word, "a word of a command", &words[row->command_count])) {
            return false;
        }
        row->command_count++;
    }
    row->command = words;
    return words[0][0] != '\0' ||
           mn_yaml_fail(&reader->yaml, node->first, "an empty program; expected its name or path");
}

static bool topology_read_vat(struct topology_reader *reader, const struct mn_yaml_node *key,
                              struct topology_vat *row)
{
    static const struct mn_yaml_key keys[] = {{"host", true},
                                              {"command", true},
                                              {"sends", false},
                                              {"on_peer_rollback", false},
                                              {"limit", false}};
    static const char *const sends[] = {"held", "early", NULL};
    static const char *const reactions[] = {"roll_back", "be_told", NULL};
    const struct mn_yaml_node *values[5];
    struct mn_yaml *yaml = &reader->yaml;
    row->limit = 1;
    if (!topology_text(reader, key, "a vat", &row->name) ||
        !mn_yaml_map(yaml, key->next, "a vat", keys, 5, values) ||
        !mn_names_find(&reader->hosts, yaml, values[0], &row->host) ||
        !topology_read_command(reader, values[1], row)) {
        return false;
    }
    int early = 0;
    int be_told = 0;
    if ((values[2] != NULL && !mn_yaml_word(yaml, values[2], "sends", sends, &early)) ||
        (values[3] != NULL &&
         !mn_yaml_word(yaml, values[3], "on_peer_rollback", reactions, &be_told)) ||
        (values[4] != NULL &&
         !mn_yaml_integer(yaml, values[4], "limit", 0, MN_EPOCH_MAX, &row->limit))) {
        return false;
    }
    row->early = early != 0;
    row->be_told = be_told != 0;
    return true;
}

/* BLAKE2b of the names, each with its NUL; two topologies that differ have the same one in a case
 * of 2^64. */
static uint64_t topology_numbering(const struct topology_vat *vats, size_t count)
{
    crypto_generichash_state state;
    unsigned char digest[crypto_generichash_BYTES_MIN];
    uint64_t numbering = 0;
    (void)crypto_generichash_init(&state, NULL, 0, sizeof digest);
    for (size_t i = 0; i < count; i++) {
        (void)crypto_generichash_update(&state, (const unsigned char *)vats[i].name,
                                        strlen(vats[i].name) + 1);
    }
    (void)crypto_generichash_final(&state, digest, sizeof digest);
    memcpy(&numbering, digest, sizeof numbering);
    numbering = le64toh(numbering);
    return numbering != 0 ? numbering : 1;
}

static bool topology_read_vats(struct topology_reader *reader, const struct mn_yaml_node *node)
{
    size_t count = reader->vats.count;
    struct topology_vat *rows = topology_take(reader, reader->yaml.root, count, sizeof *rows);
    if (rows == NULL) {
        return false;
    }
    const struct mn_yaml_node *key = node != NULL ? node->first : NULL;
    for (uint32_t i = 0; i < count; i++, key = mn_yaml_next_key(key)) {
        mn_assert(key != NULL); /* as many as were counted */
        if (!topology_read_vat(reader, key, &rows[i])) {
            return false;
        }
        (void)mn_table_add(&reader->topology->vat_names, rows[i].name, key->size, i);
    }
    reader->topology->vats = rows;
    reader->topology->vat_count = count;
    reader->topology->numbering = topology_numbering(rows, count);
    return true;
}

#define TOPOLOGY_DEFAULT(name, standard, least, most, text) .name = (standard),
#define TOPOLOGY_KEY(name, standard, least, most, text) {#name, false},
#define TOPOLOGY_READ(name, standard, least, most, text)                                           \
    if (*value != NULL &&                                                                          \
        !mn_yaml_integer(&reader->yaml, *value, #name, least, most, &row.name)) {                  \
        return false;                                                                              \
    }                                                                                              \
    value++;

/* That each silence is longer than the one before, told at the later one where it is given. */
static bool topology_check_timing(struct topology_reader *reader, const struct mn_yaml_node *node)
{
    const struct topology_timing *row = &reader->topology->timing;
    if (row->stale_ms <= row->heartbeat_ms || row->suspect_ms < row->stale_ms ||
        row->lost_ms <= row->suspect_ms) {
        return mn_yaml_fail(&reader->yaml, node,
                            "heartbeat_ms %" PRId64 ", stale_ms %" PRId64 ", suspect_ms %" PRId64
                            ", lost_ms %" PRId64 "; expected heartbeat_ms < stale_ms <= suspect_ms "
                            "< lost_ms (what is not given has its default)",
                            row->heartbeat_ms, row->stale_ms, row->suspect_ms, row->lost_ms);
    }
    return true;
}

static bool topology_read_timing(struct topology_reader *reader, const struct mn_yaml_node *node)
{
    enum { COUNT = sizeof(struct topology_timing) / sizeof(int64_t) };
    static const struct mn_yaml_key keys[] = {TOPOLOGY_TIMING(TOPOLOGY_KEY)};
    const struct mn_yaml_node *values[COUNT] = {0};
    struct topology_timing row = {TOPOLOGY_TIMING(TOPOLOGY_DEFAULT)};
    if (node != NULL && !mn_yaml_map(&reader->yaml, node, "timing", keys, COUNT, values)) {
        return false;
    }
    const struct mn_yaml_node **value = values;
    TOPOLOGY_TIMING(TOPOLOGY_READ)
    reader->topology->timing = row;
    return node == NULL || topology_check_timing(reader, node);
}

/* In how many different places copies can stand: the immediate domains that have hosts, and each
 * host outside all domains. */
static bool topology_count_places(struct topology_reader *reader, int64_t *count)
{
    const struct topology *topology = reader->topology;
    bool *used = calloc(topology->domain_count + 1, sizeof *used);
    if (used == NULL) {
        return mn_yaml_fail_with(&reader->yaml, MN_NO_MEMORY, reader->yaml.root, "out of memory");
    }
    *count = 0;
    for (size_t i = 0; i < topology->host_count; i++) {
        uint32_t domain = topology->hosts[i].domain;
        if (domain == TOPOLOGY_NONE || !used[domain]) {
            *count += 1;
        }
        if (domain != TOPOLOGY_NONE) {
            used[domain] = true;
        }
    }
    free(used);
    return true;
}

static bool topology_read_checkpoints(struct topology_reader *reader,
                                      const struct mn_yaml_node *node)
{
    enum { COUNT = sizeof(struct topology_checkpoints) / sizeof(int64_t) };
    static const struct mn_yaml_key keys[] = {TOPOLOGY_CHECKPOINTS(TOPOLOGY_KEY)};
    const struct mn_yaml_node *values[COUNT] = {0};
    struct topology_checkpoints row = {TOPOLOGY_CHECKPOINTS(TOPOLOGY_DEFAULT)};
    if (node != NULL && !mn_yaml_map(&reader->yaml, node, "checkpoints", keys, COUNT, values)) {
        return false;
    }
    const struct mn_yaml_node **value = values;
    TOPOLOGY_CHECKPOINTS(TOPOLOGY_READ)
    reader->topology->checkpoints = row;
    int64_t places = 0;
    if (!topology_count_places(reader, &places)) {
        return false;
    }
    return row.stores <= places ||
           mn_yaml_fail(&reader->yaml, node != NULL ? node : reader->yaml.root,
                        "checkpoints in %" PRId64 " stores, but hosts in %" PRId64
                        " different domains; expected no more stores than domains",
                        row.stores, places);
}

enum {
    TOPOLOGY_AT_VERSION,
    TOPOLOGY_AT_COORDINATOR,
    TOPOLOGY_AT_OPERATORS,
    TOPOLOGY_AT_DOMAINS,
    TOPOLOGY_AT_HOSTS,
    TOPOLOGY_AT_VATS,
    TOPOLOGY_AT_KEEPERS,
    TOPOLOGY_AT_TIMING,
    TOPOLOGY_AT_CHECKPOINTS,
    TOPOLOGY_AT_POLICY,
    TOPOLOGY_AT_COUNT
};

static const struct mn_yaml_key TOPOLOGY_KEYS[TOPOLOGY_AT_COUNT] = {
    {"topology", true},     {"coordinator", true}, {"operators", false}, {"domains", false},
    {"hosts", true},        {"vats", false},       {"keepers", false},   {"timing", false},
    {"checkpoints", false}, {"policy", false}};

static bool topology_init_tables(struct topology_reader *reader, size_t operator_count)
{
    struct topology *topology = reader->topology;
    size_t host_count = reader->hosts.count;
    return (mn_table_init(&topology->host_names, host_count) == MN_OK &&
            mn_table_init(&topology->vat_names, reader->vats.count) == MN_OK &&
            mn_table_init(&topology->keys, host_count + operator_count + 1) == MN_OK) ||
           mn_yaml_fail_with(&reader->yaml, MN_NO_MEMORY, reader->yaml.root, "out of memory");
}

static bool topology_read_all(struct topology_reader *reader)
{
    const struct mn_yaml_node *at[TOPOLOGY_AT_COUNT];
    struct mn_yaml *yaml = &reader->yaml;
    int64_t version = 0;
    if (!mn_yaml_map(yaml, yaml->root, "a topology", TOPOLOGY_KEYS, TOPOLOGY_AT_COUNT, at) ||
        !mn_yaml_integer(yaml, at[TOPOLOGY_AT_VERSION], "topology", 1, 1, &version) ||
        !mn_names_init(&reader->domains, yaml, at[TOPOLOGY_AT_DOMAINS], "a domain", "domains",
                       TOPOLOGY_DOMAIN_COUNT_MAX) ||
        !mn_names_init(&reader->hosts, yaml, at[TOPOLOGY_AT_HOSTS], "a host", "hosts",
                       MN_HOST_COUNT_MAX) ||
        !mn_names_init(&reader->vats, yaml, at[TOPOLOGY_AT_VATS], "a vat", "vats",
                       TOPOLOGY_VAT_COUNT_MAX)) {
        return false;
    }
    const struct mn_yaml_node *operators = at[TOPOLOGY_AT_OPERATORS];
    return topology_init_tables(reader, operators != NULL ? operators->count : 0) &&
           topology_read_coordinator(reader, at[TOPOLOGY_AT_COORDINATOR]) &&
           topology_read_operators(reader, operators) &&
           topology_read_domains(reader, at[TOPOLOGY_AT_DOMAINS]) &&
           topology_read_hosts(reader, at[TOPOLOGY_AT_HOSTS]) &&
           topology_read_vats(reader, at[TOPOLOGY_AT_VATS]) &&
           topology_read_keepers(reader->topology, yaml, &reader->hosts, at[TOPOLOGY_AT_KEEPERS]) &&
           topology_read_timing(reader, at[TOPOLOGY_AT_TIMING]) &&
           topology_read_checkpoints(reader, at[TOPOLOGY_AT_CHECKPOINTS]) &&
           topology_read_policy(reader->topology, yaml, &reader->vats, at[TOPOLOGY_AT_POLICY]);
}

mn_result topology_read(const char *bytes, size_t size, const char *origin,
                        struct topology **topology, struct mn_error *error)
{
    struct topology_reader reader = {0};
    mn_result result = mn_yaml_init(&reader.yaml, bytes, size, TOPOLOGY_SIZE_MAX, origin, error);
    if (result != MN_OK) {
        return result;
    }
    reader.topology = calloc(1, sizeof *reader.topology);
    if (reader.topology == NULL) {
        (void)mn_yaml_fail_with(&reader.yaml, MN_NO_MEMORY, reader.yaml.root, "out of memory");
    } else {
        (void)topology_read_all(&reader);
    }
    result = reader.yaml.result;
    mn_names_deinit(&reader.domains);
    mn_names_deinit(&reader.hosts);
    mn_names_deinit(&reader.vats);
    mn_yaml_deinit(&reader.yaml);
    if (result != MN_OK) {
        topology_destroy(&reader.topology);
        return result;
    }
    *topology = reader.topology;
    return MN_OK;
}
