/* G6 never backward. Generations, rounds, runs, incarnations and epochs only go up, and none is
 * used twice. */
#include "observer/observer_private.h"

/* What was lost with the journal is on record again. */
static void learnt_anew(struct observer *observer, const struct observer_vat *vat,
                        const struct mn_journal_vat *record)
{
    if (record->run == vat->run && record->incarnation < vat->incarnation) {
        observer_fail(observer, "G6", "run %u of %s is on record again in incarnation %u, not %u",
                      record->run, record->vat.text, record->incarnation, vat->incarnation);
    }
}

void g6_record(struct observer *observer, uint64_t sequence, uint64_t generation,
               const struct mn_journal_record *record)
{
    if (sequence != observer->sequence + 1) {
        observer_fail(observer, "G6", "record %llu comes after record %llu",
                      (unsigned long long)sequence, (unsigned long long)observer->sequence);
    }
    observer->sequence = sequence;
    bool begins = record->kind == MN_JOURNAL_GENERATION;
    if (begins ? generation <= observer->generation : generation != observer->generation) {
        observer_fail(observer, "G6", "a record of generation %llu after one of %llu",
                      (unsigned long long)generation, (unsigned long long)observer->generation);
    }
    observer->generation = generation;
    if (record->kind == MN_JOURNAL_VAT) {
        uint32_t number = topology_find_vat(observer->topology, record->vat.vat.text);
        struct observer_vat *vat = &observer->vats[number];
        if (left_learns(vat, &record->vat)) {
            learnt_anew(observer, vat, &record->vat);
            return;
        }
        if (record->vat.run <= vat->run) {
            observer_fail(observer, "G6", "run %u of %s is given out after run %u", record->vat.run,
                          record->vat.vat.text, vat->run);
        }
        vat->run = record->vat.run;
    }
}

void g6_begins(struct observer *observer, const struct observer_actor *actor)
{
    struct observer_vat *vat = &observer->vats[actor->vat];
    for (size_t i = 0; i < vat->begun_count; i++) {
        if (vat->begun[i] == actor->run) {
            observer_fail(observer, "G6", "run %u of %s begins twice", actor->run,
                          observer_vat_name(observer, actor->vat));
        }
    }
    observer_grow(&vat->begun, &vat->begun_capacity, vat->begun_count + 1, sizeof *vat->begun);
    vat->begun[vat->begun_count++] = actor->run;
}

void g6_checkpoint(struct observer *observer, const struct observer_actor *actor)
{
    struct observer_vat *vat = &observer->vats[actor->vat];
    if (mn_epoch_run(actor->epoch) != actor->run) {
        observer_fail(observer, "G6", "%s run %u writes epoch %llx",
                      observer_vat_name(observer, actor->vat), actor->run,
                      (unsigned long long)actor->epoch);
    }
    if (actor->run != vat->run) {
        return;
    }
    if (actor->epoch <= vat->written) {
        observer_fail(observer, "G6", "%s writes epoch %llx after %llx",
                      observer_vat_name(observer, actor->vat), (unsigned long long)actor->epoch,
                      (unsigned long long)vat->written);
    }
    vat->written = actor->epoch;
}

void g6_decided(struct observer *observer, const struct mn_journal_decision *decision)
{
    if (observer->round_count > 0 &&
        decision->round <= observer->rounds[observer->round_count - 1].round) {
        observer_fail(observer, "G6", "round %llu is decided after round %llu",
                      (unsigned long long)decision->round,
                      (unsigned long long)observer->rounds[observer->round_count - 1].round);
    }
    for (uint32_t i = 0; i < decision->start_count; i++) {
        const struct mn_start *start = &decision->starts[i].start;
        uint32_t number = topology_find_vat(observer->topology, start->vat.text);
        const struct observer_vat *vat = &observer->vats[number];
        bool forgot = start->outcome == MN_ROLLED_BACK || start->outcome == MN_RESET;
        if (start->run <= vat->run) {
            observer_fail(observer, "G6", "run %u of %s is given out after run %u", start->run,
                          start->vat.text, vat->run);
        }
        uint32_t least = vat->incarnation + (forgot ? 1 : 0);
        uint32_t most = vat->met > vat->incarnation ? vat->met + (forgot ? 1 : 0) : least;
        if (start->incarnation < least || start->incarnation > most) {
            observer_fail(observer, "G6", "%s is %s, and its incarnation goes from %u to %u",
                          start->vat.text, mn_outcome_name(start->outcome), vat->incarnation,
                          start->incarnation);
        }
    }
}
