/* The checker takes any answer to any evidence; what it lets pass is what the oracle says. An input
 * is evidence, a byte, and what makes an answer of it:
 *
 *   evidence    1 and 8 bytes, which are the seed of a random document; or YAML and a NUL byte
 *   answer      { and the rest of the answer's text; or numbers that change the oracle's own
 * answer, by single values, or by parts of the true answer to a document that differs a little
 *
 * The oracle's own answer has to pass. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "cli/check.h"
#include "oracle/draft.h"
#include "oracle/mutate.h"
#include "oracle/oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* The oracle is as slow as it is simple. */
enum { ORACLE_VATS = 6, ORACLE_CHECKPOINTS = 14, ORACLE_STORES = 64, CHANGE_COUNT_MAX = 8 };

struct input {
    const uint8_t *bytes;
    size_t size;
    struct evidence *evidence;
    bool drafted;
    struct draft draft;
};

static uint64_t take_number(struct input *input, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size && input->size > 0; i++) {
        number = number << 8 | *input->bytes++;
        input->size--;
    }
    return number;
}

static bool take_evidence(struct input *input)
{
    if (input->size > 9 && input->bytes[0] == 1) {
        input->bytes++;
        input->size--;
        struct mn_random random = {take_number(input, 8)};
        draft_make(&input->draft, &random);
        input->drafted = true;
        input->evidence = draft_read(&input->draft);
        return true;
    }
    const uint8_t *end = memchr(input->bytes, 0, input->size);
    if (end == NULL) {
        return false;
    }
    size_t size = (size_t)(end - input->bytes);
    struct mn_error error = {{0}};
    bool good =
        evidence_read((const char *)input->bytes, size, "fuzz", &input->evidence, &error) == MN_OK;
    input->bytes += size + 1;
    input->size -= size + 1;
    return good;
}

static void show(const char *what, const struct evidence *evidence, const json_t *answer)
{
    struct mn_text text = {0};
    mn_assert(evidence_write_yaml(evidence, &text) == MN_OK);
    (void)fprintf(stderr, "%s:\n%s", what, text.bytes);
    (void)json_dumpf(answer, stderr, JSON_SORT_KEYS);
    (void)fputc('\n', stderr);
    mn_text_deinit(&text);
    abort();
}

/* Whether @given is the oracle's answer, with a proof that holds. */
static bool is_true(const struct evidence *evidence, const json_t *given)
{
    json_t *bare = json_deep_copy(given);
    (void)json_object_del(bare, "trace");
    const char *name = NULL;
    json_t *row = NULL;
    json_object_foreach(json_object_get(bare, "vats"), name, row)
    {
        (void)json_object_del(row, "because");
    }
    json_t *expected = oracle_answer(evidence, NULL);
    bool same = json_equal(bare, expected) != 0;
    json_decref(expected);
    json_decref(bare);
    return same && oracle_proof_holds(evidence, given);
}

/* What the checker says of an answer; whether that is right. */
static bool check_text(const struct evidence *evidence, const char *text, size_t size)
{
    struct mn_error error = {{0}};
    mn_result result = check_answer(evidence, text, size, &error);
    mn_assert(result == MN_OK || error.text[0] != '\0');
    return result == MN_OK;
}

static bool check_json(const struct evidence *evidence, const json_t *answer)
{
    char *text = json_dumps(answer, 0);
    mn_assert(text != NULL);
    bool passed = check_text(evidence, text, strlen(text));
    free(text);
    return passed;
}

/* The true answer to a document that has one thing less; NULL when there is no such document. */
static json_t *take_other(struct input *input)
{
    struct draft smaller;
    size_t number = (size_t)take_number(input, 2) % 1024;
    if (!input->drafted || !draft_reduce(&input->draft, number, &smaller) ||
        !draft_valid(&smaller)) {
        return NULL;
    }
    struct evidence *evidence = draft_read(&smaller);
    json_t *answer = oracle_prove(evidence);
    evidence_destroy(&evidence);
    return answer;
}

/* Put a part of another answer in place of the same part. */
static void splice(struct input *input, json_t *answer, json_t *other)
{
    static const char *const parts[] = {"summary", "vats", "trace"};
    json_t *vats = json_object_get(answer, "vats");
    uint64_t choice = take_number(input, 1) % 8;
    if (choice < 3) {
        json_t *part = json_object_get(other, parts[choice]);
        (void)json_object_set(answer, parts[choice], part);
        return;
    }
    char name[] = {'v', (char)('0' + take_number(input, 1) % DRAFT_VAT_COUNT_MAX), '\0'};
    json_t *row = json_object_get(json_object_get(other, "vats"), name);
    if (row == NULL || json_object_get(vats, name) == NULL) {
        return;
    }
    static const char *const keys[] = {"outcome", "keep", "forgot", "told", "because"};
    if (choice == 7) {
        const char *key = keys[take_number(input, 1) % 5];
        (void)json_object_set(json_object_get(vats, name), key, json_object_get(row, key));
    } else {
        (void)json_object_set(vats, name, row);
    }
}

static json_t *change(struct input *input, json_t *answer)
{
    struct mn_random random = {take_number(input, 3)};
    if ((random.state & 3) != 0) {
        json_t *changed = mutate_answer(answer, &random);
        json_decref(answer);
        return changed;
    }
    json_t *other = take_other(input);
    if (other != NULL && (random.state & 4) != 0) {
        json_decref(answer);
        return other;
    }
    if (other != NULL) {
        splice(input, answer, other);
    }
    json_decref(other);
    return answer;
}

/* The oracle's answer must pass; changed step by step, it must be refused until it is true again.
 */
static void check_changes(struct input *input)
{
    json_t *answer = oracle_prove(input->evidence);
    if (!check_json(input->evidence, answer)) {
        show("the checker refuses the oracle's answer", input->evidence, answer);
    }
    for (int i = 0; i < CHANGE_COUNT_MAX && input->size > 0; i++) {
        answer = change(input, answer);
        json_t *now = json_deep_copy(answer);
        if (check_json(input->evidence, now) && !is_true(input->evidence, now)) {
            show("the checker takes an answer that is not true", input->evidence, now);
        }
        json_decref(answer);
        answer = now;
    }
    json_decref(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct input input = {.bytes = bytes, .size = size};
    if (!take_evidence(&input)) {
        return 0;
    }
    const struct evidence *e = input.evidence;
    bool small = e->vat_count <= ORACLE_VATS && e->checkpoint_count <= ORACLE_CHECKPOINTS &&
                 e->store_count <= ORACLE_STORES;
    if (input.size > 0 && input.bytes[0] == '{') {
        const char *text = (const char *)input.bytes;
        if (check_text(e, text, input.size) && small) {
            json_t *given = json_loadb(text, input.size, 0, NULL);
            if (!is_true(e, given)) {
                show("the checker takes an answer that is not true", e, given);
            }
            json_decref(given);
        }
    } else if (small) {
        check_changes(&input);
    }
    evidence_destroy(&input.evidence);
    return 0;
}
