/* The tables of vats and of their connections, both sorted, and copies of what messages point to.
 * A vat once known stays known as long as the agent: its fence and its files outlive its process.
 */
#include <stdlib.h>
#include <string.h>

#include "agent_private.h"
#include "base/grow.h"

/* What a vat has that was never to run here: most are copies for others. */
static const struct mn_start start_none;

static void start_forget(const struct mn_start *start)
{
    if (start != NULL && start != &start_none) {
        free((void *)start->chain);
        free((void *)start);
    }
}

/* Where @name is, or belongs. */
static size_t vats_place(const struct agent *agent, const struct mn_name *name)
{
    size_t low = 0;
    size_t high = agent->vat_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (mn_name_compare(&agent->vats[middle]->name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct agent_vat *agent_find_vat(const struct agent *agent, const struct mn_name *name)
{
    size_t place = vats_place(agent, name);
    if (place < agent->vat_count && mn_name_equal(&agent->vats[place]->name, name)) {
        return agent->vats[place];
    }
    return NULL;
}

struct agent_vat *agent_need_vat(struct agent *agent, const struct mn_name *name)
{
    struct agent_vat *vat = agent_find_vat(agent, name);
    if (vat != NULL) {
        return vat;
    }
    uint32_t number = 0;
    mn_result result = agent_vat_number(agent, name, &number);
    if (result == MN_OK) {
        result = mn_grow(&agent->vats, &agent->vat_capacity, agent->vat_count + 1,
                         sizeof(struct agent_vat *), AGENT_VAT_COUNT_MAX);
    }
    if (result == MN_OK) {
        result = mn_grow(&agent->busy.vats, &agent->busy.capacity, agent->vat_count + 1,
                         sizeof(struct agent_vat *), AGENT_VAT_COUNT_MAX);
    }
    if (result == MN_OK) {
        vat = calloc(1, sizeof *vat);
        result = vat != NULL ? MN_OK : MN_NO_MEMORY;
    }
    if (result != MN_OK) {
        agent_fail(agent, result);
        return NULL;
    }
    vat->name = *name;
    vat->number = number;
    vat->start = &start_none;
    vat->busy_list = &agent->busy;
    agent_copies_begin(agent, vat);
    size_t place = vats_place(agent, name);
    memmove(agent->vats + place + 1, agent->vats + place,
            (agent->vat_count - place) * sizeof(struct agent_vat *));
    agent->vats[place] = vat;
    agent->vat_count += 1;
    /* The freeze of now said it of all suspects before this host had to do with this one. */
    agent_put_fence(agent, vat, agent_suspect_run(agent, number));
    return vat;
}

void agent_vat_destroy(struct agent_vat *vat)
{
    agent_aside_free(vat);
    agent_adopt_free(vat);
    for (size_t i = 0; i < vat->file_count; i++) {
        free(vat->files[i].heard);
        free(vat->files[i].known.items);
        free(vat->files[i].copies);
    }
    free(vat->files);
    free(vat->holders);
    free(vat->interval.heard);
    free(vat->interval.known.items);
    start_forget(vat->start);
    agent_next_forget(vat);
    free(vat);
}

static int link_compare(const struct agent_link *link, const struct agent_connection *connection)
{
    return memcmp(link->connection.bytes, connection->bytes, sizeof connection->bytes);
}

static size_t links_place(const struct agent *agent, const struct agent_connection *connection)
{
    size_t low = 0;
    size_t high = agent->link_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (link_compare(&agent->links[middle], connection) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct agent_vat *agent_linked_vat(const struct agent *agent,
                                   const struct agent_connection *connection)
{
    size_t place = links_place(agent, connection);
    if (place < agent->link_count && link_compare(&agent->links[place], connection) == 0) {
        return agent->links[place].vat;
    }
    return NULL;
}

void agent_disconnect(struct agent *agent, struct agent_vat *vat)
{
    if (!vat->connected) {
        return;
    }
    size_t place = links_place(agent, &vat->connection);
    memmove(agent->links + place, agent->links + place + 1,
            (agent->link_count - place - 1) * sizeof *agent->links);
    agent->link_count -= 1;
    vat->connected = false;
    memset(&vat->connection, 0, sizeof vat->connection);
}

void agent_connect(struct agent *agent, struct agent_vat *vat,
                   const struct agent_connection *connection)
{
    struct agent_vat *other = agent_linked_vat(agent, connection);
    if (other == vat) {
        return;
    }
    if (other != NULL) {
        agent_disconnect(agent, other);
    }
    agent_disconnect(agent, vat);
    mn_result result = mn_grow(&agent->links, &agent->link_capacity, agent->link_count + 1,
                               sizeof *agent->links, AGENT_VAT_COUNT_MAX);
    if (result != MN_OK) {
        agent_fail(agent, result);
        return;
    }
    size_t place = links_place(agent, connection);
    memmove(agent->links + place + 1, agent->links + place,
            (agent->link_count - place) * sizeof *agent->links);
    agent->links[place] = (struct agent_link){.connection = *connection, .vat = vat};
    agent->link_count += 1;
    vat->connected = true;
    vat->connection = *connection;
    vat->intervals_due = 0;
}

bool agent_copy_heard(struct agent *agent, const struct mn_name *names,
                      const struct mn_heard *heard, uint32_t count, struct mn_heard **out)
{
    *out = NULL;
    if (count == 0) {
        return true;
    }
    struct mn_heard *copy = malloc(count * sizeof *copy);
    mn_result result = copy != NULL ? MN_OK : MN_NO_MEMORY;
    for (uint32_t i = 0; i < count && result == MN_OK; i++) {
        copy[i].epoch = heard[i].epoch;
        result = agent_vat_number(agent, &names[heard[i].peer], &copy[i].peer);
    }
    if (result != MN_OK) {
        free(copy);
        agent_fail(agent, result);
        return false;
    }
    *out = copy;
    return true;
}

bool agent_copy_known(struct agent *agent, const struct mn_name *names,
                      const struct mn_known *known, uint32_t count, struct agent_known *out)
{
    *out = (struct agent_known){0};
    struct mn_known *copy = malloc(((size_t)count + 1) * sizeof *copy);
    mn_result result = copy != NULL ? MN_OK : MN_NO_MEMORY;
    for (uint32_t i = 0; i < count && result == MN_OK; i++) {
        copy[i] = known[i];
        result = agent_vat_number(agent, &names[known[i].vat], &copy[i].vat);
    }
    if (result != MN_OK) {
        free(copy);
        agent_fail(agent, result);
        return false;
    }
    *out = (struct agent_known){.items = copy, .count = count};
    return true;
}

/* A copy in the heap, or NULL after failing. */
static struct mn_start *start_copy(struct agent *agent, const struct mn_start *start)
{
    struct mn_start *copy = malloc(sizeof *copy);
    struct mn_link *chain = NULL;
    if (copy != NULL && start->chain_count > 0) {
        chain = malloc(start->chain_count * sizeof *chain);
    }
    if (copy == NULL || (chain == NULL && start->chain_count > 0)) {
        free(copy);
        agent_fail(agent, MN_NO_MEMORY);
        return NULL;
    }
    if (chain != NULL) {
        memcpy(chain, start->chain, start->chain_count * sizeof *chain);
    }
    *copy = *start;
    copy->chain = chain;
    return copy;
}

bool agent_start_take(struct agent *agent, struct agent_vat *vat, const struct mn_start *start)
{
    const struct mn_start *copy = start_copy(agent, start);
    if (copy == NULL) {
        return false;
    }
    start_forget(vat->start);
    vat->start = copy;
    return true;
}

mn_run agent_next_run(const struct agent_vat *vat)
{
    return vat->next != NULL ? vat->next->run : 0;
}

void agent_next_forget(struct agent_vat *vat)
{
    start_forget(vat->next);
    vat->next = NULL;
}

bool agent_next_take(struct agent *agent, struct agent_vat *vat, const struct mn_start *start)
{
    const struct mn_start *next = start_copy(agent, start);
    if (next == NULL) {
        return false;
    }
    agent_next_forget(vat);
    vat->next = next;
    return true;
}
