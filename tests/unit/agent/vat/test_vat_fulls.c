/* A full checkpoint that the agent asks for: at once, whatever else is under way, and only once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "agent/vat/vat_world.h"

#define EPOCH(run, count) (((mn_epoch)(run) << 32) | (count))

/* a has written 1.1, a full, and 1.2 onto it, and has nothing else to write. */
static void world_of_one(struct world *world)
{
    world_init(world, 1);
    (void)world_add(world, "a");
    (void)world_add(world, "b");
    world_start(world, 0, 0, MN_RUNNING);
    assert_int_equal(world_send(world, 0, 1, 1), 1);
    world_save(world, 0);
    assert_int_equal(world_send(world, 0, 1, 1), 1);
    world_save(world, 0);
    assert_int_equal(world_newest_saved(world, 0), EPOCH(1, 2));
    world_clear_logs(world);
}

static void take_full(struct world *world, mn_epoch above)
{
    struct mn_to_vat message = {.kind = MN_TO_VAT_TAKE_FULL};
    message.take_full.above = above;
    world_tell(world, 0, &message);
}

static void a_full_is_made_when_it_is_asked_for(void **state)
{
    (void)state;
    struct world world;
    world_of_one(&world);
    take_full(&world, EPOCH(1, 2));
    world_run(&world, 2);
    assert_non_null(strstr(world.vats[0].agent, "written 100000003 since 100000001 onto 0"));
    world_deinit(&world);
}

/* It was said twice, and once more when there was one. */
static void no_other_full_is_made_when_there_is_one_above(void **state)
{
    (void)state;
    struct world world;
    world_of_one(&world);
    take_full(&world, EPOCH(1, 2));
    take_full(&world, EPOCH(1, 2));
    world_run(&world, 2);
    take_full(&world, EPOCH(1, 2));
    world_run(&world, 2);
    assert_int_equal(world_newest_saved(&world, 0), EPOCH(1, 3));
    take_full(&world, EPOCH(1, 3));
    world_run(&world, 2);
    assert_int_equal(world_newest_saved(&world, 0), EPOCH(1, 4));
    world_deinit(&world);
}

/* What is not durable may never be so without it: many wait, and of more bytes than may. */
static void it_waits_for_none_that_are_not_durable(void **state)
{
    (void)state;
    struct world world;
    world_of_one(&world);
    world.file_size = VAT_UNDURABLE_SIZE_MAX;
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_save(&world, 0);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 10 * (int)world.interval_ms);
    assert_int_equal(world_newest_saved(&world, 0), EPOCH(1, 3));
    take_full(&world, EPOCH(1, 3));
    world_run(&world, 2);
    assert_int_equal(world_newest_saved(&world, 0), EPOCH(1, 4));
    assert_non_null(strstr(world.vats[0].agent, "written 100000004 since 100000001 onto 0"));
    world_deinit(&world);
}

/* It is tried again with the next interval, and nothing runs in circles meanwhile. */
static void a_full_that_cannot_be_written_is_tried_again(void **state)
{
    (void)state;
    struct world world;
    world_of_one(&world);
    world.vats[0].disk_full = true;
    take_full(&world, EPOCH(1, 2));
    world_run(&world, 2);
    world.vats[0].disk_full = false;
    assert_int_equal(world_newest_saved(&world, 0), EPOCH(1, 2));
    world_run(&world, (int)world.interval_ms);
    assert_int_equal(world_newest_saved(&world, 0), EPOCH(1, 3));
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_is_made_when_it_is_asked_for),
        cmocka_unit_test(no_other_full_is_made_when_there_is_one_above),
        cmocka_unit_test(it_waits_for_none_that_are_not_durable),
        cmocka_unit_test(a_full_that_cannot_be_written_is_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
