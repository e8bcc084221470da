/* G7: what may be deleted, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "history.h"

static void deleted(struct history *history, uint32_t host, mn_epoch epoch)
{
    observer_copy(history->observer, host, A, epoch, OBSERVER_COPY_DELETED);
}

/* Two copies of the newest durable checkpoint are to be kept. */
static void sees_that_what_is_needed_is_deleted(void **state)
{
    (void)state;
    for (uint32_t i = 1; i <= 2; i++) {
        struct history history;
        history_open(&history);
        history_checkpoint(&history, A, 0, H1 | H2);
        history_checkpoint(&history, A, 0, H1 | H2);
        deleted(&history, 0, EPOCH(1, i));
        history_broken(&history, i == 1 ? "nothing"
                                        : "G7: checkpoint 100000002 of a is deleted on h1, and is "
                                          "needed");
        history_close(&history);
    }
}

/* 1.2 has one copy only: a can go back to no more than 1.1. */
static void needs_the_older_one_until_the_newer_is_durable(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct history history;
        history_open(&history);
        history_checkpoint(&history, A, 0, H1 | H2);
        history_checkpoint(&history, A, 0, H1);
        if (i == 0) {
            observer_copy(history.observer, 2, A, EPOCH(1, 2), OBSERVER_COPY_MADE);
        }
        deleted(&history, 1, EPOCH(1, 1));
        history_broken(&history, i == 0 ? "nothing"
                                        : "G7: checkpoint 100000001 of a is deleted on h2, and is "
                                          "needed");
        history_close(&history);
    }
}

static void needs_what_a_diff_applies_onto(void **state)
{
    (void)state;
    for (uint32_t onto = 0; onto < 2; onto++) {
        struct history history;
        history_open(&history);
        history_checkpoint(&history, A, 0, H1 | H2);
        history_checkpoint(&history, A, onto, H1 | H2);
        deleted(&history, 0, EPOCH(1, 1));
        history_broken(&history, onto == 0 ? "nothing"
                                           : "G7: checkpoint 100000001 of a is deleted on h1, and "
                                             "is needed");
        history_close(&history);
    }
}

static void needs_no_more_copies_than_are_wanted(void **state)
{
    (void)state;
    struct history history;
    history_open(&history);
    history_checkpoint(&history, A, 0, H1 | H2 | H3);
    deleted(&history, 2, EPOCH(1, 1));
    history_fine(&history);
    deleted(&history, 1, EPOCH(1, 1));
    history_broken(&history, "G7: checkpoint 100000001 of a is deleted on h2, and is needed");
    history_close(&history);
}

/* Nobody counts on h2 any more, so that what is there is no third copy; and what it does with its
 * own is nobody's loss, until it is back. */
static void counts_on_no_host_that_was_given_up(void **state)
{
    (void)state;
    for (uint32_t host = 1; host <= 2; host++) {
        for (int back = 0; back < 2; back++) {
            struct history history;
            const struct mn_down welcome = {.kind = MN_DOWN_WELCOME, .generation = 1};
            history_open(&history);
            history_checkpoint(&history, A, 0, H1 | H2 | H3);
            history_ends(&history, B);
            history.hosts[1].up = false;
            history_decides(&history, "h2", NULL, "checkpoints: []");
            if (back == 1) {
                observer_hears(history.observer, 1, &welcome);
            }
            deleted(&history, host, EPOCH(1, 1));
            history_broken(&history, host == 1 || back == 1
                                         ? "nothing"
                                         : "G7: checkpoint 100000001 of a is deleted on h3, and "
                                           "is needed");
            history_close(&history);
        }
    }
}

static struct mn_down freeze_of(uint64_t round, uint64_t generation)
{
    struct mn_down down = {.kind = MN_DOWN_FREEZE, .generation = generation};
    down.freeze.round = round;
    return down;
}

static const char while_open[] =
    "G7: checkpoint 100000001 of a is deleted on h2 while round 1 is open";

/* Even what is needed no more, from the freeze that the host has heard to the decision. */
static void sees_that_a_frozen_host_deletes(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        struct history history;
        history_open(&history);
        history_checkpoint(&history, A, 0, H1 | H2);
        history_checkpoint(&history, A, 0, H1 | H2);
        const struct mn_down freeze = freeze_of(1, i == 1 ? 0 : 1);
        observer_hears(history.observer, i == 2 ? 2 : 1, &freeze);
        if (i == 3) {
            history_decides(&history, NULL, NULL, "checkpoints: []");
        } else if (i == 4) {
            observer_agent_begins(history.observer, 1);
        }
        observer_deletes(history.observer, 1, A, EPOCH(1, 1));
        history_broken(&history, i == 0 ? while_open : "nothing");
        history_close(&history);
    }
}

static void lets_a_frozen_host_delete_what_is_no_part_of_a_history(void **state)
{
    (void)state;
    struct history history;
    const struct mn_down freeze = freeze_of(1, 1);
    history_open(&history);
    history_checkpoint(&history, A, 0, H1 | H3);
    observer_hears(history.observer, 1, &freeze);
    observer_deletes(history.observer, 1, A, EPOCH(1, 1)); /* which is not there */
    observer_deletes(history.observer, 1, A, EPOCH(1, 7));
    history_fine(&history);
    history_close(&history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_that_what_is_needed_is_deleted),
        cmocka_unit_test(needs_the_older_one_until_the_newer_is_durable),
        cmocka_unit_test(needs_what_a_diff_applies_onto),
        cmocka_unit_test(needs_no_more_copies_than_are_wanted),
        cmocka_unit_test(counts_on_no_host_that_was_given_up),
        cmocka_unit_test(sees_that_a_frozen_host_deletes),
        cmocka_unit_test(lets_a_frozen_host_delete_what_is_no_part_of_a_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
