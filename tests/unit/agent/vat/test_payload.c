/* The bytes of kept messages: what lies together, what goes, and that nothing moves meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "vat/core/vat_private.h"

enum { LARGE = VAT_DATA_SIZE_MAX + 1000, MOST = 4 * VAT_DATA_SIZE_MAX };

static unsigned char source[MOST];

/* Each byte says where it stands in the payload. */
static void add(struct vat_batch *batch, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        source[i] = (unsigned char)((batch->payload_size + i) % 251);
    }
    assert_int_equal(payload_add(batch, source, size), MN_OK);
}

static void assert_whole(const struct vat_batch *batch, size_t first, size_t size)
{
    unsigned char *copy = malloc(size);
    assert_int_equal(batch->payload_size, size);
    payload_into(batch, copy);
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(copy[i], (first + i) % 251);
    }
    free(copy);
    for (size_t at = 0; at < size;) {
        struct vat_bytes bytes = payload_at(batch, at);
        assert_true(bytes.size > 0);
        assert_int_equal(bytes.bytes[0], (first + at) % 251);
        assert_true(bytes.bytes >= bytes.chunk->bytes);
        assert_true(bytes.bytes + bytes.size <= bytes.chunk->bytes + bytes.chunk->size);
        at += bytes.size;
    }
    assert_int_equal(payload_at(batch, size).size, 0);
}

static void free_payload(struct vat_batch *batch)
{
    payload_cut(batch, 0);
    assert_int_equal(batch->part_count, 0);
    free(batch->parts);
}

static void has_small_messages_lie_together_and_each_whole(void **state)
{
    (void)state;
    struct vat_batch batch = {0};
    for (int i = 0; i < 1000; i++) {
        add(&batch, 100);
    }
    assert_whole(&batch, 0, 100000);
    assert_true(batch.part_count < 10);
    for (size_t i = 0; i < 1000; i++) {
        assert_true(payload_at(&batch, i * 100).size >= 100);
    }
    free_payload(&batch);
}

static void has_a_large_message_lie_in_one_chunk(void **state)
{
    (void)state;
    struct vat_batch batch = {0};
    add(&batch, 10);
    add(&batch, LARGE);
    add(&batch, 10);
    assert_whole(&batch, 0, LARGE + 20);
    assert_int_equal(payload_at(&batch, 10).size, LARGE);
    free_payload(&batch);
}

static void moves_nothing_that_somebody_sends(void **state)
{
    (void)state;
    struct vat_batch batch = {0};
    add(&batch, 300);
    struct vat_bytes sent = payload_at(&batch, 0);
    mn_chunk_hold(sent.chunk);
    for (int i = 0; i < 100; i++) {
        add(&batch, 1000);
    }
    assert_ptr_equal(payload_at(&batch, 0).bytes, sent.bytes);
    free_payload(&batch);
    for (size_t i = 0; i < 300; i++) {
        assert_int_equal(sent.bytes[i], i % 251);
    }
    mn_chunk_drop(&sent.chunk);
}

static void lets_go_of_whole_chunks_from_the_front(void **state)
{
    (void)state;
    struct vat_batch batch = {0};
    add(&batch, LARGE);
    add(&batch, LARGE);
    add(&batch, 70);
    assert_int_equal(payload_drop(&batch, LARGE - 1), 0);
    assert_int_equal(payload_drop(&batch, 2 * LARGE - 1), LARGE);
    assert_whole(&batch, LARGE, LARGE + 70);
    add(&batch, 0);
    assert_int_equal(payload_drop(&batch, LARGE), LARGE);
    assert_whole(&batch, 2 * LARGE, 70);
    assert_int_equal(payload_drop(&batch, 70), 70);
    assert_int_equal(batch.payload_size, 0);
    add(&batch, 5);
    assert_whole(&batch, 0, 5);
    free_payload(&batch);
}

static void lets_go_of_what_was_withdrawn(void **state)
{
    (void)state;
    struct vat_batch batch = {0};
    add(&batch, 40);
    add(&batch, LARGE);
    add(&batch, 40);
    payload_cut(&batch, 40);
    assert_int_equal(batch.part_count, 1);
    assert_whole(&batch, 0, 40);
    payload_cut(&batch, 30);
    assert_whole(&batch, 0, 30);
    free_payload(&batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_small_messages_lie_together_and_each_whole),
        cmocka_unit_test(has_a_large_message_lie_in_one_chunk),
        cmocka_unit_test(moves_nothing_that_somebody_sends),
        cmocka_unit_test(lets_go_of_whole_chunks_from_the_front),
        cmocka_unit_test(lets_go_of_what_was_withdrawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
