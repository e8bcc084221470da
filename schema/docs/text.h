/* Growing text: what the writers of documents and answers append to. */
#ifndef MN_DOCS_TEXT_H
#define MN_DOCS_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

/* Zero-initialised is an empty text with no bound but memory. The first failure stays: everything
 * appended after it is dropped, so that a writer asks once, at its end (mn_text_result). */
struct mn_text {
    char *bytes;     /* heap; NUL-terminated once anything was appended */
    size_t size;     /* without the NUL */
    size_t capacity; /* bytes at @bytes */
    size_t size_max; /* bound of size; 0 is none */
    mn_result result;
};

/* Give the memory back; the text is empty afterwards and may be used again. */
void mn_text_deinit(struct mn_text *text);

/* Append @size bytes, a NUL-terminated string, a number, or what printf would. */
void mn_text_add_bytes(struct mn_text *text, const char *bytes, size_t size);
void mn_text_add(struct mn_text *text, const char *string);
void mn_text_add_i64(struct mn_text *text, int64_t number);
void mn_text_add_format(struct mn_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Append @string in quotes, escaped as JSON wants it. */
void mn_text_add_json(struct mn_text *text, const char *string);

/* MN_OK, or the first failure: MN_NO_MEMORY, or MN_FULL at the bound. */
static inline mn_result mn_text_result(const struct mn_text *text)
{
    return text->result;
}

#endif
