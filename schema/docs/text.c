/* Growing text. Every append that needs room goes through mn_text_add_more, which keeps the
 * first failure. */
#include "docs/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

enum { TEXT_FORMATTED_SIZE_MAX = 1024 };

void mn_text_deinit(struct mn_text *text)
{
    free(text->bytes);
    size_t size_max = text->size_max;
    *text = (struct mn_text){.size_max = size_max};
}

void mn_text_add_more(struct mn_text *text, const char *bytes, size_t size)
{
    if (text->result != MN_OK) {
        return;
    }
    size_t bound = text->size_max != 0 ? text->size_max : SIZE_MAX - 1;
    if (size > bound - text->size) {
        text->result = MN_FULL;
        return;
    }
    text->result = mn_grow(&text->bytes, &text->capacity, text->size + size + 1, 1, bound + 1);
    if (text->result != MN_OK) {
        return;
    }
    if (size > 0) {
        memcpy(text->bytes + text->size, bytes, size);
    }
    text->size += size;
    text->bytes[text->size] = '\0';
}

void mn_text_add_i64(struct mn_text *text, int64_t number)
{
    char digits[24];
    size_t at = sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0) {
        digits[--at] = '-';
    }
    mn_text_add_bytes(text, digits + at, sizeof digits - at);
}

void mn_text_add_format(struct mn_text *text, const char *format, ...)
{
    char small[TEXT_FORMATTED_SIZE_MAX];
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(small, sizeof small, format, arguments);
    if (size >= 0 && (size_t)size < sizeof small) {
        mn_text_add_bytes(text, small, (size_t)size);
    } else if (size >= 0) {
        char *large = malloc((size_t)size + 1);
        if (large != NULL) {
            (void)vsnprintf(large, (size_t)size + 1, format, again);
            mn_text_add_bytes(text, large, (size_t)size);
            free(large);
        } else if (text->result == MN_OK) {
            text->result = MN_NO_MEMORY;
        }
    } else if (text->result == MN_OK) {
        text->result = MN_BAD_INPUT;
    }
    va_end(again);
    va_end(arguments);
}

/* "3 min 5 s": so many of the larger unit, and of the smaller one what is left of that. */
static void add_units(struct mn_text *text, uint64_t count, uint64_t each, const char *large,
                      const char *small)
{
    mn_text_add_format(text, "%" PRIu64 " %s", count / each, large);
    if (count % each > 0) {
        mn_text_add_format(text, " %" PRIu64 " %s", count % each, small);
    }
}

/* Seconds below a minute, with as many places as are worth reading and no zeros after the last. */
static void add_seconds(struct mn_text *text, uint64_t ms)
{
    uint64_t hundredths = ms < 10000 ? ms / 10 : ms / 100 * 10;
    mn_text_add_format(text, "%" PRIu64, hundredths / 100);
    if (hundredths % 10 > 0) {
        mn_text_add_format(text, ".%02" PRIu64, hundredths % 100);
    } else if (hundredths % 100 > 0) {
        mn_text_add_format(text, ".%" PRIu64, hundredths % 100 / 10);
    }
    mn_text_add(text, " s");
}

void mn_text_add_duration(struct mn_text *text, int64_t ms)
{
    uint64_t rest = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
    mn_text_add(text, ms < 0 ? "-" : "");
    if (rest < 1000) {
        mn_text_add_format(text, "%" PRIu64 " ms", rest);
    } else if (rest < 60000) {
        add_seconds(text, rest);
    } else if (rest < 3600000) {
        add_units(text, rest / 1000, 60, "min", "s");
    } else if (rest < 86400000) {
        add_units(text, rest / 60000, 60, "h", "min");
    } else {
        add_units(text, rest / 3600000, 24, "d", "h");
    }
}

void mn_text_add_json(struct mn_text *text, const char *string)
{
    mn_text_add_bytes(text, "\"", 1);
    const char *plain = string;
    const char *at = string;
    for (; *at != '\0'; at++) {
        bool escaped = *at == '"' || *at == '\\' || (unsigned char)*at < 0x20;
        if (!escaped) {
            continue;
        }
        mn_text_add_bytes(text, plain, (size_t)(at - plain));
        plain = at + 1;
        mn_text_add_format(text, "\\u%04x", (unsigned)(unsigned char)*at);
    }
    mn_text_add_bytes(text, plain, (size_t)(at - plain));
    mn_text_add_bytes(text, "\"", 1);
}
