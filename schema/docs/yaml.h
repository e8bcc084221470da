/* A YAML document as a bounded tree of nodes that know their line and column; JSON is read by the
 * same code. Anchors, aliases, tags, directives, duplicate keys and second documents are refused.
 *
 * A reader asks for what it expects; the first thing that is not so ends up in the caller's
 * mn_error as "FILE:LINE:COLUMN: what is wrong, and what was expected". Every asking function
 * returns false from then on, so a reader may check once after several questions. */
#ifndef MN_DOCS_YAML_H
#define MN_DOCS_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/result.h"

enum {
    MN_YAML_DEPTH_MAX = 32,

    /* The most nodes of one document. */
    MN_YAML_NODE_COUNT_MAX = 1024 * 1024 * 1024,

    /* What a tree may take for each byte of the document, and besides. Documents that say anything
     * take up to 13; one of nothing but empty nodes would take 48. */
    MN_YAML_MEMORY_FACTOR = 16,
    MN_YAML_MEMORY_LEAST = 16 * 1024 * 1024,

    /* The most keys that one mn_yaml_map call knows. */
    MN_YAML_KEY_COUNT_MAX = 16
};

enum mn_yaml_kind { MN_YAML_SCALAR, MN_YAML_LIST, MN_YAML_MAP };

/* Large documents are made of very many of these, so they are kept small. */
struct mn_yaml_node {
    const struct mn_yaml_node *next; /* the next of the same list or map */
    union {
        const struct mn_yaml_node *first; /* of a list: its items; of a map: key, value, key, .. */
        const char *text;                 /* of a scalar */
    };
    union {
        uint32_t count; /* of a list: items; of a map: pairs */
        uint32_t size;  /* of a scalar: bytes of @text without its NUL */
    };
    uint32_t line;        /* from 1 */
    uint32_t column : 31; /* from 1, in characters */
    uint32_t plain : 1;   /* of a scalar: not quoted, so it may be a number or true and false */
    enum mn_yaml_kind kind;
};

_Static_assert(sizeof(struct mn_yaml_node) <= 32, "the memory of a document is counted in nodes");

struct mn_yaml {
    const struct mn_yaml_node *root;
    const char *origin;
    struct mn_error *error; /* may be NULL */
    mn_result result;       /* MN_OK until something was not as expected */
    struct mn_arena arena;  /* the nodes; dropped by mn_yaml_deinit */
};

/* Read @size bytes into a tree, in time and memory linear in @size: at most
 * MN_YAML_MEMORY_FACTOR bytes for each byte, and MN_YAML_MEMORY_LEAST.
 *
 * @yaml      the caller's storage; after success to be given back with mn_yaml_deinit.
 * @origin    the file's name for errors, borrowed as long as @yaml, and so is @error.
 *
 * Errors:    MN_BAD_INPUT, MN_TOO_LARGE (@size is above @size_max, or too many nodes in it),
 *            MN_NO_MEMORY; each is told in @error */
mn_result mn_yaml_init(struct mn_yaml *yaml, const char *bytes, size_t size, size_t size_max,
                       const char *origin, struct mn_error *error) MN_CHECKED;
void mn_yaml_deinit(struct mn_yaml *yaml);

/* Note that @node is not as it should be: "FILE:LINE:COLUMN: " and the text of @format. The first
 * call counts. Always returns false. */
bool mn_yaml_fail(struct mn_yaml *yaml, const struct mn_yaml_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As mn_yaml_fail, for a failure that is not the document's fault (MN_NO_MEMORY, MN_TOO_LARGE). */
bool mn_yaml_fail_with(struct mn_yaml *yaml, mn_result result, const struct mn_yaml_node *node,
                       const char *what);

/* What a scalar says, cut and cleaned so that it can be shown in an error; of other nodes, what
 * they are. */
struct mn_yaml_shown {
    char text[64];
};
struct mn_yaml_shown mn_yaml_show(const struct mn_yaml_node *node);

/* The key after @key in its map, or NULL: every key is followed by its value. */
const struct mn_yaml_node *mn_yaml_next_key(const struct mn_yaml_node *key);

struct mn_yaml_key {
    const char *name;
    bool required;
};

/* @node as a map with known keys: values[i] becomes the value of keys[i], NULL when it is not
 * there. Fails when @node is no map, has another key, or lacks a required one.
 * @what      what the map is, for errors: "a vat". */
bool mn_yaml_map(struct mn_yaml *yaml, const struct mn_yaml_node *node, const char *what,
                 const struct mn_yaml_key *keys, size_t key_count,
                 const struct mn_yaml_node **values);

/* Whether @node is a map, or a list; fails when not. */
bool mn_yaml_is_map(struct mn_yaml *yaml, const struct mn_yaml_node *node, const char *what);
bool mn_yaml_is_list(struct mn_yaml *yaml, const struct mn_yaml_node *node, const char *what);

/* Whether @node is a name by the rule of base/ids.h; fails when not. */
bool mn_yaml_is_name(struct mn_yaml *yaml, const struct mn_yaml_node *node, const char *what);

/* Whether @node is a scalar without NUL bytes; fails when not. */
bool mn_yaml_is_text(struct mn_yaml *yaml, const struct mn_yaml_node *node, const char *what);

/* A plain decimal integer from @min to @max. @number is written on success only. */
bool mn_yaml_integer(struct mn_yaml *yaml, const struct mn_yaml_node *node, const char *what,
                     int64_t min, int64_t max, int64_t *number);

/* A plain true or false. @value is written on success only. */
bool mn_yaml_boolean(struct mn_yaml *yaml, const struct mn_yaml_node *node, const char *what,
                     bool *value);

/* One of @words, which end with NULL. @index is written on success only. */
bool mn_yaml_word(struct mn_yaml *yaml, const struct mn_yaml_node *node, const char *what,
                  const char *const *words, int *index);

#endif
