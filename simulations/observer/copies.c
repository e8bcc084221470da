/* Durable again. Where agents read over what is on their disks, whatever went bad or missing there
 * is copied anew in the end, or replaced by a full checkpoint: when nothing has gone wrong for long
 * enough, each vat's newest checkpoint and all that it applies onto is on as many hosts as there
 * are to be copies. */
#include <stdio.h>

#include "observer/observer_private.h"

static uint32_t hosts_of(const struct observer_vat *vat, mn_epoch epoch)
{
    uint32_t count = 0;
    for (size_t i = 0; i < vat->copy_count; i++) {
        count += vat->copies[i].epoch == epoch ? 1 : 0;
    }
    return count;
}

const char *copies_unsettled(struct observer *observer)
{
    uint32_t wanted = (uint32_t)observer->topology->checkpoints.stores;
    wanted = wanted < observer->host_count ? wanted : observer->host_count;
    for (uint32_t i = 0; observer->topology->checkpoints.scrub_ms > 0 && i < observer->vat_count;
         i++) {
        struct observer_vat *vat = &observer->vats[i];
        const struct observer_point *point =
            vat->point_count > 0 ? &vat->points[vat->point_count - 1] : NULL;
        while (point != NULL) {
            uint32_t hosts = hosts_of(vat, point->epoch);
            if (hosts < wanted) {
                (void)snprintf(
                    observer->unsettled, sizeof observer->unsettled,
                    "checkpoint %llx of %s, which its newest needs, is on %u hosts of %u",
                    (unsigned long long)point->epoch, observer_vat_name(observer, i), hosts,
                    wanted);
                return observer->unsettled;
            }
            point = point->onto != 0 ? observer_point(vat, point->onto) : NULL;
        }
    }
    return NULL;
}
