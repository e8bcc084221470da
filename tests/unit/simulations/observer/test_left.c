/* A journal is lost: what of it may come again, and what not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "history.h"

struct lost {
    struct observer_left left;
    struct observer_known vats[HISTORY_HOST_COUNT];
    uint64_t generations[HISTORY_HOST_COUNT];
};

/* Nothing is on record any more; all are known to be in their first run, and all agents know of
 * generation 1. */
static struct lost lost_all(void)
{
    struct lost lost = {.generations = {1, 1, 1}};
    for (int i = 0; i < HISTORY_HOST_COUNT; i++) {
        lost.vats[i] = (struct observer_known){.run = 1, .incarnation = 1};
    }
    return lost;
}

static void forget(struct history *history, struct lost *lost)
{
    lost->left.vats = lost->vats;
    lost->left.generations = lost->generations;
    observer_forgets(history->observer, &lost->left);
    history->sequence = lost->left.sequence;
}

static void says_run(struct history *history, mn_run run, uint32_t incarnation)
{
    struct mn_journal_record record = {.kind = MN_JOURNAL_VAT};
    record.vat.vat = mn_name_of("a");
    record.vat.run = run;
    record.vat.incarnation = incarnation;
    history_record(history, &record);
}

static void lets_runs_be_put_on_record_again_once(void **state)
{
    (void)state;
    struct history history;
    struct lost lost = lost_all();
    history_open(&history);
    forget(&history, &lost);
    history_generation(&history);
    says_run(&history, 1, 1);
    history_fine(&history);
    says_run(&history, 1, 1);
    history_broken(&history, "G6: run 1 of a is given out after run 1");
    history_close(&history);
}

/* First that it ran, later its incarnation. */
static void lets_more_be_put_on_record_of_a_run_that_was_found(void **state)
{
    (void)state;
    struct history history;
    struct lost lost = lost_all();
    struct mn_journal_record record = {.kind = MN_JOURNAL_VAT};
    record.vat.vat = mn_name_of("a");
    record.vat.run = 1;
    record.vat.incarnation = 1;
    record.vat.found = true;
    history_open(&history);
    forget(&history, &lost);
    history_generation(&history);
    history_record(&history, &record);
    history_record(&history, &record);
    record.vat.incarnation = 2;
    history_record(&history, &record);
    history_fine(&history);
    record.vat.found = false;
    history_record(&history, &record);
    history_broken(&history, "G6: run 1 of a is given out after run 1");
    history_close(&history);
}

static void sees_that_a_known_run_begins_twice(void **state)
{
    (void)state;
    struct history history;
    struct lost lost = lost_all();
    history_open(&history);
    history_ends(&history, A);
    forget(&history, &lost);
    history_generation(&history);
    says_run(&history, 1, 1);
    history_begins(&history, A, history_state(A, 0));
    history_broken(&history, "G6: run 1 of a begins twice");
    history_close(&history);
}

static void lets_a_run_begin_again_that_nobody_knows(void **state)
{
    (void)state;
    struct history history;
    struct lost lost = lost_all();
    history_open(&history);
    history_checkpoint(&history, A, 0, 0);
    history_ends(&history, A);
    lost.vats[A] = (struct observer_known){0};
    forget(&history, &lost);
    history_generation(&history);
    says_run(&history, 1, 1);
    history_begins(&history, A, history_state(A, 0));
    history.vats[A].count = 1;
    history_checkpoint(&history, A, 0, 0);
    history_fine(&history);
    history_close(&history);
}

/* Only its process knew that run, and dies before anybody has put it on record again. */
static void lets_a_run_begin_again_that_nobody_knows_any_more(void **state)
{
    (void)state;
    for (int on_record = 0; on_record < 2; on_record++) {
        struct history history;
        struct lost lost = lost_all();
        history_open(&history);
        forget(&history, &lost);
        history_generation(&history);
        if (on_record == 1) {
            says_run(&history, 1, 1);
        }
        history_ends(&history, A);
        assert_true(observer_asks_left(history.observer)); /* of b and c */
        lost.vats[A] = (struct observer_known){0};
        lost.left.vats = lost.vats;
        observer_left_less(history.observer, &lost.left);
        says_run(&history, 1, 1);
        history_broken(&history,
                       on_record == 1 ? "G6: run 1 of a is given out after run 1" : "nothing");
        history_close(&history);
    }
}

/* The vat a has gone on from a checkpoint, in a second run and incarnation, by round 1. */
static void forgets_a_round(struct history *history, struct lost *lost)
{
    history_open(history);
    history_checkpoint(history, A, 0, H1 | H2);
    history_checkpoint(history, A, 0, H1);
    history_loses_h1(history);
    history_decides(history, "h1", NULL,
                    "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h1, h2]}}, "
                    "{vat: a, epoch: 1.2, kind: full, copies: {at: [h1]}}]");
    history_fine(history);
    *lost = lost_all();
    lost->vats[A] = (struct observer_known){.run = 2, .incarnation = 2};
    lost->left.round = 1;
    forget(history, lost);
    history_generation(history);
}

static void sees_that_an_incarnation_goes_back(void **state)
{
    (void)state;
    struct history history;
    struct lost lost;
    forgets_a_round(&history, &lost);
    says_run(&history, 1, 1); /* as far as it has heard */
    history_fine(&history);
    says_run(&history, 2, 1);
    history_broken(&history, "G6: run 2 of a is on record again in incarnation 1, not 2");
    history_close(&history);
}

/* Nobody who is left has more of a than its first run, but a peer may have met its second
 * incarnation: the next one may be above that, or be that one again, and no other. */
static void lets_an_incarnation_be_passed_over_that_a_peer_may_have_met(void **state)
{
    (void)state;
    static const char *const found[] = {"G6: a is reset, and its incarnation goes from 1 to 1",
                                        "nothing", "nothing",
                                        "G6: a is reset, and its incarnation goes from 1 to 4"};
    for (uint32_t i = 0; i < 4; i++) {
        struct history history;
        struct lost lost;
        forgets_a_round(&history, &lost);
        lost.vats[A] = (struct observer_known){.run = 1, .incarnation = 1};
        forget(&history, &lost);
        history_generation(&history);
        history.round = 1;
        history.listed = i < 2 ? "a: {host: h1, sends: early}, b: {host: h2}, c: {host: h3}"
                               : "a: {host: h1, sends: early, lineage: [{after: 0, next: 0.1}]}, "
                                 "b: {host: h2}, c: {host: h3}";
        history_prepare(&history, "h1", NULL, "checkpoints: []");
        history_start(&history, "a")->start.incarnation = 1 + i;
        history_give(&history);
        history_broken(&history, found[i]);
        history_close(&history);
    }
}

static void sees_that_a_round_comes_again_that_somebody_knows(void **state)
{
    (void)state;
    static const char *const found[] = {"G5: round 1 is decided twice", "nothing", "nothing"};
    for (int i = 0; i < 3; i++) {
        struct history history;
        struct lost lost;
        forgets_a_round(&history, &lost);
        assert_true(observer_asks_left(history.observer));
        lost.left.round = i == 0 ? 1 : 0;
        if (i == 1) {
            forget(&history, &lost);
            history_generation(&history);
        } else {
            observer_left_less(history.observer, &lost.left); /* a host was lost since */
        }
        history.round = 0;
        history_decides(&history, NULL, NULL, "checkpoints: []");
        history_broken(&history, found[i]);
        history_close(&history);
    }
}

static void sees_that_a_generation_is_said_again(void **state)
{
    (void)state;
    for (uint64_t known = 0; known <= 2; known++) {
        struct history history;
        struct lost lost = lost_all();
        struct mn_down down = {.kind = MN_DOWN_WELCOME, .generation = 2};
        history_open(&history);
        lost.generations[1] = known;
        forget(&history, &lost);
        history_generation(&history);
        observer_down(history.observer, 1, &down, false);
        history_broken(
            &history, known < 2 ? "nothing"
                                : "G6: the coordinator speaks to h2 in generation 2, and its agent "
                                  "knows of generation 2 of before the journal was lost");
        history_close(&history);
    }
}

/* It was cut off before another one led and lost the journal, and still says what it said. */
static void lets_who_led_before_the_journal_was_lost_go_on_in_its_generation(void **state)
{
    (void)state;
    struct history history;
    struct lost lost = lost_all();
    struct mn_down down = {.kind = MN_DOWN_TAKEN, .generation = 1};
    history_open(&history);
    forget(&history, &lost);
    history_generation(&history);
    observer_down(history.observer, 1, &down, true);
    history_fine(&history);
    observer_down(history.observer, 1, &down, false);
    history_broken(&history, "G6: the coordinator speaks to h2 in generation 1, and its agent "
                             "knows of generation 1 of before the journal was lost");
    history_close(&history);
}

static void asks_nothing_of_an_agent_that_forgot_after_the_journal(void **state)
{
    (void)state;
    struct history history;
    struct lost lost = lost_all();
    struct mn_down down = {.kind = MN_DOWN_WELCOME, .generation = 1};
    history_open(&history);
    forget(&history, &lost);
    observer_agent_lost(history.observer, 1);
    history_generation(&history);
    observer_down(history.observer, 1, &down, false);
    history_fine(&history);
    observer_down(history.observer, 2, &down, false);
    history_broken(&history, "G6: the coordinator speaks to h3 in generation 1, and its agent "
                             "knows of generation 1 of before the journal was lost");
    history_close(&history);
}

/* Round 1, which is lost, had started a on h2: whoever does not know that believes it to be lost
 * with h1. */
static void knows_that_nobody_knows_where_a_lost_round_started_a_vat(void **state)
{
    (void)state;
    static const char *const found[] = {"nothing",
                                        "G1: round 2 takes a back to 100000001, which still runs"};
    for (int i = 0; i < 2; i++) {
        struct history history;
        struct lost lost;
        forgets_a_round(&history, &lost);
        says_run(&history, 2, 2);
        history.round = 1;
        history.listed = "a: {host: h1, lineage: [{after: 1.1, next: 2.1}]}, b: {host: h2}, "
                         "c: {host: h3}";
        if (i == 1) {
            history.vats[A].run = 2;
            history_begins(&history, A, history_state(A, 0x100000001));
        }
        history_decides(&history, "h1", NULL,
                        "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h2]}}]");
        history_broken(&history, found[i]);
        history_close(&history);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lets_runs_be_put_on_record_again_once),
        cmocka_unit_test(lets_more_be_put_on_record_of_a_run_that_was_found),
        cmocka_unit_test(sees_that_a_known_run_begins_twice),
        cmocka_unit_test(lets_a_run_begin_again_that_nobody_knows),
        cmocka_unit_test(lets_a_run_begin_again_that_nobody_knows_any_more),
        cmocka_unit_test(sees_that_an_incarnation_goes_back),
        cmocka_unit_test(lets_an_incarnation_be_passed_over_that_a_peer_may_have_met),
        cmocka_unit_test(sees_that_a_round_comes_again_that_somebody_knows),
        cmocka_unit_test(sees_that_a_generation_is_said_again),
        cmocka_unit_test(lets_who_led_before_the_journal_was_lost_go_on_in_its_generation),
        cmocka_unit_test(asks_nothing_of_an_agent_that_forgot_after_the_journal),
        cmocka_unit_test(knows_that_nobody_knows_where_a_lost_round_started_a_vat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
