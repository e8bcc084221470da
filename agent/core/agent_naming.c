/* The vats of one message: each stands in it once, in the order in which it was first needed, and
 * is spoken of by its place. They go by number where the coordinator has read the same topology,
 * and by name otherwise, or when one of them is in no topology that we know. Sorted insertion is
 * quadratic in the vats of one message, which are bounded; memmove makes that cheap. */
#include <string.h>

#include "agent_directory.h"
#include "agent_private.h"

bool agent_naming_make(struct agent *agent, struct agent_naming *naming, size_t count)
{
    size_t all = agent_vat_name_count(agent);
    count = count < all ? count : all;
    naming->table = agent_take_unset(agent, count, sizeof *naming->table);
    naming->numbers = agent_take_unset(agent, count, sizeof *naming->numbers);
    naming->places = agent_take_unset(agent, count, sizeof *naming->places);
    naming->count = 0;
    return naming->table != NULL && naming->numbers != NULL && naming->places != NULL;
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
