/* The answer that a decision came from, with its proof: for people, and for whoever checks it
 * (`mneme explain`). Nobody who is waiting needs it, and in a large cluster it is most of what a
 * decision would be. So it is written and put on record a heartbeat after the decision, when
 * everybody has been told, or before the round's end. A coordinator that ends in between leaves
 * none: it follows from the evidence.
 *
 * Invariant: all that may change meanwhile is in the decision itself, but for the incarnations of
 * vats that it has nothing to say of. It is written before another one of these is learned. */
#include "base/check.h"
#include "coordinator_private.h"

void proof_take(struct coordinator *coordinator, struct round *round, struct decision **take)
{
    proof_end(coordinator); /* of the round before: whose decision is in force, or it is not over */
    mn_assert(coordinator->unanswered == NULL);
    coordinator->unanswered = round;
    round->unproven = *take;
    *take = NULL;
}

void proof_write(struct coordinator *coordinator)
{
    struct round *round = coordinator->unanswered;
    if (round == NULL || round->unproven == NULL) {
        return;
    }
    round->answer = (struct mn_text){.size_max = MN_ANSWER_SIZE_MAX};
    mn_result result =
        decision_write_json(coordinator->ledger, round->unproven, true, &round->answer);
    decision_destroy(&round->unproven);
    if (result != MN_OK) {
        mn_text_deinit(&round->answer);
        coordinator->unanswered = NULL; /* too large for a record */
    }
    if (result != MN_FULL) {
        (void)coordinator_fine(coordinator, result);
    }
}

void proof_tick(struct coordinator *coordinator)
{
    if (coordinator->now >= proof_deadline(coordinator)) {
        proof_end(coordinator);
    }
}

void proof_end(struct coordinator *coordinator)
{
    struct round *round = coordinator->unanswered;
    if (round == NULL || round->facts.state < COORDINATOR_ROUND_RESTORE) {
        return;
    }
    proof_write(coordinator);
    struct mn_journal_record *record = coordinator_take(coordinator, 1, sizeof *record);
    if (record == NULL || coordinator->unanswered == NULL) {
        return;
    }
    coordinator->unanswered = NULL;
    history_answer(coordinator, round);
    record->kind = MN_JOURNAL_ANSWER;
    record->answer = (struct mn_journal_answer){
        .round = round->facts.round, .json = round->answer.bytes, .size = round->answer.size};
    coordinator_record(coordinator, record, (struct pending){.kind = PENDING_ANSWER});
}

mn_time proof_deadline(const struct coordinator *coordinator)
{
    const struct round *round = coordinator->unanswered;
    return round == NULL || round->facts.state < COORDINATOR_ROUND_RESTORE
               ? MN_TIME_NEVER
               : round->facts.decided_at + coordinator_heartbeat(coordinator);
}
