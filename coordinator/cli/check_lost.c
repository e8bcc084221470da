/* Rule 14's other cause: the losses that took a vat's running state and its later candidates. A
 * list of them is right when each is named by the evidence and bears on this vat, and when they
 * alone, with nothing else lost, would have taken all that.
 *
 * Listed and used flags are clean between two vats, so the time is that of the vat's own rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/check_private.h"

enum {
    CAUSE_DOMAIN,
    CAUSE_HOST,
    CAUSE_STORE,
    CAUSE_VAT,
    CAUSE_UNKNOWN_STORE,
    CAUSE_UNKNOWN_VAT,
    CAUSE_COUNT
};

/* Names of one kind, by index. */
struct cause_kind {
    const struct mn_table *names;
    bool *named;  /* the evidence names it as lost or unknown */
    bool *listed; /* the list being checked names it */
    bool *used;   /* it took something of the vat being checked */
};

struct check_causes {
    struct mn_table domains;
    struct mn_table hosts;
    struct mn_table stores;
    struct cause_kind kinds[CAUSE_COUNT];
    bool *checkpoints;      /* per interval: the list names it */
    bool *restorable;       /* per interval: with nothing lost but what the list names */
    struct mn_table copies; /* the copies that the list names; used only when there are any */
};

static bool causes_init_kind(struct check *check, struct cause_kind *kind,
                             const struct mn_table *names, size_t count,
                             const struct evidence_names *named)
{
    struct mn_arena *arena = &check->facts.arena;
    *kind = (struct cause_kind){.names = names,
                                .named = mn_arena_take_array(arena, count, sizeof(bool)),
                                .listed = mn_arena_take_array(arena, count, sizeof(bool)),
                                .used = mn_arena_take_array(arena, count, sizeof(bool))};
    if (kind->named == NULL || kind->listed == NULL || kind->used == NULL) {
        return check_fail_memory(check);
    }
    for (size_t i = 0; named != NULL && i < named->count; i++) {
        kind->named[named->index[i]] = true;
    }
    return true;
}

static bool causes_init_names(struct check *check, struct check_causes *causes)
{
    const struct evidence *e = check->facts.evidence;
    if (mn_table_init(&causes->domains, e->domain_count) != MN_OK ||
        mn_table_init(&causes->hosts, e->host_count) != MN_OK ||
        mn_table_init(&causes->stores, e->store_count) != MN_OK) {
        return check_fail_memory(check);
    }
    for (uint32_t i = 0; i < e->domain_count; i++) {
        const char *name = e->domains[i].name;
        (void)mn_table_add(&causes->domains, name, strlen(name), i);
    }
    for (uint32_t i = 0; i < e->host_count; i++) {
        (void)mn_table_add(&causes->hosts, e->hosts[i].name, strlen(e->hosts[i].name), i);
    }
    for (uint32_t i = 0; i < e->store_count; i++) {
        (void)mn_table_add(&causes->stores, e->stores[i].name, strlen(e->stores[i].name), i);
    }
    return true;
}

void check_causes_destroy(struct check_causes **causes)
{
    if (*causes != NULL) {
        mn_table_deinit(&(*causes)->domains);
        mn_table_deinit(&(*causes)->hosts);
        mn_table_deinit(&(*causes)->stores);
        free(*causes);
        *causes = NULL;
    }
}

bool check_causes_new(struct check *check, struct check_causes **made)
{
    const struct evidence *e = check->facts.evidence;
    struct check_causes *causes = calloc(1, sizeof *causes);
    if (causes == NULL) {
        return check_fail_memory(check);
    }
    struct cause_kind *kinds = causes->kinds;
    const struct mn_table *vats = &check->vat_names;
    struct mn_arena *arena = &check->facts.arena;
    size_t interval_count = check->facts.interval_count;
    causes->checkpoints = mn_arena_take_array(arena, interval_count, sizeof(bool));
    causes->restorable = mn_arena_take_array(arena, interval_count, sizeof(bool));
    bool room = causes->checkpoints != NULL && causes->restorable != NULL;
    if (!(room || check_fail_memory(check)) || !causes_init_names(check, causes) ||
        !causes_init_kind(check, &kinds[CAUSE_DOMAIN], &causes->domains, e->domain_count,
                          &e->lost.domains) ||
        !causes_init_kind(check, &kinds[CAUSE_HOST], &causes->hosts, e->host_count,
                          &e->lost.hosts) ||
        !causes_init_kind(check, &kinds[CAUSE_STORE], &causes->stores, e->store_count,
                          &e->lost.stores) ||
        !causes_init_kind(check, &kinds[CAUSE_VAT], vats, e->vat_count, &e->lost.vats) ||
        !causes_init_kind(check, &kinds[CAUSE_UNKNOWN_STORE], &causes->stores, e->store_count,
                          &e->unknown.stores) ||
        !causes_init_kind(check, &kinds[CAUSE_UNKNOWN_VAT], vats, e->vat_count, &e->unknown.vats)) {
        check_causes_destroy(&causes);
        return false;
    }
    *made = causes;
    return true;
}

/* Flag everything that stands over a place as used, and say whether any of it is listed. */
static bool causes_take_domain(const struct check_causes *causes, const struct evidence *e,
                               uint32_t domain)
{
    bool taken = false;
    for (; domain != EVIDENCE_NONE; domain = e->domains[domain].in) {
        causes->kinds[CAUSE_DOMAIN].used[domain] = true;
        taken = taken || causes->kinds[CAUSE_DOMAIN].listed[domain];
    }
    return taken;
}

static bool causes_take_host(const struct check_causes *causes, const struct evidence *e,
                             uint32_t host)
{
    if (host == EVIDENCE_NONE) {
        return false;
    }
    causes->kinds[CAUSE_HOST].used[host] = true;
    bool by_domain = causes_take_domain(causes, e, e->hosts[host].in);
    return by_domain || causes->kinds[CAUSE_HOST].listed[host];
}

static bool causes_take_store(const struct check_causes *causes, const struct evidence *e,
                              uint32_t store)
{
    const struct evidence_store *row = &e->stores[store];
    causes->kinds[CAUSE_STORE].used[store] = true;
    causes->kinds[CAUSE_UNKNOWN_STORE].used[store] = true;
    bool by_place = (row->place == EVIDENCE_IN_HOST && causes_take_host(causes, e, row->in)) ||
                    (row->place == EVIDENCE_IN_DOMAIN && causes_take_domain(causes, e, row->in));
    return by_place || causes->kinds[CAUSE_STORE].listed[store] ||
           causes->kinds[CAUSE_UNKNOWN_STORE].listed[store];
}

static bool causes_leave_form(const struct check *check, const struct check_causes *causes,
                              const struct check_interval *interval,
                              const struct evidence_form *form)
{
    size_t lost = 0;
    for (size_t i = 0; i < form->at_count; i++) {
        struct check_key key = {interval->vat, form->at[i], interval->epoch};
        bool taken = causes_take_store(causes, check->facts.evidence, form->at[i]);
        taken = taken || mn_table_find(&causes->copies, &key, sizeof key) != NULL;
        lost += taken ? 1 : 0;
    }
    if (!check_form_intact(form, lost)) {
        return false;
    }
    size_t base = check_find_interval(&check->facts, interval->vat, form->onto);
    return form->kind == EVIDENCE_FULL || (base != SIZE_MAX && causes->restorable[base]);
}

/* Whether the listed losses alone would take the running state and every candidate above keep. */
static bool causes_suffice(struct check *check, const struct check_causes *causes, uint32_t vat,
                           const char *name)
{
    const struct check_facts *facts = &check->facts;
    const struct check_vat *row = &facts->vats[vat];
    if (row->lost) {
        causes->kinds[CAUSE_VAT].used[vat] = true;
        causes->kinds[CAUSE_UNKNOWN_VAT].used[vat] = true;
        bool by_host = causes_take_host(causes, facts->evidence, facts->evidence->vats[vat].host);
        if (!by_host && !causes->kinds[CAUSE_VAT].listed[vat] &&
            !causes->kinds[CAUSE_UNKNOWN_VAT].listed[vat]) {
            return check_fail(check, "vat %s: because says not what took its running state", name);
        }
    }
    for (size_t i = row->first; i < facts->vats[vat + 1].first - 1; i++) {
        const struct check_interval *interval = &facts->intervals[i];
        causes->restorable[i] = interval->restorable;
        for (size_t j = 0; !interval->restorable && j < interval->row->form_count; j++) {
            bool left = causes_leave_form(check, causes, interval, &interval->row->forms[j]);
            causes->restorable[i] = causes->restorable[i] || left;
        }
        causes->restorable[i] = causes->restorable[i] && !causes->checkpoints[i];
        if (interval->epoch > row->keep && interval->covered && causes->restorable[i]) {
            return check_fail(check, "vat %s: because says not what took its later candidates",
                              name);
        }
    }
    return true;
}

/* The kind of an item that is a plain name, CAUSE_COUNT when it is something else, and where its
 * name stands. */
static int causes_kind_of(const json_t *item, const json_t **name)
{
    static const char *const words[] = {"domain", "host", "store", "vat"};
    for (int kind = CAUSE_DOMAIN; kind <= CAUSE_VAT; kind++) {
        *name = json_object_get(item, words[kind]);
        if (*name != NULL) {
            return kind;
        }
    }
    const json_t *unknown = json_object_get(item, "unknown");
    if (json_object_size(unknown) != 1) {
        return CAUSE_COUNT;
    }
    *name = json_object_get(unknown, "store");
    if (*name != NULL) {
        return CAUSE_UNKNOWN_STORE;
    }
    *name = json_object_get(unknown, "vat");
    return *name != NULL ? CAUSE_UNKNOWN_VAT : CAUSE_COUNT;
}

static bool causes_list_name(struct check *check, struct check_causes *causes, int kind,
                             const json_t *json, const char *name)
{
    struct cause_kind *row = &causes->kinds[kind];
    const uint32_t *index = NULL;
    if (json_is_string(json)) {
        index = mn_table_find(row->names, json_string_value(json), json_string_length(json));
    }
    if (index == NULL || !row->named[*index] || row->listed[*index]) {
        return check_fail(
            check, "vat %s: because lists a loss twice, or one the evidence does not name", name);
    }
    row->listed[*index] = true;
    return true;
}

/* A checkpoint or copy of the vat itself that the evidence names as lost. */
static bool causes_list_row(struct check *check, struct check_causes *causes, uint32_t vat,
                            const json_t *item, struct check_key *key)
{
    static const char *const checkpoint_keys[] = {"vat", "epoch", NULL};
    static const char *const copy_keys[] = {"vat", "epoch", "store", NULL};
    const struct check_facts *facts = &check->facts;
    const char *name = facts->evidence->vats[vat].name;
    char what[MN_NAME_SIZE_MAX + 64];
    (void)snprintf(what, sizeof what, "vat %s: because: lost", name);
    const json_t *copy = json_object_get(item, "copy");
    const json_t *row = copy != NULL ? copy : json_object_get(item, "checkpoint");
    if (!check_keys(check, row, what, copy != NULL ? copy_keys : checkpoint_keys)) {
        return false;
    }
    const json_t *epoch = json_object_get(row, "epoch");
    const json_t *store = json_object_get(row, "store");
    const uint32_t *at = NULL;
    if (json_is_string(store)) {
        at = mn_table_find(&causes->stores, json_string_value(store), json_string_length(store));
    }
    uint32_t owner = check_vat_named(check, json_object_get(row, "vat"), what);
    size_t index = SIZE_MAX;
    if (owner == vat && json_is_integer(epoch) && json_integer_value(epoch) < CHECK_OPEN &&
        (copy == NULL || at != NULL)) {
        *key = (struct check_key){vat, at != NULL ? *at : EVIDENCE_NONE, json_integer_value(epoch)};
        const struct mn_table *lost =
            copy != NULL ? &facts->losses.copies : &facts->losses.checkpoints;
        bool named = mn_table_find(lost, key, sizeof *key) != NULL;
        index = named ? check_find_interval(facts, vat, key->epoch) : SIZE_MAX;
    }
    if (index == SIZE_MAX || facts->intervals[index].restorable ||
        (copy == NULL && causes->checkpoints[index])) {
        return check_fail(check,
                          "%s: a row that is listed twice, is not named by the evidence, "
                          "or took nothing",
                          what);
    }
    if (copy == NULL) {
        causes->checkpoints[index] = true;
        return true;
    }
    return mn_table_add(&causes->copies, key, sizeof *key, 0) == NULL ||
           check_fail(check, "%s: a copy that is listed twice", what);
}

static bool causes_list(struct check *check, struct check_causes *causes, uint32_t vat,
                        const json_t *lost, struct check_key *keys)
{
    const char *name = check->facts.evidence->vats[vat].name;
    for (size_t i = 0; i < json_array_size(lost); i++) {
        const json_t *item = json_array_get(lost, i);
        const json_t *text = NULL;
        int kind = causes_kind_of(item, &text);
        if (json_object_size(item) != 1) {
            return check_fail(check, "vat %s: because lists what is no loss", name);
        }
        bool good = kind < CAUSE_COUNT ? causes_list_name(check, causes, kind, text, name)
                                       : causes_list_row(check, causes, vat, item, &keys[i]);
        if (!good) {
            return false;
        }
    }
    return true;
}

/* That every listed name took something, told at the first that did not. */
static bool causes_all_used(struct check *check, const struct check_causes *causes,
                            const json_t *lost, const char *name)
{
    for (size_t i = 0; i < json_array_size(lost); i++) {
        const json_t *text = NULL;
        int kind = causes_kind_of(json_array_get(lost, i), &text);
        if (kind == CAUSE_COUNT) {
            continue;
        }
        const struct cause_kind *row = &causes->kinds[kind];
        const uint32_t *index =
            mn_table_find(row->names, json_string_value(text), json_string_length(text));
        if (index == NULL || !row->used[*index]) {
            return check_fail(check, "vat %s: because lists %s, which took nothing from it", name,
                              json_string_value(text));
        }
    }
    return true;
}

/* Clean the flags that checking @vat's list has set. */
static void causes_clear_domain(struct check_causes *causes, const struct evidence *e,
                                uint32_t domain)
{
    for (; domain != EVIDENCE_NONE; domain = e->domains[domain].in) {
        causes->kinds[CAUSE_DOMAIN].used[domain] = false;
        causes->kinds[CAUSE_DOMAIN].listed[domain] = false;
    }
}

static void causes_clear_host(struct check_causes *causes, const struct evidence *e, uint32_t host)
{
    if (host != EVIDENCE_NONE) {
        causes->kinds[CAUSE_HOST].used[host] = false;
        causes->kinds[CAUSE_HOST].listed[host] = false;
        causes_clear_domain(causes, e, e->hosts[host].in);
    }
}

static void causes_clear(const struct check *check, struct check_causes *causes, uint32_t vat)
{
    const struct check_facts *facts = &check->facts;
    const struct evidence *e = facts->evidence;
    causes->kinds[CAUSE_VAT].used[vat] = false;
    causes->kinds[CAUSE_VAT].listed[vat] = false;
    causes->kinds[CAUSE_UNKNOWN_VAT].used[vat] = false;
    causes->kinds[CAUSE_UNKNOWN_VAT].listed[vat] = false;
    causes_clear_host(causes, e, e->vats[vat].host);
    for (size_t i = facts->vats[vat].first; i < facts->vats[vat + 1].first - 1; i++) {
        const struct evidence_checkpoint *row = facts->intervals[i].row;
        causes->checkpoints[i] = false;
        for (size_t j = 0; j < row->form_count; j++) {
            for (size_t k = 0; k < row->forms[j].at_count; k++) {
                const struct evidence_store *store = &e->stores[row->forms[j].at[k]];
                for (int kind = CAUSE_STORE; kind <= CAUSE_UNKNOWN_STORE;
                     kind += CAUSE_UNKNOWN_STORE - CAUSE_STORE) {
                    causes->kinds[kind].used[row->forms[j].at[k]] = false;
                    causes->kinds[kind].listed[row->forms[j].at[k]] = false;
                }
                if (store->place == EVIDENCE_IN_HOST) {
                    causes_clear_host(causes, e, store->in);
                } else if (store->place == EVIDENCE_IN_DOMAIN) {
                    causes_clear_domain(causes, e, store->in);
                }
            }
        }
    }
}

bool check_lost(struct check *check, struct check_causes *causes, uint32_t vat, const json_t *lost)
{
    const char *name = check->facts.evidence->vats[vat].name;
    if (!json_is_array(lost)) {
        return check_fail(check, "vat %s: because: lost is no list", name);
    }
    size_t count = json_array_size(lost);
    struct check_key *keys = calloc(count + 1, sizeof *keys);
    if (keys == NULL || mn_table_init(&causes->copies, count) != MN_OK) {
        free(keys);
        return check_fail_memory(check);
    }
    bool good = causes_list(check, causes, vat, lost, keys) &&
                causes_suffice(check, causes, vat, name) &&
                causes_all_used(check, causes, lost, name);
    causes_clear(check, causes, vat);
    mn_table_deinit(&causes->copies);
    free(keys);
    return good;
}
