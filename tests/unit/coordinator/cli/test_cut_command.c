/* mneme cut as a user runs it: what it prints where, and its exit status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "docs/file.h"
#include "oracle/encode.h"
#include "wire/evidence.h"

enum { OUTPUT_SIZE = 1 << 20 };

#define CASES MNEME_SOURCE "/tests/cases/"

static char directory[] = "/tmp/mneme-cut-XXXXXX";
static char output[OUTPUT_SIZE];

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) != NULL && chdir(directory) == 0 ? 0 : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", directory);
    FILE *pipe = popen(command, "re");
    return pipe != NULL && chdir("/") == 0 && pclose(pipe) == 0 ? 0 : -1;
}

static void write_file(const char *name, const char *text, size_t size)
{
    FILE *file = fopen(name, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* Run mneme cut with these words; what it prints is in `output`. Returns the exit status. */
static int cut(const char *words)
{
    char command[1024];
    (void)snprintf(command, sizeof command, MNEME_BUILD "/bin/mneme cut %s", words);
    FILE *pipe = popen(command, "re");
    assert_non_null(pipe);
    size_t size = fread(output, 1, sizeof output - 1, pipe);
    output[size] = '\0';
    int status = pclose(pipe);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static size_t count_lines(void)
{
    size_t count = 0;
    for (const char *at = output; (at = strchr(at, '\n')) != NULL; at++) {
        count += 1;
    }
    return count;
}

static void answers_the_good_files_and_names_the_place_in_the_bad_one(void **state)
{
    (void)state;
    static const char bad[] = "evidence: 1\nvats:\n  a: {host: nowhere}\n";
    write_file("bad.yaml", bad, sizeof bad - 1);
    assert_int_equal(cut("--json " CASES "normal-crash.yaml bad.yaml " CASES "domino.yaml"
                         " 2>errors"),
                     2);
    assert_int_equal(count_lines(), 2);
    assert_non_null(strstr(output, "\"revived\": 1"));
    assert_int_equal(cut("bad.yaml 2>&1"), 2);
    assert_int_equal(strncmp(output, "bad.yaml:3:13: ", 15), 0);
    assert_int_equal(count_lines(), 1);
}

static void reads_standard_input_and_evidence_in_binary_form(void **state)
{
    (void)state;
    struct mn_text text = {0};
    struct evidence *evidence = NULL;
    struct mn_buffer buffer = {0};
    assert_int_equal(mn_file_read(CASES "cascade.yaml", 1000000, &text, NULL), MN_OK);
    assert_int_equal(evidence_read(text.bytes, text.size, "cascade", &evidence, NULL), MN_OK);
    assert_int_equal(oracle_encode(evidence, &buffer), MN_OK);
    write_file("cascade.bin", (const char *)buffer.bytes, buffer.size);
    mn_buffer_deinit(&buffer);
    evidence_destroy(&evidence);
    mn_text_deinit(&text);
    assert_int_equal(cut("--json --proof - <" CASES "cascade.yaml"), 0);
    char *expected = strdup(output);
    assert_non_null(expected);
    assert_int_equal(cut("--json --proof cascade.bin"), 0);
    assert_string_equal(output, expected);
    free(expected);
}

static void checks_an_answer_against_its_evidence(void **state)
{
    (void)state;
    assert_int_equal(cut("--json --proof " CASES "cascade.yaml >answer.json"), 0);
    assert_int_equal(cut("--check " CASES "cascade.yaml answer.json"), 0);
    assert_non_null(strstr(output, "follows from"));
    assert_int_equal(cut("--check " CASES "domino.yaml answer.json 2>&1"), 1);
    assert_int_equal(strncmp(output, "answer.json: ", 13), 0);
}

static void refuses_two_vats_that_blame_each_other_while_all_copies_are_intact(void **state)
{
    (void)state;
    static const char evidence[] = "evidence: 1\n"
                                   "stores: {d1: {}}\n"
                                   "vats: {a: {}, b: {}}\n"
                                   "checkpoints:\n"
                                   "  - {vat: a, epoch: 1, kind: full, copies: {at: [d1]}}\n"
                                   "  - {vat: b, epoch: 1, kind: full, copies: {at: [d1]}}\n"
                                   "open:\n"
                                   "  - {vat: a, epoch: 2, heard: [{vat: b, epoch: 2}]}\n"
                                   "  - {vat: b, epoch: 2, heard: [{vat: a, epoch: 2}]}\n";
    static const char answer[] =
        "{\"summary\": {\"running\": 0, \"revived\": 2, \"rolled_back\": 0, \"reset\": 0, "
        "\"epochs_lost\": 0, \"kept_orphans\": 0, \"spared\": 0}, \"vats\": {"
        "\"a\": {\"outcome\": \"revived\", \"was\": \"running\", \"keep\": 1, \"incarnation\": 1, "
        "\"sure\": true, \"spared\": false, \"forgot\": null, \"because\": {\"orphan\": "
        "{\"epoch\": "
        "null, \"heard\": {\"vat\": \"b\", \"epoch\": 2}, \"kept\": 1}}, \"told\": []}, "
        "\"b\": {\"outcome\": \"revived\", \"was\": \"running\", \"keep\": 1, \"incarnation\": 1, "
        "\"sure\": true, \"spared\": false, \"forgot\": null, \"because\": {\"orphan\": "
        "{\"epoch\": "
        "null, \"heard\": {\"vat\": \"a\", \"epoch\": 2}, \"kept\": 1}}, \"told\": []}}, "
        "\"trace\": {\"spared\": [], \"steps\": []}}";
    write_file("circle.yaml", evidence, sizeof evidence - 1);
    write_file("circle.json", answer, sizeof answer - 1);
    assert_int_equal(cut("--check circle.yaml circle.json 2>&1"), 1);
}

/* 4,000 vats, of which every one heard what a lost early sender never made durable. */
static void stays_readable_with_thousands_of_vats_and_plain_without_a_terminal(void **state)
{
    (void)state;
    FILE *file = fopen("large.yaml", "we");
    assert_non_null(file);
    (void)fputs(
        "evidence: 1\nhosts: {h1: {}, h2: {}}\nstores: {d1: {in: h1}, d2: {in: h2}}\nvats:\n"
        "  root: {host: h1, sends: early}\n",
        file);
    for (int i = 0; i < 4000; i++) {
        (void)fprintf(file, "  v%d: {host: h2}\n", i);
    }
    (void)fputs("checkpoints:\n  - {vat: root, epoch: 1, kind: full, copies: {at: [d2]}}\n", file);
    for (int i = 0; i < 4000; i++) {
        (void)fprintf(file, "  - {vat: v%d, epoch: 1, kind: full, copies: {at: [d2]}}\n", i);
    }
    (void)fputs("open:\n  - {vat: root, epoch: 2}\n", file);
    for (int i = 0; i < 4000; i++) {
        (void)fprintf(file, "  - {vat: v%d, epoch: 2, heard: [{vat: root, epoch: 2}]}\n", i);
    }
    (void)fputs("lost: {hosts: [h1]}\n", file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(cut("large.yaml"), 0);
    assert_true(count_lines() < 120);
    assert_non_null(strstr(output, "Because of host h1: 4001 vats"));
    assert_non_null(strstr(output, "more; --json shows them all"));
    assert_null(strchr(output, '\033'));
}

static void says_how_it_is_used(void **state)
{
    (void)state;
    assert_int_equal(cut("--help"), 0);
    assert_non_null(strstr(output, "usage: mneme cut"));
    assert_int_equal(cut("2>&1"), 2);
    assert_non_null(strstr(output, "mneme cut: no FILE given"));
    assert_int_equal(cut("--proof " CASES "domino.yaml 2>&1"), 2);
    assert_non_null(strstr(output, "mneme cut: --proof goes with --json"));
    assert_int_equal(cut("--check " CASES "domino.yaml 2>&1"), 2);
    assert_non_null(strstr(output, "mneme cut: --check takes FILE ANSWER"));
    assert_int_equal(cut("--check --json " CASES "domino.yaml answer.json 2>&1"), 2);
    assert_non_null(strstr(output, "mneme cut: --check goes with no other option"));
    assert_int_equal(cut("--proove " CASES "domino.yaml 2>&1"), 2);
    assert_non_null(strstr(output, "there is no option --proove"));
    assert_int_equal(cut("nowhere.yaml 2>&1"), 2);
    assert_non_null(strstr(output, "nowhere.yaml"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_the_good_files_and_names_the_place_in_the_bad_one),
        cmocka_unit_test(reads_standard_input_and_evidence_in_binary_form),
        cmocka_unit_test(checks_an_answer_against_its_evidence),
        cmocka_unit_test(refuses_two_vats_that_blame_each_other_while_all_copies_are_intact),
        cmocka_unit_test(stays_readable_with_thousands_of_vats_and_plain_without_a_terminal),
        cmocka_unit_test(says_how_it_is_used),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
