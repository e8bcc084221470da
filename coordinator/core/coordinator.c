/* The coordinator's step: hand each event to the file that it concerns, then do what is due. Its
 * own rules: nothing but the journal comes before BEGIN, nothing is said before the generation is
 * in force, and nothing at all once it is overtaken. */
#include "coordinator.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/grow.h"
#include "coordinator_private.h"

/* ---- beginning ------------------------------------------------------------------------------- */

static mn_result fill_policy(struct coordinator *coordinator)
{
    const struct topology_policy *policy = &coordinator->topology->policy;
    mn_result result = MN_OK;
    if (policy->roll_back) {
        result = ledger_set_total_loss(coordinator->ledger, EVIDENCE_TOTAL_LOSS_ROLL_BACK);
    }
    for (size_t i = 0; result == MN_OK && i < policy->tell_count; i++) {
        result = ledger_set_tell(coordinator->ledger, policy->tell[i], true);
    }
    return result;
}

/* The ledger wants a parent before what is in it: walk up to the first that it has, then down.
 * @numbers: out, the ledger's number of each; @path: room for as many. */
static mn_result fill_domains(struct coordinator *coordinator, uint32_t *numbers, uint32_t *path)
{
    const struct topology *topology = coordinator->topology;
    for (size_t i = 0; i < topology->domain_count; i++) {
        numbers[i] = TOPOLOGY_NONE;
    }
    for (uint32_t i = 0; i < topology->domain_count; i++) {
        size_t depth = 0;
        for (uint32_t at = i; at != TOPOLOGY_NONE && numbers[at] == TOPOLOGY_NONE;
             at = topology->domains[at].in) {
            path[depth++] = at;
        }
        for (; depth > 0; depth--) {
            const struct topology_domain *from = &topology->domains[path[depth - 1]];
            struct evidence_domain domain = {.name = from->name,
                                             .in = from->in != TOPOLOGY_NONE ? numbers[from->in]
                                                                             : EVIDENCE_NONE};
            mn_result result =
                ledger_add_domain(coordinator->ledger, &domain, &numbers[path[depth - 1]]);
            if (result != MN_OK) {
                return result;
            }
        }
    }
    return MN_OK;
}

/* The store of a host has the host's name and number. */
static mn_result fill_hosts(struct coordinator *coordinator, const uint32_t *numbers)
{
    const struct topology *topology = coordinator->topology;
    mn_result result = MN_OK;
    for (uint32_t i = 0; result == MN_OK && i < topology->host_count; i++) {
        const struct topology_host *from = &topology->hosts[i];
        uint32_t index = 0;
        struct evidence_host host = {.name = from->name,
                                     .in = from->domain != TOPOLOGY_NONE ? numbers[from->domain]
                                                                         : EVIDENCE_NONE};
        struct evidence_store store = {.name = from->name, .place = EVIDENCE_IN_HOST, .in = i};
        result = ledger_add_host(coordinator->ledger, &host, &index);
        if (result == MN_OK) {
            result = ledger_add_store(coordinator->ledger, &store, &index);
        }
        coordinator->domains[i] =
            from->domain != TOPOLOGY_NONE ? from->domain : DETECTOR_DOMAIN_NONE;
    }
    return result;
}

static mn_result fill_vats(struct coordinator *coordinator)
{
    const struct topology *topology = coordinator->topology;
    mn_result result = MN_OK;
    for (uint32_t i = 0; result == MN_OK && i < topology->vat_count; i++) {
        const struct topology_vat *from = &topology->vats[i];
        uint32_t index = 0;
        struct evidence_vat vat = {.name = from->name,
                                   .host = EVIDENCE_NONE, /* on none before its first run */
                                   .limit = from->limit,
                                   .on_peer_rollback =
                                       from->be_told ? EVIDENCE_BE_TOLD : EVIDENCE_ROLL_BACK,
                                   .sends = from->early ? EVIDENCE_EARLY : EVIDENCE_HELD};
        result = ledger_add_vat(coordinator->ledger, &vat, &index);
    }
    return result;
}

static mn_result fill_ledger(struct coordinator *coordinator)
{
    size_t count = coordinator->topology->domain_count;
    uint32_t *numbers = calloc(count + 1, sizeof *numbers);
    uint32_t *path = calloc(count + 1, sizeof *path);
    mn_result result = numbers != NULL && path != NULL ? MN_OK : MN_NO_MEMORY;
    if (result == MN_OK) {
        result = fill_domains(coordinator, numbers, path);
    }
    if (result == MN_OK) {
        result = fill_hosts(coordinator, numbers);
    }
    if (result == MN_OK) {
        result = fill_vats(coordinator);
    }
    if (result == MN_OK) {
        result = fill_policy(coordinator);
    }
    free(path);
    free(numbers);
    return result;
}

mn_result coordinator_new(struct coordinator **out, const struct topology *topology)
{
    const struct topology_timing *timing = &topology->timing;
    if (timing->stale_ms >= timing->suspect_ms || timing->suspect_ms >= timing->lost_ms) {
        return MN_BAD_INPUT;
    }
    struct coordinator *coordinator = calloc(1, sizeof *coordinator);
    if (coordinator == NULL) {
        return MN_NO_MEMORY;
    }
    coordinator->topology = topology;
    coordinator->decision_size_max = MN_RECORD_WHOLE_SIZE_MAX;
    coordinator->suspect_count_max = MN_LONG_ROW_COUNT_MAX;
    coordinator->over_count_max = COORDINATOR_OVER_COUNT_MAX;
    coordinator->answers_size_max = COORDINATOR_ANSWERS_SIZE_MAX;
    coordinator->piece_vat_count = COORDINATOR_PIECE_VAT_COUNT;
    coordinator->host_count = (uint32_t)topology->host_count;
    coordinator->vat_count = (uint32_t)topology->vat_count;
    coordinator->hosts = calloc(topology->host_count, sizeof *coordinator->hosts);
    coordinator->formers =
        calloc(topology->host_count, HOST_FORMER_COUNT * sizeof *coordinator->formers);
    coordinator->domains = calloc(topology->host_count, sizeof *coordinator->domains);
    coordinator->vats = calloc(topology->vat_count + 1, sizeof *coordinator->vats);
    mn_result result = MN_NO_MEMORY;
    if (coordinator->hosts != NULL && coordinator->formers != NULL &&
        coordinator->domains != NULL && coordinator->vats != NULL) {
        result = ledger_new(&coordinator->ledger);
    }
    if (result == MN_OK) {
        result = fill_ledger(coordinator);
    }
    if (result == MN_OK) {
        result = decision_order_vats(coordinator->ledger); /* a round will not wait for it */
    }
    if (result != MN_OK) {
        coordinator_destroy(&coordinator);
        return result;
    }
    vats_place_all(coordinator);
    *out = coordinator;
    return MN_OK;
}

void coordinator_destroy(struct coordinator **out)
{
    struct coordinator *coordinator = *out;
    if (coordinator == NULL) {
        return;
    }
    for (size_t i = 0; i < coordinator->round_count; i++) {
        round_destroy(&coordinator->rounds[i]);
    }
    for (uint32_t i = 0; coordinator->hosts != NULL && i < coordinator->host_count; i++) {
        free(coordinator->hosts[i].asides);
    }
    for (uint32_t i = 0; coordinator->vats != NULL && i < coordinator->vat_count; i++) {
        free(coordinator->vats[i].endpoint);
        free(coordinator->vats[i].watchers);
    }
    free((void *)coordinator->rounds);
    free(coordinator->steps);
    free(coordinator->adoptions);
    free(coordinator->founds);
    free(coordinator->recalls);
    mn_arena_deinit(&coordinator->step_memory);
    free(coordinator->pendings);
    free(coordinator->claims);
    free(coordinator->vats);
    free(coordinator->domains);
    free(coordinator->formers);
    free(coordinator->hosts);
    detector_findings_deinit(&coordinator->findings);
    detector_destroy(&coordinator->detector);
    ledger_destroy(&coordinator->ledger);
    free(coordinator);
    *out = NULL;
}

/* The hosts that a decision found lost stay so until they are heard. */
static void begin_detector(struct coordinator *coordinator)
{
    const struct topology_timing *timing = &coordinator->topology->timing;
    struct detector_config config = {.host_count = coordinator->host_count,
                                     .domains = coordinator->domains,
                                     .heartbeat = timing->heartbeat_ms * MN_MS,
                                     .stale = timing->stale_ms * MN_MS,
                                     .suspect = timing->suspect_ms * MN_MS,
                                     .lost = timing->lost_ms * MN_MS};
    mn_result result = detector_new(&coordinator->detector, &config, coordinator->now);
    if (!coordinator_fine(coordinator, result)) {
        return;
    }
    coordinator->listens_until = coordinator->now + config.lost;
    leases_begin(coordinator);
    replay_lost_hosts(coordinator);
}

/* Who had it go on without some of the keepers, and why: for good. */
static void begin_accepted(struct coordinator *coordinator,
                           const struct mn_journal_recall *accepted)
{
    struct mn_journal_record *record = coordinator_take(coordinator, 1, sizeof *record);
    struct mn_name *absent = coordinator_take(coordinator, accepted->absent_count, sizeof *absent);
    if (record == NULL || absent == NULL) {
        return;
    }
    for (uint32_t i = 0; i < accepted->absent_count; i++) {
        absent[i] = accepted->absent[i];
    }
    record->kind = MN_JOURNAL_RECALL;
    record->recall = *accepted;
    record->recall.absent = absent;
    coordinator_record(coordinator, record, (struct pending){.kind = PENDING_RECALL});
    recalls_keep(coordinator, accepted);
}

/* It is for keeping.h to act on: here it only takes its place among the records. */
static void on_keepers(struct coordinator *coordinator, const struct mn_journal_keepers *keepers)
{
    struct mn_journal_record *record = coordinator_take(coordinator, 1, sizeof *record);
    if (record != NULL) {
        record->kind = MN_JOURNAL_KEEPERS;
        record->keepers = *keepers;
        coordinator_record(coordinator, record, (struct pending){.kind = PENDING_KEEPERS});
    }
}

static void on_begin(struct coordinator *coordinator, const struct coordinator_event *event)
{
    mn_assert(!coordinator->begun);
    mn_assert(event->begin.generation > coordinator->generation);
    vats_inherit(coordinator);
    vats_first_begin(coordinator);
    coordinator->begun = true;
    begin_detector(coordinator);
    struct mn_journal_record *record = coordinator_take(coordinator, 1, sizeof *record);
    if (record == NULL) {
        return;
    }
    coordinator->generation = event->begin.generation;
    record->kind = MN_JOURNAL_GENERATION;
    record->generation.at = coordinator->now;
    record->generation.kept = event->begin.kept;
    coordinator->journal_at = coordinator->now;
    coordinator_record(coordinator, record, (struct pending){.kind = PENDING_GENERATION});
    if (event->begin.accepted != NULL) {
        begin_accepted(coordinator, event->begin.accepted);
    }
}

/* ---- stepping -------------------------------------------------------------------------------- */

static void recorded_one(struct coordinator *coordinator, const struct pending *pending)
{
    struct round *round = NULL;
    switch (pending->kind) {
    case PENDING_GENERATION:
        coordinator->in_force = true;
        coordinator_tell(coordinator,
                         (struct coordinator_note_facts){.note = COORDINATOR_NOTE_BEGUN,
                                                         .number = coordinator->generation});
        round_changed(coordinator); /* the runs that an earlier one fenced */
        return;
    case PENDING_FIRST_START:
        vats_first_start(coordinator, pending->vat);
        return;
    case PENDING_RECALL:
        coordinator->recall_recorded += 1;
        return;
    case PENDING_HOST:
    case PENDING_RAISED:
    case PENDING_KEEPERS:
    case PENDING_ANSWER:
        return;
    case PENDING_FREEZE:
        collect_recorded(coordinator, pending->round);
        return;
    case PENDING_STEP:
        approve_recorded(coordinator, pending->step);
        return;
    case PENDING_DECISION:
        round = round_find(coordinator, pending->round);
        mn_assert(round != NULL);
        restore_begin(coordinator, round);
        return;
    case PENDING_DONE:
        round = round_find(coordinator, pending->round);
        mn_assert(round != NULL);
        restore_done(coordinator, round);
        return;
    }
}

static void on_recorded(struct coordinator *coordinator, uint64_t sequence)
{
    coordinator->head = sequence;
    size_t first = coordinator->pending_first;
    size_t end = first;
    while (end < coordinator->pending_count && coordinator->pendings[end].sequence <= sequence) {
        end += 1;
    }
    /* What follows from one may append others behind these. */
    for (size_t i = first; i < end; i++) {
        struct pending pending = coordinator->pendings[i];
        recorded_one(coordinator, &pending);
    }
    coordinator->pending_first = end;
    if (end < coordinator->pending_count / 2) {
        return; /* moving the rest for each that is recorded would cost its square */
    }
    coordinator->pending_first = 0;
    coordinator->pending_count -= end;
    memmove(coordinator->pendings, coordinator->pendings + end,
            coordinator->pending_count * sizeof *coordinator->pendings);
}

static void up_known(struct coordinator *coordinator, uint32_t host, const struct mn_up *message)
{
    switch (message->kind) {
    case MN_UP_HELLO:
        hosts_hello(coordinator, host, message);
        return;
    case MN_UP_HEARTBEAT:
        coordinator->hosts[host].lag_ms = message->heartbeat.lag_ms;
        coordinator->hosts[host].disk_ms = message->heartbeat.disk_ms;
        hosts_complete(coordinator, host, message->heartbeat.complete);
        return;
    case MN_UP_REPORT:
        reports_take(coordinator, host, message);
        return;
    case MN_UP_VAT_STATE:
        vats_said(coordinator, host, &message->vat_state.status, message->vat_state.reason);
        return;
    case MN_UP_INTERVALS:
        collect_intervals(coordinator, host, message);
        return;
    case MN_UP_PROBED:
        hosts_probed(coordinator, host, message);
        return;
    case MN_UP_HANDLED:
        restore_handled(coordinator, host, message);
        return;
    case MN_UP_LOOKUP:
        addresses_lookup(coordinator, host, &message->lookup.vat);
        return;
    case MN_UP_LEASES:
        leases_ask(coordinator, host, message);
        return;
    case MN_UP_DIFFERS:
        differs_take(coordinator, host, message);
        return;
    case MN_UP_ADOPTED:
        adopt_said(coordinator, host, message);
        return;
    case MN_UP_PROMISED:
    case MN_UP_KEPT:
    case MN_UP_RECALLED:
    case MN_UP_OVERTAKEN:
        return; /* for the core beside this one: keeping.h */
    }
}

static void on_up(struct coordinator *coordinator, uint32_t host, const struct mn_up *message)
{
    mn_assert(host < coordinator->host_count);
    if (!coordinator->in_force || coordinator->behind) {
        return;
    }
    if (!hosts_disk(coordinator, host, message)) {
        return;
    }
    hosts_heard(coordinator, host);
    /* Who speaks without a hello in this generation is asked for one. */
    if (message->kind != MN_UP_HELLO && !coordinator->hosts[host].known) {
        hosts_welcome(coordinator, host);
        return;
    }
    up_known(coordinator, host, message);
}

static void on_tick(struct coordinator *coordinator)
{
    if (!coordinator->in_force || coordinator->behind) {
        return;
    }
    hosts_tick(coordinator);
    vats_first_start_again(coordinator);
    restore_tick(coordinator);
    adopt_tick(coordinator);
    ages_tick(coordinator);
    opens_tick(coordinator);
    proof_tick(coordinator);
    rests_tick(coordinator);
    round_prepare(coordinator);
}

static void on_overtaken(struct coordinator *coordinator)
{
    coordinator->behind = true;
    coordinator_tell(coordinator,
                     (struct coordinator_note_facts){
                         .note = COORDINATOR_NOTE_BEHIND,
                         .number = coordinator->generation,
                         .text = "another coordinator leads, or this journal is an old one; "
                                 "nothing is said until that is mended"});
}

void coordinator_step(struct coordinator *coordinator, mn_time now,
                      const struct coordinator_event *event, struct coordinator_effects *effects)
{
    mn_assert(now >= coordinator->now);
    coordinator->now = now;
    coordinator->effects = effects;
    restore_settle(coordinator);
    switch (event->kind) {
    case COORDINATOR_ON_RECORD:
        mn_assert(!coordinator->begun);
        replay_record(coordinator, event);
        break;
    case COORDINATOR_ON_BEGIN:
        on_begin(coordinator, event);
        break;
    case COORDINATOR_ON_UP:
        on_up(coordinator, event->up.host, event->up.message);
        break;
    case COORDINATOR_ON_RECORDED:
        on_recorded(coordinator, event->recorded.sequence);
        break;
    case COORDINATOR_ON_ACCEPTED:
        begin_accepted(coordinator, event->accepted);
        break;
    case COORDINATOR_ON_KEEPERS:
        on_keepers(coordinator, event->keepers);
        break;
    case COORDINATOR_ON_OVERTAKEN:
        on_overtaken(coordinator);
        break;
    case COORDINATOR_ON_STEP:
        if (event->step.step == MN_STEP_ADOPT) {
            adopt_step(coordinator, event);
        } else {
            approve_step(coordinator, event);
        }
        break;
    case COORDINATOR_ON_TICK:
        coordinator->behind_disk = event->tick.behind;
        on_tick(coordinator);
        break;
    }
    if (coordinator->in_force && !coordinator->behind) {
        vats_first_tick(coordinator);
        round_tick(coordinator);
    }
    coordinator->effects = NULL;
}

mn_time coordinator_deadline(const struct coordinator *coordinator)
{
    if (!coordinator->in_force || coordinator->behind) {
        return MN_TIME_NEVER; /* nothing is said, so nothing is due */
    }
    if (coordinator->unsettled != NULL) {
        return coordinator->now;
    }
    mn_time detector = detector_deadline(coordinator->detector);
    mn_time round = round_deadline(coordinator);
    mn_time opens = opens_deadline(coordinator);
    mn_time proof = proof_deadline(coordinator);
    mn_time rests = rests_deadline(coordinator);
    mn_time first = vats_first_deadline(coordinator);
    mn_time due = round < detector ? round : detector;
    due = rests < due ? rests : due;
    due = proof < due ? proof : due;
    due = first < due ? first : due;
    return opens < due ? opens : due;
}
