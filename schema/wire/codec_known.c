/* Columns of the lives that are known of vats. */
#include "codec.h"

Mneme__Known *codec_known_out(struct codec *codec, const struct mn_known *known, uint32_t count)
{
    if (count == 0) {
        return NULL;
    }
    Mneme__Known *out = codec_take(codec, 1, sizeof *out);
    uint32_t *vats = codec_take_unset(codec, count, sizeof *vats);
    uint32_t *incarnations = codec_take_unset(codec, count, sizeof *incarnations);
    int64_t *after = codec_take_unset(codec, count, sizeof *after);
    int64_t *next = codec_take_unset(codec, count, sizeof *next);
    protobuf_c_boolean *told = codec_take_unset(codec, count, sizeof *told);
    uint64_t *rounds = codec_take_unset(codec, count, sizeof *rounds);
    if (codec->result != MN_OK) {
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        vats[i] = known[i].vat;
        incarnations[i] = known[i].incarnation;
        after[i] = known[i].fork.after;
        next[i] = known[i].fork.next;
        told[i] = known[i].fork.told ? 1 : 0;
        rounds[i] = known[i].fork.round;
    }
    mneme__known__init(out);
    out->vat = vats;
    out->incarnation = incarnations;
    out->after = after;
    out->next = next;
    out->told = told;
    out->round = rounds;
    out->n_round = count;
    out->n_vat = out->n_incarnation = out->n_after = out->n_next = out->n_told = count;
    return out;
}

/* Each incarnation begins with a run of its own, so none is above its run, or the last there may
 * be. */
static void known_in(struct codec *codec, const Mneme__Known *in, uint32_t i, uint32_t name_count,
                     struct mn_known *out)
{
    out->vat = codec_index_in(codec, in->vat[i], name_count);
    out->incarnation = in->incarnation[i];
    out->fork = (struct mn_fork){.after = codec_epoch_in(codec, in->after[i], 0),
                                 .next = codec_epoch_in(codec, in->next[i], 0),
                                 .seen = in->next[i] != 0,
                                 .told = in->told[i] != 0,
                                 .round = in->round[i]};
    bool none = in->next[i] == 0 && in->after[i] == 0 && in->told[i] == 0 && in->round[i] == 0;
    mn_run run = none ? MN_RUN_MAX : mn_epoch_run(out->fork.next);
    (void)codec_check(codec, none || in->next[i] > in->after[i]);
    (void)codec_check(codec, out->incarnation > 1 && out->incarnation <= run);
}

const struct mn_known *codec_known_in(struct codec *codec, const Mneme__Known *in,
                                      uint32_t name_count, uint32_t *out_count)
{
    *out_count = 0;
    if (in == NULL) {
        return NULL;
    }
    size_t count = in->n_vat;
    if (!codec_check(codec, in->n_incarnation == count && in->n_after == count &&
                                in->n_next == count && in->n_told == count &&
                                in->n_round == count)) {
        return NULL;
    }
    *out_count = codec_count_in(codec, count, MN_BATCH_HEARD_COUNT_MAX);
    struct mn_known *known = codec_take_unset(codec, *out_count, sizeof *known);
    for (uint32_t i = 0; known != NULL && i < *out_count; i++) {
        known_in(codec, in, i, name_count, &known[i]);
    }
    return known;
}
