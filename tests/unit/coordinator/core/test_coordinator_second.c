/* Stories of one disaster inside another: a coordinator, a host, a checkpoint or a notice that goes
 * while a round is under way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator_trouble.h"

/* Everybody has fenced x3/1 and x4/1 and waits for a decision. The coordinator dies; when the next
 * one is there, r2 is back. Nothing is lost, but all are frozen and believe x3 and x4 no more. */
static void ends_a_freeze_that_an_earlier_coordinator_began(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    trouble_lose_hosts(&scene, "34");
    scene_until(&scene, 28000);
    trouble_must_say(&scene, "h1 freeze round 1 attempt 1 lost h3 h4 suspects x3/1 x4/1\n");
    scene_restart(&scene, scene.record_count);
    scene_recorded(&scene, scene.record_count);
    scene.silent[2] = false;
    scene.silent[3] = false;
    scene_skip(&scene);
    for (uint32_t host = 1; host <= 6; host++) {
        char vat[16];
        (void)snprintf(vat, sizeof vat, "x%u", host);
        trouble_hello_of(&scene, host, vat, 1, 0, true);
    }
    scene_until(&scene, 60000);
    /* Whatever the mend: the fenced runs have to be replaced, which takes a round. */
    assert_true(coordinator_round_count(scene.coordinator) > 0);
    scene_close(&scene);
}

/* h3 is back and reports while the decision that found it lost is on its way to the disk. */
static void keeps_what_a_host_reports_while_the_decision_is_being_written(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    trouble_decide_x3(&scene);
    trouble_must_say(&scene, "record 9 decision 1 lost h3 [h5: x3 run 2");
    scene.silent[2] = false;
    trouble_hello_of(&scene, 3, "x3", 1, 0, true);
    scene_row(&scene, 3, "x1", EPOCH(1, 1), 0, false, "");
    scene_row(&scene, 3, "x1", EPOCH(1, 2), EPOCH(1, 1), false, "");
    scene_recorded(&scene, scene.record_count);
    scene_state(&scene, 3, "x3 1 stopped");
    scene_state(&scene, 5, "x3 2 up");
    scene_recorded(&scene, scene.record_count);
    trouble_must_say(&scene, "note round_done\n");
    scene_until(&scene, 40000);
    /* Now h1 burns. A copy of x1 is at h3, which said so and was told that it was taken. */
    trouble_lose_hosts(&scene, "1");
    scene_until(&scene, 48000);
    trouble_must_say(&scene, "h2 freeze round 2 attempt 1 lost h1 suspects x1/1\n");
    trouble_answer(&scene, 2, 2, 1, "x2 1.3 1.1");
    trouble_answer(&scene, 3, 2, 1, "");
    trouble_answer(&scene, 4, 2, 1, "x4 1.3 1.1");
    trouble_answer(&scene, 5, 2, 1, "x5 1.3 1.1, x3 2.1 1.1");
    trouble_answer(&scene, 6, 2, 1, "x6 1.3 1.1");
    trouble_must_say(&scene, "x1 run 2 incarnation 1 revived keep 1.2 from 1.1@h3 1.2@h3");
    scene_close(&scene);
}

/* While a round is collecting, x1 goes on and its floor rises to 1.3; the decision then takes it
 * back to 1.2. Before its new run has a checkpoint, it crashes. */
static void keeps_what_a_rolled_back_vat_stands_on_above_the_floor_of_its_former_life(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    scene_row(&scene, 1, "x1", EPOCH(1, 3), EPOCH(1, 1), true, "x6 1.3");
    scene_row(&scene, 3, "x1", EPOCH(1, 3), EPOCH(1, 1), false, "x6 1.3");
    trouble_row_with_floor(&scene, 1, "x1", EPOCH(1, 2), EPOCH(1, 1), EPOCH(1, 1), EPOCH(1, 1),
                           false);
    trouble_lose_hosts(&scene, "6");
    scene_until(&scene, 28000);
    trouble_must_say(&scene, "h1 freeze round 1 attempt 1 lost h6 suspects x6/1\n");
    trouble_row_with_floor(&scene, 1, "x1", EPOCH(1, 4), EPOCH(1, 1), EPOCH(1, 3), EPOCH(1, 3),
                           true);
    scene_interval(&scene, 1, 1, 1, "x1", EPOCH(1, 5), EPOCH(1, 1), "x6 1.3");
    trouble_answer(&scene, 2, 1, 1, "x2 1.3 1.1");
    trouble_answer(&scene, 3, 1, 1, "x3 1.3 1.1");
    trouble_answer(&scene, 4, 1, 1, "x4 1.3 1.1");
    trouble_answer(&scene, 5, 1, 1, "x5 1.3 1.1");
    trouble_must_say(&scene, "h1 freeze round 1 attempt 2 lost h6 suspects x1/1 x6/1\n");
    scene_state(&scene, 1, "x1 1 stopped");
    trouble_answer(&scene, 1, 1, 2, "");
    trouble_answer(&scene, 2, 1, 2, "x2 1.3 1.1");
    trouble_answer(&scene, 3, 1, 2, "x3 1.3 1.1");
    trouble_answer(&scene, 4, 1, 2, "x4 1.3 1.1");
    trouble_answer(&scene, 5, 1, 2, "x5 1.3 1.1");
    trouble_must_say(&scene,
                     "[h1: x1 run 2 incarnation 2 rolled_back keep 1.2 from 1.1@h1 1.2@h1]");
    scene_recorded(&scene, scene.record_count);
    scene_state(&scene, 1, "x1 2 up");
    scene_state(&scene, 2, "x6 2 up");
    scene_skip(&scene);
    scene_state(&scene, 1, "x1 2 exited");
    scene_until(&scene, 33000);
    trouble_must_say(&scene, "h1 freeze round 2 attempt 1 lost h6 suspects x1/2\n");
    trouble_answer(&scene, 1, 2, 1, "");
    trouble_answer(&scene, 2, 2, 1, "x2 1.3 1.1, x6 2.1 1.1");
    trouble_answer(&scene, 3, 2, 1, "x3 1.3 1.1");
    trouble_answer(&scene, 4, 2, 1, "x4 1.3 1.1");
    trouble_answer(&scene, 5, 2, 1, "x5 1.3 1.1");
    trouble_must_say(&scene, "x1 run 3 incarnation 2 revived keep 1.2 from 1.1@h1 1.2@h1");
    scene_close(&scene);
}

/* x6 owes an answer to round 1 when its new host burns too. Whoever starts it has to know of that
 * notice first: a vat that begins with round 2 says of round 1 that it has handled it. */
static void hands_an_owed_notice_to_the_new_host_before_the_start(void **state)
{
    (void)state;
    struct scene scene;
    trouble_decide_x6_and_x1(&scene);
    scene_handled(&scene, 1, "x1", 2, 1);
    trouble_lose_hosts(&scene, "2");
    scene_until(&scene, 36000);
    trouble_must_say(&scene, "h1 freeze round 2 attempt 1 lost h2 h6 suspects x2/1 x6/2\n");
    trouble_answer(&scene, 1, 2, 1, "x1 2.1 1.1");
    trouble_answer(&scene, 3, 2, 1, "x3 1.3 1.1");
    trouble_answer(&scene, 4, 2, 1, "x4 1.3 1.1");
    trouble_answer(&scene, 5, 2, 1, "x5 1.3 1.1");
    trouble_must_say(&scene, "h4: x6 run 3");
    scene_skip(&scene);
    scene_recorded(&scene, scene.record_count);
    const char *told = strstr(scene.text, "h4 decision 1 told x6");
    const char *start = strstr(scene.text, "h4 start x6 run 3");
    assert_non_null(start);
    if (told == NULL || told > start) {
        fail_msg("x6 is started without the notice that it is owed:\n%s", scene.text);
    }
    scene_close(&scene);
}

/* h1 has lost the message with decision 1, and hears of decision 2 before that is said again. */
static void never_lets_a_later_round_overtake_a_notice_that_is_owed(void **state)
{
    (void)state;
    struct scene scene;
    trouble_decide_x6_and_x1(&scene);
    scene_state(&scene, 5, "x5 1 exited");
    mn_time now = scene.now / MN_MS;
    scene_until(&scene, now + 2600);
    trouble_must_say(&scene, "freeze round 2 attempt 1 lost h6 suspects x5/1\n");
    trouble_answer(&scene, 1, 2, 1, "x1 2.1 1.1");
    trouble_answer(&scene, 2, 2, 1, "x2 1.3 1.1, x6 2.1 1.1");
    trouble_answer(&scene, 3, 2, 1, "x3 1.3 1.1");
    trouble_answer(&scene, 4, 2, 1, "x4 1.3 1.1");
    trouble_answer(&scene, 5, 2, 1, "");
    scene_skip(&scene);
    scene_recorded(&scene, scene.record_count);
    const char *told = strstr(scene.text, "h1 decision 1 told x1");
    const char *next = strstr(scene.text, "h1 decision 2");
    assert_non_null(next);
    if (told == NULL || told > next) {
        fail_msg("round 2 overtakes the notice of round 1:\n%s", scene.text);
    }
    assert_non_null(strstr(next, "owed x1 run 2 round 1\n"));
    scene_close(&scene);
}

/* x3 is being restored on h5 from a chain whose last link is only at h6. h6 burns first. */
static void restores_anew_what_waits_for_a_checkpoint_that_burned(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    scene_row(&scene, 3, "x3", EPOCH(1, 3), EPOCH(1, 2), true, "");
    scene_row(&scene, 6, "x3", EPOCH(1, 3), EPOCH(1, 2), false, "");
    trouble_decide_x3(&scene);
    trouble_must_say(&scene,
                     "[h5: x3 run 2 incarnation 1 revived keep 1.3 from 1.1@h5 1.2@h5 1.3@h6]");
    scene_recorded(&scene, scene.record_count);
    scene_state(&scene, 5, "x3 2 starting");
    trouble_lose_hosts(&scene, "6");
    scene_until(&scene, 36000);
    trouble_must_say(&scene, "freeze round 2 attempt 1 lost h3 h6 suspects ");
    for (uint32_t attempt = 1; attempt <= 3; attempt++) {
        trouble_answer(&scene, 1, 2, attempt, "x1 1.3 1.1");
        trouble_answer(&scene, 2, 2, attempt, "x2 1.3 1.1");
        trouble_answer(&scene, 4, 2, attempt, "x4 1.3 1.1");
        trouble_answer(&scene, 5, 2, attempt, "x5 1.3 1.1");
    }
    trouble_must_say(&scene, "decision 2 lost h6 ");
    /* All that is left of it is 1.2. */
    trouble_must_say(&scene, "x3 run 3 incarnation 2 rolled_back keep 1.2");
    scene_close(&scene);
}

/* x3 is lost with h3 when h5 turns out to have had a later run of it, which has ended. */
static void restores_a_lost_vat_of_which_a_later_run_turns_up(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    trouble_lose_hosts(&scene, "3");
    scene_state(&scene, 5, "x3 2 exited");
    scene_recorded(&scene, scene.record_count);
    scene_until(&scene, 28000);
    trouble_answer_first(&scene, 1, 1);
    trouble_answer_first(&scene, 1, 2);
    scene_recorded(&scene, scene.record_count);
    trouble_must_say(&scene, "h5 start x3 run 3");
    scene_close(&scene);
}

static void say_aside(struct scene *scene, mn_run aside, uint32_t count)
{
    struct mn_up up = {.kind = MN_UP_VAT_STATE};
    up.vat_state.status.vat = mn_name_of("x3");
    up.vat_state.status.run = 1;
    up.vat_state.status.state = MN_VAT_STOPPED;
    up.vat_state.status.aside = aside;
    up.vat_state.status.aside_count = count;
    scene_up(scene, 3, &up);
}

/* h3 is back, on which x3 ran on as run 1. */
static void says_stop_until_a_former_life_is_set_aside_once_a_heartbeat(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    trouble_decide_x3(&scene);
    scene_recorded(&scene, scene.record_count);
    scene_state(&scene, 5, "x3 2 up");
    scene_recorded(&scene, scene.record_count);
    scene_hello(&scene, 3, "x3 1 up");
    trouble_must_say(&scene, "h3 stop x3 run 1 (after 1.2 on at 2.1)");
    scene_skip(&scene);
    const struct coordinator_aside *aside = NULL;
    assert_int_equal(coordinator_asides(scene.coordinator, 2, &aside), 0);
    say_aside(&scene, 0, 0); /* stopped: the word to stop has just been said */
    scene_expect(&scene, "");
    scene_at(&scene, 29100);
    say_aside(&scene, 0, 0);
    scene_expect(&scene, "note former_life_stopped x3 h3\n"
                         "h3 stop x3 run 1 (after 1.2 on at 2.1)\n");
    scene_at(&scene, 30200);
    say_aside(&scene, 1, 4);
    scene_expect(&scene, "");
    assert_int_equal(coordinator_asides(scene.coordinator, 2, &aside), 1);
    assert_int_equal(aside->vat, 2);
    assert_int_equal(aside->host, 2);
    assert_int_equal(aside->run, 1);
    assert_int_equal(aside->count, 4);
    say_aside(&scene, 1, 0); /* an operator has taken it away */
    assert_int_equal(coordinator_asides(scene.coordinator, 2, &aside), 0);
    scene_close(&scene);
}

/* h3 burns before its agent has ever said a word. */
static void starts_elsewhere_what_its_own_host_never_could(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    for (uint32_t host = 1; host <= 6; host++) {
        if (host != 3) {
            scene_hello(&scene, host, "");
        }
    }
    scene_recorded(&scene, scene.record_count);
    trouble_lose_hosts(&scene, "3");
    scene_until(&scene, 12000);
    trouble_witnesses_find_closed(&scene);
    scene_until(&scene, 20000);
    for (uint32_t host = 1; host <= 6; host++) {
        if (host != 3) {
            trouble_answer(&scene, host, 1, 1, "");
        }
    }
    trouble_must_say(&scene, "decision 1 lost h3 [h1: x3 run 2 incarnation 1 revived keep 0.0]");
    scene_close(&scene);
}

/* x6 forgot its 1.3 in round 1. x1 had heard of that before its floor, which binds nobody; its next
 * row reaches back below the floor and names it again. Then x2 crashes. */
static void takes_nobody_back_for_what_an_earlier_round_settled(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    trouble_lose_hosts(&scene, "6");
    scene_until(&scene, 28000);
    trouble_answer_first(&scene, 1, 1);
    trouble_must_say(&scene, "x6 run 2 incarnation 2 rolled_back keep 1.2");
    scene_recorded(&scene, scene.record_count);
    scene_state(&scene, 2, "x6 2 up");
    trouble_row_with_floor(&scene, 1, "x1", EPOCH(1, 3), EPOCH(1, 1), EPOCH(1, 2), EPOCH(1, 2),
                           true);
    scene_state(&scene, 2, "x2 1 exited");
    scene_until(&scene, 32000);
    trouble_must_say(&scene, "h1 freeze round 2 attempt 1 lost h6 suspects x2/1\n");
    trouble_answer(&scene, 1, 2, 1, "x1 1.4 1.1");
    trouble_answer(&scene, 2, 2, 1, "x6 2.1 1.2");
    trouble_answer(&scene, 3, 2, 1, "x3 1.3 1.1");
    trouble_answer(&scene, 4, 2, 1, "x4 1.3 1.1");
    trouble_answer(&scene, 5, 2, 1, "x5 1.3 1.1");
    trouble_must_say(&scene, "decision 2 gone x2 [h2: x2 run 2");
    trouble_must_not_say(&scene, "x1 run 2");
    scene_close(&scene);
}

/* x6 is lost and forgets its 1.3, of which x1 had heard in its first checkpoint: that keeps what it
 * has and is told. It crashes before it has handled that, and its next run's rows list it as well,
 * until it is told again, which takes longer than until its floor is in that run. Then x3 crashes.
 */
static void binds_nobody_by_what_the_run_before_was_told(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    scene_row(&scene, 1, "x1", EPOCH(1, 1), 0, true, "x6 1.3");
    trouble_lose_hosts(&scene, "6");
    scene_until(&scene, 28000);
    trouble_answer_first(&scene, 1, 1);
    trouble_must_say(&scene, "told x1 (x6 incarnation 2 kept 1.2 you_heard 1.3-1.3)");
    scene_recorded(&scene, scene.record_count);
    scene_state(&scene, 2, "x6 2 up");
    scene_state(&scene, 1, "x1 1 exited");
    scene_until(&scene, 32000);
    trouble_answer(&scene, 1, 2, 1, "");
    trouble_answer(&scene, 2, 2, 1, "x2 1.3 1.1, x6 2.1 1.2");
    trouble_answer(&scene, 3, 2, 1, "x3 1.3 1.1");
    trouble_answer(&scene, 4, 2, 1, "x4 1.3 1.1");
    trouble_answer(&scene, 5, 2, 1, "x5 1.3 1.1");
    trouble_must_say(&scene, "x1 run 2 incarnation 1 revived keep 1.2");
    scene_recorded(&scene, scene.record_count);
    scene_state(&scene, 1, "x1 2 up");
    trouble_row_with_floor(&scene, 1, "x1", EPOCH(2, 1), 0, EPOCH(1, 2), EPOCH(1, 1), true);
    trouble_row_with_floor(&scene, 1, "x1", EPOCH(2, 2), 0, EPOCH(2, 1), EPOCH(2, 2), true);
    trouble_row_with_floor(&scene, 1, "x1", EPOCH(2, 3), 0, EPOCH(2, 2), EPOCH(2, 2), true);
    scene_skip(&scene);
    scene_state(&scene, 3, "x3 1 exited");
    scene_until(&scene, 38000);
    trouble_answer(&scene, 1, 3, 1, "x1 2.4 0.0");
    trouble_answer(&scene, 2, 3, 1, "x2 1.3 1.1, x6 2.1 1.2");
    trouble_answer(&scene, 3, 3, 1, "");
    trouble_answer(&scene, 4, 3, 1, "x4 1.3 1.1");
    trouble_answer(&scene, 5, 3, 1, "x5 1.3 1.1");
    trouble_must_say(&scene, "decision 3 gone x3 [h3: x3 run 2");
    trouble_must_not_say(&scene, "x1 run 3");
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_a_freeze_that_an_earlier_coordinator_began),
        cmocka_unit_test(keeps_what_a_host_reports_while_the_decision_is_being_written),
        cmocka_unit_test(keeps_what_a_rolled_back_vat_stands_on_above_the_floor_of_its_former_life),
        cmocka_unit_test(hands_an_owed_notice_to_the_new_host_before_the_start),
        cmocka_unit_test(never_lets_a_later_round_overtake_a_notice_that_is_owed),
        cmocka_unit_test(restores_anew_what_waits_for_a_checkpoint_that_burned),
        cmocka_unit_test(restores_a_lost_vat_of_which_a_later_run_turns_up),
        cmocka_unit_test(takes_nobody_back_for_what_an_earlier_round_settled),
        cmocka_unit_test(binds_nobody_by_what_the_run_before_was_told),
        cmocka_unit_test(says_stop_until_a_former_life_is_set_aside_once_a_heartbeat),
        cmocka_unit_test(starts_elsewhere_what_its_own_host_never_could),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
