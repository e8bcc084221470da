/* The keepers are sent what the own journal's disk is at: both have to have it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "coordinator/core/keeping_stage.h"

static const uint64_t three[] = {1, 1, 2, 0};

/* The disk is at the records up to @sequence. */
static void writing(struct stage *stage, uint64_t sequence, uint64_t generation)
{
    struct keeping_event event = {.kind = KEEPING_ON_WRITING};
    event.writing = (struct mn_head){.generation = generation, .sequence = sequence};
    stage_step(stage, &event);
}

/* It leads in generation 3, and h1 and h3 have all there is, records 4 and 5 but for the disk. */
static void open_ahead(struct stage *stage)
{
    stage_open_leading(stage);
    stage_kept(stage, 1, 1, 3, MN_MEMBER_WHOLE);
    stage_kept(stage, 3, 2, 3, MN_MEMBER_WHOLE);
    stage_pass_over(stage);
    writing(stage, 5, 3);
    expect(stage, "h1 keep #4 after 3 of 2 up to 5\n"
                  "h3 keep #5 after 3 of 2 up to 5\n");
    stage_kept(stage, 1, 4, 5, MN_MEMBER_WHOLE);
    stage_kept(stage, 3, 5, 5, MN_MEMBER_WHOLE);
}

static void what_the_keepers_have_is_in_force_once_the_own_journal_has_it(void **state)
{
    (void)state;
    struct stage stage;
    struct keeping_facts facts;
    open_ahead(&stage);
    expect(&stage, "");
    stage_recorded(&stage, 4, 3);
    expect(&stage, "in force up to 4\n");
    stage_recorded(&stage, 5, 3);
    expect(&stage, "in force up to 5\n");
    keeping_facts(stage.keeping, &facts);
    assert_int_equal(facts.newest, 5);
    stage_close(&stage);
}

static void what_the_own_journal_has_is_in_force_once_the_keepers_have_it(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_leading(&stage);
    stage_kept(&stage, 1, 1, 3, MN_MEMBER_WHOLE);
    stage_kept(&stage, 3, 2, 3, MN_MEMBER_WHOLE);
    writing(&stage, 4, 3);
    stage_pass_over(&stage);
    stage_recorded(&stage, 4, 3);
    expect(&stage, "");
    stage_kept(&stage, 1, 4, 4, MN_MEMBER_WHOLE);
    expect(&stage, "");
    stage_kept(&stage, 3, 5, 4, MN_MEMBER_WHOLE);
    expect(&stage, "in force up to 4\n");
    stage_close(&stage);
}

/* The recorder says what its disk is at without knowing who leads. */
static void what_another_generation_is_writing_is_told_nobody(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_with(&stage, three);
    stage_pass_over(&stage);
    writing(&stage, 4, 3);
    expect(&stage, "");
    stage_promised(&stage, 1, 3, 3, 2, MN_MEMBER_WHOLE);
    stage_promised(&stage, 3, 3, 3, 2, MN_MEMBER_WHOLE);
    stage_kept(&stage, 1, 1, 3, MN_MEMBER_WHOLE);
    stage_pass_over(&stage);
    writing(&stage, 4, 2);
    writing(&stage, 3, 3); /* it is there already */
    expect(&stage, "");
    stage_close(&stage);
}

/* The own process died when two keepers had what its disk had not: started again beside its
 * journal, which ends with record 3, it carries that on and gives nothing else its number. */
static void what_only_the_keepers_had_is_carried_on(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_with(&stage, three);
    stage_pass_over(&stage);
    stage_promised(&stage, 1, 3, 3, 2, MN_MEMBER_WHOLE);
    struct mn_up overtaken = {.kind = MN_UP_OVERTAKEN};
    overtaken.overtaken.generation = 3; /* which its former process had */
    stage_up(&stage, 3, &overtaken);
    stage_tick_at(&stage, 2100);
    expect(&stage, "h1 promise 4\nh3 promise 4\nh5 promise 4\n");
    stage_promised(&stage, 1, 4, 5, 3, MN_MEMBER_WHOLE);
    stage_promised(&stage, 5, 4, 3, 2, MN_MEMBER_WHOLE); /* it was away */
    expect(&stage, "h1 recall 4 after 2\n");
    struct mn_up up = {.generation = 4, .kind = MN_UP_RECALLED};
    static const unsigned char bytes[1];
    struct mn_kept records[2];
    for (uint32_t i = 0; i < 2; i++) {
        records[i] = (struct mn_kept){
            .sequence = 4 + i, .generation = 3, .size = 1, .bytes = bytes, .byte_count = 1};
    }
    up.recalled.sequence = 4;
    up.recalled.matched = true;
    up.recalled.newest = 5;
    up.recalled.records = records;
    up.recalled.record_count = 2;
    stage_up(&stage, 1, &up);
    expect(&stage, "append 4 of 3\nappend 5 of 3\n");
    stage_recorded(&stage, 4, 3);
    stage_recorded(&stage, 5, 3);
    expect(&stage, "note journal_had_forgotten\n"
                   "lead in 4\n"
                   "note leads\n"
                   "h1 keep #1 after 5 of 3 up to 5\n"
                   "h3 keep #2 after 5 of 3 up to 5\n"
                   "h5 keep #3 after 3 of 2 up to 5\n");
    stage_close(&stage);
}

/* Record 5 says that h7 is to replace h5: h1 and h5, two of the old ones, have it before the own
 * disk, and would be enough by what that says until then. */
static void who_keeps_is_what_the_own_journal_says_when_it_is_durable(void **state)
{
    (void)state;
    struct stage stage;
    stage_open_leading(&stage);
    stage_kept(&stage, 1, 1, 3, MN_MEMBER_WHOLE);
    stage_kept(&stage, 5, 3, 3, MN_MEMBER_WHOLE);
    writing(&stage, 6, 3);
    stage_pass_over(&stage);
    stage_kept(&stage, 1, 4, 6, MN_MEMBER_WHOLE);
    stage_kept(&stage, 5, 5, 6, MN_MEMBER_WHOLE);
    expect(&stage, "");
    stage_recorded(&stage, 4, 3);
    expect(&stage, "in force up to 4\n");
    stage_keepers(&stage, KEEPING_ON_RECORDED, 5, 3, "135 to 137");
    expect(&stage, "h7 keep #6 after 6 of 3 up to 6\n");
    stage_recorded(&stage, 6, 3);
    expect(&stage, "");
    stage_kept(&stage, 7, 6, 0, MN_MEMBER_BLANK);
    expect(&stage, "h7 keep #7 after 0 of 0 up to 6\n");
    stage_kept(&stage, 3, 2, 3, MN_MEMBER_WHOLE);
    expect(&stage, "h3 keep #8 after 3 of 2 up to 6\n");
    stage_kept(&stage, 3, 8, 6, MN_MEMBER_WHOLE);
    expect(&stage, "in force up to 6\n"
                   "change h1 h3 h7 by alice: it burned\n");
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_keepers_have_is_in_force_once_the_own_journal_has_it),
        cmocka_unit_test(what_the_own_journal_has_is_in_force_once_the_keepers_have_it),
        cmocka_unit_test(what_another_generation_is_writing_is_told_nobody),
        cmocka_unit_test(what_only_the_keepers_had_is_carried_on),
        cmocka_unit_test(who_keeps_is_what_the_own_journal_says_when_it_is_durable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
