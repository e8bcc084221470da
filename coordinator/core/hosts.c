/* Hosts: who is heard, who is lost, and what follows from either. The verdict is the detector's; a
 * lost host's vats and store are lost with it, and both come back only as what it then says. */
#include <string.h>

#include "base/check.h"
#include "coordinator_private.h"

/* Of hosts that change at the same time so many are named in the log, and the others counted. */
enum { MOVED_NOTE_COUNT_MAX = 16 };

bool hosts_lost(const struct coordinator *coordinator, uint32_t host)
{
    return detector_host_state(coordinator->detector, host) == DETECTOR_LOST;
}

/* ---- lost and back --------------------------------------------------------------------------- */

static void host_is_lost(struct coordinator *coordinator, uint32_t host)
{
    struct host_entry *entry = &coordinator->hosts[host];
    coordinator_tell(coordinator, (struct coordinator_note_facts){
                                      .note = COORDINATOR_NOTE_HOST_LOST,
                                      .host = coordinator_host_name(coordinator, host),
                                      .number = entry->vat_count});
    entry->known = false;
    entry->everything = false;
    entry->fresh_loss = true;
    struct ledger_loss loss = {.kind = LEDGER_LOSS_HOST, .index = host};
    if (!coordinator_fine(coordinator, ledger_lose(coordinator->ledger, &loss))) {
        return;
    }
    for (uint32_t i = entry->vat_first; i != TOPOLOGY_NONE; i = coordinator->vats[i].next_here) {
        if (coordinator->vats[i].run == 0) {
            vats_first_run_lost(coordinator, i);
        }
        vats_lose(coordinator, i, "its host is lost");
    }
    restore_holder_lost(coordinator, host);
    adopt_host_lost(coordinator, host);
    round_changed(coordinator);
}

/* Its store is what it will report. Its vats are lost still where a round has fenced them, and
 * otherwise what its hello says of them. */
static void host_is_back(struct coordinator *coordinator, uint32_t host)
{
    struct host_entry *entry = &coordinator->hosts[host];
    entry->fresh_loss = false;
    for (uint32_t i = entry->vat_first; i != TOPOLOGY_NONE; i = coordinator->vats[i].next_here) {
        struct ledger_loss vat = {.kind = LEDGER_LOSS_VAT, .index = i};
        if (coordinator->vats[i].lost &&
            !coordinator_fine(coordinator, ledger_lose(coordinator->ledger, &vat))) {
            return;
        }
    }
    struct ledger_loss loss = {.kind = LEDGER_LOSS_HOST, .index = host};
    if (coordinator_fine(coordinator, ledger_unlose(coordinator->ledger, &loss))) {
        (void)coordinator_fine(coordinator, ledger_drop_store(coordinator->ledger, host));
    }
}

/* ---- what the detector finds ----------------------------------------------------------------- */

static void host_moved(struct coordinator *coordinator, const struct detector_finding *finding)
{
    struct host_entry *entry = &coordinator->hosts[finding->host];
    if (finding->state == DETECTOR_LOST) {
        host_is_lost(coordinator, finding->host);
        return;
    }
    coordinator->moved_count += 1;
    if (coordinator->moved_count <= MOVED_NOTE_COUNT_MAX) {
        coordinator_tell(coordinator, (struct coordinator_note_facts){
                                          .note = COORDINATOR_NOTE_HOST_STATE,
                                          .host = coordinator_host_name(coordinator, finding->host),
                                          .text = detector_state_name(finding->state)});
    }
    if (finding->state == DETECTOR_SUSPECT) {
        entry->suspected_at = coordinator->now;
        round_suspect_seen(coordinator);
    }
}

/* Its agent's port, and those of its vats, as many as one probe may carry. */
static void host_probe(struct coordinator *coordinator, const struct detector_finding *finding)
{
    struct mn_down *down = coordinator_say(coordinator, finding->witness, MN_DOWN_PROBE);
    struct mn_endpoint *endpoints =
        coordinator_take(coordinator, MN_PROBE_ENDPOINT_COUNT_MAX, sizeof *endpoints);
    if (down == NULL || endpoints == NULL) {
        return;
    }
    const char *agent = coordinator->topology->hosts[finding->host].agent;
    memcpy(endpoints[0].text, agent, strlen(agent) + 1);
    uint32_t count = 1;
    uint32_t next = coordinator->hosts[finding->host].vat_first;
    while (next != TOPOLOGY_NONE && count < MN_PROBE_ENDPOINT_COUNT_MAX) {
        const struct vat_entry *vat = &coordinator->vats[next];
        if (vat->endpoint != NULL) {
            memcpy(endpoints[count].text, vat->endpoint, strlen(vat->endpoint) + 1);
            count += 1;
        }
        next = vat->next_here;
    }
    down->probe.probe = finding->probe;
    down->probe.host = coordinator_host_id(coordinator, finding->host);
    down->probe.endpoints = endpoints;
    down->probe.endpoint_count = count;
}

static void host_hold(struct coordinator *coordinator, uint32_t silent)
{
    coordinator->listens_until = coordinator->now + coordinator->topology->timing.lost_ms * MN_MS;
    if (silent > 0) {
        leases_hold(coordinator, coordinator->listens_until);
    }
    if (coordinator->now < coordinator->hold_note_at) {
        return;
    }
    coordinator->hold_note_at = coordinator->now + MN_SECOND;
    coordinator_tell(coordinator,
                     (struct coordinator_note_facts){
                         .note = COORDINATOR_NOTE_HOLD,
                         .number = silent,
                         .text = silent > 0 ? "so many hosts fell silent at once that this side is "
                                              "more likely cut off; every silence begins anew"
                                            : "this process was paused; every silence begins "
                                              "anew"});
}

/* Handling a finding may not make the detector find more: the list is complete. */
static void hosts_take_findings(struct coordinator *coordinator)
{
    coordinator->moved_count = 0;
    for (size_t i = 0; i < coordinator->findings.count; i++) {
        struct detector_finding finding = coordinator->findings.items[i];
        switch (finding.kind) {
        case DETECTOR_FOUND_STATE:
            host_moved(coordinator, &finding);
            break;
        case DETECTOR_FOUND_PROBE:
            host_probe(coordinator, &finding);
            break;
        case DETECTOR_FOUND_ALIVE:
            coordinator_tell(coordinator,
                             (struct coordinator_note_facts){
                                 .note = COORDINATOR_NOTE_AGENT_SILENT,
                                 .host = coordinator_host_name(coordinator, finding.host),
                                 .text = "a port is open there: only its agent is silent"});
            break;
        case DETECTOR_FOUND_HOLD:
            host_hold(coordinator, finding.host);
            break;
        }
    }
    coordinator->findings.count = 0;
    if (coordinator->moved_count > MOVED_NOTE_COUNT_MAX) {
        coordinator_tell(coordinator, (struct coordinator_note_facts){
                                          .note = COORDINATOR_NOTE_HOST_STATE,
                                          .number = coordinator->moved_count - MOVED_NOTE_COUNT_MAX,
                                          .text = "so many more hosts changed at the same time"});
    }
}

/* ---- what it has told ---------------------------------------------------------------------------
 */

void hosts_complete(struct coordinator *coordinator, uint32_t host, bool complete)
{
    struct host_entry *entry = &coordinator->hosts[host];
    entry->complete = entry->complete || (complete && !entry->emptied);
    if (complete && !entry->told_all) {
        entry->told_all = true;
        reports_first_floors(coordinator, host, false);
        if (entry->holds) {
            vats_first_told(coordinator, host);
        }
    }
}

void hosts_emptied(struct coordinator *coordinator, uint32_t host)
{
    struct host_entry *entry = &coordinator->hosts[host];
    entry->emptied = entry->emptied || !entry->complete;
}

bool hosts_untold(const struct coordinator *coordinator, uint32_t host)
{
    const struct host_entry *entry = &coordinator->hosts[host];
    return !entry->complete && (entry->emptied || hosts_lost(coordinator, host));
}

/* ---- what comes in --------------------------------------------------------------------------- */

void hosts_heard(struct coordinator *coordinator, uint32_t host)
{
    bool was_lost = hosts_lost(coordinator, host);
    mn_result result =
        detector_heard(coordinator->detector, coordinator->now, host, &coordinator->findings);
    if (!coordinator_fine(coordinator, result)) {
        return;
    }
    if (was_lost) {
        host_is_back(coordinator, host);
    }
    hosts_take_findings(coordinator);
    if (was_lost) {
        round_changed(coordinator);
    }
}

void hosts_begin_life(struct coordinator *coordinator, uint32_t host, uint64_t disk)
{
    struct host_entry *entry = &coordinator->hosts[host];
    uint64_t *former = coordinator->formers + (size_t)host * HOST_FORMER_COUNT;
    memmove(former + 1, former, (HOST_FORMER_COUNT - 1) * sizeof *former);
    former[0] = entry->disk;
    entry->disk = disk;
    entry->anew = true;
}

static bool life_over(const struct coordinator *coordinator, uint32_t host, uint64_t disk)
{
    const uint64_t *former = coordinator->formers + (size_t)host * HOST_FORMER_COUNT;
    for (size_t i = 0; i < HOST_FORMER_COUNT; i++) {
        if (former[i] == disk) {
            return true;
        }
    }
    return false;
}

/* It does not go on from the newest life of its disk: it is another one, or an older state of it.
 * One that does may still be older than it was; so of what was ordered there, nothing is begun in a
 * later life, and what runs is what its hello says. */
static void host_forgot(struct coordinator *coordinator, uint32_t host)
{
    coordinator_tell(coordinator, (struct coordinator_note_facts){
                                      .note = COORDINATOR_NOTE_NEW_DISK,
                                      .host = coordinator_host_name(coordinator, host),
                                      .text = "what its agent was told before is forgotten"});
    hosts_emptied(coordinator, host);
    vats_disk(coordinator, host);
}

/* What an agent says that becomes a record of the journal: @count of it at once, and then one each
 * HOST_LIFE_MS. Whether one more is heard now; if so it is counted. */
static bool host_may(struct coordinator *coordinator, mn_time *until, mn_time count)
{
    const mn_time each = HOST_LIFE_MS * MN_MS;
    mn_time from = *until > coordinator->now ? *until : coordinator->now;
    if (from - coordinator->now >= count * each) {
        return false;
    }
    *until = from + each;
    return true;
}

static bool life_allowed(struct coordinator *coordinator, uint32_t host)
{
    bool may = host_may(coordinator, &coordinator->hosts[host].lives_at, HOST_LIFE_COUNT_MAX);
    if (!may) {
        coordinator_refuse(coordinator, host,
                           "it begins anew too often, each time with another life of its disk: "
                           "it is heard again in some seconds");
    }
    return may;
}

/* A host that is right says of each vat once what a journal that was lost does not know. */
bool hosts_raise_allowed(struct coordinator *coordinator, uint32_t host)
{
    bool may = host_may(coordinator, &coordinator->hosts[host].raises_at,
                        HOST_LIFE_COUNT_MAX + (mn_time)coordinator->vat_count);
    if (!may) {
        coordinator_refuse(coordinator, host,
                           "it knows of ever later runs of vats: it is heard again in some "
                           "seconds");
    }
    return may;
}

bool hosts_disk(struct coordinator *coordinator, uint32_t host, const struct mn_up *message)
{
    struct host_entry *entry = &coordinator->hosts[host];
    uint64_t before = entry->disk;
    if (message->disk == 0 || message->disk == before) {
        return true;
    }
    if (life_over(coordinator, host, message->disk) || !life_allowed(coordinator, host)) {
        return false;
    }
    struct mn_journal_record *record = coordinator_take(coordinator, 1, sizeof *record);
    if (record == NULL) {
        return false;
    }
    hosts_begin_life(coordinator, host, message->disk);
    record->kind = MN_JOURNAL_HOST;
    record->host.host = coordinator_host_id(coordinator, host);
    record->host.disk = message->disk;
    coordinator_record(coordinator, record, (struct pending){.kind = PENDING_HOST});
    if (before != 0) {
        entry->known = false;
        entry->everything = false;
    }
    if (before != 0 && message->before != before) {
        host_forgot(coordinator, host);
    }
    return true;
}

/* Whether a vat may run there of whose port this coordinator does not know. */
static bool host_ports_unknown(const struct coordinator *coordinator, uint32_t host)
{
    uint32_t next = coordinator->hosts[host].vat_first;
    for (; next != TOPOLOGY_NONE; next = coordinator->vats[next].next_here) {
        const struct vat_entry *vat = &coordinator->vats[next];
        if (vat->run != 0 && !vat->lost && vat->endpoint == NULL) {
            return true;
        }
    }
    return false;
}

/* A port that is refused at once shows that the machine is up. That no process is left on it can be
 * said only by who knows all of their ports. */
static const enum mn_probe_answer *probed_answers(struct coordinator *coordinator,
                                                  const struct mn_up *message)
{
    uint32_t count = message->probed.answer_count;
    uint32_t suspect = topology_find_host(coordinator->topology, message->probed.host.text);
    if (suspect == TOPOLOGY_NONE || !host_ports_unknown(coordinator, suspect)) {
        return message->probed.answers;
    }
    enum mn_probe_answer *answers = coordinator_take(coordinator, count, sizeof *answers);
    for (uint32_t i = 0; answers != NULL && i < count; i++) {
        bool closed = message->probed.answers[i] == MN_PROBE_CLOSED;
        answers[i] = closed ? MN_PROBE_OPEN : message->probed.answers[i];
    }
    return answers;
}

void hosts_probed(struct coordinator *coordinator, uint32_t host, const struct mn_up *message)
{
    const enum mn_probe_answer *answers = probed_answers(coordinator, message);
    if (answers == NULL && message->probed.answer_count > 0) {
        return;
    }
    mn_result result =
        detector_probed(coordinator->detector, coordinator->now, message->probed.probe, host,
                        answers, message->probed.answer_count, &coordinator->findings);
    if (coordinator_fine(coordinator, result)) {
        hosts_take_findings(coordinator);
    }
}

void hosts_tick(struct coordinator *coordinator)
{
    if (coordinator->now < detector_deadline(coordinator->detector)) {
        return;
    }
    mn_result result =
        detector_tick(coordinator->detector, coordinator->now, &coordinator->findings);
    if (coordinator_fine(coordinator, result)) {
        hosts_take_findings(coordinator);
    }
}

void hosts_welcome(struct coordinator *coordinator, uint32_t host)
{
    struct mn_down *down = coordinator_say(coordinator, host, MN_DOWN_WELCOME);
    if (down == NULL) {
        return;
    }
    uint64_t newest = 0;
    for (size_t i = 0; i < coordinator->round_count; i++) {
        const struct coordinator_round_facts *facts = &coordinator->rounds[i]->facts;
        newest = facts->decision != NULL ? facts->round : newest;
    }
    down->welcome.newest_round = newest;
    down->welcome.send_everything = !coordinator->hosts[host].everything;
    down->welcome.numbering = coordinator->topology->numbering;
    coordinator->hosts[host].everything = coordinator->hosts[host].known;
}

/* What the hello says of each vat, and of those that should be there what it does not say. */
static void hello_compare(struct coordinator *coordinator, uint32_t host,
                          const struct mn_up *message)
{
    coordinator->mention_count += 1;
    aside_host_anew(coordinator, host);
    for (uint32_t i = 0; i < message->hello.vat_count; i++) {
        const struct mn_vat_status *status = &message->hello.vats[i];
        uint32_t vat = coordinator_find_vat(coordinator, &status->vat);
        if (vat != TOPOLOGY_NONE) {
            if (coordinator->vats[vat].mention == coordinator->mention_count) {
                coordinator_refuse(coordinator, host, "a hello that names a vat twice");
                continue;
            }
            coordinator->vats[vat].mention = coordinator->mention_count;
        }
        vats_said(coordinator, host, status, "as its agent's hello says");
    }
    uint32_t next = coordinator->hosts[host].vat_first;
    while (next != TOPOLOGY_NONE) {
        uint32_t vat = next;
        next = coordinator->vats[vat].next_here;
        if (coordinator->vats[vat].mention != coordinator->mention_count) {
            vats_absent(coordinator, vat);
        }
    }
}

/* A round that the host knows of; 0: none can be so high. Whatever is said, there are numbers left
 * to give out, and no clock, however wrong, puts the base anywhere near. */
static uint64_t round_said(struct coordinator *coordinator, uint32_t host, uint64_t round)
{
    if (round > MN_ROUND_MAX && round > coordinator->round_seen) {
        coordinator_refuse(coordinator, host, "about a round that cannot be");
        return 0;
    }
    return round;
}

void hosts_hello(struct coordinator *coordinator, uint32_t host, const struct mn_up *message)
{
    if (strcmp(message->hello.host.text, coordinator_host_name(coordinator, host)) != 0) {
        coordinator_refuse(coordinator, host, "a hello in the name of another host");
        return;
    }
    /* Its disk may be another one than it was, also when nobody has noticed that it was away. Until
     * it has reported, no round that it takes part in is decided: its answer comes after that. Its
     * first hello may have been lost, and what it has said since been taken for one. */
    bool everything = message->hello.everything || coordinator->hosts[host].anew;
    coordinator->hosts[host].anew = false;
    if (everything &&
        !coordinator_fine(coordinator, ledger_drop_store(coordinator->ledger, host))) {
        return;
    }
    uint64_t newest = round_said(coordinator, host, message->hello.newest_round);
    uint64_t seen = round_said(coordinator, host, message->hello.seen_round);
    newest = newest > seen ? newest : seen;
    bool above = newest > coordinator->round_seen && round_find(coordinator, newest) == NULL;
    if (above || (coordinator->blank && message->hello.holds && !coordinator->hosts[host].met)) {
        vats_first_forgotten(coordinator);
    }
    round_applied_seen(coordinator, host, newest);
    round_frozen_seen(coordinator, host,
                      round_said(coordinator, host, message->hello.frozen_round));
    /* A frozen agent says hello every few heartbeats, and tells what it has told no second time. */
    coordinator->hosts[host].told_all = coordinator->hosts[host].told_all && !everything &&
                                        coordinator->hosts[host].known &&
                                        coordinator->hosts[host].everything;
    coordinator->hosts[host].known = true;
    coordinator->hosts[host].met = true;
    coordinator->hosts[host].holds = message->hello.holds;
    coordinator->hosts[host].numbering = message->hello.numbering;
    coordinator->hosts[host].newest_round = message->hello.newest_round;
    hosts_welcome(coordinator, host);
    /* Decisions before starts: a vat begins with the rounds that its agent knows. */
    telling_remind(coordinator, host, message->hello.newest_round);
    hello_compare(coordinator, host, message);
    if (everything) {
        collect_host_again(coordinator, host);
    }
}
