/* Being there: hello, heartbeats, generations, and every vat's state said again now and then,
 * because a message may be lost with its connection. */
#include <string.h>

#include "agent_private.h"
#include "base/random.h"

/* How often the time until the next hello is doubled. */
enum { HELLO_DOUBLED_MAX = 3 };

static mn_time hello_heartbeat(const struct agent *agent)
{
    return (mn_time)agent->config.heartbeat_ms * MN_MS;
}

void agent_hello(struct agent *agent)
{
    if (!agent->begun || agent->stranger_count > 0) {
        return;
    }
    struct mn_vat_status *vats = agent_take(agent, agent->vat_count, sizeof *vats);
    struct mn_up *up = vats != NULL ? agent_say_up(agent, MN_UP_HELLO) : NULL;
    if (up == NULL) {
        return;
    }
    uint32_t count = 0;
    for (size_t i = 0; i < agent->vat_count; i++) {
        if (agent->vats[i]->life != AGENT_LIFE_NONE) {
            vats[count] = agent_vat_status(agent, agent->vats[i]);
            count += 1;
        }
    }
    up->hello.host = *agent_host_name(agent, agent->config.own);
    up->hello.agent = agent->config.agent;
    up->hello.vats = vats;
    up->hello.vat_count = count;
    up->hello.newest_round = agent_round_newest(agent);
    up->hello.head = agent->keeper.head;
    up->hello.numbering = agent->config.numbering;
    up->hello.holds = agent_holds(agent);
    up->hello.seen_round = agent->round_written;
    up->hello.frozen_round = agent->round_frozen;
    up->hello.everything = !agent->welcomed; /* hello_accepted sees to it */
    agent->said_hello = true;
    agent->hello_open = true;
    agent->hello_everything = false;
    agent->hello_tries += agent->hello_tries < UINT32_MAX ? 1 : 0;
    agent_hello_later(agent);
}

/* The next one in a while, unless it is answered before. Who is not answered waits longer each
 * time, and no two for as long: a coordinator that a whole cluster came back to answers them all
 * the later, the more say everything again. */
void agent_hello_later(struct agent *agent)
{
    mn_time wait = hello_heartbeat(agent) * AGENT_REFRESH_HEARTBEATS;
    if (agent->hello_tries > 1) {
        struct mn_random random = {agent->config.disk ^ (uint64_t)agent->now};
        uint32_t doubled = agent->hello_tries - 1;
        wait <<= doubled < HELLO_DOUBLED_MAX ? doubled : HELLO_DOUBLED_MAX;
        wait -= (mn_time)mn_random_below(&random, (uint64_t)wait / 2);
    }
    agent->hello_at = agent->now + wait;
}

/* The first hello waits until it is known which processes still run. */
void agent_hello_when_adopted(struct agent *agent)
{
    if (agent->said_hello) {
        return;
    }
    for (size_t i = 0; i < agent->vat_count; i++) {
        if (agent->vats[i]->adopting) {
            return;
        }
    }
    agent_hello(agent);
}

/* False when @generation is an old one: what it says is refused. A newer one is made durable, and
 * everything that follows waits for that, because records are durable in order. */
bool agent_generation_seen(struct agent *agent, uint64_t generation)
{
    if (generation < agent->generation) {
        agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_STALE_GENERATION,
                                                    .number = generation});
        return false;
    }
    if (generation > agent->generation) {
        agent->generation = generation;
        agent->hello_tries = 0;
        agent->welcomed = false;
        agent->welcome_held = false;
        agent->numbering = 0;
        agent_note(agent,
                   (struct agent_note_facts){.note = AGENT_NOTE_GENERATION, .number = generation});
        struct mn_agent_record record = {.kind = MN_AGENT_GENERATION, .generation = generation};
        agent_put_record(agent, &record, false);
        agent_when_recorded(agent, AGENT_THEN_GENERATION, NULL, 0, generation);
    }
    return true;
}

static void hello_everything(struct agent *agent)
{
    if (!agent->hello_everything) {
        agent->hello_everything = true;
        agent_dirty_all(agent);
    }
}

/* The coordinator knows this life of the disk: whoever goes on with what this one leaves says so. A
 * disk that knows of an earlier one only is an older disk. */
static void hello_note_welcome(struct agent *agent)
{
    if (agent->welcomed_life != agent->config.disk) {
        agent->welcomed_life = agent->config.disk;
        struct mn_agent_record record = {.kind = MN_AGENT_DISK, .disk = agent->config.disk};
        agent_put_record(agent, &record, false);
    }
}

/* We are known in this generation: the coordinator may have everything. */
static void hello_accepted(struct agent *agent)
{
    agent->welcomed = true;
    hello_note_welcome(agent);
    hello_everything(agent);
    agent_lookup_again(agent);
    agent->flush = true;
}

void agent_generation_recorded(struct agent *agent, uint64_t generation)
{
    agent->generation_safe = generation;
    if (generation < agent->generation) {
        return;
    }
    agent_hello(agent);
    if (agent->welcome_held) {
        hello_accepted(agent);
    }
}

void agent_welcome(struct agent *agent, const struct mn_down *down)
{
    if (agent->stranger_count > 0) {
        return; /* the hello that is to come has it said again */
    }
    agent->hello_tries = 0;
    agent->numbering = down->welcome.numbering;
    if (agent->generation_safe < agent->generation) {
        agent->welcome_held = true;
        return;
    }
    if (!agent->hello_open) { /* nobody asked for it: our hello was lost with a connection */
        agent_hello(agent);
    } else {
        agent->hello_open = false;
    }
    if (!agent->welcomed) {
        hello_accepted(agent);
    }
    if (down->welcome.send_everything) {
        hello_everything(agent);
        agent->flush = true;
    }
}

/* Of the newest round alone: older ones are over, or repeated on the coordinator's word. */
static void hello_handled(struct agent *agent)
{
    const struct agent_decision *newest = agent_decision_find(agent, agent_round_newest(agent));
    if (newest != NULL) {
        agent_notices_repeat(agent, newest);
    }
}

static void hello_refresh(struct agent *agent)
{
    size_t count = agent->vat_count / AGENT_REFRESH_HEARTBEATS + 1;
    count = count < agent->vat_count ? count : agent->vat_count;
    for (size_t i = 0; i < count; i++) {
        if (agent->refresh_next >= agent->vat_count) {
            agent->refresh_next = 0;
            hello_handled(agent);
        }
        const struct agent_vat *vat = agent->vats[agent->refresh_next];
        if (vat->life != AGENT_LIFE_NONE) {
            agent_say_state(agent, vat, "");
        }
        agent->refresh_next += 1;
    }
}

void agent_heartbeat(struct agent *agent)
{
    mn_time late = agent->now - agent->heartbeat_at;
    struct mn_up *up = agent_say_up(agent, MN_UP_HEARTBEAT);
    if (up != NULL) {
        agent->heartbeat_number += 1;
        up->heartbeat.number = agent->heartbeat_number;
        up->heartbeat.lag_ms = late / MN_MS > UINT32_MAX ? UINT32_MAX : (uint32_t)(late / MN_MS);
        up->heartbeat.disk_ms = agent->disk_ms;
        up->heartbeat.complete = agent_report_taken_up(agent, &agent->everything);
        up->heartbeat.untaken = agent_report_untaken(agent, &up->heartbeat.room);
    }
    agent_lease_tick(agent);
    agent->heartbeat_at += hello_heartbeat(agent);
    if (agent->heartbeat_at <= agent->now) {
        agent->heartbeat_at = agent->now + hello_heartbeat(agent);
    }
    /* Frozen for so long: the decision may have been lost with a connection, and the answer to a
     * hello says it again. */
    if ((!agent->welcomed || agent_frozen(agent)) && agent->said_hello &&
        agent->hello_at <= agent->now) {
        agent_hello(agent);
    }
    if (agent->welcomed) {
        hello_refresh(agent);
    }
    size_t busy = agent_busy_begin(agent);
    agent_local_tick(agent, busy);
    agent_durable_tick(agent, busy);
    agent_scrub_again(agent, busy);
    agent_aside_tick(agent, busy);
    agent_adopt_tick(agent, busy);
    agent_holder_tick(agent, busy);
    agent_fetch_tick(agent, busy);
    agent_copies_tick(agent, busy);
    agent_busy_end(agent, busy);
    agent_scrub_tick(agent);
    agent_report_tick(agent);
}
