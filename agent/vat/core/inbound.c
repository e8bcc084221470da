/* The incoming side of a session that is greeted: what is taken, what is answered.
 *
 * Invariant: number n+1 is taken after n, from the newest run of the peer only, and nothing from a
 * peer whose round is not applied here. What is ahead is dropped, because it will be sent again. */
#include "vat_private.h"

#include <string.h>

void inbound_say_marks(struct vat *vat, mn_time now, struct vat_session *session,
                       struct vat_effects *effects)
{
    uint64_t covered = session_taken_at(session, vat->durable);
    uint64_t floor = session_taken_at(session, vat->floor);
    uint32_t begun = session->assembly == NULL ? 0 : session->assembly->begun;
    if (!session->greeted ||
        (session->taken <= session->marks_said_taken && covered <= session->marks_said_covered &&
         floor <= session->marks_said_floor && begun <= session->marks_said_begun)) {
        return;
    }
    struct mn_session *reply = effect_reply(vat, effects, &session->in, MN_SESSION_MARKS);
    if (reply == NULL) {
        return;
    }
    reply->marks.taken = session->taken;
    reply->marks.covered = covered;
    reply->marks.floor = floor;
    reply->marks.begun = begun;
    reply->marks.durable = vat->durable;
    session->marks_said_begun = begun;
    session->marks_said_taken = session->taken;
    session->marks_said_covered = covered;
    session->marks_said_floor = floor;
    session->marks_said_at = now;
}

/* Answer whole messages that came: at once, or when the last Marks are old enough. The window of
 * the peer is far larger than what it sends in that time, and an answer for each Data costs nearly
 * as much as the Data itself. */
static void inbound_answer(struct vat *vat, mn_time now, struct vat_session *session,
                           struct vat_effects *effects)
{
    mn_time due = session->marks_said_at + VAT_MARKS_MS * MN_MS;
    if (due <= now) {
        inbound_say_marks(vat, now, session, effects);
    } else if (!session->marking) {
        vat->marks_due = vat->marks_first == NULL || due < vat->marks_due ? due : vat->marks_due;
        session->marking = true;
        session->marks_next = vat->marks_first;
        vat->marks_first = session;
    }
}

void inbound_marks_tick(struct vat *vat, mn_time now, struct vat_effects *effects)
{
    while (vat->marks_first != NULL && vat->marks_due <= now) {
        struct vat_session *session = vat->marks_first;
        vat->marks_first = session->marks_next;
        session->marks_next = NULL;
        session->marking = false;
        inbound_say_marks(vat, now, session, effects);
    }
}

/* Hand the application what is new in a Data. */
static mn_result inbound_take(struct vat *vat, mn_time now, struct vat_session *session,
                              const struct mn_session *message, struct vat_effects *effects)
{
    mn_result result = session_hear(vat, session, message->data.epoch);
    if (result != MN_OK) {
        return result;
    }
    const unsigned char *payload = message->data.payload;
    for (uint32_t i = 0; i < message->data.count; i++) {
        size_t size = message->data.sizes[i];
        if (message->data.first + i == session->taken + 1) {
            struct vat_delivery *delivery = effect_deliver(effects, VAT_MESSAGE, &session->peer);
            if (delivery == NULL) {
                return MN_NO_MEMORY;
            }
            delivery->message.bytes = payload;
            delivery->message.size = size;
            session_take(session, message->data.epoch);
            checkpoint_hasten(vat, now, size, false);
        }
        payload = size > 0 ? payload + size : payload;
    }
    return MN_OK;
}

/* Whether a Data comes from the one that was greeted, who is still believed. */
static bool inbound_data_believed(struct vat *vat, struct vat_session *session,
                                  const struct vat_event *event, struct vat_effects *effects)
{
    const struct mn_session *message = event->inbound.message;
    const struct vat_fence *fence = round_fence(vat, &message->vat);
    if ((fence != NULL && message->run <= fence->run) ||
        (session != NULL && message->run < session->run)) {
        inbound_refuse(vat, event, session != NULL ? session->run : fence->run + 1, effects);
        return false;
    }
    if (session == NULL || !session->greeted || message->run != session->in_run ||
        message->incarnation != session->in_incarnation ||
        memcmp(&session->in, &event->inbound.connection, sizeof session->in) != 0) {
        (void)effect_reply(vat, effects, &event->inbound.connection, MN_SESSION_WHO);
        return false;
    }
    if (round_missing(vat, message)) {
        session->behind = true;
        return false;
    }
    return true;
}

static void inbound_on_data(struct vat *vat, mn_time now, const struct vat_event *event,
                            struct vat_effects *effects)
{
    const struct mn_session *message = event->inbound.message;
    struct vat_session *session = session_find(vat, &message->vat);
    if (!inbound_data_believed(vat, session, event, effects)) {
        return;
    }
    uint64_t first = message->data.first;
    if (first == 0 || first > UINT64_MAX - message->data.count || message->data.epoch <= 0 ||
        mn_epoch_run(message->data.epoch) > message->run) {
        return;
    }
    uint64_t last = first + message->data.count - 1;
    if (first <= session->taken + 1 && last > session->taken) {
        mn_result result = message->data.total > 0
                               ? pieces_take(vat, now, session, message, effects)
                               : inbound_take(vat, now, session, message, effects);
        effects->failed = effects->failed || result == MN_NO_MEMORY;
        /* When there is no room to note what was heard, nothing is taken: it is sent again after
         * the full checkpoint that makes room. */
    } else if (last <= session->taken) {
        /* A sender that says again what was taken has missed what it was told. */
        session->marks_said_taken = 0;
    }
    if (message->data.total > 0) {
        inbound_say_marks(vat, now, session, effects);
    } else {
        inbound_answer(vat, now, session, effects);
    }
}

/* Numbers that the peer has given up: a gap, and it goes on after that. */
static void inbound_on_skip(struct vat *vat, mn_time now, const struct vat_event *event,
                            struct vat_effects *effects)
{
    const struct mn_session *message = event->inbound.message;
    struct vat_session *session = session_find(vat, &message->vat);
    if (!inbound_data_believed(vat, session, event, effects) ||
        mn_epoch_run(message->skip.epoch) > message->run) {
        return;
    }
    if (message->skip.last <= session->taken) {
        session->marks_said_taken = 0;
    } else if (message->skip.first <= session->taken + 1) {
        mn_result result = session_hear(vat, session, message->skip.epoch);
        if (result == MN_OK) {
            pieces_drop(vat, now, session, effects);
            gap_skip(vat, session, message->skip.last + 1, message->skip.epoch, effects);
        }
        effects->failed = effects->failed || result == MN_NO_MEMORY;
    }
    inbound_say_marks(vat, now, session, effects);
}

void inbound_step(struct vat *vat, mn_time now, const struct vat_event *event,
                  struct vat_effects *effects)
{
    const struct mn_session *message = event->inbound.message;
    if (mn_name_equal(&message->vat, &vat->name)) {
        return;
    }
    switch (message->kind) {
    case MN_SESSION_GREET:
        if (!mn_name_equal(&message->greet.to, &vat->name)) {
            break; /* It looks for one that was at this address before, and will hear where it is.
                    */
        }
        inbound_on_greet(vat, now, event, effects);
        break;
    case MN_SESSION_DATA:
        inbound_on_data(vat, now, event, effects);
        break;
    case MN_SESSION_SKIP:
        inbound_on_skip(vat, now, event, effects);
        break;
    case MN_SESSION_GREETED:
    case MN_SESSION_MARKS:
    case MN_SESSION_WHO:
    case MN_SESSION_REFUSED:
    case MN_SESSION_WAITS:
        break; /* These go the other way. */
    }
}
