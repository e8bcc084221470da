/* The journal at its keepers, from the coordinator's side: h1, h3 and h5 are the keepers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/core/keeping_stage.h"

static const uint64_t three[] = {1, 1, 2, 0};
static const uint64_t none[] = {0};

static void leads_when_a_majority_has_promised(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_with(&stage, three);
    expect(&stage, "h1 promise 3\nh3 promise 3\nh5 promise 3\n");
    stage_promised(&stage, 1, 3, 3, 2, MN_MEMBER_WHOLE);
    expect(&stage, "");
    assert_false(keeping_leads(stage.keeping));
    stage_promised(&stage, 3, 3, 3, 2, MN_MEMBER_WHOLE);
    expect(&stage, "lead in 3\n"
                   "note leads\n"
                   "h1 keep #1 after 3 of 2 up to 3\n"
                   "h3 keep #2 after 3 of 2 up to 3\n"
                   "h5 keep #3 after 3 of 2 up to 3\n");
    assert_true(keeping_leads(stage.keeping));
    stage_close(&stage);
}

static void what_a_majority_has_is_in_force_and_no_sooner(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_leading(&stage);
    stage_kept(&stage, 1, 1, 3, MN_MEMBER_WHOLE);
    stage_kept(&stage, 3, 2, 3, MN_MEMBER_WHOLE);
    expect(&stage, ""); /* they have all, but nothing of this generation */
    stage_recorded(&stage, 4, 3);
    expect(&stage, "h1 keep #4 after 3 of 2 up to 4\n"
                   "h3 keep #5 after 3 of 2 up to 4\n");
    stage_kept(&stage, 1, 4, 4, MN_MEMBER_WHOLE);
    expect(&stage, "");
    stage_kept(&stage, 3, 4, 4, MN_MEMBER_WHOLE); /* not what it was asked */
    expect(&stage, "");
    stage_kept(&stage, 3, 5, 4, MN_MEMBER_WHOLE);
    expect(&stage, "in force up to 4\n");
    stage_close(&stage);
}

static void what_a_blank_keeper_says_counts_for_nothing(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_leading(&stage);
    stage_kept(&stage, 1, 1, 3, MN_MEMBER_WHOLE);
    stage_kept(&stage, 3, 2, 0, MN_MEMBER_BLANK); /* its disk was lost */
    expect(&stage, "note keeper_has_forgotten\n"
                   "h3 keep #4 after 0 of 0 up to 3\n");
    stage_recorded(&stage, 4, 3);
    stage_kept(&stage, 1, 5, 4, MN_MEMBER_WHOLE);
    stage_kept(&stage, 3, 4, 4, MN_MEMBER_BLANK);
    stage_pass_over(&stage);
    stage_tick_at(&stage,
                  2100); /* h1 and h5 answer what was sent after that: h3 may be called whole */
    expect(&stage, "h1 keep #6 after 4 of 3 up to 4\n"
                   "h3 keep #7 after 4 of 3 up to 4\n"
                   "h5 keep #8 after 3 of 2 up to 4\n");
    stage_kept(&stage, 1, 6, 4, MN_MEMBER_WHOLE);
    stage_kept(&stage, 3, 7, 4, MN_MEMBER_BLANK);
    expect(&stage, "");
    stage_kept(&stage, 5, 8, 4, MN_MEMBER_WHOLE);
    expect(&stage, "in force up to 4\n"
                   "h3 keep #9 after 4 of 3 up to 4, whole at 3\n");
    stage_kept(&stage, 3, 9, 4, MN_MEMBER_WHOLE);
    expect(&stage, "note keeper_whole\n");
    stage_close(&stage);
}

static void holds_below_a_majority_that_is_whole(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_with(&stage, three);
    stage_promised(&stage, 1, 3, 3, 2, MN_MEMBER_WHOLE);
    stage_promised(&stage, 3, 3, 0, 0, MN_MEMBER_BLANK);
    stage_promised(&stage, 5, 3, 0, 0, MN_MEMBER_BLANK);
    stage_pass_over(&stage);
    stage_tick_at(&stage, 5000);
    expect(&stage, "note keepers_missing\n");
    struct keeping_facts facts;
    keeping_facts(stage.keeping, &facts);
    assert_true(facts.holds);
    assert_int_equal(facts.state, KEEPING_ASKING);
    stage_accept(&stage);
    expect(&stage, "note unknown_accepted\n"
                   "h1 promise 4\nh3 promise 4\nh5 promise 4\n");
    stage_promised(&stage, 1, 4, 3, 2, MN_MEMBER_WHOLE);
    stage_promised(&stage, 3, 4, 0, 0, MN_MEMBER_BLANK);
    expect(&stage, "");
    stage_promised(&stage, 5, 4, 0, 0, MN_MEMBER_BLANK);
    expect(&stage, "lead in 4, accepted\n"
                   "note leads\n"
                   "h1 keep #1 after 3 of 2 up to 3\n"
                   "h3 keep #2 after 0 of 0 up to 3, whole at 3\n"
                   "h5 keep #3 after 0 of 0 up to 3, whole at 3\n");
    stage_close(&stage);
}

static void a_new_cluster_needs_every_keeper_once(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_with(&stage, none);
    stage_promised(&stage, 1, 1, 0, 0, MN_MEMBER_BLANK);
    stage_promised(&stage, 3, 1, 0, 0, MN_MEMBER_BLANK);
    expect(&stage, "h1 promise 1\nh3 promise 1\nh5 promise 1\n");
    stage_promised(&stage, 5, 1, 0, 0, MN_MEMBER_BLANK);
    expect(&stage, "note new_cluster\n"
                   "lead in 1\n"
                   "note leads\n"
                   "h1 keep #1 after 0 of 0 up to 0, founding\n"
                   "h3 keep #2 after 0 of 0 up to 0, founding\n"
                   "h5 keep #3 after 0 of 0 up to 0, founding\n");
    stage_recorded(&stage, 1, 1);
    stage_kept(&stage, 1, 1, 0, MN_MEMBER_FOUNDING);
    stage_kept(&stage, 3, 2, 0, MN_MEMBER_FOUNDING);
    stage_kept(&stage, 1, 4, 1, MN_MEMBER_FOUNDING);
    stage_kept(&stage, 3, 5, 1, MN_MEMBER_FOUNDING);
    expect(&stage, "h1 keep #4 after 0 of 0 up to 1, founding\n"
                   "h3 keep #5 after 0 of 0 up to 1, founding\n");
    stage_kept(&stage, 5, 3, 0, MN_MEMBER_FOUNDING); /* now all know */
    expect(&stage, "h1 keep #6 after 1 of 1 up to 1, whole at 1\n"
                   "h3 keep #7 after 1 of 1 up to 1, whole at 1\n"
                   "h5 keep #8 after 0 of 0 up to 1, whole at 1\n");
    stage_kept(&stage, 1, 6, 1, MN_MEMBER_WHOLE);
    stage_kept(&stage, 3, 7, 1, MN_MEMBER_WHOLE);
    expect(&stage, "in force up to 1\n");
    stage_close(&stage);
}

static void a_journal_that_has_forgotten_is_completed_first(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_with(&stage, three);
    stage_pass_over(&stage);
    stage_promised(&stage, 1, 3, 3, 2, MN_MEMBER_WHOLE);
    stage_promised(&stage, 3, 3, 5, 2, MN_MEMBER_WHOLE);
    expect(&stage, "h3 recall 4 after 2\n");
    stage_recalled(&stage, 3, 2, false, 1, 0, 0); /* that was asked before, of others perhaps */
    expect(&stage, "");
    stage_recalled(&stage, 3, 4, true, 5, 2, 2);
    expect(&stage, "append 4 of 2\nappend 5 of 2\n");
    stage_recorded(&stage, 4, 2);
    expect(&stage, "");
    stage_recorded(&stage, 5, 2);
    expect(&stage, "note journal_had_forgotten\n"
                   "lead in 3\n"
                   "note leads\n"
                   "h1 keep #1 after 3 of 2 up to 5\n"
                   "h3 keep #2 after 5 of 2 up to 5\n"
                   "h5 keep #3 after 5 of 2 up to 5\n");
    stage_close(&stage);
}

/* h1 promised, lost its disk and was refilled by the coordinator before, which h3 has noted. */
static void a_promise_of_a_disk_that_was_lost_since_is_asked_for_again(void **state)
{
    (void)state;
    struct stage stage;
    struct mn_noted noted = {.host = mn_name_of("h1"), .disk = 21};
    struct mn_up message = {.generation = 3, .disk = 11, .kind = MN_UP_PROMISED};
    stage_open_with(&stage, three);
    stage_pass_over(&stage);
    message.promised.promised = 3;
    message.promised.candidate = CANDIDATE;
    message.promised.newest = (struct mn_head){.generation = 2, .sequence = 3};
    message.promised.member = MN_MEMBER_WHOLE;
    stage_up(&stage, 1, &message);
    message.disk = 13;
    message.promised.noted = &noted;
    message.promised.noted_count = 1;
    stage_up(&stage, 3, &message);
    expect(&stage, "h1 promise 3\n");
    message.disk = 11;
    message.promised.noted_count = 0;
    stage_up(&stage, 1, &message); /* its first word once more */
    expect(&stage, "");
    message.disk = 21;
    message.promised.attempt = 1;
    message.promised.newest.sequence = 4;
    stage_up(&stage, 1, &message);
    expect(&stage, "h1 recall 4 after 2\n");
    stage_close(&stage);
}

/* h3 was told of two lives of h1's disk, and nothing says which of them is the newer one: a word
 * that was under way before is of neither. */
static void a_promise_of_a_life_that_others_know_is_no_newer_for_that(void **state)
{
    (void)state;
    struct stage stage;
    const struct mn_noted noted[] = {{.host = mn_name_of("h1"), .disk = 21},
                                     {.host = mn_name_of("h1"), .disk = 11}};
    struct mn_up message = {.generation = 3, .disk = 13, .kind = MN_UP_PROMISED};
    stage_open_with(&stage, three);
    stage_pass_over(&stage);
    message.promised.promised = 3;
    message.promised.candidate = CANDIDATE;
    message.promised.newest = (struct mn_head){.generation = 2, .sequence = 3};
    message.promised.member = MN_MEMBER_WHOLE;
    message.promised.noted = noted;
    message.promised.noted_count = 2;
    stage_up(&stage, 3, &message);
    expect(&stage, "h1 promise 3\n"
                   "h1 promise 3\n");
    message.disk = 11;
    message.promised.noted_count = 0;
    stage_up(&stage, 1, &message);
    expect(&stage, "");
    message.disk = 21;
    message.promised.attempt = 2;
    stage_up(&stage, 1, &message);
    assert_true(keeping_leads(stage.keeping));
    stage_close(&stage);
}

static void tells_the_keepers_which_disks_they_have(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_leading(&stage);
    struct mn_up message = {.disk = 11, .kind = MN_UP_KEPT};
    message.kept.number = 1;
    message.kept.matched = true;
    message.kept.sequence = 3;
    message.kept.member = MN_MEMBER_WHOLE;
    stage_up(&stage, 1, &message);
    expect(&stage, "");
    stage_tick_at(&stage, 2100);
    stage_pass_over(&stage);
    message.kept.number = 4;
    message.disk = 12; /* another one, that somebody else has refilled */
    stage_up(&stage, 1, &message);
    expect(&stage, "note keeper_has_forgotten\n");
    stage_close(&stage);
}

static void a_promise_that_cannot_be_is_not_believed(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_with(&stage, three);
    stage_pass_over(&stage);
    stage_promised(&stage, 1, 3, 9, 7, MN_MEMBER_WHOLE); /* with a record of a higher generation */
    stage_tick_at(&stage, 1200);
    expect(&stage, "h1 promise 8\nh3 promise 8\nh5 promise 8\n");
    stage_close(&stage);
}

static void records_that_were_never_in_force_are_set_aside(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_with(&stage, three);
    stage_pass_over(&stage);
    stage_promised(&stage, 1, 3, 2, 1, MN_MEMBER_WHOLE);
    struct mn_up higher = {.generation = 3, .kind = MN_UP_OVERTAKEN};
    higher.overtaken.generation = 3; /* h3 has promised that to somebody else */
    stage_up(&stage, 3, &higher);
    expect(&stage, "");
    stage_tick_at(&stage, 1200);
    expect(&stage, "h1 promise 4\nh3 promise 4\nh5 promise 4\n");
    stage_promised(&stage, 1, 4, 2, 1, MN_MEMBER_WHOLE);
    stage_promised(&stage, 5, 4, 4, 3, MN_MEMBER_WHOLE); /* the other led in 3 */
    expect(&stage, "h5 recall 4 after 2\n");
    stage_recalled(&stage, 5, 4, false, 2, 0, 0);
    expect(&stage, "h5 recall 3 after 1\n");
    stage_recalled(&stage, 5, 3, true, 4, 2, 3);
    expect(&stage, "set aside from 3\n"
                   "note records_never_in_force\n"
                   "append 3 of 3\nappend 4 of 3\n");
    stage_step(&stage, &(struct keeping_event){.kind = KEEPING_ON_SET_ASIDE});
    stage_recorded(&stage, 3, 3);
    stage_recorded(&stage, 4, 3);
    expect(&stage, "note journal_had_forgotten\n"
                   "lead in 4\n"
                   "note leads\n"
                   "h1 keep #1 after 2 of 1 up to 4\n"
                   "h3 keep #2 after 4 of 3 up to 4\n"
                   "h5 keep #3 after 4 of 3 up to 4\n");
    stage_close(&stage);
}

static void stands_down_when_a_higher_generation_shows(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_leading(&stage);
    struct mn_up higher = {.generation = 3, .kind = MN_UP_OVERTAKEN};
    higher.overtaken.generation = 9;
    stage_up(&stage, 1, &higher);
    expect(&stage, "overtaken\nnote overtaken\n");
    assert_false(keeping_leads(stage.keeping));
    stage_kept(&stage, 3, 2, 3, MN_MEMBER_WHOLE);
    stage_tick_at(&stage, 9000);
    expect(&stage, "");
    stage_close(&stage);
}

static void a_journal_without_what_an_agent_was_shown_is_an_old_one(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_leading(&stage);
    struct mn_up hello = {.generation = 2, .kind = MN_UP_HELLO};
    hello.hello.head = (struct mn_head){.generation = 2, .sequence = 3};
    stage_up(&stage, 5, &hello);
    expect(&stage, "");
    hello.hello.head.sequence = 4;
    stage_up(&stage, 5, &hello);
    expect(&stage, "overtaken\nnote journal_is_old\n");
    struct keeping_facts facts;
    keeping_facts(stage.keeping, &facts);
    assert_int_equal(facts.shown_by, 2);
    assert_int_equal(facts.shown.sequence, 4);
    stage_accept(&stage);
    expect(&stage, "note unknown_accepted\n"
                   "h1 promise 4\nh3 promise 4\nh5 promise 4\n");
    stage_promised(&stage, 1, 4, 3, 2, MN_MEMBER_WHOLE);
    stage_promised(&stage, 3, 4, 3, 2, MN_MEMBER_WHOLE);
    expect(&stage, "lead in 4, accepted\n"
                   "note leads\n"
                   "h1 keep #4 after 3 of 2 up to 3\n"
                   "h3 keep #5 after 3 of 2 up to 3\n"
                   "h5 keep #6 after 3 of 2 up to 3\n");
    stage_up(&stage, 5, &hello); /* that was accepted */
    expect(&stage, "");
    stage_close(&stage);
}

static void a_generation_that_an_agent_knows_already_is_another_ones(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_leading(&stage);
    struct mn_up heartbeat = {.generation = 2, .kind = MN_UP_HEARTBEAT};
    stage_up(&stage, 7, &heartbeat);
    expect(&stage, "");
    heartbeat.generation = 3; /* it has been told since */
    stage_up(&stage, 7, &heartbeat);
    expect(&stage, "");
    stage_close(&stage);

    stage_open_leading(&stage);
    stage_up(&stage, 7, &heartbeat);
    expect(&stage, "overtaken\nnote journal_is_old\n");
    stage_accept(&stage);
    expect(&stage, "note unknown_accepted\n"
                   "h1 promise 4\nh3 promise 4\nh5 promise 4\n");
    stage_close(&stage);
}

static void what_an_agent_was_shown_counts_in_a_higher_generation_too(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_with(&stage, (const uint64_t[]){0});
    expect(&stage, "h1 promise 1\nh3 promise 1\nh5 promise 1\n");
    struct mn_up hello = {.generation = 7, .kind = MN_UP_HELLO};
    hello.hello.head = (struct mn_head){.generation = 7, .sequence = 20};
    stage_up(&stage, 7, &hello);
    stage_tick_at(&stage, 2000);
    stage_pass_over(&stage);
    stage_promised(&stage, 1, 8, 0, 0, MN_MEMBER_BLANK);
    stage_promised(&stage, 3, 8, 0, 0, MN_MEMBER_BLANK);
    stage_promised(&stage, 5, 8, 0, 0, MN_MEMBER_BLANK);
    expect(&stage, "note new_cluster\nnote journal_is_old\n");
    assert_false(keeping_leads(stage.keeping));
    stage_close(&stage);
}

static void goes_on_with_fewer_when_an_operator_says_so(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_leading(&stage);
    stage_recorded(&stage, 4, 3);
    stage_pass_over(&stage);
    stage_accept(&stage); /* all of them may still answer: h1 and h3 have just done so */
    expect(&stage, "");
    stage.now = 9000 * MN_MS;
    stage_kept(&stage, 1, 1, 3, MN_MEMBER_WHOLE);
    stage_pass_over(&stage);
    stage_tick_at(&stage, 9001);
    expect(&stage, "note keepers_missing\n");
    stage_accept(&stage);
    expect(&stage, "note unknown_accepted\n"
                   "accepted without 2\n");
    stage_kept(&stage, 1, 4, 4, MN_MEMBER_WHOLE);
    expect(&stage, "in force up to 4\n");
    stage_close(&stage);
}

static void a_message_takes_whole_records_or_one_piece(void **state)
{
    (void)state;
    struct mn_kept room[KEEPING_RECORD_COUNT_MAX];
    struct mn_down down = {.kind = MN_DOWN_KEEP};
    struct mn_kept next = {.sequence = 2, .size = 3, .byte_count = 3};
    down.keep.after = 0;
    assert_false(keeping_keep_add(&down, room, &next));
    next.sequence = 1;
    assert_true(keeping_keep_add(&down, room, &next));
    next = (struct mn_kept){.sequence = 2, .size = MN_PIECE_SIZE_MAX + 1};
    next.byte_count = MN_PIECE_SIZE_MAX;
    assert_false(keeping_keep_add(&down, room, &next));
    next.size = MN_PIECE_SIZE_MAX; /* whole, but too much with the first */
    assert_false(keeping_keep_add(&down, room, &next));
    assert_int_equal(down.keep.record_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leads_when_a_majority_has_promised),
        cmocka_unit_test(what_a_majority_has_is_in_force_and_no_sooner),
        cmocka_unit_test(what_a_blank_keeper_says_counts_for_nothing),
        cmocka_unit_test(holds_below_a_majority_that_is_whole),
        cmocka_unit_test(a_new_cluster_needs_every_keeper_once),
        cmocka_unit_test(a_journal_that_has_forgotten_is_completed_first),
        cmocka_unit_test(a_promise_of_a_disk_that_was_lost_since_is_asked_for_again),
        cmocka_unit_test(a_promise_of_a_life_that_others_know_is_no_newer_for_that),
        cmocka_unit_test(tells_the_keepers_which_disks_they_have),
        cmocka_unit_test(a_promise_that_cannot_be_is_not_believed),
        cmocka_unit_test(records_that_were_never_in_force_are_set_aside),
        cmocka_unit_test(stands_down_when_a_higher_generation_shows),
        cmocka_unit_test(a_journal_without_what_an_agent_was_shown_is_an_old_one),
        cmocka_unit_test(a_generation_that_an_agent_knows_already_is_another_ones),
        cmocka_unit_test(what_an_agent_was_shown_counts_in_a_higher_generation_too),
        cmocka_unit_test(goes_on_with_fewer_when_an_operator_says_so),
        cmocka_unit_test(a_message_takes_whole_records_or_one_piece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
