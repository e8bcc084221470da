/* Runs, one after the other or side by side. */
#include "scenario/runs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct sim_tree *run_tree(const struct scenario *scenario, int64_t seed)
{
    struct sim_config config = scenario->config;
    config.seed = seed;
    return scenario->tree != NULL ? sim_tree_copy(scenario->tree) : sim_tree_even(&config);
}

void run_here(const struct scenario *scenario, int64_t seed, void (*progress)(mn_time now),
              struct record *record, struct facts *facts)
{
    struct sim_config config = scenario->config;
    struct sim_faults faults;
    struct sim_result result;
    struct sim_tree *tree = run_tree(scenario, seed);
    config.seed = seed;
    scenario_faults(scenario, seed, &faults);
    record_init(record, tree->host_count, tree->vat_count);
    record->progress = progress;
    struct sim *sim = sim_new_on(&config, tree, &faults);
    sim_record_to(sim, record_see, record);
    sim_run(sim, &result);
    sim_destroy(&sim);
    sim_tree_destroy(&tree);
    sim_faults_deinit(&faults);
    record_facts(record, &result, seed, facts);
}

/* ---- many ------------------------------------------------------------------------------------ */

struct child {
    pid_t pid;
    size_t index;
};

struct many {
    const struct scenario *scenario;
    int64_t seed;
    struct facts *shared; /* memory that all processes see */
    struct child *children;
    size_t running;
};

static mn_result start_child(struct many *many, size_t index)
{
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid < 0) {
        return mn_result_from_errno(errno);
    }
    if (pid == 0) {
        struct record record;
        struct facts facts = {0};
        run_here(many->scenario, many->seed + (int64_t)index, NULL, &record, &facts);
        many->shared[index] = facts;
        _exit(0);
    }
    many->children[many->running++] = (struct child){.pid = pid, .index = index};
    return MN_OK;
}

static void end_child(struct many *many)
{
    int status = 0;
    pid_t ended = waitpid(-1, &status, 0);
    for (size_t i = 0; i < many->running; i++) {
        if (many->children[i].pid != ended) {
            continue;
        }
        size_t index = many->children[i].index;
        if (status != 0) {
            struct facts *facts = &many->shared[index];
            *facts = (struct facts){.seed = many->seed + (int64_t)index};
            facts->values[FACT_broken] = 1;
            (void)snprintf(facts->failure, sizeof facts->failure, "crash: signal %d",
                           WIFSIGNALED(status) ? WTERMSIG(status) : 0);
        }
        many->children[i] = many->children[--many->running];
        return;
    }
}

mn_result run_many(const struct scenario *scenario, int64_t seed, size_t count, size_t jobs,
                   void (*progress)(size_t done, size_t count), struct facts *facts)
{
    size_t size = count * sizeof *facts;
    mn_result result = MN_OK;
    size_t next = 0;
    struct many many = {.scenario = scenario, .seed = seed};
    void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        return mn_result_from_errno(errno);
    }
    many.shared = shared;
    many.children = calloc(jobs, sizeof *many.children);
    result = many.children == NULL ? MN_NO_MEMORY : MN_OK;
    while ((result == MN_OK && next < count) || many.running > 0) {
        if (result == MN_OK && next < count && many.running < jobs) {
            result = start_child(&many, next);
            next += result == MN_OK ? 1 : 0;
        } else {
            end_child(&many);
            if (progress != NULL) {
                progress(next - many.running, count);
            }
        }
    }
    if (result == MN_OK) {
        memcpy(facts, many.shared, size);
    }
    free(many.children);
    (void)munmap(shared, size);
    return result;
}
