/* The case partition: rack r2 is cut off from everybody and its vats run on there, while others are
 * restored in their place. When it is back there are two lives of each, of which the cluster must
 * never believe but one: the former ones are stopped, and what they did is set aside. */
#include <signal.h>
#include <string.h>

#include "demo/demo.h"
#include "net/net.h"

enum { PARTITION_MS = 10000, PARTITION_BRIEF_MS = 3000 };

static int partition_running(const struct demo *demo)
{
    int count = 0;
    for (int i = 0; i < DEMO_VAT_COUNT; i++) {
        bool former = demo_on_lost_rack(demo->vats[i].host) && demo->vats[i].first_pid > 0;
        count += former && kill(demo->vats[i].first_pid, 0) == 0 ? 1 : 0;
    }
    return count;
}

/* From where the lives that are believed went on: what the former ones did above that is theirs. */
static void partition_note_kept(struct demo *demo)
{
    json_t *rounds = demo_ask(demo, "rounds");
    json_t *newest = NULL;
    size_t index = 0;
    const json_t *row = NULL;
    (void)demo_newest_round(rounds, &newest);
    json_array_foreach(json_object_get(newest, "restored"), index, row)
    {
        const char *name = json_string_value(json_object_get(row, "vat"));
        for (int i = 0; name != NULL && i < DEMO_VAT_COUNT; i++) {
            if (strcmp(demo->vats[i].name, name) == 0) {
                demo->vats[i].kept = json_integer_value(json_object_get(row, "keep"));
            }
        }
    }
    json_decref(rounds);
}

static bool partition_back(struct demo *demo)
{
    demo->former.shown = demo_aside_count(demo);
    return partition_running(demo) == 0 && demo_all_up(demo) && demo_all_set_aside(demo) &&
           demo->former.shown == demo->former.running;
}

bool demo_partition(struct demo *demo)
{
    demo->killed_at = mn_now();
    mn_time end = demo->killed_at + (demo->brief ? PARTITION_BRIEF_MS : PARTITION_MS) * MN_MS;
    if (!demo_net_cut(&demo->net, true)) {
        mn_error_set(&demo->error, "rack r2 could not be cut off");
        return false;
    }
    demo_tell(demo,
              "rack r2 is cut off%s: nothing passes to or from h3 and h4; their 4 vats run on",
              demo->net.relayed ? " (by a relay)" : "");
    if (!demo_wait(demo, demo_round_done, "a round that is done, without r2")) {
        return false;
    }
    demo_tell(demo, "the vats of r2 are restored on the other racks, while they run on in r2");
    partition_note_kept(demo);
    if (end > mn_now() && !demo_work(demo, (end - mn_now()) / MN_MS)) {
        return false;
    }
    demo->former.running = partition_running(demo);
    demo->former.believed += demo_believed(demo);
    if (!demo_net_cut(&demo->net, false)) {
        mn_error_set(&demo->error, "rack r2 could not be connected again");
        return false;
    }
    demo_tell(demo, "rack r2 is back, with %d vats whose lives went on elsewhere",
              demo->former.running);
    if (!demo_wait(demo, partition_back, "r2 up again, its former lives stopped and set aside")) {
        return false;
    }
    demo->former.believed += demo_believed(demo);
    demo_tell(demo, "its former lives are stopped and set aside");
    return true;
}
