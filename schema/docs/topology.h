/* The topology: who the cluster consists of, by whom it may be operated, and its settings. One YAML
 * file, the same for the coordinator, every agent and the operator's command.
 *
 *     topology: 1
 *     coordinator: {agents: "tcp://127.0.0.1:7000", operators: "tcp://127.0.0.1:7001", key: "..."}
 *     operators: {alice: {key: "...", role: operate}}
 *     domains: {z1: {}, r1: {in: z1}}
 *     hosts: {h1: {in: r1, agent: "tcp://127.0.0.1:7101", address: 127.0.0.1, key: "..."}}
 *     vats: {x1: {host: h1, command: [bank, --peers, "x2,x3"], sends: held,
 *                 on_peer_rollback: roll_back, limit: 1}}
 *     keepers: [h1, h3, h5]
 *     timing: {heartbeat_ms: 1000, ...}
 *     checkpoints: {interval_ms: 1000, ...}
 *     policy: {total_loss: tell, tell: [],
 *              approve: {share: 0.3, reset: true, unsure: true}}
 *
 * `topology`, `coordinator` and `hosts` are required; of a host agent, address and key; of a vat
 * host and command. Everything else has the default shown, or is empty. Keepers are 0, 1, 3, 5 or 7
 * hosts in different domains; when the list is not there, the first hosts of three domains of the
 * highest level at which there are three, and none where there is no such level. `approve` says
 * which plans wait for an operator: those that take back or restore more than that share of the
 * vats, reset one, or are not sure of something; or never any. */
#ifndef MN_DOCS_TOPOLOGY_H
#define MN_DOCS_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/limits.h"
#include "base/result.h"
#include "docs/table.h"
#include "docs/text.h"

#define TOPOLOGY_NONE UINT32_MAX

enum {
    TOPOLOGY_SIZE_MAX = 1024 * 1024 * 1024,
    TOPOLOGY_VAT_COUNT_MAX = 10 * 1000 * 1000,
    TOPOLOGY_DOMAIN_COUNT_MAX = 65536,
    TOPOLOGY_OPERATOR_COUNT_MAX = 4096,
    TOPOLOGY_COMMAND_COUNT_MAX = 256 /* words of one vat's command */
};

/* Every setting: X(name, default, least, most, what it is). Reading and bounds are made from these
 * two lists, and mneme-topology(5) has to say the same. */
#define TOPOLOGY_TIMING(X)                                                                         \
    X(heartbeat_ms, 1000, 10, 60000, "how often an agent says that it is there")                   \
    X(stale_ms, 3000, 20, 600000, "silence after which a host is shown as stale")                  \
    X(suspect_ms, 4000, 20, 600000, "silence after which a host is suspected and probed")          \
    X(lost_ms, 10000, 30, 3600000, "silence after which a suspected host may be held for lost")    \
    X(lease_ms, 0, 0, 3600000,                                                                     \
      "how long a vat may act on the world outside without a new word of the coordinator; 0: "     \
      "3 heartbeats")                                                                              \
    X(settle_ms, 30000, 20, 3600000, "the longest a round waits for further suspects to show")     \
    X(collect_ms, 5000, 20, 3600000, "how long a round waits for a host's answer")                 \
    X(copy_ms, 2000, 20, 3600000,                                                                  \
      "how long an agent waits for a copy to be made before it turns "                             \
      "to another host")                                                                           \
    X(connect_ms, 2000, 20, 600000, "how long a vat tries before a peer is called unreachable")    \
    X(send_ms, 600000, 0, 86400000,                                                                \
      "how long messages wait for a peer that is out of reach before they "                        \
      "are given up; 0 is without bound")

#define TOPOLOGY_CHECKPOINTS(X)                                                                    \
    X(interval_ms, 1000, 10, 86400000, "time from one checkpoint of a vat to the next")            \
    X(latency_ms, 86400000, 0, 86400000,                                                           \
      "how long a held message waits for a checkpoint, where that is less than interval_ms; "      \
      "0: as soon as the checkpoint before it is durable")                                         \
    X(full_every, 8, 1, 1000, "each so many checkpoints one is full, the others are diffs")        \
    X(keep, 8, 1, 10000, "durable checkpoints that are kept of each vat")                          \
    X(stores, 2, 1, 16, "copies of each checkpoint, in as many different domains")                 \
    X(scrub_ms, 604800000, 0, 1814400000,                                                          \
      "time in which an agent reads over each checkpoint on its host, so that what went bad is "   \
      "copied anew; 0 is never")

#define TOPOLOGY_FIELD(name, standard, least, most, text) int64_t name;

struct topology_timing {
    TOPOLOGY_TIMING(TOPOLOGY_FIELD)
};

struct topology_checkpoints {
    TOPOLOGY_CHECKPOINTS(TOPOLOGY_FIELD)
};

#undef TOPOLOGY_FIELD

/* Each role may do what those before it may. */
enum topology_role { TOPOLOGY_WATCH, TOPOLOGY_OPERATE, TOPOLOGY_APPROVE };

struct topology_coordinator {
    const char *agents;    /* endpoint for agents */
    const char *operators; /* endpoint for operators */
    const char *key;       /* public key, Z85 */
};

struct topology_operator {
    const char *name;
    const char *key;
    enum topology_role role;
};

struct topology_domain {
    const char *name;
    uint32_t in; /* the parent domain, or TOPOLOGY_NONE for a root */
};

struct topology_host {
    const char *name;
    uint32_t domain;     /* its immediate domain, or TOPOLOGY_NONE */
    const char *agent;   /* endpoint where its agent listens for other agents */
    const char *address; /* on which its vats listen */
    const char *key;     /* public key, Z85: a host is its key */
};

struct topology_vat {
    const char *name;
    uint32_t host; /* where it is placed at first */
    size_t command_count;
    const char *const *command; /* command_count words, then NULL; at least one */
    bool early;                 /* sends: early; otherwise held */
    bool be_told;               /* on_peer_rollback: be_told; otherwise roll_back */
    mn_epoch limit;
};

/* The hosts whose agents keep the coordinator's journal too. */
struct topology_keepers {
    size_t count;
    uint32_t hosts[MN_KEEPER_COUNT_MAX];
};

/* A share in millionths. */
#define TOPOLOGY_SHARE_WHOLE INT64_C(1000000)

/* Which plans wait for an operator's approval; none when nothing is set. */
struct topology_approval {
    bool share_asked;
    int64_t share; /* those that take back or restore more than this share of all vats */
    bool reset;    /* those that reset a vat */
    bool unsure;   /* those of which something is not sure */
};

struct topology_policy {
    bool roll_back; /* total_loss: roll_back; otherwise tell */
    size_t tell_count;
    const uint32_t *tell; /* vats */
    struct topology_approval approve;
};

/* What the file says, in its order. Read only. */
struct topology {
    struct topology_coordinator coordinator;
    size_t operator_count;
    const struct topology_operator *operators;
    size_t domain_count;
    const struct topology_domain *domains;
    size_t host_count; /* at least 1 */
    const struct topology_host *hosts;
    size_t vat_count;
    const struct topology_vat *vats;
    uint64_t numbering; /* of `vats`: a digest of their names in their order, never 0. Whose is the
                           same may speak of vats by their indices */
    struct topology_keepers keepers;
    struct topology_timing timing;
    struct topology_checkpoints checkpoints;
    struct topology_policy policy;

    struct mn_arena arena; /* holds all of the above */
    struct mn_table host_names;
    struct mn_table vat_names;
    struct mn_table keys; /* of hosts and operators; see topology_find_host_key */
};

/* Read a topology.
 *
 * @origin    the file's name, for the error only.
 * @topology  out: to be destroyed by the caller; written on success only.
 *
 * Errors:    MN_BAD_INPUT  @error says "FILE:LINE:COLUMN: what is wrong, and what was expected"
 *            MN_TOO_LARGE, MN_NO_MEMORY */
mn_result topology_read(const char *bytes, size_t size, const char *origin,
                        struct topology **topology, struct mn_error *error) MN_CHECKED;

/* The same from a file. Errors also: MN_NOT_FOUND, MN_DENIED, MN_IO. */
mn_result topology_load(const char *path, struct topology **topology,
                        struct mn_error *error) MN_CHECKED;

/* Give a topology back and null the caller's pointer; NULL inside is fine. */
void topology_destroy(struct topology **topology);

/* Indices, or TOPOLOGY_NONE when there is none of that name or key. */
uint32_t topology_find_host(const struct topology *topology, const char *name);
uint32_t topology_find_vat(const struct topology *topology, const char *name);
/* The same of @count names at once, which takes less time. */
void topology_find_vats(const struct topology *topology, const struct mn_name *names, size_t count,
                        uint32_t *vats);
uint32_t topology_find_host_key(const struct topology *topology, const char *key);
uint32_t topology_find_operator_key(const struct topology *topology, const char *key);

/* Whether two hosts stand in the same immediate domain. A host without a domain shares none but
 * with itself. */
bool topology_domains_share(const struct topology *topology, uint32_t host_a, uint32_t host_b);

#endif
