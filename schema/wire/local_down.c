/* The agent's word to a vat. */
#include <string.h>

#include "codec.h"
#include "local.pb-c.h"
#include "wire/local.h"

/* So far from the clock's start that the time can be moved to another clock. */
#define LEASE_UNTIL_MAX (INT64_C(1) << 62)

static Mneme__Life *life_out(struct codec *codec, const struct mn_life *life)
{
    Mneme__Life *out = codec_take(codec, 1, sizeof *out);
    Mneme__Lineage *lineage = codec_lineage_out(codec, &life->lineage);
    int64_t *chain = codec_take(codec, life->chain_count, sizeof *chain);
    char **keys = codec_take(codec, life->host_key_count, sizeof *keys);
    if (codec->result != MN_OK) {
        return NULL;
    }
    for (uint32_t i = 0; i < life->chain_count; i++) {
        chain[i] = life->chain[i];
    }
    for (uint32_t i = 0; i < life->host_key_count; i++) {
        keys[i] = codec_text(life->host_keys[i]);
    }
    mneme__life__init(out);
    out->vat = codec_text(life->vat.text);
    out->run = life->run;
    out->incarnation = life->incarnation;
    out->keep = life->keep;
    out->outcome = (uint32_t)life->outcome;
    out->round = life->round;
    out->lineage = lineage;
    out->store = codec_text(life->store);
    out->address = codec_text(life->address.text);
    out->interval_ms = life->interval_ms;
    out->full_every = life->full_every;
    out->keep_count = life->keep_count;
    out->key_file = codec_text(life->key_file);
    out->chain = chain;
    out->n_chain = life->chain_count;
    out->connect_ms = life->connect_ms;
    out->send_ms = life->send_ms;
    out->latency_ms = life->latency_ms;
    out->early = life->early;
    out->host_keys = keys;
    out->n_host_keys = life->host_key_count;
    return out;
}

static Mneme__VatFreeze *vat_freeze_out(struct codec *codec, const struct mn_to_vat *message)
{
    uint32_t count = message->freeze.suspect_count;
    Mneme__VatFreeze *out = codec_take(codec, 1, sizeof *out);
    char **vats = NULL;
    uint32_t *runs = NULL;
    codec_vat_runs_out(codec, message->freeze.suspects, count, &vats, &runs);
    if (codec->result != MN_OK) {
        return NULL;
    }
    mneme__vat_freeze__init(out);
    out->round = message->freeze.round;
    out->attempt = message->freeze.attempt;
    out->vats = vats;
    out->runs = runs;
    out->n_vats = out->n_runs = count;
    return out;
}

mn_result mn_to_vat_encode(const struct mn_to_vat *message, struct mn_buffer *buffer)
{
    struct mn_arena_room room;
    struct mn_arena arena;
    struct codec codec = {.arena = &arena};
    mn_arena_init_in(&arena, &room, 0);
    Mneme__ToVat to = MNEME__TO_VAT__INIT;
    Mneme__Durable durable = MNEME__DURABLE__INIT;
    Mneme__RoundNotices round = MNEME__ROUND_NOTICES__INIT;
    Mneme__VatAddress address = MNEME__VAT_ADDRESS__INIT;
    Mneme__Who who = MNEME__WHO__INIT;
    Mneme__End end = MNEME__END__INIT;
    Mneme__Lease lease = MNEME__LEASE__INIT;
    Mneme__VatTakeFull take_full = MNEME__VAT_TAKE_FULL__INIT;
    to.version = MN_PROTOCOL_VERSION;
    to.body_case = (Mneme__ToVat__BodyCase)message->kind;
    switch (message->kind) {
    case MN_TO_VAT_LIFE:
        to.life = life_out(&codec, &message->life);
        break;
    case MN_TO_VAT_DURABLE:
        durable.epoch = message->durable.epoch;
        durable.floor = message->durable.floor;
        to.durable = &durable;
        break;
    case MN_TO_VAT_FREEZE:
        to.freeze = vat_freeze_out(&codec, message);
        break;
    case MN_TO_VAT_ROUND:
        round.round = message->round.round;
        round.notices =
            codec_notices_out(&codec, message->round.notices, message->round.notice_count);
        round.n_notices = message->round.notice_count;
        to.round = &round;
        break;
    case MN_TO_VAT_ADDRESS:
        address.peer = codec_text(message->address.peer.text);
        address.run = message->address.run;
        address.incarnation = message->address.incarnation;
        address.endpoint = codec_text(message->address.endpoint.text);
        address.key = codec_text(message->address.key);
        to.address = &address;
        break;
    case MN_TO_VAT_WHO:
        to.who = &who;
        break;
    case MN_TO_VAT_END:
        end.reason = codec_text(message->end.reason);
        to.end = &end;
        break;
    case MN_TO_VAT_LEASE:
        lease.until = message->lease.until;
        to.lease = &lease;
        break;
    case MN_TO_VAT_TAKE_FULL:
        take_full.above = message->take_full.above;
        to.take_full = &take_full;
        break;
    }
    return codec_pack(&codec, &to.base, buffer);
}

/* A path may hold any byte but NUL, so it is bounded and nothing else. */
static void path_in(struct codec *codec, const char *text, char out[MN_PATH_SIZE_MAX])
{
    size_t length = strnlen(text, MN_PATH_SIZE_MAX);
    if (length >= MN_PATH_SIZE_MAX) {
        codec_fail(codec, MN_TOO_LARGE);
        return;
    }
    memset(out, 0, MN_PATH_SIZE_MAX);
    memcpy(out, text, length);
}

static void life_tables_in(struct codec *codec, const Mneme__Life *in, struct mn_life *out)
{
    out->chain_count = codec_count_in(codec, in->n_chain, MN_CHAIN_COUNT_MAX);
    mn_epoch *chain = codec_take(codec, out->chain_count, sizeof *chain);
    for (uint32_t i = 0; chain != NULL && i < out->chain_count; i++) {
        chain[i] = codec_epoch_in(codec, in->chain[i], 1);
        (void)codec_check(codec, i == 0 || chain[i - 1] < chain[i]);
    }
    out->chain = chain;
    out->host_key_count = codec_count_in(codec, in->n_host_keys, MN_HOST_COUNT_MAX);
    char(*keys)[MN_KEY_TEXT_SIZE] = codec_take(codec, out->host_key_count, sizeof *keys);
    for (uint32_t i = 0; keys != NULL && i < out->host_key_count; i++) {
        codec_key_in(codec, in->host_keys[i], false, keys[i]);
    }
    out->host_keys = (const char(*)[MN_KEY_TEXT_SIZE])keys;
}

static void life_in(struct codec *codec, const Mneme__Life *in, struct mn_life *out)
{
    codec_name_in(codec, in->vat, &out->vat);
    out->run = codec_run_in(codec, in->run);
    out->incarnation = in->incarnation;
    out->keep = codec_epoch_in(codec, in->keep, 0);
    out->outcome = (enum mn_outcome)codec_enum_in(codec, in->outcome, MN_RESET);
    out->round = in->round;
    codec_lineage_in(codec, in->lineage, &out->lineage);
    path_in(codec, in->store, out->store);
    path_in(codec, in->key_file, out->key_file);
    codec_endpoint_in(codec, in->address, &out->address);
    out->interval_ms = in->interval_ms;
    out->full_every = in->full_every;
    out->keep_count = in->keep_count;
    out->connect_ms = in->connect_ms;
    out->send_ms = in->send_ms;
    out->latency_ms = in->latency_ms;
    out->early = in->early != 0;
    (void)codec_check(codec, in->interval_ms > 0 && in->full_every > 0 && in->keep_count > 0 &&
                                 in->connect_ms > 0);
    life_tables_in(codec, in, out);
}

static void to_vat_in(struct codec *codec, const Mneme__ToVat *in, struct mn_to_vat *out)
{
    codec_version_in(codec, in->version);
    out->kind = (enum mn_to_vat_kind)in->body_case;
    switch (in->body_case) {
    case MNEME__TO_VAT__BODY_LIFE:
        life_in(codec, in->life, &out->life);
        return;
    case MNEME__TO_VAT__BODY_DURABLE:
        out->durable.epoch = codec_epoch_in(codec, in->durable->epoch, 1);
        out->durable.floor = codec_epoch_in(codec, in->durable->floor, 0);
        return;
    case MNEME__TO_VAT__BODY_FREEZE:
        out->freeze.round = in->freeze->round;
        out->freeze.attempt = in->freeze->attempt;
        out->freeze.suspects =
            codec_vat_runs_in(codec, in->freeze->n_vats, in->freeze->vats, in->freeze->n_runs,
                              in->freeze->runs, &out->freeze.suspect_count);
        return;
    case MNEME__TO_VAT__BODY_ROUND:
        out->round.round = in->round->round;
        out->round.notices = codec_notices_in(codec, in->round->n_notices, in->round->notices,
                                              &out->round.notice_count);
        return;
    case MNEME__TO_VAT__BODY_ADDRESS:
        codec_name_in(codec, in->address->peer, &out->address.peer);
        out->address.run = codec_run_in(codec, in->address->run);
        out->address.incarnation = in->address->incarnation;
        codec_endpoint_in(codec, in->address->endpoint, &out->address.endpoint);
        codec_key_in(codec, in->address->key, true, out->address.key);
        return;
    case MNEME__TO_VAT__BODY_WHO:
        return;
    case MNEME__TO_VAT__BODY_END:
        codec_text_in(codec, in->end->reason, out->end.reason, sizeof out->end.reason);
        return;
    case MNEME__TO_VAT__BODY_LEASE:
        (void)codec_check(codec, in->lease->until > -LEASE_UNTIL_MAX &&
                                     in->lease->until < LEASE_UNTIL_MAX);
        out->lease.until = in->lease->until;
        return;
    case MNEME__TO_VAT__BODY_TAKE_FULL:
        out->take_full.above = codec_epoch_in(codec, in->take_full->above, 1);
        return;
    case MNEME__TO_VAT__BODY__NOT_SET:
    case _MNEME__TO_VAT__BODY__CASE_IS_INT_SIZE:
        break;
    }
    codec_fail(codec, MN_BAD_INPUT);
}

mn_result mn_to_vat_decode(const void *bytes, size_t size, struct mn_arena *arena,
                           struct mn_to_vat *out)
{
    struct codec_scratch scratch;
    struct mn_to_vat message = {0};
    struct codec codec = {.arena = arena};
    if (size > MN_MESSAGE_SIZE_MAX) {
        return MN_TOO_LARGE;
    }
    const Mneme__ToVat *in = (const Mneme__ToVat *)codec_unpack(
        &codec, &scratch, &mneme__to_vat__descriptor, bytes, size);
    if (in != NULL) {
        to_vat_in(&codec, in, &message);
    }
    mn_arena_deinit(&scratch.arena);
    if (codec.result == MN_OK) {
        *out = message;
    }
    return codec.result;
}
