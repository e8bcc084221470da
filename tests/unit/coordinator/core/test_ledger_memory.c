/* What leaves the ledger, what its memory is used for again, and what happens when there is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/decision.h"
#include "core/ledger.h"
#include "wire/evidence.h"

/* ---- memory that runs out -------------------------------------------------------------------- */

#ifndef __SANITIZE_ADDRESS__
#define CAN_RUN_OUT 1

/* The C library's own, behind the names that this program gives a meaning of its own. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *bytes, size_t size);

/* How many allocations succeed before one fails; negative when none does. */
static int64_t allocations_left = -1;

static bool runs_out(void)
{
    return allocations_left >= 0 && allocations_left-- == 0;
}

void *malloc(size_t size)
{
    return runs_out() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return runs_out() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *bytes, size_t size)
{
    return runs_out() ? NULL : __libc_realloc(bytes, size);
}
#else
#define CAN_RUN_OUT 0
static int64_t allocations_left = -1;
#endif

static void fine(mn_result result)
{
    assert_int_equal(result, MN_OK);
}

static struct ledger *new_ledger(const char *const *vats, size_t count)
{
    struct ledger *ledger = NULL;
    uint32_t index = 0;
    fine(ledger_new(&ledger));
    struct evidence_store vault = {"vault", EVIDENCE_IN_NOTHING, EVIDENCE_NONE};
    fine(ledger_add_store(ledger, &vault, &index));
    for (size_t i = 0; i < count; i++) {
        struct evidence_vat vat = {.name = vats[i], .host = EVIDENCE_NONE};
        fine(ledger_add_vat(ledger, &vat, &index));
    }
    return ledger;
}

static const uint32_t vault[] = {0};
static const struct evidence_form full = {
    .kind = EVIDENCE_FULL, .need = 1, .at_count = 1, .at = vault};

static mn_result reports(struct ledger *ledger, uint32_t vat, mn_epoch epoch, uint32_t peer,
                         mn_epoch heard)
{
    struct evidence_heard entry = {peer, heard};
    struct evidence_checkpoint row = {.vat = vat,
                                      .epoch = epoch,
                                      .durable = true,
                                      .heard = &entry,
                                      .heard_count = heard > 0 ? 1 : 0,
                                      .forms = &full,
                                      .form_count = 1};
    return ledger_checkpoint(ledger, &row);
}

static struct evidence *evidence_of(const struct ledger *ledger)
{
    struct evidence *evidence = NULL;
    struct mn_buffer document = {0};
    fine(mn_evidence_begin(&document));
    fine(ledger_evidence(ledger, &document));
    fine(mn_evidence_end(&document));
    fine(mn_evidence_decode(document.bytes, document.size, &evidence, NULL));
    mn_buffer_deinit(&document);
    return evidence;
}

static struct mn_text document_of(const struct ledger *ledger)
{
    struct evidence *evidence = evidence_of(ledger);
    struct mn_text text = {0};
    fine(evidence_write_json(evidence, &text));
    evidence_destroy(&evidence);
    return text;
}

static void holds(const struct ledger *ledger, const char *rows)
{
    struct mn_text text = document_of(ledger);
    if (strstr(text.bytes, rows) == NULL) {
        fail_msg("%s is not in %s", rows, text.bytes);
    }
    mn_text_deinit(&text);
}

static struct ledger_sizes sizes_of(const struct ledger *ledger)
{
    struct ledger_sizes sizes;
    ledger_measure(ledger, &sizes);
    return sizes;
}

static const char *const two[] = {"a", "b"};

static void keeps_below_the_floor_what_a_chain_stands_on_and_only_its_forms(void **state)
{
    (void)state;
    struct ledger *ledger = new_ledger(two, 2);
    struct evidence_form diff = full;
    diff.kind = EVIDENCE_DIFF;
    diff.onto = 2;
    fine(reports(ledger, 0, 1, 1, 7));
    fine(reports(ledger, 0, 2, 1, 8));
    struct evidence_heard heard[] = {{1, 9}};
    struct evidence_checkpoint row = {
        .vat = 0, .epoch = 4, .heard = heard, .heard_count = 1, .forms = &diff, .form_count = 1};
    fine(ledger_checkpoint(ledger, &row));
    fine(ledger_drop_copies(ledger, 0, 1, 0));
    fine(ledger_drop_copies(ledger, 0, 2, 0));
    assert_int_equal(sizes_of(ledger).checkpoint_count, 3);
    struct ledger_freed freed = {0};
    fine(ledger_set_floor(ledger, 0, 3, &freed));
    ledger_invariant(ledger);
    assert_int_equal(freed.checkpoint_count, 1);
    assert_int_equal(freed.heard_count, 2);
    assert_true(freed.byte_count > 0);
    assert_int_equal(sizes_of(ledger).checkpoint_count, 2);
    assert_int_equal(sizes_of(ledger).heard_count, 1);
    fine(ledger_set_floor(ledger, 0, 1, &freed));
    assert_int_equal(freed.checkpoint_count, 1);
    ledger_destroy(&ledger);
}

/* A holder that was not told to delete them may have the last copies that are left. */
static void keeps_below_the_floor_what_there_are_copies_of_until_they_are_gone(void **state)
{
    (void)state;
    struct ledger *ledger = new_ledger(two, 2);
    struct evidence_store more = {"shed", EVIDENCE_IN_NOTHING, EVIDENCE_NONE};
    uint32_t shed = 0;
    fine(ledger_add_store(ledger, &more, &shed));
    struct evidence_form there = full;
    there.at = &shed;
    struct evidence_checkpoint row = {.vat = 0, .epoch = 3, .forms = &there, .form_count = 1};
    fine(reports(ledger, 0, 3, 1, 7));
    fine(ledger_checkpoint(ledger, &row));
    fine(reports(ledger, 0, 5, 1, 8));
    struct ledger_freed freed = {0};
    fine(ledger_set_floor(ledger, 0, 5, &freed));
    fine(ledger_drop_copies(ledger, 0, 3, 0));
    fine(ledger_drop_copies(ledger, 0, 5, 0));
    ledger_invariant(ledger);
    assert_int_equal(sizes_of(ledger).checkpoint_count, 2);
    assert_int_equal(sizes_of(ledger).heard_count, 0);
    struct ledger_loss loss = {.kind = LEDGER_LOSS_VAT, .index = 0};
    fine(ledger_lose(ledger, &loss));
    struct decision *decision = NULL;
    fine(ledger_decide(ledger, &decision));
    assert_int_equal(decision->vats[0].keep, 3);
    decision_destroy(&decision);
    fine(ledger_drop_copies(ledger, 0, 3, shed));
    ledger_invariant(ledger);
    assert_int_equal(sizes_of(ledger).checkpoint_count, 1);
    assert_int_equal(ledger_drop_copies(ledger, 0, 3, shed), MN_NOT_FOUND);
    ledger_destroy(&ledger);
}

/* Nothing can be taken back to what is dead, nor from a store that is empty. */
static void keeps_below_the_floor_no_copies_that_restore_nothing(void **state)
{
    (void)state;
    struct ledger *ledger = new_ledger(two, 2);
    struct ledger_freed freed = {0};
    fine(reports(ledger, 0, 2, 0, 0));
    fine(reports(ledger, 0, 3, 0, 0));
    struct evidence_lineage fork = {.after = 2, .next = 4, .seen = true};
    fine(ledger_fork(ledger, 0, &fork));
    fine(ledger_set_floor(ledger, 0, 5, &freed));
    assert_int_equal(freed.checkpoint_count, 1);
    fine(ledger_drop_store(ledger, 0));
    fine(ledger_set_floor(ledger, 0, 6, &freed));
    assert_int_equal(freed.checkpoint_count, 2);
    assert_int_equal(sizes_of(ledger).checkpoint_count, 0);
    ledger_invariant(ledger);
    ledger_destroy(&ledger);
}

/* On a disk that is older than it was may be the last copy that is left. */
static void takes_up_what_is_there_below_the_floor(void **state)
{
    (void)state;
    struct ledger *ledger = new_ledger(two, 2);
    struct ledger_freed freed = {0};
    fine(ledger_set_floor(ledger, 0, 5, &freed));
    fine(reports(ledger, 0, 3, 1, 7));
    assert_int_equal(sizes_of(ledger).checkpoint_count, 1);
    assert_int_equal(sizes_of(ledger).heard_count, 0);
    struct evidence_checkpoint gone = {.vat = 0, .epoch = 4};
    fine(ledger_checkpoint(ledger, &gone));
    assert_int_equal(sizes_of(ledger).checkpoint_count, 1);
    fine(ledger_set_floor(ledger, 0, 6, &freed));
    assert_int_equal(freed.checkpoint_count, 0);
    fine(ledger_drop_copies(ledger, 0, 3, 0));
    assert_int_equal(sizes_of(ledger).checkpoint_count, 0);
    ledger_destroy(&ledger);
}

static void passes_over_what_was_settled_when_it_is_reported_again(void **state)
{
    (void)state;
    struct ledger *ledger = new_ledger(two, 2);
    fine(reports(ledger, 1, 5, 0, 0));
    fine(reports(ledger, 0, 3, 1, 7));
    struct evidence_lineage fork = {.after = 5, .next = 10, .seen = true};
    fine(ledger_fork(ledger, 1, &fork));
    fine(ledger_settle(ledger, 0, 1, 5, MN_EPOCH_MAX));
    assert_int_equal(sizes_of(ledger).heard_count, 0);
    fine(reports(ledger, 0, 3, 1, 7));
    fine(reports(ledger, 0, 4, 1, 8));
    assert_int_equal(sizes_of(ledger).heard_count, 0);
    fine(reports(ledger, 0, 4, 1, 10));
    assert_int_equal(sizes_of(ledger).heard_count, 1);
    ledger_invariant(ledger);
    ledger_destroy(&ledger);
}

/* A new coordinator reads in its journal what a vat was told, before anybody has reported. A holder
 * may report later than the vat's own host, whose floor is taken then. */
static void passes_it_over_above_a_floor_of_the_run_that_was_told(void **state)
{
    (void)state;
    struct ledger *ledger = new_ledger(two, 2);
    mn_epoch base = mn_epoch_first(1) - 1;
    struct evidence_lineage fork = {.after = base + 5, .next = 2 * base, .seen = true};
    fine(ledger_fork(ledger, 1, &fork));
    fine(ledger_settle(ledger, 0, 1, base + 5, base + 9));
    fine(reports(ledger, 0, base + 3, 1, base + 7));
    assert_int_equal(sizes_of(ledger).heard_count, 0);
    fine(ledger_set_floor(ledger, 0, base + 3, NULL));
    fine(reports(ledger, 0, base + 4, 1, base + 8));
    assert_int_equal(sizes_of(ledger).heard_count, 0);
    fork = (struct evidence_lineage){.after = base + 4, .next = 2 * base + 1};
    fine(ledger_fork(ledger, 0, &fork));
    fine(ledger_set_floor(ledger, 0, 2 * base + 1, NULL)); /* it is not remembered for ever */
    fine(reports(ledger, 0, 2 * base + 2, 1, base + 8));
    assert_int_equal(sizes_of(ledger).heard_count, 1);
    ledger_destroy(&ledger);
}

static void empties_a_store_at_once_until_it_reports_again(void **state)
{
    (void)state;
    struct ledger *ledger = new_ledger(two, 2);
    fine(reports(ledger, 0, 3, 1, 7));
    fine(ledger_drop_store(ledger, 0));
    holds(ledger, "\"forms\": []");
    fine(reports(ledger, 0, 3, 1, 7));
    holds(ledger, "\"vault\"]");
    ledger_destroy(&ledger);
}

enum { STEADY_VATS = 40 };

static struct ledger *steady(char names[STEADY_VATS][16])
{
    const char *list[STEADY_VATS];
    for (int i = 0; i < STEADY_VATS; i++) {
        (void)snprintf(names[i], sizeof names[i], "v%d", i);
        list[i] = names[i];
    }
    return new_ledger(list, STEADY_VATS);
}

static void stays_as_large_as_it_is_under_steady_reports(void **state)
{
    (void)state;
    char names[STEADY_VATS][16];
    struct ledger *ledger = steady(names);
    size_t bytes = 0;
    for (mn_epoch epoch = 10; epoch < 400; epoch++) {
        for (uint32_t v = 0; v < STEADY_VATS; v++) {
            struct evidence_heard heard[20];
            for (uint32_t i = 0; i < 20; i++) {
                heard[i] = (struct evidence_heard){(v + i * i + 1) % STEADY_VATS, epoch - i % 3};
            }
            struct evidence_checkpoint row = {.vat = v,
                                              .epoch = epoch,
                                              .heard = heard,
                                              .heard_count = 10 + (v + (uint32_t)epoch) % 10,
                                              .forms = &full,
                                              .form_count = 1};
            fine(ledger_checkpoint(ledger, &row));
            fine(ledger_set_floor(ledger, v, epoch - 5, NULL));
            mn_result result = ledger_drop_copies(ledger, v, epoch - 6, 0);
            assert_true(result == MN_OK || (result == MN_NOT_FOUND && epoch < 16));
        }
        if (epoch == 50) {
            bytes = sizes_of(ledger).byte_count;
        }
    }
    ledger_invariant(ledger);
    assert_int_equal(sizes_of(ledger).byte_count, bytes);
    assert_int_equal(sizes_of(ledger).checkpoint_count, STEADY_VATS * 6);
    ledger_destroy(&ledger);
}

/* ---- memory that runs out -------------------------------------------------------------------- */

static mn_result report_of_both(struct ledger *ledger)
{
    return reports(ledger, 0, 9, 1, 12);
}

static mn_result open_interval(struct ledger *ledger)
{
    struct evidence_heard heard[] = {{1, 20}, {1, 21}};
    struct evidence_open open = {.vat = 0, .epoch = 30, .heard = heard, .heard_count = 2};
    return ledger_open(ledger, &open);
}

static mn_result another_vat(struct ledger *ledger)
{
    struct evidence_lineage fork = {.after = 1, .next = 2};
    struct evidence_vat vat = {
        .name = "c", .host = EVIDENCE_NONE, .lineage = &fork, .lineage_count = 1};
    uint32_t index = 0;
    return ledger_add_vat(ledger, &vat, &index);
}

static mn_result another_store(struct ledger *ledger)
{
    struct evidence_store store = {"c", EVIDENCE_IN_NOTHING, EVIDENCE_NONE};
    uint32_t index = 0;
    return ledger_add_store(ledger, &store, &index);
}

static mn_result a_domain(struct ledger *ledger)
{
    struct evidence_domain domain = {"c", EVIDENCE_NONE};
    uint32_t index = 0;
    return ledger_add_domain(ledger, &domain, &index);
}

static mn_result a_host(struct ledger *ledger)
{
    struct evidence_host host = {"h", EVIDENCE_NONE};
    uint32_t index = 0;
    return ledger_add_host(ledger, &host, &index);
}

static mn_result a_fork(struct ledger *ledger)
{
    struct evidence_lineage fork = {.after = 2, .next = 40};
    return ledger_fork(ledger, 0, &fork);
}

static mn_result a_lineage(struct ledger *ledger)
{
    struct evidence_lineage fork = {.after = 2, .next = 40};
    return ledger_set_lineage(ledger, 0, &fork, 1);
}

static mn_result a_notice(struct ledger *ledger)
{
    return ledger_settle(ledger, 0, 1, 2, 9);
}

static mn_result a_loss(struct ledger *ledger)
{
    struct ledger_loss loss = {.kind = LEDGER_LOSS_VAT, .index = 0};
    return ledger_lose(ledger, &loss);
}

static mn_result an_emptied_store(struct ledger *ledger)
{
    return ledger_drop_store(ledger, 0);
}

/* It changes nothing, so that it may be done twice. */
static mn_result a_decision(struct ledger *ledger)
{
    struct decision *decision = NULL;
    mn_result result = ledger_decide(ledger, &decision);
    decision_destroy(&decision);
    return result;
}

static void is_as_it_was_when_memory_runs_out(void **state)
{
    (void)state;
    static mn_result (*const calls[])(struct ledger *) = {
        report_of_both, open_interval, another_vat, another_store, a_domain,         a_host,
        a_fork,         a_lineage,     a_notice,    a_loss,        an_emptied_store, a_decision};
    for (size_t i = 0; CAN_RUN_OUT && i < sizeof calls / sizeof *calls; i++) {
        struct ledger *ledger = new_ledger(two, 2);
        fine(reports(ledger, 0, 1, 1, 3));
        fine(reports(ledger, 0, 2, 1, 4));
        fine(reports(ledger, 1, 3, 0, 2));
        struct ledger_loss loss = {.kind = LEDGER_LOSS_VAT, .index = 1};
        fine(ledger_lose(ledger, &loss));
        struct mn_text before = document_of(ledger);
        mn_result result = MN_NO_MEMORY;
        for (int64_t nth = 0; result == MN_NO_MEMORY; nth++) {
            allocations_left = nth;
            result = calls[i](ledger);
            allocations_left = -1;
            ledger_invariant(ledger);
            struct mn_text after = document_of(ledger);
            if (result == MN_NO_MEMORY) {
                assert_string_equal(after.bytes, before.bytes);
            }
            mn_text_deinit(&after);
        }
        fine(result);
        mn_text_deinit(&before);
        ledger_destroy(&ledger);
    }
}

static void takes_a_document_in_whole_or_not_at_all(void **state)
{
    (void)state;
    struct ledger *source = new_ledger(two, 2);
    for (mn_epoch epoch = 1; epoch < 40; epoch++) {
        fine(reports(source, 0, epoch, 1, epoch + 1));
    }
    struct evidence *evidence = evidence_of(source);
    mn_result result = CAN_RUN_OUT ? MN_NO_MEMORY : MN_OK;
    struct ledger *ledger = NULL;
    fine(ledger_new(&ledger));
    for (int64_t nth = 0; result == MN_NO_MEMORY; nth++) {
        allocations_left = nth;
        result = ledger_load(ledger, evidence);
        allocations_left = -1;
        ledger_invariant(ledger);
        assert_int_equal(ledger_vat_count(ledger), result == MN_OK ? 2 : 0);
    }
    fine(result);
    ledger_destroy(&ledger);
    ledger_destroy(&source);
    evidence_destroy(&evidence);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_below_the_floor_what_a_chain_stands_on_and_only_its_forms),
        cmocka_unit_test(keeps_below_the_floor_what_there_are_copies_of_until_they_are_gone),
        cmocka_unit_test(keeps_below_the_floor_no_copies_that_restore_nothing),
        cmocka_unit_test(takes_up_what_is_there_below_the_floor),
        cmocka_unit_test(passes_over_what_was_settled_when_it_is_reported_again),
        cmocka_unit_test(passes_it_over_above_a_floor_of_the_run_that_was_told),
        cmocka_unit_test(empties_a_store_at_once_until_it_reports_again),
        cmocka_unit_test(stays_as_large_as_it_is_under_steady_reports),
        cmocka_unit_test(is_as_it_was_when_memory_runs_out),
        cmocka_unit_test(takes_a_document_in_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
