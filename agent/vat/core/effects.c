/* The list of what a step asks for. Memory that runs out is noted once in the list, so that the
 * step's own code need not undo what it did: the process ends, and its checkpoints have the rest.
 */
#include "vat_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

enum { EFFECT_COUNT_MAX = 16 * 1024 * 1024 };

void vat_effects_clear(struct vat_effects *effects)
{
    effects->count = 0;
    mn_arena_clear(&effects->arena);
}

void vat_effects_deinit(struct vat_effects *effects)
{
    free(effects->items);
    mn_arena_deinit(&effects->arena);
    *effects = (struct vat_effects){0};
}

struct vat_effect *effect_add(struct vat_effects *effects, enum vat_effect_kind kind)
{
    if (mn_grow(&effects->items, &effects->capacity, effects->count + 1, sizeof(struct vat_effect),
                EFFECT_COUNT_MAX) != MN_OK) {
        effects->failed = true;
        return NULL;
    }
    struct vat_effect *effect = &effects->items[effects->count++];
    memset(effect, 0, sizeof *effect);
    effect->kind = kind;
    return effect;
}

void *effect_take(struct vat_effects *effects, size_t size)
{
    void *bytes = mn_arena_take(&effects->arena, size);
    if (bytes == NULL) {
        effects->failed = true;
    }
    return bytes;
}

struct mn_from_vat *effect_to_agent(const struct vat *vat, struct vat_effects *effects,
                                    enum mn_from_vat_kind kind)
{
    struct mn_from_vat *message = effect_take(effects, sizeof *message);
    if (message == NULL) {
        return NULL;
    }
    struct vat_effect *effect = effect_add(effects, VAT_EFFECT_TO_AGENT);
    if (effect == NULL) {
        return NULL;
    }
    message->run = vat->run;
    message->kind = kind;
    effect->to_agent = message;
    return message;
}

/* How much of a message to a peer is set: a greeting is much larger than what all others have. */
static size_t session_size(enum mn_session_kind kind)
{
    const struct mn_session *message = NULL;
    _Static_assert(sizeof message->marks <= sizeof message->data, "data is the next largest");
    return kind == MN_SESSION_GREET || kind == MN_SESSION_GREETED
               ? sizeof *message
               : offsetof(struct mn_session, data) + sizeof message->data;
}

static struct mn_session *effect_session(const struct vat *vat, struct vat_effects *effects,
                                         enum mn_session_kind kind)
{
    struct mn_session *message = mn_arena_take_unset(&effects->arena, sizeof *message);
    if (message == NULL) {
        effects->failed = true;
        return NULL;
    }
    memset(message, 0, session_size(kind));
    message->vat = vat->name;
    message->run = vat->run;
    message->incarnation = vat->incarnation;
    message->round = vat->round;
    message->kind = kind;
    return message;
}

struct mn_session *effect_to_peer(const struct vat *vat, struct vat_effects *effects,
                                  const struct vat_session *session, enum mn_session_kind kind)
{
    struct mn_session *message = effect_session(vat, effects, kind);
    struct vat_effect *effect = message == NULL ? NULL : effect_add(effects, VAT_EFFECT_TO_PEER);
    if (effect == NULL) {
        return NULL;
    }
    effect->peer = &session->peer;
    effect->to_peer = message;
    return message;
}

struct mn_session *effect_reply(const struct vat *vat, struct vat_effects *effects,
                                const struct vat_connection *connection, enum mn_session_kind kind)
{
    struct mn_session *message = effect_session(vat, effects, kind);
    struct vat_effect *effect = message == NULL ? NULL : effect_add(effects, VAT_EFFECT_REPLY);
    if (effect == NULL) {
        return NULL;
    }
    effect->reply.connection = *connection;
    effect->reply.message = message;
    return message;
}

struct vat_delivery *effect_deliver(struct vat_effects *effects, enum vat_delivery_kind kind,
                                    const struct mn_name *peer)
{
    struct vat_effect *effect = effect_add(effects, VAT_EFFECT_DELIVER);
    if (effect == NULL) {
        return NULL;
    }
    effect->deliver.kind = kind;
    effect->deliver.peer = peer;
    return &effect->deliver;
}

void effect_trouble(const struct vat *vat, struct vat_effects *effects, mn_result code,
                    const char *first, const struct mn_name *peer, const char *second)
{
    struct mn_from_vat *message = effect_to_agent(vat, effects, MN_FROM_VAT_TROUBLE);
    if (message == NULL) {
        return;
    }
    message->trouble.code = code;
    const char *parts[] = {first, peer == NULL ? "" : peer->text, second};
    size_t used = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t room = sizeof message->trouble.text - 1 - used;
        size_t size = strlen(parts[i]);
        size = size < room ? size : room;
        memcpy(message->trouble.text + used, parts[i], size);
        used += size;
    }
}
