/* The swarm: many small runs, each with a cluster, a workload and faults drawn from its seed, a
 * random few of the fault classes switched on (Groce and others, "Swarm testing", 2012). A run that
 * fails is made smaller and written down, so that it can be run again for ever. */
#ifndef SWARM_SWARM_H
#define SWARM_SWARM_H

#include "base/error.h"
#include "engine/sim.h"

/* X(NAME, "name", whether the default swarm has it, what it is) */
#define SWARM_CLASSES(X)                                                                           \
    X(VAT, "vat", true, "vats crash")                                                              \
    X(AGENT, "agent", true, "agents crash")                                                        \
    X(COORDINATOR, "coordinator", true, "the coordinator crashes")                                 \
    X(STEP, "step", true, "processes die between two effects of a step")                           \
    X(POWER, "power", true, "hosts and racks lose power")                                          \
    X(LOSS, "loss", true, "hosts and racks are lost with their disks")                             \
    X(ZONE, "zone", true, "a zone is lost, or without power")                                      \
    X(CUT, "cut", true, "links are cut")                                                           \
    X(ONE_WAY, "one_way", true, "links are cut one way")                                           \
    X(ALONE, "alone", true, "the coordinator is cut off")                                          \
    X(RESET, "reset", true, "connections break")                                                   \
    X(PAUSE, "pause", true, "processes stand still")                                               \
    X(CLOCK, "clock", true, "clocks differ and drift")                                             \
    X(SLOW, "slow", true, "disks are slow")                                                        \
    X(FULL, "full", true, "disks are full")                                                        \
    X(ERROR, "error", true, "syncs and reads fail")                                                \
    X(CORRUPT, "corrupt", true, "checkpoint files are damaged or gone")                            \
    X(OLD_JOURNAL, "old_journal", true, "the journal is an older one, lost, or there are two")     \
    X(OLD_AGENT, "old_agent", true, "a host's disk is an older one")                               \
    X(OLD_VAT, "old_vat", true, "a vat's store is an older one, and the coordinator may forget")   \
    X(LEDGER, "ledger", true, "an agent's ledger is lost, or an older one, below its vats")        \
    X(STORE, "store", true, "a vat's store is lost or torn")                                       \
    X(SHALLOW, "shallow", true, "one checkpoint is kept of each vat, lost hosts take more")        \
    X(RECALL, "recall", true, "the journal is lost with those that keep it, or there are none")

enum swarm_class {
#define SWARM_CLASS_ENUM(name, word, standard, text) SWARM_##name,
    SWARM_CLASSES(SWARM_CLASS_ENUM)
#undef SWARM_CLASS_ENUM
        SWARM_CLASS_COUNT
};

/* The class of that name; SWARM_CLASS_COUNT when there is none. */
enum swarm_class swarm_class_find(const char *name);

/* The classes of the default swarm, as bits. */
uint64_t swarm_classes_standard(void);

/* A run as it can be written down. */
struct swarm_script {
    struct sim_config config;
    struct sim_faults faults;
    bool must[SIM_SOMETIMES_COUNT]; /* what has to happen in it: a line "must gap_sent" each */
    char about[512];                /* what it was, for people: the first line after '#' */
};

void swarm_script_deinit(struct swarm_script *script);
void swarm_script_copy(struct swarm_script *to, const struct swarm_script *from);

/* Draw a run from @seed; its faults are of a random few of @classes, or of all when @all. */
void swarm_choose(struct swarm_script *script, uint64_t seed, uint64_t classes, bool all);

/* What must happen in the run and did not; SIM_SOMETIMES_COUNT when nothing is missing. */
enum sim_sometimes swarm_script_missing(const struct swarm_script *script,
                                        const struct sim_result *result);

/* "# about", the settings that are not as their defaults, the faults; one a line.
 * Errors: those of files; MN_BAD_INPUT with the line in @error. */
mn_result swarm_script_write(const struct swarm_script *script, const char *path,
                             struct mn_error *error) MN_CHECKED;
mn_result swarm_script_read(struct swarm_script *script, const char *path,
                            struct mn_error *error) MN_CHECKED;

/* A run in a process of its own, so that an assert that fails is a failure like any other. */
struct swarm_child {
    int pid;
    int results;
    int errors;
    uint64_t seed;
};
void swarm_start(struct swarm_child *child, const struct swarm_script *script);
/* Take in what the child left behind; it has ended with @status. */
void swarm_finish(struct swarm_child *child, int status, struct sim_result *result);
/* Both, one after the other. */
void swarm_run(const struct swarm_script *script, struct sim_result *result);

/* Of each script of @paths: one crash at every effect of every process while its faults are at
 * work, restarted with its disk whole, and again with its host's disk empty; of these only every
 * @every-th. Those that fail are written to the folder @out. Whether none did. */
bool swarm_exhaust(char *const *paths, int path_count, uint64_t every, unsigned jobs,
                   const char *out);

/* Whether two failures are of one kind. */
bool swarm_same(const char *failure, const char *other);

/* Make the script smaller as long as it fails in the same way; at most @runs runs. */
void swarm_shrink(struct swarm_script *script, const char *failure, unsigned runs);

#endif
