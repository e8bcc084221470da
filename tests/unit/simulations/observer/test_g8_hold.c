/* G8: who decides, and whom it may take for lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "history.h"

static const char a_goes_back[] =
    "checkpoints: [{vat: a, epoch: 1.1, kind: full, copies: {at: [h1, h2]}}]";

static void lose_h1(struct history *history)
{
    history_open(history);
    history_checkpoint(history, A, 0, H1 | H2);
    history_ends(history, A);
}

/* Fine for twice lost_ms and a second. */
static void sees_that_a_host_is_taken_for_lost_that_is_fine(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct history history;
        lose_h1(&history);
        history.hosts[0].agent = i != 1;
        history.hosts[0].reached = i != 2;
        history.hosts[0].since = (i == 3 ? 39000 : 38999) * MN_MS;
        history_at(&history, 60000);
        history_decides(&history, "h1", NULL, a_goes_back);
        history_broken(&history, i > 0 ? "nothing"
                                       : "G8: round 1 takes h1 for lost, which has been fine all "
                                         "the time");
        history_close(&history);
    }
}

static void sees_that_one_decides_who_is_cut_off(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct history history;
        lose_h1(&history);
        history.hosts[0].up = false;
        for (uint32_t host = 1; host < HISTORY_HOST_COUNT; host++) {
            history.hosts[host].reached = i == 1 && host == 1;
            history.hosts[host].since = (i == 2 && host == 1 ? 39000 : 38999) * MN_MS;
        }
        history.hosts[2].up = i != 3; /* of one host alone nobody can say which side it is on */
        history_at(&history, 60000);
        history_decides(&history, "h1", NULL, a_goes_back);
        history_broken(&history, i > 0 ? "nothing"
                                       : "G8: round 1 is decided by a coordinator that is cut "
                                         "off");
        history_close(&history);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_that_a_host_is_taken_for_lost_that_is_fine),
        cmocka_unit_test(sees_that_one_decides_who_is_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
