/* The cluster of a simulation as a topology: written as a document, and read as one, so that what
 * the coordinator is given is what an operator would give it. Hosts are h0, h1, ...; vats v0, ...
 */
#include <stdlib.h>

#include "engine/sim_private.h"

static void write_domains(const struct sim_tree *tree, struct mn_text *text)
{
    mn_text_add(text, "domains:\n");
    for (uint32_t zone = 0; zone < tree->zone_count; zone++) {
        mn_text_add_format(text, "  z%u: {}\n", zone);
    }
    for (uint32_t rack = 0; rack < tree->rack_count; rack++) {
        mn_text_add_format(text, "  r%u: {in: z%u}\n", rack, tree->rack_zones[rack]);
    }
}

static void write_hosts(const struct sim *sim, struct mn_text *text)
{
    struct mn_endpoint endpoint;
    mn_text_add(text, "hosts:\n");
    for (uint32_t host = 0; host < sim->host_count; host++) {
        sim_endpoint(sim, host, SIM_PORT_AGENT, &endpoint);
        mn_text_add_format(text,
                           "  h%u: {in: r%u, agent: \"%s\", address: 10.0.0.1, key: \"%040u\"}\n",
                           host, sim->tree->host_racks[host], endpoint.text, host + 1);
    }
}

static void write_vats(const struct sim *sim, struct mn_text *text)
{
    mn_text_add(text, "vats:\n");
    for (uint32_t i = 0; i < sim->vat_count; i++) {
        const struct sim_tree_vat *vat = &sim->tree->vats[i];
        mn_text_add_format(text, "  v%u: {host: h%u, command: [bank], limit: %lld%s%s}\n", i,
                           vat->host, (long long)vat->limit,
                           vat->be_told ? ", on_peer_rollback: be_told" : "",
                           vat->early ? ", sends: early" : "");
    }
}

static void write_settings(const struct sim_config *config, struct mn_text *text)
{
    mn_text_add_format(text,
                       "timing: {heartbeat_ms: %lld, stale_ms: %lld, suspect_ms: %lld, "
                       "lost_ms: %lld, settle_ms: %lld, collect_ms: %lld, copy_ms: %lld, "
                       "connect_ms: %lld, send_ms: %lld, lease_ms: %lld}\n",
                       (long long)config->heartbeat_ms, (long long)config->stale_ms,
                       (long long)config->suspect_ms, (long long)config->lost_ms,
                       (long long)config->settle_ms, (long long)config->collect_ms,
                       (long long)config->copy_ms, (long long)config->connect_ms,
                       (long long)config->send_ms, (long long)config->lease_ms);
    mn_text_add_format(
        text,
        "checkpoints: {interval_ms: %lld, latency_ms: %lld, full_every: %lld, keep: %lld, "
        "stores: %lld, scrub_ms: %lld}\n",
        (long long)config->interval_ms, (long long)config->latency_ms,
        (long long)config->full_every, (long long)config->keep, (long long)config->stores,
        (long long)config->scrub_ms);
    mn_text_add_format(text, "policy: {total_loss: %s",
                       config->total_loss_roll_back != 0 ? "roll_back" : "tell");
    if (config->approve_ms == 0) {
        mn_text_add(text, ", approve: never");
    } else {
        mn_text_add_format(text, ", approve: {share: %lld.%02lld}",
                           (long long)config->approve_percent / 100,
                           (long long)config->approve_percent % 100);
    }
    mn_text_add(text, "}\noperators: {o: {role: approve, "
                      "key: \"oooooooooooooooooooooooooooooooooooooooo\"}}\n");
}

/* As many as there are to be, or the next lower number that may be: the first hosts of the zones,
 * or of the racks when there are too few zones. */
static void write_keepers(const struct sim *sim, struct mn_text *text)
{
    const struct sim_tree *tree = sim->tree;
    uint32_t wanted = (uint32_t)sim->config.keepers;
    wanted = wanted < tree->rack_count ? wanted : tree->rack_count;
    wanted = wanted % 2 == 0 && wanted > 0 ? wanted - 1 : wanted;
    mn_text_add(text, "keepers: [");
    for (uint32_t i = 0; i < wanted; i++) {
        uint32_t count = 0;
        uint32_t host = wanted <= tree->zone_count ? sim_tree_zone(tree, i, &count)
                                                   : sim_tree_rack(tree, i, &count);
        mn_text_add_format(text, "%sh%u", i > 0 ? ", " : "", host);
    }
    mn_text_add(text, "]\n");
}

static void make_names(struct sim *sim)
{
    struct agent_host *hosts = sim_take(sim->host_count, sizeof *hosts);
    bool *early = sim_take(sim->vat_count, sizeof *early);
    sim->vat_names = sim_take(sim->vat_count, sizeof *sim->vat_names);
    for (uint32_t i = 0; i < sim->host_count; i++) {
        const struct topology_host *host = &sim->topology->hosts[i];
        hosts[i].name = mn_name_of(host->name);
        hosts[i].domain = host->domain;
        for (size_t k = 0; k < MN_KEY_TEXT_LENGTH; k++) {
            hosts[i].key[k] = host->key[k];
        }
    }
    for (uint32_t i = 0; i < sim->vat_count; i++) {
        sim->vat_names[i] = mn_name_of(sim->topology->vats[i].name);
        early[i] = sim->topology->vats[i].early;
    }
    mn_result result = agent_directory_new(&sim->directory, hosts, sim->host_count, sim->vat_names,
                                           sim->vat_count, early);
    mn_assert(result == MN_OK);
    free(hosts);
    free(early);
}

void sim_topology_make(struct sim *sim)
{
    struct mn_text text = {0};
    struct mn_endpoint endpoint;
    struct mn_error error = {.text = ""};
    sim_endpoint(sim, sim->host_count, SIM_PORT_AGENT, &endpoint);
    mn_text_add_format(&text,
                       "topology: 1\ncoordinator: {agents: \"%s\", operators: "
                       "\"tcp://10.0.0.1:7\", key: \"%s\"}\n",
                       endpoint.text, "cccccccccccccccccccccccccccccccccccccccc");
    write_domains(sim->tree, &text);
    write_hosts(sim, &text);
    write_vats(sim, &text);
    write_keepers(sim, &text);
    write_settings(&sim->config, &text);
    mn_assert(mn_text_result(&text) == MN_OK);
    mn_result result = topology_read(text.bytes, text.size, "simulated", &sim->topology, &error);
    if (result != MN_OK) {
        (void)fprintf(stderr, "%s\n", error.text);
    }
    mn_assert(result == MN_OK);
    mn_text_deinit(&text);
    make_names(sim);
}
