/* Rule 3: which checkpoints can be restored from what is left.
 *
 * A chain is followed down to what is known or to a full form, then judged upwards, and each
 * checkpoint is judged once in a cut: so the cost is that of the chains that are asked about. */
#include "base/grow.h"
#include "cut.h"

static bool bit_of(const uint64_t *bits, uint32_t interval)
{
    return (bits[interval >> 6] >> (interval & 63) & 1) != 0;
}

static bool copy_left(const struct ledger *ledger, uint32_t copy)
{
    const struct site *site = &ledger->sites[copy & ~COPY_LOST];
    return (copy & COPY_LOST) == 0 && site->store != LEDGER_NONE && !site->lost;
}

static bool form_intact(const struct ledger *ledger, uint32_t *form)
{
    uint32_t left = 0;
    const uint32_t *copies = form_copies(form);
    for (uint32_t i = 0; i < form_copy_count(form); i++) {
        left += copy_left(ledger, copies[i]) ? 1 : 0;
    }
    return left >= form[FORM_NEED];
}

/* The live checkpoint that a diff applies onto, or LEDGER_NONE. */
static uint32_t base_of(const struct ledger *ledger, uint32_t vat, const uint32_t *form)
{
    uint32_t base = ledger_find_listed(ledger, vat, form_onto(form));
    bool live = base != LEDGER_NONE && interval_live_row(&ledger->intervals[base]);
    return live ? base : LEDGER_NONE;
}

/* Judge a checkpoint by its forms. @base: out, a base that has to be judged first, or LEDGER_NONE.
 */
static bool judge_forms(const struct cut *cut, uint32_t interval, uint32_t *base)
{
    const struct ledger *ledger = cut->ledger;
    const struct interval *row = &ledger->intervals[interval];
    uint32_t unjudged = LEDGER_NONE;
    *base = LEDGER_NONE;
    if ((row->flags & INTERVAL_LOST) != 0) {
        return false;
    }
    for (uint32_t at = row->forms; at != 0; at = ledger_form(ledger, at)[FORM_NEXT]) {
        uint32_t *form = ledger_form(ledger, at);
        if (!form_intact(ledger, form)) {
            continue;
        }
        if (!form_is_diff(form)) {
            return true;
        }
        uint32_t onto = base_of(ledger, row->vat, form);
        bool judged = onto != LEDGER_NONE && bit_of(ledger->judged, onto);
        if (judged && bit_of(ledger->restorable, onto)) {
            return true;
        }
        unjudged = onto != LEDGER_NONE && !judged ? onto : unjudged;
    }
    *base = unjudged;
    return false;
}

static mn_result push_chain(struct cut *cut, uint32_t interval)
{
    mn_result result = mn_grow(&cut->chain, &cut->chain_capacity, cut->chain_count + 1,
                               sizeof *cut->chain, LEDGER_INTERVAL_COUNT_MAX);
    if (result == MN_OK) {
        cut->chain[cut->chain_count++] = interval;
    }
    return result;
}

static mn_result note_judged(struct cut *cut, uint32_t interval, bool restorable)
{
    mn_result result = mn_grow(&cut->judged, &cut->judged_capacity, cut->judged_count + 1,
                               sizeof *cut->judged, LEDGER_INTERVAL_COUNT_MAX);
    if (result == MN_OK) {
        uint64_t bit = UINT64_C(1) << (interval & 63);
        cut->judged[cut->judged_count++] = interval;
        cut->ledger->judged[interval >> 6] |= bit;
        cut->ledger->restorable[interval >> 6] |= restorable ? bit : 0;
    }
    return result;
}

void cut_forget_judged(struct cut *cut)
{
    for (size_t i = 0; i < cut->judged_count; i++) {
        uint64_t bit = UINT64_C(1) << (cut->judged[i] & 63);
        cut->ledger->judged[cut->judged[i] >> 6] &= ~bit;
        cut->ledger->restorable[cut->judged[i] >> 6] &= ~bit;
    }
    cut->judged_count = 0;
}

mn_result cut_restorable(struct cut *cut, uint32_t interval, bool *answer)
{
    uint32_t base = LEDGER_NONE;
    if (bit_of(cut->ledger->judged, interval)) {
        *answer = bit_of(cut->ledger->restorable, interval);
        return MN_OK;
    }
    *answer = judge_forms(cut, interval, &base);
    if (base == LEDGER_NONE) {
        return MN_OK;
    }
    cut->chain_count = 0;
    mn_result result = push_chain(cut, interval);
    while (result == MN_OK && cut->chain_count > 0) {
        uint32_t top = cut->chain[cut->chain_count - 1];
        *answer = judge_forms(cut, top, &base);
        if (!*answer && base != LEDGER_NONE) {
            result = push_chain(cut, base);
        } else {
            result = note_judged(cut, top, *answer);
            cut->chain_count--;
        }
    }
    return result;
}

mn_result cut_candidate_below(struct cut *cut, uint32_t vat, uint32_t position, uint32_t *candidate,
                              uint32_t *low)
{
    const struct ledger *ledger = cut->ledger;
    const struct slot *slots = ledger->places[vat].slots;
    for (; position > 0; position--) {
        uint32_t interval = slots[position - 1].interval;
        if (!ledger_is_live_row(ledger, interval) ||
            (ledger->intervals[interval].flags & INTERVAL_COVERED) == 0) {
            continue;
        }
        bool restorable = false;
        mn_result result = cut_restorable(cut, interval, &restorable);
        if (result != MN_OK) {
            return result;
        }
        if (restorable) {
            *candidate = interval;
            *low = position;
            return MN_OK;
        }
    }
    *candidate = CUT_BIRTH;
    *low = 0;
    return MN_OK;
}
