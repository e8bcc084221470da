/* The journal at its keepers. A piece of a record begins at a multiple of the size of a piece and
 * is as large as one, but for the last: so a keeper may file it under its number. */
#include "codec_keeping.h"

#include <string.h>

Mneme__KeptRecord *codec_kept_out(struct codec *codec, const struct mn_kept *record)
{
    Mneme__KeptRecord *out = codec_take(codec, 1, sizeof *out);
    if (out != NULL) {
        mneme__kept_record__init(out);
        out->sequence = record->sequence;
        out->generation = record->generation;
        out->kind = record->kind;
        out->written_at = record->written_at;
        out->size = record->size;
        out->offset = record->offset;
        out->bytes.data = (uint8_t *)codec_text((const char *)record->bytes);
        out->bytes.len = record->byte_count;
    }
    return out;
}

static Mneme__KeptRecord **records_out(struct codec *codec, const struct mn_kept *records,
                                       uint32_t count)
{
    Mneme__KeptRecord **out = codec_take(codec, count, sizeof(Mneme__KeptRecord *));
    for (uint32_t i = 0; out != NULL && i < count; i++) {
        out[i] = codec_kept_out(codec, &records[i]);
    }
    return out;
}

static bool kept_fits(const Mneme__KeptRecord *in)
{
    return in->sequence > 0 && in->generation > 0 && in->size <= MN_RECORD_SIZE_MAX &&
           in->offset % MN_PIECE_SIZE_MAX == 0 && in->offset <= in->size &&
           in->bytes.len == (in->size - in->offset < MN_PIECE_SIZE_MAX ? in->size - in->offset
                                                                       : MN_PIECE_SIZE_MAX) &&
           (in->bytes.len > 0 || in->size == 0);
}

void codec_kept_in(struct codec *codec, const Mneme__KeptRecord *in, struct mn_kept *out)
{
    if (!codec_check(codec, kept_fits(in))) {
        return;
    }
    unsigned char *bytes = codec_take(codec, in->bytes.len, 1);
    if (bytes != NULL && in->bytes.len > 0) {
        memcpy(bytes, in->bytes.data, in->bytes.len);
    }
    *out = (struct mn_kept){.sequence = in->sequence,
                            .generation = codec_generation_in(codec, in->generation),
                            .kind = in->kind,
                            .written_at = in->written_at,
                            .size = in->size,
                            .offset = in->offset,
                            .bytes = bytes,
                            .byte_count = (uint32_t)in->bytes.len};
}

/* Whole records one after the other, or one piece of a single one. */
static const struct mn_kept *records_in(struct codec *codec, size_t given,
                                        Mneme__KeptRecord *const *in, uint32_t *count)
{
    *count = codec_count_in(codec, given, MN_KEPT_COUNT_MAX);
    struct mn_kept *records = codec_take(codec, *count, sizeof *records);
    for (uint32_t i = 0; records != NULL && i < *count; i++) {
        codec_kept_in(codec, in[i], &records[i]);
        (void)codec_check(codec, *count == 1 || records[i].byte_count == records[i].size);
        (void)codec_check(codec, i == 0 || (records[i].sequence == records[i - 1].sequence + 1 &&
                                            records[i].generation >= records[i - 1].generation));
    }
    return records;
}

void codec_noted_out(struct codec *codec, const struct mn_noted *noted, uint32_t count,
                     char ***hosts, uint64_t **disks)
{
    *hosts = codec_take(codec, count, sizeof(char *));
    *disks = codec_take(codec, count, sizeof **disks);
    for (uint32_t i = 0; codec->result == MN_OK && i < count; i++) {
        (*hosts)[i] = codec_text(noted[i].host.text);
        (*disks)[i] = noted[i].disk;
    }
}

const struct mn_noted *codec_noted_in(struct codec *codec, size_t host_count, char **hosts,
                                      size_t disk_count, const uint64_t *disks, uint32_t *count)
{
    (void)codec_check(codec, host_count == disk_count);
    *count = codec_count_in(codec, host_count, MN_NOTED_COUNT_MAX);
    struct mn_noted *noted = codec_take(codec, *count, sizeof *noted);
    for (uint32_t i = 0; noted != NULL && i < *count; i++) {
        codec_name_in(codec, hosts[i], &noted[i].host);
        noted[i].disk = disks[i];
    }
    return noted;
}

Mneme__Keep *codec_keep_out(struct codec *codec, const struct mn_down *message)
{
    Mneme__Keep *out = codec_take(codec, 1, sizeof *out);
    Mneme__KeptRecord **records =
        records_out(codec, message->keep.records, message->keep.record_count);
    char **hosts = NULL;
    uint64_t *disks = NULL;
    codec_noted_out(codec, message->keep.noted, message->keep.noted_count, &hosts, &disks);
    if (codec->result != MN_OK) {
        return NULL;
    }
    mneme__keep__init(out);
    out->number = message->keep.number;
    out->after = message->keep.after;
    out->after_generation = message->keep.after_generation;
    out->records = records;
    out->n_records = message->keep.record_count;
    out->founding = message->keep.founding ? 1 : 0;
    out->whole_at = message->keep.whole_at;
    out->noted_hosts = hosts;
    out->noted_disks = disks;
    out->n_noted_hosts = out->n_noted_disks = message->keep.noted_count;
    return out;
}

void codec_keep_in(struct codec *codec, const Mneme__Keep *in, struct mn_down *out)
{
    out->keep.number = in->number;
    out->keep.after = in->after;
    out->keep.after_generation = in->after_generation;
    out->keep.records = records_in(codec, in->n_records, in->records, &out->keep.record_count);
    (void)codec_check(codec, out->keep.record_count == 0 || codec->result != MN_OK ||
                                 out->keep.records[0].sequence == in->after + 1);
    out->keep.founding = in->founding != 0;
    out->keep.whole_at = in->whole_at;
    out->keep.noted = codec_noted_in(codec, in->n_noted_hosts, in->noted_hosts, in->n_noted_disks,
                                     in->noted_disks, &out->keep.noted_count);
}

Mneme__Recall *codec_recall_out(struct codec *codec, const struct mn_down *message)
{
    Mneme__Recall *out = codec_take(codec, 1, sizeof *out);
    if (out != NULL) {
        mneme__recall__init(out);
        out->sequence = message->recall.sequence;
        out->after_generation = message->recall.after_generation;
        out->offset = message->recall.offset;
    }
    return out;
}

void codec_recall_in(struct codec *codec, const Mneme__Recall *in, struct mn_down *out)
{
    (void)codec_check(codec, in->sequence > 0 && in->offset % MN_PIECE_SIZE_MAX == 0);
    out->recall.sequence = in->sequence;
    out->recall.after_generation = in->after_generation;
    out->recall.offset = in->offset;
}

Mneme__Promised *codec_promised_out(struct codec *codec, const struct mn_up *message)
{
    Mneme__Promised *out = codec_take(codec, 1, sizeof *out);
    char **hosts = NULL;
    uint64_t *disks = NULL;
    codec_noted_out(codec, message->promised.noted, message->promised.noted_count, &hosts, &disks);
    if (codec->result == MN_OK) {
        mneme__promised__init(out);
        out->promised = message->promised.promised;
        out->candidate = message->promised.candidate;
        out->sequence = message->promised.newest.sequence;
        out->generation = message->promised.newest.generation;
        out->member = (uint32_t)message->promised.member;
        out->attempt = message->promised.attempt;
        out->noted_hosts = hosts;
        out->noted_disks = disks;
        out->n_noted_hosts = out->n_noted_disks = message->promised.noted_count;
        out->holds = message->promised.holds ? 1 : 0;
    }
    return out;
}

void codec_promised_in(struct codec *codec, const Mneme__Promised *in, struct mn_up *out)
{
    out->promised.promised = in->promised;
    out->promised.candidate = in->candidate;
    out->promised.newest = (struct mn_head){
        .generation = codec_generation_in(codec, in->generation), .sequence = in->sequence};
    out->promised.member = (enum mn_member)codec_enum_in(codec, in->member, MN_MEMBER_RETURNED);
    (void)codec_check(codec, (in->sequence == 0) == (in->generation == 0));
    out->promised.attempt = in->attempt;
    out->promised.holds = in->holds != 0;
    out->promised.noted =
        codec_noted_in(codec, in->n_noted_hosts, in->noted_hosts, in->n_noted_disks,
                       in->noted_disks, &out->promised.noted_count);
}

Mneme__Kept *codec_answer_out(struct codec *codec, const struct mn_up *message)
{
    Mneme__Kept *out = codec_take(codec, 1, sizeof *out);
    if (out != NULL) {
        mneme__kept__init(out);
        out->number = message->kept.number;
        out->matched = message->kept.matched ? 1 : 0;
        out->sequence = message->kept.sequence;
        out->offset = message->kept.offset;
        out->member = (uint32_t)message->kept.member;
    }
    return out;
}

void codec_answer_in(struct codec *codec, const Mneme__Kept *in, struct mn_up *out)
{
    out->kept.number = in->number;
    out->kept.matched = in->matched != 0;
    out->kept.sequence = in->sequence;
    out->kept.offset = in->offset;
    out->kept.member = (enum mn_member)codec_enum_in(codec, in->member, MN_MEMBER_RETURNED);
    (void)codec_check(codec, in->offset % MN_PIECE_SIZE_MAX == 0);
}

Mneme__Recalled *codec_recalled_out(struct codec *codec, const struct mn_up *message)
{
    Mneme__Recalled *out = codec_take(codec, 1, sizeof *out);
    Mneme__KeptRecord **records =
        records_out(codec, message->recalled.records, message->recalled.record_count);
    if (codec->result != MN_OK) {
        return NULL;
    }
    mneme__recalled__init(out);
    out->sequence = message->recalled.sequence;
    out->offset = message->recalled.offset;
    out->matched = message->recalled.matched ? 1 : 0;
    out->newest = message->recalled.newest;
    out->records = records;
    out->n_records = message->recalled.record_count;
    return out;
}

void codec_recalled_in(struct codec *codec, const Mneme__Recalled *in, struct mn_up *out)
{
    out->recalled.sequence = in->sequence;
    out->recalled.offset = in->offset;
    out->recalled.matched = in->matched != 0;
    out->recalled.newest = in->newest;
    out->recalled.records =
        records_in(codec, in->n_records, in->records, &out->recalled.record_count);
    (void)codec_check(codec, out->recalled.record_count == 0 || codec->result != MN_OK ||
                                 (out->recalled.records[0].sequence == in->sequence &&
                                  out->recalled.records[0].offset == in->offset));
}
