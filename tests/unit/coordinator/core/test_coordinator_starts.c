/* Stories of vats that a later round starts again: what an older one ordered, and what it told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator_trouble.h"

/* x3 is to go on at h5 as run 2, whose process ends before it has said that it is up. */
static void orders_no_start_that_a_later_round_has_overtaken(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    trouble_decide_x3(&scene);
    scene_recorded(&scene, scene.record_count);
    trouble_must_say(&scene, "h5 start x3 run 2 ");
    scene_state(&scene, 5, "x3 2 exited");
    scene_until(&scene, 34000);
    trouble_must_say(&scene, "h1 freeze round 2 attempt 1 ");
    trouble_answer_first(&scene, 2, 1);
    trouble_must_say(&scene, ": x3 run 3 ");
    scene_skip(&scene);
    scene_recorded(&scene, scene.record_count);
    scene_until(&scene, 40000);
    trouble_must_say(&scene, "start x3 run 3 ");
    trouble_must_not_say(&scene, "start x3 run 2 ");
    scene_close(&scene);
}

/* x1 has handled that x3 forgot, and its process ends. It goes on from a checkpoint that may be
 * from before that, though nobody can tell: it is handed the notice again before it is started. */
static void owes_a_revived_vat_what_it_had_handled(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    scene_row(&scene, 1, "x1", EPOCH(1, 3), EPOCH(1, 1), true, "x3 1.2");
    trouble_lose_hosts(&scene, "35");
    scene_until(&scene, 28000);
    trouble_answer(&scene, 1, 1, 1, "x1 1.4 1.3");
    trouble_answer(&scene, 2, 1, 1, "x2 1.3 1.1");
    trouble_answer(&scene, 4, 1, 1, "x4 1.3 1.1");
    trouble_answer(&scene, 6, 1, 1, "x6 1.3 1.1");
    trouble_must_say(&scene, "told x1 (x3 ");
    scene_recorded(&scene, scene.record_count);
    scene_handled(&scene, 1, "x1", 1, 1);
    scene_state(&scene, 1, "x1 1 exited");
    scene_until(&scene, 34000);
    trouble_must_say(&scene, "h1 freeze round 2 attempt 1 ");
    trouble_answer_first(&scene, 2, 1);
    trouble_must_say(&scene, "h1: x1 run 2 incarnation 1 revived keep 1.3");
    scene_skip(&scene);
    scene_recorded(&scene, scene.record_count);
    const char *told = strstr(scene.text, "h1 decision 1 told x1");
    const char *start = strstr(scene.text, "h1 start x1 run 2");
    assert_non_null(start);
    assert_true(told != NULL && told < start);
    trouble_must_say(&scene, "h1 start x1 run 2 incarnation 1 revived keep 1.3 from 1.1@h1 1.3@h1 "
                             "told up to 0\n");
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_no_start_that_a_later_round_has_overtaken),
        cmocka_unit_test(owes_a_revived_vat_what_it_had_handled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
