/* Copies that may go: who may say so, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "agent_play.h"

/* h2 runs x2, and this is a copy of its checkpoint. */
static void send_copy(struct play *play, uint32_t host, mn_epoch epoch)
{
    play_piece(play, host, "x2", epoch, 1000, 0, 1000);
    play_piece_written(play, "x2", epoch, 0, 0, 1000, true, MN_OK);
}

static void drops_copies_on_the_word_of_the_newest_run_alone(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_begin(&play);
    play_welcome(&play, 1, true);
    play_recorded(&play, 1);
    send_copy(&play, 1, EPOCH(1, 1));
    send_copy(&play, 1, EPOCH(2, 2));
    send_copy(&play, 1, EPOCH(2, 3));
    play_skip(&play);
    play_drop(&play, 1, "x2", 1, EPOCH(2, 3));
    play_expect(&play, "note drop_refused x2 h2\n");
    play_drop(&play, 1, "x2", 2, EPOCH(2, 3));
    play_expect(&play, "delete x2 2.2\n"
                       "delete x2 1.1\n");
    play_freeze(&play, 1, 1, NULL, NULL, 0);
    play_skip(&play);
    play_drop(&play, 1, "x2", 2, EPOCH(2, 9));
    play_expect(&play, "note drop_refused x2 h2\n");
    play_decision(&play, 1, NULL, NULL);
    play_recorded(&play, 2);
    play_skip(&play);
    play_drop(&play, 1, "x2", 2, EPOCH(2, 9));
    play_expect(&play, "delete x2 2.3\n");
    play_close(&play);
}

static void never_drops_what_its_own_vat_wrote(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_skip(&play);
    play_drop(&play, 1, "x1", 5, EPOCH(5, 1));
    play_expect(&play, "note drop_refused x1 h2\n");
    play_close(&play);
}

/* h4 never ran x2. */
static void lets_nobody_but_the_host_that_sends_them_drop_a_vats_copies(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    send_copy(&play, 1, EPOCH(1, 1));
    play_skip(&play);
    play_drop(&play, 3, "x2", MN_RUN_MAX, MN_EPOCH_MAX);
    play_expect(&play, "note drop_refused x2 h4\n");
    play_drop(&play, 1, "x2", 1, EPOCH(1, 2));
    play_expect(&play, "delete x2 1.1\n");
    play_close(&play);
}

/* x2 went on at h3; the agent of h2 does not know yet, and goes on too. */
static void believes_the_sender_of_the_newest_run_when_a_vat_has_moved(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    send_copy(&play, 1, EPOCH(1, 1));
    send_copy(&play, 2, EPOCH(2, 1));
    send_copy(&play, 1, EPOCH(1, 2));
    play_skip(&play);
    play_drop(&play, 1, "x2", 2, EPOCH(2, 1));
    play_expect(&play, "note drop_refused x2 h2\n");
    play_drop(&play, 2, "x2", 2, EPOCH(2, 1));
    play_expect(&play, "delete x2 1.2\n"
                       "delete x2 1.1\n");
    play_close(&play);
}

static void learns_again_after_a_restart_who_may_drop(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_file(&play, "x2", EPOCH(1, 1), 0, 0);
    play_file(&play, "x2", EPOCH(1, 2), 0, 0);
    play_begin(&play);
    play_skip(&play);
    play_drop(&play, 1, "x2", 1, EPOCH(1, 2));
    play_expect(&play, "up lookup x2\n"
                       "note drop_refused x2 h2\n");
    play_offer(&play, 1, "x2", EPOCH(1, 3), 300000);
    play_expect(&play, "copies h2 x2 want 1.3 from 0\n");
    play_drop(&play, 1, "x2", 1, EPOCH(1, 2));
    play_expect(&play, "delete x2 1.1\n");
    play_close(&play);
}

static void says_where(struct play *play, const char *host, mn_run run)
{
    struct mn_down address = {.kind = MN_DOWN_ADDRESS};
    address.address.vat = mn_name_of("x2");
    address.address.run = run;
    address.address.incarnation = 1;
    address.address.host = mn_name_of(host);
    play_down(play, &address);
}

/* h2 has other partners by now, so no offer shows who it is; what is here would stay for ever. */
static void asks_after_a_restart_who_may_drop_what_nobody_sends_any_more(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_file(&play, "x2", EPOCH(1, 1), 0, 0);
    play_file(&play, "x2", EPOCH(1, 2), 0, 0);
    play_begin(&play);
    play_welcome(&play, 1, true);
    play_recorded(&play, 1);
    play_skip(&play);
    play_drop(&play, 3, "x2", 1, EPOCH(1, 2));
    play_expect(&play, "up lookup x2\n"
                       "note drop_refused x2 h4\n");
    says_where(&play, "h2", 1);
    play_drop(&play, 3, "x2", 1, EPOCH(1, 2));
    play_expect(&play, "note drop_refused x2 h4\n");
    play_drop(&play, 1, "x2", 1, EPOCH(1, 2));
    play_expect(&play, "delete x2 1.1\n");
    says_where(&play, "h3", 2);
    play_drop(&play, 1, "x2", 1, EPOCH(1, 3));
    play_expect(&play, "note drop_refused x2 h2\n");
    play_close(&play);
}

/* h2 speaks from before the coordinator that leads now was heard here: it may be one that was cut
 * off since, and not know what a round there needs. */
static void takes_no_word_from_before_the_generation_that_it_knows(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    send_copy(&play, 1, EPOCH(1, 1));
    play_welcome(&play, 2, false);
    play_skip(&play);
    play_drop(&play, 1, "x2", 1, EPOCH(1, 2));
    play_expect(&play, "note drop_refused x2 h2\n");
    play_close(&play);
}

/* The decision of round 1 comes late: round 2 may need what is here. */
static void drops_nothing_in_a_round_because_an_older_one_is_decided(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    send_copy(&play, 1, EPOCH(1, 1));
    play_freeze(&play, 2, 1, NULL, NULL, 0);
    play_decision(&play, 1, "x1", "x3");
    play_recorded(&play, 5);
    play_skip(&play);
    play_drop(&play, 1, "x2", 1, EPOCH(1, 2));
    play_expect(&play, "note drop_refused x2 h2\n");
    play_decision(&play, 2, NULL, NULL);
    play_recorded(&play, 6);
    play_skip(&play);
    play_drop(&play, 1, "x2", 1, EPOCH(1, 2));
    play_expect(&play, "delete x2 1.1\n");
    play_close(&play);
}

/* h3 holds a copy of x2's, and hands it out because it was asked to. */
static void gives_no_right_to_drop_to_whom_it_fetches_from(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    struct mn_link chain = {EPOCH(1, 1), mn_name_of("h3")};
    play_start(&play, "x2", 2, EPOCH(1, 1), &chain, 1);
    play_recorded(&play, 5);
    send_copy(&play, 2, EPOCH(1, 1));
    play_stop(&play, "x2", 2);
    play_recorded(&play, 6);
    play_started(&play, "x2", 72);
    play_exited(&play, "x2", 72, "killed");
    play_skip(&play);
    play_drop(&play, 2, "x2", 3, EPOCH(3, 1));
    play_expect(&play, "up lookup x2\n"
                       "note drop_refused x2 h3\n");
    play_close(&play);
}

/* The coordinator would go on believing in copies of which it is never told that they are gone. */
static void tells_everything_anew_when_more_is_gone_than_it_remembers(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_begin(&play);
    play_welcome(&play, 1, true);
    play_recorded(&play, 1);
    for (uint32_t count = 1; count <= 1026; count++) {
        send_copy(&play, 1, EPOCH(1, count));
    }
    play_at(&play, 1000);
    play_tick(&play);
    play_drop(&play, 1, "x2", 1, EPOCH(1, 1026));
    play_skip(&play);
    play_at(&play, 2000);
    play_tick(&play);
    play_expect(&play, "up heartbeat 2 lag 0\n"
                       "up hello h1 generation 1 round 0 holds\n");
    play_welcome(&play, 1, false);
    char expected[80 * 1024] = "";
    for (uint32_t count = 1025; count >= 2; count--) {
        size_t used = strlen(expected);
        (void)snprintf(expected + used, sizeof expected - used,
                       "up report #2 x2 1.%u since 0.0 onto 0.0 durable gone floor 0.0\n", count);
    }
    size_t used = strlen(expected);
    (void)snprintf(expected + used, sizeof expected - used,
                   "up report #2 x2 1.1026 since 0.0 onto 0.0 durable here floor 0.0\n");
    play_expect(&play, expected);
    play_close(&play);
}

/* A coordinator that knows nothing welcomes it for each word that it hears. A copy that was said to
 * be here goes before the last of these welcomes comes. */
static void says_what_is_gone_to_who_may_have_been_told_of_it(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_begin(&play);
    play_welcome(&play, 1, true);
    play_recorded(&play, 1);
    send_copy(&play, 1, EPOCH(1, 1));
    send_copy(&play, 1, EPOCH(1, 2));
    play_skip(&play);
    play_welcome(&play, 1, true);
    play_expect(&play, "up report #1 x2 1.1 since 0.0 onto 0.0 durable here floor 0.0\n"
                       "up report #1 x2 1.2 since 1.1 onto 0.0 durable here floor 0.0\n");
    play_drop(&play, 1, "x2", 1, EPOCH(1, 2));
    play_skip(&play);
    play_welcome(&play, 1, true);
    play_expect(&play, "up hello h1 generation 1 round 0 holds\n"
                       "up report #2 x2 1.1 since 0.0 onto 0.0 durable gone floor 0.0\n"
                       "up report #2 x2 1.2 since 0.0 onto 0.0 durable here floor 0.0\n");
    play_close(&play);
}

static void write_durable(struct play *play, mn_epoch epoch, mn_epoch onto)
{
    play_written(play, 'a', epoch, 0, onto);
    play_synced(play, "x1", epoch, MN_OK);
}

/* 1.3 is one of the newest two that were ever durable, but 1.2 below it has gone bad: 1.1 is one of
 * the newest two that restore anything. */
static void deletes_nothing_for_what_a_lost_link_has_broken(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 1, 2);
    play_run_x1(&play);
    write_durable(&play, EPOCH(1, 1), 0);
    write_durable(&play, EPOCH(1, 2), 0);
    write_durable(&play, EPOCH(1, 3), EPOCH(1, 2));
    play_have(&play, 2, "x1", EPOCH(1, 2), MN_CORRUPT);
    play_synced(&play, "x1", EPOCH(1, 2), MN_CORRUPT);
    write_durable(&play, EPOCH(1, 4), 0);
    for (uint64_t report = 1; report <= 4; report++) {
        play_taken(&play, report);
    }
    assert_null(strstr(play.text, "record"));
    write_durable(&play, EPOCH(1, 5), EPOCH(1, 4));
    play_taken(&play, 5);
    play_recorded(&play, 5);
    assert_non_null(strstr(play.text, "delete x1 1.1"));
    play_close(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drops_copies_on_the_word_of_the_newest_run_alone),
        cmocka_unit_test(never_drops_what_its_own_vat_wrote),
        cmocka_unit_test(lets_nobody_but_the_host_that_sends_them_drop_a_vats_copies),
        cmocka_unit_test(believes_the_sender_of_the_newest_run_when_a_vat_has_moved),
        cmocka_unit_test(learns_again_after_a_restart_who_may_drop),
        cmocka_unit_test(asks_after_a_restart_who_may_drop_what_nobody_sends_any_more),
        cmocka_unit_test(takes_no_word_from_before_the_generation_that_it_knows),
        cmocka_unit_test(drops_nothing_in_a_round_because_an_older_one_is_decided),
        cmocka_unit_test(gives_no_right_to_drop_to_whom_it_fetches_from),
        cmocka_unit_test(tells_everything_anew_when_more_is_gone_than_it_remembers),
        cmocka_unit_test(says_what_is_gone_to_who_may_have_been_told_of_it),
        cmocka_unit_test(deletes_nothing_for_what_a_lost_link_has_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
