/* A second opinion on recovery decisions, for tests: EVIDENCE.md rule by rule, with no thought of
 * speed. It shares nothing with the engine or the checker but struct evidence. */
#ifndef TESTS_ORACLE_H
#define TESTS_ORACLE_H

#include <stdbool.h>

#include <jansson.h>

#include "docs/evidence.h"

/* The most choices that are all looked at; with more, the cut is found by going down step by step.
 */
enum { ORACLE_CHOICE_COUNT_MAX = 20000 };

/* The answer to @evidence as EVIDENCE.md writes it, without because and trace. The caller's
 * reference. @enumerated: out, whether all choices were looked at; may be NULL. */
json_t *oracle_answer(const struct evidence *evidence, bool *enumerated);

/* The same with causes and a trace of the oracle's own. The caller's reference. */
json_t *oracle_prove(const struct evidence *evidence);

/* Whether @answer, which must agree with oracle_answer in all else, has a trace whose every step is
 * forced and which ends at the cut, for every orphan a cause that holds at the end, and for every
 * other vat that is not running losses that were enough. */
bool oracle_proof_holds(const struct evidence *evidence, const json_t *answer);

#endif
