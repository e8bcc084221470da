/* Files are read over slowly, and what went bad is reported and copied anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "agent_play.h"

enum { SCRUB_MS = 12000 };

static bool said(const struct play *play, const char *words)
{
    return strstr(play->text, words) != NULL;
}

static void ticks(struct play *play, int from_s, int to_s)
{
    for (int second = from_s; second <= to_s; second++) {
        play_at(play, second * 1000);
        play_tick(play);
    }
}

static void read_over(struct play *play, const char *vat, mn_epoch epoch, mn_result result)
{
    struct agent_event event = {.kind = AGENT_ON_READ_OVER};
    event.read_over.vat = mn_name_of(vat);
    event.read_over.epoch = epoch;
    event.read_over.result = result;
    play_step(play, &event);
}

/* x1's 1.1 is here and at h2, and its 1.2; each is read in a third of the time. */
static void run_with_partner(struct play *play)
{
    play_open_scrubbing(play, 2, 2, SCRUB_MS);
    play_run_x1(play);
    for (mn_epoch epoch = EPOCH(1, 1); epoch <= EPOCH(1, 2); epoch++) {
        play_written(play, 'a', epoch, 0, epoch == EPOCH(1, 1) ? 0 : EPOCH(1, 1));
        play_synced(play, "x1", epoch, MN_OK);
        play_have(play, 1, "x1", epoch, MN_OK);
    }
    play_skip(play);
}

static void reads_each_file_once_in_its_time(void **state)
{
    (void)state;
    struct play play;
    run_with_partner(&play);
    ticks(&play, 1, 1);
    assert_false(said(&play, "read_over")); /* it counts what there is */
    ticks(&play, 2, 5);
    assert_true(said(&play, "read_over x1 1.1\n"));
    assert_false(said(&play, "read_over x1 1.2\n"));
    read_over(&play, "x1", EPOCH(1, 1), MN_OK);
    ticks(&play, 6, 9);
    assert_true(said(&play, "read_over x1 1.2\n"));
    play_skip(&play);
    read_over(&play, "x1", EPOCH(1, 2), MN_OK);
    ticks(&play, 10, 13);
    assert_false(said(&play, "read_over"));
    ticks(&play, 14, 17);
    assert_true(said(&play, "read_over x1 1.1\n"));
    play_close(&play);
}

static void reads_one_file_at_a_time(void **state)
{
    (void)state;
    struct play play;
    run_with_partner(&play);
    ticks(&play, 1, 5);
    play_skip(&play);
    ticks(&play, 6, 20); /* 1.1 has not been read yet */
    assert_false(said(&play, "read_over"));
    read_over(&play, "x1", EPOCH(1, 1), MN_OK);
    ticks(&play, 21, 131);
    assert_false(said(&play, "read_over")); /* the disk had others to serve for 15 s of 20 */
    ticks(&play, 132, 140);
    assert_true(said(&play, "read_over x1 1.2\n"));
    play_close(&play);
}

/* In a heartbeat as many are read as are due by then, one after the other. */
static void reads_as_many_as_are_due(void **state)
{
    (void)state;
    struct play play;
    play_open_scrubbing(&play, 2, 2, 1200);
    play_run_x1(&play);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_written(&play, 'a', EPOCH(1, 2), 0, EPOCH(1, 1));
    play_synced(&play, "x1", EPOCH(1, 2), MN_OK);
    ticks(&play, 1, 2);
    play_skip(&play);
    read_over(&play, "x1", EPOCH(1, 1), MN_OK);
    play_expect(&play, "read_over x1 1.2\n");
    read_over(&play, "x1", EPOCH(1, 2), MN_OK);
    assert_false(said(&play, "read_over"));
    play_close(&play);
}

/* A second's reading is followed by seven of rest, but for the one before it in which the disk was
 * left alone. */
static void leaves_most_of_the_disks_time_to_others(void **state)
{
    (void)state;
    struct play play;
    play_open_scrubbing(&play, 2, 2, 30);
    play_run_x1(&play);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_written(&play, 'a', EPOCH(1, 2), 0, EPOCH(1, 1));
    play_synced(&play, "x1", EPOCH(1, 2), MN_OK);
    ticks(&play, 1, 2);
    assert_true(said(&play, "read_over x1 1.1\n"));
    play_skip(&play);
    play_at(&play, 3000);
    read_over(&play, "x1", EPOCH(1, 1), MN_OK);
    ticks(&play, 3, 8);
    assert_false(said(&play, "read_over"));
    ticks(&play, 9, 9);
    assert_true(said(&play, "read_over x1 1.2\n"));
    play_close(&play);
}

static void reads_nothing_while_a_round_is_open(void **state)
{
    (void)state;
    struct play play;
    run_with_partner(&play);
    ticks(&play, 1, 1);
    play_freeze(&play, 1, 1, NULL, NULL, 0);
    ticks(&play, 2, 15);
    assert_false(said(&play, "read_over"));
    play_close(&play);
}

static void asks_its_partners_whether_they_still_have_what_is_whole_here(void **state)
{
    (void)state;
    struct play play;
    run_with_partner(&play);
    ticks(&play, 1, 5);
    play_skip(&play);
    read_over(&play, "x1", EPOCH(1, 1), MN_OK);
    play_expect(&play, "copies h2 x1 offer 1.1 size 1000\n");
    play_want(&play, 1, "x1", EPOCH(1, 1), 0); /* it has not */
    play_expect(&play, "send h2 x1 piece 1.1 at 0, 0 of 1000 bytes\n");
    play_close(&play);
}

/* Until it is back the newest cannot be restored from here. */
static void gets_what_went_bad_back_from_a_partner(void **state)
{
    (void)state;
    struct play play;
    run_with_partner(&play);
    ticks(&play, 1, 5);
    play_skip(&play);
    read_over(&play, "x1", EPOCH(1, 1), MN_CORRUPT);
    play_expect(&play, "note checkpoint_file_lost x1 1.1 MN_CORRUPT\n"
                       "note fetch x1 h2 1.1\n"
                       "copies h2 x1 want 1.1 from 0\n");
    ticks(&play, 6, 6);
    assert_true(said(&play, "x1 1.1 since 0.0 onto 0.0 durable gone"));
    play_skip(&play);
    play_piece(&play, 1, "x1", EPOCH(1, 1), 1000, 0, 1000);
    play_expect(&play, "write h2 x1 piece 1.1 at 0, 1000 of 1000 bytes\n");
    play_piece_written(&play, "x1", EPOCH(1, 1), 0, 0, 1000, true, MN_OK);
    ticks(&play, 7, 7);
    assert_true(said(&play, "x1 1.1 since 0.0 onto 0.0 durable here"));
    assert_false(said(&play, "take_full"));
    play_close(&play);
}

/* h3 got it damaged, so it was read back here, and h2 has it whole. */
static void sends_anew_what_has_come_back_whole(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 3, 2);
    play_run_x1(&play);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_have(&play, 1, "x1", EPOCH(1, 1), MN_OK);
    play_have(&play, 2, "x1", EPOCH(1, 1), MN_CORRUPT);
    play_skip(&play);
    play_synced(&play, "x1", EPOCH(1, 1), MN_CORRUPT);
    play_expect(&play, "note checkpoint_not_durable x1 1.1 MN_CORRUPT\n"
                       "note fetch x1 h2 1.1\n"
                       "copies h2 x1 want 1.1 from 0\n");
    play_piece(&play, 1, "x1", EPOCH(1, 1), 1000, 0, 1000);
    play_skip(&play);
    play_piece_written(&play, "x1", EPOCH(1, 1), 0, 0, 1000, true, MN_OK);
    play_expect(&play, "send h3 x1 piece 1.1 at 0, 0 of 1000 bytes\n");
    play_close(&play);
}

/* h2 is heard of, but of that file nothing comes. */
static void asks_for_what_went_bad_for_a_while(void **state)
{
    (void)state;
    struct play play;
    run_with_partner(&play);
    ticks(&play, 1, 5);
    read_over(&play, "x1", EPOCH(1, 1), MN_CORRUPT);
    play_skip(&play);
    ticks(&play, 6, 7);
    assert_true(said(&play, "copies h2 x1 want 1.1 from 0\n"));
    ticks(&play, 8, 13);
    play_skip(&play);
    ticks(&play, 14, 20);
    assert_false(said(&play, "want 1.1"));
    play_close(&play);
}

static void tells_who_sends_copies_that_one_went_bad(void **state)
{
    (void)state;
    struct play play;
    play_open_scrubbing(&play, 2, 2, SCRUB_MS);
    play_run_x1(&play);
    play_piece(&play, 1, "x2", EPOCH(1, 1), 500, 0, 500);
    play_piece_written(&play, "x2", EPOCH(1, 1), 0, 0, 500, true, MN_OK);
    ticks(&play, 1, 7);
    play_skip(&play);
    read_over(&play, "x2", EPOCH(1, 1), MN_NOT_FOUND);
    play_expect(&play, "note checkpoint_file_lost x2 1.1 MN_NOT_FOUND\n"
                       "copies h2 x2 have 1.1 MN_NOT_FOUND\n");
    play_close(&play);
}

/* Its agent may have begun anew since, and have chosen other partners. */
static void tells_who_sends_copies_that_one_is_still_here(void **state)
{
    (void)state;
    struct play play;
    play_open_scrubbing(&play, 2, 2, SCRUB_MS);
    play_run_x1(&play);
    play_piece(&play, 1, "x2", EPOCH(1, 1), 500, 0, 500);
    play_piece_written(&play, "x2", EPOCH(1, 1), 0, 0, 500, true, MN_OK);
    ticks(&play, 1, 7);
    play_skip(&play);
    read_over(&play, "x2", EPOCH(1, 1), MN_OK);
    play_expect(&play, "copies h2 x2 have 1.1 MN_OK\n");
    play_close(&play);
}

/* And nobody has sent any since this agent began. */
static void asks_whose_the_copies_are_that_are_here(void **state)
{
    (void)state;
    struct play play;
    play_open_scrubbing(&play, 2, 2, SCRUB_MS);
    play_file(&play, "x2", EPOCH(1, 1), 0, 0);
    play_begin(&play);
    play_welcome(&play, 1, true);
    ticks(&play, 1, 13);
    play_skip(&play);
    read_over(&play, "x2", EPOCH(1, 1), MN_OK);
    play_expect(&play, "up lookup x2\n");
    play_close(&play);
}

static void sends_a_partner_anew_what_it_has_lost(void **state)
{
    (void)state;
    struct play play;
    run_with_partner(&play);
    play_have(&play, 1, "x1", EPOCH(1, 1), MN_NOT_FOUND);
    play_expect(&play, "send h2 x1 piece 1.1 at 0, 0 of 1000 bytes\n");
    play_close(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_each_file_once_in_its_time),
        cmocka_unit_test(reads_one_file_at_a_time),
        cmocka_unit_test(reads_as_many_as_are_due),
        cmocka_unit_test(leaves_most_of_the_disks_time_to_others),
        cmocka_unit_test(reads_nothing_while_a_round_is_open),
        cmocka_unit_test(asks_its_partners_whether_they_still_have_what_is_whole_here),
        cmocka_unit_test(gets_what_went_bad_back_from_a_partner),
        cmocka_unit_test(sends_anew_what_has_come_back_whole),
        cmocka_unit_test(asks_for_what_went_bad_for_a_while),
        cmocka_unit_test(tells_who_sends_copies_that_one_went_bad),
        cmocka_unit_test(tells_who_sends_copies_that_one_is_still_here),
        cmocka_unit_test(asks_whose_the_copies_are_that_are_here),
        cmocka_unit_test(sends_a_partner_anew_what_it_has_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
