/* Documents that are made to be expensive are read or refused in memory and time that are linear in
 * their size. Time is not measured: a quadratic one of these would run into the limit of a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "docs/evidence.h"
#include "docs/yaml.h"

#ifdef __SANITIZE_ADDRESS__
enum { DOCUMENT_SIZE = 1024 * 1024 };
#else
enum { DOCUMENT_SIZE = 4 * 1024 * 1024 };
#endif

static const size_t size_max = (size_t)1024 * 1024 * 1024;

/* A document of @size bytes or a little more: @head, then @again and again, then @tail. */
static struct mn_text repeated(const char *head, const char *again, const char *tail, size_t size)
{
    struct mn_text text = {0};
    mn_text_add(&text, head);
    while (text.size < size) {
        mn_text_add(&text, again);
    }
    mn_text_add(&text, tail);
    assert_int_equal(mn_text_result(&text), MN_OK);
    return text;
}

/* That the document ends in @result, in the memory that is allowed. */
static void ends_in(struct mn_text text, mn_result expected)
{
    struct mn_yaml yaml;
    struct mn_error error = {{0}};
    mn_result result = mn_yaml_init(&yaml, text.bytes, text.size, size_max, "y", &error);
    assert_int_equal(result, expected);
    if (result == MN_OK) {
        assert_true(yaml.arena.size <= MN_YAML_MEMORY_LEAST + text.size * MN_YAML_MEMORY_FACTOR);
        mn_yaml_deinit(&yaml);
    } else {
        assert_true(error.text[0] != '\0');
    }
    mn_text_deinit(&text);
}

static void refuses_what_is_nested_for_ever_at_once(void **state)
{
    (void)state;
    ends_in(repeated("", "[", "", DOCUMENT_SIZE), MN_BAD_INPUT);
    ends_in(repeated("", "{a: ", "", DOCUMENT_SIZE), MN_BAD_INPUT);
    ends_in(repeated("", "- ", "", DOCUMENT_SIZE), MN_BAD_INPUT);
    ends_in(repeated("", "? ", "", DOCUMENT_SIZE), MN_BAD_INPUT);
}

static void refuses_what_grows_by_being_named_again(void **state)
{
    (void)state;
    ends_in(repeated("a: &a [x, x]\n", "b: [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n", "", 400),
            MN_BAD_INPUT);
    ends_in(repeated("", "- &a x\n", "", DOCUMENT_SIZE), MN_BAD_INPUT);
    ends_in(repeated("", "- *a\n", "", DOCUMENT_SIZE), MN_BAD_INPUT);
    ends_in(repeated("a: {<<: *a}\n", "b: {<<: *a}\n", "", 400), MN_BAD_INPUT);
}

/* libyaml compares each directive with all before it. */
static void refuses_directives_before_they_are_compared(void **state)
{
    (void)state;
    struct mn_text text = {0};
    for (int i = 0; i < DOCUMENT_SIZE / 16; i++) {
        mn_text_add_format(&text, "%%TAG !%d! x\n", i);
    }
    mn_text_add(&text, "---\na: 1\n");
    ends_in(text, MN_BAD_INPUT);
    text = (struct mn_text){0};
    mn_text_add(&text, "a: 1\n...\n");
    for (int i = 0; i < DOCUMENT_SIZE / 16; i++) {
        mn_text_add_format(&text, "%%TAG !%d! x\n", i);
    }
    ends_in(text, MN_BAD_INPUT);
}

static void reads_huge_scalars(void **state)
{
    (void)state;
    ends_in(repeated("a: ", "b", "\n", DOCUMENT_SIZE), MN_OK);
    ends_in(repeated("a: \"", "\\x41", "\"\n", DOCUMENT_SIZE), MN_OK);
    ends_in(repeated("a: |\n", "  b\n", "", DOCUMENT_SIZE), MN_OK);
    ends_in(repeated("a: b", "\n  b", "\n", DOCUMENT_SIZE), MN_OK);
    ends_in(repeated("a: 1\n", "# comment\n", "", DOCUMENT_SIZE), MN_OK);
    ends_in(repeated("a: 1", "\n", "", DOCUMENT_SIZE), MN_OK);
    ends_in(repeated("{", "a", ": 1}\n", DOCUMENT_SIZE), MN_BAD_INPUT); /* no key is so long */
}

static void refuses_more_nodes_than_the_bytes_can_mean(void **state)
{
    (void)state;
    size_t size = (size_t)4 * 1024 * 1024; /* where the bound is felt */
    ends_in(repeated("{", "a,", "}", size), MN_TOO_LARGE);
    ends_in(repeated("[", "a,", "]", size), MN_TOO_LARGE);
    ends_in(repeated("", "-\n", "", size), MN_OK);
}

static void reads_as_many_nodes_as_rows_have(void **state)
{
    (void)state;
    ends_in(repeated("[", "{vat: a,epoch: 1},", "]", DOCUMENT_SIZE), MN_OK);
    ends_in(repeated("[", "[],", "]", DOCUMENT_SIZE), MN_OK);
    ends_in(repeated("[", "a1,", "]", DOCUMENT_SIZE), MN_OK);
}

/* A map of @count keys, each of them twice. */
static struct mn_text twice(const char *head, int count)
{
    struct mn_text text = {0};
    mn_text_add(&text, head);
    for (int i = 0; i < 2 * count; i++) {
        mn_text_add_format(&text, "  k%d: {}\n", i % count);
    }
    return text;
}

static void finds_duplicate_keys_in_huge_maps(void **state)
{
    (void)state;
    ends_in(twice("a:\n", DOCUMENT_SIZE / 32), MN_BAD_INPUT);
    struct mn_text text = twice("evidence: 1\nvats:\n", DOCUMENT_SIZE / 32);
    struct evidence *evidence = NULL;
    struct mn_error error = {{0}};
    assert_int_equal(evidence_read(text.bytes, text.size, "e", &evidence, &error), MN_BAD_INPUT);
    assert_non_null(strstr(error.text, ": duplicate key \"k0\"; expected it once, it stands in "
                                       "line 3"));
    mn_text_deinit(&text);
}

/* Checkpoints of one vat, each twice; domains in one long chain; one vat that forked very often. */
static void refuses_or_reads_rows_that_are_all_alike(void **state)
{
    (void)state;
    struct evidence *evidence = NULL;
    struct mn_error error = {{0}};
    struct mn_text text = {0};
    mn_text_add(&text, "evidence: 1\nvats: {a: {}}\ncheckpoints:\n");
    for (int i = 0; i < DOCUMENT_SIZE / 64; i++) {
        mn_text_add_format(&text, "- {vat: a, epoch: %d, forms: []}\n", i % 10000 + 1);
    }
    assert_int_equal(evidence_read(text.bytes, text.size, "e", &evidence, &error), MN_BAD_INPUT);
    mn_text_deinit(&text);
    mn_text_add(&text, "evidence: 1\ndomains:\n  d0: {}\n");
    for (int i = 1; i < DOCUMENT_SIZE / 64; i++) {
        mn_text_add_format(&text, "  d%d: {in: d%d}\n", i, i - 1);
    }
    assert_int_equal(evidence_read(text.bytes, text.size, "e", &evidence, &error), MN_OK);
    evidence_destroy(&evidence);
    mn_text_deinit(&text);
    mn_text_add(&text, "evidence: 1\nvats:\n  a: {lineage: [");
    for (int i = 1; i < DOCUMENT_SIZE / 64; i++) {
        mn_text_add_format(&text, "{after: %d, next: %d},", i - 1, i + 1);
    }
    mn_text_add(&text, "]}\ncheckpoints:\n");
    for (int i = 1; i < DOCUMENT_SIZE / 64; i++) {
        mn_text_add_format(&text, "- {vat: a, epoch: %d, forms: []}\n", i);
    }
    assert_int_equal(evidence_read(text.bytes, text.size, "e", &evidence, &error), MN_OK);
    evidence_destroy(&evidence);
    mn_text_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_nested_for_ever_at_once),
        cmocka_unit_test(refuses_what_grows_by_being_named_again),
        cmocka_unit_test(refuses_directives_before_they_are_compared),
        cmocka_unit_test(reads_huge_scalars),
        cmocka_unit_test(refuses_more_nodes_than_the_bytes_can_mean),
        cmocka_unit_test(reads_as_many_nodes_as_rows_have),
        cmocka_unit_test(finds_duplicate_keys_in_huge_maps),
        cmocka_unit_test(refuses_or_reads_rows_that_are_all_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
