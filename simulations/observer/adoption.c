/* Adoptions: a disk that was found is taken into a decision only while no later life of its vat has
 * spoken. On record it follows the freeze that named the lost run, and no record has given out
 * another run since. */
#include "observer/observer_private.h"

void adoption_freeze(struct observer *observer, const struct mn_journal_freeze *freeze)
{
    for (uint32_t i = 0; i < freeze->suspect_count; i++) {
        uint32_t vat = topology_find_vat(observer->topology, freeze->suspects[i].vat.text);
        observer->vats[vat].frozen = freeze->suspects[i].run;
    }
}

void adoption_step(struct observer *observer, const struct mn_journal_step *step)
{
    uint32_t number = topology_find_vat(observer->topology, step->vat.text);
    const struct observer_vat *vat = &observer->vats[number];
    if (step->run != vat->run || step->run != vat->frozen) {
        observer_fail(observer, "adoption",
                      "a disk with run %u of %s is adopted in round %llu; its newest run is %u, "
                      "and run %u was found lost last",
                      step->run, step->vat.text, (unsigned long long)step->round, vat->run,
                      vat->frozen);
    }
}
