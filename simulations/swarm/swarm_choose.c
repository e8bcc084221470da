/* A run drawn from a seed: a small cluster, its settings, its workload, and what goes wrong. */
#include <string.h>

#include "base/random.h"
#include "swarm/swarm.h"

static const char *const class_names[] = {
#define SWARM_CLASS_NAME(name, word, standard, text) word,
    SWARM_CLASSES(SWARM_CLASS_NAME)
#undef SWARM_CLASS_NAME
};

enum swarm_class swarm_class_find(const char *name)
{
    unsigned which = 0;
    while (which < SWARM_CLASS_COUNT && strcmp(class_names[which], name) != 0) {
        which += 1;
    }
    return (enum swarm_class)which;
}

uint64_t swarm_classes_standard(void)
{
    uint64_t classes = 0;
#define SWARM_CLASS_BIT(name, word, standard, text)                                                \
    classes |= (standard) ? UINT64_C(1) << SWARM_##name : 0;
    SWARM_CLASSES(SWARM_CLASS_BIT)
#undef SWARM_CLASS_BIT
    return classes;
}

struct chooser {
    struct mn_random random;
    struct swarm_script *script;
};

static int64_t between(struct chooser *chooser, int64_t least, int64_t most)
{
    return least + (int64_t)mn_random_below(&chooser->random, (uint64_t)(most - least + 1));
}

static bool chance(struct chooser *chooser, int64_t percent)
{
    return between(chooser, 1, 100) <= percent;
}

/* ---- the cluster ----------------------------------------------------------------------------- */

static void choose_cluster(struct chooser *chooser)
{
    struct sim_config *config = &chooser->script->config;
    config->zones = between(chooser, 2, 4);
    config->racks = between(chooser, 1, 2);
    config->hosts = between(chooser, 1, 2);
    config->vats = between(chooser, 2, 10);
    int64_t domains = config->zones * config->racks;
    config->stores = chance(chooser, 70) ? 2 : between(chooser, 1, domains < 3 ? domains : 3);
    config->keep = between(chooser, 2, 5);
    config->full_every = between(chooser, 1, 6);
    config->interval_ms = between(chooser, 50, 400);
    config->told_percent = chance(chooser, 25) ? between(chooser, 10, 60) : 0;
    config->limit = chance(chooser, 80) ? 1 : 0;
    config->total_loss_roll_back = chance(chooser, 15) ? 1 : 0;
}

static void choose_world(struct chooser *chooser)
{
    struct sim_config *config = &chooser->script->config;
    config->turn_ms = between(chooser, 20, 200);
    config->peers = between(chooser, 1, 9);
    config->burst = between(chooser, 1, 4);
    config->blob_size =
        chance(chooser, 10) ? between(chooser, 100000, 300000) : between(chooser, 0, 2000);
    config->latency_us =
        chance(chooser, 20) ? between(chooser, 1000, 20000) : between(chooser, 50, 1000);
    config->jitter_us = between(chooser, 0, 2 * config->latency_us);
    /* A disk takes all checkpoints of its vats and the copies of others', and is to have half of
     * its time left. */
    int64_t writes = (config->vats / sim_config_hosts(config) + 1) * config->stores;
    int64_t most = config->interval_ms * 1000 / writes / 4;
    config->disk_us = between(chooser, 100, chance(chooser, 20) ? most : most / 10 + 100);
    config->disk_jitter_us = between(chooser, 0, 2 * config->disk_us);
    config->lose_percent = between(chooser, 0, 100);
    config->repeat_percent = chance(chooser, 30) ? between(chooser, 0, 50) : 0;
    config->tcp_ms = chance(chooser, 30) ? between(chooser, 500, 3000) : 20000;
    config->port_reuse = between(chooser, 0, 1);
    config->faults_ms = between(chooser, 8000, 20000);
}

/* ---- the faults ------------------------------------------------------------------------------ */

/* Mostly short, now and then long, and now and then about as long as it takes to be found lost. */
static int64_t for_ms(struct chooser *chooser)
{
    int64_t lost_ms = chooser->script->config.lost_ms;
    if (chance(chooser, 20)) {
        return between(chooser, lost_ms, lost_ms * 2);
    }
    return chance(chooser, 60) ? between(chooser, 50, 1500) : between(chooser, 1500, 8000);
}

/* It stays where it is until the next one is added. */
static struct sim_fault *add(struct chooser *chooser, enum sim_fault_kind kind, int64_t b,
                             int64_t lasts_ms)
{
    struct sim_fault fault = {.at_ms =
                                  between(chooser, 1500, chooser->script->config.faults_ms - 1000),
                              .kind = kind,
                              .a = (uint32_t)between(chooser, 0, 59),
                              .b = (uint32_t)b,
                              .for_ms = lasts_ms};
    struct sim_faults *faults = &chooser->script->faults;
    sim_faults_add(faults, fault);
    return &faults->items[faults->count - 1];
}

static enum sim_fault_kind one_of(struct chooser *chooser, enum sim_fault_kind a,
                                  enum sim_fault_kind b)
{
    return chance(chooser, 50) ? a : b;
}

/* Without keepers nobody knows better than a journal that has forgotten. */
static bool may_have_keepers(const struct sim_config *config)
{
    return config->zones * config->racks >= 3;
}

static void choose_journal(struct chooser *chooser)
{
    int64_t records = chance(chooser, 70) ? between(chooser, 1, 6) : between(chooser, 6, 60);
    enum sim_fault_kind kind =
        one_of(chooser, SIM_FAULT_SECOND_COORDINATOR,
               one_of(chooser, SIM_FAULT_OLD_JOURNAL, SIM_FAULT_LOSE_JOURNAL));
    bool lacks = kind == SIM_FAULT_OLD_JOURNAL || chance(chooser, 30);
    if (may_have_keepers(&chooser->script->config)) {
        chooser->script->config.keepers = 3;
        add(chooser, kind, lacks ? records : 0,
            kind == SIM_FAULT_SECOND_COORDINATOR ? for_ms(chooser) : 0);
    }
}

/* A whole disk, or the agent's ledger alone. */
static void choose_old(struct chooser *chooser, enum sim_fault_kind kind)
{
    struct sim_fault backup = *add(chooser, SIM_FAULT_BACKUP, 0, 0);
    struct sim_fault *old = add(chooser, kind, 0, for_ms(chooser));
    old->a = backup.a;
    if (old->at_ms < backup.at_ms) {
        old->at_ms = backup.at_ms + 1000;
    }
}

/* Nothing passes between the vat's host and the coordinator from before the backup until the store
 * is as it was then: what died was never reported. */
static void choose_unreported(struct chooser *chooser, const struct sim_fault *backup,
                              const struct sim_fault *old)
{
    struct sim_config *config = &chooser->script->config;
    struct sim_fault cut = {.at_ms = backup->at_ms - between(chooser, 100, 1000),
                            .kind = SIM_FAULT_CUT_COORDINATOR,
                            .a = backup->a % (uint32_t)config->vats % sim_config_hosts(config)};
    cut.for_ms = old->at_ms + old->for_ms / 2 - cut.at_ms;
    config->tcp_ms = between(chooser, 300, 1500);
    sim_faults_add(&chooser->script->faults, cut);
}

/* Sometimes the only copies are the vat's own, and the coordinator forgets at the same moment what
 * the store forgets, or never heard of it: then only peers remember. */
static void choose_old_vat(struct chooser *chooser)
{
    struct sim_faults *faults = &chooser->script->faults;
    struct sim_fault backup = *add(chooser, SIM_FAULT_BACKUP_VAT, 0, 0);
    struct sim_fault *old = add(chooser, SIM_FAULT_OLD_VAT, 0, between(chooser, 50, 1000));
    old->a = backup.a;
    if (old->at_ms < backup.at_ms) {
        old->at_ms = backup.at_ms + between(chooser, 100, 3000);
    }
    int64_t at_ms = old->at_ms;
    if (chance(chooser, 80)) {
        chooser->script->config.stores = 1;
    }
    if (chance(chooser, 20)) {
        choose_unreported(chooser, &backup, &faults->items[faults->count - 1]);
    } else if (chance(chooser, 80)) {
        add(chooser, SIM_FAULT_KILL_COORDINATOR, 0, between(chooser, 50, 1000))->at_ms = at_ms;
    }
}

static void choose_crash(struct chooser *chooser, enum swarm_class which)
{
    switch (which) {
    case SWARM_VAT:
        add(chooser, SIM_FAULT_KILL_VAT, 0, 0);
        return;
    case SWARM_AGENT:
        add(chooser, SIM_FAULT_KILL_AGENT, 0, for_ms(chooser));
        return;
    case SWARM_COORDINATOR:
        add(chooser, SIM_FAULT_KILL_COORDINATOR, 0, for_ms(chooser));
        return;
    case SWARM_POWER:
        add(chooser, one_of(chooser, SIM_FAULT_POWER, SIM_FAULT_POWER_RACK), 0, for_ms(chooser));
        return;
    case SWARM_LOSS:
        add(chooser, one_of(chooser, SIM_FAULT_LOSE, SIM_FAULT_LOSE_RACK), 0, for_ms(chooser));
        return;
    case SWARM_STORE:
        add(chooser, one_of(chooser, SIM_FAULT_LOSE_VAT, SIM_FAULT_TEAR_VAT), 0, for_ms(chooser));
        return;
    case SWARM_ZONE:
        add(chooser, one_of(chooser, SIM_FAULT_LOSE_ZONE, SIM_FAULT_POWER_ZONE), 0,
            for_ms(chooser));
        if (chance(chooser, 15)) {
            add(chooser, SIM_FAULT_POWER_ALL, 0, between(chooser, 100, 2000));
        }
        return;
    default: {
        enum sim_fault_kind kind = one_of(chooser, SIM_FAULT_KILL_AGENT, SIM_FAULT_KILL_VAT);
        kind = chance(chooser, 30) ? SIM_FAULT_KILL_COORDINATOR : kind;
        add(chooser, kind, between(chooser, 1, 300), between(chooser, 50, 1000));
        return;
    }
    }
}

static void choose_fault(struct chooser *chooser, enum swarm_class which)
{
    switch (which) {
    case SWARM_CUT:
        add(chooser,
            chance(chooser, 20) ? SIM_FAULT_CUT_ZONE
                                : one_of(chooser, SIM_FAULT_CUT, SIM_FAULT_CUT_HOST),
            between(chooser, 0, 59), for_ms(chooser));
        return;
    case SWARM_ONE_WAY:
        add(chooser,
            chance(chooser, 40) ? SIM_FAULT_CUT_TO
                                : one_of(chooser, SIM_FAULT_DEAF, SIM_FAULT_MUTE),
            between(chooser, 0, 59), for_ms(chooser));
        return;
    case SWARM_ALONE:
        add(chooser, one_of(chooser, SIM_FAULT_CUT_COORDINATOR, SIM_FAULT_CUT_ALL), 0,
            for_ms(chooser));
        return;
    case SWARM_RESET:
        add(chooser, SIM_FAULT_RESET, 0, 0);
        return;
    case SWARM_PAUSE:
        add(chooser,
            chance(chooser, 30) ? SIM_FAULT_PAUSE_COORDINATOR
                                : one_of(chooser, SIM_FAULT_PAUSE_AGENT, SIM_FAULT_PAUSE_VAT),
            0, for_ms(chooser));
        return;
    case SWARM_CLOCK:
        chooser->script->config.skew_ms = between(chooser, 0, 100000);
        chooser->script->config.drift_ppm = between(chooser, 0, 1000);
        return;
    case SWARM_SHALLOW:
        chooser->script->config.keep = 1;
        chooser->script->config.strict = 1;
        add(chooser, one_of(chooser, SIM_FAULT_LOSE, SIM_FAULT_LOSE_RACK), 0, for_ms(chooser));
        add(chooser, one_of(chooser, SIM_FAULT_CUT, SIM_FAULT_CUT_HOST), between(chooser, 0, 59),
            for_ms(chooser));
        return;
    case SWARM_SLOW:
        add(chooser, SIM_FAULT_DISK_SLOW, between(chooser, 2, 200), for_ms(chooser));
        return;
    case SWARM_FULL:
        add(chooser, SIM_FAULT_DISK_FULL, 0, for_ms(chooser));
        return;
    case SWARM_ERROR:
        add(chooser, SIM_FAULT_DISK_ERROR, between(chooser, 10, 100), for_ms(chooser));
        return;
    case SWARM_CORRUPT:
        add(chooser, one_of(chooser, SIM_FAULT_CORRUPT, SIM_FAULT_LOSE_COPY),
            between(chooser, 0, 100000), 0);
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
        if (chance(chooser, 50)) {
            add(chooser, SIM_FAULT_LOSE_LEDGER, 0, for_ms(chooser));
        } else {
            choose_old(chooser, SIM_FAULT_OLD_LEDGER);
        }
        return;
    default:
        choose_crash(chooser, which);
        return;
    }
}

/* ---- what few runs have ---------------------------------------------------------------------- */

/* Checkpoints further apart than it takes to find a host lost, as in a cluster that people run; a
 * vat then speaks to some peer once in many of them, or never, and what it hears in its open
 * interval is all that it ever heard of that one. */
static void choose_habits(struct chooser *chooser)
{
    struct sim_config *config = &chooser->script->config;
    if (chance(chooser, 20)) {
        config->interval_ms = between(chooser, 400, 4000);
    }
    if (chance(chooser, 25)) {
        config->turn_ms = between(chooser, 200, 2000);
    }
    if (chance(chooser, 25)) {
        config->shape = between(chooser, SIM_SHAPE_UNIFORM, SIM_SHAPE_HUB);
    }
    /* Vats that are impatient for a slow network say again what is still under way; but they wait
     * for as long as it takes to connect and to be answered. */
    if (chance(chooser, 10)) {
        config->latency_us = between(chooser, 5000, 20000);
        config->jitter_us = between(chooser, 0, 2 * config->latency_us);
        int64_t there_and_back_ms = (config->latency_us + config->jitter_us) / 500 + 1;
        config->connect_ms = there_and_back_ms * 2 + between(chooser, 10, 40);
    }
    if (chance(chooser, 15)) {
        config->total_loss_roll_back = 1;
    }
    if (chance(chooser, 15) && config->zones * config->racks >= 3) {
        config->stores = 3;
    }
}

/* Disasters come inside one another: a second one into the round that the first opened, mostly
 * within what its steps take. */
static void choose_second(struct chooser *chooser, enum swarm_class which)
{
    size_t before = chooser->script->faults.count;
    choose_fault(chooser, which);
    for (size_t i = before; i < chooser->script->faults.count; i++) {
        struct sim_fault *fault = &chooser->script->faults.items[i];
        fault->aim = (enum sim_aim)between(chooser, SIM_AIM_FREEZE, SIM_AIM_DONE);
        int64_t after_ms =
            chance(chooser, 60) ? between(chooser, 0, 40) : between(chooser, 40, 2000);
        fault->after_ms = (uint32_t)(chance(chooser, 30) ? between(chooser, 0, 3) : after_ms);
    }
}

/* A host that is cut off, so that its vats are replaced, and comes back to the other hosts before
 * it comes back to the coordinator: for a while its former lives do not know what they are. Mostly
 * while the new ones still rest on checkpoints that both have. */
static void choose_half_healed(struct chooser *chooser)
{
    struct sim_config *config = &chooser->script->config;
    /* In a small cluster what a former life lets go of is what its new one needs. */
    if (config->zones >= 3 && chance(chooser, 50)) {
        config->racks = 1;
        config->hosts = 1;
        config->stores = 3;
    }
    int64_t rests_ms = config->keep * config->interval_ms;
    int64_t away_ms = config->lost_ms + 2 * config->heartbeat_ms +
                      between(chooser, 0, rests_ms < 4000 ? rests_ms : 4000);
    struct sim_fault cut = *add(chooser, SIM_FAULT_CUT_HOST, 0, away_ms);
    struct sim_fault *unheard =
        add(chooser, SIM_FAULT_CUT_COORDINATOR, 0, between(chooser, 300, 3000));
    unheard->a = cut.a;
    unheard->at_ms = cut.at_ms + away_ms - 1;
}

/* Just before that a partner begins with an empty disk, and knows of no newer run. With a backup
 * the observer forgets nothing: copies that were under way come late here. */
static void choose_empty_partner(struct chooser *chooser)
{
    choose_half_healed(chooser);
    int64_t heals_ms = chooser->script->faults.items[chooser->script->faults.count - 1].at_ms;
    enum sim_fault_kind kind = one_of(chooser, SIM_FAULT_LOSE, SIM_FAULT_LOSE_ZONE);
    struct sim_fault *lose = add(chooser, kind, 0, between(chooser, 50, 500));
    lose->at_ms = heals_ms - between(chooser, 0, 800);
    add(chooser, SIM_FAULT_BACKUP, 0, 0)->at_ms = 1000;
}

/* A coordinator that stands still may be taken for dead, and replaced. */
static void choose_replaced(struct chooser *chooser)
{
    for (size_t i = 0; i < chooser->script->faults.count; i++) {
        struct sim_fault *fault = &chooser->script->faults.items[i];
        if (fault->kind == SIM_FAULT_PAUSE_COORDINATOR && chance(chooser, 40)) {
            fault->kind = SIM_FAULT_REPLACE_COORDINATOR;
        }
    }
}

/* Mostly small messages, and in some runs such as go in pieces. Drawn last, for the same reason. */
static void choose_payloads(struct chooser *chooser)
{
    struct sim_config *config = &chooser->script->config;
    if (chance(chooser, 30)) {
        config->payload_size =
            chance(chooser, 30) ? between(chooser, 200000, 1000000) : between(chooser, 0, 20000);
        /* Some megabytes a second of each vat are enough, and a run is to take no longer for it. */
        int64_t least_ms = config->payload_size * config->burst / 4000;
        config->turn_ms = config->turn_ms > least_ms ? config->turn_ms : least_ms;
    }
}

/* A host is out of reach for just so long that it is found lost, and is back while the round still
 * gathers: then there is nothing to recover from. */
static void choose_near_miss(struct chooser *chooser)
{
    const struct sim_config *config = &chooser->script->config;
    add(chooser, SIM_FAULT_CUT_HOST, 0,
        config->lost_ms + between(chooser, 0, 3 * config->heartbeat_ms));
}

/* A host is out of reach, and its vats work on; and the coordinator that knows until when they may
 * is gone too. The next one finds the host lost while they still may. */
static void choose_widowed_leases(struct chooser *chooser)
{
    struct sim_config *config = &chooser->script->config;
    config->lease_percent = 100;
    config->lease_ms = between(chooser, config->lost_ms * 5 / 2, config->lost_ms * 4);
    int64_t away_ms = between(chooser, config->lost_ms * 2, config->lost_ms * 4);
    struct sim_fault cut = *add(chooser, SIM_FAULT_CUT_HOST, 0, away_ms);
    struct sim_fault *kill = add(chooser, SIM_FAULT_KILL_COORDINATOR, 0, between(chooser, 50, 300));
    kill->at_ms = cut.at_ms + between(chooser, 0, 300);
}

/* Some vats act on the world outside; a lease is shorter, or much longer, than it takes to find a
 * host lost. Drawn last, for the same reason. */
static void choose_leases(struct chooser *chooser, uint64_t classes)
{
    struct sim_config *config = &chooser->script->config;
    if (chance(chooser, 40)) {
        config->lease_percent = between(chooser, 30, 100);
        config->lease_ms = chance(chooser, 70)
                               ? between(chooser, config->heartbeat_ms * 3, config->lost_ms * 3)
                               : 0;
    }
    bool classed = (classes >> SWARM_CUT & 1U) != 0 && (classes >> SWARM_COORDINATOR & 1U) != 0;
    if (classed && chance(chooser, 5)) {
        choose_widowed_leases(chooser);
    }
}

/* A vat stands still while the others are asked what they have: its agent answers without it. */
static void choose_silent(struct chooser *chooser)
{
    add(chooser, one_of(chooser, SIM_FAULT_POWER, SIM_FAULT_KILL_VAT), 0, for_ms(chooser));
    int64_t at_ms = chooser->script->faults.items[chooser->script->faults.count - 1].at_ms;
    struct sim_fault *pause = add(chooser, SIM_FAULT_PAUSE_VAT, 0, between(chooser, 1500, 6000));
    pause->at_ms = at_ms;
    pause->aim = SIM_AIM_COLLECT;
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
        return SIM_FAULT_POWER;
    case SIM_FAULT_LOSE_LEDGER:
    case SIM_FAULT_OLD_LEDGER:
        return SIM_FAULT_KILL_AGENT;
    default:
        return kind;
    }
}

/* Who loses its journal and most of the keepers has nobody left to ask, and older disks are as bad:
 * of these the keepers can tell one at a time. With the journal at most one host forgets; the
 * others lose power, or their agents. */
static void spare_keepers(struct swarm_script *script)
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

static void choose_keepers(struct chooser *chooser)
{
    struct sim_config *config = &chooser->script->config;
    int64_t keepers = chance(chooser, 20) ? 5 : chance(chooser, 15) ? 1 : 3;
    if (chance(chooser, 50) && may_have_keepers(config) && config->keepers == 0) {
        config->keepers = keepers;
    }
    spare_keepers(chooser->script);
}

/* In some runs plans wait for an operator, who looks soon or only after a while. Drawn last, for
 * the same reason. */
static void choose_approvals(struct chooser *chooser)
{
    struct sim_config *config = &chooser->script->config;
    if (chance(chooser, 25)) {
        config->approve_ms =
            chance(chooser, 50) ? between(chooser, 50, 500) : between(chooser, 500, 3000);
        config->approve_percent = chance(chooser, 50) ? 30 : between(chooser, 0, 60);
    }
}

/* A disk that was lost may turn up, or a backup be tried, while a plan waits. Drawn last, for the
 * same reason. */
static void choose_adoptions(struct chooser *chooser, uint64_t classes)
{
    struct sim_config *config = &chooser->script->config;
    if (config->approve_ms == 0 || !chance(chooser, 60)) {
        return;
    }
    config->adopt_percent = between(chooser, 10, 90);
    if (chance(chooser, 40)) {
        add(chooser, SIM_FAULT_BACKUP, 0, 0);
    }
    if ((classes >> SWARM_LOSS & 1U) != 0) {
        add(chooser, one_of(chooser, SIM_FAULT_LOSE, SIM_FAULT_LOSE_RACK), 0, for_ms(chooser));
        spare_keepers(chooser->script);
    }
}

void swarm_choose(struct swarm_script *script, uint64_t seed, uint64_t classes, bool all)
{
    struct chooser chooser = {.random = {.state = seed * UINT64_C(0xD1342543DE82EF95) + 1},
                              .script = script};
    enum swarm_class on[SWARM_CLASS_COUNT];
    unsigned count = 0;
    memset(script, 0, sizeof *script);
    sim_config_init(&script->config);
    script->config.seed = (int64_t)(seed & INT64_MAX);
    choose_cluster(&chooser);
    choose_world(&chooser);
    for (unsigned i = 0; i < SWARM_CLASS_COUNT; i++) {
        bool chosen = chance(&chooser, 25) || all;
        if ((classes >> i & 1U) != 0 && chosen) {
            on[count++] = (enum swarm_class)i;
        }
    }
    int64_t faults = chance(&chooser, 80) ? between(&chooser, 1, 6) : between(&chooser, 6, 20);
    for (int64_t i = 0; count > 0 && i < faults; i++) {
        choose_fault(&chooser, on[between(&chooser, 0, count - 1)]);
    }
    /* Of early senders more is lost, so more vats are taken back and told. Drawn last: it changes
     * nothing else of a seed. */
    script->config.early_percent = chance(&chooser, 30) ? between(&chooser, 10, 100) : 0;
    choose_habits(&chooser);
    int64_t seconds = chance(&chooser, 40) ? between(&chooser, 1, 6) : 0;
    for (int64_t i = 0; count > 0 && i < seconds; i++) {
        choose_second(&chooser, on[between(&chooser, 0, count - 1)]);
    }
    for (unsigned i = 0; i < count; i++) {
        if (on[i] == SWARM_CUT && chance(&chooser, 25)) {
            choose_half_healed(&chooser);
        }
    }
    choose_replaced(&chooser);
    choose_payloads(&chooser);
    if (chance(&chooser, 15)) {
        script->config.send_ms = between(&chooser, 200, 4000);
    }
    if ((classes >> SWARM_CUT & 1U) != 0 && chance(&chooser, 10)) {
        choose_near_miss(&chooser);
    }
    if (chance(&chooser, 15)) {
        script->config.latency_ms = chance(&chooser, 50) ? 0 : between(&chooser, 1, 40);
    }
    choose_leases(&chooser, classes);
    choose_keepers(&chooser);
    choose_approvals(&chooser);
    choose_adoptions(&chooser, classes);
    if ((classes >> SWARM_PAUSE & 1U) != 0 && chance(&chooser, 5)) {
        choose_silent(&chooser);
    }
    if ((classes >> SWARM_CUT & 1U) != 0 && (classes >> SWARM_LOSS & 1U) != 0 &&
        chance(&chooser, 10)) {
        choose_empty_partner(&chooser);
    }
}
