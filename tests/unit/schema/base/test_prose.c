/* What may stand in the text of people, and what must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/prose.h"

static bool is(const char *text)
{
    return mn_prose_is(text, strlen(text));
}

static void takes_what_people_write(void **state)
{
    (void)state;
    assert_true(is(""));
    assert_true(is("the disks are gone ~ for good"));
    assert_true(is("f\xc3\xbcr immer weg"));
    assert_true(is("\xd0\xa1\xd0\xba\xd0\xbb\xd0\xb0\xd0\xb4"));
    assert_true(is("\xe7\xa3\x81\xe7\x9b\xa4"));
    assert_true(is("\xf0\x9f\x94\xa5"));
    assert_true(is("\xf4\x8f\xbf\xbd"));
}

static void refuses_what_is_no_utf_8(void **state)
{
    (void)state;
    assert_false(is("f\xfcr"));
    assert_false(is("\x80"));
    assert_false(is("\xc3"));
    assert_false(mn_prose_is("\xc3\xbc", 1));
    assert_false(is("\xc0\xaf"));
    assert_false(is("\xe0\x80\xaf"));
    assert_false(is("\xed\xa0\x80"));
    assert_false(is("\xf4\x90\x80\x80"));
    assert_false(is("\xf8\x88\x80\x80\x80"));
}

static void refuses_what_commands_a_terminal_or_hides_what_it_says(void **state)
{
    (void)state;
    assert_false(is("two\nlines"));
    assert_false(is("\x1b[31m"));
    assert_false(is("\x7f"));
    assert_false(is("\xc2\x9b"));
    assert_false(is("\xe2\x80\xa8"));
    assert_false(is("\xe2\x80\xae"));
    assert_false(is("\xe2\x81\xa6"));
    assert_false(mn_prose_is("\0", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_people_write),
        cmocka_unit_test(refuses_what_is_no_utf_8),
        cmocka_unit_test(refuses_what_commands_a_terminal_or_hides_what_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
