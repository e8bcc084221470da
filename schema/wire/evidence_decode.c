/* Putting the columns of evidence together into rows, which needs no more than that their lengths
 * fit; whether the rows are right is for docs/evidence_check.h. */
#include "wire/evidence_private.h"

#include <stdio.h>
#include <string.h>

/* Whether a column is as long as it must be; tells when it is not. */
static bool column_is(struct evidence_decoder *decoder, const char *column, size_t count,
                      size_t expected, const char *like)
{
    if (decoder->codec.result == MN_OK && count != expected) {
        mn_error_set(decoder->error, "%s: %zu rows; expected %zu, %s", column, count, expected,
                     like);
        codec_fail(&decoder->codec, MN_BAD_INPUT);
    }
    return decoder->codec.result == MN_OK;
}

static size_t counts_sum(const uint32_t *counts, size_t count)
{
    size_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += counts[i];
    }
    return sum;
}

/* All names of a column in one piece of memory, each with its NUL. */
static char *names_take(struct codec *codec, char **texts, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size += strlen(texts[i]) + 1;
    }
    return codec_take(codec, size, 1);
}

/* Move on to the next name in that memory. */
static const char *name_put(char **at, const char *text)
{
    size_t size = strlen(text) + 1;
    char *name = *at;
    memcpy(name, text, size);
    *at += size;
    return name;
}

static void domains_in(struct evidence_decoder *decoder)
{
    const Mneme__Evidence *in = decoder->in;
    size_t count = in->n_domain_name;
    if (!column_is(decoder, "domain_in", in->n_domain_in, count, "as many as domain_name has")) {
        return;
    }
    struct evidence_domain *rows = codec_take(&decoder->codec, count, sizeof *rows);
    char *names = names_take(&decoder->codec, in->domain_name, count);
    for (size_t i = 0; decoder->codec.result == MN_OK && i < count; i++) {
        rows[i].name = name_put(&names, in->domain_name[i]);
        rows[i].in = in->domain_in[i] - 1;
    }
    decoder->evidence->domains = rows;
    decoder->evidence->domain_count = count;
}

static void hosts_in(struct evidence_decoder *decoder)
{
    const Mneme__Evidence *in = decoder->in;
    size_t count = in->n_host_name;
    if (!column_is(decoder, "host_in", in->n_host_in, count, "as many as host_name has")) {
        return;
    }
    struct evidence_host *rows = codec_take(&decoder->codec, count, sizeof *rows);
    char *names = names_take(&decoder->codec, in->host_name, count);
    for (size_t i = 0; decoder->codec.result == MN_OK && i < count; i++) {
        rows[i].name = name_put(&names, in->host_name[i]);
        rows[i].in = in->host_in[i] - 1;
    }
    decoder->evidence->hosts = rows;
    decoder->evidence->host_count = count;
}

static void stores_in(struct evidence_decoder *decoder)
{
    const Mneme__Evidence *in = decoder->in;
    size_t count = in->n_store_name;
    size_t host_count = in->n_host_name;
    if (!column_is(decoder, "store_in", in->n_store_in, count, "as many as store_name has")) {
        return;
    }
    struct evidence_store *rows = codec_take(&decoder->codec, count, sizeof *rows);
    char *names = names_take(&decoder->codec, in->store_name, count);
    for (size_t i = 0; decoder->codec.result == MN_OK && i < count; i++) {
        uint32_t place = in->store_in[i] - 1;
        rows[i].name = name_put(&names, in->store_name[i]);
        rows[i].in = place;
        if (place == EVIDENCE_NONE) {
            rows[i].place = EVIDENCE_IN_NOTHING;
        } else if (place < host_count) {
            rows[i].place = EVIDENCE_IN_HOST;
        } else {
            rows[i].place = EVIDENCE_IN_DOMAIN;
            rows[i].in = place - (uint32_t)host_count;
        }
    }
    decoder->evidence->stores = rows;
    decoder->evidence->store_count = count;
}

static const struct evidence_lineage *lineages_in(struct evidence_decoder *decoder)
{
    const Mneme__Evidence *in = decoder->in;
    size_t count = in->n_lineage_after;
    const char *like = "as many as lineage_after has";
    if (!column_is(decoder, "lineage_after", count,
                   counts_sum(in->vat_lineage_count, in->n_vat_lineage_count),
                   "the sum of vat_lineage_count") ||
        !column_is(decoder, "lineage_next", in->n_lineage_next, count, like) ||
        !column_is(decoder, "lineage_seen", in->n_lineage_seen, count, like) ||
        !column_is(decoder, "lineage_told", in->n_lineage_told, count, like)) {
        return NULL;
    }
    struct evidence_lineage *rows = codec_take(&decoder->codec, count, sizeof *rows);
    for (size_t i = 0; rows != NULL && i < count; i++) {
        rows[i].after = in->lineage_after[i];
        rows[i].next = in->lineage_next[i];
        rows[i].seen = in->lineage_seen[i] != 0;
        rows[i].told = in->lineage_told[i] != 0;
    }
    return rows;
}

static void vats_in(struct evidence_decoder *decoder)
{
    const Mneme__Evidence *in = decoder->in;
    size_t count = in->n_vat_name;
    const char *like = "as many as vat_name has";
    if (!column_is(decoder, "vat_host", in->n_vat_host, count, like) ||
        !column_is(decoder, "vat_floor", in->n_vat_floor, count, like) ||
        !column_is(decoder, "vat_limit", in->n_vat_limit, count, like) ||
        !column_is(decoder, "vat_be_told", in->n_vat_be_told, count, like) ||
        !column_is(decoder, "vat_early", in->n_vat_early, count, like) ||
        !column_is(decoder, "vat_lineage_count", in->n_vat_lineage_count, count, like)) {
        return;
    }
    const struct evidence_lineage *lineage = lineages_in(decoder);
    struct evidence_vat *rows = codec_take(&decoder->codec, count, sizeof *rows);
    char *names = names_take(&decoder->codec, in->vat_name, count);
    for (size_t i = 0; decoder->codec.result == MN_OK && i < count; i++) {
        struct evidence_vat *row = &rows[i];
        row->name = name_put(&names, in->vat_name[i]);
        row->host = in->vat_host[i] - 1;
        row->has_floor = in->vat_floor[i] != 0;
        row->floor = row->has_floor ? (mn_epoch)(in->vat_floor[i] - 1) : 0;
        row->limit = in->vat_limit[i];
        row->on_peer_rollback = in->vat_be_told[i] != 0 ? EVIDENCE_BE_TOLD : EVIDENCE_ROLL_BACK;
        row->sends = in->vat_early[i] != 0 ? EVIDENCE_EARLY : EVIDENCE_HELD;
        row->lineage_count = in->vat_lineage_count[i];
        row->lineage = lineage;
        lineage += row->lineage_count;
    }
    decoder->evidence->vats = rows;
    decoder->evidence->vat_count = count;
}

/* Two columns of heard entries, as many as @counts says; @names are those of the three. */
static const struct evidence_heard *heard_in(struct evidence_decoder *decoder,
                                             const uint32_t *counts, size_t row_count,
                                             const char *const names[3], const uint32_t *vats,
                                             size_t vats_given, const uint64_t *epochs,
                                             size_t epochs_given)
{
    char like[64];
    (void)snprintf(like, sizeof like, "the sum of %s", names[0]);
    size_t expected = counts_sum(counts, row_count);
    if (!column_is(decoder, names[1], vats_given, expected, like) ||
        !column_is(decoder, names[2], epochs_given, expected, like)) {
        return NULL;
    }
    struct evidence_heard *heard = codec_take(&decoder->codec, expected, sizeof *heard);
    uint64_t epoch = 0;
    for (size_t i = 0; heard != NULL && i < expected; i++) {
        epoch += codec_unfold(epochs[i]);
        heard[i] = (struct evidence_heard){.vat = vats[i], .epoch = (mn_epoch)epoch};
    }
    return heard;
}

static const struct evidence_form *forms_in(struct evidence_decoder *decoder)
{
    const Mneme__Evidence *in = decoder->in;
    size_t count = in->n_form_onto;
    const char *like = "as many as form_onto has";
    if (!column_is(decoder, "form_onto", count,
                   counts_sum(in->checkpoint_form_count, in->n_checkpoint_form_count),
                   "the sum of checkpoint_form_count") ||
        !column_is(decoder, "form_need", in->n_form_need, count, like) ||
        !column_is(decoder, "form_copy_count", in->n_form_copy_count, count, like) ||
        !column_is(decoder, "copy_store", in->n_copy_store, counts_sum(in->form_copy_count, count),
                   "the sum of form_copy_count")) {
        return NULL;
    }
    struct evidence_form *forms = codec_take(&decoder->codec, count, sizeof *forms);
    uint32_t *stores = codec_take(&decoder->codec, in->n_copy_store, sizeof *stores);
    for (size_t i = 0; stores != NULL && i < in->n_copy_store; i++) {
        stores[i] = in->copy_store[i];
    }
    for (size_t i = 0; stores != NULL && i < count; i++) {
        forms[i].kind = in->form_onto[i] == 0 ? EVIDENCE_FULL : EVIDENCE_DIFF;
        forms[i].onto = in->form_onto[i];
        forms[i].need = in->form_need[i];
        forms[i].at_count = in->form_copy_count[i];
        forms[i].at = stores;
        stores += forms[i].at_count;
    }
    return forms;
}

/* Where an interval begins that ends in @epoch, as it is given. */
static mn_epoch since_in(mn_epoch epoch, uint64_t given)
{
    return (mn_epoch)((uint64_t)epoch - codec_unfold(given - 1));
}

static void checkpoints_in(struct evidence_decoder *decoder)
{
    static const char *const heard_names[] = {"checkpoint_heard_count", "checkpoint_heard_vat",
                                              "checkpoint_heard_epoch"};
    const Mneme__Evidence *in = decoder->in;
    size_t count = in->n_checkpoint_vat;
    const char *like = "as many as checkpoint_vat has";
    if (!column_is(decoder, "checkpoint_epoch", in->n_checkpoint_epoch, count, like) ||
        !column_is(decoder, "checkpoint_since", in->n_checkpoint_since, count, like) ||
        !column_is(decoder, "checkpoint_durable", in->n_checkpoint_durable, count, like) ||
        !column_is(decoder, "checkpoint_heard_count", in->n_checkpoint_heard_count, count, like) ||
        !column_is(decoder, "checkpoint_form_count", in->n_checkpoint_form_count, count, like)) {
        return;
    }
    const struct evidence_heard *heard = heard_in(
        decoder, in->checkpoint_heard_count, count, heard_names, in->checkpoint_heard_vat,
        in->n_checkpoint_heard_vat, in->checkpoint_heard_epoch, in->n_checkpoint_heard_epoch);
    const struct evidence_form *forms = forms_in(decoder);
    struct evidence_checkpoint *rows = codec_take(&decoder->codec, count, sizeof *rows);
    uint64_t epoch = 0;
    for (size_t i = 0; rows != NULL && i < count; i++) {
        struct evidence_checkpoint *row = &rows[i];
        epoch += codec_unfold(in->checkpoint_epoch[i]);
        row->vat = in->checkpoint_vat[i];
        row->epoch = (mn_epoch)epoch;
        row->has_since = in->checkpoint_since[i] != 0;
        row->since = row->has_since ? since_in(row->epoch, in->checkpoint_since[i]) : 0;
        row->durable = in->checkpoint_durable[i] != 0;
        row->heard_count = in->checkpoint_heard_count[i];
        row->heard = heard;
        row->form_count = in->checkpoint_form_count[i];
        row->forms = forms;
        heard += row->heard_count;
        forms += row->form_count;
    }
    decoder->evidence->checkpoints = rows;
    decoder->evidence->checkpoint_count = count;
}

static void open_in(struct evidence_decoder *decoder)
{
    static const char *const heard_names[] = {"open_heard_count", "open_heard_vat",
                                              "open_heard_epoch"};
    const Mneme__Evidence *in = decoder->in;
    size_t count = in->n_open_vat;
    const char *like = "as many as open_vat has";
    if (!column_is(decoder, "open_epoch", in->n_open_epoch, count, like) ||
        !column_is(decoder, "open_since", in->n_open_since, count, like) ||
        !column_is(decoder, "open_heard_count", in->n_open_heard_count, count, like)) {
        return;
    }
    const struct evidence_heard *heard =
        heard_in(decoder, in->open_heard_count, count, heard_names, in->open_heard_vat,
                 in->n_open_heard_vat, in->open_heard_epoch, in->n_open_heard_epoch);
    struct evidence_open *rows = codec_take(&decoder->codec, count, sizeof *rows);
    uint64_t epoch = 0;
    for (size_t i = 0; rows != NULL && i < count; i++) {
        struct evidence_open *row = &rows[i];
        epoch += codec_unfold(in->open_epoch[i]);
        row->vat = in->open_vat[i];
        row->epoch = (mn_epoch)epoch;
        row->has_since = in->open_since[i] != 0;
        row->since = row->has_since ? since_in(row->epoch, in->open_since[i]) : 0;
        row->heard_count = in->open_heard_count[i];
        row->heard = heard;
        heard += row->heard_count;
    }
    decoder->evidence->open = rows;
    decoder->evidence->open_count = count;
}

static struct evidence_names list_in(struct evidence_decoder *decoder, const uint32_t *in,
                                     size_t count)
{
    uint32_t *index = codec_take(&decoder->codec, count, sizeof *index);
    for (size_t i = 0; index != NULL && i < count; i++) {
        index[i] = in[i];
    }
    return (struct evidence_names){.count = count, .index = index};
}

static void lost_rows_in(struct evidence_decoder *decoder)
{
    const Mneme__Evidence *in = decoder->in;
    struct evidence_lost *lost = &decoder->evidence->lost;
    size_t count = in->n_lost_checkpoint_vat;
    size_t copy_count = in->n_lost_copy_vat;
    const char *like = "as many as lost_copy_vat has";
    if (!column_is(decoder, "lost_checkpoint_epoch", in->n_lost_checkpoint_epoch, count,
                   "as many as lost_checkpoint_vat has") ||
        !column_is(decoder, "lost_copy_epoch", in->n_lost_copy_epoch, copy_count, like) ||
        !column_is(decoder, "lost_copy_store", in->n_lost_copy_store, copy_count, like)) {
        return;
    }
    struct evidence_lost_checkpoint *rows = codec_take(&decoder->codec, count, sizeof *rows);
    struct evidence_lost_copy *copies = codec_take(&decoder->codec, copy_count, sizeof *copies);
    for (size_t i = 0; rows != NULL && i < count; i++) {
        rows[i].vat = in->lost_checkpoint_vat[i];
        rows[i].epoch = in->lost_checkpoint_epoch[i];
    }
    for (size_t i = 0; copies != NULL && i < copy_count; i++) {
        copies[i].vat = in->lost_copy_vat[i];
        copies[i].epoch = in->lost_copy_epoch[i];
        copies[i].store = in->lost_copy_store[i];
    }
    lost->checkpoints = rows;
    lost->checkpoint_count = count;
    lost->copies = copies;
    lost->copy_count = copy_count;
}

static void losses_in(struct evidence_decoder *decoder)
{
    const Mneme__Evidence *in = decoder->in;
    struct evidence *e = decoder->evidence;
    e->lost.domains = list_in(decoder, in->lost_domain, in->n_lost_domain);
    e->lost.hosts = list_in(decoder, in->lost_host, in->n_lost_host);
    e->lost.stores = list_in(decoder, in->lost_store, in->n_lost_store);
    e->lost.vats = list_in(decoder, in->lost_vat, in->n_lost_vat);
    lost_rows_in(decoder);
    e->unknown.vats = list_in(decoder, in->unknown_vat, in->n_unknown_vat);
    e->unknown.stores = list_in(decoder, in->unknown_store, in->n_unknown_store);
    e->policy.total_loss =
        in->total_loss_roll_back != 0 ? EVIDENCE_TOTAL_LOSS_ROLL_BACK : EVIDENCE_TOTAL_LOSS_TELL;
    e->policy.tell = list_in(decoder, in->tell, in->n_tell);
}

void evidence_rows_in(struct evidence_decoder *decoder, struct evidence_piece *piece)
{
    decoder->evidence = &piece->rows;
    domains_in(decoder);
    hosts_in(decoder);
    stores_in(decoder);
    vats_in(decoder);
    checkpoints_in(decoder);
    open_in(decoder);
    losses_in(decoder);
    piece->renewed = list_in(decoder, decoder->in->renewed_vat, decoder->in->n_renewed_vat);
}
