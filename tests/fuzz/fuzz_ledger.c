/* A ledger takes any calls in any order. The bytes are read as calls; after each the ledger's
 * invariant holds and a refused call has changed nothing, and a decision is the one that its own
 * document gives, that what it was told gives (ledger_model.h), that the oracle gives, and that the
 * checker takes.
 *
 * With MNEME_FUZZ_SHOW in the environment each call is printed before it is made. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "core/ledger.h"
#include "ledger_compare.h"
#include "ledger_play.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { CALL_COUNT_MAX = 60, HEARD_COUNT_MAX = 4, FORM_COUNT_MAX = 2 };

static size_t take_heard(struct play *play, struct evidence_heard *heard)
{
    size_t count = play_take(play, HEARD_COUNT_MAX + 1);
    for (size_t i = 0; i < count; i++) {
        heard[i].vat = play_take(play, MODEL_VAT_COUNT);
        heard[i].epoch = play_take_epoch(play);
    }
    return count;
}

static bool heard_right(const struct play *play, const struct evidence_heard *heard, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (heard[i].vat >= play->model.vat_count || heard[i].epoch == 0) {
            return false;
        }
    }
    return true;
}

static size_t take_forms(struct play *play, struct evidence_form *forms,
                         uint32_t at[][MODEL_PLACE_COUNT], mn_epoch epoch, bool *right)
{
    size_t count = play_take(play, FORM_COUNT_MAX + 1);
    for (size_t i = 0; i < count; i++) {
        uint32_t shape = play_take(play, 32);
        forms[i] = (struct evidence_form){.kind = shape & 1, .need = 1 + (shape >> 1 & 1)};
        forms[i].at = at[i];
        forms[i].onto = forms[i].kind == EVIDENCE_DIFF ? play_take_epoch(play) : 0;
        for (uint32_t s = 0; s < MODEL_PLACE_COUNT; s++) {
            if ((shape >> (2 + s) & 1) != 0) {
                at[i][forms[i].at_count++] = s;
                *right = *right && s < play->store_count;
            }
        }
        *right = *right && forms[i].need <= forms[i].at_count;
        *right = *right &&
                 (forms[i].kind == EVIDENCE_FULL || (forms[i].onto > 0 && forms[i].onto < epoch));
    }
    return count;
}

static mn_result call_checkpoint(struct play *play)
{
    struct evidence_heard heard[HEARD_COUNT_MAX];
    struct evidence_form forms[FORM_COUNT_MAX];
    uint32_t at[FORM_COUNT_MAX][MODEL_PLACE_COUNT];
    uint32_t flags = play_take(play, 256);
    struct evidence_checkpoint row = {.vat = flags & 3,
                                      .has_since = (flags & 4) != 0,
                                      .durable = (flags & 8) != 0,
                                      .epoch = play_take_epoch(play),
                                      .heard = heard,
                                      .forms = forms};
    row.since = row.has_since ? play_take_epoch(play) : 0;
    row.heard_count = take_heard(play, heard);
    bool right = row.vat < play->model.vat_count && row.epoch > 0 &&
                 (!row.has_since || row.since < row.epoch) &&
                 heard_right(play, heard, row.heard_count);
    row.form_count = take_forms(play, forms, at, row.epoch, &right);
    play_show(play, "checkpoint v%u:%d since %d durable %d", row.vat, (int)row.epoch,
              row.has_since ? (int)row.since : -1, row.durable);
    for (size_t i = 0; i < row.form_count; i++) {
        play_show(play, " form onto %d need %u of", (int)forms[i].onto, forms[i].need);
        for (size_t k = 0; k < forms[i].at_count; k++) {
            play_show(play, " s%u", at[i][k]);
        }
    }
    play_show_heard(play, heard, row.heard_count);
    mn_result result = ledger_checkpoint(play->ledger, &row);
    mn_assert(result == (right ? MN_OK : MN_BAD_INPUT));
    if (right) {
        model_checkpoint(&play->model, &row);
    }
    return result;
}

static mn_result call_open(struct play *play)
{
    struct evidence_heard heard[HEARD_COUNT_MAX];
    uint32_t flags = play_take(play, 256);
    struct evidence_open open = {.vat = flags & 3,
                                 .has_since = (flags & 4) != 0,
                                 .epoch = play_take_epoch(play),
                                 .heard = heard};
    open.since = open.has_since ? play_take_epoch(play) : 0;
    open.heard_count = take_heard(play, heard);
    bool right = open.vat < play->model.vat_count && open.epoch > 0 &&
                 (!open.has_since || open.since < open.epoch) &&
                 heard_right(play, heard, open.heard_count);
    play_show(play, "open v%u:%d since %d", open.vat, (int)open.epoch,
              open.has_since ? (int)open.since : -1);
    play_show_heard(play, heard, open.heard_count);
    mn_result result = ledger_open(play->ledger, &open);
    mn_assert(result == (right ? MN_OK : MN_BAD_INPUT));
    if (right) {
        model_open(&play->model, &open);
    }
    return result;
}

static mn_result call_loss(struct play *play)
{
    uint32_t choice = play_take(play, 32);
    bool lost = choice < 16;
    struct ledger_loss loss = {.kind = choice % (LEDGER_LOSS_COPY + 1),
                               .index = play_take(play, MODEL_VAT_COUNT)};
    struct model *model = &play->model;
    bool *flag = NULL;
    switch (loss.kind) {
    case LEDGER_LOSS_DOMAIN:
        flag = loss.index < play->domain_count ? &model->lost_domains[loss.index] : NULL;
        break;
    case LEDGER_LOSS_HOST:
        flag = loss.index < play->host_count ? &model->lost_hosts[loss.index] : NULL;
        break;
    case LEDGER_LOSS_STORE:
        flag = loss.index < play->store_count ? &model->lost_stores[loss.index] : NULL;
        break;
    case LEDGER_LOSS_VAT:
        flag = loss.index < model->vat_count ? &model->vats[loss.index].lost : NULL;
        break;
    case LEDGER_LOSS_CHECKPOINT:
    case LEDGER_LOSS_COPY:
        loss.epoch = play_take_epoch(play);
        loss.store = loss.kind == LEDGER_LOSS_COPY ? play_take(play, MODEL_PLACE_COUNT) : 0;
        play_show(play, "%s v%u:%d at s%u (kind %d)\n", lost ? "lose" : "unlose", loss.index,
                  (int)loss.epoch, loss.store, (int)loss.kind);
        return lost ? ledger_lose(play->ledger, &loss) : ledger_unlose(play->ledger, &loss);
    }
    play_show(play, "%s %u (kind %d)\n", lost ? "lose" : "unlose", loss.index, (int)loss.kind);
    mn_result result = lost ? ledger_lose(play->ledger, &loss) : ledger_unlose(play->ledger, &loss);
    mn_assert(result == (flag != NULL ? MN_OK : MN_BAD_INPUT));
    if (flag != NULL) {
        *flag = lost;
    }
    return result;
}

static mn_result call_unknown(struct play *play)
{
    uint32_t choice = play_take(play, 16);
    uint32_t index = choice & 3;
    bool unknown = (choice & 4) != 0;
    bool store = (choice & 8) != 0;
    bool right = index < (store ? play->store_count : play->model.vat_count);
    play_show(play, "unknown %c%u %d\n", store ? 's' : 'v', index, unknown);
    mn_result result = store ? ledger_set_store_unknown(play->ledger, index, unknown)
                             : ledger_set_vat_unknown(play->ledger, index, unknown);
    mn_assert(result == (right ? MN_OK : MN_BAD_INPUT));
    if (right && store) {
        play->model.unknown_stores[index] = unknown;
    } else if (right) {
        play->model.vats[index].unknown = unknown;
    }
    return result;
}

static mn_result call_policy(struct play *play)
{
    uint32_t choice = play_take(play, 16);
    uint32_t index = choice & 3;
    bool on = (choice & 4) != 0;
    play_show(play, "policy %u: %s\n", choice, choice >= 8 ? "total_loss" : "tell");
    if (choice >= 8) {
        play->model.total_loss = on ? EVIDENCE_TOTAL_LOSS_ROLL_BACK : EVIDENCE_TOTAL_LOSS_TELL;
        return ledger_set_total_loss(play->ledger, play->model.total_loss);
    }
    mn_result result = ledger_set_tell(play->ledger, index, on);
    mn_assert(result == (index < play->model.vat_count ? MN_OK : MN_BAD_INPUT));
    if (result == MN_OK) {
        play->model.vats[index].tell = on;
    }
    return result;
}

static struct evidence_lineage take_fork(struct play *play)
{
    uint32_t flags = play_take(play, 4);
    return (struct evidence_lineage){.after = play_take_epoch(play),
                                     .next = play_take_epoch(play),
                                     .seen = (flags & 1) != 0,
                                     .told = (flags & 2) != 0};
}

static mn_result call_fork(struct play *play)
{
    uint32_t index = play_take(play, MODEL_VAT_COUNT);
    struct evidence_lineage forks[MODEL_FORK_COUNT];
    struct model_vat *vat = &play->model.vats[index];
    if (index < play->model.vat_count && vat->fork_count == MODEL_FORK_COUNT) {
        return MN_OK;
    }
    size_t count = index < play->model.vat_count ? vat->fork_count : 0;
    memcpy(forks, vat->forks, count * sizeof *forks);
    forks[count] = take_fork(play);
    bool right = index < play->model.vat_count && model_lineage_right(forks, count + 1);
    play_show(play, "fork v%u after %d next %d seen %d told %d\n", index, (int)forks[count].after,
              (int)forks[count].next, forks[count].seen, forks[count].told);
    mn_result result = ledger_fork(play->ledger, index, &forks[count]);
    mn_assert(result == (right ? MN_OK : MN_BAD_INPUT));
    if (right) {
        memcpy(vat->forks, forks, sizeof forks);
        vat->fork_count = count + 1;
        vat->open_epoch = 0;
    }
    return result;
}

static mn_result call_lineage(struct play *play)
{
    uint32_t index = play_take(play, MODEL_VAT_COUNT);
    struct evidence_lineage forks[MODEL_FORK_COUNT] = {{0}};
    size_t count = play_take(play, 4);
    for (size_t i = 0; i < count; i++) {
        forks[i] = take_fork(play);
    }
    bool right = index < play->model.vat_count && model_lineage_right(forks, count);
    play_show(play, "lineage v%u:", index);
    for (size_t i = 0; i < count; i++) {
        play_show(play, " after %d next %d seen %d told %d;", (int)forks[i].after,
                  (int)forks[i].next, forks[i].seen, forks[i].told);
    }
    play_show(play, "\n");
    mn_result result = ledger_set_lineage(play->ledger, index, forks, count);
    mn_assert(result == (right ? MN_OK : MN_BAD_INPUT));
    if (right) {
        struct model_vat *vat = &play->model.vats[index];
        memcpy(vat->forks, forks, sizeof forks);
        vat->fork_count = count;
        if (vat->open_epoch <= model_newest_live(vat)) {
            vat->open_epoch = 0;
        }
    }
    return result;
}

static mn_result call_settle(struct play *play)
{
    uint32_t choice = play_take(play, 32);
    uint32_t vat = choice & 3;
    uint32_t peer = choice >> 2 & 3;
    mn_epoch after = play_take_epoch(play);
    mn_epoch through = choice >= 16 ? MN_EPOCH_MAX : play_take_epoch(play);
    play_show(play, "settle v%u of v%u after %d through %d\n", vat, peer, (int)after,
              through == MN_EPOCH_MAX ? -1 : (int)through);
    mn_result result = ledger_settle(play->ledger, vat, peer, after, through);
    if (vat >= play->model.vat_count || peer >= play->model.vat_count) {
        mn_assert(result == MN_BAD_INPUT);
    } else if (result == MN_OK) {
        model_settle(&play->model, vat, peer, after, through);
    }
    return result;
}

static mn_result call_floor(struct play *play)
{
    uint32_t index = play_take(play, MODEL_VAT_COUNT);
    mn_epoch floor = play_take_epoch(play);
    struct ledger_freed freed = {0};
    play_show(play, "floor v%u %d\n", index, (int)floor);
    mn_result result = ledger_set_floor(play->ledger, index, floor, &freed);
    mn_assert(result == (index < play->model.vat_count ? MN_OK : MN_BAD_INPUT));
    if (result == MN_OK) {
        play->model.vats[index].asked_floor = floor;
        play->model.vats[index].floor_asked = true;
    }
    return result;
}

static mn_result call_drop(struct play *play)
{
    uint32_t choice = play_take(play, 64);
    uint32_t vat = choice & 3;
    uint32_t store = choice >> 2 & 3;
    mn_epoch epoch = play_take_epoch(play);
    bool known = vat < play->model.vat_count && play->model.vats[vat].rows[epoch].there;
    play_show(play, "drop %s v%u:%d s%u\n", choice < 16 ? "store" : "copies", vat, (int)epoch,
              store);
    if (choice < 16) {
        return ledger_drop_store(play->ledger, store);
    }
    mn_result result = ledger_drop_copies(play->ledger, vat, epoch, store);
    mn_assert(known || result != MN_OK);
    return result;
}

static mn_result call_vat(struct play *play)
{
    uint32_t choice = play_take(play, 64);
    uint32_t index = choice & 3;
    play_show(play, "%s v%u\n", choice < 16 ? "forget_open" : "move", index);
    if (choice < 16) {
        ledger_forget_open(play->ledger, index % (uint32_t)play->model.vat_count);
        play->model.vats[index % play->model.vat_count].open_epoch = 0;
        return MN_OK;
    }
    uint32_t host = play_take(play, MODEL_PLACE_COUNT + 1);
    host = host == MODEL_PLACE_COUNT ? EVIDENCE_NONE : host;
    mn_result result = ledger_move_vat(play->ledger, index, host);
    bool right =
        index < play->model.vat_count && (host == EVIDENCE_NONE || host < play->host_count);
    mn_assert(result == (right ? MN_OK : MN_BAD_INPUT));
    if (right) {
        play->model.vats[index].host = host;
    }
    return result;
}

static mn_result call_any(struct play *play)
{
    switch (play_take(play, 16)) {
    case 0:
    case 1:
    case 2:
    case 3:
        return call_checkpoint(play);
    case 4:
    case 5:
        return call_open(play);
    case 6:
    case 7:
        return call_loss(play);
    case 8:
        return call_unknown(play);
    case 9:
        return call_policy(play);
    case 10:
        return call_fork(play);
    case 11:
        return call_lineage(play);
    case 12:
        return call_settle(play);
    case 13:
        return call_floor(play);
    case 14:
        return call_drop(play);
    default:
        return call_vat(play);
    }
}

/* That a refused call has changed nothing. */
static void compare_unchanged(const struct evidence *before, const struct evidence *after)
{
    struct mn_text old = compare_text(before);
    struct mn_text now = compare_text(after);
    mn_assert(strcmp(old.bytes, now.bytes) == 0);
    mn_text_deinit(&old);
    mn_text_deinit(&now);
}

static void step(struct play *play)
{
    mn_result result = call_any(play);
    ledger_invariant(play->ledger);
    struct evidence *after = compare_document(play->ledger);
    if (result != MN_OK) {
        compare_unchanged(play->held, after);
    }
    model_adopt(&play->model, after);
    evidence_destroy(&play->held);
    play->held = after;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct play play = {.bytes = bytes, .size = size, .show = getenv("MNEME_FUZZ_SHOW") != NULL};
    mn_assert(ledger_new(&play.ledger) == MN_OK);
    play_make_world(&play);
    play.held = compare_document(play.ledger);
    for (int i = 0; i < CALL_COUNT_MAX && play.size > 0; i++) {
        step(&play);
        if (play.size > 0 && play_take(&play, 8) == 0) {
            compare_decision(play.ledger, &play.model);
        }
    }
    compare_decision(play.ledger, &play.model);
    evidence_destroy(&play.held);
    ledger_destroy(&play.ledger);
    return 0;
}
