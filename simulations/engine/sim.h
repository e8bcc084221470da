/* The simulator: the shipped cores and codecs under simulated time, network, disks and clocks, in
 * one thread. The same configuration and faults give the same run, event for event. */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "base/ids.h"
#include "engine/sim_config.h"
#include "engine/sim_fault.h"
#include "engine/sim_seen.h"
#include "engine/sim_sometimes.h"
#include "engine/sim_tree.h"

struct sim;

enum { SIM_FAILURE_SIZE = 1024 };

struct sim_result {
    char failure[SIM_FAILURE_SIZE]; /* "" is none; begins with the guarantee and a colon */
    uint64_t trace;                 /* a hash over everything that happened, in its order */
    uint64_t events;                /* calls of a core's step */
    mn_time ended_at;               /* simulated nanoseconds since the start */
    mn_time settled_after;          /* from the end of faults until all was well */
    uint64_t sent;                  /* messages that applications sent */
    uint64_t taken;                 /* and were handed */
    uint64_t kept;                  /* that the observer has in mind: see observer_kept */
    uint64_t sometimes[SIM_SOMETIMES_COUNT];
};

/* @config and @faults are copied. Aborts when memory runs out. */
struct sim *sim_new(const struct sim_config *config, const struct sim_faults *faults);
/* The same on a tree that is not even: the counts of zones, racks, hosts and vats in @config do not
 * matter, nor what it says of all vats. @tree is copied. */
struct sim *sim_new_on(const struct sim_config *config, const struct sim_tree *tree,
                       const struct sim_faults *faults);
void sim_destroy(struct sim **sim);

/* Write a line for everything that happens to @file from now on; NULL: no more. */
void sim_trace_to(struct sim *sim, void *file);

/* Show everything that happens from now on to @recorder; NULL: to nobody. */
void sim_record_to(struct sim *sim, sim_recorder *recorder, void *context);

/* Run to the end, or to the first failure. */
void sim_run(struct sim *sim, struct sim_result *result);

/* Run until the simulated time @until (nanoseconds) only. False: it has failed. */
bool sim_run_until(struct sim *sim, mn_time until);

/* How many effects processes of that name have carried out: see struct sim_crash. */
uint64_t sim_effect_count(const struct sim *sim, uint32_t who);

/* What sim_run gives, as it is now. */
void sim_result(const struct sim *sim, struct sim_result *result);

#endif
