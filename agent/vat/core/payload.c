/* The bytes of a batch's messages, in chunks that those who send them hold as well, so that nothing
 * is copied to be sent and nothing moved when the first of them go.
 *
 * A message lies in one chunk whole. Each chunk has room for twice as much as the one before it, up
 * to what goes together in one Data, so that a batch of little takes little and one of much few. A
 * chunk is never made larger: who sends from it holds the bytes where they are.
 *
 * Invariant: the parts follow each other without a hole, and none is empty. */
#include "vat_private.h"

#include <string.h>

#include "base/check.h"
#include "base/grow.h"

/* Most batches of most vats are one small message, and each has a chunk. */
enum { CHUNK_SIZE_FIRST = 128, CHUNK_SIZE_SECOND = 512 };

static size_t part_end(const struct vat_batch *batch, size_t index)
{
    return index + 1 < batch->part_count ? batch->parts[index + 1].begin : batch->payload_size;
}

mn_result payload_add(struct vat_batch *batch, const void *bytes, size_t size)
{
    if (size == 0) {
        return MN_OK;
    }
    size_t most = 0; /* of the last chunk */
    size_t used = 0; /* of that */
    if (batch->part_count > 0) {
        const struct vat_part *last = &batch->parts[batch->part_count - 1];
        most = last->chunk->size;
        used = batch->payload_size - last->begin;
    }
    if (size > most - used) {
        mn_result result = mn_grow(&batch->parts, &batch->part_capacity, batch->part_count + 1,
                                   sizeof(struct vat_part), VAT_SESSION_KEPT_SIZE_MAX);
        if (result != MN_OK) {
            return result;
        }
        size_t room = 2 * most < VAT_DATA_SIZE_MAX ? 2 * most : VAT_DATA_SIZE_MAX;
        size_t least = batch->part_count == 0 ? CHUNK_SIZE_FIRST : CHUNK_SIZE_SECOND;
        room = room > least ? room : least;
        struct mn_chunk *chunk = mn_chunk_new(size > room ? size : room);
        if (chunk == NULL) {
            return MN_NO_MEMORY;
        }
        batch->parts[batch->part_count++] =
            (struct vat_part){.chunk = chunk, .begin = (uint32_t)batch->payload_size};
        used = 0;
    }
    memcpy(batch->parts[batch->part_count - 1].chunk->bytes + used, bytes, size);
    batch->payload_size += size;
    return MN_OK;
}

/* The part with the byte at @offset, or the last one before it. */
static size_t part_of(const struct vat_batch *batch, size_t offset)
{
    size_t low = 0;
    size_t high = batch->part_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (batch->parts[middle].begin <= offset) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

struct vat_bytes payload_at(const struct vat_batch *batch, size_t offset)
{
    if (offset == batch->payload_size) {
        return (struct vat_bytes){NULL, NULL, 0};
    }
    mn_assert(offset < batch->payload_size);
    size_t index = part_of(batch, offset);
    const struct vat_part *part = &batch->parts[index];
    return (struct vat_bytes){.chunk = part->chunk,
                              .bytes = part->chunk->bytes + (offset - part->begin),
                              .size = part_end(batch, index) - offset};
}

void payload_into(const struct vat_batch *batch, unsigned char *bytes)
{
    for (size_t i = 0; i < batch->part_count; i++) {
        const struct vat_part *part = &batch->parts[i];
        memcpy(bytes + part->begin, part->chunk->bytes, part_end(batch, i) - part->begin);
    }
}

size_t payload_drop(struct vat_batch *batch, size_t size)
{
    size_t gone = 0;
    while (gone < batch->part_count && part_end(batch, gone) <= size) {
        mn_chunk_drop(&batch->parts[gone].chunk);
        gone += 1;
    }
    if (gone == 0) {
        return 0;
    }
    size_t dropped = part_end(batch, gone - 1);
    batch->part_count -= gone;
    memmove(batch->parts, batch->parts + gone, batch->part_count * sizeof *batch->parts);
    for (size_t i = 0; i < batch->part_count; i++) {
        batch->parts[i].begin -= (uint32_t)dropped;
    }
    batch->payload_size -= dropped;
    return dropped;
}

void payload_cut(struct vat_batch *batch, size_t size)
{
    while (batch->part_count > 0 && batch->parts[batch->part_count - 1].begin >= size) {
        batch->part_count -= 1;
        mn_chunk_drop(&batch->parts[batch->part_count].chunk);
    }
    batch->payload_size = size;
}
