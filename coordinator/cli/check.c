/* The checker: finds out for itself what the evidence gives, then compares the answer with it key
 * by key. Causes and trace, of which there may be several that are right, are judged instead. */
#include "cli/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/check_private.h"

bool check_fail(struct check *check, const char *format, ...)
{
    if (check->result == MN_OK) {
        check->result = MN_BAD_INPUT;
        char text[MN_ERROR_TEXT_SIZE_MAX];
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        mn_error_set(check->error, "%s", text);
    }
    return false;
}

bool check_fail_memory(struct check *check)
{
    if (check->result == MN_OK) {
        check->result = MN_NO_MEMORY;
        mn_error_set(check->error, "out of memory");
    }
    return false;
}

bool check_keys(struct check *check, const json_t *json, const char *what, const char *const *keys)
{
    if (!json_is_object(json)) {
        return check_fail(check, "%s is missing or no object", what);
    }
    size_t count = 0;
    for (; keys[count] != NULL; count++) {
        if (json_object_get(json, keys[count]) == NULL) {
            return check_fail(check, "%s without %s", what, keys[count]);
        }
    }
    return json_object_size(json) == count ||
           check_fail(check, "%s has %zu keys; expected %zu", what, json_object_size(json), count);
}

bool check_epoch(struct check *check, const json_t *json, const char *what, mn_epoch expected)
{
    if (expected == INT64_MAX) {
        return json_is_null(json) ||
               check_fail(check, "%s is not null, as the evidence has it", what);
    }
    if (!json_is_integer(json)) {
        return check_fail(check, "%s is no integer; the evidence gives %" PRId64, what, expected);
    }
    return json_integer_value(json) == expected ||
           check_fail(check, "%s is %" JSON_INTEGER_FORMAT "; the evidence gives %" PRId64, what,
                      json_integer_value(json), expected);
}

uint32_t check_vat_named(struct check *check, const json_t *json, const char *what)
{
    const uint32_t *vat = NULL;
    if (json_is_string(json)) {
        vat = mn_table_find(&check->vat_names, json_string_value(json), json_string_length(json));
    }
    if (vat == NULL) {
        (void)check_fail(check, "%s names no vat of the evidence", what);
        return EVIDENCE_NONE;
    }
    return *vat;
}

bool check_forgot(const struct check_facts *facts, uint32_t vat)
{
    return facts->vats[vat].keep != CHECK_OPEN && facts->vats[vat].spoken > facts->vats[vat].keep;
}

json_int_t check_incarnation(const struct check_facts *facts, uint32_t vat)
{
    const struct evidence_vat *row = &facts->evidence->vats[vat];
    json_int_t incarnation = check_forgot(facts, vat) ? 2 : 1;
    for (size_t i = 0; i < row->lineage_count; i++) {
        incarnation += row->lineage[i].seen ? 1 : 0;
    }
    return incarnation;
}

enum check_outcome { CHECK_RUNNING, CHECK_REVIVED, CHECK_ROLLED_BACK, CHECK_RESET, CHECK_COUNT };

static const char *const CHECK_OUTCOMES[CHECK_COUNT] = {"running", "revived", "rolled_back",
                                                        "reset"};

static enum check_outcome check_outcome(const struct check_facts *facts, uint32_t vat)
{
    if (facts->vats[vat].keep == CHECK_OPEN) {
        return CHECK_RUNNING;
    }
    if (!check_forgot(facts, vat)) {
        return CHECK_REVIVED;
    }
    return facts->vats[vat].keep == 0 ? CHECK_RESET : CHECK_ROLLED_BACK;
}

static bool check_word(struct check *check, const json_t *json, const char *name, const char *what,
                       const char *expected)
{
    return (json_is_string(json) && strcmp(json_string_value(json), expected) == 0) ||
           check_fail(check, "vat %s: %s is not \"%s\", which the evidence gives", name, what,
                      expected);
}

static bool check_flag(struct check *check, const json_t *json, const char *name, const char *what,
                       bool expected)
{
    return (json_is_boolean(json) && json_is_true(json) == expected) ||
           check_fail(check, "vat %s: %s is not %s, which the evidence gives", name, what,
                      expected ? "true" : "false");
}

static bool check_number(struct check *check, const json_t *json, const char *name,
                         const char *what, mn_epoch expected)
{
    char text[MN_NAME_SIZE_MAX + 64];
    (void)snprintf(text, sizeof text, "vat %s: %s", name, what);
    return check_epoch(check, json, text, expected);
}

static bool check_forgot_row(struct check *check, uint32_t vat, const char *name,
                             const json_t *json)
{
    static const char *const keys[] = {"after", "through", "told", NULL};
    const struct check_vat *row = &check->facts.vats[vat];
    if (!check_forgot(&check->facts, vat)) {
        return json_is_null(json) ||
               check_fail(check, "vat %s: forgot is not null, but it forgot nothing", name);
    }
    char what[MN_NAME_SIZE_MAX + 64];
    (void)snprintf(what, sizeof what, "vat %s: forgot", name);
    return check_keys(check, json, what, keys) &&
           check_number(check, json_object_get(json, "after"), name, "forgot.after", row->keep) &&
           check_number(check, json_object_get(json, "through"), name, "forgot.through",
                        row->spoken) &&
           check_flag(check, json_object_get(json, "told"), name, "forgot.told", row->told_instead);
}

static bool check_vat_row(struct check *check, uint32_t vat, const json_t *json)
{
    static const char *const running[] = {"outcome", "was",    "keep", "incarnation", "sure",
                                          "spared",  "forgot", "told", NULL};
    static const char *const stopped[] = {"outcome", "was",    "keep", "incarnation", "sure",
                                          "spared",  "forgot", "told", "because",     NULL};
    const struct check_facts *facts = &check->facts;
    const struct check_vat *row = &facts->vats[vat];
    const char *name = facts->evidence->vats[vat].name;
    enum check_outcome outcome = check_outcome(facts, vat);
    const char *was = row->lost_when_known ? "lost" : row->lost ? "unknown" : "running";
    bool sure =
        row->keep == check->known.vats[vat].keep && outcome == check_outcome(&check->known, vat);
    char what[MN_NAME_SIZE_MAX + 64];
    (void)snprintf(what, sizeof what, "vat %s", name);
    return check_keys(check, json, what, outcome == CHECK_RUNNING ? running : stopped) &&
           check_word(check, json_object_get(json, "outcome"), name, "outcome",
                      CHECK_OUTCOMES[outcome]) &&
           check_word(check, json_object_get(json, "was"), name, "was", was) &&
           check_number(check, json_object_get(json, "keep"), name, "keep", row->keep) &&
           check_number(check, json_object_get(json, "incarnation"), name, "incarnation",
                        check_incarnation(facts, vat)) &&
           check_flag(check, json_object_get(json, "sure"), name, "sure", sure) &&
           check_flag(check, json_object_get(json, "spared"), name, "spared", row->spared) &&
           check_forgot_row(check, vat, name, json_object_get(json, "forgot"));
}

static bool check_vats(struct check *check, const json_t *vats)
{
    const struct evidence *e = check->facts.evidence;
    if (!json_is_object(vats)) {
        return check_fail(check, "vats is no object");
    }
    for (uint32_t v = 0; v < e->vat_count; v++) {
        if (!check_vat_row(check, v, json_object_get(vats, e->vats[v].name))) {
            return false;
        }
    }
    return json_object_size(vats) == e->vat_count ||
           check_fail(check, "vats has %zu vats; the evidence %zu", json_object_size(vats),
                      e->vat_count);
}

static bool check_summary(struct check *check, const json_t *summary, json_int_t kept_orphans)
{
    static const char *const keys[] = {"running",     "revived",      "rolled_back", "reset",
                                       "epochs_lost", "kept_orphans", "spared",      NULL};
    const struct check_facts *facts = &check->facts;
    mn_epoch counts[7] = {[5] = kept_orphans};
    for (uint32_t v = 0; v < facts->evidence->vat_count; v++) {
        counts[check_outcome(facts, v)]++;
        counts[6] += facts->vats[v].spared ? 1 : 0;
    }
    for (size_t i = 0; i < facts->interval_count; i++) {
        const struct check_interval *interval = &facts->intervals[i];
        bool lost = interval->row != NULL && interval->epoch > facts->vats[interval->vat].keep;
        counts[4] += lost ? 1 : 0;
    }
    if (!check_keys(check, summary, "summary", keys)) {
        return false;
    }
    for (size_t i = 0; i < 7; i++) {
        char what[64];
        (void)snprintf(what, sizeof what, "summary: %s", keys[i]);
        if (!check_epoch(check, json_object_get(summary, keys[i]), what, counts[i])) {
            return false;
        }
    }
    return true;
}

static bool check_all(struct check *check)
{
    static const char *const keys[] = {"summary", "vats", "trace", NULL};
    const struct evidence *e = check->facts.evidence;
    for (uint32_t v = 0; v < e->vat_count; v++) {
        (void)mn_table_add(&check->vat_names, e->vats[v].name, strlen(e->vats[v].name), v);
    }
    if (json_is_object(check->answer) && json_object_get(check->answer, "trace") == NULL) {
        return check_fail(check, "the answer has no trace; expected one made with --proof");
    }
    const json_t *vats = json_object_get(check->answer, "vats");
    json_int_t kept_orphans = 0;
    return check_keys(check, check->answer, "the answer", keys) && check_vats(check, vats) &&
           check_told(check, vats, &kept_orphans) &&
           check_summary(check, json_object_get(check->answer, "summary"), kept_orphans) &&
           check_trace(check, json_object_get(check->answer, "trace")) &&
           check_because(check, vats);
}

mn_result check_answer(const struct evidence *evidence, const char *bytes, size_t size,
                       struct mn_error *error)
{
    struct check check = {.error = error};
    json_error_t problem;
    check.answer = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &problem);
    if (check.answer == NULL) {
        mn_error_set(error, "line %d, column %d: not JSON: %s", problem.line, problem.column,
                     problem.text);
        return MN_BAD_INPUT;
    }
    if (check_facts_init(&check.facts, evidence, true) != MN_OK ||
        check_facts_init(&check.known, evidence, false) != MN_OK ||
        mn_table_init(&check.vat_names, evidence->vat_count) != MN_OK) {
        (void)check_fail_memory(&check);
    } else {
        (void)check_all(&check);
    }
    mn_table_deinit(&check.vat_names);
    check_facts_deinit(&check.known);
    check_facts_deinit(&check.facts);
    json_decref(check.answer);
    return check.result;
}
