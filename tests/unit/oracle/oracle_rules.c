/* Rules 1 to 10 of EVIDENCE.md, each its own function, each asked again whenever it is needed. */
#include "oracle/oracle_rules.h"

#include <string.h>

#include "base/check.h"

static bool named(const struct evidence_names *names, uint32_t index)
{
    for (size_t i = 0; i < names->count; i++) {
        if (names->index[i] == index) {
            return true;
        }
    }
    return false;
}

/* The first lineage entry that @epoch is dead by, or NULL. */
static const struct evidence_lineage *death(const struct oracle *o, uint32_t vat, mn_epoch epoch)
{
    const struct evidence_vat *row = &o->e->vats[vat];
    for (size_t i = 0; i < row->lineage_count; i++) {
        if (row->lineage[i].after < epoch && epoch < row->lineage[i].next) {
            return &row->lineage[i];
        }
    }
    return NULL;
}

bool oracle_live(const struct oracle *o, uint32_t vat, mn_epoch epoch)
{
    return death(o, vat, epoch) == NULL;
}

static bool domain_lost(const struct oracle *o, uint32_t domain)
{
    return domain != EVIDENCE_NONE &&
           (named(&o->e->lost.domains, domain) || domain_lost(o, o->e->domains[domain].in));
}

static bool host_lost(const struct oracle *o, uint32_t host)
{
    return host != EVIDENCE_NONE &&
           (named(&o->e->lost.hosts, host) || domain_lost(o, o->e->hosts[host].in));
}

static bool store_lost(const struct oracle *o, uint32_t store)
{
    const struct evidence_store *row = &o->e->stores[store];
    return named(&o->e->lost.stores, store) ||
           (o->with_unknown && named(&o->e->unknown.stores, store)) ||
           (row->place == EVIDENCE_IN_HOST && host_lost(o, row->in)) ||
           (row->place == EVIDENCE_IN_DOMAIN && domain_lost(o, row->in));
}

static const struct evidence_checkpoint *listed(const struct oracle *o, uint32_t vat,
                                                mn_epoch epoch)
{
    for (size_t i = 0; i < o->e->checkpoint_count; i++) {
        if (o->e->checkpoints[i].vat == vat && o->e->checkpoints[i].epoch == epoch) {
            return &o->e->checkpoints[i];
        }
    }
    return NULL;
}

static bool copy_lost(const struct oracle *o, const struct evidence_checkpoint *row, uint32_t store)
{
    for (size_t i = 0; i < o->e->lost.copy_count; i++) {
        const struct evidence_lost_copy *copy = &o->e->lost.copies[i];
        if (copy->vat == row->vat && copy->epoch == row->epoch && copy->store == store) {
            return true;
        }
    }
    return store_lost(o, store);
}

static bool intact(const struct oracle *o, const struct evidence_checkpoint *row,
                   const struct evidence_form *form)
{
    for (size_t i = 0; i < o->e->lost.checkpoint_count; i++) {
        if (o->e->lost.checkpoints[i].vat == row->vat &&
            o->e->lost.checkpoints[i].epoch == row->epoch) {
            return false;
        }
    }
    uint32_t left = 0;
    for (size_t i = 0; i < form->at_count; i++) {
        left += copy_lost(o, row, form->at[i]) ? 0 : 1;
    }
    return left >= form->need;
}

bool oracle_restorable(const struct oracle *o, const struct evidence_checkpoint *row)
{
    for (size_t i = 0; i < row->form_count; i++) {
        const struct evidence_form *form = &row->forms[i];
        if (!intact(o, row, form)) {
            continue;
        }
        if (form->kind == EVIDENCE_FULL) {
            return true;
        }
        const struct evidence_checkpoint *base = listed(o, row->vat, form->onto);
        if (base != NULL && oracle_live(o, base->vat, base->epoch) && oracle_restorable(o, base)) {
            return true;
        }
    }
    return false;
}

/* The newest listed live checkpoint below @epoch, or NULL. */
static const struct evidence_checkpoint *newest_below(const struct oracle *o, uint32_t vat,
                                                      mn_epoch epoch)
{
    const struct evidence_checkpoint *newest = NULL;
    for (size_t i = 0; i < o->e->checkpoint_count; i++) {
        const struct evidence_checkpoint *row = &o->e->checkpoints[i];
        if (row->vat == vat && row->epoch < epoch && oracle_live(o, vat, row->epoch) &&
            (newest == NULL || row->epoch > newest->epoch)) {
            newest = row;
        }
    }
    return newest;
}

static mn_epoch floor_of(const struct oracle *o, uint32_t vat)
{
    if (o->e->vats[vat].has_floor) {
        return o->e->vats[vat].floor;
    }
    const struct evidence_checkpoint *first = NULL;
    for (size_t i = 0; i < o->e->checkpoint_count; i++) {
        const struct evidence_checkpoint *row = &o->e->checkpoints[i];
        if (row->vat == vat && oracle_live(o, vat, row->epoch) &&
            (first == NULL || row->epoch < first->epoch)) {
            first = row;
        }
    }
    if (first == NULL) {
        return 0;
    }
    return first->has_since ? first->since : first->epoch - 1;
}

static bool covered_since(const struct oracle *o, uint32_t vat, mn_epoch since);

static bool covered(const struct oracle *o, const struct evidence_checkpoint *row)
{
    if (row->has_since) {
        return covered_since(o, row->vat, row->since);
    }
    const struct evidence_checkpoint *before = newest_below(o, row->vat, row->epoch);
    return before == NULL || covered(o, before);
}

static bool covered_since(const struct oracle *o, uint32_t vat, mn_epoch since)
{
    const struct evidence_checkpoint *row = listed(o, vat, since);
    return since <= floor_of(o, vat) ||
           (row != NULL && oracle_live(o, vat, since) && covered(o, row));
}

static const struct evidence_open *open_row(const struct oracle *o, uint32_t vat)
{
    for (size_t i = 0; i < o->e->open_count; i++) {
        if (o->e->open[i].vat == vat) {
            return &o->e->open[i];
        }
    }
    return NULL;
}

const struct evidence_open *oracle_open(const struct oracle *o, uint32_t vat)
{
    const struct evidence_open *row = open_row(o, vat);
    return row != NULL && oracle_live(o, vat, row->epoch) ? row : NULL;
}

static bool running_state_is_candidate(const struct oracle *o, uint32_t vat)
{
    const struct evidence_open *row = open_row(o, vat);
    if (o->vats[vat].lost || (row != NULL && !oracle_live(o, vat, row->epoch))) {
        return false;
    }
    if (row != NULL && row->has_since) {
        return covered_since(o, vat, row->since);
    }
    mn_epoch end = row != NULL ? row->epoch : INT64_MAX;
    const struct evidence_checkpoint *newest = newest_below(o, vat, end);
    return newest == NULL || covered(o, newest);
}

static void find_candidates(struct oracle *o, uint32_t vat)
{
    struct oracle_vat *v = &o->vats[vat];
    v->candidate_count = 0;
    v->candidates[v->candidate_count++] = 0;
    mn_epoch last = INT64_MAX;
    /* From the newest to the oldest, then turned round. */
    for (const struct evidence_checkpoint *row = newest_below(o, vat, last); row != NULL;
         row = newest_below(o, vat, row->epoch)) {
        if (oracle_restorable(o, row) && covered(o, row)) {
            mn_assert(v->candidate_count < ORACLE_CANDIDATE_COUNT_MAX - 1);
            memmove(&v->candidates[2], &v->candidates[1],
                    (v->candidate_count - 1) * sizeof v->candidates[0]);
            v->candidates[1] = row->epoch;
            v->candidate_count++;
        }
    }
    if (running_state_is_candidate(o, vat)) {
        v->candidates[v->candidate_count++] = ORACLE_OPEN;
    }
}

static mn_epoch spoken_at_least(const struct oracle *o, uint32_t vat,
                                const struct evidence_heard *heard, size_t count, uint32_t hearer)
{
    mn_epoch spoken = 0;
    for (size_t i = 0; i < count; i++) {
        if (heard[i].vat == vat && hearer != vat && oracle_live(o, vat, heard[i].epoch) &&
            heard[i].epoch > spoken) {
            spoken = heard[i].epoch;
        }
    }
    return spoken;
}

static mn_epoch find_spoken(const struct oracle *o, uint32_t vat)
{
    mn_epoch spoken = 0;
    if (o->with_unknown && named(&o->e->unknown.vats, vat)) {
        return ORACLE_UNBOUNDED;
    }
    if (o->e->vats[vat].sends == EVIDENCE_EARLY) {
        const struct evidence_open *row = open_row(o, vat);
        if (row == NULL) {
            return ORACLE_UNBOUNDED;
        }
        spoken = row->epoch;
    }
    for (size_t i = 0; i < o->e->checkpoint_count; i++) {
        const struct evidence_checkpoint *row = &o->e->checkpoints[i];
        if (!oracle_live(o, row->vat, row->epoch)) {
            continue;
        }
        bool own = row->vat == vat && row->durable && o->e->vats[vat].sends == EVIDENCE_HELD;
        mn_epoch least =
            own ? row->epoch : spoken_at_least(o, vat, row->heard, row->heard_count, row->vat);
        spoken = least > spoken ? least : spoken;
    }
    for (uint32_t other = 0; other < o->e->vat_count; other++) {
        const struct evidence_open *row = oracle_open(o, other);
        if (row != NULL) {
            mn_epoch least = spoken_at_least(o, vat, row->heard, row->heard_count, other);
            spoken = least > spoken ? least : spoken;
        }
    }
    return spoken;
}

static bool is_told_instead(const struct oracle *o, uint32_t vat)
{
    const struct oracle_vat *v = &o->vats[vat];
    bool total_loss = v->lost && v->candidate_count == 1 && v->spoken > 0;
    return (total_loss && o->e->policy.total_loss == EVIDENCE_TOTAL_LOSS_TELL) ||
           named(&o->e->policy.tell, vat);
}

bool oracle_binds(const struct oracle *o, uint32_t vat, mn_epoch interval,
                  const struct evidence_heard *heard)
{
    if (heard->vat == vat || interval <= floor_of(o, vat)) {
        return false;
    }
    const struct evidence_lineage *fork = death(o, heard->vat, heard->epoch);
    return fork != NULL ? !fork->told : !o->vats[heard->vat].told_instead;
}

bool oracle_orphan(const struct oracle *o, const struct evidence_heard *heard, mn_epoch choice)
{
    return !oracle_live(o, heard->vat, heard->epoch) || heard->epoch > choice;
}

/* Whether something that one interval heard is not kept in @choices. */
static bool interval_breaks(const struct oracle *o, uint32_t vat, mn_epoch interval,
                            const struct evidence_heard *heard, size_t count,
                            const mn_epoch *choices)
{
    for (size_t i = 0; i < count; i++) {
        if (oracle_binds(o, vat, interval, &heard[i]) &&
            oracle_orphan(o, &heard[i], choices[heard[i].vat])) {
            return true;
        }
    }
    return false;
}

/* Whether @vat at @choice has a binding dependency that @choices does not keep. */
static bool breaks(const struct oracle *o, uint32_t vat, mn_epoch choice, const mn_epoch *choices)
{
    for (size_t i = 0; i < o->e->checkpoint_count; i++) {
        const struct evidence_checkpoint *row = &o->e->checkpoints[i];
        if (row->vat == vat && row->epoch <= choice && oracle_live(o, vat, row->epoch) &&
            interval_breaks(o, vat, row->epoch, row->heard, row->heard_count, choices)) {
            return true;
        }
    }
    const struct evidence_open *row = oracle_open(o, vat);
    return choice == ORACLE_OPEN && row != NULL &&
           interval_breaks(o, vat, row->epoch, row->heard, row->heard_count, choices);
}

static mn_epoch latest(const struct oracle *o, uint32_t vat)
{
    return o->vats[vat].candidates[o->vats[vat].candidate_count - 1];
}

static bool unbound(const struct oracle *o, uint32_t vat)
{
    return o->vats[vat].spared || o->e->vats[vat].on_peer_rollback == EVIDENCE_BE_TOLD;
}

mn_epoch oracle_before(const struct oracle *o, uint32_t vat, mn_epoch epoch)
{
    mn_epoch before = 0;
    for (size_t i = 0; i < o->vats[vat].candidate_count; i++) {
        if (o->vats[vat].candidates[i] < epoch) {
            before = o->vats[vat].candidates[i];
        }
    }
    return before;
}

static bool consistent(const struct oracle *o, const mn_epoch *choices)
{
    for (uint32_t v = 0; v < o->e->vat_count; v++) {
        if (!unbound(o, v) && breaks(o, v, choices[v], choices)) {
            return false;
        }
    }
    return true;
}

/* Every choice of candidates, like the digits of a number; the best is the latest for every vat at
 * once, and that there is such a one is asserted. */
static void cut_by_enumeration(const struct oracle *o, mn_epoch *best)
{
    size_t digits[ORACLE_VAT_COUNT_MAX] = {0};
    mn_epoch choices[ORACLE_VAT_COUNT_MAX];
    size_t count = o->e->vat_count;
    memset(best, 0, count * sizeof *best);
    for (bool more = true; more;) {
        for (uint32_t v = 0; v < count; v++) {
            choices[v] = unbound(o, v) ? latest(o, v) : o->vats[v].candidates[digits[v]];
        }
        if (consistent(o, choices)) {
            for (size_t v = 0; v < count; v++) {
                best[v] = choices[v] > best[v] ? choices[v] : best[v];
            }
        }
        more = false;
        for (uint32_t v = 0; v < count && !more; v++) {
            size_t options = unbound(o, v) ? 1 : o->vats[v].candidate_count;
            digits[v] = (digits[v] + 1) % options;
            more = digits[v] != 0;
        }
    }
    mn_assert(consistent(o, best));
}

/* From everyone's latest candidate down, one candidate at a time, until nothing breaks. */
static void cut_by_descent(const struct oracle *o, mn_epoch *choices)
{
    for (uint32_t v = 0; v < o->e->vat_count; v++) {
        choices[v] = latest(o, v);
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t v = 0; v < o->e->vat_count; v++) {
            if (!unbound(o, v) && breaks(o, v, choices[v], choices)) {
                choices[v] = oracle_before(o, v, choices[v]);
                changed = true;
            }
        }
    }
}

static void find_cut(struct oracle *o, mn_epoch *choices)
{
    size_t choice_count = 1;
    for (uint32_t v = 0; v < o->e->vat_count && choice_count <= ORACLE_CHOICE_COUNT_MAX; v++) {
        choice_count *= o->vats[v].candidate_count;
    }
    o->enumerated = choice_count <= ORACLE_CHOICE_COUNT_MAX;
    if (o->enumerated) {
        cut_by_enumeration(o, choices);
    } else {
        cut_by_descent(o, choices);
    }
}

/* Rule 10's "those whose latest candidate heard what a vat outside of these does not keep". */
static bool hit_from_outside(const struct oracle *o, uint32_t vat, const mn_epoch *choices,
                             const bool *inside)
{
    mn_epoch seen[ORACLE_VAT_COUNT_MAX];
    for (uint32_t v = 0; v < o->e->vat_count; v++) {
        seen[v] = inside[v] ? ORACLE_OPEN : choices[v];
    }
    return breaks(o, vat, latest(o, vat), seen);
}

/* One turn of rule 10; false when there is nobody to spare. */
static bool spare(struct oracle *o, const mn_epoch *choices)
{
    bool these[ORACLE_VAT_COUNT_MAX] = {false};
    bool hit[ORACLE_VAT_COUNT_MAX] = {false};
    size_t count = 0;
    size_t up_count = 0;
    size_t hit_count = 0;
    for (uint32_t v = 0; v < o->e->vat_count; v++) {
        mn_epoch limit = o->e->vats[v].limit;
        these[v] = choices[v] < limit && latest(o, v) >= limit;
        count += these[v] ? 1 : 0;
        up_count += these[v] && !o->vats[v].lost ? 1 : 0;
    }
    for (uint32_t v = 0; v < o->e->vat_count; v++) {
        these[v] = these[v] && (up_count == 0 || !o->vats[v].lost);
    }
    for (uint32_t v = 0; v < o->e->vat_count; v++) {
        hit[v] = these[v] && hit_from_outside(o, v, choices, these);
        hit_count += hit[v] ? 1 : 0;
    }
    for (uint32_t v = 0; v < o->e->vat_count; v++) {
        o->vats[v].spared = o->vats[v].spared || (hit_count > 0 ? hit[v] : these[v]);
    }
    return count > 0;
}

void oracle_decide(struct oracle *o, const struct evidence *evidence, bool with_unknown)
{
    *o = (struct oracle){.e = evidence, .with_unknown = with_unknown};
    mn_assert(evidence->vat_count <= ORACLE_VAT_COUNT_MAX);
    for (uint32_t v = 0; v < evidence->vat_count; v++) {
        struct oracle_vat *row = &o->vats[v];
        row->lost_when_known =
            named(&evidence->lost.vats, v) || host_lost(o, evidence->vats[v].host);
        row->lost = row->lost_when_known || (with_unknown && named(&evidence->unknown.vats, v));
        find_candidates(o, v);
        row->spoken = find_spoken(o, v);
        row->told_instead = is_told_instead(o, v);
    }
    mn_epoch choices[ORACLE_VAT_COUNT_MAX];
    do {
        find_cut(o, choices);
    } while (spare(o, choices));
    for (uint32_t v = 0; v < evidence->vat_count; v++) {
        o->vats[v].choice = choices[v];
    }
}
