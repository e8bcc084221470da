/* G7 nothing needed is deleted. Of each vat the newest checkpoints that were once durable, as many
 * as are to be kept, and everything they apply onto, are never deleted on advice, unless there are
 * copies enough of them elsewhere. What is on a host that a decision found lost is counted upon by
 * nobody until the host is back: cut off with it, a former life goes on and lets go of what it
 * needs no more. From the freeze that a host hears to the decision it deletes nothing: the cut may
 * need it. */
#include "observer/observer_private.h"

static uint32_t copies_wanted(const struct observer *observer)
{
    uint32_t stores = (uint32_t)observer->topology->checkpoints.stores;
    return stores < observer->host_count ? stores : observer->host_count;
}

/* On how many hosts but @host a checkpoint is. A former life that was cut off, and does not know
 * that it is one, lets go of what the newest run needs; that does no harm while there are enough.
 */
static uint32_t others_of(const struct observer *observer, const struct observer_vat *vat,
                          uint32_t host, mn_epoch epoch)
{
    uint32_t count = 0;
    for (size_t i = 0; i < vat->copy_count; i++) {
        const struct observer_copy *copy = &vat->copies[i];
        bool counts = copy->epoch == epoch && copy->host != host && !observer->given_up[copy->host];
        count += counts ? 1 : 0;
    }
    return count;
}

static bool once_durable(const struct observer *observer, struct observer_vat *vat,
                         struct observer_point *point)
{
    if (!point->copied) {
        struct observer_point *onto = point->onto != 0 ? observer_point(vat, point->onto) : NULL;
        point->copied = point->hosts >= copies_wanted(observer) &&
                        (point->onto == 0 || (onto != NULL && onto->copied));
    }
    return point->copied;
}

/* A host that lost its copy since had it all the same: its owner cannot know better. */
static void note_made(const struct observer *observer, struct observer_vat *vat, uint32_t host,
                      mn_epoch epoch)
{
    struct observer_point *made = observer_point(vat, epoch);
    if (made != NULL && (made->seen >> (host % 64) & 1U) == 0) {
        made->seen |= UINT64_C(1) << (host % 64);
        made->hosts += 1;
    }
    for (size_t i = 0; i < vat->point_count; i++) {
        if (vat->points[i].epoch >= epoch) {
            (void)once_durable(observer, vat, &vat->points[i]);
        }
    }
}

/* The oldest of the newest that are to be kept. It goes up only, but for a vat that is taken back
 * below it: what is below it may have been given up before. */
static void raise_floor(const struct observer *observer, struct observer_vat *vat)
{
    int64_t kept = 0;
    vat->floor = vat->floor < vat->keep || vat->run == vat->floor_run ? vat->floor : vat->keep;
    vat->floor_run = vat->run;
    for (size_t i = vat->point_count; i > 0; i--) {
        kept += vat->points[i - 1].copied ? 1 : 0;
        if (vat->points[i - 1].copied && kept == observer->topology->checkpoints.keep) {
            mn_epoch floor = vat->points[i - 1].epoch;
            vat->floor = floor > vat->floor ? floor : vat->floor;
            return;
        }
    }
}

/* Whether a checkpoint that was once durable, at or above the floor, needs @epoch. */
static bool needed(const struct observer *observer, struct observer_vat *vat, mn_epoch epoch)
{
    raise_floor(observer, vat);
    for (size_t i = vat->point_count; i > 0 && vat->points[i - 1].epoch >= vat->floor; i--) {
        const struct observer_point *point = &vat->points[i - 1];
        if (!point->copied) {
            continue;
        }
        while (point != NULL && point->epoch > epoch && point->onto != 0) {
            point = observer_point(vat, point->onto);
        }
        if (point != NULL && point->epoch == epoch) {
            return true;
        }
    }
    return false;
}

void g7_decided(struct observer *observer, const struct mn_journal_decision *decision)
{
    for (uint32_t i = 0; i < decision->lost_host_count; i++) {
        observer->given_up[topology_find_host(observer->topology, decision->lost_hosts[i].text)] =
            true;
    }
}

/* A freeze of an older generation, or of a round that is decided, is none; and one of a round that
 * came to nothing, because its coordinator died, ends with the decision of a later one. */
void g7_hears(struct observer *observer, uint32_t host, const struct mn_down *message)
{
    observer->given_up[host] = false;
    struct observer_freeze *frozen = &observer->frozen[host];
    if (message->kind == MN_DOWN_FREEZE && message->generation == observer->generation &&
        (frozen->round != message->freeze.round || frozen->generation != message->generation)) {
        *frozen = (struct observer_freeze){.round = message->freeze.round,
                                           .generation = message->generation,
                                           .heard = observer->now};
    } else if (message->kind == MN_DOWN_DECISION && message->decision.round > frozen->round) {
        *frozen = (struct observer_freeze){0};
    }
}

static bool has_copy(const struct observer_vat *vat, uint32_t host, mn_epoch epoch)
{
    for (size_t i = 0; i < vat->copy_count; i++) {
        if (vat->copies[i].host == host && vat->copies[i].epoch == epoch) {
            return true;
        }
    }
    return false;
}

void g7_deletes(struct observer *observer, uint32_t host, uint32_t number, mn_epoch epoch)
{
    struct observer_vat *vat = &observer->vats[number];
    uint64_t round = observer->frozen[host].round;
    if (round != 0 && !observer->blind && g5_find(observer, round) == NULL &&
        observer_point(vat, epoch) != NULL && has_copy(vat, host, epoch)) {
        observer_fail(observer, "G7",
                      "checkpoint %llx of %s is deleted on %s while round %llu is open",
                      (unsigned long long)epoch, observer_vat_name(observer, number),
                      observer->topology->hosts[host].name, (unsigned long long)round);
    }
}

void g7_copy(struct observer *observer, uint32_t host, uint32_t number, mn_epoch epoch,
             enum observer_copy_change change)
{
    struct observer_vat *vat = &observer->vats[number];
    if (change == OBSERVER_COPY_MADE) {
        observer_grow(&vat->copies, &vat->copy_capacity, vat->copy_count + 1, sizeof *vat->copies);
        vat->copies[vat->copy_count++] =
            (struct observer_copy){.host = host, .epoch = epoch, .since = observer->now};
        note_made(observer, vat, host, epoch);
        raise_floor(observer, vat);
        return;
    }
    if (change == OBSERVER_COPY_DELETED && !observer->given_up[host] && !observer->blind &&
        needed(observer, vat, epoch) &&
        others_of(observer, vat, host, epoch) < copies_wanted(observer)) {
        observer_fail(observer, "G7", "checkpoint %llx of %s is deleted on %s, and is needed",
                      (unsigned long long)epoch, observer_vat_name(observer, number),
                      observer->topology->hosts[host].name);
    }
    for (size_t i = 0; i < vat->copy_count; i++) {
        if (vat->copies[i].host == host && vat->copies[i].epoch == epoch) {
            vat->copies[i] = vat->copies[--vat->copy_count];
            return;
        }
    }
}
