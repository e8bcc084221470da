/* What a vat goes on without, and how the one that sent it hears of that: once, whoever crashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "agent/vat/vat_rounds.h"

/* b has taken 1 to 3 of a, which keeps none of them any more, and a has agreed with b's second
 * incarnation. b comes back from a checkpoint before it took 2 and 3: nobody remembers any more
 * that there was a later one, so it is still the second incarnation. */
static void b_is_back_from_an_older_store(struct world *world)
{
    world_of_two(world);
    mn_epoch old = world_newest_saved(world, 1);
    assert_int_equal(world_send(world, 0, 1, 2), 2);
    world_run(world, 1500);
    assert_int_equal(world_got(world, 1, 0), 3);
    world->vats[1].round = 5;
    world_roll_back(world, 1, world_newest_saved(world, 1));
    struct mn_notice notice = {
        .peer = mn_name_of("b"), .incarnation = 2, .kept = world->vats[1].keep_of_run};
    world_decide(world, 0, 5, &notice);
    /* Of all that the two say now b's greeting arrives, and nothing else. */
    assert_int_equal(world_send(world, 1, 0, 1), 1);
    world_drop(world);
    world_tick(world, 1);
    world_deliver(world, 1);
    world_drop(world);
    world_save(world, 0);
    world_crash(world, 1);
    world_start(world, 1, old, MN_REVIVED);
    world_clear_logs(world);
}

static void a_gap_that_is_found_after_they_agreed_is_told_to_both(void **state)
{
    (void)state;
    struct world world;
    b_is_back_from_an_older_store(&world);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 1500);
    assert_string_equal(world.vats[0].log, "gap sent to b 2-3\n");
    assert_string_equal(world.vats[1].log, "gap from a 2-3\nmessage a 4\n");
    world_deinit(&world);
}

static void a_sender_hears_of_it_again_until_it_is_kept(void **state)
{
    (void)state;
    struct world world;
    b_is_back_from_an_older_store(&world);
    world_save(&world, 0);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_save(&world, 0);
    mn_epoch before = world_newest_saved(&world, 0);
    world.vats[0].disk_full = true;
    world_run(&world, 1000);
    assert_string_equal(world.vats[0].log, "gap sent to b 2-3\n");
    world.vats[0].disk_full = false;
    world_crash(&world, 0);
    world_start(&world, 0, before, MN_REVIVED);
    world_clear_logs(&world);
    world_run(&world, 1000);
    assert_string_equal(world.vats[0].log, "gap sent to b 2-3\n");
    for (int i = 0; i < 2; i++) {
        world_crash(&world, i);
        world_start(&world, i, world_newest_saved(&world, i), MN_REVIVED);
    }
    world_clear_logs(&world);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 1000);
    assert_string_equal(world.vats[0].log, "");
    assert_string_equal(world.vats[1].log, "message a 5\n");
    world_deinit(&world);
}

static void a_receiver_that_finds_it_again_is_not_told_of_to_the_sender_again(void **state)
{
    (void)state;
    struct world world;
    b_is_back_from_an_older_store(&world);
    mn_epoch old = world.vats[1].keep_of_run;
    world.vats[1].disk_full = true;
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 1000);
    assert_string_equal(world.vats[0].log, "gap sent to b 2-3\n");
    assert_string_equal(world.vats[1].log, "gap from a 2-3\nmessage a 4\n");
    world.vats[1].disk_full = false;
    world_crash(&world, 1);
    world_start(&world, 1, old, MN_REVIVED);
    world_clear_logs(&world);
    world_run(&world, 1500);
    assert_null(strstr(world.vats[0].log, "gap"));
    assert_string_equal(world.vats[1].log, "gap from a 2-3\nmessage a 4\n");
    world_deinit(&world);
}

/* b goes back once more, in a third incarnation, to where it had taken nothing. */
static void a_new_incarnation_that_misses_more_tells_all_of_it(void **state)
{
    (void)state;
    struct world world;
    b_is_back_from_an_older_store(&world);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 1500);
    world.vats[1].round = 6;
    world_roll_back(&world, 1, 0);
    struct mn_notice notice = {.peer = mn_name_of("b"), .incarnation = 3, .reset = true};
    world_decide(&world, 0, 6, &notice);
    world_clear_logs(&world);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 1500);
    assert_string_equal(world.vats[0].log, "gap sent to b 1-4\n");
    assert_string_equal(world.vats[1].log, "gap from a 1-4\nmessage a 5\n");
    world_deinit(&world);
}

/* b is rolled back and goes on without 2 and 3, of which a has let go. Then a comes back from
 * before it sent them, and sends others under these numbers: of those b has nothing, and takes
 * them. */
static void a_gap_does_not_hide_that_its_numbers_were_given_anew(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    mn_epoch old_a = world_newest_saved(&world, 0);
    mn_epoch old_b = world_newest_saved(&world, 1);
    assert_int_equal(world_send(&world, 0, 1, 2), 2);
    world_run(&world, 1500);
    world.vats[1].round = 5;
    world_roll_back(&world, 1, old_b);
    struct mn_notice notice = {.peer = mn_name_of("b"), .incarnation = 2, .kept = old_b};
    world_decide(&world, 0, 5, &notice);
    world_clear_logs(&world);
    world_run(&world, 1500);
    assert_string_equal(world.vats[1].log, "gap from a 2-3\n");
    world_crash(&world, 0);
    world.vats[0].round = 5;
    world_start(&world, 0, old_a, MN_REVIVED);
    assert_int_equal(world_send(&world, 0, 1, 3), 3);
    world_save(&world, 0);
    world_clear_logs(&world);
    world_run(&world, 1000);
    assert_string_equal(world.vats[1].log, "");
    assert_non_null(strstr(world.vats[0].agent, "differs b run 2: self forgot 1000000"));
    world_save(&world, 0);
    world.vats[0].round = 6;
    world_roll_back(&world, 0, world_newest_saved(&world, 0));
    notice = (struct mn_notice){
        .peer = mn_name_of("a"), .incarnation = 2, .kept = world.vats[0].keep_of_run};
    world_decide(&world, 1, 6, &notice);
    world_clear_logs(&world);
    world_run(&world, 1000);
    assert_string_equal(world.vats[1].log, "message a 2\nmessage a 3\nmessage a 4\n");
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gap_that_is_found_after_they_agreed_is_told_to_both),
        cmocka_unit_test(a_sender_hears_of_it_again_until_it_is_kept),
        cmocka_unit_test(a_receiver_that_finds_it_again_is_not_told_of_to_the_sender_again),
        cmocka_unit_test(a_new_incarnation_that_misses_more_tells_all_of_it),
        cmocka_unit_test(a_gap_does_not_hide_that_its_numbers_were_given_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
