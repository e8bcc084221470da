/* The made cluster: everything follows from the seed, so that a report can be made again. */
#include "tests/bench/cut_workload.h"

#include <stdlib.h>
#include <time.h>

#include "base/check.h"
#include "base/random.h"

enum { VATS_PER_HOST = 100, RACK_COUNT = 100 };

double workload_now(void)
{
    struct timespec now;
    mn_assert(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

uint32_t workload_host(const struct workload *workload, uint32_t vat)
{
    return vat % workload->hosts;
}

uint32_t workload_rack(const struct workload *workload, uint32_t host)
{
    return host % workload->racks;
}

uint32_t workload_epoch_last(const struct workload *workload)
{
    return WORKLOAD_EPOCH_FIRST + workload->epochs;
}

static uint32_t vats_on_host(const struct workload *workload, uint32_t host)
{
    return (workload->vats - host - 1) / workload->hosts + 1;
}

/* The hosts that are lost together with @host. */
static uint32_t group_of(const struct workload *workload, uint32_t host)
{
    return workload->clustered ? workload_rack(workload, host) : host;
}

/* Lose hosts, or whole racks, in a random order until enough vats are. */
static void choose_lost(struct workload *workload, struct mn_random *random)
{
    double most = workload->lose / 100 * workload->vats + 0.5;
    uint32_t groups = workload->clustered ? workload->racks : workload->hosts;
    uint32_t *order = calloc(groups, sizeof *order);
    uint32_t *sizes = calloc(groups, sizeof *sizes);
    bool *chosen = calloc(groups, sizeof *chosen);
    mn_assert(order != NULL && sizes != NULL);
    mn_assert(chosen != NULL);
    for (uint32_t i = 0; i < groups; i++) {
        uint32_t j = (uint32_t)mn_random_below(random, i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    for (uint32_t h = 0; h < workload->hosts; h++) {
        sizes[group_of(workload, h)] += vats_on_host(workload, h);
    }
    for (uint32_t i = 0; i < groups && workload->lost_vats + sizes[order[i]] <= most; i++) {
        chosen[order[i]] = true;
        workload->lost_vats += sizes[order[i]];
    }
    for (uint32_t h = 0; h < workload->hosts; h++) {
        workload->lost[h] = chosen[group_of(workload, h)];
    }
    free(chosen);
    free(sizes);
    free(order);
}

bool workload_is_copied(const struct workload *workload, uint32_t vat, uint32_t epoch)
{
    bool newest = epoch == workload_epoch_last(workload) - 1;
    struct mn_random random = {workload->seed ^ vat};
    return !newest || mn_random_below(&random, 64) > 0;
}

uint32_t workload_survives(const struct workload *workload, uint32_t vat)
{
    uint32_t last = workload_epoch_last(workload);
    if (!workload->lost[workload_host(workload, vat)]) {
        return last;
    }
    uint32_t newest = workload_is_copied(workload, vat, last - 1) ? last - 1 : last - 2;
    return newest >= WORKLOAD_EPOCH_FIRST ? newest : 0;
}

void workload_init(struct workload *workload)
{
    struct mn_random random = {workload->seed};
    uint32_t hosts = workload->vats / VATS_PER_HOST;
    workload->hosts = hosts > 0 ? hosts : 1;
    workload->racks = workload->hosts < RACK_COUNT ? workload->hosts : RACK_COUNT;
    workload->vat_of_rank = calloc(workload->vats, sizeof(uint32_t));
    workload->rank_of_vat = calloc(workload->vats, sizeof(uint32_t));
    workload->lost = calloc(workload->hosts, sizeof(bool));
    mn_assert(workload->vat_of_rank != NULL && workload->rank_of_vat != NULL);
    mn_assert(workload->lost != NULL);
    for (uint32_t i = 0; i < workload->vats; i++) {
        uint32_t j = (uint32_t)mn_random_below(&random, i + 1);
        workload->vat_of_rank[i] = workload->vat_of_rank[j];
        workload->vat_of_rank[j] = i;
    }
    for (uint32_t i = 0; i < workload->vats; i++) {
        workload->rank_of_vat[workload->vat_of_rank[i]] = i;
    }
    choose_lost(workload, &random);
}

void workload_deinit(struct workload *workload)
{
    free(workload->vat_of_rank);
    free(workload->rank_of_vat);
    free(workload->lost);
}

/* A peer of @vat: anyone, or nine times in ten one of its host, else mostly one of its rack. */
static uint32_t choose_peer(const struct workload *workload, uint32_t vat, struct mn_random *random)
{
    uint32_t peer = vat;
    while (peer == vat) {
        uint64_t chance = mn_random_below(random, 100);
        uint32_t step = chance < 90 ? workload->hosts : workload->racks;
        if (!workload->clustered || chance >= 99) {
            step = 1;
        }
        uint32_t first = vat % step;
        uint32_t count = (workload->vats - first - 1) / step + 1;
        peer = count > 1 ? first + step * (uint32_t)mn_random_below(random, count)
                         : (uint32_t)mn_random_below(random, workload->vats);
    }
    return peer;
}

void workload_report(const struct workload *workload, uint32_t rank, uint32_t epoch,
                     struct evidence_heard *heard)
{
    uint32_t vat = workload->vat_of_rank[rank];
    struct mn_random random = {workload->seed ^
                               ((uint64_t)epoch << 32 | vat) * UINT64_C(0x9E3779B97F4A7C15)};
    uint64_t begin = (uint64_t)epoch * workload->vats + rank;
    for (uint32_t i = 0; i < workload->heard; i++) {
        uint32_t peer = choose_peer(workload, vat, &random);
        uint64_t tick = begin + mn_random_below(&random, workload->vats);
        uint64_t in = (tick - workload->rank_of_vat[peer]) / workload->vats;
        heard[i].vat = peer;
        in -= workload->early ? 0 : 1;
        heard[i].epoch = (mn_epoch)(in > WORKLOAD_EPOCH_FIRST ? in : WORKLOAD_EPOCH_FIRST);
    }
}
