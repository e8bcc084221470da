/* What it would take to keep more: the same evidence decided again, were one thing different. */
#ifndef COORDINATOR_CLI_CUT_WHATIF_H
#define COORDINATOR_CLI_CUT_WHATIF_H

#include <jansson.h>

#include "base/result.h"
#include "cli/cut_story.h"
#include "docs/evidence.h"
#include "docs/text.h"

/* The causes that are looked into, the largest ones. */
enum { CUT_WHATIF_COUNT_MAX = 5 };

/* Append, for each of the largest causes, how many more vats would go on running if that loss were
 * undone, and if the peers of the vats that started it were told instead of taken back. */
mn_result cut_whatif_write(struct mn_text *text, const struct evidence *evidence,
                           const json_t *answer, const struct cut_story *story) MN_CHECKED;

#endif
