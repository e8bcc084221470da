/* Stories of words that come late, early, twice, or from somebody who may not say them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator_trouble.h"
#include "docs/text.h"

struct asked {
    mn_time due_ms;
    unsigned witness;
    unsigned long long probe;
};

/* The journal is an old copy: agents know rounds that it does not. */
static void never_gives_a_round_its_number_twice(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    trouble_hello_of(&scene, 1, "x1", 1, 7, false);
    trouble_lose_hosts(&scene, "34");
    scene_until(&scene, 32000);
    trouble_must_say(&scene, "h1 freeze round ");
    trouble_must_not_say(&scene, "h1 freeze round 1 attempt 1");
    scene_close(&scene);
}

/* A new coordinator hears of x1's full, which is below x1's floor already, before it hears of the
 * diff that stands on it. */
static void keeps_a_full_below_the_floor_until_it_knows_what_stands_on_it(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    scene_restart(&scene, scene.record_count);
    scene_recorded(&scene, scene.record_count);
    for (uint32_t host = 1; host <= 6; host++) {
        char vat[16];
        (void)snprintf(vat, sizeof vat, "x%u", host);
        trouble_hello_of(&scene, host, vat, 1, 0, true);
        trouble_row_with_floor(&scene, host, vat, EPOCH(1, 1), 0, 0, EPOCH(1, 2), false);
        trouble_row_with_floor(&scene, host, vat, EPOCH(1, 2), EPOCH(1, 1), EPOCH(1, 1),
                               EPOCH(1, 2), false);
    }
    scene_until(&scene, 40000);
    scene_state(&scene, 1, "x1 1 exited");
    scene_until(&scene, 43000);
    trouble_must_say(&scene, "h2 freeze round 1 attempt 1 suspects x1/1\n");
    trouble_answer_first(&scene, 1, 1);
    trouble_must_say(&scene, "[h1: x1 run 2 incarnation 1 revived keep 1.2 from 1.1@h1 1.2@h1]");
    scene_close(&scene);
}

/* A new coordinator hears of h1, whose disk is empty, the floor of x1 at most; h2 has what it has
 * of x1, whose report no floor is believed in. */
static void knows_of_x1(struct scene *scene, mn_epoch floor, const mn_epoch *copies, size_t count)
{
    trouble_begin(scene);
    scene_restart(scene, scene->record_count);
    scene_recorded(scene, scene->record_count);
    struct mn_vat_status status = {
        .vat = mn_name_of("x1"), .run = 1, .state = MN_VAT_EXITED, .floor = floor};
    struct mn_up up = {.kind = MN_UP_HELLO};
    up.hello.host = mn_name_of("h1");
    up.hello.everything = true;
    up.hello.vats = &status;
    up.hello.vat_count = 1;
    scene_up(scene, 1, &up);
    for (uint32_t host = 2; host <= 6; host++) {
        char vat[16];
        (void)snprintf(vat, sizeof vat, "x%u", host);
        trouble_hello_of(scene, host, vat, 1, 0, true);
        trouble_row_with_floor(scene, host, vat, EPOCH(1, 1), 0, 0, EPOCH(1, 1), false);
    }
    for (size_t i = 0; i < count; i++) {
        trouble_row_with_floor(scene, 2, "x1", copies[i], copies[i] - 1, 0, 0, false);
    }
    scene_until(scene, 43000);
    trouble_must_say(scene, "h2 freeze round 1 attempt 1 suspects x1/1\n");
    scene_skip(scene);
    trouble_answer(scene, 1, 1, 1, "");
    trouble_answer(scene, 2, 1, 1, "x2 1.3 1.1");
    trouble_answer(scene, 3, 1, 1, "x3 1.3 1.1");
    trouble_answer(scene, 4, 1, 1, "x4 1.3 1.1");
    trouble_answer(scene, 5, 1, 1, "x5 1.3 1.1");
    trouble_answer(scene, 6, 1, 1, "x6 1.3 1.1");
}

/* Its store is lost, and 1.3 was deleted everywhere. h2 was cut off when 1.1 was. */
static void hears_the_floor_of_a_vat_whose_store_is_lost(void **state)
{
    (void)state;
    struct scene scene;
    const mn_epoch copies[] = {EPOCH(1, 1), EPOCH(1, 4)};
    knows_of_x1(&scene, EPOCH(1, 4), copies, 2);
    trouble_must_say(&scene, "x1 run 2 incarnation 1 revived keep 1.4 from 1.4@h2]");
    scene_close(&scene);
}

/* The ledger of h1 is older than what was deleted since. */
static void takes_no_floor_that_nothing_goes_on_from(void **state)
{
    (void)state;
    struct scene scene;
    const mn_epoch copies[] = {EPOCH(1, 4)};
    knows_of_x1(&scene, EPOCH(1, 2), copies, 1);
    trouble_must_say(&scene, "x1 run 2 incarnation 1 revived keep 1.4 from 1.4@h2]");
    scene_close(&scene);
}

/* h3 has no power: nothing refuses a connection, so witnesses answer "silent" when the bound of a
 * probe, 2 heartbeats, is over; and a millisecond under way. */
static void finds_a_host_lost_whose_witnesses_wait_for_the_bound_of_the_probe(void **state)
{
    (void)state;
    struct scene scene;
    struct asked queue[16];
    size_t count = 0;
    bool lost = false;
    trouble_begin(&scene);
    scene.silent[2] = true;
    for (mn_time ms = 20001; ms < 60000 && !lost; ms += ms % 1000 == 999 ? 2 : 1) {
        scene_skip(&scene);
        scene_until(&scene, ms); /* never a whole second: it would pass over the heartbeats */
        while (count > 0 && queue[0].due_ms <= ms) {
            scene_probed(&scene, queue[0].witness, queue[0].probe, 3, MN_PROBE_SILENT);
            count -= 1;
            memmove(queue, queue + 1, count * sizeof *queue);
        }
        for (const char *at = scene.text; at != NULL; at = strchr(at, '\n')) {
            at += at[0] == '\n' ? 1 : 0;
            struct asked *next = &queue[count];
            unsigned suspect = 0;
            if (sscanf(at, "h%u probe %llu h%u", &next->witness, &next->probe, &suspect) == 3) {
                next->due_ms = ms + 2001;
                count += 1;
                assert_true(count < 16);
            }
        }
        lost = trouble_said(&scene, "note host_lost h3");
    }
    assert_true(lost);
    scene_close(&scene);
}

/* The report of x1's full 1.3 was lost with a connection; its interval, which begins after it, was
 * not. x1 runs, and has answered: it is not to be taken back for that. */
static void takes_nobody_back_because_a_report_is_late(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    trouble_lose_hosts(&scene, "3");
    scene_until(&scene, 28000);
    scene_skip(&scene);
    trouble_answer(&scene, 1, 1, 1, "x1 1.4 1.3");
    trouble_answer(&scene, 2, 1, 1, "x2 1.3 1.1");
    trouble_answer(&scene, 4, 1, 1, "x4 1.3 1.1");
    trouble_answer(&scene, 5, 1, 1, "x5 1.3 1.1");
    trouble_answer(&scene, 6, 1, 1, "x6 1.3 1.1");
    trouble_must_not_say(&scene, "suspects x1/1");
    /* The agent says it again a second later. */
    trouble_row_with_floor(&scene, 1, "x1", EPOCH(1, 3), EPOCH(1, 1), 0, 0, false);
    scene_close(&scene);
}

/* h5's agent was started anew while it was asked. Its hello empties its store here; an answer of
 * before that, still under way on the old connection, is not an answer. */
static void takes_no_answer_from_before_a_hello_for_one_after_it(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    trouble_lose_hosts(&scene, "3");
    scene_until(&scene, 28000);
    trouble_answer(&scene, 1, 1, 1, "x1 1.3 1.1");
    trouble_answer(&scene, 2, 1, 1, "x2 1.3 1.1");
    trouble_answer(&scene, 4, 1, 1, "x4 1.3 1.1");
    trouble_answer(&scene, 6, 1, 1, "x6 1.3 1.1");
    trouble_hello_of(&scene, 5, "x5", 1, 0, true);
    scene_skip(&scene);
    trouble_answer_first(&scene, 1, 1); /* the others say theirs again */
    trouble_must_not_say(&scene, "note round_state: settle");
    trouble_answer_first(&scene, 1, 2);
    trouble_must_say(&scene, "note round_state: settle");
    scene_close(&scene);
}

/* h3 was never there. It comes up while a decision is written that starts x3 elsewhere. */
static void gives_no_run_out_twice_to_a_vat_that_never_ran(void **state)
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
    static const char *const up[] = {"x1 1 up", "x2 1 up", NULL, "x4 1 up", "x5 1 up", "x6 1 up"};
    for (uint32_t host = 1; host <= 6; host++) {
        if (host != 3) {
            scene_state(&scene, host, up[host - 1]);
        }
    }
    scene.silent[2] = true;
    scene_until(&scene, 20000);
    scene_skip(&scene);
    scene_until(&scene, 24000);
    trouble_witnesses_find_closed(&scene);
    scene_state(&scene, 5, "x5 1 exited");
    scene_until(&scene, 28000);
    trouble_answer(&scene, 1, 1, 1, "x1 1.1 0.0");
    trouble_answer(&scene, 2, 1, 1, "x2 1.1 0.0");
    trouble_answer(&scene, 4, 1, 1, "x4 1.1 0.0");
    trouble_answer(&scene, 5, 1, 1, "");
    trouble_answer(&scene, 6, 1, 1, "x6 1.1 0.0");
    trouble_answer(&scene, 1, 1, 2, "x1 1.1 0.0");
    trouble_answer(&scene, 2, 1, 2, "x2 1.1 0.0");
    trouble_answer(&scene, 4, 1, 2, "x4 1.1 0.0");
    trouble_answer(&scene, 5, 1, 2, "");
    trouble_answer(&scene, 6, 1, 2, "x6 1.1 0.0");
    trouble_must_say(&scene, "decision 1 lost h3");
    scene.silent[2] = false;
    scene_hello(&scene, 3, "");
    bool by_decision = trouble_said(&scene, ": x3 run 1 incarnation 1");
    bool by_record = trouble_said(&scene, "vat x3 run 1 incarnation 1 on h3");
    if (by_decision && by_record) {
        fail_msg("x3's run 1 is given out twice:\n%s", scene.text);
    }
    scene_close(&scene);
}

/* All that was lost is back, as states and not as a hello say: nobody is frozen for nothing. */
static void calls_a_round_off_when_a_state_says_that_nothing_is_lost(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    scene_state(&scene, 1, "x1 1 exited");
    scene_state(&scene, 1, "x1 1 up");
    scene_until(&scene, 30000);
    trouble_must_not_say(&scene, "freeze round 1");
    scene_close(&scene);
}

/* A round waits for h6. The others' agents, frozen for 10 heartbeats, say hello again, as they do;
 * nothing is new. */
static void asks_nobody_anew_because_a_frozen_agent_says_hello_again(void **state)
{
    (void)state;
    struct scene scene;
    trouble_begin(&scene);
    trouble_lose_hosts(&scene, "3");
    scene_until(&scene, 28000);
    trouble_answer(&scene, 1, 1, 1, "x1 1.3 1.1");
    trouble_answer(&scene, 2, 1, 1, "x2 1.3 1.1");
    trouble_answer(&scene, 4, 1, 1, "x4 1.3 1.1");
    trouble_answer(&scene, 5, 1, 1, "x5 1.3 1.1");
    scene_skip(&scene);
    trouble_hello_of(&scene, 1, "x1", 1, 0, false);
    trouble_hello_of(&scene, 2, "x2", 1, 0, false);
    trouble_hello_of(&scene, 4, "x4", 1, 0, false);
    trouble_hello_of(&scene, 5, "x5", 1, 0, false);
    size_t freezes = 0;
    for (const char *at = scene.text; (at = strstr(at, " freeze ")) != NULL; at++) {
        freezes += 1;
    }
    if (freezes > 4) {
        fail_msg("%zu freezes for 4 hellos:\n%s", freezes, scene.text);
    }
    scene_close(&scene);
}

/* A decision with more notices than one message may carry is written, and has to be read again. */
static void can_read_back_whatever_decision_it_writes(void **state)
{
    (void)state;
    enum { COUNT = 70000 };
    struct mn_notice *notices = calloc(COUNT, sizeof *notices);
    struct mn_told told = {.vat = mn_name_of("x1"), .notice_count = COUNT};
    for (size_t i = 0; i < COUNT; i++) {
        notices[i] = (struct mn_notice){.peer = mn_name_of("x2"), .incarnation = 2};
    }
    struct mn_journal_record record = {.kind = MN_JOURNAL_DECISION};
    record.decision.round = 1;
    record.decision.told = &told;
    record.decision.told_count = 1;
    record.decision.notices = notices;
    record.decision.notice_count = COUNT;
    struct mn_buffer buffer = {0};
    struct mn_arena arena = {0};
    struct mn_journal_record back;
    mn_result written = mn_journal_record_encode(&record, &buffer);
    if (written == MN_OK) {
        assert_int_equal(
            mn_journal_record_decode(MN_JOURNAL_DECISION, buffer.bytes, buffer.size, &arena, &back),
            MN_OK);
    }
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&buffer);
    free(notices);
}

/* One host with so many vats that its coordinator says their first starts again in parts. */
static struct topology *crowd_open(uint32_t count)
{
    struct topology *topology = NULL;
    struct mn_text text = {0};
    mn_text_add(&text, "topology: 1\n"
                       "coordinator: {agents: \"tcp://127.0.0.1:7000\", operators: "
                       "\"tcp://127.0.0.1:7001\", "
                       "key: \"0123456789012345678901234567890123456789\"}\n"
                       "hosts: {h1: {agent: \"tcp://127.0.0.1:7101\", address: 127.0.0.1, "
                       "key: \"1123456789012345678901234567890123456789\"}}\n"
                       "checkpoints: {stores: 1}\nvats:\n");
    for (uint32_t i = 0; i < count; i++) {
        mn_text_add_format(&text, "  v%u: {host: h1, command: [bank]}\n", i);
    }
    assert_int_equal(topology_read(text.bytes, text.size, "t", &topology, NULL), MN_OK);
    mn_text_deinit(&text);
    return topology;
}

/* How many starts the effects say; of which vats goes to @said. Effects are dropped. */
static uint32_t crowd_starts(struct coordinator_effects *effects, bool *said)
{
    uint32_t count = 0;
    assert_int_equal(effects->result, MN_OK);
    for (size_t i = 0; i < effects->count; i++) {
        const struct coordinator_effect *effect = &effects->items[i];
        if (effect->kind == COORDINATOR_DO_SEND && effect->send.message->kind == MN_DOWN_START) {
            said[strtoul(effect->send.message->start.vat.text + 1, NULL, 10)] = true;
            count += 1;
        }
    }
    coordinator_effects_reset(effects);
    return count;
}

static void says_the_first_starts_of_a_crowd_again_in_parts(void **state)
{
    (void)state;
    enum { COUNT = 5000, PART = 4096 };
    static bool said[COUNT];
    struct topology *topology = crowd_open(COUNT);
    struct coordinator *coordinator = NULL;
    struct coordinator_effects effects = {0};
    struct mn_up hello = {.generation = 1, .disk = 1, .kind = MN_UP_HELLO};
    struct coordinator_event begin = {.kind = COORDINATOR_ON_BEGIN, .begin.generation = 1};
    struct coordinator_event recorded = {.kind = COORDINATOR_ON_RECORDED, .recorded.sequence = 1};
    struct coordinator_event up = {.kind = COORDINATOR_ON_UP, .up.message = &hello};
    struct coordinator_event tick = {.kind = COORDINATOR_ON_TICK};
    hello.hello.host = mn_name_of("h1");
    assert_int_equal(coordinator_new(&coordinator, topology), MN_OK);
    coordinator_step(coordinator, MN_SECOND, &begin, &effects);
    coordinator_step(coordinator, MN_SECOND, &recorded, &effects);
    coordinator_step(coordinator, MN_SECOND, &up, &effects);
    coordinator_step(coordinator, MN_SECOND, &tick, &effects); /* they are written down in parts */
    recorded.recorded.sequence = 2 + COUNT; /* the generation, the disk, the vats */
    coordinator_step(coordinator, MN_SECOND, &recorded, &effects);
    assert_int_equal(crowd_starts(&effects, said), COUNT);
    memset(said, 0, sizeof said);
    coordinator_step(coordinator, 2 * MN_SECOND, &tick, &effects);
    assert_int_equal(crowd_starts(&effects, said), PART);
    coordinator_step(coordinator, 7 * MN_SECOND, &tick, &effects);
    assert_int_equal(crowd_starts(&effects, said), PART);
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(said[i]);
    }
    coordinator_effects_deinit(&effects);
    coordinator_destroy(&coordinator);
    topology_destroy(&topology);
}

/* Another coordinator may take over at any moment. It has to know whom those who were asked do not
 * believe any more, or it would never replace them. */
static void asks_nobody_before_it_is_on_record_who_is_suspected(void **state)
{
    (void)state;
    struct coordinator_wait wait;
    struct scene scene;
    trouble_begin(&scene);
    scene.slow = true;
    trouble_lose_hosts(&scene, "3");
    scene_until(&scene, 28000);
    assert_true(coordinator_waits(scene.coordinator, scene.now, 0, &wait));
    assert_int_equal(wait.kind, COORDINATOR_WAIT_ROUND); /* for no host, but for its record */
    assert_false(coordinator_waits(scene.coordinator, scene.now, 1, &wait));
    trouble_must_say(&scene, "record 8 freeze 1 x3/1\n");
    trouble_must_not_say(&scene, "h1 freeze round");
    scene_recorded(&scene, 8);
    trouble_must_say(&scene, "h1 freeze round 1 attempt 1 lost h3 suspects x3/1\n");
    assert_true(coordinator_waits(scene.coordinator, scene.now, 0, &wait));
    assert_int_equal(wait.kind, COORDINATOR_WAIT_ANSWER);
    assert_int_equal(wait.host, 0);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_gives_a_round_its_number_twice),
        cmocka_unit_test(keeps_a_full_below_the_floor_until_it_knows_what_stands_on_it),
        cmocka_unit_test(hears_the_floor_of_a_vat_whose_store_is_lost),
        cmocka_unit_test(takes_no_floor_that_nothing_goes_on_from),
        cmocka_unit_test(finds_a_host_lost_whose_witnesses_wait_for_the_bound_of_the_probe),
        cmocka_unit_test(takes_nobody_back_because_a_report_is_late),
        cmocka_unit_test(takes_no_answer_from_before_a_hello_for_one_after_it),
        cmocka_unit_test(gives_no_run_out_twice_to_a_vat_that_never_ran),
        cmocka_unit_test(calls_a_round_off_when_a_state_says_that_nothing_is_lost),
        cmocka_unit_test(asks_nobody_anew_because_a_frozen_agent_says_hello_again),
        cmocka_unit_test(can_read_back_whatever_decision_it_writes),
        cmocka_unit_test(asks_nobody_before_it_is_on_record_who_is_suspected),
        cmocka_unit_test(says_the_first_starts_of_a_crowd_again_in_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
