/* Names: their order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/ids.h"

static const char *const ordered[] = {"-",        "1",         "A",         "a",
                                      "ab",       "abcdefg",   "abcdefgh",  "abcdefgh-",
                                      "abcdefgi", "abcdefgi9", "abcdefgia", "b"};

/* What differs in the first letters, further on, or only in its length. */
static void orders_names_by_their_bytes_and_a_shorter_one_first(void **state)
{
    (void)state;
    size_t count = sizeof ordered / sizeof ordered[0];
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < count; k++) {
            struct mn_name a = mn_name_of(ordered[i]);
            struct mn_name b = mn_name_of(ordered[k]);
            assert_int_equal(mn_name_compare(&a, &b), (i > k) - (i < k));
        }
    }
}

/* A name in memory that was used before has something else behind its end. */
static void looks_at_nothing_behind_the_end_of_a_name(void **state)
{
    (void)state;
    struct mn_name clean = mn_name_of("v1");
    struct mn_name used;
    memset(&used, 'x', sizeof used);
    memcpy(used.text, "v1", 3);
    assert_int_equal(mn_name_compare(&clean, &used), 0);
    assert_int_equal(mn_name_compare(&used, &clean), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_names_by_their_bytes_and_a_shorter_one_first),
        cmocka_unit_test(looks_at_nothing_behind_the_end_of_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
