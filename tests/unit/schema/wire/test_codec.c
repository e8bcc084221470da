/* The codecs of the coordinator, of copies and of operators: what goes in comes out, and what
 * breaks a rule is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "control.pb-c.h"
#include "schema/wire/codec_damage.h"
#include "wire/control.h"
#include "wire/copies.h"
#include "wire/operator.h"
#include "wire/session.h"

static const struct mn_lineage two_forks = {
    .count = 2,
    .forks = {{3, 0x100000001, true, false, 0}, {0x100000004, 0x200000001, false, true, 7}}};

static mn_result decode_copies(const void *bytes, size_t size, struct mn_arena *arena)
{
    struct mn_copies out;
    return mn_copies_decode(bytes, size, arena, &out);
}

static struct mn_up report_message(void)
{
    static struct mn_name names[2];
    static const struct mn_heard heard[] = {{1, 7}, {0, 9}, {1, 0x100000002}};
    static const struct mn_row rows[] = {
        {.vat = 0,
         .epoch = 5,
         .since = 1,
         .onto = 4,
         .durable = true,
         .here = true,
         .floor = 2,
         .age = 4501,
         .heard_first = 0,
         .heard_count = 2},
        {.vat = 1, .epoch = 6, .since = 0, .gone = true, .heard_first = 2, .heard_count = 1}};
    names[0] = mn_name_of("x1");
    names[1] = mn_name_of("bank/y.2");
    struct mn_up up = {.generation = 3, .kind = MN_UP_REPORT};
    up.report = (struct mn_report){.sequence = 11,
                                   .vats = {.names = names, .count = 2},
                                   .rows = rows,
                                   .row_count = 2,
                                   .heard = heard,
                                   .heard_count = 3};
    return up;
}

static void no_generation_is_above_the_highest(void **state)
{
    (void)state;
    struct mn_up in = {.generation = MN_GENERATION_MAX, .disk = 1, .kind = MN_UP_HEARTBEAT};
    struct mn_up out;
    struct mn_arena arena = {0};
    assert_int_equal(up_again(&in, &arena, &out), MN_OK);
    in.generation += 1;
    assert_int_equal(up_again(&in, &arena, &out), MN_BAD_INPUT);
    mn_arena_deinit(&arena);
}

/* There is no run 0: its epochs are those that stand for forks that nobody names. */
static void no_fork_of_a_vat_is_in_run_0(void **state)
{
    (void)state;
    struct mn_fork fork = {.after = 0, .next = mn_epoch_first(1) - 1, .seen = true};
    struct mn_up in = {.generation = 1, .disk = 1, .kind = MN_UP_VAT_STATE};
    struct mn_up out;
    struct mn_arena arena = {0};
    in.vat_state.status = (struct mn_vat_status){.vat = mn_name_of("x1"),
                                                 .run = 9,
                                                 .state = MN_VAT_EXITED,
                                                 .incarnation = 5,
                                                 .forks = &fork,
                                                 .fork_count = 1};
    assert_int_equal(up_again(&in, &arena, &out), MN_BAD_INPUT);
    fork.next = mn_epoch_first(1);
    assert_int_equal(up_again(&in, &arena, &out), MN_OK);
    mn_arena_deinit(&arena);
}

static void a_hello_says_whether_everything_follows_and_whether_there_is_any(void **state)
{
    (void)state;
    for (int everything = 0; everything < 2; everything++) {
        struct mn_up in = {.generation = 3, .disk = UINT64_MAX, .kind = MN_UP_HELLO};
        struct mn_up out;
        struct mn_arena arena = {0};
        in.hello.host = mn_name_of("h1");
        in.hello.newest_round = 7;
        in.hello.everything = everything != 0;
        in.hello.holds = everything == 0;
        in.hello.seen_round = 9;
        in.hello.frozen_round = 11;
        in.hello.joins = true;
        assert_int_equal(up_again(&in, &arena, &out), MN_OK);
        assert_true(out.disk == UINT64_MAX);
        assert_int_equal(out.hello.newest_round, 7);
        assert_int_equal(out.hello.everything, everything);
        assert_int_equal(out.hello.holds, !everything);
        assert_int_equal(out.hello.seen_round, 9);
        assert_int_equal(out.hello.frozen_round, 11);
        assert_true(out.hello.joins);
        mn_arena_deinit(&arena);
    }
}

static void a_heartbeat_comes_out_as_it_went_in(void **state)
{
    (void)state;
    struct mn_up in = {.generation = 3, .kind = MN_UP_HEARTBEAT};
    struct mn_up out;
    struct mn_buffer buffer = {0};
    struct mn_arena arena = {0};
    in.heartbeat.number = 5;
    in.heartbeat.lag_ms = 7;
    in.heartbeat.disk_ms = 9;
    in.heartbeat.complete = true;
    in.heartbeat.untaken = 40000;
    in.heartbeat.room = 25536;
    assert_int_equal(mn_up_encode(&in, &buffer), MN_OK);
    assert_int_equal(mn_up_decode(buffer.bytes, buffer.size, &arena, &out), MN_OK);
    assert_int_equal(out.heartbeat.number, 5);
    assert_int_equal(out.heartbeat.lag_ms, 7);
    assert_int_equal(out.heartbeat.disk_ms, 9);
    assert_true(out.heartbeat.complete);
    assert_int_equal(out.heartbeat.untaken, 40000);
    assert_int_equal(out.heartbeat.room, 25536);
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&buffer);
}

static void vats_by_number_come_out_as_they_went_in(void **state)
{
    (void)state;
    static const uint32_t numbers[] = {7, 9, 0, UINT32_MAX, 1U << 31, 0};
    struct mn_up in = {.kind = MN_UP_INTERVALS};
    struct mn_up out;
    struct mn_arena arena = {0};
    uint32_t silent = 5;
    in.intervals.vats =
        (struct mn_vat_table){.numbering = UINT64_MAX, .numbers = numbers, .count = 6};
    in.intervals.silent = &silent;
    in.intervals.silent_count = 1;
    assert_int_equal(up_again(&in, &arena, &out), MN_OK);
    assert_true(out.intervals.vats.numbering == UINT64_MAX);
    assert_null(out.intervals.vats.names);
    assert_int_equal(out.intervals.vats.count, 6);
    assert_memory_equal(out.intervals.vats.numbers, numbers, sizeof numbers);
    assert_int_equal(out.intervals.silent[0], 5);
    silent = 6; /* there is no such place */
    assert_int_equal(up_again(&in, &arena, &out), MN_BAD_INPUT);
    mn_arena_deinit(&arena);
}

/* That one vat has handled its notices, by name or by number; of two, or of none, nobody says so.
 */
static void who_has_handled_notices_comes_out_as_it_went_in(void **state)
{
    (void)state;
    static const uint32_t numbers[] = {9, 7};
    struct mn_name name = mn_name_of("bank/x");
    struct mn_up in = {.kind = MN_UP_HANDLED, .handled = {.run = 3, .round = 5}};
    struct mn_up out;
    struct mn_arena arena = {0};
    in.handled.vat = (struct mn_vat_table){.names = &name, .count = 1};
    assert_int_equal(up_again(&in, &arena, &out), MN_OK);
    assert_string_equal(out.handled.vat.names[0].text, "bank/x");
    assert_int_equal(out.handled.run, 3);
    assert_int_equal(out.handled.round, 5);
    in.handled.vat = (struct mn_vat_table){.numbering = 6, .numbers = numbers, .count = 1};
    assert_int_equal(up_again(&in, &arena, &out), MN_OK);
    assert_int_equal(out.handled.vat.numbering, 6);
    assert_int_equal(out.handled.vat.numbers[0], 9);
    in.handled.vat.count = 2;
    assert_int_equal(up_again(&in, &arena, &out), MN_BAD_INPUT);
    in.handled.vat.count = 0;
    assert_int_equal(up_again(&in, &arena, &out), MN_BAD_INPUT);
    mn_arena_deinit(&arena);
}

/* That a report whose vats are said so is refused. */
static void refuses_vats(char **names, size_t name_count, uint64_t numbering)
{
    Mneme__Up up = MNEME__UP__INIT;
    Mneme__Report report = MNEME__REPORT__INIT;
    Mneme__Numbers numbers = MNEME__NUMBERS__INIT;
    unsigned char bytes[256];
    struct mn_arena arena = {0};
    struct mn_up out;
    numbers.numbering = numbering;
    report.names = names;
    report.n_names = name_count;
    report.numbers = &numbers;
    up.version = MN_PROTOCOL_VERSION;
    up.body_case = MNEME__UP__BODY_REPORT;
    up.report = &report;
    size_t size = mneme__up__pack(&up, bytes);
    assert_int_equal(mn_up_decode(bytes, size, &arena, &out), MN_BAD_INPUT);
    mn_arena_deinit(&arena);
}

static void refuses_vats_by_name_and_number_or_by_those_of_no_topology(void **state)
{
    (void)state;
    char text[] = "x";
    char *name = text;
    refuses_vats(&name, 1, 7);
    refuses_vats(NULL, 0, 0);
}

static void a_report_comes_out_as_it_went_in(void **state)
{
    (void)state;
    struct mn_up in = report_message();
    struct mn_up out;
    struct mn_arena arena = {0};
    assert_int_equal(up_again(&in, &arena, &out), MN_OK);
    assert_int_equal(out.generation, 3);
    assert_int_equal(out.kind, MN_UP_REPORT);
    assert_int_equal(out.report.sequence, 11);
    assert_int_equal(out.report.vats.count, 2);
    assert_string_equal(out.report.vats.names[1].text, "bank/y.2");
    assert_int_equal(out.report.row_count, 2);
    for (int i = 0; i < 2; i++) {
        const struct mn_row *a = &in.report.rows[i];
        const struct mn_row *b = &out.report.rows[i];
        assert_int_equal(a->vat, b->vat);
        assert_int_equal(a->epoch, b->epoch);
        assert_int_equal(a->since, b->since);
        assert_int_equal(a->onto, b->onto);
        assert_int_equal(a->durable, b->durable);
        assert_int_equal(a->here, b->here);
        assert_int_equal(a->gone, b->gone);
        assert_int_equal(a->floor, b->floor);
        assert_int_equal(a->age, b->age);
        assert_int_equal(a->heard_first, b->heard_first);
        assert_int_equal(a->heard_count, b->heard_count);
    }
    assert_int_equal(out.report.heard_count, 3);
    assert_int_equal(out.report.heard[2].peer, 1);
    assert_int_equal(out.report.heard[2].epoch, 0x100000002);
    mn_arena_deinit(&arena);
}

static void expect_up_refused(const struct mn_up *message, mn_result expected)
{
    struct mn_buffer buffer = {0};
    struct mn_arena arena = {0};
    struct mn_up out = {.generation = 77};
    assert_int_equal(mn_up_encode(message, &buffer), MN_OK);
    assert_int_equal(mn_up_decode(buffer.bytes, buffer.size, &arena, &out), expected);
    assert_int_equal(out.generation, 77);
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&buffer);
}

static void a_report_that_breaks_a_rule_is_refused(void **state)
{
    (void)state;
    struct mn_up message = report_message();
    struct mn_row rows[2] = {message.report.rows[0], message.report.rows[1]};
    message.report.rows = rows;
    rows[0].vat = 2; /* there are two names */
    expect_up_refused(&message, MN_BAD_INPUT);
    rows[0].vat = 0;
    rows[0].heard_count = 1; /* one entry belongs to nobody */
    expect_up_refused(&message, MN_BAD_INPUT);
    rows[0].heard_count = 3; /* more than there are */
    expect_up_refused(&message, MN_BAD_INPUT);
}

/* What it says stands in the file of another, perhaps: it must not keep out what else is said. */
static void a_row_that_breaks_a_rule_comes_in_with_the_others(void **state)
{
    (void)state;
    struct mn_up message = report_message();
    struct mn_row rows[2] = {message.report.rows[0], message.report.rows[1]};
    struct mn_buffer buffer = {0};
    struct mn_arena arena = {0};
    struct mn_up out;
    message.report.rows = rows;
    rows[0].since = 5; /* not before its epoch */
    rows[0].onto = 6;
    rows[1].epoch = MN_EPOCH_MAX + 1;
    rows[1].floor = -1;
    assert_int_equal(mn_up_encode(&message, &buffer), MN_OK);
    assert_int_equal(mn_up_decode(buffer.bytes, buffer.size, &arena, &out), MN_OK);
    assert_int_equal(out.report.row_count, 2);
    assert_int_equal(out.report.rows[0].since, 5);
    assert_int_equal(out.report.rows[0].onto, 6);
    assert_int_equal(out.report.rows[1].epoch, MN_EPOCH_MAX + 1);
    assert_int_equal(out.report.rows[1].floor, -1);
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&buffer);
}

static void a_name_that_breaks_the_rule_is_refused(void **state)
{
    (void)state;
    struct mn_up message = {.kind = MN_UP_LOOKUP};
    memcpy(message.lookup.vat.text, "a b", 4);
    expect_up_refused(&message, MN_BAD_INPUT);
    memset(message.lookup.vat.text, 0, sizeof message.lookup.vat.text);
    expect_up_refused(&message, MN_BAD_INPUT);
}

static void an_unknown_version_is_refused(void **state)
{
    (void)state;
    struct mn_up message = {.kind = MN_UP_HEARTBEAT, .heartbeat = {.number = 4}};
    struct mn_buffer buffer = {0};
    struct mn_arena arena = {0};
    struct mn_up out;
    assert_int_equal(mn_up_encode(&message, &buffer), MN_OK);
    assert_int_equal(buffer.bytes[0], 0x08); /* field 1, the version */
    assert_int_equal(mn_up_decode(buffer.bytes, buffer.size, &arena, &out), MN_OK);
    buffer.bytes[1] = MN_PROTOCOL_VERSION + 1;
    assert_int_equal(mn_up_decode(buffer.bytes, buffer.size, &arena, &out), MN_BAD_VERSION);
    buffer.bytes[1] = 0;
    assert_int_equal(mn_up_decode(buffer.bytes, buffer.size, &arena, &out), MN_BAD_VERSION);
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&buffer);
}

static void what_is_larger_than_a_message_is_refused_unread(void **state)
{
    (void)state;
    struct mn_arena arena = {0};
    struct mn_up up;
    struct mn_session session;
    assert_int_equal(mn_up_decode("", MN_MESSAGE_SIZE_MAX + 1, &arena, &up), MN_TOO_LARGE);
    assert_int_equal(mn_session_decode("x", 1, "y", MN_MESSAGE_SIZE_MAX, &arena, &session),
                     MN_TOO_LARGE);
    mn_arena_deinit(&arena);
}

static void a_start_comes_out_as_it_went_in(void **state)
{
    (void)state;
    struct mn_link chain[2] = {{.epoch = 8}, {.epoch = 9}};
    struct mn_down in = {.generation = 9, .kind = MN_DOWN_START};
    struct mn_down out;
    struct mn_arena arena = {0};
    chain[0].holder = mn_name_of("h1");
    chain[1].holder = mn_name_of("h2");
    in.start = (struct mn_start){.round = 4,
                                 .vat = mn_name_of("x1"),
                                 .run = 2,
                                 .incarnation = 3,
                                 .keep = 9,
                                 .outcome = MN_ROLLED_BACK,
                                 .lineage = two_forks,
                                 .chain = chain,
                                 .chain_count = 2,
                                 .disk = 5};
    assert_int_equal(down_again(&in, &arena, &out), MN_OK);
    assert_int_equal(out.start.round, 4);
    assert_string_equal(out.start.vat.text, "x1");
    assert_int_equal(out.start.run, 2);
    assert_int_equal(out.start.incarnation, 3);
    assert_int_equal(out.start.keep, 9);
    assert_int_equal(out.start.disk, 5);
    assert_int_equal(out.start.outcome, MN_ROLLED_BACK);
    assert_int_equal(out.start.lineage.count, 2);
    assert_int_equal(out.start.lineage.forks[1].next, 0x200000001);
    assert_true(out.start.lineage.forks[0].seen);
    assert_true(out.start.lineage.forks[1].told);
    assert_int_equal(out.start.lineage.forks[0].round, 0);
    assert_int_equal(out.start.lineage.forks[1].round, 7);
    assert_int_equal(out.start.chain_count, 2);
    assert_int_equal(out.start.chain[1].epoch, 9);
    assert_string_equal(out.start.chain[1].holder.text, "h2");
    chain[1].epoch = 8; /* a chain grows */
    assert_int_equal(down_again(&in, &arena, &out), MN_BAD_INPUT);
    mn_arena_deinit(&arena);
}

static void a_decision_keeps_its_notices_with_whom_they_are_for(void **state)
{
    (void)state;
    struct mn_notice notices[3] = {
        {.incarnation = 2, .kept = 5, .you_heard = {6, 7}, .forgot_you = {0, 0}},
        {.incarnation = 3, .kept = 0, .forgot_you = {1, 9}, .reset = true},
        {.incarnation = 4, .kept = 8}};
    struct mn_told told[2] = {{.notice_first = 0, .notice_count = 2},
                              {.notice_first = 2, .notice_count = 1}};
    struct mn_owed owed = {.vat = mn_name_of("y"), .round = 4, .run = 3};
    struct mn_down in = {.generation = 1, .kind = MN_DOWN_DECISION};
    struct mn_down out;
    struct mn_arena arena = {0};
    for (int i = 0; i < 3; i++) {
        notices[i].peer = mn_name_of(i == 0 ? "a" : i == 1 ? "b" : "c");
    }
    told[0].vat = mn_name_of("x");
    told[1].vat = mn_name_of("y");
    in.decision = (struct mn_decision_notice){.round = 6,
                                              .told = told,
                                              .told_count = 2,
                                              .notices = notices,
                                              .notice_count = 3,
                                              .owed = &owed,
                                              .owed_count = 1};
    assert_int_equal(down_again(&in, &arena, &out), MN_OK);
    assert_int_equal(out.decision.round, 6);
    assert_int_equal(out.decision.told_count, 2);
    assert_string_equal(out.decision.told[1].vat.text, "y");
    assert_int_equal(out.decision.told[1].notice_first, 2);
    assert_int_equal(out.decision.told[0].notice_count, 2);
    assert_string_equal(out.decision.notices[1].peer.text, "b");
    assert_int_equal(out.decision.notices[0].you_heard.last, 7);
    assert_int_equal(out.decision.notices[1].forgot_you.last, 9);
    assert_true(out.decision.notices[1].reset);
    assert_int_equal(out.decision.owed_count, 1);
    assert_string_equal(out.decision.owed[0].vat.text, "y");
    assert_int_equal(out.decision.owed[0].round, 4);
    assert_int_equal(out.decision.owed[0].run, 3);
    notices[0].you_heard.last = 5; /* ends before it begins */
    assert_int_equal(down_again(&in, &arena, &out), MN_BAD_INPUT);
    mn_arena_deinit(&arena);
}

static void a_piece_lies_within_its_file(void **state)
{
    (void)state;
    struct mn_copies in = {.kind = MN_COPIES_PIECE, .generation = 2};
    struct mn_copies out;
    struct mn_buffer buffer = {0};
    struct mn_arena arena = {0};
    in.vat = mn_name_of("x1");
    in.piece.epoch = 4;
    in.piece.size = 10;
    in.piece.offset = 6;
    in.piece.bytes = (const unsigned char *)"tail";
    in.piece.byte_count = 4;
    memset(in.piece.digest.bytes, 7, MN_DIGEST_SIZE);
    assert_int_equal(mn_copies_encode(&in, &buffer), MN_OK);
    assert_int_equal(mn_copies_decode(buffer.bytes, buffer.size, &arena, &out), MN_OK);
    assert_int_equal(out.piece.offset, 6);
    assert_int_equal(out.piece.byte_count, 4);
    assert_memory_equal(out.piece.bytes, "tail", 4);
    assert_int_equal(out.piece.digest.bytes[31], 7);
    survive_damage(decode_copies, &buffer);
    mn_buffer_deinit(&buffer);
    in.piece.offset = 7;
    assert_int_equal(mn_copies_encode(&in, &buffer), MN_OK);
    assert_int_equal(mn_copies_decode(buffer.bytes, buffer.size, &arena, &out), MN_BAD_INPUT);
    mn_buffer_deinit(&buffer);
    in.piece.offset = UINT64_MAX - 1; /* no overflow hides it */
    assert_int_equal(mn_copies_encode(&in, &buffer), MN_OK);
    assert_int_equal(mn_copies_decode(buffer.bytes, buffer.size, &arena, &out), MN_BAD_INPUT);
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&buffer);
}

static void an_operators_question_and_answer_come_out_as_they_went_in(void **state)
{
    (void)state;
    struct mn_operator_request request = {.request = 8,
                                          .command = MN_COMMAND_EXPLAIN,
                                          .round = 2,
                                          .vat = mn_name_of("x1"),
                                          .reason = "gesehen f\xc3\xbcr Fritz",
                                          .plan = 9};
    struct mn_operator_request request_out;
    struct mn_operator_reply reply = {
        .request = 8, .code = MN_NOT_FOUND, .text = "no such round", .json = "{}", .json_size = 2};
    struct mn_operator_reply reply_out;
    struct mn_buffer buffer = {0};
    struct mn_arena arena = {0};
    assert_int_equal(mn_operator_request_encode(&request, &buffer), MN_OK);
    assert_int_equal(mn_operator_request_decode(buffer.bytes, buffer.size, &arena, &request_out),
                     MN_OK);
    assert_int_equal(request_out.command, MN_COMMAND_EXPLAIN);
    assert_int_equal(request_out.round, 2);
    assert_string_equal(request_out.vat.text, "x1");
    assert_string_equal(request_out.reason, "gesehen f\xc3\xbcr Fritz");
    assert_int_equal(request_out.plan, 9);
    mn_buffer_deinit(&buffer);
    memcpy(request.reason, "\x1b[2J", 5);
    assert_int_equal(mn_operator_request_encode(&request, &buffer), MN_OK);
    assert_int_equal(mn_operator_request_decode(buffer.bytes, buffer.size, &arena, &request_out),
                     MN_BAD_INPUT);
    mn_buffer_deinit(&buffer);
    assert_int_equal(mn_operator_reply_encode(&reply, &buffer), MN_OK);
    assert_int_equal(mn_operator_reply_decode(buffer.bytes, buffer.size, &arena, &reply_out),
                     MN_OK);
    assert_int_equal(reply_out.code, MN_NOT_FOUND);
    assert_string_equal(reply_out.text, "no such round");
    assert_string_equal(reply_out.json, "{}");
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_generation_is_above_the_highest),
        cmocka_unit_test(no_fork_of_a_vat_is_in_run_0),
        cmocka_unit_test(a_hello_says_whether_everything_follows_and_whether_there_is_any),
        cmocka_unit_test(a_heartbeat_comes_out_as_it_went_in),
        cmocka_unit_test(vats_by_number_come_out_as_they_went_in),
        cmocka_unit_test(who_has_handled_notices_comes_out_as_it_went_in),
        cmocka_unit_test(refuses_vats_by_name_and_number_or_by_those_of_no_topology),
        cmocka_unit_test(a_report_comes_out_as_it_went_in),
        cmocka_unit_test(a_report_that_breaks_a_rule_is_refused),
        cmocka_unit_test(a_row_that_breaks_a_rule_comes_in_with_the_others),
        cmocka_unit_test(a_name_that_breaks_the_rule_is_refused),
        cmocka_unit_test(an_unknown_version_is_refused),
        cmocka_unit_test(what_is_larger_than_a_message_is_refused_unread),
        cmocka_unit_test(a_start_comes_out_as_it_went_in),
        cmocka_unit_test(a_decision_keeps_its_notices_with_whom_they_are_for),
        cmocka_unit_test(a_piece_lies_within_its_file),
        cmocka_unit_test(an_operators_question_and_answer_come_out_as_they_went_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
