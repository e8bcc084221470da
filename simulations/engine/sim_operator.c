/* Who operates the cluster. Where policy has plans wait: looks now and then, and says yes to the
 * plan that waits, or sometimes no first, or has a disk that was found adopted before
 * (sim_found.c). Once the faults are over it is always yes. And a while after a coordinator shows
 * that it is in trouble: has it go on without keepers that are gone, or with a journal that is left
 * when nobody has a newer one; sometimes too early, while some who have more are only away. */
#include <string.h>

#include "engine/sim_private.h"

enum {
    OPERATOR_REJECTS_ONE_IN = 4,
    OPERATOR_TROUBLE_MS = 3000 /* until one looks at a coordinator in trouble, unless it is said */
};

/* ---- plans ----------------------------------------------------------------------------------- */

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
    if (process == NULL || process->dying || process->paused_until > sim->now) {
        return;
    }
    bool adopts = sim->config.adopt_percent > 0 && !sim->quiet && sim_found_adopts(sim, process);
    if (adopts || !coordinator_plan(process->coordinator->core, &plan)) {
        return;
    }
    struct coordinator_event event = {.kind = COORDINATOR_ON_STEP};
    bool yes = sim->quiet || plan.rejected || draw > 0;
    event.step.who = 0;
    event.step.step = yes ? MN_STEP_APPROVE : MN_STEP_REJECT;
    event.step.round = plan.round;
    event.step.plan = plan.bounds->plan;
    event.step.reason = "it looks right";
    event.step.ticket = SIM_TICKET_WORD;
    sim_coordinator_step(sim, process, &event);
}

/* ---- keepers --------------------------------------------------------------------------------- */

void sim_operator_later(struct sim *sim, struct sim_process *process)
{
    struct sim_coordinator *coordinator = process->coordinator;
    struct keeping_facts facts;
    keeping_facts(coordinator->keeping, &facts);
    bool trouble = facts.state == KEEPING_OVERTAKEN || facts.holds;
    bool old = facts.shown_by != TOPOLOGY_NONE;
    if (trouble && !coordinator->looked_at && (facts.keeper_count > 0 || old)) {
        uint64_t most = (uint64_t)sim->config.recall_ms * 2;
        mn_time wait = sim->config.recall_ms == 0
                           ? OPERATOR_TROUBLE_MS
                           : (mn_time)(1 + mn_random_below(&sim->operator_random, most));
        coordinator->looked_at = true;
        sim_at(sim, sim->now + wait * MN_MS, SIM_ON_STEP, process, 0, NULL);
    }
}

static bool disk_has(const struct sim *sim, uint32_t host, const char *key)
{
    const struct sim_record *record = sim_record_from(&sim->machines[host].disk, key, 0);
    return record != NULL && strncmp(record->key, key, strlen(key)) == 0;
}

/* Whether the disks of so many keepers are gone that there will be no majority again, of a set that
 * it asks, and all that have anything of the journal have answered: what these know would be given
 * up for nothing. */
static bool majority_gone(const struct sim *sim, const struct keeping *keeping,
                          const struct keeping_facts *facts)
{
    size_t counts[2] = {0, 0};
    size_t whole[2] = {0, 0};
    bool answer = true;
    for (uint32_t i = 0; i < facts->keeper_count; i++) {
        struct keeping_keeper keeper;
        keeping_keeper(keeping, i, &keeper);
        size_t has = disk_has(sim, keeper.host, "member") ? 1 : 0;
        counts[0] += keeper.now ? 1 : 0;
        whole[0] += keeper.now ? has : 0;
        counts[1] += keeper.next ? 1 : 0;
        whole[1] += keeper.next ? has : 0;
        answer = answer && (keeper.answers || !disk_has(sim, keeper.host, "kept "));
    }
    return answer && (whole[0] <= counts[0] / 2 || (counts[1] > 0 && whole[1] <= counts[1] / 2));
}

/* Whether a majority of those with whom an operator had it go on cannot come back by itself: who
 * was absent then has no vote before a majority of the others has brought it up to date. */
static bool rest_gone(const struct sim *sim, const struct keeping *keeping,
                      const struct keeping_facts *facts)
{
    uint32_t now = 0;
    uint32_t next = 0;
    for (uint32_t i = 0; i < facts->keeper_count; i++) {
        struct keeping_keeper keeper;
        keeping_keeper(keeping, i, &keeper);
        now += keeper.counts && keeper.now ? 1 : 0;
        next += keeper.counts && keeper.next ? 1 : 0;
    }
    return sim->accepted && facts->state == KEEPING_LEADING &&
           (now < facts->needed || next < facts->next_needed);
}

/* Whether it holds because its journal is an old one, and nobody has a newer one any more. */
static bool none_newer(struct sim *sim, const struct sim_coordinator *coordinator,
                       const struct keeping_facts *facts)
{
    return facts->shown_by != TOPOLOGY_NONE &&
           sim_left_anywhere(sim) <=
               sim_journal_common(&sim->journals[coordinator->journal], &sim->in_force);
}

/* Whether all keepers answer, and it holds all the same: there is nothing more to wait for. */
static bool all_answer(const struct keeping *keeping, const struct keeping_facts *facts)
{
    bool all = facts->holds;
    for (uint32_t i = 0; i < facts->keeper_count; i++) {
        struct keeping_keeper keeper;
        keeping_keeper(keeping, i, &keeper);
        all = all && keeper.answers;
    }
    return all;
}

/* Not once the faults are over: then he waits for what can still come back. */
static bool speaks_early(struct sim *sim)
{
    return sim->config.early_words_percent > 0 && !sim->quiet &&
           (int64_t)mn_random_below(&sim->operator_random, 100) < sim->config.early_words_percent;
}

void sim_operator_looks_at(struct sim *sim, struct sim_process *process)
{
    struct sim_coordinator *coordinator = process->coordinator;
    struct keeping_facts facts;
    keeping_facts(coordinator->keeping, &facts);
    coordinator->looked_at = false;
    bool its_turn = sim->machines[process->machine].process == process->slot;
    if (facts.state == KEEPING_OVERTAKEN && its_turn && facts.shown_by == TOPOLOGY_NONE) {
        process->dying = true; /* it is started again, since there is no other one */
        return;
    }
    if (its_turn && facts.state == KEEPING_ASKING && sim_keepers_corrected(sim)) {
        process->dying = true; /* it is started again, with the topology as it should be */
        return;
    }
    bool all = all_answer(coordinator->keeping, &facts);
    bool in_vain = all && coordinator->in_vain; /* at the last look too */
    coordinator->in_vain = all;
    bool early = speaks_early(sim);
    if (its_turn && keeping_may_accept(coordinator->keeping) &&
        (majority_gone(sim, coordinator->keeping, &facts) ||
         rest_gone(sim, coordinator->keeping, &facts) || none_newer(sim, coordinator, &facts) ||
         in_vain || early)) {
        struct mn_journal_recall accept = {.operator_name = mn_name_of("alice"),
                                           .key = "oooooooooooooooooooooooooooooooooooooooo",
                                           .reason = "their disks are gone",
                                           .at = sim_clock(sim, process)};
        sim->accepted = true;
        sim_left_with(sim, coordinator);
        sim_count(sim, SIM_SOMETIMES_UNKNOWN_ACCEPTED);
        struct keeping_event event = {.kind = KEEPING_ON_ACCEPT, .accept = &accept};
        sim_coordinator_keep(sim, process, &event);
    }
    sim_operator_later(sim, process);
}
