/* The observer put together: whose doings count, and what is missing in the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "history.h"

static void the_first_that_is_wrong_stays(void **state)
{
    (void)state;
    struct history history;
    history_open(&history);
    observer_fail(history.observer, "G1", "the %s", "first");
    observer_fail(history.observer, "G2", "the second");
    history_broken(&history, "G1: the first");
    history_close(&history);
}

static void sees_what_was_never_taken(void **state)
{
    (void)state;
    struct history history;
    uint32_t sender = 99;
    uint32_t receiver = 99;
    history_open(&history);
    history_takes(&history, B, A, history_sends(&history, A, B));
    assert_null(observer_unsettled(history.observer));
    assert_false(observer_lagging(history.observer, 0, &sender, &receiver));
    uint64_t id = history_sends(&history, C, B);
    assert_string_equal(observer_unsettled(history.observer), "b has taken 0 of 1 messages of c");
    assert_true(observer_lagging(history.observer, 0, &sender, &receiver));
    assert_int_equal(sender, C);
    assert_int_equal(receiver, B);
    assert_false(observer_lagging(history.observer, 1, &sender, &receiver));
    history_takes(&history, B, C, id);
    observer_settled(history.observer);
    history_fine(&history);
    history_close(&history);
}

/* Its host is cut off, and it goes on there; the newest run is begun elsewhere. */
static struct observer_actor cut_off(struct history *history)
{
    history_open(history);
    history_checkpoint(history, A, 0, H1 | H2);
    struct observer_actor former = history_actor(history, A);
    history->hosts[0].reached = false;
    history_decides(history, "h1", NULL,
                    "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h1, h2]}}]");
    history_begins(history, A, history_state(A, EPOCH(1, 1)));
    history_fine(history);
    return former;
}

/* A former life takes, sends and writes whatever it will; only nobody may believe it. */
static void nothing_that_a_former_life_does_counts(void **state)
{
    (void)state;
    struct history history;
    struct observer_actor former = cut_off(&history);
    uint64_t to_it = history_sends(&history, B, A);
    observer_takes(history.observer, &former, B, to_it);
    observer_checkpoint(history.observer, &former, EPOCH(1, 1), 5);
    observer_durable(history.observer, &former, former.epoch, former.epoch);
    observer_gap(history.observer, &former, C, 1, 9, false);
    observer_undelivered(history.observer, &former, C, 1, 9);
    observer_leaves(history.observer, &former, B, former.epoch, 77, 1);
    observer_vat_ends(history.observer, &former);
    history_fine(&history);
    history_takes(&history, A, B, to_it); /* the newest run has not taken it yet */
    history_fine(&history);
    assert_null(observer_unsettled(history.observer));
    history_close(&history);
}

static void sees_that_a_former_life_is_believed(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct history history;
        struct observer_actor former = cut_off(&history);
        uint64_t first = history_sends(&history, A, B);
        history_takes(&history, B, A, first);
        history_fine(&history);
        history.message += 1;
        uint64_t id = history.message;
        observer_sends(history.observer, &former, i == 0 ? B : C, id);
        history_takes(&history, i == 0 ? B : C, A, id);
        history_broken(&history, i == 0 ? "G1: b run 1 takes in epoch 100000001 what a forgot"
                                        : "once: c is handed a message of a that is not for it");
        history_close(&history);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_that_is_wrong_stays),
        cmocka_unit_test(sees_what_was_never_taken),
        cmocka_unit_test(nothing_that_a_former_life_does_counts),
        cmocka_unit_test(sees_that_a_former_life_is_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
