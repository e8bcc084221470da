/* An arena: memory of one message or one round, dropped at once. */
#ifndef MN_BASE_ARENA_H
#define MN_BASE_ARENA_H

#include <stddef.h>

/* Zero-initialised is an empty arena with no bound but memory. */
struct mn_arena {
    struct mn_arena_block *newest; /* blocks chained from the newest to the oldest */
    size_t size;                   /* bytes taken from the system */
    size_t size_max;               /* bound of size; 0 is none */
};

/* Prepare @arena with a bound on what it takes from the system; 0 is no bound. */
void mn_arena_init(struct mn_arena *arena, size_t size_max);

/* Give everything back. The arena is empty afterwards and may be used again. */
void mn_arena_deinit(struct mn_arena *arena);

/* @size zeroed bytes, aligned for any object; valid until the arena is dropped. NULL when memory or
 * the arena's bound is exhausted; the arena is as it was then. @size 0 gives a valid pointer. */
void *mn_arena_take(struct mn_arena *arena, size_t size);

/* As mn_arena_take, for @count elements of @element_size bytes; NULL also when that overflows. */
void *mn_arena_take_array(struct mn_arena *arena, size_t count, size_t element_size);

/* A copy of @size bytes. NULL as above. */
void *mn_arena_copy(struct mn_arena *arena, const void *bytes, size_t size);

#endif
