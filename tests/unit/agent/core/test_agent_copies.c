/* Copies at partners: what is durable, who holds it, what may go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent_play.h"

/* A checkpoint of x1 that is durable everywhere. */
static void make_durable(struct play *play, mn_epoch epoch, mn_epoch since, mn_epoch onto)
{
    play_written(play, 'a', epoch, since, onto);
    play_synced(play, "x1", epoch, MN_OK);
    play_have(play, 1, "x1", epoch, MN_OK);
}

static void calls_a_checkpoint_durable_only_when_synced_here_and_held_by_the_partner(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_expect(&play, "send h2 x1 piece 1.1 at 0, 0 of 1000 bytes\n"
                       "sync x1 1.1\n");
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_expect(&play, "");
    play_have(&play, 2, "x1", EPOCH(1, 1), MN_OK);
    play_expect(&play, "");
    play_have(&play, 1, "x1", EPOCH(1, 1), MN_OK);
    play_expect(&play,
                "vat a durable 1.1 floor 0.0\n"
                "up report #1 x1 1.1 since 0.0 onto 0.0 durable here floor 0.0 heard x2 1.9\n");
    play_taken(&play, 1);
    play_expect(&play, "");
    play_close(&play);
}

static void calls_nothing_durable_that_only_the_partner_has_synced(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_skip(&play);
    play_have(&play, 1, "x1", EPOCH(1, 1), MN_OK);
    play_expect(&play, "");
    play_synced(&play, "x1", EPOCH(1, 1), MN_NO_SPACE);
    play_expect(&play, "note checkpoint_not_durable x1 1.1 MN_NO_SPACE\n");
    play_at(&play, 1000);
    play_tick(&play);
    play_expect(&play, "up heartbeat 1 lag 0\n"
                       "up state x1 run 1 up tcp://10.0.0.1:91\n"
                       "sync x1 1.1 again\n");
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_expect(&play,
                "vat a durable 1.1 floor 0.0\n"
                "up report #1 x1 1.1 since 0.0 onto 0.0 durable here floor 0.0 heard x2 1.9\n");
    play_close(&play);
}

static void goes_on_sending_a_large_file_while_it_is_synced(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    struct mn_from_vat message = {.kind = MN_FROM_VAT_WRITTEN, .run = 1};
    message.written.epoch = EPOCH(1, 1);
    message.written.size = 300000;
    message.written.digest = play_digest(EPOCH(1, 1));
    play_vat(&play, 'a', &message);
    play_expect(&play, "copies h2 x1 offer 1.1 size 300000\n"
                       "sync x1 1.1\n");
    play_want(&play, 1, "x1", EPOCH(1, 1), 262144);
    play_expect(&play, "send h2 x1 piece 1.1 at 262144, 0 of 300000 bytes\n");
    play_close(&play);
}

/* Its sync shows what is wrong with it, if anything is. */
static void sends_again_once_it_is_synced_what_did_not_get_there_whole(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_written(&play, 'a', EPOCH(1, 2), EPOCH(1, 1), 0);
    play_skip(&play);
    play_have(&play, 1, "x1", EPOCH(1, 1), MN_CORRUPT);
    play_expect(&play, "note copy_refused x1 h2 1.1 MN_CORRUPT\n");
    struct agent_event read = {.kind = AGENT_ON_FILE_READ};
    read.read.host = 1;
    read.read.vat = mn_name_of("x1");
    read.read.epoch = EPOCH(1, 2);
    read.read.result = MN_CORRUPT;
    play_step(&play, &read);
    play_expect(&play, "note copy_not_readable x1 h2 1.2 MN_CORRUPT\n"
                       "copies h2 x1 have 1.2 MN_CORRUPT\n");
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_expect(&play, "send h2 x1 piece 1.1 at 0, 0 of 1000 bytes\n");
    play_synced(&play, "x1", EPOCH(1, 2), MN_OK);
    play_expect(&play, "send h2 x1 piece 1.2 at 0, 0 of 1000 bytes\n");
    play_close(&play);
}

static void waits_for_everything_below_before_a_checkpoint_is_durable(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_written(&play, 'a', EPOCH(1, 2), EPOCH(1, 1), EPOCH(1, 1));
    play_synced(&play, "x1", EPOCH(1, 2), MN_OK);
    play_have(&play, 1, "x1", EPOCH(1, 2), MN_OK);
    play_skip(&play);
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_expect(&play, "");
    play_have(&play, 1, "x1", EPOCH(1, 1), MN_OK);
    play_expect(&play,
                "vat a durable 1.2 floor 1.1\n"
                "up report #1 x1 1.1 since 0.0 onto 0.0 durable here floor 1.1 heard x2 1.9\n"
                "up report #1 x1 1.2 since 1.1 onto 1.1 durable here floor 1.1 heard x2 1.9\n");
    play_close(&play);
}

static void promises_nothing_of_a_checkpoint_that_cannot_be_synced(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 1, 2);
    play_run_x1(&play);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_skip(&play);
    play_synced(&play, "x1", EPOCH(1, 1), MN_NO_SPACE);
    play_expect(&play, "note checkpoint_not_durable x1 1.1 MN_NO_SPACE\n");
    play_at(&play, 1000);
    play_tick(&play);
    play_expect(&play, "up heartbeat 1 lag 0\n"
                       "up state x1 run 1 up tcp://10.0.0.1:91\n"
                       "sync x1 1.1 again\n");
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_expect(&play,
                "vat a durable 1.1 floor 0.0\n"
                "up report #1 x1 1.1 since 0.0 onto 0.0 durable here floor 0.0 heard x2 1.9\n");
    play_close(&play);
}

static void passes_over_a_checkpoint_whose_base_is_missing(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 1, 1);
    play_run_x1(&play);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_synced(&play, "x1", EPOCH(1, 1), MN_NOT_FOUND);
    play_written(&play, 'a', EPOCH(1, 2), 0, EPOCH(1, 1));
    play_skip(&play);
    play_synced(&play, "x1", EPOCH(1, 2), MN_OK);
    play_expect(&play, "");
    play_written(&play, 'a', EPOCH(1, 3), 0, 0);
    play_skip(&play);
    play_synced(&play, "x1", EPOCH(1, 3), MN_OK);
    play_expect(&play,
                "vat a durable 1.3 floor 1.3\n"
                "up report #1 x1 1.1 since 0.0 onto 0.0 gone floor 1.3 heard x2 1.9\n"
                "up report #1 x1 1.1 since 0.0 onto 0.0 floor 1.3 heard x2 1.9\n"
                "up report #1 x1 1.3 since 0.0 onto 0.0 durable here floor 1.3 heard x2 1.9\n");
    play_taken(&play, 1);
    play_expect(&play, "record #5 floor x1 run 1: 1.3\n");
    play_recorded(&play, 5);
    play_expect(&play, "delete x1 1.2\n");
    play_close(&play);
}

static void deletes_below_the_floor_what_no_kept_checkpoint_needs(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    make_durable(&play, EPOCH(1, 1), 0, 0);
    make_durable(&play, EPOCH(1, 2), EPOCH(1, 1), EPOCH(1, 1));
    make_durable(&play, EPOCH(1, 3), EPOCH(1, 1), EPOCH(1, 2));
    play_skip(&play);
    make_durable(&play, EPOCH(1, 4), EPOCH(1, 1), 0);
    play_expect(&play,
                "send h2 x1 piece 1.4 at 0, 0 of 1000 bytes\n"
                "sync x1 1.4\n"
                "vat a durable 1.4 floor 1.3\n"
                "up report #4 x1 1.4 since 1.3 onto 0.0 durable here floor 1.3 heard x2 1.9\n");
    for (uint64_t report = 1; report <= 4; report++) {
        play_taken(&play, report);
    }
    make_durable(&play, EPOCH(1, 5), EPOCH(1, 4), EPOCH(1, 4));
    play_expect(&play,
                "send h2 x1 piece 1.5 at 0, 0 of 1000 bytes\n"
                "sync x1 1.5\n"
                "vat a durable 1.5 floor 1.4\n"
                "up report #5 x1 1.5 since 1.4 onto 1.4 durable here floor 1.4 heard x2 1.9\n");
    play_taken(&play, 5);
    play_expect(&play, "record #5 floor x1 run 1: 1.4\n");
    play_recorded(&play, 5);
    play_expect(&play, "delete x1 1.3\n"
                       "delete x1 1.2\n"
                       "delete x1 1.1\n"
                       "copies h2 x1 drop run 1 keep 1.4 1.5\n");
    make_durable(&play, EPOCH(1, 6), EPOCH(1, 4), EPOCH(1, 5));
    play_expect(&play,
                "send h2 x1 piece 1.6 at 0, 0 of 1000 bytes\n"
                "sync x1 1.6\n"
                "vat a durable 1.6 floor 1.5\n"
                "up report #6 x1 1.3 since 1.1 onto 1.2 durable gone floor 1.5 heard x2 1.9\n"
                "up report #6 x1 1.2 since 1.1 onto 1.1 durable gone floor 1.5 heard x2 1.9\n"
                "up report #6 x1 1.1 since 0.0 onto 0.0 durable gone floor 1.5 heard x2 1.9\n"
                "up report #6 x1 1.6 since 1.5 onto 1.5 durable here floor 1.5 heard x2 1.9\n");
    play_close(&play);
}

/* h3 was a partner before this agent began. */
static void has_those_let_go_who_say_that_they_hold_something(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    for (mn_epoch epoch = EPOCH(1, 1); epoch <= EPOCH(1, 3); epoch++) {
        make_durable(&play, epoch, 0, 0);
        play_taken(&play, (uint64_t)(epoch - EPOCH(1, 0)));
    }
    play_have(&play, 2, "x1", EPOCH(1, 1), MN_OK);
    play_skip(&play);
    play_recorded(&play, 5);
    play_expect(&play, "delete x1 1.1\n"
                       "copies h2 x1 drop run 1 keep 1.2 1.3\n"
                       "copies h3 x1 drop run 1 keep 1.2 1.3\n");
    play_close(&play);
}

/* The partner has 1.4, and counts for it, before it is synced here. */
static void has_a_partner_keep_what_is_not_synced_here_yet(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    make_durable(&play, EPOCH(1, 1), 0, 0);
    make_durable(&play, EPOCH(1, 2), 0, 0);
    play_taken(&play, 1);
    play_taken(&play, 2);
    play_written(&play, 'a', EPOCH(1, 3), 0, 0);
    play_synced(&play, "x1", EPOCH(1, 3), MN_OK);
    play_written(&play, 'a', EPOCH(1, 4), 0, 0);
    play_have(&play, 1, "x1", EPOCH(1, 4), MN_OK);
    play_synced(&play, "x1", EPOCH(1, 4), MN_NO_SPACE);
    play_written(&play, 'a', EPOCH(1, 5), 0, 0);
    play_synced(&play, "x1", EPOCH(1, 5), MN_OK);
    play_have(&play, 1, "x1", EPOCH(1, 3), MN_OK);
    play_taken(&play, 3);
    play_skip(&play);
    play_recorded(&play, 5);
    play_expect(&play, "delete x1 1.1\n"
                       "copies h2 x1 drop run 1 keep 1.2 1.3 1.4 1.5\n");
    play_close(&play);
}

static void deletes_nothing_and_moves_no_floor_while_a_round_is_open(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 1, 1);
    play_run_x1(&play);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_taken(&play, 1);
    play_freeze(&play, 1, 1, NULL, NULL, 0);
    play_skip(&play);
    play_written(&play, 'a', EPOCH(1, 2), 0, 0);
    play_synced(&play, "x1", EPOCH(1, 2), MN_OK);
    play_expect(&play,
                "sync x1 1.2\n"
                "vat a durable 1.2 floor 1.1\n"
                "up report #2 x1 1.2 since 1.1 onto 0.0 durable here floor 1.1 heard x2 1.9\n");
    play_decision(&play, 1, NULL, NULL);
    play_expect(&play, "record #5 round 1 told 0\n");
    play_recorded(&play, 5);
    play_expect(&play, "note decision\n"
                       "vat a round 1\n");
    play_taken(&play, 2);
    play_expect(&play, "record #6 floor x1 run 1: 1.2\n");
    play_recorded(&play, 6);
    play_expect(&play, "delete x1 1.1\n");
    play_close(&play);
}

static void offers_everything_retained_to_a_new_partner_when_the_old_one_is_lost(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    make_durable(&play, EPOCH(1, 1), 0, 0);
    make_durable(&play, EPOCH(1, 2), EPOCH(1, 1), EPOCH(1, 1));
    play_skip(&play);
    play_freeze(&play, 1, 1, "h2", NULL, 0);
    play_expect(&play, "note freeze\n"
                       "note partner x1 h3\n"
                       "send h3 x1 piece 1.1 at 0, 0 of 1000 bytes\n"
                       "send h3 x1 piece 1.2 at 0, 0 of 1000 bytes\n"
                       "vat a freeze round 1 attempt 1\n");
    play_written(&play, 'a', EPOCH(1, 3), EPOCH(1, 1), EPOCH(1, 2));
    play_synced(&play, "x1", EPOCH(1, 3), MN_OK);
    play_expect(&play, "send h3 x1 piece 1.3 at 0, 0 of 1000 bytes\n"
                       "sync x1 1.3\n");
    play_have(&play, 2, "x1", EPOCH(1, 3), MN_OK);
    play_expect(&play, "");
    play_have(&play, 2, "x1", EPOCH(1, 1), MN_OK);
    play_expect(&play, "");
    play_have(&play, 2, "x1", EPOCH(1, 2), MN_OK);
    play_expect(&play,
                "vat a durable 1.3 floor 1.1\n"
                "up report #3 x1 1.3 since 1.2 onto 1.2 durable here floor 1.1 heard x2 1.9\n");
    play_close(&play);
}

/* A checkpoint of x1 that goes in pieces. */
static void write_large(struct play *play, mn_epoch epoch)
{
    struct mn_from_vat message = {.kind = MN_FROM_VAT_WRITTEN, .run = mn_epoch_run(epoch)};
    message.written.epoch = epoch;
    message.written.size = 300000;
    message.written.digest = play_digest(epoch);
    play_vat(play, 'a', &message);
    play_synced(play, "x1", epoch, MN_OK);
}

static void offers_two_large_files_at_a_time_so_that_the_older_ones_are_soon_there(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 4);
    play_run_x1(&play);
    write_large(&play, EPOCH(1, 1));
    write_large(&play, EPOCH(1, 2));
    write_large(&play, EPOCH(1, 3));
    play_expect(&play, "copies h2 x1 offer 1.1 size 300000\n"
                       "sync x1 1.1\n"
                       "copies h2 x1 offer 1.2 size 300000\n"
                       "sync x1 1.2\n"
                       "sync x1 1.3\n");
    play_have(&play, 1, "x1", EPOCH(1, 1), MN_OK);
    play_expect(&play, "copies h2 x1 offer 1.3 size 300000\n"
                       "vat a durable 1.1 floor 0.0\n"
                       "up report #1 x1 1.1 since 0.0 onto 0.0 durable here floor 0.0\n");
    play_close(&play);
}

static void turns_to_another_host_when_the_partner_does_not_answer(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_at(&play, 1000);
    play_tick(&play);
    play_skip(&play);
    play_at(&play, 2000);
    play_tick(&play);
    play_expect(&play, "up heartbeat 2 lag 0\n"
                       "up state x1 run 1 up tcp://10.0.0.1:91\n"
                       "send h2 x1 piece 1.1 at 0, 0 of 1000 bytes\n");
    play_close(&play);
}

static void sends_again_to_a_partner_that_was_heard_of_since(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_at(&play, 1000);
    play_tick(&play);
    play_have(&play, 1, "x3", EPOCH(1, 1), MN_OK);
    play_skip(&play);
    play_at(&play, 2000);
    play_tick(&play);
    play_expect(&play, "up heartbeat 2 lag 0\n"
                       "up state x1 run 1 up tcp://10.0.0.1:91\n"
                       "send h2 x1 piece 1.1 at 0, 0 of 1000 bytes\n");
    play_close(&play);
}

static void tries_another_host_when_the_partner_has_no_room(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_skip(&play);
    play_have(&play, 1, "x1", EPOCH(1, 1), MN_NO_SPACE);
    play_expect(&play, "note copy_refused x1 h2 1.1 MN_NO_SPACE\n"
                       "note partner x1 h3\n"
                       "send h3 x1 piece 1.1 at 0, 0 of 1000 bytes\n");
    play_have(&play, 2, "x1", EPOCH(1, 1), MN_NO_SPACE);
    play_have(&play, 3, "x1", EPOCH(1, 1), MN_NO_SPACE);
    play_expect(&play, "note copy_refused x1 h3 1.1 MN_NO_SPACE\n"
                       "note partner x1 h4\n"
                       "send h4 x1 piece 1.1 at 0, 0 of 1000 bytes\n"
                       "note copy_refused x1 h4 1.1 MN_NO_SPACE\n"
                       "note no_partner x1\n");
    for (mn_time second = 1; second <= 7; second++) {
        play_at(&play, second * 1000);
        play_tick(&play);
    }
    play_skip(&play);
    play_at(&play, 8000);
    play_tick(&play);
    play_expect(&play, "up heartbeat 8 lag 0\n"
                       "up state x1 run 1 up tcp://10.0.0.1:91\n"
                       "note partner x1 h2\n"
                       "send h2 x1 piece 1.1 at 0, 0 of 1000 bytes\n");
    play_close(&play);
}

/* Whose fault it is shows when the file is read back. */
static void reads_a_file_back_that_a_partner_got_damaged_before_it_blames_the_partner(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_skip(&play);
    play_have(&play, 1, "x1", EPOCH(1, 1), MN_CORRUPT);
    play_expect(&play, "note copy_refused x1 h2 1.1 MN_CORRUPT\n"
                       "sync x1 1.1 again\n");
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_expect(&play, "send h2 x1 piece 1.1 at 0, 0 of 1000 bytes\n");
    play_have(&play, 1, "x1", EPOCH(1, 1), MN_CORRUPT);
    play_expect(&play, "note copy_refused x1 h2 1.1 MN_CORRUPT\n"
                       "note partner x1 h3\n"
                       "send h3 x1 piece 1.1 at 0, 0 of 1000 bytes\n");
    play_close(&play);
}

static void counts_a_checkpoint_no_more_that_is_damaged_here(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    make_durable(&play, EPOCH(1, 1), 0, 0);
    play_taken(&play, 1);
    play_have(&play, 1, "x1", EPOCH(1, 1), MN_CORRUPT);
    play_skip(&play);
    play_synced(&play, "x1", EPOCH(1, 1), MN_CORRUPT);
    play_expect(&play, "note checkpoint_not_durable x1 1.1 MN_CORRUPT\n");
    play_at(&play, 1000);
    play_tick(&play);
    play_expect(&play, "up heartbeat 1 lag 0\n"
                       "up state x1 run 1 up tcp://10.0.0.1:91\n"
                       "vat a take_full above 1.1\n"
                       "note full_asked x1 1.1\n"
                       "up report #2 x1 1.1 since 0.0 onto 0.0 durable gone floor 0.0"
                       " heard x2 1.9\n"
                       "up report #2 x1 1.1 since 0.0 onto 0.0 durable floor 0.0"
                       " heard x2 1.9\n");
    play_close(&play);
}

static void needs_every_partner_when_more_copies_are_wanted(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 3, 2);
    play_run_x1(&play);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_expect(&play, "send h2 x1 piece 1.1 at 0, 0 of 1000 bytes\n"
                       "send h3 x1 piece 1.1 at 0, 0 of 1000 bytes\n"
                       "sync x1 1.1\n");
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_expect(&play, "");
    play_have(&play, 1, "x1", EPOCH(1, 1), MN_OK);
    play_expect(&play, "");
    play_have(&play, 2, "x1", EPOCH(1, 1), MN_OK);
    play_expect(&play,
                "vat a durable 1.1 floor 0.0\n"
                "up report #1 x1 1.1 since 0.0 onto 0.0 durable here floor 0.0 heard x2 1.9\n");
    play_close(&play);
}

static void stays_with_a_partner_that_calls_its_life_over(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_skip(&play);
    play_have(&play, 1, "x1", EPOCH(1, 1), MN_STALE);
    play_expect(&play, "note copy_refused x1 h2 1.1 MN_STALE\n");
    play_close(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_a_checkpoint_durable_only_when_synced_here_and_held_by_the_partner),
        cmocka_unit_test(calls_nothing_durable_that_only_the_partner_has_synced),
        cmocka_unit_test(goes_on_sending_a_large_file_while_it_is_synced),
        cmocka_unit_test(sends_again_once_it_is_synced_what_did_not_get_there_whole),
        cmocka_unit_test(waits_for_everything_below_before_a_checkpoint_is_durable),
        cmocka_unit_test(promises_nothing_of_a_checkpoint_that_cannot_be_synced),
        cmocka_unit_test(passes_over_a_checkpoint_whose_base_is_missing),
        cmocka_unit_test(deletes_below_the_floor_what_no_kept_checkpoint_needs),
        cmocka_unit_test(has_those_let_go_who_say_that_they_hold_something),
        cmocka_unit_test(has_a_partner_keep_what_is_not_synced_here_yet),
        cmocka_unit_test(deletes_nothing_and_moves_no_floor_while_a_round_is_open),
        cmocka_unit_test(offers_everything_retained_to_a_new_partner_when_the_old_one_is_lost),
        cmocka_unit_test(offers_two_large_files_at_a_time_so_that_the_older_ones_are_soon_there),
        cmocka_unit_test(turns_to_another_host_when_the_partner_does_not_answer),
        cmocka_unit_test(sends_again_to_a_partner_that_was_heard_of_since),
        cmocka_unit_test(tries_another_host_when_the_partner_has_no_room),
        cmocka_unit_test(reads_a_file_back_that_a_partner_got_damaged_before_it_blames_the_partner),
        cmocka_unit_test(counts_a_checkpoint_no_more_that_is_damaged_here),
        cmocka_unit_test(needs_every_partner_when_more_copies_are_wanted),
        cmocka_unit_test(stays_with_a_partner_that_calls_its_life_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
