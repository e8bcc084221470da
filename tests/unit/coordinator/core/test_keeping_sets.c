/* A keeper is replaced: h7 comes for h5. The topology goes on naming h1, h3 and h5. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "coordinator/core/keeping_stage.h"

static const uint64_t three[] = {1, 1, 2, 0};

/* h7 is to be filled up. */
static void ask_to_fill(struct stage *stage)
{
    stage_open_leading(stage);
    stage_kept(stage, 1, 1, 3, MN_MEMBER_WHOLE);
    stage_kept(stage, 3, 2, 3, MN_MEMBER_WHOLE);
    stage_recorded(stage, 4, 3);
    stage_kept(stage, 1, 4, 4, MN_MEMBER_WHOLE);
    stage_kept(stage, 3, 5, 4, MN_MEMBER_WHOLE);
    stage_pass_over(stage);
    stage_replace(stage, "h5", "h7");
    expect(stage, "change h1 h3 h5 fills h1 h3 h7 by alice: it burned\n");
    assert_string_equal(keeping_change_state(stage->keeping), "filling");
    stage_keepers(stage, KEEPING_ON_RECORDED, 5, 3, "135 fills 137");
    expect(stage, "note keeper_filled_up\n"
                  "h1 keep #6 after 4 of 3 up to 5\n"
                  "h3 keep #7 after 4 of 3 up to 5\n"
                  "h7 keep #8 after 5 of 3 up to 5\n");
    assert_string_equal(keeping_change_state(stage->keeping), "filling");
}

/* h7 is filled up beside the keepers that answer, and a first record is asked for. */
static void fill(struct stage *stage)
{
    ask_to_fill(stage);
    stage_kept(stage, 7, 8, 0, MN_MEMBER_BLANK);
    expect(stage, "h7 keep #9 after 0 of 0 up to 5\n");
    stage_kept(stage, 7, 9, 5, MN_MEMBER_BLANK);
    expect(stage, ""); /* it has that record, and counts for nothing */
    stage_kept(stage, 1, 6, 5, MN_MEMBER_WHOLE);
    stage_kept(stage, 3, 7, 5, MN_MEMBER_WHOLE);
    expect(stage, "in force up to 5\n");
    stage_tick_at(stage, 2100);
    stage_pass_over(stage);
    stage_kept(stage, 1, 10, 5, MN_MEMBER_WHOLE);
    stage_kept(stage, 3, 11, 5, MN_MEMBER_WHOLE);
    expect(stage, ""); /* it is not whole yet, and has answered nothing since they note it */
    stage_kept(stage, 7, 13, 5, MN_MEMBER_BLANK);
    expect(stage, "h7 keep #14 after 5 of 3 up to 5, whole at 5\n");
    stage_kept(stage, 7, 14, 5, MN_MEMBER_WHOLE);
    expect(stage, "change h1 h3 h5 to h1 h3 h7 by alice: it burned\n");
}

static void joint(struct stage *stage)
{
    fill(stage);
    stage_keepers(stage, KEEPING_ON_RECORDED, 6, 3, "135 to 137");
    expect(stage, "h1 keep #15 after 5 of 3 up to 6\n"
                  "h3 keep #16 after 5 of 3 up to 6\n"
                  "h7 keep #17 after 5 of 3 up to 6\n");
    assert_string_equal(keeping_change_state(stage->keeping), "joint");
}

static void fills_the_new_keeper_up_before_anything_rests_on_it(void **state)
{
    (void)state;
    struct stage stage;
    joint(&stage);
    stage_kept(&stage, 1, 15, 6, MN_MEMBER_WHOLE);
    stage_kept(&stage, 3, 16, 6, MN_MEMBER_WHOLE);
    expect(&stage, "in force up to 6\n"
                   "change h1 h3 h7 by alice: it burned\n");
    assert_string_equal(keeping_change_state(stage.keeping), "ending");
    stage_keepers(&stage, KEEPING_ON_RECORDED, 7, 3, "137");
    expect(&stage, "note keepers_changed\n"
                   "h1 keep #18 after 6 of 3 up to 7\n"
                   "h3 keep #19 after 6 of 3 up to 7\n");
    assert_string_equal(keeping_change_state(stage.keeping), "ending");
    stage_kept(&stage, 7, 17, 6, MN_MEMBER_WHOLE);
    expect(&stage, "h7 keep #20 after 6 of 3 up to 7\n");
    stage_kept(&stage, 7, 20, 7, MN_MEMBER_WHOLE);
    stage_kept(&stage, 3, 19, 7, MN_MEMBER_WHOLE);
    expect(&stage, "in force up to 7\n");
    assert_string_equal(keeping_change_state(stage.keeping), "");
    stage_tick_at(&stage, 4000); /* h5 is asked nothing any more */
    expect(&stage, "h1 keep #21 after 6 of 3 up to 7\n"
                   "h3 keep #22 after 7 of 3 up to 7\n"
                   "h7 keep #23 after 7 of 3 up to 7\n");
    stage_close(&stage);
}

/* h7 was a keeper before, and whole, and has not begun anew since. */
static void fills_up_whoever_was_a_keeper_before(void **state)
{
    (void)state;
    struct stage stage;
    ask_to_fill(&stage);
    stage_kept(&stage, 7, 8, 3, MN_MEMBER_WHOLE);
    expect(&stage, "h7 keep #9 after 3 of 2 up to 5\n");
    stage_kept(&stage, 7, 9, 5, MN_MEMBER_WHOLE);
    expect(&stage, "change h1 h3 h5 to h1 h3 h7 by alice: it burned\n");
    stage_close(&stage);
}

/* h1 and h5 are two of the old three, and one of the new. */
static void needs_a_majority_of_the_old_and_of_the_new(void **state)
{
    (void)state;
    struct stage stage;
    fill(&stage);
    stage_kept(&stage, 5, 12, 5, MN_MEMBER_WHOLE);
    stage_pass_over(&stage);
    stage_keepers(&stage, KEEPING_ON_RECORDED, 6, 3, "135 to 137");
    expect(&stage, "h1 keep #15 after 5 of 3 up to 6\n"
                   "h3 keep #16 after 5 of 3 up to 6\n"
                   "h5 keep #17 after 5 of 3 up to 6\n"
                   "h7 keep #18 after 5 of 3 up to 6\n");
    stage_kept(&stage, 1, 15, 6, MN_MEMBER_WHOLE);
    stage_kept(&stage, 5, 17, 6, MN_MEMBER_WHOLE);
    expect(&stage, "");
    stage_kept(&stage, 7, 18, 6, MN_MEMBER_WHOLE);
    expect(&stage, "in force up to 6\n"
                   "change h1 h3 h7 by alice: it burned\n");
    stage_close(&stage);
}

/* h3 and h7 are silent: so it is held until the operator takes it back. */
static void takes_a_change_back_by_the_old_ones_alone(void **state)
{
    (void)state;
    struct stage stage;
    struct mn_error error = {{0}};
    joint(&stage);
    stage_kept(&stage, 1, 15, 6, MN_MEMBER_WHOLE);
    stage_kept(&stage, 5, 12, 5, MN_MEMBER_WHOLE);
    expect(&stage, "h5 keep #18 after 5 of 3 up to 6\n");
    stage_kept(&stage, 5, 18, 6, MN_MEMBER_WHOLE);
    expect(&stage, "");
    assert_int_equal(keeping_may_replace(stage.keeping, "h7", "h5", &error), MN_OK);
    stage_replace(&stage, "h7", "h5");
    expect(&stage, "change h1 h3 h5 by alice: it burned\n");
    assert_string_equal(keeping_change_state(stage.keeping), "ending");
    stage_keepers(&stage, KEEPING_ON_RECORDED, 7, 3, "135");
    expect(&stage, "note keeper_stays\n"
                   "in force up to 6\n"
                   "h1 keep #19 after 6 of 3 up to 7\n"
                   "h5 keep #20 after 6 of 3 up to 7\n");
    stage_kept(&stage, 1, 19, 7, MN_MEMBER_WHOLE);
    stage_kept(&stage, 5, 20, 7, MN_MEMBER_WHOLE);
    expect(&stage, "in force up to 7\n");
    assert_string_equal(keeping_change_state(stage.keeping), "");
    stage_close(&stage);
}

static void takes_a_change_back_before_anything_rests_on_it(void **state)
{
    (void)state;
    struct stage stage;
    struct keeping_facts facts;
    stage_load(&stage, three);
    stage_keepers(&stage, KEEPING_ON_LOG, 4, 2, "135 fills 137");
    stage_begin(&stage);
    stage_promised(&stage, 1, 3, 4, 2, MN_MEMBER_WHOLE);
    stage_promised(&stage, 3, 3, 4, 2, MN_MEMBER_WHOLE);
    stage_pass_over(&stage);
    stage_replace(&stage, "h7", "h5");
    expect(&stage, "change h1 h3 h5 by alice: it burned\n");
    assert_string_equal(keeping_change_state(stage.keeping), "ending");
    stage_keepers(&stage, KEEPING_ON_RECORDED, 5, 3, "135");
    keeping_facts(stage.keeping, &facts);
    assert_int_equal(facts.keeper_count, 3);
    stage_close(&stage);
}

/* The one before may have ended it: its journal may come back with that, and asks h7 alone then. */
static void takes_nothing_back_that_another_generation_began(void **state)
{
    (void)state;
    struct stage stage;
    struct mn_error error = {{0}};
    stage_load(&stage, three);
    stage_keepers(&stage, KEEPING_ON_LOG, 4, 2, "135 to 137");
    stage_begin(&stage);
    stage_promised(&stage, 1, 3, 4, 2, MN_MEMBER_WHOLE);
    stage_promised(&stage, 3, 3, 4, 2, MN_MEMBER_WHOLE);
    assert_true(keeping_leads(stage.keeping));
    stage_pass_over(&stage);
    assert_int_equal(keeping_may_replace(stage.keeping, "h7", "h5", &error), MN_AGAIN);
    stage_replace(&stage, "h7", "h5");
    expect(&stage, "");
    stage_close(&stage);
}

/* h1 and h3 promise; h7, which nobody needs for that, is filled up by whoever leads. */
static void whoever_leads_next_goes_on_filling_up(void **state)
{
    (void)state;
    struct stage stage;
    stage_load(&stage, three);
    stage_keepers(&stage, KEEPING_ON_LOG, 4, 2, "135 fills 137");
    stage_begin(&stage);
    expect(&stage, "h1 promise 3\nh3 promise 3\nh5 promise 3\n");
    stage_promised(&stage, 1, 3, 4, 2, MN_MEMBER_WHOLE);
    stage_promised(&stage, 3, 3, 4, 2, MN_MEMBER_WHOLE);
    expect(&stage, "lead in 3\n"
                   "note leads\n"
                   "h1 keep #1 after 4 of 2 up to 4\n"
                   "h3 keep #2 after 4 of 2 up to 4\n"
                   "h5 keep #3 after 4 of 2 up to 4\n"
                   "h7 keep #4 after 4 of 2 up to 4\n");
    assert_string_equal(keeping_change_state(stage.keeping), "filling");
    stage_kept(&stage, 7, 4, 4, MN_MEMBER_WHOLE); /* the one before had filled it up */
    expect(&stage, "change h1 h3 h5 to h1 h3 h7 by alice: it burned\n");
    stage_close(&stage);
}

/* It takes h8, the first word counts no more. */
static void the_newest_word_about_a_keeper_counts(void **state)
{
    (void)state;
    struct stage stage;
    stage_load(&stage, three);
    stage_keepers(&stage, KEEPING_ON_LOG, 4, 2, "135 fills 137");
    stage_begin(&stage);
    stage_promised(&stage, 1, 3, 4, 2, MN_MEMBER_WHOLE);
    stage_promised(&stage, 3, 3, 4, 2, MN_MEMBER_WHOLE);
    stage_pass_over(&stage);
    stage_replace(&stage, "h3", "h8");
    expect(&stage, "change h1 h3 h5 fills h1 h8 h5 by alice: it burned\n");
    stage_keepers(&stage, KEEPING_ON_RECORDED, 5, 3, "135 fills 185");
    stage_kept(&stage, 7, 4, 4, MN_MEMBER_WHOLE);
    assert_string_equal(keeping_change_state(stage.keeping), "filling");
    stage_close(&stage);
}

/* The journal is lost, and so is h1: what h3 and h5 have says that h7 is to be one. */
static void asks_those_too_of_whom_it_hears_from_the_old_ones(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_with(&stage, three);
    stage_pass_over(&stage);
    stage_promised(&stage, 3, 3, 4, 2, MN_MEMBER_WHOLE);
    stage_promised(&stage, 5, 3, 4, 2, MN_MEMBER_WHOLE);
    expect(&stage, "h3 recall 4 after 2\n");
    stage_recalled(&stage, 3, 4, true, 4, 1, 2);
    expect(&stage, "append 4 of 2\n");
    stage_keepers(&stage, KEEPING_ON_RECORDED, 4, 2, "135 to 137");
    expect(&stage, "note journal_had_forgotten\n"
                   "h1 promise 4\nh3 promise 4\nh5 promise 4\nh7 promise 4\n");
    stage_promised(&stage, 3, 4, 4, 2, MN_MEMBER_WHOLE);
    stage_promised(&stage, 5, 4, 4, 2, MN_MEMBER_WHOLE);
    expect(&stage, "");
    stage_promised(&stage, 7, 4, 5, 2,
                   MN_MEMBER_WHOLE); /* it has the record that ends the change */
    expect(&stage, "h7 recall 5 after 2\n");
    stage_recalled(&stage, 7, 5, true, 5, 1, 2);
    stage_pass_over(&stage);
    stage_keepers(&stage, KEEPING_ON_RECORDED, 5, 2, "137");
    expect(&stage, "note journal_had_forgotten\n"
                   "h1 promise 5\nh3 promise 5\nh7 promise 5\n");
    stage_close(&stage);
}

static void goes_by_the_record_and_not_by_the_topology(void **state)
{
    (void)state;
    struct stage stage;
    stage_load(&stage, three);
    stage_keepers(&stage, KEEPING_ON_LOG, 4, 2, "135 to 137");
    stage_keepers(&stage, KEEPING_ON_LOG, 5, 2, "137");
    stage_begin(&stage);
    expect(&stage, "h1 promise 3\nh3 promise 3\nh7 promise 3\n");
    stage_promised(&stage, 5, 3, 9, 2, MN_MEMBER_WHOLE); /* whatever that one thinks it is */
    stage_promised(&stage, 1, 3, 5, 2, MN_MEMBER_WHOLE);
    expect(&stage, "");
    stage_promised(&stage, 7, 3, 5, 2, MN_MEMBER_WHOLE);
    expect(&stage, "note topology_names_other_keepers\n"
                   "lead in 3\n"
                   "note leads\n"
                   "h1 keep #1 after 5 of 2 up to 5\n"
                   "h3 keep #2 after 5 of 2 up to 5\n"
                   "h7 keep #3 after 5 of 2 up to 5\n");
    stage_close(&stage);
}

static void asks_both_sets_while_one_is_being_replaced(void **state)
{
    (void)state;
    struct stage stage;
    stage_load(&stage, three);
    stage_keepers(&stage, KEEPING_ON_LOG, 4, 2, "135 to 137");
    stage_begin(&stage);
    expect(&stage, "h1 promise 3\nh3 promise 3\nh5 promise 3\nh7 promise 3\n");
    stage_promised(&stage, 5, 3, 4, 2, MN_MEMBER_WHOLE);
    stage_promised(&stage, 1, 3, 4, 2, MN_MEMBER_WHOLE);
    expect(&stage, ""); /* one of the new three */
    stage_promised(&stage, 7, 3, 4, 2, MN_MEMBER_WHOLE);
    expect(&stage, "lead in 3\n"
                   "note leads\n"
                   "h1 keep #1 after 4 of 2 up to 4\n"
                   "h3 keep #2 after 4 of 2 up to 4\n"
                   "h5 keep #3 after 4 of 2 up to 4\n"
                   "h7 keep #4 after 4 of 2 up to 4\n");
    /* What an earlier one began this one ends, once that is in force in its own generation. */
    stage_recorded(&stage, 5, 3);
    stage_pass_over(&stage);
    stage_kept(&stage, 1, 1, 4, MN_MEMBER_WHOLE);
    stage_kept(&stage, 7, 4, 4, MN_MEMBER_WHOLE);
    stage_kept(&stage, 3, 2, 4, MN_MEMBER_WHOLE);
    expect(&stage, "h1 keep #5 after 4 of 2 up to 5\n"
                   "h7 keep #6 after 4 of 2 up to 5\n"
                   "h3 keep #7 after 4 of 2 up to 5\n");
    stage_kept(&stage, 1, 5, 5, MN_MEMBER_WHOLE);
    stage_kept(&stage, 3, 7, 5, MN_MEMBER_WHOLE);
    expect(&stage, "in force up to 5\n"
                   "change h1 h3 h7 by alice: it burned\n");
    stage_close(&stage);
}

/* Record 4 was never in force: a later generation has another one. */
static void takes_a_change_back_that_was_never_in_force(void **state)
{
    (void)state;
    struct stage stage;
    struct mn_up refuses = {.generation = 3, .kind = MN_UP_OVERTAKEN};
    refuses.overtaken.generation = 3;
    stage_load(&stage, three);
    stage_keepers(&stage, KEEPING_ON_LOG, 4, 2, "135 to 137");
    stage_begin(&stage);
    stage_up(&stage, 1, &refuses);
    stage_tick_at(&stage, 2500);
    stage_pass_over(&stage);
    stage_promised(&stage, 1, 4, 4, 3, MN_MEMBER_WHOLE);
    stage_promised(&stage, 3, 4, 4, 3, MN_MEMBER_WHOLE);
    expect(&stage, "h1 recall 5 after 2\n");
    stage_recalled(&stage, 1, 5, false, 3, 0, 0);
    expect(&stage, "h1 recall 3 after 1\n");
    stage_recalled(&stage, 1, 3, true, 4, 1, 2);
    expect(&stage, "h1 recall 4 after 2\n");
    stage_recalled(&stage, 1, 4, true, 4, 1, 3);
    expect(&stage, "set aside from 4\n"
                   "note records_never_in_force\n"
                   "append 4 of 3\n");
    stage_step(&stage, &(struct keeping_event){.kind = KEEPING_ON_SET_ASIDE});
    stage_recorded(&stage, 4, 3);
    expect(&stage, "note journal_had_forgotten\n"
                   "h1 promise 5\nh3 promise 5\nh5 promise 5\n");
    stage_close(&stage);
}

static void refuses(const struct stage *stage, const char *from, const char *to, mn_result code,
                    const char *text)
{
    struct mn_error error = {{0}};
    assert_int_equal(keeping_may_replace(stage->keeping, from, to, &error), code);
    assert_string_equal(error.text, text);
}

static void refuses_what_makes_no_sense(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_with(&stage, three);
    refuses(&stage, "h5", "h7", MN_AGAIN, "this coordinator does not lead: see mneme status");
    stage_close(&stage);
    stage_open_leading(&stage);
    refuses(&stage, "h7", "h5", MN_NOT_FOUND, "h7 is no keeper: see mneme keepers");
    refuses(&stage, "h5", "h9", MN_NOT_FOUND, "there is no host h9 in the coordinator's topology");
    refuses(&stage, "h5", "h3", MN_EXISTS, "h3 is a keeper already");
    refuses(&stage, "h5", "h8", MN_DENIED,
            "h8 stands in the domain of the keeper h3; expected each in a domain of its own");
    refuses(&stage, "h3", "h8", MN_OK, "");
    stage_close(&stage);
    joint(&stage);
    refuses(&stage, "h3", "h8", MN_AGAIN,
            "h7 is taking the place of h5: see mneme keepers; what takes that back is mneme "
            "keepers replace h7 h5");
    stage_replace(&stage, "h7", "h5");
    refuses(&stage, "h7", "h5", MN_AGAIN,
            "the last change of the keepers is not in force yet: see mneme keepers");
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_the_new_keeper_up_before_anything_rests_on_it),
        cmocka_unit_test(fills_up_whoever_was_a_keeper_before),
        cmocka_unit_test(needs_a_majority_of_the_old_and_of_the_new),
        cmocka_unit_test(takes_a_change_back_by_the_old_ones_alone),
        cmocka_unit_test(takes_a_change_back_before_anything_rests_on_it),
        cmocka_unit_test(takes_nothing_back_that_another_generation_began),
        cmocka_unit_test(whoever_leads_next_goes_on_filling_up),
        cmocka_unit_test(the_newest_word_about_a_keeper_counts),
        cmocka_unit_test(asks_those_too_of_whom_it_hears_from_the_old_ones),
        cmocka_unit_test(goes_by_the_record_and_not_by_the_topology),
        cmocka_unit_test(asks_both_sets_while_one_is_being_replaced),
        cmocka_unit_test(takes_a_change_back_that_was_never_in_force),
        cmocka_unit_test(refuses_what_makes_no_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
