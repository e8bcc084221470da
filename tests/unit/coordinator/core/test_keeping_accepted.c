/* An operator's word that it go on with the keepers that answer, and what these promised: neither
 * outlives what it was about. h1, h3 and h5 are the keepers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "coordinator/core/keeping_stage.h"

static const uint64_t none[] = {0};
static const uint64_t three[] = {1, 1, 2, 0};

/* h1 has the newest journal, and does not hand it over. Nobody has answered yet what is asked
 * once more then: with the old journal that is here it does not go on. */
static void whoever_answered_an_operators_word_is_waited_for(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_with(&stage, three);
    stage_promised(&stage, 1, 3, 9, 2, MN_MEMBER_WHOLE);
    stage_promised(&stage, 3, 3, 7, 2, MN_MEMBER_RETURNED);
    stage_pass_over(&stage);
    stage_accept(&stage);
    expect(&stage, "note unknown_accepted\n"
                   "h1 promise 4\nh3 promise 4\nh5 promise 4\n");
    stage_promised(&stage, 3, 4, 7, 2, MN_MEMBER_RETURNED);
    stage_promised(&stage, 1, 4, 9, 2, MN_MEMBER_WHOLE);
    expect(&stage, "h1 recall 4 after 2\n");
    stage_tick_at(&stage, 9000);
    expect(&stage, "note keeper_hands_nothing_over\nh1 promise 5\nh3 promise 5\nh5 promise 5\n");
    stage_tick_at(&stage, 13000);
    stage_promised(&stage, 1, 5, 0, 0, MN_MEMBER_BLANK);
    expect(&stage, "h1 promise 5\nh3 promise 5\nh5 promise 5\n"
                   "note keepers_missing\n");
    stage_promised(&stage, 3, 5, 7, 2, MN_MEMBER_RETURNED); /* all that he saw have answered */
    expect(&stage, "h3 recall 4 after 2\n");
    stage_close(&stage);
}

/* He says it twice, before those whom he saw have answered what his first word had them asked. */
static void a_second_word_gives_up_nobody_of_the_first(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_with(&stage, three);
    stage_promised(&stage, 1, 3, 9, 2, MN_MEMBER_WHOLE);
    stage_accept(&stage);
    stage_accept(&stage);
    stage_pass_over(&stage);
    stage_tick_at(&stage, 2500);
    expect(&stage, "h1 promise 5\nh3 promise 5\nh5 promise 5\n");
    stage_promised(&stage, 1, 5, 9, 2, MN_MEMBER_WHOLE);
    expect(&stage, "h1 recall 4 after 2\n");
    stage_close(&stage);
}

/* Nobody who was heard knows of any generation. h7, who was away, knows of 20: that coordinator
 * has lost its journal, and this one is above it. */
static void goes_on_above_all_generations_that_can_have_been(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_with(&stage, none);
    stage_pass_over(&stage);
    stage_accept_above(&stage, 1000);
    expect(&stage, "note unknown_accepted\n"
                   "h1 promise 1001\nh3 promise 1001\nh5 promise 1001\n"
                   "lead in 1001, accepted\n"
                   "note leads\n"
                   "h1 keep #1 after 0 of 0 up to 0\n"
                   "h3 keep #2 after 0 of 0 up to 0\n"
                   "h5 keep #3 after 0 of 0 up to 0\n");
    struct mn_up hello = {.generation = 20, .disk = 7, .kind = MN_UP_HELLO};
    hello.hello.head = (struct mn_head){.generation = 20, .sequence = 90};
    stage_up(&stage, 7, &hello);
    expect(&stage, "");
    assert_true(keeping_leads(stage.keeping));
    stage_accept_above(&stage, 2000); /* it leads: its generation is its own */
    struct keeping_facts facts;
    keeping_facts(stage.keeping, &facts);
    assert_int_equal(facts.generation, 1001);
    stage_close(&stage);
}

/* All of them are given up: the own journal is all there is. But they come back, and h7 comes. */
static void keepers_that_were_all_given_up_are_made_whole(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_with(&stage, three);
    stage_tick_at(&stage, 7000);
    stage_pass_over(&stage);
    stage_accept(&stage);
    expect(&stage, "note unknown_accepted\n"
                   "h1 promise 4\nh3 promise 4\nh5 promise 4\n"
                   "lead in 4, accepted\n"
                   "note leads\n"
                   "h1 keep #1 after 3 of 2 up to 3\n"
                   "h3 keep #2 after 3 of 2 up to 3\n"
                   "h5 keep #3 after 3 of 2 up to 3\n");
    stage_recorded(&stage, 4, 4);
    expect(&stage, "in force up to 4\n");
    stage_kept(&stage, 1, 1, 3, MN_MEMBER_WHOLE);
    expect(&stage, "note keeper_whole\n"
                   "h1 keep #4 after 3 of 2 up to 4\n");
    stage_recorded(&stage, 5, 4);
    expect(&stage, ""); /* not without that one any more */
    stage_kept(&stage, 3, 2, 0, MN_MEMBER_BLANK);
    expect(&stage, "h3 keep #5 after 0 of 0 up to 5, whole at 3\n");
    stage_kept(&stage, 3, 5, 5, MN_MEMBER_WHOLE);
    expect(&stage, "note keeper_whole\n");
    stage_kept(&stage, 1, 4, 5, MN_MEMBER_WHOLE);
    expect(&stage, "in force up to 5\n");
    stage_close(&stage);
}

/* h7, whose disk is new, comes for h5. */
static void keepers_that_are_all_gone_are_replaced(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_with(&stage, three);
    stage_tick_at(&stage, 7000);
    stage_accept(&stage);
    stage_keepers(&stage, KEEPING_ON_RECORDED, 4, 4, "135 fills 137");
    stage_pass_over(&stage);
    stage_kept(&stage, 7, 4, 0, MN_MEMBER_BLANK);
    stage_kept(&stage, 7, 5, 4, MN_MEMBER_BLANK);
    expect(&stage, "h7 keep #5 after 0 of 0 up to 4, whole at 4\n"
                   "h7 keep #6 after 4 of 4 up to 4, whole at 4\n");
    stage_kept(&stage, 7, 6, 4, MN_MEMBER_WHOLE);
    expect(&stage, "change h1 h3 h5 to h1 h3 h7 by alice: it burned\n");
    stage_close(&stage);
}

/* The disk in whose life h1 promised is gone, and what it had with it. */
static void a_promise_ends_with_the_life_of_its_disk(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_with(&stage, none);
    struct mn_up promise = {.generation = 1, .disk = 11, .kind = MN_UP_PROMISED};
    promise.promised.promised = 1;
    promise.promised.candidate = CANDIDATE;
    promise.promised.member = MN_MEMBER_WHOLE;
    stage_up(&stage, 1, &promise);
    stage_pass_over(&stage);
    struct keeping_keeper keeper;
    keeping_keeper(stage.keeping, 0, &keeper);
    assert_true(keeper.answers);
    struct mn_up hello = {.disk = 12, .kind = MN_UP_HELLO};
    stage_up(&stage, 1, &hello);
    expect(&stage, "h1 promise 1\n");
    keeping_keeper(stage.keeping, 0, &keeper);
    assert_false(keeper.answers);  /* what it is asked now */
    stage_up(&stage, 1, &promise); /* it was under way */
    promise.disk = 31;
    stage_up(&stage, 3, &promise);
    assert_false(keeping_leads(stage.keeping));
    promise.disk = 12;
    promise.promised.attempt = 1;
    stage_up(&stage, 1, &promise);
    assert_true(keeping_leads(stage.keeping));
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_answered_an_operators_word_is_waited_for),
        cmocka_unit_test(a_second_word_gives_up_nobody_of_the_first),
        cmocka_unit_test(goes_on_above_all_generations_that_can_have_been),
        cmocka_unit_test(keepers_that_were_all_given_up_are_made_whole),
        cmocka_unit_test(keepers_that_are_all_gone_are_replaced),
        cmocka_unit_test(a_promise_ends_with_the_life_of_its_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
