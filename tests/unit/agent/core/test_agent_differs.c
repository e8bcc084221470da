/* Words of vats that remember other things of a peer than it does: they go on to the coordinator,
 * in the name of the run that said them and of no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent_play.h"

static void differs(struct play *play, mn_run run)
{
    struct mn_from_vat message = {.run = run, .kind = MN_FROM_VAT_DIFFERS};
    message.differs = (struct mn_differs){
        .peer = mn_name_of("x2"), .run = 4, .self = true, .epoch = mn_epoch_first(3)};
    play_vat(play, 'a', &message);
}

static void says_it_each_time_that_the_vat_does(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    differs(&play, 1);
    differs(&play, 1);
    play_expect(&play, "up differs x1/1 x2/4: self forgot 3.1\n"
                       "up differs x1/1 x2/4: self forgot 3.1\n");
    play_close(&play);
}

static void says_nothing_for_a_run_that_is_over(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    differs(&play, 2);
    play_expect(&play, "vat a end: this run of the vat is over\n"
                       "note vat_refused x1\n");
    play_close(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_it_each_time_that_the_vat_does),
        cmocka_unit_test(says_nothing_for_a_run_that_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
