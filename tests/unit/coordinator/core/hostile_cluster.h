/* A coordinator's core, its journal, and six hosts whose agents say anything which the codec takes.
 * The topology is coordinator_scene.h's.
 *
 * What must hold: no assertion, no failure, each word it sends and each record it asks for can be
 * read, and any journal that it wrote is one that another coordinator can go on from. */
#ifndef TESTS_HOSTILE_CLUSTER_H
#define TESTS_HOSTILE_CLUSTER_H

#include "coordinator_scene.h"
#include "hostile/hostile.h"

enum { CLUSTER_HOST_COUNT = 6, CLUSTER_VAT_COUNT = 6, CLUSTER_RECORD_COUNT_MAX = 4096 };

/* A record as it stands in the journal. */
struct cluster_record {
    struct mn_buffer bytes;
    enum mn_journal_kind kind;
    uint64_t generation;
};

struct hostile_cluster {
    struct hostile hostile;
    const struct topology *topology;
    struct coordinator *coordinator;
    struct coordinator_effects effects;
    mn_time now;
    struct cluster_record journal[CLUSTER_RECORD_COUNT_MAX];
    uint64_t record_count;
    uint64_t durable; /* of them */
    uint64_t generation;
    uint64_t round; /* what was last said to agents */
    uint32_t attempt;
    uint64_t decided;
    uint64_t ticket;
    uint64_t disks[CLUSTER_HOST_COUNT];
    uint64_t before[CLUSTER_HOST_COUNT];
    mn_run runs[CLUSTER_VAT_COUNT];       /* the newest that was begun of each vat, */
    uint32_t hosts[CLUSTER_VAT_COUNT];    /* and where */
    uint64_t seen[MN_JOURNAL_ANSWER + 1]; /* records of each kind, over all seeds */
};

void cluster_step(struct hostile_cluster *cluster, const struct coordinator_event *event);
/* Some of what is written becomes durable. */
void cluster_recorded(struct hostile_cluster *cluster);
/* The coordinator ends and another begins, with what of the journal was written, or an older one;
 * the agents say what they have. */
void cluster_restart(struct hostile_cluster *cluster);
void cluster_begin(struct hostile_cluster *cluster, const struct topology *topology, uint64_t seed);
void cluster_end(struct hostile_cluster *cluster);

/* An agent says it, if the codec takes it. */
void cluster_up(struct hostile_cluster *cluster, uint32_t host, struct mn_up *up);
/* hostile_words.c: something of that kind, or what an operator says. */
void cluster_says_hello(struct hostile_cluster *cluster, uint32_t host);
void cluster_says_checkpoints(struct hostile_cluster *cluster, uint32_t host, uint32_t vat);
void cluster_says_heartbeat(struct hostile_cluster *cluster, uint32_t host, bool complete);
void cluster_says_state(struct hostile_cluster *cluster);
void cluster_says_report(struct hostile_cluster *cluster);
void cluster_says_intervals(struct hostile_cluster *cluster, uint32_t host);
void cluster_says_handled(struct hostile_cluster *cluster);
void cluster_says_small(struct hostile_cluster *cluster);
void cluster_operator(struct hostile_cluster *cluster);

#endif
