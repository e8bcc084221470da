/* The core of a vat: sessions with other vats, checkpoints, rounds. Pure: it is handed events and
 * the time, and appends effects; it never blocks, and the same events give the same effects.
 *
 * Life of a vat:  vat_new from the agent's LIFE, vat_restore_* for each file of the chain,
 * vat_restore_end, then vat_step with VAT_EVENT_START and whatever happens.
 *
 * Contract with the shell:
 *   - Effects are carried out in order, before the next event.
 *   - VAT_EFFECT_DELIVER is handed to the application in order, and the application's turn on it is
 *     over before the next event, other than vat_send and changes of BLOBs that belong to the turn.
 *     So a checkpoint, which only an event can bring about, is always taken between turns.
 *   - VAT_EFFECT_CHECKPOINT is answered by VAT_EVENT_WRITTEN or VAT_EVENT_WRITE_FAILED at once.
 *   - What an effect points to is valid until the next event.
 *
 * Numbers between two vats (SESSIONS.md): each direction numbers its messages from 1. A message is
 * given its number when it is sent, leaves when its epoch's checkpoint is durable (of an early
 * sender when the turn is over, at the next event), is taken in order, and is kept, in the
 * checkpointed state, until the receiver's floor covers it. An early sender that crashes has
 * forgotten what it had sent since its checkpoint: it goes on in a new incarnation, whose numbers
 * begin where the checkpoint says, and its peers agree with that as with any other. */
#ifndef VAT_CORE_VAT_H
#define VAT_CORE_VAT_H

#include "base/chunk.h"
#include "blobs.h"
#include "store/checkpoint_file.h"
#include "wire/local.h"
#include "wire/session.h"

enum {
    /* Bytes of messages kept for one peer, and for all; each message counts VAT_MESSAGE_COST more.
     * At the bound a send is refused with MN_FULL until the receiver's floor has moved. */
    VAT_SESSION_KEPT_SIZE_MAX = 80 * 1024 * 1024,
    VAT_KEPT_SIZE_MAX = 256 * 1024 * 1024,
    VAT_MESSAGE_COST = 64,

    /* Bytes that are under way to one peer: sent, and not yet said to be here. So a receiver that
     * is slow slows its senders, and no peer's messages fill what others need. */
    VAT_WINDOW_SIZE_MAX = 16 * 1024 * 1024,

    /* Bytes that wait to be sent to a peer that is not out of reach, after which a send is refused:
     * more would only make the checkpoints larger that have to have it. */
    VAT_BACKLOG_SIZE_MAX = 8 * 1024 * 1024,

    /* Bytes of large messages that are being put together, of all peers. Who finds no room sends
     * again in its turn. */
    VAT_ASSEMBLY_SIZE_MAX = 128 * 1024 * 1024,

    /* Bytes sent and taken in one interval, with VAT_MESSAGE_COST for each message, after which a
     * checkpoint is due: held peers wait for what was sent, and keep what was taken. */
    VAT_OPEN_SIZE_MAX = 4 * 1024 * 1024,

    VAT_SESSION_COUNT_MAX = MN_HEARD_PEER_COUNT_MAX,
    VAT_STRANGER_COUNT_MAX = 64,              /* that have greeted, and have no session yet */
    VAT_HEARD_COUNT_MAX = MN_HEARD_COUNT_MAX, /* since the last full; at half of it a full is due */

    /* Bytes of checkpoints written and not yet durable, after which the next regular one waits,
     * unless there is only one: they become durable in their order, so it would only come later. */
    VAT_UNDURABLE_SIZE_MAX = 64 * 1024 * 1024,
    VAT_UNDURABLE_COUNT_MAX = 256,           /* and so many of them */
    VAT_UNDURABLE_HEARD_COUNT_MAX = 1 << 20, /* heard entries of all of those */
    VAT_FENCE_COUNT_MAX = MN_BATCH_ROW_COUNT_MAX,
    VAT_TOLD_COUNT_MAX = MN_TOLD_ROUND_COUNT_MAX, /* rounds that are remembered one by one */
    VAT_MARK_COUNT_MAX = 1024,     /* checkpoints per session between its floor and now */
    VAT_DATA_SIZE_MAX = 64 * 1024, /* bytes of messages that go together */
    VAT_DATA_COUNT_MAX = 512,      /* messages in one Data; so one event is a bounded time */
    VAT_BEAT_MS = 250,  /* after a new connection to the agent, and at least between two beats */
    VAT_BEAT_SHARE = 8, /* so many beats in the time from one checkpoint to the next */
    VAT_MARKS_MS = 1,   /* between two Marks for what comes in: many messages are taken with one */
    VAT_RETRY_MS_MIN = 20,
    VAT_PATIENCE_MS_MAX =
        10000,             /* what comes of waiting longer each time; connect_ms may be more */
    VAT_IDLE_CONNECTS = 5, /* a link with nothing to carry is tried after so many connect_ms, */
    VAT_IDLE_MS = 60000    /* and closed after this time, until there is something to send */
};

_Static_assert((int)VAT_SESSION_KEPT_SIZE_MAX + VAT_SESSION_KEPT_SIZE_MAX / VAT_MESSAGE_COST * 4 +
                       64 <=
                   MN_ENTRY_SIZE_MAX,
               "all that is kept for one peer of one epoch fits into an entry of a checkpoint");
_Static_assert((int)MN_PAYLOAD_SIZE_MAX + (int)VAT_MESSAGE_COST <= (int)VAT_SESSION_KEPT_SIZE_MAX,
               "the largest message can be kept");
_Static_assert((int)MN_PAYLOAD_SIZE_MAX <= (int)VAT_ASSEMBLY_SIZE_MAX,
               "the largest message can be put together");
_Static_assert((int)MN_PIECE_SIZE_MAX <= (int)VAT_WINDOW_SIZE_MAX, "a piece fits into the window");

/* Where a message came from: the other's connection to this vat. Comparable as memory. */
struct vat_connection {
    uint8_t size;
    uint8_t bytes[15];
};

/* A checkpoint to be written. The first @session_count entries are sessions; their bytes are left
 * for the shell to fill in, because they are encoded as protobuf. */
struct vat_checkpoint {
    struct mn_checkpoint_record record;
    struct mn_checkpoint_entry *entries;
    size_t entry_count;
    const struct mn_session_state *sessions;
    size_t session_count;
};

enum vat_delivery_kind {
    VAT_RESTORED,         /* the very first */
    VAT_MESSAGE,          /* peer, bytes, size */
    VAT_PEER_ROLLED_BACK, /* peer, notice */
    VAT_PEER_RESET,       /* peer, notice */
    VAT_GAP,              /* peer, gap: numbers that nobody keeps any more */
    VAT_PEER_UNREACHABLE, /* peer */
    VAT_PEER_BACK,        /* peer */
    VAT_UNDELIVERED       /* peer, undelivered: what has waited too long for it */
};

/* What the application is handed. */
struct vat_delivery {
    enum vat_delivery_kind kind;
    const struct mn_name *peer;
    union {
        struct {
            const unsigned char *bytes; /* borrowed from the event */
            size_t size;
        } message;
        struct {
            enum mn_outcome outcome;
            uint64_t round;
            mn_epoch kept; /* 0: the state is empty */
        } restored;
        const struct mn_notice *notice;
        struct {
            uint64_t first;
            uint64_t last;
            bool sent; /* this vat sent them; otherwise the peer did */
        } gap;
        struct {
            uint64_t first;
            uint64_t last;
            bool perhaps_taken; /* by the peer, which could not say so */
        } undelivered;
    };
};

enum vat_event_kind {
    VAT_EVENT_START,        /* restored and listening: pid, endpoint */
    VAT_EVENT_TICK,         /* the deadline has passed, or some time has */
    VAT_EVENT_AGENT,        /* a word of the agent */
    VAT_EVENT_INBOUND,      /* Greet or Data on a peer's connection to this vat */
    VAT_EVENT_ANSWER,       /* what came back on this vat's connection to `peer` */
    VAT_EVENT_WRITTEN,      /* the checkpoint of the effect is a whole file */
    VAT_EVENT_WRITE_FAILED, /* it could not be written */
    VAT_EVENT_SAVE          /* write a checkpoint now if anything has changed */
};

struct vat_event {
    enum vat_event_kind kind;
    union {
        struct {
            uint32_t pid;
            struct mn_endpoint endpoint;
        } start;
        const struct mn_to_vat *agent;
        struct {
            struct vat_connection connection;
            const char *key; /* the other host's public key; "" where connections are plain */
            const struct mn_session *message;
        } inbound;
        struct {
            struct mn_name peer;
            const struct mn_session *message;
        } answer;
        struct mn_checkpoint_identity written;
        struct {
            mn_result code;
            const char *text; /* names the file and the remedy */
        } failed;
    };
};

enum vat_effect_kind {
    VAT_EFFECT_TO_AGENT,
    VAT_EFFECT_TO_PEER,    /* on this vat's connection to `peer` */
    VAT_EFFECT_REPLY,      /* on the connection that it came from */
    VAT_EFFECT_CONNECT,    /* anew, dropping the connection to `peer` if there is one */
    VAT_EFFECT_DISCONNECT, /* drop the connection to `peer` if there is one */
    VAT_EFFECT_DELIVER,
    VAT_EFFECT_CHECKPOINT,
    VAT_EFFECT_END /* this run is over: stop without writing anything */
};

struct vat_effect {
    enum vat_effect_kind kind;
    const struct mn_name *peer; /* TO_PEER, CONNECT, DISCONNECT */
    struct mn_chunk *chunk;     /* TO_PEER: has the payload of a Data; to be held for longer use */
    union {
        const struct mn_from_vat *to_agent;
        const struct mn_session *to_peer;
        struct {
            struct vat_connection connection;
            const struct mn_session *message;
        } reply;
        struct {
            const char *endpoint;
            const char *key;
        } connect;
        struct vat_delivery deliver;
        const struct vat_checkpoint *checkpoint;
        const char *end; /* why */
    };
};

/* What a step asks for. Zero-initialise; vat_effects_deinit gives it back. */
struct vat_effects {
    struct vat_effect *items;
    size_t count;
    size_t capacity;
    struct mn_arena arena;
    bool failed; /* memory ran out */
};

void vat_effects_clear(struct vat_effects *effects);
void vat_effects_deinit(struct vat_effects *effects);

struct vat;

/* A vat with the life that @life says, still empty.
 *
 * Errors:    MN_BAD_INPUT  @life contradicts itself (its run is not above what it keeps, a chain
 *                          for birth or none for more)
 *            MN_NO_MEMORY */
mn_result vat_new(struct vat **vat, const struct mn_life *life) MN_CHECKED;
void vat_destroy(struct vat **vat);

/* Begin the next file of the chain, the full first.
 *
 * Errors:    MN_CORRUPT    it is not the file that the chain says comes now */
mn_result vat_restore_record(struct vat *vat, const struct mn_checkpoint_record *record) MN_CHECKED;

/* An entry of that file; @session is the decoded state of a session's entry, otherwise NULL.
 *
 * Errors:    MN_CORRUPT, MN_NO_MEMORY, MN_FULL */
mn_result vat_restore_entry(struct vat *vat, const struct mn_checkpoint_entry *entry,
                            const struct mn_session_state *session) MN_CHECKED;

/* The chain is through. MN_CORRUPT when it was not whole or does not fit together. */
mn_result vat_restore_end(struct vat *vat) MN_CHECKED;

/* Handle one event. @effects is not cleared.
 *
 * @now       nanoseconds, never below the last call's.
 * Errors:    MN_NO_MEMORY  the event was handled in part. Nothing that was promised depends on it,
 *                          but the process must end as if it had crashed: the next run will
 *                          find everything in its checkpoints. */
mn_result vat_step(struct vat *vat, mn_time now, const struct vat_event *event,
                   struct vat_effects *effects) MN_CHECKED;

/* Send @size bytes to @peer, as part of the present turn. They are copied, leave when the epoch is
 * durable or, of an early sender, when the turn is over, and arrive once and in order.
 *
 * Errors:    MN_FULL       a bound on what is kept: try again when messages have been handled
 *            MN_TOO_LARGE  more than MN_PAYLOAD_SIZE_MAX
 *            MN_BAD_INPUT  @peer is this vat itself
 *            MN_NO_MEMORY */
mn_result vat_send(struct vat *vat, mn_time now, const struct mn_name *peer, const void *bytes,
                   size_t size) MN_CHECKED;

/* Until when this run may act on the world outside, as far as it knows; a time that has passed: not
 * now. From the first call on the agent is asked to keep a lease running. May move the deadline. */
mn_time vat_lease(struct vat *vat, mn_time now);

/* The same, without asking for one. */
mn_time vat_lease_until(const struct vat *vat);

/* The run: of two of one vat the higher is the vat. */
mn_run vat_run(const struct vat *vat);

/* The connection to the agent is a new one: an agent that has just begun does not know it yet, and
 * is to hear of it soon. May move the deadline. */
void vat_connected(struct vat *vat, mn_time now);

/* The BLOBs, to read and to change during a turn. */
struct blobs *vat_blobs(struct vat *vat);

/* When VAT_EVENT_TICK is due at the latest. */
mn_time vat_deadline(const struct vat *vat);

/* The open epoch, and the newest durable one. */
mn_epoch vat_epoch(const struct vat *vat);
mn_epoch vat_durable(const struct vat *vat);

/* The newest round it has applied. */
uint64_t vat_round(const struct vat *vat);

/* Assert everything that must hold between events. For simulators and tests. */
void vat_invariant(const struct vat *vat);

#endif
