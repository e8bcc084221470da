/* From a request to a reply: which answer is meant, and whether it fits. */
#include "shell/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What to do instead when an answer does not fit. */
static const char *answer_remedy(enum mn_command command)
{
    switch (command) {
    case MN_COMMAND_STATUS:
        return "the coordinator's log names every host and vat that is not up";
    case MN_COMMAND_ROUNDS:
        return "ask for one vat at a time (explain), or read rounds/N.evidence.json (or .bin) in "
               "the "
               "coordinator's data directory with: mneme cut";
    case MN_COMMAND_KEEPERS:
    case MN_COMMAND_REPLACE:
        return "the coordinator's log says what becomes of the keepers";
    case MN_COMMAND_PLAN:
        return "the coordinator's log counts what it is about to do";
    case MN_COMMAND_APPROVE:
    case MN_COMMAND_REJECT:
    case MN_COMMAND_RECALL:
    case MN_COMMAND_ADOPT:
    case MN_COMMAND_EXPLAIN:
        return "read rounds/N.evidence.json (or .bin) in the coordinator's data directory with: "
               "mneme cut";
    }
    return "";
}

static mn_result answer_make(const struct answer_source *source,
                             const struct mn_operator_request *request, json_t **json,
                             struct mn_error *error)
{
    switch (request->command) {
    case MN_COMMAND_STATUS:
        return answer_status(source, json, error);
    case MN_COMMAND_ROUNDS:
        return answer_rounds(source, json, error);
    case MN_COMMAND_EXPLAIN:
        return answer_explain(source, request->round, request->vat.text, json, error);
    case MN_COMMAND_PLAN:
        return answer_plan(source, request->round, json, error);
    case MN_COMMAND_KEEPERS:
        *json = answer_keepers(source);
        return *json != NULL ? MN_OK : MN_NO_MEMORY;
    case MN_COMMAND_ADOPT:
        return answer_adopt(source, request->vat.text, request->adoption, json, error);
    case MN_COMMAND_APPROVE:
    case MN_COMMAND_REJECT:
    case MN_COMMAND_RECALL:
    case MN_COMMAND_REPLACE:
        break; /* no questions */
    }
    return MN_BAD_INPUT;
}

void answer_request(const struct answer_source *source, const struct mn_operator_request *request,
                    struct mn_operator_reply *reply, char **json)
{
    json_t *facts = NULL;
    struct mn_error error = {{0}};
    *reply = (struct mn_operator_reply){.request = request->request};
    *json = NULL;
    reply->code = answer_make(source, request, &facts, &error);
    if (reply->code == MN_OK) {
        *json = json_dumps(facts, JSON_COMPACT);
        reply->json = *json;
        reply->json_size = *json == NULL ? 0 : strlen(*json);
        reply->code = *json == NULL ? MN_NO_MEMORY : MN_OK;
        reply->code = reply->json_size > ANSWER_SIZE_MAX ? MN_TOO_LARGE : reply->code;
    }
    json_decref(facts);
    if (reply->code == MN_TOO_LARGE) {
        mn_error_set(&error, "the answer does not fit into a reply of %d bytes; %s",
                     ANSWER_SIZE_MAX, answer_remedy(request->command));
    }
    if (reply->code != MN_OK) {
        mn_error_set(&error, "%s", mn_result_text(reply->code));
        (void)snprintf(reply->text, sizeof reply->text, "%s", error.text);
        free(*json);
        *json = NULL;
        reply->json = NULL;
        reply->json_size = 0;
    }
}
