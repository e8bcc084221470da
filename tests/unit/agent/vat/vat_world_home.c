/* What a vat of the small world has at home: its application and its store. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/vat/vat_world_private.h"
#include "base/check.h"

void world_saved_free(struct world_saved *saved)
{
    mn_arena_deinit(&saved->arena);
    free(saved);
}

void world_log_add(char *log, const char *format, ...)
{
    size_t used = strlen(log);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(log + used, WORLD_LOG_SIZE - used, format, arguments);
    va_end(arguments);
}

void world_log_heard(char *log, const struct mn_name *names, const struct mn_heard *heard,
                     uint32_t count, uint32_t before, const struct mn_known *known,
                     uint32_t known_count)
{
    for (uint32_t i = 0; i < count; i++) {
        world_log_add(log, i < before ? " (%s:%" PRIx64 ")" : " %s:%" PRIx64,
                      names[heard[i].peer].text, (uint64_t)heard[i].epoch);
    }
    for (uint32_t i = 0; i < known_count; i++) {
        world_log_add(log, " knows %s %" PRIu32 " after %" PRIx64 " at %" PRIx64,
                      names[known[i].vat].text, known[i].incarnation, (uint64_t)known[i].fork.after,
                      (uint64_t)known[i].fork.next);
    }
}

void world_clear_logs(struct world *world)
{
    for (int i = 0; i < world->vat_count; i++) {
        world->vats[i].log[0] = '\0';
        world->vats[i].agent[0] = '\0';
    }
}

/* ---- the application ---- */

uint64_t world_app_number(struct vat *core, const char *what, const struct mn_name *peer)
{
    char text[MN_NAME_SIZE_MAX];
    (void)snprintf(text, sizeof text, "%s/%.100s", what, peer->text);
    struct mn_name name = mn_name_of(text);
    const void *bytes = NULL;
    size_t size = 0;
    uint64_t number = 0;
    if (blobs_get(vat_blobs(core), &name, &bytes, &size) == MN_OK) {
        mn_assert(size == sizeof number);
        memcpy(&number, bytes, size);
    }
    return number;
}

void world_app_set(struct vat *core, const char *what, const struct mn_name *peer, uint64_t number)
{
    char text[MN_NAME_SIZE_MAX];
    (void)snprintf(text, sizeof text, "%s/%.100s", what, peer->text);
    struct mn_name name = mn_name_of(text);
    mn_result result = blobs_put(vat_blobs(core), &name, &number, sizeof number);
    mn_assert(result == MN_OK);
}

uint64_t world_got(const struct world *world, int vat, int peer)
{
    return world_app_number(world->vats[vat].core, "got", &world->vats[peer].name);
}

uint64_t world_sent(const struct world *world, int vat, int peer)
{
    return world_app_number(world->vats[vat].core, "sent", &world->vats[peer].name);
}

unsigned char world_app_byte(uint64_t number, size_t offset)
{
    return (unsigned char)(number * 31 + offset + (offset >> 8) + (offset >> 16));
}

static void app_message(struct world_vat *vat, const struct vat_delivery *delivery)
{
    uint64_t number = 0;
    mn_assert(delivery->message.size >= sizeof number);
    memcpy(&number, delivery->message.bytes, sizeof number);
    for (size_t i = sizeof number; i < delivery->message.size; i++) {
        mn_assert(delivery->message.bytes[i] == world_app_byte(number, i));
    }
    if (number != world_app_number(vat->core, "got", delivery->peer) + 1) {
        vat->wrong_number = true;
    }
    vat->received += 1;
    world_app_set(vat->core, "got", delivery->peer, number);
    world_log_add(vat->log, "message %s %" PRIu64 "\n", delivery->peer->text, number);
}

void world_app_deliver(struct world_vat *vat, const struct vat_delivery *delivery)
{
    switch (delivery->kind) {
    case VAT_RESTORED:
        world_log_add(vat->log, "restored %d at %" PRIx64 "\n", (int)delivery->restored.outcome,
                      (uint64_t)delivery->restored.kept);
        break;
    case VAT_MESSAGE:
        app_message(vat, delivery);
        break;
    case VAT_PEER_ROLLED_BACK:
    case VAT_PEER_RESET:
        world_log_add(vat->log, "%s %s incarnation %" PRIu32 "\n",
                      delivery->kind == VAT_PEER_RESET ? "reset" : "rolled_back",
                      delivery->peer->text, delivery->notice->incarnation);
        break;
    case VAT_GAP:
        world_log_add(vat->log, "gap %s %s %" PRIu64 "-%" PRIu64 "\n",
                      delivery->gap.sent ? "sent to" : "from", delivery->peer->text,
                      delivery->gap.first, delivery->gap.last);
        if (!delivery->gap.sent) {
            world_app_set(vat->core, "got", delivery->peer, delivery->gap.last);
        }
        break;
    case VAT_UNDELIVERED:
        world_log_add(vat->log, "undelivered to %s %" PRIu64 "-%" PRIu64 "%s\n",
                      delivery->peer->text, delivery->undelivered.first, delivery->undelivered.last,
                      delivery->undelivered.perhaps_taken ? " perhaps taken" : "");
        break;
    case VAT_PEER_UNREACHABLE:
        world_log_add(vat->log, "unreachable %s\n", delivery->peer->text);
        break;
    case VAT_PEER_BACK:
        world_log_add(vat->log, "back %s\n", delivery->peer->text);
        break;
    }
}

/* ---- the store ---- */

void world_store_add(struct world_vat *vat, const struct vat_checkpoint *checkpoint)
{
    struct world_saved *saved = calloc(1, sizeof *saved);
    mn_assert(saved != NULL);
    struct mn_arena *arena = &saved->arena;
    const struct mn_checkpoint_record *record = &checkpoint->record;
    saved->record = *record;
    saved->record.handled =
        mn_arena_copy(arena, record->handled, record->handled_count * sizeof *record->handled);
    saved->record.names =
        mn_arena_copy(arena, record->names, record->name_count * sizeof *record->names);
    saved->record.heard =
        mn_arena_copy(arena, record->heard, record->heard_count * sizeof *record->heard);
    saved->record.known =
        mn_arena_copy(arena, record->known, record->known_count * sizeof *record->known);
    saved->session_count = checkpoint->session_count;
    saved->sessions = mn_arena_copy(arena, checkpoint->sessions,
                                    checkpoint->session_count * sizeof *saved->sessions);
    saved->entries =
        mn_arena_copy(arena, checkpoint->entries, checkpoint->entry_count * sizeof *saved->entries);
    for (size_t i = 0; i < checkpoint->entry_count; i++) {
        struct mn_checkpoint_entry *entry = &saved->entries[i];
        entry->name = mn_arena_copy(arena, entry->name, sizeof *entry->name);
        entry->bytes = mn_arena_copy(arena, entry->bytes, entry->size);
    }
    saved->older = vat->saved;
    vat->saved = saved;
}

const struct world_saved *world_store_find(const struct world_vat *vat, mn_epoch epoch)
{
    for (const struct world_saved *saved = vat->saved; saved != NULL; saved = saved->older) {
        if (saved->record.epoch == epoch) {
            return saved;
        }
    }
    return NULL;
}

void world_store_restore(struct world_vat *vat, const mn_epoch *chain, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct world_saved *saved = world_store_find(vat, chain[i]);
        mn_assert(saved != NULL);
        mn_result result = vat_restore_record(vat->core, &saved->record);
        mn_assert(result == MN_OK);
        for (size_t k = 0; k < saved->record.blob_count; k++) {
            result = vat_restore_entry(vat->core, &saved->entries[k],
                                       k < saved->session_count ? &saved->sessions[k] : NULL);
            mn_assert(result == MN_OK);
        }
    }
    mn_result result = vat_restore_end(vat->core);
    mn_assert(result == MN_OK);
}

mn_epoch world_newest_saved(const struct world *world, int vat)
{
    const struct world_saved *saved = world->vats[vat].saved;
    return saved == NULL ? 0 : saved->record.epoch;
}

size_t world_saved_count(const struct world *world, int vat)
{
    size_t count = 0;
    for (const struct world_saved *saved = world->vats[vat].saved; saved != NULL;
         saved = saved->older) {
        count += 1;
    }
    return count;
}
