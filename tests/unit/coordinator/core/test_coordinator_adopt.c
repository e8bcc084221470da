/* Stories of disks that are found while a round has not decided yet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator_trouble.h"

enum { X3 = 2 }; /* the vat's number */

/* x3 has a third checkpoint, which is durable, but which h3 alone has. */
static void begin(struct scene *scene, const char *policy)
{
    trouble_begin_with_operators(scene, policy);
    scene_row(scene, 3, "x3", EPOCH(1, 3), EPOCH(1, 2), true, "");
    scene_until(scene, 20000);
    scene_skip(scene);
}

static void lose_h3(struct scene *scene)
{
    trouble_lose_hosts(scene, "3");
    scene_until(scene, 28000);
    trouble_must_say(scene, "h1 freeze round 1 attempt 1 lost h3 suspects x3/1");
    scene_skip(scene);
}

/* The plan waits, and would take x3 back to 1.2. */
static void wait_for_the_plan(struct scene *scene)
{
    begin(scene, "policy: {approve: {share: 0}}\n");
    lose_h3(scene);
    trouble_answer_first(scene, 1, 1);
    trouble_must_say(scene, "note round_state: plan");
    scene_skip(scene);
}

/* The disk of h3 is mounted on h4, which has read it. */
static void adopt_on_h4(struct scene *scene)
{
    uint64_t record = scene->record_count + 1;
    scene_adopt(scene, ALICE, "x3", "h4", "/mnt/h3", "the tray was pulled out");
    scene_recorded(scene, record);
    scene_adopted(scene, 4, 1, "x3", MN_OK, "");
    scene_skip(scene);
    scene_row(scene, 4, "x3", EPOCH(1, 2), EPOCH(1, 1), true, "");
    scene_row(scene, 4, "x3", EPOCH(1, 1), 0, true, "");
    scene_row(scene, 4, "x3", EPOCH(1, 3), EPOCH(1, 2), true, "");
    scene_skip(scene);
}

static void counts_a_disk_that_was_found_while_the_plan_waits(void **state)
{
    (void)state;
    struct scene scene;
    struct coordinator_plan_facts plan;
    struct coordinator_adoption_facts adoption;
    wait_for_the_plan(&scene);
    assert_true(coordinator_plan(scene.coordinator, &plan));
    assert_int_equal(plan.draft->starts[0].start.keep, EPOCH(1, 2));
    assert_int_equal(plan.draft->starts[0].start.outcome, MN_ROLLED_BACK);
    assert_false(coordinator_adoption(scene.coordinator, X3, &adoption));
    scene_adopt(&scene, ALICE, "x3", "h4", "/mnt/h3", "the tray was pulled out");
    scene_expect(&scene, "record 9 adopt round 1 by alice: the tray was pulled out; x3/1 from "
                         "/mnt/h3 on h4\n");
    scene_recorded(&scene, 9);
    scene_expect(&scene, "answer 1 MN_OK\n"
                         "note adoption x3 h4: the tray was pulled out\n"
                         "h4 adopt #1 x3 from /mnt/h3\n");
    scene_adopting(&scene, 4, 1, "x3", 1);
    scene_expect(&scene, "");
    assert_true(coordinator_adoption(scene.coordinator, X3, &adoption));
    assert_false(adoption.said->over);
    assert_int_equal(adoption.said->done, 1);
    scene_adopted(&scene, 4, 1, "x3", MN_OK, "");
    scene_expect(&scene, "note disk_adopted x3 h4: \n"
                         "note round_state: collect\n"
                         "h1 freeze round 1 attempt 2 lost h3 suspects x3/1\n"
                         "h2 freeze round 1 attempt 2 lost h3 suspects x3/1\n"
                         "h4 freeze round 1 attempt 2 lost h3 suspects x3/1\n"
                         "h5 freeze round 1 attempt 2 lost h3 suspects x3/1\n"
                         "h6 freeze round 1 attempt 2 lost h3 suspects x3/1\n");
    assert_true(coordinator_adoption(scene.coordinator, X3, &adoption));
    assert_true(adoption.said->over);
    assert_int_equal(adoption.said->taken, 2);
    assert_int_equal(adoption.passed[0].epoch, EPOCH(1, 1));
    assert_string_equal(adoption.store, "/mnt/h3");
    scene_row(&scene, 4, "x3", EPOCH(1, 1), 0, true, "");
    scene_row(&scene, 4, "x3", EPOCH(1, 2), EPOCH(1, 1), true, "");
    scene_row(&scene, 4, "x3", EPOCH(1, 3), EPOCH(1, 2), true, "");
    trouble_answer_first(&scene, 1, 2);
    assert_true(coordinator_plan(scene.coordinator, &plan));
    assert_int_equal(plan.draft->starts[0].start.keep, EPOCH(1, 3));
    assert_int_equal(plan.draft->starts[0].start.outcome, MN_REVIVED);
    assert_string_equal(plan.draft->starts[0].host.text, "h4");
    scene_close(&scene);
}

static void decides_nothing_while_a_disk_is_read(void **state)
{
    (void)state;
    struct scene scene;
    struct coordinator_wait wait;
    begin(&scene, "policy: {approve: never}\n");
    lose_h3(&scene);
    scene_adopt(&scene, ALICE, "x3", "h4", "/mnt/h3", "wait for it");
    scene_skip(&scene);
    trouble_answer_first(&scene, 1, 1);
    scene_expect(&scene, ""); /* the word is not on record yet */
    scene_recorded(&scene, scene.record_count);
    scene_skip(&scene);
    assert_true(coordinator_waits(scene.coordinator, scene.now, 0, &wait));
    assert_int_equal(wait.kind, COORDINATOR_WAIT_ADOPTION);
    assert_int_equal(wait.host, 3);
    assert_int_equal(wait.vat, X3);
    scene_until(&scene, 60000);
    trouble_must_say(&scene, "h4 adopt #1 x3 from /mnt/h3"); /* and again */
    trouble_must_not_say(&scene, "settle");
    scene_skip(&scene);
    scene_adopted(&scene, 4, 1, "x3", MN_CORRUPT, "nothing of it is whole");
    trouble_must_say(&scene, "note disk_not_adopted x3 h4: nothing of it is whole");
    trouble_must_say(&scene, "note round_state: deciding");
    scene_close(&scene);
}

static void refuses_when_a_later_life_has_spoken(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene, "policy: {approve: never}\n");
    scene_adopt(&scene, ALICE, "x3", "", "/mnt/h3", "to be sure");
    scene_expect(&scene, "answer 1 MN_STALE: x3 is not lost: run 1 of it is on host h3\n");
    lose_h3(&scene);
    trouble_answer_first(&scene, 1, 1);
    scene_skip(&scene);
    scene_adopt(&scene, ALICE, "x3", "h4", "/mnt/h3", "at last");
    scene_expect(&scene, "answer 2 MN_STALE: round 1 has decided, and is being written down: a "
                         "later life is about to speak\n");
    scene_recorded(&scene, scene.record_count);
    scene_skip(&scene);
    scene_adopt(&scene, ALICE, "x3", "h4", "/mnt/h3", "at last");
    scene_expect(&scene, "answer 3 MN_STALE: a later life has spoken: round 1 gave out run 2 of "
                         "it, on host h5\n");
    scene_state(&scene, 5, "x3 2 up");
    scene_skip(&scene);
    scene_adopt(&scene, ALICE, "x3", "h4", "/mnt/h3", "at last");
    scene_expect(&scene, "answer 4 MN_STALE: a later life has spoken: round 1 gave out run 2 of "
                         "it, on host h5\n");
    assert_int_equal(coordinator_step_count(scene.coordinator), 0);
    scene_close(&scene);
}

static void refuses_what_cannot_be_done_and_says_why(void **state)
{
    (void)state;
    struct scene scene;
    wait_for_the_plan(&scene);
    scene_adopt(&scene, BOB, "x3", "h4", "/mnt/h3", "I think so");
    scene_expect(&scene, "answer 1 MN_DENIED: bob may not do that: it takes the role approve\n");
    scene_adopt(&scene, ALICE, "x3", "h4", "/mnt/h3", "");
    scene_expect(&scene, "answer 2 MN_BAD_INPUT: it takes a reason, which is kept\n");
    scene_adopt(&scene, ALICE, "x9", "h4", "/mnt/h3", "it is here");
    scene_expect(&scene,
                 "answer 3 MN_NOT_FOUND: there is no vat x9 in the coordinator's topology\n");
    scene_adopt(&scene, ALICE, "x3", "h4", "mnt/h3", "it is here");
    scene_expect(&scene, "answer 4 MN_BAD_INPUT: the store has to be an absolute path on that "
                         "host\n");
    scene_adopt(&scene, ALICE, "x3", "h9", "/mnt/h3", "it is here");
    scene_expect(&scene,
                 "answer 5 MN_NOT_FOUND: there is no host h9 in the coordinator's topology\n");
    scene_adopt(&scene, ALICE, "x3", "", "/mnt/h3", "it is here");
    scene_expect(&scene, "answer 6 MN_AGAIN: host h3 is not up; say with --host on which one the "
                         "disk is now\n");
    scene_adopt(&scene, ALICE, "x3", "h3", "/mnt/h3", "it is here");
    scene_expect(&scene, "answer 7 MN_AGAIN: host h3 is not up\n");
    scene_adopt(&scene, ALICE, "x1", "h4", "/mnt/h3", "it is here");
    scene_expect(&scene, "answer 8 MN_STALE: x1 is not lost: run 1 of it is on host h1\n");
    scene_close(&scene);
}

static void waits_until_the_loss_is_on_record(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene, "policy: {approve: never}\n");
    scene_state(&scene, 3, "x3 1 exited"); /* the round gathers */
    scene_skip(&scene);
    scene_adopt(&scene, ALICE, "x3", "", "/mnt/h3", "it is here");
    scene_expect(&scene, "answer 1 MN_AGAIN: its loss is not on record yet: say it again in a "
                         "moment\n");
    scene_until(&scene, 23000);
    trouble_must_say(&scene, "freeze round 1 attempt 1");
    scene_skip(&scene);
    scene_adopt(&scene, ALICE, "x3", "", "/mnt/h3", "it is here");
    trouble_must_say(&scene, "x3/1 from /mnt/h3 on h3"); /* its host is up */
    scene_close(&scene);
}

static void reads_one_disk_of_a_vat_at_a_time(void **state)
{
    (void)state;
    struct scene scene;
    wait_for_the_plan(&scene);
    scene_adopt(&scene, ALICE, "x3", "h4", "/mnt/h3", "it is here");
    scene_recorded(&scene, 9);
    scene_skip(&scene);
    scene_adopt(&scene, ALICE, "x3", "h4", "/mnt/h3", "it is here"); /* its answer was lost */
    scene_expect(&scene, "answer 2 MN_OK\n");
    scene_adopt(&scene, ALICE, "x3", "h4", "/mnt/other", "or there");
    scene_expect(&scene, "answer 3 MN_AGAIN: another disk is being read for it: wait until that is "
                         "over\n");
    scene_adopted(&scene, 2, 1, "x3", MN_OK, ""); /* another host's word */
    scene_adopted(&scene, 4, 2, "x3", MN_OK, ""); /* about another adoption */
    scene_expect(&scene, "");
    scene_adopted(&scene, 4, 1, "x3", MN_CORRUPT, "nothing of it is whole");
    scene_expect(&scene, "note disk_not_adopted x3 h4: nothing of it is whole\n");
    scene_adopt(&scene, ALICE, "x3", "h4", "/mnt/other", "or there");
    scene_recorded(&scene, 10);
    trouble_must_say(&scene, "h4 adopt #2 x3 from /mnt/other");
    scene_close(&scene);
}

static void goes_on_without_a_host_that_is_lost_while_it_reads(void **state)
{
    (void)state;
    struct scene scene;
    struct coordinator_adoption_facts adoption;
    wait_for_the_plan(&scene);
    scene_adopt(&scene, ALICE, "x3", "h2", "/mnt/h3", "it is here");
    scene_recorded(&scene, 9);
    trouble_lose_hosts(&scene, "2");
    scene_until(&scene, 45000);
    assert_true(coordinator_adoption(scene.coordinator, X3, &adoption));
    assert_true(adoption.said->over);
    assert_int_equal(adoption.said->code, MN_AGAIN);
    assert_string_equal(adoption.said->text, "that host is lost now");
    scene_close(&scene);
}

static void goes_on_without_a_host_that_was_lost_before_the_word_was_on_record(void **state)
{
    (void)state;
    struct scene scene;
    struct coordinator_adoption_facts adoption;
    wait_for_the_plan(&scene);
    scene.slow = true;
    scene_adopt(&scene, ALICE, "x3", "h2", "/mnt/h3", "it is here");
    trouble_lose_hosts(&scene, "2");
    scene_until(&scene, 45000);
    assert_true(coordinator_adoption(scene.coordinator, X3, &adoption));
    assert_false(adoption.said->over);
    scene_skip(&scene);
    scene_recorded(&scene, 9);
    trouble_must_say(&scene, "note disk_not_adopted x3 h2: that host is lost now");
    trouble_must_not_say(&scene, "h2 adopt");
    scene_close(&scene);
}

static void gives_up_a_disk_of_which_nothing_is_done_for_long(void **state)
{
    (void)state;
    struct scene scene;
    struct coordinator_adoption_facts adoption;
    wait_for_the_plan(&scene);
    scene_adopt(&scene, ALICE, "x3", "h4", "/mnt/h3", "it is here");
    scene_recorded(&scene, 9);
    scene_until(&scene, 400000);
    scene_adopting(&scene, 4, 1, "x3", 1);
    scene_until(&scene, 990000);
    assert_true(coordinator_adoption(scene.coordinator, X3, &adoption));
    assert_false(adoption.said->over);
    scene_until(&scene, 1010000);
    assert_true(coordinator_adoption(scene.coordinator, X3, &adoption));
    assert_true(adoption.said->over);
    assert_int_equal(adoption.said->code, MN_AGAIN);
    scene_close(&scene);
}

static void an_approval_stands_that_an_adoption_was_said_after(void **state)
{
    (void)state;
    struct scene scene;
    wait_for_the_plan(&scene);
    scene_word(&scene, ALICE, MN_STEP_APPROVE, 1, "it burned");
    scene_adopt(&scene, ALICE, "x3", "h4", "/mnt/h3", "it did not");
    scene_recorded(&scene, 9); /* the approval alone */
    trouble_must_say(&scene, "note plan_approved");
    trouble_must_say(&scene, "h1 freeze round 1 attempt 2");
    trouble_answer_first(&scene, 1, 2);
    scene_recorded(&scene, 10);
    scene_skip(&scene);
    scene_adopted(&scene, 4, 1, "x3", MN_OK, "");
    scene_row(&scene, 4, "x3", EPOCH(1, 3), EPOCH(1, 2), true, "");
    trouble_answer_first(&scene, 1, 3);
    trouble_must_say(&scene, "note round_state: deciding"); /* it takes no more than before */
    assert_int_equal(coordinator_step_count(scene.coordinator), 2);
    scene_close(&scene);
}

/* Everybody but h3 says hello to a new coordinator, which waits with the round that it begins. */
static void another_coordinator_comes(struct scene *scene)
{
    scene_restart(scene, scene->record_count);
    scene_recorded(scene, scene->record_count);
    for (uint32_t host = 1; host <= 6; host++) {
        char vat[16];
        (void)snprintf(vat, sizeof vat, "x%u 1 up", host);
        if (!scene->silent[host - 1]) {
            scene_hello(scene, host, vat);
        }
    }
    for (uint32_t host = 1; host <= 6; host++) {
        for (uint32_t holder = 0; holder < 2; holder++) {
            uint32_t at = (host - 1 + holder * 2) % 6 + 1;
            char vat[16];
            (void)snprintf(vat, sizeof vat, "x%u", host);
            if (!scene->silent[at - 1] && host != 3) {
                scene_row(scene, at, vat, EPOCH(1, 1), 0, true, "");
                scene_row(scene, at, vat, EPOCH(1, 2), EPOCH(1, 1), true, "");
            }
        }
    }
}

static void find_the_round_again(struct scene *scene)
{
    scene_until(scene, 45000);
    trouble_witnesses_find_closed(scene);
    scene_until(scene, 55000);
    trouble_must_say(scene, "h1 freeze round 2 attempt 1");
    scene_skip(scene);
}

/* The one that comes knows x3 from the disk on h4 alone: nobody tells it anything of it. */
static void adopt_for_another_coordinator(struct scene *scene)
{
    begin(scene, "policy: {approve: {share: 1, reset: false}}\n");
    lose_h3(scene);
    another_coordinator_comes(scene);
    find_the_round_again(scene);
    adopt_on_h4(scene);
}

static void does_not_take_a_found_disk_for_all_that_there_was(void **state)
{
    (void)state;
    struct scene scene;
    struct coordinator_plan_facts plan;
    adopt_for_another_coordinator(&scene);
    trouble_answer_first(&scene, 2, 2);
    assert_true(coordinator_plan(scene.coordinator, &plan));
    assert_int_equal(plan.asks, COORDINATOR_ASKS_UNSURE);
    assert_int_equal(plan.draft->starts[0].start.keep, EPOCH(1, 3));
    assert_int_equal(plan.draft->starts[0].start.outcome, MN_ROLLED_BACK);
    scene_close(&scene);
}

static void another_coordinator_knows_which_copies_come_from_a_found_disk(void **state)
{
    (void)state;
    struct scene scene;
    struct coordinator_plan_facts plan;
    struct coordinator_adoption_facts adoption;
    begin(&scene, "policy: {approve: {share: 1, reset: false}}\n");
    lose_h3(&scene);
    adopt_on_h4(&scene);
    another_coordinator_comes(&scene);
    assert_int_equal(coordinator_step_count(scene.coordinator), 1);
    assert_int_equal(coordinator_step_at(scene.coordinator, 0)->step, MN_STEP_ADOPT);
    assert_string_equal(coordinator_step_at(scene.coordinator, 0)->store, "/mnt/h3");
    assert_false(coordinator_adoption(scene.coordinator, X3, &adoption));
    scene_row(&scene, 4, "x3", EPOCH(1, 1), 0, true, "");
    scene_row(&scene, 4, "x3", EPOCH(1, 2), EPOCH(1, 1), true, "");
    scene_row(&scene, 4, "x3", EPOCH(1, 3), EPOCH(1, 2), true, "");
    find_the_round_again(&scene);
    trouble_answer_first(&scene, 2, 1);
    assert_true(coordinator_plan(scene.coordinator, &plan));
    assert_int_equal(plan.asks, COORDINATOR_ASKS_UNSURE);
    assert_null(plan.word); /* an adoption is no word about a plan */
    scene_close(&scene);
}

/* An older disk of x3, with 1.1 alone, is mounted on h5. */
static void adopt_on_h5_too(struct scene *scene)
{
    uint64_t record = scene->record_count + 1;
    scene_adopt(scene, ALICE, "x3", "h5", "/mnt/old", "another tray");
    scene_recorded(scene, record);
    scene_adopted(scene, 5, 2, "x3", MN_OK, "");
    scene_row(scene, 5, "x3", EPOCH(1, 1), 0, true, "");
    scene_skip(scene);
}

static void two_found_disks_are_not_all_that_there_was_either(void **state)
{
    (void)state;
    struct scene scene;
    struct coordinator_plan_facts plan;
    adopt_for_another_coordinator(&scene);
    adopt_on_h5_too(&scene);
    /* What h4 took from the first disk comes again: a report that was lost, say. */
    scene_row(&scene, 4, "x3", EPOCH(1, 3), EPOCH(1, 2), true, "");
    scene_skip(&scene);
    trouble_answer_first(&scene, 2, 3);
    assert_true(coordinator_plan(scene.coordinator, &plan));
    assert_int_equal(plan.asks, COORDINATOR_ASKS_UNSURE);
    scene_close(&scene);
}

/* Without any report said again: whoever reads both words in the journal. */
static void another_coordinator_knows_which_copies_come_from_two_found_disks(void **state)
{
    (void)state;
    struct scene scene;
    struct coordinator_plan_facts plan;
    begin(&scene, "policy: {approve: {share: 1, reset: false}}\n");
    lose_h3(&scene);
    adopt_on_h4(&scene);
    adopt_on_h5_too(&scene);
    another_coordinator_comes(&scene);
    scene_row(&scene, 4, "x3", EPOCH(1, 1), 0, true, "");
    scene_row(&scene, 4, "x3", EPOCH(1, 2), EPOCH(1, 1), true, "");
    scene_row(&scene, 5, "x3", EPOCH(1, 1), 0, true, "");
    find_the_round_again(&scene);
    trouble_answer_first(&scene, 2, 1);
    assert_true(coordinator_plan(scene.coordinator, &plan));
    assert_int_equal(plan.asks, COORDINATOR_ASKS_UNSURE);
    scene_close(&scene);
}

/* The journal is an old one: run 2 lives on h2. */
static void
goes_on_without_a_disk_when_a_later_life_speaks_before_the_word_is_on_record(void **state)
{
    (void)state;
    struct scene scene;
    struct coordinator_adoption_facts adoption;
    begin(&scene, "");
    lose_h3(&scene);
    uint64_t record = scene.record_count + 1;
    scene_adopt(&scene, ALICE, "x3", "h4", "/mnt/h3", "the tray was pulled out");
    scene_state(&scene, 2, "x3 2 up");
    scene_recorded(&scene, record);
    assert_true(coordinator_adoption(scene.coordinator, X3, &adoption));
    assert_true(adoption.said->over);
    assert_int_equal(adoption.said->code, MN_STALE);
    trouble_must_say(&scene, "a later life of it has spoken\n");
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_a_disk_that_was_found_while_the_plan_waits),
        cmocka_unit_test(decides_nothing_while_a_disk_is_read),
        cmocka_unit_test(refuses_when_a_later_life_has_spoken),
        cmocka_unit_test(refuses_what_cannot_be_done_and_says_why),
        cmocka_unit_test(waits_until_the_loss_is_on_record),
        cmocka_unit_test(reads_one_disk_of_a_vat_at_a_time),
        cmocka_unit_test(goes_on_without_a_host_that_is_lost_while_it_reads),
        cmocka_unit_test(goes_on_without_a_host_that_was_lost_before_the_word_was_on_record),
        cmocka_unit_test(
            goes_on_without_a_disk_when_a_later_life_speaks_before_the_word_is_on_record),
        cmocka_unit_test(gives_up_a_disk_of_which_nothing_is_done_for_long),
        cmocka_unit_test(an_approval_stands_that_an_adoption_was_said_after),
        cmocka_unit_test(does_not_take_a_found_disk_for_all_that_there_was),
        cmocka_unit_test(another_coordinator_knows_which_copies_come_from_a_found_disk),
        cmocka_unit_test(two_found_disks_are_not_all_that_there_was_either),
        cmocka_unit_test(another_coordinator_knows_which_copies_come_from_two_found_disks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
