/* What may be asked for once a journal is lost together with those that keep it, or so many of them
 * that an operator has a coordinator go on with less than was in force.
 *
 * G6 as before, of all that is left: no run, incarnation, round or generation that any disk or
 * process of the cluster still knows comes again or goes down. A number that nobody knows who is
 * left may come again, because whoever had it did nothing with it: a vat's process knows its run,
 * and so do its agent's ledger and each of its checkpoints, wherever they are. These may also be
 * lost after the journal, as long as the number is not on record again; the same goes for rounds. A
 * coordinator may put on record again what it learns of a run, as often as it learns more, in any
 * order; a run that is given out, or is begun, is always a new one. An incarnation that began is
 * known to any peer that met it, be it in memory or in a message that is on its way: so the next
 * one may be above each that was given out before, though no disk says so, and not above the next
 * of these. A generation counts from the first word to an agent: a coordinator that has recorded
 * one and is told of a higher one before it said anything has done no harm. Whom it does not reach
 * it need not go above. One that has spoken in a generation before the journal was lost, and that
 * nobody could end, goes on in it.
 *
 * G2 as before, but for a vat whose process has ended and that a decision which is lost had started
 * elsewhere: where that was nobody may know, and its host's being up says nothing of it.
 *
 * G5 of each round whose decision is still on record, or of which anybody left has heard.
 *
 * G1 to G4 and G7 as before where each decision that is lost was carried out: then the history of
 * the vats is what it was. What a vat had been told it need not be told again, since that is in
 * what it keeps; it may be. A decision that is lost halfway, some vats having been started by it
 * and others not, leaves no history that all of those who are left would agree to: from then on
 * these are not asked for, and G5, G6, G8, G9 and G10 are. */
#include <stdlib.h>

#include "observer/observer_private.h"

static bool all_told(const struct observer *observer, uint64_t round)
{
    bool all = true;
    for (uint32_t i = 0; i < observer->vat_count; i++) {
        const struct observer_vat *vat = &observer->vats[i];
        for (size_t k = 0; k < vat->told_count; k++) {
            all = all && (vat->told[k].round != round || vat->told[k].handed != 0);
        }
    }
    return all;
}

/* Whether every vat that it started is known to have been, and everybody has been told. */
static bool carried_out(const struct observer *observer, const struct observer_round *round,
                        const struct observer_left *left)
{
    bool out = all_told(observer, round->round);
    for (size_t i = 0; i < round->start_count; i++) {
        const struct observer_start *start = &round->starts[i];
        bool newest = observer->vats[start->vat].run == start->run;
        out = out && (!newest || left->vats[start->vat].run >= start->run);
    }
    return out;
}

/* Where it started these is not on record any more. */
static void starts_left(struct observer *observer, const struct observer_round *round)
{
    for (size_t i = 0; i < round->start_count; i++) {
        const struct observer_start *start = &round->starts[i];
        struct observer_vat *vat = &observer->vats[start->vat];
        vat->astray = vat->astray || vat->run == start->run;
    }
}

static bool sent_any(const struct observer_vat *vat)
{
    bool any = false;
    for (size_t i = 0; i < vat->pair_count; i++) {
        any = any || vat->pairs[i].taken_count > 0 || vat->pairs[i].taken_forgotten > 0;
    }
    return any;
}

/* Of a vat of which nobody knows anything any more it is as if it had never run. */
static void vat_left(struct observer *observer, uint32_t number, const struct observer_known *known)
{
    struct observer_vat *vat = &observer->vats[number];
    if (known->run >= vat->run) {
        return;
    }
    vat->met = vat->incarnation > vat->met ? vat->incarnation : vat->met;
    vat->run = known->run;
    vat->incarnation = known->incarnation > 0 ? known->incarnation : 1;
    vat->process = 0;
    for (uint32_t i = vat->begun_count; i > 0; i--) {
        if (vat->begun[i - 1] > known->run) {
            vat->begun[i - 1] = vat->begun[--vat->begun_count];
        }
    }
    if (known->run == 0) {
        observer->blind = observer->blind || sent_any(vat);
        observer_forget_sent(observer, number, 0);
        observer_forget_taken(observer, number, 0);
        observer_forget_points(observer, number, 0);
        vat->keep = 0;
        vat->outcome = MN_REVIVED;
        vat->written = 0;
    }
}

static void told_left(struct observer_vat *vat, uint64_t round)
{
    for (size_t i = 0; i < vat->told_count; i++) {
        vat->told[i].lost = vat->told[i].lost || vat->told[i].round >= round;
    }
}

/* Decisions that are on record nowhere, nobody has heard of either. */
static void rounds_left(struct observer *observer, uint64_t round)
{
    while (observer->round_count > 0 && observer->rounds[observer->round_count - 1].lost &&
           observer->rounds[observer->round_count - 1].round > round) {
        free(observer->rounds[--observer->round_count].starts);
    }
}

void observer_forgets(struct observer *observer, const struct observer_left *left)
{
    uint32_t first = observer->round_count;
    while (first > 0 && observer->rounds[first - 1].sequence > left->sequence) {
        first -= 1;
        observer->blind = observer->blind || !carried_out(observer, &observer->rounds[first], left);
        starts_left(observer, &observer->rounds[first]);
        observer->rounds[first].lost = true;
    }
    uint64_t lost = first < observer->round_count ? observer->rounds[first].round : UINT64_MAX;
    for (uint32_t i = 0; i < observer->vat_count; i++) {
        observer->vats[i].learnt = false;
        vat_left(observer, i, &left->vats[i]);
        told_left(&observer->vats[i], lost);
    }
    rounds_left(observer, left->round);
    if (observer->word_sequence > left->sequence) {
        observer->word.approves = false;
    }
    for (uint32_t i = 0; i < observer->host_count; i++) {
        observer->generations[i] = left->generations[i];
    }
    observer->generation = left->generation;
    observer->sequence = left->sequence;
}

/* A run that a record says is one that is given out, or was known and is learnt anew, or more of
 * it. */
bool left_learns(struct observer_vat *vat, const struct mn_journal_vat *record)
{
    bool more = vat->learnt && record->found && record->run == vat->run;
    bool anew = !vat->learnt && record->run <= vat->run;
    vat->learnt = vat->learnt || record->run >= vat->run;
    return anew || more;
}

static bool asks_left(const struct observer_vat *vat)
{
    return !vat->learnt && vat->run > 0;
}

bool observer_asks_left(const struct observer *observer)
{
    bool any = observer->round_count > 0 && observer->rounds[observer->round_count - 1].lost;
    for (uint32_t i = 0; !any && i < observer->vat_count; i++) {
        any = asks_left(&observer->vats[i]);
    }
    return any;
}

void observer_left_less(struct observer *observer, const struct observer_left *left)
{
    rounds_left(observer, left->round);
    for (uint32_t i = 0; i < observer->vat_count; i++) {
        if (asks_left(&observer->vats[i])) {
            vat_left(observer, i, &left->vats[i]);
        }
    }
}

void observer_agent_lost(struct observer *observer, uint32_t host)
{
    observer->generations[host] = 0;
}

void left_down(struct observer *observer, uint32_t host, const struct mn_down *message)
{
    if (observer->generations[host] >= message->generation) {
        observer_fail(observer, "G6",
                      "the coordinator speaks to %s in generation %llu, and its agent knows of "
                      "generation %llu of before the journal was lost",
                      observer->topology->hosts[host].name, (unsigned long long)message->generation,
                      (unsigned long long)observer->generations[host]);
    }
    observer->generations[host] = 0;
}
