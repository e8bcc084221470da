/* What operators took upon themselves so that a coordinator goes on: kept to be shown, and nothing
 * is decided by it here. */
#include "base/check.h"
#include "base/grow.h"
#include "coordinator_private.h"

enum { RECALL_COUNT_MAX = 1 << 20 };

void recalls_keep(struct coordinator *coordinator, const struct mn_journal_recall *recall)
{
    struct mn_name *absent =
        mn_arena_take_array(&coordinator->step_memory, recall->absent_count, sizeof *absent);
    mn_result result = absent == NULL
                           ? MN_NO_MEMORY
                           : mn_grow(&coordinator->recalls, &coordinator->recall_capacity,
                                     coordinator->recall_count + 1, sizeof *coordinator->recalls,
                                     RECALL_COUNT_MAX);
    if (!coordinator_fine(coordinator, result) || absent == NULL) {
        return;
    }
    for (uint32_t i = 0; i < recall->absent_count; i++) {
        absent[i] = recall->absent[i];
    }
    coordinator->journal_at = recall->at;
    vats_first_found(coordinator);
    struct recall_entry *kept = &coordinator->recalls[coordinator->recall_count++];
    *kept = (struct recall_entry){.recall = *recall, .sequence = coordinator->sequence};
    kept->recall.absent = absent;
}

size_t coordinator_recall_count(const struct coordinator *coordinator)
{
    return coordinator->recall_recorded;
}

const struct mn_journal_recall *coordinator_recall_at(const struct coordinator *coordinator,
                                                      size_t index, uint64_t *sequence)
{
    mn_assert(index < coordinator->recall_recorded);
    *sequence = coordinator->recalls[index].sequence;
    return &coordinator->recalls[index].recall;
}

bool coordinator_has_forgotten(const struct coordinator *coordinator)
{
    return coordinator->forgotten;
}
