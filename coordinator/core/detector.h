/* The detector: which hosts are lost, judged from their silence and from what witnesses find.
 *
 *              silent stale_ms        silent suspect_ms       witnesses agree
 *        UP ------------------> STALE -----------------> SUSPECT -------------> LOST
 *         ^                       |                         |                     |
 *         +-----------------------+-------------------------+---------------------+
 *                                      heard again
 *
 * One decider for every path: whatever wants to know whether a host is lost asks here. In doubt it
 * holds (G8): when most hosts fall silent at once, or when this process itself was paused, the
 * fault is more likely on this side, and every silence begins anew.
 *
 * Pure: the caller hands in the time; what the detector wants is appended to its list of findings.
 */
#ifndef COORDINATOR_CORE_DETECTOR_H
#define COORDINATOR_CORE_DETECTOR_H

#include "base/ids.h"
#include "base/result.h"
#include "wire/control.h"

enum {
    DETECTOR_WITNESS_COUNT = 2, /* asked about each suspect, in as many other domains */
    DETECTOR_HOLD_TENTHS = 7    /* more than so many tenths of the hosts silent: hold */
};

#define DETECTOR_DOMAIN_NONE UINT32_MAX

enum detector_state { DETECTOR_UP, DETECTOR_STALE, DETECTOR_SUSPECT, DETECTOR_LOST };

/* "up", "stale", "suspect" or "lost". */
const char *detector_state_name(enum detector_state state);

struct detector_config {
    uint32_t host_count;
    const uint32_t *domains; /* each host's immediate domain, or DETECTOR_DOMAIN_NONE; borrowed for
                                the detector's life */
    mn_time heartbeat;       /* nanoseconds, all of them; stale < suspect < lost */
    mn_time stale;
    mn_time suspect;
    mn_time lost;
};

enum detector_finding_kind {
    DETECTOR_FOUND_STATE, /* a host moved to another state */
    DETECTOR_FOUND_PROBE, /* have the witness probe the host, under this number */
    DETECTOR_FOUND_ALIVE, /* a port of a suspect is open: only its agent is silent */
    DETECTOR_FOUND_HOLD /* every silence began anew; `host` is the number of hosts that were silent,
                           0 when it was this process's own pause */
};

struct detector_finding {
    enum detector_finding_kind kind;
    uint32_t host;
    enum detector_state state; /* of FOUND_STATE */
    uint32_t witness;          /* of FOUND_PROBE */
    uint64_t probe;            /* of FOUND_PROBE */
};

/* Findings of one call, in order. Zero-initialise; the caller empties it by count = 0. */
struct detector_findings {
    struct detector_finding *items;
    size_t count;
    size_t capacity;
};

void detector_findings_deinit(struct detector_findings *findings);

struct detector;

/* All hosts begin as up, their silence with @now. No host is found lost before @now + lost: a new
 * coordinator first listens.
 * Errors:    MN_NO_MEMORY; MN_BAD_INPUT when the times are not in growing order or there is no host
 */
mn_result detector_new(struct detector **detector, const struct detector_config *config,
                       mn_time now) MN_CHECKED;
void detector_destroy(struct detector **detector);

/* Something came from the host's agent. A lost or suspected host is up again.
 * Errors:    MN_NO_MEMORY; nothing was changed then. The same holds for the calls below. */
mn_result detector_heard(struct detector *detector, mn_time now, uint32_t host,
                         struct detector_findings *findings) MN_CHECKED;

/* A witness answered the probe of this number. Answers to older probes, and of hosts that were not
 * asked, are ignored. Nothing that was found is no answer at all. */
mn_result detector_probed(struct detector *detector, mn_time now, uint64_t probe, uint32_t witness,
                          const enum mn_probe_answer *answers, uint32_t answer_count,
                          struct detector_findings *findings) MN_CHECKED;

/* Time has come as far as @now. To be called at detector_deadline, at the latest. */
mn_result detector_tick(struct detector *detector, mn_time now,
                        struct detector_findings *findings) MN_CHECKED;

/* Mark a host as lost from the start on: the journal says so. */
void detector_set_lost(struct detector *detector, uint32_t host);

mn_time detector_deadline(const struct detector *detector);
enum detector_state detector_host_state(const struct detector *detector, uint32_t host);

/* How long the host has been silent. */
mn_time detector_silence(const struct detector *detector, mn_time now, uint32_t host);

/* Whether it is suspect, and its witnesses found a port open there: only its agent is silent. */
bool detector_agent_only(const struct detector *detector, uint32_t host);

/* Asserts what must always hold. */
void detector_invariant(const struct detector *detector);

#endif
