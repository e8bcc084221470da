/* A connection to another process with a short queue. */
#include "outlet.h"

#include <stdlib.h>
#include <string.h>

struct agent_outlet_item {
    struct agent_outlet_item *next;
    mn_time at;
    size_t size;
    unsigned char bytes[];
};

mn_result agent_outlet_open(struct agent_outlet *outlet, struct mn_net *net, const char *endpoint,
                            const char *key, mn_time age_max, mn_receive *receive, void *context,
                            struct mn_error *error)
{
    memset(outlet, 0, sizeof *outlet);
    outlet->net = net;
    outlet->age_max = age_max;
    return mn_dealer_connect(net, endpoint, key, true, 1000, receive, context, &outlet->socket,
                             error);
}

static void outlet_drop_first(struct agent_outlet *outlet)
{
    struct agent_outlet_item *item = outlet->first;
    outlet->first = item->next;
    if (outlet->first == NULL) {
        outlet->last = NULL;
    }
    outlet->bytes -= item->size;
    outlet->count -= 1;
    free(item);
}

void agent_outlet_close(struct agent_outlet *outlet)
{
    while (outlet->first != NULL) {
        outlet_drop_first(outlet);
    }
    if (outlet->socket != NULL) {
        mn_socket_close(outlet->net, &outlet->socket);
    }
}

static mn_result outlet_keep(struct agent_outlet *outlet, const void *bytes, size_t size,
                             mn_time now)
{
    if (outlet->bytes + size > AGENT_OUTLET_BYTES_MAX || outlet->count >= AGENT_OUTLET_COUNT_MAX) {
        return MN_FULL;
    }
    struct agent_outlet_item *item = malloc(sizeof *item + size);
    if (item == NULL) {
        return MN_NO_MEMORY;
    }
    item->next = NULL;
    item->at = now;
    item->size = size;
    memcpy(item->bytes, bytes, size);
    if (outlet->last == NULL) {
        outlet->first = item;
    } else {
        outlet->last->next = item;
    }
    outlet->last = item;
    outlet->bytes += size;
    outlet->count += 1;
    return MN_OK;
}

mn_result agent_outlet_send(struct agent_outlet *outlet, const void *bytes, size_t size,
                            mn_time now)
{
    mn_result result = size <= MN_MESSAGE_SIZE_MAX ? MN_AGAIN : MN_TOO_LARGE;
    if (outlet->socket == NULL) {
        result = MN_NOT_FOUND;
    } else if (result == MN_AGAIN && outlet->first == NULL) {
        result = mn_send(outlet->socket, NULL, bytes, size, NULL, 0);
    }
    if (result == MN_AGAIN) {
        result = outlet_keep(outlet, bytes, size, now);
    }
    outlet->dropped += result != MN_OK ? 1 : 0;
    return result;
}

mn_time agent_outlet_flush(struct agent_outlet *outlet, mn_time now)
{
    while (outlet->first != NULL) {
        const struct agent_outlet_item *item = outlet->first;
        mn_result result = MN_OK;
        bool old = now - item->at > outlet->age_max;
        if (!old) {
            result = mn_send(outlet->socket, NULL, item->bytes, item->size, NULL, 0);
        }
        if (result == MN_AGAIN) {
            return now + AGENT_OUTLET_RETRY_MS * MN_MS;
        }
        outlet->dropped += old || result != MN_OK ? 1 : 0;
        outlet_drop_first(outlet);
    }
    return MN_TIME_NEVER;
}
