/* A round before its decision: gather what is lost, freeze, collect the open intervals.
 *
 *     GATHER ---> COLLECT <---> SETTLE ---> DECIDING ---> RESTORE ---> TELL ---> DONE
 *        |           ^ |
 *      (called off)  +-+ a new attempt: more was lost, or somebody is silent
 *
 * GATHER    waits until no new suspect has shown for 2 heartbeats and none is left, or settle_ms.
 * COLLECT   each attempt names all suspects, and every host that is not lost answers it. What does
 *           not answer is unknown, and the round holds: nobody is taken for lost who is only
 * silent. SETTLE    settle.c. It passes at once, to DECIDING or back.
 *
 * Invariant: every vat that is lost when an attempt begins is among its suspects, and a suspect
 * stays one until the decision: it was fenced, and would not be believed if it came back. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/grow.h"
#include "coordinator_private.h"

/* Of what a round waits for, so many are named in the log each time; the status shows all. */
enum { HOLD_NOTE_COUNT_MAX = 16 };

#define TO(state) (1U << COORDINATOR_ROUND_##state)

static const unsigned round_moves[] = {
    [COORDINATOR_ROUND_GATHER] = TO(COLLECT),
    [COORDINATOR_ROUND_COLLECT] = TO(COLLECT) | TO(SETTLE),
    [COORDINATOR_ROUND_SETTLE] = TO(COLLECT) | TO(DECIDING),
    [COORDINATOR_ROUND_DECIDING] = TO(RESTORE),
    [COORDINATOR_ROUND_RESTORE] = TO(TELL) | TO(DONE),
    [COORDINATOR_ROUND_TELL] = TO(DONE),
    [COORDINATOR_ROUND_DONE] = 0,
};

#undef TO

const char *coordinator_round_state_name(enum coordinator_round_state state)
{
    static const char *const names[] = {"gather",  "collect", "settle", "deciding",
                                        "restore", "tell",    "done"};
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
    mn_result result =
        mn_grow(&coordinator->rounds, &coordinator->round_capacity, coordinator->round_count + 1,
                sizeof(struct round *), COORDINATOR_ROUND_COUNT_MAX);
    struct round *round = NULL;
    if (result == MN_OK) {
        round = calloc(1, sizeof *round);
        result = round != NULL ? MN_OK : MN_NO_MEMORY;
    }
    if (!coordinator_fine(coordinator, result)) {
        return NULL;
    }
    round->facts.round = number;
    round->placeless = TOPOLOGY_NONE;
    coordinator->rounds[coordinator->round_count++] = round;
    return round;
}

void round_destroy(struct round **round)
{
    mn_arena_deinit(&(*round)->memory);
    free(*round);
    *round = NULL;
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

static void round_begin(struct coordinator *coordinator)
{
    uint64_t newest = 0;
    if (coordinator->round_count > 0) {
        newest = coordinator->rounds[coordinator->round_count - 1]->facts.round;
    }
    struct round *round = round_new(coordinator, newest + 1);
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
    coordinator->round_count -= 1;
    round_destroy(&coordinator->rounds[coordinator->round_count]);
    reports_floors(coordinator);
}

void round_changed(struct coordinator *coordinator)
{
    struct round *round = round_active(coordinator);
    if (round == NULL) {
        if (coordinator->lost_count > 0) {
            round_begin(coordinator);
        }
        return;
    }
    switch (round->facts.state) {
    case COORDINATOR_ROUND_GATHER:
        round->quiet_from = coordinator->now;
        if (coordinator->lost_count == 0) {
            round_call_off(coordinator, round);
        }
        return;
    case COORDINATOR_ROUND_COLLECT:
    case COORDINATOR_ROUND_SETTLE:
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

static bool anybody_suspect(const struct coordinator *coordinator)
{
    for (uint32_t i = 0; i < coordinator->host_count; i++) {
        if (detector_host_state(coordinator->detector, i) == DETECTOR_SUSPECT) {
            return true;
        }
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

static bool gather_is_over(const struct coordinator *coordinator, const struct round *round)
{
    return coordinator->now >= gather_until_at_most(coordinator, round) ||
           (coordinator->now >= gather_until(coordinator, round) && !anybody_suspect(coordinator));
}

/* ---- collect --------------------------------------------------------------------------------- */

/* What every host is told: who is lost, and which runs are not to be believed any more. */
static bool freeze_lists(struct coordinator *coordinator, struct mn_name **hosts,
                         uint32_t *host_count, struct mn_vat_run **suspects,
                         uint32_t *suspect_count)
{
    *host_count = 0;
    *suspect_count = 0;
    for (uint32_t i = 0; i < coordinator->host_count; i++) {
        *host_count += hosts_lost(coordinator, i) ? 1 : 0;
    }
    for (uint32_t i = 0; i < coordinator->vat_count; i++) {
        *suspect_count += coordinator->vats[i].suspect ? 1 : 0;
    }
    *hosts = coordinator_take(coordinator, *host_count, sizeof **hosts);
    *suspects = coordinator_take(coordinator, *suspect_count, sizeof **suspects);
    if (*hosts == NULL || *suspects == NULL) {
        return false;
    }
    uint32_t place = 0;
    for (uint32_t i = 0; i < coordinator->host_count; i++) {
        if (hosts_lost(coordinator, i)) {
            (*hosts)[place++] = coordinator_host_id(coordinator, i);
        }
    }
    place = 0;
    for (uint32_t i = 0; i < coordinator->vat_count; i++) {
        if (coordinator->vats[i].suspect) {
            (*suspects)[place++] = (struct mn_vat_run){.vat = coordinator_vat_id(coordinator, i),
                                                       .run = coordinator->vats[i].run};
        }
    }
    return true;
}

/* Ask every host that has not answered the newest attempt. */
static void freeze_say(struct coordinator *coordinator, struct round *round)
{
    struct mn_name *hosts = NULL;
    struct mn_vat_run *suspects = NULL;
    uint32_t host_count = 0;
    uint32_t suspect_count = 0;
    round->retry_at =
        coordinator->now + coordinator_heartbeat(coordinator) * COORDINATOR_RETRY_HEARTBEATS;
    if (!freeze_lists(coordinator, &hosts, &host_count, &suspects, &suspect_count)) {
        return;
    }
    for (uint32_t i = 0; i < coordinator->host_count; i++) {
        if (coordinator->hosts[i].answered || hosts_lost(coordinator, i)) {
            continue;
        }
        struct mn_down *down = coordinator_say(coordinator, i, MN_DOWN_FREEZE);
        if (down == NULL) {
            return;
        }
        down->freeze.round = round->facts.round;
        down->freeze.attempt = round->facts.attempt;
        down->freeze.hosts = hosts;
        down->freeze.host_count = host_count;
        down->freeze.suspects = suspects;
        down->freeze.suspect_count = suspect_count;
    }
}

static void collect_begin(struct coordinator *coordinator, struct round *round)
{
    round->again = false;
    round->placeless = TOPOLOGY_NONE;
    round->facts.attempt += 1;
    round_move(coordinator, round, COORDINATOR_ROUND_COLLECT);
    for (uint32_t i = 0; i < coordinator->host_count; i++) {
        coordinator->hosts[i].answered = false;
    }
    for (uint32_t i = 0; i < coordinator->vat_count; i++) {
        struct vat_entry *entry = &coordinator->vats[i];
        entry->suspect = entry->suspect || entry->lost;
        entry->silent = false;
    }
    round->hold_at = coordinator->now + coordinator->topology->timing.collect_ms * MN_MS;
    freeze_say(coordinator, round);
}

static void interval_take(struct coordinator *coordinator, uint32_t host, const uint32_t *vats,
                          const struct mn_intervals *answer, const struct mn_interval *interval)
{
    uint32_t vat = vats[interval->vat];
    if (vat == TOPOLOGY_NONE || coordinator->vats[vat].host != host) {
        coordinator_refuse(coordinator, host, "the interval of a vat that is not placed there");
        return;
    }
    struct vat_entry *entry = &coordinator->vats[vat];
    if (entry->suspect || entry->lost) {
        return;
    }
    if (mn_epoch_run(interval->epoch) != entry->run || interval->since < 0 ||
        interval->since >= interval->epoch) {
        coordinator_refuse(coordinator, host, "the interval of a run that is not meant");
        return;
    }
    size_t count = interval->heard_count;
    const struct evidence_heard *heard =
        reports_heard(coordinator, host, vats, answer->heard + interval->heard_first, &count);
    if (heard == NULL) {
        return;
    }
    const struct evidence_open open = {.vat = vat,
                                       .epoch = interval->epoch,
                                       .has_since = true,
                                       .since = interval->since,
                                       .heard_count = count,
                                       .heard = heard};
    entry->mention = coordinator->mention_count;
    (void)coordinator_fine(coordinator, ledger_open(coordinator->ledger, &open));
}

/* A vat that runs there and of which nothing was said is silent too. */
static void intervals_find_silent(struct coordinator *coordinator, uint32_t host,
                                  const uint32_t *vats, const struct mn_intervals *answer)
{
    for (uint32_t i = 0; i < answer->silent_count; i++) {
        uint32_t vat = vats[answer->silent[i]];
        if (vat != TOPOLOGY_NONE && coordinator->vats[vat].host == host) {
            coordinator->vats[vat].silent = true;
        }
    }
    uint32_t next = coordinator->hosts[host].vat_first;
    for (; next != TOPOLOGY_NONE; next = coordinator->vats[next].next_here) {
        struct vat_entry *entry = &coordinator->vats[next];
        bool runs = entry->said_any && entry->said == MN_VAT_UP;
        if (runs && entry->mention != coordinator->mention_count) {
            entry->silent = true;
        }
        entry->silent = entry->silent && !entry->suspect && !entry->lost;
    }
}

void round_intervals(struct coordinator *coordinator, uint32_t host, const struct mn_up *message)
{
    const struct mn_intervals *answer = &message->intervals;
    struct round *round = round_active(coordinator);
    if (round == NULL || round->facts.state != COORDINATOR_ROUND_COLLECT ||
        answer->round != round->facts.round || answer->attempt != round->facts.attempt ||
        coordinator->hosts[host].answered) {
        return;
    }
    const uint32_t *vats = reports_names(coordinator, answer->names, answer->name_count);
    if (vats == NULL) {
        return;
    }
    coordinator->mention_count += 1;
    for (uint32_t i = 0; i < answer->interval_count; i++) {
        interval_take(coordinator, host, vats, answer, &answer->intervals[i]);
    }
    intervals_find_silent(coordinator, host, vats, answer);
    coordinator->hosts[host].answered = true;
}

void round_host_again(struct coordinator *coordinator, uint32_t host)
{
    struct round *round = round_active(coordinator);
    if (round != NULL && round->facts.state == COORDINATOR_ROUND_COLLECT) {
        coordinator->hosts[host].answered = false;
        round->retry_at = coordinator->now;
    }
}

static bool everybody_answered(const struct coordinator *coordinator)
{
    for (uint32_t i = 0; i < coordinator->host_count; i++) {
        if (!coordinator->hosts[i].answered && !hosts_lost(coordinator, i)) {
            return false;
        }
    }
    return true;
}

static void collect_hold(struct coordinator *coordinator, struct round *round)
{
    round->hold_at = coordinator->now + coordinator->topology->timing.collect_ms * MN_MS;
    struct coordinator_wait wait;
    for (size_t i = 0;
         i < HOLD_NOTE_COUNT_MAX && coordinator_waits(coordinator, coordinator->now, i, &wait);
         i++) {
        if (wait.kind == COORDINATOR_WAIT_ANSWER || wait.kind == COORDINATOR_WAIT_SILENT ||
            wait.kind == COORDINATOR_WAIT_PLACE) {
            bool host = wait.host != TOPOLOGY_NONE;
            bool vat = wait.vat != TOPOLOGY_NONE;
            coordinator_tell(
                coordinator,
                (struct coordinator_note_facts){
                    .note = COORDINATOR_NOTE_ROUND_HOLDS,
                    .round = round->facts.round,
                    .host = host ? coordinator_host_name(coordinator, wait.host) : NULL,
                    .vat = vat ? coordinator_vat_name(coordinator, wait.vat) : NULL,
                    .text = wait.kind == COORDINATOR_WAIT_PLACE
                                ? "no host is left for it"
                                : "it has not answered, and is not lost"});
        }
    }
}

/* COLLECT, whenever anything has happened. */
static void collect_tick(struct coordinator *coordinator, struct round *round)
{
    if (round->again) {
        collect_begin(coordinator, round);
        return;
    }
    bool complete = everybody_answered(coordinator);
    if (complete && round->settled != round->facts.attempt) {
        round->settled = round->facts.attempt;
        round_move(coordinator, round, COORDINATOR_ROUND_SETTLE);
        settle(coordinator, round);
        return;
    }
    if (coordinator->now >= round->hold_at) {
        collect_hold(coordinator, round);
        if (complete) { /* somebody was silent, or had no place: ask anew */
            collect_begin(coordinator, round);
            return;
        }
    }
    if (coordinator->now >= round->retry_at) {
        freeze_say(coordinator, round);
    }
}

void round_tick(struct coordinator *coordinator)
{
    struct round *round = round_active(coordinator);
    if (round == NULL || coordinator->effects->result != MN_OK) {
        return;
    }
    if (round->facts.state == COORDINATOR_ROUND_GATHER && gather_is_over(coordinator, round)) {
        collect_begin(coordinator, round);
    } else if (round->facts.state == COORDINATOR_ROUND_COLLECT) {
        collect_tick(coordinator, round);
    }
    /* Settling may have found further suspects: the next attempt begins at once. */
    if (round->facts.state == COORDINATOR_ROUND_COLLECT && round->again) {
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
        return soon > coordinator->now ? soon : gather_until_at_most(coordinator, round);
    }
    if (round->facts.state == COORDINATOR_ROUND_COLLECT) {
        return round->retry_at < round->hold_at ? round->retry_at : round->hold_at;
    }
    return MN_TIME_NEVER;
}
