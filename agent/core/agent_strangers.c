/* Processes that earlier agents of this disk started, and that no record names: the records were
 * lost, or are older ones. Such a vat reaches nobody that could keep its checkpoints, and its next
 * run must not begin beside it, so it is ended before the first hello. What it was may be known to
 * nobody else any more, a run above all that the records say above all: it is on record before it
 * is ended, and the hello says that this run was here. */
#include "agent_private.h"

#include <stdlib.h>

#include "base/grow.h"

static void stranger_add(struct agent *agent, struct agent_vat *vat, uint32_t pid,
                         uint64_t pid_started)
{
    mn_result result =
        mn_grow(&agent->strangers, &agent->stranger_capacity, agent->stranger_count + 1,
                sizeof *agent->strangers, AGENT_STRANGER_COUNT_MAX);
    if (result != MN_OK) {
        agent_fail(agent, result);
        return;
    }
    agent->strangers[agent->stranger_count] =
        (struct agent_stranger){.vat = vat, .pid = pid, .pid_started = pid_started};
    agent->stranger_count += 1;
}

void agent_process_lives(struct agent *agent, const struct agent_event *event)
{
    struct agent_vat *vat = agent_need_vat(agent, &event->process.vat);
    uint32_t pid = event->process.pid;
    uint64_t pid_started = event->process.pid_started;
    const struct mn_start *start = event->process.start;
    if (vat == NULL || (vat->pid == pid && vat->pid_started == pid_started)) {
        return; /* it is on record, and is adopted */
    }
    stranger_add(agent, vat, pid, pid_started);
    if (start == NULL || start->run <= vat->start->run) {
        return;
    }
    if (vat->pid != 0) { /* of a run that is over: if it lives, too, it is one more of them */
        stranger_add(agent, vat, vat->pid, vat->pid_started);
    }
    struct mn_agent_vat found = {.start = *start};
    found.start.chain = NULL;
    found.start.chain_count = 0;
    agent_vat_loaded(agent, &found);
    vat->found = true;
}

void agent_strangers_begin(struct agent *agent)
{
    for (size_t i = 0; i < agent->vat_count; i++) {
        if (agent->vats[i]->found) {
            agent_put_vat(agent, agent->vats[i]);
        }
    }
    agent_when_recorded(agent, AGENT_THEN_STRANGERS, NULL, 0, 0);
}

void agent_strangers_end(struct agent *agent)
{
    static const enum agent_effect_kind kinds[] = {AGENT_DO_ADOPT, AGENT_DO_KILL};
    for (size_t i = 0; i < agent->stranger_count; i++) {
        const struct agent_stranger *stranger = &agent->strangers[i];
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            struct agent_effect *effect = agent_ask(agent, kinds[k]);
            if (effect != NULL) {
                effect->process.vat = stranger->vat->name;
                effect->process.run = stranger->vat->start->run;
                effect->process.pid = stranger->pid;
                effect->process.pid_started = stranger->pid_started;
            }
        }
        agent_note_vat(agent, AGENT_NOTE_STRANGER, stranger->vat,
                       "no record says that this process runs, so it is killed");
    }
}

static size_t stranger_find(const struct agent *agent, const struct agent_vat *vat, uint32_t pid)
{
    size_t at = 0;
    while (at < agent->stranger_count &&
           (agent->strangers[at].vat != vat || agent->strangers[at].pid != pid)) {
        at += 1;
    }
    return at;
}

bool agent_stranger_is(const struct agent *agent, const struct agent_vat *vat, uint32_t pid)
{
    return stranger_find(agent, vat, pid) < agent->stranger_count;
}

void agent_stranger_gone(struct agent *agent, const struct agent_vat *vat, uint32_t pid)
{
    size_t at = stranger_find(agent, vat, pid);
    agent->stranger_count -= 1;
    agent->strangers[at] = agent->strangers[agent->stranger_count];
    agent_hello_when_adopted(agent);
}
