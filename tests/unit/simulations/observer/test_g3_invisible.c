/* G3: what leaves a vat, where it begins and why it ends, and gaps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "history.h"

static void leaves(struct history *history, mn_epoch epoch, uint64_t number, uint64_t id)
{
    struct observer_actor a = history_actor(history, A);
    observer_leaves(history->observer, &a, B, epoch, number, id);
}

static void sees_that_a_held_message_leaves_too_early(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct history history;
        history_open(&history);
        uint64_t id = history_sends(&history, A, B);
        if (i < 2) { /* written; and durable */
            history_checkpoint(&history, A, 0, i == 0 ? H1 | H2 : 0);
        }
        leaves(&history, EPOCH(1, 1), 1, id);
        history_broken(&history,
                       i == 0 ? "nothing"
                              : "G3: a sends what it did in epoch 100000001, which is not durable");
        history_close(&history);
    }
}

static void sees_that_a_number_is_anothers(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct history history;
        history_open(&history);
        uint64_t first = history_sends(&history, A, B);
        uint64_t second = history_sends(&history, A, B);
        history_checkpoint(&history, A, 0, H1 | H2);
        leaves(&history, EPOCH(1, 1), 1, first);
        leaves(&history, EPOCH(1, 1), i == 0 ? 2 : i == 1 ? 1 : 3, second);
        history_broken(&history, i == 0 ? "nothing"
                                 : i == 1
                                     ? "numbers: a run 1 sends to b as number 1 what has another"
                                     : "numbers: a run 1 sends to b as number 3 what has another");
        history_close(&history);
    }
}

static void sees_that_a_message_is_said_to_be_of_another_epoch(void **state)
{
    (void)state;
    struct history history;
    history_open(&history);
    history_checkpoint(&history, A, 0, H1 | H2);
    uint64_t id = history_sends(&history, A, B);
    history_checkpoint(&history, A, 0, H1 | H2);
    leaves(&history, EPOCH(1, 2), 1, id);
    history_fine(&history);
    leaves(&history, EPOCH(1, 1), 1, id);
    history_broken(&history, "numbers: a says that number 1 is of epoch 100000001, not 100000002");
    history_close(&history);
}

static void sees_that_a_vat_ends_and_nothing_has_failed(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct history history;
        history_open(&history);
        struct observer_actor a = history_actor(&history, A);
        if (i == 0) {
            observer_harm(history.observer);
        }
        observer_vat_ends(history.observer, &a);
        history_broken(&history, i == 0 ? "nothing"
                                        : "G3: a run 1 ends, and nothing but agents and "
                                          "coordinators has failed");
        history_close(&history);
        history_open(&history);
        observer_kills(history.observer, 0, A, i == 0 ? 0 : 1); /* 0: a former life */
        history_broken(&history, i == 0 ? "nothing"
                                        : "G3: a run 1 is killed by its agent, and nothing but "
                                          "agents and coordinators has failed");
        history_close(&history);
    }
}

/* Restored to 1.1 it has the state that this checkpoint has, and not that of 1.2. */
static void sees_that_a_vat_begins_with_another_state(void **state)
{
    (void)state;
    for (mn_epoch i = 1; i <= 2; i++) {
        struct history history;
        history_open(&history);
        history_checkpoint(&history, A, 0, H1 | H2);
        history_checkpoint(&history, A, 0, H1);
        history_loses_h1(&history);
        history_decides(&history, "h1", NULL,
                        "checkpoints: [{vat: a, epoch: 1.1, kind: full, "
                        "copies: {at: [h1, h2]}}]");
        history_begins(&history, A, history_state(A, EPOCH(1, i)));
        history_broken(&history, i == 1 ? "nothing"
                                        : "G3: a run 2 does not have the state of its checkpoint "
                                          "100000001");
        history_close(&history);
    }
}

static void sees_a_gap_where_nobody_has_forgotten(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct history history;
        history_open(&history);
        (void)history_sends(&history, A, B);
        (void)history_sends(&history, A, B);
        struct observer_actor a = history_actor(&history, A);
        struct observer_actor b = history_actor(&history, B);
        /* It has given them up, or one of them. */
        observer_undelivered(history.observer, &a, B, 1, i == 0 ? 2 : 1);
        observer_gap(history.observer, &b, A, 1, 2, false);
        history_broken(&history, i == 0 ? "nothing"
                                        : "G3: b is handed a gap with a, and neither has "
                                          "forgotten");
        history_close(&history);
    }
}

static void sees_a_gap_that_does_not_fit(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 3; i++) {
        struct history history;
        history_open(&history);
        uint64_t id = history_sends(&history, A, B);
        (void)history_sends(&history, A, B);
        struct observer_actor a = history_actor(&history, A);
        struct observer_actor b = history_actor(&history, B);
        history_takes(&history, B, A, id);
        observer_undelivered(history.observer, &a, B, 1, 2);
        observer_gap(history.observer, &b, A, i == 1 ? 1 : 2, i == 2 ? 1 : 2, false);
        history_broken(&history, i == 0 ? "nothing"
                                 : i == 1
                                     ? "once: b is handed a gap of a from 1 to 2 after 1 of 2"
                                     : "once: b is handed a gap of a from 2 to 1 after 1 of 2");
        history_close(&history);
    }
}

static void sees_that_more_is_given_up_than_was_sent(void **state)
{
    (void)state;
    struct history history;
    history_open(&history);
    (void)history_sends(&history, A, B);
    struct observer_actor a = history_actor(&history, A);
    observer_undelivered(history.observer, &a, B, 1, 1);
    history_fine(&history);
    observer_undelivered(history.observer, &a, B, 1, 2);
    history_broken(&history, "once: a gives up 1 to 2 of the 1 it sent to b");
    history_close(&history);
}

/* a has been taken back to 1.1, and goes on without what b sent before that. */
static void sees_that_a_sender_does_not_know_of_a_gap(void **state)
{
    (void)state;
    struct history history;
    history_open(&history);
    (void)history_sends(&history, B, A);
    history_checkpoint(&history, A, 0, H1 | H2);
    history_checkpoint(&history, A, 0, H1);
    history_loses_h1(&history);
    history_decides(&history, "h1", NULL,
                    "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h1, h2]}}, "
                    "{vat: a, epoch: 1.2, kind: full, copies: {at: [h1]}, "
                    "heard: [{vat: b, epoch: 1.1}]}]");
    history_begins(&history, A, history_state(A, EPOCH(1, 1)));
    const struct mn_notice notice = {.peer = mn_name_of("a"),
                                     .incarnation = 2,
                                     .kept = EPOCH(1, 1),
                                     .forgot_you = {EPOCH(1, 1), EPOCH(1, 1)}};
    struct observer_actor a = history_actor(&history, A);
    struct observer_actor b = history_actor(&history, B);
    observer_notice(history.observer, &b, &notice, false);
    observer_gap(history.observer, &a, B, 1, 1, false);
    history_fine(&history);
    assert_string_equal(observer_unsettled(history.observer),
                        "a goes on without message 1 of b, which does not know");
    observer_gap(history.observer, &b, A, 1, 1, true);
    history_fine(&history);
    assert_null(observer_unsettled(history.observer));
    history_close(&history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_that_a_held_message_leaves_too_early),
        cmocka_unit_test(sees_that_a_number_is_anothers),
        cmocka_unit_test(sees_that_a_message_is_said_to_be_of_another_epoch),
        cmocka_unit_test(sees_that_a_vat_ends_and_nothing_has_failed),
        cmocka_unit_test(sees_that_a_vat_begins_with_another_state),
        cmocka_unit_test(sees_a_gap_where_nobody_has_forgotten),
        cmocka_unit_test(sees_a_gap_that_does_not_fit),
        cmocka_unit_test(sees_that_more_is_given_up_than_was_sent),
        cmocka_unit_test(sees_that_a_sender_does_not_know_of_a_gap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
