/* Which forks travel with a vat: of many lives those that say what died. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/coordinator_private.h"

static void add(struct mn_lineage *lineage, mn_epoch after, mn_epoch next, bool seen)
{
    struct mn_fork fork = {.after = after, .next = next, .seen = seen};
    coordinator_lineage_add(lineage, &fork);
}

static void a_vat_that_is_started_again_and_again_still_names_what_died_before(void **state)
{
    (void)state;
    struct mn_lineage lineage = {0};
    add(&lineage, 3, 100, false);
    for (mn_epoch run = 2; run < 40; run++) {
        add(&lineage, 104, run * 100, false);
    }
    assert_int_equal(lineage.count, 2);
    assert_int_equal(lineage.forks[0].after, 3);
    assert_int_equal(lineage.forks[0].next, 100);
    assert_int_equal(lineage.forks[1].after, 104);
    assert_int_equal(lineage.forks[1].next, 3900);
}

static void of_lives_that_each_went_on_the_newest_are_named(void **state)
{
    (void)state;
    struct mn_lineage lineage = {0};
    for (mn_epoch run = 1; run <= 20; run++) {
        add(&lineage, run * 100 - 50, run * 100, false);
    }
    assert_int_equal(lineage.count, MN_LINEAGE_COUNT_MAX);
    assert_int_equal(lineage.forks[0].after, 450);
    assert_int_equal(lineage.forks[MN_LINEAGE_COUNT_MAX - 1].next, 2000);
}

/* Below an end that was told one that was not would stand for both. */
static void that_an_end_was_seen_stays_named(void **state)
{
    (void)state;
    struct mn_lineage lineage = {0};
    add(&lineage, 5, 100, true);
    add(&lineage, 5, 200, false);
    assert_int_equal(lineage.count, 2);
    add(&lineage, 4, 300, true);
    assert_int_equal(lineage.count, 1);
    assert_int_equal(lineage.forks[0].after, 4);
    assert_int_equal(lineage.forks[0].next, 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vat_that_is_started_again_and_again_still_names_what_died_before),
        cmocka_unit_test(of_lives_that_each_went_on_the_newest_are_named),
        cmocka_unit_test(that_an_end_was_seen_stays_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
