/* Packing from the last byte to the first, at the end of the buffer's room; what has been written
 * is moved when the room grows, and once more to where it belongs. Each function takes the place of
 * the first byte that has been written and gives that of the new first one, NULL after a failure;
 * whoever writes has asked for room before, so nothing is written below what the buffer held. */
#include "codec_pack.h"

#include <string.h>

#include "base/check.h"

enum {
    PACK_ROOM_SIZE = 256, /* most messages are shorter */
    PACK_VARINT_SIZE_MAX = 10,
    PACK_HEAD_SIZE_MAX = 5 + PACK_VARINT_SIZE_MAX /* a tag, and a number or a length */
};

struct packing {
    struct mn_buffer *buffer;
    unsigned char *begin; /* where what the buffer held ends */
    unsigned char *end;   /* of its room */
    mn_result result;     /* of the last growth */
};

static void packing_place(struct packing *packing)
{
    packing->begin = packing->buffer->bytes + packing->buffer->size;
    packing->end = packing->buffer->bytes + packing->buffer->capacity;
}

static unsigned char *packing_grow(struct packing *packing, const unsigned char *at, size_t size)
{
    struct mn_buffer *buffer = packing->buffer;
    size_t capacity = buffer->capacity;
    size_t written = (size_t)(packing->end - at);
    packing->result = mn_buffer_reserve(buffer, written + size);
    if (packing->result != MN_OK) {
        return NULL;
    }
    packing_place(packing);
    return memmove(packing->end - written, buffer->bytes + capacity - written, written);
}

/* Have room for @size bytes below @at, which may move. */
static inline unsigned char *packing_room(struct packing *packing, unsigned char *at, size_t size)
{
    return (size_t)(at - packing->begin) >= size ? at : packing_grow(packing, at, size);
}

/* The number needs room for PACK_VARINT_SIZE_MAX bytes. */
static inline unsigned char *put_varint(unsigned char *at, uint64_t value)
{
    if (value < 0x80) {
        *--at = (unsigned char)value;
        return at;
    }
    /* Seven bits a byte: bit b is in byte b / 7, and (9 b + 73) / 64 is b / 7 + 1 for all b. */
    unsigned top = 63 ^ (unsigned)__builtin_clzll(value);
    at -= (9 * top + 73) / 64;
    unsigned char *next = at;
    do {
        *next++ = (unsigned char)(value | 0x80);
        value >>= 7;
    } while (value >= 0x80);
    *next = (unsigned char)value;
    return at;
}

static inline unsigned char *put_tag(unsigned char *at, uint32_t id, ProtobufCWireType type)
{
    return put_varint(at, (uint64_t)id << 3 | type);
}

static inline unsigned char *put_number(struct packing *packing, unsigned char *at, uint32_t id,
                                        uint64_t value)
{
    at = packing_room(packing, at, PACK_HEAD_SIZE_MAX);
    return at == NULL ? NULL : put_tag(put_varint(at, value), id, PROTOBUF_C_WIRE_TYPE_VARINT);
}

/* Say that the @size bytes from @at on are of field @id. */
static inline unsigned char *put_head(struct packing *packing, unsigned char *at, uint32_t id,
                                      size_t size)
{
    at = packing_room(packing, at, PACK_HEAD_SIZE_MAX);
    return at == NULL ? NULL
                      : put_tag(put_varint(at, size), id, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED);
}

static unsigned char *put_bytes(struct packing *packing, unsigned char *at, uint32_t id,
                                const void *bytes, size_t size)
{
    at = packing_room(packing, at, size + PACK_HEAD_SIZE_MAX);
    if (at == NULL) {
        return NULL;
    }
    if (size > 0) {
        at -= size;
        memcpy(at, bytes, size);
    }
    return put_head(packing, at, id, size);
}

static unsigned char *put_message(struct packing *packing, unsigned char *at,
                                  const ProtobufCMessage *message);

static unsigned char *put_nested(struct packing *packing, unsigned char *at, uint32_t id,
                                 const ProtobufCMessage *message)
{
    size_t before = (size_t)(packing->end - at);
    at = put_message(packing, at, message);
    return at == NULL ? NULL : put_head(packing, at, id, (size_t)(packing->end - at) - before);
}

/* A pointer of any type that the generated struct has at @member. */
static inline const void *pointer_at(const unsigned char *member)
{
    const void *pointer = NULL;
    memcpy(&pointer, member, sizeof pointer);
    return pointer;
}

/* One value that is not repeated: a default is left out unless @chosen says that a oneof is set to
 * it. A message or text that is not there is left out in any case. */
static inline unsigned char *put_single(struct packing *packing, unsigned char *at,
                                        const ProtobufCFieldDescriptor *field,
                                        const unsigned char *member, bool chosen)
{
    uint64_t number = 0;
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_MESSAGE: {
        const ProtobufCMessage *message = pointer_at(member);
        return message == NULL ? at : put_nested(packing, at, field->id, message);
    }
    case PROTOBUF_C_TYPE_STRING: {
        const char *text = pointer_at(member);
        return text == NULL || text[0] == '\0'
                   ? at
                   : put_bytes(packing, at, field->id, text, strlen(text));
    }
    case PROTOBUF_C_TYPE_BYTES: {
        const ProtobufCBinaryData *data = (const ProtobufCBinaryData *)(const void *)member;
        return data->len == 0 && !chosen ? at
                                         : put_bytes(packing, at, field->id, data->data, data->len);
    }
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64:
        number = *(const uint64_t *)(const void *)member;
        break;
    case PROTOBUF_C_TYPE_UINT32:
        number = *(const uint32_t *)(const void *)member;
        break;
    case PROTOBUF_C_TYPE_BOOL:
        number = *(const uint32_t *)(const void *)member != 0;
        break;
    default:
        mn_assert(false); /* schema/proto has no other types */
    }
    return number == 0 && !chosen ? at : put_number(packing, at, field->id, number);
}

/* Numbers one after the other, with one tag and the length of all. */
static unsigned char *put_column(struct packing *packing, unsigned char *at,
                                 const ProtobufCFieldDescriptor *field, const void *items,
                                 size_t count)
{
    size_t before = (size_t)(packing->end - at);
    bool large = field->type == PROTOBUF_C_TYPE_UINT64 || field->type == PROTOBUF_C_TYPE_INT64;
    bool flags = field->type == PROTOBUF_C_TYPE_BOOL;
    mn_assert(large || flags || field->type == PROTOBUF_C_TYPE_UINT32);
    for (size_t i = count; i-- > 0;) {
        uint64_t number = large ? ((const uint64_t *)items)[i] : ((const uint32_t *)items)[i];
        at = packing_room(packing, at, PACK_VARINT_SIZE_MAX);
        if (at == NULL) {
            return NULL;
        }
        at = put_varint(at, flags ? number != 0 : number);
    }
    return put_head(packing, at, field->id, (size_t)(packing->end - at) - before);
}

static unsigned char *put_repeated(struct packing *packing, unsigned char *at,
                                   const ProtobufCFieldDescriptor *field,
                                   const unsigned char *items, size_t count)
{
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_PACKED) != 0) {
        return put_column(packing, at, field, items, count);
    }
    mn_assert(field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE);
    for (size_t i = count; i-- > 0 && at != NULL;) {
        const void *item = pointer_at(items + i * sizeof item);
        at = field->type == PROTOBUF_C_TYPE_STRING
                 ? put_bytes(packing, at, field->id, item, strlen(item))
                 : put_nested(packing, at, field->id, item);
    }
    return at;
}

static unsigned char *put_message(struct packing *packing, unsigned char *at,
                                  const ProtobufCMessage *message)
{
    const ProtobufCFieldDescriptor *fields = message->descriptor->fields;
    const unsigned char *bytes = (const unsigned char *)message;
    for (unsigned i = message->descriptor->n_fields; i-- > 0 && at != NULL;) {
        const ProtobufCFieldDescriptor *field = &fields[i];
        const unsigned char *member = bytes + field->offset;
        const void *quantifier = bytes + field->quantifier_offset;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            size_t count = *(const size_t *)quantifier;
            at = count == 0 ? at : put_repeated(packing, at, field, pointer_at(member), count);
        } else {
            bool oneof = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
            at = oneof && *(const uint32_t *)quantifier != field->id
                     ? at
                     : put_single(packing, at, field, member, oneof);
        }
    }
    return at;
}

mn_result codec_message_pack(const ProtobufCMessage *message, struct mn_buffer *buffer)
{
    mn_result result = mn_buffer_reserve(buffer, PACK_ROOM_SIZE);
    if (result != MN_OK) {
        return result;
    }
    struct packing packing = {.buffer = buffer};
    packing_place(&packing);
    unsigned char *at = put_message(&packing, packing.end, message);
    if (at == NULL) {
        return packing.result;
    }
    size_t size = (size_t)(packing.end - at);
    memmove(packing.begin, at, size);
    buffer->size += size;
    return MN_OK;
}
