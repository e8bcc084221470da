/* Sessions of vats: what leaves when, what is taken once, what survives which crash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "agent/vat/vat_world.h"

#define RUN(run) ((mn_epoch)(run) << 32)

/* Two vats a (0) and b (1), started, without anything said. */
static void world_of_two(struct world *world)
{
    world_init(world, 1);
    (void)world_add(world, "a");
    (void)world_add(world, "b");
    world_start(world, 0, 0, MN_RUNNING);
    world_start(world, 1, 0, MN_RUNNING);
    world_clear_logs(world);
}

static void a_held_message_leaves_only_when_its_epoch_is_durable(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 500);
    assert_int_equal(world_newest_saved(&world, 0), RUN(1) + 1);
    assert_string_equal(world.vats[1].log, "");
    world_durable(&world, 0);
    world_flush(&world);
    assert_string_equal(world.vats[1].log, "message a 1\n");
    world_deinit(&world);
}

static void a_turn_that_sent_something_is_soon_in_a_checkpoint(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 1);
    world.latency_ms = 0;
    world.interval_ms = 60000;
    (void)world_add(&world, "a");
    (void)world_add(&world, "b");
    world_start(&world, 0, 0, MN_RUNNING);
    world_start(&world, 1, 0, MN_RUNNING);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 1);
    assert_int_equal(world_newest_saved(&world, 0), RUN(1) + 1);
    /* While that is not durable the next turns wait, and have one checkpoint together. */
    for (int i = 0; i < 5; i++) {
        assert_int_equal(world_send(&world, 0, 1, 1), 1);
        world_run(&world, 1);
    }
    assert_int_equal(world_newest_saved(&world, 0), RUN(1) + 1);
    world_durable(&world, 0);
    world_run(&world, 1);
    assert_int_equal(world_newest_saved(&world, 0), RUN(1) + 2);
    assert_int_equal(world_got(&world, 1, 0), 1);
    world_durable(&world, 0);
    world_run(&world, 100);
    assert_int_equal(world_got(&world, 1, 0), 6);
    /* Who sends nothing goes on at its interval. */
    assert_int_equal(world_newest_saved(&world, 0), RUN(1) + 2);
    assert_int_equal(world_newest_saved(&world, 1), 0);
    world_deinit(&world);
}

static void what_was_written_before_the_connection_was_there_is_said_again(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_save(&world, 0);
    world_clear_logs(&world);
    vat_connected(world.vats[0].core, world.now);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_save(&world, 0);
    assert_string_equal(world.vats[0].agent, "written 100000001 since 0 onto 0\n"
                                             "written 100000002 since 100000001 onto 100000001\n");
    world_deinit(&world);
}

static void much_that_was_taken_is_soon_in_a_checkpoint(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 1);
    world.early = true;
    world.interval_ms = 60000;
    (void)world_add(&world, "a");
    (void)world_add(&world, "b");
    world_start(&world, 0, 0, MN_RUNNING);
    world_start(&world, 1, 0, MN_RUNNING);
    for (int i = 0; i < 3; i++) {
        assert_true(world_send_large(&world, 0, 1, VAT_OPEN_SIZE_MAX / 4));
    }
    world_run(&world, 10);
    assert_int_equal(world_newest_saved(&world, 1), 0);
    assert_true(world_send_large(&world, 0, 1, VAT_OPEN_SIZE_MAX / 4));
    world_run(&world, 10);
    assert_int_equal(world_newest_saved(&world, 1), RUN(1) + 1);
    world_deinit(&world);
}

static void an_early_message_leaves_when_its_turn_is_over(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 1);
    world.early = true;
    world.interval_ms = 60000;
    (void)world_add(&world, "a");
    (void)world_add(&world, "b");
    world_start(&world, 0, 0, MN_RUNNING);
    world_start(&world, 1, 0, MN_RUNNING);
    world_clear_logs(&world);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 1);
    assert_string_equal(world.vats[1].log, "message a 1\n");
    assert_int_equal(world_newest_saved(&world, 0), 0);
    /* Later turns have several messages in one Data, and need nothing but the end of the turn. */
    assert_int_equal(world_send(&world, 0, 1, 3), 3);
    assert_string_equal(world.vats[1].log, "message a 1\n");
    world_tick(&world, 0);
    assert_int_equal(world.packet_count, 1);
    world_flush(&world);
    assert_string_equal(world.vats[1].log, "message a 1\nmessage a 2\nmessage a 3\nmessage a 4\n");
    assert_int_equal(world_newest_saved(&world, 0), 0);
    world_deinit(&world);
}

static void what_an_early_sender_forgot_gives_its_numbers_to_others(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 1);
    world.early = true;
    world.interval_ms = 60000;
    (void)world_add(&world, "a");
    (void)world_add(&world, "b");
    world_start(&world, 0, 0, MN_RUNNING);
    world_start(&world, 1, 0, MN_RUNNING);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_save(&world, 0);
    world_durable(&world, 0);
    assert_int_equal(world_send(&world, 0, 1, 2), 2);
    world_run(&world, 1);
    assert_int_equal(world_got(&world, 1, 0), 3);
    /* a goes back to what it had sent one message in; b is told, and keeps what it heard. */
    world.vats[0].round = 1;
    world_roll_back(&world, 0, RUN(1) + 1);
    struct mn_notice notice = {.peer = world.vats[0].name, .incarnation = 2, .kept = RUN(1) + 1};
    struct mn_to_vat told = {.kind = MN_TO_VAT_ROUND};
    told.round.round = 1;
    told.round.notices = &notice;
    told.round.notice_count = 1;
    world_tell(&world, 1, &told);
    world_clear_logs(&world);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 300);
    assert_string_equal(world.vats[1].log, "message a 2\n");
    world_deinit(&world);
}

static void what_a_crashed_receiver_had_not_kept_is_sent_again_once(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    assert_int_equal(world_send(&world, 0, 1, 2), 2);
    world_run(&world, 100);
    world_durable(&world, 0);
    world_flush(&world);
    assert_string_equal(world.vats[1].log, "message a 1\nmessage a 2\n");
    world_crash(&world, 1);
    world_clear_logs(&world);
    world_start(&world, 1, 0, MN_REVIVED);
    world_run(&world, 300);
    assert_string_equal(world.vats[1].log, "restored 1 at 0\nmessage a 1\nmessage a 2\n");
    assert_string_equal(world.vats[0].log, "");
    world_deinit(&world);
}

static void what_a_crashed_receiver_had_kept_is_not_sent_again(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    assert_int_equal(world_send(&world, 0, 1, 2), 2);
    world_run(&world, 100);
    world_durable(&world, 0);
    world_flush(&world);
    world_save(&world, 1);
    world_durable(&world, 1);
    world_crash(&world, 1);
    world_clear_logs(&world);
    assert_int_equal(world_newest_saved(&world, 1), RUN(1) + 2);
    world_start(&world, 1, RUN(1) + 2, MN_REVIVED);
    world_run(&world, 300);
    assert_string_equal(world.vats[1].log, "restored 1 at 100000002\n");
    assert_int_equal(world_got(&world, 1, 0), 2);
    world_deinit(&world);
}

static void a_sender_that_crashed_before_sending_sends_the_same_numbers(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    assert_int_equal(world_send(&world, 0, 1, 2), 2);
    world_save(&world, 0);
    world_crash(&world, 0);
    world_start(&world, 0, RUN(1) + 1, MN_REVIVED);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 1);
    /* The two of the former run leave; the third waits for its own checkpoint. */
    assert_string_equal(world.vats[1].log, "message a 1\nmessage a 2\n");
    world_save(&world, 0);
    world_durable(&world, 0);
    world_flush(&world);
    assert_string_equal(world.vats[1].log, "message a 1\nmessage a 2\nmessage a 3\n");
    world_deinit(&world);
}

static void what_was_not_in_a_checkpoint_was_never_sent(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 50);
    world_crash(&world, 0);
    world_start(&world, 0, 0, MN_REVIVED);
    world.auto_durable = true;
    world_run(&world, 500);
    assert_string_equal(world.vats[1].log, "");
    assert_int_equal(world_sent(&world, 0, 1), 0);
    world_deinit(&world);
}

/* Let a send one message that b takes; b's connection from a is greeted then. */
static void greet_both(struct world *world)
{
    world->auto_durable = true;
    assert_int_equal(world_send(world, 0, 1, 1), 1);
    assert_int_equal(world_send(world, 1, 0, 1), 1);
    world_run(world, 300);
    assert_int_equal(world_got(world, 1, 0), 1);
    assert_int_equal(world_got(world, 0, 1), 1);
    world->auto_durable = false;
    world_clear_logs(world);
}

static struct mn_session data_from_a(const struct world *world, uint64_t first,
                                     const uint32_t *sizes, const uint64_t *payload)
{
    struct mn_session message = {.vat = mn_name_of("a"),
                                 .run = world->vats[0].run,
                                 .incarnation = 1,
                                 .kind = MN_SESSION_DATA};
    message.data.epoch = RUN(1) + 1;
    message.data.first = first;
    message.data.sizes = sizes;
    message.data.count = 1;
    message.data.payload = (const unsigned char *)payload;
    message.data.payload_size = 8;
    return message;
}

static void a_duplicate_and_what_is_ahead_are_dropped(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    greet_both(&world);
    const uint32_t size = 8;
    const uint64_t payload = 2;
    struct mn_session again = data_from_a(&world, 1, &size, &payload);
    struct mn_session ahead = data_from_a(&world, 3, &size, &payload);
    struct mn_session next = data_from_a(&world, 2, &size, &payload);
    uint64_t connection = world.vats[0].connection[1];
    world_inject(&world, 1, connection, "key-a", &again);
    world_inject(&world, 1, connection, "key-a", &ahead);
    assert_string_equal(world.vats[1].log, "");
    world_inject(&world, 1, connection, "key-a", &next);
    world_inject(&world, 1, connection, "key-a", &next);
    assert_string_equal(world.vats[1].log, "message a 2\n");
    world_drop(&world);
    world_deinit(&world);
}

static void a_former_run_is_refused_and_told_of(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    greet_both(&world);
    world_crash(&world, 0);
    world_start(&world, 0, world_newest_saved(&world, 0), MN_REVIVED);
    world_run(&world, 300);
    world_clear_logs(&world);
    struct mn_session greet = {.vat = mn_name_of("a"),
                               .run = 1,
                               .incarnation = 1,
                               .kind = MN_SESSION_GREET,
                               .greet = {.to = mn_name_of("b"), .next = 9, .oldest = 9}};
    world_inject(&world, 1, 77, "key-a", &greet);
    assert_string_equal(world.vats[1].agent, "refused a run 1\n");
    assert_string_equal(world.vats[1].log, "");
    world_drop(&world);
    world_deinit(&world);
}

static void a_speaker_with_the_key_of_another_host_is_refused(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    greet_both(&world);
    struct mn_session greet = {.vat = mn_name_of("a"),
                               .run = 1,
                               .incarnation = 1,
                               .kind = MN_SESSION_GREET,
                               .greet = {.to = mn_name_of("b"), .next = 2, .oldest = 2}};
    world_inject(&world, 1, 77, "key-b", &greet);
    world_inject(&world, 1, 77, "key-b", &greet);
    assert_string_equal(world.vats[1].agent,
                        "trouble somebody greets as vat a without the key of the host that it is "
                        "placed on, and is refused\n");
    world_drop(&world);
    world_deinit(&world);
}

static void a_higher_run_than_the_known_one_is_looked_up_before_it_is_believed(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    greet_both(&world);
    world.silent_agent = true;
    world_run(&world, 300);
    world_clear_logs(&world);
    struct mn_session greet = {.vat = mn_name_of("a"),
                               .run = 9,
                               .incarnation = 1,
                               .kind = MN_SESSION_GREET,
                               .greet = {.to = mn_name_of("b"), .next = 2, .oldest = 2}};
    uint64_t before = world.packet_count;
    world_inject(&world, 1, 77, "key-a", &greet);
    assert_string_equal(world.vats[1].agent, "lookup a\n");
    assert_int_equal(world.packet_count, before);
    world_drop(&world);
    world_deinit(&world);
}

static void a_floor_that_moves_lets_the_sender_forget(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    world.auto_durable = true;
    assert_int_equal(world_send(&world, 0, 1, 5), 5);
    world_run(&world, 120);
    assert_int_equal(world_got(&world, 1, 0), 5);
    /* b goes on writing small checkpoints until its floor covers the five, then both are idle. */
    world_run(&world, 2000);
    size_t count = world_saved_count(&world, 0) + world_saved_count(&world, 1);
    world_clear_logs(&world);
    world_run(&world, 2000);
    assert_int_equal(world_saved_count(&world, 0) + world_saved_count(&world, 1), count);
    assert_string_equal(world.vats[1].agent, "");
    /* The newest full of a has no kept message any more: revived from it, it sends nothing, and
     * only compares with b what the two remember. */
    world_crash(&world, 0);
    world_start(&world, 0, world_newest_saved(&world, 0), MN_REVIVED);
    world_run(&world, 300);
    assert_string_equal(world.vats[0].agent, "attach run 2\nlookup b\n");
    assert_string_equal(world.vats[1].log, "");
    world_deinit(&world);
}

static void kept_messages_are_bounded_and_the_sender_has_to_wait(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    struct mn_name b = mn_name_of("b");
    static const unsigned char large[MN_PAYLOAD_SIZE_MAX];
    assert_int_equal(vat_send(world.vats[0].core, world.now, &b, large, sizeof large), MN_OK);
    assert_int_equal(vat_send(world.vats[0].core, world.now, &b, large, sizeof large), MN_FULL);
    int count = 0;
    mn_result result = MN_OK;
    while ((result = vat_send(world.vats[0].core, world.now, &b, large, 1024 * 1024)) == MN_OK) {
        count += 1;
    }
    assert_int_equal(result, MN_FULL);
    assert_int_equal(count, 15);
    vat_invariant(world.vats[0].core);
    assert_int_equal(vat_send(world.vats[0].core, world.now, &b, large, sizeof large + 1),
                     MN_TOO_LARGE);
    struct mn_name a = mn_name_of("a");
    assert_int_equal(vat_send(world.vats[0].core, world.now, &a, large, 1), MN_BAD_INPUT);
    world_deinit(&world);
}

static void an_agent_that_is_away_bounds_what_is_written(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    for (int i = 0; i < 300; i++) {
        assert_int_equal(world_send(&world, 0, 1, 1), 1);
        world_save(&world, 0);
    }
    assert_int_equal(world_saved_count(&world, 0), VAT_UNDURABLE_COUNT_MAX);
    world_durable(&world, 0);
    world_save(&world, 0);
    assert_int_equal(world_saved_count(&world, 0), VAT_UNDURABLE_COUNT_MAX + 1);
    world_deinit(&world);
}

static void a_new_agent_is_told_everything_again(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_save(&world, 0);
    world_clear_logs(&world);
    struct mn_to_vat who = {.kind = MN_TO_VAT_WHO};
    world_tell(&world, 0, &who);
    assert_string_equal(world.vats[0].agent, "attach run 1\n"
                                             "written 100000001 since 0 onto 0\n");
    world_deinit(&world);
}

static void a_full_disk_keeps_the_epoch_open_and_sends_held(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    world.auto_durable = true;
    world.vats[0].disk_full = true;
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 150);
    assert_string_equal(world.vats[0].agent, "lookup b\ntrouble disk full\n");
    assert_int_equal(vat_epoch(world.vats[0].core), RUN(1) + 1);
    assert_string_equal(world.vats[1].log, "");
    world.vats[0].disk_full = false;
    world_run(&world, 150);
    assert_string_equal(world.vats[1].log, "message a 1\n");
    world_deinit(&world);
}

static void a_chain_of_a_full_and_diffs_gives_the_same_blobs(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 1);
    (void)world_add(&world, "a");
    world_start(&world, 0, 0, MN_RUNNING);
    struct blobs *blobs = vat_blobs(world.vats[0].core);
    struct mn_name x = mn_name_of("x");
    struct mn_name y = mn_name_of("y");
    struct mn_name z = mn_name_of("z");
    assert_int_equal(blobs_put(blobs, &x, "one", 3), MN_OK);
    assert_int_equal(blobs_put(blobs, &y, "two", 3), MN_OK);
    world_save(&world, 0);
    assert_int_equal(blobs_put(blobs, &x, "three", 5), MN_OK);
    assert_int_equal(blobs_delete(blobs, &y), MN_OK);
    world_save(&world, 0);
    assert_int_equal(blobs_put(blobs, &z, "", 0), MN_OK);
    world_save(&world, 0);
    assert_string_equal(world.vats[0].agent, "attach run 1\n"
                                             "written 100000001 since 0 onto 0\n"
                                             "written 100000002 since 100000001 onto 100000001\n"
                                             "written 100000003 since 100000001 onto 100000002\n");
    world_crash(&world, 0);
    world_start(&world, 0, RUN(1) + 3, MN_REVIVED);
    blobs = vat_blobs(world.vats[0].core);
    const void *bytes = NULL;
    size_t size = 0;
    assert_int_equal(blobs_count(blobs), 2);
    assert_int_equal(blobs_get(blobs, &x, &bytes, &size), MN_OK);
    assert_int_equal(size, 5);
    assert_memory_equal(bytes, "three", 5);
    assert_int_equal(blobs_get(blobs, &y, &bytes, &size), MN_NOT_FOUND);
    assert_int_equal(blobs_get(blobs, &z, &bytes, &size), MN_OK);
    assert_int_equal(size, 0);
    /* The next one is a diff onto what was restored, in the new run. */
    assert_int_equal(blobs_put(blobs, &y, "four", 4), MN_OK);
    world_save(&world, 0);
    assert_string_equal(world.vats[0].agent, "attach run 2\n"
                                             "written 200000001 since 100000001 onto 100000003\n");
    world_deinit(&world);
}

static void a_peer_out_of_reach_is_told_once_and_when_it_is_back(void **state)
{
    (void)state;
    struct world world;
    world_of_two(&world);
    world.auto_durable = true;
    world.loss_percent = 100;
    assert_int_equal(world_send(&world, 0, 1, 1), 1);
    world_run(&world, 1000);
    assert_string_equal(world.vats[0].log, "unreachable b\n");
    world.loss_percent = 0;
    world_run(&world, 300);
    assert_string_equal(world.vats[0].log, "unreachable b\nback b\n");
    assert_string_equal(world.vats[1].log, "message a 1\n");
    world_deinit(&world);
}

static size_t beats_of(struct vat *vat, mn_time now, const struct vat_event *event)
{
    struct vat_effects effects = {0};
    size_t beats = 0;
    assert_int_equal(vat_step(vat, now, event, &effects), MN_OK);
    for (size_t i = 0; i < effects.count; i++) {
        beats += effects.items[i].kind == VAT_EFFECT_TO_AGENT &&
                         effects.items[i].to_agent->kind == MN_FROM_VAT_BEAT
                     ? 1
                     : 0;
    }
    vat_effects_deinit(&effects);
    return beats;
}

static void beats_as_seldom_as_it_checkpoints_but_soon_on_a_new_connection(void **state)
{
    (void)state;
    const struct mn_life life = {.vat = {.text = "a"},
                                 .run = 1,
                                 .outcome = MN_RUNNING,
                                 .interval_ms = 80000,
                                 .connect_ms = 2000};
    const struct vat_event start = {.kind = VAT_EVENT_START};
    const struct vat_event tick = {.kind = VAT_EVENT_TICK};
    struct vat *vat = NULL;
    assert_int_equal(vat_new(&vat, &life), MN_OK);
    assert_int_equal(beats_of(vat, 0, &start), 0);
    assert_int_equal(beats_of(vat, 0, &tick), 1);
    assert_int_equal(vat_deadline(vat), 10 * MN_SECOND);
    vat_connected(vat, 1 * MN_SECOND);
    assert_int_equal(vat_deadline(vat), 1250 * MN_MS);
    assert_int_equal(beats_of(vat, 1250 * MN_MS, &tick), 1);
    assert_int_equal(vat_deadline(vat), 11250 * MN_MS);
    vat_destroy(&vat);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_held_message_leaves_only_when_its_epoch_is_durable),
        cmocka_unit_test(a_turn_that_sent_something_is_soon_in_a_checkpoint),
        cmocka_unit_test(what_was_written_before_the_connection_was_there_is_said_again),
        cmocka_unit_test(much_that_was_taken_is_soon_in_a_checkpoint),
        cmocka_unit_test(an_early_message_leaves_when_its_turn_is_over),
        cmocka_unit_test(what_an_early_sender_forgot_gives_its_numbers_to_others),
        cmocka_unit_test(beats_as_seldom_as_it_checkpoints_but_soon_on_a_new_connection),
        cmocka_unit_test(what_a_crashed_receiver_had_not_kept_is_sent_again_once),
        cmocka_unit_test(what_a_crashed_receiver_had_kept_is_not_sent_again),
        cmocka_unit_test(a_sender_that_crashed_before_sending_sends_the_same_numbers),
        cmocka_unit_test(what_was_not_in_a_checkpoint_was_never_sent),
        cmocka_unit_test(a_duplicate_and_what_is_ahead_are_dropped),
        cmocka_unit_test(a_former_run_is_refused_and_told_of),
        cmocka_unit_test(a_speaker_with_the_key_of_another_host_is_refused),
        cmocka_unit_test(a_higher_run_than_the_known_one_is_looked_up_before_it_is_believed),
        cmocka_unit_test(a_floor_that_moves_lets_the_sender_forget),
        cmocka_unit_test(kept_messages_are_bounded_and_the_sender_has_to_wait),
        cmocka_unit_test(an_agent_that_is_away_bounds_what_is_written),
        cmocka_unit_test(a_new_agent_is_told_everything_again),
        cmocka_unit_test(a_full_disk_keeps_the_epoch_open_and_sends_held),
        cmocka_unit_test(a_chain_of_a_full_and_diffs_gives_the_same_blobs),
        cmocka_unit_test(a_peer_out_of_reach_is_told_once_and_when_it_is_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
