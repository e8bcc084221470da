/* G8 in doubt, hold. No decision is made by a coordinator that has been cut off from most of the
 * hosts for long, and none takes a host for lost that has been fine for long. */
#include "observer/observer_private.h"

static bool is_lost(const struct mn_journal_decision *decision, const char *name)
{
    struct mn_name host = mn_name_of(name);
    for (uint32_t i = 0; i < decision->lost_host_count; i++) {
        if (mn_name_equal(&decision->lost_hosts[i], &host)) {
            return true;
        }
    }
    return false;
}

void g8_decided(struct observer *observer, const struct mn_journal_decision *decision)
{
    mn_time wait = (observer->topology->timing.lost_ms * 2 + 1000) * MN_MS;
    uint32_t living = 0;
    uint32_t away = 0;
    for (uint32_t i = 0; i < observer->host_count; i++) {
        struct observer_host host = observer->ask(observer->context, i);
        const char *name = observer->topology->hosts[i].name;
        bool fine = host.up && host.agent && host.reached;
        bool long_so = host.since + wait < observer->written;
        if (fine && long_so && is_lost(decision, name)) {
            observer_fail(observer, "G8",
                          "round %llu takes %s for lost, which has been fine all "
                          "the time",
                          (unsigned long long)decision->round, name);
        }
        living += host.up ? 1 : 0;
        away += host.up && !host.reached && long_so ? 1 : 0;
    }
    if (living > 1 && away == living) {
        observer_fail(observer, "G8", "round %llu is decided by a coordinator that is cut off",
                      (unsigned long long)decision->round);
    }
}
