/* Leases: no two runs of a vat may act on the world outside at the same true time, whatever their
 * clocks show; and when all is well again, every vat that wants to may.
 *
 * A lease begins when its process hears of it and ends when that process's clock says so, or with
 * the process. A process that stands still has its lease all the same: it may have looked at the
 * clock just before. */
#include <stdio.h>

#include "observer/observer_private.h"

static struct observer_lease *lease_find(struct observer_vat *vat, uint64_t process)
{
    for (size_t i = 0; i < vat->lease_count; i++) {
        if (vat->leases[i].process == process) {
            return &vat->leases[i];
        }
    }
    return NULL;
}

void leases_held(struct observer *observer, const struct observer_actor *actor, mn_time until)
{
    struct observer_vat *vat = &observer->vats[actor->vat];
    struct observer_lease *lease = lease_find(vat, actor->process);
    if (lease == NULL) {
        observer_grow(&vat->leases, &vat->lease_capacity, vat->lease_count + 1,
                      sizeof *vat->leases);
        lease = &vat->leases[vat->lease_count++];
        *lease = (struct observer_lease){.process = actor->process, .run = actor->run};
    }
    lease->until = until;
    for (size_t i = 0; until > observer->now && i < vat->lease_count; i++) {
        const struct observer_lease *other = &vat->leases[i];
        if (other != lease && other->until > observer->now) {
            observer_fail(observer, "lease",
                          "run %u of %s has a lease while that of run %u still runs for %lld ms",
                          actor->run, observer_vat_name(observer, actor->vat), other->run,
                          (long long)((other->until - observer->now) / MN_MS));
        }
    }
}

void leases_end(struct observer *observer, const struct observer_actor *actor)
{
    struct observer_vat *vat = &observer->vats[actor->vat];
    struct observer_lease *lease = lease_find(vat, actor->process);
    if (lease != NULL) {
        *lease = vat->leases[--vat->lease_count];
    }
}

const char *leases_unsettled(struct observer *observer)
{
    for (uint32_t i = 0; i < observer->vat_count; i++) {
        struct observer_vat *vat = &observer->vats[i];
        const struct observer_lease *lease =
            vat->process != 0 ? lease_find(vat, vat->process) : NULL;
        if (lease != NULL && lease->until <= observer->now) {
            (void)snprintf(observer->unsettled, sizeof observer->unsettled,
                           "%s wants a lease and has none", observer_vat_name(observer, i));
            return observer->unsettled;
        }
    }
    return NULL;
}
