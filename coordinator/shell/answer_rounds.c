/* The answer to `rounds`: every round with its times, what was lost, restored and told. What does
 * not fit into a reply is left out round by round, the oldest first, and counted. */
#include <string.h>

#include "shell/answer.h"

json_t *answer_lost(uint64_t lost)
{
    return lost > 0 ? json_integer((json_int_t)(lost - 1)) : json_null();
}

static json_t *rounds_names(const struct mn_name *names, uint32_t count)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < count; i++) {
        if (json_array_append_new(list, json_string(names[i].text)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *rounds_range(struct mn_epoch_range range)
{
    if (range.first == 0 && range.last == 0) {
        return json_null();
    }
    return json_pack("[I, I]", (json_int_t)range.first, (json_int_t)range.last);
}

static json_t *rounds_notices(const struct mn_journal_decision *decision,
                              const struct mn_told *told)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < told->notice_count; i++) {
        const struct mn_notice *notice = &decision->notices[told->notice_first + i];
        json_t *row =
            json_pack("{s:s, s:I, s:I, s:o, s:o, s:b}", "peer", notice->peer.text, "incarnation",
                      (json_int_t)notice->incarnation, "kept", (json_int_t)notice->kept,
                      "you_heard", rounds_range(notice->you_heard), "forgot_you",
                      rounds_range(notice->forgot_you), "reset", notice->reset ? 1 : 0);
        if (json_array_append_new(list, row) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *rounds_told(const struct mn_journal_decision *decision)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < decision->told_count; i++) {
        const struct mn_told *told = &decision->told[i];
        json_t *row = json_pack("{s:s, s:o}", "vat", told->vat.text, "notices",
                                rounds_notices(decision, told));
        if (json_array_append_new(list, row) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* What a round made of the vats that it took back or restored. */
struct rounds_counts {
    json_int_t outcomes[4];
    json_int_t lost_ms;      /* of their work, in all, */
    json_int_t lost_unknown; /* but for these, of which it is not known */
};

static json_t *rounds_restored(const struct mn_journal_decision *decision,
                               struct rounds_counts *counts)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < decision->start_count; i++) {
        const struct mn_start *start = &decision->starts[i].start;
        uint64_t lost = decision->starts[i].lost;
        counts->outcomes[start->outcome] += 1;
        counts->lost_ms += lost > 0 ? (json_int_t)(lost - 1) : 0;
        counts->lost_unknown += lost == 0 ? 1 : 0;
        json_t *row =
            json_pack("{s:s, s:s, s:I, s:I, s:I, s:s, s:o}", "vat", start->vat.text, "host",
                      decision->starts[i].host.text, "run", (json_int_t)start->run, "incarnation",
                      (json_int_t)start->incarnation, "keep", (json_int_t)start->keep, "outcome",
                      mn_outcome_name(start->outcome), "lost_ms", answer_lost(lost));
        if (json_array_append_new(list, row) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *rounds_row(const struct answer_source *source,
                          const struct coordinator_round_facts *facts)
{
    static const struct mn_journal_decision nothing;
    const struct mn_journal_decision *decision =
        facts->decision != NULL ? facts->decision : &nothing;
    struct rounds_counts counts = {.lost_ms = 0};
    json_t *restored = rounds_restored(decision, &counts);
    return json_pack(
        "{s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:o, "
        "s:o}",
        "round", (json_int_t)facts->round, "state", coordinator_round_state_name(facts->state),
        "attempt", (json_int_t)facts->attempt, "suspected_at", (json_int_t)facts->suspected_at,
        "lost_at", (json_int_t)facts->lost_at, "decided_at", (json_int_t)facts->decided_at,
        "restored_at", (json_int_t)facts->restored_at, "told_at", (json_int_t)facts->told_at,
        "lost_hosts", rounds_names(decision->lost_hosts, decision->lost_host_count), "lost_vats",
        rounds_names(decision->lost_vats, decision->lost_vat_count), "revived",
        counts.outcomes[MN_REVIVED], "rolled_back", counts.outcomes[MN_ROLLED_BACK], "reset",
        counts.outcomes[MN_RESET], "lost_ms", counts.lost_ms, "lost_unknown", counts.lost_unknown,
        "restored", restored, "told", rounds_told(decision), "steps",
        answer_steps(source, facts->previous, facts->round));
}

mn_result answer_rounds(const struct answer_source *source, json_t **json, struct mn_error *error)
{
    size_t count = coordinator_round_count(source->coordinator);
    size_t room = ANSWER_SIZE_MAX - 256 * 1024; /* for what stands around the rows */
    size_t left = count;
    json_t *list = json_array();
    mn_result result = list == NULL ? MN_NO_MEMORY : MN_OK;
    (void)error; /* what does not fit is worded by the caller */
    while (result == MN_OK && left > 0) {
        struct coordinator_round_facts facts;
        coordinator_round(source->coordinator, left - 1, &facts);
        json_t *row = rounds_row(source, &facts);
        size_t size = row == NULL ? 0 : json_dumpb(row, NULL, 0, JSON_COMPACT) + 1;
        if (size > room) {
            json_decref(row);
            result = left == count ? MN_TOO_LARGE : MN_OK;
            break;
        }
        room -= size;
        result = json_array_insert_new(list, 0, row) == 0 ? MN_OK : MN_NO_MEMORY;
        left -= 1;
    }
    if (result == MN_OK) {
        *json = json_pack("{s:O, s:I, s:b, s:o}", "rounds", list, "older_left_out",
                          (json_int_t)left +
                              (json_int_t)coordinator_rounds_left_out(source->coordinator),
                          "forgotten", coordinator_has_forgotten(source->coordinator) ? 1 : 0,
                          "recalls", answer_recalls(source));
        result = *json == NULL ? MN_NO_MEMORY : MN_OK;
    }
    json_decref(list);
    return result;
}
