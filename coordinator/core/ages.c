/* What a plan costs in time. How much work a vat loses that goes on from a checkpoint: the time
 * between the one and the other.
 *
 * Agents say how long ago, by their own clock, each checkpoint was written; from then on this
 * coordinator's clock counts, so of a vat that has a host no two clocks are compared. The ledger
 * keeps that in the 24 bits that a row has to spare: tenths of a second, which begin anew every 19
 * days. What is older than half of that is not known any more, and is forgotten before its number
 * could be taken for a newer one's. */
#include "coordinator_private.h"

#define AGES_UNIT (100 * MN_MS)

enum {
    AGES_COUNT = EVIDENCE_WRITTEN_MAX,
    AGES_KNOWN = AGES_COUNT / 2,
    AGES_SWEEP = AGES_COUNT / 4
};

static uint32_t ages_number(mn_time at)
{
    return 1 + (uint32_t)(at / AGES_UNIT % AGES_COUNT);
}

uint32_t ages_written(const struct coordinator *coordinator, uint32_t age)
{
    mn_time at = coordinator->now - (age > 0 ? (mn_time)(age - 1) * MN_MS : 0);
    bool known = age > 0 && at >= 0 && (coordinator->now - at) / AGES_UNIT < AGES_KNOWN;
    return known ? ages_number(at) : 0;
}

void ages_tick(struct coordinator *coordinator)
{
    if (coordinator->now >= coordinator->ages_due) {
        uint32_t oldest = ages_number(coordinator->now + AGES_UNIT);
        ledger_forget_written(coordinator->ledger, oldest, AGES_COUNT - AGES_KNOWN);
        coordinator->ages_due = coordinator->now + AGES_SWEEP * AGES_UNIT;
    }
}

/* Until when the vat worked, as far as is known. One that is lost did until its host was heard
 * last: what it may have done in its silence nobody saw. Of one that ended on a host that is there
 * it is the suspicion. */
static mn_time lost_until(const struct coordinator *coordinator, const struct round *round,
                          const struct vat_entry *vat)
{
    mn_time until = round->facts.suspected_at;
    if (!vat->lost || until == 0) {
        return coordinator->now;
    }
    if (vat->host < coordinator->host_count) {
        mn_time silence = detector_silence(coordinator->detector, coordinator->now, vat->host);
        mn_time heard = coordinator->now - silence;
        until = heard < until ? heard : until;
    }
    return until;
}

uint64_t coordinator_lost(const struct coordinator *coordinator, const struct decision_vat *row)
{
    const struct round *round = round_active(coordinator);
    uint32_t written = row->keep > 0 ? ledger_written(coordinator->ledger, row->vat, row->keep) : 0;
    if (written == 0) {
        return 0;
    }
    uint32_t age = (ages_number(coordinator->now) + AGES_COUNT - written) % AGES_COUNT;
    mn_time at = (coordinator->now / AGES_UNIT - age) * AGES_UNIT;
    mn_time until = round != NULL ? lost_until(coordinator, round, &coordinator->vats[row->vat])
                                  : coordinator->now;
    return 1 + (until > at ? (uint64_t)((until - at) / MN_MS) : 0);
}

bool coordinator_restore_estimate(const struct coordinator *coordinator, uint64_t count,
                                  mn_time *estimate)
{
    for (size_t i = coordinator->round_count; count > 0 && i > 0; i--) {
        const struct coordinator_round_facts *facts = &coordinator->rounds[i - 1]->facts;
        mn_time took = facts->restored_at - facts->decided_at;
        if (facts->decision == NULL || facts->decision->start_count == 0 ||
            facts->restored_at == 0 || took <= 0) {
            continue;
        }
        uint64_t before = facts->decision->start_count;
        mn_time each = took / (mn_time)before;
        *estimate = took + (count > before ? (mn_time)(count - before) * each : 0);
        return true;
    }
    return false;
}
