/* Rules 1 to 8, each over whole tables: what is lost, live, restorable, covered and spoken.
 *
 * A vat's live checkpoints stand by epoch, so that a diff's base and a since are found by halving
 * and have been judged before. Linear in the document up to that and to sorting each vat's own. */
#include "cli/check_facts.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

static bool *facts_flags(struct check_facts *facts, size_t count)
{
    return mn_arena_take_array(&facts->arena, count, sizeof(bool));
}

static void facts_mark(bool *flags, const struct evidence_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        flags[names->index[i]] = true;
    }
}

/* Flag every domain below a flagged one: each walk up ends at a domain that was walked through. */
static mn_result facts_spread(struct check_facts *facts, bool *lost)
{
    const struct evidence *e = facts->evidence;
    bool *walked = facts_flags(facts, e->domain_count);
    if (walked == NULL) {
        return MN_NO_MEMORY;
    }
    for (uint32_t start = 0; start < e->domain_count; start++) {
        uint32_t top = start;
        while (!lost[top] && !walked[top] && e->domains[top].in != EVIDENCE_NONE) {
            top = e->domains[top].in;
        }
        bool found = lost[top];
        for (uint32_t at = start; at != top; at = e->domains[at].in) {
            walked[at] = true;
            lost[at] = found;
        }
        walked[top] = true;
    }
    return MN_OK;
}

static mn_result facts_lose_rows(struct check_facts *facts)
{
    const struct evidence_lost *lost = &facts->evidence->lost;
    struct check_losses *losses = &facts->losses;
    size_t count = lost->checkpoint_count + lost->copy_count;
    struct check_key *key = mn_arena_take_array(&facts->arena, count, sizeof *key);
    if (key == NULL || mn_table_init(&losses->checkpoints, lost->checkpoint_count) != MN_OK ||
        mn_table_init(&losses->copies, lost->copy_count) != MN_OK) {
        return MN_NO_MEMORY;
    }
    for (size_t i = 0; i < lost->checkpoint_count; i++, key++) {
        *key =
            (struct check_key){lost->checkpoints[i].vat, EVIDENCE_NONE, lost->checkpoints[i].epoch};
        (void)mn_table_add(&losses->checkpoints, key, sizeof *key, 0);
    }
    for (size_t i = 0; i < lost->copy_count; i++, key++) {
        *key =
            (struct check_key){lost->copies[i].vat, lost->copies[i].store, lost->copies[i].epoch};
        (void)mn_table_add(&losses->copies, key, sizeof *key, 0);
    }
    return MN_OK;
}

static mn_result facts_lose(struct check_facts *facts)
{
    const struct evidence *e = facts->evidence;
    struct check_losses *losses = &facts->losses;
    losses->domains = facts_flags(facts, e->domain_count);
    losses->hosts = facts_flags(facts, e->host_count);
    losses->stores = facts_flags(facts, e->store_count);
    if (losses->domains == NULL || losses->hosts == NULL || losses->stores == NULL) {
        return MN_NO_MEMORY;
    }
    facts_mark(losses->domains, &e->lost.domains);
    facts_mark(losses->hosts, &e->lost.hosts);
    facts_mark(losses->stores, &e->lost.stores);
    if (facts->with_unknown) {
        facts_mark(losses->stores, &e->unknown.stores);
    }
    mn_result result = facts_spread(facts, losses->domains);
    if (result != MN_OK) {
        return result;
    }
    for (size_t i = 0; i < e->host_count; i++) {
        uint32_t in = e->hosts[i].in;
        losses->hosts[i] = losses->hosts[i] || (in != EVIDENCE_NONE && losses->domains[in]);
    }
    for (size_t i = 0; i < e->store_count; i++) {
        const struct evidence_store *store = &e->stores[i];
        bool with_place = (store->place == EVIDENCE_IN_HOST && losses->hosts[store->in]) ||
                          (store->place == EVIDENCE_IN_DOMAIN && losses->domains[store->in]);
        losses->stores[i] = losses->stores[i] || with_place;
    }
    for (size_t v = 0; v < e->vat_count; v++) {
        uint32_t host = e->vats[v].host;
        facts->vats[v].lost_when_known = host != EVIDENCE_NONE && losses->hosts[host];
    }
    for (size_t i = 0; i < e->lost.vats.count; i++) {
        facts->vats[e->lost.vats.index[i]].lost_when_known = true;
    }
    for (size_t v = 0; v < e->vat_count; v++) {
        facts->vats[v].lost = facts->vats[v].lost_when_known;
    }
    for (size_t i = 0; facts->with_unknown && i < e->unknown.vats.count; i++) {
        facts->vats[e->unknown.vats.index[i]].lost = true;
    }
    return facts_lose_rows(facts);
}

const struct evidence_lineage *check_death(const struct check_facts *facts, uint32_t vat,
                                           mn_epoch epoch)
{
    const struct evidence_vat *row = &facts->evidence->vats[vat];
    size_t low = 0;
    size_t high = row->lineage_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (row->lineage[middle].next > epoch) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    for (; low < row->lineage_count; low++) {
        if (row->lineage[low].after < epoch) {
            return &row->lineage[low];
        }
    }
    return NULL;
}

static int facts_compare_intervals(const void *a, const void *b)
{
    mn_epoch left = ((const struct check_interval *)a)->epoch;
    mn_epoch right = ((const struct check_interval *)b)->epoch;
    return left < right ? -1 : left > right ? 1 : 0;
}

/* The live checkpoints of each vat by epoch, and its running interval after them. */
static mn_result facts_list_intervals(struct check_facts *facts)
{
    const struct evidence *e = facts->evidence;
    struct check_vat *vats = facts->vats;
    facts->interval_count = e->vat_count;
    for (size_t i = 0; i < e->checkpoint_count; i++) {
        const struct evidence_checkpoint *row = &e->checkpoints[i];
        bool live = check_death(facts, row->vat, row->epoch) == NULL;
        facts->interval_count += live ? 1 : 0;
        vats[row->vat + 1].first += live ? 1 : 0;
    }
    facts->intervals =
        mn_arena_take_array(&facts->arena, facts->interval_count, sizeof *facts->intervals);
    size_t *next = mn_arena_take_array(&facts->arena, e->vat_count, sizeof *next);
    if (facts->intervals == NULL || next == NULL) {
        return MN_NO_MEMORY;
    }
    for (size_t v = 0; v < e->vat_count; v++) {
        next[v] = vats[v].first;
        vats[v + 1].first += vats[v].first + 1;
        facts->intervals[vats[v + 1].first - 1] =
            (struct check_interval){.epoch = CHECK_OPEN, .number = CHECK_OPEN, .vat = (uint32_t)v};
    }
    for (size_t i = 0; i < e->checkpoint_count; i++) {
        const struct evidence_checkpoint *row = &e->checkpoints[i];
        if (check_death(facts, row->vat, row->epoch) == NULL) {
            facts->intervals[next[row->vat]++] =
                (struct check_interval){.epoch = row->epoch,
                                        .number = row->epoch,
                                        .vat = row->vat,
                                        .heard_count = row->heard_count,
                                        .heard = row->heard,
                                        .row = row};
        }
    }
    for (size_t v = 0; v < e->vat_count; v++) {
        qsort(&facts->intervals[vats[v].first], vats[v + 1].first - vats[v].first,
              sizeof *facts->intervals, facts_compare_intervals);
    }
    return MN_OK;
}

size_t check_find_interval(const struct check_facts *facts, uint32_t vat, mn_epoch epoch)
{
    size_t low = facts->vats[vat].first;
    size_t high = facts->vats[vat + 1].first;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (facts->intervals[middle].epoch < epoch) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < facts->vats[vat + 1].first && facts->intervals[low].epoch == epoch;
    return found ? low : SIZE_MAX;
}

bool check_form_intact(const struct evidence_form *form, size_t lost_copies)
{
    return form->at_count - lost_copies >= form->need;
}

static bool facts_form_restorable(const struct check_facts *facts,
                                  const struct evidence_checkpoint *row,
                                  const struct evidence_form *form)
{
    size_t lost = 0;
    for (size_t i = 0; i < form->at_count; i++) {
        struct check_key key = {row->vat, form->at[i], row->epoch};
        bool gone = facts->losses.stores[form->at[i]] ||
                    mn_table_find(&facts->losses.copies, &key, sizeof key) != NULL;
        lost += gone ? 1 : 0;
    }
    if (!check_form_intact(form, lost)) {
        return false;
    }
    if (form->kind == EVIDENCE_FULL) {
        return true;
    }
    size_t base = check_find_interval(facts, row->vat, form->onto);
    return base != SIZE_MAX && facts->intervals[base].restorable;
}

static bool facts_restorable(const struct check_facts *facts, const struct evidence_checkpoint *row)
{
    struct check_key key = {row->vat, EVIDENCE_NONE, row->epoch};
    if (mn_table_find(&facts->losses.checkpoints, &key, sizeof key) != NULL) {
        return false;
    }
    for (size_t i = 0; i < row->form_count; i++) {
        if (facts_form_restorable(facts, row, &row->forms[i])) {
            return true;
        }
    }
    return false;
}

/* Rule 4 for an interval with this since, given or not; @before is the one before it or NULL. */
static bool facts_covered(const struct check_facts *facts, uint32_t vat, bool has_since,
                          mn_epoch since, const struct check_interval *before)
{
    if (!has_since) {
        return before == NULL || before->covered;
    }
    size_t index = check_find_interval(facts, vat, since);
    return since <= facts->vats[vat].floor ||
           (index != SIZE_MAX && facts->intervals[index].covered);
}

/* Rules 3 to 5 of one vat, whose running interval was listed in @open or NULL. */
static void facts_judge_vat(struct check_facts *facts, uint32_t v, const struct evidence_open *open)
{
    struct check_vat *vat = &facts->vats[v];
    size_t last = facts->vats[v + 1].first - 1;
    const struct evidence_checkpoint *first = facts->intervals[vat->first].row;
    vat->floor = facts->evidence->vats[v].floor;
    if (!facts->evidence->vats[v].has_floor && first != NULL) {
        vat->floor = first->has_since ? first->since : first->epoch - 1;
    }
    const struct check_interval *before = NULL;
    for (size_t i = vat->first; i < last; i++) {
        struct check_interval *interval = &facts->intervals[i];
        mn_assert(interval->row != NULL); /* only the last one may be open */
        interval->restorable = facts_restorable(facts, interval->row);
        interval->covered =
            facts_covered(facts, v, interval->row->has_since, interval->row->since, before);
        interval->candidate = interval->restorable && interval->covered;
        vat->latest = interval->candidate ? interval->epoch : vat->latest;
        before = interval;
    }
    struct check_interval *running = &facts->intervals[last];
    bool live = open == NULL || check_death(facts, v, open->epoch) == NULL;
    if (open != NULL && live) {
        running->heard = open->heard;
        running->heard_count = open->heard_count;
        running->number = open->epoch;
    }
    running->covered = facts_covered(facts, v, open != NULL && open->has_since,
                                     open != NULL ? open->since : 0, before);
    running->candidate = live && running->covered && !vat->lost;
    vat->latest = running->candidate ? CHECK_OPEN : vat->latest;
}

static void facts_raise(mn_epoch *epoch, mn_epoch least)
{
    *epoch = *epoch > least ? *epoch : least;
}

/* Rule 7. */
static void facts_speak(struct check_facts *facts, const struct evidence_open *const *open)
{
    const struct evidence *e = facts->evidence;
    for (uint32_t v = 0; v < e->vat_count; v++) {
        if (e->vats[v].sends == EVIDENCE_EARLY) {
            facts->vats[v].spoken = open[v] != NULL ? open[v]->epoch : CHECK_UNBOUNDED;
        }
    }
    for (size_t i = 0; facts->with_unknown && i < e->unknown.vats.count; i++) {
        facts->vats[e->unknown.vats.index[i]].spoken = CHECK_UNBOUNDED;
    }
    for (size_t i = 0; i < facts->interval_count; i++) {
        const struct check_interval *interval = &facts->intervals[i];
        bool held = e->vats[interval->vat].sends == EVIDENCE_HELD;
        if (held && interval->row != NULL && interval->row->durable) {
            facts_raise(&facts->vats[interval->vat].spoken, interval->epoch);
        }
        for (size_t j = 0; j < interval->heard_count; j++) {
            const struct evidence_heard *heard = &interval->heard[j];
            if (heard->vat != interval->vat &&
                check_death(facts, heard->vat, heard->epoch) == NULL) {
                facts_raise(&facts->vats[heard->vat].spoken, heard->epoch);
            }
        }
    }
}

/* Rule 8. */
static void facts_tell_instead(struct check_facts *facts)
{
    const struct evidence *e = facts->evidence;
    bool tell = e->policy.total_loss == EVIDENCE_TOTAL_LOSS_TELL;
    for (size_t v = 0; v < e->vat_count; v++) {
        struct check_vat *vat = &facts->vats[v];
        vat->told_instead = tell && vat->lost && vat->latest == 0 && vat->spoken > 0;
    }
    for (size_t i = 0; i < e->policy.tell.count; i++) {
        facts->vats[e->policy.tell.index[i]].told_instead = true;
    }
}

mn_result check_facts_init(struct check_facts *facts, const struct evidence *evidence,
                           bool with_unknown)
{
    *facts = (struct check_facts){.evidence = evidence, .with_unknown = with_unknown};
    size_t count = evidence->vat_count;
    facts->vats = mn_arena_take_array(&facts->arena, count + 1, sizeof *facts->vats);
    const struct evidence_open **open =
        mn_arena_take_array(&facts->arena, count, sizeof(const struct evidence_open *));
    if (facts->vats == NULL || open == NULL) {
        return MN_NO_MEMORY;
    }
    mn_result result = facts_lose(facts);
    if (result == MN_OK) {
        result = facts_list_intervals(facts);
    }
    if (result != MN_OK) {
        return result;
    }
    for (size_t i = 0; i < evidence->open_count; i++) {
        open[evidence->open[i].vat] = &evidence->open[i];
    }
    for (uint32_t v = 0; v < count; v++) {
        facts_judge_vat(facts, v, open[v]);
    }
    facts_speak(facts, open);
    facts_tell_instead(facts);
    return check_facts_cut(facts);
}

void check_facts_deinit(struct check_facts *facts)
{
    mn_table_deinit(&facts->losses.checkpoints);
    mn_table_deinit(&facts->losses.copies);
    mn_arena_deinit(&facts->arena);
}
