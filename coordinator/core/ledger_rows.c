/* Taking reports in: checkpoints and open intervals. What may fail is done first, so that a failure
 * leaves nothing behind. */
#include "base/check.h"
#include "ledger_private.h"

static bool row_valid(const struct ledger *ledger, uint32_t vat, mn_epoch epoch, bool has_since,
                      mn_epoch since)
{
    return vat < ledger->vat_count && epoch >= 1 && epoch <= MN_EPOCH_MAX &&
           (!has_since || (since >= 0 && since < epoch));
}

/* Whether a listed checkpoint has a form that applies onto @epoch. */
static bool stands_on(const struct ledger *ledger, const struct interval *row, mn_epoch epoch)
{
    for (uint32_t at = row->forms; at != 0; at = ledger_form(ledger, at)[FORM_NEXT]) {
        if (form_onto(ledger_form(ledger, at)) == epoch) {
            return true;
        }
    }
    return false;
}

bool ledger_chain_stands_on(const struct ledger *ledger, uint32_t vat, mn_epoch epoch)
{
    const struct vat_place *place = &ledger->places[vat];
    for (uint32_t i = ledger_position(ledger, vat, epoch); i < place->slot_count; i++) {
        const struct interval *row = &ledger->intervals[place->slots[i].interval];
        if (interval_live_row(row) && stands_on(ledger, row, epoch)) {
            return true;
        }
    }
    return false;
}

/* Make room for a row, whose heard entries are in scratch then, and find its interval. */
static mn_result prepare_row(struct ledger *ledger, const struct evidence_checkpoint *row,
                             size_t heard_count, uint32_t *interval, size_t *count)
{
    mn_result result = ledger_resolve(ledger, row->vat, row->heard, heard_count, count);
    if (result != MN_OK) {
        return result;
    }
    result = ledger_obtain(ledger, row->vat, row->epoch, interval);
    if (result != MN_OK) {
        ledger_unresolve(ledger, *count);
        return result;
    }
    size_t words = ledger_heard_words(ledger, *interval, *count) +
                   ledger_forms_words(ledger, *interval, row->forms, row->form_count);
    result = ledger_words_reserve(&ledger->words, words);
    if (result != MN_OK) {
        ledger_release(ledger, *interval);
        ledger_unresolve(ledger, *count);
    }
    return result;
}

void ledger_close(struct ledger *ledger, uint32_t vat)
{
    uint32_t open = ledger->vats[vat].open;
    if (open != LEDGER_NONE) {
        (void)ledger_unhear(ledger, open, NULL, NULL);
        ledger_release_open(ledger, open);
        ledger->vats[vat].open = LEDGER_NONE;
        ledger->places[vat].flags &= ~(uint32_t)VAT_HAS_OPEN;
    }
}

/* An open interval that is not above a live row is over. */
static void close_up_to(struct ledger *ledger, const struct evidence_checkpoint *row)
{
    if ((ledger->places[row->vat].flags & VAT_HAS_OPEN) != 0 &&
        ledger->intervals[ledger->vats[row->vat].open].epoch <= row->epoch &&
        ledger_death(ledger, row->vat, row->epoch) == NULL) {
        ledger_close(ledger, row->vat);
    }
}

/* Whether the rows from @from down say all that was heard after @to: so far they go on, one since
 * after the other, or to the vat's floor, up to which there is nothing to say. */
static bool said_below(const struct ledger *ledger, uint32_t vat, mn_epoch from, mn_epoch to)
{
    bool has_floor = (ledger->places[vat].flags & VAT_HAS_FLOOR) != 0;
    while (from > to && !(has_floor && from <= ledger->vats[vat].floor)) {
        uint32_t at = ledger_find_listed(ledger, vat, from);
        if (at == LEDGER_NONE || !interval_live_row(&ledger->intervals[at]) ||
            ledger->intervals[at].since == LEDGER_NO_SINCE) {
            return false;
        }
        from = ledger->intervals[at].since;
    }
    return from >= to;
}

/* Enter since when the row says what was heard, and what. Whoever does not have the checkpoint
 * before says with this one what was heard in both. Where the rows between are at hand that adds
 * nothing, and would bind this one still when the floor has settled it in the earlier one. */
static void enter_heard(struct ledger *ledger, const struct evidence_checkpoint *row,
                        uint32_t interval, size_t count)
{
    struct interval *known = &ledger->intervals[interval];
    bool both = row->has_since && known->since != LEDGER_NO_SINCE;
    if (both && row->since < known->since &&
        said_below(ledger, row->vat, known->since, row->since)) {
        ledger_unresolve(ledger, count);
        return;
    }
    if (both && row->since > known->since &&
        said_below(ledger, row->vat, row->since, known->since)) {
        known->since = row->since;
        ledger_hear_instead(ledger, interval, count);
        return;
    }
    if (row->has_since && (known->since == LEDGER_NO_SINCE || row->since < known->since)) {
        known->since = row->since;
    }
    ledger_hear(ledger, interval, count);
}

/* Enter what the row says, now that there is room for all of it. */
static void enter_row(struct ledger *ledger, const struct evidence_checkpoint *row,
                      uint32_t interval, size_t count)
{
    struct interval *known = &ledger->intervals[interval];
    bool fresh = (known->flags & INTERVAL_LISTED) == 0;
    if (!fresh) {
        ledger_purge_forms(ledger, interval);
    }
    known->flags |= INTERVAL_LISTED | (row->durable ? INTERVAL_DURABLE : 0);
    if (row->written != 0 && (row->written_here || interval_written(known) == 0)) {
        interval_set_written(known, row->written);
    }
    ledger->checkpoint_count += fresh ? 1 : 0;
    ledger_note_row(ledger, interval);
    enter_heard(ledger, row, interval, count);
    ledger_add_forms(ledger, interval, row->forms, row->form_count, fresh);
    close_up_to(ledger, row);
    ledger_cover(ledger, row->vat, ledger_position(ledger, row->vat, row->epoch));
}

mn_result ledger_take_checkpoint(struct ledger *ledger, const struct evidence_checkpoint *row,
                                 bool whole)
{
    if (!row_valid(ledger, row->vat, row->epoch, row->has_since, row->since)) {
        return MN_BAD_INPUT;
    }
    mn_result result = ledger_check_forms(ledger, row->epoch, row->forms, row->form_count);
    if (result != MN_OK) {
        return result;
    }
    if (ledger->checkpoint_count >= EVIDENCE_ROW_COUNT_MAX) {
        return MN_FULL;
    }
    ledger_renew(ledger, row->vat);
    size_t heard_count = row->heard_count;
    bool has_floor = (ledger->places[row->vat].flags & VAT_HAS_FLOOR) != 0;
    if (!whole && has_floor && row->epoch <= ledger->vats[row->vat].floor) {
        if (!ledger_heard_valid(ledger, row->heard, heard_count)) {
            return MN_BAD_INPUT;
        }
        heard_count = 0;
        /* A copy that is there all the same, on a disk that is older than it was, may be the last
         * that is left. */
        if (row->epoch < ledger->vats[row->vat].floor && row->form_count == 0 &&
            !ledger_chain_stands_on(ledger, row->vat, row->epoch)) {
            close_up_to(ledger, row);
            ledger_cover(ledger, row->vat, ledger->places[row->vat].slot_count);
            return MN_OK;
        }
    }
    uint32_t interval = LEDGER_NONE;
    size_t count = 0;
    result = prepare_row(ledger, row, heard_count, &interval, &count);
    if (result == MN_OK) {
        enter_row(ledger, row, interval, count);
    }
    return result;
}

mn_result ledger_checkpoint(struct ledger *ledger, const struct evidence_checkpoint *row)
{
    return ledger_take_checkpoint(ledger, row, false);
}

bool ledger_above_live_rows(const struct ledger *ledger, uint32_t vat, mn_epoch epoch)
{
    const struct vat_place *place = &ledger->places[vat];
    for (uint32_t i = place->slot_count; i > 0; i--) {
        if (slot_epoch(&place->slots[i - 1]) < epoch) {
            return true;
        }
        if (interval_live_row(&ledger->intervals[place->slots[i - 1].interval])) {
            return false;
        }
    }
    return true;
}

mn_result ledger_open(struct ledger *ledger, const struct evidence_open *open)
{
    if (!row_valid(ledger, open->vat, open->epoch, open->has_since, open->since)) {
        return MN_BAD_INPUT;
    }
    if (!ledger_above_live_rows(ledger, open->vat, open->epoch)) {
        bool valid = ledger_heard_valid(ledger, open->heard, open->heard_count);
        return valid ? MN_OK : MN_BAD_INPUT;
    }
    size_t count = 0;
    mn_result result = ledger_resolve(ledger, open->vat, open->heard, open->heard_count, &count);
    if (result != MN_OK) {
        return result;
    }
    result = ledger_words_reserve(&ledger->words, ledger_heard_words(ledger, LEDGER_NONE, count));
    if (result != MN_OK) {
        ledger_unresolve(ledger, count);
        return result;
    }
    /* What it heard is heard before the old one is forgotten, so that nothing between is. */
    uint32_t made = ledger_obtain_open(ledger, open->vat, open->epoch);
    ledger->intervals[made].since = open->has_since ? open->since : LEDGER_NO_SINCE;
    ledger_hear(ledger, made, count);
    ledger_close(ledger, open->vat);
    ledger->vats[open->vat].open = made;
    ledger->places[open->vat].flags |= VAT_HAS_OPEN;
    ledger_cover(ledger, open->vat, ledger->places[open->vat].slot_count);
    return MN_OK;
}

void ledger_forget_open(struct ledger *ledger, uint32_t vat)
{
    if (vat < ledger->vat_count) {
        ledger_close(ledger, vat);
        ledger_cover(ledger, vat, ledger->places[vat].slot_count);
    }
}

/* How many vats ahead their parts are asked for, each part found through the one before. */
enum { AHEAD_HEARERS = 3, AHEAD_WORDS = 6, AHEAD_INTERVALS = 9, AHEAD_VATS = 12 };

static inline __attribute__((always_inline)) uint32_t open_ahead(const struct ledger *ledger,
                                                                 uint32_t vat, uint32_t ahead)
{
    return vat + ahead < ledger->vat_count ? ledger->vats[vat + ahead].open : LEDGER_NONE;
}

static inline __attribute__((always_inline)) void fetch_to_forget(const struct ledger *ledger,
                                                                  uint32_t vat)
{
    if (vat + AHEAD_VATS < ledger->vat_count) {
        __builtin_prefetch(&ledger->vats[vat + AHEAD_VATS], 1);
        __builtin_prefetch(&ledger->places[vat + AHEAD_VATS], 1);
    }
    uint32_t open = open_ahead(ledger, vat, AHEAD_INTERVALS);
    if (open != LEDGER_NONE && ledger->places[vat + AHEAD_INTERVALS].slot_count > 0) {
        const struct vat_place *place = &ledger->places[vat + AHEAD_INTERVALS];
        __builtin_prefetch(&place->slots[place->slot_count - 1]);
        uint32_t newest = place->newest[place->slot_count > 1 ? 1 : 0].interval;
        __builtin_prefetch(&ledger->intervals[newest].flags);
    }
    if (open != LEDGER_NONE) {
        __builtin_prefetch(&ledger->intervals[open], 1);
        __builtin_prefetch(&ledger->hearers[open], 1);
    }
    open = open_ahead(ledger, vat, AHEAD_WORDS);
    if (open != LEDGER_NONE) {
        __builtin_prefetch(&ledger->words.words[ledger->intervals[open].heard], 1);
    }
    open = open_ahead(ledger, vat, AHEAD_HEARERS);
    for (uint32_t i = 0; open != LEDGER_NONE && i < ledger->intervals[open].heard_count; i++) {
        uint32_t heard = ledger->words.words[ledger->intervals[open].heard + i];
        __builtin_prefetch(&ledger->hearers[heard], 1);
        __builtin_prefetch(&ledger->intervals[heard], 1);
    }
}

void ledger_forget_opens(struct ledger *ledger, uint32_t first, uint32_t count)
{
    mn_assert(first <= ledger->vat_count && count <= ledger->vat_count - first);
    for (uint32_t v = first; v < first + count; v++) {
        fetch_to_forget(ledger, v);
        if (ledger->vats[v].open != LEDGER_NONE) {
            ledger_forget_open(ledger, v);
        }
    }
}

size_t ledger_unlist(struct ledger *ledger, uint32_t interval)
{
    size_t heard_count = ledger_unhear(ledger, interval, NULL, NULL);
    ledger_free_forms(ledger, interval);
    ledger->intervals[interval].flags &=
        ~(uint32_t)(INTERVAL_LISTED | INTERVAL_DURABLE | INTERVAL_COVERED | INTERVAL_LOST);
    interval_set_written(&ledger->intervals[interval], 0);
    ledger->intervals[interval].since = LEDGER_NO_SINCE;
    ledger->checkpoint_count--;
    ledger_note_row(ledger, interval);
    ledger_release(ledger, interval);
    return heard_count;
}

uint32_t ledger_written(const struct ledger *ledger, uint32_t vat, mn_epoch epoch)
{
    const struct vat_place *place = &ledger->places[vat];
    uint32_t at = ledger_position(ledger, vat, epoch);
    bool there = at < place->slot_count && slot_epoch(&place->slots[at]) == epoch;
    return there ? interval_written(&ledger->intervals[place->slots[at].interval]) : 0;
}

void ledger_forget_written(struct ledger *ledger, uint32_t first, uint32_t count)
{
    for (size_t i = 0; i < ledger->interval_count; i++) {
        struct interval *row = &ledger->intervals[i];
        uint32_t written = interval_written(row);
        if (written != 0 &&
            (written + EVIDENCE_WRITTEN_MAX - first) % EVIDENCE_WRITTEN_MAX < count) {
            interval_set_written(row, 0);
        }
    }
}
