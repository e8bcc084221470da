/* The incoming side of a session: who is believed, what is taken, what is answered.
 *
 * Invariant: number n+1 is taken after n, from the newest run of the peer only, and nothing from a
 * peer whose round is not applied here. What is ahead is dropped, because it will be sent again. */
#include "vat_private.h"

#include <stdlib.h>
#include <string.h>

uint32_t session_incarnation_min(const struct vat_session *session)
{
    uint32_t least = session->incarnation;
    least = least > session->told ? least : session->told;
    return least > session->address_incarnation ? least : session->address_incarnation;
}

uint64_t session_shared(const struct vat_session *session, uint64_t taken, uint32_t known)
{
    uint64_t limit = bases_limit(session->bases, session->base_count, known);
    return taken < limit ? taken : limit - 1;
}

bool session_behind(const struct vat *vat, const struct vat_session *session, uint64_t taken,
                    uint32_t known)
{
    return known > vat->incarnation || session_shared(session, taken, known) >= session->next;
}

void session_trouble(const struct vat *vat, struct vat_session *session, const char *why,
                     struct vat_effects *effects)
{
    if (!session->troubled) {
        session->troubled = true;
        effect_trouble(vat, effects, MN_UNKNOWN, "the session with vat ", &session->peer, why);
    }
}

static void deliver_gap(struct vat_session *session, uint64_t first, uint64_t last, bool sent,
                        struct vat_effects *effects)
{
    struct vat_delivery *delivery = effect_deliver(effects, VAT_GAP, &session->peer);
    if (delivery != NULL) {
        delivery->gap.first = first;
        delivery->gap.last = last;
        delivery->gap.sent = sent;
    }
}

/* The peer keeps nothing below @oldest: what is missing is a gap, and it goes on after that. */
static void inbound_skip(const struct vat *vat, struct vat_session *session, uint64_t oldest,
                         struct vat_effects *effects)
{
    deliver_gap(session, session->taken + 1, oldest - 1, false, effects);
    if (!session_skip(vat, session, oldest - 1)) {
        effects->failed = true;
    }
}

/* What the peer, in incarnations above @known, went on without. It says so for as long as it
 * remembers, so that a crash of this vat cannot make it miss a gap. */
static void hear_gaps(struct vat_session *session, const struct vat_numbers *numbers,
                      uint32_t known, struct vat_effects *effects)
{
    for (uint32_t i = 0; i < numbers->gaps->count; i++) {
        const struct mn_gap *gap = &numbers->gaps->items[i];
        if (gap->incarnation > known) {
            deliver_gap(session, gap->first, gap->last, true, effects);
        }
    }
    uint64_t oldest = session_oldest(session);
    if (numbers->taken_of_me + 1 < oldest) {
        deliver_gap(session, numbers->taken_of_me + 1, oldest - 1, true, effects);
    }
}

void session_agree(struct vat *vat, struct vat_session *session, const struct vat_numbers *numbers,
                   struct vat_effects *effects)
{
    uint32_t known = session->incarnation;
    session->incarnation = numbers->incarnation;
    session->changed = true;
    if (session->covered > numbers->taken_of_me) {
        session->covered = numbers->taken_of_me;
    }
    uint64_t limit = bases_limit(numbers->bases->items, numbers->bases->count, known);
    if (session->taken >= limit) {
        session_lower(session, limit - 1);
    }
    if (known != 0) {
        hear_gaps(session, numbers, known, effects);
    }
    if (known != 0 && numbers->oldest > session->taken + 1) {
        inbound_skip(vat, session, numbers->oldest, effects);
    }
}

static void inbound_refuse(struct vat *vat, const struct vat_event *event, mn_run newest,
                           struct vat_effects *effects)
{
    const struct mn_session *message = event->inbound.message;
    struct mn_session *reply =
        effect_reply(vat, effects, &event->inbound.connection, MN_SESSION_REFUSED);
    if (reply != NULL) {
        reply->refused.run = newest;
    }
    struct mn_from_vat *report = effect_to_agent(vat, effects, MN_FROM_VAT_REFUSED);
    if (report != NULL) {
        report->refused.vat = message->vat;
        report->refused.run = message->run;
    }
}

static void inbound_park(struct vat_session *session, const struct vat_event *event,
                         struct vat_effects *effects)
{
    if (session->parked == NULL) {
        session->parked = calloc(1, sizeof *session->parked);
    }
    if (session->parked == NULL) {
        effects->failed = true;
        return;
    }
    session->parked->connection = event->inbound.connection;
    session->parked->message = *event->inbound.message;
    memset(session->parked->key, 0, sizeof session->parked->key);
    size_t size = strlen(event->inbound.key);
    size = size < MN_KEY_TEXT_LENGTH ? size : MN_KEY_TEXT_LENGTH;
    memcpy(session->parked->key, event->inbound.key, size);
}

/* Whether the speaker of a Greet is the newest run of that vat, on the host that it is placed on.
 * When that cannot be said yet, the Greet waits for the agent's word. */
static bool inbound_believed(struct vat *vat, mn_time now, struct vat_session *session,
                             const struct vat_event *event, struct vat_effects *effects)
{
    const struct mn_session *message = event->inbound.message;
    const struct vat_fence *fence = round_fence(vat, &message->vat);
    mn_run fenced = fence == NULL ? 0 : fence->run;
    if (message->run <= fenced) {
        inbound_refuse(vat, event, session->run > fenced ? session->run : fenced + 1, effects);
        return false;
    }
    if (message->run < session->run || message->incarnation < session_incarnation_min(session)) {
        inbound_refuse(vat, event, session->run, effects);
        return false;
    }
    if (message->run > session->address_run) {
        inbound_park(session, event, effects);
        link_ask(vat, now, session, effects);
        return false;
    }
    if (!vat->plain && strcmp(event->inbound.key, session->key) != 0) {
        inbound_refuse(vat, event, session->run, effects);
        return false;
    }
    if (round_missing(vat, message)) {
        inbound_park(session, event, effects);
        return false;
    }
    return true;
}

/* Whether both know the same of what the peer sent; agrees with a peer that has forgotten. */
static bool inbound_agreed(struct vat *vat, struct vat_session *session,
                           const struct mn_session *message, struct vat_effects *effects)
{
    if (message->incarnation > session->incarnation) {
        struct vat_numbers numbers = {
            .incarnation = message->incarnation,
            .bases = &message->greet.bases,
            .gaps = &message->greet.gaps,
            .oldest = message->greet.oldest,
            .taken_of_me =
                session_shared(session, message->greet.taken_of_you, message->greet.known_of_you)};
        session_agree(vat, session, &numbers, effects);
    }
    if (session_behind(vat, session, message->greet.taken_of_you, message->greet.known_of_you)) {
        session_trouble(vat, session, VAT_BEHIND_TEXT, effects);
        return false;
    }
    if (message->greet.oldest <= session->taken + 1) {
        return true;
    }
    if (vat->incarnation > 1) {
        /* This vat has forgotten, below what the peer had to keep. */
        inbound_skip(vat, session, message->greet.oldest, effects);
        return true;
    }
    session_trouble(vat, session,
                    " is held: messages are missing here that nobody keeps, and no round explains "
                    "it; this vat takes no more of the peer until it is restored",
                    effects);
    return false;
}

static void inbound_on_greet(struct vat *vat, mn_time now, const struct vat_event *event,
                             struct vat_effects *effects)
{
    const struct mn_session *message = event->inbound.message;
    struct vat_session *session = NULL;
    mn_result result = session_get(vat, &message->vat, &session);
    if (result == MN_FULL && !vat->crowded) {
        vat->crowded = true;
        effect_trouble(vat, effects, MN_FULL, "a session with vat ", &message->vat,
                       " cannot begin: this vat has had as many peers as one can have, and hears "
                       "of no others; divide its work among several vats");
    }
    if (result != MN_OK) {
        effects->failed = effects->failed || result == MN_NO_MEMORY;
        return;
    }
    if (!inbound_believed(vat, now, session, event, effects)) {
        return;
    }
    if (!inbound_agreed(vat, session, message, effects)) {
        return;
    }
    if (message->run > session->run) {
        session->run = message->run;
        session->changed = true;
    }
    session->greeted = true;
    session->uncompared = false;
    session->in = event->inbound.connection;
    session->in_run = message->run;
    session->in_incarnation = message->incarnation;
    session->behind = false;
    pieces_drop(vat, now, session, effects);
    if (session->unreachable && session->link == VAT_LINK_IDLE) {
        /* This vat had given up trying: that the peer speaks is how it hears of it. */
        session->unreachable = false;
        (void)effect_deliver(effects, VAT_PEER_BACK, &session->peer);
    }
    struct mn_session *reply = effect_reply(vat, effects, &session->in, MN_SESSION_GREETED);
    if (reply == NULL) {
        return;
    }
    reply->greeted.taken = session->taken;
    reply->greeted.covered = session_taken_at(session, vat->durable);
    reply->greeted.floor = session_taken_at(session, vat->floor);
    reply->greeted.next = session->next;
    reply->greeted.oldest = session_oldest(session);
    reply->greeted.bases = session_bases(session);
    reply->greeted.known_of_you = session->incarnation;
    reply->greeted.gaps = session_gaps(session);
    session->marks_said_taken = reply->greeted.taken;
    session->marks_said_covered = reply->greeted.covered;
    session->marks_said_floor = reply->greeted.floor;
    session->marks_said_begun = 0;
}

void inbound_unpark(struct vat *vat, mn_time now, struct vat_session *session,
                    struct vat_effects *effects)
{
    struct vat_parked *parked = session->parked;
    if (parked == NULL) {
        return;
    }
    session->parked = NULL;
    struct vat_event event = {.kind = VAT_EVENT_INBOUND,
                              .inbound = {.connection = parked->connection,
                                          .key = parked->key,
                                          .message = &parked->message}};
    inbound_on_greet(vat, now, &event, effects);
    free(parked);
}

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
            session->taken += 1;
            session->changed = true;
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
            inbound_skip(vat, session, message->skip.last + 1, effects);
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
        break; /* These go the other way. */
    }
}
