/* The live commands as text for people: each appends the coordinator's answer to @text.
 * MN_BAD_INPUT when the facts are not what is expected; MN_NO_MEMORY. */
#ifndef COORDINATOR_CLI_LIVE_H
#define COORDINATOR_CLI_LIVE_H

#include <stdbool.h>

#include <jansson.h>

#include "base/result.h"
#include "docs/text.h"
#include "docs/topology.h"

mn_result status_tell(struct mn_text *text, const json_t *facts, const struct topology *topology,
                      bool colour) MN_CHECKED;
mn_result rounds_tell(struct mn_text *text, const json_t *facts, const struct topology *topology,
                      bool colour) MN_CHECKED;
mn_result explain_tell(struct mn_text *text, const json_t *facts, const struct topology *topology,
                       bool colour) MN_CHECKED;
mn_result plan_tell(struct mn_text *text, const json_t *facts, const struct topology *topology,
                    bool colour) MN_CHECKED;
mn_result adopt_tell(struct mn_text *text, const json_t *facts, const struct topology *topology,
                     bool colour) MN_CHECKED;
mn_result recall_tell(struct mn_text *text, const json_t *facts, const struct topology *topology,
                      bool colour) MN_CHECKED;

mn_result keepers_tell(struct mn_text *text, const json_t *facts, const struct topology *topology,
                       bool colour) MN_CHECKED;

/* The state of the journal, and of its keepers, a line each. */
void live_add_keepers(struct mn_text *text, const json_t *keepers, bool colour);

/* What operators said of a round, a line each. */
void live_add_steps(struct mn_text *text, const json_t *steps);

#endif
