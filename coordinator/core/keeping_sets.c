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
 * Whoever is to become a keeper is filled up before that: it is kept like one that forgot
 * everything, and counts for nothing. What the operator said is a record of its own (`filling`), so
 * whoever leads next goes on with it. The newest such word counts.
 *
 * Until the second record an operator may take it back, with one that names the old set alone. It
 * rests on a majority of the old set, as everything does that was in force before it or that
 * another coordinator may have in force meanwhile: with the old set alone, or with any set that was
 * to follow. The new set alone has nothing in force as long as nobody has the second record; so
 * only the generation that made the first may take it back. After another one's, a journal may end
 * with the second record, and whoever begins with that asks the new set alone.
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
    keeping->sets_changed = keeping->sets_changed || !record->filling;
}

void keeping_sets_cut(struct keeping *keeping, uint64_t sequence)
{
    while (keeping->record_count > 0 &&
           keeping->records[keeping->record_count - 1].sequence >= sequence) {
        keeping->record_count -= 1;
        bool filling = keeping->records[keeping->record_count].said.filling;
        keeping->sets_changed = keeping->sets_changed || !filling;
    }
}

/* Whether both of its sets count. */
static bool sets_joint(const struct keeping_record *record)
{
    return record != NULL && record->said.next_count > 0 && !record->said.filling;
}

static bool sets_filling(const struct keeping_record *record)
{
    return record != NULL && record->said.filling;
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

/* The one of these that is none of the others, who are as many. */
static const struct mn_name *names_besides(const struct mn_name *names,
                                           const struct mn_name *others, uint32_t count)
{
    const struct mn_name *besides = names;
    for (uint32_t i = 0; i < count; i++) {
        besides = names_have(others, count, &names[i]) ? besides : &names[i];
    }
    return besides;
}

static const struct mn_name *sets_leaving(const struct keeping_record *change)
{
    return names_besides(change->said.keepers, change->said.next, change->said.next_count);
}

static const struct mn_name *sets_coming(const struct keeping_record *change)
{
    return names_besides(change->said.next, change->said.keepers, change->said.next_count);
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
    for (uint32_t i = 0; i < sets.next_count && !sets.filling; i++) {
        sets_put(keeping, known, count, &sets.next[i], KEEPING_NEXT);
    }
    if (sets.filling && keeping->state == KEEPING_LEADING) { /* who does not lead fills nobody up */
        sets_put(keeping, known, count, sets_coming(keeping_sets_newest(keeping)), 0);
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
    return keeping->change_asked || sets_joint(newest) ||
           (newest != NULL && !newest->said.filling && newest->sequence > keeping->in_force);
}

/* Whether @to, who is to leave for @from, is to stay after all. */
static bool sets_takes_back(const struct keeping *keeping, const char *from, const char *to)
{
    const struct keeping_record *newest = keeping_sets_newest(keeping);
    return !keeping->change_asked && newest != NULL && newest->said.next_count > 0 &&
           strcmp(sets_coming(newest)->text, from) == 0 &&
           strcmp(sets_leaving(newest)->text, to) == 0;
}

/* A wish can always be taken back; a change, where no second record can be anywhere. */
static mn_result sets_may_take_back(const struct keeping *keeping, struct mn_error *error)
{
    const struct keeping_record *newest = keeping_sets_newest(keeping);
    if (newest->said.filling ||
        keeping_log_generation(keeping, newest->sequence) == keeping->generation) {
        return MN_OK;
    }
    mn_error_set(error,
                 "an earlier coordinator let %.128s take the place of %.128s, and may have ended "
                 "that: it cannot be taken back any more; it goes on once a majority of the old "
                 "keepers and one of the new answer",
                 sets_coming(newest)->text, sets_leaving(newest)->text);
    return MN_AGAIN;
}

static mn_result sets_refuse_settling(const struct keeping *keeping, struct mn_error *error)
{
    const struct keeping_record *newest = keeping_sets_newest(keeping);
    if (!keeping->change_asked && sets_joint(newest)) {
        const char *leaves = sets_leaving(newest)->text;
        const char *comes = sets_coming(newest)->text;
        mn_error_set(error,
                     "%.128s is taking the place of %.128s: see mneme keepers; what takes that "
                     "back is mneme keepers replace %.128s %.128s",
                     comes, leaves, comes, leaves);
    } else {
        mn_error_set(error,
                     "the last change of the keepers is not in force yet: see mneme keepers");
    }
    return MN_AGAIN;
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
    if (sets_takes_back(keeping, from, to)) {
        return sets_may_take_back(keeping, error);
    }
    if (sets_settling(keeping)) {
        return sets_refuse_settling(keeping, error);
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

static void sets_ask(struct keeping *keeping, const struct mn_journal_keepers *record)
{
    struct mn_journal_keepers *copy = keeping_take(keeping, 1, sizeof *copy);
    struct keeping_effect *effect = copy != NULL ? keeping_ask(keeping, KEEPING_DO_CHANGE) : NULL;
    if (effect != NULL) {
        *copy = *record;
        effect->change = copy;
        keeping->change_asked = true;
        keeping->change_ends = record->next_count == 0;
    }
}

void keeping_replace(struct keeping *keeping, const struct keeping_event *event)
{
    struct mn_error error;
    struct mn_journal_keepers sets;
    struct mn_journal_keepers change = *event->replace.word;
    const char *from = event->replace.from;
    const char *to = event->replace.to;
    if (keeping_may_replace(keeping, from, to, &error) != MN_OK) {
        return;
    }
    sets_now(keeping, &sets);
    memcpy(change.keepers, sets.keepers, sizeof change.keepers);
    change.keeper_count = sets.keeper_count;
    change.filling = !sets_takes_back(keeping, from, to);
    change.next_count = change.filling ? sets.keeper_count : 0;
    for (uint32_t i = 0; i < change.next_count; i++) {
        bool leaves = strcmp(sets.keepers[i].text, from) == 0;
        change.next[i] = leaves ? mn_name_of(to) : sets.keepers[i];
    }
    sets_ask(keeping, &change);
}

/* Whoever is to be one has everything that there was when it was asked for, and is whole. */
static bool sets_filled(const struct keeping *keeping)
{
    for (uint32_t i = 0; i < keeping->peer_count; i++) {
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
    if (sets_joint(newest) && keeping->in_force >= newest->sequence) {
        struct mn_journal_keepers over = newest->said;
        memcpy(over.keepers, newest->said.next, sizeof over.keepers);
        over.keeper_count = newest->said.next_count;
        over.next_count = 0;
        sets_ask(keeping, &over);
    }
    if (sets_filling(newest) && sets_filled(keeping)) {
        struct mn_journal_keepers change = newest->said;
        change.filling = false;
        sets_ask(keeping, &change);
    }
}

/* The record before named the same ones: that change was taken back. */
static bool sets_stayed(const struct keeping *keeping)
{
    const struct mn_journal_keepers *newest = &keeping->records[keeping->record_count - 1].said;
    bool stayed = keeping->record_count > 1;
    for (uint32_t i = 0; stayed && i < newest->keeper_count; i++) {
        const struct mn_journal_keepers *before = &keeping->records[keeping->record_count - 2].said;
        stayed = names_have(before->keepers, before->keeper_count, &newest->keepers[i]);
    }
    return stayed;
}

void keeping_sets_recorded(struct keeping *keeping)
{
    const struct keeping_record *newest = keeping_sets_newest(keeping);
    struct keeping_note_facts facts = {.sequence = newest->sequence, .text = newest->said.reason};
    keeping->change_asked = false;
    keeping_sets_apply(keeping);
    if (newest->said.filling) {
        facts.note = KEEPING_NOTE_FILLS;
        facts.host = sets_coming(newest)->text;
        keeping_note(keeping, facts);
    } else if (newest->said.next_count == 0) {
        facts.note = sets_stayed(keeping) ? KEEPING_NOTE_STAYED : KEEPING_NOTE_CHANGED;
        facts.number = newest->said.keeper_count;
        keeping_note(keeping, facts);
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
    if (keeping->change_asked) {
        return keeping->change_ends ? "ending" : "filling";
    }
    if (newest != NULL && newest->said.next_count > 0) {
        return newest->said.filling ? "filling" : "joint";
    }
    bool leads = keeping->state == KEEPING_LEADING;
    return leads && newest != NULL && newest->sequence > keeping->in_force ? "ending" : "";
}
