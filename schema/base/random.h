/* Seeded random numbers: one generator per instance, the same seed gives the same numbers.
 *
 * SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014); good for
 * simulations, jitter and tests, not for secrets. */
#ifndef MN_BASE_RANDOM_H
#define MN_BASE_RANDOM_H

#include <stdint.h>

struct mn_random {
    uint64_t state; /* any value is a seed */
};

/* The next 64 random bits. */
static inline uint64_t mn_random_next(struct mn_random *random)
{
    uint64_t z = (random->state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

__extension__ typedef unsigned __int128 mn_uint128; /* ISO C has none */

/* A number from 0 to @bound - 1; @bound must not be 0. The bias is below @bound / 2^64. */
static inline uint64_t mn_random_below(struct mn_random *random, uint64_t bound)
{
    return (uint64_t)(((mn_uint128)mn_random_next(random) * bound) >> 64);
}

#endif
