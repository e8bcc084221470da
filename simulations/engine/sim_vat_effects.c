/* What a vat's core asks for, carried out: words to its agent and to its peers, deliveries. */
#include <string.h>

#include "engine/sim_private.h"

static void tell_agent(struct sim *sim, struct sim_vat *vat, const struct mn_from_vat *message)
{
    sim->buffer.size = 0;
    mn_result result = mn_from_vat_encode(message, &sim->buffer);
    if (result != MN_OK) {
        sim_fail(sim, "codec", "a word of a vat is not encoded: %s", mn_result_name(result));
        return;
    }
    if (message->kind == MN_FROM_VAT_REFUSED) {
        sim_count(sim, SIM_SOMETIMES_FORMER_LIFE_REFUSED);
    }
    if (message->kind == MN_FROM_VAT_DIFFERS && !message->differs.self) {
        sim_count(sim, SIM_SOMETIMES_HELLO_FORGOT);
    }
    if (!sim_send(sim, vat->local, 0, &sim->buffer, NULL, 0) &&
        message->kind == MN_FROM_VAT_ATTACH) {
        vat->attach = vat->attach != NULL ? vat->attach : sim_take(1, sizeof *vat->attach);
        *vat->attach = *message;
        vat->attach_until = sim->now + 2 * MN_SECOND;
    }
}

/* ---- connections to peers -------------------------------------------------------------------- */

static size_t session_place(const struct sim_vat *vat, uint32_t peer, bool *found)
{
    size_t low = 0;
    size_t high = vat->session_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (vat->sessions[middle].peer < peer) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *found = low < vat->session_count && vat->sessions[low].peer == peer;
    return low;
}

static void disconnect(struct sim *sim, struct sim_vat *vat, const struct mn_name *peer)
{
    bool found = false;
    size_t place = session_place(vat, sim_vat_number(sim, peer), &found);
    if (found) {
        sim_link_close(sim, vat->sessions[place].link);
        vat->session_count -= 1;
        memmove(&vat->sessions[place], &vat->sessions[place + 1],
                (vat->session_count - place) * sizeof *vat->sessions);
    }
}

static void connect_to(struct sim *sim, struct sim_process *process,
                       const struct vat_effect *effect)
{
    struct sim_vat *vat = process->vat;
    uint32_t machine = 0;
    uint32_t port = 0;
    disconnect(sim, vat, effect->peer);
    if (!sim_endpoint_parse(sim, effect->connect.endpoint, &machine, &port)) {
        sim_fail(sim, "address", "a vat connects to %s", effect->connect.endpoint);
        return;
    }
    uint32_t peer = sim_vat_number(sim, effect->peer);
    bool found = false;
    size_t place = session_place(vat, peer, &found);
    sim_grow(&vat->sessions, &vat->session_capacity, vat->session_count + 1, sizeof *vat->sessions);
    memmove(&vat->sessions[place + 1], &vat->sessions[place],
            (vat->session_count - place) * sizeof *vat->sessions);
    vat->session_count += 1;
    uint32_t link =
        sim_link_open(sim, SIM_LINK_SESSION, process, machine, port, MN_TIME_NEVER, 200);
    vat->sessions[place] = (struct sim_session){.peer = peer, .link = link};
    sim->links[link].peer = peer;
}

/* ---- messages -------------------------------------------------------------------------------- */

/* Tell the observer what goes out under which numbers. */
static void note_leaving(struct sim *sim, const struct sim_process *process, uint32_t peer,
                         const struct mn_session *message)
{
    struct observer_actor actor = sim_vat_actor(process);
    const unsigned char *payload = message->data.payload;
    for (uint32_t i = 0; i < message->data.count; i++) {
        uint64_t id = 0;
        if (message->data.offset > 0) {
            return; /* its first piece told */
        }
        mn_assert(message->data.sizes[i] >= sizeof id);
        memcpy(&id, payload, sizeof id);
        if (mn_epoch_run(message->data.epoch) < actor.run) {
            sim_count(sim, SIM_SOMETIMES_RESENT);
        }
        observer_leaves(sim->observer, &actor, peer, message->data.epoch, message->data.first + i,
                        id);
        payload += message->data.sizes[i];
    }
}

static void send_to_peer(struct sim *sim, struct sim_process *process,
                         const struct vat_effect *effect)
{
    const struct mn_session *message = effect->to_peer;
    bool found = false;
    if (message->kind == MN_SESSION_GREET && message->greet.behind) {
        sim_count(sim, SIM_SOMETIMES_HELLO_BEHIND);
    }
    uint32_t peer = sim_vat_number(sim, effect->peer);
    size_t place = session_place(process->vat, peer, &found);
    if (!found) {
        return;
    }
    sim->buffer.size = 0;
    mn_result result = mn_session_encode(message, &sim->buffer);
    if (result != MN_OK) {
        sim_fail(sim, "codec", "a word between vats is not encoded: %s", mn_result_name(result));
        return;
    }
    bool data = message->kind == MN_SESSION_DATA;
    if (data && sim->observer != NULL) {
        note_leaving(sim, process, peer, message);
    }
    (void)sim_send(sim, process->vat->sessions[place].link, 0, &sim->buffer,
                   data ? message->data.payload : NULL, data ? message->data.payload_size : 0);
}

static void reply(struct sim *sim, const struct vat_effect *effect)
{
    uint32_t link = 0;
    uint64_t connection = 0;
    memcpy(&link, effect->reply.connection.bytes, sizeof link);
    memcpy(&connection, effect->reply.connection.bytes + sizeof link, sizeof connection);
    sim->buffer.size = 0;
    mn_result result = mn_session_encode(effect->reply.message, &sim->buffer);
    if (result != MN_OK) {
        sim_fail(sim, "codec", "a reply is not encoded: %s", mn_result_name(result));
        return;
    }
    mn_assert(connection != 0);
    (void)sim_send(sim, link, connection, &sim->buffer, NULL, 0);
}

void sim_vat_carry_out(struct sim *sim, struct sim_process *process,
                       const struct vat_effect *effect)
{
    switch (effect->kind) {
    case VAT_EFFECT_TO_AGENT:
        tell_agent(sim, process->vat, effect->to_agent);
        return;
    case VAT_EFFECT_TO_PEER:
        send_to_peer(sim, process, effect);
        return;
    case VAT_EFFECT_REPLY:
        reply(sim, effect);
        return;
    case VAT_EFFECT_CONNECT:
        connect_to(sim, process, effect);
        return;
    case VAT_EFFECT_DISCONNECT:
        disconnect(sim, process->vat, effect->peer);
        return;
    case VAT_EFFECT_DELIVER:
        sim_bank_handed(sim, process, &effect->deliver);
        return;
    case VAT_EFFECT_CHECKPOINT:
        return; /* the last of its step: written when the others are carried out */
    case VAT_EFFECT_END:
        sim_vat_exit(sim, process, "its agent ends it");
        return;
    }
}
