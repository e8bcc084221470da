/* What the files of the evidence reader share. Each evidence_read_... fills its part of the
 * document and returns false after the first thing that is wrong, which the tree then holds. What
 * is right in itself but not beside the rest is found afterwards, by docs/evidence_check.h. */
#ifndef MN_DOCS_EVIDENCE_READER_H
#define MN_DOCS_EVIDENCE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "docs/evidence_check.h"
#include "docs/names.h"
#include "docs/yaml.h"

struct evidence_reader {
    struct mn_yaml yaml;
    struct evidence *evidence;
    struct mn_names domains;
    struct mn_names hosts;
    struct mn_names stores;
    struct mn_names vats;
};

/* @count zeroed elements in the document's arena, NULL after failing at @node. */
void *evidence_take(struct evidence_reader *reader, const struct mn_yaml_node *node, size_t count,
                    size_t size);

/* A list of names out of @names; NULL is the empty list. */
bool evidence_read_names(struct evidence_reader *reader, const struct mn_yaml_node *node,
                         const struct mn_names *names, struct evidence_names *read);

/* The maps: domains, hosts, stores and vats, each perhaps NULL. */
bool evidence_read_domains(struct evidence_reader *reader, const struct mn_yaml_node *node);
bool evidence_read_hosts(struct evidence_reader *reader, const struct mn_yaml_node *node);
bool evidence_read_stores(struct evidence_reader *reader, const struct mn_yaml_node *node);
bool evidence_read_vats(struct evidence_reader *reader, const struct mn_yaml_node *node);

/* The lists of checkpoints and open intervals. */
bool evidence_read_checkpoints(struct evidence_reader *reader, const struct mn_yaml_node *node);
bool evidence_read_open(struct evidence_reader *reader, const struct mn_yaml_node *node);

/* The copies of one checkpoint: its forms. */
bool evidence_read_forms(struct evidence_reader *reader, const struct mn_yaml_node *row,
                         const struct mn_yaml_node *const *values,
                         struct evidence_checkpoint *checkpoint);

/* What is lost. */
bool evidence_read_lost(struct evidence_reader *reader, const struct mn_yaml_node *node);

/* The node that a spot stands for; where the document leaves the value out, the one that lacks it.
 */
const struct mn_yaml_node *evidence_find_spot(const struct mn_yaml_node *root,
                                              const struct evidence_spot *spot);

/* Where the keys of a checkpoint stand among the values that evidence_read_forms is handed. */
enum {
    EVIDENCE_AT_VAT,
    EVIDENCE_AT_EPOCH,
    EVIDENCE_AT_SINCE,
    EVIDENCE_AT_DURABLE,
    EVIDENCE_AT_HEARD,
    EVIDENCE_AT_KIND,
    EVIDENCE_AT_ONTO,
    EVIDENCE_AT_COPIES,
    EVIDENCE_AT_FORMS,
    EVIDENCE_AT_COUNT
};

#endif
