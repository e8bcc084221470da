/* mneme: the operator's command. Finds the command that is meant and hands over. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/cut.h"

struct main_command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *words;
    const char *text;
};

static const struct main_command main_commands[] = {
    {"status", status_command, "[--json]", "show hosts, vats, and what is waited for"},
    {"rounds", rounds_command, "[--json]", "show every recovery, with its times"},
    {"explain", explain_command, "ROUND VAT [--json]", "say what a round did to a vat, and why"},
    {"plan", plan_command, "ROUND [--json]", "say what a round is about to do"},
    {"approve", approve_command, "ROUND --reason TEXT", "let a round do what it plans"},
    {"reject", reject_command, "ROUND --reason TEXT", "hold a round that waits with its plan"},
    {"adopt", adopt_command, "VAT --store PATH --reason T",
     "take a disk that was found into a plan"},
    {"recall", recall_command, "--accept-unknown --reason T", "go on without absent keepers"},
    {"keepers", keepers_command, "[replace OLD NEW --reason T]", "show who keeps the journal"},
    {"cut", cut_command, "[--json] FILE...", "decide from evidence, or check that"},
    {"simulate", simulate_command, "SCENARIO.yaml [--out DIR]", "rehearse a disaster, simulated"},
    {"keygen", keygen_command, "FILE [--json]", "make a key, and print its public half"},
};

enum { MAIN_COMMAND_COUNT = sizeof main_commands / sizeof *main_commands };

static void main_help(FILE *file)
{
    (void)fputs("usage: mneme COMMAND ...\n\n", file);
    for (size_t i = 0; i < MAIN_COMMAND_COUNT; i++) {
        (void)fprintf(file, "  %-8s %-28s %s\n", main_commands[i].name, main_commands[i].words,
                      main_commands[i].text);
    }
    (void)fputs(
        "\nmneme COMMAND --help says more. Exit status: 0 fine, 1 it failed, 2 bad usage or\n"
        "bad input; of plan also 2: there are changes.\n",
        file);
}

int main(int argc, char **argv)
{
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        main_help(stdout);
        return 0;
    }
    for (size_t i = 0; argc >= 2 && i < MAIN_COMMAND_COUNT; i++) {
        if (strcmp(argv[1], main_commands[i].name) == 0) {
            return main_commands[i].run(argc - 1, argv + 1);
        }
    }
    if (argc >= 2) {
        (void)fprintf(stderr, "mneme: there is no command %s\n\n", argv[1]);
    }
    main_help(stderr);
    return 2;
}
