/* G2 precise. A running vat is taken back only when it has heard what somebody forgot, and a vat is
 * told only of a peer with whom it has ever exchanged anything. */
#include "observer/observer_private.h"

/* Whether the vat took something above @keep that is dead by now: what it took up to its floor is
 * settled. Of what was taken so long ago that it is forgotten, the newest epoch is no later than
 * `settled`. */
static bool took_dead(struct observer *observer, const struct observer_round *round,
                      uint32_t number, mn_epoch keep)
{
    const struct observer_vat *vat = &observer->vats[number];
    for (size_t i = 0; i < vat->sender_count; i++) {
        const struct observer_pair *pair = observer_pair(observer, vat->senders[i], number);
        if (pair->taken_forgotten > observer_sent(pair) && vat->settled > keep) {
            return true;
        }
        for (size_t k = pair->taken_count; k > 0 && pair->taken[k - 1].index > observer_sent(pair);
             k--) {
            if (pair->taken[k - 1].epoch > keep) {
                return true;
            }
        }
        if (g1_heard_of_gap(round, vat->senders[i], &pair->gaps_taken, keep, INT64_MAX)) {
            return true;
        }
    }
    return false;
}

static void told_of_strangers(struct observer *observer, const struct mn_journal_decision *decision,
                              const struct mn_told *told)
{
    uint32_t vat = topology_find_vat(observer->topology, told->vat.text);
    for (uint32_t i = 0; i < told->notice_count; i++) {
        const struct mn_notice *notice = &decision->notices[told->notice_first + i];
        uint32_t peer = topology_find_vat(observer->topology, notice->peer.text);
        if (observer_pair_find(observer, vat, peer) == NULL &&
            observer_pair_find(observer, peer, vat) == NULL) {
            observer_fail(observer, "G2", "round %llu tells %s of %s, of which it never heard",
                          (unsigned long long)decision->round, told->vat.text, notice->peer.text);
        }
    }
}

void g2_decided(struct observer *observer, const struct observer_round *round,
                const struct mn_journal_decision *decision)
{
    for (size_t i = 0; i < round->start_count; i++) {
        const struct observer_start *start = &round->starts[i];
        if (start->was_running && !took_dead(observer, round, start->vat, start->keep)) {
            observer_fail(observer, "G2",
                          "round %llu takes %s, which was running, back to %llx, and it has heard "
                          "nothing that anybody forgot",
                          (unsigned long long)round->round, observer_vat_name(observer, start->vat),
                          (unsigned long long)start->keep);
        }
    }
    for (uint32_t i = 0; i < decision->told_count; i++) {
        told_of_strangers(observer, decision, &decision->told[i]);
    }
}
