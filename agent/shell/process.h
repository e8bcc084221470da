/* The vats' processes: started in sessions of their own so that they outlive the agent, watched
 * through pidfds, whether they are our children or those of an earlier agent.
 *
 * A started process waits at a pipe until it is released, and ends itself when the agent dies
 * before that; so no process runs whose pid is not on record. */
#ifndef AGENT_SHELL_PROCESS_H
#define AGENT_SHELL_PROCESS_H

#include "base/error.h"
#include "core/agent.h"
#include "net/net.h"

enum {
    AGENT_REASON_SIZE = 128,
    AGENT_START_TEXT_SIZE = 4096 /* of what a process is told that it was started as */
};

/* What to do, where a descriptor may be missing. */
#define AGENT_FILES_HINT(result)                                                                   \
    ((result) == MN_FULL ? " (raise the limit of open files: LimitNOFILE, or ulimit -n)" : "")

/* Where the agent listens for its vats, and they find it: all run in the agent's data directory. */
#define AGENT_VATS_ENDPOINT "ipc://vats.ipc"

struct agent_processes;

/* Called from the loop when a process ended; it is not watched any more by then. */
typedef void agent_process_exited(void *context, const struct mn_name *vat, uint32_t pid,
                                  const char *reason);

/* @net is borrowed: it watches the processes. @logs is the directory for their output. Processes
 * may have as many files open as this one may now, however many it may later. */
mn_result agent_processes_new(struct agent_processes **processes, struct mn_net *net,
                              const char *logs, agent_process_exited *exited,
                              void *context) MN_CHECKED;

/* Stop watching. The processes live on, but for those that were never released. */
void agent_processes_destroy(struct agent_processes **processes);

/* Start @command (words, then NULL) for @start's vat; it waits to be released. As long as it lives
 * agent_process_find_all finds it, and what it was started as.
 * Errors:    MN_NOT_FOUND, MN_DENIED, MN_FULL, MN_NO_MEMORY, MN_IO; @error says why */
mn_result agent_process_start(struct agent_processes *processes, const struct mn_start *start,
                              const char *const *command, uint32_t *pid, uint64_t *pid_started,
                              struct mn_error *error) MN_CHECKED;

/* Let it go on. Nothing happens when it has ended. */
void agent_process_release(struct agent_processes *processes, const struct mn_name *vat);

/* Watch a process that an earlier agent started.
 * Errors:    MN_NOT_FOUND: there is no process of that pid, start time and vat any more; MN_FULL,
 *            MN_NO_MEMORY, MN_IO and others: that cannot be told, and it may live */
mn_result agent_process_adopt(struct agent_processes *processes, const struct mn_name *vat,
                              uint32_t pid, uint64_t pid_started,
                              struct mn_error *error) MN_CHECKED;

/* Kill it, if it is still the one that is watched. */
void agent_process_kill(struct agent_processes *processes, const struct mn_name *vat, uint32_t pid);

/* Of each process that earlier agents of this working directory started for a vat, and that
 * executes its command by now: what it was started as, without the chain; NULL when that is not
 * known. */
typedef void agent_process_found(void *context, const struct mn_name *vat,
                                 const struct mn_start *start, uint32_t pid, uint64_t pid_started);
/* Errors:    MN_FULL, MN_NO_MEMORY, MN_IO: one may not have been found */
mn_result agent_process_find_all(agent_process_found *found, void *context,
                                 struct mn_error *error) MN_CHECKED;

/* Whether the process of that pid and start time is one of @vat. Errors as agent_process_adopt. */
mn_result agent_process_look(uint32_t pid, uint64_t pid_started,
                             const struct mn_name *vat) MN_CHECKED;

/* When a process began, in clock ticks since boot; false with errno when that cannot be read:
 * ENOENT or ESRCH when there is no such process. */
bool agent_process_began(uint32_t pid, uint64_t *ticks);

#endif
