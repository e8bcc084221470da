/* Bytes that several hold: they last until the last lets go of them, on whatever thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/chunk.h"

static void lasts_until_the_last_holder_lets_go(void **state)
{
    (void)state;
    struct mn_chunk *first = mn_chunk_new(5);
    assert_non_null(first);
    assert_int_equal(first->size, 5);
    memcpy(first->bytes, "bytes", 5);
    struct mn_chunk *second = first;
    mn_chunk_hold(second);
    mn_chunk_drop(&first);
    assert_null(first);
    assert_memory_equal(second->bytes, "bytes", 5);
    mn_chunk_drop(&second);
    mn_chunk_drop(&second);
    assert_null(second);
}

static void is_none_that_is_larger_than_memory(void **state)
{
    (void)state;
    assert_null(mn_chunk_new(SIZE_MAX)); /* more than there is, with what counts its holders */
}

static void *read_and_let_go(void *context)
{
    struct mn_chunk *chunk = context;
    bool whole = memchr(chunk->bytes, 2, chunk->size / 2) == NULL;
    mn_chunk_drop(&chunk);
    return whole ? context : NULL;
}

/* Address and thread sanitizers see whether anybody reads what is gone, or is never given back. */
static void is_read_by_several_threads_while_its_end_is_written(void **state)
{
    (void)state;
    enum { THREADS = 4, ROUNDS = 50, SIZE = 4096 };
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t threads[THREADS];
        struct mn_chunk *chunk = mn_chunk_new(SIZE);
        assert_non_null(chunk);
        memset(chunk->bytes, 1, SIZE / 2);
        for (int i = 0; i < THREADS; i++) {
            mn_chunk_hold(chunk);
            assert_int_equal(pthread_create(&threads[i], NULL, read_and_let_go, chunk), 0);
        }
        memset(chunk->bytes + SIZE / 2, 2, SIZE / 2);
        mn_chunk_drop(&chunk);
        for (int i = 0; i < THREADS; i++) {
            void *whole = NULL;
            assert_int_equal(pthread_join(threads[i], &whole), 0);
            assert_non_null(whole);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lasts_until_the_last_holder_lets_go),
        cmocka_unit_test(is_none_that_is_larger_than_memory),
        cmocka_unit_test(is_read_by_several_threads_while_its_end_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
