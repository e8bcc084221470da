/* Evidence as the cluster that it is about: its domains, hosts, vats and policy, written as the
 * topology that an operator would have given. What evidence does not say, endpoints, keys, timing
 * and checkpoints, is made up or as its default; what it says of checkpoints is not taken. */
#include <stdio.h>
#include <string.h>

#include "docs/evidence.h"
#include "docs/file.h"
#include "scenario/scenario_private.h"

static void add_hosts(const struct evidence *evidence, struct mn_text *text)
{
    mn_text_add(text, "domains: {\n");
    for (size_t i = 0; i < evidence->domain_count; i++) {
        const struct evidence_domain *domain = &evidence->domains[i];
        mn_text_add_format(text, "  \"%s\": {", domain->name);
        if (domain->in != EVIDENCE_NONE) {
            mn_text_add_format(text, "in: \"%s\"", evidence->domains[domain->in].name);
        }
        mn_text_add(text, "},\n");
    }
    mn_text_add(text, "}\nhosts: {\n");
    for (size_t i = 0; i < evidence->host_count; i++) {
        const struct evidence_host *host = &evidence->hosts[i];
        unsigned number = (unsigned)i + 1;
        mn_text_add_format(text,
                           "  \"%s\": {agent: \"tcp://10.%u.%u.%u:1\", address: 10.0.0.1, key: "
                           "\"%040u\"",
                           host->name, number >> 16 & 255, number >> 8 & 255, number & 255, number);
        if (host->in != EVIDENCE_NONE) {
            mn_text_add_format(text, ", in: \"%s\"", evidence->domains[host->in].name);
        }
        mn_text_add(text, "},\n");
    }
    mn_text_add(text, "}\n");
}

static void add_vats(const struct evidence *evidence, struct mn_text *text)
{
    mn_text_add(text, "vats: {\n");
    for (size_t i = 0; i < evidence->vat_count; i++) {
        const struct evidence_vat *vat = &evidence->vats[i];
        mn_text_add_format(text, "  \"%s\": {host: \"%s\", command: [bank], limit: %lld%s%s},\n",
                           vat->name, evidence->hosts[vat->host].name, (long long)vat->limit,
                           vat->sends == EVIDENCE_EARLY ? ", sends: early" : "",
                           vat->on_peer_rollback == EVIDENCE_BE_TOLD ? ", on_peer_rollback: be_told"
                                                                     : "");
    }
    mn_text_add_format(text, "}\npolicy: {total_loss: %s}\n",
                       evidence->policy.total_loss == EVIDENCE_TOTAL_LOSS_ROLL_BACK ? "roll_back"
                                                                                    : "tell");
}

static bool is_placed(const struct evidence *evidence, struct mn_error *error)
{
    for (size_t i = 0; i < evidence->vat_count; i++) {
        if (evidence->vats[i].host == EVIDENCE_NONE) {
            mn_error_set(error, "evidence whose vat %s stands on no host; expected a host for each",
                         evidence->vats[i].name);
            return false;
        }
    }
    return true;
}

bool scenario_is_evidence(const char *bytes, size_t size)
{
    size_t first = size < 4096 ? size : 4096;
    return bytes != NULL && memmem(bytes, first, "evidence", 8) != NULL &&
           memmem(bytes, first, "topology:", 9) == NULL;
}

mn_result scenario_evidence_topology(const char *bytes, size_t size, const char *path,
                                     struct topology **topology, struct mn_error *error)
{
    struct evidence *evidence = NULL;
    struct mn_text text = {0};
    mn_result result = evidence_read(bytes, size, path, &evidence, error);
    if (result == MN_OK && !is_placed(evidence, error)) {
        result = MN_BAD_INPUT;
    }
    if (result == MN_OK) {
        mn_text_add_format(&text,
                           "topology: 1\ncoordinator: {agents: \"tcp://10.0.0.1:1\", operators: "
                           "\"tcp://10.0.0.1:2\", key: \"%040u\"}\n",
                           0U);
        add_hosts(evidence, &text);
        add_vats(evidence, &text);
        result = mn_text_result(&text);
    }
    if (result == MN_OK) {
        result = topology_read(text.bytes, text.size, path, topology, error);
    }
    mn_text_deinit(&text);
    evidence_destroy(&evidence);
    return result;
}
