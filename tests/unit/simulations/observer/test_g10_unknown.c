/* G10: what evidence may leave out, and of whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "history.h"

static struct mn_down freeze_of(uint64_t round, uint64_t generation)
{
    struct mn_down down = {.kind = MN_DOWN_FREEZE, .generation = generation};
    down.freeze.round = round;
    return down;
}

/* Round 1 begins to ask at 2 s, and all living agents hear it then. */
static void ask(struct history *history)
{
    const struct mn_down freeze = freeze_of(1, 1);
    history_at(history, 2000);
    for (uint32_t host = 0; host < HISTORY_HOST_COUNT; host++) {
        observer_down(history->observer, host, &freeze, false);
        observer_hears(history->observer, host, &freeze);
    }
}

static const char left_out[] =
    "G10: b runs, and the evidence neither has what it heard of a in epoch 100000001 nor calls it "
    "unknown";

/* b has heard of a in 1.1 of both, and has made a checkpoint of that. */
static void hear(struct history *history)
{
    history_open(history);
    history_takes(history, B, A, history_sends(history, A, B));
    history_checkpoint(history, B, 0, H2 | H3);
    ask(history);
}

static void sees_that_the_evidence_leaves_out_what_somebody_heard(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "open: [{vat: b, epoch: 1.2}]",
        "open: [{vat: b, epoch: 1.2, heard: [{vat: a, epoch: 1.1}]}]",
        "checkpoints: [{vat: b, epoch: 1.1, kind: full, copies: {at: [h2, h3]}, "
        "heard: [{vat: a, epoch: 1.1}]}]",
        "checkpoints: [{vat: b, epoch: 1.1, kind: full, copies: {at: [h2, h3]}}]"};
    for (int i = 0; i < 4; i++) {
        struct history history;
        hear(&history);
        if (i == 3) {
            history_ends(&history, B);
        }
        history_decides(&history, NULL, i == 3 ? "b" : NULL, rows[i]);
        history_broken(&history, i == 0 ? left_out : "nothing");
        history_close(&history);
    }
}

/* Of another epoch of a it has heard nothing. */
static void sees_that_the_evidence_names_another_epoch(void **state)
{
    (void)state;
    struct history history;
    hear(&history);
    history_decides(&history, NULL, NULL,
                    "open: [{vat: b, epoch: 1.2, heard: [{vat: a, epoch: 1.2}]}]");
    history_broken(&history, left_out);
    history_close(&history);
}

/* What it heard after it was asked, and what is settled. */
static void lets_the_evidence_leave_out_what_it_need_not_have(void **state)
{
    (void)state;
    struct history history;
    history_open(&history);
    uint64_t id = history_sends(&history, A, B);
    ask(&history);
    history_takes(&history, B, A, id);
    history_decides(&history, NULL, NULL, "open: [{vat: b, epoch: 1.1}]");
    history_fine(&history);
    history_close(&history);
    hear(&history);
    history.listed = "a: {host: h1}, b: {host: h2, floor: 1.1}, c: {host: h3}";
    history_decides(&history, NULL, NULL, "open: [{vat: b, epoch: 1.2}]");
    history_fine(&history);
    history_close(&history);
}

/* Only of who runs since before it was asked: a life that began later has not been. */
static void asks_for_nothing_of_who_began_later(void **state)
{
    (void)state;
    struct history history;
    history_open(&history);
    history_checkpoint(&history, B, 0, H2 | H3);
    history_ends(&history, B);
    history_decides(&history, NULL, "b",
                    "checkpoints: [{vat: b, epoch: 1.1, kind: full, copies: {at: [h2, h3]}}]");
    const struct mn_down freeze = freeze_of(2, 1);
    observer_down(history.observer, 0, &freeze, false);
    history_begins(&history, B, history_state(B, EPOCH(1, 1)));
    history_takes(&history, B, A, history_sends(&history, A, B));
    history_at(&history, 2000);
    history_decides(&history, NULL, NULL, "open: []");
    history_fine(&history);
    history_close(&history);
}

/* a, whose 1.2 was made at 1 s, is lost with h1. */
static void lose_a(struct history *history, unsigned newest)
{
    history_open(history);
    history_checkpoint(history, A, 0, H1 | H2);
    history_checkpoint(history, A, 0, newest);
    history_loses_h1(history);
}

static void decide(struct history *history)
{
    history_decides(history, "h1", NULL,
                    "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h1, h2]}}]");
}

static const char checkpoint_left_out[] =
    "G10: a is lost, and the evidence leaves out its checkpoint 100000002, which was on h2 when "
    "that was asked";

static void sees_that_the_evidence_leaves_out_a_checkpoint(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct history history;
        lose_a(&history, i == 1 ? H1 : H1 | H2);
        if (i == 2) { /* it is asked before, so that nobody knows in time */
            const struct mn_down freeze = freeze_of(1, 1);
            history_at(&history, 500);
            observer_hears(history.observer, 1, &freeze);
        } else if (i == 0) {
            ask(&history);
        } /* or never */
        decide(&history);
        history_broken(&history, i == 0 ? checkpoint_left_out : "nothing");
        history_close(&history);
    }
}

static void asks_for_no_checkpoint_that_was_asked_for_by_another(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct history history;
        lose_a(&history, H1 | H2);
        ask(&history);
        if (i == 1) { /* its agent has begun anew, and knows of no freeze */
            observer_agent_begins(history.observer, 1);
        } else if (i == 2) {
            history_generation(&history);
        }
        decide(&history);
        history_broken(&history, i == 0 ? checkpoint_left_out : "nothing");
        history_close(&history);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_that_the_evidence_leaves_out_what_somebody_heard),
        cmocka_unit_test(sees_that_the_evidence_names_another_epoch),
        cmocka_unit_test(lets_the_evidence_leave_out_what_it_need_not_have),
        cmocka_unit_test(asks_for_nothing_of_who_began_later),
        cmocka_unit_test(sees_that_the_evidence_leaves_out_a_checkpoint),
        cmocka_unit_test(asks_for_no_checkpoint_that_was_asked_for_by_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
