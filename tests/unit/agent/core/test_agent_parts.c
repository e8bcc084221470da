/* An answer to a freeze that is more than one message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent_play.h"

/* x1 and x2 run here, on connections a and b. */
static void run_both(struct play *play)
{
    play_run_x1(play);
    play_start(play, "x2", 1, 0, NULL, 0);
    play_recorded(play, 5);
    play_started(play, "x2", 72);
    play_recorded(play, 6);
    play_attach(play, 'b', "x2", 0, 72);
    play_attach(play, 'b', "x2", 1, 72);
    play_recorded(play, 7);
    play_skip(play);
}

static void ask_both(struct play *play, uint32_t attempt)
{
    play_freeze(play, 1, attempt, NULL, NULL, 0);
    play_interval(play, 'a', 1, 1, attempt, EPOCH(1, 1), 0);
    play_skip(play);
    play_interval(play, 'b', 1, 1, attempt, EPOCH(1, 1), 0);
}

/* Parts of one vat each. */
static void begin(struct play *play)
{
    play_open_parts(play, 1);
    run_both(play);
    ask_both(play, 1);
    play_expect(play, "up intervals round 1 attempt 1 part 0 of more (x1 1.1 since 0.0 heard x3 "
                      "1.7)\n"
                      "note intervals_sent\n");
}

static void says_the_next_part_when_the_one_before_it_has_been_taken(void **state)
{
    (void)state;
    struct play play;
    begin(&play);
    play_at(&play, 900);
    play_tick(&play);
    play_expect(&play, "");
    play_more(&play, 1, 1, 0);
    play_expect(&play, "up intervals round 1 attempt 1 part 1 (x2 1.1 since 0.0 heard x3 1.7)\n"
                       "note intervals_sent\n");
    play_close(&play);
}

static void says_a_part_again_that_was_lost_and_takes_it_for_taken_once(void **state)
{
    (void)state;
    struct play play;
    begin(&play);
    play_freeze(&play, 1, 1, NULL, NULL, 0);
    play_expect(&play, "up intervals round 1 attempt 1 part 0 of more (x1 1.1 since 0.0 heard x3 "
                       "1.7)\n"
                       "note intervals_sent\n");
    play_more(&play, 1, 1, 0);
    play_skip(&play);
    play_more(&play, 1, 1, 0); /* of what was said again */
    play_expect(&play, "");
    play_freeze(&play, 1, 1, NULL, NULL, 0);
    play_expect(&play, "up intervals round 1 attempt 1 part 1 (x2 1.1 since 0.0 heard x3 1.7)\n"
                       "note intervals_sent\n");
    play_more(&play, 1, 1, 1); /* there is no more */
    play_expect(&play, "");
    play_close(&play);
}

/* A slow link has it on its way: what is asked for again and again would only wait behind it. */
static void says_what_is_asked_for_again_and_again_ever_more_rarely(void **state)
{
    (void)state;
    struct play play;
    uint32_t said = 0;
    begin(&play);
    for (uint32_t tenth = 0; tenth < 200; tenth++) {
        play_at(&play, (mn_time)tenth * 100);
        play_freeze(&play, 1, 1, NULL, NULL, 0);
        said += strstr(play.text, "up intervals") != NULL ? 1 : 0;
        play_skip(&play);
    }
    assert_int_equal(said, 5); /* after 0, 1, 3, 7 and 15 s */
    play_close(&play);
}

static void begins_anew_with_each_attempt(void **state)
{
    (void)state;
    struct play play;
    begin(&play);
    ask_both(&play, 2);
    play_expect(&play, "up intervals round 1 attempt 2 part 0 of more (x1 1.1 since 0.0 heard x3 "
                       "1.7)\n"
                       "note intervals_sent\n");
    play_more(&play, 1, 1, 0); /* it was taken, but as a part of another answer */
    play_expect(&play, "");
    play_more(&play, 1, 2, 0);
    play_expect(&play, "up intervals round 1 attempt 2 part 1 (x2 1.1 since 0.0 heard x3 1.7)\n"
                       "note intervals_sent\n");
    play_close(&play);
}

/* x1 answers after it was called silent, and before the answer is whole. */
static void says_in_a_later_part_what_came_late(void **state)
{
    (void)state;
    struct play play;
    play_open_parts(&play, 1);
    run_both(&play);
    play_freeze(&play, 1, 1, NULL, NULL, 0);
    play_interval(&play, 'b', 1, 1, 1, EPOCH(1, 1), 0);
    play_skip(&play);
    play_at(&play, 2000);
    play_tick(&play);
    assert_non_null(strstr(play.text, "up intervals round 1 attempt 1 part 0 of more silent x1\n"));
    play_interval(&play, 'a', 1, 1, 1, EPOCH(1, 1), 0);
    play_skip(&play);
    play_more(&play, 1, 1, 0);
    play_expect(&play, "up intervals round 1 attempt 1 part 1 of more (x1 1.1 since 0.0 heard x3 "
                       "1.7)\n"
                       "note intervals_sent\n");
    play_more(&play, 1, 1, 1);
    play_expect(&play, "up intervals round 1 attempt 1 part 2 (x2 1.1 since 0.0 heard x3 1.7)\n"
                       "note intervals_sent\n");
    play_close(&play);
}

static void says_nothing_more_of_a_vat_that_ended_between_two_parts(void **state)
{
    (void)state;
    struct play play;
    begin(&play);
    play_exited(&play, "x2", 72, "killed");
    play_skip(&play);
    play_more(&play, 1, 1, 0);
    play_expect(&play, "up intervals round 1 attempt 1 part 1\n"
                       "note intervals_sent\n");
    play_close(&play);
}

/* What was said of an answer that is as large as vats can make it. */
struct told {
    uint32_t messages;
    uint32_t intervals;
    uint32_t heard;
    uint32_t silent;
    bool more;
};

static void step(struct play *play, const struct agent_event *event, struct told *told)
{
    struct agent_effects effects = {0};
    agent_step(play->agent, play->now, event, &effects);
    assert_int_equal(effects.result, MN_OK);
    for (size_t i = 0; i < effects.count; i++) {
        const struct mn_up *up = effects.items[i].up;
        if (effects.items[i].kind != AGENT_DO_SEND_UP || up->kind != MN_UP_INTERVALS) {
            continue;
        }
        struct mn_buffer bytes = {0};
        assert_int_equal(mn_up_encode(up, &bytes), MN_OK);
        assert_true(bytes.size <= MN_MESSAGE_SIZE_MAX);
        mn_buffer_deinit(&bytes);
        told->messages += 1;
        told->intervals += up->intervals.interval_count;
        told->heard += up->intervals.heard_count;
        told->silent += up->intervals.silent_count;
        told->more = up->intervals.more;
    }
    agent_effects_deinit(&effects);
}

/* An interval that heard all that a vat may have heard, of peers whose names are as long as may be.
 */
static void answer_most(struct play *play, char connection, struct told *told)
{
    struct mn_name *names = calloc(MN_HEARD_PEER_COUNT_MAX, sizeof *names);
    struct mn_heard *heard = calloc(MN_HEARD_COUNT_MAX, sizeof *heard);
    assert_non_null(names);
    assert_non_null(heard);
    for (uint32_t i = 0; i < MN_HEARD_PEER_COUNT_MAX; i++) {
        memset(names[i].text, 'p', MN_NAME_SIZE_MAX);
        (void)snprintf(names[i].text, sizeof names[i].text, "%05u", i);
        names[i].text[5] = 'p';
    }
    for (uint32_t i = 0; i < MN_HEARD_COUNT_MAX; i++) {
        heard[i] = (struct mn_heard){.peer = i % MN_HEARD_PEER_COUNT_MAX,
                                     .epoch = MN_EPOCH_MAX - i / MN_HEARD_PEER_COUNT_MAX};
    }
    struct mn_from_vat message = {.kind = MN_FROM_VAT_INTERVAL, .run = 1};
    message.interval.round = 1;
    message.interval.attempt = 1;
    message.interval.epoch = EPOCH(1, 1);
    message.interval.names = names;
    message.interval.name_count = MN_HEARD_PEER_COUNT_MAX;
    message.interval.heard = heard;
    message.interval.heard_count = MN_HEARD_COUNT_MAX;
    struct agent_event event = {.kind = AGENT_ON_VAT};
    event.vat.connection.bytes[0] = (unsigned char)connection;
    event.vat.message = &message;
    step(play, &event, told);
    free(names);
    free(heard);
}

static void says_all_that_its_vats_have_heard_however_much_that_is(void **state)
{
    (void)state;
    struct play play;
    struct told told = {0};
    play_open(&play, 2, 2);
    run_both(&play);
    play_freeze(&play, 1, 1, NULL, NULL, 0);
    answer_most(&play, 'a', &told);
    assert_int_equal(told.messages, 0);
    answer_most(&play, 'b', &told);
    assert_int_equal(told.messages, 1);
    assert_int_equal(told.intervals, 1);
    assert_int_equal(told.heard, MN_HEARD_COUNT_MAX);
    assert_true(told.more);
    struct mn_down down = {.generation = 1, .kind = MN_DOWN_MORE};
    down.more.round = 1;
    down.more.attempt = 1;
    step(&play, &(struct agent_event){.kind = AGENT_ON_DOWN, .down = &down}, &told);
    assert_int_equal(told.messages, 2);
    assert_int_equal(told.intervals, 2);
    assert_int_equal(told.heard, 2 * MN_HEARD_COUNT_MAX);
    assert_int_equal(told.silent, 0);
    assert_false(told.more);
    play_close(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_the_next_part_when_the_one_before_it_has_been_taken),
        cmocka_unit_test(says_a_part_again_that_was_lost_and_takes_it_for_taken_once),
        cmocka_unit_test(says_what_is_asked_for_again_and_again_ever_more_rarely),
        cmocka_unit_test(begins_anew_with_each_attempt),
        cmocka_unit_test(says_in_a_later_part_what_came_late),
        cmocka_unit_test(says_nothing_more_of_a_vat_that_ended_between_two_parts),
        cmocka_unit_test(says_all_that_its_vats_have_heard_however_much_that_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
