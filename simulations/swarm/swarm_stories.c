/* What few runs have: faults that come just so after one another that something happens which
 * chance alone would hardly ever bring about. Each is a story of its own, and needs the classes of
 * its faults. */
#include "swarm/swarm_draw.h"

static bool classed(uint64_t classes, enum swarm_class which)
{
    return (classes >> which & 1U) != 0;
}

/* Disasters come inside one another: a second one into the round that the first opened, mostly
 * within what its steps take. */
static void choose_second(struct swarm_chooser *chooser, enum swarm_class which)
{
    size_t before = chooser->script->faults.count;
    swarm_fault(chooser, which);
    for (size_t i = before; i < chooser->script->faults.count; i++) {
        struct sim_fault *fault = &chooser->script->faults.items[i];
        fault->aim = (enum sim_aim)swarm_between(chooser, SIM_AIM_FREEZE, SIM_AIM_DONE);
        int64_t after_ms = swarm_chance(chooser, 60) ? swarm_between(chooser, 0, 40)
                                                     : swarm_between(chooser, 40, 2000);
        fault->after_ms =
            (uint32_t)(swarm_chance(chooser, 30) ? swarm_between(chooser, 0, 3) : after_ms);
    }
}

/* A host that is cut off, so that its vats are replaced, and comes back to the other hosts before
 * it comes back to the coordinator: for a while its former lives do not know what they are. Mostly
 * while the new ones still rest on checkpoints that both have. */
static void choose_half_healed(struct swarm_chooser *chooser)
{
    struct sim_config *config = &chooser->script->config;
    /* In a small cluster what a former life lets go of is what its new one needs. */
    if (config->zones >= 3 && swarm_chance(chooser, 50)) {
        config->racks = 1;
        config->hosts = 1;
        config->stores = 3;
    }
    int64_t rests_ms = config->keep * config->interval_ms;
    int64_t away_ms = config->lost_ms + 2 * config->heartbeat_ms +
                      swarm_between(chooser, 0, rests_ms < 4000 ? rests_ms : 4000);
    struct sim_fault cut = *swarm_add(chooser, SIM_FAULT_CUT_HOST, 0, away_ms);
    struct sim_fault *unheard =
        swarm_add(chooser, SIM_FAULT_CUT_COORDINATOR, 0, swarm_between(chooser, 300, 3000));
    unheard->a = cut.a;
    unheard->at_ms = cut.at_ms + away_ms - 1;
}

/* Just before that a partner begins with an empty disk, and knows of no newer run. */
static void choose_empty_partner(struct swarm_chooser *chooser)
{
    choose_half_healed(chooser);
    int64_t heals_ms = chooser->script->faults.items[chooser->script->faults.count - 1].at_ms;
    enum sim_fault_kind kind = swarm_one_of(chooser, SIM_FAULT_LOSE, SIM_FAULT_LOSE_ZONE);
    struct sim_fault *lose = swarm_add(chooser, kind, 0, swarm_between(chooser, 50, 500));
    lose->at_ms = heals_ms - swarm_between(chooser, 0, 800);
}

/* A coordinator that stands still may be taken for dead, and replaced. */
static void choose_replaced(struct swarm_chooser *chooser)
{
    for (size_t i = 0; i < chooser->script->faults.count; i++) {
        struct sim_fault *fault = &chooser->script->faults.items[i];
        if (fault->kind == SIM_FAULT_PAUSE_COORDINATOR && swarm_chance(chooser, 40)) {
            fault->kind = SIM_FAULT_REPLACE_COORDINATOR;
        }
    }
}

/* A host is out of reach for just so long that it is found lost, and is back while the round still
 * gathers: then there is nothing to recover from. */
void swarm_near_miss(struct swarm_chooser *chooser, uint64_t classes)
{
    const struct sim_config *config = &chooser->script->config;
    if (classed(classes, SWARM_CUT) && swarm_chance(chooser, 12)) {
        swarm_add(chooser, SIM_FAULT_CUT_HOST, 0,
                  config->lost_ms + swarm_between(chooser, 0, 3 * config->heartbeat_ms));
    }
}

/* A host is out of reach, and its vats work on; and the coordinator that knows until when they may
 * is gone too. The next one finds the host lost while they still may. */
void swarm_widowed_leases(struct swarm_chooser *chooser, uint64_t classes)
{
    struct sim_config *config = &chooser->script->config;
    if (!classed(classes, SWARM_CUT) || !classed(classes, SWARM_COORDINATOR) ||
        !swarm_chance(chooser, 18)) {
        return;
    }
    config->lease_percent = 100;
    config->lease_ms = swarm_between(chooser, config->lost_ms * 5 / 2, config->lost_ms * 4);
    int64_t away_ms = swarm_between(chooser, config->lost_ms * 2, config->lost_ms * 4);
    struct sim_fault cut = *swarm_add(chooser, SIM_FAULT_CUT_HOST, 0, away_ms);
    struct sim_fault *kill =
        swarm_add(chooser, SIM_FAULT_KILL_COORDINATOR, 0, swarm_between(chooser, 50, 300));
    kill->at_ms = cut.at_ms + swarm_between(chooser, 0, 300);
}

/* A vat stands still while the others are asked what they have: its agent answers without it. */
static void choose_silent(struct swarm_chooser *chooser)
{
    swarm_add(chooser, swarm_one_of(chooser, SIM_FAULT_POWER, SIM_FAULT_KILL_VAT), 0,
              swarm_for_ms(chooser));
    int64_t at_ms = chooser->script->faults.items[chooser->script->faults.count - 1].at_ms;
    struct sim_fault *pause =
        swarm_add(chooser, SIM_FAULT_PAUSE_VAT, 0, swarm_between(chooser, 1500, 6000));
    pause->at_ms = at_ms;
    pause->aim = SIM_AIM_COLLECT;
}

/* A host loses power while its syncs fail: what it had not synced, the holders of its copies have.
 */
static void choose_ahead(struct swarm_chooser *chooser)
{
    struct sim_fault error =
        *swarm_add(chooser, SIM_FAULT_DISK_ERROR, swarm_between(chooser, 60, 100),
                   swarm_between(chooser, 500, 3000));
    struct sim_fault *power = swarm_add(chooser, SIM_FAULT_POWER, 0, swarm_for_ms(chooser));
    power->a = error.a;
    power->at_ms = error.at_ms + swarm_between(chooser, 100, error.for_ms);
}

/* A vat forgets, and one of its peers is to be told by an agent that stands still: the peer hears
 * of it from the vat, or from a third one, before it has the notice. */
static void choose_late_notice(struct swarm_chooser *chooser)
{
    struct sim_config *config = &chooser->script->config;
    config->early_percent = swarm_between(chooser, 50, 100);
    config->told_percent = swarm_between(chooser, 30, 100);
    config->connect_ms = swarm_between(chooser, 100, 300);
    struct sim_fault lose = *swarm_add(chooser, SIM_FAULT_LOSE, 0, swarm_for_ms(chooser));
    struct sim_fault *pause =
        swarm_add(chooser, SIM_FAULT_PAUSE_AGENT, 0, swarm_between(chooser, 500, 2000));
    pause->a = lose.a + 1;
    pause->at_ms = lose.at_ms;
    pause->aim = SIM_AIM_DECIDED;
}

/* Another coordinator has the connections, and the keepers, while the first one records a round. */
static void choose_two_coordinators(struct swarm_chooser *chooser)
{
    struct sim_config *config = &chooser->script->config;
    if (!swarm_may_have_keepers(config)) {
        return;
    }
    config->keepers = config->keepers > 0 ? config->keepers : 3;
    struct sim_fault power = *swarm_add(chooser, SIM_FAULT_POWER, 0, swarm_for_ms(chooser));
    struct sim_fault *second =
        swarm_add(chooser, SIM_FAULT_SECOND_COORDINATOR, 0, swarm_between(chooser, 1500, 6000));
    second->at_ms = power.at_ms;
    second->aim = (enum sim_aim)swarm_between(chooser, SIM_AIM_FREEZE, SIM_AIM_TELL);
    second->after_ms = (uint32_t)swarm_between(chooser, 0, 3);
}

/* The only copies of a vat are its own, an older store of it is put back, and the coordinator is
 * away when it speaks again: first of all those know who remember more of it than it does. */
static void choose_behind(struct swarm_chooser *chooser)
{
    struct sim_config *config = &chooser->script->config;
    config->stores = 1;
    config->connect_ms = swarm_between(chooser, 80, 200);
    struct sim_fault backup = *swarm_add(chooser, SIM_FAULT_BACKUP_VAT, 0, 0);
    struct sim_fault *old =
        swarm_add(chooser, SIM_FAULT_OLD_VAT, 0, swarm_between(chooser, 50, 500));
    old->a = backup.a;
    if (old->at_ms < backup.at_ms) {
        old->at_ms = backup.at_ms + swarm_between(chooser, 500, 3000);
    }
    int64_t at_ms = old->at_ms;
    int64_t away_ms = old->for_ms + swarm_between(chooser, 100, 1000);
    swarm_add(chooser, SIM_FAULT_KILL_COORDINATOR, 0, away_ms)->at_ms = at_ms;
}

/* More is lost when a plan waits, or has just been approved: it takes more than was approved. */
static void choose_outside(struct swarm_chooser *chooser)
{
    struct sim_config *config = &chooser->script->config;
    config->approve_ms = swarm_between(chooser, 50, 500);
    config->approve_percent = 0;
    struct sim_fault first = *swarm_add(chooser, SIM_FAULT_LOSE, 0, swarm_for_ms(chooser));
    struct sim_fault *second = swarm_add(chooser, SIM_FAULT_LOSE, 0, swarm_for_ms(chooser));
    second->at_ms = first.at_ms;
    second->aim = SIM_AIM_PLAN;
    second->after_ms = (uint32_t)swarm_between(chooser, 0, config->approve_ms);
}

/* Where a found disk is to be adopted there is no room, or its syncs fail. */
static void choose_in_vain(struct swarm_chooser *chooser)
{
    struct sim_config *config = &chooser->script->config;
    config->approve_ms = swarm_between(chooser, 200, 2000);
    config->approve_percent = 0;
    config->adopt_percent = swarm_between(chooser, 50, 100);
    struct sim_fault lose = *swarm_add(chooser, SIM_FAULT_LOSE_RACK, 0, swarm_for_ms(chooser));
    struct sim_fault *full =
        swarm_add(chooser, SIM_FAULT_DISK_FULL, 0, swarm_between(chooser, 500, 3000));
    full->at_ms = lose.at_ms;
    full->aim = SIM_AIM_PLAN;
}

void swarm_stories(struct swarm_chooser *chooser, const enum swarm_class *on, unsigned count)
{
    int64_t seconds = swarm_chance(chooser, 40) ? swarm_between(chooser, 1, 6) : 0;
    for (int64_t i = 0; count > 0 && i < seconds; i++) {
        choose_second(chooser, on[swarm_between(chooser, 0, count - 1)]);
    }
    for (unsigned i = 0; i < count; i++) {
        if (on[i] == SWARM_CUT && swarm_chance(chooser, 25)) {
            choose_half_healed(chooser);
        }
    }
    choose_replaced(chooser);
}

/* The clock of a host jumps: a little, or by more than anybody waits for anything. */
static void choose_clock_jump(struct swarm_chooser *chooser)
{
    int64_t by_ms = swarm_chance(chooser, 50) ? swarm_between(chooser, 1, 3000)
                                              : swarm_between(chooser, 3000, 1000000);
    swarm_add(chooser, SIM_FAULT_SKEW_CLOCK, by_ms, 0);
}

/* A disk was copied, and both are in use, the one after the other: each has what the other has not,
 * and neither is older than the other. */
static void choose_two_disks(struct swarm_chooser *chooser)
{
    struct sim_fault backup = *swarm_add(chooser, SIM_FAULT_BACKUP, 0, 0);
    struct sim_fault *swap =
        swarm_add(chooser, SIM_FAULT_SWAP_DISK, 0, swarm_between(chooser, 100, 6000));
    swap->a = backup.a;
    if (swap->at_ms < backup.at_ms) {
        swap->at_ms = backup.at_ms + swarm_between(chooser, 100, 3000);
    }
}

/* The keepers have a decision for which the coordinator's own disk has no room, and mostly it ends
 * before there is some. */
static void choose_journal_behind(struct swarm_chooser *chooser)
{
    int64_t full_ms = swarm_between(chooser, 100, 3000);
    struct sim_fault lose = *swarm_add(chooser, SIM_FAULT_LOSE, 0, swarm_for_ms(chooser));
    struct sim_fault *full = swarm_add(chooser, SIM_FAULT_FULL_COORDINATOR, 0, full_ms);
    full->at_ms = lose.at_ms;
    full->aim = SIM_AIM_WRITING;
    if (swarm_chance(chooser, 80)) {
        struct sim_fault *kill =
            swarm_add(chooser, SIM_FAULT_KILL_COORDINATOR, 0, swarm_between(chooser, 50, 1000));
        kill->at_ms = lose.at_ms;
        kill->aim = SIM_AIM_WRITING;
        kill->after_ms = (uint32_t)swarm_between(chooser, 1, full_ms);
    }
}

#define OF(name) (UINT64_C(1) << SWARM_##name)

void swarm_late_stories(struct swarm_chooser *chooser, uint64_t classes)
{
    static const struct {
        void (*choose)(struct swarm_chooser *chooser);
        uint64_t needs;
        int64_t percent;
    } stories[] = {
        {choose_silent, OF(PAUSE), 8},
        {choose_empty_partner, OF(CUT) | OF(LOSS), 10},
        {choose_ahead, OF(ERROR) | OF(POWER), 8},
        {choose_late_notice, OF(LOSS) | OF(PAUSE), 10},
        {choose_two_coordinators, OF(OLD_JOURNAL) | OF(POWER), 14},
        {choose_behind, OF(OLD_VAT) | OF(COORDINATOR), 6},
        {choose_outside, OF(LOSS), 10},
        {choose_in_vain, OF(LOSS) | OF(FULL), 16},
        {choose_clock_jump, OF(CLOCK), 6},
        {choose_two_disks, OF(OLD_AGENT), 25},
        {choose_journal_behind, OF(LOSS) | OF(COORDINATOR), 20},
    };
    for (size_t i = 0; i < sizeof stories / sizeof *stories; i++) {
        bool classed = (classes & stories[i].needs) == stories[i].needs;
        if (classed && swarm_chance(chooser, stories[i].percent)) {
            stories[i].choose(chooser);
        }
    }
    swarm_spare_keepers(chooser->script);
}
