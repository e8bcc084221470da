/* What one of two vats has forgotten, and no round explains: found by comparing, in both
 * directions, what each remembers of the other.
 *
 * A vat can be restored to a checkpoint below what it had called durable only when nobody knew any
 * more that there was a later one: copies gone, and a coordinator that had forgotten too. Then the
 * fork in its lineage says that nobody could have seen what died there, and a peer that names an
 * epoch of that range proves otherwise: by the epoch of the last message that it took, or by the
 * checkpoint in which this vat said that it had what the peer sent. Both vats then hold what they
 * would send, destroy nothing, and tell their agents; the coordinator compares the two reports.
 *
 * The round it opens gives the forgetful one a new incarnation. Those of its peers whose last
 * message died so then go back to the first number that it gave since it was restored and they have
 * not compared. The others, whose messages live, do not. */
#include "vat_private.h"

/* Whether the epoch died at a fork without anybody having seen it. The fork an epoch died at is the
 * first one that it is dead by. */
static bool fork_unseen(const struct mn_lineage *lineage, mn_epoch epoch)
{
    for (uint32_t i = 0; i < lineage->count; i++) {
        const struct mn_fork *fork = &lineage->forks[i];
        if (fork->after < epoch && epoch < fork->next) {
            return !fork->seen;
        }
    }
    return false;
}

static void say_differs(const struct vat *vat, const struct vat_session *session, mn_run run,
                        bool self, mn_epoch epoch, struct vat_effects *effects)
{
    struct mn_from_vat *message = effect_to_agent(vat, effects, MN_FROM_VAT_DIFFERS);
    if (message != NULL) {
        message->differs.peer = session->peer;
        message->differs.run = run;
        message->differs.self = self;
        message->differs.epoch = epoch;
    }
}

/* The first number that nobody can have been sent yet. */
static uint64_t number_unsent(const struct vat *vat, const struct vat_session *session)
{
    uint64_t number = session->next;
    for (size_t i = session->batch_count; i > 0 && !vat->early; i--) {
        const struct vat_batch *batch = session->batches[i - 1];
        if (batch->epoch <= vat->durable) {
            break;
        }
        number = batch->first;
    }
    return number;
}

bool forgot_sent(const struct vat *vat, const struct vat_session *session, uint64_t taken,
                 mn_epoch epoch, uint32_t known)
{
    bool number = session_shared(session, taken, known) >= number_unsent(vat, session);
    bool unseen = known == vat->incarnation && taken > 0 && fork_unseen(&vat->lineage, epoch);
    return known > vat->incarnation || number || unseen;
}

void forgot_sent_found(struct vat *vat, struct vat_session *session, mn_run run, mn_epoch epoch,
                       struct vat_effects *effects)
{
    session->forgetful = true;
    session_trouble(vat, session,
                    " is held: the peer remembers more of this vat than it does itself, which was "
                    "restored to an older checkpoint than it had called durable",
                    effects);
    if (fork_unseen(&vat->lineage, epoch)) {
        say_differs(vat, session, run, true, epoch, effects);
    }
}

void forgot_taken_found(const struct vat *vat, struct vat_session *session, mn_run run,
                        mn_epoch epoch, struct vat_effects *effects)
{
    session_trouble(vat, session,
                    " is held: this vat has forgotten messages of the peer that it had called "
                    "durable, and no round explains it",
                    effects);
    if (fork_unseen(&vat->lineage, epoch)) {
        say_differs(vat, session, run, true, epoch, effects);
    }
}

void forgot_by_peer(const struct vat *vat, struct vat_session *session, mn_run run, mn_epoch epoch,
                    struct vat_effects *effects)
{
    session_trouble(vat, session,
                    " is held: the peer has forgotten what it had acknowledged, and no round "
                    "explains it; see which checkpoint the peer was restored from",
                    effects);
    if (epoch != 0) {
        say_differs(vat, session, run, false, epoch, effects);
    }
}

/* A peer that went back further than this incarnation's base goes back as far again, should it be
 * restored to where it knew only the one before. */
static void forgot_lower(const struct vat *vat, struct vat_session *session, uint64_t taken,
                         struct vat_effects *effects)
{
    if (session->unsure == 0 || session->base_count == 0 ||
        session->bases[session->base_count - 1].number <= taken + 1) {
        return;
    }
    if (session_rebase(session, vat->incarnation, taken + 1) != MN_OK) {
        effects->failed = true;
    }
}

void forgot_nothing(const struct vat *vat, struct vat_session *session, uint64_t taken,
                    struct vat_effects *effects)
{
    session->troubled = false;
    session->uncompared = false;
    session->forgetful = false;
    forgot_lower(vat, session, taken, effects);
    session->unsure = 0;
}

void forgot_unsure(const struct vat *vat, const struct vat_session *session, struct mn_unsure *out)
{
    out->number = session->unsure;
    if (session->unsure != 0) {
        out->lineage = vat->lineage;
    }
}

uint64_t forgot_limit(const struct mn_unsure *unsure, mn_epoch epoch)
{
    bool anew = unsure->number != 0 && fork_unseen(&unsure->lineage, epoch);
    return anew ? unsure->number : UINT64_MAX;
}
