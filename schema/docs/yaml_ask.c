/* Asking a YAML tree for what a reader expects, and saying what was not so. */
#include "docs/yaml.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/ids.h"

bool mn_yaml_fail(struct mn_yaml *yaml, const struct mn_yaml_node *node, const char *format, ...)
{
    if (yaml->result != MN_OK) {
        return false;
    }
    yaml->result = MN_BAD_INPUT;
    char what[MN_ERROR_TEXT_SIZE_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    mn_error_set(yaml->error, "%s:%" PRIu32 ":%" PRIu32 ": %s", yaml->origin, node->line,
                 node->column, what);
    return false;
}

bool mn_yaml_fail_with(struct mn_yaml *yaml, mn_result result, const struct mn_yaml_node *node,
                       const char *what)
{
    if (yaml->result == MN_OK) {
        (void)mn_yaml_fail(yaml, node, "%s", what);
        yaml->result = result;
    }
    return false;
}

struct mn_yaml_shown mn_yaml_show(const struct mn_yaml_node *node)
{
    struct mn_yaml_shown shown = {{0}};
    switch (node->kind) {
    case MN_YAML_LIST:
        (void)snprintf(shown.text, sizeof shown.text, "a list");
        return shown;
    case MN_YAML_MAP:
        (void)snprintf(shown.text, sizeof shown.text, "a map");
        return shown;
    case MN_YAML_SCALAR:
        break;
    }
    if (node->size == 0) {
        (void)snprintf(shown.text, sizeof shown.text, "nothing");
        return shown;
    }
    size_t room = sizeof shown.text - sizeof "\"...\"";
    size_t size = node->size < room ? node->size : room;
    char *at = shown.text;
    *at++ = '"';
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)node->text[i];
        char shown_byte = node->text[i];
        if (byte < 0x20 || byte >= 0x7F) {
            shown_byte = '?';
        }
        *at++ = shown_byte;
    }
    (void)snprintf(at, sizeof shown.text - (size_t)(at - shown.text), "%s",
                   node->size > room ? "...\"" : "\"");
    return shown;
}

const struct mn_yaml_node *mn_yaml_next_key(const struct mn_yaml_node *key)
{
    mn_assert(key != NULL);
    mn_assert(key->next != NULL);
    return key->next->next;
}

static void yaml_list_keys(char *text, size_t size, const struct mn_yaml_key *keys, size_t count)
{
    size_t used = 0;
    for (size_t i = 0; i < count && used < size; i++) {
        const char *glue = i == 0 ? "" : i + 1 < count ? ", " : " or ";
        int written = snprintf(text + used, size - used, "%s%s", glue, keys[i].name);
        used += written > 0 ? (size_t)written : 0;
    }
}

bool mn_yaml_map(struct mn_yaml *yaml, const struct mn_yaml_node *node, const char *what,
                 const struct mn_yaml_key *keys, size_t key_count,
                 const struct mn_yaml_node **values)
{
    mn_assert(key_count <= MN_YAML_KEY_COUNT_MAX);
    for (size_t i = 0; i < key_count; i++) {
        values[i] = NULL;
    }
    if (!mn_yaml_is_map(yaml, node, what)) {
        return false;
    }
    for (const struct mn_yaml_node *key = node->first; key != NULL; key = key->next->next) {
        size_t i = 0;
        while (i < key_count && (strlen(keys[i].name) != key->size ||
                                 memcmp(keys[i].name, key->text, key->size) != 0)) {
            i++;
        }
        if (i == key_count) {
            char known[256] = "";
            yaml_list_keys(known, sizeof known, keys, key_count);
            return mn_yaml_fail(yaml, key, "unknown key %s in %s; expected %s",
                                mn_yaml_show(key).text, what, known);
        }
        values[i] = key->next;
    }
    for (size_t i = 0; i < key_count; i++) {
        if (keys[i].required && values[i] == NULL) {
            return mn_yaml_fail(yaml, node, "%s without %s; expected it", what, keys[i].name);
        }
    }
    return true;
}

static bool yaml_is(struct mn_yaml *yaml, const struct mn_yaml_node *node, enum mn_yaml_kind kind,
                    const char *what, const char *expected)
{
    if (yaml->result != MN_OK) {
        return false;
    }
    return node->kind == kind || mn_yaml_fail(yaml, node, "%s as %s; expected %s",
                                              mn_yaml_show(node).text, what, expected);
}

bool mn_yaml_is_map(struct mn_yaml *yaml, const struct mn_yaml_node *node, const char *what)
{
    return yaml_is(yaml, node, MN_YAML_MAP, what, "a map");
}

bool mn_yaml_is_list(struct mn_yaml *yaml, const struct mn_yaml_node *node, const char *what)
{
    return yaml_is(yaml, node, MN_YAML_LIST, what, "a list");
}

bool mn_yaml_is_name(struct mn_yaml *yaml, const struct mn_yaml_node *node, const char *what)
{
    if (!yaml_is(yaml, node, MN_YAML_SCALAR, what, "a name")) {
        return false;
    }
    return mn_name_valid(node->text, node->size) ||
           mn_yaml_fail(yaml, node,
                        "%s as %s; expected a name of 1 to %d bytes of A-Z a-z 0-9 . _ : / -",
                        mn_yaml_show(node).text, what, MN_NAME_SIZE_MAX);
}

bool mn_yaml_is_text(struct mn_yaml *yaml, const struct mn_yaml_node *node, const char *what)
{
    if (!yaml_is(yaml, node, MN_YAML_SCALAR, what, "text")) {
        return false;
    }
    return memchr(node->text, '\0', node->size) == NULL ||
           mn_yaml_fail(yaml, node, "a NUL byte in %s; expected text without one", what);
}

/* Decimal digits without leading zeros, perhaps after a minus; nothing else is an integer here, so
 * that 010 and 1_0, which YAML reads in ways people do not expect, are refused. */
static bool yaml_parse_integer(const struct mn_yaml_node *node, int64_t *number)
{
    bool negative = node->size > 0 && node->text[0] == '-';
    size_t first = negative ? 1 : 0;
    if (!node->plain || node->size == first || node->size - first > 19 ||
        (node->text[first] == '0' && node->size - first > 1)) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = first; i < node->size; i++) {
        if (node->text[i] < '0' || node->text[i] > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(node->text[i] - '0');
    }
    if (value > (uint64_t)INT64_MAX) {
        return false;
    }
    *number = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

bool mn_yaml_integer(struct mn_yaml *yaml, const struct mn_yaml_node *node, const char *what,
                     int64_t min, int64_t max, int64_t *number)
{
    if (!yaml_is(yaml, node, MN_YAML_SCALAR, what, "an integer")) {
        return false;
    }
    int64_t value = 0;
    if (!yaml_parse_integer(node, &value) || value < min || value > max) {
        return mn_yaml_fail(yaml, node,
                            "%s as %s; expected an integer from %" PRId64 " to %" PRId64,
                            mn_yaml_show(node).text, what, min, max);
    }
    *number = value;
    return true;
}

bool mn_yaml_boolean(struct mn_yaml *yaml, const struct mn_yaml_node *node, const char *what,
                     bool *value)
{
    if (!yaml_is(yaml, node, MN_YAML_SCALAR, what, "true or false")) {
        return false;
    }
    bool is_true = node->plain && strcmp(node->text, "true") == 0;
    bool is_false = node->plain && strcmp(node->text, "false") == 0;
    if (!is_true && !is_false) {
        return mn_yaml_fail(yaml, node, "%s as %s; expected true or false", mn_yaml_show(node).text,
                            what);
    }
    *value = is_true;
    return true;
}

bool mn_yaml_word(struct mn_yaml *yaml, const struct mn_yaml_node *node, const char *what,
                  const char *const *words, int *index)
{
    char expected[128] = "";
    size_t used = 0;
    if (!yaml_is(yaml, node, MN_YAML_SCALAR, what, words[0])) {
        return false;
    }
    for (int i = 0; words[i] != NULL; i++) {
        if (strlen(words[i]) == node->size && memcmp(words[i], node->text, node->size) == 0) {
            *index = i;
            return true;
        }
        if (used < sizeof expected) {
            int written = snprintf(expected + used, sizeof expected - used, "%s%s",
                                   i == 0 ? "" : " or ", words[i]);
            used += written > 0 ? (size_t)written : 0;
        }
    }
    return mn_yaml_fail(yaml, node, "%s as %s; expected %s", mn_yaml_show(node).text, what,
                        expected);
}
