/* Checkpoint files one at a time: what is called durable is whole, verified and synced; what could
 * not be written leaves nothing behind. */
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

enum { FILE_SIZE_MAX = 65536 };

/* A store, and one checkpoint of vat x1 that another host has: epoch 1 of run 1. */
struct store_case {
    char directory[SHELL_PATH_SIZE];
    char root[SHELL_PATH_SIZE];
    char there[SHELL_PATH_SIZE]; /* the other host's directory of x1 */
    char here[SHELL_PATH_SIZE];  /* ours */
    char kept[SHELL_PATH_SIZE];
    char arriving[SHELL_PATH_SIZE];
    struct agent_store store;
    struct agent_file_facts facts;
    char bytes[FILE_SIZE_MAX];
    size_t size;
    struct mn_arena arena;
};

#define EPOCH INT64_C(0x100000001)

static int setup(void **state)
{
    struct store_case *test = calloc(1, sizeof *test);
    assert_non_null(test);
    shell_directory_make(test->directory);
    shell_path(test->root, test->directory, "store");
    shell_path(test->there, test->directory, "there");
    shell_path(test->here, test->directory, "store/x1");
    shell_path(test->kept, test->directory, "store/x1/0000000100000001.ckpt");
    shell_path(test->arriving, test->directory, "store/x1/0000000100000001.arriving");
    assert_int_equal(mkdir(test->there, 0755), 0);
    assert_int_equal(agent_store_open(&test->store, test->root, NULL), MN_OK);
    assert_int_equal(chmod(test->root, 0755), 0);
    shell_checkpoint(test->there, "x1", EPOCH, 20000, &test->facts);
    char path[SHELL_PATH_SIZE];
    shell_path(path, test->there, "0000000100000001.ckpt");
    test->size = shell_read(path, test->bytes, sizeof test->bytes);
    *state = test;
    return 0;
}

static int teardown(void **state)
{
    struct store_case *test = *state;
    mn_arena_deinit(&test->arena);
    shell_directory_delete(test->directory);
    free(test);
    return 0;
}

/* Bytes @from to @to of the file as a piece. */
static struct mn_copies piece_of(const struct store_case *test, size_t from, size_t to)
{
    struct mn_copies piece = {.kind = MN_COPIES_PIECE, .vat = test->facts.record.vat};
    piece.piece.epoch = EPOCH;
    piece.piece.size = test->size;
    piece.piece.digest = test->facts.digest;
    piece.piece.offset = from;
    piece.piece.bytes = (const unsigned char *)test->bytes + from;
    piece.piece.byte_count = (uint32_t)(to - from);
    return piece;
}

static void assert_taken(struct store_case *test, size_t from, size_t to, bool last)
{
    struct mn_copies piece = piece_of(test, from, to);
    struct agent_file_facts facts = {0};
    struct mn_error error = {{0}};
    struct mn_checkpoint_reader *reading = NULL;
    bool whole = !last;
    assert_int_equal(
        agent_store_write(&test->store, &piece, &reading, &test->arena, &facts, &whole, &error),
        MN_OK);
    assert_null(reading);
    assert_int_equal(whole, last);
    if (last) {
        assert_int_equal(facts.size, test->size);
        assert_memory_equal(&facts.digest, &test->facts.digest, sizeof facts.digest);
        assert_string_equal(facts.record.vat.text, "x1");
        assert_int_equal(facts.record.epoch, EPOCH);
    }
}

/* The write fails, the error says @what, and nothing of the file is left. */
static void assert_not_taken(struct store_case *test, const struct mn_copies *piece,
                             mn_result result, const char *what)
{
    struct agent_file_facts facts = {0};
    struct mn_error error = {{0}};
    struct mn_checkpoint_reader *reading = NULL;
    bool whole = false;
    assert_int_equal(
        agent_store_write(&test->store, piece, &reading, &test->arena, &facts, &whole, &error),
        result);
    assert_null(reading);
    assert_false(whole);
    assert_int_equal(facts.size, 0);
    assert_non_null(strstr(error.text, what));
    assert_non_null(strstr(error.text, test->root));
}

static void takes_a_file_in_pieces_and_names_it_once_it_is_verified(void **state)
{
    struct store_case *test = *state;
    assert_taken(test, 0, 9000, false);
    assert_true(shell_exists(test->arriving));
    assert_false(shell_exists(test->kept));
    assert_taken(test, 9000, 9001, false);
    assert_taken(test, 9001, test->size, true);
    assert_false(shell_exists(test->arriving));
    char bytes[FILE_SIZE_MAX];
    assert_int_equal(shell_read(test->kept, bytes, sizeof bytes), test->size);
    assert_memory_equal(bytes, test->bytes, test->size);
}

static void begins_anew_with_the_first_piece(void **state)
{
    struct store_case *test = *state;
    assert_taken(test, 0, 9000, false);
    assert_taken(test, 0, 10, false);
    struct stat status;
    assert_int_equal(stat(test->arriving, &status), 0);
    assert_int_equal(status.st_size, 10);
    assert_taken(test, 10, test->size, true);
}

static void leaves_nothing_of_a_file_with_a_wrong_byte(void **state)
{
    struct store_case *test = *state;
    test->bytes[15000] ^= 1;
    assert_taken(test, 0, 9000, false);
    struct mn_copies last = piece_of(test, 9000, test->size);
    assert_not_taken(test, &last, MN_CORRUPT, "0000000100000001.arriving");
    assert_int_equal(shell_count(test->here), 0);
}

static void leaves_nothing_of_a_file_with_a_hole(void **state)
{
    struct store_case *test = *state;
    assert_taken(test, 0, 9000, false);
    struct mn_copies last = piece_of(test, 9001, test->size);
    assert_not_taken(test, &last, MN_CORRUPT, "0000000100000001.arriving");
    assert_int_equal(shell_count(test->here), 0);
}

static void refuses_a_checkpoint_that_was_not_announced(void **state)
{
    struct store_case *test = *state;
    struct mn_copies piece = piece_of(test, 0, test->size);
    piece.piece.digest.bytes[0] ^= 1;
    assert_not_taken(test, &piece, MN_CORRUPT, "not the checkpoint that was announced");
    piece = piece_of(test, 0, test->size);
    piece.piece.epoch = EPOCH + 1;
    assert_not_taken(test, &piece, MN_CORRUPT, "not the checkpoint that was announced");
    piece = piece_of(test, 0, test->size);
    piece.vat = mn_name_of("x2");
    assert_not_taken(test, &piece, MN_CORRUPT, "not the checkpoint that was announced");
    assert_int_equal(shell_count(test->here), 0);
}

static void leaves_nothing_on_a_full_disk(void **state)
{
    struct store_case *test = *state;
    assert_int_equal(mkdir(test->here, 0755), 0);
    assert_int_equal(symlink("/dev/full", test->arriving), 0);
    struct mn_copies piece = piece_of(test, 0, test->size);
    assert_not_taken(test, &piece, MN_NO_SPACE, "make room on its disk");
    assert_int_equal(shell_count(test->here), 0);
}

static void leaves_nothing_when_the_disk_fills_up_under_way(void **state)
{
    struct store_case *test = *state;
    assert_taken(test, 0, 4096, false);
    struct mn_copies last = piece_of(test, 4096, test->size);
    shell_full_begin(8192);
    assert_not_taken(test, &last, MN_NO_SPACE, "make room on its disk");
    shell_full_end();
    assert_int_equal(shell_count(test->here), 0);
    assert_taken(test, 0, test->size, true);
}

static void names_a_directory_that_cannot_be_written(void **state)
{
    struct store_case *test = *state;
    struct mn_copies piece = piece_of(test, 0, test->size);
    assert_int_equal(chmod(test->root, 0555), 0);
    shell_unprivileged_begin();
    assert_not_taken(test, &piece, MN_DENIED, "it must be writable by this user");
    shell_unprivileged_end();
    assert_int_equal(shell_count(test->root), 0);
}

/* Of a directory that may be written but not read nothing can be synced. */
static void leaves_nothing_whose_name_could_not_be_synced(void **state)
{
    struct store_case *test = *state;
    assert_int_equal(mkdir(test->here, 0755), 0);
    assert_int_equal(chmod(test->here, 0333), 0);
    struct mn_copies piece = piece_of(test, 0, test->size);
    shell_unprivileged_begin();
    assert_not_taken(test, &piece, MN_DENIED, "open the directory");
    shell_unprivileged_end();
    assert_int_equal(chmod(test->here, 0777), 0);
    assert_int_equal(shell_count(test->here), 0);
}

static void keeps_no_directory_whose_name_could_not_be_synced(void **state)
{
    struct store_case *test = *state;
    assert_int_equal(chmod(test->root, 0333), 0);
    struct mn_copies piece = piece_of(test, 0, test->size);
    shell_unprivileged_begin();
    assert_not_taken(test, &piece, MN_DENIED, "open the directory");
    assert_not_taken(test, &piece, MN_DENIED, "open the directory");
    shell_unprivileged_end();
    assert_int_equal(chmod(test->root, 0777), 0);
    assert_int_equal(shell_count(test->root), 0);
}

static void reads_pieces_of_a_file(void **state)
{
    struct store_case *test = *state;
    assert_taken(test, 0, test->size, true);
    char bytes[1000];
    size_t count = 0;
    assert_int_equal(agent_store_read(&test->store, &test->facts.record.vat, EPOCH, 500, bytes,
                                      sizeof bytes, &count, NULL),
                     MN_OK);
    assert_int_equal(count, 1000);
    assert_memory_equal(bytes, test->bytes + 500, 1000);
    assert_int_equal(agent_store_read(&test->store, &test->facts.record.vat, EPOCH, test->size - 10,
                                      bytes, sizeof bytes, &count, NULL),
                     MN_OK);
    assert_int_equal(count, 10);
}

static void says_that_a_file_to_read_is_short_or_not_there(void **state)
{
    struct store_case *test = *state;
    char bytes[1000];
    size_t count = 77;
    struct mn_error error = {{0}};
    assert_int_equal(agent_store_read(&test->store, &test->facts.record.vat, EPOCH, 0, bytes,
                                      sizeof bytes, &count, &error),
                     MN_NOT_FOUND);
    assert_non_null(strstr(error.text, test->kept));
    assert_taken(test, 0, test->size, true);
    assert_int_equal(truncate(test->kept, 500), 0);
    memset(&error, 0, sizeof error);
    assert_int_equal(agent_store_read(&test->store, &test->facts.record.vat, EPOCH, 500, bytes,
                                      sizeof bytes, &count, &error),
                     MN_CORRUPT);
    assert_non_null(strstr(error.text, test->kept));
    assert_int_equal(count, 77);
}

static void assert_looked(const struct store_case *test, mn_result result, struct mn_error *error)
{
    struct mn_checkpoint_identity known = {.size = test->size, .digest = test->facts.digest};
    assert_int_equal(agent_store_look(&test->store, &test->facts.record.vat, EPOCH, &known, error),
                     result);
}

static void says_whether_a_file_is_still_there(void **state)
{
    struct store_case *test = *state;
    struct mn_error error = {{0}};
    assert_taken(test, 0, test->size, true);
    assert_looked(test, MN_OK, NULL);
    assert_int_equal(unlink(test->kept), 0);
    assert_looked(test, MN_NOT_FOUND, &error);
    assert_non_null(strstr(error.text, test->kept));
}

/* Whatever else stands under the name is no copy: it is as large and ends otherwise, or is shorter,
 * or nothing at all. */
static void takes_no_other_file_for_the_one_that_was_there(void **state)
{
    struct store_case *test = *state;
    const size_t sizes[] = {test->size, test->size - 1, 3, 0};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct mn_error error = {{0}};
        assert_taken(test, 0, test->size, true);
        shell_flip(test->kept, (long)test->size - 1);
        assert_int_equal(truncate(test->kept, (off_t)sizes[i]), 0);
        assert_looked(test, MN_CORRUPT, &error);
        assert_non_null(strstr(error.text, "set aside with the ending .corrupt"));
        assert_false(shell_exists(test->kept));
    }
}

static void sets_aside_what_is_moved_and_links_what_stays(void **state)
{
    struct store_case *test = *state;
    const struct mn_name *vat = &test->facts.record.vat;
    const mn_epoch moved = EPOCH;
    const mn_epoch linked = EPOCH + 1;
    char path[SHELL_PATH_SIZE];
    char second[SHELL_PATH_SIZE];
    assert_taken(test, 0, test->size, true);
    shell_path(second, test->directory, "store/x1/0000000100000002.ckpt");
    shell_write(second, test->bytes, test->size);
    assert_false(agent_store_aside(&test->store, vat, 1));
    for (int i = 0; i < 2; i++) { /* again, as after a crash */
        assert_int_equal(agent_store_set_aside(&test->store, vat, 1, &moved, 1, &linked, 1, NULL),
                         MN_OK);
        assert_true(agent_store_aside(&test->store, vat, 1));
        assert_int_equal(access(test->kept, F_OK), -1);
        assert_int_equal(access(second, F_OK), 0);
        shell_path(path, test->directory, "store/.aside/x1.1/0000000100000001.ckpt");
        assert_int_equal(access(path, F_OK), 0);
        shell_path(path, test->directory, "store/.aside/x1.1/0000000100000002.ckpt");
        assert_int_equal(access(path, F_OK), 0);
    }
    assert_int_equal(unlink(second), 0); /* let go of here, it is there still */
    assert_int_equal(access(path, F_OK), 0);
}

static void names_what_it_cannot_set_aside(void **state)
{
    struct store_case *test = *state;
    const mn_epoch moved = EPOCH;
    char path[SHELL_PATH_SIZE];
    struct mn_error error = {{0}};
    assert_taken(test, 0, test->size, true);
    shell_path(path, test->directory, "store/.aside");
    shell_write(path, test->bytes, 1); /* somebody's file, where the directory would be */
    assert_int_not_equal(
        agent_store_set_aside(&test->store, &test->facts.record.vat, 1, &moved, 1, NULL, 0, &error),
        MN_OK);
    assert_non_null(strstr(error.text, ".aside"));
    assert_int_equal(access(test->kept, F_OK), 0);
}

static void deletes_a_file_and_what_has_arrived_of_it(void **state)
{
    struct store_case *test = *state;
    assert_taken(test, 0, test->size, true);
    assert_taken(test, 0, 100, false);
    assert_int_equal(shell_count(test->here), 2);
    assert_int_equal(agent_store_delete(&test->store, &test->facts.record.vat, EPOCH, NULL), MN_OK);
    assert_int_equal(shell_count(test->here), 0);
    assert_int_equal(agent_store_delete(&test->store, &test->facts.record.vat, EPOCH, NULL), MN_OK);
}

static mn_result sync_it(struct store_case *test, bool again, struct mn_error *error)
{
    struct agent_store_syncing syncing = {.offset = 0};
    bool whole = false;
    mn_result result = MN_OK;
    while (!whole) {
        result = agent_store_sync(&test->store, &test->facts.record.vat, EPOCH, again, &syncing,
                                  &whole, error);
        assert_true(result == MN_OK || whole);
    }
    agent_store_syncing_deinit(&syncing);
    return result;
}

static void syncs_what_a_vat_wrote(void **state)
{
    struct store_case *test = *state;
    struct mn_error error = {{0}};
    assert_int_equal(sync_it(test, false, &error), MN_NOT_FOUND);
    assert_non_null(strstr(error.text, test->kept));
    assert_int_equal(agent_store_prepare(&test->store, &test->facts.record.vat, NULL), MN_OK);
    shell_write(test->kept, test->bytes, test->size);
    assert_int_equal(sync_it(test, false, NULL), MN_OK);
}

static void writes_anew_what_could_not_be_synced(void **state)
{
    struct store_case *test = *state;
    struct stat before;
    struct stat after;
    assert_int_equal(mkdir(test->here, 0755), 0);
    shell_write(test->kept, test->bytes, test->size);
    assert_int_equal(stat(test->kept, &before), 0);
    assert_int_equal(sync_it(test, true, NULL), MN_OK);
    assert_int_equal(stat(test->kept, &after), 0);
    assert_true(before.st_ino != after.st_ino);
    char bytes[FILE_SIZE_MAX];
    assert_int_equal(shell_read(test->kept, bytes, sizeof bytes), test->size);
    assert_memory_equal(bytes, test->bytes, test->size);
    assert_int_equal(shell_count(test->here), 1);
}

/* The system drops what it could not write and calls the rest clean. Then there is no checkpoint,
 * whatever a later sync says. */
static void calls_nothing_durable_that_was_damaged_by_a_failed_sync(void **state)
{
    struct store_case *test = *state;
    assert_int_equal(mkdir(test->here, 0755), 0);
    memset(test->bytes + 4096, 0, 4096);
    shell_write(test->kept, test->bytes, test->size);
    struct mn_error error = {{0}};
    assert_int_equal(sync_it(test, true, &error), MN_CORRUPT);
    assert_non_null(strstr(error.text, test->kept));
    assert_int_equal(sync_it(test, false, NULL), MN_NOT_FOUND);
    char aside[SHELL_PATH_SIZE];
    shell_path(aside, test->here, "0000000100000001.ckpt.corrupt");
    assert_true(shell_exists(aside));
    assert_int_equal(shell_count(test->here), 1);
}

static void keeps_the_old_file_when_there_is_no_room_to_write_it_anew(void **state)
{
    struct store_case *test = *state;
    assert_int_equal(mkdir(test->here, 0755), 0);
    shell_write(test->kept, test->bytes, test->size);
    char anew[SHELL_PATH_SIZE];
    shell_path(anew, test->here, "0000000100000001.ckpt.anew");
    struct mn_error error = {{0}};
    shell_full_begin(100);
    assert_int_equal(sync_it(test, true, &error), MN_NO_SPACE);
    shell_full_end();
    assert_non_null(strstr(error.text, "make room on its disk"));
    assert_false(shell_exists(anew));
    assert_true(shell_exists(test->kept));
    assert_int_equal(sync_it(test, true, NULL), MN_OK);
}

static void prepares_a_directory_without_half_written_files(void **state)
{
    struct store_case *test = *state;
    const struct mn_name *vat = &test->facts.record.vat;
    char part[SHELL_PATH_SIZE];
    shell_path(part, test->here, "0000000100000002.part");
    assert_int_equal(agent_store_prepare(&test->store, vat, NULL), MN_OK);
    shell_write(test->kept, "x", 1);
    shell_write(part, "x", 1);
    assert_int_equal(agent_store_prepare(&test->store, vat, NULL), MN_OK);
    assert_true(shell_exists(test->kept));
    assert_false(shell_exists(part));
}

static void writes_a_name_with_a_slash_or_a_dot_as_one_directory(void **state)
{
    struct store_case *test = *state;
    struct mn_name vat = mn_name_of("../up/x1");
    assert_int_equal(agent_store_prepare(&test->store, &vat, NULL), MN_OK);
    char path[SHELL_PATH_SIZE];
    shell_path(path, test->root, "%2e.%2fup%2fx1");
    assert_true(shell_exists(path));
}

static void opens_no_store_that_it_could_not_write(void **state)
{
    struct store_case *test = *state;
    struct agent_store store;
    struct mn_error error = {{0}};
    assert_int_equal(chmod(test->root, 0555), 0);
    shell_unprivileged_begin();
    assert_int_equal(agent_store_open(&store, test->root, &error), MN_DENIED);
    shell_unprivileged_end();
    assert_non_null(strstr(error.text, test->root));
    memset(&error, 0, sizeof error);
    assert_int_equal(agent_store_open(&store, "/dev/null/store", &error), MN_IO);
    assert_non_null(strstr(error.text, "/dev/null/store"));
    char name[MN_PATH_SIZE_MAX];
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    memset(&error, 0, sizeof error);
    assert_int_equal(agent_store_open(&store, name, &error), MN_TOO_LARGE);
    assert_non_null(strstr(error.text, "too long"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(takes_a_file_in_pieces_and_names_it_once_it_is_verified),
        CASE(begins_anew_with_the_first_piece),
        CASE(leaves_nothing_of_a_file_with_a_wrong_byte),
        CASE(leaves_nothing_of_a_file_with_a_hole),
        CASE(refuses_a_checkpoint_that_was_not_announced),
        CASE(leaves_nothing_on_a_full_disk),
        CASE(leaves_nothing_when_the_disk_fills_up_under_way),
        CASE(names_a_directory_that_cannot_be_written),
        CASE(leaves_nothing_whose_name_could_not_be_synced),
        CASE(keeps_no_directory_whose_name_could_not_be_synced),
        CASE(reads_pieces_of_a_file),
        CASE(says_that_a_file_to_read_is_short_or_not_there),
        CASE(takes_no_other_file_for_the_one_that_was_there),
        CASE(says_whether_a_file_is_still_there),
        CASE(sets_aside_what_is_moved_and_links_what_stays),
        CASE(names_what_it_cannot_set_aside),
        CASE(deletes_a_file_and_what_has_arrived_of_it),
        CASE(syncs_what_a_vat_wrote),
        CASE(writes_anew_what_could_not_be_synced),
        CASE(calls_nothing_durable_that_was_damaged_by_a_failed_sync),
        CASE(keeps_the_old_file_when_there_is_no_room_to_write_it_anew),
        CASE(prepares_a_directory_without_half_written_files),
        CASE(writes_a_name_with_a_slash_or_a_dot_as_one_directory),
        CASE(opens_no_store_that_it_could_not_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
