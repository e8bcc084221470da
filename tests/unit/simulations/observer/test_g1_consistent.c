/* G1: what may be taken, who is stopped, what is kept, and whether more could have been. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "history.h"

/* ---- taking ---------------------------------------------------------------------------------- */

/* a sends b one message in 1.1 and one in 1.2, and is lost with h1 and taken back to 1.1. */
static void forget_the_second(struct history *history, uint64_t ids[2])
{
    history_open(history);
    ids[0] = history_sends(history, A, B);
    history_checkpoint(history, A, 0, H1 | H2);
    ids[1] = history_sends(history, A, B);
    history_loses_h1(history);
    history_decides(history, "h1", NULL,
                    "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h1, h2]}}], "
                    "open: [{vat: a, epoch: 1.2}]");
}

static void sees_that_what_was_forgotten_is_taken(void **state)
{
    (void)state;
    struct history history;
    uint64_t ids[2];
    forget_the_second(&history, ids);
    history_takes(&history, B, A, ids[0]);
    history_fine(&history);
    history_takes(&history, B, A, ids[1]);
    history_broken(&history, "G1: b run 1 takes in epoch 100000001 what a forgot");
    history_close(&history);
}

static void sees_that_something_is_taken_twice_or_too_early(void **state)
{
    (void)state;
    struct history history;
    history_open(&history);
    uint64_t first = history_sends(&history, A, B);
    uint64_t second = history_sends(&history, A, B);
    uint64_t third = history_sends(&history, A, B);
    history_takes(&history, B, A, first);
    history_takes(&history, B, A, second);
    history_fine(&history);
    history_takes(&history, B, A, second);
    history_broken(&history, "once: b takes message 2 of a after 2");
    history_close(&history);
    history_open(&history);
    first = history_sends(&history, A, B);
    second = history_sends(&history, A, B);
    third = history_sends(&history, A, B);
    history_takes(&history, B, A, third);
    history_broken(&history, "once: b takes message 3 of a after 0");
    history_close(&history);
}

/* A freeze ends with a life of the receiver's own, or the next one of the sender. */
static void sees_that_a_fenced_run_is_believed(void **state)
{
    (void)state;
    const struct mn_vat_run suspect = {.vat = mn_name_of("a"), .run = 1};
    const struct mn_vat_run former = {.vat = mn_name_of("a"), .run = 0};
    for (int i = 0; i < 2; i++) {
        struct history history;
        history_open(&history);
        uint64_t id = history_sends(&history, A, B);
        struct observer_actor b = history_actor(&history, B);
        observer_frozen(history.observer, &b, i == 0 ? &former : &suspect, 1);
        history_takes(&history, B, A, id);
        history_broken(&history, i == 0 ? "nothing"
                                        : "G1: b run 1 takes in epoch 100000001 what a says in "
                                          "run 1, which it was told not to believe");
        history_close(&history);
    }
}

/* ---- a decision ------------------------------------------------------------------------------ */

/* b has heard in 1.1 what a did in 1.2, which is lost. */
static void hear_what_is_lost(struct history *history)
{
    history_open(history);
    history_checkpoint(history, A, 0, H1 | H2);
    history_takes(history, B, A, history_sends(history, A, B));
    history_checkpoint(history, B, 0, H2 | H3);
    history_loses_h1(history);
}

static void sees_who_keeps_what_was_forgotten_and_is_not_told(void **state)
{
    (void)state;
    struct history history;
    hear_what_is_lost(&history);
    history_decides(&history, "h1", NULL,
                    "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h1, h2]}}, "
                    "{vat: b, epoch: 1.1, kind: full, copies: {at: [h2, h3]}}]");
    history_broken(&history,
                   "G1: b keeps in epoch 100000001 what it heard of a in epoch 100000002, "
                   "which a forgot, and is not told");
    history_close(&history);
    hear_what_is_lost(&history);
    history.listed = "a: {host: h1}, b: {host: h2, on_peer_rollback: be_told}, c: {host: h3}";
    history_decides(&history, "h1", NULL,
                    "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h1, h2]}}, "
                    "{vat: b, epoch: 1.1, kind: full, copies: {at: [h2, h3]}, "
                    "heard: [{vat: a, epoch: 1.2}]}]");
    history_fine(&history);
    history_close(&history);
}

static const char b_goes_back[] =
    "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h1, h2]}}, "
    "{vat: b, epoch: 1.1, kind: full, copies: {at: [h2, h3]}}], "
    "open: [{vat: b, epoch: 1.2, heard: [{vat: a, epoch: 1.2}]}]";

static void sees_that_a_vat_still_runs_that_is_taken_back(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct history history;
        history_open(&history);
        history_checkpoint(&history, A, 0, H1 | H2);
        history_checkpoint(&history, B, 0, H2 | H3);
        history_takes(&history, B, A, history_sends(&history, A, B));
        history_loses_h1(&history);
        if (i == 0) {
            history_ends(&history, B);
        }
        history_decides(&history, "h1", NULL, b_goes_back);
        history_broken(&history, i == 0
                                     ? "nothing"
                                     : "G1: round 1 takes b back to 100000001, which still runs");
        history_close(&history);
    }
}

static void sees_a_checkpoint_restored_that_never_was(void **state)
{
    (void)state;
    struct history history;
    history_open(&history);
    history_checkpoint(&history, A, 0, H1 | H2);
    history_loses_h1(&history);
    history_decides(&history, "h1", NULL,
                    "checkpoints: [{vat: a, epoch: 1.4, kind: full, copies: {at: [h2]}}]");
    history_broken(&history,
                   "G1: round 1 restores a to 100000004, which is not part of its history");
    history_close(&history);
}

/* ---- could it have kept more? ---------------------------------------------------------------- */

/* a has made 1.1 and, onto nothing, 1.2, at 1 s; it is lost, and decided upon a minute later by
 * evidence that has only 1.1. */
static void begin_to_lose(struct history *history, unsigned newest)
{
    history_open(history);
    history_checkpoint(history, A, 0, H1 | H2);
    history_checkpoint(history, A, 0, newest);
    history_loses_h1(history);
    history->hosts[0].since = 30 * MN_SECOND;
}

static void lose_the_newest(struct history *history)
{
    history_at(history, 60000);
    history_decides(history, "h1", NULL,
                    "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h1, h2]}}]");
}

static const char could_have[] =
    "G1: round 1: a is taken back to 100000001, and could have kept 100000002";

static void sees_that_a_copy_was_there(void **state)
{
    (void)state;
    struct history history;
    begin_to_lose(&history, H1 | H2);
    lose_the_newest(&history);
    history_broken(&history, could_have);
    history_close(&history);
    begin_to_lose(&history, H1); /* all of it is lost */
    lose_the_newest(&history);
    history_fine(&history);
    history_close(&history);
}

/* lost_ms and two seconds are what a copy's host has to say so. */
static void asks_only_for_what_was_there_long_enough(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct history history;
        begin_to_lose(&history, H1);
        history_at(&history, i == 0 ? 48000 : 47999);
        observer_copy(history.observer, 1, A, EPOCH(1, 2), OBSERVER_COPY_MADE);
        lose_the_newest(&history);
        history_broken(&history, i == 0 ? "nothing" : could_have);
        history_close(&history);
    }
}

static void asks_only_for_what_could_be_reached_all_the_time(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct history history;
        begin_to_lose(&history, H1 | H2);
        struct observer_host *host = &history.hosts[1];
        host->agent = i != 0;
        host->reached = i != 1;
        host->since = (i == 2 ? 48000 : 47999) * MN_MS;
        lose_the_newest(&history);
        history_broken(&history, i < 3 ? "nothing" : could_have);
        history_close(&history);
    }
}

static void asks_for_the_whole_chain(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct history history;
        history_open(&history);
        history_checkpoint(&history, A, 0, H1 | H2);
        history_checkpoint(&history, A, 1, i == 0 ? H1 : H1 | H2);
        history_checkpoint(&history, A, 2, H1 | H2);
        history_loses_h1(&history);
        lose_the_newest(&history);
        history_broken(&history,
                       i == 0 ? "nothing"
                              : "G1: round 1: a is taken back to 100000001, and could have kept "
                                "100000003");
        history_close(&history);
    }
}

/* All files of 1.3 are there, but who knows what a heard in 1.2? It is in no file that is left, for
 * 1.3 is a full one and says only what came after the full one before it. */
static void asks_only_for_what_is_covered(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h1, h2]}}, "
        "{vat: a, epoch: 1.3, since: 1.2, kind: full, copies: {at: [h1, h2]}}]",
        /* The one that decides remembers 1.2, but not 1.3, which is there. */
        "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h1, h2]}}, "
        "{vat: a, epoch: 1.2, since: 1.1, kind: full, copies: {at: [h1]}}]"};
    for (int i = 0; i < 2; i++) {
        struct history history;
        history_open(&history);
        history_checkpoint(&history, A, 0, H1 | H2);
        history_checkpoint(&history, A, 0, H1);
        history_checkpoint(&history, A, 0, H1 | H2);
        history_loses_h1(&history);
        history_at(&history, 60000);
        history_decides(&history, "h1", NULL, rows[i]);
        history_broken(&history,
                       i == 0 ? "nothing"
                              : "G1: round 1: a is taken back to 100000001, and could have kept "
                                "100000003");
        history_close(&history);
    }
}

/* A diff's file says what was heard since the last full one: 1.3 covers 1.2, of which no file is
 * left, but not the chain that it applies onto; and a full 1.2 would have to be there itself. */
static void knows_what_a_diff_says_of_the_one_before_it(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct history history;
        history_open(&history);
        history_checkpoint(&history, A, 0, H1 | H2);
        history_checkpoint(&history, A, i == 0 ? 0 : 1, H1);
        history_checkpoint(&history, A, 1, H1 | H2);
        history_loses_h1(&history);
        history_at(&history, 60000);
        history_decides(&history, "h1", NULL,
                        "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h1, h2]}}, "
                        "{vat: a, epoch: 1.3, since: 1.2, kind: diff, onto: 1.1, "
                        "copies: {at: [h1, h2]}}]");
        history_broken(&history,
                       i == 0 ? "nothing"
                              : "G1: round 1: a is taken back to 100000001, and could have kept "
                                "100000003");
        history_close(&history);
    }
}

static void asks_for_nothing_that_heard_what_somebody_forgot(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct history history;
        history_open(&history);
        history_checkpoint(&history, A, 0, H1 | H2);
        history_checkpoint(&history, B, 0, H2 | H3);
        uint64_t id = history_sends(&history, B, A);
        if (i == 0) {
            history_takes(&history, A, B, id);
        }
        history_checkpoint(&history, A, 0, H1 | H3);
        history_ends(&history, A);
        history_ends(&history, B);
        history_at(&history, 60000);
        history_decides(&history, NULL, "a, b",
                        "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h1, h2]}}, "
                        "{vat: b, epoch: 1.1, kind: full, copies: {at: [h2, h3]}}]");
        history_broken(&history, i == 0 ? "nothing" : could_have);
        history_close(&history);
    }
}

/* b gave up in 1.1, or in 1.2, which it forgets, what it had sent in 1.1; a heard of that in 1.2.
 */
static void asks_for_nothing_that_heard_of_a_gap_in_what_its_sender_forgot(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct history history;
        history_open(&history);
        uint64_t id = history_sends(&history, B, A);
        struct observer_actor b = history_actor(&history, B);
        if (i == 1) {
            observer_undelivered(history.observer, &b, A, id, id);
        }
        history_checkpoint(&history, A, 0, H1 | H2);
        history_checkpoint(&history, B, 0, H2 | H3);
        b = history_actor(&history, B);
        if (i == 0) {
            observer_undelivered(history.observer, &b, A, id, id);
        }
        struct observer_actor a = history_actor(&history, A);
        observer_gap(history.observer, &a, B, 1, 1, false);
        history_checkpoint(&history, A, 0, H1 | H3);
        history_ends(&history, A);
        history_ends(&history, B);
        history_at(&history, 60000);
        history_decides(&history, NULL, "a, b",
                        "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h1, h2]}}, "
                        "{vat: b, epoch: 1.1, kind: full, copies: {at: [h2, h3]}}, "
                        "{vat: b, epoch: 1.2, forms: []}]");
        history_broken(&history, i == 0 ? "nothing" : could_have);
        history_close(&history);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_that_what_was_forgotten_is_taken),
        cmocka_unit_test(sees_that_something_is_taken_twice_or_too_early),
        cmocka_unit_test(sees_that_a_fenced_run_is_believed),
        cmocka_unit_test(sees_who_keeps_what_was_forgotten_and_is_not_told),
        cmocka_unit_test(sees_that_a_vat_still_runs_that_is_taken_back),
        cmocka_unit_test(sees_a_checkpoint_restored_that_never_was),
        cmocka_unit_test(sees_that_a_copy_was_there),
        cmocka_unit_test(asks_only_for_what_was_there_long_enough),
        cmocka_unit_test(asks_only_for_what_could_be_reached_all_the_time),
        cmocka_unit_test(asks_for_the_whole_chain),
        cmocka_unit_test(asks_only_for_what_is_covered),
        cmocka_unit_test(knows_what_a_diff_says_of_the_one_before_it),
        cmocka_unit_test(asks_for_nothing_that_heard_what_somebody_forgot),
        cmocka_unit_test(asks_for_nothing_that_heard_of_a_gap_in_what_its_sender_forgot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
