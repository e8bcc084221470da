/* What the files of the vat's core share: the state of a vat and of its sessions. */
#ifndef VAT_CORE_VAT_PRIVATE_H
#define VAT_CORE_VAT_PRIVATE_H

#include "vat.h"

/* The connection that this vat's messages to a peer go out on.
 *
 *     IDLE ──> ASKED ──> GREETING ──> OPEN
 *       ^        ^         |  ^ ^       |
 *       |        |         v  | +-------+
 *       +------(any)      HELD-+
 *
 * IDLE      nothing to send
 * ASKED     the agent was asked for the peer's address
 * GREETING  connected, Greet sent
 * OPEN      greeted: messages flow
 * HELD      answered, but the two do not agree: a round is missing here or there, or one of them
 *           has forgotten without a round that explains it */
enum vat_link { VAT_LINK_IDLE, VAT_LINK_ASKED, VAT_LINK_GREETING, VAT_LINK_OPEN, VAT_LINK_HELD };

/* A chunk of a batch's payload. */
struct vat_part {
    struct mn_chunk *chunk;
    uint32_t begin; /* where it stands in the payload */
};

/* Bytes of a chunk. */
struct vat_bytes {
    struct mn_chunk *chunk;
    const unsigned char *bytes;
    size_t size;
};

/* Messages to one peer that were first sent in one epoch, numbered from `first`. */
struct vat_batch {
    mn_epoch epoch;
    uint64_t first;
    size_t count;    /* of numbers: those after the first `kept` were withdrawn */
    size_t kept;     /* of messages that are here */
    mn_epoch gate;   /* in which some were withdrawn: none of that is said before it is durable */
    mn_time sent_at; /* when the newest was sent, by this process or before it */
    uint32_t *ends;  /* where each message ends in the payload */
    size_t ends_capacity;
    struct vat_part *parts;
    size_t part_count;
    size_t part_capacity;
    size_t payload_size;
    bool stored; /* a checkpoint has it, */
    bool dirty;  /* but as it was before something was withdrawn */
};

/* What was taken of a peer when a checkpoint was written. */
struct vat_mark {
    mn_epoch epoch;
    uint64_t taken;
};

/* A large message of which some pieces are here. */
struct vat_assembly {
    struct vat_assembly *next; /* of all, newest first */
    struct vat_session *session;
    uint64_t number;
    mn_epoch epoch;
    uint32_t total;
    uint32_t begun; /* bytes that are here */
    mn_time moved_at;
    unsigned char *bytes;
};

/* A Greet that waits for an address or a round. */
struct vat_parked {
    struct vat_connection connection;
    char key[MN_KEY_TEXT_SIZE];
    struct mn_session message;
};

/* A Greet of a vat with which there is no session yet: one begins when the agent has said that
 * there is such a vat, and where. */
struct vat_stranger {
    struct mn_name peer;
    struct vat_parked parked;
    mn_time asked; /* when the agent was last asked about it */
};

struct vat_session {
    struct mn_name peer;

    /* Checkpointed. */
    mn_run run;            /* the newest known of the peer */
    uint32_t incarnation;  /* the peer's, that the numbers are agreed with */
    struct mn_fork fork;   /* that this began with; next 0: not known, or the first */
    struct mn_base *bases; /* of what is sent to the peer; NULL if none */
    uint32_t base_count;
    struct mn_gap *gaps; /* in what was taken of the peer; NULL if none */
    uint32_t gap_count;
    uint64_t covered;       /* of what was sent, what the peer said is in a durable checkpoint, */
    mn_epoch covered_epoch; /* and in which; 0: not known */
    uint64_t next;          /* the number of the next message to the peer */
    uint64_t taken;         /* the number of the last message taken of the peer */
    mn_epoch taken_epoch;   /* the newest of the peer of which something up to there was taken, or
                               from which the peer went on; 0: not known */
    uint64_t forked; /* the number it waited for when its newest incarnation began; 0: none since */
    uint32_t agreed; /* of this vat: the newest that the peer is known to have agreed with */
    uint64_t gaps_told; /* up to this number the application knows what the peer goes on without */
    struct vat_batch **batches;
    size_t batch_count;
    size_t batch_capacity;
    bool changed; /* since the last checkpoint */
    bool stored;  /* a checkpoint has it */
    size_t kept_size;

    /* Outgoing. */
    enum vat_link link;
    mn_run address_run; /* 0: no address was ever said */
    uint32_t address_incarnation;
    char *endpoint; /* NULL while it is not known, or the peer runs nowhere */
    char key[MN_KEY_TEXT_SIZE];
    bool connected;       /* the shell has a connection */
    bool uncompared;      /* restored, and the peer has not yet said what it remembers */
    bool unreachable;     /* the application was told */
    uint64_t sent;        /* the last number sent on this connection, whole */
    uint64_t acked;       /* the last number the peer said it has taken */
    uint64_t sent_ever;   /* the last number that the peer may have got */
    uint32_t sent_begun;  /* bytes sent of message sent + 1, which goes in pieces */
    uint32_t acked_begun; /* bytes of message acked + 1 that the peer said are there */
    mn_time due;          /* when something is to be done if nothing moves */
    uint32_t due_place;   /* in the heap, from 1 on; 0: it waits for no time */
    mn_time used_at;      /* when something was last to be sent */
    bool pumping;         /* it stands in the vat's list of those with something new to send */
    struct vat_session *pump_next;
    mn_time since; /* when the present attempt to reach the peer began */
    mn_time asked; /* when the agent was last asked for the address */
    mn_time connected_at;
    mn_time patience; /* how long an attempt may take, if that is longer than connect_ms */
    bool answered;    /* something has come back on this connection */

    /* Incoming. */
    bool greeted; /* `in` is the connection of a peer that may be believed */
    struct vat_connection in;
    mn_run in_run;
    uint32_t in_incarnation;
    bool unsure;    /* restored, and the two have not compared what this vat sent since */
    bool forgetful; /* this vat has forgotten what the peer took of it */
    bool troubled;  /* the agent was told that the two do not agree */
    bool behind;    /* it said something of a round that is not applied here */
    bool impostor;  /* the agent was told of one that has not the peer's key */
    struct vat_parked *parked; /* or NULL */
    uint32_t told;             /* the newest incarnation that a notice told of */
    struct vat_mark *marks;    /* by epoch; the newest one at or below the floor comes first */
    size_t mark_count;
    size_t mark_capacity;
    uint64_t marks_said_taken; /* what the connection was last told */
    uint64_t marks_said_covered;
    uint64_t marks_said_floor;
    uint32_t marks_said_begun;
    mn_time marks_said_at;
    bool marking; /* it stands in the vat's list of those with Marks that wait */
    struct vat_session *marks_next;
    struct vat_assembly *assembly; /* or NULL */
    bool starved;                  /* it stands among the vat's starved sessions */
    mn_epoch heard_newest;         /* of the peer, after `heard_since` or before; 0 if none, */
    bool heard_now;                /* and that was in this interval */
    uint32_t name_index;           /* scratch for laying out names */
    bool named;
};

/* Something heard after `heard_since`. What was heard in this interval comes last. */
struct vat_heard {
    struct vat_session *session;
    mn_epoch epoch;
    mn_epoch in; /* the newest interval in which it was heard, or a later one */
};

/* A checkpoint that is written and not yet durable: what WRITTEN said, to be said again. */
struct vat_undurable {
    mn_epoch epoch;
    mn_epoch since;
    mn_epoch onto;
    struct mn_checkpoint_identity identity;
    struct mn_name *names;
    uint32_t name_count;
    struct mn_heard *heard;
    uint32_t heard_count;
    uint32_t heard_before;
    uint64_t round; /* the newest that was applied in it */
    struct mn_known *known;
    uint32_t known_count;
};

/* Of this run of a vat and those below nothing is taken; of its later runs nothing before `round`
 * is applied here. */
struct vat_fence {
    struct mn_name vat;
    mn_run run;
    uint64_t round;
};

/* A round whose notices were handed out. */
struct vat_told {
    uint64_t round;
    mn_epoch epoch; /* the checkpoint that has it; 0: none yet */
    bool handled;   /* that is durable, and was said */
};

/* A batch that was released, though a checkpoint still has it. */
struct vat_gone {
    struct vat_session *session;
    mn_epoch epoch;
};

struct vat {
    struct mn_name name;
    mn_run run;
    uint32_t incarnation;
    mn_epoch keep;
    enum mn_outcome outcome;
    uint64_t round;
    uint64_t settled; /* notices of the rounds up to this one are handled, or stand in `told` */
    struct mn_lineage lineage;
    struct mn_fork fork; /* of these, that this incarnation began with; next 0: not known */
    bool plain;          /* connections have no keys */
    bool early;          /* what was sent leaves when its turn is over, durable or not */
    mn_time interval;
    mn_time latency; /* how long a held message waits for a checkpoint */
    uint32_t full_every;
    mn_time connect;
    mn_time retry;
    mn_time send; /* how long messages wait for a peer out of reach; MN_TIME_NEVER: for ever */
    uint32_t pid;
    struct mn_endpoint endpoint;
    bool started;

    uint32_t restored_incarnation; /* of the checkpoint it was made from; 0 for birth */
    mn_epoch *chain;
    uint32_t chain_count;
    uint32_t chain_done; /* files of the chain that restoring has begun */

    mn_epoch epoch;       /* open */
    mn_epoch newest;      /* checkpoint written; 0 if none */
    mn_epoch last_full;   /* 0 if none */
    mn_epoch full_above;  /* the agent wants a full above this one; 0: it has not asked */
    mn_epoch heard_since; /* the last full or the floor, whichever is higher */
    uint32_t diff_count;
    mn_epoch durable;
    mn_epoch floor;

    struct blobs blobs;
    struct vat_session **sessions; /* by name */
    size_t session_count;
    size_t session_capacity;
    bool crowded;                   /* the agent was told that there is room for no more of them */
    struct vat_stranger *strangers; /* oldest first */
    size_t stranger_count;
    size_t stranger_capacity;
    size_t kept_size;
    struct vat_heard *heard;
    size_t heard_count;
    size_t heard_capacity;
    size_t heard_before; /* so many of them, the first ones, not in this interval */
    struct vat_gone *gone;
    size_t gone_count;
    size_t gone_capacity;

    struct vat_undurable *undurable; /* by epoch */
    size_t undurable_count;
    size_t undurable_capacity;
    size_t undurable_heard;
    uint64_t undurable_size;  /* bytes of their files */
    struct vat_fence *fences; /* by name */
    size_t fence_count;
    size_t fence_capacity;
    struct vat_told *told;
    size_t told_count;
    size_t told_capacity;

    struct mn_arena checkpoint_arena;
    struct vat_checkpoint checkpoint; /* the one that is being written */
    bool writing;
    bool writing_full;
    mn_time checkpoint_due;
    mn_time commit_due; /* when what was sent or taken should be in one; MN_TIME_NEVER: later */
    size_t open_size;   /* that was sent and taken in the open epoch */
    mn_time beat_due;
    uint64_t beat_number;
    bool lease_wanted;        /* the application has asked for one */
    bool lease_none;          /* this run is over: it gets no lease any more */
    mn_time lease_until;      /* what has passed is none */
    bool say_again;           /* what is written and not durable: the connection is new */
    struct vat_session **due; /* those that wait for a time, as a heap */
    size_t due_count;
    size_t due_capacity;
    struct vat_assembly *assemblies;
    size_t assembly_size;         /* reserved by all of them */
    unsigned char *assembled;     /* what the last event put together, until the next */
    struct vat_session **starved; /* that found no room, in the order they came */
    size_t starved_count;
    size_t starved_capacity;
    mn_time starved_asked;          /* when the first of them was asked to send again; 0: not yet */
    struct vat_session *pump_first; /* what an early sender's present turn sent to, newest first */
    mn_time pump_due;               /* when that began */
    struct vat_session *marks_first; /* whose Marks wait, newest first */
    mn_time marks_due;               /* when the first of them may be said */
};

/* ---- effects.c ---- */

/* A new effect, zeroed but for its kind; NULL when memory ran out, which `failed` then says. */
struct vat_effect *effect_add(struct vat_effects *effects, enum vat_effect_kind kind);

/* Memory for what an effect points to; NULL when it ran out, which `failed` then says. */
void *effect_take(struct vat_effects *effects, size_t size);

/* A message to the agent, with run and kind set; NULL when memory ran out. */
struct mn_from_vat *effect_to_agent(const struct vat *vat, struct vat_effects *effects,
                                    enum mn_from_vat_kind kind);

/* A message to @session's peer on this vat's connection, or in reply on @connection, with the
 * header set; NULL when memory ran out. */
struct mn_session *effect_to_peer(const struct vat *vat, struct vat_effects *effects,
                                  const struct vat_session *session, enum mn_session_kind kind);
struct mn_session *effect_reply(const struct vat *vat, struct vat_effects *effects,
                                const struct vat_connection *connection, enum mn_session_kind kind);

/* Something for the application; NULL when memory ran out. */
struct vat_delivery *effect_deliver(struct vat_effects *effects, enum vat_delivery_kind kind,
                                    const struct mn_name *peer);

/* Tell the agent of something that a person must know. */
void effect_trouble(const struct vat *vat, struct vat_effects *effects, mn_result code,
                    const char *first, const struct mn_name *peer, const char *second);

/* ---- sessions.c ---- */

struct vat_session *session_find(const struct vat *vat, const struct mn_name *peer);

/* The session with @peer, made if there is none. MN_FULL, MN_NO_MEMORY. */
mn_result session_get(struct vat *vat, const struct mn_name *peer,
                      struct vat_session **session) MN_CHECKED;
void session_free(struct vat_session *session);

/* Give back memory that an idle session does not need. */
void session_shrink(struct vat_session *session);

/* Note that @incarnation of this vat, which has forgotten something, goes on at @number.
 * MN_NO_MEMORY. */
mn_result session_rebase(struct vat_session *session, uint32_t incarnation,
                         uint64_t number) MN_CHECKED;

/* The first number that a receiver does not share which has agreed with incarnation @known of the
 * sender; UINT64_MAX if it shares all. */
uint64_t bases_limit(const struct mn_base *bases, uint32_t count, uint32_t known);

/* Note what was taken when @epoch was written. MN_NO_MEMORY. */
mn_result session_mark(struct vat_session *session, mn_epoch epoch) MN_CHECKED;

/* What the newest mark at or below @epoch says, 0 if there is none. */
uint64_t session_taken_at(const struct vat_session *session, mn_epoch epoch);

/* Forget the marks that are below the newest one at or below @floor. */
void session_prune(struct vat_session *session, mn_epoch floor);

/* Note that something was taken that the peer did in @epoch. */
void session_remember(struct vat_session *session, mn_epoch epoch);

/* Note that the next message was taken, which the peer first sent in @epoch. */
void session_take(struct vat_session *session, mn_epoch epoch);

/* Forget what marks say above `taken`, which has gone down. */
void session_lower(struct vat_session *session, uint64_t taken);

/* Note that something @session's peer sent in @epoch was heard. MN_FULL, MN_NO_MEMORY. */
mn_result session_hear(struct vat *vat, struct vat_session *session, mn_epoch epoch) MN_CHECKED;

/* Forget what was heard of @session's peer in the epochs @range: it is settled. */
void session_unhear(struct vat *vat, struct vat_session *session, struct mn_epoch_range range);

/* Forget what was heard up to the floor: that is settled, too. */
void session_settle(struct vat *vat);

/* ---- outbox.c ---- */

/* Put a message into the batch of the open epoch. */
mn_result session_keep(struct vat *vat, mn_time now, struct vat_session *session, const void *bytes,
                       size_t size) MN_CHECKED;

/* Give up all of @batch but its first @kept messages, in the open epoch. */
void batch_withdraw(struct vat *vat, struct vat_session *session, struct vat_batch *batch,
                    size_t kept);

/* A batch that a checkpoint had. MN_CORRUPT, MN_NO_MEMORY. */
mn_result session_restore_batch(struct vat *vat, struct vat_session *session, mn_epoch epoch,
                                const unsigned char *bytes, size_t size) MN_CHECKED;
void session_drop_batch(struct vat *vat, struct vat_session *session, mn_epoch epoch);

/* Where message @index of @batch begins in its payload. */
size_t batch_offset(const struct vat_batch *batch, size_t index);

/* The place of the first batch that has a number above @number; batch_count if there is none. */
size_t session_batch_above(const struct vat_session *session, uint64_t number);

/* What the kept messages above @after and up to @last cost, their payloads and VAT_MESSAGE_COST
 * each. */
size_t session_cost(const struct vat_session *session, uint64_t after, uint64_t last);

/* A batch as it stands in a checkpoint, from @arena; NULL when memory ran out. */
void *batch_bytes(const struct vat_batch *batch, struct mn_arena *arena, size_t *size);

/* The oldest number that is kept; `next` if none. */
uint64_t session_oldest(const struct vat_session *session);

/* Let go of batches whose messages are all at or below @floor, and of the first part of one that no
 * checkpoint has; what effects of this step point to may be gone. MN_NO_MEMORY: some are kept. */
mn_result session_release(struct vat *vat, struct vat_session *session, uint64_t floor) MN_CHECKED;

void batch_free(struct vat_batch *batch);

/* ---- gaps.c ---- */

/* The peer will never need @batch again, which is about to go: it has taken all of it, but for what
 * was withdrawn. */
void gaps_release(struct vat_session *session, const struct vat_batch *batch);

/* ---- payload.c ---- */

/* Put the bytes of one message behind the others. MN_NO_MEMORY, MN_FULL. */
mn_result payload_add(struct vat_batch *batch, const void *bytes, size_t size) MN_CHECKED;

/* What lies together from @offset on; no bytes at the end. */
struct vat_bytes payload_at(const struct vat_batch *batch, size_t offset);

/* Copy all of it. */
void payload_into(const struct vat_batch *batch, unsigned char *bytes);

/* Let go of chunks that end at or before @size. Returns how many bytes they had, by which what is
 * left begins sooner. */
size_t payload_drop(struct vat_batch *batch, size_t size);

/* Let go of what is behind the first @size bytes. */
void payload_cut(struct vat_batch *batch, size_t size);

/* ---- due.c ---- */

/* Make room for @count sessions. MN_FULL, MN_NO_MEMORY. */
mn_result due_reserve(struct vat *vat, size_t count) MN_CHECKED;

/* Have link_tick look at @session at @due, and not before. */
void due_set(struct vat *vat, struct vat_session *session, mn_time due);

/* The session that is due first, or NULL. */
struct vat_session *due_first(const struct vat *vat);
void due_invariant(const struct vat *vat);

/* ---- link.c ---- */

/* Do what the session's time has come for, and set when to look again. */
void link_tick(struct vat *vat, mn_time now, struct vat_session *session,
               struct vat_effects *effects);

/* Have link_tick look at the session at @due at the latest. */
void link_wake(struct vat *vat, struct vat_session *session, mn_time due);

/* Look at an open link again when something that is under way should have moved. */
void link_due_open(struct vat *vat, mn_time now, struct vat_session *session);

/* Ask the agent for the peer's address, at most every connect_ms. */
void link_ask(struct vat *vat, mn_time now, struct vat_session *session,
              struct vat_effects *effects);

/* Begin again on the present connection. */
void link_greet(struct vat *vat, mn_time now, struct vat_session *session,
                struct vat_effects *effects);

void link_on_address(struct vat *vat, mn_time now, const struct mn_to_vat *message,
                     struct vat_effects *effects);
void link_on_answer(struct vat *vat, mn_time now, const struct vat_event *event,
                    struct vat_effects *effects);

/* ---- patience.c ---- */

/* As long as an attempt to reach the peer may take. */
mn_time patience_of(const struct vat *vat, const struct vat_session *session);

/* What a path that is slow has not answered after this time may be lost; before, it is under way,
 * and would be sent again in vain. */
mn_time patience_retry(const struct vat *vat, const struct vat_session *session);

/* An attempt was in vain. */
void patience_grow(const struct vat *vat, struct vat_session *session);

/* Something has come back on the present connection. */
void patience_learn(struct vat_session *session, mn_time now);

/* ---- pump.c ---- */

/* Send what may leave and has not been sent on this connection, as far as the window reaches. */
void link_pump(struct vat *vat, mn_time now, struct vat_session *session,
               struct vat_effects *effects);

/* ---- withdraw.c ---- */

/* Give up what has waited too long for a peer that is out of reach, and say so. */
void session_withdraw(struct vat *vat, mn_time now, struct vat_session *session,
                      struct vat_effects *effects);

/* ---- pieces.c ---- */

/* Take one piece of a large message, of which nothing is taken yet. When that completes it, it is
 * delivered. MN_FULL: the heard ones have no room for its epoch; MN_NO_MEMORY. */
mn_result pieces_take(struct vat *vat, mn_time now, struct vat_session *session,
                      const struct mn_session *message, struct vat_effects *effects) MN_CHECKED;

/* Give up what is here of a large message of @session's peer: it will be sent from its beginning.
 * Whoever waits for the room is asked for what it has. */
void pieces_drop(struct vat *vat, mn_time now, struct vat_session *session,
                 struct vat_effects *effects);

/* Free what the last event put together. */
void pieces_clear(struct vat *vat);

/* ---- inbound.c ---- */

void inbound_step(struct vat *vat, mn_time now, const struct vat_event *event,
                  struct vat_effects *effects);

/* Say Marks if they say more than the last ones. */
void inbound_say_marks(struct vat *vat, mn_time now, struct vat_session *session,
                       struct vat_effects *effects);

/* Say the Marks that wait, if the first of them have waited long enough. */
void inbound_marks_tick(struct vat *vat, mn_time now, struct vat_effects *effects);

/* ---- round.c ---- */

/* Whether what @message says must wait for a round that is not applied here. */
bool round_missing(const struct vat *vat, const struct mn_session *message);

void round_on_freeze(struct vat *vat, const struct mn_to_vat *message, struct vat_effects *effects);
void round_on_round(struct vat *vat, mn_time now, const struct mn_to_vat *message,
                    struct vat_effects *effects);

/* The newest round that a fence waits for the decision of, or did; 0: none. */
uint64_t round_frozen(const struct vat *vat);
/* The fence of @peer, or NULL. */
const struct vat_fence *round_fence(const struct vat *vat, const struct mn_name *peer);

/* What the vat was told in its checkpoint. */
mn_result round_restore(struct vat *vat, const struct mn_checkpoint_record *record) MN_CHECKED;

/* Say which rounds are handled, now that their checkpoints are durable. */
void round_on_durable(struct vat *vat, struct vat_effects *effects);

/* ---- checkpoint.c ---- */

/* Whether anything has changed that a checkpoint would keep. */
bool checkpoint_wanted(const struct vat *vat);
/* What applies onto the checkpoint @above restores nothing: a full one is wanted now. */
void checkpoint_on_take_full(struct vat *vat, mn_time now, mn_epoch above);
/* Whether so much is not durable yet that the next regular one has to wait. */
bool checkpoint_waits(const struct vat *vat);

/* Note that @size bytes were sent in the open epoch, or taken: a checkpoint may be due sooner. */
void checkpoint_hasten(struct vat *vat, mn_time now, size_t size, bool sent);

/* When the next checkpoint is due. */
mn_time checkpoint_deadline(const struct vat *vat);

/* Ask for a checkpoint to be written. */
void checkpoint_begin(struct vat *vat, mn_time now, struct vat_effects *effects);
void checkpoint_on_written(struct vat *vat, const struct mn_checkpoint_identity *identity,
                           struct vat_effects *effects);
void checkpoint_on_durable(struct vat *vat, mn_time now, mn_epoch epoch, mn_epoch floor,
                           struct vat_effects *effects);

/* Say again what is written and not known to be durable. */
void checkpoint_say_again(struct vat *vat, struct vat_effects *effects);

/* All that was heard after `heard_since`, as a message has it, and which incarnations this vat
 * knows of peers: of those that it heard, of those whose session has changed, or of @all. */
struct vat_heard_list {
    struct mn_name *names;
    uint32_t name_count;
    struct mn_heard *heard;
    uint32_t heard_count;
    struct mn_known *known;
    uint32_t known_count;
};
/* From @arena. False when memory ran out. */
bool heard_list(struct vat *vat, bool all, struct mn_arena *arena, struct vat_heard_list *list);
void undurable_free(struct vat_undurable *undurable);

#include "vat_hello.h"

#endif
