/* Growing text: what the writers of documents and answers append to. */
#ifndef MN_DOCS_TEXT_H
#define MN_DOCS_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/result.h"

/* Zero-initialised is an empty text with no bound but memory. The first failure stays: everything
 * appended after it is dropped, so that a writer asks once, at its end (mn_text_result). */
struct mn_text {
    char *bytes;     /* heap; NUL-terminated once anything was appended */
    size_t size;     /* without the NUL */
    size_t capacity; /* bytes at @bytes, with the NUL no more than the bound allows */
    size_t size_max; /* bound of size; 0 is none */
    mn_result result;
};

/* Give the memory back; the text is empty afterwards and may be used again. */
void mn_text_deinit(struct mn_text *text);

/* Append bytes for which there is no room yet, or after a failure. */
void mn_text_add_more(struct mn_text *text, const char *bytes, size_t size);

/* Append @size bytes, a NUL-terminated string, a number, or what printf would. The first two are
 * written out where they are called: an answer is made of millions of small pieces. */
static inline void mn_text_add_bytes(struct mn_text *text, const char *bytes, size_t size)
{
    if (text->result != MN_OK || size >= text->capacity - text->size) {
        mn_text_add_more(text, bytes, size);
        return;
    }
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = '\0';
}

static inline void mn_text_add(struct mn_text *text, const char *string)
{
    mn_text_add_bytes(text, string, strlen(string));
}

void mn_text_add_i64(struct mn_text *text, int64_t number);
void mn_text_add_format(struct mn_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Append a number of milliseconds as people say it: 12 ms, 1.42 s, 14.2 s, 3 min 5 s, 2 h 10 min,
 * 5 d 3 h; what is finer than that is cut off. */
void mn_text_add_duration(struct mn_text *text, int64_t ms);

/* Append @string in quotes, escaped as JSON wants it. */
void mn_text_add_json(struct mn_text *text, const char *string);

/* MN_OK, or the first failure: MN_NO_MEMORY, or MN_FULL at the bound. */
static inline mn_result mn_text_result(const struct mn_text *text)
{
    return text->result;
}

#endif
