/* The observer: knows the true history of every vat, every message and every copy, and says when a
 * guarantee of DESIGN.md is broken. It shares no code with the cores; the engine tells it of every
 * true event, and it checks what that event touched.
 *
 * Hosts and vats are numbered as in the topology. The first thing that is wrong stays. */
#ifndef OBSERVER_OBSERVER_H
#define OBSERVER_OBSERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ids.h"
#include "docs/topology.h"
#include "wire/local.h"
#include "wire/stored.h"

struct observer;

/* What is true of a host at the moment. */
struct observer_host {
    bool up;       /* the machine runs */
    bool agent;    /* its agent runs, and is not paused */
    bool reached;  /* messages pass between it and the coordinator, both ways */
    mn_time since; /* when any of this changed last */
};

typedef struct observer_host observer_ask_host(const void *context, uint32_t host);

/* @topology and @context are borrowed. Aborts when memory runs out, here and below. */
struct observer *observer_new(const struct topology *topology, observer_ask_host *ask,
                              const void *context);
void observer_destroy(struct observer **observer);

/* "G1: what is wrong", or NULL. */
const char *observer_failure(const struct observer *observer);

/* Note something that is wrong, unless there is something already. */
void observer_fail(struct observer *observer, const char *guarantee, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The time of what is told next. */
void observer_time(struct observer *observer, mn_time now);

/* ---- vats: what their processes do. @run and @process say which -------------------------------
 */

struct observer_actor {
    uint32_t vat;
    mn_run run;
    uint64_t process;
    mn_epoch epoch; /* the open one */
};

/* A process has restored what its life says. @state: a digest of what the application has. */
void observer_vat_begins(struct observer *observer, const struct observer_actor *actor,
                         const struct mn_life *life, uint64_t state);
void observer_vat_ends(struct observer *observer, const struct observer_actor *actor);

/* Its application sends a message; @id is unique in the whole run and grows by one. */
void observer_sends(struct observer *observer, const struct observer_actor *actor, uint32_t peer,
                    uint64_t id);

/* A message leaves for the network, as number @number of epoch @epoch. */
void observer_leaves(struct observer *observer, const struct observer_actor *actor, uint32_t peer,
                     mn_epoch epoch, uint64_t number, uint64_t id);

/* Its application is handed the message @id, a gap, a notice. */
void observer_takes(struct observer *observer, const struct observer_actor *actor, uint32_t peer,
                    uint64_t id);
void observer_gap(struct observer *observer, const struct observer_actor *actor, uint32_t peer,
                  uint64_t first, uint64_t last, bool sent);
void observer_undelivered(struct observer *observer, const struct observer_actor *actor,
                          uint32_t peer, uint64_t first, uint64_t last);
void observer_notice(struct observer *observer, const struct observer_actor *actor,
                     const struct mn_notice *notice, bool reset);

/* It wants to act on the world outside, and may until @until, or so it believes; a time that has
 * passed: it may not. */
void observer_lease(struct observer *observer, const struct observer_actor *actor, mn_time until);

/* It is handed a freeze: from then on it believes none of these runs. */
void observer_frozen(struct observer *observer, const struct observer_actor *actor,
                     const struct mn_vat_run *suspects, uint32_t count);

/* It has written a checkpoint of its open epoch. */
void observer_checkpoint(struct observer *observer, const struct observer_actor *actor,
                         mn_epoch onto, uint64_t state);

/* It has been told that @epoch is durable, and its floor. */
void observer_durable(struct observer *observer, const struct observer_actor *actor, mn_epoch epoch,
                      mn_epoch floor);

/* ---- copies ---------------------------------------------------------------------------------- */

enum observer_copy_change {
    OBSERVER_COPY_MADE,    /* it is whole on that host's disk */
    OBSERVER_COPY_DELETED, /* on advice */
    OBSERVER_COPY_LOST     /* by a fault */
};
void observer_copy(struct observer *observer, uint32_t host, uint32_t vat, mn_epoch epoch,
                   enum observer_copy_change change);

/* Bytes of a checkpoint of the vat are on their way to a disk, in a message or in the work of an
 * agent, and are so no more: each that leaves arrives once, or is lost. */
void observer_copy_leaves(struct observer *observer, uint32_t vat);
void observer_copy_arrives(struct observer *observer, uint32_t vat);

/* ---- the coordinator and the agents ---------------------------------------------------------- */

/* A record is in force. @written: when the coordinator that made it up had it on its disk, which
 * may be long ago. @evidence: the document that a decision was computed from, or NULL. */
void observer_journal(struct observer *observer, uint64_t sequence, uint64_t generation,
                      const struct mn_journal_record *record, mn_time written, const char *evidence,
                      size_t evidence_size);

/* What anybody still knows of a vat: its newest run, and its newest incarnation; 0: not known. */
struct observer_known {
    mn_run run;
    uint32_t incarnation;
};

/* Records after @sequence, which were in force, are in nobody's journal any more. */
struct observer_left {
    uint64_t sequence;
    uint64_t generation;         /* of the record there; 0: there is none */
    uint64_t round;              /* the newest that anybody has heard of */
    struct observer_known *vats; /* by vat */
    uint64_t *generations;       /* by host: the newest that its agent knows of; 0: none */
};
void observer_forgets(struct observer *observer, const struct observer_left *left);
/* The same of what is known of vats and rounds by now, as long as some are not on record again. */
bool observer_asks_left(const struct observer *observer);
void observer_left_less(struct observer *observer, const struct observer_left *left);
/* Nor does that host's agent know any more what it knew. */
void observer_agent_lost(struct observer *observer, uint32_t host);

/* The coordinator says something to a host's agent. @before: it has spoken in that generation since
 * before the journal was lost. */
void observer_down(struct observer *observer, uint32_t host, const struct mn_down *message,
                   bool before);

/* A host's agent is handed it, or is started anew and knows of no freeze. */
void observer_hears(struct observer *observer, uint32_t host, const struct mn_down *message);
void observer_agent_begins(struct observer *observer, uint32_t host);

/* An agent has its disk delete a file, some time from now. */
void observer_deletes(struct observer *observer, uint32_t host, uint32_t vat, mn_epoch epoch);

/* An agent says that it has read the disk that was found with checkpoints of the vat, or gave up;
 * or the coordinator that nothing comes of it. */
void observer_read(struct observer *observer, uint32_t host, uint32_t vat);

/* An agent ends a vat's process. */
void observer_kills(struct observer *observer, uint32_t host, uint32_t vat, mn_run run);

/* A host's disk is copied, or put by, and may be put back: what was settled meanwhile can be undone
 * then. */
void observer_backup(struct observer *observer);

/* A fault that is more than the crash of an agent or of the coordinator. */
void observer_harm(struct observer *observer);

/* ---- the end --------------------------------------------------------------------------------- */

/* Nothing has gone wrong for long enough: everything sent must be taken, everybody be told. */
void observer_settled(struct observer *observer);

/* What of that is still missing, in words; NULL when nothing is. */
const char *observer_unsettled(struct observer *observer);

/* How many messages, takings, checkpoints and copies it has in mind: what is below the floors of
 * the vats it has forgotten, but for a few. */
size_t observer_kept(const struct observer *observer);

/* The @index-th pair of vats of which the one has not taken all that the other sent; false when
 * there are no more. What nobody keeps any more becomes known as a gap with the next message. */
bool observer_lagging(const struct observer *observer, size_t index, uint32_t *sender,
                      uint32_t *receiver);

#endif
