/* mneme status: the hosts and vats, and what is waited for. Few are shown one by one; of many, only
 * those that are not up, and how many there are of the rest. */
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/facts.h"
#include "cli/live.h"
#include "cli/words.h"

enum { STATUS_ROW_COUNT_MAX = 50, STATUS_WAIT_SIZE = 1024 };

static const char status_usage[] =
    "usage: mneme status [--json] [--topology FILE] [--key FILE]\n"
    "\n"
    "Show how far the journal is in force and which keepers have it, the hosts and\n"
    "vats, what the coordinator waits for, and which former lives of vats are set\n"
    "aside where. Of more than 20 hosts or vats, those that are up are only counted;\n"
    "--json names them too, but not those of very large clusters (left_out).\n"
    "\n" CLIENT_OPTIONS_USAGE "\n"
    "SILENT is how long ago a host was heard, LAG how late its agent's own timer\n"
    "was, DISK how long a write took there, REFUSED how many of its messages were\n"
    "dropped because they could not be read or said more than its key may say. A\n"
    "host is \"suspect, only its agent\" while its agent is silent and a port of its\n"
    "vats is open: they run on, and nothing is restored; have the agent started\n"
    "again. While no coordinator leads, each host keeps all checkpoints that its vats\n"
    "make: shown for hosts where half the room for that is used up. FLOOR is the\n"
    "oldest checkpoint a vat may still be restored to. Epochs are run * 2^32 + count;\n"
    "they are shown as RUN.COUNT, and plain in JSON.\n"
    "\n" CLIENT_EXIT_USAGE;

static mn_result status_fill(const struct client_options *options,
                             struct mn_operator_request *request, struct mn_error *error)
{
    (void)options;
    (void)error;
    request->command = MN_COMMAND_STATUS;
    return MN_OK;
}

static bool status_is_up(const json_t *row)
{
    return strcmp(facts_word(row, "state"), "up") == 0 &&
           !json_is_false(json_object_get(row, "known"));
}

static const char *status_colour(const json_t *row)
{
    const char *state = facts_word(row, "state");
    if (status_is_up(row)) {
        return "";
    }
    return strcmp(state, "lost") == 0 ? WORDS_RED : WORDS_YELLOW;
}

/* What only a host itself says; of one never heard there is no silence either. */
static void add_spoken(struct words_table *table, const json_t *row, const char *key)
{
    if (json_is_false(json_object_get(row, "known")) && facts_number(row, key) == 0) {
        mn_text_add(&table->cells, "-");
    } else {
        mn_text_add_duration(&table->cells, facts_number(row, key));
    }
    words_cell(table);
}

static void host_row(struct words_table *table, const json_t *row)
{
    words_row(table, status_colour(row));
    const char *state = facts_word(row, "state");
    bool hello = !json_is_false(json_object_get(row, "known")) || strcmp(state, "lost") == 0;
    words_cell_text(table, facts_word(row, "host"));
    mn_text_add_format(&table->cells, "%s%s%s", state, hello ? "" : ", no hello yet",
                       json_is_true(json_object_get(row, "agent_only")) ? ", only its agent" : "");
    words_cell(table);
    add_spoken(table, row, "silence_ms");
    add_spoken(table, row, "lag_ms");
    add_spoken(table, row, "disk_ms");
    words_add_number(&table->cells, facts_number(row, "refused"));
    words_cell(table);
    words_add_number(&table->cells, facts_number(row, "vats"));
    words_cell(table);
}

static void vat_row(struct words_table *table, const json_t *row)
{
    words_row(table, status_colour(row));
    words_cell_text(table, facts_word(row, "vat"));
    words_cell_text(table, facts_word(row, "state"));
    words_cell_text(table, facts_word(row, "host"));
    words_add_number(&table->cells, facts_number(row, "run"));
    words_cell(table);
    words_add_number(&table->cells, facts_number(row, "incarnation"));
    words_cell(table);
    words_add_epoch(&table->cells, facts_number(row, "floor"));
    words_cell(table);
}

/* "hosts: 9,997 up, 3 lost" */
static void add_counts(struct mn_text *text, const char *kind, json_t *counts, bool colour)
{
    const char *state = NULL;
    json_t *count = NULL;
    const char *comma = " ";
    mn_text_add_format(text, "\n%s%s:%s", colour ? WORDS_BOLD : "", kind,
                       colour ? WORDS_PLAIN : "");
    json_object_foreach(counts, state, count)
    {
        mn_text_add(text, comma);
        words_add_number(text, json_integer_value(count));
        mn_text_add_format(text, " %s", state);
        comma = ", ";
    }
    mn_text_add(text, json_object_size(counts) == 0 ? " none\n" : "\n");
}

/* All rows when they are few, else those that are not up; and how many are not shown. */
static void add_rows(struct mn_text *text, struct words_table *table, const json_t *rows,
                     json_int_t up_left, json_int_t left,
                     void (*add)(struct words_table *, const json_t *))
{
    size_t index = 0;
    json_t *row = NULL;
    bool all = json_array_size(rows) <= WORDS_ROW_COUNT_MAX && up_left + left == 0;
    json_int_t up = up_left;
    json_int_t more = left;
    json_array_foreach(rows, index, row)
    {
        if (!all && status_is_up(row)) {
            up++;
        } else if (table->row_count == STATUS_ROW_COUNT_MAX) {
            more++;
        } else {
            add(table, row);
        }
    }
    words_table_write(table, text);
    if (more > 0) {
        mn_text_add(text, "  and ");
        words_add_number(text, more);
        mn_text_add(text, left > 0 ? " more that are not up; --json names more\n"
                                   : " more that are not up; --json names them\n");
    }
    if (up > 0) {
        mn_text_add(text, "  and ");
        words_add_number(text, up);
        mn_text_add(text, " that are up\n");
    }
}

static void add_hosts(struct mn_text *text, const json_t *facts, bool colour)
{
    static const struct words_column columns[] = {
        {"HOST", false}, {"STATE", false},  {"SILENT", true}, {"LAG", true},
        {"DISK", true},  {"REFUSED", true}, {"VATS", true}};
    struct words_table table = {.columns = columns, .column_count = 7, .colour = colour};
    add_counts(text, "hosts", json_object_get(json_object_get(facts, "counts"), "hosts"), colour);
    add_rows(text, &table, json_object_get(facts, "hosts"),
             facts_number(json_object_get(facts, "left_out"), "hosts_up"),
             facts_number(json_object_get(facts, "left_out"), "hosts_other"), host_row);
    words_table_deinit(&table);
}

/* Hosts that keep ever more checkpoints, because no coordinator takes their rows. */
static void add_piles(struct mn_text *text, const json_t *facts, bool colour)
{
    size_t count = 0;
    size_t index = 0;
    json_t *row = NULL;
    json_array_foreach(json_object_get(facts, "hosts"), index, row)
    {
        if (facts_number(row, "untaken") == 0) {
            continue;
        }
        if (count == 0) {
            mn_text_add_format(text, "\n%scheckpoints pile up:%s\n", colour ? WORDS_YELLOW : "",
                               colour ? WORDS_PLAIN : "");
        }
        count += 1;
        if (count > WORDS_ROW_COUNT_MAX) {
            continue;
        }
        struct mn_text line = {0};
        mn_text_add_format(&line, "host %s has ", facts_word(row, "host"));
        words_add_number(&line, facts_number(row, "untaken"));
        mn_text_add(&line, " of one vat that no coordinator has taken, and room for ");
        words_add_number(&line, facts_number(row, "room"));
        mn_text_add(&line, " more; after that none is durable, and what the vat sends waits");
        words_add_wrapped(text, 2, mn_text_result(&line) == MN_OK ? line.bytes : "");
        mn_text_deinit(&line);
    }
    if (count > WORDS_ROW_COUNT_MAX) {
        mn_text_add(text, "  and ");
        words_add_number(text, (int64_t)(count - WORDS_ROW_COUNT_MAX));
        mn_text_add(text, " more hosts; --json names them\n");
    }
    if (count > 0) {
        words_add_wrapped(text, 2,
                          "A coordinator that leads takes them: have the keepers come back that do "
                          "not answer, or go on without them by mneme recall");
    }
}

static void add_vats(struct mn_text *text, const json_t *facts, bool colour)
{
    static const struct words_column columns[] = {{"VAT", false},        {"STATE", false},
                                                  {"HOST", false},       {"RUN", true},
                                                  {"INCARNATION", true}, {"FLOOR", true}};
    struct words_table table = {.columns = columns, .column_count = 6, .colour = colour};
    add_counts(text, "vats", json_object_get(json_object_get(facts, "counts"), "vats"), colour);
    add_rows(text, &table, json_object_get(facts, "vats"),
             facts_number(json_object_get(facts, "left_out"), "vats_up"),
             facts_number(json_object_get(facts, "left_out"), "vats_other"), vat_row);
    words_table_deinit(&table);
}

static void add_waits(struct mn_text *text, const json_t *facts, bool colour)
{
    const json_t *waits = json_object_get(facts, "waits");
    size_t count = json_array_size(waits);
    if (count == 0) {
        return;
    }
    mn_text_add_format(text, "\n%swaits for:%s\n", colour ? WORDS_YELLOW : "",
                       colour ? WORDS_PLAIN : "");
    for (size_t i = 0; i < count && i < WORDS_ROW_COUNT_MAX; i++) {
        const json_t *wait = json_array_get(waits, i);
        char words[STATUS_WAIT_SIZE];
        char round[32] = "";
        if (facts_number(wait, "round") != 0) {
            (void)snprintf(round, sizeof round, " (round %" JSON_INTEGER_FORMAT ")",
                           facts_number(wait, "round"));
        }
        (void)snprintf(words, sizeof words, "%s%s", facts_word(wait, "text"), round);
        words_add_wrapped(text, 2, words);
    }
    if (count > WORDS_ROW_COUNT_MAX) {
        mn_text_add(text, json_is_true(json_object_get(facts, "more_waits")) ? "  and more than "
                                                                             : "  and ");
        words_add_number(text, (int64_t)(count - WORDS_ROW_COUNT_MAX));
        mn_text_add(text, " more things; --json names them\n");
    }
}

static void add_asides(struct mn_text *text, const json_t *facts, bool colour)
{
    const json_t *asides = json_object_get(facts, "aside");
    size_t count = json_array_size(asides);
    if (count == 0) {
        return;
    }
    mn_text_add_format(text, "\n%sset aside:%s\n", colour ? WORDS_YELLOW : "",
                       colour ? WORDS_PLAIN : "");
    for (size_t i = 0; i < count && i < WORDS_ROW_COUNT_MAX; i++) {
        const json_t *aside = json_array_get(asides, i);
        mn_text_add_format(text,
                           "  %s run %" JSON_INTEGER_FORMAT " on %s: ", facts_word(aside, "vat"),
                           facts_number(aside, "run"), facts_word(aside, "host"));
        words_add_count(text, facts_number(aside, "checkpoints"), "checkpoint", "checkpoints");
        mn_text_add(text, " of a former life\n");
    }
    if (count > WORDS_ROW_COUNT_MAX || json_is_true(json_object_get(facts, "more_aside"))) {
        mn_text_add(text, "  and more; --json names them\n");
    }
}

/* How far the ledger is that is rebuilt from the agents; nothing when it is whole. */
static void add_progress(struct mn_text *text, const json_t *ledger, bool colour)
{
    json_int_t hosts = facts_number(ledger, "hosts"); /* 0 of an older coordinator */
    json_int_t told = facts_number(ledger, "hosts_told");
    if (told < hosts) {
        mn_text_add(text, colour ? WORDS_YELLOW : "");
        words_add_number(text, told);
        mn_text_add(text, " of ");
        words_add_count(text, hosts, "host has", "hosts have");
        mn_text_add_format(text, " told the ledger everything%s\n", colour ? WORDS_PLAIN : "");
    }
}

mn_result status_tell(struct mn_text *text, const json_t *facts, const struct topology *topology,
                      bool colour)
{
    const json_t *ledger = json_object_get(facts, "ledger");
    (void)topology;
    if (!json_is_array(json_object_get(facts, "hosts")) ||
        !json_is_array(json_object_get(facts, "vats")) || !json_is_object(ledger)) {
        return MN_BAD_INPUT;
    }
    struct mn_text line = {0};
    mn_text_add_format(
        &line, "generation %" JSON_INTEGER_FORMAT "; ledger: ", facts_number(facts, "generation"));
    words_add_count(&line, facts_number(ledger, "checkpoints"), "checkpoint of ",
                    "checkpoints of ");
    words_add_count(&line, facts_number(ledger, "vats"), "vat, ", "vats, ");
    words_add_count(&line, facts_number(ledger, "heard"), "heard entry, ", "heard entries, ");
    words_add_bytes(&line, facts_number(ledger, "bytes"));
    words_add_lines(text, &line);
    add_progress(text, ledger, colour);
    const json_t *keepers = json_object_get(facts, "keepers");
    if (keepers != NULL) { /* else a coordinator of the version before this one */
        mn_text_add(text, "\n");
        live_add_keepers(text, keepers, colour);
    }
    add_hosts(text, facts, colour);
    add_piles(text, facts, colour);
    add_vats(text, facts, colour);
    add_waits(text, facts, colour);
    add_asides(text, facts, colour);
    return mn_text_result(text);
}

int status_command(int argc, char **argv)
{
    static const struct client_command command = {.name = "status",
                                                  .usage = status_usage,
                                                  .words = "no words",
                                                  .fill = status_fill,
                                                  .tell = status_tell};
    return client_run(&command, argc, argv);
}
