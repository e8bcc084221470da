/* G9 checkable. Every decision comes with its evidence, as a document that reads, whose digest is
 * in the decision. What follows from that, the checker finds to be right, which shares nothing with
 * the code that makes answers; and it is what the journal says of the decision, to the byte, before
 * whoever decided says that the round is over. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "cli/check.h"
#include "cli/check_facts.h"
#include "core/decision.h"
#include "core/ledger.h"
#include "observer/observer_private.h"

static bool start_follows(const struct check_vat *found, const struct mn_start *start)
{
    bool forgot = found->spoken > found->keep;
    bool says_so = start->outcome == MN_ROLLED_BACK || start->outcome == MN_RESET;
    return found->keep == start->keep && forgot == says_so;
}

/* The vats that the decision starts, and where, must be those that the checker finds for itself:
 * the answer stands beside them. */
static void starts_follow(struct observer *observer, const struct evidence *evidence,
                          const struct mn_journal_decision *decision)
{
    struct check_facts facts;
    mn_result result = check_facts_init(&facts, evidence, true);
    mn_assert(result == MN_OK);
    uint32_t *places = calloc((size_t)observer->vat_count + 1, sizeof *places);
    mn_assert(places != NULL);
    uint32_t restored = 0;
    for (uint32_t i = 0; i < evidence->vat_count; i++) {
        places[topology_find_vat(observer->topology, evidence->vats[i].name)] = i + 1;
        restored += facts.vats[i].keep != CHECK_OPEN ? 1 : 0;
    }
    for (uint32_t i = 0; i < decision->start_count; i++) {
        const struct mn_start *start = &decision->starts[i].start;
        uint32_t place = places[topology_find_vat(observer->topology, start->vat.text)];
        if (place == 0 || !start_follows(&facts.vats[place - 1], start)) {
            observer_fail(observer, "G9", "the evidence of round %llu gives another start of %s",
                          (unsigned long long)decision->round, start->vat.text);
        }
    }
    if (restored != decision->start_count) {
        observer_fail(observer, "G9", "round %llu starts %u vats, and its evidence gives %u",
                      (unsigned long long)decision->round, decision->start_count, restored);
    }
    free(places);
    check_facts_deinit(&facts);
}

void g9_digest(const char *bytes, size_t size, struct mn_digest *out)
{
    (void)crypto_generichash(out->bytes, sizeof out->bytes, (const unsigned char *)bytes, size,
                             NULL, 0);
}

static void answer_make(const struct evidence *evidence, struct mn_text *answer)
{
    struct ledger *ledger = NULL;
    struct decision *decision = NULL;
    mn_result result = ledger_new(&ledger);
    mn_assert(result == MN_OK);
    result = ledger_load(ledger, evidence);
    mn_assert(result == MN_OK);
    result = ledger_decide(ledger, &decision);
    mn_assert(result == MN_OK);
    result = decision_write_json(ledger, decision, true, answer);
    mn_assert(result == MN_OK);
    decision_destroy(&decision);
    ledger_destroy(&ledger);
}

struct evidence *g9_decided(struct observer *observer, const struct mn_journal_decision *decision,
                            const char *text, size_t size, struct mn_text *answer)
{
    unsigned long long round = decision->round;
    struct mn_error error = {.text = ""};
    struct evidence *evidence = NULL;
    struct mn_digest digest;
    if (size == 0) {
        observer_fail(observer, "G9", "round %llu has no evidence", round);
        return NULL;
    }
    g9_digest(text, size, &digest);
    if (memcmp(&digest, &decision->evidence_digest, sizeof digest) != 0) {
        observer_fail(observer, "G9", "round %llu does not name its evidence", round);
    }
    if (evidence_read(text, size, "evidence", &evidence, &error) != MN_OK) {
        observer_fail(observer, "G9", "the evidence of round %llu: %s", round, error.text);
        return NULL;
    }
    starts_follow(observer, evidence, decision);
    answer_make(evidence, answer);
    if (check_answer(evidence, answer->bytes, answer->size, &error) != MN_OK) {
        observer_fail(observer, "G9", "the answer of round %llu: %s", round, error.text);
    }
    return evidence;
}

void g9_answer(struct observer *observer, const struct mn_journal_answer *answer)
{
    struct observer_round *round = g5_find(observer, answer->round);
    struct mn_digest digest;
    g9_digest(answer->json, answer->size, &digest);
    if (round == NULL) {
        observer_fail(observer, "G9", "round %llu has an answer, and was never decided",
                      (unsigned long long)answer->round);
        return;
    }
    if (memcmp(&digest, &round->answer, sizeof digest) != 0) {
        observer_fail(observer, "G9", "the answer of round %llu is not what its evidence gives",
                      (unsigned long long)answer->round);
    }
    round->answered = true;
}

void g9_done(struct observer *observer, const struct observer_round *round, uint64_t generation)
{
    if (!round->answered && round->generation == generation) {
        observer_fail(observer, "G9", "round %llu is over, and its answer is not on record",
                      (unsigned long long)round->round);
    }
}
