/* From evidence to the answer: a ledger that takes the document in, decides and is forgotten. */
#include "cli/cut_json.h"

#include "core/decision.h"
#include "core/ledger.h"

mn_result cut_json_write(const struct evidence *evidence, bool proof, struct mn_text *text)
{
    struct ledger *ledger = NULL;
    struct decision *decision = NULL;
    mn_result result = ledger_new(&ledger);
    if (result == MN_OK) {
        result = ledger_load(ledger, evidence);
    }
    if (result == MN_OK) {
        result = ledger_decide(ledger, &decision);
    }
    if (result == MN_OK) {
        result = decision_write_json(ledger, decision, proof, text);
    }
    if (result == MN_OK) {
        mn_text_add(text, "\n");
        result = mn_text_result(text);
    }
    decision_destroy(&decision);
    ledger_destroy(&ledger);
    return result;
}
