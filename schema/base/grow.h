/* Growable tables with a named bound: the one way our code makes an array longer. */
#ifndef MN_BASE_GROW_H
#define MN_BASE_GROW_H

#include <stddef.h>

#include "base/result.h"

/* Make room for at least @count elements of @element_size bytes in the heap table *@items, whose
 * room is *@capacity elements; the room at least doubles. Room already there is left alone.
 *
 * @items         address of the table's pointer (of any object type; NULL is an empty table).
 * @count_max     the table's bound.
 *
 * Errors:    MN_FULL       @count is above @count_max
 *            MN_NO_MEMORY
 * On failure the table is as it was. */
MN_CHECKED static inline mn_result mn_grow(void *items, size_t *capacity, size_t count,
                                           size_t element_size, size_t count_max);

/* The same when there is no room yet. */
mn_result mn_grow_more(void *items, size_t *capacity, size_t count, size_t element_size,
                       size_t count_max) MN_CHECKED;

static inline mn_result mn_grow(void *items, size_t *capacity, size_t count, size_t element_size,
                                size_t count_max)
{
    return count <= *capacity ? MN_OK
                              : mn_grow_more(items, capacity, count, element_size, count_max);
}

#endif
