/* Witness probes: does anything accept TCP connections there? Nothing here ever blocks. */
#ifndef AGENT_SHELL_PROBE_H
#define AGENT_SHELL_PROBE_H

#include "core/agent.h"
#include "net/net.h"

/* Probes that may be under way at once; one more is answered silent throughout. */
enum { AGENT_PROBE_COUNT_MAX = 1024 };

struct agent_probes;

/* Called from the loop, once for each probe; @answers is borrowed. */
typedef void agent_probe_answered(void *context, uint64_t probe, const struct mn_name *host,
                                  const enum mn_probe_answer *answers, uint32_t count);

/* @net is borrowed: its loop watches the connections. Errors: MN_IO, MN_FULL, MN_NO_MEMORY. */
mn_result agent_probes_new(struct agent_probes **probes, struct mn_net *net,
                           agent_probe_answered *answered, void *context) MN_CHECKED;
void agent_probes_destroy(struct agent_probes **probes);

/* Connect to every endpoint; what has not answered at @until is silent. An endpoint that is not
 * tcp://ADDRESS:PORT with a numeric address of one host is silent too: looking a name up would
 * block. The answer comes from agent_probes_tick or from the loop, never from this call. */
mn_result agent_probe_start(struct agent_probes *probes, uint64_t probe, const struct mn_name *host,
                            const struct mn_endpoint *endpoints, uint32_t count,
                            mn_time until) MN_CHECKED;

/* When the next probe must be answered; MN_TIME_NEVER when none is under way. */
mn_time agent_probes_deadline(const struct agent_probes *probes);

/* Answer what is complete or overdue. */
void agent_probes_tick(struct agent_probes *probes, mn_time now);

#endif
