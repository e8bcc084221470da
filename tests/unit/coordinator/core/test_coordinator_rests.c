/* Stories of a vat whose process ends again and again: it is restored at once the first times, and
 * then rests before the next round, longer each time, unless it came as far as a checkpoint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator_trouble.h"

/* x1's run @run ends on h1, of which the coordinator hears. */
static void x1_ends(struct scene *scene, mn_run run)
{
    char words[32];
    scene_skip(scene);
    (void)snprintf(words, sizeof words, "x1 %u exited", run);
    scene_state(scene, 1, words);
}

/* The round that is open goes through, and x1 is up as run @run. */
static void x1_is_restored(struct scene *scene, uint64_t round, mn_run run)
{
    char words[64];
    scene_until(scene, scene->now / MN_MS + 3000);
    (void)snprintf(words, sizeof words, "freeze round %llu attempt 1", (unsigned long long)round);
    trouble_must_say(scene, words);
    trouble_answer(scene, 1, round, 1, "");
    trouble_answer(scene, 2, round, 1, "x2 1.3 1.1");
    trouble_answer(scene, 3, round, 1, "x3 1.3 1.1");
    trouble_answer(scene, 4, round, 1, "x4 1.3 1.1");
    trouble_answer(scene, 5, round, 1, "x5 1.3 1.1");
    trouble_answer(scene, 6, round, 1, "x6 1.3 1.1");
    scene_recorded(scene, scene->record_count);
    (void)snprintf(words, sizeof words, "x1 %u up", run);
    scene_state(scene, 1, words);
    scene_recorded(scene, scene->record_count);
}

/* The first thing that is waited for, and for how long. */
static bool rests(const struct scene *scene, int64_t *left_ms)
{
    struct coordinator_wait wait;
    bool waits = coordinator_waits(scene->coordinator, scene->now, 0, &wait);
    *left_ms = waits ? (wait.until - scene->now) / MN_MS : 0;
    return waits && wait.kind == COORDINATOR_WAIT_REST && wait.vat == 0 && wait.host == 0;
}

/* All run, and x1 has ended twice since, each time at once. */
static void begin(struct scene *scene)
{
    trouble_begin(scene);
    for (mn_run run = 1; run <= 2; run++) {
        x1_ends(scene, run);
        trouble_must_say(scene, "note round_begun\n");
        x1_is_restored(scene, run, run + 1);
    }
}

static void rests_when_it_ends_once_more(void **state)
{
    (void)state;
    struct scene scene;
    int64_t left_ms = 0;
    begin(&scene);
    x1_ends(&scene, 3);
    trouble_must_say(&scene, "note vat_rests x1 h1: it ended so many times");
    trouble_must_not_say(&scene, "round_begun");
    assert_true(rests(&scene, &left_ms));
    assert_int_equal(left_ms, 1000);
    scene_until(&scene, scene.now / MN_MS + 900);
    trouble_must_not_say(&scene, "round_begun");
    scene_until(&scene, scene.now / MN_MS + 200);
    trouble_must_say(&scene, "note round_begun\n");
    assert_false(rests(&scene, &left_ms));
    x1_is_restored(&scene, 3, 4);
    x1_ends(&scene, 4);
    assert_true(rests(&scene, &left_ms));
    assert_int_equal(left_ms, 2000);
    scene_close(&scene);
}

static void goes_on_at_once_after_a_checkpoint(void **state)
{
    (void)state;
    struct scene scene;
    int64_t left_ms = 0;
    begin(&scene);
    scene_row(&scene, 1, "x1", EPOCH(3, 1), EPOCH(1, 2), true, "");
    x1_ends(&scene, 3);
    trouble_must_say(&scene, "note round_begun\n");
    assert_false(rests(&scene, &left_ms));
    scene_close(&scene);
}

/* It is lost all the same, and goes on with the others. */
static void a_round_for_another_reason_starts_it_too(void **state)
{
    (void)state;
    struct scene scene;
    int64_t left_ms = 0;
    begin(&scene);
    x1_ends(&scene, 3);
    assert_true(rests(&scene, &left_ms));
    scene_state(&scene, 2, "x2 1 exited");
    trouble_must_say(&scene, "note round_begun\n");
    scene_until(&scene, scene.now / MN_MS + 3000);
    trouble_must_say(&scene, "suspects x1/3 x2/1\n");
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rests_when_it_ends_once_more),
        cmocka_unit_test(goes_on_at_once_after_a_checkpoint),
        cmocka_unit_test(a_round_for_another_reason_starts_it_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
