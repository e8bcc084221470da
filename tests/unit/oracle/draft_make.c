/* Making random documents. They are valid by construction; nothing else is taken care of, so that
 * contradictions which no healthy system produces occur too. */
#include "oracle/draft.h"

#include <stdio.h>

static bool one_in(struct mn_random *random, uint64_t number)
{
    return mn_random_below(random, number) == 0;
}

static mn_epoch epoch_from(struct mn_random *random, mn_epoch least, mn_epoch most)
{
    return least + (mn_epoch)mn_random_below(random, (uint64_t)(most - least + 1));
}

static uint8_t below(struct mn_random *random, uint64_t bound)
{
    return (uint8_t)mn_random_below(random, bound);
}

static void make_places(struct draft *draft, struct mn_random *random)
{
    draft->domain_count = below(random, DRAFT_PLACE_COUNT_MAX);
    for (uint8_t i = 0; i < draft->domain_count; i++) {
        bool root = i == 0 || one_in(random, 2);
        draft->domains[i] = (struct draft_place){.in = root ? DRAFT_NONE : below(random, i),
                                                 .lost = one_in(random, 8)};
    }
    draft->host_count = (uint8_t)(1 + below(random, DRAFT_PLACE_COUNT_MAX));
    for (uint8_t i = 0; i < draft->host_count; i++) {
        bool outside = draft->domain_count == 0 || one_in(random, 3);
        draft->hosts[i] =
            (struct draft_place){.in = outside ? DRAFT_NONE : below(random, draft->domain_count),
                                 .lost = one_in(random, 5)};
    }
    draft->store_count = (uint8_t)(1 + below(random, DRAFT_PLACE_COUNT_MAX));
    for (uint8_t i = 0; i < draft->store_count; i++) {
        struct draft_place *store = &draft->stores[i];
        *store = (struct draft_place){
            .in = DRAFT_NONE, .lost = one_in(random, 8), .unknown = one_in(random, 12)};
        if (one_in(random, 2)) {
            store->in = below(random, draft->host_count);
        } else if (draft->domain_count > 0 && one_in(random, 3)) {
            store->in = (uint8_t)(128 + below(random, draft->domain_count));
        }
    }
}

static void make_vat(struct draft *draft, struct mn_random *random, uint8_t index)
{
    static const mn_epoch limits[] = {1, 1, 1, 1, 0, 0, 2, 5};
    struct draft_vat *vat = &draft->vats[index];
    *vat = (struct draft_vat){
        .host = one_in(random, 6) ? DRAFT_NONE : below(random, draft->host_count),
        .limit = limits[mn_random_below(random, sizeof limits / sizeof *limits)],
        .be_told = one_in(random, 8),
        .early = one_in(random, 3),
        .lost = one_in(random, 8),
        .unknown = one_in(random, 12),
        .tell = one_in(random, 12)};
    (void)snprintf(vat->name, sizeof vat->name, "v%u", (unsigned)index);
    if (one_in(random, 5)) {
        vat->has_floor = true;
        vat->floor = epoch_from(random, 0, 3);
    }
    mn_epoch next = 0;
    while (vat->lineage_count < 3 && one_in(random, 4)) {
        struct evidence_lineage *entry = &vat->lineage[vat->lineage_count++];
        next = epoch_from(random, next + 1, next + 5);
        *entry = (struct evidence_lineage){.after = epoch_from(random, 0, next - 1),
                                           .next = next,
                                           .seen = !one_in(random, 4),
                                           .told = one_in(random, 3)};
    }
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

static void make_heard(const struct draft *draft, struct mn_random *random, struct draft_row *row,
                       uint64_t density)
{
    while (row->heard_count < DRAFT_HEARD_COUNT_MAX && !one_in(random, density)) {
        row->heard[row->heard_count++] = (struct draft_heard){
            .vat = below(random, draft->vat_count), .epoch = epoch_from(random, 1, 9)};
    }
}

static void make_form(const struct draft *draft, struct mn_random *random, struct draft_form *form,
                      mn_epoch epoch, mn_epoch before)
{
    form->at = (uint8_t)(1 + mn_random_below(random, (UINT64_C(1) << draft->store_count) - 1));
    form->need = 1;
    uint8_t count = (uint8_t)__builtin_popcount(form->at);
    if (count > 1 && one_in(random, 3)) {
        form->need = (uint8_t)(1 + below(random, count));
    }
    if (epoch > 1 && one_in(random, 2)) {
        form->diff = true;
        form->onto = before > 0 && !one_in(random, 5) ? before : epoch_from(random, 1, epoch - 1);
    }
}

static void make_checkpoints(struct draft *draft, struct mn_random *random, uint8_t index,
                             uint64_t density)
{
    mn_epoch before = 0;
    mn_epoch live = 0;
    for (mn_epoch epoch = epoch_from(random, 1, 3);
         epoch <= 9 && draft->checkpoint_count < DRAFT_CHECKPOINT_COUNT_MAX;
         epoch += epoch_from(random, 1, 3)) {
        if (one_in(random, 6)) {
            break;
        }
        struct draft_row *row = &draft->checkpoints[draft->checkpoint_count++];
        *row = (struct draft_row){.vat = index,
                                  .epoch = epoch,
                                  .not_durable = one_in(random, 6),
                                  .lost = one_in(random, 16)};
        if (one_in(random, 3)) {
            row->has_since = true;
            row->since = live > 0 && one_in(random, 2) ? live : epoch_from(random, 0, epoch - 1);
        }
        make_heard(draft, random, row, density);
        row->form_count = one_in(random, 12) ? 0 : one_in(random, 4) ? 2 : 1;
        uint8_t all = 0;
        for (uint8_t i = 0; i < row->form_count; i++) {
            make_form(draft, random, &row->forms[i], epoch, before);
            all |= row->forms[i].at;
        }
        row->lost_copies = one_in(random, 8) ? (uint8_t)(all & below(random, 16)) : 0;
        before = epoch;
        live = dead(&draft->vats[index], epoch) ? live : epoch;
    }
    if (one_in(random, 2)) {
        struct draft_row *row = &draft->open[draft->open_count++];
        *row = (struct draft_row){.vat = index, .epoch = epoch_from(random, live + 1, live + 4)};
        if (one_in(random, 3)) {
            row->has_since = true;
            row->since =
                live > 0 && one_in(random, 2) ? live : epoch_from(random, 0, row->epoch - 1);
        }
        make_heard(draft, random, row, density);
    }
}

void draft_make(struct draft *draft, struct mn_random *random)
{
    *draft = (struct draft){.roll_back = one_in(random, 4)};
    make_places(draft, random);
    draft->vat_count = (uint8_t)(1 + below(random, DRAFT_VAT_COUNT_MAX));
    for (uint8_t v = 0; v < draft->vat_count; v++) {
        make_vat(draft, random, v);
    }
    uint64_t density = 2 + mn_random_below(random, 3);
    for (uint8_t v = 0; v < draft->vat_count; v++) {
        make_checkpoints(draft, random, v, density);
    }
}
