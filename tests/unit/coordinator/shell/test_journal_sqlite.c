/* The journal in SQLite: what files and disks can do to it. The interface's suite is
 * test_journal.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failing_vfs.h"
#include "journal_place.h"

static void names_a_damaged_file(void **state)
{
    struct journal_place *place = *state;
    struct mn_error error = {{0}};
    journal_close(&place->journal);
    int fd = open(place->path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "this is no database at all", 26, 0), 26);
    assert_int_equal(close(fd), 0);
    assert_int_equal(journal_open_sqlite(&place->journal, place->path, &error), MN_CORRUPT);
    assert_non_null(strstr(error.text, place->path));
    assert_non_null(strstr(error.text, "restore a backup"));
}

static void names_a_directory_that_cannot_be_used(void **state)
{
    (void)state;
    struct journal journal = {0};
    struct mn_error error = {{0}};
    assert_int_equal(journal_open_sqlite(&journal, "/proc/none/journal.db", &error), MN_DENIED);
    assert_non_null(strstr(error.text, "/proc/none/journal.db"));
    assert_non_null(strstr(error.text, "must exist and be writable"));
}

/* A limit on the size of files stands for the full disk: the write fails in the same place. */
static void appends_nothing_when_a_write_fails_and_goes_on_afterwards(void **state)
{
    struct journal_place *place = *state;
    struct mn_error error = {{0}};
    char text[JOURNAL_PLACE_TEXT_SIZE];
    char *large = malloc(200000);
    struct rlimit before;
    struct rlimit small;
    assert_non_null(large);
    memset(large, 'x', 199999);
    large[199999] = '\0';
    assert_int_equal(journal_place_append(&place->journal, 1, 1, "one", NULL), MN_OK);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 100000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_not_equal(journal_place_append(&place->journal, 1, 2, large, &error), MN_OK);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_non_null(strstr(error.text, place->path));
    assert_int_equal(journal_place_append(&place->journal, 1, 2, "two", NULL), MN_OK);
    assert_int_equal(journal_place_read(&place->journal, 1, text), MN_OK);
    assert_string_equal(text, "1:1:one 2:1:two ");
    free(large);
}

/* ---- every write, every sync ----------------------------------------------------------------- */

enum { FAILING_CALL_COUNT_MAX = 200 }; /* an append makes fewer */

/* What the journal says after something failed: @before, or that and @more. */
static void holds_all_or_nothing(struct journal_place *place, mn_result result, const char *before,
                                 const char *after)
{
    char text[JOURNAL_PLACE_TEXT_SIZE];
    assert_int_equal(journal_place_read(&place->journal, 1, text), MN_OK);
    if (result == MN_OK) {
        assert_string_equal(text, after);
    } else if (result != MN_UNKNOWN || strcmp(text, after) != 0) {
        assert_string_equal(text, before);
    }
}

/* An append of which the @nth call and all after it fail with @code. Whether one did. */
static bool append_fails(struct journal_place *place, unsigned nth, int code)
{
    uint64_t sequence = 0;
    uint64_t generation = 0;
    const struct journal_entry two[] = {
        {2, 2, 3, 77, (const unsigned char *)"two", 3},
        {3, 2, 3, 77, (const unsigned char *)"three", 5},
    };
    journal_place_put_back(place, "first");
    assert_int_equal(journal_place_again(place, NULL), MN_OK);
    failing_vfs_set(nth, code);
    mn_result result = journal_append(&place->journal, two, 2, NULL);
    bool failed = failing_vfs_failed();
    assert_true(failed || result == MN_OK);
    failing_vfs_set(0, SQLITE_OK);
    holds_all_or_nothing(place, result, "1:1:one ", "1:1:one 2:2:two 3:2:three ");
    journal_place_copy(place, "crash"); /* whoever is killed now closes nothing */
    journal_close(&place->journal);
    journal_place_put_back(place, "crash");
    assert_int_equal(journal_place_again(place, NULL), MN_OK);
    holds_all_or_nothing(place, result, "1:1:one ", "1:1:one 2:2:two 3:2:three ");
    assert_int_equal(journal_newest(&place->journal, &sequence, &generation, NULL), MN_OK);
    assert_int_equal(journal_place_append(&place->journal, 4, sequence + 1, "more", NULL), MN_OK);
    journal_close(&place->journal);
    return failed;
}

static void fails_at_every_write_of_an_append(struct journal_place *place, int code)
{
    unsigned nth = 1;
    assert_int_equal(journal_place_append(&place->journal, 1, 1, "one", NULL), MN_OK);
    journal_close(&place->journal);
    journal_place_copy(place, "first");
    while (append_fails(place, nth, code)) {
        nth += 1;
        assert_true(nth < FAILING_CALL_COUNT_MAX);
    }
    assert_true(nth > 2); /* it wrote, and synced */
}

static void says_whether_an_append_is_there_whichever_write_fails(void **state)
{
    fails_at_every_write_of_an_append(*state, SQLITE_IOERR_WRITE);
}

static void appends_nothing_to_a_disk_that_is_full(void **state)
{
    fails_at_every_write_of_an_append(*state, SQLITE_FULL);
}

/* Whichever sync or write fails, a set-aside is done or it is not. */
static bool set_aside_fails(struct journal_place *place, unsigned nth)
{
    char text[JOURNAL_PLACE_TEXT_SIZE];
    char aside[JOURNAL_PLACE_TEXT_SIZE];
    journal_place_put_back(place, "first");
    assert_int_equal(journal_place_again(place, NULL), MN_OK);
    failing_vfs_set(nth, SQLITE_IOERR_WRITE);
    mn_result result = journal_set_aside(&place->journal, 2, 5, NULL);
    bool failed = failing_vfs_failed();
    failing_vfs_set(0, SQLITE_OK);
    assert_int_equal(journal_place_again(place, NULL), MN_OK);
    assert_int_equal(journal_place_read(&place->journal, 1, text), MN_OK);
    assert_int_equal(journal_place_read_aside(&place->journal, aside), MN_OK);
    bool done = strcmp(text, "1:1:one ") == 0 && strcmp(aside, "2:1:two ") == 0;
    bool not_done = strcmp(text, "1:1:one 2:1:two ") == 0 && aside[0] == '\0';
    assert_true(result == MN_OK ? done : not_done || (result == MN_UNKNOWN && done));
    journal_close(&place->journal);
    return failed;
}

static void sets_aside_all_or_nothing_whichever_write_fails(void **state)
{
    struct journal_place *place = *state;
    unsigned nth = 1;
    assert_int_equal(journal_place_append(&place->journal, 1, 1, "one", NULL), MN_OK);
    assert_int_equal(journal_place_append(&place->journal, 1, 2, "two", NULL), MN_OK);
    journal_close(&place->journal);
    journal_place_copy(place, "first");
    while (set_aside_fails(place, nth)) {
        nth += 1;
        assert_true(nth < FAILING_CALL_COUNT_MAX);
    }
    assert_true(nth > 2);
}

/* The write that was under way reached the disk in part: what was appended before is there, and it
 * goes on from that. */
static void a_torn_log_ends_with_a_whole_record(void **state)
{
    static const char *const ends[] = {"1:1:one ", "1:1:one 2:1:two ",
                                       "1:1:one 2:1:two 3:2:three "};
    struct journal_place *place = *state;
    char path[80];
    char text[JOURNAL_PLACE_TEXT_SIZE];
    struct stat facts;
    size_t end = 2;
    assert_int_equal(journal_place_append(&place->journal, 1, 1, "one", NULL), MN_OK);
    assert_int_equal(journal_place_again(place, NULL), MN_OK); /* "one" is in the file itself */
    assert_int_equal(journal_place_append(&place->journal, 1, 2, "two", NULL), MN_OK);
    assert_int_equal(journal_place_append(&place->journal, 2, 3, "three", NULL), MN_OK);
    journal_place_copy(place, "live"); /* with the log that is not in the file yet */
    journal_close(&place->journal);
    journal_place_path(place, "live-wal", path);
    assert_int_equal(stat(path, &facts), 0);
    for (off_t size = facts.st_size; size >= 0; size -= 512) {
        assert_int_equal(truncate(path, size), 0);
        journal_place_put_back(place, "live");
        assert_int_equal(journal_place_again(place, NULL), MN_OK);
        assert_int_equal(journal_place_read(&place->journal, 1, text), MN_OK);
        end -= strcmp(text, ends[end]) != 0 ? 1 : 0;
        assert_string_equal(text, ends[end]);
        assert_int_equal(journal_place_append(&place->journal, 3, end + 2, "more", NULL), MN_OK);
        journal_close(&place->journal);
    }
    assert_int_equal(end, 0);
}

#define SQLITE_TEST(test)                                                                          \
    cmocka_unit_test_prestate_setup_teardown(test, journal_place_make, journal_place_remove,       \
                                             &sqlite)

int main(void)
{
    struct journal_place_back_end sqlite = {"sqlite", journal_open_sqlite};
    const struct CMUnitTest tests[] = {
        SQLITE_TEST(names_a_damaged_file),
        cmocka_unit_test(names_a_directory_that_cannot_be_used),
        SQLITE_TEST(appends_nothing_when_a_write_fails_and_goes_on_afterwards),
        SQLITE_TEST(says_whether_an_append_is_there_whichever_write_fails),
        SQLITE_TEST(appends_nothing_to_a_disk_that_is_full),
        SQLITE_TEST(sets_aside_all_or_nothing_whichever_write_fails),
        SQLITE_TEST(a_torn_log_ends_with_a_whole_record),
    };
    failing_vfs_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
