/* mneme adopt: a disk that was found after all, brought back into the decision. */
#include <string.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/facts.h"
#include "cli/live.h"
#include "cli/words.h"

enum { ADOPT_FINE = 0, ADOPT_NOTHING = 1 };

static const char adopt_usage[] =
    "usage: mneme adopt VAT --store PATH --reason TEXT [--host HOST] [--json]\n"
    "                   [--topology FILE] [--key FILE]\n"
    "\n"
    "Take the checkpoints of a lost vat from a disk that was found after all. That\n"
    "disk is mounted at PATH on a host that is up; PATH is a store with a directory\n"
    "of the vat, or a directory of checkpoints itself, STORE/.aside/VAT.RUN say. The\n"
    "host's agent copies what is whole and of that vat into its own store and leaves\n"
    "PATH as it is. The round then asks every host again, so that its decision\n"
    "counts them; until that is done it decides nothing.\n"
    "\n"
    "It can be done while no later life of the vat has spoken: from its loss until a\n"
    "round decides. What died when the vat went on from an older checkpoint is\n"
    "passed over. If this command is interrupted, or the coordinator or the agent\n"
    "fails, give it again: what was copied is found. It takes a key with the role\n"
    "approve. Who, when and why stays in the journal; mneme rounds shows it.\n"
    "\n"
    "  --store PATH     where the disk is, as that host's agent sees it\n"
    "  --host HOST      on which host; without it the host that the vat was placed\n"
    "                   on, if it is up\n"
    "  --reason TEXT    why\n" CLIENT_OPTIONS_USAGE "\n"
    "Exit status: 0 checkpoints of the vat are on that host now; 1 none is, or the\n"
    "coordinator cannot be reached or refuses it; 2 bad usage or bad input.\n";

static mn_result adopt_name(const char *what, const char *word, struct mn_name *name,
                            struct mn_error *error)
{
    if (!mn_name_set(name, word, strlen(word))) {
        mn_error_set(error, "%.64s is no name of a %s", word, what);
        return MN_BAD_INPUT;
    }
    return MN_OK;
}

static mn_result adopt_store(const char *path, struct mn_operator_request *request,
                             struct mn_error *error)
{
    size_t length = path != NULL ? strlen(path) : 0;
    bool printable = true;
    for (size_t i = 0; i < length; i++) {
        printable = printable && path[i] >= ' ' && path[i] <= '~';
    }
    if (length == 0 || path[0] != '/' || length >= sizeof request->store || !printable) {
        mn_error_set(error,
                     "expected --store PATH, an absolute path on the host, of up to %zu "
                     "printable ASCII characters",
                     sizeof request->store - 1);
        return MN_BAD_INPUT;
    }
    memcpy(request->store, path, length + 1);
    return MN_OK;
}

static mn_result adopt_fill(const struct client_options *options,
                            struct mn_operator_request *request, struct mn_error *error)
{
    request->command = MN_COMMAND_ADOPT;
    mn_result result = adopt_name("vat", options->words[0], &request->vat, error);
    if (result == MN_OK && options->host != NULL) {
        result = adopt_name("host", options->host, &request->host, error);
    }
    if (result == MN_OK) {
        result = adopt_store(options->store, request, error);
    }
    return result == MN_OK ? client_reason(options, request, error) : result;
}

static bool adopt_at_work(const json_t *facts, struct mn_operator_request *request)
{
    request->adoption = (uint64_t)facts_number(facts, "number");
    return json_is_false(json_object_get(facts, "over"));
}

static int adopt_status(const json_t *facts)
{
    return facts_number(facts, "taken") + facts_number(facts, "held") > 0 ? ADOPT_FINE
                                                                          : ADOPT_NOTHING;
}

/* ---- words ----------------------------------------------------------------------------------- */

static const char *adopt_why(const char *why)
{
    static const struct {
        const char *why;
        const char *text;
    } words[] = {{"damaged", "it is not whole, or not what its digests say"},
                 {"foreign", "it is of another vat, or of another epoch than its name says"},
                 {"unreadable", "it cannot be read there"},
                 {"full", "the disk of the host is full"},
                 {"unwritten", "the disk of the host did not take it"},
                 {"dead", "it died when the vat went on from an older checkpoint"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i].why, why) == 0) {
            return words[i].text;
        }
    }
    return why;
}

static void add_passed(struct mn_text *text, const json_t *facts)
{
    const json_t *passed = json_object_get(facts, "passed");
    int64_t count = facts_number(facts, "passed_count");
    for (size_t i = 0; i < json_array_size(passed) && i < WORDS_ROW_COUNT_MAX; i++) {
        const json_t *row = json_array_get(passed, i);
        mn_text_add_format(text, "  passed over %s, checkpoint ", facts_word(row, "file"));
        words_add_epoch(text, facts_number(row, "epoch"));
        mn_text_add_format(text, ": %s\n", adopt_why(facts_word(row, "why")));
        count -= 1;
    }
    if (count > 0) {
        mn_text_add(text, "  and ");
        words_add_count(text, count, "more\n", "more\n");
    }
}

mn_result adopt_tell(struct mn_text *text, const json_t *facts, const struct topology *topology,
                     bool colour)
{
    (void)topology;
    if (!json_is_boolean(json_object_get(facts, "over"))) {
        return MN_BAD_INPUT;
    }
    int64_t taken = facts_number(facts, "taken");
    int64_t held = facts_number(facts, "held");
    if (taken + held == 0) {
        mn_text_add_format(text, "%snothing of %s was taken%s from %s on %s: %s\n",
                           colour ? WORDS_RED : "", facts_word(facts, "vat"),
                           colour ? WORDS_PLAIN : "", facts_word(facts, "store"),
                           facts_word(facts, "host"), facts_word(facts, "text"));
        add_passed(text, facts);
        return mn_text_result(text);
    }
    words_add_count(text, taken + held, "checkpoint", "checkpoints");
    mn_text_add_format(text, " of %s in %s %s on %s now, up to ", facts_word(facts, "vat"),
                       facts_word(facts, "store"), taken + held == 1 ? "is" : "are",
                       facts_word(facts, "host"));
    words_add_epoch(text, facts_number(facts, "through"));
    mn_text_add(text, ": ");
    words_add_number(text, taken);
    mn_text_add(text, " copied, ");
    words_add_number(text, held);
    mn_text_add(text, " there before\n");
    add_passed(text, facts);
    mn_text_add_format(text, "round %lld asks every host again: see mneme plan %lld\n",
                       (long long)facts_number(facts, "round"),
                       (long long)facts_number(facts, "round"));
    return mn_text_result(text);
}

int adopt_command(int argc, char **argv)
{
    static const struct client_command command = {.name = "adopt",
                                                  .usage = adopt_usage,
                                                  .word_count = 1,
                                                  .words = "VAT",
                                                  .takes = CLIENT_TAKES_REASON | CLIENT_TAKES_DISK,
                                                  .fill = adopt_fill,
                                                  .tell = adopt_tell,
                                                  .status = adopt_status,
                                                  .at_work = adopt_at_work,
                                                  .meanwhile = "the disk is being read"};
    return client_run(&command, argc, argv);
}
