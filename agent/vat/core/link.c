/* The outgoing side of a session: finding the peer, greeting it, sending what may leave, and
 * beginning again when nothing moves. Knows nothing of sockets: a message that gets lost anywhere
 * is noticed by what the peer says it has taken. */
#include "vat_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

static void link_move(struct vat_session *session, enum vat_link to)
{
    static const bool allowed[5][5] = {
        [VAT_LINK_IDLE] = {[VAT_LINK_ASKED] = true, [VAT_LINK_GREETING] = true},
        [VAT_LINK_ASKED] =
            {[VAT_LINK_IDLE] = true, [VAT_LINK_ASKED] = true, [VAT_LINK_GREETING] = true},
        [VAT_LINK_GREETING] = {true, true, true, true, true},
        [VAT_LINK_OPEN] = {[VAT_LINK_IDLE] = true,
                           [VAT_LINK_ASKED] = true,
                           [VAT_LINK_GREETING] = true,
                           [VAT_LINK_HELD] = true},
        [VAT_LINK_HELD] = {[VAT_LINK_IDLE] = true,
                           [VAT_LINK_ASKED] = true,
                           [VAT_LINK_GREETING] = true,
                           [VAT_LINK_HELD] = true},
    };
    mn_assert(allowed[session->link][to]);
    session->link = to;
}

void link_wake(struct vat *vat, struct vat_session *session, mn_time due)
{
    if (due < session->due) {
        due_set(vat, session, due);
    }
}

/* An open link is looked at again soon while something is under way, and now and then while the
 * peer has something kept for it: the word that it need not be may have been lost. The peer says it
 * with its checkpoints, so it is not asked for more often than these come. One that has nothing to
 * carry is tried now and then, so that a dead peer is noticed, and closed after a while. */
void link_due_open(struct vat *vat, mn_time now, struct vat_session *session)
{
    mn_time wait = 0;
    if (session->sent > session->acked || session->sent_begun > 0) {
        wait = patience_retry(vat, session);
    } else if (session->batch_count > 0) {
        wait = vat->connect > vat->interval ? vat->connect : vat->interval;
    } else {
        mn_time left = session->used_at + VAT_IDLE_MS * MN_MS - now;
        wait = VAT_IDLE_CONNECTS * vat->connect;
        wait = wait < left ? wait : left;
        wait = wait > vat->retry ? wait : vat->retry;
    }
    due_set(vat, session, now + wait);
}

void link_ask(struct vat *vat, mn_time now, struct vat_session *session,
              struct vat_effects *effects)
{
    if (session->asked != INT64_MIN && now - session->asked < vat->retry) {
        return;
    }
    struct mn_from_vat *message = effect_to_agent(vat, effects, MN_FROM_VAT_LOOKUP);
    if (message != NULL) {
        message->lookup.peer = session->peer;
        session->asked = now;
    }
}

void link_greet(struct vat *vat, mn_time now, struct vat_session *session,
                struct vat_effects *effects)
{
    if (session->link != VAT_LINK_GREETING) {
        link_move(session, VAT_LINK_GREETING);
        session->since = now;
    }
    due_set(vat, session, now + vat->retry);
    struct mn_session *message = effect_to_peer(vat, effects, session, MN_SESSION_GREET);
    if (message != NULL) {
        message->greet.next = session->next;
        message->greet.oldest = session_oldest(session);
        message->greet.taken_of_you = session->taken;
        message->greet.bases = session_bases(session);
        message->greet.known_of_you = session->incarnation;
        message->greet.gaps = session_gaps(session);
        message->greet.to = session->peer;
        message->greet.taken_epoch = session->taken_epoch;
        message->greet.covered = session->covered;
        message->greet.covered_epoch = session->covered_epoch;
        message->greet.durable = vat->durable;
        message->greet.behind = session->forgetful;
        forgot_unsure(vat, session, &message->greet.unsure);
        message->greet.fork = vat->fork;
    }
}

/* A connection to the address that is known, and the first Greet on it. */
static void link_connect(struct vat *vat, mn_time now, struct vat_session *session,
                         struct vat_effects *effects)
{
    mn_assert(session->endpoint != NULL);
    struct vat_effect *effect = effect_add(effects, VAT_EFFECT_CONNECT);
    if (effect == NULL) {
        return;
    }
    effect->peer = &session->peer;
    effect->connect.endpoint = session->endpoint;
    effect->connect.key = session->key;
    session->connected = true;
    session->answered = false;
    session->connected_at = now;
    if (session->link == VAT_LINK_ASKED) {
        /* The attempt goes on: how long the peer has been out of reach is not forgotten. */
        link_move(session, VAT_LINK_GREETING);
    }
    link_greet(vat, now, session, effects);
}

static void link_disconnect(struct vat_session *session, struct vat_effects *effects)
{
    if (!session->connected) {
        return;
    }
    struct vat_effect *effect = effect_add(effects, VAT_EFFECT_DISCONNECT);
    if (effect != NULL) {
        effect->peer = &session->peer;
        session->connected = false;
    }
}

/* Until there is something to send. */
static void link_close(struct vat *vat, struct vat_session *session, struct vat_effects *effects)
{
    link_disconnect(session, effects);
    if (session->link != VAT_LINK_IDLE) {
        link_move(session, VAT_LINK_IDLE);
    }
    due_set(vat, session, MN_TIME_NEVER);
}

/* Whether the link has carried nothing for so long that it is not worth keeping. */
static bool link_idle(const struct vat_session *session, mn_time now)
{
    return session->batch_count == 0 && !session->uncompared &&
           now - session->used_at >= VAT_IDLE_MS * MN_MS;
}

/* Connect if there is an address, otherwise wait for one. */
static void link_begin(struct vat *vat, mn_time now, struct vat_session *session,
                       struct vat_effects *effects)
{
    if (session->endpoint != NULL) {
        link_connect(vat, now, session, effects);
        return;
    }
    if (session->link == VAT_LINK_IDLE || session->link == VAT_LINK_OPEN) {
        session->since = now;
    }
    link_disconnect(session, effects);
    link_move(session, VAT_LINK_ASKED);
    link_ask(vat, now, session, effects);
    due_set(vat, session, now + vat->connect);
}

/* The application hears once that a peer cannot be reached; it says nothing about memory. */
static void link_note_unreachable(struct vat *vat, mn_time now, struct vat_session *session,
                                  struct vat_effects *effects)
{
    if (!session->unreachable && now - session->since >= vat->connect) {
        session->unreachable = true;
        (void)effect_deliver(effects, VAT_PEER_UNREACHABLE, &session->peer);
    }
}

/* Nothing has come back yet. Perhaps the peer has moved; and once it would have answered, if what
 * waits in this connection had arrived, that has waited in vain. */
static void link_await(struct vat *vat, mn_time now, struct vat_session *session,
                       struct vat_effects *effects)
{
    mn_time begun = session->connected_at > session->since ? session->connected_at : session->since;
    mn_time patience = patience_of(vat, session);
    bool asked = session->asked != INT64_MIN && now - session->asked < vat->connect;
    if (now - begun >= vat->connect && !asked) {
        link_ask(vat, now, session, effects);
    }
    if (now - begun >= patience) {
        patience_grow(vat, session);
        link_begin(vat, now, session, effects);
    } else {
        link_greet(vat, now, session, effects);
    }
}

void link_tick(struct vat *vat, mn_time now, struct vat_session *session,
               struct vat_effects *effects)
{
    due_set(vat, session, MN_TIME_NEVER);
    if (session->link == VAT_LINK_ASKED || session->link == VAT_LINK_GREETING) {
        session_withdraw(vat, now, session, effects);
    }
    if (session->link != VAT_LINK_HELD && link_idle(session, now)) {
        link_close(vat, session, effects);
        session_shrink(session);
        return;
    }
    switch (session->link) {
    case VAT_LINK_IDLE:
        if (session->batch_count > 0 || session->uncompared) {
            link_begin(vat, now, session, effects);
        }
        break;
    case VAT_LINK_ASKED:
        link_note_unreachable(vat, now, session, effects);
        link_begin(vat, now, session, effects);
        break;
    case VAT_LINK_GREETING:
        link_note_unreachable(vat, now, session, effects);
        link_await(vat, now, session, effects);
        break;
    case VAT_LINK_OPEN:
    case VAT_LINK_HELD:
        link_greet(vat, now, session, effects);
        break;
    }
}

static const char *session_endpoint(const struct vat_session *session)
{
    return session->endpoint == NULL ? "" : session->endpoint;
}

/* The peer is at @endpoint now, or nowhere. False when memory ran out. */
static bool session_move(struct vat_session *session, const char *endpoint)
{
    size_t size = strlen(endpoint) + 1;
    char *copy = size == 1 ? NULL : malloc(size);
    if (size > 1 && copy == NULL) {
        return false;
    }
    if (copy != NULL) {
        memcpy(copy, endpoint, size);
    }
    free(session->endpoint);
    session->endpoint = copy;
    return true;
}

void link_on_address(struct vat *vat, mn_time now, const struct mn_to_vat *message,
                     struct vat_effects *effects)
{
    struct vat_session *session = session_find(vat, &message->address.peer);
    struct vat_parked *parked = NULL;
    if (session == NULL) {
        session = stranger_admit(vat, message, &parked, effects);
    }
    if (session == NULL || message->address.run < session->address_run) {
        return;
    }
    if (parked != NULL) {
        session->parked = parked;
    }
    bool same = message->address.run == session->address_run &&
                strcmp(message->address.endpoint.text, session_endpoint(session)) == 0 &&
                strcmp(message->address.key, session->key) == 0;
    session->address_run = message->address.run;
    session->address_incarnation = message->address.incarnation;
    if (!same && !session_move(session, message->address.endpoint.text)) {
        effects->failed = true;
        return;
    }
    session->patience = same ? session->patience : 0; /* the way to it is another one */
    memcpy(session->key, message->address.key, sizeof session->key);
    if (session->address_run > session->run) {
        session->run = session->address_run;
        session->changed = true;
    }
    if (session->in_run < session->run) {
        session->greeted = false;
    }
    if (session->incarnation != 0 && session->address_incarnation > session->incarnation) {
        /* It has forgotten: there may be a gap to hear of, with nothing to send. */
        session->uncompared = true;
    }
    bool addressed = session->endpoint != NULL;
    bool idle = session->batch_count == 0 && !session->unreachable && !session->uncompared;
    if (idle && !same && (addressed || session->link == VAT_LINK_IDLE)) {
        /* Nothing to send: the next message begins anew. One that ran, and now runs nowhere, is
         * looked for, until it is back or called unreachable. */
        link_close(vat, session, effects);
    } else if (!same || (session->link == VAT_LINK_ASKED && addressed)) {
        link_begin(vat, now, session, effects);
    }
    inbound_unpark(vat, now, session, effects);
}

/* The two do not agree: nothing is sent and nothing destroyed until somebody who knows more has
 * spoken. */
static void link_hold(struct vat *vat, mn_time now, struct vat_session *session)
{
    link_move(session, VAT_LINK_HELD);
    due_set(vat, session, now + vat->connect);
}

/* What a peer says of what this vat sent: codecs see to it that none is above the one before. */
struct vat_marks {
    uint64_t taken;
    uint64_t covered;
    uint64_t floor;
    uint32_t begun;
    mn_epoch durable;
};

/* What a Greeted says, as far as the two share it: a peer that has not agreed with this incarnation
 * may speak of numbers that are not given yet, or that will be given anew. */
static struct vat_marks greeted_marks(const struct vat_session *session,
                                      const struct mn_session *message)
{
    uint64_t taken = session_shared(session, message->greeted.taken, message->greeted.known_of_you);
    uint64_t covered = message->greeted.covered;
    uint64_t floor = message->greeted.floor;
    return (struct vat_marks){.taken = taken,
                              .covered = covered < taken ? covered : taken,
                              .floor = floor < taken ? floor : taken,
                              .durable = message->greeted.durable};
}

/* Note what the peer says it has taken, and let go of what it will never need again. */
static void link_note_taken(struct vat *vat, mn_time now, struct vat_session *session,
                            const struct vat_marks *marks, struct vat_effects *effects)
{
    uint64_t taken = marks->taken;
    bool moved = taken > session->acked;
    bool named = session->covered != marks->covered || session->covered_epoch != 0;
    if (session->covered < marks->covered || !named) {
        session->covered = marks->covered;
        session->covered_epoch = marks->durable;
    }
    if (moved) {
        session->acked = taken;
        session->acked_begun = 0;
    }
    if (session->sent < taken) {
        session->sent = taken;
        session->sent_begun = 0;
    }
    /* Of a message that has gone in whole, or in part, since then. */
    if (taken == session->acked && marks->begun > session->acked_begun &&
        (session->sent > taken || marks->begun <= session->sent_begun)) {
        session->acked_begun = marks->begun;
        moved = true;
    }
    if (session_release(vat, session, marks->floor) != MN_OK) {
        effects->failed = true;
    }
    if (moved || session->sent == session->acked) {
        link_due_open(vat, now, session);
    }
}

static void link_on_greeted(struct vat *vat, mn_time now, struct vat_session *session,
                            const struct mn_session *message, struct vat_effects *effects)
{
    bool newer = message->incarnation > session->incarnation;
    if (newer && session->incarnation != 0 && round_missing(vat, message)) {
        link_hold(vat, now, session);
        return;
    }
    session_agreed(vat, session, message->greeted.known_of_you);
    if (forgot_sent(vat, session, message->greeted.taken, message->greeted.taken_epoch,
                    message->greeted.known_of_you)) {
        link_hold(vat, now, session);
        forgot_sent_found(vat, session, message->run, message->greeted.taken_epoch, effects);
        return;
    }
    session->forgetful = false;
    forgot_anew(vat, session, message->greeted.taken, message->greeted.taken_epoch,
                message->greeted.known_of_you, effects);
    if (newer) {
        struct vat_numbers numbers = {.incarnation = message->incarnation,
                                      .fork = &message->greeted.fork,
                                      .bases = &message->greeted.bases,
                                      .gaps = &message->greeted.gaps,
                                      .unsure = &message->greeted.unsure,
                                      .oldest = message->greeted.oldest,
                                      .durable = message->greeted.durable,
                                      .taken_of_me = session_shared(session, message->greeted.taken,
                                                                    message->greeted.known_of_you)};
        session_agree(vat, session, &numbers, effects);
    }
    struct vat_marks marks = greeted_marks(session, message);
    gaps_hear(session, &message->greeted.gaps, marks.taken, effects);
    if (marks.taken < session->covered || marks.taken + 1 < session_oldest(session)) {
        link_hold(vat, now, session);
        forgot_by_peer(vat, session, message->run, effects);
        return;
    }
    link_move(session, VAT_LINK_OPEN);
    forgot_nothing(vat, session, marks.taken, effects);
    session->acked = marks.taken;
    session->sent = marks.taken;
    session->acked_begun = 0;
    session->sent_begun = 0;
    link_note_taken(vat, now, session, &marks, effects);
    link_due_open(vat, now, session);
    link_pump(vat, now, session, effects);
}

/* Nobody has taken what has not left this vat: who says so is not believed, and nothing is let go
 * of on its word. */
static void link_on_marks(struct vat *vat, mn_time now, struct vat_session *session,
                          struct vat_marks marks, struct vat_effects *effects)
{
    if (session->link == VAT_LINK_OPEN && marks.taken < session_unsent(vat, session)) {
        link_note_taken(vat, now, session, &marks, effects);
        link_pump(vat, now, session, effects);
    }
}

/* Whether it is not a former life that answers. One that is fenced may go on taking, and writing
 * checkpoints: what was let go of on its word, the run that takes its place would never get. */
static bool link_answer_believed(const struct vat *vat, const struct vat_session *session,
                                 const struct mn_session *message)
{
    const struct vat_fence *fence = round_fence(vat, &session->peer);
    return message->run >= session->run && (fence == NULL || message->run > fence->run) &&
           message->incarnation >= session_incarnation_min(session) && incarnation_valid(message);
}

/* The peer has the greeting, and has to wait before it answers it: it is there. */
static void link_on_waits(struct vat *vat, mn_time now, struct vat_session *session,
                          const struct mn_session *message, struct vat_effects *effects)
{
    if (session->link != VAT_LINK_GREETING) {
        return;
    }
    session->since = now;
    session->connected_at = now;
    if (message->waits.behind) {
        link_hold(vat, now, session);
        forgot_by_peer(vat, session, message->run, effects);
    }
}

void link_on_answer(struct vat *vat, mn_time now, const struct vat_event *event,
                    struct vat_effects *effects)
{
    const struct mn_session *message = event->answer.message;
    struct vat_session *session = session_find(vat, &event->answer.peer);
    if (session == NULL || !session->connected || !mn_name_equal(&message->vat, &session->peer) ||
        !link_answer_believed(vat, session, message)) {
        return;
    }
    if (message->run > session->address_run) {
        link_ask(vat, now, session, effects);
        return;
    }
    patience_learn(session, now);
    if (session->unreachable) {
        session->unreachable = false;
        (void)effect_deliver(effects, VAT_PEER_BACK, &session->peer);
    }
    switch (message->kind) {
    case MN_SESSION_GREETED:
        if (session->link == VAT_LINK_GREETING) {
            link_on_greeted(vat, now, session, message, effects);
        } else {
            link_on_marks(vat, now, session, greeted_marks(session, message), effects);
        }
        break;
    case MN_SESSION_MARKS:
        link_on_marks(vat, now, session,
                      (struct vat_marks){.taken = message->marks.taken,
                                         .covered = message->marks.covered,
                                         .floor = message->marks.floor,
                                         .begun = message->marks.begun,
                                         .durable = message->marks.durable},
                      effects);
        break;
    case MN_SESSION_WHO:
        if (session->link == VAT_LINK_OPEN) {
            link_greet(vat, now, session, effects);
        }
        break;
    case MN_SESSION_REFUSED:
        if (session->link == VAT_LINK_GREETING || session->link == VAT_LINK_OPEN) {
            link_hold(vat, now, session);
            link_ask(vat, now, session, effects);
        }
        break;
    case MN_SESSION_WAITS:
        link_on_waits(vat, now, session, message, effects);
        break;
    case MN_SESSION_GREET:
    case MN_SESSION_DATA:
    case MN_SESSION_SKIP:
        break; /* These go the other way. */
    }
}
