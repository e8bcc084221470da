/* Stories of a ledger: whatever may happen to the vats that it knows, in any order. */
#include "ledger_story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/decision.h"

static void fine(mn_result result)
{
    assert_int_equal(result, MN_OK);
}

/* Apply what was decided: vats go on, told ones have handled it; what was lost is so no more. */
static void apply(struct ledger *ledger, const struct decision *decision, mn_epoch next)
{
    for (size_t i = 0; i < decision->vat_count; i++) {
        const struct decision_vat *vat = &decision->vats[i];
        if (vat->outcome != MN_RUNNING) {
            struct evidence_lineage fork = {
                .after = vat->keep, .next = next, .seen = vat->forgot, .told = vat->forgot_told};
            fine(ledger_fork(ledger, vat->vat, &fork));
            struct evidence_open open = {
                .vat = vat->vat, .epoch = next, .has_since = true, .since = vat->keep};
            fine(ledger_open(ledger, &open));
        }
        for (size_t j = 0; j < vat->told_count; j++) {
            fine(ledger_settle(ledger, vat->vat, vat->told[j].peer, vat->told[j].kept,
                               MN_EPOCH_MAX));
        }
    }
}

void ledger_story_happen(struct ledger *ledger, struct mn_random *random, mn_epoch *now)
{
    uint32_t vats = ledger_vat_count(ledger);
    uint32_t vat = (uint32_t)mn_random_below(random, vats);
    struct evidence_heard heard[] = {
        {(uint32_t)mn_random_below(random, vats), *now - (mn_epoch)mn_random_below(random, 4)},
        {(uint32_t)mn_random_below(random, vats), *now - (mn_epoch)mn_random_below(random, 9)}};
    uint32_t at[] = {(uint32_t)mn_random_below(random, 2)};
    struct evidence_form form = {.kind = EVIDENCE_FULL, .need = 1, .at_count = 1, .at = at};
    struct evidence_checkpoint row = {.vat = vat,
                                      .epoch = *now,
                                      .durable = true,
                                      .heard = heard,
                                      .heard_count = 2,
                                      .forms = &form,
                                      .form_count = 1};
    struct ledger_loss loss = {.kind = LEDGER_LOSS_VAT, .index = vat};
    struct decision *decision = NULL;
    struct ledger_freed freed = {0};
    mn_result result = MN_OK;
    struct ledger_loss row_loss = {.kind = at[0] == 0 ? LEDGER_LOSS_CHECKPOINT : LEDGER_LOSS_COPY,
                                   .index = vat,
                                   .epoch = *now - 1,
                                   .store = (uint32_t)(*now % 2)};
    switch (mn_random_below(random, 12)) {
    case 10:
        result = ledger_lose(ledger, &row_loss);
        assert_true(result == MN_OK || result == MN_NOT_FOUND);
        break;
    case 11:
        result = ledger_drop_copies(ledger, vat, *now - 1, at[0]);
        assert_true(result == MN_OK || result == MN_NOT_FOUND);
        break;
    case 0:
        fine(ledger_lose(ledger, &loss));
        break;
    case 1:
        fine(ledger_unlose(ledger, &loss));
        break;
    case 2:
        fine(ledger_set_floor(ledger, vat, *now - 12, &freed));
        break;
    case 3:
        fine(ledger_decide(ledger, &decision));
        *now += 1;
        apply(ledger, decision, *now);
        decision_destroy(&decision);
        break;
    case 5:
        fine(ledger_drop_store(ledger, at[0]));
        break;
    case 6:
        fine(ledger_set_vat_unknown(ledger, vat, mn_random_below(random, 2) == 0));
        break;
    default:
        fine(ledger_checkpoint(ledger, &row));
        *now += mn_random_below(random, 3) == 0 ? 1 : 0;
        break;
    }
}

struct ledger *ledger_story_begin(uint32_t vats)
{
    struct ledger *ledger = NULL;
    struct evidence_host host = {.name = "h", .in = EVIDENCE_NONE};
    uint32_t index = 0;
    fine(ledger_new(&ledger));
    fine(ledger_add_host(ledger, &host, &index));
    for (uint32_t i = 0; i < 2; i++) {
        struct evidence_store store = {i == 0 ? "s0" : "s1", EVIDENCE_IN_NOTHING, EVIDENCE_NONE};
        fine(ledger_add_store(ledger, &store, &index));
    }
    for (uint32_t i = 0; i < vats; i++) {
        char name[] = {'v', (char)('0' + i), '\0'};
        struct evidence_vat vat = {.name = name,
                                   .host = EVIDENCE_NONE,
                                   .limit = i % 2,
                                   .sends = i % 3 == 0 ? EVIDENCE_EARLY : EVIDENCE_HELD};
        fine(ledger_add_vat(ledger, &vat, &index));
    }
    return ledger;
}
