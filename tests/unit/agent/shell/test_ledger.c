/* The agent's records on disk: what is committed survives, what goes wrong is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/shell/shell_files.h"
#include "shell/ledger.h"

static char directory[SHELL_PATH_SIZE];
static char path[SHELL_PATH_SIZE];

static int setup(void **state)
{
    (void)state;
    shell_directory_make(directory);
    shell_path(path, directory, "agent.db");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    shell_directory_delete(directory);
    return 0;
}

static struct agent_ledger *open_ledger(void)
{
    struct agent_ledger *ledger = NULL;
    struct mn_error error = {{0}};
    assert_int_equal(agent_ledger_open(&ledger, path, &error), MN_OK);
    assert_string_equal(error.text, "");
    return ledger;
}

static void put(struct agent_ledger *ledger, const char *key, const char *text)
{
    assert_int_equal(agent_ledger_begin(ledger, NULL), MN_OK);
    assert_int_equal(agent_ledger_put(ledger, key, text, strlen(text), NULL), MN_OK);
    assert_int_equal(agent_ledger_commit(ledger, NULL), MN_OK);
}

/* All records as "key=bytes;" in the order in which they are handed out. */
static mn_result gather(void *context, const char *key, const void *bytes, size_t size)
{
    char *text = context;
    size_t used = strlen(text);
    (void)snprintf(text + used, 512 - used, "%s=%.*s;", key, (int)size, (const char *)bytes);
    return MN_OK;
}

static void assert_records(struct agent_ledger *ledger, const char *expected)
{
    char text[512] = "";
    assert_int_equal(agent_ledger_read(ledger, gather, text, NULL), MN_OK);
    assert_string_equal(text, expected);
}

static void assert_refused(mn_result result, const char *what)
{
    struct agent_ledger *ledger = NULL;
    struct mn_error error = {{0}};
    assert_int_equal(agent_ledger_open(&ledger, path, &error), result);
    assert_null(ledger);
    assert_non_null(strstr(error.text, path));
    assert_non_null(strstr(error.text, what));
    assert_null(strchr(error.text, '\n'));
}

static void run_sql(const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void keeps_what_it_committed_across_reopening(void **state)
{
    (void)state;
    struct agent_ledger *ledger = open_ledger();
    assert_int_equal(agent_ledger_begin(ledger, NULL), MN_OK);
    assert_int_equal(agent_ledger_put(ledger, "vat x2", "two", 3, NULL), MN_OK);
    assert_int_equal(agent_ledger_put(ledger, "vat x1", "one", 3, NULL), MN_OK);
    assert_int_equal(agent_ledger_commit(ledger, NULL), MN_OK);
    put(ledger, "vat x2", "two anew");
    agent_ledger_close(&ledger);
    assert_null(ledger);
    ledger = open_ledger();
    assert_records(ledger, "vat x1=one;vat x2=two anew;");
    agent_ledger_close(&ledger);
}

static void forgets_what_it_is_told_to_forget(void **state)
{
    (void)state;
    struct agent_ledger *ledger = open_ledger();
    put(ledger, "round 01", "a");
    put(ledger, "round 02", "b");
    assert_int_equal(agent_ledger_begin(ledger, NULL), MN_OK);
    assert_int_equal(agent_ledger_forget(ledger, "round 01", NULL), MN_OK);
    assert_int_equal(agent_ledger_forget(ledger, "never there", NULL), MN_OK);
    assert_int_equal(agent_ledger_commit(ledger, NULL), MN_OK);
    agent_ledger_close(&ledger);
    ledger = open_ledger();
    assert_records(ledger, "round 02=b;");
    agent_ledger_close(&ledger);
}

static void does_not_know_what_was_never_committed(void **state)
{
    (void)state;
    struct agent_ledger *ledger = open_ledger();
    put(ledger, "vat x1", "one");
    assert_int_equal(agent_ledger_begin(ledger, NULL), MN_OK);
    assert_int_equal(agent_ledger_put(ledger, "vat x1", "lost", 4, NULL), MN_OK);
    agent_ledger_close(&ledger);
    ledger = open_ledger();
    assert_records(ledger, "vat x1=one;");
    agent_ledger_close(&ledger);
}

static void keeps_a_record_without_bytes(void **state)
{
    (void)state;
    struct agent_ledger *ledger = open_ledger();
    put(ledger, "generation", "");
    assert_records(ledger, "generation=;");
    agent_ledger_close(&ledger);
}

static mn_result refuse_the_second(void *context, const char *key, const void *bytes, size_t size)
{
    (void)bytes;
    (void)size;
    int *count = context;
    *count += 1;
    return strcmp(key, "vat x2") == 0 ? MN_BAD_INPUT : MN_OK;
}

static void names_a_record_that_cannot_be_used(void **state)
{
    (void)state;
    struct agent_ledger *ledger = open_ledger();
    put(ledger, "vat x1", "one");
    put(ledger, "vat x2", "two");
    put(ledger, "vat x3", "three");
    int count = 0;
    struct mn_error error = {{0}};
    assert_int_equal(agent_ledger_read(ledger, refuse_the_second, &count, &error), MN_BAD_INPUT);
    assert_int_equal(count, 2);
    assert_non_null(strstr(error.text, "\"vat x2\""));
    assert_non_null(strstr(error.text, path));
    agent_ledger_close(&ledger);
}

static void has_one_owner_at_a_time(void **state)
{
    (void)state;
    struct agent_ledger *ledger = open_ledger();
    assert_refused(MN_IN_USE, "another mneme-agent runs with this directory");
    agent_ledger_close(&ledger);
    ledger = open_ledger();
    agent_ledger_close(&ledger);
}

static void refuses_a_file_that_is_no_database(void **state)
{
    (void)state;
    char text[4096];
    memset(text, 'x', sizeof text);
    shell_write(path, text, sizeof text);
    assert_refused(MN_CORRUPT, "move it away");
}

static void refuses_a_damaged_database(void **state)
{
    (void)state;
    run_sql("PRAGMA page_size = 4096; PRAGMA journal_mode = DELETE;"
            "CREATE TABLE record (key TEXT PRIMARY KEY NOT NULL, bytes BLOB NOT NULL)"
            " WITHOUT ROWID; PRAGMA application_id = 1296975169; PRAGMA user_version = 1;"
            "INSERT INTO record VALUES ('vat x1', zeroblob(3000))");
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_in_range(status.st_size, 8192, 65536);
    shell_flip(path, 4096); /* the kind of the second page */
    assert_refused(MN_CORRUPT, "move it away");
}

static void refuses_the_database_of_somebody_else(void **state)
{
    (void)state;
    run_sql("CREATE TABLE music (title TEXT)");
    assert_refused(MN_CORRUPT, "is --data the right directory?");
}

static void refuses_what_a_newer_version_wrote(void **state)
{
    (void)state;
    struct agent_ledger *ledger = open_ledger();
    agent_ledger_close(&ledger);
    run_sql("PRAGMA user_version = 2");
    assert_refused(MN_BAD_VERSION, "has version 2");
}

static void names_a_directory_that_cannot_be_written(void **state)
{
    (void)state;
    assert_int_equal(chmod(directory, 0555), 0);
    shell_unprivileged_begin();
    assert_refused(MN_DENIED, "writable by this user");
    shell_unprivileged_end();
    assert_int_equal(chmod(directory, 0755), 0);
}

static void names_a_database_that_cannot_be_written(void **state)
{
    (void)state;
    struct agent_ledger *ledger = open_ledger();
    agent_ledger_close(&ledger);
    assert_int_equal(chmod(path, 0444), 0);
    assert_int_equal(chmod(directory, 0555), 0);
    shell_unprivileged_begin();
    assert_refused(MN_DENIED, "writable by this user");
    shell_unprivileged_end();
    assert_int_equal(chmod(directory, 0755), 0);
}

static mn_result put_large(struct agent_ledger *ledger, struct mn_error *error)
{
    static const char large[100000];
    mn_result result = agent_ledger_begin(ledger, error);
    if (result == MN_OK) {
        result = agent_ledger_put(ledger, "vat x1", large, sizeof large, error);
    }
    return result == MN_OK ? agent_ledger_commit(ledger, error) : result;
}

static void assert_full(struct agent_ledger *ledger, mn_result result, const char *what)
{
    for (int i = 0; i < 3; i++) {
        struct mn_error error = {{0}};
        assert_int_equal(put_large(ledger, &error), result);
        assert_non_null(strstr(error.text, path));
        assert_non_null(strstr(error.text, what));
    }
    assert_records(ledger, "generation=7;");
}

static void names_a_full_disk_and_goes_on_when_there_is_room(void **state)
{
    (void)state;
    if (!shell_small_disk(directory, 131072)) {
        skip();
    }
    struct agent_ledger *ledger = open_ledger();
    put(ledger, "generation", "7");
    assert_full(ledger, MN_NO_SPACE, "make room on its disk");
    put(ledger, "vat x1", "one");
    agent_ledger_close(&ledger);
    ledger = open_ledger();
    assert_records(ledger, "generation=7;vat x1=one;");
    agent_ledger_close(&ledger);
    shell_small_disk_end(directory);
}

static void names_a_limit_on_files_and_goes_on_when_it_is_lifted(void **state)
{
    (void)state;
    struct agent_ledger *ledger = open_ledger();
    put(ledger, "generation", "7");
    shell_full_begin(32768);
    assert_full(ledger, MN_IO, "a quota or a limit on the size of files");
    shell_full_end();
    struct mn_error error = {{0}};
    assert_int_equal(put_large(ledger, &error), MN_OK);
    agent_ledger_close(&ledger);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(keeps_what_it_committed_across_reopening),
        CASE(forgets_what_it_is_told_to_forget),
        CASE(does_not_know_what_was_never_committed),
        CASE(keeps_a_record_without_bytes),
        CASE(names_a_record_that_cannot_be_used),
        CASE(has_one_owner_at_a_time),
        CASE(refuses_a_file_that_is_no_database),
        CASE(refuses_a_damaged_database),
        CASE(refuses_the_database_of_somebody_else),
        CASE(refuses_what_a_newer_version_wrote),
        CASE(names_a_directory_that_cannot_be_written),
        CASE(names_a_database_that_cannot_be_written),
        CASE(names_a_full_disk_and_goes_on_when_there_is_room),
        CASE(names_a_limit_on_files_and_goes_on_when_it_is_lifted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
