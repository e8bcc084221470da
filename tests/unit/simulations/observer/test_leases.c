/* Leases: no two lives of a vat have one at the same time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "history.h"

/* a has had a lease since 1 s, until 3 s; another life of it begins. */
static struct observer_actor begin_again(struct history *history)
{
    history_open(history);
    history_checkpoint(history, A, 0, H1 | H2);
    struct observer_actor former = history_actor(history, A);
    observer_lease(history->observer, &former, 3000 * MN_MS);
    history_fine(history);
    history->hosts[0].reached = false;
    history_decides(history, "h1", NULL,
                    "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h1, h2]}}]");
    history_begins(history, A, history_state(A, EPOCH(1, 1)));
    history_fine(history);
    return former;
}

static void sees_that_two_lives_have_a_lease(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct history history;
        struct observer_actor former = begin_again(&history);
        struct observer_actor a = history_actor(&history, A);
        history_at(&history, i == 1 ? 3000 : 2900);
        if (i == 2) { /* no process, no lease */
            observer_harm(history.observer);
            observer_vat_ends(history.observer, &former);
        }
        observer_lease(history.observer, &a, 5000 * MN_MS);
        history_broken(&history, i > 0 ? "nothing"
                                       : "lease: run 2 of a has a lease while that of run 1 still "
                                         "runs for 100 ms");
        history_close(&history);
    }
}

/* It wants one and hears that it may not: that does nobody any harm. */
static void sees_nothing_wrong_in_having_none(void **state)
{
    (void)state;
    struct history history;
    (void)begin_again(&history);
    struct observer_actor a = history_actor(&history, A);
    history_at(&history, 2000);
    observer_lease(history.observer, &a, 2000 * MN_MS);
    history_fine(&history);
    history_close(&history);
}

static void sees_that_a_former_life_has_its_lease_renewed(void **state)
{
    (void)state;
    struct history history;
    struct observer_actor former = begin_again(&history);
    struct observer_actor a = history_actor(&history, A);
    history_at(&history, 3500);
    observer_lease(history.observer, &a, 5000 * MN_MS);
    history_fine(&history);
    observer_lease(history.observer, &former, 4000 * MN_MS);
    history_broken(&history, "lease: run 1 of a has a lease while that of run 2 still runs for "
                             "1500 ms");
    history_close(&history);
}

static void sees_that_somebody_wants_a_lease_in_vain(void **state)
{
    (void)state;
    struct history history;
    history_open(&history);
    struct observer_actor a = history_actor(&history, A);
    observer_lease(history.observer, &a, 3000 * MN_MS);
    history_at(&history, 2999);
    assert_null(observer_unsettled(history.observer));
    history_at(&history, 3000);
    assert_string_equal(observer_unsettled(history.observer), "a wants a lease and has none");
    observer_settled(history.observer);
    history_broken(&history, "liveness: a wants a lease and has none");
    history_close(&history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_that_two_lives_have_a_lease),
        cmocka_unit_test(sees_nothing_wrong_in_having_none),
        cmocka_unit_test(sees_that_a_former_life_has_its_lease_renewed),
        cmocka_unit_test(sees_that_somebody_wants_a_lease_in_vain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
