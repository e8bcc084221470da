/* Keepers that began anew, from the coordinator's side: nothing that they say shows whether their
 * disk is an older one, and none of it counts before they are called whole. h1, h3 and h5 are the
 * keepers; the own journal ends with record 3 of generation 2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "coordinator/core/keeping_stage.h"

static const uint64_t three[] = {1, 1, 2, 0};

/* h1's disk may be an older one, and h5 have what it had: without h5 the newest record is perhaps
 * not seen. */
static void one_that_began_anew_and_another_are_no_majority(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_with(&stage, three);
    stage_pass_over(&stage);
    stage_promised(&stage, 1, 3, 3, 2, MN_MEMBER_RETURNED);
    stage_promised(&stage, 3, 3, 3, 2, MN_MEMBER_WHOLE);
    expect(&stage, "");
    stage_tick_at(&stage, 5000);
    expect(&stage, "h5 promise 3\n"
                   "note keepers_missing\n");
    stage_promised(&stage, 5, 3, 3, 2, MN_MEMBER_WHOLE);
    assert_true(keeping_leads(stage.keeping));
    stage_close(&stage);
}

static void all_that_began_anew_are_enough_together(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_with(&stage, three);
    stage_pass_over(&stage);
    stage_promised(&stage, 1, 3, 3, 2, MN_MEMBER_RETURNED);
    stage_promised(&stage, 3, 3, 3, 2, MN_MEMBER_RETURNED);
    assert_false(keeping_leads(stage.keeping));
    stage_promised(&stage, 5, 3, 3, 2, MN_MEMBER_RETURNED);
    expect(&stage, "lead in 3\n"
                   "note leads\n"
                   "h1 keep #1 after 3 of 2 up to 3\n"
                   "h3 keep #2 after 3 of 2 up to 3\n"
                   "h5 keep #3 after 3 of 2 up to 3\n");
    stage_kept(&stage, 1, 1, 3, MN_MEMBER_RETURNED);
    stage_kept(&stage, 3, 2, 3, MN_MEMBER_RETURNED);
    expect(&stage, ""); /* the life of h1's disk was noted by h3 alone, and that of h3's by h1 */
    stage_kept(&stage, 5, 3, 3, MN_MEMBER_RETURNED);
    expect(&stage, "h1 keep #4 after 3 of 2 up to 3, whole at 3\n"
                   "h3 keep #5 after 3 of 2 up to 3, whole at 3\n"
                   "h5 keep #6 after 3 of 2 up to 3, whole at 3\n");
    stage_close(&stage);
}

static void one_that_began_anew_counts_again_when_the_others_have_noted_it(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_leading(&stage);
    stage_kept(&stage, 1, 1, 3, MN_MEMBER_WHOLE);
    stage_kept(&stage, 3, 2, 3, MN_MEMBER_RETURNED);
    expect(&stage, "note keeper_began_anew\n");
    stage_recorded(&stage, 4, 3);
    stage_kept(&stage, 1, 4, 4, MN_MEMBER_WHOLE);
    stage_kept(&stage, 3, 5, 4, MN_MEMBER_RETURNED);
    stage_pass_over(&stage);
    stage_tick_at(&stage, 2100);
    stage_pass_over(&stage);
    stage_kept(&stage, 1, 6, 4, MN_MEMBER_WHOLE);
    stage_kept(&stage, 3, 7, 4, MN_MEMBER_RETURNED);
    expect(&stage, "");
    stage_kept(&stage, 5, 8, 3, MN_MEMBER_WHOLE);
    expect(&stage, "h3 keep #9 after 4 of 3 up to 4, whole at 3\n"
                   "h5 keep #10 after 3 of 2 up to 4\n");
    stage_kept(&stage, 3, 9, 4, MN_MEMBER_WHOLE);
    expect(&stage, "note keeper_whole\n"
                   "in force up to 4\n");
    stage_close(&stage);
}

/* What h1 and h5 said before h3 began anew says nothing of that life of its disk. */
static void one_that_began_anew_does_not_count_by_what_was_said_before(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_leading(&stage);
    stage_kept(&stage, 1, 1, 3, MN_MEMBER_WHOLE);
    stage_kept(&stage, 5, 3, 3, MN_MEMBER_WHOLE);
    stage_kept(&stage, 3, 2, 3, MN_MEMBER_RETURNED);
    expect(&stage, "note keeper_began_anew\n");
    stage_tick_at(&stage, 2100);
    expect(&stage, "h1 keep #4 after 3 of 2 up to 3\n"
                   "h3 keep #5 after 3 of 2 up to 3\n"
                   "h5 keep #6 after 3 of 2 up to 3\n");
    stage_kept(&stage, 1, 4, 3, MN_MEMBER_WHOLE);
    stage_kept(&stage, 3, 5, 3, MN_MEMBER_RETURNED);
    expect(&stage, "");
    stage_kept(&stage, 5, 6, 3, MN_MEMBER_WHOLE);
    expect(&stage, "h3 keep #7 after 3 of 2 up to 3, whole at 3\n");
    stage_close(&stage);
}

/* h3 has another disk, and has nothing that what was sent goes on from. */
static void has_forgotten_once_whoever_is_filled_up_again(void **state)
{
    (void)state;
    struct stage stage;
    struct mn_up nothing = {.kind = MN_UP_KEPT};
    stage_open_leading(&stage);
    stage_kept(&stage, 3, 2, 3, MN_MEMBER_WHOLE);
    stage_pass_over(&stage);
    stage_tick_at(&stage, 2100);
    stage_pass_over(&stage);
    nothing.kept.number = 5;
    nothing.kept.member = MN_MEMBER_BLANK;
    stage_up(&stage, 3, &nothing);
    expect(&stage, "note keeper_has_forgotten\n"
                   "h3 keep #7 after 0 of 0 up to 3\n");
    stage_kept(&stage, 3, 7, 1, MN_MEMBER_BLANK); /* of more than fit into one message */
    expect(&stage, "h3 keep #8 after 1 of 1 up to 3\n");
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_began_anew_and_another_are_no_majority),
        cmocka_unit_test(all_that_began_anew_are_enough_together),
        cmocka_unit_test(one_that_began_anew_counts_again_when_the_others_have_noted_it),
        cmocka_unit_test(one_that_began_anew_does_not_count_by_what_was_said_before),
        cmocka_unit_test(has_forgotten_once_whoever_is_filled_up_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
