/* Small random changes to answers, to see that none gets past the checker. */
#ifndef TESTS_MUTATE_H
#define TESTS_MUTATE_H

#include <jansson.h>

#include "base/random.h"

/* A copy of @answer with one value, entry or key changed, taken out, put in or doubled. The
 * caller's reference. It may happen to be equal. */
json_t *mutate_answer(const json_t *answer, struct mn_random *random);

#endif
