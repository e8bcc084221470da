/* Deciding: the cut, then what it makes of every vat that it touches, and whom it tells. */
#include <stdlib.h>
#include <string.h>

#include "decision_private.h"

static int compare_named(const void *a, const void *b)
{
    return strcmp(((const struct decision_named *)a)->name,
                  ((const struct decision_named *)b)->name);
}

void decision_sort_names(struct decision_named *named, size_t count)
{
    if (count > 1) {
        qsort(named, count, sizeof *named, compare_named);
    }
}

void decision_destroy(struct decision **decision)
{
    if (*decision != NULL) {
        mn_arena_deinit(&(*decision)->arena);
        free(*decision);
        *decision = NULL;
    }
}

const struct decision_vat *decision_find(const struct decision *decision, uint32_t vat)
{
    size_t low = 0;
    size_t high = decision->vat_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (decision->vats[middle].vat < vat) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < decision->vat_count && decision->vats[low].vat == vat;
    return found ? &decision->vats[low] : NULL;
}

bool decision_forgot(const struct decision_maker *maker, const struct cut_row *row)
{
    return row->keep != CUT_OPEN &&
           maker->spoken[row - maker->cut.rows] > cut_epoch(&maker->cut, row->keep);
}

enum mn_outcome decision_outcome(const struct decision_maker *maker, const struct cut_row *row)
{
    if (row->keep == CUT_OPEN) {
        return MN_RUNNING;
    }
    if (!decision_forgot(maker, row)) {
        return MN_REVIVED;
    }
    return row->keep == CUT_BIRTH ? MN_RESET : MN_ROLLED_BACK;
}

/* Take one reading's cut, and find up to where each of its vats has spoken. */
static mn_result take_reading(struct decision_maker *maker, bool with_unknown, bool by_rounds)
{
    mn_result result = cut_init(&maker->cut, maker->ledger, with_unknown, by_rounds);
    if (result != MN_OK) {
        return result;
    }
    maker->spoken = malloc((maker->cut.row_count + 1) * sizeof *maker->spoken);
    if (maker->spoken == NULL) {
        return MN_NO_MEMORY;
    }
    for (size_t i = 0; i < maker->cut.row_count; i++) {
        cut_fetch_place(&maker->cut, i + 16);
        maker->spoken[i] = cut_spoken(&maker->cut, maker->cut.rows[i].vat);
    }
    return MN_OK;
}

static void drop_reading(struct decision_maker *maker)
{
    cut_deinit(&maker->cut);
    free(maker->spoken);
    maker->spoken = NULL;
}

/* Note what the decision would be if what is unknown were empty. */
static mn_result read_known(struct decision_maker *maker)
{
    if (maker->ledger->unknown_vats.count == 0 && maker->ledger->unknown_stores.count == 0) {
        return MN_OK;
    }
    mn_result result = take_reading(maker, false, false);
    const struct cut *cut = &maker->cut;
    if (result == MN_OK) {
        maker->known = malloc((cut->row_count + 1) * sizeof *maker->known);
        result = maker->known != NULL ? MN_OK : MN_NO_MEMORY;
    }
    for (size_t i = 0; result == MN_OK && i < cut->row_count; i++) {
        const struct cut_row *row = &cut->rows[i];
        maker->known[maker->known_count++] =
            (struct known_vat){row->vat, decision_outcome(maker, row), cut_epoch(cut, row->keep)};
    }
    decision_sort_known(maker);
    drop_reading(maker);
    return result;
}

static mn_result list_spared(struct decision_maker *maker)
{
    const struct cut *cut = &maker->cut;
    struct decision *decision = maker->decision;
    struct decision_named *named = malloc((cut->spared_count + 1) * sizeof *named);
    uint32_t *spared = mn_arena_take_array(&decision->arena, cut->spared_count, sizeof *spared);
    if (named == NULL || spared == NULL) {
        free(named);
        return MN_NO_MEMORY;
    }
    for (size_t i = 0; i < cut->spared_count; i++) {
        named[i] =
            (struct decision_named){ledger_vat_name(maker->ledger, cut->spared[i]), cut->spared[i]};
    }
    decision_sort_names(named, cut->spared_count);
    for (size_t i = 0; i < cut->spared_count; i++) {
        spared[i] = named[i].index;
    }
    decision->spared = spared;
    decision->spared_count = cut->spared_count;
    free(named);
    return MN_OK;
}

/* Make the decision from both readings; @proof: with whom it tells, and why. */
static mn_result make_decision(struct decision_maker *maker, bool proof)
{
    mn_result result = read_known(maker);
    if (result == MN_OK) {
        result = take_reading(maker, true, proof);
    }
    if (result == MN_OK && proof) {
        result = decision_find_told(maker);
    }
    if (result == MN_OK) {
        result = list_spared(maker);
    }
    if (result == MN_OK) {
        result = decision_fill_vats(maker);
    }
    if (result == MN_OK && proof) {
        result = decision_find_causes(maker);
    }
    maker->decision->cost = (struct decision_cost){maker->cut.touched, maker->cut.demoted};
    drop_reading(maker);
    return result;
}

static mn_result decide(struct ledger *ledger, bool proof, struct decision **decision)
{
    struct decision_maker maker = {.ledger = ledger, .decision = calloc(1, sizeof **decision)};
    if (maker.decision == NULL) {
        return MN_NO_MEMORY;
    }
    mn_result result = make_decision(&maker, proof);
    free(maker.known);
    free(maker.pairs);
    if (result == MN_OK) {
        *decision = maker.decision;
    } else {
        decision_destroy(&maker.decision);
    }
    return result;
}

mn_result ledger_decide(struct ledger *ledger, struct decision **decision)
{
    return decide(ledger, true, decision);
}

mn_result ledger_cut(struct ledger *ledger, struct decision **decision)
{
    return decide(ledger, false, decision);
}
