/* Which copies restore a checkpoint.
 *
 * From the oldest of the vat's checkpoints that the newest may stand on up to it, each gets its
 * best form and the length of its chain, so the time is that of the vat's slots and forms. */
#include <stdlib.h>

#include "ledger_private.h"

/* The best way to restore one of the vat's checkpoints. */
struct chain_step {
    uint32_t *form;  /* NULL when it is not restorable */
    uint32_t base;   /* the slot that a diff applies onto */
    uint32_t length; /* checkpoints in the chain */
};

static bool domain_lost(const struct ledger *ledger, uint32_t domain)
{
    while (domain != LEDGER_NONE && !ledger_set_has(&ledger->lost_domains, domain)) {
        domain = ledger->domains[domain].in;
    }
    return domain != LEDGER_NONE;
}

static bool host_lost(const struct ledger *ledger, uint32_t host)
{
    return ledger_set_has(&ledger->lost_hosts, host) || domain_lost(ledger, ledger->hosts[host].in);
}

/* The store of a copy that is left, or LEDGER_NONE. */
static uint32_t store_of_copy(const struct ledger *ledger, uint32_t copy)
{
    uint32_t store = ledger->sites[copy & ~COPY_LOST].store;
    if ((copy & COPY_LOST) != 0 || store == LEDGER_NONE ||
        ledger_set_has(&ledger->lost_stores, store) ||
        ledger_set_has(&ledger->unknown_stores, store)) {
        return LEDGER_NONE;
    }
    const struct store *row = &ledger->stores[store];
    bool lost = (row->place == EVIDENCE_IN_HOST && host_lost(ledger, row->in)) ||
                (row->place == EVIDENCE_IN_DOMAIN && domain_lost(ledger, row->in));
    return lost ? LEDGER_NONE : store;
}

static uint32_t copies_left(const struct ledger *ledger, uint32_t *form)
{
    const uint32_t *copies = form_copies(form);
    uint32_t left = 0;
    for (uint32_t i = 0; i < form_copy_count(form); i++) {
        left += store_of_copy(ledger, copies[i]) != LEDGER_NONE ? 1 : 0;
    }
    return left;
}

/* Choose the form for the checkpoint in slot @slot; those below it have been chosen. */
static struct chain_step choose_form(const struct ledger *ledger, uint32_t vat, uint32_t slot,
                                     const struct chain_step *below)
{
    const struct vat_place *place = &ledger->places[vat];
    const struct interval *row = &ledger->intervals[place->slots[slot].interval];
    struct chain_step best = {.length = UINT32_MAX};
    if (!interval_live_row(row) || (row->flags & INTERVAL_LOST) != 0) {
        return best;
    }
    for (uint32_t at = row->forms; at != 0; at = ledger_form(ledger, at)[FORM_NEXT]) {
        uint32_t *form = ledger_form(ledger, at);
        uint32_t base = ledger_position(ledger, vat, form_onto(form));
        uint32_t length = 1;
        if (form_is_diff(form)) {
            bool known = base < slot && slot_epoch(&place->slots[base]) == form_onto(form) &&
                         below[base].form != NULL;
            length = known ? below[base].length + 1 : UINT32_MAX;
        }
        if (length < best.length && copies_left(ledger, form) >= form[FORM_NEED]) {
            best = (struct chain_step){.form = form, .base = base, .length = length};
        }
    }
    return best;
}

static int compare_stores(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return left < right ? -1 : left > right ? 1 : 0;
}

static mn_result write_link(const struct ledger *ledger, mn_epoch epoch, uint32_t *form,
                            struct mn_arena *arena, struct ledger_link *link)
{
    uint32_t *stores = mn_arena_take_array(arena, form_copy_count(form), sizeof *stores);
    if (stores == NULL) {
        return MN_NO_MEMORY;
    }
    *link = (struct ledger_link){.epoch = epoch, .need = form[FORM_NEED], .stores = stores};
    const uint32_t *copies = form_copies(form);
    for (uint32_t i = 0; i < form_copy_count(form); i++) {
        uint32_t store = store_of_copy(ledger, copies[i]);
        if (store != LEDGER_NONE) {
            stores[link->store_count++] = store;
        }
    }
    qsort(stores, link->store_count, sizeof *stores, compare_stores);
    return MN_OK;
}

mn_result ledger_chain(const struct ledger *ledger, uint32_t vat, mn_epoch epoch,
                       struct mn_arena *arena, struct ledger_link **links, size_t *count)
{
    if (vat >= ledger->vat_count) {
        return MN_BAD_INPUT;
    }
    const struct slot *slots = ledger->places[vat].slots;
    uint32_t slot = ledger_position(ledger, vat, epoch);
    if (ledger_find_listed(ledger, vat, epoch) == LEDGER_NONE) {
        return MN_NOT_FOUND;
    }
    struct chain_step *steps = malloc(((size_t)slot + 1) * sizeof *steps);
    if (steps == NULL) {
        return MN_NO_MEMORY;
    }
    for (uint32_t i = 0; i <= slot; i++) {
        steps[i] = choose_form(ledger, vat, i, steps);
    }
    mn_result result = steps[slot].form != NULL ? MN_OK : MN_NOT_FOUND;
    struct ledger_link *made = NULL;
    size_t length = result == MN_OK ? steps[slot].length : 0;
    if (result == MN_OK) {
        made = mn_arena_take_array(arena, length, sizeof *made);
        result = made != NULL ? MN_OK : MN_NO_MEMORY;
    }
    for (size_t i = length; result == MN_OK && i > 0; i--) {
        result =
            write_link(ledger, slot_epoch(&slots[slot]), steps[slot].form, arena, &made[i - 1]);
        slot = steps[slot].base;
    }
    free(steps);
    if (result == MN_OK) {
        *links = made;
        *count = length;
    }
    return result;
}
