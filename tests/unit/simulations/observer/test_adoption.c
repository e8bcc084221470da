/* Adoptions: which disks may be brought into a decision, and that it waits for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "history.h"

static void freeze(struct history *history, mn_run run)
{
    const struct mn_vat_run suspect = {.vat = mn_name_of("a"), .run = run};
    struct mn_journal_record record = {.kind = MN_JOURNAL_FREEZE};
    record.freeze = (struct mn_journal_freeze){.round = 1, .suspects = &suspect, 1};
    history_record(history, &record);
}

/* On h3 there is the disk of that run of a. */
static void adopt(struct history *history, mn_run run)
{
    struct mn_journal_record record = {.kind = MN_JOURNAL_STEP};
    record.step = (struct mn_journal_step){.step = MN_STEP_ADOPT,
                                           .round = 1,
                                           .vat = mn_name_of("a"),
                                           .run = run,
                                           .host = mn_name_of("h3"),
                                           .store = "/old"};
    history_record(history, &record);
}

static void lose_a(struct history *history)
{
    history_open(history);
    history_checkpoint(history, A, 0, H1 | H2);
    history_loses_h1(history);
    freeze(history, 1);
}

static void decide(struct history *history)
{
    history_decides(history, "h1", NULL,
                    "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h1, h2]}}]");
}

static void sees_that_a_disk_is_adopted_of_a_run_that_was_not_lost_last(void **state)
{
    (void)state;
    struct history history;
    lose_a(&history);
    adopt(&history, 1);
    history_fine(&history);
    history_close(&history);
    history_open(&history); /* nobody has missed it */
    adopt(&history, 1);
    history_broken(&history, "adoption: a disk with run 1 of a is adopted in round 1; its newest "
                             "run is 1, and run 0 was found lost last");
    history_close(&history);
}

static void sees_that_a_disk_is_adopted_after_a_later_life(void **state)
{
    (void)state;
    struct history history;
    lose_a(&history);
    decide(&history);
    adopt(&history, 1);
    history_broken(&history, "adoption: a disk with run 1 of a is adopted in round 1; its newest "
                             "run is 2, and run 1 was found lost last");
    history_close(&history);
}

/* It is on its way to being read from 1 s on. */
static void sees_that_a_decision_does_not_wait_for_a_disk(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct history history;
        lose_a(&history);
        adopt(&history, 1);
        if (i == 1) { /* it has been read */
            observer_read(history.observer, 2, A);
        } else if (i == 2) { /* another disk has */
            observer_read(history.observer, 1, A);
        } else if (i == 3) { /* the host has left off, and is back */
            history.hosts[2].since = 1500 * MN_MS;
        } else if (i == 4) {
            history.hosts[2].reached = false;
        } else if (i == 5) { /* who decides does not know of it */
            history_generation(&history);
        }
        history_at(&history, 2000);
        decide(&history);
        history_broken(&history, i == 0 || i == 2
                                     ? "adoption: round 1 is decided while h3 reads the disk with "
                                       "a that it is to bring into it"
                                     : "nothing");
        history_close(&history);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_that_a_disk_is_adopted_of_a_run_that_was_not_lost_last),
        cmocka_unit_test(sees_that_a_disk_is_adopted_after_a_later_life),
        cmocka_unit_test(sees_that_a_decision_does_not_wait_for_a_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
