/* Packing: a message of protobuf-c's generated structs becomes the bytes that protobuf says.
 *
 * The message is written backwards, from its last field to its first, so that the length of what
 * is nested is known when it is due: one pass, where protobuf_c_message_pack needs another one for
 * the size, and at each level moves what it has written. The bytes are the same. It walks the
 * descriptors as they are, and knows the types and labels that schema/proto has: bool, uint32,
 * uint64, int64, string, bytes, message; singular without presence, of a oneof, repeated (numbers
 * packed). Unknown fields are not written: nobody has any. Private to schema/wire. */
#ifndef MN_WIRE_CODEC_PACK_H
#define MN_WIRE_CODEC_PACK_H

#include <protobuf-c/protobuf-c.h>

#include "wire/common.h"

/* Append @message to @buffer. The time is linear in what is written.
 *
 * Errors:    MN_NO_MEMORY, MN_TOO_LARGE (above what a buffer holds); nothing is appended */
mn_result codec_message_pack(const ProtobufCMessage *message, struct mn_buffer *buffer) MN_CHECKED;

#endif
