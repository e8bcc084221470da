/* Freezing the cluster and collecting what everybody has.
 *
 * An attempt names all suspects. Those that no attempt has named before are put on record first: an
 * agent that has heard of them fences them for good, so whoever comes after this coordinator has to
 * replace them too. Then every host that is not lost answers, with the open intervals of its vats
 * after all its rows. What does not answer is unknown, and the round holds: nobody is taken for
 * lost who is only silent. */
#include <string.h>

#include "base/check.h"
#include "coordinator_private.h"

/* Of what a round waits for, so many are named in the log each time; the status shows all. */
enum { HOLD_NOTE_COUNT_MAX = 16 };

static const struct mn_name *freeze_hosts(struct coordinator *coordinator, uint32_t *count)
{
    *count = 0;
    for (uint32_t i = 0; i < coordinator->host_count; i++) {
        *count += hosts_lost(coordinator, i) ? 1 : 0;
    }
    struct mn_name *hosts = coordinator_take(coordinator, *count, sizeof *hosts);
    uint32_t place = 0;
    for (uint32_t i = 0; hosts != NULL && i < coordinator->host_count; i++) {
        if (hosts_lost(coordinator, i)) {
            hosts[place++] = coordinator_host_id(coordinator, i);
        }
    }
    return hosts;
}

/* Whether every host that is asked has said that it has read the same topology as we: then all of
 * them are told vats by number, and otherwise all by name, so that all are told the same. */
static bool freeze_by_number(const struct coordinator *coordinator)
{
    bool same = true;
    for (uint32_t i = 0; same && i < coordinator->host_count; i++) {
        const struct host_entry *host = &coordinator->hosts[i];
        same = hosts_lost(coordinator, i) ||
               (host->known && host->numbering == coordinator->topology->numbering);
    }
    return same;
}

/* The runs that are not to be believed any more. False after failing. */
static bool freeze_suspects(struct coordinator *coordinator, struct mn_vat_table *table,
                            const mn_run **out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < coordinator->vat_count; i++) {
        count += coordinator->vats[i].suspect ? 1 : 0;
    }
    bool numbered = freeze_by_number(coordinator);
    uint32_t *numbers = coordinator_take(coordinator, count, sizeof *numbers);
    mn_run *runs = coordinator_take(coordinator, count, sizeof *runs);
    struct mn_name *names = coordinator_take(coordinator, numbered ? 0 : count, sizeof *names);
    if (numbers == NULL || runs == NULL || names == NULL) {
        return false;
    }
    uint32_t place = 0;
    for (uint32_t i = 0; i < coordinator->vat_count; i++) {
        if (coordinator->vats[i].suspect) {
            if (!numbered) {
                names[place] = coordinator_vat_id(coordinator, i);
            }
            runs[place] = coordinator->vats[i].run;
            numbers[place++] = i;
        }
    }
    *table = (struct mn_vat_table){.numbering = numbered ? coordinator->topology->numbering : 0,
                                   .names = numbered ? NULL : names,
                                   .numbers = numbered ? numbers : NULL,
                                   .count = count};
    *out = runs;
    return true;
}

/* Ask every host that has not answered the newest attempt. */
static void freeze_say(struct coordinator *coordinator, struct round *round)
{
    struct mn_vat_table suspects;
    const mn_run *runs = NULL;
    uint32_t host_count = 0;
    round->retry_at =
        coordinator->now + coordinator_heartbeat(coordinator) * COORDINATOR_RETRY_HEARTBEATS;
    const struct mn_name *hosts = freeze_hosts(coordinator, &host_count);
    if (hosts == NULL || !freeze_suspects(coordinator, &suspects, &runs)) {
        return;
    }
    struct mn_down *down = NULL;
    for (uint32_t i = 0; i < coordinator->host_count; i++) {
        if (coordinator->hosts[i].answered || hosts_lost(coordinator, i)) {
            continue;
        }
        if (down != NULL) {
            coordinator_say_too(coordinator, i, down);
            continue;
        }
        down = coordinator_say(coordinator, i, MN_DOWN_FREEZE);
        if (down == NULL) {
            return;
        }
        down->freeze.round = round->facts.round;
        down->freeze.attempt = round->facts.attempt;
        down->freeze.hosts = hosts;
        down->freeze.host_count = host_count;
        down->freeze.suspects = suspects;
        down->freeze.runs = runs;
    }
}

/* More suspects than can be said: half of them would be no freeze. Whom no attempt has named yet is
 * none then, so that the round goes on when enough of them are back. */
static void freeze_too_large(struct coordinator *coordinator, struct round *round, uint32_t count)
{
    for (uint32_t i = 0; i < coordinator->vat_count; i++) {
        struct vat_entry *entry = &coordinator->vats[i];
        entry->suspect = entry->suspect && entry->fenced;
    }
    round->retry_at = MN_TIME_NEVER;       /* nobody is asked in this attempt, */
    round->settled = round->facts.attempt; /* and nothing settled */
    round_hold(coordinator, round, count,
               "more suspects than one freeze can name; divide the cluster into cells");
}

/* Put the suspects on record that no attempt has named before. False: there are none, or more
 * suspects than can be said. */
static bool freeze_record(struct coordinator *coordinator, struct round *round)
{
    uint32_t count = 0;
    uint32_t suspect_count = 0;
    for (uint32_t i = 0; i < coordinator->vat_count; i++) {
        suspect_count += coordinator->vats[i].suspect ? 1 : 0;
        count += coordinator->vats[i].suspect && !coordinator->vats[i].fenced ? 1 : 0;
    }
    if (suspect_count > coordinator->suspect_count_max) {
        freeze_too_large(coordinator, round, suspect_count);
        return false;
    }
    struct mn_vat_run *suspects = coordinator_take(coordinator, count, sizeof *suspects);
    struct mn_journal_record *record = coordinator_take(coordinator, 1, sizeof *record);
    if (count == 0 || suspects == NULL || record == NULL) {
        return false;
    }
    record->kind = MN_JOURNAL_FREEZE;
    record->freeze.round = round->facts.round;
    record->freeze.suspects = suspects;
    for (uint32_t i = 0; i < coordinator->vat_count; i++) {
        struct vat_entry *entry = &coordinator->vats[i];
        if (entry->suspect && !entry->fenced) {
            entry->fenced = true;
            suspects[record->freeze.suspect_count++] =
                (struct mn_vat_run){.vat = coordinator_vat_id(coordinator, i), .run = entry->run};
        }
    }
    coordinator_record(coordinator, record,
                       (struct pending){.kind = PENDING_FREEZE, .round = round->facts.round});
    return true;
}

void collect_begin(struct coordinator *coordinator, struct round *round)
{
    round->again = false;
    round->placeless = TOPOLOGY_NONE;
    round->held = NULL;
    round->facts.attempt += 1;
    decision_destroy(&round->plan);
    opens_end(coordinator);
    mn_assert(coordinator->unsettled == NULL); /* a round gathers before it collects */
    round_move(coordinator, round, COORDINATOR_ROUND_COLLECT);
    for (uint32_t i = 0; i < coordinator->host_count; i++) {
        coordinator->hosts[i].answered = false;
    }
    for (uint32_t i = 0; i < coordinator->vat_count; i++) {
        struct vat_entry *entry = &coordinator->vats[i];
        entry->suspect = entry->suspect || entry->lost;
        entry->silent = false;
        entry->answered = false;
    }
    round->hold_at = coordinator->now + coordinator->topology->timing.collect_ms * MN_MS;
    round->recording = freeze_record(coordinator, round);
    if (!round->recording && round->held == NULL) {
        freeze_say(coordinator, round);
    }
}

void collect_recorded(struct coordinator *coordinator, uint64_t number)
{
    struct round *round = round_active(coordinator);
    if (round != NULL && round->facts.round == number && round->recording) {
        round->recording = false;
        round->hold_at = coordinator->now + coordinator->topology->timing.collect_ms * MN_MS;
        freeze_say(coordinator, round);
    }
}

/* What an interval says, as the ledger takes it. False: it is not heard. */
static bool interval_read(struct coordinator *coordinator, uint32_t host, const uint32_t *vats,
                          const struct mn_intervals *answer, const struct mn_interval *interval,
                          struct evidence_open *open)
{
    uint32_t vat = vats[interval->vat];
    if (vat == TOPOLOGY_NONE || coordinator->vats[vat].host != host) {
        coordinator_refuse(coordinator, host, "the interval of a vat that is not placed there");
        return false;
    }
    const struct vat_entry *entry = &coordinator->vats[vat];
    if (entry->suspect || entry->lost) {
        return false;
    }
    if (mn_epoch_run(interval->epoch) != entry->run || interval->since < 0 ||
        interval->since >= interval->epoch) {
        coordinator_refuse(coordinator, host, "the interval of a run that is not meant");
        return false;
    }
    size_t count = interval->heard_count;
    const struct evidence_heard *heard =
        reports_heard(coordinator, host, vats, answer->heard + interval->heard_first, &count);
    *open = (struct evidence_open){.vat = vat,
                                   .epoch = interval->epoch,
                                   .has_since = true,
                                   .since = interval->since,
                                   .heard_count = count,
                                   .heard = heard};
    return heard != NULL;
}

static void interval_take(struct coordinator *coordinator, uint32_t host,
                          const struct evidence_open *open)
{
    struct vat_entry *entry = &coordinator->vats[open->vat];
    entry->told_of = true;
    mn_result result = ledger_open(coordinator->ledger, open);
    if (result == MN_BAD_INPUT) {
        coordinator_refuse(coordinator, host, "an interval that breaks its rules");
        return;
    }
    /* An interval that begins after a checkpoint of which nothing is known yet is no answer. */
    if (coordinator_fine(coordinator, result) &&
        ledger_running_covered(coordinator->ledger, open->vat)) {
        entry->answered = true;
    }
}

/* How many intervals ahead the vats in an answer are asked for, and what the ledger has of those in
 * an interval. */
enum { AHEAD_VATS = 8, AHEAD_OPENS = 4 };

/* Ask for a share of the vats in an answer: most are in the order in which its intervals name them,
 * and all at once would be more than memory can be asked for. */
static void fetch_share(const struct coordinator *coordinator, const uint32_t *vats,
                        const struct mn_intervals *answer, uint32_t interval)
{
    uint64_t all = answer->vats.count;
    size_t from = (size_t)(all * interval / answer->interval_count);
    size_t end = (size_t)(all * (interval + 1) / answer->interval_count);
    ledger_fetch_places(coordinator->ledger, vats + from, end - from);
    uint32_t vat = vats[answer->intervals[interval].vat];
    __builtin_prefetch(&coordinator->vats[vat != TOPOLOGY_NONE ? vat : 0], 1);
}

static void intervals_take(struct coordinator *coordinator, uint32_t host, const uint32_t *vats,
                           const struct mn_intervals *answer)
{
    uint32_t count = answer->interval_count;
    struct evidence_open *opens = coordinator_take(coordinator, count, sizeof *opens);
    uint32_t read = 0;
    uint32_t taken = 0;
    for (uint32_t i = 0; opens != NULL && i < count + AHEAD_VATS; i++) {
        if (i < count) {
            fetch_share(coordinator, vats, answer, i);
        }
        if (i >= AHEAD_VATS && interval_read(coordinator, host, vats, answer,
                                             &answer->intervals[i - AHEAD_VATS], &opens[read])) {
            ledger_fetch_open(coordinator->ledger, &opens[read]);
            read += 1;
        }
        if (read - taken > AHEAD_OPENS) {
            interval_take(coordinator, host, &opens[taken++]);
        }
    }
    while (taken < read) {
        interval_take(coordinator, host, &opens[taken++]);
    }
}

static void intervals_silent(struct coordinator *coordinator, uint32_t host, const uint32_t *vats,
                             const struct mn_intervals *answer)
{
    for (uint32_t i = 0; i < answer->silent_count; i++) {
        uint32_t vat = vats[answer->silent[i]];
        if (vat != TOPOLOGY_NONE && coordinator->vats[vat].host == host) {
            coordinator->vats[vat].silent = true;
        }
    }
}

/* The answer is whole. A vat that runs there and of which no part of it said anything is silent
 * too; one that was silent at first and is in a later part is not. */
static void intervals_end(struct coordinator *coordinator, uint32_t host)
{
    uint32_t next = coordinator->hosts[host].vat_first;
    for (; next != TOPOLOGY_NONE; next = coordinator->vats[next].next_here) {
        struct vat_entry *entry = &coordinator->vats[next];
        bool runs = entry->said_any && entry->said == MN_VAT_UP;
        entry->silent =
            (entry->silent || runs) && !entry->answered && !entry->suspect && !entry->lost;
    }
    coordinator->hosts[host].answered = true;
}

/* The next part follows when this one has been taken: so a host has one of them under way, however
 * many there are. Whatever is said again is taken again, for it need not be the same. */
static void intervals_more(struct coordinator *coordinator, uint32_t host,
                           const struct mn_intervals *answer)
{
    struct mn_down *down = coordinator_say(coordinator, host, MN_DOWN_MORE);
    if (down != NULL) {
        down->more.round = answer->round;
        down->more.attempt = answer->attempt;
        down->more.part = answer->part;
    }
}

void collect_intervals(struct coordinator *coordinator, uint32_t host, const struct mn_up *message)
{
    const struct mn_intervals *answer = &message->intervals;
    struct round *round = round_active(coordinator);
    if (round == NULL || round->facts.state != COORDINATOR_ROUND_COLLECT || round->recording ||
        message->generation != coordinator->generation || answer->round != round->facts.round ||
        answer->attempt != round->facts.attempt || coordinator->hosts[host].answered) {
        return;
    }
    const uint32_t *vats = reports_vats(coordinator, host, &answer->vats);
    if (vats == NULL) {
        return;
    }
    intervals_take(coordinator, host, vats, answer);
    intervals_silent(coordinator, host, vats, answer);
    if (answer->more) {
        intervals_more(coordinator, host, answer);
    } else {
        intervals_end(coordinator, host);
    }
}

void collect_host_again(struct coordinator *coordinator, uint32_t host)
{
    struct round *round = round_active(coordinator);
    if (round != NULL && (round->facts.state == COORDINATOR_ROUND_COLLECT ||
                          round->facts.state == COORDINATOR_ROUND_PLAN)) {
        /* An answer from before may still be on its way: only a new attempt tells them apart. */
        coordinator->hosts[host].answered = false;
        round->again = true;
    }
}

/* Where the journal has forgotten, an answer says nothing of a vat that ran there and that its
 * agent has forgotten too: that it is lost is known once the host has told what it has. */
bool collect_awaits(const struct coordinator *coordinator, uint32_t host)
{
    bool untold = coordinator->forgotten && vats_first_awaits(coordinator, host);
    return (!coordinator->hosts[host].answered || untold) && !hosts_lost(coordinator, host);
}

/* Asked after every event: mostly the host that had not answered has not answered yet, and when it
 * has, so have those before it. */
static bool everybody_answered(struct coordinator *coordinator)
{
    uint32_t host = coordinator->awaited_host;
    for (uint32_t i = 0; i < coordinator->host_count; i++) {
        if (collect_awaits(coordinator, host)) {
            coordinator->awaited_host = host;
            return false;
        }
        host = host + 1 < coordinator->host_count ? host + 1 : 0;
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

/* COLLECT, whenever anything has happened. What an operator has found is waited for. */
void collect_tick(struct coordinator *coordinator, struct round *round)
{
    if (round->recording) {
        return;
    }
    if (round->again) {
        collect_begin(coordinator, round);
        return;
    }
    bool complete = everybody_answered(coordinator) && !adopt_open(coordinator);
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
