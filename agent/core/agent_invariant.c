/* What must hold after every step. */
#include <string.h>

#include "agent_private.h"
#include "base/check.h"

static void invariant_file(const struct agent *agent, const struct agent_vat *vat,
                           const struct agent_file *file)
{
    bool arriving = file->state == AGENT_FILE_ARRIVING;
    mn_assert(file->epoch > 0);
    mn_assert(!file->durable || file->state == AGENT_FILE_HERE);
    mn_assert(!file->durable || file->promised);
    mn_assert(!file->durable || file->epoch <= vat->newest_durable);
    mn_assert(arriving || !file->writing);
    mn_assert(arriving || file->since < file->epoch);
    mn_assert(arriving || file->onto < file->epoch);
    mn_assert(file->reported_in <= agent->report_sequence);
    for (uint32_t i = 0; i < file->heard_count; i++) {
        mn_assert(file->heard[i].peer < agent_vat_name_count(agent));
    }
}

static void invariant_vat(const struct agent *agent, const struct agent_vat *vat)
{
    bool process = vat->life == AGENT_LIFE_WAITING || vat->life == AGENT_LIFE_RUNNING ||
                   vat->life == AGENT_LIFE_UP;
    mn_assert(!process || vat->pid != 0);
    mn_assert(!vat->connected || agent_linked_vat(agent, &vat->connection) == vat);
    mn_assert(vat->next == NULL || vat->next->run > vat->start->run);
    mn_assert(vat->next == NULL || vat->next->run > vat->fence);
    mn_assert(!vat->awaited || agent->freeze.state != AGENT_FREEZE_OPEN);
    mn_assert(!vat->lease_wanted || !agent_vat_fenced(vat));
    mn_assert(vat->floor_safe <= vat->floor_asked);
    mn_assert(vat->floor_asked <= vat->floor);
    for (size_t i = 0; i < vat->file_count; i++) {
        mn_assert(i == 0 || vat->files[i - 1].epoch < vat->files[i].epoch);
        invariant_file(agent, vat, &vat->files[i]);
    }
    mn_assert(vat->busy || agent_vat_quiet(agent, vat));
    for (uint32_t slot = 0; slot < agent->partner_count; slot++) {
        mn_assert(vat->partners[slot] != agent->config.own);
    }
}

void agent_invariant(const struct agent *agent)
{
    size_t connected = 0;
    size_t wanting = 0;
    for (size_t i = 0; i < agent->vat_count; i++) {
        const struct agent_vat *vat = agent->vats[i];
        mn_assert(i == 0 || mn_name_compare(&agent->vats[i - 1]->name, &vat->name) < 0);
        invariant_vat(agent, vat);
        connected += vat->connected ? 1 : 0;
        wanting += vat->lease_wanted ? 1 : 0;
    }
    mn_assert(connected == agent->link_count);
    mn_assert(wanting == agent->lease_want_count);
    mn_assert(agent->generation_safe <= agent->generation);
    mn_assert(agent->recorded <= agent->record_sequence);
    for (size_t i = 0; i < agent->pending_count; i++) {
        mn_assert(agent->pending[i].sequence > agent->recorded);
        mn_assert(i == 0 || agent->pending[i - 1].sequence <= agent->pending[i].sequence);
    }
    for (size_t i = 1; i < agent->decision_count; i++) {
        mn_assert(agent->decisions[i - 1].round < agent->decisions[i].round);
    }
    mn_assert(agent->everything.left <= agent->dirty_count);
    mn_assert(agent->freeze.rows.left <= agent->dirty_count);
    for (size_t i = 1; i < agent->batch_count; i++) {
        mn_assert(agent->batches[i - 1].sequence < agent->batches[i].sequence);
    }
}
