/* Spreads and intervals against values computed by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scenario/statistics.h"

static void spreads_five_values(void **state)
{
    (void)state;
    double values[] = {10, 5, 4, 7, 4};
    struct spread spread;
    spread_of(values, 5, &spread);
    assert_int_equal(spread.count, 5);
    assert_float_equal(spread.least, 4, 1e-12);
    assert_float_equal(spread.median, 5, 1e-12);
    assert_float_equal(spread.p95, 10, 1e-12);
    assert_float_equal(spread.most, 10, 1e-12);
    assert_float_equal(spread.mean, 6, 1e-12);
    /* The deviations are 4 1 2 1 2: 16 + 1 + 4 + 1 + 4 = 26; 26 / 4 = 6.5; 2.54951;
     * 1.14018; times 2.776, 3.16513. */
    assert_float_equal(spread.low, 2.83487, 1e-4);
    assert_float_equal(spread.high, 9.16513, 1e-4);
}

static void the_median_of_an_even_number_is_between_the_middle_two(void **state)
{
    (void)state;
    double values[] = {8, 1, 3, 2};
    struct spread spread;
    spread_of(values, 4, &spread);
    assert_float_equal(spread.median, 2.5, 1e-12);
}

static void ninety_five_of_a_hundred_do_not_exceed_the_95th(void **state)
{
    (void)state;
    double values[100];
    struct spread spread;
    for (int i = 0; i < 100; i++) {
        values[i] = 100 - i;
    }
    spread_of(values, 100, &spread);
    assert_float_equal(spread.p95, 95, 1e-12);
    spread_of(values, 20, &spread); /* 1 to 20 by now */
    assert_float_equal(spread.p95, 19, 1e-12);
    spread_of(values, 21, &spread);
    assert_float_equal(spread.p95, 20, 1e-12);
}

static void one_value_is_its_own_interval_and_none_is_nothing(void **state)
{
    (void)state;
    double value = 3;
    struct spread spread;
    spread_of(&value, 1, &spread);
    assert_float_equal(spread.low, 3, 1e-12);
    assert_float_equal(spread.high, 3, 1e-12);
    assert_float_equal(spread.p95, 3, 1e-12);
    spread_of(NULL, 0, &spread);
    assert_int_equal(spread.count, 0);
}

static void student_takes_the_wider_row_between_two(void **state)
{
    (void)state;
    assert_float_equal(student_975(0), 0, 1e-12);
    assert_float_equal(student_975(1), 12.706, 1e-12);
    assert_float_equal(student_975(30), 2.042, 1e-12);
    assert_float_equal(student_975(39), 2.042, 1e-12);
    assert_float_equal(student_975(40), 2.021, 1e-12);
    assert_float_equal(student_975(119), 2.000, 1e-12);
    assert_float_equal(student_975(100000), 1.962, 1e-12);
}

static void shares_stay_between_none_and_all(void **state)
{
    (void)state;
    double low = 0;
    double high = 0;
    share_of(10, 10, &low, &high); /* 10 / (10 + 1.959964^2) */
    assert_float_equal(low, 0.72247, 1e-4);
    assert_float_equal(high, 1, 1e-9);
    share_of(5, 10, &low, &high);
    assert_float_equal(low, 0.23659, 1e-4);
    assert_float_equal(high, 0.76341, 1e-4);
    share_of(0, 0, &low, &high);
    assert_float_equal(low, 0, 1e-12);
    assert_float_equal(high, 1, 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spreads_five_values),
        cmocka_unit_test(the_median_of_an_even_number_is_between_the_middle_two),
        cmocka_unit_test(ninety_five_of_a_hundred_do_not_exceed_the_95th),
        cmocka_unit_test(one_value_is_its_own_interval_and_none_is_nothing),
        cmocka_unit_test(student_takes_the_wider_row_between_two),
        cmocka_unit_test(shares_stay_between_none_and_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
