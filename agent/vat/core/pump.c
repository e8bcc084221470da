/* What leaves on an open link: as many messages in one Data as fit, a large message in pieces, and
 * no more at once than the window. What waits behind it leaves when the peer says what is there,
 * so that no session fills the queues that others share. */
#include "vat_private.h"

#include "base/check.h"

/* Bytes that were sent and that the peer has not said are there. */
static size_t pump_under_way(const struct vat_session *session)
{
    size_t sent = session_cost(session, session->acked, session->sent) + session->sent_begun;
    return sent > session->acked_begun ? sent - session->acked_begun : 0;
}

/* A Data of @bytes; NULL when memory ran out. */
static struct mn_session *pump_data(const struct vat *vat, const struct vat_session *session,
                                    const struct vat_bytes *bytes, struct vat_effects *effects)
{
    struct mn_session *message = effect_to_peer(vat, effects, session, MN_SESSION_DATA);
    if (message != NULL && bytes->size > 0) {
        message->data.payload = bytes->bytes;
        message->data.payload_size = bytes->size;
        effects->items[effects->count - 1].chunk = bytes->chunk;
    }
    return message;
}

/* The next piece of the message at @index; returns its size, 0 when memory ran out. */
static size_t pump_piece(const struct vat *vat, struct vat_session *session,
                         const struct vat_batch *batch, size_t index, struct vat_effects *effects)
{
    uint32_t total = (uint32_t)(batch->ends[index] - batch_offset(batch, index));
    uint32_t left = total - session->sent_begun;
    struct vat_bytes bytes = payload_at(batch, batch_offset(batch, index) + session->sent_begun);
    bytes.size = left < MN_PIECE_SIZE_MAX ? left : MN_PIECE_SIZE_MAX;
    struct mn_session *message = pump_data(vat, session, &bytes, effects);
    uint32_t *size = effect_take(effects, sizeof *size);
    if (message == NULL || size == NULL) {
        return 0;
    }
    *size = (uint32_t)bytes.size;
    message->data.epoch = batch->epoch;
    message->data.first = batch->first + index;
    message->data.sizes = size;
    message->data.count = 1;
    message->data.total = total;
    message->data.offset = session->sent_begun;
    session->sent_begun += *size;
    if (session->sent_begun == total) {
        session->sent_begun = 0;
        session->sent += 1;
    }
    return *size;
}

/* As many messages from @index on as lie together, fit into one Data and, but for the first, into
 * @room; returns what they cost, 0 when memory ran out. */
static size_t pump_whole(const struct vat *vat, struct vat_session *session,
                         const struct vat_batch *batch, size_t index, size_t room,
                         struct vat_effects *effects)
{
    size_t begin = batch_offset(batch, index);
    struct vat_bytes bytes = payload_at(batch, begin);
    size_t most = bytes.size < VAT_DATA_SIZE_MAX ? bytes.size : VAT_DATA_SIZE_MAX;
    size_t count = 1;
    while (index + count < batch->kept && count < VAT_DATA_COUNT_MAX &&
           batch->ends[index + count] - begin <= most &&
           batch->ends[index + count] - begin + (count + 1) * VAT_MESSAGE_COST <= room) {
        count += 1;
    }
    bytes.size = batch->ends[index + count - 1] - begin;
    struct mn_session *message = pump_data(vat, session, &bytes, effects);
    uint32_t *sizes = effect_take(effects, count * sizeof *sizes);
    if (message == NULL || sizes == NULL) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        sizes[i] = (uint32_t)(batch->ends[index + i] - batch_offset(batch, index + i));
    }
    message->data.epoch = batch->epoch;
    message->data.first = batch->first + index;
    message->data.sizes = sizes;
    message->data.count = (uint32_t)count;
    session->sent += count;
    return bytes.size + count * VAT_MESSAGE_COST;
}

/* Say that what was withdrawn of @batch will never come. False when it may not be said yet. */
static bool pump_skip(const struct vat *vat, struct vat_session *session,
                      const struct vat_batch *batch, struct vat_effects *effects)
{
    uint64_t last = batch->first + batch->count - 1;
    if (session->sent >= last) {
        return true;
    }
    struct mn_session *message =
        batch->gate > vat->durable ? NULL : effect_to_peer(vat, effects, session, MN_SESSION_SKIP);
    if (message == NULL) {
        return false;
    }
    message->skip.epoch = batch->gate;
    message->skip.first = session->sent + 1;
    message->skip.last = last;
    session->sent = last;
    session->sent_begun = 0;
    return true;
}

/* Send of @batch what fits into @room; returns what is left of it. */
static size_t pump_batch(const struct vat *vat, struct vat_session *session,
                         const struct vat_batch *batch, size_t room, struct vat_effects *effects)
{
    while (room > 0 && session->sent + 1 < batch->first + batch->kept) {
        size_t index = (size_t)(session->sent + 1 - batch->first);
        size_t size = batch->ends[index] - batch_offset(batch, index);
        size_t used = size > MN_PIECE_SIZE_MAX
                          ? pump_piece(vat, session, batch, index, effects)
                          : pump_whole(vat, session, batch, index, room, effects);
        if (used == 0) {
            return 0;
        }
        room = used < room ? room - used : 0;
    }
    return room > 0 && pump_skip(vat, session, batch, effects) ? room : 0;
}

void link_pump(struct vat *vat, mn_time now, struct vat_session *session,
               struct vat_effects *effects)
{
    if (session->link != VAT_LINK_OPEN) {
        return;
    }
    size_t under_way = pump_under_way(session);
    size_t room = under_way < VAT_WINDOW_SIZE_MAX ? VAT_WINDOW_SIZE_MAX - under_way : 0;
    uint64_t sent = session->sent;
    uint32_t begun = session->sent_begun;
    for (size_t i = session_batch_above(session, session->sent);
         i < session->batch_count && room > 0; i++) {
        const struct vat_batch *batch = session->batches[i];
        if (!vat->early && batch->epoch > vat->durable) {
            break;
        }
        mn_assert(batch->first <= session->sent + 1);
        room = pump_batch(vat, session, batch, room, effects);
    }
    if (session->sent > session->sent_ever) {
        session->sent_ever = session->sent;
    }
    if (under_way == 0 && (session->sent != sent || session->sent_begun != begun)) {
        link_due_open(vat, now, session);
    }
}
