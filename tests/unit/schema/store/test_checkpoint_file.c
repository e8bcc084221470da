/* Checkpoint files: whole or not there, and no byte of them may lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/checkpoint_file.h"

static char directory[64];
static struct mn_name name_x;
static struct mn_name name_y;
static struct mn_name name_peer;

static int make_directory(void **state)
{
    (void)state;
    (void)snprintf(directory, sizeof directory, "/tmp/mneme-store-XXXXXX");
    name_x = mn_name_of("account/0001");
    name_y = mn_name_of("account/0002");
    name_peer = mn_name_of("b");
    return mkdtemp(directory) == NULL ? -1 : 0;
}

static int drop_directory(void **state)
{
    (void)state;
    DIR *listing = opendir(directory);
    if (listing == NULL) {
        return -1;
    }
    for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
        char path[512];
        (void)snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        (void)unlink(path);
    }
    (void)closedir(listing);
    return rmdir(directory);
}

static int file_count(void)
{
    DIR *listing = opendir(directory);
    assert_non_null(listing);
    int count = 0;
    for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
        count += entry->d_name[0] != '.' ? 1 : 0;
    }
    (void)closedir(listing);
    return count;
}

static struct mn_checkpoint_record diff_record(void)
{
    static const struct mn_heard heard = {.peer = 0, .epoch = 77};
    return (struct mn_checkpoint_record){.vat = mn_name_of("a"),
                                         .run = 1,
                                         .incarnation = 1,
                                         .epoch = 0x100000002,
                                         .since = 0x100000001,
                                         .onto = 0x100000001,
                                         .names = &name_peer,
                                         .name_count = 1,
                                         .heard = &heard,
                                         .heard_count = 1,
                                         .heard_before = 1,
                                         .round = 3,
                                         .floor = 0x100000001,
                                         .written_at = 1782000000123000000};
}

/* A diff with a BLOB, a tombstone, an empty BLOB and kept messages. */
static void write_diff(struct mn_checkpoint_identity *identity)
{
    struct mn_checkpoint_record record = diff_record();
    const struct mn_checkpoint_entry entries[] = {
        {.space = MN_ENTRY_OUTBOX, .name = &name_peer, .number = 9, .bytes = "kept", .size = 4},
        {.space = MN_ENTRY_BLOB, .name = &name_x, .bytes = "hundred", .size = 7},
        {.space = MN_ENTRY_BLOB, .name = &name_y, .tombstone = true},
        {.space = MN_ENTRY_BLOB, .name = &name_peer, .bytes = "", .size = 0},
    };
    struct mn_error error = {.text = ""};
    assert_int_equal(mn_checkpoint_write(directory, &record, entries, 4, identity, &error), MN_OK);
}

static void path_of(char path[MN_PATH_SIZE_MAX], mn_epoch epoch)
{
    assert_int_equal(mn_checkpoint_path_into(path, directory, epoch), MN_OK);
}

static void a_name_is_sixteen_digits_and_reads_back(void **state)
{
    (void)state;
    char name[MN_CHECKPOINT_NAME_SIZE];
    mn_checkpoint_name_into(name, 0x12300000045);
    assert_string_equal(name, "0000012300000045.ckpt");
    mn_epoch epoch = 0;
    assert_true(mn_checkpoint_name_parse(name, &epoch));
    assert_int_equal(epoch, 0x12300000045);
    assert_false(mn_checkpoint_name_parse("0000012300000045.part", &epoch));
    assert_false(mn_checkpoint_name_parse("0000012300000O45.ckpt", &epoch));
    assert_false(mn_checkpoint_name_parse("0000000000000000.ckpt", &epoch));
    assert_false(mn_checkpoint_name_parse("f000012300000045.ckpt", &epoch));
    assert_false(mn_checkpoint_name_parse("12300000045.ckpt", &epoch));
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    struct mn_checkpoint_identity written;
    write_diff(&written);
    char path[MN_PATH_SIZE_MAX];
    path_of(path, 0x100000002);
    struct mn_arena arena = {0};
    struct mn_checkpoint_reader *reader = NULL;
    struct mn_checkpoint_record record;
    assert_int_equal(mn_checkpoint_open(&reader, path, &arena, &record, NULL), MN_OK);
    assert_string_equal(record.vat.text, "a");
    assert_int_equal(record.epoch, 0x100000002);
    assert_int_equal(record.heard_count, 1);
    assert_int_equal(record.heard[0].epoch, 77);
    assert_int_equal(record.heard_before, 1);
    assert_int_equal(record.blob_count, 4);
    assert_int_equal(record.floor, 0x100000001);
    assert_int_equal(record.written_at, 1782000000123000000);
    struct mn_checkpoint_entry entry;
    assert_int_equal(mn_checkpoint_next(reader, &entry, NULL), MN_OK);
    assert_int_equal(entry.space, MN_ENTRY_OUTBOX);
    assert_int_equal(entry.number, 9);
    assert_memory_equal(entry.bytes, "kept", 4);
    assert_int_equal(mn_checkpoint_next(reader, &entry, NULL), MN_OK);
    assert_string_equal(entry.name->text, "account/0001");
    assert_int_equal(entry.size, 7);
    assert_memory_equal(entry.bytes, "hundred", 7);
    assert_int_equal(mn_checkpoint_next(reader, &entry, NULL), MN_OK);
    assert_true(entry.tombstone);
    assert_int_equal(mn_checkpoint_next(reader, &entry, NULL), MN_OK);
    assert_int_equal(entry.size, 0);
    assert_int_equal(mn_checkpoint_next(reader, &entry, NULL), MN_NOT_FOUND);
    struct mn_checkpoint_identity read = mn_checkpoint_reader_identity(reader);
    assert_int_equal(read.size, written.size);
    assert_memory_equal(read.digest.bytes, written.digest.bytes, MN_DIGEST_SIZE);
    mn_checkpoint_close(&reader);
    assert_null(reader);
    mn_arena_deinit(&arena);
}

static void a_blob_larger_than_the_buffer_passes_through(void **state)
{
    (void)state;
    size_t size = 300000;
    unsigned char *bytes = malloc(size);
    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (unsigned char)(i * 7 + i / 251);
    }
    struct mn_checkpoint_record record = {
        .vat = mn_name_of("a"), .run = 1, .incarnation = 1, .epoch = 0x100000001};
    const struct mn_checkpoint_entry entry = {
        .space = MN_ENTRY_BLOB, .name = &name_x, .bytes = bytes, .size = size};
    struct mn_checkpoint_identity identity;
    assert_int_equal(mn_checkpoint_write(directory, &record, &entry, 1, &identity, NULL), MN_OK);
    char path[MN_PATH_SIZE_MAX];
    path_of(path, 0x100000001);
    struct mn_arena arena = {0};
    struct mn_checkpoint_identity read;
    assert_int_equal(mn_checkpoint_verify(path, &arena, &record, &read, NULL), MN_OK);
    assert_memory_equal(read.digest.bytes, identity.digest.bytes, MN_DIGEST_SIZE);
    struct mn_checkpoint_reader *reader = NULL;
    struct mn_checkpoint_entry back;
    assert_int_equal(mn_checkpoint_open(&reader, path, &arena, &record, NULL), MN_OK);
    assert_int_equal(mn_checkpoint_next(reader, &back, NULL), MN_OK);
    assert_int_equal(back.size, size);
    assert_memory_equal(back.bytes, bytes, size);
    assert_int_equal(mn_checkpoint_next(reader, &back, NULL), MN_NOT_FOUND);
    mn_checkpoint_close(&reader);
    mn_arena_deinit(&arena);
    free(bytes);
}

/* Read a whole file; its size. */
static size_t slurp(const char *path, unsigned char *bytes, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t size = read(fd, bytes, room);
    assert_true(size > 0);
    (void)close(fd);
    return (size_t)size;
}

static void spill(const char *path, const unsigned char *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    (void)close(fd);
}

/* Whether the file is refused, by both ways of reading, with a text that names it. */
static void expect_refused(const char *path)
{
    struct mn_arena arena = {0};
    struct mn_checkpoint_record record;
    struct mn_error error = {.text = ""};
    mn_result result = mn_checkpoint_verify(path, &arena, &record, NULL, &error);
    assert_true(result == MN_CORRUPT || result == MN_BAD_VERSION);
    assert_non_null(strstr(error.text, path));
    struct mn_checkpoint_reader *reader = NULL;
    struct mn_checkpoint_entry entry;
    result = mn_checkpoint_open(&reader, path, &arena, &record, NULL);
    while (result == MN_OK) {
        result = mn_checkpoint_next(reader, &entry, NULL);
    }
    assert_true(result == MN_CORRUPT || result == MN_BAD_VERSION);
    mn_checkpoint_close(&reader);
    mn_arena_deinit(&arena);
}

static void a_flipped_byte_anywhere_is_found(void **state)
{
    (void)state;
    struct mn_checkpoint_identity identity;
    write_diff(&identity);
    char path[MN_PATH_SIZE_MAX];
    path_of(path, 0x100000002);
    unsigned char bytes[2048];
    size_t size = slurp(path, bytes, sizeof bytes);
    assert_int_equal(size, identity.size);
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= 0x10;
        spill(path, bytes, size);
        expect_refused(path);
        bytes[i] ^= 0x10;
    }
    spill(path, bytes, size);
    struct mn_arena arena = {0};
    struct mn_checkpoint_record record;
    assert_int_equal(mn_checkpoint_verify(path, &arena, &record, NULL, NULL), MN_OK);
    mn_arena_deinit(&arena);
}

static void a_file_that_is_cut_short_or_longer_is_found(void **state)
{
    (void)state;
    struct mn_checkpoint_identity identity;
    write_diff(&identity);
    char path[MN_PATH_SIZE_MAX];
    path_of(path, 0x100000002);
    unsigned char bytes[2048] = {0};
    size_t size = slurp(path, bytes, sizeof bytes);
    for (size_t cut = 0; cut < size; cut++) {
        spill(path, bytes, cut);
        expect_refused(path);
    }
    bytes[size] = 0;
    spill(path, bytes, size + 1);
    expect_refused(path);
}

static void a_file_is_checked_in_parts_of_whole_entries(void **state)
{
    (void)state;
    static const unsigned char bytes[1000];
    struct mn_checkpoint_record record = {
        .vat = mn_name_of("a"), .run = 1, .incarnation = 1, .epoch = 0x100000001};
    struct mn_name names[3] = {mn_name_of("x"), mn_name_of("y"), mn_name_of("z")};
    struct mn_checkpoint_entry entries[3];
    for (size_t i = 0; i < 3; i++) {
        entries[i] = (struct mn_checkpoint_entry){
            .space = MN_ENTRY_BLOB, .name = &names[i], .bytes = bytes, .size = sizeof bytes};
    }
    struct mn_checkpoint_identity identity;
    assert_int_equal(mn_checkpoint_write(directory, &record, entries, 3, &identity, NULL), MN_OK);
    char path[MN_PATH_SIZE_MAX];
    path_of(path, 0x100000001);
    struct mn_arena arena = {0};
    struct mn_checkpoint_reader *reader = NULL;
    assert_int_equal(mn_checkpoint_open(&reader, path, &arena, &record, NULL), MN_OK);
    assert_int_equal(mn_checkpoint_check(reader, 1000, NULL), MN_OK);     /* x */
    assert_int_equal(mn_checkpoint_check(reader, 2 * 1000, NULL), MN_OK); /* y and z */
    assert_int_equal(mn_checkpoint_check(reader, 1, NULL), MN_NOT_FOUND);
    assert_int_equal(mn_checkpoint_reader_identity(reader).size, identity.size);
    assert_true(mn_checkpoint_reader_current(reader));
    assert_int_equal(mn_checkpoint_write(directory, &record, entries, 1, &identity, NULL), MN_OK);
    assert_false(mn_checkpoint_reader_current(reader));
    assert_int_equal(unlink(path), 0);
    assert_false(mn_checkpoint_reader_current(reader));
    mn_checkpoint_close(&reader);
    mn_arena_deinit(&arena);
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    char path[MN_PATH_SIZE_MAX];
    path_of(path, 0x100000009);
    struct mn_arena arena = {0};
    struct mn_checkpoint_record record;
    struct mn_error error = {.text = ""};
    assert_int_equal(mn_checkpoint_verify(path, &arena, &record, NULL, &error), MN_NOT_FOUND);
    assert_non_null(strstr(error.text, path));
    mn_arena_deinit(&arena);
}

static void a_directory_that_is_not_there_is_named(void **state)
{
    (void)state;
    struct mn_checkpoint_record record = diff_record();
    struct mn_checkpoint_identity identity;
    struct mn_error error = {.text = ""};
    char missing[128];
    (void)snprintf(missing, sizeof missing, "%s/none", directory);
    assert_int_equal(mn_checkpoint_write(missing, &record, NULL, 0, &identity, &error),
                     MN_NOT_FOUND);
    assert_non_null(strstr(error.text, missing));
    assert_non_null(strstr(error.text, "create that directory"));
}

/* In a child, because the limit cannot be taken back: 0 when all is as it must be. */
static int write_with_file_limit(void)
{
    struct rlimit limit = {.rlim_cur = 100000, .rlim_max = 100000};
    static unsigned char large[200000];
    struct mn_checkpoint_record record = {
        .vat = mn_name_of("a"), .run = 1, .incarnation = 1, .epoch = 0x100000001};
    const struct mn_checkpoint_entry entry = {
        .space = MN_ENTRY_BLOB, .name = &name_x, .bytes = large, .size = sizeof large};
    struct mn_checkpoint_identity identity;
    struct mn_error error = {.text = ""};
    (void)signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        return 1;
    }
    mn_result result = mn_checkpoint_write(directory, &record, &entry, 1, &identity, &error);
    if (result == MN_OK) {
        return 2;
    }
    return strstr(error.text, directory) == NULL ? 3 : 0;
}

static void a_disk_that_fills_up_leaves_nothing_behind(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(write_with_file_limit());
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(file_count(), 0);
}

static void an_entry_past_its_bound_is_refused_before_anything_is_written(void **state)
{
    (void)state;
    struct mn_checkpoint_record record = diff_record();
    const struct mn_checkpoint_entry entry = {.space = MN_ENTRY_BLOB,
                                              .name = &name_x,
                                              .bytes = "",
                                              .size = (size_t)MN_ENTRY_SIZE_MAX + 1};
    struct mn_checkpoint_identity identity;
    struct mn_error error = {.text = ""};
    assert_int_equal(mn_checkpoint_write(directory, &record, &entry, 1, &identity, &error),
                     MN_TOO_LARGE);
    assert_non_null(strstr(error.text, "account/0001"));
    assert_int_equal(file_count(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_sixteen_digits_and_reads_back),
        cmocka_unit_test_setup_teardown(what_is_written_is_read_back, make_directory,
                                        drop_directory),
        cmocka_unit_test_setup_teardown(a_blob_larger_than_the_buffer_passes_through,
                                        make_directory, drop_directory),
        cmocka_unit_test_setup_teardown(a_flipped_byte_anywhere_is_found, make_directory,
                                        drop_directory),
        cmocka_unit_test_setup_teardown(a_file_that_is_cut_short_or_longer_is_found, make_directory,
                                        drop_directory),
        cmocka_unit_test_setup_teardown(a_file_is_checked_in_parts_of_whole_entries, make_directory,
                                        drop_directory),
        cmocka_unit_test_setup_teardown(a_missing_file_is_named, make_directory, drop_directory),
        cmocka_unit_test_setup_teardown(a_directory_that_is_not_there_is_named, make_directory,
                                        drop_directory),
        cmocka_unit_test_setup_teardown(a_disk_that_fills_up_leaves_nothing_behind, make_directory,
                                        drop_directory),
        cmocka_unit_test_setup_teardown(
            an_entry_past_its_bound_is_refused_before_anything_is_written, make_directory,
            drop_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
