/* A sector of the disk cannot be read any more, or not for a while: the system says so, and it is
 * neither that the file is not there nor that it has wrong bytes. */
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

static void read_over(struct play *play, const char *vat, mn_epoch epoch, bool again,
                      mn_result result)
{
    struct agent_event event = {.kind = AGENT_ON_READ_OVER};
    event.read_over.vat = mn_name_of(vat);
    event.read_over.epoch = epoch;
    event.read_over.again = again;
    event.read_over.result = result;
    play_step(play, &event);
}

static void file_read(struct play *play, uint32_t host, const char *vat, mn_epoch epoch,
                      mn_result result)
{
    struct agent_event event = {.kind = AGENT_ON_FILE_READ};
    event.read.host = host;
    event.read.vat = mn_name_of(vat);
    event.read.epoch = epoch;
    event.read.result = result;
    play_step(play, &event);
}

static void tick(struct play *play, mn_time second)
{
    play_skip(play);
    play_at(play, second * 1000);
    play_tick(play);
}

static void taken(struct play *play)
{
    for (uint64_t sequence = 1; sequence <= 9; sequence++) {
        play_taken(play, sequence);
    }
}

/* h2 holds x1's 1.1, and x2's 1.1 came here from h2. */
static void hold_both(struct play *play)
{
    play_open_scrubbing(play, 2, 2, 12000);
    play_run_x1(play);
    play_written(play, 'a', EPOCH(1, 1), 0, 0);
    play_synced(play, "x1", EPOCH(1, 1), MN_OK);
    play_have(play, 1, "x1", EPOCH(1, 1), MN_OK);
    play_offer_of(play, 1, "x2", 1, EPOCH(1, 1), 100);
    play_piece(play, 1, "x2", EPOCH(1, 1), 100, 0, 100);
    play_piece_written(play, "x2", EPOCH(1, 1), 0, 0, 100, true, MN_OK);
    tick(play, 1);
    taken(play);
    play_skip(play);
}

/* Reading @vat's 1.1 over fails from @second on, so many times. */
static void fails(struct play *play, const char *vat, mn_time second, int times)
{
    read_over(play, vat, EPOCH(1, 1), false, MN_IO);
    for (int i = 1; i < times; i++) {
        tick(play, second + i);
        assert_true(said(play, "read_over ") && said(play, " again\n"));
        read_over(play, vat, EPOCH(1, 1), true, MN_IO);
    }
}

static void what_cannot_be_read_over_is_copied_anew(void **state)
{
    (void)state;
    struct play play;
    hold_both(&play);
    read_over(&play, "x1", EPOCH(1, 1), false, MN_IO);
    play_expect(&play, "note copy_not_readable x1 1.1 MN_IO\n");
    tick(&play, 3);
    assert_true(said(&play, "read_over x1 1.1 again\n"));
    play_skip(&play);
    read_over(&play, "x1", EPOCH(1, 1), true, MN_IO);
    play_expect(&play, "note copy_not_readable x1 1.1 MN_IO\n");
    tick(&play, 4);
    play_skip(&play);
    read_over(&play, "x1", EPOCH(1, 1), true, MN_IO);
    assert_true(said(&play, "note checkpoint_file_lost x1 1.1 MN_IO\n"));
    assert_true(said(&play, "want 1.1 from 0\n"));
    tick(&play, 5);
    assert_true(said(&play, " durable gone"));
    play_close(&play);
}

static void what_can_be_read_the_next_time_is_a_copy_still(void **state)
{
    (void)state;
    struct play play;
    hold_both(&play);
    for (mn_time second = 3; second < 40; second += 4) {
        fails(&play, "x1", second, 2);
        tick(&play, second + 2);
        assert_true(said(&play, "read_over x1 1.1 again\n"));
        play_skip(&play);
        read_over(&play, "x1", EPOCH(1, 1), true, MN_OK);
        tick(&play, second + 3);
        assert_false(said(&play, "again\n"));
        assert_false(said(&play, " gone"));
    }
    play_close(&play);
}

static void a_copy_that_cannot_be_read_for_a_start_is_reported(void **state)
{
    (void)state;
    struct play play;
    hold_both(&play);
    play_want(&play, 2, "x2", EPOCH(1, 1), 0);
    play_skip(&play);
    file_read(&play, 2, "x2", EPOCH(1, 1), MN_IO);
    play_expect(&play, "note copy_not_readable x2 h3 1.1 MN_IO\n"); /* it asks again */
    for (int i = 0; i < 2; i++) {
        play_want(&play, 2, "x2", EPOCH(1, 1), 0);
        play_skip(&play);
        file_read(&play, 2, "x2", EPOCH(1, 1), MN_IO);
    }
    assert_true(said(&play, "copies h3 x2 have 1.1 MN_IO\n"));
    assert_true(said(&play, "copies h2 x2 have 1.1 MN_NOT_FOUND\n")); /* which sends it anew */
    tick(&play, 3);
    assert_true(said(&play, " durable gone"));
    play_want(&play, 2, "x2", EPOCH(1, 1), 0);
    assert_true(said(&play, "copies h3 x2 have 1.1 MN_NOT_FOUND\n"));
    play_close(&play);
}

static void what_cannot_be_looked_at_in_a_round_is_gone_in_the_end(void **state)
{
    (void)state;
    struct play play;
    hold_both(&play);
    play_freeze(&play, 1, 1, "h2", "x2", 1);
    play_recorded(&play, 5);
    assert_true(said(&play, "look x2 1.1"));
    play_looked(&play, "x2", EPOCH(1, 1), MN_IO);
    for (mn_time second = 3; second < 5; second++) {
        tick(&play, second);
        assert_true(said(&play, "read_over x2 1.1 again\n")); /* though a round is open */
        read_over(&play, "x2", EPOCH(1, 1), true, MN_IO);
    }
    tick(&play, 5);
    assert_true(said(&play, " durable gone"));
    play_close(&play);
}

/* A process of run 2 cannot read what it is to begin from, and nor can the agent. */
static void a_chain_that_cannot_be_read_is_reported(void **state)
{
    (void)state;
    struct play play;
    struct mn_link chain = {EPOCH(1, 1), mn_name_of("h1")};
    play_open(&play, 1, 2);
    play_run_x1(&play);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_exited(&play, "x1", 71, "killed by signal 9 (SIGKILL)");
    play_start(&play, "x1", 2, EPOCH(1, 1), &chain, 1);
    play_recorded(&play, 5);
    play_started(&play, "x1", 72);
    play_recorded(&play, 6);
    play_exited(&play, "x1", 72, "exited with status 3");
    assert_true(said(&play, "sync x1 1.1 again"));
    for (mn_time second = 1; second < 3; second++) {
        play_synced(&play, "x1", EPOCH(1, 1), MN_IO);
        tick(&play, second);
        assert_true(said(&play, "sync x1 1.1 again"));
    }
    play_skip(&play);
    play_synced(&play, "x1", EPOCH(1, 1), MN_IO);
    assert_true(said(&play, "note checkpoint_file_lost x1 1.1 MN_IO\n"));
    tick(&play, 4);
    assert_true(said(&play, " durable gone"));
    play_close(&play);
}

static void a_full_disk_is_no_reason_to_give_a_file_up(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 1, 2);
    play_run_x1(&play);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    for (mn_time second = 1; second < 20; second++) {
        play_synced(&play, "x1", EPOCH(1, 1), MN_NO_SPACE);
        tick(&play, second);
        assert_true(said(&play, "sync x1 1.1 again"));
    }
    assert_false(said(&play, "lost"));
    play_close(&play);
}

/* No other host has x2's 1.1, and nobody sends it: it stays on the disk, and is looked at. */
static void what_can_be_read_again_after_long_is_a_copy_again(void **state)
{
    (void)state;
    struct play play;
    hold_both(&play);
    fails(&play, "x2", 3, 3);
    assert_false(said(&play, "delete"));
    tick(&play, 6);
    assert_true(said(&play, " durable gone"));
    taken(&play);
    for (mn_time second = 7; second < 21; second++) {
        tick(&play, second);
        assert_false(said(&play, "read_over x2 1.1"));
    }
    tick(&play, 21);
    assert_true(said(&play, "read_over x2 1.1 again\n"));
    read_over(&play, "x2", EPOCH(1, 1), true, MN_IO);
    tick(&play, 52);
    assert_false(said(&play, "read_over x2 1.1")); /* ever more rarely */
    tick(&play, 53);
    assert_true(said(&play, "read_over x2 1.1 again\n"));
    play_skip(&play);
    read_over(&play, "x2", EPOCH(1, 1), true, MN_OK);
    play_expect(&play, "sync x2 1.1\n");
    play_synced(&play, "x2", EPOCH(1, 1), MN_OK);
    tick(&play, 54);
    assert_true(said(&play, "x2 1.1 since 0.0 onto 0.0 durable here"));
    play_want(&play, 2, "x2", EPOCH(1, 1), 0);
    assert_true(said(&play, "send h3 x2 piece 1.1 at 0"));
    play_close(&play);
}

static void what_cannot_be_read_is_deleted_when_nobody_needs_it(void **state)
{
    (void)state;
    struct play play;
    hold_both(&play);
    play_offer_of(&play, 1, "x2", 1, EPOCH(1, 2), 100);
    play_piece(&play, 1, "x2", EPOCH(1, 2), 100, 0, 100);
    play_piece_written(&play, "x2", EPOCH(1, 2), 0, 0, 100, true, MN_OK);
    fails(&play, "x2", 3, 3);
    tick(&play, 6);
    taken(&play);
    play_skip(&play);
    play_drop(&play, 1, "x2", 1, EPOCH(1, 2));
    play_expect(&play, "delete x2 1.1\n");
    tick(&play, 60);
    assert_false(said(&play, "again\n"));
    play_close(&play);
}

/* What arrives in the place of it has not taken it yet. */
static void what_cannot_be_read_stays_until_it_has_arrived_anew(void **state)
{
    (void)state;
    struct play play;
    hold_both(&play);
    fails(&play, "x2", 3, 3);
    play_offer_of(&play, 1, "x2", 1, EPOCH(1, 1), 100);
    assert_true(said(&play, "want 1.1 from 0\n"));
    play_piece(&play, 1, "x2", EPOCH(1, 1), 100, 0, 40);
    play_piece_written(&play, "x2", EPOCH(1, 1), 0, 0, 40, false, MN_OK);
    tick(&play, 20); /* no more of it comes */
    assert_false(said(&play, "delete x2 1.1"));
    tick(&play, 21);
    assert_true(said(&play, "read_over x2 1.1 again\n"));
    play_close(&play);
}

/* An agent begins on a disk of which it cannot read x2's 1.1 for a while. */
static void what_could_not_be_read_at_the_start_is_a_copy_later(void **state)
{
    (void)state;
    struct play play;
    struct agent_event event = {.kind = AGENT_ON_FILE_UNREAD};
    play_open(&play, 2, 2);
    event.unread.vat = mn_name_of("x2");
    event.unread.epoch = EPOCH(1, 1);
    play_step(&play, &event);
    play_begin(&play);
    play_welcome(&play, 1, true);
    play_recorded(&play, 1);
    tick(&play, 1);
    assert_true(said(&play, "x2 1.1 since 0.0 onto 0.0 gone")); /* for those who believe in it */
    taken(&play);
    tick(&play, 17);
    assert_true(said(&play, "read_over x2 1.1 again\n"));
    struct agent_file_facts facts = {.size = 100, .digest = play_digest(EPOCH(1, 1))};
    facts.record.vat = mn_name_of("x2");
    facts.record.epoch = EPOCH(1, 1);
    event = (struct agent_event){.kind = AGENT_ON_READ_OVER};
    event.read_over.vat = mn_name_of("x2");
    event.read_over.epoch = EPOCH(1, 1);
    event.read_over.again = true;
    event.read_over.facts = &facts;
    play_skip(&play);
    play_step(&play, &event);
    play_expect(&play, "sync x2 1.1\n");
    play_synced(&play, "x2", EPOCH(1, 1), MN_OK);
    tick(&play, 18);
    assert_true(said(&play, "x2 1.1 since 0.0 onto 0.0 durable here"));
    play_close(&play);
}

/* The agent began anew, and x1's process says of what is not durable that it wrote it: what was
 * heard in it nobody else can say while it cannot be read. */
static void what_could_not_be_read_at_the_start_its_vat_tells_of(void **state)
{
    (void)state;
    struct play play;
    hold_both(&play);
    play_restart(&play);
    struct agent_event event = {.kind = AGENT_ON_FILE_UNREAD};
    struct mn_agent_record record = {.kind = MN_AGENT_VAT};
    record.vat.start.vat = mn_name_of("x1");
    record.vat.start.run = 1;
    record.vat.pid = 71;
    play_record(&play, &record);
    event.unread.vat = mn_name_of("x1");
    event.unread.epoch = EPOCH(1, 1);
    play_step(&play, &event);
    play_begin(&play);
    play_welcome(&play, 1, true);
    play_recorded(&play, 1);
    play_attach(&play, 'b', "x1", 1, 71);
    play_skip(&play);
    play_written(&play, 'b', EPOCH(1, 1), 0, 0);
    assert_true(said(&play, "sync x1 1.1 again\n"));
    for (mn_time second = 2; second < 4; second++) {
        play_synced(&play, "x1", EPOCH(1, 1), MN_IO);
        tick(&play, second);
        assert_true(said(&play, "sync x1 1.1 again\n"));
    }
    play_skip(&play);
    play_synced(&play, "x1", EPOCH(1, 1), MN_IO);
    assert_true(said(&play, "note checkpoint_file_lost x1 1.1 MN_IO\n"));
    tick(&play, 4);
    assert_true(said(&play, "x1 1.1 since 0.0 onto 0.0 gone"));
    assert_true(said(&play, "x1 1.1 since 0.0 onto 0.0 floor 0.0 age 3000 ms heard x2 1.9"));
    assert_true(said(&play, "vat b take_full above 1.1\n"));
    play_close(&play);
}

/* Whoever wants it in a round does not wait until it is looked at again by itself. */
static void what_could_not_be_read_is_looked_at_when_a_round_is_opened(void **state)
{
    (void)state;
    struct play play;
    hold_both(&play);
    fails(&play, "x2", 3, 3);
    tick(&play, 6);
    taken(&play);
    play_skip(&play);
    play_freeze(&play, 1, 1, "h2", "x2", 1);
    play_recorded(&play, 5);
    assert_true(said(&play, "read_over x2 1.1 again\n"));
    read_over(&play, "x2", EPOCH(1, 1), true, MN_OK);
    play_synced(&play, "x2", EPOCH(1, 1), MN_OK);
    tick(&play, 7);
    assert_true(said(&play, "x2 1.1 since 0.0 onto 0.0 durable here"));
    play_close(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_read_over_is_copied_anew),
        cmocka_unit_test(what_can_be_read_the_next_time_is_a_copy_still),
        cmocka_unit_test(a_copy_that_cannot_be_read_for_a_start_is_reported),
        cmocka_unit_test(what_cannot_be_looked_at_in_a_round_is_gone_in_the_end),
        cmocka_unit_test(a_chain_that_cannot_be_read_is_reported),
        cmocka_unit_test(a_full_disk_is_no_reason_to_give_a_file_up),
        cmocka_unit_test(what_can_be_read_again_after_long_is_a_copy_again),
        cmocka_unit_test(what_cannot_be_read_is_deleted_when_nobody_needs_it),
        cmocka_unit_test(what_cannot_be_read_stays_until_it_has_arrived_anew),
        cmocka_unit_test(what_could_not_be_read_at_the_start_is_a_copy_later),
        cmocka_unit_test(what_could_not_be_read_at_the_start_its_vat_tells_of),
        cmocka_unit_test(what_could_not_be_read_is_looked_at_when_a_round_is_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
