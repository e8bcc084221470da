/* Where each vat is. Agents ask once and are told again whenever it changes; what is lost on the
 * way they ask for again. */
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "coordinator_private.h"

static void address_say(struct coordinator *coordinator, uint32_t host, uint32_t vat)
{
    const struct vat_entry *entry = &coordinator->vats[vat];
    struct mn_down *down = coordinator_say(coordinator, host, MN_DOWN_ADDRESS);
    if (down == NULL) {
        return;
    }
    down->address.vat = coordinator_vat_id(coordinator, vat);
    down->address.run = entry->run;
    down->address.incarnation = entry->incarnation;
    down->address.host = coordinator_host_id(coordinator, entry->host);
    if (entry->endpoint != NULL) {
        memcpy(down->address.endpoint.text, entry->endpoint, strlen(entry->endpoint) + 1);
    }
}

void addresses_lookup(struct coordinator *coordinator, uint32_t host, const struct mn_name *name)
{
    uint32_t vat = coordinator_find_vat(coordinator, name);
    if (vat == TOPOLOGY_NONE) {
        coordinator_refuse(coordinator, host, "a look-up of a vat that is not in the topology");
        return;
    }
    struct vat_entry *entry = &coordinator->vats[vat];
    size_t at = 0;
    while (at < entry->watcher_count && entry->watchers[at] != host) {
        at += 1;
    }
    if (at == entry->watcher_count) {
        mn_result result =
            mn_grow(&entry->watchers, &entry->watcher_capacity, entry->watcher_count + 1,
                    sizeof *entry->watchers, MN_HOST_COUNT_MAX);
        if (!coordinator_fine(coordinator, result)) {
            return;
        }
        entry->watchers[entry->watcher_count++] = host;
    }
    address_say(coordinator, host, vat);
}

void addresses_set(struct coordinator *coordinator, uint32_t vat, const char *endpoint)
{
    struct vat_entry *entry = &coordinator->vats[vat];
    const char *known = entry->endpoint != NULL ? entry->endpoint : "";
    bool same_run = entry->told_run == entry->run;
    if (same_run && strcmp(known, endpoint) == 0) {
        return;
    }
    char *copy = NULL;
    if (endpoint[0] != '\0') {
        size_t size = strlen(endpoint) + 1;
        copy = malloc(size);
        if (copy == NULL) {
            coordinator_fail(coordinator, MN_NO_MEMORY);
            return;
        }
        memcpy(copy, endpoint, size);
    }
    free(entry->endpoint);
    entry->endpoint = copy;
    entry->told_run = entry->run;
    for (size_t i = 0; i < entry->watcher_count; i++) {
        if (!hosts_lost(coordinator, entry->watchers[i])) {
            address_say(coordinator, entry->watchers[i], vat);
        }
    }
}
