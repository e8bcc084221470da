/* libyaml's events made into a tree. libyaml ends a document that is no YAML with a problem and its
 * mark; bytes that are no UTF-8 with an offset only, so their line and column are counted here.
 *
 * Invariant while reading: the stack holds the open lists and maps from the root to the innermost;
 * each knows where its next child is to be linked. */
#include "docs/yaml.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <yaml.h>

#include "docs/table.h"

enum { YAML_SMALL_MAP_COUNT_MAX = 16 };

struct yaml_frame {
    struct mn_yaml_node *node;
    const struct mn_yaml_node **tail; /* where the next child goes */
    bool value_is_next;               /* of a map: a key stands there without its value */
};

struct yaml_builder {
    struct mn_yaml *yaml;
    yaml_parser_t parser;
    struct yaml_frame stack[MN_YAML_DEPTH_MAX];
    size_t depth;
    size_t node_count;
    bool document_seen;
    bool done;
};

static bool yaml_fail_at(struct mn_yaml *yaml, mn_result result, size_t line, size_t column,
                         const char *what)
{
    if (yaml->result == MN_OK) {
        yaml->result = result;
        mn_error_set(yaml->error, "%s:%zu:%zu: %s", yaml->origin, line, column, what);
    }
    return false;
}

static bool yaml_fail_mark(struct mn_yaml *yaml, mn_result result, yaml_mark_t mark,
                           const char *what)
{
    return yaml_fail_at(yaml, result, mark.line + 1, mark.column + 1, what);
}

/* Tell what libyaml did not like. */
static bool yaml_fail_parser(struct yaml_builder *builder, const char *bytes, size_t size)
{
    const yaml_parser_t *parser = &builder->parser;
    if (parser->error == YAML_MEMORY_ERROR) {
        return yaml_fail_mark(builder->yaml, MN_NO_MEMORY, parser->mark, "out of memory");
    }
    const char *problem = parser->problem != NULL ? parser->problem : "unreadable";
    char what[256];
    if (parser->error == YAML_READER_ERROR) {
        (void)snprintf(what, sizeof what, "%s; expected YAML or JSON in UTF-8", problem);
        size_t line = 1;
        size_t column = 1;
        for (size_t i = 0; i < size && i < parser->problem_offset; i++) {
            unsigned char byte = (unsigned char)bytes[i];
            column = byte == '\n' ? 1 : column + ((byte & 0xC0) != 0x80 ? 1 : 0);
            line += byte == '\n' ? 1 : 0;
        }
        return yaml_fail_at(builder->yaml, MN_BAD_INPUT, line, column, what);
    }
    (void)snprintf(what, sizeof what, "not YAML: %s%s%s", problem,
                   parser->context != NULL ? " " : "",
                   parser->context != NULL ? parser->context : "");
    return yaml_fail_mark(builder->yaml, MN_BAD_INPUT, parser->problem_mark, what);
}

/* Tell that the arena did not give @size bytes: by its bound, or because there is no more. */
static void yaml_fail_full(struct mn_yaml *yaml, size_t size, yaml_mark_t mark)
{
    const size_t block_size_max = (size_t)2 * 1024 * 1024;
    if (yaml->arena.size + size + block_size_max > yaml->arena.size_max) {
        (void)yaml_fail_mark(yaml, MN_TOO_LARGE, mark,
                             "too many nodes for so few bytes; expected fewer empty ones");
    } else {
        (void)yaml_fail_mark(yaml, MN_NO_MEMORY, mark, "out of memory");
    }
}

/* A node with @room bytes behind it, linked where the next child goes. */
static struct mn_yaml_node *yaml_add_node(struct yaml_builder *builder, enum mn_yaml_kind kind,
                                          size_t room, const yaml_event_t *event)
{
    struct mn_yaml *yaml = builder->yaml;
    if (++builder->node_count > MN_YAML_NODE_COUNT_MAX || event->start_mark.line >= UINT32_MAX ||
        event->start_mark.column >= INT32_MAX || room > UINT32_MAX) {
        (void)yaml_fail_mark(yaml, MN_TOO_LARGE, event->start_mark,
                             "too many nodes; divide the document");
        return NULL;
    }
    struct mn_yaml_node *node = mn_arena_take(&yaml->arena, sizeof *node + room);
    if (node == NULL) {
        yaml_fail_full(yaml, sizeof *node + room, event->start_mark);
        return NULL;
    }
    node->kind = kind;
    node->line = (uint32_t)(event->start_mark.line + 1);
    node->column = (uint32_t)(event->start_mark.column + 1) & INT32_MAX;
    if (builder->depth == 0) {
        yaml->root = node;
        return node;
    }
    struct yaml_frame *frame = &builder->stack[builder->depth - 1];
    if (frame->node->kind == MN_YAML_LIST) {
        frame->node->count++;
    } else if (frame->value_is_next) {
        frame->value_is_next = false;
    } else if (kind == MN_YAML_SCALAR) {
        frame->value_is_next = true;
        frame->node->count++;
    } else {
        (void)mn_yaml_fail(yaml, node, "%s as a key; expected a name", mn_yaml_show(node).text);
        return NULL;
    }
    *frame->tail = node;
    frame->tail = &node->next;
    return node;
}

static bool yaml_add_scalar(struct yaml_builder *builder, const yaml_event_t *event)
{
    size_t size = event->data.scalar.length;
    struct mn_yaml_node *node =
        yaml_add_node(builder, MN_YAML_SCALAR, size > 0 ? size + 1 : 0, event);
    if (node == NULL) {
        return false;
    }
    node->text = "";
    if (size > 0) {
        char *text = (char *)(node + 1);
        memcpy(text, event->data.scalar.value, size);
        node->text = text;
    }
    node->size = (uint32_t)size;
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? 1 : 0;
    return true;
}

static bool yaml_open(struct yaml_builder *builder, enum mn_yaml_kind kind,
                      const yaml_event_t *event)
{
    if (builder->depth == MN_YAML_DEPTH_MAX) {
        return yaml_fail_mark(builder->yaml, MN_BAD_INPUT, event->start_mark,
                              "nested too deeply; expected at most 32 levels");
    }
    struct mn_yaml_node *node = yaml_add_node(builder, kind, 0, event);
    if (node == NULL) {
        return false;
    }
    builder->stack[builder->depth++] = (struct yaml_frame){.node = node, .tail = &node->first};
    return true;
}

static bool yaml_fail_duplicate(struct mn_yaml *yaml, const struct mn_yaml_node *key, uint32_t line)
{
    return mn_yaml_fail(yaml, key, "duplicate key %s; expected it once, it stands in line %" PRIu32,
                        mn_yaml_show(key).text, line);
}

/* A key that stands twice: small maps are compared pair by pair, larger ones through a table. */
static bool yaml_check_small_map(struct mn_yaml *yaml, const struct mn_yaml_node *map)
{
    for (const struct mn_yaml_node *key = map->first; key != NULL; key = key->next->next) {
        for (const struct mn_yaml_node *old = map->first; old != key; old = old->next->next) {
            if (old->size == key->size && memcmp(old->text, key->text, key->size) == 0) {
                return yaml_fail_duplicate(yaml, key, old->line);
            }
        }
    }
    return true;
}

static bool yaml_check_large_map(struct mn_yaml *yaml, const struct mn_yaml_node *map)
{
    struct mn_table table = {0};
    if (mn_table_init(&table, map->count) != MN_OK) {
        return yaml_fail_at(yaml, MN_NO_MEMORY, map->line, map->column, "out of memory");
    }
    bool good = true;
    for (const struct mn_yaml_node *key = map->first; good && key != NULL; key = key->next->next) {
        const uint32_t *line = mn_table_add(&table, key->text, key->size, key->line);
        good = line == NULL || yaml_fail_duplicate(yaml, key, *line);
    }
    mn_table_deinit(&table);
    return good;
}

static bool yaml_close(struct yaml_builder *builder)
{
    const struct mn_yaml_node *node = builder->stack[--builder->depth].node;
    if (node->kind != MN_YAML_MAP) {
        return true;
    }
    return node->count <= YAML_SMALL_MAP_COUNT_MAX ? yaml_check_small_map(builder->yaml, node)
                                                   : yaml_check_large_map(builder->yaml, node);
}

static bool yaml_no_extras(struct yaml_builder *builder, const yaml_event_t *event,
                           const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor != NULL) {
        return yaml_fail_mark(builder->yaml, MN_BAD_INPUT, event->start_mark,
                              "an anchor; expected the value written out, without & and *");
    }
    if (tag != NULL) {
        return yaml_fail_mark(builder->yaml, MN_BAD_INPUT, event->start_mark,
                              "a tag; expected the value without !");
    }
    return true;
}

static bool yaml_take(struct yaml_builder *builder, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (builder->document_seen) {
            return yaml_fail_mark(builder->yaml, MN_BAD_INPUT, event->start_mark,
                                  "a second document; expected one a file");
        }
        builder->document_seen = true;
        return true;
    case YAML_ALIAS_EVENT:
        return yaml_fail_mark(builder->yaml, MN_BAD_INPUT, event->start_mark,
                              "an alias; expected the value written out, without & and *");
    case YAML_SCALAR_EVENT:
        return yaml_no_extras(builder, event, event->data.scalar.anchor, event->data.scalar.tag) &&
               yaml_add_scalar(builder, event);
    case YAML_SEQUENCE_START_EVENT:
        return yaml_no_extras(builder, event, event->data.sequence_start.anchor,
                              event->data.sequence_start.tag) &&
               yaml_open(builder, MN_YAML_LIST, event);
    case YAML_MAPPING_START_EVENT:
        return yaml_no_extras(builder, event, event->data.mapping_start.anchor,
                              event->data.mapping_start.tag) &&
               yaml_open(builder, MN_YAML_MAP, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return yaml_close(builder);
    case YAML_STREAM_END_EVENT:
        builder->done = true;
        return builder->yaml->root != NULL ||
               yaml_fail_mark(builder->yaml, MN_BAD_INPUT, event->start_mark,
                              "nothing; expected a document");
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return true;
    }
    return true;
}

/* Whether a line begins at @at, as libyaml sees lines. */
static bool yaml_begins_line(const char *bytes, size_t at)
{
    static const char *const ends[] = {"\n", "\r", "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"};
    static const char mark[] = "\xEF\xBB\xBF";
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t size = strlen(ends[i]);
        if (at >= size && memcmp(bytes + at - size, ends[i], size) == 0) {
            return true;
        }
    }
    return at == 0 || (at == strlen(mark) && memcmp(bytes, mark, at) == 0);
}

/* Refuse directives before libyaml sees any: it compares each with all before it. They are looked
 * for in all lines, also within a text, where ours have no use for them. */
static bool yaml_no_directives(struct mn_yaml *yaml, const char *bytes, size_t size)
{
    size_t line = 1;
    const char *from = bytes;
    const char *end = bytes + size;
    for (const char *at = memchr(from, '%', size); at != NULL;
         at = memchr(from, '%', (size_t)(end - from))) {
        if (yaml_begins_line(bytes, (size_t)(at - bytes))) {
            for (const char *back = bytes; back < at; back++) {
                line += *back == '\n' ? 1 : 0;
            }
            return yaml_fail_at(yaml, MN_BAD_INPUT, line, 1,
                                "a directive; expected lines that begin with no %");
        }
        from = at + 1;
    }
    return true;
}

static void yaml_build(struct yaml_builder *builder, const char *bytes, size_t size)
{
    struct mn_yaml *yaml = builder->yaml;
    if (yaml_parser_initialize(&builder->parser) == 0) {
        (void)yaml_fail_at(yaml, MN_NO_MEMORY, 1, 1, "out of memory");
        return;
    }
    yaml_parser_set_encoding(&builder->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&builder->parser, (const unsigned char *)bytes, size);
    bool good = true;
    while (good && !builder->done) {
        yaml_event_t event;
        if (yaml_parser_parse(&builder->parser, &event) == 0) {
            good = yaml_fail_parser(builder, bytes, size);
        } else {
            good = yaml_take(builder, &event);
            yaml_event_delete(&event);
        }
    }
    yaml_parser_delete(&builder->parser);
}

mn_result mn_yaml_init(struct mn_yaml *yaml, const char *bytes, size_t size, size_t size_max,
                       const char *origin, struct mn_error *error)
{
    *yaml = (struct mn_yaml){.origin = origin, .error = error};
    if (size > size_max) {
        mn_error_set(error, "%s: %zu bytes; expected at most %zu", origin, size, size_max);
        return MN_TOO_LARGE;
    }
    mn_arena_init(&yaml->arena, MN_YAML_MEMORY_LEAST + size * MN_YAML_MEMORY_FACTOR);
    struct yaml_builder builder = {.yaml = yaml};
    if (yaml_no_directives(yaml, bytes, size)) {
        yaml_build(&builder, bytes, size);
    }
    mn_result result = yaml->result;
    if (result != MN_OK) {
        mn_yaml_deinit(yaml);
    }
    return result;
}

void mn_yaml_deinit(struct mn_yaml *yaml)
{
    mn_arena_deinit(&yaml->arena);
    yaml->root = NULL;
}
