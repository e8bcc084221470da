/* Answers to a freeze in parts, and vats that never say what interval they are in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator_trouble.h"

/* Rack r2 is lost, so that everybody is asked; x2 on h2 is what the stories are about. */
static void begin(struct scene *scene, const char *policy)
{
    trouble_begin_with_operators(scene, policy);
    scene_until(scene, 20000);
    trouble_lose_hosts(scene, "34");
    scene_until(scene, 28000);
    trouble_must_say(scene, "h2 freeze round 1 attempt 1 lost h3 h4 suspects x3/1 x4/1");
    scene_skip(scene);
}

static void others_answer(struct scene *scene, uint32_t attempt)
{
    trouble_answer(scene, 1, 1, attempt, "x1 1.3 1.1");
    trouble_answer(scene, 5, 1, attempt, "x5 1.3 1.1");
    trouble_answer(scene, 6, 1, attempt, "x6 1.3 1.1");
    scene_skip(scene);
}

/* A part of h2's answer: x2's interval, that it is silent, or neither. */
enum part_of { NOTHING, INTERVAL, SILENT };

static void say_part(struct scene *scene, uint32_t part, bool more, enum part_of what)
{
    struct mn_name name = mn_name_of("x2");
    struct mn_interval interval = {.epoch = EPOCH(1, 3), .since = EPOCH(1, 1)};
    uint32_t silent = 0;
    struct mn_up up = {.kind = MN_UP_INTERVALS};
    up.intervals.round = 1;
    up.intervals.attempt = 1;
    up.intervals.part = part;
    up.intervals.more = more;
    up.intervals.vats.names = &name;
    up.intervals.vats.count = 1;
    up.intervals.intervals = &interval;
    up.intervals.interval_count = what == INTERVAL ? 1 : 0;
    up.intervals.silent = &silent;
    up.intervals.silent_count = what == SILENT ? 1 : 0;
    scene_up(scene, 2, &up);
}

static void asks_for_the_next_part_until_the_last_one(void **state)
{
    (void)state;
    struct scene scene;
    struct coordinator_wait wait;
    begin(&scene, "policy: {approve: never}\n");
    others_answer(&scene, 1);
    say_part(&scene, 0, true, INTERVAL);
    scene_expect(&scene, "h2 more than part 0 of round 1 attempt 1\n");
    say_part(&scene, 0, true, INTERVAL); /* what was said about it was lost */
    scene_expect(&scene, "h2 more than part 0 of round 1 attempt 1\n");
    assert_true(coordinator_waits(scene.coordinator, scene.now, 0, &wait));
    assert_int_equal(wait.kind, COORDINATOR_WAIT_ANSWER);
    assert_int_equal(wait.host, 1);
    scene_until(&scene, 33000); /* it is asked for the part that it has not said yet */
    trouble_must_say(&scene, "h2 freeze round 1 attempt 1 lost h3 h4 suspects x3/1 x4/1");
    scene_skip(&scene);
    say_part(&scene, 1, true, NOTHING);
    scene_expect(&scene, "h2 more than part 1 of round 1 attempt 1\n");
    say_part(&scene, 2, false, NOTHING);
    trouble_must_say(&scene, "record 9 decision 1 lost h3 h4");
    scene_close(&scene);
}

static void takes_for_silent_what_is_in_no_part(void **state)
{
    (void)state;
    struct scene scene;
    struct coordinator_wait wait;
    begin(&scene, "policy: {approve: never}\n");
    others_answer(&scene, 1);
    say_part(&scene, 0, true, NOTHING);
    say_part(&scene, 1, false, NOTHING);
    trouble_must_not_say(&scene, "decision 1");
    assert_true(coordinator_waits(scene.coordinator, scene.now, 0, &wait));
    assert_int_equal(wait.kind, COORDINATOR_WAIT_SILENT);
    assert_int_equal(wait.vat, 1);
    scene_close(&scene);
}

/* Whichever part comes first: one that was said again may be an older one. */
static void believes_the_interval_of_one_that_another_part_calls_silent(void **state)
{
    (void)state;
    static const enum part_of orders[2][2] = {{SILENT, INTERVAL}, {INTERVAL, SILENT}};
    for (size_t i = 0; i < 2; i++) {
        struct scene scene;
        begin(&scene, "policy: {approve: never}\n");
        others_answer(&scene, 1);
        say_part(&scene, 0, true, orders[i][0]);
        say_part(&scene, 1, true, orders[i][1]);
        say_part(&scene, 2, false, NOTHING);
        trouble_must_say(&scene, "record 9 decision 1 lost h3 h4");
        scene_close(&scene);
    }
}

/* Everybody but x2 answers that attempt, and the next one begins. */
static void stay_silent(struct scene *scene, uint32_t attempt)
{
    char next[64];
    (void)snprintf(next, sizeof next, "h2 freeze round 1 attempt %u", attempt + 1);
    others_answer(scene, attempt);
    scene_silent(scene, 2, 1, attempt, "x2");
    trouble_must_not_say(scene, "round_state: plan");
    trouble_must_not_say(scene, "decision 1");
    scene_until(scene, scene->now / MN_MS + 5000);
    trouble_must_say(scene, next);
    scene_skip(scene);
}

static void asks_an_operator_about_one_that_never_answers(void **state)
{
    (void)state;
    struct scene scene;
    struct coordinator_wait wait;
    struct coordinator_plan_facts plan;
    begin(&scene, "policy: {approve: {share: 0.9}}\n");
    for (uint32_t attempt = 1; attempt < 12; attempt++) {
        stay_silent(&scene, attempt);
    }
    others_answer(&scene, 12);
    scene_silent(&scene, 2, 1, 12, "x2");
    scene_expect(&scene, "note round_state: settle\n"
                         "note plan_waits: an operator has to approve it: see mneme plan\n"
                         "note round_state: plan\n");
    assert_true(coordinator_plan(scene.coordinator, &plan));
    assert_int_equal(plan.asks, COORDINATOR_ASKS_UNSURE);
    assert_int_equal(plan.bounds->restored, 3);
    assert_int_equal(plan.bounds->unsure, 1);
    assert_true(coordinator_waits(scene.coordinator, scene.now, 0, &wait));
    assert_int_equal(wait.kind, COORDINATOR_WAIT_APPROVAL);
    assert_true(coordinator_waits(scene.coordinator, scene.now, 1, &wait));
    assert_int_equal(wait.kind, COORDINATOR_WAIT_SILENT);
    assert_int_equal(wait.vat, 1);
    scene_word(&scene, ALICE, MN_STEP_APPROVE, 1, "it hangs");
    scene_recorded(&scene, 9);
    trouble_must_say(&scene, "h2 freeze round 1 attempt 13 lost h3 h4 suspects x3/1 x4/1\n");
    scene_skip(&scene);
    others_answer(&scene, 13);
    scene_silent(&scene, 2, 1, 13, "x2"); /* only now it is ended */
    trouble_must_say(&scene, "h2 freeze round 1 attempt 14 lost h3 h4 suspects x2/1 x3/1 x4/1\n");
    others_answer(&scene, 14);
    scene_interval(&scene, 2, 1, 14, NULL, 0, 0, "");
    trouble_must_say(&scene, "h2 freeze round 1 attempt 15 lost h3 h4 suspects x2/1 x3/1 x4/1\n");
    others_answer(&scene, 15);
    scene_interval(&scene, 2, 1, 15, NULL, 0, 0, "");
    trouble_must_say(&scene, "x2 run 2 incarnation 1 revived keep 1.2");
    scene_close(&scene);
}

static void goes_on_without_an_operator_when_it_answers_after_all(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene, "policy: {approve: {share: 0.9}}\n");
    for (uint32_t attempt = 1; attempt < 12; attempt++) {
        stay_silent(&scene, attempt);
    }
    others_answer(&scene, 12);
    scene_silent(&scene, 2, 1, 12, "x2");
    trouble_must_say(&scene, "note round_state: plan\n");
    scene_until(&scene, scene.now / MN_MS + 59000);
    trouble_must_not_say(&scene, "freeze round 1 attempt 13");
    scene_until(&scene, scene.now / MN_MS + 2000);
    trouble_must_say(&scene, "h2 freeze round 1 attempt 13 lost h3 h4 suspects x3/1 x4/1\n");
    others_answer(&scene, 13);
    scene_interval(&scene, 2, 1, 13, "x2", EPOCH(1, 3), EPOCH(1, 1), "");
    trouble_must_say(&scene, "record 9 decision 1 lost h3 h4 [h5: x3");
    trouble_must_not_say(&scene, "x2 run 2");
    scene_close(&scene);
}

static void takes_one_that_never_answers_for_lost_where_nobody_is_to_be_asked(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene, "policy: {approve: never}\n");
    for (uint32_t attempt = 1; attempt < 12; attempt++) {
        stay_silent(&scene, attempt);
    }
    others_answer(&scene, 12);
    scene_silent(&scene, 2, 1, 12, "x2");
    trouble_must_say(&scene, "h2 freeze round 1 attempt 13 lost h3 h4 suspects x2/1 x3/1 x4/1\n");
    others_answer(&scene, 13);
    scene_interval(&scene, 2, 1, 13, NULL, 0, 0, "");
    others_answer(&scene, 14);
    scene_interval(&scene, 2, 1, 14, NULL, 0, 0, "");
    trouble_must_say(&scene, "x2 run 2 incarnation 1 revived keep 1.2");
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_the_next_part_until_the_last_one),
        cmocka_unit_test(takes_for_silent_what_is_in_no_part),
        cmocka_unit_test(believes_the_interval_of_one_that_another_part_calls_silent),
        cmocka_unit_test(asks_an_operator_about_one_that_never_answers),
        cmocka_unit_test(goes_on_without_an_operator_when_it_answers_after_all),
        cmocka_unit_test(takes_one_that_never_answers_for_lost_where_nobody_is_to_be_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
