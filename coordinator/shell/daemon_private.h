/* What the files of the daemon share. */
#ifndef COORDINATOR_SHELL_DAEMON_PRIVATE_H
#define COORDINATOR_SHELL_DAEMON_PRIVATE_H

#include <sys/types.h>

#include "core/coordinator.h"
#include "core/keeping.h"
#include "docs/topology.h"
#include "net/log.h"
#include "net/net.h"
#include "shell/answer.h"
#include "shell/daemon.h"
#include "shell/evidence_draft.h"
#include "shell/journal.h"
#include "shell/plan_desk.h"
#include "shell/recorder.h"
#include "wire/joined.h"

/* What the shell knows of a host: where its agent is reached, and how much of it is logged. */
struct daemon_host {
    struct mn_peer peer;    /* its newest connection; size 0 is none */
    bool joins;             /* its agent reads joined frames */
    bool waits;             /* listed in waiting */
    size_t due;             /* messages to it within a step that have not been written yet */
    struct mn_joining said; /* to it within a step, and not sent yet */
    struct mn_log_limit refused_limit;
    struct mn_log_limit said_limit;
    struct mn_log_limit unsent_limit;
};

/* An operator's step that has not been answered yet. */
struct daemon_step {
    uint64_t ticket; /* 0: none */
    uint64_t request;
    uint32_t who;
    bool adopts;        /* and is answered with how far that is, */
    struct mn_name vat; /* of this vat */
    struct mn_peer peer;
};

/* So many wait for an answer at a time; of more, the oldest get none and ask again. */
enum { DAEMON_STEP_COUNT_MAX = 64 };

/* A plan that a child process makes for an operator. */
struct daemon_plan {
    pid_t pid;              /* 0: none */
    int fd;                 /* its answer comes there; -1 once it has come */
    struct mn_buffer bytes; /* of its answer */
};

struct daemon {
    struct topology *topology;
    struct mn_keys keys;
    uint32_t evidence_keep;
    bool crash_at_decided;
    bool stop_at_plan;
    struct journal journal; /* the recorder's */
    struct journal reader;  /* the same, to read from while that one writes */
    struct recorder *recorder;
    struct mn_net *net;
    struct mn_socket *agents;
    struct mn_socket *operators;
    struct coordinator *coordinator;
    struct coordinator_effects effects;
    struct keeping *keeping;
    struct keeping_effects keeping_effects;
    struct evidence_draft draft; /* of the next decision */
    unsigned char *piece;        /* MN_PIECE_SIZE_MAX bytes of a record */
    struct daemon_host *hosts;   /* by host */
    struct answer_host *known;   /* by host */
    struct mn_buffer buffer;
    const struct mn_down *said; /* within a step: what `said_bytes` is; NULL: nothing */
    struct mn_buffer said_bytes;
    mn_result said_result;
    uint32_t *waiting; /* within a step: hosts to which something has not been sent, each once */
    uint32_t waiting_count;
    struct mn_log_lines lines; /* while notes are carried out, one after the other */

    struct daemon_step steps[DAEMON_STEP_COUNT_MAX]; /* by ticket */
    uint64_t ticket;                                 /* the newest */
    struct plan_desk desk;
    struct daemon_plan plans[PLAN_DESK_COUNT_MAX]; /* by slot of the desk */

    uint64_t refused_others; /* from operators */
    struct mn_log_limit others_limit;

    int signals;
    bool stop;
    mn_result result; /* why it stopped, unless by a signal */
    struct mn_error error;
};

/* daemon.c: hand an event to the core and carry out what it asks. */
void coordinator_daemon_step(struct daemon *daemon, const struct coordinator_event *event);
void coordinator_daemon_fail(struct daemon *daemon, mn_result result, const char *text);

/* daemon_keeping.c: the same for the core beside it. */
void coordinator_daemon_keep(struct daemon *daemon, const struct keeping_event *event);
/* The same with an event about a record of the own journal. */
void coordinator_daemon_keep_record(struct daemon *daemon, enum keeping_event_kind kind,
                                    const struct journal_entry *entry);
/* Have a keeper replaced; or why not, in words. */
mn_result coordinator_daemon_replace(struct daemon *daemon, const struct topology_operator *who,
                                     const struct mn_operator_request *request,
                                     struct mn_error *error) MN_CHECKED;
/* Whether an operator's word would have it go on; then it does. */
bool coordinator_daemon_accept(struct daemon *daemon, const struct topology_operator *who,
                               const char *reason);

/* daemon_effects.c */
void coordinator_daemon_send(struct daemon *daemon, uint32_t host, const struct mn_down *message);
/* All of a step, in their order. */
void coordinator_daemon_carry_out(struct daemon *daemon, const struct coordinator_effects *effects);
/* The pieces of a document are of no use any more, here and in its file. */
void coordinator_daemon_drop_evidence(struct daemon *daemon);
/* Records have become durable, or the disk is at some: tell the core beside, of the former one by
 * one. */
void coordinator_daemon_recorded(struct daemon *daemon);

/* daemon_wire.c: messages in. They have the types of net.h's callbacks; @context is the daemon. */
bool coordinator_daemon_allow(void *context, const char *domain, const char *key);
void coordinator_daemon_from_agent(void *context, struct mn_socket *socket,
                                   const struct mn_message *message);
void coordinator_daemon_from_operator(void *context, struct mn_socket *socket,
                                      const struct mn_message *message);
/* The core has answered an operator's step. */
void coordinator_daemon_answer(struct daemon *daemon, const struct coordinator_effect *effect);
/* What answers are made from, now. */
struct answer_source coordinator_daemon_source(const struct daemon *daemon);
void coordinator_daemon_reply(struct daemon *daemon, const struct mn_peer *peer, const char *name,
                              const struct mn_operator_reply *reply);
void coordinator_daemon_dropped(void *context, struct mn_socket *socket,
                                const struct mn_message *message);

/* daemon_plan.c: answer a plan without keeping the loop; see to those that take too long or that
 * nobody fetches; and end with the daemon. */
void coordinator_daemon_plan(struct daemon *daemon, const struct mn_peer *peer, uint32_t who,
                             const struct mn_operator_request *request);
void coordinator_daemon_plans_tick(struct daemon *daemon);
void coordinator_daemon_end_plans(struct daemon *daemon);

/* daemon_open.c */
mn_result coordinator_daemon_open(struct daemon *daemon, const struct coordinator_options *options,
                                  struct mn_error *error) MN_CHECKED;
void coordinator_daemon_close(struct daemon *daemon);

#endif
