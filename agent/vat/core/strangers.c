/* Vats that greet before there is a session with them. A session is kept for ever and its number is
 * bounded, so none begins on the word of whoever connects: the agent is asked first whether there
 * is such a vat, which run of it, and with which key it speaks. Until then the Greet waits here,
 * among a few; whoever finds no room greets again. */
#include "vat_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

static size_t stranger_place(const struct vat *vat, const struct mn_name *peer)
{
    size_t at = 0;
    while (at < vat->stranger_count && !mn_name_equal(&vat->strangers[at].peer, peer)) {
        at += 1;
    }
    return at;
}

static void stranger_remove(struct vat *vat, size_t at)
{
    vat->stranger_count -= 1;
    memmove(&vat->strangers[at], &vat->strangers[at + 1],
            (vat->stranger_count - at) * sizeof *vat->strangers);
    /* A place takes a kilobyte, and most vats have had a stranger once. */
    if (vat->stranger_count == 0) {
        free(vat->strangers);
        vat->strangers = NULL;
        vat->stranger_capacity = 0;
    }
}

/* Its place, made if there is none: in that of the oldest when that has waited long enough. NULL:
 * there is no room. */
static struct vat_stranger *stranger_need(struct vat *vat, mn_time now, const struct mn_name *peer,
                                          struct vat_effects *effects)
{
    size_t at = stranger_place(vat, peer);
    if (at < vat->stranger_count) {
        return &vat->strangers[at];
    }
    if (vat->stranger_count == VAT_STRANGER_COUNT_MAX) {
        if (now - vat->strangers[0].asked < vat->connect) {
            return NULL;
        }
        stranger_remove(vat, 0);
    }
    if (mn_grow(&vat->strangers, &vat->stranger_capacity, vat->stranger_count + 1,
                sizeof *vat->strangers, VAT_STRANGER_COUNT_MAX) != MN_OK) {
        effects->failed = true;
        return NULL;
    }
    struct vat_stranger *made = &vat->strangers[vat->stranger_count++];
    *made = (struct vat_stranger){.peer = *peer, .asked = INT64_MIN};
    return made;
}

bool stranger_park(struct vat *vat, mn_time now, const struct vat_event *event,
                   struct vat_effects *effects)
{
    struct vat_stranger *stranger = stranger_need(vat, now, &event->inbound.message->vat, effects);
    if (stranger == NULL) {
        return false;
    }
    inbound_copy(&stranger->parked, event);
    bool asked = stranger->asked != INT64_MIN && now - stranger->asked < vat->retry;
    struct mn_from_vat *message = asked ? NULL : effect_to_agent(vat, effects, MN_FROM_VAT_LOOKUP);
    if (message != NULL) {
        message->lookup.peer = stranger->peer;
        stranger->asked = now;
    }
    return true;
}

struct vat_session *stranger_admit(struct vat *vat, const struct mn_to_vat *message,
                                   struct vat_parked **parked, struct vat_effects *effects)
{
    size_t at = stranger_place(vat, &message->address.peer);
    if (at == vat->stranger_count || vat->strangers[at].parked.message.run > message->address.run) {
        return NULL;
    }
    struct vat_session *session = NULL;
    struct vat_parked *copy = NULL;
    if (vat->plain || strcmp(vat->strangers[at].parked.key, message->address.key) == 0) {
        copy = malloc(sizeof *copy);
        mn_result result =
            copy != NULL ? session_get(vat, &message->address.peer, &session) : MN_NO_MEMORY;
        effects->failed = effects->failed || result == MN_NO_MEMORY;
        if (result == MN_FULL && !vat->crowded) {
            vat->crowded = true;
            effect_trouble(vat, effects, MN_FULL, "a session with vat ", &message->address.peer,
                           " cannot begin: this vat has had as many peers as one can have, and "
                           "hears of no others; divide its work among several vats");
        }
    }
    if (session != NULL) {
        *copy = vat->strangers[at].parked;
        *parked = copy;
        /* An agent that begins anew is asked again: it tells of suspects that were asked about. */
        session->asked = vat->strangers[at].asked;
    } else {
        free(copy);
    }
    stranger_remove(vat, at);
    return session;
}
