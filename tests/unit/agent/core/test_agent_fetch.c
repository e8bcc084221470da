/* Starts whose checkpoints are elsewhere: from whom they come, and when a start is given up. */
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

static void ticks(struct play *play, mn_time from_s, mn_time to_s)
{
    for (mn_time second = from_s; second <= to_s; second++) {
        play_at(play, second * 1000);
        play_tick(play);
    }
}

/* x1 has ended, and its file is being read back because a partner got it damaged. */
static void read_back(struct play *play)
{
    play_open(play, 2, 2);
    play_run_x1(play);
    play_written(play, 'a', EPOCH(1, 1), 0, 0);
    play_synced(play, "x1", EPOCH(1, 1), MN_OK);
    play_have(play, 1, "x1", EPOCH(1, 1), MN_OK);
    play_have(play, 1, "x1", EPOCH(1, 1), MN_CORRUPT);
    play_exited(play, "x1", 71, "killed by signal 9 (SIGKILL)");
}

static void goes_on_with_a_start_when_a_file_has_been_read_back(void **state)
{
    (void)state;
    struct play play;
    read_back(&play);
    struct mn_link chain = {EPOCH(1, 1), mn_name_of("h1")};
    play_start(&play, "x1", 2, EPOCH(1, 1), &chain, 1);
    play_recorded(&play, 5);
    play_skip(&play);
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_expect(&play, "start x1 run 2 pid 0\n");
    play_close(&play);
}

static void fails_a_start_when_a_file_turns_out_damaged(void **state)
{
    (void)state;
    struct play play;
    read_back(&play);
    struct mn_link chain = {EPOCH(1, 1), mn_name_of("h1")};
    play_start(&play, "x1", 2, EPOCH(1, 1), &chain, 1);
    play_recorded(&play, 5);
    play_skip(&play);
    play_synced(&play, "x1", EPOCH(1, 1), MN_CORRUPT);
    play_expect(&play,
                "note checkpoint_not_durable x1 1.1 MN_CORRUPT\n"
                "note fetch_failed x1 h1 1.1 MN_NOT_FOUND\n"
                "note vat_exited x1\n"
                "up state x1 run 2 exited: a checkpoint of its chain could not be fetched\n");
    play_close(&play);
}

static void fetches_from_its_holder_what_turns_out_damaged_here(void **state)
{
    (void)state;
    struct play play;
    read_back(&play);
    struct mn_link chain = {EPOCH(1, 1), mn_name_of("h3")};
    play_start(&play, "x1", 2, EPOCH(1, 1), &chain, 1);
    play_recorded(&play, 5);
    play_skip(&play);
    play_synced(&play, "x1", EPOCH(1, 1), MN_CORRUPT);
    play_expect(&play, "note checkpoint_not_durable x1 1.1 MN_CORRUPT\n"
                       "note fetch x1 h3 1.1\n"
                       "copies h3 x1 want 1.1 from 0\n");
    play_close(&play);
}

/* The start is not on record when the file has been read back. */
/* x1 has run 2 with pid 72 from what run 1 left, and its process has ended before it was up. */
static void end_before_up(struct play *play)
{
    struct mn_link chain = {EPOCH(1, 1), mn_name_of("h1")};
    play_open(play, 1, 2);
    play_run_x1(play);
    play_written(play, 'a', EPOCH(1, 1), 0, 0);
    play_synced(play, "x1", EPOCH(1, 1), MN_OK);
    play_exited(play, "x1", 71, "killed by signal 9 (SIGKILL)");
    play_start(play, "x1", 2, EPOCH(1, 1), &chain, 1);
    play_recorded(play, 5);
    play_started(play, "x1", 72);
    play_recorded(play, 6);
    play_skip(play);
    play_exited(play, "x1", 72, "exited with status 3");
}

static void reads_back_what_a_process_could_not_begin_from(void **state)
{
    (void)state;
    struct play play;
    end_before_up(&play);
    play_expect(&play, "note vat_exited x1\n"
                       "up state x1 run 2 exited: exited with status 3\n"
                       "sync x1 1.1 again\n");
    play_synced(&play, "x1", EPOCH(1, 1), MN_CORRUPT);
    play_expect(&play, "note checkpoint_not_durable x1 1.1 MN_CORRUPT\n");
    ticks(&play, 1, 1);
    play_expect(&play,
                "up heartbeat 1 lag 0\n"
                "up state x1 run 2 exited\n"
                "up report #2 x1 1.1 since 0.0 onto 0.0 durable gone floor 0.0 heard x2 1.9\n"
                "up report #2 x1 1.1 since 0.0 onto 0.0 durable floor 0.0 heard x2 1.9\n");
    play_close(&play);
}

/* Its program cannot begin, whatever it is given. */
static void reads_nothing_back_again_soon_because_processes_end_before_they_are_up(void **state)
{
    (void)state;
    struct play play;
    struct mn_link chain = {EPOCH(1, 1), mn_name_of("h1")};
    end_before_up(&play);
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_start(&play, "x1", 3, EPOCH(1, 1), &chain, 1);
    play_recorded(&play, 7);
    play_started(&play, "x1", 73);
    play_recorded(&play, 8);
    play_skip(&play);
    play_exited(&play, "x1", 73, "exited with status 3");
    play_expect(&play, "note vat_exited x1\n"
                       "up state x1 run 3 exited: exited with status 3\n");
    play_at(&play, 10000); /* it may have gone bad since */
    play_start(&play, "x1", 4, EPOCH(1, 1), &chain, 1);
    play_recorded(&play, 9);
    play_started(&play, "x1", 74);
    play_recorded(&play, 10);
    play_skip(&play);
    play_exited(&play, "x1", 74, "exited with status 3");
    play_expect(&play, "note vat_exited x1\n"
                       "up state x1 run 4 exited: exited with status 3\n"
                       "sync x1 1.1 again\n");
    play_close(&play);
}

static void starts_nothing_before_the_start_is_durable_though_its_files_are_here(void **state)
{
    (void)state;
    struct play play;
    read_back(&play);
    struct mn_link chain = {EPOCH(1, 1), mn_name_of("h1")};
    play_start(&play, "x1", 2, EPOCH(1, 1), &chain, 1);
    play_skip(&play);
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    assert_false(said(&play, "start x1"));
    play_recorded(&play, 5);
    assert_true(said(&play, "start x1 run 2 pid 0\n"));
    play_close(&play);
}

/* h2 was sending x2's checkpoint when it burned. */
static void fetches_the_rest_of_what_has_half_arrived_from_the_named_holder(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 3, 2);
    play_run_x1(&play);
    play_offer(&play, 1, "x2", EPOCH(1, 1), 2000);
    play_piece(&play, 1, "x2", EPOCH(1, 1), 2000, 0, 1000);
    play_piece_written(&play, "x2", EPOCH(1, 1), 0, 0, 1000, false, MN_OK);
    struct mn_link chain = {EPOCH(1, 1), mn_name_of("h3")};
    play_start(&play, "x2", 2, EPOCH(1, 1), &chain, 1);
    play_skip(&play);
    play_recorded(&play, 5);
    play_expect(&play, "note fetch x2 h3 1.1\n"
                       "copies h3 x2 want 1.1 from 1000\n");
    play_piece(&play, 1, "x2", EPOCH(1, 1), 2000, 1000, 1000);
    play_expect(&play, "");
    play_piece(&play, 2, "x2", EPOCH(1, 1), 2000, 1000, 1000);
    play_expect(&play, "write h3 x2 piece 1.1 at 1000, 1000 of 2000 bytes\n");
    play_piece_written(&play, "x2", EPOCH(1, 1), 0, 1000, 1000, true, MN_OK);
    play_expect(&play, "start x2 run 2 pid 0\n");
    play_close(&play);
}

/* The first half is at the disk when the start comes. */
static void asks_the_named_holder_for_what_follows_the_piece_that_is_being_written(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 3, 2);
    play_run_x1(&play);
    play_piece(&play, 1, "x2", EPOCH(1, 1), 2000, 0, 1000);
    struct mn_link chain = {EPOCH(1, 1), mn_name_of("h3")};
    play_start(&play, "x2", 2, EPOCH(1, 1), &chain, 1);
    play_skip(&play);
    play_recorded(&play, 5);
    play_expect(&play, "note fetch x2 h3 1.1\n");
    play_piece_written(&play, "x2", EPOCH(1, 1), 0, 0, 1000, false, MN_OK);
    play_expect(&play, "copies h3 x2 want 1.1 from 1000\n");
    play_close(&play);
}

static void begins_anew_when_the_named_holder_has_another_file(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 3, 2);
    play_run_x1(&play);
    play_piece(&play, 1, "x2", EPOCH(1, 1), 2000, 0, 1000);
    play_piece_written(&play, "x2", EPOCH(1, 1), 0, 0, 1000, false, MN_OK);
    struct mn_link chain = {EPOCH(1, 1), mn_name_of("h3")};
    play_start(&play, "x2", 2, EPOCH(1, 1), &chain, 1);
    play_recorded(&play, 5);
    play_skip(&play);
    play_piece(&play, 2, "x2", EPOCH(1, 1), 3000, 1000, 2000);
    play_expect(&play, "copies h3 x2 want 1.1 from 0\n");
    play_piece(&play, 2, "x2", EPOCH(1, 1), 3000, 0, 3000);
    play_expect(&play, "write h3 x2 piece 1.1 at 0, 3000 of 3000 bytes\n");
    play_close(&play);
}

static void turns_to_the_holder_that_a_newer_start_names(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 3, 2);
    play_run_x1(&play);
    struct mn_link chain = {EPOCH(1, 1), mn_name_of("h2")};
    play_start(&play, "x2", 2, EPOCH(1, 1), &chain, 1);
    play_recorded(&play, 5);
    chain.holder = mn_name_of("h3");
    play_start(&play, "x2", 3, EPOCH(1, 1), &chain, 1);
    play_skip(&play);
    play_recorded(&play, 6);
    play_expect(&play, "note fetch x2 h3 1.1\n"
                       "copies h3 x2 want 1.1 from 0\n");
    play_close(&play);
}

/* A copy takes 2 s at most; for 8 s nothing has arrived. */
static void fails_a_start_whose_holder_does_not_answer(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    struct mn_link chain = {EPOCH(1, 1), mn_name_of("h3")};
    play_start(&play, "x2", 2, EPOCH(1, 1), &chain, 1);
    play_recorded(&play, 5);
    ticks(&play, 1, 7);
    assert_false(said(&play, "exited"));
    ticks(&play, 8, 8);
    assert_true(said(&play, "note fetch_failed x2 h3 1.1 MN_AGAIN\n"
                            "note vat_exited x2\n"
                            "up state x2 run 2 exited: a checkpoint of its chain could not be "
                            "fetched\n"));
    play_close(&play);
}

static void fails_no_start_of_which_something_arrives(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    struct mn_link chain = {EPOCH(1, 1), mn_name_of("h3")};
    play_start(&play, "x2", 2, EPOCH(1, 1), &chain, 1);
    play_recorded(&play, 5);
    ticks(&play, 1, 6);
    play_piece(&play, 2, "x2", EPOCH(1, 1), 2000, 0, 1000);
    play_piece_written(&play, "x2", EPOCH(1, 1), 0, 0, 1000, false, MN_OK);
    ticks(&play, 7, 13);
    assert_false(said(&play, "exited"));
    ticks(&play, 14, 14);
    assert_true(said(&play, "up state x2 run 2 exited"));
    play_close(&play);
}

/* The agent of a former life goes on sending copies that this start does not need. */
static void fails_a_start_though_other_copies_of_its_vat_arrive(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    struct mn_link chain = {EPOCH(1, 1), mn_name_of("h3")};
    play_start(&play, "x2", 2, EPOCH(1, 1), &chain, 1);
    play_recorded(&play, 5);
    ticks(&play, 1, 6);
    play_piece(&play, 1, "x2", EPOCH(1, 9), 500, 0, 500);
    play_piece_written(&play, "x2", EPOCH(1, 9), 0, 0, 500, true, MN_OK);
    ticks(&play, 7, 8);
    assert_true(said(&play, "up state x2 run 2 exited"));
    play_close(&play);
}

static void tells_the_holder_that_what_it_sent_is_damaged(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    struct mn_link chain = {EPOCH(1, 1), mn_name_of("h3")};
    play_start(&play, "x2", 2, EPOCH(1, 1), &chain, 1);
    play_recorded(&play, 5);
    play_piece(&play, 2, "x2", EPOCH(1, 1), 500, 0, 500);
    play_skip(&play);
    play_piece_written(&play, "x2", EPOCH(1, 1), 0, 0, 500, false, MN_CORRUPT);
    play_expect(&play, "note copy_not_stored x2 h3 1.1 MN_CORRUPT\n"
                       "note fetch_failed x2 h3 1.1 MN_CORRUPT\n"
                       "note vat_exited x2\n"
                       "up state x2 run 2 exited: a checkpoint of its chain could not be fetched\n"
                       "copies h3 x2 have 1.1 MN_CORRUPT\n");
    play_close(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_on_with_a_start_when_a_file_has_been_read_back),
        cmocka_unit_test(fails_a_start_when_a_file_turns_out_damaged),
        cmocka_unit_test(fetches_from_its_holder_what_turns_out_damaged_here),
        cmocka_unit_test(reads_back_what_a_process_could_not_begin_from),
        cmocka_unit_test(reads_nothing_back_again_soon_because_processes_end_before_they_are_up),
        cmocka_unit_test(starts_nothing_before_the_start_is_durable_though_its_files_are_here),
        cmocka_unit_test(fetches_the_rest_of_what_has_half_arrived_from_the_named_holder),
        cmocka_unit_test(asks_the_named_holder_for_what_follows_the_piece_that_is_being_written),
        cmocka_unit_test(begins_anew_when_the_named_holder_has_another_file),
        cmocka_unit_test(turns_to_the_holder_that_a_newer_start_names),
        cmocka_unit_test(fails_a_start_whose_holder_does_not_answer),
        cmocka_unit_test(fails_no_start_of_which_something_arrives),
        cmocka_unit_test(fails_a_start_though_other_copies_of_its_vat_arrive),
        cmocka_unit_test(tells_the_holder_that_what_it_sent_is_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
