/* DPR's exact finder: a search of its own for each version that is pending, and again for those
 * that failed. */
#include <stdlib.h>

#include "base/check.h"
#include "tests/bench/cut_against.h"

struct dpr {
    const struct workload *workload;
    const struct against_edges *edges;
    struct against_graph graph; /* from a version to what it depends on */
    bool *committed;
    bool *persisted;
    uint32_t *stamps; /* the last search that met the version */
    uint32_t search;
    uint32_t *queue;
    double end;
    bool stopped;
};

/* Meet a version: false when it is not persisted. */
static bool meet(struct dpr *dpr, uint32_t node, size_t *count)
{
    if (!dpr->persisted[node]) {
        return false;
    }
    if (!dpr->committed[node] && dpr->stamps[node] != dpr->search) {
        dpr->stamps[node] = dpr->search;
        dpr->queue[(*count)++] = node;
    }
    return true;
}

/* Commit a version with all that it depends on; false when some of that is not persisted. */
static bool commit(struct dpr *dpr, uint32_t version)
{
    size_t count = 0;
    dpr->search++;
    bool whole = meet(dpr, version, &count);
    for (size_t i = 0; whole && i < count; i++) {
        uint32_t node = dpr->queue[i];
        if ((i & 1023) == 1023 && workload_now() > dpr->end) {
            dpr->stopped = true;
            return false;
        }
        if (node % dpr->edges->epochs > WORKLOAD_EPOCH_FIRST) {
            whole = meet(dpr, node - 1, &count);
        }
        for (uint32_t j = dpr->graph.first[node]; whole && j < dpr->graph.first[node + 1]; j++) {
            whole = meet(dpr, dpr->graph.next[j], &count);
        }
    }
    for (size_t i = 0; whole && i < count; i++) {
        dpr->committed[dpr->queue[i]] = true;
    }
    return whole;
}

/* One pass over the pending versions; whether it committed anything. */
static bool try_all(struct dpr *dpr)
{
    bool any = false;
    for (uint32_t e = WORKLOAD_EPOCH_FIRST; e < dpr->edges->epochs; e++) {
        for (uint32_t v = 0; v < dpr->workload->vats && !dpr->stopped; v++) {
            uint32_t node = v * dpr->edges->epochs + e;
            if (dpr->persisted[node] && !dpr->committed[node] && commit(dpr, node)) {
                any = true;
            }
            if ((v & 1023) == 0 && workload_now() > dpr->end) {
                dpr->stopped = true;
            }
        }
    }
    return any;
}

void against_dpr(const struct workload *workload, const struct against_edges *edges, double bound_s,
                 struct against_result *result)
{
    struct dpr dpr = {.workload = workload, .edges = edges};
    double begin = workload_now();
    against_graph_init(&dpr.graph, edges->node_count, edges->count, edges->hearer, edges->heard);
    dpr.committed = calloc(edges->node_count, sizeof *dpr.committed);
    dpr.persisted = calloc(edges->node_count, sizeof *dpr.persisted);
    dpr.stamps = calloc(edges->node_count, sizeof *dpr.stamps);
    dpr.queue = malloc(edges->node_count * sizeof *dpr.queue);
    mn_assert(dpr.committed != NULL && dpr.persisted != NULL);
    mn_assert(dpr.stamps != NULL && dpr.queue != NULL);
    result->build_s = workload_now() - begin;
    begin = workload_now();
    dpr.end = begin + bound_s;
    for (uint32_t v = 0; v < workload->vats; v++) {
        uint32_t left = workload_survives(workload, v);
        for (uint32_t e = WORKLOAD_EPOCH_FIRST; e <= left; e++) {
            dpr.persisted[v * edges->epochs + e] = true;
        }
    }
    while (try_all(&dpr) && !dpr.stopped) {
    }
    for (uint32_t v = 0; v < workload->vats; v++) {
        uint32_t epoch = WORKLOAD_EPOCH_FIRST;
        while (epoch < edges->epochs && dpr.committed[v * edges->epochs + epoch]) {
            epoch++;
        }
        result->keep[v] = epoch > WORKLOAD_EPOCH_FIRST ? epoch - 1 : 0;
    }
    result->cut_s = workload_now() - begin;
    result->stopped = dpr.stopped;
    free(dpr.queue);
    free(dpr.stamps);
    free(dpr.persisted);
    free(dpr.committed);
    against_graph_deinit(&dpr.graph);
}
