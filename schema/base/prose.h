/* Text of people, in their own language: what operators give as reasons. */
#ifndef MN_BASE_PROSE_H
#define MN_BASE_PROSE_H

#include <stdbool.h>
#include <stddef.h>

/* Whether @text is UTF-8 (RFC 3629) of one line: no control characters, nor any that break lines or
 * change the direction of what stands around it. */
bool mn_prose_is(const char *text, size_t size);

#endif
