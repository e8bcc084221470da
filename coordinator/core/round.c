/* A round before its decision: gather what is lost, freeze, collect the open intervals.
 *
 *     GATHER ---> COLLECT <---> SETTLE ---> DECIDING ---> RESTORE ---> TELL ---> DONE
 *        |          ^ ^ |         |
 *      (called off) | +-+ a new attempt: more was lost, or somebody is silent
 *                   +--- PLAN <---+
 *
 * GATHER    waits until no new suspect has shown for 2 heartbeats and none is left, or settle_ms.
 * COLLECT   each attempt names all suspects, and every host that is not lost answers it. What does
 *           not answer is unknown, and the round holds: nobody is taken for lost who is only
 *           silent. It also waits while a disk that was found is read (adopt.c).
 * SETTLE    settle.c. It passes at once, to DECIDING, to PLAN or back.
 * PLAN      approve.c. It waits for an operator; then, or when the situation changes, everybody is
 *           asked again, since the world has gone on meanwhile. So it is now and then while
 *           somebody is silent.
 *
 * Invariant: every vat that is lost when an attempt begins is among its suspects, and a suspect
 * stays one until the decision: it was fenced, and would not be believed if it came back. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/grow.h"
#include "coordinator_private.h"

#define TO(state) (1U << COORDINATOR_ROUND_##state)

static const unsigned round_moves[] = {
    [COORDINATOR_ROUND_GATHER] = TO(COLLECT),
    [COORDINATOR_ROUND_COLLECT] = TO(COLLECT) | TO(SETTLE),
    [COORDINATOR_ROUND_SETTLE] = TO(COLLECT) | TO(PLAN) | TO(DECIDING),
    [COORDINATOR_ROUND_PLAN] = TO(COLLECT),
    [COORDINATOR_ROUND_DECIDING] = TO(RESTORE),
    [COORDINATOR_ROUND_RESTORE] = TO(TELL) | TO(DONE),
    [COORDINATOR_ROUND_TELL] = TO(DONE),
    [COORDINATOR_ROUND_DONE] = 0,
};

#undef TO

const char *coordinator_round_state_name(enum coordinator_round_state state)
{
    static const char *const names[] = {"gather",   "collect", "settle", "plan",
                                        "deciding", "restore", "tell",   "done"};
    return names[state];
}

void round_move(struct coordinator *coordinator, struct round *round,
                enum coordinator_round_state to)
{
    mn_assert((round_moves[round->facts.state] >> to & 1U) != 0);
    round->facts.state = to;
    coordinator_tell(coordinator,
                     (struct coordinator_note_facts){.note = COORDINATOR_NOTE_ROUND_STATE,
                                                     .round = round->facts.round,
                                                     .number = round->facts.attempt,
                                                     .text = coordinator_round_state_name(to)});
}

void round_hold(struct coordinator *coordinator, struct round *round, uint64_t number,
                const char *text)
{
    if (round->held != text) {
        round->held = text;
        coordinator_tell(coordinator,
                         (struct coordinator_note_facts){.note = COORDINATOR_NOTE_ROUND_HOLDS,
                                                         .round = round->facts.round,
                                                         .number = number,
                                                         .text = text});
    }
}

struct round *round_active(const struct coordinator *coordinator)
{
    if (coordinator->round_count == 0) {
        return NULL;
    }
    struct round *last = coordinator->rounds[coordinator->round_count - 1];
    return last->facts.state < COORDINATOR_ROUND_RESTORE ? last : NULL;
}

struct round *round_find(const struct coordinator *coordinator, uint64_t number)
{
    size_t low = 0;
    size_t high = coordinator->round_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (coordinator->rounds[middle]->facts.round < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < coordinator->round_count && coordinator->rounds[low]->facts.round == number;
    return found ? coordinator->rounds[low] : NULL;
}

struct round *round_new(struct coordinator *coordinator, uint64_t number)
{
    struct round *round = calloc(1, sizeof *round);
    mn_result result = MN_NO_MEMORY;
    if (round != NULL) {
        result = mn_grow(&coordinator->rounds, &coordinator->round_capacity,
                         coordinator->round_count + 1, sizeof(struct round *),
                         COORDINATOR_ROUND_COUNT_MAX);
    }
    if (result != MN_OK) {
        coordinator_fail(coordinator, result);
        free(round);
        return NULL;
    }
    round->facts.round = number;
    round->facts.previous = coordinator->round_count > 0
                                ? coordinator->rounds[coordinator->round_count - 1]->facts.round
                                : 0;
    round->placeless = TOPOLOGY_NONE;
    coordinator->rounds[coordinator->round_count++] = round;
    return round;
}

void round_destroy(struct round **round)
{
    decision_destroy(&(*round)->plan);
    decision_destroy(&(*round)->unproven);
    mn_arena_deinit(&(*round)->memory);
    mn_text_deinit(&(*round)->answer);
    free(*round);
    *round = NULL;
}

mn_result round_make_room(struct round *round, uint32_t starts, uint32_t told, uint32_t notices)
{
    struct mn_arena *memory = &round->memory;
    round->start_vats = mn_arena_take_array(memory, starts, sizeof *round->start_vats);
    round->start_hosts = mn_arena_take_array(memory, starts, sizeof *round->start_hosts);
    round->start_over = mn_arena_take_array(memory, starts, sizeof *round->start_over);
    round->told_vats = mn_arena_take_array(memory, told, sizeof *round->told_vats);
    round->told_handled = mn_arena_take_array(memory, told, sizeof *round->told_handled);
    round->told_again = mn_arena_take_array(memory, told, sizeof *round->told_again);
    round->told_before = mn_arena_take_array(memory, told, sizeof(struct round *));
    round->notice_peers = mn_arena_take_array(memory, notices, sizeof *round->notice_peers);
    if (round->start_vats == NULL || round->start_hosts == NULL || round->start_over == NULL ||
        round->told_vats == NULL || round->told_handled == NULL || round->told_again == NULL ||
        round->told_before == NULL || round->notice_peers == NULL) {
        return MN_NO_MEMORY;
    }
    round->starts_open = starts;
    round->told_open = told;
    return MN_OK;
}

/* ---- gather ---------------------------------------------------------------------------------- */

/* The first suspicion of what is lost; of a vat whose host is fine that is now. */
static mn_time first_suspicion(const struct coordinator *coordinator)
{
    mn_time first = coordinator->now;
    for (uint32_t i = 0; i < coordinator->host_count; i++) {
        const struct host_entry *host = &coordinator->hosts[i];
        if (host->fresh_loss && host->suspected_at < first) {
            first = host->suspected_at;
        }
    }
    return first;
}

/* Another one has had the number of the round that is not decided yet: this journal has forgotten
 * that. It goes on under a higher one, and whoever was asked under the other is asked again. */
static void round_renumber(struct coordinator *coordinator, struct round *round, uint64_t number)
{
    for (size_t i = coordinator->pending_first; i < coordinator->pending_count; i++) {
        struct pending *pending = &coordinator->pendings[i];
        if (pending->kind == PENDING_FREEZE && pending->round == round->facts.round) {
            pending->round = number;
        }
    }
    round->facts.round = number;
    round->again = round->facts.state != COORDINATOR_ROUND_GATHER;
    coordinator_tell(coordinator,
                     (struct coordinator_note_facts){.note = COORDINATOR_NOTE_ROUND_BEGUN,
                                                     .round = number,
                                                     .text = "its number had been another's"});
}

void round_number_seen(struct coordinator *coordinator, uint64_t number)
{
    struct round *round = coordinator->in_force ? round_active(coordinator) : NULL;
    coordinator->round_seen = number > coordinator->round_seen ? number : coordinator->round_seen;
    if (round != NULL && round->facts.state < COORDINATOR_ROUND_DECIDING &&
        number >= round->facts.round) {
        round_renumber(coordinator, round, number + 1);
    }
}

/* Somebody has applied a decision above all that this journal has, or is frozen for a round above
 * them. Who did not get that one may wait for it for ever, since it travels with messages; what it
 * said, nobody knows any more. So there has to be a later one, even if nothing is lost. */
static bool round_owed(const struct coordinator *coordinator)
{
    uint64_t newest = 0;
    for (size_t i = coordinator->round_count; newest == 0 && i > 0; i--) {
        const struct coordinator_round_facts *facts = &coordinator->rounds[i - 1]->facts;
        newest = facts->decision != NULL ? facts->round : 0;
    }
    return coordinator->round_awaited > newest;
}

static void round_await(struct coordinator *coordinator, uint32_t host, uint64_t number,
                        const char *forgotten)
{
    if (number <= coordinator->round_awaited) {
        return;
    }
    coordinator->round_awaited = number;
    if (!round_owed(coordinator)) {
        return;
    }
    coordinator_tell(coordinator, (struct coordinator_note_facts){
                                      .note = COORDINATOR_NOTE_FORGOTTEN,
                                      .host = coordinator_host_name(coordinator, host),
                                      .round = number,
                                      .text = forgotten});
    if (round_active(coordinator) == NULL) {
        round_changed(coordinator);
    }
}

void round_applied_seen(struct coordinator *coordinator, uint32_t host, uint64_t number)
{
    round_number_seen(coordinator, number);
    round_await(coordinator, host, number,
                "this host knows a decision that this journal does not: what it told whom is not "
                "known any more");
}

/* While everybody is asked, agents are frozen for the round that is under way, or for it under an
 * earlier number: it is not called off any more. */
void round_frozen_seen(struct coordinator *coordinator, uint32_t host, uint64_t number)
{
    const struct round *round = round_active(coordinator);
    if (round != NULL && round->facts.state != COORDINATOR_ROUND_GATHER &&
        number <= round->facts.round) {
        return;
    }
    round_number_seen(coordinator, number);
    round_await(coordinator, host, number,
                "this host is frozen for a round that was never decided here");
}

static void round_begin(struct coordinator *coordinator)
{
    if (coordinator->round_count > 0) {
        round_number_seen(coordinator,
                          coordinator->rounds[coordinator->round_count - 1]->facts.round);
    }
    round_number_seen(coordinator, coordinator->base);
    struct round *round = round_new(coordinator, coordinator->round_seen + 1);
    if (round == NULL) {
        return;
    }
    round->facts.suspected_at = first_suspicion(coordinator);
    round->facts.lost_at = coordinator->now;
    round->begun_at = coordinator->now;
    round->quiet_from = coordinator->now;
    coordinator_tell(coordinator,
                     (struct coordinator_note_facts){.note = COORDINATOR_NOTE_ROUND_BEGUN,
                                                     .round = round->facts.round});
}

static void round_call_off(struct coordinator *coordinator, struct round *round)
{
    coordinator_tell(coordinator, (struct coordinator_note_facts){
                                      .note = COORDINATOR_NOTE_ROUND_STATE,
                                      .round = round->facts.round,
                                      .text = "called off: all that was lost is back"});
    pieces_call_off(coordinator, round);
    coordinator->round_count -= 1;
    round_destroy(&coordinator->rounds[coordinator->round_count]);
    reports_floors(coordinator);
}

void round_changed(struct coordinator *coordinator)
{
    struct round *round = round_active(coordinator);
    if (round == NULL) {
        bool lost = coordinator->lost_count > coordinator->rest_count;
        if (coordinator->in_force && (lost || round_owed(coordinator))) {
            round_begin(coordinator);
        }
        return;
    }
    switch (round->facts.state) {
    case COORDINATOR_ROUND_GATHER:
        round->quiet_from = coordinator->now;
        if (coordinator->lost_count == coordinator->rest_count && !round_owed(coordinator)) {
            round_call_off(coordinator, round);
        }
        return;
    case COORDINATOR_ROUND_COLLECT:
    case COORDINATOR_ROUND_SETTLE:
    case COORDINATOR_ROUND_PLAN:
        round->again = true;
        return;
    case COORDINATOR_ROUND_DECIDING: /* what is lost now is the next round's */
    case COORDINATOR_ROUND_RESTORE:
    case COORDINATOR_ROUND_TELL:
    case COORDINATOR_ROUND_DONE:
        return;
    }
}

void round_suspect_seen(struct coordinator *coordinator)
{
    struct round *round = round_active(coordinator);
    if (round != NULL && round->facts.state == COORDINATOR_ROUND_GATHER) {
        round->quiet_from = coordinator->now;
    }
}

static bool host_suspect(const struct coordinator *coordinator, uint32_t host)
{
    return detector_host_state(coordinator->detector, host) == DETECTOR_SUSPECT;
}

/* Asked after every event: mostly the host that was suspect still is, and when it is not, those
 * before it are not either. */
static bool anybody_suspect(struct coordinator *coordinator)
{
    uint32_t host = coordinator->suspect_host;
    for (uint32_t i = 0; i < coordinator->host_count; i++) {
        if (host_suspect(coordinator, host)) {
            coordinator->suspect_host = host;
            return true;
        }
        host = host + 1 < coordinator->host_count ? host + 1 : 0;
    }
    return false;
}

static mn_time gather_until(const struct coordinator *coordinator, const struct round *round)
{
    mn_time quiet =
        round->quiet_from + coordinator_heartbeat(coordinator) * COORDINATOR_QUIET_HEARTBEATS;
    return quiet > coordinator->listens_until ? quiet : coordinator->listens_until;
}

static mn_time gather_until_at_most(const struct coordinator *coordinator,
                                    const struct round *round)
{
    mn_time most = round->begun_at + coordinator->topology->timing.settle_ms * MN_MS;
    return most > coordinator->listens_until ? most : coordinator->listens_until;
}

static bool gather_is_over(struct coordinator *coordinator, const struct round *round)
{
    return coordinator->now >= gather_until_at_most(coordinator, round) ||
           (coordinator->now >= gather_until(coordinator, round) && !anybody_suspect(coordinator));
}

void round_prepare(struct coordinator *coordinator)
{
    struct round *round = round_active(coordinator);
    if (round != NULL && round->facts.state == COORDINATOR_ROUND_GATHER &&
        (pieces_wait(coordinator, round) || !gather_is_over(coordinator, round))) {
        pieces_tick(coordinator, round);
    }
}

void round_tick(struct coordinator *coordinator)
{
    struct round *round = round_active(coordinator);
    if (round == NULL || coordinator->effects->result != MN_OK) {
        return;
    }
    round_number_seen(coordinator, coordinator->base); /* it may have been another's */
    if (round->facts.state == COORDINATOR_ROUND_GATHER) {
        if (gather_is_over(coordinator, round) && pieces_wait(coordinator, round)) {
            pieces_say_wait(coordinator, round);
        } else if (gather_is_over(coordinator, round)) {
            collect_begin(coordinator, round);
        } else {
            pieces_begin(coordinator, round);
        }
    } else if (round->facts.state == COORDINATOR_ROUND_COLLECT) {
        collect_tick(coordinator, round);
    } else if (round->facts.state == COORDINATOR_ROUND_PLAN) {
        round->again = round->again || coordinator->now >= round->hold_at;
    }
    /* Settling may have found further suspects, or an operator approved: the next attempt begins at
     * once. */
    bool may = round->facts.state == COORDINATOR_ROUND_COLLECT ||
               round->facts.state == COORDINATOR_ROUND_PLAN;
    if (may && round->again && !round->recording) {
        collect_begin(coordinator, round);
    }
}

mn_time round_deadline(const struct coordinator *coordinator)
{
    const struct round *round = round_active(coordinator);
    if (round == NULL) {
        return MN_TIME_NEVER;
    }
    if (round->facts.state == COORDINATOR_ROUND_GATHER) {
        mn_time soon = gather_until(coordinator, round);
        mn_time due = soon > coordinator->now ? soon : gather_until_at_most(coordinator, round);
        mn_time piece = pieces_deadline(coordinator, round);
        return piece < due || pieces_wait(coordinator, round) ? piece : due;
    }
    if (round->facts.state == COORDINATOR_ROUND_COLLECT && !round->recording) {
        return round->retry_at < round->hold_at ? round->retry_at : round->hold_at;
    }
    if (round->facts.state == COORDINATOR_ROUND_PLAN) {
        return round->hold_at;
    }
    return MN_TIME_NEVER;
}
