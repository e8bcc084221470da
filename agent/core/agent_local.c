/* What the vats of this host say. A vat speaks for itself and for its run alone; which vat a
 * connection belongs to is settled by Attach, and checked against the pid that is on record. */
#include <string.h>

#include "agent_private.h"

static void local_end(struct agent *agent, const struct agent_connection *connection,
                      const struct mn_name *vat, mn_run run, const char *reason)
{
    struct mn_to_vat *message = agent_say_vat(agent, connection, MN_TO_VAT_END);
    if (message == NULL) {
        return;
    }
    memcpy(message->end.reason, reason, strlen(reason) + 1);
    agent_note(agent, (struct agent_note_facts){
                          .note = AGENT_NOTE_REFUSED_VAT, .vat = *vat, .run = run, .text = reason});
}

static void local_copy_text(char *out, size_t size, const char *text)
{
    size_t length = text != NULL ? strlen(text) : 0;
    if (length >= size) {
        length = size - 1;
    }
    memcpy(out, text != NULL ? text : "", length);
    out[length] = '\0';
}

/* The directory STORE/NAME. The shell refuses to start with a longer store path, so it fits. */
static void local_store_path(const struct agent *agent, const struct mn_name *vat,
                             char out[MN_PATH_SIZE_MAX])
{
    char name[AGENT_STORE_NAME_SIZE];
    agent_store_name(vat, name);
    local_copy_text(out, MN_PATH_SIZE_MAX - AGENT_STORE_NAME_SIZE - 1, agent->config.store);
    size_t length = strlen(out);
    out[length] = '/';
    memcpy(out + length + 1, name, strlen(name) + 1);
}

static void local_say_life(struct agent *agent, const struct agent_vat *vat)
{
    struct mn_to_vat *message = agent_say_vat(agent, &vat->connection, MN_TO_VAT_LIFE);
    mn_epoch *chain = agent_take(agent, vat->start->chain_count, sizeof *chain);
    if (message == NULL || chain == NULL) {
        return;
    }
    for (uint32_t i = 0; i < vat->start->chain_count; i++) {
        chain[i] = vat->start->chain[i].epoch;
    }
    const struct agent_config *config = &agent->config;
    struct mn_life *life = &message->life;
    life->vat = vat->name;
    life->run = vat->start->run;
    life->incarnation = vat->start->incarnation;
    life->keep = vat->start->keep;
    life->outcome = vat->start->outcome;
    life->round = agent_round_settled(agent, vat);
    life->lineage = vat->start->lineage;
    local_store_path(agent, &vat->name, life->store);
    local_copy_text(life->key_file, sizeof life->key_file, config->key_file);
    life->address = config->address;
    life->interval_ms = config->interval_ms;
    life->full_every = config->full_every;
    life->keep_count = config->keep_count;
    life->connect_ms = config->connect_ms;
    life->latency_ms = config->latency_ms;
    life->send_ms = config->send_ms;
    life->early = vat->number < agent->directory->vat_count && agent->directory->early[vat->number];
    life->chain = chain;
    life->chain_count = vat->start->chain_count;
    if (config->tell_keys) {
        life->host_keys = (const char(*)[MN_KEY_TEXT_SIZE])agent->directory->keys;
        life->host_key_count = agent->directory->host_count;
    }
}

/* Everything that a vat which has its life must hear of what went on without it. */
static void local_catch_up(struct agent *agent, struct agent_vat *vat)
{
    agent_say_durable(agent, vat);
    agent_freeze_tell(agent, vat);
    agent_notices_tell(agent, vat);
}

/* A vat that reads nothing for long, because its application is busy or stands still. */
void agent_vat_unsent(struct agent *agent, const struct agent_connection *connection)
{
    struct agent_vat *vat = agent_linked_vat(agent, connection);
    if (vat != NULL) {
        vat->unsent = true;
        agent_touch(vat);
    }
}

void agent_local_tick(struct agent *agent, size_t busy)
{
    for (size_t i = 0; i < busy; i++) {
        struct agent_vat *vat = agent->busy.vats[i];
        if (vat->unsent) {
            vat->unsent = false;
            if (vat->connected && vat->up_recorded) {
                local_catch_up(agent, vat);
            }
        }
    }
}

void agent_vat_is_up(struct agent *agent, struct agent_vat *vat, mn_run run)
{
    if (vat->life != AGENT_LIFE_UP || vat->start->run != run) {
        return;
    }
    vat->up_recorded = true;
    agent_note_vat(agent, AGENT_NOTE_UP, vat, vat->endpoint.text);
    agent_say_state(agent, vat, "");
    if (vat->connected) {
        local_catch_up(agent, vat);
    }
    agent_copies_advance(agent, vat);
}

/* The ledger that had this run was lost. Its number is used all the same: whoever gives out the
 * next one hears of it, or, when it is ordered here again, that it is over. */
static void local_unknown(struct agent *agent, const struct mn_name *name, mn_run run)
{
    struct agent_vat *vat = run != 0 ? agent_need_vat(agent, name) : NULL;
    if (vat != NULL) {
        agent_put_fence(agent, vat, run);
        agent_say_refused(agent, vat);
    }
}

/* A process outlives its agent and remembers what it waits for; of a round that was never decided
 * nobody else may know any more. */
static void local_frozen(struct agent *agent, uint64_t round)
{
    if (round <= agent->round_frozen) {
        return;
    }
    agent->round_frozen = round;
    if (agent->said_hello && round > agent_round_newest(agent)) {
        agent_hello(agent);
    }
}

static void local_attach(struct agent *agent, const struct agent_connection *connection,
                         const struct mn_from_vat *message)
{
    const struct mn_name *name = &message->attach.vat;
    mn_run run = message->attach.run;
    struct agent_vat *vat = agent_find_vat(agent, name);
    if (vat == NULL || vat->life == AGENT_LIFE_NONE) {
        local_end(agent, connection, name, run, "this host was not told to run this vat");
        local_unknown(agent, name, run);
        return;
    }
    if (run != 0 && run != vat->start->run) {
        local_end(agent, connection, name, run, "this run of the vat is over");
        return;
    }
    if (vat->pid != message->attach.pid) {
        local_end(agent, connection, name, run,
                  "the agent started another process for this vat; its command must not fork");
        return;
    }
    if (vat->life != AGENT_LIFE_RUNNING && vat->life != AGENT_LIFE_UP) {
        local_end(agent, connection, name, run, "this run of the vat is being ended");
        return;
    }
    agent_connect(agent, vat, connection);
    local_frozen(agent, message->attach.frozen_round);
    if (run == 0) {
        local_say_life(agent, vat);
        return;
    }
    bool moved = strcmp(vat->endpoint.text, message->attach.endpoint.text) != 0;
    if (vat->life == AGENT_LIFE_UP && !moved) {
        local_catch_up(agent, vat);
        return;
    }
    if (vat->life == AGENT_LIFE_RUNNING) {
        agent_life_move(vat, AGENT_LIFE_UP);
        agent_chain_trust(vat);
    }
    vat->endpoint = message->attach.endpoint;
    vat->up_recorded = false;
    agent_put_vat(agent, vat);
    agent_when_recorded(agent, AGENT_THEN_UP, vat, run, 0);
}

static void local_trouble(struct agent *agent, const struct agent_vat *vat,
                          const struct mn_from_vat *message)
{
    agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_TROUBLE,
                                                .vat = vat->name,
                                                .run = vat->start->run,
                                                .code = message->trouble.code,
                                                .text = message->trouble.text});
}

static void local_refused(struct agent *agent, const struct agent_vat *vat,
                          const struct mn_vat_run *refused)
{
    agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_FORMER_LIFE,
                                                .vat = refused->vat,
                                                .run = refused->run,
                                                .text = vat->name.text});
}

/* Whoever is right, only the coordinator can tell: it hears both sides. */
static void local_differs(struct agent *agent, const struct agent_vat *vat,
                          const struct mn_differs *differs)
{
    struct mn_up *up = agent_say_up(agent, MN_UP_DIFFERS);
    if (up != NULL) {
        up->differs.vat = (struct mn_vat_run){.vat = vat->name, .run = vat->start->run};
        up->differs.differs = *differs;
    }
}

void agent_from_vat(struct agent *agent, const struct agent_connection *connection,
                    const struct mn_from_vat *message)
{
    if (message->kind == MN_FROM_VAT_ATTACH) {
        local_attach(agent, connection, message);
        return;
    }
    struct agent_vat *vat = agent_linked_vat(agent, connection);
    if (vat == NULL) {
        (void)agent_say_vat(agent, connection, MN_TO_VAT_WHO);
        return;
    }
    if (message->kind == MN_FROM_VAT_TROUBLE) { /* it may have no run yet */
        local_trouble(agent, vat, message);
        return;
    }
    if (message->run != vat->start->run) {
        local_end(agent, connection, &vat->name, message->run, "this run of the vat is over");
        return;
    }
    switch (message->kind) {
    case MN_FROM_VAT_ATTACH:
    case MN_FROM_VAT_TROUBLE:
    case MN_FROM_VAT_BEAT: /* asks nothing but that its connection is known */
        return;
    case MN_FROM_VAT_WRITTEN:
        agent_written(agent, vat, message);
        return;
    case MN_FROM_VAT_INTERVAL:
        agent_freeze_interval(agent, vat, message);
        return;
    case MN_FROM_VAT_HANDLED:
        agent_notices_handled(agent, vat, message->handled.round);
        return;
    case MN_FROM_VAT_LOOKUP:
        agent_lookup(agent, vat, &message->lookup.peer);
        return;
    case MN_FROM_VAT_REFUSED:
        local_refused(agent, vat, &message->refused);
        return;
    case MN_FROM_VAT_WANT_LEASE:
        agent_lease_want(agent, vat);
        return;
    case MN_FROM_VAT_DIFFERS:
        local_differs(agent, vat, &message->differs);
        return;
    }
}
