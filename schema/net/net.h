/* Connections between processes: ZeroMQ sockets with CURVE, the identity of a connection, one loop.
 *
 * The identity of a connection is the key it was opened with, never what a message says. Keys are
 * checked by a ZAP handler (ZeroMQ RFC 27) that is served from the same loop, so there are no
 * threads and no certificate files: who may connect is asked of the caller. A connection with a
 * wrong key is never established.
 *
 * One struct mn_net per process or per thread; not to be shared between threads. */
#ifndef MN_NET_NET_H
#define MN_NET_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/chunk.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/result.h"

/* A CURVE key pair as Z85 text. */
struct mn_keys {
    char public_key[MN_KEY_TEXT_SIZE];
    char secret_key[MN_KEY_TEXT_SIZE];
};

/* A new key pair. MN_IO when the system has no randomness, or libzmq no CURVE. */
mn_result mn_keys_make(struct mn_keys *keys, struct mn_error *error) MN_CHECKED;

/* Write @keys to a new file that only its owner may read. MN_EXISTS when there is a file. */
mn_result mn_keys_write(const struct mn_keys *keys, const char *path,
                        struct mn_error *error) MN_CHECKED;

/* Read a file that mn_keys_write made. MN_DENIED when others than its owner may read it,
 * MN_BAD_INPUT when it is no key file, MN_NOT_FOUND. */
mn_result mn_keys_read(struct mn_keys *keys, const char *path, struct mn_error *error) MN_CHECKED;

/* A frame up to this size is read, so that what is too large can be counted and named by its
 * sender; it bounds the memory that one message may take. */
enum { MN_FRAME_SIZE_MAX = 4 * MN_MESSAGE_SIZE_MAX };

struct mn_net;    /* one per process: the ZeroMQ context, the ZAP handler, the loop */
struct mn_socket; /* owned by its mn_net */

/* Who is at the other end of a ROUTER's connection; opaque, comparable as memory. size 0 is none.
 */
struct mn_peer {
    uint8_t size;
    uint8_t bytes[15];
};

/* A message as it came. Valid during the callback only, unless its frames are taken over. */
struct mn_message {
    struct mn_peer peer;        /* ROUTER: the connection; otherwise size 0 */
    const char *key;            /* the other's public key as Z85 text; "" where plain (ipc) */
    const unsigned char *frame; /* the first frame */
    size_t frame_size;
    const unsigned char *second; /* the second frame, NULL and 0 if none */
    size_t second_size;
    void *parts; /* for mn_message_take */
};

enum { MN_TAKEN_SIZE = 128 };

/* The frames of a message that outlive its callback. Must not be moved: a small frame lies within.
 */
struct mn_taken {
    const unsigned char *frame;
    size_t frame_size;
    const unsigned char *second; /* NULL and 0 if none */
    size_t second_size;
    _Alignas(void *) unsigned char parts[MN_TAKEN_SIZE]; /* as ZeroMQ has them */
};

/* Take over the frames of @message, which are not copied for that; from its callback, and once.
 * What @message itself points to is gone then. They last until mn_taken_deinit, and may outlive
 * the net. */
void mn_message_take(const struct mn_message *message, struct mn_taken *taken);
void mn_taken_deinit(struct mn_taken *taken);

/* Called by mn_net_run for each message of a socket. Messages with more than two frames, or larger
 * than MN_MESSAGE_SIZE_MAX in all, never get here: they are counted and dropped, and the connection
 * lives on. Only a frame beyond MN_FRAME_SIZE_MAX is not even read: libzmq closes that connection.
 */
typedef void mn_receive(void *context, struct mn_socket *socket, const struct mn_message *message);

/* Whether a client with this public key may connect to sockets of this domain. */
typedef bool mn_allow(void *context, const char *domain, const char *key);

/* @keys may be NULL for a process that only uses ipc; @allow may be NULL when it accepts nobody. */
mn_result mn_net_new(struct mn_net **net, const struct mn_keys *keys, mn_allow *allow,
                     void *allow_context, struct mn_error *error) MN_CHECKED;
void mn_net_destroy(struct mn_net **net);

/* Listen at @endpoint. tcp endpoints use CURVE; ipc ones are plain (their directory guards them).
 * @domain goes to mn_allow (1 to 32 bytes). @bound: out, the endpoint in use, with the port that a
 * "*" became; may be NULL.
 * Errors: MN_IN_USE, MN_DENIED, MN_BAD_INPUT, MN_IO; each says endpoint and remedy. */
mn_result mn_router_bind(struct mn_net *net, const char *endpoint, const char *domain,
                         mn_receive *receive, void *context, char *bound, size_t bound_size,
                         struct mn_socket **socket, struct mn_error *error) MN_CHECKED;

/* Connect to @endpoint, whose listener has @server_key (ignored for ipc). Returns at once; ZeroMQ
 * goes on trying (every 20 ms, slowing to a time that is drawn between half of @reconnect_ms_max
 * and all of it). Nothing is queued for a connection that is not established when @immediate; see
 * mn_send. */
mn_result mn_dealer_connect(struct mn_net *net, const char *endpoint, const char *server_key,
                            bool immediate, int reconnect_ms_max, mn_receive *receive,
                            void *context, struct mn_socket **socket,
                            struct mn_error *error) MN_CHECKED;

/* Have @connected called whenever a DEALER's connection is made, the first time and each time that
 * it is made again; from mn_net_run, as long as the net lives. Once for a socket. Errors: MN_FULL,
 * MN_NO_MEMORY, MN_IO */
typedef void mn_connected(void *context);
mn_result mn_on_connected(struct mn_socket *socket, mn_connected *connected, void *context,
                          struct mn_error *error) MN_CHECKED;

/* Close; what was sent is given up to 100 ms (or dropped where nobody is connected). Nulls *socket.
 * May be called from a callback of that socket. */
void mn_socket_close(struct mn_net *net, struct mn_socket **socket);

/* Send one or two frames (@second NULL: one). @peer is for ROUTERs, NULL otherwise. Never blocks.
 * Errors: MN_AGAIN      the high-water mark is reached, or (immediate dealer) not connected
 *         MN_NOT_FOUND  that peer of a ROUTER is gone
 *         MN_TOO_LARGE, MN_NO_MEMORY, MN_IO */
mn_result mn_send(struct mn_socket *socket, const struct mn_peer *peer, const void *frame,
                  size_t frame_size, const void *second, size_t second_size) MN_CHECKED;

/* The same for a DEALER, with @size bytes of @chunk from @begin on as the second frame, which are
 * not copied: the chunk is held until they are on their way. */
mn_result mn_send_chunk(struct mn_socket *socket, const void *frame, size_t frame_size,
                        struct mn_chunk *chunk, size_t begin, size_t size) MN_CHECKED;

/* Hand out nothing more of @socket until it is resumed. What comes meanwhile waits in the queues of
 * ZeroMQ and of the network, which are bounded: whoever sends has to wait. */
void mn_socket_pause(struct mn_socket *socket, bool paused);

/* Watch a file descriptor for reading; @ready is called while it is readable. At most 4096. */
typedef void mn_ready(void *context, int fd);
mn_result mn_watch(struct mn_net *net, int fd, mn_ready *ready, void *context) MN_CHECKED;
void mn_unwatch(struct mn_net *net, int fd);

/* Wait until something comes or @until (mn_now) has passed, hand out what came (at most 256
 * messages a socket), and return. MN_TIME_NEVER waits without bound; a time that has passed only
 * looks. MN_IO when polling fails. Signals that interrupt make it return early. */
mn_result mn_net_run(struct mn_net *net, mn_time until) MN_CHECKED;

/* How many messages were dropped before a callback saw them: too many frames or too large. */
uint64_t mn_net_dropped(const struct mn_net *net);

/* Have @dropped called for each of them: who sent it to which socket. The message has neither
 * frames nor sizes then. */
typedef void mn_dropped(void *context, struct mn_socket *socket, const struct mn_message *message);
void mn_net_on_dropped(struct mn_net *net, mn_dropped *dropped, void *context);

/* The shells' clock: nanoseconds that begin near Unix time when the process first asks, then run
 * with CLOCK_BOOTTIME; so it never goes back within a process, runs through suspend, and is
 * comparable with other processes of the host as long as nobody sets its clock. */
mn_time mn_now(void);

/* A time of mn_now on CLOCK_BOOTTIME itself, which all processes of a machine read alike (in one
 * time namespace, which they get from who starts them), and back. */
int64_t mn_time_to_boot(mn_time time);
mn_time mn_time_from_boot(int64_t boot);

/* A signalfd for SIGTERM and SIGINT, which are blocked from then on; SIGPIPE and SIGXFSZ are
 * ignored, for each is the failure of a write. -1 with errno on failure. */
int mn_signals_open(void);

/* Let this process have as many files open as the system lets it at most. The log warns when that
 * is fewer than @wanted. */
void mn_files_raise(uint64_t wanted);

#endif
