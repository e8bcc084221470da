/* Who operates the cluster, where policy has plans wait: looks now and then, and says yes to the
 * plan that waits, or sometimes no first. Once the faults are over it is always yes. */
#include "engine/sim_private.h"

enum { OPERATOR_REJECTS_ONE_IN = 4 };

/* Looks come at `approve_ms` on the average. */
static void look_later(struct sim *sim)
{
    uint64_t most = (uint64_t)sim->config.approve_ms * 2;
    mn_time wait = (mn_time)(1 + mn_random_below(&sim->operator_random, most)) * MN_MS;
    sim_at(sim, sim->now + wait, SIM_ON_OPERATOR, NULL, 0, NULL);
}

void sim_operator_begin(struct sim *sim)
{
    sim->operator_random.state = (uint64_t)sim->config.seed * 11 + 5;
    if (sim->config.approve_ms > 0) {
        look_later(sim);
    }
}

void sim_operator_looks(struct sim *sim)
{
    struct coordinator_plan_facts plan;
    look_later(sim);
    uint64_t draw = mn_random_below(&sim->operator_random, OPERATOR_REJECTS_ONE_IN);
    uint32_t slot = sim->machines[sim->host_count].process;
    struct sim_process *process = slot != SIM_NOBODY ? sim->processes[slot] : NULL;
    if (process == NULL || process->dying || process->paused_until > sim->now ||
        !coordinator_plan(process->coordinator->core, &plan)) {
        return;
    }
    struct coordinator_event event = {.kind = COORDINATOR_ON_STEP};
    bool yes = sim->quiet || plan.rejected || draw > 0;
    event.step.who = 0;
    event.step.step = yes ? MN_STEP_APPROVE : MN_STEP_REJECT;
    event.step.round = plan.round;
    event.step.plan = plan.bounds->plan;
    event.step.reason = "it looks right";
    event.step.ticket = 1;
    sim_coordinator_step(sim, process, &event);
}
