/* The chain of a start: which of its checkpoints are missing here, and getting them from the hosts
 * that the coordinator named. */
#include <string.h>

#include "agent_private.h"
#include "base/check.h"

static bool link_here(const struct agent_vat *vat, const struct mn_link *link)
{
    const struct agent_file *file = agent_find_file(vat, link->epoch);
    return file != NULL && file->state == AGENT_FILE_HERE;
}

/* The first of the chain that is not here; NULL when all are. */
static const struct mn_link *chain_missing(const struct agent_vat *vat)
{
    for (uint32_t i = 0; i < vat->start->chain_count; i++) {
        if (!link_here(vat, &vat->start->chain[i])) {
            return &vat->start->chain[i];
        }
    }
    return NULL;
}

bool agent_chain_whole(const struct agent_vat *vat)
{
    return chain_missing(vat) == NULL;
}

bool agent_chain_has(const struct agent_vat *vat, mn_epoch epoch)
{
    for (uint32_t i = 0; i < vat->start->chain_count; i++) {
        if (vat->start->chain[i].epoch == epoch) {
            return true;
        }
    }
    return false;
}

/* A process ended before it was up: what it was to begin from may be damaged, and another start
 * would end in the same way. It is read back, though not again soon, whatever the reason;
 * who is up shows that nothing was wrong. */
void agent_chain_doubt(struct agent *agent, struct agent_vat *vat)
{
    for (uint32_t i = 0; i < vat->start->chain_count; i++) {
        struct agent_file *file = agent_find_file(vat, vat->start->chain[i].epoch);
        if (file != NULL && agent_file_doubtful(agent, file)) {
            agent_file_verify(agent, vat, file);
        }
    }
}

void agent_chain_trust(struct agent_vat *vat)
{
    for (uint32_t i = 0; i < vat->start->chain_count; i++) {
        struct agent_file *file = agent_find_file(vat, vat->start->chain[i].epoch);
        if (file != NULL) {
            file->verified = false;
        }
    }
}

/* The file that is to be fetched; NULL when there is nothing to ask for: it is being synced here,
 * or memory ran out. */
static struct agent_file *fetch_file(struct agent *agent, struct agent_vat *vat, mn_epoch epoch)
{
    struct agent_file *file = agent_find_file(vat, epoch);
    if (file == NULL) {
        return agent_add_file(agent, vat, epoch, AGENT_FILE_ARRIVING);
    }
    if (file->state == AGENT_FILE_GONE) {
        agent_file_move(vat, file, AGENT_FILE_ARRIVING);
        file->received = 0;
        file->fetched = false;
    }
    return file->state == AGENT_FILE_ARRIVING ? file : NULL;
}

/* Ask for one checkpoint, unless it comes from the named holder already. What has arrived of it
 * from another host stays: the rest is asked for. False when the start has failed by it. */
static bool fetch_ask(struct agent *agent, struct agent_vat *vat, const struct mn_link *link)
{
    uint32_t host = agent_host_find(agent, &link->holder);
    struct agent_file *file = agent_find_file(vat, link->epoch);
    bool synced_here =
        file != NULL && (file->state == AGENT_FILE_UNSYNCED || file->state == AGENT_FILE_FAILED);
    if (!synced_here && (host == AGENT_NONE || host == agent->config.own)) {
        agent_fetch_failed(agent, vat, link->epoch, agent->config.own, MN_NOT_FOUND);
        return false;
    }
    file = fetch_file(agent, vat, link->epoch);
    if (file == NULL || (file->fetched && file->source == host)) {
        return true;
    }
    bool coming = file->source == host && (file->writing || file->received > 0);
    file->fetched = true;
    file->source = host;
    file->at = agent->now;
    agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_FETCH,
                                                .vat = vat->name,
                                                .host = link->holder,
                                                .run = vat->start->run,
                                                .epoch = link->epoch});
    if (!coming && !file->writing) {
        agent_say_want(agent, host, vat, file);
    }
    return true;
}

void agent_fetch_lost(struct agent *agent, struct agent_vat *vat, struct agent_file *file,
                      uint32_t host)
{
    agent_file_move(vat, file, AGENT_FILE_ARRIVING);
    file->received = 0;
    file->fetched = true;
    file->source = host;
    file->at = agent->now;
    agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_FETCH,
                                                .vat = vat->name,
                                                .host = *agent_host_name(agent, host),
                                                .run = vat->start->run,
                                                .epoch = file->epoch});
    agent_say_want(agent, host, vat, file);
}

void agent_fetch_advance(struct agent *agent, struct agent_vat *vat)
{
    uint32_t under_way = 0;
    for (uint32_t i = 0; i < vat->start->chain_count && under_way < AGENT_WINDOW_COUNT; i++) {
        const struct mn_link *link = &vat->start->chain[i];
        if (link_here(vat, link)) {
            continue;
        }
        under_way += 1;
        if (!fetch_ask(agent, vat, link)) {
            return;
        }
    }
}

void agent_fetch_moves(const struct agent *agent, struct agent_vat *vat, mn_epoch epoch)
{
    if (agent_chain_has(vat, epoch)) {
        vat->fetched_at = agent->now;
    }
}

void agent_fetch_changed(struct agent *agent, struct agent_vat *vat, mn_epoch epoch)
{
    agent_fetch_moves(agent, vat, epoch);
    if (vat->life == AGENT_LIFE_FETCHING) { /* before that its start is not durable */
        agent_life_go_on(agent, vat);
    }
}

void agent_fetch_tick(struct agent *agent, size_t count)
{
    mn_time bound = (mn_time)agent->config.copy_ms * MN_MS * AGENT_FETCH_FACTOR;
    for (size_t i = 0; i < count; i++) {
        struct agent_vat *vat = agent->busy.vats[i];
        if (vat->life != AGENT_LIFE_FETCHING || agent->now - vat->fetched_at < bound) {
            continue;
        }
        const struct mn_link *link = chain_missing(vat);
        mn_assert(link != NULL);
        uint32_t host = agent_host_find(agent, &link->holder);
        agent_fetch_failed(agent, vat, link->epoch, host != AGENT_NONE ? host : agent->config.own,
                           MN_AGAIN);
    }
}

void agent_fetch_failed(struct agent *agent, struct agent_vat *vat, mn_epoch epoch, uint32_t host,
                        mn_result why)
{
    struct agent_file *file = agent_find_file(vat, epoch);
    if (file != NULL && file->state == AGENT_FILE_ARRIVING && !file->writing) {
        if (file->received > 0 && !file->unreadable) {
            agent_ask_file(agent, AGENT_DO_DELETE, vat, epoch, false);
        }
        agent_file_give_up(agent, vat, file);
    }
    agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_FETCH_FAILED,
                                                .vat = vat->name,
                                                .host = *agent_host_name(agent, host),
                                                .run = vat->start->run,
                                                .epoch = epoch,
                                                .code = why});
    if (vat->life == AGENT_LIFE_FETCHING) {
        agent_life_fail(agent, vat, "a checkpoint of its chain could not be fetched");
    }
}
