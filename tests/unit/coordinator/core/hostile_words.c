/* What hostile agents say: mostly of what runs, so that rounds go on, and now and then of anything
 * that the codec takes. */
#include "hostile_cluster.h"

#include <stdio.h>

enum {
    WORDS_HEARD_MAX = 3,
    WORDS_ROW_MAX = 5,
    WORDS_FORK_MAX = 3,
    WORDS_STATUS_MAX = 8,
    WORDS_KNOWN_MAX = 3
};

/* What rows and intervals name, and heard. */
struct words_heard {
    struct mn_name names[CLUSTER_VAT_COUNT];
    uint32_t numbers[CLUSTER_VAT_COUNT];
    struct mn_known known[WORDS_KNOWN_MAX];
    struct mn_heard items[CLUSTER_VAT_COUNT * WORDS_HEARD_MAX];
    uint32_t count;
};

static uint32_t below(struct hostile_cluster *cluster, uint32_t bound)
{
    return (uint32_t)hostile_below(&cluster->hostile, bound);
}

static bool chance(struct hostile_cluster *cluster, uint64_t percent)
{
    return hostile_chance(&cluster->hostile, percent);
}

static struct mn_name any_vat(struct hostile_cluster *cluster)
{
    return chance(cluster, 1) ? mn_name_of("zz") : hostile_name('x', below(cluster, 6));
}

/* The run that is, or one near it, or one that no journal gave out, or can have given out. */
static mn_run any_run(struct hostile_cluster *cluster, uint32_t vat)
{
    uint32_t which = below(cluster, 200);
    mn_run run = cluster->runs[vat];
    if (which == 0) {
        return run + 1;
    }
    if (which < 5) {
        return run > 0 ? run - 1 : 0;
    }
    if (which < 190) {
        return run;
    }
    if (which == 199 && chance(cluster, 10)) {
        return chance(cluster, 50) ? MN_RUN_MAX : MN_RUN_MAX / 4;
    }
    return below(cluster, 6);
}

static mn_epoch any_epoch(struct hostile_cluster *cluster, uint32_t vat)
{
    if (chance(cluster, 2)) {
        return below(cluster, 3);
    }
    return EPOCH(any_run(cluster, vat), 1 + below(cluster, 6));
}

static uint32_t any_host_of(struct hostile_cluster *cluster, uint32_t vat)
{
    return chance(cluster, 85) ? cluster->hosts[vat] : below(cluster, CLUSTER_HOST_COUNT);
}

static uint32_t any_known(struct hostile_cluster *cluster, struct mn_known known[WORDS_KNOWN_MAX])
{
    uint32_t count = 0;
    uint32_t vat = below(cluster, CLUSTER_VAT_COUNT);
    uint32_t incarnation = 2;
    while (vat < CLUSTER_VAT_COUNT && count < WORDS_KNOWN_MAX) {
        mn_epoch next = mn_epoch_first(any_run(cluster, vat));
        known[count] = (struct mn_known){.vat = vat, .incarnation = incarnation};
        if (chance(cluster, 70)) {
            known[count].fork = (struct mn_fork){.after = any_epoch(cluster, vat),
                                                 .next = next,
                                                 .seen = chance(cluster, 90),
                                                 .told = chance(cluster, 50)};
        }
        count += 1;
        incarnation = chance(cluster, 50) ? incarnation + 1 : 2;
        vat += incarnation > 2 ? 0 : 1;
    }
    return count;
}

static void any_table(struct hostile_cluster *cluster, struct words_heard *heard,
                      struct mn_vat_table *table)
{
    heard->count = 0;
    for (uint32_t i = 0; i < CLUSTER_VAT_COUNT; i++) {
        heard->names[i] = hostile_name('x', i);
        heard->numbers[i] = chance(cluster, 99) ? i : below(cluster, 20);
    }
    table->count = CLUSTER_VAT_COUNT;
    if (chance(cluster, 40)) {
        table->numbering = cluster->topology->numbering;
        table->numbers = heard->numbers;
    } else {
        table->names = heard->names;
    }
    if (chance(cluster, 20)) {
        table->known_count = any_known(cluster, heard->known);
        table->known = heard->known;
    }
}

static struct mn_vat_table one_vat(const struct mn_name *name)
{
    return (struct mn_vat_table){.names = name, .count = 1};
}

/* Adds some; returns how many. */
static uint32_t any_heard(struct hostile_cluster *cluster, struct words_heard *heard)
{
    uint32_t count = below(cluster, WORDS_HEARD_MAX + 1);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t peer = below(cluster, CLUSTER_VAT_COUNT);
        heard->items[heard->count++] =
            (struct mn_heard){.peer = peer, .epoch = any_epoch(cluster, peer)};
    }
    return count;
}

static uint32_t any_forks(struct hostile_cluster *cluster, uint32_t vat,
                          struct mn_fork forks[WORDS_FORK_MAX])
{
    uint32_t count = below(cluster, WORDS_FORK_MAX);
    mn_run run = 1;
    for (uint32_t i = 0; i < count; i++) {
        run += 1 + below(cluster, 2);
        forks[i] = (struct mn_fork){.after = any_epoch(cluster, vat),
                                    .next = chance(cluster, 80) ? mn_epoch_first(run)
                                                                : EPOCH(run, 1 + below(cluster, 5)),
                                    .seen = chance(cluster, 50),
                                    .told = chance(cluster, 30)};
    }
    return count;
}

static void any_status(struct hostile_cluster *cluster, uint32_t vat, struct mn_vat_status *status,
                       struct mn_fork forks[WORDS_FORK_MAX])
{
    *status = (struct mn_vat_status){
        .vat = chance(cluster, 99) ? hostile_name('x', vat) : any_vat(cluster),
        .run = any_run(cluster, vat),
        .state = chance(cluster, 90) ? MN_VAT_UP : (enum mn_vat_state)below(cluster, 5),
        .floor = chance(cluster, 10) ? any_epoch(cluster, vat) : 0};
    if (status->state == MN_VAT_UP) {
        (void)snprintf(status->endpoint.text, sizeof status->endpoint.text, "tcp://e.%u",
                       status->run);
    }
    if (chance(cluster, 30)) {
        status->aside = below(cluster, 4);
        status->aside_count = below(cluster, 3);
    }
    if (chance(cluster, 7)) {
        status->incarnation = 1 + below(cluster, status->run == 0  ? 1
                                                 : status->run < 5 ? status->run
                                                                   : 5);
        status->fork_count = any_forks(cluster, vat, forks);
        status->forks = forks;
    }
}

void cluster_says_state(struct hostile_cluster *cluster)
{
    struct mn_up up = {.kind = MN_UP_VAT_STATE};
    struct mn_fork forks[WORDS_FORK_MAX];
    uint32_t vat = below(cluster, CLUSTER_VAT_COUNT);
    any_status(cluster, vat, &up.vat_state.status, forks);
    cluster_up(cluster, any_host_of(cluster, vat), &up);
}

void cluster_says_hello(struct hostile_cluster *cluster, uint32_t host)
{
    struct mn_up up = {.kind = MN_UP_HELLO};
    struct mn_fork forks[WORDS_STATUS_MAX][WORDS_FORK_MAX];
    struct mn_vat_status vats[WORDS_STATUS_MAX];
    uint32_t count = 0;
    if (chance(cluster, 6)) {
        cluster->before[host] = chance(cluster, 70) ? cluster->disks[host] : below(cluster, 100);
        cluster->disks[host] = 100 + below(cluster, 100000);
    }
    for (uint32_t i = 0; i < CLUSTER_VAT_COUNT; i++) {
        if (chance(cluster, cluster->hosts[i] == host ? 85 : 2)) {
            any_status(cluster, i, &vats[count], forks[count]);
            count += 1;
        }
    }
    if (chance(cluster, 2)) {
        any_status(cluster, below(cluster, CLUSTER_VAT_COUNT), &vats[count], forks[count]);
        count += 1;
    }
    up.hello.host = hostile_name('h', chance(cluster, 99) ? host : below(cluster, 6));
    up.hello.vats = vats;
    up.hello.vat_count = count;
    up.hello.newest_round = chance(cluster, 90)
                                ? cluster->decided
                                : hostile_below(&cluster->hostile, cluster->decided + 2);
    up.hello.seen_round =
        chance(cluster, 98) ? 0 : hostile_below(&cluster->hostile, cluster->round + 3);
    up.hello.frozen_round =
        chance(cluster, 90) ? 0 : hostile_below(&cluster->hostile, cluster->round + 3);
    up.hello.everything = chance(cluster, 50);
    up.hello.holds = chance(cluster, 70);
    up.hello.numbering = chance(cluster, 50) ? cluster->topology->numbering : 0;
    cluster_up(cluster, host, &up);
}

void cluster_says_heartbeat(struct hostile_cluster *cluster, uint32_t host, bool complete)
{
    struct mn_up up = {.kind = MN_UP_HEARTBEAT};
    up.heartbeat.complete = complete;
    cluster_up(cluster, host, &up);
}

void cluster_says_checkpoints(struct hostile_cluster *cluster, uint32_t host, uint32_t vat)
{
    struct mn_up up = {.kind = MN_UP_REPORT};
    const struct mn_name name = hostile_name('x', vat);
    const struct mn_row rows[] = {
        {.epoch = EPOCH(1, 1), .durable = true, .here = true},
        {.epoch = EPOCH(1, 2),
         .since = EPOCH(1, 1),
         .onto = EPOCH(1, 1),
         .durable = true,
         .here = true},
    };
    up.report.sequence = 1;
    up.report.vats = one_vat(&name);
    up.report.rows = rows;
    up.report.row_count = 2;
    cluster_up(cluster, host, &up);
}

static struct mn_row any_row(struct hostile_cluster *cluster, uint32_t vat,
                             struct words_heard *heard)
{
    mn_epoch epoch = any_epoch(cluster, vat);
    mn_epoch before = (uint32_t)epoch > 1 ? epoch - 1 : any_epoch(cluster, vat);
    struct mn_row row = {.vat = vat,
                         .epoch = epoch,
                         .onto = chance(cluster, 50) ? 0 : before,
                         .durable = chance(cluster, 80),
                         .here = chance(cluster, 80),
                         .gone = chance(cluster, 10),
                         .floor = chance(cluster, 10) ? any_epoch(cluster, vat) : 0,
                         .age = below(cluster, 10000),
                         .applied = chance(cluster, 80) ? 0 : below(cluster, 20),
                         .heard_first = heard->count};
    row.since = chance(cluster, 60) ? before : chance(cluster, 60) ? 0 : any_epoch(cluster, vat);
    row.heard_count = any_heard(cluster, heard);
    return row;
}

void cluster_says_report(struct hostile_cluster *cluster)
{
    struct mn_up up = {.kind = MN_UP_REPORT};
    struct words_heard heard;
    struct mn_row rows[WORDS_ROW_MAX];
    uint32_t vat = below(cluster, CLUSTER_VAT_COUNT);
    any_table(cluster, &heard, &up.report.vats);
    up.report.row_count = 1 + below(cluster, WORDS_ROW_MAX);
    for (uint32_t i = 0; i < up.report.row_count; i++) {
        vat = chance(cluster, 70) ? vat : below(cluster, CLUSTER_VAT_COUNT);
        rows[i] = any_row(cluster, vat, &heard);
    }
    up.report.sequence = 1;
    up.report.rows = rows;
    up.report.heard = heard.items;
    up.report.heard_count = heard.count;
    cluster_up(cluster, any_host_of(cluster, vat), &up);
}

void cluster_says_intervals(struct hostile_cluster *cluster, uint32_t host)
{
    struct mn_up up = {.kind = MN_UP_INTERVALS};
    struct words_heard heard;
    struct mn_interval intervals[CLUSTER_VAT_COUNT];
    uint32_t silent[CLUSTER_VAT_COUNT];
    any_table(cluster, &heard, &up.intervals.vats);
    for (uint32_t vat = 0; vat < CLUSTER_VAT_COUNT; vat++) {
        if (cluster->hosts[vat] != host && chance(cluster, 95)) {
            continue;
        }
        if (chance(cluster, 3)) {
            silent[up.intervals.silent_count++] = vat;
            continue;
        }
        mn_run run = chance(cluster, 90) ? cluster->runs[vat] : any_run(cluster, vat);
        mn_epoch epoch = EPOCH(run, 4 + below(cluster, 5));
        struct mn_interval *interval = &intervals[up.intervals.interval_count++];
        *interval = (struct mn_interval){.vat = vat, .epoch = epoch, .heard_first = heard.count};
        if (chance(cluster, 40)) {
            interval->since = chance(cluster, 60) ? epoch - 1 : any_epoch(cluster, vat);
        }
        interval->heard_count = any_heard(cluster, &heard);
    }
    up.intervals.round =
        chance(cluster, 99) ? cluster->round : hostile_below(&cluster->hostile, cluster->round + 2);
    up.intervals.attempt = cluster->attempt;
    up.intervals.more = chance(cluster, 2);
    up.intervals.part = below(cluster, 3);
    up.intervals.intervals = intervals;
    up.intervals.heard = heard.items;
    up.intervals.heard_count = heard.count;
    up.intervals.silent = silent;
    cluster_up(cluster, host, &up);
}

void cluster_says_handled(struct hostile_cluster *cluster)
{
    for (uint32_t vat = 0; vat < CLUSTER_VAT_COUNT && chance(cluster, 80); vat++) {
        struct mn_up up = {.kind = MN_UP_HANDLED};
        const struct mn_name name = hostile_name('x', vat);
        up.handled.vat = one_vat(&name);
        up.handled.run = cluster->runs[vat];
        up.handled.round = cluster->decided;
        cluster_up(cluster, cluster->hosts[vat], &up);
    }
}

static void any_differs(struct hostile_cluster *cluster, uint32_t vat, struct mn_up *up)
{
    uint32_t peer = below(cluster, CLUSTER_VAT_COUNT);
    up->kind = MN_UP_DIFFERS;
    up->differs.vat = (struct mn_vat_run){hostile_name('x', vat), any_run(cluster, vat)};
    up->differs.differs =
        (struct mn_differs){.peer = hostile_name('x', peer),
                            .run = any_run(cluster, peer),
                            .self = chance(cluster, 50),
                            .epoch = any_epoch(cluster, chance(cluster, 50) ? peer : vat)};
}

static void any_adopted(struct hostile_cluster *cluster, uint32_t vat, struct mn_up *up)
{
    up->kind = MN_UP_ADOPTED;
    up->adopted.number = 1 + below(cluster, 4);
    up->adopted.vat = hostile_name('x', vat);
    up->adopted.over = chance(cluster, 70);
    up->adopted.code = chance(cluster, 70) ? MN_OK : MN_CORRUPT;
    up->adopted.found = 3;
    up->adopted.done = below(cluster, 4);
}

void cluster_says_small(struct hostile_cluster *cluster)
{
    struct mn_up up = {.kind = MN_UP_HANDLED};
    enum mn_probe_answer answers[3];
    uint32_t vat = below(cluster, CLUSTER_VAT_COUNT);
    const struct mn_name name = hostile_name('x', vat);
    uint32_t host = any_host_of(cluster, vat);
    switch (below(cluster, 6)) {
    case 0:
    case 1:
        up.handled.vat = one_vat(&name);
        up.handled.run = any_run(cluster, vat);
        up.handled.round = chance(cluster, 60)
                               ? cluster->decided
                               : hostile_below(&cluster->hostile, cluster->round + 2);
        break;
    case 2:
        up.kind = MN_UP_LOOKUP;
        up.lookup.vat = any_vat(cluster);
        break;
    case 3:
        any_differs(cluster, vat, &up);
        break;
    case 4:
        any_adopted(cluster, vat, &up);
        break;
    default:
        up.kind = MN_UP_PROBED;
        for (uint32_t i = 0; i < 3; i++) {
            answers[i] = (enum mn_probe_answer)below(cluster, 3);
        }
        up.probed.probe = below(cluster, 20);
        up.probed.host = hostile_name('h', below(cluster, CLUSTER_HOST_COUNT));
        up.probed.answers = answers;
        up.probed.answer_count = below(cluster, 4);
        host = below(cluster, CLUSTER_HOST_COUNT);
        break;
    }
    cluster_up(cluster, host, &up);
}

void cluster_operator(struct hostile_cluster *cluster)
{
    struct coordinator_event event = {.kind = COORDINATOR_ON_STEP};
    struct mn_name vat = any_vat(cluster);
    struct mn_name host = hostile_name('h', below(cluster, CLUSTER_HOST_COUNT));
    event.step.who = chance(cluster, 75) ? 0 : 1;
    event.step.step = (enum mn_step)(1 + below(cluster, 3));
    event.step.round =
        chance(cluster, 90) ? cluster->round : hostile_below(&cluster->hostile, cluster->round + 2);
    event.step.vat = vat.text;
    event.step.host = chance(cluster, 50) ? host.text : "";
    event.step.store = chance(cluster, 95) ? "/mnt/x" : "";
    event.step.reason = chance(cluster, 98) ? "because" : "";
    event.step.ticket = ++cluster->ticket;
    hostile_note(&cluster->hostile, "an operator's step %d", (int)event.step.step);
    cluster_step(cluster, &event);
}
