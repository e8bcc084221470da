/* Messages in and out: what comes is put into the inbox, in order, and handed to the core one by
 * one when the application's turn is over; what goes out is encoded and sent, and what cannot be
 * sent is dropped, because the core notices when nothing moves. */
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "mneme_private.h"

_Static_assert(sizeof(struct vat_connection) == sizeof(struct mn_peer),
               "a connection is what the network calls a peer");

/* ---- in ---- */

static void inbox_shrink(struct mneme *vat, size_t size)
{
    vat->inbox_size -= size;
    if (vat->router != NULL && vat->inbox_size < MNEME_INBOX_SIZE_MAX) {
        mn_socket_pause(vat->router, false);
    }
}

static void frame_destroy(struct mneme_frame **frame)
{
    if (*frame != NULL) {
        mn_taken_deinit(&(*frame)->message);
        free(*frame);
        *frame = NULL;
    }
}

static void inbox_add(struct mneme *vat, enum vat_event_kind kind, const struct mn_name *peer,
                      const struct mn_message *message)
{
    struct mneme_frame *frame = calloc(1, sizeof *frame);
    if (frame == NULL) {
        if (kind == VAT_EVENT_INBOUND) {
            inbox_shrink(vat, message->frame_size + message->second_size);
        }
        return; /* As if it had been lost on the way: it will be said again. */
    }
    frame->kind = kind;
    if (peer != NULL) {
        frame->peer = *peer;
    }
    frame->connection.size = message->peer.size;
    memcpy(frame->connection.bytes, message->peer.bytes, sizeof frame->connection.bytes);
    size_t key_size = strlen(message->key);
    memcpy(frame->key, message->key, key_size < MN_KEY_TEXT_LENGTH ? key_size : MN_KEY_TEXT_LENGTH);
    mn_message_take(message, &frame->message);
    *vat->last = frame;
    vat->last = &frame->next;
}

void mneme_on_agent(void *context, struct mn_socket *socket, const struct mn_message *message)
{
    (void)socket;
    inbox_add(context, VAT_EVENT_AGENT, NULL, message);
}

void mneme_on_inbound(void *context, struct mn_socket *socket, const struct mn_message *message)
{
    struct mneme *vat = context;
    vat->inbox_size += message->frame_size + message->second_size;
    if (vat->inbox_size >= MNEME_INBOX_SIZE_MAX) {
        mn_socket_pause(socket, true);
    }
    inbox_add(vat, VAT_EVENT_INBOUND, NULL, message);
}

static void on_answer(void *context, struct mn_socket *socket, const struct mn_message *message)
{
    (void)socket;
    struct mneme_peer *peer = context;
    inbox_add(peer->vat, VAT_EVENT_ANSWER, &peer->name, message);
}

void mneme_inbox_clear(struct mneme *vat)
{
    frame_destroy(&vat->present);
    while (vat->first != NULL) {
        struct mneme_frame *next = vat->first->next;
        frame_destroy(&vat->first);
        vat->first = next;
    }
    vat->last = &vat->first;
    vat->inbox_size = 0;
}

static void feed_agent(struct mneme *vat, const struct mneme_frame *frame)
{
    struct mn_to_vat message;
    if (mn_to_vat_decode(frame->message.frame, frame->message.frame_size, &vat->frame_arena,
                         &message) != MN_OK) {
        return;
    }
    if (vat->core == NULL) {
        /* The frame's arena lives as long as the life does: nothing is fed before it is known. */
        if (message.kind == MN_TO_VAT_LIFE && !vat->has_life) {
            vat->life = message.life;
            vat->has_life = true;
            vat->life_arena = vat->frame_arena;
            vat->frame_arena = (struct mn_arena){0};
        } else if (message.kind == MN_TO_VAT_END) { /* it has no life for this process */
            vat->ended = true;
            memcpy(vat->end_reason, message.end.reason, sizeof vat->end_reason);
        }
        return;
    }
    if (message.kind == MN_TO_VAT_LEASE) {
        message.lease.until = mn_time_from_boot(message.lease.until);
    }
    struct vat_event event = {.kind = VAT_EVENT_AGENT, .agent = &message};
    mneme_step(vat, &event);
}

static void feed_session(struct mneme *vat, const struct mneme_frame *frame)
{
    struct mn_session message;
    const struct mn_taken *taken = &frame->message;
    if (vat->core == NULL ||
        mn_session_decode(taken->frame, taken->frame_size, taken->second, taken->second_size,
                          &vat->frame_arena, &message) != MN_OK) {
        return;
    }
    struct vat_event event = {.kind = frame->kind};
    if (frame->kind == VAT_EVENT_INBOUND) {
        event.inbound.connection = frame->connection;
        event.inbound.key = frame->key;
        event.inbound.message = &message;
    } else {
        event.answer.peer = frame->peer;
        event.answer.message = &message;
    }
    mneme_step(vat, &event);
}

bool mneme_feed(struct mneme *vat)
{
    struct mneme_frame *frame = vat->first;
    if (frame == NULL) {
        return false;
    }
    vat->first = frame->next;
    if (vat->first == NULL) {
        vat->last = &vat->first;
    }
    if (frame->kind == VAT_EVENT_INBOUND) {
        inbox_shrink(vat, frame->message.frame_size + frame->message.second_size);
    }
    /* What the application is handed points into the frame, so it stays until the next one. */
    frame_destroy(&vat->present);
    vat->present = frame;
    mn_arena_deinit(&vat->frame_arena);
    if (frame->kind == VAT_EVENT_AGENT) {
        feed_agent(vat, frame);
    } else {
        feed_session(vat, frame);
    }
    return true;
}

/* ---- out ---- */

mn_result mneme_tell_agent(struct mneme *vat, const struct mn_from_vat *message)
{
    vat->out.size = 0;
    mn_result result = mn_from_vat_encode(message, &vat->out);
    if (result == MN_OK) {
        result = mn_send(vat->agent, NULL, vat->out.bytes, vat->out.size, NULL, 0);
    }
    return result;
}

/* The place of @name among the peers, or where it would be. */
static size_t peer_place(const struct mneme *vat, const struct mn_name *name, bool *found)
{
    size_t low = 0;
    size_t high = vat->peer_count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = mn_name_compare(&vat->peers[middle]->name, name);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct mneme_peer *peer_get(struct mneme *vat, const struct mn_name *name)
{
    bool found = false;
    size_t at = peer_place(vat, name, &found);
    if (found) {
        return vat->peers[at];
    }
    struct mneme_peer *peer = calloc(1, sizeof *peer);
    if (peer == NULL || mn_grow(&vat->peers, &vat->peer_capacity, vat->peer_count + 1,
                                sizeof(struct mneme_peer *), VAT_SESSION_COUNT_MAX) != MN_OK) {
        free(peer);
        return NULL;
    }
    peer->vat = vat;
    peer->name = *name;
    memmove(&vat->peers[at + 1], &vat->peers[at],
            (vat->peer_count - at) * sizeof(struct mneme_peer *));
    vat->peers[at] = peer;
    vat->peer_count += 1;
    return peer;
}

void mneme_disconnect(struct mneme *vat, const struct mn_name *name)
{
    bool found = false;
    size_t at = peer_place(vat, name, &found);
    if (found) {
        mn_socket_close(vat->net, &vat->peers[at]->socket);
        free(vat->peers[at]);
        vat->peer_count -= 1;
        memmove(&vat->peers[at], &vat->peers[at + 1],
                (vat->peer_count - at) * sizeof(struct mneme_peer *));
    }
}

void mneme_connect(struct mneme *vat, const struct vat_effect *effect)
{
    mneme_disconnect(vat, effect->peer);
    struct mneme_peer *peer = peer_get(vat, effect->peer);
    if (peer == NULL) {
        return; /* The core tries again. */
    }
    struct mn_error error = {.text = ""};
    mn_result result =
        mn_dealer_connect(vat->net, effect->connect.endpoint, effect->connect.key, false,
                          MNEME_RECONNECT_MS_MAX, on_answer, peer, &peer->socket, &error);
    if (result != MN_OK) {
        mneme_say(vat, error.text);
    }
}

void mneme_send_to_peer(struct mneme *vat, const struct vat_effect *effect)
{
    const struct mn_session *message = effect->to_peer;
    bool found = false;
    size_t at = peer_place(vat, effect->peer, &found);
    if (!found || vat->peers[at]->socket == NULL) {
        return;
    }
    vat->out.size = 0;
    if (mn_session_encode(message, &vat->out) != MN_OK) {
        return;
    }
    struct mn_socket *socket = vat->peers[at]->socket;
    mn_result result = effect->chunk == NULL
                           ? mn_send(socket, NULL, vat->out.bytes, vat->out.size, NULL, 0)
                           : mn_send_chunk(socket, vat->out.bytes, vat->out.size, effect->chunk,
                                           (size_t)(message->data.payload - effect->chunk->bytes),
                                           message->data.payload_size);
    if (result != MN_OK) {
        return; /* The core sends again what the peer has not taken. */
    }
}

void mneme_reply(struct mneme *vat, const struct vat_connection *connection,
                 const struct mn_session *message)
{
    struct mn_peer peer = {.size = connection->size};
    memcpy(peer.bytes, connection->bytes, sizeof peer.bytes);
    vat->out.size = 0;
    if (mn_session_encode(message, &vat->out) != MN_OK ||
        mn_send(vat->router, &peer, vat->out.bytes, vat->out.size, NULL, 0) != MN_OK) {
        return; /* The peer asks again. */
    }
}

void mneme_peers_close(struct mneme *vat)
{
    for (size_t i = 0; i < vat->peer_count; i++) {
        if (vat->net != NULL) {
            mn_socket_close(vat->net, &vat->peers[i]->socket);
        }
        free(vat->peers[i]);
    }
    free(vat->peers);
    vat->peers = NULL;
    vat->peer_count = 0;
    vat->peer_capacity = 0;
}
