/* The vats of one message: each stands in it once, in the order in which it was first needed, and
 * is spoken of by its place. They go by number where the coordinator has read the same topology,
 * and by name otherwise, or when one of them is in no topology that we know. Sorted insertion is
 * quadratic in the vats of one message, which are bounded; memmove makes that cheap. */
#include <string.h>

#include "agent_directory.h"
#include "agent_private.h"

bool agent_naming_make(struct agent *agent, struct agent_naming *naming, size_t count, size_t known)
{
    size_t all = agent_vat_name_count(agent);
    count = count < all ? count : all;
    naming->table = agent_take_unset(agent, count, sizeof *naming->table);
    naming->numbers = agent_take_unset(agent, count, sizeof *naming->numbers);
    naming->places = agent_take_unset(agent, count, sizeof *naming->places);
    naming->known = agent_take_unset(agent, known, sizeof *naming->known);
    naming->known_count = 0;
    naming->count = 0;
    return naming->table != NULL && naming->numbers != NULL && naming->places != NULL &&
           naming->known != NULL;
}

uint32_t agent_naming_place(struct agent_naming *naming, uint32_t number)
{
    uint32_t low = 0;
    uint32_t high = naming->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (naming->numbers[middle] < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < naming->count && naming->numbers[low] == number) {
        return naming->places[low];
    }
    size_t above = naming->count - low;
    memmove(naming->numbers + low + 1, naming->numbers + low, above * sizeof *naming->numbers);
    memmove(naming->places + low + 1, naming->places + low, above * sizeof *naming->places);
    naming->numbers[low] = number;
    naming->places[low] = naming->count;
    naming->table[naming->count] = number;
    naming->count += 1;
    return naming->places[low];
}

/* Where it stands, or is to stand, among those that are known. */
static uint32_t known_place(const struct agent_naming *naming, const struct mn_known *known)
{
    uint32_t low = 0;
    uint32_t high = naming->known_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct mn_known *at = &naming->known[middle];
        bool below =
            at->vat != known->vat ? at->vat < known->vat : at->incarnation < known->incarnation;
        low = below ? middle + 1 : low;
        high = below ? high : middle;
    }
    return low;
}

static void naming_know(struct agent_naming *naming, const struct mn_known *known)
{
    uint32_t place = known_place(naming, known);
    struct mn_known *at = &naming->known[place];
    if (place < naming->known_count && at->vat == known->vat &&
        at->incarnation == known->incarnation) {
        at->fork = at->fork.next != 0 ? at->fork : known->fork;
        return;
    }
    memmove(at + 1, at, (naming->known_count - place) * sizeof *at);
    *at = *known;
    naming->known_count += 1;
}

void agent_naming_know(struct agent_naming *naming, const struct agent_known *known)
{
    for (uint32_t i = 0; i < known->count; i++) {
        struct mn_known item = known->items[i];
        item.vat = agent_naming_place(naming, item.vat);
        naming_know(naming, &item);
    }
}

static bool naming_by_number(const struct agent *agent, const struct agent_naming *naming)
{
    uint32_t highest = naming->count > 0 ? naming->numbers[naming->count - 1] : 0;
    return agent->config.numbering != 0 && agent->config.numbering == agent->numbering &&
           (naming->count == 0 || highest < agent->directory->vat_count);
}

bool agent_naming_table(struct agent *agent, const struct agent_naming *naming,
                        struct mn_vat_table *table)
{
    *table = (struct mn_vat_table){.count = naming->count};
    table->known = naming->known;
    table->known_count = naming->known_count;
    if (naming_by_number(agent, naming)) {
        table->numbering = agent->numbering;
        table->numbers = naming->table;
        return true;
    }
    struct mn_name *names = agent_take_unset(agent, naming->count, sizeof *names);
    for (uint32_t i = 0; names != NULL && i < naming->count; i++) {
        names[i] = *agent_vat_name(agent, naming->table[i]);
    }
    table->names = names;
    return names != NULL;
}
