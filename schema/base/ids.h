/* Names and numbers that identify things, as types of their own, so that a host is no vat. */
#ifndef MN_BASE_IDS_H
#define MN_BASE_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

/* Nanoseconds since an arbitrary start; never goes back within one process. */
typedef int64_t mn_time;

#define MN_TIME_NEVER INT64_MAX
#define MN_MS INT64_C(1000000)
#define MN_SECOND INT64_C(1000000000)

/* The number of a vat's interval between checkpoints: run * 2^32 + count. 0 is birth. */
typedef int64_t mn_epoch;

/* A start of a vat anywhere; the fencing token. 0 is "never started". */
typedef uint32_t mn_run;

/* The first epoch of @run. */
static inline mn_epoch mn_epoch_first(mn_run run)
{
    return ((mn_epoch)run << 32) | 1;
}

/* The run that an epoch belongs to. */
static inline mn_run mn_epoch_run(mn_epoch epoch)
{
    return (mn_run)(epoch >> 32);
}

/* A name of 1 to MN_NAME_SIZE_MAX bytes of A-Z a-z 0-9 . _ : / - and its final NUL; all bytes
 * after the name are 0, so that two equal names are equal as memory. */
struct mn_name {
    char text[MN_NAME_SIZE_MAX + 1];
};

/* Whether @size bytes at @text make a name by the rule above. */
bool mn_name_valid(const char *text, size_t size);

/* Set @name from @size bytes. False, and @name untouched, when they make no name. */
bool mn_name_set(struct mn_name *name, const char *text, size_t size);

/* Set @name from a literal or other text that is known to be a name; asserts that it is. */
struct mn_name mn_name_of(const char *text);

/* -1, 0 or 1 as @a is before, equal to or after @b, by bytes. */
int mn_name_compare(const struct mn_name *a, const struct mn_name *b);

static inline bool mn_name_equal(const struct mn_name *a, const struct mn_name *b)
{
    return mn_name_compare(a, b) == 0;
}

#endif
