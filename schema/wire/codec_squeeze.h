/* Bytes that travel or are kept compressed: text that says the same words again and again. Private
 * to schema/wire. */
#ifndef MN_WIRE_CODEC_SQUEEZE_H
#define MN_WIRE_CODEC_SQUEEZE_H

#include "codec.h"

/* The bytes as one frame of zstd, which says how many they were; empty for none. */
ProtobufCBinaryData codec_squeeze(struct codec *codec, const void *bytes, size_t size);

/* The same of what stands in @buffer behind @before, when that is shorter with what will stand
 * around it; empty otherwise. Fails with MN_TOO_LARGE above @size_max: nobody would expand it. */
ProtobufCBinaryData codec_squeeze_behind(struct codec *codec, const struct mn_buffer *buffer,
                                         size_t before, size_t size_max);

/* What codec_squeeze was given, with a NUL behind it. Nothing is taken before the frame has said
 * that it is at most @size_max; what it said must be true.
 * Fails with MN_BAD_INPUT, MN_TOO_LARGE or MN_NO_MEMORY. NULL after a failure. */
char *codec_expand(struct codec *codec, const ProtobufCBinaryData *frame, size_t size_max,
                   size_t *size);

#endif
