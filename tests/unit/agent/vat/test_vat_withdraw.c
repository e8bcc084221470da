/* Messages that wait too long for a peer that is out of reach: given up, told to both, and never
 * both given up and delivered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "agent/vat/vat_rounds.h"

/* a has sent b one message, which b has in a durable checkpoint; then b is gone. Messages wait for
 * half a second. */
static void world_without_b(struct world *world)
{
    world_init(world, 1);
    world->send_ms = 500;
    world->auto_durable = true;
    (void)world_add(world, "a");
    (void)world_add(world, "b");
    world_start(world, 0, 0, MN_RUNNING);
    world_start(world, 1, 0, MN_RUNNING);
    assert_int_equal(world_send(world, 0, 1, 1), 1);
    world_run(world, 300);
    assert_int_equal(world_got(world, 1, 0), 1);
    world_crash(world, 1);
    world_drop(world);
    world_push_address(world, 1);
    world_clear_logs(world);
}

static void b_is_back(struct world *world)
{
    world_clear_logs(world);
    world_start(world, 1, world_newest_saved(world, 1), MN_REVIVED);
    world_run(world, 500);
}

static void what_has_waited_too_long_is_given_up_and_told_to_both(void **state)
{
    (void)state;
    struct world world;
    world_without_b(&world);
    assert_int_equal(world_send(&world, 0, 1, 3), 3);
    world_run(&world, 400);
    assert_string_equal(world.vats[0].log, "unreachable b\n");
    world_run(&world, 600);
    assert_string_equal(world.vats[0].log, "unreachable b\nundelivered to b 2-4\n");
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    b_is_back(&world);
    assert_string_equal(world.vats[0].log, "back b\n");
    assert_string_equal(strchr(world.vats[1].log, '\n'), "\ngap from a 2-4\nmessage a 5\n");
    assert_false(world.vats[1].wrong_number);
    world_deinit(&world);
}

static void a_peer_that_has_nothing_more_to_come_hears_of_the_gap_too(void **state)
{
    (void)state;
    struct world world;
    world_without_b(&world);
    assert_int_equal(world_send(&world, 0, 1, 3), 3);
    world_run(&world, 1000);
    b_is_back(&world);
    assert_string_equal(strchr(world.vats[1].log, '\n'), "\ngap from a 2-4\n");
    world_run(&world, 2000);
    assert_string_equal(strchr(world.vats[1].log, '\n'), "\ngap from a 2-4\n");
    world_deinit(&world);
}

static void nobody_hears_of_it_before_it_is_durable(void **state)
{
    (void)state;
    struct world world;
    world_without_b(&world);
    assert_int_equal(world_send(&world, 0, 1, 3), 3);
    world_run(&world, 300);
    world.auto_durable = false;
    world_run(&world, 700);
    assert_string_equal(world.vats[0].log, "unreachable b\nundelivered to b 2-4\n");
    b_is_back(&world);
    assert_string_equal(strchr(world.vats[1].log, '\n'), "\n");
    world_durable(&world, 0);
    world_run(&world, 100);
    assert_string_equal(strchr(world.vats[1].log, '\n'), "\ngap from a 2-4\n");
    world_deinit(&world);
}

static void a_sender_that_crashes_before_has_given_nothing_up(void **state)
{
    (void)state;
    struct world world;
    world_without_b(&world);
    assert_int_equal(world_send(&world, 0, 1, 3), 3);
    world_run(&world, 300);
    mn_epoch before = world_newest_saved(&world, 0);
    world.interval_ms = 60000;
    world_crash(&world, 0);
    world_start(&world, 0, before, MN_REVIVED);
    world_run(&world, 1000);
    assert_non_null(strstr(world.vats[0].log, "undelivered to b 2-4 perhaps taken\n"));
    world_crash(&world, 0);
    world_start(&world, 0, before, MN_REVIVED);
    b_is_back(&world);
    assert_string_equal(strchr(world.vats[1].log, '\n'),
                        "\nmessage a 2\nmessage a 3\nmessage a 4\n");
    world_deinit(&world);
}

static void a_sender_that_crashes_afterwards_goes_on_above(void **state)
{
    (void)state;
    struct world world;
    world_without_b(&world);
    assert_int_equal(world_send(&world, 0, 1, 3), 3);
    world_run(&world, 1200);
    world_crash(&world, 0);
    world_start(&world, 0, world_newest_saved(&world, 0), MN_REVIVED);
    vat_invariant(world.vats[0].core);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    b_is_back(&world);
    assert_string_equal(strchr(world.vats[1].log, '\n'), "\ngap from a 2-4\nmessage a 5\n");
    world_deinit(&world);
}

static void what_the_peer_took_and_could_not_say_it_keeps(void **state)
{
    (void)state;
    struct world world;
    world_without_b(&world);
    b_is_back(&world);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_save(&world, 0);
    world_deliver(&world, 1); /* b takes it, */
    world_save(&world, 1);    /* and keeps it, */
    assert_int_equal(world_got(&world, 1, 0), 2);
    world_crash(&world, 1);
    world_drop(&world); /* but its word is lost. */
    world_push_address(&world, 1);
    world_clear_logs(&world);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 1500);
    assert_non_null(strstr(world.vats[0].log, "undelivered to b 2-3 perhaps taken\n"));
    b_is_back(&world);
    assert_string_equal(strchr(world.vats[1].log, '\n'), "\ngap from a 3-3\n");
    world_deinit(&world);
}

static void what_is_younger_than_the_bound_still_waits(void **state)
{
    (void)state;
    struct world world;
    world_without_b(&world);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 400);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 300);
    assert_string_equal(world.vats[0].log, "unreachable b\nundelivered to b 2-2\n");
    b_is_back(&world);
    assert_string_equal(strchr(world.vats[1].log, '\n'), "\ngap from a 2-2\nmessage a 3\n");
    world_deinit(&world);
}

static void without_a_bound_everything_waits(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 1);
    world.auto_durable = true;
    (void)world_add(&world, "a");
    (void)world_add(&world, "b");
    world_start(&world, 0, 0, MN_RUNNING);
    assert_int_equal(world_send(&world, 0, 1, 3), 3);
    world_run(&world, 20000);
    world_start(&world, 1, 0, MN_RUNNING);
    world_run(&world, 500);
    assert_string_equal(world.vats[1].log,
                        "restored 0 at 0\nmessage a 1\nmessage a 2\nmessage a 3\n");
    world_deinit(&world);
}

static void b_goes_past_what_was_given_up(struct world *world)
{
    world_without_b(world);
    assert_int_equal(world_send(world, 0, 1, 3), 3);
    world_run(world, 1000);
    world->vats[1].round = 3;
    world_roll_back(world, 1, world_newest_saved(world, 1));
    world_decide(world, 0, 3, NULL);
    while (strstr(world->vats[1].log, "gap from a 2-4\n") == NULL) {
        world_run(world, 1);
    }
    world_clear_logs(world);
}

static void neither_hears_of_a_gap_after_a_crash(struct world *world)
{
    for (int i = 0; i < 6; i++) {
        world_save(world, i % 2);
        world_crash(world, i % 2);
        world_start(world, i % 2, world_newest_saved(world, i % 2), MN_REVIVED);
        world_run(world, 400 * i);
    }
    assert_null(strstr(world->vats[0].log, "gap"));
    assert_null(strstr(world->vats[1].log, "gap"));
}

static void what_was_given_up_is_told_to_its_sender_once(void **state)
{
    (void)state;
    struct world world;
    b_goes_past_what_was_given_up(&world);
    neither_hears_of_a_gap_after_a_crash(&world);
    world_deinit(&world);
}

/* a lets go of what it gave up before b says again what it goes on without. */
static void what_was_given_up_and_let_go_of_is_told_to_its_sender_once(void **state)
{
    (void)state;
    struct world world;
    b_goes_past_what_was_given_up(&world);
    for (int i = 0; i < WORLD_KEEP; i++) {
        world_save(&world, 1);
    }
    world_flush(&world);
    neither_hears_of_a_gap_after_a_crash(&world);
    world_deinit(&world);
}

/* a goes back to where it still had what it gave up; b, which went past that, keeps its state. */
static void a_sender_that_forgot_that_it_gave_up_hears_of_the_gap(void **state)
{
    (void)state;
    struct world world;
    world_without_b(&world);
    assert_int_equal(world_send(&world, 0, 1, 3), 3);
    world_run(&world, 300);
    mn_epoch before = world_newest_saved(&world, 0);
    world_run(&world, 700);
    b_is_back(&world);
    assert_string_equal(strchr(world.vats[1].log, '\n'), "\ngap from a 2-4\n");
    world.vats[0].round = 3;
    world_roll_back(&world, 0, before);
    struct mn_notice notice = {.peer = mn_name_of("a"), .incarnation = 2, .kept = before};
    world_decide(&world, 1, 3, &notice);
    world_clear_logs(&world);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 1500);
    assert_string_equal(world.vats[0].log, "gap sent to b 2-4\n");
    assert_string_equal(world.vats[1].log, "message a 5\n");
    world_deinit(&world);
}

/* The same, and nobody remembers that a had been further: b names an epoch that died unseen. A
 * round gives a a new incarnation, and with that the two agree, though b goes back to nothing. */
static void a_gap_of_an_epoch_that_died_unseen_does_not_hold_them_for_ever(void **state)
{
    (void)state;
    struct world world;
    world_without_b(&world);
    assert_int_equal(world_send(&world, 0, 1, 3), 3);
    world_run(&world, 300);
    mn_epoch before = world_newest_saved(&world, 0);
    world_run(&world, 700);
    b_is_back(&world);
    assert_string_equal(strchr(world.vats[1].log, '\n'), "\ngap from a 2-4\n");
    world_crash(&world, 0);
    world_start(&world, 0, before, MN_REVIVED);
    world_run(&world, 500);
    assert_non_null(strstr(world.vats[0].agent, "differs b run 2: self forgot 1000000"));
    world_save(&world, 0);
    world.vats[0].round = 3;
    world_roll_back(&world, 0, world_newest_saved(&world, 0));
    struct mn_notice notice = {
        .peer = mn_name_of("a"), .incarnation = 2, .kept = world.vats[0].keep_of_run};
    world_decide(&world, 1, 3, &notice);
    world_clear_logs(&world);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 1500);
    assert_string_equal(world.vats[0].log, "gap sent to b 2-4\n");
    assert_string_equal(world.vats[1].log, "message a 5\n");
    assert_null(strstr(world.vats[0].agent, "trouble"));
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_waited_too_long_is_given_up_and_told_to_both),
        cmocka_unit_test(a_peer_that_has_nothing_more_to_come_hears_of_the_gap_too),
        cmocka_unit_test(nobody_hears_of_it_before_it_is_durable),
        cmocka_unit_test(a_sender_that_crashes_before_has_given_nothing_up),
        cmocka_unit_test(a_sender_that_crashes_afterwards_goes_on_above),
        cmocka_unit_test(what_the_peer_took_and_could_not_say_it_keeps),
        cmocka_unit_test(what_is_younger_than_the_bound_still_waits),
        cmocka_unit_test(without_a_bound_everything_waits),
        cmocka_unit_test(what_was_given_up_is_told_to_its_sender_once),
        cmocka_unit_test(what_was_given_up_and_let_go_of_is_told_to_its_sender_once),
        cmocka_unit_test(a_sender_that_forgot_that_it_gave_up_hears_of_the_gap),
        cmocka_unit_test(a_gap_of_an_epoch_that_died_unseen_does_not_hold_them_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
