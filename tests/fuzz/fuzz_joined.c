/* Whatever comes as a frame is handed out from its first byte to its last, message by message, each
 * within it; and what is joined anew from these comes apart into the same. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "wire/joined.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* @joining comes apart into the messages of @frame, as far as it has some. */
static void compare(const struct mn_joining *joining, struct mn_joined frame)
{
    size_t size = 0;
    const void *bytes = mn_joining_bytes(joining, &size);
    struct mn_joined again = mn_joined_of(bytes, size);
    const void *message = NULL;
    const void *same = NULL;
    size_t same_size = 0;
    for (uint32_t i = 0; joining->count > 1 && i < joining->count; i++) {
        mn_assert(mn_joined_next(&frame, &message, &size));
        mn_assert(mn_joined_next(&again, &same, &same_size));
        mn_assert(size == same_size);
        mn_assert(size == 0 || memcmp(message, same, size) == 0);
    }
    mn_assert(joining->count < 2 || !mn_joined_next(&again, &same, &same_size));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct mn_joined frame = mn_joined_of(bytes, size);
    struct mn_joining joining = {0};
    const uint8_t *end = bytes;
    const void *message = NULL;
    size_t message_size = 0;
    mn_result result = MN_OK;
    while (mn_joined_next(&frame, &message, &message_size)) {
        struct mn_buffer copy = {0};
        const uint8_t *at = message;
        mn_assert(at >= end);
        mn_assert(message_size <= (size_t)(bytes + size - at));
        end = at + message_size;
        if (result == MN_OK && message_size > 0) {
            mn_assert(mn_buffer_append(&copy, message, message_size) == MN_OK);
        }
        result = result == MN_OK ? mn_joining_add(&joining, &copy) : result;
        mn_buffer_deinit(&copy);
    }
    mn_assert(end == bytes + size);
    compare(&joining, mn_joined_of(bytes, size));
    mn_joining_deinit(&joining);
    return 0;
}
