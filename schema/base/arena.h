/* An arena: memory of one message or one round, dropped at once. */
#ifndef MN_BASE_ARENA_H
#define MN_BASE_ARENA_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mn_arena_block {
    struct mn_arena_block *older;
    size_t used;
    size_t room;
    bool borrowed; /* it is its user's own */
    alignas(max_align_t) unsigned char bytes[];
};

/* Zero-initialised is an empty arena with no bound but memory. */
struct mn_arena {
    struct mn_arena_block *newest; /* blocks chained from the newest to the oldest */
    size_t size;                   /* bytes taken from the system */
    size_t size_max;               /* bound of size; 0 is none */
};

enum { MN_ARENA_ROOM_SIZE = 2048 };

/* Room for the first bytes of an arena, on the stack of its user: what fits takes nothing from the
 * system. */
struct mn_arena_room {
    alignas(max_align_t) unsigned char bytes[MN_ARENA_ROOM_SIZE];
};

/* Prepare @arena with a bound on what it takes from the system; 0 is no bound. */
void mn_arena_init(struct mn_arena *arena, size_t size_max);

/* The same, beginning in @room, which must last as long as what is taken. */
void mn_arena_init_in(struct mn_arena *arena, struct mn_arena_room *room, size_t size_max);

/* Drop what was taken, but keep a block of it for what is taken next. */
void mn_arena_clear(struct mn_arena *arena);

/* Give everything back. The arena is empty afterwards and may be used again. */
void mn_arena_deinit(struct mn_arena *arena);

/* @size zeroed bytes, aligned for any object; valid until the arena is dropped. NULL when memory or
 * the arena's bound is exhausted; the arena is as it was then. @size 0 gives a valid pointer. */
void *mn_arena_take(struct mn_arena *arena, size_t size);

/* The same, but with whatever was there before: for who sets all of them. */
static inline void *mn_arena_take_unset(struct mn_arena *arena, size_t size);

/* The same when the newest block may have no room for it. */
void *mn_arena_take_more(struct mn_arena *arena, size_t size);

/* As mn_arena_take, for @count elements of @element_size bytes; NULL also when that overflows. */
void *mn_arena_take_array(struct mn_arena *arena, size_t count, size_t element_size);

/* The same, but with whatever was there before. */
void *mn_arena_take_array_unset(struct mn_arena *arena, size_t count, size_t element_size);

/* A copy of @size bytes. NULL as above. */
void *mn_arena_copy(struct mn_arena *arena, const void *bytes, size_t size);

static inline void *mn_arena_take_unset(struct mn_arena *arena, size_t size)
{
    struct mn_arena_block *block = arena->newest;
    /* So much of each block is taken that what comes next is aligned for any object. */
    size_t rounded =
        (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
    if (block == NULL || rounded < size || size == 0 || block->room - block->used < rounded) {
        return mn_arena_take_more(arena, size);
    }
    void *bytes = block->bytes + block->used;
    block->used += rounded;
    return bytes;
}

#endif
