/* G9 checkable. Every decision comes with its evidence, as a document that reads, whose digest is
 * in the decision; and the answer follows from it, as the checker finds, which shares nothing with
 * the code that made it. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "cli/check.h"
#include "cli/check_facts.h"
#include "observer/observer_private.h"

enum { ANSWER_TIMES = 8 /* so much longer than its evidence no answer is */ };

static bool start_follows(const struct check_vat *found, const struct mn_start *start)
{
    bool forgot = found->spoken > found->keep;
    bool says_so = start->outcome == MN_ROLLED_BACK || start->outcome == MN_RESET;
    return found->keep == start->keep && forgot == says_so;
}

/* The vats that the decision starts, and where, must be those that the checker finds for itself:
 * the answer stands beside them, and is left out of the record when it is too large for one. */
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
    starts_follow(observer, evidence, decision);
    bool left_out = decision->answer_size == 0 && size > MN_ANSWER_SIZE_MAX / ANSWER_TIMES;
    if (!left_out &&
        check_answer(evidence, decision->answer_json, decision->answer_size, &error) != MN_OK) {
        observer_fail(observer, "G9", "the answer of round %llu: %s", round, error.text);
    }
    return evidence;
}
