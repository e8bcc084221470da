/* Decisions: which are known here, which are on record, and how long each is kept.
 *
 * A decision is durable here before a vat hears of it. What the coordinator says of a known one may
 * name more vats than before, because vats move: those are added, durably too. A decision is over
 * when every vat that it tells something has handled that, or needs not hear of it. A vat that is
 * not meant to run here any more will never handle anything, so only the newest decisions wait for
 * such vats: one may still be started here, and if a decision is let go too early, the coordinator
 * names it among what is owed and says it again (decision_is_next). */
#include <stdlib.h>
#include <string.h>

#include "agent_private.h"
#include "base/grow.h"

enum {
    DECISION_COUNT_MAX = 1024,    /* with so many open, new ones are not taken up */
    DECISION_IDLE_COUNT_MAX = 64, /* that wait only for vats which are not meant to run here */
    DECISION_LOAD_COUNT_MAX = 1 << 24
};

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

struct agent_decision *agent_decision_find(const struct agent *agent, uint64_t round)
{
    for (size_t i = 0; i < agent->decision_count; i++) {
        if (agent->decisions[i].round == round) {
            return &agent->decisions[i];
        }
    }
    return NULL;
}

struct agent_told *agent_decision_told(const struct agent_decision *decision,
                                       const struct mn_name *vat)
{
    for (uint32_t i = 0; i < decision->told_count; i++) {
        if (mn_name_equal(&decision->told[i].vat, vat)) {
            return &decision->told[i];
        }
    }
    return NULL;
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

/* ---- what is known --------------------------------------------------------------------------- */

/* Add to @decision those told vats of @notice that it does not know. False when there are none. */
static bool decision_merge(struct agent *agent, struct agent_decision *decision,
                           const struct mn_decision_notice *notice)
{
    size_t capacity = (size_t)decision->told_count + notice->told_count;
    struct agent_told *all =
        notice->told_count > 0 ? realloc(decision->told, capacity * sizeof *all) : decision->told;
    if (all == NULL) {
        if (notice->told_count > 0) {
            agent_fail(agent, MN_NO_MEMORY);
        }
        return false;
    }
    decision->told = all;
    uint32_t known = decision->told_count;
    for (uint32_t i = 0; i < notice->told_count; i++) {
        const struct mn_told *from = &notice->told[i];
        if (agent_decision_told(decision, &from->vat) != NULL) {
            continue;
        }
        struct agent_told *to = &decision->told[decision->told_count];
        *to = (struct agent_told){.vat = from->vat, .notice_count = from->notice_count};
        if (from->notice_count > 0) {
            to->notices = malloc(from->notice_count * sizeof *to->notices);
            if (to->notices == NULL) {
                agent_fail(agent, MN_NO_MEMORY);
                return false;
            }
            memcpy(to->notices, notice->notices + from->notice_first,
                   from->notice_count * sizeof *to->notices);
        }
        decision->told_count += 1;
    }
    return decision->told_count > known;
}

/* Add an empty decision in the order of rounds. */
static struct agent_decision *decision_add(struct agent *agent, uint64_t round)
{
    mn_result result =
        mn_grow(&agent->decisions, &agent->decision_capacity, agent->decision_count + 1,
                sizeof *agent->decisions, DECISION_LOAD_COUNT_MAX);
    if (result != MN_OK) {
        agent_fail(agent, result);
        return NULL;
    }
    size_t place = 0;
    while (place < agent->decision_count && agent->decisions[place].round < round) {
        place += 1;
    }
    memmove(agent->decisions + place + 1, agent->decisions + place,
            (agent->decision_count - place) * sizeof *agent->decisions);
    agent->decisions[place] = (struct agent_decision){.round = round};
    agent->decision_count += 1;
    return &agent->decisions[place];
}

void agent_decision_loaded(struct agent *agent, const struct mn_decision_notice *notice)
{
    struct agent_decision *decision = decision_add(agent, notice->round);
    if (decision != NULL) {
        (void)decision_merge(agent, decision, notice);
        decision->applied = true;
        for (uint32_t i = 0; i < decision->told_count; i++) {
            decision->told[i].applied = true;
        }
    }
}

static uint32_t decision_notice_count(const struct agent_decision *decision)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < decision->told_count; i++) {
        count += decision->told[i].notice_count;
    }
    return count;
}

/* Put all of @decision on record, and go on once it is durable. */
static void decision_put(struct agent *agent, struct agent_decision *decision)
{
    uint32_t count = decision_notice_count(decision);
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
        if (from->notice_count > 0) {
            memcpy(notices + record.round.notice_count, from->notices,
                   from->notice_count * sizeof *notices);
        }
        record.round.notice_count += from->notice_count;
    }
    agent_put_record(agent, &record, false);
    for (uint32_t i = 0; i < decision->told_count; i++) {
        if (decision->told[i].sequence == 0 && !decision->told[i].applied) {
            decision->told[i].sequence = agent->record_sequence;
        }
    }
    agent_when_recorded(agent, AGENT_THEN_DECISION, NULL, 0, decision->round);
}

/* ---- what is over ---------------------------------------------------------------------------- */

enum decision_use { DECISION_OVER, DECISION_IDLE, DECISION_NEEDED };

/* Whether it is owed to a later run than that which is known here: its start is still to come. */
static bool told_awaits_run(const struct agent_told *told, const struct agent_vat *vat)
{
    return told->owed_run > (vat != NULL ? vat->start->run : 0);
}

static enum decision_use decision_use(const struct agent *agent,
                                      const struct agent_decision *decision, uint64_t newest)
{
    if (!decision->applied || decision->round == newest) {
        return DECISION_NEEDED;
    }
    enum decision_use use = DECISION_OVER;
    for (uint32_t i = 0; i < decision->told_count; i++) {
        const struct agent_told *told = &decision->told[i];
        const struct agent_vat *vat = agent_find_vat(agent, &told->vat);
        bool meant = vat != NULL && agent_vat_meant(vat);
        bool awaited = told_awaits_run(told, vat);
        if (!told->applied || (meant && (awaited || agent_notice_open(decision, told, vat)))) {
            return DECISION_NEEDED;
        }
        if (!meant && (awaited || !told->handled)) {
            use = DECISION_IDLE;
        }
    }
    return use;
}

void agent_decisions_tidy(struct agent *agent)
{
    uint64_t newest = agent_round_newest(agent);
    size_t idle = 0;
    for (size_t i = 0; i < agent->decision_count; i++) {
        idle += decision_use(agent, &agent->decisions[i], newest) == DECISION_IDLE ? 1 : 0;
    }
    size_t kept = 0;
    for (size_t i = 0; i < agent->decision_count; i++) {
        struct agent_decision decision = agent->decisions[i];
        enum decision_use use = decision_use(agent, &decision, newest);
        bool over =
            use == DECISION_OVER || (use == DECISION_IDLE && idle > DECISION_IDLE_COUNT_MAX);
        if (!over) {
            agent->decisions[kept] = decision;
            kept += 1;
            continue;
        }
        idle -= use == DECISION_IDLE ? 1 : 0;
        struct mn_agent_record record = {.kind = MN_AGENT_ROUND};
        record.round.round = decision.round;
        agent_put_record(agent, &record, true);
        decision_free(&decision);
    }
    agent->decision_count = kept;
}

/* ---- what the coordinator says --------------------------------------------------------------- */

static void decision_waits(struct agent *agent, const struct mn_decision_notice *notice,
                           mn_result why)
{
    agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_DECISION_WAITS,
                                                .round = notice->round,
                                                .number = notice->owed_count,
                                                .code = why});
}

/* Whether everything that vats of this host are owed of older rounds is known here. If not, that
 * was lost, and a vat that hears of the newer round first would never be told. */
static bool decision_is_next(const struct agent *agent, const struct mn_decision_notice *notice)
{
    for (uint32_t i = 0; i < notice->owed_count; i++) {
        const struct agent_decision *older = agent_decision_find(agent, notice->owed[i].round);
        if (older == NULL || agent_decision_told(older, &notice->owed[i].vat) == NULL) {
            return false;
        }
    }
    return true;
}

/* What is owed to a run that is still to be started here is not over, whatever the one before it
 * has handled. */
static void decision_owes(struct agent *agent, const struct mn_decision_notice *notice)
{
    for (uint32_t i = 0; i < notice->owed_count; i++) {
        const struct mn_owed *owed = &notice->owed[i];
        struct agent_decision *older = agent_decision_find(agent, owed->round);
        struct agent_told *told = agent_decision_told(older, &owed->vat);
        told->owed_run = owed->run > told->owed_run ? owed->run : told->owed_run;
    }
}

/* Whether one record can hold what is known and what @notice adds. */
static bool decision_fits(const struct agent_decision *decision,
                          const struct mn_decision_notice *notice)
{
    return decision->told_count + notice->told_count <= MN_LONG_ROW_COUNT_MAX &&
           decision_notice_count(decision) + notice->notice_count <= MN_LONG_ROW_COUNT_MAX;
}

/* A round's decision, again perhaps. An older round than the newest is taken up too: a vat that is
 * to be told may have come to this host meanwhile. What is not taken up is said again. */
void agent_decision(struct agent *agent, const struct mn_decision_notice *notice)
{
    if (!decision_is_next(agent, notice)) {
        decision_waits(agent, notice, MN_NOT_FOUND);
        return;
    }
    decision_owes(agent, notice);
    agent_notices_known(agent, notice);
    struct agent_decision *decision = agent_decision_find(agent, notice->round);
    if (decision != NULL) {
        agent_notices_repeat(agent, decision);
        if (!decision_fits(decision, notice)) {
            decision_waits(agent, notice, MN_FULL);
        } else if (decision_merge(agent, decision, notice)) {
            decision_put(agent, decision);
        }
        return;
    }
    if (notice->round <= agent_round_newest(agent) && notice->told_count == 0) {
        return;
    }
    if (agent->decision_count >= DECISION_COUNT_MAX) {
        decision_waits(agent, notice, MN_FULL);
        return;
    }
    decision = decision_add(agent, notice->round);
    if (decision != NULL) {
        (void)decision_merge(agent, decision, notice);
        decision_put(agent, decision);
    }
}

void agent_decision_recorded(struct agent *agent, uint64_t round, uint64_t sequence)
{
    struct agent_decision *decision = agent_decision_find(agent, round);
    if (decision == NULL) {
        return;
    }
    decision->applied = true;
    for (uint32_t i = 0; i < decision->told_count; i++) {
        struct agent_told *told = &decision->told[i];
        told->applied = told->applied || told->sequence <= sequence;
    }
    agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_DECISION,
                                                .round = round,
                                                .number = decision->told_count});
    for (size_t i = 0; i < agent->vat_count; i++) {
        agent_notices_tell(agent, agent->vats[i]);
    }
    agent_thaw(agent, round);
    agent_decisions_tidy(agent);
}
