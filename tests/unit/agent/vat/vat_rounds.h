/* What tests of rounds and lives begin with: two vats that know each other, and words of agents. */
#ifndef TESTS_VAT_ROUNDS_H
#define TESTS_VAT_ROUNDS_H

#include "agent/vat/vat_world.h"

#define RUN(run) ((mn_epoch)(run) << 32)

/* Two vats a (0) and b (1) that have exchanged one message each way, everything durable. */
void world_of_two(struct world *world);

/* Tell @vat of a freeze whose suspect is that run of @suspect. */
void world_freeze(struct world *world, int vat, const char *suspect, mn_run run, uint64_t round);

/* The decision of @round, with a notice about a peer if there is one. */
void world_decide(struct world *world, int vat, uint64_t round, const struct mn_notice *notice);

#endif
