/* Checking a decision offline: does this answer follow from this evidence? */
#ifndef COORDINATOR_CLI_CHECK_H
#define COORDINATOR_CLI_CHECK_H

#include <stddef.h>

#include "base/error.h"
#include "base/result.h"
#include "docs/evidence.h"

/* Check an answer, JSON with its trace (`mneme cut --json --proof`), against @evidence: every
 * outcome, notice and number of it, every cause, and the trace step by step. Nothing is shared with
 * the code that makes answers, but the reader of documents and the JSON library. The time is linear
 * in document and answer for each turn of sparing (rule 10), up to sorting.
 *
 * Errors:    MN_BAD_INPUT  the answer is wrong; @error says where and what the evidence gives
 *            MN_NO_MEMORY */
mn_result check_answer(const struct evidence *evidence, const char *bytes, size_t size,
                       struct mn_error *error) MN_CHECKED;

#endif
