/* G9 checkable. Every decision comes with its evidence, as a document that reads, whose digest is
 * in the decision; and the answer follows from it, as the checker finds, which shares nothing with
 * the code that made it. */
#include <sodium.h>
#include <string.h>

#include "cli/check.h"
#include "observer/observer_private.h"

struct evidence *g9_decided(struct observer *observer, const struct mn_journal_decision *decision,
                            const char *text, size_t size)
{
    unsigned long long round = decision->round;
    struct mn_error error = {.text = ""};
    struct evidence *evidence = NULL;
    struct mn_digest digest;
    if (size == 0) {
        observer_fail(observer, "G9", "round %llu has no evidence", round);
        return NULL;
    }
    (void)crypto_generichash(digest.bytes, sizeof digest.bytes, (const unsigned char *)text, size,
                             NULL, 0);
    if (memcmp(&digest, &decision->evidence_digest, sizeof digest) != 0) {
        observer_fail(observer, "G9", "round %llu does not name its evidence", round);
    }
    if (evidence_read(text, size, "evidence", &evidence, &error) != MN_OK) {
        observer_fail(observer, "G9", "the evidence of round %llu: %s", round, error.text);
        return NULL;
    }
    if (check_answer(evidence, decision->answer_json, decision->answer_size, &error) != MN_OK) {
        observer_fail(observer, "G9", "the answer of round %llu: %s", round, error.text);
    }
    return evidence;
}
