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
 * message died so then go back to the first number that it gave after that fork. The others, whose
 * messages live, do not.
 *
 * A vat knows its newest forks only. So a peer that has slept through more lives is judged by the
 * messages that the vat keeps: what the two have not compared is all there, each with the epoch it
 * was first sent in. A peer that has taken a number in an earlier epoch than the one it is kept
 * with has another message under it; and what it shares with the vat ends where the vat's epochs
 * go beyond the one it names. */
#include "vat_private.h"

/* The fork at which the epoch died without anybody having seen it; NULL: it lives, or its end was
 * told. The fork an epoch died at is the first one that it is dead by. */
static const struct mn_fork *fork_unseen(const struct mn_lineage *lineage, mn_epoch epoch)
{
    for (uint32_t i = 0; i < lineage->count; i++) {
        const struct mn_fork *fork = &lineage->forks[i];
        if (fork->after < epoch && epoch < fork->next) {
            return fork->seen ? NULL : fork;
        }
    }
    return NULL;
}

/* Whether the epoch may have died at a fork that is too old for this lineage to name it. */
static bool forks_unclear(const struct mn_lineage *lineage, mn_epoch epoch)
{
    bool dead = false;
    for (uint32_t i = 0; i < lineage->count; i++) {
        dead = dead || (lineage->forks[i].after < epoch && epoch < lineage->forks[i].next);
    }
    return lineage->count == MN_LINEAGE_COUNT_MAX && epoch != 0 && !dead &&
           epoch < lineage->forks[0].next;
}

/* Whether the epoch may have died unseen: also at a fork that is too old to be named. */
static bool perhaps_unseen(const struct mn_lineage *lineage, mn_epoch epoch)
{
    return fork_unseen(lineage, epoch) != NULL || forks_unclear(lineage, epoch);
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

uint64_t session_unsent(const struct vat *vat, const struct vat_session *session)
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

/* The first number given after checkpoint @after: what the two have not compared is kept. */
static uint64_t number_after(const struct vat_session *session, mn_epoch after)
{
    for (size_t i = 0; i < session->batch_count; i++) {
        if (session->batches[i]->epoch > after) {
            return session->batches[i]->first;
        }
    }
    return session->next;
}

/* The first number that this vat has given anew of those that a peer has, which has taken @taken,
 * the last first sent in @epoch; 0 if there is none, as far as messages are kept. */
static uint64_t number_anew(const struct vat_session *session, uint64_t taken, mn_epoch epoch)
{
    size_t at = taken == 0 ? session->batch_count : session_batch_above(session, taken - 1);
    if (epoch == 0 || at == session->batch_count || session->batches[at]->first > taken ||
        session->batches[at]->epoch <= epoch) {
        return 0;
    }
    return number_after(session, epoch);
}

bool forgot_sent(const struct vat *vat, const struct vat_session *session, uint64_t taken,
                 mn_epoch epoch, uint32_t known)
{
    bool number = session_shared(session, taken, known) >= session_unsent(vat, session);
    bool unseen =
        known == vat->incarnation && taken > 0 &&
        (fork_unseen(&vat->lineage, epoch) != NULL || number_anew(session, taken, epoch) != 0);
    return known > vat->incarnation || number || unseen;
}

/* An epoch that died at the newest fork since this incarnation began, which nobody should have
 * seen; 0 if there is none. */
static mn_epoch epoch_unseen(const struct mn_lineage *lineage)
{
    if (lineage->count == 0 || lineage->forks[lineage->count - 1].seen) {
        return 0;
    }
    return lineage->forks[lineage->count - 1].next - 1;
}

void forgot_sent_found(struct vat *vat, struct vat_session *session, mn_run run, mn_epoch epoch,
                       struct vat_effects *effects)
{
    session->forgetful = true;
    session_trouble(vat, session,
                    " is held: the peer remembers more of this vat than it does itself, which was "
                    "restored to an older checkpoint than it had called durable",
                    effects);
    /* That the peer has taken numbers which were never given shows as well that something died
     * unseen: the epoch it names may be one that it went back to. */
    mn_epoch died = perhaps_unseen(&vat->lineage, epoch) ? epoch : epoch_unseen(&vat->lineage);
    if (died != 0) {
        say_differs(vat, session, run, true, died, effects);
    }
}

void forgot_taken_found(const struct vat *vat, struct vat_session *session, mn_run run,
                        mn_epoch epoch, struct vat_effects *effects)
{
    session_trouble(vat, session,
                    " is held: this vat has forgotten messages of the peer that it had called "
                    "durable, and no round explains it",
                    effects);
    if (perhaps_unseen(&vat->lineage, epoch)) {
        say_differs(vat, session, run, true, epoch, effects);
    }
}

void forgot_by_peer(const struct vat *vat, struct vat_session *session, mn_run run,
                    struct vat_effects *effects)
{
    session_trouble(vat, session,
                    " is held: the peer has forgotten what it had acknowledged, and no round "
                    "explains it; see which checkpoint the peer was restored from",
                    effects);
    /* Which of the two died, who knows the peer's lineage sees. */
    if (session->taken_epoch != 0) {
        say_differs(vat, session, run, false, session->taken_epoch, effects);
    }
    if (session->covered_epoch != 0 && session->covered_epoch != session->taken_epoch) {
        say_differs(vat, session, run, false, session->covered_epoch, effects);
    }
}

/* A peer that went back further than this incarnation's base goes back as far again, should it be
 * restored to where it knew only the one before. */
static void forgot_lower(const struct vat *vat, struct vat_session *session, uint64_t taken,
                         struct vat_effects *effects)
{
    if (!session->unsure || session->base_count == 0 ||
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
    session->unsure = false;
}

void forgot_anew(const struct vat *vat, struct vat_session *session, uint64_t taken, mn_epoch epoch,
                 uint32_t known, struct vat_effects *effects)
{
    uint64_t anew = number_anew(session, taken, epoch);
    uint64_t limit = bases_limit(session->bases, session->base_count, known);
    if (known < vat->incarnation && anew != 0 && anew < limit &&
        session_rebase(session, vat->incarnation, anew) != MN_OK) {
        effects->failed = true;
    }
}

void forgot_unsure(const struct vat *vat, const struct vat_session *session, struct mn_unsure *out)
{
    if (!session->unsure) {
        return;
    }
    out->lineage = vat->lineage;
    for (uint32_t i = 0; i < vat->lineage.count; i++) {
        out->anew[i] = number_after(session, vat->lineage.forks[i].after);
    }
}

uint64_t forgot_limit(const struct mn_unsure *unsure, mn_epoch epoch)
{
    const struct mn_fork *fork = fork_unseen(&unsure->lineage, epoch);
    return fork != NULL ? unsure->anew[fork - unsure->lineage.forks] : UINT64_MAX;
}

bool forgot_unclear(const struct mn_unsure *unsure, mn_epoch epoch)
{
    return forks_unclear(&unsure->lineage, epoch);
}

mn_epoch forgot_living(const struct mn_unsure *unsure, mn_epoch epoch)
{
    const struct mn_lineage *lineage = &unsure->lineage;
    mn_epoch living = lineage->count > 0 ? epoch : 0;
    for (uint32_t i = 0; i < lineage->count; i++) {
        const struct mn_fork *fork = &lineage->forks[i];
        /* The peer went on from that checkpoint, which both remember. */
        living = fork->after < living && living < fork->next ? fork->after : living;
    }
    return living;
}

struct mn_fork forgot_fork(const struct mn_life *life)
{
    struct mn_fork newest = {0};
    for (uint32_t i = 0; i < life->lineage.count; i++) {
        newest = life->lineage.forks[i].seen ? life->lineage.forks[i] : newest;
    }
    bool fits = life->incarnation > 1 && life->incarnation <= mn_epoch_run(newest.next);
    return fits ? newest : (struct mn_fork){0};
}
