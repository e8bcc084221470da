/* The model of a ledger; see its header. Vats are called v0, v1 and so on, so that a name says the
 * number whatever the order of a document is; places likewise. */
#include "ledger_model.h"

#include <string.h>

#include "base/check.h"

static uint32_t number_of(const char *name)
{
    return (uint32_t)(name[1] - '0');
}

bool model_dead(const struct model_vat *vat, mn_epoch epoch)
{
    for (size_t i = 0; i < vat->fork_count; i++) {
        if (vat->forks[i].after < epoch && epoch < vat->forks[i].next) {
            return true;
        }
    }
    return false;
}

bool model_lineage_right(const struct evidence_lineage *forks, size_t count)
{
    mn_epoch newest = 0;
    for (size_t i = 0; i < count; i++) {
        if (forks[i].after < 0 || forks[i].next <= forks[i].after || forks[i].next <= newest ||
            forks[i].next > MN_EPOCH_MAX) {
            return false;
        }
        newest = forks[i].next;
    }
    return true;
}

mn_epoch model_newest_live(const struct model_vat *vat)
{
    mn_epoch newest = 0;
    for (mn_epoch epoch = 1; epoch < MODEL_EPOCH_COUNT; epoch++) {
        newest = vat->rows[epoch].there && !model_dead(vat, epoch) ? epoch : newest;
    }
    return newest;
}

static void hear(struct model_heard *into, const struct evidence_heard *heard, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        into->epochs[heard[i].vat] |= UINT32_C(1) << heard[i].epoch;
    }
}

void model_checkpoint(struct model *model, const struct evidence_checkpoint *row)
{
    struct model_vat *vat = &model->vats[row->vat];
    struct model_row *known = &vat->rows[row->epoch];
    if (row->has_since && (!known->has_since || row->since < known->since)) {
        known->has_since = true;
        known->since = row->since;
    }
    known->there = true;
    known->durable = known->durable || row->durable;
    hear(&known->heard, row->heard, row->heard_count);
    bool settled = vat->has_floor && row->epoch <= vat->floor;
    if (!settled && !model_dead(vat, row->epoch) && vat->open_epoch <= row->epoch) {
        vat->open_epoch = 0;
    }
}

void model_open(struct model *model, const struct evidence_open *open)
{
    struct model_vat *vat = &model->vats[open->vat];
    if (open->epoch > model_newest_live(vat)) {
        vat->open_epoch = open->epoch;
        vat->open = (struct model_row){.has_since = open->has_since, .since = open->since};
        hear(&vat->open.heard, open->heard, open->heard_count);
    }
}

void model_settle(struct model *model, uint32_t vat, uint32_t peer, mn_epoch after,
                  mn_epoch through)
{
    struct model_vat *row = &model->vats[vat];
    for (mn_epoch epoch = after + 1; epoch <= through && epoch < MODEL_EPOCH_COUNT; epoch++) {
        row->settled.epochs[peer] |= UINT32_C(1) << epoch;
    }
    for (size_t i = 0; i < MODEL_EPOCH_COUNT; i++) {
        row->rows[i].heard.epochs[peer] &= ~row->settled.epochs[peer];
    }
    row->open.heard.epochs[peer] &= ~row->settled.epochs[peer];
}

static struct model_heard heard_of(const struct evidence *held, const struct evidence_heard *heard,
                                   size_t count)
{
    struct model_heard bits = {{0}};
    for (size_t i = 0; i < count; i++) {
        mn_assert(heard[i].epoch < MODEL_EPOCH_COUNT);
        bits.epochs[number_of(held->vats[heard[i].vat].name)] |= UINT32_C(1) << heard[i].epoch;
    }
    return bits;
}

/* Where @free, take over what is held; otherwise only of what was settled once. */
static void adopt(const struct model_vat *vat, struct model_row *known, bool free,
                  const struct model_row *held)
{
    if (free) {
        known->has_since = held->has_since;
        known->since = held->since;
        known->heard = held->heard;
        known->durable = held->durable;
        return;
    }
    for (size_t i = 0; i < MODEL_VAT_COUNT; i++) {
        uint32_t settled = vat->settled.epochs[i];
        known->heard.epochs[i] =
            (known->heard.epochs[i] & ~settled) | (held->heard.epochs[i] & settled);
    }
}

static void adopt_row(struct model *model, const struct evidence *held,
                      const struct evidence_checkpoint *row)
{
    struct model_vat *vat = &model->vats[number_of(held->vats[row->vat].name)];
    struct model_row same = {.has_since = row->has_since,
                             .since = row->since,
                             .durable = row->durable,
                             .heard = heard_of(held, row->heard, row->heard_count)};
    mn_assert(row->epoch < MODEL_EPOCH_COUNT);
    mn_assert(vat->rows[row->epoch].there);
    adopt(vat, &vat->rows[row->epoch], vat->has_floor && row->epoch <= vat->floor, &same);
}

static void adopt_floors(struct model *model, const struct evidence *held)
{
    for (size_t i = 0; i < held->vat_count; i++) {
        const struct evidence_vat *row = &held->vats[i];
        struct model_vat *vat = &model->vats[number_of(row->name)];
        if (vat->floor_asked) {
            mn_assert(!row->has_floor || row->floor >= vat->asked_floor);
            vat->has_floor = row->has_floor;
            vat->floor = row->floor;
            vat->floor_asked = false;
        }
    }
}

void model_adopt(struct model *model, const struct evidence *held)
{
    adopt_floors(model, held);
    mn_epoch open_epochs[MODEL_VAT_COUNT];
    bool listed[MODEL_VAT_COUNT][MODEL_EPOCH_COUNT] = {{false}};
    for (size_t i = 0; i < held->checkpoint_count; i++) {
        const struct evidence_checkpoint *row = &held->checkpoints[i];
        adopt_row(model, held, row);
        listed[number_of(held->vats[row->vat].name)][row->epoch] = true;
    }
    for (size_t v = 0; v < model->vat_count; v++) {
        struct model_vat *vat = &model->vats[v];
        for (mn_epoch e = 0; vat->has_floor && e < MODEL_EPOCH_COUNT && e <= vat->floor; e++) {
            vat->rows[e].there = listed[v][e];
        }
        open_epochs[v] = 0;
    }
    for (size_t i = 0; i < held->open_count; i++) {
        open_epochs[number_of(held->vats[held->open[i].vat].name)] = held->open[i].epoch;
    }
    for (size_t v = 0; v < model->vat_count; v++) {
        struct model_vat *vat = &model->vats[v];
        if (vat->has_floor && vat->open_epoch <= vat->floor) {
            vat->open_epoch = open_epochs[v];
        }
    }
    for (size_t i = 0; i < held->open_count; i++) {
        const struct evidence_open *open = &held->open[i];
        struct model_vat *vat = &model->vats[number_of(held->vats[open->vat].name)];
        struct model_row same = {.has_since = open->has_since,
                                 .since = open->since,
                                 .heard = heard_of(held, open->heard, open->heard_count)};
        mn_assert(vat->open_epoch == open->epoch);
        adopt(vat, &vat->open, vat->has_floor && open->epoch <= vat->floor, &same);
    }
}

/* ---- as a document --------------------------------------------------------------------------- */

static const struct evidence_heard *document_heard(const struct model *model,
                                                   const struct model_heard *bits,
                                                   struct mn_arena *arena, size_t *count)
{
    struct evidence_heard *heard =
        mn_arena_take_array(arena, (size_t)MODEL_VAT_COUNT * MODEL_EPOCH_COUNT, sizeof *heard);
    mn_assert(heard != NULL);
    *count = 0;
    for (uint32_t v = 0; v < model->vat_count; v++) {
        for (mn_epoch e = 1; e < MODEL_EPOCH_COUNT; e++) {
            if ((bits->epochs[v] >> e & 1) != 0) {
                heard[(*count)++] = (struct evidence_heard){.vat = v, .epoch = e};
            }
        }
    }
    return heard;
}

/* The row that is held, for its forms; NULL when it is not. */
static const struct evidence_checkpoint *held_row(const struct evidence *held, uint32_t vat,
                                                  mn_epoch epoch)
{
    for (size_t i = 0; i < held->checkpoint_count; i++) {
        const struct evidence_checkpoint *row = &held->checkpoints[i];
        if (number_of(held->vats[row->vat].name) == vat && row->epoch == epoch) {
            return row;
        }
    }
    return NULL;
}

static void document_rows(const struct model *model, const struct evidence *held,
                          struct mn_arena *arena, struct evidence *document)
{
    size_t room = (size_t)MODEL_VAT_COUNT * MODEL_EPOCH_COUNT;
    struct evidence_checkpoint *rows = mn_arena_take_array(arena, room, sizeof *rows);
    struct evidence_open *open = mn_arena_take_array(arena, MODEL_VAT_COUNT, sizeof *open);
    mn_assert(rows != NULL && open != NULL);
    document->checkpoint_count = 0;
    document->open_count = 0;
    for (uint32_t v = 0; v < model->vat_count; v++) {
        const struct model_vat *vat = &model->vats[v];
        for (mn_epoch e = 1; e < MODEL_EPOCH_COUNT; e++) {
            const struct model_row *known = &vat->rows[e];
            if (!known->there) {
                continue;
            }
            struct evidence_checkpoint *row = &rows[document->checkpoint_count++];
            const struct evidence_checkpoint *same = held_row(held, v, e);
            *row = (struct evidence_checkpoint){.vat = v,
                                                .epoch = e,
                                                .has_since = known->has_since,
                                                .since = known->since,
                                                .durable = known->durable,
                                                .form_count = same != NULL ? same->form_count : 0,
                                                .forms = same != NULL ? same->forms : NULL};
            row->heard = document_heard(model, &known->heard, arena, &row->heard_count);
        }
        if (vat->open_epoch != 0) {
            struct evidence_open *row = &open[document->open_count++];
            *row = (struct evidence_open){.vat = v,
                                          .epoch = vat->open_epoch,
                                          .has_since = vat->open.has_since,
                                          .since = vat->open.since};
            row->heard = document_heard(model, &vat->open.heard, arena, &row->heard_count);
        }
    }
    document->checkpoints = rows;
    document->open = open;
}

static void document_vats(const struct model *model, const struct evidence *held,
                          struct mn_arena *arena, struct evidence *document)
{
    struct evidence_vat *vats = mn_arena_take_array(arena, MODEL_VAT_COUNT, sizeof *vats);
    mn_assert(vats != NULL);
    for (size_t v = 0; v < model->vat_count; v++) {
        const struct model_vat *vat = &model->vats[v];
        vats[v] = (struct evidence_vat){.host = EVIDENCE_NONE,
                                        .has_floor = vat->has_floor,
                                        .floor = vat->floor,
                                        .limit = vat->limit,
                                        .lineage_count = vat->fork_count,
                                        .lineage = vat->forks,
                                        .on_peer_rollback =
                                            vat->be_told ? EVIDENCE_BE_TOLD : EVIDENCE_ROLL_BACK,
                                        .sends = vat->early ? EVIDENCE_EARLY : EVIDENCE_HELD};
        for (uint32_t h = 0; h < held->host_count; h++) {
            if (vat->host != EVIDENCE_NONE && number_of(held->hosts[h].name) == vat->host) {
                vats[v].host = h;
            }
        }
        char name[] = {'v', (char)('0' + v), '\0'};
        vats[v].name = mn_arena_copy(arena, name, sizeof name);
        mn_assert(vats[v].name != NULL);
    }
    document->vats = vats;
    document->vat_count = model->vat_count;
}

/* The numbers of those of a table of @held whose flag is set, found by their names. */
static struct evidence_names document_places(const struct evidence *held, char kind,
                                             const bool *flags, struct mn_arena *arena)
{
    uint32_t *index = mn_arena_take_array(arena, MODEL_PLACE_COUNT, sizeof *index);
    mn_assert(index != NULL);
    size_t total = kind == 'd'   ? held->domain_count
                   : kind == 'h' ? held->host_count
                                 : held->store_count;
    size_t count = 0;
    for (uint32_t i = 0; i < total; i++) {
        const char *name = kind == 'd'   ? held->domains[i].name
                           : kind == 'h' ? held->hosts[i].name
                                         : held->stores[i].name;
        if (flags[number_of(name)]) {
            index[count++] = i;
        }
    }
    return (struct evidence_names){.count = count, .index = index};
}

static struct evidence_names document_named(const struct model *model, size_t flag,
                                            struct mn_arena *arena)
{
    uint32_t *index = mn_arena_take_array(arena, MODEL_VAT_COUNT, sizeof *index);
    mn_assert(index != NULL);
    size_t count = 0;
    for (uint32_t v = 0; v < model->vat_count; v++) {
        if (*((const bool *)&model->vats[v] + flag)) {
            index[count++] = v;
        }
    }
    return (struct evidence_names){.count = count, .index = index};
}

static void document_lost_rows(const struct evidence *held, struct mn_arena *arena,
                               struct evidence *document)
{
    const struct evidence_lost *lost = &held->lost;
    struct evidence_lost_checkpoint *rows =
        mn_arena_take_array(arena, lost->checkpoint_count, sizeof *rows);
    struct evidence_lost_copy *copies =
        mn_arena_take_array(arena, lost->copy_count, sizeof *copies);
    mn_assert(rows != NULL && copies != NULL);
    for (size_t i = 0; i < lost->checkpoint_count; i++) {
        rows[i] = lost->checkpoints[i];
        rows[i].vat = number_of(held->vats[rows[i].vat].name);
    }
    for (size_t i = 0; i < lost->copy_count; i++) {
        copies[i] = lost->copies[i];
        copies[i].vat = number_of(held->vats[copies[i].vat].name);
    }
    document->lost.checkpoints = rows;
    document->lost.copies = copies;
}

void model_document(const struct model *model, const struct evidence *held, struct mn_arena *arena,
                    struct evidence *document)
{
    *document = *held;
    document->arena = (struct mn_arena){0};
    document_vats(model, held, arena, document);
    document_rows(model, held, arena, document);
    document_lost_rows(held, arena, document);
    document->lost.domains = document_places(held, 'd', model->lost_domains, arena);
    document->lost.hosts = document_places(held, 'h', model->lost_hosts, arena);
    document->lost.stores = document_places(held, 's', model->lost_stores, arena);
    document->lost.vats = document_named(model, offsetof(struct model_vat, lost), arena);
    document->unknown.vats = document_named(model, offsetof(struct model_vat, unknown), arena);
    document->unknown.stores = document_places(held, 's', model->unknown_stores, arena);
    document->policy.total_loss = model->total_loss;
    document->policy.tell = document_named(model, offsetof(struct model_vat, tell), arena);
}
