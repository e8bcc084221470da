/* Records: what goes on when one is durable, and the processes that none names. */
#ifndef AGENT_CORE_AGENT_RECORDS_H
#define AGENT_CORE_AGENT_RECORDS_H

#include "agent.h"

struct agent_vat;

/* What goes on when a record is durable. */
enum agent_then {
    AGENT_THEN_GENERATION,
    AGENT_THEN_START,
    AGENT_THEN_RELEASE,
    AGENT_THEN_UP,
    AGENT_THEN_END,
    AGENT_THEN_FREEZE,
    AGENT_THEN_DROP,
    AGENT_THEN_ASIDE,
    AGENT_THEN_DECISION,
    AGENT_THEN_STRANGERS,
    AGENT_THEN_KEEPER
};

/* A process of a vat that an earlier agent started and no record names. */
struct agent_stranger {
    struct agent_vat *vat;
    uint32_t pid;
    uint64_t pid_started;
};

struct agent_pending {
    uint64_t sequence;
    enum agent_then then;
    struct agent_vat *vat;
    mn_run run;
    uint64_t number; /* a generation, round, freeze or epoch */
};

/* agent_records.c: what is durable, and what goes on then. */
void agent_record_loaded(struct agent *agent, const struct mn_agent_record *record);
/* The newest START of a vat, as an earlier agent wrote it down. */
void agent_vat_loaded(struct agent *agent, const struct mn_agent_vat *record);
void agent_put_record(struct agent *agent, const struct mn_agent_record *record, bool forget);
void agent_put_vat(struct agent *agent, const struct agent_vat *vat);
void agent_put_fence(struct agent *agent, struct agent_vat *vat, mn_run run);
/* Go on with @then once everything that was recorded so far is durable; at once if it is. */
void agent_when_recorded(struct agent *agent, enum agent_then then, struct agent_vat *vat,
                         mn_run run, uint64_t number);
void agent_recorded(struct agent *agent, uint64_t sequence);

/* agent_strangers.c: processes of vats that no record names. */
void agent_process_lives(struct agent *agent, const struct agent_event *event);
/* It begins: what they were is put on record, and then they are ended. */
void agent_strangers_begin(struct agent *agent);
void agent_strangers_end(struct agent *agent);
bool agent_stranger_is(const struct agent *agent, const struct agent_vat *vat, uint32_t pid);
/* That one has ended. */
void agent_stranger_gone(struct agent *agent, const struct agent_vat *vat, uint32_t pid);

#endif
