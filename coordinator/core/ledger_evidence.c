/* The ledger as a document: by index, each vat's rows by epoch. Loading it gives the same
 * decisions; what is known besides (intervals only heard of, what was settled and may be reported
 * again) it does not carry. */
#include <string.h>

#include "ledger_private.h"

/* A copy of a string or table in the document's arena; NULL when memory is out. */
static const char *copy_name(struct evidence *evidence, const char *name)
{
    return mn_arena_copy(&evidence->arena, name, strlen(name) + 1);
}

static mn_result write_places(const struct ledger *ledger, struct evidence *evidence)
{
    struct mn_arena *arena = &evidence->arena;
    struct evidence_domain *domains =
        mn_arena_take_array(arena, ledger->domain_count, sizeof *domains);
    struct evidence_host *hosts = mn_arena_take_array(arena, ledger->host_count, sizeof *hosts);
    struct evidence_store *stores = mn_arena_take_array(arena, ledger->store_count, sizeof *stores);
    if (domains == NULL || hosts == NULL || stores == NULL) {
        return MN_NO_MEMORY;
    }
    bool named = true;
    for (uint32_t i = 0; i < ledger->domain_count; i++) {
        domains[i] =
            (struct evidence_domain){.name = copy_name(evidence, ledger_domain_name(ledger, i)),
                                     .in = ledger->domains[i].in};
        named = named && domains[i].name != NULL;
    }
    for (uint32_t i = 0; i < ledger->host_count; i++) {
        hosts[i] = (struct evidence_host){.name = copy_name(evidence, ledger_host_name(ledger, i)),
                                          .in = ledger->hosts[i].in};
        named = named && hosts[i].name != NULL;
    }
    for (uint32_t i = 0; i < ledger->store_count; i++) {
        stores[i] =
            (struct evidence_store){.name = copy_name(evidence, ledger_store_name(ledger, i)),
                                    .place = ledger->stores[i].place,
                                    .in = ledger->stores[i].in};
        named = named && stores[i].name != NULL;
    }
    evidence->domain_count = ledger->domain_count;
    evidence->domains = domains;
    evidence->host_count = ledger->host_count;
    evidence->hosts = hosts;
    evidence->store_count = ledger->store_count;
    evidence->stores = stores;
    return named ? MN_OK : MN_NO_MEMORY;
}

static mn_result write_vats(const struct ledger *ledger, struct evidence *evidence)
{
    struct evidence_vat *vats =
        mn_arena_take_array(&evidence->arena, ledger->vat_count, sizeof *vats);
    if (vats == NULL) {
        return MN_NO_MEMORY;
    }
    for (uint32_t v = 0; v < ledger->vat_count; v++) {
        const struct vat *row = &ledger->vats[v];
        uint32_t flags = ledger->places[v].flags;
        bool has_floor = (flags & VAT_HAS_FLOOR) != 0;
        vats[v] = (struct evidence_vat){
            .name = copy_name(evidence, ledger_vat_name(ledger, v)),
            .host = row->host,
            .has_floor = has_floor,
            .floor = has_floor ? row->floor : 0,
            .limit = row->limit,
            .lineage_count = row->lineage_count,
            .lineage = mn_arena_copy(&evidence->arena, row->lineage,
                                     row->lineage_count * sizeof *row->lineage),
            .on_peer_rollback = (flags & VAT_BE_TOLD) != 0 ? EVIDENCE_BE_TOLD : EVIDENCE_ROLL_BACK,
            .sends = (flags & VAT_EARLY) != 0 ? EVIDENCE_EARLY : EVIDENCE_HELD};
        if (vats[v].name == NULL || vats[v].lineage == NULL) {
            return MN_NO_MEMORY;
        }
    }
    evidence->vat_count = ledger->vat_count;
    evidence->vats = vats;
    return MN_OK;
}

static mn_result write_heard(const struct ledger *ledger, const struct interval *row,
                             struct mn_arena *arena, const struct evidence_heard **out)
{
    struct evidence_heard *heard = mn_arena_take_array(arena, row->heard_count, sizeof *heard);
    if (heard == NULL) {
        return MN_NO_MEMORY;
    }
    for (uint32_t i = 0; i < row->heard_count; i++) {
        const struct interval *peer = &ledger->intervals[ledger->words.words[row->heard + i]];
        heard[i] = (struct evidence_heard){.vat = peer->vat, .epoch = peer->epoch};
    }
    *out = heard;
    return MN_OK;
}

/* How many of the form's copies are there, and with @at, where. */
static size_t list_copies(const struct ledger *ledger, uint32_t *form, uint32_t *at)
{
    const uint32_t *copies = form_copies(form);
    size_t count = 0;
    for (uint32_t i = 0; i < form_copy_count(form); i++) {
        uint32_t store = ledger->sites[copies[i] & ~COPY_LOST].store;
        if (store != LEDGER_NONE) {
            if (at != NULL) {
                at[count] = store;
            }
            count++;
        }
    }
    return count;
}

/* The forms of which enough is left to be listed. */
static mn_result write_forms(const struct ledger *ledger, const struct interval *row,
                             struct mn_arena *arena, struct evidence_checkpoint *out)
{
    size_t most = 0;
    for (uint32_t at = row->forms; at != 0; at = ledger_form(ledger, at)[FORM_NEXT]) {
        most++;
    }
    struct evidence_form *forms = mn_arena_take_array(arena, most, sizeof *forms);
    if (forms == NULL) {
        return MN_NO_MEMORY;
    }
    for (uint32_t at = row->forms; at != 0; at = ledger_form(ledger, at)[FORM_NEXT]) {
        uint32_t *form = ledger_form(ledger, at);
        size_t count = list_copies(ledger, form, NULL);
        if (count < form[FORM_NEED]) {
            continue;
        }
        uint32_t *stores = mn_arena_take_array(arena, count, sizeof *stores);
        if (stores == NULL) {
            return MN_NO_MEMORY;
        }
        (void)list_copies(ledger, form, stores);
        forms[out->form_count++] =
            (struct evidence_form){.kind = form_is_diff(form) ? EVIDENCE_DIFF : EVIDENCE_FULL,
                                   .onto = form_onto(form),
                                   .need = form[FORM_NEED],
                                   .at_count = count,
                                   .at = stores};
    }
    out->forms = forms;
    return MN_OK;
}

static mn_result write_checkpoint(const struct ledger *ledger, const struct interval *row,
                                  struct mn_arena *arena, struct evidence_checkpoint *out)
{
    bool has_since = row->since != LEDGER_NO_SINCE;
    *out = (struct evidence_checkpoint){.vat = row->vat,
                                        .epoch = row->epoch,
                                        .has_since = has_since,
                                        .since = has_since ? row->since : 0,
                                        .durable = (row->flags & INTERVAL_DURABLE) != 0,
                                        .heard_count = row->heard_count};
    mn_result result = write_heard(ledger, row, arena, &out->heard);
    return result == MN_OK ? write_forms(ledger, row, arena, out) : result;
}

static mn_result write_checkpoints(const struct ledger *ledger, struct evidence *evidence)
{
    struct evidence_checkpoint *rows =
        mn_arena_take_array(&evidence->arena, ledger->checkpoint_count, sizeof *rows);
    mn_result result = rows != NULL ? MN_OK : MN_NO_MEMORY;
    for (uint32_t v = 0; result == MN_OK && v < ledger->vat_count; v++) {
        const struct vat_place *place = &ledger->places[v];
        for (uint32_t i = 0; result == MN_OK && i < place->slot_count; i++) {
            const struct interval *row = &ledger->intervals[place->slots[i].interval];
            if ((row->flags & INTERVAL_LISTED) != 0) {
                result = write_checkpoint(ledger, row, &evidence->arena,
                                          &rows[evidence->checkpoint_count++]);
            }
        }
    }
    evidence->checkpoints = rows;
    return result;
}

static mn_result write_open(const struct ledger *ledger, struct evidence *evidence)
{
    struct evidence_open *rows =
        mn_arena_take_array(&evidence->arena, ledger->vat_count, sizeof *rows);
    mn_result result = rows != NULL ? MN_OK : MN_NO_MEMORY;
    for (uint32_t v = 0; result == MN_OK && v < ledger->vat_count; v++) {
        uint32_t open = ledger->vats[v].open;
        if (open == LEDGER_NONE) {
            continue;
        }
        const struct interval *row = &ledger->intervals[open];
        bool has_since = row->since != LEDGER_NO_SINCE;
        struct evidence_open *out = &rows[evidence->open_count++];
        *out = (struct evidence_open){.vat = v,
                                      .epoch = row->epoch,
                                      .has_since = has_since,
                                      .since = has_since ? row->since : 0,
                                      .heard_count = row->heard_count};
        result = write_heard(ledger, row, &evidence->arena, &out->heard);
    }
    evidence->open = rows;
    return result;
}

/* The items of a set, growing: so that they do not depend on the order of the calls. */
static mn_result write_set(const struct ledger_set *set, struct mn_arena *arena,
                           struct evidence_names *out)
{
    uint32_t *index = mn_arena_take_array(arena, set->count, sizeof *index);
    if (index == NULL) {
        return MN_NO_MEMORY;
    }
    size_t count = 0;
    for (uint32_t i = 0; count < set->count; i++) {
        if (ledger_set_has(set, i)) {
            index[count++] = i;
        }
    }
    *out = (struct evidence_names){.count = count, .index = index};
    return MN_OK;
}

/* The checkpoints and copies that are named as lost: counted, and with room, written. */
struct lost_rows {
    size_t checkpoint_count;
    size_t copy_count;
    struct evidence_lost_checkpoint *checkpoints;
    struct evidence_lost_copy *copies;
};

static void add_lost_copies(const struct ledger *ledger, const struct interval *row,
                            struct lost_rows *lost)
{
    for (uint32_t at = row->forms; at != 0; at = ledger_form(ledger, at)[FORM_NEXT]) {
        uint32_t *form = ledger_form(ledger, at);
        const uint32_t *copies = form_copies(form);
        bool listed = list_copies(ledger, form, NULL) >= form[FORM_NEED];
        for (uint32_t i = 0; listed && i < form_copy_count(form); i++) {
            uint32_t store = ledger->sites[copies[i] & ~COPY_LOST].store;
            if ((copies[i] & COPY_LOST) == 0 || store == LEDGER_NONE) {
                continue;
            }
            if (lost->copies != NULL) {
                lost->copies[lost->copy_count] = (struct evidence_lost_copy){
                    .vat = row->vat, .epoch = row->epoch, .store = store};
            }
            lost->copy_count++;
        }
    }
}

static void add_lost_rows(const struct ledger *ledger, struct lost_rows *lost)
{
    lost->checkpoint_count = 0;
    lost->copy_count = 0;
    for (uint32_t v = 0; v < ledger->vat_count; v++) {
        const struct vat_place *place = &ledger->places[v];
        for (uint32_t i = 0; i < place->slot_count; i++) {
            const struct interval *row = &ledger->intervals[place->slots[i].interval];
            if ((row->flags & INTERVAL_LOST) != 0) {
                if (lost->checkpoints != NULL) {
                    lost->checkpoints[lost->checkpoint_count] =
                        (struct evidence_lost_checkpoint){.vat = v, .epoch = row->epoch};
                }
                lost->checkpoint_count++;
            }
            add_lost_copies(ledger, row, lost);
        }
    }
}

static mn_result write_lost_rows(const struct ledger *ledger, struct evidence *evidence)
{
    struct lost_rows lost = {0};
    add_lost_rows(ledger, &lost);
    lost.checkpoints =
        mn_arena_take_array(&evidence->arena, lost.checkpoint_count, sizeof *lost.checkpoints);
    lost.copies = mn_arena_take_array(&evidence->arena, lost.copy_count, sizeof *lost.copies);
    if (lost.checkpoints == NULL || lost.copies == NULL) {
        return MN_NO_MEMORY;
    }
    add_lost_rows(ledger, &lost);
    evidence->lost.checkpoint_count = lost.checkpoint_count;
    evidence->lost.checkpoints = lost.checkpoints;
    evidence->lost.copy_count = lost.copy_count;
    evidence->lost.copies = lost.copies;
    return MN_OK;
}

static mn_result write_names(const struct ledger *ledger, struct evidence *evidence)
{
    const struct {
        const struct ledger_set *set;
        struct evidence_names *names;
    } lists[] = {{&ledger->lost_domains, &evidence->lost.domains},
                 {&ledger->lost_hosts, &evidence->lost.hosts},
                 {&ledger->lost_stores, &evidence->lost.stores},
                 {&ledger->lost_vats, &evidence->lost.vats},
                 {&ledger->unknown_vats, &evidence->unknown.vats},
                 {&ledger->unknown_stores, &evidence->unknown.stores},
                 {&ledger->tell, &evidence->policy.tell}};
    mn_result result = MN_OK;
    for (size_t i = 0; result == MN_OK && i < sizeof lists / sizeof *lists; i++) {
        result = write_set(lists[i].set, &evidence->arena, lists[i].names);
    }
    evidence->policy.total_loss = ledger->total_loss;
    return result;
}

mn_result ledger_evidence(const struct ledger *ledger, struct evidence **evidence)
{
    static mn_result (*const parts[])(const struct ledger *, struct evidence *) = {
        write_places, write_vats, write_checkpoints, write_open, write_lost_rows, write_names};
    struct evidence *made = NULL;
    mn_result result = evidence_new(&made);
    for (size_t i = 0; result == MN_OK && i < sizeof parts / sizeof *parts; i++) {
        result = parts[i](ledger, made);
    }
    if (result == MN_OK) {
        *evidence = made;
    } else {
        evidence_destroy(&made);
    }
    return result;
}
