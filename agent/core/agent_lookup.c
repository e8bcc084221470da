/* Where the peers of our vats are, and whose the copies are that we hold. The coordinator answers
 * once and then pushes what changes; what it pushed may be lost, so a vat that asks again makes us
 * ask again, at most once a heartbeat. */
#include <string.h>

#include "agent_private.h"
#include "base/grow.h"

enum { LOOKUP_COUNT_MAX = 1 << 22 };

static size_t addresses_place(const struct agent *agent, uint32_t peer)
{
    size_t low = 0;
    size_t high = agent->address_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (agent->addresses[middle].peer < peer) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct agent_address *address_find(const struct agent *agent, uint32_t peer)
{
    size_t place = addresses_place(agent, peer);
    bool found = place < agent->address_count && agent->addresses[place].peer == peer;
    return found ? &agent->addresses[place] : NULL;
}

static struct agent_address *address_need(struct agent *agent, uint32_t peer)
{
    struct agent_address *found = address_find(agent, peer);
    if (found != NULL) {
        return found;
    }
    mn_result result =
        mn_grow(&agent->addresses, &agent->address_capacity, agent->address_count + 1,
                sizeof *agent->addresses, LOOKUP_COUNT_MAX);
    if (result != MN_OK) {
        agent_fail(agent, result);
        return NULL;
    }
    size_t place = addresses_place(agent, peer);
    memmove(agent->addresses + place + 1, agent->addresses + place,
            (agent->address_count - place) * sizeof *agent->addresses);
    agent->address_count += 1;
    agent->addresses[place] = (struct agent_address){.peer = peer};
    return &agent->addresses[place];
}

/* Where the watch (peer, vat) is, or belongs. */
static size_t watches_place(const struct agent *agent, uint32_t peer, uint32_t vat)
{
    size_t low = 0;
    size_t high = agent->watch_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct agent_watch *watch = &agent->watches[middle];
        if (watch->peer < peer || (watch->peer == peer && watch->vat < vat)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Whether it is a new one. */
static bool watch_add(struct agent *agent, uint32_t peer, uint32_t vat)
{
    size_t place = watches_place(agent, peer, vat);
    if (place < agent->watch_count && agent->watches[place].peer == peer &&
        agent->watches[place].vat == vat) {
        return false;
    }
    mn_result result = mn_grow(&agent->watches, &agent->watch_capacity, agent->watch_count + 1,
                               sizeof *agent->watches, LOOKUP_COUNT_MAX);
    if (result != MN_OK) {
        agent_fail(agent, result);
        return false;
    }
    memmove(agent->watches + place + 1, agent->watches + place,
            (agent->watch_count - place) * sizeof *agent->watches);
    agent->watches[place] = (struct agent_watch){.peer = peer, .vat = vat};
    agent->watch_count += 1;
    return true;
}

static void address_tell(struct agent *agent, const struct agent_vat *vat,
                         const struct agent_address *address)
{
    struct mn_to_vat *message = agent_say_vat(agent, &vat->connection, MN_TO_VAT_ADDRESS);
    if (message == NULL) {
        return;
    }
    message->address.peer = *agent_vat_name(agent, address->peer);
    message->address.run = address->run;
    message->address.incarnation = address->incarnation;
    message->address.endpoint = address->endpoint;
    if (address->host != AGENT_NONE) {
        memcpy(message->address.key, agent->directory->hosts[address->host].key, MN_KEY_TEXT_SIZE);
    }
}

static void address_ask(struct agent *agent, struct agent_address *address)
{
    struct mn_up *up = agent_say_up(agent, MN_UP_LOOKUP);
    if (up != NULL) {
        up->lookup.vat = *agent_vat_name(agent, address->peer);
        address->asked_at = agent->now;
    }
}

static void address_ask_again(struct agent *agent, struct agent_address *address)
{
    mn_time heartbeat = (mn_time)agent->config.heartbeat_ms * MN_MS;
    if (address->asked_at == 0 || agent->now - address->asked_at >= heartbeat) {
        address_ask(agent, address);
    }
}

/* What was said of a run that has been fenced since is of no use to those who ask now: they wait
 * for the next word. While the round is open they know of the fence, and that they wait. */
static bool address_over(const struct agent *agent, const struct agent_address *address)
{
    const struct agent_vat *peer =
        agent_frozen(agent) ? NULL : agent_find_vat(agent, agent_vat_name(agent, address->peer));
    return peer != NULL && address->run <= peer->fence;
}

void agent_lookup(struct agent *agent, struct agent_vat *vat, const struct mn_name *peer)
{
    uint32_t number = 0;
    mn_result result = agent_vat_number(agent, peer, &number);
    if (result != MN_OK) {
        agent_fail(agent, result);
        return;
    }
    struct agent_address *address = address_need(agent, number);
    if (address == NULL) {
        return;
    }
    if (watch_add(agent, number, vat->number)) {
        agent_suspect_watched(agent, vat, number);
    }
    if (address->known && !address_over(agent, address)) {
        address_tell(agent, vat, address);
    }
    address_ask_again(agent, address);
}

uint32_t agent_lookup_host(struct agent *agent, const struct agent_vat *vat, mn_run run)
{
    struct agent_address *address = address_need(agent, vat->number);
    if (address == NULL) {
        return AGENT_NONE;
    }
    if (address->known && address->run >= run) {
        return address->host;
    }
    address_ask_again(agent, address);
    return AGENT_NONE;
}

static bool address_same(const struct agent_address *a, const struct mn_address *b, uint32_t host)
{
    return a->run == b->run && a->incarnation == b->incarnation && a->host == host &&
           strcmp(a->endpoint.text, b->endpoint.text) == 0;
}

void agent_address(struct agent *agent, const struct mn_address *address)
{
    uint32_t peer = agent_vat_find(agent, &address->vat);
    uint32_t host = agent_host_find(agent, &address->host);
    struct agent_address *known = peer != AGENT_NONE ? address_find(agent, peer) : NULL;
    if (known == NULL || (known->known && address->run < known->run) ||
        (known->known && address_same(known, address, host))) {
        return;
    }
    known->known = true;
    known->run = address->run;
    known->incarnation = address->incarnation;
    known->host = host;
    known->endpoint = address->endpoint;
    for (size_t i = watches_place(agent, peer, 0);
         i < agent->watch_count && agent->watches[i].peer == peer; i++) {
        const struct mn_name *name = agent_vat_name(agent, agent->watches[i].vat);
        const struct agent_vat *vat = agent_find_vat(agent, name);
        if (vat != NULL && vat->connected) {
            address_tell(agent, vat, known);
        }
    }
}

void agent_lookup_again(struct agent *agent)
{
    for (size_t i = 0; i < agent->address_count; i++) {
        address_ask(agent, &agent->addresses[i]);
    }
}

mn_run agent_address_run(const struct agent *agent, uint32_t peer)
{
    const struct agent_address *address = address_find(agent, peer);
    return address != NULL && address->known ? address->run : 0;
}

bool agent_address_asked(const struct agent *agent, uint32_t peer)
{
    return address_find(agent, peer) != NULL;
}
