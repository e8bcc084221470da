/* Messages made by chance, and held against protobuf-c. */
#include "oracle/message.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "control.pb-c.h"
#include "copies.pb-c.h"
#include "evidence.pb-c.h"
#include "local.pb-c.h"
#include "operator.pb-c.h"
#include "session.pb-c.h"
#include "stored.pb-c.h"
#include "wire/codec_pack.h"
#include "wire/codec_unpack.h"

enum { FIELD_COUNT_MAX = 64, ID_MAX = (1 << 29) - 1 };

const ProtobufCMessageDescriptor *const MESSAGE_FAMILIES[MESSAGE_FAMILY_COUNT] = {
    &mneme__up__descriptor,
    &mneme__down__descriptor,
    &mneme__copies__descriptor,
    &mneme__evidence__descriptor,
    &mneme__from_vat__descriptor,
    &mneme__to_vat__descriptor,
    &mneme__operator_request__descriptor,
    &mneme__operator_reply__descriptor,
    &mneme__session__descriptor,
    &mneme__checkpoint_record__descriptor,
    &mneme__session_state__descriptor,
    &mneme__journal_record__descriptor,
    &mneme__agent_record__descriptor,
};

static size_t item_size(ProtobufCType type)
{
    switch ((int)type) {
    case PROTOBUF_C_TYPE_UINT32:
        return sizeof(uint32_t);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64:
        return sizeof(uint64_t);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return sizeof(void *);
    }
}

/* ---- by chance ------------------------------------------------------------------------------- */

/* Small, and seldom not. */
static size_t some_count(struct mn_random *random)
{
    return mn_random_below(random, 20) == 0 ? mn_random_below(random, 400)
                                            : mn_random_below(random, 6);
}

static void *taken(struct mn_arena *arena, size_t size)
{
    void *bytes = mn_arena_take(arena, size);
    mn_assert(bytes != NULL);
    return bytes;
}

static unsigned char *some_bytes(struct mn_random *random, struct mn_arena *arena, size_t size)
{
    unsigned char *bytes = taken(arena, size + 1);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (unsigned char)(mn_random_below(random, 255) + 1);
    }
    return bytes;
}

static void make_value(const ProtobufCFieldDescriptor *field, struct mn_random *random,
                       struct mn_arena *arena, void *at)
{
    uint64_t number = mn_random_next(random) >> mn_random_below(random, 64);
    protobuf_c_boolean flag = mn_random_below(random, 2) != 0;
    ProtobufCBinaryData data = {.len = some_count(random)};
    const void *pointer = NULL;
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64:
        memcpy(at, &number, item_size(field->type)); /* its low bytes are enough for uint32 */
        return;
    case PROTOBUF_C_TYPE_BOOL:
        memcpy(at, &flag, sizeof flag);
        return;
    case PROTOBUF_C_TYPE_BYTES:
        data.data = data.len > 0 ? some_bytes(random, arena, data.len) : NULL;
        memcpy(at, &data, sizeof data);
        return;
    case PROTOBUF_C_TYPE_STRING:
        pointer = some_bytes(random, arena, some_count(random));
        break;
    default:
        mn_assert(field->type == PROTOBUF_C_TYPE_MESSAGE);
        pointer = message_make(field->descriptor, random, arena);
    }
    memcpy(at, &pointer, sizeof pointer);
}

static void make_rows(const ProtobufCFieldDescriptor *field, struct mn_random *random,
                      struct mn_arena *arena, unsigned char *message)
{
    size_t count = some_count(random);
    count = field->type == PROTOBUF_C_TYPE_MESSAGE ? count % 10 : count;
    unsigned char *items = taken(arena, count * item_size(field->type));
    for (size_t i = 0; i < count; i++) {
        make_value(field, random, arena, items + i * item_size(field->type));
    }
    memcpy(message + field->quantifier_offset, &count, sizeof count);
    memcpy(message + field->offset, &items, sizeof items);
}

ProtobufCMessage *message_make(const ProtobufCMessageDescriptor *descriptor,
                               struct mn_random *random, struct mn_arena *arena)
{
    unsigned char *message = taken(arena, descriptor->sizeof_message);
    protobuf_c_message_init(descriptor, message);
    /* Which of a oneof, if it is set: there is at most one in a message. */
    unsigned chosen = (unsigned)mn_random_below(random, descriptor->n_fields + 1);
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        uint32_t set = 0;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            make_rows(field, random, arena, message);
        } else if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0) {
            if (mn_random_below(random, 3) > 0) {
                make_value(field, random, arena, message + field->offset);
            }
        } else {
            memcpy(&set, message + field->quantifier_offset, sizeof set);
            if (set == 0 && i >= chosen) {
                memcpy(message + field->quantifier_offset, &field->id, sizeof field->id);
                make_value(field, random, arena, message + field->offset);
            }
        }
    }
    return (ProtobufCMessage *)(void *)message;
}

/* ---- equal ----------------------------------------------------------------------------------- */

static bool messages_equal(const ProtobufCMessage *a, const ProtobufCMessage *b);

static bool values_equal(const ProtobufCFieldDescriptor *field, const void *a, const void *b)
{
    ProtobufCBinaryData data[2];
    const void *pointers[2];
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_BYTES:
        memcpy(&data[0], a, sizeof data[0]);
        memcpy(&data[1], b, sizeof data[1]);
        return data[0].len == data[1].len &&
               (data[0].len == 0 || memcmp(data[0].data, data[1].data, data[0].len) == 0);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        memcpy(&pointers[0], a, sizeof pointers[0]);
        memcpy(&pointers[1], b, sizeof pointers[1]);
        if (pointers[0] == NULL || pointers[1] == NULL) {
            return pointers[0] == pointers[1];
        }
        return field->type == PROTOBUF_C_TYPE_STRING ? strcmp(pointers[0], pointers[1]) == 0
                                                     : messages_equal(pointers[0], pointers[1]);
    default:
        return memcmp(a, b, item_size(field->type)) == 0;
    }
}

static bool rows_equal(const ProtobufCFieldDescriptor *field, const unsigned char *a,
                       const unsigned char *b)
{
    size_t count = 0;
    const unsigned char *items[2];
    if (memcmp(a + field->quantifier_offset, b + field->quantifier_offset, sizeof count) != 0) {
        return false;
    }
    memcpy(&count, a + field->quantifier_offset, sizeof count);
    memcpy(&items[0], a + field->offset, sizeof items[0]);
    memcpy(&items[1], b + field->offset, sizeof items[1]);
    for (size_t i = 0; i < count; i++) {
        size_t at = i * item_size(field->type);
        if (!values_equal(field, items[0] + at, items[1] + at)) {
            return false;
        }
    }
    return true;
}

static bool messages_equal(const ProtobufCMessage *first, const ProtobufCMessage *second)
{
    const unsigned char *a = (const unsigned char *)first;
    const unsigned char *b = (const unsigned char *)second;
    if (first->descriptor != second->descriptor) {
        return false;
    }
    for (unsigned i = 0; i < first->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &first->descriptor->fields[i];
        bool equal = true;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            equal = rows_equal(field, a, b);
        } else if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0) {
            equal = values_equal(field, a + field->offset, b + field->offset);
        } else {
            uint32_t chosen = 0;
            memcpy(&chosen, a + field->quantifier_offset, sizeof chosen);
            equal =
                memcmp(&chosen, b + field->quantifier_offset, sizeof chosen) == 0 &&
                (chosen != field->id || values_equal(field, a + field->offset, b + field->offset));
        }
        if (!equal) {
            return false;
        }
    }
    return true;
}

/* ---- stricter -------------------------------------------------------------------------------- */

/* Read a varint of bytes that protobuf-c takes; *odd when it has more than 64 bits. */
static const unsigned char *odd_varint(const unsigned char *at, uint64_t *value, bool *odd)
{
    *value = 0;
    for (unsigned i = 0;; i++) {
        uint64_t byte = *at++;
        *odd = *odd || (i == 9 && byte > 1);
        *value |= i == 9 ? byte << 63 : (byte & 0x7F) << (7 * i);
        if (byte < 0x80) {
            return at;
        }
    }
}

/* Whether bytes that protobuf-c takes for a message are of those that are refused here. */
static bool is_odd(const ProtobufCMessageDescriptor *descriptor, const unsigned char *at,
                   const unsigned char *end)
{
    bool seen[FIELD_COUNT_MAX] = {false};
    bool chosen = false;
    bool odd = false;
    while (at < end && !odd) {
        uint64_t tag = 0;
        uint64_t value = 0;
        at = odd_varint(at, &tag, &odd);
        odd = odd || tag >> 3 == 0 || tag >> 3 > ID_MAX;
        const ProtobufCFieldDescriptor *field =
            odd ? NULL : protobuf_c_message_descriptor_get_field(descriptor, (unsigned)(tag >> 3));
        bool number = false;
        if (field != NULL) {
            bool *before = &seen[field - descriptor->fields];
            bool single = field->label != PROTOBUF_C_LABEL_REPEATED;
            bool oneof = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
            odd =
                odd || (single && field->type == PROTOBUF_C_TYPE_MESSAGE && *before) ||
                (oneof && chosen) ||
                (field->type == PROTOBUF_C_TYPE_BOOL && (tag & 7) != PROTOBUF_C_WIRE_TYPE_VARINT &&
                 (single || (tag & 7) != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED));
            *before = true;
            chosen = chosen || oneof;
            number = item_size(field->type) == sizeof(uint32_t) ||
                     field->type == PROTOBUF_C_TYPE_UINT64 || field->type == PROTOBUF_C_TYPE_INT64;
        }
        switch (tag & 7) {
        case PROTOBUF_C_WIRE_TYPE_VARINT:
            at = odd_varint(at, &value, &odd);
            break;
        case PROTOBUF_C_WIRE_TYPE_64BIT:
            at += 8;
            break;
        case PROTOBUF_C_WIRE_TYPE_32BIT:
            at += 4;
            break;
        default:
            at = odd_varint(at, &value, &odd);
            if (field != NULL && field->type == PROTOBUF_C_TYPE_MESSAGE) {
                odd = odd || is_odd(field->descriptor, at, at + value);
            }
            for (const unsigned char *next = at; number && !odd && next < at + value;) {
                uint64_t ignored = 0;
                next = odd_varint(next, &ignored, &odd);
            }
            at += value;
        }
    }
    return odd;
}

/* ---- compared -------------------------------------------------------------------------------- */

void message_compare_packing(const ProtobufCMessage *message, struct mn_buffer *buffer)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    size_t before = buffer->size;
    unsigned char *expected = malloc(size + 1);
    mn_assert(expected != NULL);
    mn_assert(protobuf_c_message_pack(message, expected) == size);
    mn_assert(codec_message_pack(message, buffer) == MN_OK);
    mn_assert(buffer->size - before == size);
    mn_assert(size == 0 || memcmp(buffer->bytes + before, expected, size) == 0);
    free(expected);
}

bool message_compare_unpacking(const ProtobufCMessageDescriptor *descriptor, const void *bytes,
                               size_t size)
{
    /* Exactly as many bytes, so that reading past them is noticed. */
    unsigned char *copy = malloc(size > 0 ? size : 1);
    struct mn_arena arena = {0};
    struct mn_buffer again = {0};
    ProtobufCMessage *ours = NULL;
    uint32_t unknown = 0;
    mn_assert(copy != NULL);
    memcpy(copy, bytes, size);
    ProtobufCMessage *theirs = protobuf_c_message_unpack(descriptor, NULL, size, copy);
    mn_result result = codec_message_unpack(descriptor, &arena, copy, size, &ours, &unknown);
    if (result == MN_OK) {
        mn_assert(theirs != NULL);
        mn_assert(messages_equal(ours, theirs));
        mn_assert(theirs->n_unknown_fields == 0 || unknown != 0);
        message_compare_packing(ours, &again);
    } else {
        mn_assert(result == MN_BAD_INPUT);
        mn_assert(theirs == NULL || is_odd(descriptor, copy, copy + size));
    }
    if (theirs != NULL) {
        protobuf_c_message_free_unpacked(theirs, NULL);
    }
    mn_buffer_deinit(&again);
    mn_arena_deinit(&arena);
    free(copy);
    return result == MN_OK;
}
