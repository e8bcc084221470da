/* Pieces into a document. The digest is made of them as they come, so that in the end only the last
 * piece is waited for. */
#include "shell/evidence_draft.h"

#include <sodium.h>

void evidence_draft_deinit(struct evidence_draft *draft)
{
    mn_buffer_deinit(&draft->bytes);
    draft->handed = 0;
}

mn_result evidence_draft_add(struct evidence_draft *draft, bool first, struct mn_buffer *piece)
{
    mn_result result = MN_OK;
    if (first) {
        evidence_draft_deinit(draft);
        mn_evidence_seal_begin(&draft->seal);
        result = mn_evidence_begin(&draft->bytes);
        if (result == MN_OK) {
            mn_evidence_seal_add(&draft->seal, draft->bytes.bytes, draft->bytes.size);
        }
    }
    if (result == MN_OK && draft->handed + draft->bytes.size + piece->size + MN_DIGEST_SIZE >
                               MN_EVIDENCE_DOCUMENT_SIZE_MAX) {
        result = MN_TOO_LARGE; /* nobody could read it */
    }
    if (result == MN_OK) {
        mn_evidence_seal_add(&draft->seal, piece->bytes, piece->size);
        if (draft->bytes.size == 0) { /* a large one is not copied */
            struct mn_buffer empty = draft->bytes;
            draft->bytes = *piece;
            *piece = empty;
        } else {
            result = mn_buffer_append(&draft->bytes, piece->bytes, piece->size);
        }
    }
    if (result == MN_OK) {
        piece->size = 0;
    } else {
        evidence_draft_deinit(draft);
    }
    return result;
}

bool evidence_draft_hand(struct evidence_draft *draft, struct mn_buffer *bytes, uint64_t *offset)
{
    if (draft->handed + draft->bytes.size <= EVIDENCE_TEXT_SIZE_MAX) {
        return false;
    }
    *bytes = draft->bytes;
    *offset = draft->handed;
    draft->handed += draft->bytes.size;
    draft->bytes = (struct mn_buffer){0};
    return true;
}

static mn_result draft_write_text(const struct evidence_draft *draft, struct mn_text *text,
                                  struct mn_digest *digest)
{
    struct evidence *evidence = NULL;
    mn_result result = mn_evidence_decode(draft->bytes.bytes, draft->bytes.size, &evidence, NULL);
    if (result == MN_OK) {
        result = evidence_write_json(evidence, text);
        mn_text_add(text, "\n");
        result = result == MN_OK ? mn_text_result(text) : result;
    }
    evidence_destroy(&evidence);
    if (result == MN_OK) {
        (void)crypto_generichash(digest->bytes, sizeof digest->bytes,
                                 (const unsigned char *)text->bytes, text->size, NULL, 0);
    }
    return result;
}

mn_result evidence_draft_end(struct evidence_draft *draft, struct mn_text *text,
                             struct mn_buffer *bytes, uint64_t *offset, struct mn_digest *digest)
{
    unsigned char end[MN_DIGEST_SIZE];
    mn_evidence_seal_end(&draft->seal, end, digest);
    mn_result result = mn_buffer_append(&draft->bytes, end, sizeof end);
    if (result == MN_OK && !evidence_draft_hand(draft, bytes, offset)) {
        result = draft_write_text(draft, text, digest);
    }
    evidence_draft_deinit(draft);
    return result;
}
