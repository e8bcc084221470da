/* Former lives: stopped, and what died of them set aside, on whichever host they ran. What is known
 * of that is what agents say of it, so a new coordinator learns it again from their hellos; nothing
 * is decided by it. An agent is told to stop a former life until it says that it has set it aside,
 * but not more often than once a heartbeat: after a cut much is said at once. */
#include <string.h>

#include "base/check.h"
#include "base/grow.h"
#include "coordinator_private.h"

enum { ASIDE_COUNT_MAX = 1 << 20 };

static size_t aside_place(const struct coordinator *coordinator, uint32_t vat, uint32_t host)
{
    size_t low = 0;
    size_t high = coordinator->aside_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct coordinator_aside *there = &coordinator->asides[middle];
        if (there->vat < vat || (there->vat == vat && there->host < host)) {
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
    size_t place = aside_place(coordinator, vat, host);
    struct coordinator_aside *there = coordinator->asides + place;
    bool known = place < coordinator->aside_count && there->vat == vat && there->host == host;
    if (status->aside_count == 0) {
        if (known) {
            coordinator->aside_count -= 1;
            memmove(there, there + 1, (coordinator->aside_count - place) * sizeof *there);
        }
        return;
    }
    if (!known) {
        if (!coordinator_fine(coordinator,
                              mn_grow(&coordinator->asides, &coordinator->aside_capacity,
                                      coordinator->aside_count + 1, sizeof *coordinator->asides,
                                      ASIDE_COUNT_MAX))) {
            return;
        }
        there = coordinator->asides + place;
        memmove(there + 1, there, (coordinator->aside_count - place) * sizeof *there);
        coordinator->aside_count += 1;
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
    size_t kept = 0;
    for (size_t i = 0; i < coordinator->aside_count; i++) {
        if (coordinator->asides[i].host != host) {
            coordinator->asides[kept] = coordinator->asides[i];
            kept += 1;
        }
    }
    coordinator->aside_count = kept;
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

size_t coordinator_aside_count(const struct coordinator *coordinator)
{
    return coordinator->aside_count;
}

const struct coordinator_aside *coordinator_aside(const struct coordinator *coordinator,
                                                  size_t index)
{
    mn_assert(index < coordinator->aside_count);
    return &coordinator->asides[index];
}
