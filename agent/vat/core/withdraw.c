/* Messages that have waited too long for a peer that is out of reach: they are given up, and their
 * sender told which numbers, and whether the peer may have taken some of them all the same.
 *
 * Why this keeps every rule of numbers and of exactly once:
 *   - A number that was given up stays given: the batch remembers it, so `next` goes on above
 *     it and no number ever carries two contents.
 *   - The peer hears of it in a Skip, and goes on after a gap. Before that the withdrawal stands
 *     in a durable checkpoint of the sender (its batch's gate). Otherwise a sender that crashed
 *     between the two would be revived with the messages, hear that the peer has gone past them,
 *     and believe delivered what was skipped.
 *   - The Skip names the interval of the withdrawal, and the peer has heard that interval: if the
 *     sender is ever restored to a checkpoint before it, the peer goes back before the gap, or is
 *     told, as with a message; and the sender, which has the messages again and takes them for
 *     delivered, hears of the gap.
 *   - A crash before the withdrawal is in a checkpoint undoes it together with the turn that was
 *     told of it. The time then begins anew.
 *   - What the peer said it has taken is not given up, though it is still kept for a peer that may
 *     have forgotten it; what it took without being able to say so it keeps, and skips the rest.
 *   - Only whole closed intervals are given up, oldest first, and only while the peer cannot be
 *     reached: one that is slow makes its senders wait, and with one that does not agree (HELD)
 *     nothing is destroyed. */
#include "vat_private.h"

void session_withdraw(struct vat *vat, mn_time now, struct vat_session *session,
                      struct vat_effects *effects)
{
    uint64_t taken = session->acked > session->covered ? session->acked : session->covered;
    uint64_t first = 0;
    uint64_t last = 0;
    if (vat->send == MN_TIME_NEVER || now - session->since < vat->send) {
        return;
    }
    for (size_t i = session_batch_above(session, taken); i < session->batch_count; i++) {
        struct vat_batch *batch = session->batches[i];
        if (batch->epoch == vat->epoch || now - batch->sent_at < vat->send) {
            break;
        }
        size_t kept = batch->first > taken ? 0 : (size_t)(taken + 1 - batch->first);
        if (kept < batch->kept) {
            first = first == 0 ? batch->first + kept : first;
            last = batch->first + batch->kept - 1;
            batch_withdraw(vat, session, batch, kept);
        }
    }
    struct vat_delivery *delivery =
        first == 0 ? NULL : effect_deliver(effects, VAT_UNDELIVERED, &session->peer);
    if (delivery != NULL) {
        delivery->undelivered.first = first;
        delivery->undelivered.last = last;
        delivery->undelivered.perhaps_taken = first <= session->sent_ever;
    }
}
