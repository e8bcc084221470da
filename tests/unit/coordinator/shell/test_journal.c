/* The journal's interface: one suite, run on every back end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "shell/journal.h"

struct place {
    char directory[32];
    char path[64];
    struct journal journal;
};

static int place_make(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    assert_non_null(place);
    (void)snprintf(place->directory, sizeof place->directory, "/tmp/mneme-journal-XXXXXX");
    assert_non_null(mkdtemp(place->directory));
    (void)snprintf(place->path, sizeof place->path, "%s/journal.db", place->directory);
    assert_int_equal(journal_open_sqlite(&place->journal, place->path, NULL), MN_OK);
    *state = place;
    return 0;
}

static int place_remove(void **state)
{
    struct place *place = *state;
    char path[80];
    journal_close(&place->journal);
    (void)unlink(place->path);
    (void)snprintf(path, sizeof path, "%s-wal", place->path);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s-shm", place->path);
    (void)unlink(path);
    assert_int_equal(rmdir(place->directory), 0);
    free(place);
    return 0;
}

static mn_result append(struct journal *journal, uint64_t generation, uint64_t sequence,
                        const char *text, struct mn_error *error)
{
    struct journal_entry entry = {.sequence = sequence,
                                  .generation = generation,
                                  .kind = 3,
                                  .written_at = 77,
                                  .bytes = (const unsigned char *)text,
                                  .size = strlen(text)};
    return journal_append(journal, &entry, 1, error);
}

/* What was read, written down as "sequence:generation:bytes ". */
static mn_result note(void *context, const struct journal_entry *entry)
{
    char *text = context;
    size_t length = strlen(text);
    assert_int_equal(entry->kind, 3);
    assert_int_equal(entry->written_at, 77);
    (void)snprintf(text + length, 256 - length, "%d:%d:%.*s ", (int)entry->sequence,
                   (int)entry->generation, (int)entry->size, (const char *)entry->bytes);
    return MN_OK;
}

static void hands_out_what_was_appended_in_order_after_a_restart(void **state)
{
    struct place *place = *state;
    char text[256] = "";
    assert_int_equal(append(&place->journal, 1, 1, "one", NULL), MN_OK);
    assert_int_equal(append(&place->journal, 1, 2, "", NULL), MN_OK);
    assert_int_equal(append(&place->journal, 4, 3, "three", NULL), MN_OK);
    journal_close(&place->journal);
    assert_int_equal(journal_open_sqlite(&place->journal, place->path, NULL), MN_OK);
    assert_int_equal(journal_read(&place->journal, 1, note, text, NULL), MN_OK);
    assert_string_equal(text, "1:1:one 2:1: 3:4:three ");
    text[0] = '\0';
    assert_int_equal(journal_read(&place->journal, 3, note, text, NULL), MN_OK);
    assert_string_equal(text, "3:4:three ");
}

static void hands_out_a_record_in_pieces(void **state)
{
    struct place *place = *state;
    struct journal_entry entry = {0};
    char bytes[4];
    size_t size = sizeof bytes;
    assert_int_equal(append(&place->journal, 2, 1, "abcdef", NULL), MN_OK);
    assert_int_equal(journal_piece(&place->journal, 1, 0, bytes, &size, &entry, NULL), MN_OK);
    assert_int_equal(size, 4);
    assert_memory_equal(bytes, "abcd", 4);
    assert_int_equal(entry.sequence, 1);
    assert_int_equal(entry.generation, 2);
    assert_int_equal(entry.kind, 3);
    assert_int_equal(entry.written_at, 77);
    assert_int_equal(entry.size, 6);
    assert_int_equal(journal_piece(&place->journal, 1, 4, bytes, &size, &entry, NULL), MN_OK);
    assert_int_equal(size, 2);
    assert_memory_equal(bytes, "ef", 2);
    assert_int_equal(journal_piece(&place->journal, 1, 6, bytes, &size, &entry, NULL), MN_OK);
    assert_int_equal(size, 0);
    assert_int_equal(journal_piece(&place->journal, 1, 7, bytes, &size, &entry, NULL),
                     MN_NOT_FOUND);
    assert_int_equal(journal_piece(&place->journal, 2, 0, bytes, &size, &entry, NULL),
                     MN_NOT_FOUND);
}

static void what_is_set_aside_is_kept_beside_it(void **state)
{
    struct place *place = *state;
    char text[256] = "";
    assert_int_equal(append(&place->journal, 1, 1, "one", NULL), MN_OK);
    assert_int_equal(append(&place->journal, 1, 2, "two", NULL), MN_OK);
    assert_int_equal(append(&place->journal, 1, 3, "three", NULL), MN_OK);
    assert_int_equal(journal_set_aside(&place->journal, 2, 5, NULL), MN_OK);
    assert_int_equal(append(&place->journal, 2, 2, "other", NULL), MN_OK);
    assert_int_equal(journal_set_aside(&place->journal, 2, 6, NULL), MN_OK);
    assert_int_equal(append(&place->journal, 3, 2, "third", NULL), MN_OK);
    journal_close(&place->journal);
    assert_int_equal(journal_open_sqlite(&place->journal, place->path, NULL), MN_OK);
    assert_int_equal(journal_read(&place->journal, 1, note, text, NULL), MN_OK);
    assert_string_equal(text, "1:1:one 2:3:third ");
    text[0] = '\0';
    assert_int_equal(journal_aside(&place->journal, note, text, NULL), MN_OK);
    assert_string_equal(text, "2:1:two 3:1:three 2:2:other ");
}

static void refuses_an_older_generation_and_says_so(void **state)
{
    struct place *place = *state;
    struct mn_error error = {{0}};
    char text[256] = "";
    assert_int_equal(append(&place->journal, 5, 1, "newer", NULL), MN_OK);
    assert_int_equal(append(&place->journal, 4, 2, "older", &error), MN_STALE);
    assert_non_null(strstr(error.text, place->path));
    assert_non_null(strstr(error.text, "generation 4 is overtaken"));
    assert_int_equal(journal_read(&place->journal, 1, note, text, NULL), MN_OK);
    assert_string_equal(text, "1:5:newer ");
}

static void refuses_a_sequence_that_is_not_the_next(void **state)
{
    struct place *place = *state;
    assert_int_equal(append(&place->journal, 1, 2, "gap", NULL), MN_STALE);
    assert_int_equal(append(&place->journal, 1, 1, "one", NULL), MN_OK);
    assert_int_equal(append(&place->journal, 1, 1, "again", NULL), MN_STALE);
    assert_int_equal(append(&place->journal, 1, 2, "two", NULL), MN_OK);
}

static void lets_only_one_of_two_coordinators_go_on(void **state)
{
    struct place *place = *state;
    struct journal other = {0};
    uint64_t sequence = 0;
    uint64_t generation = 0;
    assert_int_equal(append(&place->journal, 1, 1, "first", NULL), MN_OK);
    assert_int_equal(journal_open_sqlite(&other, place->path, NULL), MN_OK);
    assert_int_equal(append(&other, 2, 2, "taken over", NULL), MN_OK);
    assert_int_equal(append(&place->journal, 1, 2, "unaware", NULL), MN_STALE);
    assert_int_equal(append(&place->journal, 1, 3, "stubborn", NULL), MN_STALE);
    assert_int_equal(journal_newest(&place->journal, &sequence, &generation, NULL), MN_OK);
    assert_int_equal(sequence, 2);
    assert_int_equal(generation, 2);
    journal_close(&other);
}

static void is_empty_at_first(void **state)
{
    struct place *place = *state;
    uint64_t sequence = 9;
    uint64_t generation = 9;
    char text[256] = "";
    assert_int_equal(journal_newest(&place->journal, &sequence, &generation, NULL), MN_OK);
    assert_int_equal(sequence, 0);
    assert_int_equal(generation, 0);
    assert_int_equal(journal_read(&place->journal, 1, note, text, NULL), MN_OK);
    assert_string_equal(text, "");
}

static mn_result stop_at_once(void *context, const struct journal_entry *entry)
{
    (void)entry;
    *(int *)context += 1;
    return MN_AGAIN;
}

static void ends_reading_with_the_visitors_code(void **state)
{
    struct place *place = *state;
    int count = 0;
    assert_int_equal(append(&place->journal, 1, 1, "one", NULL), MN_OK);
    assert_int_equal(append(&place->journal, 1, 2, "two", NULL), MN_OK);
    assert_int_equal(journal_read(&place->journal, 1, stop_at_once, &count, NULL), MN_AGAIN);
    assert_int_equal(count, 1);
}

static void appends_several_records_or_none(void **state)
{
    struct place *place = *state;
    uint64_t sequence = 0;
    uint64_t generation = 0;
    struct journal_entry entries[] = {{.sequence = 1, .generation = 1, .kind = 3},
                                      {.sequence = 2, .generation = 4, .kind = 3},
                                      {.sequence = 3, .generation = 4, .kind = 3}};
    assert_int_equal(journal_append(&place->journal, entries, 3, NULL), MN_OK);
    struct journal_entry stale[] = {{.sequence = 4, .generation = 5, .kind = 3},
                                    {.sequence = 5, .generation = 4, .kind = 3}};
    assert_int_equal(journal_append(&place->journal, stale, 2, NULL), MN_STALE);
    assert_int_equal(journal_newest(&place->journal, &sequence, &generation, NULL), MN_OK);
    assert_int_equal(sequence, 3);
    assert_int_equal(generation, 4);
}

static void refuses_a_record_that_is_too_large(void **state)
{
    struct place *place = *state;
    struct journal_entry entry = {.sequence = 1,
                                  .generation = 1,
                                  .kind = 3,
                                  .bytes = (const unsigned char *)"",
                                  .size = (size_t)JOURNAL_RECORD_SIZE_MAX + 1};
    assert_int_equal(journal_append(&place->journal, &entry, 1, NULL), MN_TOO_LARGE);
}

static void names_a_damaged_file(void **state)
{
    struct place *place = *state;
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
    struct place *place = *state;
    struct mn_error error = {{0}};
    char text[256] = "";
    char *large = malloc(200000);
    struct rlimit before;
    struct rlimit small;
    assert_non_null(large);
    memset(large, 'x', 199999);
    large[199999] = '\0';
    assert_int_equal(append(&place->journal, 1, 1, "one", NULL), MN_OK);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 100000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_not_equal(append(&place->journal, 1, 2, large, &error), MN_OK);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_non_null(strstr(error.text, place->path));
    assert_int_equal(append(&place->journal, 1, 2, "two", NULL), MN_OK);
    assert_int_equal(journal_read(&place->journal, 1, note, text, NULL), MN_OK);
    assert_string_equal(text, "1:1:one 2:1:two ");
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(hands_out_what_was_appended_in_order_after_a_restart,
                                        place_make, place_remove),
        cmocka_unit_test_setup_teardown(hands_out_a_record_in_pieces, place_make, place_remove),
        cmocka_unit_test_setup_teardown(what_is_set_aside_is_kept_beside_it, place_make,
                                        place_remove),
        cmocka_unit_test_setup_teardown(refuses_an_older_generation_and_says_so, place_make,
                                        place_remove),
        cmocka_unit_test_setup_teardown(refuses_a_sequence_that_is_not_the_next, place_make,
                                        place_remove),
        cmocka_unit_test_setup_teardown(lets_only_one_of_two_coordinators_go_on, place_make,
                                        place_remove),
        cmocka_unit_test_setup_teardown(is_empty_at_first, place_make, place_remove),
        cmocka_unit_test_setup_teardown(ends_reading_with_the_visitors_code, place_make,
                                        place_remove),
        cmocka_unit_test_setup_teardown(appends_several_records_or_none, place_make, place_remove),
        cmocka_unit_test_setup_teardown(refuses_a_record_that_is_too_large, place_make,
                                        place_remove),
        cmocka_unit_test_setup_teardown(names_a_damaged_file, place_make, place_remove),
        cmocka_unit_test(names_a_directory_that_cannot_be_used),
        cmocka_unit_test_setup_teardown(appends_nothing_when_a_write_fails_and_goes_on_afterwards,
                                        place_make, place_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
