/* A joined frame is control.proto's Joined, written and read in place: each message comes behind
 * the tag of its field, two bytes with which no message of a family begins, and its size as a
 * varint. */
#include "wire/joined.h"

enum {
    JOINED_TAG_FIRST = 0xa2, /* field 20, with a length */
    JOINED_TAG_SECOND = 0x01,
    JOINED_HEAD_SIZE_MAX = 2 + 5
};

_Static_assert(MN_MESSAGE_SIZE_MAX < 1U << 28, "a size fits into four bytes of a varint");

mn_result mn_joining_add(struct mn_joining *joining, const struct mn_buffer *message)
{
    unsigned char head[JOINED_HEAD_SIZE_MAX] = {JOINED_TAG_FIRST, JOINED_TAG_SECOND};
    size_t head_size = 2;
    size_t before = joining->frame.size;
    size_t rest = message->size;
    if (message->size > MN_JOINED_MESSAGE_SIZE_MAX) {
        return MN_TOO_LARGE;
    }
    if (before + sizeof head + message->size > MN_JOINED_SIZE_MAX) {
        return MN_FULL;
    }
    for (; rest >= 0x80; rest >>= 7) {
        head[head_size++] = (unsigned char)(rest | 0x80);
    }
    head[head_size++] = (unsigned char)rest;
    mn_result result = mn_buffer_append(&joining->frame, head, head_size);
    if (result == MN_OK) {
        result = mn_buffer_append(&joining->frame, message->bytes, message->size);
    }
    if (result != MN_OK) {
        joining->frame.size = before;
        return result;
    }
    joining->head = joining->count == 0 ? head_size : joining->head;
    joining->count += 1;
    return MN_OK;
}

const void *mn_joining_bytes(const struct mn_joining *joining, size_t *size)
{
    if (joining->count == 0) {
        return NULL;
    }
    size_t from = joining->count == 1 ? joining->head : 0;
    *size = joining->frame.size - from;
    return joining->frame.bytes + from;
}

void mn_joining_clear(struct mn_joining *joining)
{
    joining->count = 0;
    joining->frame.size = 0;
}

void mn_joining_deinit(struct mn_joining *joining)
{
    mn_joining_clear(joining);
    mn_buffer_deinit(&joining->frame);
}

struct mn_joined mn_joined_of(const void *bytes, size_t size)
{
    return (struct mn_joined){.at = bytes, .left = size};
}

/* The size of the head at the front; 0: there is none, or not all of its message. */
static size_t joined_head(const struct mn_joined *frame, size_t *size)
{
    size_t head = 2;
    size_t value = 0;
    bool more =
        frame->left > head && frame->at[0] == JOINED_TAG_FIRST && frame->at[1] == JOINED_TAG_SECOND;
    bool whole = false;
    for (unsigned shift = 0; more && head < frame->left && shift < 28; shift += 7) {
        unsigned char byte = frame->at[head++];
        value |= (size_t)(byte & 0x7f) << shift;
        more = (byte & 0x80) != 0;
        whole = !more;
    }
    if (!whole || value > frame->left - head) {
        return 0;
    }
    *size = value;
    return head;
}

bool mn_joined_next(struct mn_joined *frame, const void **message, size_t *size)
{
    if (frame->left == 0 && frame->begun) {
        return false;
    }
    frame->begun = true;
    size_t length = frame->left;
    size_t head = joined_head(frame, &length);
    *message = frame->at + head;
    *size = length;
    frame->at += head + length;
    frame->left -= head + length;
    return true;
}
