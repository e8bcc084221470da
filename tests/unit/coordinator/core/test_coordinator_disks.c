/* Stories of hosts whose disk is another one than it was, or an older one: what its agent was told
 * is forgotten, and no run is ever begun in two lives of a disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator_trouble.h"

static void beat(struct scene *scene, uint32_t host)
{
    struct mn_up up = {.kind = MN_UP_HEARTBEAT};
    scene_up(scene, host, &up);
}

/* x1 is being started for the first time when the disk of h1 is lost. Nobody has noticed that h1
 * was away, and the first thing that its new agent says is a heartbeat. */
static void begins_no_run_on_two_disks(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    scene_at(&scene, 11000); /* nobody else comes, so the cluster is new */
    scene_skip(&scene);
    scene.disks[0] = 71;
    scene_hello(&scene, 1, "");
    scene_expect(&scene, "record 2 host h1 disk 71\n"
                         "h1 welcome generation 1 round 0 everything\n"
                         "record 3 vat x1 run 1 incarnation 1 on h1\n");
    scene_recorded(&scene, 3);
    scene_expect(&scene, "note vat_first_start x1 h1\n"
                         "h1 start x1 run 1 incarnation 1 revived keep 0.0 disk 71\n");
    scene.disks[0] = 72;
    beat(&scene, 1);
    scene_expect(&scene, "record 4 host h1 disk 72\n"
                         "note host_has_another_disk h1: what its agent was told before is "
                         "forgotten\n"
                         "note vat_lost x1 h1: its host's disk is another one\n"
                         "note round_begun\n"
                         "h1 welcome generation 1 round 0 everything\n");
    scene_hello(&scene, 1, "");
    scene_until(&scene, 18000);
    trouble_must_not_say(&scene, "start x1 run 1");
    scene_close(&scene);
}

/* The same, and the coordinator is another one when the new disk shows. */
static void knows_from_the_journal_for_which_disk_a_run_is(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    scene_at(&scene, 11000); /* nobody else comes, so the cluster is new */
    scene.disks[0] = 71;
    scene_hello(&scene, 1, "");
    scene_recorded(&scene, 3);
    scene_restart(&scene, 3);
    scene_recorded(&scene, 4);
    scene_skip(&scene);
    scene.disks[0] = 72;
    scene_hello(&scene, 1, "");
    trouble_must_say(&scene, "note vat_lost x1 h1: its host's disk is another one\n");
    scene_until(&scene, 18000);
    trouble_must_not_say(&scene, "start x1 run 1");
    scene_close(&scene);
}

/* h3 burned; the disk of h5, where x3 is to go on, is lost while that is being written down. */
static void restores_anew_what_was_meant_for_a_disk_that_is_gone(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    scene.disks[4] = 75;
    trouble_decide_x3(&scene);
    uint64_t decided = scene.record_count;
    scene.disks[4] = 76;
    beat(&scene, 5);
    scene_skip(&scene);
    scene_recorded(&scene, decided);
    trouble_must_say(&scene, "note vat_lost x3 h5: its host's agent began anew");
    scene_until(&scene, 40000);
    trouble_must_not_say(&scene, "start x3 run 2");
    scene_close(&scene);
}

/* h1's agent begins anew while x1 is being started for the first time: its disk may be an older
 * one, and the run have been begun there all the same. */
static void begins_no_run_in_two_lives_of_a_disk(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    scene_at(&scene, 11000); /* nobody else comes, so the cluster is new */
    scene.disks[0] = 71;
    scene_hello(&scene, 1, "");
    scene_recorded(&scene, 3);
    scene_skip(&scene);
    scene.disks[0] = 72;
    scene.before[0] = 71;
    scene_hello(&scene, 1, "");
    scene_expect(&scene, "record 4 host h1 disk 72\n"
                         "h1 welcome generation 1 round 0 everything\n"
                         "note vat_lost x1 h1: its host has nothing of it\n"
                         "note round_begun\n");
    scene_until(&scene, 18000);
    trouble_must_not_say(&scene, "start x1 run 1");
    scene_close(&scene);
}

/* The vat has run on while its agent was started anew, and nobody is told anything. */
static void finds_in_a_later_life_what_went_on_there(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    scene_at(&scene, 11000); /* nobody else comes, so the cluster is new */
    scene.disks[0] = 71;
    scene_hello(&scene, 1, "");
    scene_recorded(&scene, 3);
    scene_state(&scene, 1, "x1 1 up");
    scene_skip(&scene);
    scene.disks[0] = 72;
    scene.before[0] = 71;
    scene_hello(&scene, 1, "x1 1 up");
    scene_expect(&scene, "record 4 host h1 disk 72\n"
                         "h1 welcome generation 1 round 0 everything\n");
    scene.disks[0] = 71; /* what the life before had said comes late */
    beat(&scene, 1);
    scene_expect(&scene, "");
    scene_close(&scene);
}

/* The disk of h1 is put back as it was two lives ago: what the one in between was told, it does not
 * know. */
static void takes_an_older_state_of_a_disk_for_another_one(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    scene_at(&scene, 11000); /* nobody else comes, so the cluster is new */
    scene.disks[0] = 71;
    scene_hello(&scene, 1, "");
    scene_skip(&scene);
    scene.disks[0] = 72;
    scene.before[0] = 71;
    scene_hello(&scene, 1, "");
    scene_recorded(&scene, 4);
    scene_skip(&scene);
    scene.disks[0] = 73;
    scene.before[0] = 71; /* not 72: what was told to that life is not here */
    beat(&scene, 1);
    trouble_must_say(&scene, "note host_has_another_disk h1: what its agent was told before is "
                             "forgotten\n");
    scene_close(&scene);
}

/* Each heartbeat of h1 comes from another life. */
static void records_no_end_of_lives_of_one_that_invents_them(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    scene_at(&scene, 1000);
    for (uint64_t life = 1; life <= 64; life++) {
        scene.disks[0] = 1000 + life;
        scene_skip(&scene);
        beat(&scene, 1);
        trouble_must_say(&scene, "h1 disk ");
    }
    scene_skip(&scene);
    scene.disks[0] = 2000;
    beat(&scene, 1);
    scene_expect(&scene, "note said_too_much h1: it begins anew too often, each time with another "
                         "life of its disk: it is heard again in some seconds\n");
    scene.disks[1] = 3000; /* that is h1's alone */
    beat(&scene, 2);
    trouble_must_say(&scene, "h2 disk 3000");
    scene_skip(&scene);
    scene_at(&scene, 6000);
    beat(&scene, 1);
    trouble_must_say(&scene, "h1 disk 2000");
    scene_skip(&scene);
    scene.disks[0] = 2001;
    beat(&scene, 1);
    trouble_must_say(&scene, "note said_too_much h1: ");
    scene_close(&scene);
}

/* The agent of h1 is started over and over while the coordinator is busy, as often as it is heard;
 * of what waits of several connections one word each is handed out in turn. */
static void goes_on_hearing_the_newest_life_whatever_comes_late(void **state)
{
    (void)state;
    struct scene scene;
    struct coordinator_host_facts facts;
    trouble_begin(&scene);
    scene.disks[0] = 100;
    scene_hello(&scene, 1, "x1 1 up");
    for (uint64_t life = 101; life < 150; life++) {
        scene.before[0] = life - 1; /* each was welcomed */
        scene.disks[0] = life;
        scene_hello(&scene, 1, "x1 1 up");
    }
    scene_recorded(&scene, scene.record_count);
    scene_skip(&scene);
    for (uint64_t life = 101; life < 149; life++) {
        scene.disks[0] = life;
        scene.before[0] = life - 1;
        beat(&scene, 1);
    }
    scene_expect(&scene, "");
    scene.disks[0] = 149;
    scene.before[0] = 148;
    scene_until(&scene, scene.now / MN_MS + 30000);
    trouble_must_not_say(&scene, "note vat_lost x1");
    coordinator_host(scene.coordinator, scene.now, 0, &facts);
    assert_int_equal(facts.state, DETECTOR_UP);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_no_run_on_two_disks),
        cmocka_unit_test(knows_from_the_journal_for_which_disk_a_run_is),
        cmocka_unit_test(restores_anew_what_was_meant_for_a_disk_that_is_gone),
        cmocka_unit_test(begins_no_run_in_two_lives_of_a_disk),
        cmocka_unit_test(finds_in_a_later_life_what_went_on_there),
        cmocka_unit_test(takes_an_older_state_of_a_disk_for_another_one),
        cmocka_unit_test(records_no_end_of_lives_of_one_that_invents_them),
        cmocka_unit_test(goes_on_hearing_the_newest_life_whatever_comes_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
