/* The application: a bank that sends transfers to its peers, on its own and in reply. Its state is
 * in BLOBs only; a hash over its history, in one of them, is what the observer compares. */
#include <string.h>

#include "engine/sim_private.h"

enum {
    BANK_BALANCE = 1000,
    BANK_AMOUNT_MAX = 10,
    BANK_BLOB_COUNT = 8, /* each is named by one digit */
    BANK_SMALL_SIZE_MAX = 200,
    BANK_LARGE_ONE_IN = 32
};

struct bank_own {
    int64_t balance;
    uint64_t history; /* a hash over everything that happened to it */
    uint64_t turns;
};

struct bank_flow_of_peer {
    uint64_t sent;
    uint64_t received;
};

struct bank_payload {
    uint64_t id; /* first, for the observer */
    uint64_t number;
    int64_t amount;
};

static uint64_t mix(uint64_t hash, uint64_t a, uint64_t b)
{
    hash = (hash ^ a) * UINT64_C(0x9E3779B97F4A7C15);
    hash = (hash ^ (hash >> 29) ^ b) * UINT64_C(0xBF58476D1CE4E5B9);
    return hash ^ (hash >> 32);
}

static void get_blob(struct vat *core, const struct mn_name *name, void *out, size_t size)
{
    const void *bytes = NULL;
    size_t found = 0;
    memset(out, 0, size);
    if (blobs_get(vat_blobs(core), name, &bytes, &found) == MN_OK) {
        mn_assert(found == size);
        memcpy(out, bytes, size);
    }
}

static void put_blob(struct vat *core, const struct mn_name *name, const void *bytes, size_t size)
{
    mn_result result = blobs_put(vat_blobs(core), name, bytes, size);
    mn_assert(result == MN_OK);
}

static struct mn_name own_name(void)
{
    return (struct mn_name){.text = "own"};
}

uint32_t sim_vat_number(const struct sim *sim, const struct mn_name *name)
{
    uint32_t number = 0;
    for (const char *at = name->text + 1; *at != '\0'; at++) {
        number = number * 10 + (uint32_t)(*at - '0');
    }
    mn_assert(number < sim->vat_count);
    return number;
}

uint64_t sim_bank_digest(const struct sim_process *process)
{
    struct bank_own own;
    struct mn_name name = own_name();
    get_blob(process->vat->core, &name, &own, sizeof own);
    return mix(own.history, (uint64_t)own.balance, own.turns);
}

static void own_add(struct sim_vat *vat, uint64_t a, uint64_t b, int64_t amount)
{
    struct bank_own own;
    struct mn_name name = own_name();
    get_blob(vat->core, &name, &own, sizeof own);
    own.history = mix(own.history, a, b);
    own.balance += amount;
    put_blob(vat->core, &name, &own, sizeof own);
}

/* ---- sending --------------------------------------------------------------------------------- */

/* How many bytes a message has that mean nothing. */
static size_t filling_size(struct sim *sim)
{
    size_t most = (size_t)sim->config.payload_size;
    if (most == 0) {
        return 0;
    }
    size_t small = most < BANK_SMALL_SIZE_MAX ? most : BANK_SMALL_SIZE_MAX;
    return mn_random_below(&sim->bank_random, BANK_LARGE_ONE_IN) == 0
               ? most
               : (size_t)mn_random_below(&sim->bank_random, small + 1);
}

/* Bytes that are needed no longer than they take to be handed over. */
static unsigned char *room_for(struct sim *sim, size_t size)
{
    sim->buffer.size = 0;
    mn_result result = mn_buffer_reserve(&sim->buffer, size);
    mn_assert(result == MN_OK);
    return sim->buffer.bytes;
}

static mn_result send_payload(struct sim *sim, struct sim_process *process,
                              const struct mn_name *name, const struct bank_payload *payload)
{
    size_t size = sizeof *payload + filling_size(sim);
    unsigned char *bytes = room_for(sim, size);
    memset(bytes, (int)(payload->id & 0xFF), size);
    memcpy(bytes, payload, sizeof *payload);
    return vat_send(process->vat->core, sim_clock(sim, process), name, bytes, size);
}

static void transfer(struct sim *sim, struct sim_process *process, uint32_t peer)
{
    struct sim_vat *vat = process->vat;
    struct bank_flow_of_peer flow;
    const struct mn_name *name = &sim->vat_names[peer];
    get_blob(vat->core, name, &flow, sizeof flow);
    struct bank_payload payload = {
        .id = sim->message_id + 1,
        .number = flow.sent + 1,
        .amount = (int64_t)mn_random_below(&sim->bank_random, BANK_AMOUNT_MAX)};
    mn_result result = send_payload(sim, process, name, &payload);
    if (result == MN_FULL) {
        return;
    }
    mn_assert(result == MN_OK);
    sim->message_id += 1;
    sim->result.sent += 1;
    if (sim->observer != NULL) {
        struct observer_actor actor = sim_vat_actor(process);
        observer_sends(sim->observer, &actor, peer, payload.id);
    }
    sim_show_vat(sim, process,
                 (struct sim_seen){.kind = SIM_SEEN_SENDS, .peer = peer, .id = payload.id});
    flow.sent += 1;
    put_blob(vat->core, name, &flow, sizeof flow);
    own_add(vat, payload.id, peer, -payload.amount);
}

void sim_bank_send(struct sim *sim, struct sim_process *process, uint32_t peer)
{
    transfer(sim, process, peer);
    sim_timer(sim, process, vat_deadline(process->vat->core));
}

static void change_state(struct sim *sim, struct sim_process *process)
{
    size_t size = (size_t)sim->config.blob_size;
    if (size == 0) {
        return;
    }
    uint64_t which = mn_random_below(&sim->bank_random, BANK_BLOB_COUNT);
    struct mn_name name = {.text = {'f', (char)('0' + which)}};
    unsigned char *bytes = room_for(sim, size);
    uint64_t drawn = mn_random_next(&sim->bank_random);
    memset(bytes, 0, size);
    memcpy(bytes, &drawn, size < sizeof drawn ? size : sizeof drawn);
    put_blob(process->vat->core, &name, bytes, size);
}

static uint32_t any_other(struct sim *sim, uint32_t vat)
{
    mn_assert(sim->vat_count >= 2);
    uint64_t ahead = mn_random_below(&sim->bank_random, sim->vat_count - 1) + 1;
    return (uint32_t)((vat + ahead) % sim->vat_count);
}

/* Another vat of the group of @size that @vat is in; any when it is alone there. */
static uint32_t one_of_group(struct sim *sim, uint32_t vat, uint32_t size)
{
    mn_assert(size > 0);
    uint32_t first = vat - vat % size;
    uint32_t count = sim->vat_count - first < size ? sim->vat_count - first : size;
    if (count < 2) {
        return any_other(sim, vat);
    }
    uint64_t ahead = mn_random_below(&sim->bank_random, count - 1) + 1;
    return first + (uint32_t)((vat - first + ahead) % count);
}

/* Whom a vat sends to next; SIM_NOBODY: to nobody. There are at least two vats. */
static uint32_t peer_of(struct sim *sim, uint32_t vat)
{
    uint64_t peers = (uint64_t)sim->config.peers;
    peers = peers < sim->vat_count - 1 ? peers : sim->vat_count - 1;
    switch ((enum sim_shape)sim->config.shape) {
    case SIM_SHAPE_NEAR:
        return (uint32_t)((vat + mn_random_below(&sim->bank_random, peers) + 1) % sim->vat_count);
    case SIM_SHAPE_UNIFORM:
        return any_other(sim, vat);
    case SIM_SHAPE_CLUSTERED:
        return mn_random_below(&sim->bank_random, 10) == 0
                   ? any_other(sim, vat)
                   : one_of_group(sim, vat, (uint32_t)peers + 1);
    case SIM_SHAPE_CHAIN:
        return vat + 1 < sim->vat_count ? vat + 1 : SIM_NOBODY;
    case SIM_SHAPE_HUB:
        return vat != 0 ? 0 : any_other(sim, vat);
    }
    return SIM_NOBODY;
}

void sim_bank_turn(struct sim *sim, struct sim_process *process)
{
    const struct sim_config *config = &sim->config;
    struct sim_vat *vat = process->vat;
    if (sim->quiet || config->peers == 0 || sim->vat_count < 2) {
        return;
    }
    uint64_t burst = mn_random_below(&sim->bank_random, (uint64_t)config->burst) + 1;
    for (uint64_t i = 0; i < burst; i++) {
        uint32_t peer = peer_of(sim, vat->vat);
        if (peer != SIM_NOBODY) {
            transfer(sim, process, peer);
        }
    }
    change_state(sim, process);
    sim_lease_turn(sim, process);
    uint64_t mean = (uint64_t)config->turn_ms * MN_MS;
    mn_time wait = (mn_time)(mean / 2 + mn_random_below(&sim->bank_random, mean));
    sim_at(sim, sim->now + wait, SIM_ON_TURN, process, 0, NULL);
    sim_timer(sim, process, vat_deadline(vat->core));
}

/* ---- being handed something ------------------------------------------------------------------ */

static void handed_message(struct sim *sim, struct sim_process *process, uint32_t peer,
                           const struct vat_delivery *delivery)
{
    struct sim_vat *vat = process->vat;
    struct bank_payload payload;
    struct bank_flow_of_peer flow;
    mn_assert(delivery->message.size >= sizeof payload);
    memcpy(&payload, delivery->message.bytes, sizeof payload);
    if (delivery->message.size > MN_PIECE_SIZE_MAX) {
        sim_count(sim, SIM_SOMETIMES_PIECES);
    }
    for (size_t i = sizeof payload; i < delivery->message.size; i++) {
        mn_assert(delivery->message.bytes[i] == (payload.id & 0xFF));
    }
    sim->result.taken += 1;
    if (sim->observer != NULL) {
        struct observer_actor actor = sim_vat_actor(process);
        observer_takes(sim->observer, &actor, peer, payload.id);
    }
    sim_show_vat(sim, process,
                 (struct sim_seen){.kind = SIM_SEEN_TAKES, .peer = peer, .id = payload.id});
    get_blob(vat->core, delivery->peer, &flow, sizeof flow);
    flow.received += 1;
    put_blob(vat->core, delivery->peer, &flow, sizeof flow);
    own_add(vat, payload.id, payload.number, payload.amount);
    if (!sim->quiet &&
        mn_random_below(&sim->bank_random, 100) < (uint64_t)sim->config.reply_percent) {
        transfer(sim, process, peer);
    }
}

static void handed_notice(struct sim *sim, struct sim_process *process,
                          const struct vat_delivery *delivery)
{
    const struct mn_notice *notice = delivery->notice;
    bool reset = delivery->kind == VAT_PEER_RESET;
    sim_count_notice(sim, process, notice);
    sim_count(sim, reset ? SIM_SOMETIMES_TOLD_RESET : SIM_SOMETIMES_TOLD);
    if (notice->you_heard.last != 0) {
        sim_count(sim, SIM_SOMETIMES_HEARD_FORGOTTEN);
    }
    if (notice->forgot_you.last != 0) {
        sim_count(sim, SIM_SOMETIMES_FORGOT_HEARD);
    }
    if (sim->observer != NULL) {
        struct observer_actor actor = sim_vat_actor(process);
        observer_notice(sim->observer, &actor, notice, reset);
    }
    sim_show_vat(sim, process, (struct sim_seen){.kind = SIM_SEEN_NOTICE, .notice = notice});
    own_add(process->vat, notice->incarnation, (uint64_t)notice->kept, 0);
}

static void handed_gap(struct sim *sim, struct sim_process *process, uint32_t peer,
                       const struct vat_delivery *delivery)
{
    sim_count(sim, delivery->gap.sent ? SIM_SOMETIMES_GAP_SENT : SIM_SOMETIMES_GAP);
    if (sim->observer != NULL) {
        struct observer_actor actor = sim_vat_actor(process);
        observer_gap(sim->observer, &actor, peer, delivery->gap.first, delivery->gap.last,
                     delivery->gap.sent);
    }
    own_add(process->vat, delivery->gap.first, delivery->gap.last, 0);
}

static void handed_undelivered(struct sim *sim, struct sim_process *process, uint32_t peer,
                               const struct vat_delivery *delivery)
{
    sim_count(sim, SIM_SOMETIMES_UNDELIVERED);
    if (sim->observer != NULL) {
        struct observer_actor actor = sim_vat_actor(process);
        observer_undelivered(sim->observer, &actor, peer, delivery->undelivered.first,
                             delivery->undelivered.last);
    }
    own_add(process->vat, delivery->undelivered.first, delivery->undelivered.last, 0);
}

/* A first start is normal too, but restores nothing. */
static void count_restored(struct sim *sim, const struct vat_delivery *delivery)
{
    switch (delivery->restored.outcome) {
    case MN_RUNNING:
        return;
    case MN_REVIVED:
        sim->result.sometimes[SIM_SOMETIMES_RESTORED_NORMAL] += delivery->restored.kept > 0 ? 1 : 0;
        return;
    case MN_ROLLED_BACK:
        sim_count(sim, SIM_SOMETIMES_RESTORED_ROLLED_BACK);
        return;
    case MN_RESET:
        sim_count(sim, SIM_SOMETIMES_RESTORED_RESET);
        return;
    }
}

static void handed_restored(struct sim *sim, struct sim_process *process,
                            const struct vat_delivery *delivery)
{
    count_restored(sim, delivery);
    struct bank_own own;
    struct mn_name name = own_name();
    get_blob(process->vat->core, &name, &own, sizeof own);
    if (own.turns == 0) {
        own.balance = BANK_BALANCE;
    }
    own.turns += 1;
    put_blob(process->vat->core, &name, &own, sizeof own);
}

void sim_bank_handed(struct sim *sim, struct sim_process *process,
                     const struct vat_delivery *delivery)
{
    uint32_t peer =
        delivery->peer != NULL ? sim_vat_number(sim, delivery->peer) : process->vat->vat;
    switch (delivery->kind) {
    case VAT_RESTORED:
        handed_restored(sim, process, delivery);
        return;
    case VAT_MESSAGE:
        handed_message(sim, process, peer, delivery);
        return;
    case VAT_PEER_ROLLED_BACK:
    case VAT_PEER_RESET:
        handed_notice(sim, process, delivery);
        return;
    case VAT_GAP:
        handed_gap(sim, process, peer, delivery);
        return;
    case VAT_UNDELIVERED:
        handed_undelivered(sim, process, peer, delivery);
        return;
    case VAT_PEER_UNREACHABLE:
        sim_count(sim, SIM_SOMETIMES_UNREACHABLE);
        return;
    case VAT_PEER_BACK:
        sim_count(sim, SIM_SOMETIMES_PEER_BACK);
        return;
    }
}
