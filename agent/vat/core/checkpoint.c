/* Checkpoints: when one is wanted, what stands in it, what it means that one is written or durable.
 *
 * Invariant: an epoch is closed only when its file is whole; a checkpoint that could not be written
 * leaves the epoch open, with all that has changed in it. */
#include "vat_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/grow.h"

/* Whether something is kept elsewhere only because this vat's floor has not moved. Floors move with
 * checkpoints: an idle vat goes on writing small ones until nothing waits for it. */
static bool floor_lags(const struct vat *vat)
{
    if (vat->undurable_count > 0) {
        return false;
    }
    for (size_t i = 0; i < vat->session_count; i++) {
        const struct vat_session *session = vat->sessions[i];
        if (session->taken > 0 && session_taken_at(session, vat->floor) < session->taken) {
            return true;
        }
    }
    return false;
}

static bool full_asked(const struct vat *vat)
{
    return vat->full_above > 0 && vat->last_full <= vat->full_above;
}

void checkpoint_on_take_full(struct vat *vat, mn_time now, mn_epoch above)
{
    vat->full_above = above > vat->full_above ? above : vat->full_above;
    if (full_asked(vat) && now < vat->checkpoint_due) {
        vat->checkpoint_due = now;
    }
}

/* One that is hastened waits until the one before it is durable, with all turns in between: so
 * checkpoints are taken as often as disks and copies allow, and no oftener. A regular one waits for
 * none of those under way, for it is all that this host has of the state by then; but those beyond
 * the first put it off: by 3 intervals, 15, 63, and then one more each. Otherwise a vat whose disks
 * and copies take longer than its interval would queue ever more of them, and what it sent would
 * leave ever later: it leaves after so many times what one of them takes as there are under way. A
 * full that was asked for waits for nothing: what is under way may never be durable without it. */
mn_time checkpoint_deadline(const struct vat *vat)
{
    size_t behind = vat->undurable_count > 1 && !full_asked(vat) ? vat->undurable_count - 1 : 0;
    size_t intervals = behind < 3 ? ((size_t)1 << 2 * behind) - 1 : 60 + behind;
    mn_time due = vat->checkpoint_due + (mn_time)intervals * vat->interval;
    return vat->undurable_count == 0 && vat->commit_due < due ? vat->commit_due : due;
}

void checkpoint_hasten(struct vat *vat, mn_time now, size_t size, bool sent)
{
    mn_time due = sent && vat->latency < vat->interval ? now + vat->latency : MN_TIME_NEVER;
    vat->open_size += size + VAT_MESSAGE_COST;
    due = vat->open_size >= VAT_OPEN_SIZE_MAX ? now : due;
    if (due < vat->commit_due) {
        vat->commit_due = due;
    }
}

bool checkpoint_waits(const struct vat *vat)
{
    return vat->undurable_count > 1 && vat->undurable_size >= VAT_UNDURABLE_SIZE_MAX &&
           !full_asked(vat);
}

bool checkpoint_wanted(const struct vat *vat)
{
    if (vat->undurable_count >= VAT_UNDURABLE_COUNT_MAX ||
        vat->undurable_heard + vat->heard_count > VAT_UNDURABLE_HEARD_COUNT_MAX) {
        return false;
    }
    if (vat->blobs.changed_count > 0 || vat->gone_count > 0 ||
        vat->heard_count > vat->heard_before || full_asked(vat)) {
        return true;
    }
    for (size_t i = 0; i < vat->session_count; i++) {
        if (vat->sessions[i]->changed) {
            return true;
        }
    }
    for (size_t i = 0; i < vat->told_count; i++) {
        if (vat->told[i].epoch == 0) {
            return true;
        }
    }
    return floor_lags(vat);
}

/* The newest incarnation of the peer that this vat has to do with: agreed with, or told of. */
static uint32_t incarnation_known(const struct vat_session *session)
{
    return session->told > session->incarnation ? session->told : session->incarnation;
}

static void session_name(struct vat_session *session, struct vat_heard_list *list)
{
    if (!session->named) {
        session->named = true;
        session->name_index = list->name_count++;
        list->names[session->name_index] = session->peer;
    }
}

bool heard_list(struct vat *vat, bool all, struct mn_arena *arena, struct vat_heard_list *list)
{
    size_t count = vat->session_count;
    *list = (struct vat_heard_list){
        .names = mn_arena_take_array_unset(arena, count, sizeof *list->names),
        .heard = mn_arena_take_array_unset(arena, vat->heard_count, sizeof *list->heard),
        .known = mn_arena_take_array_unset(arena, count, sizeof *list->known)};
    if (list->names == NULL || list->heard == NULL || list->known == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        vat->sessions[i]->named = false;
    }
    for (size_t i = 0; i < vat->heard_count; i++) {
        struct vat_session *session = vat->heard[i].session;
        session_name(session, list);
        list->heard[list->heard_count++] =
            (struct mn_heard){.peer = session->name_index, .epoch = vat->heard[i].epoch};
    }
    for (size_t i = 0; i < count; i++) {
        struct vat_session *session = vat->sessions[i];
        uint32_t known = incarnation_known(session);
        bool newer = session->changed || known > session->incarnation;
        if (known > 1 && (all || newer || session->named)) {
            session_name(session, list);
            struct mn_known *entry = &list->known[list->known_count++];
            *entry = (struct mn_known){.vat = session->name_index, .incarnation = known};
            if (known == session->incarnation) {
                entry->fork = session->fork;
            }
        }
    }
    return true;
}

static bool checkpoint_full(const struct vat *vat)
{
    return vat->last_full == 0 || full_asked(vat) || vat->diff_count + 1 >= vat->full_every ||
           vat->diff_count + 2 > MN_CHAIN_COUNT_MAX || vat->heard_count * 2 >= VAT_HEARD_COUNT_MAX;
}

static size_t outbox_entry_count(const struct vat *vat, bool full)
{
    size_t count = full ? 0 : vat->gone_count;
    for (size_t i = 0; i < vat->session_count; i++) {
        const struct vat_session *session = vat->sessions[i];
        for (size_t j = 0; j < session->batch_count; j++) {
            const struct vat_batch *batch = session->batches[j];
            count += full || !batch->stored || batch->dirty ? 1 : 0;
        }
    }
    return count;
}

static size_t session_entry_count(const struct vat *vat, bool full)
{
    size_t count = 0;
    for (size_t i = 0; i < vat->session_count; i++) {
        count += full || vat->sessions[i]->changed ? 1 : 0;
    }
    return count;
}

/* The entries of the sessions; their bytes are the shell's to fill in. */
static void session_entries_into(const struct vat *vat, bool full,
                                 struct mn_checkpoint_entry *entries,
                                 struct mn_session_state *states)
{
    for (size_t i = 0; i < vat->session_count; i++) {
        const struct vat_session *session = vat->sessions[i];
        if (!full && !session->changed) {
            continue;
        }
        *states++ = (struct mn_session_state){.peer = session->peer,
                                              .run = session->run,
                                              .incarnation = session->incarnation,
                                              .next = session->next,
                                              .taken = session->taken,
                                              .bases = session_bases(session),
                                              .gaps = session_gaps(session),
                                              .covered = session->covered,
                                              .covered_epoch = session->covered_epoch,
                                              .taken_epoch = session->taken_epoch,
                                              .forked = session->forked,
                                              .agreed = session->agreed,
                                              .gaps_told = session->gaps_told,
                                              .fork = session->fork};
        *entries++ =
            (struct mn_checkpoint_entry){.space = MN_ENTRY_SESSION, .name = &session->peer};
    }
}

static bool outbox_entries_into(struct vat *vat, bool full, struct mn_checkpoint_entry *entries)
{
    for (size_t i = 0; i < vat->session_count; i++) {
        const struct vat_session *session = vat->sessions[i];
        for (size_t j = 0; j < session->batch_count; j++) {
            const struct vat_batch *batch = session->batches[j];
            if (!full && batch->stored && !batch->dirty) {
                continue;
            }
            struct mn_checkpoint_entry entry = {
                .space = MN_ENTRY_OUTBOX, .name = &session->peer, .number = batch->epoch};
            entry.bytes = batch_bytes(batch, &vat->checkpoint_arena, &entry.size);
            if (entry.bytes == NULL) {
                return false;
            }
            *entries++ = entry;
        }
    }
    for (size_t i = 0; i < vat->gone_count && !full; i++) {
        *entries++ = (struct mn_checkpoint_entry){.space = MN_ENTRY_OUTBOX,
                                                  .name = &vat->gone[i].session->peer,
                                                  .number = vat->gone[i].epoch,
                                                  .tombstone = true};
    }
    return true;
}

/* Everything of the vat as it is between two turns. */
static bool checkpoint_fill(struct vat *vat, mn_time now, bool full)
{
    struct vat_checkpoint *checkpoint = &vat->checkpoint;
    struct mn_arena *arena = &vat->checkpoint_arena;
    mn_arena_deinit(arena);
    struct vat_heard_list list;
    *checkpoint = (struct vat_checkpoint){.record = {.vat = vat->name,
                                                     .run = vat->run,
                                                     .incarnation = vat->incarnation,
                                                     .epoch = vat->epoch,
                                                     .since = vat->heard_since,
                                                     .onto = full ? 0 : vat->newest,
                                                     .fork = vat->fork,
                                                     .round = vat->round}};
    if (!heard_list(vat, full, arena, &list)) {
        return false;
    }
    uint64_t *handled = mn_arena_take_array(arena, vat->told_count, sizeof *handled);
    if (handled == NULL) {
        return false;
    }
    for (size_t i = 0; i < vat->told_count; i++) {
        handled[i] = vat->told[i].round;
    }
    checkpoint->record.settled = vat->settled;
    checkpoint->record.floor = vat->floor;
    checkpoint->record.written_at = now;
    checkpoint->record.handled = handled;
    checkpoint->record.handled_count = (uint32_t)vat->told_count;
    checkpoint->record.names = list.names;
    checkpoint->record.name_count = list.name_count;
    checkpoint->record.heard = list.heard;
    checkpoint->record.heard_count = list.heard_count;
    checkpoint->record.known = list.known;
    checkpoint->record.known_count = list.known_count;
    checkpoint->record.heard_before = (uint32_t)vat->heard_before;

    size_t session_count = session_entry_count(vat, full);
    size_t outbox_count = outbox_entry_count(vat, full);
    size_t count = session_count + outbox_count + blobs_entry_count(&vat->blobs, full);
    struct mn_checkpoint_entry *entries = mn_arena_take_array(arena, count, sizeof *entries);
    struct mn_session_state *states =
        mn_arena_take_array_unset(arena, session_count, sizeof *states);
    if (entries == NULL || states == NULL) {
        return false;
    }
    session_entries_into(vat, full, entries, states);
    if (!outbox_entries_into(vat, full, entries + session_count)) {
        return false;
    }
    blobs_entries_into(&vat->blobs, full, entries + session_count + outbox_count);
    checkpoint->record.blob_count = count;
    checkpoint->entries = entries;
    checkpoint->entry_count = count;
    checkpoint->sessions = states;
    checkpoint->session_count = session_count;
    return true;
}

void checkpoint_begin(struct vat *vat, mn_time now, struct vat_effects *effects)
{
    bool full = checkpoint_full(vat);
    struct vat_effect *effect =
        checkpoint_fill(vat, now, full) ? effect_add(effects, VAT_EFFECT_CHECKPOINT) : NULL;
    if (effect == NULL) {
        effects->failed = true;
        return;
    }
    effect->checkpoint = &vat->checkpoint;
    vat->writing = true;
    vat->writing_full = full;
}

static void say_written(const struct vat *vat, const struct vat_undurable *undurable,
                        struct vat_effects *effects)
{
    struct mn_from_vat *message = effect_to_agent(vat, effects, MN_FROM_VAT_WRITTEN);
    if (message == NULL) {
        return;
    }
    message->written.epoch = undurable->epoch;
    message->written.since = undurable->since;
    message->written.onto = undurable->onto;
    message->written.size = undurable->identity.size;
    message->written.digest = undurable->identity.digest;
    message->written.names = undurable->names;
    message->written.name_count = undurable->name_count;
    message->written.heard = undurable->heard;
    message->written.heard_count = undurable->heard_count;
    message->written.heard_before = undurable->heard_before;
    message->written.round = undurable->round;
    message->written.known = undurable->known;
    message->written.known_count = undurable->known_count;
}

void checkpoint_say_again(struct vat *vat, struct vat_effects *effects)
{
    for (size_t i = 0; i < vat->undurable_count; i++) {
        say_written(vat, &vat->undurable[i], effects);
    }
}

void undurable_free(struct vat_undurable *undurable)
{
    free(undurable->names);
    free(undurable->heard);
    free(undurable->known);
}

/* A copy in the heap; NULL for nothing. False when memory ran out. */
static bool copy_array(const void *from, size_t count, size_t element_size, void **copy)
{
    *copy = NULL;
    if (count == 0) {
        return true;
    }
    *copy = malloc(count * element_size);
    if (*copy == NULL) {
        return false;
    }
    memcpy(*copy, from, count * element_size);
    return true;
}

static mn_result undurable_add(struct vat *vat, const struct mn_checkpoint_identity *identity)
{
    const struct mn_checkpoint_record *record = &vat->checkpoint.record;
    mn_result result = mn_grow(&vat->undurable, &vat->undurable_capacity, vat->undurable_count + 1,
                               sizeof(struct vat_undurable), VAT_UNDURABLE_COUNT_MAX);
    if (result != MN_OK) {
        return result;
    }
    void *names = NULL;
    void *heard = NULL;
    void *known = NULL;
    if (!copy_array(record->names, record->name_count, sizeof *record->names, &names) ||
        !copy_array(record->heard, record->heard_count, sizeof *record->heard, &heard) ||
        !copy_array(record->known, record->known_count, sizeof *record->known, &known)) {
        free(names);
        free(heard);
        return MN_NO_MEMORY;
    }
    vat->undurable[vat->undurable_count++] =
        (struct vat_undurable){.epoch = record->epoch,
                               .since = record->since,
                               .onto = record->onto,
                               .identity = *identity,
                               .names = names,
                               .name_count = record->name_count,
                               .heard = heard,
                               .heard_count = record->heard_count,
                               .heard_before = record->heard_before,
                               .round = record->round,
                               .known = known,
                               .known_count = record->known_count};
    vat->undurable_heard += record->heard_count;
    vat->undurable_size += identity->size;
    return MN_OK;
}

/* The sessions' part of closing an epoch. */
static mn_result sessions_settle(struct vat *vat, bool full)
{
    for (size_t i = 0; i < vat->session_count; i++) {
        struct vat_session *session = vat->sessions[i];
        mn_result result = session_mark(session, vat->epoch);
        if (result != MN_OK) {
            return result;
        }
        for (size_t j = 0; j < session->batch_count && session->changed; j++) {
            session->batches[j]->stored = true;
            session->batches[j]->dirty = false;
        }
        session->changed = false;
        session->heard_now = false;
        if (full) {
            session->heard_newest = 0;
        }
    }
    return MN_OK;
}

void checkpoint_on_written(struct vat *vat, const struct mn_checkpoint_identity *identity,
                           struct vat_effects *effects)
{
    mn_assert(vat->writing);
    vat->writing = false;
    bool full = vat->writing_full;
    if (undurable_add(vat, identity) != MN_OK || sessions_settle(vat, full) != MN_OK) {
        effects->failed = true;
        return;
    }
    blobs_settle(&vat->blobs);
    vat->open_size = 0;
    vat->gone_count = 0;
    for (size_t i = 0; i < vat->told_count; i++) {
        if (vat->told[i].epoch == 0) {
            vat->told[i].epoch = vat->epoch;
        }
    }
    if (full) {
        vat->last_full = vat->epoch;
        vat->heard_since = vat->epoch;
        vat->heard_count = 0;
        vat->diff_count = 0;
    } else {
        vat->diff_count += 1;
    }
    vat->heard_before = vat->heard_count;
    vat->newest = vat->epoch;
    vat->epoch += 1;
    mn_assert(mn_epoch_run(vat->epoch) == vat->run);
    say_written(vat, &vat->undurable[vat->undurable_count - 1], effects);
    mn_arena_deinit(&vat->checkpoint_arena);
}

void checkpoint_on_durable(struct vat *vat, mn_time now, mn_epoch epoch, mn_epoch floor,
                           struct vat_effects *effects)
{
    if (epoch > vat->newest) {
        return; /* Nobody can hold what was never written. */
    }
    if (epoch > vat->durable) {
        vat->durable = epoch;
    }
    if (floor > vat->floor) {
        vat->floor = floor < vat->durable ? floor : vat->durable;
        session_settle(vat);
    }
    size_t done = 0;
    while (done < vat->undurable_count && vat->undurable[done].epoch <= vat->durable) {
        vat->undurable_heard -= vat->undurable[done].heard_count;
        vat->undurable_size -= vat->undurable[done].identity.size;
        undurable_free(&vat->undurable[done]);
        done += 1;
    }
    if (done > 0) {
        memmove(vat->undurable, vat->undurable + done,
                (vat->undurable_count - done) * sizeof *vat->undurable);
        vat->undurable_count -= done;
    }
    for (size_t i = 0; i < vat->session_count; i++) {
        struct vat_session *session = vat->sessions[i];
        session_prune(session, vat->floor);
        link_pump(vat, now, session, effects);
        inbound_say_marks(vat, now, session, effects);
    }
    round_on_durable(vat, effects);
}
