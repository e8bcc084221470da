/* What one step asks of the shell. Everything an effect points to lies in the effects' arena or in
 * a round's memory. When memory runs out that is noted once, and the rest of the step asks for
 * nothing that matters: the shell may carry out none of it (coordinator.h). */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/grow.h"
#include "coordinator_private.h"

enum { EFFECT_COUNT_MAX = 1 << 24 };

void coordinator_effects_reset(struct coordinator_effects *effects)
{
    effects->count = 0;
    effects->result = MN_OK;
    effects->error.text[0] = '\0';
    mn_buffer_deinit(&effects->evidence);
    mn_arena_clear(&effects->arena);
}

void coordinator_effects_deinit(struct coordinator_effects *effects)
{
    coordinator_effects_reset(effects);
    mn_arena_deinit(&effects->arena);
    free(effects->items);
    effects->items = NULL;
    effects->capacity = 0;
}

void coordinator_fail(struct coordinator *coordinator, mn_result result)
{
    if (coordinator->effects->result == MN_OK) {
        coordinator->effects->result = result;
    }
}

bool coordinator_fine(struct coordinator *coordinator, mn_result result)
{
    if (result != MN_OK) {
        coordinator_fail(coordinator, result);
    }
    return result == MN_OK;
}

void *coordinator_take(struct coordinator *coordinator, size_t count, size_t size)
{
    void *taken = mn_arena_take_array(&coordinator->effects->arena, count, size);
    if (taken == NULL) {
        coordinator_fail(coordinator, MN_NO_MEMORY);
    }
    return taken;
}

static struct coordinator_effect *effects_add(struct coordinator *coordinator,
                                              enum coordinator_effect_kind kind)
{
    struct coordinator_effects *effects = coordinator->effects;
    mn_result result = mn_grow(&effects->items, &effects->capacity, effects->count + 1,
                               sizeof *effects->items, EFFECT_COUNT_MAX);
    if (!coordinator_fine(coordinator, result)) {
        return NULL;
    }
    struct coordinator_effect *effect = &effects->items[effects->count];
    memset(effect, 0, sizeof *effect);
    effect->kind = kind;
    effects->count += 1;
    return effect;
}

void coordinator_tell(struct coordinator *coordinator, struct coordinator_note_facts facts)
{
    struct coordinator_note_facts *note = coordinator_take(coordinator, 1, sizeof *note);
    struct coordinator_effect *effect =
        note != NULL ? effects_add(coordinator, COORDINATOR_DO_NOTE) : NULL;
    if (effect == NULL) {
        return;
    }
    *note = facts;
    if (facts.text != NULL) {
        size_t size = strlen(facts.text) + 1;
        char *text = coordinator_take(coordinator, size, 1);
        if (text == NULL) {
            return;
        }
        memcpy(text, facts.text, size);
        note->text = text;
    }
    effect->note = note;
}

struct mn_down *coordinator_say(struct coordinator *coordinator, uint32_t host,
                                enum mn_down_kind kind)
{
    mn_assert(coordinator->in_force);
    struct mn_down *down = coordinator_take(coordinator, 1, sizeof *down);
    if (coordinator->behind) {
        return down; /* written for nobody */
    }
    struct coordinator_effect *effect =
        down != NULL ? effects_add(coordinator, COORDINATOR_DO_SEND) : NULL;
    if (effect == NULL) {
        return NULL;
    }
    down->generation = coordinator->generation;
    down->head = coordinator->head;
    down->kind = kind;
    effect->send.host = host;
    effect->send.message = down;
    return down;
}

void coordinator_say_too(struct coordinator *coordinator, uint32_t host, const struct mn_down *down)
{
    struct coordinator_effect *effect =
        coordinator->behind ? NULL : effects_add(coordinator, COORDINATOR_DO_SEND);
    if (effect != NULL) {
        effect->send.host = host;
        effect->send.message = down;
    }
}

void coordinator_hand_piece(struct coordinator *coordinator, bool first)
{
    struct coordinator_effect *effect = effects_add(coordinator, COORDINATOR_DO_EVIDENCE);
    if (effect != NULL) {
        effect->evidence.first = first;
        effect->evidence.piece = &coordinator->effects->evidence;
    }
}

void coordinator_drop_pieces(struct coordinator *coordinator)
{
    (void)effects_add(coordinator, COORDINATOR_DO_EVIDENCE);
}

void coordinator_record(struct coordinator *coordinator, const struct mn_journal_record *record,
                        struct pending pending)
{
    mn_result result = mn_grow(&coordinator->pendings, &coordinator->pending_capacity,
                               coordinator->pending_count + 1, sizeof *coordinator->pendings,
                               COORDINATOR_PENDING_COUNT_MAX);
    struct coordinator_effect *effect = coordinator_fine(coordinator, result)
                                            ? effects_add(coordinator, COORDINATOR_DO_RECORD)
                                            : NULL;
    if (effect == NULL) {
        return;
    }
    coordinator->sequence += 1;
    effect->record.sequence = coordinator->sequence;
    effect->record.generation = coordinator->generation;
    effect->record.record = record;
    effect->record.evidence = record->kind == MN_JOURNAL_DECISION;
    pending.sequence = coordinator->sequence;
    coordinator->pendings[coordinator->pending_count++] = pending;
}

mn_time coordinator_heartbeat(const struct coordinator *coordinator)
{
    return coordinator->topology->timing.heartbeat_ms * MN_MS;
}

const char *coordinator_host_name(const struct coordinator *coordinator, uint32_t host)
{
    return coordinator->topology->hosts[host].name;
}

const char *coordinator_vat_name(const struct coordinator *coordinator, uint32_t vat)
{
    return coordinator->topology->vats[vat].name;
}

struct mn_name coordinator_host_id(const struct coordinator *coordinator, uint32_t host)
{
    return mn_name_of(coordinator_host_name(coordinator, host));
}

struct mn_name coordinator_vat_id(const struct coordinator *coordinator, uint32_t vat)
{
    return mn_name_of(coordinator_vat_name(coordinator, vat));
}

uint32_t coordinator_find_vat(const struct coordinator *coordinator, const struct mn_name *name)
{
    return topology_find_vat(coordinator->topology, name->text);
}

void coordinator_lineage_add(struct mn_lineage *lineage, const struct mn_fork *fork)
{
    while (lineage->count > 0) {
        const struct mn_fork *last = &lineage->forks[lineage->count - 1];
        if (last->after < fork->after || (last->seen && !fork->seen)) {
            break;
        }
        lineage->count -= 1; /* all that died at it died again */
    }
    if (lineage->count == MN_LINEAGE_COUNT_MAX) {
        lineage->count -= 1;
        memmove(lineage->forks, lineage->forks + 1, lineage->count * sizeof *lineage->forks);
    }
    lineage->forks[lineage->count++] = *fork;
}

void coordinator_lineage(const struct coordinator *coordinator, uint32_t vat,
                         struct mn_lineage *lineage)
{
    size_t count = 0;
    const struct evidence_lineage *all = ledger_vat_lineage(coordinator->ledger, vat, &count);
    lineage->count = 0;
    for (size_t i = 0; i < count; i++) {
        if (all[i].next < mn_epoch_first(1)) {
            continue; /* vats_learn.c: it stands for one that nobody names */
        }
        struct mn_fork fork = {.after = all[i].after,
                               .next = all[i].next,
                               .seen = all[i].seen,
                               .told = all[i].told,
                               .round = all[i].round};
        coordinator_lineage_add(lineage, &fork);
    }
}

void coordinator_refuse(struct coordinator *coordinator, uint32_t host, const char *text)
{
    coordinator_refuse_row(coordinator, host, TOPOLOGY_NONE, 0, text);
}

void coordinator_refuse_row(struct coordinator *coordinator, uint32_t host, uint32_t vat,
                            mn_epoch epoch, const char *text)
{
    coordinator->hosts[host].refused += 1;
    coordinator_tell(
        coordinator,
        (struct coordinator_note_facts){
            .note = COORDINATOR_NOTE_REFUSED,
            .host = coordinator_host_name(coordinator, host),
            .vat = vat != TOPOLOGY_NONE ? coordinator_vat_name(coordinator, vat) : NULL,
            .epoch = epoch,
            .number = coordinator->hosts[host].refused,
            .text = text});
}

void coordinator_answer(struct coordinator *coordinator, uint64_t ticket, mn_result code,
                        const char *text)
{
    struct coordinator_effect *effect = effects_add(coordinator, COORDINATOR_DO_ANSWER);
    if (effect != NULL) {
        effect->answer.ticket = ticket;
        effect->answer.code = code;
        effect->answer.text = text;
    }
}

const char *coordinator_note_what(enum coordinator_note note)
{
    switch (note) {
#define NOTE_WHAT(name, level, what)                                                               \
    case COORDINATOR_NOTE_##name:                                                                  \
        return what;
        COORDINATOR_NOTES(NOTE_WHAT)
#undef NOTE_WHAT
    }
    return "note";
}

enum coordinator_level coordinator_note_level(enum coordinator_note note)
{
    switch (note) {
#define NOTE_LEVEL(name, level, what)                                                              \
    case COORDINATOR_NOTE_##name:                                                                  \
        return COORDINATOR_##level;
        COORDINATOR_NOTES(NOTE_LEVEL)
#undef NOTE_LEVEL
    }
    return COORDINATOR_INFO;
}
