/* The checker takes what follows from the evidence and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/check.h"
#include "oracle/draft.h"
#include "oracle/mutate.h"
#include "oracle/oracle.h"

#ifdef __SANITIZE_ADDRESS__
enum { DOCUMENT_COUNT = 500, MUTATION_COUNT = 6 };
#else
enum { DOCUMENT_COUNT = 3000, MUTATION_COUNT = 20 };
#endif

static struct evidence *reads(const char *text)
{
    struct evidence *evidence = NULL;
    struct mn_error error = {{0}};
    mn_result result = evidence_read(text, strlen(text), "e", &evidence, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(result, MN_OK);
    return evidence;
}

static void takes(const char *evidence_text, const char *answer)
{
    struct evidence *evidence = reads(evidence_text);
    struct mn_error error = {{0}};
    mn_result result = check_answer(evidence, answer, strlen(answer), &error);
    assert_string_equal(error.text, "");
    assert_int_equal(result, MN_OK);
    evidence_destroy(&evidence);
}

static void refuses(const char *evidence_text, const char *answer, const char *expected)
{
    struct evidence *evidence = reads(evidence_text);
    struct mn_error error = {{0}};
    assert_int_equal(check_answer(evidence, answer, strlen(answer), &error), MN_BAD_INPUT);
    assert_string_equal(error.text, expected);
    evidence_destroy(&evidence);
}

/* Two vats that heard each other; every copy is intact and nothing is lost. */
#define CIRCLE                                                                                     \
    "evidence: 1\n"                                                                                \
    "stores: {s: {}}\n"                                                                            \
    "vats: {a: {}, b: {}}\n"                                                                       \
    "checkpoints:\n"                                                                               \
    "- {vat: a, epoch: 1, kind: full, copies: {at: [s]}}\n"                                        \
    "- {vat: a, epoch: 2, kind: full, copies: {at: [s]}, heard: [{vat: b, epoch: 2}]}\n"           \
    "- {vat: b, epoch: 1, kind: full, copies: {at: [s]}}\n"                                        \
    "- {vat: b, epoch: 2, kind: full, copies: {at: [s]}, heard: [{vat: a, epoch: 2}]}\n"

static void refuses_two_vats_that_blame_each_other(void **state)
{
    (void)state;
    refuses(
        CIRCLE,
        "{\"summary\": {\"running\": 0, \"revived\": 0, \"rolled_back\": 2, \"reset\": 0, "
        "\"epochs_lost\": 2, \"kept_orphans\": 0, \"spared\": 0}, \"vats\": {"
        "\"a\": {\"outcome\": \"rolled_back\", \"was\": \"running\", \"keep\": 1, "
        "\"incarnation\": 2, \"sure\": true, \"spared\": false, "
        "\"forgot\": {\"after\": 1, \"through\": 2, \"told\": false}, "
        "\"because\": {\"orphan\": {\"epoch\": 2, \"heard\": {\"vat\": \"b\", \"epoch\": 2}, "
        "\"kept\": 1}}, \"told\": [{\"vat\": \"b\", \"incarnation\": 2, \"kept\": 1, "
        "\"you_heard\": null, \"forgot_you\": null}]}, "
        "\"b\": {\"outcome\": \"rolled_back\", \"was\": \"running\", \"keep\": 1, "
        "\"incarnation\": 2, \"sure\": true, \"spared\": false, "
        "\"forgot\": {\"after\": 1, \"through\": 2, \"told\": false}, "
        "\"because\": {\"orphan\": {\"epoch\": 2, \"heard\": {\"vat\": \"a\", \"epoch\": 2}, "
        "\"kept\": 1}}, \"told\": [{\"vat\": \"a\", \"incarnation\": 2, \"kept\": 1, "
        "\"you_heard\": null, \"forgot_you\": null}]}}, "
        "\"trace\": {\"spared\": [], \"steps\": ["
        "{\"vat\": \"a\", \"to\": 1, \"epoch\": 2, \"heard\": {\"vat\": \"b\", \"epoch\": 2}}, "
        "{\"vat\": \"b\", \"to\": 1, \"epoch\": 2, \"heard\": {\"vat\": \"a\", \"epoch\": 2}}]}}",
        "vat a has 9 keys; expected 8");
}

/* One vat whose newest checkpoint and running state burn with h; vault keeps the older one. */
#define BURNT                                                                                      \
    "evidence: 1\n"                                                                                \
    "domains: {z: {}}\n"                                                                           \
    "hosts: {h: {in: z}, g: {}}\n"                                                                 \
    "stores: {d: {in: h}, vault: {}}\n"                                                            \
    "vats: {a: {host: h}, b: {host: g}}\n"                                                         \
    "checkpoints:\n"                                                                               \
    "- {vat: a, epoch: 1, kind: full, copies: {at: [vault]}}\n"                                    \
    "- {vat: a, epoch: 2, kind: full, copies: {at: [d]}}\n"                                        \
    "- {vat: b, epoch: 1, kind: full, copies: {at: [vault]}}\n"                                    \
    "- {vat: b, epoch: 2, kind: full, copies: {at: [vault]}, heard: [{vat: a, epoch: 2}]}\n"       \
    "lost: {hosts: [h], domains: [z]}\n"

#define BURNT_ANSWER(lost, step, orphan)                                                           \
    "{\"summary\": {\"running\": 0, \"revived\": 0, \"rolled_back\": 2, \"reset\": 0, "            \
    "\"epochs_lost\": 2, \"kept_orphans\": 0, \"spared\": 0}, \"vats\": {"                         \
    "\"a\": {\"outcome\": \"rolled_back\", \"was\": \"lost\", \"keep\": 1, \"incarnation\": 2, "   \
    "\"sure\": true, \"spared\": false, "                                                          \
    "\"forgot\": {\"after\": 1, \"through\": 2, \"told\": false}, "                                \
    "\"because\": {\"lost\": [" lost "]}, \"told\": [{\"vat\": \"b\", \"incarnation\": 2, "        \
    "\"kept\": 1, \"you_heard\": null, \"forgot_you\": null}]}, "                                  \
    "\"b\": {\"outcome\": \"rolled_back\", \"was\": \"running\", \"keep\": 1, "                    \
    "\"incarnation\": 2, \"sure\": true, \"spared\": false, "                                      \
    "\"forgot\": {\"after\": 1, \"through\": 2, \"told\": false}, "                                \
    "\"because\": {\"orphan\": " orphan "}, \"told\": [{\"vat\": \"a\", \"incarnation\": 2, "      \
    "\"kept\": 1, \"you_heard\": null, \"forgot_you\": null}]}}, "                                 \
    "\"trace\": {\"spared\": [], \"steps\": [" step "]}}"

#define HOST "{\"host\": \"h\"}"
#define STEP "{\"vat\": \"b\", \"to\": 1, \"epoch\": 2, \"heard\": {\"vat\": \"a\", \"epoch\": 2}}"
#define ORPHAN "{\"epoch\": 2, \"heard\": {\"vat\": \"a\", \"epoch\": 2}, \"kept\": 1}"

static void takes_a_right_answer(void **state)
{
    (void)state;
    takes(BURNT, BURNT_ANSWER(HOST, STEP, ORPHAN));
}

static void takes_any_losses_that_suffice(void **state)
{
    (void)state;
    takes(BURNT, BURNT_ANSWER("{\"domain\": \"z\"}", STEP, ORPHAN));
    takes(BURNT, BURNT_ANSWER("{\"domain\": \"z\"}, " HOST, STEP, ORPHAN));
}

static void refuses_losses_that_do_not_suffice(void **state)
{
    (void)state;
    refuses(BURNT, BURNT_ANSWER("", STEP, ORPHAN),
            "vat a: because says not what took its running state");
}

static void refuses_losses_that_are_not_named_by_the_evidence(void **state)
{
    (void)state;
    refuses(BURNT, BURNT_ANSWER(HOST ", {\"store\": \"d\"}", STEP, ORPHAN),
            "vat a: because lists a loss twice, or one the evidence does not name");
    refuses(BURNT, BURNT_ANSWER(HOST ", " HOST, STEP, ORPHAN),
            "vat a: because lists a loss twice, or one the evidence does not name");
    refuses(BURNT,
            BURNT_ANSWER(HOST ", {\"checkpoint\": {\"vat\": \"a\", \"epoch\": 2}}", STEP, ORPHAN),
            "vat a: because: lost: a row that is listed twice, is not named by the evidence, or "
            "took nothing");
}

static void refuses_a_loss_that_took_nothing_from_the_vat(void **state)
{
    (void)state;
    refuses("evidence: 1\nhosts: {h: {}, g: {}}\nvats: {a: {host: h}}\nlost: {hosts: [h, g]}\n",
            "{\"summary\": {\"running\": 0, \"revived\": 1, \"rolled_back\": 0, \"reset\": 0, "
            "\"epochs_lost\": 0, \"kept_orphans\": 0, \"spared\": 0}, \"vats\": {"
            "\"a\": {\"outcome\": \"revived\", \"was\": \"lost\", \"keep\": 0, "
            "\"incarnation\": 1, \"sure\": true, \"spared\": false, \"forgot\": null, "
            "\"because\": {\"lost\": [{\"host\": \"g\"}, {\"host\": \"h\"}]}, \"told\": []}}, "
            "\"trace\": {\"spared\": [], \"steps\": []}}",
            "vat a: because lists g, which took nothing from it");
}

static void refuses_a_trace_that_is_not_forced(void **state)
{
    (void)state;
    refuses(BURNT, BURNT_ANSWER(HOST, "", ORPHAN), "trace: it does not end at the cut of b");
    refuses(BURNT, BURNT_ANSWER(HOST, STEP ", " STEP, ORPHAN),
            "trace: step 1: b does not include that interval any more");
    refuses(BURNT,
            BURNT_ANSWER(HOST,
                         "{\"vat\": \"b\", \"to\": 1, \"epoch\": 2, "
                         "\"heard\": {\"vat\": \"a\", \"epoch\": 1}}",
                         ORPHAN),
            "trace: step 0: the interval did not hear that");
    refuses(BURNT,
            BURNT_ANSWER(HOST,
                         "{\"vat\": \"b\", \"to\": 0, \"epoch\": 2, "
                         "\"heard\": {\"vat\": \"a\", \"epoch\": 2}}",
                         ORPHAN),
            "trace: step 0 is 0; the evidence gives 1");
    refuses(BURNT,
            BURNT_ANSWER(HOST,
                         "{\"vat\": \"b\", \"to\": 1, \"epoch\": null, "
                         "\"heard\": {\"vat\": \"a\", \"epoch\": 2}}",
                         ORPHAN),
            "trace: step 0: the interval did not hear that");
}

static void refuses_an_orphan_that_does_not_hold(void **state)
{
    (void)state;
    refuses(BURNT,
            BURNT_ANSWER(HOST, STEP,
                         "{\"epoch\": 2, \"heard\": {\"vat\": \"a\", \"epoch\": 2}, \"kept\": 0}"),
            "vat b: because is 0; the evidence gives 1");
    refuses(BURNT,
            BURNT_ANSWER(HOST, STEP,
                         "{\"epoch\": 1, \"heard\": {\"vat\": \"a\", \"epoch\": 2}, \"kept\": 1}"),
            "vat b: because: the interval did not hear that");
}

static void refuses_what_is_no_answer(void **state)
{
    (void)state;
    refuses("evidence: 1\n", "{",
            "line 1, column 1: not JSON: string or '}' expected near end of "
            "file");
    refuses("evidence: 1\n", "[]", "the answer is missing or no object");
    refuses("evidence: 1\n", "{\"summary\": {}, \"vats\": {}}",
            "the answer has no trace; expected one made with --proof");
}

/* What the checker may take although it is not the oracle's own: another proof that holds too. */
static bool may_pass(const struct evidence *evidence, const json_t *answer, const json_t *mutated)
{
    json_t *left = json_deep_copy(answer);
    json_t *right = json_deep_copy(mutated);
    (void)json_object_del(left, "trace");
    (void)json_object_del(right, "trace");
    const char *name = NULL;
    json_t *row = NULL;
    json_object_foreach(json_object_get(left, "vats"), name, row)
    {
        (void)json_object_del(row, "because");
        (void)json_object_del(json_object_get(json_object_get(right, "vats"), name), "because");
    }
    bool same = json_equal(left, right) != 0;
    json_decref(left);
    json_decref(right);
    return same && oracle_proof_holds(evidence, mutated);
}

static mn_result checks(const struct evidence *evidence, const json_t *answer)
{
    char *text = json_dumps(answer, 0);
    assert_non_null(text);
    struct mn_error error = {{0}};
    mn_result result = check_answer(evidence, text, strlen(text), &error);
    free(text);
    return result;
}

static void takes_the_oracles_answers_and_no_changed_ones(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= DOCUMENT_COUNT; seed++) {
        struct mn_random random = {seed};
        struct draft draft;
        draft_make(&draft, &random);
        struct evidence *evidence = draft_read(&draft);
        json_t *answer = oracle_prove(evidence);
        bool good = oracle_proof_holds(evidence, answer) && checks(evidence, answer) == MN_OK;
        for (int i = 0; good && i < MUTATION_COUNT; i++) {
            json_t *mutated = mutate_answer(answer, &random);
            good = json_equal(answer, mutated) || may_pass(evidence, answer, mutated) ||
                   checks(evidence, mutated) == MN_BAD_INPUT;
            if (!good) {
                (void)json_dumpf(mutated, stderr, 0);
            }
            json_decref(mutated);
        }
        if (!good) {
            struct mn_text text = {0};
            draft_write(&draft, NULL, &text);
            fail_msg("seed %llu:\n%s", (unsigned long long)seed, text.bytes);
        }
        json_decref(answer);
        evidence_destroy(&evidence);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_two_vats_that_blame_each_other),
        cmocka_unit_test(takes_a_right_answer),
        cmocka_unit_test(takes_any_losses_that_suffice),
        cmocka_unit_test(refuses_losses_that_do_not_suffice),
        cmocka_unit_test(refuses_losses_that_are_not_named_by_the_evidence),
        cmocka_unit_test(refuses_a_loss_that_took_nothing_from_the_vat),
        cmocka_unit_test(refuses_a_trace_that_is_not_forced),
        cmocka_unit_test(refuses_an_orphan_that_does_not_hold),
        cmocka_unit_test(refuses_what_is_no_answer),
        cmocka_unit_test(takes_the_oracles_answers_and_no_changed_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
