/* Who and what there is: domains, hosts, stores and vats, each in the list of what it is in. */
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "ledger_private.h"

/* Domains and hosts are one kind of name, which leads to one of the two. */
static mn_result add_place_name(struct ledger *ledger, const char *name, uint32_t *number)
{
    mn_result result = ledger_names_add(&ledger->place_names, name);
    *number = (uint32_t)ledger->place_names.count - 1;
    return result;
}

/* Add a domain that hangs nowhere yet. */
static mn_result put_domain(struct ledger *ledger, const struct evidence_domain *domain)
{
    struct domain row = {.in = domain->in,
                         .first_domain = LEDGER_NONE,
                         .next_domain = LEDGER_NONE,
                         .first_host = LEDGER_NONE,
                         .first_store = LEDGER_NONE};
    mn_result result = mn_grow(&ledger->domains, &ledger->domain_capacity, ledger->domain_count + 1,
                               sizeof row, EVIDENCE_ROW_COUNT_MAX);
    if (result == MN_OK) {
        result = ledger_set_reserve(&ledger->lost_domains, ledger->domain_count + 1);
    }
    if (result == MN_OK) {
        result = add_place_name(ledger, domain->name, &row.name);
    }
    if (result == MN_OK) {
        ledger_renew_all(ledger);
        ledger->domains[ledger->domain_count++] = row;
    }
    return result;
}

static void hang_domain(struct ledger *ledger, uint32_t domain)
{
    struct domain *row = &ledger->domains[domain];
    if (row->in != LEDGER_NONE) {
        row->next_domain = ledger->domains[row->in].first_domain;
        ledger->domains[row->in].first_domain = domain;
    }
}

mn_result ledger_add_domains(struct ledger *ledger, const struct evidence_domain *domains,
                             size_t count)
{
    mn_result result = MN_OK;
    for (size_t i = 0; result == MN_OK && i < count; i++) {
        result = put_domain(ledger, &domains[i]);
    }
    for (size_t i = 0; result == MN_OK && i < count; i++) {
        hang_domain(ledger, (uint32_t)i);
    }
    return result;
}

mn_result ledger_add_domain(struct ledger *ledger, const struct evidence_domain *domain,
                            uint32_t *index)
{
    if (domain->in != EVIDENCE_NONE && domain->in >= ledger->domain_count) {
        return MN_BAD_INPUT;
    }
    mn_result result = put_domain(ledger, domain);
    if (result == MN_OK) {
        *index = (uint32_t)ledger->domain_count - 1;
        hang_domain(ledger, *index);
    }
    return result;
}

mn_result ledger_add_host(struct ledger *ledger, const struct evidence_host *host, uint32_t *index)
{
    if (host->in != EVIDENCE_NONE && host->in >= ledger->domain_count) {
        return MN_BAD_INPUT;
    }
    struct host row = {.in = host->in,
                       .next_host = LEDGER_NONE,
                       .first_vat = LEDGER_NONE,
                       .first_store = LEDGER_NONE};
    mn_result result = mn_grow(&ledger->hosts, &ledger->host_capacity, ledger->host_count + 1,
                               sizeof row, EVIDENCE_ROW_COUNT_MAX);
    if (result == MN_OK) {
        result = ledger_set_reserve(&ledger->lost_hosts, ledger->host_count + 1);
    }
    if (result == MN_OK) {
        result = add_place_name(ledger, host->name, &row.name);
    }
    if (result != MN_OK) {
        return result;
    }
    ledger_renew_all(ledger);
    *index = (uint32_t)ledger->host_count++;
    if (row.in != LEDGER_NONE) {
        row.next_host = ledger->domains[row.in].first_host;
        ledger->domains[row.in].first_host = *index;
    }
    ledger->hosts[*index] = row;
    return MN_OK;
}

static bool store_place_valid(const struct ledger *ledger, const struct evidence_store *store)
{
    switch (store->place) {
    case EVIDENCE_IN_NOTHING:
        return store->in == EVIDENCE_NONE;
    case EVIDENCE_IN_HOST:
        return store->in < ledger->host_count;
    case EVIDENCE_IN_DOMAIN:
        return store->in < ledger->domain_count;
    }
    return false;
}

mn_result ledger_add_store(struct ledger *ledger, const struct evidence_store *store,
                           uint32_t *index)
{
    if (!store_place_valid(ledger, store)) {
        return MN_BAD_INPUT;
    }
    struct store row = {.place = store->place,
                        .in = store->in,
                        .next_store = LEDGER_NONE,
                        .site = (uint32_t)ledger->site_count};
    mn_result result = mn_grow(&ledger->stores, &ledger->store_capacity, ledger->store_count + 1,
                               sizeof row, EVIDENCE_ROW_COUNT_MAX);
    if (result == MN_OK) {
        result = mn_grow(&ledger->sites, &ledger->site_capacity, ledger->site_count + 1,
                         sizeof *ledger->sites, COPY_LOST - 1);
    }
    if (result == MN_OK) {
        result = ledger_set_reserve(&ledger->lost_stores, ledger->store_count + 1);
    }
    if (result == MN_OK) {
        result = ledger_set_reserve(&ledger->unknown_stores, ledger->store_count + 1);
    }
    if (result == MN_OK) {
        result = ledger_names_add(&ledger->store_names, store->name);
    }
    if (result != MN_OK) {
        return result;
    }
    ledger_renew_all(ledger);
    *index = (uint32_t)ledger->store_count++;
    ledger->sites[ledger->site_count++] = (struct site){.store = *index};
    if (row.place == EVIDENCE_IN_HOST) {
        row.next_store = ledger->hosts[row.in].first_store;
        ledger->hosts[row.in].first_store = *index;
    } else if (row.place == EVIDENCE_IN_DOMAIN) {
        row.next_store = ledger->domains[row.in].first_store;
        ledger->domains[row.in].first_store = *index;
    }
    ledger->stores[*index] = row;
    return MN_OK;
}

mn_result ledger_drop_store(struct ledger *ledger, uint32_t store)
{
    if (store >= ledger->store_count) {
        return MN_BAD_INPUT;
    }
    mn_result result = mn_grow(&ledger->sites, &ledger->site_capacity, ledger->site_count + 1,
                               sizeof *ledger->sites, COPY_LOST - 1);
    if (result == MN_OK) {
        ledger_renew_all(ledger); /* which vats had copies there is not known */
        ledger->sites[ledger->stores[store].site].store = LEDGER_NONE;
        ledger->stores[store].site = (uint32_t)ledger->site_count;
        ledger->sites[ledger->site_count++] = (struct site){.store = store};
    }
    return result;
}

bool ledger_lineage_valid(const struct evidence_lineage *lineage, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (lineage[i].after < 0 || lineage[i].next > MN_EPOCH_MAX ||
            lineage[i].next <= lineage[i].after ||
            (i > 0 && lineage[i].next <= lineage[i - 1].next)) {
            return false;
        }
    }
    return count <= EVIDENCE_ROW_COUNT_MAX;
}

static void hang_vat(struct ledger *ledger, uint32_t vat, uint32_t host)
{
    struct vat *row = &ledger->vats[vat];
    row->host = host;
    row->previous_on_host = LEDGER_NONE;
    row->next_on_host = LEDGER_NONE;
    if (host != LEDGER_NONE) {
        row->next_on_host = ledger->hosts[host].first_vat;
        ledger->hosts[host].first_vat = vat;
        if (row->next_on_host != LEDGER_NONE) {
            ledger->vats[row->next_on_host].previous_on_host = vat;
        }
    }
}

/* Make room for one vat more in everything that has a row for each. */
static mn_result reserve_vat(struct ledger *ledger)
{
    size_t count = (size_t)ledger->vat_count + 1;
    mn_result result = mn_grow(&ledger->vats, &ledger->vat_capacity, count, sizeof *ledger->vats,
                               EVIDENCE_ROW_COUNT_MAX);
    if (result == MN_OK) {
        result = ledger_lines_reserve(&ledger->place_lines, &ledger->places, ledger->vat_capacity);
    }
    if (result == MN_OK) {
        result = ledger_set_reserve(&ledger->stopped, count);
    }
    if (result == MN_OK) {
        result = ledger_set_reserve(&ledger->standing, count);
    }
    return result;
}

mn_result ledger_add_vat(struct ledger *ledger, const struct evidence_vat *vat, uint32_t *index)
{
    if ((vat->host != EVIDENCE_NONE && vat->host >= ledger->host_count) || vat->floor < 0 ||
        vat->floor > MN_EPOCH_MAX || vat->limit < 0 ||
        !ledger_lineage_valid(vat->lineage, vat->lineage_count)) {
        return MN_BAD_INPUT;
    }
    mn_result result = reserve_vat(ledger);
    if (result != MN_OK) {
        return result;
    }
    struct evidence_lineage *lineage = NULL;
    if (vat->lineage_count > 0) {
        lineage = malloc(vat->lineage_count * sizeof *lineage);
        if (lineage == NULL) {
            return MN_NO_MEMORY;
        }
        memcpy(lineage, vat->lineage, vat->lineage_count * sizeof *lineage);
    }
    result = ledger_names_add(&ledger->vat_names, vat->name);
    if (result != MN_OK) {
        free(lineage);
        return result;
    }
    ledger_renew_all(ledger);
    *index = ledger->vat_count++;
    uint32_t flags = vat->has_floor ? VAT_HAS_FLOOR : 0;
    flags |= vat->on_peer_rollback == EVIDENCE_BE_TOLD ? VAT_BE_TOLD : 0;
    flags |= vat->sends == EVIDENCE_EARLY ? VAT_EARLY : 0;
    flags |= vat->lineage_count > 0 ? VAT_HAS_LINEAGE : 0;
    struct slot none = {.interval = LEDGER_NONE};
    ledger->places[*index] = (struct vat_place){.flags = flags, .newest = {none, none, none}};
    ledger->vats[*index] = (struct vat){.floor = vat->has_floor ? vat->floor : 0,
                                        .limit = vat->limit,
                                        .lineage = lineage,
                                        .lineage_count = (uint32_t)vat->lineage_count,
                                        .open = LEDGER_NONE};
    ledger->lineage_bytes += vat->lineage_count * sizeof *lineage;
    hang_vat(ledger, *index, vat->host);
    return MN_OK;
}

mn_result ledger_move_vat(struct ledger *ledger, uint32_t vat, uint32_t host)
{
    if (vat >= ledger->vat_count || (host != EVIDENCE_NONE && host >= ledger->host_count)) {
        return MN_BAD_INPUT;
    }
    struct vat *row = &ledger->vats[vat];
    ledger_renew(ledger, vat);
    if (row->next_on_host != LEDGER_NONE) {
        ledger->vats[row->next_on_host].previous_on_host = row->previous_on_host;
    }
    if (row->previous_on_host != LEDGER_NONE) {
        ledger->vats[row->previous_on_host].next_on_host = row->next_on_host;
    } else if (row->host != LEDGER_NONE) {
        ledger->hosts[row->host].first_vat = row->next_on_host;
    }
    hang_vat(ledger, vat, host);
    return MN_OK;
}

const char *ledger_domain_name(const struct ledger *ledger, uint32_t domain)
{
    return ledger->place_names.names[ledger->domains[domain].name];
}

const char *ledger_host_name(const struct ledger *ledger, uint32_t host)
{
    return ledger->place_names.names[ledger->hosts[host].name];
}

const char *ledger_store_name(const struct ledger *ledger, uint32_t store)
{
    return ledger->store_names.names[store];
}

const char *ledger_vat_name(const struct ledger *ledger, uint32_t vat)
{
    return ledger->vat_names.names[vat];
}

uint32_t ledger_vat_count(const struct ledger *ledger)
{
    return ledger->vat_count;
}
