/* libmneme: what a vat links. A vat is a single-threaded process whose state survives: its BLOBs
 * and its messages are checkpointed, and after a crash, of the process, the host or a whole rack,
 * it goes on from a checkpoint that fits with what its peers remember.
 *
 *     struct mneme *vat;
 *     int result = mneme_open(&vat);
 *     if (result != MNEME_OK) {
 *         return mneme_exit_code(result);
 *     }
 *     struct mneme_event event;
 *     while (mneme_next(vat, &event, 1000) == MNEME_OK && event.kind != MNEME_END) {
 *         ...
 *     }
 *     mneme_close(&vat);
 *
 * What happens between two calls of mneme_next is a turn: all of it is in a checkpoint, or nothing
 * is. Everything that takes time (checkpoints, connections) happens inside mneme_next, so call it
 * often, at least a few times a second. Nothing here may be called from two threads.
 *
 * Keep state in BLOBs only. What else the process remembers is gone when it crashes, and what it
 * remembered may never have happened. */
#ifndef MNEME_H
#define MNEME_H

#include <stddef.h>
#include <stdint.h>

#define MNEME_CHECKED __attribute__((warn_unused_result))

/* Results. Negative ones are failures; mneme_text has them in words. */
enum {
    MNEME_OK = 0,
    MNEME_NO_MEMORY = -1,
    MNEME_FULL = -2,      /* a bound is reached: try again after more calls of mneme_next */
    MNEME_BAD_INPUT = -3, /* a name or an argument that breaks its rules */
    MNEME_TOO_LARGE = -5,
    MNEME_NOT_FOUND = -7,
    MNEME_CORRUPT = -9, /* a checkpoint file is damaged or missing */
    MNEME_IO = -12,
    MNEME_AGAIN = -14 /* the agent did not answer in time */
};

enum {
    MNEME_PAYLOAD_SIZE_MAX = 64 * 1024 * 1024, /* of one message */
    MNEME_BLOB_SIZE_MAX = 64 * 1024 * 1024,    /* of one BLOB */
    MNEME_NAME_SIZE_MAX = 128                  /* of a vat or a BLOB: A-Z a-z 0-9 . _ : / - */
};

struct mneme;

/* What happens to a vat. Of what concerns one peer the order is: the last message of its old life,
 * the event that tells of its new one, a gap if there is one, the first message of the new life.
 * Each is handed out once, in the sense in which a message is: the turn that handles it is in a
 * checkpoint, or it is handed out again. A vat may ignore them all: what can be sent again is, and
 * nothing is believed of a former life. What it should consider:
 *
 * RESTORED
 *     The first event of every process. With MNEME_REVIVED or MNEME_ROLLED_BACK the BLOBs are
 *     what they were in epoch `kept`; where that is 0, as at the vat's first start, and with
 *     MNEME_RESET there are none: set up the state of a newborn. A vat that was reset has had a
 *     past, of which others may hold traces: do not hand out again what a newborn would (money,
 *     names, numbers); ask peers for what they remember.
 *
 * MESSAGE
 *     Change BLOBs, send, and return to mneme_next.
 *
 * PEER_ROLLED_BACK
 *     The peer goes on from an earlier state, its epoch `kept`. `forgot_you` is what it has
 *     forgotten of this vat: libmneme sends that again, nothing need be done. `you_heard`, where
 *     it is not 0, is what this vat has heard that the peer does not remember having said, and
 *     keeps: compensate what follows from it, or tell the peer what it had said. Most vats have
 *     only to look at `you_heard`.
 *
 * PEER_RESET
 *     The same of a peer that remembers nothing and whose numbers begin anew: drop what was
 *     agreed with it (sessions, subscriptions, credits), and agree on it again.
 *
 * GAP
 *     Messages gap_first to gap_last, that nobody keeps. gap_sent 0: the peer sent them and this
 *     vat will never have them: treat its picture of the peer as incomplete, and ask for the
 *     whole. 1: the peer will never have them: send anew what matters.
 *
 * UNDELIVERED
 *     Messages gap_first to gap_last, that have waited send_ms for a peer that was out of reach:
 *     it will not get them, and hears of a gap when it is back. Send anew what still matters.
 *     With perhaps_taken it may have had some of them: let the repetition be recognised.
 *
 * PEER_UNREACHABLE, PEER_BACK
 *     Whether the peer can be reached now, which says nothing of what it remembers. What is sent
 *     meanwhile waits: stop what makes no sense without it. After RESTORED every peer counts as
 *     one that can be reached, whatever the process before was told.
 *
 * TIMEOUT
 *     Nothing came within timeout_ms.
 *
 * END
 *     This run is over (a last checkpoint was written where that is of use), or another has taken
 *     its place: leave, and do nothing outside any more. */
enum mneme_event_kind {
    MNEME_RESTORED = 1,
    MNEME_MESSAGE,
    MNEME_PEER_ROLLED_BACK,
    MNEME_PEER_RESET,
    MNEME_GAP,
    MNEME_PEER_UNREACHABLE,
    MNEME_PEER_BACK,
    MNEME_UNDELIVERED,
    MNEME_TIMEOUT,
    MNEME_END
};

enum mneme_outcome {
    MNEME_REVIVED = 1,     /* nobody can tell that it was away; also the vat's first start */
    MNEME_ROLLED_BACK = 2, /* it forgot something; its peers are told */
    MNEME_RESET = 3        /* it forgot everything */
};

/* Epochs first..last; 0, 0 is none. */
struct mneme_range {
    int64_t first;
    int64_t last;
};

/* An event. What it points to is valid until the next call of mneme_next. Which fields are set
 * stands with them; the others are zero. */
struct mneme_event {
    enum mneme_event_kind kind;
    const char *peer; /* MESSAGE, PEER_*, GAP, UNDELIVERED */

    const unsigned char *bytes; /* MESSAGE */
    size_t size;

    enum mneme_outcome outcome; /* RESTORED */
    uint64_t round;
    int64_t kept; /* RESTORED, PEER_ROLLED_BACK, PEER_RESET: the epoch; 0 is birth: no BLOBs */

    uint32_t incarnation;          /* PEER_ROLLED_BACK, PEER_RESET: the peer's new one */
    struct mneme_range you_heard;  /* of what it forgot, what this vat has heard and keeps */
    struct mneme_range forgot_you; /* of what this vat sent, what it had heard and forgot */

    uint64_t gap_first; /* GAP, UNDELIVERED: the numbers of the messages */
    uint64_t gap_last;
    int gap_sent;      /* 1: this vat sent them; 0: the peer did */
    int perhaps_taken; /* UNDELIVERED: 1: the peer may have taken some, and could not say so */

    const char *reason; /* END */
};

/* Become the vat that the environment names: MNEME_VAT is its name, MNEME_AGENT the endpoint of its
 * host's agent, which starts vats with both set. Waits for the agent, reads the checkpoint that the
 * agent says, and begins to listen. SIGTERM and SIGINT are handled from then on.
 *
 * Failures are told in one line on standard error, with what to do. MNEME_BAD_INPUT: not started by
 * an agent, or not the process that it started; MNEME_CORRUPT, MNEME_AGAIN, MNEME_IO,
 * MNEME_NO_MEMORY. */
int mneme_open(struct mneme **vat) MNEME_CHECKED;

/* What a process whose call failed should exit with: 3 when a checkpoint is damaged or missing, so
 * that the agent knows that starting again is of no use; otherwise 1; 0 for MNEME_OK. */
int mneme_exit_code(int result);

/* End the turn and wait for the next event, at most @timeout_ms (0 only looks, -1 waits for ever).
 * After MNEME_END every call gives MNEME_END again. MNEME_NO_MEMORY and MNEME_IO: end the process;
 * it is as if it had crashed. */
int mneme_next(struct mneme *vat, struct mneme_event *event, int timeout_ms) MNEME_CHECKED;

/* Send @size bytes, at most MNEME_PAYLOAD_SIZE_MAX, to the vat @peer. They leave when this turn is
 * in a durable checkpoint, and arrive once and in order whatever crashes meanwhile. Of a vat whose
 * topology says `sends: early` they leave when this turn is over: sooner, but a crash of it is not
 * invisible then, because peers may have heard what it no longer knows.
 * A large message travels in pieces, and one to a peer that is slow waits here, so that neither is
 * in the way of what others are sent. A message to a peer that is down or moving waits for as long
 * as the topology's send_ms says; then MNEME_UNDELIVERED tells of it.
 * MNEME_FULL: too much waits to be sent to this peer (8 MiB while it can be reached), is kept for
 * it (80 MiB) or for all (256 MiB): nothing is lost, try again later; or it would be one peer more
 * than the 16,384 that a vat can have. Also MNEME_BAD_INPUT (no name, or this vat's own),
 * MNEME_TOO_LARGE, MNEME_NO_MEMORY.
 *
 * How soon a turn that sent something is in a checkpoint is for the topology to say: after
 * interval_ms, or after latency_ms where that is less. With latency_ms: 0 it is written at the next
 * call of mneme_next, or, while the checkpoint before is not durable, as soon as that is, with all
 * turns in between: as often as the disks allow, and no oftener. Otherwise the next one comes 3, 15
 * or 63 times interval_ms later while 2, 3 or 4 checkpoints are not durable yet, and once more for
 * each further one. */
int mneme_send(struct mneme *vat, const char *peer, const void *bytes, size_t size) MNEME_CHECKED;

/* Set the BLOB @name to a copy of @size bytes. Putting the same bytes again costs nothing.
 * MNEME_BAD_INPUT, MNEME_TOO_LARGE, MNEME_FULL (1,048,576 BLOBs), MNEME_NO_MEMORY. */
int mneme_blob_put(struct mneme *vat, const char *name, const void *bytes,
                   size_t size) MNEME_CHECKED;

/* Lend out the BLOB @name until it is changed. MNEME_NOT_FOUND, MNEME_BAD_INPUT. */
int mneme_blob_get(const struct mneme *vat, const char *name, const void **bytes,
                   size_t *size) MNEME_CHECKED;

/* Remove the BLOB @name. MNEME_NOT_FOUND, MNEME_BAD_INPUT, MNEME_NO_MEMORY. */
int mneme_blob_delete(struct mneme *vat, const char *name) MNEME_CHECKED;

/* ---- the world outside -------------------------------------------------------------------------
 *
 * Messages to other vats need none of this. Whatever else others can see (an answer to a client, a
 * write to a store that vats share) a vat may do only while it has a lease: while it is cut off
 * from the others, a later run of it may be at work elsewhere, and would do the same or the
 * opposite. No two runs of a vat ever have a lease at the same time.
 *
 *     if (mneme_lease(vat, 200) == MNEME_OK) {
 *         store_write(store, mneme_run(vat), key, value);    at most 200 ms, by its own timeout
 *     } else {
 *         ...                                  do it in a later turn: what is due stands in a BLOB
 *     }
 *
 * Check, act, be done within the time that was asked for, and check again before the next. What is
 * slow, or may sit in a buffer for long, is not done when the call returns: give the store the run
 * as well, and have it refuse a write that comes with a lower one than it has seen. Then not even a
 * process that was stopped between check and act does harm.
 *
 * What a turn does outside is not undone when the turn is: after a crash the vat goes on from its
 * newest checkpoint, and may do it again. Use names or numbers that make a second time harmless. */

/* MNEME_OK: this run has a lease, for @needed_ms more at the least. MNEME_AGAIN: not now; try again
 * after more calls of mneme_next. From the first call on the agent keeps a lease running for as
 * long as it hears from the coordinator (by default each lease lasts 3 heartbeats; see lease_ms in
 * the topology: more than it is never had). MNEME_BAD_INPUT: @needed_ms is below 0. */
int mneme_lease(struct mneme *vat, int needed_ms) MNEME_CHECKED;

/* The number of this run: of two runs of a vat the higher is the vat. A fencing token. */
uint32_t mneme_run(const struct mneme *vat);

/* This vat's name. */
const char *mneme_name(const struct mneme *vat);

struct mneme_statistics {
    uint64_t checkpoints; /* written by this process */
    uint64_t fulls;       /* of those */
    uint64_t failures;    /* checkpoints that could not be written */
    uint64_t messages_sent;
    uint64_t messages_taken;
    int64_t diff_pause_ns_median; /* of the newest 1,024 diffs: how long each held the vat up */
    int64_t diff_pause_ns_max;    /* of all diffs */
    int64_t epoch;                /* the open one */
    int64_t durable;              /* the newest durable one */
};
void mneme_statistics(const struct mneme *vat, struct mneme_statistics *statistics);

/* Give everything back; nulls *vat, which may be NULL. Writes nothing: see MNEME_END. */
void mneme_close(struct mneme **vat);

/* A result in words. Never NULL. */
const char *mneme_text(int result);

#endif
