/* Lines of the log that are written together: as few writes as may be, each of whole lines, and
 * none lost or out of its order. Standard error is a socket here that keeps writes apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/log.h"

static int saved;
static int ends[2];

static void capture_begin(int type)
{
    assert_int_equal(type == 0 ? pipe(ends) : socketpair(AF_UNIX, type, 0, ends), 0);
    saved = dup(STDERR_FILENO);
    assert_true(saved >= 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
}

static void capture_end(void)
{
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    (void)close(saved);
    (void)close(ends[1]);
}

/* The next write to standard error, as text; 0: there is none. */
static size_t next_write(char text[MN_LOG_LINES_SIZE + 1])
{
    ssize_t got = read(ends[0], text, MN_LOG_LINES_SIZE);
    assert_true(got >= 0);
    text[got] = '\0';
    return (size_t)got;
}

static void writes_lines_together_when_it_is_told_to(void **state)
{
    (void)state;
    char text[MN_LOG_LINES_SIZE + 1];
    struct mn_log_lines lines = {.size = 0};
    capture_begin(SOCK_SEQPACKET);
    mn_log_gather(&lines, MN_LOG_INFO, "restore", "vat=%s run=%u", "x1", 2U);
    mn_log_gather(&lines, MN_LOG_WARNING, "vat_lost", "%s", "");
    mn_log_flush(&lines);
    mn_log_flush(&lines); /* there are none */
    mn_log(MN_LOG_INFO, "ended", "number=%d", 3);
    capture_end();
    assert_true(next_write(text) > 0);
    const char *first = strstr(text, "Z INFO restore vat=x1 run=2\n");
    assert_non_null(first);
    assert_non_null(strstr(first, "Z WARNING vat_lost \n"));
    assert_true(next_write(text) > 0);
    assert_non_null(strstr(text, "Z INFO ended number=3\n"));
    assert_int_equal(next_write(text), 0);
    (void)close(ends[0]);
}

static void writes_before_there_is_no_room_and_never_a_part_of_a_line(void **state)
{
    (void)state;
    enum { LINE_COUNT = 1000 };
    char text[MN_LOG_LINES_SIZE + 1];
    char expected[32];
    struct mn_log_lines lines = {.size = 0};
    capture_begin(SOCK_SEQPACKET);
    unsigned seen = 0;
    unsigned writes = 0;
    for (unsigned i = 0; i < LINE_COUNT; i++) {
        mn_log_gather(&lines, MN_LOG_INFO, "restore", "number=%u", i);
        if (i % 100 == 99) {
            mn_log_flush(&lines);
            for (ssize_t got = 1; got > 0; writes += got > 0 ? 1 : 0) {
                got = recv(ends[0], text, MN_LOG_LINES_SIZE, MSG_DONTWAIT);
                text[got > 0 ? got : 0] = '\0';
                for (char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
                    (void)snprintf(expected, sizeof expected, "restore number=%u\n", seen);
                    char *at = strstr(line, expected);
                    assert_non_null(at);
                    assert_ptr_equal(at + strlen(expected), strchr(line, '\n') + 1);
                    seen += 1;
                }
            }
        }
    }
    capture_end();
    (void)close(ends[0]);
    assert_int_equal(seen, LINE_COUNT);
    assert_int_equal(writes, 20); /* a hundred lines of 49 bytes are two writes */
}

static void has_room_for_the_longest_lines(void **state)
{
    (void)state;
    char text[MN_LOG_LINES_SIZE + 1];
    char *much = malloc(4000);
    assert_non_null(much);
    memset(much, 'x', 4000);
    much[3999] = '\0';
    struct mn_log_lines lines = {.size = 0};
    capture_begin(SOCK_SEQPACKET);
    for (int i = 0; i < 3; i++) {
        mn_log_gather(&lines, MN_LOG_INFO, "long", "text=%s", much);
    }
    mn_log_flush(&lines);
    capture_end();
    free(much);
    size_t both = next_write(text);
    size_t third = next_write(text);
    assert_true(third <= MN_LOG_LINE_SIZE_MAX);
    assert_true(third > MN_LOG_LINE_SIZE_MAX - 8);
    assert_int_equal(both, 2 * third);
    assert_int_equal(text[third - 1], '\n');
    (void)close(ends[0]);
}

enum { THREAD_LINE_COUNT = 2000 };

static void *gather_all(void *context)
{
    struct mn_log_lines lines = {.size = 0};
    for (int i = 0; i < THREAD_LINE_COUNT; i++) {
        mn_log_gather(&lines, MN_LOG_INFO, "mine", "text=%s", (const char *)context);
    }
    mn_log_flush(&lines);
    return NULL;
}

static void *read_all(void *context)
{
    size_t size = 0;
    char *text = context;
    ssize_t got = 1;
    while (got > 0) {
        got = read(ends[0], text + size, PIPE_BUF);
        size += got > 0 ? (size_t)got : 0;
    }
    text[size] = '\0';
    return NULL;
}

static void lines_of_two_threads_do_not_mix_in_a_pipe(void **state)
{
    (void)state;
    static char mine[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    static char other[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    char *text = malloc((size_t)2 * THREAD_LINE_COUNT * 200);
    pthread_t reader;
    pthread_t writer;
    assert_non_null(text);
    capture_begin(0);
    assert_int_equal(pthread_create(&reader, NULL, read_all, text), 0);
    assert_int_equal(pthread_create(&writer, NULL, gather_all, other), 0);
    (void)gather_all(mine);
    assert_int_equal(pthread_join(writer, NULL), 0);
    capture_end();
    assert_int_equal(pthread_join(reader, NULL), 0);
    (void)close(ends[0]);
    unsigned count = 0;
    for (char *line = text; *line != '\0'; count++) {
        char *end = strchr(line, '\n');
        assert_non_null(end);
        *end = '\0';
        const char *at = strstr(line, " INFO mine text=");
        assert_non_null(at);
        at += strlen(" INFO mine text=");
        assert_true(strcmp(at, mine) == 0 || strcmp(at, other) == 0);
        line = end + 1;
    }
    assert_int_equal(count, 2 * THREAD_LINE_COUNT);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_lines_together_when_it_is_told_to),
        cmocka_unit_test(writes_before_there_is_no_room_and_never_a_part_of_a_line),
        cmocka_unit_test(has_room_for_the_longest_lines),
        cmocka_unit_test(lines_of_two_threads_do_not_mix_in_a_pipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
