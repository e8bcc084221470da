/* Frames with several messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "control.pb-c.h"
#include "wire/control.h"
#include "wire/joined.h"

static void join(struct mn_joining *frame, const void *message, size_t size)
{
    struct mn_buffer buffer = {0};
    assert_int_equal(mn_buffer_append(&buffer, message, size), MN_OK);
    assert_int_equal(mn_joining_add(frame, &buffer), MN_OK);
    mn_buffer_deinit(&buffer);
}

static void takes_apart(const void *bytes, size_t size, const char *const *messages, size_t count)
{
    struct mn_joined frame = mn_joined_of(bytes, size);
    const void *message = NULL;
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        assert_true(mn_joined_next(&frame, &message, &length));
        assert_int_equal(length, strlen(messages[i]));
        assert_memory_equal(message, messages[i], length);
    }
    assert_false(mn_joined_next(&frame, &message, &length));
}

static void messages_come_out_in_their_order(void **state)
{
    (void)state;
    static char second[300];
    const char *messages[] = {"first", second, "third"};
    struct mn_joining frame = {0};
    memset(second, 's', sizeof second - 1);
    for (size_t i = 0; i < 3; i++) {
        join(&frame, messages[i], strlen(messages[i]));
    }
    takes_apart(frame.frame.bytes, frame.frame.size, messages, 3);
    mn_joining_deinit(&frame);
}

/* Whoever reads it with what protobuf makes of the schema sees the same. */
static void is_what_the_schema_says(void **state)
{
    (void)state;
    struct mn_joining frame = {0};
    join(&frame, "first", 5);
    join(&frame, "second", 6);
    Mneme__Joined *joined = mneme__joined__unpack(NULL, frame.frame.size, frame.frame.bytes);
    assert_non_null(joined);
    assert_int_equal(joined->n_messages, 2);
    assert_int_equal(joined->messages[1].len, 6);
    assert_memory_equal(joined->messages[1].data, "second", 6);
    mneme__joined__free_unpacked(joined, NULL);
    mn_joining_deinit(&frame);
}

static void one_message_alone_goes_as_it_is(void **state)
{
    (void)state;
    struct mn_joining frame = {0};
    size_t size = 0;
    assert_null(mn_joining_bytes(&frame, &size));
    join(&frame, "first", 5);
    assert_memory_equal(mn_joining_bytes(&frame, &size), "first", 5);
    assert_int_equal(size, 5);
    mn_joining_clear(&frame);
    assert_null(mn_joining_bytes(&frame, &size));
    join(&frame, "second", 6);
    assert_memory_equal(mn_joining_bytes(&frame, &size), "second", 6);
    assert_int_equal(size, 6);
    mn_joining_deinit(&frame);
    takes_apart("first", 5, (const char *const[]){"first"}, 1);
    takes_apart("", 0, (const char *const[]){""}, 1);
}

static void is_bounded(void **state)
{
    (void)state;
    static unsigned char bytes[MN_JOINED_MESSAGE_SIZE_MAX + 1];
    struct mn_buffer message = {0};
    struct mn_joining frame = {0};
    mn_result result = MN_OK;
    assert_int_equal(mn_buffer_append(&message, bytes, sizeof bytes), MN_OK);
    assert_int_equal(mn_joining_add(&frame, &message), MN_TOO_LARGE);
    message.size = MN_JOINED_MESSAGE_SIZE_MAX;
    while (result == MN_OK) {
        assert_true(frame.frame.size <= MN_JOINED_SIZE_MAX);
        result = mn_joining_add(&frame, &message);
    }
    assert_int_equal(result, MN_FULL);
    assert_int_equal(frame.count, 15);
    mn_joining_deinit(&frame);
    mn_buffer_deinit(&message);
}

/* Every place at which a frame can be cut gives whole messages, and then one that nobody takes. */
static void what_is_cut_short_is_no_message(void **state)
{
    (void)state;
    struct mn_down down = {.kind = MN_DOWN_TAKEN, .generation = 3};
    struct mn_buffer word = {0};
    struct mn_joining frame = {0};
    assert_int_equal(mn_down_encode(&down, &word), MN_OK);
    assert_int_equal(mn_joining_add(&frame, &word), MN_OK);
    size_t first = frame.frame.size;
    assert_int_equal(mn_joining_add(&frame, &word), MN_OK);
    for (size_t cut = 0; cut < frame.frame.size; cut++) {
        struct mn_joined reader = mn_joined_of(frame.frame.bytes, cut);
        struct mn_arena arena = {0};
        const void *message = NULL;
        size_t size = 0;
        uint32_t whole = 0;
        uint32_t refused = 0;
        while (mn_joined_next(&reader, &message, &size)) {
            if (mn_down_decode(message, size, &arena, &down) == MN_OK) {
                whole += 1;
            } else {
                refused += 1;
            }
        }
        assert_int_equal(whole, cut >= first ? 1 : 0);
        assert_int_equal(refused, cut == first ? 0 : 1);
        mn_arena_deinit(&arena);
    }
    mn_buffer_deinit(&word);
    mn_joining_deinit(&frame);
}

/* A frame in the place of a message is refused. */
static void takes_none_inside_another(void **state)
{
    (void)state;
    struct mn_up up = {.kind = MN_UP_HEARTBEAT};
    struct mn_buffer word = {0};
    struct mn_joining inner = {0};
    struct mn_joining outer = {0};
    struct mn_arena arena = {0};
    const void *message = NULL;
    size_t size = 0;
    assert_int_equal(mn_up_encode(&up, &word), MN_OK);
    assert_int_equal(mn_joining_add(&inner, &word), MN_OK);
    assert_int_equal(mn_joining_add(&inner, &word), MN_OK);
    assert_int_equal(mn_joining_add(&outer, &inner.frame), MN_OK);
    struct mn_joined frame = mn_joined_of(outer.frame.bytes, outer.frame.size);
    assert_true(mn_joined_next(&frame, &message, &size));
    assert_int_equal(mn_up_decode(message, size, &arena, &up), MN_BAD_VERSION);
    mn_arena_deinit(&arena);
    mn_buffer_deinit(&word);
    mn_joining_deinit(&inner);
    mn_joining_deinit(&outer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_out_in_their_order),
        cmocka_unit_test(is_what_the_schema_says),
        cmocka_unit_test(one_message_alone_goes_as_it_is),
        cmocka_unit_test(is_bounded),
        cmocka_unit_test(what_is_cut_short_is_no_message),
        cmocka_unit_test(takes_none_inside_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
