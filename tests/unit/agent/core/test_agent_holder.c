/* Copies held for others, and what is sent of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent_play.h"

static void holds_a_copy_for_another_host_and_reports_it_once_it_is_synced(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_piece(&play, 1, "x2", EPOCH(1, 1), 500, 0, 500);
    play_expect(&play, "write h2 x2 piece 1.1 at 0, 500 of 500 bytes\n");
    play_piece(&play, 1, "x2", EPOCH(1, 1), 500, 0, 500);
    play_expect(&play, "");
    play_piece_written(&play, "x2", EPOCH(1, 1), 0, 0, 500, true, MN_OK);
    play_expect(&play, "copies h2 x2 have 1.1 MN_OK\n");
    play_at(&play, 1000);
    play_tick(&play);
    play_expect(&play, "up heartbeat 1 lag 0\n"
                       "up state x1 run 1 up tcp://10.0.0.1:91\n"
                       "up report #1 x2 1.1 since 0.0 onto 0.0 durable here floor 0.0\n");
    play_piece(&play, 1, "x2", EPOCH(1, 1), 500, 0, 500);
    play_expect(&play, "copies h2 x2 have 1.1 MN_OK\n");
    play_close(&play);
}

/* Only its own vat can have written it; another would take the place of what the vat writes. */
static void takes_no_checkpoint_of_the_run_that_runs_here_from_another_host(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_piece(&play, 1, "x1", EPOCH(1, 1), 500, 0, 500);
    play_expect(&play, "note copy_not_taken x1 h2 1.1\n"
                       "copies h2 x1 have 1.1 MN_DENIED\n");
    play_offer(&play, 1, "x1", EPOCH(1, 1), 300000);
    play_expect(&play, "note copy_not_taken x1 h2 1.1\n"
                       "copies h2 x1 have 1.1 MN_DENIED\n");
    play_stop(&play, "x1", 1);
    play_recorded(&play, 5);
    play_exited(&play, "x1", 71, "killed by signal 9 (SIGKILL)");
    play_skip(&play);
    play_piece(&play, 1, "x1", EPOCH(1, 1), 500, 0, 500);
    play_expect(&play, "write h2 x1 piece 1.1 at 0, 500 of 500 bytes\n");
    play_close(&play);
}

static void takes_a_large_file_piece_by_piece(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_offer(&play, 1, "x2", EPOCH(1, 1), 300000);
    play_expect(&play, "copies h2 x2 want 1.1 from 0\n");
    play_piece(&play, 1, "x2", EPOCH(1, 1), 300000, 262144, 37856);
    play_expect(&play, "copies h2 x2 want 1.1 from 0\n");
    play_piece(&play, 1, "x2", EPOCH(1, 1), 300000, 0, 262144);
    play_expect(&play, "write h2 x2 piece 1.1 at 0, 262144 of 300000 bytes\n");
    play_piece_written(&play, "x2", EPOCH(1, 1), 0, 0, 262144, false, MN_OK);
    play_expect(&play, "copies h2 x2 want 1.1 from 262144\n");
    play_close(&play);
}

static void says_why_a_copy_could_not_be_stored(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_piece(&play, 1, "x2", EPOCH(1, 1), 500, 0, 500);
    play_skip(&play);
    play_piece_written(&play, "x2", EPOCH(1, 1), 0, 0, 500, false, MN_NO_SPACE);
    play_expect(&play, "note copy_not_stored x2 h2 1.1 MN_NO_SPACE\n"
                       "copies h2 x2 have 1.1 MN_NO_SPACE\n");
    play_at(&play, 1000);
    play_tick(&play);
    play_expect(&play, "up heartbeat 1 lag 0\n"
                       "up state x1 run 1 up tcp://10.0.0.1:91\n");
    play_close(&play);
}

/* Another host asks for what is still to be written, before the vat runs here and after it. */
static void takes_what_its_vat_writes_whoever_asked_for_it_before(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_begin(&play);
    play_welcome(&play, 1, true);
    play_recorded(&play, 1);
    play_welcome(&play, 1, true);
    play_want(&play, 2, "x1", EPOCH(1, 1), 0);
    play_start(&play, "x1", 1, 0, NULL, 0);
    play_recorded(&play, 2);
    play_started(&play, "x1", 71);
    play_recorded(&play, 3);
    play_attach(&play, 'a', "x1", 0, 71);
    play_attach(&play, 'a', "x1", 1, 71);
    play_recorded(&play, 4);
    play_tick(&play);
    play_skip(&play);
    play_want(&play, 2, "x1", EPOCH(1, 2), 0);
    play_tick(&play);
    play_expect(&play, "copies h3 x1 have 1.2 MN_NOT_FOUND\n");
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    assert_non_null(strstr(play.text, "sync x1 1.1"));
    play_skip(&play);
    play_written(&play, 'a', EPOCH(1, 2), EPOCH(1, 1), EPOCH(1, 1));
    assert_non_null(strstr(play.text, "sync x1 1.2"));
    play_skip(&play);
    play_close(&play);
}

static void sends_what_it_has_and_says_what_it_has_not(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_file(&play, "x2", EPOCH(1, 1), 0, 0);
    play_begin(&play);
    play_skip(&play);
    play_want(&play, 2, "x2", EPOCH(1, 1), 0);
    play_expect(&play, "send h3 x2 piece 1.1 at 0, 0 of 1000 bytes\n");
    play_want(&play, 2, "x2", EPOCH(1, 2), 0);
    play_expect(&play, "copies h3 x2 have 1.2 MN_NOT_FOUND\n");
    struct agent_event read = {.kind = AGENT_ON_FILE_READ};
    read.read.host = 2;
    read.read.vat = mn_name_of("x2");
    read.read.epoch = EPOCH(1, 1);
    read.read.result = MN_NOT_FOUND;
    play_step(&play, &read);
    play_expect(&play, "note copy_not_readable x2 h3 1.1 MN_NOT_FOUND\n"
                       "copies h3 x2 have 1.1 MN_NOT_FOUND\n");
    play_close(&play);
}

/* Its file is gone, and what is offered anew does not fit: whoever believes in the copy that there
 * was hears of it until that is taken. */
static void says_that_a_copy_went_when_it_does_not_come_again(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_file(&play, "x2", EPOCH(1, 1), 0, 0);
    play_run_x1(&play);
    play_taken(&play, 1);
    play_freeze(&play, 1, 1, NULL, "x2", 1);
    play_recorded(&play, 5);
    play_skip(&play);
    play_looked(&play, "x2", EPOCH(1, 1), MN_NOT_FOUND);
    play_piece(&play, 2, "x2", EPOCH(1, 1), 1000, 0, 1000);
    play_skip(&play);
    play_piece_written(&play, "x2", EPOCH(1, 1), 0, 0, 1000, false, MN_NO_SPACE);
    play_expect(&play, "note copy_not_stored x2 h3 1.1 MN_NO_SPACE\n"
                       "copies h3 x2 have 1.1 MN_NO_SPACE\n");
    play_at(&play, 1000);
    play_tick(&play);
    play_expect(&play, "up heartbeat 1 lag 0\n"
                       "up state x1 run 1 up tcp://10.0.0.1:91\n"
                       "up report #2 x2 1.1 since 0.0 onto 0.0 durable gone floor 0.0\n");
    play_piece(&play, 2, "x2", EPOCH(1, 1), 1000, 0, 1000); /* the report is lost */
    play_skip(&play);
    play_at(&play, 2000);
    play_tick(&play);
    play_expect(&play, "up heartbeat 2 lag 0\n"
                       "up report #3 x2 1.1 since 0.0 onto 0.0 durable gone floor 0.0\n");
    play_taken(&play, 3);
    play_piece_written(&play, "x2", EPOCH(1, 1), 0, 0, 1000, false, MN_NO_SPACE);
    play_skip(&play);
    play_at(&play, 3000);
    play_tick(&play);
    play_expect(&play, "up heartbeat 3 lag 0\n"
                       "up state x1 run 1 up tcp://10.0.0.1:91\n");
    play_close(&play);
}

static void takes_nothing_new_on_behalf_of_a_life_that_is_over(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_file(&play, "x3", EPOCH(1, 1), 0, 0);
    play_run_x1(&play);
    play_freeze(&play, 1, 1, NULL, "x3", 1);
    play_recorded(&play, 5);
    play_looked(&play, "x3", EPOCH(1, 1), MN_OK);
    play_skip(&play);
    play_offer_of(&play, 2, "x3", 1, EPOCH(1, 2), 5000);
    play_expect(&play, "copies h3 x3 have 1.2 MN_STALE\n");
    play_offer_of(&play, 2, "x3", 1, EPOCH(1, 1), 1000); /* that one is part of its history */
    play_expect(&play, "copies h3 x3 have 1.1 MN_OK\n");
    play_offer_of(&play, 3, "x3", 2, EPOCH(1, 2),
                  5000); /* and so may this be, says the newer one */
    play_expect(&play, "copies h4 x3 want 1.2 from 0\n");
    play_close(&play);
}

/* The coordinator believes in it, or h3 would not ask. */
static void reports_once_that_what_it_is_asked_for_is_not_here(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_want(&play, 2, "x2", EPOCH(1, 2), 0);
    play_want(&play, 2, "x2", EPOCH(1, 2), 0);
    play_expect(&play, "copies h3 x2 have 1.2 MN_NOT_FOUND\n"
                       "copies h3 x2 have 1.2 MN_NOT_FOUND\n");
    play_at(&play, 1000);
    play_tick(&play);
    play_expect(&play, "up heartbeat 1 lag 0\n"
                       "up state x1 run 1 up tcp://10.0.0.1:91\n"
                       "up report #1 x2 1.2 since 0.0 onto 0.0 gone floor 0.0\n");
    play_taken(&play, 1);
    play_at(&play, 2000);
    play_tick(&play);
    play_expect(&play, "up heartbeat 2 lag 0\n");
    play_close(&play);
}

/* h3 fetched it for a start; h4 wants it for the next one while it is being read back. */
static void reads_back_what_a_start_elsewhere_found_damaged(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_file(&play, "x2", EPOCH(1, 1), 0, 0);
    play_run_x1(&play);
    play_have(&play, 2, "x2", EPOCH(1, 1), MN_CORRUPT);
    play_expect(&play, "sync x2 1.1 again\n");
    play_have(&play, 2, "x2", EPOCH(1, 1), MN_CORRUPT);
    play_want(&play, 3, "x2", EPOCH(1, 1), 0);
    play_expect(&play, "");
    play_synced(&play, "x2", EPOCH(1, 1), MN_CORRUPT);
    play_expect(&play, "note checkpoint_not_durable x2 1.1 MN_CORRUPT\n");
    play_want(&play, 3, "x2", EPOCH(1, 1), 0);
    play_expect(&play, "copies h4 x2 have 1.1 MN_NOT_FOUND\n");
    play_at(&play, 1000);
    play_tick(&play);
    play_expect(&play, "up heartbeat 1 lag 0\n"
                       "up state x1 run 1 up tcp://10.0.0.1:91\n"
                       "up report #2 x2 1.1 since 0.0 onto 0.0 durable gone floor 0.0\n");
    play_close(&play);
}

/* A copy of x2's checkpoint 1.@count arrives whole; in it x2 had heard of @name_count vats that
 * nobody else ever heard of. */
static void copy_arrives(struct play *play, uint32_t count, uint32_t name_count)
{
    struct mn_name *names = calloc(name_count + 1, sizeof *names);
    struct mn_heard *heard = calloc(name_count + 1, sizeof *heard);
    struct agent_file_facts facts = {.size = 500};
    struct agent_event event = {.kind = AGENT_ON_PIECE_WRITTEN};
    assert_non_null(names);
    assert_non_null(heard);
    for (uint32_t i = 0; i < name_count; i++) {
        (void)snprintf(names[i].text, sizeof names[i].text, "ghost/%u/%u", count, i);
        heard[i] = (struct mn_heard){.peer = i, .epoch = EPOCH(1, 1)};
    }
    facts.record.vat = mn_name_of("x2");
    facts.record.run = 1;
    facts.record.epoch = EPOCH(1, count);
    facts.record.names = names;
    facts.record.name_count = name_count;
    facts.record.heard = heard;
    facts.record.heard_count = name_count;
    play_piece(play, 1, "x2", EPOCH(1, count), 500, 0, 500);
    play_skip(play);
    event.piece.vat = facts.record.vat;
    event.piece.epoch = facts.record.epoch;
    event.piece.byte_count = 500;
    event.piece.facts = &facts;
    play_step(play, &event);
    free(names);
    free(heard);
}

/* In copies that h2 made up; without a bound there would be no name left for the vats that run. */
static void takes_so_many_names_from_other_hosts_that_its_own_vats_can_go_on(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    for (uint32_t i = 1; i <= 4; i++) {
        copy_arrives(&play, i, AGENT_UNPLACED_COUNT_MAX / 4);
    }
    play_skip(&play);
    copy_arrives(&play, 5, 1);
    play_expect(&play, "delete x2 1.5\n"
                       "note copy_not_stored x2 h2 1.5 MN_FULL\n"
                       "copies h2 x2 have 1.5 MN_FULL\n");
    play_offer(&play, 1, "ghost", EPOCH(1, 1), 500);
    play_expect(&play, "copies h2 ghost have 1.1 MN_FULL\n");
    play_want(&play, 1, "ghost", EPOCH(1, 1), 0);
    play_expect(&play, "copies h2 ghost have 1.1 MN_NOT_FOUND\n");
    copy_arrives(&play, 6, 0);
    play_expect(&play, "copies h2 x2 have 1.6 MN_OK\n");
    play_close(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_a_copy_for_another_host_and_reports_it_once_it_is_synced),
        cmocka_unit_test(takes_no_checkpoint_of_the_run_that_runs_here_from_another_host),
        cmocka_unit_test(takes_a_large_file_piece_by_piece),
        cmocka_unit_test(says_why_a_copy_could_not_be_stored),
        cmocka_unit_test(sends_what_it_has_and_says_what_it_has_not),
        cmocka_unit_test(says_that_a_copy_went_when_it_does_not_come_again),
        cmocka_unit_test(takes_nothing_new_on_behalf_of_a_life_that_is_over),
        cmocka_unit_test(reports_once_that_what_it_is_asked_for_is_not_here),
        cmocka_unit_test(takes_what_its_vat_writes_whoever_asked_for_it_before),
        cmocka_unit_test(reads_back_what_a_start_elsewhere_found_damaged),
        cmocka_unit_test(takes_so_many_names_from_other_hosts_that_its_own_vats_can_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
