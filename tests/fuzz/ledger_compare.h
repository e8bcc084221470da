/* Comparing what a ledger decides with four other opinions. */
#ifndef TESTS_LEDGER_COMPARE_H
#define TESTS_LEDGER_COMPARE_H

#include "core/ledger.h"
#include "docs/text.h"
#include "ledger_model.h"

/* The ledger as a document, which must be a good one. The caller's. */
struct evidence *compare_document(const struct ledger *ledger);

/* A document as YAML. The caller's. */
struct mn_text compare_text(const struct evidence *document);

/* Decide twice, which must give the same; and assert that the decision is the one that the ledger's
 * document gives when it is loaded, byte for byte; that @model gives; that the oracle gives, when
 * the document is small; and that the checker takes it. */
void compare_decision(struct ledger *ledger, const struct model *model);

#endif
