/* The coordinator's core among agents that say anything which the codec takes: nothing that one of
 * them says ends it, or every coordinator after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hostile_cluster.h"

enum { SEED_COUNT = 100, STEP_COUNT = 1500 };

struct campaign {
    struct scene never; /* nothing waits for an operator, */
    struct scene share; /* or much does */
    struct hostile_cluster cluster;
};

static void one_tick(struct hostile_cluster *cluster)
{
    struct coordinator_event tick = {.kind = COORDINATOR_ON_TICK};
    uint64_t most = hostile_chance(&cluster->hostile, 85) ? 900 : 4000;
    cluster->now += (mn_time)hostile_below(&cluster->hostile, most) * MN_MS;
    tick.tick.behind = hostile_chance(&cluster->hostile, 5);
    hostile_note(&cluster->hostile, "a tick");
    cluster_step(cluster, &tick);
}

static void some_hosts(struct hostile_cluster *cluster, bool answer)
{
    for (uint32_t host = 0; host < CLUSTER_HOST_COUNT; host++) {
        if (answer && hostile_chance(&cluster->hostile, 92)) {
            cluster_says_intervals(cluster, host);
        } else if (!answer && hostile_chance(&cluster->hostile, 80)) {
            cluster_says_heartbeat(cluster, host, hostile_chance(&cluster->hostile, 70));
        }
    }
}

static void one_thing(struct hostile_cluster *cluster)
{
    uint64_t which = hostile_below(&cluster->hostile, 400);
    if (which < 96) {
        one_tick(cluster);
    } else if (which < 184) {
        some_hosts(cluster, false);
    } else if (which < 224) {
        for (int i = 0; i < 3; i++) {
            cluster_says_state(cluster);
        }
    } else if (which < 248) {
        cluster_says_hello(cluster, (uint32_t)hostile_below(&cluster->hostile, 6));
    } else if (which < 296) {
        cluster_says_report(cluster);
    } else if (which < 344) {
        some_hosts(cluster, true);
    } else if (which < 372) {
        cluster_says_small(cluster);
        cluster_says_small(cluster);
        cluster_says_handled(cluster);
    } else if (which < 388) {
        cluster_operator(cluster);
    } else if (which < 389) {
        cluster_restart(cluster);
    }
}

static void one_seed(void *context, uint64_t seed)
{
    struct campaign *campaign = context;
    struct hostile_cluster *cluster = &campaign->cluster;
    cluster_begin(cluster, seed % 2 == 1 ? campaign->never.topology : campaign->share.topology,
                  seed);
    for (int i = 0; i < STEP_COUNT && cluster->record_count < CLUSTER_RECORD_COUNT_MAX - 200; i++) {
        one_thing(cluster);
        if (hostile_chance(&cluster->hostile, 85)) {
            cluster_recorded(cluster);
        }
    }
    cluster_restart(cluster);
    cluster_end(cluster);
}

#define OPERATORS                                                                                  \
    "operators:\n"                                                                                 \
    "  alice: {key: \"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb1\", role: approve}\n"                \
    "  bob: {key: \"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb2\", role: watch}\n"

static void goes_on_whatever_agents_say(void **state)
{
    (void)state;
    static struct campaign campaign;
    scene_open_more(&campaign.never, OPERATORS "policy: {approve: never}\n");
    scene_open_more(&campaign.share, OPERATORS "policy: {approve: {share: 0.3}}\n");
    hostile_each(SEED_COUNT, one_seed, &campaign);
    scene_close(&campaign.never);
    scene_close(&campaign.share);
    /* That it was true often enough for rounds to go on. */
    assert_true(campaign.cluster.seen[MN_JOURNAL_DECISION] > 0);
    assert_true(campaign.cluster.seen[MN_JOURNAL_ANSWER] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_on_whatever_agents_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
