/* Approvals: what is decided on whose word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "history.h"

/* a is lost; 1.1 and 1.2 are its checkpoints, and of the newer one a copy is lost. */
static void lose_a(struct history *history, const char *policy)
{
    history_open_more(history, policy);
    history_checkpoint(history, A, 0, H1 | H2);
    history_checkpoint(history, A, 0, H1);
    history_loses_h1(history);
}

static const char rolled_back[] =
    "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h1, h2]}}, "
    "{vat: a, epoch: 1.2, kind: full, copies: {at: [h1]}}]";
static const char reset[] = "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h1]}}]";

static void word(struct history *history, enum mn_step step, uint32_t restored, uint32_t back,
                 const char *name)
{
    const struct mn_name vat = mn_name_of(name[0] != '\0' ? name : "c");
    struct mn_journal_record record = {.kind = MN_JOURNAL_STEP};
    record.step.step = step;
    record.step.round = 1;
    record.step.bounds = (struct mn_plan_bounds){.restored = restored,
                                                 .rolled_back = back,
                                                 .reset = &vat,
                                                 .reset_count = name[0] != '\0' ? 1 : 0};
    history_record(history, &record);
}

static const char large[] = "policy: {approve: {share: 0.3, reset: false, unsure: false}}\n";

static const char nobody_large[] = "approval: round 1 restores 1 vats, rolls back 1, resets 0, "
                                   "spares 0 and is not sure of 0, and nobody approved of that";

/* One of three vats is more than 0.3 of them. */
static void sees_that_nobody_approved_of_as_much(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        struct history history;
        lose_a(&history, large);
        if (i > 0) {
            word(&history, MN_STEP_APPROVE, i == 1 ? 0 : 1, i == 2 ? 0 : 1, "");
        }
        if (i == 3) {
            word(&history, MN_STEP_REJECT, 1, 1, "");
        }
        history_decides(&history, "h1", NULL, rolled_back);
        history_broken(&history, i == 4 ? "nothing" : nobody_large);
        history_close(&history);
    }
}

static void asks_for_no_word_where_policy_does_not(void **state)
{
    (void)state;
    struct history history;
    lose_a(&history, "policy: {approve: {share: 0.34, reset: true, unsure: true}}\n");
    history_decides(&history, "h1", NULL, rolled_back);
    history_fine(&history);
    history_close(&history);
}

static void a_word_is_for_one_decision(void **state)
{
    (void)state;
    struct history history;
    lose_a(&history, large);
    word(&history, MN_STEP_APPROVE, 1, 1, "");
    history_decides(&history, NULL, NULL, "checkpoints: []");
    history_fine(&history);
    history_decides(&history, "h1", NULL, rolled_back);
    history_broken(&history, "approval: round 2 restores 1 vats, rolls back 1, resets 0, spares 0 "
                             "and is not sure of 0, and nobody approved of that");
    history_close(&history);
}

static void sees_that_nobody_approved_of_a_reset(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct history history;
        lose_a(&history, "policy: {approve: {share: 1, reset: true, unsure: false}}\n");
        if (i > 0) {
            word(&history, MN_STEP_APPROVE, 1, 0, i == 1 ? "b" : "a");
        }
        history_decides(&history, "h1", NULL, reset);
        history_broken(
            &history, i == 2
                          ? "nothing"
                          : "approval: round 1 restores 1 vats, rolls back 0, "
                            "resets 1, spares 0 and is not sure of 0, and nobody approved of that");
        history_close(&history);
    }
}

static void sees_that_nobody_approved_of_what_is_not_sure(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        struct history history;
        lose_a(&history, i != 1 ? "policy: {approve: {share: 1, reset: false, unsure: true}}\n"
                                : "policy: {approve: {share: 1, reset: false, unsure: false}}\n");
        if (i > 1) { /* of a plan that was sure of all, and of one that was not */
            struct mn_journal_record record = {.kind = MN_JOURNAL_STEP};
            record.step.step = MN_STEP_APPROVE;
            record.step.round = 1;
            record.step.bounds =
                (struct mn_plan_bounds){.restored = 3, .rolled_back = 3, .unsure = i == 3 ? 3 : 0};
            history_record(&history, &record);
        }
        history_decides(&history, NULL, NULL,
                        "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h1, h2]}}], "
                        "unknown: {vats: [a]}");
        const char *failure = observer_failure(history.observer);
        assert_int_equal(failure != NULL, i == 0 || i == 2);
        history_close(&history);
    }
}

/* b heard what a forgets, and has no checkpoint to go back to. */
static void sees_that_nobody_approved_of_who_is_spared(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        struct history history;
        struct mn_journal_record record = {.kind = MN_JOURNAL_STEP};
        lose_a(&history, large);
        record.step.step = MN_STEP_APPROVE;
        record.step.round = 1;
        record.step.bounds = (struct mn_plan_bounds){.restored = 1, .rolled_back = 1, .spared = i};
        history_record(&history, &record);
        history_decides(&history, "h1", NULL,
                        "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h1, h2]}}, "
                        "{vat: a, epoch: 1.2, kind: full, copies: {at: [h1]}}], "
                        "open: [{vat: b, epoch: 1.1, since: 0, heard: [{vat: a, epoch: 1.2}]}]");
        const char *failure = observer_failure(history.observer);
        assert_int_equal(failure != NULL && strstr(failure, "spares 1") != NULL, i == 0);
        history_close(&history);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_that_nobody_approved_of_as_much),
        cmocka_unit_test(asks_for_no_word_where_policy_does_not),
        cmocka_unit_test(a_word_is_for_one_decision),
        cmocka_unit_test(sees_that_nobody_approved_of_a_reset),
        cmocka_unit_test(sees_that_nobody_approved_of_what_is_not_sure),
        cmocka_unit_test(sees_that_nobody_approved_of_who_is_spared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
