/* The coordinator, as a pure state machine: which hosts and vats there are, who is lost, what every
 * vat checkpointed and heard, and the rounds that recover from a loss.
 *
 * The shell turns sockets, the journal and the clock into events, hands them in one at a time, and
 * carries out the effects in their order. The same events give the same effects, byte for byte.
 *
 * Write-ahead rule: journal records come into force in the order of their sequences: they are
 * durable in the journal and at a majority of the keepers, which is for the core beside this one to
 * say (keeping.h). What rests on a record is an effect only after COORDINATOR_ON_RECORDED of it.
 *
 * A round (struct coordinator_round_facts.state; core/round.c has the moves and their reasons):
 *
 *     GATHER -> COLLECT <-> SETTLE -> DECIDING -> RESTORE -> TELL -> DONE
 *                  ^          |
 *                  +-- PLAN <-+
 *
 * At most one round is before its decision. What is lost after that opens the next one. */
#ifndef COORDINATOR_CORE_COORDINATOR_H
#define COORDINATOR_CORE_COORDINATOR_H

#include "base/arena.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/result.h"
#include "decision.h"
#include "detector.h"
#include "docs/evidence.h"
#include "docs/topology.h"
#include "ledger.h"
#include "wire/control.h"
#include "wire/stored.h"

enum coordinator_event_kind {
    COORDINATOR_ON_RECORD,    /* before BEGIN: a record of the journal, in the order of sequences */
    COORDINATOR_ON_BEGIN,     /* the whole journal has been handed in */
    COORDINATOR_ON_UP,        /* a host's agent says */
    COORDINATOR_ON_RECORDED,  /* all records up to this sequence are in force: keeping.h */
    COORDINATOR_ON_ACCEPTED,  /* an operator has it go on without some of the keepers */
    COORDINATOR_ON_KEEPERS,   /* who the keepers are is to be recorded: keeping.h says it */
    COORDINATOR_ON_OVERTAKEN, /* another coordinator leads, or the journal is an old one */
    COORDINATOR_ON_STEP,      /* an operator says something of a round */
    COORDINATOR_ON_TICK       /* coordinator_deadline has come */
};

/* All that an event points to is borrowed for the step. */
struct coordinator_event {
    enum coordinator_event_kind kind;
    union {
        struct {
            uint64_t sequence;
            uint64_t generation;
            const struct mn_journal_record *record;
        } record;
        const struct mn_journal_recall *accepted;
        const struct mn_journal_keepers *keepers;
        struct {
            uint64_t generation; /* above that of every record, and promised by the keepers */
            bool kept;           /* there are some */
            const struct mn_journal_recall *accepted; /* what an operator took upon himself to have
                                                         it begin; NULL for nothing */
        } begin;
        struct {
            uint32_t host; /* by the key of its connection: index in the topology */
            const struct mn_up *message;
        } up;
        struct {
            uint64_t sequence;
        } recorded;
        struct {
            uint32_t who; /* by the key of the connection: index of the topology's operators */
            enum mn_step step;
            uint64_t round;     /* APPROVE, REJECT; */
            uint64_t plan;      /* the digest of the plan that was seen; 0: whichever waits */
            const char *vat;    /* ADOPT: the vat's name; */
            const char *host;   /* of the host on which the disk is; "": on the vat's; */
            const char *store;  /* and where, printable */
            const char *reason; /* printable, below MN_REASON_SIZE_MAX bytes */
            uint64_t ticket;    /* comes back in COORDINATOR_DO_ANSWER */
        } step;
        struct {
            bool behind; /* so much evidence waits for the disk that no more is to be made now */
        } tick;
    };
};

enum coordinator_effect_kind {
    COORDINATOR_DO_SEND,     /* to a host's agent; lost when it cannot be reached */
    COORDINATOR_DO_EVIDENCE, /* a piece of the document that the next decision will be computed from
                              */
    COORDINATOR_DO_RECORD,   /* append to the journal; tried until it succeeds or is overtaken */
    COORDINATOR_DO_ANSWER,   /* to an operator's step: exactly one, unless it dies before */
    COORDINATOR_DO_NOTE      /* a line for the log */
};

enum coordinator_level { COORDINATOR_INFO, COORDINATOR_WARNING, COORDINATOR_ERROR };

/* X(NAME, level, "what") */
#define COORDINATOR_NOTES(X)                                                                       \
    X(BEGUN, INFO, "begun")                                                                        \
    X(GENERATION, INFO, "generation")                                                              \
    X(BEHIND, ERROR, "journal_behind")                                                             \
    X(HOST_STATE, INFO, "host_state")                                                              \
    X(NEW_DISK, WARNING, "host_has_another_disk")                                                  \
    X(HOST_LOST, ERROR, "host_lost")                                                               \
    X(AGENT_SILENT, WARNING, "only_agent_silent")                                                  \
    X(HOLD, ERROR, "hold")                                                                         \
    X(VAT_FIRST_START, INFO, "vat_first_start")                                                    \
    X(VAT_UP, INFO, "vat_up")                                                                      \
    X(VAT_LOST, WARNING, "vat_lost")                                                               \
    X(VAT_RESTS, WARNING, "vat_rests")                                                             \
    X(VAT_FORGOT, ERROR, "vat_forgot")                                                             \
    X(DIFFERS, WARNING, "memories_differ")                                                         \
    X(FORGOTTEN, ERROR, "journal_forgot")                                                          \
    X(RUN_RAISED, ERROR, "run_above_journal")                                                      \
    X(FORMER_LIFE, WARNING, "former_life_stopped")                                                 \
    X(REFUSED, WARNING, "said_too_much")                                                           \
    X(ROUND_BEGUN, INFO, "round_begun")                                                            \
    X(ROUND_STATE, INFO, "round_state")                                                            \
    X(ROUND_HOLDS, WARNING, "round_holds")                                                         \
    X(PLAN_WAITS, WARNING, "plan_waits")                                                           \
    X(PLAN_OUTSIDE, WARNING, "plan_outside_approval")                                              \
    X(PLAN_APPROVED, INFO, "plan_approved")                                                        \
    X(PLAN_REJECTED, WARNING, "plan_rejected")                                                     \
    X(ADOPTION, INFO, "adoption")                                                                  \
    X(DISK_ADOPTED, INFO, "disk_adopted")                                                          \
    X(DISK_NOT_ADOPTED, WARNING, "disk_not_adopted")                                               \
    X(DECIDED, INFO, "decided")                                                                    \
    X(RESTORE, INFO, "restore")                                                                    \
    X(ROUND_DONE, INFO, "round_done")

enum coordinator_note {
#define COORDINATOR_NOTE_ENUM(name, level, what) COORDINATOR_NOTE_##name,
    COORDINATOR_NOTES(COORDINATOR_NOTE_ENUM)
#undef COORDINATOR_NOTE_ENUM
};

/* The note's word in the log, "host_lost" say, and its level. */
const char *coordinator_note_what(enum coordinator_note note);
enum coordinator_level coordinator_note_level(enum coordinator_note note);

/* What does not apply is NULL or 0. */
struct coordinator_note_facts {
    enum coordinator_note note;
    const char *host;
    const char *vat;
    mn_run run;
    mn_epoch epoch;
    uint64_t round;
    uint64_t number;  /* a generation, an attempt, a count: what the note counts */
    const char *text; /* for people */
};

struct coordinator_effect {
    enum coordinator_effect_kind kind;
    union {
        struct {
            uint32_t host;
            const struct mn_down *message;
        } send;
        struct {
            uint64_t sequence; /* each one more than the last */
            uint64_t generation;
            const struct mn_journal_record *record;
            /* Of a decision: the pieces so far are the document that it was computed from. The
             * shell ends it and keeps it beside the journal, durably, and puts its digest into the
             * decision before it appends. */
            bool evidence;
        } record;
        struct {
            bool first; /* the document begins with it: any pieces before are of no use */
            /* As wire/evidence.h has it. The shell may take the bytes, and leaves an empty buffer
             * then. NULL: the pieces before are of no use, and none begins a document yet. */
            struct mn_buffer *piece;
        } evidence;
        struct {
            uint64_t ticket;
            mn_result code;   /* MN_OK: it is on record */
            const char *text; /* otherwise why not, for people */
        } answer;
        const struct coordinator_note_facts *note;
    };
};

/* What one step asks of the shell, in this order. Zero-initialise. What the effects point to is
 * theirs until coordinator_effects_reset. */
struct coordinator_effects {
    struct coordinator_effect *items;
    size_t count;
    size_t capacity;
    struct mn_arena arena;
    struct mn_buffer evidence; /* what an EVIDENCE's piece points to: a step has one at most */
    mn_result result;          /* see coordinator_step */
    struct mn_error error; /* what is wrong and what to do, where @result alone does not say it */
};

/* Forget all effects and their memory; the list may be used again. */
void coordinator_effects_reset(struct coordinator_effects *effects);

/* Give everything back. */
void coordinator_effects_deinit(struct coordinator_effects *effects);

struct coordinator;

/* A coordinator that remembers nothing yet. Hosts and vats are numbered as in @topology, which is
 * borrowed for its life.
 *
 * Errors:    MN_BAD_INPUT  the timing is not in growing order
 *            MN_NO_MEMORY, MN_FULL */
mn_result coordinator_new(struct coordinator **coordinator,
                          const struct topology *topology) MN_CHECKED;
void coordinator_destroy(struct coordinator **coordinator);

/* Have the checkpoints of @vat_count vats in a piece of evidence at most, as they are of large
 * clusters: small ones have all of theirs in one. Before its first step. */
void coordinator_set_pieces(struct coordinator *coordinator, uint32_t vat_count);

/* Take in @event and append what follows from it to @effects.
 *
 * @now       nanoseconds, never below the last call's.
 *
 * effects->result is MN_NO_MEMORY (or MN_FULL, a bound) when the step could not be finished, or
 * MN_CORRUPT when the journal's records contradict each other. Then none of @effects may be carried
 * out and the coordinator must be destroyed; a new one, from the journal, goes on from there. */
void coordinator_step(struct coordinator *coordinator, mn_time now,
                      const struct coordinator_event *event, struct coordinator_effects *effects);

/* When the next COORDINATOR_ON_TICK is due; MN_TIME_NEVER while the generation is not in force. */
mn_time coordinator_deadline(const struct coordinator *coordinator);

/* Assert what must hold after every step. */
void coordinator_invariant(const struct coordinator *coordinator);

/* ---- what there is to see; borrowed until the next step -------------------------------------- */

/* The generation of this coordinator; 0 before BEGIN. It is in force once its record is durable. */
uint64_t coordinator_generation(const struct coordinator *coordinator);

struct coordinator_host_facts {
    enum detector_state state;
    bool known;         /* its agent has said hello in this generation */
    bool agent_only;    /* it is suspect, and a port there is open: only its agent is silent */
    bool told_all;      /* and every row that its store had then has been taken */
    mn_time silence;    /* since it was heard last */
    uint32_t lag_ms;    /* of its newest heartbeat */
    uint32_t disk_ms;   /* of its newest heartbeat */
    uint64_t refused;   /* messages that said more than its key may say */
    uint32_t vat_count; /* vats whose newest run is meant to be there */
};
void coordinator_host(const struct coordinator *coordinator, mn_time now, uint32_t host,
                      struct coordinator_host_facts *out);

enum coordinator_vat_state {
    COORDINATOR_VAT_NEW,      /* never started */
    COORDINATOR_VAT_STARTING, /* a run is ordered, and not up yet */
    COORDINATOR_VAT_UP,
    COORDINATOR_VAT_LOST,   /* its process or its host is gone, or it was stopped */
    COORDINATOR_VAT_UNKNOWN /* its host has not said anything in this generation */
};

/* "new", "starting", "up", "lost" or "unknown". */
const char *coordinator_vat_state_name(enum coordinator_vat_state state);

struct coordinator_vat_facts {
    enum coordinator_vat_state state;
    uint32_t host;
    mn_run run;
    uint32_t incarnation;
    mn_epoch floor;
};
void coordinator_vat(const struct coordinator *coordinator, uint32_t vat,
                     struct coordinator_vat_facts *out);

/* A former life that was stopped, and of which what died has been set aside on its host. */
struct coordinator_aside {
    uint32_t vat;
    uint32_t host;
    mn_run run;
    uint32_t count; /* checkpoints */
};
/* Those of a host, borrowed until the next step, in the order of the vats' numbers. */
size_t coordinator_asides(const struct coordinator *coordinator, uint32_t host,
                          const struct coordinator_aside **out);

enum coordinator_round_state {
    COORDINATOR_ROUND_GATHER,
    COORDINATOR_ROUND_COLLECT,
    COORDINATOR_ROUND_SETTLE,
    COORDINATOR_ROUND_PLAN, /* it waits for an operator's approval */
    COORDINATOR_ROUND_DECIDING,
    COORDINATOR_ROUND_RESTORE,
    COORDINATOR_ROUND_TELL,
    COORDINATOR_ROUND_DONE
};

/* "gather", "collect", "settle", "plan", "deciding", "restore", "tell" or "done". */
const char *coordinator_round_state_name(enum coordinator_round_state state);

struct coordinator_round_facts {
    uint64_t round;
    uint64_t previous; /* the round before it; 0: there was none */
    enum coordinator_round_state state;
    mn_time suspected_at; /* this and the next ones 0 while they have not come */
    mn_time lost_at;
    mn_time decided_at;
    mn_time restored_at;
    mn_time told_at;
    const struct mn_journal_decision *decision; /* NULL before it is durable */
    const char *answer; /* what a durable decision comes from (struct mn_journal_answer); NULL: it
                           was too large, its coordinator ended before that was on record, or it is
                           so long ago that the journal alone has it */
    size_t answer_size;
    uint32_t attempt; /* how often intervals were asked for */
};
size_t coordinator_round_count(const struct coordinator *coordinator);
/* How many rounds that are over are not among them, since there were so many. */
uint64_t coordinator_rounds_left_out(const struct coordinator *coordinator);

/* @index from 0, the oldest round first. */
void coordinator_round(const struct coordinator *coordinator, size_t index,
                       struct coordinator_round_facts *out);

/* What it waits for, if anything: one thing each. */
enum coordinator_wait_kind {
    COORDINATOR_WAIT_LISTENS,  /* a new coordinator, or one after a hold: no verdicts until `until`
                                */
    COORDINATOR_WAIT_ANSWER,   /* a host's answer to the freeze */
    COORDINATOR_WAIT_SILENT,   /* a vat's interval: its agent answered, it did not */
    COORDINATOR_WAIT_START,    /* a vat that is being restored */
    COORDINATOR_WAIT_HANDLED,  /* a vat that has been told and has not handled it yet */
    COORDINATOR_WAIT_PLACE,    /* a lost vat for which no host is left */
    COORDINATOR_WAIT_APPROVAL, /* an operator's approval of the plan: coordinator_plan */
    COORDINATOR_WAIT_ADOPTION, /* a vat's checkpoints, from a disk that is being read on a host */
    COORDINATOR_WAIT_HELD,     /* a vat that may have forgotten without being told so: it or a peer
                                  says it, and they hold what they would send */
    COORDINATOR_WAIT_REST,     /* a vat that keeps ending is started again at `until` */
    COORDINATOR_WAIT_TOLD,     /* what a host remembers of vats that seem never to have run */
    COORDINATOR_WAIT_ROUND     /* nobody's answer helps: `text` says what is too large, or what is
                                  not on the disk yet */
};
struct coordinator_wait {
    enum coordinator_wait_kind kind;
    uint64_t round;
    uint32_t host;    /* TOPOLOGY_NONE where it does not apply */
    uint32_t vat;     /* the same */
    mn_time until;    /* of LISTENS and REST */
    const char *text; /* of ROUND */
};

/* The @index-th thing that is waited for; false when there are no more. */
bool coordinator_waits(const struct coordinator *coordinator, mn_time now, size_t index,
                       struct coordinator_wait *out);

/* Why a plan needs an approval: bits. */
enum coordinator_asks {
    COORDINATOR_ASKS_SHARE = 1, /* it takes back or restores more of the fleet than policy lets */
    COORDINATOR_ASKS_RESET = 2, /* it resets a vat */
    COORDINATOR_ASKS_UNSURE = 4 /* something is not sure */
};

/* The plan that waits for an approval. */
struct coordinator_plan_facts {
    uint64_t round;
    unsigned asks;
    const struct mn_plan_bounds *bounds;
    const struct decision *decision;
    const struct mn_journal_decision *draft; /* the same as it would be recorded: with the hosts */
    const struct mn_journal_step *word;      /* the newest since the last decision; may be NULL */
    bool rejected;                           /* that word rejects this plan */
};
/* False when none waits. */
bool coordinator_plan(const struct coordinator *coordinator, struct coordinator_plan_facts *out);

/* Whether the plan's loss begins with that vat: it forgets because something was lost, and policy
 * does not have its peers told of that already. */
bool coordinator_plan_root(const struct coordinator *coordinator, const struct decision_vat *row);

/* What would be decided with what is known now; with policy telling the peers of all of @tell's
 * roots, unless that is NULL. Nothing is changed by it. @out: decision_destroy is the caller's. */
mn_result coordinator_foresee(struct coordinator *coordinator, const struct decision *tell,
                              struct decision **out) MN_CHECKED;

/* How much of its vat's work that row of a plan loses: 1 + milliseconds; 0: not known. It is the
 * time from when the checkpoint that it keeps was written until its host was heard last, or it
 * ended there, or, of one that is not lost, until now. */
uint64_t coordinator_lost(const struct coordinator *coordinator, const struct decision_vat *row);

/* How long restoring @count vats takes, if it goes as it went in the newest round that restored
 * any: as long as that at least, and longer in the same proportion. False: there is none to go by,
 * or @count is 0. */
bool coordinator_restore_estimate(const struct coordinator *coordinator, uint64_t count,
                                  mn_time *estimate);

/* A disk from which a vat's checkpoints are taken, or were: the newest of the vat. */
struct coordinator_adoption_facts {
    uint64_t number; /* of this coordinator's adoptions */
    uint64_t round;
    uint32_t vat;
    uint32_t host;
    const char *store;
    const struct mn_adopted *said;  /* by the host's agent; over: it is */
    const struct mn_passed *passed; /* said->passed_count many; said->passed is not set */
};
/* False when there is none of that vat. Borrowed until the next step. */
bool coordinator_adoption(const struct coordinator *coordinator, uint32_t vat,
                          struct coordinator_adoption_facts *out);

/* What operators said of rounds, the oldest first: what is on record. */
size_t coordinator_step_count(const struct coordinator *coordinator);
const struct mn_journal_step *coordinator_step_at(const struct coordinator *coordinator,
                                                  size_t index);

/* What operators had it go on without, the oldest first: what is on record, and as which record. */
size_t coordinator_recall_count(const struct coordinator *coordinator);
const struct mn_journal_recall *coordinator_recall_at(const struct coordinator *coordinator,
                                                      size_t index, uint64_t *sequence);

/* Whether the journal may not know all that was: an operator had it go on without those that may,
 * or agents remembered more than it does. */
bool coordinator_has_forgotten(const struct coordinator *coordinator);

/* The ledger, for status and for evidence on demand. */
const struct ledger *coordinator_ledger(const struct coordinator *coordinator);

#endif
