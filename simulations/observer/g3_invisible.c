/* G3 invisible. What a held sender lets go is durable and bears its number for ever; a vat begins
 * exactly where its checkpoint ended; nothing stops a vat but a loss; and who was lost without
 * having said more than it keeps is revived, so that nobody can tell. */
#include <stdio.h>

#include "observer/observer_private.h"

void g3_begins(struct observer *observer, const struct observer_actor *actor,
               const struct mn_life *life, uint64_t state)
{
    struct observer_vat *vat = &observer->vats[actor->vat];
    const char *name = observer_vat_name(observer, actor->vat);
    if (actor->run > vat->run) {
        observer_fail(observer, "G5", "%s begins run %u, and no record gives it out", name,
                      actor->run);
        return;
    }
    if (actor->run < vat->run) {
        return;
    }
    if (life->keep != vat->keep || life->incarnation != vat->incarnation ||
        life->outcome != vat->outcome) {
        observer_fail(observer, "G5",
                      "%s run %u begins at %llx in incarnation %u; its record says %llx and %u",
                      name, actor->run, (unsigned long long)life->keep, life->incarnation,
                      (unsigned long long)vat->keep, vat->incarnation);
        return;
    }
    uint64_t expected = observer->birth;
    if (life->keep == 0 && !observer->born) {
        observer->born = true;
        observer->birth = state;
        expected = state;
    } else if (life->keep != 0) {
        const struct observer_point *point = observer_point(vat, life->keep);
        expected = point != NULL ? point->state : ~state;
    }
    if (state != expected) {
        observer_fail(observer, "G3", "%s run %u does not have the state of its checkpoint %llx",
                      name, actor->run, (unsigned long long)life->keep);
    }
}

void g3_ends(struct observer *observer, const struct observer_actor *actor, const char *how)
{
    if (!observer->harm && observer_current(observer, actor)) {
        observer_fail(observer, "G3",
                      "%s run %u %s, and nothing but agents and coordinators has "
                      "failed",
                      observer_vat_name(observer, actor->vat), actor->run, how);
    }
}

void g3_leaves(struct observer *observer, const struct observer_actor *actor, uint32_t peer,
               mn_epoch epoch, uint64_t number, uint64_t id)
{
    struct observer_vat *vat = &observer->vats[actor->vat];
    const char *name = observer_vat_name(observer, actor->vat);
    const struct observer_pair *pair = observer_pair(observer, actor->vat, peer);
    if (number == 0 || number > observer_sent(pair) ||
        (number > pair->forgotten ? pair->sent[number - pair->forgotten - 1].id != id
                                  : id > pair->forgotten_id)) {
        observer_fail(observer, "numbers", "%s run %u sends to %s as number %llu what has another",
                      name, actor->run, observer_vat_name(observer, peer),
                      (unsigned long long)number);
        return;
    }
    const struct observer_message *message =
        number > pair->forgotten ? &pair->sent[number - pair->forgotten - 1] : NULL;
    if (message != NULL ? message->epoch != epoch : epoch > vat->settled) {
        observer_fail(observer, "numbers", "%s says that number %llu is of epoch %llx, not %llx",
                      name, (unsigned long long)number, (unsigned long long)epoch,
                      (unsigned long long)(message != NULL ? message->epoch : vat->settled));
    }
    const struct observer_point *point = observer_point(vat, epoch);
    if (observer->topology->vats[actor->vat].early) {
        if (epoch > actor->epoch) {
            observer_fail(observer, "G3", "%s sends what it does in epoch %llx, which is not begun",
                          name, (unsigned long long)epoch);
        }
    } else if (epoch > vat->settled && (point == NULL || (!point->durable && epoch > vat->keep))) {
        observer_fail(observer, "G3", "%s sends what it did in epoch %llx, which is not durable",
                      name, (unsigned long long)epoch);
    }
    vat->left = epoch > vat->left ? epoch : vat->left;
}

static bool gap_covers(const struct observer_gaps *gaps, uint64_t number)
{
    for (size_t i = 0; i < gaps->count; i++) {
        if (gaps->items[i].first <= number && number <= gaps->items[i].last) {
            return true;
        }
    }
    return false;
}

/* Whether the sender was told of each of these numbers. */
static bool gap_known(const struct observer_gaps *gaps, uint64_t first, uint64_t last)
{
    for (uint64_t number = first; number <= last; number++) {
        if (!gap_covers(gaps, number)) {
            return false;
        }
    }
    return true;
}

/* In which epoch of its sender a gap was spoken of, or before: a sender that had given these
 * numbers up says so of the epoch in which it did. */
static mn_epoch gap_spoken(const struct observer_vat *sender, const struct observer_gaps *gaps,
                           uint64_t first, uint64_t last)
{
    mn_epoch began = mn_epoch_first(sender->run);
    mn_epoch spoken = 0;
    if (!gap_known(gaps, first, last)) {
        return sender->written + 1 > began ? sender->written + 1 : began;
    }
    for (size_t i = 0; i < gaps->count; i++) {
        const struct observer_gap *gap = &gaps->items[i];
        if (gap->first <= last && first <= gap->last && gap->epoch > spoken) {
            spoken = gap->epoch;
        }
    }
    return spoken;
}

void g3_undelivered(struct observer *observer, const struct observer_actor *actor, uint32_t peer,
                    uint64_t first, uint64_t last)
{
    struct observer_pair *to = observer_pair(observer, actor->vat, peer);
    if (first == 0 || last < first || last > observer_sent(to)) {
        observer_fail(observer, "once", "%s gives up %llu to %llu of the %llu it sent to %s",
                      observer_vat_name(observer, actor->vat), (unsigned long long)first,
                      (unsigned long long)last, (unsigned long long)observer_sent(to),
                      observer_vat_name(observer, peer));
        return;
    }
    observer_gap_add(&to->gaps_sent, first, last, actor->epoch);
}

void g3_gap(struct observer *observer, const struct observer_actor *actor, uint32_t peer,
            uint64_t first, uint64_t last, bool sent)
{
    const char *name = observer_vat_name(observer, actor->vat);
    const char *other = observer_vat_name(observer, peer);
    const struct observer_pair *from = observer_pair(observer, peer, actor->vat);
    if (observer->vats[actor->vat].incarnation == 1 && observer->vats[peer].incarnation == 1 &&
        (sent || !gap_known(&from->gaps_sent, first, last))) {
        observer_fail(observer, "G3", "%s is handed a gap with %s, and neither has forgotten", name,
                      other);
        return;
    }
    if (sent) {
        struct observer_pair *to = observer_pair(observer, actor->vat, peer);
        if (first == 0 || last < first || last > observer_sent(to)) {
            observer_fail(observer, "once", "%s is told that %s misses %llu to %llu of %llu", name,
                          other, (unsigned long long)first, (unsigned long long)last,
                          (unsigned long long)observer_sent(to));
            return;
        }
        observer_gap_add(&to->gaps_sent, first, last, actor->epoch);
        return;
    }
    struct observer_pair *pair = observer_pair(observer, peer, actor->vat);
    if (first != pair->next + 1 || last < first || last > observer_sent(pair)) {
        observer_fail(observer, "once",
                      "%s is handed a gap of %s from %llu to %llu after %llu of "
                      "%llu",
                      name, other, (unsigned long long)first, (unsigned long long)last,
                      (unsigned long long)pair->next, (unsigned long long)observer_sent(pair));
        return;
    }
    observer_grow(&pair->taken, &pair->taken_capacity, pair->taken_count + 1, sizeof *pair->taken);
    pair->taken[pair->taken_count++] =
        (struct observer_taken){.index = last, .epoch = actor->epoch};
    pair->next = last;
    observer_gap_add(&pair->gaps_taken, first, last, actor->epoch);
    pair->gaps_taken.items[pair->gaps_taken.count - 1].sender_epoch =
        gap_spoken(&observer->vats[peer], &pair->gaps_sent, first, last);
}

const char *g3_unsettled(struct observer *observer)
{
    for (uint32_t i = 0; i < observer->vat_count; i++) {
        for (size_t k = 0; k < observer->vats[i].pair_count; k++) {
            const struct observer_pair *pair = &observer->vats[i].pairs[k];
            for (size_t g = 0; g < pair->gaps_taken.count; g++) {
                const struct observer_gap *gap = &pair->gaps_taken.items[g];
                for (uint64_t number = gap->first; number <= gap->last; number++) {
                    if (!gap_covers(&pair->gaps_sent, number)) {
                        (void)snprintf(observer->unsettled, sizeof observer->unsettled,
                                       "%s goes on without message %llu of %s, which does not know",
                                       observer_vat_name(observer, pair->receiver),
                                       (unsigned long long)number, observer_vat_name(observer, i));
                        return observer->unsettled;
                    }
                }
            }
        }
    }
    return NULL;
}

void g3_decided(struct observer *observer, const struct observer_round *round)
{
    for (size_t i = 0; i < round->start_count; i++) {
        const struct observer_start *start = &round->starts[i];
        const char *name = observer_vat_name(observer, start->vat);
        if (start->keep != 0 && observer_point(&observer->vats[start->vat], start->keep) == NULL) {
            observer_fail(observer, "G1",
                          "round %llu restores %s to %llx, which is not part of "
                          "its history",
                          (unsigned long long)round->round, name, (unsigned long long)start->keep);
        }
    }
}
