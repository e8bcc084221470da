/* Comparing what a ledger decides with four other opinions; what differs is shown. */
#include "ledger_compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/check.h"
#include "cli/check.h"
#include "core/decision.h"
#include "docs/evidence_check.h"
#include "oracle/oracle.h"
#include "wire/evidence.h"

/* The oracle is as slow as it is simple. */
enum { ORACLE_CHECKPOINTS = 14 };

static _Noreturn void differs(const char *what)
{
    (void)fprintf(stderr, "%s\n", what);
    abort();
}

static void never_told(void *context, const struct evidence_spot *spot, const char *what)
{
    (void)context;
    (void)fprintf(stderr, "column %d, row %zu: %s\n", (int)spot->column, spot->row, what);
}

struct evidence *compare_document(const struct ledger *ledger)
{
    struct evidence *document = NULL;
    struct evidence_listener listener = {.tell = never_told};
    struct mn_buffer buffer = {0};
    mn_assert(mn_evidence_begin(&buffer) == MN_OK);
    mn_assert(ledger_evidence(ledger, &buffer) == MN_OK);
    mn_assert(mn_evidence_end(&buffer) == MN_OK);
    mn_assert(mn_evidence_decode(buffer.bytes, buffer.size, &document, NULL) == MN_OK);
    mn_buffer_deinit(&buffer);
    mn_assert(evidence_check(document, &listener) == MN_OK);
    return document;
}

struct mn_text compare_text(const struct evidence *document)
{
    struct mn_text text = {0};
    mn_assert(evidence_write_yaml(document, &text) == MN_OK);
    return text;
}

static struct mn_text decision_of(struct ledger *ledger)
{
    struct decision *decision = NULL;
    struct mn_text text = {0};
    mn_assert(ledger_decide(ledger, &decision) == MN_OK);
    mn_assert(decision_write_json(ledger, decision, true, &text) == MN_OK);
    decision_destroy(&decision);
    return text;
}

static struct mn_text decision_on(const struct evidence *document)
{
    struct ledger *ledger = NULL;
    mn_assert(ledger_new(&ledger) == MN_OK);
    mn_assert(ledger_load(ledger, document) == MN_OK);
    ledger_invariant(ledger);
    struct mn_text text = decision_of(ledger);
    ledger_destroy(&ledger);
    return text;
}

/* The answer without what may be proved in several ways. */
static json_t *bare(const struct mn_text *text)
{
    json_t *answer = json_loadb(text->bytes, text->size, 0, NULL);
    mn_assert(answer != NULL);
    (void)json_object_del(answer, "trace");
    const char *name = NULL;
    json_t *row = NULL;
    json_object_foreach(json_object_get(answer, "vats"), name, row)
    {
        (void)json_object_del(row, "because");
    }
    return answer;
}

static void show(const char *what, const struct evidence *document, const struct mn_text *answer)
{
    struct mn_text text = compare_text(document);
    (void)fprintf(stderr, "%s:\n%s%s\n", what, text.bytes, answer->bytes);
    mn_text_deinit(&text);
}

/* @answer is the oracle's, and proves itself. */
static void compare_oracle(const struct evidence *document, const struct mn_text *answer)
{
    struct mn_error error = {{0}};
    if (check_answer(document, answer->bytes, answer->size, &error) != MN_OK) {
        show(error.text, document, answer);
        differs("the checker refuses the decision");
    }
    if (document->checkpoint_count > ORACLE_CHECKPOINTS) {
        return;
    }
    json_t *given = bare(answer);
    json_t *expected = oracle_answer(document, NULL);
    if (json_equal(given, expected) == 0) {
        show("the ledger", document, answer);
        (void)json_dumpf(expected, stderr, 0);
        differs("the oracle decides otherwise");
    }
    json_decref(expected);
    json_decref(given);
}

static void compare_model(const struct model *model, const struct evidence *held,
                          const struct mn_text *answer)
{
    struct mn_arena arena = {0};
    struct evidence told;
    struct evidence_listener listener = {.tell = never_told};
    model_document(model, held, &arena, &told);
    mn_assert(evidence_check(&told, &listener) == MN_OK);
    struct mn_text expected = decision_on(&told);
    json_t *left = bare(answer);
    json_t *right = bare(&expected);
    if (json_equal(left, right) == 0) {
        show("the ledger holds", held, answer);
        show("it was told", &told, &expected);
        differs("the ledger has forgotten something, or made something up");
    }
    json_decref(left);
    json_decref(right);
    mn_text_deinit(&expected);
    mn_arena_deinit(&arena);
}

void compare_decision(struct ledger *ledger, const struct model *model)
{
    struct evidence *held = compare_document(ledger);
    struct mn_text first = decision_of(ledger);
    struct mn_text again = decision_of(ledger);
    mn_assert(strcmp(first.bytes, again.bytes) == 0);
    struct mn_text loaded = decision_on(held);
    if (strcmp(first.bytes, loaded.bytes) != 0) {
        show("the ledger", held, &first);
        (void)fprintf(stderr, "its document, loaded: %s\n", loaded.bytes);
        differs("the document gives another decision");
    }
    compare_oracle(held, &first);
    compare_model(model, held, &first);
    mn_text_deinit(&first);
    mn_text_deinit(&again);
    mn_text_deinit(&loaded);
    evidence_destroy(&held);
}
