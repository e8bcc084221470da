/* Opening and closing a vat, and the calls that only check their arguments and pass them on. */
#include "mneme.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mneme_private.h"

_Static_assert((int)MNEME_NO_MEMORY == (int)MN_NO_MEMORY, "one list of codes");
_Static_assert((int)MNEME_FULL == (int)MN_FULL, "one list of codes");
_Static_assert((int)MNEME_BAD_INPUT == (int)MN_BAD_INPUT, "one list of codes");
_Static_assert((int)MNEME_TOO_LARGE == (int)MN_TOO_LARGE, "one list of codes");
_Static_assert((int)MNEME_NOT_FOUND == (int)MN_NOT_FOUND, "one list of codes");
_Static_assert((int)MNEME_CORRUPT == (int)MN_CORRUPT, "one list of codes");
_Static_assert((int)MNEME_IO == (int)MN_IO, "one list of codes");
_Static_assert((int)MNEME_AGAIN == (int)MN_AGAIN, "one list of codes");
_Static_assert((int)MNEME_PAYLOAD_SIZE_MAX == (int)MN_PAYLOAD_SIZE_MAX, "one list of limits");
_Static_assert((int)MNEME_BLOB_SIZE_MAX == (int)MN_BLOB_SIZE_MAX, "one list of limits");
_Static_assert((int)MNEME_NAME_SIZE_MAX == (int)MN_NAME_SIZE_MAX, "one list of limits");
_Static_assert((int)MNEME_REVIVED == (int)MN_REVIVED, "one list of outcomes");
_Static_assert((int)MNEME_ROLLED_BACK == (int)MN_ROLLED_BACK, "one list of outcomes");
_Static_assert((int)MNEME_RESET == (int)MN_RESET, "one list of outcomes");

enum { EXIT_FAILED = 1, EXIT_CORRUPT = 3 };

void mneme_say(const struct mneme *vat, const char *text)
{
    (void)fprintf(stderr, "mneme: vat %s: %s\n", vat->name.text, text);
}

const char *mneme_text(int result)
{
    return mn_result_text((mn_result)result);
}

int mneme_exit_code(int result)
{
    if (result == MNEME_OK) {
        return 0;
    }
    return result == MNEME_CORRUPT ? EXIT_CORRUPT : EXIT_FAILED;
}

/* Who this process is, from the environment that its agent gave it. */
static mn_result open_environment(struct mneme *vat)
{
    const char *name = getenv("MNEME_VAT");
    const char *agent = getenv("MNEME_AGENT");
    if (name == NULL || !mn_name_set(&vat->name, name, strlen(name))) {
        (void)fprintf(stderr,
                      "mneme: MNEME_VAT is %s, expected this vat's name; vats are started "
                      "by the agent of their host, not by hand\n",
                      name == NULL ? "not set" : "no name");
        return MN_BAD_INPUT;
    }
    if (agent == NULL || agent[0] == '\0' || strlen(agent) >= sizeof vat->agent_endpoint) {
        mneme_say(vat, "MNEME_AGENT is not set to the endpoint of this host's agent; vats are "
                       "started by the agent of their host, not by hand");
        return MN_BAD_INPUT;
    }
    memcpy(vat->agent_endpoint, agent, strlen(agent) + 1);
    return MN_OK;
}

static mn_result open_agent(struct mneme *vat, struct mn_error *error)
{
    return mn_dealer_connect(vat->net, vat->agent_endpoint, "", true, MNEME_RECONNECT_MS_MAX,
                             mneme_on_agent, vat, &vat->agent, error);
}

/* Ask the agent which life this is. */
static mn_result open_life(struct mneme *vat, struct mn_error *error)
{
    struct mn_from_vat attach = {.kind = MN_FROM_VAT_ATTACH};
    attach.attach.vat = vat->name;
    attach.attach.pid = (uint32_t)getpid();
    mn_time end = mn_now() + MNEME_OPEN_MS_MAX * MN_MS;
    mn_time again = 0;
    while (!vat->has_life) {
        mn_time now = mn_now();
        if (vat->ended) {
            mn_error_set(error, "the agent at %s does not let this process be the vat: %s",
                         vat->agent_endpoint, vat->end_reason);
            return MN_BAD_INPUT;
        }
        if (vat->ending || now >= end) {
            mn_error_set(error,
                         "the agent at %s did not say which life this is within %d s; see "
                         "whether it runs",
                         vat->agent_endpoint, MNEME_OPEN_MS_MAX / 1000);
            return MN_AGAIN;
        }
        if (now >= again) {
            mn_result said = mneme_tell_agent(vat, &attach);
            if (said != MN_OK && said != MN_AGAIN) {
                mn_error_set(error, "cannot speak to the agent at %s: %s", vat->agent_endpoint,
                             mn_result_text(said));
                return said;
            }
            /* Until the connection is there, nothing was said. */
            again = now + (said == MN_OK ? MNEME_ATTACH_MS : 2) * MN_MS;
        }
        mn_result result = mn_net_run(vat->net, again < end ? again : end);
        if (result != MN_OK) {
            mn_error_set(error, "cannot wait for the agent: %s", mn_result_text(result));
            return result;
        }
        while (!vat->has_life && mneme_feed(vat)) {
        }
    }
    if (!mn_name_equal(&vat->life.vat, &vat->name)) {
        mn_error_set(error, "the agent at %s speaks of vat %s", vat->agent_endpoint,
                     vat->life.vat.text);
        return MN_BAD_INPUT;
    }
    return MN_OK;
}

static bool allow_hosts(void *context, const char *domain, const char *key)
{
    (void)domain;
    const struct mneme *vat = context;
    for (uint32_t i = 0; i < vat->life.host_key_count; i++) {
        if (strcmp(vat->life.host_keys[i], key) == 0) {
            return true;
        }
    }
    return false;
}

static void on_agent_connected(void *context)
{
    struct mneme *vat = context;
    if (vat->core != NULL) {
        vat_connected(vat->core, mn_now());
    }
}

/* The connections of a vat that has a life: they need the host's key, which only the agent knows
 * where to find, so those that asked for the life were others. */
static mn_result open_net(struct mneme *vat, struct mn_endpoint *bound, struct mn_error *error)
{
    mn_socket_close(vat->net, &vat->agent);
    mn_net_destroy(&vat->net);
    mneme_inbox_clear(vat);
    struct mn_keys keys = {.public_key = ""};
    bool plain = vat->life.key_file[0] == '\0';
    mn_result result = MN_OK;
    if (!plain) {
        result = mn_keys_read(&keys, vat->life.key_file, error);
    }
    if (result == MN_OK) {
        result =
            mn_net_new(&vat->net, plain ? NULL : &keys, plain ? NULL : allow_hosts, vat, error);
    }
    if (result == MN_OK) {
        result = mneme_watch_signals(vat);
    }
    if (result == MN_OK) {
        result = open_agent(vat, error);
    }
    if (result == MN_OK) {
        result = mn_on_connected(vat->agent, on_agent_connected, vat, error);
    }
    if (result == MN_OK) {
        result = mn_router_bind(vat->net, vat->life.address.text, "vat", mneme_on_inbound, vat,
                                bound->text, sizeof bound->text, &vat->router, error);
    }
    explicit_bzero(&keys, sizeof keys);
    return result;
}

/* The first word on the second connection to the agent, which takes a moment to be there. An agent
 * that is away meanwhile asks who we are when it is back. */
static mn_result open_attached(struct mneme *vat, struct mn_error *error)
{
    mn_time end = mn_now() + MNEME_CONNECT_MS_MAX * MN_MS;
    while (vat->attach_waits && mn_now() < end) {
        mn_result result = mn_net_run(vat->net, mn_now() + MN_MS);
        if (result != MN_OK) {
            mn_error_set(error, "cannot wait for the agent: %s", mn_result_text(result));
            return result;
        }
        vat->attach_waits = mneme_tell_agent(vat, &vat->attach) == MN_AGAIN;
    }
    return MN_OK;
}

static mn_result open_all(struct mneme *vat, struct mn_error *error)
{
    vat->signals = mn_signals_open();
    if (vat->signals < 0) {
        mn_error_set(error, "cannot handle signals; see the limit of open files");
        return MN_IO;
    }
    mn_result result = mn_net_new(&vat->net, NULL, NULL, NULL, error);
    if (result == MN_OK) {
        result = mneme_watch_signals(vat);
    }
    if (result == MN_OK) {
        result = open_agent(vat, error);
    }
    if (result == MN_OK) {
        result = open_life(vat, error);
    }
    if (result == MN_OK) {
        result = mneme_restore(vat, error);
    }
    struct vat_event start = {.kind = VAT_EVENT_START};
    if (result == MN_OK) {
        result = open_net(vat, &start.start.endpoint, error);
    }
    if (result == MN_OK) {
        start.start.pid = (uint32_t)getpid();
        mneme_step(vat, &start);
        result = vat->broken;
    }
    return result == MN_OK ? open_attached(vat, error) : result;
}

int mneme_open(struct mneme **out)
{
    struct mneme *vat = calloc(1, sizeof *vat);
    if (vat == NULL) {
        return MNEME_NO_MEMORY;
    }
    vat->signals = -1;
    vat->last = &vat->first;
    struct mn_error error = {.text = ""};
    mn_result result = open_environment(vat);
    if (result == MN_OK) {
        result = open_all(vat, &error);
        if (result != MN_OK) {
            mneme_say(vat, error.text[0] == '\0' ? mn_result_text(result) : error.text);
        }
    }
    if (result != MN_OK) {
        mneme_close(&vat);
        return (int)result;
    }
    *out = vat;
    return MNEME_OK;
}

void mneme_close(struct mneme **out)
{
    struct mneme *vat = *out;
    if (vat == NULL) {
        return;
    }
    mneme_peers_close(vat);
    if (vat->net != NULL) {
        mn_socket_close(vat->net, &vat->agent);
        mn_socket_close(vat->net, &vat->router);
    }
    mn_net_destroy(&vat->net);
    if (vat->signals >= 0) {
        (void)close(vat->signals);
    }
    mneme_inbox_clear(vat);
    vat_effects_deinit(&vat->effects);
    vat_destroy(&vat->core);
    mn_buffer_deinit(&vat->out);
    mn_arena_deinit(&vat->frame_arena);
    mn_arena_deinit(&vat->life_arena);
    free(vat);
    *out = NULL;
}

int mneme_send(struct mneme *vat, const char *peer, const void *bytes, size_t size)
{
    struct mn_name name;
    if (!mn_name_set(&name, peer, strlen(peer))) {
        return MNEME_BAD_INPUT;
    }
    mn_result result = vat_send(vat->core, mn_now(), &name, bytes, size);
    if (result == MN_OK) {
        vat->statistics.messages_sent += 1;
    }
    return (int)result;
}

int mneme_blob_put(struct mneme *vat, const char *name, const void *bytes, size_t size)
{
    struct mn_name key;
    if (!mn_name_set(&key, name, strlen(name))) {
        return MNEME_BAD_INPUT;
    }
    return (int)blobs_put(vat_blobs(vat->core), &key, bytes, size);
}

int mneme_blob_get(const struct mneme *vat, const char *name, const void **bytes, size_t *size)
{
    struct mn_name key;
    if (!mn_name_set(&key, name, strlen(name))) {
        return MNEME_BAD_INPUT;
    }
    return (int)blobs_get(vat_blobs(vat->core), &key, bytes, size);
}

int mneme_blob_delete(struct mneme *vat, const char *name)
{
    struct mn_name key;
    if (!mn_name_set(&key, name, strlen(name))) {
        return MNEME_BAD_INPUT;
    }
    return (int)blobs_delete(vat_blobs(vat->core), &key);
}

int mneme_lease(struct mneme *vat, int needed_ms)
{
    if (needed_ms < 0) {
        return MNEME_BAD_INPUT;
    }
    mn_time now = mn_now();
    mn_time until = vat_lease(vat->core, now);
    bool runs = !vat->ended && vat->broken == MN_OK && until > now;
    return runs && until - now >= needed_ms * MN_MS ? MNEME_OK : MNEME_AGAIN;
}

uint32_t mneme_run(const struct mneme *vat)
{
    return vat_run(vat->core);
}

const char *mneme_name(const struct mneme *vat)
{
    return vat->name.text;
}
