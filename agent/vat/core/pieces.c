/* Large messages, put together of their pieces: one at a time of each peer, and all of them within
 * VAT_ASSEMBLY_SIZE_MAX. A piece that finds no room is dropped, and its sender noted; when there is
 * room, the one that has waited longest is asked to begin again, and nobody overtakes it.
 *
 * Invariant: pieces are taken in their order, on one connection, of the number that comes next. */
#include "vat_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

static void pieces_free(struct vat *vat, struct vat_assembly *assembly)
{
    struct vat_assembly **link = &vat->assemblies;
    while (*link != assembly) {
        link = &(*link)->next;
    }
    *link = assembly->next;
    vat->assembly_size -= assembly->total;
    assembly->session->assembly = NULL;
    free(assembly->bytes);
    free(assembly);
}

void pieces_clear(struct vat *vat)
{
    free(vat->assembled);
    vat->assembled = NULL;
}

static void starved_pop(struct vat *vat)
{
    vat->starved[0]->starved = false;
    vat->starved_count -= 1;
    memmove(&vat->starved[0], &vat->starved[1], vat->starved_count * sizeof(struct vat_session *));
    vat->starved_asked = 0;
}

/* Ask the one that has waited longest to begin again. */
static void starved_ask(struct vat *vat, mn_time now, struct vat_effects *effects)
{
    while (vat->starved_count > 0 && vat->starved_asked == 0) {
        const struct vat_session *session = vat->starved[0];
        if (!session->greeted) {
            starved_pop(vat);
            continue;
        }
        vat->starved_asked = now;
        (void)effect_reply(vat, effects, &session->in, MN_SESSION_WHO);
    }
}

static mn_result starved_add(struct vat *vat, struct vat_session *session)
{
    if (session->starved) {
        return MN_OK;
    }
    mn_result result = mn_grow(&vat->starved, &vat->starved_capacity, vat->starved_count + 1,
                               sizeof(struct vat_session *), VAT_SESSION_COUNT_MAX);
    if (result == MN_OK) {
        vat->starved[vat->starved_count++] = session;
        session->starved = true;
    }
    return result;
}

void pieces_drop(struct vat *vat, mn_time now, struct vat_session *session,
                 struct vat_effects *effects)
{
    if (session->assembly != NULL) {
        pieces_free(vat, session->assembly);
        starved_ask(vat, now, effects);
    }
}

/* Give up what has not come nearer for as long as a peer may be out of reach: its sender begins
 * again anyway. */
static void pieces_expire(struct vat *vat, mn_time now)
{
    struct vat_assembly *assembly = vat->assemblies;
    while (assembly != NULL) {
        struct vat_assembly *next = assembly->next;
        if (now - assembly->moved_at >= vat->connect) {
            pieces_free(vat, assembly);
        }
        assembly = next;
    }
}

static bool pieces_room(const struct vat *vat, uint32_t total)
{
    return vat->assembly_size + total <= VAT_ASSEMBLY_SIZE_MAX;
}

/* Whether @session may begin to have @total bytes put together; notes that it waits if not. */
static mn_result pieces_admit(struct vat *vat, mn_time now, struct vat_session *session,
                              uint32_t total, bool *admitted)
{
    if (!pieces_room(vat, total)) {
        pieces_expire(vat, now);
    }
    if (vat->starved_asked != 0 && now - vat->starved_asked >= vat->connect) {
        starved_pop(vat); /* It was asked and does not answer. */
    }
    bool first = vat->starved_count == 0 || vat->starved[0] == session;
    *admitted = first && pieces_room(vat, total);
    if (!*admitted) {
        return starved_add(vat, session);
    }
    if (vat->starved_count > 0) {
        starved_pop(vat);
    }
    return MN_OK;
}

static mn_result pieces_begin(struct vat *vat, mn_time now, struct vat_session *session,
                              const struct mn_session *message, struct vat_effects *effects)
{
    if (session->assembly != NULL) {
        pieces_free(vat, session->assembly);
        session->assembly = NULL;
    }
    bool admitted = false;
    mn_result result = pieces_admit(vat, now, session, message->data.total, &admitted);
    if (!admitted) {
        return result;
    }
    struct vat_assembly *assembly = calloc(1, sizeof *assembly);
    unsigned char *bytes = malloc(message->data.total);
    if (assembly == NULL || bytes == NULL) {
        free(assembly);
        free(bytes);
        return MN_NO_MEMORY;
    }
    *assembly = (struct vat_assembly){.next = vat->assemblies,
                                      .session = session,
                                      .number = message->data.first,
                                      .epoch = message->data.epoch,
                                      .total = message->data.total,
                                      .bytes = bytes};
    vat->assemblies = assembly;
    vat->assembly_size += assembly->total;
    session->assembly = assembly;
    if (pieces_room(vat, 1)) {
        starved_ask(vat, now, effects);
    }
    return MN_OK;
}

/* The last piece is here: the message is taken. */
static mn_result pieces_deliver(struct vat *vat, mn_time now, struct vat_session *session,
                                struct vat_effects *effects)
{
    struct vat_assembly *assembly = session->assembly;
    mn_result result = session_hear(vat, session, assembly->epoch);
    struct vat_delivery *delivery =
        result != MN_OK ? NULL : effect_deliver(effects, VAT_MESSAGE, &session->peer);
    if (delivery != NULL) {
        delivery->message.bytes = assembly->bytes;
        delivery->message.size = assembly->total;
        vat->assembled = assembly->bytes;
        assembly->bytes = NULL;
        checkpoint_hasten(vat, now, assembly->total, false);
        session_take(session, assembly->epoch);
    }
    pieces_drop(vat, now, session, effects);
    return result;
}

mn_result pieces_take(struct vat *vat, mn_time now, struct vat_session *session,
                      const struct mn_session *message, struct vat_effects *effects)
{
    if (message->data.offset == 0) {
        mn_result result = pieces_begin(vat, now, session, message, effects);
        if (result != MN_OK) {
            return result;
        }
    }
    struct vat_assembly *assembly = session->assembly;
    if (assembly == NULL || assembly->number != message->data.first ||
        assembly->epoch != message->data.epoch || assembly->total != message->data.total ||
        assembly->begun != message->data.offset) {
        return MN_OK; /* The piece before it is missing: it will be sent again. */
    }
    memcpy(assembly->bytes + assembly->begun, message->data.payload, message->data.payload_size);
    assembly->begun += (uint32_t)message->data.payload_size;
    assembly->moved_at = now;
    return assembly->begun == assembly->total ? pieces_deliver(vat, now, session, effects) : MN_OK;
}
