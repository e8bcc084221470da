/* A decision whose answer is larger than a record may have it, and one that is larger itself: every
 * vat heard every other, their names are as long as names may be, and all of them forget. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/coordinator_private.h"
#include "wire/stored.h"

#define EPOCH(run, count) (((mn_epoch)(run) << 32) | (count))

enum { NAME_LENGTH = 120, VAT_LINE_SIZE = 256, ROW_COUNT_MAX = 2 };

/* Host h1 holds copies, the vats run on h2. Records are durable and freezes answered at once. */
struct large {
    struct topology *topology;
    struct coordinator *coordinator;
    struct coordinator_effects effects;
    mn_time now;
    uint32_t vat_count;
    struct mn_name *names;
    struct mn_heard *heard; /* everybody's epoch 1.2 */
    uint64_t disk;          /* of h2 */
    uint64_t newest;        /* the record that was asked for last, */
    uint64_t durable;       /* and that was said to be durable */
    uint64_t round;         /* of the freeze that is to be answered; 0: none is */
    uint32_t attempt;
    bool too_large; /* a plan was said to be */
    bool decided;
    uint32_t started; /* vats in that decision, */
    uint32_t told;
    size_t answer_size;
    size_t decision_size; /* and its bytes on record */
};

static void take_note(struct large *large, const struct coordinator_effect *effect)
{
    if (effect->kind == COORDINATOR_DO_SEND && effect->send.message->kind == MN_DOWN_FREEZE) {
        large->round = effect->send.message->freeze.round;
        large->attempt = effect->send.message->freeze.attempt;
    } else if (effect->kind == COORDINATOR_DO_NOTE &&
               effect->note->note == COORDINATOR_NOTE_ROUND_HOLDS) {
        assert_string_equal(effect->note->text, "more than one decision's record can hold; divide "
                                                "the cluster into cells");
        large->too_large = true;
    } else if (effect->kind == COORDINATOR_DO_RECORD) {
        large->newest = effect->record.sequence;
        if (effect->record.record->kind == MN_JOURNAL_DECISION) {
            const struct mn_journal_decision *decision = &effect->record.record->decision;
            struct mn_buffer bytes = {0};
            large->decided = true;
            large->started = decision->start_count;
            large->told = decision->told_count;
            assert_int_equal(mn_journal_record_encode(effect->record.record, &bytes), MN_OK);
            large->decision_size = bytes.size;
            mn_buffer_deinit(&bytes);
        } else if (effect->record.record->kind == MN_JOURNAL_ANSWER) {
            large->answer_size = effect->record.record->answer.size;
        }
    }
}

static void step(struct large *large, const struct coordinator_event *event)
{
    coordinator_step(large->coordinator, large->now, event, &large->effects);
    assert_int_equal(large->effects.result, MN_OK);
    for (size_t i = 0; i < large->effects.count; i++) {
        take_note(large, &large->effects.items[i]);
    }
    coordinator_effects_reset(&large->effects);
    if (large->newest > large->durable && !large->decided) {
        struct coordinator_event recorded = {.kind = COORDINATOR_ON_RECORDED};
        large->durable = large->newest;
        recorded.recorded.sequence = large->newest;
        step(large, &recorded);
    }
}

static void say(struct large *large, uint32_t host, struct mn_up *up)
{
    struct coordinator_event event = {.kind = COORDINATOR_ON_UP};
    up->generation = coordinator_generation(large->coordinator);
    up->disk = host == 1 ? 1 : large->disk;
    event.up.host = host - 1;
    event.up.message = up;
    step(large, &event);
}

static void hello(struct large *large, uint32_t host)
{
    struct mn_up up = {.kind = MN_UP_HELLO};
    up.hello.host = mn_name_of(host == 1 ? "h1" : "h2");
    up.hello.everything = true;
    say(large, host, &up);
}

static void open_large(struct large *large, uint32_t vat_count)
{
    static const char head[] =
        "topology: 1\n"
        "coordinator: {agents: \"tcp://127.0.0.1:7000\", operators: \"tcp://127.0.0.1:7001\",\n"
        "  key: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}\n"
        "policy: {approve: never}\n"
        "domains: {r1: {}, r2: {}}\n"
        "hosts:\n"
        "  h1: {in: r1, agent: \"tcp://127.0.0.1:7101\", address: 127.0.0.1,\n"
        "       key: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1\"}\n"
        "  h2: {in: r2, agent: \"tcp://127.0.0.1:7102\", address: 127.0.0.1,\n"
        "       key: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa2\"}\n"
        "vats:\n";
    *large = (struct large){.now = MN_SECOND, .vat_count = vat_count, .disk = 2};
    size_t room = sizeof head + (size_t)vat_count * VAT_LINE_SIZE;
    char *text = malloc(room);
    large->names = calloc(vat_count, sizeof *large->names);
    large->heard = calloc(vat_count, sizeof *large->heard);
    assert_true(text != NULL && large->names != NULL && large->heard != NULL);
    size_t size = (size_t)snprintf(text, room, "%s", head);
    for (uint32_t i = 0; i < vat_count; i++) {
        char name[NAME_LENGTH + 1];
        (void)snprintf(name, sizeof name, "%0*u", NAME_LENGTH, i);
        name[0] = 'x';
        large->names[i] = mn_name_of(name);
        large->heard[i] = (struct mn_heard){.peer = i, .epoch = EPOCH(1, 2)};
        size +=
            (size_t)snprintf(text + size, room - size, "  %s: {host: h2, command: [vat]}\n", name);
    }
    struct mn_error error = {{0}};
    mn_result result = topology_read(text, size, "large", &large->topology, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(result, MN_OK);
    free(text);
    assert_int_equal(coordinator_new(&large->coordinator, large->topology), MN_OK);
    struct coordinator_event begin = {.kind = COORDINATOR_ON_BEGIN};
    begin.begin.generation = 1;
    step(large, &begin);
}

static void close_large(struct large *large)
{
    coordinator_destroy(&large->coordinator);
    coordinator_effects_deinit(&large->effects);
    topology_destroy(&large->topology);
    free(large->names);
    free(large->heard);
}

/* Every vat is up as run 1. Its checkpoint 1.1 is on both hosts; 1.2, for which it heard 1.2 of
 * everybody, on its own alone. */
static void run_all(struct large *large)
{
    hello(large, 1);
    hello(large, 2);
    for (uint32_t i = 0; i < large->vat_count; i++) {
        struct mn_up up = {.kind = MN_UP_VAT_STATE};
        up.vat_state.status =
            (struct mn_vat_status){.vat = large->names[i], .run = 1, .state = MN_VAT_UP};
        (void)snprintf(up.vat_state.status.endpoint.text, sizeof up.vat_state.status.endpoint.text,
                       "tcp://127.0.0.1:1");
        say(large, 2, &up);
    }
    for (uint32_t host = 1; host <= 2; host++) {
        for (uint32_t i = 0; i < large->vat_count; i++) {
            struct mn_row rows[ROW_COUNT_MAX] = {
                {.vat = i, .epoch = EPOCH(1, 1), .durable = host == 2, .here = true},
                {.vat = i,
                 .epoch = EPOCH(1, 2),
                 .since = EPOCH(1, 1),
                 .durable = true,
                 .here = true,
                 .heard_count = large->vat_count}};
            struct mn_up up = {.kind = MN_UP_REPORT};
            up.report.sequence = i + 1;
            up.report.vats.names = large->names;
            up.report.vats.count = large->vat_count;
            up.report.rows = rows;
            up.report.row_count = host;
            up.report.heard = large->heard;
            up.report.heard_count = host == 2 ? large->vat_count : 0;
            say(large, host, &up);
        }
    }
}

static void answer_freeze(struct large *large)
{
    for (uint32_t host = 1; host <= 2; host++) {
        struct mn_up up = {.kind = MN_UP_INTERVALS};
        up.intervals.round = large->round;
        up.intervals.attempt = large->attempt;
        say(large, host, &up);
    }
    large->round = 0;
}

/* So many seconds, or until it is decided; freezes are answered: nobody runs any more. */
static void go_on(struct large *large, int beats)
{
    struct coordinator_event tick = {.kind = COORDINATOR_ON_TICK};
    for (int beat = 0; beat < beats && !large->decided; beat++) {
        large->now += MN_SECOND;
        for (uint32_t host = 1; host <= 2; host++) {
            struct mn_up up = {.kind = MN_UP_HEARTBEAT, .heartbeat = {.complete = true}};
            say(large, host, &up);
        }
        step(large, &tick);
        if (large->round != 0 && !large->decided) {
            answer_freeze(large);
        }
    }
}

/* h2 is there again with another disk: all of its vats are to go back to 1.1. */
static void lose_the_disk(struct large *large, uint32_t vat_count)
{
    open_large(large, vat_count);
    run_all(large);
    for (int beat = 0; beat < 3; beat++) {
        struct mn_up up = {.kind = MN_UP_HEARTBEAT, .heartbeat = {.complete = true}};
        say(large, 1, &up);
        say(large, 2, &up);
    }
    large->disk = 3;
    hello(large, 2);
}

static void forget_all(struct large *large, uint32_t vat_count)
{
    lose_the_disk(large, vat_count);
    go_on(large, 100);
    assert_true(large->decided);
    assert_false(large->too_large);
    assert_int_equal(large->started, vat_count);
    assert_int_equal(large->told, vat_count);
}

/* The decision is durable, and a heartbeat goes by. */
static void carry_out(struct large *large)
{
    struct coordinator_event recorded = {.kind = COORDINATOR_ON_RECORDED};
    struct coordinator_event tick = {.kind = COORDINATOR_ON_TICK};
    assert_int_equal(large->answer_size, 0);
    recorded.recorded.sequence = large->newest;
    step(large, &recorded);
    assert_int_equal(large->answer_size, 0); /* nobody who is to be told waits for it */
    large->now += MN_SECOND;
    step(large, &tick);
}

static void puts_the_answer_on_record_after_the_decision(void **state)
{
    (void)state;
    struct large large;
    forget_all(&large, 20);
    carry_out(&large);
    assert_true(large.answer_size > 0);
    close_large(&large);
}

/* The answer follows from the evidence: without it the decision is on record all the same. */
static void leaves_out_an_answer_that_is_too_large(void **state)
{
    (void)state;
    struct large large;
    forget_all(&large, 450);
    carry_out(&large);
    assert_int_equal(large.answer_size, 0);
    assert_true(large.decision_size > 0);
    close_large(&large);
}

/* What no record can hold is not decided, nor in part; the round holds, says so, and tries again.
 */
static void holds_what_no_record_can_hold(void **state)
{
    (void)state;
    struct large large;
    lose_the_disk(&large, 20);
    large.coordinator->decision_size_max = 65536;
    struct coordinator_wait wait;
    go_on(&large, 60);
    assert_true(large.too_large);
    assert_false(large.decided);
    assert_true(coordinator_waits(large.coordinator, large.now, 0, &wait));
    assert_int_equal(wait.kind, COORDINATOR_WAIT_ROUND);
    assert_string_equal(wait.text, "more than one decision's record can hold; divide the cluster "
                                   "into cells");
    large.too_large = false;
    large.coordinator->decision_size_max = 262144;
    go_on(&large, 60);
    assert_true(large.decided);
    assert_false(large.too_large);
    assert_int_equal(large.started, 20);
    assert_int_equal(large.told, 20);
    close_large(&large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_the_answer_on_record_after_the_decision),
        cmocka_unit_test(leaves_out_an_answer_that_is_too_large),
        cmocka_unit_test(holds_what_no_record_can_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
