/* Stories of plans that wait for an operator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator_trouble.h"

static void begin(struct scene *scene, const char *policy)
{
    trouble_begin_with_operators(scene, policy);
    scene_until(scene, 20000);
    scene_skip(scene);
}

/* Racks of two of six hosts: a third of the fleet, with copies elsewhere. */
static void lose_r2(struct scene *scene)
{
    trouble_lose_hosts(scene, "34");
    scene_until(scene, 28000);
    trouble_must_say(scene, "h1 freeze round 1 attempt 1 lost h3 h4 suspects x3/1 x4/1");
    scene_skip(scene);
}

static void wait_for_the_plan(struct scene *scene)
{
    lose_r2(scene);
    trouble_answer_first(scene, 1, 1);
    scene_skip(scene);
}

static void waits_for_an_approval_of_what_takes_much_of_the_fleet(void **state)
{
    (void)state;
    struct scene scene;
    struct coordinator_wait wait;
    struct coordinator_plan_facts plan;
    begin(&scene, ""); /* as it is when nothing is said */
    lose_r2(&scene);
    assert_false(coordinator_plan(scene.coordinator, &plan));
    trouble_answer_first(&scene, 1, 1);
    scene_expect(&scene, "note round_state: settle\n"
                         "note plan_waits: an operator has to approve it: see mneme plan\n"
                         "note round_state: plan\n");
    assert_true(coordinator_waits(scene.coordinator, scene.now, 0, &wait));
    assert_int_equal(wait.kind, COORDINATOR_WAIT_APPROVAL);
    assert_int_equal(wait.round, 1);
    assert_true(coordinator_plan(scene.coordinator, &plan));
    assert_int_equal(plan.asks, COORDINATOR_ASKS_SHARE);
    assert_int_equal(plan.bounds->restored, 2);
    assert_int_equal(plan.bounds->rolled_back, 0);
    assert_int_equal(plan.bounds->reset_count, 0);
    assert_int_equal(plan.draft->start_count, 2);
    assert_string_equal(plan.draft->starts[0].host.text, "h5");
    assert_null(plan.word);
    scene_until(&scene, 60000);
    scene_expect(&scene, "");
    scene_word(&scene, ALICE, MN_STEP_APPROVE, 1, "the rack burned");
    scene_expect(&scene, "record 9 approve round 1 by alice: the rack burned; restores 2, rolls "
                         "back 0\n");
    scene_recorded(&scene, 9);
    scene_expect(&scene, "answer 1 MN_OK\n"
                         "note plan_approved: the rack burned\n"
                         "note round_state: collect\n"
                         "h1 freeze round 1 attempt 2 lost h3 h4 suspects x3/1 x4/1\n"
                         "h2 freeze round 1 attempt 2 lost h3 h4 suspects x3/1 x4/1\n"
                         "h5 freeze round 1 attempt 2 lost h3 h4 suspects x3/1 x4/1\n"
                         "h6 freeze round 1 attempt 2 lost h3 h4 suspects x3/1 x4/1\n");
    trouble_answer_first(&scene, 1, 2);
    scene_expect(&scene, "note round_state: settle\n"
                         "note round_state: deciding\n"
                         "record 10 decision 1 lost h3 h4 [h5: x3 run 2 incarnation 1 revived "
                         "keep 1.2 from 1.1@h5 1.2@h5] [h6: x4 run 2 incarnation 1 revived "
                         "keep 1.2 from 1.1@h6 1.2@h6]\n");
    assert_int_equal(coordinator_step_count(scene.coordinator), 1);
    assert_string_equal(coordinator_step_at(scene.coordinator, 0)->operator_name.text, "alice");
    assert_string_equal(coordinator_step_at(scene.coordinator, 0)->key,
                        "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb1");
    assert_int_equal(coordinator_step_at(scene.coordinator, 0)->at, 60000 * MN_MS);
    scene_close(&scene);
}

/* The journal is slower than whoever approves. */
static void goes_by_an_approval_that_is_said_again_before_it_is_on_record(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene, "");
    wait_for_the_plan(&scene);
    scene_word(&scene, ALICE, MN_STEP_APPROVE, 1, "the rack burned");
    scene_word(&scene, ALICE, MN_STEP_APPROVE, 1, "the rack burned");
    scene_skip(&scene);
    scene_recorded(&scene, 9);
    trouble_must_say(&scene, "note round_state: collect\n"
                             "h1 freeze round 1 attempt 2 lost h3 h4 suspects x3/1 x4/1\n");
    scene_recorded(&scene, 10);
    trouble_answer_first(&scene, 1, 2);
    trouble_must_say(&scene, "record 11 decision 1 lost h3 h4");
    scene_close(&scene);
}

static void counts_for_no_later_round_what_is_on_record_after_the_decision(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene, "policy: {approve: {share: 0.1}}\n");
    wait_for_the_plan(&scene);
    scene_word(&scene, ALICE, MN_STEP_APPROVE, 1, "the rack burned");
    scene_word(&scene, ALICE, MN_STEP_APPROVE, 1, "the rack burned");
    scene_recorded(&scene, 9);
    trouble_answer_first(&scene, 1, 2);
    scene_recorded(&scene, 10);
    scene_recorded(&scene, 11);
    scene_state(&scene, 1, "x1 1 exited");
    scene_until(&scene, 32000);
    trouble_must_say(&scene, "h1 freeze round 2 attempt 1");
    scene_skip(&scene);
    scene_interval(&scene, 1, 2, 1, NULL, 0, 0, "");
    scene_interval(&scene, 2, 2, 1, "x2", EPOCH(1, 3), EPOCH(1, 1), "");
    scene_interval(&scene, 5, 2, 1, "x5", EPOCH(1, 3), EPOCH(1, 1), "");
    scene_interval(&scene, 6, 2, 1, "x6", EPOCH(1, 3), EPOCH(1, 1), "");
    trouble_must_say(&scene, "note round_state: plan\n");
    trouble_must_not_say(&scene, "deciding");
    scene_close(&scene);
}

static void counts_no_approval_that_was_taken_back_before_it_was_on_record(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene, "");
    wait_for_the_plan(&scene);
    scene_word(&scene, ALICE, MN_STEP_APPROVE, 1, "the rack burned");
    scene_word(&scene, ALICE, MN_STEP_REJECT, 1, "it did not");
    scene_skip(&scene);
    scene_recorded(&scene, 9);
    scene_recorded(&scene, 10);
    trouble_must_not_say(&scene, "attempt 2");
    scene_close(&scene);
}

static void asks_nobody_about_what_policy_lets_pass(void **state)
{
    (void)state;
    static const char *const policies[] = {"policy: {approve: never}\n",
                                           "policy: {approve: {share: 0.333334}}\n"};
    for (size_t i = 0; i < 2; i++) {
        struct scene scene;
        begin(&scene, policies[i]);
        lose_r2(&scene);
        trouble_answer_first(&scene, 1, 1);
        trouble_must_say(&scene, "note round_state: deciding");
        scene_close(&scene);
    }
}

static void takes_no_word_from_those_who_may_not_give_it(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene, "policy: {approve: {}}\n");
    scene_word(&scene, ALICE, MN_STEP_APPROVE, 1, "in advance");
    scene_expect(&scene, "answer 1 MN_NOT_FOUND: round 1 waits for no approval; mneme status "
                         "shows whether one does\n");
    lose_r2(&scene);
    scene_word(&scene, ALICE, MN_STEP_APPROVE, 1, "in advance");
    scene_expect(&scene, "answer 2 MN_AGAIN: round 1 has no plan that waits at the moment; "
                         "mneme plan 1 shows what it is at\n");
    trouble_answer_first(&scene, 1, 1);
    scene_skip(&scene);
    scene_word(&scene, BOB, MN_STEP_APPROVE, 1, "I think so");
    scene_expect(&scene, "answer 3 MN_DENIED: bob may not do that: it takes the role "
                         "approve\n");
    scene_word(&scene, ALICE, MN_STEP_APPROVE, 1, "");
    scene_expect(&scene, "answer 4 MN_BAD_INPUT: it takes a reason, which is kept\n");
    scene_word(&scene, ALICE, MN_STEP_APPROVE, 2, "the other round");
    scene_expect(&scene, "answer 5 MN_NOT_FOUND: round 2 waits for no approval; mneme status "
                         "shows whether one does\n");
    scene.seen = 12;
    scene_word(&scene, ALICE, MN_STEP_APPROVE, 1, "as I saw it");
    scene_expect(&scene, "answer 6 MN_STALE: the plan is another one by now: look again with "
                         "mneme plan\n");
    struct coordinator_plan_facts plan;
    assert_true(coordinator_plan(scene.coordinator, &plan));
    scene.seen = plan.bounds->plan;
    scene_word(&scene, ALICE, MN_STEP_APPROVE, 1, "as I saw it");
    scene_recorded(&scene, scene.record_count);
    trouble_must_say(&scene, "answer 7 MN_OK\n");
    scene_skip(&scene);
    scene_word(&scene, ALICE, MN_STEP_APPROVE, 1, "as I saw it"); /* its answer was lost */
    scene_expect(&scene, "answer 8 MN_OK\n");
    scene_close(&scene);
}

static void asks_again_when_more_is_lost_than_was_approved(void **state)
{
    (void)state;
    struct scene scene;
    struct coordinator_plan_facts plan;
    begin(&scene, "policy: {approve: {}}\n");
    wait_for_the_plan(&scene);
    scene_word(&scene, ALICE, MN_STEP_APPROVE, 1, "the rack burned");
    scene_recorded(&scene, scene.record_count);
    scene_state(&scene, 1, "x1 1 exited");
    trouble_must_say(&scene, "h1 freeze round 1 attempt 3 lost h3 h4 suspects x1/1 x3/1 x4/1");
    scene_skip(&scene);
    scene_interval(&scene, 1, 1, 3, NULL, 0, 0, "");
    scene_interval(&scene, 2, 1, 3, "x2", EPOCH(1, 3), EPOCH(1, 1), "");
    scene_interval(&scene, 5, 1, 3, "x5", EPOCH(1, 3), EPOCH(1, 1), "");
    scene_interval(&scene, 6, 1, 3, "x6", EPOCH(1, 3), EPOCH(1, 1), "");
    scene_expect(&scene, "note round_state: settle\n"
                         "note plan_outside_approval: it takes more than was approved: see mneme "
                         "plan\n"
                         "note round_state: plan\n");
    assert_true(coordinator_plan(scene.coordinator, &plan));
    assert_int_equal(plan.bounds->restored, 3);
    assert_int_equal(plan.word->bounds.restored, 2);
    assert_false(plan.rejected);
    /* The same words again are meant for this plan. */
    scene_word(&scene, ALICE, MN_STEP_APPROVE, 1, "the rack burned");
    scene_expect(&scene, "record 11 approve round 1 by alice: the rack burned; restores 3, rolls "
                         "back 0\n");
    scene_close(&scene);
}

static void holds_what_was_rejected_until_it_is_approved_after_all(void **state)
{
    (void)state;
    struct scene scene;
    struct coordinator_plan_facts plan;
    begin(&scene, "policy: {approve: {}}\n");
    wait_for_the_plan(&scene);
    scene_word(&scene, ALICE, MN_STEP_REJECT, 1, "rack 2 is about to come back");
    scene_expect(&scene, "record 9 reject round 1 by alice: rack 2 is about to come back; restores "
                         "2, rolls back 0\n");
    scene_recorded(&scene, 9);
    scene_expect(&scene, "answer 1 MN_OK\n"
                         "note plan_rejected: rack 2 is about to come back\n");
    assert_true(coordinator_plan(scene.coordinator, &plan));
    assert_true(plan.rejected);
    assert_string_equal(plan.word->reason, "rack 2 is about to come back");
    scene_until(&scene, 60000);
    scene_expect(&scene, "");
    /* An agent is started anew, and does not know of the freeze: everybody is asked again. */
    trouble_hello_of(&scene, 1, "x1", 1, 0, true);
    scene_row(&scene, 1, "x1", EPOCH(1, 1), 0, true, "");
    scene_row(&scene, 1, "x1", EPOCH(1, 2), EPOCH(1, 1), true, "");
    trouble_must_say(&scene, "h1 freeze round 1 attempt 2");
    trouble_answer_first(&scene, 1, 2);
    trouble_must_say(&scene, "note plan_waits: it was rejected, and is held until the situation "
                             "changes\n");
    scene_word(&scene, ALICE, MN_STEP_APPROVE, 1, "it does not");
    scene_recorded(&scene, scene.record_count);
    scene_skip(&scene);
    trouble_answer_first(&scene, 1, 3);
    trouble_must_say(&scene, "note round_state: deciding");
    scene_close(&scene);
}

static void takes_an_approval_back_while_it_collects_again(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene, "policy: {approve: {}}\n");
    wait_for_the_plan(&scene);
    scene_word(&scene, ALICE, MN_STEP_APPROVE, 1, "the rack burned");
    scene_recorded(&scene, scene.record_count);
    scene_word(&scene, ALICE, MN_STEP_REJECT, 1, "it did not");
    scene_skip(&scene);
    trouble_answer_first(&scene, 1, 2); /* its record is not durable yet, and it counts */
    trouble_must_say(&scene, "note round_state: plan\n");
    trouble_must_not_say(&scene, "deciding");
    scene_close(&scene);
}

static void hello_all(struct scene *scene)
{
    for (uint32_t host = 1; host <= 6; host++) {
        char words[16];
        (void)snprintf(words, sizeof words, "x%u 1 up", host);
        if (!scene->silent[host - 1]) {
            scene_hello(scene, host, words);
        }
    }
}

/* What everybody has, but for vat @but. */
static void rows_all(struct scene *scene, uint32_t but)
{
    for (uint32_t host = 1; host <= 6; host++) {
        for (uint32_t holder = 0; holder < 2; holder++) {
            uint32_t at = (host - 1 + holder * 2) % 6 + 1;
            char vat[16];
            (void)snprintf(vat, sizeof vat, "x%u", host);
            if (!scene->silent[at - 1] && host != but) {
                scene_row(scene, at, vat, EPOCH(1, 1), 0, true, "");
                scene_row(scene, at, vat, EPOCH(1, 2), EPOCH(1, 1), true, "");
            }
        }
    }
}

static void goes_by_an_approval_that_another_coordinator_was_given(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene, "policy: {approve: {share: 0.1}}\n");
    trouble_lose_hosts(&scene, "3");
    scene_until(&scene, 28000);
    scene_skip(&scene);
    trouble_answer_first(&scene, 1, 1);
    scene_word(&scene, ALICE, MN_STEP_APPROVE, 1, "the rack burned");
    scene_restart(&scene, 9);
    scene_recorded(&scene, scene.record_count);
    assert_int_equal(coordinator_step_count(scene.coordinator), 1);
    hello_all(&scene);
    rows_all(&scene, 0);
    scene_until(&scene, 45000);
    trouble_witnesses_find_closed(&scene);
    scene_until(&scene, 55000);
    trouble_must_say(&scene, "h1 freeze round 2 attempt 1");
    scene_skip(&scene);
    trouble_answer_first(&scene, 2, 1);
    trouble_must_say(&scene, "note round_state: deciding");
    scene_close(&scene);
}

static void asks_about_every_reset(void **state)
{
    (void)state;
    struct scene scene;
    struct coordinator_plan_facts plan;
    struct decision *other = NULL;
    begin(&scene, "policy: {approve: {share: 1, unsure: false}}\n");
    /* x4 heard in 1.3 what x6 sent early in 1.2; both stores of x6 burn. */
    scene_row(&scene, 4, "x4", EPOCH(1, 3), EPOCH(1, 1), true, "x6 1.2");
    trouble_lose_hosts(&scene, "26");
    scene_until(&scene, 28000);
    scene_skip(&scene);
    trouble_answer(&scene, 1, 1, 1, "x1 1.3 1.1");
    trouble_answer(&scene, 3, 1, 1, "x3 1.3 1.1");
    trouble_answer(&scene, 4, 1, 1, "x4 1.4 1.1");
    trouble_answer(&scene, 5, 1, 1, "x5 1.3 1.1");
    scene_skip(&scene);
    trouble_answer(&scene, 1, 1, 2, "x1 1.3 1.1");
    trouble_answer(&scene, 3, 1, 2, "x3 1.3 1.1");
    trouble_answer(&scene, 4, 1, 2, "");
    trouble_answer(&scene, 5, 1, 2, "x5 1.3 1.1");
    assert_true(coordinator_plan(scene.coordinator, &plan));
    assert_int_equal(plan.asks, COORDINATOR_ASKS_RESET);
    assert_int_equal(plan.bounds->reset_count, 1);
    assert_string_equal(plan.bounds->reset[0].text, "x6");
    assert_int_equal(coordinator_foresee(scene.coordinator, plan.decision, &other), MN_OK);
    assert_int_equal(other->summary.reset, plan.decision->summary.reset);
    decision_destroy(&other);
    scene_close(&scene);
}

static void waits_where_something_is_not_sure(void **state)
{
    (void)state;
    struct scene scene;
    struct coordinator_plan_facts plan;
    begin(&scene, "policy: {approve: {share: 1, reset: false}}\n");
    trouble_lose_hosts(&scene, "3");
    scene_until(&scene, 28000);
    scene_restart(&scene, scene.record_count);
    scene_recorded(&scene, scene.record_count);
    hello_all(&scene);
    rows_all(&scene, 3); /* nobody has anything of x3 */
    scene_until(&scene, 45000);
    trouble_witnesses_find_closed(&scene);
    scene_until(&scene, 55000);
    trouble_must_say(&scene, "h1 freeze round 2 attempt 1");
    trouble_answer_first(&scene, 2, 1);
    assert_true(coordinator_plan(scene.coordinator, &plan));
    assert_int_equal(plan.asks, COORDINATOR_ASKS_UNSURE);
    scene_close(&scene);
}

static void foresees_what_telling_the_peers_of_the_roots_would_change(void **state)
{
    (void)state;
    struct scene scene;
    struct coordinator_plan_facts plan;
    struct decision *so_far = NULL;
    struct decision *told = NULL;
    begin(&scene, "policy: {approve: {share: 0}}\n");
    /* x1 heard what x6 sent early and loses. */
    scene_row(&scene, 1, "x1", EPOCH(1, 3), EPOCH(1, 1), true, "x6 1.3");
    scene_row(&scene, 3, "x1", EPOCH(1, 3), EPOCH(1, 1), false, "x6 1.3");
    trouble_lose_hosts(&scene, "6");
    scene_until(&scene, 28000);
    scene_interval(&scene, 1, 1, 1, "x1", EPOCH(1, 4), EPOCH(1, 1), "x6 1.3, x6 1.4");
    assert_int_equal(coordinator_foresee(scene.coordinator, NULL, &so_far), MN_OK);
    assert_int_equal(so_far->summary.rolled_back, 2);
    decision_destroy(&so_far);
    for (uint32_t host = 2; host <= 5; host++) {
        char vat[16];
        (void)snprintf(vat, sizeof vat, "x%u", host);
        scene_interval(&scene, host, 1, 1, vat, EPOCH(1, 3), EPOCH(1, 1), "");
    }
    scene_interval(&scene, 1, 1, 2, NULL, 0, 0, "");
    for (uint32_t host = 2; host <= 5; host++) {
        char vat[16];
        (void)snprintf(vat, sizeof vat, "x%u", host);
        scene_interval(&scene, host, 1, 2, vat, EPOCH(1, 3), EPOCH(1, 1), "");
    }
    assert_true(coordinator_plan(scene.coordinator, &plan));
    assert_int_equal(plan.bounds->restored, 2);
    assert_int_equal(plan.bounds->rolled_back, 2);
    assert_int_equal(coordinator_foresee(scene.coordinator, plan.decision, &told), MN_OK);
    assert_int_equal(decision_find(plan.decision, 0)->outcome, MN_ROLLED_BACK);
    assert_int_equal(told->summary.rolled_back, 1); /* x6 alone */
    assert_int_equal(decision_find(told, 0)->outcome, MN_RUNNING);
    decision_destroy(&told);
    /* And nothing of that has stayed. */
    assert_int_equal(coordinator_foresee(scene.coordinator, NULL, &so_far), MN_OK);
    assert_int_equal(so_far->summary.rolled_back, 2);
    decision_destroy(&so_far);
    scene_close(&scene);
}

/* In both plans x6 alone is restored. In the second x1, which heard what x6 forgot, and of which
 * nothing can be restored any more, keeps its state all the same. */
static void takes_a_plan_that_spares_another_vat_for_another_plan(void **state)
{
    (void)state;
    struct scene scene;
    struct coordinator_plan_facts plan;
    begin(&scene, "policy: {approve: {share: 0}}\n");
    trouble_lose_hosts(&scene, "6");
    scene_until(&scene, 28000);
    trouble_answer_first(&scene, 1, 1);
    assert_true(coordinator_plan(scene.coordinator, &plan));
    assert_int_equal(plan.bounds->restored, 1);
    assert_int_equal(plan.bounds->spared, 0);
    scene.seen = plan.bounds->plan;
    trouble_hello_of(&scene, 1, "x1", 1, 0, true); /* nothing is left of x1, */
    trouble_hello_of(&scene, 3, "x3", 1, 0, true); /* and x3 is on h5 too */
    scene_skip(&scene);
    scene_interval(&scene, 1, 1, 3, "x1", EPOCH(1, 3), EPOCH(1, 1), "x6 1.3");
    trouble_answer_first(&scene, 1, 3);
    trouble_must_say(&scene, "note round_state: plan\n");
    assert_true(coordinator_plan(scene.coordinator, &plan));
    assert_int_equal(plan.bounds->restored, 1);
    assert_int_equal(plan.bounds->spared, 1);
    scene_skip(&scene);
    scene_word(&scene, ALICE, MN_STEP_APPROVE, 1, "as I saw it");
    scene_expect(&scene, "answer 1 MN_STALE: the plan is another one by now: look again with "
                         "mneme plan\n");
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_for_an_approval_of_what_takes_much_of_the_fleet),
        cmocka_unit_test(goes_by_an_approval_that_is_said_again_before_it_is_on_record),
        cmocka_unit_test(counts_for_no_later_round_what_is_on_record_after_the_decision),
        cmocka_unit_test(counts_no_approval_that_was_taken_back_before_it_was_on_record),
        cmocka_unit_test(asks_nobody_about_what_policy_lets_pass),
        cmocka_unit_test(takes_no_word_from_those_who_may_not_give_it),
        cmocka_unit_test(asks_again_when_more_is_lost_than_was_approved),
        cmocka_unit_test(holds_what_was_rejected_until_it_is_approved_after_all),
        cmocka_unit_test(takes_an_approval_back_while_it_collects_again),
        cmocka_unit_test(goes_by_an_approval_that_another_coordinator_was_given),
        cmocka_unit_test(asks_about_every_reset),
        cmocka_unit_test(waits_where_something_is_not_sure),
        cmocka_unit_test(takes_a_plan_that_spares_another_vat_for_another_plan),
        cmocka_unit_test(foresees_what_telling_the_peers_of_the_roots_would_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
