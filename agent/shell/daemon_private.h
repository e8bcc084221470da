/* What the files of the daemon share. */
#ifndef AGENT_SHELL_DAEMON_PRIVATE_H
#define AGENT_SHELL_DAEMON_PRIVATE_H

#include "core/agent.h"
#include "daemon.h"
#include "disk.h"
#include "docs/topology.h"
#include "ledger.h"
#include "log.h"
#include "net/net.h"
#include "outlet.h"
#include "probe.h"
#include "process.h"
#include "store.h"
#include "wire/joined.h"

/* An event that carrying out an effect gave rise to. */
struct daemon_followup {
    enum agent_event_kind kind;
    struct mn_name vat;
    struct agent_connection connection; /* UNSENT: of the vat, whose name is not known */
    uint32_t pid;
    uint64_t pid_started;
    uint32_t host;
    mn_epoch epoch;
    uint64_t offset;
    mn_result result;
    char reason[MN_ERROR_TEXT_SIZE_MAX];
    struct daemon_followup *next;
};

struct daemon {
    struct topology *topology;
    uint32_t own; /* our host */
    struct mn_keys keys;
    char key_file[MN_PATH_SIZE_MAX];
    struct mn_net *net;
    struct agent_directory *directory;
    struct agent *agent;
    struct agent_effects effects;
    struct agent_ledger *ledger;
    struct agent_store store;
    struct agent_disk *disk;
    struct agent_processes *processes;
    struct agent_probes *probes;

    struct agent_outlet coordinator;
    struct agent_outlet *hosts; /* by host; opened when there is something to send */
    struct mn_socket *agents;   /* other hosts' agents connect here */
    struct mn_socket *vats;
    struct mn_buffer buffer;
    bool joins;             /* the coordinator reads joined frames */
    struct mn_joining said; /* to it in this turn of the loop, and not sent yet */

    struct daemon_followup *followup_first;
    struct daemon_followup *followup_last;

    struct mn_log_limit unsent;
    struct mn_log_limit refused_down;
    struct mn_log_limit refused_vats;
    struct mn_log_limit *refused_hosts; /* by host */
    struct mn_log_limit refused_others; /* who is none of these */
    uint64_t refused;                   /* messages, in all */

    int signals;
    bool stop;
    mn_result result; /* why it stopped, unless by a signal */
    struct mn_error error;
};

/* daemon.c: hand an event to the core, carry out what it asks, and what follows from that. */
void agent_daemon_step(struct daemon *daemon, const struct agent_event *event);
void agent_daemon_fail(struct daemon *daemon, mn_result result, const char *text);

/* daemon_effects.c */
void agent_daemon_carry_out(struct daemon *daemon, const struct agent_effect *effect);
/* Something to be stepped with once all effects at hand are carried out; NULL when memory is out.
 */
struct daemon_followup *agent_daemon_follow(struct daemon *daemon, enum agent_event_kind kind,
                                            const struct mn_name *vat);
void agent_daemon_jobs_done(struct daemon *daemon);

/* daemon_say.c: say that to the coordinator, with what else is said in this turn of the loop. */
void agent_daemon_say_up(struct daemon *daemon, const struct mn_up *up);
/* All that has been said in it is to go now. */
void agent_daemon_send_said(struct daemon *daemon);
/* Something was not sent. */
void agent_daemon_unsent(struct daemon *daemon, const char *to, mn_result why);

/* daemon_wire.c: messages in. They have the types of net.h's callbacks; @context is the daemon. */
bool agent_daemon_allow(void *context, const char *domain, const char *key);
void agent_daemon_from_coordinator(void *context, struct mn_socket *socket,
                                   const struct mn_message *message);
void agent_daemon_from_host(void *context, struct mn_socket *socket,
                            const struct mn_message *message);
void agent_daemon_from_vat(void *context, struct mn_socket *socket,
                           const struct mn_message *message);
void agent_daemon_from_outlet(void *context, struct mn_socket *socket,
                              const struct mn_message *message);
void agent_daemon_dropped(void *context, struct mn_socket *socket,
                          const struct mn_message *message);

/* daemon_open.c */
mn_result agent_daemon_open(struct daemon *daemon, const struct agent_options *options,
                            struct mn_error *error) MN_CHECKED;
void agent_daemon_close(struct daemon *daemon);

#endif
