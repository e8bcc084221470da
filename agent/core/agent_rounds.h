/* What the files of the agent's core say to each other of rounds: whom nobody believes any more,
 * and the freeze. Part of agent_private.h, which has the types. */
#ifndef AGENT_CORE_AGENT_ROUNDS_H
#define AGENT_CORE_AGENT_ROUNDS_H

#include "agent_private.h"

/* agent_suspects.c. False after failing, and for numbers of another topology; the suspects are as
 * they were then. @runs: of each. */
bool agent_suspects_take(struct agent *agent, const struct mn_vat_table *named, const mn_run *runs);
/* Note for good those that concern this host. */
void agent_suspects_fence(struct agent *agent);
/* The run that the freeze names; 0: it does not name that vat, or there is none. */
mn_run agent_suspect_run(const struct agent *agent, uint32_t number);
/* @vat has looked up that vat for the first time. */
void agent_suspect_watched(struct agent *agent, struct agent_vat *vat, uint32_t number);
/* Those that concern @vat into @out, unless it is NULL. How many they are. */
uint32_t agent_suspects_of(const struct agent *agent, const struct agent_vat *vat,
                           struct mn_vat_run *out);

/* agent_round.c: freezes. */
void agent_freeze(struct agent *agent, const struct mn_down *down);
void agent_freeze_more(struct agent *agent, const struct mn_down *down);
void agent_freeze_fenced(struct agent *agent, uint64_t number);
void agent_freeze_check(struct agent *agent); /* is somebody still awaited? */
void agent_freeze_tell(struct agent *agent, struct agent_vat *vat);
void agent_freeze_interval(struct agent *agent, struct agent_vat *vat,
                           const struct mn_from_vat *message);
bool agent_frozen(const struct agent *agent);
void agent_looked(struct agent *agent, const struct agent_event *event);
void agent_thaw(struct agent *agent, uint64_t round);
/* Mark the rows that the answer rests on, and have them sent. */
void agent_intervals_mark(struct agent *agent);
/* agent_intervals.c. Say the part of the answer whose turn it is; whether it is not the last. */
bool agent_intervals_say(struct agent *agent);

#endif
