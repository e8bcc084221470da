/* The codecs of what two vats compare and of what they say when they differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "schema/wire/codec_damage.h"
#include "wire/local.h"
#include "wire/session.h"
#include "wire/stored.h"

static mn_result decode_session(const void *bytes, size_t size, struct mn_arena *arena)
{
    struct mn_session out;
    return mn_session_decode(bytes, size, NULL, 0, arena, &out);
}

/* Encode @in and decode it again; MN_OK or why that is refused. */
static mn_result session_again(const struct mn_session *in, struct mn_session *out)
{
    struct mn_buffer buffer = {0};
    struct mn_arena arena = {0};
    assert_int_equal(mn_session_encode(in, &buffer), MN_OK);
    mn_result result = mn_session_decode(buffer.bytes, buffer.size, NULL, 0, &arena, out);
    survive_damage(decode_session, &buffer);
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&buffer);
    return result;
}

static void greetings_say_which_epochs_they_mean(void **state)
{
    (void)state;
    struct mn_session out;
    struct mn_session in = {
        .vat = mn_name_of("x1"), .run = 3, .incarnation = 2, .kind = MN_SESSION_GREET};
    in.greet.to = mn_name_of("x2");
    in.greet.next = in.greet.oldest = 7;
    in.greet.taken_epoch = 0x100000004;
    in.greet.covered = 5;
    in.greet.covered_epoch = 0x100000002;
    in.greet.durable = 0x100000005;
    in.greet.behind = true;
    in.greet.unsure.anew[0] = 6;
    in.greet.unsure.lineage =
        (struct mn_lineage){.count = 1, .forks = {{.after = 0x100000003, .next = 0x200000001}}};
    assert_int_equal(session_again(&in, &out), MN_OK);
    assert_int_equal(out.greet.taken_epoch, 0x100000004);
    assert_int_equal(out.greet.covered, 5);
    assert_int_equal(out.greet.covered_epoch, 0x100000002);
    assert_int_equal(out.greet.durable, 0x100000005);
    assert_true(out.greet.behind);
    assert_int_equal(out.greet.unsure.anew[0], 6);
    assert_int_equal(out.greet.unsure.lineage.count, 1);
    assert_int_equal(out.greet.unsure.lineage.forks[0].next, 0x200000001);
    assert_int_equal(out.greet.fork.next, 0);
    in.greet.fork = (struct mn_fork){.after = 0x100000003, .next = 0x200000001, .seen = true};
    assert_int_equal(session_again(&in, &out), MN_OK);
    assert_int_equal(out.greet.fork.after, 0x100000003);
    assert_int_equal(out.greet.fork.next, 0x200000001);
    in.incarnation = 3; /* that began with a later run */
    assert_int_equal(session_again(&in, &out), MN_BAD_INPUT);
    in.incarnation = 2;
    in.greet.fork.seen = false; /* no incarnation begins so */
    assert_int_equal(session_again(&in, &out), MN_BAD_INPUT);
    in.greet.fork = (struct mn_fork){0};
    in.greet.unsure.anew[0] = 0;
    assert_int_equal(session_again(&in, &out), MN_BAD_INPUT);
    in.greet.unsure.anew[0] = 7;
    in.greet.durable = -1;
    assert_int_equal(session_again(&in, &out), MN_BAD_INPUT);
    in.greet.durable = 0x100000005;
    in.greet.taken_epoch = -1;
    assert_int_equal(session_again(&in, &out), MN_BAD_INPUT);
    in.greet.taken_epoch = 0;
    in.greet.covered_epoch = -1;
    assert_int_equal(session_again(&in, &out), MN_BAD_INPUT);
    in.kind = MN_SESSION_GREETED;
    memset(&in.greeted, 0, sizeof in.greeted);
    in.greeted.next = in.greeted.oldest = 1;
    in.greeted.durable = 0x100000003;
    in.greeted.taken_epoch = 0x200000001;
    in.greeted.unsure.lineage =
        (struct mn_lineage){.count = 1, .forks = {{.after = 0x100000003, .next = 0x200000001}}};
    in.greeted.unsure.anew[0] = 1;
    in.greeted.fork = (struct mn_fork){.after = 0x100000002, .next = 0x300000001, .seen = true};
    assert_int_equal(session_again(&in, &out), MN_OK);
    assert_int_equal(out.greeted.durable, 0x100000003);
    assert_int_equal(out.greeted.taken_epoch, 0x200000001);
    assert_int_equal(out.greeted.unsure.anew[0], 1);
    in.greeted.durable = -1;
    assert_int_equal(session_again(&in, &out), MN_BAD_INPUT);
}

static void marks_say_which_checkpoint_covers_them(void **state)
{
    (void)state;
    struct mn_session out;
    struct mn_session in = {
        .vat = mn_name_of("x1"), .run = 3, .incarnation = 2, .kind = MN_SESSION_MARKS};
    in.marks.durable = 0x100000003;
    assert_int_equal(session_again(&in, &out), MN_OK);
    assert_int_equal(out.marks.durable, 0x100000003);
    in.marks.durable = -1;
    assert_int_equal(session_again(&in, &out), MN_BAD_INPUT);
}

static void who_has_a_greeting_wait_says_whether_it_has_forgotten(void **state)
{
    (void)state;
    struct mn_session out;
    struct mn_session in = {
        .vat = mn_name_of("x1"), .run = 3, .incarnation = 2, .kind = MN_SESSION_WAITS};
    assert_int_equal(session_again(&in, &out), MN_OK);
    assert_int_equal(out.kind, MN_SESSION_WAITS);
    assert_false(out.waits.behind);
    in.waits.behind = true;
    assert_int_equal(session_again(&in, &out), MN_OK);
    assert_true(out.waits.behind);
}

static void a_checkpoint_says_which_lives_it_knows_of(void **state)
{
    (void)state;
    const struct mn_name peer = mn_name_of("x2");
    struct mn_known known = {.incarnation = 3,
                             .fork = {.after = 0x200000004, .next = 0x500000001, .seen = true}};
    struct mn_checkpoint_record in = {.vat = mn_name_of("x1"), .run = 4, .incarnation = 2};
    struct mn_checkpoint_record out;
    struct mn_buffer buffer = {0};
    struct mn_arena arena = {0};
    in.epoch = 0x400000001;
    in.names = &peer;
    in.name_count = 1;
    in.known = &known;
    in.known_count = 1;
    in.fork = (struct mn_fork){.after = 0x100000003, .next = 0x300000001, .seen = true};
    assert_int_equal(mn_checkpoint_record_encode(&in, &buffer), MN_OK);
    assert_int_equal(mn_checkpoint_record_decode(buffer.bytes, buffer.size, &arena, &out), MN_OK);
    assert_int_equal(out.known_count, 1);
    assert_int_equal(out.known[0].incarnation, 3);
    assert_int_equal(out.known[0].fork.after, 0x200000004);
    assert_int_equal(out.fork.after, 0x100000003);
    assert_int_equal(out.fork.next, 0x300000001);
    in.incarnation = 5; /* above its run, and that of the fork */
    buffer.size = 0;
    assert_int_equal(mn_checkpoint_record_encode(&in, &buffer), MN_OK);
    assert_int_equal(mn_checkpoint_record_decode(buffer.bytes, buffer.size, &arena, &out),
                     MN_BAD_INPUT);
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&buffer);
}

static void a_session_keeps_what_it_compares_with(void **state)
{
    (void)state;
    struct mn_session_state in = {.peer = mn_name_of("x2"), .run = 2, .incarnation = 2, .next = 9};
    struct mn_session_state out;
    struct mn_buffer buffer = {0};
    struct mn_arena arena = {0};
    in.covered = 4;
    in.covered_epoch = 0x100000002;
    in.taken_epoch = 0x100000007;
    in.forked = 6;
    in.agreed = 3;
    in.gaps_told = 8;
    in.fork = (struct mn_fork){.after = 5, .next = 0x200000001, .seen = true};
    assert_int_equal(mn_session_state_encode(&in, &buffer), MN_OK);
    assert_int_equal(mn_session_state_decode(buffer.bytes, buffer.size, &arena, &out), MN_OK);
    assert_int_equal(out.covered_epoch, 0x100000002);
    assert_int_equal(out.taken_epoch, 0x100000007);
    assert_int_equal(out.forked, 6);
    assert_int_equal(out.agreed, 3);
    assert_int_equal(out.gaps_told, 8);
    assert_int_equal(out.fork.after, 5);
    assert_int_equal(out.fork.next, 0x200000001);
    assert_true(out.fork.seen);
    in.gaps_told = 9; /* a number that it has not given */
    buffer.size = 0;
    assert_int_equal(mn_session_state_encode(&in, &buffer), MN_OK);
    assert_int_equal(mn_session_state_decode(buffer.bytes, buffer.size, &arena, &out),
                     MN_BAD_INPUT);
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&buffer);
}

static void a_vat_says_which_of_the_two_forgot_what(void **state)
{
    (void)state;
    struct mn_from_vat in = {.run = 4, .kind = MN_FROM_VAT_DIFFERS};
    struct mn_from_vat out;
    struct mn_arena arena = {0};
    in.differs =
        (struct mn_differs){.peer = mn_name_of("x2"), .run = 7, .self = true, .epoch = 0x100000004};
    assert_int_equal(from_vat_again(&in, &arena, &out), MN_OK);
    assert_string_equal(out.differs.peer.text, "x2");
    assert_int_equal(out.differs.run, 7);
    assert_true(out.differs.self);
    assert_int_equal(out.differs.epoch, 0x100000004);
    in.differs.epoch = 0;
    assert_int_equal(from_vat_again(&in, &arena, &out), MN_BAD_INPUT);
    mn_arena_deinit(&arena);
}

static void its_agent_says_who_said_it(void **state)
{
    (void)state;
    struct mn_up in = {.generation = 4, .kind = MN_UP_DIFFERS};
    struct mn_up out;
    struct mn_arena arena = {0};
    in.differs.vat = (struct mn_vat_run){.vat = mn_name_of("x1"), .run = 3};
    in.differs.differs =
        (struct mn_differs){.peer = mn_name_of("x2"), .run = 7, .self = true, .epoch = 0x100000004};
    assert_int_equal(up_again(&in, &arena, &out), MN_OK);
    assert_string_equal(out.differs.vat.vat.text, "x1");
    assert_int_equal(out.differs.vat.run, 3);
    assert_string_equal(out.differs.differs.peer.text, "x2");
    assert_int_equal(out.differs.differs.run, 7);
    assert_true(out.differs.differs.self);
    assert_int_equal(out.differs.differs.epoch, 0x100000004);
    in.differs.differs.epoch = 0;
    assert_int_equal(up_again(&in, &arena, &out), MN_BAD_INPUT);
    mn_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greetings_say_which_epochs_they_mean),
        cmocka_unit_test(marks_say_which_checkpoint_covers_them),
        cmocka_unit_test(who_has_a_greeting_wait_says_whether_it_has_forgotten),
        cmocka_unit_test(a_checkpoint_says_which_lives_it_knows_of),
        cmocka_unit_test(a_session_keeps_what_it_compares_with),
        cmocka_unit_test(a_vat_says_which_of_the_two_forgot_what),
        cmocka_unit_test(its_agent_says_who_said_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
