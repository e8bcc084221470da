/* The document of the next decision: text while it is small, and handed out as it comes beyond. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "core/ledger.h"
#include "shell/evidence_draft.h"

static void fine(mn_result result)
{
    assert_int_equal(result, MN_OK);
}

/* With names that take room. */
static struct ledger *ledger_of(uint32_t vats)
{
    struct ledger *ledger = NULL;
    uint32_t index = 0;
    fine(ledger_new(&ledger));
    for (uint32_t i = 0; i < vats; i++) {
        char name[100];
        (void)snprintf(name, sizeof name, "%090u", i);
        struct evidence_vat vat = {.name = name, .host = EVIDENCE_NONE};
        fine(ledger_add_vat(ledger, &vat, &index));
    }
    return ledger;
}

static void has_digest(const struct mn_digest *digest, const void *bytes, size_t size)
{
    struct mn_digest expected;
    assert_int_equal(
        crypto_generichash(expected.bytes, sizeof expected.bytes, bytes, size, NULL, 0), 0);
    assert_memory_equal(digest->bytes, expected.bytes, sizeof expected.bytes);
}

static void makes_text_of_a_small_document(void **state)
{
    (void)state;
    struct ledger *ledger = ledger_of(2);
    struct evidence_draft draft = {0};
    struct mn_buffer piece = {0};
    struct mn_buffer bytes = {0};
    struct mn_text text = {0};
    struct mn_digest digest;
    uint64_t offset = 0;
    fine(ledger_evidence_first(ledger, 1, &piece));
    fine(evidence_draft_add(&draft, true, &piece));
    assert_false(evidence_draft_hand(&draft, &bytes, &offset));
    fine(ledger_evidence_first(ledger, 1, &piece)); /* begun anew */
    fine(evidence_draft_add(&draft, true, &piece));
    fine(ledger_evidence_last(ledger, &piece));
    fine(evidence_draft_add(&draft, false, &piece));
    fine(evidence_draft_end(&draft, &text, &bytes, &offset, &digest));
    assert_int_equal(bytes.size, 0);
    assert_non_null(strstr(text.bytes, "\"evidence\": 1"));
    assert_int_equal(text.bytes[text.size - 1], '\n');
    has_digest(&digest, text.bytes, text.size);
    mn_text_deinit(&text);
    mn_buffer_deinit(&piece);
    evidence_draft_deinit(&draft);
    ledger_destroy(&ledger);
}

/* What is handed out, at the place where it is to stand. */
static void put(struct mn_buffer *file, struct mn_buffer *bytes, uint64_t offset)
{
    assert_int_equal(offset, file->size);
    fine(mn_buffer_append(file, bytes->bytes, bytes->size));
    mn_buffer_deinit(bytes);
}

static void hands_out_a_large_document_as_it_comes(void **state)
{
    (void)state;
    struct ledger *ledger = ledger_of(10000);
    struct evidence_draft draft = {0};
    struct mn_buffer piece = {0};
    struct mn_buffer bytes = {0};
    struct mn_buffer file = {0};
    struct mn_text text = {0};
    struct mn_digest digest;
    uint64_t offset = 0;
    fine(ledger_evidence_first(ledger, 5000, &piece));
    fine(evidence_draft_add(&draft, true, &piece));
    assert_true(evidence_draft_hand(&draft, &bytes, &offset));
    put(&file, &bytes, offset);
    fine(ledger_evidence_next(ledger, 5000, &piece));
    fine(evidence_draft_add(&draft, false, &piece));
    assert_true(evidence_draft_hand(&draft, &bytes, &offset));
    put(&file, &bytes, offset);
    fine(ledger_evidence_last(ledger, &piece));
    fine(evidence_draft_add(&draft, false, &piece));
    fine(evidence_draft_end(&draft, &text, &bytes, &offset, &digest));
    put(&file, &bytes, offset);
    assert_int_equal(text.size, 0);
    has_digest(&digest, file.bytes, file.size);
    struct evidence *evidence = NULL;
    fine(mn_evidence_decode(file.bytes, file.size, &evidence, NULL));
    assert_int_equal(evidence->vat_count, 10000);
    evidence_destroy(&evidence);
    mn_buffer_deinit(&file);
    mn_buffer_deinit(&piece);
    mn_text_deinit(&text);
    evidence_draft_deinit(&draft);
    ledger_destroy(&ledger);
}

static void takes_no_more_than_a_reader_would(void **state)
{
    (void)state;
    struct ledger *ledger = ledger_of(10);
    struct evidence_draft draft = {0};
    struct mn_buffer piece = {0};
    fine(ledger_evidence_first(ledger, 5, &piece));
    fine(evidence_draft_add(&draft, true, &piece));
    fine(ledger_evidence_last(ledger, &piece));
    draft.handed =
        MN_EVIDENCE_DOCUMENT_SIZE_MAX - draft.bytes.size - piece.size - MN_DIGEST_SIZE + 1;
    assert_int_equal(evidence_draft_add(&draft, false, &piece), MN_TOO_LARGE);
    assert_int_equal(draft.handed, 0);
    assert_int_equal(draft.bytes.size, 0);
    mn_buffer_deinit(&piece);
    evidence_draft_deinit(&draft);
    ledger_destroy(&ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_text_of_a_small_document),
        cmocka_unit_test(hands_out_a_large_document_as_it_comes),
        cmocka_unit_test(takes_no_more_than_a_reader_would),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
