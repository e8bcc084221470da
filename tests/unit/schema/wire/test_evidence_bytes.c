/* The binary form of evidence as bytes: what is damaged, put together wrongly or made to be
 * expensive is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "docs/file.h"
#include "evidence.pb-c.h"
#include "oracle/draft.h"
#include "oracle/encode.h"
#include "wire/evidence.h"

static void put_varint(struct mn_buffer *buffer, uint64_t value)
{
    do {
        unsigned char byte = (unsigned char)((value & 0x7F) | (value > 0x7F ? 0x80 : 0));
        assert_int_equal(mn_buffer_append(buffer, &byte, 1), MN_OK);
        value >>= 7;
    } while (value > 0);
}

/* A field that is text or a packed column. */
static void put_bytes(struct mn_buffer *buffer, unsigned field, const void *bytes, size_t size)
{
    put_varint(buffer, field << 3 | 2);
    put_varint(buffer, size);
    assert_int_equal(mn_buffer_append(buffer, bytes, size), MN_OK);
}

static void put_number(struct mn_buffer *buffer, unsigned field, uint64_t value)
{
    put_varint(buffer, field << 3);
    put_varint(buffer, value);
}

/* What stands before and behind a message that is the only piece. */
enum { BEFORE = MN_EVIDENCE_MAGIC_SIZE + MN_EVIDENCE_SIZE_SIZE, AROUND = BEFORE + MN_DIGEST_SIZE };

static void put_piece(struct mn_buffer *buffer, const void *message, size_t size)
{
    for (unsigned i = 0; i < MN_EVIDENCE_SIZE_SIZE; i++) {
        unsigned char byte = (unsigned char)((uint64_t)size >> 8 * i);
        assert_int_equal(mn_buffer_append(buffer, &byte, 1), MN_OK);
    }
    assert_int_equal(mn_buffer_append(buffer, message, size), MN_OK);
}

/* The binary form of a message, with its magic and digest. */
static struct mn_buffer sealed(const void *message, size_t size)
{
    struct mn_buffer buffer = {0};
    assert_int_equal(mn_evidence_begin(&buffer), MN_OK);
    put_piece(&buffer, message, size);
    assert_int_equal(mn_evidence_end(&buffer), MN_OK);
    return buffer;
}

/* That @message is refused with exactly @expected; it is empty afterwards. */
static void refuses(struct mn_buffer *message, const char *expected)
{
    struct mn_buffer buffer = sealed(message->bytes, message->size);
    struct evidence *evidence = NULL;
    struct mn_error error = {{0}};
    mn_result result = mn_evidence_decode(buffer.bytes, buffer.size, &evidence, &error);
    assert_string_equal(error.text, expected);
    assert_int_equal(result, MN_BAD_INPUT);
    mn_buffer_deinit(&buffer);
    mn_buffer_deinit(message);
}

static void refuses_what_is_no_message(void **state)
{
    (void)state;
    struct mn_buffer m = {0};
    put_bytes(&m, 2, "zone", 4);
    m.size -= 1;
    refuses(&m, "no message of evidence.proto; expected one behind its size");
    refuses(&m, "evidence: version 0; expected 1");
    put_number(&m, 1, 2);
    refuses(&m, "evidence: version 2; expected 1");
}

static void refuses_a_column_it_does_not_know(void **state)
{
    (void)state;
    struct mn_buffer m = {0};
    put_number(&m, 1, 1);
    put_number(&m, 77, 1);
    refuses(&m, "unknown column 77; expected those of evidence.proto");
}

static void refuses_columns_that_do_not_fit_together(void **state)
{
    (void)state;
    struct mn_buffer m = {0};
    put_number(&m, 1, 1);
    put_bytes(&m, 2, "zone", 4);
    refuses(&m, "domain_in: 0 rows; expected 1, as many as domain_name has");
    put_number(&m, 1, 1);
    put_bytes(&m, 19, "\0\0", 2);
    put_bytes(&m, 20, "\1", 1);
    refuses(&m, "checkpoint_epoch: 1 rows; expected 2, as many as checkpoint_vat has");
    put_number(&m, 1, 1);
    put_bytes(&m, 31, "\0", 1);
    put_bytes(&m, 32, "\1", 1);
    put_bytes(&m, 33, "\0", 1);
    put_bytes(&m, 34, "\2", 1);
    put_bytes(&m, 35, "\0", 1);
    refuses(&m, "open_heard_vat: 1 rows; expected 2, the sum of open_heard_count");
    put_number(&m, 1, 1);
    put_bytes(&m, 27, "\0", 1);
    refuses(&m, "form_onto: 1 rows; expected 0, the sum of checkpoint_form_count");
    put_number(&m, 1, 1);
    put_bytes(&m, 43, "\0", 1);
    put_bytes(&m, 44, "\1", 1);
    refuses(&m, "lost_copy_store: 0 rows; expected 1, as many as lost_copy_vat has");
}

static void refuses_whatever_is_not_the_shortest(void **state)
{
    (void)state;
    const char *expected = "a column or value that is longer than what it says; expected the "
                           "shortest encoding";
    struct mn_buffer m = {0};
    put_number(&m, 1, 1);
    put_bytes(&m, 8, "a\0b", 3); /* a name with a NUL byte */
    refuses(&m, expected);
    put_number(&m, 1, 1);
    put_bytes(&m, 37, "\x80\x80\x80\x80\x10", 5); /* 2^32, which is no uint32 */
    refuses(&m, expected);
    put_number(&m, 1, 1);
    put_bytes(&m, 37, "\x81\0", 2); /* a 1 in two bytes */
    refuses(&m, expected);
    put_number(&m, 1, 1);
    put_number(&m, 37, 1); /* a column that is not packed */
    refuses(&m, expected);
    put_number(&m, 1, 1);
    put_number(&m, 1, 1); /* a field twice */
    refuses(&m, expected);
    put_number(&m, 1, 1);
    put_number(&m, 48, 0); /* a default written out */
    refuses(&m, expected);
}

/* A piece of one message, with whatever columns follow. */
static struct mn_buffer piece_begin(void)
{
    struct mn_buffer m = {0};
    put_number(&m, 1, 1);
    return m;
}

static void piece_add_vat(struct mn_buffer *m, const char *name, const char *limit)
{
    put_bytes(m, 8, name, strlen(name));
    put_bytes(m, 9, "\0", 1);
    put_bytes(m, 10, "\0", 1);
    put_bytes(m, 11, limit, 1);
    put_bytes(m, 12, "\0", 1);
    put_bytes(m, 13, "\0", 1);
    put_bytes(m, 14, "\0", 1);
}

/* A document of these two pieces; they are empty afterwards. */
static struct mn_buffer two_pieces(struct mn_buffer *first, struct mn_buffer *second)
{
    struct mn_buffer buffer = {0};
    assert_int_equal(mn_evidence_begin(&buffer), MN_OK);
    put_piece(&buffer, first->bytes, first->size);
    put_piece(&buffer, second->bytes, second->size);
    assert_int_equal(mn_evidence_end(&buffer), MN_OK);
    mn_buffer_deinit(first);
    mn_buffer_deinit(second);
    return buffer;
}

static void refuses_two(struct mn_buffer first, struct mn_buffer second, const char *expected)
{
    struct mn_buffer buffer = two_pieces(&first, &second);
    struct evidence *evidence = NULL;
    struct mn_error error = {{0}};
    assert_int_equal(mn_evidence_decode(buffer.bytes, buffer.size, &evidence, &error),
                     MN_BAD_INPUT);
    assert_string_equal(error.text, expected);
    mn_buffer_deinit(&buffer);
}

static struct mn_buffer piece_of_vat(const char *name, const char *limit)
{
    struct mn_buffer m = piece_begin();
    piece_add_vat(&m, name, limit);
    return m;
}

/* "a" has a checkpoint 3 and an open interval 4, and then another limit, a checkpoint 5 and a lost
 * one. */
static void takes_what_is_said_anew_for_what_there_is(void **state)
{
    (void)state;
    struct mn_buffer first = piece_of_vat("a", "\1");
    put_bytes(&first, 19, "\0", 1);
    put_bytes(&first, 20, "\6", 1);
    put_bytes(&first, 21, "\0", 1);
    put_bytes(&first, 22, "\1", 1);
    put_bytes(&first, 23, "\0", 1);
    put_bytes(&first, 24, "\0", 1);
    put_bytes(&first, 31, "\0", 1);
    put_bytes(&first, 32, "\10", 1);
    put_bytes(&first, 33, "\0", 1);
    put_bytes(&first, 34, "\0", 1);
    put_bytes(&first, 41, "\0", 1);
    put_bytes(&first, 42, "\3", 1);
    struct mn_buffer second = piece_of_vat("a", "\2");
    put_bytes(&second, 19, "\0", 1);
    put_bytes(&second, 20, "\12", 1);
    put_bytes(&second, 21, "\0", 1);
    put_bytes(&second, 22, "\0", 1);
    put_bytes(&second, 23, "\0", 1);
    put_bytes(&second, 24, "\0", 1);
    put_bytes(&second, 40, "\0", 1);
    put_bytes(&second, 41, "\0", 1);
    put_bytes(&second, 42, "\5", 1);
    put_number(&second, 48, 1);
    put_bytes(&second, 50, "\0", 1);
    struct mn_buffer buffer = two_pieces(&first, &second);
    struct evidence *evidence = NULL;
    struct mn_error error = {{0}};
    mn_result result = mn_evidence_decode(buffer.bytes, buffer.size, &evidence, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(result, MN_OK);
    assert_int_equal(evidence->vat_count, 1);
    assert_int_equal(evidence->vats[0].limit, 2);
    assert_int_equal(evidence->checkpoint_count, 1);
    assert_int_equal(evidence->checkpoints[0].epoch, 5);
    assert_int_equal(evidence->open_count, 0);
    assert_int_equal(evidence->lost.checkpoint_count, 1);
    assert_int_equal(evidence->lost.checkpoints[0].epoch, 5);
    assert_int_equal(evidence->lost.vats.count, 1);
    assert_int_equal(evidence->policy.total_loss, EVIDENCE_TOTAL_LOSS_ROLL_BACK);
    evidence_destroy(&evidence);
    mn_buffer_deinit(&buffer);
}

static void refuses_pieces_that_do_not_fit_together(void **state)
{
    (void)state;
    const char *renewed = "piece 1: renewed_vat: expected growing rows of the first piece's vats, "
                          "with their names";
    struct mn_buffer m = piece_of_vat("b", "\1");
    put_bytes(&m, 50, "\0", 1);
    refuses_two(piece_of_vat("a", "\1"), m, renewed);
    m = piece_of_vat("a", "\1");
    put_bytes(&m, 50, "\1", 1);
    refuses_two(piece_of_vat("a", "\1"), m, renewed);
    refuses_two(piece_of_vat("a", "\1"), piece_of_vat("a", "\1"),
                "piece 1: vat_name: expected as many rows as renewed_vat has");
    m = piece_begin();
    put_bytes(&m, 2, "zone", 4);
    put_bytes(&m, 3, "\0", 1);
    refuses_two(piece_begin(), m,
                "piece 1: domains, hosts or stores; expected them in the first piece");
    m = piece_of_vat("a", "\1");
    put_bytes(&m, 50, "\0", 1);
    refuses_two(m, piece_begin(), "piece 0: renewed_vat: expected none in the first piece");
}

/* The magic and the digest are right; the size before the only piece is not. */
static void refuses_sizes_that_are_not_true(void **state)
{
    (void)state;
    for (uint64_t said = 0; said < 10; said++) {
        struct mn_buffer m = {0};
        struct evidence *evidence = NULL;
        struct mn_error error = {{0}};
        unsigned char size[MN_EVIDENCE_SIZE_SIZE] = {(unsigned char)said};
        size[7] = said == 9 ? 0xff : 0;
        assert_int_equal(mn_evidence_begin(&m), MN_OK);
        assert_int_equal(mn_buffer_append(&m, size, sizeof size), MN_OK);
        put_number(&m, 1, 1);
        assert_int_equal(mn_evidence_end(&m), MN_OK);
        mn_result result = mn_evidence_decode(m.bytes, m.size, &evidence, &error);
        assert_int_equal(result, said == 2 ? MN_OK : MN_BAD_INPUT);
        assert_true(said == 2 || strncmp(error.text, "no pieces; expected at most", 27) == 0);
        evidence_destroy(&evidence);
        mn_buffer_deinit(&m);
    }
}

static void takes_its_magic_for_no_yaml_and_yaml_for_no_magic(void **state)
{
    (void)state;
    struct evidence *evidence = NULL;
    struct mn_error error = {{0}};
    assert_int_equal(evidence_read(MN_EVIDENCE_MAGIC, 8, "e", &evidence, &error), MN_BAD_INPUT);
    assert_string_equal(error.text, "e:1:1: invalid leading UTF-8 octet; expected YAML or JSON in "
                                    "UTF-8");
    error.text[0] = '\0';
    assert_int_equal(mn_evidence_decode("evidence: 1\n", 12, &evidence, &error), MN_BAD_INPUT);
    assert_string_equal(error.text,
                        "no evidence in binary form; expected its magic at the beginning");
    error.text[0] = '\0';
    assert_int_equal(mn_evidence_read(MN_EVIDENCE_MAGIC, 8, "e", &evidence, &error), MN_CORRUPT);
    assert_string_equal(error.text,
                        "e: cut short or damaged; expected what the digest in it was made of");
    error.text[0] = '\0';
    assert_int_equal(mn_evidence_read("evidence: 2\n", 12, "e", &evidence, &error), MN_BAD_INPUT);
    assert_string_equal(error.text, "e:1:11: \"2\" as evidence; expected an integer from 1 to 1");
    error.text[0] = '\0';
    assert_int_equal(
        mn_evidence_decode("", (size_t)MN_EVIDENCE_DOCUMENT_SIZE_MAX + 1, &evidence, &error),
        MN_TOO_LARGE);
    assert_null(evidence);
}

static struct mn_buffer some_document(uint64_t seed)
{
    struct mn_random random = {seed};
    struct draft draft;
    draft_make(&draft, &random);
    struct evidence *evidence = draft_read(&draft);
    struct mn_buffer buffer = {0};
    assert_int_equal(oracle_encode(evidence, &buffer), MN_OK);
    evidence_destroy(&evidence);
    return buffer;
}

static void refuses_every_document_that_was_cut_short(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct mn_buffer whole = some_document(seed);
        for (size_t size = 0; size < whole.size; size++) {
            /* Exactly as many bytes, so that reading past them is noticed. */
            unsigned char *bytes = malloc(size + 1);
            assert_non_null(bytes);
            memcpy(bytes, whole.bytes, size);
            struct evidence *evidence = NULL;
            struct mn_error error = {{0}};
            assert_int_not_equal(mn_evidence_decode(bytes, size, &evidence, &error), MN_OK);
            assert_true(error.text[0] != '\0');
            assert_null(evidence);
            free(bytes);
        }
        mn_buffer_deinit(&whole);
    }
}

static void refuses_every_document_with_a_flipped_bit(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct mn_buffer whole = some_document(seed);
        for (size_t i = 0; i < whole.size * 8; i++) {
            whole.bytes[i / 8] ^= (unsigned char)(1U << i % 8);
            struct evidence *evidence = NULL;
            struct mn_error error = {{0}};
            assert_int_not_equal(mn_evidence_decode(whole.bytes, whole.size, &evidence, &error),
                                 MN_OK);
            assert_null(evidence);
            whole.bytes[i / 8] ^= (unsigned char)(1U << i % 8);
        }
        mn_buffer_deinit(&whole);
    }
}

/* Below the digest too: a message that was changed and sealed again is refused, or is a document
 * that says what its bytes say. */
static void takes_of_changed_messages_only_what_can_be_written_again(void **state)
{
    (void)state;
    size_t taken = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct mn_random random = {seed};
        struct mn_buffer whole = some_document(seed);
        for (int i = 0; i < 200; i++) {
            struct mn_buffer changed = sealed(whole.bytes + BEFORE, whole.size - AROUND);
            size_t at = BEFORE + mn_random_below(&random, whole.size - AROUND);
            changed.bytes[at] ^= (unsigned char)(1U << mn_random_below(&random, 8));
            struct mn_buffer input = sealed(changed.bytes + BEFORE, changed.size - AROUND);
            struct evidence *evidence = NULL;
            struct mn_error error = {{0}};
            if (mn_evidence_decode(input.bytes, input.size, &evidence, &error) == MN_OK) {
                struct mn_buffer again = {0};
                assert_int_equal(oracle_encode(evidence, &again), MN_OK);
                assert_int_equal(again.size, input.size);
                mn_buffer_deinit(&again);
                evidence_destroy(&evidence);
                taken++;
            } else {
                assert_true(error.text[0] != '\0');
            }
            mn_buffer_deinit(&changed);
            mn_buffer_deinit(&input);
        }
        mn_buffer_deinit(&whole);
    }
    assert_true(taken > 100);
}

/* The columns are written without protobuf-c: what it reads of them it writes as the same bytes. */
static void writes_what_protobuf_writes(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct mn_buffer whole = some_document(seed);
        size_t size = whole.size - AROUND;
        Mneme__Evidence *message = mneme__evidence__unpack(NULL, size, whole.bytes + BEFORE);
        assert_non_null(message);
        unsigned char *bytes = malloc(size + 1);
        assert_non_null(bytes);
        assert_int_equal(mneme__evidence__get_packed_size(message), size);
        (void)mneme__evidence__pack(message, bytes);
        assert_memory_equal(bytes, whole.bytes + BEFORE, size);
        free(bytes);
        mneme__evidence__free_unpacked(message, NULL);
        mn_buffer_deinit(&whole);
    }
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* What a document holds is at most this for each byte of its binary form, and 64 KiB. */
enum { DOCUMENT_SIZE_FACTOR = 16 };

static void holds_no_more_than_so_much_for_each_byte(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct mn_buffer buffer = some_document(seed);
        struct evidence *evidence = NULL;
        assert_int_equal(mn_evidence_decode(buffer.bytes, buffer.size, &evidence, NULL), MN_OK);
        assert_true(evidence->arena.size <= buffer.size * DOCUMENT_SIZE_FACTOR + 64 * 1024);
        evidence_destroy(&evidence);
        mn_buffer_deinit(&buffer);
    }
}

/* Checkpoints of which nothing is known are the largest rows for the fewest bytes. */
static void holds_no_more_for_the_most_expensive_rows(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    struct evidence_checkpoint *rows = calloc(COUNT, sizeof *rows);
    assert_non_null(rows);
    for (int i = 0; i < COUNT; i++) {
        rows[i].epoch = i + 1;
    }
    struct evidence_vat vat = {.name = "a", .host = EVIDENCE_NONE};
    struct evidence document = {
        .vat_count = 1, .vats = &vat, .checkpoint_count = COUNT, .checkpoints = rows};
    struct mn_buffer buffer = {0};
    assert_int_equal(oracle_encode(&document, &buffer), MN_OK);
    struct evidence *evidence = NULL;
    assert_int_equal(mn_evidence_decode(buffer.bytes, buffer.size, &evidence, NULL), MN_OK);
    assert_true(evidence->arena.size <= buffer.size * DOCUMENT_SIZE_FACTOR + 64 * 1024);
    evidence_destroy(&evidence);
    mn_buffer_deinit(&buffer);
    free(rows);
}

/* Messages of nothing but the fields that cost most while unpacking end in an answer, not in a
 * failure of memory: the bound of what unpacking takes is never reached. */
static void answers_for_the_most_expensive_messages(void **state)
{
    (void)state;
    enum { COUNT = 1000000 };
    struct mn_buffer m = {0};
    for (int i = 0; i < COUNT; i++) {
        put_bytes(&m, 2, "", 0);
    }
    refuses(&m, "evidence: version 0; expected 1");
    for (int i = 0; i < COUNT; i++) {
        put_bytes(&m, 15, "\1", 1);
    }
    refuses(&m, "evidence: version 0; expected 1");
    for (int i = 0; i < COUNT; i++) {
        put_number(&m, 15, 1);
    }
    refuses(&m, "evidence: version 0; expected 1");
    for (int i = 0; i < COUNT; i++) {
        put_number(&m, 1, 1);
    }
    refuses(&m, "a column or value that is longer than what it says; expected the shortest "
                "encoding");
    put_number(&m, 1, 1);
    for (int i = 0; i < COUNT; i++) {
        put_number(&m, 100, 1);
    }
    refuses(&m, "unknown column 100; expected those of evidence.proto");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_no_message),
        cmocka_unit_test(refuses_a_column_it_does_not_know),
        cmocka_unit_test(refuses_columns_that_do_not_fit_together),
        cmocka_unit_test(refuses_whatever_is_not_the_shortest),
        cmocka_unit_test(takes_what_is_said_anew_for_what_there_is),
        cmocka_unit_test(refuses_pieces_that_do_not_fit_together),
        cmocka_unit_test(refuses_sizes_that_are_not_true),
        cmocka_unit_test(takes_its_magic_for_no_yaml_and_yaml_for_no_magic),
        cmocka_unit_test(refuses_every_document_that_was_cut_short),
        cmocka_unit_test(refuses_every_document_with_a_flipped_bit),
        cmocka_unit_test(takes_of_changed_messages_only_what_can_be_written_again),
        cmocka_unit_test(writes_what_protobuf_writes),
        cmocka_unit_test(holds_no_more_than_so_much_for_each_byte),
        cmocka_unit_test(holds_no_more_for_the_most_expensive_rows),
        cmocka_unit_test(answers_for_the_most_expensive_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
