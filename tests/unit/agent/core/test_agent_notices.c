/* Notices: in the order of rounds, to whoever is owed them, wherever a vat has been meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "agent_play.h"

static bool said(const struct play *play, const char *words)
{
    return strstr(play->text, words) != NULL;
}

/* x2 comes here as run 2 by the decision of @round; its process waits for its life. The records
 * are those from @record on. */
static void start_x2(struct play *play, uint64_t round, uint64_t told_round, uint64_t record)
{
    play_start_told(play, "x2", 2, 0, NULL, 0, round, told_round);
    play_recorded(play, record);
    play_started(play, "x2", 72);
    play_recorded(play, record + 1);
}

static void x2_is_up(struct play *play, uint64_t record)
{
    play_attach(play, 'b', "x2", 2, 72);
    play_recorded(play, record);
}

/* x2 comes here while round 1, of which it is owed a notice, is known here for x1. */
static void takes_up_notices_of_a_round_that_it_knows(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_decision(&play, 1, "x1", "x3");
    play_recorded(&play, 5);
    start_x2(&play, 2, 0, 6);
    play_skip(&play);
    play_decision(&play, 1, "x2", "x3");
    play_expect(&play, "record #8 round 1 told 2\n");
    play_recorded(&play, 8);
    play_expect(&play, "note decision\n"
                       "vat a round 1 notice x3\n");
    play_attach(&play, 'b', "x2", 0, 72);
    play_expect(&play, "vat b life x2 run 2 round 0 keep 0.0 store store/x2\n");
    x2_is_up(&play, 9);
    assert_true(said(&play, "vat b round 1 notice x3\n"));
    play_close(&play);
}

static void takes_up_notices_of_an_older_round_than_the_newest(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_decision(&play, 1, "x1", "x3");
    play_decision(&play, 2, NULL, NULL);
    play_recorded(&play, 6);
    start_x2(&play, 3, 0, 7);
    play_skip(&play);
    play_decision(&play, 1, "x2", "x3");
    play_decision_owed(&play, 3, NULL, NULL, "x2", 1);
    play_expect(&play, "record #9 round 1 told 2\n"
                       "record #10 round 3 told 0\n");
    play_recorded(&play, 10);
    x2_is_up(&play, 12);
    assert_true(said(&play, "vat b round 1 notice x3\n"
                            "vat b round 3\n"));
    play_close(&play);
}

/* The vat is up when its notice is added to a round that is durable already; that record is not. */
static void tells_nothing_beyond_a_notice_that_is_not_durable(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_decision(&play, 2, "x1", "x3");
    play_recorded(&play, 5);
    start_x2(&play, 2, 0, 6);
    play_decision(&play, 2, "x2", "x3");
    play_skip(&play);
    play_attach(&play, 'b', "x2", 2, 72);
    play_expect(&play, "record #9 vat x2 run 2 pid 72\n");
    play_recorded(&play, 7);
    play_attach(&play, 'c', "x2", 2, 72);
    play_expect(&play, "");
    play_recorded(&play, 9);
    assert_true(said(&play, "vat c round 2 notice x3\n"));
    assert_false(said(&play, "vat c round 2\n"));
    play_close(&play);
}

/* Round 2 is durable, and waits all the same for the notice of round 1 that came after it. */
static void tells_of_no_later_round_before_an_older_notice_is_durable(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_decision(&play, 1, "x1", "x3");
    play_decision(&play, 2, NULL, NULL);
    play_recorded(&play, 6);
    start_x2(&play, 2, 0, 7);
    play_attach(&play, 'b', "x2", 2, 72);
    play_decision(&play, 1, "x2", "x3");
    play_skip(&play);
    play_recorded(&play, 9);
    assert_false(said(&play, "vat b round"));
    play_recorded(&play, 10);
    assert_true(said(&play, "vat b round 1 notice x3\n"
                            "vat b round 2\n"));
    play_close(&play);
}

static void begins_a_life_at_the_round_that_its_start_names(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_decision(&play, 4, NULL, NULL);
    play_recorded(&play, 5);
    start_x2(&play, 4, 3, 6);
    play_skip(&play);
    play_attach(&play, 'b', "x2", 0, 72);
    play_expect(&play, "vat b life x2 run 2 round 3 keep 0.0 store store/x2\n");
    x2_is_up(&play, 8);
    assert_true(said(&play, "vat b round 4\n"));
    play_close(&play);
}

static void begins_a_life_no_higher_than_the_newest_round_that_is_known(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_decision(&play, 2, NULL, NULL);
    play_recorded(&play, 5);
    start_x2(&play, 4, 4, 6);
    play_skip(&play);
    play_attach(&play, 'b', "x2", 0, 72);
    play_expect(&play, "vat b life x2 run 2 round 2 keep 0.0 store store/x2\n");
    play_close(&play);
}

/* Another host has handed x2 the notice of round 1 meanwhile. */
static void hands_out_no_notice_that_the_start_calls_handled(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_decision(&play, 1, "x2", "x3");
    play_decision(&play, 2, NULL, NULL);
    play_recorded(&play, 6);
    start_x2(&play, 2, 2, 7);
    play_skip(&play);
    play_attach(&play, 'b', "x2", 0, 72);
    play_expect(&play, "vat b life x2 run 2 round 2 keep 0.0 store store/x2\n");
    x2_is_up(&play, 9);
    assert_false(said(&play, "notice"));
    /* A coordinator that has come since does not know, and asks. */
    play_skip(&play);
    play_decision(&play, 1, "x2", "x3");
    assert_true(said(&play, "up handled x2 run 2 round 1\n"));
    play_close(&play);
}

/* To a coordinator that has read the same topology, and to one that has not. */
static void says_by_number_or_by_name_who_has_handled_a_notice(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play.numbering = PLAY_NUMBERING;
    play_run_x1(&play);
    play_decision(&play, 1, "x1", "x3");
    play_recorded(&play, 5);
    play_handled(&play, 'a', 1, 1);
    assert_true(said(&play, "up handled #x1 run 1 round 1\n"));
    play.numbering = PLAY_NUMBERING + 1;
    play_welcome(&play, 1, false);
    play_skip(&play);
    play_decision(&play, 1, "x1", "x3");
    assert_true(said(&play, "up handled x1 run 1 round 1\n"));
    play_close(&play);
}

/* Restored to before it was told: the coordinator says so by its start. */
static void hands_out_again_what_a_former_life_has_handled(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_decision(&play, 1, "x1", "x3");
    play_recorded(&play, 5);
    play_handled(&play, 'a', 1, 1);
    play_exited(&play, "x1", 71, "killed by signal 9 (SIGKILL)");
    play_start_told(&play, "x1", 2, 0, NULL, 0, 1, 0);
    play_recorded(&play, 6);
    play_started(&play, "x1", 72);
    play_recorded(&play, 7);
    play_skip(&play);
    play_attach(&play, 'c', "x1", 0, 72);
    play_expect(&play, "vat c life x1 run 2 round 0 keep 0.0 store store/x1\n");
    play_attach(&play, 'c', "x1", 2, 72);
    play_recorded(&play, 8);
    assert_true(said(&play, "vat c round 1 notice x3\n"));
    play_close(&play);
}

/* The same, and the decision that takes it back is durable before its start comes. */
static void keeps_what_is_owed_to_a_run_that_is_still_to_start(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_decision(&play, 1, "x1", "x3");
    play_recorded(&play, 5);
    play_handled(&play, 'a', 1, 1);
    play_freeze(&play, 2, 1, NULL, "x1", 1);
    play_exited(&play, "x1", 71, "killed by signal 9 (SIGKILL)");
    play_recorded(&play, 6);
    play_decision(&play, 1, "x1", "x3");
    struct mn_owed owed = {.vat = mn_name_of("x1"), .round = 1, .run = 2};
    struct mn_down down = {.kind = MN_DOWN_DECISION};
    down.decision.round = 2;
    down.decision.owed = &owed;
    down.decision.owed_count = 1;
    play_down(&play, &down);
    play_recorded(&play, 7);
    assert_false(said(&play, "forget"));
    play_start_told(&play, "x1", 2, 0, NULL, 0, 2, 0);
    play_recorded(&play, 8);
    play_started(&play, "x1", 72);
    play_recorded(&play, 9);
    play_attach(&play, 'c', "x1", 2, 72);
    play_skip(&play);
    play_recorded(&play, 10);
    assert_true(said(&play, "vat c round 1 notice x3\n"
                            "vat c round 2\n"));
    play_close(&play);
}

/* Round 1 is known here; what x2 is owed of it, and round 2, are lost with the connection on which
 * its start came through. */
static void tells_a_vat_no_round_before_the_one_it_was_started_in(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_decision(&play, 1, "x1", "x3");
    play_recorded(&play, 5);
    start_x2(&play, 2, 0, 6);
    x2_is_up(&play, 8);
    assert_true(said(&play, "note vat_up x2\n"));
    assert_false(said(&play, "vat b round"));
    play_decision(&play, 1, "x2", "x3");
    play_decision_owed(&play, 2, NULL, NULL, "x2", 1);
    play_skip(&play);
    play_recorded(&play, 10);
    assert_true(said(&play, "vat b round 1 notice x3\n"));
    assert_true(said(&play, "vat b round 2\n"));
    play_close(&play);
}

/* Round 1 was lost with a connection, round 2 comes first. */
static void takes_up_no_decision_before_what_is_owed_of_older_rounds(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_freeze(&play, 2, 1, NULL, NULL, 0);
    play_interval(&play, 'a', 1, 2, 1, EPOCH(1, 1), 0);
    play_skip(&play);
    play_decision_owed(&play, 2, NULL, NULL, "x1", 1);
    play_expect(&play, "note decision_waits MN_NOT_FOUND\n");
    play_attach(&play, 'c', "x1", 1, 71);
    play_expect(&play, "vat c freeze round 2 attempt 1\n");
    play_decision(&play, 1, "x1", "x3");
    play_decision_owed(&play, 2, NULL, NULL, "x1", 1);
    play_expect(&play, "record #5 round 1 told 1\n"
                       "record #6 round 2 told 0\n");
    play_recorded(&play, 6);
    play_expect(&play, "note decision\n"
                       "vat c round 1 notice x3\n"
                       "note decision\n"
                       "vat c round 1 notice x3\n"
                       "vat c round 2\n");
    play_close(&play);
}

/* Round 1 is known, but not that it tells x2 something. */
static void waits_for_the_notice_and_not_for_the_round(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_decision(&play, 1, "x1", "x3");
    play_recorded(&play, 5);
    play_skip(&play);
    play_decision_owed(&play, 2, NULL, NULL, "x2", 1);
    play_expect(&play, "note decision_waits MN_NOT_FOUND\n");
    play_close(&play);
}

/* HANDLED was lost, and everybody here has handled round 1: it is forgotten, and owed. */
static void takes_up_again_what_it_has_forgotten_and_is_owed(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_decision(&play, 1, "x1", "x3");
    play_decision(&play, 2, NULL, NULL);
    play_recorded(&play, 6);
    play_handled(&play, 'a', 1, 1);
    assert_true(said(&play, "forget #7 round 1"));
    play_skip(&play);
    play_decision(&play, 1, "x1", "x3");
    play_decision_owed(&play, 3, NULL, NULL, "x1", 1);
    play_recorded(&play, 9);
    assert_true(said(&play, "vat a round 1 notice x3\n"));
    assert_true(said(&play, "vat a round 3\n"));
    play_handled(&play, 'a', 1, 1);
    assert_true(said(&play, "up handled x1 run 1 round 1\n"));
    play_close(&play);
}

static void keeps_the_round_of_a_start_across_a_restart_of_its_own(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    struct mn_agent_record vat = {.kind = MN_AGENT_VAT};
    vat.vat.start.vat = mn_name_of("x1");
    vat.vat.start.run = 2;
    vat.vat.start.incarnation = 1;
    vat.vat.start.round = 5;
    vat.vat.start.told_round = 3;
    vat.vat.pid = 71;
    struct mn_told told = {.vat = mn_name_of("x1"), .notice_count = 1};
    struct mn_notice notice = {.peer = mn_name_of("x3"), .incarnation = 2};
    struct mn_agent_record round = {.kind = MN_AGENT_ROUND};
    round.round.told = &told;
    round.round.told_count = 1;
    round.round.notices = &notice;
    round.round.notice_count = 1;
    round.round.round = 3;
    play_record(&play, &round);
    round.round.round = 4;
    play_record(&play, &round);
    play_record(&play, &vat);
    round.round.told_count = 0;
    round.round.notice_count = 0;
    round.round.round = 5;
    play_record(&play, &round);
    play_begin(&play);
    play_expect(&play, "note begun h1\n"
                       "adopt x1 run 2 pid 71\n"
                       "forget #1 round 3 told 0\n");
    struct agent_event adopted = {.kind = AGENT_ON_ADOPTED};
    adopted.process.vat = mn_name_of("x1");
    adopted.process.pid = 71;
    play_step(&play, &adopted);
    play_recorded(&play, 1);
    play_attach(&play, 'a', "x1", 0, 71);
    assert_true(said(&play, "vat a life x1 run 2 round 3 "));
    play_skip(&play);
    play_attach(&play, 'a', "x1", 2, 71);
    play_recorded(&play, 2);
    assert_true(said(&play, "vat a round 4 notice x3\n"
                            "vat a round 5\n"));
    play_close(&play);
}

/* x2 was stopped here, and every round that follows would tell it something. */
static void lets_go_of_decisions_that_nobody_here_will_handle(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_stop(&play, "x2", 1);
    play_recorded(&play, 5);
    uint64_t record = 6;
    for (uint64_t round = 1; round <= 1500; round++) {
        play_skip(&play);
        play_decision(&play, round, "x2", "x3");
        play_recorded(&play, record);
        assert_true(said(&play, "note decision\n"));
        record += round <= 65 ? 1 : 2; /* for each that comes the oldest goes */
    }
    assert_true(said(&play, "forget #2940 round 1435 told 0\n"));
    play_close(&play);
}

static void begins_with_however_many_decisions_are_on_record(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    struct mn_told told = {.vat = mn_name_of("x2"), .notice_count = 1};
    struct mn_notice notice = {.peer = mn_name_of("x3"), .incarnation = 2};
    struct mn_agent_record round = {.kind = MN_AGENT_ROUND};
    round.round.told = &told;
    round.round.told_count = 1;
    round.round.notices = &notice;
    round.round.notice_count = 1;
    for (round.round.round = 1; round.round.round <= 1500; round.round.round++) {
        play_record(&play, &round);
    }
    play_begin(&play);
    assert_true(said(&play, "forget #1435 round 1435 told 0\n"));
    assert_false(said(&play, "forget #1436"));
    assert_true(said(&play, "up hello h1 generation 0 round 1500\n"));
    play_close(&play);
}

/* A vat that hears and handles nothing keeps its notices; what does not find room waits. */
static void takes_up_no_more_decisions_than_it_has_room_for(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    for (uint64_t round = 1; round <= 1024; round++) {
        play_skip(&play);
        play_decision(&play, round, "x1", "x3");
    }
    play_skip(&play);
    play_decision(&play, 1025, "x1", "x3");
    play_expect(&play, "note decision_waits MN_FULL\n");
    play_recorded(&play, 5);
    play_handled(&play, 'a', 1, 1);
    play_recorded(&play, 6);
    assert_true(said(&play, "forget #1029 round 1 told 0\n"));
    play_skip(&play);
    play_decision(&play, 1025, "x1", "x3");
    play_expect(&play, "record #1030 round 1025 told 1\n");
    play_close(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_up_notices_of_a_round_that_it_knows),
        cmocka_unit_test(takes_up_notices_of_an_older_round_than_the_newest),
        cmocka_unit_test(tells_nothing_beyond_a_notice_that_is_not_durable),
        cmocka_unit_test(tells_of_no_later_round_before_an_older_notice_is_durable),
        cmocka_unit_test(begins_a_life_at_the_round_that_its_start_names),
        cmocka_unit_test(begins_a_life_no_higher_than_the_newest_round_that_is_known),
        cmocka_unit_test(hands_out_no_notice_that_the_start_calls_handled),
        cmocka_unit_test(says_by_number_or_by_name_who_has_handled_a_notice),
        cmocka_unit_test(hands_out_again_what_a_former_life_has_handled),
        cmocka_unit_test(keeps_what_is_owed_to_a_run_that_is_still_to_start),
        cmocka_unit_test(tells_a_vat_no_round_before_the_one_it_was_started_in),
        cmocka_unit_test(takes_up_no_decision_before_what_is_owed_of_older_rounds),
        cmocka_unit_test(waits_for_the_notice_and_not_for_the_round),
        cmocka_unit_test(takes_up_again_what_it_has_forgotten_and_is_owed),
        cmocka_unit_test(keeps_the_round_of_a_start_across_a_restart_of_its_own),
        cmocka_unit_test(lets_go_of_decisions_that_nobody_here_will_handle),
        cmocka_unit_test(begins_with_however_many_decisions_are_on_record),
        cmocka_unit_test(takes_up_no_more_decisions_than_it_has_room_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
