/* The damage of codec_damage.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "schema/wire/codec_damage.h"

enum { DAMAGED_SIZE_MAX = 16 * 1024 };

void survive_damage(decode_any *decode, const struct mn_buffer *whole)
{
    for (size_t size = 0; size < whole->size; size++) {
        struct mn_arena arena = {0};
        unsigned char *copy = malloc(size + 1);
        assert_non_null(copy);
        memcpy(copy, whole->bytes, size);
        copy = realloc(copy, size > 0 ? size : 1);
        assert_non_null(copy);
        (void)decode(copy, size, &arena);
        free(copy);
        mn_arena_deinit(&arena);
    }
    static const unsigned char flips[] = {0x01, 0x80, 0xFF};
    unsigned char *copy = malloc(whole->size);
    assert_non_null(copy);
    for (size_t at = 0; at < whole->size * sizeof flips; at++) {
        struct mn_arena arena = {0};
        memcpy(copy, whole->bytes, whole->size);
        copy[at / sizeof flips] ^= flips[at % sizeof flips];
        (void)decode(copy, whole->size, &arena);
        mn_arena_deinit(&arena);
    }
    free(copy);
}

void survive_little_memory(decode_any *decode, const struct mn_buffer *whole)
{
    bool worked = false;
    for (size_t size = 1; !worked; size += 997) {
        struct mn_arena arena;
        mn_arena_init(&arena, size);
        mn_result result = decode(whole->bytes, whole->size, &arena);
        assert_true(result == MN_OK || result == MN_NO_MEMORY);
        worked = result == MN_OK;
        mn_arena_deinit(&arena);
    }
}

/* Of large messages too little is damaged in a long time: it grows with the square of their size.
 */
static void survive(decode_any *decode, const struct mn_buffer *whole, mn_result result)
{
    if (whole->size > DAMAGED_SIZE_MAX) {
        return;
    }
    survive_damage(decode, whole);
    if (result == MN_OK) {
        survive_little_memory(decode, whole);
    }
}

static mn_result decode_up(const void *bytes, size_t size, struct mn_arena *arena)
{
    struct mn_up out;
    return mn_up_decode(bytes, size, arena, &out);
}

mn_result up_again(const struct mn_up *in, struct mn_arena *arena, struct mn_up *out)
{
    struct mn_buffer buffer = {0};
    assert_int_equal(mn_up_encode(in, &buffer), MN_OK);
    mn_result result = mn_up_decode(buffer.bytes, buffer.size, arena, out);
    survive(decode_up, &buffer, result);
    mn_buffer_deinit(&buffer);
    return result;
}

static mn_result decode_down(const void *bytes, size_t size, struct mn_arena *arena)
{
    struct mn_down out;
    return mn_down_decode(bytes, size, arena, &out);
}

mn_result down_again(const struct mn_down *in, struct mn_arena *arena, struct mn_down *out)
{
    struct mn_buffer buffer = {0};
    assert_int_equal(mn_down_encode(in, &buffer), MN_OK);
    mn_result result = mn_down_decode(buffer.bytes, buffer.size, arena, out);
    survive(decode_down, &buffer, result);
    mn_buffer_deinit(&buffer);
    return result;
}

static mn_result decode_from_vat(const void *bytes, size_t size, struct mn_arena *arena)
{
    struct mn_from_vat out;
    return mn_from_vat_decode(bytes, size, arena, &out);
}

mn_result from_vat_again(const struct mn_from_vat *in, struct mn_arena *arena,
                         struct mn_from_vat *out)
{
    struct mn_buffer buffer = {0};
    assert_int_equal(mn_from_vat_encode(in, &buffer), MN_OK);
    mn_result result = mn_from_vat_decode(buffer.bytes, buffer.size, arena, out);
    survive(decode_from_vat, &buffer, result);
    mn_buffer_deinit(&buffer);
    return result;
}

static mn_result decode_to_vat(const void *bytes, size_t size, struct mn_arena *arena)
{
    struct mn_to_vat out;
    return mn_to_vat_decode(bytes, size, arena, &out);
}

mn_result to_vat_again(const struct mn_to_vat *in, struct mn_arena *arena, struct mn_to_vat *out)
{
    struct mn_buffer buffer = {0};
    assert_int_equal(mn_to_vat_encode(in, &buffer), MN_OK);
    mn_result result = mn_to_vat_decode(buffer.bytes, buffer.size, arena, out);
    survive(decode_to_vat, &buffer, result);
    mn_buffer_deinit(&buffer);
    return result;
}
