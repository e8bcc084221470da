/* The table of sessions: numbers, the messages that are kept, marks, and what was heard.
 *
 * Invariant: the kept batches of a session are numbered without a hole up to `next`, and marks grow
 * in epoch and in `taken`. Knows nothing of connections. */
#include "vat_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/grow.h"

enum { BATCH_HEAD_SIZE = 12, BATCH_COUNT_MAX = 1024 * 1024 };

static size_t session_place(const struct vat *vat, const struct mn_name *peer, bool *found)
{
    size_t low = 0;
    size_t high = vat->session_count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = mn_name_compare(&vat->sessions[middle]->peer, peer);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct vat_session *session_find(const struct vat *vat, const struct mn_name *peer)
{
    bool found = false;
    size_t at = session_place(vat, peer, &found);
    return found ? vat->sessions[at] : NULL;
}

mn_result session_get(struct vat *vat, const struct mn_name *peer, struct vat_session **session)
{
    bool found = false;
    size_t at = session_place(vat, peer, &found);
    if (found) {
        *session = vat->sessions[at];
        return MN_OK;
    }
    mn_result result = mn_grow(&vat->sessions, &vat->session_capacity, vat->session_count + 1,
                               sizeof(struct vat_session *), VAT_SESSION_COUNT_MAX);
    if (result != MN_OK) {
        return result;
    }
    struct vat_session *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return MN_NO_MEMORY;
    }
    made->peer = *peer;
    made->next = 1;
    made->incarnation = 0;
    made->due = MN_TIME_NEVER;
    made->asked = INT64_MIN;
    if (vat->incarnation > 1 && session_rebase(made, vat->incarnation) != MN_OK) {
        free(made);
        return MN_NO_MEMORY;
    }
    memmove(&vat->sessions[at + 1], &vat->sessions[at],
            (vat->session_count - at) * sizeof(struct vat_session *));
    vat->sessions[at] = made;
    vat->session_count += 1;
    *session = made;
    return MN_OK;
}

static void batch_free(struct vat_batch *batch)
{
    free(batch->sizes);
    free(batch->payload);
    free(batch);
}

void session_free(struct vat_session *session)
{
    for (size_t i = 0; i < session->batch_count; i++) {
        batch_free(session->batches[i]);
    }
    free(session->batches);
    free(session->bases);
    free(session->gaps);
    free(session->parked);
    free(session->marks);
    free(session);
}

static size_t batch_cost(const struct vat_batch *batch)
{
    return batch->payload_size + batch->count * VAT_MESSAGE_COST;
}

static mn_result session_add_batch(struct vat_session *session, mn_epoch epoch, uint64_t first,
                                   struct vat_batch **batch)
{
    mn_result result =
        mn_grow(&session->batches, &session->batch_capacity, session->batch_count + 1,
                sizeof(struct vat_batch *), BATCH_COUNT_MAX);
    if (result != MN_OK) {
        return result;
    }
    struct vat_batch *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return MN_NO_MEMORY;
    }
    made->epoch = epoch;
    made->first = first;
    session->batches[session->batch_count++] = made;
    *batch = made;
    return MN_OK;
}

mn_result session_keep(struct vat *vat, struct vat_session *session, const void *bytes, size_t size)
{
    size_t cost = size + VAT_MESSAGE_COST;
    if (session->kept_size + cost > VAT_SESSION_KEPT_SIZE_MAX ||
        vat->kept_size + cost > VAT_KEPT_SIZE_MAX) {
        return MN_FULL;
    }
    struct vat_batch *batch =
        session->batch_count == 0 ? NULL : session->batches[session->batch_count - 1];
    mn_result result = MN_OK;
    if (batch == NULL || batch->epoch != vat->epoch) {
        result = session_add_batch(session, vat->epoch, session->next, &batch);
    }
    if (result == MN_OK) {
        result = mn_grow(&batch->sizes, &batch->sizes_capacity, batch->count + 1, sizeof(uint32_t),
                         VAT_SESSION_KEPT_SIZE_MAX / VAT_MESSAGE_COST);
    }
    if (result == MN_OK) {
        result = mn_grow(&batch->payload, &batch->payload_capacity, batch->payload_size + size, 1,
                         VAT_SESSION_KEPT_SIZE_MAX);
    }
    if (result != MN_OK) {
        /* No batch is without a message: the one that was just made goes. */
        if (batch != NULL && batch->count == 0) {
            session->batch_count -= 1;
            batch_free(batch);
        }
        return result;
    }
    if (size > 0) {
        memcpy(batch->payload + batch->payload_size, bytes, size);
    }
    batch->sizes[batch->count++] = (uint32_t)size;
    batch->payload_size += size;
    session->next += 1;
    session->changed = true;
    session->kept_size += cost;
    vat->kept_size += cost;
    return MN_OK;
}

static void put_number(unsigned char *at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        at[i] = (unsigned char)(value >> (8 * i));
    }
}

static uint64_t get_number(const unsigned char *at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = size; i > 0; i--) {
        value = value << 8 | at[i - 1];
    }
    return value;
}

void *batch_bytes(const struct vat_batch *batch, struct mn_arena *arena, size_t *size)
{
    *size = BATCH_HEAD_SIZE + 4 * batch->count + batch->payload_size;
    unsigned char *bytes = mn_arena_take(arena, *size);
    if (bytes == NULL) {
        return NULL;
    }
    put_number(bytes, batch->first, 8);
    put_number(bytes + 8, batch->count, 4);
    for (size_t i = 0; i < batch->count; i++) {
        put_number(bytes + BATCH_HEAD_SIZE + 4 * i, batch->sizes[i], 4);
    }
    if (batch->payload_size > 0) {
        memcpy(bytes + BATCH_HEAD_SIZE + 4 * batch->count, batch->payload, batch->payload_size);
    }
    return bytes;
}

mn_result session_restore_batch(struct vat *vat, struct vat_session *session, mn_epoch epoch,
                                const unsigned char *bytes, size_t size)
{
    if (size < BATCH_HEAD_SIZE) {
        return MN_CORRUPT;
    }
    uint64_t first = get_number(bytes, 8);
    size_t count = (size_t)get_number(bytes + 8, 4);
    if (first == 0 || count == 0 || count > (size - BATCH_HEAD_SIZE) / 4) {
        return MN_CORRUPT;
    }
    size_t payload_size = size - BATCH_HEAD_SIZE - 4 * count;
    size_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += (size_t)get_number(bytes + BATCH_HEAD_SIZE + 4 * i, 4);
    }
    if (sum != payload_size) {
        return MN_CORRUPT;
    }
    struct vat_batch *batch = NULL;
    mn_result result = session_add_batch(session, epoch, first, &batch);
    if (result != MN_OK) {
        return result;
    }
    /* From here on the session owns the batch; on failure the whole vat is dropped. */
    result = mn_grow(&batch->sizes, &batch->sizes_capacity, count, sizeof(uint32_t),
                     VAT_SESSION_KEPT_SIZE_MAX / VAT_MESSAGE_COST);
    if (result == MN_OK) {
        result = mn_grow(&batch->payload, &batch->payload_capacity, payload_size, 1,
                         VAT_SESSION_KEPT_SIZE_MAX);
    }
    if (result != MN_OK) {
        return result == MN_FULL ? MN_CORRUPT : result;
    }
    for (size_t i = 0; i < count; i++) {
        batch->sizes[i] = (uint32_t)get_number(bytes + BATCH_HEAD_SIZE + 4 * i, 4);
    }
    if (payload_size > 0) {
        memcpy(batch->payload, bytes + BATCH_HEAD_SIZE + 4 * count, payload_size);
    }
    batch->count = count;
    batch->payload_size = payload_size;
    batch->stored = true;
    session->kept_size += batch_cost(batch);
    vat->kept_size += batch_cost(batch);
    return MN_OK;
}

void session_drop_batch(struct vat *vat, struct vat_session *session, mn_epoch epoch)
{
    for (size_t i = 0; i < session->batch_count; i++) {
        struct vat_batch *batch = session->batches[i];
        if (batch->epoch == epoch) {
            session->kept_size -= batch_cost(batch);
            vat->kept_size -= batch_cost(batch);
            batch_free(batch);
            memmove(&session->batches[i], &session->batches[i + 1],
                    (session->batch_count - i - 1) * sizeof(struct vat_batch *));
            session->batch_count -= 1;
            return;
        }
    }
}

mn_result session_rebase(struct vat_session *session, uint32_t incarnation)
{
    uint32_t count = session->base_count;
    while (count > 0 && session->bases[count - 1].number >= session->next) {
        count -= 1;
    }
    if (count == MN_BASE_COUNT_MAX) {
        /* A peer that has slept through so many goes back further than it would have to: what it
         * had taken and nobody keeps is a gap. */
        session->bases[0].incarnation = session->bases[1].incarnation;
        memmove(&session->bases[1], &session->bases[2], (count - 2) * sizeof *session->bases);
        count -= 1;
    }
    struct mn_base *bases = realloc(session->bases, (count + 1) * sizeof *bases);
    if (bases == NULL) {
        return MN_NO_MEMORY;
    }
    bases[count] = (struct mn_base){.incarnation = incarnation, .number = session->next};
    session->bases = bases;
    session->base_count = count + 1;
    session->changed = true;
    return MN_OK;
}

uint64_t bases_limit(const struct mn_base *bases, uint32_t count, uint32_t known)
{
    for (uint32_t i = 0; i < count; i++) {
        if (bases[i].incarnation > known) {
            return bases[i].number;
        }
    }
    return UINT64_MAX;
}

struct mn_bases session_bases(const struct vat_session *session)
{
    struct mn_bases bases = {.count = session->base_count};
    mn_assert(bases.count <= MN_BASE_COUNT_MAX);
    if (bases.count > 0) {
        memcpy(bases.items, session->bases, bases.count * sizeof *bases.items);
    }
    return bases;
}

struct mn_gaps session_gaps(const struct vat_session *session)
{
    struct mn_gaps gaps = {.count = session->gap_count};
    mn_assert(gaps.count <= MN_GAP_COUNT_MAX);
    if (gaps.count > 0) {
        memcpy(gaps.items, session->gaps, gaps.count * sizeof *gaps.items);
    }
    return gaps;
}

bool session_skip(const struct vat *vat, struct vat_session *session, uint64_t last)
{
    mn_assert(last > session->taken);
    uint32_t count = session->gap_count;
    if (count == MN_GAP_COUNT_MAX) {
        memmove(&session->gaps[0], &session->gaps[1], (count - 1) * sizeof *session->gaps);
        count -= 1;
    }
    struct mn_gap *gaps = realloc(session->gaps, (count + 1) * sizeof *gaps);
    if (gaps == NULL) {
        return false;
    }
    gaps[count] =
        (struct mn_gap){.incarnation = vat->incarnation, .first = session->taken + 1, .last = last};
    session->gaps = gaps;
    session->gap_count = count + 1;
    session->taken = last;
    session->changed = true;
    return true;
}

uint64_t session_oldest(const struct vat_session *session)
{
    return session->batch_count == 0 ? session->next : session->batches[0]->first;
}

mn_result session_release(struct vat *vat, struct vat_session *session, uint64_t floor)
{
    while (session->batch_count > 0) {
        const struct vat_batch *batch = session->batches[0];
        if (batch->first + batch->count - 1 > floor || batch->epoch > vat->durable) {
            return MN_OK;
        }
        if (batch->stored) {
            mn_result result = mn_grow(&vat->gone, &vat->gone_capacity, vat->gone_count + 1,
                                       sizeof(struct vat_gone), BATCH_COUNT_MAX);
            if (result != MN_OK) {
                return result;
            }
            vat->gone[vat->gone_count++] =
                (struct vat_gone){.session = session, .epoch = batch->epoch};
        }
        session_drop_batch(vat, session, batch->epoch);
    }
    return MN_OK;
}

mn_result session_mark(struct vat_session *session, mn_epoch epoch)
{
    if (session->mark_count > 0 &&
        session->marks[session->mark_count - 1].taken == session->taken) {
        return MN_OK;
    }
    if (session->mark_count == VAT_MARK_COUNT_MAX) {
        /* The newest mark stands for both checkpoints from now on, under the later one's name: what
         * is said to be covered lags behind, which is safe. */
        session->mark_count -= 1;
    }
    mn_result result = mn_grow(&session->marks, &session->mark_capacity, session->mark_count + 1,
                               sizeof(struct vat_mark), VAT_MARK_COUNT_MAX);
    if (result != MN_OK) {
        return result;
    }
    session->marks[session->mark_count++] =
        (struct vat_mark){.epoch = epoch, .taken = session->taken};
    return MN_OK;
}

uint64_t session_taken_at(const struct vat_session *session, mn_epoch epoch)
{
    uint64_t taken = 0;
    for (size_t i = 0; i < session->mark_count && session->marks[i].epoch <= epoch; i++) {
        taken = session->marks[i].taken;
    }
    return taken;
}

void session_prune(struct vat_session *session, mn_epoch floor)
{
    size_t first = 0;
    while (first + 1 < session->mark_count && session->marks[first + 1].epoch <= floor) {
        first += 1;
    }
    if (first > 0) {
        memmove(session->marks, session->marks + first,
                (session->mark_count - first) * sizeof(struct vat_mark));
        session->mark_count -= first;
    }
}

void session_lower(struct vat_session *session, uint64_t taken)
{
    for (size_t i = 0; i < session->mark_count; i++) {
        if (session->marks[i].taken > taken) {
            session->marks[i].taken = taken;
        }
    }
    session->taken = taken;
    session->changed = true;
    /* What the peer will send again under these numbers is new. */
    while (session->gap_count > 0 && session->gaps[session->gap_count - 1].first > taken) {
        session->gap_count -= 1;
    }
    if (session->gap_count > 0 && session->gaps[session->gap_count - 1].last > taken) {
        session->gaps[session->gap_count - 1].last = taken;
    }
    session->marks_said_taken = 0;
    session->marks_said_covered = 0;
    session->marks_said_floor = 0;
}

mn_result session_hear(struct vat *vat, struct vat_session *session, mn_epoch epoch)
{
    if (epoch == session->heard_newest) {
        return MN_OK;
    }
    if (epoch < session->heard_newest) {
        /* Epochs come in growing order but for what a peer sends again after forgetting. */
        for (size_t i = 0; i < vat->heard_count; i++) {
            if (vat->heard[i].session == session && vat->heard[i].epoch == epoch) {
                return MN_OK;
            }
        }
    }
    mn_result result = mn_grow(&vat->heard, &vat->heard_capacity, vat->heard_count + 1,
                               sizeof(struct vat_heard), VAT_HEARD_COUNT_MAX);
    if (result != MN_OK) {
        return result;
    }
    vat->heard[vat->heard_count++] = (struct vat_heard){.session = session, .epoch = epoch};
    if (epoch > session->heard_newest) {
        session->heard_newest = epoch;
    }
    return MN_OK;
}

void session_unhear(struct vat *vat, struct vat_session *session, struct mn_epoch_range range)
{
    size_t kept = 0;
    size_t stored = 0;
    session->heard_newest = 0;
    for (size_t i = 0; i < vat->heard_count; i++) {
        struct vat_heard heard = vat->heard[i];
        if (heard.session == session && heard.epoch >= range.first && heard.epoch <= range.last) {
            continue;
        }
        if (heard.session == session && heard.epoch > session->heard_newest) {
            session->heard_newest = heard.epoch;
        }
        stored += i < vat->heard_stored ? 1 : 0;
        vat->heard[kept++] = heard;
    }
    vat->heard_count = kept;
    vat->heard_stored = stored;
}
