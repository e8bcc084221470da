/* Gaps: numbers that a receiver goes on without, because nobody keeps them any more. Both vats are
 * handed each of them once.
 *
 * The receiver hears of one when it goes on after it, notes it in its checkpointed state, and says
 * so in each greeting. The sender notes in its own up to which number it has been told: what a
 * receiver in one incarnation goes on without lies above all that it went on without before. So
 * neither misses one by crashing, and neither is told again of what it has kept.
 *
 * A receiver that forgets goes back, and what it then goes on without may be what the sender was
 * told of, and more: of a new incarnation the sender hears each gap anew that this one found.
 *
 * With a gap the receiver remembers of which checkpoint the sender spoke when it had let go of it.
 * If the sender ever comes back from before that, it may give the same numbers to other messages.
 *
 * What a sender has withdrawn is a gap to the receiver too, and the sender knows. It stands in its
 * batches until the receiver is past it for good. A sender that has forgotten that it was withdrawn
 * is told as of any other gap. */
#include "vat_private.h"

static void gap_deliver(struct vat_session *session, uint64_t first, uint64_t last, bool sent,
                        struct vat_effects *effects)
{
    struct vat_delivery *delivery = effect_deliver(effects, VAT_GAP, &session->peer);
    if (delivery != NULL) {
        delivery->gap.first = first;
        delivery->gap.last = last;
        delivery->gap.sent = sent;
    }
}

bool gap_excused(const struct vat_session *session, uint64_t oldest)
{
    return oldest > session->taken + 1 && session->forked == session->taken + 1;
}

void gap_skip(const struct vat *vat, struct vat_session *session, uint64_t oldest, mn_epoch epoch,
              struct vat_effects *effects)
{
    gap_deliver(session, session->taken + 1, oldest - 1, false, effects);
    if (!session_skip(session, oldest - 1, vat->incarnation)) {
        effects->failed = true;
    }
    session_remember(session, epoch);
}

/* Tell the application that the peer goes on without these, but for what was withdrawn. */
static void gap_tell(struct vat_session *session, uint64_t first, uint64_t last,
                     struct vat_effects *effects)
{
    for (size_t i = session_batch_above(session, first - 1);
         i < session->batch_count && session->batches[i]->first <= last; i++) {
        const struct vat_batch *batch = session->batches[i];
        uint64_t withdrawn = batch->first + batch->kept;
        if (batch->kept == batch->count || withdrawn > last) {
            continue;
        }
        if (first < withdrawn) {
            gap_deliver(session, first, withdrawn - 1, true, effects);
        }
        first = batch->first + batch->count;
    }
    if (first <= last) {
        gap_deliver(session, first, last, true, effects);
    }
}

static void gaps_told(struct vat_session *session, uint64_t last)
{
    session->changed = session->changed || last != session->gaps_told;
    session->gaps_told = last;
}

/* Tell of those of @gaps, up to @taken, that were not told or that an incarnation above @known
 * found. What is above all that both know of is of a life of this vat that it has forgotten, and
 * the peer has not heard of that yet. Returns the last number of them. */
static uint64_t gaps_tell(struct vat_session *session, const struct mn_gaps *gaps, uint64_t taken,
                          uint32_t known, struct vat_effects *effects)
{
    uint64_t newest = 0;
    for (uint32_t i = 0; i < gaps->count; i++) {
        const struct mn_gap *gap = &gaps->items[i];
        uint64_t told = gap->incarnation > known ? 0 : session->gaps_told;
        uint64_t first = gap->first > told ? gap->first : told + 1;
        uint64_t last = gap->last < taken ? gap->last : taken;
        if (first <= last) {
            gap_tell(session, first, last, effects);
        }
        newest = gap->first <= last ? last : newest;
    }
    return newest;
}

void gaps_hear(struct vat_session *session, const struct mn_gaps *gaps, uint64_t taken,
               struct vat_effects *effects)
{
    uint64_t newest = gaps_tell(session, gaps, taken, UINT32_MAX, effects);
    if (newest > session->gaps_told) {
        gaps_told(session, newest);
    }
}

void gaps_agree(struct vat_session *session, const struct vat_numbers *numbers, uint32_t known,
                struct vat_effects *effects)
{
    if (known == 0) {
        /* Nothing was ever compared, so nothing was told. */
        gaps_hear(session, numbers->gaps, numbers->taken_of_me, effects);
        return;
    }
    uint64_t newest = gaps_tell(session, numbers->gaps, numbers->taken_of_me, known, effects);
    uint64_t oldest = session_oldest(session);
    if (numbers->taken_of_me + 1 < oldest) {
        gap_tell(session, numbers->taken_of_me + 1, oldest - 1, effects);
        newest = oldest - 1;
    }
    gaps_told(session, newest);
}

void gaps_release(struct vat_session *session, const struct vat_batch *batch)
{
    /* On an open link all below was told when it opened: since then the peer goes on without
     * nothing but what this vat has it skip. */
    uint64_t last = batch->first + batch->count - 1;
    if (batch->kept < batch->count && last > session->gaps_told) {
        gaps_told(session, last);
    }
}
