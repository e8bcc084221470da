/* The small world of vat_world.h. */
#include "agent/vat/vat_world.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/vat/vat_world_private.h"
#include "base/check.h"

struct world_packet {
    struct world_packet *next;
    int to;
    uint64_t instance; /* of the receiver; another one never gets it */
    int from;
    uint64_t connection;
    mn_time arrives;
    bool answer; /* it came back on the receiver's own connection */
    struct mn_session message;
    uint32_t *sizes;
    unsigned char *payload;
};

void world_init(struct world *world, uint64_t seed)
{
    memset(world, 0, sizeof *world);
    world->random.state = seed;
    world->interval_ms = 100;
    world->file_size = 1;
    world->latency_ms = 100;
    world->now = MN_SECOND;
}

static void packet_free(struct world_packet *packet)
{
    free(packet->sizes);
    free(packet->payload);
    free(packet);
}

void world_drop(struct world *world)
{
    while (world->packets != NULL) {
        struct world_packet *next = world->packets->next;
        packet_free(world->packets);
        world->packets = next;
    }
    world->packet_count = 0;
}

void world_deinit(struct world *world)
{
    world_drop(world);
    for (int i = 0; i < world->vat_count; i++) {
        vat_destroy(&world->vats[i].core);
        while (world->vats[i].saved != NULL) {
            struct world_saved *older = world->vats[i].saved->older;
            world_saved_free(world->vats[i].saved);
            world->vats[i].saved = older;
        }
    }
}

int world_add(struct world *world, const char *name)
{
    mn_assert(world->vat_count < WORLD_VAT_COUNT_MAX);
    struct world_vat *vat = &world->vats[world->vat_count];
    vat->name = mn_name_of(name);
    vat->incarnation = 1;
    return world->vat_count++;
}

static int vat_index(const struct world *world, const struct mn_name *name)
{
    for (int i = 0; i < world->vat_count; i++) {
        if (mn_name_equal(&world->vats[i].name, name)) {
            return i;
        }
    }
    return -1;
}

/* ---- the network ---- */

static uint64_t connection_number(const struct vat_connection *connection)
{
    uint64_t number = 0;
    memcpy(&number, connection->bytes, sizeof number);
    return number;
}

static void packet_add(struct world *world, int from, int to, uint64_t connection, bool answer,
                       const struct mn_session *message)
{
    if (to < 0 || world->vats[to].core == NULL) {
        return;
    }
    if (mn_random_below(&world->random, 100) < world->loss_percent) {
        world->lost += 1;
        return;
    }
    struct world_packet *packet = calloc(1, sizeof *packet);
    mn_assert(packet != NULL);
    packet->from = from;
    packet->to = to;
    packet->instance = world->vats[to].instance;
    packet->connection = connection;
    mn_time carries_at = answer ? world->now : world->vats[from].carries_at[to];
    packet->arrives = (carries_at > world->now ? carries_at : world->now) + world->path_ms * MN_MS;
    packet->answer = answer;
    packet->message = *message;
    if (message->kind == MN_SESSION_DATA) {
        packet->sizes = malloc(message->data.count * sizeof *packet->sizes);
        packet->payload = malloc(message->data.payload_size + 1);
        mn_assert(packet->sizes != NULL);
        mn_assert(packet->payload != NULL);
        memcpy(packet->sizes, message->data.sizes, message->data.count * sizeof *packet->sizes);
        memcpy(packet->payload, message->data.payload, message->data.payload_size);
        packet->message.data.sizes = packet->sizes;
        packet->message.data.payload = packet->payload;
    }
    struct world_packet **link = &world->packets;
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = packet;
    world->packet_count += 1;
    world->packets_ever += 1;
}

/* Take the next packet; any of them when the network reorders. */
static struct world_packet *packet_take(struct world *world)
{
    struct world_packet **link = &world->packets;
    uint64_t skip = world->reorder && mn_random_below(&world->random, 4) == 0
                        ? mn_random_below(&world->random, world->packet_count)
                        : 0;
    for (uint64_t i = 0; i < skip; i++) {
        link = &(*link)->next;
    }
    struct world_packet *packet = *link;
    *link = packet->next;
    world->packet_count -= 1;
    return packet;
}

/* ---- effects ---- */

static void step(struct world *world, int index, const struct vat_event *event);

static void hash_add(struct world *world, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++) {
        world->effects_hash = (world->effects_hash ^ at[i]) * UINT64_C(0x100000001B3);
    }
}

static void to_agent(struct world *world, int index, const struct mn_from_vat *message)
{
    struct world_vat *vat = &world->vats[index];
    hash_add(world, &message->kind, sizeof message->kind);
    switch (message->kind) {
    case MN_FROM_VAT_ATTACH:
        world_log_add(vat->agent, "attach run %" PRIu32, message->attach.run);
        if (message->attach.frozen_round > 0) {
            world_log_add(vat->agent, " frozen %" PRIu64, message->attach.frozen_round);
        }
        world_log_add(vat->agent, "\n");
        break;
    case MN_FROM_VAT_WRITTEN:
        hash_add(world, &message->written.epoch, sizeof message->written.epoch);
        world_log_add(vat->agent, "written %" PRIx64 " since %" PRIx64 " onto %" PRIx64,
                      (uint64_t)message->written.epoch, (uint64_t)message->written.since,
                      (uint64_t)message->written.onto);
        world_log_heard(vat->agent, message->written.names, message->written.heard,
                        message->written.heard_count, message->written.heard_before,
                        message->written.known, message->written.known_count);
        if (message->written.round > 0) {
            world_log_add(vat->agent, " round %" PRIu64, message->written.round);
        }
        world_log_add(vat->agent, "\n");
        break;
    case MN_FROM_VAT_INTERVAL:
        world_log_add(vat->agent, "interval round %" PRIu64 " epoch %" PRIx64 " since %" PRIx64,
                      message->interval.round, (uint64_t)message->interval.epoch,
                      (uint64_t)message->interval.since);
        world_log_heard(vat->agent, message->interval.names, message->interval.heard,
                        message->interval.heard_count, message->interval.heard_before,
                        message->interval.known, message->interval.known_count);
        world_log_add(vat->agent, "\n");
        break;
    case MN_FROM_VAT_HANDLED:
        world_log_add(vat->agent, "handled %" PRIu64 "\n", message->handled.round);
        break;
    case MN_FROM_VAT_LOOKUP:
        world_log_add(vat->agent, "lookup %s\n", message->lookup.peer.text);
        break;
    case MN_FROM_VAT_TROUBLE:
        world_log_add(vat->agent, "trouble %s\n", message->trouble.text);
        break;
    case MN_FROM_VAT_REFUSED:
        world_log_add(vat->agent, "refused %s run %" PRIu32 "\n", message->refused.vat.text,
                      message->refused.run);
        break;
    case MN_FROM_VAT_BEAT:
        break;
    case MN_FROM_VAT_WANT_LEASE:
        world_log_add(vat->agent, "want_lease\n");
        break;
    case MN_FROM_VAT_DIFFERS:
        world_log_add(vat->agent, "differs %s run %" PRIu32 ": %s forgot %" PRIx64 "\n",
                      message->differs.peer.text, message->differs.run,
                      message->differs.self ? "self" : "peer", (uint64_t)message->differs.epoch);
        break;
    }
}

static void carry_out(struct world *world, int index, const struct vat_effect *effect)
{
    struct world_vat *vat = &world->vats[index];
    hash_add(world, &effect->kind, sizeof effect->kind);
    switch (effect->kind) {
    case VAT_EFFECT_TO_AGENT:
        to_agent(world, index, effect->to_agent);
        break;
    case VAT_EFFECT_TO_PEER: {
        int peer = vat_index(world, effect->peer);
        hash_add(world, &effect->to_peer->kind, sizeof effect->to_peer->kind);
        if (peer >= 0 && vat->connection[peer] != 0) {
            packet_add(world, index, peer, vat->connection[peer], false, effect->to_peer);
        }
        break;
    }
    case VAT_EFFECT_REPLY: {
        uint64_t number = connection_number(&effect->reply.connection);
        hash_add(world, &effect->reply.message->kind, sizeof effect->reply.message->kind);
        for (int i = 0; i < world->vat_count; i++) {
            if (number != 0 && world->vats[i].connection[index] == number) {
                packet_add(world, index, i, number, true, effect->reply.message);
            }
        }
        break;
    }
    case VAT_EFFECT_CONNECT: {
        int peer = vat_index(world, effect->peer);
        vat->connection[peer] = ++world->connections;
        vat->carries_at[peer] = world->now + 2 * world->path_ms * MN_MS;
        break;
    }
    case VAT_EFFECT_DISCONNECT:
        vat->connection[vat_index(world, effect->peer)] = 0;
        break;
    case VAT_EFFECT_DELIVER:
        world_app_deliver(vat, &effect->deliver);
        break;
    case VAT_EFFECT_CHECKPOINT:
        if (!vat->disk_full) {
            world_store_add(vat, effect->checkpoint);
        }
        break;
    case VAT_EFFECT_END:
        world_log_add(vat->agent, "end %s\n", effect->end);
        break;
    }
}

/* Answer look-ups after the step that asked. */
static void answer_lookups(struct world *world, int index, const struct vat_effects *effects)
{
    for (size_t i = 0; i < effects->count; i++) {
        if (effects->items[i].kind != VAT_EFFECT_TO_AGENT ||
            effects->items[i].to_agent->kind != MN_FROM_VAT_LOOKUP || world->silent_agent) {
            continue;
        }
        int peer = vat_index(world, &effects->items[i].to_agent->lookup.peer);
        if (peer >= 0) {
            const struct world_vat *other = &world->vats[peer];
            struct mn_to_vat message = {.kind = MN_TO_VAT_ADDRESS};
            message.address.peer = other->name;
            message.address.run = other->run;
            message.address.incarnation = other->incarnation;
            (void)snprintf(message.address.endpoint.text, sizeof message.address.endpoint.text,
                           "%s", other->core == NULL ? "" : other->name.text);
            (void)snprintf(message.address.key, sizeof message.address.key, "key-%.20s",
                           other->name.text);
            world_tell(world, index, &message);
        }
    }
}

static void step(struct world *world, int index, const struct vat_event *event)
{
    struct world_vat *vat = &world->vats[index];
    struct vat_effects effects = {0};
    mn_result result = vat_step(vat->core, world->now, event, &effects);
    mn_assert(result == MN_OK);
    bool checkpoint = false;
    for (size_t i = 0; i < effects.count; i++) {
        carry_out(world, index, &effects.items[i]);
        checkpoint = checkpoint || effects.items[i].kind == VAT_EFFECT_CHECKPOINT;
    }
    if (checkpoint) {
        struct vat_event written = {.kind = VAT_EVENT_WRITTEN,
                                    .written = {.size = world->file_size}};
        if (vat->disk_full) {
            written = (struct vat_event){.kind = VAT_EVENT_WRITE_FAILED,
                                         .failed = {.code = MN_NO_SPACE, .text = "disk full"}};
        }
        step(world, index, &written);
        if (world->auto_durable && !vat->disk_full) {
            world_durable(world, index);
        }
    }
    vat_invariant(vat->core);
    answer_lookups(world, index, &effects);
    vat_effects_deinit(&effects);
}

/* ---- what tests do ---- */

void world_tell(struct world *world, int vat, const struct mn_to_vat *message)
{
    struct vat_event event = {.kind = VAT_EVENT_AGENT, .agent = message};
    step(world, vat, &event);
}

void world_push_address(struct world *world, int index)
{
    const struct world_vat *vat = &world->vats[index];
    struct mn_to_vat message = {.kind = MN_TO_VAT_ADDRESS};
    message.address.peer = vat->name;
    message.address.run = vat->run;
    message.address.incarnation = vat->incarnation;
    (void)snprintf(message.address.endpoint.text, sizeof message.address.endpoint.text, "%s",
                   vat->core == NULL ? "" : vat->name.text);
    (void)snprintf(message.address.key, sizeof message.address.key, "key-%.20s", vat->name.text);
    for (int i = 0; i < world->vat_count; i++) {
        if (i != index && world->vats[i].core != NULL) {
            world_tell(world, i, &message);
        }
    }
}

/* The vat's next run goes on from @keep: what is above that is dead, and never restored again. */
static void world_fork(struct world_vat *vat, mn_epoch keep, bool seen)
{
    while (vat->saved != NULL && vat->saved->record.epoch > keep) {
        struct world_saved *older = vat->saved->older;
        world_saved_free(vat->saved);
        vat->saved = older;
    }
    struct mn_lineage *lineage = &vat->lineage;
    if (lineage->count == MN_LINEAGE_COUNT_MAX) {
        lineage->count -= 1;
        memmove(lineage->forks, lineage->forks + 1, lineage->count * sizeof *lineage->forks);
    }
    lineage->forks[lineage->count++] =
        (struct mn_fork){.after = keep, .next = mn_epoch_first(vat->run + 1), .seen = seen};
}

void world_start(struct world *world, int index, mn_epoch keep, enum mn_outcome outcome)
{
    struct world_vat *vat = &world->vats[index];
    mn_assert(vat->core == NULL);
    if (outcome == MN_REVIVED) {
        world_fork(vat, keep, false);
    }
    mn_epoch chain[MN_CHAIN_COUNT_MAX];
    uint32_t count = 0;
    for (mn_epoch epoch = keep; epoch != 0; epoch = world_store_find(vat, epoch)->record.onto) {
        count += 1;
        chain[MN_CHAIN_COUNT_MAX - count] = epoch;
    }
    vat->run += 1;
    struct mn_life life = {.vat = vat->name,
                           .run = vat->run,
                           .incarnation = vat->incarnation,
                           .keep = keep,
                           .outcome = outcome,
                           .round = vat->round,
                           .lineage = vat->lineage,
                           .key_file = "keys",
                           .interval_ms = world->interval_ms,
                           .full_every = 4,
                           .keep_count = WORLD_KEEP,
                           .connect_ms = 200,
                           .send_ms = world->send_ms,
                           .latency_ms = world->latency_ms,
                           .early = world->early,
                           .chain = chain + MN_CHAIN_COUNT_MAX - count,
                           .chain_count = count};
    mn_result result = vat_new(&vat->core, &life);
    mn_assert(result == MN_OK);
    world_store_restore(vat, life.chain, count);
    vat->instance += 1;
    vat->keep_of_run = keep;
    vat->reported = keep;
    memset(vat->connection, 0, sizeof vat->connection);
    struct vat_event event = {.kind = VAT_EVENT_START, .start = {.pid = 1}};
    step(world, index, &event);
    if (!world->quiet_agent) {
        world_push_address(world, index);
    }
}

void world_crash(struct world *world, int index)
{
    struct world_vat *vat = &world->vats[index];
    vat_destroy(&vat->core);
    memset(vat->connection, 0, sizeof vat->connection);
    vat->agent[0] = '\0';
}

void world_roll_back(struct world *world, int index, mn_epoch keep)
{
    struct world_vat *vat = &world->vats[index];
    if (vat->core != NULL) {
        world_crash(world, index);
    }
    vat->incarnation += 1;
    world_fork(vat, keep, true);
    world_start(world, index, keep, keep == 0 ? MN_RESET : MN_ROLLED_BACK);
}

int world_send(struct world *world, int index, int peer, int count)
{
    struct world_vat *vat = &world->vats[index];
    const struct mn_name *name = &world->vats[peer].name;
    for (int i = 0; i < count; i++) {
        uint64_t number = world_app_number(vat->core, "sent", name) + 1;
        mn_result result = vat_send(vat->core, world->now, name, &number, sizeof number);
        if (result != MN_OK) {
            mn_assert(result == MN_FULL);
            return i;
        }
        world_app_set(vat->core, "sent", name, number);
    }
    return count;
}

bool world_send_large(struct world *world, int index, int peer, size_t size)
{
    struct world_vat *vat = &world->vats[index];
    const struct mn_name *name = &world->vats[peer].name;
    uint64_t number = world_app_number(vat->core, "sent", name) + 1;
    unsigned char *bytes = malloc(size);
    mn_assert(bytes != NULL);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = world_app_byte(number, i);
    }
    memcpy(bytes, &number, sizeof number);
    mn_result result = vat_send(vat->core, world->now, name, bytes, size);
    free(bytes);
    if (result == MN_OK) {
        world_app_set(vat->core, "sent", name, number);
    }
    return result == MN_OK;
}

void world_tick(struct world *world, int index)
{
    struct vat_event event = {.kind = VAT_EVENT_TICK};
    step(world, index, &event);
}

void world_save(struct world *world, int index)
{
    struct vat_event event = {.kind = VAT_EVENT_SAVE};
    step(world, index, &event);
}

void world_durable(struct world *world, int index)
{
    struct world_vat *vat = &world->vats[index];
    int count = 0;
    mn_epoch floor = 0;
    for (struct world_saved *saved = vat->saved; saved != NULL; saved = saved->older) {
        saved->durable = true;
        if (count++ < WORLD_KEEP) {
            floor = saved->record.epoch;
        }
    }
    if (vat->saved == NULL) {
        return;
    }
    struct mn_to_vat message = {.kind = MN_TO_VAT_DURABLE,
                                .durable = {.epoch = vat->saved->record.epoch, .floor = floor}};
    vat->reported = message.durable.epoch;
    world_tell(world, index, &message);
}

void world_inject(struct world *world, int index, uint64_t connection, const char *key,
                  const struct mn_session *message)
{
    struct vat_event event = {
        .kind = VAT_EVENT_INBOUND,
        .inbound = {.connection = {.size = 8}, .key = key, .message = message}};
    memcpy(event.inbound.connection.bytes, &connection, sizeof connection);
    step(world, index, &event);
}

void world_answer(struct world *world, int index, int peer, const struct mn_session *message)
{
    struct vat_event event = {.kind = VAT_EVENT_ANSWER,
                              .answer = {.peer = world->vats[peer].name, .message = message}};
    step(world, index, &event);
}

static void packet_deliver(struct world *world, struct world_packet *packet)
{
    struct world_vat *vat = &world->vats[packet->to];
    if (vat->core == NULL || vat->instance != packet->instance) {
        return;
    }
    if (packet->answer) {
        if (vat->connection[packet->from] != packet->connection) {
            return;
        }
        struct vat_event event = {
            .kind = VAT_EVENT_ANSWER,
            .answer = {.peer = world->vats[packet->from].name, .message = &packet->message}};
        step(world, packet->to, &event);
        return;
    }
    char key[MN_KEY_TEXT_SIZE];
    (void)snprintf(key, sizeof key, "key-%.20s", world->vats[packet->from].name.text);
    world_inject(world, packet->to, packet->connection, key, &packet->message);
}

void world_flush(struct world *world)
{
    for (int i = 0; world->packets != NULL; i++) {
        mn_assert(i < 100000);
        struct world_packet *packet = packet_take(world);
        packet_deliver(world, packet);
        packet_free(packet);
    }
}

void world_deliver(struct world *world, int count)
{
    for (int i = 0; i < count && world->packets != NULL; i++) {
        struct world_packet *packet = packet_take(world);
        packet_deliver(world, packet);
        packet_free(packet);
    }
}

/* Hand over what has come the whole way by now, and what it brings about if that takes no time. */
static void world_arrive(struct world *world)
{
    struct world_packet **link = &world->packets;
    while (*link != NULL) {
        struct world_packet *packet = *link;
        if (packet->arrives > world->now) {
            link = &packet->next;
            continue;
        }
        *link = packet->next;
        world->packet_count -= 1;
        packet_deliver(world, packet);
        packet_free(packet);
        link = &world->packets;
    }
}

void world_run(struct world *world, int ms)
{
    for (int i = 0; i < ms; i++) {
        world->now += MN_MS;
        for (int k = 0; k < world->vat_count; k++) {
            if (world->vats[k].core != NULL && vat_deadline(world->vats[k].core) <= world->now) {
                world_tick(world, k);
            }
        }
        if (world->reorder) {
            uint64_t count = mn_random_below(&world->random, world->packet_count + 1);
            for (uint64_t n = 0; n < count && world->packets != NULL; n++) {
                struct world_packet *packet = packet_take(world);
                packet_deliver(world, packet);
                packet_free(packet);
            }
        } else {
            world_arrive(world);
        }
    }
}
