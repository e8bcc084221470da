/* A decision: what one set of evidence makes of every vat, why, and the proof (EVIDENCE.md).
 *
 * It is made by ledger_decide; see there and core/cut.c. A vat that runs on, is told nothing, and
 * is as sure as can be has no row: so a decision is as large as what it touches. */
#ifndef COORDINATOR_CORE_DECISION_H
#define COORDINATOR_CORE_DECISION_H

#include "base/arena.h"
#include "docs/text.h"
#include "ledger.h"
#include "wire/common.h"

#define DECISION_OPEN INT64_MAX      /* as `keep`, `kept` or `epoch`: the running state */
#define DECISION_UNBOUNDED INT64_MAX /* as `through`: forgotten without bound */

enum decision_was { DECISION_WAS_RUNNING, DECISION_WAS_LOST, DECISION_WAS_UNKNOWN };

/* Rule 14's cause of a vat that is not running. */
enum decision_cause {
    DECISION_CAUSE_NONE,  /* it is running */
    DECISION_CAUSE_LOST,  /* `losses` took its running state and its later candidates */
    DECISION_CAUSE_ORPHAN /* a peer does not keep what this vat heard in `epoch` */
};

enum decision_loss_kind {
    DECISION_LOSS_DOMAIN,
    DECISION_LOSS_HOST,
    DECISION_LOSS_STORE,
    DECISION_LOSS_VAT,
    DECISION_LOSS_CHECKPOINT,
    DECISION_LOSS_COPY,
    DECISION_LOSS_UNKNOWN_VAT,
    DECISION_LOSS_UNKNOWN_STORE
};

struct decision_loss {
    enum decision_loss_kind kind;
    uint32_t index; /* of the domain, host, store or vat */
    mn_epoch epoch; /* of a checkpoint or copy */
    uint32_t store; /* of a copy */
};

/* Rule 12: what a vat is told of @peer. */
struct decision_told {
    uint32_t peer;
    uint32_t incarnation;
    mn_epoch kept;
    struct mn_epoch_range you_heard; /* 0, 0 is none */
    struct mn_epoch_range forgot_you;
};

struct decision_vat {
    uint32_t vat;
    enum mn_outcome outcome;
    enum decision_was was;
    mn_epoch keep;        /* DECISION_OPEN when it is running */
    uint32_t incarnation; /* after the decision */
    bool sure;
    bool spared;
    bool forgot;      /* it forgot the epochs above `keep` up to `through` */
    bool forgot_told; /* by rule 8 */
    mn_epoch through;

    enum decision_cause cause;
    const struct decision_loss
        *losses; /* DECISION_CAUSE_LOST; may be empty: a former life, a gap */
    size_t loss_count;
    struct { /* DECISION_CAUSE_ORPHAN */
        mn_epoch epoch;
        uint32_t peer;
        mn_epoch heard;
        mn_epoch kept;
    } orphan;

    const struct decision_told *told; /* sorted by the peer's name */
    size_t told_count;
};

/* One demotion of the proof: the vat's candidate included interval `epoch`, which heard what `peer`
 * does not keep (or what is dead); `to` is its latest candidate before that. */
struct decision_step {
    uint32_t vat;
    mn_epoch to;
    mn_epoch epoch;
    uint32_t peer;
    mn_epoch heard;
};

struct decision_summary {
    uint64_t running;
    uint64_t revived;
    uint64_t rolled_back;
    uint64_t reset;
    uint64_t epochs_lost;
    uint64_t kept_orphans;
    uint64_t spared;
};

/* What the computing cost, for benchmarks. */
struct decision_cost {
    uint64_t touched; /* heard entries that were looked at */
    uint64_t demoted; /* demotions */
};

struct decision {
    struct decision_summary summary;
    const struct decision_vat *vats; /* by index; those not listed run on */
    size_t vat_count;
    const uint32_t *spared; /* by name */
    size_t spared_count;
    const struct decision_step *steps; /* in order */
    size_t step_count;
    struct decision_cost cost;

    struct mn_arena arena; /* holds all of the above */
};

/* Give a decision back and null the caller's pointer; NULL inside is fine. */
void decision_destroy(struct decision **decision);

/* The row of @vat; NULL when it runs on untouched. */
const struct decision_vat *decision_find(const struct decision *decision, uint32_t vat);

/* Append the answer of EVIDENCE.md as one line of JSON without its newline, every vat of the ledger
 * included, by name; the trace only when @proof. @ledger is the one that decided, unchanged since.
 * Errors:    MN_NO_MEMORY, MN_FULL when @text is at its bound; @text may hold a part of it then */
mn_result decision_write_json(struct ledger *ledger, const struct decision *decision, bool proof,
                              struct mn_text *text) MN_CHECKED;

/* Sort the vats by name, which the first answer does otherwise. */
mn_result decision_order_vats(struct ledger *ledger) MN_CHECKED;

#endif
