/* What the codecs of all families share: memory, columns, and the checks on what comes in.
 *
 * A struct codec carries the first failure of one encoding or decoding; every function here does
 * nothing once there is one, so that a codec reads as the list of its fields. Private to
 * schema/wire. */
#ifndef MN_WIRE_CODEC_H
#define MN_WIRE_CODEC_H

#include <protobuf-c/protobuf-c.h>

#include "control.pb-c.h"
#include "wire/control.h"

struct codec {
    mn_result result;       /* the first failure, MN_OK until then */
    struct mn_arena *arena; /* what is taken lives there */
    uint32_t row_count_max; /* of names, vats and notices; 0 is that of a message */
};

/* What a message is unpacked into. */
struct codec_scratch {
    struct mn_arena arena;
    struct mn_arena_room room;
};

/* Note a failure, unless there is one already. */
void codec_fail(struct codec *codec, mn_result result);

/* Fail with MN_BAD_INPUT unless @right. Returns whether all is well so far. */
bool codec_check(struct codec *codec, bool right);

/* Zeroed memory for @count elements; NULL after a failure. */
void *codec_take(struct codec *codec, size_t count, size_t element_size);

/* The same, but with whatever was there before: for who sets all of them. */
void *codec_take_unset(struct codec *codec, size_t count, size_t element_size);

/* From one epoch to another, as it is said where many are: what lies close together is short. What
 * overflows is no loss: it is taken modulo 2^64, as it is put together. */
static inline uint64_t codec_fold(mn_epoch from, mn_epoch to)
{
    uint64_t step = (uint64_t)to - (uint64_t)from;
    return step << 1 ^ (0 - (step >> 63));
}

/* What that is from the first to the second. */
static inline uint64_t codec_unfold(uint64_t folded)
{
    return folded >> 1 ^ (0 - (folded & 1));
}

/* ---- out ---- */

/* Strings go out as they are; protobuf-c only lacks the const. */
char *codec_text(const char *text);

char **codec_names_out(struct codec *codec, const struct mn_name *names, uint32_t count);
/* A table of vats: as names, or as numbers; the other one stays empty. */
struct codec_vats {
    char **names;
    size_t name_count;
    Mneme__Numbers *numbers;
    Mneme__Known *known;
};
struct codec_vats codec_vats_out(struct codec *codec, const struct mn_vat_table *vats);
/* Columns of @count vats and runs. */
void codec_vat_runs_out(struct codec *codec, const struct mn_vat_run *from, uint32_t count,
                        char ***vats, uint32_t **runs);
Mneme__Heard *codec_heard_out(struct codec *codec, const struct mn_heard *heard, uint32_t count);
/* NULL where there are none, as mostly. */
Mneme__Known *codec_known_out(struct codec *codec, const struct mn_known *known, uint32_t count);
Mneme__Lineage *codec_lineage_out(struct codec *codec, const struct mn_lineage *lineage);
/* NULL where it is not known: its next is 0. */
Mneme__Lineage *codec_fork_out(struct codec *codec, const struct mn_fork *fork);
Mneme__Bases *codec_bases_out(struct codec *codec, const struct mn_bases *bases);
Mneme__Gaps *codec_gaps_out(struct codec *codec, const struct mn_gaps *gaps);
Mneme__Notice **codec_notices_out(struct codec *codec, const struct mn_notice *notices,
                                  uint32_t count);
Mneme__Decision *codec_decision_out(struct codec *codec, const struct mn_decision_notice *decision);
Mneme__Start *codec_start_out(struct codec *codec, const struct mn_start *start);

/* Append @message to @buffer, and give back what the codec took. */
mn_result codec_pack(struct codec *codec, const ProtobufCMessage *message,
                     struct mn_buffer *buffer) MN_CHECKED;

/* ---- in ---- */

/* Unpack into @scratch, whose size is bounded, so that no input can take more memory than that.
 * What it gives is valid as long as @scratch and @bytes are. Fails with MN_NO_MEMORY or
 * MN_BAD_INPUT. NULL after a failure. */
ProtobufCMessage *codec_unpack(struct codec *codec, struct codec_scratch *scratch,
                               const ProtobufCMessageDescriptor *descriptor, const void *bytes,
                               size_t size);

/* The same with another bound of @scratch, for what is not bounded like a message. *@unknown is the
 * first field that is not known; 0: none. */
ProtobufCMessage *codec_unpack_within(struct codec *codec, struct codec_scratch *scratch,
                                      size_t scratch_size,
                                      const ProtobufCMessageDescriptor *descriptor,
                                      const void *bytes, size_t size, uint32_t *unknown);

/* @count, bounded as the codec's rows are. */
uint32_t codec_row_count_in(struct codec *codec, size_t count);

void codec_version_in(struct codec *codec, uint32_t version);
void codec_name_in(struct codec *codec, const char *text, struct mn_name *name);

/* Copy printable ASCII into @out, cut short nowhere: what does not fit is MN_TOO_LARGE. */
void codec_text_in(struct codec *codec, const char *text, char *out, size_t out_size);
/* The same of people's text: base/prose.h. */
void codec_prose_in(struct codec *codec, const char *text, char *out, size_t out_size);
/* An absolute path on some host, printable and bounded; NULL after a failure. */
const char *codec_store_in(struct codec *codec, const char *text);
void codec_endpoint_in(struct codec *codec, const char *text, struct mn_endpoint *endpoint);

/* A key of 40 characters, or "" where @optional. */
void codec_key_in(struct codec *codec, const char *text, bool optional, char *out);
uint64_t codec_generation_in(struct codec *codec, uint64_t generation);
mn_run codec_run_in(struct codec *codec, uint32_t run);

/* An epoch from @least to MN_EPOCH_MAX. */
mn_epoch codec_epoch_in(struct codec *codec, int64_t epoch, mn_epoch least);
uint32_t codec_index_in(struct codec *codec, uint32_t index, uint32_t count);

/* A value of an enumeration whose values run from 0 to @most. */
uint32_t codec_enum_in(struct codec *codec, uint32_t value, uint32_t most);

/* A result code that travels without its sign; MN_IO for one that is not known here. */
mn_result codec_code_in(uint32_t code);

/* Fail with MN_TOO_LARGE above @most; the count as uint32_t otherwise. */
uint32_t codec_count_in(struct codec *codec, size_t count, uint32_t most);

const struct mn_name *codec_names_in(struct codec *codec, size_t count, char **texts,
                                     uint32_t *out_count);
void codec_vats_in(struct codec *codec, size_t name_count, char **names,
                   const Mneme__Numbers *numbers, const Mneme__Known *known,
                   struct mn_vat_table *out);
const struct mn_heard *codec_heard_in(struct codec *codec, const Mneme__Heard *heard,
                                      uint32_t name_count, uint32_t *out_count);
const struct mn_known *codec_known_in(struct codec *codec, const Mneme__Known *in,
                                      uint32_t name_count, uint32_t *out_count);
/* Check the bounds of what one vat has heard; the first @before of these entries are older. */
void codec_heard_bounds_in(struct codec *codec, uint32_t peers, uint32_t heard, uint32_t before);
/* Whether its columns are as long as one another. */
bool codec_lineage_even(const Mneme__Lineage *in);
void codec_lineage_in(struct codec *codec, const Mneme__Lineage *in, struct mn_lineage *out);
/* The fork that @incarnation began with: peers could have seen what died there, and each
 * incarnation begins with a run of its own. */
void codec_fork_in(struct codec *codec, const Mneme__Lineage *in, uint32_t incarnation,
                   struct mn_fork *out);

/* @next is the next number of that direction: no base is above it. */
void codec_bases_in(struct codec *codec, const Mneme__Bases *in, uint64_t next,
                    struct mn_bases *out);

/* @taken is the last number taken of that direction: no gap is above it. */
void codec_gaps_in(struct codec *codec, const Mneme__Gaps *in, uint64_t taken, struct mn_gaps *out);
const struct mn_notice *codec_notices_in(struct codec *codec, size_t count,
                                         Mneme__Notice *const *notices, uint32_t *out_count);
void codec_decision_in(struct codec *codec, const Mneme__Decision *in,
                       struct mn_decision_notice *out);
void codec_start_in(struct codec *codec, const Mneme__Start *in, struct mn_start *out);
const struct mn_vat_run *codec_vat_runs_in(struct codec *codec, size_t vat_count, char **vats,
                                           size_t run_count, const uint32_t *runs,
                                           uint32_t *out_count);

/* The columns of heard entries of a batch's rows: row i has @counts[i] of them, one row's after the
 * other, and together they are @total. Sets *first of row @index. */
void codec_slice_in(struct codec *codec, uint32_t count, uint32_t total, uint32_t *at,
                    uint32_t *first);

#endif
