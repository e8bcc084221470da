/* Growable tables with a named bound. */
#include "base/grow.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { GROW_SIZE_MIN = 64 };

mn_result mn_grow_more(void *items, size_t *capacity, size_t count, size_t element_size,
                       size_t count_max)
{
    if (count > count_max) {
        return MN_FULL;
    }
    size_t room = *capacity > count_max / 2 ? count_max : *capacity * 2;
    /* Of small things a few at once, of large ones no more than are needed. */
    size_t least = element_size < GROW_SIZE_MIN / 8 ? 8 : GROW_SIZE_MIN / element_size + 1;
    if (room < least) {
        room = least < count_max ? least : count_max;
    }
    if (room < count) {
        room = count;
    }
    if (room > SIZE_MAX / element_size) {
        return MN_NO_MEMORY;
    }
    /* The caller's pointer is of some object type; reading it as bytes is what C allows. */
    void *old = NULL;
    memcpy(&old, items, sizeof old);
    void *grown = realloc(old, room * element_size);
    if (grown == NULL) {
        return MN_NO_MEMORY;
    }
    memcpy(items, &grown, sizeof grown);
    *capacity = room;
    /* cppcheck-suppress memleak ; *items has it now */
    return MN_OK;
}
