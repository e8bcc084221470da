/* What is packed and unpacked here is what protobuf-c packs and unpacks, for every family. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "control.pb-c.h"
#include "evidence.pb-c.h"
#include "local.pb-c.h"
#include "oracle/message.h"
#include "session.pb-c.h"
#include "stored.pb-c.h"
#include "wire/codec_pack.h"
#include "wire/codec_unpack.h"

/* ---- packing --------------------------------------------------------------------------------- */

static void packs_the_bytes_that_protobuf_c_packs(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300 * MESSAGE_FAMILY_COUNT; seed++) {
        struct mn_random random = {seed};
        struct mn_arena arena = {0};
        struct mn_buffer buffer = {0};
        message_compare_packing(
            message_make(MESSAGE_FAMILIES[seed % MESSAGE_FAMILY_COUNT], &random, &arena), &buffer);
        mn_buffer_deinit(&buffer);
        mn_arena_deinit(&arena);
    }
}

static void packs_numbers_of_every_length(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 64; bits++) {
        for (uint64_t less = 0; less <= 1; less++) {
            struct mn_buffer buffer = {0};
            uint64_t number = (UINT64_C(1) << bits) - less;
            Mneme__SessionState message = MNEME__SESSION_STATE__INIT;
            Mneme__Bases bases = MNEME__BASES__INIT;
            message.next = number;
            message.run = (uint32_t)number;
            bases.number = &number;
            bases.n_number = 1;
            message.bases = &bases;
            message_compare_packing(&message.base, &buffer);
            assert_true(
                message_compare_unpacking(message.base.descriptor, buffer.bytes, buffer.size));
            mn_buffer_deinit(&buffer);
        }
    }
}

static void packs_nested_messages_of_every_length(void **state)
{
    (void)state;
    char text[700];
    memset(text, 'x', sizeof text);
    for (size_t length = 1; length < sizeof text; length++) {
        struct mn_buffer buffer = {0};
        Mneme__FromVat message = MNEME__FROM_VAT__INIT;
        Mneme__Trouble trouble = MNEME__TROUBLE__INIT;
        text[length - 1] = 'x';
        text[length] = '\0';
        trouble.text = text;
        message.body_case = MNEME__FROM_VAT__BODY_TROUBLE;
        message.trouble = &trouble;
        message_compare_packing(&message.base, &buffer);
        mn_buffer_deinit(&buffer);
    }
}

static void appends_to_what_the_buffer_holds(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct mn_random random = {seed};
        struct mn_arena arena = {0};
        struct mn_buffer buffer = {0};
        const ProtobufCMessage *message =
            message_make(MESSAGE_FAMILIES[seed % MESSAGE_FAMILY_COUNT], &random, &arena);
        for (size_t i = 0; i < seed; i++) {
            unsigned char byte = (unsigned char)i;
            assert_int_equal(mn_buffer_append(&buffer, &byte, 1), MN_OK);
        }
        message_compare_packing(message, &buffer);
        for (size_t i = 0; i < seed; i++) {
            assert_int_equal(buffer.bytes[i], (unsigned char)i);
        }
        mn_buffer_deinit(&buffer);
        mn_arena_deinit(&arena);
    }
}

static void packs_nothing_into_a_buffer_that_is_full(void **state)
{
    (void)state;
    unsigned char byte = 7;
    size_t most = (size_t)1024 * 1024 * 1024;
    struct mn_buffer buffer = {.bytes = &byte, .size = most - 1, .capacity = most - 1};
    Mneme__SessionState message = MNEME__SESSION_STATE__INIT;
    message.next = 300;
    assert_int_equal(codec_message_pack(&message.base, &buffer), MN_TOO_LARGE);
    assert_ptr_equal(buffer.bytes, &byte);
    assert_int_equal(buffer.size, most - 1);
    assert_int_equal(byte, 7);
}

/* ---- unpacking ------------------------------------------------------------------------------- */

static struct mn_buffer some_message(const ProtobufCMessageDescriptor *descriptor,
                                     struct mn_random *random)
{
    struct mn_arena arena = {0};
    struct mn_buffer buffer = {0};
    message_compare_packing(message_make(descriptor, random, &arena), &buffer);
    mn_arena_deinit(&arena);
    return buffer;
}

static void understands_what_is_packed(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300 * MESSAGE_FAMILY_COUNT; seed++) {
        struct mn_random random = {seed};
        const ProtobufCMessageDescriptor *family = MESSAGE_FAMILIES[seed % MESSAGE_FAMILY_COUNT];
        struct mn_buffer buffer = some_message(family, &random);
        assert_true(message_compare_unpacking(family, buffer.bytes, buffer.size));
        mn_buffer_deinit(&buffer);
    }
}

/* Change some bytes, cut some off, say some twice, or let another message follow. */
static void damage(struct mn_random *random, const ProtobufCMessageDescriptor *family,
                   struct mn_buffer *buffer)
{
    struct mn_buffer more = {0};
    size_t at = mn_random_below(random, buffer->size);
    switch (mn_random_below(random, 6)) {
    case 0:
        buffer->size = at;
        return;
    case 1:
        more = some_message(family, random);
        break;
    case 2:
        assert_int_equal(mn_buffer_append(&more, buffer->bytes + at, buffer->size - at), MN_OK);
        break;
    default:
        for (uint64_t i = mn_random_below(random, 3) + 1; i > 0; i--) {
            at = mn_random_below(random, buffer->size);
            buffer->bytes[at] ^= (unsigned char)(1U << mn_random_below(random, 8));
        }
        return;
    }
    if (more.size > 0) {
        assert_int_equal(mn_buffer_append(buffer, more.bytes, more.size), MN_OK);
    }
    mn_buffer_deinit(&more);
}

static void agrees_with_protobuf_c_about_damaged_messages(void **state)
{
    (void)state;
    size_t understood = 0;
    size_t refused = 0;
    for (uint64_t seed = 1; seed <= 3000 * MESSAGE_FAMILY_COUNT; seed++) {
        struct mn_random random = {seed};
        const ProtobufCMessageDescriptor *family = MESSAGE_FAMILIES[seed % MESSAGE_FAMILY_COUNT];
        struct mn_buffer buffer = some_message(family, &random);
        if (buffer.size > 0) {
            damage(&random, family, &buffer);
            bool right = message_compare_unpacking(family, buffer.bytes, buffer.size);
            understood += right;
            refused += !right;
        }
        mn_buffer_deinit(&buffer);
    }
    assert_true(understood > 5000);
    assert_true(refused > 5000);
}

/* Bytes of which tags and lengths are likely. */
static void agrees_with_protobuf_c_about_any_bytes(void **state)
{
    (void)state;
    static const unsigned char likely[] = {0x00, 0x01, 0x02, 0x08, 0x0A, 0x10, 0x12, 0x18,
                                           0x1A, 0x22, 0x2A, 0x32, 0x3A, 0x42, 0x4A, 0x52,
                                           0x80, 0x81, 0xFF, 0x7F, 0x0D, 0x09, 0x0B, 0x05};
    size_t understood = 0;
    for (uint64_t seed = 1; seed <= 20000 * MESSAGE_FAMILY_COUNT; seed++) {
        struct mn_random random = {seed};
        unsigned char bytes[40];
        size_t size = mn_random_below(&random, sizeof bytes + 1);
        for (size_t i = 0; i < size; i++) {
            bytes[i] = likely[mn_random_below(&random, sizeof likely)];
        }
        understood +=
            message_compare_unpacking(MESSAGE_FAMILIES[seed % MESSAGE_FAMILY_COUNT], bytes, size);
    }
    assert_true(understood > 1000);
}

/* ---- single cases ---------------------------------------------------------------------------- */

/* What the bytes are as a message in @arena; NULL when they are refused. */
static const void *unpacked(const ProtobufCMessageDescriptor *descriptor, struct mn_arena *arena,
                            const char *bytes, size_t size)
{
    ProtobufCMessage *message = NULL;
    uint32_t unknown = 0;
    (void)message_compare_unpacking(descriptor, bytes, size);
    return codec_message_unpack(descriptor, arena, bytes, size, &message, &unknown) == MN_OK
               ? message
               : NULL;
}

static void takes_columns_packed_or_not_and_in_pieces(void **state)
{
    (void)state;
    struct mn_arena arena = {0};
    /* Bases: incarnations 1, 2 and 3 packed, a number, 4 and 5 one by one, a number, and 6. */
    const Mneme__Bases *bases = unpacked(&mneme__bases__descriptor, &arena,
                                         "\x0A\3\1\2\3\x10\x64\x08\4\x08\5\x12\1\x65\x0A\1\6", 17);
    assert_non_null(bases);
    assert_int_equal(bases->n_incarnation, 6);
    for (uint32_t i = 0; i < 6; i++) {
        assert_int_equal(bases->incarnation[i], i + 1);
    }
    assert_int_equal(bases->n_number, 2);
    assert_int_equal(bases->number[0], 100);
    assert_int_equal(bases->number[1], 101);
    mn_arena_deinit(&arena);
}

static void takes_the_last_of_several_values(void **state)
{
    (void)state;
    struct mn_arena arena = {0};
    const Mneme__SessionState *session =
        unpacked(&mneme__session_state__descriptor, &arena, "\x10\1\x0A\1a\x10\2\x0A\1b", 10);
    assert_non_null(session);
    assert_int_equal(session->run, 2);
    assert_string_equal(session->peer, "b");
    mn_arena_deinit(&arena);
}

static void passes_over_fields_it_does_not_know_and_names_the_first(void **state)
{
    (void)state;
    struct mn_arena arena = {0};
    ProtobufCMessage *message = NULL;
    uint32_t unknown = 0;
    /* Fields 900 and 901, one of each kind, around field 2. */
    const char bytes[] = "\xA0\x38\1\xA1\x38"
                         "12345678\x10\7\xAA\x38\3abc\xA5\x38"
                         "1234";
    assert_int_equal(codec_message_unpack(&mneme__session_state__descriptor, &arena, bytes,
                                          sizeof bytes - 1, &message, &unknown),
                     MN_OK);
    assert_int_equal(((const Mneme__SessionState *)message)->run, 7);
    assert_int_equal(unknown, 900);
    assert_true(
        message_compare_unpacking(&mneme__session_state__descriptor, bytes, sizeof bytes - 1));
    mn_arena_deinit(&arena);
}

static void refuses_a_message_or_a_oneof_that_is_set_twice(void **state)
{
    (void)state;
    struct mn_arena arena = {0};
    /* SessionState.bases is field 6; Session's oneof begins with 6, greet. */
    assert_non_null(unpacked(&mneme__session_state__descriptor, &arena, "\x32\0", 2));
    assert_null(unpacked(&mneme__session_state__descriptor, &arena, "\x32\0\x32\0", 4));
    assert_non_null(unpacked(&mneme__session__descriptor, &arena, "\x32\0", 2));
    assert_null(unpacked(&mneme__session__descriptor, &arena, "\x32\0\x32\0", 4));
    assert_null(unpacked(&mneme__session__descriptor, &arena, "\x32\0\x52\0", 4));
    mn_arena_deinit(&arena);
}

static void refuses_a_bool_that_is_no_varint(void **state)
{
    (void)state;
    struct mn_arena arena = {0};
    /* Evidence.total_loss_roll_back is field 48. */
    assert_non_null(unpacked(&mneme__evidence__descriptor, &arena, "\x80\3\1", 3));
    assert_null(unpacked(&mneme__evidence__descriptor, &arena, "\x82\3\1\1", 4));
    assert_null(unpacked(&mneme__evidence__descriptor, &arena, "\x85\3\1\1\1\1", 6));
    mn_arena_deinit(&arena);
}

static void refuses_a_number_of_more_than_64_bits(void **state)
{
    (void)state;
    struct mn_arena arena = {0};
    const ProtobufCMessageDescriptor *session = &mneme__session_state__descriptor;
    const Mneme__SessionState *most =
        unpacked(session, &arena, "\x20\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\1", 11);
    assert_non_null(most);
    assert_true(most->next == UINT64_MAX);
    assert_null(unpacked(session, &arena, "\x20\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\2", 11));
    assert_null(unpacked(session, &arena, "\x20\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\1", 12));
    mn_arena_deinit(&arena);
}

static void refuses_field_numbers_that_there_cannot_be(void **state)
{
    (void)state;
    struct mn_arena arena = {0};
    const ProtobufCMessageDescriptor *session = &mneme__session_state__descriptor;
    assert_non_null(unpacked(session, &arena, "\xF8\xFF\xFF\xFF\x0F\1", 6)); /* 2^29 - 1 */
    assert_null(unpacked(session, &arena, "\xF8\xFF\xFF\xFF\x1F\1", 6));
    assert_null(unpacked(session, &arena, "\x80\0\1", 3)); /* 0, in two bytes */
    assert_null(unpacked(session, &arena, "\0\1", 2));
    mn_arena_deinit(&arena);
}

static void refuses_what_is_cut_short_or_of_the_wrong_kind(void **state)
{
    (void)state;
    struct mn_arena arena = {0};
    const ProtobufCMessageDescriptor *session = &mneme__session_state__descriptor;
    assert_null(unpacked(session, &arena, "\x10", 1));
    assert_null(unpacked(session, &arena, "\x10\x80", 2));
    assert_null(unpacked(session, &arena, "\x0A\2a", 3));
    assert_null(
        unpacked(session, &arena, "\x0A\x80\x80\x80\x80\x80\0", 7)); /* a length of 6 bytes */
    assert_null(unpacked(session, &arena, "\x12\1\1", 3));           /* a run with a length */
    assert_null(unpacked(session, &arena, "\x08\1", 2));             /* a number for a name */
    assert_null(unpacked(session, &arena, "\x13\x14", 2));           /* a group */
    assert_null(unpacked(session, &arena, "\x32\3\x0A\1\x80", 5));   /* a column's last number */
    assert_null(unpacked(session, &arena, "\x32\2\x0D\1", 4));       /* four bytes for a number */
    mn_arena_deinit(&arena);
}

static void says_that_memory_is_out(void **state)
{
    (void)state;
    struct mn_random random = {7};
    struct mn_buffer buffer = some_message(&mneme__evidence__descriptor, &random);
    mn_result result = MN_NO_MEMORY;
    size_t without = 0;
    for (size_t size = 1; result == MN_NO_MEMORY; size += 499, without++) {
        struct mn_arena arena;
        ProtobufCMessage *message = NULL;
        uint32_t unknown = 0;
        mn_arena_init(&arena, size);
        result = codec_message_unpack(&mneme__evidence__descriptor, &arena, buffer.bytes,
                                      buffer.size, &message, &unknown);
        assert_true((message != NULL) == (result == MN_OK));
        mn_arena_deinit(&arena);
    }
    assert_int_equal(result, MN_OK);
    assert_true(without > 5);
    mn_buffer_deinit(&buffer);
}

/* ---- descriptors ----------------------------------------------------------------------------- */

/* Types and labels that packing and unpacking know, and no message inside itself. */
static void check_descriptor(const ProtobufCMessageDescriptor *descriptor, unsigned depth)
{
    unsigned oneofs = 0;
    assert_true(depth < 8);
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
        bool oneof = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
        bool number = field->type == PROTOBUF_C_TYPE_UINT32 ||
                      field->type == PROTOBUF_C_TYPE_UINT64 ||
                      field->type == PROTOBUF_C_TYPE_INT64 || field->type == PROTOBUF_C_TYPE_BOOL;
        assert_true(repeated || field->label == PROTOBUF_C_LABEL_NONE);
        assert_true(number || field->type == PROTOBUF_C_TYPE_STRING ||
                    field->type == PROTOBUF_C_TYPE_MESSAGE ||
                    (field->type == PROTOBUF_C_TYPE_BYTES && !repeated));
        assert_true(!oneof || field->type != PROTOBUF_C_TYPE_STRING);
        assert_int_equal((field->flags & PROTOBUF_C_FIELD_FLAG_PACKED) != 0, repeated && number);
        if (oneof) { /* one in a message at most */
            assert_true(oneofs == 0 || oneofs == field->quantifier_offset);
            oneofs = field->quantifier_offset;
        }
        if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            check_descriptor(field->descriptor, depth + 1);
        }
    }
}

static void knows_every_kind_of_field_that_there_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < MESSAGE_FAMILY_COUNT; i++) {
        check_descriptor(MESSAGE_FAMILIES[i], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packs_the_bytes_that_protobuf_c_packs),
        cmocka_unit_test(packs_numbers_of_every_length),
        cmocka_unit_test(packs_nested_messages_of_every_length),
        cmocka_unit_test(appends_to_what_the_buffer_holds),
        cmocka_unit_test(packs_nothing_into_a_buffer_that_is_full),
        cmocka_unit_test(understands_what_is_packed),
        cmocka_unit_test(agrees_with_protobuf_c_about_damaged_messages),
        cmocka_unit_test(agrees_with_protobuf_c_about_any_bytes),
        cmocka_unit_test(takes_columns_packed_or_not_and_in_pieces),
        cmocka_unit_test(takes_the_last_of_several_values),
        cmocka_unit_test(passes_over_fields_it_does_not_know_and_names_the_first),
        cmocka_unit_test(refuses_a_message_or_a_oneof_that_is_set_twice),
        cmocka_unit_test(refuses_a_bool_that_is_no_varint),
        cmocka_unit_test(refuses_a_number_of_more_than_64_bits),
        cmocka_unit_test(refuses_field_numbers_that_there_cannot_be),
        cmocka_unit_test(refuses_what_is_cut_short_or_of_the_wrong_kind),
        cmocka_unit_test(says_that_memory_is_out),
        cmocka_unit_test(knows_every_kind_of_field_that_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
