/* Rules 11 to 14: from the cut to the answer, and whether somebody else's proof of it holds. */
#include "oracle/oracle.h"

#include <string.h>

#include "base/check.h"
#include "oracle/oracle_rules.h"

static json_t *epoch_or_null(mn_epoch epoch)
{
    return epoch == INT64_MAX ? json_null() : json_integer(epoch);
}

static bool forgot(const struct oracle *o, uint32_t vat)
{
    const struct oracle_vat *v = &o->vats[vat];
    return v->choice != ORACLE_OPEN && v->spoken > v->choice;
}

static json_int_t incarnation(const struct oracle *o, uint32_t vat)
{
    json_int_t count = forgot(o, vat) ? 2 : 1;
    for (size_t i = 0; i < o->e->vats[vat].lineage_count; i++) {
        count += o->e->vats[vat].lineage[i].seen ? 1 : 0;
    }
    return count;
}

/* The epochs of a peer that a vat heard in some of its intervals. */
struct range {
    bool any;
    mn_epoch first;
    mn_epoch last;
};

static void widen(struct range *range, mn_epoch epoch)
{
    range->first = range->any && range->first < epoch ? range->first : epoch;
    range->last = range->any && range->last > epoch ? range->last : epoch;
    range->any = true;
}

static void widen_by(const struct oracle *o, struct range *range,
                     const struct evidence_heard *heard, size_t count, uint32_t peer,
                     mn_epoch above, mn_epoch through)
{
    for (size_t i = 0; i < count; i++) {
        if (heard[i].vat == peer && heard[i].epoch > above && heard[i].epoch <= through &&
            oracle_live(o, peer, heard[i].epoch)) {
            widen(range, heard[i].epoch);
        }
    }
}

/* The live epochs of @peer above @above and up to @through that @vat heard in its intervals above
 * @from and up to @to, where the open interval is ORACLE_OPEN. */
static struct range heard_of(const struct oracle *o, uint32_t vat, mn_epoch from, mn_epoch to,
                             uint32_t peer, mn_epoch above, mn_epoch through)
{
    struct range range = {0};
    for (size_t i = 0; i < o->e->checkpoint_count; i++) {
        const struct evidence_checkpoint *row = &o->e->checkpoints[i];
        if (row->vat == vat && row->epoch > from && row->epoch <= to &&
            oracle_live(o, vat, row->epoch)) {
            widen_by(o, &range, row->heard, row->heard_count, peer, above, through);
        }
    }
    const struct evidence_open *row = oracle_open(o, vat);
    if (to == ORACLE_OPEN && row != NULL) {
        widen_by(o, &range, row->heard, row->heard_count, peer, above, through);
    }
    return range;
}

static json_t *range_json(const struct range *range)
{
    return range->any ? json_pack("[I, I]", (json_int_t)range->first, (json_int_t)range->last)
                      : json_null();
}

/* What @vat is told of @peer, or NULL. */
static json_t *notice(const struct oracle *o, uint32_t vat, uint32_t peer)
{
    const struct oracle_vat *p = &o->vats[peer];
    const struct oracle_vat *v = &o->vats[vat];
    if (vat == peer || !forgot(o, peer) ||
        !(heard_of(o, vat, 0, ORACLE_OPEN, peer, 0, INT64_MAX).any ||
          heard_of(o, peer, 0, ORACLE_OPEN, vat, 0, INT64_MAX).any)) {
        return NULL;
    }
    struct range you_heard = heard_of(o, vat, 0, v->choice, peer, p->choice, p->spoken);
    struct range forgot_you = heard_of(o, peer, p->choice, ORACLE_OPEN, vat, 0, v->choice);
    return json_pack("{s:s, s:I, s:I, s:o, s:o}", "vat", o->e->vats[peer].name, "incarnation",
                     incarnation(o, peer), "kept", (json_int_t)p->choice, "you_heard",
                     range_json(&you_heard), "forgot_you", range_json(&forgot_you));
}

/* The notices of one vat, sorted by the peer's name. */
static json_t *notices(const struct oracle *o, uint32_t vat, bool *keeps_orphans)
{
    json_t *told = json_array();
    for (uint32_t peer = 0; peer < o->e->vat_count; peer++) {
        json_t *row = notice(o, vat, peer);
        if (row == NULL) {
            continue;
        }
        *keeps_orphans = *keeps_orphans || !json_is_null(json_object_get(row, "you_heard"));
        size_t at = 0;
        while (at < json_array_size(told) &&
               strcmp(json_string_value(json_object_get(json_array_get(told, at), "vat")),
                      o->e->vats[peer].name) < 0) {
            at++;
        }
        mn_assert(json_array_insert_new(told, at, row) == 0);
    }
    return told;
}

static const char *outcome(const struct oracle *o, uint32_t vat)
{
    if (o->vats[vat].choice == ORACLE_OPEN) {
        return "running";
    }
    if (!forgot(o, vat)) {
        return "revived";
    }
    return o->vats[vat].choice == 0 ? "reset" : "rolled_back";
}

static json_t *vat_answer(const struct oracle *o, const struct oracle *known, uint32_t vat,
                          bool *keeps_orphans)
{
    const struct oracle_vat *v = &o->vats[vat];
    json_t *gone = json_null();
    if (forgot(o, vat)) {
        gone = json_pack("{s:I, s:o, s:b}", "after", (json_int_t)v->choice, "through",
                         epoch_or_null(v->spoken), "told", v->told_instead);
    }
    bool sure =
        v->choice == known->vats[vat].choice && strcmp(outcome(o, vat), outcome(known, vat)) == 0;
    return json_pack("{s:s, s:s, s:o, s:I, s:b, s:b, s:o, s:o}", "outcome", outcome(o, vat), "was",
                     v->lost_when_known ? "lost"
                     : v->lost          ? "unknown"
                                        : "running",
                     "keep", epoch_or_null(v->choice), "incarnation", incarnation(o, vat), "sure",
                     sure, "spared", v->spared, "forgot", gone, "told",
                     notices(o, vat, keeps_orphans));
}

static json_int_t epochs_lost(const struct oracle *o, uint32_t vat)
{
    json_int_t count = 0;
    for (size_t i = 0; i < o->e->checkpoint_count; i++) {
        const struct evidence_checkpoint *row = &o->e->checkpoints[i];
        if (row->vat == vat && row->epoch > o->vats[vat].choice &&
            oracle_live(o, vat, row->epoch)) {
            count++;
        }
    }
    return count;
}

static void count_up(json_t *summary, const char *key, json_int_t more)
{
    json_int_t count = json_integer_value(json_object_get(summary, key));
    mn_assert(json_object_set_new(summary, key, json_integer(count + more)) == 0);
}

json_t *oracle_answer(const struct evidence *evidence, bool *enumerated)
{
    struct oracle o;
    struct oracle known;
    oracle_decide(&known, evidence, false);
    oracle_decide(&o, evidence, true);
    if (enumerated != NULL) {
        *enumerated = o.enumerated;
    }
    json_t *vats = json_object();
    json_t *summary =
        json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "running", 0, "revived", 0, "rolled_back",
                  0, "reset", 0, "epochs_lost", 0, "kept_orphans", 0, "spared", 0);
    for (uint32_t v = 0; v < evidence->vat_count; v++) {
        bool keeps_orphans = false;
        json_t *row = vat_answer(&o, &known, v, &keeps_orphans);
        mn_assert(json_object_set_new(vats, evidence->vats[v].name, row) == 0);
        count_up(summary, outcome(&o, v), 1);
        count_up(summary, "epochs_lost", epochs_lost(&o, v));
        count_up(summary, "kept_orphans", keeps_orphans ? 1 : 0);
        count_up(summary, "spared", o.vats[v].spared ? 1 : 0);
    }
    return json_pack("{s:o, s:o}", "summary", summary, "vats", vats);
}

static uint32_t vat_of(const struct evidence *evidence, const json_t *name)
{
    for (uint32_t v = 0; json_is_string(name) && v < evidence->vat_count; v++) {
        if (strcmp(evidence->vats[v].name, json_string_value(name)) == 0) {
            return v;
        }
    }
    return EVIDENCE_NONE;
}

/* Whether an orphan or step names something that @vat's interval heard, that binds, and that the
 * peer at @choices does not keep. */
static bool names_an_orphan(const struct oracle *o, uint32_t vat, const json_t *cause,
                            const mn_epoch *choices)
{
    const json_t *epoch = json_object_get(cause, "epoch");
    const json_t *told = json_object_get(cause, "heard");
    const struct evidence_heard *heard = NULL;
    size_t count = 0;
    mn_epoch interval = 0;
    if (json_is_null(epoch)) {
        const struct evidence_open *row = oracle_open(o, vat);
        heard = row != NULL ? row->heard : NULL;
        count = row != NULL ? row->heard_count : 0;
        interval = row != NULL ? row->epoch : 0;
    }
    for (size_t i = 0; json_is_integer(epoch) && i < o->e->checkpoint_count; i++) {
        const struct evidence_checkpoint *row = &o->e->checkpoints[i];
        if (row->vat == vat && row->epoch == json_integer_value(epoch) &&
            oracle_live(o, vat, row->epoch)) {
            heard = row->heard;
            count = row->heard_count;
            interval = row->epoch;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (heard[i].vat == vat_of(o->e, json_object_get(told, "vat")) &&
            heard[i].epoch == json_integer_value(json_object_get(told, "epoch")) &&
            oracle_binds(o, vat, interval, &heard[i]) &&
            oracle_orphan(o, &heard[i], choices[heard[i].vat])) {
            return true;
        }
    }
    return false;
}

static mn_epoch interval_of(const json_t *cause)
{
    const json_t *epoch = json_object_get(cause, "epoch");
    return json_is_integer(epoch) ? json_integer_value(epoch) : ORACLE_OPEN;
}

static bool step_holds(const struct oracle *o, const json_t *step, mn_epoch *choices)
{
    uint32_t vat = vat_of(o->e, json_object_get(step, "vat"));
    const json_t *to = json_object_get(step, "to");
    if (vat == EVIDENCE_NONE || !json_is_integer(to) || o->vats[vat].spared ||
        o->e->vats[vat].on_peer_rollback == EVIDENCE_BE_TOLD || interval_of(step) > choices[vat] ||
        !names_an_orphan(o, vat, step, choices) ||
        json_integer_value(to) != oracle_before(o, vat, interval_of(step))) {
        return false;
    }
    choices[vat] = json_integer_value(to);
    return true;
}

static bool orphan_holds(const struct oracle *o, uint32_t vat, const json_t *orphan,
                         const mn_epoch *choices)
{
    uint32_t peer = vat_of(o->e, json_object_get(json_object_get(orphan, "heard"), "vat"));
    if (peer == EVIDENCE_NONE || !names_an_orphan(o, vat, orphan, choices) ||
        oracle_before(o, vat, interval_of(orphan)) != choices[vat]) {
        return false;
    }
    json_t *kept = epoch_or_null(choices[peer]);
    bool same = json_equal(kept, json_object_get(orphan, "kept")) != 0;
    json_decref(kept);
    return same;
}

bool oracle_proof_holds(const struct evidence *evidence, const json_t *answer)
{
    struct oracle o;
    oracle_decide(&o, evidence, true);
    mn_epoch choices[ORACLE_VAT_COUNT_MAX];
    size_t spared_count = 0;
    for (uint32_t v = 0; v < evidence->vat_count; v++) {
        choices[v] = o.vats[v].candidates[o.vats[v].candidate_count - 1];
        spared_count += o.vats[v].spared ? 1 : 0;
    }
    const json_t *trace = json_object_get(answer, "trace");
    const json_t *spared = json_object_get(trace, "spared");
    const json_t *steps = json_object_get(trace, "steps");
    bool holds = json_is_array(steps) && json_array_size(spared) == spared_count;
    for (size_t i = 0; holds && i < spared_count; i++) {
        uint32_t vat = vat_of(evidence, json_array_get(spared, i));
        holds = vat != EVIDENCE_NONE && o.vats[vat].spared;
        for (size_t j = 0; holds && j < i; j++) {
            holds = json_equal(json_array_get(spared, i), json_array_get(spared, j)) == 0;
        }
    }
    for (size_t i = 0; holds && i < json_array_size(steps); i++) {
        holds = step_holds(&o, json_array_get(steps, i), choices);
    }
    for (uint32_t v = 0; holds && v < evidence->vat_count; v++) {
        const json_t *row =
            json_object_get(json_object_get(answer, "vats"), evidence->vats[v].name);
        const json_t *because = json_object_get(row, "because");
        const json_t *orphan = json_object_get(because, "orphan");
        bool demoted = o.vats[v].choice < o.vats[v].candidates[o.vats[v].candidate_count - 1];
        holds = choices[v] == o.vats[v].choice && (orphan != NULL) == demoted &&
                (because == NULL) == (choices[v] == ORACLE_OPEN) &&
                (because == NULL || json_object_size(because) == 1) &&
                (orphan == NULL || orphan_holds(&o, v, orphan, choices)) &&
                (because == NULL || orphan != NULL ||
                 oracle_losses_hold(&o, v, json_object_get(because, "lost")));
    }
    return holds;
}
