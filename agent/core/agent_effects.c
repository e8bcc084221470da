/* What one step asks of the shell. Everything an effect points to lies in the effects' arena. When
 * memory runs out that is noted once, and the rest of the step asks for nothing that matters: the
 * shell may carry out none of it (agent.h). */
#include <stdlib.h>
#include <string.h>

#include "agent_private.h"
#include "base/check.h"
#include "base/grow.h"

enum { EFFECT_COUNT_MAX = 1 << 24 };

void agent_effects_reset(struct agent_effects *effects)
{
    effects->count = 0;
    effects->result = MN_OK;
    mn_arena_clear(&effects->arena);
}

void agent_effects_deinit(struct agent_effects *effects)
{
    agent_effects_reset(effects);
    mn_arena_deinit(&effects->arena);
    free(effects->items);
    effects->items = NULL;
    effects->capacity = 0;
}

void agent_fail(struct agent *agent, mn_result result)
{
    if (agent->effects->result == MN_OK) {
        agent->effects->result = result;
    }
}

void *agent_take_unset(struct agent *agent, size_t count, size_t size)
{
    void *taken = mn_arena_take_array_unset(&agent->effects->arena, count, size);
    if (taken == NULL) {
        agent_fail(agent, MN_NO_MEMORY);
    }
    return taken;
}

void *agent_take(struct agent *agent, size_t count, size_t size)
{
    void *taken = agent_take_unset(agent, count, size);
    if (taken != NULL) {
        memset(taken, 0, count * size);
    }
    return taken;
}

struct agent_effect *agent_ask(struct agent *agent, enum agent_effect_kind kind)
{
    struct agent_effects *effects = agent->effects;
    mn_result result = mn_grow(&effects->items, &effects->capacity, effects->count + 1,
                               sizeof *effects->items, EFFECT_COUNT_MAX);
    if (result != MN_OK) {
        agent_fail(agent, result);
        return NULL;
    }
    struct agent_effect *effect = &effects->items[effects->count];
    memset(effect, 0, sizeof *effect);
    effect->kind = kind;
    effects->count += 1;
    return effect;
}

struct mn_up *agent_say_up(struct agent *agent, enum mn_up_kind kind)
{
    struct mn_up *up = agent_take(agent, 1, sizeof *up);
    struct agent_effect *effect = up != NULL ? agent_ask(agent, AGENT_DO_SEND_UP) : NULL;
    if (effect == NULL) {
        return NULL;
    }
    up->generation = agent->generation_safe;
    up->disk = agent->config.disk;
    up->before = agent->before;
    up->kind = kind;
    effect->up = up;
    return up;
}

struct mn_copies *agent_say_copies(struct agent *agent, uint32_t host, enum mn_copies_kind kind,
                                   const struct mn_name *vat)
{
    struct mn_copies *message = agent_take(agent, 1, sizeof *message);
    struct agent_effect *effect = message != NULL ? agent_ask(agent, AGENT_DO_SEND_COPIES) : NULL;
    if (effect == NULL) {
        return NULL;
    }
    message->generation = agent->generation_safe;
    message->kind = kind;
    message->vat = *vat;
    effect->copies.host = host;
    effect->copies.message = message;
    return message;
}

/* How much of a message to a vat is set: a life is much larger than what all others have. */
static size_t to_vat_size(enum mn_to_vat_kind kind)
{
    const struct mn_to_vat *message = NULL;
    _Static_assert(sizeof message->end <= sizeof message->address,
                   "an address is the next largest");
    return kind == MN_TO_VAT_LIFE ? sizeof *message
                                  : offsetof(struct mn_to_vat, address) + sizeof message->address;
}

struct mn_to_vat *agent_say_vat(struct agent *agent, const struct agent_connection *connection,
                                enum mn_to_vat_kind kind)
{
    struct mn_to_vat *message = agent_take_unset(agent, 1, sizeof *message);
    struct agent_effect *effect = message != NULL ? agent_ask(agent, AGENT_DO_SEND_VAT) : NULL;
    if (effect == NULL) {
        return NULL;
    }
    memset(message, 0, to_vat_size(kind));
    message->kind = kind;
    effect->vat.connection = *connection;
    effect->vat.message = message;
    return message;
}

void agent_ask_file(struct agent *agent, enum agent_effect_kind kind, const struct agent_vat *vat,
                    mn_epoch epoch, bool again)
{
    struct agent_effect *effect = agent_ask(agent, kind);
    if (effect != NULL) {
        effect->file.vat = vat->name;
        effect->file.epoch = epoch;
        effect->file.again = again;
    }
}

void agent_ask_process(struct agent *agent, enum agent_effect_kind kind,
                       const struct agent_vat *vat)
{
    struct agent_effect *effect = agent_ask(agent, kind);
    if (effect != NULL) {
        effect->process.vat = vat->name;
        effect->process.run = vat->start->run;
        effect->process.start = vat->start;
        effect->process.pid = vat->pid;
        effect->process.pid_started = vat->pid_started;
    }
}

static const char *note_text(struct agent *agent, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = agent_take(agent, size, 1);
    if (copy != NULL) {
        memcpy(copy, text, size);
    }
    return copy;
}

void agent_note(struct agent *agent, struct agent_note_facts facts)
{
    struct agent_note_facts *note = agent_take(agent, 1, sizeof *note);
    struct agent_effect *effect = note != NULL ? agent_ask(agent, AGENT_DO_NOTE) : NULL;
    if (effect == NULL) {
        return;
    }
    *note = facts;
    if (facts.text != NULL) {
        note->text = note_text(agent, facts.text);
    }
    effect->note = note;
}

void agent_note_vat(struct agent *agent, enum agent_note note, const struct agent_vat *vat,
                    const char *text)
{
    agent_note(agent, (struct agent_note_facts){
                          .note = note, .vat = vat->name, .run = vat->start->run, .text = text});
}

const char *agent_note_what(enum agent_note note)
{
    switch (note) {
#define NOTE_WHAT(name, level, what)                                                               \
    case AGENT_NOTE_##name:                                                                        \
        return what;
        AGENT_NOTES(NOTE_WHAT)
#undef NOTE_WHAT
    }
    return "note";
}

enum agent_level agent_note_level(enum agent_note note)
{
    switch (note) {
#define NOTE_LEVEL(name, level, what)                                                              \
    case AGENT_NOTE_##name:                                                                        \
        return AGENT_##level;
        AGENT_NOTES(NOTE_LEVEL)
#undef NOTE_LEVEL
    }
    return AGENT_INFO;
}
