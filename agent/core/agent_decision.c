/* Decisions and their notices. A decision is durable here before a vat hears of it; its notices are
 * handed to the vat at every attach until it says that it has handled them, so that it is told even
 * if it crashes while being told. */
#include <stdlib.h>
#include <string.h>

#include "agent_private.h"
#include "base/grow.h"

static void decision_free(struct agent_decision *decision)
{
    for (uint32_t i = 0; i < decision->told_count; i++) {
        free(decision->told[i].notices);
    }
    free(decision->told);
}

void agent_decisions_deinit(struct agent *agent)
{
    for (size_t i = 0; i < agent->decision_count; i++) {
        decision_free(&agent->decisions[i]);
    }
    free(agent->decisions);
}

static struct agent_decision *decision_find(const struct agent *agent, uint64_t round)
{
    for (size_t i = 0; i < agent->decision_count; i++) {
        if (agent->decisions[i].round == round) {
            return &agent->decisions[i];
        }
    }
    return NULL;
}

static struct agent_told *decision_told(const struct agent_decision *decision,
                                        const struct mn_name *vat)
{
    for (uint32_t i = 0; i < decision->told_count; i++) {
        if (mn_name_equal(&decision->told[i].vat, vat)) {
            return &decision->told[i];
        }
    }
    return NULL;
}

/* Add to @out whom @notice tells and @out does not yet. False when memory ran out; then it has some
 * of them. */
static bool decision_merge(struct agent_decision *out, const struct mn_decision_notice *notice)
{
    for (uint32_t i = 0; i < notice->told_count; i++) {
        const struct mn_told *from = &notice->told[i];
        if (decision_told(out, &from->vat) != NULL) {
            continue;
        }
        struct agent_told *grown =
            realloc(out->told, ((size_t)out->told_count + 1) * sizeof *out->told);
        if (grown == NULL) {
            return false;
        }
        out->told = grown;
        struct agent_told *to = &out->told[out->told_count];
        *to = (struct agent_told){.vat = from->vat};
        if (from->notice_count > 0) {
            to->notices = malloc(from->notice_count * sizeof *to->notices);
            if (to->notices == NULL) {
                return false;
            }
            memcpy(to->notices, notice->notices + from->notice_first,
                   from->notice_count * sizeof *to->notices);
            to->notice_count = from->notice_count;
        }
        out->told_count += 1;
    }
    return true;
}

static bool decision_copy(struct agent_decision *out, const struct mn_decision_notice *notice)
{
    *out = (struct agent_decision){.round = notice->round};
    if (!decision_merge(out, notice)) {
        decision_free(out);
        return false;
    }
    return true;
}

/* Add a decision in the order of rounds. */
static struct agent_decision *decision_add(struct agent *agent,
                                           const struct mn_decision_notice *notice)
{
    struct agent_decision decision;
    mn_result result =
        mn_grow(&agent->decisions, &agent->decision_capacity, agent->decision_count + 1,
                sizeof *agent->decisions, AGENT_DECISION_COUNT_MAX);
    if (result == MN_OK && !decision_copy(&decision, notice)) {
        result = MN_NO_MEMORY;
    }
    if (result != MN_OK) {
        agent_fail(agent, result);
        return NULL;
    }
    size_t place = 0;
    while (place < agent->decision_count && agent->decisions[place].round < notice->round) {
        place += 1;
    }
    memmove(agent->decisions + place + 1, agent->decisions + place,
            (agent->decision_count - place) * sizeof *agent->decisions);
    agent->decisions[place] = decision;
    agent->decision_count += 1;
    return &agent->decisions[place];
}

static void decision_is_durable(struct agent_decision *decision)
{
    decision->applied = true;
    for (uint32_t i = 0; i < decision->told_count; i++) {
        decision->told[i].durable = true;
    }
}

void agent_decision_loaded(struct agent *agent, const struct mn_decision_notice *notice)
{
    struct agent_decision *decision = decision_add(agent, notice);
    if (decision != NULL) {
        decision_is_durable(decision);
    }
}

/* Of those whose record is durable: what has not been applied does not exist for the vats yet. */
uint64_t agent_round_newest(const struct agent *agent)
{
    uint64_t newest = 0;
    for (size_t i = 0; i < agent->decision_count; i++) {
        if (agent->decisions[i].applied) {
            newest = agent->decisions[i].round;
        }
    }
    return newest;
}

uint64_t agent_round_settled(const struct agent *agent, const struct mn_name *vat)
{
    for (size_t i = 0; i < agent->decision_count; i++) {
        const struct agent_decision *decision = &agent->decisions[i];
        const struct agent_told *told = decision_told(decision, vat);
        if (decision->applied && told != NULL && !told->handled) {
            return decision->round - 1;
        }
    }
    return agent_round_newest(agent);
}

static void decision_say_handled(struct agent *agent, const struct agent_vat *vat, uint64_t round)
{
    struct mn_up *up = agent_say_up(agent, MN_UP_HANDLED);
    if (up != NULL) {
        up->handled.vat = vat->name;
        up->handled.run = vat->start.run;
        up->handled.round = round;
    }
}

static void decision_repeat(struct agent *agent, const struct agent_decision *decision)
{
    for (uint32_t i = 0; i < decision->told_count; i++) {
        const struct agent_vat *vat = agent_find_vat(agent, &decision->told[i].vat);
        if (decision->told[i].handled && vat != NULL) {
            decision_say_handled(agent, vat, decision->round);
        }
    }
}

/* Only of the newest: older rounds are over, or repeated on the coordinator's word. */
void agent_decision_repeat(struct agent *agent)
{
    const struct agent_decision *newest = decision_find(agent, agent_round_newest(agent));
    if (newest != NULL) {
        decision_repeat(agent, newest);
    }
}

static void decision_put(struct agent *agent, const struct agent_decision *decision)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < decision->told_count; i++) {
        count += decision->told[i].notice_count;
    }
    struct mn_told *told = agent_take(agent, decision->told_count, sizeof *told);
    struct mn_notice *notices = agent_take(agent, count, sizeof *notices);
    if (told == NULL || notices == NULL) {
        return;
    }
    struct mn_agent_record record = {.kind = MN_AGENT_ROUND};
    record.round.round = decision->round;
    record.round.told = told;
    record.round.told_count = decision->told_count;
    record.round.notices = notices;
    for (uint32_t i = 0; i < decision->told_count; i++) {
        const struct agent_told *from = &decision->told[i];
        told[i] = (struct mn_told){.vat = from->vat,
                                   .notice_first = record.round.notice_count,
                                   .notice_count = from->notice_count};
        for (uint32_t k = 0; k < from->notice_count; k++) {
            notices[record.round.notice_count++] = from->notices[k];
        }
    }
    agent_put_record(agent, &record, false);
    agent_when_recorded(agent, AGENT_THEN_DECISION, NULL, 0, decision->round);
}

/* A round's decision, again perhaps. An older round than the newest is taken up too when it is not
 * known, and one that is known with whom else it tells: a vat that is to be told may have come to
 * this host meanwhile. */
void agent_decision(struct agent *agent, const struct mn_decision_notice *notice)
{
    struct agent_decision *known = decision_find(agent, notice->round);
    if (known != NULL) {
        uint32_t count = known->told_count;
        decision_repeat(agent, known);
        if (!decision_merge(known, notice)) {
            agent_fail(agent, MN_NO_MEMORY);
        } else if (known->told_count > count) {
            decision_put(agent, known);
        }
        return;
    }
    bool old = notice->round <= agent_round_newest(agent);
    if (old && notice->told_count == 0) {
        return;
    }
    known = decision_add(agent, notice);
    if (known != NULL) {
        decision_put(agent, known);
    }
}

/* Forget the decisions below the newest that have been handled by everybody here. */
static void decisions_forget(struct agent *agent)
{
    uint64_t newest = agent_round_newest(agent);
    size_t kept = 0;
    for (size_t i = 0; i < agent->decision_count; i++) {
        struct agent_decision decision = agent->decisions[i];
        bool open = !decision.applied || decision.round == newest;
        for (uint32_t k = 0; k < decision.told_count; k++) {
            open = open || !decision.told[k].handled;
        }
        if (open) {
            agent->decisions[kept] = decision;
            kept += 1;
            continue;
        }
        struct mn_agent_record record = {.kind = MN_AGENT_ROUND};
        record.round.round = decision.round;
        agent_put_record(agent, &record, true);
        decision_free(&decision);
    }
    agent->decision_count = kept;
}

static void decision_say(struct agent *agent, const struct agent_vat *vat, uint64_t round,
                         const struct agent_told *told)
{
    uint32_t count = told != NULL ? told->notice_count : 0;
    struct mn_notice *notices = agent_take(agent, count, sizeof *notices);
    struct mn_to_vat *message =
        notices != NULL ? agent_say_vat(agent, &vat->connection, MN_TO_VAT_ROUND) : NULL;
    if (message == NULL) {
        return;
    }
    if (count > 0) {
        memcpy(notices, told->notices, count * sizeof *notices);
    }
    message->round.round = round;
    message->round.notices = notices;
    message->round.notice_count = count;
}

/* Everything the vat has not handled, oldest round first, and the newest round in any case. */
void agent_decision_tell(struct agent *agent, const struct agent_vat *vat)
{
    if (!vat->connected || vat->life != AGENT_LIFE_UP) {
        return;
    }
    uint64_t newest = agent_round_newest(agent);
    for (size_t i = 0; i < agent->decision_count; i++) {
        const struct agent_decision *decision = &agent->decisions[i];
        const struct agent_told *told = decision_told(decision, &vat->name);
        bool open = told != NULL && !told->handled && told->durable;
        if (decision->applied && (open || decision->round == newest)) {
            decision_say(agent, vat, decision->round, open ? told : NULL);
        }
    }
}

void agent_decision_recorded(struct agent *agent, uint64_t round)
{
    struct agent_decision *decision = decision_find(agent, round);
    if (decision == NULL) {
        return;
    }
    decision_is_durable(decision);
    agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_DECISION,
                                                .round = round,
                                                .number = decision->told_count});
    for (size_t i = 0; i < agent->vat_count; i++) {
        agent_decision_tell(agent, agent->vats[i]);
    }
    agent_thaw(agent, round);
    decisions_forget(agent);
}

void agent_decision_handled(struct agent *agent, const struct agent_vat *vat, uint64_t round)
{
    struct agent_decision *decision = decision_find(agent, round);
    struct agent_told *told = decision != NULL ? decision_told(decision, &vat->name) : NULL;
    if (told == NULL || !decision->applied) {
        return;
    }
    if (!told->handled) {
        told->handled = true;
        agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_HANDLED,
                                                    .vat = vat->name,
                                                    .run = vat->start.run,
                                                    .round = round});
    }
    decision_say_handled(agent, vat, round);
    decisions_forget(agent);
}
