/* The binary form of evidence: it says what the YAML says, and keeps the same rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <glob.h>

#include "docs/file.h"
#include "oracle/draft.h"
#include "oracle/encode.h"
#include "wire/evidence.h"

enum { DRAFT_COUNT = 2000 };

static struct mn_buffer encoded(const struct evidence *evidence)
{
    struct mn_buffer buffer = {0};
    assert_int_equal(oracle_encode(evidence, &buffer), MN_OK);
    return buffer;
}

static struct evidence *reads(const void *bytes, size_t size)
{
    struct evidence *evidence = NULL;
    struct mn_error error = {{0}};
    mn_result result = mn_evidence_read(bytes, size, "e", &evidence, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(result, MN_OK);
    return evidence;
}

/* That @evidence comes back from its binary form with the same text, and to the same bytes. */
static void comes_back(const struct evidence *evidence)
{
    struct mn_buffer once = encoded(evidence);
    struct evidence *again = reads(once.bytes, once.size);
    struct mn_buffer twice = encoded(again);
    assert_int_equal(once.size, twice.size);
    assert_memory_equal(once.bytes, twice.bytes, once.size);
    struct mn_text before = {0};
    struct mn_text after = {0};
    assert_int_equal(evidence_write_yaml(evidence, &before), MN_OK);
    assert_int_equal(evidence_write_yaml(again, &after), MN_OK);
    assert_string_equal(before.bytes, after.bytes);
    mn_text_deinit(&before);
    mn_text_deinit(&after);
    evidence_destroy(&again);
    mn_buffer_deinit(&once);
    mn_buffer_deinit(&twice);
}

static void says_what_the_example_cases_say(void **state)
{
    (void)state;
    glob_t cases = {0};
    assert_int_equal(glob(MNEME_SOURCE "/tests/cases/*.yaml", 0, NULL, &cases), 0);
    assert_true(cases.gl_pathc >= 10);
    for (size_t i = 0; i < cases.gl_pathc; i++) {
        struct mn_text text = {0};
        assert_int_equal(mn_file_read(cases.gl_pathv[i], EVIDENCE_SIZE_MAX, &text, NULL), MN_OK);
        struct evidence *evidence = reads(text.bytes, text.size);
        comes_back(evidence);
        evidence_destroy(&evidence);
        mn_text_deinit(&text);
    }
    globfree(&cases);
}

static void says_what_any_document_says(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= DRAFT_COUNT; seed++) {
        struct mn_random random = {seed};
        struct draft draft;
        draft_make(&draft, &random);
        struct evidence *evidence = draft_read(&draft);
        comes_back(evidence);
        evidence_destroy(&evidence);
    }
}

/* ---- rules ----------------------------------------------------------------------------------- */

/* A good document of which each test makes one thing bad: two of everything. */
struct world {
    struct evidence e;
    struct evidence_domain domains[2];
    struct evidence_host hosts[2];
    struct evidence_store stores[2];
    struct evidence_vat vats[2];
    struct evidence_lineage lineage[3];
    struct evidence_checkpoint checkpoints[2];
    struct evidence_heard heard[2];
    struct evidence_form forms[3];
    uint32_t at[4];
    struct evidence_open open[2];
    struct evidence_heard open_heard[2];
    uint32_t zero[1];
    struct evidence_lost_checkpoint lost_checkpoints[1];
    struct evidence_lost_copy lost_copies[1];
};

static void make_rows(struct world *w)
{
    w->domains[0] = (struct evidence_domain){"zone", EVIDENCE_NONE};
    w->domains[1] = (struct evidence_domain){"rack", 0};
    w->hosts[0] = (struct evidence_host){"h", 1};
    w->hosts[1] = (struct evidence_host){"g", EVIDENCE_NONE};
    w->stores[0] = (struct evidence_store){"s", EVIDENCE_IN_HOST, 0};
    w->stores[1] = (struct evidence_store){"t", EVIDENCE_IN_DOMAIN, 1};
    w->lineage[0] = (struct evidence_lineage){.after = 1, .next = 3, .seen = true, .told = false};
    w->lineage[1] = (struct evidence_lineage){.after = 1, .next = 3, .seen = false, .told = true};
    w->lineage[2] = (struct evidence_lineage){.after = 3, .next = 6, .seen = true, .told = false};
    w->vats[0] = (struct evidence_vat){
        .name = "a", .host = 0, .limit = 1, .lineage_count = 1, .lineage = &w->lineage[0]};
    w->vats[1] = (struct evidence_vat){.name = "b",
                                       .host = EVIDENCE_NONE,
                                       .has_floor = true,
                                       .floor = 0,
                                       .limit = 0,
                                       .lineage_count = 2,
                                       .lineage = &w->lineage[1]};
    w->heard[0] = (struct evidence_heard){1, 6};
    w->heard[1] = (struct evidence_heard){0, 3};
    w->forms[0] = (struct evidence_form){EVIDENCE_FULL, 0, 1, 1, &w->at[0]};
    w->forms[1] = (struct evidence_form){EVIDENCE_DIFF, 3, 2, 2, &w->at[1]};
    w->forms[2] = (struct evidence_form){EVIDENCE_FULL, 0, 1, 1, &w->at[3]};
    w->at[1] = 0;
    w->at[2] = 1;
    w->at[3] = 1;
    w->checkpoints[0] =
        (struct evidence_checkpoint){.vat = 0, .epoch = 3, .durable = true, .form_count = 1};
    w->checkpoints[1] = (struct evidence_checkpoint){
        .vat = 1, .epoch = 7, .has_since = true, .since = 6, .heard_count = 1, .form_count = 2};
    w->checkpoints[0].heard_count = 1;
    w->open[0] = (struct evidence_open){.vat = 0, .epoch = 4, .heard_count = 1};
    w->open[1] = (struct evidence_open){
        .vat = 1, .epoch = 8, .has_since = true, .since = 7, .heard_count = 1};
    w->open_heard[0] = (struct evidence_heard){1, 7};
    w->open_heard[1] = (struct evidence_heard){0, 4};
    w->lost_checkpoints[0] = (struct evidence_lost_checkpoint){1, 7};
    w->lost_copies[0] = (struct evidence_lost_copy){1, 7, 0};
}

static void make_world(struct world *w)
{
    *w = (struct world){0};
    make_rows(w);
    for (int i = 0; i < 2; i++) {
        w->checkpoints[i].heard = &w->heard[i];
        w->checkpoints[i].forms = &w->forms[i];
        w->open[i].heard = &w->open_heard[i];
    }
    struct evidence_names one = {1, w->zero};
    w->e = (struct evidence){.domain_count = 2,
                             .domains = w->domains,
                             .host_count = 2,
                             .hosts = w->hosts,
                             .store_count = 2,
                             .stores = w->stores,
                             .vat_count = 2,
                             .vats = w->vats,
                             .checkpoint_count = 2,
                             .checkpoints = w->checkpoints,
                             .open_count = 2,
                             .open = w->open};
    w->e.lost =
        (struct evidence_lost){one, one, one, one, 1, w->lost_checkpoints, 1, w->lost_copies};
    w->e.unknown = (struct evidence_unknown){one, one};
    w->e.policy = (struct evidence_policy){EVIDENCE_TOTAL_LOSS_ROLL_BACK, one};
}

/* That the binary form of @w is refused with exactly @expected; @w is good again afterwards. */
static void refuses(struct world *w, const char *expected)
{
    struct mn_buffer buffer = encoded(&w->e);
    struct evidence *evidence = NULL;
    struct mn_error error = {{0}};
    mn_result result = mn_evidence_decode(buffer.bytes, buffer.size, &evidence, &error);
    assert_string_equal(error.text, expected);
    assert_int_equal(result, MN_BAD_INPUT);
    assert_null(evidence);
    mn_buffer_deinit(&buffer);
    make_world(w);
}

static void says_what_a_document_with_everything_says(void **state)
{
    (void)state;
    struct world w;
    make_world(&w);
    comes_back(&w.e);
    w.e = (struct evidence){0};
    comes_back(&w.e);
}

static void refuses_names_that_are_none_or_stand_twice(void **state)
{
    (void)state;
    struct world w;
    make_world(&w);
    w.domains[1].name = "a rack";
    refuses(&w, "domain_name, row 1: no name; expected 1 to 128 bytes of A-Z a-z 0-9 . _ : / -");
    w.stores[0].name = "";
    refuses(&w, "store_name, row 0: no name; expected 1 to 128 bytes of A-Z a-z 0-9 . _ : / -");
    w.vats[1].name = "a";
    refuses(&w, "vat_name, row 1: a second a; expected each name once");
    w.hosts[1].name = "h";
    refuses(&w, "host_name, row 1: a second h; expected each name once");
    w.hosts[1].name = "rack";
    refuses(&w, "host_name, row 1: rack is a domain's name; expected another for a host");
}

static void refuses_places_that_are_none(void **state)
{
    (void)state;
    struct world w;
    make_world(&w);
    w.domains[1].in = 2;
    refuses(&w, "domain_in, row 1: number 2 of the domains; expected it below 2, as many as there "
                "are");
    w.domains[0].in = 1;
    refuses(&w, "domain_in, row 1: zone leads back to itself; expected domains without a cycle");
    w.hosts[0].in = 9;
    refuses(&w, "host_in, row 0: number 9 of the domains; expected it below 2, as many as there "
                "are");
    w.stores[1].in = 2;
    refuses(&w, "store_in, row 1: number 2 of the domains; expected it below 2, as many as there "
                "are");
    w.vats[0].host = 2;
    refuses(&w, "vat_host, row 0: number 2 of the hosts; expected it below 2, as many as there "
                "are");
}

static void refuses_epochs_outside_their_range(void **state)
{
    (void)state;
    struct world w;
    make_world(&w);
    w.vats[1].floor = MN_EPOCH_MAX + 1;
    refuses(&w, "vat_floor, row 1: epoch 4611686018427387905; expected one from 0 to "
                "4611686018427387904");
    w.vats[0].limit = -1;
    refuses(&w, "vat_limit, row 0: epoch -1; expected one from 0 to 4611686018427387904");
    w.lineage[1].after = -1;
    refuses(&w, "lineage_after, row 1: epoch -1; expected one from 0 to 4611686018427387904");
    w.lineage[2].next = INT64_MIN;
    refuses(&w, "lineage_next, row 2: epoch -9223372036854775808; expected one from 1 to "
                "4611686018427387904");
    w.checkpoints[1].epoch = 0;
    refuses(&w, "checkpoint_epoch, row 1: epoch 0; expected one from 1 to 4611686018427387904");
    w.heard[1].epoch = 0;
    refuses(&w, "checkpoint_heard_epoch, row 1: epoch 0; expected one from 1 to "
                "4611686018427387904");
    w.forms[1].onto = -1;
    refuses(&w, "form_onto, row 1: epoch -1; expected one from 1 to 4611686018427387904");
    w.open[1].since = INT64_MAX;
    refuses(&w, "open_since, row 1: epoch 9223372036854775807; expected one from 0 to "
                "4611686018427387904");
    w.open_heard[0].epoch = MN_EPOCH_MAX + 1;
    refuses(&w, "open_heard_epoch, row 0: epoch 4611686018427387905; expected one from 1 to "
                "4611686018427387904");
    w.lost_checkpoints[0].epoch = 0;
    refuses(&w, "lost_checkpoint_epoch, row 0: epoch 0; expected one from 1 to "
                "4611686018427387904");
}

static void refuses_lineage_out_of_order(void **state)
{
    (void)state;
    struct world w;
    make_world(&w);
    w.lineage[0].next = 1;
    refuses(&w, "lineage_next, row 0: next 1; expected it above after, which is 1");
    w.lineage[2] = (struct evidence_lineage){.after = 2, .next = 3, .seen = true, .told = true};
    refuses(&w, "lineage_next, row 2: next 3; expected lineage entries in growing order of next");
}

static void refuses_checkpoints_that_break_a_rule(void **state)
{
    (void)state;
    struct world w;
    make_world(&w);
    w.checkpoints[0].vat = 2;
    refuses(&w, "checkpoint_vat, row 0: number 2 of the vats; expected it below 2, as many as "
                "there are");
    w.checkpoints[1].since = 7;
    refuses(&w, "checkpoint_since, row 1: since 7; expected it below the epoch, which is 7");
    w.checkpoints[1].vat = 0;
    w.checkpoints[1].epoch = 3;
    w.checkpoints[1].since = 2;
    w.forms[1].onto = 1;
    refuses(&w, "checkpoint_epoch, row 1: a second checkpoint 3 of a; expected each epoch once");
    w.heard[1].vat = 7;
    refuses(&w, "checkpoint_heard_vat, row 1: number 7 of the vats; expected it below 2, as many "
                "as there are");
    w.forms[1].onto = 7;
    refuses(&w, "form_onto, row 1: onto 7; expected it below the epoch, which is 7");
    w.forms[2].need = 0;
    refuses(&w, "form_need, row 2: need 0 of 1 copies; expected need from 1 to their number");
    w.forms[0].need = 2;
    refuses(&w, "form_need, row 0: need 2 of 1 copies; expected need from 1 to their number");
    w.at[2] = 0;
    refuses(&w, "copy_store, row 2: store s twice in at; expected it once");
    w.at[3] = 2;
    refuses(&w, "copy_store, row 3: number 2 of the stores; expected it below 2, as many as there "
                "are");
}

static void refuses_open_intervals_that_break_a_rule(void **state)
{
    (void)state;
    struct world w;
    make_world(&w);
    w.open[1].vat = 0;
    refuses(&w, "open_vat, row 1: a second open interval of a; expected at most one a vat");
    w.open[0].epoch = 3;
    refuses(&w, "open_epoch, row 0: open epoch 3; expected it above the vat's newest live "
                "checkpoint, which is 3");
    w.open[1].since = 8;
    refuses(&w, "open_since, row 1: since 8; expected it below the epoch, which is 8");
    w.open_heard[1].vat = 2;
    refuses(&w, "open_heard_vat, row 1: number 2 of the vats; expected it below 2, as many as "
                "there are");
}

static void refuses_losses_of_what_was_not_there(void **state)
{
    (void)state;
    struct world w;
    make_world(&w);
    w.lost_checkpoints[0].epoch = 6;
    refuses(&w, "lost_checkpoint_epoch, row 0: lost checkpoint 6 of b; expected one that "
                "checkpoints lists");
    w.lost_copies[0] = (struct evidence_lost_copy){0, 3, 1};
    refuses(&w, "lost_copy_store, row 0: lost copy of checkpoint 3 of a at t; expected one that "
                "checkpoints lists");
    uint32_t two[] = {0, 2};
    struct evidence_names names = {2, two};
    w.e.lost.domains = names;
    refuses(&w, "lost_domain, row 1: number 2 of the domains; expected it below 2, as many as "
                "there are");
    w.e.unknown.stores = names;
    refuses(&w, "unknown_store, row 1: number 2 of the stores; expected it below 2, as many as "
                "there are");
    w.e.policy.tell = names;
    refuses(&w, "tell, row 1: number 2 of the vats; expected it below 2, as many as there are");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_the_example_cases_say),
        cmocka_unit_test(says_what_any_document_says),
        cmocka_unit_test(says_what_a_document_with_everything_says),
        cmocka_unit_test(refuses_names_that_are_none_or_stand_twice),
        cmocka_unit_test(refuses_places_that_are_none),
        cmocka_unit_test(refuses_epochs_outside_their_range),
        cmocka_unit_test(refuses_lineage_out_of_order),
        cmocka_unit_test(refuses_checkpoints_that_break_a_rule),
        cmocka_unit_test(refuses_open_intervals_that_break_a_rule),
        cmocka_unit_test(refuses_losses_of_what_was_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
