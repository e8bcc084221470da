/* The messages about the journal at its keepers, as parts of the families that they belong to.
 * Private to schema/wire. */
#ifndef MN_WIRE_CODEC_KEEPING_H
#define MN_WIRE_CODEC_KEEPING_H

#include "codec.h"
#include "stored.pb-c.h"

Mneme__KeptRecord *codec_kept_out(struct codec *codec, const struct mn_kept *record);
void codec_kept_in(struct codec *codec, const Mneme__KeptRecord *in, struct mn_kept *out);

/* The columns of what was noted; *hosts and *disks are of @count elements. */
void codec_noted_out(struct codec *codec, const struct mn_noted *noted, uint32_t count,
                     char ***hosts, uint64_t **disks);
const struct mn_noted *codec_noted_in(struct codec *codec, size_t host_count, char **hosts,
                                      size_t disk_count, const uint64_t *disks, uint32_t *count);

Mneme__Keep *codec_keep_out(struct codec *codec, const struct mn_down *message);
void codec_keep_in(struct codec *codec, const Mneme__Keep *in, struct mn_down *out);
Mneme__Recall *codec_recall_out(struct codec *codec, const struct mn_down *message);
void codec_recall_in(struct codec *codec, const Mneme__Recall *in, struct mn_down *out);

Mneme__Promised *codec_promised_out(struct codec *codec, const struct mn_up *message);
void codec_promised_in(struct codec *codec, const Mneme__Promised *in, struct mn_up *out);
Mneme__Kept *codec_answer_out(struct codec *codec, const struct mn_up *message);
void codec_answer_in(struct codec *codec, const Mneme__Kept *in, struct mn_up *out);
Mneme__Recalled *codec_recalled_out(struct codec *codec, const struct mn_up *message);
void codec_recalled_in(struct codec *codec, const Mneme__Recalled *in, struct mn_up *out);

#endif
