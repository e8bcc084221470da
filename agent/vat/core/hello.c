/* Greetings on a peer's connection to this vat: who is believed, what the two compare, what is
 * answered.
 *
 * Invariant: nobody is believed but the newest run of the peer, on the host that it is placed on,
 * whose round is applied here. What cannot be said yet waits for the agent's word. */
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

void session_agreed(const struct vat *vat, struct vat_session *session, uint32_t known)
{
    if (known > session->agreed && known <= vat->incarnation) {
        session->agreed = known;
        session->changed = true;
    }
}

bool incarnation_valid(const struct mn_session *message)
{
    return message->incarnation <= message->run;
}

void session_trouble(const struct vat *vat, struct vat_session *session, const char *why,
                     struct vat_effects *effects)
{
    if (!session->troubled) {
        session->troubled = true;
        effect_trouble(vat, effects, MN_UNKNOWN, "the session with vat ", &session->peer, why);
    }
}

void session_agree(struct vat *vat, struct vat_session *session, const struct vat_numbers *numbers,
                   struct vat_effects *effects)
{
    uint32_t known = session->incarnation;
    session->incarnation = numbers->incarnation;
    session->fork = *numbers->fork;
    session->changed = true;
    /* What its new life has in a durable checkpoint it has yet to say: what it has taken may be a
     * gap that it went on over a moment ago, and forgets if it crashes now. */
    session->covered = 0;
    session->covered_epoch = 0;
    uint64_t limit = bases_limit(numbers->bases->items, numbers->bases->count, known);
    uint64_t anew = forgot_limit(numbers->unsure, session->taken_epoch);
    limit = known != 0 && anew < limit ? anew : limit;
    if (session->taken >= limit) {
        session_lower(session, limit - 1);
        /* Of what the peer gave anew this vat may have taken some in a life that it forgot. */
        session->forked = vat->incarnation > 1 ? limit : 0;
    }
    /* Naming an interval that died again would hold the session again. */
    session->taken_epoch = forgot_living(numbers->unsure, session->taken_epoch);
    gaps_agree(session, numbers, known, effects);
    if (known != 0 && gap_excused(session, numbers->oldest)) {
        gap_skip(vat, session, numbers->oldest, numbers->durable, effects);
    }
}

void inbound_refuse(struct vat *vat, const struct vat_event *event, mn_run newest,
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

/* Somebody speaks in the peer's name who does not have its host's key: no life of that vat. */
static void inbound_wrong_key(struct vat *vat, struct vat_session *session,
                              const struct vat_event *event, struct vat_effects *effects)
{
    struct mn_session *reply =
        effect_reply(vat, effects, &event->inbound.connection, MN_SESSION_REFUSED);
    if (reply != NULL) {
        reply->refused.run = session->run;
    }
    if (!session->impostor) {
        session->impostor = true;
        effect_trouble(vat, effects, MN_BAD_INPUT, "somebody greets as vat ", &session->peer,
                       " without the key of the host that it is placed on, and is refused");
    }
}

/* The greeting is here, and is not answered yet. */
static void inbound_waits(const struct vat *vat, const struct vat_event *event, bool behind,
                          struct vat_effects *effects)
{
    struct mn_session *reply =
        effect_reply(vat, effects, &event->inbound.connection, MN_SESSION_WAITS);
    if (reply != NULL) {
        reply->waits.behind = behind;
    }
}

void inbound_copy(struct vat_parked *parked, const struct vat_event *event)
{
    parked->connection = event->inbound.connection;
    parked->message = *event->inbound.message;
    memset(parked->key, 0, sizeof parked->key);
    size_t size = strlen(event->inbound.key);
    size = size < MN_KEY_TEXT_LENGTH ? size : MN_KEY_TEXT_LENGTH;
    memcpy(parked->key, event->inbound.key, size);
}

static void inbound_park(const struct vat *vat, struct vat_session *session,
                         const struct vat_event *event, struct vat_effects *effects)
{
    if (session->parked == NULL) {
        session->parked = calloc(1, sizeof *session->parked);
    }
    if (session->parked == NULL) {
        effects->failed = true;
        return;
    }
    inbound_copy(session->parked, event);
    inbound_waits(vat, event, false, effects);
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
        inbound_park(vat, session, event, effects);
        link_ask(vat, now, session, effects);
        return false;
    }
    if (!vat->plain && strcmp(event->inbound.key, session->key) != 0) {
        inbound_wrong_key(vat, session, event, effects);
        return false;
    }
    if (round_missing(vat, message)) {
        inbound_park(vat, session, event, effects);
        return false;
    }
    return true;
}

/* What a Greet that is believed amounts to. */
enum greet { GREET_AGREED, GREET_HELD, GREET_BEHIND };

/* Compare what both know of what either sent; agrees with a peer that has forgotten and whose round
 * is applied here. */
static enum greet inbound_compare(struct vat *vat, struct vat_session *session,
                                  const struct mn_session *message, struct vat_effects *effects)
{
    uint64_t taken = message->greet.taken_of_you;
    uint32_t known = message->greet.known_of_you;
    session_agreed(vat, session, known);
    if (forgot_sent(vat, session, taken, message->greet.taken_epoch, known)) {
        forgot_sent_found(vat, session, message->run, message->greet.taken_epoch, effects);
        return GREET_BEHIND;
    }
    session->forgetful = false; /* a peer that has forgotten too remembers no more of this vat */
    forgot_anew(vat, session, taken, message->greet.taken_epoch, known, effects);
    if (message->incarnation > session->incarnation) {
        if (session->incarnation != 0 &&
            forgot_unclear(&message->greet.unsure, session->taken_epoch)) {
            /* The peer looks in what it keeps when it reads the answer, and greets again. */
            return GREET_HELD;
        }
        struct vat_numbers numbers = {.incarnation = message->incarnation,
                                      .fork = &message->greet.fork,
                                      .bases = &message->greet.bases,
                                      .gaps = &message->greet.gaps,
                                      .unsure = &message->greet.unsure,
                                      .oldest = message->greet.oldest,
                                      .durable = message->greet.durable,
                                      .taken_of_me = session_shared(session, taken, known)};
        session_agree(vat, session, &numbers, effects);
    } else {
        gaps_hear(session, &message->greet.gaps, session_shared(session, taken, known), effects);
    }
    if (message->greet.behind) {
        forgot_by_peer(vat, session, message->run, effects);
        return GREET_HELD;
    }
    if (known == vat->incarnation && message->greet.covered > session->taken) {
        forgot_taken_found(vat, session, message->run, message->greet.covered_epoch, effects);
        return GREET_HELD;
    }
    if (message->greet.oldest <= session->taken + 1) {
        return GREET_AGREED;
    }
    if (gap_excused(session, message->greet.oldest)) {
        gap_skip(vat, session, message->greet.oldest, message->greet.durable, effects);
        return GREET_AGREED;
    }
    forgot_taken_found(vat, session, message->run, message->greet.covered_epoch, effects);
    return GREET_HELD;
}

/* Answer a Greet with what this vat remembers of both directions. */
static void inbound_greeted(struct vat *vat, struct vat_session *session,
                            const struct vat_connection *connection, struct vat_effects *effects)
{
    struct mn_session *reply = effect_reply(vat, effects, connection, MN_SESSION_GREETED);
    if (reply == NULL) {
        return;
    }
    reply->greeted.taken = session->taken;
    reply->greeted.taken_epoch = session->taken_epoch;
    reply->greeted.covered = session_taken_at(session, vat->durable);
    reply->greeted.floor = session_taken_at(session, vat->floor);
    reply->greeted.next = session->next;
    reply->greeted.oldest = session_oldest(session);
    reply->greeted.bases = session_bases(session);
    reply->greeted.known_of_you = session->incarnation;
    reply->greeted.gaps = session_gaps(session);
    reply->greeted.durable = vat->durable;
    forgot_unsure(vat, session, &reply->greeted.unsure);
    reply->greeted.fork = vat->fork;
    session->marks_said_taken = reply->greeted.taken;
    session->marks_said_covered = reply->greeted.covered;
    session->marks_said_floor = reply->greeted.floor;
    session->marks_said_begun = 0;
}

void inbound_on_greet(struct vat *vat, mn_time now, const struct vat_event *event,
                      struct vat_effects *effects)
{
    const struct mn_session *message = event->inbound.message;
    struct vat_session *session = session_find(vat, &message->vat);
    if (!incarnation_valid(message)) {
        return;
    }
    if (session == NULL) {
        if (stranger_park(vat, now, event, effects)) {
            inbound_waits(vat, event, false, effects);
        }
        return;
    }
    if (!inbound_believed(vat, now, session, event, effects)) {
        return;
    }
    enum greet greet = inbound_compare(vat, session, message, effects);
    if (greet == GREET_BEHIND) {
        inbound_waits(vat, event, true, effects);
        return;
    }
    if (message->run > session->run) {
        session->run = message->run;
        session->changed = true;
    }
    if (greet == GREET_HELD) {
        /* The peer compares too, and holds what it would send. */
        session->greeted = false;
        inbound_greeted(vat, session, &event->inbound.connection, effects);
        return;
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
    inbound_greeted(vat, session, &session->in, effects);
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
