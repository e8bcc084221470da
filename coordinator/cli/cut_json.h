/* From evidence to the answer as JSON. */
#ifndef COORDINATOR_CLI_CUT_JSON_H
#define COORDINATOR_CLI_CUT_JSON_H

#include <stdbool.h>

#include "base/result.h"
#include "docs/evidence.h"
#include "docs/text.h"

/* Decide @evidence and append the answer to @text as one line, as EVIDENCE.md has it; with its
 * trace when @proof. On failure @text may hold a part of it. Errors:    MN_NO_MEMORY, MN_FULL when
 * a bound of the ledger is reached */
mn_result cut_json_write(const struct evidence *evidence, bool proof,
                         struct mn_text *text) MN_CHECKED;

#endif
