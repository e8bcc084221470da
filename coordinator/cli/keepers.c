/* mneme keepers: who keeps the coordinator's journal, and how one of them is replaced. */
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/facts.h"
#include "cli/live.h"
#include "cli/words.h"

static const char keepers_usage[] =
    "usage: mneme keepers [--json] [--topology FILE] [--key FILE]\n"
    "       mneme keepers replace OLD NEW --reason TEXT [--json]\n"
    "                     [--topology FILE] [--key FILE]\n"
    "\n"
    "Show the agents that keep the coordinator's journal: whether each answers,\n"
    "votes, and up to which record it keeps; whether one is being replaced; and who\n"
    "had which one replaced. VOTES is whether its word counts when it answers,\n"
    "MEMBER whether its copy is whole, returned (its agent began anew, so it may be\n"
    "an older one), blank (lost), or founding (of a new cluster).\n"
    "\n"
    "With replace: have host NEW keep the journal in place of host OLD, which may be\n"
    "gone for good. That becomes a record, with who, when and why; then NEW is\n"
    "filled up, by whoever leads. Then a second record names both; until that is in\n"
    "force nothing else is without a majority of the old keepers and one of the new.\n"
    "It waits until all of that is done. One is replaced at a time: while NEW is\n"
    "filled up another word overrules this one. It takes a key with the role\n"
    "approve.\n"
    "\n"
    "While it is under way, mneme keepers replace NEW OLD takes it back: OLD stays,\n"
    "which takes a majority of the old keepers alone. After the second record only\n"
    "the coordinator that wrote it does that, as long as it leads; another one may\n"
    "have ended the change. What then waits for keepers that are gone goes on with\n"
    "mneme recall.\n"
    "\n"
    "From then on the record counts, whatever the keepers of a topology are: write\n"
    "NEW there in place of OLD, for a coordinator that has lost its journal asks\n"
    "those.\n"
    "\n"
    "  --reason TEXT    why, up to 511 bytes of text\n" CLIENT_OPTIONS_USAGE "\n" CLIENT_EXIT_USAGE;

static mn_result keepers_fill(const struct client_options *options,
                              struct mn_operator_request *request, struct mn_error *error)
{
    (void)options;
    (void)error;
    request->command = MN_COMMAND_KEEPERS;
    return MN_OK;
}

static mn_result replace_name(const char *word, struct mn_name *name, struct mn_error *error)
{
    if (!mn_name_set(name, word, strlen(word))) {
        mn_error_set(error,
                     "%.64s is no host's name; expected 1 to %d bytes of A-Z a-z 0-9 . _ : / -",
                     word, MN_NAME_SIZE_MAX);
        return MN_BAD_INPUT;
    }
    return MN_OK;
}

static mn_result replace_fill(const struct client_options *options,
                              struct mn_operator_request *request, struct mn_error *error)
{
    request->command = MN_COMMAND_REPLACE;
    mn_result result = replace_name(options->words[0], &request->keeper, error);
    if (result == MN_OK) {
        result = replace_name(options->words[1], &request->host, error);
    }
    return result == MN_OK ? client_reason(options, request, error) : result;
}

static const json_t *find_keeper(const json_t *facts, const char *host)
{
    const json_t *keepers = json_object_get(facts, "keepers");
    const json_t *found = NULL;
    for (size_t i = 0; i < json_array_size(keepers); i++) {
        const json_t *keeper = json_array_get(keepers, i);
        found = strcmp(facts_word(keeper, "host"), host) == 0 ? keeper : found;
    }
    return found;
}

/* Whether the newest word is this one, and another one took it back. */
static bool taken_back(const json_t *facts, const struct mn_operator_request *request)
{
    const json_t *changes = json_object_get(facts, "changes");
    size_t count = json_array_size(changes);
    const json_t *word = count > 1 ? json_array_get(changes, count - 2) : NULL;
    return word != NULL && strcmp(facts_word(word, "state"), "taken_back") == 0 &&
           strcmp(facts_word(word, "from"), request->keeper.text) == 0 &&
           strcmp(facts_word(word, "to"), request->host.text) == 0;
}

/* What a coordinator did not get to write down before it died is said again to the next one. */
static bool replace_at_work(const json_t *facts, struct mn_operator_request *request)
{
    const char *change = facts_word(facts, "change");
    const json_t *comes = find_keeper(facts, request->host.text);
    const json_t *goes = find_keeper(facts, request->keeper.text);
    bool back = json_is_true(json_object_get(comes, "now")) &&
                json_is_false(json_object_get(goes, "now")) && strcmp(change, "ending") != 0;
    bool there = json_is_true(json_object_get(comes, "now")) || taken_back(facts, request);
    request->command = change[0] != '\0' && !back ? MN_COMMAND_KEEPERS : MN_COMMAND_REPLACE;
    return change[0] != '\0' || !there;
}

void live_add_keepers(struct mn_text *text, const json_t *keepers, bool colour)
{
    static const struct words_column columns[] = {{"KEEPER", false},
                                                  {"ANSWERS", false},
                                                  {"VOTES", false},
                                                  {"MEMBER", false},
                                                  {"KEEPS", true}};
    struct words_table table = {.columns = columns, .column_count = 5, .colour = colour};
    const char *why = facts_word(keepers, "text");
    const char *change = facts_word(keepers, "change");
    size_t index = 0;
    json_t *row = NULL;
    mn_text_add_format(text, "%sjournal:%s %s, record ", colour ? WORDS_BOLD : "",
                       colour ? WORDS_PLAIN : "", facts_word(keepers, "state"));
    words_add_number(text, facts_number(keepers, "newest"));
    mn_text_add(text, ", in force up to ");
    words_add_number(text, facts_number(keepers, "in_force"));
    mn_text_add(text, "\n");
    if (why[0] != '\0') {
        words_add_wrapped(text, 2, why);
    }
    json_array_foreach(json_object_get(keepers, "keepers"), index, row)
    {
        bool votes = json_is_true(json_object_get(row, "counts"));
        bool comes = json_is_false(json_object_get(row, "now"));
        bool leaves = strcmp(change, "joint") == 0 && json_is_false(json_object_get(row, "next"));
        bool answers = json_is_true(json_object_get(row, "answers"));
        words_row(&table, votes && answers ? "" : WORDS_YELLOW);
        words_cell_text(&table, facts_word(row, "host"));
        words_cell_text(&table, answers ? "yes" : "no");
        words_cell_text(&table, votes ? "yes" : "no");
        mn_text_add_format(&table.cells, "%s%s", facts_word(row, "member"),
                           comes    ? ", comes"
                           : leaves ? ", leaves"
                                    : "");
        words_cell(&table);
        words_add_number(&table.cells, facts_number(row, "kept"));
        words_cell(&table);
    }
    words_table_write(&table, text);
    words_table_deinit(&table);
}

static const char *word_text(const char *state)
{
    static const char *const texts[][2] = {{"filling", ", who is filled up"},
                                           {"joint", ", not in force yet"},
                                           {"overruled", ", overruled"},
                                           {"taken_back", ", taken back"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strcmp(state, texts[i][0]) == 0) {
            return texts[i][1];
        }
    }
    return "";
}

/* How far the replacement is, and for whom it waits when that one does not answer. */
static void add_change(struct mn_text *text, const json_t *facts)
{
    static const char *const texts[][2] = {
        {"filling", "one is being replaced: who comes is filled up first\n"},
        {"joint", "one is being replaced: it takes a majority of the old and one of the new\n"},
        {"ending", "one has been replaced: the record that ends the change is not in force yet\n"}};
    const char *change = facts_word(facts, "change");
    size_t index = 0;
    json_t *row = NULL;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        mn_text_add(text, strcmp(change, texts[i][0]) == 0 ? texts[i][1] : "");
    }
    json_array_foreach(json_object_get(facts, "keepers"), index, row)
    {
        bool comes = json_is_false(json_object_get(row, "now"));
        if (comes && strcmp(change, "filling") == 0 &&
            !json_is_true(json_object_get(row, "answers"))) {
            char words[256];
            (void)snprintf(
                words, sizeof words,
                "it waits for %s, which does not answer: have its agent started, or name another",
                facts_word(row, "host"));
            words_add_wrapped(text, 2, words);
        }
    }
}

mn_result keepers_tell(struct mn_text *text, const json_t *facts, const struct topology *topology,
                       bool colour)
{
    const json_t *changes = json_object_get(facts, "changes");
    size_t index = 0;
    json_t *change = NULL;
    (void)topology;
    if (!json_is_array(json_object_get(facts, "keepers"))) {
        return MN_BAD_INPUT;
    }
    live_add_keepers(text, facts, colour);
    add_change(text, facts);
    json_array_foreach(changes, index, change)
    {
        mn_text_add_format(text, "%s  %s by %s%s, ", index == 0 ? "replaced:\n" : "",
                           facts_word(change, "from"), facts_word(change, "to"),
                           word_text(facts_word(change, "state")));
        words_add_time(text, facts_number(change, "at"));
        mn_text_add(text, ", record ");
        words_add_number(text, facts_number(change, "record"));
        mn_text_add_format(text, ", by %s: %s\n", facts_word(change, "operator"),
                           facts_word(change, "reason"));
    }
    return mn_text_result(text);
}

int keepers_command(int argc, char **argv)
{
    static const struct client_command show = {.name = "keepers",
                                               .usage = keepers_usage,
                                               .words = "no words, or replace OLD NEW",
                                               .fill = keepers_fill,
                                               .tell = keepers_tell};
    static const struct client_command replace = {.name = "keepers replace",
                                                  .usage = keepers_usage,
                                                  .word_count = 2,
                                                  .words = "OLD NEW",
                                                  .takes = CLIENT_TAKES_REASON,
                                                  .fill = replace_fill,
                                                  .tell = keepers_tell,
                                                  .at_work = replace_at_work,
                                                  .meanwhile = "mneme keepers shows how far it is"};
    bool replaces = argc >= 2 && strcmp(argv[1], "replace") == 0;
    return replaces ? client_run(&replace, argc - 1, argv + 1) : client_run(&show, argc, argv);
}
