/* Vats that remember different things of one another. A vat that has forgotten what it had called
 * durable, and does not know it, was restored to too old a checkpoint when nobody knew of the later
 * one. Its peers do: they hold what they would send, and say so. A round then gives it a new
 * incarnation, in which it keeps all that it has.
 *
 * One word for it makes no round. This is what has to come together:
 *   - The vat and the peer both say so, of the same two runs and within a few heartbeats, each by
 *     the agent of the host where that run is up. A late word, or one from before either was
 *     started again, meets no other; a peer that invents things is not seconded by the vat.
 *   - Each names an epoch of the vat that died, by the lineage that this journal has, at a fork
 *     which nobody should have seen, and since which the vat has had no new incarnation: one
 *     explains all that died before it.
 * That this coordinator knew of no later checkpoint proves nothing against them: it may have
 * forgotten, or the reports may have been lost with the store while its host could not reach it.
 * Who knows enough to be believed can bring about one such round for each time that the vat was
 * revived; it takes from the vat what is not in a checkpoint yet. What does not come together is
 * held by the two, and is in the log. */
#include "base/grow.h"
#include "coordinator_private.h"

enum { CLAIM_COUNT_MAX = 4096 };

/* Whether it is that run of the vat which is meant, and is up. */
static bool run_up(const struct coordinator *coordinator, uint32_t vat, mn_run run)
{
    const struct vat_entry *entry = &coordinator->vats[vat];
    return entry->run == run && entry->said_any && entry->said == MN_VAT_UP && !entry->starting &&
           !entry->lost && !entry->suspect && !entry->fenced;
}

/* How the vat's epoch died at the first fork that it is dead by. */
enum death { DEATH_NONE, DEATH_SEEN, DEATH_UNSEEN, DEATH_EXPLAINED };

static enum death death_of(const struct coordinator *coordinator, uint32_t vat, mn_epoch epoch)
{
    size_t count = 0;
    const struct evidence_lineage *forks = ledger_vat_lineage(coordinator->ledger, vat, &count);
    enum death death = DEATH_NONE;
    for (size_t i = 0; i < count; i++) {
        if (death == DEATH_NONE && forks[i].after < epoch && epoch < forks[i].next) {
            death = forks[i].seen ? DEATH_SEEN : DEATH_UNSEEN;
        } else if (death == DEATH_UNSEEN && forks[i].seen) {
            death = DEATH_EXPLAINED;
        }
    }
    return death;
}

static bool claim_fresh(const struct coordinator *coordinator, mn_time at)
{
    mn_time window = coordinator_heartbeat(coordinator) * COORDINATOR_RETRY_HEARTBEATS;
    return at != INT64_MIN && coordinator->now - at <= window;
}

bool differs_stands(const struct coordinator *coordinator, size_t index)
{
    const struct differs_claim *claim = &coordinator->claims[index];
    return coordinator->vats[claim->vat].run == claim->run && !coordinator->vats[claim->vat].lost &&
           (claim_fresh(coordinator, claim->self_at) ||
            claim_fresh(coordinator, claim->witness_at));
}

/* Forget what nobody has seconded in time. */
static void claims_expire(struct coordinator *coordinator)
{
    size_t kept = 0;
    for (size_t i = 0; i < coordinator->claim_count; i++) {
        const struct differs_claim *claim = &coordinator->claims[i];
        if (claim_fresh(coordinator, claim->self_at) ||
            claim_fresh(coordinator, claim->witness_at)) {
            coordinator->claims[kept++] = *claim;
        }
    }
    coordinator->claim_count = kept;
}

/* The claim about these runs, made if there is none. NULL: there is no room; it is said again. */
static struct differs_claim *claim_need(struct coordinator *coordinator,
                                        const struct differs_claim *wanted)
{
    for (size_t i = 0; i < coordinator->claim_count; i++) {
        struct differs_claim *claim = &coordinator->claims[i];
        if (claim->vat == wanted->vat && claim->run == wanted->run &&
            claim->witness == wanted->witness && claim->witness_run == wanted->witness_run) {
            return claim;
        }
    }
    if (coordinator->claim_count == CLAIM_COUNT_MAX ||
        !coordinator_fine(coordinator, mn_grow(&coordinator->claims, &coordinator->claim_capacity,
                                               coordinator->claim_count + 1,
                                               sizeof *coordinator->claims, CLAIM_COUNT_MAX))) {
        return NULL;
    }
    struct differs_claim *made = &coordinator->claims[coordinator->claim_count++];
    *made = *wanted;
    return made;
}

/* In the log once for each run. */
static void claim_doubt(struct coordinator *coordinator, const struct differs_claim *claim)
{
    struct vat_entry *entry = &coordinator->vats[claim->vat];
    if (entry->doubted) {
        return;
    }
    entry->doubted = true;
    coordinator_tell(coordinator,
                     (struct coordinator_note_facts){
                         .note = COORDINATOR_NOTE_DIFFERS,
                         .vat = coordinator_vat_name(coordinator, claim->vat),
                         .run = claim->run,
                         .text = "it is said to have forgotten what it had called durable, of "
                                 "which it was given a new incarnation since; its sessions are "
                                 "held"});
}

/* Whether both have said it, and it can be. */
static bool claim_holds(struct coordinator *coordinator, const struct differs_claim *wanted,
                        mn_epoch epoch, bool self)
{
    enum death death = death_of(coordinator, wanted->vat, epoch);
    if (death == DEATH_EXPLAINED) {
        claim_doubt(coordinator, wanted);
    }
    if (death != DEATH_UNSEEN) {
        return false;
    }
    claims_expire(coordinator);
    struct differs_claim *claim = claim_need(coordinator, wanted);
    if (claim == NULL) {
        return false;
    }
    *(self ? &claim->self_at : &claim->witness_at) = coordinator->now;
    return claim_fresh(coordinator, claim->self_at) && claim_fresh(coordinator, claim->witness_at);
}

void differs_take(struct coordinator *coordinator, uint32_t host, const struct mn_up *message)
{
    const struct mn_differs *differs = &message->differs.differs;
    mn_run own = message->differs.vat.run;
    uint32_t teller = coordinator_find_vat(coordinator, &message->differs.vat.vat);
    uint32_t peer = coordinator_find_vat(coordinator, &differs->peer);
    if (teller == TOPOLOGY_NONE || peer == TOPOLOGY_NONE || teller == peer) {
        coordinator_refuse(coordinator, host, "about a vat that is not in the topology");
        return;
    }
    if (coordinator->vats[teller].host != host || !run_up(coordinator, teller, own) ||
        !run_up(coordinator, peer, differs->run)) {
        return;
    }
    struct differs_claim wanted = {.vat = differs->self ? teller : peer,
                                   .run = differs->self ? own : differs->run,
                                   .witness = differs->self ? peer : teller,
                                   .witness_run = differs->self ? differs->run : own,
                                   .self_at = INT64_MIN,
                                   .witness_at = INT64_MIN};
    if (claim_holds(coordinator, &wanted, differs->epoch, differs->self)) {
        vats_forgot(coordinator, wanted.vat);
    }
}
