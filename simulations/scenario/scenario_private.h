/* What the files that read scenarios share. */
#ifndef SCENARIO_PRIVATE_H
#define SCENARIO_PRIVATE_H

#include "docs/topology.h"
#include "docs/yaml.h"
#include "scenario/scenario.h"

struct scenario_reader {
    struct mn_yaml yaml;
    struct scenario *scenario;
    struct topology *topology; /* of `from`; NULL: none. The next three are of its names */
    uint32_t *host_numbers;    /* by host of the topology */
    uint32_t *rack_numbers;    /* by domain; TOPOLOGY_NONE: not a rack */
    uint32_t *zone_numbers;    /* the same of zones */
    uint32_t zone_count;
    uint32_t rack_count;
    uint32_t host_count;
    uint32_t vat_count;
};

/* The cluster: `cluster`, `grow` or `from`, of which one is there. */
bool scenario_read_cluster(struct scenario_reader *reader, const struct mn_yaml_node *cluster,
                           const struct mn_yaml_node *grow, const struct mn_yaml_node *from);
/* scenario_from.c: the tree, timing and checkpoints of a topology file, or the tree of evidence. */
bool scenario_read_from(struct scenario_reader *reader, const struct mn_yaml_node *node);
void scenario_from_deinit(struct scenario_reader *reader);
/* The number of what a topology calls by that name, as a fault needs it; false: no such thing. */
bool scenario_from_find(const struct scenario_reader *reader, const char *kind, const char *name,
                        uint32_t *number);

/* scenario_evidence.c: whether a document is evidence, by its beginning; the cluster that it is
 * about. */
bool scenario_is_evidence(const char *bytes, size_t size);
mn_result scenario_evidence_topology(const char *bytes, size_t size, const char *path,
                                     struct topology **topology, struct mn_error *error) MN_CHECKED;

/* scenario_faults.c: the time line, and disasters by chance. */
bool scenario_read_at(struct scenario_reader *reader, const struct mn_yaml_node *node);
bool scenario_read_random(struct scenario_reader *reader, const struct mn_yaml_node *node);

/* scenario_expect.c: what the scenario promises. */
bool scenario_read_expect(struct scenario_reader *reader, const struct mn_yaml_node *node);

/* Text that is owned; aborts when memory runs out. */
char *scenario_keep(const char *text);

#endif
