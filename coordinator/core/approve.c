/* Which plans wait for an operator, and what operators say of them.
 *
 * A plan that policy asks about waits until a word for it is on record. An approval is one of a
 * plan's bounds: how many vats it takes back or restores, how many of these it rolls back, which it
 * resets, of how many it is not sure, and how many it spares. What a later attempt makes of the
 * round is decided without asking again while it stays within them. The newest word counts, until a
 * decision is made: so another coordinator that finds it in the journal goes by it too, whatever
 * number its round has.
 *
 * Invariant: no decision that policy asks about is made unless the newest word since the last
 * decision is an approval, on record, whose bounds hold it. A rejection counts as soon as it is
 * said. */
#include <string.h>

#include "base/check.h"
#include "base/grow.h"
#include "coordinator_private.h"
#include "docs/text.h"

enum { STEP_COUNT_MAX = 1 << 20 };

/* ---- plans ----------------------------------------------------------------------------------- */

static unsigned approve_asks(const struct coordinator *coordinator, const struct decision *decision)
{
    const struct topology_approval *policy = &coordinator->topology->policy.approve;
    uint64_t taken = 0;
    unsigned asks = 0;
    for (size_t i = 0; i < decision->vat_count; i++) {
        const struct decision_vat *row = &decision->vats[i];
        taken += row->outcome != MN_RUNNING ? 1 : 0;
        asks |= policy->reset && row->outcome == MN_RESET ? (unsigned)COORDINATOR_ASKS_RESET : 0;
        asks |= policy->unsure && !row->sure ? (unsigned)COORDINATOR_ASKS_UNSURE : 0;
    }
    bool large = policy->share_asked && taken * (uint64_t)TOPOLOGY_SHARE_WHOLE >
                                            (uint64_t)policy->share * coordinator->vat_count;
    return asks | (large ? (unsigned)COORDINATOR_ASKS_SHARE : 0);
}

/* FNV-1a, 64 bits (Fowler, Noll, Vo): it tells plans apart, and protects against nobody. */
static uint64_t digest_add(uint64_t digest, uint64_t number)
{
    for (int i = 0; i < 8; i++) {
        digest ^= number >> (i * 8) & 0xff;
        digest *= UINT64_C(0x100000001b3);
    }
    return digest;
}

/* The bounds of the round's plan, and which plan that is. False after failing. */
static bool bounds_make(struct coordinator *coordinator, struct round *round,
                        const struct decision *decision)
{
    const struct mn_journal_decision *plan = &round->decision;
    struct mn_plan_bounds *bounds = &round->bounds;
    struct mn_name *reset =
        mn_arena_take_array(&round->memory, plan->start_count, sizeof *bounds->reset);
    if (reset == NULL) {
        coordinator_fail(coordinator, MN_NO_MEMORY);
        return false;
    }
    *bounds = (struct mn_plan_bounds){
        .plan = UINT64_C(0xcbf29ce484222325), .restored = plan->start_count, .reset = reset};
    for (uint32_t i = 0; i < plan->start_count; i++) {
        const struct mn_start *start = &plan->starts[i].start;
        bounds->plan = digest_add(bounds->plan, round->start_vats[i]);
        bounds->plan = digest_add(bounds->plan, (uint64_t)start->keep);
        bounds->plan = digest_add(bounds->plan, (uint64_t)start->outcome);
        bounds->rolled_back += start->outcome == MN_ROLLED_BACK ? 1 : 0;
        if (start->outcome == MN_RESET) {
            reset[bounds->reset_count++] = start->vat;
        }
    }
    for (size_t i = 0; i < decision->vat_count; i++) {
        const struct decision_vat *row = &decision->vats[i];
        bounds->unsure += row->sure ? 0 : 1;
        bounds->spared += row->spared ? 1 : 0;
        if (!row->sure || row->spared) { /* it may run on, and be in no start */
            bounds->plan = digest_add(bounds->plan, row->vat);
            bounds->plan =
                digest_add(bounds->plan, (row->sure ? 0U : 1U) | (row->spared ? 2U : 0U));
        }
    }
    bounds->plan += bounds->plan == 0 ? 1 : 0; /* 0 is none */
    return true;
}

static bool bounds_hold(const struct mn_plan_bounds *approved, const struct mn_plan_bounds *plan)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < plan->reset_count; i++, at++) {
        while (at < approved->reset_count &&
               !mn_name_equal(&approved->reset[at], &plan->reset[i])) {
            at += 1;
        }
        if (at == approved->reset_count) {
            return false;
        }
    }
    return plan->restored <= approved->restored && plan->rolled_back <= approved->rolled_back &&
           plan->unsure <= approved->unsure && plan->spared <= approved->spared;
}

static bool approved(const struct coordinator *coordinator, const struct mn_plan_bounds *plan)
{
    const struct mn_journal_step *word = coordinator->word;
    return word != NULL && word->step == MN_STEP_APPROVE && bounds_hold(&word->bounds, plan);
}

static bool rejected(const struct coordinator *coordinator, const struct mn_plan_bounds *plan)
{
    const struct mn_journal_step *word = coordinator->word;
    return word != NULL && word->step == MN_STEP_REJECT && word->bounds.plan == plan->plan;
}

static void note_waits(struct coordinator *coordinator, const struct round *round)
{
    const struct mn_journal_step *word = coordinator->word;
    bool outside = word != NULL && word->step == MN_STEP_APPROVE;
    coordinator_tell(
        coordinator,
        (struct coordinator_note_facts){
            .note = outside ? COORDINATOR_NOTE_PLAN_OUTSIDE : COORDINATOR_NOTE_PLAN_WAITS,
            .round = round->facts.round,
            .number = round->bounds.restored,
            .text = outside ? "it takes more than was approved: see mneme plan"
                    : rejected(coordinator, &round->bounds)
                        ? "it was rejected, and is held until the situation changes"
                        : "an operator has to approve it: see mneme plan"});
}

bool approve_waits(struct coordinator *coordinator, struct round *round, struct decision **take)
{
    unsigned asks = approve_asks(coordinator, *take);
    if (asks == 0) {
        return false;
    }
    if (!bounds_make(coordinator, round, *take)) {
        return true;
    }
    if (approved(coordinator, &round->bounds)) {
        return false;
    }
    round->asks = asks;
    round->plan = *take;
    *take = NULL;
    note_waits(coordinator, round);
    return true;
}

/* ---- words ----------------------------------------------------------------------------------- */

/* A copy of the step that lasts as long as the coordinator. */
static const struct mn_journal_step *step_keep(struct coordinator *coordinator,
                                               const struct mn_journal_step *step, uint64_t ticket)
{
    struct mn_journal_step *copy = mn_arena_take_array(&coordinator->step_memory, 1, sizeof *copy);
    struct mn_name *reset =
        mn_arena_take_array(&coordinator->step_memory, step->bounds.reset_count, sizeof *reset);
    mn_result result = copy != NULL && reset != NULL ? MN_OK : MN_NO_MEMORY;
    if (result == MN_OK) {
        result = mn_grow(&coordinator->steps, &coordinator->step_capacity,
                         coordinator->step_count + 1, sizeof *coordinator->steps, STEP_COUNT_MAX);
    }
    if (!coordinator_fine(coordinator, result) || copy == NULL || reset == NULL) {
        return NULL;
    }
    *copy = *step;
    for (uint32_t i = 0; i < step->bounds.reset_count; i++) {
        reset[i] = step->bounds.reset[i];
    }
    copy->bounds.reset = reset;
    if (step->store != NULL) {
        copy->store =
            mn_arena_copy(&coordinator->step_memory, step->store, strlen(step->store) + 1);
        if (copy->store == NULL) {
            coordinator_fail(coordinator, MN_NO_MEMORY);
            return NULL;
        }
    }
    coordinator->steps[coordinator->step_count++] =
        (struct step_entry){.step = copy, .ticket = ticket};
    return copy;
}

void approve_replay(struct coordinator *coordinator, const struct mn_journal_step *step)
{
    const struct mn_journal_step *kept = step_keep(coordinator, step, 0);
    coordinator->step_recorded = coordinator->step_count;
    if (step->step == MN_STEP_ADOPT) {
        adopt_replay(coordinator, step);
    } else {
        coordinator->word = kept != NULL ? kept : coordinator->word;
    }
}

/* Whether the word stands for the plan that waits. */
static bool word_stands(const struct coordinator *coordinator, const struct mn_journal_step *word,
                        const struct mn_plan_bounds *plan)
{
    return word == coordinator->word &&
           (approved(coordinator, plan) || rejected(coordinator, plan));
}

/* How many of the steps there are up to the newest word about a plan; 0: there is none. */
static size_t words_through(const struct coordinator *coordinator)
{
    size_t count = coordinator->step_count;
    while (count > 0 && coordinator->steps[count - 1].step->step == MN_STEP_ADOPT) {
        count -= 1;
    }
    return count;
}

/* Whether this was said just so and is on record: whoever got no answer says it again. Of a plan
 * for which what was said does not stand, it is meant anew. */
static bool said_already(const struct coordinator *coordinator,
                         const struct coordinator_event *event)
{
    const struct topology_operator *who = &coordinator->topology->operators[event->step.who];
    const struct round *round = round_active(coordinator);
    size_t through = words_through(coordinator);
    if (through == 0 || coordinator->step_recorded < through) {
        return false;
    }
    const struct mn_journal_step *word = coordinator->steps[through - 1].step;
    bool same = word->step == event->step.step && word->round == event->step.round &&
                strcmp(word->key, who->key) == 0 && strcmp(word->reason, event->step.reason) == 0;
    bool waits = round != NULL && round->facts.state == COORDINATOR_ROUND_PLAN;
    return same && (!waits || word_stands(coordinator, word, &round->bounds));
}

void steps_answer(struct coordinator *coordinator, uint64_t ticket, mn_result code,
                  struct mn_text *text)
{
    mn_result result = mn_text_result(text);
    char *words = coordinator_fine(coordinator, result)
                      ? coordinator_take(coordinator, text->size + 1, 1)
                      : NULL;
    if (words != NULL) {
        memcpy(words, text->bytes, text->size);
    }
    mn_text_deinit(text);
    coordinator_answer(coordinator, ticket, code, words != NULL ? words : "");
}

/* What the word is about: the plan that waits; or, to be rejected, the approval that is carried
 * out. NULL after answering why there is no such thing. */
static const struct mn_plan_bounds *step_bounds(struct coordinator *coordinator,
                                                const struct coordinator_event *event)
{
    const struct round *round = round_active(coordinator);
    uint64_t number = event->step.round;
    uint64_t ticket = event->step.ticket;
    struct mn_text text = {0};
    if (round == NULL || round->facts.round != number) {
        mn_text_add_format(&text,
                           "round %llu waits for no approval; mneme status shows whether one does",
                           (unsigned long long)number);
        steps_answer(coordinator, ticket, MN_NOT_FOUND, &text);
        return NULL;
    }
    if (round->facts.state == COORDINATOR_ROUND_PLAN) {
        return &round->bounds;
    }
    if (event->step.step == MN_STEP_REJECT && coordinator->word != NULL &&
        coordinator->word->step == MN_STEP_APPROVE &&
        round->facts.state < COORDINATOR_ROUND_DECIDING) {
        return &coordinator->word->bounds;
    }
    mn_text_add_format(&text,
                       "round %llu has no plan that waits at the moment; mneme plan %llu shows "
                       "what it is at",
                       (unsigned long long)number, (unsigned long long)number);
    steps_answer(coordinator, ticket, MN_AGAIN, &text);
    return NULL;
}

bool steps_allowed(struct coordinator *coordinator, const struct coordinator_event *event)
{
    const struct topology_operator *who = &coordinator->topology->operators[event->step.who];
    uint64_t ticket = event->step.ticket;
    if (!coordinator->in_force || coordinator->behind) {
        coordinator_answer(coordinator, ticket, MN_AGAIN, "this coordinator does not lead");
    } else if (who->role != TOPOLOGY_APPROVE) {
        struct mn_text text = {0};
        mn_text_add_format(&text, "%s may not do that: it takes the role approve", who->name);
        steps_answer(coordinator, ticket, MN_DENIED, &text);
    } else if (event->step.reason[0] == '\0') {
        coordinator_answer(coordinator, ticket, MN_BAD_INPUT, "it takes a reason, which is kept");
    } else if (coordinator->step_count == STEP_COUNT_MAX) {
        coordinator_answer(coordinator, ticket, MN_FULL, "there are too many such steps on record");
    } else {
        return true;
    }
    return false;
}

const struct mn_journal_step *steps_record(struct coordinator *coordinator,
                                           const struct coordinator_event *event,
                                           struct mn_journal_step *step)
{
    const struct topology_operator *who = &coordinator->topology->operators[event->step.who];
    step->operator_name = mn_name_of(who->name);
    step->at = coordinator->now;
    memcpy(step->key, who->key, MN_KEY_TEXT_LENGTH);
    memcpy(step->reason, event->step.reason, strnlen(event->step.reason, sizeof step->reason - 1));
    struct mn_journal_record *record = coordinator_take(coordinator, 1, sizeof *record);
    const struct mn_journal_step *kept = step_keep(coordinator, step, event->step.ticket);
    if (record == NULL || kept == NULL) {
        return NULL;
    }
    record->kind = MN_JOURNAL_STEP;
    record->step = *kept;
    coordinator_record(coordinator, record,
                       (struct pending){.kind = PENDING_STEP, .step = coordinator->step_count - 1});
    return kept;
}

void approve_step(struct coordinator *coordinator, const struct coordinator_event *event)
{
    mn_assert(event->step.who < coordinator->topology->operator_count);
    uint64_t ticket = event->step.ticket;
    if (!steps_allowed(coordinator, event)) {
        return;
    }
    if (said_already(coordinator, event)) {
        coordinator_answer(coordinator, ticket, MN_OK, "");
        return;
    }
    const struct mn_plan_bounds *bounds = step_bounds(coordinator, event);
    if (bounds == NULL) {
        return;
    }
    if (event->step.plan != 0 && event->step.plan != bounds->plan) {
        coordinator_answer(coordinator, ticket, MN_STALE,
                           "the plan is another one by now: look again with mneme plan");
        return;
    }
    struct mn_journal_step step = {
        .step = event->step.step, .round = event->step.round, .bounds = *bounds};
    const struct mn_journal_step *kept = steps_record(coordinator, event, &step);
    if (kept != NULL && kept->step == MN_STEP_REJECT) {
        coordinator->word = kept;
    }
}

/* Whether somebody has said another thing since, which is not on record yet. Who only says the same
 * again overrules nothing, or the impatient would never be heard. */
static bool overruled(const struct coordinator *coordinator, size_t index)
{
    const struct mn_journal_step *word = coordinator->steps[index].step;
    size_t through = words_through(coordinator);
    for (size_t i = index + 1; i < through; i++) {
        const struct mn_journal_step *later = coordinator->steps[i].step;
        if (later->step != MN_STEP_ADOPT &&
            (later->step != word->step || later->bounds.plan != word->bounds.plan)) {
            return true;
        }
    }
    return false;
}

void approve_recorded(struct coordinator *coordinator, size_t index)
{
    const struct step_entry *entry = &coordinator->steps[index];
    struct round *round = round_active(coordinator);
    bool approval = entry->step->step == MN_STEP_APPROVE;
    coordinator->step_recorded = index + 1;
    coordinator_answer(coordinator, entry->ticket, MN_OK, "");
    if (entry->step->step == MN_STEP_ADOPT) {
        adopt_recorded(coordinator, entry->step);
        return;
    }
    coordinator_tell(coordinator, (struct coordinator_note_facts){
                                      .note = approval ? COORDINATOR_NOTE_PLAN_APPROVED
                                                       : COORDINATOR_NOTE_PLAN_REJECTED,
                                      .round = entry->step->round,
                                      .number = entry->step->bounds.restored,
                                      .text = entry->step->reason});
    if (!approval || index < coordinator->step_decided || overruled(coordinator, index)) {
        return;
    }
    coordinator->word = entry->step;
    if (round != NULL && round->facts.state == COORDINATOR_ROUND_PLAN &&
        approved(coordinator, &round->bounds)) {
        round->again = true;
    }
}

/* ---- what there is to see -------------------------------------------------------------------- */

bool coordinator_plan(const struct coordinator *coordinator, struct coordinator_plan_facts *out)
{
    const struct round *round = round_active(coordinator);
    if (round == NULL || round->facts.state != COORDINATOR_ROUND_PLAN) {
        return false;
    }
    *out = (struct coordinator_plan_facts){.round = round->facts.round,
                                           .asks = round->asks,
                                           .bounds = &round->bounds,
                                           .decision = round->plan,
                                           .draft = &round->decision,
                                           .word = coordinator->word,
                                           .rejected = rejected(coordinator, &round->bounds)};
    return true;
}

size_t coordinator_step_count(const struct coordinator *coordinator)
{
    return coordinator->step_recorded;
}

const struct mn_journal_step *coordinator_step_at(const struct coordinator *coordinator,
                                                  size_t index)
{
    mn_assert(index < coordinator->step_recorded);
    return coordinator->steps[index].step;
}

bool coordinator_plan_root(const struct coordinator *coordinator, const struct decision_vat *row)
{
    const struct topology_policy *policy = &coordinator->topology->policy;
    for (size_t i = 0; i < policy->tell_count; i++) {
        if (policy->tell[i] == row->vat) {
            return false; /* it is told of already, rather than others being taken back */
        }
    }
    return row->cause == DECISION_CAUSE_LOST && row->forgot;
}

mn_result coordinator_foresee(struct coordinator *coordinator, const struct decision *tell,
                              struct decision **out)
{
    mn_result result = MN_OK;
    size_t count = tell != NULL ? tell->vat_count : 0;
    size_t done = 0;
    opens_end(coordinator);
    for (; result == MN_OK && done < count; done++) {
        if (coordinator_plan_root(coordinator, &tell->vats[done])) {
            result = ledger_set_tell(coordinator->ledger, tell->vats[done].vat, true);
        }
    }
    if (result == MN_OK) {
        result = ledger_decide(coordinator->ledger, out);
    }
    for (size_t i = 0; i < done; i++) {
        if (coordinator_plan_root(coordinator, &tell->vats[i])) {
            mn_result undone = ledger_set_tell(coordinator->ledger, tell->vats[i].vat, false);
            mn_assert(undone == MN_OK); /* a set that shrinks needs no memory */
        }
    }
    return result;
}
