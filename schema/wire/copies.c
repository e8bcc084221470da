/* Between agents: copies of checkpoint files. */
#include "wire/copies.h"

#include <string.h>

#include "codec.h"
#include "copies.pb-c.h"

static ProtobufCBinaryData bytes_out(const unsigned char *bytes, size_t size)
{
    uint8_t *plain = NULL;
    memcpy(&plain, &bytes, sizeof plain); /* packing only reads it */
    return (ProtobufCBinaryData){.len = size, .data = plain};
}

static Mneme__Drop *drop_out(struct codec *codec, const struct mn_copies *message)
{
    uint32_t count = message->drop.keep_count;
    Mneme__Drop *out = codec_take(codec, 1, sizeof *out);
    int64_t *keep = codec_take(codec, count, sizeof *keep);
    if (codec->result != MN_OK) {
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        keep[i] = message->drop.keep[i];
    }
    mneme__drop__init(out);
    out->vat = codec_text(message->vat.text);
    out->run = message->drop.run;
    out->keep = keep;
    out->n_keep = count;
    return out;
}

mn_result mn_copies_encode(const struct mn_copies *message, struct mn_buffer *buffer)
{
    struct mn_arena_room room;
    struct mn_arena arena;
    struct codec codec = {.arena = &arena};
    mn_arena_init_in(&arena, &room, 0);
    Mneme__Copies copies = MNEME__COPIES__INIT;
    Mneme__Offer offer = MNEME__OFFER__INIT;
    Mneme__Want want = MNEME__WANT__INIT;
    Mneme__Piece piece = MNEME__PIECE__INIT;
    Mneme__Have have = MNEME__HAVE__INIT;
    copies.version = MN_PROTOCOL_VERSION;
    copies.generation = message->generation;
    copies.run = message->run;
    copies.body_case = (Mneme__Copies__BodyCase)message->kind;
    switch (message->kind) {
    case MN_COPIES_OFFER:
        offer.vat = codec_text(message->vat.text);
        offer.epoch = message->offer.epoch;
        offer.size = message->offer.size;
        offer.digest = bytes_out(message->offer.digest.bytes, MN_DIGEST_SIZE);
        copies.offer = &offer;
        break;
    case MN_COPIES_WANT:
        want.vat = codec_text(message->vat.text);
        want.epoch = message->want.epoch;
        want.offset = message->want.offset;
        copies.want = &want;
        break;
    case MN_COPIES_PIECE:
        piece.vat = codec_text(message->vat.text);
        piece.epoch = message->piece.epoch;
        piece.size = message->piece.size;
        piece.digest = bytes_out(message->piece.digest.bytes, MN_DIGEST_SIZE);
        piece.offset = message->piece.offset;
        piece.bytes = bytes_out(message->piece.bytes, message->piece.byte_count);
        copies.piece = &piece;
        break;
    case MN_COPIES_HAVE:
        have.vat = codec_text(message->vat.text);
        have.epoch = message->have.epoch;
        have.digest = bytes_out(message->have.digest.bytes, MN_DIGEST_SIZE);
        have.refused = (uint32_t)-message->have.refused;
        copies.have = &have;
        break;
    case MN_COPIES_DROP:
        copies.drop = drop_out(&codec, message);
        break;
    }
    return codec_pack(&codec, &copies.base, buffer);
}

static void digest_in(struct codec *codec, ProtobufCBinaryData data, struct mn_digest *digest)
{
    if (codec_check(codec, data.len == MN_DIGEST_SIZE)) {
        memcpy(digest->bytes, data.data, MN_DIGEST_SIZE);
    }
}

static void piece_in(struct codec *codec, const Mneme__Piece *in, struct mn_copies *out)
{
    codec_name_in(codec, in->vat, &out->vat);
    out->piece.epoch = codec_epoch_in(codec, in->epoch, 1);
    out->piece.size = in->size;
    digest_in(codec, in->digest, &out->piece.digest);
    out->piece.offset = in->offset;
    out->piece.byte_count = codec_count_in(codec, in->bytes.len, MN_PIECE_SIZE_MAX);
    (void)codec_check(codec, in->bytes.len > 0 && in->offset <= in->size &&
                                 in->bytes.len <= in->size - in->offset);
    unsigned char *bytes = codec_take_unset(codec, out->piece.byte_count, 1);
    if (bytes != NULL) {
        memcpy(bytes, in->bytes.data, out->piece.byte_count);
    }
    out->piece.bytes = bytes;
}

static void drop_in(struct codec *codec, const Mneme__Drop *in, struct mn_copies *out)
{
    codec_name_in(codec, in->vat, &out->vat);
    out->drop.run = codec_run_in(codec, in->run);
    out->drop.keep_count = codec_count_in(codec, in->n_keep, MN_BATCH_ROW_COUNT_MAX);
    mn_epoch *keep = codec_take(codec, out->drop.keep_count, sizeof *keep);
    for (uint32_t i = 0; keep != NULL && i < out->drop.keep_count; i++) {
        keep[i] = codec_epoch_in(codec, in->keep[i], 1);
        (void)codec_check(codec, i == 0 || keep[i - 1] < keep[i]);
    }
    out->drop.keep = keep;
}

static void copies_in(struct codec *codec, const Mneme__Copies *in, struct mn_copies *out)
{
    codec_version_in(codec, in->version);
    out->generation = in->generation;
    out->run = codec_run_in(codec, in->run);
    out->kind = (enum mn_copies_kind)in->body_case;
    switch (in->body_case) {
    case MNEME__COPIES__BODY_OFFER:
        codec_name_in(codec, in->offer->vat, &out->vat);
        out->offer.epoch = codec_epoch_in(codec, in->offer->epoch, 1);
        out->offer.size = in->offer->size;
        digest_in(codec, in->offer->digest, &out->offer.digest);
        return;
    case MNEME__COPIES__BODY_WANT:
        codec_name_in(codec, in->want->vat, &out->vat);
        out->want.epoch = codec_epoch_in(codec, in->want->epoch, 1);
        out->want.offset = in->want->offset;
        return;
    case MNEME__COPIES__BODY_PIECE:
        piece_in(codec, in->piece, out);
        return;
    case MNEME__COPIES__BODY_HAVE:
        codec_name_in(codec, in->have->vat, &out->vat);
        out->have.epoch = codec_epoch_in(codec, in->have->epoch, 1);
        digest_in(codec, in->have->digest, &out->have.digest);
        out->have.refused = codec_code_in(in->have->refused);
        return;
    case MNEME__COPIES__BODY_DROP:
        drop_in(codec, in->drop, out);
        return;
    case MNEME__COPIES__BODY__NOT_SET:
    case _MNEME__COPIES__BODY__CASE_IS_INT_SIZE:
        break;
    }
    codec_fail(codec, MN_BAD_INPUT);
}

mn_result mn_copies_decode(const void *bytes, size_t size, struct mn_arena *arena,
                           struct mn_copies *out)
{
    struct codec_scratch scratch;
    struct mn_copies message = {0};
    struct codec codec = {.arena = arena};
    if (size > MN_MESSAGE_SIZE_MAX) {
        return MN_TOO_LARGE;
    }
    const Mneme__Copies *in = (const Mneme__Copies *)codec_unpack(
        &codec, &scratch, &mneme__copies__descriptor, bytes, size);
    if (in != NULL) {
        copies_in(&codec, in, &message);
    }
    mn_arena_deinit(&scratch.arena);
    if (codec.result == MN_OK) {
        *out = message;
    }
    return codec.result;
}
