/* A coordinator whose journal was lost, or is an old one: what agents say of runs, places and
 * checkpoints is all that it has, and nothing is given out a second time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator_trouble.h"

#define RAISED ": a run that this journal does not know of: it is an old one, or was lost\n"

static void lost_journal(struct scene *scene)
{
    scene_open(scene);
    scene_skip(scene);
}

static struct coordinator_vat_facts facts_of(const struct scene *scene, uint32_t vat)
{
    struct coordinator_vat_facts facts;
    coordinator_vat(scene->coordinator, vat, &facts);
    return facts;
}

static void takes_the_higher_of_two_runs_wherever_it_is(void **state)
{
    (void)state;
    struct scene scene;
    lost_journal(&scene);
    scene_hello(&scene, 1, "x1 1 stopped");
    scene_skip(&scene);
    scene_hello(&scene, 2, "x2 1 up, x1 2 up");
    scene_expect(&scene,
                 "h2 welcome generation 1 round 0 everything\n"
                 "note run_above_journal x2 h2" RAISED "record 3 vat x2 run 1 incarnation 1 on h2\n"
                 "note run_above_journal x1 h2" RAISED "record 4 vat x1 run 2 incarnation 1 on h2\n"
                 "note round_state: called off: all that was lost is back\n");
    assert_int_equal(facts_of(&scene, 0).state, COORDINATOR_VAT_UP);
    assert_int_equal(facts_of(&scene, 0).host, 1);
    scene_state(&scene, 1, "x1 1 up");
    scene_expect(&scene, "note former_life_stopped x1 h1\n"
                         "h1 stop x1 run 1\n");
    scene_restart(&scene, scene.record_count);
    assert_int_equal(facts_of(&scene, 0).run, 2);
    assert_int_equal(facts_of(&scene, 0).host, 1);
    scene_close(&scene);
}

static void believes_a_higher_run_than_the_one_that_was_fenced(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    scene_state(&scene, 1, "x1 1 exited");
    scene_until(&scene, 22500);
    trouble_must_say(&scene, "freeze 1 x1/1");
    scene_skip(&scene);
    scene_state(&scene, 2, "x1 2 up");
    trouble_must_say(&scene, "record 9 vat x1 run 2 incarnation 1 on h2\n");
    trouble_must_say(&scene, "h2 freeze round 1 attempt 2\n");
    assert_int_equal(facts_of(&scene, 0).state, COORDINATOR_VAT_UP);
    scene_restart(&scene, scene.record_count);
    assert_int_equal(facts_of(&scene, 0).state, COORDINATOR_VAT_UNKNOWN);
    scene_close(&scene);
}

static void goes_on_with_a_decision_that_is_being_written_when_a_higher_run_shows(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    scene_state(&scene, 1, "x1 1 exited");
    scene_until(&scene, 22500);
    scene_interval(&scene, 1, 1, 1, NULL, 0, 0, "");
    for (uint32_t host = 2; host <= 6; host++) {
        char name[16];
        (void)snprintf(name, sizeof name, "x%u", host);
        scene_interval(&scene, host, 1, 1, name, EPOCH(1, 3), EPOCH(1, 2), "");
    }
    trouble_must_say(&scene, "record 9 decision 1");
    scene_skip(&scene);
    scene_state(&scene, 2, "x1 5 up");
    scene_expect(&scene, "");
    scene_recorded(&scene, 9);
    assert_int_equal(facts_of(&scene, 0).run, 2);
    scene_skip(&scene);
    scene_state(&scene, 2, "x1 5 up");
    scene_expect(&scene, "note run_above_journal x1 h2" RAISED
                         "record 10 vat x1 run 5 incarnation 1 on h2\n"
                         "note round_state: tell\n"
                         "record 11 done 1\n");
    assert_int_equal(facts_of(&scene, 0).state, COORDINATOR_VAT_UP);
    scene_restart(&scene, scene.record_count);
    assert_int_equal(facts_of(&scene, 0).run, 5);
    scene_close(&scene);
}

static void hears_of_any_run_but_leaves_as_many_to_give_out(void **state)
{
    (void)state;
    struct scene scene;
    lost_journal(&scene);
    scene_hello(&scene, 1, "x1 70000 up");
    scene_expect(&scene, "h1 welcome generation 1 round 0 everything\n"
                         "note run_above_journal x1 h1" RAISED
                         "record 2 vat x1 run 70000 incarnation 1 on h1\n");
    char words[64];
    (void)snprintf(words, sizeof words, "x1 %u up", (unsigned)(MN_RUN_MAX / 2 + 1));
    scene_hello(&scene, 2, "");
    scene_skip(&scene);
    scene_state(&scene, 2, words);
    scene_expect(&scene, "note said_too_much h2: about a run that cannot be\n");
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_higher_of_two_runs_wherever_it_is),
        cmocka_unit_test(believes_a_higher_run_than_the_one_that_was_fenced),
        cmocka_unit_test(goes_on_with_a_decision_that_is_being_written_when_a_higher_run_shows),
        cmocka_unit_test(hears_of_any_run_but_leaves_as_many_to_give_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
