/* Rule 2: what is lost with what was named. Everything is found downwards from the names, so what
 * is not lost costs nothing. */
#include "cut.h"

static void mark_store(struct ledger *ledger, uint32_t store, bool lost)
{
    ledger->sites[ledger->stores[store].site].lost = lost;
}

static void mark_stores(struct ledger *ledger, uint32_t store, bool lost)
{
    for (; store != LEDGER_NONE; store = ledger->stores[store].next_store) {
        mark_store(ledger, store, lost);
    }
}

/* Mark a host with its stores, and visit its vats when it is lost. */
static mn_result mark_host(struct cut *cut, uint32_t host, bool lost, cut_visit *visit)
{
    struct ledger *ledger = cut->ledger;
    struct host *row = &ledger->hosts[host];
    mn_result result = MN_OK;
    if (row->lost == lost) {
        return result;
    }
    row->lost = lost;
    mark_stores(ledger, row->first_store, lost);
    uint32_t vat = row->first_vat;
    for (; lost && result == MN_OK && vat != LEDGER_NONE; vat = ledger->vats[vat].next_on_host) {
        ledger->places[vat].flags |= VAT_LOST;
        result = visit(cut, vat);
    }
    for (; !lost && vat != LEDGER_NONE; vat = ledger->vats[vat].next_on_host) {
        ledger->places[vat].flags &= ~(uint32_t)VAT_LOST;
    }
    return result;
}

static mn_result mark_domain_itself(struct cut *cut, uint32_t domain, bool lost, cut_visit *visit)
{
    struct domain *row = &cut->ledger->domains[domain];
    row->lost = lost;
    mark_stores(cut->ledger, row->first_store, lost);
    mn_result result = MN_OK;
    for (uint32_t host = row->first_host; result == MN_OK && host != LEDGER_NONE;
         host = cut->ledger->hosts[host].next_host) {
        result = mark_host(cut, host, lost, visit);
    }
    return result;
}

/* The domain after @at below @top, when everything in @at was gone through, or is not to be. */
static uint32_t next_beside(const struct ledger *ledger, uint32_t top, uint32_t at)
{
    while (at != top && ledger->domains[at].next_domain == LEDGER_NONE) {
        at = ledger->domains[at].in;
    }
    return at == top ? LEDGER_NONE : ledger->domains[at].next_domain;
}

static mn_result mark_domain(struct cut *cut, uint32_t top, bool lost, cut_visit *visit)
{
    const struct ledger *ledger = cut->ledger;
    mn_result result = MN_OK;
    uint32_t at = top;
    while (result == MN_OK && at != LEDGER_NONE) {
        bool known = ledger->domains[at].lost == lost;
        if (!known) {
            result = mark_domain_itself(cut, at, lost, visit);
        }
        uint32_t child = known ? LEDGER_NONE : ledger->domains[at].first_domain;
        at = child != LEDGER_NONE ? child : next_beside(ledger, top, at);
    }
    return result;
}

mn_result cut_mark_lost(struct cut *cut, cut_visit *visit)
{
    struct ledger *ledger = cut->ledger;
    mn_result result = MN_OK;
    for (size_t i = 0; i < ledger->lost_stores.count; i++) {
        mark_store(ledger, ledger->lost_stores.items[i], true);
    }
    for (size_t i = 0; cut->with_unknown && i < ledger->unknown_stores.count; i++) {
        mark_store(ledger, ledger->unknown_stores.items[i], true);
    }
    for (size_t i = 0; result == MN_OK && i < ledger->lost_domains.count; i++) {
        result = mark_domain(cut, ledger->lost_domains.items[i], true, visit);
    }
    for (size_t i = 0; result == MN_OK && i < ledger->lost_hosts.count; i++) {
        result = mark_host(cut, ledger->lost_hosts.items[i], true, visit);
    }
    for (size_t i = 0; result == MN_OK && i < ledger->lost_vats.count; i++) {
        ledger->places[ledger->lost_vats.items[i]].flags |= VAT_LOST;
        result = visit(cut, ledger->lost_vats.items[i]);
    }
    return result;
}

void cut_unmark_lost(struct cut *cut)
{
    struct ledger *ledger = cut->ledger;
    for (size_t i = 0; i < ledger->lost_stores.count; i++) {
        mark_store(ledger, ledger->lost_stores.items[i], false);
    }
    for (size_t i = 0; i < ledger->unknown_stores.count; i++) {
        mark_store(ledger, ledger->unknown_stores.items[i], false);
    }
    for (size_t i = 0; i < ledger->lost_domains.count; i++) {
        (void)mark_domain(cut, ledger->lost_domains.items[i], false, NULL);
    }
    for (size_t i = 0; i < ledger->lost_hosts.count; i++) {
        (void)mark_host(cut, ledger->lost_hosts.items[i], false, NULL);
    }
    for (size_t i = 0; i < ledger->lost_vats.count; i++) {
        ledger->places[ledger->lost_vats.items[i]].flags &= ~(uint32_t)VAT_LOST;
    }
}
