/* Rounds as a vat lives through them: frozen, told, restored to an older checkpoint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/vat/vat_rounds.h"

static void a_frozen_vat_says_its_interval_and_takes_nothing_of_the_suspect(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_save(&world, 0);
    mn_epoch sent = world_newest_saved(&world, 0);
    assert_true(world.packet_count > 0);
    world_clear_logs(&world);
    mn_epoch open = vat_epoch(world.vats[1].core);
    world_freeze(&world, 1, "a", 1, 3);
    world_flush(&world);
    assert_string_equal(world.vats[1].log, "");
    assert_int_equal(open, vat_epoch(world.vats[1].core));
    assert_non_null(strstr(world.vats[1].agent, "interval round 3 epoch "));
    assert_non_null(strstr(world.vats[1].agent, "refused a run 1\n"));
    assert_int_equal(sent, world_newest_saved(&world, 0));
    /* Each repeat is answered. */
    world_clear_logs(&world);
    world_freeze(&world, 1, "a", 1, 3);
    assert_non_null(strstr(world.vats[1].agent, "interval round 3 epoch "));
    world_deinit(&world);
}

static void a_suspect_that_greets_is_refused_and_its_next_run_waits_for_the_round(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    world_freeze(&world, 1, "a", 1, 3);
    world_clear_logs(&world);
    struct mn_session greet = {
        .vat = mn_name_of("a"),
        .run = 1,
        .incarnation = 1,
        .kind = MN_SESSION_GREET,
        .greet = {.to = mn_name_of("b"), .next = 2, .oldest = 2, .taken_of_you = 1}};
    world_inject(&world, 1, 77, "key-a", &greet);
    assert_string_equal(world.vats[1].agent, "refused a run 1\n");
    world_crash(&world, 0);
    world_start(&world, 0, world_newest_saved(&world, 0), MN_REVIVED);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 500);
    assert_string_equal(world.vats[1].log, "");
    world_decide(&world, 1, 3, NULL);
    world_run(&world, 500);
    assert_string_equal(world.vats[1].log, "message a 2\n");
    world_deinit(&world);
}

static void an_interval_lists_what_was_heard_since_the_last_full(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 1);
    (void)world_add(&world, "a");
    (void)world_add(&world, "b");
    world_start(&world, 0, 0, MN_RUNNING);
    world_start(&world, 1, 0, MN_RUNNING);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 50);
    world_save(&world, 0);
    world_durable(&world, 0);
    world_flush(&world);
    /* Heard in b's first epoch, whose full has it; then something in an epoch of its own. */
    world_save(&world, 1);
    world_durable(&world, 1);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_save(&world, 0);
    world_durable(&world, 0);
    world_flush(&world);
    world_clear_logs(&world);
    world_freeze(&world, 1, "c", 1, 2);
    assert_string_equal(world.vats[1].agent, "interval round 2 epoch 100000002 since 100000001 "
                                             "a:100000002\n");
    /* A diff and the open interval after it: all since the full. */
    world_save(&world, 1);
    world_clear_logs(&world);
    world_freeze(&world, 1, "c", 1, 2);
    assert_string_equal(world.vats[1].agent, "interval round 2 epoch 100000003 since 100000001 "
                                             "(a:100000002)\n");
    world_deinit(&world);
}

/* The second of b's checkpoints, the oldest of as many as are kept, is its floor. */
static void an_interval_lists_nothing_that_the_floor_has_settled(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 1);
    world.early = true;
    world.interval_ms = 60000;
    (void)world_add(&world, "a");
    (void)world_add(&world, "b");
    world_start(&world, 0, 0, MN_RUNNING);
    world_start(&world, 1, 0, MN_RUNNING);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(world_send(&world, 0, 1, 1), 1);
        world_run(&world, 1);
        world_save(&world, 0);
        world_save(&world, 1);
    }
    world_clear_logs(&world);
    world_freeze(&world, 1, "c", 1, 2);
    assert_string_equal(world.vats[1].agent,
                        "interval round 2 epoch 100000005 since 100000001 (a:100000002) "
                        "(a:100000003) (a:100000004)\n");
    world_durable(&world, 1);
    world_clear_logs(&world);
    world_freeze(&world, 1, "c", 1, 2);
    assert_string_equal(world.vats[1].agent, "interval round 2 epoch 100000005 since 100000002 "
                                             "(a:100000003) (a:100000004)\n");
    world_deinit(&world);
}

/* b hears of one interval of a before and after a checkpoint of its own. */
static void an_interval_says_what_was_heard_in_it_once_more(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 1);
    world.early = true;
    world.interval_ms = 60000;
    (void)world_add(&world, "a");
    (void)world_add(&world, "b");
    world_start(&world, 0, 0, MN_RUNNING);
    world_start(&world, 1, 0, MN_RUNNING);
    for (int i = 0; i < 2; i++) { /* a full, then a diff */
        assert_int_equal(world_send(&world, 0, 1, 1), 1);
        world_run(&world, 1);
        world_save(&world, 1);
    }
    world_clear_logs(&world);
    world_freeze(&world, 1, "c", 1, 2);
    assert_string_equal(world.vats[1].agent, "interval round 2 epoch 100000003 since 100000001 "
                                             "(a:100000001)\n");
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 1);
    world_clear_logs(&world);
    world_freeze(&world, 1, "c", 1, 2);
    assert_string_equal(world.vats[1].agent, "interval round 2 epoch 100000003 since 100000001 "
                                             "a:100000001\n");
    world_deinit(&world);
}

static void a_peer_that_forgot_is_not_heard_before_its_round_is_applied(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    mn_epoch keep = world_newest_saved(&world, 0);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 300);
    assert_int_equal(world_got(&world, 1, 0), 2);
    world_clear_logs(&world);
    world_freeze(&world, 1, "a", 1, 3);
    world.vats[0].round = 3;
    world_roll_back(&world, 0, keep);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 500);
    assert_string_equal(world.vats[1].log, "");
    struct mn_notice notice = {
        .peer = mn_name_of("a"), .incarnation = 2, .kept = keep, .you_heard = {RUN(1), RUN(2)}};
    world_decide(&world, 1, 3, &notice);
    world_run(&world, 500);
    /* b keeps the second message of the old life; the new life has another one of that number. */
    assert_string_equal(world.vats[1].log, "rolled_back a incarnation 2\nmessage a 2\n");
    assert_non_null(strstr(world.vats[1].agent, "handled 3\n"));
    world_deinit(&world);
}

/* Whoever asks what is known of a, when nobody else is left to say it: b says it of its checkpoint
 * when it met a's new life, in each full from then on, and when it is asked, also as its next run.
 */
static void a_vat_says_which_lives_of_its_peers_it_knows(void **state)
{
    (void)state;
    struct world world;
    char knows[80];
    world_of_two(&world);
    mn_epoch keep = world_newest_saved(&world, 0);
    world_freeze(&world, 1, "a", 1, 3);
    assert_null(strstr(world.vats[1].agent, "knows"));
    world.vats[0].round = 3;
    world_roll_back(&world, 0, keep);
    struct mn_notice notice = {.peer = mn_name_of("a"), .incarnation = 2, .kept = keep};
    world_decide(&world, 1, 3, &notice);
    world_freeze(&world, 1, "c", 1, 4);
    assert_non_null(strstr(world.vats[1].agent, " knows a 2 after 0 at 0\n")); /* it was told */
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 500);
    (void)snprintf(knows, sizeof knows, " knows a 2 after %" PRIx64 " at %" PRIx64, (uint64_t)keep,
                   (uint64_t)mn_epoch_first(2));
    assert_non_null(strstr(world.vats[1].agent, "written "));
    assert_non_null(strstr(strstr(world.vats[1].agent, "written "), knows));
    world_crash(&world, 1);
    world_start(&world, 1, world_newest_saved(&world, 1), MN_REVIVED);
    world_clear_logs(&world);
    world_freeze(&world, 1, "c", 1, 5);
    assert_non_null(strstr(world.vats[1].agent, knows));
    world_deinit(&world);
}

static void a_receiver_that_forgot_is_sent_again_what_it_forgot(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    mn_epoch keep = world_newest_saved(&world, 1);
    assert_int_equal(world_send(&world, 0, 1, 3), 3);
    world_run(&world, 130);
    assert_int_equal(world_got(&world, 1, 0), 4);
    world_freeze(&world, 0, "b", 1, 5);
    world_clear_logs(&world);
    world.vats[1].round = 5;
    world_roll_back(&world, 1, keep);
    world_run(&world, 300);
    struct mn_notice notice = {.peer = mn_name_of("b"), .incarnation = 2, .kept = keep};
    world_decide(&world, 0, 5, &notice);
    world_run(&world, 300);
    assert_string_equal(world.vats[0].log, "rolled_back b incarnation 2\n");
    assert_int_equal(world_got(&world, 1, 0), 4);
    assert_false(world.vats[1].wrong_number);
    world_deinit(&world);
}

static void what_nobody_keeps_any_more_is_a_gap_at_both(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    /* Everything is settled: a keeps nothing for b. Then b is restored to birth. */
    world_freeze(&world, 0, "b", 1, 5);
    world.vats[1].round = 5;
    world_roll_back(&world, 1, 0);
    struct mn_notice notice = {.peer = mn_name_of("b"), .incarnation = 2, .kept = 0, .reset = true};
    world_decide(&world, 0, 5, &notice);
    world_clear_logs(&world);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 500);
    assert_string_equal(world.vats[0].log, "gap sent to b 1-1\n");
    assert_string_equal(world.vats[1].log, "gap from a 1-1\nmessage a 2\n");
    world_deinit(&world);
}

/* The same, long after a had anything to say to b: its link is closed, and the first word that
 * it has for b is lost. */
static void who_has_long_had_nothing_to_say_hears_of_the_gap_too(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    world_run(&world, 2 * VAT_IDLE_MS);
    assert_true(world.vats[0].connection[1] == 0);
    world_freeze(&world, 0, "b", 1, 5);
    world.vats[1].round = 5;
    world_roll_back(&world, 1, 0);
    struct mn_notice notice = {.peer = mn_name_of("b"), .incarnation = 2, .kept = 0, .reset = true};
    world_decide(&world, 0, 5, &notice);
    world_drop(&world);
    world_clear_logs(&world);
    world_run(&world, 3000);
    assert_string_equal(world.vats[0].log, "gap sent to b 1-1\n");
    assert_string_equal(world.vats[1].log, "gap from a 1-1\n");
    world_deinit(&world);
}

static void a_notice_is_handed_out_again_after_a_crash_before_it_was_kept(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    mn_epoch newest = world_newest_saved(&world, 1);
    struct mn_notice notice = {.peer = mn_name_of("a"), .incarnation = 2, .kept = 1};
    world_decide(&world, 1, 4, &notice);
    assert_string_equal(world.vats[1].log, "rolled_back a incarnation 2\n");
    world_crash(&world, 1);
    world_clear_logs(&world);
    world_start(&world, 1, newest, MN_REVIVED);
    world_decide(&world, 1, 4, &notice);
    assert_non_null(strstr(world.vats[1].log, "rolled_back a incarnation 2\n"));
    assert_null(strstr(world.vats[1].agent, "handled"));
    world_run(&world, 150);
    assert_non_null(strstr(world.vats[1].agent, "handled 4\n"));
    world_deinit(&world);
}

static void a_checkpoint_from_before_the_notice_does_not_handle_it(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    world.auto_durable = false;
    assert_int_equal(world_send(&world, 1, 0, 1), 1);
    world_save(&world, 1);
    struct mn_notice notice = {.peer = mn_name_of("a"), .incarnation = 2, .kept = 1};
    world_decide(&world, 1, 4, &notice);
    world_durable(&world, 1);
    assert_null(strstr(world.vats[1].agent, "handled"));
    assert_null(strstr(world.vats[1].agent, " round 4\n"));
    world_save(&world, 1);
    assert_non_null(strstr(world.vats[1].agent, " round 4\n"));
    assert_null(strstr(world.vats[1].agent, "handled"));
    world_durable(&world, 1);
    assert_non_null(strstr(world.vats[1].agent, "handled 4\n"));
    world_drop(&world);
    world_deinit(&world);
}

static void a_notice_is_not_handed_out_again_once_it_is_kept(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    struct mn_notice notice = {.peer = mn_name_of("a"), .incarnation = 2, .kept = 1};
    world_decide(&world, 1, 4, &notice);
    world_run(&world, 150);
    world_crash(&world, 1);
    world_clear_logs(&world);
    /* The word that it was handled got lost: the agent says it again. */
    world_start(&world, 1, world_newest_saved(&world, 1), MN_REVIVED);
    world_decide(&world, 1, 4, &notice);
    assert_null(strstr(world.vats[1].log, "rolled_back"));
    assert_non_null(strstr(world.vats[1].agent, "handled 4\n"));
    world_deinit(&world);
}

static void a_message_of_a_round_that_is_not_applied_waits_for_it(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    /* a has applied round 6, of which b has not heard. */
    world_decide(&world, 0, 6, NULL);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 1000);
    assert_string_equal(world.vats[1].log, "");
    world_decide(&world, 1, 6, NULL);
    world_run(&world, 1);
    assert_string_equal(world.vats[1].log, "message a 2\n");
    world_deinit(&world);
}

static void a_peer_that_forgot_without_a_round_is_held_and_told_of(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    /* b comes back from birth with the same incarnation, as if its store had been swapped. */
    world_crash(&world, 1);
    world_clear_logs(&world);
    world_start(&world, 1, 0, MN_REVIVED);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 500);
    assert_string_equal(world.vats[1].log, "restored 1 at 0\n");
    assert_non_null(strstr(world.vats[1].agent, "trouble the session with vat a is held"));
    world_deinit(&world);
}

static void a_sender_that_forgot_without_a_round_holds_its_sends(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    assert_int_equal(world_send(&world, 0, 1, 5), 5);
    world_run(&world, 300);
    world_crash(&world, 0);
    world_clear_logs(&world);
    world_start(&world, 0, 0, MN_REVIVED);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 500);
    assert_string_equal(world.vats[1].log, "");
    assert_non_null(strstr(world.vats[0].agent, "trouble the session with vat b is held"));
    world_deinit(&world);
}

static void the_same_events_give_the_same_effects(void **state)
{
    (void)state;
    uint64_t hashes[2];
    for (int i = 0; i < 2; i++) {
        struct world world;
        world_of_two(&world);
        world.reorder = true;
        world.loss_percent = 10;
        assert_int_equal(world_send(&world, 0, 1, 50), 50);
        world_run(&world, 400);
        world_freeze(&world, 1, "a", 0, 2);
        world_decide(&world, 1, 2, NULL);
        world_crash(&world, 1);
        world_start(&world, 1, world_newest_saved(&world, 1), MN_REVIVED);
        world_run(&world, 400);
        hashes[i] = world.effects_hash;
        world_deinit(&world);
    }
    assert_true(hashes[0] == hashes[1]);
}

/* Round 5 was lost with a connection, and is said again after round 6. */
static void a_notice_that_comes_after_a_later_round_is_handed_out_late(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    struct mn_notice notice = {.peer = mn_name_of("a"), .incarnation = 2, .kept = 1};
    world_decide(&world, 1, 6, NULL);
    world_decide(&world, 1, 5, &notice);
    world_flush(&world);
    assert_non_null(strstr(world.vats[1].log, "rolled_back a"));
    assert_null(strstr(world.vats[1].agent, "handled"));
    world_clear_logs(&world);
    world_run(&world, 1500);
    assert_non_null(strstr(world.vats[1].agent, "handled 5\n"));
    world_clear_logs(&world);
    world_decide(&world, 1, 5, &notice);
    assert_string_equal(world.vats[1].log, "");
    assert_string_equal(world.vats[1].agent, "handled 5\n");
    world_deinit(&world);
}

/* The notices of round 5 come after round 6, which a checkpoint names already; the vat crashes
 * before it has kept them. */
static void a_late_notice_is_handed_out_again_after_a_crash_before_it_was_kept(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    struct mn_notice notice = {.peer = mn_name_of("a"), .incarnation = 2, .kept = 1};
    world_decide(&world, 1, 6, NULL);
    assert_int_equal(world_send(&world, 1, 0, 1), 1);
    world_save(&world, 1);
    world_decide(&world, 1, 5, &notice);
    world_crash(&world, 1);
    world_clear_logs(&world);
    world_start(&world, 1, world_newest_saved(&world, 1), MN_REVIVED);
    world_decide(&world, 1, 5, &notice);
    assert_non_null(strstr(world.vats[1].log, "rolled_back a"));
    world_run(&world, 500);
    world_crash(&world, 1);
    world_clear_logs(&world);
    world_start(&world, 1, world_newest_saved(&world, 1), MN_REVIVED);
    world_decide(&world, 1, 5, &notice);
    assert_null(strstr(world.vats[1].log, "rolled_back a"));
    assert_non_null(strstr(world.vats[1].agent, "handled 5\n"));
    world_deinit(&world);
}

/* More rounds with notices than a vat remembers: the oldest handled ones make room. */
static void a_vat_is_told_of_any_number_of_rounds_once_each(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    struct mn_notice notice = {.peer = mn_name_of("a"), .incarnation = 2, .kept = 1};
    for (uint64_t round = 1; round <= 100; round++) {
        world_clear_logs(&world);
        world_decide(&world, 1, round, &notice);
        assert_non_null(strstr(world.vats[1].log, "rolled_back a"));
        world_run(&world, 500);
    }
    world_clear_logs(&world);
    world_decide(&world, 1, 3, &notice);
    world_decide(&world, 1, 99, &notice);
    assert_string_equal(world.vats[1].log, "");
    assert_string_equal(world.vats[1].agent, "handled 3\nhandled 99\n");
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frozen_vat_says_its_interval_and_takes_nothing_of_the_suspect),
        cmocka_unit_test(a_suspect_that_greets_is_refused_and_its_next_run_waits_for_the_round),
        cmocka_unit_test(an_interval_lists_what_was_heard_since_the_last_full),
        cmocka_unit_test(an_interval_lists_nothing_that_the_floor_has_settled),
        cmocka_unit_test(an_interval_says_what_was_heard_in_it_once_more),
        cmocka_unit_test(a_peer_that_forgot_is_not_heard_before_its_round_is_applied),
        cmocka_unit_test(a_vat_says_which_lives_of_its_peers_it_knows),
        cmocka_unit_test(a_receiver_that_forgot_is_sent_again_what_it_forgot),
        cmocka_unit_test(what_nobody_keeps_any_more_is_a_gap_at_both),
        cmocka_unit_test(who_has_long_had_nothing_to_say_hears_of_the_gap_too),
        cmocka_unit_test(a_notice_is_handed_out_again_after_a_crash_before_it_was_kept),
        cmocka_unit_test(a_checkpoint_from_before_the_notice_does_not_handle_it),
        cmocka_unit_test(a_notice_is_not_handed_out_again_once_it_is_kept),
        cmocka_unit_test(a_message_of_a_round_that_is_not_applied_waits_for_it),
        cmocka_unit_test(a_peer_that_forgot_without_a_round_is_held_and_told_of),
        cmocka_unit_test(a_sender_that_forgot_without_a_round_holds_its_sends),
        cmocka_unit_test(the_same_events_give_the_same_effects),
        cmocka_unit_test(a_notice_that_comes_after_a_later_round_is_handed_out_late),
        cmocka_unit_test(a_late_notice_is_handed_out_again_after_a_crash_before_it_was_kept),
        cmocka_unit_test(a_vat_is_told_of_any_number_of_rounds_once_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
