/* Who the keepers are, and how one is replaced.
 *
 * As a cluster of Raft changes its members by joint consensus (Ongaro, "Consensus: Bridging Theory
 * and Practice", 2014, chapter 4.3), one at a time. The topology says who they are until a record
 * does: from then on it is the newest such record of the own journal, in force or not, and what a
 * topology says counts no more, for it may be an old one. A first record names those that keep and
 * those that are to; from when it is in the own journal nothing is in force, and nobody leads,
 * without a majority of the one set and one of the other. Once it is in force a second record names
 * the new set alone. Any majority that a coordinator may find keeps the first record, so whoever
 * knows only the old set hears of the new one there, and asks that too before it leads.
 *
 * Whoever is to become a keeper is filled up before the first record: until then it is kept like
 * one that forgot everything, and counts for nothing. That wish is in memory alone; a coordinator
 * that begins anew knows nothing of it.
 *
 * Invariant: of the sets that count none is changed but by a record, and no record changes more
 * than one keeper. */
#include <string.h>

#include "base/check.h"
#include "base/grow.h"
#include "keeping_private.h"

enum { SETS_RECORD_COUNT_MAX = 1 << 16 };

/* ---- what the records say -------------------------------------------------------------------- */

const struct keeping_record *keeping_sets_newest(const struct keeping *keeping)
{
    return keeping->record_count > 0 ? &keeping->records[keeping->record_count - 1] : NULL;
}

void keeping_sets_add(struct keeping *keeping, uint64_t sequence,
                      const struct mn_journal_keepers *record)
{
    mn_result result = record == NULL ? MN_CORRUPT
                                      : mn_grow(&keeping->records, &keeping->record_capacity,
                                                keeping->record_count + 1, sizeof *keeping->records,
                                                SETS_RECORD_COUNT_MAX);
    if (result != MN_OK) {
        keeping_fail(keeping, result);
        return;
    }
    keeping->records[keeping->record_count++] =
        (struct keeping_record){.sequence = sequence, .said = *record};
    keeping->sets_changed = true;
}

void keeping_sets_cut(struct keeping *keeping, uint64_t sequence)
{
    while (keeping->record_count > 0 &&
           keeping->records[keeping->record_count - 1].sequence >= sequence) {
        keeping->record_count -= 1;
        keeping->sets_changed = true;
    }
}

/* The keepers by the topology, as a record would have them. */
static void sets_of_topology(const struct keeping *keeping, struct mn_journal_keepers *out)
{
    const struct topology_keepers *keepers = &keeping->topology->keepers;
    *out = (struct mn_journal_keepers){.keeper_count = (uint32_t)keepers->count};
    for (size_t i = 0; i < keepers->count; i++) {
        out->keepers[i] = mn_name_of(keeping->topology->hosts[keepers->hosts[i]].name);
    }
}

static void sets_now(const struct keeping *keeping, struct mn_journal_keepers *out)
{
    const struct keeping_record *newest = keeping_sets_newest(keeping);
    if (newest != NULL) {
        *out = newest->said;
    } else {
        sets_of_topology(keeping, out);
    }
}

static bool names_have(const struct mn_name *names, uint32_t count, const struct mn_name *name)
{
    bool have = false;
    for (uint32_t i = 0; i < count; i++) {
        have = have || mn_name_equal(&names[i], name);
    }
    return have;
}

/* ---- peers ----------------------------------------------------------------------------------- */

/* One that nothing is known of yet: it is asked, and counts for nothing until it has answered. */
static struct keeping_peer peer_new(const struct keeping *keeping, const struct mn_name *name)
{
    return (struct keeping_peer){.name = *name,
                                 .host = topology_find_host(keeping->topology, name->text),
                                 .heard_at = MN_TIME_NEVER,
                                 .member = MN_MEMBER_BLANK,
                                 .votes = true,
                                 .next = keeping->newest,
                                 .noted = keeping->number + 1,
                                 .again_at = keeping->now,
                                 .whole_at = keeping->newest > 0 ? keeping->newest : 1};
}

static void sets_put(struct keeping *keeping, const struct keeping_peer *known, uint32_t count,
                     const struct mn_name *name, unsigned set)
{
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
        if (mn_name_equal(&keeping->peers[i].name, name)) {
            keeping->peers[i].sets |= set;
            return;
        }
    }
    mn_assert(keeping->peer_count < MN_KEEPER_PEER_COUNT_MAX);
    struct keeping_peer *peer = &keeping->peers[keeping->peer_count++];
    *peer = peer_new(keeping, name);
    for (uint32_t i = 0; i < count; i++) {
        if (mn_name_equal(&known[i].name, name)) {
            *peer = known[i];
        }
    }
    peer->sets = set;
}

void keeping_sets_apply(struct keeping *keeping)
{
    struct keeping_peer known[MN_KEEPER_PEER_COUNT_MAX];
    struct mn_journal_keepers sets;
    uint32_t count = keeping->peer_count;
    memcpy(known, keeping->peers, sizeof known);
    sets_now(keeping, &sets);
    keeping->peer_count = 0;
    keeping->sets_changed = false;
    for (uint32_t i = 0; i < sets.keeper_count; i++) {
        sets_put(keeping, known, count, &sets.keepers[i], KEEPING_NOW);
    }
    for (uint32_t i = 0; i < sets.next_count; i++) {
        sets_put(keeping, known, count, &sets.next[i], KEEPING_NEXT);
    }
    if (keeping->wishes) {
        sets_put(keeping, known, count, &keeping->wish_to, 0);
    }
}

void keeping_sets_compare(struct keeping *keeping)
{
    const struct keeping_record *newest = keeping_sets_newest(keeping);
    struct mn_journal_keepers said;
    char text[MN_KEEPER_COUNT_MAX * (MN_NAME_SIZE_MAX + 2) + 160];
    if (newest == NULL) {
        return;
    }
    sets_of_topology(keeping, &said);
    bool same = said.keeper_count == newest->said.keeper_count;
    for (uint32_t i = 0; i < said.keeper_count; i++) {
        same =
            same && names_have(newest->said.keepers, newest->said.keeper_count, &said.keepers[i]);
    }
    if (same) {
        return;
    }
    size_t size = 0;
    for (uint32_t i = 0; i < newest->said.keeper_count; i++) {
        const char *name = newest->said.keepers[i].text;
        size_t length = strlen(name);
        memcpy(text + size, name, length + 1);
        size += length;
        text[size++] = ' ';
    }
    static const char rest[] =
        "are the keepers by this record, and that counts; the topology names "
        "others: write these there";
    memcpy(text + size, rest, sizeof rest);
    keeping_note(keeping, (struct keeping_note_facts){.note = KEEPING_NOTE_TOPOLOGY,
                                                      .sequence = newest->sequence,
                                                      .text = text});
}

/* ---- majorities ------------------------------------------------------------------------------ */

uint32_t keeping_needed(const struct keeping *keeping, unsigned set)
{
    uint32_t votes = 0;
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
        const struct keeping_peer *peer = &keeping->peers[i];
        votes += peer->votes && (peer->sets & set) != 0 ? 1 : 0;
    }
    return votes > 0 ? votes / 2 + 1 : 0;
}

bool keeping_enough(const struct keeping *keeping, const bool *have)
{
    for (unsigned set = KEEPING_NOW; set <= KEEPING_NEXT; set <<= 1) {
        uint32_t count = 0;
        for (uint32_t i = 0; i < keeping->peer_count; i++) {
            const struct keeping_peer *peer = &keeping->peers[i];
            count += have[i] && peer->votes && (peer->sets & set) != 0 ? 1 : 0;
        }
        if (count < keeping_needed(keeping, set)) {
            return false;
        }
    }
    return true;
}

/* ---- replacing one --------------------------------------------------------------------------- */

static const struct keeping_peer *sets_find(const struct keeping *keeping, const char *name)
{
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
        const struct keeping_peer *peer = &keeping->peers[i];
        if (peer->sets != 0 && strcmp(peer->name.text, name) == 0) {
            return peer;
        }
    }
    return NULL;
}

/* The last change is on its way into force: the next one waits for that. */
static bool sets_settling(const struct keeping *keeping)
{
    const struct keeping_record *newest = keeping_sets_newest(keeping);
    return keeping->change_asked || (newest != NULL && (newest->said.next_count > 0 ||
                                                        newest->sequence > keeping->in_force));
}

mn_result keeping_may_replace(const struct keeping *keeping, const char *from, const char *to,
                              struct mn_error *error)
{
    uint32_t host = topology_find_host(keeping->topology, to);
    if (keeping->state != KEEPING_LEADING) {
        mn_error_set(error, "this coordinator does not lead: see mneme status");
        return MN_AGAIN;
    }
    if (keeping->founding) {
        mn_error_set(error, "the cluster is new: not every keeper has answered yet");
        return MN_AGAIN;
    }
    if (sets_settling(keeping)) {
        mn_error_set(error,
                     "the last change of the keepers is not in force yet: see mneme keepers");
        return MN_AGAIN;
    }
    if (sets_find(keeping, from) == NULL) {
        mn_error_set(error, "%.128s is no keeper: see mneme keepers", from);
        return MN_NOT_FOUND;
    }
    if (host == TOPOLOGY_NONE) {
        mn_error_set(error, "there is no host %.128s in the coordinator's topology", to);
        return MN_NOT_FOUND;
    }
    if (sets_find(keeping, to) != NULL) {
        mn_error_set(error, "%.128s is a keeper already", to);
        return MN_EXISTS;
    }
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
        const struct keeping_peer *peer = &keeping->peers[i];
        if (peer->sets != 0 && peer->host != TOPOLOGY_NONE && strcmp(peer->name.text, from) != 0 &&
            topology_domains_share(keeping->topology, host, peer->host)) {
            mn_error_set(error,
                         "%.128s stands in the domain of the keeper %.128s; expected each "
                         "in a domain of its own",
                         to, peer->name.text);
            return MN_DENIED;
        }
    }
    return MN_OK;
}

void keeping_replace(struct keeping *keeping, const struct keeping_event *event)
{
    struct mn_error error;
    const char *from = event->replace.from;
    const char *to = event->replace.to;
    if (keeping_may_replace(keeping, from, to, &error) != MN_OK) {
        return;
    }
    keeping->wishes = true;
    keeping->wish_from = mn_name_of(from);
    keeping->wish_to = mn_name_of(to);
    keeping->wish = *event->replace.word;
    keeping_sets_apply(keeping);
    keeping_note(keeping, (struct keeping_note_facts){.note = KEEPING_NOTE_FILLS,
                                                      .host = keeping->wish_to.text,
                                                      .sequence = keeping->newest,
                                                      .text = keeping->wish.reason});
    keeping_lead_tick(keeping);
}

static void sets_ask(struct keeping *keeping, const struct mn_journal_keepers *record)
{
    struct mn_journal_keepers *copy = keeping_take(keeping, 1, sizeof *copy);
    struct keeping_effect *effect = copy != NULL ? keeping_ask(keeping, KEEPING_DO_CHANGE) : NULL;
    if (effect != NULL) {
        *copy = *record;
        effect->change = copy;
        keeping->change_asked = true;
    }
}

/* Whoever is to be one has everything that there was when it was asked for, and is whole. */
static bool wish_filled(const struct keeping *keeping)
{
    for (uint32_t i = 0; keeping->wishes && i < keeping->peer_count; i++) {
        const struct keeping_peer *peer = &keeping->peers[i];
        if (peer->sets == 0) {
            return keeping_counts(keeping, peer) && peer->matched >= peer->whole_at;
        }
    }
    return false;
}

void keeping_sets_advance(struct keeping *keeping)
{
    const struct keeping_record *newest = keeping_sets_newest(keeping);
    if (keeping->state != KEEPING_LEADING || keeping->change_asked) {
        return;
    }
    if (newest != NULL && newest->said.next_count > 0) {
        if (keeping->in_force >= newest->sequence) {
            struct mn_journal_keepers over = newest->said;
            memcpy(over.keepers, newest->said.next, sizeof over.keepers);
            over.keeper_count = newest->said.next_count;
            over.next_count = 0;
            sets_ask(keeping, &over);
        }
        return;
    }
    if (wish_filled(keeping)) {
        struct mn_journal_keepers change = keeping->wish;
        struct mn_journal_keepers sets;
        sets_now(keeping, &sets);
        memcpy(change.keepers, sets.keepers, sizeof change.keepers);
        memcpy(change.next, sets.keepers, sizeof change.next);
        change.keeper_count = sets.keeper_count;
        change.next_count = sets.keeper_count;
        for (uint32_t i = 0; i < change.next_count; i++) {
            if (mn_name_equal(&change.next[i], &keeping->wish_from)) {
                change.next[i] = keeping->wish_to;
            }
        }
        sets_ask(keeping, &change);
    }
}

void keeping_sets_recorded(struct keeping *keeping)
{
    const struct keeping_record *newest = keeping_sets_newest(keeping);
    keeping->change_asked = false;
    keeping->wishes = false;
    keeping_sets_apply(keeping);
    if (newest->said.next_count == 0) {
        keeping_note(keeping, (struct keeping_note_facts){.note = KEEPING_NOTE_CHANGED,
                                                          .sequence = newest->sequence,
                                                          .number = newest->said.keeper_count,
                                                          .text = newest->said.reason});
    }
}

/* ---- what there is to see -------------------------------------------------------------------- */

size_t keeping_change_count(const struct keeping *keeping)
{
    return keeping->record_count;
}

const struct mn_journal_keepers *keeping_change(const struct keeping *keeping, size_t index,
                                                uint64_t *sequence)
{
    mn_assert(index < keeping->record_count);
    *sequence = keeping->records[index].sequence;
    return &keeping->records[index].said;
}

const char *keeping_change_state(const struct keeping *keeping)
{
    const struct keeping_record *newest = keeping_sets_newest(keeping);
    if (newest != NULL && newest->said.next_count > 0) {
        return "joint";
    }
    if (keeping->wishes || keeping->change_asked) {
        return "filling";
    }
    bool leads = keeping->state == KEEPING_LEADING;
    return leads && newest != NULL && newest->sequence > keeping->in_force ? "ending" : "";
}
