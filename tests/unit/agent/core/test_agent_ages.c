/* How old checkpoints are, as the coordinator is told: seconds of work that a plan would lose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent_play.h"

/* 1.2 was written by a clock that was ahead, or before this one was set back; 1.3 does not say. */
static void says_how_old_a_file_is_by_its_own_clock(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_at(&play, 100000);
    play_file_of_time(&play, "x1", EPOCH(1, 1), 40000);
    play_file_of_time(&play, "x1", EPOCH(1, 2), 170000);
    play_file_of_time(&play, "x1", EPOCH(1, 3), 0);
    struct mn_agent_record generation = {.kind = MN_AGENT_GENERATION, .generation = 1};
    play_record(&play, &generation);
    play_begin(&play);
    play_skip(&play);
    play_welcome(&play, 1, true);
    play_expect(&play,
                "up report #1 x1 1.1 since 0.0 onto 0.0 durable here floor 0.0 age 60000 ms\n"
                "up report #1 x1 1.2 since 1.1 onto 0.0 durable here floor 0.0\n"
                "up report #1 x1 1.3 since 1.2 onto 0.0 durable here floor 0.0\n");
    play_close(&play);
}

/* The report was not taken the first time. */
static void says_anew_how_old_a_checkpoint_has_become(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 1, 1);
    play_run_x1(&play);
    play_at(&play, 10000);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_skip(&play);
    play_at(&play, 13500);
    play_tick(&play);
    play_expect(
        &play,
        "up heartbeat 2 lag 2500\n"
        "up state x1 run 1 up tcp://10.0.0.1:91 floor 1.1\n"
        "up report #2 x1 1.1 since 0.0 onto 0.0 durable here floor 1.1 age 3500 ms heard x2 1.9\n");
    play_close(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_how_old_a_file_is_by_its_own_clock),
        cmocka_unit_test(says_anew_how_old_a_checkpoint_has_become),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
