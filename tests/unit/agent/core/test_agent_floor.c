/* The floor: what is below it may be deleted, once the coordinator has its row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent_play.h"

static void deletes_nothing_that_the_coordinator_has_not_taken_the_row_of(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 1, 1);
    play_run_x1(&play);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_written(&play, 'a', EPOCH(1, 2), EPOCH(1, 1), 0);
    play_skip(&play);
    play_synced(&play, "x1", EPOCH(1, 2), MN_OK);
    play_expect(&play,
                "vat a durable 1.2 floor 1.2\n"
                "up report #2 x1 1.2 since 1.1 onto 0.0 durable here floor 1.2 heard x2 1.9\n");
    play_taken(&play, 1);
    play_written(&play, 'a', EPOCH(1, 3), EPOCH(1, 2), 0);
    play_skip(&play);
    play_synced(&play, "x1", EPOCH(1, 3), MN_OK);
    play_expect(&play,
                "vat a durable 1.3 floor 1.3\n"
                "up report #3 x1 1.3 since 1.2 onto 0.0 durable here floor 1.3 heard x2 1.9\n");
    play_taken(&play, 3);
    play_expect(&play, "record #5 floor x1 run 1: 1.3\n");
    play_recorded(&play, 5);
    play_expect(&play, "delete x1 1.1\n");
    play_close(&play);
}

/* 1.3 was deleted below the floor, and its copies elsewhere too. Frozen at once, the agent that has
 * begun anew can make out no floor, and a coordinator that has forgotten asks for everything. */
static void tells_the_floor_that_it_deleted_below_after_a_restart_into_a_freeze(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 1);
    struct mn_agent_record generation = {.kind = MN_AGENT_GENERATION, .generation = 1};
    struct mn_agent_record floor = {.kind = MN_AGENT_FLOOR};
    struct mn_agent_record vat = {.kind = MN_AGENT_VAT};
    floor.floor = (struct mn_agent_floor){.vat = mn_name_of("x1"), .run = 1, .epoch = EPOCH(1, 4)};
    vat.vat.start = (struct mn_start){.vat = mn_name_of("x1"), .run = 1, .incarnation = 1};
    play_record(&play, &floor);
    play_record(&play, &generation);
    play_record(&play, &vat);
    play_file(&play, "x1", EPOCH(1, 4), EPOCH(1, 3), 0);
    play_begin(&play);
    play_freeze(&play, 1, 1, NULL, NULL, 0);
    play_skip(&play);
    play_welcome(&play, 1, true);
    play_expect(&play, "up report #1 x1 1.4 since 1.3 onto 0.0 durable here floor 1.4\n");
    play_close(&play);
}

/* 1.2 went bad while no agent ran: 1.3 and 1.4 restore nothing, and 1.1 is one of the two newest
 * that do, though the floor on record is above it. */
static void keeps_what_restores_something_when_a_link_of_a_chain_went_bad(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 1, 2);
    struct mn_agent_record generation = {.kind = MN_AGENT_GENERATION, .generation = 1};
    struct mn_agent_record floor = {.kind = MN_AGENT_FLOOR};
    struct mn_agent_record vat = {.kind = MN_AGENT_VAT};
    floor.floor = (struct mn_agent_floor){.vat = mn_name_of("x1"), .run = 1, .epoch = EPOCH(1, 3)};
    vat.vat.start = (struct mn_start){.vat = mn_name_of("x1"), .run = 1, .incarnation = 1};
    vat.vat.pid = 71;
    play_record(&play, &floor);
    play_record(&play, &generation);
    play_record(&play, &vat);
    play_file(&play, "x1", EPOCH(1, 1), 0, 0);
    play_file(&play, "x1", EPOCH(1, 3), EPOCH(1, 2), EPOCH(1, 2));
    play_file(&play, "x1", EPOCH(1, 4), EPOCH(1, 3), EPOCH(1, 3));
    play_begin(&play);
    play_welcome(&play, 1, true);
    play_attach(&play, 'a', "x1", 1, 71);
    play_taken(&play, 1);
    play_written(&play, 'a', EPOCH(1, 5), EPOCH(1, 4), 0);
    play_taken(&play, 2);
    play_skip(&play);
    play_synced(&play, "x1", EPOCH(1, 5), MN_OK);
    play_expect(&play,
                "vat a durable 1.5 floor 1.3\n"
                "up report #3 x1 1.5 since 1.4 onto 0.0 durable here floor 1.3 heard x2 1.9\n");
    play_taken(&play, 3);
    play_expect(&play, "");
    play_written(&play, 'a', EPOCH(1, 6), EPOCH(1, 5), EPOCH(1, 5));
    play_synced(&play, "x1", EPOCH(1, 6), MN_OK);
    play_skip(&play);
    play_taken(&play, 4);
    play_expect(&play, "record #2 floor x1 run 1: 1.5\n"
                       "delete x1 1.1\n");
    play_close(&play);
}

/* The ledger is an older one than the store: what was between is deleted, so the floor is above it.
 * A coordinator that knows none would find 1.5 hanging in the air. */
static void says_no_floor_that_was_passed_since(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 1);
    struct mn_agent_record generation = {.kind = MN_AGENT_GENERATION, .generation = 1};
    struct mn_agent_record floor = {.kind = MN_AGENT_FLOOR};
    struct mn_agent_record vat = {.kind = MN_AGENT_VAT};
    floor.floor = (struct mn_agent_floor){.vat = mn_name_of("x1"), .run = 1, .epoch = EPOCH(1, 2)};
    vat.vat.start = (struct mn_start){.vat = mn_name_of("x1"), .run = 1, .incarnation = 1};
    play_record(&play, &floor);
    play_record(&play, &generation);
    play_record(&play, &vat);
    play_file(&play, "x1", EPOCH(1, 5), EPOCH(1, 4), 0);
    play_begin(&play);
    play_skip(&play);
    play_welcome(&play, 1, true);
    play_expect(&play, "up report #1 x1 1.5 since 1.4 onto 0.0 durable here floor 0.0\n");
    play_close(&play);
}

/* Its store is lost, and no row says it. */
static void says_the_floor_of_a_vat_of_which_there_is_nothing(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 1);
    struct mn_agent_record generation = {.kind = MN_AGENT_GENERATION, .generation = 1};
    struct mn_agent_record floor = {.kind = MN_AGENT_FLOOR};
    struct mn_agent_record vat = {.kind = MN_AGENT_VAT};
    floor.floor = (struct mn_agent_floor){.vat = mn_name_of("x1"), .run = 1, .epoch = EPOCH(1, 2)};
    vat.vat.start = (struct mn_start){.vat = mn_name_of("x1"), .run = 1, .incarnation = 1};
    play_record(&play, &floor);
    play_record(&play, &generation);
    play_record(&play, &vat);
    play_begin(&play);
    play_expect(&play, "note begun h1\n"
                       "up hello h1 generation 1 round 0 x1 run 1 exited floor 1.2\n");
    play_close(&play);
}

/* The record is of run 1; run 2 went on from below it, and is read @before it or after it. */
static void read_a_floor_of_run_1(bool before)
{
    struct play play;
    play_open(&play, 2, 1);
    struct mn_agent_record generation = {.kind = MN_AGENT_GENERATION, .generation = 1};
    struct mn_agent_record floor = {.kind = MN_AGENT_FLOOR};
    struct mn_agent_record vat = {.kind = MN_AGENT_VAT};
    floor.floor = (struct mn_agent_floor){.vat = mn_name_of("x1"), .run = 1, .epoch = EPOCH(1, 4)};
    vat.vat.start =
        (struct mn_start){.vat = mn_name_of("x1"), .run = 2, .incarnation = 2, .keep = EPOCH(1, 2)};
    play_record(&play, before ? &vat : &floor);
    play_record(&play, &generation);
    play_record(&play, before ? &floor : &vat);
    play_file(&play, "x1", EPOCH(1, 2), EPOCH(1, 1), 0);
    play_begin(&play);
    play_skip(&play);
    play_welcome(&play, 1, true);
    play_expect(&play, "up report #1 x1 1.2 since 1.1 onto 0.0 durable here floor 1.2\n");
    play_close(&play);
}

static void takes_no_floor_on_record_for_that_of_a_later_run(void **state)
{
    (void)state;
    read_a_floor_of_run_1(false);
    read_a_floor_of_run_1(true);
}

/* The record is of run 1. Run 2 went on from 1.3, below it, on another host; run 3 is here again.
 */
static void takes_what_a_run_between_went_on_from_for_the_floor(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 3);
    struct mn_agent_record generation = {.kind = MN_AGENT_GENERATION, .generation = 1};
    struct mn_agent_record floor = {.kind = MN_AGENT_FLOOR};
    struct mn_agent_record vat = {.kind = MN_AGENT_VAT};
    floor.floor = (struct mn_agent_floor){.vat = mn_name_of("x1"), .run = 1, .epoch = EPOCH(1, 4)};
    vat.vat.start =
        (struct mn_start){.vat = mn_name_of("x1"), .run = 3, .incarnation = 2, .keep = EPOCH(2, 1)};
    vat.vat.start.lineage.count = 2;
    vat.vat.start.lineage.forks[0] =
        (struct mn_fork){.after = EPOCH(1, 3), .next = EPOCH(2, 1), .seen = true};
    vat.vat.start.lineage.forks[1] = (struct mn_fork){.after = EPOCH(2, 1), .next = EPOCH(3, 1)};
    play_record(&play, &floor);
    play_record(&play, &generation);
    play_record(&play, &vat);
    play_file(&play, "x1", EPOCH(1, 3), EPOCH(1, 2), 0);
    play_file(&play, "x1", EPOCH(2, 1), EPOCH(1, 3), 0);
    play_begin(&play);
    play_skip(&play);
    play_welcome(&play, 1, true);
    play_expect(&play, "up report #1 x1 1.3 since 1.2 onto 0.0 durable here floor 1.3\n"
                       "up report #1 x1 2.1 since 1.3 onto 0.0 durable here floor 1.3\n");
    play_close(&play);
}

/* The record of 1.2 is still on its way when 1.3 is the floor: that one's follows. */
static void deletes_only_below_a_floor_that_is_on_record(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 1, 1);
    play_run_x1(&play);
    for (uint32_t i = 1; i <= 3; i++) {
        play_written(&play, 'a', EPOCH(1, i), i > 1 ? EPOCH(1, i - 1) : 0, 0);
        play_synced(&play, "x1", EPOCH(1, i), MN_OK);
        play_taken(&play, i);
    }
    play_skip(&play);
    play_recorded(&play, 5);
    play_expect(&play, "record #6 floor x1 run 1: 1.3\n"
                       "delete x1 1.1\n");
    play_recorded(&play, 6);
    play_expect(&play, "delete x1 1.2\n");
    play_close(&play);
}

/* After a rollback to 1.1 the floor of the life before, 1.2, is nobody's floor. */
static void says_no_floor_above_what_a_life_began_from(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 1);
    play_run_x1(&play);
    play_written(&play, 'a', EPOCH(1, 1), 0, 0);
    play_synced(&play, "x1", EPOCH(1, 1), MN_OK);
    play_have(&play, 1, "x1", EPOCH(1, 1), MN_OK);
    play_written(&play, 'a', EPOCH(1, 2), EPOCH(1, 1), EPOCH(1, 1));
    play_synced(&play, "x1", EPOCH(1, 2), MN_OK);
    play_have(&play, 1, "x1", EPOCH(1, 2), MN_OK);
    play_freeze(&play, 1, 1, NULL, "x1", 1);
    play_recorded(&play, 5);
    play_exited(&play, "x1", 71, "killed by signal 9 (SIGKILL)");
    play_decision(&play, 1, NULL, NULL);
    play_recorded(&play, 6);
    struct mn_link chain = {EPOCH(1, 1), mn_name_of("h1")};
    play_start(&play, "x1", 2, EPOCH(1, 1), &chain, 1);
    play_recorded(&play, 7);
    play_skip(&play);
    play_welcome(&play, 1, true); /* a coordinator that has forgotten asks for everything */
    play_welcome(&play, 1, true);
    play_expect(&play,
                "up hello h1 generation 1 round 1 holds x1 run 2 starting floor 1.1\n"
                "up report #3 x1 1.1 since 0.0 onto 0.0 durable here floor 1.1 heard x2 1.9\n"
                "up report #3 x1 1.2 since 1.1 onto 1.1 durable here floor 1.1 heard x2 1.9\n");
    play_close(&play);
}

/* x1 goes on here from 1.3. Of what is to be kept besides it only 1.2 is here, without the full
 * that it applies onto; the host that this one chooses has both, and more. */
static void moves_no_floor_before_it_has_made_enough_durable(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_file(&play, "x1", EPOCH(1, 2), EPOCH(1, 1), EPOCH(1, 1));
    play_file(&play, "x1", EPOCH(1, 3), EPOCH(1, 1), 0);
    play_begin(&play);
    play_welcome(&play, 1, true);
    play_recorded(&play, 1);
    struct mn_link chain = {EPOCH(1, 3), mn_name_of("h1")};
    play_start(&play, "x1", 2, EPOCH(1, 3), &chain, 1);
    play_recorded(&play, 2);
    play_started(&play, "x1", 71);
    play_recorded(&play, 3);
    play_attach(&play, 'a', "x1", 2, 71);
    play_recorded(&play, 4);
    play_taken(&play, 1);
    play_skip(&play);
    play_have(&play, 1, "x1", EPOCH(1, 3), MN_OK);
    play_expect(&play, "vat a durable 1.3 floor 0.0\n"
                       "up report #2 x1 1.3 since 1.2 onto 0.0 durable here floor 0.0\n");
    play_close(&play);
}

/* x1 goes on here from 1.4, with what this host has kept from before it ran elsewhere: 1.1 and 1.2.
 * That 1.3 was durable too only others know, and they still have it. */
static void counts_nothing_below_a_gap_towards_the_floor(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_file(&play, "x1", EPOCH(1, 1), 0, 0);
    play_file(&play, "x1", EPOCH(1, 2), EPOCH(1, 1), 0);
    play_file(&play, "x1", EPOCH(1, 4), EPOCH(1, 3), 0);
    play_begin(&play);
    play_welcome(&play, 1, true);
    play_recorded(&play, 1);
    struct mn_link chain = {EPOCH(1, 4), mn_name_of("h1")};
    play_start(&play, "x1", 2, EPOCH(1, 4), &chain, 1);
    play_recorded(&play, 2);
    play_started(&play, "x1", 71);
    play_recorded(&play, 3);
    play_attach(&play, 'a', "x1", 2, 71);
    play_recorded(&play, 4);
    play_taken(&play, 1);
    play_have(&play, 1, "x1", EPOCH(1, 1), MN_OK);
    play_have(&play, 1, "x1", EPOCH(1, 2), MN_OK);
    play_skip(&play);
    play_have(&play, 1, "x1", EPOCH(1, 4), MN_OK);
    play_expect(&play, "vat a durable 1.4 floor 1.1\n"
                       "up report #4 x1 1.4 since 1.3 onto 0.0 durable here floor 1.1\n");
    play_close(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_nothing_below_a_gap_towards_the_floor),
        cmocka_unit_test(deletes_only_below_a_floor_that_is_on_record),
        cmocka_unit_test(deletes_nothing_that_the_coordinator_has_not_taken_the_row_of),
        cmocka_unit_test(moves_no_floor_before_it_has_made_enough_durable),
        cmocka_unit_test(says_no_floor_above_what_a_life_began_from),
        cmocka_unit_test(keeps_what_restores_something_when_a_link_of_a_chain_went_bad),
        cmocka_unit_test(says_no_floor_that_was_passed_since),
        cmocka_unit_test(says_the_floor_of_a_vat_of_which_there_is_nothing),
        cmocka_unit_test(takes_no_floor_on_record_for_that_of_a_later_run),
        cmocka_unit_test(takes_what_a_run_between_went_on_from_for_the_floor),
        cmocka_unit_test(tells_the_floor_that_it_deleted_below_after_a_restart_into_a_freeze),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
