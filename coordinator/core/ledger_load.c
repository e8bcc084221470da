/* Taking in a whole document. Its rows are entered by vat and epoch, so that each vat's slots grow
 * at their end, whatever the order of the document. */
#include <stdlib.h>

#include "ledger_private.h"

/* An interval that the document speaks of, and the checkpoint that lists it, if one does. */
struct load_key {
    mn_epoch epoch;
    uint32_t vat;
    uint32_t row; /* LEDGER_NONE when it is only heard of */
};

static int compare_load_keys(const void *a, const void *b)
{
    const struct load_key *left = a;
    const struct load_key *right = b;
    if (left->vat != right->vat) {
        return left->vat < right->vat ? -1 : 1;
    }
    if (left->epoch != right->epoch) {
        return left->epoch < right->epoch ? -1 : 1;
    }
    return left->row < right->row ? -1 : left->row > right->row ? 1 : 0;
}

static size_t add_heard_keys(struct load_key *keys, size_t count, uint32_t vat,
                             const struct evidence_heard *heard, size_t heard_count)
{
    for (size_t i = 0; i < heard_count; i++) {
        if (heard[i].vat != vat) {
            keys[count++] = (struct load_key){heard[i].epoch, heard[i].vat, LEDGER_NONE};
        }
    }
    return count;
}

/* All intervals of the document, sorted; the caller frees them. */
static mn_result list_keys(const struct evidence *evidence, struct load_key **keys, size_t *count)
{
    size_t most = evidence->checkpoint_count;
    for (size_t i = 0; i < evidence->checkpoint_count; i++) {
        most += evidence->checkpoints[i].heard_count;
    }
    for (size_t i = 0; i < evidence->open_count; i++) {
        most += evidence->open[i].heard_count;
    }
    if (most > SIZE_MAX / sizeof **keys - 1) {
        return MN_NO_MEMORY;
    }
    struct load_key *list = malloc((most + 1) * sizeof *list);
    if (list == NULL) {
        return MN_NO_MEMORY;
    }
    size_t found = 0;
    for (size_t i = 0; i < evidence->checkpoint_count; i++) {
        const struct evidence_checkpoint *row = &evidence->checkpoints[i];
        list[found++] = (struct load_key){row->epoch, row->vat, (uint32_t)i};
        found = add_heard_keys(list, found, row->vat, row->heard, row->heard_count);
    }
    for (size_t i = 0; i < evidence->open_count; i++) {
        const struct evidence_open *row = &evidence->open[i];
        found = add_heard_keys(list, found, row->vat, row->heard, row->heard_count);
    }
    qsort(list, found, sizeof *list, compare_load_keys);
    *keys = list;
    *count = found;
    return MN_OK;
}

static mn_result load_places(struct ledger *ledger, const struct evidence *evidence)
{
    uint32_t index = 0;
    mn_result result = ledger_add_domains(ledger, evidence->domains, evidence->domain_count);
    for (size_t i = 0; result == MN_OK && i < evidence->host_count; i++) {
        result = ledger_add_host(ledger, &evidence->hosts[i], &index);
    }
    for (size_t i = 0; result == MN_OK && i < evidence->store_count; i++) {
        result = ledger_add_store(ledger, &evidence->stores[i], &index);
    }
    for (size_t i = 0; result == MN_OK && i < evidence->vat_count; i++) {
        result = ledger_add_vat(ledger, &evidence->vats[i], &index);
    }
    return result;
}

static mn_result load_rows(struct ledger *ledger, const struct evidence *evidence)
{
    struct load_key *keys = NULL;
    size_t count = 0;
    mn_result result = list_keys(evidence, &keys, &count);
    for (size_t i = 0; result == MN_OK && i < count; i++) {
        uint32_t interval = LEDGER_NONE;
        result =
            keys[i].vat < ledger->vat_count ? ledger_reserve_intervals(ledger, 1) : MN_BAD_INPUT;
        if (result == MN_OK) {
            result = ledger_obtain(ledger, keys[i].vat, keys[i].epoch, &interval);
        }
    }
    for (size_t i = 0; result == MN_OK && i < count; i++) {
        if (keys[i].row != LEDGER_NONE) {
            result = ledger_take_checkpoint(ledger, &evidence->checkpoints[keys[i].row], true);
        }
    }
    free(keys);
    for (size_t i = 0; result == MN_OK && i < evidence->open_count; i++) {
        result = ledger_open(ledger, &evidence->open[i]);
    }
    return result;
}

static mn_result load_losses(struct ledger *ledger, const struct evidence_names *names,
                             enum ledger_loss_kind kind)
{
    mn_result result = MN_OK;
    for (size_t i = 0; result == MN_OK && i < names->count; i++) {
        struct ledger_loss loss = {.kind = kind, .index = names->index[i]};
        result = ledger_lose(ledger, &loss);
    }
    return result;
}

static mn_result load_lost(struct ledger *ledger, const struct evidence_lost *lost)
{
    mn_result result = load_losses(ledger, &lost->domains, LEDGER_LOSS_DOMAIN);
    if (result == MN_OK) {
        result = load_losses(ledger, &lost->hosts, LEDGER_LOSS_HOST);
    }
    if (result == MN_OK) {
        result = load_losses(ledger, &lost->stores, LEDGER_LOSS_STORE);
    }
    if (result == MN_OK) {
        result = load_losses(ledger, &lost->vats, LEDGER_LOSS_VAT);
    }
    for (size_t i = 0; result == MN_OK && i < lost->checkpoint_count; i++) {
        struct ledger_loss loss = {.kind = LEDGER_LOSS_CHECKPOINT,
                                   .index = lost->checkpoints[i].vat,
                                   .epoch = lost->checkpoints[i].epoch};
        result = ledger_lose(ledger, &loss);
    }
    for (size_t i = 0; result == MN_OK && i < lost->copy_count; i++) {
        struct ledger_loss loss = {.kind = LEDGER_LOSS_COPY,
                                   .index = lost->copies[i].vat,
                                   .epoch = lost->copies[i].epoch,
                                   .store = lost->copies[i].store};
        result = ledger_lose(ledger, &loss);
    }
    return result;
}

static mn_result load_rest(struct ledger *ledger, const struct evidence *evidence)
{
    const struct evidence_names *vats = &evidence->unknown.vats;
    const struct evidence_names *stores = &evidence->unknown.stores;
    const struct evidence_names *tell = &evidence->policy.tell;
    mn_result result = ledger_set_total_loss(ledger, evidence->policy.total_loss);
    for (size_t i = 0; result == MN_OK && i < vats->count; i++) {
        result = ledger_set_vat_unknown(ledger, vats->index[i], true);
    }
    for (size_t i = 0; result == MN_OK && i < stores->count; i++) {
        result = ledger_set_store_unknown(ledger, stores->index[i], true);
    }
    for (size_t i = 0; result == MN_OK && i < tell->count; i++) {
        result = ledger_set_tell(ledger, tell->index[i], true);
    }
    return result;
}

mn_result ledger_load(struct ledger *ledger, const struct evidence *evidence)
{
    if (ledger->vat_count > 0 || ledger->domain_count > 0 || ledger->host_count > 0 ||
        ledger->store_count > 0) {
        return MN_BAD_INPUT;
    }
    mn_result result = load_places(ledger, evidence);
    if (result == MN_OK) {
        result = load_rows(ledger, evidence);
    }
    if (result == MN_OK) {
        result = load_lost(ledger, &evidence->lost);
    }
    if (result == MN_OK) {
        result = load_rest(ledger, evidence);
    }
    if (result != MN_OK) {
        ledger_clear(ledger);
    }
    return result;
}
