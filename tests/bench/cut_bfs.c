/* A plain breadth-first search over the graph of who heard whom. */
#include <stdlib.h>

#include "base/check.h"
#include "tests/bench/cut_against.h"

static void visit(bool *visited, uint32_t *queue, size_t *count, uint32_t node)
{
    if (!visited[node]) {
        visited[node] = true;
        queue[(*count)++] = node;
    }
}

static void search(const struct workload *workload, const struct against_edges *edges,
                   const struct against_graph *graph, bool *visited, uint32_t *queue)
{
    size_t count = 0;
    for (uint32_t v = 0; v < workload->vats; v++) {
        uint32_t left = workload_survives(workload, v);
        if (left < edges->epochs - 1) {
            uint32_t gone = left > 0 ? left + 1 : WORKLOAD_EPOCH_FIRST;
            visit(visited, queue, &count, v * edges->epochs + gone);
        }
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t node = queue[i];
        if (node % edges->epochs + 1 < edges->epochs) {
            visit(visited, queue, &count, node + 1);
        }
        for (uint32_t j = graph->first[node]; j < graph->first[node + 1]; j++) {
            visit(visited, queue, &count, graph->next[j]);
        }
    }
}

void against_bfs(const struct workload *workload, const struct against_edges *edges,
                 struct against_result *result)
{
    struct against_graph graph;
    double begin = workload_now();
    against_graph_init(&graph, edges->node_count, edges->count, edges->heard, edges->hearer);
    bool *visited = calloc(edges->node_count, sizeof *visited);
    uint32_t *queue = malloc(edges->node_count * sizeof *queue);
    mn_assert(visited != NULL && queue != NULL);
    result->build_s = workload_now() - begin;
    begin = workload_now();
    search(workload, edges, &graph, visited, queue);
    for (uint32_t v = 0; v < workload->vats; v++) {
        uint32_t epoch = WORKLOAD_EPOCH_FIRST;
        while (epoch < edges->epochs && !visited[v * edges->epochs + epoch]) {
            epoch++;
        }
        result->keep[v] = epoch > WORKLOAD_EPOCH_FIRST ? epoch - 1 : 0;
    }
    result->cut_s = workload_now() - begin;
    free(queue);
    free(visited);
    against_graph_deinit(&graph);
}
