/* Answers to operators: facts of the core as JSON. Nothing is judged here. */
#ifndef COORDINATOR_SHELL_ANSWER_H
#define COORDINATOR_SHELL_ANSWER_H

#include <jansson.h>

#include "base/error.h"
#include "core/coordinator.h"
#include "core/keeping.h"
#include "docs/topology.h"
#include "wire/operator.h"

enum {
    /* The largest JSON of a reply: with what is around it, it fits into a message. */
    ANSWER_SIZE_MAX = MN_MESSAGE_SIZE_MAX - 4096,

    /* Above so many hosts and vats, a status names only those that are not up; */
    ANSWER_ALL_COUNT_MAX = 8192,

    /* and of those this many hosts, and as many vats: with the longest names they still fit. */
    ANSWER_ROW_COUNT_MAX = 4096,

    /* The most things waited for that a status names. */
    ANSWER_WAIT_COUNT_MAX = 64,

    /* The longest chain of causes that is followed. */
    ANSWER_CHAIN_COUNT_MAX = 64
};

/* What answers are made from. */
struct answer_source {
    const struct topology *topology;
    const struct coordinator *coordinator;
    const struct keeping *keeping;
    const uint64_t *refused; /* by host: messages that the shell could not read */
    mn_time now;
};

/* Each makes the answer to one command. @json: out, the caller's to decref.
 * Errors:    MN_NOT_FOUND  no such round or vat; @error names it and says what there is
 *            MN_TOO_LARGE  it does not fit into a reply; @error says what to do instead
 *            MN_NO_MEMORY, MN_CORRUPT */
mn_result answer_status(const struct answer_source *source, json_t **json,
                        struct mn_error *error) MN_CHECKED;
/* The keepers, as a part of the status; NULL when memory is out. */
json_t *answer_keepers(const struct answer_source *source);
mn_result answer_rounds(const struct answer_source *source, json_t **json,
                        struct mn_error *error) MN_CHECKED;
mn_result answer_explain(const struct answer_source *source, uint64_t round, const char *vat,
                         json_t **json, struct mn_error *error) MN_CHECKED;

/* Answer @request into @reply, whose JSON is heap memory that the caller frees (NULL when the code
 * is not MN_OK). */
void answer_request(const struct answer_source *source, const struct mn_operator_request *request,
                    struct mn_operator_reply *reply, char **json);

#endif
