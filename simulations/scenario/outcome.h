/* What came out of one or many runs: for people, and as JSON. */
#ifndef SCENARIO_OUTCOME_H
#define SCENARIO_OUTCOME_H

#include <jansson.h>

#include "scenario/runs.h"
#include "scenario/statistics.h"

/* All runs of one scenario, and of the other on the same seeds. */
struct outcome {
    const struct scenario *scenario;
    const struct scenario *against; /* NULL: none */
    size_t count;
    const struct facts *facts;
    const struct facts *other; /* of `against` */
};

/* The spread of one fact over all runs in which it came. */
void outcome_spread(const struct facts *facts, size_t count, enum fact fact, struct spread *out);
/* The spread of the other's value less this one's, over the seeds for which both came. */
void outcome_difference(const struct outcome *outcome, enum fact fact, struct spread *out);

/* How many runs kept every promise. */
size_t outcome_kept(const struct scenario *scenario, const struct facts *facts, size_t count);

/* The first run that broke a promise, or 0. */
size_t outcome_worst(const struct outcome *outcome);

/* For people. */
void outcome_write(const struct outcome *outcome, bool colour, struct mn_text *text);

/* Everything, to be given back; NULL when memory runs out. @record: the run shown in full; NULL. */
json_t *outcome_json(const struct outcome *outcome, const struct record *record);

#endif
