/* The command line of the live commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "cli/client.h"

static const struct client_command takes_two = {
    .name = "explain", .word_count = 2, .words = "ROUND VAT", .takes = CLIENT_TAKES_DISK};

/* A command line of up to 8 words, and what is made of it. */
struct line {
    char *argv[9];
    int argc;
    struct client_options options;
    struct mn_error error;
};

static mn_result parse(struct line *line, const char *const *words)
{
    line->error.text[0] = '\0';
    for (line->argc = 0; words[line->argc] != NULL; line->argc++) {
        line->argv[line->argc] = (char *)words[line->argc];
    }
    line->argv[line->argc] = NULL;
    return client_parse(&takes_two, line->argc, line->argv, &line->options, &line->error);
}

static int forget_environment(void **state)
{
    (void)state;
    return unsetenv("MNEME_TOPOLOGY") == 0 && unsetenv("MNEME_KEY") == 0 ? 0 : -1;
}

static void takes_options_before_between_and_after_words(void **state)
{
    const char *words[] = {"explain", "--key", "k", "3", "--json", "x1", "--topology=t", NULL};
    struct line line;
    (void)state;
    assert_int_equal(parse(&line, words), MN_OK);
    assert_string_equal(line.options.topology, "t");
    assert_string_equal(line.options.key, "k");
    assert_true(line.options.json);
    assert_string_equal(line.options.words[0], "3");
    assert_string_equal(line.options.words[1], "x1");
}

static void takes_where_a_disk_is(void **state)
{
    const char *words[] = {"explain", "3", "x1", "--store", "/mnt/found", "--host", "h4", NULL};
    struct line line;
    (void)state;
    assert_int_equal(setenv("MNEME_TOPOLOGY", "cluster.yaml", 1), 0);
    assert_int_equal(setenv("MNEME_KEY", "its", 1), 0);
    assert_int_equal(parse(&line, words), MN_OK);
    assert_string_equal(line.options.store, "/mnt/found");
    assert_string_equal(line.options.host, "h4");
}

static void takes_from_the_environment_what_no_option_says(void **state)
{
    const char *words[] = {"explain", "3", "x1", "--key", "mine", NULL};
    struct line line;
    (void)state;
    assert_int_equal(setenv("MNEME_TOPOLOGY", "cluster.yaml", 1), 0);
    assert_int_equal(setenv("MNEME_KEY", "its", 1), 0);
    assert_int_equal(parse(&line, words), MN_OK);
    assert_string_equal(line.options.topology, "cluster.yaml");
    assert_string_equal(line.options.key, "mine");
    assert_false(line.options.json);
}

static void takes_a_name_that_begins_with_a_dash_after_two_dashes(void **state)
{
    const char *words[] = {"explain", "--topology", "t", "--key", "k", "--", "3", "-x", NULL};
    struct line line;
    (void)state;
    assert_int_equal(parse(&line, words), MN_OK);
    assert_string_equal(line.options.words[1], "-x");
}

static void says_what_is_missing_or_unknown(void **state)
{
    const char *few[] = {"explain", "3", NULL};
    const char *many[] = {"explain", "3", "x1", "x2", NULL};
    const char *unknown[] = {"explain", "3", "x1", "--colour", NULL};
    const char *valueless[] = {"explain", "3", "x1", "--topology", NULL};
    const char *keyless[] = {"explain", "3", "x1", "--topology", "t", NULL};
    const char *bare[] = {"explain", "3", "x1", NULL};
    struct line line;
    (void)state;
    assert_int_equal(parse(&line, few), MN_BAD_INPUT);
    assert_string_equal(line.error.text, "a word is missing: it takes ROUND VAT besides options");
    assert_int_equal(parse(&line, many), MN_BAD_INPUT);
    assert_string_equal(line.error.text,
                        "x2 is a word too many: it takes ROUND VAT besides options");
    assert_int_equal(parse(&line, unknown), MN_BAD_INPUT);
    assert_string_equal(line.error.text, "there is no option --colour");
    assert_int_equal(parse(&line, valueless), MN_BAD_INPUT);
    assert_string_equal(line.error.text, "the value of --topology is missing");
    assert_int_equal(parse(&line, keyless), MN_BAD_INPUT);
    assert_string_equal(line.error.text, "no key given: expected --key FILE, or MNEME_KEY");
    assert_int_equal(parse(&line, bare), MN_BAD_INPUT);
    assert_string_equal(line.error.text,
                        "no topology given: expected --topology FILE, or MNEME_TOPOLOGY");
}

/* What nobody would look at is no option either: --reason of a question is kept nowhere. */
static void takes_only_the_options_of_its_command(void **state)
{
    static const struct client_command reasons = {
        .name = "approve", .word_count = 0, .words = "no words", .takes = CLIENT_TAKES_REASON};
    const char *words[] = {"explain", "3", "x1", "--reason", "r", NULL};
    char *argv[] = {"approve", "--key=k", "--topology=t", "--reason=r", "--store=/s", NULL};
    struct line line;
    (void)state;
    assert_int_equal(parse(&line, words), MN_BAD_INPUT);
    assert_string_equal(line.error.text, "there is no option --reason");
    assert_int_equal(client_parse(&reasons, 4, argv, &line.options, &line.error), MN_OK);
    assert_string_equal(line.options.reason, "r");
    assert_int_equal(client_parse(&reasons, 5, argv, &line.options, &line.error), MN_BAD_INPUT);
}

static void asks_for_nothing_when_help_is_wanted(void **state)
{
    const char *words[] = {"explain", "--help", NULL};
    struct line line;
    (void)state;
    assert_int_equal(parse(&line, words), MN_OK);
    assert_true(line.options.help);
}

static void reads_a_round_a_reason_and_a_plan(void **state)
{
    struct client_options options = {.reason = "the disks are gone", .plan = "00000000000000ff"};
    struct mn_operator_request request = {0};
    struct mn_error error = {{0}};
    (void)state;
    assert_int_equal(client_round("12", &request, &error), MN_OK);
    assert_int_equal(request.round, 12);
    assert_int_equal(client_reason(&options, &request, &error), MN_OK);
    assert_string_equal(request.reason, "the disks are gone");
    assert_int_equal(client_plan(&options, &request, &error), MN_OK);
    assert_int_equal(request.plan, 255);
    assert_int_equal(client_round("-1", &request, &error), MN_BAD_INPUT);
    assert_string_equal(error.text,
                        "-1 is no round; expected its number, as mneme rounds shows it");
    error.text[0] = '\0';
    options.reason = NULL;
    assert_int_equal(client_reason(&options, &request, &error), MN_BAD_INPUT);
    assert_string_equal(error.text, "no reason given: expected --reason TEXT");
    error.text[0] = '\0';
    options.reason = "two\nlines";
    assert_int_equal(client_reason(&options, &request, &error), MN_BAD_INPUT);
    assert_string_equal(error.text, "the reason is of 9 bytes; expected up to 511 of UTF-8, and no "
                                    "control characters");
    options.reason = "f\xc3\xbcr immer";
    assert_int_equal(client_reason(&options, &request, &error), MN_OK);
    assert_string_equal(request.reason, "f\xc3\xbcr immer");
    error.text[0] = '\0';
    options.plan = "ff";
    assert_int_equal(client_plan(&options, &request, &error), MN_BAD_INPUT);
    assert_string_equal(error.text,
                        "ff is no plan; expected 16 hexadecimal digits, as mneme plan shows");
}

#define PARSES(name) cmocka_unit_test_setup(name, forget_environment)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PARSES(takes_options_before_between_and_after_words),
        PARSES(takes_where_a_disk_is),
        PARSES(takes_from_the_environment_what_no_option_says),
        PARSES(takes_a_name_that_begins_with_a_dash_after_two_dashes),
        PARSES(says_what_is_missing_or_unknown),
        PARSES(takes_only_the_options_of_its_command),
        PARSES(asks_for_nothing_when_help_is_wanted),
        PARSES(reads_a_round_a_reason_and_a_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
