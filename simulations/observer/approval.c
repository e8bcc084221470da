/* Approvals: what policy asks about is decided only after an operator approved of as much, on
 * record, and has not said anything else since. What that is, is counted here anew, from the
 * decision and its evidence alone. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "observer/observer_private.h"

void approval_step(struct observer *observer, const struct mn_journal_step *step)
{
    struct observer_word *word = &observer->word;
    free(word->reset);
    word->reset = calloc((size_t)step->bounds.reset_count + 1, sizeof *word->reset);
    mn_assert(word->reset != NULL);
    word->approves = step->step == MN_STEP_APPROVE;
    word->restored = step->bounds.restored;
    word->rolled_back = step->bounds.rolled_back;
    word->unsure = step->bounds.unsure;
    word->spared = step->bounds.spared;
    word->reset_count = step->bounds.reset_count;
    for (uint32_t i = 0; i < word->reset_count; i++) {
        word->reset[i] = step->bounds.reset[i];
    }
}

static bool reset_approved(const struct observer_word *word, const struct mn_name *vat)
{
    for (uint32_t i = 0; i < word->reset_count; i++) {
        if (mn_name_equal(&word->reset[i], vat)) {
            return true;
        }
    }
    return false;
}

static const char unsure_text[] = "\"sure\": false";
static const char spared_text[] = "\"spared\": true";

/* Of how many vats the answer says that. */
static uint32_t vats_of(const struct mn_text *answer, const char *what)
{
    size_t size = strlen(what);
    uint32_t count = 0;
    size_t left = answer->size;
    const char *at = answer->bytes;
    while (left > 0) {
        const char *found = memmem(at, left, what, size);
        if (found == NULL) {
            break;
        }
        count += 1;
        left -= (size_t)(found - at) + size;
        at = found + size;
    }
    return count;
}

void approval_decided(struct observer *observer, const struct mn_journal_decision *decision,
                      const struct mn_text *answer)
{
    const struct topology_approval *policy = &observer->topology->policy.approve;
    struct observer_word word = observer->word;
    observer->word = (struct observer_word){.approves = false};
    uint32_t rolled_back = 0;
    uint32_t reset = 0;
    uint32_t unsure = vats_of(answer, unsure_text);
    uint32_t spared = vats_of(answer, spared_text);
    bool within = word.approves && decision->start_count <= word.restored &&
                  unsure <= word.unsure && spared <= word.spared;
    for (uint32_t i = 0; i < decision->start_count; i++) {
        const struct mn_start *start = &decision->starts[i].start;
        rolled_back += start->outcome == MN_ROLLED_BACK ? 1 : 0;
        if (start->outcome == MN_RESET) {
            reset += 1;
            within = within && reset_approved(&word, &start->vat);
        }
    }
    free(word.reset);
    int64_t most = policy->share * (int64_t)observer->vat_count / TOPOLOGY_SHARE_WHOLE;
    bool large = policy->share_asked && (int64_t)decision->start_count > most;
    bool asked = large || (policy->reset && reset > 0) || (policy->unsure && unsure > 0);
    if (asked && (!within || rolled_back > word.rolled_back)) {
        observer_fail(
            observer, "approval",
            "round %llu restores %u vats, rolls back %u, resets %u, spares %u and is not sure "
            "of %u, and nobody approved of that",
            (unsigned long long)decision->round, decision->start_count, rolled_back, reset, spared,
            unsure);
    }
}
