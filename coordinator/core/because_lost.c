/* Rule 14's other cause: the named losses that took a vat's running state and its later candidates.
 *
 * Of each checkpoint above what is kept that cannot be restored, everything named that took a copy
 * or the checkpoint, and the same of what it applies onto; each once, by kind and name. */
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "decision_private.h"

struct loss_found {
    struct decision_loss loss;
    const char *name;
    const char *store;
};

struct loss_search {
    struct decision_maker *maker;
    struct loss_found *found;
    size_t count, capacity;
    uint32_t *checkpoints; /* to be explained; each has its bit in ledger->seen */
    size_t checkpoint_count, checkpoint_capacity;
    mn_result result;
};

static void list_loss(struct loss_search *search, struct decision_loss loss, const char *name,
                      const char *store)
{
    if (search->result == MN_OK) {
        search->result = mn_grow(&search->found, &search->capacity, search->count + 1,
                                 sizeof *search->found, SIZE_MAX / sizeof *search->found);
    }
    if (search->result == MN_OK) {
        search->found[search->count++] = (struct loss_found){loss, name, store};
    }
}

/* List @index as a loss of @kind when @set names it. */
static void list_named(struct loss_search *search, const struct ledger_set *set,
                       enum decision_loss_kind kind, uint32_t index, const char *name)
{
    if (ledger_set_has(set, index)) {
        list_loss(search, (struct decision_loss){.kind = kind, .index = index}, name, "");
    }
}

static void list_domains(struct loss_search *search, uint32_t domain)
{
    const struct ledger *ledger = search->maker->ledger;
    for (; domain != LEDGER_NONE; domain = ledger->domains[domain].in) {
        list_named(search, &ledger->lost_domains, DECISION_LOSS_DOMAIN, domain,
                   ledger_domain_name(ledger, domain));
    }
}

static void list_host(struct loss_search *search, uint32_t host)
{
    const struct ledger *ledger = search->maker->ledger;
    list_named(search, &ledger->lost_hosts, DECISION_LOSS_HOST, host,
               ledger_host_name(ledger, host));
    list_domains(search, ledger->hosts[host].in);
}

static void list_store(struct loss_search *search, uint32_t store)
{
    const struct ledger *ledger = search->maker->ledger;
    const struct store *row = &ledger->stores[store];
    const char *name = ledger_store_name(ledger, store);
    list_named(search, &ledger->lost_stores, DECISION_LOSS_STORE, store, name);
    list_named(search, &ledger->unknown_stores, DECISION_LOSS_UNKNOWN_STORE, store, name);
    if (row->place == EVIDENCE_IN_HOST) {
        list_host(search, row->in);
    } else if (row->place == EVIDENCE_IN_DOMAIN) {
        list_domains(search, row->in);
    }
}

/* Have the checkpoint explained, once. */
static void want_explained(struct loss_search *search, uint32_t interval)
{
    struct ledger *ledger = search->maker->ledger;
    uint64_t bit = UINT64_C(1) << (interval & 63);
    if ((ledger->seen[interval >> 6] & bit) != 0 || search->result != MN_OK) {
        return;
    }
    search->result =
        mn_grow(&search->checkpoints, &search->checkpoint_capacity, search->checkpoint_count + 1,
                sizeof *search->checkpoints, LEDGER_INTERVAL_COUNT_MAX);
    if (search->result == MN_OK) {
        search->checkpoints[search->checkpoint_count++] = interval;
        ledger->seen[interval >> 6] |= bit;
    }
}

/* Whether emptied stores alone have left too little of the form, so that it is none any more. */
static bool form_is_no_more(const struct ledger *ledger, uint32_t *form)
{
    const uint32_t *copies = form_copies(form);
    uint32_t left = 0;
    for (uint32_t i = 0; i < form_copy_count(form); i++) {
        left += ledger->sites[copies[i] & ~COPY_LOST].store != LEDGER_NONE ? 1 : 0;
    }
    return left < form[FORM_NEED];
}

/* What took copies of the form; and when it applies onto something, that too. */
static void explain_form(struct loss_search *search, const struct interval *row, uint32_t *form)
{
    const struct ledger *ledger = search->maker->ledger;
    const uint32_t *copies = form_copies(form);
    if (form_is_no_more(ledger, form)) {
        return;
    }
    for (uint32_t i = 0; i < form_copy_count(form); i++) {
        const struct site *site = &ledger->sites[copies[i] & ~COPY_LOST];
        if (site->store == LEDGER_NONE) {
            continue;
        }
        if ((copies[i] & COPY_LOST) != 0) {
            struct decision_loss loss = {.kind = DECISION_LOSS_COPY,
                                         .index = row->vat,
                                         .epoch = row->epoch,
                                         .store = site->store};
            list_loss(search, loss, ledger_vat_name(ledger, row->vat),
                      ledger_store_name(ledger, site->store));
        }
        if (site->lost) {
            list_store(search, site->store);
        }
    }
    uint32_t base =
        form_is_diff(form) ? ledger_find_listed(ledger, row->vat, form_onto(form)) : LEDGER_NONE;
    bool restorable = true;
    if (base != LEDGER_NONE && interval_live_row(&ledger->intervals[base]) &&
        search->result == MN_OK) {
        search->result = cut_restorable(&search->maker->cut, base, &restorable);
    }
    if (!restorable) {
        want_explained(search, base);
    }
}

static void explain_checkpoint(struct loss_search *search, uint32_t interval)
{
    const struct ledger *ledger = search->maker->ledger;
    const struct interval *row = &ledger->intervals[interval];
    if ((row->flags & INTERVAL_LOST) != 0) {
        struct decision_loss loss = {
            .kind = DECISION_LOSS_CHECKPOINT, .index = row->vat, .epoch = row->epoch};
        list_loss(search, loss, ledger_vat_name(ledger, row->vat), "");
        return;
    }
    for (uint32_t at = row->forms; at != 0; at = ledger_form(ledger, at)[FORM_NEXT]) {
        explain_form(search, row, ledger_form(ledger, at));
    }
}

static void explain_vat(struct loss_search *search, const struct cut_row *row)
{
    const struct ledger *ledger = search->maker->ledger;
    const struct vat_place *place = &ledger->places[row->vat];
    const char *name = ledger_vat_name(ledger, row->vat);
    if (row->lost) {
        list_named(search, &ledger->lost_vats, DECISION_LOSS_VAT, row->vat, name);
        list_named(search, &ledger->unknown_vats, DECISION_LOSS_UNKNOWN_VAT, row->vat, name);
        if (ledger->vats[row->vat].host != LEDGER_NONE) {
            list_host(search, ledger->vats[row->vat].host);
        }
    }
    for (uint32_t i = row->low; i < place->slot_count; i++) {
        uint32_t interval = place->slots[i].interval;
        const struct interval *later = &ledger->intervals[interval];
        if (interval_live_row(later) && (later->flags & INTERVAL_COVERED) != 0) {
            want_explained(search, interval);
        }
    }
    for (size_t i = 0; i < search->checkpoint_count; i++) {
        explain_checkpoint(search, search->checkpoints[i]);
    }
}

static int compare_losses(const void *a, const void *b)
{
    const struct loss_found *left = a;
    const struct loss_found *right = b;
    if (left->loss.kind != right->loss.kind) {
        return left->loss.kind < right->loss.kind ? -1 : 1;
    }
    int order = strcmp(left->name, right->name);
    if (order == 0 && left->loss.epoch != right->loss.epoch) {
        order = left->loss.epoch < right->loss.epoch ? -1 : 1;
    }
    return order != 0 ? order : strcmp(left->store, right->store);
}

static mn_result write_losses(struct loss_search *search, struct decision_vat *vat)
{
    struct decision_loss *losses =
        mn_arena_take_array(&search->maker->decision->arena, search->count, sizeof *losses);
    if (losses == NULL) {
        return MN_NO_MEMORY;
    }
    if (search->count > 1) {
        qsort(search->found, search->count, sizeof *search->found, compare_losses);
    }
    size_t count = 0;
    for (size_t i = 0; i < search->count; i++) {
        if (i == 0 || compare_losses(&search->found[i - 1], &search->found[i]) != 0) {
            losses[count++] = search->found[i].loss;
        }
    }
    vat->losses = losses;
    vat->loss_count = count;
    return MN_OK;
}

mn_result decision_find_losses(struct decision_maker *maker, const struct cut_row *row,
                               struct decision_vat *vat)
{
    struct loss_search search = {.maker = maker};
    explain_vat(&search, row);
    mn_result result = search.result;
    if (result == MN_OK) {
        result = write_losses(&search, vat);
    }
    for (size_t i = 0; i < search.checkpoint_count; i++) {
        uint32_t interval = search.checkpoints[i];
        maker->ledger->seen[interval >> 6] &= ~(UINT64_C(1) << (interval & 63));
    }
    free(search.checkpoints);
    free(search.found);
    return result;
}
