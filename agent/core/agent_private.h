/* What the files of agent/core share among themselves.
 *
 * The life of a vat on this host (table of moves: agent_life.c):
 *
 *   NONE -> RECORDING -> FETCHING -> SPAWNING -> WAITING -> RUNNING -> UP
 *               |            |           |          |          |        |
 *               |            +-> EXITED <+----------+----------+--------+   on its own
 *               |            |           |          |          |        |
 *               +-> STOPPED <+---------- ENDING <---+----------+--------+   on the
 *                                                                           coordinator's word
 *   from EXITED, STOPPED and ENDING a START of a higher run leads to RECORDING again.
 *
 * A checkpoint file on this host's store (table of moves: agent_files.c):
 *
 *   UNSYNCED <-> FAILED     a vat wrote it; syncing it failed and is tried again
 *       ^
 *       +-----> HERE -> GONE   deleted; remembered until the coordinator has taken the word of it
 *                ^       |
 *   ARRIVING ----+ <-----+     pieces come from another host
 *
 *   from HERE to UNSYNCED it is read back once, when a partner got it damaged or a process could
 *   not begin from it; from UNSYNCED it is GONE when it turns out to be damaged here; from GONE to
 *   UNSYNCED it comes when it could not be read for a while and can be again
 *
 * A round, as seen from here (table of moves: agent_round.c):
 *
 *   OPEN -> FENCING -> COLLECTING -> REPORTING <-> ANSWERED     each attempt leads to FENCING
 *     ^        |            |            |             |        again, a DECISION back to OPEN
 *     +--------+------------+------------+-------------+ */
#ifndef AGENT_CORE_AGENT_PRIVATE_H
#define AGENT_CORE_AGENT_PRIVATE_H

#include "agent.h"
#include "agent_decision.h"
#include "agent_directory.h"
#include "agent_records.h"

enum {
    AGENT_BATCH_ROW_COUNT = 4096, /* rows of one report */
    AGENT_BATCH_HEARD_COUNT = 16384,
    AGENT_PART_HEARD_COUNT = 32768, /* of a part of an answer to a freeze, and a quarter as many
                                       names */
    AGENT_BATCH_COUNT_MAX = 64,     /* reports under way that have not been acknowledged */
    AGENT_WINDOW_COUNT = 8,         /* files of one vat under way to one host, or being fetched */
    AGENT_WINDOW_LARGE_COUNT = 2,   /* of them, that go in pieces */
    AGENT_GONE_COUNT_MAX = 1024,    /* deleted files of one vat that are remembered */
    AGENT_PENDING_COUNT_MAX = 1 << 20,
    AGENT_STRANGER_COUNT_MAX = 1 << 16, /* processes that no record names */
    AGENT_REFRESH_HEARTBEATS = 10,      /* every vat's state is said again once in so many */
    AGENT_LEASE_BATCH_COUNT = 8192,     /* vats that one request is about */
    AGENT_LEASE_ASKED_COUNT = 64,       /* requests whose times are remembered */
    AGENT_UNREAD_COUNT_MAX = 3,         /* what cannot be read so often in a row is no copy, */
    AGENT_UNREAD_DOUBLINGS = 8,         /* and is tried ever more rarely, down to hourly */
    AGENT_SCRUB_SHARE = 8,              /* of the disk's time one in so many goes to reading over */
    AGENT_AWAY_FACTOR = 4,              /* a host that did not answer is left alone 4 * copy_ms */
    AGENT_FETCH_FACTOR = 4              /* a start of which nothing arrives for 4 * copy_ms fails */
};

#define AGENT_NONE UINT32_MAX
#define AGENT_COLLECT_NS (2 * MN_SECOND) /* how long a vat may take to tell its interval */
#define AGENT_VERIFY_NS (10 * MN_SECOND) /* before that what was read back is not read again */
#define AGENT_RETRY_NS MN_SECOND         /* reports not taken, files not synced */
#define AGENT_RETRY_NS_MAX (16 * MN_SECOND)

enum agent_life {
    AGENT_LIFE_NONE,
    AGENT_LIFE_RECORDING, /* its START is being made durable */
    AGENT_LIFE_FETCHING,  /* checkpoints of its chain come from other hosts */
    AGENT_LIFE_SPAWNING,  /* START_PROCESS was asked for */
    AGENT_LIFE_WAITING,   /* the process waits until its pid is durable */
    AGENT_LIFE_RUNNING,   /* it has not attached yet */
    AGENT_LIFE_UP,
    AGENT_LIFE_ENDING, /* killed, or to be killed; its end is awaited */
    AGENT_LIFE_EXITED,
    AGENT_LIFE_STOPPED
};

enum { AGENT_LIFE_COUNT = AGENT_LIFE_STOPPED + 1 };

enum agent_file_state {
    AGENT_FILE_UNSYNCED,
    AGENT_FILE_FAILED,
    AGENT_FILE_ARRIVING,
    AGENT_FILE_HERE,
    AGENT_FILE_GONE
};

enum { AGENT_FILE_STATE_COUNT = AGENT_FILE_GONE + 1 };

/* LATER: what we sent before it was synced here did not get there whole; it goes again once it is
 * synced. */
enum agent_copy_state { AGENT_COPY_NEEDED, AGENT_COPY_SENT, AGENT_COPY_LATER, AGENT_COPY_HELD };

/* One file at one partner. */
struct agent_copy {
    enum agent_copy_state state;
    mn_time at; /* SENT: when we last tried, or heard of it */
};

/* Lives that a checkpoint or a vat knows of; owned; `vat` is a name's number. */
struct agent_known {
    struct mn_known *items;
    uint32_t count;
};

struct agent_file {
    mn_epoch epoch;
    mn_epoch since;
    mn_epoch onto;
    mn_epoch floor;     /* the vat's when it was written, as far as it says; 0: not known */
    uint64_t applied;   /* the newest round that the vat had applied in it; 0: none, or not known */
    mn_time written_at; /* by this host's clock, as far as it says; 0: not known */
    uint64_t size;
    struct mn_digest digest;
    struct mn_heard *heard; /* owned; `peer` is a name's number (agent_names.c) */
    uint32_t heard_count;
    uint32_t heard_before;    /* the first ones of these, which were not heard in this interval */
    struct agent_known known; /* of its vat and of peers */
    enum agent_file_state state;
    bool durable;         /* here and at every partner, in this life of the vat */
    bool promised;        /* what it heard may have been spoken of: reported as durable */
    bool reportable;      /* the coordinator is to know of it, or that it went */
    bool learned;         /* what it says of itself is known here */
    bool heard_only;      /* lost here, but above the floor: its row still says what was heard */
    bool dirty;           /* waits in the list of rows to report */
    uint64_t reported_in; /* sequence of the newest report with it */
    bool taken;           /* the coordinator has its row: it may be deleted */
    uint32_t unread;      /* how often in a row it could not be read, or not be synced */
    bool unreadable;      /* GONE: it is on the disk, and it may be possible again to read it */
    bool reading;         /* whether it can be read again is being tried */
    mn_time at;           /* ARRIVING: last progress; FAILED, or not read: last try */
    mn_time asked_at;     /* ARRIVING: when we last asked for more of it */
    uint64_t received;    /* ARRIVING: bytes that are here */
    uint32_t source;      /* ARRIVING: the host it comes from */
    bool writing;         /* ARRIVING: a piece is at the disk */
    bool fetched;         /* ARRIVING: asked for by us, for a start */
    bool verified;        /* read back because it may be damaged, */
    mn_time verified_at;  /* the last time then: it may have gone bad since */
    bool looking;         /* whether it is still there is being asked */
    struct agent_copy *copies; /* owned; one per partner of the vat */
};

/* What a vat answered to a freeze. */
struct agent_interval {
    bool answered;
    mn_epoch epoch;
    mn_epoch since;
    struct mn_heard *heard; /* owned, as in struct agent_file */
    uint32_t heard_count;
    uint32_t heard_before;
    struct agent_known known; /* of peers */
};

/* A former life that is to be set aside. */
struct agent_aside {
    struct mn_lineage lineage; /* of the life that goes on elsewhere */
    bool moving;               /* the files are chosen, and asked to be moved */
    bool failed;               /* and could not be: they are tried again */
    mn_time at;
    mn_run run;
    mn_epoch *moved; /* owned */
    uint32_t moved_count;
    mn_epoch *linked; /* owned */
    uint32_t linked_count;
};

struct agent_adoption; /* agent_adopt.c */
struct agent_vat;

/* The vats that the next heartbeat looks at, each once; room for all. */
struct agent_busy {
    struct agent_vat **vats;
    size_t count;
    size_t capacity;
};

struct agent_vat {
    struct mn_name name;
    uint32_t number; /* of its name */
    enum agent_life life;
    const struct mn_start *start; /* the newest; owned, unless it is of no run */
    const struct mn_start *next; /* what follows once the process has ended; NULL: nothing. Owned */
    uint32_t pid;                /* 0: no process */
    uint64_t pid_started;        /* clock ticks since boot */
    bool adopting;               /* whether that process still runs is being asked */
    bool found;                  /* only a process that lived on knew of this run */
    mn_time fetched_at;          /* FETCHING: when something of the chain last came nearer */
    struct mn_endpoint endpoint;
    bool up_recorded; /* UP: its endpoint is on record, so that it may be said */
    bool connected;
    struct agent_connection connection;
    mn_run fence;             /* this run and those below are over */
    struct agent_file *files; /* by epoch */
    size_t file_count;
    size_t file_capacity;
    uint32_t partners[AGENT_PARTNER_COUNT_MAX]; /* host or AGENT_NONE; agent->partner_count many */
    uint32_t sender;   /* the host that last sent copies of the newest run, with `sender_run` */
    mn_run sender_run; /* their run; 0: nobody sent any */
    uint32_t *holders; /* hosts that said they hold something of it; ascending */
    size_t holder_count;
    size_t holder_capacity;
    mn_epoch newest_durable;
    mn_epoch lost; /* the newest of this history that went bad or missing here */
    mn_epoch floor;
    mn_epoch floor_asked;            /* put on record, */
    mn_epoch floor_safe;             /* and durable there: what is below may be deleted */
    mn_run floor_run;                /* the run that the record speaks of */
    bool awaited;                    /* the freeze waits for its interval or its end */
    struct agent_aside *aside;       /* what is still to be set aside; NULL: nothing. Owned */
    mn_run aside_run;                /* on record: of this run what died has been set aside, */
    uint32_t aside_count;            /* so many checkpoints */
    struct agent_adoption *adoption; /* of a disk that was found; NULL: none. Owned */
    bool unsent;                     /* it did not hear everything: its queue was full */
    bool busy;                       /* it is in the list */
    struct agent_busy *busy_list;    /* the agent's */
    struct agent_interval interval;
    uint32_t interval_part; /* 1 + the part of the answer that has it, or that it is silent; 0: none
                               has yet */
    uint32_t intervals_due; /* asked on this connection in this attempt, and not answered */
    bool lease_wanted;      /* by its application, in this run */
    mn_time lease_until;    /* the newest lease that it was given */
};

/* A host that this agent has had to do with. */
struct agent_peer_host {
    uint32_t host;
    bool lost;          /* the coordinator named it lost, and it was not heard since */
    mn_time lost_until; /* then it may be tried again all the same */
    mn_time heard_at;   /* anything from its agent */
    mn_time away_until; /* it did not answer or refused: no partner until then */
};

/* A row of a report: a file of a vat. */
struct agent_row_ref {
    struct agent_vat *vat;
    mn_epoch epoch;
};

/* A report that has not been acknowledged. */
struct agent_batch {
    uint64_t sequence;
    mn_time sent_at;
    struct agent_row_ref *rows; /* owned */
    uint32_t row_count;
};

/* A moment: whether all rows of before it have been taken. */
struct agent_mark {
    size_t left;       /* entries at the head of the list of dirty rows that are of before it */
    uint64_t sequence; /* no report above this one is waited for */
};

/* Where reading files over is: agent_scrub.c. */
struct agent_scrub {
    size_t vat;       /* the next file is of this vat, by index, or of a later one, */
    mn_epoch after;   /* and above this epoch */
    mn_time due;      /* and is read then */
    mn_time each;     /* so long after the one before it */
    mn_time count_at; /* when files are counted again */
    mn_time rested;   /* nothing is read before that, so that the disk has time for others */
    bool reading;     /* one file, at the disk, */
    mn_time asked_at; /* since then */
};

enum agent_freeze_state {
    AGENT_FREEZE_OPEN,
    AGENT_FREEZE_FENCING,
    AGENT_FREEZE_COLLECTING,
    AGENT_FREEZE_REPORTING, /* the rows that the answer rests on are being taken */
    AGENT_FREEZE_ANSWERED
};

enum { AGENT_FREEZE_STATE_COUNT = AGENT_FREEZE_ANSWERED + 1 };

/* A run that is believed no more: of the vat of that number. */
struct agent_suspect {
    uint32_t number;
    mn_run run;
};

struct agent_freeze {
    enum agent_freeze_state state;
    uint64_t number; /* counts the freezes that were taken up */
    uint64_t generation;
    uint64_t round;
    uint32_t attempt;
    mn_time until;                  /* COLLECTING: who has not answered by then is silent */
    size_t looking;                 /* files of which is being asked whether they are there */
    struct agent_mark rows;         /* REPORTING, ANSWERED: what the answer rests on */
    uint32_t part;                  /* of the answer: those before it have been taken; from 0 */
    bool more;                      /* ANSWERED: it is not the last one */
    mn_time said_at;                /* ANSWERED: when it went, */
    mn_time patience;               /* and for how long it may still be on its way */
    struct agent_suspect *suspects; /* by number; owned */
    uint32_t suspect_count;
};

/* Where a peer of our vats can be reached, as the coordinator said. */
struct agent_address {
    uint32_t peer; /* a name's number */
    bool known;
    mn_time asked_at;
    mn_run run;
    uint32_t incarnation;
    uint32_t host; /* AGENT_NONE: one that is not in the directory */
    struct mn_endpoint endpoint;
};

/* A vat that asked for a peer's address. */
struct agent_watch {
    uint32_t peer;
    uint32_t vat; /* both names' numbers */
};

struct agent_link {
    struct agent_connection connection;
    struct agent_vat *vat;
};

/* Records of the journal from @first on, up to the next run's, are of @generation. */
struct agent_keeper_run {
    uint64_t first;
    uint64_t generation;
};

/* A record that is kept in more than one piece. */
struct agent_keeper_large {
    uint64_t sequence;
    uint64_t size;
};

/* What is kept of the coordinator's journal: agent_keeper.c. */
struct agent_keeper {
    struct mn_agent_promise promise;
    enum mn_member member;
    struct mn_head head;                       /* the newest that we were shown */
    struct mn_noted noted[MN_NOTED_COUNT_MAX]; /* what we were told of the keepers' disks */
    uint32_t noted_count;
    uint64_t newest;               /* the last record that is whole; all before it are too */
    struct agent_keeper_run *runs; /* of these, in their order */
    size_t run_count;
    size_t run_capacity;
    struct agent_keeper_large *large; /* of these, in their order */
    size_t large_count;
    size_t large_capacity;
    struct mn_kept part;        /* of the next record, up to `offset`; sequence 0: nothing */
    struct mn_up answer;        /* that waits until its records are durable, */
    bool answering;             /* if any does; */
    struct mn_up newest_answer; /* and the newest one, which says all, */
    uint64_t newest_answer_at;  /* with this record */
};

struct agent {
    struct agent_config config; /* its pointers are into `memory` */
    struct mn_arena memory;     /* what lives as long as the agent */
    const struct agent_directory *directory;
    struct agent_peer_host *peers; /* by host */
    size_t peer_count;
    size_t peer_capacity;
    uint32_t partner_count;   /* per vat */
    uint32_t partner_spread;  /* how many of them can be in domains of their own */
    struct agent_names names; /* of vats that are not in the directory */

    struct agent_vat **vats; /* by name */
    size_t vat_count;
    size_t vat_capacity;
    struct agent_busy busy;
    struct agent_link *links; /* by connection */
    size_t link_count;
    size_t link_capacity;
    struct agent_address *addresses; /* by peer */
    size_t address_count;
    size_t address_capacity;
    struct agent_watch *watches; /* by peer, then vat */
    size_t watch_count;
    size_t watch_capacity;

    bool begun;
    bool said_hello;
    bool hello_open;               /* a hello has not been answered */
    bool hello_everything;         /* all rows were made dirty since the last hello */
    bool welcome_held;             /* a welcome came before its generation was durable */
    bool welcomed;                 /* in this generation */
    uint64_t numbering;            /* of the coordinator's topology, as its newest welcome said */
    uint64_t before;               /* the disk's newest life that was welcomed, as it was found */
    uint64_t welcomed_life;        /* the same, as it is on record now */
    uint64_t generation;           /* lower ones are refused */
    uint64_t round_written;        /* the newest that a vat had applied in a checkpoint here */
    uint64_t round_frozen;         /* the newest that this host, or a vat here, was frozen for */
    uint64_t generation_safe;      /* durable: what we say that we know */
    uint64_t record_sequence;      /* of the newest record asked for */
    uint64_t recorded;             /* up to which they are durable */
    struct agent_pending *pending; /* by sequence */
    size_t pending_count;
    size_t pending_capacity;

    struct agent_stranger *strangers; /* that have not ended yet: until then there is no hello */
    size_t stranger_count;
    size_t stranger_capacity;

    struct agent_decision *decisions; /* by round; those not handled here, and the newest */
    size_t decision_count;
    size_t decision_capacity;
    struct agent_freeze freeze;
    struct agent_keeper keeper;

    mn_time heartbeat_at;
    uint64_t heartbeat_number;
    mn_time hello_at;
    uint32_t hello_tries; /* hellos since the last welcome */
    uint32_t disk_ms;
    size_t refresh_next; /* index of the vat whose state is said again next */
    struct agent_scrub scrub;

    struct agent_row_ref *dirty; /* in the order in which they became so */
    size_t dirty_count;
    size_t dirty_capacity;
    struct agent_batch batches[AGENT_BATCH_COUNT_MAX]; /* by sequence */
    size_t batch_count;
    mn_time report_patience; /* a batch that is not taken for so long is said again */
    uint64_t report_sequence;
    struct agent_mark everything;    /* all that there was at the hello */
    const struct agent_vat *fullest; /* the vat of which there are most files, once they pile up */
    bool flush;                      /* report before this step ends */

    size_t lease_want_count;                      /* vats that want leases */
    uint64_t lease_number;                        /* of the newest request for leases */
    mn_time lease_asked[AGENT_LEASE_ASKED_COUNT]; /* when each of the newest was sent */

    /* Of the step that runs. */
    mn_time now;
    struct agent_effects *effects;
};

/* agent_effects.c: what is asked of the shell. Memory that runs out is noted in the effects; then
 * these give NULL or do nothing. */
void agent_fail(struct agent *agent, mn_result result);
void *agent_take(struct agent *agent, size_t count, size_t size);
void *agent_take_unset(struct agent *agent, size_t count, size_t size);
struct agent_effect *agent_ask(struct agent *agent, enum agent_effect_kind kind);
/* NULL also while the disk's number is not on record. */
struct mn_up *agent_say_up(struct agent *agent, enum mn_up_kind kind);
struct mn_copies *agent_say_copies(struct agent *agent, uint32_t host, enum mn_copies_kind kind,
                                   const struct mn_name *vat);
struct mn_to_vat *agent_say_vat(struct agent *agent, const struct agent_connection *connection,
                                enum mn_to_vat_kind kind);
void agent_ask_file(struct agent *agent, enum agent_effect_kind kind, const struct agent_vat *vat,
                    mn_epoch epoch, bool again);
void agent_ask_process(struct agent *agent, enum agent_effect_kind kind,
                       const struct agent_vat *vat);
void agent_note(struct agent *agent, struct agent_note_facts facts);
/* A note about a vat and its run; more is set with agent_note itself. */
void agent_note_vat(struct agent *agent, enum agent_note note, const struct agent_vat *vat,
                    const char *text);

/* agent_names.c */
mn_result agent_names_number(struct agent_names *names, const struct mn_name *name,
                             uint32_t *number) MN_CHECKED;
uint32_t agent_names_find(const struct agent_names *names, const struct mn_name *name);
void agent_names_deinit(struct agent_names *names);

/* agent_directory.c. Vats are numbered as in the directory, and further on as they are heard of. */
uint32_t agent_vat_find(const struct agent *agent, const struct mn_name *name);
mn_result agent_vat_number(struct agent *agent, const struct mn_name *name,
                           uint32_t *number) MN_CHECKED;
const struct mn_name *agent_vat_name(const struct agent *agent, uint32_t number);
size_t agent_vat_name_count(const struct agent *agent);
/* Whether there is room for what another host names: AGENT_UNPLACED_COUNT_MAX. */
bool agent_vats_fit(const struct agent *agent, const struct mn_name *names, uint32_t count);
const struct mn_name *agent_host_name(const struct agent *agent, uint32_t host);
uint32_t agent_host_find(const struct agent *agent, const struct mn_name *name);
/* NULL: this agent has had nothing to do with it. */
const struct agent_peer_host *agent_peer(const struct agent *agent, uint32_t host);
/* NULL after failing. */
struct agent_peer_host *agent_need_peer(struct agent *agent, uint32_t host);

/* agent_tables.c: vats by name, connections; copies of what messages point to. */
struct agent_vat *agent_find_vat(const struct agent *agent, const struct mn_name *name);
struct agent_vat *agent_need_vat(struct agent *agent, const struct mn_name *name);
struct agent_vat *agent_linked_vat(const struct agent *agent,
                                   const struct agent_connection *connection);
void agent_connect(struct agent *agent, struct agent_vat *vat,
                   const struct agent_connection *connection);
void agent_disconnect(struct agent *agent, struct agent_vat *vat);
/* Copy heard entries with the batch's names resolved; false when memory ran out. */
bool agent_copy_heard(struct agent *agent, const struct mn_name *names,
                      const struct mn_heard *heard, uint32_t count, struct mn_heard **out);
/* The same of what is known, with room for one more. */
bool agent_copy_known(struct agent *agent, const struct mn_name *names,
                      const struct mn_known *known, uint32_t count, struct agent_known *out);
/* The run that follows once the process has ended; 0: none. */
mn_run agent_next_run(const struct agent_vat *vat);
void agent_next_forget(struct agent_vat *vat);
bool agent_next_take(struct agent *agent, struct agent_vat *vat, const struct mn_start *start);
/* Take over a copy of @start as the newest; false after failing. */
bool agent_start_take(struct agent *agent, struct agent_vat *vat, const struct mn_start *start);
void agent_vat_destroy(struct agent_vat *vat);

/* agent_life.c, agent_vats.c: which life of each vat runs here. */
void agent_life_move(struct agent_vat *vat, enum agent_life to);
struct mn_vat_status agent_vat_status(struct agent *agent, const struct agent_vat *vat);
void agent_say_state(struct agent *agent, const struct agent_vat *vat, const char *reason);
/* A run of it that is not up here was ordered, and is over by what this agent knows: up to which.
 */
void agent_say_refused(struct agent *agent, const struct agent_vat *vat);
bool agent_vat_fenced(const struct agent_vat *vat);
bool agent_vat_owned(const struct agent_vat *vat); /* its checkpoints are ours to look after */
bool agent_vat_alive(const struct agent_vat *vat); /* it may be speaking */
bool agent_vat_meant(const struct agent_vat *vat); /* it is to run here, as far as is known */
void agent_life_begin(struct agent *agent, struct agent_vat *vat);
void agent_life_end(struct agent *agent, struct agent_vat *vat);
void agent_life_over(struct agent *agent, struct agent_vat *vat);
void agent_life_go_on(struct agent *agent, struct agent_vat *vat); /* chain looked at again */
void agent_life_fail(struct agent *agent, struct agent_vat *vat, const char *reason);
void agent_start(struct agent *agent, const struct mn_start *start);
void agent_start_recorded(struct agent *agent, struct agent_vat *vat, mn_run run);
void agent_stop(struct agent *agent, const struct mn_stop *stop);
void agent_process(struct agent *agent, const struct agent_event *event);
void agent_release(struct agent *agent, struct agent_vat *vat, mn_run run);

/* agent_local.c: what vats say. */
void agent_from_vat(struct agent *agent, const struct agent_connection *connection,
                    const struct mn_from_vat *message);
void agent_vat_is_up(struct agent *agent, struct agent_vat *vat, mn_run run);
void agent_vat_unsent(struct agent *agent, const struct agent_connection *connection);
void agent_local_tick(struct agent *agent, size_t busy);

/* agent_lookup.c: where peers are. */
void agent_lookup(struct agent *agent, struct agent_vat *vat, const struct mn_name *peer);
void agent_address(struct agent *agent, const struct mn_address *address);
void agent_lookup_again(struct agent *agent);
/* The host on which @run of the vat, or a later one, is meant to be, as the coordinator says;
 * AGENT_NONE while it has not said that, and is asked. */
uint32_t agent_lookup_host(struct agent *agent, const struct agent_vat *vat, mn_run run);
/* The newest run of a peer that the coordinator told of; 0 if it told none. */
mn_run agent_address_run(const struct agent *agent, uint32_t peer);
bool agent_address_asked(const struct agent *agent, uint32_t peer);

/* agent_busy.c. Have the next heartbeat look at the vat. */
void agent_touch(struct agent_vat *vat);
/* In the order of names; how many there are: what is touched from now on comes behind these. */
size_t agent_busy_begin(struct agent *agent);
/* The first @count have been looked at: those that are quiet need no more of it. */
void agent_busy_end(struct agent *agent, size_t count);
bool agent_vat_quiet(const struct agent *agent, const struct agent_vat *vat);

/* agent_keeper.c: the coordinator's journal, kept here too. */
void agent_keeper(struct agent *agent, const struct mn_down *down);
void agent_keeper_recorded(struct agent *agent);
void agent_keeper_loaded(struct agent *agent, const struct mn_agent_record *record);
void agent_keeper_deinit(struct agent *agent);
/* The coordinator has shown how far the journal goes. */
void agent_head_seen(struct agent *agent, const struct mn_down *down);

/* agent_report.c, agent_hello.c: what the coordinator is told. */
void agent_dirty(struct agent *agent, struct agent_vat *vat, struct agent_file *file);
void agent_dirty_all(struct agent *agent);
void agent_report_flush(struct agent *agent);
void agent_report_taken(struct agent *agent, uint64_t sequence);
void agent_report_tick(struct agent *agent);
/* Let @mark stand for now: all rows that are dirty or in a report that has not been taken. */
/* What is not taken is said again soon, however long the coordinator has been out of reach. */
void agent_report_hurry(struct agent *agent);
void agent_report_mark(const struct agent *agent, struct agent_mark *mark);
/* Whether the coordinator has been told of the checkpoint @epoch, and it is still here. */
bool agent_row_told(const struct agent_vat *vat, mn_epoch epoch);
/* Whether the coordinator has taken all rows of before @mark. */
bool agent_report_taken_up(const struct agent *agent, const struct agent_mark *mark);
/* There is one file more of the vat. */
void agent_report_piles(struct agent *agent, const struct agent_vat *vat);
/* How many checkpoints of the vat with the most of them no coordinator has taken, and how many more
 * of it fit; 0 as long as there is room for as many again. */
uint32_t agent_report_untaken(const struct agent *agent, uint32_t *room);
void agent_hello(struct agent *agent);
void agent_hello_later(struct agent *agent);
void agent_hello_when_adopted(struct agent *agent);
void agent_welcome(struct agent *agent, const struct mn_down *down);
bool agent_generation_seen(struct agent *agent, uint64_t generation);
void agent_generation_recorded(struct agent *agent, uint64_t generation);
void agent_heartbeat(struct agent *agent);

/* agent_lease.c: who may act on the world outside. */
void agent_lease_want(struct agent *agent, struct agent_vat *vat);
void agent_lease_tick(struct agent *agent); /* ask for all, with a heartbeat */
void agent_leased(struct agent *agent, const struct mn_down *down);
/* The run is over, or its process gone: as far as it can hear, it has no lease from now on. */
void agent_lease_end(struct agent *agent, struct agent_vat *vat);

#include "agent_checkpoints.h"
#include "agent_rounds.h"

#endif
