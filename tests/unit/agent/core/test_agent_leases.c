/* Leases: when they are asked for, from when they count, and how they end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent_play.h"

static void want(struct play *play, mn_run run)
{
    struct mn_from_vat message = {.run = run, .kind = MN_FROM_VAT_WANT_LEASE};
    play_vat(play, 'a', &message);
}

/* The coordinator grants x1's @run 3 s, in answer to request @number of @asker. */
static void leased(struct play *play, uint64_t asker, uint64_t number, mn_run run)
{
    const struct mn_vat_run granted = {.vat = mn_name_of("x1"), .run = run};
    struct mn_down down = {.generation = 1, .kind = MN_DOWN_LEASED};
    down.leased.asker = asker;
    down.leased.number = number;
    down.leased.lease_ms = 3000;
    down.leased.vats = &granted;
    down.leased.vat_count = 1;
    play_down(play, &down);
}

static void asks_for_nobody_who_has_not_asked(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    play_at(&play, 1000);
    play_tick(&play);
    play_expect(&play, "up heartbeat 1 lag 0\n"
                       "up state x1 run 1 up tcp://10.0.0.1:91\n");
    play_close(&play);
}

static void asks_at_once_and_then_with_every_heartbeat(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    want(&play, 1);
    want(&play, 1);
    play_expect(&play, "up leases #1 of 50 x1/1\n");
    play_at(&play, 1000);
    play_tick(&play);
    play_expect(&play, "up heartbeat 1 lag 0\n"
                       "up leases #2 of 50 x1/1\n"
                       "up state x1 run 1 up tcp://10.0.0.1:91\n");
    play_close(&play);
}

/* The answers come late, and the older one last. */
static void a_lease_counts_from_when_it_was_asked_for(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    want(&play, 1);
    play_at(&play, 1000);
    play_tick(&play);
    play_at(&play, 1900);
    play_skip(&play);
    leased(&play, PLAY_DISK, 2, 1);
    leased(&play, PLAY_DISK, 1, 1);
    play_expect(&play, "vat a lease until 4000 ms\n");
    play_at(&play, 4000);
    play_tick(&play);
    play_skip(&play);
    leased(&play, PLAY_DISK, 2, 1);
    play_expect(&play, "");
    play_close(&play);
}

/* Its clock was another, and its numbers begin with 1 too. */
static void what_an_earlier_agent_was_answered_counts_for_nothing(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    want(&play, 1);
    play_skip(&play);
    leased(&play, PLAY_DISK - 1, 1, 1);
    leased(&play, PLAY_DISK, 2, 1); /* nobody has asked that */
    leased(&play, PLAY_DISK, 0, 1);
    play_expect(&play, "");
    play_close(&play);
}

static void no_other_run_gets_it(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    want(&play, 1);
    play_skip(&play);
    leased(&play, PLAY_DISK, 1, 2);
    play_expect(&play, "");
    play_close(&play);
}

static void a_suspects_lease_ends_with_its_fence(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    want(&play, 1);
    leased(&play, PLAY_DISK, 1, 1);
    play_at(&play, 500);
    play_skip(&play);
    play_freeze(&play, 1, 1, NULL, "x1", 1);
    play_expect(&play, "note freeze\n"
                       "record #5 fence x1 run 1\n"
                       "vat a lease until 500 ms\n");
    want(&play, 1);
    leased(&play, PLAY_DISK, 1, 1);
    play_expect(&play, "");
    play_close(&play);
}

static void a_stopped_vats_lease_ends_before_it_is_killed(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    want(&play, 1);
    leased(&play, PLAY_DISK, 1, 1);
    play_at(&play, 500);
    play_skip(&play);
    play_stop(&play, "x1", 1);
    play_expect(&play, "record #5 fence x1 run 1\n"
                       "vat a lease until 500 ms\n");
    play_close(&play);
}

static void nothing_is_asked_for_a_vat_that_has_ended(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, 2, 2);
    play_run_x1(&play);
    want(&play, 1);
    play_exited(&play, "x1", 71, "killed by signal 9 (SIGKILL)");
    play_at(&play, 1000);
    play_skip(&play);
    play_tick(&play);
    play_expect(&play, "up heartbeat 1 lag 0\n"
                       "up state x1 run 1 exited\n");
    play_close(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_nobody_who_has_not_asked),
        cmocka_unit_test(asks_at_once_and_then_with_every_heartbeat),
        cmocka_unit_test(a_lease_counts_from_when_it_was_asked_for),
        cmocka_unit_test(what_an_earlier_agent_was_answered_counts_for_nothing),
        cmocka_unit_test(no_other_run_gets_it),
        cmocka_unit_test(a_suspects_lease_ends_with_its_fence),
        cmocka_unit_test(a_stopped_vats_lease_ends_before_it_is_killed),
        cmocka_unit_test(nothing_is_asked_for_a_vat_that_has_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
