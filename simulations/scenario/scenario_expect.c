/* What a scenario promises: numbers of facts, exact or with bounds, and whether a run kept them. */
#include <stdio.h>
#include <string.h>

#include "scenario/scenario_private.h"

static bool read_bounds(struct scenario_reader *reader, const struct mn_yaml_node *node,
                        struct scenario_expect *expect)
{
    static const struct mn_yaml_key keys[] = {{"least", false}, {"most", false}};
    const struct mn_yaml_node *values[2];
    if (!mn_yaml_map(&reader->yaml, node, fact_name(expect->fact), keys, 2, values)) {
        return false;
    }
    if (values[0] == NULL && values[1] == NULL) {
        return mn_yaml_fail(&reader->yaml, node, "no bounds of %s; expected least, most or both",
                            fact_name(expect->fact));
    }
    expect->least = FACT_NONE;
    expect->most = INT64_MAX;
    if (values[0] != NULL &&
        !mn_yaml_integer(&reader->yaml, values[0], "least", FACT_NONE, INT64_MAX, &expect->least)) {
        return false;
    }
    if (values[1] != NULL &&
        !mn_yaml_integer(&reader->yaml, values[1], "most", FACT_NONE, INT64_MAX, &expect->most)) {
        return false;
    }
    return expect->least <= expect->most ||
           mn_yaml_fail(&reader->yaml, node, "least above most; expected it at or below");
}

static bool read_one(struct scenario_reader *reader, const struct mn_yaml_node *node,
                     struct scenario_expect *expect)
{
    if (node->kind == MN_YAML_MAP) {
        return read_bounds(reader, node, expect);
    }
    if (node->kind == MN_YAML_SCALAR && node->plain && strcmp(node->text, "true") == 0) {
        expect->least = 1;
        expect->most = INT64_MAX;
        return true;
    }
    if (node->kind == MN_YAML_SCALAR && node->plain && strcmp(node->text, "false") == 0) {
        expect->least = expect->most = 0;
        return true;
    }
    if (!mn_yaml_integer(&reader->yaml, node, fact_name(expect->fact), FACT_NONE, INT64_MAX,
                         &expect->least)) {
        return false;
    }
    expect->most = expect->least;
    return true;
}

bool scenario_read_expect(struct scenario_reader *reader, const struct mn_yaml_node *node)
{
    struct scenario *scenario = reader->scenario;
    if (node == NULL) {
        return true;
    }
    if (!mn_yaml_is_map(&reader->yaml, node, "expect")) {
        return false;
    }
    for (const struct mn_yaml_node *key = node->first; key != NULL; key = mn_yaml_next_key(key)) {
        struct scenario_expect expect = {.fact = fact_find(key->text)};
        if (expect.fact == FACT_COUNT) {
            return mn_yaml_fail(&reader->yaml, key,
                                "unknown fact %s in expect; expected one that mneme simulate "
                                "--help names",
                                mn_yaml_show(key).text);
        }
        if (!read_one(reader, key->next, &expect)) {
            return false;
        }
        scenario->expects[scenario->expect_count++] = expect;
    }
    return true;
}

/* ---- kept or broken -------------------------------------------------------------------------- */

static bool is_expected(const struct scenario *scenario, enum fact fact)
{
    for (size_t i = 0; i < scenario->expect_count; i++) {
        if (scenario->expects[i].fact == fact) {
            return true;
        }
    }
    return false;
}

static void say(const struct scenario_expect *expect, int64_t value, char *text, size_t size)
{
    const char *name = fact_name(expect->fact);
    if (expect->least == expect->most) {
        (void)snprintf(text, size, "%s is %lld, and was to be %lld", name, (long long)value,
                       (long long)expect->least);
    } else if (value < expect->least) {
        (void)snprintf(text, size, "%s is %lld, and was to be at least %lld", name,
                       (long long)value, (long long)expect->least);
    } else {
        (void)snprintf(text, size, "%s is %lld, and was to be at most %lld", name, (long long)value,
                       (long long)expect->most);
    }
}

bool scenario_broken(const struct scenario *scenario, const struct facts *facts, size_t index,
                     char *text, size_t size)
{
    bool broken = facts->values[FACT_broken] != 0 && !is_expected(scenario, FACT_broken);
    bool unsettled = facts->values[FACT_settled] == 0 && facts->values[FACT_broken] == 0 &&
                     !is_expected(scenario, FACT_settled);
    if ((broken || unsettled) && index-- == 0) {
        (void)snprintf(text, size, "%s", facts->failure);
        return true;
    }
    for (size_t i = 0; i < scenario->expect_count; i++) {
        const struct scenario_expect *expect = &scenario->expects[i];
        int64_t value = facts->values[expect->fact];
        if ((value < expect->least || value > expect->most) && index-- == 0) {
            say(expect, value, text, size);
            return true;
        }
    }
    return false;
}
