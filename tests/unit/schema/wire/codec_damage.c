/* The damage of codec_damage.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "schema/wire/codec_damage.h"

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
