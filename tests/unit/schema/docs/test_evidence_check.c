/* Checking filled rows of evidence, apart from any way of writing them. What each rule refuses is
 * tested with the readers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "docs/evidence_check.h"
#include "docs/forest.h"

/* What a listener was told. */
struct told {
    int count;
    struct evidence_spot spot;
    char what[128];
};

static void note(void *context, const struct evidence_spot *spot, const char *what)
{
    struct told *told = context;
    told->count++;
    told->spot = *spot;
    (void)snprintf(told->what, sizeof told->what, "%s", what);
}

static void takes_an_empty_document_and_tells_nobody(void **state)
{
    (void)state;
    struct told told = {0};
    struct evidence_listener listener = {.tell = note, .context = &told};
    struct evidence document = {0};
    assert_int_equal(evidence_check(&document, &listener), MN_OK);
    assert_int_equal(told.count, 0);
}

static void tells_once_and_of_the_first_rule_that_is_broken(void **state)
{
    (void)state;
    struct told told = {0};
    struct evidence_listener listener = {.tell = note, .context = &told};
    struct evidence_lineage forks[] = {
        {1, 2, true, true, 0, false}, {5, 4, true, true, 0, false}, {0, 0, true, true, 0, false}};
    struct evidence_vat vats[] = {
        {.name = "a", .host = EVIDENCE_NONE},
        {.name = "b", .host = EVIDENCE_NONE, .lineage_count = 3, .lineage = forks}};
    struct evidence document = {.vat_count = 2, .vats = vats};
    assert_int_equal(evidence_check(&document, &listener), MN_BAD_INPUT);
    assert_int_equal(told.count, 1);
    assert_int_equal(told.spot.column, EVIDENCE_COLUMN_LINEAGE_NEXT);
    assert_int_equal(told.spot.row, 1);
    assert_int_equal(told.spot.item, 1);
    assert_string_equal(told.what, "next 4; expected it above after, which is 5");
}

/* No row is looked at before all are counted. */
static void refuses_more_rows_than_the_bound(void **state)
{
    (void)state;
    struct told told = {0};
    struct evidence_listener listener = {.tell = note, .context = &told};
    struct evidence document = {.host_count = (size_t)EVIDENCE_ROW_COUNT_MAX + 1};
    assert_int_equal(evidence_check(&document, &listener), MN_TOO_LARGE);
    assert_int_equal(told.spot.column, EVIDENCE_COLUMN_HOST_NAME);
    assert_string_equal(told.what,
                        "268435457 rows; expected at most 268435456; divide the document");
    struct evidence_vat vat = {.name = "a", .host = EVIDENCE_NONE};
    struct evidence_checkpoint rows[] = {{.epoch = 1, .heard_count = EVIDENCE_ROW_COUNT_MAX},
                                         {.epoch = 2, .heard_count = 1}};
    document =
        (struct evidence){.vat_count = 1, .vats = &vat, .checkpoint_count = 2, .checkpoints = rows};
    assert_int_equal(evidence_check(&document, &listener), MN_TOO_LARGE);
    assert_int_equal(told.spot.column, EVIDENCE_COLUMN_CHECKPOINT_HEARD_VAT);
}

static void finds_where_a_cycle_closes(void **state)
{
    (void)state;
    uint32_t parents[] = {UINT32_MAX, 0, 1, 4, 5, 3, 5};
    bool cycle = true;
    size_t at = 99;
    assert_int_equal(mn_forest_check(parents, 3, &cycle, &at), MN_OK);
    assert_false(cycle);
    assert_int_equal(mn_forest_check(parents, 7, &cycle, &at), MN_OK);
    assert_true(cycle);
    assert_int_equal(at, 5);
    assert_int_equal(mn_forest_check(NULL, 0, &cycle, &at), MN_OK);
    assert_false(cycle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_an_empty_document_and_tells_nobody),
        cmocka_unit_test(tells_once_and_of_the_first_rule_that_is_broken),
        cmocka_unit_test(refuses_more_rows_than_the_bound),
        cmocka_unit_test(finds_where_a_cycle_closes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
