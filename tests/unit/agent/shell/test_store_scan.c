/* The scan of the store at start: what is whole is handed out, what is not is set aside and named
 * once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/shell/shell_files.h"
#include "shell/store.h"
#include "store/checkpoint_file.h"

#define EPOCH(n) (INT64_C(0x100000000) + (n))

struct scan_case {
    struct mn_arena arena; /* of what is read over, */
    struct agent_file_facts facts;
    char root[SHELL_PATH_SIZE];
    char x1[SHELL_PATH_SIZE];
    char x2[SHELL_PATH_SIZE];
    struct agent_store store;
    char found[512]; /* "x1 1;" for each file that was handed out */
    char bad[2048];
    int bad_count;
    mn_result answer; /* to every file */
};

static int setup(void **state)
{
    struct scan_case *test = calloc(1, sizeof *test);
    assert_non_null(test);
    shell_directory_make(test->root);
    shell_path(test->x1, test->root, "x1");
    shell_path(test->x2, test->root, "x2");
    assert_int_equal(agent_store_open(&test->store, test->root, NULL), MN_OK);
    assert_int_equal(mkdir(test->x1, 0755), 0);
    assert_int_equal(mkdir(test->x2, 0755), 0);
    *state = test;
    return 0;
}

static int teardown(void **state)
{
    struct scan_case *test = *state;
    shell_directory_delete(test->root);
    mn_arena_deinit(&test->arena);
    free(test);
    return 0;
}

static void write_checkpoint(const char *directory, const char *vat, mn_epoch epoch)
{
    struct agent_file_facts facts;
    shell_checkpoint(directory, vat, epoch, 5000, &facts);
}

static mn_result on_file(void *context, const struct agent_file_facts *facts)
{
    struct scan_case *test = context;
    size_t used = strlen(test->found);
    (void)snprintf(test->found + used, sizeof test->found - used, "%s %d;", facts->record.vat.text,
                   (int)(facts->record.epoch - EPOCH(0)));
    return test->answer;
}

static mn_result on_unread(void *context, const struct mn_name *vat, mn_epoch epoch)
{
    struct scan_case *test = context;
    size_t used = strlen(test->found);
    (void)snprintf(test->found + used, sizeof test->found - used, "%s %d unread;", vat->text,
                   (int)(epoch - EPOCH(0)));
    return MN_OK;
}

static void on_bad(void *context, const char *text)
{
    struct scan_case *test = context;
    (void)snprintf(test->bad, sizeof test->bad, "%s", text);
    test->bad_count += 1;
}

/* What a scan finds, as "x1 1;x1 2;". */
static const char *scan(struct scan_case *test)
{
    struct mn_error error = {{0}};
    test->found[0] = '\0';
    test->bad[0] = '\0';
    test->bad_count = 0;
    assert_int_equal(agent_store_scan(&test->store, on_file, on_unread, on_bad, test, &error),
                     MN_OK);
    assert_string_equal(error.text, "");
    return test->found;
}

static void hands_out_files_by_vat_and_epoch(void **state)
{
    struct scan_case *test = *state;
    write_checkpoint(test->x2, "x2", EPOCH(1));
    write_checkpoint(test->x1, "x1", EPOCH(16));
    write_checkpoint(test->x1, "x1", EPOCH(9));
    write_checkpoint(test->x1, "x1", EPOCH(2));
    assert_string_equal(scan(test), "x1 2;x1 9;x1 16;x2 1;");
    assert_int_equal(test->bad_count, 0);
}

static void sets_a_corrupt_file_aside_names_it_once_and_never_counts_it(void **state)
{
    struct scan_case *test = *state;
    char path[SHELL_PATH_SIZE];
    char aside[SHELL_PATH_SIZE];
    shell_path(path, test->x1, "0000000100000002.ckpt");
    shell_path(aside, test->x1, "0000000100000002.ckpt.corrupt");
    write_checkpoint(test->x1, "x1", EPOCH(1));
    write_checkpoint(test->x1, "x1", EPOCH(2));
    write_checkpoint(test->x1, "x1", EPOCH(3));
    shell_flip(path, 3000);
    assert_string_equal(scan(test), "x1 1;x1 3;");
    assert_int_equal(test->bad_count, 1);
    assert_non_null(strstr(test->bad, path));
    assert_non_null(strstr(test->bad, "set aside with the ending .corrupt"));
    assert_false(shell_exists(path));
    assert_true(shell_exists(aside));
    assert_string_equal(scan(test), "x1 1;x1 3;");
    assert_int_equal(test->bad_count, 0);
}

/* It is whole, and says of itself what can be of no checkpoint. */
static void sets_a_file_aside_that_nobody_can_have_written(void **state)
{
    struct scan_case *test = *state;
    struct mn_checkpoint_identity identity;
    struct mn_checkpoint_record record = {
        .vat = mn_name_of("x1"), .run = 1, .incarnation = 9, .epoch = EPOCH(2)};
    write_checkpoint(test->x1, "x1", EPOCH(1));
    assert_int_equal(mn_checkpoint_write(test->x1, &record, NULL, 0, &identity, NULL), MN_OK);
    assert_string_equal(scan(test), "x1 1;");
    assert_int_equal(test->bad_count, 1);
    assert_non_null(strstr(test->bad, "set aside with the ending .corrupt"));
}

/* The next part. */
static mn_result read_part(struct scan_case *test, mn_epoch epoch,
                           struct mn_checkpoint_reader **reading, struct mn_error *error)
{
    struct mn_name x1 = mn_name_of("x1");
    return agent_store_read_over(&test->store, &x1, epoch, reading, &test->arena, &test->facts,
                                 error);
}

/* All of a small file. */
static mn_result read_over(struct scan_case *test, mn_epoch epoch, struct mn_error *error)
{
    struct mn_checkpoint_reader *reading = NULL;
    mn_result result = read_part(test, epoch, &reading, error);
    assert_null(reading);
    return result;
}

static void reads_a_file_over_and_sets_it_aside_when_it_went_bad(void **state)
{
    struct scan_case *test = *state;
    char path[SHELL_PATH_SIZE];
    char aside[SHELL_PATH_SIZE];
    struct mn_error error = {{0}};
    write_checkpoint(test->x1, "x1", EPOCH(1));
    shell_path(path, test->x1, "0000000100000001.ckpt");
    shell_path(aside, test->x1, "0000000100000001.ckpt.corrupt");
    assert_int_equal(read_over(test, EPOCH(1), &error), MN_OK);
    shell_flip(path, 3000);
    assert_int_equal(read_over(test, EPOCH(1), &error), MN_CORRUPT);
    assert_non_null(strstr(error.text, "set aside with the ending .corrupt"));
    assert_true(shell_exists(aside));
    assert_int_equal(read_over(test, EPOCH(1), &error), MN_NOT_FOUND);
}

/* What was read is what had been there, and the other file nobody has read. */
static void says_nothing_of_a_file_that_took_the_place_of_what_it_reads(void **state)
{
    struct scan_case *test = *state;
    struct agent_file_facts facts;
    char path[SHELL_PATH_SIZE];
    struct mn_error error = {{0}};
    struct mn_checkpoint_reader *reading = NULL;
    shell_path(path, test->x1, "0000000100000001.ckpt");
    shell_checkpoint(test->x1, "x1", EPOCH(1), 20 * 1024 * 1024, &facts);
    shell_flip(path, (long)facts.size - 1);
    assert_int_equal(read_part(test, EPOCH(1), &reading, &error), MN_OK);
    assert_non_null(reading); /* there is more of it */
    assert_int_equal(unlink(path), 0);
    write_checkpoint(test->x1, "x1", EPOCH(1));
    assert_int_equal(read_part(test, EPOCH(1), &reading, &error), MN_OK);
    assert_null(reading);
    assert_true(shell_exists(path));
    assert_int_equal(read_over(test, EPOCH(1), &error), MN_OK);
}

static void sets_aside_what_is_cut_short_or_empty(void **state)
{
    struct scan_case *test = *state;
    char path[SHELL_PATH_SIZE];
    shell_path(path, test->x1, "0000000100000001.ckpt");
    write_checkpoint(test->x1, "x1", EPOCH(1));
    assert_int_equal(truncate(path, 4000), 0);
    shell_path(path, test->x1, "0000000100000002.ckpt");
    shell_write(path, "", 0);
    assert_string_equal(scan(test), "");
    assert_int_equal(test->bad_count, 2);
    assert_string_equal(scan(test), "");
    assert_int_equal(test->bad_count, 0);
}

/* Which nobody writes into: whoever opens it as a file waits for ever. */
static void sets_aside_a_pipe(void **state)
{
    struct scan_case *test = *state;
    char name[MN_CHECKPOINT_NAME_SIZE];
    char path[SHELL_PATH_SIZE];
    mn_checkpoint_name_into(name, EPOCH(1));
    shell_path(path, test->x1, name);
    assert_int_equal(mkfifo(path, 0600), 0);
    write_checkpoint(test->x1, "x1", EPOCH(2));
    assert_string_equal(scan(test), "x1 2;");
    assert_int_equal(test->bad_count, 1);
    assert_non_null(strstr(test->bad, "it is no regular file"));
    assert_int_equal(access(path, F_OK), -1);
}

static void sets_aside_what_stands_under_a_wrong_name(void **state)
{
    struct scan_case *test = *state;
    char from[SHELL_PATH_SIZE];
    char to[SHELL_PATH_SIZE];
    write_checkpoint(test->x1, "x1", EPOCH(1));
    shell_path(from, test->x1, "0000000100000001.ckpt");
    shell_path(to, test->x1, "0000000100000005.ckpt");
    assert_int_equal(link(from, to), 0);
    shell_path(to, test->x2, "0000000100000001.ckpt");
    assert_int_equal(link(from, to), 0);
    assert_string_equal(scan(test), "x1 1;");
    assert_int_equal(test->bad_count, 2);
    assert_non_null(strstr(test->bad, "holds checkpoint 4294967297 of x1"));
    assert_int_equal(shell_count(test->x1), 2);
}

static void leaves_a_file_of_a_newer_version_where_it_is(void **state)
{
    struct scan_case *test = *state;
    char path[SHELL_PATH_SIZE];
    shell_path(path, test->x1, "0000000100000001.ckpt");
    write_checkpoint(test->x1, "x1", EPOCH(1));
    shell_flip(path, 9); /* the version's second byte */
    assert_string_equal(scan(test), "");
    assert_int_equal(test->bad_count, 1);
    assert_non_null(strstr(test->bad, path));
    assert_true(shell_exists(path));
}

static void names_a_file_that_cannot_be_read_and_leaves_it_where_it_is(void **state)
{
    struct scan_case *test = *state;
    char path[SHELL_PATH_SIZE];
    shell_path(path, test->x1, "0000000100000001.ckpt");
    write_checkpoint(test->x1, "x1", EPOCH(1));
    assert_int_equal(chmod(path, 0), 0);
    shell_unprivileged_begin();
    assert_string_equal(scan(test), "x1 1 unread;");
    shell_unprivileged_end();
    assert_int_equal(test->bad_count, 1);
    assert_non_null(strstr(test->bad, path));
    assert_int_equal(chmod(path, 0600), 0);
    assert_string_equal(scan(test), "x1 1;");
}

static void clears_away_what_had_not_arrived_but_nothing_of_a_living_vat(void **state)
{
    struct scan_case *test = *state;
    char arriving[SHELL_PATH_SIZE];
    char anew[SHELL_PATH_SIZE];
    char part[SHELL_PATH_SIZE];
    shell_path(arriving, test->x1, "0000000100000001.arriving");
    shell_path(anew, test->x1, "0000000100000002.ckpt.anew");
    shell_path(part, test->x1, "0000000100000003.part");
    shell_write(arriving, "x", 1);
    shell_write(anew, "x", 1);
    shell_write(part, "x", 1);
    assert_string_equal(scan(test), "");
    assert_false(shell_exists(arriving));
    assert_false(shell_exists(anew));
    assert_true(shell_exists(part));
    assert_int_equal(test->bad_count, 0);
}

static void passes_over_the_files_of_others(void **state)
{
    struct scan_case *test = *state;
    char path[SHELL_PATH_SIZE];
    shell_path(path, test->root, "README");
    shell_write(path, "x", 1);
    shell_path(path, test->x1, "notes.ckpt");
    shell_write(path, "x", 1);
    shell_path(path, test->x1, "00000001.ckpt");
    shell_write(path, "x", 1);
    assert_string_equal(scan(test), "");
    assert_int_equal(test->bad_count, 0);
    assert_int_equal(shell_count(test->x1), 2);
}

static void ends_when_a_file_is_not_wanted(void **state)
{
    struct scan_case *test = *state;
    struct mn_error error = {{0}};
    write_checkpoint(test->x1, "x1", EPOCH(1));
    write_checkpoint(test->x1, "x1", EPOCH(2));
    test->answer = MN_FULL;
    assert_int_equal(agent_store_scan(&test->store, on_file, on_unread, on_bad, test, &error),
                     MN_FULL);
    assert_string_equal(test->found, "x1 1;");
}

static void names_a_store_that_is_gone(void **state)
{
    struct scan_case *test = *state;
    struct agent_store store;
    struct mn_error error = {{0}};
    shell_path(store.root, test->root, "gone");
    assert_int_equal(agent_store_scan(&store, on_file, on_unread, on_bad, test, &error),
                     MN_NOT_FOUND);
    assert_non_null(strstr(error.text, store.root));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(hands_out_files_by_vat_and_epoch),
        CASE(sets_a_corrupt_file_aside_names_it_once_and_never_counts_it),
        CASE(sets_a_file_aside_that_nobody_can_have_written),
        CASE(reads_a_file_over_and_sets_it_aside_when_it_went_bad),
        CASE(says_nothing_of_a_file_that_took_the_place_of_what_it_reads),
        CASE(sets_aside_what_is_cut_short_or_empty),
        CASE(sets_aside_a_pipe),
        CASE(sets_aside_what_stands_under_a_wrong_name),
        CASE(leaves_a_file_of_a_newer_version_where_it_is),
        CASE(names_a_file_that_cannot_be_read_and_leaves_it_where_it_is),
        CASE(clears_away_what_had_not_arrived_but_nothing_of_a_living_vat),
        CASE(passes_over_the_files_of_others),
        CASE(ends_when_a_file_is_not_wanted),
        CASE(names_a_store_that_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
