/* Large messages in pieces, the window that keeps them apart, and answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "agent/vat/vat_world.h"

enum { MIB = 1024 * 1024, WINDOW_PIECES = VAT_WINDOW_SIZE_MAX / MN_PIECE_SIZE_MAX };

/* @count vats that send early and write no checkpoints of themselves, each of which has sent one
 * message to the first. */
static void world_of_early(struct world *world, int count)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    world_init(world, 1);
    world->early = true;
    world->interval_ms = 600000;
    for (int i = 0; i < count; i++) {
        (void)world_add(world, names[i]);
        world_start(world, i, 0, MN_RUNNING);
    }
    for (int i = 1; i < count; i++) {
        assert_int_equal(world_send(world, i, 0, 1), 1);
    }
    world_run(world, 1);
    world_clear_logs(world);
}

static void many_messages_of_a_moment_are_answered_together(void **state)
{
    (void)state;
    struct world world;
    world_of_early(&world, 2);
    uint64_t before = world.packets_ever;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(world_send(&world, 1, 0, 1), 1);
        world_tick(&world, 1);
        world_flush(&world);
    }
    assert_int_equal(world_got(&world, 0, 1), 101);
    assert_in_range(world.packets_ever - before, 100, 101);
    /* What is not answered at once is answered soon, and is not sent again. */
    world_run(&world, 500);
    assert_in_range(world.packets_ever - before, 101, 104);
    world_deinit(&world);
}

static void the_largest_message_comes_in_pieces_and_once(void **state)
{
    (void)state;
    struct world world;
    world_of_early(&world, 2);
    assert_true(world_send_large(&world, 1, 0, MN_PAYLOAD_SIZE_MAX));
    /* So much waits for this peer, which can be reached, that the next one has to. */
    assert_int_equal(world_send(&world, 1, 0, 1), 0);
    world_tick(&world, 1);
    assert_int_equal(world.packet_count, WINDOW_PIECES);
    world_flush(&world);
    assert_int_equal(world_send(&world, 1, 0, 1), 1);
    world_run(&world, 1);
    assert_string_equal(world.vats[0].log, "message b 2\nmessage b 3\n");
    assert_false(world.vats[0].wrong_number);
    world_deinit(&world);
}

static void what_is_as_large_as_a_piece_goes_whole(void **state)
{
    (void)state;
    struct world world;
    world_of_early(&world, 2);
    assert_true(world_send_large(&world, 1, 0, MN_PIECE_SIZE_MAX));
    assert_true(world_send_large(&world, 1, 0, MN_PIECE_SIZE_MAX + 1));
    world_tick(&world, 1);
    assert_int_equal(world.packet_count, 3);
    world_flush(&world);
    assert_string_equal(world.vats[0].log, "message b 2\nmessage b 3\n");
    world_deinit(&world);
}

static void a_large_message_does_not_keep_small_ones_of_others_waiting(void **state)
{
    (void)state;
    struct world world;
    world_of_early(&world, 3);
    assert_true(world_send_large(&world, 1, 0, 32 * MIB));
    world_tick(&world, 1);
    assert_int_equal(world_send(&world, 2, 0, 1), 1);
    world_tick(&world, 2);
    world_flush(&world);
    assert_string_equal(world.vats[0].log, "message c 2\nmessage b 2\n");
    world_deinit(&world);
}

static void no_more_than_the_window_is_under_way(void **state)
{
    (void)state;
    struct world world;
    world_of_early(&world, 2);
    for (int i = 0; i < WINDOW_PIECES / 2; i++) {
        assert_true(world_send_large(&world, 1, 0, MN_PIECE_SIZE_MAX));
    }
    world_tick(&world, 1);
    for (int i = 0; i < 8; i++) {
        assert_true(world_send_large(&world, 1, 0, MIB));
    }
    world_tick(&world, 1);
    assert_int_equal(world.packet_count, WINDOW_PIECES);
    assert_true(world_send_large(&world, 1, 0, MIB));
    world_tick(&world, 1);
    assert_int_equal(world.packet_count, WINDOW_PIECES);
    world_flush(&world);
    assert_int_equal(world_got(&world, 0, 1), WINDOW_PIECES / 2 + 10);
    world_deinit(&world);
}

static void a_lost_piece_is_sent_again(void **state)
{
    (void)state;
    struct world world;
    world_of_early(&world, 2);
    assert_true(world_send_large(&world, 1, 0, 8 * MIB));
    world_tick(&world, 1);
    world_drop(&world);
    world_run(&world, 100);
    assert_string_equal(world.vats[0].log, "message b 2\n");
    world_deinit(&world);
}

static void pieces_that_get_lost_and_overtake_each_other_come_together(void **state)
{
    (void)state;
    struct world world;
    world_of_early(&world, 2);
    world.loss_percent = 15;
    world.reorder = true;
    assert_true(world_send_large(&world, 1, 0, 2 * MIB));
    for (int i = 0; i < 100 && world_got(&world, 0, 1) < 2; i++) {
        world_run(&world, 100);
    }
    assert_string_equal(world.vats[0].log, "message b 2\n");
    assert_true(world.lost > 0);
    world_deinit(&world);
}

static void a_receiver_that_crashes_in_the_middle_gets_all_of_it(void **state)
{
    (void)state;
    struct world world;
    world_of_early(&world, 2);
    world_save(&world, 0);
    world_durable(&world, 0);
    assert_true(world_send_large(&world, 1, 0, 16 * MIB));
    world_tick(&world, 1);
    world_crash(&world, 0);
    world_drop(&world);
    world_clear_logs(&world);
    world_start(&world, 0, world_newest_saved(&world, 0), MN_REVIVED);
    world_run(&world, 500);
    assert_string_equal(world.vats[0].log, "restored 1 at 100000001\nmessage b 2\n");
    world_deinit(&world);
}

static void who_finds_no_room_waits_for_its_turn(void **state)
{
    (void)state;
    struct world world;
    world_of_early(&world, 4);
    for (int i = 1; i < 4; i++) {
        assert_true(world_send_large(&world, i, 0, 48 * MIB));
        world_tick(&world, i);
    }
    world_flush(&world);
    for (int i = 1; i < 4; i++) {
        assert_int_equal(world_got(&world, 0, i), 2);
    }
    assert_false(world.vats[0].wrong_number);
    world_deinit(&world);
}

static void room_that_a_dead_peer_holds_is_given_to_others(void **state)
{
    (void)state;
    struct world world;
    world_of_early(&world, 4);
    for (int i = 1; i < 3; i++) {
        assert_true(world_send_large(&world, i, 0, MN_PAYLOAD_SIZE_MAX));
        world_tick(&world, i);
        world_deliver(&world, WINDOW_PIECES / 2);
    }
    world_crash(&world, 1);
    world_crash(&world, 2);
    world_drop(&world);
    world_clear_logs(&world);
    assert_true(world_send_large(&world, 3, 0, MIB));
    world_run(&world, 1000);
    assert_string_equal(world.vats[0].log, "message d 2\n");
    world_deinit(&world);
}

static void large_checkpoints_wait_until_those_before_are_durable(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 1);
    (void)world_add(&world, "a");
    (void)world_add(&world, "b");
    world_start(&world, 0, 0, MN_RUNNING);
    world_start(&world, 1, 0, MN_RUNNING);
    world.file_size = VAT_UNDURABLE_SIZE_MAX;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(world_send(&world, 0, 1, 1), 1);
        world_run(&world, 100);
    }
    assert_int_equal(world_saved_count(&world, 0), 2);
    world_durable(&world, 0);
    world_run(&world, 100);
    assert_int_equal(world_saved_count(&world, 0), 3);
    world_deinit(&world);
}

/* The interval of this world is 100 ms. */
static void checkpoints_under_way_put_off_the_next_ever_longer(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 1);
    (void)world_add(&world, "a");
    (void)world_add(&world, "b");
    world_start(&world, 0, 0, MN_RUNNING);
    world_start(&world, 1, 0, MN_RUNNING);
    /* One may be under way; with two the third waits for 3 intervals more, the fourth for 15, the
     * fifth for 63 and the sixth for 64. */
    static const struct {
        int at_ms;
        size_t saved;
    } expected[] = {{100, 1},  {200, 2},  {500, 2},  {600, 3},   {2100, 3},
                    {2200, 4}, {8500, 4}, {8600, 5}, {15000, 5}, {15100, 6}};
    int now_ms = 0;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_int_equal(world_send(&world, 0, 1, 1), 1);
        world_run(&world, expected[i].at_ms - now_ms);
        now_ms = expected[i].at_ms;
        assert_int_equal(world_saved_count(&world, 0), expected[i].saved);
    }
    world_durable(&world, 0);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 100);
    assert_int_equal(world_saved_count(&world, 0), 7);
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_messages_of_a_moment_are_answered_together),
        cmocka_unit_test(the_largest_message_comes_in_pieces_and_once),
        cmocka_unit_test(what_is_as_large_as_a_piece_goes_whole),
        cmocka_unit_test(a_large_message_does_not_keep_small_ones_of_others_waiting),
        cmocka_unit_test(no_more_than_the_window_is_under_way),
        cmocka_unit_test(a_lost_piece_is_sent_again),
        cmocka_unit_test(pieces_that_get_lost_and_overtake_each_other_come_together),
        cmocka_unit_test(a_receiver_that_crashes_in_the_middle_gets_all_of_it),
        cmocka_unit_test(who_finds_no_room_waits_for_its_turn),
        cmocka_unit_test(room_that_a_dead_peer_holds_is_given_to_others),
        cmocka_unit_test(large_checkpoints_wait_until_those_before_are_durable),
        cmocka_unit_test(checkpoints_under_way_put_off_the_next_ever_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
