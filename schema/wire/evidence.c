/* Reading evidence in its binary form, or in whichever it comes, and its digest.
 *
 * Protobuf reads integers that are too long for their field, and text with a NUL byte, as if the
 * excess were not there. Such bytes are noticed by their number: what was understood, encoded
 * again, is then not as long as what came. */
#include "wire/evidence.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/check.h"
#include "codec_pack.h"
#include "docs/evidence_check.h"
#include "wire/evidence_private.h"

/* What unpacking may take: for each byte, and for the slack of an arena's first blocks. An empty
 * string stands in two, and costs its copy (16 bytes) and its pointer, in an array that doubles
 * each time that it is full where other fields stand between (32 in all); half of all blocks may
 * be slack. That is 48 for each byte and the most there is. */
enum { SCRATCH_SIZE_FACTOR = 64, SCRATCH_SIZE_LEAST = 4 * 1024 * 1024 };

#define EVIDENCE_COLUMN_TEXT(name, text) [EVIDENCE_COLUMN_##name] = #text,
static const char *const COLUMN_NAMES[] = {EVIDENCE_COLUMNS(EVIDENCE_COLUMN_TEXT)};
#undef EVIDENCE_COLUMN_TEXT

/* How many rows an owner has in the inner table that the column is of; 1 for an outer table. */
static size_t row_count_of(const struct evidence *e, enum evidence_column column, size_t owner)
{
    if (column == EVIDENCE_COLUMN_LINEAGE_AFTER || column == EVIDENCE_COLUMN_LINEAGE_NEXT) {
        return e->vats[owner].lineage_count;
    }
    if (column == EVIDENCE_COLUMN_CHECKPOINT_HEARD_VAT ||
        column == EVIDENCE_COLUMN_CHECKPOINT_HEARD_EPOCH) {
        return e->checkpoints[owner].heard_count;
    }
    if (column == EVIDENCE_COLUMN_OPEN_HEARD_VAT || column == EVIDENCE_COLUMN_OPEN_HEARD_EPOCH) {
        return e->open[owner].heard_count;
    }
    if (column == EVIDENCE_COLUMN_FORM_ONTO || column == EVIDENCE_COLUMN_FORM_NEED) {
        return e->checkpoints[owner].form_count;
    }
    return 1;
}

static size_t rows_before(const struct evidence *e, const struct evidence_spot *spot)
{
    size_t count = 0;
    for (size_t i = 0; i < spot->row; i++) {
        count += row_count_of(e, spot->column, i);
    }
    return count;
}

/* Copies stand two levels down, form after form. */
static size_t copies_before(const struct evidence *e, const struct evidence_spot *spot)
{
    size_t count = 0;
    for (size_t i = 0; i <= spot->row; i++) {
        size_t forms = i < spot->row ? e->checkpoints[i].form_count : spot->item;
        for (size_t j = 0; j < forms; j++) {
            count += e->checkpoints[i].forms[j].at_count;
        }
    }
    return count;
}

static void tell_column(void *context, const struct evidence_spot *spot, const char *what)
{
    const struct evidence_decoder *decoder = context;
    bool copy = spot->column == EVIDENCE_COLUMN_COPY_STORE;
    size_t row = copy ? copies_before(decoder->evidence, spot) + spot->part
                      : rows_before(decoder->evidence, spot) + spot->item;
    mn_error_set(decoder->error, "%s, row %zu: %s", COLUMN_NAMES[spot->column], row, what);
}

/* Whether what was understood, encoded again, takes @size bytes. */
static bool evidence_check_size(struct evidence_decoder *decoder, size_t size)
{
    struct mn_buffer again = {0};
    mn_result result = codec_message_pack(&decoder->in->base, &again);
    bool same = again.size == size;
    mn_buffer_deinit(&again);
    if (result == MN_OK && !same) {
        mn_error_set(decoder->error, "a column or value that is longer than what it says; "
                                     "expected the shortest encoding");
        result = MN_BAD_INPUT;
    }
    codec_fail(&decoder->codec, result);
    return result == MN_OK;
}

/* What concerns the message as a whole. */
static bool evidence_check_message(struct evidence_decoder *decoder, size_t size, uint32_t unknown)
{
    const Mneme__Evidence *in = decoder->in;
    if (unknown != 0) {
        mn_error_set(decoder->error, "unknown column %" PRIu32 "; expected those of evidence.proto",
                     unknown);
        return codec_check(&decoder->codec, false);
    }
    if (in->evidence != 1) {
        mn_error_set(decoder->error, "evidence: version %" PRIu32 "; expected 1", in->evidence);
        return codec_check(&decoder->codec, false);
    }
    return evidence_check_size(decoder, size);
}

static void piece_unpack(struct evidence_decoder *decoder, const unsigned char *bytes, size_t size,
                         struct evidence_piece *piece)
{
    struct codec_scratch scratch;
    size_t scratch_size = SCRATCH_SIZE_LEAST + size * SCRATCH_SIZE_FACTOR;
    uint32_t unknown = 0;
    decoder->in = (const Mneme__Evidence *)codec_unpack_within(
        &decoder->codec, &scratch, scratch_size, &mneme__evidence__descriptor, bytes, size,
        &unknown);
    if (decoder->in == NULL) {
        mn_error_set(decoder->error, "no message of evidence.proto; expected one behind its size");
    } else if (evidence_check_message(decoder, size, unknown)) {
        evidence_rows_in(decoder, piece);
    }
    decoder->in = NULL;
    mn_arena_deinit(&scratch.arena);
}

/* ---- pieces ---------------------------------------------------------------------------------- */

/* The piece at @bytes, and where the next one begins; NULL when there is none as large as it says,
 * or when it is too large for one. */
static const unsigned char *piece_find(const unsigned char *bytes, const unsigned char *end,
                                       size_t *size)
{
    if ((size_t)(end - bytes) < MN_EVIDENCE_SIZE_SIZE) {
        return NULL;
    }
    uint64_t said = 0;
    for (unsigned i = 0; i < MN_EVIDENCE_SIZE_SIZE; i++) {
        said |= (uint64_t)bytes[i] << 8 * i;
    }
    bytes += MN_EVIDENCE_SIZE_SIZE;
    *size = (size_t)said;
    return said <= (uint64_t)(end - bytes) && said <= EVIDENCE_SIZE_MAX ? bytes : NULL;
}

/* How many pieces there are; 0 when they are not what their sizes say. */
static size_t pieces_count(const unsigned char *bytes, const unsigned char *end)
{
    size_t count = 0;
    while (bytes != end) {
        size_t size = 0;
        const unsigned char *piece = piece_find(bytes, end, &size);
        if (piece == NULL || count == MN_EVIDENCE_PIECE_COUNT_MAX) {
            return 0;
        }
        bytes = piece + size;
        count += 1;
    }
    return count;
}

/* The rows of all pieces between @bytes and @end, into decoder->evidence. */
static void pieces_in(struct evidence_decoder *decoder, const unsigned char *bytes,
                      const unsigned char *end)
{
    struct evidence *whole = decoder->evidence;
    size_t count = pieces_count(bytes, end);
    if (count == 0) {
        mn_error_set(decoder->error,
                     "no pieces; expected at most %d, each of at most %d bytes behind its size",
                     MN_EVIDENCE_PIECE_COUNT_MAX, EVIDENCE_SIZE_MAX);
        codec_fail(&decoder->codec, MN_BAD_INPUT);
        return;
    }
    struct evidence_piece *pieces = calloc(count, sizeof *pieces);
    if (pieces == NULL) {
        codec_fail(&decoder->codec, MN_NO_MEMORY);
    }
    for (size_t i = 0; decoder->codec.result == MN_OK && i < count; i++) {
        size_t size = 0;
        const unsigned char *piece = piece_find(bytes, end, &size);
        piece_unpack(decoder, piece, size, &pieces[i]);
        bytes = piece + size;
    }
    decoder->evidence = whole;
    if (decoder->codec.result == MN_OK) {
        evidence_join(decoder, pieces, count);
    }
    free(pieces);
}

/* ---- the digest ------------------------------------------------------------------------------ */

_Static_assert(sizeof(struct mn_evidence_seal) >= sizeof(crypto_generichash_state),
               "a seal is a state of the hash");
_Static_assert(_Alignof(struct mn_evidence_seal) >= _Alignof(crypto_generichash_state),
               "a seal is aligned like one");

static crypto_generichash_state *seal_state(struct mn_evidence_seal *seal)
{
    return (crypto_generichash_state *)(void *)seal->state;
}

void mn_evidence_seal_begin(struct mn_evidence_seal *seal)
{
    mn_assert(sodium_init() >= 0);
    mn_assert(crypto_generichash_init(seal_state(seal), NULL, 0, MN_DIGEST_SIZE) == 0);
}

void mn_evidence_seal_add(struct mn_evidence_seal *seal, const void *bytes, size_t size)
{
    mn_assert(crypto_generichash_update(seal_state(seal), bytes, size) == 0);
}

void mn_evidence_seal_end(struct mn_evidence_seal *seal, unsigned char *end,
                          struct mn_digest *whole)
{
    struct mn_evidence_seal before = *seal;
    mn_assert(crypto_generichash_final(seal_state(&before), end, MN_DIGEST_SIZE) == 0);
    mn_evidence_seal_add(seal, end, MN_DIGEST_SIZE);
    mn_assert(crypto_generichash_final(seal_state(seal), whole->bytes, sizeof whole->bytes) == 0);
}

mn_result mn_evidence_begin(struct mn_buffer *buffer)
{
    return mn_buffer_append(buffer, MN_EVIDENCE_MAGIC, MN_EVIDENCE_MAGIC_SIZE);
}

/* Write the digest of @size bytes to @digest, MN_DIGEST_SIZE bytes. */
static void evidence_digest(const unsigned char *bytes, size_t size, unsigned char *digest)
{
    mn_assert(sodium_init() >= 0);
    mn_assert(crypto_generichash(digest, MN_DIGEST_SIZE, bytes, size, NULL, 0) == 0);
}

mn_result mn_evidence_end(struct mn_buffer *buffer)
{
    unsigned char digest[MN_DIGEST_SIZE];
    evidence_digest(buffer->bytes, buffer->size, digest);
    return mn_buffer_append(buffer, digest, sizeof digest);
}

/* Whether there is a magic, and at the end the digest of what comes before. */
static mn_result evidence_check_seal(const unsigned char *bytes, size_t size,
                                     struct mn_error *error)
{
    enum { LEAST = MN_EVIDENCE_MAGIC_SIZE + MN_DIGEST_SIZE };
    if (size > MN_EVIDENCE_DOCUMENT_SIZE_MAX) {
        mn_error_set(error, "%zu bytes; expected at most %" PRIu64, size,
                     MN_EVIDENCE_DOCUMENT_SIZE_MAX);
        return MN_TOO_LARGE;
    }
    if (size < MN_EVIDENCE_MAGIC_SIZE ||
        memcmp(bytes, MN_EVIDENCE_MAGIC, MN_EVIDENCE_MAGIC_SIZE) != 0) {
        mn_error_set(error, "no evidence in binary form; expected its magic at the beginning");
        return MN_BAD_INPUT;
    }
    unsigned char digest[MN_DIGEST_SIZE] = {0};
    if (size >= LEAST) {
        evidence_digest(bytes, size - MN_DIGEST_SIZE, digest);
    }
    if (size < LEAST || memcmp(bytes + size - MN_DIGEST_SIZE, digest, sizeof digest) != 0) {
        mn_error_set(error, "cut short or damaged; expected what the digest in it was made of");
        return MN_CORRUPT;
    }
    return MN_OK;
}

mn_result mn_evidence_decode(const void *bytes, size_t size, struct evidence **evidence,
                             struct mn_error *error)
{
    struct evidence_decoder decoder = {.error = error};
    mn_result result = evidence_check_seal(bytes, size, error);
    if (result != MN_OK) {
        return result;
    }
    if (evidence_new(&decoder.evidence) != MN_OK) {
        mn_error_set(error, "out of memory");
        return MN_NO_MEMORY;
    }
    const unsigned char *first = (const unsigned char *)bytes + MN_EVIDENCE_MAGIC_SIZE;
    decoder.codec.arena = &decoder.evidence->arena;
    pieces_in(&decoder, first, (const unsigned char *)bytes + size - MN_DIGEST_SIZE);
    result = decoder.codec.result;
    if (result == MN_OK) {
        struct evidence_listener listener = {.tell = tell_column, .context = &decoder};
        result = evidence_check(decoder.evidence, &listener);
    }
    if (result == MN_OK) {
        *evidence = decoder.evidence;
        return MN_OK;
    }
    mn_error_set(error, "%s", mn_result_text(result));
    evidence_destroy(&decoder.evidence);
    return result;
}

mn_result mn_evidence_read(const char *bytes, size_t size, const char *origin,
                           struct evidence **evidence, struct mn_error *error)
{
    if (size < MN_EVIDENCE_MAGIC_SIZE ||
        memcmp(bytes, MN_EVIDENCE_MAGIC, MN_EVIDENCE_MAGIC_SIZE) != 0) {
        return evidence_read(bytes, size, origin, evidence, error);
    }
    struct mn_error what = {{0}};
    mn_result result = mn_evidence_decode(bytes, size, evidence, &what);
    if (result != MN_OK) {
        mn_error_set(error, "%s: %s", origin, what.text);
    }
    return result;
}
