/* What the live commands share: their options, one request to the coordinator, one answer. */
#ifndef COORDINATOR_CLI_CLIENT_H
#define COORDINATOR_CLI_CLIENT_H

#include <stdbool.h>

#include <jansson.h>

#include "base/error.h"
#include "docs/text.h"
#include "docs/topology.h"
#include "wire/operator.h"

/* The options that not every command takes. */
enum client_takes {
    CLIENT_TAKES_REASON = 1,
    CLIENT_TAKES_PLAN = 2,
    CLIENT_TAKES_DISK = 4, /* --store and --host */
    CLIENT_TAKES_UNKNOWN = 8
};

enum {
    CLIENT_WAIT_MS = 5000,    /* for an answer, in all */
    CLIENT_AGAIN_MS = 2500,   /* after which the request is sent once more */
    CLIENT_PATIENT_MS = 2000, /* after which it says that something is at work still */
    CLIENT_LOOK_MS = 200,     /* from one look at what is at work to the next */
    CLIENT_WORD_COUNT_MAX = 2
};

struct client_options {
    const char *topology;
    const char *key;
    bool json;
    bool help;
    bool accept_unknown;
    const char *reason;                       /* NULL: none given */
    const char *plan;                         /* the same */
    const char *store;                        /* the same */
    const char *host;                         /* the same */
    const char *words[CLIENT_WORD_COUNT_MAX]; /* what is no option, in order */
    int word_count;
};

struct client_command {
    const char *name; /* as typed after mneme */
    const char *usage;
    int word_count;    /* words it takes, exactly */
    const char *words; /* and what they are, for people */
    unsigned takes;    /* enum client_takes: the options besides those of every command */

    /* Make the request of the words. MN_BAD_INPUT with @error when they are none. */
    mn_result (*fill)(const struct client_options *options, struct mn_operator_request *request,
                      struct mn_error *error);

    /* Append @facts, the coordinator's answer, to @text for people. MN_BAD_INPUT when they are not
     * what is expected. */
    mn_result (*tell)(struct mn_text *text, const json_t *facts, const struct topology *topology,
                      bool colour);

    /* The exit status that the coordinator's answer amounts to; NULL: 0. */
    int (*status)(const json_t *facts);
    bool bad_is_failed; /* 2 says something else of it, so whatever is wrong is 1 */

    /* Whether it is at work on that still. Then @request, as this leaves it, is sent again in a
     * while, until it is not. NULL: it never is. */
    bool (*at_work)(const json_t *facts, struct mn_operator_request *request);
    const char *meanwhile; /* what to say when that takes long; NULL where at_work is */
};

/* Read the command line, and the environment where it says nothing. MN_BAD_INPUT with @error: what
 * is wrong. */
mn_result client_parse(const struct client_command *command, int argc, char **argv,
                       struct client_options *options, struct mn_error *error) MN_CHECKED;

/* The number of a round, the reason and the plan's digest as they were typed, into the request.
 * MN_BAD_INPUT with @error: what they should be. */
mn_result client_round(const char *word, struct mn_operator_request *request,
                       struct mn_error *error) MN_CHECKED;
mn_result client_reason(const struct client_options *options, struct mn_operator_request *request,
                        struct mn_error *error) MN_CHECKED;
mn_result client_plan(const struct client_options *options, struct mn_operator_request *request,
                      struct mn_error *error) MN_CHECKED;

/* Carry out the command: the exit status. */
int client_run(const struct client_command *command, int argc, char **argv);

/* What every usage text says of the options. */
#define CLIENT_OPTIONS_USAGE                                                                       \
    "  --topology FILE  the cluster's topology; also from MNEME_TOPOLOGY\n"                        \
    "  --key FILE       your key, that of an operator; also from MNEME_KEY\n"                      \
    "  --json           print the facts as JSON, on one line\n"                                    \
    "  --help           print this\n"
#define CLIENT_EXIT_USAGE                                                                          \
    "Exit status: 0 fine; 1 the coordinator cannot be reached, or knows no such\n"                 \
    "thing; 2 bad usage or bad input.\n"

#endif
