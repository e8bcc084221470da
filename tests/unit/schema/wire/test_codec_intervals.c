/* The codecs of answers to a freeze, of which lives are known, and the bounds of what one vat has
 * heard. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "schema/wire/codec_damage.h"
#include "wire/local.h"
#include "wire/stored.h"

static void a_part_of_an_answer_comes_out_as_it_went_in(void **state)
{
    (void)state;
    static const struct mn_name names[] = {{"x1"}, {"x2"}, {"x3"}};
    static const struct mn_heard heard[] = {{.peer = 1, .epoch = 9}};
    static const struct mn_known known = {.vat = 2, .incarnation = 3};
    struct mn_interval interval = {.epoch = 5, .since = 3, .heard_count = 1};
    struct mn_up in = {.generation = 2, .kind = MN_UP_INTERVALS};
    struct mn_up out;
    struct mn_arena arena = {0};
    uint32_t silent = 2;
    in.intervals = (struct mn_intervals){
        .round = 7,
        .attempt = 3,
        .part = 4,
        .more = true,
        .vats = {.names = names, .count = 3, .known = &known, .known_count = 1},
        .intervals = &interval,
        .interval_count = 1,
        .heard = heard,
        .heard_count = 1,
        .silent = &silent,
        .silent_count = 1};
    assert_int_equal(up_again(&in, &arena, &out), MN_OK);
    assert_int_equal(out.kind, MN_UP_INTERVALS);
    assert_int_equal(out.intervals.round, 7);
    assert_int_equal(out.intervals.attempt, 3);
    assert_int_equal(out.intervals.part, 4);
    assert_true(out.intervals.more);
    assert_int_equal(out.intervals.intervals[0].since, 3);
    assert_int_equal(out.intervals.heard[0].epoch, 9);
    assert_int_equal(out.intervals.silent[0], 2);
    assert_int_equal(out.intervals.vats.known_count, 1);
    assert_int_equal(out.intervals.vats.known[0].vat, 2);
    assert_int_equal(out.intervals.vats.known[0].incarnation, 3);
    mn_arena_deinit(&arena);
}

static void a_report_says_which_lives_of_vats_are_known(void **state)
{
    (void)state;
    struct mn_arena arena = {0};
    struct mn_up out;
    struct mn_name names[] = {mn_name_of("x1"), mn_name_of("x2")};
    struct mn_row row = {.epoch = 0x300000001};
    struct mn_known known[] = {
        {.vat = 0,
         .incarnation = 3,
         .fork =
             {.after = 0x100000002, .next = 0x300000001, .seen = true, .told = true, .round = 7}},
        {.vat = 1, .incarnation = 2}};
    struct mn_up in = {.kind = MN_UP_REPORT};
    in.report.sequence = 1;
    in.report.vats.names = names;
    in.report.vats.count = 2;
    in.report.vats.known = known;
    in.report.vats.known_count = 2;
    in.report.rows = &row;
    in.report.row_count = 1;
    assert_int_equal(up_again(&in, &arena, &out), MN_OK);
    assert_int_equal(out.report.vats.known_count, 2);
    assert_int_equal(out.report.vats.known[0].incarnation, 3);
    assert_int_equal(out.report.vats.known[0].fork.after, 0x100000002);
    assert_int_equal(out.report.vats.known[0].fork.next, 0x300000001);
    assert_true(out.report.vats.known[0].fork.seen && out.report.vats.known[0].fork.told);
    assert_int_equal(out.report.vats.known[0].fork.round, 7);
    assert_int_equal(out.report.vats.known[1].vat, 1);
    assert_int_equal(out.report.vats.known[1].incarnation, 2);
    assert_int_equal(out.report.vats.known[1].fork.next, 0);
    known[0].incarnation = 4; /* above the run that it began with */
    assert_int_equal(up_again(&in, &arena, &out), MN_BAD_INPUT);
    known[0].incarnation = 3;
    known[1].incarnation = 1; /* that everybody knows */
    assert_int_equal(up_again(&in, &arena, &out), MN_BAD_INPUT);
    known[1] = (struct mn_known){.vat = 2, .incarnation = 2}; /* nobody's place */
    assert_int_equal(up_again(&in, &arena, &out), MN_BAD_INPUT);
    known[1] = (struct mn_known){.vat = 0, .incarnation = 3}; /* the same once more */
    assert_int_equal(up_again(&in, &arena, &out), MN_BAD_INPUT);
    known[1].incarnation = 4;
    assert_int_equal(up_again(&in, &arena, &out), MN_OK);
    known[1].fork.after = 7; /* of no fork */
    assert_int_equal(up_again(&in, &arena, &out), MN_BAD_INPUT);
    known[1].fork.next = 7;
    assert_int_equal(up_again(&in, &arena, &out), MN_BAD_INPUT);
    mn_arena_deinit(&arena);
}

static void that_more_may_follow_comes_out_as_it_went_in(void **state)
{
    (void)state;
    struct mn_down in = {.generation = 2, .kind = MN_DOWN_MORE};
    struct mn_down out;
    struct mn_arena arena = {0};
    in.more.round = UINT64_MAX;
    in.more.attempt = 3;
    in.more.part = UINT32_MAX;
    assert_int_equal(down_again(&in, &arena, &out), MN_OK);
    assert_int_equal(out.kind, MN_DOWN_MORE);
    assert_true(out.more.round == UINT64_MAX);
    assert_int_equal(out.more.attempt, 3);
    assert_true(out.more.part == UINT32_MAX);
    mn_arena_deinit(&arena);
}

/* Peers by long names, what was heard of them, and their newest lives. */
struct hearing {
    struct mn_name *names;
    struct mn_known *known;
    uint32_t name_count;
    struct mn_heard *heard;
    uint32_t heard_count;
};

static struct hearing hearing_of(uint32_t peers, uint32_t heard)
{
    struct hearing made = {.names = calloc(peers, sizeof *made.names),
                           .known = calloc(peers, sizeof *made.known),
                           .name_count = peers,
                           .heard = calloc(heard, sizeof *made.heard),
                           .heard_count = heard};
    assert_non_null(made.names);
    assert_non_null(made.known);
    assert_non_null(made.heard);
    for (uint32_t i = 0; i < peers; i++) {
        made.known[i] = (struct mn_known){.vat = i,
                                          .incarnation = MN_RUN_MAX,
                                          .fork = {.after = MN_EPOCH_MAX - 2,
                                                   .next = MN_EPOCH_MAX - 1,
                                                   .seen = true,
                                                   .round = UINT64_MAX}};
        (void)snprintf(made.names[i].text, sizeof made.names[i].text, "peer-%u", i);
    }
    for (uint32_t i = 0; i < heard; i++) {
        made.heard[i] = (struct mn_heard){.peer = i % peers, .epoch = 1 + i / peers};
    }
    return made;
}

static mn_result interval_of(const struct hearing *hearing)
{
    struct mn_from_vat in = {.kind = MN_FROM_VAT_INTERVAL, .run = 1};
    struct mn_from_vat out;
    struct mn_buffer buffer = {0};
    struct mn_arena arena = {0};
    in.interval.epoch = 1;
    in.interval.names = hearing->names;
    in.interval.name_count = hearing->name_count;
    in.interval.heard = hearing->heard;
    in.interval.heard_count = hearing->heard_count;
    in.interval.known = hearing->known;
    in.interval.known_count = hearing->name_count;
    assert_int_equal(mn_from_vat_encode(&in, &buffer), MN_OK);
    mn_result result = mn_from_vat_decode(buffer.bytes, buffer.size, &arena, &out);
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&buffer);
    return result;
}

static mn_result written_of(const struct hearing *hearing)
{
    struct mn_from_vat in = {.kind = MN_FROM_VAT_WRITTEN, .run = 1};
    struct mn_from_vat out;
    struct mn_buffer buffer = {0};
    struct mn_arena arena = {0};
    in.written.epoch = 1;
    in.written.names = hearing->names;
    in.written.name_count = hearing->name_count;
    in.written.heard = hearing->heard;
    in.written.heard_count = hearing->heard_count;
    in.written.known = hearing->known;
    in.written.known_count = hearing->name_count;
    assert_int_equal(mn_from_vat_encode(&in, &buffer), MN_OK);
    mn_result result = mn_from_vat_decode(buffer.bytes, buffer.size, &arena, &out);
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&buffer);
    return result;
}

static mn_result record_through(const struct mn_checkpoint_record *in)
{
    struct mn_checkpoint_record out;
    struct mn_buffer buffer = {0};
    struct mn_arena arena = {0};
    assert_int_equal(mn_checkpoint_record_encode(in, &buffer), MN_OK);
    mn_result result = mn_checkpoint_record_decode(buffer.bytes, buffer.size, &arena, &out);
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&buffer);
    return result;
}

static struct mn_checkpoint_record record_of_run_3(void)
{
    return (struct mn_checkpoint_record){
        .vat = {"x1"}, .run = 3, .incarnation = 3, .epoch = mn_epoch_first(3)};
}

static mn_result stored_of(const struct hearing *hearing)
{
    struct mn_checkpoint_record in = record_of_run_3();
    in.names = hearing->names;
    in.name_count = hearing->name_count;
    in.heard = hearing->heard;
    in.heard_count = hearing->heard_count;
    in.known = hearing->known;
    in.known_count = hearing->name_count;
    return record_through(&in);
}

/* Or whoever holds a copy would say in its reports, and at its hellos, what nobody believes. */
static void refuses_the_record_of_a_checkpoint_that_cannot_be(void **state)
{
    (void)state;
    struct mn_checkpoint_record in = record_of_run_3();
    in.round = MN_ROUND_MAX;
    assert_int_equal(record_through(&in), MN_OK);
    in.round = MN_ROUND_MAX + 1;
    assert_int_equal(record_through(&in), MN_BAD_INPUT);
    in = record_of_run_3();
    struct mn_name peer = mn_name_of("x2");
    const struct mn_known known[] = {{.incarnation = 2}, {.incarnation = 3}};
    in.names = &peer;
    in.name_count = 1;
    in.known = known;
    in.known_count = 1;
    assert_int_equal(record_through(&in), MN_OK);
    in.known_count = 2; /* more than there are vats */
    assert_int_equal(record_through(&in), MN_BAD_INPUT);
    in = record_of_run_3();
    in.incarnation = 4; /* one begins with a run */
    assert_int_equal(record_through(&in), MN_BAD_INPUT);
    in = record_of_run_3();
    in.run = 4; /* its epoch is of run 3 */
    assert_int_equal(record_through(&in), MN_BAD_INPUT);
    in.run = 0;
    in.incarnation = 0;
    in.epoch = 1;
    assert_int_equal(record_through(&in), MN_BAD_INPUT);
}

static void heard_must_be(uint32_t peers, uint32_t heard, mn_result expected)
{
    struct hearing hearing = hearing_of(peers, heard);
    assert_int_equal(interval_of(&hearing), expected);
    assert_int_equal(written_of(&hearing), expected);
    assert_int_equal(stored_of(&hearing), expected);
    free(hearing.names);
    free(hearing.known);
    free(hearing.heard);
}

/* Or no message could say it to the coordinator: the row, or the answer, would never be taken. */
static void refuses_what_no_vat_has_heard(void **state)
{
    (void)state;
    heard_must_be(MN_HEARD_PEER_COUNT_MAX, MN_HEARD_COUNT_MAX, MN_OK);
    heard_must_be(MN_HEARD_PEER_COUNT_MAX, MN_HEARD_COUNT_MAX + 1, MN_TOO_LARGE);
    heard_must_be(MN_HEARD_PEER_COUNT_MAX + 1, MN_HEARD_COUNT_MAX, MN_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_of_an_answer_comes_out_as_it_went_in),
        cmocka_unit_test(a_report_says_which_lives_of_vats_are_known),
        cmocka_unit_test(that_more_may_follow_comes_out_as_it_went_in),
        cmocka_unit_test(refuses_what_no_vat_has_heard),
        cmocka_unit_test(refuses_the_record_of_a_checkpoint_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
