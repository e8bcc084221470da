/* Ten thousand random documents: the engine answers what the oracle answers, the checker takes its
 * proof, a decision once applied leaves everybody running, and neither the order of the document
 * nor the names of its vats matter. A document that fails is taken apart and the smallest is
 * printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/check.h"
#include "cli/cut_json.h"
#include "oracle/draft.h"
#include "oracle/mutate.h"
#include "oracle/oracle.h"

#ifdef __SANITIZE_ADDRESS__
enum { DOCUMENT_COUNT = 1500 };
#else
enum { DOCUMENT_COUNT = 12000 };
#endif

/* What the engine says, with its proof, as text and parsed. */
struct answered {
    struct mn_text text;
    json_t *json;
};

static bool answer(struct answered *answered, const struct evidence *evidence)
{
    *answered = (struct answered){0};
    if (cut_json_write(evidence, true, &answered->text) != MN_OK) {
        return false;
    }
    answered->json =
        json_loadb(answered->text.bytes, answered->text.size, JSON_REJECT_DUPLICATES, NULL);
    return answered->json != NULL;
}

static void forget(struct answered *answered)
{
    json_decref(answered->json);
    mn_text_deinit(&answered->text);
}

/* The answer without its proof, which is not unique. */
static json_t *stripped(const json_t *json)
{
    json_t *copy = json_deep_copy(json);
    (void)json_object_del(copy, "trace");
    const char *name = NULL;
    json_t *row = NULL;
    json_object_foreach(json_object_get(copy, "vats"), name, row)
    {
        (void)json_object_del(row, "because");
    }
    return copy;
}

static bool same(json_t *left, json_t *right)
{
    bool equal = json_equal(left, right) != 0;
    json_decref(left);
    json_decref(right);
    return equal;
}

static const char *judge_answer(const struct evidence *evidence, const struct answered *answered)
{
    if (!same(stripped(answered->json), oracle_answer(evidence, NULL))) {
        return "the oracle answers otherwise";
    }
    if (!oracle_proof_holds(evidence, answered->json)) {
        return "the oracle does not take the proof";
    }
    static struct mn_error error;
    error = (struct mn_error){{0}};
    if (check_answer(evidence, answered->text.bytes, answered->text.size, &error) != MN_OK) {
        return error.text;
    }
    return NULL;
}

static const char *judge_order(const struct draft *draft, const struct answered *answered)
{
    struct mn_random order = {7};
    struct mn_text text = {0};
    draft_write(draft, &order, &text);
    struct evidence *evidence = NULL;
    const char *problem = "a shuffled document is refused";
    if (evidence_read(text.bytes, text.size, "shuffled", &evidence, NULL) == MN_OK) {
        struct answered other;
        bool equal =
            answer(&other, evidence) && strcmp(other.text.bytes, answered->text.bytes) == 0;
        problem = equal ? NULL : "another order of the document gives other bytes";
        forget(&other);
    }
    evidence_destroy(&evidence);
    mn_text_deinit(&text);
    return problem;
}

/* The number that @name, "v3" say, has in the draft. */
static size_t number_of(const json_t *name)
{
    return (size_t)(json_string_value(name)[1] - '0');
}

/* The answer with every vat called by its other name, its notices sorted anew. */
static json_t *renamed(const json_t *json, const struct draft *other)
{
    json_t *copy = json_deep_copy(json);
    json_t *vats = json_object();
    const char *name = NULL;
    json_t *row = NULL;
    json_object_foreach(json_object_get(copy, "vats"), name, row)
    {
        json_t *told = json_object_get(row, "told");
        json_t *sorted = json_array();
        for (uint8_t v = other->vat_count; v > 0; v--) {
            /* The other names count down where these count up. */
            for (size_t i = 0; i < json_array_size(told); i++) {
                json_t *notice = json_array_get(told, i);
                if (number_of(json_object_get(notice, "vat")) == (size_t)(v - 1)) {
                    json_t *changed = json_copy(notice);
                    (void)json_object_set_new(changed, "vat", json_string(other->vats[v - 1].name));
                    (void)json_array_append_new(sorted, changed);
                }
            }
        }
        (void)json_object_set_new(row, "told", sorted);
        (void)json_object_set(vats, other->vats[name[1] - '0'].name, row);
    }
    (void)json_object_set_new(copy, "vats", vats);
    return copy;
}

static const char *judge_names(const struct draft *draft)
{
    struct draft other = *draft;
    struct draft plain = *draft;
    for (uint8_t v = 0; v < draft->vat_count; v++) {
        (void)snprintf(plain.vats[v].name, sizeof plain.vats[v].name, "v%u", (unsigned)v);
        (void)snprintf(other.vats[v].name, sizeof other.vats[v].name, "%c", 'z' - v);
    }
    struct evidence *evidence = draft_read(&other);
    struct evidence *plain_evidence = draft_read(&plain);
    struct answered result;
    struct answered plain_result;
    const char *problem = "a renamed document is refused";
    bool both = answer(&result, evidence);
    both = answer(&plain_result, plain_evidence) && both;
    if (both) {
        json_t *expected = stripped(plain_result.json);
        bool equal = same(stripped(result.json), renamed(expected, &other));
        problem = equal ? NULL : "renaming vats changes more than their names";
        json_decref(expected);
    }
    forget(&plain_result);
    forget(&result);
    evidence_destroy(&plain_evidence);
    evidence_destroy(&evidence);
    return problem;
}

static const char *judge_afterwards(const struct draft *draft, const struct answered *answered)
{
    struct draft after = *draft;
    draft_apply(&after, answered->json);
    struct evidence *evidence = draft_read(&after);
    struct answered result;
    const char *problem = "once applied, the document is refused";
    if (answer(&result, evidence)) {
        const json_t *summary = json_object_get(result.json, "summary");
        json_int_t running = json_integer_value(json_object_get(summary, "running"));
        problem = running == after.vat_count ? NULL : "once applied, not everybody runs";
    }
    forget(&result);
    evidence_destroy(&evidence);
    return problem;
}

static const char *judge_changes(const struct evidence *evidence, const struct answered *answered,
                                 uint64_t seed)
{
    struct mn_random random = {seed};
    const char *problem = NULL;
    for (int i = 0; problem == NULL && i < 4; i++) {
        json_t *mutated = mutate_answer(answered->json, &random);
        json_t *left = stripped(mutated);
        json_t *right = stripped(answered->json);
        bool differs = json_equal(left, right) == 0;
        char *text = json_dumps(mutated, 0);
        struct mn_error error = {{0}};
        if (differs && check_answer(evidence, text, strlen(text), &error) == MN_OK) {
            problem = "the checker takes a changed answer";
        }
        free(text);
        json_decref(right);
        json_decref(left);
        json_decref(mutated);
    }
    return problem;
}

/* What is wrong with the answer to @draft, NULL when nothing is. */
static const char *judge(const struct draft *draft, uint64_t seed)
{
    struct evidence *evidence = draft_read(draft);
    struct answered answered;
    const char *problem = "the engine fails";
    if (answer(&answered, evidence)) {
        problem = judge_answer(evidence, &answered);
        problem = problem != NULL ? problem : judge_order(draft, &answered);
        problem = problem != NULL ? problem : judge_names(draft);
        problem = problem != NULL ? problem : judge_afterwards(draft, &answered);
        problem = problem != NULL ? problem : judge_changes(evidence, &answered, seed);
    }
    forget(&answered);
    evidence_destroy(&evidence);
    return problem;
}

/* Take things out of a failing draft as long as it still fails. */
static void shrink(struct draft *draft, uint64_t seed)
{
    struct draft smaller;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; draft_reduce(draft, i, &smaller); i++) {
            if (memcmp(draft, &smaller, sizeof smaller) != 0 && draft_valid(&smaller) &&
                judge(&smaller, seed) != NULL) {
                *draft = smaller;
                changed = true;
            }
        }
    }
}

static void answers_random_documents_as_the_oracle_does(void **state)
{
    (void)state;
    const char *many = getenv("MNEME_DOCUMENTS");
    uint64_t count = many != NULL ? strtoull(many, NULL, 10) : DOCUMENT_COUNT;
    for (uint64_t seed = 1; seed <= count; seed++) {
        struct mn_random random = {seed};
        struct draft draft;
        draft_make(&draft, &random);
        if (judge(&draft, seed) == NULL) {
            continue;
        }
        shrink(&draft, seed);
        struct mn_text text = {0};
        draft_write(&draft, NULL, &text);
        fail_msg("seed %llu: %s\n%s", (unsigned long long)seed, judge(&draft, seed), text.bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_random_documents_as_the_oracle_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
