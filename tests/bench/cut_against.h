/* What the cut is compared with: other ways to find the same cut, over the same made cluster, each
 * after its published description.
 *
 * All see the intervals as a graph whose nodes are a vat's epochs, and find the last epoch of each
 * vat that is left. */
#ifndef TESTS_BENCH_CUT_AGAINST_H
#define TESTS_BENCH_CUT_AGAINST_H

#include "tests/bench/cut_workload.h"

/* Who heard whom, in the order of the reports. */
struct against_edges {
    uint32_t node_count;
    uint32_t epochs; /* nodes a vat: epoch e of vat v is node v * epochs + e */
    size_t count;
    uint32_t *heard;  /* node */
    uint32_t *hearer; /* node */
};

/* Neighbours of each node, one after the other (compressed sparse rows). */
struct against_graph {
    uint32_t *first; /* by node, and one more */
    uint32_t *next;
};

struct against_result {
    double build_s;
    double cut_s;
    bool stopped;   /* it passed its bound in time, and its answer is not complete */
    uint32_t *keep; /* the last epoch that is left, by vat */
};

void against_edges_init(struct against_edges *edges, const struct workload *workload);
void against_edges_deinit(struct against_edges *edges);

/* The graph from @from[i] to @to[i]. */
void against_graph_init(struct against_graph *graph, uint32_t node_count, size_t edge_count,
                        const uint32_t *from, const uint32_t *to);
void against_graph_deinit(struct against_graph *graph);

/* A plain breadth-first search from what is lost along who heard it. */
void against_bfs(const struct workload *workload, const struct against_edges *edges,
                 struct against_result *result);

/* The exact finder of "Asynchronous Prefix Recoverability for Fast Distributed Stores" (DPR, SIGMOD
 * 2021; FASTER, branch dpr): a version is committed when a breadth-first search of everything it
 * depends on meets nothing that is not persisted; what fails is tried again as long as anything
 * was committed since. Stops after @bound_s seconds. */
void against_dpr(const struct workload *workload, const struct against_edges *edges, double bound_s,
                 struct against_result *result);

/* The rollback propagation of "CheckMate: Evaluating Checkpointing Protocols for Streaming
 * Dataflows" (ICDE 2024): from each failed process recursively along the checkpoint graph, without
 * noting what was visited. Stops after @bound_s seconds. */
void against_walk(const struct workload *workload, const struct against_edges *edges,
                  double bound_s, struct against_result *result);

#endif
