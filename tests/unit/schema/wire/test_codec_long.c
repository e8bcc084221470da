/* Messages that are compressed: a freeze of half a cluster, the notices of a large decision. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zstd.h>

#include "codec_damage.h"
#include "control.pb-c.h"
#include "wire/control.h"

enum { SUSPECT_COUNT = 300000 };

static struct mn_name *many_suspects(uint32_t count)
{
    struct mn_name *suspects = calloc(count, sizeof *suspects);
    assert_non_null(suspects);
    for (uint32_t i = 0; i < count; i++) {
        (void)snprintf(suspects[i].text, sizeof suspects[i].text, "shop/cart-%u", i);
    }
    return suspects;
}

static mn_run *many_runs(uint32_t count)
{
    mn_run *runs = calloc(count, sizeof *runs);
    assert_non_null(runs);
    for (uint32_t i = 0; i < count; i++) {
        runs[i] = i % 7 + 1;
    }
    return runs;
}

static struct mn_buffer freeze_of(uint32_t count)
{
    struct mn_buffer buffer = {0};
    struct mn_name *suspects = many_suspects(count);
    mn_run *runs = many_runs(count);
    struct mn_down freeze = {.kind = MN_DOWN_FREEZE,
                             .generation = 3,
                             .head = 17,
                             .freeze = {.round = 5,
                                        .attempt = 2,
                                        .suspects = {.names = suspects, .count = count},
                                        .runs = runs}};
    assert_int_equal(mn_down_encode(&freeze, &buffer), MN_OK);
    free(suspects);
    free(runs);
    return buffer;
}

static void a_freeze_of_a_third_of_a_million_fits_into_a_message(void **state)
{
    (void)state;
    struct mn_buffer buffer = freeze_of(SUSPECT_COUNT);
    struct mn_name *suspects = many_suspects(SUSPECT_COUNT);
    mn_run *runs = many_runs(SUSPECT_COUNT);
    struct mn_arena arena = {0};
    struct mn_down out;
    assert_true(buffer.size < MN_MESSAGE_SIZE_MAX);
    assert_int_equal(mn_down_decode(buffer.bytes, buffer.size, &arena, &out), MN_OK);
    assert_int_equal(out.kind, MN_DOWN_FREEZE);
    assert_int_equal(out.generation, 3);
    assert_int_equal(out.head, 17);
    assert_int_equal(out.freeze.round, 5);
    assert_int_equal(out.freeze.attempt, 2);
    assert_int_equal(out.freeze.suspects.numbering, 0);
    assert_int_equal(out.freeze.suspects.count, SUSPECT_COUNT);
    assert_memory_equal(out.freeze.suspects.names, suspects, SUSPECT_COUNT * sizeof *suspects);
    assert_memory_equal(out.freeze.runs, runs, SUSPECT_COUNT * sizeof *runs);
    free(suspects);
    free(runs);
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&buffer);
}

static void a_long_message_takes_less_than_half(void **state)
{
    (void)state;
    struct mn_buffer plain = freeze_of(200);
    struct mn_buffer buffer = freeze_of(2000);
    assert_true(plain.size < 4096);
    assert_true(buffer.size < 5 * plain.size);
    mn_buffer_deinit(&plain);
    mn_buffer_deinit(&buffer);
}

static void a_message_that_gains_nothing_goes_as_it_is(void **state)
{
    (void)state;
    static unsigned char noise[6000];
    uint64_t random = 1;
    for (size_t i = 0; i < sizeof noise; i++) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        noise[i] = (unsigned char)(random >> 56);
    }
    struct mn_kept kept = {
        .sequence = 1, .generation = 1, .kind = 1, .size = sizeof noise, .bytes = noise};
    kept.byte_count = sizeof noise;
    struct mn_down piece = {.kind = MN_DOWN_KEEP, .keep = {.records = &kept, .record_count = 1}};
    struct mn_buffer buffer = {0};
    assert_int_equal(mn_down_encode(&piece, &buffer), MN_OK);
    Mneme__Down *message = mneme__down__unpack(NULL, buffer.size, buffer.bytes);
    assert_non_null(message);
    assert_int_equal(message->body_case, MNEME__DOWN__BODY_KEEP);
    mneme__down__free_unpacked(message, NULL);
    mn_buffer_deinit(&buffer);
}

static mn_result decode_freeze(const void *bytes, size_t size, struct mn_arena *arena)
{
    struct mn_down out;
    return mn_down_decode(bytes, size, arena, &out);
}

static void survives_damage_within(void **state)
{
    (void)state;
    struct mn_buffer buffer = freeze_of(500);
    survive_damage(decode_freeze, &buffer);
    mn_buffer_deinit(&buffer);
}

/* That a Down with this frame in it is refused so. */
static void refuses_frame(const void *frame, size_t size, mn_result expected)
{
    Mneme__Down down = MNEME__DOWN__INIT;
    struct mn_arena arena = {0};
    struct mn_down out;
    down.version = MN_PROTOCOL_VERSION;
    down.body_case = MNEME__DOWN__BODY_SQUEEZED;
    down.squeezed.data = malloc(size + 1);
    down.squeezed.len = size;
    unsigned char *bytes = malloc(size + 64);
    assert_non_null(down.squeezed.data);
    assert_non_null(bytes);
    memcpy(down.squeezed.data, frame, size);
    size_t whole = mneme__down__pack(&down, bytes);
    assert_int_equal(mn_down_decode(bytes, whole, &arena, &out), expected);
    free(down.squeezed.data);
    free(bytes);
    mn_arena_deinit(&arena);
}

static void refuses_one_inside_the_other(void **state)
{
    (void)state;
    struct mn_buffer buffer = freeze_of(500);
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
    size_t size = (size_t)MN_LONG_SIZE_MAX + 1;
    unsigned char *zeros = calloc(size, 1);
    size_t room = ZSTD_compressBound(size);
    unsigned char *frame = malloc(room);
    assert_non_null(zeros);
    assert_non_null(frame);
    size_t packed = ZSTD_compress(frame, room, zeros, size, 1);
    assert_false(ZSTD_isError(packed));
    refuses_frame(frame, packed, MN_TOO_LARGE);
    refuses_frame("no frame", 8, MN_BAD_INPUT);
    refuses_frame("", 0, MN_BAD_VERSION);
    free(zeros);
    free(frame);
}

/* Names as long as they may be, of which fewer fit than may be named. */
static void says_when_a_message_is_too_long_to_be_expanded(void **state)
{
    (void)state;
    enum { LONG_COUNT = 260000 };
    struct mn_buffer buffer = {0};
    struct mn_name *suspects = many_suspects(LONG_COUNT);
    mn_run *runs = many_runs(LONG_COUNT);
    for (uint32_t i = 0; i < LONG_COUNT; i++) {
        size_t size = strlen(suspects[i].text);
        memset(suspects[i].text + size, 'x', MN_NAME_SIZE_MAX - size);
    }
    struct mn_down freeze = {
        .kind = MN_DOWN_FREEZE,
        .freeze = {.suspects = {.names = suspects, .count = LONG_COUNT}, .runs = runs}};
    assert_int_equal(mn_down_encode(&freeze, &buffer), MN_TOO_LARGE);
    assert_int_equal(buffer.size, 0);
    free(suspects);
    free(runs);
    mn_buffer_deinit(&buffer);
}

/* A round's decision has the notices of all its vats; a host is told those of its own. */
static void a_decision_carries_the_notices_of_those_it_names_alone(void **state)
{
    (void)state;
    const struct mn_notice notices[] = {
        {.peer = {"a"}}, {.peer = {"b"}}, {.peer = {"c"}}, {.peer = {"d"}}};
    const struct mn_told told[] = {{.vat = {"y"}, .notice_first = 2, .notice_count = 2},
                                   {.vat = {"x"}, .notice_first = 0, .notice_count = 1}};
    struct mn_down in = {.kind = MN_DOWN_DECISION};
    struct mn_down out;
    struct mn_arena arena = {0};
    in.decision = (struct mn_decision_notice){
        .round = 6, .told = told, .told_count = 2, .notices = notices, .notice_count = 3};
    assert_int_equal(down_again(&in, &arena, &out), MN_OK);
    assert_int_equal(out.decision.told_count, 2);
    assert_int_equal(out.decision.notice_count, 3);
    assert_string_equal(out.decision.notices[out.decision.told[0].notice_first].peer.text, "c");
    assert_string_equal(out.decision.notices[out.decision.told[0].notice_first + 1].peer.text, "d");
    assert_string_equal(out.decision.notices[out.decision.told[1].notice_first].peer.text, "a");
    mn_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_freeze_of_a_third_of_a_million_fits_into_a_message),
        cmocka_unit_test(a_long_message_takes_less_than_half),
        cmocka_unit_test(a_message_that_gains_nothing_goes_as_it_is),
        cmocka_unit_test(survives_damage_within),
        cmocka_unit_test(refuses_one_inside_the_other),
        cmocka_unit_test(refuses_a_frame_of_too_much),
        cmocka_unit_test(says_when_a_message_is_too_long_to_be_expanded),
        cmocka_unit_test(a_decision_carries_the_notices_of_those_it_names_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
