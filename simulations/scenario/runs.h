/* Runs of a scenario: one, or many in processes of their own. */
#ifndef SCENARIO_RUNS_H
#define SCENARIO_RUNS_H

#include "scenario/record.h"
#include "scenario/scenario.h"

enum { RUNS_COUNT_MAX = 1000000, RUNS_JOBS_MAX = 256 };

/* One run in this process. @record: initialised here, to be given back with record_deinit. */
void run_here(const struct scenario *scenario, int64_t seed, void (*progress)(mn_time now),
              struct record *record, struct facts *facts);

/* @count runs with the seeds from @seed on, @jobs at a time, into facts[0..count). A run that
 * crashes has broken a guarantee like any other.
 * @progress    told how many are done after each; NULL: nobody wants to know.
 * Errors:      those of starting processes and making files */
mn_result run_many(const struct scenario *scenario, int64_t seed, size_t count, size_t jobs,
                   void (*progress)(size_t done, size_t count), struct facts *facts) MN_CHECKED;

/* The cluster as it stands: even, or the scenario's own. To be given back. */
struct sim_tree *run_tree(const struct scenario *scenario, int64_t seed);

#endif
