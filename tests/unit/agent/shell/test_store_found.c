/* A disk that was found: what is whole on it and of that vat becomes a copy, and nothing on it is
 * changed. */
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

#define EPOCH(count) (INT64_C(0x100000000) + (count))

/* A store, and a disk that was found, with 1.1 and 1.2 of x1. */
struct found_case {
    char directory[SHELL_PATH_SIZE];
    char root[SHELL_PATH_SIZE];
    char found[SHELL_PATH_SIZE];
    char there[SHELL_PATH_SIZE]; /* x1's directory of that disk */
    struct agent_store store;
    struct agent_file_facts facts;
    struct mn_name vat;
    mn_epoch *epochs;
    uint32_t count;
    struct mn_arena arena;
};

static int setup(void **state)
{
    struct found_case *test = calloc(1, sizeof *test);
    assert_non_null(test);
    shell_directory_make(test->directory);
    shell_path(test->root, test->directory, "store");
    shell_path(test->found, test->directory, "found");
    shell_path(test->there, test->directory, "found/x1");
    assert_int_equal(mkdir(test->found, 0755), 0);
    assert_int_equal(mkdir(test->there, 0755), 0);
    assert_int_equal(agent_store_open(&test->store, test->root, NULL), MN_OK);
    assert_int_equal(chmod(test->root, 0755), 0);
    shell_checkpoint(test->there, "x1", EPOCH(2), 20000, &test->facts);
    shell_checkpoint(test->there, "x1", EPOCH(1), 20000, &test->facts);
    test->vat = mn_name_of("x1");
    *state = test;
    return 0;
}

static int teardown(void **state)
{
    struct found_case *test = *state;
    mn_arena_deinit(&test->arena);
    free(test->epochs);
    shell_directory_delete(test->directory);
    free(test);
    return 0;
}

static mn_result list(struct found_case *test, const char *from, struct mn_error *error)
{
    free(test->epochs);
    test->epochs = NULL;
    test->count = 0;
    return agent_store_list_found(from, &test->vat, &test->epochs, &test->count, error);
}

/* Take all parts of a file. */
static mn_result take(struct found_case *test, const char *from, mn_epoch epoch,
                      enum mn_passed_why *why, struct mn_error *error)
{
    struct mn_checkpoint_reader *reading = NULL;
    uint64_t offset = 0;
    bool whole = false;
    mn_result result = MN_OK;
    while (result == MN_OK && !whole) {
        result = agent_store_take_found(&test->store, from, &test->vat, epoch, &offset, &reading,
                                        &test->arena, &test->facts, &whole, why, error);
    }
    return result;
}

static void assert_passed(struct found_case *test, mn_epoch epoch, enum mn_passed_why why)
{
    struct mn_error error = {{0}};
    enum mn_passed_why said = MN_PASSED_DEAD;
    char here[SHELL_PATH_SIZE];
    shell_path(here, test->root, "x1");
    assert_int_not_equal(take(test, test->found, epoch, &said, &error), MN_OK);
    assert_int_equal(said, why);
    assert_string_not_equal(error.text, "");
    assert_true(!shell_exists(here) || shell_count(here) == 0);
}

static void copies_what_is_whole_and_leaves_the_disk_as_it_is(void **state)
{
    struct found_case *test = *state;
    struct mn_error error = {{0}};
    enum mn_passed_why why = MN_PASSED_DEAD;
    char before[65536];
    char after[65536];
    char there[SHELL_PATH_SIZE];
    char here[SHELL_PATH_SIZE];
    shell_path(there, test->there, "0000000100000002.ckpt");
    shell_path(here, test->root, "x1/0000000100000002.ckpt");
    size_t size = shell_read(there, before, sizeof before);
    assert_int_equal(list(test, test->found, &error), MN_OK);
    assert_int_equal(test->count, 2);
    assert_int_equal(test->epochs[0], EPOCH(1));
    assert_int_equal(test->epochs[1], EPOCH(2));
    assert_int_equal(take(test, test->found, EPOCH(2), &why, &error), MN_OK);
    assert_int_equal(test->facts.record.epoch, EPOCH(2));
    assert_int_equal(test->facts.size, size);
    assert_int_equal(shell_read(here, after, sizeof after), size);
    assert_memory_equal(before, after, size);
    assert_int_equal(shell_count(test->there), 2);
    assert_int_equal(shell_read(there, after, sizeof after), size);
    assert_memory_equal(before, after, size);
    /* Again, and from the vat's own directory: as from .aside/VAT.RUN. */
    assert_int_equal(list(test, test->there, &error), MN_OK);
    assert_int_equal(test->count, 2);
    assert_int_equal(take(test, test->there, EPOCH(2), &why, &error), MN_OK);
    assert_int_equal(take(test, test->there, EPOCH(1), &why, &error), MN_OK);
}

static void copies_a_large_file_in_parts(void **state)
{
    struct found_case *test = *state;
    struct mn_error error = {{0}};
    enum mn_passed_why why = MN_PASSED_DEAD;
    struct mn_checkpoint_reader *reading = NULL;
    uint64_t offset = 0;
    bool whole = false;
    char arriving[SHELL_PATH_SIZE];
    shell_path(arriving, test->root, "x1/0000000100000003.arriving");
    shell_checkpoint(test->there, "x1", EPOCH(3), 20 * 1024 * 1024, &test->facts);
    uint64_t size = test->facts.size;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(agent_store_take_found(&test->store, test->found, &test->vat, EPOCH(3),
                                                &offset, &reading, &test->arena, &test->facts,
                                                &whole, &why, &error),
                         MN_OK);
        assert_false(whole);
        assert_true(shell_exists(arriving));
        assert_int_equal(reading != NULL, i == 2); /* all is there, and is read over */
    }
    assert_int_equal(agent_store_take_found(&test->store, test->found, &test->vat, EPOCH(3),
                                            &offset, &reading, &test->arena, &test->facts, &whole,
                                            &why, &error),
                     MN_OK);
    assert_true(whole);
    assert_null(reading);
    assert_int_equal(offset, size);
    assert_int_equal(test->facts.size, size);
    assert_false(shell_exists(arriving));
}

static void leaves_nothing_of_a_file_that_is_pulled_out_half_copied(void **state)
{
    struct found_case *test = *state;
    struct mn_error error = {{0}};
    enum mn_passed_why why = MN_PASSED_DEAD;
    struct mn_checkpoint_reader *reading = NULL;
    uint64_t offset = 0;
    bool whole = false;
    char arriving[SHELL_PATH_SIZE];
    char there[SHELL_PATH_SIZE];
    shell_path(arriving, test->root, "x1/0000000100000003.arriving");
    shell_path(there, test->there, "0000000100000003.ckpt");
    shell_checkpoint(test->there, "x1", EPOCH(3), 10 * 1024 * 1024, &test->facts);
    assert_int_equal(agent_store_take_found(&test->store, test->found, &test->vat, EPOCH(3),
                                            &offset, &reading, &test->arena, &test->facts, &whole,
                                            &why, &error),
                     MN_OK);
    assert_true(shell_exists(arriving));
    assert_int_equal(unlink(there), 0);
    assert_int_equal(agent_store_take_found(&test->store, test->found, &test->vat, EPOCH(3),
                                            &offset, &reading, &test->arena, &test->facts, &whole,
                                            &why, &error),
                     MN_NOT_FOUND);
    assert_int_equal(why, MN_PASSED_UNREADABLE);
    assert_false(shell_exists(arriving));
}

static void passes_over_what_is_damaged_foreign_or_no_file(void **state)
{
    struct found_case *test = *state;
    char path[SHELL_PATH_SIZE];
    char other[SHELL_PATH_SIZE];
    struct agent_file_facts facts;
    shell_path(path, test->there, "0000000100000001.ckpt");
    shell_flip(path, 15000);
    assert_passed(test, EPOCH(1), MN_PASSED_DAMAGED);
    assert_int_equal(truncate(path, 100), 0);
    assert_passed(test, EPOCH(1), MN_PASSED_DAMAGED);
    assert_int_equal(truncate(path, 0), 0);
    assert_passed(test, EPOCH(1), MN_PASSED_DAMAGED);
    shell_path(path, test->there, "0000000100000002.ckpt");
    shell_path(other, test->there, "0000000100000005.ckpt");
    assert_int_equal(link(path, other), 0);
    assert_passed(test, EPOCH(5), MN_PASSED_FOREIGN); /* of another epoch */
    shell_checkpoint(test->there, "x2", EPOCH(6), 100, &facts);
    assert_passed(test, EPOCH(6), MN_PASSED_FOREIGN); /* of another vat */
    assert_passed(test, EPOCH(7), MN_PASSED_UNREADABLE);
    shell_path(other, test->there, "0000000100000008.ckpt");
    assert_int_equal(symlink(path, other), 0);
    assert_passed(test, EPOCH(8), MN_PASSED_UNREADABLE);
    shell_path(other, test->there, "0000000100000009.ckpt");
    assert_int_equal(mkfifo(other, 0600), 0);
    assert_passed(test, EPOCH(9), MN_PASSED_UNREADABLE);
}

static void says_when_its_own_disk_is_full(void **state)
{
    struct found_case *test = *state;
    shell_full_begin(10000);
    assert_passed(test, EPOCH(1), MN_PASSED_FULL);
    shell_full_end();
}

static void says_when_it_may_not_read_that_disk_or_write_its_own(void **state)
{
    struct found_case *test = *state;
    struct mn_error error = {{0}};
    char path[SHELL_PATH_SIZE];
    shell_path(path, test->there, "0000000100000001.ckpt");
    assert_int_equal(chmod(path, 0), 0);
    assert_int_equal(chmod(test->root, 0777), 0);
    shell_unprivileged_begin();
    assert_passed(test, EPOCH(1), MN_PASSED_UNREADABLE);
    shell_unprivileged_end();
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(chmod(test->root, 0555), 0);
    shell_unprivileged_begin();
    assert_passed(test, EPOCH(1), MN_PASSED_UNWRITTEN);
    shell_unprivileged_end();
    assert_int_equal(chmod(test->found, 0), 0);
    shell_unprivileged_begin();
    mn_result result = list(test, test->found, &error);
    shell_unprivileged_end();
    assert_int_equal(chmod(test->found, 0755), 0);
    assert_int_equal(result, MN_DENIED);
    assert_non_null(strstr(error.text, test->found));
}

static void says_when_there_is_nothing_of_the_vat(void **state)
{
    struct found_case *test = *state;
    struct mn_error error = {{0}};
    char nowhere[SHELL_PATH_SIZE];
    shell_path(nowhere, test->directory, "nowhere");
    assert_int_equal(list(test, nowhere, &error), MN_NOT_FOUND);
    assert_non_null(strstr(error.text, nowhere));
    test->vat = mn_name_of("x3");
    assert_int_equal(list(test, test->root, &error), MN_NOT_FOUND);
    test->vat = mn_name_of("x1");
    shell_path(nowhere, test->directory, "found/x1/empty");
    assert_int_equal(mkdir(nowhere, 0755), 0);
    assert_int_equal(list(test, nowhere, &error), MN_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(copies_what_is_whole_and_leaves_the_disk_as_it_is, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(copies_a_large_file_in_parts, setup, teardown),
        cmocka_unit_test_setup_teardown(leaves_nothing_of_a_file_that_is_pulled_out_half_copied,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(passes_over_what_is_damaged_foreign_or_no_file, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(says_when_its_own_disk_is_full, setup, teardown),
        cmocka_unit_test_setup_teardown(says_when_it_may_not_read_that_disk_or_write_its_own, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(says_when_there_is_nothing_of_the_vat, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
