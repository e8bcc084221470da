/* What a simulation consists of: events, processes, connections, machines, and the shells around
 * the cores.
 *
 *     sim.c          the loop: one event after the other
 *     sim_events.c   the queue, processes, clocks, pauses
 *     sim_net.c      connections and messages; sim_path.c: what is cut off from what
 *     sim_disk.c     files and records; sim_jobs.c: what an agent asks of its disk
 *     sim_agent.c, sim_vat.c, sim_coordinator.c   the shells around the three cores
 *     sim_journal.c  the journals, and what is in force of them
 *     sim_files.c    a checkpoint as bytes; sim_bank.c, sim_leases.c: the application
 *     sim_apply.c    faults
 *     sim_found.c    disks that turn up again
 *
 * A machine is a host, or the one that the coordinator runs on, which has the number of hosts as
 * its own. Chance comes from three generators, so that what one part draws does not change what
 * another does. */
#ifndef SIM_PARTS_H
#define SIM_PARTS_H

#include <stdio.h>

#include "agent/core/agent.h"
#include "agent/vat/core/vat.h"
#include "base/check.h"
#include "base/random.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/core/keeping.h"
#include "docs/topology.h"
#include "engine/sim.h"
#include "observer/observer.h"
#include "wire/common.h"

enum {
    SIM_CUT_COUNT_MAX = 4096,
    SIM_QUEUE_COUNT_MAX = 1000, /* messages that wait for a connection to be made */
    SIM_MESSAGE_LIST_COUNT = 8, /* of messages that are gone, by size */
    SIM_NONE = -1,
    SIM_EXIT_CORRUPT = 3
};
#define SIM_NOBODY UINT32_MAX

/* ---- events ---------------------------------------------------------------------------------- */

enum sim_event_kind {
    SIM_ON_TIMER,    /* process: its core's deadline may have come */
    SIM_ON_TURN,     /* process: the application has something of its own to do */
    SIM_ON_STEP,     /* process: the next part of starting */
    SIM_ON_MESSAGE,  /* `data` is one */
    SIM_ON_DISK,     /* process: the job at hand is done */
    SIM_ON_PROBED,   /* process: `data` is a probe */
    SIM_ON_EXIT,     /* process: of a vat that it watches; `data` says which */
    SIM_ON_CONNECT,  /* `slot` is a link's: attempt `number` to connect it */
    SIM_ON_BROKEN,   /* `slot` is a link's: the end of connection `number` is noticed; `instance` 1:
                        only if it is held up */
    SIM_ON_FAULT,    /* `number` is a fault's place in the script */
    SIM_ON_AIM,      /* the same: what it is aimed at has happened */
    SIM_ON_OVER,     /* the same: the fault ends */
    SIM_ON_OPERATOR, /* who operates the cluster looks at it */
    SIM_ON_RESTART   /* `number` is a machine's: start what should run there */
};

struct sim_event {
    mn_time at;
    uint64_t order; /* of equal times the one that was asked for first */
    enum sim_event_kind kind;
    uint32_t slot;     /* of the process that it is for */
    uint64_t instance; /* 0: for none */
    uint64_t number;
    void *data; /* heap, owned */
};

/* What the heap has of an event: two words, so that four of them are a line of memory. */
struct sim_due {
    mn_time at;
    uint64_t turn; /* its order, and in the lowest bits its place among the events */
};

/* ---- processes ------------------------------------------------------------------------------- */

enum sim_role { SIM_COORDINATOR, SIM_AGENT, SIM_VAT };

struct sim_process {
    enum sim_role role;
    uint32_t slot;
    uint64_t instance; /* never used twice */
    uint32_t machine;
    uint32_t port;            /* where it listens; 0: nowhere */
    mn_time offset;           /* its clock shows the time plus this, and */
    int64_t drift_ppm;        /* runs so much faster */
    mn_time last;             /* what its clock showed last */
    mn_time timer_at;         /* the earliest timer asked for; MN_TIME_NEVER: none */
    mn_time paused_until;     /* 0: it runs */
    struct sim_event *missed; /* while it was paused */
    size_t missed_count;
    size_t missed_capacity;
    int64_t effects_left; /* it dies before the next effect when this is 0; SIM_NONE: it does not */
    bool dying;
    int64_t restart_ms;            /* how long after its death it is started again */
    struct sim_process *older;     /* of the same vat */
    struct sim_process *next_here; /* of the same machine */
    struct sim_process *previous_here;
    uint32_t *links; /* of which it is an end */
    size_t link_count;
    size_t link_capacity;
    union {
        struct sim_agent *agent;
        struct sim_vat *vat;
        struct sim_coordinator *coordinator;
    };
};

/* ---- the network ----------------------------------------------------------------------------- */

enum sim_link_kind {
    SIM_LINK_CONTROL, /* agent to coordinator */
    SIM_LINK_COPIES,  /* agent to agent */
    SIM_LINK_LOCAL,   /* vat to its agent */
    SIM_LINK_SESSION  /* vat to vat */
};

struct sim_message {
    struct sim_message *next;
    uint32_t link;
    uint64_t connection; /* of that link when it was sent */
    bool back;           /* from the end that listens to the one that connected */
    bool waited;         /* no cut holds it up any more */
    uint32_t to;         /* the receiver's slot */
    uint64_t to_instance;
    uint64_t client_instance; /* of the link when it was sent */
    uint32_t from_machine;
    uint32_t to_machine;
    enum sim_link_kind kind;
    uint32_t copy_of; /* it carries bytes of a checkpoint of the vat before that one; 0: of none */
    mn_time sent_at;
    uint32_t size;
    uint32_t second_size;
    unsigned char bytes[]; /* the first frame, then the second */
};

/* A connection that a process keeps open, made anew whenever it breaks. */
struct sim_link {
    enum sim_link_kind kind;
    bool used;       /* false: this place is free */
    uint32_t client; /* slots */
    uint32_t server;
    uint64_t client_instance;
    uint64_t server_instance;
    uint64_t connection;  /* unique; 0: not established */
    uint64_t lost_below;  /* what was under way on connections up to this one is lost, */
    uint64_t reset_below; /* on these by chance */
    uint32_t serial;      /* of the newest attempt that was asked for */
    uint32_t machine;     /* what it connects to */
    uint32_t port;
    uint32_t peer;             /* SESSION: the vat; COPIES: the host */
    uint32_t attempts;         /* in vain, since it was last established */
    uint32_t backoff_ms;       /* the longest pause between two attempts */
    mn_time age_max;           /* how long a message waits; 0: not at all */
    mn_time arrives[2];        /* the newest message's arrival: there, back */
    uint32_t held_up[2];       /* messages that a cut holds up */
    struct sim_message *first; /* these wait for the connection */
    struct sim_message **last;
    uint32_t waiting;
};

/* ---- machines -------------------------------------------------------------------------------- */

struct sim_bytes {
    uint32_t references;
    size_t size;
    unsigned char bytes[];
};

struct sim_file {
    mn_epoch epoch;
    struct sim_bytes *bytes;
    mn_epoch onto;
    bool synced;
    bool told;   /* the observer counts it as a copy */
    bool found;  /* it was copied from a disk that was found */
    bool wrong;  /* a fault changed its bytes: it is no copy, whatever is done with it */
    bool unread; /* reading it fails */
};

/* What arrives of a file. */
struct sim_part {
    mn_epoch epoch;
    uint64_t received;
    unsigned char *bytes;
    size_t size;
};

struct sim_store {
    uint32_t vat;
    struct sim_file *files; /* by epoch */
    size_t file_count;
    size_t file_capacity;
    struct sim_part *parts;
    size_t part_count;
    size_t part_capacity;
    struct sim_file *asides; /* of former lives, out of everybody's reach */
    size_t aside_count;
    size_t aside_capacity;
};

struct sim_record {
    char *key;
    unsigned char *bytes;
    size_t size;
};

struct sim_disk {
    struct sim_store *stores; /* by vat */
    size_t store_count;
    size_t store_capacity;
    struct sim_record *records; /* by key */
    size_t record_count;
    size_t record_capacity;
};

struct sim_machine {
    bool up;
    uint32_t downs;   /* faults that keep it down */
    uint32_t process; /* slot of the agent, or of the coordinator; SIM_NOBODY */
    uint32_t pid_newest;
    uint32_t *ports; /* slots: of SIM_PORT_AGENT, then from SIM_PORT_FIRST; SIM_NOBODY: free */
    size_t port_count;
    size_t port_capacity;
    mn_time offset;
    int64_t drift_ppm;
    uint32_t slow; /* faults at work: its disk takes so many times as long, */
    uint32_t full; /* is full so many times, */
    uint32_t errors_percent;
    mn_time disturbed; /* when its agent or its path to the coordinator last changed */
    uint32_t lost;     /* how often its disk was lost */
    uint64_t knew;     /* the generation that its agent knew of when the coordinator was started */
    bool found_lost;   /* by the coordinator, and not heard since */
    struct sim_process *first_here;
    struct sim_disk disk;
    struct sim_disk backup;
    struct sim_disk found; /* the newest that was lost: sim_found.c */
    struct sim_disk other; /* while another is in its place: the disk that it was before, */
    bool swapped;          /* and there is one */
};

/* The files that a host had of one vat: its disk has that store alone. */
struct sim_backup {
    uint32_t machine;
    struct sim_disk disk;
};

enum { SIM_PORT_AGENT = 1, SIM_PORT_FIRST = 1000 };

/* Of an operator's words about a plan, and about a disk. */
enum { SIM_TICKET_WORD = 1, SIM_TICKET_ADOPT = 2 };

/* Nothing passes from any machine in `from` to any in `to`. A set is [first, first + count). */
struct sim_cut {
    uint64_t fault;
    uint32_t from;
    uint32_t from_count;
    uint32_t to;
    uint32_t to_count;
    bool others; /* `to` is everything but that set */
    bool both;
};

/* ---- the journal ----------------------------------------------------------------------------- */

struct sim_entry {
    uint64_t generation;
    uint32_t kind;
    mn_time written_at; /* when the coordinator that made it up had it on its disk */
    struct mn_buffer bytes;
    struct mn_text evidence;
};

struct sim_journal {
    struct sim_entry *entries; /* by sequence - 1 */
    size_t count;
    size_t capacity;
};

/* ---- the shells ------------------------------------------------------------------------------ */

enum sim_job_kind {
    SIM_JOB_RECORD,
    SIM_JOB_SYNC,
    SIM_JOB_LOOK,
    SIM_JOB_READ_OVER,
    SIM_JOB_SET_ASIDE,
    SIM_JOB_WRITE,
    SIM_JOB_READ,
    SIM_JOB_RECALL,
    SIM_JOB_DELETE,
    SIM_JOB_LIST_FOUND, /* its bytes are the path */
    SIM_JOB_TAKE_FOUND
};

struct sim_job {
    struct sim_job *next;
    enum sim_job_kind kind;
    uint64_t sequence; /* RECORD */
    bool forget;
    bool again;
    struct mn_name vat;
    mn_epoch epoch;
    uint32_t copy_of; /* WRITE: as of a message */
    uint32_t host;    /* READ: for whom */
    mn_run run;       /* SET_ASIDE; its epochs are in bytes: those to move, then to link */
    uint32_t moved_count;
    unsigned char *bytes; /* LOOK: a struct mn_checkpoint_identity */
    size_t size;
    mn_time began;
    union {
        char key[AGENT_RECORD_KEY_SIZE]; /* RECORD */
        struct mn_copies piece;          /* WRITE, READ */
        struct mn_up up;                 /* RECALL */
    };
};

struct sim_jobs {
    struct sim_job *first;
    struct sim_job **last;
};

struct sim_watch {
    uint32_t vat;
    uint32_t pid;
    uint32_t slot;
    uint64_t instance;
    bool released;
};

struct sim_probe {
    uint64_t probe;
    struct mn_name host;
    uint32_t count;
    bool last; /* the bound has come: what does not answer is silent */
    struct mn_endpoint endpoints[MN_PROBE_ENDPOINT_COUNT_MAX];
};

/* Something to step with once the effects at hand are carried out. */
struct sim_follow {
    enum agent_event_kind kind;
    struct mn_name vat;
    uint32_t pid;
    uint64_t pid_started;
    const char *reason;
};

/* A connection to a vat or to another agent, of which there are a few among many. */
struct sim_session {
    uint32_t peer;
    uint32_t link;
};

struct sim_agent {
    uint32_t host;
    uint32_t steps_unchecked; /* since its invariant was asked */
    struct agent *core;
    uint32_t control;             /* its connections */
    struct sim_session *partners; /* and to other agents, by host */
    size_t partner_count;
    size_t partner_capacity;
    struct sim_jobs records;
    struct sim_jobs others;
    struct sim_jobs at_hand; /* being done */
    struct sim_watch *watches;
    size_t watch_count;
    size_t watch_capacity;
    struct sim_follow *follows;
    size_t follow_count;
    size_t follow_capacity;
};

enum sim_vat_state {
    SIM_VAT_WAITING, /* to be released */
    SIM_VAT_ASKING,  /* its agent, for its life */
    SIM_VAT_READING, /* its checkpoints */
    SIM_VAT_RUNNING
};

/* What its agent said it is to restore. */
struct sim_life {
    struct mn_arena arena;
    struct mn_life life;
};

struct sim_vat {
    uint32_t vat;
    uint32_t pid;
    uint64_t pid_started;
    enum sim_vat_state state;
    mn_time asking_until;
    struct sim_life *life; /* until it runs */
    mn_run run;            /* 0: not known yet */
    struct mn_start start; /* what its agent started it as, without the chain */
    struct vat *core;
    uint32_t local;             /* connection to the agent */
    struct mn_from_vat *attach; /* that waits for the connection, or NULL */
    mn_time attach_until;
    struct sim_session *sessions; /* by peer */
    size_t session_count;
    size_t session_capacity;
    uint64_t greeted; /* the application's own state: see sim_bank.c */
    bool lease_asked; /* and what is known of its lease: see sim_leases.c */
    bool lease_seen;
    bool leased;
    mn_time lease_until;
    const char *reason;
};

struct sim_append {
    struct sim_append *next;
    bool set_aside; /* all from `sequence` on */
    uint64_t sequence;
    struct sim_entry entry;
};

struct sim_coordinator {
    struct coordinator *core;
    struct keeping *keeping;
    uint32_t journal;          /* which of the two it uses */
    uint64_t steps_unchecked;  /* since its invariant was asked */
    bool looked_at;            /* an operator will look at it */
    bool in_vain;              /* he saw it wait although all keepers answer */
    bool checked;              /* what was in force before it is in its journal */
    uint64_t generation;       /* in which it spoke last, */
    uint32_t forgot;           /* and how often the journal was lost before it first did */
    uint32_t *peers;           /* by host: the connection that spoke last */
    uint64_t *connections;     /* by host; 0: none */
    struct mn_buffer evidence; /* the document of the next decision, as far as it is made */
    struct sim_append *first;
    struct sim_append **last;
    bool appending;   /* the disk is at the first of these, */
    uint32_t writing; /* and no longer at its evidence: at so many at once */
};

struct sim_told {
    uint32_t peer;
    uint32_t incarnation;
    mn_run run; /* of the vat that was told */
};

/* ---- all of it ------------------------------------------------------------------------------- */

struct sim {
    struct sim_config config;
    struct sim_faults faults;
    struct sim_tree *tree;
    struct topology *topology;
    struct agent_directory *directory; /* of all agents */
    struct mn_name *vat_names;
    uint32_t host_count;
    uint32_t vat_count;
    struct observer *observer; /* NULL: nobody watches */

    mn_time now;
    struct sim_event *events;
    struct sim_due *dues; /* a heap of those that wait, behind it the places that are free */
    size_t event_count;
    size_t event_capacity;
    uint64_t event_order;
    struct mn_random net_random;
    struct mn_random disk_random;
    struct mn_random bank_random;
    struct mn_random operator_random;

    struct sim_process **processes; /* by slot */
    size_t process_count;
    size_t process_capacity;
    uint32_t *free_slots; /* a heap, the lowest first */
    size_t free_slot_count;
    size_t free_slot_capacity;
    uint32_t looked_at;                 /* the vat that was not settled when this was asked last */
    mn_time *vat_fails;                 /* by vat: until then whatever is started of it ends */
    struct sim_process **vat_processes; /* by vat: the newest, which leads to the older ones */
    uint64_t instances;
    struct sim_machine *machines; /* the hosts, then the coordinator's */
    struct sim_backup *backups;   /* by vat */
    struct sim_link *links;
    size_t link_count;
    size_t link_capacity;
    uint32_t *free_links;
    size_t free_count;
    size_t free_capacity;
    uint64_t connections;
    struct sim_cut cuts[SIM_CUT_COUNT_MAX];
    size_t cut_count;
    struct sim_message *messages[SIM_MESSAGE_LIST_COUNT]; /* kept for the next ones, by size */
    struct sim_message *held_first;                       /* by cuts */
    struct sim_message **held_last;

    struct sim_journal journals[2]; /* the coordinator's, and a copy that a second one has */
    uint32_t journal_used;          /* by whichever coordinator is started */
    struct sim_journal in_force;    /* what has come into force, whoever led */
    struct sim_journal written; /* decisions with their evidence, in the order of their making */
    uint32_t first_slot;        /* of the coordinator beside which a second one runs, */
    uint64_t first_instance;    /* 0: none does */
    bool accepted;              /* an operator had it go on without a majority, */
    bool given_up;              /* and nothing has come into force since; */
    size_t left;                /* so many records that were in force anybody has */
    uint32_t forgot;            /* so often nobody had some, and others took their place */
    struct {
        bool any;  /* some keeper was to be replaced */
        bool open; /* this one is to be, by an operator's wish, */
        uint32_t from;
        uint32_t to; /* and by this host, or the next one that may; */
        bool back;   /* he has thought better of it */
    } replacing;
    bool quiet; /* faults and workload are over */

    struct mn_arena arena;                          /* of the message at hand */
    struct coordinator_effects coordinator_effects; /* of the step at hand */
    struct keeping_effects keeping_effects;
    struct agent_effects agent_effects;
    struct vat_effects vat_effects;
    struct mn_buffer buffer;
    struct mn_text text;
    FILE *trace;
    sim_recorder *recorder; /* NULL: nobody records */
    void *recorder_context;
    struct sim_result result;
    bool *faulty;          /* by fault: it is at work, */
    bool *aimed;           /* waits for what it is aimed at */
    uint64_t *effects;     /* carried out: see struct sim_crash */
    size_t crash_fault;    /* the loss of the host, in `faults`, that comes with the crash */
    uint64_t attempt;      /* the newest of the round that is open, */
    mn_time settled_at;    /* when it last settled, */
    bool lost_more;        /* and whether more was lost since that attempt */
    struct sim_told *told; /* by vat: the notice that it was handed last */
    uint64_t message_id;
    uint32_t rounds_decided; /* of which a coordinator still has to see the end */
};

#endif
