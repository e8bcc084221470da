/* Leading: what goes into the own journal goes to the keepers at the same time, and is in force
 * once it is durable there and enough of them have it. To each keeper one message is under way, so
 * what waits for a slow one is in the journal, or on its way there, and nowhere else.
 *
 * A keeper that has forgotten promised others what it does not know, and stored what it does not
 * have. It may be called whole when (a) it keeps everything that this coordinator ever had until it
 * was known to have forgotten, and (b) a majority of other keepers that are whole have answered a
 * message sent after that: then no coordinator of a lower generation can have a majority any more
 * that needs what was forgotten. That message names its new disk, and they note it: so whoever has
 * asked for a higher generation before, and has a promise of the disk that was lost, hears of that
 * from one of them before it has a majority.
 *
 * One that began anew may have an older disk, or may not: it has forgotten nothing that shows. The
 * same two things make it whole; but others that only began anew are as good for (b), because what
 * they note stays with them, and of all of these one at most has forgotten something. */
#include "base/check.h"
#include "keeping_private.h"

static void lead_keep(struct keeping *keeping, struct keeping_peer *peer);

bool keeping_counts(const struct keeping *keeping, const struct keeping_peer *peer)
{
    return keeping->state == KEEPING_LEADING && peer->votes && !peer->forgot &&
           peer->member == MN_MEMBER_WHOLE;
}

void keeping_lead_begin(struct keeping *keeping)
{
    keeping->state = KEEPING_LEADING;
    keeping->in_force = 0;
    keeping_sets_apply(keeping); /* with whom a leader is filling up */
    keeping_sets_compare(keeping);
    keeping->asked_at = keeping->now;
    keeping->said_at = MN_TIME_NEVER;
    if (keeping->accepted) {
        keeping->excused = keeping->generation;
    }
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
        struct keeping_peer *peer = &keeping->peers[i];
        peer->mute = 0;
        peer->given_up = false;
        bool alike = peer->promised && keeping_log_has(keeping, &peer->head);
        peer->matched = alike ? peer->head.sequence : 0;
        peer->next = alike ? peer->head.sequence : keeping->newest;
        peer->offset = 0;
        peer->number = 0;
        peer->confirmed = 0;
        peer->noted = 1;
        peer->waits = false;
        peer->again_at = keeping->now;
        peer->whole_at = keeping->newest > 0 ? keeping->newest : 1;
    }
    struct keeping_effect *effect = keeping_ask(keeping, KEEPING_DO_LEAD);
    if (effect == NULL) {
        return;
    }
    effect->lead.generation = keeping->generation;
    effect->lead.upto = keeping->durable;
    effect->lead.kept = keeping->peer_count > 0;
    effect->lead.accepted = keeping->accepted ? &keeping->accept : NULL;
    keeping_note(keeping, (struct keeping_note_facts){.note = KEEPING_NOTE_LEADS,
                                                      .sequence = keeping->newest,
                                                      .number = keeping->generation});
    keeping_lead_tick(keeping);
}

/* ---- what is in force ------------------------------------------------------------------------ */

static void lead_commit(struct keeping *keeping)
{
    bool have[MN_KEEPER_PEER_COUNT_MAX] = {false};
    /* Where nobody votes the own journal is all there is. A record by which others vote may be on
     * its way there: neither it nor one after it is in force before it is durable, and counts. */
    uint64_t newest = keeping_enough(keeping, have) ? keeping->durable : 0;
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
        uint64_t at = keeping->peers[i].matched;
        for (uint32_t k = 0; k < keeping->peer_count; k++) {
            const struct keeping_peer *peer = &keeping->peers[k];
            have[k] = keeping_counts(keeping, peer) && peer->matched >= at;
        }
        if (at > newest && keeping_enough(keeping, have)) {
            newest = at;
        }
    }
    newest = newest < keeping->durable ? newest : keeping->durable;
    /* Of an earlier generation it may yet give way, however many have it (Ongaro, 3.6.2). */
    if (newest > keeping->in_force &&
        keeping_log_generation(keeping, newest) == keeping->generation) {
        keeping->in_force = newest;
        struct keeping_effect *effect = keeping_ask(keeping, KEEPING_DO_IN_FORCE);
        if (effect != NULL) {
            effect->sequence = newest;
        }
    }
}

/* ---- who may vote ---------------------------------------------------------------------------- */

/* Whether what @peer notes counts for @forgot. */
static bool lead_notes(const struct keeping *keeping, const struct keeping_peer *peer,
                       const struct keeping_peer *forgot)
{
    bool both =
        peer->votes && peer->member == MN_MEMBER_RETURNED && forgot->member == MN_MEMBER_RETURNED;
    return peer != forgot && peer->confirmed >= forgot->noted &&
           (both || keeping_counts(keeping, peer));
}

/* Where there is no other nothing can tell a disk that is older from one that is not. And where
 * nobody votes, since an operator gave them all up, the own journal is all there is, and whoever
 * keeps that from now on is as good. */
static bool lead_confirmed(const struct keeping *keeping, const struct keeping_peer *forgot)
{
    bool have[MN_KEEPER_PEER_COUNT_MAX] = {false};
    bool others = false;
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
        const struct keeping_peer *peer = &keeping->peers[i];
        others = others || (peer != forgot && peer->votes && peer->sets != 0);
        have[i] = lead_notes(keeping, peer, forgot);
    }
    bool nobody = keeping_needed(keeping, KEEPING_NOW | KEEPING_NEXT) == 0;
    return others ? keeping_enough(keeping, have) : nobody || forgot->member == MN_MEMBER_RETURNED;
}

/* Once every keeper of a new cluster says that it knows of it, what they say counts. */
static void lead_founded(struct keeping *keeping)
{
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
        if (keeping->peers[i].sets != 0 && keeping->peers[i].member == MN_MEMBER_BLANK) {
            return;
        }
    }
    keeping->founding = false;
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
        keeping->peers[i].granted = keeping->peers[i].sets != 0;
    }
}

static void lead_members(struct keeping *keeping)
{
    if (keeping->founding) {
        lead_founded(keeping);
    }
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
        struct keeping_peer *peer = &keeping->peers[i];
        if (keeping_counts(keeping, peer)) {
            peer->granted = false;
            continue;
        }
        if (!peer->granted && !keeping->founding && lead_confirmed(keeping, peer)) {
            peer->granted = true;
        }
        if (peer->granted && peer->matched >= peer->whole_at && peer->confirmed >= peer->noted &&
            peer->member == MN_MEMBER_WHOLE) {
            peer->forgot = false;
            peer->votes = true;
            peer->granted = false;
            keeping_note(keeping, (struct keeping_note_facts){.note = KEEPING_NOTE_WHOLE,
                                                              .host = keeping_host(keeping, peer),
                                                              .sequence = peer->matched});
        }
    }
}

/* It has less than it had: its disk is another one, or an older state of it. */
static void lead_forgot(struct keeping *keeping, struct keeping_peer *peer)
{
    peer->forgot = true;
    peer->granted = false;
    peer->matched = 0;
    peer->noted = keeping->number + 1;
    peer->whole_at = keeping->newest;
    bool blank = peer->member != MN_MEMBER_RETURNED;
    keeping_note(keeping, (struct keeping_note_facts){.note = blank ? KEEPING_NOTE_BLANK
                                                                    : KEEPING_NOTE_RETURNED,
                                                      .host = keeping_host(keeping, peer),
                                                      .sequence = keeping->newest});
}

void keeping_kept(struct keeping *keeping, struct keeping_peer *peer, const struct mn_up *up)
{
    if (keeping->state != KEEPING_LEADING || !peer->waits || up->kept.number != peer->number ||
        (up->kept.matched && up->kept.sequence > keeping->newest)) {
        return;
    }
    bool was_whole = peer->member == MN_MEMBER_WHOLE;
    peer->waits = false;
    peer->confirmed = peer->number;
    peer->member = up->kept.member;
    bool another = peer->disk != up->disk;
    bool unknown = peer->disk == 0 && peer->member == MN_MEMBER_WHOLE;
    if (!peer->met && peer->sets == 0) { /* it is expected to have nothing; but its disk is known */
        peer->noted = keeping->number + 1;
        unknown = true;
    }
    peer->met = true;
    peer->disk = up->disk;
    peer->unheard = 0;
    if (up->kept.sequence < peer->matched || (was_whole && peer->member != MN_MEMBER_WHOLE) ||
        (another && !unknown)) {
        lead_forgot(keeping, peer);
    }
    peer->next = up->kept.sequence < keeping->newest ? up->kept.sequence : keeping->newest;
    peer->offset = up->kept.matched ? up->kept.offset : 0;
    if (up->kept.matched) {
        peer->matched = up->kept.sequence;
    }
    lead_members(keeping);
    lead_commit(keeping);
    keeping_sets_advance(keeping);
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
        lead_keep(keeping, &keeping->peers[i]);
    }
}

/* ---- what is sent ---------------------------------------------------------------------------- */

static void lead_name(struct mn_down *down, struct mn_noted *noted, const struct keeping_peer *peer,
                      uint64_t disk)
{
    mn_assert(down->keep.noted_count < MN_NOTED_COUNT_MAX);
    noted[down->keep.noted_count++] = (struct mn_noted){.host = peer->name, .disk = disk};
}

/* All that is known of the lives of their disks, for what was noted before gives way to it. Of one
 * that has said nothing since others told of further lives any may be the newest. If these were
 * left out, a coordinator that has a promise of a life before them would not hear of them any more,
 * and would count it beside what this one has stored in the life that it was not told of. */
static void lead_note(struct keeping *keeping, struct mn_down *down)
{
    size_t most = (size_t)keeping->peer_count * MN_NOTED_LIFE_COUNT_MAX;
    struct mn_noted *noted = keeping_take(keeping, most, sizeof *noted);
    for (uint32_t i = 0; noted != NULL && i < keeping->peer_count; i++) {
        const struct keeping_peer *peer = &keeping->peers[i];
        if (peer->disk != 0) {
            lead_name(down, noted, peer, peer->disk);
        }
        for (uint32_t k = 0; k < peer->unheard; k++) {
            lead_name(down, noted, peer, peer->rumours[k]);
        }
    }
    down->keep.noted = noted;
}

static void lead_send(struct keeping *keeping, struct keeping_peer *peer)
{
    struct mn_down *down = keeping_say(keeping, KEEPING_DO_KEEP, peer->host, MN_DOWN_KEEP);
    if (down == NULL) {
        return;
    }
    struct keeping_effect *effect = &keeping->effects->items[keeping->effects->count - 1];
    effect->send.offset = peer->offset;
    effect->send.upto = keeping->newest;
    keeping->number += 1;
    down->keep.number = keeping->number;
    down->keep.after = peer->next;
    down->keep.after_generation = keeping_log_generation(keeping, peer->next);
    down->keep.founding = keeping->founding && peer->sets != 0;
    down->keep.whole_at = peer->granted ? peer->whole_at : 0;
    lead_note(keeping, down);
    peer->number = keeping->number;
    peer->waits = true;
    peer->again_at = keeping->now + keeping->heartbeat;
}

/* At once when there is something new for it, or it may be called whole; otherwise now and then, so
 * that it is known whether it is there. */
static void lead_keep(struct keeping *keeping, struct keeping_peer *peer)
{
    bool due = peer->again_at <= keeping->now;
    bool more = peer->next < keeping->newest || (peer->granted && peer->member != MN_MEMBER_WHOLE &&
                                                 peer->matched >= peer->whole_at);
    if (due || (more && !peer->waits)) {
        lead_send(keeping, peer);
    }
    keeping_due(keeping, peer->again_at);
}

/* For a while after the beginning nobody has had the time to answer. */
static void lead_say_missing(struct keeping *keeping)
{
    mn_time patience = keeping->topology->timing.stale_ms * MN_MS;
    if (keeping->asked_at + patience <= keeping->now && keeping_may_accept(keeping)) {
        keeping_say_missing(keeping);
    }
}

void keeping_lead_tick(struct keeping *keeping)
{
    lead_say_missing(keeping);
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
        lead_keep(keeping, &keeping->peers[i]);
    }
}

/* Who leads no more, or another generation, tells nobody of it; nor is anything new to whoever has
 * heard that it is recorded already. */
void keeping_lead_writing(struct keeping *keeping, const struct mn_head *writing)
{
    if (keeping->state != KEEPING_LEADING || writing->generation != keeping->generation) {
        return;
    }
    for (uint64_t i = keeping->newest + 1; i <= writing->sequence; i++) {
        keeping_log_add(keeping, i, writing->generation);
    }
    keeping_lead_tick(keeping);
}

void keeping_lead_recorded(struct keeping *keeping)
{
    lead_commit(keeping);
    keeping_sets_advance(keeping);
    keeping_lead_tick(keeping);
}

bool keeping_keep_add(struct mn_down *down, struct mn_kept *records, const struct mn_kept *next)
{
    uint32_t count = down->keep.record_count;
    uint64_t size = next->byte_count;
    for (uint32_t i = 0; i < count; i++) {
        size += records[i].byte_count;
    }
    bool whole = next->byte_count == next->size;
    bool follows = next->sequence == down->keep.after + 1 + count;
    bool fits = count == 0 ||
                (whole && records[0].byte_count == records[0].size && size <= MN_PIECE_SIZE_MAX);
    if (!follows || !fits || count == KEEPING_RECORD_COUNT_MAX) {
        return false;
    }
    records[count] = *next;
    down->keep.records = records;
    down->keep.record_count = count + 1;
    return true;
}
