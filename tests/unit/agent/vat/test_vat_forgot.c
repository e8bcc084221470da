/* Two vats of which one has forgotten what it had called durable, and was not told so: what the two
 * say, what they hold, and how they go on once a round has given the one a new incarnation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "agent/vat/vat_rounds.h"

/* The round that the coordinator opens for @vat: it keeps all that it has. */
static void give_incarnation(struct world *world, int vat, int peer, uint64_t round)
{
    world_save(world, vat);
    world->vats[vat].round = round;
    world_roll_back(world, vat, world_newest_saved(world, vat));
    struct mn_notice notice = {.peer = world->vats[vat].name,
                               .incarnation = world->vats[vat].incarnation,
                               .kept = world->vats[vat].keep_of_run};
    world_decide(world, peer, round, &notice);
}

/* b took 2 and 3 of a, which comes back from before it sent them, and sends three others. Their
 * numbers are above what b took, so only the epochs show that 2 and 3 are not the same. */
static void a_sender_that_sends_on_from_an_old_store_is_found_by_its_epochs(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    mn_epoch old = world_newest_saved(&world, 0);
    assert_int_equal(world_send(&world, 0, 1, 2), 2);
    world_run(&world, 1500);
    assert_int_equal(world_got(&world, 1, 0), 3);
    world_crash(&world, 0);
    world_clear_logs(&world);
    world_start(&world, 0, old, MN_REVIVED);
    assert_int_equal(world_send(&world, 0, 1, 4), 4);
    world_run(&world, 1000);
    assert_string_equal(world.vats[1].log, "");
    assert_non_null(strstr(world.vats[0].agent, "trouble the session with vat b is held"));
    assert_non_null(strstr(world.vats[0].agent, "differs b run 1: self forgot 1000000"));
    assert_non_null(strstr(world.vats[1].agent, "differs a run 2: peer forgot 1000000"));
    give_incarnation(&world, 0, 1, 5);
    /* What b took is a's no longer; the application of these tests remembers its own numbers. */
    world_clear_logs(&world);
    world_run(&world, 1000);
    assert_string_equal(world.vats[1].log, "message a 2\nmessage a 3\nmessage a 4\nmessage a 5\n");
    assert_null(strstr(world.vats[0].agent, "trouble"));
    assert_null(strstr(world.vats[1].agent, "trouble"));
    world_deinit(&world);
}

/* a crashes again while its session is held, and what it sent since stands in its checkpoints. */
static void a_crash_while_held_does_not_hide_what_was_forgotten(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    mn_epoch old = world_newest_saved(&world, 0);
    assert_int_equal(world_send(&world, 0, 1, 2), 2);
    world_run(&world, 1500);
    world_crash(&world, 0);
    world_start(&world, 0, old, MN_REVIVED);
    assert_int_equal(world_send(&world, 0, 1, 4), 4);
    world_run(&world, 1000);
    world_crash(&world, 0);
    world_start(&world, 0, world_newest_saved(&world, 0), MN_REVIVED);
    world_clear_logs(&world);
    world_run(&world, 1000);
    assert_string_equal(world.vats[1].log, "");
    assert_non_null(strstr(world.vats[0].agent, "differs b run 1: self forgot 1000000"));
    give_incarnation(&world, 0, 1, 5);
    world_clear_logs(&world);
    world_run(&world, 1000);
    assert_string_equal(world.vats[1].log, "message a 2\nmessage a 3\nmessage a 4\nmessage a 5\n");
    world_deinit(&world);
}

/* a comes back from an old store, and a round gives it a new incarnation on the word of b, before c
 * has compared anything. c goes back as well. */
static void a_peer_that_has_not_compared_yet_goes_back_too(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    int c = world_add(&world, "c");
    world_start(&world, c, 0, MN_RUNNING);
    mn_epoch old = world_newest_saved(&world, 0);
    assert_int_equal(world_send(&world, 0, 1, 2), 2);
    assert_int_equal(world_send(&world, 0, c, 2), 2);
    world_run(&world, 1500);
    assert_int_equal(world_got(&world, c, 0), 2);
    world_crash(&world, 0);
    world_start(&world, 0, old, MN_REVIVED);
    assert_int_equal(world_send(&world, 0, 1, 4), 4);
    assert_int_equal(world_send(&world, 0, c, 4), 4);
    world_save(&world, 0);
    world_drop(&world);
    give_incarnation(&world, 0, 1, 5);
    world_decide(&world, c, 5, NULL);
    world_clear_logs(&world);
    world_run(&world, 1000);
    assert_string_equal(world.vats[1].log, "message a 2\nmessage a 3\nmessage a 4\nmessage a 5\n");
    assert_string_equal(world.vats[c].log, "message a 1\nmessage a 2\nmessage a 3\nmessage a 4\n");
    world_deinit(&world);
}

/* b, which went back when it agreed with a's new incarnation, is rolled back to before that. */
static void a_peer_that_forgets_that_it_went_back_goes_back_again(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    mn_epoch old = world_newest_saved(&world, 0);
    assert_int_equal(world_send(&world, 0, 1, 2), 2);
    world_run(&world, 150);
    world_save(&world, 1);
    mn_epoch before = world_newest_saved(&world, 1);
    assert_int_equal(world_got(&world, 1, 0), 3);
    world_crash(&world, 0);
    world_start(&world, 0, old, MN_REVIVED);
    assert_int_equal(world_send(&world, 0, 1, 4), 4);
    world_run(&world, 300);
    give_incarnation(&world, 0, 1, 5);
    world_run(&world, 150);
    assert_int_equal(world_got(&world, 1, 0), 5);
    world.vats[1].round = 6;
    world_roll_back(&world, 1, before);
    world_decide(&world, 0, 6, NULL);
    world_clear_logs(&world);
    world_run(&world, 1000);
    assert_string_equal(world.vats[1].log, "message a 2\nmessage a 3\nmessage a 4\nmessage a 5\n");
    world_deinit(&world);
}

/* a is revived, and what it sends stands in a checkpoint before it has compared with b. Later it is
 * rolled back to that: b has long taken what lives there, and takes it once. */
static void a_peer_whose_messages_live_does_not_go_back(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    world_crash(&world, 0);
    world_start(&world, 0, world_newest_saved(&world, 0), MN_REVIVED);
    assert_int_equal(world_send(&world, 0, 1, 2), 2);
    world_save(&world, 0);
    mn_epoch before = world_newest_saved(&world, 0);
    world_run(&world, 1500);
    assert_int_equal(world_got(&world, 1, 0), 3);
    world.vats[0].round = 5;
    world_roll_back(&world, 0, before);
    world_decide(&world, 1, 5, NULL);
    world_clear_logs(&world);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 1500);
    assert_string_equal(world.vats[1].log, "message a 4\n");
    world_deinit(&world);
}

/* b said that it had 2 and 3 in a durable checkpoint, and comes back from one before. */
static void a_receiver_that_lost_what_it_called_durable_is_sent_it_again(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    mn_epoch old = world_newest_saved(&world, 1);
    assert_int_equal(world_send(&world, 0, 1, 2), 2);
    world_run(&world, 250);
    assert_int_equal(world_got(&world, 1, 0), 3);
    world_crash(&world, 1);
    world_clear_logs(&world);
    world_start(&world, 1, old, MN_REVIVED);
    world_run(&world, 1000);
    assert_int_equal(world_got(&world, 1, 0), 1);
    assert_non_null(strstr(world.vats[0].agent, "differs b run 2: peer forgot 1000000"));
    assert_non_null(strstr(world.vats[1].agent, "differs a run 1: self forgot 1000000"));
    give_incarnation(&world, 1, 0, 5);
    world_clear_logs(&world);
    world_run(&world, 1000);
    assert_string_equal(world.vats[1].log, "message a 2\nmessage a 3\n");
    assert_null(strstr(world.vats[0].agent, "trouble"));
    world_deinit(&world);
}

/* a has sent b 2 and 3, which stand in its newest checkpoint, and 4, and forgets that. Returns the
 * checkpoint before all of them. */
static mn_epoch a_forgets_the_last_of_three(struct world *world)
{
    world_of_two(world);
    mn_epoch old = world_newest_saved(world, 0);
    assert_int_equal(world_send(world, 0, 1, 2), 2);
    world_run(world, 1500);
    mn_epoch keep = world_newest_saved(world, 0);
    assert_int_equal(world_send(world, 0, 1, 1), 1);
    world_run(world, 1500);
    assert_int_equal(world_got(world, 1, 0), 4);
    world->vats[0].round = 5;
    world_roll_back(world, 0, keep);
    world_decide(world, 1, 5, NULL);
    return old;
}

/* b went back when a was rolled back, and remembers what a kept. */
static void a_peer_that_went_back_remembers_what_was_kept(void **state)
{
    (void)state;
    struct world world;
    mn_epoch old = a_forgets_the_last_of_three(&world);
    world_run(&world, 1000);
    world_crash(&world, 0);
    world_clear_logs(&world);
    world_start(&world, 0, old, MN_REVIVED);
    assert_int_equal(world_send(&world, 0, 1, 4), 4);
    world_run(&world, 1000);
    assert_non_null(strstr(world.vats[0].agent, "differs b run 1: self forgot 1000000"));
    assert_non_null(strstr(world.vats[1].agent, "differs a run 3: peer forgot 1000000"));
    give_incarnation(&world, 0, 1, 6);
    world_clear_logs(&world);
    world_run(&world, 1000);
    assert_string_equal(world.vats[1].log, "message a 2\nmessage a 3\nmessage a 4\nmessage a 5\n");
    assert_null(strstr(world.vats[0].agent, "trouble"));
    world_deinit(&world);
}

/* b forgets that it went back, and goes back again to an a that has nothing to say of its forks any
 * more: it does not know of which epoch 3 was. a, back from before that, has given no such number.
 */
static void what_a_peer_cannot_date_is_found_by_its_number(void **state)
{
    (void)state;
    struct world world;
    mn_epoch old = a_forgets_the_last_of_three(&world);
    world_run(&world, 50);
    world_crash(&world, 1);
    world.vats[1].round = 5;
    world_start(&world, 1, world_newest_saved(&world, 1), MN_REVIVED);
    world_run(&world, 1000);
    world_crash(&world, 0);
    world_clear_logs(&world);
    world_start(&world, 0, old, MN_REVIVED);
    world_run(&world, 1000);
    assert_non_null(strstr(world.vats[0].agent, "differs b run 2: self forgot 300000000"));
    assert_non_null(strstr(world.vats[1].agent, "differs a run 3: peer forgot 2000000"));
    give_incarnation(&world, 0, 1, 6);
    assert_int_equal(world_send(&world, 0, 1, 2), 2);
    world_clear_logs(&world);
    world_run(&world, 1000);
    assert_string_equal(world.vats[1].log, "message a 2\nmessage a 3\n");
    assert_null(strstr(world.vats[0].agent, "trouble"));
    world_deinit(&world);
}

/* a has let go of 2 and 3, which b had called durable, and crashes; then b comes back from before
 * it took them. a still knows why it let go. */
static void a_sender_remembers_why_it_let_go(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    mn_epoch old = world_newest_saved(&world, 1);
    assert_int_equal(world_send(&world, 0, 1, 2), 2);
    world_run(&world, 1500);
    assert_int_equal(world_got(&world, 1, 0), 3);
    world_crash(&world, 0);
    world_crash(&world, 1);
    world_start(&world, 0, world_newest_saved(&world, 0), MN_REVIVED);
    world_start(&world, 1, old, MN_REVIVED);
    world_clear_logs(&world);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 1000);
    assert_string_equal(world.vats[1].log, "");
    assert_non_null(strstr(world.vats[0].agent, "differs b run 2: peer forgot 1000000"));
    assert_non_null(strstr(world.vats[1].agent, "differs a run 2: self forgot 1000000"));
    give_incarnation(&world, 1, 0, 5);
    world_clear_logs(&world);
    world_run(&world, 1000);
    assert_string_equal(world.vats[0].log, "gap sent to b 2-3\n");
    assert_string_equal(world.vats[1].log, "gap from a 2-3\nmessage a 4\n");
    world_deinit(&world);
}

static void a_crash_with_nothing_forgotten_makes_nobody_say_anything(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    assert_int_equal(world_send(&world, 0, 1, 2), 2);
    assert_int_equal(world_send(&world, 1, 0, 2), 2);
    world_run(&world, 102);
    for (int i = 0; i < 4; i++) {
        world_crash(&world, i % 2);
        world_start(&world, i % 2, world_newest_saved(&world, i % 2), MN_REVIVED);
        assert_int_equal(world_send(&world, i % 2, 1 - i % 2, 1), 1);
        world_run(&world, 30 * i);
    }
    world_run(&world, 1500);
    assert_null(strstr(world.vats[0].agent, "differs"));
    assert_null(strstr(world.vats[1].agent, "differs"));
    assert_int_equal(world_got(&world, 1, 0), world_sent(&world, 0, 1));
    assert_int_equal(world_got(&world, 0, 1), world_sent(&world, 1, 0));
    world_deinit(&world);
}

/* b claims to have taken more than a ever sent: a holds, but knows of no epoch that died unseen. */
static void an_invented_claim_is_held_and_not_seconded(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    struct mn_session greet = {.vat = mn_name_of("b"),
                               .run = 1,
                               .incarnation = 1,
                               .kind = MN_SESSION_GREET,
                               .greet = {.to = mn_name_of("a"),
                                         .next = 2,
                                         .oldest = 2,
                                         .taken_of_you = 40,
                                         .taken_epoch = mn_epoch_first(1) + 1000,
                                         .known_of_you = 1}};
    world_inject(&world, 0, world.vats[1].connection[0], "key-b", &greet);
    world_run(&world, 300);
    assert_non_null(strstr(world.vats[0].agent, "trouble the session with vat b is held"));
    assert_null(strstr(world.vats[0].agent, "differs"));
    world_deinit(&world);
}

/* ---- who waits, and who is nobody ------------------------------------------------------------ */

/* b has not been told of the round in which a got its new incarnation. */
static void a_receiver_that_waits_for_a_round_is_not_called_unreachable(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    world.vats[0].round = 5;
    world_roll_back(&world, 0, world_newest_saved(&world, 0));
    world_clear_logs(&world);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 3000);
    assert_string_equal(world.vats[0].log, "");
    assert_int_equal(world_got(&world, 1, 0), 1);
    world_decide(&world, 1, 5, NULL);
    world_run(&world, 100);
    assert_int_equal(world_got(&world, 1, 0), 2);
    world_deinit(&world);
}

/* Names of no vat fill neither the table of sessions nor the place where strangers wait. */
static void invented_names_begin_no_session(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    for (int i = 0; i < 3 * VAT_STRANGER_COUNT_MAX; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "nobody%d", i);
        struct mn_session greet = {.vat = mn_name_of(text),
                                   .run = 1,
                                   .incarnation = 1,
                                   .kind = MN_SESSION_GREET,
                                   .greet = {.to = mn_name_of("b"), .next = 1, .oldest = 1}};
        world_inject(&world, 1, 77, "key-x", &greet);
    }
    int lookups = 0;
    for (const char *at = world.vats[1].agent; (at = strstr(at, "lookup ")) != NULL; at++) {
        lookups += 1;
    }
    assert_int_equal(lookups, VAT_STRANGER_COUNT_MAX);
    int c = world_add(&world, "c");
    world_start(&world, c, 0, MN_RUNNING);
    assert_int_equal(world_send(&world, c, 1, 1), 1);
    world_run(&world, 1500);
    assert_int_equal(world_got(&world, 1, c), 1);
    world_save(&world, 1);
    world_crash(&world, 1);
    world_start(&world, 1, world_newest_saved(&world, 1), MN_REVIVED);
    world_clear_logs(&world);
    world_run(&world, 600);
    assert_null(strstr(world.vats[1].agent, "nobody"));
    world_deinit(&world);
}

/* An incarnation begins with a run of its own: one above that would lock the true one out. */
static void an_incarnation_above_the_run_is_nobodys(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    struct mn_session greet = {.vat = mn_name_of("a"),
                               .run = 1,
                               .incarnation = UINT32_MAX,
                               .kind = MN_SESSION_GREET,
                               .greet = {.to = mn_name_of("b"), .next = 2, .oldest = 2}};
    world_inject(&world, 1, world.vats[0].connection[1], "key-a", &greet);
    world.vats[0].round = 5;
    world_decide(&world, 1, 5, NULL);
    world_roll_back(&world, 0, world_newest_saved(&world, 0));
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 1000);
    assert_int_equal(world_got(&world, 1, 0), 2);
    world_deinit(&world);
}

/* ---- lives ----------------------------------------------------------------------------------- */

/* b sleeps while a begins thirty lives, each of which keeps a message more than the one before. */
static void a_peer_that_sleeps_through_thirty_lives_takes_nothing_twice(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    for (int i = 0; i < 3; i++) {
        world.vats[0].round += 1;
        world_roll_back(&world, 0, world_newest_saved(&world, 0));
        world_decide(&world, 1, world.vats[0].round, NULL);
        assert_int_equal(world_send(&world, 0, 1, 2), 2);
        world_run(&world, 1500);
    }
    assert_int_equal(world_got(&world, 1, 0), 7);
    world_crash(&world, 1);
    for (int i = 0; i < 30; i++) {
        assert_int_equal(world_send(&world, 0, 1, 1), 1);
        world_save(&world, 0);
        world.vats[0].round += 1;
        world_roll_back(&world, 0, world_newest_saved(&world, 0));
    }
    world_start(&world, 1, world_newest_saved(&world, 1), MN_REVIVED);
    world_decide(&world, 1, world.vats[0].round, NULL);
    world_run(&world, 1500);
    assert_int_equal(world_got(&world, 1, 0), 37);
    assert_false(world.vats[1].wrong_number);
    world_deinit(&world);
}

/* b was rolled back once, long ago. That explains no hole in what a sends it now. */
static void an_old_incarnation_explains_no_new_hole(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    world.vats[1].round = 5;
    world_roll_back(&world, 1, world_newest_saved(&world, 1));
    world_decide(&world, 0, 5, NULL);
    assert_int_equal(world_send(&world, 0, 1, 2), 2);
    world_run(&world, 1500);
    assert_int_equal(world_got(&world, 1, 0), 3);
    world_clear_logs(&world);
    struct mn_session greet = {
        .vat = mn_name_of("a"),
        .run = 1,
        .incarnation = 1,
        .round = 5,
        .kind = MN_SESSION_GREET,
        .greet = {
            .to = mn_name_of("b"), .next = 9, .oldest = 9, .taken_of_you = 1, .known_of_you = 2}};
    world_inject(&world, 1, world.vats[0].connection[1], "key-a", &greet);
    assert_string_equal(world.vats[1].log, "");
    assert_non_null(strstr(world.vats[1].agent, "trouble the session with vat a is held"));
    world_drop(&world);
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sender_that_sends_on_from_an_old_store_is_found_by_its_epochs),
        cmocka_unit_test(a_crash_while_held_does_not_hide_what_was_forgotten),
        cmocka_unit_test(a_peer_that_has_not_compared_yet_goes_back_too),
        cmocka_unit_test(a_peer_that_forgets_that_it_went_back_goes_back_again),
        cmocka_unit_test(a_peer_whose_messages_live_does_not_go_back),
        cmocka_unit_test(a_receiver_that_lost_what_it_called_durable_is_sent_it_again),
        cmocka_unit_test(a_sender_remembers_why_it_let_go),
        cmocka_unit_test(a_peer_that_went_back_remembers_what_was_kept),
        cmocka_unit_test(what_a_peer_cannot_date_is_found_by_its_number),
        cmocka_unit_test(a_crash_with_nothing_forgotten_makes_nobody_say_anything),
        cmocka_unit_test(an_invented_claim_is_held_and_not_seconded),
        cmocka_unit_test(a_receiver_that_waits_for_a_round_is_not_called_unreachable),
        cmocka_unit_test(invented_names_begin_no_session),
        cmocka_unit_test(an_incarnation_above_the_run_is_nobodys),
        cmocka_unit_test(a_peer_that_sleeps_through_thirty_lives_takes_nothing_twice),
        cmocka_unit_test(an_old_incarnation_explains_no_new_hole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
