/* Stories of a ledger: whatever may happen to the vats that it knows, in any order. */
#ifndef TESTS_LEDGER_STORY_H
#define TESTS_LEDGER_STORY_H

#include "base/random.h"
#include "core/ledger.h"

/* A ledger of two stores, a host and @vats vats, ten at most. */
struct ledger *ledger_story_begin(uint32_t vats);

/* One more thing happens to the vats: a report, a loss, a floor, a decision that is applied.
 * @now: the newest epoch. */
void ledger_story_happen(struct ledger *ledger, struct mn_random *random, mn_epoch *now);

#endif
