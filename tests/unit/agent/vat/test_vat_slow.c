/* Peers that are far away: connecting and greeting take longer than connect_ms, and so may an
 * answer alone. They are reached all the same, and only a peer that does not answer is begun anew
 * with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/vat/vat_world.h"

enum { CONNECT_MS = 200 };

static void world_of_two(struct world *world, uint32_t path_ms)
{
    world_init(world, 1);
    world->auto_durable = true;
    world->path_ms = path_ms;
    (void)world_add(world, "a");
    (void)world_add(world, "b");
    world_start(world, 0, 0, MN_RUNNING);
    world_start(world, 1, 0, MN_RUNNING);
}

/* Connecting takes 140 ms of the 200, and the answer to the greeting 140 ms more. */
static void what_takes_longer_than_connect_ms_is_waited_for(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world, 70);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    assert_int_equal(world_send(&world, 1, 0, 1), 1);
    world_run(&world, 2 * CONNECT_MS);
    assert_int_equal(world_got(&world, 0, 1), 0);
    world_run(&world, CONNECT_MS);
    assert_int_equal(world_got(&world, 0, 1), 1);
    assert_int_equal(world_got(&world, 1, 0), 1);
    assert_int_equal(world.connections, 4);
    world_deinit(&world);
}

/* The answer alone takes a second. */
static void a_connection_on_which_answers_come_late_is_kept(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world, 500);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 8000);
    assert_int_equal(world_got(&world, 1, 0), 1);
    uint64_t connections = world.connections;
    for (uint64_t i = 2; i <= 10; i++) {
        assert_int_equal(world_send(&world, 0, 1, 1), 1);
        world_run(&world, 2000);
        assert_int_equal(world_got(&world, 1, 0), i);
    }
    assert_int_equal(world.connections, connections);
    world_deinit(&world);
}

/* b is gone, and nobody says so: a finds out after 50 ms that nothing moves, and begins anew after
 * 200 ms, 400 ms and so on, in the end every ten seconds. */
static void each_attempt_in_vain_waits_twice_as_long(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world, 0);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 1000);
    assert_int_equal(world.connections, 1);
    world.silent_agent = true;
    world_crash(&world, 1);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    static const struct {
        int at_ms;
        uint64_t connections;
    } expected[] = {{200, 1},   {500, 2},   {1300, 3},  {2900, 4}, {6000, 5},
                    {12000, 6}, {22000, 7}, {32000, 8}, {34000, 9}};
    int now_ms = 0;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        world_run(&world, expected[i].at_ms - now_ms);
        now_ms = expected[i].at_ms;
        assert_int_equal(world.connections, expected[i].connections);
    }
    world_deinit(&world);
}

static void a_peer_that_has_moved_is_waited_for_no_longer_than_another(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world, 0);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 1000);
    world.silent_agent = true;
    world_crash(&world, 1);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 20000);
    uint64_t connections = world.connections;
    world_start(&world, 1, 0, MN_REVIVED);
    world_crash(&world, 1);
    world_run(&world, CONNECT_MS - 10);
    assert_int_equal(world.connections, connections + 1);
    world_run(&world, 60);
    assert_int_equal(world.connections, connections + 2);
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_takes_longer_than_connect_ms_is_waited_for),
        cmocka_unit_test(a_connection_on_which_answers_come_late_is_kept),
        cmocka_unit_test(each_attempt_in_vain_waits_twice_as_long),
        cmocka_unit_test(a_peer_that_has_moved_is_waited_for_no_longer_than_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
