/* Rules 9 and 10: the cut, found from everyone's latest candidate downwards. When a vat's candidate
 * drops, only the hearings of its epochs above are looked at, each once; so one cut is linear, and
 * it is taken again after each turn of sparing. */
#include "cli/check_facts.h"

#include <stdlib.h>

/* The vats whose hearings are still to be looked at. */
struct cut_work {
    uint32_t *vats;
    size_t count;
    bool *waiting; /* per vat: it stands in @vats */
    size_t *end;   /* per vat: its hearings from here on have been looked at */
};

bool check_unbound(const struct check_facts *facts, uint32_t vat)
{
    return facts->vats[vat].spared ||
           facts->evidence->vats[vat].on_peer_rollback == EVIDENCE_BE_TOLD;
}

bool check_binds(const struct check_facts *facts, const struct check_interval *interval,
                 const struct evidence_heard *heard)
{
    if (heard->vat == interval->vat || interval->number <= facts->vats[interval->vat].floor) {
        return false;
    }
    const struct evidence_lineage *fork = check_death(facts, heard->vat, heard->epoch);
    return fork != NULL ? !fork->told : !facts->vats[heard->vat].told_instead;
}

bool check_orphan(const struct check_facts *facts, const struct evidence_heard *heard,
                  mn_epoch keep)
{
    return heard->epoch > keep || check_death(facts, heard->vat, heard->epoch) != NULL;
}

mn_epoch check_before(const struct check_facts *facts, size_t index)
{
    size_t first = facts->vats[facts->intervals[index].vat].first;
    while (index > first) {
        index--;
        if (facts->intervals[index].candidate) {
            return facts->intervals[index].epoch;
        }
    }
    return 0;
}

static int cut_compare_hearings(const void *a, const void *b)
{
    mn_epoch left = ((const struct check_hearing *)a)->epoch;
    mn_epoch right = ((const struct check_hearing *)b)->epoch;
    return left < right ? -1 : left > right ? 1 : 0;
}

/* Whether a dependency makes a hearing: it binds, on something that is live now. */
static bool cut_is_hearing(const struct check_facts *facts, const struct check_interval *interval,
                           const struct evidence_heard *heard)
{
    return check_binds(facts, interval, heard) &&
           check_death(facts, heard->vat, heard->epoch) == NULL;
}

static mn_result cut_list_hearings(struct check_facts *facts)
{
    struct check_vat *vats = facts->vats;
    size_t vat_count = facts->evidence->vat_count;
    for (size_t i = 0; i < facts->interval_count; i++) {
        const struct check_interval *interval = &facts->intervals[i];
        for (size_t j = 0; j < interval->heard_count; j++) {
            bool is = cut_is_hearing(facts, interval, &interval->heard[j]);
            vats[interval->heard[j].vat + 1].hearing += is ? 1 : 0;
        }
    }
    for (size_t v = 0; v < vat_count; v++) {
        vats[v + 1].hearing += vats[v].hearing;
    }
    size_t *next = mn_arena_take_array(&facts->arena, vat_count, sizeof *next);
    facts->hearings =
        mn_arena_take_array(&facts->arena, vats[vat_count].hearing, sizeof *facts->hearings);
    if (next == NULL || facts->hearings == NULL) {
        return MN_NO_MEMORY;
    }
    for (size_t v = 0; v < vat_count; v++) {
        next[v] = vats[v].hearing;
    }
    for (size_t i = 0; i < facts->interval_count; i++) {
        const struct check_interval *interval = &facts->intervals[i];
        for (size_t j = 0; j < interval->heard_count; j++) {
            const struct evidence_heard *heard = &interval->heard[j];
            if (cut_is_hearing(facts, interval, heard)) {
                facts->hearings[next[heard->vat]++] =
                    (struct check_hearing){heard->epoch, (uint32_t)i};
            }
        }
    }
    for (size_t v = 0; v < vat_count; v++) {
        qsort(facts->hearings + vats[v].hearing, vats[v + 1].hearing - vats[v].hearing,
              sizeof *facts->hearings, cut_compare_hearings);
    }
    return MN_OK;
}

static void cut_queue(struct cut_work *work, uint32_t vat)
{
    if (!work->waiting[vat]) {
        work->waiting[vat] = true;
        work->vats[work->count++] = vat;
    }
}

/* Take the vat of interval @index back before it, if it includes it and may be taken back. */
static void cut_demote(struct check_facts *facts, struct cut_work *work, size_t index)
{
    uint32_t vat = facts->intervals[index].vat;
    if (facts->intervals[index].epoch <= facts->vats[vat].keep && !check_unbound(facts, vat)) {
        facts->vats[vat].keep = check_before(facts, index);
        cut_queue(work, vat);
    }
}

static void cut_take(struct check_facts *facts, struct cut_work *work)
{
    work->count = 0;
    for (uint32_t v = 0; v < facts->evidence->vat_count; v++) {
        facts->vats[v].keep = facts->vats[v].latest;
        work->end[v] = facts->vats[v + 1].hearing;
        work->waiting[v] = false;
    }
    for (size_t i = 0; i < facts->interval_count; i++) {
        const struct check_interval *interval = &facts->intervals[i];
        for (size_t j = 0; j < interval->heard_count; j++) {
            const struct evidence_heard *heard = &interval->heard[j];
            if (check_binds(facts, interval, heard) &&
                check_death(facts, heard->vat, heard->epoch) != NULL) {
                cut_demote(facts, work, i);
                break;
            }
        }
    }
    for (uint32_t v = 0; v < facts->evidence->vat_count; v++) {
        cut_queue(work, v);
    }
    while (work->count > 0) {
        uint32_t vat = work->vats[--work->count];
        work->waiting[vat] = false;
        while (work->end[vat] > facts->vats[vat].hearing &&
               facts->hearings[work->end[vat] - 1].epoch > facts->vats[vat].keep) {
            work->end[vat]--;
            cut_demote(facts, work, facts->hearings[work->end[vat]].interval);
        }
    }
}

/* Whether the latest candidate of @vat heard what a vat not in @these does not keep, or is dead. */
static bool cut_hit_from_outside(const struct check_facts *facts, uint32_t vat, const bool *these)
{
    for (size_t i = facts->vats[vat].first; i < facts->vats[vat + 1].first; i++) {
        const struct check_interval *interval = &facts->intervals[i];
        for (size_t j = 0; interval->epoch <= facts->vats[vat].latest && j < interval->heard_count;
             j++) {
            const struct evidence_heard *heard = &interval->heard[j];
            mn_epoch keep = these[heard->vat] ? CHECK_OPEN : facts->vats[heard->vat].keep;
            if (check_binds(facts, interval, heard) && check_orphan(facts, heard, keep)) {
                return true;
            }
        }
    }
    return false;
}

/* One turn of rule 10. @these and @hit are room for a flag per vat. False when nobody is spared. */
static bool cut_spare(struct check_facts *facts, bool *these, bool *hit)
{
    size_t count = facts->evidence->vat_count;
    bool any = false;
    bool any_up = false;
    bool any_hit = false;
    for (size_t v = 0; v < count; v++) {
        const struct check_vat *vat = &facts->vats[v];
        mn_epoch limit = facts->evidence->vats[v].limit;
        these[v] = vat->keep < limit && vat->latest >= limit;
        any = any || these[v];
        any_up = any_up || (these[v] && !vat->lost);
    }
    for (size_t v = 0; v < count; v++) {
        these[v] = these[v] && !(any_up && facts->vats[v].lost);
    }
    for (uint32_t v = 0; v < count; v++) {
        hit[v] = these[v] && cut_hit_from_outside(facts, v, these);
        any_hit = any_hit || hit[v];
    }
    for (size_t v = 0; v < count; v++) {
        facts->vats[v].spared = facts->vats[v].spared || (any_hit ? hit[v] : these[v]);
    }
    return any;
}

mn_result check_facts_cut(struct check_facts *facts)
{
    size_t count = facts->evidence->vat_count;
    mn_result result = cut_list_hearings(facts);
    if (result != MN_OK) {
        return result;
    }
    struct cut_work work = {.vats = mn_arena_take_array(&facts->arena, count, sizeof *work.vats),
                            .waiting =
                                mn_arena_take_array(&facts->arena, count, sizeof *work.waiting),
                            .end = mn_arena_take_array(&facts->arena, count, sizeof *work.end)};
    bool *these = mn_arena_take_array(&facts->arena, count, sizeof *these);
    bool *hit = mn_arena_take_array(&facts->arena, count, sizeof *hit);
    if (work.vats == NULL || work.waiting == NULL || work.end == NULL || these == NULL ||
        hit == NULL) {
        return MN_NO_MEMORY;
    }
    do {
        cut_take(facts, &work);
    } while (cut_spare(facts, these, hit));
    return MN_OK;
}
