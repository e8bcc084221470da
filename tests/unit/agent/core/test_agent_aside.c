/* A life that went on elsewhere: stopped, and what died of it set aside. What is part of the vat's
 * history stays where it is, as a copy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "agent_play.h"

/* x1 runs here as run 1, with 1.1, full, and 1.2 and 1.3 onto it; what is said of them is skipped.
 */
static void run_x1_with_three(struct play *play)
{
    play_open(play, 2, 2);
    play_run_x1(play);
    play_written(play, 'a', EPOCH(1, 1), 0, 0);
    play_synced(play, "x1", EPOCH(1, 1), MN_OK);
    play_written(play, 'a', EPOCH(1, 2), EPOCH(1, 1), EPOCH(1, 1));
    play_synced(play, "x1", EPOCH(1, 2), MN_OK);
    play_written(play, 'a', EPOCH(1, 3), EPOCH(1, 1), EPOCH(1, 2));
    play_skip(play);
}

static void sets_aside_what_died_and_leaves_what_lives(void **state)
{
    (void)state;
    struct play play;
    run_x1_with_three(&play);
    play_synced(&play, "x1", EPOCH(1, 3), MN_OK);
    play_skip(&play);
    play_stop_former(&play, "x1", 1, EPOCH(1, 1), 2);
    play_expect(&play, "record #5 fence x1 run 1\n");
    play_recorded(&play, 5);
    play_expect(&play, "note vat_killed x1\n"
                       "kill x1 run 1 pid 71\n");
    play_exited(&play, "x1", 71, "killed by signal 9 (SIGKILL)");
    play_expect(&play, "note vat_stopped x1\n"
                       "up state x1 run 1 stopped: stopped by the coordinator\n"
                       "aside x1 run 1: 1.3 1.2 link 1.1\n");
    play_set_aside(&play, "x1", 1, MN_OK);
    play_expect(&play, "note former_life_set_aside x1\n"
                       "record #6 aside x1 run 1: 2\n");
    play_recorded(&play, 6);
    play_expect(&play, "up state x1 run 1 stopped aside run 1: 2\n");
    play_want(&play, 1, "x1", EPOCH(1, 2), 0);
    play_expect(&play, "copies h2 x1 have 1.2 MN_NOT_FOUND\n");
    play_want(&play, 1, "x1", EPOCH(1, 1), 0);
    play_expect(&play, "send h2 x1 piece 1.1 at 0, 0 of 1000 bytes\n");
    play_close(&play);
}

static void waits_until_all_that_was_written_is_synced(void **state)
{
    (void)state;
    struct play play;
    run_x1_with_three(&play);
    play_stop_former(&play, "x1", 1, EPOCH(1, 1), 2);
    play_recorded(&play, 5);
    play_exited(&play, "x1", 71, "killed by signal 9 (SIGKILL)");
    play_expect(&play, "record #5 fence x1 run 1\n"
                       "note vat_killed x1\n"
                       "kill x1 run 1 pid 71\n"
                       "note vat_stopped x1\n"
                       "up state x1 run 1 stopped: stopped by the coordinator\n");
    play_synced(&play, "x1", EPOCH(1, 3), MN_OK);
    play_expect(&play, "aside x1 run 1: 1.3 1.2 link 1.1\n");
    play_close(&play);
}

static void moves_nothing_while_a_round_is_open(void **state)
{
    (void)state;
    struct play play;
    run_x1_with_three(&play);
    play_synced(&play, "x1", EPOCH(1, 3), MN_OK);
    play_freeze(&play, 7, 1, NULL, NULL, 0);
    play_stop_former(&play, "x1", 1, EPOCH(1, 1), 2);
    play_recorded(&play, 5);
    play_skip(&play);
    play_exited(&play, "x1", 71, "killed by signal 9 (SIGKILL)");
    play_expect(&play, "note vat_stopped x1\n"
                       "up state x1 run 1 stopped: stopped by the coordinator\n"
                       "up report #1 x1 1.1 since 0.0 onto 0.0 here floor 0.0 heard x2 1.9\n"
                       "up report #1 x1 1.2 since 1.1 onto 1.1 here floor 0.0 heard x2 1.9\n"
                       "up report #1 x1 1.3 since 1.2 onto 1.2 here floor 0.0 heard x2 1.9\n");
    play_decision(&play, 7, NULL, NULL);
    play_recorded(&play, 6);
    play_expect(&play, "record #6 round 7 told 0\n"
                       "note decision\n"
                       "aside x1 run 1: 1.3 1.2 link 1.1\n");
    play_close(&play);
}

static void tries_again_what_could_not_be_moved(void **state)
{
    (void)state;
    struct play play;
    run_x1_with_three(&play);
    play_synced(&play, "x1", EPOCH(1, 3), MN_OK);
    play_stop_former(&play, "x1", 1, EPOCH(1, 1), 2);
    play_recorded(&play, 5);
    play_exited(&play, "x1", 71, "killed by signal 9 (SIGKILL)");
    play_skip(&play);
    play_set_aside(&play, "x1", 1, MN_NO_SPACE);
    play_expect(&play, "note former_life_not_set_aside x1 MN_NO_SPACE\n");
    play_at(&play, 1000);
    play_tick(&play);
    play_expect(&play, "up heartbeat 1 lag 0\n"
                       "up state x1 run 1 stopped\n"
                       "aside x1 run 1: 1.3 1.2 link 1.1\n");
    play_close(&play);
}

static void says_of_a_life_of_which_nothing_died_that_there_is_nothing(void **state)
{
    (void)state;
    struct play play;
    run_x1_with_three(&play);
    play_synced(&play, "x1", EPOCH(1, 3), MN_OK);
    play_stop_former(&play, "x1", 1, EPOCH(1, 3), 2);
    play_recorded(&play, 5);
    play_skip(&play);
    play_exited(&play, "x1", 71, "killed by signal 9 (SIGKILL)");
    play_expect(&play, "note vat_stopped x1\n"
                       "up state x1 run 1 stopped: stopped by the coordinator\n"
                       "record #6 aside x1 run 1: 0\n");
    play_recorded(&play, 6);
    play_expect(&play, "up state x1 run 1 stopped aside run 1: 0\n");
    play_stop_former(&play, "x1", 1, EPOCH(1, 3), 2);
    play_expect(&play, "up state x1 run 1 stopped aside run 1: 0\n");
    play_close(&play);
}

static void leaves_everything_where_it_is_when_it_is_not_told_what_died(void **state)
{
    (void)state;
    struct play play;
    run_x1_with_three(&play);
    play_synced(&play, "x1", EPOCH(1, 3), MN_OK);
    play_stop(&play, "x1", 1);
    play_recorded(&play, 5);
    play_skip(&play);
    play_exited(&play, "x1", 71, "killed by signal 9 (SIGKILL)");
    play_expect(&play, "note vat_stopped x1\n"
                       "up state x1 run 1 stopped: stopped by the coordinator\n");
    play_close(&play);
}

/* Before that the files are there as they were: the coordinator says again that it is to stop. */
static void begins_anew_after_a_restart_that_came_in_between(void **state)
{
    (void)state;
    struct play play;
    run_x1_with_three(&play);
    play_synced(&play, "x1", EPOCH(1, 3), MN_OK);
    play_restart(&play);
    struct mn_agent_record vat = {.kind = MN_AGENT_VAT};
    vat.vat.start.vat = mn_name_of("x1");
    vat.vat.start.run = 1;
    struct mn_agent_record fence = {.kind = MN_AGENT_FENCE};
    fence.fence = (struct mn_vat_run){.vat = mn_name_of("x1"), .run = 1};
    play_record(&play, &vat);
    play_record(&play, &fence);
    play_file(&play, "x1", EPOCH(1, 1), 0, 0);
    play_file(&play, "x1", EPOCH(1, 3), EPOCH(1, 1), EPOCH(1, 2)); /* 1.2 was moved before */
    play_begin(&play);
    play_skip(&play);
    play_stop_former(&play, "x1", 1, EPOCH(1, 1), 2);
    play_expect(&play, "note generation\n"
                       "record #1 generation 1\n"
                       "up state x1 run 1 stopped\n"
                       "aside x1 run 1: 1.3\n");
    play_close(&play);
}

static void remembers_what_it_has_set_aside(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    struct mn_agent_record vat = {.kind = MN_AGENT_VAT};
    vat.vat.start.vat = mn_name_of("x1");
    vat.vat.start.run = 1;
    struct mn_agent_record fence = {.kind = MN_AGENT_FENCE};
    fence.fence = (struct mn_vat_run){.vat = mn_name_of("x1"), .run = 1};
    struct mn_agent_record aside = {.kind = MN_AGENT_ASIDE};
    aside.aside = (struct mn_agent_aside){.vat = mn_name_of("x1"), .run = 1, .count = 2};
    play_record(&play, &vat);
    play_record(&play, &fence);
    play_record(&play, &aside);
    play_begin(&play);
    play_expect(&play, "note begun h1\n"
                       "up hello h1 generation 0 round 0 x1 run 1 stopped aside run 1: 2\n");
    play_close(&play);
}

static void a_directory_is_named_after_the_vat_and_the_run(void **state)
{
    (void)state;
    char name[AGENT_ASIDE_NAME_SIZE];
    const struct mn_name vat = mn_name_of("a/b");
    agent_aside_name(&vat, 4294967295U, name);
    assert_string_equal(name, "a%2fb.4294967295");
    agent_aside_name(&vat, 7, name);
    assert_string_equal(name, "a%2fb.7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_aside_what_died_and_leaves_what_lives),
        cmocka_unit_test(waits_until_all_that_was_written_is_synced),
        cmocka_unit_test(moves_nothing_while_a_round_is_open),
        cmocka_unit_test(tries_again_what_could_not_be_moved),
        cmocka_unit_test(says_of_a_life_of_which_nothing_died_that_there_is_nothing),
        cmocka_unit_test(leaves_everything_where_it_is_when_it_is_not_told_what_died),
        cmocka_unit_test(begins_anew_after_a_restart_that_came_in_between),
        cmocka_unit_test(remembers_what_it_has_set_aside),
        cmocka_unit_test(a_directory_is_named_after_the_vat_and_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
