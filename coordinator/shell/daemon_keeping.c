/* The core beside the coordinator's: its events in, its effects out. Records reach the
 * coordinator's core when the keepers have them, and only then. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shell/daemon_private.h"

/* ---- the journal, out ------------------------------------------------------------------------ */

/* A message that is being filled from the journal, or from what is on its way there. */
struct keep_filling {
    struct mn_arena arena;
    struct mn_down down;
    struct mn_kept *records;
    uint64_t upto;
    uint64_t offset; /* in the first record */
    bool found;      /* that one is where it was looked for */
};

/* False: there is no room for it, or no memory; what there is is sent. */
static bool keep_add(struct keep_filling *filling, const struct journal_entry *entry,
                     const unsigned char *bytes, size_t count)
{
    unsigned char *copy = mn_arena_take_array(&filling->arena, count, 1);
    if (copy == NULL) {
        return false;
    }
    if (count > 0) {
        memcpy(copy, bytes, count);
    }
    struct mn_kept record = {.sequence = entry->sequence,
                             .generation = entry->generation,
                             .kind = entry->kind,
                             .written_at = entry->written_at,
                             .size = entry->size,
                             .offset = filling->offset,
                             .bytes = copy,
                             .byte_count = (uint32_t)count};
    return keeping_keep_add(&filling->down, filling->records, &record);
}

/* What ends the reading when the message is full. */
#define KEEP_FULL MN_AGAIN

static mn_result keep_visit(void *context, const struct journal_entry *entry)
{
    struct keep_filling *filling = context;
    if (entry->sequence > filling->upto || filling->offset > entry->size) {
        return KEEP_FULL;
    }
    size_t left = entry->size - (size_t)filling->offset;
    size_t count = left < MN_PIECE_SIZE_MAX ? left : MN_PIECE_SIZE_MAX;
    const unsigned char *bytes = count > 0 ? entry->bytes + filling->offset : NULL;
    filling->found = true;
    bool added = keep_add(filling, entry, bytes, count) && count == entry->size;
    return added ? MN_OK : KEEP_FULL;
}

/* The next piece of a large record. */
static mn_result keep_piece(struct daemon *daemon, struct keep_filling *filling,
                            struct mn_error *error)
{
    struct journal_entry entry;
    size_t size = MN_PIECE_SIZE_MAX;
    mn_result result = journal_piece(&daemon->reader, filling->down.keep.after + 1, filling->offset,
                                     daemon->piece, &size, &entry, error);
    if (result == MN_OK && !keep_add(filling, &entry, daemon->piece, size)) {
        result = MN_NO_MEMORY;
    }
    return result;
}

static void effect_keep(struct daemon *daemon, const struct keeping_effect *effect)
{
    struct mn_error error = {{0}};
    struct keep_filling filling = {
        .down = *effect->send.message, .upto = effect->send.upto, .offset = effect->send.offset};
    uint64_t first = filling.down.keep.after + 1;
    filling.records =
        mn_arena_take_array(&filling.arena, KEEPING_RECORD_COUNT_MAX, sizeof *filling.records);
    mn_result result = filling.records != NULL ? MN_OK : MN_NO_MEMORY;
    if (result == MN_OK) {
        result = recorder_read(daemon->recorder, first, keep_visit, &filling);
    }
    if (result == MN_OK && !filling.found && filling.offset > 0) {
        result = keep_piece(daemon, &filling, &error);
    } else if (result == MN_OK && !filling.found && first <= filling.upto) {
        result = journal_read(&daemon->reader, first, keep_visit, &filling, &error);
    }
    if (result != MN_OK && result != KEEP_FULL) {
        mn_log(MN_LOG_ERROR, "record_not_read", "sequence=%llu code=%s", (unsigned long long)first,
               mn_result_name(result));
    }
    coordinator_daemon_send(daemon, effect->send.host, &filling.down);
    mn_arena_deinit(&filling.arena);
}

/* ---- the journal, in ------------------------------------------------------------------------- */

static void effect_give(struct daemon *daemon, struct recorder_item *item)
{
    if (item == NULL || !recorder_give(daemon->recorder, item)) {
        recorder_item_destroy(item);
        coordinator_daemon_fail(daemon, item == NULL ? MN_NO_MEMORY : MN_FULL,
                                "a record cannot be written down");
    }
}

static void effect_append(struct daemon *daemon, const struct mn_kept *record)
{
    struct recorder_item *item = recorder_item_new();
    if (item != NULL) {
        item->sequence = record->sequence;
        item->generation = record->generation;
        item->kind = record->kind;
        item->written_at = record->written_at;
        if (mn_buffer_append(&item->bytes, record->bytes, record->byte_count) != MN_OK) {
            recorder_item_destroy(item);
            item = NULL;
        }
    }
    effect_give(daemon, item);
}

static void effect_set_aside(struct daemon *daemon, uint64_t sequence)
{
    struct recorder_item *item = recorder_item_new();
    if (item != NULL) {
        item->set_aside = true;
        item->sequence = sequence;
        item->written_at = mn_now();
    }
    effect_give(daemon, item);
}

/* ---- beginning ------------------------------------------------------------------------------- */

/* The journal on its way to the core. */
struct lead_filling {
    struct daemon *daemon;
    uint64_t upto;
    uint64_t newest; /* record that was handed over */
};

/* What ends the reading where the core beside knows no more. */
#define LEAD_OVER MN_AGAIN

static mn_result lead_record(void *context, const struct journal_entry *entry)
{
    struct lead_filling *filling = context;
    struct daemon *daemon = filling->daemon;
    if (entry->sequence > filling->upto) {
        return LEAD_OVER;
    }
    filling->newest = entry->sequence;
    struct mn_arena arena;
    struct mn_journal_record record;
    mn_arena_init(&arena, 0);
    mn_result result = mn_journal_record_decode((enum mn_journal_kind)entry->kind, entry->bytes,
                                                entry->size, &arena, &record);
    if (result == MN_OK) {
        struct coordinator_event event = {.kind = COORDINATOR_ON_RECORD};
        event.record.sequence = entry->sequence;
        event.record.generation = entry->generation;
        event.record.record = &record;
        coordinator_daemon_step(daemon, &event);
        result = daemon->result;
    }
    mn_arena_deinit(&arena);
    if (result != MN_OK && daemon->error.text[0] == '\0') {
        mn_error_set(&daemon->error,
                     "record %llu of journal.db cannot be used: %s; restore a backup",
                     (unsigned long long)entry->sequence, mn_result_text(result));
    }
    return result == MN_OK || result == MN_NO_MEMORY || result == MN_FULL ? result : MN_CORRUPT;
}

/* A core that remembers nothing, the journal, then its beginning. */
static void effect_lead(struct daemon *daemon, const struct keeping_effect *effect)
{
    struct mn_error error = {{0}};
    coordinator_destroy(&daemon->coordinator);
    coordinator_daemon_drop_evidence(daemon);
    mn_result result = coordinator_new(&daemon->coordinator, daemon->topology);
    if (result == MN_OK) {
        struct lead_filling filling = {.daemon = daemon, .upto = effect->lead.upto};
        result = journal_read(&daemon->reader, 1, lead_record, &filling, &error);
        if (result == LEAD_OVER) {
            result = MN_OK;
        }
        if (result == MN_OK && filling.newest < filling.upto) {
            mn_error_set(&error, "another coordinator uses this journal: only one may");
            result = MN_STALE;
        }
    }
    if (result != MN_OK) {
        coordinator_daemon_fail(daemon, result,
                                error.text[0] != '\0' ? error.text : "the journal cannot be read");
        return;
    }
    struct coordinator_event event = {.kind = COORDINATOR_ON_BEGIN};
    event.begin.generation = effect->lead.generation;
    event.begin.kept = effect->lead.kept;
    event.begin.accepted = effect->lead.accepted;
    coordinator_daemon_step(daemon, &event);
}

/* ---- effects --------------------------------------------------------------------------------- */

static void effect_log(const struct keeping_note_facts *note)
{
    struct mn_log_pairs pairs = {.size = 0};
    if (note->host != NULL) {
        mn_log_add(&pairs, "host=%s", note->host);
    }
    if (note->sequence != 0) {
        mn_log_add(&pairs, "record=%llu", (unsigned long long)note->sequence);
    }
    if (note->number != 0) {
        mn_log_add(&pairs, "number=%llu", (unsigned long long)note->number);
    }
    if (note->text != NULL) {
        char quoted[MN_LOG_QUOTED_SIZE_MAX];
        mn_log_add(&pairs, "text=%s", mn_log_quote(quoted, sizeof quoted, note->text));
    }
    mn_log(keeping_note_level(note->note) == KEEPING_ERROR ? MN_LOG_ERROR : MN_LOG_INFO,
           keeping_note_what(note->note), "%s", pairs.text);
}

static void keeping_carry_out(struct daemon *daemon, const struct keeping_effect *effect)
{
    struct coordinator_event event = {.kind = COORDINATOR_ON_RECORDED};
    switch (effect->kind) {
    case KEEPING_DO_SEND:
        coordinator_daemon_send(daemon, effect->send.host, effect->send.message);
        return;
    case KEEPING_DO_KEEP:
        effect_keep(daemon, effect);
        return;
    case KEEPING_DO_APPEND:
        effect_append(daemon, &effect->append);
        return;
    case KEEPING_DO_SET_ASIDE:
        effect_set_aside(daemon, effect->sequence);
        return;
    case KEEPING_DO_LEAD:
        effect_lead(daemon, effect);
        return;
    case KEEPING_DO_ACCEPTED:
        event.kind = COORDINATOR_ON_ACCEPTED;
        event.accepted = effect->lead.accepted;
        coordinator_daemon_step(daemon, &event);
        return;
    case KEEPING_DO_CHANGE:
        event.kind = COORDINATOR_ON_KEEPERS;
        event.keepers = effect->change;
        coordinator_daemon_step(daemon, &event);
        return;
    case KEEPING_DO_IN_FORCE:
        event.recorded.sequence = effect->sequence;
        coordinator_daemon_step(daemon, &event);
        return;
    case KEEPING_DO_OVERTAKEN:
        event.kind = COORDINATOR_ON_OVERTAKEN;
        coordinator_daemon_step(daemon, &event);
        return;
    case KEEPING_DO_NOTE:
        effect_log(&effect->note);
        return;
    }
}

void coordinator_daemon_keep(struct daemon *daemon, const struct keeping_event *event)
{
    if (daemon->stop) {
        return;
    }
    keeping_step(daemon->keeping, mn_now(), event, &daemon->keeping_effects);
    if (daemon->keeping_effects.result != MN_OK) {
        coordinator_daemon_fail(daemon, daemon->keeping_effects.result,
                                "the coordinator cannot go on; started again, it reads its journal "
                                "and continues from there");
    } else {
        for (size_t i = 0; i < daemon->keeping_effects.count && !daemon->stop; i++) {
            keeping_carry_out(daemon, &daemon->keeping_effects.items[i]);
        }
    }
    keeping_effects_reset(&daemon->keeping_effects);
}

void coordinator_daemon_keep_record(struct daemon *daemon, enum keeping_event_kind kind,
                                    const struct journal_entry *entry)
{
    struct mn_arena arena;
    struct mn_journal_record record;
    struct keeping_event event = {.kind = kind};
    mn_arena_init(&arena, 0);
    event.record.sequence = entry->sequence;
    event.record.generation = entry->generation;
    event.record.kind = entry->kind;
    /* One that cannot be read stays NULL: one of KEEPERS the core refuses then. */
    bool says = entry->kind == MN_JOURNAL_KEEPERS || entry->kind == MN_JOURNAL_GENERATION;
    if (kind != KEEPING_ON_SET_ASIDE && says &&
        mn_journal_record_decode((enum mn_journal_kind)entry->kind, entry->bytes, entry->size,
                                 &arena, &record) == MN_OK) {
        event.record.says = &record;
    }
    coordinator_daemon_keep(daemon, &event);
    mn_arena_deinit(&arena);
}

mn_result coordinator_daemon_replace(struct daemon *daemon, const struct topology_operator *who,
                                     const struct mn_operator_request *request,
                                     struct mn_error *error)
{
    struct mn_journal_keepers word = {.operator_name = mn_name_of(who->name), .at = mn_now()};
    mn_result result =
        keeping_may_replace(daemon->keeping, request->keeper.text, request->host.text, error);
    if (result != MN_OK) {
        return result;
    }
    (void)snprintf(word.key, sizeof word.key, "%s", who->key);
    (void)snprintf(word.reason, sizeof word.reason, "%s", request->reason);
    struct keeping_event event = {.kind = KEEPING_ON_REPLACE};
    event.replace.from = request->keeper.text;
    event.replace.to = request->host.text;
    event.replace.word = &word;
    coordinator_daemon_keep(daemon, &event);
    return MN_OK;
}

bool coordinator_daemon_accept(struct daemon *daemon, const struct topology_operator *who,
                               const char *reason)
{
    struct mn_journal_recall accept = {.operator_name = mn_name_of(who->name), .at = mn_now()};
    if (!keeping_may_accept(daemon->keeping)) {
        return false;
    }
    (void)snprintf(accept.key, sizeof accept.key, "%s", who->key);
    (void)snprintf(accept.reason, sizeof accept.reason, "%s", reason);
    struct keeping_event event = {.kind = KEEPING_ON_ACCEPT, .accept = &accept};
    coordinator_daemon_keep(daemon, &event);
    return true;
}
