/* The answer to `explain`: what the decision of a round made of one vat, and the rows of the vats
 * on its chain of causes. The decision said why; here it is only looked up. */
#include <stdlib.h>
#include <string.h>

#include "docs/text.h"
#include "shell/answer.h"
#include "shell/answer_scan.h"

enum {
    EXPLAIN_NAME_COUNT_MAX = 8, /* vats that an error names */

    /* Text that is searched for one answer: a coordinator that reads for long hears nobody. */
    EXPLAIN_SEARCH_SIZE_MAX = 256 * 1024 * 1024
};

/* Which rounds there are, for people. */
static mn_result explain_no_round(const struct answer_source *source, uint64_t round,
                                  struct mn_error *error)
{
    size_t count = coordinator_round_count(source->coordinator);
    if (count == 0) {
        mn_error_set(error, "there is no round %llu; there has been none yet",
                     (unsigned long long)round);
        return MN_NOT_FOUND;
    }
    struct coordinator_round_facts first;
    struct coordinator_round_facts last;
    coordinator_round(source->coordinator, 0, &first);
    coordinator_round(source->coordinator, count - 1, &last);
    uint64_t left_out = coordinator_rounds_left_out(source->coordinator);
    if (left_out > 0 && round < last.round) {
        mn_error_set(
            error,
            "round %llu is not at hand: the oldest %llu that told nobody are in the "
            "journal alone; what it was decided from is rounds/%llu.evidence.json in the "
            "data of the coordinator that decided, as long as --evidence-keep has it stay, and "
            "mneme cut --proof says what follows",
            (unsigned long long)round, (unsigned long long)left_out, (unsigned long long)round);
    } else if (first.round == last.round) {
        mn_error_set(error, "there is no round %llu; there is round %llu only",
                     (unsigned long long)round, (unsigned long long)first.round);
    } else {
        mn_error_set(error, "there is no round %llu; there are rounds %llu to %llu",
                     (unsigned long long)round, (unsigned long long)first.round,
                     (unsigned long long)last.round);
    }
    return MN_NOT_FOUND;
}

static mn_result explain_no_vat(const struct answer_source *source, uint64_t round, const char *vat,
                                struct mn_error *error)
{
    const struct topology *topology = source->topology;
    if (topology_find_vat(topology, vat) != TOPOLOGY_NONE) {
        mn_error_set(error, "round %llu says nothing of %s: that vat was not there yet",
                     (unsigned long long)round, vat);
        return MN_NOT_FOUND;
    }
    struct mn_text names = {0};
    for (size_t i = 0; i < topology->vat_count && i < EXPLAIN_NAME_COUNT_MAX; i++) {
        mn_text_add_format(&names, "%s%.40s", i == 0 ? "" : ", ", topology->vats[i].name);
    }
    if (topology->vat_count > EXPLAIN_NAME_COUNT_MAX) {
        mn_text_add_format(&names, " and %zu more", topology->vat_count - EXPLAIN_NAME_COUNT_MAX);
    }
    mn_error_set(error, "there is no vat %s; there %s %s", vat,
                 topology->vat_count == 1 ? "is" : "are",
                 names.size > 0 && mn_text_result(&names) == MN_OK ? names.bytes : "none");
    mn_text_deinit(&names);
    return MN_NOT_FOUND;
}

mn_result answer_find_round(const struct answer_source *source, uint64_t number,
                            struct coordinator_round_facts *facts, struct mn_error *error)
{
    for (size_t i = coordinator_round_count(source->coordinator); i > 0; i--) {
        coordinator_round(source->coordinator, i - 1, facts);
        if (facts->round == number) {
            return MN_OK;
        }
    }
    return explain_no_round(source, number, error);
}

/* The name of the vat whose forgetting took this row's vat back; NULL when no peer did. */
static const char *explain_next(const json_t *row)
{
    const json_t *orphan = json_object_get(json_object_get(row, "because"), "orphan");
    return json_string_value(json_object_get(json_object_get(orphan, "heard"), "vat"));
}

/* Put the row of @vat, and those that its causes lead to, into @rows. MN_NOT_FOUND when @vat has
 * none. *@more: the chain goes on. */
static mn_result explain_rows(struct answer_span vats, const char *vat, json_t *rows, bool *more)
{
    size_t searched = 0;
    const char *at = vat;
    *more = false;
    while (at != NULL && json_object_get(rows, at) == NULL) {
        struct answer_span text;
        bool bounded =
            json_object_size(rows) == ANSWER_CHAIN_COUNT_MAX || searched > EXPLAIN_SEARCH_SIZE_MAX;
        if (bounded || !answer_scan_member(vats, at, &text)) {
            *more = bounded;
            return json_object_size(rows) == 0 ? MN_NOT_FOUND : MN_OK;
        }
        searched += (size_t)(text.bytes - vats.bytes);
        json_t *row = json_loadb(text.bytes, text.size, JSON_REJECT_DUPLICATES, NULL);
        if (row == NULL || json_object_set_new(rows, at, row) != 0) {
            return MN_CORRUPT;
        }
        at = explain_next(row);
    }
    return MN_OK;
}

static json_t *explain_start(const struct mn_journal_decision *decision, const char *vat)
{
    for (uint32_t i = 0; i < decision->start_count; i++) {
        const struct mn_start *start = &decision->starts[i].start;
        if (strcmp(start->vat.text, vat) == 0) {
            return json_pack("{s:s, s:I, s:I, s:I, s:s, s:o}", "host",
                             decision->starts[i].host.text, "run", (json_int_t)start->run,
                             "incarnation", (json_int_t)start->incarnation, "keep",
                             (json_int_t)start->keep, "outcome", mn_outcome_name(start->outcome),
                             "lost_ms", answer_lost(decision->starts[i].lost));
        }
    }
    return json_null();
}

mn_result answer_explain(const struct answer_source *source, uint64_t round, const char *vat,
                         json_t **json, struct mn_error *error)
{
    struct coordinator_round_facts facts;
    mn_result found = answer_find_round(source, round, &facts, error);
    if (found != MN_OK) {
        return found;
    }
    if (facts.decision == NULL) {
        mn_error_set(error, "round %llu has not decided yet: see mneme plan %llu",
                     (unsigned long long)round, (unsigned long long)round);
        return MN_AGAIN;
    }
    if (facts.answer == NULL) {
        mn_error_set(error,
                     "why round %llu decided so is not at hand: it is longer than a record may be, "
                     "the coordinator ended before it was written down, or it is so long ago that "
                     "the journal alone has it; it follows from "
                     "rounds/%llu.evidence.json in the data of the coordinator that decided, as "
                     "long as --evidence-keep has it stay: see mneme cut --proof",
                     (unsigned long long)round, (unsigned long long)round);
        return MN_NOT_FOUND;
    }
    struct answer_span whole = {facts.answer, facts.answer_size};
    struct answer_span vats;
    struct answer_span summary;
    if (!answer_scan_member(whole, "vats", &vats) ||
        !answer_scan_member(whole, "summary", &summary)) {
        mn_error_set(error, "the answer of round %llu in the journal is damaged",
                     (unsigned long long)round);
        return MN_CORRUPT;
    }
    bool more = false;
    json_t *rows = json_object();
    json_t *counts = json_loadb(summary.bytes, summary.size, 0, NULL);
    mn_result result = explain_rows(vats, vat, rows, &more);
    if (result == MN_NOT_FOUND) {
        result = explain_no_vat(source, round, vat, error);
    }
    if (result == MN_OK) {
        *json =
            json_pack("{s:I, s:s, s:s, s:o, s:o, s:{s:O, s:O}, s:b}", "round", (json_int_t)round,
                      "vat", vat, "state", coordinator_round_state_name(facts.state), "start",
                      explain_start(facts.decision, vat), "steps",
                      answer_steps(source, facts.previous, round), "answer", "summary", counts,
                      "vats", rows, "more_causes", more ? 1 : 0);
        result = *json == NULL ? MN_NO_MEMORY : MN_OK;
    }
    json_decref(counts);
    json_decref(rows);
    return result;
}
