/* Records that are recalled in pieces, which are not of one record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keeping_stage.h"
#include "wire/control.h"

static const uint64_t three[] = {1, 1, 2, 0};

/* Through the codec: the message is one that the wire takes. */
static void say(struct stage *stage, uint32_t host, const struct mn_up *message)
{
    struct mn_buffer bytes = {0};
    struct mn_up up = {0};
    struct mn_arena arena;
    mn_arena_init(&arena, 0);
    assert_int_equal(mn_up_encode(message, &bytes), MN_OK);
    assert_int_equal(mn_up_decode(bytes.bytes, bytes.size, &arena, &up), MN_OK);
    stage_up(stage, host, &up);
    mn_buffer_deinit(&bytes);
    mn_arena_deinit(&arena);
}

static void drops_a_piece_that_says_another_size_than_the_first(void **state)
{
    (void)state;
    struct stage stage;
    unsigned char *bytes = calloc(1, MN_PIECE_SIZE_MAX);
    memset(bytes, 'A', MN_PIECE_SIZE_MAX);
    struct mn_kept piece = {.sequence = 4,
                            .generation = 2,
                            .kind = MN_JOURNAL_DECISION,
                            .size = MN_PIECE_SIZE_MAX + 3,
                            .bytes = bytes,
                            .byte_count = MN_PIECE_SIZE_MAX};
    struct mn_up message = {.generation = 3, .kind = MN_UP_RECALLED};
    stage_open_with(&stage, three);
    stage_promised(&stage, 1, 3, 3, 2, MN_MEMBER_WHOLE);
    stage_promised(&stage, 3, 3, 4, 2, MN_MEMBER_WHOLE);
    stage_pass_over(&stage);
    message.recalled.sequence = 4;
    message.recalled.matched = true;
    message.recalled.newest = 4;
    message.recalled.records = &piece;
    message.recalled.record_count = 1;
    say(&stage, 3, &message);
    piece.offset = message.recalled.offset = MN_PIECE_SIZE_MAX;
    piece.size = 100 * (uint64_t)MN_PIECE_SIZE_MAX; /* and not MN_PIECE_SIZE_MAX + 3 any more */
    say(&stage, 3, &message);                       /* 256 KiB - 3 behind the end of the block */
    piece.offset = message.recalled.offset = 2 * MN_PIECE_SIZE_MAX;
    say(&stage, 3, &message);
    assert_null(strstr(stage.text, "append"));
    stage_close(&stage);
    free(bytes);
}

/* h3 has another record 4 when it is asked for the rest of the first one. */
static void drops_a_piece_of_another_generation_than_the_first(void **state)
{
    (void)state;
    struct stage stage;
    unsigned char *bytes = calloc(1, MN_PIECE_SIZE_MAX);
    struct mn_kept piece = {.sequence = 4,
                            .generation = 2,
                            .kind = MN_JOURNAL_DECISION,
                            .size = MN_PIECE_SIZE_MAX + 3,
                            .bytes = bytes,
                            .byte_count = MN_PIECE_SIZE_MAX};
    struct mn_up message = {.generation = 3, .kind = MN_UP_RECALLED};
    stage_open_with(&stage, three);
    stage_promised(&stage, 1, 3, 3, 2, MN_MEMBER_WHOLE);
    stage_promised(&stage, 3, 3, 4, 2, MN_MEMBER_WHOLE);
    message.recalled.sequence = 4;
    message.recalled.matched = true;
    message.recalled.newest = 4;
    message.recalled.records = &piece;
    message.recalled.record_count = 1;
    say(&stage, 3, &message);
    piece.offset = message.recalled.offset = MN_PIECE_SIZE_MAX;
    piece.byte_count = 3;
    piece.generation = 3;
    stage_pass_over(&stage);
    say(&stage, 3, &message);
    expect(&stage, "h3 recall 4 after 2\n"); /* from its beginning */
    stage_close(&stage);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drops_a_piece_that_says_another_size_than_the_first),
        cmocka_unit_test(drops_a_piece_of_another_generation_than_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
