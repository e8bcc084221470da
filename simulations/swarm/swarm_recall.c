/* The journal is lost, or an older one put in its place, together with those that keep it: with
 * most of the keepers, where there are any, or with the ledgers of all agents. What is left is what
 * the agents have, and an operator who has the coordinator go on with that. */
#include "swarm/swarm_draw.h"

/* A few kinds of faults leave nothing that an operator could go on with, or two coordinators that
 * nobody can tell apart any more. */
static void spare_journals(struct swarm_script *script)
{
    for (size_t i = 0; i < script->faults.count; i++) {
        struct sim_fault *fault = &script->faults.items[i];
        if (fault->kind == SIM_FAULT_SECOND_COORDINATOR) {
            fault->kind = SIM_FAULT_KILL_COORDINATOR;
            fault->b = 0;
        }
    }
}

/* How many more of the keepers than one: mostly so many that no majority is left. */
static int64_t more_keepers(struct swarm_chooser *chooser)
{
    int64_t keepers = chooser->script->config.keepers;
    return swarm_chance(chooser, 60) ? keepers / 2 : swarm_between(chooser, 0, keepers);
}

/* Both at the same time, or the one a little after the other; before a round, in a step of one, or
 * after it. */
static void choose_gone(struct swarm_chooser *chooser)
{
    const struct sim_config *config = &chooser->script->config;
    bool older = swarm_chance(chooser, 30);
    int64_t records = older ? swarm_between(chooser, 1, 40) : 0;
    struct sim_fault journal =
        *swarm_add(chooser, older ? SIM_FAULT_OLD_JOURNAL : SIM_FAULT_LOSE_JOURNAL, records, 0);
    struct sim_fault *lost = &chooser->script->faults.items[chooser->script->faults.count - 1];
    if (swarm_chance(chooser, 40)) {
        lost->aim = (enum sim_aim)swarm_between(chooser, SIM_AIM_FREEZE, SIM_AIM_TELL);
        lost->after_ms = (uint32_t)swarm_between(chooser, 0, 40);
        journal = *lost;
        enum sim_fault_kind kind = swarm_one_of(
            chooser, SIM_FAULT_LOSE, swarm_one_of(chooser, SIM_FAULT_POWER, SIM_FAULT_KILL_VAT));
        swarm_add(chooser, kind, 0, swarm_for_ms(chooser))->at_ms = journal.at_ms;
    }
    bool all = config->keepers == 0 ? swarm_chance(chooser, 40) : swarm_chance(chooser, 20);
    if (config->keepers == 0 && !all) {
        return;
    }
    struct sim_fault *with =
        swarm_add(chooser, all ? SIM_FAULT_LOSE_LEDGERS : SIM_FAULT_LOSE_KEEPERS,
                  all ? 0 : more_keepers(chooser), swarm_between(chooser, 50, 2000));
    with->at_ms = journal.at_ms;
    with->aim = journal.aim;
    with->after_ms = journal.after_ms;
    if (swarm_chance(chooser, 30)) {
        with->at_ms += swarm_between(chooser, 0, 300);
    }
}

/* In a run of classes that are drawn it is alone: beside other faults it finds more often what is
 * expected of it still (simulations/expected.txt). */
void swarm_recalls(struct swarm_chooser *chooser, uint64_t classes, bool all)
{
    struct sim_config *config = &chooser->script->config;
    if ((classes >> SWARM_RECALL & 1U) == 0 || (!all && !swarm_chance(chooser, 5))) {
        return;
    }
    if (!all) {
        chooser->script->faults.count = 0;
    }
    spare_journals(chooser->script);
    if (!swarm_may_have_keepers(config) || swarm_chance(chooser, 30)) {
        config->keepers = 0;
    } else if (config->keepers == 0) {
        config->keepers = swarm_chance(chooser, 20) ? 1 : 3;
    }
    config->recall_ms = swarm_between(chooser, 100, 3000);
    config->early_words_percent = swarm_chance(chooser, 25) ? swarm_between(chooser, 10, 100) : 0;
    int64_t times = swarm_chance(chooser, 80) ? 1 : 2;
    for (int64_t i = 0; i < times; i++) {
        choose_gone(chooser);
    }
}

/* The machine on which the next coordinator begins shows a time that is days or decades ahead, for
 * a while: the numbers that it goes on with, the next one may have to hear of from agents alone. */
void swarm_wrong_clock(struct swarm_chooser *chooser, uint64_t classes)
{
    if ((classes >> SWARM_RECALL & 1U) == 0 || !swarm_chance(chooser, 25)) {
        return;
    }
    int64_t by_s = swarm_chance(chooser, 50) ? swarm_between(chooser, 1, 1000000)
                                             : swarm_between(chooser, 1000000, 2000000000);
    const struct sim_faults *faults = &chooser->script->faults;
    for (size_t i = 0; i < faults->count; i++) {
        enum sim_fault_kind kind = faults->items[i].kind;
        if (kind == SIM_FAULT_OLD_JOURNAL || kind == SIM_FAULT_LOSE_JOURNAL) {
            int64_t at_ms = faults->items[i].at_ms - swarm_between(chooser, 0, 1000);
            swarm_add(chooser, SIM_FAULT_WRONG_CLOCK, by_s, swarm_between(chooser, 1000, 8000))
                ->at_ms = at_ms;
            return;
        }
    }
}
