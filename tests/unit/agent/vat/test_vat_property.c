/* Vats with a network that loses and reorders, and processes that crash at any moment and are
 * restored from any checkpoint that peers cannot tell from the newest durable one: whatever
 * happens, every number is taken once and in order, and in the end everything arrives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/vat/vat_world.h"

enum { PROPERTY_SEED_COUNT = 60, PROPERTY_STEP_COUNT = 150, PROPERTY_VAT_COUNT = 3 };

static int chance(struct world *world, int below)
{
    return (int)mn_random_below(&world->random, (uint64_t)below);
}

/* What is written and perhaps not durable may survive a crash or not. */
static void crash_and_revive(struct world *world, int vat)
{
    mn_epoch newest = world_newest_saved(world, vat);
    mn_epoch durable = world->vats[vat].reported;
    world_crash(world, vat);
    world_run(world, chance(world, 300));
    world_start(world, vat, chance(world, 2) == 0 ? newest : durable, MN_REVIVED);
}

static void one_thing(struct world *world)
{
    int vat = chance(world, PROPERTY_VAT_COUNT);
    int peer = (vat + 1 + chance(world, PROPERTY_VAT_COUNT - 1)) % PROPERTY_VAT_COUNT;
    switch (chance(world, 10)) {
    case 0:
    case 1:
    case 2:
    case 3:
        (void)world_send(world, vat, peer, 1 + chance(world, 30));
        break;
    case 4:
        world_save(world, vat);
        break;
    case 5:
    case 6:
        world_durable(world, vat);
        break;
    case 7:
        crash_and_revive(world, vat);
        break;
    default:
        world_run(world, chance(world, 150));
        break;
    }
}

/* The safety phase: anything may go wrong, nothing may be taken twice or left out. */
static void run_badly(struct world *world)
{
    world->reorder = true;
    world->loss_percent = 20;
    for (int i = 0; i < PROPERTY_STEP_COUNT; i++) {
        one_thing(world);
        for (int k = 0; k < PROPERTY_VAT_COUNT; k++) {
            assert_false(world->vats[k].wrong_number);
        }
    }
}

/* The liveness phase: nothing goes wrong any more, so everything arrives. */
static void run_well(struct world *world)
{
    world->reorder = false;
    world->loss_percent = 0;
    world->auto_durable = true;
    for (int i = 0; i < PROPERTY_VAT_COUNT; i++) {
        world_save(world, i);
        world_durable(world, i);
    }
    world_run(world, 5000);
    for (int i = 0; i < PROPERTY_VAT_COUNT; i++) {
        assert_false(world->vats[i].wrong_number);
        for (int k = 0; k < PROPERTY_VAT_COUNT; k++) {
            if (i != k) {
                assert_int_equal(world_got(world, k, i), world_sent(world, i, k));
            }
        }
    }
}

static void every_number_is_taken_once_and_in_order_whatever_crashes(void **state)
{
    (void)state;
    uint64_t received = 0;
    uint64_t lost = 0;
    for (uint64_t seed = 1; seed <= PROPERTY_SEED_COUNT; seed++) {
        struct world world;
        world_init(&world, seed);
        (void)world_add(&world, "a");
        (void)world_add(&world, "b");
        (void)world_add(&world, "c");
        for (int i = 0; i < PROPERTY_VAT_COUNT; i++) {
            world_start(&world, i, 0, MN_RUNNING);
        }
        run_badly(&world);
        run_well(&world);
        for (int i = 0; i < PROPERTY_VAT_COUNT; i++) {
            received += world.vats[i].received;
        }
        lost += world.lost;
        world_deinit(&world);
    }
    /* That it was bad enough to say something. */
    assert_true(received > 10000);
    assert_true(lost > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_is_taken_once_and_in_order_whatever_crashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
