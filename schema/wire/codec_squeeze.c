/* Compression with zstd. Its fastest level: what is compressed here waits to be sent or to be made
 * durable, and repeats itself so much that more effort would win little. */
#include "codec_squeeze.h"

#include <zstd.h>

enum { SQUEEZE_LEVEL = 1, SQUEEZE_AROUND_SIZE_MAX = 32 };

ProtobufCBinaryData codec_squeeze(struct codec *codec, const void *bytes, size_t size)
{
    ProtobufCBinaryData frame = {0};
    if (size == 0) {
        return frame;
    }
    size_t room = ZSTD_compressBound(size);
    frame.data = codec_take_unset(codec, room, 1);
    if (frame.data != NULL) {
        frame.len = ZSTD_compress(frame.data, room, bytes, size, SQUEEZE_LEVEL);
        if (ZSTD_isError(frame.len)) { /* with room enough, memory alone can be missing */
            codec_fail(codec, MN_NO_MEMORY);
            frame.len = 0;
        }
    }
    return frame;
}

ProtobufCBinaryData codec_squeeze_behind(struct codec *codec, const struct mn_buffer *buffer,
                                         size_t before, size_t size_max)
{
    ProtobufCBinaryData frame = {0};
    size_t size = buffer->size - before;
    if (size > size_max) {
        codec_fail(codec, MN_TOO_LARGE);
        return frame;
    }
    frame = codec_squeeze(codec, buffer->bytes + before, size);
    return frame.len + SQUEEZE_AROUND_SIZE_MAX < size ? frame : (ProtobufCBinaryData){0};
}

char *codec_expand(struct codec *codec, const ProtobufCBinaryData *frame, size_t size_max,
                   size_t *size)
{
    unsigned long long whole =
        frame->len > 0 ? ZSTD_getFrameContentSize(frame->data, frame->len) : 0;
    *size = 0;
    if (!codec_check(codec, whole != ZSTD_CONTENTSIZE_UNKNOWN && whole != ZSTD_CONTENTSIZE_ERROR)) {
        return NULL;
    }
    if (whole > size_max) {
        codec_fail(codec, MN_TOO_LARGE);
        return NULL;
    }
    char *bytes = codec_take(codec, (size_t)whole + 1, 1);
    if (bytes != NULL && frame->len > 0) {
        size_t got = ZSTD_decompress(bytes, (size_t)whole, frame->data, frame->len);
        if (!codec_check(codec, !ZSTD_isError(got) && got == (size_t)whole)) {
            return NULL;
        }
        *size = got;
    }
    return bytes;
}
