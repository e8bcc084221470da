/* Seeds, chances and names for the tests that hand a core whatever the codec takes. */
#include "hostile.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

void hostile_each(uint64_t count, void (*one)(void *context, uint64_t seed), void *context)
{
    uint64_t first = number_of("MNEME_SEED", 1);
    uint64_t end = first + number_of("MNEME_SEEDS", count);
    for (uint64_t seed = first; seed < end; seed++) {
        (void)fprintf(stderr, "MNEME_SEED=%llu\n", (unsigned long long)seed);
        one(context, seed);
    }
}

void hostile_init(struct hostile *hostile, uint64_t seed)
{
    *hostile = (struct hostile){.seed = seed, .random = {seed}};
}

uint64_t hostile_below(struct hostile *hostile, uint64_t bound)
{
    return mn_random_below(&hostile->random, bound);
}

bool hostile_chance(struct hostile *hostile, uint64_t percent)
{
    return hostile_below(hostile, 100) < percent;
}

void hostile_note(struct hostile *hostile, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(hostile->after, sizeof hostile->after, format, arguments);
    va_end(arguments);
}

void hostile_fine(const struct hostile *hostile, mn_result result, const char *what, int kind)
{
    if (result != MN_OK) {
        (void)fprintf(stderr, "seed %llu: %s of kind %d: %s, after %s\n",
                      (unsigned long long)hostile->seed, what, kind, mn_result_name(result),
                      hostile->after);
        abort();
    }
}

struct mn_name hostile_name(char letter, uint32_t index)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%c%u", letter, index + 1);
    return mn_name_of(text);
}
