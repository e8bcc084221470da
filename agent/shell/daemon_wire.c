/* Messages in: who may say what. The coordinator is known by its key, another host's agent by its
 * own, a vat by having reached a socket in our data directory. What does not decode, or says more
 * than its sender may, is counted, logged (once a second for each sender) and dropped; the
 * connection lives on. */
#include <string.h>

#include "daemon_private.h"

/* One message's decoded form may take this much; far more than any honest one. */
#define WIRE_ARENA_SIZE_MAX ((size_t)64 * 1024 * 1024)

bool agent_daemon_allow(void *context, const char *domain, const char *key)
{
    const struct daemon *daemon = context;
    (void)domain; /* there is one: agents */
    return topology_find_host_key(daemon->topology, key) != TOPOLOGY_NONE;
}

static void wire_refuse(struct daemon *daemon, struct mn_log_limit *limit, const char *sender,
                        mn_result why, const char *text)
{
    daemon->refused += 1;
    uint64_t suppressed = 0;
    if (mn_log_allowed(limit, mn_now(), &suppressed)) {
        char quoted[256];
        mn_log(MN_LOG_WARNING, "message_refused",
               "sender=%s code=%s suppressed=%llu refused=%llu text=%s", sender,
               mn_result_name(why), (unsigned long long)suppressed,
               (unsigned long long)daemon->refused, mn_log_quote(quoted, sizeof quoted, text));
    }
}

/* @result: what is known against it. */
static void wire_down(struct daemon *daemon, const void *bytes, size_t size, mn_result result)
{
    struct mn_arena arena;
    struct mn_down down;
    mn_arena_init(&arena, WIRE_ARENA_SIZE_MAX);
    if (result == MN_OK) {
        result = mn_down_decode(bytes, size, &arena, &down);
    }
    if (result == MN_OK && down.kind == MN_DOWN_WELCOME) {
        daemon->joins = down.welcome.joins;
    }
    if (result == MN_OK) {
        struct agent_event event = {.kind = AGENT_ON_DOWN, .down = &down};
        agent_daemon_step(daemon, &event);
    } else {
        wire_refuse(daemon, &daemon->refused_down, "coordinator", result,
                    "not a message of the coordinator");
    }
    mn_arena_deinit(&arena);
}

void agent_daemon_from_coordinator(void *context, struct mn_socket *socket,
                                   const struct mn_message *message)
{
    struct daemon *daemon = context;
    struct mn_joined frame = mn_joined_of(message->frame, message->frame_size);
    mn_result result = message->second != NULL ? MN_BAD_INPUT : MN_OK;
    const void *bytes = NULL;
    size_t size = 0;
    (void)socket;
    while (!daemon->stop && mn_joined_next(&frame, &bytes, &size)) {
        wire_down(daemon, bytes, size, result);
    }
}

void agent_daemon_from_host(void *context, struct mn_socket *socket,
                            const struct mn_message *message)
{
    struct daemon *daemon = context;
    (void)socket;
    uint32_t host = topology_find_host_key(daemon->topology, message->key);
    if (host == TOPOLOGY_NONE || host == daemon->own) {
        wire_refuse(daemon, &daemon->refused_others, "unknown", MN_DENIED,
                    "the key of no other host");
        return;
    }
    const char *name = daemon->topology->hosts[host].name;
    struct mn_arena arena;
    struct mn_copies copies;
    mn_arena_init(&arena, WIRE_ARENA_SIZE_MAX);
    mn_result result = message->second != NULL
                           ? MN_BAD_INPUT
                           : mn_copies_decode(message->frame, message->frame_size, &arena, &copies);
    if (result != MN_OK) {
        wire_refuse(daemon, &daemon->refused_hosts[host], name, result,
                    "not a message about copies");
    } else if (topology_find_vat(daemon->topology, copies.vat.text) == TOPOLOGY_NONE) {
        wire_refuse(daemon, &daemon->refused_hosts[host], name, MN_DENIED,
                    "about a vat that is not in the topology");
    } else {
        struct agent_event event = {.kind = AGENT_ON_COPIES};
        event.copies.host = host;
        event.copies.message = &copies;
        agent_daemon_step(daemon, &event);
    }
    mn_arena_deinit(&arena);
}

void agent_daemon_from_vat(void *context, struct mn_socket *socket,
                           const struct mn_message *message)
{
    struct daemon *daemon = context;
    (void)socket;
    struct mn_arena arena;
    struct mn_from_vat said;
    mn_arena_init(&arena, WIRE_ARENA_SIZE_MAX);
    mn_result result = message->second != NULL
                           ? MN_BAD_INPUT
                           : mn_from_vat_decode(message->frame, message->frame_size, &arena, &said);
    if (result == MN_OK) {
        struct agent_event event = {.kind = AGENT_ON_VAT};
        _Static_assert(sizeof message->peer == sizeof event.vat.connection,
                       "a connection's name fits");
        memcpy(&event.vat.connection, &message->peer, sizeof message->peer);
        event.vat.message = &said;
        agent_daemon_step(daemon, &event);
    } else {
        wire_refuse(daemon, &daemon->refused_vats, "vat", result, "not a message of a vat");
    }
    mn_arena_deinit(&arena);
}

void agent_daemon_from_outlet(void *context, struct mn_socket *socket,
                              const struct mn_message *message)
{
    struct daemon *daemon = context;
    (void)socket;
    (void)message; /* agents answer on connections of their own */
    wire_refuse(daemon, &daemon->refused_others, "agent", MN_BAD_INPUT,
                "an answer on a connection that has none");
}

void agent_daemon_dropped(void *context, struct mn_socket *socket, const struct mn_message *message)
{
    struct daemon *daemon = context;
    struct mn_log_limit *limit = &daemon->refused_others;
    const char *sender = "agent";
    uint32_t host = topology_find_host_key(daemon->topology, message->key);
    if (socket == daemon->coordinator.socket) {
        limit = &daemon->refused_down;
        sender = "coordinator";
    } else if (socket == daemon->vats) {
        limit = &daemon->refused_vats;
        sender = "vat";
    } else if (socket == daemon->agents && host != TOPOLOGY_NONE) {
        limit = &daemon->refused_hosts[host];
        sender = daemon->topology->hosts[host].name;
    }
    wire_refuse(daemon, limit, sender, MN_TOO_LARGE, "too many frames or bytes");
}
