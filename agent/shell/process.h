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

enum { AGENT_REASON_SIZE = 128 };

/* Where the agent listens for its vats, and they find it: all run in the agent's data directory. */
#define AGENT_VATS_ENDPOINT "ipc://vats.ipc"

struct agent_processes;

/* Called from the loop when a process ended; it is not watched any more by then. */
typedef void agent_process_exited(void *context, const struct mn_name *vat, uint32_t pid,
                                  const char *reason);

/* @net is borrowed: it watches the processes. @logs is the directory for their output. */
mn_result agent_processes_new(struct agent_processes **processes, struct mn_net *net,
                              const char *logs, agent_process_exited *exited,
                              void *context) MN_CHECKED;

/* Stop watching. The processes live on, but for those that were never released. */
void agent_processes_destroy(struct agent_processes **processes);

/* Start @command (words, then NULL) for @vat; it waits to be released.
 * Errors:    MN_NOT_FOUND, MN_DENIED, MN_FULL, MN_NO_MEMORY, MN_IO; @error says why */
mn_result agent_process_start(struct agent_processes *processes, const struct mn_name *vat,
                              const char *const *command, uint32_t *pid, uint64_t *pid_started,
                              struct mn_error *error) MN_CHECKED;

/* Let it go on. Nothing happens when it has ended. */
void agent_process_release(struct agent_processes *processes, const struct mn_name *vat);

/* Watch a process that an earlier agent started. MN_NOT_FOUND when there is no process of that pid,
 * start time and vat any more. */
mn_result agent_process_adopt(struct agent_processes *processes, const struct mn_name *vat,
                              uint32_t pid, uint64_t pid_started,
                              struct mn_error *error) MN_CHECKED;

/* Kill it, if it is still the one that is watched. */
void agent_process_kill(struct agent_processes *processes, const struct mn_name *vat, uint32_t pid);

/* Kill what earlier agents of this working directory started and no record names, once all that is
 * on record is adopted: the records were lost, or are older ones. Such a vat reaches nobody that
 * could keep its checkpoints, and its next run must not begin beside it. Each is told to @ended. */
void agent_process_end_strangers(struct agent_processes *processes, agent_process_exited *ended,
                                 void *context);

/* When a process began, in clock ticks since boot; false when there is none. */
bool agent_process_began(uint32_t pid, uint64_t *ticks);

#endif
