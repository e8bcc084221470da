/* Former lives: stopped, and what died of them set aside, on whichever host they ran. What is known
 * of that is what agents say of it, so a new coordinator learns it again from their hellos; nothing
 * is decided by it. An agent is told to stop a former life until it says that it has set it aside,
 * but not more often than once a heartbeat: after a cut much is said at once. */
#include <string.h>

#include "base/check.h"
#include "base/grow.h"
#include "coordinator_private.h"

/* Where the vat stands among those of the host, or would. */
static size_t aside_place(const struct host_entry *host, uint32_t vat)
{
    size_t low = 0;
    size_t high = host->aside_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (host->asides[middle].vat < vat) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void aside_said(struct coordinator *coordinator, uint32_t host, uint32_t vat,
                const struct mn_vat_status *status)
{
    struct host_entry *entry = &coordinator->hosts[host];
    size_t place = aside_place(entry, vat);
    struct coordinator_aside *there = entry->asides + place;
    bool known = place < entry->aside_count && there->vat == vat;
    if (status->aside_count == 0) {
        if (known) {
            entry->aside_count -= 1;
            memmove(there, there + 1, (entry->aside_count - place) * sizeof *there);
        }
        return;
    }
    if (!known) {
        mn_result result = mn_grow(&entry->asides, &entry->aside_capacity, entry->aside_count + 1,
                                   sizeof *entry->asides, coordinator->vat_count);
        if (!coordinator_fine(coordinator, result)) {
            return;
        }
        there = entry->asides + place;
        memmove(there + 1, there, (entry->aside_count - place) * sizeof *there);
        entry->aside_count += 1;
    }
    *there = (struct coordinator_aside){
        .vat = vat, .host = host, .run = status->aside, .count = status->aside_count};
}

bool aside_owed(const struct coordinator *coordinator, uint32_t vat,
                const struct mn_vat_status *status)
{
    size_t count = 0;
    const struct evidence_lineage *forks = ledger_vat_lineage(coordinator->ledger, vat, &count);
    return status->state == MN_VAT_STOPPED && status->aside < status->run && count > 0 &&
           mn_epoch_run(forks[count - 1].next) > status->run;
}

void aside_host_anew(struct coordinator *coordinator, uint32_t host)
{
    coordinator->hosts[host].aside_count = 0;
}

void aside_stop(struct coordinator *coordinator, uint32_t host, uint32_t vat, mn_run run)
{
    struct vat_entry *entry = &coordinator->vats[vat];
    if (entry->stop_host == host && entry->stop_again > coordinator->now) {
        return;
    }
    entry->stop_host = host;
    entry->stop_again = coordinator->now + coordinator_heartbeat(coordinator);
    coordinator_tell(coordinator, (struct coordinator_note_facts){
                                      .note = COORDINATOR_NOTE_FORMER_LIFE,
                                      .vat = coordinator_vat_name(coordinator, vat),
                                      .host = coordinator_host_name(coordinator, host),
                                      .run = run});
    struct mn_down *down = coordinator_say(coordinator, host, MN_DOWN_STOP);
    if (down != NULL) {
        down->stop.vat = coordinator_vat_id(coordinator, vat);
        down->stop.run = run;
        coordinator_lineage(coordinator, vat, &down->stop.lineage);
    }
}

size_t coordinator_asides(const struct coordinator *coordinator, uint32_t host,
                          const struct coordinator_aside **out)
{
    mn_assert(host < coordinator->host_count);
    *out = coordinator->hosts[host].asides;
    return coordinator->hosts[host].aside_count;
}
