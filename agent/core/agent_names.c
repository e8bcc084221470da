/* Names to numbers. The table answers look-ups only; nothing is ever done in its order, so its hash
 * (FNV-1a, 32 bits) decides nothing. Open addressing, at most half full: O(1) expected. */
#include <stdlib.h>
#include <string.h>

#include "agent_private.h"
#include "base/grow.h"

static uint32_t name_hash(const struct mn_name *name)
{
    uint32_t hash = UINT32_C(2166136261);
    for (const char *at = name->text; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * UINT32_C(16777619);
    }
    return hash;
}

/* The slot of @name, or the free one where it belongs. */
static size_t names_slot(const struct agent_names *names, const struct mn_name *name)
{
    size_t slot = name_hash(name) & (names->slot_count - 1);
    while (names->slots[slot] != 0 && !mn_name_equal(&names->names[names->slots[slot] - 1], name)) {
        slot = (slot + 1) & (names->slot_count - 1);
    }
    return slot;
}

static mn_result names_make_room(struct agent_names *names)
{
    mn_result result = mn_grow(&names->names, &names->capacity, names->count + 1,
                               sizeof *names->names, AGENT_NAME_COUNT_MAX);
    if (result != MN_OK || (names->count + 1) * 2 <= names->slot_count) {
        return result;
    }
    size_t slot_count = names->slot_count == 0 ? 64 : names->slot_count * 2;
    uint32_t *slots = calloc(slot_count, sizeof *slots);
    if (slots == NULL) {
        return MN_NO_MEMORY;
    }
    free(names->slots);
    names->slots = slots;
    names->slot_count = slot_count;
    for (size_t i = 0; i < names->count; i++) {
        names->slots[names_slot(names, &names->names[i])] = (uint32_t)i + 1;
    }
    return MN_OK;
}

mn_result agent_names_number(struct agent_names *names, const struct mn_name *name,
                             uint32_t *number)
{
    mn_result result = names_make_room(names);
    if (result != MN_OK) {
        return result;
    }
    size_t slot = names_slot(names, name);
    if (names->slots[slot] == 0) {
        names->names[names->count] = *name;
        names->count += 1;
        names->slots[slot] = (uint32_t)names->count;
    }
    *number = names->slots[slot] - 1;
    return MN_OK;
}

uint32_t agent_names_find(const struct agent_names *names, const struct mn_name *name)
{
    if (names->slot_count == 0) {
        return AGENT_NONE;
    }
    uint32_t found = names->slots[names_slot(names, name)];
    return found == 0 ? AGENT_NONE : found - 1;
}

void agent_names_deinit(struct agent_names *names)
{
    free(names->names);
    free(names->slots);
    memset(names, 0, sizeof *names);
}
