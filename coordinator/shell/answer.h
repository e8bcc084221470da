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
    ANSWER_CHAIN_COUNT_MAX = 64,

    /* The most words of operators that are shown of one round. */
    ANSWER_STEP_COUNT_MAX = 64,
    ANSWER_STEP_NAME_COUNT_MAX = 64, /* and of vats that are reset in one */

    ANSWER_PLAN_SIZE = 17 /* a plan's digest as text */
};

/* What of a host the shell alone knows. The last two are what its newest heartbeat says, whoever
 * leads. */
struct answer_host {
    uint64_t refused; /* messages that could not be read */
    uint32_t untaken; /* checkpoints of one vat whose rows no coordinator has taken, */
    uint32_t room;    /* and how many more of it fit there */
};

/* What answers are made from. */
struct answer_source {
    const struct topology *topology;
    struct coordinator *coordinator; /* asked only: nothing of it that can be seen changes */
    const struct keeping *keeping;
    const struct answer_host *hosts; /* by host */
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

mn_result answer_plan(const struct answer_source *source, uint64_t round, json_t **json,
                      struct mn_error *error) MN_CHECKED;

/* The newest adoption of a disk for that vat. @number: which one it has to be; 0: any. */
mn_result answer_adopt(const struct answer_source *source, const char *vat, uint64_t number,
                       json_t **json, struct mn_error *error) MN_CHECKED;

/* The facts of round @number; MN_NOT_FOUND with what there is. */
mn_result answer_find_round(const struct answer_source *source, uint64_t number,
                            struct coordinator_round_facts *facts,
                            struct mn_error *error) MN_CHECKED;

/* Of a plan's or a decision's `lost` the milliseconds; null where it is not known. */
json_t *answer_lost(uint64_t lost);

/* How far an approval of a plan goes; NULL when memory is out. */
json_t *answer_bounds(const struct mn_plan_bounds *bounds);

/* What an operator said; and all that was said of the rounds above @after up to @through, among
 * them those that another coordinator went on with as @through. NULL when memory is out. */
json_t *answer_step(const struct mn_journal_step *step);
json_t *answer_steps(const struct answer_source *source, uint64_t after, uint64_t through);
/* What operators recalled, the newest ANSWER_STEP_COUNT_MAX. */
json_t *answer_recalls(const struct answer_source *source);
void answer_plan_name(uint64_t plan, char name[ANSWER_PLAN_SIZE]);

/* Answer @request into @reply, whose JSON is heap memory that the caller frees (NULL when the code
 * is not MN_OK). */
void answer_request(const struct answer_source *source, const struct mn_operator_request *request,
                    struct mn_operator_reply *reply, char **json);

#endif
