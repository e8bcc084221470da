/* A scenario: a cluster, what it does, what goes wrong, and what must come out, as a document.
 *
 *     scenario: 1
 *     name: a rack is lost
 *     text: what it teaches
 *     cluster: {zones: 3, racks: 2, hosts: 2, vats: 12}  # racks in each zone, hosts in each rack,
 *                                                        # vats in all
 *     grow: {zones: 3, racks: 2, hosts: 2, vats: 1}      # or this: vats on each host
 *     from: topology.yaml                                # or this: a live cluster's topology,
 *                                                        # or evidence of it
 *     workload: {shape: near, peers: 3, turn_ms: 50, early_percent: 0}
 *     checkpoints: {interval_ms: 200, full_every: 4}
 *     timing: {heartbeat_ms: 200}
 *     network: {latency_us: 300}
 *     disk: {disk_us: 1500}
 *     clocks: {skew_ms: 0}
 *     run: {seed: 1, faults_ms: 20000, bound_ms: 60000, check: 1}
 *     at:
 *       - {ms: 5000, lose_rack: 1}
 *       - {ms: 9000, cut: 0, host: 3, for_ms: 500, every_ms: 1000, times: 4}
 *     random: {from_ms: 2000, host_mtbf_s: 3600, lost_percent: 20, repair_ms: 30000,
 *              burst_percent: 30, burst_ms: 2000}
 *     expect: {revived: 4, rolled_back: 0, told_within_ms: {most: 5000}, holds: {least: 1}}
 *
 * Settings are those of SIM_SETTINGS, each in the section that scenario_section names; faults those
 * of SIM_FAULTS; what is expected is a fact of SCENARIO_FACTS. */
#ifndef SCENARIO_SCENARIO_H
#define SCENARIO_SCENARIO_H

#include "base/error.h"
#include "docs/text.h"
#include "engine/sim.h"
#include "scenario/facts.h"

enum {
    SCENARIO_SIZE_MAX = 16 * 1024 * 1024,
    SCENARIO_EXPECT_COUNT_MAX = 64,
    SCENARIO_FAULT_COUNT_MAX = 900000, /* of the time line, each repetition counted */
    SCENARIO_RANDOM_FAULT_COUNT_MAX = 100000
};

/* No time in a scenario is longer: some 31 years. */
#define SCENARIO_MS_MAX INT64_C(1000000000000)

struct scenario_expect {
    enum fact fact;
    int64_t least;
    int64_t most;
};

/* Disasters by chance. A mean time of 0: none. */
#define SCENARIO_RANDOM(X)                                                                         \
    X(from_ms, 1000, 0, SCENARIO_MS_MAX, "not before this")                                        \
    X(vat_mtbf_s, 0, 0, 1000000000, "mean time between failures of one vat's process")             \
    X(host_mtbf_s, 0, 0, 1000000000, "of one host")                                                \
    X(rack_mtbf_s, 0, 0, 1000000000, "of one rack")                                                \
    X(zone_mtbf_s, 0, 0, 1000000000, "of one zone")                                                \
    X(lost_percent, 10, 0, 100, "of these failures, other than vats', that take the disks too")    \
    X(repair_ms, 5000, 1, SCENARIO_MS_MAX, "mean time until the power is back")                    \
    X(burst_percent, 0, 0, 100, "of failures that soon bring another in the same rack or zone")    \
    X(burst_ms, 1000, 1, SCENARIO_MS_MAX, "within this")

struct scenario_random {
#define SCENARIO_RANDOM_FIELD(name, standard, least, most, text) int64_t name;
    SCENARIO_RANDOM(SCENARIO_RANDOM_FIELD)
#undef SCENARIO_RANDOM_FIELD
};

struct scenario {
    char *path; /* heap, and so are these */
    char *name;
    char *text;
    struct sim_config config;
    struct sim_tree *tree;    /* of a live cluster; NULL: even */
    char *names;              /* what its hosts and vats are called: a line "h0 NAME" each; NULL */
    struct sim_faults faults; /* of the time line */
    struct scenario_random random;
    struct scenario_expect expects[SCENARIO_EXPECT_COUNT_MAX];
    size_t expect_count;
};

/* Read a scenario; its `from` is looked for beside it. @scenario: out, to be given back with
 * scenario_deinit; written on success only.
 *
 * Errors:    MN_BAD_INPUT  @error says "FILE:LINE:COLUMN: what is wrong, and what was expected"
 *            MN_TOO_LARGE, MN_NO_MEMORY, and those of files */
mn_result scenario_load(const char *path, struct scenario *scenario,
                        struct mn_error *error) MN_CHECKED;
mn_result scenario_read(const char *bytes, size_t size, const char *origin,
                        struct scenario *scenario, struct mn_error *error) MN_CHECKED;
void scenario_deinit(struct scenario *scenario);

/* The section that a setting is given in; NULL for one that is given elsewhere. */
const char *scenario_section(const char *setting);

/* The faults of the run with that seed: those of the time line, and those by chance. Chance is
 * drawn from the seed and the cluster alone. */
void scenario_faults(const struct scenario *scenario, int64_t seed, struct sim_faults *faults);

/* Append what a scenario may say: sections with their settings and bounds, faults, facts. */
void scenario_help(struct mn_text *text);

/* The @index-th promise that @facts breaks, in words for people; false when there are no more. A
 * broken guarantee is one, and so is not settling, unless the scenario says `settled: 0`. */
bool scenario_broken(const struct scenario *scenario, const struct facts *facts, size_t index,
                     char *text, size_t size);

#endif
