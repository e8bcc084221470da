/* The newest journal among those that answered and the own one becomes the own one. One answer at a
 * time: the next records are asked for when the last ones are durable here.
 *
 * Where a keeper's record and an own one of a sequence are of different generations, the own one
 * was never in force: a majority would have it, and the keeper's journal, which is the newest of a
 * majority, would begin with it. It is set aside all the same, because that rests on no disk having
 * lied. */
#include <stdlib.h>
#include <string.h>

#include "keeping_private.h"

/* An agent was shown a record that is not in this journal, so this is an old one. */
static bool recall_is_old(struct keeping *keeping)
{
    if (keeping->accepted || keeping_log_has(keeping, &keeping->shown)) {
        return false;
    }
    keeping->old = true;
    keeping->state = KEEPING_ASKING;
    keeping_note(keeping,
                 (struct keeping_note_facts){
                     .note = KEEPING_NOTE_OLD,
                     .host = keeping->topology->hosts[keeping->shown_by].name,
                     .sequence = keeping->shown.sequence,
                     .number = keeping->shown.generation,
                     .text = "this host's agent was shown a record that this journal does not "
                             "have: it is an old one; restore a newer one, or have it go on with "
                             "mneme recall --accept-unknown"});
    return true;
}

static void recall_over(struct keeping *keeping)
{
    if (keeping->missing_from > 0) {
        keeping_note(keeping,
                     (struct keeping_note_facts){
                         .note = KEEPING_NOTE_FORGOTTEN,
                         .host = keeping_host(keeping, &keeping->peers[keeping->source]),
                         .sequence = keeping->missing_from,
                         .number = keeping->newest - keeping->missing_from + 1,
                         .text = "this journal had forgotten these records, or its disk was still "
                                 "at them when the coordinator ended; a keeper had them"});
    }
    keeping->missing_from = 0;
    if (keeping->sets_changed) {
        keeping_ask_all(keeping, 0); /* others are keepers by that: ask them too */
    } else if (!recall_is_old(keeping)) {
        keeping_lead_begin(keeping);
    }
}

static void recall_ask(struct keeping *keeping)
{
    const struct keeping_peer *peer = &keeping->peers[keeping->source];
    struct mn_down *down = keeping_say(keeping, KEEPING_DO_SEND, peer->host, MN_DOWN_RECALL);
    if (down != NULL) {
        down->recall.sequence = keeping->from;
        down->recall.after_generation = keeping_log_generation(keeping, keeping->from - 1);
        down->recall.offset = keeping->part_size;
    }
    keeping_due(keeping, keeping->now + keeping->heartbeat);
}

/* The next records, or the end of it. */
static void recall_next(struct keeping *keeping)
{
    static const struct mn_head own = {0};
    const struct mn_head *head =
        keeping->source < keeping->peer_count ? &keeping->peers[keeping->source].head : &own;
    keeping->source_until = keeping->now + keeping->heartbeat * KEEPING_GIVE_UP_HEARTBEATS;
    if (keeping->aside || keeping->durable < keeping->newest) {
        keeping->state = KEEPING_INSTALLING;
    } else if (head->sequence == 0 ||
               keeping_log_generation(keeping, head->sequence) == head->generation) {
        recall_over(keeping);
    } else {
        keeping->state = KEEPING_RECALLING;
        recall_ask(keeping);
    }
}

/* Among equals whoever has not handed over what it has, as when it cannot read it, comes last. */
uint32_t keeping_recall_source(const struct keeping *keeping)
{
    struct mn_head best = {.generation = keeping_log_generation(keeping, keeping->newest),
                           .sequence = keeping->newest};
    uint32_t source = keeping->peer_count;
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
        const struct keeping_peer *peer = &keeping->peers[i];
        bool equal = source < keeping->peer_count && !keeping_head_below(&peer->head, &best);
        if (peer->promised && (keeping_head_below(&best, &peer->head) ||
                               (equal && peer->mute < keeping->peers[source].mute))) {
            best = peer->head;
            source = i;
        }
    }
    return source;
}

void keeping_recall_begin(struct keeping *keeping)
{
    keeping->source = keeping_recall_source(keeping);
    uint64_t newest = keeping->source < keeping->peer_count
                          ? keeping->peers[keeping->source].head.sequence
                          : keeping->newest;
    keeping->missing_from = 0;
    keeping->part_size = 0;
    keeping->from = (keeping->newest < newest ? keeping->newest : newest) + 1;
    recall_next(keeping);
}

void keeping_recall_recorded(struct keeping *keeping)
{
    if (keeping->state == KEEPING_INSTALLING) {
        recall_next(keeping);
    }
}

/* It is not asked at once again: another one may have as much. */
static void recall_give_up(struct keeping *keeping)
{
    struct keeping_peer *peer = &keeping->peers[keeping->source];
    peer->mute += peer->mute < UINT32_MAX ? 1 : 0;
    keeping_note(keeping, (struct keeping_note_facts){
                              .note = KEEPING_NOTE_MUTE,
                              .host = keeping_host(keeping, peer),
                              .sequence = keeping->from,
                              .number = peer->mute,
                              .text = "it says that it keeps this record, and has not handed it "
                                      "over: see its agent's log"});
    keeping_ask_all(keeping, 0);
}

void keeping_recall_tick(struct keeping *keeping)
{
    if (keeping->state == KEEPING_INSTALLING) {
        return; /* the disk is tried until it takes it */
    }
    if (keeping->now >= keeping->source_until) {
        recall_give_up(keeping);
    } else {
        recall_ask(keeping);
    }
}

/* ---- what comes ------------------------------------------------------------------------------ */

static void recall_set_aside(struct keeping *keeping, uint64_t sequence)
{
    struct keeping_effect *effect = keeping_ask(keeping, KEEPING_DO_SET_ASIDE);
    if (effect == NULL) {
        return;
    }
    effect->sequence = sequence;
    keeping->aside = true;
    keeping_note(keeping, (struct keeping_note_facts){
                              .note = KEEPING_NOTE_NEVER,
                              .sequence = sequence,
                              .number = keeping->newest - sequence + 1,
                              .text = "these records of this journal were never in force: another "
                                      "generation has others; they are set aside"});
    keeping_log_cut(keeping, sequence);
}

static void recall_append(struct keeping *keeping, const struct mn_kept *record,
                          const unsigned char *bytes)
{
    struct keeping_effect *effect = keeping_ask(keeping, KEEPING_DO_APPEND);
    if (effect == NULL) {
        return;
    }
    effect->append = *record;
    effect->append.offset = 0;
    effect->append.bytes = bytes;
    effect->append.byte_count = (uint32_t)record->size;
    if (keeping->missing_from == 0) {
        keeping->missing_from = record->sequence;
    }
    keeping_log_add(keeping, record->sequence, record->generation);
}

/* The pieces of a large record, put together. One that is not of the record that was begun is
 * dropped, and the record asked for from its beginning. */
static void recall_piece(struct keeping *keeping, const struct mn_kept *record)
{
    if (record->offset != keeping->part_size) {
        return;
    }
    if (record->offset == 0) {
        free(keeping->part);
        keeping->part = malloc((size_t)record->size);
        if (keeping->part == NULL) {
            keeping_fail(keeping, MN_NO_MEMORY);
            return;
        }
        keeping->part_of = *record;
        keeping->part_of.bytes = NULL;
    } else if (record->size != keeping->part_of.size || record->kind != keeping->part_of.kind ||
               record->generation != keeping->part_of.generation) {
        keeping->part_size = 0;
        return;
    }
    memcpy(keeping->part + record->offset, record->bytes, record->byte_count);
    keeping->part_size += record->byte_count;
    if (keeping->part_size == record->size) {
        keeping->part_size = 0;
        recall_append(keeping, record, keeping->part);
    }
}

static void recall_record(struct keeping *keeping, const struct mn_kept *record)
{
    if (record->sequence <= keeping->newest) {
        if (keeping_log_generation(keeping, record->sequence) == record->generation) {
            return;
        }
        recall_set_aside(keeping, record->sequence);
    }
    if (record->sequence != keeping->newest + 1) {
        return;
    }
    if (record->byte_count < record->size) {
        recall_piece(keeping, record);
        return;
    }
    unsigned char *bytes = keeping_take(keeping, record->byte_count, 1);
    if (bytes != NULL) {
        if (record->byte_count > 0) {
            memcpy(bytes, record->bytes, record->byte_count);
        }
        recall_append(keeping, record, bytes);
    }
}

void keeping_recalled(struct keeping *keeping, struct keeping_peer *peer, const struct mn_up *up)
{
    if (keeping->state != KEEPING_RECALLING || peer != &keeping->peers[keeping->source] ||
        up->recalled.sequence != keeping->from || up->recalled.offset != keeping->part_size) {
        return;
    }
    if (!up->recalled.matched) {
        /* Where both may still be alike: below the run of the record that differs. */
        uint64_t before = keeping_log_before(keeping, keeping->from - 1);
        keeping->from = (up->recalled.newest < before ? up->recalled.newest : before) + 1;
        recall_next(keeping);
        return;
    }
    for (uint32_t i = 0; i < up->recalled.record_count; i++) {
        recall_record(keeping, &up->recalled.records[i]);
        uint64_t sequence = up->recalled.records[i].sequence;
        keeping->from = (sequence < keeping->newest ? sequence : keeping->newest) + 1;
    }
    if (up->recalled.record_count > 0) {
        peer->mute = 0;
        recall_next(keeping);
    }
}
