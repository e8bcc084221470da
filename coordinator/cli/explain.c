/* mneme explain: what a round did to one vat, where it went on, whom it is told about, and why. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/cut_story.h"
#include "cli/cut_text.h"
#include "cli/facts.h"
#include "cli/live.h"
#include "cli/words.h"

static const char explain_usage[] =
    "usage: mneme explain ROUND VAT [--json] [--topology FILE] [--key FILE]\n"
    "\n"
    "Say what the decision of round ROUND made of VAT, and why: what was lost, or\n"
    "which vat took it back, and what took that one back. mneme rounds lists the\n"
    "rounds.\n"
    "\n" CLIENT_OPTIONS_USAGE "\n"
    "Epochs are run * 2^32 + count; they are shown as RUN.COUNT: 1.57 is the 57th of\n"
    "run 1. In JSON they stand as plain numbers, with the rows of all vats on the\n"
    "chain of causes.\n"
    "\n" CLIENT_EXIT_USAGE;

static mn_result explain_fill(const struct client_options *options,
                              struct mn_operator_request *request, struct mn_error *error)
{
    const char *vat = options->words[1];
    request->command = MN_COMMAND_EXPLAIN;
    mn_result result = client_round(options->words[0], request, error);
    if (result != MN_OK) {
        return result;
    }
    if (!mn_name_set(&request->vat, vat, strlen(vat))) {
        mn_error_set(error,
                     "%.64s is no vat's name; expected 1 to %d bytes of A-Z a-z 0-9 . _ : / -", vat,
                     MN_NAME_SIZE_MAX);
        return MN_BAD_INPUT;
    }
    return MN_OK;
}

/* The lost thing of this kind, "host" say; NULL when it is not among them. */
static const char *lost_name(const json_t *lost, const char *kind)
{
    for (size_t i = 0; i < json_array_size(lost); i++) {
        const char *name = json_string_value(json_object_get(json_array_get(lost, i), kind));
        if (name != NULL) {
            return name;
        }
    }
    return NULL;
}

/* " (in r2)" where the topology says so. */
static void add_domain_of(struct mn_text *text, const struct topology *topology, const char *host)
{
    uint32_t index = topology_find_host(topology, host);
    if (index != TOPOLOGY_NONE && topology->hosts[index].domain != TOPOLOGY_NONE) {
        mn_text_add_format(text, " (in %s)", topology->domains[topology->hosts[index].domain].name);
    }
}

/* "x3 was lost with host h3 (in r2)." */
static void add_what_happened(struct mn_text *text, const char *vat, const json_t *row,
                              const struct topology *topology)
{
    const json_t *because = json_object_get(row, "because");
    const json_t *lost = json_object_get(because, "lost");
    const char *domain = lost_name(lost, "domain");
    const char *host = lost_name(lost, "host");
    bool orphan = json_object_get(because, "orphan") != NULL;
    mn_text_add(text, vat);
    if (strcmp(facts_word(row, "outcome"), "running") == 0) {
        mn_text_add(text, " ran on");
    } else if (strcmp(facts_word(row, "was"), "unknown") == 0) {
        mn_text_add(text, " could not be asked, and is read as lost");
    } else if (host != NULL) {
        mn_text_add_format(text, " was lost with host %s", host);
        add_domain_of(text, topology, host);
    } else if (domain != NULL) {
        mn_text_add_format(text, " was lost with domain %s", domain);
    } else if (strcmp(facts_word(row, "was"), "lost") == 0) {
        mn_text_add_format(text, " was lost%s", orphan ? ", and a peer took it further back" : "");
    } else if (orphan) {
        mn_text_add(text, " ran, and was taken back because of a peer");
    } else {
        mn_text_add(text, " ran, but not in a state that the decision may keep");
    }
    mn_text_add(text, ". ");
}

static void add_place(struct mn_text *text, const json_t *start)
{
    if (json_is_object(start)) {
        mn_text_add_format(text, " on host %s as run ", facts_word(start, "host"));
        words_add_number(text, facts_number(start, "run"));
    }
}

static void add_checkpoint(struct mn_text *text, int64_t keep)
{
    if (keep == 0) {
        mn_text_add(text, "its birth");
    } else {
        mn_text_add(text, "checkpoint ");
        words_add_epoch(text, keep);
    }
}

/* "and forgot everything after 1.5, up to 1.7; it is incarnation 2 from then on." */
static void add_forgot(struct mn_text *text, const json_t *row)
{
    const json_t *forgot = json_object_get(row, "forgot");
    const json_t *through = json_object_get(forgot, "through");
    mn_text_add(text, " It forgot everything after ");
    add_checkpoint(text, facts_number(forgot, "after"));
    if (json_is_integer(through)) {
        mn_text_add(text, ", up to epoch ");
        words_add_epoch(text, json_integer_value(through));
    }
    mn_text_add(text, "; it is incarnation ");
    words_add_number(text, facts_number(row, "incarnation"));
    mn_text_add(text, " from then on.");
    if (json_is_true(json_object_get(forgot, "told"))) {
        mn_text_add(text, " Its peers were told, instead of being taken back with it.");
    }
}

/* Where it went on, and what that cost. */
static void add_what_became(struct mn_text *text, const json_t *row, const json_t *start,
                            bool colour)
{
    const char *outcome = facts_word(row, "outcome");
    int64_t keep = facts_number(row, "keep");
    if (strcmp(outcome, "running") == 0) {
        bool spared = json_is_true(json_object_get(row, "spared"));
        mn_text_add(text, spared ? "It was spared: going back would have cost it too much, so it "
                                   "was told instead."
                                 : "It lost nothing.");
    } else if (strcmp(outcome, "revived") == 0) {
        mn_text_add(text, "It went on from ");
        add_checkpoint(text, keep);
        add_place(text, start);
        mn_text_add(text, ": nothing of it was forgotten, so no peer can tell.");
    } else if (strcmp(outcome, "rolled_back") == 0) {
        mn_text_add(text, colour ? WORDS_YELLOW "It was rolled back" WORDS_PLAIN " to "
                                 : "It was rolled back to ");
        add_checkpoint(text, keep);
        add_place(text, start);
        mn_text_add(text, ".");
        add_forgot(text, row);
    } else {
        mn_text_add(text, colour ? WORDS_RED "It was reset" WORDS_PLAIN : "It was reset");
        mn_text_add(text, ": none of its checkpoints could be kept, so it began anew");
        add_place(text, start);
        mn_text_add(text, ".");
        add_forgot(text, row);
    }
    const json_t *lost = json_object_get(start, "lost_ms");
    if (json_is_integer(lost)) {
        mn_text_add(text, " It lost ");
        mn_text_add_duration(text, json_integer_value(lost));
        mn_text_add(text, " of its work.");
    } else if (json_is_null(lost)) {
        mn_text_add(text, " How much of its work that is, is not known.");
    }
    if (strcmp(outcome, "running") != 0 && !json_is_object(start)) {
        mn_text_add(text, " It has been started nowhere.");
    }
    if (json_is_false(json_object_get(row, "sure"))) {
        mn_text_add(text, " This is not sure: not everyone had answered.");
    }
    mn_text_add(text, "\n");
}

/* "epoch 1.3", "epochs 1.3 to 1.5"; whether these are many. */
static bool add_range(struct mn_text *text, const json_t *range)
{
    int64_t first = json_integer_value(json_array_get(range, 0));
    int64_t last = json_integer_value(json_array_get(range, 1));
    mn_text_add(text, last != first ? "epochs " : "epoch ");
    words_add_epoch(text, first);
    if (last != first) {
        mn_text_add(text, " to ");
        words_add_epoch(text, last);
    }
    return last != first;
}

/* Whom the vat is told about. */
static void add_told(struct mn_text *text, const char *vat, const json_t *told)
{
    size_t count = json_array_size(told);
    for (size_t i = 0; i < count && i < WORDS_ROW_COUNT_MAX; i++) {
        const json_t *notice = json_array_get(told, i);
        mn_text_add_format(text, "  %s is told that %s forgot everything after ", vat,
                           facts_word(notice, "vat"));
        add_checkpoint(text, facts_number(notice, "kept"));
        mn_text_add(text, ", and is incarnation ");
        words_add_number(text, facts_number(notice, "incarnation"));
        mn_text_add(text, " now");
        const json_t *heard = json_object_get(notice, "you_heard");
        const json_t *forgot = json_object_get(notice, "forgot_you");
        if (json_array_size(heard) == 2) {
            mn_text_add(text, "; it heard, of that, ");
            (void)add_range(text, heard);
        }
        if (json_array_size(forgot) == 2) {
            mn_text_add(text, "; its own ");
            mn_text_add(text,
                        add_range(text, forgot) ? " are forgotten there" : " is forgotten there");
        }
        mn_text_add(text, "\n");
    }
    if (count > WORDS_ROW_COUNT_MAX) {
        mn_text_add(text, "  and of ");
        words_add_number(text, (int64_t)(count - WORDS_ROW_COUNT_MAX));
        mn_text_add(text, " more peers; --json names them\n");
    }
}

/* Whether the first sentence has said all of why: one host or domain took it, or it alone went. */
static bool is_said(const json_t *row)
{
    const json_t *lost = json_object_get(json_object_get(row, "because"), "lost");
    return json_array_size(lost) == 1 &&
           (lost_name(lost, "host") != NULL || lost_name(lost, "domain") != NULL ||
            lost_name(lost, "vat") != NULL);
}

static mn_result add_causes(struct mn_text *text, const json_t *answer, const char *vat,
                            bool colour)
{
    struct cut_story story = {0};
    mn_result result = cut_story_init(&story, answer);
    const uint32_t *index = result == MN_OK ? mn_table_find(&story.names, vat, strlen(vat)) : NULL;
    const struct cut_story_vat *found = index != NULL ? &story.vats[*index] : NULL;
    if (found != NULL && found->group != CUT_STORY_NONE && !is_said(found->row)) {
        mn_text_add(text, "  Why:\n");
        cut_text_add_causes(text, &story, found, colour);
    }
    cut_story_deinit(&story);
    return result;
}

mn_result explain_tell(struct mn_text *text, const json_t *facts, const struct topology *topology,
                       bool colour)
{
    const char *vat = facts_word(facts, "vat");
    const json_t *answer = json_object_get(facts, "answer");
    const json_t *row = json_object_get(json_object_get(answer, "vats"), vat);
    if (!json_is_object(row)) {
        return MN_BAD_INPUT;
    }
    struct mn_text lines = {0};
    add_what_happened(&lines, vat, row, topology);
    add_what_became(&lines, row, json_object_get(facts, "start"), colour);
    mn_result result = add_causes(&lines, answer, vat, colour);
    add_told(&lines, vat, json_object_get(row, "told"));
    live_add_steps(&lines, json_object_get(facts, "steps"));
    words_add_lines(text, &lines);
    return result == MN_OK ? mn_text_result(text) : result;
}

int explain_command(int argc, char **argv)
{
    static const struct client_command command = {.name = "explain",
                                                  .usage = explain_usage,
                                                  .word_count = 2,
                                                  .words = "ROUND VAT",
                                                  .fill = explain_fill,
                                                  .tell = explain_tell};
    return client_run(&command, argc, argv);
}
