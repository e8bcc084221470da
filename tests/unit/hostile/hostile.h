/* What the tests share that hand a core whatever the codec takes, in any order: seeds, chances, and
 * how a failing seed is said.
 *
 * MNEME_SEEDS says how many seeds are tried, MNEME_SEED from which on. */
#ifndef TESTS_HOSTILE_H
#define TESTS_HOSTILE_H

#include "base/ids.h"
#include "base/random.h"
#include "base/result.h"

enum { HOSTILE_AFTER_SIZE = 160 };

struct hostile {
    uint64_t seed;
    struct mn_random random;
    char after[HOSTILE_AFTER_SIZE]; /* the event that is handed in: kept for a debugger, too */
};

/* Call @one for each seed, @count unless the environment says otherwise. Each is named on standard
 * error before it begins: a broken assertion ends the process. */
void hostile_each(uint64_t count, void (*one)(void *context, uint64_t seed), void *context);

void hostile_init(struct hostile *hostile, uint64_t seed);

/* A number from 0 to @bound - 1. */
uint64_t hostile_below(struct hostile *hostile, uint64_t bound);
bool hostile_chance(struct hostile *hostile, uint64_t percent);

/* What is handed in next. */
void hostile_note(struct hostile *hostile, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* End the process unless @result is fine, saying of which @kind of @what it is and after what. */
void hostile_fine(const struct hostile *hostile, mn_result result, const char *what, int kind);

/* "x1" for 0 of 'x'. */
struct mn_name hostile_name(char letter, uint32_t index);

#endif
