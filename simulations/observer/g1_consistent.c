/* G1 consistent and latest. What a vat takes is part of its sender's history, and comes once and in
 * order, and nothing comes from a run that it has been told not to believe; a running vat is
 * stopped before a decision takes it back; after the decision nobody remembers what another forgot,
 * but those that are told; and no lost vat goes back further than it must. */
#include "observer/observer_private.h"

void g1_frozen(struct observer *observer, const struct observer_actor *actor,
               const struct mn_vat_run *suspects, uint32_t count)
{
    struct observer_vat *vat = &observer->vats[actor->vat];
    for (uint32_t i = 0; i < count; i++) {
        uint32_t peer = topology_find_vat(observer->topology, suspects[i].vat.text);
        size_t place = 0;
        while (place < vat->fence_count && vat->fences[place].vat != peer) {
            place += 1;
        }
        if (place == vat->fence_count) {
            observer_grow(&vat->fences, &vat->fence_capacity, vat->fence_count + 1,
                          sizeof *vat->fences);
            vat->fences[vat->fence_count++] = (struct observer_fence){.vat = peer};
        }
        if (suspects[i].run > vat->fences[place].run) {
            vat->fences[place].run = suspects[i].run;
        }
    }
}

/* Whether the vat was told not to believe the peer in the newest run that it has. */
static bool fenced(const struct observer *observer, const struct observer_vat *vat, uint32_t peer)
{
    for (size_t i = 0; i < vat->fence_count; i++) {
        if (vat->fences[i].vat == peer) {
            return vat->fences[i].run >= observer->vats[peer].run;
        }
    }
    return false;
}

/* The number of a message that somebody takes; 0, and it has failed, if it may not be taken. Of
 * what is forgotten a receiver that begins at birth may take again what its sender still keeps: in
 * the order of the ids, and as many as there were. */
static uint64_t number_of(struct observer *observer, const struct observer_actor *actor,
                          uint32_t peer, struct observer_pair *pair, uint64_t id)
{
    const char *name = observer_vat_name(observer, actor->vat);
    const char *from = observer_vat_name(observer, peer);
    uint64_t number = pair != NULL ? observer_sent_find(pair, id) : 0;
    if (pair != NULL && number == 0 && observer_dead_find(pair, id)) {
        observer_fail(observer, "G1", "%s run %u takes in epoch %llx what %s forgot", name,
                      actor->run, (unsigned long long)actor->epoch, from);
        return 0;
    }
    if (pair == NULL || (number == 0 && id > pair->forgotten_id)) {
        observer_fail(observer, "once", "%s is handed a message of %s that is not for it", name,
                      from);
        return 0;
    }
    if (number == 0 && pair->next < pair->forgotten && id > pair->again_id) {
        pair->again_id = id;
        return pair->next + 1;
    }
    if (number != pair->next + 1) {
        observer_fail(observer, "once", "%s takes message %llu of %s after %llu", name,
                      (unsigned long long)number, from, (unsigned long long)pair->next);
        return 0;
    }
    return number;
}

void g1_takes(struct observer *observer, const struct observer_actor *actor, uint32_t peer,
              uint64_t id)
{
    if (id == 0 || id > observer->message_count) {
        observer_fail(observer, "once", "a message that nobody sent");
        return;
    }
    if (fenced(observer, &observer->vats[actor->vat], peer)) {
        observer_fail(observer, "G1",
                      "%s run %u takes in epoch %llx what %s says in run %u, which it was told not "
                      "to believe",
                      observer_vat_name(observer, actor->vat), actor->run,
                      (unsigned long long)actor->epoch, observer_vat_name(observer, peer),
                      observer->vats[peer].run);
    }
    struct observer_pair *pair = observer_pair_find(observer, peer, actor->vat);
    uint64_t number = number_of(observer, actor, peer, pair, id);
    if (number == 0) {
        return;
    }
    const struct observer_message *message =
        number > pair->forgotten ? &pair->sent[number - pair->forgotten - 1] : NULL;
    g4_takes(observer, actor->vat, peer, message != NULL ? message->knows : NULL);
    observer_grow(&pair->taken, &pair->taken_capacity, pair->taken_count + 1, sizeof *pair->taken);
    pair->taken[pair->taken_count++] =
        (struct observer_taken){.index = number,
                                .epoch = actor->epoch,
                                .sender_epoch = message != NULL ? message->epoch : 0,
                                .at = observer->now};
    pair->next = number;
    floors_of_pair(observer, peer, pair);
}

/* ---- after a decision ------------------------------------------------------------------------ */

static bool dead_in(const struct evidence_vat *vat, mn_epoch epoch)
{
    for (size_t i = 0; i < vat->lineage_count; i++) {
        if (vat->lineage[i].after < epoch && epoch < vat->lineage[i].next) {
            return true;
        }
    }
    return false;
}

/* Where no floor is given, it is what the first listed live checkpoint says that it began after;
 * where none is listed, birth. */
static mn_epoch floor_by_rows(const struct evidence *evidence, uint32_t vat)
{
    mn_epoch first = INT64_MAX;
    mn_epoch floor = 0;
    for (size_t i = 0; i < evidence->checkpoint_count; i++) {
        const struct evidence_checkpoint *checkpoint = &evidence->checkpoints[i];
        if (checkpoint->vat == vat && checkpoint->epoch < first &&
            !dead_in(&evidence->vats[vat], checkpoint->epoch)) {
            first = checkpoint->epoch;
            floor = checkpoint->has_since ? checkpoint->since : checkpoint->epoch - 1;
        }
    }
    return floor;
}

/* The vat's place in the evidence, or EVIDENCE_NONE. */
static uint32_t place_of(const struct observer *observer, const struct evidence *evidence,
                         uint32_t vat)
{
    struct mn_name wanted = mn_name_of(observer_vat_name(observer, vat));
    for (size_t i = 0; i < evidence->vat_count; i++) {
        struct mn_name found = mn_name_of(evidence->vats[i].name);
        if (mn_name_equal(&found, &wanted)) {
            return (uint32_t)i;
        }
    }
    return EVIDENCE_NONE;
}

static mn_epoch floor_of(const struct observer *observer, const struct evidence *evidence,
                         uint32_t vat)
{
    uint32_t place = place_of(observer, evidence, vat);
    if (place == EVIDENCE_NONE) {
        return 0;
    }
    return evidence->vats[place].has_floor ? evidence->vats[place].floor
                                           : floor_by_rows(evidence, place);
}

/* The number before the newest that was taken, or went by with a gap. */
static uint64_t taken_before(const struct observer_pair *pair)
{
    return pair->taken_count > 1 ? pair->taken[pair->taken_count - 2].index : 0;
}

/* What the receiver keeps of what the sender forgot: it must have been settled, or be told. */
static void pair_decided(struct observer *observer, const struct evidence *evidence,
                         uint32_t sender, struct observer_pair *pair)
{
    const struct observer_vat *receiver = &observer->vats[pair->receiver];
    mn_epoch floor = -1;
    while (pair->taken_count > 0 &&
           pair->taken[pair->taken_count - 1].index > observer_sent(pair)) {
        const struct observer_taken *taken = &pair->taken[pair->taken_count - 1];
        if (floor < 0) {
            floor = floor_of(observer, evidence, pair->receiver);
        }
        if (taken->sender_epoch != 0 && taken->epoch > floor &&
            !observer_told_of(receiver, sender, taken->sender_epoch)) {
            observer_fail(observer, "G1",
                          "%s keeps in epoch %llx what it heard of %s in epoch %llx, which %s "
                          "forgot, and is not told",
                          observer_vat_name(observer, pair->receiver),
                          (unsigned long long)taken->epoch, observer_vat_name(observer, sender),
                          (unsigned long long)taken->sender_epoch,
                          observer_vat_name(observer, sender));
        }
        if (taken->sender_epoch == 0 && taken_before(pair) < observer_sent(pair)) {
            pair->taken[pair->taken_count - 1].index = observer_sent(pair);
            break;
        }
        pair->taken_count -= 1;
    }
    /* Numbers that are given anew have no gaps. */
    while (pair->gaps_taken.count > 0 &&
           pair->gaps_taken.items[pair->gaps_taken.count - 1].last > observer_sent(pair)) {
        struct observer_gap *gap = &pair->gaps_taken.items[pair->gaps_taken.count - 1];
        if (gap->first <= observer_sent(pair)) {
            gap->last = observer_sent(pair);
            break;
        }
        pair->gaps_taken.count -= 1;
    }
    if (pair->taken_forgotten > observer_sent(pair)) {
        pair->taken_forgotten = observer_sent(pair);
    }
    if (pair->next > observer_sent(pair)) {
        pair->next = observer_sent(pair);
    }
}

void g1_decided(struct observer *observer, const struct evidence *evidence,
                const struct observer_round *round)
{
    for (size_t i = 0; i < round->start_count; i++) {
        struct observer_vat *vat = &observer->vats[round->starts[i].vat];
        for (size_t k = 0; k < vat->pair_count; k++) {
            pair_decided(observer, evidence, round->starts[i].vat, &vat->pairs[k]);
        }
    }
}

void g1_stopped(struct observer *observer, const struct observer_round *round)
{
    for (size_t i = 0; i < round->start_count; i++) {
        const struct observer_start *start = &round->starts[i];
        if (start->was_running && observer->vats[start->vat].process != 0) {
            observer_fail(observer, "G1", "round %llu takes %s back to %llx, which still runs",
                          (unsigned long long)round->round, observer_vat_name(observer, start->vat),
                          (unsigned long long)start->keep);
        }
    }
}

/* ---- could it have kept more? ---------------------------------------------------------------- */

/* Whether a copy was where the coordinator had the time to learn of it, and could reach it, when it
 * made the decision up: that may be in force long after. */
static bool copy_safe(const struct observer *observer, const struct observer_vat *vat,
                      mn_epoch epoch)
{
    mn_time wait = (observer->topology->timing.lost_ms + 2000) * MN_MS;
    for (size_t i = 0; i < vat->copy_count; i++) {
        const struct observer_copy *copy = &vat->copies[i];
        if (copy->epoch == epoch && copy->since + wait < observer->written) {
            struct observer_host host = observer->ask(observer->context, copy->host);
            if (host.up && host.agent && host.reached && host.since + wait < observer->written) {
                return true;
            }
        }
    }
    return false;
}

static bool chain_safe(const struct observer *observer, struct observer_vat *vat, mn_epoch epoch)
{
    while (epoch != 0) {
        const struct observer_point *point = observer_point(vat, epoch);
        if (point == NULL || !copy_safe(observer, vat, epoch)) {
            return false;
        }
        epoch = point->onto;
    }
    return true;
}

/* What the evidence says that the vat's checkpoint began after; -1 where it does not list it. */
static mn_epoch listed_since(const struct evidence *evidence, uint32_t place, mn_epoch epoch)
{
    for (size_t i = 0; i < evidence->checkpoint_count; i++) {
        const struct evidence_checkpoint *row = &evidence->checkpoints[i];
        if (row->vat == place && row->epoch == epoch && row->has_since) {
            return row->since;
        }
    }
    return -1;
}

/* What a file says that its list begins after: the last full before it, or the floor then. */
static mn_epoch file_since(const struct observer_vat *vat, const struct observer_point *point)
{
    const struct observer_point *before = point;
    while (before > vat->points) {
        before -= 1;
        if (before->onto == 0) {
            return before->epoch > point->floor ? before->epoch : point->floor;
        }
    }
    return point->floor;
}

/* The highest floor that the evidence has, or a file that the coordinator could read. */
static mn_epoch floor_known(const struct observer *observer, const struct evidence *evidence,
                            uint32_t place, const struct observer_vat *vat)
{
    mn_epoch floor = evidence->vats[place].has_floor ? evidence->vats[place].floor : 0;
    for (size_t i = 0; i < vat->point_count; i++) {
        const struct observer_point *point = &vat->points[i];
        if (point->floor > floor && copy_safe(observer, vat, point->epoch)) {
            floor = point->floor;
        }
    }
    return floor;
}

/* Whether all that the vat heard up to that epoch, from its floor on, is still said by somebody:
 * by a file, or by the evidence, for which a coordinator may have remembered it. What was heard in
 * a gap nobody knows; what comes after that is no candidate. */
static bool covered(const struct observer *observer, const struct evidence *evidence,
                    uint32_t number, mn_epoch epoch)
{
    struct observer_vat *vat = &observer->vats[number];
    uint32_t place = place_of(observer, evidence, number);
    if (place == EVIDENCE_NONE) {
        return true;
    }
    mn_epoch floor = floor_known(observer, evidence, place, vat);
    while (epoch > floor) {
        const struct observer_point *point = observer_point(vat, epoch);
        epoch = point != NULL && copy_safe(observer, vat, epoch)
                    ? file_since(vat, point)
                    : listed_since(evidence, place, epoch);
    }
    return epoch >= 0;
}

/* What is missing was there in the sender's history before, and is no message of the epoch in which
 * the sender spoke of it. */
bool g1_heard_of_gap(const struct observer_round *round, uint32_t sender,
                     const struct observer_gaps *gaps, mn_epoch after, mn_epoch through)
{
    const struct observer_start *start = g5_start(round, sender);
    for (size_t i = 0; start != NULL && start->outcome != MN_REVIVED && i < gaps->count; i++) {
        const struct observer_gap *gap = &gaps->items[i];
        if (after < gap->epoch && gap->epoch <= through && gap->sender_epoch > start->keep) {
            return true;
        }
    }
    return false;
}

/* Whether up to that epoch the vat heard what somebody forgot. */
static bool heard_dead(struct observer *observer, const struct observer_round *round,
                       uint32_t number, mn_epoch epoch)
{
    const struct observer_vat *vat = &observer->vats[number];
    for (size_t i = 0; i < vat->sender_count; i++) {
        const struct observer_pair *pair = observer_pair(observer, vat->senders[i], number);
        if (pair->taken_forgotten > observer_sent(pair)) {
            return true;
        }
        for (size_t k = pair->taken_count; k > 0 && pair->taken[k - 1].index > observer_sent(pair);
             k--) {
            if (pair->taken[k - 1].epoch <= epoch) {
                return true;
            }
        }
        if (g1_heard_of_gap(round, vat->senders[i], &pair->gaps_taken, 0, epoch)) {
            return true;
        }
    }
    return false;
}

void g1_latest(struct observer *observer, const struct evidence *evidence,
               const struct observer_round *round)
{
    for (size_t i = 0; i < round->start_count; i++) {
        const struct observer_start *start = &round->starts[i];
        struct observer_vat *vat = &observer->vats[start->vat];
        for (size_t k = vat->point_count; k > 0 && vat->points[k - 1].epoch > start->keep; k--) {
            mn_epoch epoch = vat->points[k - 1].epoch;
            if (!start->was_running && vat->points[k - 1].durable &&
                chain_safe(observer, vat, epoch) &&
                !heard_dead(observer, round, start->vat, epoch) &&
                covered(observer, evidence, start->vat, epoch)) {
                observer_fail(observer, "G1",
                              "round %llu: %s is taken back to %llx, and could "
                              "have kept %llx",
                              (unsigned long long)round->round,
                              observer_vat_name(observer, start->vat),
                              (unsigned long long)start->keep, (unsigned long long)epoch);
                return;
            }
        }
    }
}
