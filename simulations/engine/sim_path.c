/* Who can reach whom, how long it takes, and how a place in the network is written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/sim_private.h"

static bool set_has(uint32_t first, uint32_t count, uint32_t machine)
{
    return machine >= first && machine - first < count;
}

static bool cut_has(const struct sim_cut *cut, uint32_t from, uint32_t to)
{
    return set_has(cut->from, cut->from_count, from) &&
           set_has(cut->to, cut->to_count, to) != cut->others;
}

bool sim_path(const struct sim *sim, uint32_t from, uint32_t to)
{
    if (from == to) {
        return true;
    }
    for (size_t i = 0; i < sim->cut_count; i++) {
        const struct sim_cut *cut = &sim->cuts[i];
        if (cut_has(cut, from, to) || (cut->both && cut_has(cut, to, from))) {
            return false;
        }
    }
    return true;
}

static void disturb_all(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->host_count; i++) {
        sim_disturb(sim, i);
    }
}

void sim_cut(struct sim *sim, const struct sim_cut *cut)
{
    mn_assert(sim->cut_count < SIM_CUT_COUNT_MAX);
    sim->cuts[sim->cut_count++] = *cut;
    disturb_all(sim);
}

void sim_heal(struct sim *sim, uint64_t fault)
{
    size_t kept = 0;
    for (size_t i = 0; i < sim->cut_count; i++) {
        if (sim->cuts[i].fault != fault) {
            sim->cuts[kept++] = sim->cuts[i];
        }
    }
    sim->cut_count = kept;
    disturb_all(sim);
    sim_net_release(sim);
}

mn_time sim_latency(struct sim *sim, uint32_t from, uint32_t to, size_t size)
{
    if (from == to) {
        return sim->config.local_us * 1000;
    }
    mn_time takes = sim->config.latency_us * 1000;
    if (sim->config.jitter_us > 0) {
        takes += (mn_time)mn_random_below(&sim->net_random, (uint64_t)sim->config.jitter_us * 1000);
    }
    if (sim->config.bandwidth_mbps > 0) {
        takes += (mn_time)size * 8000 / sim->config.bandwidth_mbps;
    }
    return takes;
}

/* Machine m is 10.A.B.C for m + 1 as three bytes. */
void sim_endpoint(const struct sim *sim, uint32_t machine, uint32_t port, struct mn_endpoint *out)
{
    (void)sim;
    memset(out, 0, sizeof *out);
    uint32_t number = machine + 1;
    (void)snprintf(out->text, sizeof out->text, "tcp://10.%u.%u.%u:%u", number >> 16 & 255,
                   number >> 8 & 255, number & 255, port);
}

bool sim_endpoint_parse(const struct sim *sim, const char *text, uint32_t *machine, uint32_t *port)
{
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    if (sscanf(text, "tcp://10.%u.%u.%u:%u", &a, &b, &c, port) != 4) { // NOLINT(cert-err34-c)
        return false;
    }
    *machine = (a << 16 | b << 8 | c) - 1;
    return *machine <= sim->host_count;
}

void sim_disturb(struct sim *sim, uint32_t host)
{
    if (host < sim->host_count) {
        sim->machines[host].disturbed = sim->now;
    }
}

struct observer_host sim_observe_host(const void *context, uint32_t host)
{
    const struct sim *sim = context;
    const struct sim_machine *machine = &sim->machines[host];
    struct observer_host facts = {.up = machine->up, .since = machine->disturbed};
    const struct sim_process *agent =
        machine->process != SIM_NOBODY ? sim->processes[machine->process] : NULL;
    facts.agent = agent != NULL && agent->paused_until == 0;
    facts.reached = sim_path(sim, host, sim->host_count) && sim_path(sim, sim->host_count, host);
    return facts;
}
