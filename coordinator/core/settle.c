/* Everybody has answered: what does that amount to?
 *
 * The decision is computed. Running vats that it takes back have to be stopped first, so that they
 * speak no more; they become suspects, and everybody is asked again. Each turn stops more vats, so
 * it ends. A vat that was stopped for a decision which then spares it is lost all the same. What is
 * not sure waits for those who were silent. */
#include "base/check.h"
#include "coordinator_private.h"

/* The silent are unknown in the evidence. */
static void settle_unknown(struct coordinator *coordinator)
{
    for (uint32_t i = 0; i < coordinator->vat_count; i++) {
        struct vat_entry *entry = &coordinator->vats[i];
        if (entry->unknown != entry->silent &&
            coordinator_fine(coordinator,
                             ledger_set_vat_unknown(coordinator->ledger, i, entry->silent))) {
            entry->unknown = entry->silent;
        }
    }
}

/* Suspects that would go on running: their processes are ended already. Whether there were any. */
static bool settle_stopped(struct coordinator *coordinator, const struct decision *decision)
{
    bool any = false;
    for (uint32_t i = 0; i < coordinator->vat_count; i++) {
        const struct vat_entry *entry = &coordinator->vats[i];
        if (!entry->suspect || entry->lost) {
            continue;
        }
        const struct decision_vat *row = decision_find(decision, i);
        if (row == NULL || row->outcome == MN_RUNNING) {
            vats_lose(coordinator, i, "it was stopped for a decision that spares it now");
            any = true;
        }
    }
    return any;
}

/* Running vats that the decision takes back, whatever the unknown may still say, become suspects.
 * Whether there were any. */
static bool settle_suspects(struct coordinator *coordinator, const struct decision *decision)
{
    bool any = false;
    for (size_t i = 0; i < decision->vat_count; i++) {
        const struct decision_vat *row = &decision->vats[i];
        struct vat_entry *entry = &coordinator->vats[row->vat];
        if (row->outcome != MN_RUNNING && row->sure && !entry->suspect) {
            entry->suspect = true;
            any = true;
        }
    }
    return any;
}

static bool settle_is_sure(const struct decision *decision)
{
    for (size_t i = 0; i < decision->vat_count; i++) {
        if (!decision->vats[i].sure) {
            return false;
        }
    }
    return true;
}

void settle(struct coordinator *coordinator, struct round *round)
{
    settle_unknown(coordinator);
    struct decision *decision = NULL;
    if (coordinator->effects->result != MN_OK ||
        !coordinator_fine(coordinator, ledger_decide(coordinator->ledger, &decision))) {
        return;
    }
    bool sure = settle_is_sure(decision);
    bool again = settle_suspects(coordinator, decision);
    again = settle_stopped(coordinator, decision) || again;
    if (again || !sure || !plan_make(coordinator, round, decision)) {
        round_move(coordinator, round, COORDINATOR_ROUND_COLLECT);
        round->again = again;
    }
    decision_destroy(&decision);
}
