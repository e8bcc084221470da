/* Unpacking: bytes become a message of protobuf-c's generated structs, or are refused.
 *
 * One pass over the bytes with the descriptors as they are, which keeps no note of each field and
 * no copy of fields that nobody knows, as protobuf_c_message_unpack does; `bytes` are borrowed.
 * What is understood is the same: fields in any order, numbers packed or not, the last of several
 * values of a singular field, and unknown fields passed over. What is refused is the same too, and
 * besides, because no encoder writes it and what protobuf-c makes of it is not what it says:
 *
 *   - a nested message, or a oneof, that is set twice (protobuf says that messages are merged;
 *     protobuf-c forgets numbers of the first one);
 *   - a bool that is not a varint (protobuf-c takes any value's bytes for one);
 *   - a varint of more than 64 bits (its tenth byte's excess would be dropped);
 *   - a field with the number 0 or above 2^29 - 1.
 *
 * It knows the types and labels that schema/proto has (codec_pack.h). A message type that contains
 * itself is not among them, so the stack is bounded by the descriptors. Private to schema/wire. */
#ifndef MN_WIRE_CODEC_UNPACK_H
#define MN_WIRE_CODEC_UNPACK_H

#include <protobuf-c/protobuf-c.h>

#include "wire/common.h"

/* Unpack @size bytes into @arena, from which everything of the message comes but `bytes` fields:
 * these are borrowed from @bytes.
 *
 * @out           written on success only.
 * @unknown       written on success only: the number of the first field that is not known; 0: none.
 *
 * Time:      linear in @size, but for fields that are not in the order of their numbers: each of
 *            these is looked for among all of its message.
 * Errors:    MN_BAD_INPUT, MN_NO_MEMORY */
mn_result codec_message_unpack(const ProtobufCMessageDescriptor *descriptor, struct mn_arena *arena,
                               const void *bytes, size_t size, ProtobufCMessage **out,
                               uint32_t *unknown) MN_CHECKED;

#endif
