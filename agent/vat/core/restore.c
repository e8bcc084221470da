/* A vat made again from the files of its chain. What they say was proven by digests; what is
 * checked here is that they are this vat's files, in this order, and fit together. */
#include "vat_private.h"

#include <stdlib.h>
#include <string.h>

static mn_result restore_heard(struct vat *vat, const struct mn_checkpoint_record *record)
{
    for (uint32_t i = 0; i < record->heard_count; i++) {
        const struct mn_heard *heard = &record->heard[i];
        if (heard->peer >= record->name_count) {
            return MN_CORRUPT;
        }
        struct vat_session *session = NULL;
        mn_result result = session_get(vat, &record->names[heard->peer], &session);
        if (result == MN_OK) {
            result = session_hear(vat, session, heard->epoch);
        }
        if (result != MN_OK) {
            return result == MN_FULL ? MN_CORRUPT : result;
        }
    }
    return MN_OK;
}

mn_result vat_restore_record(struct vat *vat, const struct mn_checkpoint_record *record)
{
    if (vat->chain_done == vat->chain_count || record->epoch != vat->chain[vat->chain_done] ||
        !mn_name_equal(&record->vat, &vat->name) || record->onto != vat->newest ||
        mn_epoch_run(record->epoch) >= vat->run) {
        return MN_CORRUPT;
    }
    /* Each record lists all that its floor has not settled since the last full, so the newest one
     * says it all. */
    vat->heard_count = 0;
    for (size_t i = 0; i < vat->session_count; i++) {
        vat->sessions[i]->heard_newest = 0;
    }
    if (record->onto == 0) {
        vat->last_full = record->epoch;
        vat->heard_since = record->epoch;
        vat->diff_count = 0;
    } else {
        if (record->since < vat->last_full) {
            return MN_CORRUPT;
        }
        vat->heard_since = record->since;
        mn_result result = restore_heard(vat, record);
        if (result != MN_OK) {
            return result;
        }
        vat->diff_count += 1;
    }
    vat->newest = record->epoch;
    vat->restored_incarnation = record->incarnation;
    vat->chain_done += 1;
    if (vat->chain_done == vat->chain_count) {
        vat->round = record->round > vat->round ? record->round : vat->round;
        vat->settled = record->settled > vat->settled ? record->settled : vat->settled;
        return round_restore(vat, record);
    }
    return MN_OK;
}

/* Replace the @count elements at @array. False when memory ran out. */
static bool restore_array(void **array, uint32_t *count, const void *from, uint32_t from_count,
                          size_t element_size)
{
    free(*array);
    *array = NULL;
    *count = 0;
    if (from_count > 0) {
        *array = malloc(from_count * element_size);
        if (*array == NULL) {
            return false;
        }
        memcpy(*array, from, from_count * element_size);
        *count = from_count;
    }
    return true;
}

static mn_result restore_session(struct vat *vat, const struct mn_checkpoint_entry *entry,
                                 const struct mn_session_state *state)
{
    if (state == NULL || entry->tombstone || !mn_name_equal(&state->peer, entry->name) ||
        state->next == 0) {
        return MN_CORRUPT;
    }
    struct vat_session *session = NULL;
    mn_result result = session_get(vat, &state->peer, &session);
    if (result != MN_OK) {
        return result;
    }
    session->run = state->run;
    session->incarnation = state->incarnation;
    session->fork = state->fork;
    session->next = state->next;
    session->taken = state->taken;
    session->covered = state->covered;
    session->covered_epoch = state->covered_epoch;
    session->taken_epoch = state->taken_epoch;
    session->forked = state->forked;
    session->agreed = state->agreed;
    session->gaps_told = state->gaps_told;
    return restore_array((void **)&session->bases, &session->base_count, state->bases.items,
                         state->bases.count, sizeof state->bases.items[0]) &&
                   restore_array((void **)&session->gaps, &session->gap_count, state->gaps.items,
                                 state->gaps.count, sizeof state->gaps.items[0])
               ? MN_OK
               : MN_NO_MEMORY;
}

static mn_result restore_outbox(struct vat *vat, const struct mn_checkpoint_entry *entry)
{
    struct vat_session *session = NULL;
    mn_result result = session_get(vat, entry->name, &session);
    if (result != MN_OK) {
        return result;
    }
    if (entry->tombstone) {
        session_drop_batch(vat, session, entry->number);
        return MN_OK;
    }
    if (entry->number <= 0 || entry->number > vat->newest) {
        return MN_CORRUPT;
    }
    return session_restore_batch(vat, session, entry->number, entry->bytes, entry->size);
}

mn_result vat_restore_entry(struct vat *vat, const struct mn_checkpoint_entry *entry,
                            const struct mn_session_state *session)
{
    switch (entry->space) {
    case MN_ENTRY_BLOB:
        return blobs_restore(&vat->blobs, entry);
    case MN_ENTRY_SESSION:
        return restore_session(vat, entry, session);
    case MN_ENTRY_OUTBOX:
        return restore_outbox(vat, entry);
    }
    return MN_CORRUPT;
}

/* Whether the kept messages are numbered without a hole, up to the next number. */
static bool session_whole(const struct vat_session *session)
{
    uint64_t next = session_oldest(session);
    mn_epoch epoch = 0;
    for (size_t i = 0; i < session->batch_count; i++) {
        const struct vat_batch *batch = session->batches[i];
        if (batch->first != next || batch->epoch <= epoch) {
            return false;
        }
        next = batch->first + batch->count;
        epoch = batch->epoch;
    }
    return next == session->next;
}

mn_result vat_restore_end(struct vat *vat)
{
    if (vat->chain_done != vat->chain_count || vat->newest != vat->keep) {
        return MN_CORRUPT;
    }
    for (size_t i = 0; i < vat->session_count; i++) {
        struct vat_session *session = vat->sessions[i];
        if (!session_whole(session)) {
            return MN_CORRUPT;
        }
        mn_result result = session_mark(session, vat->keep > 0 ? vat->keep : 1);
        if (result != MN_OK) {
            return result;
        }
        session->changed = false;
        session->heard_now = false;
        session->unsure = true;
        if (vat->restored_incarnation < vat->incarnation) {
            result = session_rebase(session, vat->incarnation, session->next);
            if (result != MN_OK) {
                return result;
            }
            session->forked = session->taken + 1;
        }
    }
    blobs_settle(&vat->blobs);
    vat->heard_before = vat->heard_count;
    for (size_t i = 0; i < vat->heard_count; i++) {
        vat->heard[i].in = vat->keep;
    }
    vat->durable = vat->keep;
    return MN_OK;
}
