/* The journal's records, one after the other: what this coordinator, or the one before it, has
 * given out and decided. What they say was true when it was written; agents say what is true now.
 */
#include <string.h>

#include "base/check.h"
#include "coordinator_private.h"

static void replay_vat(struct coordinator *coordinator, const struct mn_journal_vat *record)
{
    uint32_t vat = coordinator_find_vat(coordinator, &record->vat);
    uint32_t host = topology_find_host(coordinator->topology, record->host.text);
    if (vat == TOPOLOGY_NONE || host == TOPOLOGY_NONE) {
        coordinator_fail(coordinator, MN_CORRUPT);
        return;
    }
    struct vat_entry *entry = &coordinator->vats[vat];
    entry->incarnation = record->incarnation;
    vats_recorded(coordinator, vat, record->run, host);
}

/* ---- decisions ------------------------------------------------------------------------------- */

static mn_result resolve_starts(struct coordinator *coordinator, struct round *round)
{
    for (uint32_t i = 0; i < round->decision.start_count; i++) {
        const struct mn_journal_start *from = &round->decision.starts[i];
        round->start_vats[i] = coordinator_find_vat(coordinator, &from->start.vat);
        round->start_hosts[i] = topology_find_host(coordinator->topology, from->host.text);
        if (round->start_vats[i] == TOPOLOGY_NONE || round->start_hosts[i] == TOPOLOGY_NONE ||
            (i > 0 && round->start_vats[i] <= round->start_vats[i - 1]) ||
            from->start.lineage.count == 0) {
            return MN_CORRUPT;
        }
    }
    return MN_OK;
}

static mn_result resolve_told(struct coordinator *coordinator, struct round *round)
{
    for (uint32_t i = 0; i < round->decision.told_count; i++) {
        round->told_vats[i] = coordinator_find_vat(coordinator, &round->decision.told[i].vat);
        if (round->told_vats[i] == TOPOLOGY_NONE ||
            (i > 0 && round->told_vats[i] <= round->told_vats[i - 1])) {
            return MN_CORRUPT;
        }
    }
    for (uint32_t i = 0; i < round->decision.notice_count; i++) {
        round->notice_peers[i] =
            coordinator_find_vat(coordinator, &round->decision.notices[i].peer);
    }
    return MN_OK;
}

/* The numbers of the vats and hosts that round->decision names, and room for what is open of them.
 * MN_CORRUPT: one that is not in the topology, or not in order. */
static mn_result resolve_decision(struct coordinator *coordinator, struct round *round)
{
    const struct mn_journal_decision *decision = &round->decision;
    mn_result result =
        round_make_room(round, decision->start_count, decision->told_count, decision->notice_count);
    if (result == MN_OK) {
        result = resolve_starts(coordinator, round);
    }
    if (result == MN_OK) {
        result = resolve_told(coordinator, round);
    }
    for (uint32_t i = 0; result == MN_OK && i < decision->lost_host_count; i++) {
        const char *name = decision->lost_hosts[i].text;
        if (topology_find_host(coordinator->topology, name) == TOPOLOGY_NONE) {
            result = MN_CORRUPT;
        }
    }
    return result;
}

/* A copy of @bytes in the round's memory; NULL after failing. */
static const void *replay_copy(struct coordinator *coordinator, struct round *round,
                               const void *bytes, size_t count, size_t size)
{
    void *copy = mn_arena_take_array(&round->memory, count, size);
    if (copy == NULL) {
        coordinator_fail(coordinator, MN_NO_MEMORY);
    } else if (count > 0) {
        memcpy(copy, bytes, count * size);
    }
    return copy;
}

static void replay_copy_decision(struct coordinator *coordinator, struct round *round,
                                 const struct mn_journal_decision *from)
{
    struct mn_journal_decision *to = &round->decision;
    *to = *from;
    to->lost_hosts = replay_copy(coordinator, round, from->lost_hosts, from->lost_host_count,
                                 sizeof *from->lost_hosts);
    to->lost_vats = replay_copy(coordinator, round, from->lost_vats, from->lost_vat_count,
                                sizeof *from->lost_vats);
    to->told = replay_copy(coordinator, round, from->told, from->told_count, sizeof *from->told);
    to->notices =
        replay_copy(coordinator, round, from->notices, from->notice_count, sizeof *from->notices);
    to->answer_json = replay_copy(coordinator, round, from->answer_json, from->answer_size, 1);
    struct mn_journal_start *starts =
        mn_arena_take_array(&round->memory, from->start_count, sizeof *starts);
    if (starts == NULL) {
        coordinator_fail(coordinator, MN_NO_MEMORY);
        return;
    }
    for (uint32_t i = 0; i < from->start_count; i++) {
        starts[i] = from->starts[i];
        starts[i].start.chain =
            replay_copy(coordinator, round, from->starts[i].start.chain,
                        from->starts[i].start.chain_count, sizeof *starts[i].start.chain);
    }
    to->starts = starts;
}

static void replay_decision(struct coordinator *coordinator,
                            const struct mn_journal_decision *decision)
{
    uint64_t newest = coordinator->round_count > 0
                          ? coordinator->rounds[coordinator->round_count - 1]->facts.round
                          : 0;
    if (decision->round <= newest) {
        coordinator_fail(coordinator, MN_CORRUPT);
        return;
    }
    coordinator->word = NULL;
    struct round *round = round_new(coordinator, decision->round);
    if (round == NULL) {
        return;
    }
    replay_copy_decision(coordinator, round, decision);
    if (coordinator->effects->result != MN_OK ||
        !coordinator_fine(coordinator, resolve_decision(coordinator, round))) {
        return;
    }
    round->facts.state = COORDINATOR_ROUND_RESTORE;
    round->facts.suspected_at = decision->suspected_at;
    round->facts.lost_at = decision->lost_at;
    round->facts.decided_at = decision->decided_at;
    restore_apply(coordinator, round);
}

static void replay_done(struct coordinator *coordinator, const struct mn_journal_done *done)
{
    struct round *round = round_find(coordinator, done->round);
    if (round == NULL || round->facts.state != COORDINATOR_ROUND_RESTORE) {
        coordinator_fail(coordinator, MN_CORRUPT);
        return;
    }
    round->facts.state = COORDINATOR_ROUND_DONE;
    round->facts.restored_at = done->restored_at;
    round->facts.told_at = done->told_at;
    for (uint32_t i = 0; i < round->decision.start_count; i++) {
        struct vat_entry *entry = &coordinator->vats[round->start_vats[i]];
        round->start_over[i] = true;
        if (entry->run == round->decision.starts[i].start.run) {
            entry->starting = false; /* it has been up */
        }
    }
    /* Its last notices may have been handled while a later decision was being recorded, which takes
     * some of these vats back: that one's record is the older, and they are owed theirs again. */
    for (uint32_t i = 0; i < round->decision.told_count; i++) {
        if (!round->told_handled[i] && !round->told_again[i]) {
            round->told_handled[i] = true;
            round->told_open -= 1;
        }
    }
    round->starts_open = 0;
}

/* Whoever sent that freeze, its suspects are not believed any more: they have to be replaced. */
static void replay_freeze(struct coordinator *coordinator, const struct mn_journal_freeze *freeze)
{
    round_number_seen(coordinator, freeze->round);
    for (uint32_t i = 0; i < freeze->suspect_count; i++) {
        uint32_t vat = coordinator_find_vat(coordinator, &freeze->suspects[i].vat);
        if (vat == TOPOLOGY_NONE) {
            coordinator_fail(coordinator, MN_CORRUPT);
            return;
        }
        if (coordinator->vats[vat].run == freeze->suspects[i].run) {
            vats_fence(coordinator, vat);
        }
    }
}

/* The runs that are given out after this are meant for that life of the disk. */
static void replay_host(struct coordinator *coordinator, const struct mn_journal_host *record)
{
    uint32_t host = topology_find_host(coordinator->topology, record->host.text);
    if (host == TOPOLOGY_NONE) {
        coordinator_fail(coordinator, MN_CORRUPT);
        return;
    }
    hosts_begin_life(coordinator, host, record->disk);
}

void replay_record(struct coordinator *coordinator, const struct coordinator_event *event)
{
    const struct mn_journal_record *record = event->record.record;
    if (event->record.sequence != coordinator->sequence + 1 ||
        event->record.generation < coordinator->generation) {
        coordinator_fail(coordinator, MN_CORRUPT);
        return;
    }
    coordinator->sequence = event->record.sequence;
    coordinator->generation = event->record.generation;
    switch (record->kind) {
    case MN_JOURNAL_GENERATION:
        vats_inherit(coordinator);
        return;
    case MN_JOURNAL_KEEPERS:
        return; /* keeping.h has read it */
    case MN_JOURNAL_RECALL:
        recalls_keep(coordinator, &record->recall);
        coordinator->recall_recorded = coordinator->recall_count;
        return;
    case MN_JOURNAL_STEP:
        approve_replay(coordinator, &record->step);
        return;
    case MN_JOURNAL_VAT:
        replay_vat(coordinator, &record->vat);
        return;
    case MN_JOURNAL_DECISION:
        replay_decision(coordinator, &record->decision);
        return;
    case MN_JOURNAL_DONE:
        replay_done(coordinator, &record->done);
        return;
    case MN_JOURNAL_FREEZE:
        replay_freeze(coordinator, &record->freeze);
        return;
    case MN_JOURNAL_HOST:
        replay_host(coordinator, &record->host);
        return;
    }
}

/* A host to which a vat was moved since is not among them: whether that one lives is to be seen. */
void replay_lost_hosts(struct coordinator *coordinator, const struct round *round)
{
    for (uint32_t i = 0; i < round->decision.lost_host_count; i++) {
        uint32_t host =
            topology_find_host(coordinator->topology, round->decision.lost_hosts[i].text);
        if (coordinator->hosts[host].vat_count > 0) {
            continue;
        }
        detector_set_lost(coordinator->detector, host);
        struct ledger_loss loss = {.kind = LEDGER_LOSS_HOST, .index = host};
        (void)coordinator_fine(coordinator, ledger_lose(coordinator->ledger, &loss));
    }
}
