/* A keeper: what it promises, what it keeps, and what it says of itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "agent_play.h"
#include "core/agent_private.h"

static void promise(struct play *play, uint64_t generation, uint64_t candidate)
{
    struct mn_down down = {.generation = generation, .kind = MN_DOWN_PROMISE};
    down.promise.candidate = candidate;
    play_step(play, &(struct agent_event){.kind = AGENT_ON_DOWN, .down = &down});
}

/* One record of @size bytes, of its own generation @of, after one of generation @after; said to
 * whoever has that life of h1's disk. */
static void keep_in_life(struct play *play, uint64_t life, uint64_t generation, uint64_t sequence,
                         uint64_t of, uint64_t after, uint64_t size, uint64_t offset,
                         uint64_t whole_at)
{
    static unsigned char bytes[MN_PIECE_SIZE_MAX];
    struct mn_kept record = {
        .sequence = sequence,
        .generation = of,
        .kind = 1,
        .size = size,
        .offset = offset,
        .bytes = bytes,
        .byte_count =
            (uint32_t)(size - offset < MN_PIECE_SIZE_MAX ? size - offset : MN_PIECE_SIZE_MAX)};
    struct mn_down down = {.generation = generation, .kind = MN_DOWN_KEEP};
    down.keep.number = 1;
    down.keep.after = sequence - 1;
    down.keep.after_generation = after;
    down.keep.records = &record;
    down.keep.record_count = 1;
    down.keep.whole_at = whole_at;
    struct mn_noted noted = {.host = mn_name_of("h1"), .disk = life};
    down.keep.noted = &noted;
    down.keep.noted_count = life != 0 ? 1 : 0;
    play_step(play, &(struct agent_event){.kind = AGENT_ON_DOWN, .down = &down});
}

static void keep(struct play *play, uint64_t generation, uint64_t sequence, uint64_t of,
                 uint64_t after, uint64_t size, uint64_t offset, uint64_t whole_at)
{
    keep_in_life(play, 0, generation, sequence, of, after, size, offset, whole_at);
}

static void recall(struct play *play, uint64_t generation, uint64_t sequence, uint64_t after)
{
    struct mn_down down = {.generation = generation, .kind = MN_DOWN_RECALL};
    down.recall.sequence = sequence;
    down.recall.after_generation = after;
    play_step(play, &(struct agent_event){.kind = AGENT_ON_DOWN, .down = &down});
}

static void open_promised(struct play *play)
{
    play_open(play, 2, 2);
    play_begin(play);
    promise(play, 5, 77);
    play_recorded(play, 2);
    play_skip(play);
}

static void answers_a_promise_once_it_is_durable(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_begin(&play);
    play_skip(&play);
    promise(&play, 5, 77);
    play_expect(&play, "note generation\n"
                       "record #1 generation 5\n"
                       "record #2 promise 5 to 77\n");
    play_recorded(&play, 1);
    play_expect(&play, "up hello h1 generation 5 round 0\n");
    play_recorded(&play, 2);
    play_expect(&play, "up promised 5 to 77, newest 0 of 0, blank\n");
    play_close(&play);
}

static void promises_a_generation_to_one_coordinator(void **state)
{
    (void)state;
    struct play play;
    open_promised(&play);
    promise(&play, 5, 78);
    play_expect(&play, "up overtaken by 5\n");
    promise(&play, 4, 77);
    play_expect(&play, "up overtaken by 5\n");
    promise(&play, 5, 77); /* its answer was lost */
    play_expect(&play, "up promised 5 to 77, newest 0 of 0, blank\n");
    play_close(&play);
}

static void keeps_only_what_goes_on_from_what_it_has(void **state)
{
    (void)state;
    struct play play;
    open_promised(&play);
    keep(&play, 5, 2, 5, 5, 3, 0, 0);
    play_expect(&play, "up kept #1 not after 0 + 0, blank\n");
    keep(&play, 5, 1, 5, 0, 3, 0, 0);
    play_expect(&play, "record #3 kept 1 + 0 of 5\n");
    play_recorded(&play, 3);
    play_expect(&play, "up kept #1 up to 1 + 0, blank\n");
    keep(&play, 5, 1, 5, 0, 3, 0, 0); /* again: nothing to do */
    play_expect(&play, "up kept #1 up to 1 + 0, blank\n");
    keep(&play, 4, 2, 4, 5, 3, 0, 0); /* of a coordinator that is overtaken */
    play_expect(&play, "up overtaken by 5\n");
    play_close(&play);
}

/* Its disk is slow, and then full: it is asked again with each heartbeat. */
static void owes_one_answer_and_the_newest_however_often_it_is_asked(void **state)
{
    (void)state;
    struct play play;
    open_promised(&play);
    keep(&play, 5, 1, 5, 0, 3, 0, 0);
    keep(&play, 5, 2, 5, 5, 3, 0, 0);
    keep(&play, 5, 3, 5, 5, 3, 0, 0);
    play_skip(&play);
    play_recorded(&play, 3);
    play_expect(&play, "up kept #1 up to 1 + 0, blank\n");
    play_recorded(&play, 4);
    play_expect(&play, "");
    play_recorded(&play, 5);
    play_expect(&play, "up kept #1 up to 3 + 0, blank\n");
    keep(&play, 5, 4, 5, 5, 3, 0, 0);
    play_skip(&play);
    for (int i = 0; i < 1000; i++) {
        keep(&play, 5, 4, 5, 5, 3, 0, 0);
    }
    assert_int_equal(play.agent->pending_count, 1);
    play_recorded(&play, 6);
    play_expect(&play, "up kept #1 up to 4 + 0, blank\n");
    play_close(&play);
}

static void gives_way_to_a_newer_generation(void **state)
{
    (void)state;
    struct play play;
    open_promised(&play);
    keep(&play, 5, 1, 4, 0, 3, 0, 0);
    keep(&play, 5, 2, 5, 4, 3, 0, 0);
    keep(&play, 5, 3, 5, 5, 3, 0, 0);
    play_recorded(&play, 5);
    play_skip(&play);
    keep(&play, 6, 3, 6, 6, 3, 0, 0); /* that one has another second record */
    play_expect(&play, "note generation\n"
                       "record #6 generation 6\n");
    play_recorded(&play, 6);
    play_expect(&play, "up hello h1 generation 6 round 0\n"
                       "up kept #1 not after 1 + 0, blank\n");
    keep(&play, 6, 2, 6, 4, 3, 0, 0);
    play_expect(&play, "note kept_records_dropped\n"
                       "forget #7 kept 3 + 0 of 0\n"
                       "forget #8 kept 2 + 0 of 0\n"
                       "record #9 kept 2 + 0 of 6\n");
    play_recorded(&play, 9);
    play_expect(&play, "up kept #1 up to 2 + 0, blank\n");
    play_close(&play);
}

static void takes_a_large_record_in_pieces(void **state)
{
    (void)state;
    const uint64_t size = MN_PIECE_SIZE_MAX + 10;
    struct play play;
    open_promised(&play);
    keep(&play, 5, 1, 5, 0, size, MN_PIECE_SIZE_MAX, 0); /* the end first is of no use */
    play_expect(&play, "up kept #1 up to 0 + 0, blank\n");
    keep(&play, 5, 1, 5, 0, size, 0, 0);
    play_recorded(&play, 3);
    play_expect(&play, "record #3 kept 1 + 0 of 5\n"
                       "up kept #1 up to 0 + 262144, blank\n");
    keep(&play, 5, 1, 5, 0, size, MN_PIECE_SIZE_MAX, 0);
    play_recorded(&play, 4);
    play_expect(&play, "record #4 kept 1 + 262144 of 5\n"
                       "up kept #1 up to 1 + 0, blank\n");
    keep(&play, 6, 1, 6, 0, 3, 0, 0); /* all pieces give way */
    play_recorded(&play, 8);
    play_expect(&play, "note generation\n"
                       "record #5 generation 6\n"
                       "note kept_records_dropped\n"
                       "forget #6 kept 1 + 0 of 0\n"
                       "forget #7 kept 1 + 262144 of 0\n"
                       "record #8 kept 1 + 0 of 6\n"
                       "up hello h1 generation 6 round 0\n"
                       "up kept #1 up to 1 + 0, blank\n");
    play_close(&play);
}

static void votes_when_it_has_been_called_whole(void **state)
{
    (void)state;
    struct play play;
    open_promised(&play);
    keep(&play, 5, 1, 5, 0, 3, 0, 2);
    play_recorded(&play, 3);
    play_expect(&play, "record #3 kept 1 + 0 of 5\n"
                       "up kept #1 up to 1 + 0, blank\n");
    keep_in_life(&play, PLAY_DISK - 1, 5, 2, 5, 5, 3, 0, 2); /* not meant for this one */
    play_expect(&play, "record #4 noted h1 49\n"
                       "record #5 kept 2 + 0 of 5\n");
    play_recorded(&play, 5);
    play_expect(&play, "up kept #1 up to 2 + 0, blank\n");
    keep_in_life(&play, PLAY_DISK, 5, 2, 5, 5, 3, 0, 2);
    play_expect(&play, "record #6 noted h1 50\n"
                       "record #7 member whole\n"
                       "note keeper\n");
    play_recorded(&play, 7);
    play_expect(&play, "up kept #1 up to 2 + 0, whole\n");
    play_close(&play);
}

/* Named beside another life of its disk, that somebody was told of: the coordinator has heard
 * nothing since. */
static void is_not_called_whole_by_who_does_not_know_its_newest_life(void **state)
{
    (void)state;
    struct play play;
    open_promised(&play);
    const struct mn_noted noted[] = {{.host = mn_name_of("h1"), .disk = PLAY_DISK},
                                     {.host = mn_name_of("h1"), .disk = PLAY_DISK - 1}};
    struct mn_down down = {.generation = 5, .kind = MN_DOWN_KEEP};
    down.keep.number = 1;
    down.keep.whole_at = 1;
    down.keep.noted = noted;
    down.keep.noted_count = 2;
    keep(&play, 5, 1, 5, 0, 3, 0, 0);
    play_recorded(&play, 3);
    play_skip(&play);
    down.keep.after = 1;
    down.keep.after_generation = 5;
    play_step(&play, &(struct agent_event){.kind = AGENT_ON_DOWN, .down = &down});
    play_recorded(&play, 4);
    play_expect(&play, "record #4 noted h1 50 h1 49\n"
                       "up kept #1 up to 1 + 0, blank\n");
    down.keep.noted_count = 1;
    play_step(&play, &(struct agent_event){.kind = AGENT_ON_DOWN, .down = &down});
    play_recorded(&play, 6);
    play_expect(&play, "record #5 noted h1 50\n"
                       "record #6 member whole\n"
                       "note keeper\n"
                       "up kept #1 up to 1 + 0, whole\n");
    play_close(&play);
}

static void notes_which_disks_the_others_have(void **state)
{
    (void)state;
    struct play play;
    open_promised(&play);
    struct mn_noted noted = {.host = mn_name_of("h3"), .disk = 9};
    struct mn_down down = {.generation = 5, .kind = MN_DOWN_KEEP};
    down.keep.number = 1;
    down.keep.noted = &noted;
    down.keep.noted_count = 1;
    play_step(&play, &(struct agent_event){.kind = AGENT_ON_DOWN, .down = &down});
    play_expect(&play, "record #3 noted h3 9\n");
    play_recorded(&play, 3);
    play_expect(&play, "up kept #1 up to 0 + 0, blank\n");
    play_step(&play, &(struct agent_event){.kind = AGENT_ON_DOWN, .down = &down}); /* no news */
    play_expect(&play, "up kept #1 up to 0 + 0, blank\n");
    promise(&play, 6, 78);
    play_recorded(&play, 5);
    play_expect(&play, "note generation\n"
                       "record #4 generation 6\n"
                       "record #5 promise 6 to 78\n"
                       "up hello h1 generation 6 round 0\n"
                       "up promised 6 to 78, newest 0 of 0, blank, noted h3 9\n");
    play_close(&play);
}

static void remembers_all_of_it_after_a_restart(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    struct mn_agent_record records[6] = {{.kind = MN_AGENT_GENERATION, .generation = 5},
                                         {.kind = MN_AGENT_HEAD, .head = {5, 1}},
                                         {.kind = MN_AGENT_KEPT},
                                         {.kind = MN_AGENT_KEPT},
                                         {.kind = MN_AGENT_MEMBER, .member = MN_MEMBER_WHOLE},
                                         {.kind = MN_AGENT_PROMISE, .promise = {5, 77}}};
    records[2].kept = (struct mn_kept){.sequence = 1, .generation = 4, .size = 3, .byte_count = 3};
    records[3].kept = (struct mn_kept){.sequence = 2, .generation = 5, .size = 3, .byte_count = 3};
    for (int i = 0; i < 6; i++) {
        play_step(&play, &(struct agent_event){.kind = AGENT_ON_RECORD, .record = &records[i]});
    }
    play_begin(&play);
    play_skip(&play);
    promise(&play, 5, 77);
    play_expect(&play, "up promised 5 to 77, newest 2 of 5, returned\n");
    recall(&play, 5, 1, 0);
    play_expect(&play, "recall: recalled 1 + 0 up to 2\n");
    recall(&play, 5, 2, 3);
    play_expect(&play, "recalled 2 + 0 not after 0\n");
    recall(&play, 5, 4, 5);
    play_expect(&play, "recalled 4 + 0 not after 2\n");
    recall(&play, 5, 3, 5); /* there is no more */
    play_expect(&play, "recalled 3 + 0 up to 2\n");
    keep_in_life(&play, PLAY_DISK, 5, 2, 5, 4, 3, 0, 2); /* its disk was none that is older */
    play_expect(&play, "record #1 noted h1 50\n"
                       "note keeper\n");
    play_recorded(&play, 1);
    play_expect(&play, "up kept #1 up to 2 + 0, whole\n");
    play_close(&play);
}

static void holds_the_newest_head_that_it_was_shown(void **state)
{
    (void)state;
    struct play play;
    open_promised(&play);
    struct mn_down down = {.generation = 5, .head = 9, .kind = MN_DOWN_WELCOME};
    play_step(&play, &(struct agent_event){.kind = AGENT_ON_DOWN, .down = &down});
    play_expect(&play, "record #3 head 9 of 5\n");
    down.head = 8; /* late */
    play_step(&play, &(struct agent_event){.kind = AGENT_ON_DOWN, .down = &down});
    play_expect(&play, "up hello h1 generation 5 round 0\n");
    play_close(&play);
}

static void says_what_it_was_shown_before_it_takes_down_a_new_head(void **state)
{
    (void)state;
    struct play play;
    open_promised(&play);
    struct mn_down down = {.generation = 5, .head = 9, .kind = MN_DOWN_WELCOME};
    play_step(&play, &(struct agent_event){.kind = AGENT_ON_DOWN, .down = &down});
    play_expect(&play, "record #3 head 9 of 5\n");
    down.generation = 6; /* its journal may have lost what it said of 5 */
    down.head = 20;
    play_step(&play, &(struct agent_event){.kind = AGENT_ON_DOWN, .down = &down});
    play_expect(&play, "note generation\n"
                       "record #4 generation 6\n");
    play_recorded(&play, 4);
    play_expect(&play, "up hello h1 generation 6 round 0\n"); /* with record 9 of 5 */
    play_step(&play, &(struct agent_event){.kind = AGENT_ON_DOWN, .down = &down});
    play_expect(&play, "record #5 head 20 of 6\n");
    play_close(&play);
}

static void an_answer_takes_whole_records_or_one_piece(void **state)
{
    (void)state;
    struct mn_kept room[AGENT_RECALL_COUNT_MAX];
    struct mn_up up = {.kind = MN_UP_RECALLED};
    up.recalled.sequence = 4;
    struct mn_kept next = {.sequence = 5, .size = 3, .byte_count = 3};
    assert_false(agent_recall_add(&up, room, &next));
    next.sequence = 4;
    assert_true(agent_recall_add(&up, room, &next));
    next = (struct mn_kept){.sequence = 5, .size = MN_PIECE_SIZE_MAX + 1};
    next.byte_count = MN_PIECE_SIZE_MAX;
    assert_false(agent_recall_add(&up, room, &next));
    up.recalled.record_count = 0;
    up.recalled.sequence = 5;
    assert_true(agent_recall_add(&up, room, &next));
    next = (struct mn_kept){.sequence = 6, .size = 3, .byte_count = 3};
    assert_false(agent_recall_add(&up, room, &next));
    assert_int_equal(up.recalled.record_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_a_promise_once_it_is_durable),
        cmocka_unit_test(promises_a_generation_to_one_coordinator),
        cmocka_unit_test(keeps_only_what_goes_on_from_what_it_has),
        cmocka_unit_test(owes_one_answer_and_the_newest_however_often_it_is_asked),
        cmocka_unit_test(gives_way_to_a_newer_generation),
        cmocka_unit_test(takes_a_large_record_in_pieces),
        cmocka_unit_test(votes_when_it_has_been_called_whole),
        cmocka_unit_test(is_not_called_whole_by_who_does_not_know_its_newest_life),
        cmocka_unit_test(notes_which_disks_the_others_have),
        cmocka_unit_test(remembers_all_of_it_after_a_restart),
        cmocka_unit_test(holds_the_newest_head_that_it_was_shown),
        cmocka_unit_test(says_what_it_was_shown_before_it_takes_down_a_new_head),
        cmocka_unit_test(an_answer_takes_whole_records_or_one_piece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
