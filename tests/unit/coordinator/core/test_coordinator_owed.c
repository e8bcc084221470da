/* Stories of notices that are owed anew, because a later round takes back who has handled them, and
 * of what the journal says of that; and of rounds that are owed to who was frozen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "coordinator_trouble.h"

/* x1 ends, and @round, which is to start it anew and tells nobody anything, is being recorded. */
static void decide_x1_ended(struct scene *scene, uint64_t round)
{
    char said[64];
    mn_run run = (mn_run)round;
    scene_skip(scene);
    (void)snprintf(said, sizeof said, "x1 %u exited", run);
    scene_row(scene, 1, "x1", EPOCH(run, 1), 0, true, "");
    scene_state(scene, 1, said);
    scene_until(scene, scene->now / MN_MS + 2600);
    trouble_answer(scene, 1, round, 1, "");
    trouble_answer(scene, 2, round, 1, "x2 1.3 1.1, x6 2.1 1.1");
    trouble_answer(scene, 3, round, 1, "x3 1.3 1.1");
    trouble_answer(scene, 4, round, 1, "x4 1.3 1.1");
    trouble_answer(scene, 5, round, 1, "x5 1.3 1.1");
    (void)snprintf(said, sizeof said, "decision %u gone x1 [h1: x1 run %u", run, run + 1);
    trouble_must_say(scene, said);
}

/* What round 1 told x1 it is owed anew, and @round is not done before it has handled that. */
static void restart_x1(struct scene *scene, uint64_t round)
{
    char said[64];
    mn_run run = (mn_run)round + 1;
    decide_x1_ended(scene, round);
    scene_recorded(scene, scene->record_count);
    (void)snprintf(said, sizeof said, "x1 %u up", run);
    scene_skip(scene);
    scene_state(scene, 1, said);
    trouble_must_not_say(scene, " done ");
    scene_handled(scene, 1, "x1", run, 1);
    (void)snprintf(said, sizeof said, " done %u\n", run - 1);
    trouble_must_say(scene, said);
}

static bool owes_anything(const struct scene *scene)
{
    struct coordinator_wait wait;
    bool owes = false;
    for (size_t i = 0; coordinator_waits(scene->coordinator, scene->now, i, &wait); i++) {
        owes = owes || wait.kind == COORDINATOR_WAIT_HANDLED;
    }
    return owes;
}

/* Each of the rounds 2 to 10 takes x1 back, so that what round 1 told it is owed anew each time,
 * and each time it says that it has handled it. A new coordinator reads so. */
static void owes_nothing_of_ten_rounds_that_are_done(void **state)
{
    (void)state;
    struct scene scene;
    trouble_decide_x6_and_x1(&scene);
    scene_handled(&scene, 1, "x1", 2, 1);
    scene_handled(&scene, 2, "x6", 2, 1);
    scene_recorded(&scene, scene.record_count);
    for (uint64_t round = 2; round <= 10; round++) {
        restart_x1(&scene, round);
        scene_recorded(&scene, scene.record_count);
    }
    assert_false(owes_anything(&scene));
    scene_restart(&scene, scene.record_count);
    assert_false(owes_anything(&scene));
    scene_recorded(&scene, scene.record_count);
    scene_skip(&scene);
    scene_hello(&scene, 1, "x1 11 up");
    scene_hello(&scene, 2, "x2 1 up, x6 2 up");
    trouble_must_say(&scene, "h1 decision 10");
    trouble_must_not_say(&scene, " told ");
    scene_close(&scene);
}

/* x1 handles what it is owed since round 2 while the decision is being recorded that takes it back
 * once more: that round 2 is done is written after it, and says nothing of what is owed since. */
static void owes_again_what_a_decision_under_way_takes_back(void **state)
{
    (void)state;
    struct scene scene;
    trouble_decide_x6_and_x1(&scene);
    scene_handled(&scene, 1, "x1", 2, 1);
    scene_handled(&scene, 2, "x6", 2, 1);
    scene_recorded(&scene, scene.record_count);
    decide_x1_ended(&scene, 2);
    scene_recorded(&scene, scene.record_count);
    scene_state(&scene, 1, "x1 3 up");
    decide_x1_ended(&scene, 3);
    scene_skip(&scene);
    scene_handled(&scene, 1, "x1", 3, 1);
    trouble_must_say(&scene, " done 2\n");
    scene_restart(&scene, scene.record_count);
    assert_true(owes_anything(&scene));
    scene_close(&scene);
}

static void hello_of_h1(struct scene *scene, uint64_t frozen)
{
    struct mn_vat_status x1 = {.vat = mn_name_of("x1"), .run = 1, .state = MN_VAT_UP};
    struct mn_up up = {
        .kind = MN_UP_HELLO,
        .hello = {.host = mn_name_of("h1"), .frozen_round = frozen, .vats = &x1, .vat_count = 1}};
    scene_up(scene, 1, &up);
}

/* Nothing is lost. A coordinator whose journal is lost had frozen h1, and decided nothing. */
static void owes_a_later_round_to_who_was_frozen_for_one(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    hello_of_h1(&scene, 500);
    scene_until(&scene, 25000);
    trouble_must_say(&scene, "freeze round 501 attempt 1");
    scene_close(&scene);
}

/* While all are asked in round 1 they say that they are frozen for it. */
static void owes_nothing_more_to_who_is_frozen_for_its_own_round(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    trouble_lose_hosts(&scene, "3");
    scene_until(&scene, 30000);
    trouble_must_say(&scene, "freeze round 1 attempt 1");
    scene_skip(&scene);
    hello_of_h1(&scene, 1);
    trouble_must_not_say(&scene, "note journal_forgot");
    trouble_must_not_say(&scene, "round_begun");
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(owes_nothing_of_ten_rounds_that_are_done),
        cmocka_unit_test(owes_again_what_a_decision_under_way_takes_back),
        cmocka_unit_test(owes_a_later_round_to_who_was_frozen_for_one),
        cmocka_unit_test(owes_nothing_more_to_who_is_frozen_for_its_own_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
