/* A keeper that promises, and does not hand over what it says that it keeps: its disk cannot read
 * it. h1, h3 and h5 are the keepers; their heartbeat is a second. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "coordinator/core/keeping_stage.h"

static const uint64_t three[] = {1, 1, 2, 0};

/* h1 has been asked for 8 heartbeats, and everybody for the next generation since. */
static void open_mute(struct stage *stage, uint64_t others, enum mn_member member)
{
    stage_open_with(stage, three);
    stage_pass_over(stage);
    stage_promised(stage, 1, 3, 9, 2, member);
    stage_promised(stage, 3, 3, others, 2, member);
    if (member == MN_MEMBER_RETURNED) { /* one may be an older disk */
        stage_promised(stage, 5, 3, others, 2, member);
    }
    expect(stage, "h1 recall 4 after 2\n");
    for (mn_time ms = 2000; ms < 9000; ms += 1000) {
        stage_tick_at(stage, ms);
        expect(stage, "h1 recall 4 after 2\n");
    }
    stage_tick_at(stage, 9000);
    expect(stage, "note keeper_hands_nothing_over\n"
                  "h1 promise 4\nh3 promise 4\nh5 promise 4\n");
}

static const char *mute_in_status(const struct stage *stage)
{
    struct keeping_facts facts;
    keeping_facts(stage->keeping, &facts);
    return facts.mute;
}

static void another_that_has_as_much_is_asked(void **state)
{
    (void)state;
    struct stage stage;
    open_mute(&stage, 9, MN_MEMBER_RETURNED);
    assert_string_equal(mute_in_status(&stage), "h1");
    stage_promised(&stage, 1, 4, 9, 2, MN_MEMBER_RETURNED);
    stage_promised(&stage, 3, 4, 9, 2, MN_MEMBER_RETURNED);
    expect(&stage, "");
    stage_promised(&stage, 5, 4, 9, 2, MN_MEMBER_RETURNED);
    expect(&stage, "h3 recall 4 after 2\n");
    assert_null(mute_in_status(&stage));
    stage_close(&stage);
}

/* h1 and h3 are a majority, and h3 has less; h5 is slower, and has all of it. */
static void whoever_is_slower_and_has_as_much_is_waited_for(void **state)
{
    (void)state;
    struct stage stage;
    open_mute(&stage, 7, MN_MEMBER_WHOLE);
    stage_promised(&stage, 1, 4, 9, 2, MN_MEMBER_WHOLE);
    stage_promised(&stage, 3, 4, 7, 2, MN_MEMBER_WHOLE);
    expect(&stage, "");
    stage_tick_at(&stage, 10000);
    expect(&stage, "h5 promise 4\n");
    stage_promised(&stage, 5, 4, 9, 2, MN_MEMBER_WHOLE);
    expect(&stage, "h5 recall 4 after 2\n");
    stage_close(&stage);
}

/* Nobody else has what it has: it is asked again, for it may be read by now. */
static void one_that_alone_has_it_is_asked_again(void **state)
{
    (void)state;
    struct stage stage;
    open_mute(&stage, 7, MN_MEMBER_WHOLE);
    stage_promised(&stage, 1, 4, 9, 2, MN_MEMBER_WHOLE);
    stage_promised(&stage, 3, 4, 7, 2, MN_MEMBER_WHOLE);
    stage_tick_at(&stage, 12000);
    expect(&stage, "h5 promise 4\nnote keepers_missing\nh1 recall 4 after 2\n");
    stage_recalled(&stage, 1, 4, true, 9, 4, 2);
    expect(&stage, "append 4 of 2\nappend 5 of 2\nappend 6 of 2\nappend 7 of 2\n");
    assert_null(mute_in_status(&stage));
    stage_close(&stage);
}

static void an_operator_gives_it_up(void **state)
{
    (void)state;
    struct stage stage;
    open_mute(&stage, 7, MN_MEMBER_WHOLE);
    stage_tick_at(&stage, 11000);
    stage_promised(&stage, 1, 4, 9, 2, MN_MEMBER_WHOLE);
    stage_promised(&stage, 3, 4, 7, 2, MN_MEMBER_WHOLE);
    stage_tick_at(&stage, 12000);
    stage_pass_over(&stage);
    assert_true(keeping_may_accept(stage.keeping));
    stage_accept(&stage);
    expect(&stage, "note unknown_accepted\n"
                   "h1 promise 5\nh3 promise 5\nh5 promise 5\n");
    stage_promised(&stage, 1, 5, 9, 2, MN_MEMBER_WHOLE);
    stage_tick_at(&stage, 15000);
    expect(&stage, "h1 promise 5\nh3 promise 5\nh5 promise 5\n");
    stage_promised(&stage, 3, 5, 7, 2, MN_MEMBER_WHOLE);
    expect(&stage, "h3 recall 4 after 2\n");
    stage_close(&stage);
}

/* The first time it may only be slow. */
static void an_operator_gives_nobody_up_who_hands_over(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_with(&stage, three);
    stage_pass_over(&stage);
    stage_promised(&stage, 1, 3, 9, 2, MN_MEMBER_WHOLE);
    stage_promised(&stage, 3, 3, 7, 2, MN_MEMBER_WHOLE);
    expect(&stage, "h1 recall 4 after 2\n");
    assert_false(keeping_may_accept(stage.keeping));
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_that_has_as_much_is_asked),
        cmocka_unit_test(whoever_is_slower_and_has_as_much_is_waited_for),
        cmocka_unit_test(one_that_alone_has_it_is_asked_again),
        cmocka_unit_test(an_operator_gives_it_up),
        cmocka_unit_test(an_operator_gives_nobody_up_who_hands_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
