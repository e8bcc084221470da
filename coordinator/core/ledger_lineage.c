/* Rule 1, as it changes: vats that go on from older checkpoints. */
#include <stdlib.h>
#include <string.h>

#include "ledger_private.h"

uint32_t ledger_vat_incarnation(const struct ledger *ledger, uint32_t vat)
{
    uint32_t incarnation = 1;
    if ((ledger->places[vat].flags & VAT_HAS_LINEAGE) == 0) {
        return incarnation;
    }
    const struct vat *row = &ledger->vats[vat];
    for (uint32_t i = 0; i < row->lineage_count; i++) {
        incarnation += row->lineage[i].seen ? 1 : 0;
    }
    return incarnation;
}

bool ledger_epoch_dead(const struct ledger *ledger, uint32_t vat, mn_epoch epoch)
{
    return ledger_death(ledger, vat, epoch) != NULL;
}

bool ledger_epoch_weighed(const struct ledger *ledger, uint32_t vat, mn_epoch epoch)
{
    const struct evidence_lineage *death = ledger_death(ledger, vat, epoch);
    return death != NULL && !death->learnt;
}

const struct evidence_lineage *ledger_vat_lineage(const struct ledger *ledger, uint32_t vat,
                                                  size_t *count)
{
    *count = ledger->vats[vat].lineage_count;
    return ledger->vats[vat].lineage;
}

/* Judge all intervals of @vat above @after and below @next anew, and its open one. */
static void judge_between(struct ledger *ledger, uint32_t vat, mn_epoch after, mn_epoch next)
{
    const struct vat_place *place = &ledger->places[vat];
    uint32_t first = ledger_position(ledger, vat, after + 1);
    for (uint32_t i = first; i < place->slot_count && slot_epoch(&place->slots[i]) < next; i++) {
        ledger_judge(ledger, place->slots[i].interval);
    }
    if (ledger->vats[vat].open != LEDGER_NONE) {
        ledger_judge(ledger, ledger->vats[vat].open);
    }
    ledger_cover(ledger, vat, first);
}

mn_result ledger_set_lineage(struct ledger *ledger, uint32_t vat,
                             const struct evidence_lineage *lineage, size_t count)
{
    if (vat >= ledger->vat_count || !ledger_lineage_valid(lineage, count)) {
        return MN_BAD_INPUT;
    }
    struct evidence_lineage *copy = NULL;
    if (count > 0) {
        copy = malloc(count * sizeof *copy);
        if (copy == NULL) {
            return MN_NO_MEMORY;
        }
        memcpy(copy, lineage, count * sizeof *copy);
    }
    struct vat *row = &ledger->vats[vat];
    ledger_renew(ledger, vat);
    ledger->lineage_bytes += (count - row->lineage_count) * sizeof *copy;
    free(row->lineage);
    row->lineage = copy;
    row->lineage_count = (uint32_t)count;
    ledger->places[vat].flags &= ~(uint32_t)VAT_HAS_LINEAGE;
    ledger->places[vat].flags |= count > 0 ? VAT_HAS_LINEAGE : 0;
    judge_between(ledger, vat, 0, INT64_MAX);
    if (row->open != LEDGER_NONE &&
        !ledger_above_live_rows(ledger, vat, ledger->intervals[row->open].epoch)) {
        ledger_forget_open(ledger, vat);
    }
    return MN_OK;
}

mn_result ledger_fork(struct ledger *ledger, uint32_t vat, const struct evidence_lineage *fork)
{
    if (vat >= ledger->vat_count || !ledger_lineage_valid(fork, 1)) {
        return MN_BAD_INPUT;
    }
    struct vat *row = &ledger->vats[vat];
    if (row->lineage_count > 0 && fork->next <= row->lineage[row->lineage_count - 1].next) {
        return MN_BAD_INPUT;
    }
    struct evidence_lineage *grown =
        realloc(row->lineage, ((size_t)row->lineage_count + 1) * sizeof *grown);
    if (grown == NULL) {
        return MN_NO_MEMORY;
    }
    ledger_renew(ledger, vat);
    grown[row->lineage_count] = *fork;
    row->lineage = grown;
    row->lineage_count++;
    ledger->lineage_bytes += sizeof *grown;
    ledger->places[vat].flags |= VAT_HAS_LINEAGE;
    ledger_close(ledger, vat);
    judge_between(ledger, vat, fork->after, fork->next);
    return MN_OK;
}
