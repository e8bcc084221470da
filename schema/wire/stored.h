/* What is written to disk: a checkpoint's own record, the journal's records, an agent's records.
 * The same rules as for messages: what is read back is validated as if it came from outside. */
#ifndef MN_WIRE_STORED_H
#define MN_WIRE_STORED_H

#include "wire/control.h"

/* A checkpoint file's own record (DESIGN.md, State): it can speak for a host that burned. */
struct mn_checkpoint_record {
    struct mn_name vat;
    mn_run run;
    uint32_t incarnation;
    mn_epoch epoch;
    mn_epoch since; /* the last full before it, or the floor if that is higher; or 0 */
    mn_epoch onto;  /* 0 for a full */
    const struct mn_name *names;
    uint32_t name_count;
    const struct mn_heard *heard; /* everything heard after `since` */
    uint32_t heard_count;
    uint32_t heard_before; /* the first ones of these, which were not heard in this interval */
    const struct mn_known *known; /* of whom it heard, and of those whose session is in the file */
    uint32_t known_count;
    struct mn_fork fork;     /* that its incarnation began with; next 0: not known */
    uint64_t round;          /* the newest round applied */
    uint64_t settled;        /* the notices of all rounds up to this one are handled in it, */
    const uint64_t *handled; /* and those of these */
    uint32_t handled_count;
    mn_epoch floor;      /* the vat's when it was written; 0: not known */
    mn_time written_at;  /* by the clock of the host that wrote it; 0: not known */
    uint64_t blob_count; /* entries of the body */
    uint64_t body_size;  /* bytes after the record, before the file's digest */
};

/* One peer's session in a vat's checkpointed state. */
struct mn_session_state {
    struct mn_name peer;
    mn_run run;
    uint32_t incarnation; /* of the peer: the one that the numbers are agreed with */
    uint64_t next;
    uint64_t taken;
    struct mn_bases bases;  /* of what this vat sends */
    struct mn_gaps gaps;    /* in what it has taken */
    uint64_t covered;       /* of what it sent, what the peer said is in a durable checkpoint, */
    mn_epoch covered_epoch; /* and in which; 0 if not known */
    mn_epoch taken_epoch;   /* the peer's, of the last message taken; 0 if not known */
    uint64_t forked; /* the number it waited for when its newest incarnation began; 0: none since */
    uint32_t agreed; /* of this vat: the newest that the peer is known to have agreed with */
    uint64_t gaps_told;  /* up to this number that it sent, it knows of each gap of the peer */
    struct mn_fork fork; /* that the peer's incarnation began with; next 0: not known */
};

/* A vat's hard facts. */
struct mn_journal_vat {
    struct mn_name vat;
    mn_run run;
    uint32_t incarnation;
    struct mn_name host;
    struct mn_lineage lineage;
    bool found; /* this journal had not given out that run: others remembered it */
};

/* One restore that a decision orders, and where. */
struct mn_journal_start {
    struct mn_start start;
    struct mn_name host;
    uint64_t lost; /* 1 + how many milliseconds of the vat's work are lost; 0: not known */
};

/* The answer that a record may hold. */
#define MN_ANSWER_SIZE_MAX ((size_t)32 * 1024 * 1024)

/* A round's decision, complete: with it another coordinator can carry on. */
struct mn_journal_decision {
    uint64_t round;
    const struct mn_name *lost_hosts;
    uint32_t lost_host_count;
    const struct mn_name *lost_vats;
    uint32_t lost_vat_count;
    const struct mn_journal_start *starts;
    uint32_t start_count;
    const struct mn_told *told;
    uint32_t told_count;
    const struct mn_notice *notices;
    uint32_t notice_count;
    struct mn_digest evidence_digest; /* of the evidence document kept beside the journal */
    mn_time suspected_at;
    mn_time lost_at;
    mn_time decided_at;
};

/* What a decision comes from: the whole answer as `mneme cut --json --proof` prints it. It follows
 * the decision's record, so that nobody waits for it who waits for the decision. */
struct mn_journal_answer {
    uint64_t round;
    const char *json;
    size_t size;
};

struct mn_journal_done {
    uint64_t round;
    mn_time restored_at;
    mn_time told_at;
    bool again; /* the vats that it started have also handled what they were owed anew by it */
};

/* Runs that a freeze is about to name: from now on they have to be replaced, whoever decides. */
struct mn_journal_freeze {
    uint64_t round;
    const struct mn_vat_run *suspects;
    uint32_t suspect_count;
};

/* A host's disk begins this life. What was ordered of it in an earlier one and is not there is
 * never begun any more. */
struct mn_journal_host {
    struct mn_name host;
    uint64_t disk;
};

/* A generation began. What the coordinator is given as time is that of its machine's clock, so that
 * mn_base_at can be asked of this, and of when an operator's recall was. */
struct mn_journal_generation {
    mn_time at; /* since 1970; 0: not known */
    bool kept;  /* there are keepers: what follows in it rests on their having it */
};

/* An operator had the coordinator go on although too few keepers answered. */
struct mn_journal_recall {
    struct mn_name operator_name;
    char key[MN_KEY_TEXT_SIZE];
    char reason[MN_REASON_SIZE_MAX];
    const struct mn_name *absent; /* the keepers that did not answer */
    uint32_t absent_count;
    mn_time at; /* since 1970 */
};

enum mn_step { MN_STEP_APPROVE = 1, MN_STEP_REJECT = 2, MN_STEP_ADOPT = 3 };

/* "approve", "reject", "adopt" */
const char *mn_step_name(enum mn_step step);

/* What a plan costs, as far as an operator's word for it goes. */
struct mn_plan_bounds {
    uint64_t plan;               /* its digest: the vats it starts, each from what, as what */
    uint32_t restored;           /* vats that it starts, in all; */
    uint32_t rolled_back;        /* of these, those that it rolls back, */
    const struct mn_name *reset; /* and those that it resets, in the order of the vats' numbers */
    uint32_t reset_count;
    uint32_t unsure; /* vats of which it is not sure, */
    uint32_t spared; /* and those that keep their state, since going back would cost them all */
};

/* An operator's word about a round, and who gave it, when and why. */
struct mn_journal_step {
    enum mn_step step;
    uint64_t round;
    struct mn_plan_bounds bounds; /* of a word about a plan; all 0 for an adoption */
    struct mn_name vat;           /* an adoption: of which vat, "" otherwise; */
    mn_run run;                   /* which run of it was lost; */
    struct mn_name host;          /* on which host the disk is, */
    const char *store;            /* and where there */
    struct mn_name operator_name;
    char key[MN_KEY_TEXT_SIZE];
    char reason[MN_REASON_SIZE_MAX];
    mn_time at;
};

/* Who the keepers are from this record on, by an operator's word. While `next` is not empty one is
 * to be replaced: while `filling` only `keepers` count, and the one who comes is filled up; then
 * nothing is in force without a majority of both. */
struct mn_journal_keepers {
    struct mn_name keepers[MN_KEEPER_COUNT_MAX];
    uint32_t keeper_count;
    struct mn_name next[MN_KEEPER_COUNT_MAX];
    uint32_t next_count;
    bool filling;
    struct mn_name operator_name;
    char key[MN_KEY_TEXT_SIZE];
    char reason[MN_REASON_SIZE_MAX];
    mn_time at;
};

enum mn_journal_kind {
    MN_JOURNAL_GENERATION = 1, /* a new one began */
    MN_JOURNAL_VAT = 2,        /* a vat's first start, or its move: struct mn_journal_vat */
    MN_JOURNAL_DECISION = 3,
    MN_JOURNAL_DONE = 4,
    MN_JOURNAL_FREEZE = 5,
    MN_JOURNAL_HOST = 6,
    MN_JOURNAL_RECALL = 7,
    MN_JOURNAL_STEP = 8, /* an operator's word about a round */
    MN_JOURNAL_KEEPERS = 9,
    MN_JOURNAL_ANSWER = 10
};

struct mn_journal_record {
    enum mn_journal_kind kind;
    union {
        struct mn_journal_generation generation;
        struct mn_journal_vat vat;
        struct mn_journal_decision decision;
        struct mn_journal_answer answer;
        struct mn_journal_done done;
        struct mn_journal_freeze freeze;
        struct mn_journal_host host;
        struct mn_journal_recall recall;
        struct mn_journal_step step;
        struct mn_journal_keepers keepers;
    };
};

/* What an agent must not forget of a vat that it runs. */
struct mn_agent_vat {
    struct mn_start start; /* the newest it was given; its chain need not be kept */
    uint32_t pid;          /* 0: no process */
    uint64_t pid_started;  /* clock ticks since boot, so that a pid used again is noticed */
    struct mn_endpoint endpoint;
};

enum mn_agent_kind {
    MN_AGENT_VAT = 1,
    MN_AGENT_FENCE = 2, /* struct mn_vat_run: refuse this run of the vat and those below */
    MN_AGENT_ROUND = 3, /* the newest decision and its notices */
    MN_AGENT_GENERATION = 4,
    MN_AGENT_DISK = 5,  /* the disk's newest life that was welcomed */
    MN_AGENT_ASIDE = 6, /* what died of a former life has been set aside */
    MN_AGENT_PROMISE = 7,
    MN_AGENT_HEAD = 8, /* the newest record of the journal that this agent was shown */
    MN_AGENT_KEPT = 9, /* a record of the journal, or a piece of it, that this agent keeps */
    MN_AGENT_MEMBER = 10,
    MN_AGENT_NOTED = 11, /* the lives of the keepers' disks that were last heard */
    MN_AGENT_FLOOR = 12  /* below it checkpoints of the vat have been deleted */
};

/* Whom a keeper has promised that generation. */
struct mn_agent_promise {
    uint64_t generation;
    uint64_t candidate;
};

struct mn_agent_aside {
    struct mn_name vat;
    mn_run run;
    uint32_t count; /* checkpoints; 0: nothing had died */
};

/* The floor of a vat that runs here, in that run. */
struct mn_agent_floor {
    struct mn_name vat;
    mn_run run;
    mn_epoch epoch;
};

struct mn_agent_record {
    enum mn_agent_kind kind;
    union {
        struct mn_agent_vat vat;
        struct mn_vat_run fence;
        struct mn_decision_notice round;
        uint64_t generation;
        uint64_t disk;
        struct mn_agent_aside aside;
        struct mn_agent_floor floor;
        struct mn_agent_promise promise;
        struct mn_head head;
        struct mn_kept kept;
        enum mn_member member;
        struct {
            const struct mn_noted *items;
            uint32_t count;
        } noted;
    };
};

mn_result mn_checkpoint_record_encode(const struct mn_checkpoint_record *record,
                                      struct mn_buffer *buffer) MN_CHECKED;
mn_result mn_checkpoint_record_decode(const void *bytes, size_t size, struct mn_arena *arena,
                                      struct mn_checkpoint_record *out) MN_CHECKED;
mn_result mn_session_state_encode(const struct mn_session_state *state,
                                  struct mn_buffer *buffer) MN_CHECKED;
mn_result mn_session_state_decode(const void *bytes, size_t size, struct mn_arena *arena,
                                  struct mn_session_state *out) MN_CHECKED;
mn_result mn_journal_record_encode(const struct mn_journal_record *record,
                                   struct mn_buffer *buffer) MN_CHECKED;
mn_result mn_journal_record_decode(enum mn_journal_kind kind, const void *bytes, size_t size,
                                   struct mn_arena *arena,
                                   struct mn_journal_record *out) MN_CHECKED;
mn_result mn_agent_record_encode(const struct mn_agent_record *record,
                                 struct mn_buffer *buffer) MN_CHECKED;
mn_result mn_agent_record_decode(const void *bytes, size_t size, struct mn_arena *arena,
                                 struct mn_agent_record *out) MN_CHECKED;

#endif
