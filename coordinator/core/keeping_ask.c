/* Asking the keepers for a generation, and for how far they keep the journal.
 *
 * Two coordinators may ask for one generation; a keeper promises it to one of them, so at most one
 * has a majority. Whoever is refused goes above, after a while of its own, so that two that start
 * together do not chase each other for ever. */
#include <string.h>

#include "keeping_private.h"

/* So far above what is known the next one goes at most on what is heard: far more than can be
 * behind an honest word, and so little that nobody's word can use them up. Who is right about more
 * is heard again. */
#define GENERATION_STEP_MAX (UINT64_C(1) << 40)

static mn_time ask_patience(const struct keeping *keeping)
{
    return keeping->peer_count > 0 ? keeping->heartbeat * KEEPING_PATIENCE_HEARTBEATS : 0;
}

void keeping_ask_all(struct keeping *keeping, mn_time after)
{
    uint64_t own = keeping_log_generation(keeping, keeping->newest);
    uint64_t above = own > keeping->generation ? own : keeping->generation;
    uint64_t most = above + GENERATION_STEP_MAX;
    uint64_t heard = keeping->generation_seen > keeping->shown.generation
                         ? keeping->generation_seen
                         : keeping->shown.generation;
    heard = heard < most ? heard : most;
    above = heard > above ? heard : above;
    keeping->state = KEEPING_ASKING;
    keeping->generation = above + 1;
    keeping->asked_at = keeping->now + after;
    keeping->accept_at = keeping->asked_at + ask_patience(keeping);
    keeping->old = false;
    keeping->in_force = 0;
    keeping->change_asked = false;
    keeping_sets_apply(keeping);
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
        keeping->peers[i].promised = false;
    }
    keeping_ask_tick(keeping);
}

/* ---- whether enough have answered ------------------------------------------------------------ */

struct ask_count {
    uint32_t all;
    uint32_t promised;
    uint32_t blank;
    uint32_t whole;
    uint32_t returned;
    uint32_t holds;
};

/* Of the peers in any of @sets. */
static struct ask_count ask_count(const struct keeping *keeping, unsigned sets)
{
    struct ask_count count = {0};
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
        const struct keeping_peer *peer = &keeping->peers[i];
        bool one = (peer->sets & sets) != 0;
        count.all += one ? 1 : 0;
        if (one && peer->promised) {
            count.promised += 1;
            count.blank += peer->member == MN_MEMBER_BLANK ? 1 : 0;
            count.whole += peer->member == MN_MEMBER_WHOLE ? 1 : 0;
            count.returned += peer->member == MN_MEMBER_RETURNED ? 1 : 0;
            count.holds += peer->holds ? 1 : 0;
        }
    }
    return count;
}

/* A majority that is whole knows of everything that was ever in force. Of those that began anew one
 * may have an older disk than it had: with so many that a majority is left without that one, it
 * hides nothing. */
static bool ask_majority(const struct keeping *keeping)
{
    for (unsigned set = KEEPING_NOW; set <= KEEPING_NEXT; set <<= 1) {
        struct ask_count count = ask_count(keeping, set);
        uint32_t older = count.returned > 0 ? 1 : 0;
        uint32_t majority = count.all > 0 ? count.all / 2 + 1 : 0;
        if (count.whole + count.returned - older < majority) {
            return false;
        }
    }
    return true;
}

/* An operator gave up those that did not answer, not those that did: whoever of these is asked once
 * more is waited for, or he must say so again. */
static bool ask_accepted(const struct keeping *keeping)
{
    bool all = keeping->accepted && keeping->now >= keeping->accept_at;
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
        all = all && (keeping->peers[i].promised || !keeping->peers[i].relied);
    }
    return all;
}

/* When nobody ever was whole, nothing was in force: the own journal counts then. But all may have
 * lost their disks. Where no generation of it began without keepers and there are checkpoints, it
 * was lost too, or is an older one; and so may be one that shows that keepers had it once. */
static bool ask_never(const struct keeping *keeping, const struct ask_count *count)
{
    bool lost = keeping->kept_from > 0 || (count->holds > 0 && keeping->unkept_from == 0);
    return count->whole + count->returned == 0 && !lost;
}

/* When nobody is blank and all answer, nothing is hidden. */
static bool ask_enough(const struct keeping *keeping, const struct ask_count *count)
{
    bool all = count->promised == keeping->peer_count;
    bool never = ask_never(keeping, count);
    return ask_majority(keeping) || (all && (never || count->blank == 0)) || ask_accepted(keeping);
}

/* Who votes, and who may be called whole though it is not. */
static void ask_members(struct keeping *keeping, const struct ask_count *count)
{
    bool majority = ask_majority(keeping);
    bool all = count->promised == keeping->peer_count;
    bool never = ask_never(keeping, count);
    keeping->few = !majority && !all;
    keeping->founding = !majority && all && never && count->blank > 0;
    keeping->accept.absent = keeping->absent;
    keeping->accept.absent_count = 0;
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
        struct keeping_peer *peer = &keeping->peers[i];
        peer->votes = peer->promised || !keeping->few;
        peer->forgot = false;
        peer->granted =
            !majority && peer->promised && !keeping->founding && peer->member != MN_MEMBER_WHOLE;
        peer->whole_at = 0;
        if (!peer->votes || peer->given_up) {
            keeping->absent[keeping->accept.absent_count++] =
                mn_name_of(keeping_host(keeping, peer));
        }
    }
    if (keeping->founding) {
        keeping_note(keeping, (struct keeping_note_facts){
                                  .note = KEEPING_NOTE_NEW,
                                  .sequence = keeping->newest,
                                  .text = "no keeper has kept anything: the own journal counts"});
    }
}

/* Only one that did not hand it over has the newest journal: whoever has not answered yet may have
 * as much. */
static bool ask_others(const struct keeping *keeping)
{
    uint32_t source = keeping_recall_source(keeping);
    bool others = false;
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
        others = others || (!keeping->peers[i].promised && !keeping->peers[i].given_up);
    }
    return others && source < keeping->peer_count && keeping->peers[source].mute > 0 &&
           keeping->now < keeping->asked_at + ask_patience(keeping);
}

static void ask_go_on(struct keeping *keeping)
{
    struct ask_count count = ask_count(keeping, KEEPING_NOW | KEEPING_NEXT);
    if (keeping->state != KEEPING_ASKING || keeping->old || keeping->asked_at > keeping->now ||
        !ask_enough(keeping, &count) || ask_others(keeping)) {
        return;
    }
    ask_members(keeping, &count);
    keeping_recall_begin(keeping);
}

/* ---- events ---------------------------------------------------------------------------------- */

static void ask_one(struct keeping *keeping, struct keeping_peer *peer)
{
    struct mn_down *down = keeping_say(keeping, KEEPING_DO_SEND, peer->host, MN_DOWN_PROMISE);
    if (down != NULL) {
        down->promise.candidate = keeping->candidate;
        down->promise.attempt = peer->attempt;
    }
}

static bool rumour_known(const struct keeping_peer *peer, uint64_t disk)
{
    bool known = false;
    for (uint32_t i = 0; i < KEEPING_RUMOUR_COUNT; i++) {
        known = known || peer->rumours[i] == disk;
    }
    return known;
}

/* Another keeper was told of another life of its disk than that in which this one promised: that
 * promise may be forgotten, and whoever had it refilled may have had records stored there since.
 * Its own next word is the newest. */
static void ask_rumour(struct keeping *keeping, const struct mn_noted *noted)
{
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
        struct keeping_peer *peer = &keeping->peers[i];
        if (strcmp(keeping_host(keeping, peer), noted->host.text) == 0 &&
            noted->disk != peer->disk && !rumour_known(peer, noted->disk)) {
            memmove(peer->rumours + 1, peer->rumours, sizeof peer->rumours - sizeof noted->disk);
            peer->rumours[0] = noted->disk;
            peer->unheard += peer->unheard < KEEPING_RUMOUR_COUNT ? 1 : 0;
            peer->attempt += 1;
            peer->promised = false;
            ask_one(keeping, peer);
        }
    }
}

void keeping_promised(struct keeping *keeping, struct keeping_peer *peer, const struct mn_up *up)
{
    if (up->promised.promised != keeping->generation || up->promised.attempt != peer->attempt ||
        up->promised.candidate != keeping->candidate || keeping->state != KEEPING_ASKING ||
        peer->given_up) {
        return;
    }
    if (up->promised.newest.generation >= keeping->generation) {
        keeping_overtaken(keeping, up->promised.newest.generation); /* it must not have promised */
        return;
    }
    peer->promised = true;
    peer->head = up->promised.newest;
    peer->member = up->promised.member;
    peer->holds = up->promised.holds;
    peer->disk = up->disk;
    peer->unheard = 0;
    for (uint32_t i = 0; i < up->promised.noted_count; i++) {
        ask_rumour(keeping, &up->promised.noted[i]);
    }
    ask_go_on(keeping);
}

void keeping_say_missing(struct keeping *keeping)
{
    mn_time lost = keeping->topology->timing.lost_ms * MN_MS;
    if (keeping->said_at != MN_TIME_NEVER && keeping->said_at + lost > keeping->now) {
        return;
    }
    char text[MN_KEEPER_PEER_COUNT_MAX * (MN_NAME_SIZE_MAX + 2) + 64] = "waits for the keepers";
    size_t size = strlen(text);
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
        const struct keeping_peer *peer = &keeping->peers[i];
        bool missing = keeping->state == KEEPING_LEADING
                           ? !keeping_answers(keeping, peer) || !keeping_counts(keeping, peer)
                           : !peer->promised || peer->member != MN_MEMBER_WHOLE;
        if (missing && peer->sets != 0) {
            const char *name = keeping_host(keeping, peer);
            size_t length = strlen(name);
            text[size] = ' ';
            memcpy(text + size + 1, name, length + 1);
            size += length + 1;
        }
    }
    keeping->said_at = keeping->now;
    keeping_note(keeping, (struct keeping_note_facts){.note = KEEPING_NOTE_HOLDS,
                                                      .number = keeping->generation,
                                                      .text = text});
}

void keeping_ask_again(struct keeping *keeping, struct keeping_peer *peer, const struct mn_up *up)
{
    if (keeping->state == KEEPING_ASKING && peer->promised && up->disk != peer->disk) {
        peer->attempt += 1;
        peer->promised = false;
    }
    bool there = up->kind == MN_UP_HELLO || up->kind == MN_UP_HEARTBEAT;
    if (keeping->state == KEEPING_ASKING && there && !peer->promised &&
        keeping->asked_at <= keeping->now) {
        ask_one(keeping, peer);
    }
}

void keeping_ask_tick(struct keeping *keeping)
{
    if (keeping->asked_at > keeping->now) {
        keeping_due(keeping, keeping->asked_at);
        return;
    }
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
        struct keeping_peer *peer = &keeping->peers[i];
        if (!peer->promised) {
            ask_one(keeping, peer);
        }
    }
    if (!keeping->old && keeping->asked_at + ask_patience(keeping) <= keeping->now) {
        keeping_say_missing(keeping);
    }
    keeping_due(keeping, keeping->now + keeping->heartbeat);
    ask_go_on(keeping);
}

/* In the middle of leading: a majority is counted of those that answer from now on. */
static void accept_leading(struct keeping *keeping)
{
    keeping->few = true;
    keeping->accept.absent = keeping->absent;
    keeping->accept.absent_count = 0;
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
        struct keeping_peer *peer = &keeping->peers[i];
        if (peer->sets == 0) {
            continue; /* it is filled up, and missed by nobody */
        }
        peer->votes = keeping_answers(keeping, peer);
        peer->granted = peer->granted || (peer->votes && !keeping_counts(keeping, peer));
        if (!peer->votes) {
            peer->noted = keeping->number + 1; /* it is heard again before it counts again */
            peer->whole_at = keeping->newest;
            keeping->absent[keeping->accept.absent_count++] =
                mn_name_of(keeping_host(keeping, peer));
        }
    }
    struct keeping_effect *effect = keeping_ask(keeping, KEEPING_DO_ACCEPTED);
    if (effect != NULL) {
        effect->lead.generation = keeping->generation;
        effect->lead.accepted = &keeping->accept;
    }
    keeping_lead_recorded(keeping);
}

/* With whom it is to go on: with those whose word he saw; with those of his last word too, who are
 * asked once more because of that and are still there. Not with whoever does not hand over what it
 * has. */
static void accept_relies(struct keeping *keeping)
{
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
        struct keeping_peer *peer = &keeping->peers[i];
        bool answers = keeping_answers(keeping, peer);
        bool relied = keeping->state == KEEPING_ASKING ? peer->promised || (peer->relied && answers)
                                                       : answers;
        peer->given_up = peer->mute > 0;
        peer->relied = relied && !peer->given_up;
    }
}

/* Whoever is given up may know of any generation that was lost with the journal, and be heard
 * later: so it goes on above all that can have been, not only above what is known. */
void keeping_accept(struct keeping *keeping, const struct mn_journal_recall *accept)
{
    uint64_t base = mn_base_at(accept->at);
    if (!keeping_may_accept(keeping)) {
        return; /* nothing is unknown */
    }
    keeping->accept = *accept;
    keeping->accepted = true;
    keeping->accept_at = keeping->now;
    keeping_note(keeping, (struct keeping_note_facts){.note = KEEPING_NOTE_ACCEPTED,
                                                      .number = keeping->generation,
                                                      .text = accept->reason});
    accept_relies(keeping);
    if (keeping->state == KEEPING_LEADING) {
        accept_leading(keeping);
        return;
    }
    bool asking = keeping->state == KEEPING_ASKING;
    keeping->generation_seen = base > keeping->generation_seen ? base : keeping->generation_seen;
    keeping_ask_all(keeping, 0);
    if (asking) {
        keeping->accept_at = keeping->now;
        ask_go_on(keeping);
    }
}
