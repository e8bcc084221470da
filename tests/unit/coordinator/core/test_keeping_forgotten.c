/* Journals that were lost, or are old ones, as those show who remember more. h1, h3 and h5 are the
 * keepers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "coordinator/core/keeping_stage.h"

static const uint64_t none[] = {0};

/* All keepers have lost what they kept, but not the checkpoints on their stores. */
static void promised_with_checkpoints(struct stage *stage, uint32_t host, uint64_t generation)
{
    struct mn_up message = {.generation = generation, .kind = MN_UP_PROMISED};
    message.promised.promised = generation;
    message.promised.candidate = CANDIDATE;
    message.promised.member = MN_MEMBER_BLANK;
    message.promised.holds = host == 3;
    stage_up(stage, host, &message);
}

static void an_empty_journal_beside_checkpoints_is_no_new_cluster(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_with(&stage, none);
    stage_pass_over(&stage);
    promised_with_checkpoints(&stage, 1, 1);
    promised_with_checkpoints(&stage, 3, 1);
    promised_with_checkpoints(&stage, 5, 1);
    expect(&stage, "");
    stage_tick_at(&stage, 7000);
    expect(&stage, "note keepers_missing\n");
    stage_accept(&stage);
    expect(&stage, "note unknown_accepted\n"
                   "h1 promise 2\nh3 promise 2\nh5 promise 2\n");
    promised_with_checkpoints(&stage, 1, 2);
    promised_with_checkpoints(&stage, 3, 2);
    promised_with_checkpoints(&stage, 5, 2);
    expect(&stage, "lead in 2, accepted\n"
                   "note leads\n"
                   "h1 keep #1 after 0 of 0 up to 0, whole at 1\n"
                   "h3 keep #2 after 0 of 0 up to 0, whole at 1\n"
                   "h5 keep #3 after 0 of 0 up to 0, whole at 1\n");
    stage_close(&stage);
}

/* The journal has only the record of generation 1; all keepers are blank, and there are
 * checkpoints.
 */
static void open_one_generation(struct stage *stage, bool kept)
{
    stage_load(stage, none);
    stage_generation(stage, 1, 1, kept);
    stage_begin(stage);
    promised_with_checkpoints(stage, 1, 2);
    promised_with_checkpoints(stage, 3, 2);
    stage_pass_over(stage);
    promised_with_checkpoints(stage, 5, 2);
}

/* They are new, and the cluster went without keepers before. */
static void a_journal_counts_before_keepers_that_never_kept_anything(void **state)
{
    (void)state;
    struct stage stage;
    open_one_generation(&stage, false);
    expect(&stage, "note new_cluster\n"
                   "lead in 2\n"
                   "note leads\n"
                   "h1 keep #1 after 0 of 0 up to 1, founding\n"
                   "h3 keep #2 after 0 of 0 up to 1, founding\n"
                   "h5 keep #3 after 0 of 0 up to 1, founding\n");
    stage_close(&stage);
}

static void all_are_blank(struct stage *stage, uint64_t generation)
{
    stage_promised(stage, 1, generation, 0, 0, MN_MEMBER_BLANK);
    stage_promised(stage, 3, generation, 0, 0, MN_MEMBER_BLANK);
    stage_pass_over(stage);
    stage_promised(stage, 5, generation, 0, 0, MN_MEMBER_BLANK);
}

/* Nothing says that this journal has all that the keepers had. */
static void a_journal_that_was_kept_waits_for_a_word_when_all_keepers_have_lost_it(void **state)
{
    (void)state;
    struct stage stage;
    stage_load(&stage, none);
    stage_generation(&stage, 1, 1, true);
    struct keeping_event event = {.kind = KEEPING_ON_LOG};
    event.record.sequence = 2;
    event.record.generation = 1;
    event.record.kind = MN_JOURNAL_VAT;
    stage_step(&stage, &event);
    stage_begin(&stage);
    all_are_blank(&stage, 2);
    expect(&stage, "");
    stage_tick_at(&stage, 7000);
    expect(&stage, "note keepers_missing\n");
    stage_accept_above(&stage, 500);
    all_are_blank(&stage, 501);
    expect(&stage, "lead in 501, accepted\n"
                   "note leads\n"
                   "h1 keep #1 after 0 of 0 up to 2, whole at 2\n"
                   "h3 keep #2 after 0 of 0 up to 2, whole at 2\n"
                   "h5 keep #3 after 0 of 0 up to 2, whole at 2\n");
    stage_close(&stage);
}

/* A generation that was never in force is none that keepers had: it died as it began. */
static void a_new_cluster_that_died_as_it_began_begins_again(void **state)
{
    (void)state;
    struct stage stage;
    stage_load(&stage, none);
    stage_generation(&stage, 1, 1, true);
    stage_generation(&stage, 2, 2, true);
    stage_begin(&stage);
    all_are_blank(&stage, 3);
    expect(&stage, "note new_cluster\n"
                   "lead in 3\n"
                   "note leads\n"
                   "h1 keep #1 after 0 of 0 up to 2, founding\n"
                   "h3 keep #2 after 0 of 0 up to 2, founding\n"
                   "h5 keep #3 after 0 of 0 up to 2, founding\n");
    stage_close(&stage);
}

/* Of an old journal that keepers had only the beginning is left; there are checkpoints. */
static void the_beginning_of_a_journal_that_was_kept_waits_for_a_word(void **state)
{
    (void)state;
    struct stage stage;
    open_one_generation(&stage, true);
    expect(&stage, "");
    stage_tick_at(&stage, 7000);
    expect(&stage, "note keepers_missing\n");
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_journal_beside_checkpoints_is_no_new_cluster),
        cmocka_unit_test(a_journal_that_was_kept_waits_for_a_word_when_all_keepers_have_lost_it),
        cmocka_unit_test(a_new_cluster_that_died_as_it_began_begins_again),
        cmocka_unit_test(a_journal_counts_before_keepers_that_never_kept_anything),
        cmocka_unit_test(the_beginning_of_a_journal_that_was_kept_waits_for_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
