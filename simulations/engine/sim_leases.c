/* Vats that act on the world outside: some of them, in their own turns, while they have a lease.
 * What the observer is told is until what true time a process believes that it may, whatever its
 * clock shows. */
#include "engine/sim_private.h"

static bool wants(const struct sim *sim, uint32_t vat)
{
    struct mn_random random = {.state = ((uint64_t)sim->config.seed ^ 0x6c65617365000000U) +
                                        vat * UINT64_C(0x9E3779B9)};
    return mn_random_below(&random, 100) < (uint64_t)sim->config.lease_percent;
}

static bool runs(struct sim *sim, struct sim_process *process)
{
    return vat_lease_until(process->vat->core) > sim_clock(sim, process);
}

/* Whether a former life of the vat believes that it may still act. */
static bool former_runs(struct sim *sim, const struct sim_process *process)
{
    struct sim_process *other = sim->vat_processes[process->vat->vat];
    for (; other != NULL; other = other->older) {
        if (other != process && other->vat->core != NULL && other->vat->lease_asked &&
            runs(sim, other)) {
            return true;
        }
    }
    return false;
}

void sim_lease_turn(struct sim *sim, struct sim_process *process)
{
    struct sim_vat *vat = process->vat;
    if (!wants(sim, vat->vat)) {
        return;
    }
    if (!vat->lease_asked && former_runs(sim, process)) {
        sim_count(sim, SIM_SOMETIMES_LEASE_FORMER);
    }
    vat->lease_asked = true;
    mn_time now = sim_clock(sim, process);
    if (vat_lease(vat->core, now) <= now && vat->leased) {
        vat->leased = false;
        sim_count(sim, SIM_SOMETIMES_LEASE_OVER);
    }
    sim_lease_see(sim, process);
    sim_timer(sim, process, vat_deadline(vat->core));
}

void sim_lease_see(struct sim *sim, struct sim_process *process)
{
    struct sim_vat *vat = process->vat;
    mn_time until = vat_lease_until(vat->core);
    if (!vat->lease_asked || (vat->lease_seen && until == vat->lease_until)) {
        return;
    }
    vat->lease_seen = true;
    vat->lease_until = until;
    mn_time end = sim->now;
    if (runs(sim, process)) {
        mn_time left = until - sim_clock(sim, process);
        end += left - left / 1000000 * process->drift_ppm;
        vat->leased = true;
        sim_count(sim, SIM_SOMETIMES_LEASED);
    }
    if (sim->observer != NULL) {
        struct observer_actor actor = sim_vat_actor(process);
        observer_lease(sim->observer, &actor, end);
    }
}
