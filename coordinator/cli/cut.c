/* mneme cut: reads each file, has it decided, and prints the answer as JSON or as text. Nothing is
 * decided here. */
#include "cli/cut.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "cli/check.h"
#include "cli/cut_json.h"
#include "cli/cut_story.h"
#include "cli/cut_text.h"
#include "cli/cut_whatif.h"
#include "docs/evidence.h"
#include "docs/file.h"
#include "wire/evidence.h"

enum { CUT_FINE = 0, CUT_FAILED = 1, CUT_BAD = 2 };

static const char CUT_USAGE[] =
    "usage: mneme cut [--json] [--proof] FILE...\n"
    "       mneme cut --check FILE ANSWER\n"
    "\n"
    "Compute what a recovery would decide from evidence, or check a decision against\n"
    "it.\n"
    "\n"
    "  --json    print one JSON document a line, in the order of the files\n"
    "  --proof   with the trace that proves it; goes with --json\n"
    "  --check   see whether ANSWER, made with --json --proof, follows from the\n"
    "            evidence in FILE; done by code that shares nothing with what\n"
    "            computes answers\n"
    "\n"
    "FILE is YAML, JSON or evidence in binary form; - is standard input. Epochs of\n"
    "runs are shown as RUN.COUNT, in JSON as run * 2^32 + count.\n"
    "\n"
    "Exit status: 0 fine; 1 the checked answer is wrong, or something failed; 2 bad\n"
    "usage or bad evidence (the other files are still answered).\n";

struct cut_options {
    bool json;
    bool proof;
    bool check;
    bool help;
    int file_count;
    char **files;
};

static int cut_complain(const char *what)
{
    (void)fprintf(stderr, "%s\n", what);
    return CUT_BAD;
}

/* What does not go together; NULL when all does. */
static const char *cut_wrong(const struct cut_options *options)
{
    if (options->check && (options->json || options->proof)) {
        return "--check goes with no other option";
    }
    if (options->check) {
        return options->file_count == 2 ? NULL : "--check takes FILE ANSWER";
    }
    if (options->proof && !options->json) {
        return "--proof goes with --json";
    }
    return options->file_count > 0 ? NULL : "no FILE given";
}

/* Sort the words into options and files, which are moved to the front of @argv. */
static bool cut_parse(int argc, char **argv, struct cut_options *options)
{
    bool only_files = false;
    options->files = argv + 1;
    for (int i = 1; i < argc; i++) {
        char *word = argv[i];
        if (only_files || word[0] != '-' || strcmp(word, "-") == 0) {
            options->files[options->file_count++] = word;
        } else if (strcmp(word, "--") == 0) {
            only_files = true;
        } else if (strcmp(word, "--json") == 0) {
            options->json = true;
        } else if (strcmp(word, "--proof") == 0) {
            options->proof = true;
        } else if (strcmp(word, "--check") == 0) {
            options->check = true;
        } else if (strcmp(word, "--help") == 0) {
            options->help = true;
        } else {
            (void)fprintf(stderr, "mneme cut: there is no option %s\n\n%s", word, CUT_USAGE);
            return false;
        }
    }
    const char *wrong = options->help ? NULL : cut_wrong(options);
    if (wrong != NULL) {
        (void)fprintf(stderr, "mneme cut: %s\n\n%s", wrong, CUT_USAGE);
    }
    return wrong == NULL;
}

static mn_result cut_read(const char *path, struct evidence **evidence, struct mn_error *error)
{
    struct mn_text text = {0};
    mn_result result = mn_file_read(path, MN_EVIDENCE_DOCUMENT_SIZE_MAX, &text, error);
    if (result == MN_OK) {
        result = mn_evidence_read(text.bytes != NULL ? text.bytes : "", text.size, path, evidence,
                                  error);
    }
    mn_text_deinit(&text);
    return result;
}

/* The text for people, made from the answer itself, so that it says nothing else. */
static mn_result cut_tell(const char *path, const struct evidence *evidence,
                          const struct mn_text *json, struct mn_text *text)
{
    json_t *answer = json_loadb(json->bytes, json->size, 0, NULL);
    if (answer == NULL) {
        return MN_NO_MEMORY;
    }
    struct cut_story story = {0};
    mn_result result = cut_story_init(&story, answer);
    if (result == MN_OK) {
        result = cut_text_write(text, path, answer, &story, isatty(STDOUT_FILENO) == 1);
    }
    if (result == MN_OK) {
        result = cut_whatif_write(text, evidence, answer, &story);
    }
    cut_story_deinit(&story);
    json_decref(answer);
    return result;
}

static int cut_answer(const char *path, const struct cut_options *options, bool first)
{
    struct evidence *evidence = NULL;
    struct mn_error error = {{0}};
    if (cut_read(path, &evidence, &error) != MN_OK) {
        return cut_complain(error.text);
    }
    struct mn_text json = {0};
    struct mn_text text = {0};
    mn_result result = cut_json_write(evidence, options->proof, &json);
    if (result == MN_OK && !options->json) {
        mn_text_add(&text, first ? "" : "\n");
        result = cut_tell(path, evidence, &json, &text);
    }
    const struct mn_text *out = options->json ? &json : &text;
    int status = CUT_FINE;
    if (result != MN_OK) {
        (void)fprintf(stderr, "%s: cannot be decided: %s\n", path, mn_result_text(result));
        status = CUT_FAILED;
    } else if (fwrite(out->bytes, 1, out->size, stdout) != out->size) {
        (void)fprintf(stderr, "%s: standard output cannot be written\n", path);
        status = CUT_FAILED;
    }
    mn_text_deinit(&text);
    mn_text_deinit(&json);
    evidence_destroy(&evidence);
    return status;
}

static int cut_check(const char *path, const char *answer_path)
{
    struct evidence *evidence = NULL;
    struct mn_error error = {{0}};
    if (cut_read(path, &evidence, &error) != MN_OK) {
        return cut_complain(error.text);
    }
    struct mn_text answer = {0};
    int status = CUT_FINE;
    if (mn_file_read(answer_path, SIZE_MAX - 1, &answer, &error) != MN_OK) {
        status = cut_complain(error.text);
    } else if (check_answer(evidence, answer.bytes != NULL ? answer.bytes : "", answer.size,
                            &error) != MN_OK) {
        (void)fprintf(stderr, "%s: %s\n", answer_path, error.text);
        status = CUT_FAILED;
    } else {
        (void)printf("%s: follows from %s\n", answer_path, path);
    }
    mn_text_deinit(&answer);
    evidence_destroy(&evidence);
    return status;
}

int cut_command(int argc, char **argv)
{
    struct cut_options options = {0};
    if (!cut_parse(argc, argv, &options)) {
        return CUT_BAD;
    }
    int status = CUT_FINE;
    if (options.help) {
        (void)fputs(CUT_USAGE, stdout);
    } else if (options.check) {
        status = cut_check(options.files[0], options.files[1]);
    }
    for (int i = 0; !options.help && !options.check && i < options.file_count; i++) {
        int one = cut_answer(options.files[i], &options, i == 0);
        status = one > status ? one : status;
    }
    if (fflush(stdout) != 0) {
        (void)fputs("mneme cut: standard output cannot be written\n", stderr);
        status = status == CUT_FINE ? CUT_FAILED : status;
    }
    return status;
}
