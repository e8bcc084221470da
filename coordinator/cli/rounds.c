/* mneme rounds: every recovery, with its times and what it did. */
#include <inttypes.h>
#include <string.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/facts.h"
#include "cli/live.h"
#include "cli/words.h"

enum { ROUNDS_COUNT_MAX = 10 };

static const char rounds_usage[] =
    "usage: mneme rounds [--json] [--topology FILE] [--key FILE]\n"
    "\n"
    "Show every round, the newest last: when it was suspected, lost, decided,\n"
    "restored and told, what was lost, where each lost vat went on, and who was\n"
    "told. The newest 10 are shown; --json has them all.\n"
    "\n" CLIENT_OPTIONS_USAGE "\n"
    "A journal that was lost, or is an old one, does not know of all rounds: then it\n"
    "says so, and from which record on it goes since an operator had it go on (mneme\n"
    "recall).\n"
    "\n"
    "Times are local, with the time since the suspicion beside them; in JSON they\n"
    "are nanoseconds since 1970 by the coordinator's clock, 0 for what has not come.\n"
    "KEEPS is the checkpoint a vat went on from. Epochs are run * 2^32 + count; they\n"
    "are shown as RUN.COUNT, and plain in JSON.\n"
    "\n" CLIENT_EXIT_USAGE;

static mn_result rounds_fill(const struct client_options *options,
                             struct mn_operator_request *request, struct mn_error *error)
{
    (void)options;
    (void)error;
    request->command = MN_COMMAND_ROUNDS;
    return MN_OK;
}

static void add_times(struct mn_text *text, const json_t *round)
{
    static const struct {
        const char *key;
        const char *name;
    } steps[] = {{"suspected_at", "suspected"},
                 {"lost_at", "lost"},
                 {"decided_at", "decided"},
                 {"restored_at", "restored"},
                 {"told_at", "told"}};
    int64_t begin = facts_number(round, "suspected_at");
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        int64_t at = facts_number(round, steps[i].key);
        if (at == 0) {
            continue;
        }
        mn_text_add_format(text, "  %-10s ", steps[i].name);
        words_add_time(text, at);
        if (begin != 0 && i > 0) {
            mn_text_add(text, at < begin ? "  " : "  +");
            mn_text_add_duration(text, (at - begin) / INT64_C(1000000));
        }
        mn_text_add(text, "\n");
    }
}

/* "  lost hosts: h3, h4"; nothing for an empty list. Items are names, or objects named by @key. */
static void add_list(struct mn_text *text, const char *heading, const json_t *list, const char *key)
{
    size_t count = json_array_size(list);
    for (size_t i = 0; i < count && i < WORDS_ROW_COUNT_MAX; i++) {
        const json_t *item = json_array_get(list, i);
        const char *name = key == NULL ? json_string_value(item) : facts_word(item, key);
        mn_text_add_format(text, "%s%s", i == 0 ? heading : ", ", name != NULL ? name : "?");
    }
    if (count > WORDS_ROW_COUNT_MAX) {
        mn_text_add(text, " and ");
        words_add_number(text, (int64_t)(count - WORDS_ROW_COUNT_MAX));
        mn_text_add(text, " more");
    }
    mn_text_add(text, count > 0 ? "\n" : "");
}

static void add_restored(struct mn_text *text, const json_t *list, bool colour)
{
    static const struct words_column columns[] = {
        {"VAT", false}, {"OUTCOME", false}, {"KEEPS", true}, {"HOST", false}, {"RUN", true}};
    struct words_table table = {.columns = columns, .column_count = 5, .colour = colour};
    size_t index = 0;
    json_t *row = NULL;
    json_array_foreach(list, index, row)
    {
        const char *outcome = facts_word(row, "outcome");
        if (index == WORDS_ROW_COUNT_MAX) {
            break;
        }
        words_row(&table, strcmp(outcome, "reset") == 0         ? WORDS_RED
                          : strcmp(outcome, "rolled_back") == 0 ? WORDS_YELLOW
                                                                : "");
        words_cell_text(&table, facts_word(row, "vat"));
        words_cell_text(&table, strcmp(outcome, "rolled_back") == 0 ? "rolled back" : outcome);
        words_add_epoch(&table.cells, facts_number(row, "keep"));
        words_cell(&table);
        words_cell_text(&table, facts_word(row, "host"));
        words_add_number(&table.cells, facts_number(row, "run"));
        words_cell(&table);
    }
    words_table_write(&table, text);
    words_table_deinit(&table);
    if (json_array_size(list) > WORDS_ROW_COUNT_MAX) {
        mn_text_add(text, "  and ");
        words_add_number(text, (int64_t)(json_array_size(list) - WORDS_ROW_COUNT_MAX));
        mn_text_add(text, " more; --json names them\n");
    }
}

static void add_round(struct mn_text *text, const json_t *round, bool colour)
{
    struct mn_text lines = {0};
    mn_text_add_format(&lines, "%sround %" JSON_INTEGER_FORMAT ": %s%s", colour ? WORDS_BOLD : "",
                       facts_number(round, "round"), facts_word(round, "state"),
                       colour ? WORDS_PLAIN : "");
    if (facts_number(round, "decided_at") != 0) {
        mn_text_add(&lines, "; ");
        words_add_number(&lines, facts_number(round, "revived"));
        mn_text_add(&lines, " revived, ");
        words_add_number(&lines, facts_number(round, "rolled_back"));
        mn_text_add(&lines, " rolled back, ");
        words_add_number(&lines, facts_number(round, "reset"));
        mn_text_add(&lines, " reset, ");
        words_add_number(&lines, (int64_t)json_array_size(json_object_get(round, "told")));
        mn_text_add(&lines, " told");
        int64_t restored = (int64_t)json_array_size(json_object_get(round, "restored"));
        if (restored > 0) {
            mn_text_add(&lines, "; work lost: ");
            words_add_lost(&lines, facts_number(round, "lost_ms"),
                           facts_number(round, "lost_unknown"), restored);
        }
    }
    mn_text_add(&lines, "\n");
    add_times(&lines, round);
    add_list(&lines, "  lost hosts: ", json_object_get(round, "lost_hosts"), NULL);
    add_list(&lines, "  lost vats: ", json_object_get(round, "lost_vats"), NULL);
    add_list(&lines, "  told: ", json_object_get(round, "told"), "vat");
    live_add_steps(&lines, json_object_get(round, "steps"));
    words_add_lines(text, &lines);
    add_restored(text, json_object_get(round, "restored"), colour);
}

/* When operators had the coordinator go on without some of the keepers, and what it knows since. */
static void add_recalls(struct mn_text *text, const json_t *list)
{
    size_t index = 0;
    json_t *recall = NULL;
    json_array_foreach(list, index, recall)
    {
        struct mn_text lines = {0};
        mn_text_add(&lines, index == 0 ? "\nrecalls:\n  " : "  ");
        words_add_time(&lines, facts_number(recall, "at"));
        mn_text_add_format(&lines, " by %s: %s\n", facts_word(recall, "operator"),
                           facts_word(recall, "reason"));
        add_list(&lines, "    without keepers: ", json_object_get(recall, "absent"), NULL);
        if (facts_number(recall, "record") > 0) { /* else of the version before this one */
            mn_text_add(&lines, "    the journal goes on from record ");
            words_add_number(&lines, facts_number(recall, "record"));
            mn_text_add(&lines, "; of what was before, it has what is shown\n");
        }
        words_add_lines(text, &lines);
    }
}

mn_result rounds_tell(struct mn_text *text, const json_t *facts, const struct topology *topology,
                      bool colour)
{
    const json_t *list = json_object_get(facts, "rounds");
    size_t count = json_array_size(list);
    (void)topology;
    if (!json_is_array(list)) {
        return MN_BAD_INPUT;
    }
    size_t first = count > ROUNDS_COUNT_MAX ? count - ROUNDS_COUNT_MAX : 0;
    int64_t older = (int64_t)first + facts_number(facts, "older_left_out");
    bool forgotten = json_is_true(json_object_get(facts, "forgotten"));
    if (count == 0) {
        mn_text_add(text,
                    forgotten ? "no round on record\n" : "no round yet: nothing was ever lost\n");
    }
    if (forgotten) {
        words_add_wrapped(text, 0,
                          "there may have been rounds that are not known: this journal was lost, "
                          "or an old one, or went on without keepers that knew more");
        mn_text_add(text, count > 0 ? "\n" : "");
    }
    if (older > 0) {
        words_add_count(text, older, "older round is", "older rounds are");
        mn_text_add(text, first > 0 ? " not shown; --json has more\n\n" : " not shown\n\n");
    }
    for (size_t i = first; i < count; i++) {
        mn_text_add(text, i > first ? "\n" : "");
        add_round(text, json_array_get(list, i), colour);
    }
    add_recalls(text, json_object_get(facts, "recalls"));
    return mn_text_result(text);
}

int rounds_command(int argc, char **argv)
{
    static const struct client_command command = {.name = "rounds",
                                                  .usage = rounds_usage,
                                                  .words = "no words",
                                                  .fill = rounds_fill,
                                                  .tell = rounds_tell};
    return client_run(&command, argc, argv);
}
