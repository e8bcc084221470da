/* The states of vats, as columns and alone. Incarnations and lineages came later than the rest: who
 * says none is of an older version. */
#include "codec_states.h"

/* ---- many --------------------------------------------------------------------------------------
 */

static void forks_out(struct codec *codec, const struct mn_fork *forks, uint32_t count,
                      Mneme__Lineage *out)
{
    for (uint32_t i = 0; codec->result == MN_OK && i < count; i++) {
        bool round = forks[i].round != 0 || out->n_round > 0;
        out->round[out->n_after] = forks[i].round;
        out->after[out->n_after++] = forks[i].after;
        out->next[out->n_next++] = forks[i].next;
        out->seen[out->n_seen++] = forks[i].seen;
        out->told[out->n_told++] = forks[i].told;
        out->n_round = round ? out->n_after : 0;
    }
}

/* Room for @count forks, none of which is there yet. */
static Mneme__Lineage *lineage_room(struct codec *codec, size_t count)
{
    Mneme__Lineage *out = codec_take(codec, 1, sizeof *out);
    int64_t *after = codec_take(codec, count, sizeof *after);
    int64_t *next = codec_take(codec, count, sizeof *next);
    protobuf_c_boolean *seen = codec_take(codec, count, sizeof *seen);
    protobuf_c_boolean *told = codec_take(codec, count, sizeof *told);
    uint64_t *round = codec_take(codec, count, sizeof *round);
    if (codec->result != MN_OK) {
        return NULL;
    }
    mneme__lineage__init(out);
    out->after = after;
    out->next = next;
    out->seen = seen;
    out->told = told;
    out->round = round;
    return out;
}

static Mneme__Lineage *lineages_out(struct codec *codec, const struct mn_vat_status *vats,
                                    uint32_t count)
{
    size_t forks = 0;
    for (uint32_t i = 0; i < count; i++) {
        forks += vats[i].fork_count;
    }
    Mneme__Lineage *out = forks > 0 ? lineage_room(codec, forks) : NULL;
    for (uint32_t i = 0; out != NULL && i < count; i++) {
        forks_out(codec, vats[i].forks, vats[i].fork_count, out);
    }
    return out;
}

Mneme__VatStates *codec_states_out(struct codec *codec, const struct mn_vat_status *vats,
                                   uint32_t count)
{
    Mneme__VatStates *out = codec_take(codec, 1, sizeof *out);
    char **names = codec_take(codec, count, sizeof *names);
    uint32_t *runs = codec_take(codec, count, sizeof *runs);
    uint32_t *kinds = codec_take(codec, count, sizeof *kinds);
    char **endpoints = codec_take(codec, count, sizeof *endpoints);
    uint32_t *asides = codec_take(codec, count, sizeof *asides);
    uint32_t *aside_counts = codec_take(codec, count, sizeof *aside_counts);
    int64_t *floors = codec_take(codec, count, sizeof *floors);
    uint32_t *incarnations = codec_take(codec, count, sizeof *incarnations);
    uint32_t *fork_counts = codec_take(codec, count, sizeof *fork_counts);
    Mneme__Lineage *lineage = lineages_out(codec, vats, count);
    if (codec->result != MN_OK) {
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct mn_vat_status *status = &vats[i];
        names[i] = codec_text(status->vat.text);
        runs[i] = status->run;
        kinds[i] = (uint32_t)status->state;
        endpoints[i] = codec_text(status->endpoint.text);
        asides[i] = status->aside;
        aside_counts[i] = status->aside_count;
        floors[i] = status->floor;
        incarnations[i] = status->incarnation;
        fork_counts[i] = status->fork_count;
    }
    mneme__vat_states__init(out);
    out->vat = names;
    out->run = runs;
    out->state = kinds;
    out->endpoint = endpoints;
    out->aside = asides;
    out->aside_count = aside_counts;
    out->floor = floors;
    out->incarnation = incarnations;
    out->fork_count = fork_counts;
    out->lineage = lineage;
    out->n_vat = out->n_run = out->n_state = out->n_endpoint = count;
    out->n_aside = out->n_aside_count = out->n_floor = count;
    out->n_incarnation = out->n_fork_count = count;
    return out;
}

static void status_in(struct codec *codec, const char *vat, uint32_t run, uint32_t state,
                      const char *endpoint, struct mn_vat_status *out)
{
    codec_name_in(codec, vat, &out->vat);
    out->run = codec_run_in(codec, run);
    out->state = (enum mn_vat_state)codec_enum_in(codec, state, MN_VAT_STOPPED);
    codec_endpoint_in(codec, endpoint, &out->endpoint);
}

/* The next @count forks of the lineages, from *@at on. A vat goes on from an older checkpoint in a
 * new run, so no incarnation is above its run, and no fork. */
static void life_in(struct codec *codec, const Mneme__Lineage *in, uint32_t incarnation,
                    uint32_t count, size_t *at, struct mn_vat_status *out)
{
    size_t there = in != NULL ? in->n_after : 0;
    if (!codec_check(codec, incarnation <= out->run && count <= MN_LINEAGE_COUNT_MAX &&
                                count <= there - *at)) {
        return;
    }
    struct mn_fork *forks = codec_take(codec, count, sizeof *forks);
    for (uint32_t i = 0; forks != NULL && in != NULL && i < count; i++) {
        size_t from = *at + i;
        mn_epoch before = i > 0 ? forks[i - 1].next : 0;
        forks[i].after = codec_epoch_in(codec, in->after[from], 0);
        forks[i].next = codec_epoch_in(codec, in->next[from], mn_epoch_first(1));
        forks[i].seen = in->seen[from] != 0;
        forks[i].told = in->told[from] != 0;
        forks[i].round = in->n_round > 0 ? in->round[from] : 0;
        (void)codec_check(codec, forks[i].next > forks[i].after && forks[i].next > before &&
                                     mn_epoch_run(forks[i].next) <= out->run);
    }
    *at += count;
    out->incarnation = incarnation;
    out->forks = forks;
    out->fork_count = count;
}

const struct mn_vat_status *codec_states_in(struct codec *codec, const Mneme__VatStates *in,
                                            uint32_t *out_count)
{
    size_t count = in != NULL ? in->n_vat : 0;
    *out_count = 0;
    if (in == NULL ||
        !codec_check(codec, in->n_run == count && in->n_state == count && in->n_endpoint == count &&
                                in->n_aside == count && in->n_aside_count == count &&
                                in->n_floor == count &&
                                (in->n_incarnation == count || in->n_incarnation == 0) &&
                                in->n_fork_count == in->n_incarnation &&
                                (in->lineage == NULL || codec_lineage_even(in->lineage)))) {
        return NULL;
    }
    *out_count = codec_count_in(codec, count, MN_BATCH_ROW_COUNT_MAX);
    struct mn_vat_status *vats = codec_take(codec, *out_count, sizeof *vats);
    size_t at = 0;
    for (uint32_t i = 0; vats != NULL && i < *out_count && codec->result == MN_OK; i++) {
        status_in(codec, in->vat[i], in->run[i], in->state[i], in->endpoint[i], &vats[i]);
        if (codec->result == MN_OK) {
            vats[i].aside = codec_run_in(codec, in->aside[i]);
            vats[i].aside_count = in->aside_count[i];
            vats[i].floor = codec_epoch_in(codec, in->floor[i], 0);
        }
        if (in->n_incarnation > 0) {
            life_in(codec, in->lineage, in->incarnation[i], in->fork_count[i], &at, &vats[i]);
        }
    }
    (void)codec_check(codec, at == (in->lineage != NULL ? in->lineage->n_after : 0));
    return vats;
}

/* ---- one ---------------------------------------------------------------------------------------
 */

Mneme__VatState *codec_state_out(struct codec *codec, const struct mn_vat_status *status,
                                 const char *reason)
{
    Mneme__VatState *out = codec_take(codec, 1, sizeof *out);
    Mneme__Lineage *lineage = lineages_out(codec, status, 1);
    if (codec->result != MN_OK) {
        return NULL;
    }
    mneme__vat_state__init(out);
    out->vat = codec_text(status->vat.text);
    out->run = status->run;
    out->state = (uint32_t)status->state;
    out->endpoint = codec_text(status->endpoint.text);
    out->reason = codec_text(reason);
    out->aside = status->aside;
    out->aside_count = status->aside_count;
    out->floor = status->floor;
    out->incarnation = status->incarnation;
    out->lineage = lineage;
    return out;
}

void codec_state_in(struct codec *codec, const Mneme__VatState *in, struct mn_vat_status *out)
{
    status_in(codec, in->vat, in->run, in->state, in->endpoint, out);
    out->aside = codec_run_in(codec, in->aside);
    out->aside_count = in->aside_count;
    out->floor = codec_epoch_in(codec, in->floor, 0);
    size_t at = 0;
    uint32_t count = in->lineage != NULL ? (uint32_t)in->lineage->n_after : 0;
    if (codec_check(codec, in->lineage == NULL || codec_lineage_even(in->lineage))) {
        life_in(codec, in->lineage, in->incarnation, count, &at, out);
    }
}
