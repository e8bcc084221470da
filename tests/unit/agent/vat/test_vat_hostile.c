/* The vat's core among peers that say anything which the codec takes: no assertion breaks, and each
 * checkpoint that it writes can be read and restored. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "agent/vat/vat_world_private.h"
#include "base/check.h"
#include "hostile/hostile.h"

enum {
    SEED_COUNT = 150,
    STEP_COUNT = 500,
    VAT_COUNT = 3,
    PAYLOAD_SIZE = 70000,
    PIECE_SIZE = 33000,
    LARGE_NUMBER = 7 /* of the only large message: what its bytes are, follows from it */
};

struct hostile_peers {
    struct hostile hostile;
    struct world world;
    unsigned char payload[PAYLOAD_SIZE];
    uint32_t sizes[4]; /* of the messages in it */
    uint64_t heard;    /* over all seeds: what the codec took, */
    uint64_t restored; /* and how often a vat began again from what it had written */
};

static uint64_t below(struct hostile_peers *peers, uint64_t bound)
{
    return hostile_below(&peers->hostile, bound);
}

static bool chance(struct hostile_peers *peers, uint64_t percent)
{
    return hostile_chance(&peers->hostile, percent);
}

/* The number that would be right, one near it, or one far from it. */
static uint64_t any_number(struct hostile_peers *peers, uint64_t right)
{
    uint64_t which = below(peers, 100);
    if (which < 50) {
        return right;
    }
    if (which < 80) {
        return right + 1 + (which < 70 ? 0 : below(peers, 5));
    }
    if (which < 90 && right > 0) {
        return right - 1;
    }
    if (which < 98) {
        return below(peers, right + 2);
    }
    return which < 99 ? UINT64_MAX - below(peers, 3) : UINT64_C(1) << below(peers, 64);
}

static mn_epoch any_epoch(struct hostile_peers *peers)
{
    uint64_t which = below(peers, 100);
    mn_epoch epoch = mn_epoch_first(1 + (mn_run)below(peers, 4)) + (mn_epoch)below(peers, 9);
    return which < 2 ? 0 : which < 4 ? MN_EPOCH_MAX : epoch;
}

static struct mn_fork any_fork(struct hostile_peers *peers, mn_run run)
{
    mn_epoch after =
        mn_epoch_first(1 + (mn_run)below(peers, run - 1)) - 1 + (mn_epoch)below(peers, 5);
    return (struct mn_fork){.after = chance(peers, 90) ? after : any_epoch(peers),
                            .next = mn_epoch_first(run) + (chance(peers, 90) ? 0 : 1),
                            .seen = chance(peers, 50),
                            .told = chance(peers, 50)};
}

static void any_unsure(struct hostile_peers *peers, uint64_t next, struct mn_unsure *unsure)
{
    mn_run run = 1;
    unsure->lineage.count = chance(peers, 20) ? (uint32_t)below(peers, 4) : 0;
    for (uint32_t i = 0; i < unsure->lineage.count; i++) {
        run += 1 + (mn_run)below(peers, 2);
        unsure->lineage.forks[i] = any_fork(peers, run);
        unsure->anew[i] = any_number(peers, next);
    }
}

static void any_bases(struct hostile_peers *peers, uint64_t next, struct mn_bases *bases)
{
    uint32_t incarnation = 1;
    uint64_t number = 1;
    bases->count = (uint32_t)below(peers, 4);
    for (uint32_t i = 0; i < bases->count; i++) {
        incarnation += 1 + (uint32_t)below(peers, 2);
        number += below(peers, 3);
        number = number <= next ? number : next;
        bases->items[i].incarnation = incarnation;
        bases->items[i].number = chance(peers, 90) ? number : any_number(peers, number);
    }
}

static void any_gaps(struct hostile_peers *peers, uint64_t taken, struct mn_gaps *gaps)
{
    if (taken > 3 && taken < 100000 && chance(peers, 30)) {
        struct mn_gap *gap = &gaps->items[0];
        gaps->count = 1;
        gap->first = 1 + below(peers, taken - 1);
        gap->last = gap->first + below(peers, taken - gap->first + 1);
        gap->incarnation = 1 + (uint32_t)below(peers, 3);
    }
}

/* What a peer says that greets: its next number would be @next, and it has taken @sent. */
static void any_greet(struct hostile_peers *peers, int vat, uint64_t next, uint64_t sent,
                      struct mn_session *message)
{
    message->greet.to =
        peers->world.vats[chance(peers, 95) ? vat : (int)below(peers, VAT_COUNT)].name;
    message->greet.next = any_number(peers, next);
    message->greet.oldest = any_number(peers, message->greet.next);
    if (chance(peers, 70)) {
        message->greet.oldest = message->greet.next > 3 ? message->greet.next - below(peers, 3) : 1;
    }
    message->greet.taken_of_you = any_number(peers, sent);
    any_bases(peers, message->greet.next, &message->greet.bases);
    message->greet.known_of_you = (uint32_t)below(peers, 4);
    any_gaps(peers, message->greet.taken_of_you, &message->greet.gaps);
    message->greet.taken_epoch = any_epoch(peers);
    message->greet.covered = chance(peers, 50) ? 0 : any_number(peers, sent);
    message->greet.covered_epoch = any_epoch(peers);
    message->greet.durable = any_epoch(peers);
    any_unsure(peers, message->greet.next, &message->greet.unsure);
    message->greet.behind = chance(peers, 10);
    if (chance(peers, 20)) {
        message->greet.fork = any_fork(peers, 2 + (mn_run)below(peers, 3));
    }
}

static void any_greeted(struct hostile_peers *peers, uint64_t next, uint64_t sent,
                        struct mn_session *message)
{
    message->greeted.taken = any_number(peers, sent);
    message->greeted.covered = chance(peers, 50) ? 0 : any_number(peers, sent);
    message->greeted.floor = chance(peers, 50) ? 0 : any_number(peers, sent);
    message->greeted.next = any_number(peers, next);
    message->greeted.oldest = any_number(peers, message->greeted.next);
    any_bases(peers, message->greeted.next, &message->greeted.bases);
    message->greeted.known_of_you = (uint32_t)below(peers, 4);
    any_gaps(peers, message->greeted.taken, &message->greeted.gaps);
    message->greeted.durable = any_epoch(peers);
    message->greeted.taken_epoch = any_epoch(peers);
    any_unsure(peers, message->greeted.next, &message->greeted.unsure);
    if (chance(peers, 20)) {
        message->greeted.fork = any_fork(peers, 2 + (mn_run)below(peers, 3));
    }
}

/* Whole messages, each its own number, as the application of these tests has it; or a piece of a
 * large one. */
static void any_data(struct hostile_peers *peers, uint64_t next, struct mn_session *message)
{
    size_t size = 0;
    message->data.epoch = any_epoch(peers);
    message->data.first = any_number(peers, next);
    message->data.count = chance(peers, 75) ? 1 + (uint32_t)below(peers, 4) : 0;
    for (uint32_t i = 0; i < message->data.count; i++) {
        uint64_t number = message->data.first + i;
        memcpy(peers->payload + size, &number, sizeof number);
        peers->sizes[i] = sizeof number;
        size += sizeof number;
    }
    if (size == 0) {
        const uint64_t number = LARGE_NUMBER;
        message->data.count = 1;
        message->data.total = 2 * PIECE_SIZE + (uint32_t)below(peers, 3);
        message->data.offset = chance(peers, 60) ? 0 : (uint32_t)below(peers, 3) * PIECE_SIZE;
        size = chance(peers, 70) ? PIECE_SIZE : 1 + below(peers, PIECE_SIZE);
        peers->sizes[0] = (uint32_t)size;
        for (size_t i = 0; i < size; i++) {
            size_t at = message->data.offset + i;
            peers->payload[i] = at < sizeof number ? ((const unsigned char *)&number)[at]
                                                   : world_app_byte(LARGE_NUMBER, at);
        }
    }
    message->data.sizes = peers->sizes;
    message->data.payload = peers->payload;
    message->data.payload_size = size;
}

static void any_small(struct hostile_peers *peers, uint64_t next, uint64_t sent,
                      struct mn_session *message)
{
    if (message->kind == MN_SESSION_MARKS) {
        message->marks.taken = any_number(peers, sent);
        message->marks.covered = chance(peers, 50) ? message->marks.taken : any_number(peers, sent);
        message->marks.floor = chance(peers, 50) ? 0 : any_number(peers, sent);
        message->marks.begun = chance(peers, 80) ? 0 : (uint32_t)below(peers, PAYLOAD_SIZE);
        message->marks.durable = any_epoch(peers);
    } else if (message->kind == MN_SESSION_REFUSED) {
        message->refused.run = (mn_run)below(peers, 6);
    } else if (message->kind == MN_SESSION_SKIP) {
        message->skip.epoch = any_epoch(peers);
        message->skip.first = any_number(peers, next);
        message->skip.last = message->skip.first + below(peers, 3);
    } else if (message->kind == MN_SESSION_WAITS) {
        message->waits.behind = chance(peers, 50);
    }
}

/* Of what goes that way. */
static enum mn_session_kind any_kind(struct hostile_peers *peers, bool answer)
{
    static const enum mn_session_kind answers[] = {
        MN_SESSION_GREETED, MN_SESSION_MARKS,   MN_SESSION_MARKS, MN_SESSION_MARKS,
        MN_SESSION_WHO,     MN_SESSION_REFUSED, MN_SESSION_WAITS};
    if (answer) {
        return answers[below(peers, sizeof answers / sizeof answers[0])];
    }
    return chance(peers, 30)   ? MN_SESSION_GREET
           : chance(peers, 75) ? MN_SESSION_DATA
                               : MN_SESSION_SKIP;
}

static void any_message(struct hostile_peers *peers, int vat, int peer, bool answer,
                        struct mn_session *message)
{
    const struct world_vat *speaker = &peers->world.vats[peer];
    uint64_t sent = world_sent(&peers->world, vat, peer);
    uint64_t next = any_number(peers, world_got(&peers->world, vat, peer)) + 1;
    mn_run run = speaker->run > 0 ? speaker->run : 1;
    message->kind = any_kind(peers, answer);
    message->vat =
        chance(peers, 97) ? speaker->name : peers->world.vats[below(peers, VAT_COUNT)].name;
    message->run = chance(peers, 90) ? run : 1 + (mn_run)below(peers, 5);
    message->incarnation = speaker->incarnation > 0 ? speaker->incarnation : 1;
    if (chance(peers, 15)) {
        message->incarnation = 1 + (uint32_t)below(peers, message->run);
    }
    message->round = chance(peers, 90) ? speaker->round : below(peers, 4);
    if (message->kind == MN_SESSION_GREET) {
        any_greet(peers, vat, next, sent, message);
    } else if (message->kind == MN_SESSION_GREETED) {
        any_greeted(peers, next, sent, message);
    } else if (message->kind == MN_SESSION_DATA) {
        any_data(peers, next, message);
    } else {
        any_small(peers, next, sent, message);
    }
}

static void one_word(struct hostile_peers *peers, int vat, int peer, bool answer)
{
    struct mn_session message = {0};
    struct mn_session said;
    struct mn_buffer bytes = {0};
    struct mn_arena arena;
    any_message(peers, vat, peer, answer, &message);
    bool data = message.kind == MN_SESSION_DATA;
    mn_arena_init(&arena, 0);
    hostile_note(&peers->hostile, "word %d of %s to %s", (int)message.kind,
                 peers->world.vats[peer].name.text, peers->world.vats[vat].name.text);
    if (mn_session_encode(&message, &bytes) == MN_OK &&
        mn_session_decode(bytes.bytes, bytes.size, data ? peers->payload : NULL,
                          data ? message.data.payload_size : 0, &arena, &said) == MN_OK) {
        peers->heard += 1;
        if (answer) {
            world_answer(&peers->world, vat, peer, &said);
        } else {
            char key[MN_NAME_SIZE_MAX + 8];
            (void)snprintf(key, sizeof key, "key-%.20s", peers->world.vats[peer].name.text);
            world_inject(&peers->world, vat, 9000 + (uint64_t)peer, key, &said);
        }
    }
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&bytes);
}

/* What was written last can be read. */
static void check_saved(struct hostile_peers *peers, const struct world_saved *saved)
{
    struct mn_checkpoint_record record;
    struct mn_buffer bytes = {0};
    struct mn_arena arena;
    mn_arena_init(&arena, 0);
    hostile_fine(&peers->hostile, mn_checkpoint_record_encode(&saved->record, &bytes),
                 "a checkpoint's record to write", 0);
    hostile_fine(&peers->hostile,
                 mn_checkpoint_record_decode(bytes.bytes, bytes.size, &arena, &record),
                 "a checkpoint's record to read", 0);
    mn_buffer_deinit(&bytes);
    for (size_t i = 0; i < saved->session_count; i++) {
        struct mn_session_state state;
        hostile_fine(&peers->hostile, mn_session_state_encode(&saved->sessions[i], &bytes),
                     "a session to write", (int)i);
        hostile_fine(&peers->hostile,
                     mn_session_state_decode(bytes.bytes, bytes.size, &arena, &state),
                     "a session to read", (int)i);
        mn_buffer_deinit(&bytes);
    }
    mn_arena_deinit(&arena);
}

static void begin_again(struct hostile_peers *peers, int vat)
{
    struct world *world = &peers->world;
    hostile_note(&peers->hostile, "another run of %s", world->vats[vat].name.text);
    world_save(world, vat);
    world_durable(world, vat);
    mn_epoch keep = world_newest_saved(world, vat);
    world_crash(world, vat);
    world_start(world, vat, keep, keep != 0 ? MN_REVIVED : MN_RUNNING);
    peers->restored += 1;
}

static void roll_back(struct hostile_peers *peers, int vat)
{
    struct world *world = &peers->world;
    if (world_saved_count(world, vat) > 1) {
        hostile_note(&peers->hostile, "%s being rolled back", world->vats[vat].name.text);
        world_roll_back(world, vat, world->vats[vat].saved->older->record.epoch);
        peers->restored += 1;
    }
}

static void one_thing(struct hostile_peers *peers)
{
    struct world *world = &peers->world;
    int vat = chance(peers, 80) ? 0 : (int)below(peers, VAT_COUNT);
    int peer = (vat + 1 + (int)below(peers, VAT_COUNT - 1)) % VAT_COUNT;
    uint64_t which = below(peers, 1000);
    if (which < 600) {
        one_word(peers, vat, peer, which >= 350);
    } else if (which < 750) {
        (void)world_send(world, vat, peer, 1 + (int)below(peers, 3));
    } else if (which < 900) {
        world_run(world, 1 + (int)below(peers, 15));
    } else if (which < 930) {
        world_save(world, vat);
        if (chance(peers, 60)) {
            world_durable(world, vat);
        }
    } else if (which < 960) {
        begin_again(peers, vat);
    } else if (which < 964) {
        roll_back(peers, vat);
    } else {
        world_flush(world);
    }
}

static void one_seed(void *context, uint64_t seed)
{
    struct hostile_peers *peers = context;
    struct world *world = &peers->world;
    hostile_init(&peers->hostile, seed);
    world_init(world, seed);
    world->interval_ms = 20;
    world->auto_durable = chance(peers, 70);
    world->early = chance(peers, 50);
    world->loss_percent = chance(peers, 30) ? 10 : 0;
    world->reorder = chance(peers, 20);
    for (int i = 0; i < VAT_COUNT; i++) {
        (void)world_add(world, hostile_name('x', (uint32_t)i).text);
    }
    for (int i = 0; i < VAT_COUNT; i++) {
        world_start(world, i, 0, MN_RUNNING);
    }
    world_run(world, 30);
    for (int step = 0; step < STEP_COUNT; step++) {
        one_thing(peers);
        for (int i = 0; i < VAT_COUNT; i++) {
            vat_invariant(world->vats[i].core);
            if (world->vats[i].saved != NULL) {
                check_saved(peers, world->vats[i].saved);
            }
        }
        world_clear_logs(world);
    }
    world_deinit(world);
}

static void goes_on_whatever_peers_say(void **state)
{
    (void)state;
    static struct hostile_peers peers;
    hostile_each(SEED_COUNT, one_seed, &peers);
    assert_true(peers.heard > 1000);
    assert_true(peers.restored > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_on_whatever_peers_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
