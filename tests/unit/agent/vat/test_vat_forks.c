/* More forks than travel with a vat: what died at one that is not named any more is found all the
 * same, by the messages that the vat keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "agent/vat/vat_rounds.h"

/* The round that the coordinator opens for a: it keeps all that it has. */
static void give_incarnation(struct world *world)
{
    world_save(world, 0);
    world->vats[0].round = 5;
    world_roll_back(world, 0, world_newest_saved(world, 0));
}

static void tell_b(struct world *world)
{
    struct mn_notice notice = {.peer = world->vats[0].name,
                               .incarnation = world->vats[0].incarnation,
                               .kept = world->vats[0].keep_of_run};
    world_decide(world, 1, 5, &notice);
}

/* b, which is gone since, took 1 to 3 of a. That is back from where it had sent 1, and has sent a
 * message in each of twenty lives, each of which goes on from the end of the one before. */
static void a_lives_twenty_times_without_b(struct world *world)
{
    world_of_two(world);
    mn_epoch old = world_newest_saved(world, 0);
    assert_int_equal(world_send(world, 0, 1, 2), 2);
    world_run(world, 1500);
    assert_int_equal(world_got(world, 1, 0), 3);
    world_crash(world, 1);
    world_crash(world, 0);
    for (int i = 0; i < 20; i++) {
        world_start(world, 0, i == 0 ? old : world_newest_saved(world, 0), MN_REVIVED);
        assert_int_equal(world_send(world, 0, 1, 1), 1);
        world_save(world, 0);
        world_crash(world, 0);
    }
    world_drop(world);
    world_start(world, 0, world_newest_saved(world, 0), MN_REVIVED);
    world_clear_logs(world);
}

/* The 2 and 3 that b took are not those which a sends now: neither is taken for the other. */
static void what_was_forgotten_many_lives_ago_is_found(void **state)
{
    (void)state;
    struct world world;
    a_lives_twenty_times_without_b(&world);
    world_start(&world, 1, world_newest_saved(&world, 1), MN_REVIVED);
    world_clear_logs(&world);
    world_run(&world, 1000);
    assert_string_equal(world.vats[1].log, "");
    assert_non_null(strstr(world.vats[0].agent, "trouble the session with vat b is held"));
    assert_non_null(strstr(world.vats[0].agent, "differs b run 2: self forgot 1000000"));
    assert_non_null(strstr(world.vats[1].agent, "differs a run 22: peer forgot 1000000"));
    give_incarnation(&world);
    tell_b(&world);
    world_run(&world, 1500);
    assert_int_equal(world_got(&world, 1, 0), 21);
    assert_int_equal(strncmp(world.vats[1].log, "rolled_back a incarnation 2\nmessage a 2\n", 40),
                     0);
    assert_null(strstr(world.vats[0].agent, "trouble"));
    world_deinit(&world);
}

/* The same when a has got its new incarnation, on another's word, before b is back, and whichever
 * of the two greets first. */
static void a_peer_that_compares_late_goes_back_however_long_ago_it_was(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++) {
        struct world world;
        a_lives_twenty_times_without_b(&world);
        give_incarnation(&world);
        world.quiet_agent = first == 0;
        world_start(&world, 1, world_newest_saved(&world, 1), MN_REVIVED);
        tell_b(&world);
        world_clear_logs(&world);
        if (first == 1) {
            assert_int_equal(world_send(&world, 1, 0, 1), 1);
        }
        world_run(&world, 1500);
        assert_int_equal(world_got(&world, 1, 0), 21);
        assert_int_equal(strncmp(world.vats[1].log, "message a 2\n", 12), 0);
        assert_null(strstr(world.vats[0].agent, "trouble"));
        world_deinit(&world);
    }
}

/* b took nothing that died, and takes nothing twice. */
static void a_peer_whose_messages_live_goes_on_after_many_lives(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    world_crash(&world, 1);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(world_send(&world, 0, 1, 1), 1);
        world_save(&world, 0);
        world_crash(&world, 0);
        world_start(&world, 0, world_newest_saved(&world, 0), MN_REVIVED);
    }
    give_incarnation(&world);
    world_start(&world, 1, world_newest_saved(&world, 1), MN_REVIVED);
    tell_b(&world);
    world_clear_logs(&world);
    world_run(&world, 1500);
    assert_int_equal(world_got(&world, 1, 0), 21);
    assert_false(world.vats[1].wrong_number);
    assert_null(strstr(world.vats[0].agent, "trouble"));
    world_deinit(&world);
}

/* a has let go of 2 and 3, which b took; that comes back, in a new incarnation, from before it did.
 */
static void a_peer_that_forgot_as_well_goes_on_after_many_lives(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    mn_epoch old = world_newest_saved(&world, 1);
    assert_int_equal(world_send(&world, 0, 1, 2), 2);
    world_run(&world, 1500);
    world_crash(&world, 1);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(world_send(&world, 0, 1, 1), 1);
        world_save(&world, 0);
        world_crash(&world, 0);
        world_start(&world, 0, world_newest_saved(&world, 0), MN_REVIVED);
    }
    give_incarnation(&world);
    world.vats[1].round = 5;
    world_roll_back(&world, 1, old);
    tell_b(&world);
    struct mn_notice notice = {.peer = mn_name_of("b"), .incarnation = 2, .kept = old};
    world_decide(&world, 0, 5, &notice);
    world_clear_logs(&world);
    world_run(&world, 3000);
    assert_string_equal(world.vats[0].log, "gap sent to b 2-3\n");
    assert_int_equal(strncmp(world.vats[1].log, "gap from a 2-3\nmessage a 4\n", 27), 0);
    assert_int_equal(world_got(&world, 1, 0), 23);
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_forgotten_many_lives_ago_is_found),
        cmocka_unit_test(a_peer_that_compares_late_goes_back_however_long_ago_it_was),
        cmocka_unit_test(a_peer_whose_messages_live_goes_on_after_many_lives),
        cmocka_unit_test(a_peer_that_forgot_as_well_goes_on_after_many_lives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
