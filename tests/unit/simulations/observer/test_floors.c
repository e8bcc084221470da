/* What the observer forgets, and what it still sees then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/sim.h"
#include "observer/observer.h"

/* ---- a whole cluster ------------------------------------------------------------------------- */

static uint64_t kept_at(struct sim *sim, int64_t seconds)
{
    struct sim_result result;
    assert_true(sim_run_until(sim, seconds * MN_SECOND));
    sim_result(sim, &result);
    assert_string_equal(result.failure, "");
    return result.kept;
}

static void keeps_no_more_of_three_minutes_than_of_one(void **state)
{
    (void)state;
    struct sim_config config;
    struct sim_faults none = {0};
    sim_config_init(&config);
    struct sim *sim = sim_new(&config, &none);
    uint64_t early = kept_at(sim, 60);
    uint64_t late = kept_at(sim, 180);
    assert_true(early > 0);
    assert_true(late < early + early / 4);
    sim_destroy(&sim);
}

/* An old disk may be put back from a backup, and with it what was settled meanwhile is not. */
static void forgets_nothing_after_a_backup(void **state)
{
    (void)state;
    struct sim_config config;
    struct sim_faults faults = {0};
    sim_config_init(&config);
    sim_faults_add(&faults, (struct sim_fault){.at_ms = 1000, .kind = SIM_FAULT_BACKUP, .a = 0});
    struct sim *sim = sim_new(&config, &faults);
    uint64_t early = kept_at(sim, 10);
    uint64_t late = kept_at(sim, 20);
    assert_true(late > early + early / 2);
    sim_destroy(&sim);
    sim_faults_deinit(&faults);
}

/* ---- two vats -------------------------------------------------------------------------------- */

enum { EPOCHS = 400 };

static const char text[] =
    "topology: 1\n"
    "coordinator: {agents: \"tcp://10.0.0.1:1\", operators: \"tcp://10.0.0.1:2\",\n"
    "  key: cccccccccccccccccccccccccccccccccccccccc}\n"
    "domains: {z: {}}\n"
    "hosts:\n"
    "  h: {in: z, agent: \"tcp://10.0.0.2:1\", address: 10.0.0.2,\n"
    "    key: hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh}\n"
    "vats: {a: {host: h, command: [x]}, b: {host: h, command: [x]}}\n"
    "keepers: []\n"
    "checkpoints: {keep: 1, stores: 1}\n";

struct world {
    struct topology *topology;
    struct observer *observer;
};

static struct observer_host fine(const void *context, uint32_t host)
{
    (void)context;
    (void)host;
    return (struct observer_host){.up = true, .agent = true, .reached = true};
}

static struct observer_actor actor(uint32_t vat, uint32_t count)
{
    return (struct observer_actor){
        .vat = vat, .run = 1, .process = vat + 1, .epoch = ((mn_epoch)1 << 32) + (mn_epoch)count};
}

/* Both vats run as run 1. */
static struct world world_make(void)
{
    struct world world = {0};
    struct mn_error error = {{0}};
    mn_result result = topology_read(text, sizeof text - 1, "t", &world.topology, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(result, MN_OK);
    world.observer = observer_new(world.topology, fine, NULL);
    struct mn_journal_record begins = {.kind = MN_JOURNAL_GENERATION};
    observer_journal(world.observer, 1, 1, &begins, 0, NULL, 0);
    for (uint32_t i = 0; i < 2; i++) {
        struct mn_journal_record record = {.kind = MN_JOURNAL_VAT};
        struct mn_life life = {.run = 1, .incarnation = 1, .outcome = MN_REVIVED};
        struct observer_actor first = actor(i, 1);
        record.vat.vat = mn_name_of(i == 0 ? "a" : "b");
        record.vat.run = 1;
        observer_journal(world.observer, 2 + i, 1, &record, 0, NULL, 0);
        observer_vat_begins(world.observer, &first, &life, 7);
    }
    return world;
}

static void world_free(struct world *world)
{
    observer_destroy(&world->observer);
    topology_destroy(&world->topology);
}

/* The vat's open epoch ends, durable, and the copy of the one before it is deleted. */
static void checkpoint(struct world *world, const struct observer_actor *who, mn_epoch floor)
{
    observer_checkpoint(world->observer, who, 0, 7);
    observer_copy(world->observer, 0, who->vat, who->epoch, OBSERVER_COPY_MADE);
    observer_durable(world->observer, who, who->epoch, floor);
    if (floor > 0) {
        observer_copy(world->observer, 0, who->vat, who->epoch - 1, OBSERVER_COPY_DELETED);
    }
}

/* In each epoch a sends b one message, which takes it. @floors: they are told their floors. */
static void talk(struct world *world, bool floors)
{
    for (uint32_t i = 1; i <= EPOCHS; i++) {
        struct observer_actor a = actor(0, i);
        struct observer_actor b = actor(1, i);
        observer_sends(world->observer, &a, 1, i);
        checkpoint(world, &a, floors && i > 1 ? a.epoch : 0);
        observer_leaves(world->observer, &a, 1, a.epoch, i, i);
        observer_takes(world->observer, &b, 0, i);
        checkpoint(world, &b, floors && i > 1 ? b.epoch : 0);
    }
    assert_null(observer_failure(world->observer));
}

static void forgets_what_both_have_settled(void **state)
{
    (void)state;
    struct world world = world_make();
    talk(&world, true);
    assert_true(observer_kept(world.observer) < EPOCHS);
    assert_null(observer_unsettled(world.observer));
    world_free(&world);
}

static void keeps_what_no_floor_has_passed(void **state)
{
    (void)state;
    struct world world = world_make();
    talk(&world, false);
    assert_int_equal(observer_kept(world.observer), 6 * EPOCHS);
    world_free(&world);
}

/* It may come to a disk yet, and be all that its vat can be restored from. */
static void keeps_the_checkpoints_of_a_vat_while_a_copy_of_one_is_on_its_way(void **state)
{
    (void)state;
    struct world world = world_make();
    observer_copy_leaves(world.observer, 0);
    talk(&world, true);
    size_t kept = observer_kept(world.observer);
    assert_true(kept >= EPOCHS);
    observer_copy_arrives(world.observer, 0);
    struct observer_actor a = actor(0, EPOCHS + 1);
    checkpoint(&world, &a, a.epoch);
    assert_true(observer_kept(world.observer) + EPOCHS - 50 < kept);
    assert_null(observer_failure(world.observer));
    world_free(&world);
}

static void sees_that_what_it_forgot_is_taken_again(void **state)
{
    (void)state;
    struct world world = world_make();
    talk(&world, true);
    struct observer_actor b = actor(1, EPOCHS + 1);
    observer_takes(world.observer, &b, 0, 3);
    assert_string_equal(observer_failure(world.observer), "once: b takes message 0 of a after 400");
    world_free(&world);
}

static void sees_a_number_that_it_forgot_given_anew(void **state)
{
    (void)state;
    struct world world = world_make();
    talk(&world, true);
    struct observer_actor a = actor(0, EPOCHS + 1);
    observer_sends(world.observer, &a, 1, EPOCHS + 1);
    observer_leaves(world.observer, &a, 1, a.epoch, 3, EPOCHS + 1);
    assert_string_equal(observer_failure(world.observer),
                        "numbers: a run 1 sends to b as number 3 what has another");
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_no_more_of_three_minutes_than_of_one),
        cmocka_unit_test(forgets_nothing_after_a_backup),
        cmocka_unit_test(forgets_what_both_have_settled),
        cmocka_unit_test(keeps_what_no_floor_has_passed),
        cmocka_unit_test(keeps_the_checkpoints_of_a_vat_while_a_copy_of_one_is_on_its_way),
        cmocka_unit_test(sees_that_what_it_forgot_is_taken_again),
        cmocka_unit_test(sees_a_number_that_it_forgot_given_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
