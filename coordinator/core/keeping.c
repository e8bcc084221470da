/* The step of keeping: hand each event to the file that it concerns. Its own rules: whoever leads
 * stands down for good when a higher generation shows, and whoever does not lead yet goes above it;
 * and a journal that lacks what any agent was shown is an old one, in which nothing is decided. */
#include "keeping.h"

#include <stdlib.h>

#include "base/check.h"
#include "keeping_private.h"

enum { KEEPING_SPREAD = 7 }; /* who are refused wait for one of so many whiles */

mn_result keeping_new(struct keeping **out, const struct topology *topology, uint64_t candidate)
{
    struct keeping *keeping = calloc(1, sizeof *keeping);
    if (keeping == NULL) {
        return MN_NO_MEMORY;
    }
    keeping->greeted = calloc(topology->host_count + 1, sizeof *keeping->greeted);
    if (keeping->greeted == NULL) {
        free(keeping);
        return MN_NO_MEMORY;
    }
    keeping->topology = topology;
    keeping->candidate = candidate;
    keeping->heartbeat = topology->timing.heartbeat_ms * MN_MS;
    keeping->deadline = MN_TIME_NEVER;
    keeping->said_at = MN_TIME_NEVER;
    keeping->shown_by = TOPOLOGY_NONE;
    keeping_sets_apply(keeping);
    *out = keeping;
    return MN_OK;
}

void keeping_destroy(struct keeping **out)
{
    struct keeping *keeping = *out;
    if (keeping != NULL) {
        free(keeping->runs);
        free(keeping->records);
        free(keeping->part);
        free(keeping->greeted);
        free(keeping);
        *out = NULL;
    }
}

void keeping_due(struct keeping *keeping, mn_time at)
{
    keeping->deadline = at < keeping->deadline ? at : keeping->deadline;
}

const char *keeping_host(const struct keeping *keeping, const struct keeping_peer *peer)
{
    (void)keeping;
    return peer->name.text;
}

static void stand_down(struct keeping *keeping)
{
    keeping->state = KEEPING_OVERTAKEN;
    keeping->deadline = MN_TIME_NEVER;
    (void)keeping_ask(keeping, KEEPING_DO_OVERTAKEN);
}

void keeping_overtaken(struct keeping *keeping, uint64_t generation)
{
    if (generation > keeping->generation_seen) {
        keeping->generation_seen = generation;
    }
    if (keeping->state == KEEPING_LEADING && generation > keeping->generation) {
        stand_down(keeping);
        keeping_note(keeping, (struct keeping_note_facts){
                                  .note = KEEPING_NOTE_OVERTAKEN,
                                  .number = generation,
                                  .text = "another coordinator leads in a higher generation; this "
                                          "one says and decides nothing any more"});
    } else if (keeping->state != KEEPING_LEADING && generation >= keeping->generation) {
        mn_time spread = (mn_time)(1 + keeping->candidate % KEEPING_SPREAD);
        keeping_ask_all(keeping, keeping->heartbeat * spread / KEEPING_SPREAD);
    }
}

static void stand_down_old(struct keeping *keeping, const char *text)
{
    keeping->old = true;
    stand_down(keeping);
    keeping_note(keeping, (struct keeping_note_facts){
                              .note = KEEPING_NOTE_OLD,
                              .host = keeping->topology->hosts[keeping->shown_by].name,
                              .sequence = keeping->shown.sequence,
                              .number = keeping->shown.generation,
                              .text = text});
}

/* Nobody but this journal says that it is the newest. */
static bool stands_alone(const struct keeping *keeping)
{
    return keeping->peer_count == 0 || keeping->founding;
}

/* What an agent was shown is in the journal, or this journal is not the newest: unless a majority
 * of the keepers has promised, and what it was shown is of a higher generation, in which another
 * coordinator leads now. */
static void on_head(struct keeping *keeping, uint32_t host, const struct mn_head *head)
{
    if (!keeping_head_below(&keeping->shown, head)) {
        return;
    }
    keeping->shown = *head;
    keeping->shown_by = host;
    bool other = head->generation > keeping->generation && !stands_alone(keeping);
    if (keeping->state == KEEPING_LEADING && !other && !keeping_log_has(keeping, head)) {
        stand_down_old(keeping, "this host's agent was shown a record that this journal does not "
                                "have: it is an old one, and nothing is decided from it; restore "
                                "a newer one, or have it go on with mneme recall "
                                "--accept-unknown");
    }
}

/* The first word of a host that is no keeper: this process has said nothing to it yet, so that a
 * generation that it has heard of was another's. One that is not below this one makes this journal
 * an old one, unless a majority of the keepers has promised and another leads in a higher one. */
static void on_first(struct keeping *keeping, uint32_t host, uint64_t generation)
{
    if (keeping->state == KEEPING_LEADING &&
        (generation == keeping->generation || stands_alone(keeping))) {
        keeping->shown = (struct mn_head){.generation = generation};
        keeping->shown_by = host;
        stand_down_old(keeping, "this host's agent has heard of this generation, or of a later "
                                "one, from another coordinator: this journal is an old one, and "
                                "nothing is decided from it; restore a newer one, or have it go "
                                "on with mneme recall --accept-unknown");
    } else if (keeping->state != KEEPING_LEADING) {
        keeping_overtaken(keeping, generation);
    }
}

static struct keeping_peer *find_peer(struct keeping *keeping, uint32_t host)
{
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
        if (keeping->peers[i].host == host) { /* of a connection, so it is in the topology */
            return &keeping->peers[i];
        }
    }
    return NULL;
}

static void on_up(struct keeping *keeping, uint32_t host, const struct mn_up *message)
{
    if (keeping->state == KEEPING_LOADING || keeping->state == KEEPING_OVERTAKEN) {
        return;
    }
    struct keeping_peer *peer = find_peer(keeping, host);
    bool answers = message->kind == MN_UP_PROMISED || message->kind == MN_UP_KEPT ||
                   message->kind == MN_UP_RECALLED; /* to what it was asked as a keeper */
    bool first = peer == NULL && !keeping->greeted[host] && !answers;
    keeping->greeted[host] = true;
    if (message->kind == MN_UP_HELLO) {
        on_head(keeping, host, &message->hello.head);
    }
    if (first && message->generation >= keeping->generation &&
        keeping->state != KEEPING_OVERTAKEN) {
        on_first(keeping, host, message->generation);
    }
    if (keeping->state == KEEPING_OVERTAKEN) {
        return;
    }
    if (message->generation > keeping->generation) {
        keeping_overtaken(keeping, message->generation);
        return;
    }
    if (peer == NULL) {
        return;
    }
    peer->heard_at = keeping->now;
    keeping_ask_again(keeping, peer, message);
    if (message->kind == MN_UP_PROMISED) {
        keeping_promised(keeping, peer, message);
    } else if (message->kind == MN_UP_KEPT) {
        keeping_kept(keeping, peer, message);
    } else if (message->kind == MN_UP_RECALLED) {
        keeping_recalled(keeping, peer, message);
    } else if (message->kind == MN_UP_OVERTAKEN) {
        keeping_overtaken(keeping, message->overtaken.generation);
    }
}

static void on_recorded(struct keeping *keeping, const struct keeping_event *event)
{
    if (event->record.sequence > keeping->newest) {
        keeping_log_add(keeping, event->record.sequence, event->record.generation);
    }
    keeping->durable = event->record.sequence;
    bool keepers = event->record.kind == MN_JOURNAL_KEEPERS;
    keeping_log_read(keeping, event);
    if (keepers && keeping->state == KEEPING_LEADING && keeping->effects->result == MN_OK) {
        keeping_sets_recorded(keeping);
    }
    if (keeping->state == KEEPING_LEADING) {
        keeping_lead_recorded(keeping);
    } else {
        keeping_recall_recorded(keeping);
    }
}

static void on_tick(struct keeping *keeping)
{
    if (keeping->now < keeping->deadline) {
        return;
    }
    keeping->deadline = MN_TIME_NEVER;
    switch (keeping->state) {
    case KEEPING_ASKING:
        keeping_ask_tick(keeping);
        return;
    case KEEPING_RECALLING:
    case KEEPING_INSTALLING:
        keeping_recall_tick(keeping);
        return;
    case KEEPING_LEADING:
        keeping_lead_tick(keeping);
        return;
    case KEEPING_LOADING:
    case KEEPING_OVERTAKEN:
        return;
    }
}

void keeping_step(struct keeping *keeping, mn_time now, const struct keeping_event *event,
                  struct keeping_effects *effects)
{
    mn_assert(now >= keeping->now);
    keeping->now = now;
    keeping->effects = effects;
    switch (event->kind) {
    case KEEPING_ON_LOG:
        mn_assert(keeping->state == KEEPING_LOADING);
        keeping_log_add(keeping, event->record.sequence, event->record.generation);
        keeping->durable = keeping->newest;
        keeping_log_read(keeping, event);
        break;
    case KEEPING_ON_BEGIN:
        mn_assert(keeping->state == KEEPING_LOADING);
        keeping_ask_all(keeping, 0);
        break;
    case KEEPING_ON_UP:
        on_up(keeping, event->up.host, event->up.message);
        break;
    case KEEPING_ON_WRITING:
        keeping_lead_writing(keeping, &event->writing);
        break;
    case KEEPING_ON_RECORDED:
        on_recorded(keeping, event);
        break;
    case KEEPING_ON_SET_ASIDE:
        keeping->aside = false;
        keeping_recall_recorded(keeping);
        break;
    case KEEPING_ON_ACCEPT:
        keeping_accept(keeping, event->accept);
        break;
    case KEEPING_ON_REPLACE:
        keeping_replace(keeping, event);
        break;
    case KEEPING_ON_TICK:
        on_tick(keeping);
        break;
    }
    keeping->effects = NULL;
}

mn_time keeping_deadline(const struct keeping *keeping)
{
    return keeping->deadline;
}

bool keeping_leads(const struct keeping *keeping)
{
    return keeping->state == KEEPING_LEADING;
}

void keeping_invariant(const struct keeping *keeping)
{
    mn_assert(keeping->durable <= keeping->newest);
    mn_assert(keeping->in_force <= keeping->durable);
    mn_assert(keeping->run_count == 0 ||
              keeping->runs[keeping->run_count - 1].first <= keeping->newest);
    for (size_t i = 1; i < keeping->run_count; i++) {
        mn_assert(keeping->runs[i - 1].first < keeping->runs[i].first);
        mn_assert(keeping->runs[i - 1].generation < keeping->runs[i].generation);
    }
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
        mn_assert(keeping->peers[i].sets != 0 || keeping->state == KEEPING_LEADING ||
                  keeping->state == KEEPING_OVERTAKEN);
    }
    for (size_t i = 1; i < keeping->record_count; i++) {
        mn_assert(keeping->records[i - 1].sequence < keeping->records[i].sequence);
    }
}

/* ---- what there is to see -------------------------------------------------------------------- */

const char *keeping_state_name(enum keeping_state state)
{
    static const char *const names[] = {"loading",    "asking",  "recalling",
                                        "installing", "leading", "overtaken"};
    return names[state];
}

bool keeping_answers(const struct keeping *keeping, const struct keeping_peer *peer)
{
    return peer->heard_at != MN_TIME_NEVER &&
           peer->heard_at + keeping->topology->timing.stale_ms * MN_MS > keeping->now;
}

/* Too few of those that vote answer, or what they say does not count. */
static bool leading_holds(const struct keeping *keeping)
{
    bool have[MN_KEEPER_PEER_COUNT_MAX] = {false};
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
        const struct keeping_peer *peer = &keeping->peers[i];
        have[i] = keeping_answers(keeping, peer) && keeping_counts(keeping, peer);
    }
    return !keeping_enough(keeping, have);
}

/* It is asked once more for what it did not hand over. */
static bool mute_source(const struct keeping *keeping)
{
    return keeping->state == KEEPING_RECALLING && keeping->peers[keeping->source].mute > 0;
}

/* The keeper that has not handed over most often, while that holds anything up; NULL: none. */
static const struct keeping_peer *mute_peer(const struct keeping *keeping)
{
    const struct keeping_peer *mute = NULL;
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
        const struct keeping_peer *peer = &keeping->peers[i];
        mute = peer->mute > (mute != NULL ? mute->mute : 0) ? peer : mute;
    }
    return keeping->state == KEEPING_ASKING || mute_source(keeping) ? mute : NULL;
}

bool keeping_may_accept(const struct keeping *keeping)
{
    return keeping->state == KEEPING_ASKING || mute_source(keeping) ||
           (keeping->state == KEEPING_OVERTAKEN && keeping->old) ||
           (keeping->state == KEEPING_LEADING && leading_holds(keeping));
}

void keeping_facts(const struct keeping *keeping, struct keeping_facts *out)
{
    bool leads = keeping->state == KEEPING_LEADING;
    const struct keeping_peer *mute = mute_peer(keeping);
    *out = (struct keeping_facts){.state = keeping->state,
                                  .mute = mute != NULL ? keeping_host(keeping, mute) : NULL,
                                  .generation = keeping->generation,
                                  .newest = keeping->newest,
                                  .in_force = keeping->in_force,
                                  .keeper_count = keeping->peer_count,
                                  .needed = keeping_needed(keeping, KEEPING_NOW),
                                  .next_needed = keeping_needed(keeping, KEEPING_NEXT),
                                  .holds = leads ? leading_holds(keeping)
                                                 : keeping->state != KEEPING_OVERTAKEN,
                                  .accepted = keeping->accepted,
                                  .shown = keeping->shown,
                                  .shown_by = keeping->old ? keeping->shown_by : TOPOLOGY_NONE};
}

void keeping_keeper(const struct keeping *keeping, uint32_t index, struct keeping_keeper *out)
{
    const struct keeping_peer *peer = &keeping->peers[index];
    bool leads = keeping->state == KEEPING_LEADING;
    *out =
        (struct keeping_keeper){.name = peer->name.text,
                                .host = peer->host,
                                .now = (peer->sets & KEEPING_NOW) != 0,
                                .next = (peer->sets & KEEPING_NEXT) != 0,
                                .answers = keeping_answers(keeping, peer) &&
                                           (peer->promised || keeping->state != KEEPING_ASKING),
                                .counts = leads ? keeping_counts(keeping, peer)
                                                : peer->promised && peer->member == MN_MEMBER_WHOLE,
                                .member = peer->forgot ? MN_MEMBER_BLANK : peer->member,
                                .kept = leads ? peer->matched : peer->head.sequence};
}
