/* An arena: bump allocation from a chain of blocks, each at least twice the last up to 1 MiB. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    ARENA_BLOCK_SIZE_MIN = 4096,
    ARENA_BLOCK_SIZE_MAX = 1024 * 1024,
    ARENA_BLOCK_KEPT_MAX = 64 * 1024
};

void mn_arena_init(struct mn_arena *arena, size_t size_max)
{
    *arena = (struct mn_arena){.size_max = size_max};
}

_Static_assert(MN_ARENA_ROOM_SIZE >= 2 * sizeof(struct mn_arena_block), "a block fits into a room");

void mn_arena_init_in(struct mn_arena *arena, struct mn_arena_room *room, size_t size_max)
{
    // cppcheck-suppress ctuuninitvar; nothing of the room is read before it is written
    struct mn_arena_block *block = (struct mn_arena_block *)(void *)room->bytes;
    block->older = NULL;
    block->used = 0;
    block->room = sizeof room->bytes - sizeof *block;
    block->borrowed = true;
    *arena = (struct mn_arena){.newest = block, .size_max = size_max};
}

static void blocks_free(struct mn_arena_block *block)
{
    while (block != NULL) {
        struct mn_arena_block *older = block->older;
        if (!block->borrowed) {
            free(block);
        }
        block = older;
    }
}

void mn_arena_deinit(struct mn_arena *arena)
{
    blocks_free(arena->newest);
    arena->newest = NULL;
    arena->size = 0;
}

void mn_arena_clear(struct mn_arena *arena)
{
    struct mn_arena_block *block = arena->newest;
    if (block == NULL || block->borrowed || block->room > ARENA_BLOCK_KEPT_MAX) {
        mn_arena_deinit(arena);
        return;
    }
    blocks_free(block->older);
    block->older = NULL;
    block->used = 0;
    arena->size = sizeof *block + block->room;
}

static struct mn_arena_block *arena_add_block(struct mn_arena *arena, size_t size)
{
    size_t room = ARENA_BLOCK_SIZE_MIN;
    if (arena->newest != NULL && !arena->newest->borrowed) {
        room = arena->newest->room * 2;
    }
    if (room > ARENA_BLOCK_SIZE_MAX) {
        room = ARENA_BLOCK_SIZE_MAX;
    }
    if (room < size) {
        room = size;
    }
    if (room > SIZE_MAX - sizeof(struct mn_arena_block)) {
        return NULL;
    }
    size_t whole = sizeof(struct mn_arena_block) + room;
    if (arena->size_max != 0 &&
        (whole > arena->size_max || arena->size > arena->size_max - whole)) {
        return NULL;
    }
    struct mn_arena_block *block = malloc(whole);
    if (block == NULL) {
        return NULL;
    }
    block->older = arena->newest;
    block->used = 0;
    block->room = room;
    block->borrowed = false;
    arena->newest = block;
    arena->size += whole;
    return block;
}

/* How much is taken for @size bytes, so that the next are aligned too; 0 when that overflows. */
static size_t size_rounded(size_t size)
{
    size_t alignment = alignof(max_align_t);
    if (size > SIZE_MAX - alignment) {
        return 0;
    }
    size_t rounded = (size + alignment - 1) / alignment * alignment;
    return rounded > 0 ? rounded : alignment;
}

void *mn_arena_take_more(struct mn_arena *arena, size_t size)
{
    size_t rounded = size_rounded(size);
    if (rounded == 0) {
        return NULL;
    }
    struct mn_arena_block *block = arena->newest;
    if (block == NULL || block->room - block->used < rounded) {
        block = arena_add_block(arena, rounded);
        if (block == NULL) {
            return NULL;
        }
    }
    void *bytes = block->bytes + block->used;
    block->used += rounded;
    return bytes;
}

void *mn_arena_take(struct mn_arena *arena, size_t size)
{
    void *bytes = mn_arena_take_unset(arena, size);
    if (bytes != NULL) {
        memset(bytes, 0, size);
    }
    return bytes;
}

void *mn_arena_take_array(struct mn_arena *arena, size_t count, size_t element_size)
{
    if (element_size != 0 && count > SIZE_MAX / element_size) {
        return NULL;
    }
    return mn_arena_take(arena, count * element_size);
}

void *mn_arena_take_array_unset(struct mn_arena *arena, size_t count, size_t element_size)
{
    if (element_size != 0 && count > SIZE_MAX / element_size) {
        return NULL;
    }
    return mn_arena_take_unset(arena, count * element_size);
}

void *mn_arena_copy(struct mn_arena *arena, const void *bytes, size_t size)
{
    void *copy = mn_arena_take_unset(arena, size);
    if (copy != NULL && size > 0) {
        memcpy(copy, bytes, size);
    }
    return copy;
}
