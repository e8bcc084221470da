/* What the files of the round benchmark share. */
#ifndef BENCH_ROUND_BENCH_H
#define BENCH_ROUND_BENCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <zmq.h>

#include "net/net.h"
#include "wire/control.h"

enum {
    ROUND_PATH_SIZE = 512,
    ROUND_GENERATION_COUNT_MAX = 8,
    ROUND_PROCESS_HOST_COUNT = 4000, /* agents of one process: each takes two descriptors */
    ROUND_PROCESS_COUNT_MAX = 8
};

/* A cluster. Vat v is on host v % hosts; hosts stand in racks of `rack` neighbours, and rack 0 is
 * the one that is lost. */
struct round_size {
    uint32_t hosts;
    uint32_t vats;        /* a multiple of the hosts */
    uint32_t checkpoints; /* that each vat retains */
    uint32_t stores;      /* copies of each, 1 or 2 */
    uint32_t heard;       /* entries of each checkpoint */
    uint32_t keepers;     /* hosts beside those, without vats, that keep the journal */
    uint32_t rack;
    uint32_t heartbeat_ms;
    uint32_t suspect_ms;
    uint32_t lost_ms;
    bool by_epoch;      /* rows come epoch by epoch, as they are made, not vat by vat */
    uint64_t numbering; /* of the topology; round_cluster_open sets it */
};

/* Memory that the benchmark and its agents' processes share. Times are round_now's. */
struct round_shared {
    atomic_bool prepare;  /* make the answers to the freeze that will come */
    atomic_uint prepared; /* hosts that have */
    atomic_bool killed;   /* the hosts of rack 0 are gone */
    atomic_bool ended;
    atomic_uint hellos[ROUND_GENERATION_COUNT_MAX];   /* hosts welcome, by generation */
    atomic_uint complete[ROUND_GENERATION_COUNT_MAX]; /* hosts whose rows are all taken */
    atomic_ullong rows_taken[ROUND_GENERATION_COUNT_MAX];
    atomic_uint up;             /* vats started the first time */
    atomic_llong first_probe;   /* 0: none has come */
    atomic_llong first_freeze;  /* the newest attempt's */
    atomic_llong last_interval; /* when the last answer to it went */
    atomic_llong first_decision;
    atomic_llong last_start;
    atomic_llong last_notice; /* when the last told vat's notices came to its agent */
    atomic_uint started;
    atomic_uint told;
};

struct round_cluster {
    struct round_size size;
    char directory[ROUND_PATH_SIZE];
    char endpoint[64];
    struct mn_keys coordinator_keys;
    struct mn_keys *keys; /* by host */
    pid_t coordinator;
    int core;      /* the one core it may use; -1: any */
    long log_from; /* round_cluster_logged passes over what stands before this in the log */
    pid_t agents[ROUND_PROCESS_COUNT_MAX];
    uint32_t agent_count;
    struct mn_keys keeper_keys[MN_KEEPER_COUNT_MAX];
    pid_t keepers[MN_KEEPER_COUNT_MAX];
    struct round_shared *shared;
};

/* Nanoseconds of the clock that the coordinator's log has too. */
int64_t round_now(void);
_Noreturn void round_die(const char *what);
void round_sleep_ms(int64_t ms);

static inline bool round_in_rack_0(const struct round_size *size, uint32_t host)
{
    return host < size->rack;
}

/* ---- round_cluster.c ---- */

/* Write topology and keys, and start the coordinator. @agents: start the agents' processes too. */
void round_cluster_open(struct round_cluster *cluster, const struct round_size *size, int core,
                        bool agents);
void round_cluster_close(struct round_cluster *cluster);
/* A port of loopback that nobody listens on. */
int round_free_port(void);
void round_cluster_start(struct round_cluster *cluster);
void round_cluster_kill(struct round_cluster *cluster);
/* Processor time that the coordinator has used, and its memory. */
int64_t round_cluster_cpu(const struct round_cluster *cluster);
int64_t round_cluster_bytes(const struct round_cluster *cluster);
/* What comes into the coordinator's log from now on is all that round_cluster_logged looks at. */
void round_cluster_log_from_here(struct round_cluster *cluster);
/* The first, or the last, line of the coordinator's log from @since on that has both words: its
 * time, or 0. */
int64_t round_cluster_logged(const struct round_cluster *cluster, int64_t since, const char *word,
                             const char *other, bool last);

/* ---- round_agents.c ---- */

/* Be the agents of these hosts until the benchmark ends. */
_Noreturn void round_agents(const struct round_cluster *cluster, uint32_t first, uint32_t end);

/* ---- round_inbox.c ---- */

struct scripted; /* an agent */

/* The host's agent's connection, and the descriptor that shows that something came. */
void *round_agent_socket(const struct round_cluster *cluster, uint32_t host, void *context,
                         int *fd);

struct round_frame {
    struct scripted *host;
    zmq_msg_t bytes;
    int64_t came_at;
};

/* Frames in the order in which they came; those before `first` have been taken. Zero-initialise. */
struct round_inbox {
    struct round_frame *frames;
    size_t first;
    size_t count;
    size_t capacity;
};

/* Whether it is read later, and taken: a joined frame, and all that come behind one. */
bool round_inbox_defer(struct round_inbox *inbox, struct scripted *host, zmq_msg_t *part);
/* How soon a next frame may be read; a while where there is none. */
int round_inbox_wait_ms(const struct round_inbox *inbox);
/* The next frame, for the caller to close; false: none is to be read yet. */
bool round_inbox_take(struct round_inbox *inbox, struct round_frame *out);

/* ---- round_ingest.c ---- */

struct round_ingest {
    double reports_s;
    double raw_reports_s;
    double bytes_report; /* of the messages, a report */
    uint64_t reports;
};

/* Reports a second that a coordinator on one core takes into its ledger, and how many plain ZeroMQ
 * takes of the same bytes. */
void round_ingest(struct round_ingest *out);

/* ---- round_rows.c: what the agents have to tell ---- */

struct round_rows {
    const struct round_size *size;
    uint32_t *stamps; /* by vat: the report that named it last, */
    uint32_t *places; /* and as which of its names */
    uint32_t stamp;
    struct mn_report *report; /* with room for one report */
};

enum { ROUND_ROW_COUNT = 1024 };

void round_rows_init(struct round_rows *rows, const struct round_size *size);
void round_rows_deinit(struct round_rows *rows);
/* How many rows the store of a host has. */
uint64_t round_rows_count(const struct round_size *size);
/* The host's rows from @from on, as many as a report takes; how many. */
uint32_t round_rows_make(struct round_rows *rows, uint32_t host, uint64_t from);

/* The open intervals of the host's vats that run (@runs: by place on the host) and are no suspects
 * (by vat), as @up, which says the rest, in the place of what @buffer has. Every one of them has
 * heard its peers' newest epochs. */
void round_intervals_encode(const struct round_size *size, uint32_t host, const bool *runs,
                            const bool *suspects, struct mn_up *up, struct mn_buffer *buffer);

struct mn_name round_vat_name(uint32_t vat);
struct mn_name round_host_name(uint32_t host);
/* The number in such a name. */
uint32_t round_number(const struct mn_name *name);
/* What @vat heard as its entry @index: the peer. */
uint32_t round_peer(const struct round_size *size, uint32_t vat, uint32_t index);

#endif
