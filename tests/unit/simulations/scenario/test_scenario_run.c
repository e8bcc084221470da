/* Runs of a scenario: what is counted, what is kept and what is broken, and the page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scenario/report.h"

#define CRASH                                                                                      \
    "scenario: 1\nname: a <crash>\n"                                                               \
    "run: {faults_ms: 4000}\n"                                                                     \
    "at: [{ms: 2000, kill_vat: 3}]\n"

static struct scenario reads(const char *text)
{
    struct scenario scenario = {0};
    struct mn_error error = {{0}};
    assert_int_equal(scenario_read(text, strlen(text), "s.yaml", &scenario, &error), MN_OK);
    return scenario;
}

static void a_crash_revives_one_vat_and_loses_no_message(void **state)
{
    (void)state;
    struct scenario scenario = reads(CRASH);
    struct record record;
    struct facts facts;
    run_here(&scenario, 1, NULL, &record, &facts);
    assert_string_equal(facts.failure, "");
    assert_int_equal(facts.values[FACT_rounds], 1);
    assert_int_equal(facts.values[FACT_revived], 1);
    assert_int_equal(facts.values[FACT_rolled_back], 0);
    assert_int_equal(facts.values[FACT_running_restored], 0);
    assert_int_equal(facts.values[FACT_notices], 0);
    assert_int_equal(facts.values[FACT_messages_lost], 0);
    assert_int_equal(facts.values[FACT_epochs_lost], 0);
    assert_int_equal(facts.values[FACT_faults], 1);
    assert_int_equal(facts.values[FACT_settled], 1);
    assert_true(facts.values[FACT_detect_ms] >= 0);
    assert_true(facts.values[FACT_told_within_ms] >= facts.values[FACT_decide_ms]);
    assert_int_equal(record.loss_count, 1);
    assert_int_equal(record.losses[0].vat, 3);
    assert_int_equal(record.losses[0].outcome, MN_REVIVED);
    assert_int_equal(record.losses[0].ended_at, 2000 * MN_MS);
    assert_true(record.losses[0].kept_at < record.losses[0].ended_at);
    assert_true(record.losses[0].back_at > record.losses[0].ended_at);
    assert_int_equal(record.vats[3].life_count, 2);
    assert_int_equal(record.vats[0].life_count, 1);
    record_deinit(&record);
    scenario_deinit(&scenario);
}

/* One copy of everything, and the only full of a vat is damaged: whoever heard what is gone goes
 * back too. */
static void what_died_is_counted_by_vat_and_in_sum(void **state)
{
    (void)state;
    struct scenario scenario = reads("scenario: 1\nname: x\n"
                                     "checkpoints: {stores: 1, keep: 20, full_every: 8}\n"
                                     "run: {faults_ms: 6000}\n"
                                     "at: [{ms: 3000, corrupt_full: 1}, "
                                     "{ms: 3050, power: 1, for_ms: 1000}]\n");
    struct record record;
    struct facts facts;
    run_here(&scenario, 1, NULL, &record, &facts);
    assert_string_equal(facts.failure, "");
    assert_int_equal(facts.values[FACT_rounds], 1);
    assert_true(facts.values[FACT_rolled_back] >= 3);
    assert_true(facts.values[FACT_running_restored] >= 1);
    assert_true(facts.values[FACT_notices] >= 1);
    assert_int_equal(facts.values[FACT_handed], facts.values[FACT_notices]);
    uint64_t epochs = 0;
    uint64_t sent = 0;
    for (size_t i = 0; i < record.loss_count; i++) {
        const struct record_loss *loss = &record.losses[i];
        const struct record_vat *vat = &record.vats[loss->vat];
        uint64_t dead = 0;
        for (size_t k = 0; k < vat->epoch_count; k++) {
            bool died = vat->epochs[k].died == 1;
            assert_true(died == (vat->epochs[k].epoch > loss->keep &&
                                 vat->epochs[k].began < record.rounds[0].decided_at));
            dead += died ? 1 : 0;
        }
        assert_int_equal(dead, loss->epochs + loss->open);
        epochs += loss->outcome != MN_REVIVED ? loss->epochs : 0;
        sent += loss->outcome != MN_REVIVED ? loss->sent : 0;
    }
    assert_int_equal(epochs, facts.values[FACT_epochs_lost]);
    assert_int_equal(sent, facts.values[FACT_messages_lost]);
    record_deinit(&record);
    scenario_deinit(&scenario);
}

/* Nobody dies, but a host is not heard: the time counts from the fault. */
static void a_vat_that_was_only_cut_off_counts_as_running(void **state)
{
    (void)state;
    struct scenario scenario = reads("scenario: 1\nname: x\n"
                                     "run: {faults_ms: 9000}\n"
                                     "at: [{ms: 3000, mute: 1, for_ms: 4000}]\n");
    struct record record;
    struct facts facts;
    run_here(&scenario, 1, NULL, &record, &facts);
    assert_string_equal(facts.failure, "");
    assert_int_equal(facts.values[FACT_rounds], 1);
    assert_int_equal(facts.values[FACT_running_restored], 2);
    assert_int_equal(record.rounds[0].first_death, 3000 * MN_MS);
    assert_true(facts.values[FACT_detect_ms] >= 1800);
    record_deinit(&record);
    scenario_deinit(&scenario);
}

static void runs_side_by_side_give_what_one_gives(void **state)
{
    (void)state;
    struct scenario scenario = reads(CRASH);
    struct record record;
    struct facts facts[3] = {{0}};
    struct facts alone;
    assert_int_equal(run_many(&scenario, 5, 3, 2, NULL, facts), MN_OK);
    run_here(&scenario, 6, NULL, &record, &alone);
    assert_int_equal(facts[0].seed, 5);
    assert_int_equal(facts[2].seed, 7);
    assert_memory_equal(facts[1].values, alone.values, sizeof alone.values);
    record_deinit(&record);
    scenario_deinit(&scenario);
}

/* ---- promises -------------------------------------------------------------------------------- */

static void says_which_promise_is_broken(void **state)
{
    (void)state;
    char text[600];
    struct scenario scenario =
        reads(CRASH "expect: {revived: 1, reset: {least: 2}, notices: {most: 3}, rounds: 4}\n");
    struct facts facts = {.seed = 1};
    facts.values[FACT_settled] = 1;
    facts.values[FACT_revived] = 1;
    facts.values[FACT_notices] = 9;
    facts.values[FACT_rounds] = 4;
    assert_true(scenario_broken(&scenario, &facts, 0, text, sizeof text));
    assert_string_equal(text, "reset is 0, and was to be at least 2");
    assert_true(scenario_broken(&scenario, &facts, 1, text, sizeof text));
    assert_string_equal(text, "notices is 9, and was to be at most 3");
    assert_false(scenario_broken(&scenario, &facts, 2, text, sizeof text));
    facts.values[FACT_rounds] = 5;
    assert_true(scenario_broken(&scenario, &facts, 2, text, sizeof text));
    assert_string_equal(text, "rounds is 5, and was to be 4");
    scenario_deinit(&scenario);
}

static void a_broken_guarantee_is_a_broken_promise(void **state)
{
    (void)state;
    char text[600];
    struct scenario scenario = reads(CRASH);
    struct facts facts = {.seed = 1, .failure = "G1: it is not"};
    facts.values[FACT_broken] = 1;
    assert_true(scenario_broken(&scenario, &facts, 0, text, sizeof text));
    assert_string_equal(text, "G1: it is not");
    assert_false(scenario_broken(&scenario, &facts, 1, text, sizeof text));
    scenario_deinit(&scenario);
}

static void a_cluster_need_not_settle_when_the_scenario_says_so(void **state)
{
    (void)state;
    char text[600];
    struct scenario must = reads(CRASH);
    struct scenario need_not = reads(CRASH "expect: {settled: 0}\n");
    struct facts facts = {.seed = 1, .failure = "liveness: it waits"};
    assert_true(scenario_broken(&must, &facts, 0, text, sizeof text));
    assert_string_equal(text, "liveness: it waits");
    assert_false(scenario_broken(&need_not, &facts, 0, text, sizeof text));
    facts.values[FACT_settled] = 1;
    assert_true(scenario_broken(&need_not, &facts, 0, text, sizeof text));
    assert_string_equal(text, "settled is 1, and was to be 0");
    scenario_deinit(&must);
    scenario_deinit(&need_not);
}

/* ---- the page -------------------------------------------------------------------------------- */

static void the_page_has_the_cut_and_nothing_from_outside(void **state)
{
    (void)state;
    struct scenario scenario = reads(CRASH);
    struct record record;
    struct facts facts;
    struct mn_text page = {0};
    run_here(&scenario, 1, NULL, &record, &facts);
    struct outcome outcome = {.scenario = &scenario, .count = 1, .facts = &facts};
    report_write(&outcome, 0, &record, &page);
    assert_int_equal(mn_text_result(&page), MN_OK);
    assert_non_null(strstr(page.bytes, "<h1>a &lt;crash&gt;</h1>"));
    assert_non_null(strstr(page.bytes, "class=\"cut\""));
    assert_non_null(strstr(page.bytes, "mneme simulate s.yaml --seed 1"));
    assert_non_null(strstr(page.bytes, "v3 epoch 1."));
    assert_null(strstr(page.bytes, "http"));
    assert_null(strstr(page.bytes, "src="));
    assert_null(strstr(page.bytes, "url("));
    mn_text_deinit(&page);
    record_deinit(&record);
    scenario_deinit(&scenario);
}

static void every_fact_of_every_run_stands_in_the_json(void **state)
{
    (void)state;
    struct scenario scenario = reads(CRASH);
    struct facts facts[2] = {{.seed = 3}, {.seed = 4}};
    facts[0].values[FACT_detect_ms] = 10;
    facts[1].values[FACT_detect_ms] = FACT_NONE;
    struct outcome outcome = {.scenario = &scenario, .count = 2, .facts = facts};
    json_t *json = outcome_json(&outcome, NULL);
    const json_t *run = json_array_get(json_object_get(json, "runs"), 1);
    for (unsigned i = 0; i < FACT_COUNT; i++) {
        assert_non_null(json_object_get(json_object_get(run, "facts"), fact_name((enum fact)i)));
    }
    assert_true(json_is_null(json_object_get(json_object_get(run, "facts"), "detect_ms")));
    const json_t *spread = json_object_get(json_object_get(json, "spreads"), "detect_ms");
    assert_int_equal(json_integer_value(json_object_get(spread, "count")), 1);
    json_decref(json);
    scenario_deinit(&scenario);
}

static void differences_are_paired_by_seed(void **state)
{
    (void)state;
    struct scenario scenario = reads(CRASH);
    struct facts facts[2] = {{.seed = 1}, {.seed = 2}};
    struct facts other[2] = {{.seed = 1}, {.seed = 2}};
    facts[0].values[FACT_rounds] = 5;
    other[0].values[FACT_rounds] = 7;
    facts[1].values[FACT_rounds] = 1;
    other[1].values[FACT_rounds] = 3;
    struct outcome outcome = {
        .scenario = &scenario, .against = &scenario, .count = 2, .facts = facts, .other = other};
    struct spread spread;
    outcome_difference(&outcome, FACT_rounds, &spread);
    assert_float_equal(spread.mean, 2, 1e-12);
    assert_float_equal(spread.low, 2, 1e-12);
    scenario_deinit(&scenario);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crash_revives_one_vat_and_loses_no_message),
        cmocka_unit_test(what_died_is_counted_by_vat_and_in_sum),
        cmocka_unit_test(a_vat_that_was_only_cut_off_counts_as_running),
        cmocka_unit_test(runs_side_by_side_give_what_one_gives),
        cmocka_unit_test(says_which_promise_is_broken),
        cmocka_unit_test(a_broken_guarantee_is_a_broken_promise),
        cmocka_unit_test(a_cluster_need_not_settle_when_the_scenario_says_so),
        cmocka_unit_test(the_page_has_the_cut_and_nothing_from_outside),
        cmocka_unit_test(every_fact_of_every_run_stands_in_the_json),
        cmocka_unit_test(differences_are_paired_by_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
