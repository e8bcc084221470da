/* A vat whose newest checkpoint cannot be restored from what is here is asked for a full one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "agent_play.h"

static bool said(const struct play *play, const char *words)
{
    return strstr(play->text, words) != NULL;
}

static void write_durable(struct play *play, mn_epoch epoch, mn_epoch onto)
{
    play_written(play, 'a', epoch, 0, onto);
    play_synced(play, "x1", epoch, MN_OK);
}

/* x1 has written 1.1 and 1.2, which applies onto it; of these @epoch turns out to be damaged. */
static void lose(struct play *play, mn_epoch epoch)
{
    play_open(play, 1, 2);
    play_run_x1(play);
    write_durable(play, EPOCH(1, 1), 0);
    write_durable(play, EPOCH(1, 2), EPOCH(1, 1));
    play_have(play, 2, "x1", epoch, MN_CORRUPT);
    play_synced(play, "x1", epoch, MN_CORRUPT);
    play_skip(play);
    play_at(play, 1000);
    play_tick(play);
}

static void asks_for_a_full_until_there_is_one_when_a_link_is_lost(void **state)
{
    (void)state;
    struct play play;
    lose(&play, EPOCH(1, 1));
    assert_true(said(&play, "vat a take_full above 1.2\n"
                            "note full_asked x1 1.2\n"));
    play_skip(&play);
    write_durable(&play, EPOCH(1, 3), EPOCH(1, 2)); /* it had not heard of that */
    play_at(&play, 2000);
    play_tick(&play);
    assert_true(said(&play, "vat a take_full above 1.3\n"));
    play_skip(&play);
    write_durable(&play, EPOCH(1, 4), 0);
    assert_true(said(&play, "vat a durable 1.4"));
    play_at(&play, 3000);
    play_tick(&play);
    assert_false(said(&play, "take_full"));
    play_close(&play);
}

/* 1.1 restores it, but not as it is. */
static void asks_for_a_full_when_the_newest_itself_is_lost(void **state)
{
    (void)state;
    struct play play;
    lose(&play, EPOCH(1, 2));
    assert_true(said(&play, "vat a take_full above 1.2\n"));
    play_close(&play);
}

static void asks_for_no_full_where_one_is_above_what_is_lost(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 1, 2);
    play_run_x1(&play);
    write_durable(&play, EPOCH(1, 1), 0);
    write_durable(&play, EPOCH(1, 2), EPOCH(1, 1));
    write_durable(&play, EPOCH(1, 3), 0);
    play_have(&play, 2, "x1", EPOCH(1, 1), MN_CORRUPT);
    play_synced(&play, "x1", EPOCH(1, 1), MN_CORRUPT);
    play_at(&play, 1000);
    play_tick(&play);
    assert_false(said(&play, "take_full"));
    play_close(&play);
}

/* Its file was not there when this agent began, and the vat lives on. */
static void asks_for_a_full_when_a_link_is_not_found_at_the_start(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 1, 2);
    play_run_x1(&play);
    write_durable(&play, EPOCH(1, 2), EPOCH(1, 1));
    play_at(&play, 1000);
    play_tick(&play);
    assert_true(said(&play, "vat a take_full above 1.2\n"));
    play_close(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_a_full_until_there_is_one_when_a_link_is_lost),
        cmocka_unit_test(asks_for_a_full_when_the_newest_itself_is_lost),
        cmocka_unit_test(asks_for_no_full_where_one_is_above_what_is_lost),
        cmocka_unit_test(asks_for_a_full_when_a_link_is_not_found_at_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
