/* A vat's word to its agent. */
#include <string.h>

#include "codec.h"
#include "local.pb-c.h"
#include "wire/local.h"

static Mneme__Written *written_out(struct codec *codec, const struct mn_from_vat *message)
{
    Mneme__Written *out = codec_take(codec, 1, sizeof *out);
    unsigned char *digest = codec_take(codec, MN_DIGEST_SIZE, 1);
    char **names = codec_names_out(codec, message->written.names, message->written.name_count);
    Mneme__Heard *heard =
        codec_heard_out(codec, message->written.heard, message->written.heard_count);
    Mneme__Known *known =
        codec_known_out(codec, message->written.known, message->written.known_count);
    if (codec->result != MN_OK) {
        return NULL;
    }
    memcpy(digest, message->written.digest.bytes, MN_DIGEST_SIZE);
    mneme__written__init(out);
    out->epoch = message->written.epoch;
    out->since = message->written.since;
    out->onto = message->written.onto;
    out->size = message->written.size;
    out->digest.data = digest;
    out->digest.len = MN_DIGEST_SIZE;
    out->names = names;
    out->n_names = message->written.name_count;
    out->heard = heard;
    out->heard_before = message->written.heard_before;
    out->round = message->written.round;
    out->known = known;
    return out;
}

static Mneme__Interval *interval_out(struct codec *codec, const struct mn_from_vat *message)
{
    Mneme__Interval *out = codec_take(codec, 1, sizeof *out);
    char **names = codec_names_out(codec, message->interval.names, message->interval.name_count);
    Mneme__Heard *heard =
        codec_heard_out(codec, message->interval.heard, message->interval.heard_count);
    Mneme__Known *known =
        codec_known_out(codec, message->interval.known, message->interval.known_count);
    if (codec->result != MN_OK) {
        return NULL;
    }
    mneme__interval__init(out);
    out->round = message->interval.round;
    out->attempt = message->interval.attempt;
    out->epoch = message->interval.epoch;
    out->since = message->interval.since;
    out->names = names;
    out->n_names = message->interval.name_count;
    out->heard = heard;
    out->heard_before = message->interval.heard_before;
    out->known = known;
    return out;
}

mn_result mn_from_vat_encode(const struct mn_from_vat *message, struct mn_buffer *buffer)
{
    struct mn_arena_room room;
    struct mn_arena arena;
    struct codec codec = {.arena = &arena};
    mn_arena_init_in(&arena, &room, 0);
    Mneme__FromVat from = MNEME__FROM_VAT__INIT;
    Mneme__Attach attach = MNEME__ATTACH__INIT;
    Mneme__VatHandled handled = MNEME__VAT_HANDLED__INIT;
    Mneme__VatLookup lookup = MNEME__VAT_LOOKUP__INIT;
    Mneme__Trouble trouble = MNEME__TROUBLE__INIT;
    Mneme__Refused refused = MNEME__REFUSED__INIT;
    Mneme__Beat beat = MNEME__BEAT__INIT;
    Mneme__WantLease want_lease = MNEME__WANT_LEASE__INIT;
    Mneme__Differs differs = MNEME__DIFFERS__INIT;
    from.version = MN_PROTOCOL_VERSION;
    from.run = message->run;
    from.body_case = (Mneme__FromVat__BodyCase)message->kind;
    switch (message->kind) {
    case MN_FROM_VAT_ATTACH:
        attach.vat = codec_text(message->attach.vat.text);
        attach.run = message->attach.run;
        attach.pid = message->attach.pid;
        attach.endpoint = codec_text(message->attach.endpoint.text);
        attach.frozen_round = message->attach.frozen_round;
        from.attach = &attach;
        break;
    case MN_FROM_VAT_WRITTEN:
        from.written = written_out(&codec, message);
        break;
    case MN_FROM_VAT_INTERVAL:
        from.interval = interval_out(&codec, message);
        break;
    case MN_FROM_VAT_HANDLED:
        handled.round = message->handled.round;
        from.handled = &handled;
        break;
    case MN_FROM_VAT_LOOKUP:
        lookup.peer = codec_text(message->lookup.peer.text);
        from.lookup = &lookup;
        break;
    case MN_FROM_VAT_TROUBLE:
        trouble.code = (uint32_t)-message->trouble.code;
        trouble.text = codec_text(message->trouble.text);
        from.trouble = &trouble;
        break;
    case MN_FROM_VAT_REFUSED:
        refused.peer = codec_text(message->refused.vat.text);
        refused.run = message->refused.run;
        from.refused = &refused;
        break;
    case MN_FROM_VAT_BEAT:
        beat.number = message->beat.number;
        from.beat = &beat;
        break;
    case MN_FROM_VAT_WANT_LEASE:
        from.want_lease = &want_lease;
        break;
    case MN_FROM_VAT_DIFFERS:
        differs.peer = codec_text(message->differs.peer.text);
        differs.run = message->differs.run;
        differs.self = message->differs.self;
        differs.epoch = message->differs.epoch;
        from.differs = &differs;
        break;
    }
    return codec_pack(&codec, &from.base, buffer);
}

static void written_in(struct codec *codec, const Mneme__Written *in, struct mn_from_vat *out)
{
    out->written.epoch = codec_epoch_in(codec, in->epoch, 1);
    out->written.since = codec_epoch_in(codec, in->since, 0);
    out->written.onto = codec_epoch_in(codec, in->onto, 0);
    (void)codec_check(codec, in->since < in->epoch && in->onto < in->epoch);
    out->written.size = in->size;
    if (codec_check(codec, in->digest.len == MN_DIGEST_SIZE)) {
        memcpy(out->written.digest.bytes, in->digest.data, MN_DIGEST_SIZE);
    }
    out->written.names = codec_names_in(codec, in->n_names, in->names, &out->written.name_count);
    out->written.heard =
        codec_heard_in(codec, in->heard, out->written.name_count, &out->written.heard_count);
    out->written.heard_before = in->heard_before;
    out->written.round = in->round;
    codec_heard_bounds_in(codec, out->written.name_count, out->written.heard_count,
                          in->heard_before);
    out->written.known =
        codec_known_in(codec, in->known, out->written.name_count, &out->written.known_count);
}

static void interval_in(struct codec *codec, const Mneme__Interval *in, struct mn_from_vat *out)
{
    out->interval.round = in->round;
    out->interval.attempt = in->attempt;
    out->interval.epoch = codec_epoch_in(codec, in->epoch, 1);
    out->interval.since = codec_epoch_in(codec, in->since, 0);
    (void)codec_check(codec, in->since < in->epoch);
    out->interval.names = codec_names_in(codec, in->n_names, in->names, &out->interval.name_count);
    out->interval.heard =
        codec_heard_in(codec, in->heard, out->interval.name_count, &out->interval.heard_count);
    out->interval.heard_before = in->heard_before;
    codec_heard_bounds_in(codec, out->interval.name_count, out->interval.heard_count,
                          in->heard_before);
    out->interval.known =
        codec_known_in(codec, in->known, out->interval.name_count, &out->interval.known_count);
}

static void from_vat_in(struct codec *codec, const Mneme__FromVat *in, struct mn_from_vat *out)
{
    codec_version_in(codec, in->version);
    out->run = codec_run_in(codec, in->run);
    out->kind = (enum mn_from_vat_kind)in->body_case;
    switch (in->body_case) {
    case MNEME__FROM_VAT__BODY_ATTACH:
        codec_name_in(codec, in->attach->vat, &out->attach.vat);
        out->attach.run = codec_run_in(codec, in->attach->run);
        out->attach.pid = in->attach->pid;
        codec_endpoint_in(codec, in->attach->endpoint, &out->attach.endpoint);
        out->attach.frozen_round = in->attach->frozen_round;
        (void)codec_check(codec, in->attach->frozen_round <= MN_ROUND_MAX);
        return;
    case MNEME__FROM_VAT__BODY_WRITTEN:
        written_in(codec, in->written, out);
        return;
    case MNEME__FROM_VAT__BODY_INTERVAL:
        interval_in(codec, in->interval, out);
        return;
    case MNEME__FROM_VAT__BODY_HANDLED:
        out->handled.round = in->handled->round;
        return;
    case MNEME__FROM_VAT__BODY_LOOKUP:
        codec_name_in(codec, in->lookup->peer, &out->lookup.peer);
        return;
    case MNEME__FROM_VAT__BODY_TROUBLE:
        out->trouble.code = codec_code_in(in->trouble->code);
        codec_text_in(codec, in->trouble->text, out->trouble.text, sizeof out->trouble.text);
        return;
    case MNEME__FROM_VAT__BODY_REFUSED:
        codec_name_in(codec, in->refused->peer, &out->refused.vat);
        out->refused.run = codec_run_in(codec, in->refused->run);
        return;
    case MNEME__FROM_VAT__BODY_BEAT:
        out->beat.number = in->beat->number;
        return;
    case MNEME__FROM_VAT__BODY_WANT_LEASE:
        return;
    case MNEME__FROM_VAT__BODY_DIFFERS:
        codec_name_in(codec, in->differs->peer, &out->differs.peer);
        out->differs.run = codec_run_in(codec, in->differs->run);
        out->differs.self = in->differs->self != 0;
        out->differs.epoch = codec_epoch_in(codec, in->differs->epoch, 1);
        return;
    case MNEME__FROM_VAT__BODY__NOT_SET:
    case _MNEME__FROM_VAT__BODY__CASE_IS_INT_SIZE:
        break;
    }
    codec_fail(codec, MN_BAD_INPUT);
}

mn_result mn_from_vat_decode(const void *bytes, size_t size, struct mn_arena *arena,
                             struct mn_from_vat *out)
{
    struct codec_scratch scratch;
    struct mn_from_vat message = {0};
    struct codec codec = {.arena = arena};
    if (size > MN_MESSAGE_SIZE_MAX) {
        return MN_TOO_LARGE;
    }
    const Mneme__FromVat *in = (const Mneme__FromVat *)codec_unpack(
        &codec, &scratch, &mneme__from_vat__descriptor, bytes, size);
    if (in != NULL) {
        from_vat_in(&codec, in, &message);
    }
    mn_arena_deinit(&scratch.arena);
    if (codec.result == MN_OK) {
        *out = message;
    }
    return codec.result;
}
