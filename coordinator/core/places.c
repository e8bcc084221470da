/* Where a vat is restored: a running vat stays where it is, and so does one whose host is fine. A
 * vat whose host is lost goes to a host that is up: first those that hold most of the chain, then
 * those with the fewest vats, then the first in the topology. */
#include "base/check.h"
#include "coordinator_private.h"

bool places_usable(const struct coordinator *coordinator, uint32_t host)
{
    enum detector_state state = detector_host_state(coordinator->detector, host);
    return coordinator->hosts[host].known && (state == DETECTOR_UP || state == DETECTOR_STALE);
}

static bool link_at(const struct ledger_link *link, uint32_t host)
{
    for (size_t i = 0; i < link->store_count; i++) {
        if (link->stores[i] == host) {
            return true;
        }
    }
    return false;
}

/* How many checkpoints of the chain the host holds. */
static size_t links_held(const struct ledger_link *links, size_t link_count, uint32_t host)
{
    size_t held = 0;
    for (size_t i = 0; i < link_count; i++) {
        held += link_at(&links[i], host) ? 1 : 0;
    }
    return held;
}

/* The best of those that hold anything; few do. TOPOLOGY_NONE: none of them is up. */
static uint32_t choose_holder(const struct coordinator *coordinator,
                              const struct ledger_link *links, size_t link_count,
                              const uint32_t *load)
{
    uint32_t best = TOPOLOGY_NONE;
    size_t best_held = 0;
    for (size_t i = 0; i < link_count; i++) {
        for (size_t k = 0; k < links[i].store_count; k++) {
            uint32_t host = links[i].stores[k]; /* a host's store has its number */
            if (host == best || !places_usable(coordinator, host)) {
                continue;
            }
            size_t held = links_held(links, link_count, host);
            bool before = host < best;
            bool lighter = best != TOPOLOGY_NONE &&
                           (load[host] < load[best] || (load[host] == load[best] && before));
            if (held > best_held || (held == best_held && lighter)) {
                best = host;
                best_held = held;
            }
        }
    }
    return best;
}

uint32_t places_choose(const struct coordinator *coordinator, uint32_t vat,
                       const struct ledger_link *links, size_t link_count, const uint32_t *load)
{
    uint32_t own = coordinator->vats[vat].host;
    if (!hosts_lost(coordinator, own)) {
        return own;
    }
    uint32_t best = choose_holder(coordinator, links, link_count, load);
    if (best != TOPOLOGY_NONE) {
        return best;
    }
    for (uint32_t host = 0; host < coordinator->host_count; host++) {
        bool lighter = best == TOPOLOGY_NONE || load[host] < load[best];
        if (lighter && places_usable(coordinator, host)) {
            best = host;
        }
    }
    return best;
}

uint32_t places_holder(const struct coordinator *coordinator, const struct ledger_link *link,
                       uint32_t host)
{
    if (link_at(link, host)) {
        return host;
    }
    for (size_t i = 0; i < link->store_count; i++) {
        if (places_usable(coordinator, link->stores[i])) {
            return link->stores[i];
        }
    }
    return TOPOLOGY_NONE;
}
