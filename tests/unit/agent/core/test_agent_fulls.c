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

/* x1 runs, as an earlier agent left it, and has so many checkpoints here. */
static void begin_with_checkpoints(struct play *play, mn_epoch count)
{
    struct mn_agent_record record = {.kind = MN_AGENT_VAT};
    record.vat.start.vat = mn_name_of("x1");
    record.vat.start.run = 1;
    record.vat.pid = 71;
    play_record(play, &record);
    for (mn_epoch epoch = EPOCH(1, 1); epoch <= EPOCH(1, count); epoch++) {
        struct agent_file_facts facts = {.size = 100, .digest = play_digest(epoch)};
        struct agent_event event = {.kind = AGENT_ON_FILE, .file = &facts};
        facts.record.vat = mn_name_of("x1");
        facts.record.epoch = epoch;
        agent_step(play->agent, play->now, &event,
                   &play->effects); /* no invariant: they are many */
    }
    agent_effects_reset(&play->effects);
    play_begin(play);
    play_attach(play, 'b', "x1", 1, 71);
    play_skip(play);
}

/* An agent begins on a disk with half as many checkpoints as it may have of one vat, of which no
 * coordinator knows yet. */
static void says_early_that_checkpoints_pile_up_without_a_coordinator(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 1, 2);
    begin_with_checkpoints(&play, AGENT_FILE_COUNT_MAX / 2 - 2);
    play_written(&play, 'b', EPOCH(1, AGENT_FILE_COUNT_MAX / 2 - 1), 0, 0);
    assert_false(said(&play, "checkpoints_pile_up"));
    play_written(&play, 'b', EPOCH(1, AGENT_FILE_COUNT_MAX / 2), 0, 0);
    assert_true(said(&play, "note checkpoints_pile_up x1\n"));
    assert_true(said(&play, "sync x1 1.32768\n"));
    play_at(&play, 2000);
    play_tick(&play);
    assert_true(said(&play, " untaken 32766 room 32768\n"));
    play_close(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_a_full_until_there_is_one_when_a_link_is_lost),
        cmocka_unit_test(asks_for_a_full_when_the_newest_itself_is_lost),
        cmocka_unit_test(asks_for_no_full_where_one_is_above_what_is_lost),
        cmocka_unit_test(asks_for_a_full_when_a_link_is_not_found_at_the_start),
        cmocka_unit_test(says_early_that_checkpoints_pile_up_without_a_coordinator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
