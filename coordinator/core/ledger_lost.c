/* What is named as lost or unknown, and the policy. */
#include "ledger_private.h"

/* The set that names losses of @kind, and how many things of the kind there are. */
static struct ledger_set *lost_set(struct ledger *ledger, enum ledger_loss_kind kind, size_t *count)
{
    switch (kind) {
    case LEDGER_LOSS_DOMAIN:
        *count = ledger->domain_count;
        return &ledger->lost_domains;
    case LEDGER_LOSS_HOST:
        *count = ledger->host_count;
        return &ledger->lost_hosts;
    case LEDGER_LOSS_STORE:
        *count = ledger->store_count;
        return &ledger->lost_stores;
    case LEDGER_LOSS_VAT:
        *count = ledger->vat_count;
        return &ledger->lost_vats;
    case LEDGER_LOSS_CHECKPOINT:
    case LEDGER_LOSS_COPY:
        break;
    }
    return NULL;
}

static mn_result lose_row(struct ledger *ledger, const struct ledger_loss *loss, bool lost)
{
    bool copy = loss->kind == LEDGER_LOSS_COPY;
    if (loss->index >= ledger->vat_count || (copy && loss->store >= ledger->store_count)) {
        return MN_BAD_INPUT;
    }
    uint32_t interval = ledger_find_listed(ledger, loss->index, loss->epoch);
    if (interval == LEDGER_NONE) {
        return MN_NOT_FOUND;
    }
    ledger_renew(ledger, loss->index);
    if (copy) {
        ledger_purge_forms(ledger, interval);
        return ledger_mark_copies(ledger, interval, loss->store, lost) ? MN_OK : MN_NOT_FOUND;
    }
    if (lost) {
        ledger->intervals[interval].flags |= INTERVAL_LOST;
    } else {
        ledger->intervals[interval].flags &= ~(uint32_t)INTERVAL_LOST;
    }
    return MN_OK;
}

/* Put @index into @set or take it out. */
static mn_result change_set(struct ledger_set *set, uint32_t index, size_t count, bool in)
{
    if (index >= count) {
        return MN_BAD_INPUT;
    }
    mn_result result = MN_OK;
    if (!in) {
        ledger_set_remove(set, index);
        return result;
    }
    result = ledger_set_reserve(set, count);
    if (result == MN_OK) {
        ledger_set_add(set, index);
    }
    return result;
}

static mn_result change_loss(struct ledger *ledger, const struct ledger_loss *loss, bool lost)
{
    size_t count = 0;
    struct ledger_set *set = lost_set(ledger, loss->kind, &count);
    return set != NULL ? change_set(set, loss->index, count, lost) : lose_row(ledger, loss, lost);
}

mn_result ledger_lose(struct ledger *ledger, const struct ledger_loss *loss)
{
    return change_loss(ledger, loss, true);
}

mn_result ledger_unlose(struct ledger *ledger, const struct ledger_loss *loss)
{
    return change_loss(ledger, loss, false);
}

mn_result ledger_set_vat_unknown(struct ledger *ledger, uint32_t vat, bool unknown)
{
    return change_set(&ledger->unknown_vats, vat, ledger->vat_count, unknown);
}

mn_result ledger_set_store_unknown(struct ledger *ledger, uint32_t store, bool unknown)
{
    return change_set(&ledger->unknown_stores, store, ledger->store_count, unknown);
}

mn_result ledger_set_total_loss(struct ledger *ledger, enum evidence_total_loss rule)
{
    if (rule != EVIDENCE_TOTAL_LOSS_TELL && rule != EVIDENCE_TOTAL_LOSS_ROLL_BACK) {
        return MN_BAD_INPUT;
    }
    ledger->total_loss = rule;
    return MN_OK;
}

mn_result ledger_set_tell(struct ledger *ledger, uint32_t vat, bool tell)
{
    mn_result result = change_set(&ledger->tell, vat, ledger->vat_count, tell);
    if (result == MN_OK) {
        ledger->places[vat].flags &= ~(uint32_t)VAT_TELL;
        ledger->places[vat].flags |= tell ? VAT_TELL : 0;
        ledger_flag_links(ledger, vat);
    }
    return result;
}
