/* The journal's records, one after the other: what this coordinator, or the one before it, has
 * given out and decided. What they say was true when it was written; agents say what is true now.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "coordinator_private.h"

/* What the journal names has been given out, and stays in the topology: without it nobody can say
 * what has become of it. */
static void replay_missing(struct coordinator *coordinator, const char *kind, const char *name)
{
    if (coordinator->effects->result == MN_OK) {
        mn_error_set(
            &coordinator->effects->error,
            "the journal names the %s %s, which is not in the topology; put it back there: "
            "what has once been used stays in it",
            kind, name);
    }
    coordinator_fail(coordinator, MN_NOT_FOUND);
}

uint32_t replay_find_vat(struct coordinator *coordinator, const struct mn_name *name)
{
    uint32_t vat = coordinator_find_vat(coordinator, name);
    if (vat == TOPOLOGY_NONE) {
        replay_missing(coordinator, "vat", name->text);
    }
    return vat;
}

uint32_t replay_find_host(struct coordinator *coordinator, const struct mn_name *name)
{
    uint32_t host = topology_find_host(coordinator->topology, name->text);
    if (host == TOPOLOGY_NONE) {
        replay_missing(coordinator, "host", name->text);
    }
    return host;
}

static void replay_vat(struct coordinator *coordinator, const struct mn_journal_vat *record)
{
    uint32_t vat = replay_find_vat(coordinator, &record->vat);
    uint32_t host = replay_find_host(coordinator, &record->host);
    if (vat == TOPOLOGY_NONE || host == TOPOLOGY_NONE) {
        return;
    }
    vats_learn_life(coordinator, vat, record->incarnation, record->lineage.forks,
                    record->lineage.count);
    if (record->found) {
        vats_first_found(coordinator);
    }
    vats_recorded(coordinator, vat, record->run, host);
}

/* ---- decisions ------------------------------------------------------------------------------- */

/* A copy of @bytes in the round's memory; NULL after failing. */
static void *replay_copy(struct coordinator *coordinator, struct round *round, const void *bytes,
                         size_t count, size_t size)
{
    void *copy = mn_arena_take_array(&round->memory, count, size);
    if (copy == NULL) {
        coordinator_fail(coordinator, MN_NO_MEMORY);
    } else if (count > 0) {
        memcpy(copy, bytes, count * size);
    }
    return copy;
}

/* A row of a decision, and its vat. */
struct replay_row {
    uint32_t vat;
    uint32_t index;
};

static int row_compare(const void *a, const void *b)
{
    const struct replay_row *left = a;
    const struct replay_row *right = b;
    return (left->vat > right->vat) - (left->vat < right->vat);
}

/* Sort the rows by their vats' numbers: they were written in that order, and the topology may have
 * been written anew since. False after failing, and for two of one vat. */
static bool rows_sort(struct coordinator *coordinator, struct replay_row *rows, uint32_t count)
{
    if (coordinator->effects->result != MN_OK) {
        return false;
    }
    if (count > 1) {
        qsort(rows, count, sizeof *rows, row_compare);
    }
    for (uint32_t i = 1; i < count; i++) {
        if (rows[i].vat == rows[i - 1].vat) {
            coordinator_fail(coordinator, MN_CORRUPT);
            return false;
        }
    }
    return true;
}

static void replay_starts(struct coordinator *coordinator, struct round *round,
                          const struct mn_journal_decision *from)
{
    uint32_t count = from->start_count;
    struct replay_row *rows = coordinator_take(coordinator, count, sizeof *rows);
    struct mn_journal_start *starts =
        replay_copy(coordinator, round, from->starts, count, sizeof *starts);
    for (uint32_t i = 0; rows != NULL && i < count; i++) {
        rows[i] = (struct replay_row){
            .vat = replay_find_vat(coordinator, &from->starts[i].start.vat), .index = i};
    }
    if (starts == NULL || rows == NULL || !rows_sort(coordinator, rows, count)) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct mn_journal_start *start = &from->starts[rows[i].index];
        starts[i] = *start;
        starts[i].start.chain = replay_copy(coordinator, round, start->start.chain,
                                            start->start.chain_count, sizeof *start->start.chain);
        round->start_vats[i] = rows[i].vat;
        round->start_hosts[i] = replay_find_host(coordinator, &start->host);
        if (start->start.lineage.count == 0) {
            coordinator_fail(coordinator, MN_CORRUPT);
        }
    }
    round->decision.starts = starts;
}

static void replay_told(struct coordinator *coordinator, struct round *round,
                        const struct mn_journal_decision *from)
{
    uint32_t count = from->told_count;
    struct replay_row *rows = coordinator_take(coordinator, count, sizeof *rows);
    struct mn_told *told = replay_copy(coordinator, round, from->told, count, sizeof *told);
    for (uint32_t i = 0; rows != NULL && i < count; i++) {
        rows[i] = (struct replay_row){.vat = replay_find_vat(coordinator, &from->told[i].vat),
                                      .index = i};
    }
    if (told == NULL || rows == NULL || !rows_sort(coordinator, rows, count)) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        told[i] = from->told[rows[i].index];
        round->told_vats[i] = rows[i].vat;
    }
    round->decision.told = told;
    for (uint32_t i = 0; i < from->notice_count; i++) {
        round->notice_peers[i] = coordinator_find_vat(coordinator, &from->notices[i].peer);
    }
}

/* A copy of the decision in the round's memory, with the numbers of the vats and hosts that it
 * names. */
static void replay_copy_decision(struct coordinator *coordinator, struct round *round,
                                 const struct mn_journal_decision *from)
{
    struct mn_journal_decision *to = &round->decision;
    *to = *from;
    to->lost_hosts = replay_copy(coordinator, round, from->lost_hosts, from->lost_host_count,
                                 sizeof *from->lost_hosts);
    to->lost_vats = replay_copy(coordinator, round, from->lost_vats, from->lost_vat_count,
                                sizeof *from->lost_vats);
    to->notices =
        replay_copy(coordinator, round, from->notices, from->notice_count, sizeof *from->notices);
    if (!coordinator_fine(coordinator, round_make_room(round, from->start_count, from->told_count,
                                                       from->notice_count))) {
        return;
    }
    replay_starts(coordinator, round, from);
    replay_told(coordinator, round, from);
    for (uint32_t i = 0; i < from->lost_host_count; i++) {
        (void)replay_find_host(coordinator, &from->lost_hosts[i]);
    }
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
    if (coordinator->effects->result != MN_OK) {
        return;
    }
    round->facts.state = COORDINATOR_ROUND_RESTORE;
    round->facts.suspected_at = decision->suspected_at;
    round->facts.lost_at = decision->lost_at;
    round->facts.decided_at = decision->decided_at;
    restore_apply(coordinator, round);
}

/* There is none of a decision whose coordinator ended between the two records. */
static void replay_answer(struct coordinator *coordinator, const struct mn_journal_answer *answer)
{
    struct round *round = round_find(coordinator, answer->round);
    if (round == NULL || round->answer.size > 0) {
        coordinator_fail(coordinator, MN_CORRUPT);
        return;
    }
    mn_text_add_bytes(&round->answer, answer->json, answer->size);
    if (coordinator_fine(coordinator, mn_text_result(&round->answer))) {
        history_answer(coordinator, round);
    }
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
     * some of these vats back: that one's record is the older, and they are owed theirs again,
     * until that one is done. */
    for (uint32_t i = 0; i < round->decision.told_count; i++) {
        if (!round->told_handled[i] && round->told_again[i] == 0) {
            round->told_handled[i] = true;
            round->told_open -= 1;
        }
    }
    if (done->again) {
        restore_again_handled(coordinator, round);
    }
    round->starts_open = 0;
    history_round_over(coordinator, round);
}

/* Whoever sent that freeze, its suspects are not believed any more: they have to be replaced. */
static void replay_freeze(struct coordinator *coordinator, const struct mn_journal_freeze *freeze)
{
    round_number_seen(coordinator, freeze->round);
    for (uint32_t i = 0; i < freeze->suspect_count; i++) {
        uint32_t vat = replay_find_vat(coordinator, &freeze->suspects[i].vat);
        if (vat == TOPOLOGY_NONE) {
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
    uint32_t host = replay_find_host(coordinator, &record->host);
    if (host != TOPOLOGY_NONE) {
        hosts_begin_life(coordinator, host, record->disk);
    }
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
        coordinator->journal_at = record->generation.at;
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
    case MN_JOURNAL_ANSWER:
        replay_answer(coordinator, &record->answer);
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
void replay_lost_hosts(struct coordinator *coordinator)
{
    for (uint32_t i = 0; i < coordinator->host_count; i++) {
        if (!coordinator->hosts[i].decided || coordinator->hosts[i].vat_count > 0) {
            continue;
        }
        detector_set_lost(coordinator->detector, i);
        struct ledger_loss loss = {.kind = LEDGER_LOSS_HOST, .index = i};
        (void)coordinator_fine(coordinator, ledger_lose(coordinator->ledger, &loss));
    }
}
