/* The names of one message: each stands in it once, in the order in which it was first needed, and
 * is spoken of by its place. Sorted insertion is quadratic in the names of one message, which are
 * bounded; memmove makes that cheap. */
#include <string.h>

#include "agent_private.h"

bool agent_naming_make(struct agent *agent, struct agent_naming *naming, size_t count)
{
    size_t all = agent_vat_name_count(agent);
    count = count < all ? count : all;
    naming->names = agent_take_unset(agent, count, sizeof *naming->names);
    naming->numbers = agent_take_unset(agent, count, sizeof *naming->numbers);
    naming->places = agent_take_unset(agent, count, sizeof *naming->places);
    naming->count = 0;
    return naming->names != NULL && naming->numbers != NULL && naming->places != NULL;
}

uint32_t agent_naming_place(const struct agent *agent, struct agent_naming *naming, uint32_t number)
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
    naming->names[naming->count] = *agent_vat_name(agent, number);
    naming->count += 1;
    return naming->places[low];
}
