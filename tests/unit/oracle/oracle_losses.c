/* Rule 14's lists of losses: everything that took something of a vat, and whether a part of that
 * was enough. What is enough is seen by deciding again with nothing else lost. */
#include <string.h>

#include "base/check.h"
#include "oracle/oracle_rules.h"

enum { LOSS_COUNT_MAX = 256 };

/* A list of losses as a document has it. */
struct loss_lists {
    uint32_t domains[LOSS_COUNT_MAX];
    uint32_t hosts[LOSS_COUNT_MAX];
    uint32_t stores[LOSS_COUNT_MAX];
    uint32_t vats[LOSS_COUNT_MAX];
    uint32_t unknown_vats[LOSS_COUNT_MAX];
    uint32_t unknown_stores[LOSS_COUNT_MAX];
    struct evidence_lost_checkpoint checkpoints[LOSS_COUNT_MAX];
    struct evidence_lost_copy copies[LOSS_COUNT_MAX];
};

static uint32_t domain_named(const struct evidence *e, const char *name)
{
    uint32_t i = 0;
    while (strcmp(e->domains[i].name, name) != 0) {
        i++;
    }
    return i;
}

static uint32_t host_named(const struct evidence *e, const char *name)
{
    uint32_t i = 0;
    while (strcmp(e->hosts[i].name, name) != 0) {
        i++;
    }
    return i;
}

static uint32_t store_named(const struct evidence *e, const char *name)
{
    uint32_t i = 0;
    while (strcmp(e->stores[i].name, name) != 0) {
        i++;
    }
    return i;
}

static const char *word(const json_t *item, const char *key)
{
    return json_string_value(json_object_get(item, key));
}

/* Put an item, which is known to be one of the evidence's, into the lists of @less. */
static void lose(struct evidence *less, struct loss_lists *lists, uint32_t vat, const json_t *item)
{
    const json_t *unknown = json_object_get(item, "unknown");
    const json_t *copy = json_object_get(item, "copy");
    const json_t *row = copy != NULL ? copy : json_object_get(item, "checkpoint");
    mn_epoch epoch = json_integer_value(json_object_get(row, "epoch"));
    if (word(item, "domain") != NULL) {
        lists->domains[less->lost.domains.count++] = domain_named(less, word(item, "domain"));
    } else if (word(item, "host") != NULL) {
        lists->hosts[less->lost.hosts.count++] = host_named(less, word(item, "host"));
    } else if (word(item, "store") != NULL) {
        lists->stores[less->lost.stores.count++] = store_named(less, word(item, "store"));
    } else if (word(item, "vat") != NULL) {
        lists->vats[less->lost.vats.count++] = vat;
    } else if (copy != NULL) {
        lists->copies[less->lost.copy_count++] =
            (struct evidence_lost_copy){vat, epoch, store_named(less, word(copy, "store"))};
    } else if (row != NULL) {
        lists->checkpoints[less->lost.checkpoint_count++] =
            (struct evidence_lost_checkpoint){vat, epoch};
    } else if (word(unknown, "store") != NULL) {
        lists->unknown_stores[less->unknown.stores.count++] =
            store_named(less, word(unknown, "store"));
    } else {
        lists->unknown_vats[less->unknown.vats.count++] = vat;
    }
}

static bool stands_in(const json_t *item, const json_t *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (json_equal(item, json_array_get(list, i)) != 0) {
            return true;
        }
    }
    return false;
}

bool oracle_losses_hold(const struct oracle *o, uint32_t vat, const json_t *lost)
{
    static struct loss_lists lists;
    struct evidence less = *o->e;
    less.lost = (struct evidence_lost){.domains = {0, lists.domains},
                                       .hosts = {0, lists.hosts},
                                       .stores = {0, lists.stores},
                                       .vats = {0, lists.vats},
                                       .checkpoints = lists.checkpoints,
                                       .copies = lists.copies};
    less.unknown = (struct evidence_unknown){.vats = {0, lists.unknown_vats},
                                             .stores = {0, lists.unknown_stores}};
    json_t *all = oracle_losses(o, vat);
    bool holds = json_is_array(lost) && json_array_size(lost) <= LOSS_COUNT_MAX;
    for (size_t i = 0; holds && i < json_array_size(lost); i++) {
        const json_t *item = json_array_get(lost, i);
        holds = stands_in(item, all, json_array_size(all)) && !stands_in(item, lost, i);
        if (holds) {
            lose(&less, &lists, vat, item);
        }
    }
    json_decref(all);
    if (!holds) {
        return false;
    }
    struct oracle again;
    oracle_decide(&again, &less, true);
    const struct oracle_vat *row = &again.vats[vat];
    return row->candidates[row->candidate_count - 1] == o->vats[vat].choice;
}
