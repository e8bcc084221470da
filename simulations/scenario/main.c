/* mneme simulate: a scenario's disasters, rehearsed with the real cores.
 *
 *     mneme simulate SCENARIO.yaml [--seed N] [--runs N] [--jobs N] [--json] [--out DIR]
 *                    [--against OTHER.yaml]
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "scenario/report.h"

struct options {
    const char *path;
    const char *against;
    const char *out;
    int64_t seed; /* -1: the scenario's */
    size_t runs;
    size_t jobs;
    bool json;
};

static const char usage[] =
    "usage: mneme simulate SCENARIO.yaml [--seed N] [--runs N] [--jobs N] [--json]\n"
    "                      [--out DIR] [--against OTHER.yaml]\n"
    "\n"
    "Run a scenario with the real cores under simulated time, network and disks, and\n"
    "check what it promises. --out DIR writes report.html and report.json; --runs N\n"
    "runs N seeds, --jobs of them at a time; --against runs another scenario on the\n"
    "same seeds and shows what differs. --help says what a scenario may hold. Exit\n"
    "status: 0 as promised, 1 not as promised or a guarantee broke, 2 bad input.\n";

/* ---- options --------------------------------------------------------------------------------- */

static bool parse_number(const char *text, int64_t least, int64_t most, int64_t *number)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < least || value > most) {
        (void)fprintf(stderr,
                      "mneme simulate: %s; expected a number from %" PRId64 " to %" PRId64 "\n",
                      text, least, most);
        return false;
    }
    *number = value;
    return true;
}

static void help(void)
{
    struct mn_text text = {0};
    mn_text_add(&text, usage);
    mn_text_add(&text, "\n");
    scenario_help(&text);
    (void)fputs(text.bytes, stdout);
    mn_text_deinit(&text);
}

/* -1: go on; otherwise the exit status. */
static int parse_options(int argc, char **argv, struct options *options)
{
    static const struct option longs[] = {
        {"seed", required_argument, NULL, 's'}, {"runs", required_argument, NULL, 'r'},
        {"jobs", required_argument, NULL, 'j'}, {"json", no_argument, NULL, 'J'},
        {"out", required_argument, NULL, 'o'},  {"against", required_argument, NULL, 'a'},
        {"help", no_argument, NULL, 'h'},       {NULL, 0, NULL, 0}};
    int letter = 0;
    int64_t number = 0;
    while ((letter = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        bool fine = letter != '?';
        if (letter == 'h') {
            help();
            return 0;
        }
        if (letter == 's') {
            fine = parse_number(optarg, 0, INT64_MAX - RUNS_COUNT_MAX, &options->seed);
        } else if (letter == 'r') {
            fine = parse_number(optarg, 1, RUNS_COUNT_MAX, &number);
            options->runs = (size_t)number;
        } else if (letter == 'j') {
            fine = parse_number(optarg, 1, RUNS_JOBS_MAX, &number);
            options->jobs = (size_t)number;
        } else if (letter == 'J') {
            options->json = true;
        } else if (letter == 'o') {
            options->out = optarg;
        } else if (letter == 'a') {
            options->against = optarg;
        }
        if (!fine) {
            return 2;
        }
    }
    if (optind + 1 != argc) {
        (void)fputs(usage, stderr);
        return 2;
    }
    options->path = argv[optind];
    return -1;
}

/* ---- progress -------------------------------------------------------------------------------- */

static void show_runs(size_t done, size_t count)
{
    (void)fprintf(stderr, "\r%zu of %zu runs", done, count);
    if (done == count) {
        (void)fprintf(stderr, "\r\033[K");
    }
    (void)fflush(stderr);
}

static void show_time(mn_time now)
{
    (void)fprintf(stderr, "\r%.1f s simulated", (double)now / (double)MN_SECOND);
    (void)fflush(stderr);
}

static void show_no_more(bool terminal)
{
    if (terminal) {
        (void)fprintf(stderr, "\r\033[K");
    }
}

/* ---- files ----------------------------------------------------------------------------------- */

static bool write_file(const char *directory, const char *name, const char *bytes, size_t size)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    bool written = file != NULL && fwrite(bytes, 1, size, file) == size;
    written = file != NULL && fclose(file) == 0 && written;
    if (!written) {
        (void)fprintf(stderr, "mneme simulate: cannot write %s: %s\n", path, strerror(errno));
    }
    return written;
}

static bool write_report(const struct options *options, const struct outcome *outcome, size_t shown,
                         const struct record *record)
{
    struct mn_text page = {0};
    json_t *json = outcome_json(outcome, record);
    char *dumped = json != NULL ? json_dumps(json, JSON_INDENT(1)) : NULL;
    report_write(outcome, shown, record, &page);
    (void)mkdir(options->out, 0777);
    bool written = dumped != NULL && mn_text_result(&page) == MN_OK;
    if (!written) {
        (void)fprintf(stderr, "mneme simulate: the report does not fit into memory\n");
    }
    written = written && write_file(options->out, "report.html", page.bytes, page.size) &&
              write_file(options->out, "report.json", dumped, strlen(dumped));
    if (written && !options->json) {
        printf("the report is %s/report.html\n", options->out);
    }
    free(dumped);
    json_decref(json);
    mn_text_deinit(&page);
    return written;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void print(const struct options *options, const struct outcome *outcome,
                  const struct record *record)
{
    if (options->json) {
        json_t *json = outcome_json(outcome, record);
        mn_assert(json != NULL);
        (void)json_dumpf(json, stdout, JSON_COMPACT);
        (void)fputs("\n", stdout);
        json_decref(json);
        return;
    }
    struct mn_text text = {0};
    outcome_write(outcome, isatty(STDOUT_FILENO) == 1, &text);
    (void)fputs(text.bytes != NULL ? text.bytes : "", stdout);
    mn_text_deinit(&text);
}

static mn_result run_all(const struct options *options, const struct scenario *scenario,
                         int64_t seed, bool terminal, struct facts *facts)
{
    return run_many(scenario, seed, options->runs, options->jobs, terminal ? show_runs : NULL,
                    facts);
}

static int simulate(const struct options *options, const struct scenario *scenario,
                    const struct scenario *against)
{
    bool terminal = isatty(STDERR_FILENO) == 1;
    int64_t seed = options->seed >= 0 ? options->seed : scenario->config.seed;
    struct facts *facts = calloc(options->runs * 2, sizeof *facts);
    mn_assert(facts != NULL);
    struct outcome outcome = {.scenario = scenario,
                              .against = against,
                              .count = options->runs,
                              .facts = facts,
                              .other = facts + options->runs};
    struct record record = {0};
    bool recorded = options->runs == 1 || options->out != NULL;
    mn_result result = MN_OK;
    size_t shown = 0;
    if (options->runs > 1) {
        result = run_all(options, scenario, seed, terminal, facts);
        shown = result == MN_OK ? outcome_worst(&outcome) : 0;
    }
    if (result == MN_OK && against != NULL) {
        result = run_all(options, against, seed, terminal, facts + options->runs);
    }
    if (result != MN_OK) {
        (void)fprintf(stderr, "mneme simulate: %s\n", mn_result_text(result));
        free(facts);
        return 1;
    }
    if (recorded) {
        run_here(scenario, seed + (int64_t)shown, terminal ? show_time : NULL, &record,
                 &facts[shown]);
        show_no_more(terminal);
    }
    print(options, &outcome, recorded ? &record : NULL);
    bool written = options->out == NULL || write_report(options, &outcome, shown, &record);
    bool kept = outcome_kept(scenario, facts, options->runs) == options->runs;
    record_deinit(&record);
    free(facts);
    return kept && written ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct options options = {.seed = -1, .runs = 1, .jobs = 1};
    struct scenario scenario = {0};
    struct scenario against = {0};
    struct mn_error error = {.text = ""};
    int status = parse_options(argc, argv, &options);
    if (status >= 0) {
        return status;
    }
    mn_result result = scenario_load(options.path, &scenario, &error);
    if (result == MN_OK && options.against != NULL) {
        result = scenario_load(options.against, &against, &error);
    }
    if (result == MN_OK) {
        status = simulate(&options, &scenario, options.against != NULL ? &against : NULL);
    } else {
        (void)fprintf(stderr, "%s\n", error.text);
        status = 2;
    }
    scenario_deinit(&scenario);
    scenario_deinit(&against);
    return status;
}
