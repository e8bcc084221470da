/* The forms in which a checkpoint exists, and their copies. */
#include <string.h>

#include "base/check.h"
#include "ledger_private.h"

static size_t form_words(bool diff, size_t copy_count)
{
    return (diff ? FORM_DIFF_COPIES : FORM_COPIES) + copy_count;
}

static size_t form_size(const uint32_t *form)
{
    return form_words(form_is_diff(form), form_copy_count(form));
}

static bool copies_valid(struct ledger *ledger, const struct evidence_form *form)
{
    ledger->stamp++;
    for (size_t i = 0; i < form->at_count; i++) {
        if (form->at[i] >= ledger->store_count ||
            ledger->stores[form->at[i]].stamp == ledger->stamp) {
            return false;
        }
        ledger->stores[form->at[i]].stamp = ledger->stamp;
    }
    return true;
}

mn_result ledger_check_forms(struct ledger *ledger, mn_epoch epoch,
                             const struct evidence_form *forms, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct evidence_form *form = &forms[i];
        bool full = form->kind == EVIDENCE_FULL && form->onto == 0;
        bool diff = form->kind == EVIDENCE_DIFF && form->onto > 0 && form->onto < epoch;
        if ((!full && !diff) || form->need < 1 || form->need > form->at_count ||
            form->at_count > EVIDENCE_ROW_COUNT_MAX || !copies_valid(ledger, form)) {
            return MN_BAD_INPUT;
        }
    }
    return MN_OK;
}

size_t ledger_forms_words(const struct ledger *ledger, uint32_t interval,
                          const struct evidence_form *forms, size_t count)
{
    size_t copies = 0;
    size_t words = 0;
    for (size_t i = 0; i < count; i++) {
        copies += forms[i].at_count;
        words += ledger_words_block(FORM_DIFF_COPIES + forms[i].at_count);
    }
    if ((ledger->intervals[interval].flags & INTERVAL_LISTED) == 0) {
        return words;
    }
    size_t largest = 0;
    for (uint32_t at = ledger->intervals[interval].forms; at != 0;
         at = ledger_form(ledger, at)[FORM_NEXT]) {
        size_t size = form_size(ledger_form(ledger, at));
        largest = size > largest ? size : largest;
    }
    /* Each may be united with one that is known, or with one that was just added. */
    return count * ledger_words_block(largest + FORM_DIFF_COPIES + copies);
}

/* How many of the stores @at hold a copy of the form already. */
static size_t shared_copies(const struct ledger *ledger, uint32_t *form,
                            const struct evidence_form *other)
{
    size_t shared = 0;
    const uint32_t *copies = form_copies(form);
    for (size_t i = 0; i < other->at_count; i++) {
        uint32_t site = ledger->stores[other->at[i]].site;
        for (size_t j = 0; j < form_copy_count(form); j++) {
            shared += (copies[j] & ~COPY_LOST) == site ? 1 : 0;
        }
    }
    return shared;
}

/* The link to the known form that @form says more about, NULL when it is another one. Where one
 * copy is enough, equal forms are one; where several are pieces of one whole, they have to share
 * some. */
static uint32_t *find_form(struct ledger *ledger, uint32_t interval,
                           const struct evidence_form *form)
{
    uint32_t *best = NULL;
    size_t best_shared = 0;
    for (uint32_t *link = &ledger->intervals[interval].forms; *link != 0;
         link = &ledger_form(ledger, *link)[FORM_NEXT]) {
        uint32_t *known = ledger_form(ledger, *link);
        if (form_is_diff(known) != (form->kind == EVIDENCE_DIFF) ||
            form_onto(known) != form->onto || known[FORM_NEED] != form->need) {
            continue;
        }
        size_t shared = shared_copies(ledger, known, form) + (form->need == 1 ? 1 : 0);
        if (shared > best_shared) {
            best = link;
            best_shared = shared;
        }
    }
    return best;
}

static void add_form(struct ledger *ledger, uint32_t interval, const struct evidence_form *form)
{
    bool diff = form->kind == EVIDENCE_DIFF;
    uint32_t at = ledger_words_take(&ledger->words, form_words(diff, form->at_count));
    uint32_t *made = ledger_form(ledger, at);
    made[FORM_NEXT] = 0;
    made[FORM_NEED] = form->need;
    made[FORM_COUNT] = (uint32_t)form->at_count << 1 | (diff ? 1 : 0);
    if (diff) {
        made[FORM_ONTO_LOW] = (uint32_t)form->onto;
        made[FORM_ONTO_HIGH] = (uint32_t)((uint64_t)form->onto >> 32);
    }
    uint32_t *copies = form_copies(made);
    for (size_t i = 0; i < form->at_count; i++) {
        copies[i] = ledger->stores[form->at[i]].site;
    }
    uint32_t *link = &ledger->intervals[interval].forms;
    while (*link != 0) {
        link = &ledger_form(ledger, *link)[FORM_NEXT];
    }
    *link = at;
}

/* Add the copies that the known form at *@link has not; those it has are there again. */
static void unite_form(struct ledger *ledger, uint32_t *link, const struct evidence_form *form)
{
    uint32_t *known = ledger_form(ledger, *link);
    size_t before = form_size(known);
    size_t after = before;
    uint32_t at = ledger_words_take(&ledger->words, before + form->at_count);
    uint32_t *made = ledger_form(ledger, at);
    memcpy(made, known, before * sizeof *made);
    uint32_t *copies = form_copies(made);
    uint32_t count = form_copy_count(made);
    for (size_t i = 0; i < form->at_count; i++) {
        uint32_t site = ledger->stores[form->at[i]].site;
        uint32_t j = 0;
        while (j < count && (copies[j] & ~COPY_LOST) != site) {
            j++;
        }
        copies[j] = site;
        after += j == count ? 1 : 0;
        count += j == count ? 1 : 0;
    }
    made[FORM_COUNT] = count << 1 | (made[FORM_COUNT] & 1);
    ledger_words_shrink(&ledger->words, at, before + form->at_count, after);
    ledger_words_give(&ledger->words, *link, before);
    *link = at;
}

void ledger_add_forms(struct ledger *ledger, uint32_t interval, const struct evidence_form *forms,
                      size_t count, bool apart)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t *link = apart ? NULL : find_form(ledger, interval, &forms[i]);
        if (link != NULL) {
            unite_form(ledger, link, &forms[i]);
        } else {
            add_form(ledger, interval, &forms[i]);
        }
    }
}

void ledger_free_forms(struct ledger *ledger, uint32_t interval)
{
    uint32_t *first = &ledger->intervals[interval].forms;
    while (*first != 0) {
        uint32_t at = *first;
        *first = ledger_form(ledger, at)[FORM_NEXT];
        ledger_words_give(&ledger->words, at, form_size(ledger_form(ledger, at)));
    }
}

/* Keep of each form the copies that are not at @store and whose site is none that was emptied; of
 * the forms, those that can still be restored. */
static void keep_copies(struct ledger *ledger, uint32_t interval, uint32_t store)
{
    uint32_t *link = &ledger->intervals[interval].forms;
    while (*link != 0) {
        uint32_t at = *link;
        uint32_t *form = ledger_form(ledger, at);
        size_t before = form_size(form);
        uint32_t *copies = form_copies(form);
        uint32_t kept = 0;
        for (uint32_t i = 0; i < form_copy_count(form); i++) {
            uint32_t held_by = ledger->sites[copies[i] & ~COPY_LOST].store;
            if (held_by != LEDGER_NONE && held_by != store) {
                copies[kept++] = copies[i];
            }
        }
        if (kept < form[FORM_NEED]) {
            *link = form[FORM_NEXT];
            ledger_words_give(&ledger->words, at, before);
            continue;
        }
        form[FORM_COUNT] = kept << 1 | (form[FORM_COUNT] & 1);
        ledger_words_shrink(&ledger->words, at, before, form_size(form));
        link = &form[FORM_NEXT];
    }
}

void ledger_purge_forms(struct ledger *ledger, uint32_t interval)
{
    keep_copies(ledger, interval, LEDGER_NONE);
}

mn_result ledger_drop_copies(struct ledger *ledger, uint32_t vat, mn_epoch epoch, uint32_t store)
{
    if (vat >= ledger->vat_count || store >= ledger->store_count) {
        return MN_BAD_INPUT;
    }
    uint32_t interval = ledger_find_listed(ledger, vat, epoch);
    if (interval == LEDGER_NONE) {
        return MN_NOT_FOUND;
    }
    ledger_renew(ledger, vat);
    keep_copies(ledger, interval, store);
    bool settled = (ledger->places[vat].flags & VAT_HAS_FLOOR) != 0 &&
                   epoch < ledger->vats[vat].floor && ledger->intervals[interval].forms == 0;
    if (settled && !ledger_chain_stands_on(ledger, vat, epoch)) {
        (void)ledger_unlist(ledger, interval);
        ledger_cover(ledger, vat, 0);
    }
    return MN_OK;
}

bool ledger_mark_copies(struct ledger *ledger, uint32_t interval, uint32_t store, bool lost)
{
    bool found = false;
    uint32_t at = ledger->intervals[interval].forms;
    for (; at != 0; at = ledger_form(ledger, at)[FORM_NEXT]) {
        uint32_t *form = ledger_form(ledger, at);
        uint32_t *copies = form_copies(form);
        for (uint32_t i = 0; i < form_copy_count(form); i++) {
            if ((copies[i] & ~COPY_LOST) == ledger->stores[store].site) {
                copies[i] = lost ? copies[i] | COPY_LOST : copies[i] & ~COPY_LOST;
                found = true;
            }
        }
    }
    return found;
}
