/* What one step of keeping asks of the shell; as in coordinator_effects.c. */
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "keeping_private.h"

void keeping_effects_reset(struct keeping_effects *effects)
{
    effects->count = 0;
    effects->result = MN_OK;
    mn_arena_clear(&effects->arena);
}

void keeping_effects_deinit(struct keeping_effects *effects)
{
    keeping_effects_reset(effects);
    mn_arena_deinit(&effects->arena);
    free(effects->items);
    effects->items = NULL;
    effects->capacity = 0;
}

void keeping_fail(struct keeping *keeping, mn_result result)
{
    if (keeping->effects->result == MN_OK) {
        keeping->effects->result = result;
    }
}

void *keeping_take(struct keeping *keeping, size_t count, size_t size)
{
    void *taken = mn_arena_take_array(&keeping->effects->arena, count, size);
    if (taken == NULL) {
        keeping_fail(keeping, MN_NO_MEMORY);
    }
    return taken;
}

struct keeping_effect *keeping_ask(struct keeping *keeping, enum keeping_effect_kind kind)
{
    struct keeping_effects *effects = keeping->effects;
    mn_result result = mn_grow(&effects->items, &effects->capacity, effects->count + 1,
                               sizeof *effects->items, KEEPING_EFFECT_COUNT_MAX);
    if (result != MN_OK) {
        keeping_fail(keeping, result);
        return NULL;
    }
    struct keeping_effect *effect = &effects->items[effects->count];
    memset(effect, 0, sizeof *effect);
    effect->kind = kind;
    effects->count += 1;
    return effect;
}

struct mn_down *keeping_say(struct keeping *keeping, enum keeping_effect_kind kind, uint32_t host,
                            enum mn_down_kind what)
{
    if (host == TOPOLOGY_NONE) {
        return NULL;
    }
    struct mn_down *down = keeping_take(keeping, 1, sizeof *down);
    struct keeping_effect *effect = down != NULL ? keeping_ask(keeping, kind) : NULL;
    if (effect == NULL) {
        return NULL;
    }
    down->generation = keeping->generation;
    down->kind = what;
    effect->send.host = host;
    effect->send.message = down;
    return down;
}

void keeping_note(struct keeping *keeping, struct keeping_note_facts facts)
{
    struct keeping_effect *effect = keeping_ask(keeping, KEEPING_DO_NOTE);
    if (effect == NULL) {
        return;
    }
    if (facts.text != NULL) {
        size_t size = strlen(facts.text) + 1;
        char *text = keeping_take(keeping, size, 1);
        if (text == NULL) {
            return;
        }
        memcpy(text, facts.text, size);
        facts.text = text;
    }
    effect->note = facts;
}

const char *keeping_note_what(enum keeping_note note)
{
    switch (note) {
#define NOTE_WHAT(name, level, what)                                                               \
    case KEEPING_NOTE_##name:                                                                      \
        return what;
        KEEPING_NOTES(NOTE_WHAT)
#undef NOTE_WHAT
    }
    return "note";
}

enum keeping_level keeping_note_level(enum keeping_note note)
{
    switch (note) {
#define NOTE_LEVEL(name, level, what)                                                              \
    case KEEPING_NOTE_##name:                                                                      \
        return KEEPING_##level;
        KEEPING_NOTES(NOTE_LEVEL)
#undef NOTE_LEVEL
    }
    return KEEPING_INFO;
}
