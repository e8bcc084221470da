/* G10 unknown is an answer. Of a vat that runs everything that it had heard when the round began to
 * ask stands in the evidence, with its checkpoints or its open interval; otherwise it stands there
 * as lost or as unknown. Of a vat that is lost all its checkpoints stand there that were, when they
 * were asked, on hosts which have answered. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "observer/observer_private.h"

static bool listed(const struct evidence_names *names, uint32_t index)
{
    for (size_t i = 0; i < names->count; i++) {
        if (names->index[i] == index) {
            return true;
        }
    }
    return false;
}

void g10_down(struct observer *observer, const struct mn_down *message)
{
    if (message->kind == MN_DOWN_FREEZE && message->generation == observer->generation &&
        message->freeze.round > observer->asking) {
        observer->asking = message->freeze.round;
        observer->asked = observer->now;
    }
}

static bool heard_has(const struct evidence_heard *heard, size_t count, uint32_t peer,
                      mn_epoch epoch)
{
    for (size_t i = 0; i < count; i++) {
        if (heard[i].vat == peer && heard[i].epoch == epoch) {
            return true;
        }
    }
    return false;
}

/* The evidence, and where in it things are. */
struct lookup {
    struct observer *observer;
    const struct evidence *evidence;
    uint32_t *places; /* by the topology's number of a vat: its place in the evidence + 1, or 0 */
    size_t *newest;   /* by place: its last checkpoint + 1, or 0 */
    size_t *before;   /* by checkpoint: the one before it of the same vat + 1, or 0 */
    const struct evidence_open **open; /* by place */
};

static struct lookup lookup_make(struct observer *observer, const struct evidence *evidence)
{
    struct lookup lookup = {.observer = observer, .evidence = evidence};
    lookup.places = calloc((size_t)observer->vat_count + 1, sizeof *lookup.places);
    lookup.newest = calloc(evidence->vat_count + 1, sizeof *lookup.newest);
    lookup.before = calloc(evidence->checkpoint_count + 1, sizeof *lookup.before);
    lookup.open =
        (const struct evidence_open **)calloc(evidence->vat_count + 1, sizeof *lookup.open);
    mn_assert(lookup.places != NULL && lookup.newest != NULL);
    mn_assert(lookup.before != NULL && lookup.open != NULL);
    for (uint32_t i = 0; i < evidence->vat_count; i++) {
        lookup.places[topology_find_vat(observer->topology, evidence->vats[i].name)] = i + 1;
    }
    for (size_t i = 0; i < evidence->checkpoint_count; i++) {
        uint32_t vat = evidence->checkpoints[i].vat;
        lookup.before[i] = lookup.newest[vat];
        lookup.newest[vat] = i + 1;
    }
    for (size_t i = 0; i < evidence->open_count; i++) {
        lookup.open[evidence->open[i].vat] = &evidence->open[i];
    }
    return lookup;
}

static void lookup_free(struct lookup *lookup)
{
    free(lookup->places);
    free(lookup->newest);
    free(lookup->before);
    free((void *)lookup->open);
}

/* Whether the evidence says that the vat heard of the peer in that epoch. */
static bool heard_listed(const struct lookup *lookup, uint32_t vat, uint32_t peer, mn_epoch epoch)
{
    const struct evidence_open *open = lookup->open[vat];
    if (open != NULL && heard_has(open->heard, open->heard_count, peer, epoch)) {
        return true;
    }
    for (size_t at = lookup->newest[vat]; at > 0; at = lookup->before[at - 1]) {
        const struct evidence_checkpoint *row = &lookup->evidence->checkpoints[at - 1];
        if (heard_has(row->heard, row->heard_count, peer, epoch)) {
            return true;
        }
    }
    return false;
}

/* Up to where the evidence lists nothing that the vat heard: where no floor is given, that is what
 * the first listed checkpoint says that it began after; where none is listed, birth. */
static mn_epoch floor_of(const struct lookup *lookup, uint32_t vat)
{
    const struct evidence_vat *row = &lookup->evidence->vats[vat];
    mn_epoch first = INT64_MAX;
    mn_epoch floor = row->has_floor ? row->floor : 0;
    for (size_t at = row->has_floor ? 0 : lookup->newest[vat]; at > 0;
         at = lookup->before[at - 1]) {
        const struct evidence_checkpoint *checkpoint = &lookup->evidence->checkpoints[at - 1];
        if (checkpoint->epoch < first) {
            first = checkpoint->epoch;
            floor = checkpoint->has_since ? checkpoint->since : checkpoint->epoch - 1;
        }
    }
    return floor;
}

/* What the vat took of one peer, the newest first: what it took up to its floor is settled, and so
 * is what it has been told that it keeps. */
static void pair_listed(const struct lookup *lookup, uint32_t receiver, uint32_t sender,
                        mn_epoch floor)
{
    struct observer *observer = lookup->observer;
    const struct observer_pair *pair = observer_pair(observer, sender, receiver);
    const char *peer = observer_vat_name(observer, sender);
    uint32_t vat = lookup->places[receiver] - 1;
    uint32_t place = lookup->places[sender];
    mn_epoch found = 0;
    for (size_t i = pair->taken_count; i > 0 && pair->taken[i - 1].epoch > floor; i--) {
        const struct observer_taken *taken = &pair->taken[i - 1];
        if (taken->at >= observer->asked || taken->sender_epoch == 0 ||
            taken->sender_epoch == found ||
            observer_told_of(&observer->vats[receiver], sender, taken->sender_epoch)) {
            continue;
        }
        found = taken->sender_epoch;
        if (place == 0 || !heard_listed(lookup, vat, place - 1, found)) {
            observer_fail(observer, "G10",
                          "%s runs, and the evidence neither has what it heard of %s in epoch %llx "
                          "nor calls it unknown",
                          observer_vat_name(observer, receiver), peer, (unsigned long long)found);
            return;
        }
    }
}

/* Whether the host was asked in this round by this coordinator, and is not lost: then it has
 * answered, and before that told of all that was on its disk. */
static bool has_answered(const struct observer *observer, uint32_t host,
                         const struct mn_journal_decision *decision)
{
    const struct observer_freeze *frozen = &observer->frozen[host];
    struct mn_name name = mn_name_of(observer->topology->hosts[host].name);
    for (uint32_t i = 0; i < decision->lost_host_count; i++) {
        if (mn_name_equal(&decision->lost_hosts[i], &name)) {
            return false;
        }
    }
    return frozen->round == decision->round && frozen->generation == observer->generation;
}

static bool checkpoint_listed(const struct lookup *lookup, uint32_t vat, mn_epoch epoch)
{
    for (size_t at = lookup->newest[vat]; at > 0; at = lookup->before[at - 1]) {
        if (lookup->evidence->checkpoints[at - 1].epoch == epoch) {
            return true;
        }
    }
    return false;
}

static void copies_listed(const struct lookup *lookup, uint32_t number,
                          const struct mn_journal_decision *decision)
{
    struct observer *observer = lookup->observer;
    struct observer_vat *vat = &observer->vats[number];
    uint32_t place = lookup->places[number] - 1;
    mn_epoch floor = floor_of(lookup, place);
    for (size_t i = 0; i < vat->copy_count; i++) {
        const struct observer_copy *copy = &vat->copies[i];
        if (copy->epoch > floor && copy->since < observer->frozen[copy->host].heard &&
            has_answered(observer, copy->host, decision) &&
            observer_point(vat, copy->epoch) != NULL &&
            !checkpoint_listed(lookup, place, copy->epoch)) {
            observer_fail(observer, "G10",
                          "%s is lost, and the evidence leaves out its checkpoint %llx, which was "
                          "on %s when that was asked",
                          observer_vat_name(observer, number), (unsigned long long)copy->epoch,
                          observer->topology->hosts[copy->host].name);
            return;
        }
    }
}

void g10_decided(struct observer *observer, const struct evidence *evidence,
                 const struct observer_round *round, const struct mn_journal_decision *decision)
{
    struct lookup lookup = lookup_make(observer, evidence);
    for (size_t i = 0; i < round->start_count; i++) {
        const struct observer_start *start = &round->starts[i];
        if (!start->was_running && lookup.places[start->vat] != 0) {
            copies_listed(&lookup, start->vat, decision);
        }
    }
    for (uint32_t i = 0; i < observer->vat_count; i++) {
        const struct observer_vat *vat = &observer->vats[i];
        if (lookup.places[i] == 0) {
            continue;
        }
        uint32_t place = lookup.places[i] - 1;
        uint32_t host = evidence->vats[place].host;
        bool lost = listed(&evidence->lost.vats, place) ||
                    (host != EVIDENCE_NONE && listed(&evidence->lost.hosts, host));
        if (vat->process == 0 || vat->began >= observer->asked || lost ||
            listed(&evidence->unknown.vats, place) || g5_start(round, i) != NULL) {
            continue;
        }
        mn_epoch floor = floor_of(&lookup, place);
        for (size_t k = 0; k < vat->sender_count; k++) {
            pair_listed(&lookup, i, vat->senders[k], floor);
        }
    }
    lookup_free(&lookup);
}
