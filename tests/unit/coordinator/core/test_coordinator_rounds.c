/* Stories of the coordinator: what is lost, what is decided, who is started and told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator_scene.h"
#include "core/ledger.h"
#include "wire/evidence.h"

static void begin(struct scene *scene)
{
    scene_open(scene);
    scene_run_all(scene);
    scene_until(scene, 20000);
    scene_skip(scene);
}

/* Rack r2 falls silent at once, and at 23.4 s witnesses find its ports closed. */
static void lose_r2(struct scene *scene)
{
    scene->silent[2] = true;
    scene->silent[3] = true;
    scene_until(scene, 23400);
    scene_probed(scene, 5, 1, 3, MN_PROBE_CLOSED);
    scene_probed(scene, 1, 1, 3, MN_PROBE_CLOSED);
    scene_probed(scene, 5, 2, 4, MN_PROBE_CLOSED);
    scene_probed(scene, 1, 2, 4, MN_PROBE_CLOSED);
}

/* Every living host answers with the open interval of its vat. */
static void answer_all(struct scene *scene, uint64_t round, uint32_t attempt)
{
    static const char *const vats[] = {"x1", "x2", "x3", "x4", "x5", "x6"};
    for (uint32_t host = 1; host <= 6; host++) {
        if (!scene->silent[host - 1]) {
            scene_interval(scene, host, round, attempt, vats[host - 1], EPOCH(1, 3), EPOCH(1, 1),
                           "");
        }
    }
}

/* How many open intervals the ledger knows. */
static size_t open_count(const struct scene *scene)
{
    struct mn_buffer document = {0};
    struct evidence *evidence = NULL;
    assert_int_equal(mn_evidence_begin(&document), MN_OK);
    assert_int_equal(ledger_evidence(coordinator_ledger(scene->coordinator), &document), MN_OK);
    assert_int_equal(mn_evidence_end(&document), MN_OK);
    assert_int_equal(mn_evidence_decode(document.bytes, document.size, &evidence, NULL), MN_OK);
    size_t count = evidence->open_count;
    evidence_destroy(&evidence);
    mn_buffer_deinit(&document);
    return count;
}

static void starts_a_vat_for_the_first_time_once_its_run_is_recorded(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    scene_expect(&scene, "record 1 generation 1\n"
                         "note begun\n");
    scene_at(&scene, 11000);
    scene_hello(&scene, 1, "");
    scene_expect(&scene, "h1 welcome generation 1 round 0 everything\n"
                         "record 2 vat x1 run 1 incarnation 1 on h1\n");
    scene_hello(&scene, 1, "");
    scene_expect(&scene, "h1 welcome generation 1 round 0\n");
    scene_recorded(&scene, 2);
    scene_expect(&scene, "note vat_first_start x1 h1\n"
                         "h1 start x1 run 1 incarnation 1 revived keep 0.0\n");
    scene_state(&scene, 1, "x1 1 up");
    scene_expect(&scene, "note vat_up x1 h1: tcp://x1.1\n");
    scene_close(&scene);
}

static void restores_a_lost_rack_where_its_copies_are(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    lose_r2(&scene);
    scene_expect(&scene, "note host_state h3: stale\n"
                         "note host_state h4: stale\n"
                         "note host_state h3: suspect\n"
                         "h5 probe 1 h3 tcp://127.0.0.1:7103 tcp://x3.1\n"
                         "h1 probe 1 h3 tcp://127.0.0.1:7103 tcp://x3.1\n"
                         "note host_state h4: suspect\n"
                         "h5 probe 2 h4 tcp://127.0.0.1:7104 tcp://x4.1\n"
                         "h1 probe 2 h4 tcp://127.0.0.1:7104 tcp://x4.1\n"
                         "note host_lost h3\n"
                         "note vat_lost x3 h3: its host is lost\n"
                         "note round_begun\n"
                         "note host_lost h4\n"
                         "note vat_lost x4 h4: its host is lost\n");
    scene_until(&scene, 25900);
    scene_expect(&scene, "note round_state: collect\n"
                         "record 8 freeze 1 x3/1 x4/1\n"
                         "h1 freeze round 1 attempt 1 lost h3 h4 suspects x3/1 x4/1\n"
                         "h2 freeze round 1 attempt 1 lost h3 h4 suspects x3/1 x4/1\n"
                         "h5 freeze round 1 attempt 1 lost h3 h4 suspects x3/1 x4/1\n"
                         "h6 freeze round 1 attempt 1 lost h3 h4 suspects x3/1 x4/1\n");
    answer_all(&scene, 1, 1);
    scene_expect(&scene, "note round_state: settle\n"
                         "note round_state: deciding\n"
                         "record 9 decision 1 lost h3 h4 [h5: x3 run 2 incarnation 1 revived "
                         "keep 1.2 from 1.1@h5 1.2@h5] [h6: x4 run 2 incarnation 1 revived "
                         "keep 1.2 from 1.1@h6 1.2@h6]\n");
    scene_recorded(&scene, scene.record_count);
    scene_expect(&scene, "note round_state: restore\n"
                         "note decided\n"
                         "h1 decision 1\n"
                         "h2 decision 1\n"
                         "h5 decision 1\n"
                         "h5 start x3 run 2 incarnation 1 revived keep 1.2 from 1.1@h5 1.2@h5\n"
                         "h6 decision 1\n"
                         "h6 start x4 run 2 incarnation 1 revived keep 1.2 from 1.1@h6 1.2@h6\n"
                         "note restore x3 h5: revived\n"
                         "note restore x4 h6: revived\n");
    scene_state(&scene, 5, "x3 2 up");
    scene_state(&scene, 6, "x4 2 up");
    scene_expect(&scene, "note vat_up x3 h5: tcp://x3.2\n"
                         "note vat_up x4 h6: tcp://x4.2\n"
                         "note round_state: tell\n"
                         "record 10 answer 1\n"
                         "record 11 done 1\n");
    scene_recorded(&scene, scene.record_count);
    scene_expect(&scene, "note round_state: done\n"
                         "note round_done\n");
    scene_close(&scene);
}

/* The loss of r2 is decided, and that is on record. */
static void decide_r2(struct scene *scene)
{
    begin(scene);
    lose_r2(scene);
    scene_until(scene, 25900);
    answer_all(scene, 1, 1);
    scene_recorded(scene, scene->record_count);
}

static void forgets_the_open_intervals_when_those_who_are_told_no_longer_wait(void **state)
{
    (void)state;
    struct scene scene;
    decide_r2(&scene);
    scene_state(&scene, 5, "x3 2 up");
    scene_until(&scene, 26300);
    assert_int_equal(open_count(&scene), 4);
    scene_until(&scene, 27000);
    assert_int_equal(open_count(&scene), 0);
    scene_close(&scene);
}

static void weighs_no_open_interval_of_an_earlier_round(void **state)
{
    (void)state;
    struct scene scene;
    decide_r2(&scene);
    scene_state(&scene, 5, "x3 2 up");
    scene_state(&scene, 6, "x4 2 up");
    scene_state(&scene, 1, "x1 1 exited");
    assert_int_equal(open_count(&scene), 4);
    scene_at(&scene, 40000); /* the loop was late, and this comes before the tick */
    scene_hello(&scene, 2, "x2 1 up");
    scene_recorded(&scene, scene.record_count);
    assert_int_equal(open_count(&scene), 0);
    scene_close(&scene);
}

static void revives_a_crashed_vat_on_its_own_host(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    scene_state(&scene, 1, "x1 1 exited");
    scene_expect(&scene, "note vat_lost x1 h1: as the scene says\n"
                         "note round_begun\n");
    scene_until(&scene, 23000);
    scene_expect(&scene, "note round_state: collect\n"
                         "record 8 freeze 1 x1/1\n"
                         "h1 freeze round 1 attempt 1 suspects x1/1\n"
                         "h2 freeze round 1 attempt 1 suspects x1/1\n"
                         "h3 freeze round 1 attempt 1 suspects x1/1\n"
                         "h4 freeze round 1 attempt 1 suspects x1/1\n"
                         "h5 freeze round 1 attempt 1 suspects x1/1\n"
                         "h6 freeze round 1 attempt 1 suspects x1/1\n");
    scene_state(&scene, 1, "x1 1 stopped");
    for (uint32_t host = 1; host <= 6; host++) {
        static const char *const vats[] = {NULL, "x2", "x3", "x4", "x5", "x6"};
        scene_interval(&scene, host, 1, 1, vats[host - 1], EPOCH(1, 3), EPOCH(1, 1), "");
    }
    scene_expect(&scene, "note round_state: settle\n"
                         "note round_state: deciding\n"
                         "record 9 decision 1 gone x1 [h1: x1 run 2 incarnation 1 revived "
                         "keep 1.2 from 1.1@h1 1.2@h1]\n");
    scene_close(&scene);
}

static void opens_no_round_while_only_an_agent_is_silent(void **state)
{
    (void)state;
    struct coordinator_host_facts facts;
    struct scene scene;
    begin(&scene);
    scene.silent[2] = true;
    scene_until(&scene, 23400);
    scene_skip(&scene);
    scene_probed(&scene, 5, 1, 3, MN_PROBE_OPEN);
    scene_expect(&scene, "note only_agent_silent h3: a port is open there: only its agent is "
                         "silent\n");
    scene_probed(&scene, 1, 1, 3, MN_PROBE_SILENT);
    scene_until(&scene, 40900);
    coordinator_host(scene.coordinator, scene.now, 2, &facts);
    assert_int_equal(facts.state, DETECTOR_SUSPECT);
    assert_true(facts.agent_only);
    scene_skip(&scene);
    scene.silent[2] = false;
    scene_until(&scene, 41100);
    scene_hello(&scene, 3, "x3 1 up");
    scene_expect(&scene, "note host_state h3: up\n"
                         "h3 welcome generation 1 round 0\n");
    assert_int_equal(coordinator_round_count(scene.coordinator), 0);
    scene_close(&scene);
}

static void holds_while_somebody_is_silent_and_asks_again(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    lose_r2(&scene);
    scene_until(&scene, 25900);
    scene_interval(&scene, 1, 1, 1, "x1", EPOCH(1, 3), EPOCH(1, 1), "");
    scene_interval(&scene, 2, 1, 1, "x2", EPOCH(1, 3), EPOCH(1, 1), "");
    scene_interval(&scene, 5, 1, 1, "x5", EPOCH(1, 3), EPOCH(1, 1), "");
    scene_skip(&scene);
    scene_silent(&scene, 6, 1, 1, "x6");
    scene_expect(&scene, "note round_state: settle\n"
                         "note round_state: collect\n");
    scene_until(&scene, 31500);
    scene_expect(&scene, "note round_holds x6 h6: it has not answered, and is not lost\n"
                         "note round_state: collect\n"
                         "h1 freeze round 1 attempt 2 lost h3 h4 suspects x3/1 x4/1\n"
                         "h2 freeze round 1 attempt 2 lost h3 h4 suspects x3/1 x4/1\n"
                         "h5 freeze round 1 attempt 2 lost h3 h4 suspects x3/1 x4/1\n"
                         "h6 freeze round 1 attempt 2 lost h3 h4 suspects x3/1 x4/1\n");
    answer_all(&scene, 1, 2);
    scene_expect(&scene, "note round_state: settle\n"
                         "note round_state: deciding\n"
                         "record 9 decision 1 lost h3 h4 [h5: x3 run 2 incarnation 1 revived "
                         "keep 1.2 from 1.1@h5 1.2@h5] [h6: x4 run 2 incarnation 1 revived "
                         "keep 1.2 from 1.1@h6 1.2@h6]\n");
    scene_close(&scene);
}

/* x6 sends early: what x1 heard of its open interval dies with x6, and x1 is taken back. */
static void takes_back_who_heard_what_an_early_sender_lost(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    scene_row(&scene, 1, "x1", EPOCH(1, 3), EPOCH(1, 1), true, "x6 1.3");
    scene_row(&scene, 3, "x1", EPOCH(1, 3), EPOCH(1, 1), false, "x6 1.3");
    scene.silent[5] = true;
    scene_until(&scene, 23400);
    scene_probed(&scene, 1, 1, 6, MN_PROBE_CLOSED);
    scene_probed(&scene, 3, 1, 6, MN_PROBE_CLOSED);
    scene_until(&scene, 25900);
    scene_skip(&scene);
    scene_interval(&scene, 1, 1, 1, "x1", EPOCH(1, 4), EPOCH(1, 1), "x6 1.3, x6 1.4");
    scene_interval(&scene, 2, 1, 1, "x2", EPOCH(1, 3), EPOCH(1, 1), "");
    scene_interval(&scene, 3, 1, 1, "x3", EPOCH(1, 3), EPOCH(1, 1), "");
    scene_interval(&scene, 4, 1, 1, "x4", EPOCH(1, 3), EPOCH(1, 1), "");
    scene_expect(&scene, "");
    scene_interval(&scene, 5, 1, 1, "x5", EPOCH(1, 3), EPOCH(1, 1), "");
    scene_expect(&scene, "note round_state: settle\n"
                         "note round_state: collect\n"
                         "note round_state: collect\n"
                         "record 9 freeze 1 x1/1\n"
                         "h1 freeze round 1 attempt 2 lost h6 suspects x1/1 x6/1\n"
                         "h2 freeze round 1 attempt 2 lost h6 suspects x1/1 x6/1\n"
                         "h3 freeze round 1 attempt 2 lost h6 suspects x1/1 x6/1\n"
                         "h4 freeze round 1 attempt 2 lost h6 suspects x1/1 x6/1\n"
                         "h5 freeze round 1 attempt 2 lost h6 suspects x1/1 x6/1\n");
    scene_state(&scene, 1, "x1 1 stopped");
    scene_interval(&scene, 1, 1, 2, NULL, 0, 0, "");
    scene_interval(&scene, 2, 1, 2, "x2", EPOCH(1, 3), EPOCH(1, 1), "");
    scene_interval(&scene, 3, 1, 2, "x3", EPOCH(1, 3), EPOCH(1, 1), "");
    scene_interval(&scene, 4, 1, 2, "x4", EPOCH(1, 3), EPOCH(1, 1), "");
    scene_interval(&scene, 5, 1, 2, "x5", EPOCH(1, 3), EPOCH(1, 1), "");
    scene_expect(&scene, "note round_state: settle\n"
                         "note round_state: deciding\n"
                         "record 10 decision 1 lost h6 [h1: x1 run 2 incarnation 2 "
                         "rolled_back keep 1.2 from 1.1@h1 1.2@h1] [h2: x6 run 2 incarnation "
                         "2 rolled_back keep 1.2 from 1.1@h2 1.2@h2] told x1 (x6 incarnation "
                         "2 kept 1.2) told x6 (x1 incarnation 2 kept 1.2)\n");
    scene_recorded(&scene, scene.record_count);
    scene_expect(&scene, "note round_state: restore\n"
                         "note decided\n"
                         "h1 decision 1 told x1 (x6 incarnation 2 kept 1.2)\n"
                         "h1 start x1 run 2 incarnation 2 rolled_back keep 1.2 from 1.1@h1 "
                         "1.2@h1 told up to 0\n"
                         "h2 decision 1 told x6 (x1 incarnation 2 kept 1.2)\n"
                         "h2 start x6 run 2 incarnation 2 rolled_back keep 1.2 from 1.1@h2 "
                         "1.2@h2 told up to 0\n"
                         "h3 decision 1\n"
                         "h4 decision 1\n"
                         "h5 decision 1\n"
                         "note restore x1 h1: rolled_back\n"
                         "note restore x6 h2: rolled_back\n");
    /* What nobody's word rests on is for the next step, at once. */
    assert_true(coordinator_deadline(scene.coordinator) == scene.now);
    scene_tick(&scene);
    assert_true(coordinator_deadline(scene.coordinator) > scene.now);
    scene_state(&scene, 1, "x1 2 up");
    scene_state(&scene, 2, "x6 2 up");
    scene_expect(&scene, "note vat_up x1 h1: tcp://x1.2\n"
                         "note vat_up x6 h2: tcp://x6.2\n"
                         "note round_state: tell\n");
    scene_handled(&scene, 1, "x1", 2, 1);
    scene_handled(&scene, 2, "x6", 1, 1); /* its former run, */
    scene_handled(&scene, 3, "x6", 2, 1); /* and a host that it does not run on */
    scene_expect(&scene, "");
    scene_handled(&scene, 2, "x6", 2, 1);
    scene_expect(&scene, "record 11 answer 1\nrecord 12 done 1\n");
    scene_close(&scene);
}

static void calls_the_round_off_when_all_is_back_in_time(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    lose_r2(&scene);
    scene_skip(&scene);
    scene_hello(&scene, 3, "x3 1 up");
    scene_expect(&scene, "note host_state h3: up\n"
                         "h3 welcome generation 1 round 0 everything\n");
    scene_hello(&scene, 4, "x4 1 up");
    scene_expect(&scene, "note host_state h4: up\n"
                         "h4 welcome generation 1 round 0 everything\n"
                         "note round_state: called off: all that was lost is back\n");
    assert_int_equal(coordinator_round_count(scene.coordinator), 0);
    scene_close(&scene);
}

static void restores_fenced_vats_even_if_their_host_comes_back(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    lose_r2(&scene);
    scene_until(&scene, 25900);
    scene_skip(&scene);
    scene.silent[2] = false;
    scene_hello(&scene, 3, "x3 1 up");
    scene_expect(&scene, "note host_state h3: up\n"
                         "h3 welcome generation 1 round 0 everything\n"
                         "note round_state: collect\n"
                         "h1 freeze round 1 attempt 2 lost h4 suspects x3/1 x4/1\n"
                         "h2 freeze round 1 attempt 2 lost h4 suspects x3/1 x4/1\n"
                         "h3 freeze round 1 attempt 2 lost h4 suspects x3/1 x4/1\n"
                         "h5 freeze round 1 attempt 2 lost h4 suspects x3/1 x4/1\n"
                         "h6 freeze round 1 attempt 2 lost h4 suspects x3/1 x4/1\n");
    scene_interval(&scene, 1, 1, 2, "x1", EPOCH(1, 3), EPOCH(1, 1), "");
    scene_interval(&scene, 2, 1, 2, "x2", EPOCH(1, 3), EPOCH(1, 1), "");
    scene_interval(&scene, 3, 1, 2, NULL, 0, 0, "");
    scene_interval(&scene, 5, 1, 2, "x5", EPOCH(1, 3), EPOCH(1, 1), "");
    scene_interval(&scene, 6, 1, 2, "x6", EPOCH(1, 3), EPOCH(1, 1), "");
    scene_expect(&scene, "note round_state: settle\n"
                         "note round_state: deciding\n"
                         "record 9 decision 1 lost h4 gone x3 [h3: x3 run 2 incarnation 1 "
                         "revived keep 1.2 from 1.1@h5 1.2@h5] [h6: x4 run 2 incarnation 1 "
                         "revived keep 1.2 from 1.1@h6 1.2@h6]\n");
    scene_close(&scene);
}

static void stops_the_former_lives_of_a_host_that_comes_back(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    lose_r2(&scene);
    scene_until(&scene, 25900);
    answer_all(&scene, 1, 1);
    scene_recorded(&scene, scene.record_count);
    scene_state(&scene, 5, "x3 2 up");
    scene_state(&scene, 6, "x4 2 up");
    scene_recorded(&scene, scene.record_count);
    scene_skip(&scene);
    scene_hello(&scene, 3, "x3 1 up");
    scene_expect(&scene, "note host_state h3: up\n"
                         "h3 welcome generation 1 round 1 everything\n"
                         "h3 decision 1\n"
                         "note former_life_stopped x3 h3\n"
                         "h3 stop x3 run 1 (after 1.2 on at 2.1)\n");
    scene_close(&scene);
}

static void carries_on_the_decision_that_it_finds_in_the_journal(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    lose_r2(&scene);
    scene_until(&scene, 25900);
    answer_all(&scene, 1, 1);
    scene_skip(&scene);
    scene_restart(&scene, 9);
    scene_recorded(&scene, scene.record_count);
    scene_expect(&scene, "record 10 generation 2\n"
                         "note begun\n");
    scene_hello(&scene, 5, "x5 1 up");
    scene_expect(&scene, "h5 welcome generation 2 round 1 everything\n"
                         "h5 decision 1\n"
                         "h5 start x3 run 2 incarnation 1 revived keep 1.2 from 1.1@h5 1.2@h5\n");
    scene_until(&scene, 27500);
    scene_expect(&scene, "h1 welcome generation 2 round 1 everything\n"
                         "h2 welcome generation 2 round 1 everything\n"
                         "h6 welcome generation 2 round 1 everything\n"
                         "h1 decision 1\n"
                         "h2 decision 1\n"
                         "h5 decision 1\n"
                         "h5 start x3 run 2 incarnation 1 revived keep 1.2 from 1.1@h5 1.2@h5\n"
                         "h6 decision 1\n"
                         "h6 start x4 run 2 incarnation 1 revived keep 1.2 from 1.1@h6 1.2@h6\n"
                         "h1 welcome generation 2 round 1 everything\n"
                         "h2 welcome generation 2 round 1 everything\n"
                         "h6 welcome generation 2 round 1 everything\n");
    scene_state(&scene, 5, "x3 2 up");
    scene_hello(&scene, 6, "x6 1 up, x4 2 up");
    scene_expect(&scene, "note vat_up x3 h5: tcp://x3.2\n"
                         "h6 welcome generation 2 round 1 everything\n"
                         "h6 decision 1\n"
                         "note vat_up x4 h6: tcp://x4.2\n"
                         "note round_state: tell\n"
                         "record 11 done 1\n");
    scene_close(&scene);
}

static void decides_anew_when_the_decision_was_not_durable(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    lose_r2(&scene);
    scene_until(&scene, 25900);
    answer_all(&scene, 1, 1);
    scene_skip(&scene);
    scene_restart(&scene, 8);
    scene_recorded(&scene, scene.record_count);
    scene_expect(&scene, "record 9 generation 2\n"
                         "note begun\n"
                         "note round_begun\n");
    struct coordinator_round_facts round;
    coordinator_round(scene.coordinator, 0, &round);
    assert_int_equal(round.round, 2); /* agents have heard of 1 */
    assert_int_equal(round.state, COORDINATOR_ROUND_GATHER);
    scene_close(&scene);
}

static void restores_again_what_is_lost_while_it_is_restored(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    lose_r2(&scene);
    scene_until(&scene, 25900);
    answer_all(&scene, 1, 1);
    scene_recorded(&scene, scene.record_count);
    scene_state(&scene, 6, "x4 2 up");
    scene_skip(&scene);
    scene_state(&scene, 5, "x3 2 exited");
    scene_expect(&scene, "note vat_lost x3 h5: as the scene says\n"
                         "note round_begun\n");
    scene_until(&scene, 28500);
    scene_expect(&scene, "record 10 answer 1\n"
                         "note round_state: collect\n"
                         "record 11 freeze 2 x3/2\n"
                         "h1 freeze round 2 attempt 1 lost h3 h4 suspects x3/2\n"
                         "h2 freeze round 2 attempt 1 lost h3 h4 suspects x3/2\n"
                         "h5 freeze round 2 attempt 1 lost h3 h4 suspects x3/2\n"
                         "h6 freeze round 2 attempt 1 lost h3 h4 suspects x3/2\n");
    scene_close(&scene);
}

static void holds_and_says_so_once_a_second_when_most_fall_silent(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    for (int i = 0; i < 5; i++) {
        scene.silent[i] = true;
    }
    scene_until(&scene, 22900);
    scene_skip(&scene);
    scene_until(&scene, 23400);
    scene_expect(&scene, "note host_state h1: up\n"
                         "note host_state h2: up\n"
                         "note host_state h3: up\n"
                         "note host_state h4: up\n"
                         "note host_state h5: up\n"
                         "note hold: so many hosts fell silent at once that this side is "
                         "more likely cut off; every silence begins anew\n");
    scene_until(&scene, 60000);
    assert_int_equal(coordinator_round_count(scene.coordinator), 0);
    scene_close(&scene);
}

static void long_story(struct scene *scene)
{
    begin(scene);
    lose_r2(scene);
    scene_until(scene, 25900);
    answer_all(scene, 1, 1);
    scene_recorded(scene, scene->record_count);
    scene_state(scene, 5, "x3 2 up");
    scene_until(scene, 35000);
    scene_state(scene, 6, "x4 2 up");
    scene_recorded(scene, scene->record_count);
    scene_hello(scene, 3, "x3 1 up");
    scene_until(scene, 45000);
}

static void gives_the_same_effects_for_the_same_events(void **state)
{
    (void)state;
    struct scene first;
    struct scene second;
    long_story(&first);
    long_story(&second);
    assert_true(first.size > 1500);
    assert_string_equal(first.text, second.text);
    scene_close(&first);
    scene_close(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_a_vat_for_the_first_time_once_its_run_is_recorded),
        cmocka_unit_test(restores_a_lost_rack_where_its_copies_are),
        cmocka_unit_test(forgets_the_open_intervals_when_those_who_are_told_no_longer_wait),
        cmocka_unit_test(weighs_no_open_interval_of_an_earlier_round),
        cmocka_unit_test(revives_a_crashed_vat_on_its_own_host),
        cmocka_unit_test(opens_no_round_while_only_an_agent_is_silent),
        cmocka_unit_test(holds_while_somebody_is_silent_and_asks_again),
        cmocka_unit_test(takes_back_who_heard_what_an_early_sender_lost),
        cmocka_unit_test(calls_the_round_off_when_all_is_back_in_time),
        cmocka_unit_test(restores_fenced_vats_even_if_their_host_comes_back),
        cmocka_unit_test(stops_the_former_lives_of_a_host_that_comes_back),
        cmocka_unit_test(carries_on_the_decision_that_it_finds_in_the_journal),
        cmocka_unit_test(decides_anew_when_the_decision_was_not_durable),
        cmocka_unit_test(restores_again_what_is_lost_while_it_is_restored),
        cmocka_unit_test(holds_and_says_so_once_a_second_when_most_fall_silent),
        cmocka_unit_test(gives_the_same_effects_for_the_same_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
