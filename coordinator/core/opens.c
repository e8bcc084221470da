/* Open intervals after the decision that weighed them. They are over for the ledger then, but to
 * forget those of a whole cluster takes longer than to say the decision, and whoever is told waits
 * for the next step. So it begins a heartbeat later, some vats at a time.
 *
 * Invariant: nothing is collected or decided while the ledger has an open interval that is over. */
#include "coordinator_private.h"

enum { OPENS_VAT_COUNT = 4096 };

static void opens_forget(struct coordinator *coordinator, uint32_t count)
{
    count = count < coordinator->opens_over ? count : coordinator->opens_over;
    ledger_forget_opens(coordinator->ledger, coordinator->vat_count - coordinator->opens_over,
                        count);
    coordinator->opens_over -= count;
}

void opens_weighed(struct coordinator *coordinator)
{
    coordinator->opens_over = coordinator->vat_count;
    coordinator->opens_at = coordinator->now + coordinator_heartbeat(coordinator);
}

void opens_tick(struct coordinator *coordinator)
{
    if (coordinator->now >= coordinator->opens_at) {
        opens_forget(coordinator, OPENS_VAT_COUNT);
    }
}

void opens_end(struct coordinator *coordinator)
{
    opens_forget(coordinator, coordinator->opens_over);
}

mn_time opens_deadline(const struct coordinator *coordinator)
{
    return coordinator->opens_over > 0 ? coordinator->opens_at : MN_TIME_NEVER;
}
