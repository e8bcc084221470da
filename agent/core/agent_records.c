/* Records: what the agent must not forget, and what goes on once it is durable. Sequences are given
 * out in order and become durable in order, so waiting for the newest one waits for all. */
#include <stdlib.h>
#include <string.h>

#include "agent_private.h"
#include "base/check.h"
#include "base/grow.h"

void agent_put_record(struct agent *agent, const struct mn_agent_record *record, bool forget)
{
    struct mn_agent_record *copy = agent_take(agent, 1, sizeof *copy);
    struct agent_effect *effect = copy != NULL ? agent_ask(agent, AGENT_DO_RECORD) : NULL;
    if (effect == NULL) {
        return;
    }
    *copy = *record;
    agent->record_sequence += 1;
    effect->record.sequence = agent->record_sequence;
    effect->record.record = copy;
    effect->record.forget = forget;
}

void agent_put_vat(struct agent *agent, const struct agent_vat *vat)
{
    struct mn_agent_record record = {.kind = MN_AGENT_VAT};
    record.vat.start = *vat->start;
    record.vat.pid = vat->pid;
    record.vat.pid_started = vat->pid_started;
    record.vat.endpoint = vat->endpoint;
    struct mn_link *chain = agent_take(agent, vat->start->chain_count, sizeof *chain);
    if (chain == NULL) {
        return;
    }
    if (vat->start->chain_count > 0) {
        memcpy(chain, vat->start->chain, vat->start->chain_count * sizeof *chain);
    }
    record.vat.start.chain = chain;
    agent_put_record(agent, &record, false);
}

void agent_put_fence(struct agent *agent, struct agent_vat *vat, mn_run run)
{
    if (run <= vat->fence) {
        return;
    }
    vat->fence = run;
    if (agent_next_run(vat) <= run) {
        agent_next_forget(vat);
    }
    struct mn_agent_record record = {.kind = MN_AGENT_FENCE};
    record.fence.vat = vat->name;
    record.fence.run = run;
    agent_put_record(agent, &record, false);
    if (agent_vat_fenced(vat)) {
        agent_lease_end(agent, vat);
    }
}

static void records_go_on(struct agent *agent, const struct agent_pending *pending)
{
    switch (pending->then) {
    case AGENT_THEN_GENERATION:
        agent_generation_recorded(agent, pending->number);
        return;
    case AGENT_THEN_START:
        agent_start_recorded(agent, pending->vat, pending->run);
        return;
    case AGENT_THEN_RELEASE:
        agent_release(agent, pending->vat, pending->run);
        return;
    case AGENT_THEN_UP:
        agent_vat_is_up(agent, pending->vat, pending->run);
        return;
    case AGENT_THEN_END:
        if (pending->vat->start->run == pending->run) {
            agent_life_end(agent, pending->vat);
        }
        return;
    case AGENT_THEN_ASIDE:
        agent_aside_said(agent, pending->vat, pending->run);
        return;
    case AGENT_THEN_DROP:
        agent_floor_recorded(agent, pending->vat, pending->run, (mn_epoch)pending->number);
        return;
    case AGENT_THEN_FREEZE:
        agent_freeze_fenced(agent, pending->number);
        return;
    case AGENT_THEN_DECISION:
        agent_decision_recorded(agent, pending->number, pending->sequence);
        return;
    case AGENT_THEN_STRANGERS:
        agent_strangers_end(agent);
        return;
    case AGENT_THEN_KEEPER:
        agent_keeper_recorded(agent);
        return;
    }
}

void agent_when_recorded(struct agent *agent, enum agent_then then, struct agent_vat *vat,
                         mn_run run, uint64_t number)
{
    struct agent_pending pending = {
        .sequence = agent->record_sequence, .then = then, .vat = vat, .run = run, .number = number};
    if (agent->recorded == agent->record_sequence) {
        records_go_on(agent, &pending);
        return;
    }
    mn_result result = mn_grow(&agent->pending, &agent->pending_capacity, agent->pending_count + 1,
                               sizeof *agent->pending, AGENT_PENDING_COUNT_MAX);
    if (result != MN_OK) {
        agent_fail(agent, result);
        return;
    }
    agent->pending[agent->pending_count] = pending;
    agent->pending_count += 1;
}

void agent_recorded(struct agent *agent, uint64_t sequence)
{
    mn_assert(sequence <= agent->record_sequence);
    if (sequence > agent->recorded) {
        agent->recorded = sequence;
    }
    /* What follows from one may append others behind these. */
    size_t done = 0;
    while (done < agent->pending_count && agent->pending[done].sequence <= agent->recorded) {
        struct agent_pending pending = agent->pending[done];
        done += 1;
        records_go_on(agent, &pending);
    }
    if (done > 0) {
        agent->pending_count -= done;
        memmove(agent->pending, agent->pending + done,
                agent->pending_count * sizeof *agent->pending);
    }
}

void agent_vat_loaded(struct agent *agent, const struct mn_agent_vat *record)
{
    struct agent_vat *vat = agent_need_vat(agent, &record->start.vat);
    if (vat == NULL || !agent_start_take(agent, vat, &record->start)) {
        return;
    }
    vat->pid = record->pid;
    vat->pid_started = record->pid_started;
    vat->endpoint = record->endpoint;
    if (vat->floor_run < vat->start->run) {
        agent_floor_lower(vat);
    }
    agent_life_move(vat, AGENT_LIFE_RECORDING);
}

void agent_record_loaded(struct agent *agent, const struct mn_agent_record *record)
{
    switch (record->kind) {
    case MN_AGENT_VAT:
        agent_vat_loaded(agent, &record->vat);
        return;
    case MN_AGENT_FENCE: {
        struct agent_vat *vat = agent_need_vat(agent, &record->fence.vat);
        if (vat != NULL && record->fence.run > vat->fence) {
            vat->fence = record->fence.run;
        }
        return;
    }
    case MN_AGENT_ROUND:
        agent_decision_loaded(agent, &record->round);
        return;
    case MN_AGENT_GENERATION:
        agent->generation = record->generation;
        agent->generation_safe = record->generation;
        return;
    case MN_AGENT_DISK:
        agent->before = record->disk;
        agent->welcomed_life = record->disk;
        return;
    case MN_AGENT_PROMISE:
    case MN_AGENT_HEAD:
    case MN_AGENT_KEPT:
    case MN_AGENT_MEMBER:
    case MN_AGENT_NOTED:
        agent_keeper_loaded(agent, record);
        return;
    case MN_AGENT_ASIDE: {
        struct agent_vat *vat = agent_need_vat(agent, &record->aside.vat);
        if (vat != NULL) {
            vat->aside_run = record->aside.run;
            vat->aside_count = record->aside.count;
        }
        return;
    }
    case MN_AGENT_FLOOR: {
        struct agent_vat *vat = agent_need_vat(agent, &record->floor.vat);
        if (vat != NULL) {
            agent_floor_loaded(vat, &record->floor);
        }
        return;
    }
    }
}
