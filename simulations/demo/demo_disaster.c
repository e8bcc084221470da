/* What happens in each case, and how it is told. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "demo/demo.h"
#include "net/net.h"

enum {
    DISASTER_CRASHED_VAT = 0, /* x1 */
    DISASTER_AGENT_HOST = 2,  /* h3, whose agent is killed */
    DISASTER_LOST_COUNT = 3,  /* newest checkpoints that are deleted, in the case amnesia */
    DISASTER_SETTLE_MS = 50   /* what is on its way arrives */
};

enum { DISASTER_PER_RACK = DEMO_HOST_COUNT / DEMO_RACK_COUNT };
enum { DISASTER_FIRST_HOST = DEMO_LOST_RACK * DISASTER_PER_RACK };

bool demo_on_lost_rack(int host)
{
    return host >= DISASTER_FIRST_HOST && host < DISASTER_FIRST_HOST + DISASTER_PER_RACK;
}

bool demo_vat_hit(const struct demo *demo, int vat)
{
    switch (demo->which) {
    case DEMO_AGENT:
    case DEMO_CASE_COUNT:
        return false;
    case DEMO_CRASH:
        return vat == DISASTER_CRASHED_VAT;
    case DEMO_RACK:
    case DEMO_COORDINATOR:
    case DEMO_AMNESIA:
    case DEMO_TOTAL:
    case DEMO_PARTITION:
        return demo_on_lost_rack(demo->vats[vat].host);
    }
    return false;
}

static void disaster_burn_rack(struct demo *demo)
{
    int killed = 0;
    demo->killed_at = mn_now();
    for (int i = 0; i < DISASTER_PER_RACK; i++) {
        killed += demo_burn_host(demo, DISASTER_FIRST_HOST + i);
    }
    demo_tell(demo,
              "rack r2 burns: hosts h3 and h4, %d processes killed, their directories deleted",
              killed);
}

/* The rack stands still first, so that it is certain which checkpoints are its newest: whatever is
 * on its way arrives, and nothing new is made until it burns. */
static bool disaster_stand_still(struct demo *demo)
{
    for (int i = 0; i < DISASTER_PER_RACK; i++) {
        (void)demo_signal_host(demo, DISASTER_FIRST_HOST + i, SIGSTOP);
    }
    return demo_work(demo, DISASTER_SETTLE_MS);
}

static bool disaster_amnesia(struct demo *demo)
{
    if (!disaster_stand_still(demo)) {
        return false;
    }
    for (int i = 0; i < DEMO_VAT_COUNT; i++) {
        if (demo->vats[i].bank == DEMO_BANK_X && demo_on_lost_rack(demo->vats[i].host)) {
            int deleted = demo_lose_newest(demo, i, DISASTER_LOST_COUNT);
            demo_tell(demo,
                      "the newest %d checkpoints of %s are deleted on the other racks: %d files",
                      DISASTER_LOST_COUNT, demo->vats[i].name, deleted);
        }
    }
    disaster_burn_rack(demo);
    return true;
}

/* The plan resets a vat, so it waits; the operator looks at it, and approves. */
static bool disaster_approve(struct demo *demo)
{
    mn_time end = mn_now() + DEMO_WAIT_MS * MN_MS;
    int64_t round = demo_waiting_round(demo);
    while (round == 0) {
        if (mn_now() > end || demo_interrupted()) {
            mn_error_set(&demo->error, "no plan waited for an approval");
            return false;
        }
        demo_sleep_ms(20);
        round = demo_waiting_round(demo);
    }
    char *plan = demo_plan(demo, round);
    if (plan == NULL) {
        mn_error_set(&demo->error, "mneme plan %lld shows no changes", (long long)round);
        return false;
    }
    demo_tell(demo, "the plan resets a vat, so it waits for an operator; mneme plan %lld says",
              (long long)round);
    (void)fputs(plan, stdout);
    free(plan);
    if (!demo_approve(demo, round, "the disks of x3 are gone for good")) {
        mn_error_set(&demo->error, "mneme approve %lld failed", (long long)round);
        return false;
    }
    demo_tell(demo, "mneme approve %lld --reason \"the disks of x3 are gone for good\"",
              (long long)round);
    return true;
}

static bool disaster_total(struct demo *demo)
{
    if (!disaster_stand_still(demo)) {
        return false;
    }
    int deleted = demo_lose_all(demo, DEMO_LOST_VAT);
    demo_tell(demo, "every copy of %s on the other racks is deleted: %d files",
              demo->vats[DEMO_LOST_VAT].name, deleted);
    disaster_burn_rack(demo);
    return disaster_approve(demo);
}

/* The coordinator kills itself between its decision and the first restore (it was told to at its
 * start); it is started again. */
static bool disaster_coordinator(struct demo *demo)
{
    disaster_burn_rack(demo);
    mn_time end = mn_now() + DEMO_WAIT_MS * MN_MS;
    while (waitpid(demo->coordinator, NULL, WNOHANG) == 0) {
        if (mn_now() > end || demo_interrupted()) {
            mn_error_set(&demo->error, "the coordinator did not get as far as a decision");
            return false;
        }
        demo_sleep_ms(5);
    }
    demo_tell(demo, "the coordinator was killed between its decision and the first restore");
    if (demo_start_coordinator(demo, false) != MN_OK) {
        return false;
    }
    demo_tell(demo, "the coordinator is started again");
    return true;
}

static bool disaster_agent(struct demo *demo)
{
    struct demo_host *host = &demo->hosts[DISASTER_AGENT_HOST];
    (void)kill(host->agent, SIGKILL);
    (void)waitpid(host->agent, NULL, 0);
    demo->killed_at = mn_now();
    demo_tell(demo, "the agent of h3 is killed; its vats x3 and y3 live on");
    if (!demo_work(demo, 1000) || demo_start_agent(demo, DISASTER_AGENT_HOST) != MN_OK) {
        return false;
    }
    demo_tell(demo, "the agent of h3 is started again");
    return true;
}

bool demo_disaster(struct demo *demo)
{
    switch (demo->which) {
    case DEMO_RACK:
        disaster_burn_rack(demo);
        return true;
    case DEMO_COORDINATOR:
        return disaster_coordinator(demo);
    case DEMO_CRASH:
        demo->killed_at = mn_now();
        (void)kill(demo->vats[DISASTER_CRASHED_VAT].first_pid, SIGKILL);
        demo_tell(demo, "vat x1 is killed; its host h1 is fine");
        return true;
    case DEMO_AGENT:
        return disaster_agent(demo);
    case DEMO_AMNESIA:
        return disaster_amnesia(demo);
    case DEMO_TOTAL:
        return disaster_total(demo);
    case DEMO_PARTITION:
        return demo_partition(demo);
    case DEMO_CASE_COUNT:
        break;
    }
    return false;
}
