/* One crash at every effect of every process of a small run.
 *
 * A first run without the crash counts the effects of each process; then each of them is the place
 * of one crash in a run of its own, checked by the observer and until all is well again. The
 * coordinator's disk is only whole: most of these runs have no keepers, so without its journal it
 * would have forgotten, and nobody would know better. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/check.h"
#include "base/ids.h"
#include "swarm/swarm.h"

enum {
    EXHAUST_JOBS_MAX = 64,
    EXHAUST_WHO_MAX = 64,
    EXHAUST_FROM_MS = 200 /* by then the vats of these runs are up */
};

struct exhaust {
    struct swarm_script script;
    const char *path;
    const char *out;
    uint64_t every;
    unsigned jobs;
    struct swarm_child children[EXHAUST_JOBS_MAX];
    struct sim_crash crashes[EXHAUST_JOBS_MAX];
    unsigned running;
    uint64_t points;
    uint64_t runs;
    uint64_t failed;
};

static const char *file_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static void show_failure_at(struct exhaust *exhaust, const struct sim_crash *crash,
                            const char *failure)
{
    char path[1024];
    struct mn_error error = {.text = ""};
    const char *name = file_of(exhaust->path);
    exhaust->failed += 1;
    (void)snprintf(path, sizeof path, "%s/%.*s-%u-%" PRIu64 "-%s.sim", exhaust->out,
                   (int)strcspn(name, "."), name, crash->who, crash->effect,
                   crash->lose ? "empty" : "whole");
    exhaust->script.faults.crash = *crash;
    (void)snprintf(exhaust->script.about, sizeof exhaust->script.about, "%.500s", failure);
    printf("FAILED: %s\n", failure);
    if (swarm_script_write(&exhaust->script, path, &error) == MN_OK) {
        printf("  build/bin/sim --replay %s\n", path);
    } else {
        printf("  %s\n", error.text);
    }
}

static void take_one(struct exhaust *exhaust)
{
    int status = 0;
    unsigned place = 0;
    struct sim_result result;
    pid_t ended = waitpid(-1, &status, 0);
    while (place < exhaust->running && exhaust->children[place].pid != ended) {
        place += 1;
    }
    mn_assert(place < exhaust->running);
    swarm_finish(&exhaust->children[place], status, &result);
    if (result.failure[0] != '\0') {
        show_failure_at(exhaust, &exhaust->crashes[place], result.failure);
    }
    exhaust->running -= 1;
    exhaust->children[place] = exhaust->children[exhaust->running];
    exhaust->crashes[place] = exhaust->crashes[exhaust->running];
}

static void run_one(struct exhaust *exhaust, struct sim_crash crash)
{
    if (exhaust->running == exhaust->jobs) {
        take_one(exhaust);
    }
    exhaust->runs += 1;
    exhaust->script.faults.crash = crash;
    exhaust->crashes[exhaust->running] = crash;
    swarm_start(&exhaust->children[exhaust->running], &exhaust->script);
    exhaust->running += 1;
}

/* All crashes of one script: each process's effects after `first` up to `last`. */
static void run_all(struct exhaust *exhaust, const uint64_t *first, const uint64_t *last,
                    uint32_t count)
{
    uint64_t next = 0;
    for (uint32_t who = 0; who < count; who++) {
        for (uint64_t effect = first[who] + 1; effect <= last[who]; effect++) {
            if (next++ % exhaust->every != 0) {
                continue;
            }
            exhaust->points += 1;
            run_one(exhaust, (struct sim_crash){.who = who, .effect = effect});
            if (who > 0) {
                run_one(exhaust, (struct sim_crash){.who = who, .effect = effect, .lose = true});
            }
        }
    }
    while (exhaust->running > 0) {
        take_one(exhaust);
    }
}

static void note_effects(const struct sim *sim, uint64_t *effects, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        effects[i] = sim_effect_count(sim, i);
    }
}

/* A script without faults is about the very start; otherwise that is left to those. */
static void run_script(struct exhaust *exhaust)
{
    const struct sim_config *config = &exhaust->script.config;
    uint64_t first[EXHAUST_WHO_MAX] = {0};
    uint64_t last[EXHAUST_WHO_MAX] = {0};
    uint32_t count = 1 + sim_config_hosts(config) + (uint32_t)config->vats;
    mn_assert(count <= EXHAUST_WHO_MAX);
    struct sim *sim = sim_new(config, &exhaust->script.faults);
    bool fine = true;
    if (exhaust->script.faults.count > 0) {
        fine = sim_run_until(sim, EXHAUST_FROM_MS * MN_MS);
        note_effects(sim, first, count);
    }
    fine = fine && sim_run_until(sim, config->faults_ms * MN_MS);
    note_effects(sim, last, count);
    sim_destroy(&sim);
    if (fine) {
        run_all(exhaust, first, last, count);
    } else {
        printf("FAILED: %s without any crash\n", exhaust->path);
        exhaust->failed += 1;
    }
}

bool swarm_exhaust(char *const *paths, int path_count, uint64_t every, unsigned jobs,
                   const char *out)
{
    struct exhaust exhaust = {.every = every, .jobs = jobs, .out = out};
    mn_assert(jobs >= 1 && jobs <= EXHAUST_JOBS_MAX);
    for (int i = 0; i < path_count; i++) {
        struct mn_error error = {.text = ""};
        exhaust.path = paths[i];
        if (swarm_script_read(&exhaust.script, paths[i], &error) != MN_OK) {
            printf("FAILED: %s\n", error.text);
            exhaust.failed += 1;
            continue;
        }
        uint64_t points = exhaust.points;
        uint64_t runs = exhaust.runs;
        uint64_t failed = exhaust.failed;
        run_script(&exhaust);
        printf("%s: %" PRIu64 " crash points, %" PRIu64 " runs, %" PRIu64 " failed\n", paths[i],
               exhaust.points - points, exhaust.runs - runs, exhaust.failed - failed);
        (void)fflush(stdout);
        swarm_script_deinit(&exhaust.script);
    }
    printf("%" PRIu64 " crash points, %" PRIu64 " runs, %" PRIu64 " failed\n", exhaust.points,
           exhaust.runs, exhaust.failed);
    return exhaust.failed == 0;
}
