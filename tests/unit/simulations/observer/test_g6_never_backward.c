/* G6: nothing goes backward, and nothing is used twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "history.h"

static void sees_that_records_leave_one_out(void **state)
{
    (void)state;
    struct history history;
    history_open(&history);
    history_generation(&history);
    history_fine(&history);
    history.sequence += 1;
    history_generation(&history);
    history_broken(&history, "G6: record 7 comes after record 5");
    history_close(&history);
}

static void sees_that_a_generation_does_not_go_up(void **state)
{
    (void)state;
    struct history history;
    struct mn_journal_record record = {.kind = MN_JOURNAL_GENERATION};
    history_open(&history);
    history_record(&history, &record); /* the same once more */
    history_broken(&history, "G6: a record of generation 1 after one of 1");
    history_close(&history);
    history_open(&history);
    history_generation(&history);
    history.generation = 1;
    record = (struct mn_journal_record){.kind = MN_JOURNAL_VAT};
    record.vat.vat = mn_name_of("a");
    record.vat.run = 2;
    history_record(&history, &record);
    history_broken(&history, "G6: a record of generation 1 after one of 2");
    history_close(&history);
}

static void sees_that_a_run_is_given_out_again(void **state)
{
    (void)state;
    for (mn_run run = 1; run <= 2; run++) {
        struct history history;
        struct mn_journal_record record = {.kind = MN_JOURNAL_VAT};
        history_open(&history);
        record.vat.vat = mn_name_of("a");
        record.vat.run = run;
        history_record(&history, &record);
        history_broken(&history, run == 2 ? "nothing" : "G6: run 1 of a is given out after run 1");
        history_close(&history);
    }
}

static void sees_that_a_run_begins_twice(void **state)
{
    (void)state;
    struct history history;
    history_open(&history);
    history_begins(&history, A, history_state(A, 0));
    history_broken(&history, "G6: run 1 of a begins twice");
    history_close(&history);
}

static void sees_that_an_epoch_is_written_again_or_is_of_another_run(void **state)
{
    (void)state;
    struct history history;
    history_open(&history);
    history_checkpoint(&history, A, 0, 0);
    history_checkpoint(&history, A, 0, 0);
    history_fine(&history);
    history.vats[A].count = 2;
    history_checkpoint(&history, A, 0, 0);
    history_broken(&history, "G6: a writes epoch 100000002 after 100000002");
    history_close(&history);
    history_open(&history);
    struct observer_actor a = history_actor(&history, A);
    a.epoch = EPOCH(2, 1);
    observer_checkpoint(history.observer, &a, 0, 1);
    history_broken(&history, "G6: a run 1 writes epoch 200000001");
    history_close(&history);
}

static void sees_rounds_runs_and_incarnations_of_a_decision_go_back(void **state)
{
    (void)state;
    static const char *const found[] = {
        "nothing", "G6: run 1 of a is given out after run 1",
        "G6: a is revived, and its incarnation goes from 1 to 2",
        "G6: a is rolled_back, and its incarnation goes from 1 to 1"};
    for (int i = 0; i < 4; i++) {
        struct history history;
        history_open(&history);
        history_checkpoint(&history, A, 0, H1 | H2);
        history_loses_h1(&history);
        history_prepare(&history, "h1", NULL,
                        "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h1, "
                        "h2]}}]");
        struct mn_start *start = &history_start(&history, "a")->start;
        start->run = i == 1 ? 1 : start->run;
        start->incarnation = i == 2 ? 2 : start->incarnation;
        start->outcome = i == 3 ? MN_ROLLED_BACK : start->outcome;
        history_give(&history);
        history_broken(&history, found[i]);
        history_close(&history);
    }
    struct history history;
    history_open(&history);
    history.round = 4;
    history_decides(&history, NULL, NULL, "checkpoints: []");
    history_decides(&history, NULL, NULL, "checkpoints: []");
    history_fine(&history);
    history.round = 1;
    history_decides(&history, NULL, NULL, "checkpoints: []");
    history_broken(&history, "G6: round 2 is decided after round 6");
    history_close(&history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_that_records_leave_one_out),
        cmocka_unit_test(sees_that_a_generation_does_not_go_up),
        cmocka_unit_test(sees_that_a_run_is_given_out_again),
        cmocka_unit_test(sees_that_a_run_begins_twice),
        cmocka_unit_test(sees_that_an_epoch_is_written_again_or_is_of_another_run),
        cmocka_unit_test(sees_rounds_runs_and_incarnations_of_a_decision_go_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
