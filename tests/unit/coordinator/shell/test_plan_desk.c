/* The desk where operators ask for plans: who gets which, and what is forgotten or ended when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shell/plan_desk.h"

static const struct mn_peer first = {.size = 1, .bytes = {1}};
static const struct mn_peer second = {.size = 1, .bytes = {2}};

enum { ALICE, BOB };

static enum plan_word ask(struct plan_desk *desk, mn_time ms, const struct mn_peer *peer,
                          uint32_t who, uint64_t round, uint64_t request)
{
    uint32_t index = 99;
    return plan_desk_ask(desk, ms * MN_MS, peer, who, round, request, &index);
}

static enum plan_due due(struct plan_desk *desk, mn_time ms)
{
    uint32_t index = 99;
    enum plan_due what = plan_desk_due(desk, ms * MN_MS, &index);
    assert_int_equal(index, what == PLAN_DUE_NOTHING ? 99 : 0);
    return what;
}

static void gives_a_plan_to_whoever_waits_for_it(void **state)
{
    (void)state;
    struct plan_desk desk = {0};
    assert_true(plan_desk_deadline(&desk) == MN_TIME_NEVER);
    assert_int_equal(ask(&desk, 5000, &first, ALICE, 7, 1), PLAN_BEGIN);
    assert_true(plan_desk_made(&desk, 6000 * MN_MS, 0));
    plan_desk_forget(&desk, 0);
    assert_true(plan_desk_deadline(&desk) == MN_TIME_NEVER);
    assert_int_equal(ask(&desk, 7000, &first, ALICE, 7, 2), PLAN_BEGIN); /* a plan of now */
}

/* He is told that it is at work, gives that call up, and is back on another connection. */
static void keeps_a_plan_for_whoever_asks_again(void **state)
{
    (void)state;
    struct plan_desk desk = {0};
    assert_int_equal(ask(&desk, 5000, &first, ALICE, 7, 1), PLAN_BEGIN);
    assert_int_equal(ask(&desk, 6000, &first, ALICE, 7, 1), PLAN_AT_WORK);
    assert_false(plan_desk_made(&desk, 7000 * MN_MS, 0));
    assert_int_equal(ask(&desk, 16999, &second, ALICE, 7, 2), PLAN_FETCH);
    assert_int_equal(desk.slots[0].request, 2);
    assert_memory_equal(&desk.slots[0].peer, &second, sizeof second);
}

static void gives_a_plan_to_the_connection_that_asked_last(void **state)
{
    (void)state;
    struct plan_desk desk = {0};
    assert_int_equal(ask(&desk, 5000, &first, ALICE, 7, 1), PLAN_BEGIN);
    assert_int_equal(ask(&desk, 6000, &first, ALICE, 7, 1), PLAN_AT_WORK);
    assert_int_equal(ask(&desk, 6500, &first, ALICE, 7, 1), PLAN_WAITS); /* he has been told */
    assert_int_equal(ask(&desk, 7000, &second, ALICE, 7, 1), PLAN_WAITS);
    assert_int_equal(ask(&desk, 7500, &second, ALICE, 7, 2), PLAN_WAITS);
    assert_true(plan_desk_made(&desk, 8000 * MN_MS, 0));
    assert_int_equal(desk.slots[0].request, 2);
    assert_memory_equal(&desk.slots[0].peer, &second, sizeof second);
}

static void forgets_after_ten_seconds_what_nobody_has_fetched(void **state)
{
    (void)state;
    struct plan_desk desk = {0};
    assert_int_equal(ask(&desk, 5000, &first, ALICE, 7, 1), PLAN_BEGIN);
    assert_int_equal(ask(&desk, 6000, &first, ALICE, 7, 1), PLAN_AT_WORK);
    assert_false(plan_desk_made(&desk, 7000 * MN_MS, 0));
    assert_true(plan_desk_deadline(&desk) == 17000 * MN_MS);
    assert_int_equal(due(&desk, 16999), PLAN_DUE_NOTHING);
    assert_int_equal(due(&desk, 17000), PLAN_DUE_FORGET);
    assert_int_equal(due(&desk, 17000), PLAN_DUE_NOTHING);
    assert_true(plan_desk_deadline(&desk) == MN_TIME_NEVER);
    assert_int_equal(ask(&desk, 17001, &first, ALICE, 7, 2), PLAN_BEGIN);
}

static void ends_once_whoever_takes_two_minutes_to_make_one(void **state)
{
    (void)state;
    struct plan_desk desk = {0};
    assert_int_equal(ask(&desk, 5000, &first, ALICE, 7, 1), PLAN_BEGIN);
    assert_int_equal(ask(&desk, 60000, &second, ALICE, 7, 1), PLAN_WAITS); /* it is no younger */
    assert_true(plan_desk_deadline(&desk) == 125000 * MN_MS);
    assert_int_equal(due(&desk, 124999), PLAN_DUE_NOTHING);
    assert_int_equal(due(&desk, 125000), PLAN_DUE_END);
    assert_int_equal(due(&desk, 125000), PLAN_DUE_NOTHING);
    assert_true(plan_desk_deadline(&desk) == MN_TIME_NEVER);
    assert_int_equal(ask(&desk, 125001, &second, ALICE, 7, 1), PLAN_AT_WORK); /* not over yet */
    assert_int_equal(ask(&desk, 125002, &second, ALICE, 7, 1), PLAN_WAITS);
    assert_true(plan_desk_made(&desk, 125003 * MN_MS, 0)); /* he is told that it was ended */
}

/* Of an operator who has gone, too. */
static void forgets_what_was_ended_when_nobody_asks_for_it(void **state)
{
    (void)state;
    struct plan_desk desk = {0};
    assert_int_equal(ask(&desk, 0, &first, ALICE, 7, 1), PLAN_BEGIN);
    assert_int_equal(ask(&desk, 1000, &first, ALICE, 7, 1), PLAN_AT_WORK);
    assert_int_equal(due(&desk, 120000), PLAN_DUE_END);
    assert_false(plan_desk_made(&desk, 120001 * MN_MS, 0));
    assert_int_equal(due(&desk, 130000), PLAN_DUE_NOTHING);
    assert_int_equal(due(&desk, 130001), PLAN_DUE_FORGET);
}

static void makes_four_at_a_time_and_one_for_each_who_asks(void **state)
{
    (void)state;
    struct plan_desk desk = {0};
    uint32_t index = 99;
    assert_int_equal(ask(&desk, 1, &first, ALICE, 7, 1), PLAN_BEGIN);
    assert_int_equal(ask(&desk, 2, &second, BOB, 7, 1), PLAN_BEGIN);
    assert_int_equal(ask(&desk, 3, &first, ALICE, 8, 2), PLAN_BEGIN);
    assert_int_equal(ask(&desk, 4, &second, BOB, 8, 2), PLAN_BEGIN);
    assert_int_equal(ask(&desk, 5, &first, ALICE, 9, 3), PLAN_FULL);
    assert_int_equal(ask(&desk, 6, &first, BOB, 7, 3), PLAN_WAITS);
    assert_true(plan_desk_deadline(&desk) == 120001 * MN_MS);
    assert_true(plan_desk_made(&desk, 7 * MN_MS, 1));
    plan_desk_forget(&desk, 1);
    assert_int_equal(plan_desk_ask(&desk, 8 * MN_MS, &first, ALICE, 9, 4, &index), PLAN_BEGIN);
    assert_int_equal(index, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_a_plan_to_whoever_waits_for_it),
        cmocka_unit_test(keeps_a_plan_for_whoever_asks_again),
        cmocka_unit_test(gives_a_plan_to_the_connection_that_asked_last),
        cmocka_unit_test(forgets_after_ten_seconds_what_nobody_has_fetched),
        cmocka_unit_test(ends_once_whoever_takes_two_minutes_to_make_one),
        cmocka_unit_test(forgets_what_was_ended_when_nobody_asks_for_it),
        cmocka_unit_test(makes_four_at_a_time_and_one_for_each_who_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
