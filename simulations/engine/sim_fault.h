/* Faults: what goes wrong, when, to whom and for how long. A fault script is a list of these; they
 * know nothing of each other, so any subset of a script is a script. */
#ifndef SIM_FAULT_H
#define SIM_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ids.h"
#include "docs/text.h"

/* X(NAME, "name", what `a` is, what `b` is, what happens) */
#define SIM_FAULTS(X)                                                                              \
    X(KILL_VAT, "kill_vat", "vat", "effects", "its process dies, after so many more effects")      \
    X(FAIL_VAT, "fail_vat", "vat", "-", "its process dies, and so does each that is started then") \
    X(KILL_AGENT, "kill_agent", "host", "effects", "its agent dies and is started again")          \
    X(KILL_COORDINATOR, "kill_coordinator", "-", "effects", "it dies and is started again")        \
    X(POWER, "power", "host", "-", "all its processes die, its disk keeps what was synced")        \
    X(POWER_RACK, "power_rack", "rack", "-", "the same for each of its hosts")                     \
    X(POWER_ZONE, "power_zone", "zone", "-", "the same for each of its hosts")                     \
    X(POWER_ALL, "power_all", "-", "-", "the same for all hosts and the coordinator")              \
    X(LOSE, "lose", "host", "-", "all its processes die and its disk is gone")                     \
    X(LOSE_RACK, "lose_rack", "rack", "-", "the same for each of its hosts")                       \
    X(LOSE_ZONE, "lose_zone", "zone", "-", "the same for each of its hosts")                       \
    X(CUT, "cut", "host", "host", "nothing passes between them")                                   \
    X(CUT_TO, "cut_to", "host", "host", "nothing passes from the first to the second")             \
    X(CUT_HOST, "cut_host", "host", "-", "nothing passes to or from it")                           \
    X(CUT_ZONE, "cut_zone", "zone", "-", "nothing passes between it and the others")               \
    X(CUT_COORDINATOR, "cut_coordinator", "host", "-", "the coordinator and the host are cut off") \
    X(CUT_ALL, "cut_all", "-", "-", "the coordinator is cut off from all hosts")                   \
    X(DEAF, "deaf", "host", "-", "the host hears nothing, but is heard")                           \
    X(MUTE, "mute", "host", "-", "the host hears, but is not heard")                               \
    X(RESET, "reset", "host", "-", "its connections break, with what was under way")               \
    X(PAUSE_VAT, "pause_vat", "vat", "-", "its process stands still")                              \
    X(PAUSE_AGENT, "pause_agent", "host", "-", "its agent stands still")                           \
    X(PAUSE_COORDINATOR, "pause_coordinator", "-", "-", "it stands still")                         \
    X(REPLACE_COORDINATOR, "replace_coordinator", "-", "-",                                        \
      "it stands still, and another is started in its place")                                      \
    X(SKEW_CLOCK, "skew_clock", "host", "by_ms", "its clock shows so much more, at once")          \
    X(WRONG_CLOCK, "wrong_clock", "-", "by_s",                                                     \
      "a coordinator that is started meanwhile finds its machine's clock so many seconds ahead")   \
    X(REPLACE_KEEPER, "replace_keeper", "keeper", "host",                                          \
      "an operator has the keeper of that number replaced by the host, or the next that may; "     \
      "where it ends, he takes that back then")                                                    \
    X(DISK_SLOW, "disk_slow", "host", "factor", "its disk takes so many times as long")            \
    X(DISK_FULL, "disk_full", "host", "-", "nothing can be written to its disk")                   \
    X(FULL_COORDINATOR, "full_coordinator", "-", "-",                                              \
      "nothing can be written to the coordinator's disk")                                          \
    X(DISK_ERROR, "disk_error", "host", "percent", "so many of its syncs fail")                    \
    X(DISK_UNREAD, "disk_unread", "host", "percent",                                               \
      "so many of the files on its disk cannot be read, for good: until they are written anew")    \
    X(CORRUPT, "corrupt", "host", "number", "a checkpoint file there has wrong bytes")             \
    X(CORRUPT_FULL, "corrupt_full", "host", "-",                                                   \
      "the newest full of each vat there has wrong bytes")                                         \
    X(LOSE_COPY, "lose_copy", "host", "number", "a checkpoint file there is gone")                 \
    X(OLD_JOURNAL, "old_journal", "-", "records", "the coordinator's journal lacks the newest")    \
    X(LOSE_JOURNAL, "lose_journal", "-", "-", "the coordinator dies, and its journal is gone")     \
    X(SECOND_COORDINATOR, "second_coordinator", "paused", "records",                               \
      "another starts from a copy of the journal that lacks the newest, and takes the "            \
      "connections; later the first one has them again")                                           \
    X(OLD_AGENT, "old_agent", "host", "-", "its disk is as it was at the last backup")             \
    X(SWAP_DISK, "swap_disk", "host", "-",                                                         \
      "the same at once; afterwards its disk is the one that it was before, while that one goes")  \
    X(BACKUP, "backup", "host", "-", "its disk is copied, for old_agent and swap_disk")            \
    X(OLD_VAT, "old_vat", "vat", "-",                                                              \
      "its process and its host's agent die, and its store there is as at its backup")             \
    X(BACKUP_VAT, "backup_vat", "vat", "-", "its store there is copied, for old_vat")              \
    X(LOSE_VAT, "lose_vat", "vat", "-", "the same, and its store there is gone")                   \
    X(TEAR_VAT, "tear_vat", "vat", "-", "the same, and the newest file there is half written")     \
    X(LOSE_LEDGER, "lose_ledger", "host", "-", "its agent dies, and its ledger is gone")           \
    X(LOSE_LEDGERS, "lose_ledgers", "-", "-", "the same of all hosts")                             \
    X(LOSE_KEEPERS, "lose_keepers", "keeper", "number",                                            \
      "the same of that keeper and so many more")                                                  \
    X(OLD_LEDGER, "old_ledger", "host", "-", "its agent dies, its ledger is as at the last backup")

enum sim_fault_kind {
#define SIM_FAULT_ENUM(name, word, a, b, text) SIM_FAULT_##name,
    SIM_FAULTS(SIM_FAULT_ENUM)
#undef SIM_FAULT_ENUM
        SIM_FAULT_COUNT
};

/* X(NAME, "word", what a fault waits for from its time on, so that it comes inside a round) */
#define SIM_AIMS(X)                                                                                \
    X(NONE, "", "nothing")                                                                         \
    X(FREEZE, "freeze", "the next freeze that the coordinator says")                               \
    X(DECIDED, "decided", "the next decision that is durable")                                     \
    X(DONE, "done", "the next round that is done")                                                 \
    X(COLLECT, "collect", "the next round that asks the vats")                                     \
    X(SETTLE, "settle", "the next one that is decided provisionally")                              \
    X(PLAN, "plan", "the next one that waits for an approval")                                     \
    X(DECIDING, "deciding", "the next decision that is being recorded")                            \
    X(RESTORE, "restore", "the next one whose vats are started")                                   \
    X(TELL, "tell", "the next one whose vats are all up")                                          \
    X(WRITING, "writing", "the next decision that the disk and the keepers are at")

enum sim_aim {
#define SIM_AIM_ENUM(name, word, text) SIM_AIM_##name,
    SIM_AIMS(SIM_AIM_ENUM)
#undef SIM_AIM_ENUM
        SIM_AIM_COUNT
};

struct sim_fault {
    int64_t at_ms;
    enum sim_fault_kind kind;
    uint32_t a; /* whom: SIM_FAULTS says of which kind */
    uint32_t b;
    int64_t for_ms; /* until it is over; 0: for good */
    enum sim_aim aim;
    uint32_t after_ms; /* what it is aimed at */
};

/* One process dies before one of its effects: all effects that processes of the same name carry
 * out are counted from the start of the run on, so that each has a number. */
struct sim_crash {
    uint32_t who;    /* 0 the coordinator, then the hosts' agents, then the vats */
    uint64_t effect; /* from 1; 0: nobody does */
    bool lose;       /* its host is lost with it, for a short while, and comes back empty */
};

struct sim_faults {
    struct sim_fault *items;
    size_t count;
    size_t capacity;
    struct sim_crash crash;
};

/* Append one; the order in the list is that of equal times. Aborts when memory runs out. */
void sim_faults_add(struct sim_faults *faults, struct sim_fault fault);
void sim_faults_deinit(struct sim_faults *faults);

const char *sim_fault_name(enum sim_fault_kind kind);

/* The kind of that name; false when there is none. */
bool sim_fault_find(const char *name, enum sim_fault_kind *kind);

/* The aim of that name; false when there is none. */
bool sim_aim_find(const char *name, enum sim_aim *aim);

/* "fault AT_MS KIND A B FOR_MS", of one that is aimed " AIM AFTER_MS", and a newline. */
void sim_fault_write(const struct sim_fault *fault, struct mn_text *text);

#endif
