/* The log: one line an event, whatever the text in it, and no more of one kind than a second bears.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shell/log.h"

static int saved;
static int ends[2];

static void capture_begin(void)
{
    assert_int_equal(pipe(ends), 0);
    saved = dup(STDERR_FILENO);
    assert_true(saved >= 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
}

/* What was written to standard error since, without the time, which must look like one. */
static void capture_end(char *out, size_t size)
{
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    (void)close(saved);
    (void)close(ends[1]);
    char text[2 * MN_LOG_LINE_SIZE_MAX];
    ssize_t got = read(ends[0], text, sizeof text - 1);
    (void)close(ends[0]);
    assert_true(got > 25);
    text[got] = '\0';
    const char *form = "dddd-dd-ddTdd:dd:dd.dddZ ";
    for (size_t i = 0; i < strlen(form); i++) {
        assert_true(form[i] == 'd' ? isdigit((unsigned char)text[i]) != 0 : text[i] == form[i]);
    }
    (void)snprintf(out, size, "%s", text + strlen(form));
}

static void writes_one_line_with_its_level(void **state)
{
    (void)state;
    char line[MN_LOG_LINE_SIZE_MAX];
    capture_begin();
    mn_log(MN_LOG_WARNING, "message_refused", "sender=%s refused=%d", "h1", 3);
    capture_end(line, sizeof line);
    assert_string_equal(line, "WARNING message_refused sender=h1 refused=3\n");
    capture_begin();
    mn_log(MN_LOG_ERROR, "ended", "%s", "");
    capture_end(line, sizeof line);
    assert_memory_equal(line, "ERROR ended", 11);
}

static void cuts_a_line_that_is_too_long_but_ends_it(void **state)
{
    (void)state;
    char text[4000];
    char line[2 * MN_LOG_LINE_SIZE_MAX];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    capture_begin();
    mn_log(MN_LOG_INFO, "long", "text=%s", text);
    capture_end(line, sizeof line);
    size_t size = strlen(line);
    assert_true(size + 25 <= MN_LOG_LINE_SIZE_MAX);
    assert_true(size + 25 > MN_LOG_LINE_SIZE_MAX - 8);
    assert_ptr_equal(strchr(line, '\n'), line + size - 1);
}

static void quotes_what_would_break_a_line(void **state)
{
    (void)state;
    char out[64];
    assert_string_equal(mn_log_quote(out, sizeof out, "plain"), "\"plain\"");
    assert_string_equal(mn_log_quote(out, sizeof out, ""), "\"\"");
    assert_string_equal(mn_log_quote(out, sizeof out, "a \"b\" c\\d"), "\"a \\\"b\\\" c\\\\d\"");
    assert_string_equal(mn_log_quote(out, sizeof out, "1\n2\r3\t4\x1b[31m5\x7f"),
                        "\"1 2 3 4 [31m5 \"");
}

static void cuts_what_it_quotes_without_breaking_the_quotes(void **state)
{
    (void)state;
    for (size_t size = 4; size < 12; size++) {
        char out[16];
        memset(out, '#', sizeof out);
        (void)mn_log_quote(out, size, "\"\"\"\"\"\"\"\"");
        size_t length = strlen(out);
        assert_true(length < size);
        assert_int_equal(out[0], '"');
        assert_int_equal(length % 2, 0); /* each quote inside has its backslash */
        assert_int_equal(out[length - 1], '"');
        assert_int_equal(out[size], '#');
    }
}

static void writes_the_facts_of_a_note_that_there_are(void **state)
{
    (void)state;
    char line[MN_LOG_LINE_SIZE_MAX];
    struct agent_note_facts note = {.note = AGENT_NOTE_UP,
                                    .vat = mn_name_of("x1"),
                                    .run = 3,
                                    .epoch = INT64_C(0x300000001),
                                    .round = 4,
                                    .number = 5,
                                    .code = MN_NO_SPACE,
                                    .text = "tcp://127.0.0.1:7"};
    note.host = mn_name_of("h2");
    capture_begin();
    agent_log_note(&note);
    capture_end(line, sizeof line);
    assert_string_equal(line, "INFO vat_up vat=x1 host=h2 run=3 epoch=12884901889 round=4 number=5"
                              " code=MN_NO_SPACE text=\"tcp://127.0.0.1:7\"\n");
    note = (struct agent_note_facts){.note = AGENT_NOTE_NO_PARTNER, .vat = mn_name_of("x1")};
    capture_begin();
    agent_log_note(&note);
    capture_end(line, sizeof line);
    assert_string_equal(line, "WARNING no_partner vat=x1\n");
}

static void lets_one_line_a_second_through_and_counts_the_others(void **state)
{
    (void)state;
    struct mn_log_limit limit = {0};
    uint64_t suppressed = 77;
    assert_true(mn_log_allowed(&limit, 10 * MN_SECOND, &suppressed));
    assert_int_equal(suppressed, 0);
    assert_false(mn_log_allowed(&limit, 10 * MN_SECOND, &suppressed));
    assert_false(mn_log_allowed(&limit, 11 * MN_SECOND - 1, &suppressed));
    assert_true(mn_log_allowed(&limit, 11 * MN_SECOND, &suppressed));
    assert_int_equal(suppressed, 2);
    assert_true(mn_log_allowed(&limit, 99 * MN_SECOND, &suppressed));
    assert_int_equal(suppressed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_one_line_with_its_level),
        cmocka_unit_test(cuts_a_line_that_is_too_long_but_ends_it),
        cmocka_unit_test(quotes_what_would_break_a_line),
        cmocka_unit_test(cuts_what_it_quotes_without_breaking_the_quotes),
        cmocka_unit_test(writes_the_facts_of_a_note_that_there_are),
        cmocka_unit_test(lets_one_line_a_second_through_and_counts_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
