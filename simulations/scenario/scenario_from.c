/* A live cluster's topology, or evidence of it, as the tree of a simulation: its root domains are
 * the zones, the domain that a host stands in is its rack; a host that stands in none is a rack and
 * a zone of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "docs/file.h"
#include "scenario/scenario_private.h"

enum { FROM_PATH_SIZE = 4096 };

static uint32_t *numbers_new(size_t count)
{
    uint32_t *numbers = calloc(count + 1, sizeof *numbers);
    mn_assert(numbers != NULL);
    for (size_t i = 0; i <= count; i++) {
        numbers[i] = TOPOLOGY_NONE;
    }
    return numbers;
}

static uint32_t root_of(const struct topology *topology, uint32_t domain)
{
    while (topology->domains[domain].in != TOPOLOGY_NONE) {
        domain = topology->domains[domain].in;
    }
    return domain;
}

/* A host with what it is sorted by. */
struct place {
    uint32_t zone; /* a domain, or above them all, so that no two are the same, a host */
    uint32_t rack;
    uint32_t host;
};

static int compare_places(const void *a, const void *b)
{
    const struct place *left = a;
    const struct place *right = b;
    if (left->zone != right->zone) {
        return left->zone < right->zone ? -1 : 1;
    }
    if (left->rack != right->rack) {
        return left->rack < right->rack ? -1 : 1;
    }
    return (left->host > right->host) - (left->host < right->host);
}

static struct place *places_new(const struct topology *topology)
{
    struct place *places = calloc(topology->host_count + 1, sizeof *places);
    mn_assert(places != NULL);
    for (uint32_t i = 0; i < topology->host_count; i++) {
        uint32_t domain = topology->hosts[i].domain;
        uint32_t own = (uint32_t)topology->domain_count + i;
        places[i].host = i;
        places[i].rack = domain != TOPOLOGY_NONE ? domain : own;
        places[i].zone = domain != TOPOLOGY_NONE ? root_of(topology, domain) : own;
    }
    qsort(places, topology->host_count, sizeof *places, compare_places);
    return places;
}

static void number_all(struct scenario_reader *reader, const struct place *places)
{
    const struct topology *topology = reader->topology;
    size_t domain_count = topology->domain_count;
    reader->host_numbers = numbers_new(topology->host_count);
    reader->rack_numbers = numbers_new(domain_count);
    reader->zone_numbers = numbers_new(domain_count);
    reader->host_count = (uint32_t)topology->host_count;
    reader->vat_count = (uint32_t)topology->vat_count;
    for (uint32_t i = 0; i < reader->host_count; i++) {
        bool zone = i == 0 || places[i].zone != places[i - 1].zone;
        bool rack = zone || places[i].rack != places[i - 1].rack;
        reader->zone_count += zone ? 1 : 0;
        reader->rack_count += rack ? 1 : 0;
        if (places[i].zone < domain_count) {
            reader->zone_numbers[places[i].zone] = reader->zone_count - 1;
        }
        if (places[i].rack < domain_count) {
            reader->rack_numbers[places[i].rack] = reader->rack_count - 1;
        }
        reader->host_numbers[places[i].host] = i;
    }
}

static void make_tree(struct scenario_reader *reader, const struct place *places)
{
    const struct topology *topology = reader->topology;
    struct sim_tree *tree =
        sim_tree_new(reader->zone_count, reader->rack_count, reader->host_count, reader->vat_count);
    uint32_t zone = 0;
    uint32_t rack = 0;
    for (uint32_t i = 0; i < reader->host_count; i++) {
        bool other = i > 0 && places[i].zone != places[i - 1].zone;
        zone += other ? 1 : 0;
        rack += other || (i > 0 && places[i].rack != places[i - 1].rack) ? 1 : 0;
        tree->host_racks[i] = rack;
        tree->rack_zones[rack] = zone;
    }
    for (uint32_t i = 0; i < reader->vat_count; i++) {
        const struct topology_vat *vat = &topology->vats[i];
        tree->vats[i] = (struct sim_tree_vat){.host = reader->host_numbers[vat->host],
                                              .be_told = vat->be_told,
                                              .early = vat->early,
                                              .limit = vat->limit};
    }
    reader->scenario->tree = tree;
}

/* What the numbers stand for. */
static void keep_names(struct scenario_reader *reader, const struct place *places)
{
    struct mn_text text = {0};
    for (uint32_t i = 0; i < reader->host_count; i++) {
        mn_text_add_format(&text, "h%u %s\n", i, reader->topology->hosts[places[i].host].name);
    }
    for (uint32_t i = 0; i < reader->vat_count; i++) {
        mn_text_add_format(&text, "v%u %s\n", i, reader->topology->vats[i].name);
    }
    mn_assert(mn_text_result(&text) == MN_OK);
    reader->scenario->names = text.bytes;
}

static bool take_settings(struct scenario_reader *reader, const struct mn_yaml_node *node)
{
    struct sim_config *config = &reader->scenario->config;
    const struct topology *topology = reader->topology;
    bool fits = true;
#define FROM_TIMING(name, ...) fits &= sim_config_set(config, #name, topology->timing.name);
#define FROM_CHECKPOINTS(name, ...)                                                                \
    fits &= sim_config_set(config, #name, topology->checkpoints.name);
    TOPOLOGY_TIMING(FROM_TIMING)
    TOPOLOGY_CHECKPOINTS(FROM_CHECKPOINTS)
#undef FROM_TIMING
#undef FROM_CHECKPOINTS
    config->total_loss_roll_back = topology->policy.roll_back ? 1 : 0;
    config->hosts = (int64_t)topology->host_count;
    config->vats = (int64_t)topology->vat_count;
    return fits || mn_yaml_fail(&reader->yaml, node,
                                "a topology whose settings a simulation cannot have; expected "
                                "those within its bounds");
}

static mn_result load(const char *path, struct topology **topology, struct mn_error *error)
{
    struct mn_text text = {0};
    mn_result result = mn_file_read(path, TOPOLOGY_SIZE_MAX, &text, error);
    const char *bytes = text.bytes != NULL ? text.bytes : "";
    if (result == MN_OK && scenario_is_evidence(bytes, text.size)) {
        result = scenario_evidence_topology(bytes, text.size, path, topology, error);
    } else if (result == MN_OK) {
        result = topology_read(bytes, text.size, path, topology, error);
    }
    mn_text_deinit(&text);
    return result;
}

bool scenario_read_from(struct scenario_reader *reader, const struct mn_yaml_node *node)
{
    char path[FROM_PATH_SIZE];
    struct mn_error error = {.text = ""};
    if (!mn_yaml_is_text(&reader->yaml, node, "from")) {
        return false;
    }
    const char *slash = strrchr(reader->yaml.origin, '/');
    int size = slash != NULL && node->text[0] != '/' ? (int)(slash + 1 - reader->yaml.origin) : 0;
    (void)snprintf(path, sizeof path, "%.*s%s", size, reader->yaml.origin, node->text);
    mn_result result = load(path, &reader->topology, &error);
    if (result != MN_OK) {
        return mn_yaml_fail(&reader->yaml, node, "no cluster in from: %s", error.text);
    }
    if (reader->topology->vat_count == 0) {
        return mn_yaml_fail(&reader->yaml, node, "a topology without vats; expected one at least");
    }
    struct place *places = places_new(reader->topology);
    number_all(reader, places);
    make_tree(reader, places);
    keep_names(reader, places);
    free(places);
    return take_settings(reader, node);
}

void scenario_from_deinit(struct scenario_reader *reader)
{
    free(reader->host_numbers);
    free(reader->rack_numbers);
    free(reader->zone_numbers);
    topology_destroy(&reader->topology);
}

bool scenario_from_find(const struct scenario_reader *reader, const char *kind, const char *name,
                        uint32_t *number)
{
    const struct topology *topology = reader->topology;
    uint32_t found = TOPOLOGY_NONE;
    if (kind[0] == 'v') {
        found = topology_find_vat(topology, name);
    } else if (kind[0] == 'h') {
        uint32_t host = topology_find_host(topology, name);
        found = host != TOPOLOGY_NONE ? reader->host_numbers[host] : TOPOLOGY_NONE;
    } else {
        for (uint32_t i = 0; i < topology->domain_count; i++) {
            if (strcmp(topology->domains[i].name, name) == 0) {
                found = kind[0] == 'r' ? reader->rack_numbers[i] : reader->zone_numbers[i];
            }
        }
    }
    *number = found;
    return found != TOPOLOGY_NONE;
}
