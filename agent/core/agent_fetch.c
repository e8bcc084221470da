/* The chain of a start: which of its checkpoints are missing here, and getting them from the hosts
 * that the coordinator named. */
#include <string.h>

#include "agent_private.h"

static bool link_here(const struct agent_vat *vat, const struct mn_link *link)
{
    const struct agent_file *file = agent_find_file(vat, link->epoch);
    return file != NULL && file->state == AGENT_FILE_HERE;
}

bool agent_chain_whole(const struct agent_vat *vat)
{
    for (uint32_t i = 0; i < vat->start.chain_count; i++) {
        if (!link_here(vat, &vat->start.chain[i])) {
            return false;
        }
    }
    return true;
}

/* Ask for one checkpoint. False when the start has failed by it. */
static bool fetch_ask(struct agent *agent, struct agent_vat *vat, const struct mn_link *link)
{
    uint32_t host = agent_names_find(&agent->host_names, &link->holder);
    if (host == AGENT_NONE || host == agent->config.own) {
        agent_fetch_failed(agent, vat, link->epoch, agent->config.own, MN_NOT_FOUND);
        return false;
    }
    struct agent_file *file = agent_find_file(vat, link->epoch);
    if (file == NULL) {
        file = agent_add_file(agent, vat, link->epoch, AGENT_FILE_ARRIVING);
    } else if (file->state == AGENT_FILE_GONE) {
        agent_file_move(file, AGENT_FILE_ARRIVING);
        file->received = 0;
        file->at = agent->now;
    }
    if (file == NULL || file->state != AGENT_FILE_ARRIVING) {
        return file != NULL; /* being synced: it will be here */
    }
    bool arriving = file->writing || file->received > 0;
    file->fetched = true;
    if (arriving) {
        return true;
    }
    file->source = host;
    agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_FETCH,
                                                .vat = vat->name,
                                                .host = link->holder,
                                                .run = vat->start.run,
                                                .epoch = link->epoch});
    struct mn_copies *message = agent_say_copies(agent, host, MN_COPIES_WANT, &vat->name);
    if (message != NULL) {
        message->want.epoch = link->epoch;
        message->want.offset = 0;
    }
    return true;
}

void agent_fetch_advance(struct agent *agent, struct agent_vat *vat)
{
    uint32_t under_way = 0;
    for (uint32_t i = 0; i < vat->start.chain_count && under_way < AGENT_WINDOW_COUNT; i++) {
        const struct mn_link *link = &vat->start.chain[i];
        if (link_here(vat, link)) {
            continue;
        }
        under_way += 1;
        const struct agent_file *file = agent_find_file(vat, link->epoch);
        bool asked = file != NULL && file->state == AGENT_FILE_ARRIVING && file->fetched;
        if (!asked && !fetch_ask(agent, vat, link)) {
            return;
        }
    }
}

void agent_fetch_failed(struct agent *agent, struct agent_vat *vat, mn_epoch epoch, uint32_t host,
                        mn_result why)
{
    struct agent_file *file = agent_find_file(vat, epoch);
    if (file != NULL && file->state == AGENT_FILE_ARRIVING && !file->writing) {
        if (file->received > 0) {
            agent_ask_file(agent, AGENT_DO_DELETE, vat, epoch, false);
        }
        agent_remove_file(vat, epoch);
    }
    agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_FETCH_FAILED,
                                                .vat = vat->name,
                                                .host = agent->hosts[host].name,
                                                .run = vat->start.run,
                                                .epoch = epoch,
                                                .code = why});
    if (vat->life == AGENT_LIFE_FETCHING) {
        agent_life_fail(agent, vat, "a checkpoint of its chain could not be fetched");
    }
}
