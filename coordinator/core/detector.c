/* The detector. It knows hosts and domains as numbers, and neither vats nor rounds.
 *
 * Each tick looks at every host once, O(hosts); a tick comes once a heartbeat. */
#include "detector.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/grow.h"

/* A witness says what is silent two heartbeats after it was asked. Its word must come before the
 * next probe, which would make it one of an older: a heartbeat later. */
enum { PROBE_AGAIN_HEARTBEATS = 3 };

/* Findings of one call: a change of state and two probes for every host, and a hold. */
#define FINDING_COUNT_MAX ((size_t)4 * MN_HOST_COUNT_MAX + 1)

enum witness_word { WORD_NONE, WORD_OPEN, WORD_CLOSED, WORD_SILENT };

struct detector_witness {
    uint32_t host;
    enum witness_word word;
};

struct detector_host {
    enum detector_state state;
    mn_time heard_at;   /* when its silence began */
    mn_time probe_next; /* while suspect: when to ask the witnesses again */
    uint64_t probe;     /* the newest probe's number, 0 for none */
    uint32_t witness_count;
    struct detector_witness witnesses[DETECTOR_WITNESS_COUNT];
    bool alive; /* by the newest complete words a port is open: only its agent is silent */
};

struct detector {
    struct detector_config config;
    struct detector_host *hosts;
    mn_time verdicts_from; /* nobody is found lost before */
    mn_time ticked_at;
    uint64_t probe_newest;
};

/* allowed[from][to]: the diagram in the header. */
static const bool detector_allowed[4][4] = {
    [DETECTOR_UP] = {[DETECTOR_STALE] = true, [DETECTOR_SUSPECT] = true},
    [DETECTOR_STALE] = {[DETECTOR_UP] = true, [DETECTOR_SUSPECT] = true},
    [DETECTOR_SUSPECT] = {[DETECTOR_UP] = true, [DETECTOR_LOST] = true},
    [DETECTOR_LOST] = {[DETECTOR_UP] = true},
};

const char *detector_state_name(enum detector_state state)
{
    switch (state) {
    case DETECTOR_UP:
        return "up";
    case DETECTOR_STALE:
        return "stale";
    case DETECTOR_SUSPECT:
        return "suspect";
    case DETECTOR_LOST:
        return "lost";
    }
    return "?";
}

void detector_findings_deinit(struct detector_findings *findings)
{
    free(findings->items);
    *findings = (struct detector_findings){0};
}

mn_result detector_new(struct detector **out, const struct detector_config *config, mn_time now)
{
    if (config->host_count == 0 || config->host_count > MN_HOST_COUNT_MAX ||
        config->heartbeat <= 0 || config->stale >= config->suspect ||
        config->suspect >= config->lost) {
        return MN_BAD_INPUT;
    }
    struct detector *detector = calloc(1, sizeof *detector);
    struct detector_host *hosts = calloc(config->host_count, sizeof *hosts);
    if (detector == NULL || hosts == NULL) {
        free(detector);
        free(hosts);
        return MN_NO_MEMORY;
    }
    detector->config = *config;
    detector->hosts = hosts;
    detector->ticked_at = now;
    detector->verdicts_from = now + config->lost;
    for (uint32_t i = 0; i < config->host_count; i++) {
        hosts[i].heard_at = now;
    }
    *out = detector;
    return MN_OK;
}

void detector_destroy(struct detector **detector)
{
    if (*detector != NULL) {
        free((*detector)->hosts);
        free(*detector);
        *detector = NULL;
    }
}

/* Room for all that one call can find, taken before anything is changed. */
static mn_result findings_reserve(struct detector_findings *findings, size_t more)
{
    return mn_grow(&findings->items, &findings->capacity, findings->count + more,
                   sizeof *findings->items, FINDING_COUNT_MAX);
}

static void findings_add(struct detector_findings *findings, struct detector_finding finding)
{
    mn_assert(findings->count < findings->capacity);
    findings->items[findings->count++] = finding;
}

/* The one way in which a host's state changes. */
static void host_move(struct detector *detector, uint32_t index, enum detector_state to,
                      struct detector_findings *findings)
{
    struct detector_host *host = &detector->hosts[index];
    mn_assert(detector_allowed[host->state][to]);
    host->state = to;
    host->probe = 0;
    host->witness_count = 0;
    host->alive = false;
    host->probe_next = 0;
    findings_add(findings, (struct detector_finding){
                               .kind = DETECTOR_FOUND_STATE, .host = index, .state = to});
}

mn_result detector_heard(struct detector *detector, mn_time now, uint32_t index,
                         struct detector_findings *findings)
{
    mn_assert(index < detector->config.host_count);
    mn_result result = findings_reserve(findings, 1);
    if (result != MN_OK) {
        return result;
    }
    detector->hosts[index].heard_at = now;
    if (detector->hosts[index].state != DETECTOR_UP) {
        host_move(detector, index, DETECTOR_UP, findings);
    }
    return MN_OK;
}

static bool domains_differ(const struct detector *detector, uint32_t a, uint32_t b)
{
    uint32_t domain = detector->config.domains[a];
    return domain == DETECTOR_DOMAIN_NONE || domain != detector->config.domains[b];
}

static bool witness_shares_domain(const struct detector *detector, const struct detector_host *host,
                                  uint32_t candidate)
{
    for (uint32_t i = 0; i < host->witness_count; i++) {
        if (!domains_differ(detector, host->witnesses[i].host, candidate)) {
            return true;
        }
    }
    return false;
}

static bool witness_is_chosen(const struct detector_host *host, uint32_t candidate)
{
    for (uint32_t i = 0; i < host->witness_count; i++) {
        if (host->witnesses[i].host == candidate) {
            return true;
        }
    }
    return false;
}

/* Add witnesses from the hosts that are up: with @strict from other domains, a domain each. */
static void choose_among(struct detector *detector, uint32_t index, bool strict)
{
    struct detector_host *host = &detector->hosts[index];
    uint32_t count = detector->config.host_count;
    for (uint32_t step = 1; step < count && host->witness_count < DETECTOR_WITNESS_COUNT; step++) {
        uint32_t candidate = (index + step) % count;
        bool usable = detector->hosts[candidate].state == DETECTOR_UP &&
                      !witness_is_chosen(host, candidate) &&
                      (!strict || (domains_differ(detector, index, candidate) &&
                                   !witness_shares_domain(detector, host, candidate)));
        if (usable) {
            host->witnesses[host->witness_count++] = (struct detector_witness){.host = candidate};
        }
    }
}

/* Ask the witnesses: of two other domains where there are so many, else of one, else neighbours in
 * the host's own domain. */
static void host_probe(struct detector *detector, mn_time now, uint32_t index,
                       struct detector_findings *findings)
{
    struct detector_host *host = &detector->hosts[index];
    host->witness_count = 0;
    choose_among(detector, index, true);
    if (host->witness_count == 0) {
        choose_among(detector, index, false);
    }
    detector->probe_newest += 1;
    host->probe = detector->probe_newest;
    host->probe_next = now + detector->config.heartbeat * PROBE_AGAIN_HEARTBEATS;
    for (uint32_t i = 0; i < host->witness_count; i++) {
        findings_add(findings, (struct detector_finding){.kind = DETECTOR_FOUND_PROBE,
                                                         .host = index,
                                                         .witness = host->witnesses[i].host,
                                                         .probe = host->probe});
    }
}

/* Whether every witness of the newest probe has spoken, and none found a port open. */
static bool none_found_open(const struct detector_host *host)
{
    for (uint32_t i = 0; i < host->witness_count; i++) {
        if (host->witnesses[i].word == WORD_NONE || host->witnesses[i].word == WORD_OPEN) {
            return false;
        }
    }
    return true;
}

/* Whether the witnesses' words and the silence amount to a loss. */
static bool host_is_lost(const struct detector *detector, mn_time now,
                         const struct detector_host *host)
{
    bool all_closed = true;
    if (host->state != DETECTOR_SUSPECT || host->witness_count == 0 || !none_found_open(host) ||
        now < detector->verdicts_from) {
        return false;
    }
    for (uint32_t i = 0; i < host->witness_count; i++) {
        all_closed = all_closed && host->witnesses[i].word == WORD_CLOSED;
    }
    return all_closed || now - host->heard_at >= detector->config.lost;
}

/* One word for what a witness found: open if anything is, closed if everything is refused. */
static enum witness_word word_of(const enum mn_probe_answer *answers, uint32_t count)
{
    enum witness_word word = count > 0 ? WORD_CLOSED : WORD_NONE;
    for (uint32_t i = 0; i < count; i++) {
        if (answers[i] == MN_PROBE_OPEN) {
            return WORD_OPEN;
        }
        if (answers[i] == MN_PROBE_SILENT) {
            word = WORD_SILENT;
        }
    }
    return word;
}

mn_result detector_probed(struct detector *detector, mn_time now, uint64_t probe, uint32_t witness,
                          const enum mn_probe_answer *answers, uint32_t answer_count,
                          struct detector_findings *findings)
{
    mn_result result = findings_reserve(findings, 1);
    if (result != MN_OK || probe == 0) {
        return result;
    }
    for (uint32_t i = 0; i < detector->config.host_count; i++) {
        struct detector_host *host = &detector->hosts[i];
        for (uint32_t k = 0; host->probe == probe && k < host->witness_count; k++) {
            if (host->witnesses[k].host != witness) {
                continue;
            }
            host->witnesses[k].word = word_of(answers, answer_count);
            if (host->witnesses[k].word == WORD_OPEN && !host->alive) {
                host->alive = true;
                findings_add(findings,
                             (struct detector_finding){.kind = DETECTOR_FOUND_ALIVE, .host = i});
            }
            if (none_found_open(host)) {
                host->alive = false;
            }
            if (host_is_lost(detector, now, host)) {
                host_move(detector, i, DETECTOR_LOST, findings);
                return MN_OK;
            }
        }
    }
    return MN_OK;
}

/* Begin every silence anew, but for the hosts that are known to be lost. */
static void detector_hold(struct detector *detector, mn_time now, uint32_t silent,
                          struct detector_findings *findings)
{
    for (uint32_t i = 0; i < detector->config.host_count; i++) {
        struct detector_host *host = &detector->hosts[i];
        if (host->state == DETECTOR_LOST) {
            continue;
        }
        host->heard_at = now;
        if (host->state != DETECTOR_UP) {
            host_move(detector, i, DETECTOR_UP, findings);
        }
    }
    detector->verdicts_from = now + detector->config.lost;
    findings_add(findings, (struct detector_finding){.kind = DETECTOR_FOUND_HOLD, .host = silent});
}

/* Hosts that are not lost and have been silent for so long that they would be suspected. */
static uint32_t count_silent(const struct detector *detector, mn_time now, uint32_t *living)
{
    uint32_t silent = 0;
    *living = 0;
    for (uint32_t i = 0; i < detector->config.host_count; i++) {
        const struct detector_host *host = &detector->hosts[i];
        if (host->state != DETECTOR_LOST) {
            *living += 1;
            silent += now - host->heard_at >= detector->config.suspect && !host->alive ? 1 : 0;
        }
    }
    return silent;
}

static void host_tick(struct detector *detector, mn_time now, uint32_t index,
                      struct detector_findings *findings)
{
    struct detector_host *host = &detector->hosts[index];
    mn_time silence = now - host->heard_at;
    if (host->state == DETECTOR_UP && silence >= detector->config.stale &&
        silence < detector->config.suspect) {
        host_move(detector, index, DETECTOR_STALE, findings);
    }
    if ((host->state == DETECTOR_UP || host->state == DETECTOR_STALE) &&
        silence >= detector->config.suspect) {
        host_move(detector, index, DETECTOR_SUSPECT, findings);
    }
    if (host_is_lost(detector, now, host)) {
        host_move(detector, index, DETECTOR_LOST, findings);
    }
    if (host->state == DETECTOR_SUSPECT && now >= host->probe_next) {
        host_probe(detector, now, index, findings);
    }
}

mn_result detector_tick(struct detector *detector, mn_time now, struct detector_findings *findings)
{
    mn_assert(now >= detector->ticked_at);
    size_t most = (size_t)4 * detector->config.host_count + 1;
    mn_result result = findings_reserve(findings, most);
    if (result != MN_OK) {
        return result;
    }
    uint32_t living = 0;
    uint32_t silent = count_silent(detector, now, &living);
    bool paused = now - detector->ticked_at > detector->config.heartbeat * 3;
    detector->ticked_at = now;
    if (paused) {
        detector_hold(detector, now, 0, findings);
    } else if (silent > 0 &&
               (silent == living || (living >= 3 && silent * 10 > living * DETECTOR_HOLD_TENTHS))) {
        detector_hold(detector, now, silent, findings);
    } else {
        for (uint32_t i = 0; i < detector->config.host_count; i++) {
            host_tick(detector, now, i, findings);
        }
    }
    return MN_OK;
}

void detector_set_lost(struct detector *detector, uint32_t host)
{
    mn_assert(host < detector->config.host_count);
    detector->hosts[host].state = DETECTOR_LOST;
}

/* A tick each heartbeat; a longer gap than three of them is a pause of this process. */
mn_time detector_deadline(const struct detector *detector)
{
    return detector->ticked_at + detector->config.heartbeat;
}

enum detector_state detector_host_state(const struct detector *detector, uint32_t host)
{
    mn_assert(host < detector->config.host_count);
    return detector->hosts[host].state;
}

mn_time detector_silence(const struct detector *detector, mn_time now, uint32_t host)
{
    mn_assert(host < detector->config.host_count);
    return now - detector->hosts[host].heard_at;
}

bool detector_agent_only(const struct detector *detector, uint32_t host)
{
    mn_assert(host < detector->config.host_count);
    return detector->hosts[host].state == DETECTOR_SUSPECT && detector->hosts[host].alive;
}

void detector_invariant(const struct detector *detector)
{
    for (uint32_t i = 0; i < detector->config.host_count; i++) {
        const struct detector_host *host = &detector->hosts[i];
        mn_assert(host->witness_count <= DETECTOR_WITNESS_COUNT);
        mn_assert(host->probe <= detector->probe_newest);
        mn_assert(host->state == DETECTOR_SUSPECT || host->witness_count == 0);
        for (uint32_t k = 0; k < host->witness_count; k++) {
            mn_assert(host->witnesses[k].host != i);
        }
    }
}
