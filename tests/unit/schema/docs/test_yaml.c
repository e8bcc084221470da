/* The YAML tree: where things stand, and what is refused before anyone asks for anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "docs/yaml.h"

static void refuses(const char *text, const char *expected)
{
    struct mn_yaml yaml;
    struct mn_error error = {{0}};
    assert_int_equal(mn_yaml_init(&yaml, text, strlen(text), 4096, "y", &error), MN_BAD_INPUT);
    assert_string_equal(error.text, expected);
}

static void says_where_each_node_stands(void **state)
{
    (void)state;
    struct mn_yaml yaml;
    const char *text = "a: 1\nb:\n  - x\n  - \"y\"\n";
    assert_int_equal(mn_yaml_init(&yaml, text, strlen(text), 4096, "y", NULL), MN_OK);
    const struct mn_yaml_node *key = yaml.root->first;
    assert_int_equal(yaml.root->count, 2);
    assert_string_equal(key->text, "a");
    assert_true(key->next->plain);
    assert_int_equal(key->next->column, 4);
    const struct mn_yaml_node *list = key->next->next->next;
    assert_int_equal(list->kind, MN_YAML_LIST);
    assert_int_equal(list->count, 2);
    assert_int_equal(list->first->next->line, 4);
    assert_int_equal(list->first->next->column, 5);
    assert_false(list->first->next->plain);
    mn_yaml_deinit(&yaml);
}

static void counts_columns_in_characters(void **state)
{
    (void)state;
    refuses("{\"\xc3\xa4\": 1, \"\xc3\xa4\": 2}",
            "y:1:10: duplicate key \"??\"; expected it once, it stands in line 1");
    refuses("a: \xc3\xa4\nb: \xc3\xa4\xc3(\n", "y:2:6: invalid trailing UTF-8 octet; "
                                               "expected YAML or JSON in UTF-8");
}

static void refuses_anchors_aliases_and_tags(void **state)
{
    (void)state;
    refuses("a: &x 1\n", "y:1:4: an anchor; expected the value written out, without & and *");
    refuses("a: *x\n", "y:1:4: an alias; expected the value written out, without & and *");
    refuses("a: !!int 1\n", "y:1:4: a tag; expected the value without !");
    refuses("a: &x [1]\n", "y:1:4: an anchor; expected the value written out, without & and *");
    refuses("a: !m {b: 1}\n", "y:1:4: a tag; expected the value without !");
}

static void refuses_directives(void **state)
{
    (void)state;
    refuses("%YAML 1.1\n---\na: 1\n", "y:1:1: a directive; expected lines that begin with no %");
    refuses("\xEF\xBB\xBF%TAG ! x\n---\na: 1\n",
            "y:1:1: a directive; expected lines that begin with no %");
    refuses("a: 1\n...\n# 5%\n%TAG ! x\n---\nb: 1\n",
            "y:4:1: a directive; expected lines that begin with no %");
}

static void reads_a_percent_sign_elsewhere(void **state)
{
    (void)state;
    struct mn_yaml yaml;
    const char *text = "# \xc3\xa9% \na: 50%\n";
    assert_int_equal(mn_yaml_init(&yaml, text, strlen(text), 4096, "y", NULL), MN_OK);
    assert_string_equal(yaml.root->first->next->text, "50%");
    mn_yaml_deinit(&yaml);
}

static void refuses_a_second_document(void **state)
{
    (void)state;
    refuses("a: 1\n---\nb: 2\n", "y:2:1: a second document; expected one a file");
}

static void refuses_keys_that_are_no_scalars(void **state)
{
    (void)state;
    refuses("? [a]\n: 1\n", "y:1:3: a list as a key; expected a name");
    refuses("{{a: 1}: 2}\n", "y:1:2: a map as a key; expected a name");
}

static void refuses_what_is_nested_too_deeply(void **state)
{
    (void)state;
    refuses("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
            "y:1:33: nested too deeply; expected at most 32 levels");
}

static void reads_what_is_nested_just_deeply_enough(void **state)
{
    (void)state;
    struct mn_yaml yaml;
    const char *text = "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]";
    assert_int_equal(mn_yaml_init(&yaml, text, strlen(text), 4096, "y", NULL), MN_OK);
    mn_yaml_deinit(&yaml);
}

static void refuses_what_is_too_large(void **state)
{
    (void)state;
    struct mn_yaml yaml;
    struct mn_error error = {{0}};
    assert_int_equal(mn_yaml_init(&yaml, "a: 1\n", 5, 4, "y", &error), MN_TOO_LARGE);
    assert_string_equal(error.text, "y: 5 bytes; expected at most 4");
}

static void tells_the_first_failure_only(void **state)
{
    (void)state;
    struct mn_yaml yaml;
    struct mn_error error = {{0}};
    assert_int_equal(mn_yaml_init(&yaml, "[x, y]", 6, 4096, "y", &error), MN_OK);
    int64_t number = 7;
    bool value = true;
    const struct mn_yaml_node *item = yaml.root->first;
    assert_false(mn_yaml_integer(&yaml, item, "n", 0, 9, &number));
    assert_false(mn_yaml_boolean(&yaml, item->next, "b", &value));
    assert_string_equal(error.text, "y:1:2: \"x\" as n; expected an integer from 0 to 9");
    assert_int_equal(number, 7);
    assert_int_equal(yaml.result, MN_BAD_INPUT);
    mn_yaml_deinit(&yaml);
}

static void takes_decimal_integers_only(void **state)
{
    (void)state;
    struct mn_yaml yaml;
    const char *text = "[-9223372036854775807, 9223372036854775807, 0, -0, 0x1, 1_0, +1, 1.0]";
    assert_int_equal(mn_yaml_init(&yaml, text, strlen(text), 4096, "y", NULL), MN_OK);
    const struct mn_yaml_node *item = yaml.root->first;
    int64_t number = 0;
    assert_true(mn_yaml_integer(&yaml, item, "n", INT64_MIN, INT64_MAX, &number));
    assert_true(number == -INT64_MAX);
    item = item->next;
    assert_true(mn_yaml_integer(&yaml, item, "n", INT64_MIN, INT64_MAX, &number));
    assert_true(number == INT64_MAX);
    item = item->next;
    assert_true(mn_yaml_integer(&yaml, item, "n", 0, 0, &number));
    assert_true(number == 0);
    item = item->next;
    assert_true(mn_yaml_integer(&yaml, item, "n", 0, 0, &number));
    for (item = item->next; item != NULL; item = item->next) {
        yaml.result = MN_OK;
        assert_false(mn_yaml_integer(&yaml, item, "n", INT64_MIN, INT64_MAX, &number));
    }
    mn_yaml_deinit(&yaml);
}

static void cuts_and_cleans_what_it_shows(void **state)
{
    (void)state;
    struct mn_yaml_node node = {.kind = MN_YAML_SCALAR, .text = "a\nb", .size = 3};
    assert_string_equal(mn_yaml_show(&node).text, "\"a?b\"");
    node.text = "0123456789012345678901234567890123456789012345678901234567890123456789";
    node.size = 70;
    assert_string_equal(mn_yaml_show(&node).text,
                        "\"0123456789012345678901234567890123456789012345678901234567...\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_where_each_node_stands),
        cmocka_unit_test(counts_columns_in_characters),
        cmocka_unit_test(refuses_anchors_aliases_and_tags),
        cmocka_unit_test(refuses_directives),
        cmocka_unit_test(reads_a_percent_sign_elsewhere),
        cmocka_unit_test(refuses_a_second_document),
        cmocka_unit_test(refuses_keys_that_are_no_scalars),
        cmocka_unit_test(refuses_what_is_nested_too_deeply),
        cmocka_unit_test(reads_what_is_nested_just_deeply_enough),
        cmocka_unit_test(refuses_what_is_too_large),
        cmocka_unit_test(tells_the_first_failure_only),
        cmocka_unit_test(takes_decimal_integers_only),
        cmocka_unit_test(cuts_and_cleans_what_it_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
