/* Everybody has answered: what does that amount to?
 *
 * The decision is computed. Running vats that it takes back have to be stopped first, so that they
 * speak no more; they become suspects, and everybody is asked again. Each turn stops more vats, so
 * it ends. A vat that was stopped for a decision which then spares it is lost all the same.
 *
 * What is not sure waits for those who were silent, but not for ever: a vat that never answers
 * would hold everybody who is lost. After some attempts in a row the plan takes it for lost, which
 * is safe, and waits for an operator where policy says so. Only then it is stopped. */
#include "base/check.h"
#include "coordinator_private.h"

/* How many hosts are gone or empty and never told this coordinator all that they had. */
static uint32_t untold_count(const struct coordinator *coordinator)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < coordinator->host_count; i++) {
        count += hosts_untold(coordinator, i) ? 1 : 0;
    }
    return count;
}

/* What a pass over all vats finds: in a large cluster each takes longer than most of what it is
 * for. */
struct settle_vats {
    bool waits;   /* somebody may still answer */
    bool stopped; /* some suspect is not lost: its process was ended for a decision */
    bool floors;  /* there are first floors to be taken */
};

/* The silent are unknown in the evidence. So are the lost vats of hosts that never told all that
 * they had, when there are so many of these that they may have held every copy of something; those
 * that ran before this coordinator came, and of which nobody remembers anything: all that knew how
 * far they had come may have burned; and those that have forgotten without being told so, of which
 * nobody knows how far they had come.
 *
 * Lost hosts may not answer any more, and a round does not wait for them: reading the unknown as
 * lost is safe whatever the truth is. */
static void settle_unknown(struct coordinator *coordinator, struct settle_vats *found)
{
    uint32_t untold = untold_count(coordinator);
    bool gaps = untold > 0 && untold >= coordinator->topology->checkpoints.stores;
    for (uint32_t i = 0; i < coordinator->vat_count; i++) {
        struct vat_entry *entry = &coordinator->vats[i];
        bool gone = gaps && entry->lost && hosts_untold(coordinator, entry->host);
        bool blank = entry->lost && entry->inherited && !entry->told_of;
        bool unknown = entry->silent || gone || blank || entry->forgot;
        if (entry->unknown != unknown &&
            coordinator_fine(coordinator,
                             ledger_set_vat_unknown(coordinator->ledger, i, unknown))) {
            entry->unknown = unknown;
        }
        found->waits = found->waits || entry->silent;
        found->stopped = found->stopped || (entry->suspect && !entry->lost);
        found->floors = found->floors || reports_floor_open(entry);
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
static bool settle_suspects(struct coordinator *coordinator, const struct decision *decision,
                            bool waits)
{
    bool any = false;
    for (size_t i = 0; i < decision->vat_count; i++) {
        const struct decision_vat *row = &decision->vats[i];
        struct vat_entry *entry = &coordinator->vats[row->vat];
        if (row->outcome != MN_RUNNING && (row->sure || !waits) && !entry->suspect) {
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

/* Whether the silent made something not sure, and are still waited for. */
static bool settle_silence(struct round *round, bool silent)
{
    round->silences = silent ? round->silences + 1 : 0;
    return silent && round->silences < COORDINATOR_SILENCE_COUNT_MAX;
}

/* While the plan waits the silent may still answer. */
static void settle_ask_later(struct coordinator *coordinator, struct round *round)
{
    mn_time attempt = coordinator->topology->timing.collect_ms * MN_MS;
    round->hold_at = round->silences > 0
                         ? coordinator->now + attempt * COORDINATOR_SILENCE_COUNT_MAX
                         : MN_TIME_NEVER;
}

void settle(struct coordinator *coordinator, struct round *round)
{
    struct settle_vats found = {.waits = false};
    settle_unknown(coordinator, &found);
    for (uint32_t i = 0; found.floors && i < coordinator->host_count; i++) {
        reports_first_floors(coordinator, i, true);
    }
    vats_settle_learnt(coordinator);
    struct decision *decision = NULL;
    if (coordinator->effects->result != MN_OK ||
        !coordinator_fine(coordinator, ledger_decide(coordinator->ledger, &decision))) {
        return;
    }
    bool silent = found.waits && !settle_is_sure(decision);
    bool again = settle_suspects(coordinator, decision, found.waits);
    again = (found.stopped && settle_stopped(coordinator, decision)) || again;
    bool waits = settle_silence(round, silent);
    if (again || waits || !plan_make(coordinator, round, decision)) {
        round_move(coordinator, round, COORDINATOR_ROUND_COLLECT);
        round->again = again;
    } else if (approve_waits(coordinator, round, &decision)) {
        round_move(coordinator, round, COORDINATOR_ROUND_PLAN);
        settle_ask_later(coordinator, round);
    } else if (silent && settle_suspects(coordinator, decision, false)) {
        round_move(coordinator, round, COORDINATOR_ROUND_COLLECT);
        round->again = true;
    } else {
        plan_record(coordinator, round, &decision);
    }
    decision_destroy(&decision);
}
