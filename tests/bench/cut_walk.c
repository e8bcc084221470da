/* CheckMate's walk: recursive, and it notes nothing but the result, so it goes through everything
 * that can be reached as often as there are ways to it. */
#include <stdlib.h>

#include "base/check.h"
#include "tests/bench/cut_against.h"

enum { WALK_DEPTH_MAX = 50000 };

struct walk {
    const struct against_edges *edges;
    struct against_graph graph; /* from an epoch to those who heard it */
    uint32_t *keep;
    uint64_t calls;
    double end;
    bool stopped;
};

static void follow(struct walk *walk, uint32_t node, uint32_t depth)
{
    walk->calls++;
    if ((walk->calls & 65535) == 0 && workload_now() > walk->end) {
        walk->stopped = true;
    }
    uint32_t vat = node / walk->edges->epochs;
    uint32_t epoch = node % walk->edges->epochs;
    uint32_t before = epoch > WORKLOAD_EPOCH_FIRST ? epoch - 1 : 0;
    walk->keep[vat] = before < walk->keep[vat] ? before : walk->keep[vat];
    if (depth == WALK_DEPTH_MAX) {
        return; /* Only a way that leads back to where it was is as long; the stack is finite. */
    }
    if (!walk->stopped && epoch + 1 < walk->edges->epochs) {
        follow(walk, node + 1, depth + 1);
    }
    for (uint32_t i = walk->graph.first[node]; !walk->stopped && i < walk->graph.first[node + 1];
         i++) {
        follow(walk, walk->graph.next[i], depth + 1);
    }
}

void against_walk(const struct workload *workload, const struct against_edges *edges,
                  double bound_s, struct against_result *result)
{
    struct walk walk = {.edges = edges, .keep = result->keep};
    double begin = workload_now();
    against_graph_init(&walk.graph, edges->node_count, edges->count, edges->heard, edges->hearer);
    result->build_s = workload_now() - begin;
    begin = workload_now();
    walk.end = begin + bound_s;
    for (uint32_t v = 0; v < workload->vats; v++) {
        walk.keep[v] = edges->epochs - 1;
    }
    for (uint32_t v = 0; v < workload->vats && !walk.stopped; v++) {
        uint32_t left = workload_survives(workload, v);
        if (left < edges->epochs - 1) {
            uint32_t gone = left > 0 ? left + 1 : WORKLOAD_EPOCH_FIRST;
            follow(&walk, v * edges->epochs + gone, 0);
        }
    }
    result->cut_s = workload_now() - begin;
    result->stopped = walk.stopped;
    against_graph_deinit(&walk.graph);
}
