/* The columns of evidence.proto, written as protocol buffers have them: numbers in groups of seven
 * bits, packed, behind their field's number and length; the fields in the order of their numbers.
 * https://protobuf.dev/programming-guides/encoding/ */
#include "wire/evidence_writer.h"

#include <string.h>

#include "base/check.h"
#include "wire/evidence_private.h"

enum { NUMBER_SIZE_MAX = 10, TYPE_NUMBER = 0, TYPE_BYTES = 2 };

/* evidence.proto's numbers. */
enum {
    FIELD_EVIDENCE = 1,
    FIELD_DOMAIN_NAME,
    FIELD_DOMAIN_IN,
    FIELD_HOST_NAME,
    FIELD_HOST_IN,
    FIELD_STORE_NAME,
    FIELD_STORE_IN,
    FIELD_VAT_NAME,
    FIELD_VAT_HOST,
    FIELD_VAT_FLOOR,
    FIELD_VAT_LIMIT,
    FIELD_VAT_BE_TOLD,
    FIELD_VAT_EARLY,
    FIELD_VAT_LINEAGE_COUNT,
    FIELD_LINEAGE_AFTER,
    FIELD_LINEAGE_NEXT,
    FIELD_LINEAGE_SEEN,
    FIELD_LINEAGE_TOLD,
    FIELD_CHECKPOINT_VAT,
    FIELD_CHECKPOINT_EPOCH,
    FIELD_CHECKPOINT_SINCE,
    FIELD_CHECKPOINT_DURABLE,
    FIELD_CHECKPOINT_HEARD_COUNT,
    FIELD_CHECKPOINT_FORM_COUNT,
    FIELD_CHECKPOINT_HEARD_VAT,
    FIELD_CHECKPOINT_HEARD_EPOCH,
    FIELD_FORM_ONTO,
    FIELD_FORM_NEED,
    FIELD_FORM_COPY_COUNT,
    FIELD_COPY_STORE,
    FIELD_OPEN_VAT,
    FIELD_OPEN_EPOCH,
    FIELD_OPEN_SINCE,
    FIELD_OPEN_HEARD_COUNT,
    FIELD_OPEN_HEARD_VAT,
    FIELD_OPEN_HEARD_EPOCH,
    FIELD_LOST_DOMAIN,
    FIELD_LOST_HOST,
    FIELD_LOST_STORE,
    FIELD_LOST_VAT,
    FIELD_LOST_CHECKPOINT_VAT,
    FIELD_LOST_CHECKPOINT_EPOCH,
    FIELD_LOST_COPY_VAT,
    FIELD_LOST_COPY_EPOCH,
    FIELD_LOST_COPY_STORE,
    FIELD_UNKNOWN_VAT,
    FIELD_UNKNOWN_STORE,
    FIELD_TOTAL_LOSS_ROLL_BACK,
    FIELD_TELL,
    FIELD_RENEWED_VAT,
    FIELD_COUNT
};

_Static_assert((int)FIELD_COUNT == (int)MN_EVIDENCE_COLUMN_COUNT, "a buffer for each field");
_Static_assert(FIELD_RENEWED_VAT == 50, "evidence.proto's last number");

void mn_evidence_writer_deinit(struct mn_evidence_writer *writer)
{
    for (size_t i = 0; i < MN_EVIDENCE_COLUMN_COUNT; i++) {
        mn_buffer_deinit(&writer->columns[i]);
    }
}

/* ---- elements -------------------------------------------------------------------------------- */

/* Room for @size more bytes of the column; false after a failure. */
static bool writer_reserve(struct mn_evidence_writer *writer, struct mn_buffer *column, size_t size)
{
    if (writer->result == MN_OK && column->capacity - column->size < size) {
        writer->result = mn_buffer_reserve(column, size);
    }
    return writer->result == MN_OK;
}

static void buffer_number(struct mn_buffer *buffer, uint64_t number)
{
    unsigned char *at = buffer->bytes + buffer->size;
    while (number > 0x7f) {
        *at++ = (unsigned char)(number | 0x80);
        number >>= 7;
    }
    *at++ = (unsigned char)number;
    buffer->size = (size_t)(at - buffer->bytes);
}

static void write_number(struct mn_evidence_writer *writer, unsigned field, uint64_t number)
{
    struct mn_buffer *column = &writer->columns[field];
    if (writer_reserve(writer, column, NUMBER_SIZE_MAX)) {
        buffer_number(column, number);
    }
}

static void write_epoch(struct mn_evidence_writer *writer, unsigned field, mn_epoch epoch)
{
    write_number(writer, field, (uint64_t)epoch);
}

/* 0 when none is given. */
static void write_given(struct mn_evidence_writer *writer, unsigned field, bool given,
                        mn_epoch epoch)
{
    write_number(writer, field, given ? (uint64_t)epoch + 1 : 0);
}

static void write_step(struct mn_evidence_writer *writer, unsigned field, mn_epoch epoch)
{
    write_number(writer, field, codec_fold(writer->last[field], epoch));
    writer->last[field] = epoch;
}

/* 0 when none is given. */
static void write_since(struct mn_evidence_writer *writer, unsigned field, bool given,
                        mn_epoch since, mn_epoch epoch)
{
    write_number(writer, field, given ? codec_fold(since, epoch) + 1 : 0);
}

/* Texts are not packed: each has the field's number before it. */
static void write_text(struct mn_evidence_writer *writer, unsigned field, const char *text)
{
    struct mn_buffer *column = &writer->columns[field];
    size_t size = strlen(text);
    if (writer_reserve(writer, column, 2 * (size_t)NUMBER_SIZE_MAX + size)) {
        buffer_number(column, field << 3 | TYPE_BYTES);
        buffer_number(column, size);
        memcpy(column->bytes + column->size, text, size);
        column->size += size;
    }
}

/* An index, or 0 for EVIDENCE_NONE. */
static void write_above(struct mn_evidence_writer *writer, unsigned field, uint32_t index)
{
    write_number(writer, field, (uint32_t)(index + 1));
}

/* ---- rows ------------------------------------------------------------------------------------ */

void mn_evidence_write_domain(struct mn_evidence_writer *writer, const struct evidence_domain *row)
{
    write_text(writer, FIELD_DOMAIN_NAME, row->name);
    write_above(writer, FIELD_DOMAIN_IN, row->in);
}

void mn_evidence_write_host(struct mn_evidence_writer *writer, const struct evidence_host *row)
{
    writer->host_count += 1;
    write_text(writer, FIELD_HOST_NAME, row->name);
    write_above(writer, FIELD_HOST_IN, row->in);
}

void mn_evidence_write_store(struct mn_evidence_writer *writer, const struct evidence_store *row)
{
    uint32_t in = 0;
    if (row->place == EVIDENCE_IN_HOST) {
        in = row->in + 1;
    } else if (row->place == EVIDENCE_IN_DOMAIN) {
        in = writer->host_count + row->in + 1;
    }
    write_text(writer, FIELD_STORE_NAME, row->name);
    write_number(writer, FIELD_STORE_IN, in);
}

void mn_evidence_write_vat(struct mn_evidence_writer *writer, const struct evidence_vat *row)
{
    write_text(writer, FIELD_VAT_NAME, row->name);
    write_above(writer, FIELD_VAT_HOST, row->host);
    write_given(writer, FIELD_VAT_FLOOR, row->has_floor, row->floor);
    write_epoch(writer, FIELD_VAT_LIMIT, row->limit);
    write_number(writer, FIELD_VAT_BE_TOLD, row->on_peer_rollback == EVIDENCE_BE_TOLD);
    write_number(writer, FIELD_VAT_EARLY, row->sends == EVIDENCE_EARLY);
    write_number(writer, FIELD_VAT_LINEAGE_COUNT, row->lineage_count);
    for (size_t i = 0; i < row->lineage_count; i++) {
        const struct evidence_lineage *fork = &row->lineage[i];
        write_epoch(writer, FIELD_LINEAGE_AFTER, fork->after);
        write_epoch(writer, FIELD_LINEAGE_NEXT, fork->next);
        write_number(writer, FIELD_LINEAGE_SEEN, fork->seen);
        write_number(writer, FIELD_LINEAGE_TOLD, fork->told);
    }
}

static void write_form(struct mn_evidence_writer *writer, const struct evidence_form *form)
{
    write_epoch(writer, FIELD_FORM_ONTO, form->onto);
    write_number(writer, FIELD_FORM_NEED, form->need);
    write_number(writer, FIELD_FORM_COPY_COUNT, form->at_count);
    for (size_t i = 0; i < form->at_count; i++) {
        write_number(writer, FIELD_COPY_STORE, form->at[i]);
    }
}

void mn_evidence_write_checkpoint(struct mn_evidence_writer *writer,
                                  const struct evidence_checkpoint *row)
{
    write_number(writer, FIELD_CHECKPOINT_VAT, row->vat);
    write_step(writer, FIELD_CHECKPOINT_EPOCH, row->epoch);
    write_since(writer, FIELD_CHECKPOINT_SINCE, row->has_since, row->since, row->epoch);
    write_number(writer, FIELD_CHECKPOINT_DURABLE, row->durable);
    write_number(writer, FIELD_CHECKPOINT_HEARD_COUNT, row->heard_count);
    write_number(writer, FIELD_CHECKPOINT_FORM_COUNT, row->form_count);
    for (size_t i = 0; i < row->heard_count; i++) {
        write_number(writer, FIELD_CHECKPOINT_HEARD_VAT, row->heard[i].vat);
        write_step(writer, FIELD_CHECKPOINT_HEARD_EPOCH, row->heard[i].epoch);
    }
    for (size_t i = 0; i < row->form_count; i++) {
        write_form(writer, &row->forms[i]);
    }
}

/* What a round waits for: a decision is made when all of these are known. So there is room for all
 * that was heard before any of it is written. */
void mn_evidence_write_open(struct mn_evidence_writer *writer, const struct evidence_open *row)
{
    struct mn_buffer *vats = &writer->columns[FIELD_OPEN_HEARD_VAT];
    struct mn_buffer *epochs = &writer->columns[FIELD_OPEN_HEARD_EPOCH];
    write_number(writer, FIELD_OPEN_VAT, row->vat);
    write_step(writer, FIELD_OPEN_EPOCH, row->epoch);
    write_since(writer, FIELD_OPEN_SINCE, row->has_since, row->since, row->epoch);
    write_number(writer, FIELD_OPEN_HEARD_COUNT, row->heard_count);
    if (!writer_reserve(writer, vats, row->heard_count * NUMBER_SIZE_MAX) ||
        !writer_reserve(writer, epochs, row->heard_count * NUMBER_SIZE_MAX)) {
        return;
    }
    mn_epoch last = writer->last[FIELD_OPEN_HEARD_EPOCH];
    for (size_t i = 0; i < row->heard_count; i++) {
        buffer_number(vats, row->heard[i].vat);
        buffer_number(epochs, codec_fold(last, row->heard[i].epoch));
        last = row->heard[i].epoch;
    }
    writer->last[FIELD_OPEN_HEARD_EPOCH] = last;
}

void mn_evidence_write_lost_checkpoint(struct mn_evidence_writer *writer,
                                       const struct evidence_lost_checkpoint *row)
{
    write_number(writer, FIELD_LOST_CHECKPOINT_VAT, row->vat);
    write_epoch(writer, FIELD_LOST_CHECKPOINT_EPOCH, row->epoch);
}

void mn_evidence_write_lost_copy(struct mn_evidence_writer *writer,
                                 const struct evidence_lost_copy *row)
{
    write_number(writer, FIELD_LOST_COPY_VAT, row->vat);
    write_epoch(writer, FIELD_LOST_COPY_EPOCH, row->epoch);
    write_number(writer, FIELD_LOST_COPY_STORE, row->store);
}

void mn_evidence_write_listed(struct mn_evidence_writer *writer, enum mn_evidence_list list,
                              uint32_t index)
{
    static const unsigned fields[] = {
        [MN_EVIDENCE_LOST_DOMAINS] = FIELD_LOST_DOMAIN,
        [MN_EVIDENCE_LOST_HOSTS] = FIELD_LOST_HOST,
        [MN_EVIDENCE_LOST_STORES] = FIELD_LOST_STORE,
        [MN_EVIDENCE_LOST_VATS] = FIELD_LOST_VAT,
        [MN_EVIDENCE_UNKNOWN_VATS] = FIELD_UNKNOWN_VAT,
        [MN_EVIDENCE_UNKNOWN_STORES] = FIELD_UNKNOWN_STORE,
        [MN_EVIDENCE_TELL] = FIELD_TELL,
        [MN_EVIDENCE_RENEWED] = FIELD_RENEWED_VAT,
    };
    write_number(writer, fields[list], index);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool field_is_packed(unsigned field)
{
    switch (field) {
    case FIELD_EVIDENCE:
    case FIELD_DOMAIN_NAME:
    case FIELD_HOST_NAME:
    case FIELD_STORE_NAME:
    case FIELD_VAT_NAME:
    case FIELD_TOTAL_LOSS_ROLL_BACK:
        return false;
    default:
        return true;
    }
}

/* A field that is one number; 0 is not written. */
static void write_single(struct mn_evidence_writer *writer, unsigned field, uint64_t number)
{
    if (number != 0) {
        write_number(writer, field, field << 3 | TYPE_NUMBER);
        write_number(writer, field, number);
    }
}

/* The size that stands before a piece, the lowest byte first. */
static void put_size(unsigned char *at, size_t size)
{
    for (unsigned i = 0; i < MN_EVIDENCE_SIZE_SIZE; i++) {
        at[i] = (unsigned char)((uint64_t)size >> 8 * i);
    }
}

static void piece_put(struct mn_evidence_writer *writer, struct mn_buffer *buffer)
{
    size_t before = buffer->size;
    buffer->size += MN_EVIDENCE_SIZE_SIZE;
    for (unsigned i = 0; i < MN_EVIDENCE_COLUMN_COUNT; i++) {
        struct mn_buffer *column = &writer->columns[i];
        if (column->size == 0) {
            continue;
        }
        if (field_is_packed(i)) {
            buffer_number(buffer, i << 3 | TYPE_BYTES);
            buffer_number(buffer, column->size);
        }
        memcpy(buffer->bytes + buffer->size, column->bytes, column->size);
        buffer->size += column->size;
        column->size = 0;
    }
    put_size(buffer->bytes + before, buffer->size - before - MN_EVIDENCE_SIZE_SIZE);
}

mn_result mn_evidence_write_piece(struct mn_evidence_writer *writer,
                                  enum evidence_total_loss total_loss, struct mn_buffer *buffer)
{
    write_single(writer, FIELD_EVIDENCE, 1);
    write_single(writer, FIELD_TOTAL_LOSS_ROLL_BACK, total_loss == EVIDENCE_TOTAL_LOSS_ROLL_BACK);
    size_t size = MN_EVIDENCE_SIZE_SIZE;
    for (unsigned i = 0; i < MN_EVIDENCE_COLUMN_COUNT; i++) {
        size += writer->columns[i].size + 2 * (size_t)NUMBER_SIZE_MAX;
    }
    if (writer->result == MN_OK && size > EVIDENCE_SIZE_MAX) {
        writer->result = MN_TOO_LARGE;
    }
    if (!writer_reserve(writer, buffer, size)) {
        return writer->result;
    }
    piece_put(writer, buffer);
    memset(writer->last, 0, sizeof writer->last);
    writer->host_count = 0;
    return MN_OK;
}
