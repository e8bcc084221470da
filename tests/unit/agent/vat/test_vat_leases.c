/* A vat's lease: asked for by who needs it alone, taken as the agent says it, over with the run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "agent/vat/vat_rounds.h"

static mn_time lease(struct world *world)
{
    return vat_lease(world->vats[0].core, world->now);
}

static void tell_lease(struct world *world, mn_time until)
{
    struct mn_to_vat message = {.kind = MN_TO_VAT_LEASE, .lease = {.until = until}};
    world_tell(world, 0, &message);
}

static int count(const char *text, const char *word)
{
    int times = 0;
    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word)) {
        times += 1;
    }
    return times;
}

static void who_never_asks_costs_nothing(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    assert_true(vat_lease_until(world.vats[0].core) < world.now);
    world_run(&world, 2000);
    assert_null(strstr(world.vats[0].agent, "want_lease"));
    world_deinit(&world);
}

static void asks_at_once_and_again_while_it_has_none(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    world_clear_logs(&world);
    assert_true(lease(&world) < world.now);
    world_run(&world, 2);
    assert_int_equal(count(world.vats[0].agent, "want_lease"), 1);
    world_run(&world, 1000);
    assert_true(count(world.vats[0].agent, "want_lease") > 1);
    tell_lease(&world, world.now + 3 * MN_SECOND);
    world_clear_logs(&world);
    world_run(&world, 2000);
    assert_int_equal(count(world.vats[0].agent, "want_lease"), 0);
    world_deinit(&world);
}

static void a_new_agent_is_told_who_wants_one(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    (void)lease(&world);
    world_run(&world, 2);
    tell_lease(&world, world.now + 3 * MN_SECOND);
    world_clear_logs(&world);
    struct mn_to_vat who = {.kind = MN_TO_VAT_WHO};
    world_tell(&world, 0, &who);
    assert_int_equal(count(world.vats[0].agent, "want_lease"), 1);
    assert_true(lease(&world) > world.now);
    world_deinit(&world);
}

static void the_agents_word_ends_it(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    (void)lease(&world);
    mn_time until = world.now + 3 * MN_SECOND;
    tell_lease(&world, until);
    assert_int_equal(lease(&world), until);
    tell_lease(&world, world.now);
    assert_false(lease(&world) > world.now);
    world_deinit(&world);
}

/* A freeze that names others is no concern of its; after one that names it nothing revives it. */
static void a_vat_that_is_not_to_be_believed_has_none(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    (void)lease(&world);
    tell_lease(&world, world.now + 3 * MN_SECOND);
    world_freeze(&world, 0, "b", 1, 5);
    assert_true(lease(&world) > world.now);
    world_freeze(&world, 0, "a", world.vats[0].run, 5);
    assert_false(lease(&world) > world.now);
    tell_lease(&world, world.now + 3 * MN_SECOND);
    assert_false(lease(&world) > world.now);
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_never_asks_costs_nothing),
        cmocka_unit_test(asks_at_once_and_again_while_it_has_none),
        cmocka_unit_test(a_new_agent_is_told_who_wants_one),
        cmocka_unit_test(the_agents_word_ends_it),
        cmocka_unit_test(a_vat_that_is_not_to_be_believed_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
