/* The numbers of a run, from what was seen of it. */
#include <stdio.h>
#include <string.h>

#include "scenario/record.h"

int64_t record_ms(mn_time from, mn_time to)
{
    return from > 0 && to > 0 && to >= from ? (to - from) / MN_MS : FACT_NONE;
}

static void at_least(int64_t *most, int64_t value)
{
    if (value > *most) {
        *most = value;
    }
}

static void add_losses(const struct record *record, int64_t *values)
{
    for (size_t i = 0; i < record->loss_count; i++) {
        const struct record_loss *loss = &record->losses[i];
        bool forgot = loss->outcome == MN_ROLLED_BACK || loss->outcome == MN_RESET;
        values[FACT_revived] += loss->outcome == MN_REVIVED ? 1 : 0;
        values[FACT_rolled_back] += loss->outcome == MN_ROLLED_BACK ? 1 : 0;
        values[FACT_reset] += loss->outcome == MN_RESET ? 1 : 0;
        values[FACT_running_restored] += loss->was_running ? 1 : 0;
        values[FACT_epochs_lost] += forgot ? (int64_t)loss->epochs : 0;
        values[FACT_epochs_undone] += (int64_t)(loss->open + (forgot ? 0 : loss->epochs));
        values[FACT_messages_lost] += forgot ? (int64_t)loss->sent : 0;
        int64_t work =
            loss->ended_at > loss->kept_at ? (loss->ended_at - loss->kept_at) / MN_MS : 0;
        values[FACT_work_lost_ms] += work;
        at_least(&values[FACT_work_lost_most_ms], work);
        at_least(&values[FACT_down_most_ms], record_ms(loss->ended_at, loss->back_at));
    }
}

static void add_rounds(const struct record *record, int64_t *values)
{
    for (size_t i = 0; i < record->round_count; i++) {
        const struct record_round *round = &record->rounds[i];
        if (round->decided_at == 0) {
            continue;
        }
        values[FACT_rounds] += 1;
        values[FACT_notices] += (int64_t)round->notices;
        at_least(&values[FACT_detect_ms], record_ms(round->first_death, round->begun_at));
        at_least(&values[FACT_decide_ms], record_ms(round->begun_at, round->decided_at));
        at_least(&values[FACT_restore_ms], record_ms(round->decided_at, round->restored_at));
        at_least(&values[FACT_tell_ms], record_ms(round->restored_at, round->told_at));
        at_least(&values[FACT_told_within_ms], record_ms(round->first_death, round->told_at));
    }
}

void record_facts(const struct record *record, const struct sim_result *result, int64_t seed,
                  struct facts *facts)
{
    int64_t *values = facts->values;
    memset(facts, 0, sizeof *facts);
    memcpy(values, record->counts, sizeof facts->values);
    facts->seed = seed;
    values[FACT_detect_ms] = values[FACT_decide_ms] = values[FACT_restore_ms] = FACT_NONE;
    values[FACT_tell_ms] = values[FACT_told_within_ms] = values[FACT_down_most_ms] = FACT_NONE;
    add_losses(record, values);
    add_rounds(record, values);
    bool unsettled = strncmp(result->failure, "liveness", 8) == 0;
    values[FACT_sent] = (int64_t)result->sent;
    values[FACT_taken] = (int64_t)result->taken;
    values[FACT_settled] = result->failure[0] == '\0' ? 1 : 0;
    values[FACT_broken] = result->failure[0] != '\0' && !unsettled ? 1 : 0;
    values[FACT_settled_after_ms] = result->settled_after / MN_MS;
    values[FACT_ended_ms] = result->ended_at / MN_MS;
    values[FACT_events] = (int64_t)result->events;
    (void)snprintf(facts->failure, sizeof facts->failure, "%.500s", result->failure);
}
