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
 * The round it opens gives the forgetful one a new incarnation. Its peers then go back to the first
 * number that it gave after that fork, which it has never sent to a peer that knew better. That
 * number is checkpointed before the agent hears of anything, so the life that the round begins has
 * it. */
#include "vat_private.h"

/* The fork at which the epoch of this vat died without anybody having seen it; NULL: it lives, or
 * its end was told. The fork an epoch died at is the first one that it is dead by. */
static const struct mn_fork *fork_unseen(const struct vat *vat, mn_epoch epoch)
{
    for (uint32_t i = 0; i < vat->lineage.count; i++) {
        const struct mn_fork *fork = &vat->lineage.forks[i];
        if (fork->after < epoch && epoch < fork->next) {
            return fork->seen ? NULL : fork;
        }
    }
    return NULL;
}

/* The first number given after checkpoint @after. */
static uint64_t number_after(const struct vat_session *session, mn_epoch after)
{
    for (size_t i = 0; i < session->batch_count; i++) {
        if (session->batches[i]->epoch > after) {
            return session->batches[i]->first;
        }
    }
    return session->next;
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

bool forgot_sent(const struct vat *vat, const struct vat_session *session, uint64_t taken,
                 mn_epoch epoch, uint32_t known)
{
    bool number = session_shared(session, taken, known) >= session->next;
    bool unseen = known == vat->incarnation && taken > 0 && fork_unseen(vat, epoch) != NULL;
    return known > vat->incarnation || number || unseen;
}

void forgot_sent_found(struct vat *vat, struct vat_session *session, mn_run run, mn_epoch epoch,
                       struct vat_effects *effects)
{
    const struct mn_fork *fork = fork_unseen(vat, epoch);
    uint64_t from = fork != NULL ? number_after(session, fork->after) : session->next;
    if (session->forgot == 0 || from < session->forgot) {
        session->forgot = from;
        session->forgot_noted = vat->epoch;
        session->changed = true;
    }
    session_trouble(vat, session,
                    " is held: the peer remembers more of this vat than it does itself, which was "
                    "restored to an older checkpoint than it had called durable",
                    effects);
    if (fork != NULL && session->forgot_noted <= vat->durable) {
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
    if (fork_unseen(vat, epoch) != NULL) {
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

void forgot_nothing(struct vat_session *session)
{
    session->troubled = false;
    session->uncompared = false;
    if (session->forgot != 0) {
        session->forgot = 0;
        session->changed = true;
    }
}
