/* The suspects of a freeze, as seen from one host. A freeze names all of the cluster; what this
 * host notes of them for good, and tells its vats, is as much as has to do with it.
 *
 * A suspect concerns this host when something of it is or was here, or when a vat here has looked
 * it up: a vat believes no peer before its agent has said where that peer is, so only these can be
 * spoken to by it. Who looks it up later is told of the fence before the address. */
#include <stdlib.h>
#include <string.h>

#include "agent_directory.h"
#include "agent_private.h"

static int suspect_compare(const void *a, const void *b)
{
    const struct agent_suspect *left = a;
    const struct agent_suspect *right = b;
    return (left->number > right->number) - (left->number < right->number);
}

/* MN_BAD_INPUT: a number of another topology. */
static mn_result suspect_number(struct agent *agent, const struct mn_vat_table *named,
                                uint32_t index, uint32_t *number)
{
    if (named->numbering == 0) {
        return agent_vat_number(agent, &named->names[index], number);
    }
    *number = named->numbers[index];
    return *number < agent->directory->vat_count ? MN_OK : MN_BAD_INPUT;
}

bool agent_suspects_take(struct agent *agent, const struct mn_vat_table *named, const mn_run *runs)
{
    uint32_t count = named->count;
    if (named->numbering != 0 && named->numbering != agent->config.numbering) {
        return false; /* it is asked again, by name, once our hello has said so */
    }
    struct agent_suspect *suspects = NULL;
    if (count > 0) {
        suspects = malloc(count * sizeof *suspects);
        if (suspects == NULL) {
            agent_fail(agent, MN_NO_MEMORY);
            return false;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        suspects[i].run = runs[i];
        mn_result result = suspect_number(agent, named, i, &suspects[i].number);
        if (result != MN_OK) {
            free(suspects);
            if (result != MN_BAD_INPUT) {
                agent_fail(agent, result);
            }
            return false;
        }
    }
    if (count > 1) {
        qsort(suspects, count, sizeof *suspects, suspect_compare);
    }
    free(agent->freeze.suspects);
    agent->freeze.suspects = suspects;
    agent->freeze.suspect_count = count;
    return true;
}

void agent_suspects_fence(struct agent *agent)
{
    for (uint32_t i = 0; i < agent->freeze.suspect_count; i++) {
        const struct agent_suspect *suspect = &agent->freeze.suspects[i];
        const struct mn_name *name = agent_vat_name(agent, suspect->number);
        struct agent_vat *vat = agent_find_vat(agent, name);
        if (vat == NULL && agent_address_asked(agent, suspect->number)) {
            vat = agent_need_vat(agent, name);
        }
        if (vat != NULL) {
            agent_put_fence(agent, vat, suspect->run);
        }
    }
}

mn_run agent_suspect_run(const struct agent *agent, uint32_t number)
{
    const struct agent_suspect key = {.number = number};
    const struct agent_suspect *found =
        agent_frozen(agent) && agent->freeze.suspect_count > 0
            ? bsearch(&key, agent->freeze.suspects, agent->freeze.suspect_count, sizeof key,
                      suspect_compare)
            : NULL;
    return found != NULL ? found->run : 0;
}

void agent_suspect_watched(struct agent *agent, struct agent_vat *vat, uint32_t number)
{
    mn_run run = agent_suspect_run(agent, number);
    struct agent_vat *suspect =
        run != 0 ? agent_need_vat(agent, agent_vat_name(agent, number)) : NULL;
    if (suspect == NULL) {
        return;
    }
    agent_put_fence(agent, suspect, run);
    agent_freeze_tell(agent, vat);
    vat->awaited =
        vat->awaited || (agent->freeze.state == AGENT_FREEZE_COLLECTING && vat->intervals_due > 0);
}

uint32_t agent_suspects_of(const struct agent *agent, const struct agent_vat *vat,
                           struct mn_vat_run *out)
{
    uint32_t count = 0;
    for (size_t i = 0; i < agent->watch_count; i++) {
        const struct agent_watch *watch = &agent->watches[i];
        mn_run run = watch->vat == vat->number ? agent_suspect_run(agent, watch->peer) : 0;
        if (run != 0) {
            if (out != NULL) {
                out[count].vat = *agent_vat_name(agent, watch->peer);
                out[count].run = run;
            }
            count += 1;
        }
    }
    return count;
}
