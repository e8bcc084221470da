/* Leases: which vats here want to act on the world outside, and until when each may.
 *
 * The coordinator says for exactly which runs; here it is known when it was asked, and a lease
 * counts from then: on our clock, which runs on while the machine sleeps. What an answer to an
 * earlier process of this agent says is not taken, because that had a clock of its own. A vat that
 * never asks costs nothing.
 *
 * Invariant: nobody is given a lease who is fenced, being ended, or another run than was asked for;
 * a vat that is fenced is told that its lease is over, and is killed besides. */
#include "agent_private.h"

static bool lease_may(const struct agent_vat *vat)
{
    return vat->lease_wanted && vat->connected && vat->life == AGENT_LIFE_UP &&
           !agent_vat_fenced(vat);
}

/* Ask for the vats at @vats that may have one. */
static void lease_ask(struct agent *agent, struct agent_vat *const *vats, size_t count)
{
    struct mn_vat_run *asked = agent_take(agent, count, sizeof *asked);
    uint32_t asked_count = 0;
    for (size_t i = 0; asked != NULL && i < count; i++) {
        if (lease_may(vats[i])) {
            asked[asked_count++] =
                (struct mn_vat_run){.vat = vats[i]->name, .run = vats[i]->start->run};
        }
    }
    struct mn_up *up = asked_count > 0 ? agent_say_up(agent, MN_UP_LEASES) : NULL;
    if (up == NULL) {
        return;
    }
    agent->lease_number += 1;
    agent->lease_asked[agent->lease_number % AGENT_LEASE_ASKED_COUNT] = agent->now;
    up->leases.asker = agent->config.disk;
    up->leases.number = agent->lease_number;
    up->leases.vats = asked;
    up->leases.vat_count = asked_count;
}

void agent_lease_tick(struct agent *agent)
{
    for (size_t first = 0;
         agent->lease_want_count > 0 && agent->welcomed && first < agent->vat_count;
         first += AGENT_LEASE_BATCH_COUNT) {
        size_t left = agent->vat_count - first;
        lease_ask(agent, agent->vats + first,
                  left < AGENT_LEASE_BATCH_COUNT ? left : AGENT_LEASE_BATCH_COUNT);
    }
}

void agent_lease_want(struct agent *agent, struct agent_vat *vat)
{
    if (vat->lease_wanted || agent_vat_fenced(vat)) {
        return; /* it is asked for with every heartbeat; or it is over */
    }
    vat->lease_wanted = true;
    vat->lease_until = INT64_MIN;
    agent->lease_want_count += 1;
    if (agent->welcomed) {
        lease_ask(agent, &vat, 1);
    }
}

static void lease_say(struct agent *agent, struct agent_vat *vat, mn_time until)
{
    vat->lease_until = until;
    struct mn_to_vat *message = agent_say_vat(agent, &vat->connection, MN_TO_VAT_LEASE);
    if (message != NULL) {
        message->lease.until = until;
    }
}

void agent_leased(struct agent *agent, const struct mn_down *down)
{
    uint64_t number = down->leased.number;
    if (down->leased.asker != agent->config.disk || number == 0 || number > agent->lease_number ||
        agent->lease_number - number >= AGENT_LEASE_ASKED_COUNT) {
        return;
    }
    mn_time until = agent->lease_asked[number % AGENT_LEASE_ASKED_COUNT] +
                    (mn_time)down->leased.lease_ms * MN_MS;
    for (uint32_t i = 0; i < down->leased.vat_count; i++) {
        struct agent_vat *vat = agent_find_vat(agent, &down->leased.vats[i].vat);
        if (vat != NULL && vat->start->run == down->leased.vats[i].run && lease_may(vat) &&
            until > agent->now && until > vat->lease_until) {
            lease_say(agent, vat, until);
        }
    }
}

void agent_lease_end(struct agent *agent, struct agent_vat *vat)
{
    if (!vat->lease_wanted) {
        return;
    }
    vat->lease_wanted = false;
    agent->lease_want_count -= 1;
    if (vat->lease_until > agent->now && vat->connected) {
        lease_say(agent, vat, agent->now);
    }
}
