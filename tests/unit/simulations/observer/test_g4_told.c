/* G4: who is told what, once, and before it takes what came of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "history.h"

/* a forgets 1.2, in which it has heard of b in 1.1; it begins again, in incarnation 2, and takes
 * that once more. */
static void forget(struct history *history)
{
    history_open(history);
    history_takes(history, C, B, history_sends(history, B, C));
    history_checkpoint(history, A, 0, H1 | H2);
    uint64_t id = history_sends(history, B, A);
    history_takes(history, A, B, id);
    history_checkpoint(history, A, 0, H1);
    history_loses_h1(history);
    history_decides(history, "h1", NULL,
                    "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h1, h2]}}, "
                    "{vat: a, epoch: 1.2, kind: full, copies: {at: [h1]}, "
                    "heard: [{vat: b, epoch: 1.1}]}], "
                    "open: [{vat: c, epoch: 1.1, heard: [{vat: b, epoch: 1.1}]}]");
    history_begins(history, A, history_state(A, EPOCH(1, 1)));
    history_takes(history, A, B, id);
    history_fine(history);
}

static struct mn_notice notice_of_a(void)
{
    return (struct mn_notice){.peer = mn_name_of("a"),
                              .incarnation = 2,
                              .kept = EPOCH(1, 1),
                              .forgot_you = {EPOCH(1, 1), EPOCH(1, 1)}};
}

static void told(struct history *history, uint32_t vat, const struct mn_notice *notice, bool reset)
{
    struct observer_actor actor = history_actor(history, vat);
    observer_notice(history->observer, &actor, notice, reset);
}

static void sees_that_somebody_is_told_twice(void **state)
{
    (void)state;
    struct history history;
    const struct mn_notice notice = notice_of_a();
    forget(&history);
    told(&history, B, &notice, false);
    history_fine(&history);
    told(&history, B, &notice, false);
    history_broken(&history, "G4: b is told twice of a incarnation 2: in epochs 100000001 and "
                             "100000001");
    history_close(&history);
}

static void sees_that_somebody_is_told_other_than_was_decided(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct history history;
        struct mn_notice notice = notice_of_a();
        notice.kept += i == 1 ? 1 : 0;
        notice.forgot_you.last += i == 2 ? 1 : 0;
        forget(&history);
        told(&history, B, &notice, i == 3);
        history_broken(&history, i == 0 ? "nothing" : "G4: b is told of a other than was decided");
        history_close(&history);
    }
}

static void sees_that_somebody_is_told_what_nobody_decided(void **state)
{
    (void)state;
    struct history history;
    const struct mn_notice notice = notice_of_a();
    forget(&history);
    told(&history, C, &notice, false);
    history_broken(&history, "G2: c is told of a incarnation 2, which no decision says");
    history_close(&history);
}

/* Through c, which may know of the new life of a and never heard of the one before. */
static void sees_that_somebody_hears_of_a_new_life_before_he_is_told(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct history history;
        const struct mn_notice notice = notice_of_a();
        forget(&history);
        history_takes(&history, C, A, history_sends(&history, A, C));
        uint64_t id = history_sends(&history, C, B);
        if (i == 0) {
            told(&history, B, &notice, false);
        }
        history_fine(&history);
        history_takes(&history, B, C, id);
        history_broken(&history, i == 0 ? "nothing"
                                        : "G4: b takes of c what incarnation 2 of a had a part in, "
                                          "before it is told of it");
        history_close(&history);
    }
}

/* What c said before it heard of that life was not caused by it. */
static void takes_no_offence_at_what_was_said_before(void **state)
{
    (void)state;
    struct history history;
    forget(&history);
    uint64_t id = history_sends(&history, C, B);
    history_takes(&history, C, A, history_sends(&history, A, C));
    history_takes(&history, B, C, id);
    history_fine(&history);
    history_close(&history);
}

/* b goes back to a checkpoint from before it was told: it has not been. */
static void has_somebody_told_again_who_has_forgotten_it(void **state)
{
    (void)state;
    struct history history;
    const struct mn_notice notice = notice_of_a();
    forget(&history);
    history_checkpoint(&history, B, 0, H2 | H3);
    assert_string_equal(observer_unsettled(history.observer),
                        "b has not been told of a, by round 1");
    told(&history, B, &notice, false);
    assert_null(observer_unsettled(history.observer));
    history_ends(&history, B);
    history_decides(&history, NULL, "b",
                    "checkpoints: [{vat: b, epoch: 1.1, kind: full, copies: {at: [h2, h3]}}], "
                    "open: [{vat: a, epoch: 2.1, heard: [{vat: b, epoch: 1.1}]}, "
                    "{vat: b, epoch: 1.2}, {vat: c, epoch: 1.1, heard: [{vat: b, epoch: 1.1}]}]");
    assert_string_equal(observer_unsettled(history.observer),
                        "b has not been told of a, by round 1");
    history_begins(&history, B, history_state(B, EPOCH(1, 1)));
    told(&history, B, &notice, false);
    history_fine(&history);
    told(&history, B, &notice, false);
    history_broken(&history, "G4: b is told twice of a incarnation 2: in epochs 200000001 and "
                             "200000001");
    history_close(&history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_that_somebody_is_told_twice),
        cmocka_unit_test(sees_that_somebody_is_told_other_than_was_decided),
        cmocka_unit_test(sees_that_somebody_is_told_what_nobody_decided),
        cmocka_unit_test(sees_that_somebody_hears_of_a_new_life_before_he_is_told),
        cmocka_unit_test(takes_no_offence_at_what_was_said_before),
        cmocka_unit_test(has_somebody_told_again_who_has_forgotten_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
