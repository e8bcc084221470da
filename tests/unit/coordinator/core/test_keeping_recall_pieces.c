/* Records that are recalled in pieces, also when these are not of one record. */
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

/* h3 has a large record 4: its first piece has come, and `message` is the second. */
struct pieces {
    struct stage stage;
    unsigned char *bytes;
    struct mn_kept piece;
    struct mn_up message;
};

static void open_pieces(struct pieces *pieces)
{
    memset(pieces, 0, sizeof *pieces);
    pieces->bytes = calloc(1, MN_PIECE_SIZE_MAX);
    pieces->piece = (struct mn_kept){.sequence = 4,
                                     .generation = 2,
                                     .kind = MN_JOURNAL_DECISION,
                                     .size = MN_PIECE_SIZE_MAX + 3,
                                     .bytes = pieces->bytes,
                                     .byte_count = MN_PIECE_SIZE_MAX};
    pieces->message = (struct mn_up){.generation = 3, .kind = MN_UP_RECALLED};
    pieces->message.recalled.sequence = 4;
    pieces->message.recalled.matched = true;
    pieces->message.recalled.newest = 4;
    pieces->message.recalled.records = &pieces->piece;
    pieces->message.recalled.record_count = 1;
    stage_open_with(&pieces->stage, three);
    stage_promised(&pieces->stage, 1, 3, 3, 2, MN_MEMBER_WHOLE);
    stage_promised(&pieces->stage, 3, 3, 4, 2, MN_MEMBER_WHOLE);
    stage_pass_over(&pieces->stage);
    say(&pieces->stage, 3, &pieces->message);
    expect(&pieces->stage, "h3 recall 4 after 2\n"); /* the rest of it */
    pieces->piece.offset = pieces->message.recalled.offset = MN_PIECE_SIZE_MAX;
    pieces->piece.byte_count = 3;
}

static void close_pieces(struct pieces *pieces)
{
    stage_close(&pieces->stage);
    free(pieces->bytes);
}

static void a_large_record_is_put_together(void **state)
{
    (void)state;
    struct pieces pieces;
    open_pieces(&pieces);
    struct mn_kept first = pieces.piece;
    struct mn_up again = pieces.message;
    first.offset = again.recalled.offset = 0;
    first.byte_count = MN_PIECE_SIZE_MAX;
    again.recalled.records = &first;
    say(&pieces.stage, 3, &again); /* the first piece once more */
    expect(&pieces.stage, "");
    say(&pieces.stage, 3, &pieces.message);
    expect(&pieces.stage, "append 4 of 2\n");
    stage_recorded(&pieces.stage, 4, 2);
    assert_true(keeping_leads(pieces.stage.keeping));
    close_pieces(&pieces);
}

/* It would be copied behind the end of the room that the first one asked for. */
static void drops_a_piece_that_says_another_size_than_the_first(void **state)
{
    (void)state;
    struct pieces pieces;
    open_pieces(&pieces);
    pieces.piece.size = 100 * (uint64_t)MN_PIECE_SIZE_MAX;
    pieces.piece.byte_count = MN_PIECE_SIZE_MAX;
    say(&pieces.stage, 3, &pieces.message);
    expect(&pieces.stage, "h3 recall 4 after 2\n"); /* from its beginning */
    pieces.piece.offset = pieces.message.recalled.offset = 2 * MN_PIECE_SIZE_MAX;
    say(&pieces.stage, 3, &pieces.message); /* nothing of that is under way */
    expect(&pieces.stage, "");
    close_pieces(&pieces);
}

/* h3 has another record 4 when it is asked for the rest of the first one. */
static void drops_a_piece_of_another_generation_than_the_first(void **state)
{
    (void)state;
    struct pieces pieces;
    open_pieces(&pieces);
    pieces.piece.generation = 3;
    say(&pieces.stage, 3, &pieces.message);
    expect(&pieces.stage, "h3 recall 4 after 2\n"); /* from its beginning */
    close_pieces(&pieces);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_record_is_put_together),
        cmocka_unit_test(drops_a_piece_that_says_another_size_than_the_first),
        cmocka_unit_test(drops_a_piece_of_another_generation_than_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
