/* Adoptions: a disk that was found is taken into a decision only while no later life of its vat has
 * spoken. On record it follows the freeze that named the lost run, and no record has given out
 * another run since.
 *
 * The round that it was brought to is not decided before it is read: who found it has it counted. A
 * host that was lost, or whose agent began anew, may have left off, and a new coordinator knows
 * only of what was read. Of one that still counts for lost, because its coordinator stood still
 * when it came back, the operator is told at once that it comes to nothing. */
#include <string.h>

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
    observer_grow(&observer->readings, &observer->reading_capacity, observer->reading_count + 1,
                  sizeof *observer->readings);
    observer->readings[observer->reading_count++] =
        (struct observer_reading){.vat = number,
                                  .host = topology_find_host(observer->topology, step->host.text),
                                  .round = step->round,
                                  .generation = observer->generation,
                                  .since = observer->now};
}

static void readings_forget(struct observer *observer, uint32_t at)
{
    observer->reading_count -= 1;
    memmove(&observer->readings[at], &observer->readings[at + 1],
            (observer->reading_count - at) * sizeof *observer->readings);
}

void observer_read(struct observer *observer, uint32_t host, uint32_t vat)
{
    for (uint32_t i = observer->reading_count; i > 0; i--) {
        if (observer->readings[i - 1].vat == vat && observer->readings[i - 1].host == host) {
            readings_forget(observer, i - 1);
        }
    }
}

void adoption_decided(struct observer *observer, const struct mn_journal_decision *decision)
{
    for (uint32_t i = 0; i < observer->reading_count; i++) {
        const struct observer_reading *reading = &observer->readings[i];
        struct observer_host host = observer->ask(observer->context, reading->host);
        bool whole = host.up && host.agent && host.reached && host.since < reading->since;
        if (whole && reading->round == decision->round &&
            reading->generation == observer->generation) {
            observer_fail(observer, "adoption",
                          "round %llu is decided while %s reads the disk with %s that it is to "
                          "bring into it",
                          (unsigned long long)decision->round,
                          observer->topology->hosts[reading->host].name,
                          observer_vat_name(observer, reading->vat));
        }
    }
    observer->reading_count = 0;
}
