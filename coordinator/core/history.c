/* Rounds that are over. The journal has all of them for good; here a bounded number is kept, for
 * people who ask, since every process that ends somewhere is a round. A round that told somebody is
 * none of these: whom it told may go on from before that once more, and is told again then. */
#include <string.h>

#include "base/check.h"
#include "coordinator_private.h"

static bool is_over(const struct round *round)
{
    return round->facts.state == COORDINATOR_ROUND_DONE && round->decision.told_count == 0;
}

void history_round_over(struct coordinator *coordinator, const struct round *round)
{
    coordinator->over_count += is_over(round) ? 1 : 0;
    if (coordinator->over_count <= coordinator->over_count_max) {
        return;
    }
    size_t oldest = 0;
    while (!is_over(coordinator->rounds[oldest])) {
        oldest += 1;
    }
    mn_assert(coordinator->unanswered != coordinator->rounds[oldest]);
    coordinator->answers_size -= coordinator->rounds[oldest]->answer.size;
    round_destroy(&coordinator->rounds[oldest]);
    coordinator->round_count -= 1;
    memmove(coordinator->rounds + oldest, coordinator->rounds + oldest + 1,
            (coordinator->round_count - oldest) * sizeof(struct round *));
    coordinator->over_count -= 1;
    coordinator->rounds_left_out += 1;
}

void history_answer(struct coordinator *coordinator, const struct round *round)
{
    coordinator->answers_size += round->answer.size;
    for (size_t i = 0; coordinator->answers_size > coordinator->answers_size_max &&
                       coordinator->rounds[i] != round;
         i++) {
        coordinator->answers_size -= coordinator->rounds[i]->answer.size;
        mn_text_deinit(&coordinator->rounds[i]->answer);
    }
}

uint64_t coordinator_rounds_left_out(const struct coordinator *coordinator)
{
    return coordinator->rounds_left_out;
}
