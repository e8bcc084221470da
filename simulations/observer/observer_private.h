/* What the oracles share: the truth, as the engine has told it.
 *
 * History: what a vat did in the epochs that are part of its life. When a decision is durable, the
 * epochs above what it keeps are not part of it any more, at that moment, whatever processes still
 * do; a process of a run below the newest is a former life, and nothing that it does counts. */
#ifndef OBSERVER_OBSERVER_PRIVATE_H
#define OBSERVER_OBSERVER_PRIVATE_H

#include "docs/evidence.h"
#include "observer/observer.h"

enum {
    OBSERVER_FAILURE_SIZE = 1024,
    OBSERVER_KNOWLEDGE_VAT_COUNT_MAX = 64 /* of larger clusters nobody keeps who knows what */
};

/* A message that is part of its sender's history. Its number is its place in the pair's table,
 * after those that are forgotten. */
struct observer_message {
    uint64_t id;
    mn_epoch epoch;
    const uint16_t *knows; /* what the sender's state was caused by: see g4_told.c */
};

struct observer_taken {
    uint64_t index;
    mn_epoch epoch;        /* of the receiver */
    mn_epoch sender_epoch; /* 0: a gap, or forgotten */
    mn_time at;
};

/* Messages first..last that nobody keeps, as one side was told of them in @epoch of its own. */
struct observer_gap {
    uint64_t first;
    uint64_t last;
    mn_epoch epoch;
    mn_epoch sender_epoch; /* of one taken: its sender spoke of it in that epoch or before */
};

struct observer_gaps {
    struct observer_gap *items;
    uint32_t count;
    uint32_t capacity;
};

/* Of the messages of a pair those with ids first..last are no part of the sender's history. */
struct observer_dead {
    uint64_t first;
    uint64_t last;
};

/* From one vat to another: what the one's history sent and the other's took. */
struct observer_pair {
    uint32_t receiver;
    uint32_t sent_count;
    uint32_t sent_capacity;
    uint32_t taken_count;
    uint32_t taken_capacity;
    uint32_t dead_count;
    uint32_t dead_capacity;
    struct observer_message *sent; /* after the first `forgotten` */
    struct observer_taken *taken;  /* after the first `taken_forgotten` */
    struct observer_dead *dead;
    uint64_t forgotten;       /* so many of the first messages, */
    uint64_t forgotten_id;    /* the newest of them, */
    uint64_t again_id;        /* and the newest of them that a receiver at birth took again */
    uint64_t taken_forgotten; /* up to this message */
    uint64_t next;            /* the index of the last one taken, or given up as a gap */
    struct observer_gaps gaps_taken; /* that the receiver was told of */
    struct observer_gaps gaps_sent;  /* and the sender */
};

struct observer_point {
    mn_epoch epoch;
    mn_epoch onto;
    mn_epoch floor; /* that its vat knew of, and wrote into it */
    uint64_t state;
    bool durable;   /* its vat has been told so */
    bool copied;    /* as many hosts as there are to be have had it, and its chain */
    uint32_t hosts; /* that have had it: how many, and which (modulo 64) */
    uint64_t seen;
    const uint16_t *knows;
};

#define OBSERVER_FORGOTTEN (-1)

/* A notice, and in which epoch it was handed; 0: not yet; or OBSERVER_FORGOTTEN. */
struct observer_told {
    uint64_t round;
    uint32_t peer;
    uint32_t incarnation;
    mn_epoch kept;
    struct mn_epoch_range you_heard;
    struct mn_epoch_range forgot_you;
    mn_epoch handed;
    bool reset;
    bool lost; /* its record: nobody can know that it is to be told again */
};

/* A process that wants leases, and until when it believes to have one. */
struct observer_lease {
    uint64_t process;
    mn_run run;
    mn_time until;
};

/* Not to be believed in that run. */
struct observer_fence {
    uint32_t vat;
    mn_run run;
};

struct observer_copy {
    uint32_t host;
    mn_epoch epoch;
    mn_time since;
};

struct observer_vat {
    mn_run run;    /* the newest that a record gives out, */
    mn_run frozen; /* and that a freeze on record names */
    uint32_t incarnation;
    uint32_t met; /* the newest that was given out: a peer that met it may still say so */
    uint32_t host;
    mn_epoch keep; /* where that run goes on from */
    enum mn_outcome outcome;
    uint64_t process;              /* that runs it; 0: none */
    mn_time began;                 /* that process */
    struct observer_fence *fences; /* that it was told of */
    uint32_t fence_count;
    uint32_t fence_capacity;
    struct observer_lease *leases; /* of its processes */
    uint32_t lease_count;
    uint32_t lease_capacity;
    mn_run *begun; /* runs that have had a process */
    uint32_t begun_count;
    uint32_t begun_capacity;
    mn_epoch floor;                /* the oldest that is to be kept, */
    mn_run floor_run;              /* as of this run */
    mn_epoch advised;              /* the newest floor that it was told */
    bool learnt;                   /* a record since the journal was lost says that run */
    bool astray;                   /* the record that says where that run was started is lost */
    mn_epoch settled;              /* checkpoints up to this one, all durable, are forgotten */
    mn_epoch left;                 /* the newest epoch of which a message has left */
    mn_epoch written;              /* the newest epoch ever written */
    struct observer_point *points; /* checkpoints, by epoch */
    uint32_t point_count;
    uint32_t point_capacity;
    struct observer_told *told;
    uint32_t told_count;
    uint32_t told_capacity;
    struct observer_copy *copies;
    uint32_t copy_count;
    uint32_t copy_capacity;
    uint32_t copies_under_way;   /* bytes of its checkpoints, to some disk */
    struct observer_pair *pairs; /* by receiver */
    uint32_t pair_count;
    uint32_t pair_capacity;
    uint32_t *senders; /* who has ever sent to it, each once */
    uint32_t sender_count;
    uint32_t sender_capacity;
    const uint16_t *knows;
};

/* What a decision orders of a vat. */
struct observer_start {
    uint32_t vat;
    mn_run run;
    mn_epoch keep;
    uint32_t incarnation;
    enum mn_outcome outcome;
    bool was_running; /* neither it nor its host was lost, nor where it was started */
};

struct observer_round {
    uint64_t round;
    uint64_t sequence; /* of its record */
    uint64_t generation;
    bool answered;           /* its answer is on record, or too large for that */
    struct mn_digest answer; /* what that is, by its evidence */
    bool done;
    bool lost;                     /* its record is in nobody's journal any more */
    struct observer_start *starts; /* by vat */
    size_t start_count;
};

struct observer_freeze {
    uint64_t round; /* 0: none */
    uint64_t generation;
    mn_time heard; /* first, of that round in that generation */
};

/* A found disk that a host is to read for a round, by a coordinator of that generation. */
struct observer_reading {
    uint32_t vat;
    uint32_t host;
    uint64_t round;
    uint64_t generation;
    mn_time since;
};

/* The newest word of an operator since the last decision. */
struct observer_word {
    bool approves; /* false: it rejects, or there is none */
    uint32_t restored;
    uint32_t rolled_back;
    uint32_t unsure;
    uint32_t spared;
    struct mn_name *reset; /* heap */
    uint32_t reset_count;
};

struct observer {
    const struct topology *topology;
    observer_ask_host *ask;
    const void *context;
    uint32_t vat_count;
    uint32_t host_count;
    char failure[OBSERVER_FAILURE_SIZE];
    char unsettled[OBSERVER_FAILURE_SIZE];
    mn_time now;
    bool harm;
    bool born;      /* `birth` is known */
    uint64_t birth; /* the state of a vat that remembers nothing */
    uint64_t generation;
    uint64_t sequence;
    mn_time written; /* the record at hand */
    struct observer_vat *vats;
    uint64_t asking;                /* the newest round in which anybody is frozen, */
    mn_time asked;                  /* and since when */
    struct observer_freeze *frozen; /* by host: the newest freeze that its agent heard */
    bool *given_up;     /* by host: a decision found it lost, and it has not heard anything since */
    uint32_t looked_at; /* the vat of which something was missing when this was asked last */
    uint64_t message_count;        /* the newest id */
    bool archived;                 /* old disks may come back: nothing is forgotten any more */
    struct observer_round *rounds; /* decided, in order */
    uint32_t round_count;
    uint32_t round_capacity;
    struct mn_arena knowledge;
    struct observer_word word;
    uint64_t word_sequence; /* of its record */
    uint64_t *generations;  /* by host: see left.c */
    bool blind;             /* nobody can say any more what the vats' history is: the same */
    struct observer_reading *readings;
    uint32_t reading_count;
    uint32_t reading_capacity;
};

void observer_grow(void *items, uint32_t *capacity, size_t count, size_t size);

/* truth.c */
struct observer_pair *observer_pair(struct observer *observer, uint32_t sender, uint32_t receiver);
/* NULL when the one has never sent to the other. */
struct observer_pair *observer_pair_find(struct observer *observer, uint32_t sender,
                                         uint32_t receiver);
/* How many the one has sent to the other. */
static inline uint64_t observer_sent(const struct observer_pair *pair)
{
    return pair->forgotten + pair->sent_count;
}
/* The number of the message with that id; 0: it is not listed. */
uint64_t observer_sent_find(const struct observer_pair *pair, uint64_t id);
bool observer_dead_find(const struct observer_pair *pair, uint64_t id);
void observer_dead_add(struct observer_pair *pair, uint64_t first, uint64_t last);
struct observer_point *observer_point(struct observer_vat *vat, mn_epoch epoch);
/* What the vat sent above @keep is dead. */
void observer_forget_sent(struct observer *observer, uint32_t vat, mn_epoch keep);
void observer_gap_add(struct observer_gaps *gaps, uint64_t first, uint64_t last, mn_epoch epoch);
/* What it took above @keep was never taken. */
void observer_forget_taken(struct observer *observer, uint32_t vat, mn_epoch keep);
/* Its checkpoints above @keep are no part of its history. */
void observer_forget_points(struct observer *observer, uint32_t vat, mn_epoch keep);
bool observer_current(const struct observer *observer, const struct observer_actor *actor);
/* Whether the vat has been told, or will be, that it keeps what the peer sent in that epoch. */
bool observer_told_of(const struct observer_vat *vat, uint32_t peer, mn_epoch epoch);
const char *observer_vat_name(const struct observer *observer, uint32_t vat);

/* floors.c */
void floors_of_points(const struct observer *observer, struct observer_vat *vat);
void floors_of_pair(const struct observer *observer, uint32_t sender, struct observer_pair *pair);

/* The oracles, one guarantee each. */
void g1_takes(struct observer *observer, const struct observer_actor *actor, uint32_t peer,
              uint64_t id);
void g1_frozen(struct observer *observer, const struct observer_actor *actor,
               const struct mn_vat_run *suspects, uint32_t count);
void g1_decided(struct observer *observer, const struct evidence *evidence,
                const struct observer_round *round);
/* Whether above @after, up to @through, the vat was told of a gap by an epoch that its sender
 * forgets in this round. */
bool g1_heard_of_gap(const struct observer_round *round, uint32_t sender,
                     const struct observer_gaps *gaps, mn_epoch after, mn_epoch through);
/* Before anything is forgotten: does one that is taken back still run? */
void g1_stopped(struct observer *observer, const struct observer_round *round);
/* Before anything is forgotten: could a lost vat have kept more? */
void g1_latest(struct observer *observer, const struct evidence *evidence,
               const struct observer_round *round);
void g2_decided(struct observer *observer, const struct observer_round *round,
                const struct mn_journal_decision *decision);
void g3_begins(struct observer *observer, const struct observer_actor *actor,
               const struct mn_life *life, uint64_t state);
void g3_ends(struct observer *observer, const struct observer_actor *actor, const char *how);
void g3_leaves(struct observer *observer, const struct observer_actor *actor, uint32_t peer,
               mn_epoch epoch, uint64_t number, uint64_t id);
void g3_gap(struct observer *observer, const struct observer_actor *actor, uint32_t peer,
            uint64_t first, uint64_t last, bool sent);
/* A gap that one side was told of and the other not; NULL if there is none. */
const char *g3_unsettled(struct observer *observer);
/* What a vat was told that its peer will not get of it. */
void g3_undelivered(struct observer *observer, const struct observer_actor *actor, uint32_t peer,
                    uint64_t first, uint64_t last);
void g3_decided(struct observer *observer, const struct observer_round *round);
void g4_decided(struct observer *observer, const struct mn_journal_decision *decision);
void g4_forgets(struct observer *observer, uint32_t vat, mn_epoch keep, uint32_t incarnation);
void g4_takes(struct observer *observer, uint32_t vat, uint32_t sender, const uint16_t *knows);
void g4_notice(struct observer *observer, const struct observer_actor *actor,
               const struct mn_notice *notice, bool reset);
const char *g4_unsettled(struct observer *observer);
/* adoption.c */
void adoption_freeze(struct observer *observer, const struct mn_journal_freeze *freeze);
void adoption_step(struct observer *observer, const struct mn_journal_step *step);
void adoption_decided(struct observer *observer, const struct mn_journal_decision *decision);

/* approval.c */
void approval_step(struct observer *observer, const struct mn_journal_step *step);
/* @answer: what the decision comes from, as JSON. */
void approval_decided(struct observer *observer, const struct mn_journal_decision *decision,
                      const struct mn_text *answer);

/* left.c */
bool left_learns(struct observer_vat *vat, const struct mn_journal_vat *record);
void left_down(struct observer *observer, uint32_t host, const struct mn_down *message);

void leases_held(struct observer *observer, const struct observer_actor *actor, mn_time until);
void leases_end(struct observer *observer, const struct observer_actor *actor);
const char *leases_unsettled(struct observer *observer);

/* copies.c: whether damage has been mended. */
const char *copies_unsettled(struct observer *observer);
bool g5_decided(struct observer *observer, const struct mn_journal_decision *decision);
void g5_down(struct observer *observer, const struct mn_down *message);
struct observer_round *g5_find(const struct observer *observer, uint64_t round);
const struct observer_start *g5_start(const struct observer_round *round, uint32_t vat);
void g6_record(struct observer *observer, uint64_t sequence, uint64_t generation,
               const struct mn_journal_record *record);
void g6_begins(struct observer *observer, const struct observer_actor *actor);
void g6_checkpoint(struct observer *observer, const struct observer_actor *actor);
void g6_decided(struct observer *observer, const struct mn_journal_decision *decision);
void g7_copy(struct observer *observer, uint32_t host, uint32_t vat, mn_epoch epoch,
             enum observer_copy_change change);
void g7_hears(struct observer *observer, uint32_t host, const struct mn_down *message);
void g7_decided(struct observer *observer, const struct mn_journal_decision *decision);
void g7_deletes(struct observer *observer, uint32_t host, uint32_t vat, mn_epoch epoch);
void g8_decided(struct observer *observer, const struct mn_journal_decision *decision);
/* @answer: out, what the evidence makes of every vat, as JSON. */
struct evidence *g9_decided(struct observer *observer, const struct mn_journal_decision *decision,
                            const char *evidence, size_t evidence_size, struct mn_text *answer);
void g9_answer(struct observer *observer, const struct mn_journal_answer *answer);
/* The coordinator that decided it says that it is over. */
void g9_done(struct observer *observer, const struct observer_round *round, uint64_t generation);
void g9_digest(const char *bytes, size_t size, struct mn_digest *out);
void g10_down(struct observer *observer, const struct mn_down *message);
void g10_decided(struct observer *observer, const struct evidence *evidence,
                 const struct observer_round *round, const struct mn_journal_decision *decision);

#endif
