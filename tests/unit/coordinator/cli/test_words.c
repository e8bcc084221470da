/* Numbers, epochs, times and tables as people read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/words.h"

static void says(void (*add)(struct mn_text *, int64_t), int64_t number, const char *expected)
{
    struct mn_text text = {0};
    add(&text, number);
    assert_string_equal(text.bytes, expected);
    mn_text_deinit(&text);
}

static void groups_thousands(void **state)
{
    (void)state;
    says(words_add_number, 0, "0");
    says(words_add_number, 999, "999");
    says(words_add_number, 1000, "1,000");
    says(words_add_number, 1234567, "1,234,567");
    says(words_add_number, -123456, "-123,456");
}

static void shows_an_epoch_as_run_and_count_and_a_plain_one_as_it_is(void **state)
{
    (void)state;
    says(words_add_epoch, 7, "7");
    says(words_add_epoch, (INT64_C(1) << 32) - 1, "4294967295");
    says(words_add_epoch, (INT64_C(1) << 32) + 57, "1.57");
    says(words_add_epoch, INT64_C(12) << 32, "12.0");
}

static void shows_a_time_in_local_form_with_its_zone(void **state)
{
    (void)state;
    assert_int_equal(setenv("TZ", "XYZ-5:30", 1), 0);
    tzset();
    says(words_add_time, INT64_C(1782000000123456789), "2026-06-21T05:30:00.123+05:30");
    assert_int_equal(setenv("TZ", "UTC", 1), 0);
    tzset();
    says(words_add_time, INT64_C(1782000000009456789), "2026-06-21T00:00:00.009+00:00");
}

static void says_a_duration_as_people_do(void **state)
{
    (void)state;
    says(mn_text_add_duration, 0, "0 ms");
    says(mn_text_add_duration, 999, "999 ms");
    says(mn_text_add_duration, -14, "-14 ms");
    says(mn_text_add_duration, 1000, "1 s");
    says(mn_text_add_duration, 1049, "1.04 s");
    says(mn_text_add_duration, 1421, "1.42 s");
    says(mn_text_add_duration, 4500, "4.5 s");
    says(mn_text_add_duration, 9999, "9.99 s");
    says(mn_text_add_duration, 14259, "14.2 s");
    says(mn_text_add_duration, 30000, "30 s");
    says(mn_text_add_duration, 59999, "59.9 s");
    says(mn_text_add_duration, 60000, "1 min");
    says(mn_text_add_duration, 185999, "3 min 5 s");
    says(mn_text_add_duration, 7200000, "2 h");
    says(mn_text_add_duration, 7859999, "2 h 10 min");
    says(mn_text_add_duration, -443000000, "-5 d 3 h");
    says(mn_text_add_duration, INT64_MIN, "-106751991167 d 7 h");
}

static void shows_sizes_by_their_magnitude(void **state)
{
    (void)state;
    says(words_add_bytes, 1023, "1023 bytes");
    says(words_add_bytes, 1536, "1.5 KiB");
    says(words_add_bytes, 68 * 1024, "68 KiB");
    says(words_add_bytes, INT64_C(3) << 40, "3.0 TiB");
}

static void breaks_prose_between_words_only(void **state)
{
    (void)state;
    struct mn_text text = {0};
    char word[WORDS_LINE_SIZE + 2] = "";
    char expected[512];
    memset(word, 'w', sizeof word - 1);
    words_add_wrapped(&text, 2, "");
    words_add_wrapped(&text, 2, word);
    char prose[256];
    (void)snprintf(prose, sizeof prose, "it is %.*s %s end", 71, word,
                   word); /* 79 with the space */
    words_add_wrapped(&text, 2, prose);
    (void)snprintf(expected, sizeof expected, "  \n  %s\n  it is %.*s\n    %s\n    end\n", word, 71,
                   word, word);
    assert_string_equal(text.bytes, expected);
    mn_text_deinit(&text);
}

static void lines_up_the_columns_of_a_table(void **state)
{
    static const struct words_column columns[] = {{"VAT", false}, {"RUN", true}, {"HOST", false}};
    struct words_table table = {.columns = columns, .column_count = 3};
    struct mn_text text = {0};
    (void)state;
    words_table_write(&table, &text);
    assert_int_equal(text.size, 0);
    words_row(&table, "");
    words_cell_text(&table, "x1");
    words_cell_text(&table, "1,234");
    words_cell_text(&table, "h1");
    words_row(&table, WORDS_RED);
    words_cell_text(&table, "a-longer-name");
    words_cell_text(&table, "2");
    words_cell_text(&table, "h2");
    words_table_write(&table, &text);
    assert_string_equal(text.bytes, "  VAT              RUN  HOST\n"
                                    "  x1             1,234  h1\n"
                                    "  a-longer-name      2  h2\n");
    mn_text_deinit(&text);
    table.colour = true;
    words_table_write(&table, &text);
    assert_string_equal(text.bytes, "  VAT              RUN  HOST\n"
                                    "  x1             1,234  h1\n"
                                    "  \033[31ma-longer-name      2  h2\033[0m\n");
    mn_text_deinit(&text);
    words_table_deinit(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_thousands),
        cmocka_unit_test(shows_an_epoch_as_run_and_count_and_a_plain_one_as_it_is),
        cmocka_unit_test(shows_a_time_in_local_form_with_its_zone),
        cmocka_unit_test(says_a_duration_as_people_do),
        cmocka_unit_test(shows_sizes_by_their_magnitude),
        cmocka_unit_test(breaks_prose_between_words_only),
        cmocka_unit_test(lines_up_the_columns_of_a_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
