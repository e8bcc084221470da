/* G2: who may be taken back while it runs, and who is told of whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "history.h"

static const char b_goes_back[] =
    "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h1, h2]}}, "
    "{vat: b, epoch: 1.1, kind: full, copies: {at: [h2, h3]}}], "
    "open: [{vat: b, epoch: 1.2, heard: [{vat: a, epoch: 1.2}]}]";

static const char heard_nothing[] =
    "G2: round 1 takes b, which was running, back to 100000001, and it has heard nothing that "
    "anybody forgot";

/* Both have checkpoint 1.1. */
static void both_begin(struct history *history)
{
    history_open(history);
    history_checkpoint(history, A, 0, H1 | H2);
    history_checkpoint(history, B, 0, H2 | H3);
}

/* a is lost with h1, and b, which was stopped for that, goes back with it. */
static void take_both_back(struct history *history)
{
    history_ends(history, A);
    history_ends(history, B);
    history->hosts[0].up = false;
    history_decides(history, "h1", NULL, b_goes_back);
}

static void sees_that_a_vat_is_taken_back_for_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct history history;
        both_begin(&history);
        uint64_t id = history_sends(&history, A, B);
        if (i == 0) {
            history_takes(&history, B, A, id);
        }
        take_both_back(&history);
        history_broken(&history, i == 0 ? "nothing" : heard_nothing);
        history_close(&history);
    }
}

/* What it took of the other's epoch that is kept is no reason. */
static void sees_that_nothing_is_forgotten_of_what_a_vat_heard(void **state)
{
    (void)state;
    struct history history;
    history_open(&history);
    uint64_t id = history_sends(&history, A, B);
    history_checkpoint(&history, A, 0, H1 | H2);
    history_checkpoint(&history, B, 0, H2 | H3);
    history_takes(&history, B, A, id);
    take_both_back(&history);
    history_broken(&history, heard_nothing);
    history_close(&history);
}

/* What its sender gave up in an epoch that is forgotten was sent before that: that it was spoken of
 * then is reason enough. Otherwise it was given up in the epoch that is kept. */
static void counts_a_gap_as_heard_when_its_sender_spoke_of_it(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct history history;
        history_open(&history);
        uint64_t id = history_sends(&history, A, B);
        struct observer_actor a = history_actor(&history, A);
        if (i == 1) {
            observer_undelivered(history.observer, &a, B, id, id);
        }
        history_checkpoint(&history, A, 0, H1 | H2);
        history_checkpoint(&history, B, 0, H2 | H3);
        if (i == 0) {
            a = history_actor(&history, A);
            observer_undelivered(history.observer, &a, B, id, id);
        }
        struct observer_actor b = history_actor(&history, B);
        observer_gap(history.observer, &b, A, 1, 1, false);
        history_fine(&history);
        take_both_back(&history);
        history_broken(&history, i == 0 ? "nothing" : heard_nothing);
        history_close(&history);
    }
}

static void sees_that_a_vat_is_told_of_one_it_never_heard_of(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct history history;
        history_open(&history);
        (void)history_sends(&history, i == 0 ? B : C, A);
        history_checkpoint(&history, A, 0, H1 | H2);
        history_checkpoint(&history, A, 0, H1);
        history_loses_h1(&history);
        history_decides(&history, "h1", NULL,
                        "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h1, h2]}}, "
                        "{vat: a, epoch: 1.2, kind: full, copies: {at: [h1]}, "
                        "heard: [{vat: b, epoch: 1.1}]}]");
        history_broken(&history,
                       i == 0 ? "nothing" : "G2: round 1 tells b of a, of which it never heard");
        history_close(&history);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_that_a_vat_is_taken_back_for_nothing),
        cmocka_unit_test(sees_that_nothing_is_forgotten_of_what_a_vat_heard),
        cmocka_unit_test(counts_a_gap_as_heard_when_its_sender_spoke_of_it),
        cmocka_unit_test(sees_that_a_vat_is_told_of_one_it_never_heard_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
