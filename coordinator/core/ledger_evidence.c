/* The ledger as a document: by index, each vat's rows by epoch. Loading it gives the same
 * decisions; what is known besides (intervals only heard of, what was settled and may be reported
 * again) it does not carry.
 *
 * It is written while a round waits for it, and is as large as the ledger: so each row goes
 * straight into the document's columns. */
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

static void write_vats(const struct ledger *ledger, struct mn_evidence_writer *writer)
{
    for (uint32_t v = 0; v < ledger->vat_count; v++) {
        const struct vat *row = &ledger->vats[v];
        uint32_t flags = ledger->places[v].flags;
        bool has_floor = (flags & VAT_HAS_FLOOR) != 0;
        mn_evidence_write_vat(
            writer, &(struct evidence_vat){
                        .name = ledger_vat_name(ledger, v),
                        .host = row->host,
                        .has_floor = has_floor,
                        .floor = has_floor ? row->floor : 0,
                        .limit = row->limit,
                        .lineage_count = row->lineage_count,
                        .lineage = row->lineage,
                        .on_peer_rollback =
                            (flags & VAT_BE_TOLD) != 0 ? EVIDENCE_BE_TOLD : EVIDENCE_ROLL_BACK,
                        .sends = (flags & VAT_EARLY) != 0 ? EVIDENCE_EARLY : EVIDENCE_HELD});
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
enum { AHEAD_PEERS = 1, AHEAD_WORDS = 2, AHEAD_ROWS = 4, AHEAD_SLOTS = 8 };

/* The vat's intervals: those in its slots, then its open one. */
static inline uint32_t row_count(const struct ledger *ledger, uint32_t vat)
{
    return ledger->places[vat].slot_count + (ledger->vats[vat].open != LEDGER_NONE ? 1 : 0);
}

static inline const struct interval *row_at(const struct ledger *ledger, uint32_t vat, uint32_t i)
{
    const struct vat_place *place = &ledger->places[vat];
    return &ledger->intervals[i < place->slot_count ? place->slots[i].interval
                                                    : ledger->vats[vat].open];
}

static void fetch_rows(const struct ledger *ledger, uint32_t vat)
{
    if (vat + AHEAD_SLOTS < ledger->vat_count) {
        __builtin_prefetch(ledger->places[vat + AHEAD_SLOTS].slots);
    }
    if (vat + AHEAD_ROWS >= ledger->vat_count) {
        return;
    }
    for (uint32_t i = 0; i < row_count(ledger, vat + AHEAD_ROWS); i++) {
        __builtin_prefetch(row_at(ledger, vat + AHEAD_ROWS, i));
    }
    for (uint32_t i = 0; i < row_count(ledger, vat + AHEAD_WORDS); i++) {
        const struct interval *row = row_at(ledger, vat + AHEAD_WORDS, i);
        __builtin_prefetch(ledger->words.words + row->heard);
        __builtin_prefetch(ledger->words.words + row->forms);
    }
    for (uint32_t i = 0; i < row_count(ledger, vat + AHEAD_PEERS); i++) {
        const struct interval *row = row_at(ledger, vat + AHEAD_PEERS, i);
        for (uint32_t j = 0; j < row->heard_count; j++) {
            __builtin_prefetch(&ledger->intervals[ledger->words.words[row->heard + j]]);
        }
    }
}

static void write_rows(const struct ledger *ledger, struct mn_evidence_writer *writer)
{
    struct mn_arena memory = {0}; /* of one row at a time */
    for (uint32_t v = 0; writer->result == MN_OK && v < ledger->vat_count; v++) {
        fetch_rows(ledger, v);
        for (uint32_t i = 0; i < row_count(ledger, v); i++) {
            const struct interval *row = row_at(ledger, v, i);
            if ((row->flags & INTERVAL_OPEN) != 0) {
                write_open(ledger, row, &memory, writer);
            } else if ((row->flags & INTERVAL_LISTED) != 0) {
                write_checkpoint(ledger, row, &memory, writer);
            }
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

mn_result ledger_evidence(const struct ledger *ledger, struct mn_buffer *document)
{
    struct mn_evidence_writer writer = {.result = MN_OK};
    write_places(ledger, &writer);
    write_vats(ledger, &writer);
    write_rows(ledger, &writer);
    write_sets(ledger, &writer);
    mn_result result = mn_evidence_write_end(&writer, ledger->total_loss, document);
    mn_evidence_writer_deinit(&writer);
    return result;
}
