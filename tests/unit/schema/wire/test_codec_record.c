/* Records of the journal: how a round ended, and those that are too long to travel in one piece, a
 * decision over a large part of a large cluster. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zstd.h>

#include "stored.pb-c.h"
#include "wire/stored.h"

/* A decision that starts @count vats. Each field is to be freed. */
static struct mn_journal_record decision_of(uint32_t count)
{
    static const struct mn_link chain[] = {{.epoch = 7, .holder = {"h7"}},
                                           {.epoch = 9, .holder = {"h8"}}};
    struct mn_journal_start *starts = calloc(count, sizeof *starts);
    struct mn_told *told = calloc(count, sizeof *told);
    struct mn_notice *notices = calloc(count, sizeof *notices);
    assert_non_null(starts);
    assert_non_null(told);
    assert_non_null(notices);
    for (uint32_t i = 0; i < count; i++) {
        struct mn_name *vat = &starts[i].start.vat;
        (void)snprintf(vat->text, sizeof vat->text, "shop/cart-%u", i * 7919 % count);
        starts[i].host = mn_name_of("h7");
        starts[i].start.run = i % 7 + 2;
        starts[i].start.keep = 9;
        starts[i].start.outcome = MN_REVIVED;
        starts[i].start.chain = chain;
        starts[i].start.chain_count = 2;
        starts[i].lost = i;
        told[i] = (struct mn_told){.vat = *vat, .notice_first = i, .notice_count = 1};
        notices[i].peer = *vat;
        notices[i].kept = i;
    }
    struct mn_journal_record record = {.kind = MN_JOURNAL_DECISION};
    record.decision.round = 5;
    record.decision.starts = starts;
    record.decision.start_count = count;
    record.decision.told = told;
    record.decision.told_count = count;
    record.decision.notices = notices;
    record.decision.notice_count = count;
    return record;
}

static struct mn_buffer bytes_of(uint32_t count)
{
    struct mn_buffer buffer = {0};
    struct mn_journal_record record = decision_of(count);
    assert_int_equal(mn_journal_record_encode(&record, &buffer), MN_OK);
    free((void *)record.decision.starts);
    free((void *)record.decision.told);
    free((void *)record.decision.notices);
    return buffer;
}

static void a_long_decision_comes_out_as_it_went_in(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    struct mn_journal_record in = decision_of(COUNT);
    struct mn_buffer buffer = bytes_of(COUNT);
    struct mn_arena arena = {0};
    struct mn_journal_record out;
    assert_true(buffer.size < (size_t)COUNT * 100 / 4); /* each row takes more than that */
    assert_int_equal(
        mn_journal_record_decode(MN_JOURNAL_DECISION, buffer.bytes, buffer.size, &arena, &out),
        MN_OK);
    assert_int_equal(out.decision.round, 5);
    assert_int_equal(out.decision.start_count, COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        const struct mn_journal_start *start = &out.decision.starts[i];
        assert_string_equal(start->start.vat.text, in.decision.starts[i].start.vat.text);
        assert_int_equal(start->start.run, i % 7 + 2);
        assert_int_equal(start->start.chain_count, 2);
        assert_string_equal(start->start.chain[1].holder.text, "h8");
        assert_int_equal(start->lost, i);
        assert_string_equal(out.decision.told[i].vat.text, start->start.vat.text);
        assert_int_equal(out.decision.notices[i].kept, i);
    }
    assert_int_equal(
        mn_journal_record_decode(MN_JOURNAL_FREEZE, buffer.bytes, buffer.size, &arena, &out),
        MN_BAD_INPUT);
    free((void *)in.decision.starts);
    free((void *)in.decision.told);
    free((void *)in.decision.notices);
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&buffer);
}

static mn_result decode_decision(const void *bytes, size_t size, struct mn_arena *arena)
{
    struct mn_journal_record out;
    return mn_journal_record_decode(MN_JOURNAL_DECISION, bytes, size, arena, &out);
}

static void survives_damage_within(void **state)
{
    (void)state;
    struct mn_buffer buffer = bytes_of(4000);
    Mneme__JournalRecord *record = mneme__journal_record__unpack(NULL, buffer.size, buffer.bytes);
    assert_non_null(record);
    assert_int_equal(record->body_case, MNEME__JOURNAL_RECORD__BODY_SQUEEZED);
    mneme__journal_record__free_unpacked(record, NULL);
    struct mn_arena arena = {0};
    for (size_t i = 0; i < buffer.size; i += buffer.size / 97 + 1) {
        buffer.bytes[i] ^= 0x5A;
        (void)decode_decision(buffer.bytes, buffer.size, &arena); /* it may be fine */
        mn_arena_clear(&arena);
        buffer.bytes[i] ^= 0x5A;
    }
    assert_int_equal(decode_decision(buffer.bytes, buffer.size / 2, &arena), MN_BAD_INPUT);
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&buffer);
}

/* That a record with this frame in it is refused so. */
static void refuses_frame(const void *frame, size_t size, mn_result expected)
{
    Mneme__JournalRecord record = MNEME__JOURNAL_RECORD__INIT;
    struct mn_arena arena = {0};
    unsigned char *copy = malloc(size + 1);
    unsigned char *bytes = malloc(size + 64);
    assert_non_null(copy);
    assert_non_null(bytes);
    memcpy(copy, frame, size);
    record.version = MN_PROTOCOL_VERSION;
    record.body_case = MNEME__JOURNAL_RECORD__BODY_SQUEEZED;
    record.squeezed.data = copy;
    record.squeezed.len = size;
    size_t whole = mneme__journal_record__pack(&record, bytes);
    assert_int_equal(decode_decision(bytes, whole, &arena), expected);
    free(copy);
    free(bytes);
    mn_arena_deinit(&arena);
}

static void refuses_one_inside_the_other(void **state)
{
    (void)state;
    struct mn_buffer buffer = bytes_of(4000);
    size_t room = ZSTD_compressBound(buffer.size);
    unsigned char *frame = malloc(room);
    assert_non_null(frame);
    size_t size = ZSTD_compress(frame, room, buffer.bytes, buffer.size, 1);
    assert_false(ZSTD_isError(size));
    refuses_frame(frame, size, MN_BAD_INPUT);
    free(frame);
    mn_buffer_deinit(&buffer);
}

/* A few bytes that say they are a gigabyte take no memory. */
static void refuses_a_frame_of_too_much(void **state)
{
    (void)state;
    /* The magic number, a descriptor of one segment with eight bytes of size, and 1 GiB. */
    static const unsigned char frame[] = {0x28, 0xB5, 0x2F, 0xFD, 0xE0, 0, 0, 0, 0x40, 0, 0, 0, 0};
    refuses_frame(frame, sizeof frame, MN_TOO_LARGE);
    refuses_frame("no frame", 8, MN_BAD_INPUT);
}

static void the_end_of_a_round_says_that_nobody_is_owed_anything_anew(void **state)
{
    (void)state;
    struct mn_journal_record in = {.kind = MN_JOURNAL_DONE};
    struct mn_journal_record out;
    struct mn_buffer buffer = {0};
    struct mn_arena arena = {0};
    in.done = (struct mn_journal_done){.round = 4, .restored_at = 5, .told_at = 6, .again = true};
    assert_int_equal(mn_journal_record_encode(&in, &buffer), MN_OK);
    assert_int_equal(
        mn_journal_record_decode(MN_JOURNAL_DONE, buffer.bytes, buffer.size, &arena, &out), MN_OK);
    assert_int_equal(out.done.round, 4);
    assert_int_equal(out.done.restored_at, 5);
    assert_int_equal(out.done.told_at, 6);
    assert_true(out.done.again);
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_decision_comes_out_as_it_went_in),
        cmocka_unit_test(survives_damage_within),
        cmocka_unit_test(refuses_one_inside_the_other),
        cmocka_unit_test(refuses_a_frame_of_too_much),
        cmocka_unit_test(the_end_of_a_round_says_that_nobody_is_owed_anything_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
