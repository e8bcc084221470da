/* What is said to the coordinator: what comes of one turn of the loop goes as one frame, when the
 * coordinator reads such. In a round all vats of a host have handled what they were told at about
 * one time. Nothing here decides anything. */
#include "daemon_private.h"

void agent_daemon_unsent(struct daemon *daemon, const char *to, mn_result why)
{
    uint64_t suppressed = 0;
    if (mn_log_allowed(&daemon->unsent, mn_now(), &suppressed)) {
        mn_log(MN_LOG_ERROR, "message_not_sent", "to=%s code=%s suppressed=%llu", to,
               mn_result_name(why), (unsigned long long)suppressed);
    }
}

static void say_bytes(struct daemon *daemon, const void *bytes, size_t size)
{
    mn_result result = agent_outlet_send(&daemon->coordinator, bytes, size, mn_now());
    if (result != MN_OK) {
        agent_daemon_unsent(daemon, "coordinator", result);
    }
}

void agent_daemon_send_said(struct daemon *daemon)
{
    size_t size = 0;
    const void *bytes = mn_joining_bytes(&daemon->said, &size);
    if (bytes != NULL) {
        say_bytes(daemon, bytes, size);
        mn_joining_clear(&daemon->said);
    }
}

void agent_daemon_say_up(struct daemon *daemon, const struct mn_up *up)
{
    struct mn_up said = *up;
    if (said.kind == MN_UP_HELLO) {
        said.hello.joins = true; /* daemon_wire.c reads such frames */
    }
    daemon->buffer.size = 0;
    mn_result result = mn_up_encode(&said, &daemon->buffer);
    if (result != MN_OK) {
        agent_daemon_unsent(daemon, "coordinator", result);
        return;
    }
    result = daemon->joins ? mn_joining_add(&daemon->said, &daemon->buffer) : MN_AGAIN;
    if (result == MN_FULL) {
        agent_daemon_send_said(daemon);
        result = mn_joining_add(&daemon->said, &daemon->buffer);
    }
    if (result != MN_OK) {
        agent_daemon_send_said(daemon);
        say_bytes(daemon, daemon->buffer.bytes, daemon->buffer.size);
    }
}
