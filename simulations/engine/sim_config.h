/* What a simulation is made of: the cluster, its settings, workload, network and disks, as numbers
 * with names, so that each can be printed, read back and drawn by chance. */
#ifndef SIM_CONFIG_H
#define SIM_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "docs/text.h"

/* X(name, default, least, most, what it is). Names end with their unit. */
#define SIM_SETTINGS(X)                                                                            \
    X(seed, 1, 0, INT64_MAX, "of all chance in the run")                                           \
    X(zones, 3, 1, 1000, "failure domains at the top")                                             \
    X(racks, 1, 1, 1000, "in each zone")                                                           \
    X(hosts, 1, 1, 1000, "in each rack")                                                           \
    X(vats, 6, 1, 10000000, "in all, placed on the hosts in turn")                                 \
    X(keepers, 0, 0, 7, "hosts that keep the coordinator's journal, as far as there are racks")    \
    X(told_percent, 0, 0, 100, "of the vats that are told of a peer's rollback, not rolled back")  \
    X(named_percent, 0, 0, 100, "of the hosts go by no numbers of vats, but by names alone")       \
    X(part_heard, 0, 0, 1000000, "heard entries in a part of an answer to a freeze; 0: as usual")  \
    X(piece_vats, 0, 0, 1000000, "vats in a piece of the evidence; 0: as usual")                   \
    X(early_percent, 0, 0, 100, "of the vats send early")                                          \
    X(lease_percent, 0, 0, 100, "of the vats act on the world outside, while they have a lease")   \
    X(limit, 1, 0, 1, "the epoch that a peer's loss never takes a vat below")                      \
    X(total_loss_roll_back, 0, 0, 1, "policy for a total loss: 0 tell, 1 roll_back")               \
    X(approve_ms, 0, 0, 86400000, "mean time until an operator looks; 0: no plan waits for one")   \
    X(approve_percent, 30, 0, 100, "of the vats may be restored without being asked about")        \
    X(adopt_percent, 0, 0, 100, "of an operator's looks adopt a disk that was found, if there is") \
    X(recall_ms, 0, 0, 86400000, "mean time until an operator looks at a coordinator that holds")  \
    X(early_words_percent, 0, 0, 100, "of these looks have it go on while it may still be helped") \
    X(heartbeat_ms, 200, 10, 60000, "timing, as in the topology")                                  \
    X(stale_ms, 600, 20, 600000, "timing")                                                         \
    X(suspect_ms, 900, 20, 600000, "timing")                                                       \
    X(lost_ms, 2000, 30, 3600000, "timing")                                                        \
    X(lease_ms, 0, 0, 3600000, "timing; 0 is 3 heartbeats")                                        \
    X(settle_ms, 6000, 20, 3600000, "timing")                                                      \
    X(collect_ms, 1500, 20, 3600000, "timing")                                                     \
    X(copy_ms, 600, 20, 3600000, "timing")                                                         \
    X(connect_ms, 600, 20, 600000, "timing")                                                       \
    X(send_ms, 600000, 0, 86400000, "how long messages wait for a peer that is out of reach")      \
    X(interval_ms, 200, 10, 86400000, "from one checkpoint of a vat to the next")                  \
    X(latency_ms, 86400000, 0, 86400000, "how long a held message waits for one, if less")         \
    X(full_every, 4, 1, 1000, "each so many checkpoints one is full")                              \
    X(keep, 3, 1, 100000, "durable checkpoints that are kept")                                     \
    X(stores, 2, 1, 16, "copies of each checkpoint")                                               \
    X(scrub_ms, 0, 0, 1814400000, "in which agents read over each checkpoint once; 0 is never")    \
    X(turn_ms, 50, 1, 86400000, "mean time from one turn of a vat's own to the next")              \
    X(peers, 3, 0, 1000000, "how many vats each sends to; 0 is none")                              \
    X(shape, 0, 0, 4, "who sends to whom")                                                         \
    X(reply_percent, 25, 0, 100, "of the messages are answered")                                   \
    X(burst, 2, 1, 1000, "transfers in one turn, at most")                                         \
    X(blob_size, 64, 0, 1000000, "bytes of state that each turn changes")                          \
    X(payload_size, 0, 0, 67000000, "bytes added to one message in 32; to the others 200 at most") \
    X(latency_us, 300, 1, 10000000, "between two machines")                                        \
    X(jitter_us, 300, 0, 10000000, "added to that, at most")                                       \
    X(local_us, 30, 1, 10000000, "between two processes of a machine")                             \
    X(bandwidth_mbps, 0, 0, 1000000, "of each connection; 0 is without bound")                     \
    X(tcp_ms, 20000, 100, 10000000, "a connection without answer is given up after this")          \
    X(repeat_percent, 0, 0, 100, "of what was under way on a reset connection arrives twice")      \
    X(lose_percent, 50, 0, 100, "of what was under way on a reset connection is lost")             \
    X(port_reuse, 1, 0, 1, "a new process may get the port of one that ended")                     \
    X(disk_us, 1500, 1, 100000000, "until a write is durable")                                     \
    X(disk_jitter_us, 1500, 0, 100000000, "added to that, at most")                                \
    X(start_us, 5000, 1, 100000000, "until a started process runs")                                \
    X(skew_ms, 0, 0, 86400000, "by how much clocks differ, at most")                               \
    X(drift_ppm, 0, 0, 10000, "by how much clocks run faster or slower, at most")                  \
    X(faults_ms, 20000, 0, INT64_C(1000000000000), "faults and workload end after this")           \
    X(bound_ms, 60000, 0, INT64_C(1000000000000), "then the cluster must settle within this")      \
    X(check, 1, 0, 1, "whether the observer watches")

/* X(NAME, "word", whom a vat sends to in its own turns) */
#define SIM_SHAPES(X)                                                                              \
    X(NEAR, "near", "one of the next `peers` vats, the last being followed by the first")          \
    X(UNIFORM, "uniform", "any other vat")                                                         \
    X(CLUSTERED, "clustered", "one of its group of `peers` + 1, one time in ten any other vat")    \
    X(CHAIN, "chain", "the next vat; the last sends to nobody")                                    \
    X(HUB, "hub", "the first vat, and that one to any other")

enum sim_shape {
#define SIM_SHAPE_ENUM(name, word, text) SIM_SHAPE_##name,
    SIM_SHAPES(SIM_SHAPE_ENUM)
#undef SIM_SHAPE_ENUM
};

struct sim_config {
#define SIM_SETTING_FIELD(name, standard, least, most, text) int64_t name;
    SIM_SETTINGS(SIM_SETTING_FIELD)
#undef SIM_SETTING_FIELD
};

/* Every setting as its default. */
void sim_config_init(struct sim_config *config);

/* Set one setting by its name. False when there is none of that name, or the value is outside. */
bool sim_config_set(struct sim_config *config, const char *name, int64_t value);

/* Append every setting that is not as its default, one a line: "name value". The seed always. */
void sim_config_write(const struct sim_config *config, struct mn_text *text);

/* Hosts in all. */
uint32_t sim_config_hosts(const struct sim_config *config);

#endif
