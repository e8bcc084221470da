/* What this host has heard of decisions, and what its vats are told of them. */
#ifndef AGENT_CORE_AGENT_DECISION_H
#define AGENT_CORE_AGENT_DECISION_H

#include "agent.h"

struct agent_vat;

/* One told vat of a decision. */
struct agent_told {
    struct mn_name vat;
    struct mn_notice *notices; /* owned */
    uint32_t notice_count;
    uint64_t sequence; /* of the record that has it */
    bool applied;      /* that is durable */
    bool handled;      /* by the life that runs here */
    mn_run owed_run;   /* which counts only if it is this one's or a later one's */
};

struct agent_decision {
    uint64_t round;
    bool applied;            /* its record is durable */
    struct agent_told *told; /* owned */
    uint32_t told_count;
};

/* agent_decision.c: which decisions are known here. */
void agent_decision_loaded(struct agent *agent, const struct mn_decision_notice *notice);
void agent_decision(struct agent *agent, const struct mn_decision_notice *notice);
void agent_decision_recorded(struct agent *agent, uint64_t round, uint64_t sequence);
struct agent_decision *agent_decision_find(const struct agent *agent, uint64_t round);
struct agent_told *agent_decision_told(const struct agent_decision *decision,
                                       const struct mn_name *vat);
void agent_decisions_tidy(struct agent *agent); /* forget what is over */
void agent_decisions_deinit(struct agent *agent);
uint64_t agent_round_newest(const struct agent *agent);

/* agent_notice.c: what vats are told. */
uint64_t agent_round_settled(const struct agent *agent, const struct agent_vat *vat);
bool agent_notice_open(const struct agent_decision *decision, const struct agent_told *told,
                       const struct agent_vat *vat);
void agent_notices_begin(struct agent *agent, const struct agent_vat *vat);
void agent_notices_tell(struct agent *agent, const struct agent_vat *vat);
void agent_notices_handled(struct agent *agent, const struct agent_vat *vat, uint64_t round);
/* HANDLED may have been lost: say it again for all who have. */
void agent_notices_repeat(struct agent *agent, const struct agent_decision *decision);
/* Say it of those whose start called the round handled: a coordinator that has come since has
 * forgotten that it said so. */
void agent_notices_known(struct agent *agent, const struct mn_decision_notice *notice);

#endif
