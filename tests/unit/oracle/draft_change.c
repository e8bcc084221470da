/* Changing drafts: taking things out of a failing one, and carrying one on after its decision. */
#include "oracle/draft.h"

#include <string.h>

static void drop_heard(struct draft_row *row, uint8_t index)
{
    row->heard_count--;
    memmove(&row->heard[index], &row->heard[index + 1],
            (size_t)(row->heard_count - index) * sizeof row->heard[0]);
}

/* Forget a vat in one row: as a peer it is dropped, and later ones move up. */
static void drop_vat_from_row(struct draft_row *row, uint8_t vat)
{
    for (uint8_t i = row->heard_count; i > 0; i--) {
        if (row->heard[i - 1].vat == vat) {
            drop_heard(row, (uint8_t)(i - 1));
        } else if (row->heard[i - 1].vat > vat) {
            row->heard[i - 1].vat--;
        }
    }
    row->vat = (uint8_t)(row->vat - (row->vat > vat ? 1 : 0));
}

static void drop_row(struct draft_row *rows, uint8_t *count, uint8_t index)
{
    *count -= 1;
    memmove(&rows[index], &rows[index + 1], (size_t)(*count - index) * sizeof *rows);
}

static void drop_vat_from_rows(struct draft_row *rows, uint8_t *count, uint8_t vat)
{
    for (uint8_t i = *count; i > 0; i--) {
        if (rows[i - 1].vat == vat) {
            drop_row(rows, count, (uint8_t)(i - 1));
        } else {
            drop_vat_from_row(&rows[i - 1], vat);
        }
    }
}

static void drop_vat(struct draft *draft, uint8_t vat)
{
    drop_vat_from_rows(draft->checkpoints, &draft->checkpoint_count, vat);
    drop_vat_from_rows(draft->open, &draft->open_count, vat);
    draft->vat_count--;
    memmove(&draft->vats[vat], &draft->vats[vat + 1],
            (size_t)(draft->vat_count - vat) * sizeof draft->vats[0]);
}

/* Bring one attribute of a vat to its default; false when there is no such attribute. */
static bool plain_vat(struct draft_vat *vat, size_t number)
{
    switch (number) {
    case 0:
        vat->has_floor = false;
        return true;
    case 1:
        vat->limit = 1;
        return true;
    case 2:
        vat->lineage_count = (uint8_t)(vat->lineage_count - (vat->lineage_count > 0 ? 1 : 0));
        return true;
    case 3:
        vat->be_told = false;
        return true;
    case 4:
        vat->early = false;
        return true;
    case 5:
        vat->lost = false;
        return true;
    case 6:
        vat->unknown = false;
        return true;
    case 7:
        vat->tell = false;
        return true;
    case 8:
        vat->host = DRAFT_NONE;
        return true;
    default:
        return false;
    }
}

static bool plain_row(struct draft_row *row, size_t number)
{
    if (number < DRAFT_HEARD_COUNT_MAX) {
        if (number < row->heard_count) {
            drop_heard(row, (uint8_t)number);
        }
        return true;
    }
    switch (number - DRAFT_HEARD_COUNT_MAX) {
    case 0:
        row->has_since = false;
        return true;
    case 1:
        row->not_durable = false;
        return true;
    case 2:
        row->form_count = (uint8_t)(row->form_count - (row->form_count > 0 ? 1 : 0));
        return true;
    case 3:
        row->lost = false;
        return true;
    case 4:
        row->lost_copies = 0;
        return true;
    case 5:
        row->forms[0].diff = false;
        return true;
    case 6:
        row->forms[0].need = 1;
        return true;
    default:
        return false;
    }
}

static bool plain_place(struct draft_place *place, size_t number)
{
    place->lost = number != 0 && place->lost;
    place->unknown = number != 1 && place->unknown;
    place->in = number != 2 ? place->in : DRAFT_NONE;
    return number < 3;
}

/* Each kind of thing in turn: whole vats, whole rows, then attributes; ROOM is above the number of
 * attributes of anything. */
bool draft_reduce(const struct draft *draft, size_t number, struct draft *smaller)
{
    enum { ROOM = 16 };
    *smaller = *draft;
    if (number < DRAFT_VAT_COUNT_MAX) {
        if (number < draft->vat_count && draft->vat_count > 1) {
            drop_vat(smaller, (uint8_t)number);
        }
        return true;
    }
    number -= DRAFT_VAT_COUNT_MAX;
    if (number < DRAFT_CHECKPOINT_COUNT_MAX) {
        if (number < draft->checkpoint_count) {
            drop_row(smaller->checkpoints, &smaller->checkpoint_count, (uint8_t)number);
        }
        return true;
    }
    number -= DRAFT_CHECKPOINT_COUNT_MAX;
    if (number < DRAFT_VAT_COUNT_MAX) {
        if (number < draft->open_count) {
            drop_row(smaller->open, &smaller->open_count, (uint8_t)number);
        }
        return true;
    }
    number -= DRAFT_VAT_COUNT_MAX;
    size_t thing = number / ROOM;
    if (thing < draft->vat_count) {
        (void)plain_vat(&smaller->vats[thing], number % ROOM);
        return true;
    }
    thing -= draft->vat_count;
    if (thing < draft->checkpoint_count) {
        (void)plain_row(&smaller->checkpoints[thing], number % ROOM);
        return true;
    }
    thing -= draft->checkpoint_count;
    if (thing < draft->open_count) {
        (void)plain_row(&smaller->open[thing], number % ROOM);
        return true;
    }
    thing -= draft->open_count;
    struct draft_place *places[] = {smaller->domains, smaller->hosts, smaller->stores};
    if (thing < 3 * DRAFT_PLACE_COUNT_MAX) {
        (void)plain_place(&places[thing / DRAFT_PLACE_COUNT_MAX][thing % DRAFT_PLACE_COUNT_MAX],
                          number % ROOM);
        return true;
    }
    smaller->roll_back = false;
    return thing == 3 * DRAFT_PLACE_COUNT_MAX && number % ROOM == 0;
}

static const json_t *answer_of(const json_t *answer, const struct draft_vat *vat)
{
    return json_object_get(json_object_get(answer, "vats"), vat->name);
}

/* An epoch above all that the document knows. */
static mn_epoch fresh_epoch(const struct draft *draft)
{
    mn_epoch newest = 20;
    for (uint8_t v = 0; v < draft->vat_count; v++) {
        for (uint8_t i = 0; i < draft->vats[v].lineage_count; i++) {
            mn_epoch next = draft->vats[v].lineage[i].next;
            newest = next > newest ? next : newest;
        }
    }
    return newest + 10;
}

static bool place_lost(const struct draft *draft, uint8_t in)
{
    if (in == DRAFT_NONE) {
        return false;
    }
    return draft->domains[in].lost || place_lost(draft, draft->domains[in].in);
}

static bool host_gone(const struct draft *draft, uint8_t host)
{
    return draft->hosts[host].lost || place_lost(draft, draft->hosts[host].in);
}

static bool store_gone(const struct draft *draft, uint8_t store)
{
    const struct draft_place *row = &draft->stores[store];
    if (row->lost || row->unknown) {
        return true;
    }
    if (row->in == DRAFT_NONE) {
        return false;
    }
    return row->in >= 128 ? place_lost(draft, (uint8_t)(row->in - 128)) : host_gone(draft, row->in);
}

/* Take the lost copies out of the checkpoints; a form with too few left is none any more. */
static void apply_losses_to_row(struct draft_row *row, uint8_t gone)
{
    uint8_t kept = 0;
    for (uint8_t i = 0; i < row->form_count; i++) {
        struct draft_form form = row->forms[i];
        form.at = (uint8_t)(form.at & ~(gone | row->lost_copies));
        if (!row->lost && __builtin_popcount(form.at) >= form.need) {
            row->forms[kept++] = form;
        }
    }
    row->form_count = kept;
    row->lost = false;
    row->lost_copies = 0;
}

static void apply_losses(struct draft *draft)
{
    uint8_t gone = 0;
    for (uint8_t s = 0; s < draft->store_count; s++) {
        gone |= (uint8_t)(store_gone(draft, s) ? 1 << s : 0);
    }
    for (uint8_t i = 0; i < draft->checkpoint_count; i++) {
        apply_losses_to_row(&draft->checkpoints[i], gone);
    }
    for (uint8_t i = 0; i < DRAFT_PLACE_COUNT_MAX; i++) {
        draft->domains[i].lost = false;
        draft->hosts[i].lost = false;
        draft->stores[i].lost = false;
        draft->stores[i].unknown = false;
    }
    for (uint8_t v = 0; v < draft->vat_count; v++) {
        draft->vats[v].lost = false;
        draft->vats[v].unknown = false;
    }
}

static const json_t *told_of(const json_t *row, const char *peer)
{
    const json_t *told = json_object_get(row, "told");
    for (size_t i = 0; i < json_array_size(told); i++) {
        const json_t *notice = json_array_get(told, i);
        if (strcmp(json_string_value(json_object_get(notice, "vat")), peer) == 0) {
            return notice;
        }
    }
    return NULL;
}

static bool dead(const struct draft_vat *vat, mn_epoch epoch)
{
    for (uint8_t i = 0; i < vat->lineage_count; i++) {
        if (vat->lineage[i].after < epoch && epoch < vat->lineage[i].next) {
            return true;
        }
    }
    return false;
}

/* What a told vat has heard of the epochs that its peer forgot in this decision is settled; so is
 * what a vat that is told instead of taken back has heard of former lives. */
static void settle_row(const struct draft *draft, const json_t *answer, struct draft_row *row,
                       bool open)
{
    const json_t *own = answer_of(answer, &draft->vats[row->vat]);
    const json_t *keep = json_object_get(own, "keep");
    if (!json_is_null(keep) && (open || row->epoch > json_integer_value(keep))) {
        return;
    }
    for (uint8_t i = row->heard_count; i > 0; i--) {
        const struct draft_heard *heard = &row->heard[i - 1];
        const struct draft_vat *peer = &draft->vats[heard->vat];
        const json_t *forgot = json_object_get(answer_of(answer, peer), "forgot");
        const json_t *through = json_object_get(forgot, "through");
        bool forgotten = json_is_object(forgot) &&
                         heard->epoch > json_integer_value(json_object_get(forgot, "after")) &&
                         (json_is_null(through) || heard->epoch <= json_integer_value(through));
        bool former =
            (json_is_true(json_object_get(own, "spared")) || draft->vats[row->vat].be_told) &&
            dead(peer, heard->epoch);
        if (former || (forgotten && told_of(own, peer->name) != NULL)) {
            drop_heard(row, (uint8_t)(i - 1));
        }
    }
}

static void apply_restore(struct draft *draft, const json_t *answer, uint8_t v, mn_epoch next)
{
    struct draft_vat *vat = &draft->vats[v];
    const json_t *own = answer_of(answer, vat);
    const json_t *forgot = json_object_get(own, "forgot");
    mn_epoch keep = (mn_epoch)json_integer_value(json_object_get(own, "keep"));
    vat->lineage[vat->lineage_count++] =
        (struct evidence_lineage){.after = keep,
                                  .next = next,
                                  .seen = json_is_object(forgot),
                                  .told = json_is_true(json_object_get(forgot, "told"))};
    for (uint8_t i = 0; i < draft->open_count; i++) {
        if (draft->open[i].vat == v) {
            drop_row(draft->open, &draft->open_count, i);
            break;
        }
    }
    draft->open[draft->open_count++] =
        (struct draft_row){.vat = v, .epoch = next, .has_since = true, .since = keep};
}

void draft_apply(struct draft *draft, const json_t *answer)
{
    mn_epoch next = fresh_epoch(draft);
    apply_losses(draft);
    for (uint8_t i = 0; i < draft->checkpoint_count; i++) {
        settle_row(draft, answer, &draft->checkpoints[i], false);
    }
    for (uint8_t i = 0; i < draft->open_count; i++) {
        settle_row(draft, answer, &draft->open[i], true);
    }
    for (uint8_t v = 0; v < draft->vat_count; v++) {
        const json_t *keep = json_object_get(answer_of(answer, &draft->vats[v]), "keep");
        if (!json_is_null(keep)) {
            apply_restore(draft, answer, v, next);
        }
    }
}
