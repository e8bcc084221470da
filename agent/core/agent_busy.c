/* Which vats a heartbeat has to look at: those of which something is under way that time alone may
 * bring about. Most have nothing, so a heartbeat costs what is under way and not what there is.
 *
 * Invariant: a vat that is not in the list is quiet. Whatever may end that (a move of its life or
 * of one of its files, a new file, a partner that is gone) puts it into the list; only a heartbeat
 * takes it out again. */
#include <stdlib.h>

#include "agent_private.h"

void agent_touch(struct agent_vat *vat)
{
    if (!vat->busy) {
        vat->busy = true;
        vat->busy_list->vats[vat->busy_list->count] = vat; /* there is room for all vats */
        vat->busy_list->count += 1;
    }
}

static int busy_compare(const void *a, const void *b)
{
    const struct agent_vat *const *left = a;
    const struct agent_vat *const *right = b;
    return mn_name_compare(&(*left)->name, &(*right)->name);
}

size_t agent_busy_begin(struct agent *agent)
{
    if (agent->busy.count > 1) {
        qsort((void *)agent->busy.vats, agent->busy.count, sizeof(struct agent_vat *),
              busy_compare);
    }
    return agent->busy.count;
}

/* Whether its partners hold, and are being sent, nothing but what they have. */
static bool copies_quiet(const struct agent *agent, const struct agent_vat *vat)
{
    for (uint32_t slot = 0; slot < agent->partner_count; slot++) {
        if (vat->partners[slot] == AGENT_NONE || !agent_host_usable(agent, vat->partners[slot])) {
            return false;
        }
        for (size_t i = 0; i < vat->file_count; i++) {
            const struct agent_file *file = &vat->files[i];
            bool held = file->copies[slot].state == AGENT_COPY_HELD;
            if (!held && file->state == AGENT_FILE_HERE && agent_file_live(vat, file)) {
                return false;
            }
        }
    }
    return true;
}

bool agent_vat_quiet(const struct agent *agent, const struct agent_vat *vat)
{
    for (size_t i = 0; i < vat->file_count; i++) {
        const struct agent_file *file = &vat->files[i];
        if (file->state == AGENT_FILE_FAILED || file->state == AGENT_FILE_ARRIVING ||
            file->unread > 0) {
            return false;
        }
    }
    return !vat->unsent && vat->aside == NULL && vat->adoption == NULL &&
           vat->life != AGENT_LIFE_FETCHING &&
           (!agent_vat_owned(vat) || (copies_quiet(agent, vat) && agent_history_whole(vat)));
}

void agent_busy_end(struct agent *agent, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < agent->busy.count; i++) {
        struct agent_vat *vat = agent->busy.vats[i];
        if (i < count && agent_vat_quiet(agent, vat)) {
            vat->busy = false;
        } else {
            agent->busy.vats[kept] = vat;
            kept += 1;
        }
    }
    agent->busy.count = kept;
}
