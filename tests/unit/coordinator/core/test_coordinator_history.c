/* Stories of a journal with many rounds: those that are over are held for people alone, and so many
 * of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <string.h>

#include "coordinator_trouble.h"
#include "core/coordinator_private.h"

/* A coordinator that reads its journal: x1 runs, and then ends and is started again over and over.
 */
struct reading {
    struct scene scene; /* for its topology */
    struct coordinator *coordinator;
    struct coordinator_effects effects;
    uint64_t sequence;
    mn_run run;
    bool in_a_hurry; /* the invariant looks at all rounds each time */
};

static void read_one(struct reading *reading, struct mn_journal_record *record)
{
    struct coordinator_event event = {.kind = COORDINATOR_ON_RECORD};
    event.record.sequence = ++reading->sequence;
    event.record.generation = 1;
    event.record.record = record;
    coordinator_step(reading->coordinator, 1, &event, &reading->effects);
    assert_int_equal(reading->effects.result, MN_OK);
    coordinator_effects_reset(&reading->effects);
    if (!reading->in_a_hurry) {
        coordinator_invariant(reading->coordinator);
    }
}

static void read_begin(struct reading *reading)
{
    memset(reading, 0, sizeof *reading);
    scene_open(&reading->scene);
    assert_int_equal(coordinator_new(&reading->coordinator, reading->scene.topology), MN_OK);
    struct mn_journal_record generation = {.kind = MN_JOURNAL_GENERATION};
    read_one(reading, &generation);
    struct mn_journal_record vat = {.kind = MN_JOURNAL_VAT};
    reading->run = 1;
    vat.vat = (struct mn_journal_vat){
        .vat = mn_name_of("x1"), .run = 1, .incarnation = 1, .host = mn_name_of("h1")};
    read_one(reading, &vat);
}

static void read_end(struct reading *reading)
{
    coordinator_effects_deinit(&reading->effects);
    coordinator_destroy(&reading->coordinator);
    scene_close(&reading->scene);
}

/* x1 goes on at @host as its next run, and @lost is lost (NULL: no host); @told: x2 is told. */
static void read_round(struct reading *reading, uint64_t round, const char *host, const char *lost,
                       bool told)
{
    struct mn_journal_start start = {.host = mn_name_of(host)};
    start.start = (struct mn_start){.round = round,
                                    .vat = mn_name_of("x1"),
                                    .run = ++reading->run,
                                    .incarnation = 1,
                                    .outcome = MN_REVIVED};
    start.start.lineage.count = 1;
    start.start.lineage.forks[0] =
        (struct mn_fork){.after = 0, .next = mn_epoch_first(reading->run)};
    struct mn_name lost_host = mn_name_of(lost != NULL ? lost : host);
    struct mn_notice notice = {.peer = mn_name_of("x1"), .incarnation = 1, .kept = 1};
    struct mn_told entry = {.vat = mn_name_of("x2"), .notice_count = 1};
    struct mn_journal_record decision = {.kind = MN_JOURNAL_DECISION};
    decision.decision = (struct mn_journal_decision){.round = round,
                                                     .starts = &start,
                                                     .start_count = 1,
                                                     .lost_hosts = &lost_host,
                                                     .lost_host_count = lost != NULL ? 1 : 0,
                                                     .told = &entry,
                                                     .told_count = told ? 1 : 0,
                                                     .notices = &notice,
                                                     .notice_count = told ? 1 : 0};
    read_one(reading, &decision);
}

static void read_answer(struct reading *reading, uint64_t round)
{
    struct mn_journal_record record = {.kind = MN_JOURNAL_ANSWER};
    record.answer =
        (struct mn_journal_answer){.round = round, .json = "{\"vats\": {}}", .size = 12};
    read_one(reading, &record);
}

static void read_done(struct reading *reading, uint64_t round)
{
    struct mn_journal_record record = {.kind = MN_JOURNAL_DONE};
    record.done = (struct mn_journal_done){.round = round, .again = true};
    read_one(reading, &record);
}

static struct coordinator_round_facts round_at(const struct reading *reading, size_t index)
{
    struct coordinator_round_facts facts;
    coordinator_round(reading->coordinator, index, &facts);
    return facts;
}

static void holds_the_newest_of_the_rounds_that_told_nobody(void **state)
{
    (void)state;
    struct reading reading;
    read_begin(&reading);
    read_round(&reading, 1, "h1", NULL, true); /* x2 may be told of it once more */
    read_done(&reading, 1);
    uint64_t last = 1 + COORDINATOR_OVER_COUNT_MAX + 500;
    for (uint64_t round = 2; round <= last; round++) {
        read_round(&reading, round, "h1", NULL, false);
        read_done(&reading, round);
    }
    assert_int_equal(coordinator_round_count(reading.coordinator), 1 + COORDINATOR_OVER_COUNT_MAX);
    assert_int_equal(coordinator_rounds_left_out(reading.coordinator), 500);
    assert_int_equal(round_at(&reading, 0).round, 1);
    assert_int_equal(round_at(&reading, 1).round, 502);
    assert_int_equal(round_at(&reading, 1).previous, 501);
    assert_int_equal(round_at(&reading, COORDINATOR_OVER_COUNT_MAX).round, last);
    read_end(&reading);
}

/* What rounds decided holds without them: who is lost, and which round gave out a run. */
static void knows_what_was_decided_when_the_round_is_left_out(void **state)
{
    (void)state;
    struct reading reading;
    read_begin(&reading);
    reading.coordinator->over_count_max = 1;
    read_round(&reading, 1, "h2", "h1", false);
    read_done(&reading, 1);
    assert_int_equal(reading.coordinator->vats[0].decided, 1);
    struct mn_journal_record vat = {.kind = MN_JOURNAL_VAT};
    vat.vat = (struct mn_journal_vat){
        .vat = mn_name_of("x2"), .run = 1, .incarnation = 1, .host = mn_name_of("h2")};
    read_one(&reading, &vat);
    for (uint64_t round = 2; round <= 4; round++) {
        read_round(&reading, round, "h2", NULL, false);
        read_done(&reading, round);
    }
    assert_int_equal(coordinator_round_count(reading.coordinator), 1);
    assert_int_equal(reading.coordinator->vats[0].decided, 4);
    struct coordinator_event begin = {.kind = COORDINATOR_ON_BEGIN};
    begin.begin.generation = 2;
    coordinator_step(reading.coordinator, 2, &begin, &reading.effects);
    assert_int_equal(reading.effects.result, MN_OK);
    assert_true(hosts_lost(reading.coordinator, 0));
    assert_false(hosts_lost(reading.coordinator, 1));
    read_end(&reading);
}

static void gives_up_the_oldest_answers_when_they_are_too_much(void **state)
{
    (void)state;
    struct reading reading;
    read_begin(&reading);
    reading.coordinator->answers_size_max = 30; /* of two */
    for (uint64_t round = 1; round <= 4; round++) {
        read_round(&reading, round, "h1", NULL, false);
        read_answer(&reading, round);
        read_done(&reading, round);
    }
    assert_null(round_at(&reading, 0).answer);
    assert_null(round_at(&reading, 1).answer);
    assert_int_equal(round_at(&reading, 2).answer_size, 12);
    assert_int_equal(round_at(&reading, 3).answer_size, 12);
    reading.coordinator->over_count_max = 1;
    read_round(&reading, 5, "h1", NULL, false);
    read_answer(&reading, 5);
    read_done(&reading, 5);
    assert_int_equal(reading.coordinator->answers_size, 24);
    read_end(&reading);
}

/* Each of which told x2: these all stay. A decision looks at those that told whom it starts, and at
 * no others, however many there are. */
static void finds_the_rounds_that_told_a_vat_by_that_vat(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    struct reading reading;
    read_begin(&reading);
    reading.in_a_hurry = true;
    for (uint64_t round = 1; round <= COUNT; round++) {
        read_round(&reading, round, "h1", NULL, true);
        read_done(&reading, round);
    }
    coordinator_invariant(reading.coordinator);
    assert_null(reading.coordinator->vats[0].told);
    const struct round *told = reading.coordinator->vats[1].told;
    for (uint64_t round = COUNT; round >= 1; round--) {
        assert_non_null(told);
        assert_int_equal(told->facts.round, round);
        told = told->told_before[0];
    }
    assert_null(told);
    read_end(&reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_the_newest_of_the_rounds_that_told_nobody),
        cmocka_unit_test(knows_what_was_decided_when_the_round_is_left_out),
        cmocka_unit_test(gives_up_the_oldest_answers_when_they_are_too_much),
        cmocka_unit_test(finds_the_rounds_that_told_a_vat_by_that_vat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
