/* The ledger: everything a decision is computed from, in memory, as it is reported.
 *
 * It holds what a document of EVIDENCE.md holds, takes it in any order, repeated and late, and
 * could decide after every call: nothing is put off. ledger_load of a document and the same facts
 * reported one by one give the same decisions, byte for byte.
 *
 * The rows are those of docs/evidence.h; its rules hold for them, and what they point to is
 * borrowed for the call. Indices are the ledger's own: each kind is numbered from 0 in the order in
 * which it was added. A core: no I/O, no clock; the order inside is that of the calls, never of
 * hashes.
 *
 * Failure:   MN_NO_MEMORY, or MN_FULL at a bound of evidence.h; the ledger is as it was.
 *            MN_BAD_INPUT where said, and for an index that does not exist, an epoch outside 1 to
 *            MN_EPOCH_MAX, or a row that breaks a promise of docs/evidence.h. */
#ifndef COORDINATOR_CORE_LEDGER_H
#define COORDINATOR_CORE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ids.h"
#include "base/result.h"
#include "docs/evidence.h"
#include "wire/common.h"

struct ledger;
struct decision; /* core/decision.h */

mn_result ledger_new(struct ledger **ledger) MN_CHECKED;
void ledger_destroy(struct ledger **ledger);

/* ---- who and what there is ------------------------------------------------------------------- */

/* Add one; its `in` or `host` must exist already (a domain's parent is added before it). The name
 * is copied. @index: out. MN_EXISTS when the name is taken among its kind (hosts and domains are
 * one kind in this). A vat's floor and lineage may be given here, or later. */
mn_result ledger_add_domain(struct ledger *ledger, const struct evidence_domain *domain,
                            uint32_t *index) MN_CHECKED;
mn_result ledger_add_host(struct ledger *ledger, const struct evidence_host *host,
                          uint32_t *index) MN_CHECKED;
mn_result ledger_add_store(struct ledger *ledger, const struct evidence_store *store,
                           uint32_t *index) MN_CHECKED;
mn_result ledger_add_vat(struct ledger *ledger, const struct evidence_vat *vat,
                         uint32_t *index) MN_CHECKED;

/* Borrowed for the ledger's life. */
const char *ledger_domain_name(const struct ledger *ledger, uint32_t domain);
const char *ledger_host_name(const struct ledger *ledger, uint32_t host);
const char *ledger_store_name(const struct ledger *ledger, uint32_t store);
const char *ledger_vat_name(const struct ledger *ledger, uint32_t vat);
uint32_t ledger_vat_count(const struct ledger *ledger);

/* Whether @epoch of the vat is dead (rule 1). */
bool ledger_epoch_dead(const struct ledger *ledger, uint32_t vat, mn_epoch epoch);
/* Whether it died in a decision that this journal has: then it is settled, for it was weighed there
 * who had heard it. Of what died at a fork that only others remember that is not known. */
bool ledger_epoch_weighed(const struct ledger *ledger, uint32_t vat, mn_epoch epoch);

/* 1 + the number of the vat's `seen` lineage entries. */
uint32_t ledger_vat_incarnation(const struct ledger *ledger, uint32_t vat);

/* The vat's whole lineage, in growing order of `next`; borrowed until it changes. */
const struct evidence_lineage *ledger_vat_lineage(const struct ledger *ledger, uint32_t vat,
                                                  size_t *count);

/* The vat runs on @host from now on (EVIDENCE_NONE: on none). */
mn_result ledger_move_vat(struct ledger *ledger, uint32_t vat, uint32_t host) MN_CHECKED;

/* The vat's whole lineage, in place of the one known. MN_BAD_INPUT when it breaks its rules. */
mn_result ledger_set_lineage(struct ledger *ledger, uint32_t vat,
                             const struct evidence_lineage *lineage, size_t count) MN_CHECKED;

/* ---- what is reported ------------------------------------------------------------------------ */

/* A checkpoint, or more about one that is known: `heard` and forms (the copies of equal forms) are
 * united, the lower `since` and the stronger `durable` stand; but where live rows say what was
 * heard between two `since`, or the floor has settled it, the higher one stands, with what was
 * heard after it. A copy reported again after it was lost or dropped is there again. A row below
 * the vat's floor that says of no copy and that nothing kept stands on is ignored. An open interval
 * that is not above the row is forgotten: it has become this checkpoint. */
mn_result ledger_checkpoint(struct ledger *ledger,
                            const struct evidence_checkpoint *row) MN_CHECKED;

/* As many rows, one after the other: what agents send comes in batches, and the waits for memory of
 * one row overlap with the work on those before it. @taken: out, how many rows were taken in, also
 * on failure; the ledger is as it was after these. */
mn_result ledger_checkpoints(struct ledger *ledger, const struct evidence_checkpoint *rows,
                             size_t count, size_t *taken) MN_CHECKED;

/* Something is going to be said of these vats (LEDGER numbers; others are passed over): what is
 * known of them is asked for at once, so that the waits for memory overlap. Changes nothing. */
void ledger_fetch(const struct ledger *ledger, const uint32_t *vats, size_t count);

/* The same in two steps for open intervals: of the places of the vats in them, in which it is seen
 * whether epochs are dead; and, as these say, of whatever else one will need. */
void ledger_fetch_places(const struct ledger *ledger, const uint32_t *vats, size_t count);
void ledger_fetch_open(const struct ledger *ledger, const struct evidence_open *open);

/* The interval that the vat is in, in place of the one known. One that is not above the vat's live
 * checkpoints is ignored: it is over. */
mn_result ledger_open(struct ledger *ledger, const struct evidence_open *open) MN_CHECKED;
/* Whether the vat's running state is covered (rule 4): no report is missing below it. */
bool ledger_running_covered(const struct ledger *ledger, uint32_t vat);

void ledger_forget_open(struct ledger *ledger, uint32_t vat);
/* Of @count vats from @first on. */
void ledger_forget_opens(struct ledger *ledger, uint32_t first, uint32_t count);

/* The copies of the checkpoint at @store are no more: they leave the forms, a form that can no
 * longer be restored leaves the row, and a row below its vat's floor that has no form left and that
 * nothing kept stands on leaves the ledger. MN_NOT_FOUND when there is no such checkpoint; no copy
 * is fine. */
mn_result ledger_drop_copies(struct ledger *ledger, uint32_t vat, mn_epoch epoch,
                             uint32_t store) MN_CHECKED;

/* Every copy at @store is no more: a lost host that comes back comes back empty until it reports.
 */
mn_result ledger_drop_store(struct ledger *ledger, uint32_t store) MN_CHECKED;

/* ---- what is lost or not known --------------------------------------------------------------- */

enum ledger_loss_kind {
    LEDGER_LOSS_DOMAIN,
    LEDGER_LOSS_HOST,
    LEDGER_LOSS_STORE,
    LEDGER_LOSS_VAT,
    LEDGER_LOSS_CHECKPOINT, /* vat index, epoch */
    LEDGER_LOSS_COPY        /* vat index, epoch, store */
};

struct ledger_loss {
    enum ledger_loss_kind kind;
    uint32_t index;
    mn_epoch epoch;
    uint32_t store;
};

/* Name it in `lost`, or take it out again. Again is fine. MN_NOT_FOUND for a checkpoint or copy
 * that is not listed. */
mn_result ledger_lose(struct ledger *ledger, const struct ledger_loss *loss) MN_CHECKED;
mn_result ledger_unlose(struct ledger *ledger, const struct ledger_loss *loss) MN_CHECKED;

/* Name a vat or store in `unknown`, or take it out. */
mn_result ledger_set_vat_unknown(struct ledger *ledger, uint32_t vat, bool unknown) MN_CHECKED;
mn_result ledger_set_store_unknown(struct ledger *ledger, uint32_t store, bool unknown) MN_CHECKED;

mn_result ledger_set_total_loss(struct ledger *ledger, enum evidence_total_loss rule) MN_CHECKED;
mn_result ledger_set_tell(struct ledger *ledger, uint32_t vat, bool tell) MN_CHECKED;

/* ---- where checkpoints are ------------------------------------------------------------------- */

/* One checkpoint of a chain, in the form that restores it: any @need of @stores will do. */
struct ledger_link {
    mn_epoch epoch;
    uint32_t need;
    size_t store_count;
    const uint32_t *stores; /* that hold it and are neither lost nor unknown, by index */
};

/* What restores the checkpoint (@vat, @epoch): the chain, the full first, @epoch last. Of several
 * restorable forms the full one is taken, else the shortest chain.
 *
 * @arena     everything is taken from it.
 * Errors:    MN_NOT_FOUND  it is not restorable */
mn_result ledger_chain(const struct ledger *ledger, uint32_t vat, mn_epoch epoch,
                       struct mn_arena *arena, struct ledger_link **links,
                       size_t *count) MN_CHECKED;

/* ---- deciding, and what follows -------------------------------------------------------------- */

/* Decide on what is known now (EVIDENCE.md, The decision). Changes nothing that could be observed.
 * @decision: out; decision_destroy is the caller's. Its cost is in core/decision.h. */
mn_result ledger_decide(struct ledger *ledger, struct decision **decision) MN_CHECKED;

/* The same without whom it tells and why: no notices, no causes, no steps, and kept_orphans is 0.
 * This is what a provisional cut is for, at a part of the cost. */
mn_result ledger_cut(struct ledger *ledger, struct decision **decision) MN_CHECKED;

/* The vat went on from @fork->after: its lineage grows by @fork, its open interval is forgotten,
 * what died is dead. MN_BAD_INPUT when @fork breaks the rules of lineage. */
mn_result ledger_fork(struct ledger *ledger, uint32_t vat,
                      const struct evidence_lineage *fork) MN_CHECKED;

/* Whether the vat has applied the decision of @round, be it as one that was taken back there. */
typedef bool ledger_applied(const void *context, uint32_t vat, uint64_t round);

/* Settle, as below, what died at forks that only others remember, for whoever has applied the round
 * that decided it: there it was weighed what it had heard. */
mn_result ledger_settle_learnt(struct ledger *ledger, ledger_applied *applied,
                               const void *context) MN_CHECKED;

/* @vat has been told that @peer forgot its epochs above @after and up to @through (MN_EPOCH_MAX:
 * all above): what it heard of them is settled and leaves the ledger, for good: reported again it
 * is passed over. */
mn_result ledger_settle(struct ledger *ledger, uint32_t vat, uint32_t peer, mn_epoch after,
                        mn_epoch through) MN_CHECKED;

/* What an advance of floors freed. */
struct ledger_freed {
    size_t checkpoint_count;
    size_t heard_count;
    size_t byte_count; /* that are used again for later reports */
};

/* Raise the vat's floor: checkpoints below it leave the ledger when there is no copy of them and no
 * kept chain stands on them, and otherwise keep only their forms; what was heard up to the floor is
 * settled. A lower floor than the one given before changes nothing. @freed is added to; may be
 * NULL. */
mn_result ledger_set_floor(struct ledger *ledger, uint32_t vat, mn_epoch floor,
                           struct ledger_freed *freed) MN_CHECKED;

/* Whether anything that is known of the vat rests on @floor: some live row, or the running state,
 * began at or below it. If none did, all of it would hang in the air. */
bool ledger_floor_joins(const struct ledger *ledger, uint32_t vat, mn_epoch floor);

/* Whether nothing is missing from @floor up to the newest that is known of the vat. */
bool ledger_floor_whole(const struct ledger *ledger, uint32_t vat, mn_epoch floor);

/* When the checkpoint was written, as its row said (struct evidence_checkpoint); 0: not known. */
uint32_t ledger_written(const struct ledger *ledger, uint32_t vat, mn_epoch epoch);

/* Forget when those were written whose number is one of @count from @first on; after the highest
 * number comes 1. */
void ledger_forget_written(struct ledger *ledger, uint32_t first, uint32_t count);

/* ---- as a document --------------------------------------------------------------------------- */

/* Take in a whole document; the ledger must be new. Its indices are the document's. */
mn_result ledger_load(struct ledger *ledger, const struct evidence *evidence) MN_CHECKED;

/* Append everything as the only piece of a document in its binary form (wire/evidence.h), in a
 * fixed order: loading it gives the same decisions, byte for byte.
 * Errors:    MN_NO_MEMORY, MN_TOO_LARGE; the buffer is as it was */
mn_result ledger_evidence(const struct ledger *ledger, struct mn_buffer *piece) MN_CHECKED;

/* The same document in several pieces, so that most of it is made before it is wanted: the first,
 * which begins it anew, and as many next ones as there are, each with the checkpoints of at most
 * @count vats; and at any time the last one, which says what is new since and whatever no piece has
 * said. When some change has made the others useless, and before the first, nothing is begun: then
 * the last one is the only one. Errors:    those of ledger_evidence; the buffer is as it was, and
 * nothing is begun */
bool ledger_evidence_begun(const struct ledger *ledger);
bool ledger_evidence_more(const struct ledger *ledger);
mn_result ledger_evidence_first(struct ledger *ledger, uint32_t count,
                                struct mn_buffer *piece) MN_CHECKED;
mn_result ledger_evidence_next(struct ledger *ledger, uint32_t count,
                               struct mn_buffer *piece) MN_CHECKED;
mn_result ledger_evidence_last(struct ledger *ledger, struct mn_buffer *piece) MN_CHECKED;
/* The pieces said so far are of no use to anybody: nothing is begun. */
void ledger_evidence_drop(struct ledger *ledger);

/* Sizes, for status and benchmarks. */
struct ledger_sizes {
    size_t vat_count;
    size_t checkpoint_count;
    size_t heard_count;
    size_t byte_count; /* of memory in use, all included */
};
void ledger_measure(const struct ledger *ledger, struct ledger_sizes *sizes);

/* Assert what must always hold. Linear in the whole ledger. */
void ledger_invariant(const struct ledger *ledger);

#endif
