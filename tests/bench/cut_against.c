/* The graph that the others work on. */
#include "tests/bench/cut_against.h"

#include <stdlib.h>

#include "base/check.h"

void against_edges_init(struct against_edges *edges, const struct workload *workload)
{
    uint32_t epochs = workload_epoch_last(workload) + 1;
    *edges = (struct against_edges){.node_count = workload->vats * epochs, .epochs = epochs};
    size_t count = (size_t)workload->vats * workload->epochs * workload->heard;
    edges->heard = malloc((count + 1) * sizeof *edges->heard);
    edges->hearer = malloc((count + 1) * sizeof *edges->hearer);
    mn_assert(edges->heard != NULL && edges->hearer != NULL);
    struct evidence_heard heard[WORKLOAD_HEARD_MAX];
    for (uint32_t e = 0; e < workload->epochs; e++) {
        for (uint32_t rank = 0; rank < workload->vats; rank++) {
            uint32_t epoch = WORKLOAD_EPOCH_FIRST + e;
            workload_report(workload, rank, epoch, heard);
            for (uint32_t i = 0; i < workload->heard; i++) {
                edges->heard[edges->count] = heard[i].vat * epochs + (uint32_t)heard[i].epoch;
                edges->hearer[edges->count++] = workload->vat_of_rank[rank] * epochs + epoch;
            }
        }
    }
}

void against_edges_deinit(struct against_edges *edges)
{
    free(edges->heard);
    free(edges->hearer);
}

void against_graph_init(struct against_graph *graph, uint32_t node_count, size_t edge_count,
                        const uint32_t *from, const uint32_t *to)
{
    graph->first = calloc((size_t)node_count + 2, sizeof *graph->first);
    graph->next = malloc((edge_count + 1) * sizeof *graph->next);
    mn_assert(graph->first != NULL && graph->next != NULL);
    mn_assert(edge_count < UINT32_MAX);
    /* Counted two places on, so that filling in moves each beginning to where it belongs. */
    for (size_t i = 0; i < edge_count; i++) {
        graph->first[from[i] + 2]++;
    }
    for (uint32_t node = 0; node < node_count; node++) {
        graph->first[node + 2] += graph->first[node + 1];
    }
    for (size_t i = 0; i < edge_count; i++) {
        graph->next[graph->first[from[i] + 1]++] = to[i];
    }
}

void against_graph_deinit(struct against_graph *graph)
{
    free(graph->first);
    free(graph->next);
}
