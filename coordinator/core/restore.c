/* A decided round, to its end: the lost vats are started, those who must know are told, and what is
 * not answered is said again. Nothing here decides; a coordinator that finds the decision in the
 * journal does the same.
 *
 * A vat that is lost again before it was up is the next round's; its start here is overtaken by
 * that one's. A notice is owed until it is handled, whatever happens to the vat meanwhile. */
#include "base/check.h"
#include "coordinator_private.h"

/* Where a vat stands in a list in the order of numbers; @count when it does not. */
static uint32_t list_find(const uint32_t *list, uint32_t count, uint32_t vat)
{
    uint32_t low = 0;
    uint32_t high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (list[middle] < vat) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && list[low] == vat ? low : count;
}

static void start_is_over(struct round *round, uint32_t start)
{
    if (!round->start_over[start]) {
        round->start_over[start] = true;
        mn_assert(round->starts_open > 0);
        round->starts_open -= 1;
    }
}

/* ---- what a decision changes ----------------------------------------------------------------- */

/* Whoever is started in @round is started no more by the round that gave it its run: the newest of
 * those before, which has overtaken the others. */
static void overtake_starts(struct coordinator *coordinator, const struct round *round)
{
    for (uint32_t i = 0; i < round->decision.start_count; i++) {
        uint32_t vat = round->start_vats[i];
        struct round *older = round_find(coordinator, coordinator->vats[vat].decided);
        uint32_t count = older != NULL ? older->decision.start_count : 0;
        uint32_t at = count > 0 ? list_find(older->start_vats, count, vat) : 0;
        if (at < count && older->starts_open > 0) {
            start_is_over(older, at);
        }
    }
}

static void owe_again(struct coordinator *coordinator, struct round *older, uint32_t told,
                      struct round *round)
{
    struct round *since = round_find(coordinator, older->told_again[told]);
    if (older->told_handled[told]) {
        older->told_handled[told] = false;
        older->told_open += 1;
    } else if (since != NULL) {
        since->again_open -= 1;
    }
    older->told_again[told] = round->facts.round;
    round->again_open += 1;
}

/* A vat that is started in @round goes on from a checkpoint that may be older than the turn in
 * which it handled what older rounds told it, so that is owed anew, also when nobody can tell that
 * it forgot anything: the one in which it did may have been on one disk alone, or its row not have
 * come here. Its checkpoint says which rounds it has handled, and a vat hands out none of these
 * again; so nobody need know here which those are. @round is done when it has said so. */
static void owe_all_again(struct coordinator *coordinator, struct round *round)
{
    for (uint32_t i = 0; i < round->decision.start_count; i++) {
        uint32_t vat = round->start_vats[i];
        bool anew = round->decision.starts[i].start.keep != 0;
        struct round *older = anew ? coordinator->vats[vat].told : NULL;
        while (older != NULL) {
            uint32_t at = list_find(older->told_vats, older->decision.told_count, vat);
            owe_again(coordinator, older, at, round);
            older = older->told_before[at];
        }
    }
    for (uint32_t i = 0; i < round->decision.told_count; i++) {
        struct vat_entry *entry = &coordinator->vats[round->told_vats[i]];
        round->told_before[i] = entry->told;
        entry->told = round;
    }
}

static void notice_handled(struct coordinator *coordinator, struct round *round, uint32_t told)
{
    struct round *since = round_find(coordinator, round->told_again[told]);
    round->told_handled[told] = true;
    round->told_open -= 1;
    if (since != NULL) {
        since->again_open -= 1;
    }
}

void restore_again_handled(struct coordinator *coordinator, struct round *round)
{
    for (size_t i = 0; round->again_open > 0 && coordinator->rounds[i] != round; i++) {
        struct round *older = coordinator->rounds[i];
        for (uint32_t k = 0; older->told_open > 0 && k < older->decision.told_count; k++) {
            if (!older->told_handled[k] && older->told_again[k] == round->facts.round) {
                notice_handled(coordinator, older, k);
            }
        }
    }
}

/* What the vat keeps of what peers forgot binds it no more: it keeps its state, whenever it hears
 * of that. */
static void apply_told(struct coordinator *coordinator, const struct round *round, uint32_t told)
{
    const struct mn_told *entry = &round->decision.told[told];
    for (uint32_t i = 0; i < entry->notice_count; i++) {
        const struct mn_notice *notice = &round->decision.notices[entry->notice_first + i];
        uint32_t peer = round->notice_peers[entry->notice_first + i];
        if (peer != TOPOLOGY_NONE && notice->you_heard.last > notice->kept) {
            (void)coordinator_fine(coordinator,
                                   ledger_settle(coordinator->ledger, round->told_vats[told], peer,
                                                 notice->kept, notice->you_heard.last));
        }
    }
}

enum { APPLY_FETCHED = 16 };

/* Before number @i of @vats: ask for what is known of it and of those that follow together, so that
 * the waits for memory overlap. */
static void fetch_vats(const struct coordinator *coordinator, const uint32_t *vats, uint32_t count,
                       uint32_t i)
{
    if (i % APPLY_FETCHED != 0) {
        return;
    }
    uint32_t more = count - i < APPLY_FETCHED ? count - i : APPLY_FETCHED;
    for (uint32_t k = 0; k < more; k++) {
        const struct vat_entry *entry = &coordinator->vats[vats[i + k]];
        __builtin_prefetch(&entry->run, 1);
        __builtin_prefetch(&entry->floor, 1);
        __builtin_prefetch(&entry->lease_from, 1);
    }
    ledger_fetch(coordinator->ledger, vats + i, more);
}

void restore_apply(struct coordinator *coordinator, struct round *round)
{
    const struct mn_journal_decision *decision = &round->decision;
    mn_assert(coordinator->unsettled == NULL);
    coordinator->unsettled = round;
    round->facts.decision = decision;
    overtake_starts(coordinator, round);
    owe_all_again(coordinator, round);
    for (uint32_t i = 0; i < decision->start_count; i++) {
        fetch_vats(coordinator, round->start_vats, decision->start_count, i);
        vats_begin_run(coordinator, round->start_vats[i], round->start_hosts[i],
                       &decision->starts[i].start);
    }
    for (uint32_t i = 0; i < decision->lost_host_count; i++) {
        uint32_t host = topology_find_host(coordinator->topology, decision->lost_hosts[i].text);
        coordinator->hosts[host].fresh_loss = false;
        coordinator->hosts[host].decided = true;
    }
    for (uint32_t i = 0; i < coordinator->host_count; i++) {
        coordinator->hosts[i].emptied = false;
    }
    opens_weighed(coordinator);
}

void restore_settle(struct coordinator *coordinator)
{
    const struct round *round = coordinator->unsettled;
    if (round == NULL) {
        return;
    }
    coordinator->unsettled = NULL;
    for (uint32_t i = 0; i < round->decision.told_count; i++) {
        fetch_vats(coordinator, round->told_vats, round->decision.told_count, i);
        apply_told(coordinator, round, i);
    }
    if (coordinator->begun) {
        reports_floors(coordinator);
    }
}

/* ---- orders ---------------------------------------------------------------------------------- */

/* Up to which round the vat needs not be told any more, when it is started in @round. */
static uint64_t told_up_to(const struct coordinator *coordinator, const struct round *round,
                           uint32_t vat)
{
    for (size_t i = 0; i < coordinator->round_count; i++) {
        const struct round *other = coordinator->rounds[i];
        if (other->facts.decision == NULL || other->told_open == 0) {
            continue;
        }
        uint32_t at = list_find(other->told_vats, other->decision.told_count, vat);
        if (at < other->decision.told_count && !other->told_handled[at]) {
            return other->facts.round - 1;
        }
    }
    return round->facts.round;
}

void restore_say_start(struct coordinator *coordinator, const struct round *round, uint32_t index)
{
    uint32_t host = round->start_hosts[index];
    uint64_t disk = round->decision.starts[index].start.disk;
    if (hosts_lost(coordinator, host) || disk != coordinator->hosts[host].disk) {
        return;
    }
    struct mn_down *down = coordinator_say(coordinator, host, MN_DOWN_START);
    if (down != NULL) {
        down->start = round->decision.starts[index].start;
        down->start.told_round = told_up_to(coordinator, round, round->start_vats[index]);
    }
}

void restore_holder_lost(struct coordinator *coordinator, uint32_t host)
{
    struct mn_name name = coordinator_host_id(coordinator, host);
    for (size_t i = 0; i < coordinator->round_count; i++) {
        const struct round *round = coordinator->rounds[i];
        if (round->facts.decision == NULL || round->starts_open == 0) {
            continue;
        }
        for (uint32_t k = 0; k < round->decision.start_count; k++) {
            const struct mn_start *start = &round->decision.starts[k].start;
            bool waits = !round->start_over[k] && coordinator->vats[round->start_vats[k]].starting;
            for (uint32_t n = 0; waits && n < start->chain_count; n++) {
                if (mn_name_equal(&start->chain[n].holder, &name)) {
                    vats_lose(coordinator, round->start_vats[k],
                              "a checkpoint that it was to be restored from is lost");
                    break;
                }
            }
        }
    }
}

void restore_start_again(struct coordinator *coordinator, uint32_t vat)
{
    for (size_t i = coordinator->round_count; i > 0; i--) {
        const struct round *round = coordinator->rounds[i - 1];
        uint32_t at = round->facts.decision != NULL
                          ? list_find(round->start_vats, round->decision.start_count, vat)
                          : round->decision.start_count;
        if (at < round->decision.start_count) {
            restore_say_start(coordinator, round, at);
            return;
        }
    }
}

static void note_restores(struct coordinator *coordinator, const struct round *round)
{
    for (uint32_t i = 0; i < round->decision.start_count; i++) {
        const struct mn_start *start = &round->decision.starts[i].start;
        coordinator_tell(coordinator,
                         (struct coordinator_note_facts){
                             .note = COORDINATOR_NOTE_RESTORE,
                             .round = round->facts.round,
                             .vat = coordinator_vat_name(coordinator, round->start_vats[i]),
                             .host = coordinator_host_name(coordinator, round->start_hosts[i]),
                             .run = start->run,
                             .epoch = start->keep,
                             .text = mn_outcome_name(start->outcome)});
    }
}

/* ---- progress -------------------------------------------------------------------------------- */

static void restore_progress(struct coordinator *coordinator, struct round *round)
{
    if (round->facts.state == COORDINATOR_ROUND_RESTORE && round->starts_open == 0) {
        round->facts.restored_at = coordinator->now;
        round_move(coordinator, round, COORDINATOR_ROUND_TELL);
    }
    if (round->facts.state != COORDINATOR_ROUND_TELL || round->told_open > 0 ||
        round->again_open > 0 || round->done_recording) {
        return;
    }
    struct mn_journal_record *record = coordinator_take(coordinator, 1, sizeof *record);
    if (record == NULL) {
        return;
    }
    proof_end(coordinator);
    round->facts.told_at = coordinator->now;
    round->done_recording = true;
    record->kind = MN_JOURNAL_DONE;
    record->done.round = round->facts.round;
    record->done.restored_at = round->facts.restored_at;
    record->done.told_at = round->facts.told_at;
    record->done.again = true;
    coordinator_record(coordinator, record,
                       (struct pending){.kind = PENDING_DONE, .round = round->facts.round});
}

void restore_begin(struct coordinator *coordinator, struct round *round)
{
    round_move(coordinator, round, COORDINATOR_ROUND_RESTORE);
    restore_apply(coordinator, round);
    coordinator_tell(coordinator,
                     (struct coordinator_note_facts){.note = COORDINATOR_NOTE_DECIDED,
                                                     .round = round->facts.round,
                                                     .number = round->decision.start_count});
    round->retry_at =
        coordinator->now + coordinator_heartbeat(coordinator) * COORDINATOR_RETRY_HEARTBEATS;
    for (uint32_t i = 0; i < round->decision.start_count; i++) {
        if (!vats_on_disk(coordinator, round->start_vats[i])) {
            vats_lose(coordinator, round->start_vats[i],
                      "its host's agent began anew while its start was written down");
        }
    }
    if (!coordinator->behind) {
        telling_all(coordinator, round);
    }
    note_restores(coordinator, round); /* nobody waits for these lines */
    for (uint32_t i = 0; i < round->decision.start_count; i++) {
        if (hosts_lost(coordinator, round->start_hosts[i])) {
            vats_lose(coordinator, round->start_vats[i],
                      "the host it was to be restored on is lost");
        }
    }
    for (size_t i = 0; i < coordinator->round_count; i++) {
        restore_progress(coordinator, coordinator->rounds[i]);
    }
    round_changed(coordinator);
}

void restore_vat_up(struct coordinator *coordinator, uint32_t vat)
{
    for (size_t i = 0; i < coordinator->round_count; i++) {
        struct round *round = coordinator->rounds[i];
        if (round->facts.decision == NULL || round->starts_open == 0) {
            continue;
        }
        uint32_t at = list_find(round->start_vats, round->decision.start_count, vat);
        if (at < round->decision.start_count &&
            round->decision.starts[at].start.run <= coordinator->vats[vat].run) {
            start_is_over(round, at);
            restore_progress(coordinator, round);
        }
    }
}

void restore_handled(struct coordinator *coordinator, uint32_t host, const struct mn_up *message)
{
    const uint32_t *vats = reports_vats(coordinator, host, &message->handled.vat);
    uint32_t vat = vats != NULL ? vats[0] : TOPOLOGY_NONE;
    if (vats != NULL && vat == TOPOLOGY_NONE) {
        coordinator_refuse(coordinator, host, "notices of a vat that is not in the topology");
    }
    if (vat == TOPOLOGY_NONE) {
        return;
    }
    const struct vat_entry *entry = &coordinator->vats[vat];
    struct round *round = round_find(coordinator, message->handled.round);
    if (entry->host != host || entry->run != message->handled.run || round == NULL ||
        round->facts.decision == NULL) {
        return; /* a former life's word, or one of a round that this journal has forgotten */
    }
    uint32_t at = list_find(round->told_vats, round->decision.told_count, vat);
    if (at == round->decision.told_count || round->told_handled[at]) {
        return;
    }
    struct round *since = round_find(coordinator, round->told_again[at]);
    notice_handled(coordinator, round, at);
    restore_progress(coordinator, round);
    if (since != NULL) {
        restore_progress(coordinator, since);
    }
}

void restore_tick(struct coordinator *coordinator)
{
    for (size_t i = 0; i < coordinator->round_count; i++) {
        struct round *round = coordinator->rounds[i];
        bool open = round->facts.state == COORDINATOR_ROUND_RESTORE ||
                    round->facts.state == COORDINATOR_ROUND_TELL;
        bool owed = round->facts.state == COORDINATOR_ROUND_DONE && round->told_open > 0;
        if ((!open && !owed) || coordinator->now < round->retry_at) {
            continue;
        }
        round->retry_at =
            coordinator->now + coordinator_heartbeat(coordinator) * COORDINATOR_RETRY_HEARTBEATS;
        if (owed) {
            telling_owed(coordinator, round);
            continue;
        }
        telling_all(coordinator, round);
        restore_progress(coordinator, round);
    }
}

void restore_done(struct coordinator *coordinator, struct round *round)
{
    round_move(coordinator, round, COORDINATOR_ROUND_DONE);
    coordinator_tell(coordinator,
                     (struct coordinator_note_facts){.note = COORDINATOR_NOTE_ROUND_DONE,
                                                     .round = round->facts.round});
    history_round_over(coordinator, round);
}
