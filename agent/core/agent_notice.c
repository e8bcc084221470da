/* Notices: what each vat is told of the decisions, in the order of rounds. They are handed to the
 * vat at every attach until it says that it has handled them, so that it is told even if it crashes
 * while being told.
 *
 * No round may overtake a notice, for a vat that has applied a round takes it that it was told of
 * all before. So a vat begins at the round that its start names, hears of nothing that comes after
 * a notice of its own which is not durable here yet, and not of a round before the one it was
 * started in, unless that tells it something: what this host heard then was not meant for it. */
#include <string.h>

#include "agent_private.h"

bool agent_notice_open(const struct agent_decision *decision, const struct agent_told *told,
                       const struct agent_vat *vat)
{
    return !told->handled && decision->round > vat->start->told_round;
}

/* A new life knows what its start says, whatever its former one has handled. */
void agent_notices_begin(struct agent *agent, const struct agent_vat *vat)
{
    for (size_t i = 0; i < agent->decision_count; i++) {
        struct agent_told *told = agent_decision_told(&agent->decisions[i], &vat->name);
        if (told != NULL) {
            told->handled = false;
        }
    }
}

/* Up to which round this life of @vat needs not be told anything. */
uint64_t agent_round_settled(const struct agent *agent, const struct agent_vat *vat)
{
    uint64_t settled = agent_round_newest(agent);
    for (size_t i = 0; i < agent->decision_count; i++) {
        const struct agent_decision *decision = &agent->decisions[i];
        const struct agent_told *told = agent_decision_told(decision, &vat->name);
        if (told != NULL && decision->round <= settled && agent_notice_open(decision, told, vat)) {
            settled = decision->round - 1;
        }
    }
    return settled < vat->start->told_round ? settled : vat->start->told_round;
}

static void notices_say_handled(struct agent *agent, const struct agent_vat *vat, uint64_t round)
{
    struct agent_naming naming;
    struct mn_vat_table table;
    if (!agent_naming_make(agent, &naming, 1, 0)) {
        return;
    }
    (void)agent_naming_place(&naming, vat->number);
    struct mn_up *up =
        agent_naming_table(agent, &naming, &table) ? agent_say_up(agent, MN_UP_HANDLED) : NULL;
    if (up != NULL) {
        up->handled.vat = table;
        up->handled.run = vat->start->run;
        up->handled.round = round;
    }
}

void agent_notices_repeat(struct agent *agent, const struct agent_decision *decision)
{
    for (uint32_t i = 0; i < decision->told_count; i++) {
        const struct agent_vat *vat = agent_find_vat(agent, &decision->told[i].vat);
        if (decision->told[i].handled && vat != NULL) {
            notices_say_handled(agent, vat, decision->round);
        }
    }
}

void agent_notices_known(struct agent *agent, const struct mn_decision_notice *notice)
{
    for (uint32_t i = 0; i < notice->told_count; i++) {
        const struct agent_vat *vat = agent_find_vat(agent, &notice->told[i].vat);
        if (vat != NULL && vat->next == NULL && !agent_vat_fenced(vat) &&
            notice->round <= vat->start->told_round) {
            notices_say_handled(agent, vat, notice->round);
        }
    }
}

static void notices_say(struct agent *agent, const struct agent_vat *vat, uint64_t round,
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

/* Everything the vat has not handled, oldest round first, and the newest round. */
void agent_notices_tell(struct agent *agent, const struct agent_vat *vat)
{
    if (!vat->connected || vat->life != AGENT_LIFE_UP) {
        return;
    }
    uint64_t newest = agent_round_newest(agent);
    for (size_t i = 0; i < agent->decision_count; i++) {
        const struct agent_decision *decision = &agent->decisions[i];
        const struct agent_told *told = agent_decision_told(decision, &vat->name);
        if (told != NULL && agent_notice_open(decision, told, vat)) {
            if (!told->applied) {
                return;
            }
            notices_say(agent, vat, decision->round, told);
        } else if (decision->round == newest && newest >= vat->start->round) {
            notices_say(agent, vat, newest, NULL);
        }
    }
}

void agent_notices_handled(struct agent *agent, const struct agent_vat *vat, uint64_t round)
{
    struct agent_decision *decision = agent_decision_find(agent, round);
    struct agent_told *told = decision != NULL ? agent_decision_told(decision, &vat->name) : NULL;
    if (told == NULL || !told->applied) {
        return;
    }
    if (!told->handled) {
        told->handled = true;
        agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_HANDLED,
                                                    .vat = vat->name,
                                                    .run = vat->start->run,
                                                    .round = round});
    }
    notices_say_handled(agent, vat, round);
    agent_decisions_tidy(agent);
}
