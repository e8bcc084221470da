/* What there is to see of a coordinator. Nothing is changed here, and nothing is decided. */
#include "base/check.h"
#include "coordinator_private.h"

uint64_t coordinator_generation(const struct coordinator *coordinator)
{
    return coordinator->generation;
}

const struct ledger *coordinator_ledger(const struct coordinator *coordinator)
{
    return coordinator->ledger;
}

void coordinator_host(const struct coordinator *coordinator, mn_time now, uint32_t host,
                      struct coordinator_host_facts *out)
{
    mn_assert(host < coordinator->host_count);
    const struct host_entry *entry = &coordinator->hosts[host];
    *out = (struct coordinator_host_facts){.known = entry->known,
                                           .told_all = entry->known && entry->told_all,
                                           .lag_ms = entry->lag_ms,
                                           .disk_ms = entry->disk_ms,
                                           .refused = entry->refused,
                                           .vat_count = entry->vat_count};
    if (coordinator->detector != NULL) {
        out->state = detector_host_state(coordinator->detector, host);
        out->agent_only = detector_agent_only(coordinator->detector, host);
        out->silence = detector_silence(coordinator->detector, now, host);
    }
}

const char *coordinator_vat_state_name(enum coordinator_vat_state state)
{
    static const char *const names[] = {"new", "starting", "up", "lost", "unknown"};
    return names[state];
}

static enum coordinator_vat_state vat_state(const struct vat_entry *entry)
{
    if (entry->run == 0) {
        return COORDINATOR_VAT_NEW;
    }
    if (entry->lost) {
        return COORDINATOR_VAT_LOST;
    }
    if (entry->starting || entry->recording) {
        return COORDINATOR_VAT_STARTING;
    }
    if (!entry->said_any) {
        return COORDINATOR_VAT_UNKNOWN;
    }
    switch (entry->said) {
    case MN_VAT_UP:
        return COORDINATOR_VAT_UP;
    case MN_VAT_STARTING:
        return COORDINATOR_VAT_STARTING;
    case MN_VAT_ABSENT:
    case MN_VAT_EXITED:
    case MN_VAT_STOPPED:
        break;
    }
    return COORDINATOR_VAT_LOST;
}

void coordinator_vat(const struct coordinator *coordinator, uint32_t vat,
                     struct coordinator_vat_facts *out)
{
    mn_assert(vat < coordinator->vat_count);
    const struct vat_entry *entry = &coordinator->vats[vat];
    *out = (struct coordinator_vat_facts){.state = vat_state(entry),
                                          .host = entry->host,
                                          .run = entry->run,
                                          .incarnation = entry->incarnation,
                                          .floor = entry->floor};
}

size_t coordinator_round_count(const struct coordinator *coordinator)
{
    return coordinator->round_count;
}

void coordinator_round(const struct coordinator *coordinator, size_t index,
                       struct coordinator_round_facts *out)
{
    mn_assert(index < coordinator->round_count);
    const struct round *round = coordinator->rounds[index];
    *out = round->facts;
    if (out->decision != NULL && round->answer.size > 0) {
        out->answer = round->answer.bytes;
        out->answer_size = round->answer.size;
    }
}

/* ---- what is waited for ---------------------------------------------------------------------- */

/* Goes through everything that is waited for, counting down to the one that is wanted. */
struct waits {
    size_t left;
    struct coordinator_wait *out;
};

/* Whether this is the one. */
static bool waits_is(struct waits *waits, enum coordinator_wait_kind kind, uint64_t round,
                     uint32_t host, uint32_t vat)
{
    if (waits->left > 0) {
        waits->left -= 1;
        return false;
    }
    *waits->out = (struct coordinator_wait){.kind = kind, .round = round, .host = host, .vat = vat};
    return true;
}

static bool waits_of_silent(const struct coordinator *coordinator, uint64_t round,
                            struct waits *waits)
{
    for (uint32_t i = 0; i < coordinator->vat_count; i++) {
        if (coordinator->vats[i].silent &&
            waits_is(waits, COORDINATOR_WAIT_SILENT, round, coordinator->vats[i].host, i)) {
            return true;
        }
    }
    return false;
}

static bool waits_of_collect(const struct coordinator *coordinator, const struct round *round,
                             struct waits *waits)
{
    uint64_t number = round->facts.round;
    /* Nobody was asked yet while the freeze is not in force: the journal says for whom it waits. */
    for (uint32_t i = 0; !round->recording && i < coordinator->host_count; i++) {
        if (collect_awaits(coordinator, i) &&
            waits_is(waits, COORDINATOR_WAIT_ANSWER, number, i, TOPOLOGY_NONE)) {
            return true;
        }
    }
    if (waits_of_silent(coordinator, number, waits)) {
        return true;
    }
    struct coordinator_adoption_facts adoption;
    for (size_t i = 0; adopt_wait(coordinator, i, &adoption); i++) {
        if (waits_is(waits, COORDINATOR_WAIT_ADOPTION, number, adoption.host, adoption.vat)) {
            return true;
        }
    }
    return round->placeless != TOPOLOGY_NONE &&
           waits_is(waits, COORDINATOR_WAIT_PLACE, number, TOPOLOGY_NONE, round->placeless);
}

static bool waits_of_decided(const struct coordinator *coordinator, const struct round *round,
                             struct waits *waits)
{
    uint64_t number = round->facts.round;
    for (uint32_t i = 0; round->starts_open > 0 && i < round->decision.start_count; i++) {
        if (!round->start_over[i] && waits_is(waits, COORDINATOR_WAIT_START, number,
                                              round->start_hosts[i], round->start_vats[i])) {
            return true;
        }
    }
    for (uint32_t i = 0; round->told_open > 0 && i < round->decision.told_count; i++) {
        uint32_t vat = round->told_vats[i];
        if (!round->told_handled[i] &&
            waits_is(waits, COORDINATOR_WAIT_HANDLED, number, coordinator->vats[vat].host, vat)) {
            return true;
        }
    }
    return false;
}

/* What only one of two has said yet, and what a new incarnation explains and is said all the same.
 */
static bool waits_of_held(const struct coordinator *coordinator, struct waits *waits)
{
    for (size_t i = 0; i < coordinator->claim_count; i++) {
        uint32_t vat = coordinator->claims[i].vat;
        const struct vat_entry *entry = &coordinator->vats[vat];
        if (differs_stands(coordinator, i) && !entry->doubted &&
            waits_is(waits, COORDINATOR_WAIT_HELD, 0, entry->host, vat)) {
            return true;
        }
    }
    for (uint32_t i = 0; i < coordinator->vat_count; i++) {
        const struct vat_entry *entry = &coordinator->vats[i];
        if (entry->doubted && waits_is(waits, COORDINATOR_WAIT_HELD, 0, entry->host, i)) {
            return true;
        }
    }
    return false;
}

static const char WAITS_FOR_A_RECORD[] =
    "what it says next is not on record yet; when that lasts, the coordinator's log says what is "
    "wrong with its disk, or with the keepers";

bool coordinator_waits(const struct coordinator *coordinator, mn_time now, size_t index,
                       struct coordinator_wait *out)
{
    struct waits waits = {.left = index, .out = out};
    if (!coordinator->begun) {
        return false;
    }
    if (now < coordinator->listens_until &&
        waits_is(&waits, COORDINATOR_WAIT_LISTENS, 0, TOPOLOGY_NONE, TOPOLOGY_NONE)) {
        out->until = coordinator->listens_until;
        return true;
    }
    for (uint32_t i = 0; coordinator->first_wait_count > 0 && i < coordinator->host_count; i++) {
        if (vats_first_awaits(coordinator, i) &&
            waits_is(&waits, COORDINATOR_WAIT_TOLD, 0, i, TOPOLOGY_NONE)) {
            return true;
        }
    }
    for (size_t i = 0; i < coordinator->round_count; i++) {
        const struct round *round = coordinator->rounds[i];
        bool found = false;
        bool records = round->recording || round->facts.state == COORDINATOR_ROUND_DECIDING;
        if (round->held != NULL || records) {
            found = waits_is(&waits, COORDINATOR_WAIT_ROUND, round->facts.round, TOPOLOGY_NONE,
                             TOPOLOGY_NONE);
            out->text = !found ? NULL : records ? WAITS_FOR_A_RECORD : round->held;
        } else if (round->facts.state == COORDINATOR_ROUND_COLLECT) {
            found = waits_of_collect(coordinator, round, &waits);
        } else if (round->facts.state == COORDINATOR_ROUND_PLAN) {
            found = waits_is(&waits, COORDINATOR_WAIT_APPROVAL, round->facts.round, TOPOLOGY_NONE,
                             TOPOLOGY_NONE) ||
                    waits_of_silent(coordinator, round->facts.round, &waits);
        } else if (round->facts.decision != NULL) {
            found = waits_of_decided(coordinator, round, &waits);
        }
        if (found) {
            return true;
        }
    }
    if (waits_of_held(coordinator, &waits)) {
        return true;
    }
    for (uint32_t i = 0; coordinator->rest_count > 0 && i < coordinator->vat_count; i++) {
        const struct vat_entry *entry = &coordinator->vats[i];
        if (entry->rests_to != 0 && waits_is(&waits, COORDINATOR_WAIT_REST, 0, entry->host, i)) {
            out->until = entry->rests_to;
            return true;
        }
    }
    return false;
}

/* ---- what must hold -------------------------------------------------------------------------- */

static void invariant_vats(const struct coordinator *coordinator)
{
    size_t lost = 0;
    size_t rests = 0;
    size_t waiting = 0;
    const struct round *active = round_active(coordinator);
    bool frozen = active != NULL && active->facts.state != COORDINATOR_ROUND_GATHER;
    for (uint32_t i = 0; i < coordinator->vat_count; i++) {
        const struct vat_entry *entry = &coordinator->vats[i];
        lost += entry->lost ? 1 : 0;
        rests += entry->rests_to != 0 ? 1 : 0;
        mn_assert(entry->rests_to == 0 || entry->lost);
        mn_assert(entry->host < coordinator->host_count);
        mn_assert(!entry->lost || entry->run != 0);
        mn_assert(!entry->waits_first || entry->run == 0);
        waiting += entry->waits_first ? 1 : 0;
        mn_assert(!entry->lost || !entry->starting);
        mn_assert(!entry->suspect || frozen);
        mn_assert(!entry->lost || entry->endpoint == NULL);
        mn_assert(entry->incarnation == ledger_vat_incarnation(coordinator->ledger, i));
    }
    mn_assert(lost == coordinator->lost_count);
    mn_assert(waiting == coordinator->first_wait_count);
    /* A loss has a round, once somebody can act on it. */
    mn_assert(rests == coordinator->rest_count);
    mn_assert(lost == rests || active != NULL || !coordinator->in_force);
}

static void invariant_hosts(const struct coordinator *coordinator)
{
    uint32_t placed = 0;
    for (uint32_t host = 0; host < coordinator->host_count; host++) {
        uint32_t here = 0;
        uint32_t vat = coordinator->hosts[host].vat_first;
        for (; vat != TOPOLOGY_NONE; vat = coordinator->vats[vat].next_here) {
            mn_assert(coordinator->vats[vat].host == host);
            here += 1;
        }
        mn_assert(here == coordinator->hosts[host].vat_count);
        placed += here;
    }
    mn_assert(placed == coordinator->vat_count);
}

static void invariant_rounds(const struct coordinator *coordinator)
{
    uint64_t owed = 0;
    uint64_t again = 0;
    for (size_t i = 0; i < coordinator->round_count; i++) {
        const struct round *round = coordinator->rounds[i];
        bool decided = round->facts.state >= COORDINATOR_ROUND_RESTORE;
        uint32_t starts = 0;
        uint32_t told = 0;
        mn_assert(decided == (round->facts.decision != NULL));
        mn_assert(decided || i + 1 == coordinator->round_count);
        mn_assert((round->facts.state == COORDINATOR_ROUND_PLAN) == (round->plan != NULL));
        mn_assert(round->unproven == NULL || coordinator->unanswered == round);
        mn_assert(round->unproven == NULL || round->facts.state >= COORDINATOR_ROUND_DECIDING);
        mn_assert(i == 0 || coordinator->rounds[i - 1]->facts.round < round->facts.round);
        for (uint32_t k = 0; decided && k < round->decision.start_count; k++) {
            starts += round->start_over[k] ? 0 : 1;
        }
        for (uint32_t k = 0; decided && k < round->decision.told_count; k++) {
            told += round->told_handled[k] ? 0 : 1;
            owed += round->told_handled[k] || round->told_again[k] == 0 ? 0 : 1;
        }
        mn_assert(!decided || starts == round->starts_open);
        mn_assert(!decided || told == round->told_open);
        mn_assert(round->facts.state != COORDINATOR_ROUND_DONE || starts == 0);
        again += round->again_open;
    }
    mn_assert(owed == again);
}

void coordinator_invariant(const struct coordinator *coordinator)
{
    invariant_vats(coordinator);
    invariant_hosts(coordinator);
    invariant_rounds(coordinator);
    for (size_t i = 1; i < coordinator->pending_count; i++) {
        mn_assert(coordinator->pendings[i - 1].sequence < coordinator->pendings[i].sequence);
    }
    if (coordinator->detector != NULL) {
        detector_invariant(coordinator->detector);
    }
}
