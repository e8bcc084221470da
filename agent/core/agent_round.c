/* A round as seen from one host: fences, then everybody's open interval, then waiting for the
 * decision. From the freeze to the decision nothing is deleted here.
 *
 * The suspects will be restored from checkpoints, perhaps from those here. What a disk has lost
 * since it was written nobody knows until somebody looks; so the agent looks before it answers, or
 * the decision would rest on files that are not there. */
#include <stdlib.h>
#include <string.h>

#include "agent_private.h"
#include "base/check.h"

#define TO(state) (1U << AGENT_FREEZE_##state)

static const unsigned freeze_moves[AGENT_FREEZE_STATE_COUNT] = {
    [AGENT_FREEZE_OPEN] = TO(FENCING),
    [AGENT_FREEZE_FENCING] = TO(FENCING) | TO(COLLECTING) | TO(OPEN),
    [AGENT_FREEZE_COLLECTING] = TO(FENCING) | TO(REPORTING) | TO(OPEN),
    [AGENT_FREEZE_REPORTING] = TO(FENCING) | TO(ANSWERED) | TO(OPEN),
    [AGENT_FREEZE_ANSWERED] = TO(FENCING) | TO(REPORTING) | TO(OPEN),
};

#undef TO

static void freeze_move(struct agent_freeze *freeze, enum agent_freeze_state to)
{
    mn_assert((freeze_moves[freeze->state] >> to & 1U) != 0);
    freeze->state = to;
}

bool agent_frozen(const struct agent *agent)
{
    return agent->freeze.state != AGENT_FREEZE_OPEN;
}

/* -1, 0 or 1 as the freeze that @down asks for is older than the one known, the same, or newer. A
 * new generation counts its attempts anew. */
static int freeze_order(const struct agent_freeze *freeze, const struct mn_down *down)
{
    if (down->generation != freeze->generation) {
        return down->generation < freeze->generation ? -1 : 1;
    }
    if (down->freeze.round != freeze->round) {
        return down->freeze.round < freeze->round ? -1 : 1;
    }
    if (down->freeze.attempt != freeze->attempt) {
        return down->freeze.attempt < freeze->attempt ? -1 : 1;
    }
    return 0;
}

static bool freeze_take_up(struct agent *agent, const struct mn_down *down)
{
    struct agent_freeze *freeze = &agent->freeze;
    if (!agent_suspects_take(agent, &down->freeze.suspects, down->freeze.runs)) {
        return false;
    }
    if (freeze->round != down->freeze.round) {
        agent_report_hurry(agent); /* the answer comes after the rows, and a round waits for it */
    }
    freeze->generation = down->generation;
    freeze->round = down->freeze.round;
    agent->round_frozen = freeze->round > agent->round_frozen ? freeze->round : agent->round_frozen;
    freeze->attempt = down->freeze.attempt;
    freeze->number += 1;
    freeze_move(freeze, AGENT_FREEZE_FENCING);
    if (agent->welcomed) {
        agent_hello_later(agent); /* otherwise there is no answer without it */
    }
    return true;
}

/* The coordinator still misses what went last. On a slow link that may be on its way: then saying
 * it each time that it is asked for would only make it later. */
static void freeze_say_again(struct agent *agent)
{
    struct agent_freeze *freeze = &agent->freeze;
    if (freeze->state != AGENT_FREEZE_ANSWERED || agent->now - freeze->said_at < freeze->patience) {
        return;
    }
    mn_time patience = freeze->patience > 0 ? 2 * freeze->patience : AGENT_RETRY_NS;
    freeze->patience = patience < AGENT_RETRY_NS_MAX ? patience : AGENT_RETRY_NS_MAX;
    freeze_move(freeze, AGENT_FREEZE_REPORTING);
    agent_freeze_check(agent);
}

/* A part of the answer has been taken. Which one is named, for that may be said twice. */
void agent_freeze_more(struct agent *agent, const struct mn_down *down)
{
    struct agent_freeze *freeze = &agent->freeze;
    if (freeze->state != AGENT_FREEZE_ANSWERED || !freeze->more ||
        down->generation != freeze->generation || down->more.round != freeze->round ||
        down->more.attempt != freeze->attempt || down->more.part != freeze->part) {
        return;
    }
    freeze->part += 1;
    freeze->patience = 0;
    freeze_move(freeze, AGENT_FREEZE_REPORTING);
    agent_freeze_check(agent);
}

void agent_freeze(struct agent *agent, const struct mn_down *down)
{
    struct agent_freeze *freeze = &agent->freeze;
    if (down->freeze.round <= agent_round_newest(agent)) {
        return; /* decided since */
    }
    int order = freeze_order(freeze, down);
    if (order < 0) {
        return;
    }
    if (order == 0 && freeze->state != AGENT_FREEZE_OPEN) {
        freeze_say_again(agent);
        return;
    }
    if (!freeze_take_up(agent, down)) {
        return;
    }
    agent_note(agent, (struct agent_note_facts){.note = AGENT_NOTE_FREEZE,
                                                .round = freeze->round,
                                                .number = freeze->attempt});
    agent_hosts_lost(agent, down->freeze.hosts, down->freeze.host_count);
    agent_suspects_fence(agent);
    agent_when_recorded(agent, AGENT_THEN_FREEZE, NULL, 0, freeze->number);
}

void agent_freeze_tell(struct agent *agent, struct agent_vat *vat)
{
    const struct agent_freeze *freeze = &agent->freeze;
    if (freeze->state == AGENT_FREEZE_OPEN || freeze->state == AGENT_FREEZE_FENCING ||
        !vat->connected || vat->life != AGENT_LIFE_UP) {
        return;
    }
    uint32_t count = agent_suspects_of(agent, vat, NULL);
    struct mn_vat_run *suspects = agent_take(agent, count, sizeof *suspects);
    struct mn_to_vat *message =
        suspects != NULL ? agent_say_vat(agent, &vat->connection, MN_TO_VAT_FREEZE) : NULL;
    if (message == NULL) {
        return;
    }
    (void)agent_suspects_of(agent, vat, suspects);
    vat->intervals_due += 1;
    message->freeze.round = freeze->round;
    message->freeze.attempt = freeze->attempt;
    message->freeze.suspects = suspects;
    message->freeze.suspect_count = count;
}

static void freeze_look_at(struct agent *agent, const struct agent_vat *vat,
                           struct agent_file *file)
{
    struct agent_effect *effect = agent_ask(agent, AGENT_DO_LOOK);
    if (effect == NULL) {
        return;
    }
    effect->file.vat = vat->name;
    effect->file.epoch = file->epoch;
    effect->file.size = file->size;
    effect->file.digest = file->digest;
    file->looking = true;
    agent->freeze.looking += 1;
}

/* See whether what is held of a suspect is still there, and not another under its name. Read whole
 * it is when it is restored: no round waits for that. What could not be read is tried again. */
static void freeze_look(struct agent *agent, struct agent_vat *vat)
{
    for (size_t i = 0; i < vat->file_count; i++) {
        struct agent_file *file = &vat->files[i];
        if (file->state == AGENT_FILE_HERE && !file->looking) {
            freeze_look_at(agent, vat, file);
        } else if (agent_file_hidden(file)) {
            agent_file_again(agent, vat, file);
        }
    }
}

void agent_looked(struct agent *agent, const struct agent_event *event)
{
    struct agent_vat *vat = agent_find_vat(agent, &event->looked.vat);
    struct agent_file *file = vat != NULL ? agent_find_file(vat, event->looked.epoch) : NULL;
    mn_assert(agent->freeze.looking > 0);
    agent->freeze.looking -= 1;
    if (file == NULL) {
        return;
    }
    file->looking = false;
    mn_result result = event->looked.result;
    bool lost = result == MN_NOT_FOUND || result == MN_CORRUPT;
    if (result == MN_OK || file->state != AGENT_FILE_HERE) {
        return;
    }
    agent_note(agent, (struct agent_note_facts){.note = lost ? AGENT_NOTE_FILE_LOST
                                                             : AGENT_NOTE_READ_FAILED,
                                                .vat = vat->name,
                                                .epoch = file->epoch,
                                                .code = result});
    if (lost) {
        agent_file_lost(agent, vat, file);
    } else {
        agent_file_unread(agent, vat, file, result);
    }
}

/* The fences are durable: end the suspects that run here, ask the others. */
void agent_freeze_fenced(struct agent *agent, uint64_t number)
{
    struct agent_freeze *freeze = &agent->freeze;
    if (number != freeze->number || freeze->state != AGENT_FREEZE_FENCING) {
        return; /* overtaken by a newer attempt or by the decision */
    }
    freeze_move(freeze, AGENT_FREEZE_COLLECTING);
    freeze->part = 0;
    freeze->patience = 0;
    freeze->until = agent->now + AGENT_COLLECT_NS;
    for (uint32_t i = 0; i < freeze->suspect_count; i++) {
        struct agent_vat *vat =
            agent_find_vat(agent, agent_vat_name(agent, freeze->suspects[i].number));
        if (vat != NULL) {
            freeze_look(agent, vat);
        }
    }
    for (size_t i = 0; i < agent->vat_count; i++) {
        struct agent_vat *vat = agent->vats[i];
        vat->interval.answered = false;
        vat->interval_part = 0;
        vat->intervals_due = 0;
        if (agent_vat_fenced(vat)) {
            agent_life_end(agent, vat);
        }
        vat->awaited = agent_vat_alive(vat);
        agent_freeze_tell(agent, vat);
    }
    agent_freeze_check(agent);
}

static bool freeze_collected(const struct agent *agent)
{
    bool collected = agent->freeze.looking == 0;
    for (size_t i = 0; collected && i < agent->vat_count; i++) {
        collected = !agent->vats[i]->awaited;
    }
    return collected || agent->now >= agent->freeze.until;
}

void agent_freeze_check(struct agent *agent)
{
    struct agent_freeze *freeze = &agent->freeze;
    if (freeze->state == AGENT_FREEZE_COLLECTING && freeze_collected(agent)) {
        freeze_move(freeze, AGENT_FREEZE_REPORTING);
        agent_intervals_mark(agent);
    }
    if (freeze->state == AGENT_FREEZE_REPORTING && agent_report_taken_up(agent, &freeze->rows)) {
        freeze_move(freeze, AGENT_FREEZE_ANSWERED);
        freeze->said_at = agent->now;
        freeze->more = agent_intervals_say(agent);
    }
}

void agent_freeze_interval(struct agent *agent, struct agent_vat *vat,
                           const struct mn_from_vat *message)
{
    const struct agent_freeze *freeze = &agent->freeze;
    if (freeze->state == AGENT_FREEZE_OPEN || freeze->state == AGENT_FREEZE_FENCING ||
        message->interval.round != freeze->round || message->interval.attempt != freeze->attempt) {
        return;
    }
    struct mn_heard *heard = NULL;
    struct agent_known known;
    if (!agent_copy_heard(agent, message->interval.names, message->interval.heard,
                          message->interval.heard_count, &heard)) {
        return;
    }
    if (!agent_copy_known(agent, message->interval.names, message->interval.known,
                          message->interval.known_count, &known)) {
        free(heard);
        return;
    }
    free(vat->interval.heard);
    free(vat->interval.known.items);
    vat->intervals_due -= vat->intervals_due > 0 ? 1 : 0;
    vat->interval = (struct agent_interval){.answered = vat->intervals_due == 0,
                                            .epoch = message->interval.epoch,
                                            .since = message->interval.since,
                                            .heard = heard,
                                            .heard_count = message->interval.heard_count,
                                            .heard_before = message->interval.heard_before,
                                            .known = known};
    if (vat->life == AGENT_LIFE_UP && vat->interval.answered) {
        vat->awaited = false;
    }
    if (freeze->state != AGENT_FREEZE_COLLECTING) {
        vat->interval_part = 0;
        agent_intervals_mark(agent); /* it came late, and rests on rows of its own */
    }
    agent_freeze_check(agent);
}

void agent_thaw(struct agent *agent, uint64_t round)
{
    if (!agent_frozen(agent) || agent->freeze.round > round) {
        return;
    }
    freeze_move(&agent->freeze, AGENT_FREEZE_OPEN);
    free(agent->freeze.suspects);
    agent->freeze.suspects = NULL;
    agent->freeze.suspect_count = 0;
    for (size_t i = 0; i < agent->vat_count; i++) {
        agent->vats[i]->awaited = false;
        agent_floor_advance(agent, agent->vats[i]);
        agent_drop_old(agent, agent->vats[i]);
        agent_aside_advance(agent, agent->vats[i]);
    }
}
