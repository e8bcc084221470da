/* The ledger as a document: by index, each vat's rows by epoch. Loading it gives the same
 * decisions; what is known besides (intervals only heard of, what was settled and may be reported
 * again) it does not carry.
 *
 * It is as large as the ledger, and a round waits for it: so each row goes straight into the
 * document's columns, and most of them before the round has anything to decide. The first piece
 * has the places and vats, the next ones the checkpoints of some vats each; the last one says anew
 * what has changed meanwhile (whoever changes a vat or its checkpoints calls ledger_renew), and
 * what is only known in the end: open intervals, and what is lost or unknown. */
#include <string.h>

#include "base/check.h"
#include "base/grow.h"
#include "ledger_private.h"
#include "wire/evidence_writer.h"

static void write_places(const struct ledger *ledger, struct mn_evidence_writer *writer)
{
    for (uint32_t i = 0; i < ledger->domain_count; i++) {
        mn_evidence_write_domain(writer,
                                 &(struct evidence_domain){.name = ledger_domain_name(ledger, i),
                                                           .in = ledger->domains[i].in});
    }
    for (uint32_t i = 0; i < ledger->host_count; i++) {
        mn_evidence_write_host(writer, &(struct evidence_host){.name = ledger_host_name(ledger, i),
                                                               .in = ledger->hosts[i].in});
    }
    for (uint32_t i = 0; i < ledger->store_count; i++) {
        mn_evidence_write_store(writer,
                                &(struct evidence_store){.name = ledger_store_name(ledger, i),
                                                         .place = ledger->stores[i].place,
                                                         .in = ledger->stores[i].in});
    }
}

static void write_vat(const struct ledger *ledger, uint32_t vat, struct mn_evidence_writer *writer)
{
    const struct vat *row = &ledger->vats[vat];
    uint32_t flags = ledger->places[vat].flags;
    bool has_floor = (flags & VAT_HAS_FLOOR) != 0;
    mn_evidence_write_vat(
        writer,
        &(struct evidence_vat){.name = ledger_vat_name(ledger, vat),
                               .host = row->host,
                               .has_floor = has_floor,
                               .floor = has_floor ? row->floor : 0,
                               .limit = row->limit,
                               .lineage_count = row->lineage_count,
                               .lineage = row->lineage,
                               .on_peer_rollback = (flags & VAT_BE_TOLD) != 0 ? EVIDENCE_BE_TOLD
                                                                              : EVIDENCE_ROLL_BACK,
                               .sends = (flags & VAT_EARLY) != 0 ? EVIDENCE_EARLY : EVIDENCE_HELD});
}

static void write_tables(const struct ledger *ledger, struct mn_evidence_writer *writer)
{
    write_places(ledger, writer);
    for (uint32_t v = 0; v < ledger->vat_count; v++) {
        write_vat(ledger, v, writer);
    }
}

/* ---- checkpoints ----------------------------------------------------------------------------- */

static const struct evidence_heard *heard_of(const struct ledger *ledger,
                                             const struct interval *row, struct mn_arena *memory)
{
    struct evidence_heard *heard = mn_arena_take_unset(memory, row->heard_count * sizeof *heard);
    for (uint32_t i = 0; heard != NULL && i < row->heard_count; i++) {
        const struct interval *peer = &ledger->intervals[ledger->words.words[row->heard + i]];
        heard[i] = (struct evidence_heard){.vat = peer->vat, .epoch = peer->epoch};
    }
    return heard;
}

/* The stores that have copies of the form, and how many. NULL when memory is out. */
static const uint32_t *copies_of(const struct ledger *ledger, uint32_t *form,
                                 struct mn_arena *memory, size_t *count)
{
    const uint32_t *copies = form_copies(form);
    uint32_t most = form_copy_count(form);
    uint32_t *at = mn_arena_take_unset(memory, most * sizeof *at);
    *count = 0;
    for (uint32_t i = 0; at != NULL && i < most; i++) {
        uint32_t store = ledger->sites[copies[i] & ~COPY_LOST].store;
        if (store != LEDGER_NONE) {
            at[*count] = store;
            *count += 1;
        }
    }
    return at;
}

static void write_lost_copies(const struct ledger *ledger, const struct interval *row,
                              uint32_t *form, struct mn_evidence_writer *writer)
{
    const uint32_t *copies = form_copies(form);
    for (uint32_t i = 0; i < form_copy_count(form); i++) {
        uint32_t store = ledger->sites[copies[i] & ~COPY_LOST].store;
        if ((copies[i] & COPY_LOST) != 0 && store != LEDGER_NONE) {
            mn_evidence_write_lost_copy(
                writer,
                &(struct evidence_lost_copy){.vat = row->vat, .epoch = row->epoch, .store = store});
        }
    }
}

/* The forms of which enough is left to be listed. False when memory is out. */
static bool forms_of(const struct ledger *ledger, const struct interval *row,
                     struct mn_arena *memory, struct mn_evidence_writer *writer,
                     struct evidence_checkpoint *out)
{
    size_t most = 0;
    for (uint32_t at = row->forms; at != 0; at = ledger_form(ledger, at)[FORM_NEXT]) {
        most++;
    }
    struct evidence_form *forms = mn_arena_take_unset(memory, most * sizeof *forms);
    out->forms = forms;
    for (uint32_t at = row->forms; at != 0; at = ledger_form(ledger, at)[FORM_NEXT]) {
        uint32_t *form = ledger_form(ledger, at);
        size_t count = 0;
        const uint32_t *stores = copies_of(ledger, form, memory, &count);
        if (forms == NULL || stores == NULL) {
            return false;
        }
        if (count >= form[FORM_NEED]) {
            forms[out->form_count++] =
                (struct evidence_form){.kind = form_is_diff(form) ? EVIDENCE_DIFF : EVIDENCE_FULL,
                                       .onto = form_onto(form),
                                       .need = form[FORM_NEED],
                                       .at_count = count,
                                       .at = stores};
            write_lost_copies(ledger, row, form, writer);
        }
    }
    return true;
}

static void write_checkpoint(const struct ledger *ledger, const struct interval *row,
                             struct mn_arena *memory, struct mn_evidence_writer *writer)
{
    bool has_since = row->since != LEDGER_NO_SINCE;
    struct evidence_checkpoint out = {.vat = row->vat,
                                      .epoch = row->epoch,
                                      .has_since = has_since,
                                      .since = has_since ? row->since : 0,
                                      .durable = (row->flags & INTERVAL_DURABLE) != 0,
                                      .heard_count = row->heard_count,
                                      .heard = heard_of(ledger, row, memory)};
    if (out.heard == NULL || !forms_of(ledger, row, memory, writer, &out)) {
        writer->result = MN_NO_MEMORY;
        return;
    }
    mn_evidence_write_checkpoint(writer, &out);
    if ((row->flags & INTERVAL_LOST) != 0) {
        mn_evidence_write_lost_checkpoint(
            writer, &(struct evidence_lost_checkpoint){.vat = row->vat, .epoch = row->epoch});
    }
}

static void write_open(const struct ledger *ledger, const struct interval *row,
                       struct mn_arena *memory, struct mn_evidence_writer *writer)
{
    bool has_since = row->since != LEDGER_NO_SINCE;
    struct evidence_open out = {.vat = row->vat,
                                .epoch = row->epoch,
                                .has_since = has_since,
                                .since = has_since ? row->since : 0,
                                .heard_count = row->heard_count,
                                .heard = heard_of(ledger, row, memory)};
    if (out.heard == NULL) {
        writer->result = MN_NO_MEMORY;
        return;
    }
    mn_evidence_write_open(writer, &out);
}

/* How many vats ahead their parts are asked for, each part found through the one before: most of
 * the time is spent waiting for memory otherwise. */
enum { AHEAD_PEERS = 4, AHEAD_WORDS = 8, AHEAD_ROWS = 12, AHEAD_SLOTS = 16 };

/* Ask for what the checkpoints of the vats after @vat and below @end will need. */
static void fetch_rows(const struct ledger *ledger, uint32_t vat, uint32_t end)
{
    if (vat + AHEAD_SLOTS < end) {
        __builtin_prefetch(ledger->places[vat + AHEAD_SLOTS].slots);
    }
    if (vat + AHEAD_ROWS >= end) {
        return;
    }
    const struct vat_place *place = &ledger->places[vat + AHEAD_ROWS];
    for (uint32_t i = 0; i < place->slot_count; i++) {
        __builtin_prefetch(&ledger->intervals[place->slots[i].interval]);
    }
    place = &ledger->places[vat + AHEAD_WORDS];
    for (uint32_t i = 0; i < place->slot_count; i++) {
        const struct interval *row = &ledger->intervals[place->slots[i].interval];
        __builtin_prefetch(ledger->words.words + row->heard);
        __builtin_prefetch(ledger->words.words + row->forms);
    }
    place = &ledger->places[vat + AHEAD_PEERS];
    for (uint32_t i = 0; i < place->slot_count; i++) {
        const struct interval *row = &ledger->intervals[place->slots[i].interval];
        for (uint32_t j = 0; j < row->heard_count; j++) {
            __builtin_prefetch(&ledger->intervals[ledger->words.words[row->heard + j]]);
        }
    }
}

/* The vat's listed checkpoints; @memory is of one row at a time. */
static void write_listed(const struct ledger *ledger, uint32_t vat, struct mn_arena *memory,
                         struct mn_evidence_writer *writer)
{
    const struct vat_place *place = &ledger->places[vat];
    for (uint32_t i = 0; i < place->slot_count; i++) {
        const struct interval *row = &ledger->intervals[place->slots[i].interval];
        if ((row->flags & INTERVAL_LISTED) != 0) {
            write_checkpoint(ledger, row, memory, writer);
            mn_arena_clear(memory);
        }
    }
}

/* The listed checkpoints of the vats from @from to @end. */
static void write_rows(const struct ledger *ledger, uint32_t from, uint32_t end,
                       struct mn_evidence_writer *writer)
{
    struct mn_arena memory = {0};
    for (uint32_t v = from; writer->result == MN_OK && v < end; v++) {
        fetch_rows(ledger, v, end);
        write_listed(ledger, v, &memory, writer);
    }
    mn_arena_deinit(&memory);
}

/* The same as fetch_rows, for open intervals. */
static void fetch_open(const struct ledger *ledger, uint32_t vat)
{
    if (vat + AHEAD_SLOTS < ledger->vat_count) {
        __builtin_prefetch(&ledger->vats[vat + AHEAD_SLOTS].open);
    }
    if (vat + AHEAD_ROWS >= ledger->vat_count) {
        return;
    }
    uint32_t open = ledger->vats[vat + AHEAD_ROWS].open;
    if (open != LEDGER_NONE) {
        __builtin_prefetch(&ledger->intervals[open]);
    }
    open = ledger->vats[vat + AHEAD_WORDS].open;
    if (open != LEDGER_NONE) {
        __builtin_prefetch(ledger->words.words + ledger->intervals[open].heard);
    }
    open = ledger->vats[vat + AHEAD_PEERS].open;
    for (uint32_t i = 0; open != LEDGER_NONE && i < ledger->intervals[open].heard_count; i++) {
        uint32_t peer = ledger->words.words[ledger->intervals[open].heard + i];
        __builtin_prefetch(&ledger->intervals[peer]);
    }
}

static void write_opens(const struct ledger *ledger, struct mn_evidence_writer *writer)
{
    struct mn_arena memory = {0};
    for (uint32_t v = 0; writer->result == MN_OK && v < ledger->vat_count; v++) {
        fetch_open(ledger, v);
        if (ledger->vats[v].open != LEDGER_NONE) {
            write_open(ledger, &ledger->intervals[ledger->vats[v].open], &memory, writer);
            mn_arena_clear(&memory);
        }
    }
    mn_arena_deinit(&memory);
}

/* ---- what is lost or unknown ----------------------------------------------------------------- */

static void write_sets(const struct ledger *ledger, struct mn_evidence_writer *writer)
{
    const struct {
        const struct ledger_set *set;
        enum mn_evidence_list list;
    } lists[] = {{&ledger->lost_domains, MN_EVIDENCE_LOST_DOMAINS},
                 {&ledger->lost_hosts, MN_EVIDENCE_LOST_HOSTS},
                 {&ledger->lost_stores, MN_EVIDENCE_LOST_STORES},
                 {&ledger->lost_vats, MN_EVIDENCE_LOST_VATS},
                 {&ledger->unknown_vats, MN_EVIDENCE_UNKNOWN_VATS},
                 {&ledger->unknown_stores, MN_EVIDENCE_UNKNOWN_STORES},
                 {&ledger->tell, MN_EVIDENCE_TELL}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        size_t left = lists[i].set->count;
        for (uint32_t j = 0; left > 0; j++) { /* growing, whatever the order of the calls */
            if (ledger_set_has(lists[i].set, j)) {
                mn_evidence_write_listed(writer, lists[i].list, j);
                left -= 1;
            }
        }
    }
}

/* ---- pieces ---------------------------------------------------------------------------------- */

bool ledger_evidence_begun(const struct ledger *ledger)
{
    return ledger->pieces.begun;
}

bool ledger_evidence_more(const struct ledger *ledger)
{
    return ledger->pieces.begun && ledger->pieces.next < ledger->vat_count;
}

/* What a vat's answer to the freeze makes: its open interval, and the one of a peer's epoch that is
 * not a checkpoint yet. */
enum { ANSWER_INTERVALS = 2 };

/* The checkpoints of @count more vats, and the end of a piece. As long as pieces are made there is
 * time, and what follows them are answers. */
static mn_result write_next(struct ledger *ledger, uint32_t count,
                            struct mn_evidence_writer *writer, struct mn_buffer *piece)
{
    struct ledger_pieces *pieces = &ledger->pieces;
    uint32_t left = ledger->vat_count - pieces->next;
    uint32_t end = pieces->next + (count < left ? count : left);
    write_rows(ledger, pieces->next, end, writer);
    ledger_expect_intervals(ledger, (size_t)pieces->next * ANSWER_INTERVALS,
                            (size_t)(end - pieces->next) * ANSWER_INTERVALS);
    pieces->next = end;
    return mn_evidence_write_piece(writer, EVIDENCE_TOTAL_LOSS_TELL, piece);
}

mn_result ledger_evidence_first(struct ledger *ledger, uint32_t count, struct mn_buffer *piece)
{
    struct ledger_pieces *pieces = &ledger->pieces;
    struct mn_evidence_writer writer = {.result = MN_OK};
    size_t words = (size_t)ledger->vat_count / 64 + 1;
    pieces->begun = false;
    pieces->next = 0;
    mn_result result = mn_grow(&pieces->renewed, &pieces->renewed_capacity, words,
                               sizeof *pieces->renewed, EVIDENCE_ROW_COUNT_MAX);
    if (result == MN_OK) {
        memset(pieces->renewed, 0, words * sizeof *pieces->renewed);
        write_tables(ledger, &writer);
        result = write_next(ledger, count, &writer, piece);
    }
    mn_evidence_writer_deinit(&writer);
    pieces->begun = result == MN_OK;
    return result;
}

mn_result ledger_evidence_next(struct ledger *ledger, uint32_t count, struct mn_buffer *piece)
{
    struct mn_evidence_writer writer = {.result = MN_OK};
    mn_assert(ledger->pieces.begun);
    mn_result result = write_next(ledger, count, &writer, piece);
    mn_evidence_writer_deinit(&writer);
    ledger->pieces.begun = result == MN_OK;
    return result;
}

/* The vats that have changed since the pieces said them, and their checkpoints unless these are
 * still to be said with those of all others. */
static void write_renewed(const struct ledger *ledger, struct mn_evidence_writer *writer)
{
    const struct ledger_pieces *pieces = &ledger->pieces;
    struct mn_arena memory = {0};
    for (uint32_t v = 0; writer->result == MN_OK && v < ledger->vat_count; v++) {
        if (pieces->renewed[v >> 6] == 0) {
            v |= 63; /* none of these */
        } else if ((pieces->renewed[v >> 6] >> (v & 63) & 1) != 0) {
            mn_evidence_write_listed(writer, MN_EVIDENCE_RENEWED, v);
            write_vat(ledger, v, writer);
            if (v < pieces->next) {
                write_listed(ledger, v, &memory, writer);
            }
        }
    }
    mn_arena_deinit(&memory);
}

mn_result ledger_evidence_last(struct ledger *ledger, struct mn_buffer *piece)
{
    if (!ledger->pieces.begun) {
        return ledger_evidence(ledger, piece);
    }
    struct mn_evidence_writer writer = {.result = MN_OK};
    write_renewed(ledger, &writer);
    write_rows(ledger, ledger->pieces.next, ledger->vat_count, &writer);
    write_opens(ledger, &writer);
    write_sets(ledger, &writer);
    mn_result result = mn_evidence_write_piece(&writer, ledger->total_loss, piece);
    mn_evidence_writer_deinit(&writer);
    ledger->pieces.begun = false;
    return result;
}

void ledger_evidence_drop(struct ledger *ledger)
{
    ledger->pieces.begun = false;
}

mn_result ledger_evidence(const struct ledger *ledger, struct mn_buffer *piece)
{
    struct mn_evidence_writer writer = {.result = MN_OK};
    write_tables(ledger, &writer);
    write_rows(ledger, 0, ledger->vat_count, &writer);
    write_opens(ledger, &writer);
    write_sets(ledger, &writer);
    mn_result result = mn_evidence_write_piece(&writer, ledger->total_loss, piece);
    mn_evidence_writer_deinit(&writer);
    return result;
}
