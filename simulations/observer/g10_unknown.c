/* G10 unknown is an answer. A vat that runs stands in the evidence with its open interval, or with
 * a checkpoint that it wrote in this run since; otherwise as lost or as unknown. */
#include <string.h>

#include "observer/observer_private.h"

static bool listed(const struct evidence_names *names, uint32_t index)
{
    for (size_t i = 0; i < names->count; i++) {
        if (names->index[i] == index) {
            return true;
        }
    }
    return false;
}

static bool answered(const struct evidence *evidence, uint32_t vat, mn_run run)
{
    for (size_t i = 0; i < evidence->open_count; i++) {
        if (evidence->open[i].vat == vat) {
            return true;
        }
    }
    for (size_t i = 0; i < evidence->checkpoint_count; i++) {
        const struct evidence_checkpoint *checkpoint = &evidence->checkpoints[i];
        if (checkpoint->vat == vat && mn_epoch_run(checkpoint->epoch) == run) {
            return true;
        }
    }
    return false;
}

void g10_decided(struct observer *observer, const struct evidence *evidence)
{
    for (uint32_t i = 0; i < evidence->vat_count; i++) {
        uint32_t number = topology_find_vat(observer->topology, evidence->vats[i].name);
        const struct observer_vat *vat = &observer->vats[number];
        uint32_t host = evidence->vats[i].host;
        bool lost = listed(&evidence->lost.vats, i) ||
                    (host != EVIDENCE_NONE && listed(&evidence->lost.hosts, host));
        if (vat->process != 0 && !lost && !listed(&evidence->unknown.vats, i) &&
            !answered(evidence, i, vat->run)) {
            observer_fail(observer, "G10",
                          "%s runs, and the evidence neither has its open interval nor calls it "
                          "unknown",
                          observer_vat_name(observer, number));
        }
    }
}
