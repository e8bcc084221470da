/* Stories of a disk that was found: its checkpoints become copies held here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent_play.h"

/* Welcomed, with nothing of x2. */
static void begin(struct play *play)
{
    play_open(play, 2, 2);
    play_run_x1(play);
}

static void takes_what_is_there_oldest_first_and_reports_it(void **state)
{
    (void)state;
    struct play play;
    const mn_epoch there[] = {EPOCH(1, 1), EPOCH(1, 2), EPOCH(1, 3)};
    begin(&play);
    play_adopt(&play, 5, "x2", "/found", 0, 0);
    play_expect(&play, "list x2 in /found\n");
    play_found_listed(&play, "x2", MN_OK, there, 3);
    play_expect(&play, "take x2 in /found 1.1\n");
    play_found_taken(&play, "x2", EPOCH(1, 1), 0);
    play_expect(&play, "take x2 in /found 1.2\n");
    play_adopt(&play, 6, "x2", "/found", 0, 0); /* it is asked how far it is */
    play_expect(&play, "up adopted #6 x2 so far 1 of 3: 1 taken, 0 held through 1.1\n");
    play_found_passed(&play, "x2", EPOCH(1, 2), MN_PASSED_DAMAGED);
    play_expect(&play, "take x2 in /found 1.3\n");
    play_found_taken(&play, "x2", EPOCH(1, 3), EPOCH(1, 1));
    play_expect(&play, "up adopted #6 x2 MN_OK 3 of 3: 2 taken, 0 held through 1.3, passed 1.2 "
                       "damaged\n"
                       "note disk_adopted x2 1.3\n"
                       "up report #1 x2 1.1 since 0.0 onto 0.0 durable here floor 0.0\n"
                       "up report #1 x2 1.3 since 1.1 onto 1.1 durable here floor 0.0\n");
    play_want(&play, 2, "x2", EPOCH(1, 3), 0);
    play_expect(&play, "send h3 x2 piece 1.3 at 0, 0 of 1000 bytes\n");
    play_close(&play);
}

static void finds_here_what_was_copied_before_when_it_is_asked_again(void **state)
{
    (void)state;
    struct play play;
    const mn_epoch there[] = {EPOCH(1, 1), EPOCH(1, 2)};
    play_open(&play, 2, 2);
    play_file(&play, "x2", EPOCH(1, 1), 0, 0); /* an agent before this one was killed at it */
    play_run_x1(&play);
    play_adopt(&play, 1, "x2", "/found", 0, 0);
    play_skip(&play);
    play_found_listed(&play, "x2", MN_OK, there, 2);
    play_expect(&play, "take x2 in /found 1.2\n");
    play_found_taken(&play, "x2", EPOCH(1, 2), EPOCH(1, 1));
    play_expect(&play, "up adopted #1 x2 MN_OK 2 of 2: 1 taken, 1 held through 1.2\n"
                       "note disk_adopted x2 1.2\n"
                       "up report #2 x2 1.2 since 1.1 onto 1.1 durable here floor 0.0\n");
    play_adopt(&play, 2, "x2", "/found", 0, 0);
    play_skip(&play);
    play_found_listed(&play, "x2", MN_OK, there, 2);
    play_expect(&play, "up adopted #2 x2 MN_OK 2 of 2: 0 taken, 2 held through 1.2\n"
                       "note disk_adopted x2 1.2\n");
    play_close(&play);
}

static void leaves_what_died_in_a_decision_where_it_is(void **state)
{
    (void)state;
    struct play play;
    const mn_epoch there[] = {EPOCH(1, 1), EPOCH(1, 2)};
    begin(&play);
    play_adopt(&play, 1, "x2", "/found", EPOCH(1, 1), 2);
    play_skip(&play);
    play_found_listed(&play, "x2", MN_OK, there, 2);
    play_expect(&play, "take x2 in /found 1.1\n");
    play_found_passed(&play, "x2", EPOCH(1, 1), MN_PASSED_FOREIGN);
    play_expect(&play, "up adopted #1 x2 MN_STALE 2 of 2: 0 taken, 0 held through 0.0, passed 1.1 "
                       "foreign, passed 1.2 dead; what is whole of it there died when a decision "
                       "had the vat go on from an older checkpoint\n"
                       "note disk_not_adopted x2 MN_STALE\n");
    play_close(&play);
}

static void passes_over_what_no_longer_fits(void **state)
{
    (void)state;
    struct play play;
    const mn_epoch there[] = {EPOCH(1, 1), EPOCH(1, 2), EPOCH(1, 3)};
    begin(&play);
    play_adopt(&play, 1, "x2", "/found", 0, 0);
    play_skip(&play);
    play_found_listed(&play, "x2", MN_OK, there, 3);
    play_found_taken(&play, "x2", EPOCH(1, 1), 0);
    play_skip(&play);
    play_found_passed(&play, "x2", EPOCH(1, 2), MN_PASSED_FULL);
    play_expect(&play, "up adopted #1 x2 MN_OK 3 of 3: 1 taken, 0 held through 1.1, passed 1.2 "
                       "full, passed 1.3 full\n"
                       "note disk_adopted x2 1.1\n"
                       "up report #1 x2 1.1 since 0.0 onto 0.0 durable here floor 0.0\n");
    play_close(&play);
}

static void says_when_there_is_nothing(void **state)
{
    (void)state;
    struct play play;
    begin(&play);
    play_adopt(&play, 1, "x2", "/found", 0, 0);
    play_skip(&play);
    play_found_listed(&play, "x2", MN_DENIED, NULL, 0);
    play_expect(&play, "up adopted #1 x2 MN_DENIED 0 of 0: 0 taken, 0 held through 0.0; cannot "
                       "open the directory /found\n"
                       "note disk_not_adopted x2 MN_DENIED\n");
    play_adopt(&play, 2, "x2", "/found", 0, 0);
    play_skip(&play);
    play_found_listed(&play, "x2", MN_OK, NULL, 0);
    play_expect(&play, "up adopted #2 x2 MN_NOT_FOUND 0 of 0: 0 taken, 0 held through 0.0; there "
                       "is no checkpoint file of it there\n"
                       "note disk_not_adopted x2 MN_NOT_FOUND\n");
    play_close(&play);
}

static void adopts_nothing_of_a_vat_that_runs_here(void **state)
{
    (void)state;
    struct play play;
    begin(&play);
    play_adopt(&play, 1, "x1", "/found", 0, 0);
    play_expect(&play, "up adopted #1 x1 MN_AGAIN 0 of 0: 0 taken, 0 held through 0.0; a life of "
                       "it runs on that host still\n"
                       "note disk_not_adopted x1 MN_AGAIN\n");
    play_close(&play);
}

static void reads_one_disk_of_a_vat_at_a_time(void **state)
{
    (void)state;
    struct play play;
    begin(&play);
    play_adopt(&play, 1, "x2", "/found", 0, 0);
    play_skip(&play);
    play_adopt(&play, 2, "x2", "/other", 0, 0);
    play_expect(&play, "up adopted #2 x2 MN_AGAIN 0 of 0: 0 taken, 0 held through 0.0; another "
                       "disk is being read for it there\n"
                       "note disk_not_adopted x2 MN_AGAIN\n");
    play_close(&play);
}

static void a_piece_from_another_host_and_a_found_file_do_not_meet(void **state)
{
    (void)state;
    struct play play;
    const mn_epoch there[] = {EPOCH(1, 1), EPOCH(1, 2)};
    begin(&play);
    play_piece(&play, 2, "x2", EPOCH(1, 1), 1000, 0, 400); /* at the disk */
    play_adopt(&play, 1, "x2", "/found", 0, 0);
    play_skip(&play);
    play_found_listed(&play, "x2", MN_OK, there, 2);
    play_expect(&play, "");
    play_piece_written(&play, "x2", EPOCH(1, 1), 0, 0, 400, false, MN_OK);
    play_skip(&play);
    play_at(&play, 1000);
    play_tick(&play);
    play_expect(&play, "up heartbeat 1 lag 0\n"
                       "up state x1 run 1 up tcp://10.0.0.1:91\n"
                       "take x2 in /found 1.1\n");
    play_piece(&play, 2, "x2", EPOCH(1, 1), 1000, 400, 600); /* what it wanted comes too late */
    play_expect(&play, "");
    play_found_taken(&play, "x2", EPOCH(1, 1), 0);
    play_expect(&play, "take x2 in /found 1.2\n");
    play_close(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_is_there_oldest_first_and_reports_it),
        cmocka_unit_test(finds_here_what_was_copied_before_when_it_is_asked_again),
        cmocka_unit_test(leaves_what_died_in_a_decision_where_it_is),
        cmocka_unit_test(passes_over_what_no_longer_fits),
        cmocka_unit_test(says_when_there_is_nothing),
        cmocka_unit_test(adopts_nothing_of_a_vat_that_runs_here),
        cmocka_unit_test(reads_one_disk_of_a_vat_at_a_time),
        cmocka_unit_test(a_piece_from_another_host_and_a_found_file_do_not_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
