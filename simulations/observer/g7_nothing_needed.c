/* G7 nothing needed is deleted. Of each vat the newest checkpoints that were once durable, as many
 * as are to be kept, and everything they apply onto, are never deleted on advice. */
#include "observer/observer_private.h"

/* On how many hosts a checkpoint is. */
static size_t copies_of(const struct observer_vat *vat, mn_epoch epoch)
{
    size_t count = 0;
    for (size_t i = 0; i < vat->copy_count; i++) {
        count += vat->copies[i].epoch == epoch ? 1 : 0;
    }
    return count;
}

static size_t copies_wanted(const struct observer *observer)
{
    size_t stores = (size_t)observer->topology->checkpoints.stores;
    return stores < observer->host_count ? stores : observer->host_count;
}

static bool once_durable(const struct observer *observer, struct observer_vat *vat,
                         struct observer_point *point)
{
    if (!point->copied) {
        struct observer_point *onto = point->onto != 0 ? observer_point(vat, point->onto) : NULL;
        point->copied = copies_of(vat, point->epoch) >= copies_wanted(observer) &&
                        (point->onto == 0 || (onto != NULL && onto->copied));
    }
    return point->copied;
}

static void note_made(const struct observer *observer, struct observer_vat *vat, mn_epoch epoch)
{
    for (size_t i = 0; i < vat->point_count; i++) {
        if (vat->points[i].epoch >= epoch) {
            (void)once_durable(observer, vat, &vat->points[i]);
        }
    }
}

/* Whether one of the newest that are to be kept needs @epoch. */
static bool needed(const struct observer *observer, struct observer_vat *vat, mn_epoch epoch)
{
    int64_t kept = 0;
    for (size_t i = vat->point_count; i > 0 && kept < observer->topology->checkpoints.keep; i--) {
        const struct observer_point *point = &vat->points[i - 1];
        if (!point->copied) {
            continue;
        }
        kept += 1;
        while (point != NULL && point->epoch > epoch && point->onto != 0) {
            point = observer_point(vat, point->onto);
        }
        if (point != NULL && point->epoch == epoch) {
            return true;
        }
    }
    return false;
}

void g7_copy(struct observer *observer, uint32_t host, uint32_t number, mn_epoch epoch,
             mn_epoch onto, enum observer_copy_change change)
{
    struct observer_vat *vat = &observer->vats[number];
    if (change == OBSERVER_COPY_MADE) {
        observer_grow(&vat->copies, &vat->copy_capacity, vat->copy_count + 1, sizeof *vat->copies);
        vat->copies[vat->copy_count++] = (struct observer_copy){
            .host = host, .epoch = epoch, .onto = onto, .since = observer->now};
        note_made(observer, vat, epoch);
        return;
    }
    if (change == OBSERVER_COPY_DELETED && needed(observer, vat, epoch)) {
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
