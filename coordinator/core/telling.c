/* Decisions to hosts. Every host hears of every decision, for it ends the freeze and moves its
 * vats' round on; of the notices it is handed those of the vats that are meant to run there, and
 * after it the vats that it is to start. All that is for one host is said before anything for the
 * next, so that its way begins while the others' words are still being written.
 *
 * A vat is told of rounds in their order: what is owed of older rounds goes out before a newer one,
 * and the newer one names it, because the older may be lost with a connection, and says to which
 * run it is owed, because a former one may have handled it that was taken back to before that. */
#include "base/check.h"
#include "coordinator_private.h"

/* Entries of a list, by host: those of host h are `list` from first[h] to first[h + 1]. */
struct by_host {
    uint32_t *first;
    uint32_t *list;
};

/* @hosts: of each of the @count entries; without those that are @over. False after failing. */
static bool group_by_host(struct coordinator *coordinator, const uint32_t *hosts, const bool *over,
                          uint32_t count, struct by_host *out)
{
    uint32_t host_count = coordinator->host_count;
    uint32_t *first = coordinator_take(coordinator, (size_t)host_count + 1, sizeof *first);
    uint32_t *list = coordinator_take(coordinator, count, sizeof *list);
    if (first == NULL || list == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        first[hosts[i]] += over[i] ? 0 : 1;
    }
    uint32_t sum = 0;
    for (uint32_t i = 0; i <= host_count; i++) {
        sum += first[i];
        first[i] = sum;
    }
    for (uint32_t i = count; i > 0; i--) {
        if (!over[i - 1]) {
            list[--first[hosts[i - 1]]] = i - 1;
        }
    }
    *out = (struct by_host){.first = first, .list = list};
    return true;
}

/* What vats are owed of rounds before another one, by host. It is gathered once for all hosts: in a
 * large cluster it may be much. */
struct owed {
    const uint32_t *first;
    const struct mn_owed *items;
};

/* Gather it. @only: that host's alone, unless TOPOLOGY_NONE. False after failing. */
static bool owed_before(struct coordinator *coordinator, const struct round *round, uint32_t only,
                        struct owed *out)
{
    uint32_t most = 0;
    uint32_t count = 0;
    for (size_t i = 0; coordinator->rounds[i] != round; i++) {
        most += coordinator->rounds[i]->told_open;
    }
    struct mn_owed *all = coordinator_take(coordinator, most, sizeof *all);
    struct mn_owed *items = coordinator_take(coordinator, most, sizeof *items);
    uint32_t *hosts = coordinator_take(coordinator, most, sizeof *hosts);
    bool *over = coordinator_take(coordinator, most, sizeof *over);
    struct by_host groups;
    if (all == NULL || items == NULL || hosts == NULL || over == NULL) {
        return false;
    }
    for (size_t i = 0; coordinator->rounds[i] != round; i++) {
        const struct round *older = coordinator->rounds[i];
        for (uint32_t k = 0; older->told_open > 0 && k < older->decision.told_count; k++) {
            const struct vat_entry *vat = &coordinator->vats[older->told_vats[k]];
            if (!older->told_handled[k] && (only == TOPOLOGY_NONE || only == vat->host)) {
                hosts[count] = vat->host;
                all[count++] = (struct mn_owed){.vat = older->decision.told[k].vat,
                                                .round = older->facts.round,
                                                .run = vat->run};
            }
        }
    }
    if (!group_by_host(coordinator, hosts, over, count, &groups)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        items[i] = all[groups.list[i]];
    }
    *out = (struct owed){.first = groups.first, .items = items};
    return true;
}

/* The round's notices for the vats in @list, as one message: they stay where the decision has them.
 */
static void decision_say(struct coordinator *coordinator, const struct round *round, uint32_t host,
                         const struct owed *owed, const uint32_t *list, uint32_t count)
{
    struct mn_down *down = coordinator_say(coordinator, host, MN_DOWN_DECISION);
    struct mn_told *told = coordinator_take(coordinator, count, sizeof *told);
    if (down == NULL || told == NULL) {
        return;
    }
    down->decision.owed = owed->items + owed->first[host];
    down->decision.owed_count = owed->first[host + 1] - owed->first[host];
    down->decision.round = round->facts.round;
    down->decision.told = told;
    down->decision.told_count = count;
    down->decision.notices = round->decision.notices;
    for (uint32_t i = 0; i < count; i++) {
        told[i] = round->decision.told[list[i]];
        down->decision.notice_count += told[i].notice_count;
    }
}

/* Where the vats are meant to run that @round tells something; NULL after failing. */
static uint32_t *told_hosts(struct coordinator *coordinator, const struct round *round)
{
    uint32_t *hosts = coordinator_take(coordinator, round->decision.told_count, sizeof *hosts);
    for (uint32_t i = 0; hosts != NULL && i < round->decision.told_count; i++) {
        hosts[i] = coordinator->vats[round->told_vats[i]].host;
    }
    return hosts;
}

/* @owed_only: only to hosts whose vats are told something, and no starts. */
static void telling_round(struct coordinator *coordinator, const struct round *round,
                          bool owed_only)
{
    struct owed owed;
    struct by_host told;
    struct by_host starts;
    const uint32_t *hosts = told_hosts(coordinator, round);
    if (hosts == NULL || !owed_before(coordinator, round, TOPOLOGY_NONE, &owed) ||
        !group_by_host(coordinator, hosts, round->told_handled, round->decision.told_count,
                       &told) ||
        !group_by_host(coordinator, round->start_hosts, round->start_over,
                       owed_only ? 0 : round->decision.start_count, &starts)) {
        return;
    }
    for (uint32_t host = 0; host < coordinator->host_count; host++) {
        uint32_t count = told.first[host + 1] - told.first[host];
        if (!hosts_lost(coordinator, host) && (!owed_only || count > 0)) {
            decision_say(coordinator, round, host, &owed, told.list + told.first[host], count);
        }
        for (uint32_t i = starts.first[host]; i < starts.first[host + 1]; i++) {
            restore_say_start(coordinator, round, starts.list[i]);
        }
    }
}

void telling_owed(struct coordinator *coordinator, const struct round *round)
{
    telling_round(coordinator, round, true);
}

void telling_all(struct coordinator *coordinator, const struct round *round)
{
    for (size_t i = 0; coordinator->rounds[i] != round; i++) {
        if (coordinator->rounds[i]->facts.decision != NULL &&
            coordinator->rounds[i]->told_open > 0) {
            telling_round(coordinator, coordinator->rounds[i], true);
        }
    }
    telling_round(coordinator, round, false);
}

void telling_remind(struct coordinator *coordinator, uint32_t host, uint64_t newest)
{
    for (size_t i = 0; i < coordinator->round_count; i++) {
        const struct round *round = coordinator->rounds[i];
        if (round->facts.decision == NULL) {
            continue;
        }
        uint32_t count = 0;
        uint32_t *list = coordinator_take(coordinator, round->told_open, sizeof *list);
        for (uint32_t k = 0; list != NULL && round->told_open > 0 && k < round->decision.told_count;
             k++) {
            if (!round->told_handled[k] && coordinator->vats[round->told_vats[k]].host == host) {
                list[count++] = k;
            }
        }
        bool last =
            i + 1 == coordinator->round_count || coordinator->rounds[i + 1]->facts.decision == NULL;
        struct owed owed;
        if (list != NULL && (count > 0 || (last && newest < round->facts.round)) &&
            owed_before(coordinator, round, host, &owed)) {
            decision_say(coordinator, round, host, &owed, list, count);
        }
    }
}
