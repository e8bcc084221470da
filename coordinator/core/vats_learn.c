/* What agents, or records of what they said, know of a vat's lives: the lineage and the incarnation
 * that the start of its run said, and single forks with the incarnations which began there, from
 * checkpoints and from peers that met one. A journal that was lost learns them from there.
 *
 * A lineage that travels names the newest forks only, and the ledger counts the incarnation from
 * the forks that were seen. For each that is not named any more one stands in the ledger at which
 * nothing died: it is below the first epoch of run 1, and never travels. */
#include <string.h>

#include "base/check.h"
#include "coordinator_private.h"

/* A journal that was lost says nothing of how far a vat has come, so any run is heard, but for the
 * upper eighth of them: whatever is said, there are runs left to give out above it. The base, which
 * a wrong clock may put anywhere, ends another eighth below that: what is given out above it has to
 * be believed by the next coordinator, whose journal may be lost as well. */
enum { RUN_BASE_MAX = MN_RUN_MAX / 8 * 6, RUN_SAID_MAX = MN_RUN_MAX / 8 * 7 };

/* Each one that is not named costs a fork: of more incarnations than these nothing is believed. */
enum { INCARNATION_SAID_MAX = 4096 };

static bool fork_stands_in(const struct evidence_lineage *fork)
{
    return fork->next < mn_epoch_first(1);
}

static size_t forks_stand_in(const struct evidence_lineage *forks, size_t count)
{
    size_t first = 0;
    while (first < count && fork_stands_in(&forks[first])) {
        first += 1;
    }
    return first;
}

/* Both in the order of `next`; of two that are alike what is known stands. */
static size_t forks_unite(const struct evidence_lineage *known, size_t known_count,
                          const struct mn_fork *said, uint32_t said_count,
                          struct evidence_lineage *out)
{
    size_t count = 0;
    size_t at = 0;
    for (uint32_t i = 0; i < said_count; i++) {
        while (at < known_count && known[at].next <= said[i].next) {
            out[count++] = known[at++];
        }
        if (count == 0 || out[count - 1].next < said[i].next) {
            out[count++] = (struct evidence_lineage){.after = said[i].after,
                                                     .next = said[i].next,
                                                     .seen = said[i].seen,
                                                     .told = said[i].told,
                                                     .round = said[i].round,
                                                     .learnt = true};
        }
    }
    while (at < known_count) {
        out[count++] = known[at++];
    }
    return count;
}

/* Put as many before them as it takes for @incarnation. */
static size_t forks_fill(struct evidence_lineage *forks, size_t count, uint32_t incarnation)
{
    uint32_t seen = 0;
    for (size_t i = 0; i < count; i++) {
        seen += forks[i].seen ? 1 : 0;
    }
    size_t more = seen + 1 < incarnation ? incarnation - 1 - seen : 0;
    memmove(forks + more, forks, count * sizeof *forks);
    for (size_t i = 0; i < more; i++) {
        forks[i] =
            (struct evidence_lineage){.after = (mn_epoch)i, .next = (mn_epoch)i + 1, .seen = true};
    }
    return count + more;
}

bool vats_knows_life(const struct coordinator *coordinator, uint32_t vat, uint32_t incarnation,
                     const struct mn_fork *forks, uint32_t fork_count)
{
    if (incarnation > INCARNATION_SAID_MAX) {
        return true;
    }
    if (incarnation > coordinator->vats[vat].incarnation) {
        return false;
    }
    size_t count = 0;
    const struct evidence_lineage *known = ledger_vat_lineage(coordinator->ledger, vat, &count);
    size_t at = 0;
    for (uint32_t i = 0; i < fork_count; i++) {
        while (at < count && known[at].next < forks[i].next) {
            at += 1;
        }
        if (at == count || known[at].next != forks[i].next) {
            return false;
        }
    }
    return true;
}

void vats_applied(struct coordinator *coordinator, uint32_t vat, uint64_t round)
{
    struct vat_entry *entry = &coordinator->vats[vat];
    entry->applied = round > entry->applied ? round : entry->applied;
}

static bool vat_applied(const void *context, uint32_t vat, uint64_t round)
{
    const struct coordinator *coordinator = context;
    return coordinator->vats[vat].applied >= round;
}

void vats_settle_learnt(struct coordinator *coordinator)
{
    if (coordinator->forgotten) {
        (void)coordinator_fine(coordinator,
                               ledger_settle_learnt(coordinator->ledger, vat_applied, coordinator));
    }
}

bool vats_fork_fits(const struct coordinator *coordinator, uint32_t vat, const struct mn_fork *fork)
{
    size_t count = 0;
    const struct evidence_lineage *known = ledger_vat_lineage(coordinator->ledger, vat, &count);
    bool fits = fork->next != 0;
    for (size_t i = 0; i < count; i++) {
        fits = fits && (known[i].next <= fork->next || known[i].after <= fork->after ||
                        known[i].after >= fork->next);
    }
    return fits;
}

void vats_learn_life(struct coordinator *coordinator, uint32_t vat, uint32_t incarnation,
                     const struct mn_fork *forks, uint32_t fork_count)
{
    struct vat_entry *entry = &coordinator->vats[vat];
    for (uint32_t i = 0; i < fork_count; i++) {
        vats_applied(coordinator, vat, forks[i].round);
    }
    if (vats_knows_life(coordinator, vat, incarnation, forks, fork_count)) {
        return;
    }
    size_t known_count = 0;
    const struct evidence_lineage *known =
        ledger_vat_lineage(coordinator->ledger, vat, &known_count);
    size_t first = forks_stand_in(known, known_count);
    uint32_t least = incarnation > entry->incarnation ? incarnation : entry->incarnation;
    struct evidence_lineage *all =
        coordinator_take(coordinator, known_count + fork_count + least, sizeof *all);
    if (all == NULL) {
        return;
    }
    size_t count = forks_unite(known + first, known_count - first, forks, fork_count, all);
    count = forks_fill(all, count, least);
    proof_write(coordinator);
    mn_result result = ledger_set_lineage(coordinator->ledger, vat, all, count);
    if (coordinator_fine(coordinator, result == MN_BAD_INPUT ? MN_CORRUPT : result)) {
        entry->incarnation = ledger_vat_incarnation(coordinator->ledger, vat);
        /* Each began with a run of its own: also those on record of which no run was heard. */
        mn_run begun = count > 0 ? mn_epoch_run(all[count - 1].next) : 0;
        begun = begun > entry->incarnation ? begun : entry->incarnation;
        entry->run_seen = begun > entry->run_seen ? begun : entry->run_seen;
    }
}

bool vats_decided(const struct coordinator *coordinator, uint32_t vat)
{
    const struct round *round = round_active(coordinator);
    bool found = false;
    if (round != NULL && round->facts.state == COORDINATOR_ROUND_DECIDING) {
        for (uint32_t i = 0; i < round->decision.start_count; i++) {
            found = found || round->start_vats[i] == vat;
        }
    }
    return found;
}

bool vats_run_believed(const struct coordinator *coordinator, uint32_t vat, mn_run run)
{
    return run <= RUN_SAID_MAX || run <= coordinator->vats[vat].run;
}

void vats_run_seen(struct coordinator *coordinator, uint32_t vat, mn_run run)
{
    struct vat_entry *entry = &coordinator->vats[vat];
    mn_assert(vats_run_believed(coordinator, vat, run));
    entry->run_seen = run > entry->run_seen ? run : entry->run_seen;
    if (run > entry->run && !vats_decided(coordinator, vat)) {
        vats_first_forgotten(coordinator);
    }
}

mn_run vats_run_reached(const struct coordinator *coordinator, uint32_t vat)
{
    const struct vat_entry *entry = &coordinator->vats[vat];
    mn_run known = entry->run > entry->run_seen ? entry->run : entry->run_seen;
    mn_run base =
        coordinator->base < RUN_BASE_MAX ? (mn_run)coordinator->base : (mn_run)RUN_BASE_MAX;
    return known > base ? known : base;
}
