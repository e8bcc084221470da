/* The oracle's own causes and trace, found by going down step by step: so that the checker can be
 * tested without the engine. */
#include <string.h>

#include "base/check.h"
#include "oracle/oracle_rules.h"

/* One interval of a vat, and the first thing in it that @choices does not keep, or NULL. */
struct interval {
    mn_epoch epoch;  /* ORACLE_OPEN for the running one */
    mn_epoch number; /* the same as it is numbered, of the running one too */
    const struct evidence_heard *heard;
    size_t heard_count;
};

static const struct evidence_heard *orphan_in(const struct oracle *o, uint32_t vat,
                                              const struct interval *interval,
                                              const mn_epoch *choices)
{
    for (size_t i = 0; i < interval->heard_count; i++) {
        if (oracle_binds(o, vat, interval->number, &interval->heard[i]) &&
            oracle_orphan(o, &interval->heard[i], choices[interval->heard[i].vat])) {
            return &interval->heard[i];
        }
    }
    return NULL;
}

/* The oldest interval of @vat up to @choice that heard an orphan. */
static const struct evidence_heard *oldest_orphan(const struct oracle *o, uint32_t vat,
                                                  mn_epoch choice, const mn_epoch *choices,
                                                  struct interval *oldest)
{
    const struct evidence_heard *found = NULL;
    const struct evidence_open *open = oracle_open(o, vat);
    if (choice == ORACLE_OPEN && open != NULL) {
        *oldest = (struct interval){ORACLE_OPEN, open->epoch, open->heard, open->heard_count};
        found = orphan_in(o, vat, oldest, choices);
    }
    for (size_t i = 0; i < o->e->checkpoint_count; i++) {
        const struct evidence_checkpoint *row = &o->e->checkpoints[i];
        struct interval interval = {row->epoch, row->epoch, row->heard, row->heard_count};
        if (row->vat != vat || row->epoch > choice || !oracle_live(o, vat, row->epoch) ||
            (found != NULL && oldest->epoch < row->epoch)) {
            continue;
        }
        const struct evidence_heard *heard = orphan_in(o, vat, &interval, choices);
        if (heard != NULL) {
            *oldest = interval;
            found = heard;
        }
    }
    return found;
}

static json_t *epoch_json(mn_epoch epoch)
{
    return epoch == ORACLE_OPEN ? json_null() : json_integer(epoch);
}

static json_t *heard_json(const struct oracle *o, const struct evidence_heard *heard)
{
    return json_pack("{s:s, s:I}", "vat", o->e->vats[heard->vat].name, "epoch",
                     (json_int_t)heard->epoch);
}

static json_t *prove_trace(const struct oracle *o)
{
    mn_epoch choices[ORACLE_VAT_COUNT_MAX];
    json_t *spared = json_array();
    json_t *steps = json_array();
    for (uint32_t v = 0; v < o->e->vat_count; v++) {
        choices[v] = o->vats[v].candidates[o->vats[v].candidate_count - 1];
        if (o->vats[v].spared) {
            mn_assert(json_array_append_new(spared, json_string(o->e->vats[v].name)) == 0);
        }
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t v = 0; v < o->e->vat_count; v++) {
            struct interval oldest = {0};
            bool unbound = o->vats[v].spared || o->e->vats[v].on_peer_rollback == EVIDENCE_BE_TOLD;
            const struct evidence_heard *heard =
                unbound ? NULL : oldest_orphan(o, v, choices[v], choices, &oldest);
            if (heard == NULL) {
                continue;
            }
            choices[v] = oracle_before(o, v, oldest.epoch);
            json_t *step = json_pack("{s:s, s:I, s:o, s:o}", "vat", o->e->vats[v].name, "to",
                                     (json_int_t)choices[v], "epoch", epoch_json(oldest.epoch),
                                     "heard", heard_json(o, heard));
            mn_assert(json_array_append_new(steps, step) == 0);
            changed = true;
        }
    }
    return json_pack("{s:o, s:o}", "spared", spared, "steps", steps);
}

/* Take over @item, unless the list has it: what a document loses may stand there twice. */
static void list_item(json_t *lost, json_t *item)
{
    for (size_t i = 0; i < json_array_size(lost); i++) {
        if (json_equal(item, json_array_get(lost, i)) != 0) {
            json_decref(item);
            return;
        }
    }
    mn_assert(json_array_append_new(lost, item) == 0);
}

static void list_loss(json_t *lost, const char *kind, const char *name)
{
    list_item(lost, json_pack("{s:s}", kind, name));
}

static void list_unknown(json_t *lost, const char *kind, const char *name)
{
    list_item(lost, json_pack("{s:{s:s}}", "unknown", kind, name));
}

static void list_domains(const struct oracle *o, json_t *lost, uint32_t domain)
{
    for (; domain != EVIDENCE_NONE; domain = o->e->domains[domain].in) {
        for (size_t i = 0; i < o->e->lost.domains.count; i++) {
            if (o->e->lost.domains.index[i] == domain) {
                list_loss(lost, "domain", o->e->domains[domain].name);
            }
        }
    }
}

static void list_host(const struct oracle *o, json_t *lost, uint32_t host)
{
    if (host == EVIDENCE_NONE) {
        return;
    }
    for (size_t i = 0; i < o->e->lost.hosts.count; i++) {
        if (o->e->lost.hosts.index[i] == host) {
            list_loss(lost, "host", o->e->hosts[host].name);
        }
    }
    list_domains(o, lost, o->e->hosts[host].in);
}

static void list_store(const struct oracle *o, json_t *lost, uint32_t store)
{
    const struct evidence_store *row = &o->e->stores[store];
    for (size_t i = 0; i < o->e->lost.stores.count; i++) {
        if (o->e->lost.stores.index[i] == store) {
            list_loss(lost, "store", row->name);
        }
    }
    for (size_t i = 0; i < o->e->unknown.stores.count; i++) {
        if (o->e->unknown.stores.index[i] == store) {
            list_unknown(lost, "store", row->name);
        }
    }
    if (row->place == EVIDENCE_IN_HOST) {
        list_host(o, lost, row->in);
    } else if (row->place == EVIDENCE_IN_DOMAIN) {
        list_domains(o, lost, row->in);
    }
}

/* Everything that took a copy of a live checkpoint which cannot be restored. */
static void list_rows(const struct oracle *o, json_t *lost, uint32_t vat)
{
    for (size_t i = 0; i < o->e->checkpoint_count; i++) {
        const struct evidence_checkpoint *row = &o->e->checkpoints[i];
        if (row->vat != vat || !oracle_live(o, vat, row->epoch) || oracle_restorable(o, row)) {
            continue;
        }
        for (size_t j = 0; j < row->form_count; j++) {
            for (size_t k = 0; k < row->forms[j].at_count; k++) {
                list_store(o, lost, row->forms[j].at[k]);
            }
        }
        for (size_t j = 0; j < o->e->lost.checkpoint_count; j++) {
            if (o->e->lost.checkpoints[j].vat == vat &&
                o->e->lost.checkpoints[j].epoch == row->epoch) {
                list_item(lost, json_pack("{s:{s:s, s:I}}", "checkpoint", "vat",
                                          o->e->vats[vat].name, "epoch", (json_int_t)row->epoch));
            }
        }
        for (size_t j = 0; j < o->e->lost.copy_count; j++) {
            const struct evidence_lost_copy *copy = &o->e->lost.copies[j];
            if (copy->vat == vat && copy->epoch == row->epoch) {
                list_item(lost, json_pack("{s:{s:s, s:I, s:s}}", "copy", "vat",
                                          o->e->vats[vat].name, "epoch", (json_int_t)row->epoch,
                                          "store", o->e->stores[copy->store].name));
            }
        }
    }
}

json_t *oracle_losses(const struct oracle *o, uint32_t vat)
{
    json_t *lost = json_array();
    list_rows(o, lost, vat);
    if (!o->vats[vat].lost) {
        return lost;
    }
    for (size_t i = 0; i < o->e->lost.vats.count; i++) {
        if (o->e->lost.vats.index[i] == vat) {
            list_loss(lost, "vat", o->e->vats[vat].name);
        }
    }
    for (size_t i = 0; i < o->e->unknown.vats.count; i++) {
        if (o->e->unknown.vats.index[i] == vat) {
            list_unknown(lost, "vat", o->e->vats[vat].name);
        }
    }
    list_host(o, lost, o->e->vats[vat].host);
    return lost;
}

static json_t *prove_cause(const struct oracle *o, uint32_t vat, const mn_epoch *choices)
{
    mn_epoch latest = o->vats[vat].candidates[o->vats[vat].candidate_count - 1];
    if (o->vats[vat].choice == latest) {
        return json_pack("{s:o}", "lost", oracle_losses(o, vat));
    }
    struct interval oldest = {0};
    const struct evidence_heard *heard = oldest_orphan(o, vat, latest, choices, &oldest);
    mn_assert(heard != NULL);
    return json_pack("{s:{s:o, s:o, s:o}}", "orphan", "epoch", epoch_json(oldest.epoch), "heard",
                     heard_json(o, heard), "kept", epoch_json(choices[heard->vat]));
}

json_t *oracle_prove(const struct evidence *evidence)
{
    struct oracle o;
    oracle_decide(&o, evidence, true);
    mn_epoch choices[ORACLE_VAT_COUNT_MAX];
    for (uint32_t v = 0; v < evidence->vat_count; v++) {
        choices[v] = o.vats[v].choice;
    }
    json_t *answer = oracle_answer(evidence, NULL);
    for (uint32_t v = 0; v < evidence->vat_count; v++) {
        json_t *row = json_object_get(json_object_get(answer, "vats"), evidence->vats[v].name);
        if (choices[v] != ORACLE_OPEN) {
            mn_assert(json_object_set_new(row, "because", prove_cause(&o, v, choices)) == 0);
        }
    }
    mn_assert(json_object_set_new(answer, "trace", prove_trace(&o)) == 0);
    return answer;
}
