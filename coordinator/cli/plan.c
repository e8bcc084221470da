/* mneme plan, approve and reject: what a round is about to do, and an operator's word for it. */
#include <string.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/facts.h"
#include "cli/live.h"
#include "cli/words.h"

enum { PLAN_NOTHING = 0, PLAN_CHANGES = 2, PLAN_NAMES_MAX = 8 };

static const char plan_usage[] =
    "usage: mneme plan ROUND [--json] [--topology FILE] [--key FILE]\n"
    "\n"
    "Show what round ROUND would do if it decided now, grouped by what caused it,\n"
    "and what that costs: vats restored, rolled back, reset and spared, epochs lost,\n"
    "how much of their work the vats lose, about how long restoring them takes,\n"
    "hosts with room. And what it would be if the peers of its roots were told\n"
    "instead of rolled back (policy.tell). While the plan waits for an operator it\n"
    "says so, and why, and what an approval would bind it to.\n"
    "\n"
    "A vat loses what it did since the checkpoint that it keeps was written, by the\n"
    "clock of the host that wrote it, until now, or until its own host was heard\n"
    "last, if that is silent. The work lost is that of all vats added up. Of a reset\n"
    "vat it is not known, nor where no host that was heard knows when the checkpoint\n"
    "was written, or it was more than 9 days ago. In JSON lost_ms has it in\n"
    "milliseconds, and lost_unknown the number of vats of which it is not known.\n"
    "\n" CLIENT_OPTIONS_USAGE "\n"
    "Exit status: 0 there is nothing to do: the round has decided, or would change\n"
    "no vat; 1 an error; 2 there are changes.\n";

static const char approve_usage[] =
    "usage: mneme approve ROUND --reason TEXT [--plan PLAN] [--json]\n"
    "                     [--topology FILE] [--key FILE]\n"
    "\n"
    "Approve the plan that round ROUND waits with. It then asks every host again,\n"
    "since the world has gone on, and decides if the new plan restores, rolls back,\n"
    "resets and spares no more vats than this one, resets no others, and is not sure\n"
    "of no more; else it waits for another approval. How much work is lost does not\n"
    "count: it grows while you look. It takes a key with the role approve. Who, when\n"
    "and why stays in the journal; mneme rounds shows it.\n"
    "\n"
    "  --reason TEXT    why\n"
    "  --plan PLAN      the plan that you saw, as mneme plan names it: refused when\n"
    "                   it is another one by now\n" CLIENT_OPTIONS_USAGE "\n" CLIENT_EXIT_USAGE;

static const char reject_usage[] =
    "usage: mneme reject ROUND --reason TEXT [--plan PLAN] [--json]\n"
    "                    [--topology FILE] [--key FILE]\n"
    "\n"
    "Reject the plan that round ROUND waits with, or take its approval back while it\n"
    "collects again. The round is held until the situation changes, or it is\n"
    "approved after all. It takes a key with the role approve. Who, when and why\n"
    "stays in the journal; mneme rounds shows it.\n"
    "\n"
    "  --reason TEXT    why\n"
    "  --plan PLAN      the plan that you saw, as mneme plan names it: refused when\n"
    "                   it is another one by now\n" CLIENT_OPTIONS_USAGE "\n" CLIENT_EXIT_USAGE;

static mn_result plan_fill(const struct client_options *options,
                           struct mn_operator_request *request, struct mn_error *error)
{
    request->command = MN_COMMAND_PLAN;
    return client_round(options->words[0], request, error);
}

static mn_result step_fill(const struct client_options *options,
                           struct mn_operator_request *request, struct mn_error *error)
{
    mn_result result = client_round(options->words[0], request, error);
    if (result == MN_OK) {
        result = client_reason(options, request, error);
    }
    return result == MN_OK ? client_plan(options, request, error) : result;
}

static mn_result approve_fill(const struct client_options *options,
                              struct mn_operator_request *request, struct mn_error *error)
{
    request->command = MN_COMMAND_APPROVE;
    return step_fill(options, request, error);
}

static mn_result reject_fill(const struct client_options *options,
                             struct mn_operator_request *request, struct mn_error *error)
{
    request->command = MN_COMMAND_REJECT;
    return step_fill(options, request, error);
}

/* ---- words ----------------------------------------------------------------------------------- */

static void add_counted(struct mn_text *text, const char *before, int64_t count, const char *what)
{
    mn_text_add(text, before);
    words_add_number(text, count);
    mn_text_add_format(text, " %s", what);
}

static void add_outcomes(struct mn_text *text, const json_t *counts)
{
    add_counted(text, "", facts_number(counts, "revived"), "revived");
    add_counted(text, ", ", facts_number(counts, "rolled_back"), "rolled back");
    add_counted(text, ", ", facts_number(counts, "reset"), "reset");
}

/* "; 4.5 s of their work are lost", of the @count vats that @facts counts. */
static void add_lost(struct mn_text *text, const json_t *facts, int64_t count)
{
    words_add_lost(text, facts_number(facts, "lost_ms"), facts_number(facts, "lost_unknown"),
                   count);
}

static void add_cost(struct mn_text *text, const json_t *facts)
{
    const json_t *cost = json_object_get(facts, "cost");
    const json_t *places = json_object_get(facts, "places");
    add_counted(text, "  restores ", facts_number(cost, "restored"), "of ");
    words_add_count(text, facts_number(facts, "vats"), "vat: ", "vats: ");
    add_outcomes(text, cost);
    add_counted(text, "\n  ", facts_number(cost, "spared"), "spared");
    add_counted(text, ", ", facts_number(cost, "told"), "told, ");
    words_add_count(text, facts_number(cost, "epochs_lost"), "epoch lost", "epochs lost");
    if (facts_number(cost, "unsure") > 0) {
        add_counted(text, "; of ", facts_number(cost, "unsure"), "it is not sure");
    }
    mn_text_add(text, "\n  work lost: ");
    add_lost(text, cost, facts_number(cost, "restored"));
    const json_t *estimate = json_object_get(cost, "restore_ms");
    mn_text_add(text, "\n  time to restore: ");
    if (json_is_integer(estimate)) {
        mn_text_add(text, "about ");
        mn_text_add_duration(text, json_integer_value(estimate));
        mn_text_add(text, ", as it went in the newest round");
    } else {
        mn_text_add(text, facts_number(cost, "restored") > 0
                              ? "not known: no round of this coordinator has restored a vat"
                              : "none");
    }
    mn_text_add(text, "\n  ");
    words_add_count(text, facts_number(places, "moved"), "vat goes", "vats go");
    mn_text_add(text, " to another host; ");
    words_add_count(text, facts_number(places, "hosts"), "host has room", "hosts have room");
    mn_text_add(text, "\n");
}

static const char *outcome_words(const char *outcome)
{
    return strcmp(outcome, "rolled_back") == 0 ? "rolled back" : outcome;
}

static void add_cause(struct mn_text *text, const json_t *cause)
{
    const char *kind = facts_word(cause, "kind");
    const char *name = facts_word(cause, "name");
    bool peer = strcmp(kind, "peer") == 0;
    mn_text_add(text, "    ");
    if (peer) {
        mn_text_add_format(text, "they heard what %s forgets", name);
    } else if (strcmp(kind, "unknown") == 0) {
        mn_text_add_format(text, "vat %s cannot be asked", name);
    } else if (strcmp(kind, "gap") == 0) {
        mn_text_add(text, "what they ran in may not be kept");
    } else {
        mn_text_add_format(text, "%s %s is lost", kind, name);
    }
    mn_text_add(text, ": ");
    add_outcomes(text, cause);
    mn_text_add(text, "; work lost: ");
    add_lost(text, cause, facts_number(cause, "count"));
    mn_text_add(text, "\n");
    size_t index = 0;
    json_t *vat = NULL;
    json_array_foreach(json_object_get(cause, "vats"), index, vat)
    {
        if (index == PLAN_NAMES_MAX) {
            break;
        }
        const char *host = json_string_value(json_object_get(vat, "host"));
        mn_text_add_format(text, "      %s: %s", facts_word(vat, "vat"),
                           outcome_words(facts_word(vat, "outcome")));
        if (facts_number(vat, "keep") != 0) {
            mn_text_add(text, ", keeps ");
            words_add_epoch(text, facts_number(vat, "keep"));
        }
        mn_text_add_format(text, "%s%s", host != NULL ? ", on " : "", host != NULL ? host : "");
        const json_t *lost = json_object_get(vat, "lost_ms");
        if (json_is_integer(lost)) {
            mn_text_add(text, ", loses ");
            mn_text_add_duration(text, json_integer_value(lost));
        }
        mn_text_add(text, json_is_false(json_object_get(vat, "sure")) ? "; not sure\n" : "\n");
    }
    int64_t left = facts_number(cause, "count") - PLAN_NAMES_MAX;
    if (left > 0) {
        add_counted(text, "      and ", left, "more; --json names them\n");
    }
}

void live_add_steps(struct mn_text *text, const json_t *steps)
{
    size_t index = 0;
    json_t *step = NULL;
    json_array_foreach(steps, index, step)
    {
        const char *name = facts_word(step, "step");
        bool adoption = strcmp(name, "adopt") == 0;
        mn_text_add(text, adoption                       ? "  adopting "
                          : strcmp(name, "approve") == 0 ? "  approved "
                                                         : "  rejected ");
        words_add_time(text, facts_number(step, "at"));
        if (adoption) {
            mn_text_add_format(text, " %s from %s on %s", facts_word(step, "vat"),
                               facts_word(step, "store"), facts_word(step, "host"));
        }
        mn_text_add_format(text, " by %s: %s\n", facts_word(step, "operator"),
                           facts_word(step, "reason"));
    }
}

/* What `policy.tell` for the roots would change. */
static void add_tell(struct mn_text *text, const json_t *facts)
{
    const json_t *tell = json_object_get(facts, "tell");
    const json_t *roots = json_object_get(tell, "roots");
    const json_t *changed = json_object_get(tell, "changed");
    if (!json_is_object(tell)) {
        return;
    }
    mn_text_add(text, "  with policy.tell: [");
    for (size_t i = 0; i < json_array_size(roots) && i < PLAN_NAMES_MAX; i++) {
        const char *root = json_string_value(json_array_get(roots, i));
        mn_text_add_format(text, "%s%s", i == 0 ? "" : ", ", root != NULL ? root : "?");
    }
    mn_text_add(text, facts_number(tell, "count") > PLAN_NAMES_MAX ? ", ...]: " : "]: ");
    if (json_array_size(changed) == 0) {
        mn_text_add(text, "the same\n");
        return;
    }
    const json_t *cost = json_object_get(tell, "cost");
    add_outcomes(text, cost);
    add_counted(text, "; ", facts_number(cost, "told"), "told, ");
    words_add_count(text, facts_number(cost, "epochs_lost"), "epoch lost", "epochs lost");
    mn_text_add(text, "; work lost: ");
    add_lost(text, cost, facts_number(cost, "restored"));
    mn_text_add(text, "\n");
    for (size_t i = 0; i < json_array_size(changed) && i < PLAN_NAMES_MAX; i++) {
        const json_t *vat = json_array_get(changed, i);
        mn_text_add_format(text, "    %s: %s, not %s\n", facts_word(vat, "vat"),
                           outcome_words(facts_word(vat, "instead")),
                           outcome_words(facts_word(vat, "outcome")));
    }
    if (json_array_size(changed) > PLAN_NAMES_MAX) {
        mn_text_add(text, "    and more; --json names them\n");
    }
}

/* "up to 8 restored, 1 rolled back, 0 spared, 0 not sure, and to reset: x3" */
static void add_bounds(struct mn_text *text, const char *before, const json_t *bounds)
{
    const json_t *reset = json_object_get(bounds, "reset");
    int64_t more = facts_number(bounds, "resets") - PLAN_NAMES_MAX;
    if (bounds == NULL) {
        return; /* of a coordinator of the version before this one */
    }
    add_counted(text, before, facts_number(bounds, "restored"), "restored");
    add_counted(text, ", ", facts_number(bounds, "rolled_back"), "rolled back");
    add_counted(text, ", ", facts_number(bounds, "spared"), "spared");
    add_counted(text, ", ", facts_number(bounds, "unsure"), "not sure, and to reset");
    mn_text_add(text, json_array_size(reset) == 0 ? " none" : ": ");
    for (size_t i = 0; i < json_array_size(reset) && i < PLAN_NAMES_MAX; i++) {
        const char *name = json_string_value(json_array_get(reset, i));
        mn_text_add_format(text, "%s%s", i == 0 ? "" : ", ", name != NULL ? name : "?");
    }
    if (more > 0) {
        add_counted(text, " and ", more, "more");
    }
    mn_text_add(text, "\n");
}

/* Why it waits, and what to type. */
static void add_waiting(struct mn_text *text, const json_t *facts, bool colour)
{
    static const struct {
        const char *ask;
        const char *text;
    } asks[] = {{"share", "it restores more of the fleet than policy lets pass"},
                {"reset", "it resets a vat"},
                {"unsure", "something is not sure"}};
    size_t index = 0;
    json_t *ask = NULL;
    mn_text_add_format(text, "  %swaits for an operator's approval%s: ", colour ? WORDS_YELLOW : "",
                       colour ? WORDS_PLAIN : "");
    json_array_foreach(json_object_get(facts, "asks"), index, ask)
    {
        for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
            if (json_is_string(ask) && strcmp(json_string_value(ask), asks[i].ask) == 0) {
                mn_text_add_format(text, "%s%s", index == 0 ? "" : "; ", asks[i].text);
            }
        }
    }
    mn_text_add(text, "\n");
    const json_t *word = json_object_get(facts, "word");
    if (json_is_true(json_object_get(facts, "rejected"))) {
        mn_text_add(text, "  it was rejected, and is held until the situation changes\n");
    } else if (strcmp(facts_word(word, "step"), "approve") == 0) {
        mn_text_add(text, "  it takes more than was approved\n");
        add_bounds(text, "  approved was up to ", json_object_get(word, "bounds"));
    }
    add_bounds(text, "  an approval binds it to up to ", json_object_get(facts, "bounds"));
    int64_t round = facts_number(facts, "round");
    mn_text_add_format(text,
                       "  mneme approve %lld --plan %s --reason TEXT\n"
                       "  mneme reject %lld --plan %s --reason TEXT\n",
                       (long long)round, facts_word(facts, "plan"), (long long)round,
                       facts_word(facts, "plan"));
}

static void add_plan(struct mn_text *text, const json_t *facts, bool colour)
{
    const json_t *causes = json_object_get(facts, "causes");
    size_t index = 0;
    json_t *cause = NULL;
    mn_text_add_format(text, "%sround %" JSON_INTEGER_FORMAT ": %s%s", colour ? WORDS_BOLD : "",
                       facts_number(facts, "round"), facts_word(facts, "state"),
                       colour ? WORDS_PLAIN : "");
    if (causes == NULL) {
        mn_text_add(text, "; it has decided: see mneme rounds\n");
        live_add_steps(text, json_object_get(facts, "steps"));
        return;
    }
    bool waits = json_is_true(json_object_get(facts, "waits"));
    mn_text_add(text, waits ? "\n" : "; so far it would do this\n");
    add_cost(text, facts);
    mn_text_add(text, json_array_size(causes) > 0 ? "  because\n" : "");
    json_array_foreach(causes, index, cause)
    {
        if (index == WORDS_ROW_COUNT_MAX) {
            mn_text_add(text, "    and more; --json names them\n");
            break;
        }
        add_cause(text, cause);
    }
    add_tell(text, facts);
    live_add_steps(text, json_object_get(facts, "steps"));
    if (waits) {
        add_waiting(text, facts, colour);
    }
}

mn_result plan_tell(struct mn_text *text, const json_t *facts, const struct topology *topology,
                    bool colour)
{
    struct mn_text lines = {0};
    (void)topology;
    if (!json_is_integer(json_object_get(facts, "round"))) {
        return MN_BAD_INPUT;
    }
    add_plan(&lines, facts, colour);
    words_add_lines(text, &lines);
    return mn_text_result(text);
}

/* A large cluster's takes a while, which the coordinator does not spend waiting for it. */
static bool plan_at_work(const json_t *facts, struct mn_operator_request *request)
{
    (void)request;
    return json_is_true(json_object_get(facts, "at_work"));
}

static int plan_status(const json_t *facts)
{
    const json_t *cost = json_object_get(facts, "cost");
    return facts_number(cost, "restored") > 0 || facts_number(cost, "told") > 0 ? PLAN_CHANGES
                                                                                : PLAN_NOTHING;
}

static mn_result step_tell(struct mn_text *text, const json_t *facts,
                           const struct topology *topology, bool colour)
{
    (void)facts;
    (void)topology;
    (void)colour;
    mn_text_add(text, "on record\n");
    return mn_text_result(text);
}

int plan_command(int argc, char **argv)
{
    static const struct client_command command = {.name = "plan",
                                                  .usage = plan_usage,
                                                  .word_count = 1,
                                                  .words = "ROUND",
                                                  .fill = plan_fill,
                                                  .tell = plan_tell,
                                                  .status = plan_status,
                                                  .at_work = plan_at_work,
                                                  .meanwhile = "it is being made",
                                                  .bad_is_failed = true};
    return client_run(&command, argc, argv);
}

int approve_command(int argc, char **argv)
{
    static const struct client_command command = {.name = "approve",
                                                  .usage = approve_usage,
                                                  .word_count = 1,
                                                  .words = "ROUND",
                                                  .takes = CLIENT_TAKES_REASON | CLIENT_TAKES_PLAN,
                                                  .fill = approve_fill,
                                                  .tell = step_tell};
    return client_run(&command, argc, argv);
}

int reject_command(int argc, char **argv)
{
    static const struct client_command command = {.name = "reject",
                                                  .usage = reject_usage,
                                                  .word_count = 1,
                                                  .words = "ROUND",
                                                  .takes = CLIENT_TAKES_REASON | CLIENT_TAKES_PLAN,
                                                  .fill = reject_fill,
                                                  .tell = step_tell};
    return client_run(&command, argc, argv);
}
