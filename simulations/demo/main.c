/* The demo's command line. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "demo/demo.h"

static const char *const main_case_names[] = {
#define DEMO_CASE_WORD(name, word, text) word,
    DEMO_CASES(DEMO_CASE_WORD)
#undef DEMO_CASE_WORD
};

static const char *const main_case_texts[] = {
#define DEMO_CASE_TEXT(name, word, text) text,
    DEMO_CASES(DEMO_CASE_TEXT)
#undef DEMO_CASE_TEXT
};

const char *demo_case_name(enum demo_case which)
{
    return main_case_names[which];
}

static void main_usage(FILE *file)
{
    (void)fputs(
        "usage: demo [--case CASE] [--out DIR] [--brief] [--proxy]\n"
        "\n"
        "Starts a coordinator, 6 agents in 3 racks and 12 vats of two banks, lets a disaster "
        "happen,\nand counts the money afterwards from every vat's checkpoints.\n"
        "\n",
        file);
    for (int i = 0; i < DEMO_CASE_COUNT; i++) {
        (void)fprintf(file, "  %-12s %s\n", main_case_names[i], main_case_texts[i]);
    }
    (void)fputs(
        "\n"
        "  --out DIR    where everything goes (default build/demo); emptied first\n"
        "  --brief      shorter stretches of work\n"
        "  --proxy      cut r2 off with a relay, not with network namespaces, as is done where\n"
        "               the machine allows none\n"
        "\n"
        "Exits 0 when everything came out as the case demands, else 1; 2 for bad usage.\n",
        file);
}

static bool main_find_case(const char *name, enum demo_case *which)
{
    for (int i = 0; i < DEMO_CASE_COUNT; i++) {
        if (strcmp(name, main_case_names[i]) == 0) {
            *which = (enum demo_case)i;
            return true;
        }
    }
    return false;
}

/* The directory of this program: the others are beside it. */
static bool main_find_programs(struct demo *demo)
{
    ssize_t size = readlink("/proc/self/exe", demo->programs, sizeof demo->programs - 1);
    if (size <= 0) {
        return false;
    }
    demo->programs[size] = '\0';
    char *slash = strrchr(demo->programs, '/');
    if (slash == NULL) {
        return false;
    }
    *slash = '\0';
    return true;
}

/* Make the directory (its parent too, where that is missing) and its path absolute. */
static bool main_set_directory(struct demo *demo, const char *out)
{
    char path[PATH_MAX];
    char parent[DEMO_PATH_MAX];
    if (strlen(out) >= sizeof parent - 64) {
        return false;
    }
    (void)snprintf(parent, sizeof parent, "%s", out);
    char *slash = strrchr(parent, '/');
    if (slash != NULL && slash != parent) {
        *slash = '\0';
        (void)mkdir(parent, 0755);
    }
    (void)mkdir(out, 0755);
    if (realpath(out, path) == NULL || strlen(path) >= sizeof demo->directory - 64) {
        return false;
    }
    (void)snprintf(demo->directory, sizeof demo->directory, "%.400s", path);
    return true;
}

/* Whether the programs that the demo starts are there. Says which is not. */
static bool main_programs_built(const struct demo *demo)
{
    static const char *const names[] = {"mneme", "mneme-coordinator", "mneme-agent", "bank",
                                        "demo-cut.so"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[DEMO_PATH_MAX + 32];
        (void)snprintf(path, sizeof path, "%s/%s", demo->programs, names[i]);
        if (access(path, X_OK) != 0) {
            (void)fprintf(stderr, "demo: there is no program %s; build it first: make\n", path);
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"case", required_argument, NULL, 'c'}, {"out", required_argument, NULL, 'o'},
        {"brief", no_argument, NULL, 'b'},      {"proxy", no_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'},       {NULL, 0, NULL, 0}};
    static struct demo demo;
    const char *out = "build/demo";
    int option = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h') {
            main_usage(stdout);
            return 0;
        }
        if (option == 'o') {
            out = optarg;
        } else if (option == 'b') {
            demo.brief = true;
        } else if (option == 'p') {
            demo.proxy = true;
        } else if (option != 'c' || !main_find_case(optarg, &demo.which)) {
            main_usage(stderr);
            return 2;
        }
    }
    if (!main_find_programs(&demo) || !main_set_directory(&demo, out)) {
        (void)fprintf(stderr,
                      "demo: cannot use the directory %s (its parent must exist, and its "
                      "path be shorter than 400 bytes)\n",
                      out);
        return 2;
    }
    if (!main_programs_built(&demo)) {
        return 2;
    }
    int guarded = demo_guard();
    if (guarded != 0) {
        return guarded - 1;
    }
    return demo_story(&demo);
}
