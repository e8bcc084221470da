/* The ledger's document in pieces, most of them made before it is wanted: whatever happens
 * meanwhile, it says what it would say at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ledger_story.h"
#include "wire/evidence.h"

#ifdef __SANITIZE_ADDRESS__
enum { STORY_COUNT = 60 };
#else
enum { STORY_COUNT = 600 };
#endif

static void fine(mn_result result)
{
    assert_int_equal(result, MN_OK);
}

/* What the document is as a ledger writes it that has read it: in one piece, everything in its
 * order. */
static struct mn_buffer in_order(struct mn_buffer *document)
{
    struct evidence *evidence = NULL;
    struct ledger *ledger = NULL;
    struct mn_buffer bytes = {0};
    fine(mn_evidence_end(document));
    fine(mn_evidence_decode(document->bytes, document->size, &evidence, NULL));
    fine(ledger_new(&ledger));
    fine(ledger_load(ledger, evidence));
    fine(ledger_evidence(ledger, &bytes));
    ledger_destroy(&ledger);
    evidence_destroy(&evidence);
    mn_buffer_deinit(document);
    return bytes;
}

/* The last piece of the document, which says then what the ledger would say in one. */
static void ends(struct ledger *ledger, struct mn_buffer *pieces)
{
    struct mn_buffer whole = {0};
    fine(mn_evidence_begin(&whole));
    fine(ledger_evidence(ledger, &whole));
    if (!ledger_evidence_begun(ledger)) {
        pieces->size = 0;
        fine(mn_evidence_begin(pieces));
    }
    fine(ledger_evidence_last(ledger, pieces));
    assert_false(ledger_evidence_begun(ledger));
    struct mn_buffer expected = in_order(&whole);
    struct mn_buffer bytes = in_order(pieces);
    assert_int_equal(bytes.size, expected.size);
    assert_memory_equal(bytes.bytes, expected.bytes, bytes.size);
    mn_buffer_deinit(&bytes);
    mn_buffer_deinit(&expected);
}

static void says_in_pieces_what_it_says_at_once(void **state)
{
    (void)state;
    size_t begun = 0;
    for (uint64_t seed = 1; seed <= STORY_COUNT; seed++) {
        struct mn_random random = {seed};
        struct ledger *ledger = ledger_story_begin(9);
        struct mn_buffer pieces = {0};
        mn_epoch now = 20;
        for (int i = 0; i < 120; i++) {
            uint64_t what = mn_random_below(&random, 8);
            if (what == 0) {
                begun += ledger_evidence_begun(ledger) ? 1 : 0;
                ends(ledger, &pieces);
            } else if (what == 1) {
                pieces.size = 0;
                fine(mn_evidence_begin(&pieces));
                fine(ledger_evidence_first(ledger, (uint32_t)mn_random_below(&random, 4), &pieces));
            } else if (what == 2 && ledger_evidence_more(ledger)) {
                fine(ledger_evidence_next(ledger, 3, &pieces));
            } else if (what == 3) {
                uint32_t host = mn_random_below(&random, 2) == 0 ? 0 : EVIDENCE_NONE;
                uint32_t vat = (uint32_t)mn_random_below(&random, 9);
                struct evidence_lineage fork = {.after = now - 2, .next = now, .seen = true};
                fine(ledger_move_vat(ledger, vat, host));
                fine(ledger_set_lineage(ledger, (vat + 1) % 9, &fork, host == 0 ? 1 : 0));
            } else {
                ledger_story_happen(ledger, &random, &now);
            }
        }
        mn_buffer_deinit(&pieces);
        ledger_destroy(&ledger);
    }
    assert_true(begun > STORY_COUNT);
}

static struct ledger *begun_ledger(void)
{
    struct ledger *ledger = ledger_story_begin(2);
    struct mn_buffer piece = {0};
    fine(ledger_evidence_first(ledger, 2, &piece));
    assert_true(ledger_evidence_begun(ledger));
    mn_buffer_deinit(&piece);
    return ledger;
}

static void begins_anew_when_somebody_is_added(void **state)
{
    (void)state;
    struct evidence_domain domain = {"d", EVIDENCE_NONE};
    struct evidence_host host = {"h2", EVIDENCE_NONE};
    struct evidence_store store = {"s2", EVIDENCE_IN_NOTHING, EVIDENCE_NONE};
    struct evidence_vat vat = {.name = "v9", .host = EVIDENCE_NONE};
    uint32_t index = 0;
    for (int i = 0; i < 4; i++) {
        struct ledger *ledger = begun_ledger();
        fine(i == 0   ? ledger_add_domain(ledger, &domain, &index)
             : i == 1 ? ledger_add_host(ledger, &host, &index)
             : i == 2 ? ledger_add_store(ledger, &store, &index)
                      : ledger_add_vat(ledger, &vat, &index));
        assert_false(ledger_evidence_begun(ledger));
        ledger_destroy(&ledger);
    }
}

/* What was said before is nowhere any more. */
static void says_all_of_it_anew_after_the_pieces_were_dropped(void **state)
{
    (void)state;
    struct ledger *ledger = begun_ledger();
    struct mn_buffer last = {0};
    struct mn_buffer whole = {0};
    ledger_evidence_drop(ledger);
    assert_false(ledger_evidence_begun(ledger));
    assert_false(ledger_evidence_more(ledger));
    fine(ledger_evidence_last(ledger, &last));
    fine(ledger_evidence(ledger, &whole));
    assert_int_equal(last.size, whole.size);
    assert_memory_equal(last.bytes, whole.bytes, whole.size);
    mn_buffer_deinit(&last);
    mn_buffer_deinit(&whole);
    ledger_destroy(&ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_in_pieces_what_it_says_at_once),
        cmocka_unit_test(begins_anew_when_somebody_is_added),
        cmocka_unit_test(says_all_of_it_anew_after_the_pieces_were_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
