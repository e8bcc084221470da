/* An agent's core, its ledger, and a shell with files and processes that answers when it may, while
 * a coordinator, other hosts' agents and vats say anything which the codec takes. Hosts h1 to h4,
 * this one is h1; vats x1 to x3.
 *
 * What must hold: no assertion, no failure, each word it sends and each record it asks for can be
 * read, and another agent can go on from what is durable. */
#ifndef TESTS_HOSTILE_HOST_H
#define TESTS_HOSTILE_HOST_H

#include "agent/core/agent.h"
#include "hostile/hostile.h"

enum {
    HOST_COUNT = 4,
    HOST_VAT_COUNT = 3,
    HOST_NUMBERING = 7,
    HOST_CONNECTION_COUNT = 4,
    HOST_TASK_COUNT_MAX = 20000,
    HOST_FILE_COUNT_MAX = 2000,
    HOST_PROCESS_COUNT_MAX = 400,
    HOST_RECORD_COUNT_MAX = 3000
};

#define EPOCH(run, count) (((mn_epoch)(run) << 32) | (count))

/* What an effect asked for, and its shell has not answered yet. */
struct host_task {
    enum agent_effect_kind kind;
    struct mn_name vat;
    mn_epoch epoch;
    bool again;
    uint64_t size;
    struct mn_digest digest;
    uint32_t host;    /* SEND_FILE */
    uint64_t offset;  /* WRITE_PIECE; PROBE: which one */
    uint32_t count;   /* WRITE_PIECE: bytes; PROBE: endpoints */
    mn_run run;       /* SET_ASIDE */
    uint32_t pid;     /* of processes; */
    uint32_t process; /* START_PROCESS: its index */
    struct mn_name name;
};

struct host_file {
    struct mn_name vat;
    mn_epoch epoch;
    mn_epoch since;
    mn_epoch onto;
    uint64_t size;
    struct mn_digest digest;
};

struct host_process {
    struct mn_name vat;
    uint32_t pid;
    mn_run run;
    bool alive;
    bool watched;
    struct mn_buffer start; /* that is found with it, as a message */
};

struct host_record {
    char key[AGENT_RECORD_KEY_SIZE];
    struct mn_buffer bytes;
    bool forget;
    uint64_t sequence;
};

struct hostile_host {
    struct hostile hostile;
    struct agent_directory *directory;
    struct agent *agent;
    struct agent_effects effects;
    mn_time now;
    struct agent_config config; /* of the next agent */
    struct host_task tasks[HOST_TASK_COUNT_MAX];
    size_t task_count;
    struct host_file files[HOST_FILE_COUNT_MAX];
    size_t file_count;
    struct host_process processes[HOST_PROCESS_COUNT_MAX];
    size_t process_count;
    uint32_t pid; /* the last one given */
    struct host_record ledger[HOST_RECORD_COUNT_MAX];
    size_t ledger_count;
    struct host_record waiting[HOST_RECORD_COUNT_MAX]; /* not durable yet, oldest first */
    size_t waiting_count;
    uint64_t generation; /* what the coordinator is at */
    uint64_t round;
    uint32_t attempt;
    uint64_t head;
    mn_run runs[HOST_VAT_COUNT];                           /* the newest it began, */
    struct mn_name connection_vats[HOST_CONNECTION_COUNT]; /* and who speaks on each connection */
    mn_run connection_runs[HOST_CONNECTION_COUNT];
    uint64_t done[AGENT_DO_NOTE + 1]; /* effects of each kind, over all seeds */
};

void host_begin(struct hostile_host *host, uint64_t seed);
void host_end(struct hostile_host *host);
void host_step(struct hostile_host *host, const struct agent_event *event);
/* Some of what waits becomes durable. */
void host_recorded(struct hostile_host *host);
/* The agent ends and another begins, with what is durable. */
void host_restart(struct hostile_host *host);

/* hostile_shell.c: files and processes, and the answers to what effects ask for. */
struct host_task *host_task_add(struct hostile_host *host, enum agent_effect_kind kind);
struct host_file *host_file_find(struct hostile_host *host, const struct mn_name *vat,
                                 mn_epoch epoch);
void host_file_drop(struct hostile_host *host, struct host_file *file); /* NULL: there is none */
void host_file_put(struct hostile_host *host, struct host_file file);
/* What it says of itself: always the same. False: the codec does not take that. */
bool host_file_facts(const struct host_file *file, struct agent_file_facts *facts);
void host_answer(struct hostile_host *host, size_t index);
/* A process that is watched ends. */
void host_exited(struct hostile_host *host, struct host_process *process);

/* hostile_says.c: something that a coordinator, another host's agent or a vat says. */
void host_says_down(struct hostile_host *host);
void host_says_start(struct hostile_host *host, uint32_t vat);
/* hostile_says_near.c */
void host_says_copies(struct hostile_host *host);
void host_says_vat(struct hostile_host *host);

/* Mostly what is, or one near it. */
mn_run host_any_run(struct hostile_host *host, uint32_t vat);
mn_epoch host_any_epoch(struct hostile_host *host, uint32_t vat);
struct mn_name host_any_vat(struct hostile_host *host);
struct mn_digest host_digest(struct hostile_host *host, mn_epoch epoch);
uint32_t host_vat_index(const struct mn_name *vat);

#endif
