/* Two vats of which one has forgotten, as each row of the hello's table says (SESSIONS.md). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "agent/vat/vat_rounds.h"
#include "agent/vat/vat_world_private.h"
#include "wire/stored.h"

static void tell_reset(struct world *world, int vat, const char *peer, uint32_t incarnation,
                       uint64_t round)
{
    struct mn_notice notice = {
        .peer = mn_name_of(peer), .incarnation = incarnation, .kept = 0, .reset = true};
    world_decide(world, vat, round, &notice);
}

/* a is reset, says something that b never hears, and is rolled back again: b, which knows the first
 * life only, must go back to where that one and the third agree, which is nothing at all. */
static void a_peer_that_slept_through_a_life_goes_back_to_what_it_shares(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    assert_int_equal(world_send(&world, 0, 1, 4), 4);
    world_run(&world, 1500);
    assert_int_equal(world_got(&world, 1, 0), 5);
    world_crash(&world, 1);
    world.vats[0].round = 3;
    world_roll_back(&world, 0, 0);
    assert_int_equal(world_send(&world, 0, 1, 2), 2);
    world_save(&world, 0);
    mn_epoch second = world_newest_saved(&world, 0);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_save(&world, 0);
    world.vats[0].round = 4;
    world_roll_back(&world, 0, second);
    world_start(&world, 1, world_newest_saved(&world, 1), MN_REVIVED);
    tell_reset(&world, 1, "a", 2, 3);
    struct mn_notice notice = {.peer = mn_name_of("a"), .incarnation = 3, .kept = second};
    world_decide(&world, 1, 4, &notice);
    world_clear_logs(&world);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 1000);
    /* a, reset, has lost what b once said to it. */
    assert_string_equal(world.vats[1].log, "gap sent to a 1-1\nmessage a 1\nmessage a 2\n"
                                           "message a 3\n");
    world_deinit(&world);
}

/* b is reset and goes on without message 1. a hears of it, and crashes before that is kept. */
static void a_sender_that_crashes_before_it_kept_a_gap_hears_of_it_again(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    mn_epoch newest = world_newest_saved(&world, 0);
    world_freeze(&world, 0, "b", 1, 5);
    world.vats[1].round = 5;
    world_roll_back(&world, 1, 0);
    assert_int_equal(world_send(&world, 1, 0, 1), 1);
    tell_reset(&world, 0, "b", 2, 5);
    world_clear_logs(&world);
    world.vats[0].disk_full = true;
    world_run(&world, 1000);
    assert_non_null(strstr(world.vats[0].log, "gap sent to b 1-1\n"));
    world_crash(&world, 0);
    world_clear_logs(&world);
    world.vats[0].disk_full = false;
    world_start(&world, 0, newest, MN_REVIVED);
    tell_reset(&world, 0, "b", 2, 5);
    /* Neither has anything to send: it asks all the same what b remembers. */
    world_run(&world, 1000);
    assert_non_null(strstr(world.vats[0].log, "gap sent to b 1-1\n"));
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 1000);
    assert_non_null(strstr(world.vats[1].log, "message a 2\n"));
    world_deinit(&world);
}

/* b is reset, goes on without message 1, and crashes before that is in a checkpoint of its own. */
static void a_receiver_that_crashes_before_it_kept_a_gap_goes_over_it_again(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    world_freeze(&world, 0, "b", 1, 5);
    world.vats[1].round = 5;
    world_roll_back(&world, 1, 0);
    world.vats[1].disk_full = true;
    world_clear_logs(&world);
    tell_reset(&world, 0, "b", 2, 5);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 1000);
    assert_string_equal(world.vats[1].log, "gap from a 1-1\nmessage a 2\n");
    world_crash(&world, 1);
    world.vats[1].disk_full = false;
    world_start(&world, 1, 0, MN_REVIVED);
    world_clear_logs(&world);
    world_run(&world, 1000);
    assert_string_equal(world.vats[1].log, "gap from a 1-1\nmessage a 2\n");
    world_deinit(&world);
}

/* a still keeps all of it, and could send it again: but what b said to be durable is gone, so b is
 * not what its agent believes. */
static void a_receiver_that_lost_what_it_called_durable_is_held(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    mn_epoch old = world_newest_saved(&world, 1);
    assert_int_equal(world_send(&world, 0, 1, 2), 2);
    world_run(&world, 250);
    assert_int_equal(world_got(&world, 1, 0), 3);
    world_crash(&world, 1);
    world_clear_logs(&world);
    world_start(&world, 1, old, MN_REVIVED);
    world_run(&world, 1000);
    assert_int_equal(world_got(&world, 1, 0), 1);
    assert_non_null(strstr(world.vats[0].agent, "trouble the session with vat b is held"));
    world_deinit(&world);
}

/* b comes back from an old copy of its store: a, which remembers more of b than b does, is asked
 * for nothing, and b says so to its agent. */
static void a_vat_that_is_behind_what_a_peer_remembers_says_so(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    mn_epoch old = world_newest_saved(&world, 1);
    assert_int_equal(world_send(&world, 1, 0, 2), 2);
    world_run(&world, 1500);
    assert_int_equal(world_got(&world, 0, 1), 3);
    world_crash(&world, 1);
    world_start(&world, 1, old, MN_REVIVED);
    world_clear_logs(&world);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 1000);
    assert_non_null(strstr(world.vats[1].agent, "trouble the session with vat a is held"));
    assert_string_equal(world.vats[0].log, "");
    assert_int_equal(world_got(&world, 1, 0), 1);
    world_deinit(&world);
}

/* a has been rolled back, and b, which ought to have agreed with that first, says that it has 1000
 * messages of a's former life in a durable checkpoint. No more of that is believed than the two
 * share, or a would write down what no codec takes, and could never be restored again. */
static void a_peer_that_has_not_agreed_is_believed_only_what_is_shared(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    world.vats[0].round = 5;
    world_roll_back(&world, 0, world_newest_saved(&world, 0));
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 1);
    struct mn_session greeted = {.vat = mn_name_of("b"),
                                 .run = 1,
                                 .incarnation = 1,
                                 .kind = MN_SESSION_GREETED,
                                 .greeted = {.taken = 1000,
                                             .covered = 1000,
                                             .floor = 1000,
                                             .next = 2,
                                             .oldest = 2,
                                             .known_of_you = 1}};
    world_answer(&world, 0, 1, &greeted);
    world_save(&world, 0);
    const struct world_saved *saved =
        world_store_find(&world.vats[0], world_newest_saved(&world, 0));
    struct mn_buffer bytes = {0};
    struct mn_arena arena = {0};
    struct mn_session_state kept;
    assert_int_equal(saved->session_count, 1);
    assert_int_equal(mn_session_state_encode(&saved->sessions[0], &bytes), MN_OK);
    assert_int_equal(mn_session_state_decode(bytes.bytes, bytes.size, &arena, &kept), MN_OK);
    assert_int_equal(kept.covered, 1);
    mn_buffer_deinit(&bytes);
    mn_arena_deinit(&arena);
    world_decide(&world, 1, 5, NULL);
    world_run(&world, 1000);
    assert_int_equal(world_got(&world, 1, 0), 2);
    world_deinit(&world);
}

/* b is suspected and a has fenced its run, which goes on all the same: it takes what a sends, has
 * it in durable checkpoints, and its floor passes that. The decision knows nothing of these. */
static void a_fenced_run_cannot_say_that_it_has_taken_anything(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    mn_epoch decided = world_newest_saved(&world, 1);
    assert_int_equal(world_send(&world, 0, 1, 2), 2);
    world_run(&world, 102);
    world_freeze(&world, 0, "b", 1, 5);
    world_run(&world, 1500);
    assert_int_equal(world_got(&world, 1, 0), 3);
    world_crash(&world, 1);
    world.vats[1].round = 5;
    world_start(&world, 1, decided, MN_REVIVED);
    world_decide(&world, 0, 5, NULL);
    world_clear_logs(&world);
    world_run(&world, 1000);
    assert_string_equal(world.vats[1].log, "message a 2\nmessage a 3\n");
    assert_null(strstr(world.vats[0].agent, "trouble"));
    assert_null(strstr(world.vats[1].agent, "trouble"));
    world_deinit(&world);
}

/* b took over the address of a vat c, whose peer has not heard of that yet. */
static void a_greet_for_another_vat_is_not_answered(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    struct mn_session greet = {.vat = mn_name_of("a"),
                               .run = 1,
                               .incarnation = 1,
                               .kind = MN_SESSION_GREET,
                               .greet = {.to = mn_name_of("c"), .next = 34, .oldest = 10}};
    uint64_t before = world.packet_count;
    world_inject(&world, 1, 77, "key-a", &greet);
    assert_string_equal(world.vats[1].log, "");
    assert_string_equal(world.vats[1].agent, "");
    assert_int_equal(world.packet_count, before);
    world_deinit(&world);
}

/* An agent tells a vat of those suspects that it was asked about. b has sent nothing to a, and
 * believes it all the same: an agent that begins anew has to hear of that. */
static void a_new_agent_is_asked_again_about_whoever_has_greeted(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 1);
    (void)world_add(&world, "a");
    (void)world_add(&world, "b");
    world_start(&world, 0, 0, MN_RUNNING);
    world_start(&world, 1, 0, MN_RUNNING);
    world.auto_durable = true;
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 500);
    assert_int_equal(world_got(&world, 1, 0), 1);
    world_clear_logs(&world);
    struct mn_to_vat who = {.kind = MN_TO_VAT_WHO};
    world_tell(&world, 1, &who);
    assert_non_null(strstr(world.vats[1].agent, "lookup a\n"));
    world_deinit(&world);
}

static void a_new_agent_is_told_which_round_is_waited_for(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    world_freeze(&world, 0, "b", 1, 7);
    world_freeze(&world, 0, "c", 1, 5);
    world_clear_logs(&world);
    struct mn_to_vat who = {.kind = MN_TO_VAT_WHO};
    world_tell(&world, 0, &who);
    assert_non_null(strstr(world.vats[0].agent, "attach run 1 frozen 7\n"));
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_that_slept_through_a_life_goes_back_to_what_it_shares),
        cmocka_unit_test(a_sender_that_crashes_before_it_kept_a_gap_hears_of_it_again),
        cmocka_unit_test(a_receiver_that_crashes_before_it_kept_a_gap_goes_over_it_again),
        cmocka_unit_test(a_receiver_that_lost_what_it_called_durable_is_held),
        cmocka_unit_test(a_vat_that_is_behind_what_a_peer_remembers_says_so),
        cmocka_unit_test(a_peer_that_has_not_agreed_is_believed_only_what_is_shared),
        cmocka_unit_test(a_fenced_run_cannot_say_that_it_has_taken_anything),
        cmocka_unit_test(a_greet_for_another_vat_is_not_answered),
        cmocka_unit_test(a_new_agent_is_asked_again_about_whoever_has_greeted),
        cmocka_unit_test(a_new_agent_is_told_which_round_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
