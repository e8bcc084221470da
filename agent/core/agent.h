/* The agent of one host, as a pure state machine: which vats run here and which life of each, whose
 * checkpoints are on this host's store, who else holds them, what the coordinator was told.
 *
 * The shell turns sockets, files, processes and the clock into events, hands them in one at a time,
 * and carries out the effects in their order. The same events give the same effects, byte for byte.
 *
 * Write-ahead rule: records are durable in the order of their sequences. What rests on a record is
 * an effect only after AGENT_ON_RECORDED of it; what rests on a file, after AGENT_ON_SYNCED or
 * AGENT_ON_PIECE_WRITTEN. */
#ifndef AGENT_CORE_AGENT_H
#define AGENT_CORE_AGENT_H

#include "base/arena.h"
#include "base/ids.h"
#include "base/result.h"
#include "wire/control.h"
#include "wire/copies.h"
#include "wire/local.h"
#include "wire/stored.h"

enum {
    /* Vats whose records or files are on one host. */
    AGENT_VAT_COUNT_MAX = 1 << 20,

    /* Checkpoint files of one vat on one host. */
    AGENT_FILE_COUNT_MAX = 1 << 16,

    /* Of these, those that are kept: the others are made while the coordinator is away. */
    AGENT_KEEP_COUNT_MAX = AGENT_FILE_COUNT_MAX / 4,

    /* Names of vats that one agent has heard of. */
    AGENT_NAME_COUNT_MAX = 1 << 24,

    /* Of these, those of no vat of the topology as it is here, as far as other hosts bring them:
     * theirs may be newer, but what they send must not use up the names. */
    AGENT_UNPLACED_COUNT_MAX = 1 << 16,

    /* Hosts that hold copies of one vat's checkpoints, besides its own. */
    AGENT_PARTNER_COUNT_MAX = 15,

    /* A store directory's name made from a vat's name, with its final NUL. */
    AGENT_STORE_NAME_SIZE = 3 * MN_NAME_SIZE_MAX + 1,

    /* The name of a directory that holds a former life, with its final NUL. */
    AGENT_ASIDE_NAME_SIZE = AGENT_STORE_NAME_SIZE + 11,

    /* The key of a record in the shell's key-value ledger, with its final NUL. */
    AGENT_RECORD_KEY_SIZE = MN_NAME_SIZE_MAX + 16,

    /* Records of the journal in one answer. */
    AGENT_RECALL_COUNT_MAX = 1024
};

/* The domain of a host that is in none: it shares it with nobody. */
#define AGENT_DOMAIN_NONE UINT32_MAX

struct agent_host {
    struct mn_name name;
    uint32_t domain;            /* the immediate one; equal numbers are the same domain */
    char key[MN_KEY_TEXT_SIZE]; /* "" where connections are plain */
};

/* Who there is: one for all agents of a process, which only read it. */
struct agent_directory;

/* @hosts and @vats are all of the topology, in its order: the index is the number. @early says of
 * each vat whether it sends early; NULL: none does. All is copied.
 *
 * Errors:    MN_BAD_INPUT  two of one name
 *            MN_FULL       more hosts or vats than the limits say
 *            MN_NO_MEMORY */
mn_result agent_directory_new(struct agent_directory **directory, const struct agent_host *hosts,
                              uint32_t host_count, const struct mn_name *vats, uint32_t vat_count,
                              const bool *early) MN_CHECKED;
void agent_directory_destroy(struct agent_directory **directory);

struct agent_config {
    const struct agent_directory *directory; /* borrowed as long as the agent lives */
    uint64_t numbering;                      /* of the topology that the directory is made from; 0:
                                                vats go by name */
    uint32_t own;                            /* number of the host that this agent is for */
    bool tell_keys;             /* a vat is told the keys of all hosts: these it lets in */
    struct mn_endpoint agent;   /* where other agents reach this one */
    struct mn_endpoint address; /* what this host's vats bind: tcp://10.0.0.1:*, say */
    const char *store;          /* the store's directory, as a vat would open it */
    const char *key_file;       /* the host's key file, as a vat would open it */
    uint32_t heartbeat_ms;
    uint32_t copy_ms; /* how long another host's agent may take to answer */
    uint32_t connect_ms;
    uint32_t send_ms; /* how long vats' messages wait for a peer out of reach; 0: without bound */
    uint32_t interval_ms;
    uint32_t latency_ms; /* how long a vat's held message waits for a checkpoint, if that is less */
    uint32_t full_every;
    uint32_t keep_count; /* durable checkpoints that stay restorable, 1 to AGENT_KEEP_COUNT_MAX */
    uint32_t stores;     /* copies in all that make a checkpoint durable, at least 1 */
    uint32_t part_heard; /* heard entries in a part of an answer, unless one vat has more; 0: as
                            many as a link carries well beside all else */
    uint32_t scrub_ms;   /* in which each file is read over once; 0: never */
    uint64_t disk;       /* the life of the disk that begins: drawn anew for each process of the
                            agent, and never drawn before */
};

/* A connection of a vat: opaque, comparable as memory; all bytes 0 is none. */
struct agent_connection {
    unsigned char bytes[16];
};

enum agent_event_kind {
    AGENT_ON_RECORD,        /* before BEGIN: a record of the shell's ledger */
    AGENT_ON_FILE,          /* before BEGIN: a whole, verified and synced file of the store */
    AGENT_ON_FILE_UNREAD,   /* before BEGIN: one that cannot be read */
    AGENT_ON_LIVES,         /* after those: a process that an earlier agent of this disk started */
    AGENT_ON_BEGIN,         /* everything that is remembered has been handed in */
    AGENT_ON_DOWN,          /* the coordinator says */
    AGENT_ON_COPIES,        /* another host's agent says */
    AGENT_ON_VAT,           /* a vat of this host says */
    AGENT_ON_UNSENT,        /* SEND_VAT could not be: that vat does not read, its queue is full */
    AGENT_ON_ADOPTED,       /* answers ADOPT: that process still runs */
    AGENT_ON_STARTED,       /* answers START_PROCESS: it is there, and waits to be released */
    AGENT_ON_START_FAILED,  /* answers START_PROCESS */
    AGENT_ON_EXITED,        /* a process ended; also answers ADOPT */
    AGENT_ON_RECORDED,      /* all records up to this sequence are durable */
    AGENT_ON_SYNCED,        /* answers SYNC */
    AGENT_ON_LOOKED,        /* answers LOOK */
    AGENT_ON_READ_OVER,     /* answers READ_OVER */
    AGENT_ON_SET_ASIDE,     /* answers SET_ASIDE */
    AGENT_ON_PIECE_WRITTEN, /* answers WRITE_PIECE */
    AGENT_ON_FILE_READ,     /* answers SEND_FILE: the piece was handed to the network, or not */
    AGENT_ON_FOUND_LISTED,  /* answers LIST_FOUND */
    AGENT_ON_FOUND_TAKEN,   /* answers TAKE_FOUND */
    AGENT_ON_PROBE_ANSWERED,
    AGENT_ON_TICK /* agent_deadline has come */
};

/* What a checkpoint file says of itself. */
struct agent_file_facts {
    struct mn_checkpoint_record record;
    uint64_t size; /* of the whole file */
    struct mn_digest digest;
};

/* All that an event points to is borrowed for the step. */
struct agent_event {
    enum agent_event_kind kind;
    union {
        const struct mn_agent_record *record;
        const struct agent_file_facts *file;
        struct {
            struct mn_name vat; /* by the name of its directory */
            mn_epoch epoch;     /* and by its own */
        } unread;
        const struct mn_down *down;
        struct {
            uint32_t host; /* by the key of its connection */
            const struct mn_copies *message;
        } copies;
        struct {
            struct agent_connection connection; /* VAT, UNSENT */
            const struct mn_from_vat *message;
        } vat;
        struct { /* LIVES, ADOPTED, STARTED, START_FAILED, EXITED */
            struct mn_name vat;
            const struct mn_start *start; /* LIVES: what START_PROCESS said; NULL: not known */
            uint32_t pid;                 /* 0 for START_FAILED */
            uint64_t pid_started;         /* LIVES, STARTED: clock ticks since boot */
            const char *reason;           /* START_FAILED and EXITED: for people */
        } process;
        struct {
            uint64_t sequence;
        } recorded;
        struct {
            struct mn_name vat;
            mn_epoch epoch;
            mn_result result;
            uint32_t took_ms;
        } synced;
        struct {
            struct mn_name vat;
            mn_epoch epoch;
            mn_result result; /* MN_NOT_FOUND; MN_CORRUPT: another was there, and is no more */
        } looked;
        struct {
            struct mn_name vat;
            mn_epoch epoch;
            mn_result result; /* MN_NOT_FOUND; MN_CORRUPT: nothing of that file is here any more */
            bool again;       /* the effect's */
            const struct agent_file_facts *facts; /* what it holds; NULL: not MN_OK, or another has
                                                     taken its place meanwhile */
        } read_over;
        struct {
            struct mn_name vat;
            mn_run run;
            mn_result result; /* not MN_OK: perhaps a part of them */
        } aside;
        struct {
            struct mn_name vat;
            mn_epoch epoch;
            mn_result result; /* not MN_OK: nothing of that file is here any more */
            uint64_t offset;
            uint32_t byte_count;
            const struct agent_file_facts *facts; /* NULL until the file is whole and synced */
        } piece;
        struct {
            uint32_t host;
            struct mn_name vat;
            mn_epoch epoch;
            mn_result result;
        } read;
        struct {
            struct mn_name vat;
            mn_result result;       /* not MN_OK: that disk cannot be read */
            const char *text;       /* and why, for people */
            const mn_epoch *epochs; /* of the files there, by their names, ascending */
            uint32_t count;         /* AGENT_FILE_COUNT_MAX at most */
        } listed;
        struct {
            struct mn_name vat;
            mn_epoch epoch;
            const struct agent_file_facts *facts; /* it is here, verified and synced; or NULL: */
            enum mn_passed_why why;               /* it is not */
        } taken;
        struct {
            uint64_t probe;
            struct mn_name host;
            const enum mn_probe_answer *answers;
            uint32_t answer_count;
        } probe;
    };
};

enum agent_effect_kind {
    AGENT_DO_SEND_UP,     /* to the coordinator; lost when it cannot be reached */
    AGENT_DO_SEND_COPIES, /* to a host's agent; the same */
    AGENT_DO_SEND_VAT,    /* to a vat's connection; the same, but for AGENT_ON_UNSENT */
    AGENT_DO_RECALL,      /* read what is kept of the journal, and send that up: agent_recall_add */
    AGENT_DO_RECORD,      /* make durable, in the order of sequences; tried until it succeeds */
    AGENT_DO_SYNC,        /* make a file that a vat wrote, and its name, durable */
    AGENT_DO_LOOK,        /* whether a file is still there, and not another */
    AGENT_DO_READ_OVER,   /* whether a file is still what it was, to the last byte */
    AGENT_DO_SET_ASIDE,   /* move files, and link others beside them, durably; again perhaps */
    AGENT_DO_WRITE_PIECE, /* into a file that arrives; with the last one verify and sync it */
    AGENT_DO_SEND_FILE,   /* read a piece of a file and send it to a host's agent */
    AGENT_DO_DELETE,      /* a file, or what has arrived of it */
    AGENT_DO_LIST_FOUND,  /* which checkpoints of a vat there are on a disk that was found */
    AGENT_DO_TAKE_FOUND,  /* copy one of them into the store, verify and sync it */
    AGENT_DO_START_PROCESS,
    AGENT_DO_RELEASE, /* let a started process go on: its pid is on record */
    AGENT_DO_ADOPT,   /* watch a process that an earlier agent started */
    AGENT_DO_KILL,    /* one that is watched */
    AGENT_DO_PROBE,
    AGENT_DO_NOTE /* a line for the log */
};

enum agent_level { AGENT_INFO, AGENT_WARNING, AGENT_ERROR };

/* X(NAME, level, "what") */
#define AGENT_NOTES(X)                                                                             \
    X(BEGUN, INFO, "begun")                                                                        \
    X(GENERATION, INFO, "generation")                                                              \
    X(STALE_GENERATION, WARNING, "stale_generation_refused")                                       \
    X(START, INFO, "vat_start")                                                                    \
    X(STALE_START, WARNING, "stale_start_ignored")                                                 \
    X(ADOPTED, INFO, "vat_adopted")                                                                \
    X(UP, INFO, "vat_up")                                                                          \
    X(STRANGER, WARNING, "vat_unknown")                                                            \
    X(EXITED, WARNING, "vat_exited")                                                               \
    X(STOPPED, INFO, "vat_stopped")                                                                \
    X(ASIDE, WARNING, "former_life_set_aside")                                                     \
    X(ASIDE_FAILED, ERROR, "former_life_not_set_aside")                                            \
    X(DISK_ADOPTED, INFO, "disk_adopted")                                                          \
    X(DISK_NOT_ADOPTED, WARNING, "disk_not_adopted")                                               \
    X(KILLED, WARNING, "vat_killed")                                                               \
    X(REFUSED_VAT, WARNING, "vat_refused")                                                         \
    X(FETCH, INFO, "fetch")                                                                        \
    X(FETCH_FAILED, ERROR, "fetch_failed")                                                         \
    X(FREEZE, INFO, "freeze")                                                                      \
    X(SILENT, WARNING, "vat_silent")                                                               \
    X(INTERVALS, INFO, "intervals_sent")                                                           \
    X(DECISION, INFO, "decision")                                                                  \
    X(DECISION_WAITS, WARNING, "decision_waits")                                                   \
    X(HANDLED, INFO, "notices_handled")                                                            \
    X(PARTNER, INFO, "partner")                                                                    \
    X(NO_PARTNER, WARNING, "no_partner")                                                           \
    X(HOST_AWAY, WARNING, "host_does_not_answer")                                                  \
    X(COPY_REFUSED, WARNING, "copy_refused")                                                       \
    X(COPY_DENIED, WARNING, "copy_not_taken")                                                      \
    X(COPY_FAILED, ERROR, "copy_not_stored")                                                       \
    X(FILE_LOST, ERROR, "checkpoint_file_lost")                                                    \
    X(READ_FAILED, ERROR, "copy_not_readable")                                                     \
    X(SYNC_FAILED, ERROR, "checkpoint_not_durable")                                                \
    X(DROP_REFUSED, WARNING, "drop_refused")                                                       \
    X(BAD_WORD, WARNING, "vat_said_too_much")                                                      \
    X(FULL_ASKED, WARNING, "full_asked")                                                           \
    X(UNTAKEN, WARNING, "checkpoints_pile_up")                                                     \
    X(TROUBLE, ERROR, "vat_trouble")                                                               \
    X(KEEPER, INFO, "keeper")                                                                      \
    X(KEPT_CUT, WARNING, "kept_records_dropped")                                                   \
    X(FORMER_LIFE, WARNING, "former_life_refused")

enum agent_note {
#define AGENT_NOTE_ENUM(name, level, what) AGENT_NOTE_##name,
    AGENT_NOTES(AGENT_NOTE_ENUM)
#undef AGENT_NOTE_ENUM
};

/* The note's word in the log, "vat_up" say, and its level. */
const char *agent_note_what(enum agent_note note);
enum agent_level agent_note_level(enum agent_note note);

/* What does not apply is "" or 0. */
struct agent_note_facts {
    enum agent_note note;
    struct mn_name vat;
    struct mn_name host;
    mn_run run;
    mn_epoch epoch;
    uint64_t round;
    uint64_t number;  /* a generation, an attempt, a count: what the note counts */
    mn_result code;   /* why, MN_OK if there is no why */
    const char *text; /* for people; may be NULL */
};

struct agent_effect {
    enum agent_effect_kind kind;
    union {
        const struct mn_up *up; /* SEND_UP, RECALL */
        struct {
            uint32_t host;
            const struct mn_copies *message;
        } copies;
        struct {
            struct agent_connection connection;
            const struct mn_to_vat *message;
        } vat;
        struct {
            uint64_t sequence; /* from 1, each one more than the last */
            const struct mn_agent_record *record;
            bool forget; /* remove what stands under its key instead */
        } record;
        struct { /* SYNC, LOOK, READ_OVER, DELETE */
            struct mn_name vat;
            mn_epoch epoch;
            bool again;    /* SYNC failed before: its pages may be lost, so write them anew; or
                              READ_OVER */
            uint64_t size; /* LOOK: so large is the file that is known here, */
            struct mn_digest digest; /* and it ends with this */
        } file;
        struct { /* LIST_FOUND, TAKE_FOUND */
            struct mn_name vat;
            const char *store; /* a store, or the vat's directory of one; it is only read */
            mn_epoch epoch;    /* TAKE_FOUND */
        } found;
        struct { /* SET_ASIDE: what of it is not there, or there already, is done */
            struct mn_name vat;
            mn_run run;
            const mn_epoch *moved; /* newest first */
            uint32_t moved_count;
            const mn_epoch *linked;
            uint32_t linked_count;
        } aside;
        struct { /* WRITE_PIECE (bytes set), SEND_FILE (bytes NULL, byte_count 0: as many as fit) */
            uint32_t host;
            const struct mn_copies *piece; /* of kind MN_COPIES_PIECE */
        } piece;
        struct { /* START_PROCESS, RELEASE, ADOPT, KILL */
            struct mn_name vat;
            mn_run run;
            const struct mn_start *start; /* START_PROCESS: it is to be found with the process; its
                                             chain need not be */
            uint32_t pid;                 /* 0 for START_PROCESS */
            uint64_t pid_started;         /* ADOPT */
        } process;
        struct {
            uint64_t probe;
            struct mn_name host;
            const struct mn_endpoint *endpoints;
            uint32_t endpoint_count;
            uint32_t bound_ms;
        } probe;
        const struct agent_note_facts *note;
    };
};

/* What one step, or several, ask of the shell; in this order. Zero-initialise. What the effects
 * point to is theirs until agent_effects_reset. */
struct agent_effects {
    struct agent_effect *items;
    size_t count;
    size_t capacity;
    struct mn_arena arena;
    mn_result result; /* see agent_step */
};

/* Forget all effects and their memory; the list may be used again. */
void agent_effects_reset(struct agent_effects *effects);

/* Give everything back. */
void agent_effects_deinit(struct agent_effects *effects);

struct agent;

/* A new agent that remembers nothing yet. @config is copied, but for the directory.
 *
 * Errors:    MN_BAD_INPUT  own is not among the hosts, a setting that is 0 or above its bound
 *            MN_NO_MEMORY */
mn_result agent_new(struct agent **agent, const struct agent_config *config) MN_CHECKED;
void agent_destroy(struct agent **agent);

/* Take in @event and append what follows from it to @effects.
 *
 * @now       nanoseconds, never below the last call's.
 *
 * effects->result is MN_NO_MEMORY (or MN_FULL, a bound above) when the step could not be finished.
 * Then none of @effects may be carried out and the agent must be destroyed; a new one, from what is
 * durable, goes on from there. */
void agent_step(struct agent *agent, mn_time now, const struct agent_event *event,
                struct agent_effects *effects);

/* When the next AGENT_ON_TICK is due; MN_TIME_NEVER before BEGIN. */
mn_time agent_deadline(const struct agent *agent);

/* Assert what must hold after every step. */
void agent_invariant(const struct agent *agent);

/* The name of @vat's directory in a store: '/' as %2f, a leading '.' as %2e. */
void agent_store_name(const struct mn_name *vat, char out[AGENT_STORE_NAME_SIZE]);

/* Whose directory that is; false when it is no vat's. */
bool agent_store_vat(const char *name, struct mn_name *vat);

/* Add @next, the ledger's record with the next key, to the answer @up to a RECALL. @records: room
 * for AGENT_RECALL_COUNT_MAX. False: it does not fit, or does not follow; send what there is,
 * unless that is nothing. */
bool agent_recall_add(struct mn_up *up, struct mn_kept *records, const struct mn_kept *next);

/* The key under which @record stands in the ledger: one record per key. */
void agent_record_key(const struct mn_agent_record *record, char out[AGENT_RECORD_KEY_SIZE]);

/* The name of the directory in which a former life is set aside: its store's name, a dot, its run.
 */
void agent_aside_name(const struct mn_name *vat, mn_run run, char out[AGENT_ASIDE_NAME_SIZE]);

#endif
