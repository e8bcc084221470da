/* Stories of a vat that has forgotten what it had called durable, and of words that say so: what
 * has to come together before a round is made of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator_trouble.h"

/* The agent of @host says of @vat's run that it and @peer's run differ: who forgot which epoch. */
static void differs(struct scene *scene, uint32_t host, const char *vat, mn_run run,
                    const char *peer, mn_run peer_run, bool self, mn_epoch epoch)
{
    struct mn_up up = {.kind = MN_UP_DIFFERS};
    up.differs.vat = (struct mn_vat_run){.vat = mn_name_of(vat), .run = run};
    up.differs.differs = (struct mn_differs){
        .peer = mn_name_of(peer), .run = peer_run, .self = self, .epoch = epoch};
    scene_up(scene, host, &up);
}

/* x1 ends, and goes on as run 2 from 1.1, the newest that is known. */
static void x1_goes_on(struct scene *scene)
{
    scene_skip(scene);
    scene_state(scene, 1, "x1 1 exited");
    scene_until(scene, scene->now / MN_MS + 15000);
    trouble_must_say(scene, "h2 freeze round 1 attempt 1 suspects x1/1\n");
    trouble_answer_first(scene, 1, 1);
    trouble_must_say(scene, "x1 run 2 incarnation 1 revived keep 1.");
    scene_recorded(scene, scene->record_count);
    scene_state(scene, 1, "x1 2 up");
    scene_recorded(scene, scene->record_count);
    scene_skip(scene);
}

/* The coordinator is another one, to whom all hosts say what they have: of x1 only 1.1, for its
 * store is an older one. */
static void another_coordinator(struct scene *scene)
{
    scene_restart(scene, scene->record_count);
    scene_recorded(scene, scene->record_count);
    for (uint32_t host = 1; host <= 6; host++) {
        char vat[16];
        (void)snprintf(vat, sizeof vat, "x%u", host);
        trouble_hello_of(scene, host, vat, 1, 0, true);
        scene_row(scene, host, vat, EPOCH(1, 1), 0, true, "");
    }
}

/* Whether the status says of x1 that sends to it are held. */
static bool x1_is_held(const struct scene *scene)
{
    struct coordinator_wait wait;
    bool held = false;
    for (size_t i = 0; coordinator_waits(scene->coordinator, scene->now, i, &wait); i++) {
        held = held || (wait.kind == COORDINATOR_WAIT_HELD && wait.vat == 0 && wait.host == 0);
    }
    return held;
}

/* As x2 remembers, x1 had called 1.4 durable. */
static void begin(struct scene *scene)
{
    trouble_begin(scene);
    another_coordinator(scene);
    x1_goes_on(scene);
}

static void two_that_agree_make_a_round(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    differs(&scene, 2, "x2", 1, "x1", 2, false, EPOCH(1, 4));
    scene_expect(&scene, "");
    differs(&scene, 1, "x1", 2, "x2", 1, true, EPOCH(1, 4));
    scene_expect(&scene,
                 "note vat_forgot x1 h1: it and a peer agree that it has forgotten what it had "
                 "called durable\n"
                 "note vat_lost x1 h1: it has forgotten without being told so\n"
                 "note round_begun\n");
    /* It is up, and says so: it is replaced all the same. */
    scene_row(&scene, 1, "x1", EPOCH(2, 1), EPOCH(1, 1), true, "");
    scene_state(&scene, 1, "x1 2 up");
    scene_until(&scene, scene.now / MN_MS + 5000);
    trouble_must_say(&scene, "h1 freeze round 2 attempt 1 suspects x1/2\n");
    trouble_answer_first(&scene, 2, 1);
    trouble_must_say(&scene, "x1 run 3 incarnation 2 rolled_back keep 2.1");
    /* The round explains it: the same word again makes no other. */
    scene_recorded(&scene, scene.record_count);
    scene_state(&scene, 1, "x1 3 up");
    scene_skip(&scene);
    differs(&scene, 2, "x2", 1, "x1", 3, false, EPOCH(1, 4));
    differs(&scene, 1, "x1", 3, "x2", 1, true, EPOCH(1, 4));
    scene_expect(&scene, "note memories_differ x1: it is said to have forgotten what it had called "
                         "durable, of which it was given a new incarnation since; its sessions "
                         "are held\n");
    assert_true(x1_is_held(&scene));
    scene_close(&scene);
}

static void one_word_makes_none(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    differs(&scene, 2, "x2", 1, "x1", 2, false, EPOCH(1, 4));
    differs(&scene, 2, "x2", 1, "x1", 2, false, EPOCH(1, 4));
    differs(&scene, 3, "x3", 1, "x1", 2, false, EPOCH(1, 4));
    /* x1 seconds a word of x4, not theirs; and h2 does not speak for x1. */
    differs(&scene, 1, "x1", 2, "x4", 1, true, EPOCH(1, 4));
    differs(&scene, 2, "x1", 2, "x2", 1, true, EPOCH(1, 4));
    scene_expect(&scene, "");
    assert_true(x1_is_held(&scene));
    scene_until(&scene, scene.now / MN_MS + 12000);
    assert_false(x1_is_held(&scene)); /* nobody has said it again */
    scene_close(&scene);
}

static void words_of_other_runs_or_times_do_not_meet(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    /* Of the run before, which a late report is about. */
    differs(&scene, 2, "x2", 1, "x1", 1, false, EPOCH(1, 4));
    differs(&scene, 1, "x1", 2, "x2", 1, true, EPOCH(1, 4));
    scene_until(&scene, scene.now / MN_MS + 6000);
    differs(&scene, 2, "x2", 1, "x1", 2, false, EPOCH(1, 4));
    trouble_must_not_say(&scene, "vat_forgot");
    scene_close(&scene);
}

/* 1.1 lives, 2.1 is of the run itself, and 9.1 never was. */
static void an_epoch_that_did_not_die_unseen_proves_nothing(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    static const mn_epoch epochs[] = {EPOCH(1, 1), EPOCH(2, 1), EPOCH(9, 1)};
    for (size_t i = 0; i < 3; i++) {
        differs(&scene, 2, "x2", 1, "x1", 2, false, epochs[i]);
        differs(&scene, 1, "x1", 2, "x2", 1, true, epochs[i]);
    }
    scene_expect(&scene, "");
    scene_close(&scene);
}

/* This coordinator gave out the run that ended, and had reports of it; those of 1.2 to 1.4 were
 * lost with the store, while nothing passed between it and h1. */
static void whoever_had_its_reports_has_not_seen_them_all(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    x1_goes_on(&scene);
    differs(&scene, 2, "x2", 1, "x1", 2, false, EPOCH(1, 4));
    scene_expect(&scene, "");
    differs(&scene, 1, "x1", 2, "x2", 1, true, EPOCH(1, 4));
    trouble_must_say(&scene, "note vat_forgot x1");
    scene_close(&scene);
}

/* The coordinator that decided is replaced by another before anybody has said it. */
static void the_journal_knows_at_which_fork_an_epoch_died(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    scene_restart(&scene, scene.record_count);
    scene_recorded(&scene, scene.record_count);
    trouble_hello_of(&scene, 1, "x1", 2, 1, true);
    trouble_hello_of(&scene, 2, "x2", 1, 1, true);
    scene_skip(&scene);
    differs(&scene, 2, "x2", 1, "x1", 2, false, EPOCH(1, 4));
    differs(&scene, 1, "x1", 2, "x2", 1, true, EPOCH(1, 4));
    trouble_must_say(&scene, "note vat_forgot x1");
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_that_agree_make_a_round),
        cmocka_unit_test(one_word_makes_none),
        cmocka_unit_test(words_of_other_runs_or_times_do_not_meet),
        cmocka_unit_test(an_epoch_that_did_not_die_unseen_proves_nothing),
        cmocka_unit_test(whoever_had_its_reports_has_not_seen_them_all),
        cmocka_unit_test(the_journal_knows_at_which_fork_an_epoch_died),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
