/* Rules 11 and 13: what the cut makes of each vat that the decision has something to say of. */
#include <stdlib.h>

#include "decision_private.h"

static int compare_known_vats(const void *a, const void *b)
{
    uint32_t left = ((const struct known_vat *)a)->vat;
    uint32_t right = ((const struct known_vat *)b)->vat;
    return left < right ? -1 : left > right ? 1 : 0;
}

void decision_sort_known(struct decision_maker *maker)
{
    if (maker->known_count > 1) {
        qsort(maker->known, maker->known_count, sizeof *maker->known, compare_known_vats);
    }
}

/* Rule 13 of a vat with this outcome and keep. */
static bool is_sure(const struct decision_maker *maker, uint32_t vat, enum mn_outcome outcome,
                    mn_epoch keep)
{
    if (maker->known == NULL) {
        return true;
    }
    struct known_vat key = {.vat = vat};
    const struct known_vat *known = NULL;
    if (maker->known_count > 0) {
        known = bsearch(&key, maker->known, maker->known_count, sizeof key, compare_known_vats);
    }
    return known != NULL ? known->outcome == outcome && known->keep == keep : outcome == MN_RUNNING;
}

/* Give @vat a row, once. */
static void list_vat(struct decision_maker *maker, uint32_t *list, size_t *count, uint32_t vat)
{
    if ((maker->ledger->places[vat].flags & VAT_LISTED) == 0) {
        maker->ledger->places[vat].flags |= VAT_LISTED;
        list[(*count)++] = vat;
    }
}

static int compare_indices(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return left < right ? -1 : left > right ? 1 : 0;
}

/* The vats that have a row, by index: where they are many, by going through all. */
static void sort_listed(const struct ledger *ledger, uint32_t *list, size_t count)
{
    if (count < ledger->vat_count / 16 && count > 1) {
        qsort(list, count, sizeof *list, compare_indices);
        return;
    }
    size_t found = 0;
    for (uint32_t v = 0; v < ledger->vat_count && found < count; v++) {
        if ((ledger->places[v].flags & VAT_LISTED) != 0) {
            list[found++] = v;
        }
    }
}

/* All vats that the decision has something to say of; the caller frees the list. */
static mn_result list_vats(struct decision_maker *maker, uint32_t **listed, size_t *listed_count)
{
    struct ledger *ledger = maker->ledger;
    const struct cut *cut = &maker->cut;
    size_t most = cut->row_count + cut->spared_count + maker->known_count + maker->pair_count;
    most = most < ledger->vat_count ? most : ledger->vat_count;
    uint32_t *list = calloc(most + 1, sizeof *list);
    if (list == NULL) {
        return MN_NO_MEMORY;
    }
    size_t count = 0;
    for (size_t i = 0; i < cut->row_count; i++) {
        cut_fetch_place(cut, i + 16);
        list_vat(maker, list, &count, cut->rows[i].vat);
    }
    for (size_t i = 0; i < cut->spared_count; i++) {
        list_vat(maker, list, &count, cut->spared[i]);
    }
    for (size_t i = 0; i < maker->known_count; i++) {
        list_vat(maker, list, &count, maker->known[i].vat);
    }
    for (size_t i = 0; i < maker->pair_count; i++) {
        list_vat(maker, list, &count, maker->pairs[i].vat);
    }
    sort_listed(ledger, list, count);
    for (size_t i = 0; i < count; i++) {
        ledger->places[list[i]].flags &= ~(uint32_t)VAT_LISTED;
    }
    *listed = list;
    *listed_count = count;
    return MN_OK;
}

static uint64_t count_epochs_lost(const struct ledger *ledger, const struct cut_row *row)
{
    const struct vat_place *place = &ledger->places[row->vat];
    uint64_t count = 0;
    for (uint32_t i = row->low; i < place->slot_count; i++) {
        count += ledger_is_live_row(ledger, place->slots[i].interval) ? 1 : 0;
    }
    return count;
}

static void count_outcome(struct decision_summary *summary, enum mn_outcome outcome)
{
    switch (outcome) {
    case MN_RUNNING:
        break;
    case MN_REVIVED:
        summary->revived++;
        break;
    case MN_ROLLED_BACK:
        summary->rolled_back++;
        break;
    case MN_RESET:
        summary->reset++;
        break;
    }
    summary->running -= outcome == MN_RUNNING ? 0 : 1;
}

/* Rule 11 for one vat. */
static void fill_vat(struct decision_maker *maker, uint32_t vat, struct decision_vat *out)
{
    const struct ledger *ledger = maker->ledger;
    struct decision_summary *summary = &maker->decision->summary;
    const struct cut_row *row = cut_find(&maker->cut, vat);
    uint32_t flags = ledger->places[vat].flags;
    *out = (struct decision_vat){.vat = vat,
                                 .outcome = MN_RUNNING,
                                 .keep = DECISION_OPEN,
                                 .incarnation = ledger_vat_incarnation(ledger, vat),
                                 .spared = (flags & VAT_SPARED) != 0};
    if ((flags & VAT_LOST) != 0) {
        out->was = DECISION_WAS_LOST;
    } else if (row != NULL && row->lost) {
        out->was = DECISION_WAS_UNKNOWN;
    }
    if (row != NULL) {
        out->outcome = decision_outcome(maker, row);
        out->keep = cut_epoch(&maker->cut, row->keep);
        out->forgot = decision_forgot(maker, row);
        summary->epochs_lost += count_epochs_lost(ledger, row);
    }
    if (out->forgot) {
        out->incarnation++;
        out->forgot_told = row->told_instead;
        out->through = maker->spoken[row - maker->cut.rows];
    }
    out->sure = is_sure(maker, vat, out->outcome, out->keep);
    summary->spared += out->spared ? 1 : 0;
    count_outcome(summary, out->outcome);
}

/* How many pairs ahead handing out notices asks for a vat's place, its row, and where the notice
 * will stand. */
enum { AHEAD_PLACE = 48, AHEAD_ROW = 32, AHEAD_NOTICE = 16 };

/* Ask for what handing out the pairs after number @i will need; where notices will stand is known
 * once they are @counted. */
static inline __attribute__((always_inline)) void fetch_notices(const struct decision_maker *maker,
                                                                size_t i, bool counted)
{
    const struct vat_place *places = maker->ledger->places;
    if (i + AHEAD_PLACE < maker->pair_count) {
        __builtin_prefetch(&places[maker->pairs[i + AHEAD_PLACE].vat]);
    }
    if (i + AHEAD_ROW < maker->pair_count) {
        const struct decision_vat *vat = &maker->vats[places[maker->pairs[i + AHEAD_ROW].vat].mark];
        __builtin_prefetch(&vat->told, 1);
        __builtin_prefetch(&vat->told_count, 1);
    }
    if (counted && i + AHEAD_NOTICE < maker->pair_count) {
        const struct decision_vat *vat =
            &maker->vats[places[maker->pairs[i + AHEAD_NOTICE].vat].mark];
        __builtin_prefetch(vat->told + vat->told_count, 1);
        __builtin_prefetch(vat->told + vat->told_count + 1, 1);
    }
}

/* Hand each row its notices: the pairs come by the peer's name, and stay so within each vat. The
 * mark of a vat is its row. @told: where the notices go. */
static void fill_told(struct decision_maker *maker, struct decision_told *told)
{
    struct decision *decision = maker->decision;
    struct vat_place *places = maker->ledger->places;
    for (size_t i = 0; i < decision->vat_count; i++) {
        places[maker->vats[i].vat].mark = (uint32_t)i;
    }
    for (size_t i = 0; i < maker->pair_count; i++) {
        fetch_notices(maker, i, false);
        maker->vats[places[maker->pairs[i].vat].mark].told_count++;
    }
    size_t first = 0;
    for (size_t i = 0; i < decision->vat_count; i++) {
        struct decision_vat *vat = &maker->vats[i];
        vat->told = told + first;
        first += vat->told_count;
        vat->told_count = 0;
    }
    for (size_t i = 0; i < maker->pair_count; i++) {
        fetch_notices(maker, i, true);
        const struct told_pair *pair = &maker->pairs[i];
        struct decision_vat *vat = &maker->vats[places[pair->vat].mark];
        const struct decision_vat *peer = &maker->vats[places[pair->peer].mark];
        told[vat->told - told + (ptrdiff_t)vat->told_count] =
            (struct decision_told){.peer = pair->peer,
                                   .incarnation = peer->incarnation,
                                   .kept = peer->keep,
                                   .you_heard = pair->you_heard,
                                   .forgot_you = pair->forgot_you};
        vat->told_count++;
    }
    for (size_t i = 0; i < decision->vat_count; i++) {
        places[maker->vats[i].vat].mark = 0;
    }
}

static void count_kept_orphans(struct decision *decision)
{
    for (size_t i = 0; i < decision->vat_count; i++) {
        const struct decision_vat *vat = &decision->vats[i];
        bool keeps = false;
        for (size_t j = 0; j < vat->told_count; j++) {
            keeps = keeps || vat->told[j].you_heard.first != 0;
        }
        decision->summary.kept_orphans += keeps ? 1 : 0;
    }
}

/* Ask for what the rows after number @i will need. */
static inline __attribute__((always_inline)) void
fetch_listed(const struct decision_maker *maker, const uint32_t *listed, size_t i, size_t count)
{
    if (i + 8 < count) {
        const struct cut_row *row = cut_find(&maker->cut, listed[i + 8]);
        __builtin_prefetch(row);
    }
    if (i + 4 < count) {
        const struct vat_place *place = &maker->ledger->places[listed[i + 4]];
        if (place->slot_count > 0) {
            __builtin_prefetch(place->slots);
            __builtin_prefetch(&place->slots[place->slot_count - 1]);
        }
    }
}

mn_result decision_fill_vats(struct decision_maker *maker)
{
    struct decision *decision = maker->decision;
    uint32_t *listed = NULL;
    mn_result result = list_vats(maker, &listed, &decision->vat_count);
    if (result != MN_OK) {
        return result;
    }
    maker->vats = mn_arena_take_array(&decision->arena, decision->vat_count, sizeof *maker->vats);
    decision->vats = maker->vats;
    struct decision_told *told =
        mn_arena_take_array(&decision->arena, maker->pair_count, sizeof *told);
    if (maker->vats == NULL || told == NULL) {
        result = MN_NO_MEMORY;
    }
    decision->summary.running = maker->ledger->vat_count;
    for (size_t i = 0; result == MN_OK && i < decision->vat_count; i++) {
        fetch_listed(maker, listed, i, decision->vat_count);
        fill_vat(maker, listed[i], &maker->vats[i]);
    }
    if (result == MN_OK && maker->pair_count > 0) {
        fill_told(maker, told);
        count_kept_orphans(decision);
    }
    free(listed);
    return result;
}
