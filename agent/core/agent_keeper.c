/* A keeper: what this agent keeps of the coordinator's journal, and whom it has promised what.
 *
 * As a follower keeps a leader's log (Ongaro, "Consensus: Bridging Theory and Practice", 2014,
 * chapter 3): a generation is a term, a record's sequence its index. A record is added only after
 * the one that the coordinator has before it, so two keepers that have one record of a sequence and
 * generation alike have all before it alike. What contradicts a newer generation gives way: it was
 * never in force, or a majority would have it.
 *
 * Unlike there, a keeper may have lost its disk: then it promised and stored what it knows nothing
 * of. It is blank, says so, and what it says counts for nothing until the coordinator calls it
 * whole again. Or its disk may be an older one, in which nothing is wrong but its age; so whoever
 * begins anew has returned, and is called whole again before what it says counts. Whether that may
 * be is the coordinator's to know. So that no other coordinator goes on believing what it said
 * before, the other keepers note the life of its disk, before it is called whole, and say that with
 * their promises.
 *
 * Invariant: everything that is answered is durable. */
#include <stdlib.h>
#include <string.h>

#include "agent_private.h"
#include "base/check.h"
#include "base/grow.h"

enum { KEEPER_TABLE_COUNT_MAX = 1 << 24 };

/* The generation of the record @sequence, one that is kept whole; of 0 it is 0. */
static uint64_t generation_at(const struct agent_keeper *keeper, uint64_t sequence)
{
    size_t low = 0;
    size_t high = keeper->run_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (keeper->runs[middle].first <= sequence) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 ? keeper->runs[low - 1].generation : 0;
}

/* Below the first record of the generation that @sequence is of. */
static uint64_t before_generation(const struct agent_keeper *keeper, uint64_t sequence)
{
    uint64_t first = sequence;
    for (size_t i = 0; i < keeper->run_count && keeper->runs[i].first <= sequence; i++) {
        first = keeper->runs[i].first;
    }
    return first - 1;
}

/* Whether the record @sequence is kept whole, and is of @generation; if not, the newest record of
 * which that may still be so. */
static bool keeper_has(const struct agent_keeper *keeper, uint64_t sequence, uint64_t generation,
                       uint64_t *maybe)
{
    if (sequence > keeper->newest) {
        *maybe = keeper->newest;
        return false;
    }
    if (generation_at(keeper, sequence) != generation) {
        *maybe = before_generation(keeper, sequence);
        return false;
    }
    *maybe = sequence;
    return true;
}

/* ---- adding and taking away ------------------------------------------------------------------ */

/* A record is whole. */
static void keeper_add(struct agent *agent, const struct mn_kept *record)
{
    struct agent_keeper *keeper = &agent->keeper;
    mn_assert(record->sequence == keeper->newest + 1);
    mn_result result = MN_OK;
    if (keeper->run_count == 0 ||
        keeper->runs[keeper->run_count - 1].generation != record->generation) {
        result = mn_grow(&keeper->runs, &keeper->run_capacity, keeper->run_count + 1,
                         sizeof *keeper->runs, KEEPER_TABLE_COUNT_MAX);
        if (result == MN_OK) {
            keeper->runs[keeper->run_count++] = (struct agent_keeper_run){
                .first = record->sequence, .generation = record->generation};
        }
    }
    if (result == MN_OK && record->size > MN_PIECE_SIZE_MAX) {
        result = mn_grow(&keeper->large, &keeper->large_capacity, keeper->large_count + 1,
                         sizeof *keeper->large, KEEPER_TABLE_COUNT_MAX);
        if (result == MN_OK) {
            keeper->large[keeper->large_count++] =
                (struct agent_keeper_large){.sequence = record->sequence, .size = record->size};
        }
    }
    if (result != MN_OK) {
        agent_fail(agent, result);
        return;
    }
    keeper->newest = record->sequence;
}

/* The next piece of the record that is under way, or of one that begins. */
static void keeper_arrives(struct agent *agent, const struct mn_kept *record)
{
    struct agent_keeper *keeper = &agent->keeper;
    keeper->part = *record;
    keeper->part.bytes = NULL;
    keeper->part.offset = record->offset + record->byte_count;
    if (keeper->part.offset == record->size) {
        keeper->part = (struct mn_kept){0};
        keeper_add(agent, record);
    }
}

static void keeper_forget(struct agent *agent, uint64_t sequence, uint64_t size)
{
    for (uint64_t offset = 0; offset == 0 || offset < size; offset += MN_PIECE_SIZE_MAX) {
        struct mn_agent_record record = {.kind = MN_AGENT_KEPT};
        record.kept.sequence = sequence;
        record.kept.offset = offset;
        agent_put_record(agent, &record, true);
    }
}

static void keeper_drop_part(struct agent *agent)
{
    struct agent_keeper *keeper = &agent->keeper;
    if (keeper->part.sequence != 0) {
        keeper_forget(agent, keeper->part.sequence, keeper->part.offset);
        keeper->part = (struct mn_kept){0};
    }
}

/* Nothing from @sequence on is kept any more; the newest goes first, so that what is left after a
 * crash is never with a hole. */
static void keeper_cut(struct agent *agent, uint64_t sequence)
{
    struct agent_keeper *keeper = &agent->keeper;
    agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_KEPT_CUT,
                                                .number = keeper->newest - sequence + 1});
    keeper_drop_part(agent);
    for (; keeper->newest >= sequence; keeper->newest--) {
        uint64_t size = 0;
        if (keeper->large_count > 0 &&
            keeper->large[keeper->large_count - 1].sequence == keeper->newest) {
            size = keeper->large[--keeper->large_count].size;
        }
        keeper_forget(agent, keeper->newest, size);
    }
    while (keeper->run_count > 0 && keeper->runs[keeper->run_count - 1].first >= sequence) {
        keeper->run_count -= 1;
    }
}

/* False: it does not go on from what is here, and neither does what follows it. */
static bool keeper_take(struct agent *agent, const struct mn_kept *record)
{
    struct agent_keeper *keeper = &agent->keeper;
    if (record->sequence <= keeper->newest) {
        if (generation_at(keeper, record->sequence) == record->generation) {
            return true;
        }
        keeper_cut(agent, record->sequence);
    }
    const struct mn_kept *part = &keeper->part;
    bool goes_on = part->sequence == record->sequence && part->generation == record->generation &&
                   part->size == record->size && part->offset == record->offset;
    if (!goes_on) {
        keeper_drop_part(agent);
        if (record->offset != 0) {
            return false;
        }
    }
    struct mn_agent_record put = {.kind = MN_AGENT_KEPT, .kept = *record};
    unsigned char *bytes = agent_take(agent, record->byte_count, 1);
    if (bytes == NULL) {
        return false;
    }
    if (record->byte_count > 0) {
        memcpy(bytes, record->bytes, record->byte_count);
    }
    put.kept.bytes = bytes;
    agent_put_record(agent, &put, false);
    keeper_arrives(agent, record);
    return keeper->newest == record->sequence;
}

/* It is on record but for this: whole is what it was, until it is called so in this life. */
static void keeper_become(struct agent *agent, enum mn_member member)
{
    bool returned = agent->keeper.member == MN_MEMBER_RETURNED;
    agent->keeper.member = member;
    struct mn_agent_record record = {.kind = MN_AGENT_MEMBER, .member = member};
    if (!returned) {
        agent_put_record(agent, &record, false);
    }
    agent_note(agent,
               (struct agent_note_facts){.note = AGENT_NOTE_KEEPER,
                                         .number = agent->keeper.newest,
                                         .text = member == MN_MEMBER_WHOLE ? "whole: it votes"
                                                                           : "of a new cluster"});
}

/* ---- answers --------------------------------------------------------------------------------- */

static void keeper_wait(struct agent *agent)
{
    agent->keeper.answer = agent->keeper.newest_answer;
    agent->keeper.answering = true;
    agent_when_recorded(agent, AGENT_THEN_KEEPER, NULL, 0, 0);
}

/* One waits for its records, and of those that come meanwhile the newest. A disk that takes nothing
 * for a day has no more to answer then. */
static void keeper_answer(struct agent *agent, const struct mn_up *answer)
{
    agent->keeper.newest_answer = *answer;
    agent->keeper.newest_answer_at = agent->record_sequence;
    if (!agent->keeper.answering) {
        keeper_wait(agent);
    }
}

void agent_keeper_recorded(struct agent *agent)
{
    struct agent_keeper *keeper = &agent->keeper;
    bool newest = agent->recorded >= keeper->newest_answer_at;
    const struct mn_up *answer = newest ? &keeper->newest_answer : &keeper->answer;
    struct mn_up *up = agent_say_up(agent, answer->kind);
    keeper->answering = false;
    if (up != NULL) {
        struct mn_up said = *up;
        *up = *answer;
        up->generation = said.generation;
        up->disk = said.disk;
        up->before = said.before;
    }
    if (!newest) {
        keeper_wait(agent);
    }
}

static void keeper_overtaken(struct agent *agent)
{
    struct mn_up *up = agent_say_up(agent, MN_UP_OVERTAKEN);
    if (up != NULL) {
        up->overtaken.generation = agent->generation;
    }
}

/* Of a generation that it has not promised to somebody else. */
static void keeper_promise(struct agent *agent, const struct mn_down *down)
{
    struct agent_keeper *keeper = &agent->keeper;
    struct mn_agent_promise asked = {.generation = down->generation,
                                     .candidate = down->promise.candidate};
    bool again = keeper->promise.generation == asked.generation &&
                 keeper->promise.candidate == asked.candidate;
    if (!again && down->generation == agent->generation) {
        keeper_overtaken(agent);
        return;
    }
    (void)agent_generation_seen(agent, down->generation);
    if (!again) {
        keeper->promise = asked;
        struct mn_agent_record record = {.kind = MN_AGENT_PROMISE, .promise = asked};
        agent_put_record(agent, &record, false);
    }
    struct mn_up up = {.kind = MN_UP_PROMISED};
    up.promised.promised = asked.generation;
    up.promised.candidate = asked.candidate;
    up.promised.newest = (struct mn_head){.generation = generation_at(keeper, keeper->newest),
                                          .sequence = keeper->newest};
    up.promised.member = keeper->member;
    up.promised.attempt = down->promise.attempt;
    up.promised.holds = agent_holds(agent);
    up.promised.noted = keeper->noted;
    up.promised.noted_count = keeper->noted_count;
    keeper_answer(agent, &up);
}

/* What the coordinator knows of the keepers' disks, if that is news. It stands for all that was
 * noted before: a majority has said that with the promises by which it leads. */
static void keeper_note(struct agent *agent, const struct mn_down *down)
{
    struct agent_keeper *keeper = &agent->keeper;
    bool same = keeper->noted_count == down->keep.noted_count;
    for (uint32_t i = 0; same && i < keeper->noted_count; i++) {
        same = keeper->noted[i].disk == down->keep.noted[i].disk &&
               mn_name_equal(&keeper->noted[i].host, &down->keep.noted[i].host);
    }
    if (same) {
        return;
    }
    struct mn_noted *copy = agent_take(agent, down->keep.noted_count, sizeof *copy);
    if (copy == NULL) {
        return;
    }
    keeper->noted_count = down->keep.noted_count;
    for (uint32_t i = 0; i < keeper->noted_count; i++) {
        keeper->noted[i] = down->keep.noted[i];
        copy[i] = down->keep.noted[i];
    }
    struct mn_agent_record record = {.kind = MN_AGENT_NOTED};
    record.noted.items = copy;
    record.noted.count = keeper->noted_count;
    agent_put_record(agent, &record, false);
}

/* Whether the coordinator has heard this life of the disk, and of no other one since: it may be
 * that one that it calls whole. */
static bool keeper_heard(const struct agent *agent, const struct mn_down *down)
{
    const struct mn_name *own = agent_host_name(agent, agent->config.own);
    bool heard = false;
    bool other = false;
    for (uint32_t i = 0; i < down->keep.noted_count; i++) {
        const struct mn_noted *noted = &down->keep.noted[i];
        if (mn_name_equal(&noted->host, own)) {
            heard = heard || noted->disk == agent->config.disk;
            other = other || noted->disk != agent->config.disk;
        }
    }
    return heard && !other;
}

static void keeper_keep(struct agent *agent, const struct mn_down *down)
{
    struct agent_keeper *keeper = &agent->keeper;
    struct mn_up up = {.kind = MN_UP_KEPT};
    (void)agent_generation_seen(agent, down->generation);
    keeper_note(agent, down);
    if (down->keep.founding && keeper->member == MN_MEMBER_BLANK) {
        keeper_become(agent, MN_MEMBER_FOUNDING);
    }
    up.kept.number = down->keep.number;
    up.kept.matched =
        keeper_has(keeper, down->keep.after, down->keep.after_generation, &up.kept.sequence);
    for (uint32_t i = 0; up.kept.matched && i < down->keep.record_count &&
                         keeper_take(agent, &down->keep.records[i]);
         i++) {
        up.kept.sequence = down->keep.records[i].sequence;
    }
    if (keeper->part.sequence == up.kept.sequence + 1) {
        up.kept.offset = keeper->part.offset;
    }
    if (up.kept.matched && down->keep.whole_at > 0 && up.kept.sequence >= down->keep.whole_at &&
        keeper->member != MN_MEMBER_WHOLE && keeper_heard(agent, down)) {
        keeper_become(agent, MN_MEMBER_WHOLE);
    }
    up.kept.member = keeper->member;
    keeper_answer(agent, &up);
}

static void keeper_recall(struct agent *agent, const struct mn_down *down)
{
    const struct agent_keeper *keeper = &agent->keeper;
    struct mn_up up = {.kind = MN_UP_RECALLED};
    (void)agent_generation_seen(agent, down->generation);
    up.recalled.sequence = down->recall.sequence;
    up.recalled.offset = down->recall.offset;
    up.recalled.matched = keeper_has(keeper, down->recall.sequence - 1,
                                     down->recall.after_generation, &up.recalled.newest);
    if (!up.recalled.matched || down->recall.sequence > keeper->newest) {
        keeper_answer(agent, &up);
        return;
    }
    up.recalled.newest = keeper->newest;
    struct mn_up *copy = agent_take(agent, 1, sizeof *copy);
    struct agent_effect *effect = copy != NULL ? agent_ask(agent, AGENT_DO_RECALL) : NULL;
    if (effect != NULL) {
        *copy = up;
        copy->generation = agent->generation_safe;
        copy->disk = agent->config.disk;
        copy->before = agent->before;
        effect->up = copy;
    }
}

bool agent_recall_add(struct mn_up *up, struct mn_kept *records, const struct mn_kept *next)
{
    uint32_t count = up->recalled.record_count;
    uint64_t size = next->byte_count;
    bool whole = next->byte_count == next->size;
    for (uint32_t i = 0; i < count; i++) {
        size += records[i].byte_count;
    }
    bool follows =
        count == 0 ? next->sequence == up->recalled.sequence && next->offset == up->recalled.offset
                   : whole && records[count - 1].byte_count == records[count - 1].size &&
                         next->sequence == records[count - 1].sequence + 1;
    if (!follows || (count > 0 && size > MN_PIECE_SIZE_MAX) || count == AGENT_RECALL_COUNT_MAX) {
        return false;
    }
    records[count] = *next;
    up->recalled.records = records;
    up->recalled.record_count = count + 1;
    return true;
}

/* A coordinator of a lower generation is told that it is overtaken, so that it stands down. */
void agent_keeper(struct agent *agent, const struct mn_down *down)
{
    if (down->generation < agent->generation) {
        keeper_overtaken(agent);
        return;
    }
    if (down->kind == MN_DOWN_PROMISE) {
        keeper_promise(agent, down);
    } else if (down->kind == MN_DOWN_KEEP) {
        keeper_keep(agent, down);
    } else {
        mn_assert(down->kind == MN_DOWN_RECALL);
        keeper_recall(agent, down);
    }
}

/* ---- heads, and what an earlier agent left --------------------------------------------------- */

/* A coordinator is to hear in the hello what this agent was shown before, by whoever led then:
 * until it has answered that, what it shows itself is not taken down, or it would be all that it
 * hears. */
static bool head_counts(const struct agent *agent, const struct mn_down *down)
{
    bool answered =
        down->kind == MN_DOWN_WELCOME ? agent->hello_open : agent->welcomed && !agent->hello_open;
    return answered && agent->generation_safe == agent->generation;
}

void agent_head_seen(struct agent *agent, const struct mn_down *down)
{
    struct mn_head *head = &agent->keeper.head;
    bool newer = down->generation > head->generation ||
                 (down->generation == head->generation && down->head > head->sequence);
    if (down->head == 0 || !newer || !head_counts(agent, down)) {
        return;
    }
    *head = (struct mn_head){.generation = down->generation, .sequence = down->head};
    struct mn_agent_record record = {.kind = MN_AGENT_HEAD, .head = *head};
    agent_put_record(agent, &record, false);
}

void agent_keeper_loaded(struct agent *agent, const struct mn_agent_record *record)
{
    struct agent_keeper *keeper = &agent->keeper;
    switch (record->kind) {
    case MN_AGENT_PROMISE:
        keeper->promise = record->promise;
        return;
    case MN_AGENT_HEAD:
        keeper->head = record->head;
        return;
    case MN_AGENT_MEMBER:
        keeper->member = record->member == MN_MEMBER_WHOLE ? MN_MEMBER_RETURNED : record->member;
        return;
    case MN_AGENT_NOTED:
        keeper->noted_count = record->noted.count;
        for (uint32_t i = 0; i < keeper->noted_count; i++) {
            keeper->noted[i] = record->noted.items[i];
        }
        return;
    case MN_AGENT_KEPT:
        if (record->kept.sequence == keeper->newest + 1 &&
            record->kept.offset == keeper->part.offset) {
            keeper_arrives(agent, &record->kept);
        }
        return;
    case MN_AGENT_VAT:
    case MN_AGENT_FENCE:
    case MN_AGENT_ROUND:
    case MN_AGENT_GENERATION:
    case MN_AGENT_DISK:
    case MN_AGENT_ASIDE:
    case MN_AGENT_FLOOR:
        return; /* not a keeper's */
    }
}

void agent_keeper_deinit(struct agent *agent)
{
    free(agent->keeper.runs);
    free(agent->keeper.large);
}
