/* Names and numbers that identify things, as types of their own, so that a host is no vat. */
#ifndef MN_BASE_IDS_H
#define MN_BASE_IDS_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

/* A number that nothing which is counted here can have reached before that time: of runs, rounds
 * and generations far fewer than one a second are given out. So a coordinator that knows that it
 * has forgotten, but not how much, goes on above it. Seconds since the beginning of 2026.
 *
 * @wall      nanoseconds since 1970. */
static inline uint64_t mn_base_at(mn_time wall)
{
    mn_time since = wall / MN_SECOND - INT64_C(1767225600);
    return since > 0 ? (uint64_t)since : 0;
}

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

/* The first bytes of a name, the first of them the highest: of two names that begin otherwise, that
 * which comes first has the lower number. */
static inline uint64_t mn_name_begin(const struct mn_name *name)
{
    uint64_t word = 0;
    memcpy(&word, name->text, sizeof word);
    return be64toh(word);
}

/* Whether one of eight bytes is 0. */
static inline bool mn_name_ends(uint64_t begin)
{
    return ((begin - UINT64_C(0x0101010101010101)) & ~begin & UINT64_C(0x8080808080808080)) != 0;
}

/* -1, 0 or 1 as @a is before, equal to or after @b, by bytes. Most differ early, or are short: then
 * nothing is called. */
static inline int mn_name_compare(const struct mn_name *a, const struct mn_name *b)
{
    uint64_t left = mn_name_begin(a);
    uint64_t right = mn_name_begin(b);
    if (left != right) {
        /* Whether they end where they are still alike: then what is behind their end is nothing. */
        int alike = __builtin_clzll(left ^ right) & ~7;
        return mn_name_ends(left | UINT64_MAX >> alike) ? 0 : left < right ? -1 : 1;
    }
    int order = mn_name_ends(left) ? 0 : strcmp(a->text + sizeof left, b->text + sizeof right);
    return (order > 0) - (order < 0);
}

static inline bool mn_name_equal(const struct mn_name *a, const struct mn_name *b)
{
    return mn_name_compare(a, b) == 0;
}

#endif
