/* Detail of a failure, for people: filled by shells and document readers only, never by cores. */
#ifndef MN_BASE_ERROR_H
#define MN_BASE_ERROR_H

enum { MN_ERROR_TEXT_SIZE_MAX = 512 };

/* One sentence that names the thing, the place and the remedy. Zero-initialise; text[0] == '\0'
 * means that nothing was said. */
struct mn_error {
    char text[MN_ERROR_TEXT_SIZE_MAX];
};

/* Write @format into @error, cut to fit. @error may be NULL. A text that is there already stays:
 * the first cause is the one to tell. */
void mn_error_set(struct mn_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
