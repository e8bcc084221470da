/* Links that carry nothing: a dead peer is noticed all the same, and in the end they are closed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "agent/vat/vat_world.h"

enum { CONNECT_MS = 200, PING_MS = VAT_IDLE_CONNECTS * CONNECT_MS };

/* a has sent b one message, and nothing is kept for anybody any more. */
static void world_of_idle(struct world *world)
{
    world_init(world, 1);
    world->auto_durable = true;
    (void)world_add(world, "a");
    (void)world_add(world, "b");
    world_start(world, 0, 0, MN_RUNNING);
    world_start(world, 1, 0, MN_RUNNING);
    assert_int_equal(world_send(world, 0, 1, 1), 1);
    world_run(world, 1500);
    assert_true(world->vats[0].connection[1] != 0);
    world_clear_logs(world);
}

static void a_dead_peer_is_noticed_on_an_idle_link(void **state)
{
    (void)state;
    struct world world;
    world_of_idle(&world);
    world_crash(&world, 1);
    world_run(&world, PING_MS + 2 * CONNECT_MS);
    assert_string_equal(world.vats[0].log, "unreachable b\n");
    world_run(&world, 5000);
    world_clear_logs(&world);
    world_start(&world, 1, world_newest_saved(&world, 1), MN_REVIVED);
    world_run(&world, 2 * CONNECT_MS);
    assert_string_equal(world.vats[0].log, "back b\n");
    world_deinit(&world);
}

static void an_idle_link_is_tried_now_and_then_and_no_oftener(void **state)
{
    (void)state;
    struct world world;
    world_of_idle(&world);
    uint64_t before = world.packets_ever;
    world_run(&world, 10 * PING_MS);
    assert_in_range(world.packets_ever - before, 2 * 9, 2 * 11);
    assert_string_equal(world.vats[0].log, "");
    world_deinit(&world);
}

static void what_stays_idle_is_closed_and_opened_by_the_next_message(void **state)
{
    (void)state;
    struct world world;
    world_of_idle(&world);
    world_run(&world, VAT_IDLE_MS + PING_MS);
    assert_true(world.vats[0].connection[1] == 0);
    uint64_t before = world.packets_ever;
    world_run(&world, 10 * PING_MS);
    assert_int_equal(world.packets_ever, before);
    world_clear_logs(&world);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 200);
    assert_string_equal(world.vats[1].log, "message a 2\n");
    assert_string_equal(world.vats[0].log, "");
    world_deinit(&world);
}

static void a_closed_link_hears_that_its_peer_is_back_by_the_peers_word(void **state)
{
    (void)state;
    struct world world;
    world_of_idle(&world);
    world_crash(&world, 1);
    world_run(&world, VAT_IDLE_MS + PING_MS);
    assert_string_equal(world.vats[0].log, "unreachable b\n");
    assert_true(world.vats[0].connection[1] == 0);
    world.quiet_agent = true; /* a asks for b's address when b has greeted it, and not before */
    world_start(&world, 1, world_newest_saved(&world, 1), MN_REVIVED);
    assert_int_equal(world_send(&world, 1, 0, 1), 1);
    world_run(&world, 500);
    assert_string_equal(world.vats[0].log, "unreachable b\nback b\nmessage b 1\n");
    world_deinit(&world);
}

static void a_thousand_sessions_are_cheap_to_keep(void **state)
{
    (void)state;
    struct mn_life life = {.vat = mn_name_of("a"),
                           .run = 1,
                           .incarnation = 1,
                           .outcome = MN_RUNNING,
                           .interval_ms = 1000,
                           .latency_ms = 1000,
                           .full_every = 8,
                           .keep_count = 8,
                           .connect_ms = 200};
    struct vat *vat = NULL;
    struct vat_effects effects = {0};
    assert_int_equal(vat_new(&vat, &life), MN_OK);
    assert_int_equal(vat_restore_end(vat), MN_OK);
    struct vat_event start = {.kind = VAT_EVENT_START, .start = {.pid = 1}};
    assert_int_equal(vat_step(vat, MN_SECOND, &start, &effects), MN_OK);
    for (int i = 0; i < 1000; i++) {
        char text[16];
        (void)snprintf(text, sizeof text, "p%d", i);
        struct mn_name peer = mn_name_of(text);
        assert_int_equal(vat_send(vat, MN_SECOND + i, &peer, "x", 1), MN_OK);
    }
    vat_invariant(vat);
    struct vat_event tick = {.kind = VAT_EVENT_TICK};
    vat_effects_clear(&effects);
    assert_int_equal(vat_step(vat, MN_SECOND + 1000, &tick, &effects), MN_OK);
    size_t lookups = 0;
    for (size_t i = 0; i < effects.count; i++) {
        lookups += effects.items[i].kind == VAT_EFFECT_TO_AGENT &&
                   effects.items[i].to_agent->kind == MN_FROM_VAT_LOOKUP;
    }
    assert_int_equal(lookups, 1000);
    vat_invariant(vat);
    vat_effects_deinit(&effects);
    vat_destroy(&vat);
}

/* It would wait for ever otherwise, and nobody would know why. */
static void a_peer_for_whom_there_is_no_room_is_named_once(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 1);
    (void)world_add(&world, "a");
    world_start(&world, 0, 0, MN_RUNNING);
    for (int i = 0; i < VAT_SESSION_COUNT_MAX; i++) {
        char text[16];
        (void)snprintf(text, sizeof text, "p%d", i);
        struct mn_name peer = mn_name_of(text);
        assert_int_equal(vat_send(world.vats[0].core, world.now, &peer, "x", 1), MN_OK);
    }
    struct mn_session greet = {.vat = mn_name_of("too-many"),
                               .run = 1,
                               .incarnation = 1,
                               .kind = MN_SESSION_GREET,
                               .greet = {.to = mn_name_of("a"), .next = 1, .oldest = 1}};
    struct mn_to_vat address = {.kind = MN_TO_VAT_ADDRESS};
    address.address.peer = mn_name_of("too-many");
    address.address.run = 1;
    memcpy(address.address.key, "key-too-many", sizeof "key-too-many");
    world_clear_logs(&world);
    world_inject(&world, 0, 7, "key-too-many", &greet);
    world_tell(&world, 0, &address);
    assert_non_null(
        strstr(world.vats[0].agent, "trouble a session with vat too-many cannot begin"));
    world_clear_logs(&world);
    world.now += MN_SECOND;
    world_inject(&world, 0, 7, "key-too-many", &greet);
    world_tell(&world, 0, &address);
    assert_string_equal(world.vats[0].agent, "lookup too-many\n");
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dead_peer_is_noticed_on_an_idle_link),
        cmocka_unit_test(an_idle_link_is_tried_now_and_then_and_no_oftener),
        cmocka_unit_test(what_stays_idle_is_closed_and_opened_by_the_next_message),
        cmocka_unit_test(a_closed_link_hears_that_its_peer_is_back_by_the_peers_word),
        cmocka_unit_test(a_thousand_sessions_are_cheap_to_keep),
        cmocka_unit_test(a_peer_for_whom_there_is_no_room_is_named_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
