/* The messages that are kept for a peer, one batch an epoch, and what a checkpoint has of them.
 *
 * Invariant: the batches of a session are numbered without a hole up to `next`, withdrawn messages
 * included. Knows nothing of connections. */
#include "vat_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/grow.h"

enum { BATCH_HEAD_SIZE = 24, BATCH_COUNT_MAX = 1024 * 1024 };

void batch_free(struct vat_batch *batch)
{
    payload_cut(batch, 0);
    free(batch->parts);
    free(batch->ends);
    free(batch);
}

static size_t batch_cost(const struct vat_batch *batch)
{
    /* What was withdrawn costs as much as one message: it is remembered in one line. */
    size_t lines = batch->kept + (batch->kept < batch->count ? 1 : 0);
    return batch->payload_size + lines * VAT_MESSAGE_COST;
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

mn_result session_keep(struct vat *vat, mn_time now, struct vat_session *session, const void *bytes,
                       size_t size)
{
    size_t cost = size + VAT_MESSAGE_COST;
    if (session->kept_size + cost > VAT_SESSION_KEPT_SIZE_MAX ||
        vat->kept_size + cost > VAT_KEPT_SIZE_MAX) {
        return MN_FULL;
    }
    bool reached = session->link == VAT_LINK_OPEN || session->link == VAT_LINK_GREETING;
    if (reached && !session->unreachable &&
        session_cost(session, session->sent, session->next - 1) >= VAT_BACKLOG_SIZE_MAX) {
        return MN_FULL;
    }
    struct vat_batch *batch =
        session->batch_count == 0 ? NULL : session->batches[session->batch_count - 1];
    mn_result result = MN_OK;
    if (batch == NULL || batch->epoch != vat->epoch) {
        result = session_add_batch(session, vat->epoch, session->next, &batch);
    }
    if (result == MN_OK) {
        result = mn_grow(&batch->ends, &batch->ends_capacity, batch->count + 1, sizeof(uint32_t),
                         VAT_SESSION_KEPT_SIZE_MAX / VAT_MESSAGE_COST);
    }
    if (result == MN_OK) {
        result = payload_add(batch, bytes, size);
    }
    if (result != MN_OK) {
        /* No batch is without a message: the one that was just made goes. */
        if (batch != NULL && batch->count == 0) {
            session->batch_count -= 1;
            batch_free(batch);
        }
        return result;
    }
    batch->ends[batch->count++] = (uint32_t)batch->payload_size;
    batch->kept = batch->count;
    batch->sent_at = now;
    session->next += 1;
    session->used_at = now;
    session->changed = true;
    session->kept_size += cost;
    vat->kept_size += cost;
    return MN_OK;
}

void batch_withdraw(struct vat *vat, struct vat_session *session, struct vat_batch *batch,
                    size_t kept)
{
    mn_assert(batch->epoch < vat->epoch);
    mn_assert(kept < batch->kept);
    size_t before = batch_cost(batch);
    batch->kept = kept;
    payload_cut(batch, batch_offset(batch, kept));
    batch->gate = vat->epoch;
    batch->dirty = true;
    session->kept_size = session->kept_size - before + batch_cost(batch);
    vat->kept_size = vat->kept_size - before + batch_cost(batch);
    session->changed = true;
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

size_t batch_offset(const struct vat_batch *batch, size_t index)
{
    return index == 0 ? 0 : batch->ends[index - 1];
}

/* u64 first, u32 count, u32 kept, i64 gate, the sizes of those that are kept, their payloads. */
void *batch_bytes(const struct vat_batch *batch, struct mn_arena *arena, size_t *size)
{
    *size = BATCH_HEAD_SIZE + 4 * batch->kept + batch->payload_size;
    unsigned char *bytes = mn_arena_take_unset(arena, *size);
    if (bytes == NULL) {
        return NULL;
    }
    put_number(bytes, batch->first, 8);
    put_number(bytes + 8, batch->count, 4);
    put_number(bytes + 12, batch->kept, 4);
    put_number(bytes + 16, (uint64_t)batch->gate, 8);
    for (size_t i = 0; i < batch->kept; i++) {
        put_number(bytes + BATCH_HEAD_SIZE + 4 * i, batch->ends[i] - batch_offset(batch, i), 4);
    }
    payload_into(batch, bytes + BATCH_HEAD_SIZE + 4 * batch->kept);
    return bytes;
}

/* The head of a batch; false when it contradicts itself or the @size that follows. */
static bool batch_head(const unsigned char *bytes, size_t size, mn_epoch newest,
                       struct vat_batch *head)
{
    if (size < BATCH_HEAD_SIZE) {
        return false;
    }
    uint64_t gate = get_number(bytes + 16, 8);
    *head = (struct vat_batch){.first = get_number(bytes, 8),
                               .count = (size_t)get_number(bytes + 8, 4),
                               .kept = (size_t)get_number(bytes + 12, 4)};
    if (head->first == 0 || head->count == 0 || head->kept > head->count ||
        head->kept > (size - BATCH_HEAD_SIZE) / 4 || gate > (uint64_t)newest ||
        (head->kept < head->count) != (gate != 0)) {
        return false;
    }
    head->gate = (mn_epoch)gate;
    head->payload_size = size - BATCH_HEAD_SIZE - 4 * head->kept;
    size_t sum = 0;
    for (size_t i = 0; i < head->kept; i++) {
        sum += (size_t)get_number(bytes + BATCH_HEAD_SIZE + 4 * i, 4);
    }
    return sum == head->payload_size;
}

/* The batch of @epoch, made if there is none: a later file of the chain may have another form. */
static mn_result batch_of_epoch(struct vat *vat, struct vat_session *session, mn_epoch epoch,
                                struct vat_batch **batch)
{
    for (size_t i = session->batch_count; i > 0 && session->batches[i - 1]->epoch >= epoch; i--) {
        if (session->batches[i - 1]->epoch == epoch) {
            *batch = session->batches[i - 1];
            session->kept_size -= batch_cost(*batch);
            vat->kept_size -= batch_cost(*batch);
            (*batch)->kept = (*batch)->count = 0;
            payload_cut(*batch, 0);
            return MN_OK;
        }
    }
    return session_add_batch(session, epoch, 0, batch);
}

mn_result session_restore_batch(struct vat *vat, struct vat_session *session, mn_epoch epoch,
                                const unsigned char *bytes, size_t size)
{
    struct vat_batch head;
    if (!batch_head(bytes, size, vat->newest, &head)) {
        return MN_CORRUPT;
    }
    struct vat_batch *batch = NULL;
    mn_result result = batch_of_epoch(vat, session, epoch, &batch);
    if (result != MN_OK) {
        return result;
    }
    /* From here on the session owns the batch; on failure the whole vat is dropped. */
    result = mn_grow(&batch->ends, &batch->ends_capacity, head.kept, sizeof(uint32_t),
                     VAT_SESSION_KEPT_SIZE_MAX / VAT_MESSAGE_COST);
    if (result == MN_OK) {
        result = payload_add(batch, bytes + BATCH_HEAD_SIZE + 4 * head.kept, head.payload_size);
    }
    if (result != MN_OK) {
        return result == MN_FULL ? MN_CORRUPT : result;
    }
    uint32_t end = 0;
    for (size_t i = 0; i < head.kept; i++) {
        end += (uint32_t)get_number(bytes + BATCH_HEAD_SIZE + 4 * i, 4);
        batch->ends[i] = end;
    }
    batch->first = head.first;
    batch->count = head.count;
    batch->kept = head.kept;
    batch->gate = head.gate;
    batch->stored = true;
    session->kept_size += batch_cost(batch);
    vat->kept_size += batch_cost(batch);
    return MN_OK;
}

size_t session_batch_above(const struct vat_session *session, uint64_t number)
{
    size_t low = 0;
    size_t high = session->batch_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct vat_batch *batch = session->batches[middle];
        if (batch->first + batch->count - 1 <= number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

size_t session_cost(const struct vat_session *session, uint64_t after, uint64_t last)
{
    size_t cost = 0;
    if (after >= last) {
        return 0; /* mostly nothing waits: then no batch need be looked for */
    }
    for (size_t i = session_batch_above(session, after); i < session->batch_count; i++) {
        const struct vat_batch *batch = session->batches[i];
        if (batch->first > last) {
            break;
        }
        size_t from = batch->first > after ? 0 : (size_t)(after + 1 - batch->first);
        size_t to = batch->first + batch->count - 1 <= last ? batch->count
                                                            : (size_t)(last + 1 - batch->first);
        to = to < batch->kept ? to : batch->kept;
        from = from < to ? from : to;
        cost +=
            batch_offset(batch, to) - batch_offset(batch, from) + (to - from) * VAT_MESSAGE_COST;
    }
    return cost;
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

uint64_t session_oldest(const struct vat_session *session)
{
    return session->batch_count == 0 ? session->next : session->batches[0]->first;
}

/* Let go of the first messages of a batch that no checkpoint has, as far as chunks hold nothing
 * else, when that is at least half of it: so moving up the others' ends costs no more than keeping
 * them did. */
static void batch_trim(struct vat *vat, struct vat_session *session, struct vat_batch *batch,
                       uint64_t floor)
{
    size_t gone = floor < batch->first ? 0 : (size_t)(floor + 1 - batch->first);
    if (batch->stored || gone * 2 < batch->count || gone >= batch->kept) {
        return;
    }
    size_t before = batch_cost(batch);
    size_t begin = payload_drop(batch, batch_offset(batch, gone));
    while (gone > 0 && batch->ends[gone - 1] > begin) {
        gone -= 1;
    }
    for (size_t i = gone; i < batch->kept; i++) {
        batch->ends[i - gone] = batch->ends[i] - (uint32_t)begin;
    }
    batch->first += gone;
    batch->count -= gone;
    batch->kept -= gone;
    session->kept_size = session->kept_size - before + batch_cost(batch);
    vat->kept_size = vat->kept_size - before + batch_cost(batch);
}

mn_result session_release(struct vat *vat, struct vat_session *session, uint64_t floor)
{
    while (session->batch_count > 0) {
        struct vat_batch *batch = session->batches[0];
        /* An early sender's peer may be past what is not durable here: it will never need it. */
        if (batch->epoch > vat->durable && !vat->early) {
            return MN_OK;
        }
        if (batch->first + batch->count - 1 > floor) {
            batch_trim(vat, session, batch, floor);
            return MN_OK;
        }
        gaps_release(session, batch);
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
        session->changed = true; /* who lets go remembers why: what the peer had called durable */
    }
    return MN_OK;
}
