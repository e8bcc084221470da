/* The facts of one run, as numbers with names: what a scenario promises, what many runs are
 * compared by, and what is printed. One table; reading, JSON and the report are made from it. */
#ifndef SCENARIO_FACTS_H
#define SCENARIO_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What -1 means depends on the unit: a time that never came. */
#define FACT_NONE INT64_C(-1)

/* X(name, what it is). Names end with their unit. */
#define SCENARIO_FACTS(X)                                                                          \
    X(rounds, "decisions")                                                                         \
    X(called_off, "rounds that ended without a decision, because everything was back")             \
    X(revived, "vats restored, and nobody can tell")                                               \
    X(rolled_back, "vats restored that forgot")                                                    \
    X(reset, "vats that forgot everything")                                                        \
    X(running_restored, "of all these, vats whose process had not died before the round")          \
    X(notices, "notices that were decided")                                                        \
    X(handed, "notices that vats were handed")                                                     \
    X(epochs_lost, "checkpointed epochs that died, of vats that forgot")                           \
    X(epochs_undone, "other epochs that died: open ones, and of vats that nobody misses")          \
    X(messages_lost, "messages sent in dead epochs, of vats that forgot")                          \
    X(work_lost_ms, "time from the kept checkpoint to the end, of all restored vats together")     \
    X(work_lost_most_ms, "the same, of the one that lost most")                                    \
    X(down_most_ms, "the longest that a restored vat was without a process")                       \
    X(detect_ms, "from the first death (or fault, where none died) until a round begins")          \
    X(decide_ms, "from there to its decision, at most")                                            \
    X(restore_ms, "from there until all is restored, at most")                                     \
    X(tell_ms, "from there until all are told, at most")                                           \
    X(told_within_ms, "from the first death until all are told, at most")                          \
    X(holds, "times that the coordinator said that it holds, or a round waits")                    \
    X(behind, "times that the coordinator said that its journal is behind")                        \
    X(hosts_lost, "times that a host was found lost")                                              \
    X(generations, "times that a coordinator began")                                               \
    X(faults, "faults that happened")                                                              \
    X(checkpoints, "checkpoints that were written")                                                \
    X(sent, "messages that applications sent")                                                     \
    X(taken, "messages that applications were handed")                                             \
    X(settled, "1 when all was well again within the bound, else 0")                               \
    X(broken, "1 when a guarantee was broken, else 0")                                             \
    X(settled_after_ms, "from the end of the faults until all was well")                           \
    X(ended_ms, "simulated time in all")                                                           \
    X(events, "calls of a core's step")

enum fact {
#define FACT_ENUM(name, text) FACT_##name,
    SCENARIO_FACTS(FACT_ENUM)
#undef FACT_ENUM
        FACT_COUNT
};

enum { FACT_FAILURE_SIZE = 512 };

struct facts {
    int64_t seed;
    int64_t values[FACT_COUNT];
    char failure[FACT_FAILURE_SIZE]; /* the guarantee that was broken, or what did not settle */
};

const char *fact_name(enum fact fact);
const char *fact_text(enum fact fact);

/* The fact of that name; FACT_COUNT when there is none. */
enum fact fact_find(const char *name);

/* Whether the fact's name says that it is a time. */
bool fact_is_time(enum fact fact);

#endif
