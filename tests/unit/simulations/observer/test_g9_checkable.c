/* G9: a decision and its evidence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "history.h"

/* a goes back from 1.2 to 1.1. */
static void lose_a(struct history *history)
{
    history_open(history);
    history_checkpoint(history, A, 0, H1 | H2);
    history_checkpoint(history, A, 0, H1);
    history_loses_h1(history);
    history_prepare(history, "h1", NULL,
                    "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h1, h2]}}, "
                    "{vat: a, epoch: 1.2, kind: full, copies: {at: [h1]}}]");
}

static void finds_a_decision_right_that_follows_from_its_evidence(void **state)
{
    (void)state;
    struct history history;
    lose_a(&history);
    history_give(&history);
    history_fine(&history);
    history_close(&history);
}

static void sees_that_there_is_no_evidence_or_another(void **state)
{
    (void)state;
    struct history history;
    lose_a(&history);
    mn_text_deinit(&history.evidence);
    history_give(&history);
    history_broken(&history, "G9: round 1 has no evidence");
    history_close(&history);
    lose_a(&history);
    mn_text_add(&history.evidence, "# another\n");
    history_give(&history);
    history_broken(&history, "G9: round 1 does not name its evidence");
    history_close(&history);
}

static void sees_that_the_answer_is_another(void **state)
{
    (void)state;
    struct history history;
    lose_a(&history);
    char *kept = strstr(history.answer.bytes, "\"revived\": ");
    assert_non_null(kept);
    kept[strlen("\"revived\": ")] = '2';
    history_give(&history);
    history_broken(&history, "G9: the answer of round 1 is not what its evidence gives");
    history_close(&history);
}

static void sees_that_a_start_does_not_follow(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct history history;
        lose_a(&history);
        struct mn_start *start = &history_start(&history, "a")->start;
        if (i == 0) {
            start->keep = EPOCH(1, 2);
        } else {
            start->outcome = MN_REVIVED;
            start->incarnation = 1;
        }
        history_give(&history);
        history_broken(&history, "G9: the evidence of round 1 gives another start of a");
        history_close(&history);
    }
}

static void sees_that_a_start_is_missing(void **state)
{
    (void)state;
    struct history history;
    lose_a(&history);
    history.record.decision.start_count = 0;
    history_give(&history);
    history_broken(&history, "G9: round 1 starts 0 vats, and its evidence gives 1");
    history_close(&history);
}

/* Whoever carries out what another one decided need not know how that came about. */
static void sees_that_the_answer_is_left_out(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct history history;
        lose_a(&history);
        mn_text_deinit(&history.answer);
        history_give(&history);
        if (i == 1) {
            history_generation(&history);
        }
        history_done(&history);
        history_broken(&history,
                       i == 0 ? "G9: round 1 is over, and its answer is not on record" : "nothing");
        history_close(&history);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_a_decision_right_that_follows_from_its_evidence),
        cmocka_unit_test(sees_that_there_is_no_evidence_or_another),
        cmocka_unit_test(sees_that_the_answer_is_another),
        cmocka_unit_test(sees_that_a_start_does_not_follow),
        cmocka_unit_test(sees_that_a_start_is_missing),
        cmocka_unit_test(sees_that_the_answer_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
