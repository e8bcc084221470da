/* The faults of each class, as a seed has them. */
#include "swarm/swarm_draw.h"

static void choose_journal(struct swarm_chooser *chooser)
{
    int64_t records =
        swarm_chance(chooser, 70) ? swarm_between(chooser, 1, 6) : swarm_between(chooser, 6, 60);
    enum sim_fault_kind kind =
        swarm_one_of(chooser, SIM_FAULT_SECOND_COORDINATOR,
                     swarm_one_of(chooser, SIM_FAULT_OLD_JOURNAL, SIM_FAULT_LOSE_JOURNAL));
    bool lacks = kind == SIM_FAULT_OLD_JOURNAL || swarm_chance(chooser, 30);
    if (swarm_may_have_keepers(&chooser->script->config)) {
        chooser->script->config.keepers = 3;
        swarm_add(chooser, kind, lacks ? records : 0,
                  kind == SIM_FAULT_SECOND_COORDINATOR ? swarm_for_ms(chooser) : 0);
    }
}

/* A whole disk, or the agent's ledger alone. */
static void choose_old(struct swarm_chooser *chooser, enum sim_fault_kind kind)
{
    struct sim_fault backup = *swarm_add(chooser, SIM_FAULT_BACKUP, 0, 0);
    struct sim_fault *old = swarm_add(chooser, kind, 0, swarm_for_ms(chooser));
    old->a = backup.a;
    if (old->at_ms < backup.at_ms) {
        old->at_ms = backup.at_ms + 1000;
    }
}

/* Nothing passes between the vat's host and the coordinator from before the backup until the store
 * is as it was then: what died was never reported. */
static void choose_unreported(struct swarm_chooser *chooser, const struct sim_fault *backup,
                              const struct sim_fault *old)
{
    struct sim_config *config = &chooser->script->config;
    struct sim_fault cut = {.at_ms = backup->at_ms - swarm_between(chooser, 100, 1000),
                            .kind = SIM_FAULT_CUT_COORDINATOR,
                            .a = backup->a % (uint32_t)config->vats % sim_config_hosts(config)};
    cut.for_ms = old->at_ms + old->for_ms / 2 - cut.at_ms;
    config->tcp_ms = swarm_between(chooser, 300, 1500);
    sim_faults_add(&chooser->script->faults, cut);
}

/* Sometimes the only copies are the vat's own, and the coordinator forgets at the same moment what
 * the store forgets, or never heard of it: then only peers remember. */
static void choose_old_vat(struct swarm_chooser *chooser)
{
    struct sim_faults *faults = &chooser->script->faults;
    struct sim_fault backup = *swarm_add(chooser, SIM_FAULT_BACKUP_VAT, 0, 0);
    struct sim_fault *old =
        swarm_add(chooser, SIM_FAULT_OLD_VAT, 0, swarm_between(chooser, 50, 1000));
    old->a = backup.a;
    if (old->at_ms < backup.at_ms) {
        old->at_ms = backup.at_ms + swarm_between(chooser, 100, 3000);
    }
    int64_t at_ms = old->at_ms;
    if (swarm_chance(chooser, 80)) {
        chooser->script->config.stores = 1;
    }
    if (swarm_chance(chooser, 20)) {
        choose_unreported(chooser, &backup, &faults->items[faults->count - 1]);
    } else if (swarm_chance(chooser, 80)) {
        swarm_add(chooser, SIM_FAULT_KILL_COORDINATOR, 0, swarm_between(chooser, 50, 1000))->at_ms =
            at_ms;
    }
}

static void choose_crash(struct swarm_chooser *chooser, enum swarm_class which)
{
    switch (which) {
    case SWARM_VAT:
        if (swarm_chance(chooser, 15)) {
            swarm_add(chooser, SIM_FAULT_FAIL_VAT, 0, swarm_between(chooser, 500, 12000));
        } else {
            swarm_add(chooser, SIM_FAULT_KILL_VAT, 0, 0);
        }
        return;
    case SWARM_AGENT:
        swarm_add(chooser, SIM_FAULT_KILL_AGENT, 0, swarm_for_ms(chooser));
        return;
    case SWARM_COORDINATOR:
        swarm_add(chooser, SIM_FAULT_KILL_COORDINATOR, 0, swarm_for_ms(chooser));
        return;
    case SWARM_POWER:
        swarm_add(chooser, swarm_one_of(chooser, SIM_FAULT_POWER, SIM_FAULT_POWER_RACK), 0,
                  swarm_for_ms(chooser));
        return;
    case SWARM_LOSS:
        swarm_add(chooser, swarm_one_of(chooser, SIM_FAULT_LOSE, SIM_FAULT_LOSE_RACK), 0,
                  swarm_for_ms(chooser));
        return;
    case SWARM_STORE:
        swarm_add(chooser, swarm_one_of(chooser, SIM_FAULT_LOSE_VAT, SIM_FAULT_TEAR_VAT), 0,
                  swarm_for_ms(chooser));
        return;
    case SWARM_ZONE:
        swarm_add(chooser, swarm_one_of(chooser, SIM_FAULT_LOSE_ZONE, SIM_FAULT_POWER_ZONE), 0,
                  swarm_for_ms(chooser));
        if (swarm_chance(chooser, 15)) {
            swarm_add(chooser, SIM_FAULT_POWER_ALL, 0, swarm_between(chooser, 100, 2000));
        }
        return;
    default: {
        enum sim_fault_kind kind = swarm_one_of(chooser, SIM_FAULT_KILL_AGENT, SIM_FAULT_KILL_VAT);
        kind = swarm_chance(chooser, 30) ? SIM_FAULT_KILL_COORDINATOR : kind;
        swarm_add(chooser, kind, swarm_between(chooser, 1, 300), swarm_between(chooser, 50, 1000));
        return;
    }
    }
}

/* One checkpoint is kept of each vat, and it is needed. */
static void choose_shallow(struct swarm_chooser *chooser)
{
    chooser->script->config.keep = 1;
    swarm_add(chooser, swarm_one_of(chooser, SIM_FAULT_LOSE, SIM_FAULT_LOSE_RACK), 0,
              swarm_for_ms(chooser));
    swarm_add(chooser, swarm_one_of(chooser, SIM_FAULT_CUT, SIM_FAULT_CUT_HOST),
              swarm_between(chooser, 0, 59), swarm_for_ms(chooser));
}

/* Writing that fails for a while; and a bad sector or a bad disk, for a time or for good. Whatever
 * else is drawn from a seed does not depend on the latter. */
static void choose_error(struct swarm_chooser *chooser)
{
    swarm_add(chooser, SIM_FAULT_DISK_ERROR, swarm_between(chooser, 10, 100),
              swarm_for_ms(chooser));
    struct mn_random before = chooser->random;
    if (swarm_chance(chooser, 40)) {
        int64_t percent = swarm_chance(chooser, 60) ? swarm_between(chooser, 5, 40) : 100;
        swarm_add(chooser, SIM_FAULT_DISK_UNREAD, percent,
                  swarm_chance(chooser, 60) ? swarm_for_ms(chooser) : 0);
    }
    chooser->random = before;
}

void swarm_fault(struct swarm_chooser *chooser, enum swarm_class which)
{
    switch (which) {
    case SWARM_CUT:
        swarm_add(chooser,
                  swarm_chance(chooser, 20)
                      ? SIM_FAULT_CUT_ZONE
                      : swarm_one_of(chooser, SIM_FAULT_CUT, SIM_FAULT_CUT_HOST),
                  swarm_between(chooser, 0, 59), swarm_for_ms(chooser));
        return;
    case SWARM_ONE_WAY:
        swarm_add(chooser,
                  swarm_chance(chooser, 40) ? SIM_FAULT_CUT_TO
                                            : swarm_one_of(chooser, SIM_FAULT_DEAF, SIM_FAULT_MUTE),
                  swarm_between(chooser, 0, 59), swarm_for_ms(chooser));
        return;
    case SWARM_ALONE:
        swarm_add(chooser, swarm_one_of(chooser, SIM_FAULT_CUT_COORDINATOR, SIM_FAULT_CUT_ALL), 0,
                  swarm_for_ms(chooser));
        return;
    case SWARM_RESET:
        swarm_add(chooser, SIM_FAULT_RESET, 0, 0);
        return;
    case SWARM_PAUSE:
        swarm_add(chooser,
                  swarm_chance(chooser, 30)
                      ? SIM_FAULT_PAUSE_COORDINATOR
                      : swarm_one_of(chooser, SIM_FAULT_PAUSE_AGENT, SIM_FAULT_PAUSE_VAT),
                  0, swarm_for_ms(chooser));
        return;
    case SWARM_CLOCK:
        chooser->script->config.skew_ms = swarm_between(chooser, 0, 100000);
        chooser->script->config.drift_ppm = swarm_between(chooser, 0, 1000);
        return;
    case SWARM_SHALLOW:
        choose_shallow(chooser);
        return;
    case SWARM_SLOW:
        swarm_add(chooser, SIM_FAULT_DISK_SLOW, swarm_between(chooser, 2, 200),
                  swarm_for_ms(chooser));
        return;
    case SWARM_FULL:
        swarm_add(chooser, SIM_FAULT_DISK_FULL, 0, swarm_for_ms(chooser));
        return;
    case SWARM_ERROR:
        choose_error(chooser);
        return;
    case SWARM_CORRUPT:
        swarm_add(chooser, swarm_one_of(chooser, SIM_FAULT_CORRUPT, SIM_FAULT_LOSE_COPY),
                  swarm_between(chooser, 0, 100000), 0);
        return;
    case SWARM_OLD_VAT:
        choose_old_vat(chooser);
        return;
    case SWARM_OLD_JOURNAL:
        choose_journal(chooser);
        return;
    case SWARM_OLD_AGENT:
        choose_old(chooser, SIM_FAULT_OLD_AGENT);
        return;
    case SWARM_LEDGER:
        if (swarm_chance(chooser, 50)) {
            swarm_add(chooser, SIM_FAULT_LOSE_LEDGER, 0, swarm_for_ms(chooser));
        } else {
            choose_old(chooser, SIM_FAULT_OLD_LEDGER);
        }
        return;
    default:
        choose_crash(chooser, which);
        return;
    }
}

static bool of_journal(enum sim_fault_kind kind)
{
    return kind == SIM_FAULT_OLD_JOURNAL || kind == SIM_FAULT_LOSE_JOURNAL ||
           kind == SIM_FAULT_SECOND_COORDINATOR;
}

/* What is left of a fault for whoever is to forget nothing by it. */
static enum sim_fault_kind harm_without_loss(enum sim_fault_kind kind)
{
    switch (kind) {
    case SIM_FAULT_LOSE_ZONE:
        return SIM_FAULT_POWER_ZONE;
    case SIM_FAULT_LOSE_RACK:
        return SIM_FAULT_POWER_RACK;
    case SIM_FAULT_LOSE:
    case SIM_FAULT_OLD_AGENT:
    case SIM_FAULT_SWAP_DISK:
        return SIM_FAULT_POWER;
    case SIM_FAULT_LOSE_LEDGER:
    case SIM_FAULT_OLD_LEDGER:
        return SIM_FAULT_KILL_AGENT;
    default:
        return kind;
    }
}

void swarm_spare_keepers(struct swarm_script *script)
{
    bool journal = false;
    bool lost = false;
    for (size_t i = 0; i < script->faults.count; i++) {
        journal = journal || of_journal(script->faults.items[i].kind);
    }
    for (size_t i = 0; journal && i < script->faults.count; i++) {
        struct sim_fault *fault = &script->faults.items[i];
        enum sim_fault_kind less = harm_without_loss(fault->kind);
        bool many =
            fault->kind == SIM_FAULT_LOSE_ZONE || fault->kind == SIM_FAULT_LOSE_RACK || lost;
        if (less != fault->kind && many) {
            fault->kind = less;
        } else {
            lost = lost || less != fault->kind;
        }
    }
}
