/* Stories of how much of their work vats lose, and how long restoring them takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "coordinator_trouble.h"

/* What @host says of x3's checkpoint 1.2: that it was written @ms ago, or nothing for -1. */
static void says_age(struct scene *scene, uint32_t host, int64_t ms)
{
    static const struct mn_name name = {"x3"};
    struct mn_row row = {.epoch = EPOCH(1, 2),
                         .since = EPOCH(1, 1),
                         .onto = EPOCH(1, 1),
                         .durable = true,
                         .here = true,
                         .age = (uint32_t)(ms + 1)};
    struct mn_up up = {.kind = MN_UP_REPORT};
    up.report.sequence = 1;
    up.report.vats.names = &name;
    up.report.vats.count = 1;
    up.report.rows = &row;
    up.report.row_count = 1;
    scene_up(scene, host, &up);
}

static void begin(struct scene *scene)
{
    scene_open_more(scene, "policy: {approve: {share: 0.1}}\n");
    scene_run_all(scene);
}

/* Rack r2 is silent from 20 s on. x3's host is in it. */
static void lose_r2(struct scene *scene)
{
    scene_until(scene, 20000);
    trouble_lose_hosts(scene, "34");
    scene_until(scene, 28000);
    trouble_answer_first(scene, 1, 1);
    scene_skip(scene);
}

/* Of x3, which is the first that the plan starts anew. */
static uint64_t lost_of_x3(const struct scene *scene)
{
    struct coordinator_plan_facts plan;
    assert_true(coordinator_plan(scene->coordinator, &plan));
    assert_string_equal(plan.draft->starts[0].start.vat.text, "x3");
    assert_int_equal(plan.draft->starts[0].start.keep, EPOCH(1, 2));
    return plan.draft->starts[0].lost;
}

/* When x3's host was heard last; it was suspected seconds after that. */
static mn_time heard_ms(const struct scene *scene)
{
    struct coordinator_host_facts host;
    struct coordinator_round_facts round;
    coordinator_host(scene->coordinator, scene->now, 2, &host);
    coordinator_round(scene->coordinator, 0, &round);
    mn_time heard = (scene->now - host.silence) / MN_MS;
    assert_true(heard <= 20000);
    assert_true(round.suspected_at / MN_MS >= heard + 3000);
    return heard;
}

static void counts_a_lost_vats_work_until_its_host_was_heard_last(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    scene_at(&scene, 15000);
    says_age(&scene, 3, 2500); /* so it was written at 12.5 s */
    lose_r2(&scene);
    assert_int_equal(lost_of_x3(&scene), 1 + heard_ms(&scene) - 12500);
    scene_close(&scene);
}

/* The ledger counts in tenths of a second: it is what the plan said that the decision records. */
static void loses_no_less_because_it_is_looked_at_later(void **state)
{
    (void)state;
    struct scene scene;
    struct coordinator_plan_facts plan;
    begin(&scene);
    scene_at(&scene, 15000);
    says_age(&scene, 3, 2500);
    lose_r2(&scene);
    for (mn_time ms = 28000; ms < 28100; ms++) {
        scene_at(&scene, ms);
        scene_tick(&scene);
        assert_true(coordinator_plan(scene.coordinator, &plan));
        const struct decision_vat *x3 = decision_find(plan.decision, 2);
        assert_int_equal(coordinator_lost(scene.coordinator, x3), lost_of_x3(&scene));
    }
    scene_close(&scene);
}

static void believes_the_clock_of_the_vats_own_host_rather_than_a_holders(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    scene_at(&scene, 15000);
    says_age(&scene, 5, 9000);
    says_age(&scene, 3, 2500);
    says_age(&scene, 5, 9000);
    lose_r2(&scene);
    assert_int_equal(lost_of_x3(&scene), 1 + heard_ms(&scene) - 12500);
    scene_close(&scene);
}

static void takes_a_holders_word_where_there_is_no_other(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    scene_at(&scene, 15000);
    says_age(&scene, 3, -1);
    says_age(&scene, 5, 9000);
    lose_r2(&scene);
    assert_int_equal(lost_of_x3(&scene), 1 + heard_ms(&scene) - 6000);
    scene_close(&scene);
}

static void does_not_know_what_nobody_says(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    lose_r2(&scene);
    assert_int_equal(lost_of_x3(&scene), 0);
    scene_close(&scene);
}

/* The ledger's numbers begin anew every 19 days: 12.5 s and these are alike. */
static void knows_no_age_that_its_numbers_cannot_hold(void **state)
{
    (void)state;
    struct scene scene;
    const mn_time days = INT64_C(24) * 3600 * 1000;
    begin(&scene);
    scene_at(&scene, 15000);
    says_age(&scene, 3, 2500);
    for (mn_time day = 1; day <= 20; day++) {
        scene_at(&scene, day * days);
        says_age(&scene, 3, -1);
        scene_hello(&scene, 1, "x1 1 up");
        scene_tick(&scene);
        scene_skip(&scene);
        uint32_t written = ledger_written(coordinator_ledger(scene.coordinator), 2, EPOCH(1, 2));
        assert_true(day >= 9 || written != 0);
        assert_true(day < 15 || written == 0);
    }
    says_age(&scene, 3, 10 * days); /* and it is not told one either */
    assert_int_equal(ledger_written(coordinator_ledger(scene.coordinator), 2, EPOCH(1, 2)), 0);
    scene_close(&scene);
}

static void goes_by_the_newest_round_for_how_long_restoring_takes(void **state)
{
    (void)state;
    struct scene scene;
    mn_time estimate = 0;
    scene_open_more(&scene, "policy: {approve: {share: 1}}\n");
    scene_run_all(&scene);
    assert_false(coordinator_restore_estimate(scene.coordinator, 2, &estimate));
    lose_r2(&scene);
    assert_false(coordinator_restore_estimate(scene.coordinator, 2, &estimate));
    scene_recorded(&scene, scene.record_count);
    scene_at(&scene, 29000);
    scene_state(&scene, 5, "x3 2 up");
    scene_at(&scene, 30000);
    scene_state(&scene, 6, "x4 2 up");
    struct coordinator_round_facts facts;
    coordinator_round(scene.coordinator, 0, &facts);
    mn_time took = facts.restored_at - facts.decided_at;
    assert_true(took >= 2000 * MN_MS);
    assert_true(coordinator_restore_estimate(scene.coordinator, 1, &estimate));
    assert_int_equal(estimate, took);
    assert_true(coordinator_restore_estimate(scene.coordinator, 6, &estimate));
    assert_int_equal(estimate, 3 * took);
    assert_false(coordinator_restore_estimate(scene.coordinator, 0, &estimate));
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_a_lost_vats_work_until_its_host_was_heard_last),
        cmocka_unit_test(loses_no_less_because_it_is_looked_at_later),
        cmocka_unit_test(believes_the_clock_of_the_vats_own_host_rather_than_a_holders),
        cmocka_unit_test(takes_a_holders_word_where_there_is_no_other),
        cmocka_unit_test(does_not_know_what_nobody_says),
        cmocka_unit_test(knows_no_age_that_its_numbers_cannot_hold),
        cmocka_unit_test(goes_by_the_newest_round_for_how_long_restoring_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
