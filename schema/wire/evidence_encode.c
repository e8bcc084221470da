/* Writing evidence in its binary form: each table is taken apart into its columns. */
#include "wire/evidence_private.h"

static void domains_out(struct codec *codec, const struct evidence *e, Mneme__Evidence *out)
{
    out->n_domain_name = out->n_domain_in = e->domain_count;
    out->domain_name = codec_take(codec, e->domain_count, sizeof *out->domain_name);
    out->domain_in = codec_take(codec, e->domain_count, sizeof *out->domain_in);
    for (size_t i = 0; codec->result == MN_OK && i < e->domain_count; i++) {
        out->domain_name[i] = codec_text(e->domains[i].name);
        out->domain_in[i] = e->domains[i].in + 1;
    }
}

static void hosts_out(struct codec *codec, const struct evidence *e, Mneme__Evidence *out)
{
    out->n_host_name = out->n_host_in = e->host_count;
    out->host_name = codec_take(codec, e->host_count, sizeof *out->host_name);
    out->host_in = codec_take(codec, e->host_count, sizeof *out->host_in);
    for (size_t i = 0; codec->result == MN_OK && i < e->host_count; i++) {
        out->host_name[i] = codec_text(e->hosts[i].name);
        out->host_in[i] = e->hosts[i].in + 1;
    }
}

static uint32_t place_out(const struct evidence *e, const struct evidence_store *store)
{
    switch (store->place) {
    case EVIDENCE_IN_NOTHING:
        return 0;
    case EVIDENCE_IN_HOST:
        return store->in + 1;
    case EVIDENCE_IN_DOMAIN:
        return (uint32_t)e->host_count + store->in + 1;
    }
    return 0;
}

static void stores_out(struct codec *codec, const struct evidence *e, Mneme__Evidence *out)
{
    out->n_store_name = out->n_store_in = e->store_count;
    out->store_name = codec_take(codec, e->store_count, sizeof *out->store_name);
    out->store_in = codec_take(codec, e->store_count, sizeof *out->store_in);
    for (size_t i = 0; codec->result == MN_OK && i < e->store_count; i++) {
        out->store_name[i] = codec_text(e->stores[i].name);
        out->store_in[i] = place_out(e, &e->stores[i]);
    }
}

static uint64_t epoch_out(bool given, mn_epoch epoch)
{
    return given ? (uint64_t)epoch + 1 : 0;
}

static void lineages_out(struct codec *codec, const struct evidence *e, Mneme__Evidence *out)
{
    size_t count = 0;
    for (size_t i = 0; i < e->vat_count; i++) {
        count += e->vats[i].lineage_count;
    }
    out->n_lineage_after = out->n_lineage_next = out->n_lineage_seen = out->n_lineage_told = count;
    out->lineage_after = codec_take(codec, count, sizeof *out->lineage_after);
    out->lineage_next = codec_take(codec, count, sizeof *out->lineage_next);
    out->lineage_seen = codec_take(codec, count, sizeof *out->lineage_seen);
    out->lineage_told = codec_take(codec, count, sizeof *out->lineage_told);
    size_t at = 0;
    for (size_t i = 0; codec->result == MN_OK && i < e->vat_count; i++) {
        for (size_t j = 0; j < e->vats[i].lineage_count; j++, at++) {
            const struct evidence_lineage *fork = &e->vats[i].lineage[j];
            out->lineage_after[at] = fork->after;
            out->lineage_next[at] = fork->next;
            out->lineage_seen[at] = fork->seen;
            out->lineage_told[at] = fork->told;
        }
    }
}

static void vats_out(struct codec *codec, const struct evidence *e, Mneme__Evidence *out)
{
    size_t count = e->vat_count;
    out->n_vat_name = out->n_vat_host = out->n_vat_floor = out->n_vat_limit = count;
    out->n_vat_be_told = out->n_vat_early = out->n_vat_lineage_count = count;
    out->vat_name = codec_take(codec, count, sizeof *out->vat_name);
    out->vat_host = codec_take(codec, count, sizeof *out->vat_host);
    out->vat_floor = codec_take(codec, count, sizeof *out->vat_floor);
    out->vat_limit = codec_take(codec, count, sizeof *out->vat_limit);
    out->vat_be_told = codec_take(codec, count, sizeof *out->vat_be_told);
    out->vat_early = codec_take(codec, count, sizeof *out->vat_early);
    out->vat_lineage_count = codec_take(codec, count, sizeof *out->vat_lineage_count);
    for (size_t i = 0; codec->result == MN_OK && i < count; i++) {
        const struct evidence_vat *vat = &e->vats[i];
        out->vat_name[i] = codec_text(vat->name);
        out->vat_host[i] = vat->host + 1;
        out->vat_floor[i] = epoch_out(vat->has_floor, vat->floor);
        out->vat_limit[i] = vat->limit;
        out->vat_be_told[i] = vat->on_peer_rollback == EVIDENCE_BE_TOLD;
        out->vat_early[i] = vat->sends == EVIDENCE_EARLY;
        out->vat_lineage_count[i] = (uint32_t)vat->lineage_count;
    }
    lineages_out(codec, e, out);
}

/* All forms of all checkpoints, and their copies. */
static void forms_out(struct codec *codec, const struct evidence *e, Mneme__Evidence *out)
{
    size_t form_count = 0;
    size_t copy_count = 0;
    for (size_t i = 0; i < e->checkpoint_count; i++) {
        form_count += e->checkpoints[i].form_count;
        for (size_t j = 0; j < e->checkpoints[i].form_count; j++) {
            copy_count += e->checkpoints[i].forms[j].at_count;
        }
    }
    out->n_form_onto = out->n_form_need = out->n_form_copy_count = form_count;
    out->n_copy_store = copy_count;
    out->form_onto = codec_take(codec, form_count, sizeof *out->form_onto);
    out->form_need = codec_take(codec, form_count, sizeof *out->form_need);
    out->form_copy_count = codec_take(codec, form_count, sizeof *out->form_copy_count);
    out->copy_store = codec_take(codec, copy_count, sizeof *out->copy_store);
    size_t at = 0;
    size_t copy = 0;
    for (size_t i = 0; codec->result == MN_OK && i < e->checkpoint_count; i++) {
        for (size_t j = 0; j < e->checkpoints[i].form_count; j++, at++) {
            const struct evidence_form *form = &e->checkpoints[i].forms[j];
            out->form_onto[at] = form->onto;
            out->form_need[at] = form->need;
            out->form_copy_count[at] = (uint32_t)form->at_count;
            for (size_t k = 0; k < form->at_count; k++) {
                out->copy_store[copy++] = form->at[k];
            }
        }
    }
}

static void checkpoints_out(struct codec *codec, const struct evidence *e, Mneme__Evidence *out)
{
    size_t count = e->checkpoint_count;
    size_t heard_count = 0;
    for (size_t i = 0; i < count; i++) {
        heard_count += e->checkpoints[i].heard_count;
    }
    out->n_checkpoint_vat = out->n_checkpoint_epoch = out->n_checkpoint_since = count;
    out->n_checkpoint_durable = out->n_checkpoint_heard_count = out->n_checkpoint_form_count =
        count;
    out->n_checkpoint_heard_vat = out->n_checkpoint_heard_epoch = heard_count;
    out->checkpoint_vat = codec_take(codec, count, sizeof *out->checkpoint_vat);
    out->checkpoint_epoch = codec_take(codec, count, sizeof *out->checkpoint_epoch);
    out->checkpoint_since = codec_take(codec, count, sizeof *out->checkpoint_since);
    out->checkpoint_durable = codec_take(codec, count, sizeof *out->checkpoint_durable);
    out->checkpoint_heard_count = codec_take(codec, count, sizeof *out->checkpoint_heard_count);
    out->checkpoint_form_count = codec_take(codec, count, sizeof *out->checkpoint_form_count);
    out->checkpoint_heard_vat = codec_take(codec, heard_count, sizeof *out->checkpoint_heard_vat);
    out->checkpoint_heard_epoch =
        codec_take(codec, heard_count, sizeof *out->checkpoint_heard_epoch);
    size_t at = 0;
    for (size_t i = 0; codec->result == MN_OK && i < count; i++) {
        const struct evidence_checkpoint *row = &e->checkpoints[i];
        out->checkpoint_vat[i] = row->vat;
        out->checkpoint_epoch[i] = row->epoch;
        out->checkpoint_since[i] = epoch_out(row->has_since, row->since);
        out->checkpoint_durable[i] = row->durable;
        out->checkpoint_heard_count[i] = (uint32_t)row->heard_count;
        out->checkpoint_form_count[i] = (uint32_t)row->form_count;
        for (size_t j = 0; j < row->heard_count; j++, at++) {
            out->checkpoint_heard_vat[at] = row->heard[j].vat;
            out->checkpoint_heard_epoch[at] = row->heard[j].epoch;
        }
    }
    forms_out(codec, e, out);
}

static void open_out(struct codec *codec, const struct evidence *e, Mneme__Evidence *out)
{
    size_t count = e->open_count;
    size_t heard_count = 0;
    for (size_t i = 0; i < count; i++) {
        heard_count += e->open[i].heard_count;
    }
    out->n_open_vat = out->n_open_epoch = out->n_open_since = out->n_open_heard_count = count;
    out->n_open_heard_vat = out->n_open_heard_epoch = heard_count;
    out->open_vat = codec_take(codec, count, sizeof *out->open_vat);
    out->open_epoch = codec_take(codec, count, sizeof *out->open_epoch);
    out->open_since = codec_take(codec, count, sizeof *out->open_since);
    out->open_heard_count = codec_take(codec, count, sizeof *out->open_heard_count);
    out->open_heard_vat = codec_take(codec, heard_count, sizeof *out->open_heard_vat);
    out->open_heard_epoch = codec_take(codec, heard_count, sizeof *out->open_heard_epoch);
    size_t at = 0;
    for (size_t i = 0; codec->result == MN_OK && i < count; i++) {
        const struct evidence_open *row = &e->open[i];
        out->open_vat[i] = row->vat;
        out->open_epoch[i] = row->epoch;
        out->open_since[i] = epoch_out(row->has_since, row->since);
        out->open_heard_count[i] = (uint32_t)row->heard_count;
        for (size_t j = 0; j < row->heard_count; j++, at++) {
            out->open_heard_vat[at] = row->heard[j].vat;
            out->open_heard_epoch[at] = row->heard[j].epoch;
        }
    }
}

static uint32_t *list_out(struct codec *codec, const struct evidence_names *names, size_t *count)
{
    uint32_t *out = codec_take(codec, names->count, sizeof *out);
    for (size_t i = 0; out != NULL && i < names->count; i++) {
        out[i] = names->index[i];
    }
    *count = names->count;
    return out;
}

static void lost_rows_out(struct codec *codec, const struct evidence_lost *lost,
                          Mneme__Evidence *out)
{
    size_t count = lost->checkpoint_count;
    out->n_lost_checkpoint_vat = out->n_lost_checkpoint_epoch = count;
    out->lost_checkpoint_vat = codec_take(codec, count, sizeof *out->lost_checkpoint_vat);
    out->lost_checkpoint_epoch = codec_take(codec, count, sizeof *out->lost_checkpoint_epoch);
    for (size_t i = 0; codec->result == MN_OK && i < count; i++) {
        out->lost_checkpoint_vat[i] = lost->checkpoints[i].vat;
        out->lost_checkpoint_epoch[i] = lost->checkpoints[i].epoch;
    }
    count = lost->copy_count;
    out->n_lost_copy_vat = out->n_lost_copy_epoch = out->n_lost_copy_store = count;
    out->lost_copy_vat = codec_take(codec, count, sizeof *out->lost_copy_vat);
    out->lost_copy_epoch = codec_take(codec, count, sizeof *out->lost_copy_epoch);
    out->lost_copy_store = codec_take(codec, count, sizeof *out->lost_copy_store);
    for (size_t i = 0; codec->result == MN_OK && i < count; i++) {
        out->lost_copy_vat[i] = lost->copies[i].vat;
        out->lost_copy_epoch[i] = lost->copies[i].epoch;
        out->lost_copy_store[i] = lost->copies[i].store;
    }
}

static void losses_out(struct codec *codec, const struct evidence *e, Mneme__Evidence *out)
{
    out->lost_domain = list_out(codec, &e->lost.domains, &out->n_lost_domain);
    out->lost_host = list_out(codec, &e->lost.hosts, &out->n_lost_host);
    out->lost_store = list_out(codec, &e->lost.stores, &out->n_lost_store);
    out->lost_vat = list_out(codec, &e->lost.vats, &out->n_lost_vat);
    lost_rows_out(codec, &e->lost, out);
    out->unknown_vat = list_out(codec, &e->unknown.vats, &out->n_unknown_vat);
    out->unknown_store = list_out(codec, &e->unknown.stores, &out->n_unknown_store);
    out->total_loss_roll_back = e->policy.total_loss == EVIDENCE_TOTAL_LOSS_ROLL_BACK;
    out->tell = list_out(codec, &e->policy.tell, &out->n_tell);
}

mn_result mn_evidence_encode(const struct evidence *evidence, struct mn_buffer *buffer)
{
    struct mn_arena arena = {0};
    struct codec codec = {.arena = &arena};
    Mneme__Evidence out = MNEME__EVIDENCE__INIT;
    out.evidence = 1;
    domains_out(&codec, evidence, &out);
    hosts_out(&codec, evidence, &out);
    stores_out(&codec, evidence, &out);
    vats_out(&codec, evidence, &out);
    checkpoints_out(&codec, evidence, &out);
    open_out(&codec, evidence, &out);
    losses_out(&codec, evidence, &out);
    if (codec.result == MN_OK &&
        protobuf_c_message_get_packed_size(&out.base) > EVIDENCE_SIZE_MAX - MN_EVIDENCE_HEAD_SIZE) {
        codec_fail(&codec, MN_TOO_LARGE);
    }
    static const unsigned char head[MN_EVIDENCE_HEAD_SIZE] = MN_EVIDENCE_MAGIC;
    size_t before = buffer->size;
    if (codec.result == MN_OK) {
        codec.result = mn_buffer_append(buffer, head, sizeof head);
    }
    mn_result result = codec_pack(&codec, &out.base, buffer);
    if (result != MN_OK) {
        buffer->size = before;
        return result;
    }
    unsigned char *message = buffer->bytes + before + MN_EVIDENCE_HEAD_SIZE;
    evidence_digest(message, buffer->size - before - MN_EVIDENCE_HEAD_SIZE,
                    message - MN_DIGEST_SIZE);
    return MN_OK;
}
