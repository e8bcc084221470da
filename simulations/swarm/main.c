/* The simulator's command: a swarm of seeds, one run again, or the runs that once failed. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "swarm/swarm.h"

enum {
    JOBS_MAX = 64,
    SHRINK_RUNS = 150,
    SHRINK_COUNT = 6,      /* kinds of failures that are made smaller in one swarm */
    SOMETIMES_SEEDS = 300, /* so many seeds must bring about everything */
    EXPECTED_SEEDS = 300
};

#define USAGE_CLASS(name, word, standard, text) "  " word ": " text "\n"

static const char usage[] =
    "usage: sim [--seeds N] [--start N] [--jobs N] [--classes A,B] [--out DIR]\n"
    "           [--twice | --first]\n"
    "       sim --replay FILE [--trace]\n"
    "       sim --incidents FILE...\n"
    "       sim --expected FILE [--seeds N]\n"
    "       sim --exhaustive [--every N] [--jobs N] [--out DIR] FILE...\n"
    "\n"
    "Draw a cluster and its faults from each of N seeds, run them under simulated\n"
    "time, and have every guarantee watched. A run that breaks one is made smaller\n"
    "and written to DIR.\n"
    "\n"
    "  --seeds N     so many (100), from --start (1) on\n"
    "  --jobs N      so many at a time; one for each processor without it\n"
    "  --classes     only these classes of faults; those of the default swarm\n"
    "                without it\n"
    "  --out DIR     where failures go (build/swarm)\n"
    "  --twice       run each seed twice: both have to come out the same\n"
    "  --first       stop at the first seed that fails, and leave it as it is\n"
    "  --replay      run what is in FILE again; with --trace print every event and\n"
    "                effect\n"
    "  --incidents   run files none of which may break anything\n"
    "  --expected    run what FILE says is still to break something\n"
    "  --exhaustive  crash every process of the run in each FILE at each of its\n"
    "                effects, or at each N-th with --every\n"
    "\n"
    "Classes of faults:\n" SWARM_CLASSES(USAGE_CLASS) "\n"
                                                      "Exit status: 0 nothing broke that should "
                                                      "not, 1 something did, 2 bad usage.\n";

struct options {
    uint64_t seeds;
    uint64_t start;
    unsigned jobs;
    uint64_t classes;
    bool all;
    bool twice;
    bool first; /* no more than the first seed that fails, as it is */
    bool trace;
    const char *out;
    const char *replay;
    const char *expected;
    bool incidents;
    uint64_t every; /* 0: nothing exhaustive */
};

struct tally {
    uint64_t runs;
    uint64_t failed;
    uint64_t events;
    uint64_t sometimes[SIM_SOMETIMES_COUNT];
    uint64_t in_runs[SIM_SOMETIMES_COUNT]; /* of how many runs it is a part */
    char kinds[SHRINK_COUNT][SIM_FAILURE_SIZE];
    unsigned kind_count;
};

static double seconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- a failure ------------------------------------------------------------------------------- */

static bool kind_is_new(struct tally *tally, const char *failure)
{
    for (unsigned i = 0; i < tally->kind_count; i++) {
        if (swarm_same(tally->kinds[i], failure)) {
            return false;
        }
    }
    if (tally->kind_count == SHRINK_COUNT) {
        return false;
    }
    (void)snprintf(tally->kinds[tally->kind_count++], SIM_FAILURE_SIZE, "%s", failure);
    return true;
}

static void save(const struct swarm_script *script, const char *out, const char *what)
{
    char path[1024];
    struct mn_error error = {.text = ""};
    (void)snprintf(path, sizeof path, "%s/%" PRId64 "-%s.sim", out, script->config.seed, what);
    if (swarm_script_write(script, path, &error) == MN_OK) {
        printf("  %s run: build/bin/sim --replay %s\n", what, path);
    } else {
        printf("  %s\n", error.text);
    }
}

static void show_failure(struct tally *tally, const struct options *options, uint64_t seed,
                         const char *failure)
{
    struct swarm_script script;
    swarm_choose(&script, seed, options->classes, options->all);
    printf("seed %" PRIu64 " FAILED: %s\n", seed, failure);
    if (kind_is_new(tally, failure)) {
        (void)snprintf(script.about, sizeof script.about, "%.500s", failure);
        save(&script, options->out, "whole");
        swarm_shrink(&script, failure, SHRINK_RUNS);
        save(&script, options->out, "small");
        struct mn_text text = {0};
        sim_config_write(&script.config, &text);
        for (size_t i = 0; i < script.faults.count; i++) {
            sim_fault_write(&script.faults.items[i], &text);
        }
        printf("%s", text.bytes != NULL ? text.bytes : "");
        mn_text_deinit(&text);
    }
    swarm_script_deinit(&script);
    (void)fflush(stdout);
}

/* ---- many ------------------------------------------------------------------------------------ */

static void count(struct tally *tally, const struct options *options, uint64_t seed,
                  const struct sim_result *result)
{
    tally->runs += 1;
    tally->events += result->events;
    for (size_t i = 0; i < SIM_SOMETIMES_COUNT; i++) {
        tally->sometimes[i] += result->sometimes[i];
        tally->in_runs[i] += result->sometimes[i] > 0 ? 1 : 0;
    }
    if (result->failure[0] != '\0') {
        tally->failed += 1;
        show_failure(tally, options, seed, result->failure);
    }
}

static void start_seed(struct swarm_child *child, const struct options *options, uint64_t seed)
{
    struct swarm_script script;
    swarm_choose(&script, seed, options->classes, options->all);
    swarm_start(child, &script);
    swarm_script_deinit(&script);
    child->seed = seed;
}

static void finish_one(struct swarm_child *children, unsigned running, struct tally *tally,
                       const struct options *options)
{
    int status = 0;
    pid_t ended = waitpid(-1, &status, 0);
    for (unsigned i = 0; i < running; i++) {
        if (children[i].pid == ended) {
            struct sim_result result;
            uint64_t seed = children[i].seed;
            swarm_finish(&children[i], status, &result);
            children[i] = children[running - 1];
            count(tally, options, seed, &result);
            return;
        }
    }
}

static void run_seeds(const struct options *options, struct tally *tally)
{
    struct swarm_child children[JOBS_MAX] = {{0}};
    unsigned running = 0;
    uint64_t next = options->start;
    uint64_t end = options->start + options->seeds;
    while (next < end || running > 0) {
        if (next < end && running < options->jobs) {
            start_seed(&children[running++], options, next++);
        } else {
            finish_one(children, running, tally, options);
            running -= 1;
        }
    }
}

/* Until a seed fails: those that were begun before it are run to their end, so that it is the first
 * whatever ran beside it. */
static int first(const struct options *options)
{
    struct swarm_child children[JOBS_MAX] = {{0}};
    unsigned running = 0;
    uint64_t next = options->start;
    uint64_t end = options->start + options->seeds;
    uint64_t found = end;
    char failure[SIM_FAILURE_SIZE] = "";
    while ((found == end && next < end) || running > 0) {
        if (found == end && next < end && running < options->jobs) {
            start_seed(&children[running++], options, next++);
            continue;
        }
        int status = 0;
        unsigned place = 0;
        struct sim_result result;
        pid_t ended = waitpid(-1, &status, 0);
        while (place < running && children[place].pid != ended) {
            place += 1;
        }
        mn_assert(place < running);
        swarm_finish(&children[place], status, &result);
        if (result.failure[0] != '\0' && children[place].seed < found) {
            found = children[place].seed;
            (void)snprintf(failure, sizeof failure, "%s", result.failure);
        }
        children[place] = children[--running];
    }
    if (found < end) {
        printf("seed %" PRIu64 " FAILED: %s\n", found, failure);
    }
    return found < end ? 1 : 0;
}

static int show_sometimes(const struct tally *tally, const struct options *options)
{
    int missing = 0;
    for (size_t i = 0; i < SIM_SOMETIMES_COUNT; i++) {
        bool never = tally->sometimes[i] == 0;
        printf("%10" PRIu64 " in %6" PRIu64 "  %s%s\n", tally->sometimes[i], tally->in_runs[i],
               sim_sometimes_text((enum sim_sometimes)i), never ? "  NEVER" : "");
        missing += never ? 1 : 0;
    }
    bool counts = options->seeds >= SOMETIMES_SEEDS && options->classes == swarm_classes_standard();
    if (missing > 0 && counts) {
        printf("%d things never happened\n", missing);
    }
    return counts ? missing : 0;
}

static int swarm(const struct options *options)
{
    struct tally tally = {0};
    double began = seconds_now();
    mn_assert(options->out != NULL);
    (void)mkdir(options->out, 0777);
    run_seeds(options, &tally);
    int missing = show_sometimes(&tally, options);
    double took = seconds_now() - began;
    printf("%" PRIu64 " runs, %" PRIu64 " failed, %" PRIu64 " events in %.1f s\n", tally.runs,
           tally.failed, tally.events, took);
    return tally.failed > 0 || missing > 0 ? 1 : 0;
}

/* Each seed twice: the same bytes in, the same run. */
static int twice(const struct options *options)
{
    int different = 0;
    for (uint64_t seed = options->start; seed < options->start + options->seeds; seed++) {
        struct swarm_script script;
        struct sim_result first;
        struct sim_result second;
        swarm_choose(&script, seed, options->classes, options->all);
        swarm_run(&script, &first);
        swarm_run(&script, &second);
        swarm_script_deinit(&script);
        if (first.trace != second.trace || first.events != second.events) {
            printf("seed %" PRIu64 " is not the same twice: %016" PRIx64 " and %016" PRIx64 "\n",
                   seed, first.trace, second.trace);
            different += 1;
        }
    }
    printf("%" PRIu64 " seeds twice, %d different\n", options->seeds, different);
    return different > 0 ? 1 : 0;
}

/* ---- one ------------------------------------------------------------------------------------- */

static int replay(const struct options *options)
{
    struct swarm_script script;
    struct sim_result result;
    struct mn_error error = {.text = ""};
    if (swarm_script_read(&script, options->replay, &error) != MN_OK) {
        (void)fprintf(stderr, "sim: %s\n", error.text);
        return 2;
    }
    struct sim *sim = sim_new(&script.config, &script.faults);
    sim_trace_to(sim, options->trace ? stdout : NULL);
    sim_run(sim, &result);
    sim_destroy(&sim);
    printf("%s\n%" PRIu64 " events, %.3f s simulated, settled after %.3f s, %" PRIu64
           " sent, %" PRIu64 " taken, trace %016" PRIx64 "\n",
           result.failure[0] != '\0' ? result.failure : "fine", result.events,
           (double)result.ended_at / 1e9, (double)result.settled_after / 1e9, result.sent,
           result.taken, result.trace);
    swarm_script_deinit(&script);
    return result.failure[0] != '\0' ? 1 : 0;
}

static int incidents(char *const *paths, int path_count)
{
    int failed = 0;
    for (int i = 0; i < path_count; i++) {
        struct swarm_script script;
        struct sim_result result;
        struct mn_error error = {.text = ""};
        if (swarm_script_read(&script, paths[i], &error) != MN_OK) {
            printf("FAILED: %s\n", error.text);
            failed += 1;
            continue;
        }
        swarm_run(&script, &result);
        enum sim_sometimes missing = swarm_script_missing(&script, &result);
        if (result.failure[0] != '\0') {
            printf("FAILED: %s: %s\n", paths[i], result.failure);
            failed += 1;
        } else if (missing < SIM_SOMETIMES_COUNT) {
            printf("FAILED: %s: it never happened that %s\n", paths[i],
                   sim_sometimes_text(missing));
            failed += 1;
        }
        swarm_script_deinit(&script);
    }
    printf("%d incidents, %d failed\n", path_count, failed);
    return failed > 0 ? 1 : 0;
}

/* ---- what is expected to fail ---------------------------------------------------------------- */

static bool class_fails(const struct options *options, enum swarm_class which)
{
    bool fails = false;
    for (uint64_t seed = options->start; !fails && seed < options->start + EXPECTED_SEEDS; seed++) {
        struct swarm_script script;
        struct sim_result result;
        swarm_choose(&script, seed, UINT64_C(1) << which | UINT64_C(1) << SWARM_VAT, true);
        swarm_run(&script, &result);
        swarm_script_deinit(&script);
        fails = result.failure[0] != '\0';
    }
    return fails;
}

/* Whether the run of that file fails. */
static bool run_fails(const char *path)
{
    struct swarm_script script;
    struct sim_result result;
    struct mn_error error = {.text = ""};
    if (swarm_script_read(&script, path, &error) != MN_OK) {
        printf("FAILED: %s\n", error.text);
        return false;
    }
    swarm_run(&script, &result);
    swarm_script_deinit(&script);
    return result.failure[0] != '\0';
}

/* Every class that the default swarm leaves out must be listed, "class: reason", and fail. */
static int expected(const struct options *options)
{
    char line[512];
    uint64_t listed = 0;
    int wrong = 0;
    FILE *file = fopen(options->expected, "r");
    if (file == NULL) {
        (void)fprintf(stderr, "sim: cannot read %s: %s\n", options->expected, strerror(errno));
        return 2;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        size_t size = strcspn(line, ":\n");
        if (line[0] == '#' || size == 0) {
            continue;
        }
        line[size] = '\0';
        enum swarm_class which = swarm_class_find(line);
        if (which == SWARM_CLASS_COUNT && strstr(line, ".sim") != NULL) {
            if (!run_fails(line)) {
                printf("FAILED: %s is expected to fail, and does not\n", line);
                wrong += 1;
            }
        } else if (which == SWARM_CLASS_COUNT || !class_fails(options, which)) {
            printf("FAILED: %s is expected to fail, and does not\n", line);
            wrong += 1;
        } else {
            listed |= UINT64_C(1) << which;
        }
    }
    (void)fclose(file);
    uint64_t left_out = ~swarm_classes_standard() & ((UINT64_C(1) << SWARM_CLASS_COUNT) - 1);
    if ((left_out & ~listed) != 0 && wrong == 0) {
        printf("FAILED: a class is left out of the swarm and not listed\n");
        wrong += 1;
    }
    return wrong > 0 ? 1 : 0;
}

/* ---- options --------------------------------------------------------------------------------- */

static bool classes_parse(const char *text, uint64_t *classes)
{
    char name[64];
    *classes = 0;
    while (*text != '\0') {
        size_t size = strcspn(text, ",");
        size_t kept = size < sizeof name ? size : sizeof name - 1;
        memcpy(name, text, kept);
        name[kept] = '\0';
        enum swarm_class which = swarm_class_find(name);
        if (which == SWARM_CLASS_COUNT || kept < size) {
            (void)fprintf(stderr, "sim: there is no class %s; ", name);
            return false;
        }
        *classes |= UINT64_C(1) << which;
        text += size + (text[size] == ',' ? 1 : 0);
    }
    return true;
}

static bool option_take(struct options *options, int option)
{
    switch (option) {
    case 's':
        options->seeds = strtoull(optarg, NULL, 10);
        return true;
    case 'f':
        options->start = strtoull(optarg, NULL, 10);
        return true;
    case 'j':
        options->jobs = (unsigned)strtoul(optarg, NULL, 10);
        return options->jobs >= 1 && options->jobs <= JOBS_MAX;
    case 'c':
        options->all = true;
        return classes_parse(optarg, &options->classes);
    case 'o':
        options->out = optarg;
        return true;
    case 'r':
        options->replay = optarg;
        return true;
    case 'e':
        options->expected = optarg;
        return true;
    case 't':
        options->trace = true;
        return true;
    case '2':
        options->twice = true;
        return true;
    case '1':
        options->first = true;
        return true;
    case 'i':
        options->incidents = true;
        return true;
    case 'x':
        options->every = options->every > 0 ? options->every : 1;
        return true;
    case 'n':
        options->every = strtoull(optarg, NULL, 10);
        return options->every > 0;
    default:
        return false;
    }
}

int main(int argc, char **argv)
{
    static const struct option names[] = {{"seeds", required_argument, NULL, 's'},
                                          {"start", required_argument, NULL, 'f'},
                                          {"jobs", required_argument, NULL, 'j'},
                                          {"classes", required_argument, NULL, 'c'},
                                          {"out", required_argument, NULL, 'o'},
                                          {"replay", required_argument, NULL, 'r'},
                                          {"expected", required_argument, NULL, 'e'},
                                          {"trace", no_argument, NULL, 't'},
                                          {"twice", no_argument, NULL, '2'},
                                          {"first", no_argument, NULL, '1'},
                                          {"incidents", no_argument, NULL, 'i'},
                                          {"exhaustive", no_argument, NULL, 'x'},
                                          {"every", required_argument, NULL, 'n'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    struct options options = {.seeds = 100,
                              .start = 1,
                              .jobs = (unsigned)sysconf(_SC_NPROCESSORS_ONLN),
                              .classes = swarm_classes_standard(),
                              .out = "build/swarm"};
    options.jobs = options.jobs <= JOBS_MAX ? options.jobs : JOBS_MAX;
    for (int option = getopt_long(argc, argv, "", names, NULL); option != -1;
         option = getopt_long(argc, argv, "", names, NULL)) {
        if (option == 'h') {
            return fputs(usage, stdout) < 0 ? 1 : 0;
        }
        if (!option_take(&options, option)) {
            (void)fputs("see sim --help\n", stderr);
            return 2;
        }
    }
    if (options.replay != NULL) {
        return replay(&options);
    }
    if (options.incidents) {
        return incidents(argv + optind, argc - optind);
    }
    if (options.expected != NULL) {
        return expected(&options);
    }
    if (options.every > 0) {
        (void)mkdir(options.out, 0777);
        return swarm_exhaust(argv + optind, argc - optind, options.every, options.jobs, options.out)
                   ? 0
                   : 1;
    }
    if (options.first) {
        return first(&options);
    }
    return options.twice ? twice(&options) : swarm(&options);
}
