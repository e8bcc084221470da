/* What several message families share: the growing buffer, names of outcomes. */
#include "wire/common.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

/* Anything that is encoded into memory is smaller than this. */
#define BUFFER_SIZE_MAX ((size_t)1024 * 1024 * 1024)

void mn_buffer_deinit(struct mn_buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct mn_buffer){0};
}

mn_result mn_buffer_reserve(struct mn_buffer *buffer, size_t size)
{
    if (size > BUFFER_SIZE_MAX - buffer->size) {
        return MN_TOO_LARGE;
    }
    return mn_grow(&buffer->bytes, &buffer->capacity, buffer->size + size, 1, BUFFER_SIZE_MAX);
}

mn_result mn_buffer_append(struct mn_buffer *buffer, const void *bytes, size_t size)
{
    mn_result result = mn_buffer_reserve(buffer, size);
    if (result != MN_OK) {
        return result;
    }
    if (size > 0) {
        memcpy(buffer->bytes + buffer->size, bytes, size);
    }
    buffer->size += size;
    return MN_OK;
}

const char *mn_outcome_name(enum mn_outcome outcome)
{
    switch (outcome) {
    case MN_RUNNING:
        return "running";
    case MN_REVIVED:
        return "revived";
    case MN_ROLLED_BACK:
        return "rolled_back";
    case MN_RESET:
        return "reset";
    }
    return "?";
}
