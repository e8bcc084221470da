/* What the files of libmneme share: the shell around the vat's core. */
#ifndef MNEME_PRIVATE_H
#define MNEME_PRIVATE_H

#include <stdbool.h>

#include "core/vat.h"
#include "mneme.h"
#include "net/net.h"

enum {
    /* Bytes of messages of peers that wait for the application. Beyond it nothing is read of peers,
     * so that they have to wait; the message that reaches it is still taken. */
    MNEME_INBOX_SIZE_MAX = 16 * 1024 * 1024,

    MNEME_PAUSE_COUNT_MAX = 1024,
    MNEME_OPEN_MS_MAX = 30000,   /* to hear from the agent at the start */
    MNEME_ATTACH_MS = 500,       /* between two words to an agent that does not answer */
    MNEME_CONNECT_MS_MAX = 2000, /* for the second connection to the agent */
    MNEME_RECONNECT_MS_MAX = 200
};

/* A message that waits until the application's turn is over. */
struct mneme_frame {
    struct mneme_frame *next;
    enum vat_event_kind kind; /* AGENT, INBOUND or ANSWER */
    struct mn_name peer;      /* ANSWER */
    struct vat_connection connection;
    char key[MN_KEY_TEXT_SIZE];
    struct mn_taken message;
};

/* A connection to a peer. */
struct mneme_peer {
    struct mneme *vat;
    struct mn_name name;
    struct mn_socket *socket; /* NULL while there is none */
};

struct mneme {
    struct mn_name name;
    char agent_endpoint[MN_ENDPOINT_SIZE_MAX];
    struct mn_net *net;
    struct mn_socket *agent;
    struct mn_socket *router;
    int signals;               /* -1: none */
    struct mn_from_vat attach; /* said at the start, when the connection was not there yet */
    bool attach_waits;
    bool ending; /* a signal came */
    bool ended;
    char end_reason[128];
    mn_result broken; /* MN_OK, or why the process must end */

    struct mn_arena life_arena;
    struct mn_life life;
    bool has_life;
    struct vat *core;
    struct vat_effects effects;
    size_t delivered; /* effects before this one were handed to the application */

    struct mneme_frame *first; /* the inbox, oldest first */
    struct mneme_frame **last;
    size_t inbox_size;           /* of what came from peers' connections to this vat */
    struct mneme_frame *present; /* the one whose effects are being carried out */
    struct mn_arena frame_arena;
    struct mn_buffer out;

    struct mneme_peer **peers; /* by name */
    size_t peer_count;
    size_t peer_capacity;

    struct mneme_statistics statistics;
    int64_t pauses[MNEME_PAUSE_COUNT_MAX]; /* of diffs, a ring */
    uint64_t pause_count;
    bool write_failing;
};

/* Say one line on standard error. */
void mneme_say(const struct mneme *vat, const char *text);

/* ---- restore.c ---- */

/* Make the core from the files that the life's chain names. MN_CORRUPT when one is damaged, missing
 * or not the one that is meant; @error names it. */
mn_result mneme_restore(struct mneme *vat, struct mn_error *error) MN_CHECKED;

/* ---- save.c ---- */

/* Write the checkpoint that the core asks for and tell it so. @began: when the pause began. */
mn_result mneme_save(struct mneme *vat, const struct vat_checkpoint *checkpoint,
                     mn_time began) MN_CHECKED;

/* ---- wire.c, in ---- */

void mneme_on_agent(void *context, struct mn_socket *socket, const struct mn_message *message);
void mneme_on_inbound(void *context, struct mn_socket *socket, const struct mn_message *message);
void mneme_peers_close(struct mneme *vat);
void mneme_inbox_clear(struct mneme *vat);

/* Take the oldest message of the inbox and let the core handle it. False when there is none. */
bool mneme_feed(struct mneme *vat);

/* Encode and send to the agent. MN_AGAIN while it is not there. */
mn_result mneme_tell_agent(struct mneme *vat, const struct mn_from_vat *message) MN_CHECKED;

/* ---- loop.c ---- */

/* One step of the core, and its effects carried out but for what the application is handed. A
 * failure is noted in vat->broken. */
void mneme_step(struct mneme *vat, const struct vat_event *event);

/* Notice the signals that end a process, on the present network. */
mn_result mneme_watch_signals(struct mneme *vat) MN_CHECKED;

/* ---- wire.c, out ---- */

void mneme_send_to_peer(struct mneme *vat, const struct vat_effect *effect);
void mneme_reply(struct mneme *vat, const struct vat_connection *connection,
                 const struct mn_session *message);
void mneme_connect(struct mneme *vat, const struct vat_effect *effect);
void mneme_disconnect(struct mneme *vat, const struct mn_name *peer);

#endif
