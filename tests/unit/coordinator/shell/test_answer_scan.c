/* Finding a member in JSON text: what is found, and that nothing is read past the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "shell/answer_scan.h"

static const char answer[] =
    "{\"summary\": {\"running\": 1}, \"vats\": {\"a\": {\"told\": [{\"vat\": \"b\"}]}, "
    "\"x/}\" : \"{[\\\"\" ,\"b\":null,\"c\":-12 }, \"trace\": []}";

static void finds(struct answer_span object, const char *key, const char *expected)
{
    struct answer_span value = {NULL, 0};
    assert_true(answer_scan_member(object, key, &value));
    assert_int_equal(value.size, strlen(expected));
    assert_memory_equal(value.bytes, expected, value.size);
}

static void finds_the_value_of_a_key_whatever_it_is(void **state)
{
    struct answer_span whole = {answer, sizeof answer - 1};
    struct answer_span vats;
    (void)state;
    finds(whole, "summary", "{\"running\": 1}");
    finds(whole, "trace", "[]");
    assert_true(answer_scan_member(whole, "vats", &vats));
    finds(vats, "a", "{\"told\": [{\"vat\": \"b\"}]}");
    finds(vats, "x/}", "\"{[\\\"\"");
    finds(vats, "b", "null");
    finds(vats, "c", "-12");
}

static void finds_only_members_of_the_object_itself(void **state)
{
    struct answer_span whole = {answer, sizeof answer - 1};
    struct answer_span value;
    (void)state;
    assert_false(answer_scan_member(whole, "running", &value));
    assert_false(answer_scan_member(whole, "told", &value));
    assert_false(answer_scan_member(whole, "", &value));
    assert_false(answer_scan_member((struct answer_span){"{}", 2}, "a", &value));
    assert_false(answer_scan_member((struct answer_span){"[\"a\"]", 5}, "a", &value));
}

/* Each beginning of the text, in memory of just its size, so that a sanitizer sees a step too far.
 */
static void reads_nothing_past_the_end(void **state)
{
    (void)state;
    for (size_t size = 0; size < sizeof answer; size++) {
        char *copy = malloc(size > 0 ? size : 1);
        struct answer_span value;
        assert_non_null(copy);
        memcpy(copy, answer, size);
        bool found = answer_scan_member((struct answer_span){copy, size}, "trace", &value);
        assert_int_equal(found, size >= sizeof answer - 2);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_value_of_a_key_whatever_it_is),
        cmocka_unit_test(finds_only_members_of_the_object_itself),
        cmocka_unit_test(reads_nothing_past_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
