/* Several messages of one family in one frame, in their order: what is said to one receiver at one
 * moment costs one frame's way and not one each. Only for receivers that have said that they read
 * such frames; one message alone goes as it is. */
#ifndef MN_WIRE_JOINED_H
#define MN_WIRE_JOINED_H

#include "wire/common.h"

enum {
    /* What is longer goes alone: a frame more is nothing beside it. */
    MN_JOINED_MESSAGE_SIZE_MAX = 4096,
    MN_JOINED_SIZE_MAX = 64 * 1024 /* of a frame */
};

/* A frame that is being written. Zero-initialise. */
struct mn_joining {
    struct mn_buffer frame;
    uint32_t count;
    size_t head; /* where the first message begins */
};

/* Put @message, whole as its family's encoder wrote it, behind what there is.
 * Errors: MN_FULL       what there is has to be sent first
 *         MN_TOO_LARGE  it goes alone, behind what there is
 *         MN_NO_MEMORY */
mn_result mn_joining_add(struct mn_joining *joining, const struct mn_buffer *message) MN_CHECKED;

/* What is to be sent; NULL: nothing. Valid until the next call. */
const void *mn_joining_bytes(const struct mn_joining *joining, size_t *size);
/* It has been sent. */
void mn_joining_clear(struct mn_joining *joining);
void mn_joining_deinit(struct mn_joining *joining);

/* Reading a frame; one that is no joined one is its only message. Borrows the bytes. */
struct mn_joined {
    const unsigned char *at;
    size_t left;
    bool begun;
};

struct mn_joined mn_joined_of(const void *bytes, size_t size);

/* The next message, of an empty frame an empty one; false when there are no more. What is no whole
 * message is handed out with all that is behind it: no decoder of a family takes that. */
bool mn_joined_next(struct mn_joined *frame, const void **message, size_t *size);

#endif
