/* A run drawn from a seed: a small cluster, its settings, its workload, and what goes wrong. */
#include <string.h>

#include "swarm/swarm_draw.h"

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

static void choose_cluster(struct swarm_chooser *chooser)
{
    struct sim_config *config = &chooser->script->config;
    config->zones = swarm_between(chooser, 2, 4);
    config->racks = swarm_between(chooser, 1, 2);
    config->hosts = swarm_between(chooser, 1, 2);
    config->vats = swarm_between(chooser, 2, 10);
    int64_t domains = config->zones * config->racks;
    config->stores =
        swarm_chance(chooser, 70) ? 2 : swarm_between(chooser, 1, domains < 3 ? domains : 3);
    config->keep = swarm_between(chooser, 2, 5);
    config->full_every = swarm_between(chooser, 1, 6);
    config->interval_ms = swarm_between(chooser, 50, 400);
    config->told_percent = swarm_chance(chooser, 25) ? swarm_between(chooser, 10, 60) : 0;
    config->limit = swarm_chance(chooser, 80) ? 1 : 0;
    config->total_loss_roll_back = swarm_chance(chooser, 15) ? 1 : 0;
}

static void choose_world(struct swarm_chooser *chooser)
{
    struct sim_config *config = &chooser->script->config;
    config->turn_ms = swarm_between(chooser, 20, 200);
    config->peers = swarm_between(chooser, 1, 9);
    config->burst = swarm_between(chooser, 1, 4);
    config->blob_size = swarm_chance(chooser, 10) ? swarm_between(chooser, 100000, 300000)
                                                  : swarm_between(chooser, 0, 2000);
    config->latency_us = swarm_chance(chooser, 20) ? swarm_between(chooser, 1000, 20000)
                                                   : swarm_between(chooser, 50, 1000);
    config->jitter_us = swarm_between(chooser, 0, 2 * config->latency_us);
    /* A disk takes all checkpoints of its vats and the copies of others', and is to have half of
     * its time left. */
    int64_t writes = (config->vats / sim_config_hosts(config) + 1) * config->stores;
    int64_t most = config->interval_ms * 1000 / writes / 4;
    config->disk_us =
        swarm_between(chooser, 100, swarm_chance(chooser, 20) ? most : most / 10 + 100);
    config->disk_jitter_us = swarm_between(chooser, 0, 2 * config->disk_us);
    config->lose_percent = swarm_between(chooser, 0, 100);
    config->repeat_percent = swarm_chance(chooser, 30) ? swarm_between(chooser, 0, 50) : 0;
    config->tcp_ms = swarm_chance(chooser, 30) ? swarm_between(chooser, 500, 3000) : 20000;
    config->port_reuse = swarm_between(chooser, 0, 1);
    config->faults_ms = swarm_between(chooser, 8000, 20000);
}

/* Checkpoints further apart than it takes to find a host lost, as in a cluster that people run; a
 * vat then speaks to some peer once in many of them, or never, and what it hears in its open
 * interval is all that it ever heard of that one. */
static void choose_habits(struct swarm_chooser *chooser)
{
    struct sim_config *config = &chooser->script->config;
    if (swarm_chance(chooser, 20)) {
        config->interval_ms = swarm_between(chooser, 400, 4000);
    }
    if (swarm_chance(chooser, 25)) {
        config->turn_ms = swarm_between(chooser, 200, 2000);
    }
    if (swarm_chance(chooser, 25)) {
        config->shape = swarm_between(chooser, SIM_SHAPE_UNIFORM, SIM_SHAPE_HUB);
    }
    /* Vats that are impatient for a slow network say again what is still under way; but they wait
     * for as long as it takes to connect and to be answered. */
    if (swarm_chance(chooser, 10)) {
        config->latency_us = swarm_between(chooser, 5000, 20000);
        config->jitter_us = swarm_between(chooser, 0, 2 * config->latency_us);
        int64_t there_and_back_ms = (config->latency_us + config->jitter_us) / 500 + 1;
        config->connect_ms = there_and_back_ms * 2 + swarm_between(chooser, 10, 40);
    }
    if (swarm_chance(chooser, 15)) {
        config->total_loss_roll_back = 1;
    }
    if (swarm_chance(chooser, 15) && config->zones * config->racks >= 3) {
        config->stores = 3;
    }
    if (swarm_chance(chooser, 20)) {
        config->named_percent = swarm_chance(chooser, 30) ? 100 : swarm_between(chooser, 10, 60);
    }
}

/* Mostly small messages, and in some runs such as go in pieces. */
static void choose_payloads(struct swarm_chooser *chooser)
{
    struct sim_config *config = &chooser->script->config;
    if (swarm_chance(chooser, 30)) {
        config->payload_size = swarm_chance(chooser, 30) ? swarm_between(chooser, 200000, 1000000)
                                                         : swarm_between(chooser, 0, 20000);
        /* Some megabytes a second of each vat are enough, and a run is to take no longer for it. */
        int64_t least_ms = config->payload_size * config->burst / 4000;
        config->turn_ms = config->turn_ms > least_ms ? config->turn_ms : least_ms;
    }
}

/* Some vats act on the world outside; a lease is shorter, or much longer, than it takes to find a
 * host lost. */
static void choose_leases(struct swarm_chooser *chooser)
{
    struct sim_config *config = &chooser->script->config;
    if (swarm_chance(chooser, 40)) {
        config->lease_percent = swarm_between(chooser, 30, 100);
        config->lease_ms =
            swarm_chance(chooser, 70)
                ? swarm_between(chooser, config->heartbeat_ms * 3, config->lost_ms * 3)
                : 0;
    }
}

static void choose_keepers(struct swarm_chooser *chooser)
{
    struct sim_config *config = &chooser->script->config;
    int64_t keepers = swarm_chance(chooser, 20) ? 5 : swarm_chance(chooser, 15) ? 1 : 3;
    if (swarm_chance(chooser, 50) && swarm_may_have_keepers(config) && config->keepers == 0) {
        config->keepers = keepers;
    }
    swarm_spare_keepers(chooser->script);
}

/* In some runs plans wait for an operator, who looks soon or only after a while. */
static void choose_approvals(struct swarm_chooser *chooser)
{
    struct sim_config *config = &chooser->script->config;
    if (swarm_chance(chooser, 25)) {
        config->approve_ms = swarm_chance(chooser, 50) ? swarm_between(chooser, 50, 500)
                                                       : swarm_between(chooser, 500, 3000);
        config->approve_percent = swarm_chance(chooser, 50) ? 30 : swarm_between(chooser, 0, 60);
    }
}

/* A disk that was lost may turn up, or a backup be tried, while a plan waits. */
static void choose_adoptions(struct swarm_chooser *chooser, uint64_t classes)
{
    struct sim_config *config = &chooser->script->config;
    if (config->approve_ms == 0 || !swarm_chance(chooser, 60)) {
        return;
    }
    config->adopt_percent = swarm_between(chooser, 10, 90);
    if (swarm_chance(chooser, 40)) {
        swarm_add(chooser, SIM_FAULT_BACKUP, 0, 0);
    }
    if ((classes >> SWARM_LOSS & 1U) != 0) {
        swarm_add(chooser, swarm_one_of(chooser, SIM_FAULT_LOSE, SIM_FAULT_LOSE_RACK), 0,
                  swarm_for_ms(chooser));
        swarm_spare_keepers(chooser->script);
    }
}

/* The evidence comes in several pieces, and for a while the coordinator's disk takes none. */
static void choose_evidence(struct swarm_chooser *chooser, uint64_t classes)
{
    if ((classes >> SWARM_FULL & 1U) != 0 && swarm_chance(chooser, 40)) {
        chooser->script->config.piece_vats = swarm_between(chooser, 1, 3);
        swarm_add(chooser, SIM_FAULT_FULL_COORDINATOR, 0, swarm_between(chooser, 200, 4000));
    }
}

/* A keeper is replaced, and often something befalls the coordinator, its journal or a keeper while
 * that goes on: it takes some ten milliseconds. */
static void choose_replacements(struct swarm_chooser *chooser)
{
    struct swarm_script *script = chooser->script;
    if (script->config.keepers < 3 || !swarm_chance(chooser, 30)) {
        return; /* one alone that is lost is more than is tolerated */
    }
    int64_t count = swarm_between(chooser, 1, 3);
    for (int64_t i = 0; i < count; i++) {
        int64_t at_ms =
            swarm_add(chooser, SIM_FAULT_REPLACE_KEEPER, swarm_between(chooser, 0, 59), 0)->at_ms;
        if (swarm_chance(chooser, 60)) {
            enum sim_fault_kind kinds[] = {
                SIM_FAULT_KILL_COORDINATOR,   SIM_FAULT_REPLACE_COORDINATOR,
                SIM_FAULT_SECOND_COORDINATOR, SIM_FAULT_OLD_JOURNAL,
                SIM_FAULT_KILL_AGENT,         SIM_FAULT_POWER,
                SIM_FAULT_CUT_COORDINATOR,    SIM_FAULT_LOSE};
            int64_t last = (int64_t)(sizeof kinds / sizeof *kinds) - 1;
            struct sim_fault *fault =
                swarm_add(chooser, kinds[swarm_between(chooser, 0, last)],
                          swarm_between(chooser, 0, 3), swarm_between(chooser, 10, 3000));
            fault->at_ms = at_ms + swarm_between(chooser, 0, 80);
        }
    }
    for (size_t i = 0; i < script->faults.count; i++) {
        struct sim_fault *fault = &script->faults.items[i];
        if (fault->kind == SIM_FAULT_REPLACE_KEEPER && swarm_chance(chooser, 30)) {
            fault->for_ms = swarm_between(chooser, 1, 40); /* he takes it back */
        }
    }
    swarm_spare_keepers(script);
}

void swarm_choose(struct swarm_script *script, uint64_t seed, uint64_t classes, bool all)
{
    struct swarm_chooser chooser = {.random = {.state = seed * UINT64_C(0xD1342543DE82EF95) + 1},
                                    .script = script};
    enum swarm_class on[SWARM_CLASS_COUNT];
    unsigned count = 0;
    memset(script, 0, sizeof *script);
    sim_config_init(&script->config);
    script->config.seed = (int64_t)(seed & INT64_MAX);
    choose_cluster(&chooser);
    choose_world(&chooser);
    for (unsigned i = 0; i < SWARM_RECALL; i++) {
        bool chosen = swarm_chance(&chooser, 25) || all;
        if ((classes >> i & 1U) != 0 && chosen) {
            on[count++] = (enum swarm_class)i;
        }
    }
    int64_t faults =
        swarm_chance(&chooser, 80) ? swarm_between(&chooser, 1, 6) : swarm_between(&chooser, 6, 20);
    for (int64_t i = 0; count > 0 && i < faults; i++) {
        swarm_fault(&chooser, on[swarm_between(&chooser, 0, count - 1)]);
    }
    /* Of early senders more is lost, so more vats are taken back and told. From here on whatever is
     * drawn later changes nothing of what was drawn before: what is new is drawn last. */
    script->config.early_percent =
        swarm_chance(&chooser, 30) ? swarm_between(&chooser, 10, 100) : 0;
    choose_habits(&chooser);
    swarm_stories(&chooser, on, count);
    choose_payloads(&chooser);
    if (swarm_chance(&chooser, 15)) {
        script->config.send_ms = swarm_between(&chooser, 200, 4000);
    }
    swarm_near_miss(&chooser, classes);
    if (swarm_chance(&chooser, 15)) {
        script->config.latency_ms = swarm_chance(&chooser, 50) ? 0 : swarm_between(&chooser, 1, 40);
    }
    choose_leases(&chooser);
    swarm_widowed_leases(&chooser, classes);
    choose_keepers(&chooser);
    choose_approvals(&chooser);
    choose_adoptions(&chooser, classes);
    swarm_late_stories(&chooser, classes);
    choose_replacements(&chooser);
    if (swarm_chance(&chooser, 40)) {
        script->config.scrub_ms = swarm_between(&chooser, 500, 8000);
    }
    if (swarm_chance(&chooser, 40)) {
        script->config.part_heard = swarm_between(&chooser, 1, 12);
    }
    swarm_recalls(&chooser, classes, all);
    choose_evidence(&chooser, classes);
    swarm_wrong_clock(&chooser, classes);
}
