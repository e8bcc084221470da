/* Draws of the generator: numbers, and faults at some time of a run. */
#include "swarm/swarm_draw.h"

int64_t swarm_between(struct swarm_chooser *chooser, int64_t least, int64_t most)
{
    return least + (int64_t)mn_random_below(&chooser->random, (uint64_t)(most - least + 1));
}

bool swarm_chance(struct swarm_chooser *chooser, int64_t percent)
{
    return swarm_between(chooser, 1, 100) <= percent;
}

int64_t swarm_for_ms(struct swarm_chooser *chooser)
{
    int64_t lost_ms = chooser->script->config.lost_ms;
    if (swarm_chance(chooser, 20)) {
        return swarm_between(chooser, lost_ms, lost_ms * 2);
    }
    return swarm_chance(chooser, 60) ? swarm_between(chooser, 50, 1500)
                                     : swarm_between(chooser, 1500, 8000);
}

struct sim_fault *swarm_add(struct swarm_chooser *chooser, enum sim_fault_kind kind, int64_t b,
                            int64_t lasts_ms)
{
    struct sim_fault fault = {
        .at_ms = swarm_between(chooser, 1500, chooser->script->config.faults_ms - 1000),
        .kind = kind,
        .a = (uint32_t)swarm_between(chooser, 0, 59),
        .b = (uint32_t)b,
        .for_ms = lasts_ms};
    struct sim_faults *faults = &chooser->script->faults;
    sim_faults_add(faults, fault);
    return &faults->items[faults->count - 1];
}

enum sim_fault_kind swarm_one_of(struct swarm_chooser *chooser, enum sim_fault_kind a,
                                 enum sim_fault_kind b)
{
    return swarm_chance(chooser, 50) ? a : b;
}

bool swarm_may_have_keepers(const struct sim_config *config)
{
    return config->zones * config->racks >= 3;
}
