/* Messages of every family as protobuf-c has them: made by chance, and held against what protobuf-c
 * itself packs and unpacks. */
#ifndef TESTS_ORACLE_MESSAGE_H
#define TESTS_ORACLE_MESSAGE_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/random.h"
#include "wire/common.h"

/* The outermost message of each family. */
enum { MESSAGE_FAMILY_COUNT = 13 };

extern const ProtobufCMessageDescriptor *const MESSAGE_FAMILIES[MESSAGE_FAMILY_COUNT];

/* Any message of that type; it lives in @arena. */
ProtobufCMessage *message_make(const ProtobufCMessageDescriptor *descriptor,
                               struct mn_random *random, struct mn_arena *arena);

/* Pack @message in both ways, and assert that the bytes are the same. They are appended to
 * @buffer. */
void message_compare_packing(const ProtobufCMessage *message, struct mn_buffer *buffer);

/* Unpack the bytes in both ways, and assert that both understand the same, or both refuse, or that
 * there is one of the reasons in codec_unpack.h for being stricter. Returns whether they are
 * understood here. */
bool message_compare_unpacking(const ProtobufCMessageDescriptor *descriptor, const void *bytes,
                               size_t size);

#endif
