/* Leases: what a vat does to the world outside, besides its messages, it may do only while its
 * lease runs. That keeps two runs of one vat from acting there at the same time. Nothing else rests
 * on leases: messages are made safe by those who receive them, and no start waits for one.
 *
 * A lease counts from when the agent asked for it, which was before it was granted here. So one
 * lease's time after a grant, and a little more because clocks do not run equally fast, that grant
 * is surely over.
 *
 * Invariant: a run is granted a lease only when no lower run of the vat has one any more, nor will
 * be granted one. An earlier coordinator grants no more: it held the journal, which is locked by
 * whoever has it, before this one did. Of what it had granted nothing is known but that it is over
 * one lease's time after this one began; so for so long this one grants nothing. That holds even
 * for a journal that has forgotten who ran where. */
#include "coordinator_private.h"

/* Two clocks differ by less than one part in this many: either may be off by half of it. */
enum { LEASE_DRIFT_SHARE = 64 };

/* By default a lease outlives two heartbeats that are lost. */
enum { LEASE_HEARTBEATS = 3 };

static int64_t lease_ms(const struct coordinator *coordinator)
{
    const struct topology_timing *timing = &coordinator->topology->timing;
    return timing->lease_ms > 0 ? timing->lease_ms : timing->heartbeat_ms * LEASE_HEARTBEATS;
}

/* When what is granted now is over, by anybody's clock. */
static mn_time lease_over(const struct coordinator *coordinator)
{
    mn_time lease = lease_ms(coordinator) * MN_MS;
    return coordinator->now + lease + lease / LEASE_DRIFT_SHARE + MN_MS;
}

void leases_begin(struct coordinator *coordinator)
{
    coordinator->leases_from = lease_over(coordinator);
}

void leases_hold(struct coordinator *coordinator, mn_time until)
{
    if (until > coordinator->leases_from) {
        coordinator->leases_from = until;
    }
}

void leases_run_over(struct coordinator *coordinator, uint32_t vat)
{
    struct vat_entry *entry = &coordinator->vats[vat];
    if (entry->leased && (!entry->waits || entry->lease_over > entry->lease_from)) {
        entry->waits = true;
        entry->lease_from = entry->lease_over;
    }
    entry->leased = false;
}

void leases_process_gone(struct coordinator *coordinator, uint32_t vat)
{
    coordinator->vats[vat].leased = false;
}

/* Whether exactly this run is the vat, as far as is known here, and none before it has a lease. */
static bool lease_due(const struct coordinator *coordinator, uint32_t host, uint32_t vat,
                      mn_run run)
{
    const struct vat_entry *entry = &coordinator->vats[vat];
    return entry->host == host && entry->run == run && vats_on_disk(coordinator, vat) &&
           !entry->lost && !entry->suspect && !entry->fenced &&
           (!entry->waits || coordinator->now >= entry->lease_from);
}

void leases_ask(struct coordinator *coordinator, uint32_t host, const struct mn_up *message)
{
    if (coordinator->now < coordinator->leases_from) {
        return;
    }
    struct mn_vat_run *granted =
        coordinator_take(coordinator, message->leases.vat_count, sizeof *granted);
    uint32_t count = 0;
    for (uint32_t i = 0; granted != NULL && i < message->leases.vat_count; i++) {
        const struct mn_vat_run *asked = &message->leases.vats[i];
        uint32_t vat = coordinator_find_vat(coordinator, &asked->vat);
        if (vat == TOPOLOGY_NONE) {
            coordinator_refuse(coordinator, host, "a lease for a vat that is not in the topology");
        } else if (lease_due(coordinator, host, vat, asked->run)) {
            coordinator->vats[vat].leased = true;
            coordinator->vats[vat].lease_over = lease_over(coordinator);
            granted[count++] = *asked;
        }
    }
    struct mn_down *down = count > 0 ? coordinator_say(coordinator, host, MN_DOWN_LEASED) : NULL;
    if (down != NULL) {
        down->leased.asker = message->leases.asker;
        down->leased.number = message->leases.number;
        down->leased.lease_ms = (uint32_t)lease_ms(coordinator);
        down->leased.vats = granted;
        down->leased.vat_count = count;
    }
}
