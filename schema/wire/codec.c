/* Memory of the codecs, and the checks on single fields. */
#include "codec.h"

#include <stdlib.h>
#include <string.h>

#include "base/prose.h"
#include "codec_pack.h"
#include "codec_unpack.h"

/* What unpacking one message may take: up to some 40 bytes for each byte of a message made of
 * nothing but tiny fields. */
enum { CODEC_SCRATCH_SIZE_MAX = 256 * 1024 * 1024 };

void codec_fail(struct codec *codec, mn_result result)
{
    if (codec->result == MN_OK) {
        codec->result = result;
    }
}

bool codec_check(struct codec *codec, bool right)
{
    if (!right) {
        codec_fail(codec, MN_BAD_INPUT);
    }
    return codec->result == MN_OK;
}

void *codec_take_unset(struct codec *codec, size_t count, size_t element_size)
{
    if (codec->result != MN_OK) {
        return NULL;
    }
    void *taken = mn_arena_take_array_unset(codec->arena, count, element_size);
    if (taken == NULL) {
        codec_fail(codec, MN_NO_MEMORY);
    }
    return taken;
}

void *codec_take(struct codec *codec, size_t count, size_t element_size)
{
    void *taken = codec_take_unset(codec, count, element_size);
    if (taken != NULL) {
        memset(taken, 0, count * element_size);
    }
    return taken;
}

char *codec_text(const char *text)
{
    char *plain = NULL;
    memcpy(&plain, &text, sizeof plain); /* packing only reads it */
    return plain;
}

mn_result codec_pack(struct codec *codec, const ProtobufCMessage *message, struct mn_buffer *buffer)
{
    mn_result result = codec->result;
    if (result == MN_OK) {
        result = codec_message_pack(message, buffer);
    }
    mn_arena_deinit(codec->arena);
    return result;
}

ProtobufCMessage *codec_unpack(struct codec *codec, struct codec_scratch *scratch,
                               const ProtobufCMessageDescriptor *descriptor, const void *bytes,
                               size_t size)
{
    uint32_t unknown = 0; /* a newer sender's, which is passed over */
    return codec_unpack_within(codec, scratch, CODEC_SCRATCH_SIZE_MAX, descriptor, bytes, size,
                               &unknown);
}

ProtobufCMessage *codec_unpack_within(struct codec *codec, struct codec_scratch *scratch,
                                      size_t scratch_size,
                                      const ProtobufCMessageDescriptor *descriptor,
                                      const void *bytes, size_t size, uint32_t *unknown)
{
    ProtobufCMessage *message = NULL;
    mn_arena_init_in(&scratch->arena, &scratch->room, scratch_size);
    mn_result result =
        codec_message_unpack(descriptor, &scratch->arena, bytes, size, &message, unknown);
    if (result != MN_OK) {
        codec_fail(codec, result);
    }
    return message;
}

void codec_version_in(struct codec *codec, uint32_t version)
{
    if (version < MN_PROTOCOL_VERSION_MIN || version > MN_PROTOCOL_VERSION) {
        codec_fail(codec, MN_BAD_VERSION);
    }
}

void codec_name_in(struct codec *codec, const char *text, struct mn_name *name)
{
    if (codec->result == MN_OK && !mn_name_set(name, text, strnlen(text, MN_NAME_SIZE_MAX + 1))) {
        codec_fail(codec, MN_BAD_INPUT);
    }
}

static bool text_is_ascii(const char *text, size_t size)
{
    bool right = true;
    for (size_t i = 0; i < size; i++) {
        right = right && text[i] >= ' ' && text[i] <= '~';
    }
    return right;
}

static void text_in(struct codec *codec, const char *text, bool (*is)(const char *, size_t),
                    char *out, size_t out_size)
{
    size_t length = strnlen(text, out_size);
    if (length >= out_size) {
        codec_fail(codec, MN_TOO_LARGE);
        return;
    }
    if (codec_check(codec, is(text, length))) {
        memset(out, 0, out_size);
        memcpy(out, text, length);
    }
}

void codec_text_in(struct codec *codec, const char *text, char *out, size_t out_size)
{
    text_in(codec, text, text_is_ascii, out, out_size);
}

void codec_prose_in(struct codec *codec, const char *text, char *out, size_t out_size)
{
    text_in(codec, text, mn_prose_is, out, out_size);
}

const char *codec_store_in(struct codec *codec, const char *text)
{
    char *store = codec_take(codec, MN_PATH_SIZE_MAX, 1);
    if (store != NULL) {
        codec_text_in(codec, text, store, MN_PATH_SIZE_MAX);
        (void)codec_check(codec, store[0] == '/');
    }
    return store;
}

void codec_endpoint_in(struct codec *codec, const char *text, struct mn_endpoint *endpoint)
{
    codec_text_in(codec, text, endpoint->text, sizeof endpoint->text);
}

void codec_key_in(struct codec *codec, const char *text, bool optional, char *out)
{
    size_t length = strnlen(text, MN_KEY_TEXT_SIZE);
    if (codec_check(codec, length == MN_KEY_TEXT_LENGTH || (optional && length == 0))) {
        codec_text_in(codec, text, out, MN_KEY_TEXT_SIZE);
    }
}

mn_run codec_run_in(struct codec *codec, uint32_t run)
{
    (void)codec_check(codec, run <= MN_RUN_MAX);
    return run;
}

uint64_t codec_generation_in(struct codec *codec, uint64_t generation)
{
    (void)codec_check(codec, generation <= MN_GENERATION_MAX);
    return generation;
}

mn_epoch codec_epoch_in(struct codec *codec, int64_t epoch, mn_epoch least)
{
    (void)codec_check(codec, epoch >= least && epoch <= MN_EPOCH_MAX);
    return epoch;
}

uint32_t codec_index_in(struct codec *codec, uint32_t index, uint32_t count)
{
    (void)codec_check(codec, index < count);
    return index;
}

uint32_t codec_enum_in(struct codec *codec, uint32_t value, uint32_t most)
{
    return codec_check(codec, value <= most) ? value : 0;
}

mn_result codec_code_in(uint32_t code)
{
    switch (code) {
#define CODEC_CODE(name, number, text, again)                                                      \
    case -(number):                                                                                \
        return name;
        MN_RESULTS(CODEC_CODE)
#undef CODEC_CODE
    }
    return MN_IO;
}

uint32_t codec_row_count_in(struct codec *codec, size_t count)
{
    return codec_count_in(codec, count,
                          codec->row_count_max != 0 ? codec->row_count_max
                                                    : (uint32_t)MN_BATCH_ROW_COUNT_MAX);
}

uint32_t codec_count_in(struct codec *codec, size_t count, uint32_t most)
{
    if (count > most) {
        codec_fail(codec, MN_TOO_LARGE);
        return 0;
    }
    return (uint32_t)count;
}

void codec_slice_in(struct codec *codec, uint32_t count, uint32_t total, uint32_t *at,
                    uint32_t *first)
{
    if (codec_check(codec, count <= total - *at)) {
        *first = *at;
        *at += count;
    }
}
