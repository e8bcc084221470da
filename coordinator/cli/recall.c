/* mneme recall: an operator takes upon himself what the keepers that do not answer may know. */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/live.h"

static const char recall_usage[] =
    "usage: mneme recall --accept-unknown --reason TEXT [--json]\n"
    "                    [--topology FILE] [--key FILE]\n"
    "\n"
    "Have a coordinator that waits for keepers go on with those that answered; mneme\n"
    "status says which it waits for. What only the others knew is forgotten: do this\n"
    "when they are gone for good. The same has it go on from a journal that it knows\n"
    "to be an old one. It takes a key with the role approve; who did it, when and\n"
    "why stands in the journal.\n"
    "\n"
    "  --accept-unknown say that you know what this means\n"
    "  --reason TEXT    why, up to 511 bytes of text\n"
    "\n" CLIENT_OPTIONS_USAGE "\n" CLIENT_EXIT_USAGE;

static mn_result recall_fill(const struct client_options *options,
                             struct mn_operator_request *request, struct mn_error *error)
{
    request->command = MN_COMMAND_RECALL;
    if (!options->accept_unknown) {
        mn_error_set(error, "it goes on without what the absent keepers know; expected "
                            "--accept-unknown, to say that this is meant");
        return MN_BAD_INPUT;
    }
    return client_reason(options, request, error);
}

mn_result recall_tell(struct mn_text *text, const json_t *facts, const struct topology *topology,
                      bool colour)
{
    (void)topology;
    (void)colour;
    if (!json_is_object(facts)) {
        return MN_BAD_INPUT;
    }
    mn_text_add(text, "it goes on with the keepers that answered; mneme status shows how\n");
    return mn_text_result(text);
}

int recall_command(int argc, char **argv)
{
    static const struct client_command command = {.name = "recall",
                                                  .usage = recall_usage,
                                                  .words = "no words",
                                                  .takes =
                                                      CLIENT_TAKES_REASON | CLIENT_TAKES_UNKNOWN,
                                                  .fill = recall_fill,
                                                  .tell = recall_tell};
    return client_run(&command, argc, argv);
}
