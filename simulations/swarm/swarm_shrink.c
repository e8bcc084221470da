/* Making a failing run smaller: fewer faults (Zeller, "delta debugging"), shorter ones, a smaller
 * and simpler cluster; as long as it fails in the same way. */
#include <string.h>

#include "swarm/swarm.h"

struct shrinker {
    struct swarm_script *script;
    const char *failure;
    unsigned runs;
};

/* Whether @script still fails so; then it is taken over. It is given back otherwise. */
static bool shrink_try(struct shrinker *shrinker, struct swarm_script *script)
{
    struct sim_result result;
    if (shrinker->runs == 0) {
        swarm_script_deinit(script);
        return false;
    }
    shrinker->runs -= 1;
    swarm_run(script, &result);
    if (result.failure[0] == '\0' || !swarm_same(shrinker->failure, result.failure)) {
        swarm_script_deinit(script);
        return false;
    }
    swarm_script_deinit(shrinker->script);
    *shrinker->script = *script;
    return true;
}

static bool without_faults(struct shrinker *shrinker, size_t first, size_t count)
{
    struct swarm_script tried;
    swarm_script_copy(&tried, shrinker->script);
    tried.faults.count = 0;
    for (size_t i = 0; i < shrinker->script->faults.count; i++) {
        if (i < first || i >= first + count) {
            sim_faults_add(&tried.faults, shrinker->script->faults.items[i]);
        }
    }
    return shrink_try(shrinker, &tried);
}

static void fewer_faults(struct shrinker *shrinker)
{
    size_t part = (shrinker->script->faults.count + 1) / 2;
    while (part > 0) {
        size_t first = 0;
        while (first < shrinker->script->faults.count) {
            if (!without_faults(shrinker, first, part)) {
                first += part;
            }
        }
        part /= 2;
    }
}

static void shorter_faults(struct shrinker *shrinker)
{
    for (size_t i = 0; i < shrinker->script->faults.count; i++) {
        bool shorter = true;
        while (shorter && shrinker->script->faults.items[i].for_ms > 100) {
            struct swarm_script tried;
            swarm_script_copy(&tried, shrinker->script);
            tried.faults.items[i].for_ms /= 2;
            shorter = shrink_try(shrinker, &tried);
        }
    }
}

static bool with_setting(struct shrinker *shrinker, const char *name, int64_t value)
{
    struct swarm_script tried;
    swarm_script_copy(&tried, shrinker->script);
    if (!sim_config_set(&tried.config, name, value)) {
        swarm_script_deinit(&tried);
        return false;
    }
    return shrink_try(shrinker, &tried);
}

static void shorter_run(struct shrinker *shrinker)
{
    int64_t last = 1000;
    for (size_t i = 0; i < shrinker->script->faults.count; i++) {
        const struct sim_fault *fault = &shrinker->script->faults.items[i];
        int64_t over = fault->at_ms + fault->for_ms + 1000;
        last = over > last ? over : last;
    }
    if (last < shrinker->script->config.faults_ms) {
        (void)with_setting(shrinker, "faults_ms", last);
    }
}

static void simpler_cluster(struct shrinker *shrinker)
{
    const struct sim_config *config = &shrinker->script->config;
    while (config->vats > 2 && with_setting(shrinker, "vats", config->vats - 1)) {
    }
    (void)with_setting(shrinker, "racks", 1);
    (void)with_setting(shrinker, "hosts", 1);
#define SHRINK_TO_DEFAULT(name, standard, ...)                                                     \
    if (config->name != (standard) && strcmp(#name, "seed") != 0 && strcmp(#name, "vats") != 0 &&  \
        strcmp(#name, "faults_ms") != 0) {                                                         \
        (void)with_setting(shrinker, #name, (standard));                                           \
    }
    SIM_SETTINGS(SHRINK_TO_DEFAULT)
#undef SHRINK_TO_DEFAULT
}

void swarm_shrink(struct swarm_script *script, const char *failure, unsigned runs)
{
    struct shrinker shrinker = {.script = script, .failure = failure, .runs = runs};
    fewer_faults(&shrinker);
    shorter_run(&shrinker);
    simpler_cluster(&shrinker);
    fewer_faults(&shrinker);
    shorter_faults(&shrinker);
    shorter_run(&shrinker);
}
