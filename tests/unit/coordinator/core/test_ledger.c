/* The ledger takes reports in any order, in pieces, repeated and late, and answers what the same
 * evidence in one document is answered; and so it does after any changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "core/decision.h"
#include "core/ledger.h"
#include "ledger_story.h"
#include "oracle/draft.h"
#include "wire/evidence.h"

#ifdef __SANITIZE_ADDRESS__
enum { DOCUMENT_COUNT = 300, STORY_COUNT = 60 };
#else
enum { DOCUMENT_COUNT = 3000, STORY_COUNT = 600 };
#endif

static void fine(mn_result result)
{
    assert_int_equal(result, MN_OK);
}

static struct mn_text answer_of(struct ledger *ledger)
{
    struct decision *decision = NULL;
    struct mn_text text = {0};
    ledger_invariant(ledger);
    fine(ledger_decide(ledger, &decision));
    fine(decision_write_json(ledger, decision, true, &text));
    decision_destroy(&decision);
    ledger_invariant(ledger);
    return text;
}

static struct mn_text answer_to(const struct evidence *evidence)
{
    struct ledger *ledger = NULL;
    fine(ledger_new(&ledger));
    fine(ledger_load(ledger, evidence));
    struct mn_text text = answer_of(ledger);
    ledger_destroy(&ledger);
    return text;
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

static void answers_as_its_document(struct ledger *ledger)
{
    struct evidence *evidence = evidence_of(ledger);
    struct mn_text expected = answer_to(evidence);
    struct mn_text text = answer_of(ledger);
    assert_string_equal(text.bytes, expected.bytes);
    mn_text_deinit(&text);
    mn_text_deinit(&expected);
    evidence_destroy(&evidence);
}

/* ---- reports in any order -------------------------------------------------------------------- */

/* Something that is told to the ledger. */
struct telling {
    enum { TELL_ROW, TELL_FORMS, TELL_OPEN, TELL_LOSS, TELL_UNKNOWN, TELL_POLICY } kind;
    struct evidence_checkpoint row;
    struct evidence_open open;
    struct ledger_loss loss;
    uint32_t index;
    bool store;
};

enum { TELLING_COUNT_MAX = 1000 };

struct tellings {
    size_t count;
    struct telling list[TELLING_COUNT_MAX];
};

static struct telling *tell(struct tellings *tellings)
{
    assert_true(tellings->count < TELLING_COUNT_MAX);
    struct telling *made = &tellings->list[tellings->count++];
    memset(made, 0, sizeof *made);
    return made;
}

/* A row in pieces: what it heard one by one, its forms, its since and durable with one of them;
 * some of it twice. */
static void tell_row(struct tellings *tellings, const struct evidence_checkpoint *row,
                     struct mn_random *random)
{
    struct evidence_checkpoint bare = {.vat = row->vat, .epoch = row->epoch};
    for (size_t i = 0; i < row->heard_count; i++) {
        for (uint64_t times = 1 + mn_random_below(random, 2); times > 0; times--) {
            struct telling *piece = tell(tellings);
            piece->row = bare;
            piece->row.heard = &row->heard[i];
            piece->row.heard_count = 1;
        }
    }
    for (uint64_t times = 1 + mn_random_below(random, 2); times > 0; times--) {
        struct telling *whole = tell(tellings);
        whole->kind = TELL_FORMS;
        whole->row = *row;
        if (mn_random_below(random, 2) == 0) {
            whole->row.heard_count = 0;
        }
    }
}

static void tell_names(struct tellings *tellings, const struct evidence_names *names, int kind,
                       enum ledger_loss_kind loss, bool store)
{
    for (size_t i = 0; i < names->count; i++) {
        struct telling *made = tell(tellings);
        made->kind = kind;
        made->index = names->index[i];
        made->loss = (struct ledger_loss){.kind = loss, .index = names->index[i]};
        made->store = store;
    }
}

static void shuffle(struct tellings *tellings, struct mn_random *random)
{
    for (size_t i = tellings->count; i > 1; i--) {
        size_t j = (size_t)mn_random_below(random, i);
        struct telling other = tellings->list[i - 1];
        tellings->list[i - 1] = tellings->list[j];
        tellings->list[j] = other;
    }
}

/* Named again and again, and taken back between. */
static void lose(struct ledger *ledger, const struct ledger_loss *loss, struct mn_random *random)
{
    fine(ledger_lose(ledger, loss));
    if (mn_random_below(random, 2) == 0) {
        fine(ledger_unlose(ledger, loss));
        fine(ledger_unlose(ledger, loss));
        fine(ledger_lose(ledger, loss));
    }
    fine(ledger_lose(ledger, loss));
}

static void take(struct ledger *ledger, const struct telling *telling, struct mn_random *random)
{
    switch (telling->kind) {
    case TELL_ROW:
    case TELL_FORMS:
        fine(ledger_checkpoint(ledger, &telling->row));
        break;
    case TELL_OPEN:
        fine(ledger_open(ledger, &telling->open));
        break;
    case TELL_LOSS:
        lose(ledger, &telling->loss, random);
        break;
    case TELL_UNKNOWN:
        fine(telling->store ? ledger_set_store_unknown(ledger, telling->index, true)
                            : ledger_set_vat_unknown(ledger, telling->index, true));
        break;
    case TELL_POLICY:
        fine(ledger_set_tell(ledger, telling->index, true));
        break;
    }
}

static void add_everyone(struct ledger *ledger, const struct evidence *evidence)
{
    uint32_t index = 0;
    for (size_t i = 0; i < evidence->domain_count; i++) {
        fine(ledger_add_domain(ledger, &evidence->domains[i], &index));
    }
    for (size_t i = 0; i < evidence->host_count; i++) {
        fine(ledger_add_host(ledger, &evidence->hosts[i], &index));
    }
    for (size_t i = 0; i < evidence->store_count; i++) {
        fine(ledger_add_store(ledger, &evidence->stores[i], &index));
    }
    for (size_t i = 0; i < evidence->vat_count; i++) {
        struct evidence_vat vat = evidence->vats[i];
        vat.host = EVIDENCE_NONE;
        vat.lineage_count = 0;
        fine(ledger_add_vat(ledger, &vat, &index));
        assert_int_equal(index, i);
        fine(ledger_move_vat(ledger, index, evidence->vats[i].host));
        fine(ledger_set_lineage(ledger, index, evidence->vats[i].lineage,
                                evidence->vats[i].lineage_count));
    }
    fine(ledger_set_total_loss(ledger, evidence->policy.total_loss));
}

static void tell_everything(struct tellings *tellings, const struct evidence *evidence,
                            struct mn_random *random)
{
    for (size_t i = 0; i < evidence->checkpoint_count; i++) {
        tell_row(tellings, &evidence->checkpoints[i], random);
    }
    for (size_t i = 0; i < evidence->open_count; i++) {
        struct telling *made = tell(tellings);
        made->kind = TELL_OPEN;
        made->open = evidence->open[i];
    }
    tell_names(tellings, &evidence->lost.domains, TELL_LOSS, LEDGER_LOSS_DOMAIN, false);
    tell_names(tellings, &evidence->lost.hosts, TELL_LOSS, LEDGER_LOSS_HOST, false);
    tell_names(tellings, &evidence->lost.stores, TELL_LOSS, LEDGER_LOSS_STORE, false);
    tell_names(tellings, &evidence->lost.vats, TELL_LOSS, LEDGER_LOSS_VAT, false);
    tell_names(tellings, &evidence->unknown.vats, TELL_UNKNOWN, 0, false);
    tell_names(tellings, &evidence->unknown.stores, TELL_UNKNOWN, 0, true);
    tell_names(tellings, &evidence->policy.tell, TELL_POLICY, 0, false);
    shuffle(tellings, random);
}

/* A lost row or copy that is reported again is there again, so these are named when all is told. */
static void lose_rows(struct ledger *ledger, const struct evidence *evidence,
                      struct mn_random *random)
{
    for (size_t i = 0; i < evidence->lost.checkpoint_count; i++) {
        const struct evidence_lost_checkpoint *row = &evidence->lost.checkpoints[i];
        struct ledger_loss loss = {
            .kind = LEDGER_LOSS_CHECKPOINT, .index = row->vat, .epoch = row->epoch};
        lose(ledger, &loss, random);
    }
    for (size_t i = 0; i < evidence->lost.copy_count; i++) {
        const struct evidence_lost_copy *copy = &evidence->lost.copies[i];
        struct ledger_loss loss = {.kind = LEDGER_LOSS_COPY,
                                   .index = copy->vat,
                                   .epoch = copy->epoch,
                                   .store = copy->store};
        lose(ledger, &loss, random);
    }
}

/* What a document may say and reports are not understood to: checkpoints below a given floor, and
 * two erasure-coded forms of one checkpoint that share copies. */
static void keep_to_what_is_reported(struct draft *draft)
{
    for (uint8_t i = 0; i < draft->checkpoint_count; i++) {
        struct draft_row *row = &draft->checkpoints[i];
        struct draft_vat *vat = &draft->vats[row->vat];
        vat->has_floor = vat->has_floor && row->epoch > vat->floor;
        if (row->form_count == 2 && row->forms[0].need + row->forms[1].need > 2) {
            row->form_count = 1;
            row->lost_copies &= row->forms[0].at;
        }
    }
    for (uint8_t i = 0; i < draft->open_count; i++) {
        struct draft_vat *vat = &draft->vats[draft->open[i].vat];
        vat->has_floor = vat->has_floor && draft->open[i].epoch > vat->floor;
    }
}

static void answers_alike_whatever_the_order_of_reports(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= DOCUMENT_COUNT; seed++) {
        struct mn_random random = {seed};
        struct draft draft;
        draft_make(&draft, &random);
        keep_to_what_is_reported(&draft);
        struct evidence *evidence = draft_read(&draft);
        struct mn_text expected = answer_to(evidence);
        static struct tellings tellings;
        tellings.count = 0;
        struct ledger *ledger = NULL;
        fine(ledger_new(&ledger));
        add_everyone(ledger, evidence);
        tell_everything(&tellings, evidence, &random);
        for (size_t i = 0; i < tellings.count; i++) {
            take(ledger, &tellings.list[i], &random);
            if (mn_random_below(&random, 40) == 0) {
                answers_as_its_document(ledger);
            }
        }
        lose_rows(ledger, evidence, &random);
        struct mn_text text = answer_of(ledger);
        if (strcmp(text.bytes, expected.bytes) != 0) {
            print_message("seed %llu\n", (unsigned long long)seed);
        }
        assert_string_equal(text.bytes, expected.bytes);
        answers_as_its_document(ledger);
        mn_text_deinit(&text);
        mn_text_deinit(&expected);
        ledger_destroy(&ledger);
        evidence_destroy(&evidence);
    }
}

/* ---- after any changes ----------------------------------------------------------------------- */

static void decides_after_any_changes_as_a_new_ledger_would(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= STORY_COUNT; seed++) {
        struct mn_random random = {seed};
        struct ledger *ledger = ledger_story_begin(5);
        mn_epoch now = 20;
        for (int i = 0; i < 120; i++) {
            ledger_story_happen(ledger, &random, &now);
            ledger_invariant(ledger);
            if (i % 6 == 0) {
                answers_as_its_document(ledger);
            }
        }
        ledger_destroy(&ledger);
    }
}

/* The cut alone keeps what the whole decision keeps. */
static void cuts_what_it_decides(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= DOCUMENT_COUNT; seed++) {
        struct mn_random random = {seed};
        struct draft draft;
        draft_make(&draft, &random);
        struct evidence *evidence = draft_read(&draft);
        struct ledger *ledger = NULL;
        struct decision *decision = NULL;
        struct decision *cut = NULL;
        fine(ledger_new(&ledger));
        fine(ledger_load(ledger, evidence));
        fine(ledger_decide(ledger, &decision));
        fine(ledger_cut(ledger, &cut));
        assert_int_equal(cut->summary.running, decision->summary.running);
        assert_int_equal(cut->summary.epochs_lost, decision->summary.epochs_lost);
        assert_int_equal(cut->spared_count, decision->spared_count);
        assert_int_equal(cut->step_count, 0);
        for (size_t i = 0; i < decision->vat_count; i++) {
            const struct decision_vat *whole = &decision->vats[i];
            const struct decision_vat *row = decision_find(cut, whole->vat);
            assert_true(row != NULL || whole->told_count > 0);
            assert_true(row == NULL || row->keep == whole->keep);
            assert_true(row == NULL || row->outcome == whole->outcome);
            assert_true(row == NULL || row->through == whole->through);
            assert_true(row == NULL || row->sure == whole->sure);
            assert_true(row != NULL || whole->outcome == MN_RUNNING);
        }
        decision_destroy(&cut);
        decision_destroy(&decision);
        ledger_destroy(&ledger);
        evidence_destroy(&evidence);
    }
}

static void report(struct ledger *ledger, mn_epoch epoch, mn_epoch since)
{
    const struct evidence_checkpoint row = {
        .epoch = epoch, .has_since = true, .since = since, .durable = true};
    fine(ledger_checkpoint(ledger, &row));
}

/* Of the checkpoints 10, 15, 20 and 25 the third is not known yet. */
static void knows_what_is_missing_above_a_floor(void **state)
{
    (void)state;
    struct ledger *ledger = NULL;
    struct evidence_vat vat = {.name = "a", .host = EVIDENCE_NONE};
    uint32_t index = 0;
    fine(ledger_new(&ledger));
    fine(ledger_add_vat(ledger, &vat, &index));
    assert_false(ledger_floor_whole(ledger, index, 5));
    report(ledger, 10, 5);
    report(ledger, 15, 10);
    assert_true(ledger_floor_whole(ledger, index, 5));
    report(ledger, 25, 20);
    assert_true(ledger_floor_joins(ledger, index, 10));
    assert_false(ledger_floor_whole(ledger, index, 10));
    assert_true(ledger_floor_whole(ledger, index, 20));
    report(ledger, 20, 15);
    assert_true(ledger_floor_whole(ledger, index, 10));
    assert_false(ledger_floor_whole(ledger, index, 26));
    ledger_destroy(&ledger);
}

/* Of what is above the floor a row is missing, and below it a checkpoint is still held, which
 * nothing but the floor makes whole. */
static void knows_that_what_is_held_below_a_floor_rests_on_it(void **state)
{
    (void)state;
    struct ledger *ledger = NULL;
    struct evidence_vat vat = {.name = "a", .host = EVIDENCE_NONE};
    uint32_t index = 0;
    fine(ledger_new(&ledger));
    fine(ledger_add_vat(ledger, &vat, &index));
    report(ledger, 25, 20);
    assert_false(ledger_floor_joins(ledger, index, 12));
    report(ledger, 10, 8);
    assert_true(ledger_floor_joins(ledger, index, 12));
    assert_false(ledger_floor_whole(ledger, index, 12));
    assert_false(ledger_floor_joins(ledger, index, 7));
    ledger_destroy(&ledger);
}

static void report_heard(struct ledger *ledger, mn_epoch epoch, mn_epoch since,
                         const struct evidence_heard *heard, size_t count)
{
    const struct evidence_checkpoint row = {.epoch = epoch,
                                            .has_since = true,
                                            .since = since,
                                            .durable = true,
                                            .heard_count = count,
                                            .heard = heard};
    fine(ledger_checkpoint(ledger, &row));
}

static struct ledger *ledger_of_two(void)
{
    struct ledger *ledger = NULL;
    struct evidence_vat vats[] = {{.name = "a", .host = EVIDENCE_NONE},
                                  {.name = "b", .host = EVIDENCE_NONE}};
    uint32_t index = 0;
    fine(ledger_new(&ledger));
    fine(ledger_add_vat(ledger, &vats[0], &index));
    fine(ledger_add_vat(ledger, &vats[1], &index));
    return ledger;
}

/* How much the first vat's checkpoint 15 says it heard, and since when. */
static void expect_said(const struct ledger *ledger, mn_epoch since, size_t heard_count)
{
    struct evidence *evidence = evidence_of(ledger);
    const struct evidence_checkpoint *row = &evidence->checkpoints[evidence->checkpoint_count - 1];
    assert_int_equal(row->epoch, 15);
    assert_int_equal(row->since, since);
    assert_int_equal(row->heard_count, heard_count);
    evidence_destroy(&evidence);
}

/* Who holds a copy of 15 and not yet one of 10 says with it what both heard, be it before the host
 * that has both says of each its own, or after. What 10 heard binds nobody when the floor is
 * there. */
static void says_what_was_heard_with_the_row_that_heard_it(void **state)
{
    (void)state;
    static const struct evidence_heard heard[] = {{.vat = 1, .epoch = 7}, {.vat = 1, .epoch = 8}};
    for (int order = 0; order < 2; order++) {
        struct ledger *ledger = ledger_of_two();
        report_heard(ledger, 5, 0, NULL, 0);
        if (order == 0) {
            report_heard(ledger, 15, 5, heard, 2);
        }
        report_heard(ledger, 10, 5, heard, 1);
        report_heard(ledger, 15, 10, heard + 1, 1);
        if (order == 1) {
            report_heard(ledger, 15, 5, heard, 2);
        }
        expect_said(ledger, 10, 1);
        fine(ledger_set_floor(ledger, 0, 10, NULL));
        report_heard(ledger, 15, 5, heard, 2);
        expect_said(ledger, 10, 1);
        ledger_destroy(&ledger);
    }
}

/* Of 10 nothing is known, so 15 alone says what it heard: its since leads down to what is. */
static void lets_a_row_make_up_for_one_that_is_missing(void **state)
{
    (void)state;
    static const struct evidence_heard heard[] = {{.vat = 1, .epoch = 7}, {.vat = 1, .epoch = 8}};
    struct ledger *ledger = ledger_of_two();
    report_heard(ledger, 5, 0, NULL, 0);
    report_heard(ledger, 15, 10, heard + 1, 1);
    report_heard(ledger, 15, 5, heard, 2);
    expect_said(ledger, 5, 2);
    report_heard(ledger, 15, 10, heard + 1, 1);
    expect_said(ledger, 5, 2);
    ledger_destroy(&ledger);
}

static void report_written(struct ledger *ledger, mn_epoch epoch, uint32_t written, bool here)
{
    const struct evidence_checkpoint row = {
        .epoch = epoch, .durable = true, .written = written, .written_here = here};
    fine(ledger_checkpoint(ledger, &row));
}

/* The numbers begin anew after the highest one. */
static void forgets_when_checkpoints_were_written_before_the_numbers_come_again(void **state)
{
    (void)state;
    struct ledger *ledger = ledger_of_two();
    report_written(ledger, 5, EVIDENCE_WRITTEN_MAX - 2, true);
    report_written(ledger, 10, EVIDENCE_WRITTEN_MAX, true);
    report_written(ledger, 15, 2, true);
    report_written(ledger, 20, 3, true);
    report_written(ledger, 20, 9, false);                       /* its own host counts more */
    ledger_forget_written(ledger, EVIDENCE_WRITTEN_MAX - 1, 4); /* up to 2 */
    assert_int_equal(ledger_written(ledger, 0, 5), EVIDENCE_WRITTEN_MAX - 2);
    assert_int_equal(ledger_written(ledger, 0, 10), 0);
    assert_int_equal(ledger_written(ledger, 0, 15), 0);
    assert_int_equal(ledger_written(ledger, 0, 20), 3);
    ledger_destroy(&ledger);
}

/* As many bytes as the answer has are enough; one that is too large whatever is decided is not
 * begun. */
static void answers_in_no_more_bytes_than_there_may_be(void **state)
{
    (void)state;
    struct ledger *ledger = ledger_story_begin(9);
    struct decision *decision = NULL;
    struct mn_text whole = {0};
    fine(ledger_decide(ledger, &decision));
    fine(decision_write_json(ledger, decision, true, &whole));
    struct mn_text enough = {.size_max = whole.size};
    fine(decision_write_json(ledger, decision, true, &enough));
    assert_string_equal(enough.bytes, whole.bytes);
    struct mn_text less = {.size_max = whole.size - 1};
    assert_int_equal(decision_write_json(ledger, decision, true, &less), MN_FULL);
    struct mn_text little = {.size_max = 1000};
    assert_int_equal(decision_write_json(ledger, decision, true, &little), MN_FULL);
    assert_int_equal(little.size, 0);
    mn_text_deinit(&less);
    mn_text_deinit(&enough);
    mn_text_deinit(&whole);
    decision_destroy(&decision);
    ledger_destroy(&ledger);
}

/* Where each name stands in the answer of a ledger with nothing lost. */
static void expect_order(struct ledger *ledger, const char *const *names, size_t count)
{
    struct decision *decision = NULL;
    struct mn_text text = {0};
    fine(ledger_decide(ledger, &decision));
    fine(decision_write_json(ledger, decision, false, &text));
    const char *at = text.bytes;
    for (size_t i = 0; i < count; i++) {
        char row[64];
        (void)snprintf(row, sizeof row, "\"%s\": {\"outcome\"", names[i]);
        at = strstr(at, row);
        assert_non_null(at);
    }
    mn_text_deinit(&text);
    decision_destroy(&decision);
}

static void answers_by_name_whatever_the_numbers(void **state)
{
    (void)state;
    static const char *const added[] = {"v2", "v10", "longname-b", "longname-a"};
    struct ledger *ledger = NULL;
    uint32_t index = 0;
    fine(ledger_new(&ledger));
    for (size_t i = 0; i < 4; i++) {
        struct evidence_vat vat = {.name = added[i], .host = EVIDENCE_NONE};
        fine(ledger_add_vat(ledger, &vat, &index));
    }
    expect_order(ledger, (const char *[]){"longname-a", "longname-b", "v10", "v2"}, 4);
    struct evidence_vat later = {.name = "v1", .host = EVIDENCE_NONE};
    fine(ledger_add_vat(ledger, &later, &index));
    expect_order(ledger, (const char *[]){"longname-a", "longname-b", "v1", "v10", "v2"}, 5);
    ledger_destroy(&ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_alike_whatever_the_order_of_reports),
        cmocka_unit_test(decides_after_any_changes_as_a_new_ledger_would),
        cmocka_unit_test(answers_in_no_more_bytes_than_there_may_be),
        cmocka_unit_test(answers_by_name_whatever_the_numbers),
        cmocka_unit_test(cuts_what_it_decides),
        cmocka_unit_test(knows_what_is_missing_above_a_floor),
        cmocka_unit_test(knows_that_what_is_held_below_a_floor_rests_on_it),
        cmocka_unit_test(says_what_was_heard_with_the_row_that_heard_it),
        cmocka_unit_test(lets_a_row_make_up_for_one_that_is_missing),
        cmocka_unit_test(forgets_when_checkpoints_were_written_before_the_numbers_come_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
