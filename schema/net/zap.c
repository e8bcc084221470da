/* Who may connect: a ZAP handler (ZeroMQ RFC 27) served from the loop.
 *
 * libzmq's I/O threads ask it for every CURVE connection and wait without blocking anybody, so no
 * thread of ours is needed. The user id it answers is the client's public key as Z85 text; libzmq
 * attaches it to every message of the connection as "User-Id". */
#include "net_private.h"

#include <string.h>

enum { ZAP_FRAME_COUNT = 7, ZAP_FRAME_SIZE_MAX = 256, ZAP_KEY_SIZE = 32 };

/* The frames of a request, in their order (RFC 27). */
enum { ZAP_VERSION, ZAP_REQUEST, ZAP_DOMAIN, ZAP_ADDRESS, ZAP_IDENTITY, ZAP_MECHANISM, ZAP_KEY };

struct zap_frame {
    int size;
    unsigned char bytes[ZAP_FRAME_SIZE_MAX];
};

mn_result net_zap_open(struct mn_net *net, struct mn_error *error)
{
    net->zap = zmq_socket(net->zmq, ZMQ_REP);
    if (net->zap == NULL || zmq_bind(net->zap, "inproc://zeromq.zap.01") != 0) {
        mn_error_set(error, "cannot open the authentication handler: %s",
                     zmq_strerror(zmq_errno()));
        return MN_IO;
    }
    return MN_OK;
}

/* Read one request; false when there is none. *@count is the number of frames it had. */
static bool zap_receive(void *zap, struct zap_frame frames[ZAP_FRAME_COUNT], int *count)
{
    int more = 1;
    size_t more_size = sizeof more;
    *count = 0;
    while (more != 0) {
        struct zap_frame spare;
        struct zap_frame *frame = *count < ZAP_FRAME_COUNT ? &frames[*count] : &spare;
        frame->size = zmq_recv(zap, frame->bytes, sizeof frame->bytes, ZMQ_DONTWAIT);
        if (frame->size < 0) {
            return false;
        }
        *count += 1;
        if (zmq_getsockopt(zap, ZMQ_RCVMORE, &more, &more_size) != 0) {
            return false;
        }
    }
    return true;
}

static bool zap_judge(struct mn_net *net, struct zap_frame frames[ZAP_FRAME_COUNT], int count,
                      char key[MN_KEY_TEXT_SIZE])
{
    key[0] = '\0';
    if (count != ZAP_FRAME_COUNT || net->allow == NULL || frames[ZAP_MECHANISM].size != 5 ||
        memcmp(frames[ZAP_MECHANISM].bytes, "CURVE", 5) != 0 ||
        frames[ZAP_KEY].size != ZAP_KEY_SIZE || frames[ZAP_DOMAIN].size > NET_DOMAIN_SIZE_MAX ||
        zmq_z85_encode(key, frames[ZAP_KEY].bytes, ZAP_KEY_SIZE) == NULL) {
        return false;
    }
    char domain[NET_DOMAIN_SIZE_MAX + 1] = {0};
    memcpy(domain, frames[ZAP_DOMAIN].bytes, (size_t)frames[ZAP_DOMAIN].size);
    return net->allow(net->allow_context, domain, key);
}

static bool zap_send(void *zap, const void *bytes, size_t size, bool more)
{
    return zmq_send(zap, bytes, size, more ? ZMQ_SNDMORE : 0) >= 0;
}

void net_zap_answer(struct mn_net *net)
{
    struct zap_frame frames[ZAP_FRAME_COUNT];
    int count = 0;
    while (zap_receive(net->zap, frames, &count)) {
        char key[MN_KEY_TEXT_SIZE];
        bool allowed = zap_judge(net, frames, count, key);
        size_t request_size = count > ZAP_REQUEST ? (size_t)frames[ZAP_REQUEST].size : 0;
        if (request_size > ZAP_FRAME_SIZE_MAX) {
            request_size = ZAP_FRAME_SIZE_MAX;
        }
        bool sent = zap_send(net->zap, "1.0", 3, true) &&
                    zap_send(net->zap, frames[ZAP_REQUEST].bytes, request_size, true) &&
                    zap_send(net->zap, allowed ? "200" : "400", 3, true) &&
                    zap_send(net->zap, "", 0, true) &&
                    zap_send(net->zap, key, allowed ? MN_KEY_TEXT_LENGTH : 0, true) &&
                    zap_send(net->zap, "", 0, false);
        if (!sent) {
            return; /* the asker is gone; its connection times out */
        }
    }
}
