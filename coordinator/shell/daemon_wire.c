/* Messages in: who may say what. An agent is known by its host's key, an operator by its own. What
 * does not decode is counted, logged (once a second for each sender) and dropped; the connection
 * lives on. What says more than its key may say is for the core to judge. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shell/answer.h"
#include "shell/daemon_private.h"

/* One message's decoded form may take this much; far more than any honest one. */
#define WIRE_ARENA_SIZE_MAX ((size_t)64 * 1024 * 1024)

bool coordinator_daemon_allow(void *context, const char *domain, const char *key)
{
    const struct daemon *daemon = context;
    if (strcmp(domain, "agents") == 0) {
        return topology_find_host_key(daemon->topology, key) != TOPOLOGY_NONE;
    }
    return topology_find_operator_key(daemon->topology, key) != TOPOLOGY_NONE;
}

static void wire_refuse(struct mn_log_limit *limit, uint64_t *refused, const char *sender,
                        mn_result why, const char *text)
{
    uint64_t suppressed = 0;
    *refused += 1;
    if (mn_log_allowed(limit, mn_now(), &suppressed)) {
        char quoted[256];
        mn_log(MN_LOG_WARNING, "message_refused",
               "sender=%s code=%s suppressed=%llu refused=%llu text=%s", sender,
               mn_result_name(why), (unsigned long long)suppressed, (unsigned long long)*refused,
               mn_log_quote(quoted, sizeof quoted, text));
    }
}

/* @result: what is known against it. */
static void wire_up(struct daemon *daemon, uint32_t host, const void *bytes, size_t size,
                    mn_result result)
{
    struct mn_arena arena;
    struct mn_up up;
    mn_arena_init(&arena, WIRE_ARENA_SIZE_MAX);
    if (result == MN_OK) {
        result = mn_up_decode(bytes, size, &arena, &up);
    }
    if (result == MN_OK && up.kind == MN_UP_HELLO) {
        daemon->hosts[host].joins = up.hello.joins;
    }
    if (result == MN_OK && up.kind == MN_UP_HEARTBEAT) {
        daemon->known[host].untaken = up.heartbeat.untaken;
        daemon->known[host].room = up.heartbeat.room;
    }
    if (result == MN_OK) {
        struct keeping_event heard = {.kind = KEEPING_ON_UP};
        heard.up.host = host;
        heard.up.message = &up;
        coordinator_daemon_keep(daemon, &heard);
        if (keeping_leads(daemon->keeping)) {
            struct coordinator_event event = {.kind = COORDINATOR_ON_UP};
            event.up.host = host;
            event.up.message = &up;
            coordinator_daemon_step(daemon, &event);
        }
    } else {
        wire_refuse(&daemon->hosts[host].refused_limit, &daemon->known[host].refused,
                    daemon->topology->hosts[host].name, result, "not a message of an agent");
    }
    mn_arena_deinit(&arena);
}

void coordinator_daemon_from_agent(void *context, struct mn_socket *socket,
                                   const struct mn_message *message)
{
    struct daemon *daemon = context;
    (void)socket;
    uint32_t host = topology_find_host_key(daemon->topology, message->key);
    if (host == TOPOLOGY_NONE) {
        wire_refuse(&daemon->others_limit, &daemon->refused_others, "unknown", MN_DENIED,
                    "the key of no host");
        return;
    }
    /* A connection's messages come in order and an agent opens one, so the connection that spoke
     * last is the newest. */
    daemon->hosts[host].peer = message->peer;
    struct mn_joined frame = mn_joined_of(message->frame, message->frame_size);
    mn_result result = message->second != NULL ? MN_BAD_INPUT : MN_OK;
    const void *bytes = NULL;
    size_t size = 0;
    while (!daemon->stop && mn_joined_next(&frame, &bytes, &size)) {
        wire_up(daemon, host, bytes, size, result);
    }
}

void coordinator_daemon_reply(struct daemon *daemon, const struct mn_peer *peer, const char *name,
                              const struct mn_operator_reply *reply)
{
    daemon->buffer.size = 0;
    mn_result result = mn_operator_reply_encode(reply, &daemon->buffer);
    if (result == MN_OK) {
        result =
            mn_send(daemon->operators, peer, daemon->buffer.bytes, daemon->buffer.size, NULL, 0);
    }
    if (result != MN_OK && result != MN_NOT_FOUND) {
        mn_log(MN_LOG_WARNING, "reply_not_sent", "operator=%s code=%s", name,
               mn_result_name(result));
    }
}

struct answer_source coordinator_daemon_source(const struct daemon *daemon)
{
    return (struct answer_source){.topology = daemon->topology,
                                  .coordinator = daemon->coordinator,
                                  .keeping = daemon->keeping,
                                  .hosts = daemon->known,
                                  .now = mn_now()};
}

static void wire_answer(struct daemon *daemon, const struct mn_peer *peer, const char *name,
                        const struct mn_operator_request *request)
{
    struct answer_source source = coordinator_daemon_source(daemon);
    struct mn_operator_reply reply;
    char *json = NULL;
    answer_request(&source, request, &reply, &json);
    coordinator_daemon_reply(daemon, peer, name, &reply);
    free(json);
}

/* Whoever may approve may have it go on without the keepers that do not answer. */
static void wire_accept(struct daemon *daemon, const struct mn_peer *peer,
                        const struct topology_operator *who,
                        const struct mn_operator_request *request)
{
    struct mn_operator_reply reply = {.request = request->request, .json = "{}", .json_size = 2};
    if (who->role != TOPOLOGY_APPROVE) {
        reply.code = MN_DENIED;
        (void)snprintf(reply.text, sizeof reply.text,
                       "%s may not do that: it takes the role approve", who->name);
    } else if (request->reason[0] == '\0') {
        reply.code = MN_BAD_INPUT;
        (void)snprintf(reply.text, sizeof reply.text, "it takes a reason");
    } else if (!coordinator_daemon_accept(daemon, who, request->reason)) {
        reply.code = MN_STALE;
        (void)snprintf(reply.text, sizeof reply.text,
                       "the coordinator waits for no keeper and holds nothing back; see mneme "
                       "status");
    }
    coordinator_daemon_reply(daemon, peer, who->name, &reply);
}

/* Whoever may approve may have a keeper replaced; he is told how far that is, and asks again. */
static void wire_replace(struct daemon *daemon, const struct mn_peer *peer,
                         const struct topology_operator *who,
                         const struct mn_operator_request *request)
{
    struct mn_operator_reply reply = {.request = request->request};
    struct mn_error error = {{0}};
    if (who->role != TOPOLOGY_APPROVE) {
        reply.code = MN_DENIED;
        mn_error_set(&error, "%s may not do that: it takes the role approve", who->name);
    } else if (request->reason[0] == '\0') {
        reply.code = MN_BAD_INPUT;
        mn_error_set(&error, "it takes a reason");
    } else {
        reply.code = coordinator_daemon_replace(daemon, who, request, &error);
    }
    if (reply.code == MN_OK) {
        struct mn_operator_request how = *request;
        how.command = MN_COMMAND_KEEPERS;
        wire_answer(daemon, peer, who->name, &how);
        return;
    }
    (void)snprintf(reply.text, sizeof reply.text, "%s", error.text);
    coordinator_daemon_reply(daemon, peer, who->name, &reply);
}

static enum mn_step wire_step_of(enum mn_command command)
{
    return command == MN_COMMAND_ADOPT    ? MN_STEP_ADOPT
           : command == MN_COMMAND_REJECT ? MN_STEP_REJECT
                                          : MN_STEP_APPROVE;
}

/* What the core answers comes back as an effect, once it is on record. */
static void wire_step(struct daemon *daemon, const struct mn_peer *peer, uint32_t who,
                      const struct mn_operator_request *request)
{
    struct coordinator_event event = {.kind = COORDINATOR_ON_STEP};
    uint64_t ticket = ++daemon->ticket;
    daemon->steps[ticket % DAEMON_STEP_COUNT_MAX] =
        (struct daemon_step){.ticket = ticket,
                             .request = request->request,
                             .who = who,
                             .adopts = request->command == MN_COMMAND_ADOPT,
                             .vat = request->vat,
                             .peer = *peer};
    event.step.who = who;
    event.step.step = wire_step_of(request->command);
    event.step.vat = request->vat.text;
    event.step.host = request->host.text;
    event.step.store = request->store;
    event.step.round = request->round;
    event.step.plan = request->plan;
    event.step.reason = request->reason;
    event.step.ticket = ticket;
    coordinator_daemon_step(daemon, &event);
}

void coordinator_daemon_answer(struct daemon *daemon, const struct coordinator_effect *effect)
{
    struct daemon_step *step = &daemon->steps[effect->answer.ticket % DAEMON_STEP_COUNT_MAX];
    if (effect->answer.ticket == 0 || step->ticket != effect->answer.ticket) {
        return; /* of another coordinator's time, or too many have asked since */
    }
    const char *name = daemon->topology->operators[step->who].name;
    if (effect->answer.code == MN_OK && step->adopts) {
        struct mn_operator_request how = {
            .request = step->request, .command = MN_COMMAND_ADOPT, .vat = step->vat};
        wire_answer(daemon, &step->peer, name, &how);
        step->ticket = 0;
        return;
    }
    struct mn_operator_reply reply = {.request = step->request, .code = effect->answer.code};
    if (reply.code == MN_OK) {
        reply.json = "{}";
        reply.json_size = 2;
    }
    (void)snprintf(reply.text, sizeof reply.text, "%s", effect->answer.text);
    coordinator_daemon_reply(daemon, &step->peer, name, &reply);
    step->ticket = 0;
}

void coordinator_daemon_from_operator(void *context, struct mn_socket *socket,
                                      const struct mn_message *message)
{
    struct daemon *daemon = context;
    (void)socket;
    uint32_t index = topology_find_operator_key(daemon->topology, message->key);
    if (index == TOPOLOGY_NONE) {
        wire_refuse(&daemon->others_limit, &daemon->refused_others, "unknown", MN_DENIED,
                    "the key of no operator");
        return;
    }
    const char *name = daemon->topology->operators[index].name;
    struct mn_arena arena;
    struct mn_operator_request request;
    mn_arena_init(&arena, WIRE_ARENA_SIZE_MAX);
    mn_result result =
        message->second != NULL
            ? MN_BAD_INPUT
            : mn_operator_request_decode(message->frame, message->frame_size, &arena, &request);
    if (result == MN_OK && request.command == MN_COMMAND_RECALL) {
        wire_accept(daemon, &message->peer, &daemon->topology->operators[index], &request);
    } else if (result == MN_OK && request.command == MN_COMMAND_REPLACE) {
        wire_replace(daemon, &message->peer, &daemon->topology->operators[index], &request);
    } else if (result == MN_OK &&
               (request.command == MN_COMMAND_APPROVE || request.command == MN_COMMAND_REJECT ||
                (request.command == MN_COMMAND_ADOPT && request.adoption == 0))) {
        wire_step(daemon, &message->peer, index, &request);
    } else if (result == MN_OK && request.command == MN_COMMAND_PLAN) {
        coordinator_daemon_plan(daemon, &message->peer, index, &request);
    } else if (result == MN_OK) {
        wire_answer(daemon, &message->peer, name, &request);
    } else {
        wire_refuse(&daemon->others_limit, &daemon->refused_others, name, result,
                    "not a request of an operator");
    }
    mn_arena_deinit(&arena);
}

void coordinator_daemon_dropped(void *context, struct mn_socket *socket,
                                const struct mn_message *message)
{
    static const char text[] = "too many frames or bytes";
    struct daemon *daemon = context;
    uint32_t host = topology_find_host_key(daemon->topology, message->key);
    uint32_t index = topology_find_operator_key(daemon->topology, message->key);
    if (socket == daemon->agents && host != TOPOLOGY_NONE) {
        wire_refuse(&daemon->hosts[host].refused_limit, &daemon->known[host].refused,
                    daemon->topology->hosts[host].name, MN_TOO_LARGE, text);
    } else {
        wire_refuse(&daemon->others_limit, &daemon->refused_others,
                    index != TOPOLOGY_NONE ? daemon->topology->operators[index].name : "unknown",
                    MN_TOO_LARGE, text);
    }
}
