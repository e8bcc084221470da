/* Arenas: what they take from the system, and what they keep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/arena.h"

static void what_fits_into_its_room_takes_nothing_from_the_system(void **state)
{
    (void)state;
    struct mn_arena_room room;
    struct mn_arena arena;
    mn_arena_init_in(&arena, &room, 1);
    unsigned char *bytes = mn_arena_take(&arena, 1000);
    assert_non_null(bytes);
    assert_int_equal(arena.size, 0);
    assert_int_equal(bytes[999], 0);
    assert_null(mn_arena_take(&arena, 2000)); /* the bound is one byte */
    mn_arena_deinit(&arena);
}

static void what_does_not_fit_goes_into_blocks(void **state)
{
    (void)state;
    struct mn_arena_room room;
    struct mn_arena arena;
    mn_arena_init_in(&arena, &room, 0);
    unsigned char *first = mn_arena_take(&arena, 1500);
    unsigned char *second = mn_arena_take(&arena, 1500);
    memset(first, 1, 1500);
    memset(second, 2, 1500);
    assert_int_equal(first[1499], 1);
    assert_true(arena.size > 1500);
    mn_arena_deinit(&arena);
    assert_int_equal(arena.size, 0);
}

static void a_cleared_arena_hands_out_its_block_again_zeroed(void **state)
{
    (void)state;
    struct mn_arena arena = {0};
    unsigned char *first = mn_arena_take(&arena, 100);
    memset(first, 1, 100);
    mn_arena_clear(&arena);
    unsigned char *second = mn_arena_take(&arena, 100);
    assert_ptr_equal(first, second);
    assert_int_equal(second[0], 0);
    mn_arena_deinit(&arena);
}

static void a_cleared_arena_keeps_no_large_block(void **state)
{
    (void)state;
    struct mn_arena arena = {0};
    (void)mn_arena_take(&arena, 1000000);
    mn_arena_clear(&arena);
    assert_int_equal(arena.size, 0);
    assert_null(arena.newest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_into_its_room_takes_nothing_from_the_system),
        cmocka_unit_test(what_does_not_fit_goes_into_blocks),
        cmocka_unit_test(a_cleared_arena_hands_out_its_block_again_zeroed),
        cmocka_unit_test(a_cleared_arena_keeps_no_large_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
