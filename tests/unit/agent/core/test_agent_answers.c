/* Answers to a freeze: never before the rows that they rest on have been taken. */
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

static void make_durable(struct play *play, mn_epoch epoch)
{
    play_written(play, 'a', epoch, 0, 0);
    play_synced(play, "x1", epoch, MN_OK);
    play_have(play, 1, "x1", epoch, MN_OK);
}

/* The connection broke after report #1 was handed to it; the freeze comes on the next one. */
static void answers_only_when_the_reports_before_have_been_taken(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    make_durable(&play, EPOCH(1, 1));
    assert_true(said(&play, "up report #1 x1 1.1"));
    play_freeze(&play, 1, 1, NULL, NULL, 0);
    play_skip(&play);
    play_interval(&play, 'a', 1, 1, 1, EPOCH(1, 2), EPOCH(1, 1));
    play_expect(&play, "");
    play_at(&play, 1000);
    play_tick(&play);
    play_expect(&play,
                "up heartbeat 1 lag 0\n"
                "up state x1 run 1 up tcp://10.0.0.1:91\n"
                "up report #2 x1 1.1 since 0.0 onto 0.0 durable here floor 0.0 heard x2 1.9\n");
    play_taken(&play, 1);
    play_expect(&play, "");
    play_taken(&play, 2);
    play_expect(&play, "up intervals round 1 attempt 1 (x1 1.2 since 1.1 heard x3 1.7)\n"
                       "note intervals_sent\n");
    play_close(&play);
}

/* A coordinator that is told everything by everybody at once: what is said again waits behind what
 * was said before. */
static void says_a_report_again_the_later_the_longer_it_is_not_taken(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    make_durable(&play, EPOCH(1, 1));
    assert_true(said(&play, "up report #1 x1 1.1"));
    static const int again[] = {1, 3, 7, 15, 31, 47, 63}; /* at the end every 16 seconds */
    size_t count = 0;
    for (int second = 1; second <= 50; second++) {
        play_skip(&play);
        play_at(&play, 1000 * (mn_time)second);
        play_tick(&play);
        bool says = said(&play, "up report");
        assert_int_equal(says, second == again[count]);
        count += says ? 1 : 0;
    }
    play_taken(&play, 7); /* 3 seconds after it was said */
    make_durable(&play, EPOCH(1, 2));
    assert_true(said(&play, "up report #8 x1 1.2"));
    for (int second = 51; second <= 56; second++) {
        play_skip(&play);
        play_at(&play, 1000 * (mn_time)second);
        play_tick(&play);
        assert_int_equal(said(&play, "up report"), second == 56);
    }
    play_taken(&play, 9); /* at once */
    make_durable(&play, EPOCH(1, 3));
    play_skip(&play);
    play_at(&play, 57000);
    play_tick(&play);
    assert_true(said(&play, "up report #11 x1 1.3"));
    play_close(&play);
}

/* Vats go on checkpointing; their newer rows are no part of the answer. */
static void waits_for_no_row_that_came_after_the_interval(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    make_durable(&play, EPOCH(1, 1));
    play_freeze(&play, 1, 1, NULL, NULL, 0);
    play_interval(&play, 'a', 1, 1, 1, EPOCH(1, 2), EPOCH(1, 1));
    make_durable(&play, EPOCH(1, 2));
    assert_true(said(&play, "up report #2 x1 1.2"));
    play_skip(&play);
    play_taken(&play, 1);
    play_expect(&play, "up intervals round 1 attempt 1 (x1 1.2 since 1.1 heard x3 1.7)\n"
                       "note intervals_sent\n");
    play_close(&play);
}

/* The answer to a freeze comes after the rows. */
static void says_a_report_again_soon_when_a_round_waits_for_it(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    make_durable(&play, EPOCH(1, 1));
    for (int second = 1; second <= 16; second++) { /* said last at 15 s, and due at 31 s */
        play_at(&play, 1000 * (mn_time)second);
        play_tick(&play);
    }
    play_skip(&play);
    play_freeze(&play, 1, 1, "h2", "x2", 1);
    play_skip(&play);
    play_at(&play, 17000);
    play_tick(&play);
    assert_true(said(&play, "up report"));
    play_close(&play);
}

/* The row of 1.1 goes out again in report #2: losing #1 makes no difference, losing #2 does. */
static void waits_for_the_later_report_that_a_row_has_gone_into(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    make_durable(&play, EPOCH(1, 1));
    play_freeze(&play, 1, 1, NULL, NULL, 0);
    play_interval(&play, 'a', 1, 1, 1, EPOCH(1, 2), EPOCH(1, 1));
    play_have(&play, 1, "x1", EPOCH(1, 1), MN_CORRUPT);
    play_at(&play, 500);
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_have(&play, 1, "x1", EPOCH(1, 1), MN_OK);
    make_durable(&play, EPOCH(1, 2));
    assert_true(said(&play, "up report #2 x1 1.1"));
    play_at(&play, 1000);
    play_tick(&play);
    play_skip(&play);
    play_taken(&play, 1);
    play_expect(&play, "");
    play_taken(&play, 2);
    play_expect(&play, "up intervals round 1 attempt 1 (x1 1.2 since 1.1 heard x3 1.7)\n"
                       "note intervals_sent\n");
    play_close(&play);
}

/* Started anew, it is asked before it is welcome: its hello empties its store at the coordinator.
 */
static void answers_no_freeze_before_its_rows_were_asked_for_and_taken(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    struct mn_agent_record generation = {.kind = MN_AGENT_GENERATION, .generation = 1};
    play_record(&play, &generation);
    play_file(&play, "x2", EPOCH(1, 1), 0, 0);
    play_begin(&play);
    assert_true(said(&play, "up hello"));
    play_skip(&play);
    play_freeze(&play, 1, 1, NULL, "x2", 1);
    play_recorded(&play, 1);
    play_expect(&play, "note freeze\n"
                       "record #1 fence x2 run 1\n"
                       "look x2 1.1 of 1000 bytes\n");
    play_looked(&play, "x2", EPOCH(1, 1), MN_OK);
    play_expect(&play, "");
    play_welcome(&play, 1, true);
    play_expect(&play, "up report #1 x2 1.1 since 0.0 onto 0.0 durable here floor 0.0\n");
    play_taken(&play, 1);
    play_expect(&play, "up intervals round 1 attempt 1\n"
                       "note intervals_sent\n");
    play_close(&play);
}

/* Each attempt would put off the hello, without which there is no answer to any. */
static void hellos_again_though_freeze_follows_on_freeze(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_begin(&play);
    for (uint32_t second = 1; second <= 9; second++) {
        play_at(&play, (mn_time)second * 1000);
        play_tick(&play);
        play_freeze(&play, 1, second, NULL, NULL, 0);
        play_recorded(&play, 1);
    }
    play_skip(&play);
    play_at(&play, 10000);
    play_tick(&play);
    if (!said(&play, "up hello")) { /* the generation's own hello came with the first freeze */
        play_at(&play, 11000);
        play_tick(&play);
    }
    assert_true(said(&play, "up hello h1 generation 1"));
    play_welcome(&play, 1, true);
    assert_true(said(&play, "up intervals round 1 attempt 9\n"));
    play_close(&play);
}

/* A coordinator that has forgotten its rows asks for all of them, and for the answer again. */
static void answers_again_only_after_the_rows_that_were_asked_for_again(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    make_durable(&play, EPOCH(1, 1));
    play_taken(&play, 1);
    play_freeze(&play, 1, 1, NULL, NULL, 0);
    play_interval(&play, 'a', 1, 1, 1, EPOCH(1, 2), EPOCH(1, 1));
    assert_true(said(&play, "up intervals round 1 attempt 1"));
    play_welcome(&play, 1, true); /* unasked: it says hello */
    play_welcome(&play, 1, true);
    play_skip(&play);
    play_freeze(&play, 1, 1, NULL, NULL, 0);
    play_expect(&play, "");
    play_taken(&play, 2);
    play_expect(&play, "up intervals round 1 attempt 1 (x1 1.2 since 1.1 heard x3 1.7)\n"
                       "note intervals_sent\n");
    play_close(&play);
}

/* x1 was silent, and answers when its host has answered for it: its interval begins after a
 * checkpoint that was written meanwhile. */
static void answers_again_with_a_late_interval_only_after_its_rows(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_freeze(&play, 1, 1, NULL, NULL, 0);
    play_at(&play, 2000);
    play_tick(&play);
    assert_true(said(&play, "up intervals round 1 attempt 1 silent x1\n"));
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_skip(&play);
    play_interval(&play, 'a', 1, 1, 1, EPOCH(1, 2), EPOCH(1, 1));
    play_expect(&play, "up report #1 x1 1.1 since 0.0 onto 0.0 floor 0.0 heard x2 1.9\n");
    play_freeze(&play, 1, 1, NULL, NULL, 0);
    play_expect(&play, "");
    play_taken(&play, 1);
    play_expect(&play, "up intervals round 1 attempt 1 (x1 1.2 since 1.1 heard x3 1.7)\n"
                       "note intervals_sent\n");
    play_close(&play);
}

/* Whoever hears of a vat's endpoint speaks to it, and it has its notices only once it is up. */
static void says_that_a_vat_is_up_only_once_that_is_on_record(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_begin(&play);
    play_welcome(&play, 1, true);
    play_recorded(&play, 1);
    play_start(&play, "x1", 1, 0, NULL, 0);
    play_recorded(&play, 2);
    play_started(&play, "x1", 71);
    play_recorded(&play, 3);
    play_attach(&play, 'a', "x1", 1, 71);
    play_skip(&play);
    play_at(&play, 1000);
    play_tick(&play);
    play_expect(&play, "up heartbeat 1 lag 0\n"
                       "up state x1 run 1 starting\n"
                       "note partner x1 h2\n");
    play_recorded(&play, 4);
    play_expect(&play, "note vat_up x1\n"
                       "up state x1 run 1 up tcp://10.0.0.1:91\n");
    play_close(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_only_when_the_reports_before_have_been_taken),
        cmocka_unit_test(says_a_report_again_the_later_the_longer_it_is_not_taken),
        cmocka_unit_test(waits_for_no_row_that_came_after_the_interval),
        cmocka_unit_test(waits_for_the_later_report_that_a_row_has_gone_into),
        cmocka_unit_test(answers_no_freeze_before_its_rows_were_asked_for_and_taken),
        cmocka_unit_test(says_a_report_again_soon_when_a_round_waits_for_it),
        cmocka_unit_test(hellos_again_though_freeze_follows_on_freeze),
        cmocka_unit_test(answers_again_only_after_the_rows_that_were_asked_for_again),
        cmocka_unit_test(answers_again_with_a_late_interval_only_after_its_rows),
        cmocka_unit_test(says_that_a_vat_is_up_only_once_that_is_on_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
