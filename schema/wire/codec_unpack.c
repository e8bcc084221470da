/* Unpacking in one pass. Of a repeated field all that stand one after the other are counted before
 * the first is read, so that their array is taken at once; when more of them come after something
 * else, the array doubles. Its room stands before it in the arena.
 *
 * A function that reads takes the place of what it reads and where that ends, and gives the place
 * behind it; NULL when it is not there whole, or memory is out. */
#include "codec_unpack.h"

#include <endian.h>
#include <stdalign.h>
#include <string.h>

#include "base/check.h"

enum {
    UNPACK_VARINT_SIZE_MAX = 10,
    UNPACK_SHORT_SIZE_MAX = 5, /* of tags and lengths */
    UNPACK_ID_SHIFT = 3
};

struct unpacker {
    struct mn_arena *arena;
    uint32_t unknown; /* the first field that is not known; 0: none */
    mn_result result; /* of what is not understood */
};

/* A field as its tag says: the tag's own bytes are there to be found again. */
struct tag {
    uint32_t id;
    ProtobufCWireType type;
    const unsigned char *bytes;
    size_t size;
};

/* A repeated field's array, behind the number of elements that it has room for. */
struct row_block {
    size_t capacity;
    alignas(max_align_t) unsigned char items[];
};

static void *unpacker_take(struct unpacker *unpacker, size_t size)
{
    void *taken = mn_arena_take_unset(unpacker->arena, size);
    if (taken == NULL) {
        unpacker->result = MN_NO_MEMORY;
    }
    return taken;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static const unsigned char *read_slowly(const unsigned char *at, const unsigned char *end,
                                        size_t size_max, uint64_t *value)
{
    uint64_t sum = 0;
    const unsigned char *most = (size_t)(end - at) > size_max ? at + size_max : end;
    for (unsigned shift = 0; at < most; shift += 7) {
        uint64_t byte = *at++;
        sum |= (byte & 0x7F) << shift;
        if (byte < 0x80) {
            *value = sum;
            /* Of the tenth byte there is room for one bit. */
            return shift < 63 || byte <= 1 ? at : NULL;
        }
    }
    return NULL;
}

/* A varint of any length. Where eight bytes are left, and it ends in them, they are taken together:
 * first what comes after its last byte is cleared, then groups of 7, 14 and 28 bits are moved to
 * their neighbours. */
static inline const unsigned char *read_long(const unsigned char *at, const unsigned char *end,
                                             uint64_t *value)
{
    if (end - at >= (ptrdiff_t)sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, at, sizeof word);
        word = le64toh(word);
        uint64_t last = ~word & UINT64_C(0x8080808080808080);
        if (last != 0) {
            word &= last ^ (last - 1);
            word =
                (word & UINT64_C(0x007F007F007F007F)) | (word & UINT64_C(0x7F007F007F007F00)) >> 1;
            word =
                (word & UINT64_C(0x00003FFF00003FFF)) | (word & UINT64_C(0x3FFF00003FFF0000)) >> 2;
            *value = (word & UINT64_C(0x0FFFFFFF)) | (word & UINT64_C(0x0FFFFFFF00000000)) >> 4;
            return at + (__builtin_ctzll(last) + 1) / 8;
        }
    }
    return read_slowly(at, end, UNPACK_VARINT_SIZE_MAX, value);
}

static inline const unsigned char *read_varint(const unsigned char *at, const unsigned char *end,
                                               uint64_t *value)
{
    if (at < end && *at < 0x80) {
        *value = *at;
        return at + 1;
    }
    return read_long(at, end, value);
}

/* A tag or a length, which are shorter. */
static inline const unsigned char *read_short(const unsigned char *at, const unsigned char *end,
                                              uint64_t *value)
{
    if (at < end && *at < 0x80) {
        *value = *at;
        return at + 1;
    }
    return read_slowly(at, end, UNPACK_SHORT_SIZE_MAX, value);
}

static inline const unsigned char *read_tag(const unsigned char *at, const unsigned char *end,
                                            struct tag *tag)
{
    uint64_t value = 0;
    const unsigned char *next = read_short(at, end, &value);
    if (next == NULL || value > UINT32_MAX || value >> UNPACK_ID_SHIFT == 0) {
        return NULL;
    }
    *tag = (struct tag){.id = (uint32_t)value >> UNPACK_ID_SHIFT,
                        .type = (ProtobufCWireType)(value & ((1U << UNPACK_ID_SHIFT) - 1)),
                        .bytes = at,
                        .size = (size_t)(next - at)};
    return next;
}

/* Whether the next field's tag is written as @tag was. */
static inline bool is_same_tag(const unsigned char *at, const unsigned char *end,
                               const struct tag *tag)
{
    return (size_t)(end - at) >= tag->size && *at == *tag->bytes &&
           (tag->size == 1 || memcmp(at, tag->bytes, tag->size) == 0);
}

/* Read a length; what it is the length of ends at the place that is given, and begins at *inner. */
static inline const unsigned char *read_inner(const unsigned char *at, const unsigned char *end,
                                              const unsigned char **inner)
{
    uint64_t size = 0;
    at = read_short(at, end, &size);
    if (at == NULL || size > (size_t)(end - at)) {
        return NULL;
    }
    *inner = at;
    return at + size;
}

static const unsigned char *pass_over(const unsigned char *at, const unsigned char *end,
                                      ProtobufCWireType type)
{
    uint64_t value = 0;
    const unsigned char *inner = NULL;
    switch (type) {
    case PROTOBUF_C_WIRE_TYPE_VARINT:
        return read_varint(at, end, &value);
    case PROTOBUF_C_WIRE_TYPE_64BIT:
        return (size_t)(end - at) >= sizeof(uint64_t) ? at + sizeof(uint64_t) : NULL;
    case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
        return read_inner(at, end, &inner);
    case PROTOBUF_C_WIRE_TYPE_32BIT:
        return (size_t)(end - at) >= sizeof(uint32_t) ? at + sizeof(uint32_t) : NULL;
    }
    return NULL; /* groups, and what is no type at all */
}

/* ---- values ---------------------------------------------------------------------------------- */

static ProtobufCMessage *unpack_message(struct unpacker *unpacker,
                                        const ProtobufCMessageDescriptor *descriptor,
                                        const unsigned char *at, const unsigned char *end);

static inline bool is_number(ProtobufCType type)
{
    return type != PROTOBUF_C_TYPE_STRING && type != PROTOBUF_C_TYPE_BYTES &&
           type != PROTOBUF_C_TYPE_MESSAGE;
}

static inline bool is_large(ProtobufCType type)
{
    return type == PROTOBUF_C_TYPE_UINT64 || type == PROTOBUF_C_TYPE_INT64;
}

static inline void put_number(ProtobufCType type, uint64_t number, unsigned char *member)
{
    if (is_large(type)) {
        *(uint64_t *)(void *)member = number;
    } else {
        *(uint32_t *)(void *)member = type == PROTOBUF_C_TYPE_BOOL ? number != 0 : (uint32_t)number;
    }
}

static inline void put_pointer(const void *pointer, unsigned char *member)
{
    memcpy(member, &pointer, sizeof pointer);
}

static inline unsigned char *pointer_at(const unsigned char *member)
{
    unsigned char *pointer = NULL;
    memcpy(&pointer, member, sizeof pointer);
    return pointer;
}

/* What has a length: text, bytes or a message. */
static const unsigned char *unpack_whole(struct unpacker *unpacker,
                                         const ProtobufCFieldDescriptor *field,
                                         const unsigned char *at, const unsigned char *end,
                                         unsigned char *member)
{
    const unsigned char *inner = NULL;
    end = read_inner(at, end, &inner);
    if (end == NULL) {
        return NULL;
    }
    size_t size = (size_t)(end - inner);
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        ProtobufCMessage *message = unpack_message(unpacker, field->descriptor, inner, end);
        put_pointer(message, member);
        return message == NULL ? NULL : end;
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        ProtobufCBinaryData *data = (ProtobufCBinaryData *)(void *)member;
        data->len = size;
        put_pointer(size > 0 ? inner : NULL, (unsigned char *)&data->data);
        return end;
    }
    char *text = unpacker_take(unpacker, size + 1);
    if (text == NULL) {
        return NULL;
    }
    memcpy(text, inner, size);
    text[size] = '\0';
    put_pointer(text, member);
    return end;
}

static inline const unsigned char *unpack_value(struct unpacker *unpacker,
                                                const ProtobufCFieldDescriptor *field,
                                                ProtobufCWireType type, const unsigned char *at,
                                                const unsigned char *end, unsigned char *member)
{
    if (!is_number(field->type)) {
        return type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED
                   ? unpack_whole(unpacker, field, at, end, member)
                   : NULL;
    }
    uint64_t number = 0;
    at = type == PROTOBUF_C_WIRE_TYPE_VARINT ? read_varint(at, end, &number) : NULL;
    if (at != NULL) {
        put_number(field->type, number, member);
    }
    return at;
}

/* Whether the field may be set: a message or a oneof has not been set before. */
static inline bool single_begin(const ProtobufCFieldDescriptor *field, unsigned char *message)
{
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        uint32_t *chosen = (uint32_t *)(void *)(message + field->quantifier_offset);
        bool first = *chosen == 0;
        *chosen = field->id;
        return first;
    }
    return field->type != PROTOBUF_C_TYPE_MESSAGE || pointer_at(message + field->offset) == NULL;
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* How many numbers the bytes of a packed field are: each has one byte that ends it. */
static size_t count_column(const unsigned char *at, const unsigned char *end)
{
    size_t count = 0;
    for (; end - at >= (ptrdiff_t)sizeof(uint64_t); at += sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, at, sizeof word);
        /* A one in each byte that ends a number; multiplying sums them up in the highest byte. */
        word = ~word >> 7 & UINT64_C(0x0101010101010101);
        count += word * UINT64_C(0x0101010101010101) >> 56;
    }
    for (; at < end; at++) {
        count += *at < 0x80;
    }
    return count;
}

/* How many elements there are in fields with @tag that stand one after the other, the first of
 * which has its tag read already. What is wrong is found when they are read. */
static size_t count_run(const unsigned char *at, const unsigned char *end, const struct tag *tag,
                        bool packed)
{
    size_t count = 0;
    do {
        const unsigned char *inner = NULL;
        at = packed ? read_inner(at, end, &inner) : pass_over(at, end, tag->type);
        if (at == NULL) {
            return count;
        }
        count += packed ? count_column(inner, at) : 1;
        if (!is_same_tag(at, end, tag)) {
            return count;
        }
        at += tag->size;
    } while (true);
}

/* Room for @more elements behind the @count ones that the array at @member has. NULL when memory is
 * out. */
static unsigned char *rows_reserve(struct unpacker *unpacker, size_t size, unsigned char *member,
                                   size_t count, size_t more)
{
    unsigned char *items = pointer_at(member);
    size_t capacity = 0;
    if (count > 0) {
        items -= offsetof(struct row_block, items);
        capacity = ((struct row_block *)(void *)items)->capacity;
        items += offsetof(struct row_block, items);
    }
    if (more <= capacity - count) {
        return items;
    }
    capacity = capacity * 2 > count + more ? capacity * 2 : count + more;
    struct row_block *block = unpacker_take(unpacker, sizeof *block + capacity * size);
    if (block == NULL) {
        return NULL;
    }
    block->capacity = capacity;
    if (count > 0) {
        memcpy(block->items, items, count * size);
    }
    put_pointer(block->items, member);
    return block->items;
}

/* A whole packed field; *@count grows by its numbers. */
static const unsigned char *unpack_column(ProtobufCType type, const unsigned char *at,
                                          const unsigned char *end, unsigned char *items,
                                          size_t *count)
{
    const unsigned char *inner = NULL;
    end = read_inner(at, end, &inner);
    if (end == NULL) {
        return NULL;
    }
    bool large = is_large(type);
    bool flags = type == PROTOBUF_C_TYPE_BOOL;
    size_t i = *count;
    for (; inner < end; i++) {
        uint64_t number = 0;
        inner = read_varint(inner, end, &number);
        if (inner == NULL) {
            return NULL;
        }
        if (large) {
            ((uint64_t *)(void *)items)[i] = number;
        } else {
            ((uint32_t *)(void *)items)[i] = flags ? number != 0 : (uint32_t)number;
        }
    }
    *count = i;
    return end;
}

/* All of a repeated field that stands here one after the other. There is no array while it has no
 * elements. */
static const unsigned char *unpack_rows(struct unpacker *unpacker,
                                        const ProtobufCFieldDescriptor *field,
                                        const struct tag *tag, const unsigned char *at,
                                        const unsigned char *end, unsigned char *message)
{
    size_t *count = (size_t *)(void *)(message + field->quantifier_offset);
    unsigned char *items = pointer_at(message + field->offset);
    bool packed = tag->type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED && is_number(field->type);
    size_t size = !is_number(field->type) || is_large(field->type) ? 8 : sizeof(uint32_t);
    size_t more = count_run(at, end, tag, packed);
    if (more > 0) {
        items = rows_reserve(unpacker, size, message + field->offset, *count, more);
        if (items == NULL) {
            return NULL;
        }
    } else if (!packed) {
        return NULL;
    }
    do {
        if (packed) {
            at = unpack_column(field->type, at, end, items, count);
        } else {
            at = unpack_value(unpacker, field, tag->type, at, end, items + *count * size);
            *count += 1;
        }
        if (at == NULL || !is_same_tag(at, end, tag)) {
            return at;
        }
        at += tag->size;
    } while (true);
}

/* ---- messages -------------------------------------------------------------------------------- */

/* The field with number @id; NULL if there is none. Most messages have all numbers from their first
 * one on. */
static inline const ProtobufCFieldDescriptor *
field_find(const ProtobufCMessageDescriptor *descriptor, uint32_t id)
{
    const ProtobufCFieldDescriptor *fields = descriptor->fields;
    unsigned count = descriptor->n_fields;
    if (id <= count && fields[id - 1].id == id) {
        return &fields[id - 1];
    }
    for (unsigned i = 0; i < count; i++) {
        if (fields[i].id == id) {
            return &fields[i];
        }
    }
    return NULL;
}

static ProtobufCMessage *unpack_message(struct unpacker *unpacker,
                                        const ProtobufCMessageDescriptor *descriptor,
                                        const unsigned char *at, const unsigned char *end)
{
    ProtobufCMessage *message = unpacker_take(unpacker, descriptor->sizeof_message);
    unsigned char *bytes = (unsigned char *)message;
    if (message == NULL) {
        return NULL;
    }
    protobuf_c_message_init(descriptor, message);
    while (at < end) {
        struct tag tag;
        at = read_tag(at, end, &tag);
        if (at == NULL) {
            return NULL;
        }
        const ProtobufCFieldDescriptor *field = field_find(descriptor, tag.id);
        if (field == NULL) {
            unpacker->unknown = unpacker->unknown == 0 ? tag.id : unpacker->unknown;
            at = pass_over(at, end, tag.type);
        } else if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            at = unpack_rows(unpacker, field, &tag, at, end, bytes);
        } else {
            at = single_begin(field, bytes)
                     ? unpack_value(unpacker, field, tag.type, at, end, bytes + field->offset)
                     : NULL;
        }
        if (at == NULL) {
            return NULL;
        }
    }
    return message;
}

mn_result codec_message_unpack(const ProtobufCMessageDescriptor *descriptor, struct mn_arena *arena,
                               const void *bytes, size_t size, ProtobufCMessage **out,
                               uint32_t *unknown)
{
    struct unpacker unpacker = {.arena = arena, .result = MN_BAD_INPUT};
    const unsigned char *begin = bytes;
    ProtobufCMessage *message =
        unpack_message(&unpacker, descriptor, begin, size > 0 ? begin + size : begin);
    if (message == NULL) {
        return unpacker.result;
    }
    *out = message;
    *unknown = unpacker.unknown;
    return MN_OK;
}
