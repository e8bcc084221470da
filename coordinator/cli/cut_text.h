/* An answer as text for people. */
#ifndef COORDINATOR_CLI_CUT_TEXT_H
#define COORDINATOR_CLI_CUT_TEXT_H

#include <stdbool.h>

#include <jansson.h>

#include "base/result.h"
#include "cli/cut_story.h"
#include "docs/text.h"

enum {
    /* Vats that are shown of a group, and names in a list; of the rest only the number. */
    CUT_TEXT_VAT_COUNT_MAX = 20,

    /* Groups that are shown one by one. */
    CUT_TEXT_GROUP_COUNT_MAX = 50,

    /* Causes that are followed for one vat. */
    CUT_TEXT_CHAIN_COUNT_MAX = 6
};

/* Append what @answer says: the summary; the vats that are not running, by what started it, each
 * with its causes; who is spared and what is not sure. @name is the document's. */
mn_result cut_text_write(struct mn_text *text, const char *name, const json_t *answer,
                         const struct cut_story *story, bool colour) MN_CHECKED;

/* Append the causes of @vat, which is not running, one a line, from its own to the one that started
 * it. */
void cut_text_add_causes(struct mn_text *text, const struct cut_story *story,
                         const struct cut_story_vat *vat, bool colour);

#endif
