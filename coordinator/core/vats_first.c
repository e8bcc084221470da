/* First starts: the first run of a vat of which nobody remembers anything.
 *
 * A journal that knows no run of any vat is that of a new cluster, or was lost; and one that agents
 * remember more than is an old one, which nothing in it shows. So a vat that its host has nothing
 * of may have run all the same, there or elsewhere, and what is known of it come with the next
 * hello or the next report. So nothing is started for the first time before every host has said
 * hello to this generation; and once it is known that something was forgotten, before every host
 * has told what it has, or is lost; nor ever before one that holds something has told it. Of whom
 * somebody speaks has run, and is lost. While hosts are lost that have told nothing, so is of whom
 * nobody speaks, and unknown: that is for an operator to say. So it is, where there are no keepers,
 * with an empty journal and hosts that nobody has heard.
 */
#include "coordinator_private.h"

/* ---- whether it is the first ----------------------------------------------------------------- */

void vats_first_begin(struct coordinator *coordinator)
{
    bool blank = true;
    for (uint32_t i = 0; blank && i < coordinator->vat_count; i++) {
        blank = coordinator->vats[i].run == 0;
    }
    coordinator->blank = blank;
    coordinator->first_at = coordinator->now + coordinator->topology->timing.lost_ms * MN_MS;
}

void vats_first_found(struct coordinator *coordinator)
{
    uint64_t base = mn_base_at(coordinator->journal_at);
    coordinator->forgotten = true;
    coordinator->base = base > coordinator->base ? base : coordinator->base;
}

static void first_forgotten(struct coordinator *coordinator, const char *text)
{
    bool known = coordinator->forgotten;
    vats_first_found(coordinator);
    if (!known) {
        coordinator_tell(coordinator,
                         (struct coordinator_note_facts){.note = COORDINATOR_NOTE_FORGOTTEN,
                                                         .number = coordinator->generation,
                                                         .text = text});
    }
}

void vats_first_forgotten(struct coordinator *coordinator)
{
    first_forgotten(coordinator,
                    "agents remember more than this journal: it is an old one, or was lost. No vat "
                    "is started for the first time before every host has told what it has");
}

bool vats_first_awaits(const struct coordinator *coordinator, uint32_t host)
{
    const struct host_entry *entry = &coordinator->hosts[host];
    bool nothing = !coordinator->forgotten && !entry->holds;
    bool told = entry->known && (entry->told_all || nothing);
    return !told && !hosts_lost(coordinator, host);
}

/* When who is absent is not waited for any more: not while this side may be the one that is cut
 * off, and who remembers the other (G8). */
static mn_time first_at(const struct coordinator *coordinator)
{
    return coordinator->first_at > coordinator->listens_until ? coordinator->first_at
                                                              : coordinator->listens_until;
}

/* Without keepers nobody but the agents can tell a journal that was lost from a new cluster's. */
static bool may_be_lost(const struct coordinator *coordinator)
{
    bool may = false;
    bool asked = coordinator->blank && coordinator->topology->keepers.count == 0;
    for (uint32_t i = 0; asked && i < coordinator->host_count; i++) {
        may = may || !coordinator->hosts[i].known;
    }
    return may;
}

/* Asked after every event: mostly the host that was awaited still is, and when it is not, those
 * before it are not either. */
static bool first_is_known(struct coordinator *coordinator)
{
    bool late = !coordinator->forgotten && coordinator->now >= first_at(coordinator);
    if (late && may_be_lost(coordinator)) {
        first_forgotten(coordinator,
                        "this journal is empty, there are no keepers, and a host is silent that "
                        "may remember more: it is taken for one that was lost");
    }
    uint32_t host = coordinator->first_host;
    for (uint32_t i = 0; i < coordinator->host_count; i++) {
        /* Who is absent may come later, where nobody who came remembers anything. */
        bool absent = late && !coordinator->forgotten && !coordinator->hosts[host].known;
        if (vats_first_awaits(coordinator, host) && !absent) {
            coordinator->first_host = host;
            return false;
        }
        host = host + 1 < coordinator->host_count ? host + 1 : 0;
    }
    return true;
}

static bool any_untold(const struct coordinator *coordinator)
{
    bool any = false;
    for (uint32_t i = 0; coordinator->forgotten && i < coordinator->host_count; i++) {
        any = any || !coordinator->hosts[i].complete;
    }
    return any;
}

static void first_start(struct coordinator *coordinator, uint32_t vat, bool untold)
{
    struct vat_entry *entry = &coordinator->vats[vat];
    if (entry->run_seen == 0 && !untold) {
        vats_set_run(coordinator, vat, vats_run_reached(coordinator, vat) + 1);
        entry->recording = true;
        vats_record(coordinator, vat, PENDING_FIRST_START, false);
        return;
    }
    bool seen = entry->run_seen > 0;
    vats_first_run_lost(coordinator, vat);
    hosts_emptied(coordinator, entry->host);
    vats_lose(coordinator, vat,
              seen ? "its host has nothing of it, and others remember that it ran"
                   : "its host has nothing of it, and some who may remember it are lost");
}

/* While what its own host has of it may still be on its way, it is not asked for yet. */
void vats_first_absent(struct coordinator *coordinator, uint32_t vat)
{
    struct vat_entry *entry = &coordinator->vats[vat];
    const struct host_entry *host = &coordinator->hosts[entry->host];
    if (!entry->waits_first && !entry->recording && (!host->holds || host->told_all)) {
        entry->waits_first = true;
        coordinator->first_wait_count += 1;
    }
}

void vats_first_told(struct coordinator *coordinator, uint32_t host)
{
    uint32_t next = coordinator->hosts[host].vat_first;
    for (; next != TOPOLOGY_NONE; next = coordinator->vats[next].next_here) {
        if (coordinator->vats[next].run == 0) {
            vats_first_absent(coordinator, next);
        }
    }
}

void vats_first_tick(struct coordinator *coordinator)
{
    if (coordinator->first_wait_count == 0 || !first_is_known(coordinator)) {
        return;
    }
    bool untold = any_untold(coordinator);
    uint32_t begun = 0;
    uint32_t vat = coordinator->first_vat;
    for (uint32_t i = 0; i < coordinator->vat_count && coordinator->first_wait_count > 0 &&
                         begun < COORDINATOR_AGAIN_COUNT_MAX;
         i++) {
        if (coordinator->vats[vat].waits_first) {
            begun += 1;
            first_start(coordinator, vat, untold);
        }
        vat = vat + 1 < coordinator->vat_count ? vat + 1 : 0;
    }
    coordinator->first_vat = vat;
}

mn_time vats_first_deadline(const struct coordinator *coordinator)
{
    mn_time at = first_at(coordinator);
    bool waits = coordinator->first_wait_count > 0 && !coordinator->forgotten;
    return waits && at > coordinator->now ? at : MN_TIME_NEVER;
}

/* ---- and its start --------------------------------------------------------------------------- */

void vats_first_say(struct coordinator *coordinator, uint32_t vat)
{
    struct mn_down *down = coordinator_say(coordinator, coordinator->vats[vat].host, MN_DOWN_START);
    if (down != NULL) {
        down->start.vat = coordinator_vat_id(coordinator, vat);
        down->start.run = coordinator->vats[vat].run;
        down->start.incarnation = coordinator->vats[vat].incarnation;
        down->start.outcome = MN_REVIVED;
        down->start.disk = coordinator->vats[vat].disk;
    }
}

void vats_first_start(struct coordinator *coordinator, uint32_t vat)
{
    struct vat_entry *entry = &coordinator->vats[vat];
    bool overtaken = !entry->recording || entry->lost || entry->said_any;
    entry->recording = false;
    if (overtaken) {
        return; /* while it was written down */
    }
    entry->disk = coordinator->hosts[entry->host].disk; /* nobody has been told of it yet */
    entry->starting = true;
    entry->starts_first = true;
    coordinator->first_start_count += 1;
    vats_note(coordinator, COORDINATOR_NOTE_VAT_FIRST_START, vat, entry->run, NULL);
    if (!coordinator->behind) {
        vats_first_say(coordinator, vat);
    }
}

void vats_first_start_again(struct coordinator *coordinator)
{
    if (coordinator->first_start_count == 0 || coordinator->now < coordinator->retry_at) {
        return;
    }
    coordinator->retry_at =
        coordinator->now + coordinator_heartbeat(coordinator) * COORDINATOR_RETRY_HEARTBEATS;
    uint32_t said = 0;
    uint32_t vat = coordinator->first_start_next;
    coordinator->first_start_next = 0;
    for (uint32_t i = 0; i < coordinator->vat_count; i++) {
        const struct vat_entry *entry = &coordinator->vats[vat];
        if (entry->starting && entry->starts_first && !entry->said_any) {
            if (said == COORDINATOR_AGAIN_COUNT_MAX) {
                coordinator->first_start_next = vat; /* the next time goes on there */
                return;
            }
            said += 1;
            vats_first_say(coordinator, vat);
        }
        vat = vat + 1 < coordinator->vat_count ? vat + 1 : 0;
    }
}

void vats_first_run_lost(struct coordinator *coordinator, uint32_t vat)
{
    struct vat_entry *entry = &coordinator->vats[vat];
    vats_set_run(coordinator, vat, entry->run_seen > 0 ? entry->run_seen : 1);
    entry->inherited = coordinator->forgotten;
    vats_record(coordinator, vat, PENDING_RAISED, coordinator->forgotten);
}
