/* G5: one decision a round, and nothing ordered but what was decided. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "history.h"

static const char a_goes_back[] =
    "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h1, h2]}}]";

static void lose_a(struct history *history)
{
    history_open(history);
    history_checkpoint(history, A, 0, H1 | H2);
    history_loses_h1(history);
    history_prepare(history, "h1", NULL, a_goes_back);
}

static void says(struct history *history, struct mn_down *down)
{
    observer_down(history->observer, 1, down, false);
}

static void sees_that_a_round_is_decided_twice(void **state)
{
    (void)state;
    struct history history;
    lose_a(&history);
    history_give(&history);
    history_fine(&history);
    history_give(&history);
    history_broken(&history, "G5: round 1 is decided twice");
    history_close(&history);
}

static void sees_an_order_that_was_not_decided(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        struct history history;
        lose_a(&history);
        history_give(&history);
        struct mn_down down = {.kind = MN_DOWN_START, .generation = 1};
        down.start = history_start(&history, "a")->start;
        down.start.run += i == 1 ? 1 : 0;
        down.start.keep += i == 2 ? 1 : 0;
        down.start.incarnation += i == 3 ? 1 : 0;
        down.start.round += i == 4 ? 1 : 0;
        says(&history, &down);
        const char *failure = observer_failure(history.observer);
        if (i == 0) {
            assert_null(failure);
        } else {
            assert_non_null(failure);
            assert_memory_equal(failure, "G5: a is to be started as run ", 30);
        }
        history_close(&history);
    }
}

static void sees_a_first_start_that_is_not_written_down(void **state)
{
    (void)state;
    for (mn_run run = 1; run <= 2; run++) {
        struct history history;
        history_open(&history);
        struct mn_down down = {.kind = MN_DOWN_START, .generation = 1};
        down.start = (struct mn_start){.vat = mn_name_of("a"), .run = run, .incarnation = 1};
        says(&history, &down);
        history_broken(&history, run == 1 ? "nothing"
                                          : "G5: a is to be started as run 2, which is not written "
                                            "down");
        history_close(&history);
    }
}

static void sees_that_a_decision_is_told_before_it_is_one(void **state)
{
    (void)state;
    struct history history;
    lose_a(&history);
    struct mn_down down = {.kind = MN_DOWN_DECISION, .generation = 1};
    down.decision.round = 1;
    says(&history, &down);
    history_broken(&history, "G5: round 1 is told, and was not decided");
    history_close(&history);
    lose_a(&history);
    history_give(&history);
    says(&history, &down);
    history_fine(&history);
    history_close(&history);
}

static void sees_a_generation_that_is_not_written_down(void **state)
{
    (void)state;
    struct history history;
    history_open(&history);
    struct mn_down down = {.kind = MN_DOWN_WELCOME, .generation = 2};
    history_generation(&history);
    says(&history, &down);
    history_fine(&history);
    down.generation = 3;
    says(&history, &down);
    history_broken(&history,
                   "G5: the coordinator speaks in generation 3, which is not written down");
    history_close(&history);
}

static void sees_a_round_done_that_never_was(void **state)
{
    (void)state;
    struct mn_journal_record done = {.kind = MN_JOURNAL_DONE};
    struct history history;
    lose_a(&history);
    history_give(&history);
    done.done.round = 1;
    history_record(&history, &done);
    history_fine(&history);
    done.done.round = 2;
    history_record(&history, &done);
    history_broken(&history, "G5: round 2 is done, and was never decided");
    history_close(&history);
}

static void sees_a_life_that_begins_other_than_its_record_says(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct history history;
        lose_a(&history);
        history_give(&history);
        history.vats[A].run += i == 1 ? 1 : 0;
        history.vats[A].keep = i == 2 ? 0 : history.vats[A].keep;
        history_begins(&history, A, history_state(A, EPOCH(1, 1)));
        history_broken(&history, i == 0 ? "nothing"
                                 : i == 1
                                     ? "G5: a begins run 3, and no record gives it out"
                                     : "G5: a run 2 begins at 0 in incarnation 1; its record says "
                                       "100000001 and 1");
        history_close(&history);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_that_a_round_is_decided_twice),
        cmocka_unit_test(sees_an_order_that_was_not_decided),
        cmocka_unit_test(sees_a_first_start_that_is_not_written_down),
        cmocka_unit_test(sees_that_a_decision_is_told_before_it_is_one),
        cmocka_unit_test(sees_a_generation_that_is_not_written_down),
        cmocka_unit_test(sees_a_round_done_that_never_was),
        cmocka_unit_test(sees_a_life_that_begins_other_than_its_record_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
