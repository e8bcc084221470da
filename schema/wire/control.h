/* Messages between an agent and the coordinator. */
#ifndef MN_WIRE_CONTROL_H
#define MN_WIRE_CONTROL_H

#include "wire/common.h"

/* What an agent knows of a vat placed on its host. */
enum mn_vat_state {
    MN_VAT_ABSENT = 0,   /* never started here, or its store is gone */
    MN_VAT_STARTING = 1, /* started, has not attached yet */
    MN_VAT_UP = 2,       /* attached; the endpoint is known */
    MN_VAT_EXITED = 3,   /* its process ended */
    MN_VAT_STOPPED = 4   /* ended on the coordinator's word */
};

struct mn_vat_status {
    struct mn_name vat;
    mn_run run;
    enum mn_vat_state state;
    struct mn_endpoint endpoint;
    mn_run aside; /* the newest run of it of which that host has set aside what died; 0: none */
    uint32_t aside_count; /* how many checkpoints that are; 0: there was nothing */
    mn_epoch floor;       /* the vat's floor as the sender knows it, 0 if it does not */
    uint32_t incarnation; /* as the start of that run said; 0: the sender does not say. And its */
    const struct mn_fork *forks; /* lineage, oldest first: MN_LINEAGE_COUNT_MAX at most */
    uint32_t fork_count;
};

/* One checkpoint as an agent reports it. `heard` is a slice of the report's heard entries: all that
 * was heard after `since`. */
struct mn_row {
    uint32_t vat; /* index into vats */
    mn_epoch epoch;
    mn_epoch since;
    mn_epoch onto; /* 0 for a full */
    bool durable;
    bool here;        /* a copy is on the store of the host that reports */
    bool gone;        /* that copy is gone */
    mn_epoch floor;   /* the vat's floor as the sender knows it, 0 if it does not */
    uint32_t age;     /* 1 + milliseconds since it was written; 0: not known */
    uint64_t applied; /* the newest round that the vat had applied in it; 0: not known, or an
                         older row says it */
    uint32_t heard_first;
    uint32_t heard_count;
};

/* The vats that a message speaks of, each in one place: by name, or, between those who have read
 * the same topology, by their numbers in it. And which incarnations the message says are known of
 * them, each once, in the order of places and incarnations. */
struct mn_vat_table {
    uint64_t numbering;          /* of that topology; 0: by name */
    const struct mn_name *names; /* NULL when they go by number, and the other way round */
    const uint32_t *numbers;
    uint32_t count;
    const struct mn_known *known;
    uint32_t known_count;
};

struct mn_report {
    uint64_t sequence; /* acknowledged by Taken */
    struct mn_vat_table vats;
    const struct mn_row *rows;
    uint32_t row_count;
    const struct mn_heard *heard;
    uint32_t heard_count;
};

/* The interval a vat was in when it was asked. */
struct mn_interval {
    uint32_t vat; /* index into vats */
    mn_epoch epoch;
    mn_epoch since;
    uint32_t heard_first;
    uint32_t heard_count;
};

/* The answer to a freeze, or one of several parts of it: what none of them speaks of is silent. */
struct mn_intervals {
    uint64_t round;
    uint32_t attempt;
    uint32_t part; /* from 0 */
    bool more;     /* it is not the last: the next one follows once the coordinator has said More */
    struct mn_vat_table vats;
    const struct mn_interval *intervals;
    uint32_t interval_count;
    const struct mn_heard *heard;
    uint32_t heard_count;
    const uint32_t *silent; /* vats that run here and did not answer, as indices into vats */
    uint32_t silent_count;
};

enum mn_probe_answer {
    MN_PROBE_OPEN = 0,   /* something accepts connections there */
    MN_PROBE_CLOSED = 1, /* refused at once: the host is up, the process is not */
    MN_PROBE_SILENT = 2  /* no answer within the bound */
};

enum { MN_PROBE_ENDPOINT_COUNT_MAX = 64 };

/* Why a checkpoint file of a disk that was found has not become a copy. */
enum mn_passed_why {
    MN_PASSED_DAMAGED = 0,    /* it is not whole, or not what its digests say */
    MN_PASSED_FOREIGN = 1,    /* it is another vat's, or of another epoch than its name says */
    MN_PASSED_UNREADABLE = 2, /* that disk does not give it */
    MN_PASSED_FULL = 3,       /* the disk of the host that adopts is full, */
    MN_PASSED_UNWRITTEN = 4,  /* or does not take it */
    MN_PASSED_DEAD = 5        /* it died when the vat went on from an older checkpoint */
};

/* "damaged", "foreign", "unreadable", "full", "unwritten", "dead" */
const char *mn_passed_name(enum mn_passed_why why);

struct mn_passed {
    mn_epoch epoch; /* as the file's name says */
    enum mn_passed_why why;
};

enum { MN_PASSED_COUNT_MAX = 64, MN_ADOPTED_TEXT_SIZE = 256 };

/* How the adoption of a disk goes on, or what it came to. */
struct mn_adopted {
    uint64_t number; /* of the adopt */
    struct mn_name vat;
    bool over;
    mn_result code;                  /* over: MN_OK, or why nothing of it is here */
    char text[MN_ADOPTED_TEXT_SIZE]; /* for people, when code is not MN_OK */
    uint32_t found;                  /* checkpoint files there, */
    uint32_t done;                   /* so many of them looked at, */
    uint32_t taken;                  /* copied, */
    uint32_t held;                   /* or here already */
    mn_epoch through;                /* the newest of these; 0: none */
    const struct mn_passed *passed;  /* the first that were passed over, */
    uint32_t passed_count;           /* MN_PASSED_COUNT_MAX at most; */
    uint32_t passed_in_all;
};

enum mn_up_kind {
    MN_UP_HELLO = 3,
    MN_UP_HEARTBEAT = 4,
    MN_UP_REPORT = 5,
    MN_UP_VAT_STATE = 6,
    MN_UP_INTERVALS = 7,
    MN_UP_PROBED = 8,
    MN_UP_HANDLED = 9,
    MN_UP_LOOKUP = 10,
    MN_UP_LEASES = 12, /* 11 is `disk` */
    MN_UP_PROMISED = 13,
    MN_UP_KEPT = 14,
    MN_UP_RECALLED = 15,
    MN_UP_OVERTAKEN = 16,
    MN_UP_DIFFERS = 17,
    MN_UP_ADOPTED = 19 /* 18 is `before` */
};

/* Whether what a keeper says it keeps counts. */
enum mn_member {
    MN_MEMBER_BLANK = 0,    /* it is new, or has lost its disk, and does not vote */
    MN_MEMBER_FOUNDING = 1, /* the same, of a cluster in which nothing was ever in force */
    MN_MEMBER_WHOLE = 2,
    MN_MEMBER_RETURNED = 3 /* whole before its agent began anew: the disk may be an older one */
};

/* A record of the journal as a keeper keeps it, or a piece of it. */
struct mn_kept {
    uint64_t sequence; /* from 1 */
    uint64_t generation;
    uint32_t kind; /* enum mn_journal_kind */
    mn_time written_at;
    uint64_t size;   /* of the whole record, MN_RECORD_SIZE_MAX at most */
    uint64_t offset; /* a multiple of MN_PIECE_SIZE_MAX */
    const unsigned char *bytes;
    uint32_t byte_count; /* MN_PIECE_SIZE_MAX at most; less only at the record's end */
};

/* The life of a keeper's disk that was last heard: what it said in another one before that counts
 * no more. */
struct mn_noted {
    struct mn_name host;
    uint64_t disk;
};

/* How far the journal goes: a record and its generation; 0, 0 for an empty one. */
struct mn_head {
    uint64_t generation;
    uint64_t sequence;
};

/* A vat and the newest of its runs that is meant: that one and those below it. */
struct mn_vat_run {
    struct mn_name vat;
    mn_run run;
};

/* A vat and a peer remember different things of one another, and no round explains it. */
struct mn_differs {
    struct mn_name peer;
    mn_run run;     /* of the peer */
    bool self;      /* the vat that says so is the one that has forgotten; otherwise the peer is */
    mn_epoch epoch; /* one that the other remembers of whoever has forgotten; from 1 */
};

/* Agent to coordinator. */
struct mn_up {
    uint64_t generation; /* the newest the agent knows */
    uint64_t disk;       /* the life of its disk: each process of the agent begins one; 0 from one
                            that does not say */
    uint64_t before;     /* the newest life before, of those that were welcomed; 0: none */
    enum mn_up_kind kind;
    union {
        struct {
            struct mn_name host;
            struct mn_endpoint agent;
            const struct mn_vat_status *vats;
            uint32_t vat_count;
            uint64_t newest_round;
            bool everything;       /* every row will follow: forget what was known of this store */
            struct mn_head head;   /* the newest that this agent was shown */
            uint64_t numbering;    /* of the topology that it has read; 0: it does not say */
            bool holds;            /* there are checkpoints on its store: the cluster is not new */
            uint64_t seen_round;   /* the newest that any of them says its vat had applied */
            bool joins;            /* the agent reads joined frames: wire/joined.h */
            uint64_t frozen_round; /* the newest that it, or a vat here, was frozen for */
        } hello;
        struct {
            uint64_t number;
            uint32_t lag_ms;
            uint32_t disk_ms;
            bool complete;    /* every row that this store had at its last hello has been taken */
            uint32_t untaken; /* checkpoints of one vat whose rows no coordinator has taken; 0 as
                                 long as there is room for as many again */
            uint32_t room;    /* how many more of that vat fit */
        } heartbeat;
        struct mn_report report;
        struct {
            struct mn_vat_status status;
            char reason[128]; /* for people: "killed by signal 9", say */
        } vat_state;
        struct mn_intervals intervals;
        struct {
            uint64_t probe;
            struct mn_name host;
            const enum mn_probe_answer *answers; /* one per endpoint asked */
            uint32_t answer_count;
        } probed;
        struct {
            struct mn_vat_table vat; /* one */
            mn_run run;
            uint64_t round;
        } handled;
        struct {
            struct mn_name vat;
        } lookup;
        struct {
            uint64_t asker;                /* which process of the agent */
            uint64_t number;               /* of the request */
            const struct mn_vat_run *vats; /* that want leases: exactly these runs */
            uint32_t vat_count;
        } leases;
        struct {
            uint64_t promised;
            uint64_t candidate;
            struct mn_head newest; /* the newest whole record that it keeps */
            enum mn_member member;
            uint32_t attempt;
            const struct mn_noted *noted; /* what it was told of the others */
            uint32_t noted_count;         /* MN_NOTED_COUNT_MAX at most */
            bool holds;                   /* as in hello */
        } promised;
        struct {
            uint64_t number;
            bool matched;
            uint64_t sequence;
            uint64_t offset;
            enum mn_member member;
        } kept;
        struct {
            uint64_t sequence;
            uint64_t offset;
            bool matched;
            uint64_t newest;
            const struct mn_kept *records;
            uint32_t record_count;
        } recalled;
        struct {
            uint64_t generation;
        } overtaken;
        struct {
            struct mn_vat_run vat; /* who says so */
            struct mn_differs differs;
        } differs;
        struct mn_adopted adopted;
    };
};

/* A checkpoint of a chain and a host that holds a copy of it. */
struct mn_link {
    mn_epoch epoch;
    struct mn_name holder;
};

struct mn_start {
    uint64_t round; /* 0: the vat's first start */
    struct mn_name vat;
    mn_run run;
    uint32_t incarnation;
    mn_epoch keep; /* restore this checkpoint; 0 is birth */
    enum mn_outcome outcome;
    struct mn_lineage lineage;   /* including this start's own entry */
    const struct mn_link *chain; /* what restores `keep`, the full first; none for birth */
    uint32_t chain_count;
    uint64_t told_round; /* the vat has handled, or needs not hear of, all rounds up to this one */
    uint64_t disk;       /* the life of the disk that this run is for: in another it is ignored; 0:
                            any */
};

/* The notices of one vat; a slice of the decision's notices. */
struct mn_told {
    struct mn_name vat;
    uint32_t notice_first;
    uint32_t notice_count;
};

/* A vat that is still owed the notices of a round. What a run before @run has handled of it does
 * not count: that life was taken back to before it did. */
struct mn_owed {
    struct mn_name vat;
    uint64_t round;
    mn_run run;
};

struct mn_decision_notice {
    uint64_t round;
    const struct mn_told *told;
    uint32_t told_count;
    const struct mn_notice *notices;
    uint32_t notice_count; /* of all told vats' slices: others may stand between these */
    /* Vats of this host that are owed notices of older rounds: whoever does not know these does not
     * take up this round before it does, or it would overtake them. */
    const struct mn_owed *owed;
    uint32_t owed_count;
};

struct mn_address {
    struct mn_name vat;
    mn_run run;
    uint32_t incarnation;
    struct mn_name host;
    struct mn_endpoint endpoint; /* "" while it runs nowhere */
};

/* Stop this run of the vat and those below. What its lineage says is dead died of them. */
struct mn_stop {
    struct mn_name vat;
    mn_run run;
    struct mn_lineage lineage;
};

/* Take the checkpoints of that vat from a disk that was found: a store, or one vat's directory. */
struct mn_adopt {
    uint64_t number;
    struct mn_name vat;
    const char *store; /* an absolute path on the agent's host */
    struct mn_lineage lineage;
};

enum mn_down_kind {
    MN_DOWN_WELCOME = 3,
    MN_DOWN_TAKEN = 4,
    MN_DOWN_PROBE = 5,
    MN_DOWN_FREEZE = 6,
    MN_DOWN_START = 7,
    MN_DOWN_STOP = 8,
    MN_DOWN_DECISION = 9,
    MN_DOWN_ADDRESS = 10,
    MN_DOWN_LEASED = 11,
    MN_DOWN_PROMISE = 12,
    MN_DOWN_KEEP = 13,
    MN_DOWN_RECALL = 14,
    MN_DOWN_ADOPT = 18, /* 15 is `head`, 16 a message that is compressed */
    MN_DOWN_MORE = 19
};

/* Coordinator to agent. */
struct mn_down {
    uint64_t generation;
    uint64_t head; /* the newest record of the journal that is in force, 0 before there is one */
    enum mn_down_kind kind;
    union {
        struct {
            uint64_t newest_round;
            bool send_everything;
            uint64_t numbering; /* of the topology that it has read; 0: it does not say */
            bool joins;         /* the coordinator reads joined frames */
        } welcome;
        struct {
            uint64_t sequence;
        } taken;
        struct {
            uint64_t probe;
            struct mn_name host;
            const struct mn_endpoint *endpoints;
            uint32_t endpoint_count;
        } probe;
        struct {
            uint64_t round;
            uint32_t attempt;
            const struct mn_name *hosts; /* lost hosts */
            uint32_t host_count;
            struct mn_vat_table suspects;
            const mn_run *runs; /* of the suspects */
        } freeze;
        struct {
            uint64_t round;
            uint32_t attempt;
            uint32_t part; /* that has been taken */
        } more;
        struct mn_start start;
        struct mn_stop stop;
        struct mn_decision_notice decision;
        struct mn_address address;
        struct {
            uint64_t asker; /* and number: as they stood in the request */
            uint64_t number;
            uint32_t lease_ms; /* from when that was sent */
            const struct mn_vat_run *vats;
            uint32_t vat_count;
        } leased;
        struct {
            uint64_t candidate;
            uint32_t attempt;
        } promise;
        struct {
            uint64_t number;
            uint64_t after;
            uint64_t after_generation;
            const struct mn_kept *records;
            uint32_t record_count;
            bool founding;
            uint64_t whole_at;
            const struct mn_noted *noted;
            uint32_t noted_count;
        } keep;
        struct {
            uint64_t sequence;
            uint64_t after_generation;
            uint64_t offset;
        } recall;
        struct mn_adopt adopt;
    };
};

mn_result mn_up_encode(const struct mn_up *message, struct mn_buffer *buffer) MN_CHECKED;
mn_result mn_up_decode(const void *bytes, size_t size, struct mn_arena *arena,
                       struct mn_up *out) MN_CHECKED;
mn_result mn_down_encode(const struct mn_down *message, struct mn_buffer *buffer) MN_CHECKED;
mn_result mn_down_decode(const void *bytes, size_t size, struct mn_arena *arena,
                         struct mn_down *out) MN_CHECKED;

#endif
