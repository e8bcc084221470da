/* A journal that has forgotten, nobody knows how much: its numbers go on above what none can have
 * reached when it began, which is a number for each second since the beginning of 2026. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator_trouble.h"

enum { BEGUN_MS = 5000 * 1000 }; /* of 2026 */

#define AT(ms) (INT64_C(1767225600000) + BEGUN_MS + (ms))

/* Its clock shows 2026, and it has lost everything but for what agents remember. */
static void begin(struct scene *scene)
{
    scene_open(scene);
    scene_at(scene, AT(0));
    scene_restart(scene, 0);
    scene_recorded(scene, 1);
    scene_run_all(scene);
    scene_until(scene, AT(20000));
    scene_skip(scene);
}

static void crash_x1(struct scene *scene, const char *words)
{
    scene_state(scene, 1, words);
    scene_until(scene, AT(22500));
}

/* Once x2 has shown that the journal has forgotten. */
static void have_another_lead(struct scene *scene)
{
    begin(scene);
    scene_state(scene, 2, "x2 7 up");
    scene_at(scene, AT(100000));
    scene_restart(scene, scene->record_count);
    scene_recorded(scene, scene->record_count);
}

static void goes_on_above_all_runs_and_rounds_that_can_have_been(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    scene_state(&scene, 1, "x1 2 up");
    trouble_must_say(&scene, "note journal_forgot");
    crash_x1(&scene, "x1 2 exited");
    trouble_must_say(&scene, "freeze round 5001 attempt 1");
    trouble_answer(&scene, 1, 5001, 1, "");
    trouble_answer_first(&scene, 5001, 1);
    trouble_must_say(&scene, "decision 5001 gone x1 [h1: x1 run 5001 ");
    scene_close(&scene);
}

static void counts_on_where_nothing_was_forgotten(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    crash_x1(&scene, "x1 1 exited");
    trouble_answer(&scene, 1, 1, 1, "");
    trouble_answer_first(&scene, 1, 1);
    trouble_must_say(&scene, "decision 1 gone x1 [h1: x1 run 2 ");
    scene_close(&scene);
}

static void gives_another_number_to_a_round_that_has_begun(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    crash_x1(&scene, "x1 1 exited");
    trouble_must_say(&scene, "freeze round 1 attempt 1");
    scene_state(&scene, 2, "x2 7 up");
    trouble_must_say(&scene, "freeze round 5001 attempt 2");
    scene_close(&scene);
}

/* The one after it reads that x2's run was found. */
static void goes_by_the_journal_when_another_coordinator_leads(void **state)
{
    (void)state;
    struct scene scene;
    have_another_lead(&scene);
    trouble_hello_of(&scene, 1, NULL, 0, 0, false);
    scene_until(&scene, AT(120000));
    trouble_must_say(&scene, "freeze round 5001 attempt 1");
    scene_close(&scene);
}

/* Above the second loss, of which it hears in its own time, not above the first only. */
static void goes_up_with_each_loss(void **state)
{
    (void)state;
    struct scene scene;
    have_another_lead(&scene);
    trouble_hello_of(&scene, 1, "x1", 9, 0, false);
    scene_state(&scene, 1, "x1 9 exited");
    scene_until(&scene, AT(120000));
    trouble_must_say(&scene, "freeze round 5101 attempt 1");
    scene_close(&scene);
}

static void hears_of_any_round_that_can_have_been(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    trouble_hello_of(&scene, 6, "x6", 1, UINT64_C(1) << 62, false);
    scene_until(&scene, AT(22500));
    trouble_must_say(&scene, "freeze round 4611686018427387905 attempt 1");
    scene_skip(&scene);
    trouble_hello_of(&scene, 6, "x6", 1, (UINT64_C(1) << 62) + 2, false);
    trouble_must_say(&scene, "note said_too_much h6: about a round that cannot be\n");
    trouble_must_not_say(&scene, "freeze");
    scene_close(&scene);
}

/* x1 is not on its host, and nobody speaks of it: it may have run all the same, and been forgotten
 * by who knew of it. */
static void starts_for_the_first_time_above_that_too(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    scene_at(&scene, AT(0));
    scene_restart(&scene, 0);
    scene_recorded(&scene, 1);
    scene_skip(&scene);
    for (uint32_t host = 1; host <= 6; host++) {
        char name[8];
        struct mn_up up = {.kind = MN_UP_HEARTBEAT};
        (void)snprintf(name, sizeof name, "x%u", host);
        trouble_hello_of(&scene, host, host > 1 ? name : NULL, 1, 0, true);
        up.heartbeat.complete = true;
        scene_up(&scene, host, &up);
    }
    scene_tick(&scene);
    trouble_must_say(&scene, "vat x1 run 5001 incarnation 1 on h1\n");
    scene_recorded(&scene, scene.record_count);
    trouble_must_say(&scene, "h1 start x1 run 5001 ");
    scene_skip(&scene);
    scene_hello(&scene, 1, "");
    trouble_must_say(&scene, "h1 start x1 run 5001 ");
    scene_close(&scene);
}

static void knows_no_time_before_that(void **state)
{
    (void)state;
    assert_int_equal(mn_base_at(0), 0);
    assert_int_equal(mn_base_at(INT64_C(1767225600) * MN_SECOND - 1), 0);
    assert_int_equal(mn_base_at(INT64_C(1767225601) * MN_SECOND), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_on_above_all_runs_and_rounds_that_can_have_been),
        cmocka_unit_test(counts_on_where_nothing_was_forgotten),
        cmocka_unit_test(gives_another_number_to_a_round_that_has_begun),
        cmocka_unit_test(goes_by_the_journal_when_another_coordinator_leads),
        cmocka_unit_test(goes_up_with_each_loss),
        cmocka_unit_test(hears_of_any_round_that_can_have_been),
        cmocka_unit_test(starts_for_the_first_time_above_that_too),
        cmocka_unit_test(knows_no_time_before_that),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
