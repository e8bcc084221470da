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

#define FORGOT                                                                                     \
    "note journal_forgot: agents remember more than this journal: it is an old one, or was lost. " \
    "No vat is started for the first time before every host has told what it has\n"
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
    scene_expect(&scene, FORGOT "note run_above_journal x1 h2" RAISED
                                "record 10 vat x1 run 5 incarnation 1 on h2\n"
                                "note round_state: tell\n"
                                "record 11 answer 1\n"
                                "record 12 done 1\n");
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
    scene_expect(&scene, "h1 welcome generation 1 round 0 everything\n" FORGOT
                         "note run_above_journal x1 h1" RAISED
                         "record 2 vat x1 run 70000 incarnation 1 on h1\n");
    char words[64];
    (void)snprintf(words, sizeof words, "x1 %u up", (unsigned)(MN_RUN_MAX / 8 * 7 + 1));
    scene_hello(&scene, 2, "");
    scene_skip(&scene);
    scene_state(&scene, 2, words);
    scene_expect(&scene, "note said_too_much h2: about a run that cannot be\n");
    scene_close(&scene);
}

/* What an agent says of itself: its store has checkpoints, all its rows have been taken. */
static void holds(struct scene *scene, uint32_t host)
{
    char name[16];
    struct mn_up up = {.kind = MN_UP_HELLO, .hello = {.everything = true, .holds = true}};
    (void)snprintf(name, sizeof name, "h%u", host);
    up.hello.host = mn_name_of(name);
    scene_up(scene, host, &up);
}

static void complete(struct scene *scene, uint32_t host)
{
    struct mn_up up = {.kind = MN_UP_HEARTBEAT, .heartbeat = {.complete = true}};
    scene_up(scene, host, &up);
}

static void starts_the_vats_of_a_new_cluster_when_every_host_is_there(void **state)
{
    (void)state;
    struct scene scene;
    lost_journal(&scene);
    for (uint32_t host = 1; host <= 5; host++) {
        scene_hello(&scene, host, "");
    }
    trouble_must_not_say(&scene, "record");
    struct coordinator_wait wait;
    assert_true(coordinator_waits(scene.coordinator, scene.now, 1, &wait));
    assert_int_equal(wait.kind, COORDINATOR_WAIT_TOLD);
    assert_int_equal(wait.host, 5);
    scene_skip(&scene);
    scene_hello(&scene, 6, "");
    scene_expect(&scene, "h6 welcome generation 1 round 0 everything\n"
                         "record 2 vat x1 run 1 incarnation 1 on h1\n"
                         "record 3 vat x2 run 1 incarnation 1 on h2\n"
                         "record 4 vat x3 run 1 incarnation 1 on h3\n"
                         "record 5 vat x4 run 1 incarnation 1 on h4\n"
                         "record 6 vat x5 run 1 incarnation 1 on h5\n"
                         "record 7 vat x6 run 1 incarnation 1 on h6\n");
    scene_close(&scene);
}

/* h1, h2 and h3 are there, for ten seconds; of the others nobody has heard. */
static void half_of_a_new_cluster(struct scene *scene)
{
    lost_journal(scene);
    for (uint32_t host = 1; host <= 3; host++) {
        scene_hello(scene, host, "");
    }
    for (int second = 2; second <= 10; second++) {
        scene_at(scene, second * 1000);
        for (uint32_t host = 1; host <= 3; host++) {
            struct mn_up up = {.kind = MN_UP_HEARTBEAT};
            scene_up(scene, host, &up);
        }
        scene_tick(scene);
    }
}

static void starts_what_is_there_of_a_new_cluster_after_a_while(void **state)
{
    (void)state;
    struct scene scene;
    half_of_a_new_cluster(&scene);
    assert_int_equal(coordinator_deadline(scene.coordinator) <= 11 * MN_SECOND, true);
    scene_at(&scene, 10999);
    scene_tick(&scene);
    trouble_must_not_say(&scene, "record");
    scene_at(&scene, 11000);
    scene_tick(&scene);
    trouble_must_say(&scene, "record 2 vat x1 run 1 incarnation 1 on h1\n");
    trouble_must_say(&scene, "record 4 vat x3 run 1 incarnation 1 on h3\n");
    trouble_must_not_say(&scene, "vat x4");
    scene_close(&scene);
}

/* All ledgers and the journal were lost, and no store. */
static void takes_no_vat_for_new_of_which_there_is_a_checkpoint(void **state)
{
    (void)state;
    struct scene scene;
    lost_journal(&scene);
    for (uint32_t host = 1; host <= 6; host++) {
        holds(&scene, host);
    }
    trouble_must_say(&scene, FORGOT);
    scene_row(&scene, 3, "x1", EPOCH(4, 1), 0, true, "");
    scene_row(&scene, 3, "x1", EPOCH(4, 2), EPOCH(4, 1), true, "x2 3.1");
    for (uint32_t host = 1; host <= 5; host++) {
        complete(&scene, host);
    }
    trouble_must_not_say(&scene, "record");
    scene_skip(&scene);
    complete(&scene, 6);
    scene_expect(&scene, "record 2 vat x1 run 4 incarnation 1 on h1\n"
                         "note vat_lost x1 h1: its host has nothing of it, and others remember "
                         "that it ran\n"
                         "note round_begun\n"
                         "record 3 vat x2 run 3 incarnation 1 on h2\n"
                         "note vat_lost x2 h2: its host has nothing of it, and others remember "
                         "that it ran\n"
                         "record 4 vat x3 run 1 incarnation 1 on h3\n"
                         "record 5 vat x4 run 1 incarnation 1 on h4\n"
                         "record 6 vat x5 run 1 incarnation 1 on h5\n"
                         "record 7 vat x6 run 1 incarnation 1 on h6\n");
    scene_close(&scene);
}

/* All is new, h1 has begun its vats, and says hello again with what they have written since. */
static void takes_what_its_own_vats_wrote_for_nothing_forgotten(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    scene_run_all(&scene);
    holds(&scene, 1);
    trouble_must_not_say(&scene, "journal_forgot");
    scene_close(&scene);
}

static void gives_out_another_run_where_an_agent_knows_that_the_first_is_over(void **state)
{
    (void)state;
    struct scene scene;
    half_of_a_new_cluster(&scene);
    scene_at(&scene, 11000);
    scene_tick(&scene);
    scene_recorded(&scene, 2);
    trouble_must_say(&scene, "h1 start x1 run 1");
    scene_skip(&scene);
    scene_state(&scene, 1, "x1 1 absent");
    trouble_must_say(&scene, "note vat_lost x1 h1");
    assert_int_equal(facts_of(&scene, 0).state, COORDINATOR_VAT_LOST);
    scene_close(&scene);
}

/* An older journal was put back, which does not know of x3. */
static void begins_no_vat_before_those_who_hold_something_have_told_it(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    scene_run_all(&scene);
    scene_restart(&scene, 3);
    scene_recorded(&scene, scene.record_count);
    scene_hello(&scene, 1, "x1 1 up");
    scene_hello(&scene, 2, "x2 1 up");
    holds(&scene, 4);
    holds(&scene, 5);
    holds(&scene, 6);
    scene_skip(&scene);
    holds(&scene, 3);
    complete(&scene, 3);
    complete(&scene, 4);
    complete(&scene, 5);
    trouble_must_not_say(&scene, "vat x3");
    scene_skip(&scene);
    complete(&scene, 6);
    trouble_must_say(&scene, "record 5 vat x3 run 1 incarnation 1 on h3\n");
    scene_close(&scene);
}

/* It is older than x3's first run, and nothing in it shows that; x3 runs on h4 now, whose hello is
 * the last one. */
static void begins_no_vat_of_an_older_journal_before_every_host_is_there(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    scene_run_all(&scene);
    scene_restart(&scene, 3);
    scene_recorded(&scene, scene.record_count);
    scene_hello(&scene, 1, "x1 1 up");
    scene_hello(&scene, 2, "x2 1 up");
    scene_hello(&scene, 3, "");
    holds(&scene, 5);
    holds(&scene, 6);
    trouble_must_not_say(&scene, "vat x3");
    scene_skip(&scene);
    scene_hello(&scene, 4, "x3 2 up");
    trouble_must_say(&scene, "vat x3 run 2 incarnation 1 on h4\n");
    trouble_must_not_say(&scene, "start x3");
    scene_close(&scene);
}

/* h3 burned, and nobody else speaks of x1. */
static void holds_a_vat_for_unknown_while_those_who_may_remember_it_are_lost(void **state)
{
    (void)state;
    struct scene scene;
    scene_open_more(&scene, "");
    scene_hello(&scene, 1, "");
    scene_hello(&scene, 2, "x2 1 up");
    scene_hello(&scene, 4, "x4 1 up");
    scene_hello(&scene, 5, "x5 1 up");
    scene_hello(&scene, 6, "x6 1 up");
    for (uint32_t host = 1; host <= 6; host++) {
        complete(&scene, host);
    }
    scene.silent[2] = true;
    scene_until(&scene, 11500);
    trouble_must_not_say(&scene, "vat x1");
    trouble_must_not_say(&scene, "vat_lost x1");
    trouble_lose_hosts(&scene, "3");
    assert_int_equal(facts_of(&scene, 0).state, COORDINATOR_VAT_LOST);
    scene_until(&scene, 20000);
    trouble_must_say(&scene, "record 8 freeze 1 x1/1 x3/1\n");
    scene_skip(&scene);
    trouble_answer(&scene, 1, 1, 1, "");
    trouble_answer(&scene, 2, 1, 1, "x2 1.1 0.0");
    trouble_answer(&scene, 4, 1, 1, "x4 1.1 0.0");
    trouble_answer(&scene, 5, 1, 1, "x5 1.1 0.0");
    trouble_answer(&scene, 6, 1, 1, "x6 1.1 0.0");
    trouble_must_say(&scene, "note plan_waits");
    struct coordinator_plan_facts plan;
    assert_true(coordinator_plan(scene.coordinator, &plan));
    assert_int_equal(plan.asks,
                     COORDINATOR_ASKS_SHARE | COORDINATOR_ASKS_RESET | COORDINATOR_ASKS_UNSURE);
    scene_close(&scene);
}

static void remembers_that_it_had_forgotten(void **state)
{
    (void)state;
    struct scene scene;
    lost_journal(&scene);
    scene_hello(&scene, 2, "x2 1 up");
    scene_restart(&scene, scene.record_count);
    scene_recorded(&scene, scene.record_count);
    scene_skip(&scene);
    scene_hello(&scene, 1, "");
    trouble_must_not_say(&scene, "record");
    scene_close(&scene);
}

static void says_of_its_life(struct scene *scene, uint32_t host, mn_run run, uint32_t incarnation,
                             const struct mn_fork *forks, uint32_t fork_count)
{
    struct mn_up up = {.kind = MN_UP_VAT_STATE};
    up.vat_state.status = (struct mn_vat_status){.vat = mn_name_of("x1"),
                                                 .run = run,
                                                 .state = MN_VAT_UP,
                                                 .incarnation = incarnation,
                                                 .forks = forks,
                                                 .fork_count = fork_count};
    (void)snprintf(up.vat_state.status.endpoint.text, sizeof up.vat_state.status.endpoint.text,
                   "tcp://x1.%u", (unsigned)run);
    scene_up(scene, host, &up);
}

/* x1 forgot four times; agents name only the last fork. */
static void learns_the_incarnation_and_the_lineage_from_the_agent(void **state)
{
    (void)state;
    static const struct mn_fork last = {.after = EPOCH(7, 2), .next = EPOCH(9, 1), .seen = true};
    struct scene scene;
    lost_journal(&scene);
    scene_hello(&scene, 1, "");
    scene_skip(&scene);
    says_of_its_life(&scene, 1, 9, 5, &last, 1);
    scene_expect(&scene, FORGOT "note run_above_journal x1 h1" RAISED
                                "record 2 vat x1 run 9 incarnation 5 on h1\n");
    scene_restart(&scene, scene.record_count);
    assert_int_equal(facts_of(&scene, 0).incarnation, 5);
    const struct ledger *ledger = coordinator_ledger(scene.coordinator);
    assert_int_equal(ledger_vat_incarnation(ledger, 0), 5);
    assert_true(ledger_epoch_dead(ledger, 0, EPOCH(7, 3)));
    assert_true(ledger_epoch_dead(ledger, 0, EPOCH(8, 1)));
    assert_false(ledger_epoch_dead(ledger, 0, EPOCH(7, 2)));
    assert_false(ledger_epoch_dead(ledger, 0, EPOCH(1, 1)));
    scene_close(&scene);
}

/* A copy told its run; whoever had it comes later. */
static void learns_of_a_later_incarnation_of_a_run_that_it_knows(void **state)
{
    (void)state;
    static const struct mn_fork fork = {.after = 0, .next = EPOCH(2, 1), .seen = true};
    struct scene scene;
    trouble_begin(&scene);
    says_of_its_life(&scene, 1, 2, 0, NULL, 0); /* an agent of an older version */
    scene_skip(&scene);
    says_of_its_life(&scene, 1, 2, 2, &fork, 1);
    scene_expect(&scene, "note run_above_journal x1 h1: an incarnation that this journal does not "
                         "know of: it is an old one, or was lost\n"
                         "record 9 vat x1 run 2 incarnation 2 on h1\n");
    says_of_its_life(&scene, 1, 2, 2, &fork, 1);
    scene_expect(&scene, "");
    scene_state(&scene, 1, "x1 2 exited");
    scene_until(&scene, 22500);
    trouble_answer(&scene, 1, 1, 1, "");
    trouble_answer_first(&scene, 1, 1);
    scene_restart(&scene, scene.record_count);
    assert_true(facts_of(&scene, 0).incarnation >= 2);
    scene_close(&scene);
}

/* All that is left of x1 is a copy at h3, which was written in round 7 or later; and then h1 comes
 * with what it knows of the forks. */
static void learns_incarnations_and_rounds_from_checkpoints(void **state)
{
    (void)state;
    static const struct mn_fork forks[] = {{.after = 0, .next = EPOCH(2, 1), .seen = true},
                                           {.after = 0, .next = EPOCH(4, 1), .seen = true}};
    struct scene scene;
    lost_journal(&scene);
    for (uint32_t host = 1; host <= 6; host++) {
        struct mn_up hello = {.kind = MN_UP_HELLO, .hello = {.holds = true, .seen_round = 7}};
        char name[16];
        (void)snprintf(name, sizeof name, "h%u", host);
        hello.hello.host = mn_name_of(name);
        scene_up(&scene, host, &hello);
    }
    struct mn_name name = mn_name_of("x1");
    struct mn_known known = {.incarnation = 3};
    struct mn_row row = {.epoch = EPOCH(4, 1), .durable = true, .here = true};
    struct mn_up up = {.kind = MN_UP_REPORT};
    up.report.sequence = 1;
    up.report.vats.names = &name;
    up.report.vats.count = 1;
    up.report.vats.known = &known;
    up.report.vats.known_count = 1;
    up.report.rows = &row;
    up.report.row_count = 1;
    scene_up(&scene, 3, &up);
    for (uint32_t host = 1; host <= 6; host++) {
        complete(&scene, host);
    }
    trouble_must_say(&scene, "record 2 vat x1 run 4 incarnation 3 on h1\n");
    struct coordinator_round_facts round;
    coordinator_round(scene.coordinator, 0, &round);
    assert_int_equal(round.round, 8);
    says_of_its_life(&scene, 1, 4, 3, forks, 2);
    assert_int_equal(facts_of(&scene, 0).incarnation, 3);
    assert_true(ledger_epoch_dead(coordinator_ledger(scene.coordinator), 0, EPOCH(3, 1)));
    scene_close(&scene);
}

/* What x2's checkpoint, the only one that is left of anything, knows of x1. */
static void knows_of_x1(struct scene *scene, uint32_t host, uint64_t sequence, uint32_t incarnation,
                        mn_epoch after, mn_epoch next)
{
    const struct mn_name names[] = {mn_name_of("x2"), mn_name_of("x1")};
    struct mn_known known = {
        .vat = 1, .incarnation = incarnation, .fork = {.after = after, .next = next, .seen = true}};
    struct mn_row row = {.epoch = EPOCH(1, 1), .durable = true, .here = true};
    struct mn_up up = {.kind = MN_UP_REPORT};
    up.report.sequence = sequence;
    up.report.vats.names = names;
    up.report.vats.count = 2;
    up.report.vats.known = &known;
    up.report.vats.known_count = 1;
    up.report.rows = &row;
    up.report.row_count = 1;
    scene_up(scene, host, &up);
}

/* Nobody has anything of x1 any more; x2 met it in its third life. */
static void learns_lives_from_those_who_met_them(void **state)
{
    (void)state;
    struct scene scene;
    lost_journal(&scene);
    for (uint32_t host = 1; host <= 6; host++) {
        struct mn_up hello = {.kind = MN_UP_HELLO, .hello = {.holds = true}};
        char name[16];
        (void)snprintf(name, sizeof name, "h%u", host);
        hello.hello.host = mn_name_of(name);
        scene_up(&scene, host, &hello);
    }
    knows_of_x1(&scene, 2, 1, 3, EPOCH(1, 4), EPOCH(5, 1));
    for (uint32_t host = 1; host <= 6; host++) {
        complete(&scene, host);
    }
    trouble_must_say(&scene, "record 2 vat x1 run 5 incarnation 3 on h1\n");
    assert_int_equal(facts_of(&scene, 0).incarnation, 3);
    const struct ledger *ledger = coordinator_ledger(scene.coordinator);
    assert_true(ledger_epoch_dead(ledger, 0, EPOCH(1, 5)));
    assert_false(ledger_epoch_dead(ledger, 0, EPOCH(1, 4)));
    /* Another one met it before that, and knows where its second life began. */
    knows_of_x1(&scene, 3, 1, 2, EPOCH(1, 1), EPOCH(1, 3));
    assert_true(ledger_epoch_dead(ledger, 0, EPOCH(1, 2)));
    assert_int_equal(facts_of(&scene, 0).incarnation, 3);
    /* And one says of a fork that what lives went on from within what would have died at it. */
    knows_of_x1(&scene, 4, 1, 2, EPOCH(1, 3), EPOCH(4, 1));
    assert_false(ledger_epoch_dead(ledger, 0, EPOCH(1, 4)));
    /* And one of a run that cannot be. */
    knows_of_x1(&scene, 5, 1, 4, EPOCH(5, 3), mn_epoch_first(MN_RUN_MAX));
    assert_int_equal(facts_of(&scene, 0).incarnation, 3);
    scene_close(&scene);
}

/* The round has begun, and frozen everybody, when h6 comes and knows of a round of that number. */
static void decides_under_a_number_that_no_round_has_had(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    scene_state(&scene, 1, "x1 1 exited");
    scene_until(&scene, 22500);
    trouble_must_say(&scene, "h6 freeze round 1 attempt 1 suspects x1/1\n");
    scene_skip(&scene);
    trouble_hello_of(&scene, 6, "x6", 1, 4, true);
    trouble_must_say(&scene, "note round_begun: its number had been another's\n");
    trouble_must_say(&scene, "h6 freeze round 5 attempt 2 suspects x1/1\n");
    trouble_answer(&scene, 1, 5, 2, "");
    trouble_answer_first(&scene, 5, 2);
    for (uint32_t host = 1; host <= 6; host++) {
        trouble_must_not_say(&scene, "decision 5 ");
        complete(&scene, host);
    }
    trouble_must_say(&scene, "decision 5 ");
    scene_close(&scene);
}

/* Whoever waits for round 4 is told of round 5. */
static void decides_anew_when_a_decision_is_forgotten_that_somebody_applied(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    trouble_hello_of(&scene, 6, "x6", 1, 4, false);
    trouble_must_say(&scene, "note journal_forgot h6: this host knows a decision that this journal "
                             "does not: what it told whom is not known any more\n"
                             "note round_begun\n");
    scene_until(&scene, 22500);
    trouble_must_say(&scene, "h1 freeze round 5 attempt 1\n");
    scene_skip(&scene);
    trouble_answer_first(&scene, 5, 1);
    trouble_must_say(&scene, "decision 5\n");
    scene_recorded(&scene, scene.record_count);
    trouble_must_say(&scene, "h1 decision 5\n");
    scene_skip(&scene);
    trouble_hello_of(&scene, 6, "x6", 1, 4, false);
    trouble_must_not_say(&scene, "note round_begun\n");
    scene_close(&scene);
}

static void believes_no_end_of_incarnations(void **state)
{
    (void)state;
    struct scene scene;
    lost_journal(&scene);
    scene_hello(&scene, 1, "");
    says_of_its_life(&scene, 1, 1000000, 1000000, NULL, 0);
    assert_int_equal(facts_of(&scene, 0).run, 1000000);
    assert_int_equal(facts_of(&scene, 0).incarnation, 1);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_higher_of_two_runs_wherever_it_is),
        cmocka_unit_test(believes_a_higher_run_than_the_one_that_was_fenced),
        cmocka_unit_test(goes_on_with_a_decision_that_is_being_written_when_a_higher_run_shows),
        cmocka_unit_test(hears_of_any_run_but_leaves_as_many_to_give_out),
        cmocka_unit_test(starts_the_vats_of_a_new_cluster_when_every_host_is_there),
        cmocka_unit_test(starts_what_is_there_of_a_new_cluster_after_a_while),
        cmocka_unit_test(takes_no_vat_for_new_of_which_there_is_a_checkpoint),
        cmocka_unit_test(takes_what_its_own_vats_wrote_for_nothing_forgotten),
        cmocka_unit_test(gives_out_another_run_where_an_agent_knows_that_the_first_is_over),
        cmocka_unit_test(begins_no_vat_before_those_who_hold_something_have_told_it),
        cmocka_unit_test(begins_no_vat_of_an_older_journal_before_every_host_is_there),
        cmocka_unit_test(holds_a_vat_for_unknown_while_those_who_may_remember_it_are_lost),
        cmocka_unit_test(remembers_that_it_had_forgotten),
        cmocka_unit_test(learns_the_incarnation_and_the_lineage_from_the_agent),
        cmocka_unit_test(learns_of_a_later_incarnation_of_a_run_that_it_knows),
        cmocka_unit_test(learns_incarnations_and_rounds_from_checkpoints),
        cmocka_unit_test(learns_lives_from_those_who_met_them),
        cmocka_unit_test(decides_under_a_number_that_no_round_has_had),
        cmocka_unit_test(decides_anew_when_a_decision_is_forgotten_that_somebody_applied),
        cmocka_unit_test(believes_no_end_of_incarnations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
