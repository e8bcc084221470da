/* G5 one decision. A round is decided once, and what is ordered is what was decided, after it was
 * written down. */
#include "observer/observer_private.h"

struct observer_round *g5_find(const struct observer *observer, uint64_t round)
{
    for (size_t i = observer->round_count; i > 0; i--) {
        if (observer->rounds[i - 1].round == round) {
            return &observer->rounds[i - 1];
        }
    }
    return NULL;
}

const struct observer_start *g5_start(const struct observer_round *round, uint32_t vat)
{
    size_t low = 0;
    size_t high = round->start_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (round->starts[middle].vat < vat) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < round->start_count && round->starts[low].vat == vat ? &round->starts[low] : NULL;
}

bool g5_decided(struct observer *observer, const struct mn_journal_decision *decision)
{
    if (g5_find(observer, decision->round) != NULL) {
        observer_fail(observer, "G5", "round %llu is decided twice",
                      (unsigned long long)decision->round);
        return false;
    }
    return true;
}

static void start_said(struct observer *observer, const struct mn_start *start)
{
    uint32_t vat = topology_find_vat(observer->topology, start->vat.text);
    if (start->round == 0) {
        if (start->run > observer->vats[vat].run || start->keep != 0) {
            observer_fail(observer, "G5",
                          "%s is to be started as run %u, which is not written "
                          "down",
                          start->vat.text, start->run);
        }
        return;
    }
    const struct observer_round *round = g5_find(observer, start->round);
    const struct observer_start *decided = round != NULL ? g5_start(round, vat) : NULL;
    if (decided == NULL || decided->run != start->run || decided->keep != start->keep ||
        decided->incarnation != start->incarnation) {
        observer_fail(observer, "G5",
                      "%s is to be started as run %u at %llx by round %llu, which was not decided",
                      start->vat.text, start->run, (unsigned long long)start->keep,
                      (unsigned long long)start->round);
    }
}

void g5_down(struct observer *observer, const struct mn_down *message)
{
    if (message->generation > observer->generation) {
        observer_fail(observer, "G5",
                      "the coordinator speaks in generation %llu, which is not "
                      "written down",
                      (unsigned long long)message->generation);
    }
    if (message->kind == MN_DOWN_START) {
        start_said(observer, &message->start);
    } else if (message->kind == MN_DOWN_DECISION &&
               g5_find(observer, message->decision.round) == NULL) {
        observer_fail(observer, "G5", "round %llu is told, and was not decided",
                      (unsigned long long)message->decision.round);
    }
}
