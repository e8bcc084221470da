/* The agent's step: hand each event to the file that it concerns, then do what is due. Keeps no
 * rule of its own but one: nothing but what is remembered comes before BEGIN. */
#include "agent.h"

#include <stdlib.h>
#include <string.h>

#include "agent_private.h"
#include "base/check.h"

static char *config_text(struct agent *agent, const char *text)
{
    return mn_arena_copy(&agent->memory, text, strlen(text) + 1);
}

static void agent_take_partners(struct agent *agent, const struct agent_config *config)
{
    uint32_t partners = config->stores - 1;
    if (partners > config->directory->host_count - 1) {
        partners = config->directory->host_count - 1;
    }
    agent->partner_count = partners < AGENT_PARTNER_COUNT_MAX ? partners : AGENT_PARTNER_COUNT_MAX;
    agent->partner_spread = agent_directory_spread(config->directory, config->own);
}

static mn_result agent_take_config(struct agent *agent, const struct agent_config *config)
{
    agent->config = *config;
    if (config->part_heard == 0) {
        agent->config.part_heard = AGENT_PART_HEARD_COUNT;
    }
    agent->report_patience = AGENT_RETRY_NS;
    agent->directory = config->directory;
    agent->config.store = config_text(agent, config->store);
    agent->config.key_file = config_text(agent, config->key_file);
    if (agent->config.store == NULL || agent->config.key_file == NULL) {
        return MN_NO_MEMORY;
    }
    agent_take_partners(agent, config);
    return MN_OK;
}

mn_result agent_new(struct agent **out, const struct agent_config *config)
{
    if (config->own >= config->directory->host_count || config->heartbeat_ms == 0 ||
        config->copy_ms == 0 || config->keep_count == 0 ||
        config->keep_count > AGENT_KEEP_COUNT_MAX || config->stores == 0 || config->disk == 0 ||
        config->store[0] == '\0') {
        return MN_BAD_INPUT;
    }
    struct agent *agent = calloc(1, sizeof *agent);
    if (agent == NULL) {
        return MN_NO_MEMORY;
    }
    mn_result result = agent_take_config(agent, config);
    if (result != MN_OK) {
        agent_destroy(&agent);
        return result;
    }
    *out = agent;
    return MN_OK;
}

void agent_destroy(struct agent **out)
{
    struct agent *agent = *out;
    if (agent == NULL) {
        return;
    }
    for (size_t i = 0; i < agent->vat_count; i++) {
        agent_vat_destroy(agent->vats[i]);
    }
    free((void *)agent->vats);
    free((void *)agent->busy.vats);
    free(agent->links);
    free(agent->addresses);
    free(agent->watches);
    free(agent->pending);
    free(agent->strangers);
    agent_decisions_deinit(agent);
    free(agent->freeze.suspects);
    free(agent->dirty);
    for (size_t i = 0; i < agent->batch_count; i++) {
        free(agent->batches[i].rows);
    }
    agent_keeper_deinit(agent);
    agent_names_deinit(&agent->names);
    free(agent->peers);
    mn_arena_deinit(&agent->memory);
    free(agent);
    *out = NULL;
}

/* Take up what an earlier agent left: processes to adopt. A start that it did not bring so far is
 * over: if this disk is an older one, that run has been begun once already. */
static void agent_begin(struct agent *agent)
{
    agent->begun = true;
    agent->heartbeat_at = agent->now + (mn_time)agent->config.heartbeat_ms * MN_MS;
    agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_BEGUN,
                                                .host = *agent_host_name(agent, agent->config.own),
                                                .number = agent->generation});
    for (size_t i = 0; i < agent->vat_count; i++) {
        struct agent_vat *vat = agent->vats[i];
        agent_floor_found(vat);
        if (vat->life != AGENT_LIFE_RECORDING) {
            continue;
        }
        if (vat->pid != 0) {
            agent_life_move(vat, AGENT_LIFE_RUNNING);
            vat->adopting = true;
            agent_ask_process(agent, AGENT_DO_ADOPT, vat);
        } else if (agent_vat_fenced(vat)) {
            agent_life_move(vat, AGENT_LIFE_STOPPED);
        } else {
            agent_life_move(vat, AGENT_LIFE_EXITED);
        }
    }
    agent_strangers_begin(agent);
    agent_decisions_tidy(agent);
    agent_hello_when_adopted(agent);
}

static void agent_probe(struct agent *agent, const struct mn_down *down)
{
    uint32_t count = down->probe.endpoint_count;
    struct mn_endpoint *endpoints = agent_take(agent, count, sizeof *endpoints);
    struct agent_effect *effect = endpoints != NULL ? agent_ask(agent, AGENT_DO_PROBE) : NULL;
    if (effect == NULL) {
        return;
    }
    if (count > 0) {
        memcpy(endpoints, down->probe.endpoints, count * sizeof *endpoints);
    }
    uint32_t bound = agent->config.heartbeat_ms * 2;
    effect->probe.probe = down->probe.probe;
    effect->probe.host = down->probe.host;
    effect->probe.endpoints = endpoints;
    effect->probe.endpoint_count = count;
    effect->probe.bound_ms = bound > 20 ? bound : 20;
}

static void agent_probed(struct agent *agent, const struct agent_event *event)
{
    uint32_t count = event->probe.answer_count;
    enum mn_probe_answer *answers = agent_take(agent, count, sizeof *answers);
    struct mn_up *up = answers != NULL ? agent_say_up(agent, MN_UP_PROBED) : NULL;
    if (up == NULL) {
        return;
    }
    if (count > 0) {
        memcpy(answers, event->probe.answers, count * sizeof *answers);
    }
    up->probed.probe = event->probe.probe;
    up->probed.host = event->probe.host;
    up->probed.answers = answers;
    up->probed.answer_count = count;
}

static void agent_down(struct agent *agent, const struct mn_down *down)
{
    if (down->kind == MN_DOWN_PROMISE || down->kind == MN_DOWN_KEEP ||
        down->kind == MN_DOWN_RECALL) {
        agent_keeper(agent, down);
        return;
    }
    if (!agent_generation_seen(agent, down->generation)) {
        return;
    }
    if (down->kind == MN_DOWN_WELCOME || down->kind == MN_DOWN_DECISION ||
        down->kind == MN_DOWN_START) {
        agent_head_seen(agent, down);
    }
    switch (down->kind) {
    case MN_DOWN_WELCOME:
        agent_welcome(agent, down);
        return;
    case MN_DOWN_TAKEN:
        agent_report_taken(agent, down->taken.sequence);
        return;
    case MN_DOWN_PROBE:
        agent_probe(agent, down);
        return;
    case MN_DOWN_FREEZE:
        agent_freeze(agent, down);
        return;
    case MN_DOWN_MORE:
        agent_freeze_more(agent, down);
        return;
    case MN_DOWN_START:
        agent_start(agent, &down->start);
        return;
    case MN_DOWN_STOP:
        agent_stop(agent, &down->stop);
        return;
    case MN_DOWN_DECISION:
        agent_decision(agent, &down->decision);
        return;
    case MN_DOWN_ADDRESS:
        agent_address(agent, &down->address);
        return;
    case MN_DOWN_LEASED:
        agent_leased(agent, down);
        return;
    case MN_DOWN_ADOPT:
        agent_adopt(agent, &down->adopt);
        return;
    case MN_DOWN_PROMISE:
    case MN_DOWN_KEEP:
    case MN_DOWN_RECALL:
        return;
    }
}

static void agent_take_event(struct agent *agent, const struct agent_event *event)
{
    switch (event->kind) {
    case AGENT_ON_RECORD:
        agent_record_loaded(agent, event->record);
        return;
    case AGENT_ON_FILE:
        agent_file_found(agent, event->file);
        return;
    case AGENT_ON_FILE_UNREAD:
        agent_file_found_unread(agent, event);
        return;
    case AGENT_ON_LIVES:
        agent_process_lives(agent, event);
        return;
    case AGENT_ON_BEGIN:
        agent_begin(agent);
        return;
    case AGENT_ON_DOWN:
        agent_down(agent, event->down);
        return;
    case AGENT_ON_COPIES:
        agent_copies_heard(agent, event->copies.host, event->copies.message);
        return;
    case AGENT_ON_VAT:
        agent_from_vat(agent, &event->vat.connection, event->vat.message);
        return;
    case AGENT_ON_UNSENT:
        agent_vat_unsent(agent, &event->vat.connection);
        return;
    case AGENT_ON_ADOPTED:
    case AGENT_ON_STARTED:
    case AGENT_ON_START_FAILED:
    case AGENT_ON_EXITED:
        agent_process(agent, event);
        return;
    case AGENT_ON_RECORDED:
        agent_recorded(agent, event->recorded.sequence);
        return;
    case AGENT_ON_SYNCED:
        agent_synced(agent, event);
        return;
    case AGENT_ON_LOOKED:
        agent_looked(agent, event);
        return;
    case AGENT_ON_READ_OVER:
        agent_scrub_read(agent, event);
        return;
    case AGENT_ON_SET_ASIDE:
        agent_set_aside(agent, event);
        return;
    case AGENT_ON_PIECE_WRITTEN:
        agent_piece_written(agent, event);
        return;
    case AGENT_ON_FILE_READ:
        agent_file_read(agent, event);
        return;
    case AGENT_ON_FOUND_LISTED:
        agent_found_listed(agent, event);
        return;
    case AGENT_ON_FOUND_TAKEN:
        agent_found_taken(agent, event);
        return;
    case AGENT_ON_PROBE_ANSWERED:
        agent_probed(agent, event);
        return;
    case AGENT_ON_TICK:
        return;
    }
}

void agent_step(struct agent *agent, mn_time now, const struct agent_event *event,
                struct agent_effects *effects)
{
    mn_assert(now >= agent->now);
    bool memory = event->kind == AGENT_ON_RECORD || event->kind == AGENT_ON_FILE ||
                  event->kind == AGENT_ON_FILE_UNREAD || event->kind == AGENT_ON_LIVES;
    bool early = memory || event->kind == AGENT_ON_BEGIN;
    mn_assert(early != agent->begun);
    agent->now = now;
    agent->effects = effects;
    agent_take_event(agent, event);
    if (agent->begun) {
        agent_freeze_check(agent);
        if (now >= agent->heartbeat_at) {
            agent_heartbeat(agent);
        }
        if (agent->flush) {
            agent_report_flush(agent);
        }
    }
    agent->effects = NULL;
}

mn_time agent_deadline(const struct agent *agent)
{
    if (!agent->begun) {
        return MN_TIME_NEVER;
    }
    if (agent->freeze.state == AGENT_FREEZE_COLLECTING && agent->freeze.until > agent->now &&
        agent->freeze.until < agent->heartbeat_at) {
        return agent->freeze.until;
    }
    return agent->heartbeat_at;
}
