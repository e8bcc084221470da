/* Stories of approvals that do not cover what has become of the plan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "coordinator_trouble.h"

/* What @host had of @vat is there no more. */
static void gone(struct scene *scene, uint32_t host, const char *vat, mn_epoch epoch)
{
    struct mn_name name = mn_name_of(vat);
    struct mn_row row = {.epoch = epoch, .gone = true};
    struct mn_up up = {.kind = MN_UP_REPORT};
    up.report.sequence = 1;
    up.report.vats.names = &name;
    up.report.vats.count = 1;
    up.report.rows = &row;
    up.report.row_count = 1;
    scene_up(scene, host, &up);
}

/* h3 and h5 had all copies of x3. Once its reset is approved h3 is back, with what it had; and what
 * is left of x5, at h1, goes bad. That is as many resets, of a vat that nobody was asked about. */
static void asks_again_when_another_vat_is_to_be_reset_than_was_approved(void **state)
{
    (void)state;
    struct scene scene;
    struct coordinator_plan_facts plan;
    scene_open_more(&scene, "operators:\n"
                            "  alice: {key: \"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb1\", "
                            "role: approve}\n"
                            "policy: {approve: {}}\n");
    scene_run_all(&scene);
    scene_until(&scene, 20000);
    trouble_lose_hosts(&scene, "35");
    scene_until(&scene, 28000);
    trouble_answer_first(&scene, 1, 1);
    assert_true(coordinator_plan(scene.coordinator, &plan));
    assert_int_equal(plan.bounds->reset_count, 1);
    assert_string_equal(plan.bounds->reset[0].text, "x3");
    scene_word(&scene, 0, MN_STEP_APPROVE, 1, "they burned");
    scene_recorded(&scene, scene.record_count);
    scene.silent[2] = false;
    scene_hello(&scene, 3, "x3 1 exited");
    scene_row(&scene, 3, "x3", EPOCH(1, 1), 0, true, "");
    scene_row(&scene, 3, "x3", EPOCH(1, 2), EPOCH(1, 1), true, "");
    gone(&scene, 1, "x5", EPOCH(1, 1));
    gone(&scene, 1, "x5", EPOCH(1, 2));
    scene_skip(&scene);
    trouble_answer(&scene, 3, 1, 3, "");
    trouble_answer_first(&scene, 1, 3);
    trouble_must_say(&scene, "note plan_outside_approval");
    assert_true(coordinator_plan(scene.coordinator, &plan));
    assert_int_equal(plan.bounds->reset_count, 1);
    assert_string_equal(plan.bounds->reset[0].text, "x5");
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_again_when_another_vat_is_to_be_reset_than_was_approved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
